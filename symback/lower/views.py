"""Affine reads as views: slices, reversals, sliding windows, reshapes by digits."""

from __future__ import annotations

from dataclasses import dataclass

from symback.calculus.affine import Affine, affine, linear, multiplied_out, scalar, sign_of
from symback.calculus.radix import digits, merged
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, add, call, mul, walk
from symback.core.program import Role
from symback.lower.arrays import FULL_SLICE, Array, Kind, Slice, reshaped
from symback.lower.lowering import Lowered, Lowering


def joined(f: Node, size: Node) -> bool:
    """Whether the axis is one that `by_digits` made of digits of this index: it is long enough."""
    return f.op is Op.INDEX and size.op is not Op.DIM and any(n.op is Op.CALL and n.data == "floordiv" for n in walk(size))


def by_digits(
    low: Lowering, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...]
) -> tuple[Array, tuple[Node, ...], tuple[Node, ...]]:
    """The read with axes reshaped so that g·Q + q is two indices, and i // Q, i % Q are one."""
    if len(where) != len(sizes):
        return array, sizes, where
    count: dict[Node, int] = {}
    for f in where:
        for i in f.free:
            count[i] = count.get(i, 0) + 1
    new_sizes: list[Node] = []
    new_where: list[Node] = []
    cut: list[Slice] = []
    k = 0
    while k < len(where):
        f, size = where[k], sizes[k]
        split = digits(affine(f))
        join = merged(where, sizes, k)
        if split is not None and all(count[i] == 1 for i in split[0]) and (split[1] == size or not low.lenient):
            order, total = split
            cut.append(FULL_SLICE if total == size else Slice(None, total))
            new_sizes += [i.args[0] for i in order]
            new_where += order
        elif join is not None and count[join[0]] == join[1] and not low.lenient:
            i, n = join
            cut += [FULL_SLICE] * n
            new_sizes.append(multiplied_out(mul(*sizes[k : k + n])))
            new_where.append(i)
            k += n - 1
        else:
            cut.append(FULL_SLICE)
            new_sizes.append(size)
            new_where.append(f)
        k += 1
    if len(new_where) == len(where):
        return array, sizes, where
    if any(c != FULL_SLICE for c in cut):
        shape = tuple(size if c == FULL_SLICE else c.stop for c, size in zip(cut, sizes, strict=True))
        array = Array(Kind.VIEW, tuple(cut), (array,), shape, array.element, loops=loops_of(low, *shape))
    shape = tuple(new_sizes)
    return reshaped(array, shape), shape, tuple(new_where)


def step_of(form: Affine) -> Node | None:
    (c,) = form.coefficients.values()
    return c if c.op is Op.NUM or (c.op in (Op.HYPER, Op.DIM)) or scalar(c) and c.op is Op.MUL else None


def is_window(form: Affine) -> bool:
    return len(form.indices) == 2 and all(_positive(c) for c in form.coefficients.values())


def tap_likeness(low: Lowering, i: Node) -> int:
    """How much an index looks like one over a window: over a derived size least, over an axis of a parameter most."""
    size, p = i.args[0], low.program
    if any(size in t.shape for t in p.tensors if t.role is Role.PARAM):
        return 3
    if size.op is not Op.DIM:
        return 2
    return 0 if any(size.data == name for name, _ in p.derived) else 1


def is_count(n: Node) -> bool:
    """Whether it is made of sizes so that it is at least 0."""
    return sign_of(n) == 1 and not any(part.op is Op.HYPER for part in walk(n))


def is_part(low: Lowering, part: Node, size: Node) -> bool:
    """Whether a size is defined as a whole part of another, size // number."""
    value = next((v for n, v in low.program.derived if n == part.data), part) if part.op is Op.DIM else part
    return (
        value.op is Op.CALL
        and value.data == "floordiv"
        and value.args[0] == size
        and value.args[1].op is Op.NUM
        and value.args[1].data >= 1
    )


def _positive(c: Node) -> bool:
    return c.op in (Op.HYPER, Op.DIM) or (c.op is Op.NUM and c.data > 0)


