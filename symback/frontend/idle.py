"""Members of a recurrence at the steps where the others start: what nothing reads there needs no start of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symback.core.expr import ZERO, Node, Op
from symback.core.program import Definition, Equation
from symback.frontend.sizes import difference

Plan = Mapping[str, tuple[int, ...]]


def rested(group: Mapping[str, Definition], plan: Plan, references: list, asked: frozenset[str]) -> dict[str, Definition]:
    """The group with 0 as start of each member without one, at the steps where nobody reads it.

    `z[t]` of `h[0]: x[0]`, `z[t]: tanh(h[t-1])`, `h[t]: z[t]*x[t]` holds from the step 1 on. `asked` are the names that are read
    from outside of the group. A group with several step axes stays as it is.
    """
    if any(len(axes) != 1 for axes in plan.values()):
        return dict(group)
    out = dict(group)
    for step in {n: None for d in group.values() for n in _started_at(d, plan[d.name][0])}:
        for name in _idle(step, group, plan, references, asked):
            d, (axis,) = out[name], plan[name]
            lhs = tuple(step if k == axis else a for k, a in enumerate(d.axes))
            out[name] = replace(d, equations=(Equation(lhs, ZERO, d.equations[-1].span), *d.equations))
    return out


def _started_at(d: Definition, axis: int) -> list[Node]:
    """The steps within the range that a line starts whatever the other indices are."""
    size = d.axes[axis].args[0]
    lines = [q.lhs for q in d.equations[:-1] if all((n.op is Op.INDEX) == (k != axis) for k, n in enumerate(q.lhs))]
    return [lhs[axis] for lhs in lines if not (lhs[axis].op is Op.NUM and lhs[axis].data < 0) and difference(lhs[axis], size) != ZERO]


def _idle(step: Node, group: Mapping[str, Definition], plan: Plan, references: list, asked: frozenset[str]) -> list[str]:
    """The members without a start that only lines which do not hold at this step read, and at their own step."""
    idle = [n for n, d in group.items() if len(d.equations) == 1 and n not in asked]
    while True:
        resting = {*idle, *(n for n, d in group.items() if step in _started_at(d, plan[n][0]))}
        busy = {r.target for r in references if r.source not in resting or not _same_step(r, group, plan)}
        kept = [n for n in idle if n not in busy]
        if kept == idle:
            return idle
        idle = kept


def _same_step(r, group: Mapping[str, Definition], plan: Plan) -> bool:
    return r.where[plan[r.target][0]] == group[r.source].axes[plan[r.source][0]]
