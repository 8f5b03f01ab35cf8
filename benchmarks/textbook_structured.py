"""More layers as a textbook writes them in NumPy: images, sequences, attention, normalisation, losses over pairs.

`STRUCTURED` has the form of `textbook.LAYERS`: a library layer's name to (function, arrays).
"""

from __future__ import annotations

import numpy as np
from scipy.special import erf
from textbook import _sigmoid, _softmax, conv2d


def _norm(x):
    return np.sqrt((x**2).sum(-1, keepdims=True))


# ---------------------------------------------------------------------------------------------- attention


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
    p, q = _softmax(s), _softmax(s.T).T
    i = np.arange(len(a))
    ds = (g / (2 * len(a)) * (p + q - 2 * np.eye(len(a), dtype=a.dtype)) / np.float32(0.07)).astype(a.dtype)
    return (-(np.log(p[i, i]).mean() + np.log(q[i, i]).mean()) / 2,), (ds @ b, ds.T @ a)


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


# ------------------------------------------------------------------------------------------- recurrences


def linear_scan(a, x, h0, g):
    h = np.empty((len(x) + 1, *h0.shape), x.dtype)
    h[0] = h0
    for t in range(len(x)):
        h[t + 1] = a[t] * h[t] + x[t]
    da, dx, dh = np.empty_like(a), np.empty_like(x), np.zeros_like(h0)
    for t in reversed(range(len(x))):
        dh = dh + g[t]
        dx[t], da[t], dh = dh, dh * h[t], dh * a[t]
    return (h[1:],), (da, dx, dh)


def ema(x, g):
    m = np.empty_like(x)
    m[0] = x[0]
    for t in range(1, len(x)):
        m[t] = np.float32(0.9) * m[t - 1] + np.float32(0.1) * x[t]
    dx, dm = np.empty_like(x), np.zeros_like(x[0])
    for t in reversed(range(1, len(x))):
        dm = dm + g[t]
        dx[t], dm = np.float32(0.1) * dm, np.float32(0.9) * dm
    dx[0] = dm + g[0]
    return (m,), (dx,)


def ssm_scan(x, delta, B, C, A, D, g):
    steps, n, i = x.shape
    h = np.zeros((steps + 1, n, i, A.shape[1]), x.dtype)
    y, decay = np.empty_like(x), np.empty_like(h[1:])
    for t in range(steps):
        decay[t] = np.exp(delta[t][..., None] * A)
        h[t + 1] = decay[t] * h[t] + (delta[t] * x[t])[..., None] * B[t][:, None]
        y[t] = (h[t + 1] * C[t][:, None]).sum(-1) + D * x[t]
    dx, ddelta, dB, dC = g * D, np.empty_like(delta), np.empty_like(B), np.empty_like(C)
    dA, dh = np.zeros_like(A), np.zeros_like(h[0])
    for t in reversed(range(steps)):
        dC[t] = (g[t][..., None] * h[t + 1]).sum(1)
        dh = dh + g[t][..., None] * C[t][:, None]
        inner = dh * h[t] * decay[t]
        into = (dh * B[t][:, None]).sum(-1)
        ddelta[t] = (inner * A).sum(-1) + into * x[t]
        dA += (inner * delta[t][..., None]).sum(0)
        dx[t] += into * delta[t]
        dB[t] = (dh * (delta[t] * x[t])[..., None]).sum(1)
        dh = dh * decay[t]
    return (y,), (dx, ddelta, dB, dC, dA, (g * x).sum((0, 1)))


def crf_nll(e, tags, A, g):
    n, steps, _ = e.shape
    alpha, ways = [e[:, 0]], []
    for t in range(1, steps):
        s = alpha[-1][:, :, None] + A
        top = s.max(1, keepdims=True)
        w = np.exp(s - top)
        total = w.sum(1, keepdims=True)
        alpha.append(e[:, t] + (top + np.log(total))[:, 0])
        ways.append(w / total)
    top = alpha[-1].max(1, keepdims=True)
    p = np.exp(alpha[-1] - top)
    logz = (top + np.log(p.sum(1, keepdims=True)))[:, 0]
    rows = np.arange(n)
    score = np.take_along_axis(e, tags[..., None], 2).sum((1, 2)) + A[tags[:, :-1], tags[:, 1:]].sum(1)
    da = g / n * p / p.sum(1, keepdims=True)
    de, dA = np.zeros_like(e), np.zeros_like(A)
    for t in reversed(range(steps)):
        de[:, t] = da
        de[rows, t, tags[:, t]] -= g / n
        if t:
            flow = ways[t - 1] * da[:, None]
            dA += flow.sum(0)
            np.subtract.at(dA, (tags[:, t - 1], tags[:, t]), g / n)
            da = flow.sum(2)
    return ((logz - score).mean(),), (de, dA)


_HEADS = {"Q": (4, 8, 128, 64), "K": (4, 8, 128, 64), "V": (4, 8, 128, 64)}
_GROUPED = {"Q": (4, 8, 128, 64), "K": (4, 2, 128, 64), "V": (4, 2, 128, 64)}
_PROJECTIONS = {name: (128, 4, 32) for name in ("Wq", "Wk", "Wv")}
_IMAGES = {"x": (8, 32, 32, 32)}
_CHANNELS = {"gamma": (32,), "beta": (32,)}
_PAIRS = {"a": (256, 128), "b": (256, 128)}

STRUCTURED = {
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
    "info_nce": (info_nce, _PAIRS),
    "barlow_twins": (barlow_twins, _PAIRS),
    "linear_scan": (linear_scan, {"a": (64, 1024), "x": (64, 1024), "h0": (1024,)}),
    "ema": (ema, {"x": (64, 1024)}),
    "ssm_scan": (
        ssm_scan,
        {"x": (32, 8, 64), "delta": (32, 8, 64), "B": (32, 8, 16), "C": (32, 8, 16), "A": (64, 16), "D": (64,)},
    ),
    "crf_nll": (crf_nll, {"e": (32, 32, 16), "tags": (16, (32, 32)), "A": (16, 16)}),
}
