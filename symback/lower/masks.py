"""Values that are 0 or 1 as conditions: a choice between conditions is made once, before anything is a number."""

from __future__ import annotations

from symback.calculus.affine import scalar
from symback.core.expr import FALSE, ONE, TRUE, ZERO, Node, Op, branches, is_indicator, reads
from symback.lower.arrays import Array, Kind
from symback.lower.assignments import over_mask
from symback.lower.choices import choose, multiple_of, replaced, same_elements
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import at_label


def is_mask(node: Node) -> bool:
    """Whether it is an indicator, or a choice between indicators."""
    if is_indicator(node):
        return True
    if node.op is not Op.PIECEWISE or any(scalar(c) and c != TRUE for _, c in branches(node)):
        return False
    values = [v for v, _ in branches(node)]
    return all(v in (ZERO, ONE) or is_mask(v) for v in values) and any(v not in (ZERO, ONE) for v in values)


def mask(low: Lowering, node: Node) -> Lowered:
    """The condition under which a mask is 1."""
    return low.value(node.args[1]) if is_indicator(node) else _chosen(low, branches(node))


def conjunction(low: Lowering, masks: list[Node]) -> Lowered:
    """The condition under which all of several masks are 1: small ones meet first, and what is read is read where the others hold."""
    met = None
    for reading in (False, True):
        within = low if met is None else low.guarded(met)
        for m in sorted((mask(within, m) for m in masks if bool(reads(m)) is reading), key=lambda v: len(v.axes)):
            met = m if met is None else low.elementwise(Kind.OPERATOR, "&", [met, m], "b")
    return met


def _chosen(low: Lowering, pairs: list[tuple[Node, Node]]) -> Lowered:
    (value, condition), rest = pairs[0], pairs[1:]
    if condition == TRUE:
        return _condition(low, value)
    if len(rest) == 1 and value in (ZERO, ONE) and at_label(low, condition) is not None:
        written = over_mask(low, value == ONE, condition, _chosen(low, rest))
        if written is not None:
            return written
    here = low.value(condition)
    elsewhere = low.elementwise(Kind.OPERATOR, "~", [here], "b")
    if value == ONE:
        return low.elementwise(Kind.OPERATOR, "|", [here, _chosen(low.guarded(elsewhere), rest)], "b")
    if len(rest) == 1 and rest[0][0] == ZERO:
        return low.elementwise(Kind.OPERATOR, "&", [here, _condition(low.guarded(here), value)], "b")
    return choose(low, here, _condition(low.guarded(here), value), _chosen(low.guarded(elsewhere), rest))


def _condition(low: Lowering, value: Node) -> Lowered:
    return low.scalar(TRUE if value == ONE else FALSE) if value in (ZERO, ONE) else mask(low, value)


def safe_argument(low: Lowering, v: Lowered, instead: Node) -> Lowered:
    """v where the present expression is used, else a harmless argument."""
    for guard in low.guards:
        if not set(guard.axes) <= set(v.axes):
            continue  # the value is used for several elements of the condition: it stays as small as it is
        kept = _kept_within(low, guard.array, v, instead) if same_elements(v, guard) else None
        v = kept or choose(low, guard, v, low.scalar(instead))
    return v


def _kept_within(low: Lowering, guard: Array, v: Lowered, instead: Node) -> Lowered | None:
    """Min(v, c) under the condition v <= c, Max(v, c) under c <= v, for a number c, which the condition allows; a multiple of
    v that may be 0 instead is one of Min(v, 0); None under another."""
    turned = guard.kind is Kind.OPERATOR and guard.data == "~"
    order = guard.args[0] if turned else guard
    if order.kind is not Kind.OPERATOR or order.data != ("<" if turned else "<="):
        return None
    less, greater = reversed(order.args) if turned else order.args
    for name, bound in (("minimum", greater), ("maximum", less)):
        if bound.kind is not Kind.SCALAR:
            continue
        x = less if bound is greater else greater
        kept = low.elementwise(Kind.UFUNC, name, [Lowered(x, v.axes), Lowered(bound, ())], "f")
        if x == v.array:
            return kept
        multiple = replaced(v.array, x, kept.array) if instead == bound.data == ZERO and multiple_of(v.array) == x else None
        if multiple is not None:
            return Lowered(multiple, v.axes)
    return None
