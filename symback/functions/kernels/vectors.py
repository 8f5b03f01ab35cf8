"""Kernels over an axis."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _exponentials(x, axis):
    """exp(x - max) along an axis, the sum of all but the largest entry, and the max.

    A row whose max is positive and in exp's range is exp(x)/exp(max), which rounds no
    difference; one of -inf gives zeros; an infinite maximum stands for its limit.
    """
    index = x.argmax(axis=axis, keepdims=True)
    top = np.take_along_axis(x, index, axis=axis)
    plain = (top >= 0) & (top < (709.7 if x.dtype == np.float64 else 88.7))
    if plain.all():
        e = np.exp(x)
    else:
        e = _exp_of_gap(x, np.where(plain | np.isneginf(top), 0, top))
    if plain.any():
        e /= np.where(plain, np.take_along_axis(e, index, axis=axis), 1)
    np.put_along_axis(e, index, 0, axis=axis)
    rest = e.sum(axis=axis)
    np.put_along_axis(e, index, np.where(np.isneginf(top), 0, 1), axis=axis)
    return e, rest, top.squeeze(axis)


def _exp_of_gap(x, y):
    """exp(x - y); below exp(-8) with what rounding the difference left out. Equal infinities differ by 0."""
    if np.isfinite(y).all():
        gap = x - y
    else:
        gap = np.subtract(x, y, out=np.zeros_like(x), where=x != y)
    e = np.exp(gap)
    far = (gap < -8) & (gap > -800)
    if far.any():
        a, b, d = x[far], np.broadcast_to(y, x.shape)[far], gap[far]
        back = a - d
        e[far] *= 1 + ((a - (d + back)) + (back - b))
    return e


def _root_of_squares(x, scale, shift, axis):
    """sqrt(scale*sum(x*x) + shift) along an axis; a row whose squares leave the range is scaled by a power of two."""
    info = np.finfo(x.dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.vecdot(x, x, axis=axis) * scale + shift
    wide = ~((square > info.tiny / info.eps) & (square < info.max / 2))
    root = np.sqrt(np.where(wide, 1, square))
    if wide.any():
        rows = np.moveaxis(x, axis, -1)[wide]
        largest = np.abs(rows).max(axis=-1, initial=0)
        power = np.frexp(np.where(np.isfinite(largest), largest, 1))[1]
        rows = np.ldexp(rows, -power[:, None])
        small = np.sqrt(
            np.vecdot(rows, rows) * scale
            + np.ldexp(
                np.asarray(shift, x.dtype), -2 * np.maximum(power, info.minexp // 2)
            )
        )
        root = np.asarray(root)
        root[wide] = np.where(np.isinf(largest), largest, np.ldexp(small, power))
    return root


def _difference_of_roots(a, b, x, y, scale, axis):
    """a - b for the roots of scale*sum(x*x) and scale*sum(y*y).

    Near each other it is scale*sum((x - y)*(x + y))/(a + b), in the next wider precision.
    """
    with np.errstate(invalid="ignore"):
        gap = np.asarray(a - b)
    near = np.abs(gap) < a / 16
    if near.any():
        wide = np.longdouble if x.dtype == np.float64 else np.float64
        x, y = (np.moveaxis(v, axis, -1)[near].astype(wide) for v in (x, y))
        size = a[near] + b[near].astype(wide)
        gap[near] = scale * np.vecdot(x - y, (x + y) / size[:, None])
    return gap


def _root_of_powers(x, p, axis):
    """sum(|x|**p)**(1/p) along an axis; a row whose powers leave the range is scaled by its largest entry."""
    info = np.finfo(x.dtype)
    size = np.abs(x)
    with np.errstate(over="ignore", under="ignore"):
        total = (size**p).sum(axis=axis)
    wide = ~((total > info.tiny / info.eps) & (total < info.max / 2))
    root = np.asarray(_corrected_root(np.where(wide, 1, total), p))
    if wide.any():
        rows = np.moveaxis(size, axis, -1)[wide]
        largest = rows.max(axis=-1, initial=0)
        unit = np.where((largest > 0) & np.isfinite(largest), largest, 1)
        small = _corrected_root(((rows / unit[:, None]) ** p).sum(axis=-1), p)
        root[wide] = np.where(np.isinf(largest), largest, unit * small)
    return root


def _corrected_root(x, p):
    """x**(1/p), after a step of Newton's method: 1/p is rounded, which costs log(x) units in the last place."""
    root = x ** (1 / p)
    return root + root / p * np.divide(
        x - root**p, x, out=np.zeros_like(root), where=x > 0
    )


