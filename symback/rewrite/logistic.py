"""Rules for the logistic function, tanh and the cross-entropy of a logit."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
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
    terms_of,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import is_call, minus_nearly, minus_term, scaled_pairs, without
from symback.rewrite.rule import Rule


def complement(node: Node, ctx: Context) -> Node | None:
    """C - C·σ(u) → C·σ(-u); 2C·σ(u) - C → C·tanh(u/2); C ± C·tanh u → 2C·σ(±2u); C - C·tanh² u → C·sech² u."""
    return _of_sigmoid(node, ctx) or _of_tanh(node)


def _sigmoids(node: Node, ctx: Context):
    """(C, u, the other terms) for each term C·σ(u), where σ may stand behind a name."""
    for _, c, s, rest in scaled_pairs(node, ("sigmoid",)):
        yield c, s.args[0], rest
    parts = terms_of(node)
    for k, term in enumerate(parts):
        c, inner = split_coefficient(term)
        seen = ctx.see(inner) if inner.op is Op.READ else inner
        if inner.op is Op.READ and is_call(seen, "sigmoid"):
            yield number(c), seen.args[0], add(*without(parts, k))


def _of_sigmoid(node: Node, ctx: Context) -> Node | None:
    for c, u, rest in _sigmoids(node, ctx):
        left = minus_nearly(rest, neg(c))
        if left is not None:
            return sub(left, mul(c, call("sigmoid", neg(u))))
        left = minus_term(rest, mul(number("-1/2"), c))
        if left is not None:
            return add(left, mul(HALF, c, call("tanh", mul(HALF, u))))
    return None


def _of_tanh(node: Node) -> Node | None:
    for _, c, t, rest in scaled_pairs(node, ("tanh",)):
        u = mul(TWO, t.args[0])
        for sign in (ONE, MINUS_ONE):
            left = minus_term(rest, mul(sign, c))
            if left is not None:
                return add(left, mul(TWO, sign, c, call("sigmoid", mul(sign, u))))
    for _, c, t, rest in scaled_pairs(node, ("tanh",), 2):
        left = minus_nearly(rest, neg(c))
        if left is not None:
            return sub(left, mul(c, call("tanh_slope", t.args[0])))
    return None


def logistic_product(node: Node, ctx: Context) -> Node | None:
    """σ(u)·σ(-u) → σ'(u)."""
    found: dict[Node, int] = {}
    for k, f in enumerate(node.args):
        base = f.args[0] if f.op is Op.POW and f.args[1] == TWO else f
        seen = ctx.see(base) if base.op is Op.READ else base
        if is_call(seen, "sigmoid"):
            found.setdefault(seen.args[0], k)
    for u, k in found.items():
        j = found.get(neg(u))
        if j is not None and j != k:
            rest = [power(f.args[0], add(f.args[1], MINUS_ONE)) for f in (node.args[k], node.args[j]) if f.op is Op.POW]
            return mul(*without(node.args, k, j), *rest, call("sigmoid_slope", u if split_coefficient(u)[0] > 0 else neg(u)))
    return None


def tanh_of_softplus(node: Node, ctx: Context) -> Node | None:
    """tanh(softplus u)."""
    inner = node.args[0] if is_call(node, "tanh") else None
    seen = None if inner is None else ctx.see(inner)
    return call("tanh_softplus", seen.args[0]) if seen is not None and is_call(seen, "softplus") else None


def tanh_shrink(node: Node, ctx: Context) -> Node | None:
    """C·u - C·tanh u."""
    for _, c, t, rest in scaled_pairs(node, ("tanh",)):
        left = minus_term(rest, neg(mul(c, t.args[0])))
        if left is not None:
            return sub(left, mul(c, call("tanhshrink", t.args[0])))
    return None


def _sides(node: Node) -> list[tuple[Node, Node, Node]]:
    """(A, u, the other terms) for each term A·softplus(u) or -A·log σ(-u)."""
    out = [(c, f.args[0], rest) for _, c, f, rest in scaled_pairs(node, ("softplus",))]
    return out + [(neg(c), neg(f.args[0]), rest) for _, c, f, rest in scaled_pairs(node, ("log_sigmoid",))]


