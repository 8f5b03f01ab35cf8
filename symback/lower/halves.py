"""Case distinctions by the place on an axis: each part is computed over its own stretch, and the parts stand one behind the other."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.affine import affine, linear, without_wraps
from symback.calculus.cotangents import Scatter
from symback.core.expr import ONE, ZERO, Node, Op, add, branches, fresh_index, neg, substitute
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.views import is_count, is_part


def halves(low: Lowering, node: Node) -> Lowered | None:
    """Piecewise((u, i < e), (v, True)) as u over 0 … e-1 followed by v over the rest; None for another case distinction."""
    pairs = branches(node)
    found = _threshold(low, pairs[0][1]) if len(pairs) == 2 and not low.guards else None
    if found is None:
        return None
    i, first, rest, below = found
    values = [pairs[0][0], pairs[1][0]] if below else [pairs[1][0], pairs[0][0]]
    starts = (ZERO, first.args[0])
    parts = []
    for value, own, start in zip(values, (first, rest), starts, strict=True):
        here = low.ranked(tuple(own if a == i else a for a in low.rank))
        parts.append((own, here.as_float(here.value(without_wraps(substitute(value, {i: add(start, own)}))))))
    axes = low.union([Lowered(v.array, tuple(i if a == own else a for a in v.axes)) for own, v in parts])
    if i not in axes or any(v.array.element not in "fs" for _, v in parts):
        return None
    arrays = [low.broadcast(v, tuple(own if a == i else a for a in axes), "f") for own, v in parts]
    return Lowered(Array(Kind.CONCATENATE, axes.index(i), arrays, tuple(a.args[0] for a in axes), "f"), axes)


def on_its_stretch(low: Lowering, s: Scatter) -> Scatter:
    """The scatter without the places where a factor of its value is 0 by its case distinction."""
    for f in s.value.args if s.value.op is Op.MUL else (s.value,):
        pairs = branches(f) if f.op is Op.PIECEWISE else []
        if len(pairs) != 2 or ZERO not in (pairs[0][0], pairs[1][0]):
            continue
        found = _threshold(low, pairs[0][1])
        if found is None or found[0] not in s.scope:
            continue
        i, first, rest, below = found
        kept = pairs[1][0] if pairs[0][0] == ZERO else pairs[0][0]
        own, start = (first, ZERO) if (kept is pairs[0][0]) == below else (rest, first.args[0])
        place = {i: add(start, own)}
        value = without_wraps(substitute(substitute(s.value, {f: kept}), place))
        targets = tuple(linear(without_wraps(substitute(t, place))) for t in s.targets)
        return on_its_stretch(low, replace(s, targets=targets, scope=tuple(own if a == i else a for a in s.scope), value=value))
    return s


def _threshold(low: Lowering, condition: Node) -> tuple[Node, Node, Node, bool] | None:
    """(i, index below the threshold, index from it on, whether the condition holds below) of a comparison of an index with
    a number that is proved to lie within its range."""
    if condition.op is not Op.COMPARE or condition.data not in ("<", "<="):
        return None
    form = affine(linear(add(condition.args[0], neg(condition.args[1]))))
    if form is None or len(form.indices) != 1 or form.coefficients[form.indices[0]] not in (ONE, neg(ONE)):
        return None
    (i,) = form.indices
    below = form.coefficients[i] == ONE
    at = neg(form.constant) if below else form.constant
    threshold = linear(add(at, ONE) if below == (condition.data == "<=") else at)
    rest = linear(add(i.args[0], neg(threshold)))
    if not is_count(threshold) or not (is_count(rest) or is_part(low, threshold, i.args[0])):
        return None
    return i, fresh_index(threshold), fresh_index(rest), below
