"""Normalisations."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive


@layer(
    """
    layer: bn1d
    doc: Batch normalisation with running statistics; eval uses them.
    inputs: {x: [N, C]}
    params:
      gamma: {shape: [C], init: ones}
      beta: {shape: [C], init: zeros}
    state:
      mu_run: {shape: [C], init: zeros}
      var_run: {shape: [C], init: ones}
    hyperparameters: {eps: 1e-5, momentum: 0.1}
    where:
      mu[c]: Mean(x[n, c], n)
      v[c]: Mean((x[n, c] - mu[c])**2, n)
      xhat[n, c]: (x[n, c] - mu[c])/sqrt(v[c] + eps)
    outputs:
      y[n, c]: gamma[c]*xhat[n, c] + beta[c]
    update:
      mu_run[c]: (1 - momentum)*mu_run[c] + momentum*mu[c]
      var_run[c]: (1 - momentum)*var_run[c] + momentum*v[c]*N/Max(N - 1, 1)
    modes:
      eval:
        where:
          xhat[n, c]: (x[n, c] - mu_run[c])/sqrt(var_run[c] + eps)
        update: {}
    """,
    {"N": 5, "C": 3},
    {"N": 2, "C": 1},
    {"N": 1, "C": 7},
    var_run=positive,
)
def bn1d(x, gamma, beta, mu_run, var_run):
    mu, v = x.mean(0), x.var(0, unbiased=False)
    y = gamma * (x - mu) / torch.sqrt(v + 1e-5) + beta
    n = len(x)
    return (y,), ((0.9 * mu_run + 0.1 * mu).detach(), (0.9 * var_run + 0.1 * v * n / max(n - 1, 1)).detach())


@layer(bn1d.text, {"N": 5, "C": 3}, {"N": 1, "C": 1}, mode="eval", var_run=positive)
def bn1d_eval(x, gamma, beta, mu_run, var_run):
    return (gamma * (x - mu_run) / torch.sqrt(var_run + 1e-5) + beta,), (mu_run, var_run)


@layer(
    """
    layer: ln_any
    doc: Layer normalisation over the last axis, whatever stands before it.
    inputs: {x: [..., D]}
    params: {g: [D], b: [D]}
    hyperparameters: {eps: 1e-6}
    where:
      mean[...]: Mean(x[..., d], d)
      var[...]: Var(x[..., d], d)
    outputs:
      y[..., d]: g[d]*(x[..., d] - mean[...])/sqrt(var[...] + eps) + b[d]
    """,
    {"D": 5},
    {"D": 1},
    {"D": 2},
)
def ln_any(x, g, b, eps=1e-6):
    return F.layer_norm(x, x.shape[-1:], g, b, eps)


@layer(
    """
    layer: group_norm
    inputs: {x: [N, G*K, H, W]}
    params: {gamma: [G*K], beta: [G*K]}
    hyperparameters: {G: 2, eps: 1e-5}
    indices: {g: G, k: K, c: G*K}
    where:
      mu[n, g]: Mean(x[n, g*K + k, h, w], k, h, w)
      s2[n, g]: Mean((x[n, g*K + k, h, w] - mu[n, g])**2, k, h, w)
    outputs:
      y[n, c, h, w]: gamma[c]*(x[n, c, h, w] - mu[n, c//K])/sqrt(s2[n, c//K] + eps) + beta[c]
    """,
    {"N": 2, "G": 2, "K": 3, "H": 2, "W": 3},
    {"N": 1, "G": 2, "K": 1, "H": 1, "W": 2},
)
def group_norm(x, gamma, beta):
    return F.group_norm(x, 2, gamma, beta)


@layer(
    """
    layer: adain
    doc: Content features with the style's mean and deviation.
    inputs: {x: [N, C, H, W], s: [N, C, P, Q]}
    hyperparameters: {eps: 1e-5}
    outputs:
      y[n, c, h, w]: (x[n, c, h, w] - Mean(x[n, c, i, j], i, j))/sqrt(Var(x[n, c, i, j], i, j) + eps)*sqrt(Var(s[n, c, p, q], p, q) + eps) + Mean(s[n, c, p, q], p, q)
    """,
    {"N": 2, "C": 2, "H": 3, "W": 2, "P": 2, "Q": 5},
    {"N": 1, "C": 1, "H": 1, "W": 1, "P": 1, "Q": 1},
)
def adain(x, s):
    def moments(v):
        return v.mean((2, 3), keepdim=True), torch.sqrt(v.var((2, 3), unbiased=False, keepdim=True) + 1e-5)

    (mx, sx), (ms, ss) = moments(x), moments(s)
    return (x - mx) / sx * ss + ms


@layer(
    """
    layer: rms
    inputs: {x: [N, D]}
    params: {w: [D]}
    hyperparameters: {eps: 1e-8}
    outputs:
      y[n, d]: (1 + w[d])*x[n, d]*(Sum(x[n, j]**2, j)/D + eps)**(-1/2)
    """,
    {"N": 3, "D": 5},
    {"N": 1, "D": 1},
)
def rms(x, w, eps=1e-8):
    return (1 + w) * x * torch.rsqrt((x**2).mean(-1, keepdim=True) + eps)


@layer(
    """
    layer: weight_normed
    doc: A linear layer whose columns are g v/|v|.
    inputs: {x: [N, I]}
    params: {v: [I, O], g: [O], b: [O]}
    where:
      w[i, o]: g[o]*v[i, o]/sqrt(Sum(v[j, o]**2, j))
    outputs:
      y[n, o]: Sum(x[n, i]*w[i, o], i) + b[o]
    """,
    {"N": 3, "I": 5, "O": 2},
    {"N": 1, "I": 1, "O": 1},
)
def weight_normed(x, v, g, b):
    return x @ (g * v / v.norm(dim=0)) + b


@layer(
    """
    layer: spectral
    doc: A linear layer divided by an estimate of the largest singular value, one power iteration; the vectors are constants.
    inputs: {x: [N, I]}
    params: {W: [O, I]}
    state: {u: {shape: [O], init: "normal(0, 1)"}}
    hyperparameters: {eps: 1e-12}
    where:
      vr[i]: Sum(W[o, i]*u[o], o)
      v[i]: stop_gradient(vr[i]/Max(Norm(vr[j], j), eps))
      ur[o]: Sum(W[o, i]*v[i], i)
      u1[o]: stop_gradient(ur[o]/Max(Norm(ur[k], k), eps))
      sigma: Sum(u1[o]*W[o, i]*v[i], o, i)
    outputs:
      y[n, o]: Sum(x[n, i]*W[o, i], i)/sigma
    update:
      u[o]: u1[o]
    """,
    {"N": 3, "I": 5, "O": 2},
    {"N": 1, "I": 1, "O": 1},
)
def spectral(x, W, u):
    v = (W.T @ u / (W.T @ u).norm()).detach()
    u1 = (W @ v / (W @ v).norm()).detach()
    return (x @ W.T / (u1 @ W @ v),), (u1,)


@layer(
    """
    layer: lrn
    inputs: {x: {shape: [N, C, P], outside: 0}}
    hyperparameters: {size: 3, alpha: 1e-2, beta: 0.75, k: 2.0}
    indices: {j: size, c: C}
    where:
      s[n, c, p]: Sum(x[n, c + j - size//2, p]**2, j)
    outputs:
      y[n, c, p]: x[n, c, p]/(k + alpha*s[n, c, p]/size)**beta
    """,
    {"N": 2, "C": 5, "P": 3},
    {"N": 1, "C": 1, "P": 1},
)
def lrn(x):
    return F.local_response_norm(x, 3, alpha=1e-2, beta=0.75, k=2.0)


@layer(
    """
    layer: divisive
    doc: Divisive normalisation with a learned pool.
    inputs: {x: [N, C]}
    params: {w: [C, C], sigma: []}
    outputs:
      y[n, c]: x[n, c]**2/(sigma**2 + Sum(w[c, k]**2*x[n, k]**2, k))
    """,
    {"N": 3, "C": 4},
    {"N": 1, "C": 1},
)
def divisive(x, w, sigma):
    return x**2 / (sigma**2 + (x**2) @ (w**2).T)
