"""Work of a backward recurrence that waits for no cotangent of it, done for all steps at once before the loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symback.calculus.affine import scalar
from symback.calculus.cotangents import BackwardLoop
from symback.calculus.entries import entry
from symback.core.expr import Node, Op, add, index, is_whole, mul, neg, opened, read, reads, substitute, transform, walk
from symback.lower.lowering import Lowering
from symback.lower.reads import reads_stay_inside

_KEPT = (Op.PIECEWISE, Op.COMPARE, Op.READ, Op.INDEX)
"""What is not looked into: what a condition guards may not be computed at every step."""


def lifted(low: Lowering, loop: BackwardLoop, starts: tuple[Node, ...], counts: tuple[Node, ...]) -> BackwardLoop:
    """The loop with functions of forward's values, and their products, as arrays over all steps that it reads.

    `starts`, `counts`: the first step of each of its axes, and how many there are.
    """
    waiting = {s.start.name for s in loop.steps}
    positions = {d.name: p for d, p in zip(loop.group.definitions, loop.group.steps, strict=True)}
    steps = []
    for step in loop.steps:
        moving = [step.definition.axes[k] for k in positions[step.definition.name]]
        spans = {i: (first, index(str(i.data), count)) for i, first, count in zip(moving, starts, counts, strict=True)}
        axes = step.start.axes
        pushes = ((t, p, _Lifting(low, waiting, tuple(dict.fromkeys((*axes, *p.scope))), spans)) for t, p in step.pushes)
        steps.append(
            replace(
                step,
                local=_Lifting(low, waiting, axes, spans).lifted(step.local),
                pushes=tuple((t, replace(p, value=lifting.lifted(p.value))) for t, p, lifting in pushes),
            )
        )
    return replace(loop, steps=tuple(steps))


class _Lifting:
    """The parts of one member's lines that leave the loop; `spans`: the first step of its axes, and an index over all of them."""

    def __init__(self, low: Lowering, waiting: set[str], axes: tuple[Node, ...], spans: Mapping[Node, tuple[Node, Node]]):
        self.waiting, self.axes, self.spans = waiting, set(axes), spans
        self.steps = {i: add(first, j) for i, (first, j) in spans.items()}
        self.places = {j: add(i, neg(first)) for i, (first, j) in spans.items()}
        self.low = low.ranked(tuple(spans[a][1] if a in spans else a for a in axes))

    def lifted(self, value: Node) -> Node:
        def step(n: Node) -> Node | None:
            if n.op in _KEPT or scalar(n):
                return n
            if n.op is Op.MUL:
                mine = [a for a in n.args if self._independent(a)]
                if any(self._worth_it(a) for a in mine) and len(mine) < len(n.args):
                    rest = (transform(a, step, top_down=True) for a in n.args if a not in mine)
                    return mul(self._named(mul(*mine)), *rest)
            if self._independent(n):
                return self._named(n) if self._worth_it(n) else None
            if n.op is Op.CALL and n.data == "exp" and entry(n.args[0]) is not None:
                return n  # whole, or not at all
            if n.op is Op.REDUCE:
                self.axes |= {b[0] for b in opened(n)[1] if is_whole(b)}
            return None

        return transform(value, step, top_down=True)

    def _independent(self, node: Node) -> bool:
        """Whether it is over axes of the line and of the sums that it stands in, reads no cotangent of the loop, and stays within
        its tensors at every step."""
        if not node.free <= self.axes or scalar(node):
            return False
        return all(r.data not in self.waiting for r in reads(node)) and reads_stay_inside(self.low, substitute(node, self.steps))

    def _worth_it(self, node: Node) -> bool:
        return not node.free.isdisjoint(self.spans) and any(n.op in (Op.REDUCE, Op.CALL) for n in walk(node))

    def _named(self, node: Node) -> Node:
        """A read of the array over all steps."""
        v = self.low.as_float(self.low.value(substitute(node, self.steps)))
        name = f"@{len(self.low.arrays)}"
        self.low.arrays[name] = v.array
        return read(name, *(self.places.get(a, a) for a in v.axes))
