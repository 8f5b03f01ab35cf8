"""Contractions of two operands spelled out: as matrix products where both have axes of their own, else row by row."""

from __future__ import annotations

from symback.core.expr import Node, mul
from symback.lower.arrays import Array, Kind, reshaped
from symback.lower.grouped import product_by_label
from symback.lower.lowering import Lowered, Lowering
from symback.lower.views import is_windows, taps_of


def matrix_product(
    low: Lowering, a: Lowered, b: Lowered, batch: list[Node], left: list[Node], right: list[Node], contracted: list[Node]
) -> Lowered:
    """Σ over `contracted` of a·b, where `left` are axes of a alone and `right` of b alone."""
    windows = is_windows(a.array) or is_windows(b.array)
    order = [x for x in (b if is_windows(b.array) else a).axes if x in contracted]
    if not windows and len(contracted) == len(right) == 1 and (not batch or len(left) == 1):
        (k,) = contracted
        x = low.transposed(a, (*batch, *left, k)).array
        y = low.transposed(b, (*batch, k, *right)).array
        made = _turned_product(low, a, b, batch, left, right, k) if len(left) == 1 else None
        return made or _array(Kind.MATMUL, None, (x, y), (*batch, *left, *right))
    if batch:
        return _flat_product(low, a, b, batch, left, right, order)
    if not windows and len(right) == 1 and a.axes == (*left, *order) and b.axes == (*right, *order):
        return _rows_by_rows(a, b, left, right, order)
    if low.loop_vars or _shares_a_copy(low, a, b, left, right, order):
        return _flat_product(low, a, b, [], left, right, order)
    if any(x in taps_of(b) for x in right):
        a, b, left, right = b, a, right, left  # so that the copy of the windows keeps the rows of the image together
    data = (tuple(a.axes.index(c) for c in order), tuple(b.axes.index(c) for c in order))
    return _array(Kind.TENSORDOT, data, (a.array, b.array), (*left, *right))


def _turned_product(
    low: Lowering, a: Lowered, b: Lowered, batch: list[Node], left: list[Node], right: list[Node], k: Node
) -> Lowered | None:
    """The product as it has been made the other way round; None where it has not."""
    y, x = low.transposed(b, (*batch, *right, k)).array, low.transposed(a, (*batch, k, *left)).array
    turned = _array(Kind.MATMUL, None, (y, x), (*batch, *right, *left))
    return turned if turned.array in low.made or turned.array in low.contracted else None


def _shares_a_copy(low: Lowering, a: Lowered, b: Lowered, left: list[Node], right: list[Node], order: list[Node]) -> bool:
    """Whether another product has to copy one of the operands into the same matrix; what this one copies is noted."""
    copies = [_base(_matrix(low, v, *groups, [])) for v, groups in ((a, (left, order)), (b, (order, right))) if not _in_order(v, *groups)]
    for copy in copies:
        low.copies.setdefault(copy, set()).add((a.array, b.array))
    return any(copy in low.plan.copies for copy in copies)


def _base(matrix: Array) -> Array:
    return matrix.args[0] if matrix.kind is Kind.TRANSPOSE else matrix


def _rows_by_rows(a: Lowered, b: Lowered, left: list[Node], right: list[Node], order: list[Node]) -> Lowered:
    """Both operands end with the contracted axes: these become one, and nothing is copied."""
    size = mul(*(c.args[0] for c in order))
    shapes = [(*(x.args[0] for x in own), size) for own in (left, right)]
    x, y = (reshaped(v.array, shape) for v, shape in zip((a, b), shapes, strict=True))
    turned = Array(Kind.TRANSPOSE, (1, 0), (y,), (size, right[0].args[0]), "f")
    return _array(Kind.MATMUL, None, (x, turned), (*left, *right))


def _in_order(v: Lowered, first: list[Node], second: list[Node]) -> bool:
    """Whether the array is a matrix of these groups of axes without being copied."""
    return v.axes in ((*first, *second), (*second, *first))


