"""exp, log and what cancels or overflows when it is made of them."""

from __future__ import annotations

from math import inf

from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, add, call, div, mul, neg, number, power, sub
from symback.functions.function import ONE_ARGUMENT, ZERO_ARGUMENT, Function, Kernel, Ufunc


def _exp_moment_slope(args: tuple[Node, ...], value: Node) -> Node:
    return call("exp_moment", add(args[0], ONE), args[1])


def _exp_moment(mp, n, x):
    if x == 0:
        return 1 / mp.mpf(n + 1)
    with mp.workdps(max(400, 2 * mp.dps)):
        m = mp.expm1(x) / x
        for k in range(1, int(n) + 1):
            m = (mp.exp(x) - k * m) / x
        return +m


def _over_expm1(x: Node) -> Node:
    """exp(x)/(exp(x) - 1)."""
    return div(call("exp", x), call("expm1", x))


ROWS = (
    Function(
        "exp",
        1,
        (lambda a, v: v,),
        Ufunc("np.exp"),
        8,
        lambda mp, x: mp.exp(x),
        r"\exp\left({0}\right)",
        range=(0.0, inf),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "log",
        1,
        (lambda a, v: power(a[0], MINUS_ONE),),
        Ufunc("np.log"),
        8,
        lambda mp, x: mp.log(x),
        r"\log\left({0}\right)",
        domain=((0.0, inf),),
        safe=(ONE_ARGUMENT,),
    ),
    Function(
        "log1p",
        1,
        (lambda a, v: power(add(ONE, a[0]), MINUS_ONE),),
        Ufunc("np.log1p"),
        8,
        lambda mp, x: mp.log1p(x),
        r"\operatorname{{log1p}}\left({0}\right)",
        domain=((-1.0, inf),),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "expm1",
        1,
        (lambda a, v: call("exp", a[0]),),
        Ufunc("np.expm1"),
        8,
        lambda mp, x: mp.expm1(x),
        r"\operatorname{{expm1}}\left({0}\right)",
        range=(-1.0, inf),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "log1mexp",
        1,
        (lambda a, v: _over_expm1(a[0]),),
        Kernel("_log1mexp"),
        19,
        lambda mp, x: mp.log1p(-mp.exp(x)),
        r"\log\left(1 - e^{{{0}}}\right)",
        domain=((-inf, 0.0),),
        range=(-inf, 0.0),
        safe=(MINUS_ONE,),
    ),
    Function(
        "logexpm1",
        1,
        (lambda a, v: neg(power(call("expm1", neg(a[0])), MINUS_ONE)),),
        Kernel("_logexpm1"),
        20,
        lambda mp, x: mp.log(mp.expm1(x)),
        r"\log\left(e^{{{0}}} - 1\right)",
        domain=((0.0, inf),),
        safe=(ONE_ARGUMENT,),
    ),
    Function(
        "logaddexp",
        2,
        (
            lambda a, v: call("sigmoid", call("difference", a[0], a[1])),
            lambda a, v: call("sigmoid", call("difference", a[1], a[0])),
        ),
        Ufunc("np.logaddexp"),
        20,
        lambda mp, x, y: max(x, y) + mp.log1p(mp.exp(-abs(x - y))),
        r"\log\left(e^{{{0}}} + e^{{{1}}}\right)",
        domain=((-inf, inf), (-inf, inf)),
    ),
    Function(
        "logsubexp",
        2,
        (
            lambda a, v: neg(power(call("expm1", sub(a[1], a[0])), MINUS_ONE)),
            lambda a, v: _over_expm1(sub(a[1], a[0])),
        ),
        Kernel("_logsubexp"),
        21,
        lambda mp, x, y: x + mp.log1p(-mp.exp(y - x)),
        r"\log\left(e^{{{0}}} - e^{{{1}}}\right)",
        domain=((0.0, inf), (-inf, 0.0)),
        safe=(ONE_ARGUMENT, ZERO_ARGUMENT),
    ),
    Function(
        "difference",
        2,
        (lambda a, v: ONE, lambda a, v: MINUS_ONE),
        Kernel("_difference"),
        3,
        lambda mp, x, y: x - y,
        r"\left({0} - {1}\right)",
        domain=((-inf, inf), (-inf, inf)),
        notes="0 for equal infinities",
    ),
    Function(
        "xlogy",
        2,
        (lambda a, v: call("log", a[1]), lambda a, v: call("quotient", a[0], a[1])),
        Kernel("_xlogy"),
        11,
        lambda mp, x, y: x * mp.log(y) if x else mp.mpf(0),
        r"{0} \log\left({1}\right)",
        domain=((-inf, inf), (0.0, inf)),
        safe=(ZERO_ARGUMENT, ONE_ARGUMENT),
        convention="x log(y) = 0 at x = 0",
    ),
    Function(
        "xlog1py",
        2,
        (lambda a, v: call("log1p", a[1]), lambda a, v: call("quotient", a[0], add(ONE, a[1]))),
        Kernel("_xlog1py"),
        11,
        lambda mp, x, y: x * mp.log1p(y) if x else mp.mpf(0),
        r"{0} \log\left(1 + {1}\right)",
        domain=((-inf, inf), (-1.0, inf)),
        safe=(ZERO_ARGUMENT, ZERO_ARGUMENT),
        convention="x log(y) = 0 at x = 0",
    ),
    Function(
        "quotient",
        2,
        (lambda a, v: power(a[1], MINUS_ONE), lambda a, v: neg(div(call("quotient", a[0], a[1]), a[1]))),
        Kernel("_quotient"),
        3,
        lambda mp, x, y: x / y if x else mp.mpf(0),
        r"\frac{{{0}}}{{{1}}}",
        domain=((-inf, inf), (0.0, inf)),
        safe=(None, ONE_ARGUMENT),
        notes="0 at x = 0 whatever y is",
    ),
    Function(
        "exp_moment",
        2,
        (lambda a, v: ZERO, _exp_moment_slope),
        Kernel("_exp_moment"),
        14,
        _exp_moment,
        r"\int_0^1 s^{{{0}}} e^{{s {1}}}\,ds",
        domain=((0.0, 0.0), (-inf, inf)),
        range=(0.0, inf),
        safe=(None, ZERO_ARGUMENT),
        notes="n = 0: (exp(x) - 1)/x with its limit 1 at 0; each derivative raises n by one",
    ),
    Function(
        "expm1_minus",
        1,
        (lambda a, v: call("expm1", a[0]),),
        Kernel("_expm1_minus"),
        14,
        lambda mp, x: mp.expm1(x) - x,
        r"\left(e^{{{0}}} - 1 - {0}\right)",
        range=(0.0, inf),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "log1p_minus",
        1,
        (lambda a, v: neg(div(a[0], add(ONE, a[0]))),),
        Kernel("_log1p_minus"),
        14,
        lambda mp, x: mp.log1p(x) - x,
        r"\left(\log\left(1 + {0}\right) - {0}\right)",
        domain=((-1.0, inf),),
        range=(-inf, 0.0),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "log_ratio",
        2,
        (lambda a, v: power(a[0], MINUS_ONE), lambda a, v: neg(power(a[1], MINUS_ONE))),
        Kernel("_log_ratio"),
        14,
        lambda mp, x, y: mp.log(x / y),
        r"\log\left(\frac{{{0}}}{{{1}}}\right)",
        domain=((0.0, inf), (0.0, inf)),
        safe=(ONE_ARGUMENT, ONE_ARGUMENT),
    ),
    Function(
        "logit",
        1,
        (lambda a, v: power(mul(a[0], sub(ONE, a[0])), MINUS_ONE),),
        Kernel("_logit"),
        20,
        lambda mp, x: mp.log(x / (1 - x)),
        r"\operatorname{{logit}}\left({0}\right)",
        domain=((0.0, 1.0),),
        safe=(number("1/2"),),
    ),
    Function(
        "scaled_exp",
        2,
        (lambda a, v: call("exp", a[1]), lambda a, v: v),
        Kernel("_scaled_exp"),
        11,
        lambda mp, a, x: a * mp.exp(x),
        r"{0} e^{{{1}}}",
        domain=((-inf, inf), (-inf, inf)),
        safe=(ZERO_ARGUMENT, ZERO_ARGUMENT),
        notes="a exp(x) that underflows or overflows only where the product does",
    ),
    Function(
        "exp_difference",
        2,
        (lambda a, v: call("exp", a[0]), lambda a, v: neg(call("exp", a[1]))),
        Kernel("_exp_difference"),
        22,
        lambda mp, x, y: mp.exp(y) * mp.expm1(x - y),
        r"\left(e^{{{0}}} - e^{{{1}}}\right)",
        domain=((-80.0, 80.0), (-80.0, 80.0)),
        safe=(ZERO_ARGUMENT, ZERO_ARGUMENT),
    ),
    Function(
        "log1p_square",
        1,
        (lambda a, v: mul(number(2), call("over_squares", a[0], ONE)),),
        Kernel("_log1p_square"),
        18,
        lambda mp, x: mp.log1p(x * x),
        r"\log\left(1 + {0}^2\right)",
        range=(0.0, inf),
    ),
)
