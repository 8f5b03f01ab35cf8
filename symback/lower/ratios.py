"""Quotients by a power of a value: a·b**(-2) as a/b/b, u²·b**(-2) as the square of u/b; neither leaves the range where the result does not."""

from __future__ import annotations

from symback.calculus.affine import scalar
from symback.core.expr import ONE, TWO, Node, Op, call, number, power
from symback.lower.lowering import Lowering


def by_ratios(low: Lowering, factors: list[Node]) -> list[Node]:
    """The factors with each b**(-n), n > 1, taken apart: a square becomes that of its root over b, another factor is divided by b first.

    Not so by a b of fewer axes than the product has: its one factor for all of a row is rounded once, and what is rounded alike in all
    exponents of a softmax changes none of its shares.
    """
    divisors = [f for f in factors if _is_divisor(f)]
    axes = {a for f in factors for a in low.value(f).axes} if divisors else set()
    for f in divisors:
        if set(low.value(f.args[0]).axes) == axes:
            factors = _apart(low, factors, f)
    return factors


def _is_divisor(f: Node) -> bool:
    """Whether it is b**(-n), n > 1, for a tensor's element b."""
    if f.op is not Op.POW or f.args[1].op is not Op.NUM or f.args[0].op is not Op.READ or scalar(f):
        return False
    e = f.args[1].data
    return e.denominator == 1 and e < -1


def _apart(low: Lowering, factors: list[Node], divisor: Node) -> list[Node]:
    b, n = divisor.args[0], -int(divisor.args[1].data)
    left = [f for f in factors if f is not divisor]
    square = next((k for k, f in enumerate(left) if f.op is Op.POW and f.args[1] == TWO), None)
    if square is not None:
        left[square] = call("square", call("ratio", left[square].args[0], b))
        n -= 2
    for k in sorted(range(len(left)), key=lambda k: _order(low, left[k], b)):
        if n > 1 and k != square and left[k].op is not Op.POW:
            left[k] = call("ratio", left[k], b)
            n -= 1
    if n == 2:
        left.append(call("square", call("ratio", ONE, b)))
    elif n:
        left.append(power(b, number(-n)))
    return left


def _order(low: Lowering, f: Node, b: Node) -> tuple[bool, bool, bool]:
    """Sorts factors by which is divided first: one whose quotient forward has, then one of forward, then one that is no function's value."""
    return low.value(call("ratio", f, b)).array not in low.made, low.value(f).array.late, f.op is Op.CALL
