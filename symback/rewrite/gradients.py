"""Rules for patterns that only differentiation makes."""

from __future__ import annotations

from symback.core.expr import (
    MINUS_ONE,
    ONE,
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
    reads,
    split_coefficient,
    sub,
    terms_of,
)
from symback.rewrite import examples as ex
from symback.rewrite.cancellation import RULES as CANCELLATION
from symback.rewrite.exponentials import RULES as EXPONENTIALS
from symback.rewrite.facts import Context
from symback.rewrite.limits import RULES as LIMITS
from symback.rewrite.logistic import RULES as LOGISTIC
from symback.rewrite.patterns import is_call, is_log_sum, minus_term, minus_terms, scaled_pairs, without
from symback.rewrite.rule import Rule

_VANISHING = frozenset({"sigmoid_slope", "tanh_slope", "tanh_softplus_slope", "sech", "gauss", "half_gauss", "softsign_slope"})


def finite_factor(node: Node, ctx: Context) -> Node | None:
    """x·f(u) with f vanishing at both infinities: x is kept finite, and a square is formed after f."""
    for k, g in enumerate(node.args):
        if not is_call(g, *_VANISHING):
            continue
        for j, x in enumerate(node.args):
            base, e = (x.args[0], x.args[1]) if x.op is Op.POW else (x, ONE)
            if j == k or e not in (ONE, TWO):
                continue
            if is_call(base, "finite_below"):
                base = base.args[0]
            elif is_call(base, "finite") and e == TWO:
                base = base.args[0]
            elif base.op is not Op.READ or base not in reads(g) or ctx.bounded(base):
                continue
            kept = call("finite", base)
            if e == ONE:
                return mul(*without(node.args, j), kept)
            return mul(*without(node.args, j, k), kept, call("product", kept, g))
    return None


def behind_a_name(node: Node, ctx: Context) -> Node | None:
    """exp(u - y) where y names a log-sum-exp → exp(u - LogSumExp(…)): the quotient of exponentials needs its parts."""
    if not is_call(node, "exp"):
        return None
    parts = terms_of(node.args[0])
    for k, t in enumerate(parts):
        c, y = split_coefficient(t)
        seen = ctx.unfold(y)
        if c.denominator == 1 and seen is not None and any(is_log_sum(split_coefficient(s)[1]) for s in terms_of(seen)):
            return call("exp", add(*without(parts, k), mul(number(c), seen)))
    return None


def cubed_root(node: Node, ctx: Context) -> Node | None:
    """x**(-3/2) → x**(-1/2) times its square."""
    base, e = node.args
    if e != number("-3/2"):
        return None
    root = power(base, number("-1/2"))
    return mul(root, call("square", root))


def again_scaled(node: Node, ctx: Context) -> Node | None:
    """scaled_exp(a, u)·exp(u) → scaled_exp(scaled_exp(a, u), u)."""
    for k, z in enumerate(node.args):
        if is_call(z, "scaled_exp"):
            for j, g in enumerate(node.args):
                if is_call(g, "exp") and g.args[0] == z.args[1]:
                    return mul(*without(node.args, j, k), call("scaled_exp", z, g.args[0]))
    return None


def entropy_slope(node: Node, ctx: Context) -> Node | None:
    """A·softplus(u) - B·x·σ(u) with A·u = B·x → A·logistic_entropy(u)."""
    for _, a, s, rest in scaled_pairs(node, ("softplus",)):
        u = s.args[0]
        left = minus_term(rest, neg(mul(a, u, call("sigmoid", u))))
        if left is not None:
            return add(left, mul(a, call("logistic_entropy", u)))
    return None


def mish_slope(node: Node, ctx: Context) -> Node | None:
    """C·T(u) + C·u·T'(u) with T = tanh∘softplus, by a function that has digits near its root."""
    for _, c, s, rest in scaled_pairs(node, ("tanh_softplus_slope",)):
        u = s.args[0]
        for entry in (call("finite", u), u):
            scale = list(factors_of(c))
            if entry in scale:
                scale.remove(entry)
                left = minus_terms(rest, mul(*scale, call("tanh_softplus", u)))
                if left is not None:
                    return add(left, mul(*scale, call("mish_slope", u)))
    return None


