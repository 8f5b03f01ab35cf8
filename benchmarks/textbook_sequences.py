"""Recurrent cells, scans, dynamic programs and optimizers as a textbook writes them in NumPy; `SEQUENCES` has the form of `textbook.LAYERS`."""

from __future__ import annotations

import numpy as np
from textbook import _sigmoid


def _lse(x, axis):
    top = x.max(axis, keepdims=True)
    return (top + np.log(np.exp(x - top).sum(axis, keepdims=True))).squeeze(axis)


# ------------------------------------------------------------------------------------------------- cells


def rnn_cell(x, h, Wx, Wh, b, g):
    y = np.tanh(x @ Wx + h @ Wh + b)
    dz = g * (1 - y**2)
    return (y,), (dz @ Wx.T, dz @ Wh.T, x.T @ dz, h.T @ dz, dz.sum(0))


def lstm_cell(x, h, c, Wx, Wh, b, gh, gc):
    A, U = Wx.reshape(len(Wx), -1), Wh.reshape(len(Wh), -1)
    zi, zf, zg, zo = np.split(x @ A + h @ U + b.reshape(-1), 4, axis=1)
    i, f, q, o = _sigmoid(zi), _sigmoid(zf), np.tanh(zg), _sigmoid(zo)
    c1 = f * c + i * q
    u = np.tanh(c1)
    dc = gc + gh * o * (1 - u**2)
    dz = np.concatenate([dc * q * i * (1 - i), dc * c * f * (1 - f), dc * i * (1 - q**2), gh * u * o * (1 - o)], 1)
    gradients = (dz @ A.T, dz @ U.T, dc * f, (x.T @ dz).reshape(Wx.shape), (h.T @ dz).reshape(Wh.shape), dz.sum(0).reshape(b.shape))
    return (o * u, c1), gradients


def gru_cell(x, h, Wx, Wh, bx, bh, g):
    A, U = Wx.reshape(len(Wx), -1), Wh.reshape(len(Wh), -1)
    ur, uz, un = np.split(x @ A + bx.reshape(-1), 3, axis=1)
    vr, vz, vn = np.split(h @ U + bh.reshape(-1), 3, axis=1)
    r, z = _sigmoid(ur + vr), _sigmoid(uz + vz)
    n = np.tanh(un + r * vn)
    dn = g * (1 - z) * (1 - n**2)
    dz, dr = g * (h - n) * z * (1 - z), dn * vn * r * (1 - r)
    du, dv = np.concatenate([dr, dz, dn], 1), np.concatenate([dr, dz, dn * r], 1)
    dWx, dWh = (x.T @ du).reshape(Wx.shape), (h.T @ dv).reshape(Wh.shape)
    return ((1 - z) * n + z * h,), (
        *(du @ A.T, g * z + dv @ U.T, dWx, dWh),
        *(du.sum(0).reshape(bx.shape), dv.sum(0).reshape(bh.shape)),
    )


def _unrolled(x, h0, W, U, b, g, order):
    """A plain recurrent network over the steps in an order, and its gradients."""
    h, before = np.empty((len(x), *h0.shape), x.dtype), h0
    previous = {}
    for t in order:
        previous[t] = before
        before = h[t] = np.tanh(x[t] @ W + before @ U + b)
    dx, dW, dU, db, dh = np.empty_like(x), np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), 0
    for t in reversed(order):
        dz = (g[t] + dh) * (1 - h[t] ** 2)
        dx[t], dh = dz @ W.T, dz @ U.T
        dW += x[t].T @ dz
        dU += previous[t].T @ dz
        db += dz.sum(0)
    return h, (dx, dh, dW, dU, db)


def bidirectional_rnn(x, f0, g0, Wf, Uf, bf, Wg, Ug, bg, gf, gg):
    steps = list(range(len(x)))
    f, (dx1, df, *first) = _unrolled(x, f0, Wf, Uf, bf, gf, steps)
    r, (dx2, dg, *second) = _unrolled(x, g0, Wg, Ug, bg, gg, steps[::-1])
    return (f, r), (dx1 + dx2, df, dg, *first, *second)


def neural_ode(x, W, b, g):
    z, slopes = [x], []
    for _ in range(4):
        slopes.append(np.tanh(z[-1] @ W + b))
        z.append(z[-1] + slopes[-1] / 4)
    dz, dW, db = g, np.zeros_like(W), np.zeros_like(b)
    for s in reversed(range(4)):
        d = dz / 4 * (1 - slopes[s] ** 2)
        dW += z[s].T @ d
        db += d.sum(0)
        dz = dz + d @ W.T
    return (z[-1],), (dz, dW, db)


# ------------------------------------------------------------------------------------------------- scans


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


