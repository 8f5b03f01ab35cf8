"""Rules on case distinctions: conditions that meet, and conditions that a value implies."""

from __future__ import annotations

from symback.calculus.affine import scalar
from symback.calculus.entries import entries_of
from symback.calculus.facts import Facts
from symback.calculus.sums import pull_out
from symback.core.expr import (
    NEG_INF,
    ONE,
    TRUE,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    branches,
    call,
    factors_of,
    indicator,
    is_indicator,
    is_whole,
    mul,
    negation,
    number,
    opened,
    piecewise,
    split_coefficient,
    substitute,
    total,
    walk,
    with_hint,
)
from symback.functions import TABLE


def merge_branches(node: Node, facts: Facts) -> Node | None:
    """Terms that the same conditions decide are one case distinction."""
    if node.op is not Op.ADD:
        return None
    groups: dict[Node, list[tuple[Node, Node, tuple[Node, ...]]]] = {}
    for term in node.args:
        _, rest = split_coefficient(term)
        cases = [f for f in (rest.args if rest.op is Op.MUL else (rest,)) if f.op is Op.PIECEWISE]
        if len(cases) == 1:
            others = tuple(f for f in (term.args if term.op is Op.MUL else (term,)) if f is not cases[0])
            groups.setdefault(branches(cases[0])[0][1], []).append((term, cases[0], others))
    for members in groups.values():
        conditions = max(([k for _, k in branches(case)] for _, case, _ in members), key=len)
        members = [(term, _refined(case, conditions), others) for term, case, others in members]
        members = [m for m in members if m[1] is not None]
        if len(members) < 2:
            continue
        common = [f for f in members[0][2] if all(f in others for _, _, others in members)]
        own = [mul(*(f for f in others if f not in common)) for _, _, others in members]
        if not all(total_by_form(o) for o in own):
            continue
        merged = mul(*common, _merged([case for _, case, _ in members], own, conditions))
        terms = [m[0] for m in members]
        return add(*(t for t in node.args if t not in terms), merged)
    return None


def _merged(cases: list[list[Node]], factors: list[Node], conditions: list[Node]) -> Node:
    """Σ factor·{case} as one case distinction, times the sum of the factors where the cases are all the same."""
    if all(case == cases[0] for case in cases):
        return mul(add(*factors), piecewise(*zip(cases[0], conditions, strict=True)))
    values = [add(*(mul(f, v) for f, v in zip(factors, branch, strict=True))) for branch in zip(*cases, strict=True)]
    return piecewise(*zip(values, conditions, strict=True))


def _refined(case: Node, conditions: list[Node]) -> list[Node] | None:
    """The values of a case distinction under conditions that begin with its own; None where they do not."""
    pairs = branches(case)
    own = [k for _, k in pairs]
    if own[:-1] != conditions[: len(own) - 1] or len(own) > len(conditions):
        return None
    return [v for v, _ in pairs] + [pairs[-1][0]] * (len(conditions) - len(own))


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
            n.op is Op.PIECEWISE
            and any(c.op is Op.COMPARE and c.data == "==" and i in c.args and not (set(c.free) - {i}) for _, c in branches(n))
            for n in walk(body)
        )
        if told_apart:
            rest = [c for c in binders if c is not b]
            return add(*(_at_a_case(body, rest, {i: number(v)}) for v in range(int(size.data))))
    return None


def _at_a_case(body: Node, binders: list[Binder], case: dict[Node, Node]) -> Node:
    """The sum over the other indices at one value of an index that their limits may depend on."""
    return total(substitute(body, case), *((i, substitute(low, case), substitute(high, case)) for i, low, high in binders))


def split_condition(node: Node, facts: Facts) -> Node | None:
    """{v if c, else 0} = v·[c], where v has a value everywhere."""
    if node.op is Op.PIECEWISE and len(node.args) == 4 and node.args[2] == ZERO and node.args[0] != ONE and total_by_form(node.args[0]):
        return mul(node.args[0], indicator(node.args[1]))
    return None


def apart_from_case(node: Node, facts: Facts) -> Node | None:
    """{a·v if c, else 0} = a·{v if c, else 0}, where a has a value everywhere and an index that v lacks, and v the indices of c."""
    if node.op is not Op.PIECEWISE or len(node.args) != 4 or node.args[2] != ZERO or node.args[0].op is not Op.MUL:
        return None
    value, condition = node.args[:2]
    within = condition.free.union(*(f.free for f in value.args if not total_by_form(f)))
    apart = [f for f in value.args if not f.free <= within and total_by_form(f)]
    kept = mul(*(f for f in value.args if f not in apart))
    return mul(*apart, piecewise((kept, condition), (ZERO, TRUE))) if apart and condition.free <= kept.free else None


