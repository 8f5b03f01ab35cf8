"""Rules for differences whose first order cancels: exp(u) - 1 - u, log(1 + u) - u, (1 + u)**p - 1."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    Node,
    Op,
    add,
    call,
    div,
    mul,
    neg,
    number,
    power,
    sub,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import (
    factors,
    has_read,
    minus_term,
    scaled_pairs,
    terms,
    without,
)
from symback.rewrite.rule import Rule


def excess(node: Node, ctx: Context) -> Node | None:
    """C·expm1(u) - C·u and C·log1p(u) - C·u by functions of their own."""
    if ctx.summed:
        return None
    for name, better in (("expm1", "expm1_minus"), ("log1p", "log1p_minus")):
        for _, c, call_, rest in scaled_pairs(node, (name,)):
            left = _minus_terms(rest, neg(mul(c, call_.args[0])))
            if left is not None:
                return add(left, mul(c, call(better, call_.args[0])))
    return None


def _minus_terms(total: Node, wanted: Node) -> Node | None:
    """total - wanted where every term of `wanted` is a term of `total`."""
    if wanted.op is not Op.ADD:
        return minus_term(total, wanted)
    for t in wanted.args:
        total = minus_term(total, t)
        if total is None:
            return None
    return total


def quotient_by_sum(node: Node, ctx: Context) -> Node | None:
    """(1 + x)**p - 1 → by log1p and expm1, p not a whole number; 1/(1 + x) - 1 → -x/(1 + x); b**x - 1 → powm1."""
    parts = terms(node)
    present = set(parts)
    for k, t in enumerate(parts):
        for j, f in enumerate(factors(t)):
            if f.op is not Op.POW or not has_read(f):
                continue
            c = mul(*without(factors(t), j))
            if neg(c) not in present:
                continue
            left = minus_term(add(*without(parts, k)), neg(c))
            if left is None:
                continue
            base, e = f.args
            if e == HALF and ONE in terms(base):
                return None
            v = add(base, MINUS_ONE)
            if e == MINUS_ONE and ONE in terms(base):
                return sub(left, mul(c, div(v, base)))
            whole = e.op is Op.NUM and e.data.denominator == 1
            if has_read(e) and not ctx.positive(base):
                return add(left, mul(c, call("powm1", base, e)))
            if whole or not (ONE in terms(base) or ctx.positive(base)):
                continue
            log = call("log1p", v) if ONE in terms(base) else call("log", base)
            return add(left, mul(c, call("expm1", mul(e, log))))
    return None


RULES = (
    Rule(
        "excess of the exponential",
        r"e^u - 1 - u, \quad \log(1 + u) - u",
        "not under a sum",
        "the first order cancels",
        "Taylor series",
        "|u| < 1",
        (Op.ADD,),
        excess,
        (sub(call("expm1", ex.X), ex.X), call("expm1_minus", ex.X)),
    ),
    Rule(
        "power minus one",
        r"(1 + u)^p - 1 = \operatorname{expm1}(p\operatorname{log1p}(u)), \quad \frac{1}{1+u} - 1 = -\frac{u}{1 + u}",
        "p is not a whole number, the base is positive or the exponent not known",
        "1 + u rounds to 1 for small u",
        "Kahan 1987",
        "|u| < 1",
        (Op.ADD,),
        quotient_by_sum,
        (sub(power(add(ONE, ex.X), number("1/3")), ONE), call("expm1", mul(number("1/3"), call("log1p", ex.X)))),
    ),
)
