"""A mode of a layer, derived and spelled out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symback.calculus.derive import Derivation
from symback.emit.bodies import BodyText
from symback.report.formulas import Formulas


@dataclass(frozen=True, slots=True)
class Mode:
    """`cache`: the name of the class that keeps what its backward needs; `returned`: of the tuple of several outputs, its own
    where modes differ in their outputs."""

    name: str
    derivation: Derivation
    text: BodyText
    formulas: Formulas
    cache: str
    returned: str

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.derivation.body.outputs


def all_outputs(modes: Sequence[Mode]) -> list[str]:
    """The outputs of all modes, in order of first appearance."""
    return list(dict.fromkeys(o for m in modes for o in m.outputs))
