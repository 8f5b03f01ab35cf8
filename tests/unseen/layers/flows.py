"""Variational layers, flows, kernels."""

import math

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive


@layer(
    """
    layer: vae
    doc: A reparametrised sample with its KL and reconstruction, the noise shown.
    inputs: {x: [N, I]}
    params: {W: [I, Z], V: [I, Z], U: [Z, I]}
    random:
      eps: {shape: [N, Z], dist: "normal(0, 1)"}
    where:
      mu: x @ W
      lv: x @ V
      z: mu + exp(lv/2)*eps
      logits: z @ U
    outputs:
      rec: Mean(Sum(log(1 + exp(logits[n, i])) - sigmoid(x[n, i])*logits[n, i], i), n)
      kl: -1/2*Mean(Sum(1 + lv[n, k] - mu[n, k]**2 - exp(lv[n, k]), k), n)
      noise[n, k]: eps[n, k]
    """,
    {"N": 3, "I": 4, "Z": 2},
    {"N": 1, "I": 1, "Z": 1},
    reveals={"eps": "noise"},
)
def vae(x, W, V, U, eps):
    mu, lv = x @ W, x @ V
    logits = (mu + torch.exp(lv / 2) * eps) @ U
    rec = (F.softplus(logits) - torch.sigmoid(x) * logits).sum(1).mean()
    return rec, -0.5 * (1 + lv - mu**2 - lv.exp()).sum(1).mean(), eps


@layer(
    """
    layer: dropconnect
    inputs: {x: [N, I]}
    params: {W: [I, O]}
    hyperparameters: {rate: 0.25}
    random:
      keep: {shape: [I, O], dist: bernoulli(1 - rate)}
      jitter: {shape: [O], dist: "uniform(-1, 1)"}
    outputs:
      y[n, o]: Sum(x[n, i]*W[i, o]*keep[i, o], i)/(1 - rate) + jitter[o]*x[n, 0]
      mask[i, o]: 1*keep[i, o]
      shift[o]: jitter[o]
    modes:
      eval:
        random: {}
        outputs:
          y[n, o]: Sum(x[n, i]*W[i, o], i)
          mask[i, o]: 1
          shift[o]: 0
    """,
    {"N": 3, "I": 5, "O": 2},
    {"N": 1, "I": 1, "O": 1},
    reveals={"keep": "mask", "jitter": "shift"},
)
def dropconnect(x, W, keep, jitter):
    return x @ (W * keep) / 0.75 + jitter * x[:, :1], keep, jitter


@layer(
    """
    layer: real_nvp
    doc: An affine coupling and its log-determinant; the first half is kept.
    inputs: {x: [N, 2*D]}
    params: {Ws: [D, D], bs: [D], Wt: [D, D]}
    indices: {d: D, e: D, j: 2*D}
    where:
      s[n, d]: tanh(Sum(x[n, e]*Ws[e, d], e) + bs[d])
      t[n, d]: Sum(x[n, e]*Wt[e, d], e)
    outputs:
      y[n, j]: Piecewise((x[n, j], j < D), (x[n, j]*exp(s[n, j - D]) + t[n, j - D], True))
      logdet[n]: Sum(s[n, d], d)
    """,
    {"N": 3, "D": 2},
    {"N": 1, "D": 1},
)
def real_nvp(x, Ws, bs, Wt):
    a, b = x.chunk(2, 1)
    s = torch.tanh(a @ Ws + bs)
    return torch.cat([a, b * s.exp() + a @ Wt], 1), s.sum(1)


@layer(
    """
    layer: planar_flow
    inputs: {z: [N, D]}
    params: {u: [D], w: [D], b: []}
    where:
      a[n]: Sum(w[d]*z[n, d], d) + b
    outputs:
      f[n, d]: z[n, d] + u[d]*tanh(a[n])
      ld[n]: log(Abs(1 + (1 - tanh(a[n])**2)*Sum(u[d]*w[d], d)))
    """,
    {"N": 3, "D": 4},
    {"N": 1, "D": 1},
)
def planar_flow(z, u, w, b):
    t = torch.tanh(z @ w + b)
    return z + u * t[:, None], torch.log((1 + (1 - t**2) * (u @ w)).abs())


@layer(
    """
    layer: actnorm_logdet
    doc: The log-determinant of a diagonal scale and of a triangular matrix's diagonal, the scale applied.
    inputs: {x: [N, D]}
    params: {s: [D], L: [D, D]}
    outputs:
      y[n, d]: x[n, d]*s[d]
      ld: Sum(log(Abs(s[d])), d) + 2*Sum(log(L[d, d]**2)/2, d)
      tr: Sum(L[d, d], d)
    """,
    {"N": 3, "D": 4},
    {"N": 1, "D": 1},
)
def actnorm_logdet(x, s, L):
    diagonal = L.diagonal()
    return x * s, s.abs().log().sum() + (diagonal**2).log().sum(), diagonal.sum()


@layer(
    """
    layer: gp_kernels
    doc: Matrices of five covariance functions between two sets of points.
    inputs: {x: [N, D], z: [M, D]}
    params: {ell: [D], s2: [], per: []}
    where:
      r2[n, m]: Sum(((x[n, d] - z[m, d])/ell[d])**2, d)
      r[n, m]: sqrt(r2[n, m])
    outputs:
      rbf[n, m]: s2*exp(-r2[n, m]/2)
      matern32[n, m]: s2*(1 + sqrt(3)*r[n, m])*exp(-sqrt(3)*r[n, m])
      matern52[n, m]: s2*(1 + sqrt(5)*r[n, m] + 5*r2[n, m]/3)*exp(-sqrt(5)*r[n, m])
      rq[n, m]: s2*(1 + r2[n, m]/4)**(-2)
      periodic[n, m]: s2*exp(-2*Sum(sin(pi*(x[n, d] - z[m, d])/per)**2, d))
    """,
    {"N": 3, "M": 5, "D": 2},
    {"N": 1, "M": 1, "D": 1},
    ell=positive,
    per=positive,
)
def gp_kernels(x, z, ell, s2, per):
    gap = x[:, None] - z
    r2 = ((gap / ell) ** 2).sum(-1)
    r = r2.sqrt()
    return (
        s2 * torch.exp(-r2 / 2),
        s2 * (1 + 3**0.5 * r) * torch.exp(-(3**0.5) * r),
        s2 * (1 + 5**0.5 * r + 5 * r2 / 3) * torch.exp(-(5**0.5) * r),
        s2 * (1 + r2 / 4) ** -2,
        s2 * torch.exp(-2 * (torch.sin(math.pi * gap / per) ** 2).sum(-1)),
    )


@layer(
    """
    layer: mmd
    doc: The squared maximum mean discrepancy of two samples under an RBF kernel.
    inputs: {x: [N, D], y: [M, D]}
    hyperparameters: {g: 0.5}
    outputs:
      mmd2: Mean(exp(-g*Sum((x[i, d] - x[j, d])**2, d)), i, j) + Mean(exp(-g*Sum((y[i, d] - y[j, d])**2, d)), i, j)
        - 2*Mean(exp(-g*Sum((x[i, d] - y[j, d])**2, d)), i, j)
    """,
    {"N": 5, "M": 3, "D": 2},
    {"N": 1, "M": 1, "D": 1},
)
def mmd(x, y):
    def kernel(a, b):
        return torch.exp(-0.5 * ((a[:, None] - b) ** 2).sum(-1)).mean()

    return kernel(x, x) + kernel(y, y) - 2 * kernel(x, y)
