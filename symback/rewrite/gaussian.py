"""Rules for the error function and the normal distribution."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    Node,
    Op,
    add,
    call,
    factors_of,
    mul,
    neg,
    number,
    power,
    split_coefficient,
    sub,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import constant, exponent_of, is_call, minus_term, scaled_pairs, tidy_coefficient, without
from symback.rewrite.rule import Rule

ROOT_TWO, ROOT_HALF = power(TWO, HALF), power(TWO, number("-1/2"))


def complement(node: Node, ctx: Context) -> Node | None:
    """C + C·erf(u) → C·erfc(-u); C - C·erf(u) → C·erfc(u)."""
    for _, c, f, rest in scaled_pairs(node, ("erf",)):
        left = minus_term(rest, c)
        if left is not None:
            return add(left, mul(c, call("erfc", neg(f.args[0]))))
        left = minus_term(rest, neg(c))
        if left is not None:
            return sub(left, mul(c, call("erfc", f.args[0])))
    for _, c, f, rest in scaled_pairs(node, ("ndtr",)):
        left = minus_term(rest, neg(c))
        if left is not None:
            return sub(left, mul(c, call("ndtr", neg(f.args[0]))))
    return None


def normal(node: Node, ctx: Context) -> Node | None:
    """erfc(-x/√2)/2 → Φ(x)."""
    if not is_call(node, "erfc"):
        return None
    x = _scaled(node)
    return None if x is None else mul(TWO, call("ndtr", x))


def _scaled(f: Node) -> Node | None:
    """x for erfc(-x/√2), where the quotient by √2 is written in the argument."""
    u = f.args[0]
    fixed = mul(*(g for g in factors_of(u) if constant(g) is not None))
    if fixed.op is Op.NUM and fixed.data.denominator < 1000:
        return None
    x = tidy_coefficient(mul(MINUS_ONE, ROOT_TWO, u))
    rest = mul(*(g for g in factors_of(x) if constant(g) is not None))
    return x if rest.op is Op.NUM else None


def gated(node: Node, ctx: Context) -> Node | None:
    """x·Φ(x) → one function, whose slope is known where Φ and xφ cancel."""
    for k, f in enumerate(node.args):
        if is_call(f, "ndtr"):
            for x, sign in ((f.args[0], 1), (neg(f.args[0]), -1)):
                c, bare = split_coefficient(x)
                j = next((j for j, g in enumerate(node.args) if g == bare), None)
                if j is not None and c > 0 and sign > 0:
                    return mul(*without(node.args, k, j), number(1 / c), call("gelu", x))
    return None


def scaled_complement(node: Node, ctx: Context) -> Node | None:
    """exp(u²)·erfc(u) → erfcx(u), Φ(x)/φ(x) by it; φ(x)/Φ(x) and exp(-u²)/erfc(u) → the hazard."""
    for k, f in enumerate(node.args):
        base, e = (f.args[0], f.args[1]) if f.op is Op.POW else (f, ONE)
        if not is_call(base, "erfc", "ndtr") or e not in (ONE, MINUS_ONE):
            continue
        u = base.args[0] if base.data == "erfc" else neg(mul(ROOT_HALF, base.args[0]))
        for j, g in enumerate(node.args):
            inner, p = (g.args[0], g.args[1]) if g.op is Op.POW else (g, ONE)
            exponent = exponent_of(inner)
            if exponent is not None and mul(p, exponent) == mul(e, power(u, TWO)):
                rest = without(node.args, j, k)
                if e == ONE:
                    return mul(*rest, ONE if base.data == "erfc" else HALF, call("erfcx", u))
                if base.data == "erfc":
                    return mul(*rest, power(mul(HALF, PI), HALF), call("hazard", neg(mul(ROOT_TWO, u))))
                return mul(*rest, power(mul(TWO, PI), HALF), call("hazard", base.args[0]))
    return None


RULES = (
    Rule(
        "scaled complementary error function",
        r"e^{u^2} \operatorname{erfc}(u) = \operatorname{erfcx}(u), \quad \frac{\varphi(x)}{\Phi(x)}",
        "always",
        "a product of an infinity and 0",
        "DLMF 7.2 and 7.12",
        "u > 9 (float32)",
        (Op.MUL,),
        scaled_complement,
        (mul(call("exp", power(ex.X, TWO)), call("erfc", ex.X)), call("erfcx", ex.X)),
    ),
    Rule(
        "complementary error function",
        r"1 - \operatorname{erf}(u) = \operatorname{erfc}(u)",
        "always",
        "erf rounds to 1, and the difference has no digit left",
        "DLMF 7.2 and 7.12",
        "u > 2",
        (Op.ADD,),
        complement,
        (sub(number(1), call("erf", ex.X)), call("erfc", ex.X)),
    ),
    Rule(
        "normal distribution",
        r"\tfrac12\operatorname{erfc}\left(-\tfrac{x}{\sqrt2}\right) = \Phi(x)",
        "the argument holds the quotient by √2",
        "rounding x/√2 costs x² units in the last place in the tail",
        "DLMF 7.2 and 7.12",
        "x < -2",
        (Op.CALL,),
        normal,
        (call("erfc", neg(mul(ROOT_HALF, ex.X))), mul(TWO, call("ndtr", ex.X))),
    ),
    Rule(
        "gaussian gate",
        r"x\,\Phi(x)",
        "always",
        "the slope is a difference in the tail; a product of an infinity and 0 at minus infinity",
        "DLMF 7.2 and 7.12",
        "x < -2",
        (Op.MUL,),
        gated,
        (mul(ex.X, call("ndtr", ex.X)), call("gelu", ex.X)),
    ),
)
