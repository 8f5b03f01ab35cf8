"""A square that goes on as its tangent beyond a bound: one product of what is bounded and what is left, with no choice to make."""

from __future__ import annotations

from symback.calculus.affine import multiplied_out, scalar
from symback.core.expr import TWO, ZERO, Node, Op, branches, call, div, mul, number, split_coefficient, split_power, sub
from symback.lower.lowering import Lowered, Lowering


def square_and_tangent(low: Lowering, node: Node) -> Lowered | None:
    """c·a² where a ≤ b, else c·b·(2a - b), as 2c·m·(a - m/2) with m = min(a, b); None for another choice."""
    pairs = branches(node)
    if len(pairs) != 2 or pairs[0][1].op is not Op.COMPARE or pairs[0][1].data not in ("<", "<="):
        return None
    (square, condition), (tangent, _) = pairs
    a, b = condition.args
    c, rest = split_coefficient(square)
    base, exponent = split_power(rest)
    if scalar(a) or not scalar(b) or exponent != TWO or _size(base, b) != _size(a, b):
        return None
    if multiplied_out(sub(tangent, mul(number(c), b, sub(mul(TWO, a), b)))) != ZERO:
        return None
    m = call("Min", a, b)
    return low.value(mul(number(2 * c), m, sub(a, div(m, TWO))))


def _size(a: Node, b: Node) -> Node:
    """x of |x|, whose square is the same, and of what is x up to a size of b."""
    while a.op is Op.CALL and (a.data == "Abs" or (a.data == "within" and a.args[1] == b)):
        a = a.args[0]
    return a
