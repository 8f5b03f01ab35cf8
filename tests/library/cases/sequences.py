"""Attention, recurrent networks, scans, forward algorithms."""

import torch
import torch.nn.functional as F

from tests.library.cases.case import Case, labels, mask, normal, these, uniform


def _attend(Q, K, V, **options):
    return F.scaled_dot_product_attention(Q, K, V, **options)


def _distance(T):
    return torch.arange(T)[:, None] - torch.arange(T)


def _biased(Q, K, V, bias, keep):
    return _attend(Q, K, V, attn_mask=bias.masked_fill(~keep, -torch.inf))


def _relative(Q, K, V, r):
    d = _distance(Q.shape[2])
    return _biased(Q, K, V, r[:, d.clamp(min=0)][None], d >= 0)


def _alibi(Q, K, V):
    heads, d = Q.shape[1], _distance(Q.shape[2])
    slope = 2.0 ** (-8 * torch.arange(1, heads + 1, dtype=Q.dtype) / heads)
    return _biased(Q, K, V, -(slope[:, None, None] * d)[None], d >= 0)


def _window(Q, K, V, window):
    d = _distance(Q.shape[-2])
    return _attend(Q, K, V, attn_mask=(d >= 0) & (d < window))


def _kernelised(Q, K, V):
    q, k = F.elu(Q) + 1, F.elu(K) + 1
    return (q @ (k.mT @ V)) / (q @ k.sum(-2, keepdim=True).mT)


def _heads(x, W, b=0):
    return torch.einsum("ntd,dhe->nhte", x, W) + (b[:, None] if torch.is_tensor(b) else b)


def _multi_head(x, Wq, bq, Wk, bk, Wv, bv, Wo, bo):
    o = _attend(_heads(x, Wq, bq), _heads(x, Wk, bk), _heads(x, Wv, bv))
    return torch.einsum("nhte,hed->ntd", o, Wo) + bo


def _causal(x, Wq, Wk, Wv, Wo):
    o = _attend(_heads(x, Wq), _heads(x, Wk), _heads(x, Wv), is_causal=True)
    return torch.einsum("nhte,hed->ntd", o, Wo)


def _block(x, gamma1, beta1, Wq, Wk, Wv, Wo, gamma2, beta2, W1, b1, W2, b2):
    h = x + _causal(F.layer_norm(x, x.shape[-1:], gamma1, beta1), Wq, Wk, Wv, Wo)
    return h + F.gelu(F.layer_norm(h, x.shape[-1:], gamma2, beta2) @ W1 + b1) @ W2 + b2


