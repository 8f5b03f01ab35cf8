r"""The formulas of a compiled layer: named values, gradients, and the steps from the reverse sweep to them.

A built layer is seen through what its stages promise: `program`, and for each mode a derivation with `forward`,
`cotangents`, `gradients` and `steps`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from symback.core import expr
from symback.core.expr import Node
from symback.core.program import Program, Section
from symback.report import latex as printer
from symback.report.symbols import gradient_symbols


@dataclass(frozen=True, slots=True)
class Formula:
    """`name[axes] = value`. `key` is what a caller asks for it by."""

    key: str
    name: str
    axes: tuple[Node, ...]
    value: Node


def forward_formulas(derivation: Any) -> Iterator[Formula]:
    """The definitions in order; a recurrence's starts before its general line."""
    for definition in derivation.forward:
        name = definition.update if definition.section is Section.UPDATE and definition.update else definition.name
        for equation in definition.equations:
            yield Formula(definition.name, name, equation.lhs, equation.value)


def backward_formulas(derivation: Any) -> Iterator[Formula]:
    """Named cotangents in order of use, then the gradients that are returned."""
    for cotangent in derivation.cotangents:
        yield Formula(cotangent.name, cotangent.name, cotangent.axes, gradient_value(cotangent))
    for gradient in derivation.gradients.values():
        yield Formula(gradient.name, gradient.name, gradient.axes, gradient_value(gradient))


def gradient_value(gradient: Any) -> Node:
    """The whole value of a gradient: what is gathered, and each scatter as a sum over the positions that reach an element."""
    return expr.add(gradient.value, *(_gathered(gradient.axes, s) for s in gradient.scatters))


def _gathered(axes: tuple[Node, ...], scatter: Any) -> Node:
    apart = {i: expr.index(f"{i.data}'", i.args[0]) for i in scatter.scope if i in axes}
    targets = (expr.substitute(t, apart) for t in scatter.targets)
    meets = expr.both(*(expr.compare("==", a, t) for a, t in zip(axes, targets, strict=True)))
    body = expr.mul(expr.indicator(meets), expr.substitute(scatter.value, apart))
    return expr.total(body, *(expr.whole(apart.get(i, i)) for i in scatter.scope))


def formula(built: Any, mode: str, name: str) -> str:
    """The LaTeX of one formula: the gradient by a tensor (`W` or `dW`), an output, or a named value.

    Raises:
        KeyError: there is none of that name.
    """
    derivation = built.derivations[mode]
    symbols = gradient_symbols(built.program)
    if name in derivation.gradients:
        name = derivation.gradients[name].name
    found = [f for f in (*backward_formulas(derivation), *forward_formulas(derivation)) if f.key == name]
    if not found:
        raise KeyError(f"the layer {built.program.name} has no value or gradient {name!r}")
    return r" \\ ".join(printer.equation(f.name, f.axes, f.value, symbols) for f in found)


def modes(built: Any) -> list[str]:
    """The layer's modes in order."""
    return list(built.derivations)


def heading(program: Program, mode: str, part: str) -> str:
    """What a list of formulas is headed by: the mode too, where there are several."""
    return f"{part} ({mode})" if len(program.bodies) > 1 else part
