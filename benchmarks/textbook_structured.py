"""More layers as a textbook writes them in NumPy: convolutions, normalisation, tables, graphs, losses over pairs.

`STRUCTURED` has the form of `textbook.LAYERS`: a library layer's name to (function, arrays).
"""

from __future__ import annotations

import numpy as np
from textbook import _sigmoid, _softmax, conv2d


def _norm(x):
    return np.sqrt((x**2).sum(-1, keepdims=True))


# ------------------------------------------------------------------------------------------- convolutions


def conv1d(x, w, b, g):
    n, c, length = x.shape
    o, _, k = w.shape
    t = length - k + 1
    columns = np.stack([x[:, :, i : i + t] for i in range(k)], 2).reshape(n, c * k, t)
    flat = w.reshape(o, -1)
    y = flat @ columns + b[:, None]
    dw = np.einsum("not,nkt->ok", g, columns, optimize=True).reshape(w.shape)
    dcolumns = (flat.T @ g).reshape(n, c, k, t)
    dx = np.zeros_like(x)
    for i in range(k):
        dx[:, :, i : i + t] += dcolumns[:, :, i]
    return (y,), (dx, dw, g.sum((0, 2)))


def causal_conv1d(x, w, b, g):
    n, c, t = x.shape
    k = w.shape[2]
    padded = np.pad(x, ((0, 0), (0, 0), (k - 1, 0)))
    (y,), (dx, dw, db) = conv1d(padded, w[:, :, ::-1], b, g)
    return (y,), (dx[:, :, k - 1 :], dw[:, :, ::-1], db)


def conv3d(x, w, b, g):
    n, c, *sizes = x.shape
    o, _, *kernel = w.shape
    outer = tuple(s - k + 1 for s, k in zip(sizes, kernel, strict=True))
    taps = list(np.ndindex(*kernel))
    spans = [tuple(slice(i, i + p) for i, p in zip(tap, outer, strict=True)) for tap in taps]
    columns = np.stack([x[(slice(None), slice(None), *span)] for span in spans], 2).reshape(n, c * len(taps), -1)
    flat, rows = w.reshape(o, -1), g.reshape(n, o, -1)
    y = (flat @ columns).reshape(n, o, *outer) + b[:, None, None, None]
    dw = np.einsum("nop,nkp->ok", rows, columns, optimize=True).reshape(w.shape)
    dcolumns = (flat.T @ rows).reshape(n, c, len(taps), *outer)
    dx = np.zeros_like(x)
    for k, span in enumerate(spans):
        dx[(slice(None), slice(None), *span)] += dcolumns[:, :, k]
    return (y,), (dx, dw, g.sum((0, 2, 3, 4)))


def conv_transpose2d(x, w, b, g):
    n, c, height, width = x.shape
    _, o, k, m = w.shape
    rows = x.reshape(n, c, -1)
    columns = (w.reshape(c, -1).T @ rows).reshape(n, o, k, m, height, width)
    y = np.zeros((n, o, 2 * (height - 1) + k, 2 * (width - 1) + m), x.dtype) + b[:, None, None]
    gathered = np.empty_like(columns)
    for i in range(k):
        for j in range(m):
            span = (slice(None), slice(None), slice(i, i + 2 * height - 1, 2), slice(j, j + 2 * width - 1, 2))
            y[span] += columns[:, :, i, j]
            gathered[:, :, i, j] = g[span]
    dcolumns = gathered.reshape(n, o * k * m, -1)
    dw = np.einsum("ncp,nkp->ck", rows, dcolumns, optimize=True).reshape(w.shape)
    return (y,), ((w.reshape(c, -1) @ dcolumns).reshape(x.shape), dw, g.sum((0, 2, 3)))


def grouped_conv2d(x, w, b, g):
    parts = [conv2d(*p) for p in zip(*(np.split(a, 2, axis) for a, axis in ((x, 1), (w, 0), (b, 0), (g, 1))), strict=True)]
    join = lambda arrays, axis: np.concatenate(arrays, axis)  # noqa: E731
    outputs = join([out[0] for out, _ in parts], 1)
    return (outputs,), tuple(join([grads[k] for _, grads in parts], axis) for k, axis in enumerate((1, 0, 0)))


