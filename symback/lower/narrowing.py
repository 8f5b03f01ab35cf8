"""Scatters over fewer positions: those that stay inside the buffer, and those at which a condition lets a value through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symback.calculus.affine import affine, linear, never_negative
from symback.calculus.cotangents import Scatter
from symback.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Node,
    Op,
    add,
    call,
    index,
    mul,
    neg,
    number,
    substitute,
)
from symback.lower.lowering import Lowering


def narrowed(s: Scatter, sizes: tuple[Node, ...], leaving: Sequence[int]) -> Scatter:
    """The scatter without what goes beyond the axes `leaving`, where the position there is index + number.

    What goes beyond has no place in the buffer: forward reads it nowhere, or gives it a fixed value.
    """
    for axis in leaving:
        form = affine(s.targets[axis])
        if form is None or len(form.indices) != 1 or form.coefficients[form.indices[0]] != ONE or form.constant.op is not Op.NUM:
            continue
        (i,), offset = form.indices, int(form.constant.data)
        beyond = linear(add(i.args[0], number(offset), neg(sizes[axis])))
        if beyond.op is not Op.NUM:
            continue
        before, after = max(-offset, 0), max(int(beyond.data), 0)
        size = add(i.args[0], number(-before - after))
        kept = index(str(i.data), size if never_negative(size) else call("Max", size, ZERO))
        mapping = {i: add(kept, number(before))}
        targets = tuple(linear(substitute(t, mapping)) for t in s.targets)
        s = replace(s, targets=targets, scope=tuple(kept if a == i else a for a in s.scope), value=substitute(s.value, mapping))
    return s


def limited(low: Lowering, s: Scatter) -> Scatter:
    """The scatter of what is 0 unless an index is on one side of a number, over the positions on that side."""
    factors = s.value.args if s.value.op is Op.MUL else (s.value,)
    for f in factors:
        optional = f.op is Op.PIECEWISE and len(f.args) == 4 and f.args[2] == ZERO
        side = _side(f.args[1], s.scope) if optional else None
        if side is None:
            continue
        i, first, stop = side
        if first is None and low.nowhere_negative(add(i.args[0], neg(stop))):
            size, start = stop, ZERO
        elif stop is None and low.nowhere_negative(first):
            size, start = add(i.args[0], neg(first)), first
        else:
            continue
        kept = index(str(i.data), low.count(linear(size)))
        mapping = {i: add(kept, start)}
        return Scatter(
            tuple(linear(substitute(t, mapping)) for t in s.targets),
            tuple(kept if a == i else a for a in s.scope),
            substitute(mul(*(f.args[0] if g is f else g for g in factors)), mapping),
        )
    return s


def _side(condition: Node, scope: Sequence[Node]) -> tuple[Node, Node | None, Node | None] | None:
    """(i, first, None) for a condition i >= first on an index of the scope, (i, None, stop) for i < stop."""
    if condition.op is not Op.COMPARE or condition.data not in ("<=", "<"):
        return None
    form = affine(add(condition.args[1], neg(condition.args[0])))
    if form is None or len(form.indices) != 1 or form.indices[0] not in scope:
        return None
    (i,) = form.indices
    slack = form.constant if condition.data == "<=" else add(form.constant, MINUS_ONE)  # 0 <= c·i + slack
    if form.coefficients[i] == ONE:
        return i, neg(slack), None
    return (i, None, linear(add(slack, ONE))) if form.coefficients[i] == MINUS_ONE else None
