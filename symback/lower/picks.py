"""Sums against one-hot rows: Σ_s [s = t_n]·f_s is a gather, Σ_n [s = t_n]·f_n its adjoint, a scatter."""

from __future__ import annotations

from collections.abc import Sequence

from symback.core.expr import TRUE, ZERO, Node, Op, both, branches, conjuncts, indicator, is_indicator, mul, substitute
from symback.lower.lowering import Lowering


def picked(low: Lowering, body: Node, bound: Sequence[Node]) -> tuple[Node, tuple[Node, ...]] | None:
    """(body, indices) of a sum without an index that a condition fixes to a label; None where there is no such index."""
    for s in bound:
        found = label_of(low, body, s)
        if found is not None:
            label, rest = found
            return substitute(rest, {s: label}), tuple(i for i in bound if i != s)
    return None


def label_of(low: Lowering, body: Node, s: Node) -> tuple[Node, Node] | None:
    """(label, the rest) of a product or a Piecewise that is 0 but where the index s is the label; None for another one."""
    value, conditions = conditional(body)
    for c in conditions:
        if c.op is not Op.COMPARE or c.data != "==" or s not in c.args:
            continue
        label = c.args[1] if c.args[0] == s else c.args[0]
        if label.op is Op.READ and s not in label.free and is_label(low, label, s.args[0]):
            return label, mul(value, indicator(both(*(d for d in conditions if d is not c))))
    return None


def at_label(low: Lowering, condition: Node) -> tuple[Node, Node] | None:
    """(index, label) of a condition that says that an index is a label; None for another one."""
    if condition.op is not Op.COMPARE or condition.data != "==":
        return None
    for s, label in (condition.args, condition.args[::-1]):
        if s.op is Op.INDEX and label.op is Op.READ and s not in label.free and is_label(low, label, s.args[0]):
            return s, label
    return None


def conditional(body: Node) -> tuple[Node, tuple[Node, ...]]:
    """(value, conditions) of what is the value where all conditions hold and 0 elsewhere."""
    if body.op is Op.PIECEWISE and not is_indicator(body):
        first, *others = branches(body)
        return (first[0], conjuncts(first[1])) if others == [(ZERO, TRUE)] else (body, ())
    factors = body.args if body.op is Op.MUL else (body,)
    masks = [f for f in factors if is_indicator(f)]
    return mul(*(f for f in factors if f not in masks)), tuple(c for f in masks for c in conjuncts(f.args[1]))


def is_label(low: Lowering, label: Node, size: Node) -> bool:
    """Whether every element of the tensor that is read was checked to be a position of an axis of this size."""
    tensor = low.tensor(str(label.data))
    return tensor is not None and tensor.values == size and not tensor.also
