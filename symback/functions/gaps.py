"""f(x)/x for functions that are 0 at 0: the quotient has its limit there, and its slope does not cancel near it."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi

from symback.core.expr import MINUS_ONE, ONE, PI, TWO, ZERO, Node, add, call, div, mul, neg, number, power, sub
from symback.functions.function import ZERO_ARGUMENT, Derivative, Expansion, Function, Kernel

LIMITS: dict[str, Node] = {
    **dict.fromkeys(("tanh", "sinh", "tan", "asin", "atan", "asinh", "atanh", "log1p"), ONE),
    "erf": mul(TWO, power(PI, number("-1/2"))),
}
"""f'(0) of each function f."""

_DOMAINS = {"tan": (-pi / 2, pi / 2), "asin": (-1.0, 1.0), "atanh": (-1.0, 1.0), "log1p": (-1.0, inf)}
_THIRD = {
    **dict.fromkeys(("sinh", "asin"), "1/3"),
    **dict.fromkeys(("tan", "atanh", "log1p"), "2/3"),
    **dict.fromkeys(("tanh", "atan", "erf"), "-2/3"),
    "asinh": "-1/3",
}
_LATEX = {
    "asin": r"\arcsin",
    "atan": r"\arctan",
    "asinh": r"\operatorname{{arsinh}}",
    "atanh": r"\operatorname{{artanh}}",
    "log1p": r"\operatorname{{log1p}}",
    "erf": r"\operatorname{{erf}}",
}
_PARTIAL = frozenset({"sinh", "tan", "asin", "atanh", "log1p"})


def _second(name: str, x: Node) -> Node:
    """f''(x)."""
    square = mul(x, x)
    match name:
        case "tanh":
            return mul(number(-2), call("tanh", x), call("tanh_slope", x))
        case "sinh":
            return call("sinh", x)
        case "tan":
            return mul(TWO, call("tan", x), add(ONE, power(call("tan", x), TWO)))
        case "asin":
            return mul(x, power(sub(ONE, square), number("-3/2")))
        case "atan":
            return mul(number(-2), x, power(add(ONE, square), number(-2)))
        case "asinh":
            return mul(MINUS_ONE, x, power(call("hypot", ONE, x), number(-3)))
        case "atanh":
            return mul(TWO, x, power(sub(ONE, square), number(-2)))
        case "log1p":
            return mul(MINUS_ONE, power(add(ONE, x), number(-2)))
        case _:
            return mul(number(-2), x, LIMITS["erf"], call("gauss", x))


def _curvature(name: str) -> Derivative:
    """The slope of the slope: (f'' - 2 (f/x)')/x, and a third of f's third derivative at 0."""
    at_0 = mul(LIMITS[name], number(_THIRD[name]))
    return lambda a, v: call("over_argument", sub(_second(name, a[0]), mul(TWO, v)), a[0], at_0)


def _reference(name: str, order: int) -> Callable:
    """(mpmath, x) -> f(x)/x, or its slope."""

    def exact(mp, x):
        f = getattr(mp, name)
        if x == 0:
            known = (2 / mp.sqrt(mp.pi) if name == "erf" else mp.mpf(1), mp.mpf("-0.5") if name == "log1p" else mp.mpf(0))
            return known[order]
        with mp.workdps(400):
            return +(mp.diff(f, x) / x - f(x) / x**2 if order else f(x) / x)

    return exact


def _rows(name: str) -> tuple[Function, Function]:
    domain = (_DOMAINS.get(name, (-inf, inf)),)
    safe = (ZERO_ARGUMENT,) if name in _PARTIAL else ()
    quotient = rf"\frac{{{{{_LATEX.get(name, chr(92) + name)}\left({{0}}\right)}}}}{{{{{{0}}}}}}"
    spelling = Kernel("_sinh_over") if name == "sinh" else Expansion(lambda x: call("over_argument", call(name, x), x, LIMITS[name]))
    return (
        Function(
            f"{name}_over",
            1,
            (lambda a, v: call(f"{name}_over_slope", a[0]),),
            spelling,
            11,
            _reference(name, 0),
            quotient,
            domain=domain,
            range=(0.0, inf),
            safe=safe,
            notes="with its limit at 0",
        ),
        Function(
            f"{name}_over_slope",
            1,
            (_curvature(name),),
            Kernel(f"_{name}_over_slope"),
            16,
            _reference(name, 1),
            rf"\left({quotient}\right)'",
            domain=domain,
            safe=safe,
        ),
    )


def _bose(mp, x):
    return x / mp.expm1(x) if x else mp.mpf(1)


def _bose_slope(mp, x):
    with mp.workdps(400):
        return +((mp.expm1(x) - x * mp.exp(x)) / mp.expm1(x) ** 2 if x else mp.mpf("-0.5"))


def _bose_curvature(args: tuple[Node, ...], value: Node) -> Node:
    """b'' = -b(-x) (2 b' + b)/x."""
    (x,) = args
    return neg(mul(call("over_argument", add(mul(TWO, value), call("bose", x)), x, number("-1/6")), call("bose", neg(x))))


ROWS = (
    *(row for name in LIMITS for row in _rows(name)),
    Function(
        "over_argument",
        3,
        (lambda a, v: power(a[1], MINUS_ONE), lambda a, v: neg(div(v, a[1])), lambda a, v: ZERO),
        Kernel("_over_argument"),
        3,
        lambda mp, y, x, limit: y / x if x else limit,
        r"\frac{{{0}}}{{{1}}}",
        domain=((-inf, inf), (0.0, inf), (0.0, 1.0)),
        notes="y/x with y = f(x) known; differentiated only in slopes of slopes",
    ),
    Function(
        "bose",
        1,
        (lambda a, v: call("bose_slope", a[0]),),
        Kernel("_bose"),
        20,
        _bose,
        r"\frac{{{0}}}{{e^{{{0}}} - 1}}",
        range=(0.0, inf),
        notes="x/(exp(x) - 1) with its limit 1 at 0",
    ),
    Function(
        "bose_slope",
        1,
        (_bose_curvature,),
        Kernel("_bose_slope"),
        20,
        _bose_slope,
        r"\left(\frac{{{0}}}{{e^{{{0}}} - 1}}\right)'",
        range=(-1.0, 0.0),
    ),
)
