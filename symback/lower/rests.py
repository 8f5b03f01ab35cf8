"""σ(L - s) and σ(s - L) for a log-sum-exp L, the shares of a sum of exponentials and of one beside it: by that one beside the largest, without L."""

from __future__ import annotations

from symback.core.expr import Node, Op, Reduction, call, is_whole, neg, opened, split_coefficient
from symback.lower import softmax
from symback.lower.arithmetic import operate
from symback.lower.arrays import Kind
from symback.lower.lowering import Lowered, Lowering


def share_beside(low: Lowering, node: Node) -> Lowered | None:
    """σ(L - s) as A/(A + G) and σ(s - L) as G/(A + G), with G = exp(s - top) and A = exp(L - top) = total/peak; None for another function, and
    where L's own exponential is there."""
    if node.data != "sigmoid":
        return None
    gap = node.args[0]
    if any(low.standing(call("growth", u)) is not None for u in (gap, neg(gap))):
        return None
    found = _parts(gap)
    if found is None:
        return None
    lse, other, of_sum = found
    body, binders = opened(lse)
    if not all(is_whole(b) for b in binders) or any(b[0] not in body.free for b in binders):
        return None
    _, rest, top, peak = softmax.exponentials(low, body, tuple(b[0] for b in binders))
    if other is None:
        beyond = low.elementwise(Kind.OPERATOR, "neg", [top], "f")
        growth = low.elementwise(Kind.KERNEL, ("_growth", ""), [beyond], "f")
    else:
        sides = [low.as_float(low.value(other)), top]
        beyond = low.elementwise(Kind.KERNEL, ("_difference", ""), sides, "f")
        growth = low.elementwise(Kind.KERNEL, ("_growth_of_gap", ""), [beyond, *sides], "f")
    scale = operate(low, "/", operate(low, "+", peak, rest), peak)
    whole = operate(low, "+", growth, scale)
    if of_sum:
        return low.elementwise(Kind.KERNEL, ("_over_growth", ""), [scale, beyond, whole], "f")
    return operate(low, "/", growth, whole)


def _parts(gap: Node) -> tuple[Node, Node | None, bool] | None:
    """(L, s, whether it is the sum's share) of L - s or s - L, s None for 0."""
    c, u = split_coefficient(gap)
    if abs(c) != 1:
        return None
    if _is_log_sum(u):
        return u, None, c > 0
    if u.op is Op.CALL and u.data == "difference":
        for place, sign in ((0, 1), (1, -1)):
            if _is_log_sum(u.args[place]):
                return u.args[place], u.args[1 - place], c * sign > 0
    return None


def _is_log_sum(node: Node) -> bool:
    return node.op is Op.REDUCE and node.data is Reduction.LOGSUMEXP
