"""The error function and the normal distribution, by g = exp(-x²/2) with its exponent to more than working precision,
and the scaled complement erfcx, which has no tail."""

from __future__ import annotations

from math import inf

from symback.core.expr import HALF, PI, TWO, Node, add, call, div, mul, neg, number, power, sub
from symback.functions.function import Expansion, Function, Kernel

TWO_OVER_ROOT_PI = mul(TWO, power(PI, number("-1/2")))
ROOT_TWO_PI = power(mul(TWO, PI), HALF)
DENSITY_AT_0 = number("0.398942280401432677939946059934381868")


def _ndtr(x: Node) -> Node:
    return call("ndtr_at", x, call("half_gauss", x))


def _gelu_slope(x: Node) -> Node:
    """Φ + xφ."""
    return add(_ndtr(x), mul(DENSITY_AT_0, call("half_gauss", x), call("finite", x)))


def _normal_density(x: Node) -> Node:
    return div(call("half_gauss", x), ROOT_TWO_PI)


def _within(x: Node) -> Node:
    """x where the normal density is not 0, else an end of that range."""
    return call("Max", call("Min", x, number(40)), number(-40))


def _ndtr_reference(mp, x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _density(mp, x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def _hazard(mp, x):
    return _density(mp, x) / _ndtr_reference(mp, x)


def _hazard_curvature(args: tuple[Node, ...], value: Node) -> Node:
    """h'' = -h' (x + 2 h) - h."""
    h = call("hazard", args[0])
    return neg(add(mul(value, add(args[0], mul(TWO, h))), h))


ROWS = (
    Function(
        "erf",
        1,
        (lambda a, v: mul(TWO_OVER_ROOT_PI, call("gauss", a[0])),),
        Kernel("_erf"),
        8,
        lambda mp, x: mp.erf(x),
        r"\operatorname{{erf}}\left({0}\right)",
        range=(-1.0, 1.0),
    ),
    Function(
        "erfc",
        1,
        (lambda a, v: neg(mul(TWO_OVER_ROOT_PI, call("gauss", a[0]))),),
        Kernel("_erfc"),
        12,
        lambda mp, x: mp.erfc(x),
        r"\operatorname{{erfc}}\left({0}\right)",
        range=(0.0, 2.0),
    ),
    Function(
        "gauss",
        1,
        (lambda a, v: mul(number(-2), call("finite", a[0]), v),),
        Kernel("_gauss"),
        11,
        lambda mp, x: mp.exp(-x * x),
        r"e^{{-{0}^2}}",
        range=(0.0, 1.0),
    ),
    Function(
        "half_gauss",
        1,
        (lambda a, v: neg(mul(call("finite", a[0]), v)),),
        Kernel("_half_gauss"),
        12,
        lambda mp, x: mp.exp(-x * x / 2),
        r"e^{{-{0}^2/2}}",
        range=(0.0, 1.0),
    ),
    Function(
        "ndtr", 1, (lambda a, v: _normal_density(a[0]),), Expansion(_ndtr), 26, _ndtr_reference, r"\Phi\left({0}\right)", range=(0.0, 1.0)
    ),
    Function(
        "ndtr_at",
        2,
        (),
        Kernel("_ndtr_at"),
        12,
        lambda mp, x, g: _ndtr_reference(mp, x),
        r"\Phi\left({0}\right)",
        range=(0.0, 1.0),
        domain=((-inf, inf), (0.0, 1.0)),
        notes="Φ with g = exp(-x²/2) known; made when code is written, never differentiated",
    ),
    Function(
        "erfcx",
        1,
        (lambda a, v: call("erfcx_slope", a[0]),),
        Kernel("_erfcx"),
        20,
        lambda mp, x: mp.exp(x * x) * mp.erfc(x),
        r"\operatorname{{erfcx}}\left({0}\right)",
        domain=((-3.0, inf),),
        range=(0.0, inf),
        safe=(number(1),),
        notes="exp(x²) erfc(x)",
    ),
    Function(
        "erfcx_slope",
        1,
        (lambda a, v: mul(TWO, add(call("erfcx", a[0]), mul(a[0], v))),),
        Kernel("_erfcx_slope"),
        30,
        lambda mp, x: 2 * x * mp.exp(x * x) * mp.erfc(x) - 2 / mp.sqrt(mp.pi),
        r"\operatorname{{erfcx}}'\left({0}\right)",
        domain=((-3.0, inf),),
        range=(-inf, 0.0),
        safe=(number(1),),
    ),
    Function(
        "gelu",
        1,
        (lambda a, v: call("gelu_slope", a[0]),),
        Expansion(lambda x: mul(call("finite_below", x), call("ndtr", x))),
        28,
        lambda mp, x: x * _ndtr_reference(mp, x),
        r"{0}\,\Phi\left({0}\right)",
        range=(-0.17, inf),
    ),
    Function(
        "gelu_slope",
        1,
        (lambda a, v: mul(_normal_density(a[0]), sub(TWO, power(_within(a[0]), TWO))),),
        Expansion(_gelu_slope),
        30,
        lambda mp, x: _ndtr_reference(mp, x) + x * _density(mp, x),
        r"\left(\Phi\left({0}\right) + {0}\,\varphi\left({0}\right)\right)",
        range=(-0.13, 1.13),
    ),
    Function(
        "log_ndtr",
        1,
        (lambda a, v: call("hazard", a[0]),),
        Expansion(lambda x: call("log_ndtr_at", x, call("half_gauss", x), call("mills", x))),
        30,
        lambda mp, x: mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(_ndtr_reference(mp, x)),
        r"\log\Phi\left({0}\right)",
        range=(-inf, 0.0),
    ),
    Function(
        "hazard",
        1,
        (lambda a, v: call("hazard_slope", a[0]),),
        Expansion(lambda x: call("hazard_at", x, call("half_gauss", x), call("mills", x))),
        30,
        lambda mp, x: _density(mp, x) / _ndtr_reference(mp, x),
        r"\frac{{\varphi\left({0}\right)}}{{\Phi\left({0}\right)}}",
        range=(0.0, inf),
    ),
    Function(
        "mills",
        1,
        (),
        Kernel("_mills"),
        11,
        lambda mp, x: mp.exp(x * x / 2) * mp.erfc(abs(x) / mp.sqrt(2)),
        r"e^{{{0}^2/2}} \operatorname{{erfc}}\left(\frac{{\left|{0}\right|}}{{\sqrt{{2}}}}\right)",
        range=(0.0, 1.0),
        notes="made when code is written, never differentiated",
    ),
    Function(
        "log_ndtr_at",
        3,
        (),
        Kernel("_log_ndtr_at"),
        28,
        lambda mp, x, g, tail: mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(_ndtr_reference(mp, x)),
        r"\log\Phi\left({0}\right)",
        domain=((-inf, inf), (0.0, 1.0), (0.0, 1.0)),
        range=(-inf, 0.0),
        notes="by exp(-x²/2) and mills(x); made when code is written, never differentiated",
    ),
    Function(
        "hazard_at",
        3,
        (),
        Kernel("_hazard_at"),
        13,
        lambda mp, x, g, tail: _hazard(mp, x),
        r"\frac{{\varphi\left({0}\right)}}{{\Phi\left({0}\right)}}",
        domain=((-inf, inf), (0.0, 1.0), (0.0, 1.0)),
        range=(0.0, inf),
        notes="by exp(-x²/2) and mills(x); made when code is written, never differentiated",
    ),
    Function(
        "hazard_slope",
        1,
        (_hazard_curvature,),
        Kernel("_hazard_slope"),
        40,
        lambda mp, x: -_hazard(mp, x) * (x + _hazard(mp, x)),
        r"\left(\frac{{\varphi\left({0}\right)}}{{\Phi\left({0}\right)}}\right)'",
        range=(-1.0, 0.0),
    ),
)
