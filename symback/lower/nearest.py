"""The nearest of several rows: by one matrix product, where only rows in doubt are compared by their differences."""

from __future__ import annotations

from symback.core.expr import Node, Op, Reduction, is_whole, opened, split_coefficient, substitute, walk
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering

NEAREST = "_nearest"


def nearest(low: Lowering, kind: Reduction, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """Argmin over k of Σ_j (x_nj - c_kj)², where nothing else reads the distances; None for another extremum."""
    if kind is not Reduction.ARGMIN or len(bound) != 1 or low.loop_vars:
        return None
    distance = _only_read_here(low, body)
    if distance is None or distance.op is not Op.REDUCE or distance.data is not Reduction.SUM:
        return None
    square, binders = opened(distance)
    if (
        len(binders) != 1
        or not is_whole(binders[0])
        or square.op is not Op.POW
        or square.args[1].op is not Op.NUM
        or square.args[1].data != 2
    ):
        return None
    (k,), j, gap = bound, binders[0][0], square.args[0]
    parts = dict(split_coefficient(t) for t in gap.args) if gap.op is Op.ADD and len(gap.args) == 2 else {}
    if set(parts) != {1, -1} or any(v.op is not Op.READ for v in parts.values()):
        return None
    x, centre = sorted(parts.values(), key=lambda v: k in v.free)
    rows = x.free - {j}
    if centre.free != {k, j} or j not in x.free or k in rows or len(rows) != 1:
        return None
    (n,) = rows
    operands = [low.transposed(low.as_float(low.value(v)), (i, j)) for v, i in ((x, n), (centre, k))]
    return Lowered(Array(Kind.KERNEL, (NEAREST, ""), [v.array for v in operands], (n.args[0],), "i"), (n,))


def _only_read_here(low: Lowering, body: Node) -> Node | None:
    """What a read stands for, where it is the only one of a value that is not returned; the expression itself where it is no read."""
    if body.op is not Op.READ:
        return body
    d = low.definitions.get(str(body.data))
    if d is None or len(d.equations) != 1 or d.name in low.returned:
        return None
    readers = sum(
        n.op is Op.READ and n.data == d.name for other in low.definitions.values() for e in other.equations for n in walk(e.value)
    )
    return substitute(d.value, dict(zip(d.axes, body.args, strict=True))) if readers == 1 else None
