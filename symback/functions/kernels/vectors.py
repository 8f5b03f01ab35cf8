"""Kernels over an axis."""

import numpy as np


def _exponentials(x, axis):
    """exp(x - max) along an axis, the sum of all but the largest entry, and the max.

    A row of -inf gives zeros; an infinite maximum stands for its limit.
    """
    index = x.argmax(axis=axis, keepdims=True)
    top = np.take_along_axis(x, index, axis=axis)
    if np.isfinite(top).all():
        e = np.exp(x - top)
    else:
        shift = np.where(np.isneginf(top), 0, top)
        e = np.exp(np.subtract(x, shift, out=np.zeros_like(x), where=x != shift))
    np.put_along_axis(e, index, 0, axis=axis)
    rest = e.sum(axis=axis)
    np.put_along_axis(e, index, np.where(np.isneginf(top), 0, 1), axis=axis)
    return e, rest, top.squeeze(axis)