def two_sided(node: Node, ctx: Context) -> Node | None:
    """a·softplus(-u) + b·softplus(u), the cross-entropy of a logit: one exponential and one logarithm; their difference is u."""
    for b, u, rest in _sides(node):
        for a, v, left in _sides(rest):
            if add(u, v) != ZERO:
                continue
            if add(a, b) == ZERO:
                return add(left, mul(b, u))
            if split_coefficient(u)[0] < 0:
                u, a, b = v, b, a
            outer = _common(a, b)
            return add(left, mul(outer, call("two_sided_softplus", u, _times(outer, a), _times(outer, b))))
    return None


def _times(sign: Node, a: Node) -> Node:
    """sign·a with numbers taken into a sum, so that t and 1 - t add up to 1."""
    c, rest = split_coefficient(mul(sign, a))
    return add(*(mul(number(c), t) for t in rest.args)) if rest.op is Op.ADD else mul(number(c), rest)


def _common(a: Node, b: Node) -> Node:
    """-1 where both coefficients are the negative of something, else 1."""
    return MINUS_ONE if _leading_sign(a) < 0 and _leading_sign(b) < 0 else ONE


def _leading_sign(a: Node) -> int:
    if a.op is Op.ADD:
        return (
            -1 if all(split_coefficient(t)[0] < 0 for t in a.args if t.op is not Op.NUM) and any(t.op is not Op.NUM for t in a.args) else 1
        )
    if a.op is Op.MUL:
        sign = -1 if split_coefficient(a)[0] < 0 else 1
        return sign
    return -1 if split_coefficient(a)[0] < 0 else 1


def logistic_entropy(node: Node, ctx: Context) -> Node | None:
    """C·softplus(u) - C·u·σ(u)."""
    for c, u, rest in _sides(node):
        left = minus_term(rest, neg(mul(c, u, call("sigmoid", u))))
        if left is not None:
            return add(left, mul(c, call("logistic_entropy", u)))
    return None


def entropy_of_logit(node: Node, ctx: Context) -> Node | None:
    """C·σ(-u)·softplus(u) + C·σ(u)·softplus(-u) → C·logistic_entropy(u), the entropy of a coin whose logit is u."""
    for c, u, rest in _sides(node):
        outer = _divided(c, call("sigmoid", neg(u)))
        if outer is None:
            continue
        for d, v, left in _sides(rest):
            if add(u, v) == ZERO and d == mul(outer, call("sigmoid", u)):
                return add(left, mul(outer, call("logistic_entropy", u)))
    return None


def _divided(c: Node, factor: Node) -> Node | None:
    """c/factor where it is a factor."""
    inside = factors_of(c)
    return mul(*without(inside, inside.index(factor))) if factor in inside else None


def opposite_sigmoids(node: Node, ctx: Context) -> Node | None:
    """C·σ(u) - C·σ(-u) → C·tanh(u/2)."""
    for _, c, s, rest in scaled_pairs(node, ("sigmoid",)):
        u = s.args[0]
        left = minus_term(rest, neg(mul(c, call("sigmoid", neg(u)))))
        if left is not None:
            return add(left, mul(c, call("tanh", mul(HALF, u))))
    return None


def softplus_shift(node: Node, ctx: Context) -> Node | None:
    """C·softplus(u) - C·u → C·softplus(-u)."""
    for c, u, rest in _sides(node):
        left = minus_term(rest, neg(mul(c, u)))
        if left is not None:
            return add(left, mul(c, call("softplus", neg(u))))
    return None


def logit_and_target(node: Node, ctx: Context) -> Node | None:
    """C·softplus(u) - C·t·u with a tensor t → C·(t·softplus(-u) + (1 - t)·softplus(u))."""
    if ctx.summed:
        return None
    for c, u, rest in _sides(node):
        for k, term in enumerate(terms_of(rest)):
            for t in factors_of(term):
                if t.op is Op.READ and term == neg(mul(c, t, u)):
                    made = mul(c, call("two_sided_softplus", u, t, sub(ONE, t)))
                    return add(*without(terms_of(rest), k), made)
    return None


