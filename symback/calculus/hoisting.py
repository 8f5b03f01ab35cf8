"""Work of a recurrence that does not wait for earlier steps, done for all steps at once before the loop."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.affine import inside
from symback.core.expr import Node, Op, add, read, transform, walk
from symback.core.program import Body, Definition, Equation, Group, Program, Section


def hoisted(body: Body, program: Program) -> Body:
    """The body with parts of each recurrence that read none of its values, and hold a sum or a function, as values of their own before it."""
    taken = program.names | {d.name for d in body.definitions}
    sizes = {t.name: t.shape for t in program.tensors} | {d.name: tuple(a.args[0] for a in d.axes) for d in body.definitions}
    groups: list[Group] = []
    for group in body.groups:
        if not group.recurrent:
            groups.append(group)
            continue
        work = _Hoisting({d.name for d in group.definitions}, sizes, taken)
        changed = tuple(work.definition(d, steps) for d, steps in zip(group.definitions, group.steps, strict=True))
        groups += [Group((d,)) for d in work.found]
        groups.append(replace(group, definitions=changed))
    return replace(body, groups=tuple(groups))


class _Hoisting:
    """The parts of one group that leave its loop."""

    def __init__(self, members: set[str], sizes: dict[str, tuple[Node, ...]], taken: set[str]):
        self.members, self.sizes, self.taken = members, sizes, taken
        self.found: list[Definition] = []

    def definition(self, d: Definition, steps: tuple[int, ...]) -> Definition:
        moving = {d.axes[k] for k in steps}
        general = d.equations[-1]

        def step(n: Node) -> Node | None:
            if n.op in (Op.PIECEWISE, Op.COMPARE, Op.READ, Op.INDEX):
                return n  # what a condition guards may not be read at every step
            if n.op is Op.ADD:
                mine = [a for a in n.args if self._independent(a, d)]
                several = len([a for a in mine if a.free & moving]) > 1
                if (several or any(self._worth_it(a, moving) for a in mine)) and len(mine) < len(n.args):
                    rest = [transform(a, step, top_down=True) for a in n.args if a not in mine]
                    return add(self._named(add(*mine), d), *rest)
            return self._named(n, d) if self._independent(n, d) and self._worth_it(n, moving) else None

        value = transform(general.value, step, top_down=True)
        return replace(d, equations=(*d.equations[:-1], replace(general, value=value)))

    def _independent(self, node: Node, d: Definition) -> bool:
        """Whether it reads no member, is over the line's own indices, and stays within its tensors at every step."""
        if not node.free <= set(d.axes):
            return False
        for n in walk(node):
            if n.op is Op.READ and (
                n.data in self.members or not all(inside(a, s) for a, s in zip(n.args, self.sizes[str(n.data)], strict=True))
            ):
                return False
        return True

    def _worth_it(self, node: Node, moving: set[Node]) -> bool:
        return bool(node.free & moving) and any(n.op in (Op.REDUCE, Op.CALL) for n in walk(node))

    def _named(self, node: Node, d: Definition) -> Node:
        axes = tuple(a for a in d.axes if a in node.free)
        for known in self.found:
            if known.value == node and known.axes == axes:
                return read(known.name, *axes)
        name = f"{d.name}_in"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        self.found.append(Definition(name, Section.WHERE, axes, (Equation(axes, node),)))
        return read(name, *axes)
