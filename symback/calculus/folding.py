"""Rules that find a value that exists already."""

from __future__ import annotations

from symback.calculus.facts import Facts, Proof
from symback.calculus.patterns import unify_product
from symback.calculus.sums import all_pulled_out
from symback.core.expr import (
    Node,
    Op,
    Reduction,
    is_whole,
    mul,
    number,
    opened,
    opened_anew,
    read,
    reads,
    split_coefficient,
    total,
    transform,
)


def fold_value(node: Node, facts: Facts) -> Node | None:
    """An expression that defines a value is that value; a sum of numbers is as soon added up again, and may meet other terms."""
    if node.op is Op.ADD and not node.free:
        return None
    return facts.known.signed(node) or facts.known.from_multiple(node)


def contraction_proof(node: Node, facts: Facts) -> Proof:
    """The definitions of the values that `fold_contraction` finds."""
    after = fold_contraction(node, facts)
    before = {r.data for r in reads(node)}
    names = dict.fromkeys(str(r.data) for r in reads(after) if r.data not in before) if after is not None else {}
    return tuple((read(n, *d.axes), d.value) for n in names if (d := facts.definitions.get(n) or facts.cotangents.get(n)) is not None)


def fold_contraction(node: Node, facts: Facts) -> Node | None:
    """Σ_j P_ij·Σ_e g_ie·V_je = Σ_e g_ie·O_ie, where O_ie = Σ_j P_ij·V_je is a value already."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    body, binders = opened(node)
    if body.op is not Op.MUL or not all(is_whole(b) for b in binders):
        return None
    for k, f in enumerate(body.args):
        inner = f
        if f.op is Op.READ and str(f.data) in facts.cotangents:
            inner = facts.unfolded(f) or f
        c, inner = split_coefficient(inner)
        outer_factors = []
        if inner.op is Op.MUL:
            sums = [g for g in inner.args if g.op is Op.REDUCE]
            if len(sums) == 1:
                outer_factors = [g for g in inner.args if g is not sums[0]]
                inner = sums[0]
        if inner.op is not Op.REDUCE or inner.data is not Reduction.SUM:
            continue
        inside, more = opened_anew(inner)
        if not all(is_whole(b) for b in more):
            continue
        factors = [*body.args[:k], *body.args[k + 1 :], *outer_factors, *(inside.args if inside.op is Op.MUL else (inside,))]
        found = unify_product(facts.known, factors, {b[0] for b in binders})
        if found is not None:
            value, rest = found
            return mul(number(c), total(mul(value, *rest), *more))
    return _fold_part(body, binders, facts)


def _fold_part(body: Node, binders: tuple, facts: Facts) -> Node | None:
    """The same where both sums are one: Σ_ej P_ij·g_ie·V_je."""
    for b in binders if len(binders) > 1 else ():
        found = unify_product(facts.known, list(body.args), {b[0]})
        if found is not None:
            value, rest = found
            return total(mul(value, *rest), *(other for other in binders if other is not b))
    return None


def as_multiple(value: Node, facts: Facts) -> tuple[Node, Node] | None:
    """(factor, sum) of a value that is a common factor times one sum, once the names in it are seen through: Σ dy·x̂ = r·Σ dy·(x - μ)."""
    if value.op is not Op.REDUCE or value.data is not Reduction.SUM:
        return None
    seen = transform(
        value,
        lambda n: facts.unfolded(n) if n.op is Op.READ and str(n.data) in facts.definitions and len(n.args) > 1 else None,
        top_down=True,
    )
    pulled = all_pulled_out(seen, facts)
    factors = pulled.args if pulled.op is Op.MUL else ()
    sums = [f for f in factors if f.op is Op.REDUCE and f.data is Reduction.SUM and f.height == max(g.height for g in factors)]
    wide = [f for f in factors if f.op is Op.REDUCE]
    if len(wide) != 1 or len(sums) != 1:
        return None
    return mul(*(f for f in factors if f is not sums[0])), sums[0]