def difference_of_sigmoids(node: Node, ctx: Context) -> Node | None:
    """C·σ(u) - C·σ(v) for u > v → -C·σ(u)·σ(-v)·(exp(v - u) - 1)."""
    found = list(_sigmoids(node, ctx))
    for c, u, rest in found:
        for d, v, _ in found:
            if c != neg(d) or not _above(u, v, ctx):
                continue
            left = minus_term(rest, mul(d, call("sigmoid", v)))
            if left is not None:
                gap = call("expm1", _gap(v, u))
                return sub(left, mul(c, call("sigmoid", u), call("sigmoid", _gap(ZERO, v)), gap))
    return None


def _gap(u: Node, v: Node) -> Node:
    """u - v, term by term."""
    return add(u, *(neg(t) for t in terms_of(v)))


def _above(u: Node, v: Node, ctx: Context) -> bool:
    gap = _gap(u, v)
    if ctx.positive(gap):
        return True
    if gap.op is not Op.ADD or len(gap.args) != 2:
        return False
    a, b = gap.args
    return ctx.exceeds(a, neg(b)) or ctx.exceeds(b, neg(a))


def folded_softplus(node: Node, ctx: Context) -> Node | None:
    """C·Max(u, 0) + C·log1p(exp(-|u|)) → C·softplus(u), as the careful write it."""
    for _, c, m, rest in scaled_pairs(node, ("Max",)):
        if len(m.args) != 2 or ZERO not in m.args:
            continue
        u = m.args[0] if m.args[1] == ZERO else m.args[1]
        left = minus_term(rest, mul(c, call("softplus", neg(call("Abs", u)))))
        if left is not None:
            return add(left, mul(c, call("softplus", u)))
    return None


