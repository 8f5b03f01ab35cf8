"""Rules on conditions: what holds beside them, and case distinctions that are a clip."""

from __future__ import annotations

from fractions import Fraction

from symback.calculus.affine import linear, nowhere_negative, scalar
from symback.calculus.facts import Facts
from symback.core.expr import (
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    add,
    both,
    branches,
    call,
    compare,
    conjuncts,
    div,
    factors_of,
    indicator,
    is_indicator,
    mul,
    neg,
    piecewise,
    split_coefficient,
    sub,
    substitute,
    transform,
    walk,
)


def held(node: Node, facts: Facts) -> Node | None:
    """[c < x]·(Max(x, c) - x) = 0 and [c < x]·[Max(x, c) < d] = [c < x]·[x < d], and likewise for Min."""
    if node.op is not Op.MUL:
        return None
    places = [k for k, f in enumerate(node.args) if is_indicator(f) and _orders(f)]
    if not places or not any(_chooses(f, facts) for f in node.args):
        return None
    parts = list(node.args)
    for k in places:
        orders = _orders(parts[k]) if is_indicator(parts[k]) else []
        parts = [f if j == k else _gained(f, _under(f, orders, facts)) for j, f in enumerate(parts)]
    return mul(*parts) if any(a is not b for a, b in zip(parts, node.args, strict=True)) else None


def _orders(f: Node) -> list[tuple[Node, Node]]:
    """(less, greater) for each order that an indicator's condition states."""
    return [(c.args[0], c.args[1]) for c in conjuncts(f.args[1]) if c.op is Op.COMPARE and c.data in ("<", "<=")]


def _chooses(f: Node, facts: Facts) -> bool:
    return any(_is_extremum(n) or n.op is Op.READ and _is_extremum(facts.unfolded(n)) for n in walk(f))


def _is_extremum(n: Node | None) -> bool:
    return n is not None and n.op is Op.CALL and n.data in ("Max", "Min")


def _gained(before: Node, after: Node) -> Node:
    """What holds, where it makes a condition simpler or terms of a sum meet; elsewhere forward's own form is shared."""
    fewer = before.op is Op.ADD and (after.op is not Op.ADD or len(after.args) < len(before.args))
    return after if is_indicator(before) or fewer else before


def _under(f: Node, orders: list[tuple[Node, Node]], facts: Facts) -> Node:
    """The factor where the orders hold; a named value gives way only to another name."""

    def chosen(n: Node) -> Node | None:
        if n.op is Op.READ:
            inner = facts.unfolded(n)
            new = transform(inner, chosen) if _is_extremum(inner) else None
            return new if new is not None and new in inner.args and (new.op is Op.READ or scalar(new)) else None
        if not _is_extremum(n):
            return None
        out = list(n.args)
        for less, greater in orders:
            if less in out and greater in out and less != greater:
                out.remove(less if n.data == "Max" else greater)
        return None if len(out) == len(n.args) else call(n.data, *out) if len(out) > 1 else out[0]

    return transform(f, chosen)


def certain(node: Node, facts: Facts) -> Node | None:
    """A condition that indices and sizes always meet, 0 ≤ i, is left out."""
    if node.op is not Op.PIECEWISE:
        return None
    pairs = [(v, _open(c)) for v, c in branches(node)]
    return piecewise(*pairs) if any(a is not b for (_, a), b in zip(pairs, node.args[1::2], strict=True)) else None


def _open(condition: Node) -> Node:
    conditions = conjuncts(condition)
    kept = [c for c in conditions if not (_of_positions(c) and nowhere_negative(linear(sub(c.args[1], c.args[0]))))]
    return both(*kept) if len(kept) < len(conditions) else condition


def _of_positions(c: Node) -> bool:
    return c.op is Op.COMPARE and c.data == "<=" and not any(n.op in (Op.READ, Op.HYPER, Op.CALL) for n in walk(c))


def symmetric_range(node: Node, facts: Facts) -> Node | None:
    """[-c < x]·[x < c] = [|x| < c], unless forward has asked for the two by themselves."""
    if node.op is not Op.MUL:
        return None
    masks = [(k, f.args[1]) for k, f in enumerate(node.args) if is_indicator(f) and f.args[1].op is Op.COMPARE]
    for j, above in masks:
        for k, below in masks:
            x, c = below.args
            if above.data == below.data and below.data in ("<", "<=") and above.args == (neg(c), x) and scalar(c):
                if above in facts.conditions or below in facts.conditions:
                    continue
                rest = [f for i, f in enumerate(node.args) if i not in (j, k)]
                return mul(*rest, indicator(compare(below.data, call("Abs", x), c)))
    return None


def clip_cases(node: Node, facts: Facts) -> Node | None:
    """{a·x if |x| ≤ c, else a·c·sign x} and {a·c if x < c, else a·x} are a times x between bounds."""
    if node.op is not Op.PIECEWISE:
        return None
    pairs = branches(node)
    if len(pairs) == 2:
        (first, condition), (second, _) = pairs
        return _two_sided(first, condition, second) or _two_sided(second, _turned(condition), first) or _one_sided(first, condition, second)
    return _three_cases(pairs) if len(pairs) == 3 else None


def _turned(condition: Node) -> Node:
    """|x| ≤ c for the condition c < |x|: where they meet, both cases have one value."""
    order = condition.op is Op.COMPARE and condition.data in ("<", "<=")
    return compare("<=", condition.args[1], condition.args[0]) if order else condition


