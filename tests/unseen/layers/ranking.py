"""Losses of pairs, rankings and embeddings."""

import numpy as np
import torch
import torch.nn.functional as F

from tests.unseen.case import layer, unit


@layer(
    """
    layer: triplet_hard
    doc: Batch-hard triplets with squared distances; labels decide who is positive.
    inputs: {x: [N, D], t: {shape: [N], values: K}, like: {shape: [K], grad: false}}
    hyperparameters: {m: 0.3}
    where:
      d[i, j]: Sum((x[i, k] - x[j, k])**2, k)
      far[i]: Amax(Piecewise((d[i, j], Eq(t[i], t[j])), (-oo, True)), j)
      near[i]: Amin(Piecewise((oo, Eq(t[i], t[j])), (d[i, j], True)), j)
    outputs:
      loss: Mean(relu(far[i] - near[i] + m), i) + 0*Sum(like[k], k)
    """,
    {"N": 5, "D": 3, "K": 2},
    {"N": 3, "D": 1, "K": 2},
    t=lambda rng, shape: np.arange(shape[0]) % 2,
)
def triplet_hard(x, t, like):
    d = ((x[:, None] - x) ** 2).sum(-1)
    same = t[:, None] == t
    far, near = d.masked_fill(~same, -torch.inf).amax(1), d.masked_fill(same, torch.inf).amin(1)
    return torch.relu(far - near + 0.3).mean()


@layer(
    """
    layer: pair_contrastive
    inputs:
      a: [N, D]
      b: [N, D]
      same: {shape: [N], dtype: bool}
    hyperparameters: {margin: 2.0}
    where:
      d[n]: Norm(a[n, k] - b[n, k], k)
    outputs:
      loss: Mean(Piecewise((d[n]**2, same[n]), (Max(margin - d[n], 0)**2, True)), n)/2
    """,
    {"N": 5, "D": 3},
    {"N": 1, "D": 1},
)
def pair_contrastive(a, b, same):
    d = (a - b).norm(dim=1)
    return torch.where(same, d**2, (2 - d).clamp(min=0) ** 2).mean() / 2


@layer(
    """
    layer: supcon
    doc: Supervised contrastive loss over all pairs of one label, itself left out.
    inputs: {x: [N, D], t: {shape: [N], values: K}, like: {shape: [K], grad: false}}
    hyperparameters: {tau: 0.5}
    where:
      z[n, d]: x[n, d]/Norm(x[n, k], k)
      s[i, j]: Piecewise((-oo, Eq(i, j)), (Sum(z[i, d]*z[j, d], d)/tau, True))
      lp[i, j]: s[i, j] - LogSumExp(s[i, k], k)
      pos[i, j]: Eq(t[i], t[j]) & Ne(i, j)
      count[i]: Sum(pos[i, j], j)
      each[i]: Sum(Piecewise((lp[i, j], pos[i, j]), (0, True)), j)
    outputs:
      loss: -Mean(each[i]/Max(count[i], 1), i) + 0*Sum(like[k], k)
    """,
    {"N": 7, "D": 3, "K": 3},
    {"N": 2, "D": 2, "K": 1},
)
def supcon(x, t, like):
    z = x / x.norm(dim=1, keepdim=True)
    eye = torch.eye(len(x), dtype=torch.bool)
    s = (z @ z.T / 0.5).masked_fill(eye, -torch.inf)
    lp = torch.log_softmax(s, 1)
    pos = (t[:, None] == t) & ~eye
    each = torch.where(pos, lp, 0).sum(1)
    return -(each / pos.sum(1).clamp(min=1)).mean()


@layer(
    """
    layer: clip_loss
    inputs: {a: [N, D], b: [N, D]}
    params: {log_scale: []}
    where:
      an[n, d]: a[n, d]/Norm(a[n, k], k)
      bn[n, d]: b[n, d]/Norm(b[n, k], k)
      s[i, j]: exp(log_scale)*Sum(an[i, d]*bn[j, d], d)
    outputs:
      loss: -Mean(log(exp(s[i, i])/Sum(exp(s[i, j]), j)) + log(exp(s[i, i])/Sum(exp(s[j, i]), j)), i)/2
    """,
    {"N": 5, "D": 3},
    {"N": 1, "D": 1},
    {"N": 2, "D": 2},
)
def clip_loss(a, b, log_scale):
    s = log_scale.exp() * F.normalize(a) @ F.normalize(b).T
    t = torch.arange(len(a))
    return (F.cross_entropy(s, t) + F.cross_entropy(s.T, t)) / 2