def ar2(x, a, b, g):
    s = np.zeros((len(x) + 2, *x.shape[1:]), x.dtype)
    for t in range(len(x)):
        s[t + 2] = a * s[t + 1] + b * s[t] + x[t]
    ds = np.zeros_like(s)
    ds[2:] = g
    da = db = 0
    for t in reversed(range(len(x))):
        da += (ds[t + 2] * s[t + 1]).sum()
        db += (ds[t + 2] * s[t]).sum()
        ds[t + 1] += a * ds[t + 2]
        ds[t] += b * ds[t + 2]
    return (s[2:],), (ds[2:], np.float32(da), np.float32(db))


def discounted_return(r, g):
    gamma = np.float32(0.99)
    y, dr = np.empty_like(r), np.empty_like(r)
    s = np.zeros_like(r[0])
    for t in reversed(range(len(r))):
        s = y[t] = r[t] + gamma * s
    d = np.zeros_like(r[0])
    for t in range(len(r)):
        d = dr[t] = g[t] + gamma * d
    return (y,), (dr,)


def gae(r, v):
    gamma, decay = np.float32(0.99), np.float32(0.99 * 0.95)
    delta = r + gamma * v[1:] - v[:-1]
    a, s = np.empty_like(r), np.zeros_like(r[0])
    for t in reversed(range(len(r))):
        s = a[t] = delta[t] + decay * s
    return (a,), ()


def logcumsumexp(x, g):
    y = np.logaddexp.accumulate(x, axis=-1)
    return (y,), (np.exp(x) * np.cumsum((g * np.exp(-y))[..., ::-1], -1)[..., ::-1],)


def cumprod(x, g):
    y = np.cumprod(x, -1)
    return (y,), (np.cumsum((g * y)[..., ::-1], -1)[..., ::-1] / x,)


# ------------------------------------------------------------------------------------- dynamic programs


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


def hmm_forward(x, pi0, A, B, g):
    n, steps = x.shape
    emitted = B.T[x]
    alpha = [pi0 + emitted[:, 0]]
    for t in range(1, steps):
        alpha.append(_lse(alpha[-1][:, :, None] + A, 1) + emitted[:, t])
    y = _lse(alpha[-1], 1)
    da = g[:, None] * np.exp(alpha[-1] - y[:, None])
    dA, dB = np.zeros_like(A), np.zeros_like(B.T)
    for t in reversed(range(1, steps)):
        np.add.at(dB, x[:, t], da)
        s = alpha[t - 1][:, :, None] + A
        flow = np.exp(s - _lse(s, 1)[:, None]) * da[:, None]
        dA += flow.sum(0)
        da = flow.sum(2)
    np.add.at(dB, x[:, 0], da)
    return (y,), (da.sum(0), dA, dB.T)


def soft_dtw(cost, g):
    n, m = cost.shape
    r = np.full((n + 1, m + 1), np.inf, cost.dtype)
    r[0, 0] = 0
    for i in range(n):
        for j in range(m):
            r[i + 1, j + 1] = cost[i, j] - _lse(-np.array([r[i, j + 1], r[i + 1, j], r[i, j]]), 0)
    d, dr = np.zeros_like(cost), np.zeros_like(r)
    dr[n, m] = g
    for i in reversed(range(n)):
        for j in reversed(range(m)):
            s = -np.array([r[i, j + 1], r[i + 1, j], r[i, j]])
            p = np.exp(s - _lse(s, 0)) * dr[i + 1, j + 1]
            d[i, j] = dr[i + 1, j + 1]
            dr[i, j + 1] += p[0]
            dr[i + 1, j] += p[1]
            dr[i, j] += p[2]
    return (r[n, m],), (d,)


def sinkhorn(cost, loga, logb, g):
    k = -cost
    v, fs, vs = np.zeros_like(logb), [], []
    for _ in range(4):
        fs.append(loga - _lse(v + k, 1))
        vs.append(v)
        v = logb - _lse(fs[-1][:, None] + k, 0)
    P = np.exp(fs[-1][:, None] + v + k)
    dk = g * P
    df, dv = dk.sum(1), dk.sum(0)
    da, db = np.zeros_like(loga), np.zeros_like(logb)
    for s in reversed(range(4)):
        db += dv
        w = fs[s][:, None] + k
        q = -np.exp(w - _lse(w, 0)) * dv
        dk, df = dk + q, df + q.sum(1)
        da += df
        w = vs[s] + k
        q = -np.exp(w - _lse(w, 1)[:, None]) * df[:, None]
        dk, dv, df = dk + q, q.sum(0), 0
    return (P,), (-dk, da, db)


def forward_substitution(L, b, g):
    z = np.zeros_like(b)
    for i in range(len(b)):
        z[i] = (b[i] - L[i, :i] @ z[:i]) / L[i, i]
    db = np.zeros_like(b)
    for i in reversed(range(len(b))):
        db[i] = (g[i] - db[i + 1 :] @ L[i + 1 :, i]) / L[i, i]
    return (z,), (-np.tril(np.outer(db, z)), db)


# ------------------------------------------------------------------------------------------- optimizers


