"""Recurrences as loops: what a step computes, where it is stored, and the adjoint run backwards."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symback.calculus.adjoint import start_room
from symback.calculus.affine import linear
from symback.calculus.cotangents import BackwardLoop, Cotangent, Scatter
from symback.core.expr import ZERO, Node, Op, add, call, dim, neg, number, read, substitute
from symback.core.program import Definition, Group
from symback.core.program import Kind as TensorKind
from symback.lower.accumulations import ScatterItem, are_apart, unchanged
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind, Slice, signature
from symback.lower.kept import remember, softmaxes_of_step
from symback.lower.lowering import Lowered, Lowering, StepValue
from symback.lower.narrowing import limited, narrowed
from symback.lower.reads import kept_inside, reads_stay_inside
from symback.lower.scatters import cotangent_array, leaving, scatter_item, through_padding
from symback.lower.stepwise import lifted


@dataclass(frozen=True, slots=True)
class Buffer:
    """An array that the loop fills: `start` is copied into it, or it begins as zeros."""

    name: str
    shape: tuple[Node, ...]
    start: Array | None
    element: str = "f"


@dataclass(frozen=True, slots=True)
class Store:
    """`buffer[items] = value`, or accumulation by a ScatterItem with its operands."""

    buffer: str
    items: tuple[object, ...]
    value: Array | None
    accumulate: ScatterItem | None = None
    operands: tuple[Array, ...] = ()

    @property
    def needs(self) -> tuple[Array, ...]:
        """The arrays that it is made from."""
        return self.operands if self.value is None else (self.value, *self.operands)


@dataclass(frozen=True, slots=True)
class LoopBody:
    """`for variable in range(first, stop)` (or reversed), one nesting level per step axis."""

    variables: tuple[tuple[str, Node, Node, bool], ...]
    buffers: tuple[Buffer, ...]
    before: tuple[Store, ...]
    stores: tuple[Store, ...]

    @property
    def key(self) -> str:
        parts = [signature(v[0]) + signature(v[1]) + signature(v[2]) + str(v[3]) for v in self.variables]
        parts += [f"{b.name}{signature(b.shape)}{b.start.key if b.start else 0}{b.element}" for b in self.buffers]
        parts += [
            f"{s.buffer}{signature(s.items)}{s.accumulate.key if s.accumulate else ''}{[a.key for a in s.needs]}"
            for s in (*self.before, *self.stores)
        ]
        return "|".join(parts)


def forward_loop(low: Lowering, group: Group) -> None:
    """Lower a recurrent group; its values are put into `low.arrays`."""
    variables = _variables(low, group, group.backward)
    names = frozenset(v[0] for v in variables)
    inner_arrays = dict(low.arrays)
    buffers = []
    for d in group.definitions:
        shape = _storage(d)
        buffers.append(Buffer(d.name, shape, None, _element(d)))
        inner_arrays[d.name] = Array(Kind.ARGUMENT, d.name, (), shape, _element(d), loops=names)
        if any(d.low):
            low.lows[d.name] = d.low
    before = tuple(_start(low, d, equation) for d in group.definitions for equation in d.equations[:-1])
    inner = replace(low, arrays=inner_arrays, loop_vars=low.loop_vars | names, ranges=_ranges(variables), steps=dict(low.steps), memo={})
    stores, softmaxes = [], []
    for d, positions in zip(group.definitions, group.steps, strict=True):
        at = tuple(dim(v[0]) for v in variables)
        mapping = {d.axes[p]: a for p, a in zip(positions, at, strict=True)}
        rest = tuple(a for k, a in enumerate(d.axes) if k not in positions)
        here = inner.ranked(rest)
        v = here.value(substitute(d.value, mapping))
        v = v if d.kind is not TensorKind.FLOAT else here.as_float(v)
        array = here.broadcast(v, rest)
        inner.steps[d.name] = StepValue(positions, at, Lowered(array, rest))
        stores.append(Store(d.name, _items(d, positions, at), array))
        for s in softmaxes_of_step(here, variables, tuple(d.axes[p] for p in positions), d.name):
            buffers.append(Buffer(s.name, s.shape, None))
            stores.append(Store(s.name, tuple(add(a, neg(v[1])) for a, v in zip(at, variables, strict=True)), s.value))
            softmaxes.append(s)
    body = LoopBody(variables, tuple(buffers), before, tuple(stores))
    loop = _loop_array(body, names)
    remember(low, softmaxes, loop)
    for d in group.definitions:
        low.arrays[d.name] = Array(Kind.BUFFER, d.name, (loop,), _storage(d), _element(d))
    for d in group.definitions:
        low.memo.clear()
        _remember(low, d)
    low.memo.clear()


def without_starts(low: Lowering, name: str) -> Array:
    """A recurrence's positions 0 … size-1, without the room of its starts."""
    array, d = low.arrays[name], low.definitions[name]
    sizes = tuple(a.args[0] for a in d.axes)
    if array.shape == sizes:
        return array
    items = tuple(
        Slice(number(-k) if k else None, None if s == add(size, number(-k)) else add(number(-k), size)) if s != size else Slice()
        for s, size, k in zip(array.shape, sizes, d.low or (0,) * len(sizes), strict=True)
    )
    return Array(Kind.VIEW, items, (array,), sizes, array.element)


