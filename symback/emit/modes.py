"""A mode of a layer, derived and spelled out."""

from __future__ import annotations

from dataclasses import dataclass

from symback.calculus.derive import Derivation
from symback.emit.bodies import BodyText


@dataclass(frozen=True, slots=True)
class Mode:
    """`cache`: the name of the class that keeps what its backward needs."""

    name: str
    derivation: Derivation
    text: BodyText
    cache: str

    @property
    def outputs(self) -> tuple[str, ...]:
        return self.derivation.body.outputs
