"""Kernels of tanh and of clamped infinities."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _tanh_slope_at(x, t):
    """1 - t*t with t = tanh(x), by exp(-2|x|) where t is near 1 or -1."""
    y = np.asarray(1 - t * t, order="C")
    flat = y.reshape(-1)
    tail = np.flatnonzero(flat < 0.15)
    if tail.size:
        q = np.exp(-2 * np.abs(np.ravel(x)[tail]))
        d = 1 + q
        flat[tail] = 4 * q / (d * d)
    return y


def _tanhshrink(x):
    """x - tanh(x), by the continued fraction of tanh where it cancels."""
    x = np.asarray(x)
    y = np.asarray(x - np.tanh(x), order="C")
    near = np.flatnonzero(np.abs(x) < 0.8)
    if near.size:
        u = np.ravel(x)[near]
        s, w = u * u, 0.0
        for k in range(21 if np.finfo(x.dtype).eps < 1e-8 else 11, 1, -2):
            w = s / (k + w)
        y.reshape(-1)[near] = u * w / (1 + w)
    return y


def _log_cosh_at(x, t):
    """log(cosh(x)) with t = tanh(x): -log1p(-t*t)/2 near 0, |x| + log1p(exp(-2|x|)) - log 2 further out."""
    s = np.asarray(t * t, order="C")
    y = np.asarray(-0.5 * np.log1p(-np.minimum(s, 0.6)))
    tail = np.flatnonzero(s > 0.6)
    if tail.size:
        far = np.abs(np.ravel(x)[tail])
        y.reshape(-1)[tail] = far + (np.log1p(np.exp(-2 * far)) - 0.6931471805599453)
    return y


def _finite(x):
    """x, with the largest finite number in place of an infinity."""
    largest = np.finfo(x.dtype).max
    return x.clip(-largest, largest)


def _finite_below(x):
    """x, with the least finite number in place of minus infinity."""
    return np.maximum(x, np.finfo(x.dtype).min)


def _within(x, c):
    """x where it is used, -c to c, and a bound beyond."""
    return x.clip(-c, c)