def view_of(low: Lowering, array: Array, sizes: tuple[Node, ...], where: tuple[Node, ...], forms: list[Affine | None]) -> Lowered:
    """Slices, integers and sliding windows."""
    items, axes, shape = [], [], []
    windows: list[Window] = []
    for form, f, size in zip(forms, where, sizes, strict=True):
        if not form.indices:
            items.append(f)
        elif len(form.indices) == 1:
            (i,) = form.indices
            items.append(slice_of(form, i, size))
            axes.append(i)
            shape.append(i.args[0])
        else:
            outer, inner = sorted(form.indices, key=lambda i: tap_likeness(low, i))
            windows.append(Window(len(axes), form, size, outer, inner))
            items.append(FULL_SLICE)
            axes.append(windows[-1].outer)
            shape.append(size)
    out = array
    if any(item != FULL_SLICE for item in items):
        out = Array(Kind.VIEW, tuple(items), (array,), tuple(shape), array.element, loops=loops_of(low, *where, *shape))
    return windows_of(low, Lowered(out, tuple(axes)), windows, loops_of(low, *where)) if windows else Lowered(out, tuple(axes))


def loops_of(low: Lowering, *nodes: Node) -> frozenset[str]:
    """The loop variables in index expressions."""
    return (
        frozenset(str(n.data) for node in nodes for n in walk(node) if n.op is Op.DIM and n.data in low.loop_vars)
        if low.loop_vars
        else frozenset()
    )


def slice_of(form: Affine, i: Node, size: Node) -> Slice:
    c, start, extent = form.coefficients[i], multiplied_out(form.constant), i.args[0]
    if c == ONE:
        stop = add(start, extent)
        return Slice(None if start == ZERO else start, None if stop == size else stop)
    if c.op is Op.NUM and c.data < 0:
        last = multiplied_out(add(start, mul(c, add(extent, MINUS_ONE))))
        stop = multiplied_out(add(start, ONE))
        return Slice(None if last == ZERO else last, None if stop == size else stop, c)  # ascending bounds; the text turns it round
    return Slice(None if start == ZERO else start, multiplied_out(add(start, mul(c, extent))), c)  # at most c - 1 beyond the last


@dataclass(frozen=True, slots=True)
class Window:
    """An axis, `at`, of this size that is read at a·outer + b·inner + constant."""

    at: int
    form: Affine
    size: Node
    outer: Node
    inner: Node

    @property
    def width(self) -> Node:
        """How many neighbours one value of `outer` reads among; 0 where `inner` has no position."""
        step, count = self.form.coefficients[self.inner], self.inner.args[0]
        reach = linear(add(mul(step, add(count, MINUS_ONE)), ONE))
        return reach if step == ONE or (count.op is Op.NUM and count.data > 0) else call("Max", reach, ZERO)

    def slices(self) -> tuple[Slice, Slice]:
        """Of the windows those that `outer` counts, and within each the elements that `inner` counts."""
        count = add(self.size, ONE, mul(MINUS_ONE, self.width))
        first = slice_of(Affine({self.outer: self.form.coefficients[self.outer]}, self.form.constant), self.outer, count)
        step = self.form.coefficients[self.inner]
        return first, Slice(None, None, None if step == ONE else step)


def windows_of(low: Lowering, v: Lowered, windows: list[Window], loops: frozenset[str]) -> Lowered:
    """The view [.., outer, .., inner …] with an axis more for each window."""
    shape = list(v.array.shape)
    slices = [w.slices() for w in windows]
    items = [FULL_SLICE] * (len(shape) + len(windows))
    for k, (w, (outer, inner)) in enumerate(zip(windows, slices, strict=True)):
        shape[w.at] = w.outer.args[0]
        items[w.at], items[len(shape) + k] = outer, inner
    data = (tuple(w.at for w in windows), tuple(low.size(w.width, "width") for w in windows), tuple(items))
    wide = (*shape, *(w.inner.args[0] for w in windows))
    return Lowered(Array(Kind.WINDOWS, data, (v.array,), wide, v.array.element, loops=loops), (*v.axes, *(w.inner for w in windows)))


def is_windows(array: Array) -> bool:
    """Whether it is a view of sliding windows, which a matrix product has to copy."""
    while array.kind in (Kind.VIEW, Kind.TRANSPOSE):
        array = array.args[0]
    return array.kind is Kind.WINDOWS


def taps_of(v: Lowered) -> tuple[Node, ...]:
    """The axes of a view of sliding windows that run within a window."""
    if v.array.kind is Kind.TRANSPOSE:
        (base,) = v.array.args
        return tuple(
            v.axes[k] for k, p in enumerate(v.array.data) if base.kind is Kind.WINDOWS and p >= len(base.shape) - len(base.data[0])
        )
    return v.axes[len(v.axes) - len(v.array.data[0]) :] if v.array.kind is Kind.WINDOWS else ()
