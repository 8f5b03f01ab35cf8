"""Losses of classification, ranking and embeddings."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, signs, simplex, unit


@layer(
    """
    layer: ce_full
    doc: Cross-entropy with class weights, label smoothing and an ignored label, as torch defines it.
    inputs:
      z: [N, C]
      t: {shape: [N], values: C, also: [-100]}
      w: {shape: [C], grad: false}
    hyperparameters: {eps: 0.1}
    where:
      lp[n, c]: z[n, c] - LogSumExp(z[n, k], k)
      keep[n]: Ne(t[n], -100)
      hit[n]: Piecewise((-w[t[n]]*lp[n, t[n]], keep[n]), (0, True))
      mass[n]: Piecewise((w[t[n]], keep[n]), (0, True))
      spread[n]: Piecewise((-Sum(w[c]*lp[n, c], c), keep[n]), (0, True))
    outputs:
      loss: ((1 - eps)*Sum(hit[n], n) + eps/C*Sum(spread[n], n))/Sum(mass[n], n)
    """,
    {"N": 7, "C": 4},
    {"N": 2, "C": 1},
    w=positive,
    t=lambda rng, shape: np.array([0, 3, -100, 2, 1, -100, 3] if shape[0] == 7 else [0, -100]),
)
def ce_full(z, t, w):
    return F.cross_entropy(z, t, w, label_smoothing=0.1)


@layer(
    """
    layer: focal
    inputs: {z: [N, C], t: {shape: [N], values: C}}
    hyperparameters: {gamma: 2, alpha: 0.25}
    where:
      p[n, c]: exp(z[n, c])/Sum(exp(z[n, j]), j)
    outputs:
      loss[n]: -alpha*(1 - p[n, t[n]])**gamma*log(p[n, t[n]])
    """,
    {"N": 5, "C": 3},
    {"N": 1, "C": 2},
)
def focal(z, t):
    lp = torch.log_softmax(z, 1).gather(1, t[:, None])[:, 0]
    return -0.25 * (1 - lp.exp()) ** 2 * lp


@layer(
    """
    layer: sigmoid_focal
    inputs: {x: [N, C], t: {shape: [N, C], grad: false}}
    hyperparameters: {g: 1.5, a: 0.3}
    where:
      p[n, c]: 1/(1 + exp(-x[n, c]))
      ce[n, c]: -(t[n, c]*log(p[n, c]) + (1 - t[n, c])*log(1 - p[n, c]))
      pt[n, c]: p[n, c]*t[n, c] + (1 - p[n, c])*(1 - t[n, c])
      at[n, c]: a*t[n, c] + (1 - a)*(1 - t[n, c])
    outputs:
      loss: Mean(at[n, c]*(1 - pt[n, c])**g*ce[n, c], n, c)
    """,
    {"N": 5, "C": 3},
    {"N": 1, "C": 1},
    t=lambda rng, shape: rng.integers(0, 2, shape).astype(float),
)
def sigmoid_focal(x, t):
    p = torch.sigmoid(x)
    ce = F.binary_cross_entropy_with_logits(x, t, reduction="none")
    pt = p * t + (1 - p) * (1 - t)
    return ((0.3 * t + 0.7 * (1 - t)) * (1 - pt) ** 1.5 * ce).mean()


@layer(
    """
    layer: generalized_dice
    inputs: {z: [N, C, P], t: {shape: [N, P], values: C}}
    hyperparameters: {eps: 1e-6}
    where:
      p[n, c, i]: Softmax(z[n, c, i], c)
      o[n, c, i]: KroneckerDelta(t[n, i], c)
      w[c]: 1/(Sum(o[n, c, i], n, i)**2 + eps)
      inter: Sum(w[c]*p[n, c, i]*o[n, c, i], n, c, i)
      union: Sum(w[c]*(p[n, c, i] + o[n, c, i]), n, c, i)
    outputs:
      loss: 1 - 2*inter/union
    """,
    {"N": 2, "C": 3, "P": 7},
    {"N": 1, "C": 2, "P": 3},
)
def generalized_dice(z, t):
    p = torch.softmax(z, 1)
    o = F.one_hot(t, z.shape[1]).mT.to(z.dtype)
    w = 1 / (o.sum((0, 2)) ** 2 + 1e-6)
    return 1 - 2 * (w[:, None] * p * o).sum() / (w[:, None] * (p + o)).sum()


@layer(
    """
    layer: lovasz_free_tversky
    inputs: {p: [N, P], g: {shape: [N, P], grad: false}}
    hyperparameters: {alpha: 0.3, beta: 0.7, gamma: 0.75, s: 1.0}
    where:
      tp[n]: Sum(p[n, i]*g[n, i], i)
      fp[n]: Sum(p[n, i]*(1 - g[n, i]), i)
      fn[n]: Sum((1 - p[n, i])*g[n, i], i)
    outputs:
      loss: Mean((1 - (tp[n] + s)/(tp[n] + alpha*fp[n] + beta*fn[n] + s))**gamma, n)
    """,
    {"N": 3, "P": 5},
    {"N": 1, "P": 1},
    p=unit,
    g=unit,
)
def focal_tversky(p, g):
    tp, fp, fn = (p * g).sum(1), (p * (1 - g)).sum(1), ((1 - p) * g).sum(1)
    return ((1 - (tp + 1) / (tp + 0.3 * fp + 0.7 * fn + 1)) ** 0.75).mean()


@layer(
    """
    layer: hinges
    inputs: {f: [N], y: {shape: [N], grad: false}}
    outputs:
      hinge_: Mean(Max(1 - y[n]*f[n], 0), n)
      squared: Mean(Max(1 - y[n]*f[n], 0)**2, n)
      smooth: Mean(Piecewise((1/2 - y[n]*f[n], y[n]*f[n] <= 0), ((1 - y[n]*f[n])**2/2, y[n]*f[n] < 1), (0, True)), n)
      modified_huber: Mean(Piecewise((Max(0, 1 - y[n]*f[n])**2, y[n]*f[n] >= -1), (-4*y[n]*f[n], True)), n)
      logistic: Mean(log(1 + exp(-y[n]*f[n])), n)
      exponential: Mean(exp(-y[n]*f[n]), n)
      savage: Mean(1/(1 + exp(y[n]*f[n]))**2, n)
    """,
    {"N": 7},
    {"N": 1},
    y=signs,
)
def hinges(f, y):
    m = y * f
    smooth = torch.where(m <= 0, 0.5 - m, torch.where(m < 1, (1 - m) ** 2 / 2, 0))
    modified = torch.where(m >= -1, (1 - m).clamp(min=0) ** 2, -4 * m)
    return (
        (1 - m).clamp(min=0).mean(),
        ((1 - m).clamp(min=0) ** 2).mean(),
        smooth.mean(),
        modified.mean(),
        F.softplus(-m).mean(),
        torch.exp(-m).mean(),
        (torch.sigmoid(-m) ** 2).mean(),
    )


@layer(
    """
    layer: crammer_singer
    inputs: {s: [N, C], t: {shape: [N], values: C}}
    hyperparameters: {margin: 1.0}
    outputs:
      loss: Mean(Max(Amax(Piecewise((-oo, Eq(c, t[n])), (s[n, c] + margin, True)), c) - s[n, t[n]], 0), n)
    """,
    {"N": 5, "C": 3},
    {"N": 1, "C": 2},
)
def crammer_singer(s, t):
    own = F.one_hot(t, s.shape[1]).bool()
    return ((s + 1).masked_fill(own, -torch.inf).amax(1) - s[own]).clamp(min=0).mean()


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
    layer: margin_softmax
    doc: ArcFace, cosines of normalised features and classes, the label's angle grown by m.
    inputs: {x: [N, D], t: {shape: [N], values: C}}
    params: {W: [C, D]}
    hyperparameters: {s: 16, m: 0.3}
    where:
      cosine[n, c]: Sum(x[n, d]*W[c, d], d)/(Norm(x[n, k], k)*Norm(W[c, k], k))
      z[n, c]: s*Piecewise((cos(acos(cosine[n, c]) + m), Eq(c, t[n])), (cosine[n, c], True))
    outputs:
      loss: Mean(LogSumExp(z[n, c], c) - z[n, t[n]], n)
    """,
    {"N": 5, "D": 3, "C": 4},
    {"N": 1, "D": 2, "C": 2},
)
def margin_softmax(x, t, W):
    cosine = F.normalize(x) @ F.normalize(W).T
    grown = torch.cos(torch.acos(cosine) + 0.3)
    return F.cross_entropy(16 * torch.where(F.one_hot(t, len(W)).bool(), grown, cosine), t)


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
    layer: bce_family
    inputs: {x: [N], t: {shape: [N], grad: false}}
    hyperparameters: {pw: 3.0}
    outputs:
      plain: -Mean(t[n]*log(sigmoid(x[n])) + (1 - t[n])*log(1 - sigmoid(x[n])), n)
      logits: Mean(Max(x[n], 0) - x[n]*t[n] + log(1 + exp(-Abs(x[n]))), n)
      weighted: -Mean(pw*t[n]*log(sigmoid(x[n])) + (1 - t[n])*log(sigmoid(-x[n])), n)
      brier: Mean((sigmoid(x[n]) - t[n])**2, n)
    """,
    {"N": 7},
    {"N": 1},
    t=unit,
)
def bce_family(x, t):
    plain = F.binary_cross_entropy_with_logits(x, t)
    weighted = F.binary_cross_entropy_with_logits(x, t, pos_weight=torch.tensor(3.0, dtype=x.dtype))
    return plain, plain, weighted, ((torch.sigmoid(x) - t) ** 2).mean()


@layer(
    """
    layer: poly1
    inputs: {z: [N, C], t: {shape: [N], values: C}}
    hyperparameters: {e1: 1.0}
    where: {"p[n, c]": "Softmax(z[n, c], c)"}
    outputs: {loss: "Mean(-log(p[n, t[n]]) + e1*(1 - p[n, t[n]]), n)"}
    """,
    {"N": 5, "C": 3},
    {"N": 1, "C": 1},
)
def poly1(z, t):
    ce = F.cross_entropy(z, t, reduction="none")
    return (ce + 1 - torch.exp(-ce)).mean()


@layer(
    """
    layer: symmetric_ce
    inputs: {z: [N, C], q: {shape: [N, C], grad: false}}
    hyperparameters: {a: 0.1, b: 1.0, A: -4}
    assume:
      - q[n, c] > 0
      - Eq(Sum(q[n, c], c), 1)
    where:
      p[n, c]: Softmax(z[n, c], c)
    outputs:
      loss: Mean(-a*Sum(q[n, c]*log(p[n, c]), c) - b*Sum(p[n, c]*Max(log(q[n, c]), A), c), n)
    """,
    {"N": 5, "C": 3},
    {"N": 1, "C": 1},
    q=simplex,
)
def symmetric_ce(z, q):
    lp = torch.log_softmax(z, 1)
    return (-0.1 * (q * lp).sum(1) - (lp.exp() * q.log().clamp(min=-4)).sum(1)).mean()


@layer(
    """
    layer: ordinal
    doc: Cumulative logits with ordered thresholds as sums of softplus.
    inputs: {f: [N], t: {shape: [N], values: K + 1}}
    params: {b: [K]}
    where:
      th[k]: b[0] + Sum(log(1 + exp(b[j])), (j, 1, k))
      F[n, k]: sigmoid(th[k] - f[n])
      p[n]: Piecewise((F[n, 0], Eq(t[n], 0)), (1 - F[n, K - 1], Eq(t[n], K)), (F[n, t[n]] - F[n, t[n] - 1], True))
    outputs:
      nll: -Mean(log(p[n]), n)
    """,
    {"N": 7, "K": 3},
    {"N": 2, "K": 1},
)
def ordinal(f, t, b):
    th = b[0] + torch.cat([torch.zeros_like(b[:1]), F.softplus(b[1:])]).cumsum(0)
    cumulative = torch.sigmoid(th - f[:, None])
    zero = torch.zeros_like(f[:, None])
    p = torch.cat([cumulative, zero + 1], 1) - torch.cat([zero, cumulative], 1)
    return -p.gather(1, t[:, None]).log().mean()


@layer(
    """
    layer: nce
    doc: Noise contrastive estimation with K noise words of known log-probabilities.
    inputs:
      s: [N]
      sn: [N, K]
      q: {shape: [N], grad: false}
      qn: {shape: [N, K], grad: false}
    outputs:
      loss: -Mean(log(sigmoid(s[n] - q[n] - log(K))) + Sum(log(1 - sigmoid(sn[n, k] - qn[n, k] - log(K))), k), n)
    """,
    {"N": 3, "K": 5},
    {"N": 1, "K": 1},
)
def nce(s, sn, q, qn):
    k = math.log(sn.shape[1])
    return -(F.logsigmoid(s - q - k) + F.logsigmoid(-(sn - qn - k)).sum(1)).mean()
