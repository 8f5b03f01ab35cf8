"""The derivation of a layer: stabilise, sweep back, simplify, one mode at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symback.calculus.adjoint import Adjoint, adjoint
from symback.calculus.cotangents import BackwardLoop, Cotangent
from symback.calculus.simplify import simplified
from symback.core.expr import Node
from symback.core.program import Body, Definition, Program


@dataclass(frozen=True, slots=True)
class DerivationStep:
    """One application of a rule to (a part of) `subject`."""

    rule: str
    statement: str
    reason: str
    subject: str
    before: Node
    after: Node


@dataclass(frozen=True, slots=True)
class Derivation:
    """One mode: the stabilised body, its adjoint (None with `wrt: []`), and the steps to them."""

    body: Body
    adjoint: Adjoint | None
    steps: tuple[DerivationStep, ...] = ()
    conventions: tuple[str, ...] = ()
    range_checks: tuple[str, ...] = ()

    @property
    def forward(self) -> tuple[Definition, ...]:
        return self.body.definitions

    @property
    def cotangents(self) -> tuple[Cotangent, ...]:
        """The named cotangents between the outputs and the gradients."""
        if self.adjoint is None:
            return ()
        returned = set(self.adjoint.gradients.values())
        out = []
        for stage in self.adjoint.stages:
            members = [s.start for s in stage.steps] if isinstance(stage, BackwardLoop) else [stage]
            out += [c for c in members if c.name not in returned]
        return tuple(out)

    @property
    def gradients(self) -> Mapping[str, Cotangent]:
        """The returned gradients by tensor name."""
        if self.adjoint is None:
            return {}
        by_name = {s.name: s for s in self.adjoint.stages if isinstance(s, Cotangent)}
        return {tensor: by_name[name] for tensor, name in self.adjoint.gradients.items()}


def derive(program: Program) -> Mapping[str, Derivation]:
    """A derivation for each mode."""
    return {mode: _derive_mode(body, program) for mode, body in program.bodies.items()}


def _derive_mode(body: Body, program: Program) -> Derivation:
    if not program.wrt:
        return Derivation(body, None)
    swept = adjoint(body, program)
    final, applied = simplified(swept, body)
    steps = tuple(DerivationStep(a.row.name, a.row.statement, a.row.reason, a.subject, a.before, a.after) for a in applied)
    return Derivation(body, final, steps)
