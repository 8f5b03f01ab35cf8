"""Attention as a recurrence and recurrences as attention: RetNet, RWKV, gated and delta rules, Mamba-2, long convolutions."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, unit


@layer(
    """
    layer: multi_scale_retention
    doc: Retention with one decay for each head, in parallel form, normalised in groups (Sun et al. 2023, RetNet, eq. 5 and 8).
    inputs: {Q: [H, T, D], K: [H, T, D], V: [H, T, E]}
    hyperparameters: {eps: 1e-5}
    where:
      gamma[h]: 1 - 2**(-5 - h)
      decay[h, t, s]: Piecewise((gamma[h]**(t - s), s <= t), (0, True))
      score[h, t, s]: Sum(Q[h, t, d]*K[h, s, d], d)/sqrt(D)*decay[h, t, s]
      share[h, t, s]: score[h, t, s]/Max(Abs(Sum(score[h, t, r], r)), 1)
      o[h, t, e]: Sum(share[h, t, s]*V[h, s, e], s)
    outputs:
      y[t, h, e]: (o[h, t, e] - Mean(o[h, t, k], k))/sqrt(Var(o[h, t, k], k) + eps)
    """,
    {"H": 2, "T": 5, "D": 3, "E": 4},
    {"H": 1, "T": 1, "D": 1, "E": 2},
)
def multi_scale_retention(Q, K, V):
    heads, steps, width = Q.shape
    gamma = 1 - 2.0 ** (-5 - torch.arange(heads, dtype=Q.dtype))
    gap = torch.arange(steps)[:, None] - torch.arange(steps)
    decay = (gamma[:, None, None] ** gap.clamp(min=0)).tril()
    score = Q @ K.transpose(1, 2) / width**0.5 * decay
    share = score / score.sum(-1, keepdim=True).abs().clamp(min=1)
    return F.layer_norm(share @ V, (V.shape[-1],)).transpose(0, 1)


@layer(
    """
    layer: retention_chunks
    doc: Retention by chunks of B steps; the state passes from chunk to chunk (RetNet, eq. 7).
    inputs: {q: [C, B, D], k: [C, B, D], v: [C, B, E]}
    hyperparameters: {gamma: 0.9}
    where:
      S[-1, d, e]: 0
      S[c, d, e]: gamma**B*S[c - 1, d, e] + Sum(gamma**(B - 1 - b)*k[c, b, d]*v[c, b, e], b)
      inner[c, a, e]: Sum(Piecewise((gamma**(a - b)*Sum(q[c, a, d]*k[c, b, d], d), b <= a), (0, True))*v[c, b, e], b)
      across[c, a, e]: gamma**(a + 1)*Sum(q[c, a, d]*S[c - 1, d, e], d)
    outputs:
      y[c, a, e]: inner[c, a, e] + across[c, a, e]
      last[d, e]: S[C - 1, d, e]
    """,
    {"C": 3, "B": 4, "D": 2, "E": 3},
    {"C": 1, "B": 1, "D": 1, "E": 1},
)
def retention_chunks(q, k, v):
    shape = (*q.shape[:2], v.shape[-1])
    q, k, v = (z.flatten(0, 1) for z in (q, k, v))
    state, rows = torch.zeros(q.shape[1], v.shape[1], dtype=q.dtype), []
    for t in range(len(q)):
        state = 0.9 * state + torch.outer(k[t], v[t])
        rows.append(q[t] @ state)
    return torch.stack(rows).view(shape), state


@layer(
    """
    layer: rwkv_time_mixing
    doc: RWKV-4's WKV with token shift (Peng et al. 2023, eq. 11-18); the peak of the exponents is carried along.
    inputs: {x: [T, D]}
    params: {mu_r: [D], mu_k: [D], mu_v: [D], Wr: [D, C], Wk: [D, C], Wv: [D, C], w: [C], u: [C], Wo: [C, D]}
    where:
      past[t, d]: Piecewise((x[t - 1, d], t > 0), (0, True))
      r[t, c]: Sum((mu_r[d]*x[t, d] + (1 - mu_r[d])*past[t, d])*Wr[d, c], d)
      k[t, c]: Sum((mu_k[d]*x[t, d] + (1 - mu_k[d])*past[t, d])*Wk[d, c], d)
      v[t, c]: Sum((mu_v[d]*x[t, d] + (1 - mu_v[d])*past[t, d])*Wv[d, c], d)
      a[-1, c]: 0
      b[-1, c]: 0
      a[t, c]: exp(-exp(w[c]))*a[t - 1, c] + exp(k[t, c])*v[t, c]
      b[t, c]: exp(-exp(w[c]))*b[t - 1, c] + exp(k[t, c])
      wkv[t, c]: (a[t - 1, c] + exp(u[c] + k[t, c])*v[t, c])/(b[t - 1, c] + exp(u[c] + k[t, c]))
    outputs:
      o[t, d]: Sum(sigmoid(r[t, c])*wkv[t, c]*Wo[c, d], c)
    """,
    {"T": 4, "D": 3, "C": 2},
    {"T": 1, "D": 1, "C": 1},
)
def rwkv_time_mixing(x, mu_r, mu_k, mu_v, Wr, Wk, Wv, w, u, Wo):
    past = torch.cat([torch.zeros_like(x[:1]), x[:-1]])
    r, k, v = ((m * x + (1 - m) * past) @ W for m, W in ((mu_r, Wr), (mu_k, Wk), (mu_v, Wv)))
    a = b = torch.zeros_like(w)
    rows = []
    for t in range(len(x)):
        bonus = torch.exp(u + k[t])
        rows.append((a + bonus * v[t]) / (b + bonus))
        fade = torch.exp(-torch.exp(w))
        a, b = fade * a + torch.exp(k[t]) * v[t], fade * b + torch.exp(k[t])
    return (torch.sigmoid(r) * torch.stack(rows)) @ Wo


@layer(
    """
    layer: rwkv_channel_mixing
    doc: The squared-relu feed-forward of RWKV, in whole-tensor form but for the shift.
    inputs: {x: {shape: [T, D], outside: 0}}
    params: {mu: [D], Wk: [D, F], Wv: [F, D], Wr: [D, D]}
    where:
      mixed[t, d]: mu[d]*x[t, d] + (1 - mu[d])*x[t - 1, d]
      k: relu(mixed @ Wk)**2
    outputs:
      y: sigmoid(mixed @ Wr)*(k @ Wv)
    """,
    {"T": 4, "D": 3, "F": 5},
    {"T": 1, "D": 1, "F": 1},
)
def rwkv_channel_mixing(x, mu, Wk, Wv, Wr):
    mixed = mu * x + (1 - mu) * F.pad(x, (0, 0, 1, 0))[:-1]
    return torch.sigmoid(mixed @ Wr) * (torch.relu(mixed @ Wk) ** 2 @ Wv)


@layer(
    """
    layer: gated_linear_attention
    doc: A matrix state with data-dependent decay by row (Yang et al. 2024, GLA, eq. 3), gates by sigmoid to the power 1/16.
    inputs: {q: [B, T, K], k: [B, T, K], v: [B, T, V], g: [B, T, K]}
    where:
      alpha[b, t, i]: sigmoid(g[b, t, i])**(1/16)
      S[b, -1, i, j]: 0
      S[b, t, i, j]: alpha[b, t, i]*S[b, t - 1, i, j] + k[b, t, i]*v[b, t, j]
    outputs:
      o[b, t, j]: Sum(q[b, t, i]*S[b, t, i, j], i)/sqrt(K)
    """,
    {"B": 2, "T": 4, "K": 3, "V": 2},
    {"B": 1, "T": 1, "K": 1, "V": 1},
)
def gated_linear_attention(q, k, v, g):
    state, rows = torch.zeros(*k.shape[::2], v.shape[-1], dtype=q.dtype), []
    for t in range(q.shape[1]):
        state = torch.sigmoid(g[:, t])[..., None] ** (1 / 16) * state + k[:, t, :, None] * v[:, t, None]
        rows.append((q[:, t, :, None] * state).sum(1) / k.shape[-1] ** 0.5)
    return torch.stack(rows, 1)


@layer(
    """
    layer: gated_delta_net
    doc: "S_t = S_{t-1}(α_t(I - β_t k_t k_tᵀ)) + β_t v_t k_tᵀ, keys of unit length (Yang et al. 2025, eq. 10)."
    inputs: {q: [T, K], k: [T, K], v: [T, V], b: [T], a: [T]}
    hyperparameters: {eps: 1e-6}
    where:
      beta[t]: sigmoid(b[t])
      alpha[t]: exp(-softplus(a[t]))
      kn[t, i]: k[t, i]/sqrt(Sum(k[t, j]**2, j) + eps)
      S[-1, j, i]: 0
      S[t, j, i]: alpha[t]*(S[t-1, j, i] - beta[t]*Sum(S[t-1, j, m]*kn[t, m], m)*kn[t, i]) + beta[t]*v[t, j]*kn[t, i]
    outputs:
      o[t, j]: Sum(S[t, j, i]*q[t, i], i)
      final[j, i]: S[T - 1, j, i]
    """,
    {"T": 4, "K": 3, "V": 2},
    {"T": 1, "K": 1, "V": 1},
)
def gated_delta_net(q, k, v, b, a):
    state, rows = torch.zeros(v.shape[1], k.shape[1], dtype=q.dtype), []
    for t in range(len(q)):
        kn = k[t] / torch.sqrt((k[t] ** 2).sum() + 1e-6)
        beta, alpha = torch.sigmoid(b[t]), torch.sigmoid(-a[t])
        erase = torch.eye(len(kn), dtype=q.dtype) - beta * torch.outer(kn, kn)
        state = alpha * state @ erase + beta * torch.outer(v[t], kn)
        rows.append(state @ q[t])
    return torch.stack(rows), state


@layer(
    """
    layer: state_space_duality
    doc: Mamba-2 as a masked matrix, L[t, s] = exp(Σ_{s<r<=t} A Δ_r) (Dao & Gu 2024).
    inputs: {x: [T, H, P], dt: [T, H], B: [T, N], C: [T, N]}
    params: {A_log: [H], D: [H], dt_bias: [H]}
    where:
      delta[t, h]: softplus(dt[t, h] + dt_bias[h])
      a[t, h]: -exp(A_log[h])*delta[t, h]
      L[h, t, s]: Piecewise((exp(Sum(a[r, h], (r, s + 1, t))), s <= t), (0, True))
      G[t, s]: Sum(C[t, n]*B[s, n], n)
    outputs:
      y[t, h, p]: Sum(G[t, s]*L[h, t, s]*delta[s, h]*x[s, h, p], s) + D[h]*x[t, h, p]
    """,
    {"T": 5, "H": 2, "P": 3, "N": 2},
    {"T": 1, "H": 1, "P": 1, "N": 1},
)
def state_space_duality(x, dt, A_log, dt_bias, **named):
    delta = F.softplus(dt + dt_bias)
    state, rows = torch.zeros(*x.shape[1:], named["B"].shape[1], dtype=x.dtype), []
    for t in range(len(x)):
        fade = torch.exp(-torch.exp(A_log) * delta[t])
        state = fade[:, None, None] * state + (delta[t][:, None] * x[t])[..., None] * named["B"][t]
        rows.append(state @ named["C"][t] + named["D"][:, None] * x[t])
    return torch.stack(rows)


@layer(
    """
    layer: hyena_order_two
    doc: "Two gated long convolutions whose filters fade with the lag (Poli et al. 2023)."
    inputs: {v: [T, D], x1: [T, D], x2: [T, D]}
    params: {h: [2, T, D], rate: [D]}
    where:
      window[t, d]: exp(-softplus(rate[d])*t/T)
      a[t, d]: Sum(h[0, t - s, d]*window[t - s, d]*v[s, d], (s, 0, t))
      z[t, d]: x1[t, d]*a[t, d]
      b[t, d]: Sum(h[1, l, d]*window[l, d]*z[t - l, d], (l, 0, t))
    outputs:
      y[t, d]: x2[t, d]*b[t, d]
    """,
    {"T": 5, "D": 2},
    {"T": 1, "D": 1},
)
def hyena_order_two(v, x1, x2, h, rate):
    steps = len(v)
    lag = torch.arange(steps)[:, None] - torch.arange(steps)
    window = torch.exp(-F.softplus(rate) * torch.arange(steps)[:, None] / steps)
    filters = [(h[o] * window)[lag.clamp(min=0)] * (lag >= 0)[..., None] for o in range(2)]
    z = x1 * torch.einsum("tsd,sd->td", filters[0], v)
    return x2 * torch.einsum("tsd,sd->td", filters[1], z)


@layer(
    """
    layer: mlstm
    doc: The matrix memory of xLSTM with exponential input gate and normaliser (Beck et al. 2024, eq. 19-27).
    inputs: {q: [T, D], k: [T, D], v: [T, D], i_: [T], f: [T], o: [T, D]}
    where:
      C[-1, d, e]: 0
      n[-1, d]: 0
      C[t, d, e]: sigmoid(f[t])*C[t - 1, d, e] + exp(i_[t])*v[t, d]*k[t, e]/sqrt(D)
      n[t, d]: sigmoid(f[t])*n[t - 1, d] + exp(i_[t])*k[t, d]/sqrt(D)
      h[t, d]: Sum(C[t, d, e]*q[t, e], e)/Max(Abs(Sum(n[t, e]*q[t, e], e)), 1)
    outputs:
      y[t, d]: sigmoid(o[t, d])*h[t, d]
    """,
    {"T": 4, "D": 3},
    {"T": 1, "D": 1},
)
def mlstm(q, k, v, i_, f, o):
    width = q.shape[1]
    memory, norm, rows = torch.zeros(width, width, dtype=q.dtype), torch.zeros(width, dtype=q.dtype), []
    for t in range(len(q)):
        fade, gain = torch.sigmoid(f[t]), torch.exp(i_[t]) / width**0.5
        memory = fade * memory + gain * torch.outer(v[t], k[t])
        norm = fade * norm + gain * k[t]
        rows.append(memory @ q[t] / (norm @ q[t]).abs().clamp(min=1))
    return torch.sigmoid(o) * torch.stack(rows)


@layer(
    """
    layer: slstm
    doc: The scalar memory of xLSTM, stabilised by the running peak m of the gates (eq. 8-17); m carries no gradient of its own.
    inputs: {z: [T, D], i_: [T, D], f: [T, D], o: [T, D]}
    where:
      m[-1, d]: 0
      c[-1, d]: 0
      n[-1, d]: 0
      lf[t, d]: -softplus(-f[t, d])
      m[t, d]: Max(lf[t, d] + m[t - 1, d], i_[t, d])
      c[t, d]: exp(lf[t, d] + m[t - 1, d] - m[t, d])*c[t - 1, d] + exp(i_[t, d] - m[t, d])*tanh(z[t, d])
      n[t, d]: exp(lf[t, d] + m[t - 1, d] - m[t, d])*n[t - 1, d] + exp(i_[t, d] - m[t, d])
    outputs:
      h[t, d]: sigmoid(o[t, d])*c[t, d]/n[t, d]
    """,
    {"T": 5, "D": 2},
    {"T": 1, "D": 1},
)
def slstm(z, i_, f, o):
    c = n = torch.zeros_like(z[0])
    rows = []
    for t in range(len(z)):
        fade, gain = torch.sigmoid(f[t]), torch.exp(i_[t])
        c, n = fade * c + gain * torch.tanh(z[t]), fade * n + gain
        rows.append(torch.sigmoid(o[t]) * c / n)
    return torch.stack(rows)


@layer(
    """
    layer: linear_recurrent_unit
    doc: A complex diagonal recurrence in real numbers, ν and θ as exponentials (Orvieto et al. 2023).
    inputs: {u: [T, I]}
    params: {nu: [N], theta: [N], Br: [N, I], Bi: [N, I], Cr: [O, N], Ci: [O, N], D: [O, I]}
    where:
      r[n]: exp(-exp(nu[n]))
      g[n]: sqrt(1 - r[n]**2)
      re[-1, n]: 0
      im[-1, n]: 0
      re[t, n]: r[n]*(cos(exp(theta[n]))*re[t-1, n] - sin(exp(theta[n]))*im[t-1, n]) + g[n]*Sum(Br[n, i]*u[t, i], i)
      im[t, n]: r[n]*(sin(exp(theta[n]))*re[t-1, n] + cos(exp(theta[n]))*im[t-1, n]) + g[n]*Sum(Bi[n, i]*u[t, i], i)
    outputs:
      y[t, o]: Sum(Cr[o, n]*re[t, n] - Ci[o, n]*im[t, n], n) + Sum(D[o, i]*u[t, i], i)
    """,
    {"T": 4, "I": 2, "N": 3, "O": 2},
    {"T": 1, "I": 1, "N": 1, "O": 1},
)
def linear_recurrent_unit(u, nu, theta, Br, Bi, Cr, Ci, **named):
    pole = torch.exp(torch.complex(-torch.exp(nu), torch.exp(theta)))
    B = torch.complex(Br, Bi) * torch.sqrt(1 - pole.abs() ** 2)[:, None]
    state, rows = torch.zeros_like(pole), []
    for t in range(len(u)):
        state = pole * state + B @ u[t].to(B.dtype)
        rows.append((torch.complex(Cr, Ci) @ state).real + named["D"] @ u[t])
    return torch.stack(rows)


@layer(
    """
    layer: real_gated_lru
    doc: The RG-LRU of Griffin, a^(c r_t) in logarithms (De et al. 2024, eq. 1-4).
    inputs: {x: [B, T, D]}
    params: {Wa: [D, D], ba: [D], Wx: [D, D], bx: [D], Lambda: [D]}
    hyperparameters: {c: 8}
    where:
      r[b, t, d]: sigmoid(Sum(x[b, t, k]*Wa[k, d], k) + ba[d])
      i[b, t, d]: sigmoid(Sum(x[b, t, k]*Wx[k, d], k) + bx[d])
      log_a[b, t, d]: -c*softplus(Lambda[d])*r[b, t, d]
      h[b, t, d]: Piecewise((i[b, t, d]*x[b, t, d], Eq(t, 0)),
        (exp(log_a[b, t, d])*h[b, t - 1, d] + sqrt(-expm1(2*log_a[b, t, d]))*i[b, t, d]*x[b, t, d], True))
    outputs: {"y[b, t, d]": "h[b, t, d]"}
    """,
    {"B": 2, "T": 4, "D": 2},
    {"B": 1, "T": 1, "D": 1},
)
def real_gated_lru(x, Wa, ba, Wx, bx, Lambda):
    r, i = torch.sigmoid(x @ Wa + ba), torch.sigmoid(x @ Wx + bx)
    a = torch.exp(-8 * F.softplus(Lambda) * r)
    rows = [(i * x)[:, 0]]
    for t in range(1, x.shape[1]):
        rows.append(a[:, t] * rows[-1] + torch.sqrt(1 - a[:, t] ** 2) * (i * x)[:, t])
    return torch.stack(rows, 1)


@layer(
    """
    layer: test_time_training
    doc: TTT-linear, one step of gradient descent on |W k - v|² for each token (Sun et al. 2024).
    inputs: {q: [T, D], k: [T, D], v: [T, D], eta: [T]}
    params: {W0: [D, D]}
    where:
      W[-1, a, b]: W0[a, b]
      e[t, a]: Sum(W[t - 1, a, b]*k[t, b], b) - v[t, a]
      W[t, a, b]: W[t - 1, a, b] - 2*eta[t]*e[t, a]*k[t, b]
    outputs:
      z[t, a]: Sum(W[t, a, b]*q[t, b], b)
      losses[t]: Sum(e[t, a]**2, a)
    """,
    {"T": 4, "D": 3},
    {"T": 1, "D": 1},
    eta=unit,
)
def trained_at_test(q, k, v, eta, W0):
    W, rows, losses = W0, [], []
    for t in range(len(q)):
        e = W @ k[t] - v[t]
        W = W - 2 * eta[t] * torch.outer(e, k[t])
        rows.append(W @ q[t])
        losses.append((e**2).sum())
    return torch.stack(rows), torch.stack(losses)
