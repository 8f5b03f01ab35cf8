"""The logistic function and its kin, by E = exp(-|x|), which never overflows; and tanh with what is made of it."""

from __future__ import annotations

from math import inf

from symback.core.expr import (
    HALF,
    ONE,
    TWO,
    ZERO,
    Node,
    add,
    call,
    compare,
    div,
    indicator,
    mul,
    neg,
    number,
    power,
    split_coefficient,
    sub,
)
from symback.functions.function import Expansion, Function, Kernel, Ufunc


def shrunk(x: Node) -> Node:
    """E = exp(-|x|), the same for -x."""
    return call("decay", neg(call("Abs", _unsigned(x))))


def rising(x: Node) -> Node:
    """1 for x ≥ 0, E below, as the larger of E and whether x ≥ 0: cheaper than a choice between the two."""
    return call("Max", shrunk(x), indicator(compare("<=", neg(x), ZERO) if _negated(x) else compare("<=", ZERO, x)))


def falling(x: Node) -> Node:
    """E for x ≥ 0, 1 below."""
    return call("Max", shrunk(x), indicator(compare("<", ZERO, neg(x)) if _negated(x) else compare("<", x, ZERO)))


def _negated(x: Node) -> bool:
    return split_coefficient(x)[0] < 0


def _unsigned(x: Node) -> Node:
    """-x where x is written with a minus: what an even function may be given instead."""
    return neg(x) if _negated(x) else x


def _sigmoid(x: Node) -> Node:
    return div(rising(x), add(ONE, shrunk(x)))


def _sigmoid_slope(x: Node) -> Node:
    e = shrunk(x)
    return div(e, power(add(ONE, e), TWO))


def _softplus(x: Node) -> Node:
    return add(call("Max", x, ZERO), call("log1p", shrunk(x)))


def _log_sigmoid(x: Node) -> Node:
    return sub(call("Min", x, ZERO), call("log1p", shrunk(x)))


def _logistic_entropy(x: Node) -> Node:
    e = shrunk(x)
    return add(call("log1p", e), div(mul(call("finite", call("Abs", x)), e), add(ONE, e)))


def _two_sided(x: Node, a: Node, b: Node) -> Node:
    """a·softplus(-x) + b·softplus(x) = (a + b)·log1p(E) + b·max(x, 0) - a·min(x, 0); for b = 1 - a, log1p(E) + x·(b or -a)."""
    if add(a, b) == ONE:
        return add(call("log1p", shrunk(x)), mul(x, sub(indicator(compare("<=", ZERO, x)), a)))
    return add(mul(add(a, b), call("log1p", shrunk(x))), mul(b, call("Max", x, ZERO)), neg(mul(a, call("Min", x, ZERO))))


def _two_sided_slope(x: Node, a: Node, b: Node) -> Node:
    """b·σ(x) - a·σ(-x)."""
    return div(call("minus", mul(b, rising(x)), mul(a, falling(x))), add(ONE, shrunk(x)))


def _tanh_softplus_parts(x: Node) -> tuple[Node, Node]:
    """(N, D) with tanh(softplus(x)) = N/D: N = E²/2 + E, D = N + 1 for x < 0, divided by exp(2x) for x ≥ 0."""
    p, q = rising(x), falling(x)
    n = mul(p, add(mul(HALF, p), q))
    return n, add(n, power(q, TWO))


def _tanh_softplus(x: Node) -> Node:
    n, d = _tanh_softplus_parts(x)
    return div(n, d)


def _tanh_softplus_slope(x: Node) -> Node:
    _, d = _tanh_softplus_parts(x)
    e = shrunk(x)
    return div(mul(e, add(ONE, e), falling(x)), power(d, TWO))


def _mish_slope(x: Node) -> Node:
    plain = add(call("tanh_softplus", x), mul(call("finite", x), call("tanh_softplus_slope", x)))
    return call("mish_slope_at", x, plain)


def _mish_slope_reference(mp, x):
    return mp.tanh(mp.log1p(mp.exp(x))) + x * mp.sech(mp.log1p(mp.exp(x))) ** 2 / (1 + mp.exp(-x))


def _mish_curvature(args: tuple[Node, ...], value: Node) -> Node:
    """2 T' + x T'' with T = tanh(softplus(x))."""
    (x,) = args
    bend = sub(sub(ONE, call("sigmoid", x)), mul(TWO, call("tanh_softplus", x), call("sigmoid", x)))
    return mul(call("tanh_softplus_slope", x), add(TWO, mul(call("finite", x), bend)))


