"""What holds where a formula reads beyond an axis: a cotangent is 0 there, and a reader is told so by a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symback.calculus.affine import affine, bounds, inside, linear, multiplied_out, never_negative_for, nowhere_negative
from symback.calculus.radix import digits
from symback.core import expr
from symback.core.expr import Node, Op, fresh_index


def with_guards(node: Node, shapes: Mapping[str, tuple[Node, ...]], known: frozenset[Node] = frozenset()) -> Node:
    """The expression with each read of a cotangent, beyond whose `shapes` it is 0, under the conditions that keep it inside, where
    neither the ranges of its indices nor the conditions `known` do."""
    if node.op is Op.READ:
        return expr.mul(node, *map(expr.indicator, _missing((node,), shapes, known)))
    if node.op is Op.MUL:
        known |= {f.args[1] for f in node.args if expr.is_indicator(f)}
        new = _missing((f for f in node.args if f.op is Op.READ), shapes, known)
        parts = (f if f.op is Op.READ else with_guards(f, shapes, known.union(new)) for f in node.args)
        return expr.mul(*parts, *map(expr.indicator, new))
    if node.op is Op.REDUCE:
        body, binders = expr.opened(node)
        inner = with_guards(body, shapes, known)
        return node if inner is body else expr.with_hint(expr.reduction(node.data, inner, binders), node)
    if node.op is Op.PIECEWISE:
        pairs = [(with_guards(v, shapes, known.union(expr.conjuncts(c))), c) for v, c in expr.branches(node)]
        return node if expr.is_indicator(node) else expr.piecewise(*pairs)
    if node.op in (Op.ADD, Op.POW, Op.CALL):
        args = tuple(with_guards(a, shapes, known) for a in node.args)
        return node if expr.same(args, node.args) else expr.rebuilt(node, args)
    return node


def _missing(reads: Iterable[Node], shapes: Mapping[str, tuple[Node, ...]], known: frozenset[Node]) -> list[Node]:
    """The conditions that keep these reads inside and are not known."""
    needed: dict[Node, None] = {}
    for r in reads:
        for position, size in zip(r.args, shapes.get(str(r.data), ()), strict=False):
            if inside(position, size) or _is_position(position, size):
                continue
            if not nowhere_negative(position):
                needed[expr.compare("<=", expr.ZERO, position)] = None
            needed[expr.compare("<", position, size)] = None
    return [c for c in needed if c not in known and c != expr.TRUE]


def _is_position(position: Node, size: Node) -> bool:
    """Whether the digits of an index, or of a number of positions, make up a position of an axis."""
    numbers = {}
    for n in expr.walk(position):
        if n.op is Op.CALL and n.data in ("floordiv", "mod") and n.args[0].op is Op.INDEX:
            i, base = n.args
            numbers[n] = fresh_index(base if n.data == "mod" else multiplied_out(expr.div(i.args[0], base)))
    unit = expr.transform(position, lambda n: numbers.get(n), top_down=True)
    if unit.op is Op.INDEX:
        return multiplied_out(unit.args[0]) == multiplied_out(size)
    found = digits(affine(unit))
    return found is not None and found[1] == multiplied_out(size)


def readable_conditions(node: Node, axes: Iterable[Node]) -> Node:
    """The expression without conditions that hold, or never do, where the `axes` have a position, and with 1 <= t for 0 <= t - 1."""
    positions = expr.add(*axes)

    def never_negative(room: Node, free: Node) -> bool:
        return never_negative_for(linear(room), free)

    def step(n: Node) -> Node | None:
        if n.op is not Op.COMPARE or n.data not in ("<", "<="):
            return None
        left, right = n.args
        room = linear(expr.sub(right, expr.add(left, expr.ONE if n.data == "<" else expr.ZERO)))
        if affine(room) is None or any(m.op is Op.HYPER for m in expr.walk(room)):  # which may be negative
            return None
        free = expr.add(positions, *room.free)
        ends = bounds(room)
        if ends is not None and never_negative(ends[0], free):
            return expr.TRUE
        if ends is not None and never_negative(expr.sub(expr.MINUS_ONE, ends[1]), free):
            return expr.FALSE
        index, offset = _offset(right)
        return expr.compare(n.data, expr.neg(offset), index) if left == expr.ZERO and index is not None else None

    return expr.transform(node, step, kinds=expr.BIT[Op.COMPARE])


def _offset(node: Node) -> tuple[Node | None, Node]:
    """(t, -1) of t - 1, a number below an index; None in place of the index of another expression."""
    form = affine(node)
    alone = form is not None and list(form.coefficients.values()) == [expr.ONE] and form.constant.op is Op.NUM and form.constant.data < 0
    return (form.indices[0], form.constant) if alone else (None, expr.ZERO)
