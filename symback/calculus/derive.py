"""The derivation of a layer: stabilise, sweep back, simplify, one mode at a time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import partial

from symback.calculus import fingerprint
from symback.calculus.adjoint import Adjoint, adjoint
from symback.calculus.complements import by_gates
from symback.calculus.cotangents import BackwardLoop, Cotangent, Stage, map_values
from symback.calculus.extrema import with_named_entries
from symback.calculus.facts import Proof, Row
from symback.calculus.hoisting import hoisted
from symback.calculus.logits import with_logits
from symback.calculus.naming import with_named_sums
from symback.calculus.picking import only_where_picked, picked
from symback.calculus.radix import split_axes
from symback.calculus.recurrences import settled, with_arguments
from symback.calculus.returned import reading_returned
from symback.calculus.scales import with_common_numbers
from symback.calculus.simplify import simplified
from symback.core.expr import Node, Op, walk
from symback.core.program import Body, Definition, Equation, Program, Section
from symback.rewrite import GRADIENT_RULES, RULES, Context, Step, context_within, stabilise, stabilise_gradient

_STABILITY = {rule.name: rule for rule in (*RULES, *GRADIENT_RULES)}


@dataclass(frozen=True, slots=True)
class DerivationStep:
    """One application of a rule to (a part of) `subject`."""

    rule: str
    statement: str
    reason: str
    subject: str
    before: Node
    after: Node
    proof: Proof = ()


@dataclass(frozen=True, slots=True)
class Derivation:
    """One mode: the stabilised body, its adjoint (None with `wrt: []`) in final form and as the sweep gave it, and the steps between.
    `written`: the author's definitions in their stable form, those included that nothing reads any more."""

    body: Body
    adjoint: Adjoint | None
    steps: tuple[DerivationStep, ...] = ()
    conventions: tuple[str, ...] = ()
    range_checks: tuple[str, ...] = ()
    swept: Adjoint | None = None
    written: tuple[Definition, ...] = ()

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


def derive(program: Program, called: Mapping[str, str] | None = None) -> Mapping[str, Derivation]:
    """A derivation for each mode, checked by evaluation; `called`: what the cotangents of some values are to be called.

    Raises:
        InternalFault: a rule changed a value.
    """
    return {mode: _derive_mode(body, program, called or {}) for mode, body in program.bodies.items()}


def _derive_mode(body: Body, program: Program, called: Mapping[str, str]) -> Derivation:
    stable, found = stabilise(with_named_sums(split_axes(picked(body, program), program)), program)
    own = {d.name for d in body.definitions}
    written = tuple(d for d in stable.definitions if d.name in own)
    stable = with_logits(only_where_picked(without_unused(stable)), program)
    stable = with_arguments(hoisted(settled(without_unused(stable)), program), program)
    if program.wrt:
        stable = with_named_entries(stable, program)
    steps = [_stability_step(s) for s in found]
    if not program.wrt:
        fingerprint.verify(program, fingerprint.Claim(body, stable, None, None, tuple(steps)))
        return Derivation(stable, None, tuple(steps), written=written)
    swept = adjoint(by_gates(stable), program, called)
    final, applied = simplified(swept, stable, program)
    steps += [DerivationStep(a.row.name, a.row.statement, a.row.reason, a.subject, a.before, a.after, a.proof) for a in applied]
    final, found = _stable_gradients(final, context_within(stable, program))
    steps += [_stability_step(s) for s in found]
    returned = set(final.gradients.values())
    stages = reading_returned(final.stages, returned, partial(_row_step, steps))
    taken = program.names | {d.name for d in stable.definitions} | set(final.cotangent_of.values()) | set(final.upstream.values())
    final = replace(final, stages=with_common_numbers(stages, returned, taken, partial(_row_step, steps)))
    fingerprint.verify(program, fingerprint.Claim(body, stable, swept, final, tuple(steps)))
    return Derivation(stable, final, tuple(steps), swept=swept, written=written)


def _row_step(steps: list[DerivationStep], row: Row, subject: str, before: Node, after: Node, proof: Proof = ()) -> None:
    steps.append(DerivationStep(row.name, row.statement, row.reason, subject, before, after, proof))


def _stability_step(step: Step) -> DerivationStep:
    rule = _STABILITY[step.rule]
    return DerivationStep(rule.name, rule.statement, rule.reason, step.where, step.before, step.after)


def _stable_gradients(found: Adjoint, context: Context) -> tuple[Adjoint, list[Step]]:
    """The adjoint with the stability rules of derived expressions applied."""
    log: list[Step] = []

    def stable(node: Node, where: str) -> Node:
        node, steps = stabilise_gradient(node, context, where)
        log.extend(steps)
        return node

    stages = []
    for stage in found.stages:
        stages.append(map_values(stage, stable))
        if isinstance(stage, Cotangent) and not stage.scatters and not any(stage.low):
            named = Definition(stage.name, Section.WHERE, stage.axes, (Equation(stage.axes, stages[-1].value),))
            context.derived.add(named)
    return replace(found, stages=_used(stages, set(found.gradients.values()))), log


def _used(stages: list[Stage], wanted: set[str]) -> tuple[Stage, ...]:
    """The stages without cotangents that nothing reads any more."""
    kept = []
    for stage in reversed(stages):
        if isinstance(stage, Cotangent) and stage.name not in wanted:
            continue
        kept.append(stage)
        map_values(stage, lambda node, _, wanted=wanted: wanted.update(str(n.data) for n in walk(node) if n.op is Op.READ) or node)
        if isinstance(stage, BackwardLoop):
            wanted |= {name for step in stage.steps for name, _ in step.pushes}
    return tuple(reversed(kept))


def without_unused(body: Body) -> Body:
    """The body without definitions that nothing reads any more."""
    wanted = {*body.outputs, *body.updates.values()}
    kept = []
    for group in reversed(body.groups):
        if any(d.name in wanted for d in group.definitions):
            kept.append(group)
            wanted.update(str(n.data) for d in group.definitions for e in d.equations for n in walk(e.value) if n.op is Op.READ)
    return replace(body, groups=tuple(reversed(kept)))
