"""Reading a tensor at index expressions: a view where they are affine, a gather where they are data."""

from __future__ import annotations

from symback.calculus.affine import affine, bounds, inside, linear, never_negative, never_negative_for
from symback.calculus.radix import digits
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, add, both, call, compare, dim, index, mul, number, substitute, walk
from symback.lower.arrays import Array, Kind
from symback.lower.choices import choose
from symback.lower.lists import Limits, as_index, read_along
from symback.lower.lowering import Lowered, Lowering, RangeCheck
from symback.lower.picks import is_label
from symback.lower.views import by_digits, is_count, is_part, is_window, joined, loops_of, slice_of, step_of, view_of


def read_tensor(low: Lowering, node: Node) -> Lowered:
    """The elements as an array over the indices that stand in the brackets."""
    name = str(node.data)
    step = low.steps.get(name)
    if step is not None and all(node.args[k] == at for k, at in zip(step.positions, step.at, strict=True)):
        rest = tuple(f for k, f in enumerate(node.args) if k not in step.positions)
        return read_array(low, name, step.value.array, step.value.array.shape, rest) if rest else step.value
    array = low.arrays[name]
    if not node.args:
        return Lowered(array, ())
    sizes, shifted = array.shape, _from_low(low, name, node.args)
    if is_whole_read(shifted, sizes):
        return Lowered(array, shifted)
    outside = low.outside_of(name)
    if low.lenient and low.ranges and outside is None:
        shifted = tuple(kept_inside(low, f, s) for f, s in zip(shifted, sizes, strict=True))
    if outside is not None and not all(inside(over_steps(low, f), s) or is_label(low, f, s) for f, s in zip(shifted, sizes, strict=True)):
        return _read_padded(low, array, sizes, shifted, outside)
    return read_array(low, name, array, sizes, shifted)


def is_whole_read(where: tuple[Node, ...], sizes: tuple[Node, ...]) -> bool:
    """Whether each position is an index over just its axis, each another: the array itself."""
    plain = len(where) == len(sizes) and all(f.op is Op.INDEX and f.args[0] == s for f, s in zip(where, sizes, strict=True))
    return plain and len(set(where)) == len(where)


def kept_inside(low: Lowering, f: Node, size: Node) -> Node:
    """A position that depends on a loop's step, where the step may lead beyond the axis (at a step that does not use it): the nearest inside."""
    steps = [n for n in dict.fromkeys(walk(f)) if n.op is Op.DIM and n.data in low.ranges]
    if f.free or len(steps) != 1:
        return f
    (step,) = steps
    pace = linear(add(substitute(f, {step: add(step, ONE)}), mul(MINUS_ONE, f)))
    if pace.op is not Op.NUM or pace.data == 0:
        return f
    ends = [linear(substitute(f, {step: end})) for end in low.ranges[str(step.data)]]
    least, greatest = ends if pace.data > 0 else reversed(ends)
    kept = f if never_negative(least) else call("Max", f, ZERO)
    return kept if never_negative(linear(add(size, MINUS_ONE, mul(MINUS_ONE, greatest)))) else call("Min", kept, add(size, MINUS_ONE))


def reads_stay_inside(low: Lowering, node: Node) -> bool:
    """Whether every read in the expression is proved to be within its tensor, whatever condition stands around it."""
    return all(
        stays_inside(low, n)
        for n in walk(node)
        if n.op is Op.READ and n.args and str(n.data) in low.arrays and low.outside_of(str(n.data)) is None
    )


def stays_inside(low: Lowering, node: Node) -> bool:
    """Whether the position of a read is proved to be within its tensor."""
    where = _from_low(low, str(node.data), node.args)
    return all(inside(over_steps(low, f), s) for f, s in zip(where, low.arrays[str(node.data)].shape, strict=True))


