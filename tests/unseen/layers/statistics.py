"""Densities, divergences, regression losses."""

import math

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, simplex


@layer(
    """
    layer: regressions
    inputs: {x: [N], t: {shape: [N], grad: false}}
    hyperparameters: {delta: 0.8, q: 0.3, eps: 1e-3, c: 1.5}
    where:
      r[n]: x[n] - t[n]
    outputs:
      huber_: Mean(Piecewise((r[n]**2/2, Abs(r[n]) <= delta), (delta*(Abs(r[n]) - delta/2), True)), n)
      quantile: Mean(Max(q*(t[n] - x[n]), (q - 1)*(t[n] - x[n])), n)
      charbonnier_: Mean(sqrt(r[n]**2 + eps**2), n)
      logcosh: Mean(log(cosh(r[n])), n)
      cauchy: Mean(log(1 + (r[n]/c)**2), n)*c**2/2
      geman: Mean(2*r[n]**2/(r[n]**2 + 4), n)
      welsch: Mean(1 - exp(-(r[n]/c)**2/2), n)
      tukey: Mean(Piecewise((c**2/6*(1 - (1 - (r[n]/c)**2)**3), Abs(r[n]) <= c), (c**2/6, True)), n)
      insensitive: Mean(Max(Abs(r[n]) - 1/10, 0), n)
      msle: Mean((log(1 + Abs(x[n])) - log(1 + Abs(t[n])))**2, n)
      mape: 100*Mean(Abs(r[n]/t[n]), n)
      smape: Mean(2*Abs(r[n])/(Abs(x[n]) + Abs(t[n])), n)
      r2: 1 - Sum(r[n]**2, n)/Sum((t[n] - Mean(t[m], m))**2 + 1/100, n)
    """,
    {"N": 7},
    {"N": 1},
)
def regressions(x, t):
    r, c = x - t, 1.5
    return (
        F.huber_loss(x, t, delta=0.8),
        torch.maximum(0.3 * -r, -0.7 * -r).mean(),
        torch.sqrt(r**2 + 1e-6).mean(),
        torch.log(torch.cosh(r)).mean(),
        torch.log1p((r / c) ** 2).mean() * c**2 / 2,
        (2 * r**2 / (r**2 + 4)).mean(),
        (1 - torch.exp(-((r / c) ** 2) / 2)).mean(),
        torch.where(r.abs() <= c, c**2 / 6 * (1 - (1 - (r / c) ** 2) ** 3), c**2 / 6).mean(),
        (r.abs() - 0.1).clamp(min=0).mean(),
        ((torch.log1p(x.abs()) - torch.log1p(t.abs())) ** 2).mean(),
        100 * (r / t).abs().mean(),
        (2 * r.abs() / (x.abs() + t.abs())).mean(),
        1 - (r**2).sum() / ((t - t.mean()) ** 2 + 0.01).sum(),
    )


@layer(
    """
    layer: likelihoods
    doc: Negative log-likelihoods of eight families.
    inputs:
      mu: [N]
      s: [N]
      y: {shape: [N], grad: false}
      k: {shape: [N], grad: false}
    outputs:
      gaussian: Sum(log(s[n]) + (y[n] - mu[n])**2/(2*s[n]**2) + log(2*pi)/2, n)
      laplace: Sum(log(2*s[n]) + Abs(y[n] - mu[n])/s[n], n)
      poisson: Sum(exp(mu[n]) - k[n]*mu[n] + loggamma(k[n] + 1), n)
      gamma_: Sum(loggamma(s[n]) - s[n]*mu[n] - (s[n] - 1)*log(y[n]) + y[n]*exp(mu[n]), n)
      beta_: -Sum((s[n] - 1)*log(u[n]) + (s[n] + 1 - 1)*log(1 - u[n]) - (loggamma(s[n]) + loggamma(s[n] + 1) - loggamma(2*s[n] + 1)), n)
      lognormal: Sum(log(y[n]*s[n]*sqrt(2*pi)) + (log(y[n]) - mu[n])**2/(2*s[n]**2), n)
      negbin: -Sum(loggamma(k[n] + s[n]) - loggamma(s[n]) - loggamma(k[n] + 1) + s[n]*log(sigmoid(-mu[n])) + k[n]*log(sigmoid(mu[n])), n)
      student: Sum(loggamma(s[n]/2) - loggamma((s[n] + 1)/2) + log(pi*s[n])/2 + (s[n] + 1)/2*log(1 + (y[n] - mu[n])**2/s[n]), n)
    where:
      u[n]: y[n]/(1 + y[n])
    """,
    {"N": 5},
    {"N": 1},
    s=positive,
    y=positive,
    k=lambda rng, shape: rng.integers(0, 6, shape).astype(float),
)
def likelihoods(mu, s, y, k):
    D = torch.distributions
    u = y / (1 + y)
    return (
        -D.Normal(mu, s).log_prob(y).sum(),
        -D.Laplace(mu, s).log_prob(y).sum(),
        -D.Poisson(mu.exp()).log_prob(k).sum(),
        -D.Gamma(s, mu.exp()).log_prob(y).sum(),
        -D.Beta(s, s + 1).log_prob(u).sum(),
        -D.LogNormal(mu, s).log_prob(y).sum(),
        -D.NegativeBinomial(s, logits=mu).log_prob(k).sum(),
        -D.StudentT(s, mu).log_prob(y).sum(),
    )


