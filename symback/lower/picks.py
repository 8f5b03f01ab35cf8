"""Sums against one-hot rows: Σ_s [s = t_n]·f_s is a gather, Σ_n [s = t_n]·f_n its adjoint, a scatter."""

from __future__ import annotations

from collections.abc import Sequence

from symback.core.expr import Node, Op, is_indicator, mul, substitute
from symback.lower.lowering import Lowering


def picked(low: Lowering, body: Node, bound: Sequence[Node]) -> tuple[Node, tuple[Node, ...]] | None:
    """(body, indices) of a sum without an index that a condition fixes to a label; None where there is no such index."""
    for s in bound:
        found = label_of(low, body, s)
        if found is not None:
            label, rest = found
            return substitute(rest, {s: label}), tuple(i for i in bound if i is not s)
    return None


def label_of(low: Lowering, body: Node, s: Node) -> tuple[Node, Node] | None:
    """(label, other factors) of a product that is 0 but where the index s is the label; None for another product."""
    factors = body.args if body.op is Op.MUL else (body,)
    for f in factors:
        if not is_indicator(f):
            continue
        condition = f.args[1]
        if condition.op is not Op.COMPARE or condition.data != "==" or s not in condition.args:
            continue
        (label,) = (a for a in condition.args if a is not s) if condition.args[0] != condition.args[1] else (s,)
        if label.op is Op.READ and s not in label.free and _is_label(low, label, s.args[0]):
            return label, mul(*(g for g in factors if g is not f))
    return None


def _is_label(low: Lowering, label: Node, size: Node) -> bool:
    """Whether every element of the tensor that is read was checked to be a position of an axis of this size."""
    tensor = low.tensor(str(label.data))
    return tensor is not None and tensor.values == size and not tensor.also
