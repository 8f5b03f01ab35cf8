"""ŷ - c·x̂ for two vectors and their cosine, with the digits of nearly parallel ones."""

from __future__ import annotations

from symback.core.expr import Node, call, div, mul, sub
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering


def tangent(low: Lowering, node: Node) -> Lowered:
    """y/b - c·x/a along the axis that x and y have and their cosine has not; element by element where that is not one axis."""
    x, a, y, b, c = node.args
    rows = [low.as_float(low.value(n)) for n in (call("ratio", x, a), call("ratio", y, b), x, y)]
    numbers = [low.as_float(low.value(n)) for n in (c, a, b)]
    axes = rows[0].axes
    along = [i for i in axes if i not in numbers[0].axes]
    outer = tuple(i for i in axes if i not in along)
    if len(along) != 1 or any(set(v.axes) != set(axes) for v in rows) or any(set(v.axes) != set(outer) for v in numbers):
        return low.value(sub(div(y, b), mul(c, div(x, a))))
    u, v, x, y = (low.transposed(w, axes).array for w in rows)
    c, a, b = (low.transposed(w, outer).array for w in numbers)
    return Lowered(Array(Kind.KERNEL, ("_tangent", axes.index(along[0])), (u, v, c, x, a, y, b), u.shape, "f"), axes)
