"""Kinds of numbers that a program can be evaluated over: float64, extended and complex."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

Function = Callable[..., np.ndarray]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """A dtype, how an exact number enters it, and its functions by their name in the language.

    `real` gives what comparisons see. `power` and `sqrt` answer NaN outside their domain, and infinity for a division by 0.
    """

    name: str
    dtype: np.dtype
    number: Callable[[Fraction], object]
    functions: Mapping[str, Function]
    power: Function
    sqrt: Function
    real: Function
    pi: object
    infinity: object

    def array(self, values: np.ndarray) -> np.ndarray:
        """The values, exactly, as an array of this kind."""
        if self.dtype != np.dtype(object):
            return np.asarray(values).astype(self.dtype)
        out = np.empty(np.shape(values), object)
        flat = np.asarray(values).reshape(-1)
        for k in range(flat.size):
            out.reshape(-1)[k] = self.number(flat[k])
        return out


def _each(function: Callable[[float], float], dtype: type) -> Function:
    """A function of floats applied to each element."""
    many = np.frompyfunc(lambda v: function(float(v)), 1, 1)
    return lambda x: np.asarray(many(x)).astype(dtype)


def _fixed(dtype: type, number: Callable[[Fraction], object]) -> Arithmetic:
    functions: dict[str, Function] = {name: getattr(np, name) for name in _NUMPY_NAMES}
    functions |= {new: getattr(np, old) for new, old in _RENAMED.items()}
    functions |= {
        "Abs": np.abs,
        "sign": np.sign,
        "round": np.round,
        "ceiling": np.ceil,
        "floor": np.floor,
        "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
        "softplus": lambda x: np.logaddexp(x, np.zeros_like(x)),
        "difference": lambda x, y: np.where(x == y, np.zeros((), dtype), x - y),  # of equal infinities 0
        "erf": _each(math.erf, dtype),
        "erfc": _each(math.erfc, dtype),
        "loggamma": _each(_lgamma, dtype),
        "digamma": _each(_digamma, dtype),
        "polygamma": np.frompyfunc(lambda n, x: _polygamma(int(n), float(x)), 2, 1),
        "exp_moment": _exp_moment,
        "spherical_bessel": _spherical_bessel,
    }
    return Arithmetic(
        name=np.dtype(dtype).name,
        dtype=np.dtype(dtype),
        number=number,
        functions=functions,
        power=np.power,
        sqrt=np.sqrt,
        real=lambda x: x,
        pi=number(Fraction(3141592653589793238462643383279502884197, 10**39)),
        infinity=dtype(np.inf),
    )


def _polygamma(n: int, x: float) -> float:
    """ψ⁽ⁿ⁾(x), n ≥ 1: recurrence up to 20, then the asymptotic series (Abramowitz & Stegun 6.4.6, 6.4.11); reflection below 0."""
    if math.isnan(x) or x == -math.inf or (x <= 0 and x == math.floor(x)):
        return math.nan
    if x < 0:
        return (-1) ** n * _polygamma(n, 1 - x) - math.pi ** (n + 1) * _cotangent_slope(n, 1 / math.tan(math.pi * (x % 1)))
    below, sign = 0.0, (-1) ** (n + 1)
    while x < 20:
        below += math.factorial(n) / x ** (n + 1)
        x += 1
    series = math.factorial(n - 1) / x**n + math.factorial(n) / (2 * x ** (n + 1))
    for k, bernoulli in enumerate((1 / 6, -1 / 30, 1 / 42, -1 / 30, 5 / 66, -691 / 2730, 7 / 6), 1):
        series += bernoulli * math.factorial(2 * k + n - 1) / (math.factorial(2 * k) * x ** (2 * k + n))
    return sign * (below + series)


def _cotangent_slope(n: int, cotangent: float) -> float:
    """The n-th derivative of cot, a polynomial in cot: d/dx P(cot x) = -(1 + cot² x)·P'(cot x)."""
    slope = np.polynomial.Polynomial([0, 1])
    for _ in range(n):
        slope = -np.polynomial.Polynomial([1, 0, 1]) * slope.deriv()
    return float(slope(cotangent))


