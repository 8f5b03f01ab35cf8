"""From a derived layer to the text of a module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import islice

from symback.calculus.derive import Derivation, derive
from symback.core.diagnostics import Diagnostic, LayerError
from symback.core.expr import Op, walk
from symback.core.program import Program
from symback.emit.extras import with_extras
from symback.emit.module import module_view
from symback.emit.templates import render

TARGETS = ("numpy",)


@dataclass(frozen=True, slots=True)
class Built:
    """A compiled layer: its module's text, and for each mode how its gradients came about."""

    source: str
    program: Program
    derivations: Mapping[str, Derivation]


MAX_PARTS, MAX_FACTORS = 4000, 24
"""Different parts of the largest line, and different factors of the largest product, that are derived."""


def _refuse_giants(program: Program) -> None:
    """Lines whose derivative would take minutes are errors (a product of n brackets has n² of them in its gradient)."""
    for body in program.bodies.values():
        for d in body.definitions:
            for equation in d.equations:
                parts = list(islice(walk(equation.value), MAX_PARTS + 1))
                if len(parts) > MAX_PARTS or any(n.op is Op.MUL and len(n.args) > MAX_FACTORS for n in parts):
                    problem = (
                        f"the line of `{d.name}` has more than {MAX_PARTS} different parts, or a product of more than {MAX_FACTORS} factors"
                    )
                    raise LayerError(Diagnostic("E703", problem, equation.span, "name parts of it under `where`"))


def build(program: Program, *, target: str = "numpy", extras: tuple[str, ...] = ()) -> Built:
    """Derive, lower and write a resolved layer.

    Raises:
        LayerError: the target is unknown, or the layer cannot be compiled for it.
    """
    if target not in TARGETS:
        raise LayerError(Diagnostic("E702", f"there is no target {target!r}", None, f"choose among: {', '.join(TARGETS)}"))
    _refuse_giants(program)
    try:
        derivations = derive(program)
        view = with_extras(module_view(program, derivations), program, derivations, extras)
        return Built(render(target, view), program, derivations)
    except RecursionError:  # Python's own parser counts every term of a sum as a level
        raise LayerError(
            Diagnostic("E703", f"an expression of {program.name} is too long for Python", None, "name parts of it under `where`")
        ) from None
