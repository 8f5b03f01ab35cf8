"""Attention: heads, windows, masks."""

import math

import numpy as np
import torch

from tests.unseen.case import layer


@layer(
    """
    layer: multi_query
    doc: Many heads of queries, one head of keys and values (Shazeer 2019).
    inputs:
      x: [B, T, E]
    params:
      Wq: [E, H, D]
      Wk: [E, D]
      Wv: [E, D]
      Wo: [H, D, E]
    where:
      q[b, h, t, d]: Sum(x[b, t, e]*Wq[e, h, d], e)
      k[b, t, d]: Sum(x[b, t, e]*Wk[e, d], e)
      v[b, t, d]: Sum(x[b, t, e]*Wv[e, d], e)
      a[b, h, t, s]: Softmax(Sum(q[b, h, t, d]*k[b, s, d], d)/sqrt(D), s)
      o[b, h, t, d]: Sum(a[b, h, t, s]*v[b, s, d], s)
    outputs:
      y[b, t, e]: Sum(o[b, h, t, d]*Wo[h, d, e], h, d)
    """,
    {"B": 2, "T": 5, "E": 3, "H": 2, "D": 7},
    {"B": 1, "T": 1, "E": 1, "H": 1, "D": 1},
    {"B": 3, "T": 2, "E": 1, "H": 5, "D": 3},
)
def multi_query(x, Wq, Wk, Wv, Wo):
    q, k, v = torch.einsum("bte,ehd->bhtd", x, Wq), x @ Wk, x @ Wv
    a = torch.softmax(torch.einsum("bhtd,bsd->bhts", q, k) / math.sqrt(Wk.shape[1]), -1)
    return torch.einsum("bhts,bsd,hde->bte", a, v, Wo)


@layer(
    """
    layer: gqa
    inputs:
      Q: [B, G*R, T, D]
      K: [B, G, S, D]
      V: [B, G, S, D]
    indices: {h: G*R}
    where:
      score[b, h, t, s]: Sum(Q[b, h, t, d]*K[b, h//R, s, d], d)*D**(-1/2)
      att[b, h, t, s]: exp(score[b, h, t, s])/Sum(exp(score[b, h, t, j]), j)
    outputs:
      O[b, h, t, d]: Sum(att[b, h, t, s]*V[b, h//R, s, d], s)
    hyperparameters: {R: 2}
    """,
    {"B": 2, "G": 3, "R": 2, "T": 5, "S": 4, "D": 3},
    {"B": 1, "G": 1, "R": 2, "T": 1, "S": 1, "D": 1},
)
def grouped_query(Q, K, V):
    k, v = K.repeat_interleave(2, 1), V.repeat_interleave(2, 1)
    return torch.softmax(Q @ k.transpose(-1, -2) / math.sqrt(Q.shape[-1]), -1) @ v


@layer(
    """
    layer: local_attention
    doc: Every position attends to itself and to the `window` positions before it.
    inputs: {q: [N, T, D], k: [N, T, D], v: [N, T, D]}
    hyperparameters:
      window: 2
    where:
      s[n, i, j]: Piecewise((Sum(q[n, i, d]*k[n, j, d], d)/sqrt(D), (j <= i) & (i - j <= window)), (-oo, True))
      p[n, i, j]: Softmax(s[n, i, j], j)
    outputs:
      y[n, i, d]: Sum(p[n, i, j]*v[n, j, d], j)
    """,
    {"N": 2, "T": 7, "D": 3},
    {"N": 1, "T": 1, "D": 2},
    {"N": 1, "T": 3, "D": 1},
)
def sliding_window(q, k, v, window=2):
    i = torch.arange(q.shape[1])
    gap = i[:, None] - i
    s = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill((gap < 0) | (gap > window), -torch.inf)
    return torch.softmax(s, -1) @ v


@layer(
    """
    layer: windowed_limits
    doc: The same window, by the limits of the sums.
    inputs: {q: [T, D], k: [T, D], v: [T, D]}
    hyperparameters: {w: 3}
    where:
      e[i, j]: exp(Sum(q[i, d]*k[j, d], d)/sqrt(D))
    outputs:
      y[i, d]: Sum(e[i, j]*v[j, d], (j, Max(i - w, 0), i)) / Sum(e[i, j], (j, Max(i - w, 0), i))
    """,
    {"T": 7, "D": 3},
    {"T": 1, "D": 1},
    {"T": 2, "D": 5},
)
def windowed_limits(q, k, v, w=3):
    i = torch.arange(q.shape[0])
    gap = i[:, None] - i
    s = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill((gap < 0) | (gap > w), -torch.inf)
    return torch.softmax(s, -1) @ v


