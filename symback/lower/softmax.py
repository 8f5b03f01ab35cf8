"""exp(u - logsumexp u) and u - logsumexp u by shifted exponentials.

The largest entry is left out of the sum: `rest` keeps the digits that peak + rest loses.
"""

from __future__ import annotations

from collections.abc import Mapping

from symback.calculus.entries import entry, match
from symback.core.expr import Node, Op, Reduction, add, call, index, is_whole, mul, opened, split_coefficient, sub, substitute, walk
from symback.lower import shares
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind
from symback.lower.finiteness import may_be_minus_infinity
from symback.lower.kept import kept, share_of_total
from symback.lower.lowering import Lowered, Lowering
from symback.lower.reads import read_array_unchecked


def softmax(low: Lowering, node: Node) -> Lowered | None:
    """exp(u - LogSumExp u) where the entry u is one of those summed; None for another exponential."""
    found = entry(node.args[0])
    if found is None:
        return shares.share(low, node)
    body, bound, at = found
    p = kept(low, body, bound)
    if p is not None:
        return entries_at(low, p, bound, at)
    e, rest, _, peak = exponentials(low, body, bound)
    p = share_of_total(low, e, rest, peak)
    if p.array in low.computed or all(a.op is Op.INDEX for a in at):
        return entries_at(low, p, bound, at)
    return share_of_total(low, entries_at(low, e, bound, at), rest, peak)


def share_of_several(low: Lowering, node: Node) -> Lowered | None:
    """exp(u_i - log(Sum(exp(u)) + exp(v))) as the softmax of u times the sum's share; None for another exponential."""
    parts = node.args[0].args if node.args[0].op is Op.ADD else ()
    for k, t in enumerate(parts):
        c, total = split_coefficient(t)
        if c != -1 or total.op is not Op.CALL or total.data not in ("softplus", "logaddexp"):
            continue
        u = add(*parts[:k], *parts[k + 1 :])
        sums = (total.args, total.args[::-1]) if total.data == "logaddexp" else ((total.args[0], None),)
        for part, other in sums:
            if part.op is Op.REDUCE and part.data is Reduction.LOGSUMEXP and entry(sub(u, part)) is not None:
                gap = part if other is None else call("difference", part, other)
                return low.value(mul(call("exp", sub(u, part)), call("sigmoid", gap)))
    return None


def fraction(low: Lowering, node: Node) -> tuple[Lowered, Lowered] | None:
    """(exponential, sum) of a softmax over plain axes, unless a value of forward is that softmax already."""
    found = entry(node.args[0])
    p = softmax(low, node)
    if found is None or p is None or p.array in low.computed or p.array.kind is not Kind.OPERATOR:
        return None
    body, bound, at = found
    e, rest, _, peak = exponentials(low, body, bound)
    return entries_at(low, e, bound, at), _total(low, rest, peak)


def log_softmax(low: Lowering, node: Node) -> Lowered | None:
    """u - LogSumExp u, as (u - max) - log1p(rest/peak)."""
    found = entry(node)
    if found is None:
        return shares.log_share(low, node)
    body, bound, at = found
    _, rest, top, peak = exponentials(low, body, bound)
    here = low.as_float(low.value(substitute(body, dict(zip(bound, at, strict=True)))))
    log_rest = logarithm(low, rest, peak)
    if may_be_minus_infinity(low, body):
        shifted = low.elementwise(Kind.KERNEL, ("_under", ""), [here, top], "f")
    else:
        shifted = low.elementwise(Kind.OPERATOR, "-", [here, top], "f")
    return low.elementwise(Kind.OPERATOR, "-", [shifted, log_rest], "f")


def shifted(low: Lowering, here: Node, largest: Node) -> Lowered | None:
    """u - max u with the largest that the exponentials of u are made with; None for another difference."""
    if largest.op is not Op.REDUCE or largest.data is not Reduction.MAX:
        return None
    body, binders = opened(largest)
    bound = tuple(b[0] for b in binders)
    if not all(is_whole(b) for b in binders) or match(body, here, bound) is None:
        return None
    _, _, top, _ = exponentials(low, body, bound)
    return low.elementwise(Kind.OPERATOR, "-", [low.as_float(low.value(here)), top], "f")


