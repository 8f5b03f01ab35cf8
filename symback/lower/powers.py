"""Powers: small rational ones by multiplications and roots, others by np.power."""

from __future__ import annotations

from fractions import Fraction

from symback.calculus.affine import bounds
from symback.core.expr import HALF, ONE, Node, Op, number, power
from symback.lower import norms
from symback.lower.arithmetic import operate, ufunc, whole_power
from symback.lower.arrays import Array, Kind
from symback.lower.finiteness import never_negative
from symback.lower.lowering import Lowered, Lowering
from symback.lower.masks import safe_argument
from symback.lower.products import factor


def lower_power(low: Lowering, node: Node) -> Lowered:
    """Small rational powers by multiplications and roots; others by np.power."""
    base, exponent = node.args
    if exponent.op is Op.NUM:
        e: Fraction = exponent.data
        if e < 0:
            only = factor(low, node)
            return operate(low, "/", low.scalar(ONE), only.value) if only.inverse else only.value
        scaled = norms.root(low, node)
        if scaled is not None:
            return scaled
        if e.denominator <= 2 and e <= 4:
            root = norms.root(low, power(base, HALF))
            if root is not None:
                return whole_power(low, root, int(2 * e))
        if e.denominator > 3:
            root = norms.root(low, power(base, HALF))
            if root is not None:
                return ufunc(low, "power", [root, low.scalar(number(2 * e))])
        v = low.as_float(low.value(base)) if e.denominator != 1 else low.value(base)
        if e.denominator == 2 and e.numerator <= 5:
            root = ufunc(low, "sqrt", [v if never_negative(base) else safe_argument(low, v, ONE)])
            return root if e.numerator == 1 else operate(low, "*", whole_power(low, v, e.numerator // 2), root)
        if e.denominator == 1 and e <= 8:
            return whole_power(low, v, int(e))
        if e == Fraction(1, 3):
            return ufunc(low, "cbrt", [v])
    b, e = low.value(base), low.value(exponent)
    if {b.array.element, e.array.element} <= {"i", "s", "b"} and not _stays_integer(base, exponent):
        if e.array.kind is Kind.SCALAR:
            return ufunc(low, "power", [_double(b), e])
        return ufunc(low, "power", [b, _double(e)])
    return low.value(Node(Op.CALL, "pow", (base, exponent)))


def _stays_integer(base: Node, exponent: Node) -> bool:
    """Whether a power of integers is one that 64 bits hold, as far as the forms show."""
    limits = bounds(exponent)
    if base.op is not Op.NUM or limits is None or limits[0].op is not Op.NUM or limits[0].data < 0:
        return False
    return abs(base.data) <= 1 or (limits[1].op is Op.NUM and limits[1].data * base.data.numerator.bit_length() < 53)


def _double(v: Lowered) -> Lowered:
    return Lowered(Array(Kind.CAST, "np.float64", (v.array,), v.array.shape, "d"), v.axes)
