"""The argument of a softmax as a value of its own where it is worked out by a sum: its cotangent is then one, whatever it is made of."""

from __future__ import annotations

from dataclasses import replace

from symback.core.expr import Node, Op, Reduction, bound_letters, index, is_whole, opened, read, substitute, transform, walk
from symback.core.program import Body, Definition, Equation, Group, Program, Section


def with_logits(body: Body, program: Program) -> Body:
    """The body with the arguments of log-sum-exps that hold sums named."""
    taken = program.names | {d.name for d in body.definitions}
    groups: list[Group] = []
    for g in body.groups:
        d = g.definitions[0]
        if g.recurrent or len(d.equations) != 1 or d.equations[0].lhs != d.axes:
            groups.append(g)
            continue
        value = d.value
        for _ in range(4):
            found = _argument(value, d.axes)
            if found is None:
                break
            argument, bound = found
            name = _free("logits", taken)
            axes = (*(a for a in d.axes if a in argument.free and a != bound), bound)
            groups.append(Group((Definition(name, Section.WHERE, axes, (Equation(axes, argument, d.equations[0].span),)),)))
            value = _with(value, argument, bound, read(name, *axes))
        groups.append(replace(g, definitions=(replace(d, equations=(replace(d.equations[0], value=value),)),)))
    return replace(body, groups=tuple(groups))


def _argument(value: Node, axes: tuple[Node, ...]) -> tuple[Node, Node] | None:
    """(argument, index) of a log-sum-exp over one whole range whose argument holds a sum; the index as the line calls it."""
    for n in walk(value):
        if n.op is Op.REDUCE and n.data is Reduction.LOGSUMEXP and len(n.args) == 4:
            body, binders = opened(n)
            sums = any(m.op is Op.REDUCE and m.data is Reduction.SUM for m in walk(body))
            bound = {i for m in walk(value) if m.op is Op.REDUCE for i in m.args[1::3]}
            if sums and is_whole(binders[0]) and not body.free & bound:
                i = _called(binders[0][0], n, body, axes)
                return substitute(body, {binders[0][0]: i}), i
    return None


def _called(bound: Node, lse: Node, body: Node, axes: tuple[Node, ...]) -> Node:
    """An index of the line for the bound one: an axis that runs over as much, else by its author's name."""
    for a in axes:
        if a.args == bound.args and a not in body.free:
            return a
    taken = {str(i.data) for i in (*body.free, *axes)}
    name = bound_letters(lse)[0]
    while name in taken:
        name += "_"
    return index(name, bound.args[0])


def _with(value: Node, argument: Node, bound: Node, named: Node) -> Node:
    """The value with the argument read by its name, at every index that it stands at."""

    def step(n: Node) -> Node | None:
        if n.op is not argument.op or n.height != argument.height:
            return None
        for i in n.free - argument.free | {bound}:
            if i.args == bound.args and substitute(argument, {bound: i}) == n:
                return substitute(named, {bound: i})
        return None

    return transform(value, step, top_down=True)


def _free(base: str, taken: set[str]) -> str:
    name, k = base, 2
    while name in taken:
        name, k = f"{base}{k}", k + 1
    taken.add(name)
    return name
