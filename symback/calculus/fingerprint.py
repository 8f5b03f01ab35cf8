"""Checks of the calculus by evaluation: what stabilising and simplifying made against what they were given, at random small sizes.

A program and its derivation are worked out in float64 at a few points, every size small, 1 included; reads of tensors are
random numbers, reads of values are what their definitions give. A difference that extended precision confirms is a fault of
symback: it is traced to the step that made it, and no module is written.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from math import prod
from typing import Protocol

import numpy as np

from symback.calculus.adjoint import Adjoint
from symback.calculus.affine import scalar
from symback.calculus.cotangents import BackwardLoop, Cotangent, Scatter
from symback.core.diagnostics import InternalFault
from symback.core.expr import ZERO, Node, Op, reads, text, walk
from symback.core.program import Body, Definition, Kind, Program
from symback.core.sizes import size_of
from symback.evaluate.arithmetic import Arithmetic, double, extended
from symback.evaluate.assumptions import satisfies
from symback.evaluate.definitions import from_zero, step_ranges, values
from symback.evaluate.grids import Grid, UnknownFunction, Values
from symback.evaluate.inputs import SHAPES, Point, drawn, hyperparameter_values

SIZES = ((2, 3, 4), (1, 2, 3), (1,), (3, 4, 5), (4, 6, 8), (1, 2), (3, 5, 7), (8,), (2, 4), (9, 10), (12, 16), (1, 4, 8))
"""What sizes are drawn from, in turn; a layer that none of them suits is not checked."""
MOST_ELEMENTS, MOST_AXES = 1_000_000, 30
"""Of all expressions of a body together, and of one; a layer that needs more is not checked."""
LONG = 200
"""Definitions of a network that is long: each of its rules is at work many times, so that one point tells as much."""
TOLERANCE = 1e-7
"""Of a difference in float64, relative to the larger value and to 1; one that is larger is looked at in extended precision."""


class Step(Protocol):
    """One rewrite: in the definition or cotangent `subject`, the rule made `after` of `before`."""

    rule: str
    subject: str
    before: Node
    after: Node


@dataclass(frozen=True, slots=True)
class Claim:
    """What is checked: the body as declared and as stabilised, its adjoint as swept and as simplified, and the steps between."""

    declared: Body
    stable: Body
    swept: Adjoint | None
    final: Adjoint | None
    steps: tuple[Step, ...]


def verify(program: Program, claim: Claim) -> None:
    """Compare both sides of a claim: at two points, for a long network at one.

    Raises:
        InternalFault: they differ; names the rule, where it was applied, and what it made of what.
    """
    count = 1 if len(claim.declared.definitions) > LONG else 2
    try:
        for point, declared in itertools.islice(_sound_points(program, claim.declared), count):
            if _differs(program, claim, point, declared) and _differs(program, claim, point, _evaluated(program, claim, point, extended())):
                raise InternalFault(_story(program, claim, point))
    except UnknownFunction:
        return  # a function that only the generated module has; nothing can be said here


def wrong_step(program: Program, claim: Claim, point: Point) -> Step | None:
    """The first step whose two sides differ at a point."""
    fine, coarse = (_everything(program, claim, point, a) for a in (extended(), double()))
    return next((s for s in claim.steps if _step_differs(coarse, s) and _step_differs(fine, s)), None)


def _story(program: Program, claim: Claim, point: Point) -> str:
    sizes = ", ".join(f"{name} = {size}" for name, size in point.sizes.items())
    found = wrong_step(program, claim, point)
    if found is None:
        return f"the derivation of {program.name} changed its value at {sizes}"
    return f"the rule {found.rule} changed the value of {found.subject} at {sizes}: {text(found.before)} became {text(found.after)}"


# ------------------------------------------------------------------------------------------------ points


def points(program: Program, body: Body) -> Iterator[Point]:
    """Points within the assumptions where every output is a number and nothing is read that does not exist; the same ones each time.

    Where no such sizes are found, there are none.
    """
    return (point for point, _ in _sound_points(program, body))


def _sound_points(program: Program, body: Body) -> Iterator[tuple[Point, Values]]:
    """The points, each with the values there."""
    rng = np.random.default_rng(20)
    hyper = {name: _moved(value) for name, value in hyperparameter_values(program).items()}
    for sizes in _sizes(program, body, rng):
        for shape in SHAPES:
            point = replace(drawn(program, sizes, rng, shape), hyperparameters=hyper)
            if not satisfies(program, point):
                continue
            state = values(program, body, point.tensors, point.sizes, point.hyperparameters, double())
            if _is_sound(body, state):
                yield point, state
                break


def _moved(value: object) -> object:
    """A hyperparameter near its default, of the same kind and sign; a tiny one is made to count, a zero too."""
    if isinstance(value, int | bool):
        return value
    if 0 <= value < Fraction(1, 100):
        return Fraction(1, 16)
    return value * Fraction(15, 16)


def _sizes(program: Program, body: Body, rng: np.random.Generator) -> Iterator[dict[str, int]]:
    """Sizes to try, derived ones worked out: those at which divisions leave nothing over, where there are such, else any."""
    hyper = hyperparameter_values(program)
    quotients = _quotients(program, body)
    uneven = []
    for sizes in _proposed(program, hyper, rng):
        if not _has_room(program, body, sizes) or not _is_small(program, body, sizes):
            continue
        if all(_divides(size_of(a, sizes, hyper), size_of(b, sizes, hyper)) for a, b in quotients):
            uneven = None
            yield sizes
        elif uneven is not None:
            uneven.append(sizes)
    yield from uneven or ()


def _proposed(program: Program, hyper: Mapping[str, object], rng: np.random.Generator) -> Iterator[dict[str, int]]:
    plain = [d for d in program.dims if d not in program.check_dims]
    for choices in SIZES:
        sizes = {d: int(v) for d, v in zip(plain, rng.choice(choices, len(plain)), strict=True)} | dict(program.check_dims)
        try:
            for name, value in program.derived:
                sizes[name] = size_of(value, sizes, hyper)
                if abs(sizes[name]) > MOST_ELEMENTS:
                    raise OverflowError
            shapes = [size_of(s, sizes, hyper) for t in program.tensors for s in t.shape]
        except (ZeroDivisionError, OverflowError):
            continue
        if min([1, *shapes, *(sizes[n] for n, _ in program.derived)]) >= 1:
            yield sizes


def _quotients(program: Program, body: Body) -> list[tuple[Node, Node]]:
    """The divisions of sizes by sizes that the layer makes: what is left over would be elements that nothing reads."""
    nodes = [v for _, v in program.derived] + [e.value for d in body.definitions for e in d.equations]
    found = dict.fromkeys(n for node in nodes for n in walk(node) if n.op is Op.CALL and n.data == "floordiv" and scalar(n))
    return [n.args for n in found]


def _divides(size: int, by: int) -> bool:
    return by == 0 or size % by == 0


def _has_room(program: Program, body: Body, sizes: Mapping[str, int]) -> bool:
    """Whether each index of the left has a range, unlike one over H - 2 positions where H is 2.

    A sum over nothing is 0, whatever is taken out of it, a pole too. Only what is always empty is compared so.
    """
    hyper = hyperparameter_values(program)
    return all(size_of(a.args[0], sizes, hyper) >= (a.args[0].op is not Op.NUM) for d in body.definitions for a in d.axes)


def _is_small(program: Program, body: Body, sizes: Mapping[str, int]) -> bool:
    """Whether evaluating a body takes little: the elements of every part of every expression counted."""
    hyper, extent = hyperparameter_values(program), dict[Node, int]()

    def size(node: Node) -> int:
        if node not in extent:
            extent[node] = size_of(node, sizes, hyper)
        return extent[node]

    left = MOST_ELEMENTS - sum(prod(map(size, t.shape)) for t in program.tensors)
    axes: dict[Node, int] = {}
    for d in body.definitions:
        for e in d.equations:
            if len(d.axes) + _nested(e.value, axes) > MOST_AXES:
                return False
            for n in walk(e.value):
                left -= prod(size(i.args[0]) for i in n.free) + sum(size(i.args[0]) for i in n.args[1::3] if n.op is Op.REDUCE)
                if left < 0:
                    return False
    return True


def _nested(node: Node, known: dict[Node, int]) -> int:
    """How many bound indices are in scope together."""
    if not node.height:
        return 0
    if node not in known:
        known[node] = max(_nested(a, known) for a in node.args) + (len(node.args) // 3 if node.op is Op.REDUCE else 0)
    return known[node]


def _is_sound(body: Body, state: Values) -> bool:
    """Whether outputs are finite, and no value is NaN: where a condition leaves one out, 0·NaN is 0 on one side of a claim alone."""
    floats = {d.name: from_zero(state, d) for d in body.definitions if d.kind is Kind.FLOAT}
    sound = (np.isfinite(a).all() if name in body.outputs else not np.isnan(a).any() for name, a in floats.items())
    return not state.strayed and all(sound)


# ------------------------------------------------------------------------------------------- comparisons


def _evaluated(program: Program, claim: Claim, point: Point, arithmetic: Arithmetic) -> Values:
    return values(program, claim.declared, point.tensors, point.sizes, point.hyperparameters, arithmetic)


def _differs(program: Program, claim: Claim, point: Point, declared: Values) -> bool:
    """Whether the two sides of a claim have different outputs, next states or gradients; `declared`: the values of the body as declared."""
    given = (point.tensors, point.sizes, point.hyperparameters, declared.arithmetic)
    stable = values(program, claim.stable, *given, similar=(claim.declared, declared))
    names = {*claim.declared.outputs, *claim.declared.updates.values()}
    before = {d.name: from_zero(declared, d) for d in claim.declared.definitions if d.name in names}
    after = {d.name: from_zero(stable, d) for d in claim.stable.definitions if d.name in names}
    if any(_unequal(before[n], after[n]) for n in before):
        return True
    if claim.swept is None or claim.final is None:
        return False
    swept = cotangents(stable, claim.stable, claim.swept)
    final = cotangents(stable, claim.stable, claim.final, (claim.swept, swept))
    return any(_unequal(swept.arrays[name], final.arrays[claim.final.gradients[tensor]]) for tensor, name in claim.swept.gradients.items())


def _unequal(before: np.ndarray, after: np.ndarray) -> bool:
    """Whether two values differ where the first is finite; 0 is none of NaN: a mask leaves out what has no value."""
    if before.shape != after.shape:
        before, after = np.broadcast_arrays(before, after)
    if before.dtype == bool or before.dtype.kind == "i":
        return bool((before != after).any())
    known = np.isfinite(before) & ~((before == 0) & np.isnan(after))
    scale = np.maximum(1, np.abs(before[known]).max(initial=0))
    return bool((~(np.abs(before[known] - after[known]) <= TOLERANCE * scale)).any())


def _everything(program: Program, claim: Claim, point: Point, arithmetic: Arithmetic) -> Values:
    """The state with all definitions, as declared and as stabilised, and all cotangents, as swept and as simplified."""
    given = (point.tensors, point.sizes, point.hyperparameters, arithmetic)
    declared, stable = values(program, claim.declared, *given), values(program, claim.stable, *given)
    state = _copied(stable)
    for adjoint in (claim.final, claim.swept):
        if adjoint is not None:
            state = _merged(state, cotangents(stable, claim.stable, adjoint))
    return _merged(declared, state)


def _merged(first: Values, second: Values) -> Values:
    merged = _copied(first)
    for name in ("arrays", "origin", "kinds", "outside"):
        getattr(merged, name).update(getattr(second, name))
    return merged


def _copied(state: Values) -> Values:
    return replace(state, arrays=dict(state.arrays), origin=dict(state.origin), kinds=dict(state.kinds), outside=dict(state.outside))


def _step_differs(state: Values, step: Step) -> bool:
    free = sorted(step.before.free | step.after.free, key=lambda i: str(i.data))
    names = {str(n.data) for side in (step.before, step.after) for n in reads(side)}
    if not names <= set(state.arrays):
        return False
    grid = _grid(state, free)
    with np.errstate(all="ignore"):
        return _unequal(grid.real(step.before), grid.real(step.after))


def _grid(state: Values, free: Iterable[Node], steps: Mapping[Node, int] | None = None) -> Grid:
    free = list(free)
    grid = Grid(state, (), {i: k for k, i in enumerate(free)}, dict(steps or {}))
    grid.extents = [grid.extent(i) for i in free]
    return grid


# --------------------------------------------------------------------------------------------- cotangents


def cotangents(state: Values, body: Body, adjoint: Adjoint, similar: tuple[Adjoint, Values] | None = None) -> Values:
    """The state of a body with the cotangents of an adjoint, for random upstream gradients: the same ones each time.

    Cotangents that a similar adjoint has too, and that read the same there, are taken over from its values.
    """
    state = _copied(state)
    definitions = {d.name: d for d in body.definitions}
    rng = np.random.default_rng(21)
    for output, name in adjoint.upstream.items():
        shape = from_zero(state, definitions[output]).shape
        _put(state, name, state.arithmetic.array(np.asarray(rng.normal(0, 1, shape))), (0,) * len(shape))
    with np.errstate(all="ignore"):
        shared = _shared(adjoint, similar[0]) if similar is not None else set()
        for stage in adjoint.stages:
            if isinstance(stage, BackwardLoop):
                _loop(state, stage)
            elif stage.name in shared:
                _put(state, stage.name, similar[1].arrays[stage.name], similar[1].origin[stage.name])
            else:
                _cotangent(state, stage, definitions.get(stage.of))
    return state


def _shared(adjoint: Adjoint, other: Adjoint) -> set[str]:
    """Names of cotangents that are the same in two adjoints, and made of the same ones."""
    there = {s.name: s for s in other.stages if isinstance(s, Cotangent)}
    shared, mine = set(adjoint.upstream.values()), set(adjoint.cotangent_of.values())
    for stage in adjoint.stages:
        if isinstance(stage, Cotangent) and stage == there.get(stage.name):
            nodes = [stage.value, *(n for s in stage.scatters for n in (s.value, *s.targets))]
            if all(str(n.data) in shared for node in nodes for n in reads(node) if n.data in mine):
                shared.add(stage.name)
    return shared


def _put(state: Values, name: str, array: np.ndarray, origin: tuple[int, ...]) -> None:
    state.arrays[name], state.origin[name], state.kinds[name], state.outside[name] = array, origin, Kind.FLOAT, ZERO


def _cotangent(state: Values, c: Cotangent, of: Definition | None) -> None:
    """What is gathered at positions 0 … size-1, then what is scattered, starts' positions included."""
    grid = _grid(state, c.axes)
    value = np.broadcast_to(grid.real(c.value), grid.extents)
    if of is not None and of.name in state.arrays:
        origin, shape = state.origin[of.name], state.arrays[of.name].shape
    else:
        origin, shape = (0,) * len(c.axes), value.shape
    array = np.full(shape, state.arithmetic.infinity * 0, state.arithmetic.dtype)
    array[...] = 0 * state.arithmetic.pi
    array[tuple(slice(-o, -o + n) for o, n in zip(origin, value.shape, strict=True))] = value
    _put(state, c.name, array, origin)
    for scatter in c.scatters:
        _scatter(state, c.name, scatter, {})


