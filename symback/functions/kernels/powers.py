"""Kernels of x**p."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import math

import numpy as np


def _pow_slope_at(x, p, y):
    """p x**(p - 1) with y = x**p: p y/x where y is a normal number, else by another power."""
    x, p, y = np.broadcast_arrays(x, p, y)
    info = np.finfo(y.dtype)
    size = np.abs(y)
    normal = (size >= info.tiny) & (size <= info.max)
    slope = np.asarray(np.divide(y, x, out=np.zeros_like(y), where=normal) * p)
    u, v = x[~normal], p[~normal]
    if u.size:
        slope[~normal] = v * np.power(u, v - 1)
    return slope


def _powm1(x, p):
    """x**p - 1, near 1 by expm1 and the logarithm; a Python number counts in double, and two numbers are worked out in it."""
    dtype = np.result_type(x, p)
    if np.ndim(x) == np.ndim(p) == 0 and x > 0 and dtype.itemsize <= 8:
        exponent = float(p) * math.log(x)
        if abs(exponent) < 0.5:
            return dtype.type(math.expm1(exponent))
        if exponent < 80:
            return dtype.type(float(x) ** float(p) - 1)
    x = np.asarray(x)
    exponent = p * np.log(np.where(x > 0, x, 2))
    near = (x > 0) & (np.abs(exponent) < 0.5)
    power = np.power(x, np.where(near, 1, p)) - 1
    return np.where(near, np.expm1(np.where(near, exponent, 0)), power).astype(dtype)


def _pow1pm1(x, p):
    """(1 + x)**p - 1, where x is small or the power near 1 by expm1 and log1p."""
    dtype = np.result_type(x, p)
    exponent = p * np.log1p(np.maximum(x, -0.75))
    near = (x > -0.75) & ((np.abs(x) < 0.5) | (np.abs(exponent) < 0.5))
    power = np.power(1 + x, np.where(near, 1, p)) - 1
    return np.where(near, np.expm1(np.where(near, exponent, 0)), power).astype(dtype)


def _over(a, b):
    """a / b, and 0 where a is 0: in the chain rule 0·∞ is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a == 0, 0, a / b)
