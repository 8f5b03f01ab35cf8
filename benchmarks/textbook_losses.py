"""Losses, penalties and preferences as a textbook writes them in NumPy; `LOSSES` has the form of `textbook.LAYERS`."""

from __future__ import annotations

import numpy as np
from textbook import _sigmoid


def _softplus(x):
    return np.log1p(np.exp(-np.abs(x))) + np.maximum(x, 0)


# ------------------------------------------------------------------------------------- binary and overlaps


def bce_pos_weight(x, t, weight, g):
    w = weight * t
    scale = 1 - t + w
    return ((scale * _softplus(-x) + (1 - t) * x).mean(),), (g / x.size * (scale * _sigmoid(x) - w),)


def multilabel_soft_margin(x, t, g):
    return ((_softplus(x) - t * x).mean(),), (g / x.size * (_sigmoid(x) - t),)


def dice(p, t, g):
    overlap, total = p @ t, p.sum() + t.sum()
    return (1 - 2 * overlap / total,), (2 * g / total * (overlap / total - t),)


def tversky(p, t, g):
    tp = p @ t
    whole = tp + 0.5 * (p.sum() - tp) + 0.5 * (t.sum() - tp)
    return (1 - tp / whole,), (g / whole * (tp / whole * 0.5 - t),)


def iou_loss(p, t, g):
    overlap = p @ t
    union = p.sum() + t.sum() - overlap
    return (1 - overlap / union,), (g / union * (overlap / union * (1 - t) - t),)


# ------------------------------------------------------------------------------------------------ margins


def nll(logp, t, g):
    rows = np.arange(len(t))
    d = np.zeros_like(logp)
    d[rows, t] = -g / len(t)
    return (-logp[rows, t].mean(),), (d,)


def multi_margin(x, t, g):
    rows = np.arange(len(t))
    m = np.maximum(1 - x[rows, t][:, None] + x, 0)
    m[rows, t] = 0
    d = (m > 0) * (g / x.size)
    d[rows, t] = -d.sum(1)
    return (m.sum() / x.size,), (d,)


def multilabel_margin(x, holds, g):
    m = 1 - x[:, None] + x[:, :, None]
    active = (m > 0) & holds[:, None] & ~holds[:, :, None]
    count = active.sum(2) - active.sum(1)
    return (m[active].sum() / x.size,), ((g / x.size * count).astype(x.dtype),)


def cosine_embedding(x, z, s, g):
    a, b = np.sqrt((x * x).sum(1, keepdims=True)), np.sqrt((z * z).sum(1, keepdims=True))
    u, v = x / a, z / b
    c = (u * v).sum(1)
    dc = (g / len(x) * np.where(s > 0, -1, c > 0))[:, None].astype(x.dtype)
    c = c[:, None]
    value = np.where(s > 0, 1 - c[:, 0], np.maximum(c[:, 0], 0)).mean()
    return (value,), (dc * (v - c * u) / a, dc * (u - c * v) / b)


def pairwise_distance(x, z, g):
    r = x - z
    y = np.sqrt((r * r).sum(1))
    d = r * (g / y)[:, None]
    return (y,), (d, -d)


def quantile_huber(x, t, g):
    n, k = x.shape
    u = t[:, None] - x[:, :, None]
    tau = ((np.arange(k) + 0.5) / k).astype(x.dtype)
    w = np.abs(tau[:, None] - (u < 0))
    near = np.clip(u, -1, 1)
    scale = 1 / (n * t.shape[1])
    return ((w * near * (u - near / 2)).sum() * scale,), (-g * scale * (w * near).sum(2),)


# -------------------------------------------------------------------------------------------- divergences


def jsd(logq, logp, g):
    P, Q = np.exp(logp), np.exp(logq)
    logM = np.log((P + Q) / 2)
    part = Q * (logq - logM)
    return ((P * (logp - logM) + part).sum() / (2 * len(P)),), (g / (2 * len(P)) * part,)


def kl_k3(logp, logp_ref, g):
    d = logp_ref - logp
    e = np.expm1(d)
    return (e - d,), (-g * e,)


def total_variation(p, q, g):
    r = p - q
    d = g / (2 * len(p)) * np.sign(r)
    return (np.abs(r).sum() / (2 * len(p)),), (d, -d)


# ---------------------------------------------------------------------------------------------- penalties


def l1_penalty(w, g):
    return (1e-4 * np.abs(w).sum(),), (1e-4 * g * np.sign(w),)


def l2_penalty(w, g):
    return (0.5e-4 * (w * w).sum(),), (1e-4 * g * w,)


def elastic_net(w, g):
    return (1e-4 * (0.5 * np.abs(w).sum() + 0.25 * (w * w).sum()),), (0.5e-4 * g * (np.sign(w) + w),)


def group_lasso(W, g):
    norms = np.sqrt((W * W).sum(0))
    return (1e-4 * norms.sum(),), (1e-4 * g * W / norms,)


def orthogonality_penalty(W, g):
    G = W.T @ W
    G[np.diag_indices_from(G)] -= 1
    return (1e-4 * (G * G).sum(),), (4e-4 * g * (W @ G),)


# -------------------------------------------------------------------------------------------- preferences


