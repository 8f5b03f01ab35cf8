"""Dense blocks, norms, gates, attention with more to it, cells: as a textbook writes them in NumPy; `BLOCKS` has the form of `textbook.LAYERS`."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import erf
from textbook import _sigmoid, _softmax

# -------------------------------------------------------------------------------------------- elementwise


def prelu(x, a, g):
    held = x > 0
    return (np.where(held, x, a * x),), (np.where(held, g, a * g), (g * np.minimum(x, 0)).sum(0))


def binarize(x, g):
    return (np.where(x >= 0, np.float32(1), np.float32(-1)),), (g * (np.abs(x) <= 1),)


def gradient_reversal(x, g):
    return (x.copy(),), (-g,)


def layer_scale(x, gamma, g):
    return (gamma * x,), (gamma * g, (g * x).sum(0))


def dyt(x, alpha, gamma, beta, g):
    t = np.tanh(alpha * x)
    u = g * gamma * (1 - t * t)
    return (gamma * t + beta,), (alpha * u, np.vdot(u, x), (g * t).sum(0), g.sum(0))


# -------------------------------------------------------------------------------------------------- norms


def add_rmsnorm(x, r, gamma, gy, gs):
    s = x + r
    scale = 1 / np.sqrt((s * s).mean(1, keepdims=True) + 1e-6)
    n = s * scale
    d = gy * gamma
    d = scale * (d - n * (d * n).mean(1, keepdims=True)) + gs
    return (gamma * n, s), (d, d, (gy * n).sum(0))


def batchnorm1d(x, gamma, beta, running_mean, running_var, g):
    axes, m = (0, 2), x.shape[0] * x.shape[2]
    mean, var = x.mean(axes, keepdims=True), x.var(axes, keepdims=True)
    r = 1 / np.sqrt(var + 1e-5)
    n = (x - mean) * r
    dgamma, dbeta = (g * n).sum(axes), g.sum(axes)
    running_mean = 0.9 * running_mean + 0.1 * mean[0, :, 0]
    running_var = 0.9 * running_var + 0.1 * var[0, :, 0] * m / (m - 1)
    dx = gamma[:, None] * r * (g - (dbeta[:, None] + n * dgamma[:, None]) / m)
    return (gamma[:, None] * n + beta[:, None],), (dx, dgamma, dbeta)


def polynorm(x, w, b, g):
    square = x * x
    powers, slopes = (square * x, square, x), (3 * square, 2 * x, 1)
    y, dx, dw = b, 0, []
    for k in range(3):
        r = 1 / np.sqrt((powers[k] * powers[k]).mean(1, keepdims=True) + 1e-6)
        n = powers[k] * r
        inner = (g * n).mean(1, keepdims=True)
        y = y + w[k] * n
        dx = dx + w[k] * r * slopes[k] * (g - n * inner)
        dw.append(inner.sum() * x.shape[1])
    return (y,), (dx, np.array(dw, x.dtype), g.sum())


def capsule_squash(x, g):
    s = (x * x).sum(1, keepdims=True)
    root, d = np.sqrt(s), 1 + s
    f = root / d
    return (f * x,), (f * g + x * ((1 - s) / (root * d * d) * (g * x).sum(1, keepdims=True)),)


def spectral_norm(W, u, v, g):
    a = u @ W
    right = a / max(np.sqrt(a @ a), 1e-12)
    b = W @ right
    left = b / max(np.sqrt(b @ b), 1e-12)
    sigma = left @ b
    y = W / sigma
    return (y,), ((g - np.vdot(g, y) * np.outer(left, right)) / sigma,)


# -------------------------------------------------------------------------------------------- dense layers


def cross_layer(x0, x, w, b, g):
    s = (x @ w)[:, None]
    ds = (g * x0).sum(1)
    return (x0 * s + b + x,), (g * s, g + ds[:, None] * w, x.T @ ds, g.sum(0))


def deep_set(x, A, B, b, g):
    n, s, i = x.shape
    m = x.mean(1)
    h = x @ A - (m @ B)[:, None] + b
    d = np.where(h > 0, g, 0)
    each = d.sum(1)
    dx = d @ A.T - (each @ B.T / s)[:, None]
    return (np.maximum(h, 0),), (dx, x.reshape(-1, i).T @ d.reshape(n * s, -1), -m.T @ each, each.sum(0))


def ffn(x, W1, b1, W2, b2, g):
    h = x @ W1 + b1
    cdf = (1 + erf(h * math.sqrt(0.5))) / 2
    a = h * cdf
    dh = (g @ W2.T) * (cdf + h * np.exp(-h * h / 2) * (2 * math.pi) ** -0.5)
    return (a @ W2 + b2,), (dh @ W1.T, x.T @ dh, dh.sum(0), a.T @ g, g.sum(0))


def fourier_features(x, B, g):
    m = B.shape[1]
    phi = 2 * math.pi * (x @ B)
    c, s = np.cos(phi), np.sin(phi)
    return (np.concatenate([c, s], 1),), (2 * math.pi * ((g[:, m:] * c - g[:, :m] * s) @ B.T),)


def highway(x, W, b, Wg, bg, g):
    h, s = x @ W + b, _sigmoid(x @ Wg + bg)
    a = np.maximum(h, 0)
    dh, dz = np.where(h > 0, g * s, 0), g * (a - x) * s * (1 - s)
    return (s * a + (1 - s) * x,), (dh @ W.T + dz @ Wg.T + g * (1 - s), x.T @ dh, dh.sum(0), x.T @ dz, dz.sum(0))


def lora_linear(x, W, A, B, g):
    scale, low = 1 / A.shape[1], x @ A
    d = scale * (g @ B.T)
    return (x @ W + scale * (low @ B),), (g @ W.T + d @ A.T, x.T @ d, scale * (low.T @ g))


def siren(x, W, b, g):
    z = 30 * (x @ W + b)
    d = 30 * g * np.cos(z)
    return (np.sin(z),), (d @ W.T, x.T @ d, d.sum(0))


def switch_moe(x, G, W, g):
    p = _softmax(x @ G)
    rows, best = np.arange(len(x)), p.argmax(1)
    top = p[rows, best][:, None]
    y, dx, dW, dtop = np.empty_like(g), np.empty_like(x), np.zeros_like(W), np.empty_like(top)
    for e in range(len(W)):
        mine = best == e
        h, d = x[mine] @ W[e], g[mine] * top[mine]
        y[mine], dx[mine], dW[e] = top[mine] * h, d @ W[e].T, x[mine].T @ d
        dtop[mine] = (g[mine] * h).sum(1, keepdims=True)
    dz = -p * top * dtop
    dz[rows, best] += (top * dtop)[:, 0]
    return (y,), (dx + dz @ G.T, x.T @ dz, dW)


def vector_quantize(x, E, gy, gl):
    d = (E * E).sum(1) - 2 * (x @ E.T)
    code = d.argmin(1)
    q = E[code]
    r = x - q
    onehot = np.zeros_like(d)
    onehot[np.arange(len(x)), code] = 1
    scale = 2 * gl / x.size
    return (q, 1.25 * (r * r).mean()), (gy + 0.25 * scale * r, -scale * (onehot.T @ r))


# ---------------------------------------------------------------------------------------- pools, attention


def mean_pool(x, keep, g):
    w = keep / keep.sum(1, keepdims=True, dtype=x.dtype)
    return ((w[:, None] @ x)[:, 0],), (w[:, :, None] * g[:, None],)


def attention_pool(x, q, g):
    scale = 1 / math.sqrt(len(q))
    p = _softmax(x @ q * scale)
    dp = (x @ g[:, :, None])[:, :, 0]
    da = p * (dp - (p * dp).sum(1, keepdims=True)) * scale
    return ((p[:, None] @ x)[:, 0],), (p[:, :, None] * g[:, None] + da[:, :, None] * q, np.tensordot(da, x, 2))


def _attended(scores, Q, K, V, g):
    """Attention from its scores: the result, the gradients of Q, K, V, those of the scores."""
    P = _softmax(scores)
    y = P @ V
    dS = P * (g @ V.swapaxes(-1, -2) - (g * y).sum(-1, keepdims=True))
    scale = 1 / math.sqrt(Q.shape[-1])
    return y, (dS @ K * scale, dS.swapaxes(-1, -2) @ Q * scale, P.swapaxes(-1, -2) @ g), dS


def _scores(Q, K):
    return Q @ K.swapaxes(-1, -2) * (1 / math.sqrt(Q.shape[-1]))


def biased_attention(Q, K, V, bias, g):
    y, gradients, dS = _attended(_scores(Q, K) + bias, Q, K, V, g)
    return (y,), (*gradients, dS)


def masked_attention(Q, K, V, keep, g):
    y, gradients, _ = _attended(np.where(keep, _scores(Q, K), -np.inf), Q, K, V, g)
    return (y,), gradients


def relative_attention(Q, K, V, r, g):
    steps = Q.shape[2]
    lag = np.arange(steps)[:, None] - np.arange(steps)
    y, gradients, dS = _attended(np.where(lag >= 0, _scores(Q, K) + r[:, np.maximum(lag, 0)], -np.inf), Q, K, V, g)
    each, dr = dS.sum(0), np.zeros_like(r)
    for k in range(steps):
        dr[:, k] = np.trace(each, -k, 1, 2)
    return (y,), (*gradients, dr)


def _heads(x, W):
    return (x @ W.reshape(len(W), -1)).reshape(*x.shape[:2], *W.shape[1:]).swapaxes(1, 2)


def _flat(d):
    d = d.swapaxes(1, 2)
    return d.reshape(d.shape[0] * d.shape[1], -1)


def cross_attention(x, z, Wq, Wk, Wv, Wo, g):
    q, k, v = _heads(x, Wq), _heads(z, Wk), _heads(z, Wv)
    rows, pairs, out = x.reshape(-1, x.shape[2]), z.reshape(-1, z.shape[2]), Wo.reshape(-1, Wo.shape[2])
    up = g.reshape(len(rows), -1)
    do = (up @ out.T).reshape(*x.shape[:2], *Wo.shape[:2]).swapaxes(1, 2)
    o, gradients, _ = _attended(_scores(q, k), q, k, v, do)
    dq, dk, dv = (_flat(d) for d in gradients)
    o = _flat(o)
    dx = dq @ Wq.reshape(len(Wq), -1).T
    dz = dk @ Wk.reshape(len(Wk), -1).T + dv @ Wv.reshape(len(Wv), -1).T
    weights = (rows.T @ dq).reshape(Wq.shape), (pairs.T @ dk).reshape(Wk.shape), (pairs.T @ dv).reshape(Wv.shape)
    return ((o @ out).reshape(g.shape),), (dx.reshape(x.shape), dz.reshape(z.shape), *weights, (o.T @ up).reshape(Wo.shape))


def graph_attention(x, edges, W, u, v, g):
    z = x @ W
    s = (z @ u)[:, None] + z @ v
    slope = np.where(s > 0, np.float32(1), np.float32(0.2))
    p = _softmax(np.where(edges, s * slope, -np.inf))
    dp = g @ z.T
    ds = p * (dp - (p * dp).sum(1, keepdims=True)) * slope
    left, right = ds.sum(1), ds.sum(0)
    dz = p.T @ g + np.outer(left, u) + np.outer(right, v)
    return (p @ z,), (dz @ W.T, x.T @ dz, left @ z, right @ z)


# ----------------------------------------------------------------------------------------- recurrent cells


def gru_cell_reset_before(x, h, Wr, Ur, br, Wz, Uz, bz, Wn, Un, bn, g):
    r, z = _sigmoid(x @ Wr + h @ Ur + br), _sigmoid(x @ Wz + h @ Uz + bz)
    rh = r * h
    n = np.tanh(x @ Wn + rh @ Un + bn)
    dn, dz = g * (1 - z) * (1 - n * n), g * (h - n) * z * (1 - z)
    drh = dn @ Un.T
    dr = drh * rh * (1 - r)
    dx = dr @ Wr.T + dz @ Wz.T + dn @ Wn.T
    dh = g * z + drh * r + dr @ Ur.T + dz @ Uz.T
    parts = (p for d, into in ((dr, h), (dz, h), (dn, rh)) for p in (x.T @ d, into.T @ d, d.sum(0)))
    return ((1 - z) * n + z * h,), (dx, dh, *parts)


def peephole_lstm_cell(x, h, c, Wx, Wh, b, ui, uf, uo, gh, gc):
    A, U = Wx.reshape(len(Wx), -1), Wh.reshape(len(Wh), -1)
    zi, zf, zq, zo = np.split(x @ A + h @ U + b.reshape(-1), 4, axis=1)
    i, f, q = _sigmoid(zi + ui * c), _sigmoid(zf + uf * c), np.tanh(zq)
    c1 = f * c + i * q
    o, t = _sigmoid(zo + uo * c1), np.tanh(c1)
    do = gh * t * o * (1 - o)
    dc = gc + gh * o * (1 - t * t) + do * uo
    di, df, dq = dc * q * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - q * q)
    dz = np.concatenate([di, df, dq, do], 1)
    gradients = (dz @ A.T, dz @ U.T, dc * f + di * ui + df * uf, (x.T @ dz).reshape(Wx.shape), (h.T @ dz).reshape(Wh.shape))
    return (o * t, c1), (*gradients, dz.sum(0).reshape(b.shape), (di * c).sum(0), (df * c).sum(0), (do * c1).sum(0))


def truncated_rnn(x, h0, Wx, Wh, b, g):
    h, before = np.empty((len(x), *h0.shape), x.dtype), h0
    u = x @ Wx + b
    for t in range(len(x)):
        before = h[t] = np.tanh(u[t] + before @ Wh)
    dz, dh = np.empty_like(h), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dz[t] = (g[t] + dh) * (1 - h[t] * h[t])
        dh = dz[t] @ Wh.T if t % 2 or t == 0 else np.zeros_like(h0)
    rows, previous = dz.reshape(-1, dz.shape[2]), np.concatenate([h0[None], h[:-1]]).reshape(-1, h0.shape[1])
    return (h,), (dz @ Wx.T, dh, x.reshape(-1, x.shape[2]).T @ rows, previous.T @ rows, rows.sum(0))


_ROWS = (1024, 512)
_HEADS = {name: (4, 8, 128, 64) for name in "QKV"}
_CELL = {"x": (64, 128), "h": (64, 128)}


def _mask(share, *shape):
    return lambda rng: rng.random(shape) < share


def _normal(scale, *shape):
    return lambda rng: np.float32(scale) * rng.standard_normal(shape, dtype=np.float32)


def _gates():
    return {w: array for k in "rzn" for w, array in ((f"W{k}", (128, 128)), (f"U{k}", _normal(128**-0.5, 128, 128)), (f"b{k}", (128,)))}


BLOCKS = {
    "prelu": (prelu, {"x": _ROWS, "a": (512,)}),
    "binarize": (binarize, {"x": _ROWS}),
    "gradient_reversal": (gradient_reversal, {"x": _ROWS}),
    "layer_scale": (layer_scale, {"x": _ROWS, "gamma": (512,)}),
    "dyt": (dyt, {"x": _ROWS, "alpha": lambda rng: np.float32(0.5), "gamma": (512,), "beta": (512,)}),
    "add_rmsnorm": (add_rmsnorm, {"x": _ROWS, "r": _ROWS, "gamma": (512,)}),
    "batchnorm1d": (
        batchnorm1d,
        {"x": (64, 64, 128), **{name: (64,) for name in ("gamma", "beta", "running_mean", "running_var")}},
    ),
    "polynorm": (polynorm, {"x": _ROWS, "w": (3,), "b": lambda rng: np.float32(0.5)}),
    "capsule_squash": (capsule_squash, {"x": (8192, 64)}),
    "spectral_norm": (spectral_norm, {"W": (512, 512), "u": (512,), "v": (512,)}),
    "cross_layer": (cross_layer, {"x0": _ROWS, "x": _ROWS, "w": _normal(0.05, 512), "b": (512,)}),
    "deep_set": (deep_set, {"x": (64, 32, 128), "A": _normal(0.1, 128, 128), "B": _normal(0.1, 128, 128), "b": (128,)}),
    "ffn": (ffn, {"x": (256, 128), "W1": (128, 512), "b1": (512,), "W2": (512, 128), "b2": (128,)}),
    "fourier_features": (fourier_features, {"x": (1024, 8), "B": _normal(1, 8, 256)}),
    "highway": (highway, {"x": (512, 256), "W": (256, 256), "b": (256,), "Wg": (256, 256), "bg": (256,)}),
    "lora_linear": (lora_linear, {"x": (512, 512), "W": (512, 256), "A": _normal(0.05, 512, 8), "B": (8, 256)}),
    "siren": (siren, {"x": (1024, 64), "W": _normal(0.01, 64, 256), "b": _normal(0.1, 256)}),
    "switch_moe": (switch_moe, {"x": (1024, 64), "G": _normal(0.1, 64, 8), "W": _normal(0.1, 8, 64, 64)}),
    "vector_quantize": (vector_quantize, {"x": (1024, 64), "E": (256, 64)}),
    "mean_pool": (mean_pool, {"x": (64, 64, 128), "keep": _mask(0.8, 64, 64)}),
    "attention_pool": (attention_pool, {"x": (64, 64, 128), "q": (128,)}),
    "biased_attention": (biased_attention, {**_HEADS, "bias": (4, 8, 128, 128)}),
    "masked_attention": (masked_attention, {**_HEADS, "keep": _mask(0.8, 4, 8, 128, 128)}),
    "relative_attention": (relative_attention, {**_HEADS, "r": (8, 128)}),
    "cross_attention": (
        cross_attention,
        {
            **{"x": (8, 64, 128), "z": (8, 64, 128), "Wq": (128, 4, 32), "Wk": (128, 4, 32), "Wv": (128, 4, 32)},
            "Wo": _normal(0.1, 4, 32, 128),
        },
    ),
    "graph_attention": (
        graph_attention,
        {"x": (512, 64), "edges": _mask(0.2, 512, 512), "W": (64, 64), "u": _normal(0.1, 64), "v": _normal(0.1, 64)},
    ),
    "gru_cell_reset_before": (gru_cell_reset_before, {**_CELL, **_gates()}),
    "peephole_lstm_cell": (
        peephole_lstm_cell,
        {
            **{**_CELL, "c": (64, 128), "Wx": (128, 4, 128), "Wh": (128, 4, 128), "b": (4, 128)},
            **{"ui": (128,), "uf": (128,), "uo": (128,)},
        },
    ),
    "truncated_rnn": (truncated_rnn, {"x": (32, 16, 64), "h0": (16, 64), "Wx": (64, 64), "Wh": (64, 64), "b": (64,)}),
}
