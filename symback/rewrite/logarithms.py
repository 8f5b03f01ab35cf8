"""Rules for logarithms of what exponentials are in, and of quotients."""

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
from symback.rewrite.patterns import exponent_of, has_read, is_call, root, scaled_pairs, several_exponentials, shifted, two_exponentials
from symback.rewrite.rule import Rule


def upright(u: Node) -> Node:
    """u or -u, the one without a leading minus."""
    return neg(u) if split_coefficient(u)[0] < 0 else u


def log_of_sum(pair) -> Node:
    """log(c·exp(u) + d·exp(v))."""
    (c, u), (d, v) = pair
    if u == ZERO:
        inner = call("softplus", shifted(v, d / c))
        return inner if c == 1 else add(inner, call("log", number(c)))
    if add(u, v) == ZERO and c == d:
        return add(call("log_cosh", upright(u)), call("log", number(2 * c)))
    return call("logaddexp", shifted(u, c), shifted(v, d))


def log_of_sums(several) -> Node:
    """log(c·exp(u) + d·exp(v) + …), one exponential after the other."""
    found = log_of_sum(several[:2])
    for c, u in several[2:]:
        found = call("logaddexp", found, shifted(u, c))
    return found


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
    "sinh": lambda u: add(u, call("log1mexp", mul(number(-2), u)), neg(call("log", TWO))),
    "tanh": lambda u: sub(call("log1mexp", mul(number(-2), u)), call("softplus", mul(number(-2), u))),
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
            return log_of_sum(pair)
        several = several_exponentials(u, ctx)
        if several is not None:
            return log_of_sums(several)
        if pair is not None and pair[0] == (1, ZERO) and pair[1][0] == -1:
            return call("log1mexp", pair[1][1])
        kept = _log_of_kept(u, ctx)
        if kept is not None:
            return kept
        weighted = _log_of_weighted(u, ctx)
        if weighted is not None:
            return weighted
        if ONE in u.args and has_read(u):
            return _log1p(add(*(a for a in u.args if a != ONE)), ctx)
    return None


def _log_of_kept(u: Node, ctx: Context) -> Node | None:
    """log(f(x) + eps) by log f and log eps, for a function f between 0 and 1 and a small number that keeps it from 0."""
    if len(u.args) != 2 or not any(a.op is Op.NUM and 0 < 64 * a.data < 1 for a in u.args):
        return None
    eps, term = sorted(u.args, key=lambda a: a.op is not Op.NUM)
    f = ctx.see(term)
    return call("logaddexp", _LOGS[f.data](f.args[0]), call("log", eps)) if is_call(f, "sigmoid", "tanh_slope") else None


def _log_of_weighted(u: Node, ctx: Context) -> Node | None:
    """log(a·exp(x) + b·exp(y) + …) by the logarithms of the weights where these are better known, else with the largest exponent
    taken off; exponentials that have names are wanted by themselves, and are as large as they are."""
    weights, exponents = [], []
    for t in u.args:
        inside = [(f, exponent_of(f)) for f in factors_of(t)]
        weights.append(mul(*(f for f, v in inside if v is None)))
        exponents.append(add(*(v for _, v in inside if v is not None)))
    if ZERO in exponents or len(set(exponents)) < 2 or all(w.op is Op.NUM for w in weights):
        return None
    if any(is_call(v, "difference") for v in exponents):
        return None  # the largest is off already
    logs = [log_of(w, ctx) for w in weights]
    if all(w is not None for w in logs):
        return log_of_sums([(1, add(v, w)) for v, w in zip(exponents, logs, strict=True)])
    most = call("stop_gradient", call("Max", *exponents))
    rest = add(*(mul(w, call("exp", call("difference", v, most))) for w, v in zip(weights, exponents, strict=True)))
    return add(most, call("log", rest))


def _log1p(v: Node, ctx: Context) -> Node:
    c, rest = split_coefficient(v)
    seen = ctx.see(rest)
    if c == -1 and is_call(seen, "sigmoid"):
        return call("log_sigmoid", neg(seen.args[0]))
    w = root(v) or _positive_root(v, ctx)
    if w is not None and c > 0:
        return call("log1p_square", w)
    return call("log1p", v)


def _positive_root(v: Node, ctx: Context) -> Node | None:
    """w with v = w², where v is a square times what is known to be positive; None for a v without a square."""
    if is_call(v, "square_over") and ctx.positive(v.args[1]):
        return mul(v.args[0], power(v.args[1], number("-1/2")))
    squares = [f for f in factors_of(v) if f.op is not Op.NUM and root(f) is not None]
    others = [f for f in factors_of(v) if f not in squares]
    if not squares or not all(ctx.positive(f) for f in others):
        return None
    return mul(*(root(f) for f in squares), *(power(f, HALF) for f in others))


def _log_of_product(u: Node, ctx: Context) -> Node | None:
    c, rest = split_coefficient(u)
    parts = list(factors_of(rest))
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
    up = [f for f in factors_of(rest) if not _is_reciprocal(f)]
    down = [f.args[0] for f in factors_of(rest) if _is_reciprocal(f)]
    if c != 1 or len(up) != 1 or len(down) != 1:
        return None
    x, y = up[0], down[0]
    if add(x, y) == TWO and (ONE in terms_of(x) or ONE in terms_of(y)):
        return mul(TWO, call("atanh", sub(x, ONE)))
    if add(x, y) == ONE:
        return call("logit", x)
    if ctx.positive(x) and ctx.positive(y) and has_read(x) and has_read(y):
        return call("log_ratio", x, y)
    return None


def _is_reciprocal(f: Node) -> bool:
    return f.op is Op.POW and f.args[1] == MINUS_ONE


RULES = (
    Rule(
        "logarithm of exponentials",
        r"\log(1 + e^u) = \operatorname{softplus}(u), \quad \log(e^u + e^v) = \operatorname{logaddexp}(u, v), \quad \log e^u = u",
        "the other factors of a product are positive",
        "exp overflows for large u, and 1 + exp(u) rounds to 1 for small u",
        "Maechler 2012",
        "|u| > 15",
        (Op.CALL,),
        logarithm,
        (call("log", add(ONE, call("exp", ex.X))), call("softplus", ex.X)),
    ),
    Rule(
        "difference of logarithms",
        r"\log(1 + u) - \log(1 - u) = 2\operatorname{artanh} u, \quad \log x - \log(1 - x) = \operatorname{logit} x",
        "always",
        "the difference cancels near 0, and near x = 1/2",
        "DLMF 4.37",
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
        "DLMF 4.37",
        "quotients near 1, or outside the dtype's range",
        (Op.CALL,),
        logarithm_of_quotient,
        (call("log", div(ex.X, sub(ONE, ex.X))), call("logit", ex.X)),
    ),
)
