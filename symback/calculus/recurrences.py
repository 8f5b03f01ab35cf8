"""Recurrent groups brought into the form that loops need: starts that all members share, work that no step changes moved out."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.adjoint import start_room
from symback.core.expr import TRUE, Node, Op, both, compare, piecewise, substitute, transform, walk
from symback.core.program import Body, Definition, Equation, Group


def settled(body: Body) -> Body:
    """The body with each recurrence's starts in a form that one loop over the steps can run."""
    return replace(body, groups=tuple(_with_shared_starts(g) if g.recurrent else g for g in body.groups))


# ----------------------------------------------------------------------------------------------- starts


def _with_shared_starts(group: Group) -> Group:
    """Starts that stand at steps of the loop itself become cases of the general line, unless all members start alike from outside values."""
    members = {d.name for d in group.definitions}
    rooms = [[start_room(d, k) for k in steps] for d, steps in zip(group.definitions, group.steps, strict=True)]
    alike = all(r == rooms[0] for r in rooms)
    outside = not any(_reads(e.value, members) for d in group.definitions for e in d.equations[:-1])
    if alike and outside:
        return group
    return replace(group, definitions=tuple(_with_cases(d, group) for d in group.definitions))


def _reads(value: Node, names: set[str]) -> bool:
    return any(n.op is Op.READ and n.data in names for n in walk(value))


def _with_cases(d: Definition, group: Group) -> Definition:
    """The definition with its starts at positions 0 … size-1 as cases of a Piecewise."""
    kept, cases = [], []
    for e in d.equations[:-1]:
        if any(at.op is Op.NUM and at.data < 0 for at in e.lhs) or not any(_within(at, a) for at, a in zip(e.lhs, d.axes, strict=True)):
            kept.append(e)
            continue
        at = both(*(compare("==", a, f) for a, f in zip(d.axes, e.lhs, strict=True) if f.op is not Op.INDEX))
        cases.append((_at_the_step(e, d, group), at))
    general = d.equations[-1]
    value = piecewise(*cases, (general.value, TRUE))
    return replace(d, equations=(*kept, replace(general, value=value)))


def _within(at: Node, axis: Node) -> bool:
    """Whether a start's position is one of the axis' own, rather than beyond its end."""
    return at.op is not Op.INDEX and at != axis.args[0]


def _at_the_step(e: Equation, d: Definition, group: Group) -> Node:
    """A start's value with the line's own indices, and members that it reads at this very step read at the step's index."""
    value = substitute(e.value, {f: a for f, a in zip(e.lhs, d.axes, strict=True) if f.op is Op.INDEX and f != a})
    steps = {m.name: positions for m, positions in zip(group.definitions, group.steps, strict=True)}
    own = steps[d.name]

    def moved(n: Node) -> Node | None:
        if n.op is not Op.READ or n.data not in steps:
            return None
        args = list(n.args)
        for here, there in zip(own, steps[str(n.data)], strict=True):
            if args[there] == e.lhs[here]:
                args[there] = d.axes[here]
        return Node(Op.READ, n.data, tuple(args))

    return transform(value, moved)
