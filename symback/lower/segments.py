"""Sums over the elements of a label, Σ_n [u = t_n]·f_n, wherever they stand: f is added at the labels."""

from __future__ import annotations

from symback.calculus.cotangents import Scatter
from symback.core.expr import Node, Op, index, substitute, total, walk, whole
from symback.lower.accumulations import ScatterPlan
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import is_label, label_of
from symback.lower.reads import read_array_unchecked
from symback.lower.scatters import scatter_item
from symback.lower.views import loops_of


def added(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """The sum over `bound` as an array that its terms are added into along an axis of labels; None where no label decides it."""
    if low.guards:
        return None
    for u in sorted(body.free - set(bound), key=lambda i: str(i.data)):
        found = label_of(low, body, u)
        if found is not None and found[0].free & set(bound):
            return _filled(low, u, found[0], substitute(found[1], {u: found[0]}), bound)
    return _of_one_label(low, body, bound)


def _of_one_label(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """Σ_n [t_m = t_n]·f_n: the sums of all labels, read at the label of m."""
    for at in dict.fromkeys(n for n in walk(body) if n.op is Op.READ and n.free and not n.free & set(bound)):
        tensor = low.tensor(str(at.data))
        if tensor is None or tensor.values is None or not is_label(low, at, tensor.values):
            continue
        u = index(f"@label{body.height}", tensor.values)
        found = label_of(low, substitute(body, {at: u}), u)
        if found is not None and found[0].free & set(bound) and not at.free & (found[0].free | found[1].free):
            sums = _filled(low, u, found[0], substitute(found[1], {u: found[0]}), bound)
            return read_array_unchecked(low, sums.array, sums.array.shape, tuple(at if a == u else a for a in sums.axes))
    return None


def _filled(low: Lowering, u: Node, label: Node, rest: Node, bound: tuple[Node, ...]) -> Lowered:
    value = total(rest, *(whole(b) for b in bound if b not in label.free))
    place = {a: k for k, a in enumerate(low.rank)}
    others = sorted((value.free | label.free) - set(bound), key=lambda i: (place.get(i, len(place)), str(i.data)))
    sizes = tuple(a.args[0] for a in (u, *others))
    operands: list[Array] = []
    scope = (*(b for b in bound if b in label.free), *others)
    item = scatter_item(low, Scatter((label, *others), scope, value), sizes, operands)
    array = Array(Kind.SCATTER, ScatterPlan((item,), False, sizes, "total"), operands, sizes, "f", loops=loops_of(low, *sizes))
    return Lowered(array, (u, *others))
