"""Layers that move, pick or join entries, and steps of optimizers, as a textbook writes them in NumPy; `PLACES` has the form of `textbook.LAYERS`.

What comes back lies in memory of its own, as it does from the compiled modules: a view is copied.
"""

from __future__ import annotations

import math

import numpy as np

# ------------------------------------------------------------------------------------ axes and their ends


def transpose(x, g):
    return (x.swapaxes(-1, -2).copy(),), (g.swapaxes(-1, -2).copy(),)


def flip(x, g):
    return (x[..., ::-1].copy(),), (g[..., ::-1].copy(),)


def roll(x, g):
    return (np.roll(x, 1, -1),), (np.roll(g, -1, -1),)


def split(x, g1, g2):
    half = x.shape[1] // 2
    return (x[:, :half].copy(), x[:, half:].copy()), (np.concatenate([g1, g2], 1),)


def concat(a, b, g):
    return (np.concatenate([a, b], 1),), (g[:, : a.shape[1]].copy(), g[:, a.shape[1] :].copy())


def reflect_pad1d(x, g):
    d = g[..., 1:-1].copy()
    d[..., 1] += g[..., 0]
    d[..., -2] += g[..., -1]
    return (np.pad(x, ((0, 0), (0, 0), (1, 1)), mode="reflect"),), (d,)


def replicate_pad1d(x, g):
    d = g[..., 1:-1].copy()
    d[..., 0] += g[..., 0]
    d[..., -1] += g[..., -1]
    return (np.pad(x, ((0, 0), (0, 0), (1, 1)), mode="edge"),), (d,)


# -------------------------------------------------------------------------------------------- by numbers


def _added(ids, rows, size):
    """Rows added up by number: [size, D]."""
    width = rows.shape[-1]
    flat = (ids.reshape(-1, 1) * width + np.arange(width)).reshape(-1)
    return np.bincount(flat, rows.reshape(-1), size * width).reshape(size, width).astype(rows.dtype)


def embedding_bag_mean(ids, W, g):
    share = np.broadcast_to((g / ids.shape[1])[:, None], (*ids.shape, g.shape[1]))
    return (W[ids].mean(1),), (_added(ids, share, len(W)),)


def embedding_padding(ids, W, g):
    d = _added(ids, g, len(W))
    d[0] = 0
    return (W[ids],), (d,)


def positional_embedding(ids, Wt, Wp, g):
    steps = ids.shape[1]
    d = np.zeros_like(Wp)
    d[:steps] = g.sum(0)
    return (Wt[ids] + Wp[:steps],), (_added(ids, g, len(Wt)), d)


def take_along(x, ids, g):
    flat = (np.arange(len(x))[:, None] * x.shape[1] + ids).reshape(-1)
    d = np.bincount(flat, g.reshape(-1), x.size).reshape(x.shape).astype(x.dtype)
    return (np.take_along_axis(x, ids, 1),), (d,)


def one_hot(t):
    y = np.zeros((len(t), 10))
    y[np.arange(len(t)), t] = 1
    return (y,), ()


def cummax(x, g):
    y = np.maximum.accumulate(x, -1)
    first = np.where(x == y, np.arange(x.shape[1]), 0)
    place = np.maximum.accumulate(first, -1) + np.arange(len(x))[:, None] * x.shape[1]
    return (y,), (np.bincount(place.reshape(-1), g.reshape(-1), x.size).reshape(x.shape).astype(x.dtype),)


# --------------------------------------------------------------------------------------------- positions


