"""The values that a program declares, worked out node by node over a grid of indices.

This is the meaning of a layer in its plainest form: every expression becomes an array with one axis an index in scope,
reductions add axes and take them away, recurrences are walked step by step. Nothing is optimised, and nothing is shared
with the compiler, so that what the compiler makes can be judged by it.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping

import numpy as np

from symback.core.expr import Node, Op, walk
from symback.core.program import Body, Definition, Equation, Group, Kind, Program
from symback.core.sizes import size_of
from symback.evaluate.arithmetic import Arithmetic
from symback.evaluate.grids import Grid, Values


def evaluated(
    program: Program,
    mode: str,
    tensors: Mapping[str, np.ndarray],
    sizes: Mapping[str, int],
    hyperparameters: Mapping[str, object],
    arithmetic: Arithmetic,
    frozen: dict[tuple, np.ndarray] | None = None,
) -> dict[str, np.ndarray]:
    """Every definition of a mode by name, positions 0 … size-1 of each axis.

    `tensors` are in the program's shapes, leading axes as one; `sizes` holds the plain and the derived dimensions.
    With `frozen` empty, the values of `stop_gradient` are put there; with it filled, they are taken from there.
    """
    body = program.bodies[mode]
    state = values(program, body, tensors, sizes, hyperparameters, arithmetic, frozen)
    return {d.name: from_zero(state, d) for d in body.definitions}


def values(
    program: Program,
    body: Body,
    tensors: Mapping[str, np.ndarray],
    sizes: Mapping[str, int],
    hyperparameters: Mapping[str, object],
    arithmetic: Arithmetic,
    frozen: dict[tuple, np.ndarray] | None = None,
    similar: tuple[Body, Values] | None = None,
) -> Values:
    """Every tensor and definition of a body, with the room that starts take; arguments as for `evaluated`.

    Definitions that a similar body has too, and that read the same there, are taken over from its values.
    """
    kinds = {t.name: t.kind for t in program.tensors}
    arrays = {n: arithmetic.array(a) if kinds[n] is Kind.FLOAT else np.asarray(a) for n, a in tensors.items()}
    held = frozen is not None and bool(frozen)
    outside = {t.name: t.outside for t in program.tensors if t.outside is not None}
    state = Values(
        program,
        arithmetic,
        sizes,
        hyperparameters,
        arrays,
        outside=outside,
        kinds=kinds,
        frozen={} if frozen is None else frozen,
        hold=held,
    )
    with np.errstate(all="ignore"):
        shared = _shared(body, similar[0]) if similar is not None else set()
        for group in body.groups:
            if all(d.name in shared for d in group.definitions):
                for d in group.definitions:
                    _take_over(state, d, similar[1])
            else:
                _recurrent(state, group) if group.recurrent else _plain(state, group)
    return state


def _shared(body: Body, other: Body) -> set[str]:
    """Names that have the same value in two bodies: the same lines, of names that have the same value."""
    there = {d.name: (g, d) for g in other.groups for d in g.definitions}
    shared: set[str] = set()
    different: set[str] = set()
    for group in body.groups:
        same = all(d.name in there and _alike(d, there[d.name][1], different) for d in group.definitions)
        same = same and all(
            [m.name for m in there[d.name][0].definitions] == [m.name for m in group.definitions] for d in group.definitions
        )
        (shared if same else different).update(d.name for d in group.definitions)
    return shared


def _alike(first: Definition, second: Definition, different: set[str]) -> bool:
    lines = [[(e.lhs, e.value) for e in d.equations] for d in (first, second)]
    named = (str(n.data) for e in first.equations for n in walk(e.value) if n.op is Op.READ)
    return lines[0] == lines[1] and first.axes == second.axes and first.low == second.low and not any(n in different for n in named)


def _take_over(state: Values, definition: Definition, other: Values) -> None:
    name = definition.name
    state.arrays[name], state.origin[name], state.kinds[name] = other.arrays[name], other.origin[name], other.kinds[name]
    if definition.outside is not None:
        state.outside[name] = definition.outside


# -------------------------------------------------------------------------------------------- definitions


def _plain(state: Values, group: Group) -> None:
    for definition in group.definitions:
        _allocate(state, definition)
        for k in reversed(range(len(definition.equations))):
            _assign(state, definition, k, {})


def _recurrent(state: Values, group: Group) -> None:
    """Walk the steps; at each, every definition in order, a start where one is given."""
    for definition in group.definitions:
        _allocate(state, definition)
    for position in itertools.product(*step_ranges(state, group)):
        for definition, axes in zip(group.definitions, group.steps, strict=True):
            inside = [0 <= p < _size(state, definition.axes[s].args[0]) for s, p in zip(axes, position, strict=True)]
            for k in reversed(range(len(definition.equations))):
                lhs = [definition.equations[k].lhs[s] for s in axes]
                here = [ok if e.op is Op.INDEX else _size(state, e) == p for e, p, ok in zip(lhs, position, inside, strict=True)]
                if all(here) and not any(_covers(state, definition.equations[j], definition, axes, position) for j in range(k)):
                    _assign(state, definition, k, {e: p for e, p in zip(lhs, position, strict=True) if e.op is Op.INDEX})


def _covers(state: Values, start: Equation, definition: Definition, axes: tuple[int, ...], position: tuple[int, ...]) -> bool:
    """Whether a start gives all of a definition's elements at a step."""
    if any(e.op is not Op.INDEX for k, e in enumerate(start.lhs) if k not in axes):
        return False
    pairs = [(definition.axes[s], start.lhs[s], p) for s, p in zip(axes, position, strict=True)]
    return all(0 <= p < _size(state, a.args[0]) if e.op is Op.INDEX else _size(state, e) == p for a, e, p in pairs)