def _remember(low: Lowering, d: Definition) -> None:
    """Note that a function's values over all steps are stored, so that nothing computes them again."""
    before = all(any(at.op is Op.NUM and at.data < 0 for at in e.lhs) for e in d.equations[:-1])
    if d.value.op is Op.CALL and before and reads_stay_inside(low, d.value):
        v = low.ranked(d.axes).value(d.value)
        array = without_starts(low, d.name)
        if v.axes == d.axes and array.shape == v.array.shape:
            low.stored[v.array] = array


def _element(d: Definition) -> str:
    return {TensorKind.FLOAT: "f", TensorKind.INT: "i", TensorKind.BOOL: "b"}[d.kind]


def _storage(d: Definition) -> tuple[Node, ...]:
    """The sizes of a value's axes with the room of starts before 0 and at the end."""
    out = []
    for k, a in enumerate(d.axes):
        size = add(a.args[0], number(-d.low[k])) if d.low and d.low[k] else a.args[0]
        for e in d.equations[:-1]:
            at = e.lhs[k]
            beyond = linear(add(at, number(1), neg(a.args[0]))) if at.op is not Op.INDEX else ZERO
            if beyond.op is Op.NUM and beyond.data > 0:
                size = add(a.args[0], number(beyond.data))
            elif at.op is Op.NUM and at.data > 0 and beyond.op is not Op.NUM:  # there may be fewer steps than starts
                size = call("Max", size, add(at, number(1)))
        out.append(size)
    return tuple(out)


def _variables(low: Lowering, group: Group, reverse: tuple[bool, ...]) -> tuple[tuple[str, Node, Node, bool], ...]:
    """(name, first, stop, reversed) of each nesting level, which `reverse` says of each."""
    d, positions = group.definitions[0], group.steps[0]
    out = []
    taken = {t.name for t in low.program.tensors} | {x.name for x in low.definitions.values()} | set(low.program.dims) | set(low.loop_vars)
    taken |= {n for n, _ in low.program.derived} | {h.name for h in low.program.hyperparameters}
    for level, (p, reverse_here) in enumerate(zip(positions, reverse, strict=True)):
        axis = d.axes[p]
        name = str(axis.data)
        while name in taken:
            name += "_"
        taken.add(name)
        low.variables.setdefault(name)
        rooms = [start_room(m, q[level], group.backward[level]) for m, q in zip(group.definitions, group.steps, strict=True)]
        first, last = max(r[0] for r in rooms), max(r[1] for r in rooms)
        out.append((name, number(first), add(axis.args[0], number(-last)), reverse_here))
    return tuple(out)


def _ranges(variables: tuple[tuple[str, Node, Node, bool], ...]) -> dict[str, tuple[Node, Node]]:
    return {name: (first, linear(add(stop, number(-1)))) for name, first, stop, _ in variables}


