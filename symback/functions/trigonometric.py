"""Circular and hyperbolic functions, their inverses, and lengths and angles in the plane."""

from __future__ import annotations

from math import inf, pi

from symback.core.expr import HALF, MINUS_ONE, ONE, TWO, ZERO, Node, add, call, div, mul, neg, number, power, sub
from symback.functions.function import ONE_ARGUMENT, TWO_ARGUMENT, ZERO_ARGUMENT, Expansion, Function, Kernel, Ufunc

MINUS_HALF = number("-1/2")


def _bessel_slope(args: tuple[Node, ...], value: Node) -> Node:
    """j_n' = (n j_{n-1} - (n+1) j_{n+1})/(2n+1), without a division by x."""
    n, x = args
    up = mul(add(n, ONE), call("spherical_bessel", add(n, ONE), x))
    down = mul(n, call("spherical_bessel", sub(n, ONE), x)) if n != ZERO else ZERO
    return div(sub(down, up), add(mul(TWO, n), ONE))


def _spherical_bessel(mp, n, x):
    if x == 0:
        return mp.mpf(1 if n == 0 else 0)
    with mp.workdps(max(400, 2 * mp.dps)):
        previous, current = mp.cos(x) / x, mp.sin(x) / x
        for k in range(int(n)):
            previous, current = current, (2 * k + 1) * current / x - previous
        return +current


def _one_minus_square(x: Node) -> Node:
    return mul(sub(ONE, x), add(ONE, x))


