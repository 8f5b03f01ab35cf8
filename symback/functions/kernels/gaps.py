"""Kernels of f(x)/x for functions that are 0 at 0, and of the slopes of these quotients."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _over_argument(y, x, limit):
    """y/x, with a limit where x is 0, and 0 where x is infinite."""
    plain = (x != 0) & np.isfinite(x)
    if plain.all():
        return y / x
    q = np.where(x == 0, limit, 0).astype(np.result_type(y, x))
    return np.divide(y, x, out=q, where=plain)


def _sinh_over(x):
    """sinh(x)/x with its limit at 0, by exp(x/2) twice so that it overflows no earlier than it must."""
    x = np.asarray(x)
    size = np.minimum(np.abs(x), 0.25 * np.finfo(x.dtype).max)
    u = np.maximum(size, 1)
    half = np.exp(0.5 * u)
    y = np.asarray(half * (half * (-np.expm1(-2 * u) / (2 * u))))
    near = size < 1
    s = x[near]
    if s.size:
        y[near] = _over_argument(np.sinh(s), s, 1)
    return y


def _sinh_over_slope(x):
    """The slope of sinh(x)/x, by its series where it cancels."""
    x = np.asarray(x)
    size = np.minimum(np.abs(x), 0.25 * np.finfo(x.dtype).max)
    u = np.maximum(size, 1)
    half, e = np.exp(0.5 * u), np.exp(-2 * u)
    y = half * (half * ((1 + e - (1 - e) / u) / (2 * u)))
    y = np.asarray(np.copysign(y, x))
    near = size < 1
    s = x[near]
    if s.size:
        total = 1.0
        for k in range(9 if np.finfo(x.dtype).eps < 1e-8 else 6, 0, -1):
            total = 1 + total * s * s / (2 * k * (2 * k + 3))
        y[near] = s * total / 3
    return y


def _tanh_over_slope(x):
    """The slope of tanh(x)/x, near 0 by the series of sinh(2x) - 2x."""
    x = np.asarray(x)
    near = np.abs(x) < 1
    u = np.where(near, 1, x)
    t = np.tanh(u)
    y = np.asarray(((1 - t) * (1 + t) - t / u) / u)
    s = x[near]
    if s.size:
        total = 1.0
        for k in range(11 if np.finfo(x.dtype).eps < 1e-8 else 7, 0, -1):
            total = 1 + total * 4 * s * s / ((2 * k + 2) * (2 * k + 3))
        y[near] = s * total / (-1.5 * np.square(np.cosh(s)))
    return y


def _tan_over_slope(x):
    """The slope of tan(x)/x, near 0 by the series of 2x - sin(2x)."""
    x = np.asarray(x)
    near = np.abs(x) < 0.75
    u = np.where(near, 1, x)
    t = np.tan(u)
    y = np.asarray((1 + t * t - t / u) / u)
    s = x[near]
    if s.size:
        total = 1.0
        for k in range(10 if np.finfo(x.dtype).eps < 1e-8 else 6, 0, -1):
            total = 1 - total * 4 * s * s / ((2 * k + 2) * (2 * k + 3))
        y[near] = s * total / (1.5 * np.square(np.cos(s)))
    return y


def _atan_over_slope(x):
    """The slope of arctan(x)/x, by its series where it cancels."""
    x = np.asarray(x)
    near = np.abs(x) < 0.5
    u = np.clip(np.where(near, 1, x), -np.finfo(x.dtype).max, np.finfo(x.dtype).max)
    y = np.asarray((1 / (1 / u + u) - np.arctan(u)) / u / u)
    s = x[near]
    if s.size:
        total = 0.0
        for k in range(26 if np.finfo(x.dtype).eps < 1e-8 else 12, 0, -1):
            total = 2 * k / (2 * k + 1) - total * s * s
        y[near] = -s * total
    return y


def _atanh_over_slope(x):
    """The slope of artanh(x)/x, by its series where it cancels."""
    x = np.asarray(x)
    near = np.abs(x) < 0.5
    u = np.where(near, 0.5, x)
    y = np.asarray((1 / ((1 - u) * (1 + u)) - np.arctanh(u) / u) / u)
    s = x[near]
    if s.size:
        total = 0.0
        for k in range(26 if np.finfo(x.dtype).eps < 1e-8 else 12, 0, -1):
            total = 2 * k / (2 * k + 1) + total * s * s
        y[near] = s * total
    return y


def _asin_over_slope(x):
    """The slope of arcsin(x)/x, by its series where it cancels."""
    x = np.asarray(x)
    near = np.abs(x) < 0.5
    u = np.where(near, 0.5, x)
    y = np.asarray((1 / np.sqrt((1 - u) * (1 + u)) - np.arcsin(u) / u) / u)
    s = x[near]
    if s.size:
        total = 0.0
        for k in range(26 if np.finfo(x.dtype).eps < 1e-8 else 12, 0, -1):
            total = 2 * k / (2 * k + 1) + total * s * s * (2 * k + 1) / (2 * k + 2)
        y[near] = 0.5 * s * total
    return y


def _asinh_over_slope(x):
    """The slope of arsinh(x)/x, by its series where it cancels."""
    x = np.asarray(x)
    near = np.abs(x) < 0.5
    u = np.clip(np.where(near, 1, x), -np.finfo(x.dtype).max, np.finfo(x.dtype).max)
    y = np.asarray((1 / np.hypot(1, 1 / u) - np.abs(np.arcsinh(u))) / u / np.abs(u))
    s = x[near]
    if s.size:
        total = 0.0
        for k in range(26 if np.finfo(x.dtype).eps < 1e-8 else 12, 0, -1):
            total = 2 * k / (2 * k + 1) - total * s * s * (2 * k + 1) / (2 * k + 2)
        y[near] = -0.5 * s * total
    return y


def _log1p_over_slope(x):
    """The slope of log(1 + x)/x, by the series of log(1 + x) - x where it cancels."""
    x = np.asarray(x)
    near = np.abs(x) < 0.5
    u = np.clip(np.where(near, 1, x), -1, np.finfo(x.dtype).max)
    y = np.asarray((u / (1 + u) - np.log1p(u)) / u / u)
    s = x[near]
    if s.size:
        t, total = s / (2 + s), 0.0
        for k in range(17 if np.finfo(x.dtype).eps < 1e-8 else 8, 0, -1):
            total = 1 / (2 * k + 1) + total * t * t
        y[near] = (1 - 2 * t * total / (2 + s)) / (2 + s) - 1 / (1 + s)
    return y
