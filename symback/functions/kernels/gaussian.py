"""Kernels of the error function and the normal distribution."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np
from scipy import special

from symback.functions.kernels.choices import _select


def _gauss(x, out=None):
    """exp(-x*x); beyond 2 with x split in two, since rounding x*x would cost digits."""
    z = np.asarray(x.clip(-28, 28))
    y = np.asarray(np.exp(-(z * z), out=out), order="C")
    tail = np.flatnonzero(y < 0.02)
    if tail.size:
        far = z.take(tail)
        head = np.rint(32 * far) / 32
        far = np.exp(-head * head) * np.exp((head - far) * (head + far))
        y.reshape(-1)[tail] = far
    return y


def _half_gauss(x):
    """exp(-x*x/2); beyond 3 with x split in two, since rounding x*x would cost digits."""
    z = x.clip(-39, 39)
    y = np.asarray(np.exp(-0.5 * (z * z)))
    tail = y < 0.01
    far = np.asarray(z)[tail]
    if far.size:
        head = np.rint(32 * far) / 32
        y[tail] = np.exp(-0.5 * head * head) * np.exp(0.5 * (head - far) * (head + far))
    return y


def _erf(x):
    """The error function."""
    return special.erf(x).astype(np.result_type(x), copy=False)


def _erfc(x):
    """1 - erf(x), beyond 1/2 as exp(-x*x) erfcx(x)."""
    x = np.asarray(x)
    y = np.asarray(1 - special.erf(x).astype(x.dtype, copy=False))
    tail = x > 0.5
    far = x[tail]
    if far.size:
        y[tail] = _gauss(far) * special.erfcx(far)
    return y


def _erfcx(x):
    """exp(x*x) erfc(x); in double precision below 1/2 by erf, which is closer there."""
    y = np.asarray(special.erfcx(x).astype(np.result_type(x), copy=False))
    near = np.abs(x) < 0.5 if y.dtype == np.float64 else np.zeros(y.shape, bool)
    u = np.asarray(x)[near]
    if u.size:
        y[near] = np.exp(u * u) * (1 - special.erf(u))
    return y


def _erfcx_by_sum(x):
    """exp(x*x) erfc(x); in double precision from 0.4 to 2.5 closer than special.erfcx is.

    It is the trapezoidal sum of exp(-t*t) x/(pi (x*x + t*t)) by steps of 1/2, less a
    residue (Matta and Reichel 1971).
    """
    y = _erfcx(x)
    if y.dtype == np.float64:
        part = (x >= 0.4) & (x < 2.5)
        u = x[part]
        square, total = u * u, np.zeros_like(u)
        for k in range(11, 0, -1):
            total += np.exp(-0.25 * k * k) / np.pi / (square + 0.25 * k * k)
        residue = 2 * np.exp(square) / np.expm1(12.566370614359172 * u)
        y[part] = u * total + 0.15915494309189535 / u - residue
    return y


def _erfcx_tail(x):
    """1/(sqrt(pi) erfcx(x)) - x for x > 1, by its continued fraction."""
    tail = 0 * x
    for k in range(130 if np.finfo(x.dtype).eps < 1e-8 else 30, 0, -1):
        tail = 0.5 * k / (x + tail)
    return tail


def _erfcx_slope(x):
    """2 x erfcx(x) - 2/sqrt(pi), beyond 1.25 by what is left of it."""
    x = np.asarray(x)
    z = np.minimum(x, 2)
    y = np.asarray(2 * z * _erfcx(z) - 1.1283791670955126)
    far = x[x > 1.25]
    if far.size:
        far = np.minimum(far, np.finfo(x.dtype).max)
        tail = _erfcx_tail(far)
        y[x > 1.25] = -1.1283791670955126 * (tail / (far + tail))
    return y


def _ndtr_at(x, g):
    """The normal distribution function with g = exp(-x*x/2): the tail beyond |x|, or what it leaves of 1."""
    size = np.abs(x)
    if x.itemsize < 8:
        tail = special.ndtr(-size).astype(x.dtype, copy=False)
    else:
        tail = 0.5 * g * _erfcx(0.7071067811865476 * size)
    return np.abs((x >= 0) - tail)


def _mills(x):
    """erfcx(|x|/sqrt(2)): the normal distribution beyond |x|, over half its density's shape exp(-x*x/2)."""
    size = np.minimum(np.abs(x), 1 / np.finfo(x.dtype).eps)
    return _erfcx_by_sum(0.7071067811865476 * size)


def _log_ndtr_at(x, g, tail):
    """log of the normal distribution function with g = exp(-x*x/2) and tail = erfcx(|x|/sqrt(2)), for x < 0 as log(tail/2) - x*x/2."""
    below = np.minimum(x, 0)
    low = np.log(0.5 * tail) - 0.5 * below * below
    return _select(x < 0, low, np.log1p(-0.5 * g * tail))


def _hazard_at(x, g, tail):
    """The normal density over its distribution function with g = exp(-x*x/2) and tail = erfcx(|x|/sqrt(2)): sqrt(2/pi)/tail for x < 0."""
    near = 0.3989422804014327 * g / (1 - 0.5 * g * tail)
    y = _select(x < 0, 0.7978845608028654 / tail, near)
    return np.maximum(y, -x)


def _hazard(x):
    """The normal density over its distribution function."""
    return _hazard_at(x, _half_gauss(x), _mills(x))


def _erf_over_slope(x):
    """The slope of erf(x)/x, by its series where it cancels."""
    x = np.asarray(x)
    near = np.abs(x) < 1
    u = np.where(near, 1, x)
    y = np.asarray((1.1283791670955126 * _gauss(u) - _erf(u) / u) / u)
    s = x[near]
    if s.size:
        total = 0.0
        for k in range(19 if np.finfo(x.dtype).eps < 1e-8 else 11, 0, -1):
            total = 2 * k / (2 * k + 1) - total * s * s / (k + 1)
        y[near] = -1.1283791670955126 * s * total
    return y


def _hazard_slope(x):
    """-h (x + h) with h the hazard, below -2 by what is left of the sum."""
    x = np.asarray(x)
    z = np.clip(x, -1 / np.finfo(x.dtype).eps, 40)
    h = _hazard(z)
    y = np.asarray(-h * (z + h))
    low = z < -2
    u = -0.7071067811865476 * z[low]
    if u.size:
        tail = _erfcx_tail(u)
        y[low] = -2 * tail * (u + tail)
    return y
