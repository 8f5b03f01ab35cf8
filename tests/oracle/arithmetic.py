"""The numbers that the evaluator computes with: machine floats or mpmath's, real or complex.

A complex number is a real one with an infinitesimal part (the complex step): comparisons look at the real part, and every function is the
analytic continuation of the real one where it has one. Out of a function's domain the value is NaN, as in NumPy; nothing raises.
"""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction

import mpmath
import numpy as np
from scipy import special

DIGITS = 30
_mp = mpmath.MPContext()
_mp.dps = DIGITS


@dataclass(frozen=True)
class Arithmetic:
    """One kind of number: how to make one, divide, raise, and apply the scalar functions of the language by name."""

    name: str
    number: Callable
    infinity: object
    pi: object
    step: object
    divide: Callable
    power: Callable
    functions: dict[str, Callable]
    infinitesimal: Callable
    watch: Callable[[object], None] | None = None  # told how far each decision (a comparison, a corner, an extremum) is from turning


def _is_complex(x: object) -> bool:
    return isinstance(x, complex | _mp.mpc)


def _guarded(f: Callable, nan: object, domain: Callable | None = None) -> Callable:
    """`f`, with NaN where the real part leaves the domain or the function raises."""

    def apply(x: object) -> object:
        if domain is not None and not domain(x.real):
            return nan
        try:
            return f(x)
        except (ValueError, OverflowError, ZeroDivisionError):
            return nan

    return apply


def _dispatch(real: Callable, of_complex: Callable) -> Callable:
    return lambda x: of_complex(x) if isinstance(x, complex) else real(float(x))


def _float_exp(x: float) -> float:
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


def _complex_exp(x: complex) -> complex:
    try:
        return cmath.exp(x)
    except OverflowError:
        return complex(math.inf, math.nan)


def _numpy_complex(f: Callable) -> Callable:
    def apply(x: complex) -> complex:
        with np.errstate(all="ignore"):
            return complex(f(np.complex128(x)))

    return apply


def _kinks() -> dict[str, Callable]:
    """Functions with corners, alike for all numbers: the slope is that of the side, and 0 at the corner."""

    def absolute(x: object) -> object:
        if x.real == 0:
            return 0
        return x if x.real > 0 else -x

    return {
        "Abs": absolute,
        "sign": lambda x: (x.real > 0) - (x.real < 0),
        "relu": lambda x: x if x.real > 0 else 0 if x.real == -float("inf") else 0 * x.real,
        "stop_gradient": lambda x: x.real,
    }


def _sigmoid(exp: Callable) -> Callable:
    def apply(x: object) -> object:
        if x.real >= 0:
            return 1 / (1 + exp(-x))
        e = exp(x)
        return e / (1 + e)

    return apply


def _atan2(atan: Callable, pi: object) -> Callable:
    def apply(y: object, x: object) -> object:
        if y.real == 0 and x.real == 0:
            return 0 * y.real
        if abs(x.real) >= abs(y.real):
            turn = 0 if x.real > 0 else (pi if y.real >= 0 else -pi)
            return atan(y / x) + turn
        return (pi / 2 if y.real > 0 else -pi / 2) - atan(x / y)

    return apply


def _integer_exponent(b: object) -> int | None:
    if _is_complex(b):
        return None
    return int(b) if b == b and abs(b) < 10**6 and b == int(b) else None


def _power(infinity: object, nan: object, general: Callable, to_number: Callable) -> Callable:
    def power(a: object, b: object) -> object:
        n = _integer_exponent(b)
        try:
            if n is not None:
                return a**n if n >= 0 else 1 / to_number(a) ** (-n)
            if a.real < 0:
                return nan
            return general(to_number(a), b)
        except ZeroDivisionError:
            return infinity
        except OverflowError:
            return infinity

    return power


def _divide(infinity: object, nan: object, to_number: Callable) -> Callable:
    def divide(a: object, b: object) -> object:
        try:
            return to_number(a) / b
        except ZeroDivisionError:
            return nan if a.real == 0 or a.real != a.real else (infinity if a.real > 0 else -infinity)

    return divide