def bpr(a, b, g):
    d = b - a
    da = -g / d.size * _sigmoid(d)
    return (_softplus(d).mean(),), (da, -da)


def dpo(chosen, rejected, chosen_ref, rejected_ref, g):
    delta = -0.1 * ((chosen - chosen_ref) - (rejected - rejected_ref))
    d = -0.1 * g / len(delta) * _sigmoid(delta)
    return (_softplus(delta).mean(),), (d, -d)


def simpo(chosen, rejected, g):
    delta = 1 - 2 * (chosen - rejected)
    d = -2 * g / len(delta) * _sigmoid(delta)
    return (_softplus(delta).mean(),), (d, -d)


def orpo(chosen, rejected, g):
    a, b = np.expm1(chosen), np.expm1(rejected)  # -(1 - p)
    delta = (rejected - np.log(-b)) - (chosen - np.log(-a))
    s = g / len(delta) * _sigmoid(delta)
    return (_softplus(delta).mean(),), (s / a, -s / b)


def ppo_clip(logp, logp_old, A, g):
    r = np.exp(logp - logp_old)
    gain = r * A
    free = np.where(A > 0, r < 1.2, r > 0.8)
    return (-np.minimum(gain, np.clip(r, 0.8, 1.2) * A).mean(),), (np.where(free, -g / len(r) * gain, 0),)


def grpo(logp, logp_old, logp_ref, A, mask, g):
    r, d, A = np.exp(logp - logp_old), logp_ref - logp, A[:, None]
    k, gain = np.expm1(d), r * A
    share = mask / mask.sum(1, keepdims=True, dtype=r.dtype) / len(r)
    cost = 0.04 * (k - d) - np.minimum(gain, np.clip(r, 0.8, 1.2) * A)
    free = np.where(A > 0, r < 1.2, r > 0.8)
    return ((share * cost).sum(),), (-g * share * (0.04 * k + free * gain),)


def _uniform(low, high, *shape):
    return lambda rng: rng.uniform(low, high, shape).astype(np.float32)


def _normal(scale, *shape):
    return lambda rng: np.float32(scale) * rng.standard_normal(shape, dtype=np.float32)


def _chance(share, *shape):
    return lambda rng: rng.random(shape) < share


def _signs(rng):
    return rng.choice(np.array([-1, 1], np.float32), 1024)


_MANY = 262144
_BINARY = {"x": (1024, 512), "t": _uniform(0, 1, 1024, 512)}
_OVERLAP = {"p": _uniform(0, 1, 2 * _MANY), "t": _uniform(0, 1, 2 * _MANY)}
_LABELLED = (512, (1024,))
_SCORES = {"chosen": (_MANY,), "rejected": (_MANY,)}
_NEGATIVE = {name: _uniform(-3, -0.1, _MANY) for name in _SCORES}

LOSSES = {
    "bce_pos_weight": (bce_pos_weight, {**_BINARY, "weight": _uniform(0.5, 2, 512)}),
    "multilabel_soft_margin": (multilabel_soft_margin, _BINARY),
    **{f.__name__: (f, _OVERLAP) for f in (dice, tversky, iou_loss)},
    "nll": (nll, {"logp": (1024, 512), "t": _LABELLED}),
    "multi_margin": (multi_margin, {"x": (1024, 512), "t": _LABELLED}),
    "multilabel_margin": (multilabel_margin, {"x": (64, 64), "holds": _chance(0.2, 64, 64)}),
    "cosine_embedding": (cosine_embedding, {"x": (1024, 512), "z": (1024, 512), "s": _signs}),
    "pairwise_distance": (pairwise_distance, {"x": (1024, 512), "z": (1024, 512)}),
    "quantile_huber": (quantile_huber, {"x": (256, 32), "t": (256, 32)}),
    "jsd": (jsd, {"logq": _uniform(-8, -4, 1024, 512), "logp": _uniform(-8, -4, 1024, 512)}),
    "kl_k3": (kl_k3, {"logp": (1024, 512), "logp_ref": (1024, 512)}),
    "total_variation": (total_variation, {"p": _uniform(0, 1, 1024, 512), "q": _uniform(0, 1, 1024, 512)}),
    **{f.__name__: (f, {"w": (1024, 512)}) for f in (l1_penalty, l2_penalty, elastic_net)},
    "group_lasso": (group_lasso, {"W": (1024, 512)}),
    "orthogonality_penalty": (orthogonality_penalty, {"W": (512, 256)}),
    "bpr": (bpr, {"a": (1024, 512), "b": (1024, 512)}),
    "dpo": (dpo, {**_SCORES, "chosen_ref": (_MANY,), "rejected_ref": (_MANY,)}),
    "simpo": (simpo, _SCORES),
    "orpo": (orpo, _NEGATIVE),
    "ppo_clip": (ppo_clip, {"logp": _normal(0.2, _MANY), "logp_old": _normal(0.2, _MANY), "A": _normal(1, _MANY)}),
    "grpo": (
        grpo,
        {
            **{name: _normal(0.2, 512, 512) for name in ("logp", "logp_old", "logp_ref")},
            **{"A": _normal(1, 512), "mask": _chance(0.8, 512, 512)},
        },
    ),
}
