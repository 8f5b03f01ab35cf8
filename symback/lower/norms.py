"""sqrt(c·Σ u² + shift) and Σ|u|^p to the power 1/p without overflow or underflow (rule 29 of the numerics)."""

from __future__ import annotations

from symback.core.expr import ONE, ZERO, Node, mul, number
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.rewrite.power_sums import power_sum


def root(low: Lowering, node: Node) -> Lowered | None:
    """base**(1/p) where base is a sum of p-th powers; None for another power."""
    base, exponent = node.args
    found = power_sum(base)
    if found is None or mul(exponent, found.exponent) != ONE or found.exponent != number(2) and (found.shift != ZERO or found.scale != ONE):
        return None
    bound = tuple(b[0] for b in found.binders)
    v = low.as_float(low.value(found.body))
    if any(b not in v.axes for b in bound) or v.array.element != "f":
        return None
    outer = tuple(a for a in v.axes if a not in bound)
    shape = tuple(a.args[0] for a in outer)
    if len(bound) == 1:
        axis, rows = v.axes.index(bound[0]), v.array
    else:
        v = low.transposed(v, (*outer, *bound))
        flat = (*shape, mul(*(b.args[0] for b in bound)))
        axis, rows = len(outer), Array(Kind.RESHAPE, flat, (v.array,), flat, "f")
    if found.exponent == number(2):
        name, numbers = "_root_of_squares", (found.scale, found.shift)
    else:
        name, numbers = "_root_of_powers", (found.exponent,)
    args = (rows, *(low.scalar(n).array for n in numbers))
    return Lowered(Array(Kind.KERNEL, (name, axis), args, shape, "f"), outer)