@layer(
    """
    layer: cross
    inputs:
      x: [B, T, E]
      memory: [B, S, F]
      keep: {shape: [B, S], dtype: bool}
    params: {Wq: [E, D], Wk: [F, D], Wv: [F, D], bq: [D]}
    where:
      q: x @ Wq + bq
      k: memory @ Wk
      v: memory @ Wv
      w[b, t, s]: Softmax(Piecewise((Sum(q[b, t, d]*k[b, s, d], d)/sqrt(D), keep[b, s]), (-oo, True)), s)
    outputs:
      y[b, t, d]: Sum(w[b, t, s]*v[b, s, d], s)
      weight[b, t, s]: w[b, t, s]
    """,
    {"B": 3, "T": 2, "S": 5, "E": 3, "F": 4, "D": 2},
    {"B": 2, "T": 1, "S": 1, "E": 1, "F": 1, "D": 1},
    keep=lambda rng, shape: rng.random(shape) < 0.5,
)
def cross(x, memory, keep, Wq, Wk, Wv, bq):
    q, k, v = x @ Wq + bq, memory @ Wk, memory @ Wv
    s = (q @ k.mT / math.sqrt(q.shape[-1])).masked_fill(~keep[:, None, :], -torch.inf)
    w = torch.nan_to_num(torch.softmax(s.masked_fill(~keep.any(1)[:, None, None], 0.0), -1)) * keep.any(1)[:, None, None]
    return w @ v, w


@layer(
    """
    layer: additive
    doc: Bahdanau's attention.
    inputs:
      query: [N, Q]
      keys: [N, T, K]
      lengths: {shape: [N], values: T + 1}
    params: {W: [Q, A], U: [K, A], b: [A], v: [A]}
    where:
      e[n, t]: Sum(v[a]*tanh(Sum(query[n, i]*W[i, a], i) + Sum(keys[n, t, j]*U[j, a], j) + b[a]), a)
      alpha[n, t]: Softmax(Piecewise((e[n, t], t < lengths[n]), (-oo, True)), t)
    outputs:
      context[n, j]: Sum(alpha[n, t]*keys[n, t, j], t)
      alpha_out[n, t]: alpha[n, t]
    """,
    {"N": 3, "T": 5, "Q": 2, "K": 3, "A": 4},
    {"N": 1, "T": 1, "Q": 1, "K": 1, "A": 1},
    lengths=lambda rng, shape: np.array([1, 3, 5])[: shape[0]],
)
def additive(query, keys, lengths, W, U, b, v):
    e = torch.tanh((query @ W)[:, None] + keys @ U + b) @ v
    gone = torch.arange(keys.shape[1]) >= lengths[:, None]
    alpha = torch.nan_to_num(torch.softmax(e.masked_fill(gone, -1e300), -1)) * (~gone)
    return torch.einsum("nt,ntj->nj", alpha, keys), alpha


@layer(
    """
    layer: cosine_attention
    doc: Swin v2's scaled cosine attention, temperature at least 0.01.
    inputs: {q: [B, T, D], k: [B, S, D], v: [B, S, D]}
    params: {tau: []}
    where:
      qn[b, t, d]: q[b, t, d]/Norm(q[b, t, c], c)
      kn[b, s, d]: k[b, s, d] / Norm(k[b, s, c], c)
      a[b, t, s]: Softmax(Sum(qn[b, t, d]*kn[b, s, d], d)/Max(tau, 0.01), s)
    outputs:
      y[b, t, d]: Sum(a[b, t, s]*v[b, s, d], s)
    """,
    {"B": 2, "T": 3, "S": 5, "D": 7},
    {"B": 1, "T": 1, "S": 1, "D": 2},
    tau=lambda rng, shape: rng.uniform(0.1, 0.5, shape),
)
def cosine_attention(q, k, v, tau):
    q, k = q / q.norm(dim=-1, keepdim=True), k / k.norm(dim=-1, keepdim=True)
    return torch.softmax(q @ k.mT / tau.clamp(min=0.01), -1) @ v


@layer(
    """
    layer: talking_heads
    inputs: {q: [H, T, D], k: [H, T, D], v: [H, T, D]}
    params: {P: [H, G], R: [G, H]}
    where:
      logits[g, i, j]: Sum(Sum(q[h, i, d]*k[h, j, d], d)*P[h, g], h)
      w[h, i, j]: Sum(Softmax(logits[g, i, j], j)*R[g, h], g)
    outputs:
      y[h, i, d]: Sum(w[h, i, j]*v[h, j, d], j)
    """,
    {"H": 2, "G": 3, "T": 5, "D": 2},
    {"H": 1, "G": 1, "T": 1, "D": 1},
)
def talking_heads(q, k, v, P, R):
    w = torch.softmax(torch.einsum("hij,hg->gij", q @ k.mT, P), -1)
    return torch.einsum("gij,gh->hij", w, R) @ v


@layer(
    """
    layer: block_local
    doc: Attention within blocks of B positions; T = M*B.
    inputs: {q: [M*B, D], k: [M*B, D], v: [M*B, D]}
    hyperparameters: {B: 2}
    indices: {m: M, i: B, j: B, t: M*B}
    where:
      a[m, i, j]: Softmax(Sum(q[m*B + i, d]*k[m*B + j, d], d), j)
      o[m, i, d]: Sum(a[m, i, j]*v[m*B + j, d], j)
    outputs:
      y[t, d]: o[t//B, t % B, d]
    """,
    {"M": 3, "B": 2, "D": 5},
    {"M": 1, "B": 2, "D": 1},
)
def block_local(q, k, v):
    q, k, v = (x.reshape(-1, 2, x.shape[-1]) for x in (q, k, v))
    return (torch.softmax(q @ k.mT, -1) @ v).flatten(0, 1)
