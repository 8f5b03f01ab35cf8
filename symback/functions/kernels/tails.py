"""Kernels of what is summed from a place on, of what also depends on the place: one pass each way."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _running_softmax_tail(c, x, axis):
    """The sums over i >= j of c[i] exp(x[j]) / sum(exp(x[:i + 1])) along an axis, in one pass each way."""
    x, c = np.moveaxis(x, axis, 0), np.moveaxis(c, axis, 0)
    top = np.maximum.accumulate(x)
    if np.isfinite(top[:1]).all() and np.isfinite(top[-1:]).all():
        shift, e = top, np.exp(x - top)
    else:
        shift = np.where(np.isfinite(top), top, 0)
        e = np.exp(np.where(np.isposinf(x), 0, x - shift))
    down = np.exp(shift[:-1] - shift[1:])
    total, share, tail = np.empty_like(x), np.zeros_like(x), np.array(c)
    total[:1] = e[:1]
    for i in range(1, len(x)):
        before, here = slice(i - 1, i), slice(i, i + 1)
        np.multiply(total[before], down[before], out=share[before])
        np.add(share[before], e[here], out=total[here])
    positive = total > 0
    np.divide(share[:-1], total[1:], out=share[:-1], where=positive[1:])
    for i in range(len(x) - 2, -1, -1):
        tail[i] += share[i] * tail[i + 1]
    return np.moveaxis(
        tail * np.divide(e, total, out=np.zeros_like(x), where=positive), 0, axis
    )


def _product_tail(c, x, axis):
    """The sums over i >= j of c[i] times the product of x[:i + 1] without x[j] along an axis, in one pass each way."""
    x, c = np.moveaxis(x, axis, 0), np.moveaxis(c, axis, 0)
    before = np.ones_like(x)
    np.multiply.accumulate(x[:-1], out=before[1:])
    tail = np.array(c)
    for i in range(len(x) - 2, -1, -1):
        tail[i] += x[i + 1] * tail[i + 1]
    return np.moveaxis(
        np.multiply(before, tail, out=np.zeros_like(x), where=before != 0), 0, axis
    )


def _running_extremum_tail(c, x, y, axis):
    """The sums over i >= j of c[i] where x[j] is y[i], over how many are, for y the max or min of x so far along an axis.

    They are sums over stretches that begin where x meets y; a stretch that begins at a tie belongs to those before it too.
    """
    c, x, y = (np.moveaxis(v, axis, -1) for v in (c, x, y))
    tied, new = x == y, np.ones(x.shape, bool)
    np.not_equal(y[..., 1:], y[..., :-1], out=new[..., 1:])
    first = np.flatnonzero(tied | new)
    tied, new = tied.reshape(-1)[first], new.reshape(-1)[first]
    tail = np.zeros(x.size, c.dtype)
    if x.size:
        sums = np.add.reduceat(c.reshape(-1), first)
        if not new.all():
            met = np.cumsum(tied)
            rank = met - np.maximum.accumulate(np.where(new, met - tied, 0))
            sums = sums / np.maximum(rank, 1).astype(c.dtype)
            for k in range(rank.max(), 1, -1):
                later = np.flatnonzero(rank == k)
                sums[later - 1] += sums[later]
        tail[first] = np.where(tied, sums, 0)
    return np.moveaxis(tail.reshape(x.shape), -1, axis)