def reads_padding(low: Lowering, node: Node) -> bool:
    """Whether it is a tensor's element, or a power of one, that may lie beyond the range, where the tensor reads 0."""
    base = node.args[0] if node.op is Op.POW else node
    if base.op is not Op.READ or base.data in low.padded:
        return base.op is Op.READ
    return low.outside_of(str(base.data)) == ZERO and not stays_inside(low, base)


def over_steps(low: Lowering, f: Node) -> Node:
    """A position with the variables of the loops around it as indices over their values."""
    steps = {dim(v): add(first, index(v, linear(add(last, ONE, mul(MINUS_ONE, first))))) for v, (first, last) in low.ranges.items()}
    return substitute(f, steps)


def _from_low(low: Lowering, name: str, where: tuple[Node, ...]) -> tuple[Node, ...]:
    lows = low.lows.get(name)
    if not lows:
        return where
    return tuple(add(f, number(-k)) if k else f for f, k in zip(where, lows, strict=True))


def read_array(low: Lowering, name: str, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...]) -> Lowered:
    """array[where], every index expression in range (checked when called where that is not proved)."""
    for k, (f, size) in enumerate(zip(where, sizes, strict=True)):
        found = digits(affine(f))
        if found is not None and not inside(f, size) and not low.lenient and not array.loops:
            _require_range(low, name, k, f, size)
    array, sizes, where = by_digits(low, array, sizes, where)
    forms = [affine(f) for f in where]
    lenient = low.lenient
    for k, (f, size) in enumerate(zip(where, sizes, strict=True)):
        if not inside(f, size) and not lenient and not array.loops and len(where) == len(sizes) and not joined(f, size):
            _require_range(low, name, k, f, size)
    seen: set[Node] = set()
    general = False
    for f, form, size in zip(where, forms, sizes, strict=True):
        if form is None or seen & set(form.indices) or (lenient and not inside(f, size)):
            general = True
        elif len(form.indices) > 1 and not is_window(form):
            general = True
        elif len(form.indices) == 1 and step_of(form) is None:
            general = True
        seen |= set(f.free)
    if general:
        return _gather(low, name, array, sizes, where)
    counts = [form.indices[0].args[0] for form in forms if len(form.indices) == 2]
    low.counted.update(dict.fromkeys(c for c in counts if not loops_of(low, c)))
    return view_of(low, array, sizes, where, forms)


def _require_range(low: Lowering, name: str, axis: int, f: Node, size: Node) -> None:
    wide = over_steps(low, f)
    if inside(f, size) or inside(wide, size):
        return
    got = bounds(_open_extents(f))
    ends = [bounds(over_steps(low, linear(end))) for end in got or ()]  # an extent may depend on a step
    if ends and all(ends):
        least, greatest = linear(ends[0][0]), linear(ends[1][1])
        if not (least.op is Op.NUM and least.data >= 0 and never_negative_for(add(size, MINUS_ONE, mul(MINUS_ONE, greatest)), wide)):
            check = RangeCheck(name, axis, least, greatest, size)
            low.checks.setdefault(check)
            if _holds(low, check, wide):
                low.certain.add(check)
        return
    if f.op is Op.READ or not f.free:
        return
    uneven = any(n.op is Op.DIM and n.data in low.ranges for i in f.free for n in walk(i.args[0]))
    v = (low.tolerant() if uneven else low).value(over_steps(low, f))  # over all steps an uneven range is not one
    if v.array.kind is Kind.SCALAR:
        low.checks.setdefault(RangeCheck(name, axis, v.array.data, v.array.data, size))
    elif not v.array.loops:
        low.array_checks.setdefault((name, axis, v.array, size))


def _holds(low: Lowering, check: RangeCheck, wide: Node) -> bool:
    """Whether a check of plain dimensions, which are never negative, cannot fail: the last step of T is a position of T + 1."""
    plain = {dim(d) for d in low.program.dims}
    if not all(n in plain or n.op in (Op.NUM, Op.ADD, Op.MUL) for n in walk(check.low)):
        return False
    return all(never_negative_for(n, wide) for n in (check.low, add(check.size, MINUS_ONE, mul(MINUS_ONE, check.high))))


