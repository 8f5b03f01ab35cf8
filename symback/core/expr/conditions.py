"""Comparisons, logic, and case distinctions."""

from __future__ import annotations

from fractions import Fraction

from symback.core.expr.node import FALSE, ONE, TRUE, ZERO, Node, Op

_EXACT = {"<": Fraction.__lt__, "<=": Fraction.__le__, "==": Fraction.__eq__, "!=": Fraction.__ne__}


def compare(relation: str, left: Node, right: Node) -> Node:
    """A comparison; `>` and `>=` are turned round. Decided where both sides are numbers or the same."""
    if relation in (">", ">="):
        return compare({">": "<", ">=": "<="}[relation], right, left)
    if left.op is Op.NUM and right.op is Op.NUM:
        return TRUE if _EXACT[relation](left.data, right.data) else FALSE
    if left == right and (relation == "<" or left.op in (Op.INDEX, Op.DIM)):
        return TRUE if relation in ("<=", "==") else FALSE  # nothing is below itself, a NaN neither
    return Node(Op.COMPARE, relation, (left, right))


def conjuncts(condition: Node) -> tuple[Node, ...]:
    """The conditions that hold together where this one does."""
    return condition.args if condition.op is Op.AND else (condition,)


def both(*conditions: Node) -> Node:
    """Logical and."""
    flat: list[Node] = []
    for c in conditions:
        for d in conjuncts(c):
            if d == FALSE:
                return FALSE
            if d != TRUE and d not in flat:
                flat.append(d)
    if not flat:
        return TRUE
    return flat[0] if len(flat) == 1 else Node(Op.AND, None, tuple(flat))


def either(*conditions: Node) -> Node:
    """Logical or."""
    flat: list[Node] = []
    for c in conditions:
        for d in c.args if c.op is Op.OR else (c,):
            if d == TRUE:
                return TRUE
            if d != FALSE and d not in flat:
                flat.append(d)
    if not flat:
        return FALSE
    return flat[0] if len(flat) == 1 else Node(Op.OR, None, tuple(flat))


_OPPOSITE = {"==": "!=", "!=": "=="}


def negation(condition: Node) -> Node:
    """Logical not. Orders are not turned round: a NaN is in neither."""
    if condition.op is Op.BOOL:
        return FALSE if condition.data else TRUE
    if condition.op is Op.NOT:
        return condition.args[0]
    if condition.op is Op.COMPARE and condition.data in _OPPOSITE:
        return Node(Op.COMPARE, _OPPOSITE[condition.data], condition.args)
    return Node(Op.NOT, None, (condition,))


def piecewise(*branches: tuple[Node, Node]) -> Node:
    """The first branch whose condition holds. The last condition must be TRUE."""
    kept: list[tuple[Node, Node]] = []
    for value, condition in branches:
        if condition == FALSE:
            continue
        kept.append((value, condition))
        if condition == TRUE:
            break
    if kept[-1][1] != TRUE:
        raise ValueError("the last branch of a Piecewise must be (…, True)")
    while len(kept) > 1 and kept[-2][0] == kept[-1][0]:
        kept[-2:] = [(kept[-1][0], TRUE)]
    if len(kept) == 1:
        return kept[0][0]
    return Node(Op.PIECEWISE, None, tuple(n for pair in kept for n in pair))


def branches(node: Node) -> list[tuple[Node, Node]]:
    """The (value, condition) pairs of a PIECEWISE."""
    return list(zip(node.args[::2], node.args[1::2], strict=True))


def indicator(condition: Node) -> Node:
    """1 where the condition holds, else 0 (an Iverson bracket)."""
    return piecewise((ONE, condition), (ZERO, TRUE))


def is_indicator(node: Node) -> bool:
    return node.op is Op.PIECEWISE and len(node.args) == 4 and node.args[0] == ONE and node.args[2] == ZERO
