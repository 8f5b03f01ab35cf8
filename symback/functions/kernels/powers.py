"""Kernels of x**p."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
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


def _over(a, b):
    """a / b, and 0 where a is 0: in the chain rule 0·∞ is 0."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(a == 0, 0, a / b)
