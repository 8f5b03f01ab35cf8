"""Rules on sums: what leaves them, what they prove to be 0, what becomes of an index."""

from __future__ import annotations

from collections.abc import Sequence

from symback.calculus.affine import Affine, affine, inside, linear
from symback.calculus.facts import Facts
from symback.calculus.radix import digits
from symback.core.expr import (
    BIT,
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    Reduction,
    add,
    both,
    compare,
    conjuncts,
    factors_of,
    fresh_index,
    indicator,
    is_indicator,
    is_whole,
    mul,
    opened,
    split_coefficient,
    substitute,
    terms_of,
    total,
    transform,
    whole,
)


def pull_out(node: Node, facts: Facts) -> Node | None:
    """Σ_k a·b_k = a·Σ_k b_k; an index that nothing uses is a factor of its size."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    hidden = frozenset(node.args[1::3])
    if all(not f.free.isdisjoint(hidden) for f in factors_of(node.args[0])) and hidden <= node.args[0].free:
        return None
    body, binders = opened(node)
    factors = body.args if body.op is Op.MUL else (body,)
    bound = {b[0] for b in binders}
    outside = [f for f in factors if not (f.free & bound)]
    inside = [f for f in factors if f.free & bound]
    used = set().union(*(f.free for f in inside)) if inside else set()
    limits = set().union(*(limit.free for b in binders for limit in b[1:])) if binders else set()
    idle = [b for b in binders if b[0] not in used and b[0] not in limits and is_whole(b)]
    if not idle and (not outside or not inside):
        return None
    rest = [b for b in binders if b not in idle]
    if not rest:
        return mul(*outside, *inside, *(b[0].args[0] for b in idle))
    if not inside:
        return None if not idle else mul(*outside, *(b[0].args[0] for b in idle), total(ONE, *rest))
    return mul(*outside, *(b[0].args[0] for b in idle), total(mul(*inside), *rest))


def separate(node: Node, facts: Facts) -> Node | None:
    """Σ_ij a_i·b_j = (Σ_i a_i)·(Σ_j b_j)."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or len(node.args) < 7:
        return None
    body, binders = opened(node)
    if body.op is not Op.MUL or not all(is_whole(b) for b in binders):
        return None
    bound = [b[0] for b in binders]
    parts: list[tuple[set[Node], list[Node]]] = []
    for f in body.args:
        mine = {i for i in bound if i in f.free}
        touching = [p for p in parts if p[0] & mine]
        rest = [p for p in parts if not p[0] & mine]
        parts = [*rest, (mine.union(*(p[0] for p in touching)), [g for p in touching for g in p[1]] + [f])]
    if len(parts) < 2 or any(not p[0] for p in parts):
        return None
    by_index = {b[0]: b for b in binders}
    return mul(*(total(mul(*factors), *(by_index[i] for i in bound if i in indices)) for indices, factors in parts))


def total_probability(node: Node, facts: Facts) -> Node | None:
    """Σ_k a·p_k = a for a softmax p over k."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or len(node.args) != 4:
        return None
    body, binders = opened(node)
    (k, _, _), factors = binders[0], factors_of(body)
    moving = [f for f in factors if k in f.free]
    if len(moving) != 1 or not is_whole(binders[0]):
        return None
    seen = factors_of(_behind(moving[0], facts))
    shares = [f for f in seen if k in f.free]
    if len(shares) != 1 or not _is_softmax(_behind(shares[0], facts), k, facts):
        return None
    return mul(*(f for f in (*factors, *seen) if k not in f.free))


def one_place(node: Node, facts: Facts) -> Node | None:
    """Σ_k [t_n = k] = 1 for a label t_n that is one of the values of k."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or len(node.args) != 4 or not is_indicator(node.args[0]):
        return None
    body, binders = opened(node)
    (k, _, _), condition = binders[0], body.args[1]
    if condition.op is not Op.COMPARE or condition.data != "==" or k not in condition.args or not is_whole(binders[0]):
        return None
    label = next(a for a in condition.args if a != k)
    return ONE if label.op is Op.READ and k not in label.free and facts.labels.get(str(label.data)) == k.args[0] else None


def _behind(node: Node, facts: Facts) -> Node:
    """What a name stands for."""
    return (facts.unfolded(node) or node) if node.op is Op.READ else node


def _is_softmax(p: Node, k: Node, facts: Facts) -> bool:
    """Whether it is exp(u_k - LogSumExp(u)) for the index k."""
    exponent = _behind(p.args[0], facts) if p.op is Op.CALL and p.data == "exp" else p
    if exponent is p or exponent.op is not Op.ADD:
        return False
    for t in exponent.args:
        lse = mul(MINUS_ONE, t)
        summed = _exponents(lse) if k not in lse.free else None
        if summed is not None and summed[1].args == k.args and substitute(summed[0], {summed[1]: k}) == add(exponent, lse):
            return True
    return False


def _exponents(node: Node) -> tuple[Node, Node] | None:
    """(u, k) of log Σ_k exp(u_k) over one whole range, as one function or written out."""
    plain = node.op is Op.CALL and node.data == "log" and node.args[0].op is Op.REDUCE and node.args[0].data is Reduction.SUM
    if not plain and (node.op is not Op.REDUCE or node.data is not Reduction.LOGSUMEXP):
        return None
    body, binders = opened(node.args[0] if plain else node)
    if plain and (body.op is not Op.CALL or body.data != "exp") or len(binders) != 1 or not is_whole(binders[0]):
        return None
    return body.args[0] if plain else body, binders[0][0]


