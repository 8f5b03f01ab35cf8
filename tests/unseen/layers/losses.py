"""Losses of classification."""

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
