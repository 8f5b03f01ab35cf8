"""Reductions: contractions through BLAS, prefix sums in one pass, plain reductions over axes."""

from __future__ import annotations

from symback.calculus.affine import index_plus
from symback.core.expr import (
    INF,
    MINUS_ONE,
    NEG_INF,
    ONE,
    TRUE,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    both,
    call,
    compare,
    is_whole,
    mul,
    number,
    opened,
    piecewise,
    reduction,
    whole,
)
from symback.lower import softmax, tails
from symback.lower.arrays import Array, Kind, Slice
from symback.lower.contractions import over_axes, sum_over
from symback.lower.lowering import Lowered, Lowering
from symback.lower.nearest import nearest
from symback.lower.nested import by_inner_sum
from symback.lower.picks import picked
from symback.lower.ranks import sums_of_larger
from symback.lower.segments import added
from symback.lower.stretches import spread, stretch_sums
from symback.lower.windowed import over_taps

_ACCUMULATE = {
    Reduction.SUM: "add",
    Reduction.PROD: "multiply",
    Reduction.MAX: "maximum",
    Reduction.MIN: "minimum",
    Reduction.LOGSUMEXP: "logaddexp",
}

_NEUTRAL = {Reduction.SUM: ZERO, Reduction.PROD: ONE, Reduction.MAX: NEG_INF, Reduction.MIN: INF, Reduction.LOGSUMEXP: NEG_INF}


def reduce(low: Lowering, node: Node) -> Lowered:
    """The reduction as an array over its free indices."""
    node = low.index_free_limits(node)
    body, binders = opened(node)
    partial = [b for b in binders if not is_whole(b)]
    if partial:
        return _partial(low, node, body, binders, partial)
    bound = tuple(b[0] for b in binders)
    at_label = picked(low, body, bound) if node.data is Reduction.SUM else None
    if at_label is not None:
        rest, left = at_label
        return low.value(reduction(Reduction.SUM, rest, [whole(b) for b in left]) if left else rest)
    segments = added(low, body, bound) if node.data is Reduction.SUM else None
    if segments is not None:
        return segments
    tapped = over_taps(low, node.data, body, bound)
    if tapped is not None:
        return tapped
    if node.data is Reduction.SUM:
        return spread(low, body, bound) or sums_of_larger(low, body, bound) or by_inner_sum(low, node) or sum_over(low, body, bound)
    if node.data is Reduction.LOGSUMEXP:
        return softmax.logsumexp(low, body, bound)
    return nearest(low, node.data, body, bound) or over_axes(low, node.data, low.value(body), bound)


def _partial(low: Lowering, node: Node, body: Node, binders: tuple[Binder, ...], partial: list[Binder]) -> Lowered:
    """Ranges that depend on an index: one accumulation where they are prefixes or suffixes, else a mask."""
    kind = node.data
    if len(binders) == 1:
        found = _prefix(low, kind, body, binders[0])
        if found is None and kind is Reduction.SUM:
            found = next((found for of in tails.TAILS if (found := of(low, body, binders[0])) is not None), None)
        if found is None:
            found = _stretch(low, kind, body, binders[0])
        if found is not None:
            return found
    elif kind in _NEUTRAL:
        split = _one_by_one(kind, body, binders)
        if split is not None:
            return low.value(split)
    if kind is Reduction.SUM and body.op is Op.MUL:
        bound = {b[0] for b in binders}
        outer = [f for f in body.args if not (f.free & bound)]
        if outer:
            inner = mul(*(f for f in body.args if f.free & bound))
            return low.value(mul(*outer, reduction(kind, inner, binders)))
    if kind is Reduction.SUM:
        sums = stretch_sums(low, body, binders)
        if sums is not None:
            return sums
    condition = both(
        *(c for i, lo, hi in partial for c in (compare("<=", lo, i), compare("<=", i, hi)) if c not in (compare("<=", ZERO, i),))
    )
    if kind in _NEUTRAL:
        neutral = _NEUTRAL[kind]
        masked = piecewise((body, condition), (neutral, TRUE))
        return low.value(reduction(kind, masked, [whole(b[0]) for b in binders]))
    masked = piecewise((body, condition), (NEG_INF if kind is Reduction.ARGMAX else INF, TRUE))
    return low.value(reduction(kind, masked, [whole(b[0]) for b in binders]))