def _two_sided(inner: Node, condition: Node, outer: Node) -> Node | None:
    if condition.op is not Op.COMPARE or condition.data not in ("<", "<=") or not scalar(condition.args[1]):
        return None
    size, c = condition.args
    if size.op is not Op.CALL or size.data != "Abs":
        return None
    a = _over(substitute(inner, {call("within", *size.args, c): size.args[0]}), size.args[0])
    if a is None or mul(a, c, call("sign", size.args[0])) != outer:
        return None
    return _between(a, size.args[0], c, outer)


def _between(a: Node, x: Node, c: Node, beyond: Node) -> Node:
    """a·x with |x| kept within c; `beyond` where c is negative."""
    kept = mul(a, _clip(x, neg(c), c))
    known = compare("<=", ZERO, c)
    return piecewise((kept, known), (beyond, TRUE))


def _clip(x: Node, low: Node, high: Node) -> Node:
    return call("Min", call("Max", x, low), high)


def _over(value: Node, x: Node) -> Node | None:
    """value/x where x is a factor of the value."""
    c, rest = split_coefficient(x)
    if rest not in factors_of(split_coefficient(value)[1]):
        return None
    return div(value, x)


def _one_sided(first: Node, condition: Node, second: Node) -> Node | None:
    if condition.op is not Op.COMPARE or condition.data not in ("<", "<=") or ZERO in (first, second):
        return None
    less, greater = condition.args
    for name, mine, other in (("Min", less, greater), ("Max", greater, less)):
        for x, bound, at_x, at_bound in ((mine, other, first, second), (other, mine, second, first)):
            a = _over(at_x, x) if any(n.op is Op.READ for n in walk(x)) else None
            if a is not None and mul(a, bound) == at_bound:
                return mul(a, call(name, x, bound))
    return None


def _three_cases(pairs: list[tuple[Node, Node]]) -> Node | None:
    """{a·l if x < l, a·u if u < x, else a·x} in either order."""
    (first, before), (second, after), (middle, _) = pairs
    if any(c.op is not Op.COMPARE or c.data not in ("<", "<=") for c in (before, after)):
        return None
    for under, over, low_value, high_value in ((before, after, first, second), (after, before, second, first)):
        (x, low), (high, same) = under.args, over.args
        a = _over(middle, x) if x == same and scalar(low) and scalar(high) else None
        if a is not None and mul(a, low) == low_value and mul(a, high) == high_value:
            crossed = piecewise((first, before), (second, TRUE))
            ordered = compare("<=", ZERO, high) if low == mul(MINUS_ONE, high) else compare("<=", low, high)
            return piecewise((mul(a, _clip(x, low, high)), ordered), (crossed, TRUE))
    return None


def _named_size(node: Node, size: Node, facts: Facts) -> bool:
    """Whether it is the size, by itself or by its name."""
    return node == size or node.op is Op.READ and facts.unfolded(node) == size


def _seen(node: Node, facts: Facts) -> Node:
    """A named extremum as what it names."""
    inner = facts.unfolded(node) if node.op is Op.READ else None
    return inner if inner is not None and _is_extremum(inner) else node


def tie(node: Node, facts: Facts) -> Node | None:
    """{a if p·x < q·x, b if q·x < p·x, else (a + b)/2} = a + (b - a)·step(x) for numbers p > q; of ±x, by its sign."""
    pairs = branches(node) if node.op is Op.PIECEWISE else []
    if len(pairs) != 3 or any(v.op is not Op.NUM for v, _ in pairs):
        return None
    (low, below), (high, above), (level, _) = pairs
    if any(c.op is not Op.COMPARE or c.data != "<" for c in (below, above)) or below.args != above.args[::-1]:
        return None
    multiple = _multiple(*below.args)
    if multiple is None or level.data * 2 != low.data + high.data:
        return None
    c, x = multiple
    left, right = (low, high) if c > 0 else (high, low)
    if level == ZERO or below.args[0] == mul(MINUS_ONE, below.args[1]):
        return add(level, mul(sub(right, level), call("sign", x)))
    return add(left, mul(sub(right, left), call("step", x)))


def _multiple(a: Node, b: Node) -> tuple[Fraction, Node] | None:
    """(c, x) with a - b = c·x for a number c ≠ 0, where both are multiples of x by numbers and hyperparameters."""
    parts = [(mul(*(f for f in factors_of(n) if scalar(f))), mul(*(f for f in factors_of(n) if not scalar(f)))) for n in (a, b)]
    (p, x), (q, same) = parts
    c = linear(sub(p, q))
    return (c.data, x) if x == same and c.op is Op.NUM and c.data else None


def signed_size(node: Node, facts: Facts) -> Node | None:
    """sign(x)·|x| = x, and sign(x)·min(|x|, c) is x kept within c."""
    if node.op is not Op.MUL:
        return None
    for k, s in enumerate(node.args):
        if s.op is not Op.CALL or s.data != "sign":
            continue
        size = call("Abs", s.args[0])
        for j, f in enumerate(node.args):
            rest = mul(*(g for i, g in enumerate(node.args) if i not in (j, k)))
            if _named_size(f, size, facts):
                return mul(rest, s.args[0])
            f = _seen(f, facts)
            if f.op is Op.CALL and f.data == "Min" and len(f.args) == 2 and any(_named_size(a, size, facts) for a in f.args):
                c = next(a for a in f.args if not _named_size(a, size, facts))
                if scalar(c):
                    return mul(rest, _between(ONE, s.args[0], c, mul(c, s)))
    return None