@layer(
    """
    layer: mdn
    doc: A mixture of diagonal Gaussians, K components.
    inputs: {logits: [N, K], mu: [N, K, D], ls: [N, K, D], y: {shape: [N, D], grad: false}}
    where:
      lp[n, k]: -Sum(((y[n, d] - mu[n, k, d])*exp(-ls[n, k, d]))**2/2 + ls[n, k, d] + log(2*pi)/2, d)
    outputs:
      nll: -Mean(log(Sum(Softmax(logits[n, k], k)*exp(lp[n, k]), k)), n)
    """,
    {"N": 3, "K": 4, "D": 2},
    {"N": 1, "K": 1, "D": 1},
)
def mdn(logits, mu, ls, y):
    lp = -((((y[:, None] - mu) * torch.exp(-ls)) ** 2) / 2 + ls + math.log(2 * math.pi) / 2).sum(-1)
    return -torch.logsumexp(torch.log_softmax(logits, 1) + lp, 1).mean()


@layer(
    """
    layer: divergences
    inputs: {p: [N, C], q: [N, C], a: [N, D], b: [N, D], m: [N, D], v: [N, D]}
    assume:
      - p[n, c] > 0
      - q[n, c] > 0
      - v[n, d] > 0
      - b[n, d] > 0
    where:
      mid[n, c]: (p[n, c] + q[n, c])/2
    outputs:
      kl: Mean(Sum(p[n, c]*log(p[n, c]/q[n, c]), c), n)
      js: Mean(Sum(p[n, c]*log(p[n, c]/mid[n, c]) + q[n, c]*log(q[n, c]/mid[n, c]), c)/2, n)
      tv: Mean(Sum(Abs(p[n, c] - q[n, c]), c)/2, n)
      hellinger: Mean(sqrt(1 - Sum(sqrt(p[n, c]*q[n, c]), c) + 1/1000), n)
      chi2: Mean(Sum((p[n, c] - q[n, c])**2/q[n, c], c), n)
      renyi: Mean(log(Sum(p[n, c]**2/q[n, c], c)), n)
      emd: Mean(Sum(Abs(Sum(p[n, j] - 2*q[n, j], (j, 0, c))), c), n)
      gauss: Mean(Sum(log(b[n, d]/v[n, d]) + (v[n, d]**2 + (m[n, d] - a[n, d])**2)/(2*b[n, d]**2) - 1/2, d), n)
    """,
    {"N": 3, "C": 5, "D": 2},
    {"N": 1, "C": 1, "D": 1},
    p=simplex,
    q=simplex,
    b=positive,
    v=positive,
)
def divergences(p, q, a, b, m, v):
    mid = (p + q) / 2
    return (
        (p * (p / q).log()).sum(1).mean(),
        ((p * (p / mid).log() + q * (q / mid).log()).sum(1) / 2).mean(),
        ((p - q).abs().sum(1) / 2).mean(),
        torch.sqrt(1 - (p * q).sqrt().sum(1) + 1e-3).mean(),
        ((p - q) ** 2 / q).sum(1).mean(),
        (p**2 / q).sum(1).log().mean(),
        (p - 2 * q).cumsum(1).abs().sum(1).mean(),
        ((b / v).log() + (v**2 + (m - a) ** 2) / (2 * b**2) - 0.5).sum(1).mean(),
    )


