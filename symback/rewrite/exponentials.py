"""Rules for sums, quotients and powers of exponentials."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    ZERO,
    Node,
    Op,
    Reduction,
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
from symback.rewrite.logarithms import log_of_sum, log_of_sums, upright
from symback.rewrite.patterns import (
    exponential,
    has_read,
    holds_reduction,
    is_call,
    is_log_sum,
    minus_term,
    root,
    scaled_pairs,
    several_exponentials,
    shifted,
    two_exponentials,
    without,
)
from symback.rewrite.rule import Rule


def _bounded(w: Node) -> Node:
    """w where exp(-w²) is not 0 in any dtype, so that its square does not overflow."""
    return call("within", w, number(64))


_EXPONENTS = {"gauss": lambda w: neg(power(_bounded(w), TWO)), "half_gauss": lambda w: mul(number("-1/2"), power(_bounded(w), TWO))}


def difference_of_exponentials(node: Node, ctx: Context) -> Node | None:
    """C·exp(u) - C → C·expm1(u); exp(u) - exp(-u) → 2 sinh u; exp(u) - exp(v) by a function of its own."""
    for _, c, call_, rest in scaled_pairs(node, ("exp", "expm1_slope", "gauss", "half_gauss")):
        left = minus_term(rest, neg(c))
        if left is not None and has_read(call_):
            return add(left, mul(c, call("expm1", _EXPONENTS.get(call_.data, lambda u: u)(call_.args[0]))))
    if holds_reduction(node):
        return None
    pair = two_exponentials(node)
    if pair is None or ZERO in (pair[0][1], pair[1][1]) or pair[0][0] != -pair[1][0]:
        return None
    (c, u), (_, v) = pair if pair[0][0] > 0 else pair[::-1]
    if add(u, v) == ZERO:
        return mul(number(2 * c), call("sinh", u))
    return mul(number(c), call("exp_difference", u, v))


def sum_of_opposite(node: Node, ctx: Context) -> Node | None:
    """c·exp(u) + c·exp(-u) → 2c·cosh u."""
    pair = two_exponentials(node)
    if pair is None or pair[0][0] != pair[1][0] or ZERO in (pair[0][1], pair[1][1]) or add(pair[0][1], pair[1][1]) != ZERO:
        return None
    return mul(number(2 * pair[0][0]), call("cosh", upright(pair[0][1])))


def reciprocal_sum(node: Node, ctx: Context) -> Node | None:
    """(c·exp(u) + d·exp(v) + …)**(-m) by σ, or by exp(-logaddexp) where there are more of them or none is a number."""
    base, e = node.args
    if e.op is not Op.NUM or e.data >= 0:
        return None
    if is_call(base, "cosh"):
        return power(call("sech", base.args[0]), number(-e.data))
    several = several_exponentials(ctx.see(base), ctx)
    if several is not None:
        return call("exp", mul(e, log_of_sums(several)))
    pair = two_exponentials(ctx.see(base), ctx)
    if pair is None or pair[0][0] <= 0 or pair[1][0] <= 0:
        return None
    (c, u), (d, v) = pair
    if u == ZERO:
        return mul(power(number(c), e), power(call("sigmoid", neg(shifted(v, d / c))), number(-e.data)))
    return call("exp", mul(e, log_of_sum(pair)))


def product_of_exponentials(node: Node, ctx: Context) -> Node | None:
    """exp(u)·exp(v) → exp(u + v); exp(u)·σ(-u) → σ(u)."""
    exps = [k for k, f in enumerate(node.args) if _is_exponential(f)]
    if not exps:
        return None
    rest = without(node.args, *exps)
    u = add(*(exponential(node.args[k])[1] for k in exps))
    for k, f in enumerate(rest):
        base, e = (f.args[0], f.args[1]) if f.op is Op.POW else (f, ONE)
        if is_call(base, "sigmoid") and e.op is Op.NUM and e.data >= 1:
            w = base.args[0]
            if add(u, w) == ZERO:
                return mul(*without(rest, k), power(base, add(e, MINUS_ONE)), call("sigmoid", u))
            if e.data >= 2 and add(u, w, w) == ZERO:
                return mul(*without(rest, k), power(base, add(e, number(-2))), power(call("sigmoid", neg(w)), TWO))
        if is_call(base, "sigmoid") and e == ONE and _is_normalised(base.args[0]):
            w = base.args[0]
            return mul(*without(rest, k), call("sigmoid", neg(w)), call("exp", add(u, w)))
        if is_call(base, "sech") and e == ONE and (u == base.args[0] or add(u, base.args[0]) == ZERO):
            return mul(*without(rest, k), TWO, call("sigmoid", mul(TWO, u)))
    if len(exps) > 1 and not all(_is_share(node.args[k]) for k in exps):
        return mul(*rest, call("exp", u))
    return _spread_exponential(rest, u, ctx)


def _spread_exponential(rest: tuple[Node, ...], u: Node, ctx: Context) -> Node | None:
    """(a·exp(v) + b·exp(w))·exp(u) → a·exp(v + u) + b·exp(w + u) where u has a logarithm of a sum taken off."""
    if ctx.summed or not any(c < 0 and is_call(t, "logaddexp") for c, t in map(split_coefficient, terms_of(u))):
        return None
    for k, f in enumerate(rest):
        if f.op is Op.ADD and all(any(_is_exponential(g) for g in factors_of(t)) for t in f.args):
            others = without(rest, k)
            return add(*(mul(t, call("exp", u), *others) for t in f.args))
    return None


def _is_share(f: Node) -> bool:
    """Whether it is an exponential over a sum of exponentials: a probability, which is best left alone."""
    found = [split_coefficient(t) for t in terms_of(f.args[0])] if is_call(f, "exp") else []
    return any(c == -1 and t.op is Op.REDUCE and t.data is Reduction.LOGSUMEXP for c, t in found)


def _is_exponential(f: Node) -> bool:
    """Whether it may be joined with others: a softmax is bounded, and 0 in a row of -∞, where a joint exponent is ∞ - ∞."""
    return (
        is_call(f, "exp")
        and not _is_normalised(f.args[0])
        or f.op is Op.POW
        and is_call(f.args[0], "exp")
        and f.args[1].op is Op.NUM
        and f.args[1].data.denominator == 1
        and f.args[1].data < 0
    )


def _is_normalised(u: Node) -> bool:
    return any(c == -1 and is_log_sum(rest) for c, rest in map(split_coefficient, terms_of(u)))


def power_of_exponential(node: Node, ctx: Context) -> Node | None:
    """exp(u)**p → exp(p·u)."""
    return call("exp", mul(node.args[1], node.args[0].args[0])) if is_call(node.args[0], "exp") else None


def exponential_of_logarithm(node: Node, ctx: Context) -> Node | None:
    """exp(log x + u) → x·exp(u) for x > 0; exp(-softplus u) → σ(-u); exp(u - logaddexp(u, v)) → σ(u - v)."""
    if not is_call(node, "exp"):
        return None
    parts = terms_of(node.args[0])
    for k, t in enumerate(parts):
        c, rest = split_coefficient(t)
        left = add(*without(parts, k))
        if is_call(rest, "log") and c.denominator == 1 and ctx.positive(rest.args[0]):
            return mul(power(rest.args[0], number(c)), call("exp", left))
        if is_call(rest, "log_sigmoid") and c.denominator == 1 and c > 0:
            return mul(power(call("sigmoid", rest.args[0]), number(c)), call("exp", left))
        if is_call(rest, "softplus") and c.denominator == 1 and c < 0 and (left == ZERO or not is_log_sum(rest.args[0])):
            return mul(power(call("sigmoid", neg(rest.args[0])), number(-c)), call("exp", left))
        if is_call(rest, "log_ndtr") and c == 1:
            return mul(call("ndtr", rest.args[0]), call("exp", left))
        if is_call(rest, "logaddexp") and c in (-1, -2):
            a, b = rest.args
            if c == -1 and left in (a, b):
                return call("sigmoid", sub(left, b if left == a else a))
            if c == -2 and left == add(a, b):
                return call("sigmoid_slope", sub(a, b))
            share = _share(left, rest) if c == -1 else None
            if share is not None:
                return share
    return None


def _share(u: Node, total: Node) -> Node | None:
    """exp(u - total) for a total that is logaddexp of u and others, nested: a product of σ."""
    if is_call(total, "softplus") and u in (ZERO, total.args[0]):
        return call("sigmoid", total.args[0] if u != ZERO else neg(total.args[0]))
    if not is_call(total, "logaddexp"):
        return None
    for part, other in (total.args, total.args[::-1]):
        share = ONE if part == u else _share(u, part)
        if share is not None:
            return mul(share, call("sigmoid", call("difference", part, other)))
    return None


def gaussian_exponential(node: Node, ctx: Context) -> Node | None:
    """exp(-w²) and exp(-w²/2), whose exponent is rounded too coarsely otherwise."""
    if not is_call(node, "exp"):
        return None
    c, rest = split_coefficient(node.args[0])
    w = root(rest)
    if c >= 0 or w is None or rest == ONE or not has_read(w):
        return None
    for scale, name in ((-c, "gauss"), (-2 * c, "half_gauss")):
        r = power(number(scale), HALF)
        if r.op is Op.NUM:
            return call(name, mul(r, w))
    return call("gauss", mul(power(number(-c), HALF), w))


def hyperbolic_quotient(node: Node, ctx: Context) -> Node | None:
    """sinh u/cosh u → tanh u; expm1(u)/(1 + exp u) → tanh(u/2)."""
    parts = node.args
    for k, f in enumerate(parts):
        if is_call(f, "sinh"):
            j = next((j for j, g in enumerate(parts) if is_call(g, "sech") and g.args[0] in (f.args[0], neg(f.args[0]))), None)
            if j is not None:
                return mul(*without(parts, k, j), call("tanh", f.args[0]))
        if is_call(f, "expm1"):
            j = next((j for j, g in enumerate(parts) if is_call(g, "sigmoid") and add(g.args[0], f.args[0]) == ZERO), None)
            if j is not None:
                return mul(*without(parts, k, j), call("tanh", mul(HALF, f.args[0])))
            j = next((j for j, g in enumerate(parts) if g == call("sigmoid", f.args[0])), None)
    return None


_ODD = frozenset({"tanh", "sinh", "erf", "asinh", "atanh", "sin", "tan", "asin", "atan", "tanhshrink", "softsign"})


_EVEN = frozenset(
    {"cosh", "cos", "sech", "log_cosh", "gauss", "half_gauss", "hypot1m1", "log1p_square", "tanh_slope", "sigmoid_slope", "Abs"}
)


def parity(node: Node, ctx: Context) -> Node | None:
    """f(-u) → -f(u) for an odd function, f(u) for an even one."""
    if len(node.args) != 1 or split_coefficient(node.args[0])[0] >= 0 or node.args[0].op is Op.NUM:
        return None
    if node.data in _ODD:
        return neg(call(node.data, neg(node.args[0])))
    return call(node.data, neg(node.args[0])) if node.data in _EVEN else None


def squared_sech(node: Node, ctx: Context) -> Node | None:
    """sech(u)**2 → 1 - tanh(u)**2, which has a name."""
    base, e = node.args
    if is_call(base, "sech") and e.op is Op.NUM and e.data.denominator == 1 and e.data >= 2:
        return mul(call("tanh_slope", base.args[0]), power(base, number(e.data - 2)))
    return None


def minimum_through(node: Node, ctx: Context) -> Node | None:
    """Min(C·expm1(u), 0) → C·expm1(Min(u, 0)), whose argument cannot overflow."""
    if not is_call(node, "Min") or len(node.args) != 2 or ZERO not in node.args:
        return None
    other = node.args[0] if node.args[1] == ZERO else node.args[1]
    inside = factors_of(other)
    for k, f in enumerate(inside):
        if is_call(f, "expm1") and ctx.positive(mul(*without(inside, k))):
            return mul(*without(inside, k), call("expm1", call("Min", f.args[0], ZERO)))
    return None


RULES = (
    Rule(
        "expm1",
        r"C e^u - C = C\operatorname{expm1}(u), \quad e^u - e^{-u} = 2\sinh u",
        "always",
        "exp(u) rounds to 1 where u is small, and the difference has no digit left",
        "Kahan 1987",
        "|u| < 1",
        (Op.ADD,),
        difference_of_exponentials,
        (sub(call("exp", ex.X), ONE), call("expm1", ex.X)),
    ),
    Rule(
        "cosh",
        r"e^u + e^{-u} = 2\cosh u",
        "always",
        "brings hyperbolic functions written by exponentials to their names",
        "definition",
        "none by itself",
        (Op.ADD,),
        sum_of_opposite,
        (add(call("exp", ex.X), call("exp", neg(ex.X))), mul(TWO, call("cosh", ex.X))),
    ),
    Rule(
        "logistic",
        r"\frac{1}{1 + e^{-u}} = \sigma(u)",
        "coefficients are positive numbers",
        "exp overflows, and its derivative is a quotient of infinities",
        "algebra of exp and σ",
        "|u| > 88 (float32)",
        (Op.POW,),
        reciprocal_sum,
        (power(add(ONE, call("exp", neg(ex.X))), MINUS_ONE), call("sigmoid", ex.X)),
    ),
    Rule(
        "product of exponentials",
        r"e^u e^v = e^{u+v}, \quad e^u \sigma(-u) = \sigma(u)",
        "neither exponential is a softmax",
        "one factor may overflow while the other underflows",
        "algebra of exp and σ",
        "|u| > 88 (float32)",
        (Op.MUL,),
        product_of_exponentials,
        (mul(call("exp", ex.X), call("sigmoid", neg(ex.X))), call("sigmoid", ex.X)),
    ),
    Rule(
        "power of an exponential",
        r"(e^u)^p = e^{p u}",
        "always",
        "the exponential may overflow or underflow before the power brings it back",
        "algebra of exp and σ",
        "|u| > 88 (float32)",
        (Op.POW,),
        power_of_exponential,
        (Node(Op.POW, None, (call("exp", ex.X), HALF)), call("exp", mul(HALF, ex.X))),
    ),
    Rule(
        "exponential of a logarithm",
        r"e^{u + \log x} = x e^u, \quad e^{-\operatorname{softplus}(u)} = \sigma(-u), \quad e^{u - \operatorname{logaddexp}(u, v)} = \sigma(u - v)",
        "x is positive",
        "rounding the logarithm costs as many digits as it has before the point",
        "algebra of exp and σ",
        "|log x| > 10",
        (Op.CALL,),
        exponential_of_logarithm,
        (call("exp", neg(call("softplus", ex.X))), call("sigmoid", neg(ex.X))),
    ),
    Rule(
        "gaussian",
        r"e^{-w^2}",
        "always",
        "the rounding of w² costs w² units in the last place, and w² overflows",
        "DLMF 7.2 and 7.12",
        "|w| > 3",
        (Op.CALL,),
        gaussian_exponential,
        (call("exp", neg(power(ex.X, TWO))), call("gauss", ex.X)),
    ),
    Rule(
        "hyperbolic tangent",
        r"\frac{\sinh u}{\cosh u} = \tanh u",
        "always",
        "a quotient of infinities for large u",
        "definition",
        "|u| > 88 (float32)",
        (Op.MUL,),
        hyperbolic_quotient,
        (mul(call("sinh", ex.X), call("sech", ex.X)), call("tanh", ex.X)),
    ),
    Rule(
        "parity",
        r"\tanh(-u) = -\tanh u, \quad \cosh(-u) = \cosh u",
        "the function is odd, or even",
        "one name for one value",
        "definition",
        "none by itself",
        (Op.CALL,),
        parity,
        (call("tanh", neg(ex.X)), neg(call("tanh", ex.X))),
    ),
    Rule(
        "squared secant",
        r"\operatorname{sech}^2 u = 1 - \tanh^2 u",
        "always",
        "one name for one function",
        "hyperbolic identities",
        "none by itself",
        (Op.POW,),
        squared_sech,
        (power(call("sech", ex.X), TWO), call("tanh_slope", ex.X)),
    ),
    Rule(
        "minimum inside",
        r"\min(C\operatorname{expm1}(u), 0) = C\operatorname{expm1}(\min(u, 0))",
        "C is positive",
        "expm1 overflows where its value is not used",
        "Kahan 1987",
        "u > 88 (float32)",
        (Op.CALL,),
        minimum_through,
        (call("Min", call("expm1", ex.X), ZERO), call("expm1", call("Min", ex.X, ZERO))),
    ),
)
