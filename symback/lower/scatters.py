"""Cotangents as arrays: what is gathered is a base, what is scattered is added to it in place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symback.calculus.affine import Affine, affine, inside, multiplied_out, scalar
from symback.calculus.cotangents import Cotangent, Scatter
from symback.calculus.radix import digit_of, digits
from symback.core.expr import (
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    add,
    both,
    compare,
    dim,
    fresh_index,
    mul,
    number,
    piecewise,
    substitute,
    total,
    walk,
    whole,
)
from symback.lower.accumulations import ScatterItem, ScatterPlan, are_apart, unchanged
from symback.lower.arrays import FULL_SLICE, Array, Kind, Slice, reshaped
from symback.lower.gathering import gathered
from symback.lower.halves import on_its_stretch
from symback.lower.labels import less_one_hot
from symback.lower.lists import as_index, clipped, sums_along
from symback.lower.lowering import Lowering
from symback.lower.narrowing import narrowed
from symback.lower.reads import gathered_axes, moved_inside, padding, read_was_checked, step_bounds
from symback.lower.taps import in_one_tap, inside_loop, loop_of, tapped_indices
from symback.lower.views import loops_of, slice_of, step_of


def cotangent_array(low: Lowering, c: Cotangent) -> Array:
    """The cotangent with its axes in declared order; with `low` offsets, over the whole storage."""
    low = low.ranked(c.axes)
    offsets = c.low or (0,) * len(c.axes)
    sizes = tuple(add(a.args[0], number(-k)) if k else a.args[0] for a, k in zip(c.axes, offsets, strict=True))
    scatters = list(c.scatters)
    base: Array | None = None
    exact = less_one_hot(low, c) if not any(offsets) else None
    if exact is not None:
        base, entry = exact
        operands = [base]
        item = replace(scatter_item(low, entry, sizes, operands), assigned=True)
        return Array(Kind.SCATTER, ScatterPlan((item,), True, sizes), operands, sizes, "f")
    if c.value != ZERO:
        if any(offsets):
            scatters.insert(0, Scatter(c.axes, c.axes, c.value))
        else:
            base = low.broadcast(low.as_float(low.value(c.value)), c.axes)
    if not scatters:
        return base if base is not None else Array(Kind.FULL, "0", (), sizes, "f")
    outside = low.outside_of(c.of) is not None
    if outside:
        scatters = [_within_data_range(s, sizes) for s in scatters]
    scatters = [
        Scatter(tuple(add(t, number(-k)) if k else t for t, k in zip(s.targets, offsets, strict=True)), s.scope, s.value) for s in scatters
    ]
    return scattered(low, base, sizes, [gathered(low, on_its_stretch(low, s), sizes) for s in scatters], c.of)


def scattered(low: Lowering, base: Array | None, sizes: tuple[Node, ...], scatters: list[Scatter], of: str) -> Array:
    """base (or zeros) with the scatters added; those that leave the range go through a padded buffer."""
    scatters = [on_its_stretch(low, s) for s in scatters]
    apart = _by_digits_apart(low, base, sizes, scatters, of)
    if apart is not None:
        return apart
    direct, padded, plain = [], [], []
    for s in scatters:
        s = _by_digits(low, s)
        if _plain(s, sizes):
            plain.append(s)
            continue
        s = narrowed(s, sizes, leaving(low, s, sizes, of))
        (padded if leaving(low, s, sizes, of) else direct).append(s)
    parts = [_sum_of_plain(low, plain)] if plain else []
    for part in (*parts, *(_times_target(low, sizes, s) for s in padded)):
        base = part if base is None else _plus(base, part, sizes)
    if not direct:
        return base
    along = sums_along(low, direct[0], sizes) if base is None and len(direct) == 1 else None
    if along is not None:
        return along
    operands: list[Array] = [base] if base is not None else []
    items = [scatter_item(low, _axis_by_axis(low, s, sizes, of), sizes, operands) for s in direct]
    if base is None and are_apart(items):
        items = [replace(item, assigned=True) for item in items]
    return Array(Kind.SCATTER, ScatterPlan(tuple(items), base is not None, sizes), operands, sizes, "f", loops=loops_of(low, *sizes))


def _plus(base: Array, part: Array, sizes: tuple[Node, ...]) -> Array:
    if part.kind is Kind.OPERATOR and part.data == "neg":
        return Array(Kind.OPERATOR, "-", (base, part.args[0]), sizes, "f")
    return Array(Kind.OPERATOR, "+", (base, part), sizes, "f")


def _axis_by_axis(low: Lowering, s: Scatter, sizes: tuple[Node, ...], of: str) -> Scatter:
    """The scatter with one list of places, where it has several, each over an index of its own: the others are added up before."""
    used = [i for t in s.targets for i in t.free]
    listed = [k for k, t in enumerate(s.targets) if affine(t) is None]
    alone = all(len(t.free) == 1 for t in s.targets) and len(set(used)) == len(used) == len(s.scope)
    if len(listed) < 2 or not alone or any(n.op is Op.READ for k in listed for n in walk(s.targets[k])):
        return s
    for k in reversed(listed[1:]):
        targets = tuple(t if n == k else next(iter(t.free)) for n, t in enumerate(s.targets))
        shape = tuple(sizes[k] if n == k else t.args[0] for n, t in enumerate(targets))
        part = scattered(low, None, shape, [Scatter(targets, s.scope, s.value)], of)
        place = fresh_index(sizes[k])
        moved = tuple(place if n == k else t for n, t in enumerate(targets))
        scope = tuple(place if i in s.targets[k].free else i for i in s.scope)
        s = Scatter(tuple(place if n == k else t for n, t in enumerate(s.targets)), scope, low.named(part, moved))
    return s


def _sum_of_plain(low: Lowering, scatters: list[Scatter]) -> Array:
    """The sum of scatters that meet each element once, in order."""
    axes = scatters[0].targets
    here = low.ranked(axes)
    value = add(*(substitute(s.value, dict(zip(s.targets, axes, strict=True))) for s in scatters))
    return here.broadcast(here.as_float(here.value(value)), axes)


def _by_digits_apart(low: Lowering, base: Array | None, sizes: tuple[Node, ...], scatters: list[Scatter], of: str) -> Array | None:
    """The same over an axis for each digit, where all scatters have the same digits of an axis; None where there is no such axis."""
    found = [[digits(affine(t)) for t in s.targets] for s in scatters]
    counts = [[i for t in s.targets for i in t.free] for s in scatters]
    split: dict[int, tuple[Node, ...]] = {}
    for k, size in enumerate(sizes):
        plans = [f[k] for f in found]
        if not plans or any(p is None or p[1] != multiplied_out(size) for p in plans):
            continue
        widths = {tuple(i.args[0] for i in p[0]) for p in plans}
        if len(widths) == 1 and all(used.count(i) == 1 for p, used in zip(plans, counts, strict=True) for i in p[0]):
            (split[k],) = widths
    if not split:
        return None
    shape = tuple(width for k, size in enumerate(sizes) for width in split.get(k, (size,)))
    moved = []
    for s, plans in zip(scatters, found, strict=True):
        targets = tuple(i for k, t in enumerate(s.targets) for i in (plans[k][0] if k in split else (t,)))
        moved.append(replace(s, targets=targets))
    if base is not None:
        base = reshaped(base, shape)
    return reshaped(scattered(low, base, shape, moved, of), sizes)


def _plain(s: Scatter, sizes: tuple[Node, ...]) -> bool:
    """Whether each element is met once, in order."""
    return len(set(s.targets)) == len(s.targets) == len(s.scope) and all(
        t.op is Op.INDEX and t.args[0] == size for t, size in zip(s.targets, sizes, strict=True)
    )


def _by_digits(low: Lowering, s: Scatter) -> Scatter:
    """Targets g·Q + q become one index over the reshaped value."""
    plans = {k: found for k, t in enumerate(s.targets) if (found := digits(affine(t))) is not None}
    used = [i for t in s.targets for i in t.free]
    held = set(low.value(s.value).axes) if plans else set()
    plans = {k: p for k, p in plans.items() if all(used.count(i) == 1 and i in held for i in p[0])}
    if not plans:
        return s
    axes: list[Node] = []
    reads: list[Node] = []
    targets = list(s.targets)
    scope = [i for i in s.scope if not any(i in p[0] for p in plans.values())]
    for k, t in enumerate(s.targets):
        if k in plans:
            order, total = plans[k]
            whole = fresh_index(total)
            sizes = tuple(i.args[0] for i in order)
            axes += order
            reads += [digit_of(whole, sizes, n) for n in range(len(order))]
            targets[k] = whole
            scope.append(whole)
        else:
            own = [i for i in sorted(t.free, key=s.scope.index) if i not in axes]
            axes += own
            reads += own
    missing = [i for i in s.scope if i not in axes]
    axes, reads = [*missing, *axes], [*missing, *reads]
    here = low.ranked(tuple(axes))
    value = here.broadcast(here.as_float(here.value(s.value)), tuple(axes))
    return Scatter(tuple(targets), tuple(scope), low.named(value, reads))


def _within_data_range(s: Scatter, sizes: tuple[Node, ...]) -> Scatter:
    """What is read beyond the tensor at a position that is data (a gather) has no gradient."""
    conditions = []
    for t, size in zip(s.targets, sizes, strict=True):
        if affine(t) is None and not inside(t, size):
            conditions += [compare("<=", ZERO, t), compare("<=", t, add(size, MINUS_ONE))]
    return replace(s, value=piecewise((s.value, both(*conditions)), (ZERO, TRUE))) if conditions else s


def leaving(low: Lowering, s: Scatter, sizes: tuple[Node, ...], of: str) -> list[int]:
    """The axes whose position may lie beyond the buffer: neither proved to be inside, nor checked when forward read it."""
    padded = low.outside_of(of) is not None
    return [
        axis
        for axis, (t, size) in enumerate(zip(s.targets, sizes, strict=True))
        if affine(t) is not None
        and (t.free or padded)
        and not inside(t, size)
        and _padding(low, t, size) != (ZERO, ZERO)
        and not read_was_checked(low, of, axis, t, size)
    ]


def _padding(low: Lowering, t: Node, size: Node) -> tuple[Node, Node]:
    limits = step_bounds(low, t)
    return (ZERO, ZERO) if limits is None else padding(low, limits, size)


def _times_target(low: Lowering, sizes: tuple[Node, ...], s: Scatter) -> Array:
    """What the scatter adds to each place of the buffer: numbers, and what is read at that very place, multiply what is gathered there."""
    factors = s.value.args if s.value.op is Op.MUL else (s.value,)
    outer = [f for f in factors if scalar(f) or (f.op is Op.READ and f.args == s.targets)]
    if not any(f.free for f in outer) or not tapped_indices(low, s.targets):
        return through_padding(low, sizes, s)
    part = through_padding(low, sizes, replace(s, value=mul(*(f for f in factors if f not in outer))))
    axes = tuple(fresh_index(size) for size in sizes)
    here = low.ranked(axes)
    there = [Node(Op.READ, f.data, axes) if f.free else f for f in outer]
    return here.broadcast(here.value(mul(low.named(part, axes), *there)), axes)


def through_padding(low: Lowering, sizes: tuple[Node, ...], s: Scatter) -> Array:
    """What the scatter adds to each place of the buffer, by way of a larger one."""
    pads = [_padding(low, t, size) if not inside(t, size) else (ZERO, ZERO) for t, size in zip(s.targets, sizes, strict=True)]
    wide = tuple(add(b, size, a) for (b, a), size in zip(pads, sizes, strict=True))
    targets = tuple(
        t if pad == (ZERO, ZERO) else moved_inside(low, t, pad[0], step_bounds(low, t)[0]) for t, pad in zip(s.targets, pads, strict=True)
    )
    operands: list[Array] = []
    part = scatter_item(low, Scatter(targets, s.scope, s.value), wide, operands)
    buffer = Array(Kind.SCATTER, ScatterPlan((part,), False, wide), operands, wide, "f", loops=loops_of(low, *wide))
    crop = tuple(FULL_SLICE if pad == (ZERO, ZERO) else Slice(pad[0], add(pad[0], size)) for pad, size in zip(pads, sizes, strict=True))
    return Array(Kind.VIEW, crop, (buffer,), sizes, "f")


def scatter_item(low: Lowering, s: Scatter, sizes: tuple[Node, ...], operands: list[Array]) -> ScatterItem:
    """One accumulation; its operands are appended."""
    if not _positions_checked(low, s.targets):
        low = low.tolerant()
    tapped = tapped_indices(low, s.targets)
    targets = tuple(substitute(t, tapped) for t in s.targets)
    advanced = _advanced(targets)
    if any(adv and t != before for adv, t, before in zip(advanced, targets, s.targets, strict=True)):
        tapped, targets = {}, s.targets
        advanced = _advanced(targets)
    repeats = not _once(targets, advanced, [i for i in s.scope if i not in tapped])
    if repeats and not tapped:
        advanced = _by_numbers(targets, advanced)
    fancy = [as_index(low.value(t)) for t, adv in zip(targets, advanced, strict=True) if adv]
    axes = low.union(fancy) if fancy else ()
    aligned = iter([low.aligned(v, axes) for v in fancy])
    items: list[object] = []
    plain: list[Node | None] = []
    starts: dict[str, Node] = {}
    for t, size, adv in zip(targets, sizes, advanced, strict=True):
        form = affine(t)
        if adv:
            operands.append(clipped(low, next(aligned), t, size))
            items.append(len(operands) - 1)
            plain.append(None)
        elif form.indices:
            (i,) = form.indices
            items.append(slice_of(_begun(low, form, t != s.targets[len(items)], starts), i, size))
            plain.append(i)
        else:
            items.append(t)
            plain.append(None)
    order = gathered_axes(items, plain, axes) if fancy else tuple(p for p in plain if p is not None)
    value = total(s.value, *(whole(i) for i in s.scope if i not in order and i not in tapped))
    if not tapped:
        here = low.ranked(order)
        opposite = mul(MINUS_ONE, value)
        if here.has(opposite):
            made = _over(here, opposite, order)
            added = Array(Kind.OPERATOR, "neg", (made,), made.shape, "f")
        else:
            added = _over(here, value, order)
        operands.append(_at_full_rank(added, len(order)) if repeats and len(fancy) == 1 else added)
        return ScatterItem(tuple(items), len(operands) - 1, repeats)
    each = in_one_tap(low.ranked((*tapped, *order)), value, tapped)
    value = _over(inside_loop(low, tapped).ranked(order), each, order)
    operands += unchanged([value], frozenset(str(d.data) for d in tapped.values()))
    return ScatterItem(tuple(items), value, repeats, loop_of(tapped), tuple(starts.items()))


def _over(low: Lowering, value: Node, order: tuple[Node, ...]) -> Array:
    """The value as an array that broadcasts over these axes."""
    v = low.as_float(low.value(value))
    return low.aligned(low.transposed(v, tuple(a for a in order if a in v.axes)), order) if v.axes else v.array


def _at_full_rank(array: Array, rank: int) -> Array:
    """The array with axes of length 1 in front: NumPy's `add.at` does not broadcast one axis over an index array of several
    (numpy 2.4 reads beyond the values)."""
    missing = rank - len(array.shape)
    if not array.shape or missing <= 0:
        return array
    items = (*(None for _ in range(missing)), *(FULL_SLICE for _ in array.shape))
    return Array(Kind.VIEW, items, (array,), (*(ONE for _ in range(missing)), *array.shape), array.element)


def _positions_checked(low: Lowering, targets: tuple[Node, ...]) -> bool:
    """Whether every read within the positions is proved to be inside its tensor, or was checked when forward read it."""
    reads = [n for t in targets for n in walk(t) if n.op is Op.READ and n.args and n.data in low.arrays]
    return all(
        affine(f) is None or inside(f, size) or read_was_checked(low, str(n.data), axis, f, size)
        for n in reads
        for axis, (f, size) in enumerate(zip(n.args, low.arrays[str(n.data)].shape, strict=True))
    )


def _begun(low: Lowering, form: Affine, tapped: bool, starts: dict[str, Node]) -> Affine:
    """The form with a name for its constant, where that depends on a tap and is more than the tap itself."""
    if not tapped or form.constant.op is Op.DIM:
        return form
    name, k = "start", 2
    while name in low.reserved() or name in starts:
        name, k = f"start{k}", k + 1
    starts[name] = form.constant
    low.variables.setdefault(name)
    return Affine(form.coefficients, dim(name))


def _once(targets: Sequence[Node], advanced: list[bool], scope: list[Node]) -> bool:
    """Whether each place is met once: no list of places, or each index has an axis of its own."""
    own = {i for t, adv in zip(targets, advanced, strict=True) for i in ([t] if t.op is Op.INDEX else () if adv else t.free)}
    return not any(advanced) or all(i in own for i in scope)


def _by_numbers(targets: Sequence[Node], advanced: list[bool]) -> list[bool]:
    """The axes that need an index array where places come again: up to the last, but for one list that sizes alone decide."""
    listed = [k for k, adv in enumerate(advanced) if adv]
    place = targets[listed[0]]
    if len(listed) == 1 and len(place.free) <= 1 and not any(n.op is Op.READ for n in walk(place)):
        return advanced
    return [adv or (k < listed[-1] and bool(t.free)) for k, (t, adv) in enumerate(zip(targets, advanced, strict=True))]


def _advanced(targets: tuple[Node, ...]) -> list[bool]:
    """Which positions need an index array: all that are no slice, or whose index another position has too."""
    forms = [affine(t) for t in targets]
    count: dict[Node, int] = {}
    for t in targets:
        for i in t.free:
            count[i] = count.get(i, 0) + 1
    return [
        form is None or len(form.indices) > 1 or any(count[i] > 1 for i in form.indices) or (bool(form.indices) and step_of(form) is None)
        for form in forms
    ]
