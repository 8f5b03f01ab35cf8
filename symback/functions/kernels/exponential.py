"""Kernels of exp and log."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import math

import numpy as np


def _log1mexp(x, out=None):
    """log(1 - exp(x)) for x < 0: log of 1 - exp(x) as -expm1(x), and what rounding that near 1 has lost."""
    w = -np.expm1(x)
    lost = (1 - w) - np.exp(x)
    return np.add(np.log(w), lost, out=out)


def _logexpm1(x, out=None):
    """log(exp(x) - 1) for x > 0: x + log(1 - exp(-x)), below log 2 by expm1."""
    x = np.asarray(x)
    y = np.asarray(np.add(x, _log1mexp(-x), out=out), order="C")
    near = np.flatnonzero(x < 0.6931471805599453)
    if near.size:
        y.reshape(-1)[near] = np.log(np.expm1(x.take(near)))
    return y


def _expm1_slope_at(x, t, out=None):
    """exp(x) = t + 1 with t = exp(x) - 1, by exp where t is near -1."""
    y = np.asarray(np.add(t, 1, out=out))
    tail = y < 0.125
    far = np.asarray(x)[tail]
    if far.size:
        y[tail] = np.exp(far)
    return y


def _scaled_expm1_slope_at(x, s, c, mask, other):
    """c·exp(x) = s + c with s = c·(exp(x) - 1), by exp where s is near -c; a number where the mask holds."""
    y = np.asarray(s + c)
    if other != c:
        y[mask] = other
    tail = x < -1.75
    far = np.asarray(x)[tail]
    if far.size:
        y[tail] = np.exp(far) * c
    return y


def _slope_beside(x, s, c, base, out=None):
    """s + base: c·exp(x) with s = c·(exp(x) - 1) where base is c, by exp where s is near -c; base where s is 0."""
    y = np.add(s, base, out=out)
    far = np.flatnonzero(x < -1.75)
    if far.size:
        y[far] = np.exp(x[far]) * c
    return y


def _edge(x):
    """The argument up to which exp stays within the range."""
    return 88 if x.itemsize < 8 else 709


def _growth(x):
    """exp(x), kept finite."""
    edge = _edge(x)
    return np.exp(x if x.max(initial=0) <= edge else np.minimum(x, edge))


def _over_growth(v, x, divisor, out=None):
    """v/divisor with divisor = 1 + exp(x); where exp(x) leaves the range, v exp(-x)."""
    y = np.asarray(np.divide(v, divisor, out=out))
    if not x.max(initial=0) <= _edge(x):
        x, v = np.broadcast_arrays(x, v)
        far = x > _edge(x)
        y[far] = np.minimum(v[far], np.finfo(y.dtype).max) * np.exp(-x[far])
    return y


def _decay_of_product(u, a, b, divisor):
    """exp(-|u|) with u = a*b/divisor, in the tail with the product in the next wider precision."""
    y = np.asarray(np.exp(-np.abs(u)), order="C")
    far = np.flatnonzero(y < 0.01)
    if far.size:
        a, b = (_wider_at(v, y, far) for v in (a, b))
        y.reshape(-1)[far] = np.exp(-np.abs(a * b / divisor))
    return y


def _decay_of_gap(u, x, y):
    """exp(-|u|) with u = x - y, in the tail with the difference in the next wider precision."""
    z = np.asarray(np.exp(-np.abs(u)), order="C")
    far = np.flatnonzero((z < 0.01) & (z > 0))
    if far.size:
        x, y = (_wider_at(v, z, far) for v in (x, y))
        z.reshape(-1)[far] = np.exp(-np.abs(x - y))
    return z


def _decay_of_polynomial(u, x, linear, linear_rest, cubic, cubic_rest):
    """exp(-|u|) with u = linear*x + cubic*x**3, in the tail with the polynomial in the next wider precision.

    The rests are what the coefficients lose in double precision.
    """
    y = np.asarray(np.exp(-np.abs(u)), order="C")
    far = np.flatnonzero(y < 0.01)
    if far.size:
        x = _wider_at(x, y, far)
        inner = linear + x.dtype.type(linear_rest)
        outer = cubic + x.dtype.type(cubic_rest)
        y.reshape(-1)[far] = np.exp(-np.abs(x * (inner + outer * x * x)))
    return y


def _growth_of_product(u, a, b, divisor):
    """exp(u), kept finite, with u = a*b/divisor, in the tails with the product in the next wider precision."""
    y = np.asarray(_growth(u), order="C")
    far = _in_the_tails(u)
    if far.size:
        a, b = (_wider_at(v, y, far) for v in (a, b))
        y.reshape(-1)[far] = np.exp(np.minimum(a * b / divisor, _edge(y)))
    return y


def _growth_of_gap(u, x, y):
    """exp(u), kept finite, with u = x - y, in the tails with the difference in the next wider precision."""
    z = np.asarray(_growth(u), order="C")
    far = _in_the_tails(u)
    if far.size:
        x, y = (_wider_at(v, z, far) for v in (x, y))
        z.reshape(-1)[far] = np.exp(np.minimum(x - y, _edge(z)))
    return z


def _in_the_tails(u):
    """Where rounding u would cost exp(u) digits, and its size matters."""
    return np.flatnonzero(np.abs(u) > 4.5)


def _expm1_slope_of_product(t, a, b, divisor):
    """t + 1 with t = exp(a*b/divisor) - 1; where t is near -1 as exp of the product in the next wider precision."""
    y = np.asarray(t + 1, order="C")
    far = np.flatnonzero(y < 0.125)
    if far.size:
        a, b = (_wider_at(v, y, far) for v in (a, b))
        y.reshape(-1)[far] = np.exp(np.minimum(a * b / divisor, 0))
    return y


def _wider(x):
    """The next wider precision."""
    return np.longdouble if x.dtype == np.float64 else np.float64


def _wider_at(v, y, places):
    """Elements of v, which is broadcast to the shape of y, in the next wider precision than that of y; a number stays one."""
    if np.ndim(v):
        v = np.take(v if v.shape == y.shape else np.broadcast_to(v, y.shape), places)
    return np.asarray(v, _wider(y))


def _logsubexp(x, y):
    """log(exp(x) - exp(y)) for x > y; near its root by log1p in the next wider precision."""
    z = np.asarray(x + _log1mexp(_difference(y, x)))
    near = np.abs(z) < 0.5
    if near.any():
        x, y = (np.broadcast_to(v, z.shape)[near].astype(_wider(z)) for v in (x, y))
        z[near] = np.log1p(np.expm1(x) - np.exp(y))
    return z


def _difference(x, y):
    """x - y, and 0 for equal infinities; beyond the largest number it is an infinity."""
    d = np.zeros(
        np.broadcast_shapes(np.shape(x), np.shape(y)), np.result_type(x, y, "f2")
    )
    with np.errstate(over="ignore"):
        return np.subtract(x, y, out=d, where=np.not_equal(x, y))


def _xlogy(x, y):
    """x log(y), and 0 where x is 0."""
    if np.all(x):
        return x * np.log(y)
    z = np.zeros(
        np.broadcast_shapes(np.shape(x), np.shape(y)), np.result_type(x, y, "f2")
    )
    return x * np.log(y, out=z, where=np.not_equal(x, 0))


def _xlog1py(x, y):
    """x log(1 + y), and 0 where x is 0."""
    if np.all(x):
        return x * np.log1p(y)
    z = np.zeros(
        np.broadcast_shapes(np.shape(x), np.shape(y)), np.result_type(x, y, "f2")
    )
    return x * np.log1p(y, out=z, where=np.not_equal(x, 0))


def _quotient(x, y):
    """x/y, and 0 where x is 0."""
    if np.all(x):
        return x / y
    z = np.zeros(
        np.broadcast_shapes(np.shape(x), np.shape(y)), np.result_type(x, y, "f2")
    )
    return np.divide(x, y, out=z, where=np.not_equal(x, 0))


def _exp_moment(n, x):
    """The integral of s**n exp(s x) over 0 < s < 1: for n = 0, (exp(x) - 1)/x; each n more is a derivative more."""
    x = np.asarray(x)
    near = np.abs(x) < (1.5 if n else 1e-3)
    u = np.where(
        near, 1.5, np.abs(np.clip(x, -np.finfo(x.dtype).max, np.finfo(x.dtype).max))
    )
    m = -np.expm1(-u) / u
    up, down = m, m
    decay = np.exp(-u)
    for k in range(1, n + 1):
        up, down = (1 - k * up) / u, (k * down - decay) / u
    half = np.exp(0.5 * np.where(x > 0, u, 0))
    y = np.asarray(np.where(x > 0, half * (up * half), down))
    s = x[near]
    if s.size:
        terms = 24 if np.finfo(x.dtype).eps < 1e-8 else 14
        total = 1 / (n + terms + 1)
        for k in range(terms, 0, -1):
            total = 1 / (n + k) + total * s / k
        y[near] = total
    return y


def _expm1_minus_at(x, t, out=None):
    """t - x with t = exp(x) - 1, near 0 by its series, in which nothing cancels."""
    y = np.asarray(np.subtract(t, x, out=out), order="C")
    near = np.flatnonzero(np.abs(x) < 0.5)
    if near.size:
        u = np.take(x, near)
        total = np.zeros_like(u)
        for k in range(16 if u.itemsize > 4 else 9, 1, -1):
            total *= u
            total += 1 / math.factorial(k)
        u *= u
        u *= total
        y.reshape(-1)[near] = u
    return y


def _log1p_minus(x):
    """log(1 + x) - x; with s = x/(2 + x) it is -x s + 2 (atanh(s) - s) where it cancels."""
    x = np.asarray(x)
    y = np.asarray(np.log1p(x) - x)
    near = np.abs(x) < 0.5
    u = x[near]
    if u.size:
        s = u / (2 + u)
        total = 0.0
        for k in range(17 if np.finfo(x.dtype).eps < 1e-8 else 8, 0, -1):
            total = 1 / (2 * k + 1) + total * s * s
        y[near] = s * (2 * s * s * total - u)
    return y


def _log_ratio(x, y):
    """log(x/y): by log1p of (x - y)/y near 1, by exponents where x/y leaves the range."""
    x, y = np.broadcast_arrays(x, y)
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        q = x / y
    plain = (q >= np.finfo(q.dtype).tiny) & (q <= np.finfo(q.dtype).max)
    z = np.asarray(np.log(np.where(plain, q, 1)))
    near = (q > 0.5) & (q < 2)
    a, b = x[near], y[near]
    if a.size:
        z[near] = np.log1p((a - b) / b)
    a, b = x[~plain], y[~plain]
    if a.size:
        z[~plain] = np.log(a) - np.log(b)
    return z


def _logit(x):
    """log(x/(1 - x)), by log1p near 1/2."""
    x = np.asarray(x)
    y = np.asarray(np.log(x / (1 - x)))
    near = np.abs(x - 0.5) < 0.2
    u = x[near]
    if u.size:
        y[near] = np.log1p((2 * u - 1) / (1 - u))
    return y


def _scaled_exp(a, x):
    """a exp(x), by exp(x/2) twice where exp(x) leaves the range."""
    edge = 0.95 * float(np.log(np.finfo(np.result_type(a, x)).max))
    y = np.asarray(a * np.exp(np.clip(x, -edge, edge)))
    far = np.broadcast_to(np.abs(x) > edge, y.shape)
    if far.any():
        b, u = (v[far] for v in np.broadcast_arrays(a, x))
        half = np.exp(np.clip(0.5 * u, -1.05 * edge, 1.05 * edge))
        y[far] = np.clip(b, -np.finfo(y.dtype).max, np.finfo(y.dtype).max) * half * half
    return y


def _exp_difference(x, y):
    """exp(x) - exp(y), as the larger exponential times -expm1(-|x - y|)."""
    d = _difference(x, y)
    return np.copysign(np.exp(np.maximum(x, y)) * -np.expm1(-np.abs(d)), d)


def _log1p_square(x):
    """log(1 + x*x), for large x as 2 log|x|."""
    size = np.abs(x)
    y = np.asarray(np.log1p(np.square(np.minimum(size, 100))))
    far = np.asarray(size)[size > 100]
    if far.size:
        y[size > 100] = 2 * np.log(far) + np.log1p(np.square(1 / far))
    return y


def _bose(x):
    """x/(exp(x) - 1) with its limit 1 at 0."""
    x = np.asarray(x)
    size = np.minimum(np.abs(x), np.finfo(x.dtype).max)
    y = np.divide(
        -np.expm1(-size), size, out=np.ones_like(size), where=size > 0
    )
    return np.where(x > 0, np.exp(-size), 1) / y


def _bose_slope(x):
    """The slope of x/(exp(x) - 1), near 0 by moments of the exponential."""
    x = np.asarray(x)
    near = np.abs(x) < 2
    u = np.clip(np.where(near, 2, x), -np.finfo(x.dtype).max, np.finfo(x.dtype).max)
    e = np.exp(-np.abs(u))
    top = np.where(u > 0, e * (1 - e - u), e - 1 - u * e)
    y = np.asarray(top / np.square(1 - e))
    s = x[near]
    if s.size:
        y[near] = -_exp_moment(1, s) / np.square(_exp_moment(0, s))
    return y
