"""Attention and what is built of it, as a textbook writes it in NumPy; `ATTENTION` has the form of `textbook.LAYERS`."""

from __future__ import annotations

import numpy as np
from scipy.special import erf
from textbook import _sigmoid, _softmax


def _attended_back(P, Q, K, V, g, scale):
    """What goes back to Q, K and V from P V with P = softmax(scale·QKᵀ + constants)."""
    dP = g @ V.swapaxes(-1, -2)
    dS = P * (dP - (dP * P).sum(-1, keepdims=True)) * scale
    return dS @ K, dS.swapaxes(-1, -2) @ Q, P.swapaxes(-1, -2) @ g


def _scores(Q, K):
    scale = np.float32(1 / np.sqrt(Q.shape[-1]))
    return Q @ K.swapaxes(-1, -2) * scale, scale


def sliding_window_attention(Q, K, V, g):
    S, scale = _scores(Q, K)
    i = np.arange(S.shape[-1])
    S = np.where((i[:, None] >= i) & (i[:, None] - i < 2), S, -np.inf)
    P = _softmax(S)
    return (P @ V,), _attended_back(P, Q, K, V, g, scale)


def alibi_attention(Q, K, V, g):
    S, scale = _scores(Q, K)
    heads, i = Q.shape[1], np.arange(S.shape[-1])
    slope = (2.0 ** (-8 * np.arange(1, heads + 1) / heads)).astype(Q.dtype)
    S = S - slope[:, None, None] * (i[:, None] - i).astype(Q.dtype)
    S = np.where(np.tri(len(i), dtype=bool), S, -np.inf)
    P = _softmax(S)
    return (P @ V,), _attended_back(P, Q, K, V, g, scale)


