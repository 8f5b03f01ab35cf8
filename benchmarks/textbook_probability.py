"""Densities, dropouts and alignments as a textbook writes them in NumPy; `PROBABILITY` has the form of `textbook.LAYERS`.

What is drawn comes from a generator with the seed that stands in the arrays, so that both sides see the same numbers.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.special import digamma, erfc, gammaln, log_ndtr

# ---------------------------------------------------------------------------------------------- elementwise


def gaussian(x, g):
    y = np.exp(-x * x)
    return (y,), (-2 * g * x * y,)


def log1mexp(x, g):
    return (np.where(x < math.log(2), np.log(-np.expm1(-x)), np.log1p(-np.exp(-x))),), (g / np.expm1(x),)


def probit(x, g):
    return (erfc(x * -math.sqrt(0.5)) / 2,), (g * (2 * math.pi) ** -0.5 * np.exp(-x * x / 2),)


def log_probit(x, g):
    y = log_ndtr(x)
    return (y,), (g * (2 * math.pi) ** -0.5 * np.exp(-x * x / 2 - y),)


def tanh_correction(u, g):
    a = np.abs(u)
    return (2 * (math.log(2) - a - np.log1p(np.exp(-2 * a))),), (-2 * g * np.tanh(u),)


# ------------------------------------------------------------------------------------------- log-densities


def gamma_nll(a, b, t, g):
    k, rate, log_t = np.exp(a), np.exp(b) * t, np.log(t)
    value = rate + gammaln(k) - k * b - (k - 1) * log_t
    return (value.mean(),), (g / a.size * k * (digamma(k) - b - log_t), g / a.size * (rate - k))


def negative_binomial_nll(x, s, t, g):
    mu, r = np.exp(x), np.exp(s)
    total, log_share = r + mu, -np.log1p(mu / r)
    value = gammaln(r) + gammaln(t + 1) - gammaln(t + r) - r * log_share - t * (x - s + log_share)
    n, both = g / x.size, (t + r) / total
    return (value.mean(),), (n * (mu * both - t), n * r * (digamma(r) - digamma(t + r) - log_share - 1 + both))


def student_t_nll(x, s, u, t, g):
    v, w = np.exp(u), np.exp(-s)
    r = (t - x) * w
    q = r * r / v
    log_q = np.log1p(q)
    value = gammaln(v / 2) - gammaln((v + 1) / 2) + (math.log(math.pi) + u) / 2 + s + (v + 1) / 2 * log_q
    n, pull = g / x.size, (v + 1) / (v + r * r)
    du = v * (digamma(v / 2) - digamma((v + 1) / 2) + log_q) + 1 - q * pull * v
    return (value.mean(),), (-n * pull * r * w, n * (1 - pull * r * r), n / 2 * du)


def mixture_density_nll(a, m, s, t, g):
    w = np.exp(a - a.max(1, keepdims=True))
    total = w.sum(1, keepdims=True)
    narrow = np.exp(-s)
    z = (t[:, None] - m) * narrow
    joint = a - z * z / 2 - s
    top = joint.max(1, keepdims=True)
    r = np.exp(joint - top)
    mass = r.sum(1, keepdims=True)
    value = (np.log(total / mass) + a.max(1, keepdims=True) - top).mean() + math.log(2 * math.pi) / 2
    n, r = g / len(a), r / mass
    return (value,), (n * (w / total - r), -n * r * z * narrow, n * r * (1 - z * z))


def vae_kl(mu, s, g):
    e, n = np.expm1(s), len(mu)
    return ((mu * mu + e - s).sum() / (2 * n),), (g / n * mu, g / (2 * n) * e)


# ------------------------------------------------------------------------------------------------ dropouts


def dropout(x, rng, g):
    keep = (rng.random(x.shape) < 0.5) * np.float32(2)
    return (x * keep,), (g * keep,)


def dropout2d(x, rng, g):
    keep = ((rng.random(x.shape[:2]) < 0.5) * np.float32(2))[:, :, None, None]
    return (x * keep,), (g * keep,)


def drop_path(x, rng, g):
    keep = ((rng.random(len(x)) < 0.9) * np.float32(1 / 0.9))[:, None]
    return (x * keep,), (g * keep,)


def gaussian_dropout(x, rng, g):
    noise = rng.normal(1, 1, x.shape).astype(x.dtype)
    return (x * noise,), (g * noise,)


def alpha_dropout(x, rng, g):
    p, limit = 0.5, -1.7580993408473766
    scale = 1 / math.sqrt((1 - p) * (1 + p * limit * limit))
    keep = rng.random(x.shape) < 1 - p
    return (scale * (np.where(keep, x, limit) - p * limit),), (np.where(keep, scale * g, 0),)


# --------------------------------------------------------------------------------------------- alignments


def _shifted(x, k):
    """Entries k places before (after, where k is negative), -oo where there are none."""
    y = np.full_like(x, -np.inf)
    if k > 0:
        y[:, k:] = x[:, :-k]
    else:
        y[:, :k] = x[:, -k:]
    return y


def ctc_loss(lp, labels, g):
    steps, n, classes = lp.shape
    m = 2 * labels.shape[1] + 1
    path = np.zeros((n, m), int)
    path[:, 1::2] = labels
    skip = np.zeros((n, m), bool)
    skip[:, 2:] = (path[:, 2:] != 0) & (path[:, 2:] != path[:, :-2])
    e = np.take_along_axis(lp, np.broadcast_to(path, (steps, n, m)), 2)
    a, b = np.full_like(e, -np.inf), np.full_like(e, -np.inf)
    a[0, :, :2], b[-1, :, -2:] = e[0, :, :2], 0
    for t in range(1, steps):
        far = np.where(skip, _shifted(a[t - 1], 2), -np.inf)
        a[t] = e[t] + np.logaddexp(np.logaddexp(a[t - 1], _shifted(a[t - 1], 1)), far)
    for t in reversed(range(steps - 1)):
        later = b[t + 1] + e[t + 1]
        far = _shifted(np.where(skip, later, -np.inf), -2)
        b[t] = np.logaddexp(np.logaddexp(later, _shifted(later, -1)), far)
    loss = -np.logaddexp(a[-1, :, -1], a[-1, :, -2])
    flow = -g[:, None] * np.exp(a + b + loss[:, None])
    onehot = np.eye(classes, dtype=lp.dtype)[path]
    return (loss,), ((flow.swapaxes(0, 1) @ onehot).swapaxes(0, 1),)


_SHAPE = (1024, 512)


def _positive(rng):
    return rng.uniform(0.1, 3, _SHAPE).astype(np.float32)


def _counts(rng):
    return rng.uniform(0, 4, (512, 512)).astype(np.float32)


def _log_probabilities(rng):
    z = rng.standard_normal((64, 16, 32), dtype=np.float32)
    return z - np.log(np.exp(z).sum(-1, keepdims=True))


def _labels(rng):
    return rng.integers(1, 32, (16, 16))


_DRAWN = {"x": _SHAPE, "rng": 0}

PROBABILITY = {
    **{f.__name__: (f, {"x": _SHAPE}) for f in (gaussian, probit, log_probit)},
    "log1mexp": (log1mexp, {"x": _positive}),
    "tanh_correction": (tanh_correction, {"u": _SHAPE}),
    "gamma_nll": (gamma_nll, {"a": _SHAPE, "b": _SHAPE, "t": _positive}),
    "negative_binomial_nll": (negative_binomial_nll, {"x": (512, 512), "s": (512, 512), "t": _counts}),
    "student_t_nll": (student_t_nll, {name: (512, 512) for name in ("x", "s", "u", "t")}),
    "mixture_density_nll": (mixture_density_nll, {**{name: (8192, 32) for name in "ams"}, "t": (8192,)}),
    "vae_kl": (vae_kl, {"mu": _SHAPE, "s": _SHAPE}),
    **{f.__name__: (f, _DRAWN) for f in (dropout, gaussian_dropout, alpha_dropout, drop_path)},
    "dropout2d": (dropout2d, {"x": (16, 64, 16, 32), "rng": 0}),
    "ctc_loss": (ctc_loss, {"lp": _log_probabilities, "labels": _labels}),
}
