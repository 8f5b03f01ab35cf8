"""Rules for removable gaps and for products of an infinity and 0."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

from symback.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Node,
    Op,
    add,
    call,
    div,
    factors_of,
    mul,
    neg,
    number,
    power,
    reads,
    split_coefficient,
    sub,
    substitute,
    walk,
)
from symback.functions.gaps import LIMITS
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, holds_reduction, is_call, without
from symback.rewrite.rule import Rule

_QUOTIENTS = {
    "sin": lambda u: call("spherical_bessel", ZERO, u),
    "expm1": lambda u: call("exp_moment", ZERO, u),
    **{name: partial(call, f"{name}_over") for name in LIMITS},
}
"""f(u)/u by the name of f."""


_LOGARITHMS = {"powm1": "log", "pow1pm1": "log1p"}


def removable(node: Node, ctx: Context) -> Node | None:
    """f(w·v)/v → w·(f/u)(w·v) for a function f that is 0 at 0, sin, tanh, log1p, …; v/f(w·v) and (x**p - 1)/p likewise."""
    for k, g in enumerate(node.args):
        base, e = (g.args[0], g.args[1]) if g.op is Op.POW else (g, ONE)
        if is_call(g, *_LOGARITHMS) and power(g.args[1], MINUS_ONE) in node.args:
            log = call(_LOGARITHMS[g.data], g.args[0])
            moment = call("exp_moment", ZERO, mul(g.args[1], log))
            return mul(*without(node.args, k, node.args.index(power(g.args[1], MINUS_ONE))), log, moment)
        if not is_call(base, *_QUOTIENTS) or e.op is not Op.NUM or e.data.denominator != 1:
            continue
        u, count = base.args[0], int(e.data)
        for v in factors_of(u):
            if v.op is Op.POW and v.args[1].op is Op.NUM and v.args[1].data < 0 or not has_read(v):
                continue
            rest = without(node.args, k)
            for d in range(abs(count), 0, -1):
                d = d if count > 0 else -d
                below = power(v, number(-d))
                if below in rest:
                    left = power(base, number(count - d))
                    return mul(*without(rest, rest.index(below)), left, power(div(u, v), number(d)), _quotient(base, d))
    return None


def _quotient(base: Node, d: int) -> Node:
    """(f(u)/u)**d."""
    u = base.args[0]
    if base.data == "expm1" and d < 0:
        return power(call("bose", u), number(-d))
    return power(_QUOTIENTS[base.data](u), number(d))


def power_at_limit(node: Node, ctx: Context) -> Node | None:
    """(1 + w·v)**(c/v) → exp(c·w·log(1 + w·v)/(w·v)), which is exp(c·w) at v = 0."""
    base, e = node.args
    if base.op is not Op.ADD or ONE not in base.args:
        return None
    u = add(base, MINUS_ONE)
    for v in factors_of(u):
        if v.op is Op.READ and power(v, MINUS_ONE) in factors_of(e):
            return call("exp", mul(e, u, call("log1p_over", u)))
    return None


def vanishing_product(node: Node, ctx: Context) -> Node | None:
    """x·log x → 0 at 0; t·log p → 0 at t = 0 where both may be 0."""
    if ctx.summed and not _assumed(node, ctx):
        return None
    for k, g in enumerate(node.args):
        if not is_call(g, "log", "log1p"):
            continue
        inner = g.args[0]
        argument = inner if g.data == "log" else add(ONE, inner)
        if ctx.positive(argument) and not _may_be_infinite(argument):
            continue
        for j, t in enumerate(node.args):
            if j == k or t.op is Op.NUM:
                continue
            if t == argument or ctx.nonnegative(t) and not ctx.positive(t) and ctx.nonnegative(argument):
                return mul(*without(node.args, j, k), call("xlogy" if g.data == "log" else "xlog1py", t, inner))
    return None


def vanishing_bracket(node: Node, ctx: Context) -> Node | None:
    """x·(log x + b) → x·log x + x·b, whose first part is 0 at 0."""
    for k, g in enumerate(node.args):
        if g.op is not Op.ADD:
            continue
        rest = without(node.args, k)
        for j, term in enumerate(g.args):
            part = mul(*rest, term)
            logs = [f for f in (part.args if part.op is Op.MUL else ()) if is_call(f, "log", "log1p")]
            if not logs or any(ctx.positive(f.args[0]) for f in logs):
                continue
            found = vanishing_product(part, ctx)
            if found is not None:
                return add(found, mul(*rest, add(*without(g.args, j))))
    return None


def _assumed(node: Node, ctx: Context) -> bool:
    return any(n.op is Op.READ and n.data in ctx.signs for n in walk(node))


def _may_be_infinite(argument: Node) -> bool:
    return argument.op is Op.READ


_VANISHING = frozenset({"exp", "sigmoid", "tanh_softplus", "gauss", "half_gauss", "ndtr", "sech", "erfc"})


def infinite_times_zero(node: Node, ctx: Context) -> Node | None:
    """x·f(u) with f vanishing at an infinity of x: x is kept finite, so that the product is 0 there."""
    for k, g in enumerate(node.args):
        core = _core(g)
        if not is_call(core, *_VANISHING):
            continue
        inside = reads(core)
        for j, x in enumerate(node.args):
            if j != k and x.op is Op.READ and x in inside and not holds_reduction(core.args[0]):
                return mul(*without(node.args, j), _kept_finite(x, core))
    return None


_THROUGH = frozenset({"log1p", "tanh", "expm1", "sin", "atan", "asinh", "sinh", "erf", "sqrt", "square"})


def _core(g: Node) -> Node:
    """The function whose limit is that of g: log1p, tanh, … of 0 are 0."""
    if g.op is Op.POW and g.args[1].op is Op.NUM and g.args[1].data > 0 or is_call(g, *_THROUGH):
        return _core(g.args[0])
    return g


def _kept_finite(x: Node, core: Node) -> Node:
    """x kept finite at the infinity where the function vanishes."""
    if core.data not in ("sigmoid", "tanh_softplus", "ndtr"):
        return call("finite", x)
    return neg(call("finite_below", neg(x))) if split_coefficient(core.args[0])[0] < 0 else call("finite_below", x)


def bounded_polynomial(node: Node, ctx: Context) -> Node | None:
    """P(x)·exp(-c·x²) for a polynomial sum P: x is kept where the product is not 0, so that P does not overflow."""
    for k, g in enumerate(node.args):
        if not is_call(g, "gauss", "half_gauss"):
            continue
        c, x = split_coefficient(g.args[0])
        edge = number(64 * max(1, -(-1 // abs(c))))
        if x.op is not Op.READ:
            continue
        for j, p in enumerate(node.args):
            if j != k and p.op is Op.ADD and any(n == x for n in walk(p)) and call("within", x, edge) not in set(walk(p)):
                return mul(*without(node.args, j), substitute(p, {x: call("within", x, edge)}))
    return None


_SATURATED = {"tanh": 4, "erf": 4, "exp": 12, "expm1": 12}
"""exp(exp(-u)…) is at its limit in every dtype where u exceeds these."""


def exponential_at_limit(node: Node, ctx: Context) -> Node | None:
    """tanh(c·exp(u)), exp(-c·exp(u)) → u kept below where they have long reached their limits."""
    if not is_call(node, *_SATURATED):
        return None
    c, e = split_coefficient(node.args[0])
    falling = node.data in ("exp", "expm1")
    if not is_call(e, "exp") or is_call(e.args[0], "at_most") or abs(c) < Fraction(1, 16) or falling and c > 0 or not has_read(e):
        return None
    return call(node.data, mul(number(c), call("exp", call("at_most", e.args[0], number(_SATURATED[node.data] + 3)))))


RULES = (
    Rule(
        "removable gap",
        r"\frac{\sin u}{u} = j_0(u), \quad \frac{e^u - 1}{u} = \int_0^1 e^{s u}\,ds, \quad \frac{f(u)}{u} \text{ and } \frac{u}{f(u)}",
        "f is one of tanh, sinh, tan, log1p, erf and the inverse functions",
        "0/0 at u = 0, and a slope that cancels near it",
        "Taylor series",
        "u = 0, |u| < 1, infinities",
        (Op.MUL,),
        removable,
        (div(call("sin", ex.X), ex.X), call("spherical_bessel", ZERO, ex.X)),
    ),
    Rule(
        "power at its limit",
        r"(1 + w v)^{c/v} = e^{c w \frac{\log(1 + w v)}{w v}}",
        "always",
        "1 + w v rounds to 1, and 1/v is infinite at 0",
        "the limit of (1 + v)^{1/v}",
        "|v| < 1e-3 (float32)",
        (Op.POW,),
        power_at_limit,
        (
            Node(Op.POW, None, (add(ONE, mul(ex.X, ex.Y)), power(ex.Y, MINUS_ONE))),
            call("exp", mul(ex.X, call("log1p_over", mul(ex.X, ex.Y)))),
        ),
    ),
    Rule(
        "x log x",
        r"x \log x = 0 \text{ at } x = 0",
        "x is not known to be positive; for t log p: both are assumed not negative",
        "0 times minus infinity",
        "the limit of x log x",
        "x = 0",
        (Op.MUL,),
        vanishing_product,
        (mul(ex.X, call("log", ex.X)), call("xlogy", ex.X, ex.X)),
    ),
    Rule(
        "x (log x + b)",
        r"x (\log x + b) = x \log x + x b",
        "as for x log x",
        "0 times minus infinity",
        "the limit of x log x",
        "x = 0",
        (Op.MUL,),
        vanishing_bracket,
        (mul(ex.X, sub(call("log", ex.X), ex.Y)), sub(call("xlogy", ex.X, ex.X), mul(ex.X, ex.Y))),
    ),
    Rule(
        "polynomial times gaussian",
        r"P(x)\,e^{-x^2} \to 0",
        "P is a sum",
        "the product of an infinity and 0 is NaN, and powers overflow",
        "the limit of x^n exp(-x^2)",
        "|x| > 1e19 (float32), infinities",
        (Op.MUL,),
        bounded_polynomial,
        (
            mul(sub(ONE, power(ex.X, number(2))), call("gauss", ex.X)),
            mul(sub(ONE, power(call("within", ex.X, number(64)), number(2))), call("gauss", ex.X)),
        ),
    ),
    Rule(
        "exponential at a limit",
        r"\tanh(e^u),\; e^{-e^u}",
        "the factor of exp(u) is a number that is not small",
        "exp(u) overflows where the function has long reached its limit, and its slope is an infinity times 0",
        "the limits of tanh u and exp(-u)",
        "u > 88 (float32)",
        (Op.CALL,),
        exponential_at_limit,
        (call("tanh", call("exp", ex.X)), call("tanh", call("exp", call("at_most", ex.X, number(7))))),
    ),
    Rule(
        "infinity times zero",
        r"x f(u) \to 0",
        "f vanishes at an infinity of x",
        "the product of an infinity and 0 is NaN",
        "limits at infinity",
        "x = -oo",
        (Op.MUL,),
        infinite_times_zero,
        (mul(ex.X, call("sigmoid", ex.X)), mul(call("finite_below", ex.X), call("sigmoid", ex.X))),
    ),
)