def _items(d: Definition, positions: tuple[int, ...], at: tuple[Node, ...]) -> tuple[object, ...]:
    items: list[object] = []
    for k in range(len(d.axes)):
        if k in positions:
            offset = -d.low[k] if d.low else 0
            items.append(add(at[positions.index(k)], number(offset)))
        else:
            items.append(Slice())
    while items and items[-1] == Slice():
        items.pop()
    return tuple(items)


def _start(low: Lowering, d: Definition, equation) -> Store:
    items: list[object] = []
    rest = []
    for k, (at, room) in enumerate(zip(equation.lhs, _storage(d), strict=True)):
        if at.op is Op.INDEX:
            before = number(-d.low[k]) if d.low else ZERO
            stop = add(d.axes[k].args[0], before)
            items.append(Slice(None if before == ZERO else before, None if stop == room else stop))
            rest.append(at)
        else:
            items.append(add(at, number(-d.low[k])) if d.low else at)
    here = low.ranked(tuple(rest))
    v = here.value(equation.value)
    v = v if d.kind is not TensorKind.FLOAT else here.as_float(v)
    return Store(d.name, tuple(items), here.aligned(v, tuple(rest)) if v.axes else v.array)


def _loop_array(body: LoopBody, names: frozenset[str]) -> Array:
    roots = [a for s in (*body.before, *body.stores) for a in s.needs] + [b.start for b in body.buffers if b.start is not None]
    late = any(a.late for a in roots)
    loops = frozenset().union(*(a.loops for a in roots)) - names
    return Array(Kind.LOOP, body, unchanged(roots, names), (), "f", late=late, loops=loops)


# --------------------------------------------------------------------------------------------- backward


def backward_loop(low: Lowering, loop: BackwardLoop, needed: Mapping[str, bool]) -> None:
    """Lower the adjoint of a recurrence; cotangents that are read outside (`needed`) are put into `low.arrays`."""
    group = loop.group
    variables = _variables(low, group, tuple(not b for b in group.backward))
    starts = tuple(first for _, first, _, _ in variables)
    loop = lifted(low, loop, starts, tuple(linear(add(stop, neg(first))) for _, first, stop, _ in variables))
    names = frozenset(v[0] for v in variables)
    at = tuple(dim(v[0]) for v in variables)
    position = {d.name: p for d, p in zip(group.definitions, group.steps, strict=True)}
    pushed = {target for step in loop.steps for target, _ in step.pushes}
    inner_arrays = dict(low.arrays)
    buffers, storages = [], {}
    for step in loop.steps:
        c, d = step.start, step.definition
        storages[c.name] = _storage(d)
        fed = c.value != ZERO or bool(c.scatters)
        if fed or c.name in pushed or needed.get(c.name):
            start = cotangent_array(low, _stored(c, d)) if fed else None
            buffers.append(Buffer(c.name, _storage(d), start))
            inner_arrays[c.name] = Array(Kind.ARGUMENT, c.name, (), _storage(d), "f", late=True, loops=names)
        if any(d.low):
            low.lows[c.name] = d.low
    held = {b.name for b in buffers}
    inner = replace(low, arrays=inner_arrays, loop_vars=low.loop_vars | names, ranges=_ranges(variables), steps=dict(low.steps), memo={})
    inner.known = {
        substitute(d.value, m): substitute(read(d.name, *d.axes), m)
        for d in group.definitions
        if d.value.op is Op.CALL
        for m in [{d.axes[p]: a for p, a in zip(position[d.name], at, strict=True)}]
    }
    stores: list[Store] = []
    for step in loop.steps:
        c, d = step.start, step.definition
        positions = position[d.name]
        mapping = {d.axes[p]: a for p, a in zip(positions, at, strict=True)}
        rest = tuple(a for k, a in enumerate(d.axes) if k not in positions)
        here = inner.ranked(rest)
        arriving = c.value != ZERO or bool(c.scatters) or c.name in pushed
        value: Lowered | None = None
        if step.local != ZERO:
            local = here.as_float(here.value(substitute(step.local, mapping)))
            value = Lowered(here.broadcast(local, rest), rest)
        if arriving:
            shape = tuple(a.args[0] for a in rest)
            view = Lowered(Array(Kind.VIEW, _items(d, positions, at), (inner_arrays[c.name],), shape, "f", loops=names), rest)
            value = view if value is None else operate(here, "+", view, value)
        if value is None:
            value = Lowered(Array(Kind.FULL, "0", (), tuple(a.args[0] for a in rest), "f", late=True, loops=names), rest)
        inner.steps[c.name] = StepValue(positions, at, value)
        if c.name in held and needed.get(c.name) and (step.local != ZERO or not arriving):
            stores.append(Store(c.name, _items(d, positions, at), value.array))
        for target, scatter in step.pushes:
            moved = Scatter(tuple(substitute(t, mapping) for t in scatter.targets), scatter.scope, substitute(scatter.value, mapping))
            owner = next(s.definition for s in loop.steps if s.start.name == target)
            lows = owner.low or (0,) * len(owner.axes)
            targets = (add(t, number(-k)) if k else t for t, k in zip(moved.targets, lows, strict=True))
            inside = tuple(kept_inside(inner, t, size) for t, size in zip(targets, storages[target], strict=True))
            stores.append(_pushed(inner, target, owner.name, Scatter(inside, moved.scope, moved.value), storages[target]))
    body = LoopBody(variables, tuple(buffers), (), _assigned(stores, [b.name for b in buffers if b.start is None], variables))
    array = _loop_array(body, names)
    for b in buffers:
        low.arrays[b.name] = Array(Kind.BUFFER, b.name, (array,), b.shape, "f")
    low.memo.clear()


