"""Rules on brackets: common factors taken out, brackets opened where terms then meet."""

from __future__ import annotations

from fractions import Fraction

from symback.calculus.affine import multiplied_out, scalar
from symback.calculus.facts import Facts
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, add, mul, number, power, split_coefficient, split_power


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
                b: (min(e, powers[b]) if e > 0 else max(e, powers[b]))
                for b, e in shared.items()
                if b in powers and (e > 0) == (powers[b] > 0)
            }
        if not shared:
            return None
    factor = mul(*(power(b, number(e)) for b, e in shared.items()))
    if factor == ONE or (factor.op is Op.PIECEWISE):
        return None
    inverse = power(factor, MINUS_ONE) if factor.op is not Op.MUL else mul(*(power(f, MINUS_ONE) for f in factor.args))
    inner = add(*(mul(t, inverse) for t in node.args))
    return mul(factor, inner)


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
