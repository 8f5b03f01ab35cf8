"""Formulas in the functions that a reader knows: what the stability rules named for the machine is written out again.

A rule may turn 1 - tanh(h)**2 into one function of the table, which is computed without loss; on paper it is 1 - tanh(h)**2.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from symback.core.expr import (
    BIT,
    HALF,
    MINUS_ONE,
    ONE,
    PI,
    TWO,
    Node,
    Op,
    Reduction,
    add,
    call,
    div,
    mul,
    neg,
    opened,
    power,
    split_coefficient,
    sqrt,
    sub,
    total,
    transform,
    with_hint,
)
from symback.functions import TABLE
from symback.functions.gaps import LIMITS


def _square(u: Node) -> Node:
    return power(u, TWO)


def _mish_slope(u: Node) -> Node:
    t = call("tanh", call("softplus", u))
    return add(t, mul(u, sub(ONE, _square(t)), call("sigmoid", u)))


def _density(u: Node) -> Node:
    """The normal density."""
    return div(call("exp", neg(mul(HALF, _square(u)))), sqrt(mul(TWO, PI)))


def _hypot(x: Node, y: Node) -> Node:
    return sqrt(add(_square(x), _square(y)))


def _exp(u: Node) -> Node:
    return call("exp", u)


def _log(u: Node) -> Node:
    return call("log", u)


def _over(name: str) -> Callable[[Node], Node]:
    """f(u)/u."""
    return lambda u: div(_log(add(ONE, u)) if name == "log1p" else call(name, u), u)


def _over_slope(name: str) -> Callable[[Node], Node]:
    """(f'(u) - f(u)/u)/u."""
    return lambda u: div(sub(ordinary(TABLE[name].derivative(0, (u,), call(name, u))), _over(name)(u)), u)


def _bose(u: Node) -> Node:
    return div(u, sub(_exp(u), ONE))


WRITTEN_OUT: Mapping[str, Callable[..., Node]] = {
    "decay": _exp,
    "growth": _exp,
    "log1mexp": lambda u: _log(sub(ONE, _exp(u))),
    "logexpm1": lambda u: _log(sub(_exp(u), ONE)),
    "logaddexp": lambda u, v: _log(add(_exp(u), _exp(v))),
    "logsubexp": lambda u, v: _log(sub(_exp(u), _exp(v))),
    "difference": sub,
    "minus": sub,
    "powm1": lambda x, p: sub(power(x, p), ONE),
    **dict.fromkeys(("pow1pm1", "pow1pm1_at"), lambda x, p: sub(power(add(ONE, x), p), ONE)),
    "xlogy": lambda x, y: mul(x, _log(y)),
    "xlog1py": lambda x, y: mul(x, _log(add(ONE, y))),
    "quotient": div,
    "ratio": div,
    "product": mul,
    "expm1_minus": lambda u: sub(sub(_exp(u), ONE), u),
    "expm1_minus_at": lambda u, value: sub(value, u),
    "log1p_minus": lambda u: sub(_log(add(ONE, u)), u),
    "log_ratio": lambda x, y: _log(div(x, y)),
    "logit": lambda x: _log(div(x, sub(ONE, x))),
    "scaled_exp": lambda a, u: mul(a, _exp(u)),
    "exp_difference": lambda u, v: sub(_exp(u), _exp(v)),
    "log1p_square": lambda u: _log(add(ONE, _square(u))),
    "sigmoid_slope": lambda u: mul(call("sigmoid", u), sub(ONE, call("sigmoid", u))),
    "over_growth": lambda v, u, divisor: div(v, add(ONE, _exp(u))),
    "log_sigmoid": lambda u: _log(call("sigmoid", u)),
    "logistic_entropy": lambda u: sub(call("softplus", u), mul(u, call("sigmoid", u))),
    "tanh_slope": lambda u: sub(ONE, _square(call("tanh", u))),
    "tanh_slope_at": lambda u, value: sub(ONE, _square(value)),
    "tanhshrink": lambda u: sub(u, call("tanh", u)),
    "log_cosh": lambda u: _log(call("cosh", u)),
    "tanh_softplus": lambda u: call("tanh", call("softplus", u)),
    "tanh_softplus_slope": lambda u: mul(sub(ONE, _square(call("tanh", call("softplus", u)))), call("sigmoid", u)),
    "mish_slope": _mish_slope,
    "mish_slope_at": lambda u, value: _mish_slope(u),
    "side": lambda u: call("sign", u),
    "copysign": lambda x, y: mul(x, call("sign", y)),
    "size": lambda u: call("Abs", u),
    "heaviside": lambda u, level: mul(HALF, add(ONE, call("sign", u))),
    "step": lambda u: mul(HALF, add(ONE, call("sign", u))),
    "finite": lambda u: u,
    "within": lambda u, bound: u,
    "at_most": lambda u, bound: u,
    "shifted_softplus": lambda u: sub(call("softplus", u), _log(TWO)),
    "sine_excess": lambda u: sub(u, call("sin", u)),
    "finite_below": lambda u: u,
    "two_sided_softplus": lambda u, a, b: add(mul(a, call("softplus", neg(u))), mul(b, call("softplus", u))),
    "two_sided_slope": lambda u, a, b: sub(mul(add(a, b), call("sigmoid", u)), a),
    "over_squares": lambda x, y: div(x, add(_square(x), _square(y))),
    "hypot": _hypot,
    "direction": lambda x, y: div(x, _hypot(x, y)),
    "direction_at": lambda x, y, value: div(x, _hypot(x, y)),
    "hypot1m1": lambda u: sub(sqrt(add(ONE, _square(u))), ONE),
    "sqrt1pm1": lambda u: sub(sqrt(add(ONE, u)), ONE),
    "squareplus": lambda u, b: mul(HALF, add(u, sqrt(add(_square(u), b)))),
    "squareplus_slope": lambda u, b: mul(HALF, add(ONE, div(u, sqrt(add(_square(u), b))))),
    "sech": lambda u: power(call("cosh", u), MINUS_ONE),
    "gauss": lambda u: _exp(neg(_square(u))),
    "half_gauss": lambda u: _exp(neg(mul(HALF, _square(u)))),
    "ndtr": lambda u: mul(HALF, add(ONE, call("erf", div(u, sqrt(TWO))))),
    "ndtr_at": lambda u, value: WRITTEN_OUT["ndtr"](u),
    "log_ndtr": lambda u: _log(WRITTEN_OUT["ndtr"](u)),
    "erfcx": lambda u: mul(_exp(_square(u)), call("erfc", u)),
    "erfcx_slope": lambda u: sub(mul(TWO, u, _exp(_square(u)), call("erfc", u)), div(TWO, sqrt(PI))),
    "gelu": lambda u: mul(u, WRITTEN_OUT["ndtr"](u)),
    "gelu_slope": lambda u: add(WRITTEN_OUT["ndtr"](u), mul(u, _density(u))),
    "hazard": lambda u: div(_density(u), WRITTEN_OUT["ndtr"](u)),
    "mills": lambda u: mul(_exp(mul(HALF, _square(u))), call("erfc", div(call("Abs", u), sqrt(TWO)))),
    "log_ndtr_at": lambda u, g, tail: WRITTEN_OUT["log_ndtr"](u),
    "hazard_at": lambda u, g, tail: WRITTEN_OUT["hazard"](u),
    "hazard_slope": lambda u: mul(MINUS_ONE, WRITTEN_OUT["hazard"](u), add(u, WRITTEN_OUT["hazard"](u))),
    "pow": power,
    "pow_slope": lambda x, p: mul(p, power(x, sub(p, ONE))),
    "pow_slope_at": lambda x, p, value: mul(p, div(value, x)),
    "square": _square,
    "reciprocal": lambda u: power(u, MINUS_ONE),
    "square_over": lambda x, y: div(_square(x), y),
    "softsign": lambda u: div(u, add(ONE, call("Abs", u))),
    "softsign_slope": lambda u: power(add(ONE, call("Abs", u)), neg(TWO)),
    "expm1_slope": _exp,
    "expm1_slope_at": lambda u, value: _exp(u),
    **{f"{name}_over": _over(name) for name in LIMITS},
    **{f"{name}_over_slope": _over_slope(name) for name in LIMITS},
    "over_argument": lambda y, x, limit: div(y, x),
    "bose": _bose,
    "bose_slope": lambda u: div(sub(ONE, mul(_bose(u), _exp(u))), sub(_exp(u), ONE)),
    "unit_difference": lambda x, a, y, b, s: sub(div(y, b), mul(s, div(x, a))),
    "bernoulli_gap": lambda p, t: div(sub(p, t), mul(p, sub(ONE, p))),
}
"""The functions of the table that the language does not have, in those that it has."""


def ordinary(node: Node) -> Node:
    """The expression without the machine's own functions, where they have a form in the language's; a sum of opposites is minus the sum."""

    def step(n: Node) -> Node | None:
        if n.op is Op.REDUCE and n.data is Reduction.SUM:
            body, binders = opened(n)
            return mul(MINUS_ONE, with_hint(total(neg(body), *binders), n)) if split_coefficient(body)[0] < 0 else None
        return WRITTEN_OUT[n.data](*n.args) if n.op is Op.CALL and n.data in WRITTEN_OUT else None

    return transform(node, step, kinds=BIT[Op.REDUCE] | BIT[Op.CALL])
