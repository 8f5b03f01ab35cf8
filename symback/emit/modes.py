"""A mode of a layer, derived and spelled out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symback.calculus.derive import Derivation
from symback.core.expr import Node
from symback.core.program import Kind
from symback.emit.bodies import BodyText
from symback.report.formulas import Formulas


@dataclass(frozen=True, slots=True)
class Result:
    """A value that a function returns."""

    name: str
    axes: tuple[Node, ...]
    kind: Kind = Kind.FLOAT


@dataclass(frozen=True, slots=True)
class Mode:
    """`results`: what the function returns; `cache`: the name of the class that keeps what its backward needs; `returned`: of the
    tuple of the results, its own where modes differ in their outputs, none where one array is returned as it is."""

    name: str
    derivation: Derivation
    text: BodyText
    formulas: Formulas
    cache: str
    returned: str
    results: tuple[Result, ...]

    @property
    def outputs(self) -> tuple[str, ...]:
        return tuple(r.name for r in self.results)


def outputs_of(derivation: Derivation) -> tuple[Result, ...]:
    """The outputs of a mode, as its function returns them."""
    definitions = {d.name: d for d in derivation.body.definitions}
    return tuple(Result(o, definitions[o].axes, definitions[o].kind) for o in derivation.body.outputs)


def all_outputs(modes: Sequence[Mode]) -> list[str]:
    """The outputs of all modes, in order of first appearance."""
    return list(dict.fromkeys(o for m in modes for o in m.outputs))
