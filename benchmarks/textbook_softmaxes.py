"""Softmaxes and the losses of labels made with them, as a textbook writes them in NumPy; `SOFTMAXES` has the form of `textbook.LAYERS`."""

from __future__ import annotations

import numpy as np
from textbook import _softmax


def _log_softmax(x):
    z = x - x.max(-1, keepdims=True)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def _through(p, g):
    return p * (g - (g * p).sum(-1, keepdims=True))


def softmin(x, g):
    p = _softmax(-x)
    return (p,), (-_through(p, g),)


def softmax_temperature(x, g):
    tau = 1.0
    p = _softmax(x / tau)
    return (p,), (_through(p, g) / tau,)


def masked_softmax(x, keep, g):
    p = _softmax(np.where(keep, x, -np.inf))
    return (p,), (_through(p, g),)


def gumbel_softmax(x, rng, g):
    tau = 1.0
    u = rng.uniform(0, 1, x.shape).astype(x.dtype)
    p = _softmax((x - np.log(-np.log(u))) / tau)
    return (p,), (_through(p, g) / tau,)


def sparsemax(x, g):
    z = -np.sort(-x, 1)
    sums = np.cumsum(z, 1)
    size = (1 + np.arange(1, x.shape[1] + 1) * z > sums).sum(1, keepdims=True)
    tau = (np.take_along_axis(sums, size - 1, 1) - 1) / size
    y = np.maximum(x - tau, 0).astype(x.dtype)
    held = y > 0
    return (y,), (held * (g - ((held * g).sum(1, keepdims=True) / size).astype(x.dtype)),)


