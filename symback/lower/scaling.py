"""Products with numbers: a number goes to the smallest operand, and is divided by where that rounds less."""

from __future__ import annotations

from collections.abc import Callable

from symback.core.expr import MINUS_ONE, ONE, Node, Op, mul, number, power
from symback.lower.arithmetic import negative, operate
from symback.lower.arrays import FULL_SLICE, Array, Kind
from symback.lower.lowering import Lowered, Lowering


def times_scalar(low: Lowering, v: Lowered, factor: Node) -> Lowered:
    """v·factor; a number is divided by as such where that is exact to one rounding, and put to the smallest operand."""
    if factor == ONE:
        return v
    inner = _smallest_factor(v, low)
    if inner is not None:
        return inner(factor)
    if factor == MINUS_ONE:
        return negative(low, v)
    over, under = _numerator_denominator(factor)
    if under == ONE or _exact(factor):
        return operate(low, "*", v, low.scalar(factor))
    if over == ONE:
        return operate(low, "/", v, low.scalar(under))
    if over == MINUS_ONE:
        return negative(low, operate(low, "/", v, low.scalar(under)))
    if not v.axes:
        return operate(low, "/", operate(low, "*", v, low.scalar(over)), low.scalar(under))
    return operate(low, "*", v, low.scalar(factor))


def _exact(factor: Node) -> bool:
    """Whether a number is a float: multiplying by it rounds no more than dividing by its reciprocal."""
    return factor.op is Op.NUM and factor.data.denominator & (factor.data.denominator - 1) == 0


def _smallest_factor(v: Lowered, low: Lowering) -> Callable[[Node], Lowered] | None:
    """A way to scale a product through its smallest operand, where it has one."""
    if not _has_smaller(v.array):
        return None
    return lambda factor: Lowered(_scaled_within(low, v.array, factor), v.axes)


def _has_smaller(a: Array) -> bool:
    """Whether a product has an operand of fewer axes, perhaps within a product that is an operand."""
    if a.kind is not Kind.OPERATOR or a.data != "*" or a.element != "f":
        return False
    small = _smaller(a)
    return any(map(_has_smaller, a.args)) if small is None else a.args[small].kind is not Kind.SCALAR


def _smaller(a: Array) -> int | None:
    """The operand of fewest axes, where it has fewer than the product and holds numbers."""
    widths = [len(_axes_of(x)) for x in a.args]
    k = widths.index(min(widths))
    return k if widths[k] < len(_axes_of(a)) and a.args[k].element != "b" else None


def _scaled_within(low: Lowering, a: Array, factor: Node) -> Array:
    """A product with its smallest operand scaled."""
    k = _smaller(a)
    if k is None:
        k = 0 if _has_smaller(a.args[0]) else 1
        inner = _scaled_within(low, a.args[k], factor)
    else:
        inner = _scaled_small(low, a.args[k], factor)
    pair = (inner, a.args[1]) if k == 0 else (a.args[0], inner)
    return Array(Kind.OPERATOR, "*", pair, a.shape, "f")


def _scaled_small(low: Lowering, part: Array, factor: Node) -> Array:
    """A small operand scaled behind the new axes that it was given."""
    over, under = _numerator_denominator(factor) if not _exact(factor) or factor == MINUS_ONE else (factor, ONE)
    views = []
    while part.kind is Kind.VIEW and all(item is None or item == FULL_SLICE for item in part.data):
        views.append(part)
        part = part.args[0]
    if over == MINUS_ONE:
        part = Array(Kind.OPERATOR, "neg", (part,), part.shape, "f")
    elif over != ONE:
        part = Array(Kind.OPERATOR, "*", (part, low.scalar(over).array), part.shape, "f")
    if under != ONE:
        part = Array(Kind.OPERATOR, "/", (part, low.scalar(under).array), part.shape, "f")
    for view in reversed(views):
        part = Array(Kind.VIEW, view.data, (part,), view.shape, "f")
    return part


def _axes_of(a: Array) -> tuple:
    return tuple(s for s in a.shape if s != ONE)


def _numerator_denominator(factor: Node) -> tuple[Node, Node]:
    over, under = [], []
    for f in factor.args if factor.op is Op.MUL else (factor,):
        if f.op is Op.NUM:
            over.append(number(f.data.numerator))
            under.append(number(f.data.denominator))
        elif f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data < 0:
            under.append(power(f.args[0], number(-f.args[1].data)))
        else:
            over.append(f)
    return mul(*over), mul(*under)
