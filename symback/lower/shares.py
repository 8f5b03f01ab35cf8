"""Softmaxes over the elements that bear one label, Σ_e [t_e = u]·exp(s_e): one pass over the elements, no table of elements by labels."""

from __future__ import annotations

from dataclasses import dataclass

from symback.calculus.entries import less_log_sums
from symback.core.expr import (
    NEG_INF,
    ONE,
    TRUE,
    Node,
    Op,
    both,
    branches,
    conjuncts,
    index,
    piecewise,
    substitute,
)
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind
from symback.lower.lists import as_index
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import is_label
from symback.lower.reads import read_array_unchecked


@dataclass(frozen=True, slots=True)
class _Labelled:
    """Entries over the index `bound`, of which those count whose `label` is `at`; -oo stands for the others."""

    entry: Node
    bound: Node
    label: Node
    at: Node


def share(low: Lowering, node: Node) -> Lowered | None:
    """exp(u_e - LogSumExp of the u that bear the label of e); None for another exponential."""
    found = _own(low, node.args[0])
    if found is None:
        return None
    rows, e = found
    power, rest, _ = _exponentials(low, rows)
    here = Lowered(power.array, tuple(e if a == rows.bound else a for a in power.axes))
    return operate(low, "/", here, _at(low, operate(low, "+", rest, low.value(ONE)), rows))


def log_share(low: Lowering, node: Node) -> Lowered | None:
    """u_e - LogSumExp of the u that bear the label of e, as (u_e - max) - log1p(rest); None for another sum."""
    found = _own(low, node)
    if found is None:
        return None
    rows, e = found
    _, rest, top = _exponentials(low, rows)
    here = low.as_float(low.value(substitute(rows.entry, {rows.bound: e})))
    shifted = low.elementwise(Kind.KERNEL, ("_under", ""), [here, _at(low, top, rows)], "f")
    return operate(low, "-", shifted, _at(low, low.elementwise(Kind.UFUNC, "log1p", [rest], "f"), rows))


def logsumexp(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """The log-sum-exp over the entries that bear a label; None where no label tells them apart."""
    rows = _labelled(low, body, bound)
    if rows is None:
        return None
    _, rest, top = _exponentials(low, rows)
    return _at(low, operate(low, "+", top, low.elementwise(Kind.UFUNC, "log1p", [rest], "f")), rows)


def _labelled(low: Lowering, body: Node, bound: tuple[Node, ...]) -> _Labelled | None:
    """The entries of {u_e if t_e = n, else -oo} over e, with n an index or a label; None for others."""
    if len(bound) != 1 or body.op is not Op.PIECEWISE or len(body.args) != 4 or body.args[2] != NEG_INF:
        return None
    (e,), (u, condition), _ = bound, *branches(body)
    conditions = conjuncts(condition)
    for c in conditions:
        if c.op is not Op.COMPARE or c.data != "==":
            continue
        for label, at in (c.args, c.args[::-1]):
            if label.op is not Op.READ or label.args != (e,) or e in at.free or not _is_position(low, label, at):
                continue
            others = both(*(k for k in conditions if k is not c))
            entry = piecewise((u, others), (NEG_INF, TRUE)) if others != TRUE else u
            if e in entry.free and not entry.free & at.free:
                return _Labelled(entry, e, label, at)
    return None


def _is_position(low: Lowering, label: Node, at: Node) -> bool:
    """Whether both are proved to be positions of one axis."""
    if at.op is Op.INDEX:
        return is_label(low, label, at.args[0])
    tensor = low.tensor(str(at.data)) if at.op is Op.READ else None
    return tensor is not None and tensor.values is not None and is_label(low, at, tensor.values) and is_label(low, label, tensor.values)


def _own(low: Lowering, node: Node) -> tuple[_Labelled, Node] | None:
    """(entries, e) of u_e - LogSumExp(u over the elements with the label of e)."""
    for rest, body, bound in less_log_sums(node):
        rows = _labelled(low, body, bound)
        if rows is None or rows.at.op is not Op.READ or rows.at.data != rows.label.data:
            continue
        (e,) = rows.at.args
        if e.op is Op.INDEX and substitute(rows.entry, {rows.bound: e}) == rest:
            return rows, e
    return None


def _exponentials(low: Lowering, rows: _Labelled) -> tuple[Lowered, Lowered, Lowered]:
    """(exponentials over the elements, the sum of all but the largest of each label, the largest entry of each label).

    The exponential of the largest is 1, where a label has none too.
    """
    size = low.tensor(str(rows.label.data)).values
    inner, place = index(f"@element{rows.entry.height}", rows.bound.args[0]), index(f"@label{rows.entry.height}", size)
    renamed = {rows.bound: inner}
    v = low.as_float(low.value(substitute(rows.entry, renamed)))
    others = tuple(a for a in v.axes if a != inner)
    v = low.transposed(v, (inner, *others))
    labels = as_index(low.value(substitute(rows.label, renamed)))
    call = Array(Kind.KERNEL, ("_label_exponentials", ""), (v.array, labels.array, low.value(size).array), v.array.shape, "f")
    each = (size, *v.array.shape[1:])
    exponentials = Lowered(Array(Kind.PART, 0, (call,), v.array.shape, "f"), (rows.bound, *others))
    rest, top = (Lowered(Array(Kind.PART, k, (call,), each, "f"), (place, *others)) for k in (1, 2))
    return exponentials, rest, top


def _at(low: Lowering, v: Lowered, rows: _Labelled) -> Lowered:
    """The value of each label at the place that is asked for."""
    if rows.at.op is Op.INDEX:
        return Lowered(v.array, (rows.at, *v.axes[1:]))
    return read_array_unchecked(low, v.array, v.array.shape, (rows.at, *v.axes[1:]))