def _exp_moment(n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """∫ tⁿ exp(x·t) dt over 0 … 1, by Gauss and Legendre's rule."""
    at, weight = (_NODES + 1) / 2, _WEIGHTS / 2
    return (weight * at ** n[..., None] * np.exp(x[..., None] * at)).sum(axis=-1)


def _spherical_bessel(n: np.ndarray, x: np.ndarray) -> np.ndarray:
    """jₙ(x), by Poisson's integral (DLMF 10.54.1)."""
    scale = x**n / _each(lambda k: 2 ** (k + 1) * math.gamma(k + 1), x.dtype)(n)
    return scale * (_WEIGHTS * np.cos(x[..., None] * _NODES) * (1 - _NODES**2) ** n[..., None]).sum(axis=-1)


_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(32)
_NUMPY_NAMES = ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh")
_RENAMED = {
    "asin": "arcsin",
    "acos": "arccos",
    "atan": "arctan",
    "atan2": "arctan2",
    "asinh": "arcsinh",
    "acosh": "arccosh",
    "atanh": "arctanh",
}

ANALYTIC = frozenset({*_NUMPY_NAMES, *_RENAMED, "sigmoid", "softplus"} - {"atan2"})
"""The functions that the complex arithmetic has."""


def _lgamma(x: float) -> float:
    if math.isnan(x) or x == -math.inf:
        return math.nan
    return math.inf if x <= 0 and x == math.floor(x) else math.lgamma(x)


def _digamma(x: float) -> float:
    """ψ(x): recurrence up to 12, then the asymptotic series (Abramowitz & Stegun 6.3.18); reflection below 0."""
    if math.isnan(x) or x == -math.inf or (x <= 0 and x == math.floor(x)):
        return math.nan
    if x < 0:
        return _digamma(1 - x) - math.pi / math.tan(math.pi * (x % 1))
    below = 0.0
    while x < 12:
        below += 1 / x
        x += 1
    s = 1 / (x * x)
    tail = s * (1 / 12 - s * (1 / 120 - s * (1 / 252 - s * (1 / 240 - s * (1 / 132 - s * 691 / 32760)))))
    return math.log(x) - 0.5 / x - tail - below


def double() -> Arithmetic:
    """IEEE double precision."""
    return _fixed(np.float64, lambda v: np.float64(_nearest(v)))


def extended() -> Arithmetic:
    """The widest hardware float: 80 bits on x86, elsewhere maybe no wider than a double."""
    return _fixed(np.longdouble, _long)


def _nearest(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _long(value: Fraction) -> np.longdouble:
    head = _nearest(value)
    if math.isinf(head):
        return np.longdouble(head)
    return np.longdouble(head) + np.longdouble(_nearest(Fraction(value) - Fraction(head)))


def complex_numbers() -> Arithmetic:
    """Complex doubles, for the functions that are analytic; comparisons, and functions that are not, see the real part."""
    functions: dict[str, Function] = {name: _of_real_parts(f) for name, f in double().functions.items()}
    functions |= {n: getattr(np, n) for n in _NUMPY_NAMES}
    functions |= {new: getattr(np, old) for new, old in _RENAMED.items() if new != "atan2"}
    functions |= {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "softplus": _complex_softplus}
    return Arithmetic(
        name="complex128",
        dtype=np.dtype(np.complex128),
        number=lambda v: np.complex128(_nearest(v)),
        functions=functions,
        power=np.power,
        sqrt=np.sqrt,
        real=np.real,
        pi=np.complex128(np.pi),
        infinity=np.complex128(np.inf),
    )


def _of_real_parts(function: Function) -> Function:
    return lambda *x: np.asarray(function(*(a.real for a in x))).astype(np.complex128)


def _complex_softplus(x: np.ndarray) -> np.ndarray:
    positive = x.real > 0
    return np.where(positive, x, 0) + np.log1p(np.exp(np.where(positive, -x, x)))