ROWS = (
    Function(
        "sigmoid",
        1,
        (lambda a, v: call("sigmoid_slope", _unsigned(a[0])),),
        Expansion(_sigmoid),
        15,
        lambda mp, x: 1 / (1 + mp.exp(-x)),
        r"\sigma\left({0}\right)",
        range=(0.0, 1.0),
    ),
    Function(
        "sigmoid_slope",
        1,
        (lambda a, v: neg(mul(v, call("tanh", mul(HALF, a[0])))),),
        Expansion(_sigmoid_slope),
        14,
        lambda mp, x: mp.exp(-x) / (1 + mp.exp(-x)) ** 2,
        r"\sigma'\left({0}\right)",
        range=(0.0, 0.25),
    ),
    Function(
        "over_growth",
        3,
        (),
        Kernel("_over_growth"),
        4,
        lambda mp, v, x, divisor: v / (1 + mp.exp(x)),
        r"\frac{{{0}}}{{1 + e^{{{1}}}}}",
        domain=((-inf, inf), (-inf, inf), (1.0, inf)),
        notes="v/divisor with divisor = 1 + exp(x) known; made when code is written, never differentiated",
    ),
    Function(
        "softplus",
        1,
        (lambda a, v: call("sigmoid", a[0]),),
        Expansion(_softplus),
        20,
        lambda mp, x: mp.log1p(mp.exp(x)),
        r"\operatorname{{softplus}}\left({0}\right)",
        range=(0.0, inf),
    ),
    Function(
        "shifted_softplus",
        1,
        (lambda a, v: call("sigmoid", a[0]),),
        Kernel("_shifted_softplus"),
        22,
        lambda mp, x: mp.log1p(mp.expm1(x) / 2),
        r"\left(\operatorname{{softplus}}\left({0}\right) - \log 2\right)",
        range=(-0.6931471805599454, inf),
    ),
    Function(
        "log_sigmoid",
        1,
        (lambda a, v: call("sigmoid", neg(a[0])),),
        Expansion(_log_sigmoid),
        20,
        lambda mp, x: -mp.log1p(mp.exp(-x)),
        r"\log\sigma\left({0}\right)",
        range=(-inf, 0.0),
    ),
    Function(
        "logistic_entropy",
        1,
        (lambda a, v: neg(mul(call("finite", a[0]), call("sigmoid_slope", a[0]))),),
        Expansion(_logistic_entropy),
        22,
        lambda mp, x: mp.log1p(mp.exp(-abs(x))) + abs(x) / (1 + mp.exp(abs(x))),
        r"\left(\operatorname{{softplus}}\left({0}\right) - {0}\,\sigma\left({0}\right)\right)",
        range=(0.0, 0.6931471805599454),
    ),
    Function(
        "tanh",
        1,
        (lambda a, v: call("tanh_slope", a[0]),),
        Ufunc("np.tanh"),
        8,
        lambda mp, x: mp.tanh(x),
        r"\tanh\left({0}\right)",
        range=(-1.0, 1.0),
    ),
    Function(
        "tanh_slope",
        1,
        (lambda a, v: mul(number(-2), call("tanh", a[0]), v),),
        Expansion(lambda x: call("tanh_slope_at", x, call("tanh", x))),
        6,
        lambda mp, x: mp.sech(x) ** 2,
        r"\operatorname{{sech}}^2\left({0}\right)",
        range=(0.0, 1.0),
    ),
    Function(
        "tanh_slope_at",
        2,
        (),
        Kernel("_tanh_slope_at"),
        4,
        lambda mp, x, t: mp.sech(x) ** 2,
        r"\left(1 - {1}^2\right)",
        domain=((-inf, inf), (-1.0, 1.0)),
        notes="1 - t² with t = tanh(x) known; made when code is written, never differentiated",
    ),
    Function(
        "tanhshrink",
        1,
        (lambda a, v: power(call("tanh", a[0]), TWO),),
        Kernel("_tanhshrink"),
        14,
        lambda mp, x: x - mp.tanh(x),
        r"\left({0} - \tanh\left({0}\right)\right)",
    ),
    Function(
        "log_cosh",
        1,
        (lambda a, v: call("tanh", a[0]),),
        Kernel("_log_cosh"),
        20,
        lambda mp, x: mp.log(mp.cosh(x)),
        r"\log\cosh\left({0}\right)",
        range=(0.0, inf),
    ),
    Function(
        "tanh_softplus",
        1,
        (lambda a, v: call("tanh_softplus_slope", a[0]),),
        Expansion(_tanh_softplus),
        22,
        lambda mp, x: mp.tanh(mp.log1p(mp.exp(x))),
        r"\tanh\left(\operatorname{{softplus}}\left({0}\right)\right)",
        range=(0.0, 1.0),
    ),
    Function(
        "tanh_softplus_slope",
        1,
        (lambda a, v: mul(v, sub(sub(ONE, call("sigmoid", a[0])), mul(TWO, call("tanh_softplus", a[0]), call("sigmoid", a[0])))),),
        Expansion(_tanh_softplus_slope),
        24,
        lambda mp, x: mp.sech(mp.log1p(mp.exp(x))) ** 2 / (1 + mp.exp(-x)),
        r"\left(\tanh\circ\operatorname{{softplus}}\right)'\left({0}\right)",
        range=(0.0, 1.0),
    ),
    Function(
        "mish_slope",
        1,
        (_mish_curvature,),
        Expansion(_mish_slope),
        30,
        _mish_slope_reference,
        r"\operatorname{{mish}}'\left({0}\right)",
        range=(-0.2, 1.1),
        notes="the slope of x tanh(softplus(x))",
    ),
    Function(
        "mish_slope_at",
        2,
        (),
        Kernel("_mish_slope_at"),
        4,
        lambda mp, x, y: _mish_slope_reference(mp, x),
        r"\operatorname{{mish}}'\left({0}\right)",
        domain=((-inf, inf), (-0.2, 1.1)),
        notes="y, but near its root; made when code is written, never differentiated",
    ),
    Function(
        "finite",
        1,
        (lambda a, v: ONE,),
        Kernel("_finite"),
        1,
        lambda mp, x: x,
        r"{0}",
        notes="an infinity becomes the largest finite number, so that its product with 0 is 0",
    ),
    Function(
        "within",
        2,
        (lambda a, v: ONE, lambda a, v: ZERO),
        Kernel("_within"),
        1,
        lambda mp, x, c: x,
        r"{0}",
        domain=((-1.0, 1.0), (1.0, inf)),
        notes="x clipped to -c … c where nothing depends on it beyond: a function at its limit, a branch not taken",
    ),
    Function(
        "at_most",
        2,
        (lambda a, v: ONE, lambda a, v: ZERO),
        Ufunc("np.minimum"),
        1,
        lambda mp, x, c: x,
        r"{0}",
        domain=((-inf, 1.0), (1.0, inf)),
        notes="x kept below c where nothing depends on it above: what is made of it is at its limit",
    ),
    Function(
        "finite_below",
        1,
        (lambda a, v: ONE,),
        Kernel("_finite_below"),
        1,
        lambda mp, x: x,
        r"{0}",
        notes="-oo becomes the least finite number, so that its product with 0 is 0",
    ),
    Function(
        "two_sided_softplus",
        3,
        (
            lambda a, v: call("two_sided_slope", *a),
            lambda a, v: call("softplus", neg(a[0])),
            lambda a, v: call("softplus", a[0]),
        ),
        Expansion(_two_sided),
        26,
        lambda mp, x, a, b: a * mp.log1p(mp.exp(-x)) + b * mp.log1p(mp.exp(x)),
        r"\left({1}\,\operatorname{{softplus}}\left(-{0}\right) + {2}\,\operatorname{{softplus}}\left({0}\right)\right)",
        domain=((-inf, inf), (0.0, inf), (0.0, inf)),
    ),
    Function(
        "two_sided_slope",
        3,
        (
            lambda a, v: mul(add(a[1], a[2]), call("sigmoid_slope", a[0])),
            lambda a, v: neg(call("sigmoid", neg(a[0]))),
            lambda a, v: call("sigmoid", a[0]),
        ),
        Expansion(_two_sided_slope),
        20,
        lambda mp, x, a, b: b / (1 + mp.exp(-x)) - a / (1 + mp.exp(x)),
        r"\left({2}\,\sigma\left({0}\right) - {1}\,\sigma\left(-{0}\right)\right)",
        domain=((-inf, inf), (0.0, inf), (0.0, inf)),
    ),
)