def _machine() -> Arithmetic:
    nan = math.nan
    exp = _dispatch(_float_exp, _complex_exp)

    def log(x: object) -> object:
        if x == 0:
            return -math.inf
        if not x.real >= 0:
            return nan
        return cmath.log(x) if isinstance(x, complex) else math.log(x)

    def log1p(x: object) -> object:
        if x == -1:
            return -math.inf
        if not x.real >= -1:
            return nan
        return _numpy_complex(np.log1p)(x) if isinstance(x, complex) else math.log1p(x)

    def loggamma(x: object) -> object:
        if not isinstance(x, complex):
            return math.lgamma(x)
        if x.real > 0:
            return complex(special.loggamma(x))
        sine = cmath.sin(math.pi * x)
        return cmath.log(math.pi / (sine if sine.real > 0 else -sine)) - complex(special.loggamma(1 - x))

    def softplus(x: object) -> object:
        return x + log1p(exp(-x)) if x.real > 0 else log1p(exp(x))

    def number(x: object) -> object:
        if isinstance(x, complex):
            return x
        try:
            return float(x)
        except OverflowError:
            return math.inf if x > 0 else -math.inf

    table = {
        "exp": exp,
        "log": log,
        "log1p": log1p,
        "expm1": _dispatch(lambda x: math.expm1(x) if x < 709 else math.inf, _numpy_complex(np.expm1)),
        "sqrt": _guarded(_dispatch(math.sqrt, cmath.sqrt), nan, lambda r: r >= 0),
        "sin": _guarded(_dispatch(math.sin, cmath.sin), nan),
        "cos": _guarded(_dispatch(math.cos, cmath.cos), nan),
        "tan": _guarded(_dispatch(math.tan, cmath.tan), nan),
        "asin": _guarded(_dispatch(math.asin, cmath.asin), nan, lambda r: abs(r) <= 1),
        "acos": _guarded(_dispatch(math.acos, cmath.acos), nan, lambda r: abs(r) <= 1),
        "atan": _dispatch(math.atan, cmath.atan),
        "sinh": _guarded(_dispatch(math.sinh, cmath.sinh), nan),
        "cosh": _guarded(_dispatch(math.cosh, cmath.cosh), nan),
        "tanh": _dispatch(math.tanh, cmath.tanh),
        "asinh": _dispatch(math.asinh, cmath.asinh),
        "acosh": _guarded(_dispatch(math.acosh, cmath.acosh), nan, lambda r: r >= 1),
        "atanh": _guarded(_dispatch(math.atanh, cmath.atanh), nan, lambda r: abs(r) <= 1),
        "sigmoid": _sigmoid(exp),
        "softplus": softplus,
        "erf": _dispatch(math.erf, lambda x: complex(special.erf(x))),
        "erfc": _dispatch(math.erfc, lambda x: complex(special.erfc(x))),
        "loggamma": _guarded(loggamma, nan),
        "digamma": _dispatch(lambda x: float(special.digamma(x)), lambda x: complex(special.digamma(x))),
        "floor": lambda x: math.floor(x.real) if math.isfinite(x.real) else x.real,
        "ceiling": lambda x: math.ceil(x.real) if math.isfinite(x.real) else x.real,
        "round": lambda x: round(x.real) if math.isfinite(x.real) else x.real,
        "atan2": _atan2(_dispatch(math.atan, cmath.atan), math.pi),
        **_kinks(),
    }
    power = _power(math.inf, nan, lambda a, b: a**b, number)
    step = 1e-30
    return Arithmetic(
        "machine", number, math.inf, math.pi, step, _divide(math.inf, nan, number), power, table, lambda x, v: complex(x, v * step)
    )


