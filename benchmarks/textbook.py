"""Layers as a textbook writes them in NumPy: forward and backward step by step, one array expression a formula, no tricks.

`LAYERS` maps a library layer to (function, arrays). The function takes the arrays and the upstream gradients by position and
returns (outputs, gradients), each a tuple; the arrays are drawn by name from a shape, or from an integer range and a shape.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erf


def _sigmoid(x):
    return (1 + np.tanh(x / 2)) / 2  # where exp(-x) would overflow, too


def _softmax(x):
    e = np.exp(x - x.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def linear(x, W, b, g):
    return (x @ W + b,), (g @ W.T, x.T @ g, g.sum(0))


def relu(x, g):
    return (np.maximum(x, 0),), (np.where(x > 0, g, 0),)


def leaky_relu(x, g):
    return (np.where(x > 0, x, np.float32(0.01) * x),), (np.where(x > 0, g, np.float32(0.01) * g),)


def elu(x, g):
    y = np.where(x > 0, x, np.exp(np.minimum(x, 0)) - 1)
    return (y,), (np.where(x > 0, g, g * (y + 1)),)


def tanh(x, g):
    y = np.tanh(x)
    return (y,), (g * (1 - y**2),)


def sigmoid(x, g):
    y = _sigmoid(x)
    return (y,), (g * y * (1 - y),)


def softplus(x, g):
    return (np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0),), (g * _sigmoid(x),)


def silu(x, g):
    s = _sigmoid(x)
    return (x * s,), (g * (s + x * s * (1 - s)),)


def gelu_tanh(x, g):
    k = np.float32(np.sqrt(2 / np.pi))
    u = np.tanh(k * (x + np.float32(0.044715) * x**3))
    slope = (1 + u) / 2 + x / 2 * (1 - u**2) * k * (1 + np.float32(0.134145) * x**2)
    return (x / 2 * (1 + u),), (g * slope,)


def gelu(x, g):
    cdf = (1 + erf(x * np.float32(0.5**0.5))) / 2
    return (x * cdf,), (g * (cdf + x * np.exp(-(x**2) / 2) * np.float32((2 * np.pi) ** -0.5)),)


def mish(x, g):
    w = np.tanh(np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0))
    return (x * w,), (g * (w + x * _sigmoid(x) * (1 - w**2)),)


def swiglu(a, b, g):
    s = _sigmoid(a)
    return (a * s * b,), (g * b * (s + a * s * (1 - s)), g * a * s)


def softmax(x, g):
    p = _softmax(x)
    return (p,), (p * (g - (g * p).sum(-1, keepdims=True)),)


def log_softmax(x, g):
    z = x - x.max(-1, keepdims=True)
    y = z - np.log(np.exp(z).sum(-1, keepdims=True))
    return (y,), (g - np.exp(y) * g.sum(-1, keepdims=True),)


def softmax_cross_entropy(z, t, g):
    p = _softmax(z)
    onehot = np.eye(z.shape[1], dtype=z.dtype)[t]
    return (-np.log(p[np.arange(len(t)), t]).mean(),), (g * (p - onehot) / len(t),)


def mse(y, t, g):
    r = y - t
    return ((r**2).mean(),), (2 * g * r / r.size,)


def huber(y, t, g):
    r = y - t
    inside = np.abs(r) <= 1
    return (np.where(inside, r**2 / 2, np.abs(r) - np.float32(0.5)).mean(),), (g * np.where(inside, r, np.sign(r)) / r.size,)


def bce_with_logits(x, t, g):
    value = np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x)))
    return (value.mean(),), (g * (_sigmoid(x) - t) / x.size,)


def layernorm(x, gamma, beta, g):
    d = x.shape[1]
    mean = x.mean(1, keepdims=True)
    r = 1 / np.sqrt(x.var(1, keepdims=True) + np.float32(1e-5))
    xhat = (x - mean) * r
    dxhat = g * gamma
    dvar = (dxhat * (x - mean)).sum(1, keepdims=True) * -(r**3) / 2
    dmean = -(dxhat * r).sum(1, keepdims=True) + dvar * (-2 * (x - mean)).mean(1, keepdims=True)
    dx = dxhat * r + dvar * 2 * (x - mean) / d + dmean / d
    return (gamma * xhat + beta,), (dx, (g * xhat).sum(0), g.sum(0))


def rmsnorm(x, gamma, g):
    r = 1 / np.sqrt((x**2).mean(1, keepdims=True) + np.float32(1e-6))
    xhat = x * r
    dxhat = g * gamma
    return (gamma * xhat,), (r * (dxhat - xhat * (dxhat * xhat).mean(1, keepdims=True)), (g * xhat).sum(0))


def batchnorm(x, gamma, beta, running_mean, running_var, g):
    n = len(x)
    mean, var = x.mean(0), x.var(0)
    r = 1 / np.sqrt(var + np.float32(1e-5))
    xhat = (x - mean) * r
    dxhat = g * gamma
    dvar = (dxhat * (x - mean)).sum(0) * -(r**3) / 2
    dmean = -(dxhat * r).sum(0) + dvar * (-2 * (x - mean)).mean(0)
    dx = dxhat * r + dvar * 2 * (x - mean) / n + dmean / n
    old, new = np.float32(0.9), np.float32(0.1)
    running_mean, running_var = old * running_mean + new * mean, old * running_var + new * var * n / (n - 1)
    return (gamma * xhat + beta,), (dx, (g * xhat).sum(0), g.sum(0))


def groupnorm(x, gamma, beta, g):
    n, c, height, width = x.shape
    rows = x.reshape(n, 2, -1)
    mean, var = rows.mean(2, keepdims=True), rows.var(2, keepdims=True)
    r = 1 / np.sqrt(var + np.float32(1e-5))
    xhat = ((rows - mean) * r).reshape(x.shape)
    dxhat = (g * gamma[:, None, None]).reshape(rows.shape)
    flat = xhat.reshape(rows.shape)
    dx = r * (dxhat - dxhat.mean(2, keepdims=True) - flat * (dxhat * flat).mean(2, keepdims=True))
    y = gamma[:, None, None] * xhat + beta[:, None, None]
    return (y,), (dx.reshape(x.shape), (g * xhat).sum((0, 2, 3)), g.sum((0, 2, 3)))


def l2_normalize(x, g):
    norm = np.sqrt((x**2).sum(-1, keepdims=True))
    y = x / norm
    return (y,), ((g - y * (g * y).sum(-1, keepdims=True)) / norm,)


def cosine_similarity(x, z, g):
    a, b = np.sqrt((x**2).sum(-1, keepdims=True)), np.sqrt((z**2).sum(-1, keepdims=True))
    c = (x * z).sum(-1, keepdims=True) / (a * b)
    g = g[:, None]
    return (c[:, 0],), (g * (z / b - c * x / a) / a, g * (x / a - c * z / b) / b)


def squared_distances(x, z, g):
    d = x[:, None] - z[None]
    dd = 2 * g[..., None] * d
    return ((d**2).sum(-1),), (dd.sum(1), -dd.sum(0))


def mlp(x, W1, b1, W2, b2, g):
    h = x @ W1 + b1
    a = np.maximum(h, 0)
    dh = np.where(h > 0, g @ W2.T, 0)
    return (a @ W2 + b2,), (dh @ W1.T, x.T @ dh, dh.sum(0), a.T @ g, g.sum(0))


def bilinear(x, z, W, b, g):
    outer = x[:, :, None] * z[:, None, :]
    y = np.tensordot(outer, W, ((1, 2), (1, 2))) + b
    douter = np.tensordot(g, W, 1)
    return (y,), ((douter * z[:, None]).sum(2), (douter * x[:, :, None]).sum(1), np.tensordot(g, outer, (0, 0)), g.sum(0))


def cumsum(x, g):
    return (np.cumsum(x, -1),), (np.cumsum(g[:, ::-1], -1)[:, ::-1],)


def rope(x, g):
    n, t, d = x.shape
    phi = np.arange(t)[:, None] * 10000.0 ** (-2 * np.arange(d // 2) / d)
    c, s = np.cos(phi).astype(x.dtype), np.sin(phi).astype(x.dtype)
    a, b = x[..., : d // 2], x[..., d // 2 :]
    u, v = g[..., : d // 2], g[..., d // 2 :]
    y = np.concatenate([a * c - b * s, b * c + a * s], -1)
    return (y,), (np.concatenate([u * c + v * s, v * c - u * s], -1),)


def embedding(ids, W, g):
    dW = np.zeros_like(W)
    np.add.at(dW, ids, g)
    return (W[ids],), (dW,)


def attention(Q, K, V, g):
    scale = np.float32(1 / np.sqrt(Q.shape[-1]))
    P = _softmax(Q @ K.swapaxes(-1, -2) * scale)
    dP = g @ V.swapaxes(-1, -2)
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) * scale
    return (P @ V,), (dS @ K, dS.swapaxes(-1, -2) @ Q, P.swapaxes(-1, -2) @ g)


def causal_attention(Q, K, V, g):
    scale = np.float32(1 / np.sqrt(Q.shape[-1]))
    S = Q @ K.swapaxes(-1, -2) * scale
    S = np.where(np.tri(S.shape[-1], dtype=bool), S, -np.inf)
    P = _softmax(S)
    dP = g @ V.swapaxes(-1, -2)
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) * scale
    return (P @ V,), (dS @ K, dS.swapaxes(-1, -2) @ Q, P.swapaxes(-1, -2) @ g)


def conv2d(x, w, b, g):
    n, c, height, width = x.shape
    o, _, k, m = w.shape
    p, q = height - k + 1, width - m + 1
    columns = np.stack([x[:, :, i : i + p, j : j + q] for i in range(k) for j in range(m)], 2).reshape(n, c * k * m, p * q)
    flat = w.reshape(o, -1)
    y = (flat @ columns).reshape(n, o, p, q) + b[:, None, None]
    rows = g.reshape(n, o, p * q)
    dw = np.einsum("nop,nkp->ok", rows, columns, optimize=True).reshape(w.shape)
    dcolumns = (flat.T @ rows).reshape(n, c, k, m, p, q)
    dx = np.zeros_like(x)
    for i in range(k):
        for j in range(m):
            dx[:, :, i : i + p, j : j + q] += dcolumns[:, :, i, j]
    return (y,), (dx, dw, g.sum((0, 2, 3)))


def depthwise_conv2d(x, w, b, g):
    n, c, height, width = x.shape
    _, k, m = w.shape
    p, q = height - k + 1, width - m + 1
    y = np.zeros((n, c, p, q), x.dtype) + b[:, None, None]
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i in range(k):
        for j in range(m):
            window = x[:, :, i : i + p, j : j + q]
            y += window * w[:, i, j, None, None]
            dx[:, :, i : i + p, j : j + q] += g * w[:, i, j, None, None]
            dw[:, i, j] = (g * window).sum((0, 2, 3))
    return (y,), (dx, dw, g.sum((0, 2, 3)))


def max_pool2d(x, g):
    n, c, h, w = x.shape
    windows = x.reshape(n, c, h // 2, 2, w // 2, 2)
    y = windows.max((3, 5), keepdims=True)
    tied = windows == y
    share = g.reshape(n, c, h // 2, 1, w // 2, 1) / tied.sum((3, 5), keepdims=True).astype(x.dtype)
    return (y[:, :, :, 0, :, 0],), ((tied * share).reshape(x.shape),)


def avg_pool2d(x, g):
    n, c, h, w = x.shape
    y = x.reshape(n, c, h // 2, 2, w // 2, 2).mean((3, 5))
    return (y,), (np.repeat(np.repeat(g / 4, 2, 2), 2, 3),)


def rnn(x, h0, Wx, Wh, b, ghs, glast):
    T = len(x)
    h = [h0]
    for t in range(T):
        h.append(np.tanh(x[t] @ Wx + h[-1] @ Wh + b))
    dx, dWx, dWh, db, dh = np.zeros_like(x), np.zeros_like(Wx), np.zeros_like(Wh), np.zeros_like(b), glast
    for t in reversed(range(T)):
        dz = (dh + ghs[t]) * (1 - h[t + 1] ** 2)
        dx[t], dh = dz @ Wx.T, dz @ Wh.T
        dWx += x[t].T @ dz
        dWh += h[t].T @ dz
        db += dz.sum(0)
    return (np.stack(h[1:]), h[-1]), (dx, dh, dWx, dWh, db)


def lstm(x, h0, c0, Wx, Wh, b, ghs, gh, gc):
    T, n, _ = x.shape
    width = h0.shape[1]
    A, U, bias = Wx.reshape(len(Wx), -1), Wh.reshape(width, -1), b.reshape(-1)
    h, c, gates = [h0], [c0], []
    for t in range(T):
        i, f, q, o = np.split(x[t] @ A + h[-1] @ U + bias, 4, axis=1)
        i, f, q, o = _sigmoid(i), _sigmoid(f), np.tanh(q), _sigmoid(o)
        c.append(f * c[-1] + i * q)
        h.append(o * np.tanh(c[-1]))
        gates.append((i, f, q, o))
    dx, dA, dU, db, dh, dc = np.zeros_like(x), np.zeros_like(A), np.zeros_like(U), np.zeros_like(bias), gh, gc
    for t in reversed(range(T)):
        i, f, q, o = gates[t]
        u = np.tanh(c[t + 1])
        dh = dh + ghs[t]
        dc = dc + dh * o * (1 - u**2)
        dz = np.concatenate([dc * q * i * (1 - i), dc * c[t] * f * (1 - f), dc * i * (1 - q**2), dh * u * o * (1 - o)], 1)
        dx[t], dh, dc = dz @ A.T, dz @ U.T, dc * f
        dA += x[t].T @ dz
        dU += h[t].T @ dz
        db += dz.sum(0)
    return (np.stack(h[1:]), h[-1], c[-1]), (dx, dh, dc, dA.reshape(Wx.shape), dU.reshape(Wh.shape), db.reshape(b.shape))


def gru(x, h0, Wx, Wh, bx, bh, ghs, glast):
    T, width = len(x), h0.shape[1]
    A, U, ba, bu = Wx.reshape(len(Wx), -1), Wh.reshape(width, -1), bx.reshape(-1), bh.reshape(-1)
    h, saved = [h0], []
    for t in range(T):
        ur, uz, un = np.split(x[t] @ A + ba, 3, axis=1)
        vr, vz, vn = np.split(h[-1] @ U + bu, 3, axis=1)
        r, z = _sigmoid(ur + vr), _sigmoid(uz + vz)
        n = np.tanh(un + r * vn)
        h.append((1 - z) * n + z * h[-1])
        saved.append((r, z, n, vn))
    dx, dA, dU, dba, dbu, dh = np.zeros_like(x), np.zeros_like(A), np.zeros_like(U), np.zeros_like(ba), np.zeros_like(bu), glast
    for t in reversed(range(T)):
        r, z, n, vn = saved[t]
        dh = dh + ghs[t]
        dn = dh * (1 - z) * (1 - n**2)
        dz = dh * (h[t] - n) * z * (1 - z)
        dr = dn * vn * r * (1 - r)
        du, dv = np.concatenate([dr, dz, dn], 1), np.concatenate([dr, dz, dn * r], 1)
        dx[t], dh = du @ A.T, dh * z + dv @ U.T
        dA += x[t].T @ du
        dU += h[t].T @ dv
        dba += du.sum(0)
        dbu += dv.sum(0)
    gradients = (dx, dh, dA.reshape(Wx.shape), dU.reshape(Wh.shape), dba.reshape(bx.shape), dbu.reshape(bh.shape))
    return (np.stack(h[1:]), h[-1]), gradients


_ROWS = {"x": (1024, 512)}
_HEADS = {"Q": (4, 8, 128, 64), "K": (4, 8, 128, 64), "V": (4, 8, 128, 64)}
_RECURRENT = {"x": (32, 16, 64), "h0": (16, 64)}

LAYERS = {
    "linear": (linear, {"x": (256, 512), "W": (512, 256), "b": (256,)}),
    "relu": (relu, _ROWS),
    "leaky_relu": (leaky_relu, _ROWS),
    "elu": (elu, _ROWS),
    "tanh": (tanh, _ROWS),
    "sigmoid": (sigmoid, _ROWS),
    "softplus": (softplus, _ROWS),
    "silu": (silu, _ROWS),
    "gelu_tanh": (gelu_tanh, _ROWS),
    "gelu": (gelu, _ROWS),
    "mish": (mish, _ROWS),
    "swiglu": (swiglu, {"a": (1024, 512), "b": (1024, 512)}),
    "softmax": (softmax, _ROWS),
    "log_softmax": (log_softmax, _ROWS),
    "softmax_cross_entropy": (softmax_cross_entropy, {"z": (1024, 512), "t": (512, (1024,))}),
    "mse": (mse, {"y": (1024, 512), "t": (1024, 512)}),
    "huber": (huber, {"y": (1024, 512), "t": (1024, 512)}),
    "bce_with_logits": (bce_with_logits, {"x": (1024, 512), "t": (1024, 512)}),
    "layernorm": (layernorm, {**_ROWS, "gamma": (512,), "beta": (512,)}),
    "rmsnorm": (rmsnorm, {**_ROWS, "gamma": (512,)}),
    "batchnorm": (batchnorm, {**_ROWS, "gamma": (512,), "beta": (512,), "running_mean": (512,), "running_var": (512,)}),
    "groupnorm": (groupnorm, {"x": (16, 32, 16, 16), "gamma": (32,), "beta": (32,)}),
    "l2_normalize": (l2_normalize, _ROWS),
    "cosine_similarity": (cosine_similarity, {"x": (1024, 512), "z": (1024, 512)}),
    "squared_distances": (squared_distances, {"x": (128, 64), "z": (128, 64)}),
    "mlp": (mlp, {"x": (128, 256), "W1": (256, 256), "b1": (256,), "W2": (256, 64), "b2": (64,)}),
    "bilinear": (bilinear, {"x": (64, 64), "z": (64, 64), "W": (32, 64, 64), "b": (32,)}),
    "cumsum": (cumsum, _ROWS),
    "rope": (rope, {"x": (16, 128, 64)}),
    "embedding": (embedding, {"ids": (1000, (2048,)), "W": (1000, 64)}),
    "attention": (attention, _HEADS),
    "causal_attention": (causal_attention, _HEADS),
    "conv2d": (conv2d, {"x": (8, 16, 32, 32), "w": (32, 16, 3, 3), "b": (32,)}),
    "depthwise_conv2d": (depthwise_conv2d, {"x": (8, 32, 32, 32), "w": (32, 3, 3), "b": (32,)}),
    "max_pool2d": (max_pool2d, {"x": (8, 16, 64, 64)}),
    "avg_pool2d": (avg_pool2d, {"x": (8, 16, 64, 64)}),
    "rnn": (rnn, {**_RECURRENT, "Wx": (64, 64), "Wh": (64, 64), "b": (64,)}),
    "lstm": (lstm, {**_RECURRENT, "c0": (16, 64), "Wx": (64, 4, 64), "Wh": (64, 4, 64), "b": (4, 64)}),
    "gru": (gru, {**_RECURRENT, "Wx": (64, 3, 64), "Wh": (64, 3, 64), "bx": (3, 64), "bh": (3, 64)}),
}