ROWS = (
    Function(
        "sin",
        1,
        (lambda a, v: call("cos", a[0]),),
        Ufunc("np.sin"),
        8,
        lambda mp, x: mp.sin(x),
        r"\sin\left({0}\right)",
        range=(-1.0, 1.0),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "sine_excess",
        1,
        (lambda a, v: mul(TWO, power(call("sin", mul(HALF, a[0])), TWO)),),
        Kernel("_sine_excess"),
        14,
        lambda mp, x: x - mp.sin(x),
        r"\left({0} - \sin\left({0}\right)\right)",
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "cos",
        1,
        (lambda a, v: neg(call("sin", a[0])),),
        Ufunc("np.cos"),
        8,
        lambda mp, x: mp.cos(x),
        r"\cos\left({0}\right)",
        range=(-1.0, 1.0),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "tan",
        1,
        (lambda a, v: add(ONE, power(v, TWO)),),
        Ufunc("np.tan"),
        8,
        lambda mp, x: mp.tan(x),
        r"\tan\left({0}\right)",
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "asin",
        1,
        (lambda a, v: power(_one_minus_square(a[0]), MINUS_HALF),),
        Ufunc("np.arcsin"),
        8,
        lambda mp, x: mp.asin(x),
        r"\arcsin\left({0}\right)",
        domain=((-1.0, 1.0),),
        range=(-pi / 2, pi / 2),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "acos",
        1,
        (lambda a, v: neg(power(_one_minus_square(a[0]), MINUS_HALF)),),
        Ufunc("np.arccos"),
        8,
        lambda mp, x: mp.acos(x),
        r"\arccos\left({0}\right)",
        domain=((-1.0, 1.0),),
        range=(0.0, pi),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "atan",
        1,
        (lambda a, v: call("over_squares", ONE, a[0]),),
        Ufunc("np.arctan"),
        8,
        lambda mp, x: mp.atan(x),
        r"\arctan\left({0}\right)",
        range=(-pi / 2, pi / 2),
    ),
    Function(
        "atan2",
        2,
        (lambda a, v: call("over_squares", a[1], a[0]), lambda a, v: neg(call("over_squares", a[0], a[1]))),
        Ufunc("np.arctan2"),
        8,
        lambda mp, y, x: mp.atan2(y, x),
        r"\operatorname{{atan2}}\left({0}, {1}\right)",
        domain=((-inf, inf), (-inf, inf)),
        range=(-pi, pi),
        convention="atan2(0, 0) = 0 with gradient 0",
    ),
    Function(
        "over_squares",
        2,
        (
            lambda a, v: mul(sub(call("over_squares", a[1], a[0]), v), add(call("over_squares", a[1], a[0]), v)),
            lambda a, v: mul(number(-2), v, call("over_squares", a[1], a[0])),
        ),
        Kernel("_over_squares"),
        12,
        lambda mp, x, y: x / (x * x + y * y) if x or y else mp.mpf(0),
        r"\frac{{{0}}}{{{0}^2 + {1}^2}}",
        domain=((-inf, inf), (-inf, inf)),
    ),
    Function(
        "sinh",
        1,
        (lambda a, v: call("cosh", a[0]),),
        Ufunc("np.sinh"),
        8,
        lambda mp, x: mp.sinh(x),
        r"\sinh\left({0}\right)",
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "cosh",
        1,
        (lambda a, v: call("sinh", a[0]),),
        Ufunc("np.cosh"),
        8,
        lambda mp, x: mp.cosh(x),
        r"\cosh\left({0}\right)",
        range=(1.0, inf),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "asinh",
        1,
        (lambda a, v: power(call("hypot", ONE, a[0]), MINUS_ONE),),
        Ufunc("np.arcsinh"),
        8,
        lambda mp, x: mp.asinh(x),
        r"\operatorname{{arsinh}}\left({0}\right)",
    ),
    Function(
        "acosh",
        1,
        (lambda a, v: mul(power(sub(a[0], ONE), MINUS_HALF), power(add(a[0], ONE), MINUS_HALF)),),
        Ufunc("np.arccosh"),
        8,
        lambda mp, x: mp.acosh(x),
        r"\operatorname{{arcosh}}\left({0}\right)",
        domain=((1.0, inf),),
        range=(0.0, inf),
        safe=(TWO_ARGUMENT,),
    ),
    Function(
        "atanh",
        1,
        (lambda a, v: power(_one_minus_square(a[0]), MINUS_ONE),),
        Ufunc("np.arctanh"),
        8,
        lambda mp, x: mp.atanh(x),
        r"\operatorname{{artanh}}\left({0}\right)",
        domain=((-1.0, 1.0),),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "spherical_bessel",
        2,
        (lambda a, v: ZERO, _bessel_slope),
        Kernel("_spherical_bessel"),
        14,
        _spherical_bessel,
        r"j_{{{0}}}\left({1}\right)",
        domain=((0.0, 0.0), (-inf, inf)),
        range=(-1.0, 1.0),
        notes="n = 0: sin(x)/x with its limits",
    ),
    Function(
        "hypot",
        2,
        (lambda a, v: call("direction", a[0], a[1]), lambda a, v: call("direction", a[1], a[0])),
        Kernel("_hypot"),
        5,
        lambda mp, x, y: mp.hypot(x, y),
        r"\sqrt{{{0}^2 + {1}^2}}",
        domain=((-inf, inf), (-inf, inf)),
        range=(0.0, inf),
        convention="the gradient of a length is 0 at the origin",
    ),
    Function(
        "direction",
        2,
        (
            lambda a, v: div(power(call("direction", a[1], a[0]), TWO), call("hypot", a[0], a[1])),
            lambda a, v: neg(div(mul(v, call("direction", a[1], a[0])), call("hypot", a[0], a[1]))),
        ),
        Expansion(lambda x, y: call("direction_at", x, y, call("hypot", x, y))),
        10,
        lambda mp, x, y: x / mp.hypot(x, y) if x or y else mp.mpf(0),
        r"\frac{{{0}}}{{\sqrt{{{0}^2 + {1}^2}}}}",
        domain=((-inf, inf), (-inf, inf)),
        range=(-1.0, 1.0),
    ),
    Function(
        "direction_at",
        3,
        (),
        Kernel("_direction_at"),
        5,
        lambda mp, x, y, h: x / h if h else mp.mpf(0),
        r"\frac{{{0}}}{{{2}}}",
        domain=((-inf, inf), (-inf, inf), (0.0, inf)),
        range=(-1.0, 1.0),
        notes="x/h with h = hypot(x, y) known; made when code is written, never differentiated",
    ),
    Function(
        "hypot1m1",
        1,
        (lambda a, v: call("direction", a[0], ONE),),
        Kernel("_hypot1m1"),
        9,
        lambda mp, x: x * x / (1 + mp.sqrt(1 + x * x)),
        r"\left(\sqrt{{1 + {0}^2}} - 1\right)",
        range=(0.0, inf),
    ),
    Function(
        "sqrt1pm1",
        1,
        (lambda a, v: mul(HALF, power(add(ONE, a[0]), MINUS_HALF)),),
        Kernel("_sqrt1pm1"),
        7,
        lambda mp, x: x / (1 + mp.sqrt(1 + x)),
        r"\left(\sqrt{{1 + {0}}} - 1\right)",
        domain=((-1.0, inf),),
        range=(-1.0, inf),
        safe=(ZERO_ARGUMENT,),
    ),
    Function(
        "squareplus",
        2,
        (
            lambda a, v: call("squareplus_slope", a[0], a[1]),
            lambda a, v: mul(number("1/4"), power(call("hypot", a[0], power(a[1], HALF)), MINUS_ONE)),
        ),
        Kernel("_squareplus"),
        14,
        lambda mp, x, b: (x + mp.sqrt(x * x + b)) / 2 if x > 0 else b / (mp.sqrt(x * x + b) - x) / 2,
        r"\tfrac12\left({0} + \sqrt{{{0}^2 + {1}}}\right)",
        domain=((-inf, inf), (0.0, inf)),
        range=(0.0, inf),
        safe=(ZERO_ARGUMENT, ONE_ARGUMENT),
    ),
    Function(
        "squareplus_slope",
        2,
        (
            lambda a, v: div(mul(HALF, power(call("direction", power(a[1], HALF), a[0]), TWO)), call("hypot", a[0], power(a[1], HALF))),
            lambda a, v: mul(
                number("-1/4"), call("direction", a[0], power(a[1], HALF)), power(call("hypot", a[0], power(a[1], HALF)), number(-2))
            ),
        ),
        Kernel("_squareplus_slope"),
        14,
        lambda mp, x, b: (1 + x / mp.sqrt(x * x + b)) / 2 if x > 0 else b / (2 * mp.sqrt(x * x + b) * (mp.sqrt(x * x + b) - x)),
        r"\tfrac12\left(1 + \frac{{{0}}}{{\sqrt{{{0}^2 + {1}}}}}\right)",
        domain=((-inf, inf), (0.0, inf)),
        range=(0.0, 1.0),
        safe=(ZERO_ARGUMENT, ONE_ARGUMENT),
    ),
    Function(
        "sech",
        1,
        (lambda a, v: neg(mul(v, call("tanh", a[0]))),),
        Kernel("_sech"),
        14,
        lambda mp, x: mp.sech(x),
        r"\operatorname{{sech}}\left({0}\right)",
        range=(0.0, 1.0),
    ),
    Function(
        "unit_difference",
        5,
        (
            lambda a, v: neg(div(a[4], a[1])),
            lambda a, v: div(mul(a[4], a[0]), power(a[1], TWO)),
            lambda a, v: power(a[3], MINUS_ONE),
            lambda a, v: neg(div(a[2], power(a[3], TWO))),
            lambda a, v: neg(div(a[0], a[1])),
        ),
        Kernel("_unit_difference"),
        8,
        lambda mp, x, a, y, b, s: y / b - s * x / a,
        r"\left(\frac{{{2}}}{{{3}}} - {4} \frac{{{0}}}{{{1}}}\right)",
        domain=((-9.0, 9.0), (0.5, 2.0), (-9.0, 9.0), (0.5, 2.0), (-1.0, 1.0)),
        notes="y/b - s x/a for lengths a and b; where they are alike, y - s x is formed first",
    ),
)
