"""Index expressions as integer linear algebra: Σ coefficient·index + constant, and their ranges."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod

from symback.core.expr import (
    BIT,
    MINUS_ONE,
    ONE,
    ZERO,
    Node,
    Op,
    Reduction,
    add,
    mul,
    number,
    split_coefficient,
    substitute,
    terms_of,
    transform,
    walk,
)


@dataclass(frozen=True, slots=True)
class Affine:
    """Σ coefficients[i]·i + constant; coefficients and constant hold no index."""

    coefficients: Mapping[Node, Node]
    constant: Node

    @property
    def indices(self) -> tuple[Node, ...]:
        return tuple(self.coefficients)


def affine(node: Node) -> Affine | None:
    """The expression as an affine map of its indices, or None where it is not one (or reads a tensor)."""
    if node.op is Op.INDEX:
        return Affine({node: ONE}, ZERO)
    if not node.free:
        return Affine({}, node) if scalar(node) else None
    if node.op is Op.ADD:
        total: dict[Node, Node] = {}
        constant = ZERO
        for a in node.args:
            part = affine(a)
            if part is None:
                return None
            constant = add(constant, part.constant)
            for i, c in part.coefficients.items():
                total[i] = add(total.get(i, ZERO), c)
        return Affine({i: c for i, c in total.items() if c != ZERO}, constant)
    if node.op is Op.MUL:
        moving = [a for a in node.args if a.free]
        fixed = mul(*(a for a in node.args if not a.free))
        if len(moving) != 1 or not scalar(fixed):
            return None
        part = affine(moving[0])
        if part is None:
            return None
        return Affine({i: mul(fixed, c) for i, c in part.coefficients.items()}, mul(fixed, part.constant))
    return None


def scalar(node: Node) -> bool:
    """Whether it holds neither index nor tensor: a Python number when called."""
    if node.op in (Op.READ, Op.INDEX, Op.REDUCE):
        return False
    return not node.free and all(scalar(a) for a in node.args)


def linear(node: Node) -> Node:
    """An affine expression as Σ c·i + constant, products of sums multiplied out; others as they are."""
    form = affine(node)
    if form is None:
        return node
    return add(*(mul(multiplied_out(c), i) for i, c in form.coefficients.items()), multiplied_out(form.constant))


def multiplied_out(node: Node) -> Node:
    """An index-free integer expression with products of sums expanded, so that equal sizes look equal."""
    if node.op is Op.ADD:
        return add(*(multiplied_out(a) for a in node.args))
    if node.op is Op.MUL:
        terms = [ONE]
        for f in node.args:
            f = multiplied_out(f)
            parts = f.args if f.op is Op.ADD else (f,)
            if len(terms) * len(parts) > 64:
                return node
            terms = [mul(t, p) for t in terms for p in parts]
        return add(*terms)
    return node


def bounds(node: Node) -> tuple[Node, Node] | None:
    """`_bounds` with products of sums multiplied out."""
    got = _bounds(node)
    return None if got is None else (multiplied_out(got[0]), multiplied_out(got[1]))


def _bounds(node: Node) -> tuple[Node, Node] | None:
    """(least, greatest) value of an integer expression over the box of its indices, for indices that have
    at least one value; None where that is not known from its form."""
    if node.op is Op.INDEX:
        return ZERO, add(node.args[0], MINUS_ONE)
    if scalar(node):
        return node, node
    if node.op is Op.ADD:
        parts = [_bounds(a) for a in node.args]
        if any(p is None for p in parts):
            return None
        return add(*(p[0] for p in parts)), add(*(p[1] for p in parts))
    if node.op is Op.MUL:
        moving = [a for a in node.args if a.free]
        fixed = mul(*(a for a in node.args if not a.free))
        if len(moving) != 1 or not scalar(fixed):
            return None
        inner = _bounds(moving[0])
        sign = sign_of(fixed)
        if inner is None or sign == 0:
            return None
        low, high = mul(fixed, inner[0]), mul(fixed, inner[1])
        return (low, high) if sign > 0 else (high, low)
    if node.op is Op.CALL and node.data == "mod" and scalar(node.args[1]):
        return ZERO, add(node.args[1], MINUS_ONE)
    return None


def sign_of(node: Node) -> int:
    """1 for an expression that is never negative for sizes and positive hyperparameters, -1 for its opposite, 0 unknown."""
    if node.op is Op.NUM:
        return 1 if node.data >= 0 else -1
    if node.op in (Op.DIM, Op.HYPER):
        return 1
    if node.op is Op.POW:
        return 1 if sign_of(node.args[0]) == 1 else 0
    if node.op is Op.MUL:
        sign = 1
        for a in node.args:
            sign *= sign_of(a)
        return sign
    if node.op is Op.ADD:
        signs = {sign_of(a) for a in node.args}
        return signs.pop() if len(signs) == 1 else 0
    return 0


def never_negative(size: Node) -> bool:
    """Whether a size is at least 0 wherever dimensions and hyperparameters are at least 1."""
    grown = {n: add(n, ONE) for n in walk(size) if n.op in (Op.DIM, Op.HYPER)}
    return sign_of(linear(substitute(size, grown))) == 1


def inside(node: Node, size: Node) -> bool:
    """Whether the expression provably stays in 0 … size-1."""
    if node.op is Op.INDEX and node.args[0] == size:
        return True
    if node.op is Op.NUM and size.op is Op.NUM:
        return 0 <= node.data < size.data
    if node.op is Op.REDUCE and node.data in (Reduction.ARGMAX, Reduction.ARGMIN) and len(node.args) == 4:
        return node.args[1].args[0] == size
    return nowhere_negative(node) and _below(node, size, _least_dims(node))


def without_wraps(node: Node) -> Node:
    """The expression with x or x - n for each x mod n that is proved to be that."""

    def step(n: Node) -> Node | None:
        if n.op is not Op.CALL or n.data != "mod":
            return None
        x, size = n.args
        return next((y for k in (0, -1, 1) if inside(y := linear(add(x, mul(number(k), size))), size)), None)

    return transform(node, step, kinds=BIT[Op.CALL])


def never_negative_for(size: Node, node: Node) -> bool:
    """Whether a sum of products of sizes is at least 0 wherever the expression is used: each of its indices has a position."""
    return _not_negative_for(size, _least_dims(node))


def _least_dims(node: Node) -> dict[Node, Fraction]:
    """The least value of each dimension for which every index of the expression has a position."""
    least: dict[Node, Fraction] = {}
    for i in node.free:
        terms = [t for t in terms_of(multiplied_out(i.args[0])) if t.op is not Op.NUM]
        if len(terms) == 1:
            c, dim = split_coefficient(terms[0])
            rest = multiplied_out(add(i.args[0], mul(MINUS_ONE, terms[0])))
            if dim.op is Op.DIM and c > 0:
                least[dim] = max(least.get(dim, Fraction(0)), (1 - rest.data) / c)
    return least


def _not_negative_for(node: Node, least: Mapping[Node, Fraction]) -> bool:
    """Whether a sum of products of sizes is at least 0 for dimensions of at least this much."""
    total = Fraction(0)
    for term in terms_of(multiplied_out(node)):
        c, rest = split_coefficient(term)
        if rest == ONE:
            total += c
        elif c < 0 or sign_of(rest) != 1:
            return False
        else:
            total += c * prod(least.get(f, Fraction(0)) for f in (rest.args if rest.op is Op.MUL else (rest,)))
    return total >= 0


def nowhere_negative(node: Node) -> bool:
    if node.op is Op.CALL and node.data == "Min":
        return all(nowhere_negative(a) for a in node.args)
    if node.op is Op.CALL and node.data == "Max":
        return any(nowhere_negative(a) for a in node.args)
    if node.op is Op.CALL and node.data in ("floordiv", "mod") and _divisor(node.args[1]):
        return node.data == "mod" or nowhere_negative(node.args[0])
    got = bounds(node)
    return got is not None and got[0].op is Op.NUM and got[0].data >= 0


def _below(node: Node, size: Node, least: Mapping[Node, Fraction]) -> bool:
    if size.op is Op.CALL and size.data == "Max":
        return any(_below(node, s, least) for s in size.args)
    if node.op is Op.CALL and node.data == "Min":
        return any(_below(a, size, least) for a in node.args)
    if node.op is Op.CALL and node.data == "Max":
        return all(_below(a, size, least) for a in node.args)
    if node.op is Op.CALL and node.data in ("floordiv", "mod") and _divisor(node.args[1]):
        if nowhere_negative(node.args[0]) and _below(node.args[0], size, least):
            return True
    got = bounds(node)
    return got is not None and _not_negative_for(add(size, MINUS_ONE, mul(MINUS_ONE, got[1])), least)


def _divisor(node: Node) -> bool:
    """Whether it is at least 1 wherever it can be divided by."""
    return node.op is Op.DIM or (node.op is Op.NUM and node.data >= 1)


def index_plus(node: Node) -> tuple[Node, int] | None:
    """(index, c) for index + c with an integer c; None for anything else."""
    form = affine(node)
    if form is None or len(form.indices) != 1 or form.constant.op is not Op.NUM:
        return None
    ((i, c),) = form.coefficients.items()
    return (i, int(form.constant.data)) if c == ONE else None