def _angles(x, base):
    T, D = x.shape[-2:]
    return torch.arange(T, dtype=x.dtype)[:, None] * base ** (-2 * torch.arange(D // 2, dtype=x.dtype) / D)


def _rope(x, base):
    phi = _angles(x, base)
    a, b = x.chunk(2, -1)
    return torch.cat([a * phi.cos() - b * phi.sin(), b * phi.cos() + a * phi.sin()], -1)


def _rope_pairs(x, base):
    z = torch.view_as_complex(x.reshape(*x.shape[:-1], -1, 2)) * torch.polar(torch.ones_like(_angles(x, base)), _angles(x, base))
    return torch.view_as_real(z).reshape(x.shape)


def _experts(x, G, W, b):
    return torch.einsum("ne,neo->no", F.softmax(x @ G, -1), torch.einsum("ni,eio->neo", x, W) + b)


def _switch(x, G, W):
    p, best = F.softmax(x @ G, -1).max(-1)
    return p[:, None] * torch.einsum("ni,nio->no", x, W[best])


def _gates(W):
    return W.flatten(1).T


def _rnn(x, h0, Wx, Wh, b):
    ys, last = torch.rnn_tanh(x, h0[None], [Wx.T, Wh.T, b, torch.zeros_like(b)], True, 1, 0.0, False, False, False)
    return ys, last[0]


def _two_rnns(x, f0, g0, Wf, Uf, bf, Wg, Ug, bg):
    return _rnn(x, f0, Wf, Uf, bf)[0], _rnn(x.flip(0), g0, Wg, Ug, bg)[0].flip(0)


def _lstm(x, h0, c0, Wx, Wh, b):
    weights = [_gates(Wx), _gates(Wh), b.flatten(), torch.zeros_like(b.flatten())]
    ys, h, c = torch.lstm(x, (h0[None], c0[None]), weights, True, 1, 0.0, False, False, False)
    return ys, h[0], c[0]


def _gru(x, h0, Wx, Wh, bx, bh):
    ys, h = torch.gru(x, h0[None], [_gates(Wx), _gates(Wh), bx.flatten(), bh.flatten()], True, 1, 0.0, False, False, False)
    return ys, h[0]


def _peephole(x, h, c, Wx, Wh, b, ui, uf, uo):
    i, f, g, o = (torch.einsum("ni,ipd->npd", x, Wx) + torch.einsum("ni,ipd->npd", h, Wh) + b).unbind(1)
    new = torch.sigmoid(f + uf * c) * c + torch.sigmoid(i + ui * c) * torch.tanh(g)
    return torch.sigmoid(o + uo * new) * torch.tanh(new), new


def _gru_before(x, h, Wr, Ur, br, Wz, Uz, bz, Wn, Un, bn):
    r, z = torch.sigmoid(x @ Wr + h @ Ur + br), torch.sigmoid(x @ Wz + h @ Uz + bz)
    return (1 - z) * torch.tanh(x @ Wn + (r * h) @ Un + bn) + z * h


def _scan(step, start, count):
    values = []
    for t in range(count):
        start = step(t, start)
        values.append(start)
    return torch.stack(values)


def _ssm(x, delta, B, C, A, D):
    zero = torch.zeros(x.shape[1], x.shape[2], A.shape[1], dtype=x.dtype)
    h = _scan(lambda t, h: torch.exp(delta[t, :, :, None] * A) * h + (delta[t] * x[t])[:, :, None] * B[t, :, None], zero, len(x))
    return torch.einsum("tns,tnis->tni", C, h) + D * x


def _ode(x, W, b, steps):
    for _ in range(steps):
        x = x + torch.tanh(x @ W + b) / steps
    return x


def _sinkhorn(cost, loga, logb, eps, steps):
    g = torch.zeros_like(logb)
    for _ in range(steps):
        f = loga - torch.logsumexp(g - cost / eps, 1)
        g = logb - torch.logsumexp(f[:, None] - cost / eps, 0)
    return torch.exp(f[:, None] + g - cost / eps)


def _soft_dtw(cost, gamma):
    n, m = cost.shape
    r = {(-1, -1): torch.zeros((), dtype=cost.dtype)}
    for i in range(n):
        for j in range(m):
            earlier = [r[k] for k in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if k in r]
            r[i, j] = cost[i, j] - gamma * torch.logsumexp(-torch.stack(earlier) / gamma, 0)
    return r[n - 1, m - 1]


def _crf(e, tags, A):
    a = e[:, 0]
    for t in range(1, e.shape[1]):
        a = e[:, t] + torch.logsumexp(a[:, :, None] + A, 1)
    score = e.gather(2, tags[:, :, None]).sum((1, 2)) + A[tags[:, :-1], tags[:, 1:]].sum(1)
    return (torch.logsumexp(a, 1) - score).mean()


def _hmm(x, pi0, A, B):
    a = pi0 + B[:, x[:, 0]].T
    for t in range(1, x.shape[1]):
        a = torch.logsumexp(a[:, :, None] + A, 1) + B[:, x[:, t]].T
    return torch.logsumexp(a, 1)


def _ctc(lp, labels):
    T, N, _ = lp.shape
    # torch's own backward assumes that lp comes from log_softmax: an explicit sum over the lattice has no such assumption
    S = labels.shape[1]
    minus = torch.full((), -torch.inf, dtype=lp.dtype)
    losses = []
    for n in range(N):
        line = [0]
        for label in labels[n].tolist():
            line += [label, 0]
        a = [lp[0, n, line[s]] if s < 2 else minus for s in range(2 * S + 1)]
        for t in range(1, T):
            new = []
            for s in range(2 * S + 1):
                back = [a[s]] + ([a[s - 1]] if s >= 1 else [])
                if s >= 2 and line[s] != 0 and line[s] != line[s - 2]:
                    back.append(a[s - 2])
                finite = [v for v in back if v.item() != -torch.inf]
                new.append(lp[t, n, line[s]] + torch.logsumexp(torch.stack(finite), 0) if finite else minus)
            a = new
        losses.append(-torch.logaddexp(a[-1], a[-2]))
    return torch.stack(losses)


_QKV = {"Q": normal(2, 3, 4, 5), "K": normal(2, 3, 6, 5), "V": normal(2, 3, 6, 2)}
_SELF = {"Q": normal(2, 3, 4, 5), "K": normal(2, 3, 4, 5), "V": normal(2, 3, 4, 5)}
_HEADS = {"Wq": normal(6, 2, 3), "Wk": normal(6, 2, 3), "Wv": normal(6, 2, 3), "Wo": normal(2, 3, 6)}
_BIASES = {"bq": normal(2, 3), "bk": normal(2, 3), "bv": normal(2, 3), "bo": normal(6)}
_MLP = {"W1": normal(6, 5), "b1": normal(5), "W2": normal(5, 6), "b2": normal(6)}
_SCALES = {"gamma1": normal(6), "beta1": normal(6), "gamma2": normal(6), "beta2": normal(6)}
_GATED = {"Wx": normal(2, 4, 3), "Wh": normal(3, 4, 3), "b": normal(4, 3)}
_RESET = {"Wx": normal(2, 3, 4), "Wh": normal(4, 3, 4), "bx": normal(3, 4), "bh": normal(3, 4)}
_PLAIN = {"Wx": normal(2, 4), "Wh": normal(4, 4), "b": normal(4)}
_CHO = {f"{k}{g}": v for g in "rzn" for k, v in {"W": normal(2, 4), "U": normal(4, 4), "b": normal(4)}.items()}
_TWO = {"Wf": normal(2, 4), "Uf": normal(4, 4), "bf": normal(4), "Wg": normal(2, 4), "Ug": normal(4, 4), "bg": normal(4)}
_SSM = {
    "x": normal(5, 2, 3),
    "delta": uniform(0.1, 1, 5, 2, 3),
    "B": normal(5, 2, 4),
    "C": normal(5, 2, 4),
    "A": normal(3, 4),
    "D": normal(3),
}

CASES = [
    Case("attention", _attend, _QKV),
    Case("causal_attention", lambda Q, K, V: _attend(Q, K, V, is_causal=True), _SELF),
    Case("masked_attention", lambda Q, K, V, keep: _attend(Q, K, V, attn_mask=keep), {**_QKV, "keep": mask(2, 3, 4, 6)}),
    Case("biased_attention", lambda Q, K, V, bias: _attend(Q, K, V, attn_mask=bias), {**_QKV, "bias": normal(2, 3, 4, 6)}),
    Case("relative_attention", _relative, {**_SELF, "r": normal(3, 5)}),
    Case("alibi_attention", _alibi, _SELF),
    *(Case("sliding_window_attention", _window, _SELF, {"window": window}) for window in (1, 2)),
    Case(
        "grouped_query_attention",
        lambda Q, K, V: _attend(Q, K, V, is_causal=True, enable_gqa=True),
        {"Q": normal(2, 4, 3, 5), "K": normal(2, 2, 3, 5), "V": normal(2, 2, 3, 5)},
    ),
    Case("linear_attention", _kernelised, _QKV),
    Case("multi_head_attention", _multi_head, {"x": normal(2, 4, 6), **_HEADS, **_BIASES}),
    Case("causal_self_attention", _causal, {"x": normal(2, 4, 6), **_HEADS}),
    Case("transformer_block", _block, {"x": normal(2, 4, 6), **_HEADS, **_MLP, **_SCALES}),
    Case("rope", _rope, {"x": normal(2, 3, 4, 6)}, {"base": 100.0}),
    Case("rope_interleaved", _rope_pairs, {"x": normal(2, 3, 4, 6)}, {"base": 100.0}),
    Case("moe", _experts, {"x": normal(4, 3), "G": normal(3, 5), "W": normal(5, 3, 2), "b": normal(5, 2)}),
    Case("switch_moe", _switch, {"x": normal(4, 3), "G": normal(3, 5), "W": normal(5, 3, 2)}),
    Case("rnn_cell", lambda x, h, Wx, Wh, b: torch.tanh(x @ Wx + h @ Wh + b), {"x": normal(3, 2), "h": normal(3, 4), **_PLAIN}),
    Case("rnn", _rnn, {"x": normal(5, 3, 2), "h0": normal(3, 4), **_PLAIN}),
    Case("bidirectional_rnn", _two_rnns, {"x": normal(5, 3, 2), "f0": normal(3, 4), "g0": normal(3, 4), **_TWO}),
    Case(
        "lstm_cell", lambda x, h, c, **p: _lstm(x[None], h, c, **p)[1:], {"x": normal(4, 2), "h": normal(4, 3), "c": normal(4, 3), **_GATED}
    ),
    Case("lstm", _lstm, {"x": normal(5, 4, 2), "h0": normal(4, 3), "c0": normal(4, 3), **_GATED}),
    Case(
        "peephole_lstm_cell",
        _peephole,
        {"x": normal(4, 2), "h": normal(4, 3), "c": normal(4, 3), **_GATED, "ui": normal(3), "uf": normal(3), "uo": normal(3)},
    ),
    Case("gru_cell", lambda x, h, **p: _gru(x[None], h, **p)[1], {"x": normal(3, 2), "h": normal(3, 4), **_RESET}),
    Case("gru_cell_reset_before", _gru_before, {"x": normal(3, 2), "h": normal(3, 4), **_CHO}),
    Case("gru", _gru, {"x": normal(5, 3, 2), "h0": normal(3, 4), **_RESET}),
    Case(
        "linear_scan",
        lambda a, x, h0: _scan(lambda t, h: a[t] * h + x[t], h0, len(x)),
        {"a": normal(6, 3), "x": normal(6, 3), "h0": normal(3)},
    ),
    Case("ssm_scan", _ssm, _SSM),
    Case(
        "ema",
        lambda x, alpha: _scan(lambda t, m: x[0] if t == 0 else (1 - alpha) * m + alpha * x[t], x[0], len(x)),
        {"x": normal(6, 3)},
        {"alpha": 0.3},
    ),
    Case("cumsum", lambda x: x.cumsum(-1), {"x": normal(2, 3, 5)}),
    Case("cumprod", lambda x: x.cumprod(-1), {"x": normal(2, 3, 5)}),
    Case("cummax", lambda x: x.cummax(-1).values, {"x": normal(2, 3, 5)}),
    Case("logcumsumexp", lambda x: x.logcumsumexp(-1), {"x": normal(2, 3, 5)}),
    Case("neural_ode", _ode, {"x": normal(4, 3), "W": normal(3, 3), "b": normal(3)}, {"steps": 5}),
    Case(
        "forward_substitution",
        lambda L, b: torch.linalg.solve_triangular(L.tril(), b[:, None], upper=False)[:, 0],
        {"L": uniform(1, 2, 5, 5), "b": normal(5)},
    ),
    Case("sinkhorn", _sinkhorn, {"cost": normal(4, 3), "loga": normal(4), "logb": normal(3)}, {"eps": 0.7, "steps": 3}),
    Case("soft_dtw", _soft_dtw, {"cost": normal(4, 5)}, {"gamma": 0.5}),
    Case("crf_nll", _crf, {"e": normal(3, 5, 4), "tags": labels(4, 3, 5), "A": normal(4, 4)}),
    Case("hmm_forward", _hmm, {"x": labels(5, 3, 6), "pi0": normal(4), "A": normal(4, 4), "B": normal(4, 5)}),
    Case("ctc_loss", _ctc, {"lp": uniform(-3, -0.5, 7, 3, 5), "labels": these([[1, 2], [3, 3], [4, 1]])}),
]
