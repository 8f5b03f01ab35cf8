"""Attention that knows where its positions are."""

import math

import torch

from tests.unseen.case import layer


@layer(
    """
    layer: alibi
    inputs:
      q: [H, T, D]
      k: [H, T, D]
      v: [H, T, D]
    where:
      slope[h]: 2**(-8*(h + 1)/H)
      p[h, i, j]: Softmax(Piecewise((Sum(q[h,i,d]*k[h,j,d], d)/sqrt(D) - slope[h]*(i - j), j <= i), (-oo, True)), j)
    outputs:
      out[h, i, d]: Sum(p[h,i,j]*v[h,j,d], j)
    """,
    {"H": 3, "T": 5, "D": 2},
    {"H": 1, "T": 1, "D": 1},
    {"H": 8, "T": 2, "D": 3},
)
def alibi(q, k, v):
    heads, steps, size = q.shape
    i = torch.arange(steps)
    slope = 2 ** (-8 * (torch.arange(heads, dtype=q.dtype) + 1) / heads)
    s = q @ k.mT / math.sqrt(size) - slope[:, None, None] * (i[:, None] - i)
    return torch.softmax(s.masked_fill(i[None, :] > i[:, None], -torch.inf), -1) @ v


@layer(
    """
    layer: shaw_relative
    doc: Attention with clipped relative position embeddings of keys and values (Shaw et al. 2018).
    inputs:
      q: [B, T, D]
      k: [B, T, D]
      v: [B, T, D]
    params:
      rk: [2*reach + 1, D]
      rv: [2*reach + 1, D]
    hyperparameters: {reach: 2}
    where:
      z[b, i, j]: (Sum(q[b, i, d]*k[b, j, d], d) + Sum(q[b, i, d]*rk[Max(Min(j - i, reach), -reach) + reach, d], d))/sqrt(D)
      alpha[b, i, j]: Softmax(z[b, i, j], j)
    outputs:
      y[b, i, d]: Sum(alpha[b, i, j]*(v[b, j, d] + rv[Max(Min(j - i, reach), -reach) + reach, d]), j)
    """,
    {"B": 2, "T": 7, "D": 3, "reach": 2},
    {"B": 1, "T": 1, "D": 1, "reach": 2},
    {"B": 3, "T": 2, "D": 5, "reach": 2},
)
def shaw_relative(q, k, v, rk, rv, reach=2):
    i = torch.arange(q.shape[1])
    place = (i - i[:, None]).clamp(-reach, reach) + reach
    z = (q @ k.mT + torch.einsum("bid,ijd->bij", q, rk[place])) / math.sqrt(q.shape[-1])
    a = torch.softmax(z, -1)
    return a @ v + torch.einsum("bij,ijd->bid", a, rv[place])


@layer(
    """
    layer: t5_bias
    doc: A learned bias by the distance i - j, one table for each head.
    inputs: {s: [B, H, T, T], v: [B, H, T, D]}
    params: {bias: [H, 2*T - 1]}
    outputs:
      y[b, h, i, d]: Sum(Softmax(s[b, h, i, j] + bias[h, i - j + T - 1], j)*v[b, h, j, d], j)
    """,
    {"B": 2, "H": 2, "T": 5, "D": 3},
    {"B": 1, "H": 3, "T": 1, "D": 1},
)
def t5_bias(s, v, bias):
    t = s.shape[-1]
    i = torch.arange(t)
    return torch.softmax(s + bias[:, i[:, None] - i + t - 1], -1) @ v


@layer(
    """
    layer: xl_scores
    doc: Transformer-XL's content and position terms with biases u and v.
    inputs: {q: [T, H, D], k: [T, H, D]}
    params: {r: [T, H, D], u: [H, D], w: [H, D]}
    where:
      ac[h, i, j]: Sum((q[i, h, d] + u[h, d])*k[j, h, d], d)
      bd[h, i, j]: Sum((q[i, h, d] + w[h, d])*r[Abs(i - j), h, d], d)
    outputs:
      p[h, i, j]: Softmax(Piecewise(((ac[h, i, j] + bd[h, i, j])*D**(-0.5), j <= i), (-oo, True)), j)
    """,
    {"T": 5, "H": 2, "D": 3},
    {"T": 1, "H": 1, "D": 1},
    {"T": 3, "H": 1, "D": 2},
)
def xl_scores(q, k, r, u, w):
    t = len(q)
    i = torch.arange(t)
    ac = torch.einsum("ihd,jhd->hij", q + u, k)
    bd = torch.einsum("ihd,ijhd->hij", q + w, r[(i[:, None] - i).abs()])
    return torch.softmax(((ac + bd) / math.sqrt(q.shape[-1])).masked_fill(i > i[:, None], -torch.inf), -1)


@layer(
    """
    layer: rotary_attention
    doc: Rotary positions on halves of the features.
    inputs: {q: [T, 2*D], k: [T, 2*D]}
    hyperparameters: {base: 10000}
    indices: {i: D, c: 2*D}
    where:
      angle[t, i]: t*base**(-i/D)
      qr[t, c]: Piecewise((q[t, c]*cos(angle[t, c]) - q[t, c + D]*sin(angle[t, c]), c < D),
        (q[t, c]*cos(angle[t, c - D]) + q[t, c - D]*sin(angle[t, c - D]), True))
      kr[t, c]: Piecewise((k[t, c]*cos(angle[t, c]) - k[t, c + D]*sin(angle[t, c]), c < D),
        (k[t, c]*cos(angle[t, c - D]) + k[t, c - D]*sin(angle[t, c - D]), True))
    outputs:
      s[i_, j_]: Sum(qr[i_, c]*kr[j_, c], c)
    """,
    {"T": 5, "D": 3},
    {"T": 1, "D": 1},
    {"T": 3, "D": 2},
)
def rotary_attention(q, k, base=10000):
    t, d = q.shape[0], q.shape[1] // 2
    angle = torch.arange(t)[:, None] * base ** (-torch.arange(d, dtype=q.dtype) / d)
    cos, sin = angle.cos(), angle.sin()

    def turned(x):
        a, b = x[:, :d], x[:, d:]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], 1)

    return turned(q) @ turned(k).T
