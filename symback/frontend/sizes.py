"""Integer expressions of dimensions: equality of sizes, bounds over indices, exact floor division."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from symback.core.expr import (
    MINUS_ONE,
    ZERO,
    Node,
    Op,
    add,
    call,
    dim,
    mul,
    neg,
    number,
    split_coefficient,
    substitute,
    walk,
)
from symback.core.sizes import slope_of


def floor_divide(left: Node, right: Node) -> Node:
    """left // right, exact where each term is divisible: (2·D)//2 is D."""
    if right.op is Op.NUM and right.data > 1:
        terms = left.args if left.op is Op.ADD else (left,)
        if all((split_coefficient(t)[0] / right.data).denominator == 1 for t in terms):
            return mul(left, number(1 / right.data)) if left.op is not Op.ADD else add(*(mul(t, number(1 / right.data)) for t in terms))
    return call("floordiv", left, right)


def expanded(size: Node, derived: Mapping[str, Node]) -> Node:
    """A size in plain dimensions and hyperparameters."""
    if not derived:
        return size
    return substitute(size, {dim(name): value for name, value in derived.items()})


MAX_TERMS = 64


def polynomial(node: Node) -> Node:
    """An integer expression with its products of sums multiplied out, as far as that stays small."""
    if node.op is Op.ADD:
        return add(*(polynomial(t) for t in node.args))
    if node.op is Op.MUL:
        factors = [polynomial(f) for f in node.args]
        terms: list[list[Node]] = [[]]
        for f in factors:
            parts = f.args if f.op is Op.ADD else (f,)
            if len(terms) * len(parts) > MAX_TERMS:
                return mul(*factors)
            terms = [[*t, p] for t in terms for p in parts]
        return add(*(mul(*t) for t in terms))
    if node.op is Op.POW and node.args[0].op is Op.ADD and node.args[1].op is Op.NUM and node.args[1].data in (2, 3):
        return polynomial(Node(Op.MUL, None, (node.args[0],) * int(node.args[1].data)))
    if node.op is Op.CALL and node.data == "floordiv":
        return floor_divide(*(polynomial(a) for a in node.args))
    return node


def difference(left: Node, right: Node) -> Node:
    """left - right with everything that cancels gone."""
    return polynomial(add(left, neg(right)))


def same_size(left: Node, right: Node, derived: Mapping[str, Node]) -> bool:
    """Whether two sizes are equal whatever the dimensions are."""
    return left == right or difference(expanded(left, derived), expanded(right, derived)) == ZERO


def least(size: Node) -> Fraction | None:
    """A lower bound of an expression of dimensions, each at least 1; None where none is seen."""
    op = size.op
    if op is Op.NUM:
        return size.data
    if op is Op.DIM:
        return Fraction(1)
    if op is Op.ADD:
        parts = [least(t) for t in size.args]
        return None if None in parts else sum(parts, Fraction(0))
    if op is Op.MUL:
        product = Fraction(1)
        for f in size.args:
            part = least(f)
            if part is None or part < 0:
                return None
            product *= part
        return product
    if op is Op.CALL and size.data == "Max":
        parts = [p for a in size.args if (p := least(a)) is not None]
        return max(parts) if parts else None
    if op is Op.CALL and size.data == "Min":
        parts = [least(a) for a in size.args]
        return None if None in parts else min(parts)
    if op is Op.CALL and size.data == "floordiv" and size.args[1].op is Op.NUM and size.args[1].data > 0:
        part = least(size.args[0])
        return None if part is None else Fraction(part // size.args[1].data)
    return None


def bounds(node: Node, values: Mapping[str, Node]) -> tuple[Node | None, Node | None]:
    """(least, greatest) of an integer expression over its indices, without indices; None where not seen.

    `values` gives the number of values of each integer tensor.
    """
    op = node.op
    if op is Op.NUM or op is Op.DIM or op is Op.HYPER:
        return node, node
    if op is Op.INDEX:
        return ZERO, add(node.args[0], MINUS_ONE)
    if op is Op.READ:
        return (ZERO, add(values[node.data], MINUS_ONE)) if node.data in values else (None, None)
    if op is Op.ADD:
        lows, highs = zip(*(bounds(t, values) for t in node.args), strict=True)
        return (None if None in lows else add(*lows)), (None if None in highs else add(*highs))
    if op is Op.MUL:
        return _product_bounds(node, values)
    if op is Op.CALL and node.data in ("Min", "Max"):
        return _extremum_bounds(node, values)
    if op is Op.CALL and node.data in ("floordiv", "mod") and (step := least(node.args[1])) is not None and step > 0:
        if node.data == "mod":
            return ZERO, add(node.args[1], MINUS_ONE)
        low, high = bounds(node.args[0], values)
        return (None if low is None else floor_divide(low, node.args[1])), (None if high is None else floor_divide(high, node.args[1]))
    return None, None


def _product_bounds(node: Node, values: Mapping[str, Node]) -> tuple[Node | None, Node | None]:
    c, rest = split_coefficient(node)
    factors = rest.args if rest.op is Op.MUL else (rest,)
    moving = [f for f in factors if f.free or f.op in (Op.READ, Op.CALL)]
    fixed = [f for f in factors if f not in moving]
    if (
        len(moving) != 1
        or any((least(f) is None or least(f) < 0) and f.op is not Op.HYPER for f in fixed)
        or any(f.op is Op.HYPER for f in fixed)
    ):
        return (node, node) if not moving else (None, None)
    low, high = bounds(moving[0], values)
    if c < 0:
        low, high = high, low
    factor = mul(number(c), *fixed)
    return (None if low is None else mul(factor, low)), (None if high is None else mul(factor, high))


def _extremum_bounds(node: Node, values: Mapping[str, Node]) -> tuple[Node | None, Node | None]:
    lows, highs = zip(*(bounds(a, values) for a in node.args), strict=True)
    some_low, some_high = [b for b in lows if b is not None], [b for b in highs if b is not None]
    if node.data == "Min":
        return (call("Min", *lows) if None not in lows else None), (call("Min", *some_high) if some_high else None)
    return (call("Max", *some_low) if some_low else None), (call("Max", *highs) if None not in highs else None)


def at_most(left: Node, right: Node) -> bool:
    """Whether left ≤ right is seen for dimensions that are at least 1."""
    gap = least(difference(right, left))
    return gap is not None and gap >= 0


def is_positive(size: Node) -> bool:
    """Whether an expression is at least 1 for dimensions and integer hyperparameters, each at least 1, and indices, each at least 0."""
    sizes = {n: dim(f"#{n.data}") for n in walk(size) if n.op in (Op.HYPER, Op.INDEX)}
    least_one = {n: add(d, MINUS_ONE) if n.op is Op.INDEX else d for n, d in sizes.items()}
    bottom = least(polynomial(substitute(size, least_one)))
    return bottom is not None and bottom >= 1


def solved(shape: Node, size: Node, unknown: Node) -> Node | None:
    """The value of `unknown` for which `shape`, linear in it, is `size`; None where that cannot be told."""
    slope = slope_of(shape, unknown)
    if slope is None or slope == ZERO:
        return None
    return floor_divide(add(size, neg(substitute(shape, {unknown: ZERO}))), slope)
