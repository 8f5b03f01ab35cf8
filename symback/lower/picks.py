"""Sums against one-hot rows: Σ_s [s = t_n]·f_s is a gather, Σ_n [s = t_n]·f_n its adjoint, a scatter."""

from __future__ import annotations

from collections.abc import Sequence

from symback.core.expr import (
    TRUE,
    ZERO,
    Node,
    Op,
    Reduction,
    both,
    branches,
    conjuncts,
    indicator,
    is_indicator,
    is_whole,
    mul,
    opened,
    substitute,
)
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


def one_hot(low: Lowering, value: Node, axes: Sequence[Node]) -> tuple[Node, Node] | None:
    """(index, label) of a value that is 1 where one of its axes is at a label, or at an extremum along another of this size, and 0 elsewhere."""
    if not is_indicator(value):
        return None
    found = at_label(low, value.args[1])
    if found is None and value.args[1].op is Op.COMPARE and value.args[1].data == "==":
        for s, place in (value.args[1].args, value.args[1].args[::-1]):
            if s.op is Op.INDEX and place.op is Op.REDUCE and place.data in (Reduction.ARGMAX, Reduction.ARGMIN) and s not in place.free:
                binders = opened(place)[1]
                found = (s, place) if len(binders) == 1 and is_whole(binders[0]) and binders[0][0].args == s.args else None
    return found if found is not None and found[0] in axes and found[1].free <= set(axes) else None


def conditional(body: Node) -> tuple[Node, tuple[Node, ...]]:
    """(value, conditions) of what is the value where all conditions hold and 0 elsewhere."""
    if body.op is Op.PIECEWISE and not is_indicator(body):
        first, *others = branches(body)
        return (first[0], conjuncts(first[1])) if others == [(ZERO, TRUE)] else (body, ())
    factors = body.args if body.op is Op.MUL else (body,)
    masks = [f for f in factors if is_indicator(f)]
    return mul(*(f for f in factors if f not in masks)), tuple(c for f in masks for c in conjuncts(f.args[1]))


def is_label(low: Lowering, label: Node, size: Node) -> bool:
    """Whether it reads a tensor of which every element was checked to be a position of an axis of this size."""
    tensor = low.tensor(str(label.data)) if label.op is Op.READ else None
    return tensor is not None and tensor.values == size and not tensor.also
