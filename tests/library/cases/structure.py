"""Linear maps, tables, networks of layers, normalisations."""

import torch
import torch.nn.functional as F

from tests.library.cases.case import Case, given, labels, normal, uniform


def _mlp(x, W1, b1, W2, b2):
    return F.relu(x @ W1 + b1) @ W2 + b2


def _spectral(W, u, v, eps=1e-12):
    with torch.no_grad():
        v = F.normalize(W.T @ u, dim=0, eps=eps)
        u = F.normalize(W @ v, dim=0, eps=eps)
    return W / torch.dot(u, W @ v), (u, v)


def _machine(x, b, w, V):
    linear = b + x @ w
    n = x.shape[1]
    pairs = [(V[i] @ V[j]) * x[:, i] * x[:, j] for i in range(n) for j in range(i + 1, n)]
    return linear + sum(pairs)


def _sinusoid(x):
    T, D = x.shape[-2:]
    t = torch.arange(T, dtype=x.dtype)[:, None]
    angle = t / 10000 ** (torch.arange(0, D, 2, dtype=x.dtype) / D)
    return x + torch.stack([angle.sin(), angle.cos()], -1).reshape(T, D)


def _graph(x, A, W, b):
    a = A + torch.eye(len(A), dtype=A.dtype)
    r = a.sum(1) ** -0.5
    return (r[:, None] * a * r) @ (x @ W) + b


def _segments(x, ids, segments):
    return torch.zeros(segments, x.shape[1], dtype=x.dtype).index_add(0, ids, x)


def _excite(x, W1, b1, W2, b2):
    gate = torch.sigmoid(F.relu(x.mean((2, 3)) @ W1 + b1) @ W2 + b2)
    return gate[:, :, None, None] * x


def _highway(x, W, b, Wg, bg):
    g = torch.sigmoid(x @ Wg + bg)
    return g * F.relu(x @ W + b) + (1 - g) * x


def batchnorm(x, gamma, beta, running_mean, running_var, momentum=0.1):
    rm, rv = running_mean.clone(), running_var.clone()
    y = F.batch_norm(x, rm, rv, gamma, beta, training=True, momentum=momentum)
    return y, (rm, rv)


def batchnorm_eval(x, gamma, beta, running_mean, running_var):
    return F.batch_norm(x, running_mean, running_var, gamma, beta, training=False), (running_mean, running_var)


def _rms(x, gamma, eps=1e-6):
    return F.rms_norm(x, x.shape[-1:], gamma, eps)


def _polynorm(x, w, b):
    unit = [x**p / ((x**p) ** 2).mean(-1, keepdim=True).add(1e-6).sqrt() for p in (3, 2, 1)]
    return w[0] * unit[0] + w[1] * unit[1] + w[2] * unit[2] + b


def _adaptive(x, scale, shift):
    return (1 + scale[:, None]) * F.layer_norm(x, x.shape[-1:], eps=1e-6) + shift[:, None]


NORM = {"gamma": normal(3), "beta": normal(3), "running_mean": given(normal(3)), "running_var": given(uniform(0.5, 2, 3))}
_LOW_RANK = {"x": normal(4, 3), "W": given(normal(3, 5)), "A": normal(3, 2), "B": normal(2, 5)}