def lamb(w, g, m, v, t):
    t = float(t) + 1
    m, v = np.float32(0.9) * m + np.float32(0.1) * g, np.float32(0.999) * v + np.float32(0.001) * g**2
    d = m / (1 - 0.9**t) / (np.sqrt(v / (1 - 0.999**t)) + np.float32(1e-6))
    return (w - np.float32(1e-3) * np.sqrt((w**2).sum()) / np.sqrt((d**2).sum()) * d,), ()


def lars(w, g, v):
    rate = np.float32(0.1) * np.float32(1e-3) * np.sqrt((w**2).sum()) / np.sqrt((g**2).sum())
    return (w - (np.float32(0.9) * v + rate * g),), ()


def rmsprop_centered(w, g, v, a, b):
    v, a = np.float32(0.99) * v + np.float32(0.01) * g**2, np.float32(0.99) * a + np.float32(0.01) * g
    b = g / (np.sqrt(v - a**2) + np.float32(1e-8))
    return (w - np.float32(0.01) * b,), ()


def muon(w, g, v):
    mu = np.float32(0.95)
    v = mu * v + g
    look = g + mu * v
    x = look / (np.sqrt((look**2).sum()) + np.float32(1e-7))
    for _ in range(5):
        a = x @ x.T
        x = np.float32(3.4445) * x + (np.float32(-4.775) * a + np.float32(2.0315) * (a @ a)) @ x
    return (w - np.float32(0.02 * np.sqrt(max(1, w.shape[0] / w.shape[1]))) * x,), ()


_CELL = {"x": (64, 128), "h": (64, 128)}
_SQUARE = {name: (1024, 512) for name in ("w", "g")}


def _recurrent(rng):
    return rng.standard_normal((64, 64), dtype=np.float32) / 8


SEQUENCES = {
    "rnn_cell": (rnn_cell, {**_CELL, "Wx": (128, 128), "Wh": (128, 128), "b": (128,)}),
    "lstm_cell": (lstm_cell, {**_CELL, "c": (64, 128), "Wx": (128, 4, 128), "Wh": (128, 4, 128), "b": (4, 128)}),
    "gru_cell": (gru_cell, {**_CELL, "Wx": (128, 3, 128), "Wh": (128, 3, 128), "bx": (3, 128), "bh": (3, 128)}),
    "bidirectional_rnn": (
        bidirectional_rnn,
        {
            **{"x": (32, 16, 64), "f0": (16, 64), "g0": (16, 64)},
            **{"Wf": (64, 64), "Uf": _recurrent, "bf": (64,), "Wg": (64, 64), "Ug": _recurrent, "bg": (64,)},
        },
    ),
    "neural_ode": (neural_ode, {"x": (256, 128), "W": (128, 128), "b": (128,)}),
    "linear_scan": (linear_scan, {"a": (64, 1024), "x": (64, 1024), "h0": (1024,)}),
    "ema": (ema, {"x": (64, 1024)}),
    "ssm_scan": (
        ssm_scan,
        {"x": (32, 8, 64), "delta": (32, 8, 64), "B": (32, 8, 16), "C": (32, 8, 16), "A": (64, 16), "D": (64,)},
    ),
    "ar2": (ar2, {"x": (64, 512), "a": lambda rng: np.float32(0.5), "b": lambda rng: np.float32(-0.25)}),
    "discounted_return": (discounted_return, {"r": (128, 256)}),
    "gae": (gae, {"r": (128, 256), "v": (129, 256)}),
    "logcumsumexp": (logcumsumexp, {"x": (512, 256)}),
    "cumprod": (cumprod, {"x": lambda rng: rng.uniform(0.9, 1.1, (512, 128)).astype(np.float32)}),
    "crf_nll": (crf_nll, {"e": (32, 32, 16), "tags": (16, (32, 32)), "A": (16, 16)}),
    "hmm_forward": (hmm_forward, {"x": (50, (32, 32)), "pi0": (16,), "A": (16, 16), "B": (16, 50)}),
    "soft_dtw": (soft_dtw, {"cost": (24, 24)}),
    "sinkhorn": (sinkhorn, {"cost": (256, 256), "loga": (256,), "logb": (256,)}),
    "forward_substitution": (
        forward_substitution,
        {"L": lambda rng: (np.tril(rng.uniform(-0.1, 0.1, (64, 64))) + 2 * np.eye(64)).astype(np.float32), "b": (64,)},
    ),
    "lamb": (lamb, {**_SQUARE, "m": (1024, 512), "v": (1024, 512), "t": ()}),
    "lars": (lars, {**_SQUARE, "v": (1024, 512)}),
    "rmsprop_centered": (
        rmsprop_centered,
        {
            **_SQUARE,
            "v": lambda rng: rng.uniform(1, 2, (1024, 512)).astype(np.float32),
            "a": lambda rng: rng.uniform(0, 0.1, (1024, 512)).astype(np.float32),
            "b": (1024, 512),
        },
    ),
    "muon": (muon, {"w": (256, 256), "g": (256, 256), "v": (256, 256)}),
}
