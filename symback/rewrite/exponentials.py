"""Rules for sums, quotients and logarithms of exponentials."""

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
    div,
    mul,
    neg,
    number,
    power,
    split_coefficient,
    sub,
    walk,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import (
    exponential,
    factors,
    has_read,
    is_call,
    minus_term,
    root,
    scaled_pairs,
    shifted,
    terms,
    two_exponentials,
    without,
)
from symback.rewrite.rule import Rule


def difference_of_exponentials(node: Node, ctx: Context) -> Node | None:
    """C·exp(u) - C → C·expm1(u); exp(u) - exp(-u) → 2 sinh u; exp(u) - exp(v) by a function of its own."""
    for _, c, call_, rest in scaled_pairs(node, ("exp", "expm1_slope")):
        left = minus_term(rest, neg(c))
        if left is not None and has_read(call_):
            return add(left, mul(c, call("expm1", call_.args[0])))
    if any(n.op is Op.REDUCE for n in walk(node)):
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
    return mul(number(2 * pair[0][0]), call("cosh", _upright(pair[0][1])))


def _upright(u: Node) -> Node:
    """u or -u, the one without a leading minus."""
    return neg(u) if split_coefficient(u)[0] < 0 else u


def reciprocal_sum(node: Node, ctx: Context) -> Node | None:
    """(c·exp(u) + d·exp(v))**(-m) by σ, or by exp(-logaddexp) where neither is a number."""
    base, e = node.args
    if e.op is not Op.NUM or e.data >= 0:
        return None
    if is_call(base, "cosh"):
        return power(call("sech", base.args[0]), number(-e.data))
    pair = two_exponentials(ctx.see(base), ctx)
    if pair is None or pair[0][0] <= 0 or pair[1][0] <= 0:
        return None
    (c, u), (d, v) = pair
    if u == ZERO:
        return mul(power(number(c), e), power(call("sigmoid", neg(shifted(v, d / c))), number(-e.data)))
    return call("exp", mul(e, _log_sum(pair)))


def _log_sum(pair) -> Node:
    """log(c·exp(u) + d·exp(v))."""
    (c, u), (d, v) = pair
    if u == ZERO:
        inner = call("softplus", shifted(v, d / c))
        return inner if c == 1 else add(inner, call("log", number(c)))
    if add(u, v) == ZERO and c == d:
        return add(call("log_cosh", _upright(u)), call("log", number(2 * c)))
    return call("logaddexp", shifted(u, c), shifted(v, d))


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
        if is_call(base, "sech") and e == ONE and (u == base.args[0] or add(u, base.args[0]) == ZERO):
            return mul(*without(rest, k), TWO, call("sigmoid", mul(TWO, u)))
    return mul(*rest, call("exp", u)) if len(exps) > 1 else None


def _is_exponential(f: Node) -> bool:
    return (
        is_call(f, "exp")
        or f.op is Op.POW
        and is_call(f.args[0], "exp")
        and f.args[1].op is Op.NUM
        and f.args[1].data.denominator == 1
        and f.args[1].data < 0
    )


def power_of_exponential(node: Node, ctx: Context) -> Node | None:
    """exp(u)**p → exp(p·u)."""
    return call("exp", mul(node.args[1], node.args[0].args[0])) if is_call(node.args[0], "exp") else None


def exponential_of_logarithm(node: Node, ctx: Context) -> Node | None:
    """exp(log x + u) → x·exp(u) for x > 0; exp(-softplus u) → σ(-u); exp(u - logaddexp(u, v)) → σ(u - v)."""
    if not is_call(node, "exp"):
        return None
    parts = terms(node.args[0])
    for k, t in enumerate(parts):
        c, rest = split_coefficient(t)
        left = add(*without(parts, k))
        if is_call(rest, "log") and c.denominator == 1 and ctx.positive(rest.args[0]):
            return mul(power(rest.args[0], number(c)), call("exp", left))
        if is_call(rest, "log_sigmoid") and c.denominator == 1 and c > 0:
            return mul(power(call("sigmoid", rest.args[0]), number(c)), call("exp", left))
        if is_call(rest, "softplus") and c.denominator == 1 and c < 0:
            return mul(power(call("sigmoid", neg(rest.args[0])), number(-c)), call("exp", left))
        if is_call(rest, "log_ndtr") and c == 1:
            return mul(call("ndtr", rest.args[0]), call("exp", left))
        if is_call(rest, "logaddexp") and c in (-1, -2):
            a, b = rest.args
            if c == -1 and left in (a, b):
                return call("sigmoid", sub(left, b if left == a else a))
            if c == -2 and left == add(a, b):
                return call("sigmoid_slope", sub(a, b))
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