CASES = [
    Case("linear", lambda x, W, b: x @ W + b, {"x": normal(2, 3, 4), "W": normal(4, 5), "b": normal(5)}),
    Case(
        "bilinear", lambda x, z, W, b: F.bilinear(x, z, W, b), {"x": normal(4, 3), "z": normal(4, 2), "W": normal(5, 3, 2), "b": normal(5)}
    ),
    Case("embedding", lambda ids, W: F.embedding(ids, W), {"ids": labels(4, 3, 5), "W": normal(4, 2)}),
    Case(
        "embedding_padding",
        lambda ids, W, padding: F.embedding(ids, W, padding_idx=padding),
        {"ids": labels(4, 3, 5), "W": normal(4, 2)},
        {"padding": 1},
    ),
    Case("embedding_bag", lambda ids, W: F.embedding_bag(ids, W, mode="sum"), {"ids": labels(4, 3, 5), "W": normal(4, 2)}),
    Case("embedding_bag_mean", lambda ids, W: F.embedding_bag(ids, W, mode="mean"), {"ids": labels(4, 3, 5), "W": normal(4, 2)}),
    Case(
        "positional_embedding",
        lambda ids, Wt, Wp: F.embedding(ids, Wt) + Wp[: ids.shape[1]],
        {"ids": labels(5, 2, 3), "Wt": normal(5, 4), "Wp": normal(6, 4)},
    ),
    Case("sinusoidal_position", _sinusoid, {"x": normal(2, 4, 6)}),
    Case("layer_scale", lambda x, gamma: gamma * x, {"x": normal(2, 3, 4), "gamma": normal(4)}),
    Case(
        "film",
        lambda x, gamma, beta: gamma[:, :, None, None] * x + beta[:, :, None, None],
        {"x": normal(2, 3, 2, 4), "gamma": normal(2, 3), "beta": normal(2, 3)},
    ),
    Case("lora_linear", lambda x, W, A, B, alpha: x @ W + alpha / A.shape[1] * (x @ A @ B), _LOW_RANK, {"alpha": 3.0}),
    Case("weight_norm", lambda v, g: torch._weight_norm(v, g[None], 1), {"v": normal(4, 3), "g": normal(3)}),
    Case("spectral_norm", _spectral, {"W": normal(3, 4), "u": given(normal(3)), "v": given(normal(4))}, states=True),
    Case(
        "spectral_norm",
        lambda W, u, v: (W / torch.dot(u, W @ v), (u, v)),
        {"W": normal(3, 4), "u": given(normal(3)), "v": given(normal(4))},
        mode="eval",
        states=True,
    ),
    Case("factorization_machine", _machine, {"x": normal(4, 5), "b": normal(), "w": normal(5), "V": normal(5, 3)}),
    Case(
        "cross_layer",
        lambda x0, x, w, b: x0 * (x @ w)[:, None] + b + x,
        {"x0": normal(3, 4), "x": normal(3, 4), "w": normal(4), "b": normal(4)},
    ),
    Case("highway", _highway, {"x": normal(3, 4), "W": normal(4, 4), "b": normal(4), "Wg": normal(4, 4), "bg": normal(4)}),
    Case("squeeze_excite", _excite, {"x": normal(2, 4, 2, 3), "W1": normal(4, 2), "b1": normal(2), "W2": normal(2, 4), "b2": normal(4)}),
    Case("one_hot", lambda t, classes: F.one_hot(t, classes).double(), {"t": labels(6, 4)}, {"classes": 6}),
    Case("take_along", lambda x, ids: torch.gather(x, 1, ids), {"x": normal(3, 5), "ids": labels(5, 3, 4)}),
    Case("segment_sum", _segments, {"x": normal(7, 3), "ids": labels(4, 7)}, {"segments": 4}),
    Case("graph_convolution", _graph, {"x": normal(4, 3), "A": given(uniform(0, 1, 4, 4)), "W": normal(3, 2), "b": normal(2)}),
    Case("mlp", _mlp, {"x": normal(6, 4), "W1": normal(4, 5), "b1": normal(5), "W2": normal(5, 3), "b2": normal(3)}),
    Case(
        "ffn",
        lambda x, W1, b1, W2, b2: F.gelu(x @ W1 + b1) @ W2 + b2,
        {"x": normal(2, 3, 4), "W1": normal(4, 5), "b1": normal(5), "W2": normal(5, 4), "b2": normal(4)},
    ),
    Case(
        "swiglu_ffn",
        lambda x, W1, W3, W2: (F.silu(x @ W1) * (x @ W3)) @ W2,
        {"x": normal(2, 3, 4), "W1": normal(4, 5), "W3": normal(4, 5), "W2": normal(5, 4)},
    ),
    Case("dropout", lambda x: x, {"x": normal(3, 4)}, mode="eval"),
    Case("dropout2d", lambda x: x, {"x": normal(2, 3, 2, 2)}, mode="eval"),
    Case("alpha_dropout", lambda x: x, {"x": normal(3, 4)}, mode="eval"),
    Case("gaussian_dropout", lambda x: x, {"x": normal(3, 4)}, mode="eval"),
    Case("drop_path", lambda x: x, {"x": normal(3, 4)}, mode="eval"),
    Case(
        "layernorm",
        lambda x, gamma, beta: F.layer_norm(x, (5,), gamma, beta),
        {"x": normal(2, 3, 5), "gamma": normal(5), "beta": normal(5)},
    ),
    Case("rmsnorm", _rms, {"x": normal(2, 3, 5), "gamma": normal(5)}),
    Case("add_rmsnorm", lambda x, r, gamma: (_rms(x + r, gamma), x + r), {"x": normal(3, 5), "r": normal(3, 5), "gamma": normal(5)}),
    Case("adaptive_layernorm", _adaptive, {"x": normal(2, 3, 5), "scale": normal(2, 5), "shift": normal(2, 5)}),
    Case("batchnorm", batchnorm, {"x": normal(6, 3), **NORM}, {"momentum": 0.3}, states=True),
    Case("batchnorm", batchnorm_eval, {"x": normal(6, 3), **NORM}, mode="eval", states=True),
    Case("batchnorm2d", batchnorm, {"x": normal(2, 3, 2, 4), **NORM}, {"momentum": 0.3}, states=True),
    Case("batchnorm2d", batchnorm_eval, {"x": normal(2, 3, 2, 4), **NORM}, mode="eval", states=True),
    Case(
        "groupnorm",
        lambda x, gamma, beta, groups: F.group_norm(x, groups, gamma, beta),
        {"x": normal(2, 6, 2, 3), "gamma": normal(6), "beta": normal(6)},
        {"groups": 3},
    ),
    Case(
        "instancenorm",
        lambda x, gamma, beta: F.instance_norm(x, weight=gamma, bias=beta),
        {"x": normal(2, 3, 2, 4), "gamma": normal(3), "beta": normal(3)},
    ),
    Case(
        "local_response_norm",
        lambda x, size, alpha: F.local_response_norm(x, size, alpha=alpha),
        {"x": normal(2, 7, 2, 2)},
        {"size": 3, "alpha": 0.5},
    ),
    Case("l2_normalize", lambda x: F.normalize(x, dim=-1), {"x": normal(2, 3, 4)}),
    Case("polynorm", _polynorm, {"x": normal(3, 4), "w": normal(3), "b": normal()}),
]