def _pushed(low: Lowering, target: str, of: str, s: Scatter, sizes: tuple[Node, ...]) -> Store:
    """What a step adds to the cotangent of another step's value; nothing goes beyond its axes."""
    s = narrowed(s, sizes, leaving(low, s, sizes, of))
    inside = not leaving(low, s, sizes, of)
    s = limited(low, s)
    if inside:
        operands: list[Array] = []
        item = scatter_item(low, s, sizes, operands)
        return Store(target, item.items, None, item, tuple(operands))
    moving = [k for k, t in enumerate(s.targets) if t.free]
    axes = tuple(sizes[k] for k in moving)
    part = through_padding(low, axes, replace(s, targets=tuple(s.targets[k] for k in moving)))
    items = tuple(Slice() if k in moving else t for k, t in enumerate(s.targets))
    return Store(target, items, None, ScatterItem(items, 0), (part,))


def _assigned(stores: list[Store], fresh: list[str], variables: tuple[tuple[str, Node, Node, bool], ...]) -> tuple[Store, ...]:
    """The stores with parts of `fresh` buffers, zeros so far, written rather than added to, where each step has parts of its own."""
    steps = {dim(v[0]) for v in variables}
    out = list(stores)
    for name in fresh:
        mine = [k for k, s in enumerate(stores) if s.buffer == name]
        items = [stores[k].accumulate for k in mine]
        if all(i is not None and steps <= {x for x in i.items if isinstance(x, Node)} for i in items) and are_apart(items):
            for k in mine:
                out[k] = replace(stores[k], accumulate=replace(stores[k].accumulate, assigned=True))
    return tuple(out)


def _stored(c: Cotangent, d: Definition) -> Cotangent:
    """The cotangent over the whole storage of its value."""
    grown = tuple(s != a.args[0] and not (d.low and d.low[k]) for k, (s, a) in enumerate(zip(_storage(d), d.axes, strict=True)))
    if not any(grown):
        return replace(c, low=d.low)
    axes = tuple(Node(Op.INDEX, a.data, (s,)) if g else a for a, s, g in zip(c.axes, _storage(d), grown, strict=True))
    scatters = c.scatters if c.value == ZERO else (Scatter(c.axes, c.axes, c.value), *c.scatters)
    return Cotangent(c.name, c.of, axes, ZERO, scatters, d.low)