def read_was_checked(low: Lowering, name: str, axis: int, f: Node, size: Node) -> bool:
    """Whether forward checks that this affine position is inside over its whole range."""
    return RangeCheck(name, axis, *bounds(f), size) in low.checked


def _open_extents(f: Node) -> Node:
    """A position with the extent Max(e, 0) of each index, a range that may be empty, as e: an empty range is checked as one."""
    opened = {i: index(str(i.data), i.args[0].args[0]) for i in f.free if i.args[0].op is Op.CALL and i.args[0].args[1:] == (ZERO,)}
    return substitute(f, opened) if opened else f


def _gather(low: Lowering, name: str, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...]) -> Lowered:
    """Advanced indexing: index arrays where the expression is data (or an index that one of them uses too), slices elsewhere."""
    forms = [affine(f) for f in where]
    count: dict[Node, int] = {}
    for f in where:
        for i in f.free:
            count[i] = count.get(i, 0) + 1
    advanced = [
        form is None
        or len(form.indices) > 1
        or any(count[i] > 1 for i in form.indices)
        or (form.indices and (step_of(form) is None or (low.lenient and not inside(f, s))))
        for f, form, s in zip(where, forms, sizes, strict=True)
    ]
    indices: list[Lowered] = []
    for f, size, adv in zip(where, sizes, advanced, strict=True):
        if adv:
            v = as_index(low.value(f))
            if low.lenient and not inside(f, size) and not is_label(low, f, size):
                v = low.elementwise(Kind.KERNEL, ("np.clip", Limits(size)), [v], "i")
            indices.append(v)
    if not indices:
        return view_of(low, array, sizes, where, forms)
    listed = read_along(array, where, advanced, indices)
    if listed is not None:
        return listed
    axes = low.union(indices)
    aligned = iter([low.aligned(v, axes) for v in indices])
    items: list[object] = []
    operands: list[Array] = [array]
    plain_axes: list[Node | None] = []
    for f, form, size, adv in zip(where, forms, sizes, advanced, strict=True):
        if adv:
            operands.append(next(aligned))
            items.append(len(operands) - 1)
            plain_axes.append(None)
        elif form.indices:
            (i,) = form.indices
            items.append(slice_of(form, i, size))
            plain_axes.append(i)
        else:
            items.append(f)
            plain_axes.append(None)
    out_axes = gathered_axes(items, plain_axes, axes)
    shape = tuple(i.args[0] for i in out_axes)
    return Lowered(Array(Kind.GATHER, tuple(items), operands, shape, array.element, loops=loops_of(low, *where)), out_axes)


def gathered_axes(items: list[object], plain: list[Node | None], index_axes: tuple[Node, ...]) -> tuple[Node, ...]:
    """Where NumPy puts the axes of the index arrays: in place if they (and integers) stand together, else in front."""
    places = [k for k, item in enumerate(items) if isinstance(item, int) or isinstance(item, Node)]
    together = places == list(range(places[0], places[-1] + 1)) if places else True
    rest = [p for p in plain if p is not None]
    if not together:
        return (*index_axes, *rest)
    before = [p for p in plain[: places[0]] if p is not None]
    after = [p for p in plain[places[-1] + 1 :] if p is not None]
    return (*before, *index_axes, *after)


def _read_padded(low: Lowering, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...], outside: Node) -> Lowered:
    """Reads that may leave the tensor: from a padded copy where the range is known, else by a clipped gather and a mask."""
    pads, new_sizes, new_where = [], [], []
    simple = True
    for f, size in zip(where, sizes, strict=True):
        wide = over_steps(low, f)
        got = step_bounds(low, f)
        if inside(wide, size):
            pads.append((ZERO, ZERO))
            new_sizes.append(size)
            new_where.append(f)
        elif got is None or affine(wide) is None:
            simple = False
            break
        else:
            before, after = padding(low, (got[0], _window_end(wide, got)), size)
            pads.append((before, after))
            new_sizes.append(add(before, size, after))
            new_where.append(moved_inside(low, f, before, got[0]))
    if simple:
        fill = "0" if outside == ZERO else "-np.inf"
        padded = array
        if any(pad != (ZERO, ZERO) for pad in pads):
            padded = Array(Kind.PAD, (tuple(pads), fill), (array,), tuple(new_sizes), array.element, loops=loops_of(low, *new_sizes))
        return read_array_unchecked(low, padded, tuple(new_sizes), tuple(new_where))
    return _read_masked(low, array, sizes, where, outside)


