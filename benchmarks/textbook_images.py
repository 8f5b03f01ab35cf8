"""More layers on images and windows as a textbook writes them in NumPy: pooling, padding, resampling, normalisation.

`IMAGES` has the form of `textbook.LAYERS`.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from textbook import _softmax, depthwise_conv2d


def avg_pool1d(x, g):
    n, c, length = x.shape
    return (x.reshape(n, c, length // 2, 2).mean(3),), (np.repeat(g / 2, 2, 2),)


def max_pool3d(x, g):
    n, c, *sizes = x.shape
    d, h, w = (s // 2 for s in sizes)
    windows = x.reshape(n, c, d, 2, h, 2, w, 2)
    y = windows.max((3, 5, 7), keepdims=True)
    tied = windows == y
    share = g[:, :, :, None, :, None, :, None] / tied.sum((3, 5, 7), keepdims=True).astype(x.dtype)
    return (y.reshape(n, c, d, h, w),), ((tied * share).reshape(x.shape),)


def lp_pool2d(x, g):
    n, c, h, w = x.shape
    windows = x.reshape(n, c, h // 2, 2, w // 2, 2)
    y = np.sqrt((windows**2).sum((3, 5)))
    return (y,), ((windows * (g / y)[:, :, :, None, :, None]).reshape(x.shape),)


def global_max_pool2d(x, g):
    y = x.max((2, 3), keepdims=True)
    tied = x == y
    return (y[:, :, 0, 0],), (tied * (g / tied.sum((2, 3)).astype(x.dtype))[:, :, None, None],)


def adaptive_avg_pool1d(x, g):
    length = x.shape[2]
    spans = [(i * length // 3, ((i + 1) * length + 2) // 3) for i in range(3)]
    y = np.stack([x[:, :, a:b].mean(2) for a, b in spans], 2)
    dx = np.zeros_like(x)
    for i, (a, b) in enumerate(spans):
        dx[:, :, a:b] += g[:, :, i, None] / (b - a)
    return (y,), (dx,)


def interpolate_bilinear2d(x, g):
    n, c, h, w = x.shape
    u, v = np.maximum((np.arange(5) + 0.5) * h / 5 - 0.5, 0), np.maximum((np.arange(5) + 0.5) * w / 5 - 0.5, 0)
    i, j = u.astype(int), v.astype(int)
    k, m = np.minimum(i + 1, h - 1), np.minimum(j + 1, w - 1)
    f, e = (u - i).astype(x.dtype)[:, None], (v - j).astype(x.dtype)
    parts = [(i, j, (1 - f) * (1 - e)), (i, m, (1 - f) * e), (k, j, f * (1 - e)), (k, m, f * e)]
    y = sum(x[:, :, a[:, None], b] * weight for a, b, weight in parts)
    dx = np.zeros_like(x)
    for a, b, weight in parts:
        np.add.at(dx, (slice(None), slice(None), a[:, None], b), g * weight)
    return (y,), (dx,)


def interpolate_linear1d(x, g):
    length = x.shape[2]
    at = np.maximum((np.arange(6) + 0.5) * length / 6 - 0.5, 0)
    i = at.astype(int)
    k, f = np.minimum(i + 1, length - 1), (at - i).astype(x.dtype)
    dx = np.zeros_like(x)
    np.add.at(dx, (slice(None), slice(None), i), g * (1 - f))
    np.add.at(dx, (slice(None), slice(None), k), g * f)
    return ((1 - f) * x[:, :, i] + f * x[:, :, k],), (dx,)


def unfold2d(x, g):
    y = np.ascontiguousarray(sliding_window_view(x, (2, 2), (2, 3)).transpose(0, 1, 4, 5, 2, 3))
    p, q = y.shape[4:]
    dx = np.zeros_like(x)
    for i in range(2):
        for j in range(2):
            dx[:, :, i : i + p, j : j + q] += g[:, :, i, j]
    return (y,), (dx,)


def fold1d(x, g):
    n, k, p = x.shape
    y = np.zeros((n, p + k - 1), x.dtype)
    dx = np.empty_like(x)
    for i in range(k):
        y[:, i : i + p] += x[:, i]
        dx[:, i] = g[:, i : i + p]
    return (y,), (dx,)


def reflect_pad2d(x, g):
    dx = g[:, :, 1:-1, :].copy()
    dx[:, :, 1] += g[:, :, 0]
    dx[:, :, -2] += g[:, :, -1]
    inner = dx[..., 1:-1].copy()
    inner[..., 1] += dx[..., 0]
    inner[..., -2] += dx[..., -1]
    return (np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)), mode="reflect"),), (inner,)


def circular_pad1d(x, g):
    dx = g[:, :, 1:-1].copy()
    dx[:, :, -1] += g[:, :, 0]
    dx[:, :, 0] += g[:, :, -1]
    return (np.pad(x, ((0, 0), (0, 0), (1, 1)), mode="wrap"),), (dx,)


def zero_pad1d(x, g):
    return (np.pad(x, ((0, 0), (0, 0), (1, 1))),), (g[:, :, 1:-1].copy(),)


def pixel_unshuffle(x, g):
    n, c, h, w = x.shape
    y = x.reshape(n, c, h // 2, 2, w // 2, 2).transpose(0, 1, 3, 5, 2, 4).reshape(n, 4 * c, h // 2, w // 2)
    return (y,), (g.reshape(n, c, 2, 2, h // 2, w // 2).transpose(0, 1, 4, 2, 5, 3).reshape(x.shape),)


def conv_transpose1d(x, w, b, g):
    n, c, length = x.shape
    _, o, k = w.shape
    columns = (w.reshape(c, -1).T @ x).reshape(n, o, k, length)
    y = np.zeros((n, o, 2 * (length - 1) + k), x.dtype) + b[:, None]
    gathered = np.empty_like(columns)
    for i in range(k):
        y[:, :, i : i + 2 * length - 1 : 2] += columns[:, :, i]
        gathered[:, :, i] = g[:, :, i : i + 2 * length - 1 : 2]
    flat = gathered.reshape(n, o * k, length)
    dw = np.einsum("ncl,nkl->ck", x, flat, optimize=True).reshape(w.shape)
    return (y,), (w.reshape(c, -1) @ flat, dw, g.sum((0, 2)))


def pointwise_conv2d(x, w, b, g):
    n, c, h, k = x.shape
    flat, rows = x.reshape(n, c, -1), g.reshape(n, len(w), -1)
    y = (w @ flat).reshape(n, len(w), h, k) + b[:, None, None]
    dw = np.einsum("nop,ncp->oc", rows, flat, optimize=True)
    return (y,), ((w.T @ rows).reshape(x.shape), dw, g.sum((0, 2, 3)))


def separable_conv2d(x, u, bu, v, bv, g):
    (a,), _ = depthwise_conv2d(x, u, bu, np.zeros((len(x), len(bu), x.shape[2] - 2, x.shape[3] - 2), x.dtype))
    (y,), (da, dv, dbv) = pointwise_conv2d(a, v, bv, g)
    _, (dx, du, dbu) = depthwise_conv2d(x, u, bu, da)
    return (y,), (dx, du, dbu, dv, dbv)


def film(x, gamma, beta, g):
    y = gamma[:, :, None, None] * x + beta[:, :, None, None]
    return (y,), (g * gamma[:, :, None, None], (g * x).sum((2, 3)), g.sum((2, 3)))


def layernorm2d(x, gamma, beta, g):
    axes = (1, 2, 3)
    r = 1 / np.sqrt(x.var(axes, keepdims=True) + np.float32(1e-5))
    xhat = (x - x.mean(axes, keepdims=True)) * r
    d = g * gamma
    dx = r * (d - d.mean(axes, keepdims=True) - xhat * (d * xhat).mean(axes, keepdims=True))
    return (gamma * xhat + beta,), (dx, (g * xhat).sum(0), g.sum(0))


def adaptive_layernorm(x, scale, shift, g):
    r = 1 / np.sqrt(x.var(2, keepdims=True) + np.float32(1e-6))
    xhat = (x - x.mean(2, keepdims=True)) * r
    d = g * (1 + scale[:, None])
    dx = r * (d - d.mean(2, keepdims=True) - xhat * (d * xhat).mean(2, keepdims=True))
    return ((1 + scale[:, None]) * xhat + shift[:, None],), (dx, (g * xhat).sum(1), g.sum(1))


def image_cross_entropy(z, t, g):
    p = _softmax(z.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    n, _, h, w = z.shape
    at = (np.arange(n)[:, None, None], t, np.arange(h)[:, None], np.arange(w))
    dz = p * (g / t.size)
    dz[at] -= g / t.size
    return (-np.log(p[at]).mean(),), (dz,)


def softmax2d(x, g):
    e = np.exp(x - x.max(1, keepdims=True))
    p = e / e.sum(1, keepdims=True)
    return (p,), (p * (g - (p * g).sum(1, keepdims=True)),)


_IMAGES = {"x": (8, 32, 32, 32)}

IMAGES = {
    "avg_pool1d": (avg_pool1d, {"x": (32, 32, 256)}),
    "max_pool3d": (max_pool3d, {"x": (4, 8, 16, 16, 16)}),
    "lp_pool2d": (lp_pool2d, _IMAGES),
    "global_max_pool2d": (global_max_pool2d, _IMAGES),
    "adaptive_avg_pool1d": (adaptive_avg_pool1d, {"x": (32, 32, 256)}),
    "interpolate_bilinear2d": (interpolate_bilinear2d, {"x": (8, 32, 16, 16)}),
    "interpolate_linear1d": (interpolate_linear1d, {"x": (32, 64, 32)}),
    "unfold2d": (unfold2d, {"x": (8, 16, 32, 32)}),
    "fold1d": (fold1d, {"x": (64, 8, 256)}),
    "reflect_pad2d": (reflect_pad2d, _IMAGES),
    "circular_pad1d": (circular_pad1d, {"x": (32, 32, 256)}),
    "zero_pad1d": (zero_pad1d, {"x": (32, 32, 256)}),
    "pixel_unshuffle": (pixel_unshuffle, _IMAGES),
    "conv_transpose1d": (conv_transpose1d, {"x": (16, 32, 128), "w": (32, 32, 4), "b": (32,)}),
    "pointwise_conv2d": (pointwise_conv2d, {**_IMAGES, "w": (64, 32), "b": (64,)}),
    "separable_conv2d": (separable_conv2d, {**_IMAGES, "u": (32, 3, 3), "bu": (32,), "v": (64, 32), "bv": (64,)}),
    "film": (film, {**_IMAGES, "gamma": (8, 32), "beta": (8, 32)}),
    "layernorm2d": (layernorm2d, {**_IMAGES, "gamma": (32, 32, 32), "beta": (32, 32, 32)}),
    "adaptive_layernorm": (adaptive_layernorm, {"x": (8, 128, 256), "scale": (8, 256), "shift": (8, 256)}),
    "image_cross_entropy": (image_cross_entropy, {"z": (8, 16, 32, 32), "t": (16, (8, 32, 32))}),
    "softmax2d": (softmax2d, _IMAGES),
}