def spread(node: Node, facts: Facts) -> Node | None:
    """Σ (a + b) = Σ a + Σ b, and a·(b + c) = a·b + a·c: only to prove something, never kept."""
    if node.op is Op.REDUCE and node.data is Reduction.SUM:
        body, binders = opened(node)
        if body.op is Op.ADD:
            return add(*(total(t, *binders) for t in body.args))
    if node.op is Op.MUL:
        for k, f in enumerate(node.args):
            if f.op is Op.ADD:
                rest = (*node.args[:k], *node.args[k + 1 :])
                return add(*(mul(t, *rest) for t in f.args))
    return None


def all_pulled_out(node: Node, facts: Facts) -> Node:
    """The expression with `pull_out` applied to each of its sums."""
    return transform(node, lambda n: pull_out(n, facts), kinds=BIT[Op.REDUCE])


def outer_difference(node: Node, facts: Facts) -> Node | None:
    """Σ_m g_nm·(x_n - z_m) = x_n·Σ_m g_nm - Σ_m g_nm·z_m, where no term has all the indices of the bracket."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or not any(f.op is Op.ADD for f in node.args[0].args):
        return None
    body, binders = opened(node)
    if body.op is not Op.MUL or not all(is_whole(b) for b in binders):
        return None
    for k, f in enumerate(body.args):
        if f.op is Op.ADD and all(len(t.free) < len(f.free) for t in f.args) and f.free & {b[0] for b in binders}:
            rest = (*body.args[:k], *body.args[k + 1 :])
            if not any(r.free for r in rest):
                continue
            terms = [total(mul(*rest, t), *binders) for t in f.args]
            return add(*(pull_out(t, facts) or t for t in terms))
    return None


def delta(node: Node, facts: Facts) -> Node | None:
    """Σ_i [i = e]·f(i) = [0 ≤ e < I]·f(e)."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or not any(map(is_indicator, factors_of(node.args[0]))):
        return None
    body, binders = opened(node)
    if not all(is_whole(b) for b in binders):
        return None
    factors = body.args if body.op is Op.MUL else (body,)
    bound = [b[0] for b in binders]
    for f in factors:
        if not is_indicator(f):
            continue
        conditions = conjuncts(f.args[1])
        for c in conditions:
            found = _solved(c, bound)
            if found is None:
                continue
            i, e = found
            rest = mul(*(g for g in factors if g is not f), indicator(both(*(d for d in conditions if d is not c))))
            kept = [b for b in binders if b[0] != i]
            range_ = TRUE if inside(e, i.args[0]) else both(compare("<=", ZERO, e), compare("<", e, i.args[0]))
            return total(mul(substitute(rest, {i: e}), indicator(range_)), *kept)
    return None


def _solved(condition: Node, bound: list[Node]) -> tuple[Node, Node] | None:
    """(i, e) where the condition says i = e for a bound index and an expression without it."""
    if condition.op is not Op.COMPARE or condition.data != "==":
        return None
    left, right = condition.args
    for i, e in ((left, right), (right, left)):
        if i in bound and i not in e.free and (affine(e) is not None):
            return i, e
    return None


def recentre(node: Node, facts: Facts) -> Node | None:
    """Σ_u ȳ_u·w_{u+a} = Σ_k ȳ_{k-a}·w_k, where w is 0 outside its range, and so is ȳ: the sum runs over the shorter of the two."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    body, binders = opened(node)
    factors = body.args if body.op is Op.MUL else (body,)
    for f in factors:
        if f.op is not Op.READ or str(f.data) not in facts.padded:
            continue
        for axis, (at, size) in enumerate(zip(f.args, facts.padded[str(f.data)], strict=True)):
            form = affine(at)
            if (
                form is None
                or len(form.indices) < 2
                or digits(form) is not None
                or any(at.free & other.free for k, other in enumerate(f.args) if k != axis)
            ):
                continue
            for b in binders:
                u = b[0]
                c = form.coefficients.get(u)
                if c not in (ONE, MINUS_ONE) or not is_whole(b) or not _only_cotangents(factors, f, u, facts):
                    continue
                if _over_windows(u, form, size, facts):
                    continue
                if any(u in limit.free for other in binders for limit in other[1:]):
                    continue
                k = fresh_index(size)
                gap = linear(add(k, mul(MINUS_ONE, substitute(at, {u: ZERO}))))
                moved = substitute(mul(*(g for g in factors if g is not f)), {u: linear(mul(c, gap))})
                new = Node(Op.READ, f.data, (*f.args[:axis], k, *f.args[axis + 1 :]))
                return total(mul(moved, new), *(x for x in binders if x is not b), whole(k))
    return None


def _over_windows(u: Node, form: Affine, size: Node, facts: Facts) -> bool:
    """Whether u counts the windows of an axis of this size, and the other indices, in the same direction, the places in a window:
    there are about as many windows as places on the axis, and their sum is as short."""
    others = [i for i in form.indices if i is not u]
    if any((split_coefficient(form.coefficients[i])[0] > 0) != (form.coefficients[u] == ONE) for i in others):
        return False
    if u.args[0] == size or size.op is not Op.NUM and all(i.args[0].op is Op.NUM for i in others):
        return True
    count = linear(facts.derived.get(str(u.args[0].data), u.args[0]))
    less = [rest for c, rest in map(split_coefficient, terms_of(count)) if c < 0]
    return any(i.args[0] in factors_of(rest) for rest in less for i in others)


def _only_cotangents(factors: Sequence[Node], shifted: Node, u: Node, facts: Facts) -> bool:
    """Whether the other factors hold u only as a plain index of one cotangent."""
    holders = [g for g in factors if g is not shifted and u in g.free]
    return (
        len(holders) == 1
        and holders[0].op is Op.READ
        and str(holders[0].data) in facts.upstream
        and holders[0].args.count(u) == 1
        and all(a == u or u not in a.free for a in holders[0].args)
    )
