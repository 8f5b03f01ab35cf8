"""Kernels of what is summed up to a place, and from a place on of what also depends on the place: one pass each way."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import itertools

import numpy as np


def _running_log_sum(x, axis):
    """log(sum(exp(x[:i + 1]))) for each i along an axis: the largest so far and log1p of the sum of the others, which is scaled as it moves;
    few rows, or short ones, by the one pass of logaddexp."""
    if x.size < max(32 * x.shape[axis], 131072):
        return np.logaddexp.accumulate(x, axis=axis)
    rows = np.ascontiguousarray(np.moveaxis(x, axis, 0))
    top = rows.copy()
    for before, here in itertools.pairwise(top):
        np.maximum(before, here, out=here)
    if not (np.isfinite(top[:1]).all() and np.isfinite(top[-1:]).all()):
        return np.logaddexp.accumulate(x, axis=axis)
    down = np.exp(top[:-1] - top[1:])
    rest = np.zeros_like(top)
    np.exp(np.minimum(rows[1:], top[:-1]) - top[1:], out=rest[1:])
    for (before, here), scale in zip(itertools.pairwise(rest), down, strict=True):
        here += before * scale
    return np.moveaxis(top + np.log1p(rest), 0, axis)


def _running_softmax_tail(c, x, axis):
    """The sums over i >= j of c[i] exp(x[j]) / sum(exp(x[:i + 1])) along an axis, in one pass each way.

    The scale moves with the place: a sum is at least 1, or 0 as long as all is -inf.
    """
    x, c = (np.moveaxis(v, axis, 0) for v in (x, c))
    shape, wide = x.shape, (len(x), np.prod(x.shape[1:], dtype=int))
    x, tail = x.reshape(wide), np.array(c, order="C").reshape(wide)
    top = np.empty_like(tail)
    top[:1] = x[:1]
    for (before, here), row in zip(itertools.pairwise(top), x[1:], strict=True):
        np.maximum(before, row, out=here)
    if np.isfinite(top[:1]).all() and np.isfinite(top[-1:]).all():
        shift, e = top, np.exp(x - top)
    else:
        shift = np.where(np.isfinite(top), top, 0)
        e = np.exp(np.where(np.isposinf(x), 0, x - shift))
    down = np.exp(shift[:-1] - shift[1:])
    total, share = np.empty_like(e), np.empty_like(down)
    total[:1] = e[:1]
    steps = zip(itertools.pairwise(total), e[1:], down, share, strict=True)
    for (before, here), entry, scale, part in steps:
        np.multiply(before, scale, out=part)
        np.add(part, entry, out=here)
    np.maximum(total, 1, out=total)
    share /= total[1:]
    steps = zip(share[::-1], itertools.pairwise(tail[::-1]), strict=True)
    for part, (behind, here) in steps:
        here += part * behind
    e /= total
    tail *= e
    return np.moveaxis(tail.reshape(shape), 0, axis)


def _product_tail(c, x, y, axis):
    """The sums over i >= j of c[i] times the product y[i] of x[:i + 1] without x[j] along an axis: by division where nothing is near 0 or too large, else in a scan."""
    info, size = np.finfo(y.dtype), np.abs(y)
    if (
        size.min(initial=1) > info.tiny / info.eps
        and size.max(initial=1) < info.max**0.25
    ):
        return np.flip(np.cumsum(np.flip(c * y, axis), axis=axis), axis) / x
    x, c, y = (np.moveaxis(v, axis, 0) for v in (x, c, y))
    before = np.ones_like(x)
    before[1:] = y[:-1]
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