def _one_by_one(kind: Reduction, body: Node, binders: tuple[Binder, ...]) -> Node | None:
    """Whole ranges first, then one that ends or begins at an index which the body does not use, then the others."""
    for chosen in binders:
        (j, lo, hi), others = chosen, [b for b in binders if b is not chosen]
        within = {b[0] for b in others}
        sides = ((lo, hi), (hi, lo))
        open_ended = any(_runs_along(side, j, body) is not None and not (side.free | other.free) & within for side, other in sides)
        if is_whole(chosen) or not open_ended or any(j in side.free for b in others for side in b[1:]):
            continue
        limits = {i for b in binders for side in b[1:] for i in side.free}
        first = [b for b in others if is_whole(b) and b[0] not in limits]
        inner = reduction(kind, body, first) if first else body
        rest = [b for b in others if b not in first]
        summed = reduction(kind, inner, (chosen,))
        return reduction(kind, summed, rest) if rest else summed
    return None


def _stretch(low: Lowering, kind: Reduction, body: Node, binder: Binder) -> Lowered | None:
    """A range between two indices: an accumulation along the one, of a body that is neutral beyond the other."""
    if kind not in _ACCUMULATE:
        return None
    j, lo, hi = binder
    end = add(j.args[0], MINUS_ONE)
    for moving, fixed, condition, limits in ((hi, lo, compare("<=", lo, j), (ZERO, hi)), (lo, hi, compare("<=", j, hi), (lo, end))):
        i = _runs_along(moving, j, body)
        if i is None or i in fixed.free:
            continue
        found = _prefix(low, kind, piecewise((body, condition), (_NEUTRAL[kind], TRUE)), (j, *limits))
        if found is not None:
            return found
    return None


def _runs_along(limit: Node, j: Node, body: Node) -> Node | None:
    """The index i of a limit i + c that has j's range and that the body does not use."""
    form = (limit, 0) if limit.op is Op.INDEX else index_plus(limit)
    return form[0] if form is not None and form[0].args == j.args and form[0] not in body.free else None


def _prefix(low: Lowering, kind: Reduction, body: Node, binder: Binder) -> Lowered | None:
    """j from 0 to i + c, or from i + c to the end, of a body that does not use i: an accumulation read at i + c."""
    j, lo, hi = binder
    end = add(j.args[0], MINUS_ONE)
    if kind not in _ACCUMULATE:
        return None
    if lo == ZERO:
        at, backward = hi, False
    elif hi == end:
        at, backward = lo, True
    else:
        return None
    i = _runs_along(at, j, body)
    if i is None:
        return None
    shift = 0 if at == i else index_plus(at)[1]
    v = low.as_float(low.value(body))
    if j not in v.axes or i in v.axes:
        return None
    axis = v.axes.index(j)
    axes = tuple(i if x == j else x for x in v.axes)
    run = _run(v.array, kind, axis, backward)
    if shift == 0:
        return Lowered(run, axes)
    outward = (shift < 0) if not backward else (shift > 0)
    if not outward:
        return None
    n = number(abs(shift))
    rest = add(j.args[0], mul(MINUS_ONE, n))
    if backward:
        items = tuple(Slice(n, None) if k == axis else Slice() for k in range(len(axes)))
    else:
        items = tuple(Slice(None, call("Max", rest, ZERO)) if k == axis else Slice() for k in range(len(axes)))
    moved_shape = tuple(rest if k == axis else s for k, s in enumerate(run.shape))
    cut = Array(Kind.VIEW, items, (run,), moved_shape, "f")
    fill = {"add": "0", "multiply": "1", "maximum": "-np.inf", "minimum": "np.inf", "logaddexp": "-np.inf"}[_ACCUMULATE[kind]]
    pads = tuple(((ZERO, n) if backward else (n, ZERO)) if k == axis else (ZERO, ZERO) for k in range(len(axes)))
    return Lowered(Array(Kind.PAD, (pads, fill), (cut,), run.shape, "f"), axes)


def _run(a: Array, kind: Reduction, axis: int, backward: bool) -> Array:
    """The accumulation of an array along an axis, or from its end."""
    if kind is not Reduction.LOGSUMEXP:
        return Array(Kind.ACCUMULATE, (_ACCUMULATE[kind], axis, backward), (a,), a.shape, "f")
    run = Array(Kind.KERNEL, ("_running_log_sum", axis), (tails.turned(a, axis) if backward else a,), a.shape, "f")
    return tails.turned(run, axis) if backward else run