def step_bounds(low: Lowering, f: Node) -> tuple[Node, Node] | None:
    """(least, greatest) value of a position over its indices and over the steps of the loops around it."""
    got = bounds(_open_extents(f))
    if got is None or not low.ranges:
        return got
    least, greatest = got
    for v, limits in low.ranges.items():
        least = _extreme("Min", *(linear(substitute(least, {dim(v): end})) for end in limits))
        greatest = _extreme("Max", *(linear(substitute(greatest, {dim(v): end})) for end in limits))
    return least, greatest


def _window_end(f: Node, limits: tuple[Node, Node]) -> Node:
    """The greatest position of an affine read; of windows that may be none, that of the first window."""
    form = affine(f)
    if len(form.indices) != 2 or not is_window(form) or form.indices[0].args[0].op is Op.DIM:
        return limits[1]
    i = form.indices[1]
    return _extreme("Max", limits[1], linear(add(limits[0], mul(form.coefficients[i], add(i.args[0], MINUS_ONE)))))


def _extreme(name: str, a: Node, b: Node) -> Node:
    gap = linear(add(a, mul(MINUS_ONE, b)))
    if gap.op is Op.NUM:
        return a if (gap.data <= 0) == (name == "Min") else b
    return call(name, a, b)


def padding(low: Lowering, limits: tuple[Node, Node], size: Node) -> tuple[Node, Node]:
    """How far a position between these limits may lie before and behind an axis."""
    least, greatest = limits
    before = ZERO if is_count(least) else call("Max", linear(mul(MINUS_ONE, least)), ZERO)
    beyond = linear(add(greatest, ONE, mul(MINUS_ONE, size)))
    fits = is_count(linear(mul(MINUS_ONE, beyond))) or is_part(low, linear(add(greatest, ONE)), size)
    after = ZERO if fits else call("Max", beyond, ZERO)
    return low.size(before, "before"), low.size(after, "after")


def moved_inside(low: Lowering, f: Node, before: Node, least: Node) -> Node:
    """f + before, for the padding of an affine position f that begins at `least`: it begins at Max(least, 0)."""
    if least.op is Op.NUM or is_count(least):
        return add(f, before)
    return linear(add(f, mul(MINUS_ONE, least), low.size(call("Max", least, ZERO), "first")))


def read_array_unchecked(low: Lowering, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...]) -> Lowered:
    """A view or gather of an array that is large enough by construction."""
    array, sizes, where = by_digits(low, array, sizes, where)
    forms = [affine(f) for f in where]
    seen: set[Node] = set()
    for form in forms:
        if (
            form is None
            or seen & set(form.indices)
            or (len(form.indices) > 1 and not is_window(form))
            or (len(form.indices) == 1 and step_of(form) is None)
        ):
            return _gather(low, "", array, sizes, where)
        seen |= set(form.indices)
    return view_of(low, array, sizes, where, forms)


def _read_masked(low: Lowering, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...], outside: Node) -> Lowered:
    conditions, clipped = [], []
    for f, size in zip(where, sizes, strict=True):
        if inside(f, size):
            clipped.append(f)
            continue
        conditions += [compare("<=", ZERO, f), compare("<=", f, add(size, MINUS_ONE))]
        clipped.append(call("Max", call("Min", f, add(size, MINUS_ONE)), ZERO))
    v = _gather(low, "", array, sizes, tuple(clipped))
    return choose(low, low.value(both(*conditions)), v, low.scalar(outside))
