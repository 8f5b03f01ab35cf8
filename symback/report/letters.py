"""Letters for summed indices that were only made on the way: those that the axes they run over have elsewhere."""

from __future__ import annotations

from collections.abc import Mapping

from symback.calculus.cotangents import Cotangent
from symback.calculus.derive import Derivation
from symback.core import expr
from symback.core.expr import Node, Op
from symback.core.program import LEADING

Letters = Mapping[str, tuple[str, ...]]
"""For each value, tensor and cotangent the letter of each of its axes."""


def letters_of(derivation: Derivation) -> Letters:
    """Those of a mode's values, and of what is differentiated."""
    found = {d.name: _names(d.axes) for d in derivation.forward}
    for stage in derivation.adjoint.stages if derivation.adjoint is not None else ():
        for c in (stage,) if isinstance(stage, Cotangent) else (step.start for step in stage.steps):
            found[c.name] = _names(c.axes)
            found.setdefault(c.of, found[c.name])
    upstream = derivation.adjoint.upstream if derivation.adjoint is not None else {}
    return {**found, **{name: found[output] for output, name in upstream.items() if output in found}}


def _names(axes: tuple[Node, ...]) -> tuple[str, ...]:
    return tuple(str(a.data) if a.op is Op.INDEX and expr.is_letter(str(a.data)) else "" for a in axes)


def lettered(node: Node, letters: Letters) -> Node:
    """The expression with a letter for each bound index that its author did not name, where an axis gives it one."""
    return _lettered(node, letters, frozenset(str(i.data) for i in node.free))


def _lettered(node: Node, letters: Letters, taken: frozenset[str]) -> Node:
    if node.op is Op.INDEX or not node.args:
        return node
    if node.op is not Op.REDUCE:
        args = tuple(_lettered(a, letters, taken) for a in node.args)
        return node if all(a is b for a, b in zip(args, node.args, strict=True)) else expr.rebuilt(node, args)
    hint = list(node.hint)
    own = set(hint)
    for k, bound in enumerate(node.args[1::3]):
        if not hint[k]:
            hint[k] = _letter(node.args[0], bound, letters, taken | own, len(hint) > 1)
            own.add(hint[k])
    args = (_lettered(node.args[0], letters, taken | own), *node.args[1:])
    return Node(Op.REDUCE, node.data, args, tuple(hint))


def _letter(body: Node, bound: Node, letters: Letters, taken: frozenset[str], beside: bool) -> str:
    """The letter of the first axis that is read at a bound index alone: a free one, else, beside others, one to be told apart by a mark."""
    found = [
        letter
        for r in expr.reads(body)
        for position, letter in zip(r.args, letters.get(str(r.data), ()), strict=False)
        if position == bound and letter
    ]
    marked = next((letter for letter in found if letter != LEADING), "") if beside else ""
    return next((letter for letter in found if letter not in taken), marked)
