"""Kernels of quotients."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _bernoulli_gap(p, t):
    """(p - t)/(p (1 - p)); at p = t = 0 and p = t = 1 the limits 1 and -1."""
    top, bottom = np.broadcast_arrays(p - t, p * (1 - p))
    both = (top == 0) & (bottom == 0)
    return np.where(
        both, 1 - 2 * p, np.divide(top, bottom, out=np.zeros_like(bottom), where=~both)
    )
