"""Case distinctions by a label: what holds at the labels' elements is written over what holds elsewhere."""

from __future__ import annotations

from symback.calculus.affine import scalar
from symback.core.expr import FALSE, TRUE, ZERO, Node, Op, branches, is_indicator, number, piecewise, split_coefficient, substitute
from symback.lower.accumulations import ScatterItem, ScatterPlan
from symback.lower.arrays import FULL_SLICE, Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import at_label
from symback.lower.scaling import times_scalar

_WITHOUT_POLES = frozenset({"Max", "Min", "Abs", "sign", "exp", "tanh", "sigmoid", "softplus", "sin", "cos"})


def over_labels(low: Lowering, node: Node) -> Lowered | None:
    """Piecewise((a, Eq(c, t)), (v, True)) for a v without poles: v with a written at the labels t, the one place where a is worked out;
    None for another one."""
    pairs = branches(node)
    found = at_label(low, pairs[0][1]) if len(pairs) == 2 and not (low.guards or low.loop_vars) else None
    if found is None or not _without_poles(pairs[1][0]):
        return None
    (a, condition), (elsewhere, _) = pairs
    if scalar(a) and scalar(elsewhere):
        return None
    c, rest = split_coefficient(elsewhere)
    if a == ZERO and c != 1:
        return times_scalar(low, low.value(piecewise((ZERO, condition), (rest, TRUE))), number(c))
    index, label = found
    value, v = low.value(substitute(a, {index: label})), low.as_float(low.value(elsewhere))
    if scalar(elsewhere):
        axes = low.union([low.value(label), low.positions(index)])
        v = Lowered(low.broadcast(v, axes, "f"), axes)
    return _assigned(low, v, index, label, value)


def over_mask(low: Lowering, holds: bool, condition: Node, elsewhere: Lowered) -> Lowered | None:
    """The same for a condition that holds, or does not, at the labels."""
    found = at_label(low, condition) if not (low.guards or low.loop_vars) else None
    return None if found is None else _assigned(low, elsewhere, *found, low.scalar(TRUE if holds else FALSE))


def _assigned(low: Lowering, v: Lowered, index: Node, label: Node, value: Lowered) -> Lowered | None:
    """The array with a value written at the label's element of each row; None where one of them has not the label's axes, or where it is
    no array of its own."""
    places = low.value(label)
    if index not in v.axes or not label.free <= set(v.axes) or v.array.element not in ("f", "b") or not set(value.axes) <= set(places.axes):
        return None
    items: list[object] = []
    operands = [v.array]
    for a in v.axes:
        if a == index or a in label.free:
            position = places if a == index else low.positions(a)
            operands.append(low.aligned(position, places.axes))
            items.append(len(operands) - 1)
        else:
            items.append(FULL_SLICE)
    operands.append(low.aligned(value, places.axes) if value.axes else value.array)
    item = ScatterItem(tuple(items), len(operands) - 1, assigned=True)
    sizes = v.array.shape
    return Lowered(Array(Kind.SCATTER, ScatterPlan((item,), True, sizes), operands, sizes, v.array.element), v.axes)


def _without_poles(node: Node) -> bool:
    """Whether the form shows that it can be worked out for any finite elements."""
    if is_indicator(node):
        return True
    if node.op is Op.POW:
        return node.args[1].op is Op.NUM and node.args[1].data >= 1 and _without_poles(node.args[0])
    if node.op in (Op.CALL, Op.ADD, Op.MUL):
        return (node.op is not Op.CALL or node.data in _WITHOUT_POLES) and all(map(_without_poles, node.args))
    return node.op in (Op.NUM, Op.READ, Op.INDEX, Op.DIM, Op.HYPER)
