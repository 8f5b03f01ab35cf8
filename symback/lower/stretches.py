"""Sums over stretches of an axis whose ends an index decides in another way than by adding to it: a slice each, not a mask over all places."""

from __future__ import annotations

from symback.calculus.affine import affine
from symback.core.expr import (
    MINUS_ONE,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    both,
    factors_of,
    indicator,
    mul,
    neg,
    reads,
    reduction,
    split_coefficient,
    terms_of,
    total,
    walk,
    whole,
)
from symback.lower.arithmetic import integral
from symback.lower.arrays import Array, Kind
from symback.lower.finiteness import finite_by_form
from symback.lower.lists import as_index
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import conditional
from symback.lower.reads import reads_stay_inside


def stretch_sums(low: Lowering, body: Node, binders: tuple[Binder, ...]) -> Lowered | None:
    """Σ of x_j from a_i to b_i, with one of the binders' ranges summed first where there are several; None for another sum."""
    for chosen in binders:
        j, first, last = chosen
        others = tuple(b for b in binders if b is not chosen)
        ends = first.free | last.free
        crossed = ends & {b[0] for b in others} or any(j in end.free for b in others for end in b[1:])
        if len(ends) != 1 or crossed or not _decided(first, last) or ends & body.free or not reads_stay_inside(low, body):
            continue
        if others:
            return low.value(reduction(Reduction.SUM, reduction(Reduction.SUM, body, (chosen,)), others))
        v = low.as_float(low.value(body))
        if j not in v.axes:
            return None
        (i,) = ends
        axes = tuple(i if a == j else a for a in v.axes)
        at = v.axes.index(j)
        return Lowered(Array(Kind.KERNEL, ("_stretch_sums", at), (v.array, *_ends(low, i, first, last)), _shape(axes), "f"), axes)
    return None


def spread(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """Σ_i of v_i·w where a_i ≤ l ≤ b_i, for a place l that v does not use: w times the sum of v_i, each added from a_i to b_i."""
    value, conditions = conditional(body)
    if not conditions or low.guards:
        return None
    factors = factors_of(value)
    for i in bound:
        own = [c for c in conditions if i in c.free]
        v = mul(*(f for f in factors if i in f.free))
        for place in sorted({k for c in own for k in c.free} - {i, *v.free}, key=lambda k: str(k.data)):
            ends = _limits(low, own, i, place)
            beside = [f for f in factors if place in f.free]
            if ends is None or not v.free or not reads_stay_inside(low, v) or not all(finite_by_form(low, f) for f in beside):
                continue
            added = _added(low, v, i, place, ends)
            rest = both(*(c for c in conditions if c not in own))
            left = mul(added, *(f for f in factors if i not in f.free), indicator(rest))
            return low.value(total(left, *(whole(b) for b in bound if b != i)))
    return None


def _added(low: Lowering, value: Node, i: Node, place: Node, ends: tuple[Node, Node]) -> Node:
    """A read, over the places, of what the values of all i add there."""
    v = low.as_float(low.value(value))
    axes = tuple(place if a == i else a for a in v.axes)
    operands = (v.array, *_ends(low, i, *ends), low.scalar(place.args[0]).array)
    return low.named(Array(Kind.KERNEL, ("_spread_over_stretches", v.axes.index(i)), operands, _shape(axes), "f"), axes)


def _limits(low: Lowering, conditions: list[Node], i: Node, place: Node) -> tuple[Node, Node] | None:
    """(a, b) of conditions that say a ≤ place ≤ b with limits that depend on i alone, or are those of the axis."""
    first, last = [], []
    for c in conditions:
        if c.op is not Op.COMPARE or c.data not in ("<", "<="):
            return None
        gap = add(c.args[1], neg(c.args[0]), MINUS_ONE if c.data == "<" else ZERO)
        along = [t for t in terms_of(gap) if place in t.free]
        side = add(*(t for t in terms_of(gap) if place not in t.free))
        if len(along) != 1 or split_coefficient(along[0])[1] != place or not side.free <= {i}:
            return None
        c = split_coefficient(along[0])[0]
        if abs(c) != 1:
            return None
        (first if c > 0 else last).append(neg(side) if c > 0 else side)
    if len(first) > 1 or len(last) > 1:
        return None
    ends = (*first, ZERO)[0], (*last, add(place.args[0], MINUS_ONE))[0]
    return ends if _decided(*ends) and all(_is_whole(low, e) for e in ends) else None


def _is_whole(low: Lowering, node: Node) -> bool:
    """Whether it is made of indices, sizes, whole hyperparameters and floors by operations that give whole numbers."""
    hypers = {h.name for h in low.program.hyperparameters if isinstance(h.default, int)}

    def known(n: Node) -> bool:
        return n.op in (Op.INDEX, Op.DIM) or n.op is Op.HYPER and n.data in hypers or n.op is Op.CALL and n.data == "floor"

    return integral(node, known)


def _decided(first: Node, last: Node) -> bool:
    """Whether sizes decide both ends, and one of them is no affine map of an index."""
    return not any(reads(e) for e in (first, last)) and not (affine(first) and affine(last))


def _ends(low: Lowering, i: Node, first: Node, last: Node) -> tuple[Array, ...]:
    """Both ends as integers, for each i."""
    ends = []
    for end in (first, last):
        rounded = any(n.op is Op.CALL and n.data == "floor" for n in walk(end))
        v = low.value(end)
        ends.append(low.broadcast(as_index(v) if rounded else v, (i,)))
    return tuple(ends)


def _shape(axes: tuple[Node, ...]) -> tuple[Node, ...]:
    return tuple(a.args[0] for a in axes)
