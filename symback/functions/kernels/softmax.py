"""Kernels of softmax, log-sum-exp and divergences over an axis."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np

from symback.functions.kernels.exponential import _expm1_minus_at, _wider


def _exponentials(x, axis):
    """Exponentials along an axis on a scale of each row's own, the sum of all but the largest, the max, its exponential.

    A row whose max is positive and not too large is exp(x), which rounds no difference, and so are
    all rows where no exponential is too small for that; another is exp(x - c) for the whole number c
    next to its max, a difference that is rarely rounded, or for a max near 0 itself, beside which the
    logarithm of the sum shows. A row of -inf gives zeros; an infinite max stands for its limit.
    """
    apart = x.strides[axis] != x.itemsize and x.size > 16384
    if apart:
        top = x.max(axis=axis, keepdims=True)
    else:
        index = x.argmax(axis=axis, keepdims=True)
        places = list(np.indices(index.shape, sparse=True))
        places[axis] = index
        largest = tuple(places)
        top = x[largest]
    limit = np.log(np.finfo(x.dtype).max) / 4
    plain = (top >= 0) & (top < limit)
    empty = top == -np.inf
    if plain.all() or (((np.abs(top) < 20) | empty).all() and _are_moderate(x)):
        e = np.exp(x)
    else:
        shift = np.where(np.abs(top) < 2, top, np.rint(top))
        e = _exp_of_gap(x, np.where(plain | empty, 0, shift))
    if apart:
        peak, rest = _largest_and_rest(e, axis)
    else:
        peak = e[largest]
        e[largest] = 0
        rows, inner = np.moveaxis(e, axis, -1), e.strides[axis] == e.itemsize
        rest = rows.sum(axis=-1) if inner else np.einsum("...i->...", rows)
        e[largest] = peak
    np.putmask(peak, empty, 1)
    return e, rest, top.squeeze(axis), peak.squeeze(axis)


def _exponentials_if_any(x, axis):
    """_exponentials along an axis that may be empty: there the max is -inf, and its exponential counts as 1."""
    if x.shape[axis]:
        return _exponentials(x, axis)
    rest = np.zeros(np.delete(x.shape, axis), x.dtype)
    return x, rest, rest - np.inf, rest + 1


def _largest_and_rest(e, axis):
    """The largest along an axis and the sum of the others, where argmax would first copy rows that do not lie in one piece."""
    peak = e.max(axis=axis, keepdims=True)
    below = e < peak
    terms = (np.moveaxis(v, axis, -1) for v in (e, below))
    rest = np.einsum("...i,...i->...", *terms)
    if np.count_nonzero(below) < e.size - peak.size:
        ties = (e == peak).sum(axis=axis) - 1
        rest += (ties * peak.squeeze(axis)).astype(e.dtype)
    return peak, rest


def _argmax(x, axis):
    """argmax along an axis; many rows that do not lie in one piece, which it would copy, are compared with their largest."""
    top = x.max(axis=axis, keepdims=True) if x.size > 16384 else None
    if top is None or x.strides[axis] == x.itemsize or np.isnan(top).any():
        return x.argmax(axis=axis)
    size = x.shape[axis]
    kind = np.min_scalar_type(size).type
    place = np.arange(size, dtype=kind).reshape(-1, *(1,) * (x.ndim - 1 - axis))
    return np.maximum((x < top) * kind(size), place).min(axis=axis).astype(np.intp)


def _are_moderate(x):
    """Whether no exponential is below the normal numbers, but for those of -inf."""
    least = 0.6875 * np.finfo(x.dtype).minexp
    if np.min(x, initial=0) >= least:
        return True
    return np.count_nonzero(x < least) == np.count_nonzero(x == -np.inf)


def _label_exponentials(x, t, count):
    """Exponentials along axis 0 on a scale of each label's own, for each label the sum of all but the largest, and the largest x.

    The exponential of the largest is 1. A label that nothing bears, or -inf only, has the largest -inf and the sum 0.
    """
    top = np.full((count, *x.shape[1:]), -np.inf, x.dtype)
    np.maximum.at(top, t, x)
    own = top[t]
    e = _exp_of_gap(x, np.where(np.isneginf(own), 0, own))
    place = np.arange(len(x)).reshape(-1, *(1,) * (x.ndim - 1))
    first = np.full(top.shape, len(x))
    np.minimum.at(first, t, np.where(x == own, place, len(x)))
    rest = np.zeros_like(top)
    np.add.at(rest, t, np.where(place == first[t], 0, e))
    return e, rest, top


def _exp_of_gap(x, y):
    """exp(x - y) for x at most y, or little more, with what rounding the difference left out where it is below -4. Equal infinities differ by 0.

    Less a whole number, only an x below half of it is rounded.
    """
    endless = np.isinf(y)
    if endless.any():
        e = _exp_of_gap(np.where(endless, 0, x), np.where(endless, 0, y))
        return np.where(endless, x == y, e)
    e = np.empty_like(x)
    outer = np.argmax(x.strides)
    x, y, part = (np.swapaxes(v, 0, outer) for v in (x, y, e))
    least = y - (800 + np.abs(y) / 1024)
    exact = np.where(y == np.rint(y), np.where(y > 0, -y / 2, -np.inf), -4)
    step = max(1, 16384 * len(x) // max(1, x.size))
    for start in range(0, len(x), step):
        tile = slice(start, start + step)
        top, low, bound = (v[tile] if len(v) > 1 else v for v in (y, least, exact))
        gap = x[tile] - top
        np.exp(gap, out=part[tile])
        if (gap < bound).any():
            u = np.maximum(x[tile], low)
            gap = u - top
            back = u - gap
            gap += back
            np.subtract(u, gap, out=gap)
            back -= top
            gap += back
            gap *= part[tile]
            part[tile] += gap
    return e


def _scaled_tail_sums(c, v, axis):
    """Sums of c·exp(v - m) from each place to the end of an axis, and m, the largest v from there on.

    The scale moves with the place, so that nothing overflows and nothing is lost early.
    """
    c, v = np.broadcast_arrays(np.moveaxis(c, axis, 0), np.moveaxis(v, axis, 0))
    m = np.maximum.accumulate(v[::-1])[::-1]
    sums = c * np.exp(v - m) if (v != m).any() else c.copy()
    decay = np.exp(m[1:] - m[:-1])
    for k in reversed(range(len(decay))):
        sums[k] += decay[k] * sums[k + 1]
    return np.moveaxis(sums, 0, axis), np.moveaxis(m, 0, axis)


def _probability_gap(p, rest, peak, t, axis):
    """p - t along an axis; at an entry of p above 1/2 as (1 - t) - (1 - p)."""
    gap = p - t
    sure = rest < peak
    if sure.any():
        rows, p, t = (np.moveaxis(v, axis, -1) for v in (gap, p, t))
        p, t, part = p[sure], t[sure], rows[sure]
        left = (rest[sure] / (peak[sure] + rest[sure]))[:, None]
        top = p.argmax(axis=-1)[:, None]
        np.put_along_axis(part, top, 1 - np.take_along_axis(t, top, -1) - left, -1)
        rows[sure] = part
    return gap


def _probability_difference(p, rest, peak, q, other_rest, other_peak, x, y, axis):
    """p - q along an axis for the softmaxes p of x and q of y, from them and what the largest leave to the others.

    Where an entry of p is above 1/2 it is the difference of what both leave; rows that are nearly
    alike are q*expm1(u) with u the difference of the logarithms.
    """
    gap = p - q
    rows, p, q, x, y = (np.moveaxis(v, axis, -1) for v in (gap, p, q, x, y))
    sure = rest < peak
    if sure.any():
        part, large, other = rows[sure], p[sure], q[sure]
        left = (rest[sure] / (peak[sure] + rest[sure]))[:, None]
        other_left = (other_rest[sure] / (other_peak[sure] + other_rest[sure]))[:, None]
        top = large.argmax(axis=-1)[:, None]
        share = np.take_along_axis(other, top, -1)
        same = other.argmax(axis=-1)[:, None] == top
        kept = np.where(same, other_left, 1 - share)
        some = np.take_along_axis(large, top, -1) > 0
        np.put_along_axis(part, top, np.where(some, kept - left, -share), -1)
        rows[sure] = part
    with np.errstate(invalid="ignore"):
        d = x - y
        spread = d.max(axis=-1, initial=-np.inf) - d.min(axis=-1, initial=np.inf)
        near = np.asarray(spread < 0.5)
        if near.any():
            a, b = x[near], y[near]
            a = a - a.max(axis=-1, keepdims=True)
            b = b - b.max(axis=-1, keepdims=True)
            near[near] = np.abs(a - b).max(axis=-1) < 0.5
    if near.any():
        d, q, top = d[near], q[near], p[near].argmax(axis=-1)[:, None]
        d -= np.take_along_axis(d, top, -1)
        u = d - np.log1p((q * np.expm1(d)).sum(axis=-1, keepdims=True))
        rows[near] = q * np.expm1(u)
    return gap


def _small_divergence(z, x, y):
    """The divergence z of softmax(y) from softmax(x) along the last axis, where it is small as the sum of p*(exp(u) - 1 - u).

    u is the difference of the logarithms, log(q/p).
    """
    near = np.asarray(~(z > 0.25))
    if not near.any():
        return z
    x, y, z = x[near], y[near], np.array(z)
    e, rest, top, height = (v.reshape(len(x), -1) for v in _exponentials(x, -1))
    f, other, peak, width = (v.reshape(len(x), -1) for v in _exponentials(y, -1))
    p, q = e / (height + rest), f / (width + other)
    with np.errstate(invalid="ignore"):
        u = np.where(p > 0, (y - peak) - (x - top), 0)
    u -= np.log1p(other / width) - np.log1p(rest / height)
    alike = (np.abs(u).max(axis=-1, initial=0) < 0.5) & (p > 0).all(axis=-1)
    if alike.any():
        index = x[alike].argmax(axis=-1, keepdims=True)
        d, share = y[alike] - x[alike], p[alike]
        d -= np.take_along_axis(d, index, -1)
        u[alike] = d - np.log1p((share * np.expm1(d)).sum(axis=-1, keepdims=True))
    u[p == 0] = 0
    terms = np.where(np.abs(u) < 0.5, p * _expm1_minus_at(u, np.expm1(u)), (q - p) - p * u)
    z[near] = np.where(p == 0, q, terms).sum(axis=-1)
    return z


def _log_mean_exp(x, rest, top, axis):
    """log(mean(exp(x))) along an axis; where the mean is near the largest, by expm1 of what the entries fall short, in the next wider precision."""
    x = np.moveaxis(x, axis, -1)
    y = np.asarray(np.log1p(rest) - float(np.log(x.shape[-1])))
    near = y > -0.7
    y += top
    if near.any():
        rows, top = x[near].astype(_wider(x)), np.asarray(top)[near]
        y[near] = top + np.log1p(np.expm1(rows - top[:, None]).mean(axis=-1))
    return y


def _under(x, top):
    """x - top, the largest of a row; -oo where that is -oo."""
    shape = np.broadcast_shapes(np.shape(x), np.shape(top))
    empty = np.full(shape, -np.inf, np.result_type(x, top))
    return np.subtract(x, top, out=empty, where=np.isfinite(top))
