"""x**p where p is no fixed small rational: the row that POW nodes with such an exponent use."""

from __future__ import annotations

from math import comb, inf

from symback.core.expr import MINUS_ONE, ONE, Node, Op, add, call, mul, number, power, sub
from symback.functions.function import ONE_ARGUMENT, ZERO_ARGUMENT, Expansion, Function, Kernel, Ufunc

_DOMAIN = ((0.0, inf), (0.0, inf))


def _slope(args: tuple[Node, ...], value: Node) -> Node:
    return call("pow_slope", *args)


def _pow1pm1(x: Node, p: Node) -> Node:
    """(1 + x)**p - 1, for a whole number p by Horner's rule."""
    if p.op is not Op.NUM or p.data.denominator != 1 or p.data < 2:
        return call("pow1pm1_at", x, p)
    n = int(p.data)
    total = ONE
    for k in range(n - 1, 0, -1):
        total = add(number(comb(n, k)), mul(x, total))
    return mul(x, total)


ROWS = (
    Function(
        "pow",
        2,
        (_slope, lambda a, v: call("xlogy", power(*a), a[0])),
        Ufunc("np.power"),
        8,
        lambda mp, x, p: mp.power(x, p),
        r"{0}^{{{1}}}",
        domain=_DOMAIN,
        safe=(ONE_ARGUMENT, None),
        convention="the slope of x**p by p is 0 at x = 0",
    ),
    Function(
        "powm1",
        2,
        (_slope, lambda a, v: call("xlogy", power(*a), a[0])),
        Kernel("_powm1"),
        20,
        lambda mp, x, p: mp.expm1(p * mp.log(x)),
        r"\left({0}^{{{1}}} - 1\right)",
        domain=_DOMAIN,
        safe=(ONE_ARGUMENT, None),
    ),
    Function(
        "pow1pm1",
        2,
        (
            lambda a, v: mul(a[1], power(add(ONE, a[0]), add(a[1], MINUS_ONE))),
            lambda a, v: mul(power(add(ONE, a[0]), a[1]), call("log1p", a[0])),
        ),
        Expansion(_pow1pm1),
        20,
        lambda mp, x, p: mp.expm1(p * mp.log1p(x)),
        r"\left(\left(1 + {0}\right)^{{{1}}} - 1\right)",
        domain=((-1.0, inf), (0.0, inf)),
        safe=(ZERO_ARGUMENT, None),
    ),
    Function(
        "pow1pm1_at",
        2,
        (),
        Kernel("_pow1pm1"),
        20,
        lambda mp, x, p: mp.expm1(p * mp.log1p(x)),
        r"\left(\left(1 + {0}\right)^{{{1}}} - 1\right)",
        domain=((-1.0, inf), (0.0, inf)),
        notes="made when code is written, never differentiated",
    ),
    Function(
        "pow_slope",
        2,
        (
            lambda a, v: mul(a[1], call("pow_slope", a[0], sub(a[1], ONE))),
            lambda a, v: add(power(a[0], sub(a[1], ONE)), mul(a[1], call("xlogy", power(a[0], sub(a[1], ONE)), a[0]))),
        ),
        Expansion(lambda x, p: call("pow_slope_at", x, p, power(x, p))),
        14,
        lambda mp, x, p: p * mp.power(x, p - 1),
        r"{1}\,{0}^{{{1} - 1}}",
        domain=_DOMAIN,
        safe=(ONE_ARGUMENT, None),
    ),
    Function(
        "pow_slope_at",
        3,
        (),
        Kernel("_pow_slope_at"),
        6,
        lambda mp, x, p, y: p * mp.power(x, p - 1),
        r"{1}\,\frac{{{2}}}{{{0}}}",
        domain=(*_DOMAIN, (0.0, inf)),
        notes="p y/x with y = x**p known; made when code is written, never differentiated",
    ),
)