def logarithm(node: Node, ctx: Context) -> Node | None:
    """The logarithm of what exponentials are in, without forming them."""
    if is_call(node, "log"):
        return log_of(node.args[0], ctx)
    if is_call(node, "log1p"):
        inner = node.args[0]
        if is_call(inner, "exp"):
            return call("softplus", inner.args[0])
        found = log_of(add(ONE, inner), ctx)
        return found if found != node else None
    return None


_LOGS = {
    "exp": lambda u: u,
    "sigmoid": lambda u: call("log_sigmoid", u),
    "sigmoid_slope": lambda u: add(call("log_sigmoid", u), call("log_sigmoid", neg(u))),
    "ndtr": lambda u: call("log_ndtr", u),
    "erfc": lambda u: add(call("log", TWO), call("log_ndtr", neg(mul(power(TWO, HALF), u)))),
    "cosh": lambda u: call("log_cosh", u),
    "sech": lambda u: neg(call("log_cosh", u)),
    "tanh_slope": lambda u: mul(number(-2), call("log_cosh", u)),
    "gauss": lambda u: neg(power(u, TWO)),
    "half_gauss": lambda u: neg(mul(HALF, power(u, TWO))),
    "expm1": lambda u: call("logexpm1", u),
}


def log_of(u: Node, ctx: Context) -> Node | None:
    """log u where that is better than the logarithm of u's value, else None."""
    u = ctx.see(u)
    if u.op is Op.CALL:
        if u.data == "exp_difference":
            return call("logsubexp", *u.args)
        return _LOGS[u.data](u.args[0]) if u.data in _LOGS else None
    if u.op is Op.POW:
        inner = log_of(u.args[0], ctx)
        return None if inner is None else mul(u.args[1], inner)
    if u.op is Op.MUL:
        return _log_of_product(u, ctx)
    if u.op is Op.ADD:
        pair = two_exponentials(u, ctx)
        if pair is not None and pair[0][0] > 0 and pair[1][0] > 0:
            return _log_sum(pair)
        if pair is not None and pair[0] == (1, ZERO) and pair[1][0] == -1:
            return call("log1mexp", pair[1][1])
        if ONE in u.args and has_read(u):
            return _log1p(add(*(a for a in u.args if a != ONE)), ctx)
    return None


def _log1p(v: Node, ctx: Context) -> Node:
    c, rest = split_coefficient(v)
    seen = ctx.see(rest)
    if c == -1 and is_call(seen, "sigmoid"):
        return call("log_sigmoid", neg(seen.args[0]))
    w = root(v)
    if w is not None and c > 0:
        return call("log1p_square", w)
    return call("log1p", v)


def _log_of_product(u: Node, ctx: Context) -> Node | None:
    c, rest = split_coefficient(u)
    parts = list(factors(rest))
    if c < 0:
        k = next((k for k, f in enumerate(parts) if is_call(f, "expm1")), None)
        if k is None:
            return None
        found = call("log1mexp", parts.pop(k).args[0])
        c = -c
    else:
        found = None
    logs = [log_of(f, ctx) for f in parts]
    if found is None and all(w is None for w in logs):
        return None
    if not all(w is not None or ctx.positive(f) for f, w in zip(parts, logs, strict=True)):
        return None
    constant = [call("log", number(c))] if c != 1 else []
    return add(
        *([found] if found is not None else []),
        *(w if w is not None else call("log", f) for f, w in zip(parts, logs, strict=True)),
        *constant,
    )


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