@layer(
    """
    layer: vicreg
    inputs: {x: [N, D], y: [N, D]}
    hyperparameters: {lam: 25, mu: 25, nu: 1, eps: 1e-4}
    where:
      cx[n, d]: x[n, d] - Mean(x[m, d], m)
      cov[i, j]: Sum(cx[n, i]*cx[n, j], n)/(N - 1)
      std[d]: sqrt(Var(x[n, d], n) + eps)
    outputs:
      loss: lam*Mean((x[n, d] - y[n, d])**2, n, d) + mu*Mean(relu(1 - std[d]), d) + nu/D*Sum(Ne(i, j)*cov[i, j]**2, i, j)
    """,
    {"N": 5, "D": 3},
    {"N": 2, "D": 1},
)
def vicreg(x, y):
    c = x - x.mean(0)
    cov = c.T @ c / (len(x) - 1)
    off = cov.pow(2).sum() - cov.diagonal().pow(2).sum()
    std = torch.sqrt(x.var(0, unbiased=False) + 1e-4)
    return 25 * ((x - y) ** 2).mean() + 25 * torch.relu(1 - std).mean() + off / x.shape[1]


@layer(
    """
    layer: center
    inputs: {x: [N, D], t: {shape: [N], values: C}}
    params: {c: [C, D]}
    outputs:
      loss: Sum((x[n, d] - c[t[n], d])**2, n, d)/(2*N)
    """,
    {"N": 5, "D": 2, "C": 3},
    {"N": 1, "D": 1, "C": 1},
)
def center(x, t, c):
    return ((x - c[t]) ** 2).sum() / (2 * len(x))


@layer(
    """
    layer: ranks
    doc: RankNet over all pairs, LambdaRank-free ListNet and ListMLE over a given order.
    inputs: {s: [Q, N], rel: {shape: [Q, N], grad: false}}
    outputs:
      ranknet: Sum(Piecewise((log(1 + exp(-(s[q, i] - s[q, j]))), rel[q, i] > rel[q, j]), (0, True)), q, i, j)
      listnet: -Mean(Sum(Softmax(rel[q, i], i)*LogSoftmax(s[q, i], i), i), q)
      listmle: Mean(Sum(LogSumExp(s[q, j], (j, i, N - 1)) - s[q, i], i), q)
    """,
    {"Q": 2, "N": 5},
    {"Q": 1, "N": 1},
)
def ranks(s, rel):
    gap = s[:, :, None] - s[:, None]
    ranknet = (F.softplus(-gap) * (rel[:, :, None] > rel[:, None])).sum()
    listnet = -(torch.softmax(rel, 1) * torch.log_softmax(s, 1)).sum(1).mean()
    listmle = (torch.logcumsumexp(s.flip(1), 1).flip(1) - s).sum(1).mean()
    return ranknet, listnet, listmle


@layer(
    """
    layer: approx_ndcg
    inputs: {s: [N], g: {shape: [N], grad: false}}
    hyperparameters: {T: 0.5}
    where:
      rank[i]: 1/2 + Sum(1/(1 + exp((s[i] - s[j])/T)), j)
    outputs:
      dcg: Sum((2**g[i] - 1)/log(1 + rank[i]), i)*log(2)
    """,
    {"N": 7},
    {"N": 1},
    g=lambda rng, shape: rng.integers(0, 4, shape).astype(float),
)
def approx_ndcg(s, g):
    rank = 0.5 + torch.sigmoid((s[None] - s[:, None]) / 0.5).sum(1)
    return ((2**g - 1) / torch.log2(1 + rank)).sum()


@layer(
    """
    layer: cox
    doc: Cox's partial likelihood, times sorted from late to early; e marks events.
    inputs: {f: [N], e: {shape: [N], dtype: bool}}
    outputs:
      nll: -Sum(Piecewise((f[i] - log(Sum(exp(f[j]), (j, 0, i))), e[i]), (0, True)), i)/Max(Sum(e[i], i), 1)
    """,
    {"N": 7},
    {"N": 1},
)
def cox(f, e):
    return -torch.where(e, f - torch.logcumsumexp(f, 0), 0).sum() / e.sum().clamp(min=1)


@layer(
    """
    layer: barlow
    inputs: {x: [N, D], y: [N, D]}
    hyperparameters: {lam: 5e-3, eps: 1e-5}
    where:
      zx[n, d]: (x[n, d] - Mean(x[m, d], m))/sqrt(Var(x[m, d], m) + eps)
      zy[n, d]: (y[n, d] - Mean(y[m, d], m))/sqrt(Var(y[m, d], m) + eps)
      C[i, j]: Sum(zx[n, i]*zy[n, j], n)/N
    outputs:
      loss: Sum((1 - C[i, i])**2, i) + lam*Sum(Piecewise((C[i, j]**2, Ne(i, j)), (0, True)), i, j)
    """,
    {"N": 5, "D": 3},
    {"N": 2, "D": 1},
    x=unit,
)
def barlow(x, y):
    def whitened(v):
        return (v - v.mean(0)) / torch.sqrt(v.var(0, unbiased=False) + 1e-5)

    c = whitened(x).T @ whitened(y) / len(x)
    diagonal = c.diagonal()
    return ((1 - diagonal) ** 2).sum() + 5e-3 * ((c**2).sum() - (diagonal**2).sum())
