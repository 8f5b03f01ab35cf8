"""Choices between a number and the slope of c·(exp(u) - 1), which forward has: exponential linear units."""

from __future__ import annotations

from symback.calculus.affine import scalar
from symback.core.expr import ZERO, Node, Op, call, dim, factors_of, mul
from symback.core.program import LEADING
from symback.lower import conditions
from symback.lower.arrays import Kind
from symback.lower.lowering import Lowered, Lowering


def slope_beside(low: Lowering, other: Node, node: Node, mask: Lowered) -> Lowered | None:
    """A number where a condition holds, else c·exp(u), where forward has c·(exp(u) - 1) for a number c; None for another choice.
    Without indices, the condition holds nowhere."""
    factors = factors_of(node)
    slopes = [f for f in factors if f.op is Op.CALL and f.data == "expm1_slope"]
    if len(slopes) != 1 or not scalar(other) or not all(scalar(f) for f in factors if f is not slopes[0]):
        return None
    c, u = mul(*(f for f in factors if f is not slopes[0])), slopes[0].args[0]
    if c == other:
        return None  # there exp(u) is 1 by itself
    known, x = low.value(mul(c, call("expm1", u))), low.value(u)
    if known.array not in low.made or known.array.element != "f" or not set(known.axes) == set(x.axes) == set(mask.axes or x.axes):
        return None
    number, beside = low.scalar(c), low.scalar(other)
    if x.array.shape == (dim(LEADING),) and mask.axes and conditions.where(mask.array, holds=True).number(known.array) == ZERO:
        base = low.elementwise(Kind.KERNEL, ("_either", "dtype"), [mask, beside, number], "f")  # tiles: a store by a mask is slower
        return low.elementwise(Kind.KERNEL, ("_slope_beside", ""), [x, known, number, base], "f")
    return low.elementwise(Kind.KERNEL, ("_scaled_expm1_slope_at", ""), [x, known, number, mask, beside], "f")
