"""Sums that the definitions prove to be 0, as of what is left of values when their mean is taken off."""

from __future__ import annotations

from symback.calculus.facts import Facts, Proof
from symback.calculus.sums import all_pulled_out, spread
from symback.core.expr import ZERO, Node, Op, Reduction, add, factors_of, is_whole, mul, opened, total, transform, walk

MOST_PUT_IN = 8
"""Definitions that are put in, one after another, to prove a sum to be 0."""

MOST_MOVING = 3
"""Factors of its body that a sum may have for a proof to be looked for."""


def vanishing(node: Node, facts: Facts) -> Node | None:
    """A sum that the definitions prove to be 0: Σ_n (x_n - μ) = 0."""
    return None if vanishing_terms(node, facts) is None else ZERO


def vanishing_terms(node: Node, facts: Facts) -> Proof | None:
    """The equations that prove a sum to be 0: what each of its terms comes to, where these cancel; None where they do not."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    if sum(1 for f in factors_of(node.args[0]) if not f.free.isdisjoint(node.args[1::3])) > MOST_MOVING:
        return None
    body, binders = opened(node)
    found = _bracket(factors_of(body), {b[0] for b in binders}, facts) if all(is_whole(b) for b in binders) else None
    if found is None:
        return None
    name, subject, weights = found
    whole_terms = [total(mul(*weights, t), *binders) for t in subject.args]
    terms = [_without_zeros(all_pulled_out(t, facts), facts) for t in whole_terms]
    for _ in range(MOST_PUT_IN):
        left = add(*terms)
        if left == ZERO:
            known = () if name == subject else ((name, subject),)
            return (*known, *((a, b) for a, b in zip(whole_terms, terms, strict=True) if a != b))
        last = _last_defined(left, facts)
        if last is None or _stands_alone(left, facts):
            return None
        terms = [_put_in(t, last, facts) for t in terms]
    return None


def _bracket(factors: tuple[Node, ...], bound: set[Node], facts: Facts) -> tuple[Node, Node, list[Node]] | None:
    """(factor, the sum that it is but for what no bound index changes, weights): a value that varies, and weights of forward."""
    moving = [f for f in factors if f.free & bound]
    for f in moving:
        seen = (facts.unfolded(f) or f) if f.op is Op.READ else f
        inner = [g for g in factors_of(seen) if g.free & bound]
        weights = [g for g in moving if g is not f]
        if len(inner) == 1 and inner[0].op is Op.ADD and not any(_holds_cotangent(w, facts) for w in weights):
            return f, inner[0], weights
    return None


def _holds_cotangent(node: Node, facts: Facts) -> bool:
    return any(n.op is Op.READ and n.data in facts.upstream for n in walk(node))


def _without_zeros(term: Node, facts: Facts) -> Node:
    """The term, 0 where one of its factors is a sum of a value of forward that vanishes."""
    sums = [f for f in factors_of(term) if f.op is Op.REDUCE and f.args[0].op is Op.READ] if term.op is Op.MUL else []
    return ZERO if any(vanishing_terms(f, facts) is not None for f in sums) else term


def _stands_alone(left: Node, facts: Facts) -> bool:
    """Whether a cotangent stands in one term only: no definition of forward holds one, so that nothing can cancel that term."""
    count: dict[object, int] = {}
    for term in left.args if left.op is Op.ADD else (left,):
        for name in {n.data for n in walk(term) if n.op is Op.READ and n.data in facts.upstream}:
            count[name] = count.get(name, 0) + 1
    return 1 in count.values()


def _last_defined(left: Node, facts: Facts) -> str | None:
    """The value that is defined after all others in an expression: no other can cancel it, its own definition only. None where it
    stands in functions alone, which nothing cancels."""
    read = {str(n.data) for n in walk(left) if n.op is Op.READ}
    last = max((name for name in read if facts.defined(name) is not None), key=facts.order.__getitem__, default=None)
    return last if last is not None and _stands_open(left, last) else None


def _stands_open(node: Node, name: str) -> bool:
    """Whether the value is read outside functions."""
    if node.op is Op.READ:
        return str(node.data) == name
    return node.op is not Op.CALL and any(_stands_open(a, name) for a in node.args)


def _put_in(node: Node, name: str, facts: Facts) -> Node:
    """The node with the definition of a value put in, sums and brackets opened, factors pulled out."""
    new = transform(node, lambda n: facts.unfolded(n) if n.op is Op.READ and str(n.data) == name else None, top_down=True)
    return node if new is node else all_pulled_out(transform(new, lambda n: spread(n, facts)), facts)
