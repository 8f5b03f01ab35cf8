"""What arrays are where a condition holds: an order of operands, numbers that follow from it, bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, add, mul, power, walk
from symback.lower.arrays import Array, Kind, parts
from symback.lower.exponents import KERNELS as EXPONENTIALS

_AT_ZERO = {"exp": ONE, "expm1": ZERO, "tanh": ZERO, "sin": ZERO, "abs": ZERO, "sqrt": ZERO, "square": ZERO, "log1p": ZERO}
_SLOPES_OF_EXPM1 = {"_expm1_slope_at": 1, "_expm1_slope_of_product": 0}
"""Kernels of t + 1, with the place of t among their arguments."""
_BOUNDED_UFUNCS = ("tanh", "sign", "arctan")
_BOUNDED_KERNELS = ("_finite", "_within", "_tanh_slope_at", "_either", *_SLOPES_OF_EXPM1, *EXPONENTIALS)
_VIEWS = (Kind.VIEW, Kind.TRANSPOSE, Kind.RESHAPE, Kind.CAST)

Sides = tuple[bool, bool]
"""Whether an array has a lower bound, an upper bound: whether it is never minus infinity, never infinity."""
BOTH, NEITHER = (True, True), (False, False)


@dataclass(slots=True)
class Known:
    """`at_most`: pairs (a, b) with a ≤ b; `numbers` and `sides` of what has been asked for."""

    at_most: Mapping[Array, tuple[Array, ...]]
    at_least: Mapping[Array, tuple[Array, ...]]
    numbers: dict[Array, Node | None] = field(default_factory=dict)
    bounds: dict[Array, Sides] = field(default_factory=dict)

    def number(self, a: Array) -> Node | None:
        """The number that the whole array is; None where it is more than one."""
        if a not in self.numbers:
            self.numbers[a] = self._number(a)
        return self.numbers[a]

    def sides(self, a: Array) -> Sides:
        """Its bounds, where no tensor holds a NaN, an upstream gradient is finite, and nothing overflows."""
        if a not in self.bounds:
            below, above = self._sides(a)
            for b in self.at_least.get(a, ()):
                below = below or b.kind is Kind.SCALAR and self.sides(b)[0]
            for b in self.at_most.get(a, ()):
                above = above or b.kind is Kind.SCALAR and self.sides(b)[1]
            self.bounds[a] = below, above
        return self.bounds[a]

    def _number(self, a: Array) -> Node | None:
        if a.kind is Kind.SCALAR:
            return a.data
        if a.kind is Kind.UFUNC and a.data in ("minimum", "maximum"):
            u, v = a.args
            lower = u if v in self.at_most.get(u, ()) else v if u in self.at_most.get(v, ()) else None
            return None if lower is None else self.number((u if lower is v else v) if a.data == "maximum" else lower)
        if a.kind is Kind.UFUNC and a.data in _AT_ZERO:
            return _AT_ZERO[a.data] if self.number(a.args[0]) == ZERO else None
        if a.kind is Kind.KERNEL and a.data[0] in _SLOPES_OF_EXPM1:
            t = self.number(a.args[_SLOPES_OF_EXPM1[a.data[0]]])
            return None if t is None else add(t, ONE)
        if a.kind is not Kind.OPERATOR or a.data not in ("+", "-", "*", "/", "neg"):
            return None
        values = [self.number(x) for x in a.args]
        if None in values:
            return None
        return _combined(a.data, *values)

    def _sides(self, a: Array) -> Sides:
        if a.kind is Kind.SCALAR:
            infinite = any(n.op is Op.CONST and n.data in ("oo", "-oo") for n in walk(a.data))
            return NEITHER if infinite else BOTH
        if a.element in ("b", "i"):
            return BOTH
        if a.kind is Kind.ARGUMENT:
            return BOTH if a.late or self._size_bounded(a) else NEITHER
        if a.kind in _VIEWS:
            return self.sides(a.args[0])
        if a.kind is Kind.KERNEL:
            clipped = a.data[0] == "np.clip" and all(x.kind is Kind.SCALAR for x in a.args[1:])
            return BOTH if clipped or a.data[0] in _BOUNDED_KERNELS else NEITHER
        if a.kind is Kind.UFUNC:
            return self._of_ufunc(a)
        return self._of_operator(a) if a.kind is Kind.OPERATOR else NEITHER

    def _size_bounded(self, a: Array) -> bool:
        """Whether |a| is at most a number."""
        sizes = [s for s in self.at_most if s.kind is Kind.UFUNC and s.data == "abs" and s.args[0] == a]
        return any(b.kind is Kind.SCALAR and self.sides(b)[1] for s in sizes for b in self.at_most[s])

    def _of_ufunc(self, a: Array) -> Sides:
        if a.data in _BOUNDED_UFUNCS:
            return BOTH
        if a.data not in ("exp", "expm1", "abs", "square", "minimum", "maximum"):
            return NEITHER
        below, above = zip(*(self.sides(x) for x in a.args), strict=True)
        if a.data in ("minimum", "maximum"):
            return (all(below), any(above)) if a.data == "minimum" else (any(below), all(above))
        return True, above[0] and (below[0] or a.data.startswith("exp"))

    def _of_operator(self, a: Array) -> Sides:
        if a.data == "/" and (a.args[1].kind is not Kind.SCALAR or a.args[1].data.op is not Op.NUM):
            return NEITHER
        if a.data not in ("+", "-", "*", "/", "neg"):
            return NEITHER
        sides = [self.sides(x) for x in a.args]
        if a.data in ("*", "/"):
            return BOTH if all(s == BOTH for s in sides) else NEITHER
        if a.data != "+":
            sides[-1] = sides[-1][::-1]
        return all(s[0] for s in sides), all(s[1] for s in sides)


def where(condition: Array, *, holds: bool) -> Known:
    """What is known where a condition holds, or where it does not."""
    at_most: dict[Array, tuple[Array, ...]] = {}
    at_least: dict[Array, tuple[Array, ...]] = {}
    stack = [(condition, holds)]
    while stack:
        c, yes = stack.pop()
        if c.kind is not Kind.OPERATOR:
            continue
        if c.data == "~":
            stack.append((c.args[0], not yes))
        elif c.data == ("&" if yes else "|"):
            stack += [(x, yes) for x in c.args]
        elif c.data in ("<", "<="):
            a, b = c.args if yes else reversed(c.args)
            at_most[a] = (*at_most.get(a, ()), b)
            at_least[b] = (*at_least.get(b, ()), a)
    return Known(at_most, at_least)


def made_of_the_same(a: Array, condition: Array) -> bool:
    """Whether the condition is about all that an array is made of: a NaN that it is to keep out is none that it would see."""
    asked = parts([condition])
    return all(x in asked or x.args or x.late or x.kind in (Kind.SCALAR, Kind.ARANGE) for x in parts([a]))


def _combined(symbol: str, *values: Node) -> Node:
    if symbol == "neg":
        return mul(MINUS_ONE, *values)
    left, right = values
    if symbol in "+-":
        return add(left, right if symbol == "+" else mul(MINUS_ONE, right))
    return mul(left, right if symbol == "*" else power(right, MINUS_ONE))
