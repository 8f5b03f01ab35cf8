"""Ways of looking at a node that several rules share."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import pi

from symback.core.expr import (
    HALF,
    ONE,
    PI,
    ZERO,
    Node,
    Op,
    Reduction,
    add,
    call,
    factors_of,
    mul,
    neg,
    number,
    power,
    split_coefficient,
    terms_of,
    walk,
)
from symback.rewrite.facts import Context


def without(items: tuple[Node, ...], *places: int) -> tuple[Node, ...]:
    return tuple(a for k, a in enumerate(items) if k not in places)


def is_call(node: Node, *names: str) -> bool:
    return node.op is Op.CALL and node.data in names


def is_log_sum(node: Node) -> bool:
    return node.op is Op.REDUCE and node.data is Reduction.LOGSUMEXP


def constant(node: Node) -> float | None:
    """The value of an expression of numbers alone, or None."""
    if node.op is Op.NUM:
        return float(node.data)
    if node == PI:
        return pi
    if node.op not in (Op.ADD, Op.MUL, Op.POW):
        return None
    parts = [constant(a) for a in node.args]
    if any(p is None for p in parts):
        return None
    if node.op is Op.ADD:
        return sum(parts)
    if node.op is Op.POW:
        return parts[0] ** parts[1] if parts[0] > 0 else None
    out = 1.0
    for p in parts:
        out *= p
    return out


def tidy_coefficient(node: Node) -> Node:
    """The node with numeric factors that make 1 to double precision dropped (0.70710678118654757·√2)."""
    fixed = [f for f in factors_of(node) if constant(f) is not None]
    if len(fixed) < 2:
        return node
    c = constant(mul(*fixed))
    if c is not None and abs(abs(c) - 1) < 1e-15:
        rest = mul(*(f for f in factors_of(node) if constant(f) is None))
        return rest if c > 0 else neg(rest)
    return node


def scaled_pairs(node: Node, names: tuple[str, ...], exponent: int = 1) -> Iterator[tuple[int, Node, Node, Node]]:
    """For each term C·f(u)**exponent of a sum, f among `names`: (place, C, the call, the sum without the term)."""
    parts = terms_of(node)
    for k, term in enumerate(parts):
        inside = factors_of(term)
        for j, f in enumerate(inside):
            base, e = (f.args[0], f.args[1]) if f.op is Op.POW else (f, ONE)
            if is_call(base, *names) and e == number(exponent):
                yield k, mul(*without(inside, j)), base, add(*without(parts, k))
                break


def minus_term(total: Node, term: Node) -> Node | None:
    """total - term where `term` is a whole term of the sum (or of its constant), else None."""
    parts = terms_of(total)
    c, rest = split_coefficient(term)
    for k, part in enumerate(parts):
        d, other = split_coefficient(part)
        if other == rest and d == c:
            return add(*without(parts, k))
        if rest == ONE and other == ONE and c == d:
            return add(*without(parts, k))
    return None


def minus_nearly(total: Node, term: Node) -> Node | None:
    """total - term as `minus_term` has it, or where `term` is a number and the sum's own one is it and a little more (an eps), which stays."""
    left = minus_term(total, term)
    if left is not None or term.op is not Op.NUM:
        return left
    for k, part in enumerate(terms_of(total)):
        if part.op is Op.NUM and abs(part.data - term.data) * 64 < abs(term.data):
            return add(*without(terms_of(total), k), number(part.data - term.data))
    return None


def minus_terms(total: Node, wanted: Node) -> Node | None:
    """total - wanted where every term of `wanted` is a term of `total`."""
    if wanted.op is not Op.ADD:
        return minus_term(total, wanted)
    for t in wanted.args:
        total = minus_term(total, t)
        if total is None:
            return None
    return total


def exponential(node: Node, ctx: Context | None = None) -> tuple[Fraction, Node] | None:
    """(c, u) with node = c·exp(u) and c a number that is not 0; a number is c·exp(0). With a context, named values are seen through."""
    c, u, found = Fraction(1), ZERO, False
    for f in factors_of(node):
        base, e = (f.args[0], f.args[1]) if f.op is Op.POW else (f, ONE)
        if f.op is Op.NUM:
            c *= f.data
        elif base.op is Op.READ and ctx is not None and ctx.unfold(base) is not None and e.op is Op.NUM and e.data.denominator == 1:
            inner = exponential(ctx.see(base), ctx)
            if inner is None or inner[1] == ZERO:
                return None
            c, u, found = c * inner[0] ** int(e.data), add(u, mul(e, inner[1])), True
        elif is_call(base, "exp"):
            u, found = add(u, mul(e, base.args[0])), True
        else:
            return None
    return (c, u) if c and (found or node.op is Op.NUM) else None


def exponent_of(node: Node) -> Node | None:
    """u with node = exp(u), where it is written as an exponential or a gaussian; None otherwise."""
    if is_call(node, "exp"):
        return node.args[0]
    if is_call(node, "gauss"):
        return neg(power(node.args[0], number(2)))
    if is_call(node, "half_gauss"):
        return mul(number("-1/2"), power(node.args[0], number(2)))
    return None


Exponential = tuple[Fraction, Node]


def two_exponentials(node: Node, ctx: Context | None = None) -> tuple[Exponential, Exponential] | None:
    """((c, u), (d, v)) with node = c·exp(u) + d·exp(v), not both numbers; the one that is a number first."""
    if node.op is not Op.ADD or len(node.args) != 2:
        return None
    found = [exponential(t, ctx) for t in node.args]
    if any(f is None for f in found) or all(f[1] == ZERO for f in found):
        return None
    first, second = found
    return (second, first) if second[1] == ZERO else (first, second)


def several_exponentials(node: Node, ctx: Context | None = None) -> tuple[Exponential, ...] | None:
    """The (c, u) of a sum of three or more c·exp(u), c > 0, the one that is a number first; None where all u are multiples of one."""
    if node.op is not Op.ADD or len(node.args) < 3:
        return None
    found = [exponential(t, ctx) for t in node.args]
    if any(f is None or f[0] <= 0 for f in found) or len({split_coefficient(u)[1] for _, u in found if u != ZERO}) < 2:
        return None
    return tuple(sorted(found, key=lambda f: f[1] != ZERO))


def shifted(u: Node, c: Fraction) -> Node:
    """u + log c, so that c·exp(u) is its exponential."""
    return u if c == 1 else add(u, call("log", number(c)))


def root(node: Node) -> Node | None:
    """w with node = w² up to sign, where every factor has an even power; None otherwise."""
    out = []
    for f in factors_of(node):
        if f.op is Op.NUM:
            r = power(f, HALF)
            if r.op is not Op.NUM:
                return None
            out.append(r)
        elif f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data.denominator == 1 and f.args[1].data % 2 == 0:
            out.append(power(f.args[0], number(f.args[1].data / 2)))
        else:
            return None
    return mul(*out)


def has_read(node: Node) -> bool:
    return any(n.op is Op.READ for n in walk(node))


def holds_reduction(node: Node) -> bool:
    return node.height > 0


def power_of(base: Node, exponent: int) -> Node:
    return power(base, number(exponent))


def is_sum(node: Node) -> bool:
    """Whether it is a sum over indices."""
    return node.op is Op.REDUCE and node.data is Reduction.SUM