def logsumexp(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered:
    """max + log1p(rest/peak); an index that the entries do not have counts them."""
    used = tuple(b for b in bound if b in body.free)
    idle = [b.args[0] for b in bound if b not in used]
    if idle:
        entries = logsumexp(low, body, used) if used else low.as_float(low.value(body))
        return operate(low, "+", entries, low.value(call("log", mul(*idle))))
    of_labels = shares.logsumexp(low, body, bound)
    if of_labels is not None:
        return of_labels
    _, rest, top, peak = exponentials(low, body, bound)
    return low.elementwise(Kind.OPERATOR, "+", [top, logarithm(low, rest, peak)], "f")


def logarithm(low: Lowering, rest: Lowered, peak: Lowered) -> Lowered:
    """log(total) - log(peak)."""
    return low.elementwise(Kind.UFUNC, "log1p", [low.elementwise(Kind.OPERATOR, "/", [rest, peak], "f")], "f")


def _total(low: Lowering, rest: Lowered, peak: Lowered) -> Lowered:
    return low.elementwise(Kind.OPERATOR, "+", [peak, rest], "f")


def exponentials(low: Lowering, body: Node, bound: tuple[Node, ...]) -> tuple[Lowered, Lowered, Lowered, Lowered]:
    """(e, rest, top, peak): exponentials over all axes on a scale of each row's own, the sum of all but the largest, the largest u, its exponential.

    Those that are there with their axes in another order are not made again.
    """
    names = {b: _canonical(b, body.height, k) for k, b in enumerate(bound)}
    call, axes, at = _called(low, body, names)
    if low.exponentials and call not in low.exponentials and all(n.op is not Op.REDUCE for n in walk(body)):
        other, order, place = _called(low.ranked(()), body, names)
        if other in low.exponentials:
            call, axes, at = other, order, place
    low.exponentials.add(call)
    back = {names[b]: b for b in bound}
    e = _part(call, 0, call.shape)
    wide = tuple(a.args[0] for a in axes)
    if wide != e.shape:
        e = Array(Kind.RESHAPE, wide, (e,), wide, "f")
    outer = (*axes[:at], *axes[at + len(bound) :])
    shape = tuple(a.args[0] for a in outer)
    rest, top, peak = (Lowered(_part(call, k, shape), outer) for k in (1, 2, 3))
    all_ = Lowered(e, tuple(back.get(a, a) for a in axes))
    if low.loop_vars and len(bound) == 1:
        low.watched.append((body, bound[0], all_, rest, peak))
    return all_, rest, top, peak


def _called(low: Lowering, body: Node, names: Mapping[Node, Node]) -> tuple[Array, tuple[Node, ...], int]:
    """The helper's call, the axes of the exponentials, and where among them the summed ones begin."""
    inner = tuple(names.values())
    helper = "_exponentials_if_any" if any(map(low.may_be_empty, inner)) else "_exponentials"
    v = spread(low, low.as_float(low.value(substitute(body, names))), inner)
    if len(inner) == 1:
        at = v.axes.index(inner[0])
        return Array(Kind.KERNEL, (helper, at), (v.array,), v.array.shape, "f"), v.axes, at
    outer = tuple(a for a in v.axes if a not in inner)
    v = low.transposed(v, (*outer, *inner))
    shape = (*(a.args[0] for a in outer), mul(*(a.args[0] for a in inner)))
    flat = Array(Kind.RESHAPE, shape, (v.array,), shape, "f")
    return Array(Kind.KERNEL, (helper, len(outer)), (flat,), shape, "f"), v.axes, len(outer)


def spread(low: Lowering, v: Lowered, axes: tuple[Node, ...]) -> Lowered:
    """The value with these axes too, where it is the same along them."""
    missing = tuple(a for a in axes if a not in v.axes)
    if not missing:
        return v
    wide = (*v.axes, *missing)
    element = "i" if v.array.element == "s" else v.array.element
    spread = Array(Kind.KERNEL, ("np.broadcast_to", ""), (low.aligned(v, wide),), tuple(a.args[0] for a in wide), element)
    return low.as_float(Lowered(spread, wide))


def _canonical(idx: Node, height: int, k: int) -> Node:
    """An index for the summed axis whose name does not depend on the author, so that equal softmaxes are one value."""
    return index(f"@softmax{height}.{k}", idx.args[0])


def _part(call: Array, k: int, shape: tuple[Node, ...]) -> Array:
    return Array(Kind.PART, k, (call,), shape, "f")


def entries_at(low: Lowering, v: Lowered, bound: tuple[Node, ...], at: tuple[Node, ...]) -> Lowered:
    """The entry at expressions in place of the bound indices."""
    if (
        all(a.op is Op.INDEX and a.args == b.args for a, b in zip(at, bound, strict=True))
        and len(set(at)) == len(at)
        and not set(at) & {x for x in v.axes if x not in bound}
    ):
        new = dict(zip(bound, at, strict=True))
        return Lowered(v.array, tuple(new.get(a, a) for a in v.axes))
    where = tuple(dict(zip(bound, at, strict=True)).get(a, a) for a in v.axes)
    return read_array_unchecked(low, v.array, v.array.shape, where)