def _scatter(state: Values, name: str, scatter: Scatter, steps: Mapping[Node, int]) -> None:
    """`name[targets] += value` where the targets exist."""
    grid = _grid(state, scatter.scope, steps)
    array = state.arrays[name]
    value = np.broadcast_to(grid.real(scatter.value), grid.extents)
    where = [np.broadcast_to(grid.integer(t) - o, grid.extents) for t, o in zip(scatter.targets, state.origin[name], strict=True)]
    exists = np.ones(grid.extents, bool)
    for position, size in zip(where, array.shape, strict=True):
        exists = exists & (position >= 0) & (position < size)
    np.add.at(array, tuple(w[exists] for w in where), value[exists])


def _loop(state: Values, loop: BackwardLoop) -> None:
    """Walk a recurrence from its last step to its first."""
    axes_of = {d.name: axes for d, axes in zip(loop.group.definitions, loop.group.steps, strict=True)}
    for step in loop.steps:
        _cotangent(state, step.start, step.definition)
    for position in reversed(list(itertools.product(*step_ranges(state, loop.group)))):
        for step in loop.steps:
            d = step.definition
            at = {d.axes[k]: p for k, p in zip(axes_of[d.name], position, strict=True)}
            if not _general(state, d, at):
                continue
            rest = [a for a in d.axes if a not in at]
            if step.local != ZERO:
                grid = _grid(state, rest, at)
                name = step.start.name
                cell = tuple(
                    at[a] - o if a in at else slice(-o, -o + size_of(a.args[0], state.sizes, state.hyperparameters))
                    for a, o in zip(d.axes, state.origin[name], strict=True)
                )
                state.arrays[name][cell] += (
                    np.broadcast_to(grid.real(step.local), grid.extents) if rest else grid.real(step.local).reshape(())
                )
            for target, push in step.pushes:
                _scatter(state, target, push, at)


def _general(state: Values, d: Definition, at: Mapping[Node, int]) -> bool:
    """Whether a definition's general line, and no start, gives its value at a step."""

    def size(node: Node) -> int:
        return size_of(node, state.sizes, state.hyperparameters)

    if not all(0 <= p < size(a.args[0]) for a, p in at.items()):
        return False
    for equation in d.equations[:-1]:
        pairs = [(e, at[a]) for a, e in zip(d.axes, equation.lhs, strict=True) if a in at]
        if all(e.op is Op.INDEX or size(e) == p for e, p in pairs):
            return False
    return True


__all__ = ["Claim", "cotangents", "points", "verify", "wrong_step"]