def step_ranges(state: Values, group: Group) -> list[range]:
    """The positions of each step in the order of the walk, starts included."""
    ranges = []
    for backward, axes in zip(group.backward, zip(*group.steps, strict=True), strict=True):
        members = list(zip(group.definitions, axes, strict=True))
        first = min(state.origin[d.name][s] for d, s in members)
        stop = max(state.origin[d.name][s] + state.arrays[d.name].shape[s] for d, s in members)
        ranges.append(range(stop - 1, first - 1, -1) if backward else range(first, stop))
    return ranges


def _allocate(state: Values, definition: Definition) -> None:
    """Room for all positions of a definition, starts beyond either end included."""
    first, last = list(definition.low or (0,) * len(definition.axes)), [_size(state, a.args[0]) - 1 for a in definition.axes]
    for equation in definition.equations:
        for k, entry in enumerate(equation.lhs):
            if entry.op is not Op.INDEX:
                first[k], last[k] = min(first[k], _size(state, entry)), max(last[k], _size(state, entry))
    shape = [b - a + 1 for a, b in zip(first, last, strict=True)]
    if definition.kind is Kind.FLOAT:
        array = np.full(shape, state.arithmetic.infinity * 0, state.arithmetic.dtype)
    else:
        array = np.zeros(shape, np.int64 if definition.kind is Kind.INT else bool)
    state.arrays[definition.name], state.origin[definition.name] = array, tuple(first)
    state.kinds[definition.name] = definition.kind
    if definition.outside is not None:
        state.outside[definition.name] = definition.outside


def _assign(state: Values, definition: Definition, which: int, steps: Mapping[Node, int]) -> None:
    """Put the value of one equation where it belongs; `steps` fixes indices of the left side."""
    equation = definition.equations[which]
    free = [e for e in equation.lhs if e.op is Op.INDEX and e not in steps]
    scope = Grid(state, (definition.name, which, tuple(steps.values())), {a: k for k, a in enumerate(free)}, dict(steps))
    scope.extents = [scope.extent(a) for a in free]
    value = scope.of_kind(equation.value, definition.kind)
    where: list[object] = []
    for entry, origin in zip(equation.lhs, state.origin[definition.name], strict=True):
        if entry.op is Op.INDEX and entry not in steps:
            where.append(slice(-origin, -origin + _size(state, entry.args[0])))
        else:
            where.append((steps[entry] if entry.op is Op.INDEX else _size(state, entry)) - origin)
    state.arrays[definition.name][tuple(where)] = np.broadcast_to(value, scope.extents) if free else value.reshape(())[()]


def from_zero(state: Values, definition: Definition) -> np.ndarray:
    """A definition's positions 0 … size-1."""
    origin = state.origin[definition.name]
    cut = tuple(slice(-o, -o + _size(state, a.args[0])) for o, a in zip(origin, definition.axes, strict=True))
    return state.arrays[definition.name][(*cut, ...)]


def _size(state: Values, node: Node) -> int:
    return size_of(node, state.sizes, state.hyperparameters)
