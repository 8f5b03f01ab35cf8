"""From what the sweep gives to what an expert would have found: rows of rules, applied to a fixed point and logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from itertools import islice

from symback.calculus.adjoint import Adjoint
from symback.calculus.affine import affine, inside, linear, multiplied_out, scalar
from symback.calculus.cotangents import BackwardLoop, Cotangent, Stage, map_values
from symback.calculus.patterns import Library, unify_product
from symback.calculus.radix import digits
from symback.core.expr import (
    BIT,
    MINUS_ONE,
    NEG_INF,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    Reduction,
    add,
    both,
    branches,
    compare,
    fresh_index,
    indicator,
    is_indicator,
    is_whole,
    mul,
    number,
    opened,
    piecewise,
    power,
    split_coefficient,
    split_power,
    substitute,
    total,
    transform,
    walk,
    whole,
)
from symback.core.program import Body, Definition, Program


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of the calculus: its name, what it says, why it holds, the rewrite (None: not applicable), and the kinds of node that
    it looks at."""

    name: str
    statement: str
    reason: str
    rewrite: Callable[[Node, Facts], Node | None]
    heads: tuple[Op, ...] = tuple(Op)


@dataclass(frozen=True, slots=True)
class Applied:
    """One application of a row."""

    row: Row
    subject: str
    before: Node
    after: Node


@dataclass(slots=True)
class Facts:
    """What may be used: definitions (of forward values and of cotangents so far) and where they can be folded in.

    padded    tensors that read 0 outside their range, with their shapes
    upstream  names of cotangents, the outputs' own among them
    """

    definitions: Mapping[str, Definition]
    cotangents: dict[str, Cotangent] = field(default_factory=dict)
    library: Library = field(default_factory=Library)
    padded: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    upstream: set[str] = field(default_factory=set)

    def unfolded(self, node: Node) -> Node | None:
        """The definition of a READ with its indices put in; None for tensors, recurrences and scattered values."""
        d = self.definitions.get(str(node.data))
        if d is not None and len(d.equations) == 1 and not _self_reading(d):
            return substitute(d.value, dict(zip(d.axes, node.args, strict=True)))
        c = self.cotangents.get(str(node.data))
        if c is not None and not c.scatters:
            return substitute(c.value, dict(zip(c.axes, node.args, strict=True)))
        return None


def _self_reading(d: Definition) -> bool:
    return any(n.op is Op.READ and n.data == d.name for n in walk(d.value))


# ------------------------------------------------------------------------------------------------- rules


def _factors(node: Node) -> tuple[Node, ...]:
    return node.args if node.op is Op.MUL else (node,)


def pull_out(node: Node, facts: Facts) -> Node | None:
    """Σ_k a·b_k = a·Σ_k b_k; an index that nothing uses is a factor of its size."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    hidden = frozenset(node.args[1::3])
    if all(not f.free.isdisjoint(hidden) for f in _factors(node.args[0])) and hidden <= node.args[0].free:
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


def collect(node: Node, facts: Facts) -> Node | None:
    """Brackets are opened where their terms then cancel or meet: (a - p) - (a - q) = q - p."""
    if node.op is not Op.ADD or not any(_bracket(t) is not None for t in node.args):
        return None
    before = sum(len(_bracket(t).args) if _bracket(t) is not None else 1 for t in node.args)
    if before > 24:
        return None
    coefficients: dict[Node, Node] = {}
    for term in node.args:
        bracket = _bracket(term)
        inner = bracket.args if bracket is not None else (term,)
        outer = [f for f in term.args if f is not bracket] if bracket is not None and term.op is Op.MUL else []
        for t in inner:
            factors = mul(*outer, t)
            factors = factors.args if factors.op is Op.MUL else (factors,)
            rest = mul(*(f for f in factors if not scalar(f)))
            part = multiplied_out(mul(*(f for f in factors if scalar(f))))
            coefficients[rest] = multiplied_out(add(coefficients.get(rest, ZERO), part))
    terms = [mul(c, rest) for rest, c in coefficients.items() if c != ZERO]
    return add(*terms) if len(terms) < before else None


def _bracket(term: Node) -> Node | None:
    """The one sum among a term's factors."""
    if term.op is Op.ADD:
        return term
    sums = [f for f in term.args if f.op is Op.ADD and not scalar(f)] if term.op is Op.MUL else []
    return sums[0] if len(sums) == 1 else None