def grouped_query_attention(Q, K, V, g):
    n, heads, t, d = Q.shape
    groups = K.shape[1]
    K, V = np.repeat(K, heads // groups, 1), np.repeat(V, heads // groups, 1)
    S, scale = _scores(Q, K)
    S = np.where(np.tri(t, dtype=bool), S, -np.inf)
    P = _softmax(S)
    dQ, dK, dV = _attended_back(P, Q, K, V, g, scale)
    grouped = (n, groups, heads // groups, t, d)
    return (P @ V,), (dQ, dK.reshape(grouped).sum(2), dV.reshape(grouped).sum(2))


def linear_attention(Q, K, V, g):
    q, k = np.where(Q > 0, Q + 1, np.exp(np.minimum(Q, 0))), np.where(K > 0, K + 1, np.exp(np.minimum(K, 0)))
    A, z = k.swapaxes(-1, -2) @ V, k.sum(-2)[..., None]
    over, under = q @ A, q @ z
    y = over / under
    dover, dunder = g / under, -(g * y).sum(-1, keepdims=True) / under
    dq = dover @ A.swapaxes(-1, -2) + dunder @ z.swapaxes(-1, -2)
    dA, dz = q.swapaxes(-1, -2) @ dover, q.swapaxes(-1, -2) @ dunder
    dk = V @ dA.swapaxes(-1, -2) + dz.swapaxes(-1, -2)
    return (y,), (dq * np.where(Q > 0, 1, q), dk * np.where(K > 0, 1, k), k @ dA)


def _heads(x, W):
    """[n, t, d] by [d, h, e] gives [n, h, t, e]."""
    n, t, d = x.shape
    return (x @ W.reshape(d, -1)).reshape(n, t, *W.shape[1:]).swapaxes(1, 2)


def _heads_back(dz, x, W):
    flat = dz.swapaxes(1, 2).reshape(*x.shape[:2], -1)
    dW = x.reshape(-1, x.shape[2]).T @ flat.reshape(-1, flat.shape[2])
    return flat @ W.reshape(len(W), -1).T, dW.reshape(W.shape)


def _merged(o, Wo):
    flat = o.swapaxes(1, 2).reshape(o.shape[0], o.shape[2], -1)
    return flat @ Wo.reshape(-1, Wo.shape[2]), flat


def _merged_back(g, flat, o, Wo):
    dWo = flat.reshape(-1, flat.shape[2]).T @ g.reshape(-1, g.shape[2])
    do = (g @ Wo.reshape(-1, Wo.shape[2]).T).reshape(o.shape[0], o.shape[2], o.shape[1], o.shape[3]).swapaxes(1, 2)
    return do, dWo.reshape(Wo.shape)


def multi_head_attention(x, Wq, bq, Wk, bk, Wv, bv, Wo, bo, g):
    q, k, v = (_heads(x, W) + b[:, None] for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
    S, scale = _scores(q, k)
    P = _softmax(S)
    o = P @ v
    y, flat = _merged(o, Wo)
    do, dWo = _merged_back(g, flat, o, Wo)
    dq, dk, dv = _attended_back(P, q, k, v, do, scale)
    back = [_heads_back(dz, x, W) for dz, W in ((dq, Wq), (dk, Wk), (dv, Wv))]
    biases = [dz.sum((0, 2)) for dz in (dq, dk, dv)]
    dx = back[0][0] + back[1][0] + back[2][0]
    return (y + bo,), (dx, back[0][1], biases[0], back[1][1], biases[1], back[2][1], biases[2], dWo, g.sum((0, 1)))


def _causal(x, Wq, Wk, Wv, Wo):
    """Causal self-attention, and the function that takes it back."""
    q, k, v = (_heads(x, W) for W in (Wq, Wk, Wv))
    S, scale = _scores(q, k)
    P = _softmax(np.where(np.tri(S.shape[-1], dtype=bool), S, -np.inf))
    o = P @ v
    y, flat = _merged(o, Wo)

    def back(g):
        do, dWo = _merged_back(g, flat, o, Wo)
        gradients = _attended_back(P, q, k, v, do, scale)
        (dx1, dWq), (dx2, dWk), (dx3, dWv) = (_heads_back(dz, x, W) for dz, W in zip(gradients, (Wq, Wk, Wv), strict=True))
        return dx1 + dx2 + dx3, dWq, dWk, dWv, dWo

    return y, back


def causal_self_attention(x, Wq, Wk, Wv, Wo, g):
    y, back = _causal(x, Wq, Wk, Wv, Wo)
    return (y,), back(g)


def swiglu_ffn(x, W1, W3, W2, g):
    a, b = x @ W1, x @ W3
    s = _sigmoid(a)
    h = a * s * b
    dh = g @ W2.T
    da, db = dh * b * (s + a * s * (1 - s)), dh * a * s
    return (h @ W2,), (da @ W1.T + db @ W3.T, x.T @ da, x.T @ db, h.T @ g)


def transformer_block(x, gamma1, beta1, Wq, Wk, Wv, Wo, gamma2, beta2, W1, b1, W2, b2, g):
    u, back1 = _layernorm(x, gamma1, beta1)
    attended, back = _causal(u, Wq, Wk, Wv, Wo)
    h = x + attended
    v, back2 = _layernorm(h, gamma2, beta2)
    f = v @ W1 + b1
    cdf = (1 + erf(f * np.float32(0.5**0.5))) / 2
    a = f * cdf
    y = h + a @ W2 + b2
    df = g @ W2.T * (cdf + f * np.exp(-(f**2) / 2) * np.float32((2 * np.pi) ** -0.5))
    flat = lambda z: z.reshape(-1, z.shape[-1])  # noqa: E731
    dW1, db1, dW2, db2 = flat(v).T @ flat(df), flat(df).sum(0), flat(a).T @ flat(g), flat(g).sum(0)
    dh, dgamma2, dbeta2 = back2(df @ W1.T)
    dh = dh + g
    du, dWq, dWk, dWv, dWo = back(dh)
    dx, dgamma1, dbeta1 = back1(du)
    return (y,), (dx + dh, dgamma1, dbeta1, dWq, dWk, dWv, dWo, dgamma2, dbeta2, dW1, db1, dW2, db2)


def _layernorm(x, gamma, beta):
    r = 1 / np.sqrt(x.var(-1, keepdims=True) + np.float32(1e-5))
    xhat = (x - x.mean(-1, keepdims=True)) * r

    def back(g):
        d = g * gamma
        dx = r * (d - d.mean(-1, keepdims=True) - xhat * (d * xhat).mean(-1, keepdims=True))
        axes = tuple(range(x.ndim - 1))
        return dx, (g * xhat).sum(axes), g.sum(axes)

    return gamma * xhat + beta, back


_HEADS = {"Q": (4, 8, 128, 64), "K": (4, 8, 128, 64), "V": (4, 8, 128, 64)}
_GROUPED = {"Q": (4, 8, 128, 64), "K": (4, 2, 128, 64), "V": (4, 2, 128, 64)}
_PROJECTIONS = {name: (128, 4, 32) for name in ("Wq", "Wk", "Wv")}

ATTENTION = {
    "sliding_window_attention": (sliding_window_attention, _HEADS),
    "alibi_attention": (alibi_attention, _HEADS),
    "grouped_query_attention": (grouped_query_attention, _GROUPED),
    "linear_attention": (linear_attention, _HEADS),
    "multi_head_attention": (
        multi_head_attention,
        {
            "x": (8, 64, 128),
            **{k: s for w in ("q", "k", "v") for k, s in ((f"W{w}", (128, 4, 32)), (f"b{w}", (4, 32)))},
            "Wo": (4, 32, 128),
            "bo": (128,),
        },
    ),
    "causal_self_attention": (causal_self_attention, {"x": (8, 64, 128), **_PROJECTIONS, "Wo": (4, 32, 128)}),
    "swiglu_ffn": (swiglu_ffn, {"x": (512, 128), "W1": (128, 256), "W3": (128, 256), "W2": (256, 128)}),
    "transformer_block": (
        transformer_block,
        {
            **{"x": (4, 64, 128), "gamma1": (128,), "beta1": (128,), **_PROJECTIONS, "Wo": (4, 32, 128), "gamma2": (128,)},
            **{"beta2": (128,), "W1": (128, 256), "b1": (256,), "W2": (256, 128), "b2": (128,)},
        },
    ),
}
