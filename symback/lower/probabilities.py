"""Differences of a softmax and what it is compared with, right at the dominant entry too."""

from __future__ import annotations

from symback.calculus.entries import entry
from symback.core.expr import ONE, Node, Op, Reduction, is_whole, number, opened, split_coefficient, substitute
from symback.lower import softmax
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind
from symback.lower.finiteness import may_be_minus_infinity
from symback.lower.lowering import Lowered, Lowering


def difference(low: Lowering, node: Node) -> Lowered | None:
    """c·p - c·t with p a softmax along one axis, t a softmax or any other array; None for another sum."""
    if len(node.args) != 2:
        return None
    for k, term in sorted(enumerate(node.args), key=lambda item: split_coefficient(item[1])[0] < 0):
        scale, term = split_coefficient(term)
        p = softmax_parts(low, term)
        c, other = split_coefficient(node.args[1 - k])
        if p is None or c != -scale:
            continue
        e, rest, peak, idx, x = p
        share = low.value(term)
        q = softmax_parts(low, other)
        if q is not None and q[3] == idx and set(x.axes) == set(q[4].axes) == set(e.axes):
            args = [share, rest, peak, low.value(other), *q[1:3], x, q[4]]
        else:
            v = low.as_float(low.value(other))
            if idx not in v.axes or not set(v.axes) <= set(e.axes):
                continue
            v = softmax.spread(low, v, e.axes)
            args = [share, rest, peak, v]
        name = "_probability_difference" if len(args) == 8 else "_probability_gap"
        arrays = tuple(low.transposed(a, tuple(x for x in e.axes if x in a.axes)).array for a in args)
        if any(set(a.axes) != set(b.axes) for a, b in zip(args[3:6], args[:3], strict=False)):
            return None
        gap = Lowered(Array(Kind.KERNEL, (name, e.axes.index(idx)), arrays, e.array.shape, "f"), e.axes)
        return gap if scale == 1 else operate(low, "*", low.value(number(scale)), gap)
    return None


def complement(low: Lowering, node: Node) -> Lowered | None:
    """1 - p with p an entry of a softmax along one axis, as ((peak - e) + rest)/(peak + rest), where no digits cancel; None for another sum."""
    if len(node.args) != 2 or ONE not in node.args:
        return None
    c, p = split_coefficient(node.args[0] if node.args[1] == ONE else node.args[1])
    seen = _behind(low, p)
    found = softmax.entry(seen.args[0]) if c == -1 and seen.op is Op.CALL and seen.data == "exp" else None
    if found is None or len(found[1]) != 1:
        return None
    body, bound, at = found
    e, rest, _, peak = softmax.exponentials(low, body, bound)
    here = softmax.entries_at(low, e, bound, at)
    others = operate(low, "+", operate(low, "-", peak, here), rest)
    return operate(low, "/", others, operate(low, "+", peak, rest))


def _behind(low: Lowering, node: Node) -> Node:
    """The value that a name stands for, where it has one for all its elements."""
    d = low.definitions.get(str(node.data)) if node.op is Op.READ else None
    if d is None or len(d.equations) != 1 or d.equations[0].lhs != d.axes:
        return node
    return substitute(d.value, dict(zip(d.axes, node.args, strict=True)))


def softmax_parts(low: Lowering, node: Node) -> tuple[Lowered, Lowered, Lowered, Node, Lowered] | None:
    """(exponentials, sum of all but the largest, the largest, index, entries) of a softmax along one axis; a named one is seen through."""
    node = _behind(low, node)
    if node.op is not Op.CALL or node.data != "exp":
        return None
    found = entry(node.args[0])
    if found is None or len(found[1]) != 1 or found[2][0].op is not Op.INDEX:
        return None
    body, (bound,), (at,) = found
    e, rest, _, peak = softmax.exponentials(low, body, (bound,))
    if at in e.axes and at != bound:
        return None
    entries = low.as_float(low.value(substitute(body, {bound: at})))
    return Lowered(e.array, tuple(at if a == bound else a for a in e.axes)), rest, peak, at, entries


def below_log_sum(low: Lowering, node: Node) -> Lowered | None:
    """u - LogSumExp over a part of an axis, 0 where both are -oo: no entry of such a part has a share; None for another sum."""
    for term, u in (node.args, node.args[::-1]) if len(node.args) == 2 else ():
        c, lse = split_coefficient(term)
        if c == -1 and lse.op is Op.REDUCE and lse.data is Reduction.LOGSUMEXP and may_be_minus_infinity(low, lse):
            binders = zip(lse.args[1::3], lse.args[2::3], lse.args[3::3], strict=True)
            if not all(map(is_whole, binders)):
                sides = [low.as_float(low.value(side)) for side in (u, lse)]
                return low.elementwise(Kind.KERNEL, ("_difference", ""), sides, "f")
    return None


def log_mean(low: Lowering, node: Node) -> Lowered | None:
    """LogSumExp(u) - log(size) along one axis; None for another sum."""
    if len(node.args) != 2:
        return None
    for lse, size in (node.args, node.args[::-1]):
        c, log = split_coefficient(size)
        if c != -1 or lse.op is not Op.REDUCE or lse.data is not Reduction.LOGSUMEXP or log.op is not Op.CALL or log.data != "log":
            continue
        body, binders = opened(lse)
        if len(binders) != 1 or not is_whole(binders[0]) or log.args[0] != binders[0][0].args[0]:
            continue
        bound = binders[0][0]
        v = low.as_float(low.value(body))
        if bound not in v.axes:
            return None
        _, rest, top, peak = softmax.exponentials(low, body, (bound,))
        rest = low.elementwise(Kind.OPERATOR, "/", [rest, peak], "f")
        outer = tuple(a for a in v.axes if a != bound)
        arrays = (v.array, low.transposed(rest, outer).array, low.transposed(top, outer).array)
        return Lowered(Array(Kind.KERNEL, ("_log_mean_exp", v.axes.index(bound)), arrays, rest.array.shape, "f"), outer)
    return None
