"""The error function and the normal distribution, by g = exp(-x²/2) with its exponent to more than working precision,
and the scaled complement erfcx, which has no tail."""

from __future__ import annotations

from math import inf

from symback.core.expr import HALF, ONE, PI, TRUE, TWO, ZERO, Node, add, call, compare, div, mul, neg, number, piecewise, power, sub
from symback.functions.function import Expansion, Function, Kernel

ROOT_HALF = power(HALF, HALF)
TWO_OVER_ROOT_PI = mul(TWO, power(PI, number("-1/2")))
ROOT_TWO_PI = power(mul(TWO, PI), HALF)
DENSITY_AT_0 = number("0.398942280401432677939946059934381868")


def _upper(x: Node, below: Node) -> Node:
    """`below` for x < 0 and 1 - below for x ≥ 0."""
    return piecewise((sub(ONE, below), compare("<=", ZERO, x)), (below, TRUE))


def _half_tail(x: Node) -> Node:
    """erfcx(|x|/√2)/2, so that g times it is Φ(-|x|)."""
    return mul(HALF, call("erfcx", mul(ROOT_HALF, call("Abs", x))))


def _ndtr(x: Node) -> Node:
    return _upper(x, mul(call("half_gauss", x), _half_tail(x)))


def _gelu_slope(x: Node) -> Node:
    """Φ + xφ: g·(erfcx(|x|/√2)/2 - |x|/√(2π)) for x < 0, and gelu'(x) + gelu'(-x) = 1."""
    inner = sub(_half_tail(x), mul(DENSITY_AT_0, call("finite", call("Abs", x))))
    return _upper(x, mul(call("half_gauss", x), inner))


def _normal_density(x: Node) -> Node:
    return div(call("half_gauss", x), ROOT_TWO_PI)


def _within(x: Node) -> Node:
    """x where the normal density is not 0, else an end of that range."""
    return call("Max", call("Min", x, number(40)), number(-40))


def _ndtr_reference(mp, x):
    return mp.erfc(-x / mp.sqrt(2)) / 2


def _density(mp, x):
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


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
        "erfcx",
        1,
        (),
        Kernel("_erfcx"),
        8,
        lambda mp, x: mp.exp(x * x) * mp.erfc(x),
        r"\operatorname{{erfcx}}\left({0}\right)",
        domain=((0.0, inf),),
        range=(0.0, inf),
        notes="made when code is written, never differentiated",
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
        Kernel("_log_ndtr"),
        30,
        lambda mp, x: mp.log1p(-mp.erfc(x / mp.sqrt(2)) / 2) if x > 0 else mp.log(_ndtr_reference(mp, x)),
        r"\log\Phi\left({0}\right)",
        range=(-inf, 0.0),
    ),
    Function(
        "hazard",
        1,
        (lambda a, v: neg(mul(v, add(a[0], v))),),
        Kernel("_hazard"),
        30,
        lambda mp, x: _density(mp, x) / _ndtr_reference(mp, x),
        r"\frac{{\varphi\left({0}\right)}}{{\Phi\left({0}\right)}}",
        range=(0.0, inf),
    ),
)
