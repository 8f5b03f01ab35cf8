"""Reads that leave their tensor whatever the sizes are: an error when compiled. What is only possible is checked when called."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symback.core import expr
from symback.core.diagnostics import Span
from symback.core.expr import ZERO, Node, Op
from symback.core.program import Definition
from symback.frontend.faults import Faults
from symback.frontend.scope import Known
from symback.frontend.sizes import at_most, bounds, expanded, polynomial

_AFFINE = (Op.NUM, Op.DIM, Op.INDEX, Op.ADD, Op.MUL)


def check_reach(
    definitions: Iterable[Definition], recurrent: Mapping[str, frozenset[str]], started: frozenset[str], known: Known, faults: Faults
) -> None:
    """Add a fault for each unguarded read whose least or greatest position always lies outside.

    `recurrent` gives, for a definition that recurs, the names of its group: these have starts, as `started` have.
    """
    for d in definitions:
        group = recurrent.get(d.name, frozenset())
        for equation in d.equations:
            for read in unguarded(equation.value):
                if known.outside.get(read.data) is None and read.data not in group and read.data not in started:
                    _check(read, equation.span, known, faults)


def unguarded(node: Node) -> Iterable[Node]:
    """The reads outside of any Piecewise and any partial range."""
    stack = [node]
    while stack:
        n = stack.pop()
        if n.op is Op.PIECEWISE:
            continue
        if n.op is Op.REDUCE and not all(expr.is_whole(b) for b in zip(n.args[1::3], n.args[2::3], n.args[3::3], strict=True)):
            continue
        if n.op is Op.READ:
            yield n
        stack.extend(reversed(_as_written(n) if n.op is Op.REDUCE else n.args))


def _as_written(reduction: Node) -> tuple[Node, ...]:
    """The body and the limits, the bound indices under their author's names."""
    bound = reduction.args[1::3]
    names = {b: expr.index(str(hint), b.args[0]) for b, hint in zip(bound, reduction.hint, strict=False) if hint}
    return (expr.substitute(reduction.args[0], names), *reduction.args[2::3], *reduction.args[3::3])


def _check(read: Node, span: Span | None, known: Known, faults: Faults) -> None:
    shape = known.shapes.get(read.data)
    for axis, (where, size) in enumerate(zip(read.args, shape or (), strict=False)):
        if size is None or not where.free or not _is_affine(where):
            continue
        low, high = bounds(where, {})
        size = expanded(size, known.derived)
        low, high = (None if b is None else polynomial(expanded(b, known.derived)) for b in (low, high))
        beyond = high is not None and at_most(size, high)
        if beyond or (low is not None and at_most(low, expr.MINUS_ONE)):
            reached = high if beyond else low
            faults.add(
                "E423",
                f"axis {axis} of `{read.data}` has the positions 0 … {expr.text(polynomial(expr.add(size, expr.MINUS_ONE)))}, and "
                f"`{expr.text(read)}` reaches {expr.text(reached)}",
                span,
                "give the index a shorter range under `indices`, keep it inside with a `Piecewise`, or declare `outside: 0`",
                (known.places.get(read.data), f"`{read.data}` is defined here"),
            )
            return


def _is_affine(where: Node) -> bool:
    """Whether a position is a sum in which each index stands once."""
    seen: set[Node] = set()
    for n in _leaves(where):
        if n.op not in _AFFINE or (n.op is Op.INDEX and n in seen):
            return False
        seen.add(n)
    return where != ZERO


def _leaves(node: Node) -> Iterable[Node]:
    stack = [node]
    while stack:
        n = stack.pop()
        yield n
        if n.op is not Op.INDEX:
            stack.extend(n.args)