@layer(
    """
    layer: mahalanobis_diag
    inputs: {x: [N, D]}
    params: {mu: [K, D], log_var: [K, D], prior: [K]}
    where:
      joint[n, k]: LogSoftmax(prior[k], k) - Sum((x[n, d] - mu[k, d])**2*exp(-log_var[k, d]) + log_var[k, d], d)/2
    outputs:
      post[n, k]: exp(joint[n, k] - LogSumExp(joint[n, j], j))
      ll: Mean(LogSumExp(joint[n, k], k), n)
    """,
    {"N": 3, "K": 4, "D": 2},
    {"N": 1, "K": 1, "D": 1},
)
def gmm_posterior(x, mu, log_var, prior):
    gap = (x[:, None] - mu) ** 2
    joint = torch.log_softmax(prior, 0) - (gap * torch.exp(-log_var) + log_var).sum(-1) / 2
    return torch.softmax(joint, 1), torch.logsumexp(joint, 1).mean()


@layer(
    """
    layer: copula
    doc: Uniform scores through the normal distribution function, and their density.
    inputs: {x: [N, D]}
    params: {rho: []}
    where:
      phi[n, d]: (1 + erf(x[n, d]/sqrt(2)))/2
    outputs:
      u[n, d]: phi[n, d]
      tail[n]: Prod(1 - phi[n, d], d)
      logit_[n, d]: log(phi[n, d]) - log(1 - phi[n, d])
      dens[n, d]: exp(-x[n, d]**2/2)/sqrt(2*pi)*tanh(rho)
    """,
    {"N": 3, "D": 4},
    {"N": 1, "D": 1},
)
def copula(x, rho):
    phi = torch.special.ndtr(x)
    logit = torch.special.log_ndtr(x) - torch.special.log_ndtr(-x)
    return phi, (1 - phi).prod(1), logit, torch.exp(-(x**2) / 2) / math.sqrt(2 * math.pi) * torch.tanh(rho)


@layer(
    """
    layer: evidential
    doc: The negative log-likelihood of evidential regression (Amini et al. 2020).
    inputs: {g: [N], v: [N], a: [N], b: [N], y: {shape: [N], grad: false}}
    where:
      om[n]: 2*b[n]*(1 + v[n])
    outputs:
      nll: Mean(log(pi/v[n])/2 - a[n]*log(om[n]) + (a[n] + 1/2)*log((y[n] - g[n])**2*v[n] + om[n]) + loggamma(a[n]) - loggamma(a[n] + 0.5), n)
      reg: Mean(Abs(y[n] - g[n])*(2*v[n] + a[n]), n)
      ent: Mean(digamma(a[n])*b[n], n)
    """,
    {"N": 5},
    {"N": 1},
    v=positive,
    a=positive,
    b=positive,
)
def evidential(g, v, a, b, y):
    om = 2 * b * (1 + v)
    nll = 0.5 * (math.pi / v).log() - a * om.log() + (a + 0.5) * ((y - g) ** 2 * v + om).log() + a.lgamma() - (a + 0.5).lgamma()
    return nll.mean(), ((y - g).abs() * (2 * v + a)).mean(), (a.digamma() * b).mean()


@layer(
    """
    layer: dirichlet
    inputs: {alpha: [N, K], p: {shape: [N, K], grad: false}}
    where: {"a0[n]": "Sum(alpha[n, k], k)"}
    outputs:
      nll: -Mean(loggamma(a0[n]) + Sum((alpha[n, k] - 1)*log(p[n, k]) - loggamma(alpha[n, k]), k), n)
    """,
    {"N": 3, "K": 4},
    {"N": 1, "K": 1},
    alpha=positive,
    p=simplex,
)
def dirichlet(alpha, p):
    log_density = alpha.sum(1).lgamma() + ((alpha - 1) * p.log() - alpha.lgamma()).sum(1)
    return -log_density.mean()
