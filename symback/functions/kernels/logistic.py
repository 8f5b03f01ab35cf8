"""Kernels of tanh and of clamped infinities."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np

from symback.functions.kernels.exponential import _wider_at


def _tanh_slope_at(x, t, out=None):
    """1 - t*t with t = tanh(x), by exp(-2|x|) where t is near 1 or -1."""
    y = np.asarray(np.square(t, out=out), order="C")
    np.subtract(1, y, out=y)
    tail = np.flatnonzero(y < 0.15)
    if tail.size:
        q = np.exp(-2 * np.abs(np.take(x, tail)))
        d = 1 + q
        y.reshape(-1)[tail] = 4 * q / (d * d)
    return y


def _tanhshrink(x, out=None):
    """x - tanh(x), within -2.9 ... 2.9 by the continued fraction of tanh, in which nothing cancels."""
    x = np.asarray(x)
    u = np.asarray(x.clip(-2.9, 2.9))
    s = np.asarray(u * u, order="C")
    w = np.zeros_like(s)
    for k in range(25 if np.finfo(x.dtype).eps < 1e-8 else 15, 1, -2):
        np.divide(s, np.add(w, k, out=w), out=w)
    y = np.asarray(np.multiply(u, w / (1 + w), out=out), order="C")
    far = np.flatnonzero(np.abs(x) > 2.9)
    if far.size:
        v = x.take(far)
        y.reshape(-1)[far] = v - np.tanh(v)
    return y


def _log_cosh(x):
    """log(cosh(x)) as log(1 + 2 sinh(x/2)**2), far out as |x| - log(2)."""
    x = np.asarray(x)
    with np.errstate(over="ignore"):
        h = np.sinh(0.5 * x)
        y = np.asarray(np.log1p(2 * (h * h)))
    if y.size and y.max() > 70:
        far = y > 70
        y[far] = np.abs(x[far]) - 0.6931471805599453
    return y


def _shifted_softplus(x):
    """log(1 + exp(x)) - log 2, near 0 as log1p(expm1(x)/2)."""
    e = np.exp(-np.abs(x))
    y = np.asarray(np.maximum(x, 0) + (np.log1p(e) - 0.6931471805599453))
    near = np.abs(x) < 1.5
    u = np.asarray(x)[near]
    if u.size:
        y[near] = np.log1p(0.5 * np.expm1(u))
    return y


def _mish_slope_at(x, y):
    """y, the slope of x*tanh(softplus(x)), near its root in the next wider precision."""
    near = np.flatnonzero(np.abs(x + 1.1924312) < 0.125)
    if near.size:
        y = np.array(y, order="C")
        u = _wider_at(x, y, near)
        e = np.exp(u)
        n = e * (e + 2)
        y.reshape(-1)[near] = (n + 4 * e * (1 + e) * u / (n + 2)) / (n + 2)
    return y


def _finite(x):
    """x, with the largest finite number in place of an infinity."""
    largest = np.finfo(x.dtype).max
    return x.clip(-largest, largest)


def _finite_below(x):
    """x, with the least finite number in place of minus infinity."""
    least = np.finfo(x.dtype).min
    return x if x.min(initial=0) >= least else np.maximum(x, least)


def _within(x, c):
    """x where it is used, -c to c, and a bound beyond."""
    return x.clip(-c, c)