def difference_of_logarithms(node: Node, ctx: Context) -> Node | None:
    """C·log1p(u) - C·log1p(-u) → 2C·atanh u; C·log x - C·log1p(-x) → C·logit x; C·log x - C·log y → C·log_ratio(x, y)."""
    for _, c, one, rest in scaled_pairs(node, ("log1p", "log")):
        for _, d, other, left in scaled_pairs(rest, ("log1p", "log")):
            if add(c, d) != ZERO:
                continue
            kinds = (one.data, other.data)
            if kinds == ("log1p", "log1p") and add(one.args[0], other.args[0]) == ZERO:
                return add(left, mul(TWO, c, call("atanh", one.args[0])))
            if kinds == ("log", "log1p") and add(one.args[0], other.args[0]) == ZERO:
                return add(left, mul(c, call("logit", one.args[0])))
            if kinds == ("log", "log") and all(has_read(a) for a in (one.args[0], other.args[0])):
                return add(left, mul(c, call("log_ratio", one.args[0], other.args[0])))
    return None


def logarithm_of_quotient(node: Node, ctx: Context) -> Node | None:
    """log((1 + x)/(1 - x)), log(x/(1 - x)), log(x/y)."""
    if not is_call(node, "log"):
        return None
    u = ctx.see(node.args[0])
    c, rest = split_coefficient(u)
    up = [f for f in factors(rest) if not _is_reciprocal(f)]
    down = [f.args[0] for f in factors(rest) if _is_reciprocal(f)]
    if c != 1 or len(up) != 1 or len(down) != 1:
        return None
    x, y = up[0], down[0]
    if add(x, y) == TWO and (ONE in terms(x) or ONE in terms(y)):
        return mul(TWO, call("atanh", sub(x, ONE)))
    if add(x, y) == ONE:
        return call("logit", x)
    if ctx.positive(x) and ctx.positive(y) and has_read(x) and has_read(y):
        return call("log_ratio", x, y)
    return None


def _is_reciprocal(f: Node) -> bool:
    return f.op is Op.POW and f.args[1] == MINUS_ONE


def minimum_through(node: Node, ctx: Context) -> Node | None:
    """Min(C·expm1(u), 0) → C·expm1(Min(u, 0)), whose argument cannot overflow."""
    if not is_call(node, "Min") or len(node.args) != 2 or ZERO not in node.args:
        return None
    other = node.args[0] if node.args[1] == ZERO else node.args[1]
    inside = factors(other)
    for k, f in enumerate(inside):
        if is_call(f, "expm1") and ctx.positive(mul(*without(inside, k))):
            return mul(*without(inside, k), call("expm1", call("Min", f.args[0], ZERO)))
    return None


def quotient_by_sum(node: Node, ctx: Context) -> Node | None:
    """(1 + x)**p - 1 → by log1p and expm1, p not a whole number; 1/(1 + x) - 1 → -x/(1 + x)."""
    parts = terms(node)
    present = set(parts)
    for k, t in enumerate(parts):
        for j, f in enumerate(factors(t)):
            if f.op is not Op.POW or not has_read(f.args[0]):
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
            if whole or not (ONE in terms(base) or ctx.positive(base)):
                continue
            log = call("log1p", v) if ONE in terms(base) else call("log", base)
            return add(left, mul(c, call("expm1", mul(e, log))))
    return None