def _flat_product(
    low: Lowering, a: Lowered, b: Lowered, batch: list[Node], left: list[Node], right: list[Node], order: list[Node]
) -> Lowered:
    """One product of (stacks of) matrices; what must be copied into a matrix is a value of its own, which other products share."""
    axes = (*batch, *left, *right)
    shape = tuple(x.args[0] for x in axes)
    x, y = _matrix(low, a, left, order, batch), _matrix(low, b, order, right, batch)
    product = Array(Kind.MATMUL, None, (x, y), (*x.shape[:-1], y.shape[-1]), "f")
    return Lowered(reshaped(product, shape) if len(shape) > len(batch) + 2 else product, axes)


def _matrix(low: Lowering, v: Lowered, rows: list[Node], columns: list[Node], batch: list[Node]) -> Array:
    """The array with each group of axes as one, behind those of the batch; a copy keeps the axis that is innermost in memory innermost."""
    turned = v.axes == (*batch, *columns, *rows)
    if not turned and v.axes != (*batch, *rows, *columns):
        taps = taps_of(v)
        turned = next(x for x in reversed(v.axes) if x not in taps and x not in batch) in rows
    groups = (columns, rows) if turned else (rows, columns)
    flat = low.transposed(v, (*batch, *groups[0], *groups[1])).array
    stack = tuple(x.args[0] for x in batch)
    shape = (*stack, *(mul(*(x.args[0] for x in g)) for g in groups))
    if len(v.axes) > len(shape):
        flat = reshaped(flat, shape)
    if not turned:
        return flat
    n = len(batch)
    return Array(Kind.TRANSPOSE, (*range(n), n + 1, n), (flat,), (*stack, *shape[:-3:-1]), "f")


def row_product(low: Lowering, a: Lowered, b: Lowered, batch: list[Node], own: list[Node], contracted: list[Node]) -> Lowered:
    """Σ over `contracted` of a·b, where at most one operand has axes of its own."""
    if not batch and own:
        host, other = (a, b) if set(own) <= set(a.axes) and own else (b, a)
        if len(contracted) == 1:
            (k,) = contracted
            if host.axes[0] == k and len(host.axes) == 2:
                return _array(Kind.MATMUL, None, (other.array, host.array), tuple(own))
            return _array(Kind.MATMUL, None, (low.transposed(host, (*own, k)).array, other.array), tuple(own))
        order = [c for c in host.axes if c in contracted]
        data = (tuple(host.axes.index(c) for c in order), tuple(other.axes.index(c) for c in order))
        return _array(Kind.TENSORDOT, data, (host.array, other.array), tuple(own))
    if not own and len(contracted) == 1 and a.axes[-1] == contracted[0]:
        b = low.transposed(b, a.axes)
        return _array(Kind.UFUNC, "vecdot", (a.array, b.array), a.axes[:-1])
    if not own and not batch:
        if a.axes != b.axes:
            b = low.transposed(b, a.axes)
        return _array(Kind.KERNEL, ("np.vdot", ""), (a.array, b.array), ())
    picked = product_by_label(low, a, b, batch, own, contracted)
    if picked is not None:
        return picked
    out = tuple(x for x in (a.axes if len(a.axes) >= len(b.axes) else b.axes) if x in batch or x in own)
    return _einsum(a, b, out)


def _array(kind: Kind, data: object, args: tuple[Array, ...], axes: tuple[Node, ...]) -> Lowered:
    return Lowered(Array(kind, data, args, tuple(x.args[0] for x in axes), "f"), axes)


def _einsum(a: Lowered, b: Lowered, out: tuple[Node, ...]) -> Lowered:
    """np.einsum without BLAS, which copies, and does not pay where no matrix product is."""
    letters: dict[Node, str] = {}
    for x in (*a.axes, *b.axes):
        letters.setdefault(x, "abcdefghijklmnopqrstuvwxyz"[len(letters)])
    spell = lambda axes: "".join(letters[x] for x in axes)  # noqa: E731
    return _array(Kind.EINSUM, f"{spell(a.axes)},{spell(b.axes)}->{spell(out)}", (a.array, b.array), out)