def _high_precision() -> Arithmetic:
    mp, nan, step = _mp, _mp.nan, _mp.mpf(10) ** -40

    def number(x: object) -> object:
        if isinstance(x, Fraction):
            return mp.mpf(x.numerator) / x.denominator
        return mp.convert(x)

    def log(x: object) -> object:
        if x == 0:
            return -mp.inf
        return mp.log(x) if x.real >= 0 else nan

    def exp(x: object) -> object:
        if x.real == -mp.inf:
            return mp.zero
        if x.real > 1e8:
            return mp.inf
        return mp.exp(x)

    def loggamma(x: object) -> object:
        if x.real > 0:
            return mp.loggamma(x)
        return mp.log(mp.gamma(x) * mp.sign(mp.gamma(x.real)))

    def softplus(x: object) -> object:
        if x.real in (mp.inf, -mp.inf):
            return x if x.real > 0 else mp.zero
        return x + mp.log1p(exp(-x)) if x.real > 0 else mp.log1p(exp(x))

    def careful(f: Callable) -> Callable:
        """More digits for a complex argument: mpmath rounds these by the modulus, and the infinitesimal part must survive."""

        def apply(x: object) -> object:
            with mp.workdps(DIGITS + 60 if isinstance(x, mp.mpc) else DIGITS):
                return f(x)

        return apply

    def whole(f: Callable) -> Callable:
        return lambda x: int(f(x.real)) if mp.isfinite(x.real) else x.real

    table = {
        "exp": exp,
        "log": log,
        "log1p": lambda x: -mp.inf if x == -1 else (careful(mp.log1p)(x) if x.real >= -1 else nan),
        "expm1": careful(mp.expm1),
        "sqrt": _guarded(mp.sqrt, nan, lambda r: r >= 0),
        "sin": mp.sin,
        "cos": mp.cos,
        "tan": careful(mp.tan),
        "asin": _guarded(careful(mp.asin), nan, lambda r: abs(r) <= 1),
        "acos": _guarded(careful(mp.acos), nan, lambda r: abs(r) <= 1),
        "atan": careful(mp.atan),
        "sinh": careful(mp.sinh),
        "cosh": careful(mp.cosh),
        "tanh": careful(mp.tanh),
        "asinh": careful(mp.asinh),
        "acosh": _guarded(careful(mp.acosh), nan, lambda r: r >= 1),
        "atanh": _guarded(careful(mp.atanh), nan, lambda r: abs(r) <= 1),
        "sigmoid": _sigmoid(exp),
        "softplus": softplus,
        "erf": careful(mp.erf),
        "erfc": careful(mp.erfc),
        "loggamma": _guarded(careful(loggamma), nan),
        "digamma": _guarded(careful(mp.digamma), nan),
        "floor": whole(mp.floor),
        "ceiling": whole(mp.ceil),
        "round": whole(mp.nint),
        "atan2": _atan2(careful(mp.atan), mp.pi + 0),
        **_kinks(),
    }
    power = _power(mp.inf, nan, mp.power, number)
    return Arithmetic(
        "high precision",
        number,
        mp.inf,
        mp.pi + 0,
        step,
        _divide(mp.inf, nan, number),
        power,
        table,
        lambda x, v: mp.mpc(x, mp.convert(v) * step),
    )


MACHINE = _machine()
HIGH_PRECISION = _high_precision()


def watched(arithmetic: Arithmetic, watch: Callable[[object], None], pole: Callable[[object], None] = lambda x: None) -> Arithmetic:
    """The arithmetic that tells `watch` the margin of each decision, and `pole` each infinity and NaN that a function or a quotient gives."""

    def told(f: Callable, margin: Callable) -> Callable:
        def apply(x: object) -> object:
            watch(margin(x.real))
            return f(x)

        return apply

    def told_if_infinite(f: Callable) -> Callable:
        def apply(*args: object) -> object:
            value = f(*args)
            if not value.real - value.real == 0:
                pole(value)
            return value

        return apply

    def to_whole(r: object) -> object:
        return r - round(r) if r - r == 0 else 1

    def to_half(r: object) -> object:
        return to_whole(r + 0.5)

    margins = dict.fromkeys(("Abs", "sign", "relu"), lambda r: r) | {"floor": to_whole, "ceiling": to_whole, "round": to_half}
    margins |= dict.fromkeys(("acos", "asin"), lambda r: 1 - abs(r))  # where the slope is infinite, and a step further there is no value
    functions = {n: told(f, margins[n]) if n in margins else f for n, f in arithmetic.functions.items()}
    functions = {n: told_if_infinite(f) for n, f in functions.items()}
    divide, power = told_if_infinite(arithmetic.divide), told_if_infinite(arithmetic.power)
    return replace(arithmetic, functions=functions, watch=watch, divide=divide, power=power)