RULES = (
    Rule(
        "expm1",
        r"C e^u - C = C\operatorname{expm1}(u), \quad e^u - e^{-u} = 2\sinh u",
        "always",
        "exp(u) rounds to 1 where u is small, and the difference has no digit left",
        "rule 8; Kahan, Branch cuts for complex elementary functions",
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
        "rule 1",
        "|u| > 88 (float32)",
        (Op.POW,),
        reciprocal_sum,
        (power(add(ONE, call("exp", neg(ex.X))), MINUS_ONE), call("sigmoid", ex.X)),
    ),
    Rule(
        "product of exponentials",
        r"e^u e^v = e^{u+v}, \quad e^u \sigma(-u) = \sigma(u)",
        "always",
        "one factor may overflow while the other underflows",
        "rule 1",
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
        "rule 1",
        "|u| > 88 (float32)",
        (Op.POW,),
        power_of_exponential,
        (Node(Op.POW, None, (call("exp", ex.X), HALF)), call("exp", mul(HALF, ex.X))),
    ),
    Rule(
        "logarithm of exponentials",
        r"\log(1 + e^u) = \operatorname{softplus}(u), \quad \log(e^u + e^v) = \operatorname{logaddexp}(u, v), \quad \log e^u = u",
        "the other factors of a product are positive",
        "exp overflows for large u, and 1 + exp(u) rounds to 1 for small u",
        "rules 2, 3, 9, 10, 11, 12; Maechler 2012",
        "|u| > 15",
        (Op.CALL,),
        logarithm,
        (call("log", add(ONE, call("exp", ex.X))), call("softplus", ex.X)),
    ),
    Rule(
        "exponential of a logarithm",
        r"e^{u + \log x} = x e^u, \quad e^{-\operatorname{softplus}(u)} = \sigma(-u), \quad e^{u - \operatorname{logaddexp}(u, v)} = \sigma(u - v)",
        "x is positive",
        "rounding the logarithm costs as many digits as it has before the point",
        "rule 1",
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
        "rule 6",
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
        "rule 4",
        "none by itself",
        (Op.POW,),
        squared_sech,
        (power(call("sech", ex.X), TWO), call("tanh_slope", ex.X)),
    ),
    Rule(
        "excess of the exponential",
        r"e^u - 1 - u, \quad \log(1 + u) - u",
        "not under a sum",
        "the first order cancels",
        "rule 27",
        "|u| < 1",
        (Op.ADD,),
        excess,
        (sub(call("expm1", ex.X), ex.X), call("expm1_minus", ex.X)),
    ),
    Rule(
        "difference of logarithms",
        r"\log(1 + u) - \log(1 - u) = 2\operatorname{artanh} u, \quad \log x - \log(1 - x) = \operatorname{logit} x",
        "always",
        "the difference cancels near 0, and near x = 1/2",
        "rules 14, 17",
        "|u| < 1",
        (Op.ADD,),
        difference_of_logarithms,
        (sub(call("log1p", ex.X), call("log1p", neg(ex.X))), mul(TWO, call("atanh", ex.X))),
    ),
    Rule(
        "logarithm of a quotient",
        r"\log\frac{1 + u}{1 - u} = 2\operatorname{artanh} u, \quad \log\frac{x}{1 - x} = \operatorname{logit} x",
        "for log(x/y): x and y are positive",
        "the quotient rounds near 1, and overflows",
        "rules 14, 17",
        "quotients near 1, or outside the dtype's range",
        (Op.CALL,),
        logarithm_of_quotient,
        (call("log", div(ex.X, sub(ONE, ex.X))), call("logit", ex.X)),
    ),
    Rule(
        "minimum inside",
        r"\min(C\operatorname{expm1}(u), 0) = C\operatorname{expm1}(\min(u, 0))",
        "C is positive",
        "expm1 overflows where its value is not used",
        "rule 8",
        "u > 88 (float32)",
        (Op.CALL,),
        minimum_through,
        (call("Min", call("expm1", ex.X), ZERO), call("expm1", call("Min", ex.X, ZERO))),
    ),
    Rule(
        "power minus one",
        r"(1 + u)^p - 1 = \operatorname{expm1}(p\operatorname{log1p}(u)), \quad \frac{1}{1+u} - 1 = -\frac{u}{1 + u}",
        "p is not a whole number, the base is positive",
        "1 + u rounds to 1 for small u",
        "rule 8",
        "|u| < 1",
        (Op.ADD,),
        quotient_by_sum,
        (sub(power(add(ONE, ex.X), number("1/3")), ONE), call("expm1", mul(number("1/3"), call("log1p", ex.X)))),
    ),
)
