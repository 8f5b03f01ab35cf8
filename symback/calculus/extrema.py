"""What an extremum is taken of, as a value of its own: forward and backward must see the same numbers, or no entry equals the extremum."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.adjoint import active_names
from symback.calculus.affine import inside
from symback.core.expr import (
    Node,
    Op,
    Reduction,
    bound_letters,
    index,
    is_letter,
    opened,
    read,
    reads,
    reduction,
    substitute,
    transform,
    walk,
)
from symback.core.program import Body, Definition, Equation, Group, Program, Section

_EXACT = frozenset({"Max", "Min", "Abs", "sign", "floor", "ceiling", "round", "floordiv", "mod", "stop_gradient"})
"""Functions that give the same bits whatever the layout of the array."""


def with_named_entries(body: Body, program: Program) -> Body:
    """The body with the entries of each differentiated extremum named, where working them out twice may round differently."""
    work = _Naming(body, program)
    groups: list[Group] = []
    for group in body.groups:
        if group.recurrent:
            groups.append(group)
            continue
        changed = tuple(work.definition(d) for d in group.definitions)
        groups += [Group((d,)) for d in work.taken_out()]
        groups.append(replace(group, definitions=changed))
    return replace(body, groups=tuple(groups))


class _Naming:
    """The entries named so far."""

    def __init__(self, body: Body, program: Program):
        self.active = active_names(body, program.wrt)
        self.sizes = {t.name: t.shape for t in program.tensors} | {d.name: tuple(a.args[0] for a in d.axes) for d in body.definitions}
        self.taken = {*self.sizes, *program.dims, *(n for n, _ in program.derived), *(h.name for h in program.hyperparameters)}
        self.found: list[Definition] = []

    def taken_out(self) -> list[Definition]:
        found, self.found = self.found, []
        return found

    def definition(self, d: Definition) -> Definition:
        if d.name not in self.active:
            return d

        def step(node: Node) -> Node | None:
            if node.op is not Op.REDUCE or node.data not in (Reduction.MAX, Reduction.MIN):
                return None
            entries, binders = opened(node)
            if not _may_round_differently(entries) or not self._may_be_read(entries):
                return None
            names = {b[0]: letter for b, letter in zip(binders, bound_letters(node), strict=True)}
            return reduction(node.data, self._named(entries, d, names), binders)

        equations = tuple(replace(e, value=_outside_cases(e.value, step)) for e in d.equations)
        return replace(d, equations=equations)

    def _may_be_read(self, entries: Node) -> bool:
        """Whether it depends on what is differentiated and stays within its tensors at every index."""
        found = list(reads(entries))
        return any(n.data in self.active for n in found) and all(
            inside(a, s) for n in found for a, s in zip(n.args, self.sizes[str(n.data)], strict=True)
        )

    def _named(self, entries: Node, d: Definition, hints: dict[Node, str]) -> Node:
        """A read of the definition that holds the entries."""
        free = [a for a in d.axes if a in entries.free]
        free += sorted((i for i in entries.free if i not in free), key=lambda i: str(i.data))
        axes: list[Node] = []
        for i in free:
            name = hints.get(i, str(i.data))
            while not is_letter(name) or name in self.taken or any(a.data == name for a in axes):
                name = f"{name}_" if is_letter(name) else "k"
            axes.append(i if i in d.axes else index(name, i.args[0]))
        name = f"{d.name}_entries"
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        self.active.add(name)
        self.sizes[name] = tuple(a.args[0] for a in axes)
        value = substitute(entries, dict(zip(free, axes, strict=True)))
        self.found.append(Definition(name, Section.WHERE, tuple(axes), (Equation(tuple(axes), value),)))
        return read(name, *free)


def _may_round_differently(entries: Node) -> bool:
    """Whether it holds a sum over an index, or a function whose last bits depend on how the array lies in memory."""
    return any(n.op in (Op.REDUCE, Op.POW) or (n.op is Op.CALL and n.data not in _EXACT) for n in walk(entries))


def _outside_cases(value: Node, step) -> Node:
    """The value with `step` applied to its parts, but not within case distinctions or conditions."""
    return transform(value, lambda n: n if n.op in (Op.PIECEWISE, Op.COMPARE) else step(n), top_down=True)
