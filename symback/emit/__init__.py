"""From a derived layer to the text of a module."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symback.calculus.derive import Derivation, derive
from symback.core.diagnostics import Diagnostic, LayerError
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


def build(program: Program, *, target: str = "numpy", extras: tuple[str, ...] = ()) -> Built:
    """Derive, lower and write a resolved layer.

    Raises:
        LayerError: the target is unknown, or the layer cannot be compiled for it.
    """
    if target not in TARGETS:
        raise LayerError(Diagnostic("E702", f"there is no target {target!r}", None, f"choose among: {', '.join(TARGETS)}"))
    derivations = derive(program)
    view = with_extras(module_view(program, derivations), program, derivations, extras)
    return Built(render(target, view), program, derivations)
