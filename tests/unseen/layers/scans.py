"""State-space scans and fast weights."""

import torch

from tests.unseen.case import layer, unit


@layer(
    """
    layer: mamba_scan
    doc: The selective state space scan (Gu & Dao 2023), A stored as its logarithm.
    inputs:
      u: [B, L, D]
      delta: [B, L, D]
      Bm: [B, L, N]
      Cm: [B, L, N]
    params:
      A_log: [D, N]
      skip: [D]
    where:
      dt[b, l, d]: softplus(delta[b, l, d])
      h[b, -1, d, n]: 0
      h[b, l, d, n]: exp(-exp(A_log[d, n])*dt[b, l, d])*h[b, l - 1, d, n] + dt[b, l, d]*Bm[b, l, n]*u[b, l, d]
    outputs:
      y[b, l, d]: Sum(h[b, l, d, n]*Cm[b, l, n], n) + skip[d]*u[b, l, d]
    """,
    {"B": 2, "L": 5, "D": 3, "N": 2},
    {"B": 1, "L": 1, "D": 1, "N": 1},
)
def mamba_scan(u, delta, Bm, Cm, A_log, skip):
    dt = torch.nn.functional.softplus(delta)
    h = torch.zeros(u.shape[0], u.shape[2], A_log.shape[1], dtype=u.dtype)
    ys = []
    for t in range(u.shape[1]):
        h = torch.exp(-A_log.exp() * dt[:, t, :, None]) * h + (dt[:, t] * u[:, t])[:, :, None] * Bm[:, t, None]
        ys.append((h * Cm[:, t, None]).sum(-1) + skip * u[:, t])
    return torch.stack(ys, 1)


@layer(
    """
    layer: s4d
    doc: A diagonal state space as the convolution with its kernel; real and imaginary parts.
    inputs: {x: [B, L]}
    params: {alpha: [N], omega: [N], c: [N]}
    where:
      K[j]: Sum(c[n]*exp(-exp(alpha[n])*j)*cos(omega[n]*j), n)
    indices: {j: L}
    outputs:
      y[b, l]: Sum(K[l - j]*x[b, j], (j, 0, l))
    """,
    {"B": 2, "L": 7, "N": 3},
    {"B": 1, "L": 1, "N": 1},
)
def s4d(x, alpha, omega, c):
    size = x.shape[1]
    j = torch.arange(size, dtype=x.dtype)
    kernel = (c[:, None] * torch.exp(-alpha.exp()[:, None] * j) * torch.cos(omega[:, None] * j)).sum(0)
    i = torch.arange(size)
    return x @ torch.where(i[:, None] <= i, kernel[(i - i[:, None]).clamp(min=0)], 0)


@layer(
    """
    layer: diagonal_ssm
    inputs: {u: [T]}
    params: {a: [S], b: [S], c: [S], d: []}
    where:
      s[-1, k]: 0
      s[t, k]: a[k]*s[t-1, k] + b[k]*u[t]
    outputs:
      y[t]: Sum(c[k]*s[t, k], k) + d*u[t]
    """,
    {"T": 7, "S": 3},
    {"T": 1, "S": 1},
    {"T": 2, "S": 5},
)
def diagonal_ssm(u, a, b, c, d):
    s, ys = torch.zeros_like(a), []
    for value in u:
        s = a * s + b * value
        ys.append((c * s).sum() + d * value)
    return torch.stack(ys)


@layer(
    """
    layer: retention
    doc: RetNet's recurrent form, a matrix state decayed at each step.
    inputs: {q: [T, D], k: [T, D], v: [T, E]}
    hyperparameters: {gamma: 0.9}
    where:
      S[-1, d, e]: 0
      S[t, d, e]: gamma*S[t - 1, d, e] + k[t, d]*v[t, e]
    outputs:
      y[t, e]: Sum(q[t, d]*S[t, d, e], d)
    """,
    {"T": 5, "D": 3, "E": 2},
    {"T": 1, "D": 1, "E": 1},
)
def retention(q, k, v, gamma=0.9):
    i = torch.arange(len(q), dtype=q.dtype)
    decay = torch.where(i[:, None] >= i, gamma ** (i[:, None] - i).clamp(min=0), 0)
    return (q @ k.T * decay) @ v


@layer(
    """
    layer: delta_rule
    doc: Fast weights with the delta rule.
    inputs: {q: [T, D], k: [T, D], v: [T, E], beta: [T]}
    where:
      W[-1, d, e]: 0
      W[t, d, e]: W[t-1, d, e] + beta[t]*k[t, d]*(v[t, e] - Sum(W[t-1, j, e]*k[t, j], j))
    outputs:
      y[t, e]: Sum(q[t, d]*W[t, d, e], d)
    """,
    {"T": 5, "D": 3, "E": 2},
    {"T": 1, "D": 2, "E": 1},
    beta=unit,
)
def delta_rule(q, k, v, beta):
    w, ys = torch.zeros(q.shape[1], v.shape[1], dtype=q.dtype), []
    for t in range(len(q)):
        w = w + beta[t] * torch.outer(k[t], v[t] - k[t] @ w)
        ys.append(q[t] @ w)
    return torch.stack(ys)
