"""Contractions with a common operand, as one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from symback.calculus.affine import scalar
from symback.calculus.facts import Facts
from symback.core.expr import (
    MINUS_ONE,
    Node,
    Op,
    Reduction,
    add,
    compare,
    factors_of,
    is_whole,
    mul,
    number,
    opened,
    opened_anew,
    power,
    read,
    split_coefficient,
    substitute,
    total,
    transform,
    walk,
)

MOST_TERMS = 12
MOST_BOUND = 3


def joint_contraction(node: Node, facts: Facts) -> Node | None:
    """Σ_k a_k·w_k ± Σ_k b_k·w_k = Σ_k (a_k ± b_k)·w_k, where a and b have the same indices, and are values, or products while w is
    a value with an index more; 2·Σ_k a_k·w_k where they are one."""
    if node.op is not Op.ADD or not 2 <= len(node.args) <= MOST_TERMS:
        return None
    terms = [(k, t) for k, term in enumerate(node.args) for t in _opened_bracket(term)]
    places = [(k, t) for k, t in terms if _contraction(split_coefficient(t)[1])]
    for n, (i, one) in enumerate(places):
        for j, other in places[n + 1 :]:
            met = _met(one, other, facts) if i != j else None
            if met is not None:
                rest = [t for k, t in enumerate(node.args) if k not in (i, j)]
                return add(met, *rest, *(t for k, t in terms if k in (i, j) and t is not one and t is not other))
    return None


def _opened_bracket(term: Node) -> tuple[Node, ...]:
    """The terms of a number times a sum; another term by itself."""
    c, rest = split_coefficient(term)
    return tuple(mul(number(c), t) for t in rest.args) if rest.op is Op.ADD else (term,)


def transposed(node: Node, facts: Facts) -> Node | None:
    """Σ_k a_ki·w_k = Σ_k a_ik·w_k for a matrix a that its definition shows to be symmetric."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    hidden = node.args[1::3]

    def turns(n: Node, bound: Sequence[Node]) -> bool:
        crossed = n.op is Op.READ and len(n.args) == 2 and n.args[0] in bound and n.args[1].op is Op.INDEX and n.args[1] not in bound
        return crossed and n.args[0].args == n.args[1].args and _is_symmetric(str(n.data), facts)

    if not any(turns(n, hidden) for n in walk(node.args[0])):
        return None
    body, binders = opened(node)
    own = [b[0] for b in binders]
    return total(transform(body, lambda n: read(str(n.data), *reversed(n.args)) if turns(n, own) else None), *binders)


def _contraction(node: Node) -> bool:
    return node.op is Op.REDUCE and node.data is Reduction.SUM and node.args[0].op is Op.MUL


def _met(one: Node, other: Node, facts: Facts) -> Node | None:
    """The two contractions as one; None where they have no common operand, or their coefficients differ by more than a sign."""
    (c, first), (d, second) = split_coefficient(one), split_coefficient(other)
    if abs(c) != abs(d) or len(first.args) != len(second.args):
        return None
    (body, binders), (beside, others) = opened_anew(first), opened_anew(second)
    bound, own = [b[0] for b in binders], [b[0] for b in others]
    if len(bound) > MOST_BOUND or not all(is_whole(b) for b in (*binders, *others)):
        return None
    for order in permutations(bound):
        if [i.args for i in order] != [i.args for i in own]:
            continue
        factors = list(factors_of(body))
        left = []
        for f in factors_of(substitute(beside, dict(zip(own, order, strict=True)))):
            if f in factors:
                factors.remove(f)
            else:
                left.append(f)
        a, b = mul(*factors), mul(*left)
        if left and factors and a.free == b.free and a.free & set(bound):
            common = [f for f in factors_of(body) if f not in factors]
            return _joined(common, binders, a, b, (c, d), facts)
    return None


def _joined(common: list[Node], binders, a: Node, b: Node, signs, facts: Facts) -> Node | None:
    c, d = signs
    reached = [f for f in common if f.free & {i[0] for i in binders}]
    values = a.op is Op.READ and b.op is Op.READ
    if not reached or not (values or any(f.op is Op.READ and not f.free <= a.free for f in reached)):
        return None
    outside, within = [f for f in common if scalar(f)], [f for f in common if not scalar(f)]
    if c == d and _in_order(a, facts) == _in_order(b, facts):
        return mul(number(2 * c), *outside, total(mul(a, *within), *binders))
    inner = add(a, b if c == d else mul(MINUS_ONE, b))
    return mul(number(c), *outside, total(mul(inner, *within), *binders))


def _in_order(node: Node, facts: Facts) -> Node:
    """The expression with the indices of symmetric values, the sides of equations and the signs of what is squared in one order."""

    def step(n: Node) -> Node | None:
        if n.op is Op.COMPARE and n.data in ("==", "!="):
            return compare(n.data, *sorted(n.args, key=lambda a: a.digest))
        if n.op is Op.POW and n.args[0].op is Op.ADD and n.args[1].op is Op.NUM and n.args[1].data % 2 == 0:
            first = min(n.args[0].args, key=lambda t: sorted(str(i.data) for i in t.free))
            if split_coefficient(first)[0] < 0:
                return power(add(*(mul(MINUS_ONE, t) for t in n.args[0].args)), n.args[1])
        if n.op is Op.READ and len(n.args) == 2 and n.args[1].digest < n.args[0].digest and _is_symmetric(str(n.data), facts):
            return read(str(n.data), *reversed(n.args))
        return None

    return transform(node, step)


def _is_symmetric(name: str, facts: Facts) -> bool:
    """Whether a matrix is its own transpose, as its definition shows."""
    known = facts.symmetric.get(name)
    if known is None:
        facts.symmetric[name] = False
        d = facts.defined(name)
        c = facts.cotangents.get(name)
        axes, value = (d.axes, d.value) if d is not None else (c.axes, c.value) if c is not None and not c.scatters else ((), None)
        if len(axes) == 2 and axes[0].args == axes[1].args:
            turned = substitute(value, dict(zip(axes, reversed(axes), strict=True)))
            facts.symmetric[name] = _in_order(value, facts) == _in_order(turned, facts)
    return facts.symmetric.get(name, False)
