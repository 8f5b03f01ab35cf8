"""Work of a backward recurrence that waits for no cotangent of it, done for all steps at once before the loop."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.affine import scalar
from symback.calculus.cotangents import BackwardLoop
from symback.core.expr import Node, Op, mul, read, reads, transform, walk
from symback.lower.lowering import Lowering
from symback.lower.reads import reads_stay_inside

_KEPT = (Op.PIECEWISE, Op.COMPARE, Op.READ, Op.INDEX)
"""What is not looked into: what a condition guards may not be computed at every step."""


def lifted(low: Lowering, loop: BackwardLoop) -> BackwardLoop:
    """The loop with functions of forward's values, and their products, as arrays over all steps that it reads."""
    waiting = {s.start.name for s in loop.steps}
    positions = {d.name: p for d, p in zip(loop.group.definitions, loop.group.steps, strict=True)}
    steps = []
    for step in loop.steps:
        moving = {step.definition.axes[k] for k in positions[step.definition.name]}
        lifting = _Lifting(low, waiting, step.start.axes, moving)
        steps.append(
            replace(
                step,
                local=lifting.lifted(step.local),
                pushes=tuple((t, replace(p, value=lifting.lifted(p.value))) for t, p in step.pushes),
            )
        )
    return replace(loop, steps=tuple(steps))


class _Lifting:
    """The parts of one member's lines that leave the loop over its axes `moving`."""

    def __init__(self, low: Lowering, waiting: set[str], axes: tuple[Node, ...], moving: set[Node]):
        self.low, self.waiting, self.axes, self.moving = low.ranked(axes), waiting, axes, moving

    def lifted(self, value: Node) -> Node:
        def step(n: Node) -> Node | None:
            if n.op in _KEPT or scalar(n):
                return n
            if n.op is Op.MUL:
                mine = [a for a in n.args if self._independent(a)]
                if any(self._worth_it(a) for a in mine) and len(mine) < len(n.args):
                    rest = (transform(a, step, top_down=True) for a in n.args if a not in mine)
                    return mul(self._named(mul(*mine)), *rest)
            return self._named(n) if self._independent(n) and self._worth_it(n) else None

        return transform(value, step, top_down=True)

    def _independent(self, node: Node) -> bool:
        """Whether it is over the line's own axes, reads no cotangent of the loop, and stays within its tensors at every step."""
        if not node.free <= set(self.axes) or scalar(node):
            return False
        return all(r.data not in self.waiting for r in reads(node)) and reads_stay_inside(self.low, node)

    def _worth_it(self, node: Node) -> bool:
        return bool(node.free & self.moving) and any(n.op in (Op.REDUCE, Op.CALL) for n in walk(node))

    def _named(self, node: Node) -> Node:
        """A read of the array over all steps."""
        v = self.low.as_float(self.low.value(node))
        name = f"@{len(self.low.arrays)}"
        self.low.arrays[name] = v.array
        return read(name, *v.axes)
