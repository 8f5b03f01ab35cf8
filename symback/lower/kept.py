"""Softmaxes that the steps of a recurrence make on their way: kept for backward, where it wants them, instead of made again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symback.calculus.affine import never_negative
from symback.calculus.patterns import skeleton
from symback.core.expr import ZERO, Node, Reduction, add, call, dim, index, neg, reduction, substitute, whole
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering

Variables = tuple[tuple[str, Node, Node, bool], ...]


@dataclass(frozen=True, slots=True)
class StepSoftmax:
    """The softmax of one step and where all of them are to be kept.

    form     what it is over all steps, whatever its indices are called
    called   those indices
    name     the buffer's
    axes     its axes over all steps, the one that is summed over under a name of its own
    value    that of the step
    """

    form: int
    called: tuple[Node, ...]
    name: str
    axes: tuple[Node, ...]
    value: Array

    @property
    def shape(self) -> tuple[Node, ...]:
        return tuple(a.args[0] if never_negative(a.args[0]) else call("Max", a.args[0], ZERO) for a in self.axes)


def share_of_total(low: Lowering, e: Lowered, rest: Lowered, peak: Lowered) -> Lowered:
    """Exponentials over the sum of all."""
    total = low.elementwise(Kind.OPERATOR, "+", [peak, rest], "f")
    return low.elementwise(Kind.OPERATOR, "/", [e, total], "f")


def softmaxes_of_step(low: Lowering, variables: Variables, step_axes: tuple[Node, ...], base: str) -> list[StepSoftmax]:
    """Those that a step has made since it was asked last, and that are to be kept; all of them are noted."""
    counts = tuple(index(str(a.data), add(stop, neg(first))) for a, (_, first, stop, _) in zip(step_axes, variables, strict=True))
    moved = {dim(v): add(first, i) for (v, first, _, _), i in zip(variables, counts, strict=True)}
    made, out = dict.fromkeys(low.watched), []
    low.watched.clear()
    for body, b, e, rest, peak in made:
        form, called = _form(substitute(body, moved), b)
        low.softmaxes.add(form)
        p = share_of_total(low, e, rest, peak)
        if form in low.plan.kept and set(counts) <= set(called) and set(p.axes) - {b} <= set(called):
            name = f"{base}_weights"
            while name in low.reserved() or any(name == s.name for s in out):
                name += "_"
            out.append(StepSoftmax(form, called, name, (*counts, *(_summed(b) if a == b else a for a in p.axes)), p.array))
    return out


def remember(low: Lowering, softmaxes: list[StepSoftmax], loop: Array) -> None:
    """Note where a loop has put its softmaxes."""
    for s in softmaxes:
        low.kept[s.form] = s.called, Lowered(Array(Kind.BUFFER, s.name, (loop,), s.shape, "f"), s.axes)


def kept(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """The softmax of these entries over all steps of a loop that has kept it; None where none has."""
    if low.loop_vars or not low.softmaxes or len(bound) != 1:
        return None
    form, indices = _form(body, bound[0])
    if form in low.softmaxes:
        low.wanted.add(form)
    if form not in low.kept:
        return None
    called, v = low.kept[form]
    names: Mapping[Node, Node] = {_summed(bound[0]): bound[0], **dict(zip(called, indices, strict=True))}
    return Lowered(v.array, tuple(names[a] for a in v.axes))


def _form(body: Node, b: Node) -> tuple[int, tuple[Node, ...]]:
    return skeleton(reduction(Reduction.LOGSUMEXP, body, [whole(b)]))


def _summed(b: Node) -> Node:
    return index("@summed", b.args[0])
