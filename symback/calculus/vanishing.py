"""Sums that the definitions prove to be 0, as of what is left of values when their mean is taken off."""

from __future__ import annotations

from symback.calculus.facts import Facts, Proof
from symback.calculus.sums import all_pulled_out, one_place, pull_out, spread, total_probability
from symback.core.expr import (
    BIT,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    compare,
    factors_of,
    indicator,
    is_indicator,
    is_whole,
    mul,
    opened,
    opened_anew,
    substitute,
    total,
    transform,
    walk,
)

MOST_PUT_IN = 8
"""Definitions that are put in, one after another, to prove a sum to be 0."""

MOST_MOVING = 3
"""Factors of its body that a sum may have for a proof to be looked for."""


def vanishing(node: Node, facts: Facts) -> Node | None:
    """A sum that the definitions prove to be 0: Σ_n (x_n - μ) = 0."""
    return None if vanishing_terms(node, facts) is None else ZERO


def vanishing_terms(node: Node, facts: Facts) -> Proof | None:
    """The equations that prove a sum to be 0: what each of its terms comes to, where these cancel; None where they do not."""
    if not _is_sum(node):
        return None
    if sum(1 for f in factors_of(node.args[0]) if not f.free.isdisjoint(node.args[1::3])) > MOST_MOVING:
        return None
    body, binders = opened(node)
    proof = _within_another(factors_of(body), binders, facts) if len(binders) > 1 else None
    if proof is not None:
        return proof
    found = _bracket(factors_of(body), {b[0] for b in binders}, facts) if all(is_whole(b) for b in binders) else None
    if found is None:
        return None
    name, subject, weights = found
    whole_terms = [total(mul(*weights, t), *binders) for t in subject.args]
    terms = [_without_zeros(_summed_up(t, facts), facts) for t in whole_terms]
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


def _within_another(factors: tuple[Node, ...], binders: tuple[Binder, ...], facts: Facts) -> Proof | None:
    """The proof for a sum over several indices that it is 0 over one of them already."""
    for b in binders:
        mine = [f for f in factors if b[0] in f.free]
        if 0 < len(mine) < len(factors) and not any(b[0] in limit.free for other in binders for limit in other[1:]):
            proof = vanishing_terms(total(mul(*mine), b), facts)
            if proof is not None:
                return proof
    return None


def _bracket(factors: tuple[Node, ...], bound: set[Node], facts: Facts) -> tuple[Node, Node, list[Node]] | None:
    """(factor, the sum that it is but for what no bound index changes, weights): a value that varies, and weights of forward."""
    moving = [f for f in factors if f.free & bound]
    for f in moving:
        seen = (facts.unfolded(f) or _gathered(f, facts) or f) if f.op is Op.READ else f
        inner = [g for g in factors_of(seen) if g.free & bound]
        weights = [g for g in moving if g is not f]
        if len(inner) == 1 and inner[0].op is Op.ADD and not any(_holds_cotangent(w, facts) for w in weights):
            return f, inner[0], weights
    return None


def _gathered(node: Node, facts: Facts) -> Node | None:
    """A cotangent that is added to at labels, with [k = t_n] for the places; None where more than one of its axes is told by data."""
    c = facts.cotangents.get(str(node.data))
    if c is None or any(c.low):
        return None
    at = dict(zip(c.axes, node.args, strict=True))
    terms = [substitute(c.value, at)]
    for s in c.scatters:
        places = list(zip(s.targets, node.args, strict=True))
        plain = {t: a for t, a in places if t in s.scope}
        told = [(substitute(t, plain), a) for t, a in places if t not in s.scope]
        if len(told) != 1 or set(plain) != set(s.scope):
            return None
        terms.append(mul(substitute(s.value, plain), indicator(compare("==", *told[0]))))
    return add(*terms)


def _summed_up(term: Node, facts: Facts) -> Node:
    """The sum with its constant factors outside; of a softmax, or of the places of a label, it is 1."""
    term = all_pulled_out(term, facts)
    if any(is_indicator(n) or n.op is Op.CALL and n.data == "exp" for n in walk(term)):
        term = transform(term, lambda n: one_place(n, facts) or total_probability(n, facts), kinds=BIT[Op.REDUCE])
    return term


def _holds_cotangent(node: Node, facts: Facts) -> bool:
    return any(n.op is Op.READ and n.data in facts.upstream for n in walk(node))


def _without_zeros(term: Node, facts: Facts) -> Node:
    """The term, 0 where one of its factors is a sum of a value of forward that vanishes; a sum of one value stays, whose definition is
    put in when it is its turn."""
    if _is_sum(term) and term.args[0].op is Op.READ:
        return term
    return ZERO if any(_vanishes(_outermost_last(f, facts), facts) for f in factors_of(term)) else term


def _outermost_last(node: Node, facts: Facts) -> Node:
    """Σ_n Σ_k a_k·z_nk as Σ_k a_k·Σ_n z_nk; another node as it is."""
    if not _is_sum(node) or not _is_sum(node.args[0]):
        return node
    body, binders = opened_anew(node)
    inner, own = opened_anew(body)
    if not all(is_whole(b) for b in own):
        return node
    first = total(inner, *binders)
    return total(pull_out(first, facts) or first, *own)


def _vanishes(node: Node, facts: Facts) -> bool:
    """Whether it is a sum of a value that vanishes, or a sum of such sums."""
    if not _is_sum(node):
        return False
    if node.args[0].op is Op.READ:
        return vanishing_terms(node, facts) is not None
    return any(map(_is_sum, factors_of(node.args[0]))) and any(_vanishes(f, facts) for f in factors_of(opened(node)[0]))


def _is_sum(node: Node) -> bool:
    return node.op is Op.REDUCE and node.data is Reduction.SUM


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
