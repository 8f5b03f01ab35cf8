"""Reductions of windows: each tap's slice is taken over the whole image at once, which touches memory in order."""

from __future__ import annotations

from dataclasses import replace

from symback.core.expr import Node, Op, Reduction, reads, reduction, whole
from symback.lower.accumulations import ScatterItem, ScatterPlan, unchanged
from symback.lower.arrays import FULL_SLICE, Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.reads import reads_stay_inside
from symback.lower.taps import adds_indices, in_one_tap, inside_loop, loop_of, variable, windows_read
from symback.lower.views import taps_of

_START = {Reduction.SUM: "0", Reduction.MAX: "-np.inf", Reduction.MIN: "np.inf"}
_UFUNC = {Reduction.SUM: "add", Reduction.MAX: "maximum", Reduction.MIN: "minimum"}
_NAME = {Reduction.SUM: "total", Reduction.MAX: "peak", Reduction.MIN: "floor_"}


def over_taps(low: Lowering, kind: Reduction, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """A reduction of windows by a loop over their taps; None where there are none, or where a matrix product does it."""
    if kind not in _START or low.guards:
        return None
    windows = _windows(low, body)
    taps = tuple(dict.fromkeys(t for _, v in windows for t in taps_of(v)))
    summed = tuple(t for t in taps if t in bound)
    if not taps or kind is Reduction.SUM and _is_matrix_product(body, windows):
        return None
    if len(summed) == len(taps):
        return _accumulated(low, kind, body, bound, taps)
    if kind is Reduction.SUM and not summed and body.op is Op.MUL:
        return _one_by_one(low, body, bound, taps)
    return None


def _windows(low: Lowering, body: Node) -> list[tuple[Node, Lowered]]:
    """The reads of sliding windows in an expression, outside its inner reductions and the branches that guard them."""
    candidates = [r for r in reads(body) if adds_indices(r)]
    if not candidates:
        return []
    inner = {r for n in _apart(low, body) for r in reads(n)}
    trial = replace(low, checks=dict(low.checks), array_checks=dict(low.array_checks), memo={})  # what is not used needs no check
    found = [(r, windows_read(trial, r)) for r in candidates if r not in inner]
    return [(r, v) for r, v in found if v is not None]


def _apart(low: Lowering, body: Node) -> list[Node]:
    if body.op is Op.REDUCE or body.op is Op.PIECEWISE and not reads_stay_inside(low, body):
        return [body]
    return [n for a in body.args for n in _apart(low, a)]


def _is_matrix_product(body: Node, windows: list[tuple[Node, Lowered]]) -> bool:
    """Whether a factor has an index that the windows beside it lack."""
    factors = body.args if body.op is Op.MUL else (body,)
    own = set().union(*(r.free for r, _ in windows))
    return any(not f.free <= own for f in factors)


def _accumulated(low: Lowering, kind: Reduction, body: Node, bound: tuple[Node, ...], taps: tuple[Node, ...]) -> Lowered | None:
    """All taps are reduced over: what each gives is added to the rest, or compared with it."""
    tapped = _variables(low, taps)
    rest = [whole(b) for b in bound if b not in taps]
    each = in_one_tap(low, body, tapped)
    value = inside_loop(low, tapped).value(reduction(kind, each, rest) if rest else each)
    if value.array.kind is Kind.CAST and value.array.args[0].element == "b":
        value = Lowered(value.array.args[0], value.axes)  # conditions are counted as they are
    if value.array.element not in (("f", "b") if kind is Reduction.SUM else ("f",)):
        return None
    shape = tuple(a.args[0] for a in value.axes)
    item = ScatterItem((), value.array, taps=loop_of(tapped), ufunc=_UFUNC[kind])
    return _filled(item, Array(Kind.FULL, _START[kind], (), shape, "f"), value.axes, _NAME[kind])


def _one_by_one(low: Lowering, body: Node, bound: tuple[Node, ...], taps: tuple[Node, ...]) -> Lowered:
    """No tap is summed over: each has its own sum of products."""
    tapped = _variables(low, taps)
    each = reduction(Reduction.SUM, in_one_tap(low, body, tapped), [whole(b) for b in bound])
    value = low.as_float(inside_loop(low, tapped).value(each))
    axes = (*value.axes, *taps)
    shape = tuple(a.args[0] for a in axes)
    items = (*[FULL_SLICE] * len(value.axes), *tapped.values())
    item = ScatterItem(items, value.array, taps=loop_of(tapped), assigned=True)
    return _filled(item, Array(Kind.FULL, "", (), shape, "f"), axes, "product")


def _variables(low: Lowering, taps: tuple[Node, ...]) -> dict[Node, Node]:
    taken: set[str] = set()
    return {t: variable(low, t, taken) for t in taps}


def _filled(item: ScatterItem, start: Array, axes: tuple[Node, ...], name: str) -> Lowered:
    """The array that a loop over taps fills from `start`."""
    variables = frozenset(v for v, _ in item.taps)
    outside = unchanged([item.value], variables)
    loops = item.value.loops - variables
    zero = start.data == "0"
    operands = outside if zero else (start, *outside)
    return Lowered(Array(Kind.SCATTER, ScatterPlan((item,), not zero, start.shape, name), operands, start.shape, "f", loops=loops), axes)
