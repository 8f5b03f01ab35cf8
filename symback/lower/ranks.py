"""Sums over the entries of a row that are at least as large as one of them: in ascending order, not pair by pair."""

from __future__ import annotations

from dataclasses import dataclass

from symback.core.expr import ONE, Node, Op, substitute
from symback.lower.arithmetic import negative
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import conditional

ORDER, SUMS, COUNTS = "_ascending", "_sums_of_larger", "_counts_of_larger"


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A value at the entries `bound`, counted at each entry `at` where `entry` is no less than it is there, or no more."""

    value: Node
    entry: Node
    bound: Node
    at: Node
    larger: bool


def sums_of_larger(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """Σ_j v_j·[x_c ≤ x_j] for each c, and Σ_j v_j·[x_j ≤ x_c], by one sort of each row; None for another sum."""
    pairs = _pairs(body, bound[0]) if len(bound) == 1 and not low.loop_vars and not low.guards else None
    if pairs is None:
        return None
    x = low.as_float(low.value(pairs.entry))
    others = tuple(a for a in x.axes if a != pairs.bound)
    if len(others) + 1 != len(x.axes) or x.array.element != "f":
        return None
    axes = (*others, pairs.bound)
    x = low.transposed(x if pairs.larger else negative(low, x), axes)
    order = Array(Kind.KERNEL, (ORDER, ""), (x.array,), x.array.shape, "i")
    ranked = _in_order(x.array, order)
    if pairs.value == ONE:
        return Lowered(Array(Kind.KERNEL, (COUNTS, ""), (ranked, order), order.shape, "i"), (*others, pairs.at))
    v = low.as_float(low.value(pairs.value))
    if not set(v.axes) <= set(axes) or pairs.bound not in v.axes:
        return None
    values = _in_order(low.broadcast(v, axes, "f"), order)
    return Lowered(Array(Kind.KERNEL, (SUMS, ""), (ranked, order, values), order.shape, "f"), (*others, pairs.at))


def _in_order(a: Array, order: Array) -> Array:
    return Array(Kind.KERNEL, ("np.take", ""), (a, order), a.shape, "f")


def _pairs(body: Node, bound: Node) -> _Pairs | None:
    value, conditions = conditional(body)
    if len(conditions) != 1 or conditions[0].op is not Op.COMPARE or conditions[0].data != "<=":
        return None
    less, more = conditions[0].args
    for entry, other in ((less, more), (more, less)):
        at = other.free - entry.free
        if bound not in entry.free or len(at) != 1 or entry.op is not Op.READ:
            continue
        (c,) = at
        if c.args == bound.args and other == substitute(entry, {bound: c}) and c not in value.free:
            return _Pairs(value, entry, bound, c, entry is more)
    return None