def max_pool1d(x, g):
    n, c, length = x.shape
    windows = x.reshape(n, c, length // 2, 2)
    y = windows.max(3, keepdims=True)
    tied = windows == y
    share = g[..., None] / tied.sum(3, keepdims=True).astype(x.dtype)
    return (y[..., 0],), ((tied * share).reshape(x.shape),)


def global_avg_pool2d(x, g):
    size = x.shape[2] * x.shape[3]
    return (x.mean((2, 3)),), (np.broadcast_to(g[:, :, None, None] / size, x.shape).copy(),)


def upsample_nearest2d(x, g):
    n, c, h, w = x.shape
    return (np.repeat(np.repeat(x, 2, 2), 2, 3),), (g.reshape(n, c, h, 2, w, 2).sum((3, 5)),)


def pixel_shuffle(x, g):
    n, c, h, w = x.shape
    y = x.reshape(n, c // 4, 2, 2, h, w).transpose(0, 1, 4, 2, 5, 3).reshape(n, c // 4, 2 * h, 2 * w)
    dx = g.reshape(n, c // 4, h, 2, w, 2).transpose(0, 1, 3, 5, 2, 4).reshape(x.shape)
    return (y,), (dx,)


def channel_shuffle(x, g):
    n, c, h, w = x.shape
    y = x.reshape(n, 2, c // 2, h, w).swapaxes(1, 2).reshape(x.shape)
    return (y,), (g.reshape(n, c // 2, 2, h, w).swapaxes(1, 2).reshape(x.shape),)


def local_response_norm(x, g):
    c = x.shape[1]
    squares = np.pad(x**2, ((0, 0), (2, 2), (0, 0), (0, 0)))
    alpha, beta = np.float32(1e-4 / 5), np.float32(0.75)
    u = 1 + alpha * sum(squares[:, j : j + c] for j in range(5))
    y = x / u**beta
    inner = np.pad(g * y / u, ((0, 0), (2, 2), (0, 0), (0, 0)))
    return (y,), (g / u**beta - 2 * alpha * beta * x * sum(inner[:, j : j + c] for j in range(5)),)


def total_variation2d(x, g):
    down, right = np.diff(x, axis=2), np.diff(x, axis=3)
    dx = np.zeros_like(x)
    dx[:, :, 1:] += np.sign(down)
    dx[:, :, :-1] -= np.sign(down)
    dx[:, :, :, 1:] += np.sign(right)
    dx[:, :, :, :-1] -= np.sign(right)
    return ((np.abs(down).sum() + np.abs(right).sum()) / len(x),), (g * dx / len(x),)


# ------------------------------------------------------------------------------------------ normalisation


def instancenorm(x, gamma, beta, g):
    mean, var = x.mean((2, 3), keepdims=True), x.var((2, 3), keepdims=True)
    r = 1 / np.sqrt(var + np.float32(1e-5))
    xhat = (x - mean) * r
    d = g * gamma[:, None, None]
    dx = r * (d - d.mean((2, 3), keepdims=True) - xhat * (d * xhat).mean((2, 3), keepdims=True))
    return (gamma[:, None, None] * xhat + beta[:, None, None],), (dx, (g * xhat).sum((0, 2, 3)), g.sum((0, 2, 3)))


def batchnorm2d(x, gamma, beta, running_mean, running_var, g):
    axes = (0, 2, 3)
    m = x.size // x.shape[1]
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    r = 1 / np.sqrt(var + np.float32(1e-5))
    xhat = (x - mean) * r
    dgamma, dbeta = (g * xhat).sum(axes), g.sum(axes)
    dx = gamma[:, None, None] * r * (g - dbeta[:, None, None] / m - xhat * dgamma[:, None, None] / m)
    old, new = np.float32(0.9), np.float32(0.1)
    running_mean, running_var = old * running_mean + new * mean.ravel(), old * running_var + new * var.ravel() * m / (m - 1)
    return (gamma[:, None, None] * xhat + beta[:, None, None],), (dx, dgamma, dbeta)


def weight_norm(v, g, d):
    norm = np.sqrt((v**2).sum(0))
    u = v / norm
    return (g * u,), (g / norm * (d - u * (d * u).sum(0)), (d * u).sum(0))


def squeeze_excite(x, W1, b1, W2, b2, g):
    s = x.mean((2, 3))
    h = s @ W1 + b1
    a = np.maximum(h, 0)
    gate = _sigmoid(a @ W2 + b2)
    dgate = (g * x).sum((2, 3)) * gate * (1 - gate)
    dh = np.where(h > 0, dgate @ W2.T, 0)
    dx = g * gate[:, :, None, None] + (dh @ W1.T / (x.shape[2] * x.shape[3]))[:, :, None, None]
    return (gate[:, :, None, None] * x,), (dx, s.T @ dh, dh.sum(0), a.T @ dgate, dgate.sum(0))


# ------------------------------------------------------------------------------- tables, graphs, mixtures


def embedding_bag(ids, W, g):
    dW = np.zeros_like(W)
    np.add.at(dW, ids, g[:, None])
    return (W[ids].sum(1),), (dW,)


def segment_sum(x, ids, g):
    y = np.zeros((4, x.shape[1]), x.dtype)
    np.add.at(y, ids, x)
    return (y,), (g[ids],)


def graph_convolution(x, A, W, b, g):
    a = A + np.eye(len(A), dtype=A.dtype)
    s = 1 / np.sqrt(a.sum(1))
    a = s[:, None] * a * s
    dz = a.T @ g
    return (a @ (x @ W) + b,), (dz @ W.T, x.T @ dz, g.sum(0))


def moe(x, G, W, b, g):
    p = _softmax(x @ G)
    experts = np.einsum("ni,eio->neo", x, W, optimize=True) + b
    dp = (experts * g[:, None]).sum(2)
    dlogits = p * (dp - (dp * p).sum(1, keepdims=True))
    dexperts = p[..., None] * g[:, None]
    dx = dlogits @ G.T + np.einsum("neo,eio->ni", dexperts, W, optimize=True)
    dW = np.einsum("neo,ni->eio", dexperts, x, optimize=True)
    return ((p[..., None] * experts).sum(1),), (dx, x.T @ dlogits, dW, dexperts.sum(0))


def factorization_machine(x, b, w, V, g):
    s = x @ V
    y = b + x @ w + ((s**2).sum(1) - (x**2 @ V**2).sum(1)) / 2
    ds = g[:, None] * s
    dx = g[:, None] * w + ds @ V.T - g[:, None] * x * (V**2).sum(1)
    return (y,), (dx, g.sum(), x.T @ g, x.T @ ds - V * ((x**2).T @ g)[:, None])


def rbf_kernel(x, z, g):
    y = np.exp(-((x[:, None] - z[None]) ** 2).sum(-1))
    d = -2 * (g * y)[..., None] * (x[:, None] - z[None])
    return (y,), (d.sum(1), -d.sum(0))


# ----------------------------------------------------------------------------------------------- losses


def _distance(a, b):
    gap = a - b
    length = _norm(gap)
    return length[:, 0], gap / length


def triplet(a, p, q, g):
    near, to_near = _distance(a, p)
    far, to_far = _distance(a, q)
    value = near - far + 1
    slope = (g * (value > 0) / len(a)).astype(a.dtype)[:, None]
    return (np.maximum(value, 0).mean(),), (slope * (to_near - to_far), -slope * to_near, slope * to_far)


def contrastive(x, z, s, g):
    d, along = _distance(x, z)
    room = np.maximum(1 - d, 0)
    dd = (g / len(x) * (s * d - (1 - s) * room))[:, None]
    return ((s * d**2 + (1 - s) * room**2).mean() / 2,), (dd * along, -dd * along)


def info_nce(a, b, g):
    s = a @ b.T / np.float32(0.07)
    rows, columns = s - s.max(1, keepdims=True), s - s.max(0)
    p, q = np.exp(rows), np.exp(columns)
    over, under = p.sum(1), q.sum(0)
    p, q = p / over[:, None], q / under
    i = np.arange(len(a))
    ds = (g / (2 * len(a)) * (p + q - 2 * np.eye(len(a), dtype=a.dtype)) / np.float32(0.07)).astype(a.dtype)
    value = (rows[i, i] - np.log(over)).mean() + (columns[i, i] - np.log(under)).mean()
    return (-value / 2,), (ds @ b, ds.T @ a)


def barlow_twins(a, b, g):
    n, lam = len(a), np.float32(5e-3)

    def standard(x):
        r = 1 / np.sqrt(x.var(0) + np.float32(1e-5))
        return (x - x.mean(0)) * r, r

    (u, ru), (v, rv) = standard(a), standard(b)
    C = u.T @ v / n
    eye = np.eye(len(C), dtype=C.dtype)
    weight = eye + lam * (1 - eye)
    dC = (2 * g * weight * (C - eye) / n).astype(a.dtype)
    du, dv = v @ dC.T, u @ dC
    back = lambda d, x, r: r * (d - d.mean(0) - x * (d * x).mean(0))  # noqa: E731
    return ((weight * (C - eye) ** 2).sum(),), (back(du, u, ru), back(dv, v, rv))


def _unit_rows(rng):
    x = rng.standard_normal((256, 128), dtype=np.float32)
    return x / np.sqrt((x**2).sum(1, keepdims=True))


_IMAGES = {"x": (8, 32, 32, 32)}
_CHANNELS = {"gamma": (32,), "beta": (32,)}
_PAIRS = {"a": (256, 128), "b": (256, 128)}

STRUCTURED = {
    "conv1d": (conv1d, {"x": (16, 32, 256), "w": (32, 32, 5), "b": (32,)}),
    "causal_conv1d": (causal_conv1d, {"x": (16, 32, 256), "w": (32, 32, 3), "b": (32,)}),
    "conv3d": (conv3d, {"x": (4, 8, 12, 12, 12), "w": (16, 8, 3, 3, 3), "b": (16,)}),
    "conv_transpose2d": (conv_transpose2d, {"x": (8, 32, 16, 16), "w": (32, 16, 4, 4), "b": (16,)}),
    "grouped_conv2d": (grouped_conv2d, {"x": (8, 32, 24, 24), "w": (32, 16, 3, 3), "b": (32,)}),
    "max_pool1d": (max_pool1d, {"x": (32, 32, 256)}),
    "global_avg_pool2d": (global_avg_pool2d, _IMAGES),
    "upsample_nearest2d": (upsample_nearest2d, _IMAGES),
    "pixel_shuffle": (pixel_shuffle, _IMAGES),
    "channel_shuffle": (channel_shuffle, _IMAGES),
    "local_response_norm": (local_response_norm, _IMAGES),
    "total_variation2d": (total_variation2d, _IMAGES),
    "instancenorm": (instancenorm, {**_IMAGES, **_CHANNELS}),
    "batchnorm2d": (batchnorm2d, {**_IMAGES, **_CHANNELS, "running_mean": (32,), "running_var": (32,)}),
    "weight_norm": (weight_norm, {"v": (512, 512), "g": (512,)}),
    "squeeze_excite": (squeeze_excite, {**_IMAGES, "W1": (32, 8), "b1": (8,), "W2": (8, 32), "b2": (32,)}),
    "embedding_bag": (embedding_bag, {"ids": (1000, (256, 16)), "W": (1000, 64)}),
    "segment_sum": (segment_sum, {"x": (4096, 64), "ids": (4, (4096,))}),
    "graph_convolution": (graph_convolution, {"x": (256, 128), "A": (256, 256), "W": (128, 128), "b": (128,)}),
    "moe": (moe, {"x": (256, 64), "G": (64, 8), "W": (8, 64, 64), "b": (8, 64)}),
    "factorization_machine": (factorization_machine, {"x": (512, 256), "b": (), "w": (256,), "V": (256, 32)}),
    "rbf_kernel": (rbf_kernel, {"x": (128, 64), "z": (128, 64)}),
    "triplet": (triplet, {"a": (1024, 256), "p": (1024, 256), "q": (1024, 256)}),
    "contrastive": (contrastive, {"x": (1024, 256), "z": (1024, 256), "s": (1024,)}),
    "info_nce": (info_nce, {"a": _unit_rows, "b": _unit_rows}),
    "barlow_twins": (barlow_twins, _PAIRS),
}
