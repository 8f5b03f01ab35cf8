"""From arrays to statements: what gets a name, and in which order."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symback.emit.accumulations import scatter
from symback.emit.loops import loop
from symback.emit.naming import DEEPEST, FREE, TRIVIAL, Schedule, define, fitted, named, post_order
from symback.emit.reuse import made
from symback.emit.tiles import Tiling, tiled, tilings
from symback.lower.arrays import Array, Kind

SEVERAL = {
    "_exponentials": ("e", "rest", "top", "peak"),
    "_exponentials_if_any": ("e", "rest", "top", "peak"),
    "_label_exponentials": ("e", "rest", "top"),
    "_scaled_tail_sums": ("tail", "scale"),
}
"""Helpers that return several arrays, and what these are called."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What decides which arrays get variables: results of helpers that return several, how often each array is used, names wanted,
    how deep texts nest, what is tiled."""

    parts: Mapping[Array, Mapping[int, Array]]
    counts: Mapping[Array, int]
    hints: Mapping[Array, str]
    depth: dict[Array, int]
    tilings: Mapping[Array, Tiling]


def statements(schedule: Schedule, roots: Iterable[Array], hints: Mapping[Array, str]) -> None:
    """Define everything that the roots need; afterwards each root is in `names` or has a short text."""
    roots = [r for r in roots]
    order = post_order(roots, schedule.names)
    counts = _use_counts(roots, order, schedule.names)
    parts: dict[Array, dict[int, Array]] = {}
    for a in order:
        if a.kind is Kind.PART:
            parts.setdefault(a.args[0], {})[a.data] = a
    plan = _Plan(parts, counts, {**_starts(order), **hints}, {}, tilings(roots, order, schedule.names))
    for a in order:
        _place(schedule, a, plan)


def _place(schedule: Schedule, a: Array, plan: _Plan) -> None:
    """The statements of one array whose operands have been placed."""
    plan.depth[a] = 1 + max((plan.depth.get(x, 0) for x in a.args if x not in schedule.names), default=0)
    if a in schedule.names:
        return
    if a in plan.tilings:
        if a in plan.tilings[a].results or a in plan.tilings[a].totals:
            _tile(schedule, plan.tilings[a], plan)
    elif a.kind is Kind.LOOP:
        loop(schedule, a, plan.hints, plan.counts, statements)
    elif a.kind is Kind.SCATTER:
        scatter(schedule, a, plan.hints, plan.counts, statements)
    elif a.kind is Kind.PART:
        _parts(schedule, a.args[0], plan)
    elif a.kind in TRIVIAL or returns_several(a):
        return
    elif a in plan.hints or _worth_a_name(a, plan.counts) or (plan.depth[a] > DEEPEST and a.kind not in FREE):
        define(schedule, a, plan.hints.get(a))


def _tile(schedule: Schedule, tiling: Tiling, plan: _Plan) -> None:
    """A tiling, after all that it is made of."""
    for source in tiling.sources:
        for a in post_order([source], schedule.names):
            _place(schedule, a, plan)
        if source not in schedule.names and source.kind not in TRIVIAL:
            define(schedule, source, plan.hints.get(source))
    tiled(schedule, tiling, plan.hints)


def returns_several(a: Array) -> bool:
    """Whether it is a helper whose results are PARTs."""
    return a.kind is Kind.KERNEL and a.data[0] in SEVERAL


def _worth_a_name(a: Array, counts: Mapping[Array, int]) -> bool:
    if a.kind in FREE:
        return False
    return counts.get(a, 0) > 1


def _use_counts(roots: list[Array], order: list[Array], known: Mapping[Array, str]) -> dict[Array, int]:
    counts: dict[Array, int] = {}

    def use(a: Array) -> None:
        counts[a] = counts.get(a, 0) + 1

    for r in roots:
        use(r)
    for a in reversed(order):
        times = max(1, counts.get(a, 1)) if a.kind in FREE else 1
        for x in a.args:
            counts[x] = counts.get(x, 0) + times
    for a in order:
        if a.kind is Kind.LOOP:
            for x in a.args:
                counts[x] = counts.get(x, 0) + 1
    return counts


def _parts(schedule: Schedule, call: Array, plan: _Plan) -> None:
    """All results of a helper that returns several."""
    used = plan.parts[call]
    base = SEVERAL[call.data[0]]
    names = []
    text = fitted(schedule, call, 16)
    for k in range(len(base)):
        if k in used:
            names.append(named(schedule, used[k], plan.hints.get(used[k]), base[k]))
        else:
            names.append("_")
    schedule.made[len(schedule.lines)] = made(next(iter(used.values())), schedule.names)
    schedule.lines.append(f"{', '.join(names)} = {text}")


def _starts(order: list[Array]) -> dict[Array, str]:
    """What a loop's buffers start from bears the buffers' names, the first one's where several start alike."""
    return {
        b.start: b.name
        for a in order
        if a.kind is Kind.LOOP
        for b in reversed(a.data.buffers)
        if b.start is not None and b.start.kind is Kind.SCATTER
    }
