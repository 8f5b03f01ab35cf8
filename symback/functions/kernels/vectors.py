"""Kernels of norms, means and distances over an axis."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np

from symback.functions.kernels.exponential import _wider
from symback.functions.kernels.trigonometric import _unit_difference


def _root_of_squares(x, scale, shift, axis):
    """sqrt(scale*sum(x*x) + shift) along an axis; a row whose squares leave the range is scaled by a power of two."""
    info, rows = np.finfo(x.dtype), np.moveaxis(x, axis, -1)
    with np.errstate(over="ignore", invalid="ignore"):
        if x.strides[axis] == x.itemsize:
            square = np.vecdot(rows, rows) * scale + shift
        else:
            square = np.einsum("...i,...i->...", rows, rows) * scale + shift
    wide = ~((square > info.tiny / info.eps) & (square < info.max / 2))
    root = np.sqrt(np.where(wide, 1, square))
    if wide.any():
        rows = rows[wide]
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


def _mean_of_squares(x, size, axis):
    """sum(x*x)/size along an axis, also where the sum is too large."""
    rows = np.moveaxis(x, axis, -1)
    with np.errstate(over="ignore"):
        mean = np.asarray(np.einsum("...i,...i->...", rows, rows) / size)
    wide = np.isinf(mean)
    if wide.any():
        mean[wide] = np.vecdot(rows[wide] / size, rows[wide])
    return mean


def _difference_of_roots(a, b, x, y, scale, axis):
    """a - b for the roots of scale*sum(x*x) and scale*sum(y*y).

    Near each other it is scale*sum((x - y)*(x + y))/(a + b), in the next wider precision.
    """
    with np.errstate(invalid="ignore"):
        gap = np.asarray(np.subtract(a, b, order="C"))
    total, a, b = gap.reshape(-1), np.reshape(a, -1), np.reshape(b, -1)
    x, y = (np.moveaxis(w, axis, -1).reshape(-1, w.shape[axis]) for w in (x, y))
    rows, kind = np.flatnonzero(np.abs(total) < a / 8), _wider(x)
    step, info = max(1, 16384 // max(1, x.shape[1])), np.finfo(x.dtype)
    for start in range(0, len(rows), step):
        at = rows[start : start + step]
        u, v, p, q = (w[at].astype(kind, copy=False) for w in (x, y, a, b))
        d = u - v
        if p.min() > info.tiny**0.25 and p.max() < info.max**0.25:
            u += v
            total[at] = scale * np.vecdot(d, u) / (p + q)
            continue
        u *= 0.5
        v *= 0.5
        u += v
        u /= (0.5 * p + 0.5 * q)[:, None]
        total[at] = scale * np.vecdot(d, u)
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


def _tangent(u, v, c, x, a, y, b, axis):
    """v - c*u for the unit vectors u = x/a and v = y/b and their cosine c.

    Where they are nearly parallel it is what a projection leaves of their difference.
    """
    gap = v - np.expand_dims(c, axis) * u
    near = np.asarray(np.abs(c) > 0.5)
    if near.any():
        rows, u, x, y = (np.moveaxis(w, axis, -1) for w in (gap, u, x, y))
        a, b, s = (np.asarray(w)[near][:, None] for w in (a, b, np.sign(c)))
        d = _unit_difference(x[near], a, y[near], b, s)
        rows[near] = d - u[near] * np.vecdot(d, u[near])[:, None]
    return gap


def _nearest(x, centres):
    """Which row of `centres` is next to each row of x: by products, and by differences among those that rounding leaves in doubt."""
    with np.errstate(over="ignore", invalid="ignore"):
        square = np.vecdot(centres, centres)
        size = np.sqrt(np.vecdot(x, x)) + np.sqrt(square.max(initial=0))
        d = square - 2 * (x @ centres.T)
        slack = 4 * (x.shape[1] + 8) * np.finfo(d.dtype).eps * size * size
        near = ~(d > (d.min(axis=1) + slack)[:, None])
    code = near.argmax(axis=1)
    for n in np.flatnonzero(near.sum(axis=1) > 1):
        among = np.flatnonzero(near[n])
        gap = x[n] - centres[among]
        code[n] = among[np.vecdot(gap, gap).argmin()]
    return code
