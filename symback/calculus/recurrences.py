"""Recurrent groups brought into the form that loops need: starts that all members share, work that no step changes moved out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from symback.calculus.adjoint import start_room
from symback.core.expr import TRUE, Node, Op, both, compare, piecewise, read, rebuilt, substitute, transform, walk
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Section


def settled(body: Body) -> Body:
    """The body with each recurrence's starts in a form that one loop over the steps can run."""
    return replace(body, groups=tuple(_with_shared_starts(g) if g.recurrent else g for g in body.groups))


def with_arguments(body: Body, program: Program) -> Body:
    """The body with the argument of each function that reduces over members of its recurrence as a further member,
    so that its cotangent is stored once, and what it contracts with later is contracted once."""
    taken = program.names | {d.name for d in body.definitions}
    return replace(body, groups=tuple(_with_arguments(g, taken) if g.recurrent else g for g in body.groups))


# ----------------------------------------------------------------------------------------------- starts


def _with_shared_starts(group: Group) -> Group:
    """Starts that stand at steps of the loop itself become cases of the general line, unless all members start alike from outside values."""
    members = {d.name for d in group.definitions}
    rooms = _rooms(group)
    alike = all(r == rooms[0] for r in rooms)
    outside = not any(_reads(e.value, members) for d in group.definitions for e in d.equations[:-1])
    if alike and outside:
        return group
    return replace(group, definitions=tuple(_with_cases(d, group) for d in group.definitions))


def _rooms(group: Group) -> list[list[tuple[int, int]]]:
    """For each definition, at each step axis, the room that starts take at either end."""
    return [
        [start_room(d, k, backward) for k, backward in zip(steps, group.backward, strict=True)]
        for d, steps in zip(group.definitions, group.steps, strict=True)
    ]


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


# -------------------------------------------------------------------------------------------- arguments


def _with_arguments(group: Group, taken: set[str]) -> Group:
    members = {d.name for d in group.definitions}
    if any(room != (0, 0) for rooms in _rooms(group) for room in rooms):
        return group
    definitions, positions = [], []
    for d, steps in zip(group.definitions, group.steps, strict=True):
        axes = {d.axes[k] for k in steps}
        made: dict[Node, Definition] = {}

        def named(n: Node, d: Definition = d, axes: set[Node] = axes, made: dict[Node, Definition] = made) -> Node | None:
            if n.op is not Op.CALL or len(n.args) != 1:
                return None
            (u,) = n.args
            reduces = any(r.op is Op.REDUCE and _reads(r, members) for r in walk(u))
            if not reduces or not axes <= u.free or not u.free <= set(d.axes):
                return None
            return rebuilt(n, (_named(u, d, made, f"{d.name}_pre", taken),))

        general = d.equations[-1]
        value = _outermost(general.value, named) if d.kind is Kind.FLOAT else general.value
        for m in made.values():
            definitions.append(m)
            positions.append(tuple(m.axes.index(d.axes[k]) for k in steps))
        definitions.append(replace(d, equations=(*d.equations[:-1], replace(general, value=value))))
        positions.append(steps)
    return replace(group, definitions=tuple(definitions), steps=tuple(positions))


def _outermost(value: Node, step: Callable[[Node], Node | None]) -> Node:
    """`step` applied to the outermost parts that it changes; the branches of a case distinction and reductions are left alone."""
    got = step(value)
    if got is not None:
        return got
    if value.op not in (Op.ADD, Op.MUL, Op.POW, Op.CALL):
        return value
    args = tuple(_outermost(a, step) for a in value.args)
    return value if all(a is b for a, b in zip(args, value.args, strict=True)) else rebuilt(value, args)


def _named(value: Node, d: Definition, made: dict[Node, Definition], base: str, taken: set[str]) -> Node:
    """A read of the definition that holds the value."""
    found = made.get(value)
    if found is None:
        axes = tuple(a for a in d.axes if a in value.free)
        name, k = base, 2
        while name in taken:
            name, k = f"{base}{k}", k + 1
        taken.add(name)
        found = made[value] = Definition(name, Section.WHERE, axes, (Equation(axes, value, d.equations[-1].span),))
    return read(found.name, *found.axes)