def vanishing(node: Node, facts: Facts) -> Node | None:
    """A sum that the definitions prove to be 0: Σ_n (x_n - μ) = 0."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    if sum(1 for f in _factors(node.args[0]) if not f.free.isdisjoint(node.args[1::3])) != 1:
        return None
    body, binders = opened(node)
    moving = [f for f in (body.args if body.op is Op.MUL else (body,)) if f.free & {b[0] for b in binders}]
    if len(moving) != 1 or not all(is_whole(b) for b in binders):
        return None
    subject = moving[0]
    if subject.op is Op.READ:
        subject = facts.unfolded(subject) or subject
    if subject.op is not Op.ADD:
        return None
    for depth in (0, 1, 2):
        terms = [_settled(total(t, *binders), facts, depth) for t in subject.args]
        if add(*terms) == ZERO:
            return ZERO
    return None


def _settled(node: Node, facts: Facts, depth: int) -> Node:
    """The node with factors pulled out and, `depth` times, the definitions of what it reads put in."""
    node = _apply_bottom_up(node, pull_out, facts)
    for _ in range(depth):
        node = transform(node, lambda n: facts.unfolded(n) if n.op is Op.READ and str(n.data) in facts.definitions else None, top_down=True)
        node = _apply_bottom_up(node, spread, facts)
        node = _apply_bottom_up(node, pull_out, facts)
    return node


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


def _apply_bottom_up(node: Node, rule: Callable[[Node, Facts], Node | None], facts: Facts) -> Node:
    return transform(node, lambda n: rule(n, facts))


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


def merge_branches(node: Node, facts: Facts) -> Node | None:
    """Terms that the same conditions decide are one case distinction."""
    if node.op is not Op.ADD:
        return None
    groups: dict[tuple, list[tuple[Node, Node, tuple[Node, ...]]]] = {}
    for term in node.args:
        _, rest = split_coefficient(term)
        cases = [f for f in (rest.args if rest.op is Op.MUL else (rest,)) if f.op is Op.PIECEWISE]
        if len(cases) == 1:
            others = tuple(f for f in (term.args if term.op is Op.MUL else (term,)) if f is not cases[0])
            groups.setdefault(tuple(k for _, k in branches(cases[0])), []).append((term, cases[0], others))
    for conditions, members in groups.items():
        if len(members) < 2:
            continue
        common = [f for f in members[0][2] if all(f in others for _, _, others in members)]
        own = [mul(*(f for f in others if f not in common)) for _, _, others in members]
        if not all(_total(o) for o in own):
            continue
        values = [ZERO] * len(conditions)
        for (_, case, _), outer in zip(members, own, strict=True):
            values = [add(v, mul(outer, w)) for v, (w, _) in zip(values, branches(case), strict=True)]
        merged = mul(*common, piecewise(*zip(values, conditions, strict=True)))
        terms = [m[0] for m in members]
        return add(*(t for t in node.args if t not in terms), merged)
    return None


def common_factor(node: Node, facts: Facts) -> Node | None:
    """a·b + a·c = a·(b + c), for the largest common product of all terms."""
    if node.op is not Op.ADD or len(node.args) > 40:
        return None
    shared: dict[Node, object] | None = None
    for term in node.args:
        powers: dict[Node, object] = {}
        _, rest = split_coefficient(term)
        for f in rest.args if rest.op is Op.MUL else (rest,):
            base, exponent = split_power(f)
            if exponent.op is Op.NUM:
                powers[base] = exponent.data
            else:
                powers[f] = 1
        if shared is None:
            shared = powers
        else:
            shared = {
                b: (min(e, powers[b]) if e > 0 else max(e, powers[b])) for b, e in shared.items() if b in powers and (e > 0) == (powers[b] > 0)
            }
        if not shared:
            return None
    factor = mul(*(power(b, number(e)) for b, e in shared.items()))
    if factor == ONE or (factor.op is Op.PIECEWISE):
        return None
    inverse = power(factor, MINUS_ONE) if factor.op is not Op.MUL else mul(*(power(f, MINUS_ONE) for f in factor.args))
    inner = add(*(mul(t, inverse) for t in node.args))
    return mul(factor, inner)


def fold_value(node: Node, facts: Facts) -> Node | None:
    """An expression that defines a value is that value."""
    found = facts.library.value(node)
    if found is None and node.op is Op.ADD:
        opposite = facts.library.value(add(*(mul(MINUS_ONE, t) for t in node.args)))
        return None if opposite is None else mul(MINUS_ONE, opposite)
    return found


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
        inside, more = opened(inner)
        if not all(is_whole(b) for b in more):
            continue
        factors = [*body.args[:k], *body.args[k + 1 :], *outer_factors, *(inside.args if inside.op is Op.MUL else (inside,))]
        found = unify_product(facts.library, factors, {b[0] for b in binders})
        if found is not None:
            value, rest = found
            return mul(number(c), total(mul(value, *rest), *more))
    return None


def delta(node: Node, facts: Facts) -> Node | None:
    """Σ_i [i = e]·f(i) = [0 ≤ e < I]·f(e)."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or not any(map(is_indicator, _factors(node.args[0]))):
        return None
    body, binders = opened(node)
    if not all(is_whole(b) for b in binders):
        return None
    factors = body.args if body.op is Op.MUL else (body,)
    bound = [b[0] for b in binders]
    for f in factors:
        if not is_indicator(f):
            continue
        conditions = f.args[1].args if f.args[1].op is Op.AND else (f.args[1],)
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
            if form is None or len(form.indices) < 2 or digits(form) is not None or any(at.free & other.free for k, other in enumerate(f.args) if k != axis):
                continue
            for b in binders:
                u = b[0]
                c = form.coefficients.get(u)
                if c not in (ONE, MINUS_ONE) or not is_whole(b) or not _only_cotangents(factors, f, u, facts):
                    continue
                k = fresh_index(size)
                gap = linear(add(k, mul(MINUS_ONE, substitute(at, {u: ZERO}))))
                moved = substitute(mul(*(g for g in factors if g is not f)), {u: linear(mul(c, gap))})
                new = Node(Op.READ, f.data, (*f.args[:axis], k, *f.args[axis + 1 :]))
                return total(mul(moved, new), *(x for x in binders if x is not b), whole(k))
    return None


