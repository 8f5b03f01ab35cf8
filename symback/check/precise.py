"""Arbitrary precision, through mpmath."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import mpmath
import numpy as np

from symback.evaluate.arithmetic import Arithmetic, Function


def high_precision(digits: int) -> Arithmetic:
    """Arithmetic that is `digits` decimal digits wide; arrays hold mpmath's objects."""
    context = mpmath.MPContext()
    context.dps = digits
    nan, mpf = context.nan, context.mpf

    def many(function: Callable, arity: int = 1) -> Function:
        def guarded(*values: object) -> object:
            if any(v != v for v in values):
                return nan
            try:
                out = function(*values)
            except (ValueError, ZeroDivisionError, OverflowError, NotImplementedError):
                return nan
            return out if isinstance(out, mpf) else nan

        return np.frompyfunc(guarded, arity, 1)

    def number(value: object) -> object:
        if isinstance(value, mpf):
            return value
        if isinstance(value, (bool, np.bool_)):
            return mpf(int(value))
        if isinstance(value, (int, np.integer)):
            return mpf(int(value))
        if isinstance(value, Fraction):
            return mpf(value.numerator) / value.denominator
        return mpf(float(value))

    return Arithmetic(
        name=f"{digits} digits",
        dtype=np.dtype(object),
        number=number,
        functions={name: many(f, 2 if name == "atan2" else 1) for name, f in _precise_functions(context).items()},
        power=many(_precise_power(context), 2),
        sqrt=many(lambda x: context.sqrt(x) if x >= 0 else nan),
        real=lambda x: x,
        pi=+context.pi,
        infinity=context.inf,
    )


def _precise_functions(c: object) -> dict[str, Callable]:
    def log(x: object) -> object:
        return -c.inf if x == 0 else c.log(x)

    def tanh(x: object) -> object:
        return c.sign(x) if c.isinf(x) else c.tanh(x)

    def expm1(x: object) -> object:
        return c.exp(x) - 1 if abs(x) > 1 else c.expm1(x)

    return {
        "exp": c.exp,
        "log": log,
        "log1p": lambda x: -c.inf if x == -1 else c.log(1 + x) if abs(x) > 0.5 else c.log1p(x),
        "expm1": expm1,
        "Abs": abs,
        "sign": c.sign,
        "sin": c.sin,
        "cos": c.cos,
        "tan": c.tan,
        "asin": c.asin,
        "acos": c.acos,
        "atan": c.atan,
        "atan2": lambda y, x: c.mpf(0) if x == 0 and y == 0 else c.atan2(y, x),
        "sinh": c.sinh,
        "cosh": c.cosh,
        "tanh": tanh,
        "asinh": c.asinh,
        "acosh": c.acosh,
        "atanh": c.atanh,
        "sigmoid": lambda x: 1 / (1 + c.exp(-x)),
        "softplus": lambda x: x + log(1 + c.exp(-x)) if x > 0 else (c.log1p(c.exp(x)) if not c.isinf(x) else c.mpf(0)),
        "erf": c.erf,
        "erfc": c.erfc,
        "loggamma": lambda x: c.inf if c.isinf(x) else c.re(c.loggamma(x)),
        "digamma": lambda x: c.inf if c.isinf(x) else c.digamma(x),
        "floor": c.floor,
        "ceiling": c.ceil,
        "round": c.nint,
    }


def _precise_power(c: object) -> Callable:
    def power(base: object, exponent: object) -> object:
        if base == 0 and exponent < 0:
            return c.inf
        return base**exponent

    return power
