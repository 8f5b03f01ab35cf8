"""The complement of a gate by the gate's own name, for the sweep: both are then one path, and the gate has one cotangent."""

from __future__ import annotations

from dataclasses import replace

from symback.calculus.patterns import Library
from symback.core.expr import ONE, Node, call, neg, sub, transform
from symback.core.program import Body, Definition
from symback.rewrite.patterns import is_call


def by_gates(body: Body) -> Body:
    """The body with σ(-u) written 1 - z wherever z = σ(u) is a value before it; gradients get their stable form back afterwards."""
    gates = Library()
    groups = []
    for g in body.groups:
        definitions = []
        for d in g.definitions:
            definitions.append(_by_gates(d, gates) if gates.by_skeleton else d)
            if len(d.equations) == 1 and d.equations[0].lhs == d.axes and is_call(d.value, "sigmoid"):
                gates.add(d.name, d.axes, call("sigmoid", neg(d.value.args[0])))
        groups.append(replace(g, definitions=tuple(definitions)))
    return replace(body, groups=tuple(groups))


def _by_gates(d: Definition, gates: Library) -> Definition:
    def step(n: Node) -> Node | None:
        gate = gates.value(n) if is_call(n, "sigmoid") else None
        return None if gate is None else sub(ONE, gate)

    return replace(d, equations=tuple(replace(e, value=transform(e.value, step)) for e in d.equations))
