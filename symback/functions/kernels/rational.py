"""Kernels of products and quotients."""

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


def _product_where(mask, a, b):
    """a·b where the mask holds, else 0, whatever a and b are there."""
    shape = np.broadcast_shapes(np.shape(mask), np.shape(a), np.shape(b))
    return np.multiply(a, b, out=np.zeros(shape, np.result_type(a, b)), where=mask)


def _share(a, b, dtype):
    """1 where a is larger than b, 0 where it is less, 1/2 where they are equal."""
    return np.where(a == b, np.dtype(dtype).type(0.5), b < a)
