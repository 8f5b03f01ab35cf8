"""sqrt(c·Σ u² + shift) and Σ|u|^p to the power 1/p without overflow or underflow."""

from __future__ import annotations

from symback.core.expr import HALF, MINUS_ONE, ONE, ZERO, Node, Op, Reduction, add, is_whole, mul, neg, number, opened, power, substitute
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.rewrite.power_sums import PowerSum, power_sum


def root(low: Lowering, node: Node) -> Lowered | None:
    """base**(1/p) where base is a sum of p-th powers; None for another power."""
    base, exponent = node.args
    found = power_sum(base)
    if found is None or mul(exponent, found.exponent) != ONE or found.exponent != number(2) and (found.shift != ZERO or found.scale != ONE):
        return None
    rows = _rows(low, found.body, tuple(b[0] for b in found.binders))
    if rows is None:
        return None
    array, axis, outer = rows
    shape = tuple(a.args[0] for a in outer)
    if found.exponent == number(2):
        name, numbers = "_root_of_squares", (found.scale, found.shift)
    else:
        name, numbers = "_root_of_powers", (found.exponent,)
    args = (array, *(low.scalar(n).array for n in numbers))
    return Lowered(Array(Kind.KERNEL, (name, axis), args, shape, "f"), outer)


def difference(low: Lowering, node: Node) -> Lowered | None:
    """Two roots of sums of as many squares, one less the other, plus the other terms; None for another sum."""
    for k, a in enumerate(node.args):
        found = _root_sum(a)
        for j, b in enumerate(node.args):
            other = _root_sum(neg(b)) if j != k and found is not None else None
            if other is None or (other.scale, other.shift) != (found.scale, found.shift) or _sizes(other) != _sizes(found):
                continue
            made = _difference(low, low.value(a), low.value(neg(b)), found, other)
            rest = [t for i, t in enumerate(node.args) if i not in (j, k)]
            if made is not None:
                return operate(low, "+", made, low.value(add(*rest))) if rest else made
    return None


def _root_sum(node: Node) -> PowerSum | None:
    found = power_sum(node.args[0]) if node.op is Op.POW and node.args[1] == HALF else None
    return found if found is not None and found.exponent == number(2) else None


def _sizes(found: PowerSum) -> list[Node]:
    return [b[0].args[0] for b in found.binders]


def _difference(low: Lowering, a: Lowered, b: Lowered, x: PowerSum, y: PowerSum) -> Lowered | None:
    renamed = {j[0]: i[0] for i, j in zip(x.binders, y.binders, strict=True)}
    bound = tuple(i[0] for i in x.binders)
    rows = [_rows(low, x.body, bound), _rows(low, substitute(y.body, renamed), bound)]
    if None in rows or rows[0][1:] != rows[1][1:] or a.axes != b.axes or a.axes != rows[0][2]:
        return None
    args = (a.array, b.array, rows[0][0], rows[1][0], low.scalar(x.scale).array)
    return Lowered(Array(Kind.KERNEL, ("_difference_of_roots", rows[0][1]), args, a.array.shape, "f"), a.axes)


def mean_of_squares(low: Lowering, node: Node) -> Lowered | None:
    """Σ u²/size along one axis, for a difference u: the mean may fit where the sum does not. None for another product."""
    found = power_sum(node)
    if found is None or found.exponent != number(2) or found.scale == ONE or found.shift != ZERO:
        return None
    if len(found.binders) != 1 or found.body.op is not Op.ADD:
        return None
    rows = _rows(low, found.body, (found.binders[0][0],))
    if rows is None:
        return None
    array, axis, outer = rows
    args = (array, low.scalar(power(found.scale, MINUS_ONE)).array)
    return Lowered(Array(Kind.KERNEL, ("_mean_of_squares", axis), args, tuple(a.args[0] for a in outer), "f"), outer)


def _rows(low: Lowering, body: Node, bound: tuple[Node, ...]) -> tuple[Array, int, tuple[Node, ...]] | None:
    """(array, axis, axes left) of a body with its bound axes made one axis; None where it lacks one of them."""
    v = low.as_float(low.value(body))
    if any(b not in v.axes for b in bound) or v.array.element != "f":
        return None
    outer = tuple(a for a in v.axes if a not in bound)
    if len(bound) == 1:
        return v.array, v.axes.index(bound[0]), outer
    v = low.transposed(v, (*outer, *bound))
    flat = (*(a.args[0] for a in outer), mul(*(b.args[0] for b in bound)))
    return Array(Kind.RESHAPE, flat, (v.array,), flat, "f"), len(outer), outer


def geometric_mean(low: Lowering, node: Node) -> Lowered | None:
    """exp of the mean of logarithms over whole ranges; None for another exponential."""
    argument = node.args[0]
    parts = argument.args if argument.op is Op.MUL else (argument,)
    sums = [f for f in parts if f.op is Op.REDUCE and f.data is Reduction.SUM]
    if len(sums) != 1:
        return None
    body, binders = opened(sums[0])
    size = mul(*(b[0].args[0] for b in binders))
    if body.op is not Op.CALL or body.data != "log" or not all(is_whole(b) for b in binders):
        return None
    if mul(*(f for f in parts if f is not sums[0])) != power(size, MINUS_ONE):
        return None
    rows = _rows(low, body.args[0], tuple(b[0] for b in binders))
    if rows is None:
        return None
    array, axis, outer = rows
    return Lowered(Array(Kind.KERNEL, ("_geometric_mean", axis), (array,), tuple(a.args[0] for a in outer), "f"), outer)
