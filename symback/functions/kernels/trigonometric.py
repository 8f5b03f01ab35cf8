"""Kernels of lengths and angles in the plane, and of sin(x)/x."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _over_squares(x, y):
    """x/(x*x + y*y), and 0 at the origin; no square is formed of the larger of the two."""
    swap = np.abs(y) > np.abs(x)
    big, small = np.where(swap, y, x), np.where(swap, x, y)
    zero = np.zeros_like(big)
    t = np.divide(small, big, out=zero, where=(big != 0) & np.isfinite(big))
    r = np.divide(1, big, out=np.zeros_like(big), where=big != 0) / (1 + t * t)
    return np.where(swap, t * r, r)


def _hypot(x, y):
    """sqrt(x*x + y*y), by np.hypot where squares leave the range."""
    with np.errstate(over="ignore"):
        h = np.asarray(np.sqrt(x * x + y * y), order="C")
    low, high = np.finfo(h.dtype).tiny ** 0.4, np.finfo(h.dtype).max ** 0.4
    if h.size and not (low < h.min() and h.max() < high):
        np.hypot(x, y, out=h, where=(h <= low) | ~(h < high))
    return h


def _direction_at(x, y, h, out=None):
    """x/h with h = hypot(x, y), and 0 at the origin; where h leaves the range x and y are scaled."""
    info = np.finfo(h.dtype)
    if not h.size or (info.tiny <= h.min() and h.max() <= info.max):
        return np.divide(x, h, out=out)
    swap = np.abs(y) > np.abs(x)
    big, small = np.where(swap, np.abs(y), np.abs(x)), np.where(swap, x, y)
    t = np.divide(
        small, big, out=np.asarray(np.sign(small)), where=(big != 0) & np.isfinite(big)
    )
    t = np.where(np.isinf(big) & np.isfinite(small), 0, t)
    return np.divide(np.where(swap, t, np.sign(x)), np.sqrt(1 + t * t), out=out)


def _sine_excess(x):
    """x - sin(x), by its series where it cancels."""
    x = np.asarray(x)
    y = np.asarray(x - np.sin(x))
    near = np.abs(x) < 1
    u = x[near]
    if u.size:
        s, total = u * u, 1.0
        for k in range(19 if np.finfo(x.dtype).eps < 1e-8 else 11, 3, -2):
            total = 1 - total * s / (k * (k - 1))
        y[near] = u * s * total / 6
    return y


def _hypot1m1(x):
    """sqrt(1 + x*x) - 1."""
    x = np.asarray(x)
    h = np.asarray(np.hypot(1, x))
    y = np.asarray(h - 1)
    near = h < 2
    u = x[near]
    if u.size:
        y[near] = u * (u / (1 + h[near]))
    return y


def _sqrt1pm1(x):
    """sqrt(1 + x) - 1."""
    x = np.asarray(x)
    root = np.asarray(np.sqrt(1 + x))
    y = np.asarray(root - 1)
    near = root < 2
    u = x[near]
    if u.size:
        y[near] = u / (1 + root[near])
    return y


def _squareplus(x, b):
    """(x + sqrt(x*x + b))/2, for x < 0 as (b/2)/(sqrt(x*x + b) - x)."""
    half = 0.5 * np.hypot(x, b**0.5) + 0.5 * np.abs(x)
    return np.where(x < 0, 0.25 * b / half, half)


def _squareplus_slope(x, b):
    """(1 + x/sqrt(x*x + b))/2, for x < 0 without a difference."""
    h = np.hypot(x, b**0.5)
    below = 0.25 * b / (0.5 * h + 0.5 * np.abs(x)) / h
    return np.where(x < 0, below, 1 - below)


def _spherical_bessel(n, x):
    """The spherical Bessel function j_n; sin(x)/x for n = 0, with the limits 1 at 0 and 0 at infinity."""
    x = np.asarray(x)
    near = np.abs(x) < (1.5 * n + 1e-3)
    u = np.where(near | np.isinf(x), 1, x)
    s, c = np.sin(u), np.cos(u) if n else 0
    before, y = c / u, s / u
    for k in range(n):
        before, y = y, (2 * k + 1) / u * y - before
    y = np.asarray(np.where(np.isinf(x), 0, y))
    u = x[near]
    if u.size:
        total = 1.0
        for k in range(14 if np.finfo(x.dtype).eps < 1e-8 else 8, 0, -1):
            total = 1 - total * u * u / (2 * k * (2 * n + 2 * k + 1))
        for k in range(1, n + 1):
            total = total * u / (2 * k + 1)
        y[near] = total
    return y


def _sech(x):
    """1/cosh(x), by exp(-|x|)."""
    e = np.exp(-np.abs(x))
    return 2 * e / (1 + e * e)


def _unit_difference(x, a, y, b, sign):
    """y/b - sign*x/a; where a and b are alike, as ((y - sign*x) + y*(a - b)/b)/a."""
    alike = (a < 2 * b) & (b < 2 * a)
    lead = np.where(alike, 1, 1 / b)
    own = np.where(alike, sign, sign / a)
    rest = np.where(alike, (a - b) / b, 0)
    return ((lead * y - own * x) + rest * y) * np.where(alike, 1 / a, 1)
