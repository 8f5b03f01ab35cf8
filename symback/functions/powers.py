"""x**p where p is no fixed small rational: the row that POW nodes with such an exponent use."""

from __future__ import annotations

from math import inf

from symback.core.expr import ONE, Node, add, call, mul, power, sub
from symback.functions.function import ONE_ARGUMENT, Expansion, Function, Kernel, Ufunc

_DOMAIN = ((0.0, inf), (0.0, inf))


def _slope(args: tuple[Node, ...], value: Node) -> Node:
    return call("pow_slope", *args)


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
