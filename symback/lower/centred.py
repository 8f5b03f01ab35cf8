"""u - mean(u) for a value of forward, with the rounding of the mean taken out where it shows."""

from __future__ import annotations

from symback.calculus.entries import match
from symback.core.expr import MINUS_ONE, Node, Op, Reduction, is_whole, mul, opened, power, split_coefficient, substitute
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering


def centred(low: Lowering, node: Node) -> Lowered | None:
    """x - m where m is the mean of x over an index of it; None for another sum."""
    if len(node.args) != 2:
        return None
    for k, term in enumerate(node.args):
        c, mean = split_coefficient(term)
        entry = node.args[1 - k]
        if c >= 0 or split_coefficient(entry)[0] != 1 and mean.op is Op.READ:
            continue
        if c != -1:
            mean = mul(term, MINUS_ONE)
        found = _mean_of(low, mean)
        if found is None:
            continue
        body, bound = found
        at = match(body, entry, bound)
        if (
            at is not None
            and len(set(at)) == len(at)
            and all(_runs_alike(i, b) and i not in mean.free for i, b in zip(at, bound, strict=True))
        ):
            return _kernel(low, entry, mean, at)
    return None


def _runs_alike(i: Node, b: Node) -> bool:
    """Whether both are indices over the whole of one axis: the mean of a part of it is another one."""
    return i.op is b.op and i.args == b.args


def _mean_of(low: Lowering, mean: Node) -> tuple[Node, tuple[Node, ...]] | None:
    """(body, indices) with mean = Sum(body)/size over whole ranges; a named mean is seen through."""
    if mean.op is Op.READ:
        d = low.definitions.get(str(mean.data))
        if d is None or len(d.equations) != 1 or d.equations[0].lhs != d.axes:
            return None
        mean = substitute(d.value, dict(zip(d.axes, mean.args, strict=True)))
    factors = mean.args if mean.op is Op.MUL else (mean,)
    sums = [f for f in factors if f.op is Op.REDUCE and f.data is Reduction.SUM]
    if len(sums) != 1:
        return None
    body, binders = opened(sums[0])
    size = mul(*(b[0].args[0] for b in binders))
    if not all(is_whole(b) for b in binders) or mul(*(f for f in factors if f is not sums[0])) != power(size, MINUS_ONE):
        return None
    return body, tuple(b[0] for b in binders)


def _kernel(low: Lowering, entry: Node, mean: Node, at: tuple[Node, ...]) -> Lowered | None:
    x, m = low.as_float(low.value(entry)), low.as_float(low.value(mean))
    if any(i not in x.axes for i in at) or x.array.element != "f" or m.array.late or any(a not in x.axes for a in m.axes):
        return None
    axes = tuple(x.axes.index(i) for i in at)
    args = (x.array, low.aligned(m, x.axes))
    extra = axes[0] if len(axes) == 1 else f"axis={axes}"
    return Lowered(Array(Kind.KERNEL, ("_centred", extra), args, x.array.shape, "f"), x.axes)
