"""What each of two values has in their maximum or minimum: all, none, or half of it where they are equal."""

from __future__ import annotations

from symback.core.expr import HALF, ONE, TRUE, ZERO, Node, Op, branches, mul, piecewise
from symback.lower.arithmetic import operate
from symback.lower.arrays import Kind
from symback.lower.lowering import Lowered, Lowering


def share(low: Lowering, node: Node) -> Lowered | None:
    """{0 if a < b, 1 if b < a, else 1/2}; None for another case distinction."""
    pair = _pair(node)
    if pair is None:
        return None
    values = [low.value(side) for side in pair]
    if any(v.array.element != "f" for v in values):
        return None
    return low.elementwise(Kind.KERNEL, ("_share", "dtype"), values, "f")


def rest_of_share(low: Lowering, factors: list[Node]) -> Lowered | None:
    """A product with one share as the product without it less that with the other share, where this is there already; None for another."""
    for k, f in enumerate(factors):
        pair = _pair(f) if f.op is Op.PIECEWISE else None
        others = factors[:k] + factors[k + 1 :]
        if pair is not None and others:
            taken = low.standing(mul(*others, _share_of(*reversed(pair))))
            if taken is not None:
                return operate(low, "-", low.value(mul(*others)), taken)
    return None


def _pair(node: Node) -> tuple[Node, Node] | None:
    """(a, b) of such a case distinction."""
    pairs = branches(node)
    if [v for v, _ in pairs] != [ZERO, ONE, HALF] and [v for v, _ in pairs] != [ONE, ZERO, HALF]:
        return None
    under, over = (pairs[0][1], pairs[1][1]) if pairs[0][0] == ZERO else (pairs[1][1], pairs[0][1])
    if any(c.op is not Op.COMPARE or c.data != "<" for c in (under, over)) or under.args != over.args[::-1]:
        return None
    return under.args


def _share_of(a: Node, b: Node) -> Node:
    return piecewise((ZERO, Node(Op.COMPARE, "<", (a, b))), (ONE, Node(Op.COMPARE, "<", (b, a))), (HALF, TRUE))