def logsumexp(x, g):
    top = x.max(-1, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(-1, keepdims=True)
    return ((top + np.log(total))[..., 0],), (g[..., None] / total * e,)


def entropy(x, g):
    logp = _log_softmax(x)
    p = np.exp(logp)
    H = -(p * logp).sum(-1, keepdims=True)
    return (H[..., 0],), (-g[..., None] * p * (logp + H),)


def hardmax(x):
    y = np.zeros_like(x)
    y[np.arange(len(x)), x.argmax(1)] = 1
    return (y,), ()


def accuracy(z, t):
    return ((z.argmax(1) == t).mean(),), ()


# -------------------------------------------------------------------------------- cross-entropies of labels


def _labelled(z, t):
    """Logarithms of the labels' probabilities, all probabilities, the rows' numbers."""
    rows = np.arange(len(t))
    logp = _log_softmax(z)
    return logp[rows, t], np.exp(logp), rows


def label_smoothing_cross_entropy(z, t, g):
    n, c = z.shape
    logp = _log_softmax(z)
    rows = np.arange(n)
    d = np.exp(logp) - 0.1 / c
    d[rows, t] -= 0.9
    return (-(0.9 * logp[rows, t] + 0.1 * logp.mean(1)).mean(),), (g / n * d,)


def linear_cross_entropy(x, t, W, g):
    logp, d, rows = _labelled(x @ W, t)
    d[rows, t] -= 1
    d *= g / len(t)
    return (-logp.mean(),), (d @ W.T, x.T @ d)


def softcapped_cross_entropy(x, t, g):
    u = np.tanh(x / 30)
    logp, d, rows = _labelled(30 * u, t)
    d[rows, t] -= 1
    return (-logp.mean(),), (g / len(t) * d * (1 - u * u),)


def softmax_focal(z, t, g):
    logp, d, rows = _labelled(z, t)
    p = np.exp(logp)
    slope = (1 - p) * (1 - p - 2 * p * logp)
    d[rows, t] -= 1
    return (-((1 - p) ** 2 * logp).mean(),), ((g / len(t) * slope)[:, None] * d,)


def weighted_cross_entropy(z, t, weight, g):
    held = t != -100
    label = np.where(held, t, 0)
    w = np.where(held, weight[label], 0)
    logp, d, rows = _labelled(z, label)
    total = w.sum()
    d[rows, label] -= 1
    return (-(w * logp).sum() / total,), ((g / total * w)[:, None] * d,)


def z_loss_cross_entropy(x, t, g):
    rows = np.arange(len(t))
    top = x.max(1, keepdims=True)
    e = np.exp(x - top)
    total = e.sum(1, keepdims=True)
    lse = (top + np.log(total))[:, 0]
    d = e * ((1 + 2e-4 * lse)[:, None] / total)
    d[rows, t] -= 1
    return ((lse - x[rows, t] + 1e-4 * lse * lse).mean(),), (g / len(t) * d,)


# --------------------------------------------------------------------- cross-entropies of distributions


def soft_cross_entropy(z, q, g):
    logp = _log_softmax(z)
    return (-(q * logp).sum() / len(z),), (g / len(z) * (np.exp(logp) * q.sum(1, keepdims=True) - q),)


def listnet(x, t, g):
    q, logp = _softmax(t), _log_softmax(x)
    return (-(q * logp).sum() / len(x),), (g / len(x) * (np.exp(logp) - q),)


def distillation(x, u, g):
    logp, logq = _log_softmax(x / 2), _log_softmax(u / 2)
    q = np.exp(logq)
    return (4 * (q * (logq - logp)).sum() / len(x),), (2 * g / len(x) * (np.exp(logp) - q),)


# ------------------------------------------------------------------------------------------- of directions


def _unit(x):
    size = np.sqrt((x * x).sum(1, keepdims=True))
    return x / size, size


def _off_unit(u, size, du):
    return (du - u * (u * du).sum(1, keepdims=True)) / size


def arcface(x, t, W, g):
    u, a = _unit(x)
    v, b = _unit(W)
    z = u @ v.T
    rows = np.arange(len(t))
    c = z[rows, t]
    s, cos, sin = np.sqrt(1 - c * c), float(np.cos(0.3)), float(np.sin(0.3))
    z[rows, t] = cos * c - sin * s
    logp, d, _ = _labelled(16 * z, t)
    d[rows, t] -= 1
    d *= 16 * g / len(t)
    d[rows, t] *= cos + sin * c / s
    return (-logp.mean(),), (_off_unit(u, a, d @ v), _off_unit(v, b, d.T @ u))


def nt_xent(a, b, g):
    n = len(a)
    h, size = _unit(np.concatenate([a, b]))
    s = h @ h.T / 0.5
    np.fill_diagonal(s, -np.inf)
    rows, other = np.arange(2 * n), np.roll(np.arange(2 * n), n)
    logp, d, _ = _labelled(s, other)
    d[rows, other] -= 1
    d = _off_unit(h, size, (d + d.T) @ h * (g / n))
    return (-logp.mean(),), (d[:n], d[n:])


_ROWS = (1024, 512)
_LABELS = (512, (1024,))


def _keep(rng):
    return rng.random(_ROWS) < 0.8


def _weights(rng):
    return rng.uniform(0.5, 2, 512).astype(np.float32)


def _some_labels(rng):
    return np.where(rng.random(1024) < 0.1, -100, rng.integers(0, 512, 1024))


def _distributions(rng):
    return rng.uniform(0, 1 / 256, _ROWS).astype(np.float32)


SOFTMAXES = {
    **{f.__name__: (f, {"x": _ROWS}) for f in (softmin, softmax_temperature, logsumexp, entropy, hardmax)},
    "masked_softmax": (masked_softmax, {"x": _ROWS, "keep": _keep}),
    "gumbel_softmax": (gumbel_softmax, {"x": _ROWS, "rng": 0}),
    "sparsemax": (sparsemax, {"x": (512, 128)}),
    "accuracy": (accuracy, {"z": _ROWS, "t": _LABELS}),
    **{f.__name__: (f, {"z": _ROWS, "t": _LABELS}) for f in (label_smoothing_cross_entropy, softmax_focal)},
    **{f.__name__: (f, {"x": _ROWS, "t": _LABELS}) for f in (softcapped_cross_entropy, z_loss_cross_entropy)},
    "linear_cross_entropy": (linear_cross_entropy, {"x": (512, 128), "t": (1000, (512,)), "W": (128, 1000)}),
    "weighted_cross_entropy": (weighted_cross_entropy, {"z": _ROWS, "t": _some_labels, "weight": _weights}),
    "soft_cross_entropy": (soft_cross_entropy, {"z": _ROWS, "q": _distributions}),
    "listnet": (listnet, {"x": _ROWS, "t": _ROWS}),
    "distillation": (distillation, {"x": _ROWS, "u": _ROWS}),
    "arcface": (arcface, {"x": (512, 128), "t": (500, (512,)), "W": (500, 128)}),
    "nt_xent": (nt_xent, {"a": (256, 128), "b": (256, 128)}),
}
