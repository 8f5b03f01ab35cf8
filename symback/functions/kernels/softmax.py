"""Kernels of softmax, log-sum-exp and divergences over an axis."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np

from symback.functions.kernels.exponential import _expm1_minus


def _exponentials(x, axis):
    """Exponentials along an axis on a scale of each row's own, the sum of all but the largest, the max, its exponential.

    A row whose max is positive and not too large is exp(x), which rounds no difference;
    another is exp(x - max). A row of -inf gives zeros; an infinite max stands for its limit.
    """
    index = x.argmax(axis=axis, keepdims=True)
    top = np.take_along_axis(x, index, axis=axis)
    plain = (top >= 0) & (top < 20)
    if plain.all():
        e = np.exp(x)
    else:
        e = _exp_of_gap(x, np.where(plain | np.isneginf(top), 0, top))
    peak = np.take_along_axis(e, index, axis=axis)
    np.put_along_axis(e, index, 0, axis=axis)
    rest = e.sum(axis=axis)
    np.put_along_axis(e, index, peak, axis=axis)
    peak = np.where(np.isneginf(top), 1, peak)
    return e, rest, top.squeeze(axis), peak.squeeze(axis)


def _exp_of_gap(x, y):
    """exp(x - y); below exp(-8) with what rounding the difference left out. Equal infinities differ by 0."""
    if np.isfinite(y).all():
        gap = x - y
    else:
        gap = np.subtract(x, y, out=np.zeros_like(x), where=x != y)
    e = np.exp(gap)
    far = (gap < -4) & (gap > -800)
    if far.any():
        a, b, d = x[far], np.broadcast_to(y, x.shape)[far], gap[far]
        back = a - d
        e[far] *= 1 + ((a - (d + back)) + (back - b))
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


def _probability_gap(e, rest, peak, t, axis):
    """e/(peak + rest) - t along an axis; at the largest entry as (1 - t) - rest/(peak + rest)."""
    rest, peak = np.expand_dims(rest, axis), np.expand_dims(peak, axis)
    gap = e / (peak + rest) - t
    index = e.argmax(axis=axis, keepdims=True)
    np.put_along_axis(
        gap, index, 1 - np.take_along_axis(t, index, axis) - rest / (peak + rest), axis
    )
    return gap


def _probability_difference(
    e, rest, peak, other, other_rest, other_peak, x, y, axis
):
    """softmax(x) - softmax(y) along an axis, from their exponentials and what these leave to the others.

    Where an entry is the largest of both it is the difference of what both leave; rows that are
    nearly alike are q*expm1(u) with u the difference of the logarithms.
    """
    total = np.expand_dims(peak + rest, axis)
    other_total = np.expand_dims(other_peak + other_rest, axis)
    share = np.expand_dims(rest, axis) / total
    index = e.argmax(axis=axis, keepdims=True)
    left = np.where(
        np.take_along_axis(other, index, axis) >= np.expand_dims(other_peak, axis),
        np.expand_dims(other_rest, axis) / other_total,
        1 - np.take_along_axis(other, index, axis) / other_total,
    )
    other = other / other_total
    gap = e / total - other
    np.put_along_axis(
        gap,
        index,
        np.where(
            np.take_along_axis(e, index, axis) > 0,
            left - share,
            -np.take_along_axis(other, index, axis),
        ),
        axis,
    )
    alike = np.abs(gap).max(axis=axis, initial=0) < 0.1
    if alike.any():
        x, y, q, top = (np.moveaxis(v, axis, -1)[alike] for v in (x, y, other, index))
        d = np.subtract(
            x, y, out=np.full_like(x, np.inf), where=np.isfinite(x) & np.isfinite(y)
        )
        d = np.subtract(
            d,
            np.take_along_axis(d, top, -1),
            out=np.full_like(x, np.inf),
            where=np.isfinite(d),
        )
        near = np.abs(d).max(axis=-1, initial=0) < 0.5
        d, q = d[near], q[near]
        u = d - np.log1p((q * np.expm1(d)).sum(axis=-1, keepdims=True))
        rows = np.moveaxis(gap, axis, -1)
        part = rows[alike]
        part[near] = q * np.expm1(u)
        rows[alike] = part
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
    terms = np.where(np.abs(u) < 0.5, p * _expm1_minus(u), (q - p) - p * u)
    z[near] = np.where(p == 0, q, terms).sum(axis=-1)
    return z


def _log_mean_exp(x, rest, top, axis):
    """log(mean(exp(x))) along an axis; where the mean is near the largest, by expm1 of what the entries fall short."""
    x = np.moveaxis(x, axis, -1)
    y = np.asarray(np.log1p(rest) - float(np.log(x.shape[-1])))
    near = y > -0.7
    if near.any():
        y[near] = np.log1p(np.expm1(x[near] - top[near][:, None]).mean(axis=-1))
    return top + y


def _running_softmax_tail(c, x, axis):
    """The sums over i >= j of c[i] exp(x[j]) / sum(exp(x[:i + 1])) along an axis, in one pass each way."""
    x, c = np.moveaxis(x, axis, 0), np.moveaxis(c, axis, 0)
    top = np.maximum.accumulate(x)
    shift = np.where(np.isfinite(top), top, 0)
    e, down = (
        np.exp(np.where(np.isposinf(x), 0, x - shift)),
        np.exp(shift[:-1] - shift[1:]),
    )
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