def rope_interleaved(x, g):
    _, t, d = x.shape
    phi = np.arange(t)[:, None] * 10000.0 ** (-2 * np.arange(d // 2) / d)
    c, s = np.cos(phi).astype(x.dtype), np.sin(phi).astype(x.dtype)
    y, dx = np.empty_like(x), np.empty_like(x)
    a, b, u, v = x[..., ::2], x[..., 1::2], g[..., ::2], g[..., 1::2]
    y[..., ::2], y[..., 1::2] = a * c - b * s, b * c + a * s
    dx[..., ::2], dx[..., 1::2] = u * c + v * s, v * c - u * s
    return (y,), (dx,)


def sinusoidal_position(x, g):
    _, t, d = x.shape
    phi = np.arange(t)[:, None] / 10000.0 ** (np.arange(0, d, 2) / d)
    code = np.empty((t, d), x.dtype)
    code[:, ::2], code[:, 1::2] = np.sin(phi), np.cos(phi)
    return (x + code,), (g.copy(),)


# ---------------------------------------------------------------------------------------------- samplers


def grid_sample(x, grid, g):
    n, c, height, width = x.shape
    v, u = (grid[..., 0] + 1) * ((width - 1) / 2), (grid[..., 1] + 1) * ((height - 1) / 2)
    f, h = u - np.floor(u), v - np.floor(v)
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    rows, y, dx = np.arange(n)[:, None], 0, np.zeros((n, height, width, c), x.dtype)
    gt, du, dv = g.swapaxes(1, 2), 0, 0
    last = x.transpose(0, 2, 3, 1).copy()
    for di, wi, si in ((0, 1 - f, -1), (1, f, 1)):
        for dj, wj, sj in ((0, 1 - h, -1), (1, h, 1)):
            k, m = i + di, j + dj
            inside = (k >= 0) & (k < height) & (m >= 0) & (m < width)
            k, m = np.where(inside, k, 0), np.where(inside, m, 0)
            picked = last[rows, k, m] * inside[..., None]
            w = wi * wj * inside
            y = y + w[..., None] * picked
            place = (rows * height + k) * width + m
            dx += _added(place, w[..., None] * gt, n * height * width).reshape(dx.shape)
            inner = (picked * gt).sum(-1)
            du, dv = du + si * wj * inner, dv + sj * wi * inner
    dgrid = np.stack([dv * ((width - 1) / 2), du * ((height - 1) / 2)], -1)
    return (y.swapaxes(1, 2).copy(),), (dx.transpose(0, 3, 1, 2).copy(), dgrid)


def conv_transpose3d(x, w, b, g):
    n, c, *sizes = x.shape
    _, o, *kernel = w.shape
    matrix = w.reshape(c, -1)
    taps = (matrix.T @ x.reshape(n, c, -1)).reshape(n, o, *kernel, *sizes)
    y = np.zeros((n, o, *(2 * (s - 1) + k for s, k in zip(sizes, kernel, strict=True))), x.dtype)
    dtaps = np.empty_like(taps)
    for place in np.ndindex(*kernel):
        window = (..., *(slice(k, k + 2 * s - 1, 2) for k, s in zip(place, sizes, strict=True)))
        y[window] += taps[:, :, *place]
        dtaps[:, :, *place] = g[window]
    columns = dtaps.reshape(n, matrix.shape[1], -1)
    dw = (x.reshape(n, c, -1) @ columns.swapaxes(1, 2)).sum(0)
    return (y + b[:, None, None, None],), ((matrix @ columns).reshape(x.shape), dw.reshape(w.shape), g.sum((0, 2, 3, 4)))


# ------------------------------------------------------------------------------------------- optimizers


def radam(w, g, m, v, t):
    t = float(t) + 1
    m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
    limit = 2 / 0.001 - 1
    r = limit - 2 * t * 0.999**t / (1 - 0.999**t)
    rate = 1e-3 / (1 - 0.9**t)
    if r <= 5:
        return (w - rate * m,), ()
    factor = math.sqrt((r - 4) * (r - 2) * limit / ((limit - 4) * (limit - 2) * r) * (1 - 0.999**t))
    return (w - rate * factor * m / (np.sqrt(v) + 1e-8),), ()


def weight_average(w, a):
    return (0.999 * a + 0.001 * w,), ()


def clip_norm(g):
    size = math.sqrt(np.vdot(g, g))
    return (g * (1 / size) if size > 1 else g.copy(),), ()


def clip_value(g):
    return (np.clip(g, -1, 1),), ()


_ROWS = (1024, 512)
_SEQUENCE = {"x": (64, 64, 128)}
_IDS = (5000, (64, 64))


def _late(rng):
    return np.array(9, np.float32)


def _grid(rng):
    return rng.uniform(-0.9, 0.9, (8, 1024, 2)).astype(np.float32)


def _sizes(rng):
    return rng.uniform(0.1, 1, _ROWS).astype(np.float32)


PLACES = {
    **{f.__name__: (f, {"x": _ROWS}) for f in (flip, roll, split, cummax)},
    "transpose": (transpose, {"x": (8, 256, 256)}),
    "concat": (concat, {"a": (1024, 256), "b": (1024, 512)}),
    **{f.__name__: (f, _SEQUENCE) for f in (reflect_pad1d, replicate_pad1d, rope_interleaved, sinusoidal_position)},
    "embedding_bag_mean": (embedding_bag_mean, {"ids": _IDS, "W": (5000, 64)}),
    "embedding_padding": (embedding_padding, {"ids": _IDS, "W": (5000, 64)}),
    "positional_embedding": (positional_embedding, {"ids": _IDS, "Wt": (5000, 64), "Wp": (128, 64)}),
    "take_along": (take_along, {"x": _ROWS, "ids": (512, (1024, 128))}),
    "one_hot": (one_hot, {"t": (10, (65536,))}),
    "grid_sample": (grid_sample, {"x": (8, 16, 32, 32), "grid": _grid}),
    "conv_transpose3d": (conv_transpose3d, {"x": (2, 16, 8, 8, 8), "w": (16, 8, 3, 3, 3), "b": (8,)}),
    "radam": (radam, {"w": _ROWS, "g": _ROWS, "m": _ROWS, "v": _sizes, "t": _late}),
    "weight_average": (weight_average, {"w": _ROWS, "a": _ROWS}),
    "clip_norm": (clip_norm, {"g": _ROWS}),
    "clip_value": (clip_value, {"g": _ROWS}),
}