def _centred(x, mean, axis):
    """x - mean along an axis; a row whose mean is large beside its spread is centred again."""
    gap = x - mean
    shift = gap.mean(axis=axis, keepdims=True)
    sample = gap[
        tuple(slice(0, 2 if k in np.atleast_1d(axis) else None) for k in range(x.ndim))
    ]
    first = np.abs(sample).max(axis=axis, keepdims=True, initial=0)
    off = np.abs(shift) > 2 * np.finfo(x.dtype).eps * first
    return np.subtract(gap, shift, out=gap, where=off) if off.any() else gap


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


def _probability_gap(e, rest, t, axis):
    """e/(1 + rest) - t along an axis; at the largest entry as (1 - t) - rest/(1 + rest)."""
    rest = np.expand_dims(rest, axis)
    gap = e / (1 + rest) - t
    index = e.argmax(axis=axis, keepdims=True)
    np.put_along_axis(
        gap, index, 1 - np.take_along_axis(t, index, axis) - rest / (1 + rest), axis
    )
    return gap


def _probability_difference(e, rest, other, other_rest, x, y, axis):
    """softmax(x) - softmax(y) along an axis, from their exponentials and what these leave to the others.

    Where an entry is the largest of both it is the difference of what both leave; rows that are
    nearly alike are q*expm1(u) with u the difference of the logarithms.
    """
    rest, other_rest = np.expand_dims(rest, axis), np.expand_dims(other_rest, axis)
    other = other / (1 + other_rest)
    gap = e / (1 + rest) - other
    index = e.argmax(axis=axis, keepdims=True)
    largest = np.take_along_axis(other, index, axis)
    left = np.where(
        largest * (1 + other_rest) >= 1, other_rest / (1 + other_rest), 1 - largest
    )
    np.put_along_axis(
        gap,
        index,
        np.where(
            np.take_along_axis(e, index, axis) > 0, left - rest / (1 + rest), -largest
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
    e, rest, top = (v.reshape(len(x), -1) for v in _exponentials(x, -1))
    f, other, peak = (v.reshape(len(x), -1) for v in _exponentials(y, -1))
    p, q = e / (1 + rest), f / (1 + other)
    with np.errstate(invalid="ignore"):
        u = np.where(p > 0, (y - peak) - (x - top), 0)
    u -= np.log1p(other) - np.log1p(rest)
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


def _geometric_mean(x, axis):
    """exp(mean(log(x))) along an axis, with the exponents of two summed exactly apart from the mantissas."""
    mantissa, power = np.frexp(x)
    size = x.size // max(1, np.prod(np.delete(x.shape, axis), dtype=int))
    with np.errstate(divide="ignore"):
        logarithm = np.log(mantissa).mean(axis=axis)
    whole, rest = np.divmod(power.sum(axis=axis), size)
    return np.ldexp(
        np.exp(logarithm + (0.6931471805599453 * rest / size).astype(x.dtype)), whole
    )


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
        np.multiply(total[i - 1], down[i - 1], out=share[i - 1])
        np.add(share[i - 1], e[i], out=total[i])
    positive = total > 0
    np.divide(share[:-1], total[1:], out=share[:-1], where=positive[1:])
    for i in range(len(x) - 2, -1, -1):
        tail[i] += share[i] * tail[i + 1]
    return np.moveaxis(
        tail * np.divide(e, total, out=np.zeros_like(x), where=positive), 0, axis
    )
