"""Kernels of sums over stretches of an axis: each is a slice."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _stretch_sums(x, first, last, axis):
    """The sums of x from first[i] to last[i] along an axis, for each i."""
    shape = list(x.shape)
    shape[axis] = len(first)
    sums = np.empty(shape, x.dtype)
    rows, out = np.moveaxis(x, axis, 0), np.moveaxis(sums, axis, 0)
    for i, (start, stop) in enumerate(_ends_within(first, last, len(rows))):
        out[i] = rows[start:stop].sum(axis=0)
    return sums


def _spread_over_stretches(values, first, last, size, axis):
    """values[i] added to the places from first[i] to last[i] of an axis of this size; what nothing has reached is 0, and assigned."""
    shape = list(values.shape)
    shape[axis] = size
    total = np.zeros(shape, values.dtype)
    places, values = np.moveaxis(total, axis, 0), np.moveaxis(values, axis, 0)
    ends, reached = _ends_within(first, last, size), 0
    for value, (start, stop) in zip(values, ends, strict=True):
        new = min(max(start, reached), stop)
        places[start:new] += value
        places[new:stop] = value
        reached = max(reached, stop)
    return total


def _ends_within(first, last, size):
    """Where the stretches within an axis of this size start and stop."""
    return zip(np.clip(first, 0, size), np.clip(last + 1, 0, size), strict=True)