def _only_cotangents(factors: Sequence[Node], shifted: Node, u: Node, facts: Facts) -> bool:
    """Whether the other factors hold u only as a plain index of one cotangent."""
    holders = [g for g in factors if g is not shifted and u in g.free]
    return len(holders) == 1 and holders[0].op is Op.READ and str(holders[0].data) in facts.upstream and holders[0].args.count(u) == 1 and all(
        a == u or u not in a.free for a in holders[0].args
    )


def few_cases(node: Node, facts: Facts) -> Node | None:
    """A sum over an index of two to four values that a case distinction tells apart is written out."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM or all(b.args[0].op is not Op.NUM for b in node.args[1::3]):
        return None
    body, binders = opened(node)
    for b in binders:
        i, size = b[0], b[0].args[0]
        if not is_whole(b) or size.op is not Op.NUM or not 1 <= size.data <= 4:
            continue
        told_apart = any(
            n.op is Op.PIECEWISE and any(c.op is Op.COMPARE and c.data == "==" and i in c.args and not (set(c.free) - {i}) for _, c in branches(n)) for n in walk(body)
        )
        if told_apart:
            rest = [c for c in binders if c is not b]
            return add(*(total(substitute(body, {i: number(v)}), *rest) for v in range(int(size.data))))
    return None


def split_condition(node: Node, facts: Facts) -> Node | None:
    """{v if c, else 0} = v·[c], where v has a value everywhere."""
    if node.op is Op.PIECEWISE and len(node.args) == 4 and node.args[2] == ZERO and node.args[0] != ONE and _total(node.args[0]):
        return mul(node.args[0], indicator(node.args[1]))
    return None


def _total(node: Node) -> bool:
    """Whether it is finite wherever its tensors are: sums, products and whole powers of reads and sizes."""
    if node.op in (Op.READ, Op.NUM, Op.DIM, Op.HYPER, Op.INDEX):
        return True
    if node.op is Op.POW:
        return scalar(node) or (node.args[1].op is Op.NUM and node.args[1].data > 0 and node.args[1].data.denominator == 1 and _total(node.args[0]))
    return node.op in (Op.ADD, Op.MUL) and all(_total(a) for a in node.args)


def masked_exponential(node: Node, facts: Facts) -> Node | None:
    """[c]·exp(u) = exp(u), where u is -oo unless c."""
    if node.op is not Op.MUL:
        return None
    for k, f in enumerate(node.args):
        if is_indicator(f):
            rest = (*node.args[:k], *node.args[k + 1 :])
            if any(_zero_unless(r, f.args[1], facts, 4) for r in rest):
                return mul(*rest)
    return None


def _zero_unless(node: Node, condition: Node, facts: Facts, depth: int) -> bool:
    """Whether the value is exactly 0 wherever the condition does not hold."""
    if node.op is Op.READ and depth:
        inner = facts.unfolded(node)
        return inner is not None and _zero_unless(inner, condition, facts, depth - 1)
    if node.op is Op.MUL:
        return any(_zero_unless(a, condition, facts, depth) for a in node.args)
    if is_indicator(node):
        return node.args[1] == condition
    if node.op is Op.CALL and node.data == "exp":
        u = node.args[0]
        return any(_minus_infinity_unless(t, condition, facts, depth) for t in (u.args if u.op is Op.ADD else (u,)))
    return False


def _minus_infinity_unless(node: Node, condition: Node, facts: Facts, depth: int) -> bool:
    if node.op is Op.READ and depth:
        inner = facts.unfolded(node)
        return inner is not None and _minus_infinity_unless(inner, condition, facts, depth - 1)
    return node.op is Op.PIECEWISE and len(node.args) == 4 and node.args[1] == condition and node.args[2] == NEG_INF


def shared_by_some(node: Node, facts: Facts) -> Node | None:
    """a·b + a·c + d = a·(b + c) + d, for the product that two terms share most of."""
    if node.op is not Op.ADD or not 3 <= len(node.args) <= 24:
        return None
    parts = [_powers(t) for t in node.args]
    best: tuple[int, dict[Node, Fraction]] | None = None
    for i in range(len(parts)):
        for j in range(i + 1, len(parts)):
            common = _meet(parts[i], parts[j])
            weight = sum(1 for b in common if not scalar(b))
            if weight and (best is None or weight > best[0]):
                best = (weight, common)
    if best is None:
        return None
    common = {b: e for b, e in best[1].items() if not scalar(b)}
    members = [k for k, p in enumerate(parts) if all(b in p and (p[b] >= e if e > 0 else p[b] <= e) for b, e in common.items())]
    factor = [power(b, number(e)) for b, e in common.items()]
    inner = add(*(mul(node.args[k], *(power(b, number(-e)) for b, e in common.items())) for k in members))
    rest = [t for k, t in enumerate(node.args) if k not in members]
    return add(mul(*factor, inner), *rest)


def _powers(term: Node) -> dict[Node, Fraction]:
    out: dict[Node, Fraction] = {}
    _, rest = split_coefficient(term)
    for f in rest.args if rest.op is Op.MUL else (rest,):
        base, exponent = split_power(f)
        if f.op is Op.PIECEWISE:
            continue
        out[base if exponent.op is Op.NUM else f] = exponent.data if exponent.op is Op.NUM else Fraction(1)
    return out


def _meet(a: dict[Node, Fraction], b: dict[Node, Fraction]) -> dict[Node, Fraction]:
    return {x: (min(e, b[x]) if e > 0 else max(e, b[x])) for x, e in a.items() if x in b and (e > 0) == (b[x] > 0)}


LARGEST_INLINED = 400
"""Parts of the largest cotangent that is put into its only use instead of being named."""

_FOLD = Row("fold-value", r"f(x) = y", "the expression defines a value that forward has", fold_value)

ROWS = (
    Row("split-condition", r"\{v \text{ if } c, \text{ else } 0\} = v\,[c]", "the value exists on both sides", split_condition, (Op.PIECEWISE,)),
    Row("delta", r"\sum_i [i = e]\, f_i = f_e", "only one term of the sum is not 0", delta, (Op.REDUCE,)),
    Row("recentre", r"\sum_u \bar y_u w_{u+a} = \sum_k \bar y_{k-a} w_k", "both are 0 outside their ranges", recentre),
    Row("few-cases", r"\sum_{i<2} f_i = f_0 + f_1", "the cases are told apart by the index", few_cases, (Op.REDUCE,)),
    Row("masked-exponential", r"[c]\, e^{u} = e^{u}", "the exponent is -oo unless the condition holds", masked_exponential, (Op.MUL,)),
    Row("pull-out", r"\sum_k a\,b_k = a \sum_k b_k", "what does not depend on the index is a common factor", pull_out, (Op.REDUCE,)),
    Row("separate", r"\sum_{ij} a_i b_j = \sum_i a_i \sum_j b_j", "no factor has both indices", separate, (Op.REDUCE,)),
    Row("vanishing-sum", r"\sum_n (x_n - \mu) = 0", "the definitions of the values prove it", vanishing, (Op.REDUCE,)),
    Row("collect", r"(a - p) - (a - q) = q - p", "equal terms of the brackets meet", collect, (Op.ADD,)),
    Row("outer-difference", r"\sum_m g_{nm}(x_n - z_m) = x_n \sum_m g_{nm} - \sum_m g_{nm} z_m", "neither part has all indices of the bracket", outer_difference, (Op.REDUCE,)),
    Row("merge-cases", r"[c]\,a + [c]\,b = [c]\,(a + b)", "the same conditions decide both", merge_branches, (Op.ADD,)),
    Row("fold-contraction", r"\sum_j P_{ij} \sum_e g_{ie} V_{je} = \sum_e g_{ie} O_{ie}", "the inner sum over the other index is a value already", fold_contraction, (Op.REDUCE,)),
    _FOLD,
    Row("common-factor", r"a\,b + a\,c = a\,(b + c)", "the distributive law", common_factor, (Op.ADD,)),
)

LAST_ROWS = (Row("shared-by-some", r"a\,b + a\,c + d = a\,(b + c) + d", "the distributive law", shared_by_some, (Op.ADD,)),)
"""Applied when nothing else can be: what they join, no other row would find again."""


# ---------------------------------------------------------------------------------------------- the pass


def simplified(adjoint: Adjoint, body: Body, program: Program) -> tuple[Adjoint, tuple[Applied, ...]]:
    """The adjoint with each cotangent in its final form, single-use cotangents put into their use, unused ones dropped."""
    facts = Facts({d.name: d for g in body.groups if not g.recurrent for d in g.definitions})
    facts.padded = {t.name: t.shape for t in program.tensors if t.outside == ZERO}
    facts.upstream = {*adjoint.upstream.values(), *(s.name for s in adjoint.stages if isinstance(s, Cotangent))}
    for g in body.groups:
        if not g.recurrent:
            for d in g.definitions:
                if len(d.equations) == 1:
                    facts.library.add(d.name, d.axes, d.value)
    log: list[Applied] = []
    stages = list(adjoint.stages)
    uses = _uses(stages)
    returned = set(adjoint.gradients.values())
    out: list[Stage] = []
    inlined: dict[str, Cotangent] = {}
    for stage in stages:
        if isinstance(stage, BackwardLoop):
            out.append(_loop(stage, facts, inlined, log))
            continue
        stage = _tidy(_inline(stage, inlined), facts, log)
        small = uses.get(stage.name, 0) == 1 or stage.value == ZERO or _trivial(stage.value)
        if small and not stage.scatters and stage.name not in returned and not any(stage.low) and not _large(stage.value):
            inlined[stage.name] = stage
            continue
        facts.cotangents[stage.name] = stage
        if not stage.scatters and not any(stage.low):
            facts.library.add(stage.name, stage.axes, stage.value)
        out.append(stage)
    gradients = dict(adjoint.gradients)
    return replace(adjoint, stages=tuple(_live(out, set(gradients.values()))), gradients=gradients), tuple(log)


def _large(value: Node) -> bool:
    """Whether it is too much to put into another expression: a chain of values that are used once would become one expression."""
    return sum(1 for _ in islice(walk(value), LARGEST_INLINED)) == LARGEST_INLINED


def _trivial(value: Node) -> bool:
    """A read, perhaps scaled, or the same for all indices: naming it would only give a second name."""
    _, rest = split_coefficient(value)
    return rest.op is Op.READ or not value.free


def _stage_nodes(stage: Stage) -> list[Node]:
    if isinstance(stage, Cotangent):
        return [stage.value, *(n for s in stage.scatters for n in (s.value, *s.targets))]
    return [n for s in stage.steps for n in (*_stage_nodes(s.start), s.local, *(m for _, p in s.pushes for m in (p.value, *p.targets)))]


def _uses(stages: list[Stage]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for stage in stages:
        for value in _stage_nodes(stage):
            for name in _read_names(value):
                counts[name] = counts.get(name, 0) + 1
    return counts


def _read_names(value: Node) -> list[str]:
    """Names of the distinct reads in an expression, one for each."""
    return [str(n.data) for n in walk(value) if n.op is Op.READ]


def _inline(c: Cotangent, inlined: Mapping[str, Cotangent]) -> Cotangent:
    if not inlined:
        return c
    return replace(
        c, value=_put_in(c.value, inlined), scatters=tuple(replace(s, value=_put_in(s.value, inlined)) for s in c.scatters)
    )


def _put_in(value: Node, inlined: Mapping[str, Cotangent]) -> Node:
    def step(n: Node) -> Node | None:
        if n.op is Op.READ and str(n.data) in inlined:
            c = inlined[str(n.data)]
            return substitute(c.value, dict(zip(c.axes, n.args, strict=True)))
        return None

    return transform(value, step, top_down=True)


def _tidy(c: Cotangent, facts: Facts, log: list[Applied]) -> Cotangent:
    value = tidy(c.value, facts, c.name, log)
    scatters = tuple(replace(s, value=tidy(s.value, facts, c.name, log)) for s in c.scatters)
    return replace(c, value=value, scatters=tuple(s for s in scatters if s.value != ZERO))


def tidy(value: Node, facts: Facts, subject: str, log: list[Applied]) -> Node:
    """The expression rewritten by the rows until none applies."""
    quiet: dict[str, set[Node]] = {row.name: set() for row in (*ROWS, *LAST_ROWS)}
    for _ in range(12):
        before = value
        for row in ROWS:
            value = _rewritten(value, row, facts, subject, log, quiet[row.name])
        if value == before:
            break
    for row in LAST_ROWS:
        value = _rewritten(value, row, facts, subject, log, quiet[row.name])
    return value


def _rewritten(value: Node, row: Row, facts: Facts, subject: str, log: list[Applied], quiet: set[Node]) -> Node:
    """The value with a row applied to its parts; `quiet`: parts to which the row is known not to apply."""

    def step(n: Node) -> Node | None:
        got = row.rewrite(n, facts)
        if got is None or got == n:
            return None
        log.append(Applied(row, subject, n, got))
        return got

    return transform(value, step, quiet=quiet) if row is _FOLD else _outside_functions(value, step, quiet, sum(BIT[op] for op in row.heads))


def _outside_functions(value: Node, step: Callable[[Node], Node | None], quiet: set[Node], heads: int) -> Node:
    """Rewrite sums and products bottom-up, but not what stands inside a function, a power or a condition: forward has
    that in the same form, and shares it."""
    if not value.outer & heads:
        return value
    if value.op in (Op.CALL, Op.COMPARE, Op.POW, Op.READ, Op.INDEX, Op.NUM, Op.DIM, Op.HYPER, Op.AND, Op.OR, Op.NOT):
        return step(value) or value
    if value in quiet:
        return value
    out = value
    if value.op is Op.REDUCE:
        if value.data is Reduction.SUM:
            body, binders = opened(value)
            changed = _outside_functions(body, step, quiet, heads)
            if changed is not body:
                out = total(changed, *binders)
    elif value.op is Op.PIECEWISE:
        pairs = [(_outside_functions(v, step, quiet, heads), c) for v, c in branches(value)]
        if any(a is not b for (a, _), (b, _) in zip(pairs, branches(value), strict=True)):
            out = piecewise(*pairs)
    elif value.args:
        args = [_outside_functions(a, step, quiet, heads) for a in value.args]
        if any(a is not b for a, b in zip(args, value.args, strict=True)):
            out = add(*args) if value.op is Op.ADD else mul(*args)
    got = step(out)
    if got is None and out is value:
        quiet.add(value)
    return out if got is None else got


def _loop(loop: BackwardLoop, facts: Facts, inlined: Mapping[str, Cotangent], log: list[Applied]) -> BackwardLoop:
    return map_values(loop, lambda value, name: tidy(_put_in(value, inlined), facts, name, log))


def _live(stages: list[Stage], wanted: set[str]) -> list[Stage]:
    kept: list[Stage] = []
    wanted = set(wanted)
    for stage in reversed(stages):
        names = {s.start.name for s in stage.steps} if isinstance(stage, BackwardLoop) else {stage.name}
        if names & wanted:
            kept.append(stage)
            for value in _stage_nodes(stage):
                wanted.update(_read_names(value))
    return list(reversed(kept))

