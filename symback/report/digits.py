"""Formulas over the axes of the declaration: what is computed over an axis's digits is written over the axis again.

Where a value uses `c//Q`, it is computed for each `c = Q·g + q` as a value over g and q, and the author's value is a view of that one.
A reader knows the author's value alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symback.core import expr
from symback.core.expr import Node, Op
from symback.core.program import Definition


@dataclass(frozen=True, slots=True)
class Unfolded:
    """`name[axes] = value` for each value that is only computed on the way and put into what reads it."""

    values: Mapping[str, tuple[tuple[Node, ...], Node]]

    def within(self, node: Node) -> Node:
        """The expression with these values put in, and digits that make up an index as that index."""
        return expr.transform(node, self._put_in) if self.values else node

    def _put_in(self, n: Node) -> Node | None:
        found = self.values.get(str(n.data)) if n.op is Op.READ else None
        if found is None:
            return _joined(n) if n.op is Op.ADD else None
        axes, value = found
        return expr.transform(expr.substitute(value, dict(zip(axes, n.args, strict=True))), self._put_in)


def helpers(definitions: Iterable[Definition], written: Iterable[Definition]) -> dict[str, Definition]:
    """The definitions of which one that its author wrote is nothing but a view."""
    own = {d.name: d for d in written}
    viewed = {str(d.value.data) for d in own.values() if len(d.equations) == 1 and d.value.op is Op.READ}
    return {d.name: d for d in definitions if d.name in viewed and d.name not in own and len(d.equations) == 1}


def _joined(node: Node) -> Node | None:
    """Q·(i//Q) + i % Q as i."""
    for a in node.args:
        quotients = [f for f in a.args if f.op is Op.CALL and f.data == "floordiv"] if a.op is Op.MUL else ()
        for q in quotients:
            i, base = q.args
            rest = expr.call("mod", i, base)
            if a == expr.mul(base, q) and rest in node.args:
                others = [b for b in node.args if b not in (a, rest)]
                return expr.add(i, *others)
    return None
