"""Sums of forward that have a name are read by it, wherever they stand written out again."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.patterns import Library
from symback.core.expr import MINUS_ONE, Node, Op, Reduction, mul, split_coefficient, transform
from symback.core.program import Body, Definition, Group


def with_named_sums(body: Body) -> Body:
    """The body with each sum, or mean, that an earlier line defines read by that line's name."""
    known = Library()
    groups: list[Group] = []
    for group in body.groups:
        d = group.definitions[0]
        if not group.recurrent:
            if known.by_skeleton:
                equations = tuple(replace(e, value=transform(e.value, lambda n: _named(n, known), top_down=True)) for e in d.equations)
                group = replace(group, definitions=(replace(d, equations=equations),))
            if _is_named_sum(d):
                known.add(d.name, d.axes, d.value)
        groups.append(group)
    return replace(body, groups=tuple(groups))


def _is_named_sum(d: Definition) -> bool:
    """Whether a line defines a sum, perhaps times numbers, of all positions of its axes."""
    if len(d.equations) != 1 or d.equations[0].lhs != d.axes:
        return False
    _, rest = split_coefficient(d.value)
    return any(_is_sum(f) for f in (rest.args if rest.op is Op.MUL else (rest,)))


def _is_sum(node: Node) -> bool:
    return node.op is Op.REDUCE and node.data is Reduction.SUM


def _named(node: Node, known: Library) -> Node | None:
    if not (_is_sum(node) or node.op is Op.MUL and any(map(_is_sum, node.args))):
        return None
    found = known.value(node)
    if found is None and node.op is Op.MUL:
        opposite = known.value(mul(MINUS_ONE, node))
        return None if opposite is None else mul(MINUS_ONE, opposite)
    return found