def left_out(node: Node, facts: Facts) -> Node | None:
    """Σ a·{0 if c, else v} = Σ a·v·[not c], where v has a value everywhere: a contraction of which some terms are left out."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    body, binders = opened(node)
    for f in body.args if body.op is Op.MUL else ():
        pairs = branches(f) if f.op is Op.PIECEWISE and not is_indicator(f) else []
        if len(pairs) != 2 or ZERO not in (pairs[0][0], pairs[1][0]):
            continue
        (v, c), (w, _) = pairs
        v, c = (w, negation(c)) if v == ZERO else (v, c)
        others = [g for g in body.args if g is not f]
        if v != ONE and all(map(_total_or_label, factors_of(v))) and not all(scalar(g) for g in others):
            left = with_hint(total(mul(*others, v, indicator(c)), *binders), node)
            bound = {b[0] for b in binders}
            apart = any(g.free and not g.free & bound for g in factors_of(v))
            return (pull_out(left, facts) if apart else None) or left
    return None


def _total_or_label(node: Node) -> bool:
    """Whether it is finite wherever its tensors are, or asks if two labels are the same."""
    same = is_indicator(node) and node.args[1].op is Op.COMPARE and node.args[1].data == "=="
    return total_by_form(node) or (same and all(a.op is Op.READ and a.free for a in node.args[1].args))


def total_by_form(node: Node) -> bool:
    """Whether it is finite wherever its tensors are: sums, products and whole powers of reads and sizes, and shares of a softmax."""
    if node.op is Op.CALL and node.data == "exp":
        return any(_without_poles(v) for v in entries_of(node.args[0]))
    if node.op in (Op.READ, Op.NUM, Op.DIM, Op.HYPER, Op.INDEX):
        return True
    if node.op is Op.POW:
        return scalar(node) or (
            node.args[1].op is Op.NUM and node.args[1].data > 0 and node.args[1].data.denominator == 1 and total_by_form(node.args[0])
        )
    if node.op is Op.REDUCE:
        return node.data is Reduction.SUM and total_by_form(node.args[0])
    return node.op in (Op.ADD, Op.MUL) and all(total_by_form(a) for a in node.args)


def _without_poles(node: Node) -> bool:
    """Whether it is finite wherever its tensors are, of functions that have a value everywhere too."""
    if node.op is Op.CALL and node.data != "exp" and node.data in TABLE and not TABLE[node.data].partial:
        return all(map(_without_poles, node.args))
    if node.op in (Op.ADD, Op.MUL) or (node.op is Op.REDUCE and node.data is Reduction.SUM):
        return all(map(_without_poles, node.args))
    return total_by_form(node)


def masked_zero(node: Node, facts: Facts) -> Node | None:
    """[c]·exp(u) = exp(u), where u is -oo unless c; [0 < u]·max(u, 0) = max(u, 0), and so within the cases of a value."""
    if node.op is not Op.MUL:
        return None
    for k, f in enumerate(node.args):
        if f.op is not Op.PIECEWISE:
            continue
        rest = (*node.args[:k], *node.args[k + 1 :])
        if is_indicator(f):
            if any(_zero_unless(r, f.args[1], facts, 4) for r in rest):
                return mul(*rest)
        elif len(sizes := {split_coefficient(v)[0] for v, _ in branches(f) if v != ZERO}) == 1:
            (c,) = sizes
            if any(_zero_where(r, [(mul(number(1 / c), v), case) for v, case in branches(f)], facts) for r in rest):
                return mul(number(c), *rest)
    return None


def _zero_where(node: Node, mask: list[tuple[Node, Node]], facts: Facts) -> bool:
    """Whether the value has the cases of a mask of indicators, and is 0 in each where that is."""
    inner = facts.unfolded(node) if node.op is Op.READ else node
    if inner is None or inner.op is not Op.PIECEWISE or [c for _, c in branches(inner)] != [c for _, c in mask]:
        return False
    return all(
        m == ONE or v == ZERO or is_indicator(m) and _zero_unless(v, m.args[1], facts, 4)
        for (v, _), (m, _) in zip(branches(inner), mask, strict=True)
    )


def own_label(node: Node, facts: Facts) -> Node | None:
    """exp({u_e if t_e = v, else -oo} - f(v)) = [t_e = v]·exp(u_e - f(t_e))."""
    u = node.args[0] if node.op is Op.CALL and node.data == "exp" else node
    if u.op is not Op.ADD:
        return None
    for case in u.args:
        if case.op is not Op.PIECEWISE or len(case.args) != 4 or case.args[2] != NEG_INF:
            continue
        (entry, condition), _ = branches(case)
        if condition.op is not Op.COMPARE or condition.data != "==":
            continue
        for label, at in (condition.args, condition.args[::-1]):
            if label.op is not Op.READ or at.op not in (Op.READ, Op.INDEX) or not at.free or at.free & (label.free | entry.free):
                continue
            rest = substitute(add(*(t for t in u.args if t is not case)), {at: label})
            if not at.free & rest.free:
                return mul(indicator(condition), call("exp", add(entry, rest)))
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
    if node.op is Op.CALL and node.data == "Max" and len(node.args) == 2 and condition.op is Op.COMPARE and condition.data in ("<", "<="):
        return condition.args[0] == ZERO and set(node.args) == set(condition.args)
    return False


def _minus_infinity_unless(node: Node, condition: Node, facts: Facts, depth: int) -> bool:
    if node.op is Op.READ and depth:
        inner = facts.unfolded(node)
        return inner is not None and _minus_infinity_unless(inner, condition, facts, depth - 1)
    if node.op is not Op.PIECEWISE or len(node.args) != 4:
        return False
    value, case, otherwise, _ = node.args
    return (otherwise == NEG_INF and case == condition) or (value == NEG_INF and negation(case) == condition)