def bernoulli_gap(node: Node, ctx: Context) -> Node | None:
    """(1 - t)/(1 - p) - t/p → (p - t)/(p(1 - p)), by one function."""
    for k, one in enumerate(terms_of(node)):
        if not is_call(one, "quotient"):
            continue
        for j, other in enumerate(terms_of(node)):
            inner = neg(other)
            if j == k or not is_call(inner, "quotient"):
                continue
            (a, q), (t, p) = one.args, inner.args
            if add(a, t) == ONE and add(q, p) == ONE:
                return add(*without(terms_of(node), j, k), call("bernoulli_gap", p, t))
    return None


_SHARED = {
    "expm1",
    "complement",
    "logistic slope",
    "two-sided softplus",
    "product of exponentials",
    "moments of the exponential",
    "opposite sigmoids",
    "excess of the exponential",
    "difference of sigmoids",
    "polynomial times gaussian",
}

BEHIND_A_NAME = Rule(
    "softmax behind a name",
    r"e^{u - y}, \quad y = \operatorname{LogSumExp}_k u_k",
    "y is the name of a log-sum-exp",
    "rounding y costs as many digits as it has before the point",
    "Blanchard, Higham and Higham 2021",
    "|u| > 10",
    (Op.CALL,),
    behind_a_name,
    (call("exp", ex.X), call("exp", ex.X)),
)

RULES = (
    Rule(
        "finite factor",
        r"x f(u) \to 0",
        "f vanishes at both infinities",
        "the product of an infinity and 0 is NaN, and a square overflows",
        "limits at infinity",
        "infinite x, |x| > 1e19 (float32)",
        (Op.MUL,),
        finite_factor,
        (mul(ex.X, call("sigmoid_slope", ex.X)), mul(call("finite", ex.X), call("sigmoid_slope", ex.X))),
    ),
    BEHIND_A_NAME,
    Rule(
        "cubed root",
        r"x^{-3/2} = x^{-1/2} \left(x^{-1/2}\right)^2",
        "always",
        "x^{3/2} overflows where its reciprocal is only small",
        "IEEE range",
        "x > 1e25 (float32)",
        (Op.POW,),
        cubed_root,
        (power(ex.X, number("-3/2")), mul(power(ex.X, number("-1/2")), call("square", power(ex.X, number("-1/2"))))),
    ),
    Rule(
        "scaled exponential again",
        r"a e^u \cdot e^u",
        "always",
        "exp may overflow where the product does not",
        "IEEE range",
        "|u| > 40 (float32)",
        (Op.MUL,),
        again_scaled,
        (mul(call("scaled_exp", ex.Y, ex.X), call("exp", ex.X)), call("scaled_exp", call("scaled_exp", ex.Y, ex.X), ex.X)),
    ),
    Rule(
        "entropy slope",
        r"\operatorname{softplus}(u) - u\,\sigma(u)",
        "always",
        "both terms grow while their difference vanishes",
        "algebra of exp and softplus",
        "u > 10",
        (Op.ADD,),
        entropy_slope,
        (
            sub(mul(power(ex.P, MINUS_ONE), call("softplus", mul(ex.P, ex.X))), mul(ex.X, call("sigmoid", mul(ex.P, ex.X)))),
            mul(power(ex.P, MINUS_ONE), call("logistic_entropy", mul(ex.P, ex.X))),
        ),
    ),
    *(r for r in (*EXPONENTIALS, *CANCELLATION, *LOGISTIC, *LIMITS) if r.name in _SHARED),
    Rule(
        "slope of mish",
        r"T(u) + u\,T'(u), \quad T(u) = \tanh(\log(1 + e^u))",
        "always",
        "the two terms cancel near their root",
        "the next wider precision",
        "|u + 1.19| < 1/8",
        (Op.ADD,),
        mish_slope,
        (
            add(call("tanh_softplus", ex.X), mul(call("finite", ex.X), call("tanh_softplus_slope", ex.X))),
            call("mish_slope", ex.X),
        ),
    ),
    Rule(
        "probability gap",
        r"\frac{1 - t}{1 - p} - \frac{t}{p} = \frac{p - t}{p (1 - p)}",
        "always",
        "cancels where p is near t",
        "log σ(u) = -softplus(-u)",
        "p near t",
        (Op.ADD,),
        bernoulli_gap,
        (
            sub(call("quotient", sub(ONE, ex.T), sub(ONE, ex.P)), call("quotient", ex.T, ex.P)),
            call("bernoulli_gap", ex.P, ex.T),
        ),
    ),
)