RULES = (
    Rule(
        "entropy of a logit",
        r"-\sigma(u)\log\sigma(u) - \sigma(-u)\log\sigma(-u) = \operatorname{softplus}(u) - u\,\sigma(u)",
        "always",
        "the slope of the left side cancels near 0",
        "log σ(u) = -softplus(-u)",
        "|u| < 1",
        (Op.ADD,),
        entropy_of_logit,
        (
            add(
                mul(call("sigmoid", neg(ex.X)), call("softplus", ex.X)),
                mul(call("sigmoid", ex.X), call("softplus", neg(ex.X))),
            ),
            call("logistic_entropy", ex.X),
        ),
    ),
    Rule(
        "opposite sigmoids",
        r"\sigma(u) - \sigma(-u) = \tanh\tfrac12 u",
        "always",
        "cancels near 0",
        "algebra of exp and σ",
        "|u| < 1",
        (Op.ADD,),
        opposite_sigmoids,
        (sub(call("sigmoid", ex.X), call("sigmoid", neg(ex.X))), call("tanh", mul(HALF, ex.X))),
    ),
    Rule(
        "complement",
        r"1 - \sigma(u) = \sigma(-u), \quad 2\sigma(u) - 1 = \tanh\tfrac{u}{2}, \quad 1 - \tanh^2 u = \operatorname{sech}^2 u",
        "always",
        "the difference of two numbers near 1 has no digit left",
        "symmetries of σ and tanh",
        "|u| > 9 (tanh), |u| > 17 (σ)",
        (Op.ADD,),
        complement,
        (sub(ONE, call("sigmoid", ex.X)), call("sigmoid", neg(ex.X))),
    ),
    Rule(
        "logistic slope",
        r"\sigma(u)\,\sigma(-u) = \sigma'(u)",
        "always",
        "one exponential for both factors",
        "algebra of exp and σ",
        "none by itself",
        (Op.MUL,),
        logistic_product,
        (mul(call("sigmoid", ex.X), call("sigmoid", neg(ex.X))), call("sigmoid_slope", ex.X)),
    ),
    Rule(
        "tanh of softplus",
        r"\tanh(\log(1 + e^u)) = \frac{e^{2u} + 2e^u}{e^{2u} + 2e^u + 2}",
        "always",
        "one exponential in place of two and a logarithm",
        "division by the larger exponential",
        "the tail u < -17",
        (Op.CALL,),
        tanh_of_softplus,
        (call("tanh", call("softplus", ex.X)), call("tanh_softplus", ex.X)),
    ),
    Rule(
        "tanh shrink",
        r"u - \tanh u",
        "always",
        "the first order cancels",
        "hyperbolic identities",
        "|u| < 1",
        (Op.ADD,),
        tanh_shrink,
        (sub(ex.X, call("tanh", ex.X)), call("tanhshrink", ex.X)),
    ),
    Rule(
        "logistic entropy",
        r"\operatorname{softplus}(u) - u\,\sigma(u)",
        "always",
        "both terms grow while their difference vanishes",
        "algebra of exp and softplus",
        "u > 10",
        (Op.ADD,),
        logistic_entropy,
        (sub(call("softplus", ex.X), mul(ex.X, call("sigmoid", ex.X))), call("logistic_entropy", ex.X)),
    ),
    Rule(
        "two-sided softplus",
        r"a\operatorname{softplus}(-u) + b\operatorname{softplus}(u)",
        "always",
        "the cross-entropy of a logit; subtracting u·t from softplus(u) loses the small side",
        "log σ(u) = -softplus(-u)",
        "|u| > 10",
        (Op.ADD,),
        two_sided,
        (
            sub(mul(add(ex.T, MINUS_ONE), call("log_sigmoid", neg(ex.X))), mul(ex.T, call("log_sigmoid", ex.X))),
            call("two_sided_softplus", ex.X, ex.T, sub(ONE, ex.T)),
        ),
    ),
    Rule(
        "softplus shifted",
        r"\operatorname{softplus}(u) - u = \operatorname{softplus}(-u)",
        "always",
        "both terms grow while their difference vanishes",
        "algebra of exp and softplus",
        "u > 10",
        (Op.ADD,),
        softplus_shift,
        (sub(call("softplus", ex.X), ex.X), call("softplus", neg(ex.X))),
    ),
    Rule(
        "logit and target",
        r"\operatorname{softplus}(u) - t u = t\operatorname{softplus}(-u) + (1 - t)\operatorname{softplus}(u)",
        "t is a tensor; not under a sum",
        "both terms grow while their difference vanishes for t = 1",
        "log σ(u) = -softplus(-u)",
        "|u| > 10",
        (Op.ADD,),
        logit_and_target,
        (
            sub(call("softplus", ex.X), mul(ex.T, ex.X)),
            call("two_sided_softplus", ex.X, ex.T, sub(ONE, ex.T)),
        ),
    ),
    Rule(
        "difference of sigmoids",
        r"\sigma(u) - \sigma(v) = -\sigma(u)\,\sigma(-v)\,(e^{v - u} - 1)",
        "u is known to be above v",
        "nothing is left of the difference where both are near 0 or 1",
        "algebra of exp and σ",
        "|u|, |v| > 10",
        (Op.ADD,),
        difference_of_sigmoids,
        (
            sub(call("sigmoid", ex.X), call("sigmoid", sub(ex.X, ONE))),
            neg(mul(call("sigmoid", ex.X), call("sigmoid", sub(ONE, ex.X)), call("expm1", MINUS_ONE))),
        ),
    ),
    Rule(
        "softplus folded",
        r"\max(u, 0) + \log(1 + e^{-|u|}) = \operatorname{softplus}(u)",
        "always",
        "written out, its derivative has a kink at 0 that softplus has not",
        "algebra of exp and softplus",
        "u = 0",
        (Op.ADD,),
        folded_softplus,
        (add(call("Max", ex.X, ZERO), call("softplus", neg(call("Abs", ex.X)))), call("softplus", ex.X)),
    ),
)
