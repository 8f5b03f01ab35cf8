"""Rules for differences whose first order cancels: exp(u) - 1 - u, log(1 + u) - u, (1 + u)**p - 1."""

from __future__ import annotations

from symback.core.expr import HALF, MINUS_ONE, ONE, TWO, ZERO, Node, Op, add, call, div, factors_of, mul, neg, number, power, sub, terms_of
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, minus_term, minus_terms, scaled_pairs, without
from symback.rewrite.rule import Rule


def excess(node: Node, ctx: Context) -> Node | None:
    """C·expm1(u) - C·u and C·log1p(u) - C·u by functions of their own."""
    if ctx.summed:
        return None
    for name, better in (("expm1", "expm1_minus"), ("log1p", "log1p_minus")):
        for _, c, call_, rest in scaled_pairs(node, (name,)):
            left = minus_terms(rest, neg(mul(c, call_.args[0])))
            if left is not None:
                return add(left, mul(c, call(better, call_.args[0])))
    return None


def quotient_by_sum(node: Node, ctx: Context) -> Node | None:
    """(1 + x)**p - 1 → by log1p and expm1, for a whole p by its polynomial; 1/(1 + x) - 1 → -x/(1 + x); b**x - 1 → powm1."""
    parts = terms_of(node)
    present = set(parts)
    for k, t in enumerate(parts):
        for j, f in enumerate(factors_of(t)):
            if f.op is not Op.POW or not has_read(f):
                continue
            c = mul(*without(factors_of(t), j))
            if neg(c) not in present:
                continue
            left = minus_term(add(*without(parts, k)), neg(c))
            if left is None:
                continue
            base, e = f.args
            if e == HALF and ONE in terms_of(base):
                return None
            v = add(base, MINUS_ONE)
            if e == MINUS_ONE and ONE in terms_of(base):
                return sub(left, mul(c, div(v, base)))
            whole = e.op is Op.NUM and e.data.denominator == 1
            if ONE in terms_of(base) and not ctx.summed and (has_read(e) and not ctx.positive(base) or whole and 2 <= e.data <= 6):
                return add(left, mul(c, call("pow1pm1", v, e)))
            if has_read(e) and not ctx.positive(base):
                return add(left, mul(c, call("powm1", base, e)))
            if whole or not (ONE in terms_of(base) or ctx.positive(base)):
                continue
            log = call("log1p", v) if ONE in terms_of(base) else call("log", base)
            return add(left, mul(c, call("expm1", mul(e, log))))
    return None


def softplus_less_log_two(node: Node, ctx: Context) -> Node | None:
    """C·softplus(u) - C·log 2 → C·shifted_softplus(u)."""
    for _, c, f, rest in scaled_pairs(node, ("softplus",)):
        for log in (call("log", TWO), neg(call("log", HALF))):
            left = minus_terms(rest, neg(mul(c, log)))
            if left is not None:
                return add(left, mul(c, call("shifted_softplus", f.args[0])))
    return None


def moments(node: Node, ctx: Context) -> Node | None:
    """C·M₀(u) + C·u·M₁(u) → C·exp(u), where Mₙ(u) = ∫sⁿ exp(su) ds over 0 < s < 1."""
    for _, c, m, rest in scaled_pairs(node, ("exp_moment",)):
        n, u = m.args
        left = minus_terms(rest, mul(c, u, call("exp_moment", ONE, u))) if n == ZERO else None
        if left is not None:
            return add(left, mul(c, call("exp", u)))
    return None


def hyperbolic_cosine_by_softplus(node: Node, ctx: Context) -> Node | None:
    """C·(softplus(v) - log 2) - C·v/2 → C·log cosh(v/2), and its mirror image."""
    for _, c, f, rest in scaled_pairs(node, ("shifted_softplus",)):
        half = mul(HALF, f.args[0])
        left = minus_terms(rest, neg(mul(c, half)))
        if left is not None:
            return add(left, mul(c, call("log_cosh", half)))
    return None


def sine_excess(node: Node, ctx: Context) -> Node | None:
    """C·u - C·sin u → C·sine_excess(u)."""
    for _, c, f, rest in scaled_pairs(node, ("sin",)):
        left = minus_terms(rest, neg(mul(c, f.args[0])))
        if left is not None:
            return sub(left, mul(c, call("sine_excess", f.args[0])))
    return None


def difference_of_reciprocals(node: Node, ctx: Context) -> Node | None:
    """C/a - C/b → C·(b - a)/(a·b) where b - a is a number."""
    if ctx.summed:
        return None
    found = [
        (k, j, f) for k, t in enumerate(terms_of(node)) for j, f in enumerate(factors_of(t)) if f.op is Op.POW and f.args[1] == MINUS_ONE
    ]
    for k, j, f in found:
        for m, i, g in found:
            gap = sub(g.args[0], f.args[0])
            if k >= m or has_read(gap) or not has_read(f):
                continue
            c, d = (mul(*without(factors_of(terms_of(node)[p]), q)) for p, q in ((k, j), (m, i)))
            if add(c, d) == ZERO:
                return add(*without(terms_of(node), k, m), mul(c, gap, f, g))
    return None


RULES = (
    Rule(
        "softplus less log 2",
        r"\log(1 + e^u) - \log 2",
        "always",
        "cancels near 0",
        "the series of log(1 + e^u) at 0",
        "|u| < 1",
        (Op.ADD,),
        softplus_less_log_two,
        (sub(call("softplus", ex.X), call("log", TWO)), call("shifted_softplus", ex.X)),
    ),
    Rule(
        "moments of the exponential",
        r"\int_0^1 e^{s u}\,ds + u \int_0^1 s e^{s u}\,ds = e^u",
        "always",
        "cancels for negative u",
        "integration by parts",
        "u < -1",
        (Op.ADD,),
        moments,
        (add(call("exp_moment", ZERO, ex.X), mul(ex.X, call("exp_moment", ONE, ex.X))), call("exp", ex.X)),
    ),
    Rule(
        "log cosh by softplus",
        r"\log(1 + e^v) - \log 2 - \tfrac12 v = \log\cosh \tfrac12 v",
        "always",
        "cancels near 0, and for large v of one sign",
        "cosh by exponentials",
        "|v| < 1, v > 10",
        (Op.ADD,),
        hyperbolic_cosine_by_softplus,
        (sub(call("shifted_softplus", ex.X), mul(HALF, ex.X)), call("log_cosh", mul(HALF, ex.X))),
    ),
    Rule(
        "excess over the sine",
        r"u - \sin u",
        "always",
        "the first order cancels",
        "DLMF 4.19.1",
        "|u| < 1",
        (Op.ADD,),
        sine_excess,
        (sub(ex.X, call("sin", ex.X)), call("sine_excess", ex.X)),
    ),
    Rule(
        "difference of reciprocals",
        r"\frac1a - \frac1b = \frac{b - a}{a b}",
        "b - a is a number; not under a sum",
        "the quotients agree in their leading digits where a is large",
        "a common denominator",
        "|a| much larger than |b - a|",
        (Op.ADD,),
        difference_of_reciprocals,
        (
            sub(power(ex.X, MINUS_ONE), power(add(ONE, ex.X), MINUS_ONE)),
            mul(power(ex.X, MINUS_ONE), power(add(ONE, ex.X), MINUS_ONE)),
        ),
    ),
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
