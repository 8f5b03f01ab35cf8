"""Sums over a whole range whose entries are 0 beyond a limit, as sums up to that limit: `Sum(Piecewise((e, j < i), (0, True)), j)`."""

from __future__ import annotations

from dataclasses import replace

from symback.core import expr
from symback.core.expr import MINUS_ONE, TRUE, ZERO, Binder, Node, Op, Reduction, conjuncts
from symback.core.program import Definition
from symback.frontend.sizes import difference

_WHOLE_NUMBERS = (Op.INDEX, Op.DIM, Op.NUM, Op.HYPER, Op.ADD, Op.MUL)


def between_limits(d: Definition) -> Definition:
    """The definition with the conditions on a summed index that bound it by an index of the same range as limits."""
    *starts, general = d.equations
    return replace(d, equations=(*starts, replace(general, value=expr.transform(general.value, _narrowed))))


def _narrowed(node: Node) -> Node | None:
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    body, binders = expr.opened(node)
    factors, found = [], {}
    for f in body.args if body.op is Op.MUL else (body,):
        if f.op is not Op.PIECEWISE or len(f.args) != 4 or f.args[2] != ZERO:
            factors.append(f)
            continue
        rest = []
        for c in conjuncts(f.args[1]):
            limit = next((pair for b in binders if b[0] not in found and (pair := _limit(c, b)) is not None), None)
            if limit is None:
                rest.append(c)
            else:
                found[limit[0]] = limit
        factors.append(expr.piecewise((f.args[0], expr.both(*rest)), (ZERO, TRUE)))
    if not found:
        return None
    return expr.reduction(Reduction.SUM, expr.mul(*factors), [found.get(b[0], b) for b in binders])


def _limit(condition: Node, binder: Binder) -> Binder | None:
    """The binder with the limit that an order between its index and another of the same range gives."""
    j, low, high = binder
    if condition.op is not Op.COMPARE or condition.data not in ("<", "<=") or not expr.is_whole(binder):
        return None
    if not all(n.op in _WHOLE_NUMBERS for side in condition.args for n in expr.walk(side)):
        return None
    left, right = condition.args
    gap = expr.add(difference(right, left), MINUS_ONE if condition.data == "<" else ZERO)  # at least 0 where it holds
    end = difference(gap, expr.neg(j))  # j ≤ end
    if j not in end.free:
        return (j, low, end) if _within(end, j, -1) else None
    begin = difference(j, gap)  # begin ≤ j
    return (j, begin, high) if j not in begin.free and _within(begin, j, 1) else None


def _within(end: Node, j: Node, sign: int) -> bool:
    """Whether it is an index of the range of j, moved inwards or not at all."""
    moving = [t for t in (end.args if end.op is Op.ADD else (end,)) if t.op is Op.INDEX and t.args == j.args]
    if len(moving) != 1:
        return False
    shift = difference(end, moving[0])
    return shift.op is Op.NUM and shift.data * sign >= 0
