"""Products and quotients whose order of evaluation counts: they are kept from being collected into powers."""

from __future__ import annotations

from math import inf

from symback.core.expr import MINUS_ONE, ONE, TWO, Node, add, call, mul, neg, number, power, sub
from symback.functions.function import ONE_ARGUMENT, Expansion, Function, Kernel, Ufunc


def _inverse(x: Node) -> Node:
    """1/(1 + |x|), with x kept finite."""
    return call("reciprocal", add(ONE, call("Abs", call("finite", x))))


ROWS = (
    Function(
        "square",
        1,
        (lambda a, v: mul(TWO, a[0]),),
        Ufunc("np.square"),
        1,
        lambda mp, x: x * x,
        r"{0}^2",
        domain=((-1e9, 1e9),),
        range=(0.0, inf),
    ),
    Function(
        "reciprocal",
        1,
        (lambda a, v: neg(power(v, TWO)),),
        Ufunc("np.reciprocal"),
        2,
        lambda mp, x: 1 / x,
        r"\frac{{1}}{{{0}}}",
        domain=((0.0, inf),),
        safe=(ONE_ARGUMENT,),
    ),
    Function(
        "ratio",
        2,
        (lambda a, v: power(a[1], MINUS_ONE), lambda a, v: neg(mul(v, power(a[1], MINUS_ONE)))),
        Ufunc("np.divide"),
        2,
        lambda mp, x, y: x / y,
        r"\frac{{{0}}}{{{1}}}",
        domain=((-inf, inf), (0.0, inf)),
        safe=(None, ONE_ARGUMENT),
    ),
    Function(
        "square_over",
        2,
        (lambda a, v: mul(TWO, call("ratio", *a)), lambda a, v: neg(power(call("ratio", *a), TWO))),
        Expansion(lambda x, y: mul(x, call("ratio", x, y))),
        3,
        lambda mp, x, y: x * x / y,
        r"\frac{{{0}^2}}{{{1}}}",
        domain=((-inf, inf), (0.0, inf)),
        safe=(None, ONE_ARGUMENT),
    ),
    Function(
        "softsign",
        1,
        (lambda a, v: call("softsign_slope", a[0]),),
        Expansion(lambda x: mul(call("finite", x), _inverse(x))),
        6,
        lambda mp, x: x / (1 + abs(x)),
        r"\frac{{{0}}}{{1 + \left|{0}\right|}}",
        range=(-1.0, 1.0),
    ),
    Function(
        "softsign_slope",
        1,
        (lambda a, v: mul(neg(TWO), call("sign", a[0]), v, _inverse(a[0])),),
        Expansion(lambda x: call("square", _inverse(x))),
        6,
        lambda mp, x: 1 / (1 + abs(x)) ** 2,
        r"\frac{{1}}{{\left(1 + \left|{0}\right|\right)^2}}",
        range=(0.0, 1.0),
    ),
    Function(
        "product",
        2,
        (lambda a, v: a[1], lambda a, v: a[0]),
        Ufunc("np.multiply"),
        1,
        lambda mp, x, y: x * y,
        r"{0}\,{1}",
        domain=((-1e9, 1e9), (-1e9, 1e9)),
    ),
    Function(
        "bernoulli_gap",
        2,
        (
            lambda a, v: add(
                mul(call("quotient", a[1], a[0]), power(a[0], MINUS_ONE)),
                mul(call("quotient", sub(ONE, a[1]), sub(ONE, a[0])), power(sub(ONE, a[0]), MINUS_ONE)),
            ),
            lambda a, v: neg(power(mul(a[0], sub(ONE, a[0])), MINUS_ONE)),
        ),
        Kernel("_bernoulli_gap"),
        9,
        lambda mp, p, t: (p - t) / (p * (1 - p)),
        r"\frac{{{0} - {1}}}{{{0} \left(1 - {0}\right)}}",
        domain=((0.0, 1.0), (0.0, 1.0)),
        safe=(number("1/2"), None),
    ),
    Function(
        "minus",
        2,
        (lambda a, v: ONE, lambda a, v: neg(ONE)),
        Ufunc("np.subtract"),
        1,
        lambda mp, x, y: x - y,
        r"\left({0} - {1}\right)",
        domain=((1.0, 1e9), (-1e9, 0.0)),
    ),
)
