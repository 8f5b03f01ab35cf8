"""p - onehot along the labels' axis, right at the dominant class too."""

from __future__ import annotations

from symback.calculus.cotangents import Cotangent, Scatter
from symback.core.expr import MINUS_ONE, Node, Op, mul, substitute
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array
from symback.lower.lowering import Lowered, Lowering
from symback.lower.probabilities import softmax_parts


def less_one_hot(low: Lowering, c: Cotangent) -> tuple[Array, Scatter] | None:
    """(base, entry): with value k·p and one scatter of -k at labels, `base` is k·p, and `entry` is what the label's element is to be,

        k·(p_t - 1) = ((e_t - peak) - rest)·k/(peak + rest),

    where no digits cancel: e_t ≤ peak, and rest is the sum of the other exponentials than the largest. None for another cotangent.
    """
    if len(c.scatters) != 1 or c.value.op is Op.ADD:
        return None
    (scatter,) = c.scatters
    factors = list(c.value.args) if c.value.op is Op.MUL else [c.value]
    for n, f in enumerate(factors):
        parts = softmax_parts(low, f)
        if parts is None:
            continue
        e, rest, peak, axis, _ = parts
        scale = mul(*factors[:n], *factors[n + 1 :])
        if axis in scale.free or axis not in c.axes or set(e.axes) != set(c.axes):
            return None
        at = c.axes.index(axis)
        label = scatter.targets[at]
        others = [i for k, i in enumerate(c.axes) if k != at]
        own = [t for k, t in enumerate(scatter.targets) if k != at]
        if (
            label.op not in (Op.READ, Op.NUM)
            or len(set(own)) != len(own)
            or any(t.op is not Op.INDEX or t.args != i.args for t, i in zip(own, others, strict=True))
        ):
            return None
        renamed = dict(zip(others, own, strict=True))
        if scatter.value != mul(MINUS_ONE, substitute(scale, renamed)) or set(scatter.scope) != set(own):
            return None
        total = operate(low, "+", peak, rest)
        factor = operate(low, "/", low.value(scale), total)
        base = low.broadcast(operate(low, "*", e, factor), c.axes)
        there = _at_label(low, e, axis, label, renamed)
        gap = operate(low, "-", operate(low, "-", there, _renamed(peak, renamed)), _renamed(rest, renamed))
        entry = low.ranked(tuple(own)).broadcast(operate(low, "*", gap, _renamed(factor, renamed)), tuple(own))
        return base, Scatter(scatter.targets, scatter.scope, low.named(entry, own))
    return None


def _renamed(v: Lowered, names: dict[Node, Node]) -> Lowered:
    return Lowered(v.array, tuple(names.get(a, a) for a in v.axes))


def _at_label(low: Lowering, e: Lowered, axis: Node, label: Node, renamed: dict[Node, Node]) -> Lowered:
    return low.tolerant().value(low.named(e.array, [label if a == axis else renamed.get(a, a) for a in e.axes]))
