"""What the reverse sweep gives: cotangents of named values, in gather form where the index map is a renaming, else as scatters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from symback.core.expr import ZERO, Node
from symback.core.program import Definition, Group


@dataclass(frozen=True, slots=True)
class Scatter:
    """`target[targets] += value`, for every value of the indices in `scope` (those of `targets`)."""

    targets: tuple[Node, ...]
    scope: tuple[Node, ...]
    value: Node


@dataclass(frozen=True, slots=True)
class Cotangent:
    """The cotangent of the value or tensor `of`: `name[axes] = value`, then the scatters are added."""

    name: str
    of: str
    axes: tuple[Node, ...]
    value: Node = ZERO
    scatters: tuple[Scatter, ...] = ()
    low: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """A member of a recurrence, backwards. `start` holds what arrives from outside; at each step `local` is
    added to it (what later members of the same step give), then `pushes` carry it to earlier steps."""

    start: Cotangent
    local: Node
    pushes: tuple[tuple[str, Scatter], ...]
    definition: Definition


@dataclass(frozen=True, slots=True)
class BackwardLoop:
    """The adjoint of a recurrent group: its members in reverse order, run from the last step to the first."""

    group: Group
    steps: tuple[Step, ...]


Stage = Cotangent | BackwardLoop


def map_values(stage: Stage, change: Callable[[Node, str], Node]) -> Stage:
    """The stage with each right-hand side changed; `change` is told the name of its cotangent."""
    if isinstance(stage, Cotangent):
        scatters = tuple(replace(s, value=change(s.value, stage.name)) for s in stage.scatters)
        return replace(stage, value=change(stage.value, stage.name), scatters=scatters)
    steps = []
    for s in stage.steps:
        name = s.start.name
        pushes = tuple((t, replace(p, value=change(p.value, t))) for t, p in s.pushes)
        steps.append(Step(map_values(s.start, change), change(s.local, name), pushes, s.definition))
    return BackwardLoop(stage.group, tuple(steps))
