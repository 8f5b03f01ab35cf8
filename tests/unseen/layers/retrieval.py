"""Losses that compare embeddings, boxes, images, ranks and counts."""

import math

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, these, unit


@layer(
    """
    layer: circle_loss
    doc: Pairs weighted by how far they are from their optimum (Sun et al. 2020).
    inputs: {x: [N, D], t: {shape: [N], values: 9}}
    hyperparameters: {m: 0.25, gamma: 8.0}
    where:
      e[n, d]: x[n, d]/Norm(x[n, k], k)
      s[i, j]: Sum(e[i, d]*e[j, d], d)
      up[i, j]: -gamma*stop_gradient(Max(1 + m - s[i, j], 0))*(s[i, j] - (1 - m))
      down[i, j]: gamma*stop_gradient(Max(s[i, j] + m, 0))*(s[i, j] - m)
      P[i, j]: Piecewise((up[i, j], Eq(t[i], t[j]) & (i < j)), (-oo, True))
      Q[i, j]: Piecewise((down[i, j], Ne(t[i], t[j]) & (i < j)), (-oo, True))
    outputs:
      loss: softplus(LogSumExp(P[i, j], i, j) + LogSumExp(Q[i, j], i, j))
    """,
    {"N": 5, "D": 3},
    t=these([0, 1, 0, 1, 1]),
)
def circle_loss(x, t, m=0.25, gamma=8.0):
    s = F.normalize(x, dim=1) @ F.normalize(x, dim=1).T
    above = torch.triu(torch.ones_like(s), 1).bool()
    same = t[:, None] == t
    sp, sn = s[same & above], s[~same & above]
    p = -gamma * (1 + m - sp).relu().detach() * (sp - 1 + m)
    n = gamma * (sn + m).relu().detach() * (sn - m)
    return F.softplus(torch.logsumexp(p, 0) + torch.logsumexp(n, 0))


@layer(
    """
    layer: proxy_anchor
    doc: Proxies of classes pull and push the embeddings of a batch (Kim et al. 2020).
    inputs: {x: [N, D], t: {shape: [N], values: C}}
    params: {P: [C, D]}
    hyperparameters: {alpha: 4.0, delta: 0.1}
    where:
      s[n, c]: Sum(x[n, d]*P[c, d], d)/(Norm(x[n, k], k)*Norm(P[c, k], k))
      pos[c]: Sum(Piecewise((exp(-alpha*(s[n, c] - delta)), Eq(t[n], c)), (0, True)), n)
      neg[c]: Sum(Piecewise((exp(alpha*(s[n, c] + delta)), Ne(t[n], c)), (0, True)), n)
      seen: Sum(Amax(Eq(t[n], c), n), c)
    outputs:
      loss: Sum(log(1 + pos[c]), c)/seen + Mean(log(1 + neg[c]), c)
    """,
    {"N": 4, "D": 3, "C": 3},
    t=these([0, 2, 0, 2]),
)
def proxy_anchor(x, t, P, alpha=4.0, delta=0.1):
    s = F.normalize(x, dim=1) @ F.normalize(P, dim=1).T
    one = F.one_hot(t, len(P)).to(x.dtype)
    pos = torch.log1p((torch.exp(-alpha * (s - delta)) * one).sum(0)).sum() / (one.sum(0) > 0).sum()
    return pos + torch.log1p((torch.exp(alpha * (s + delta)) * (1 - one)).sum(0)).mean()


@layer(
    """
    layer: multi_similarity
    doc: Positive and negative pairs, those kept that violate a margin to the hardest of the other kind (Wang et al. 2019).
    inputs: {x: [N, D], t: {shape: [N], values: 9}}
    hyperparameters: {alpha: 2.0, beta: 5.0, base: 0.5, margin: 0.1}
    where:
      s[i, j]: Sum(x[i, d]*x[j, d], d)/D
      pos[i, j]: Eq(t[i], t[j]) & Ne(i, j)
      neg[i, j]: Ne(t[i], t[j])
      low[i]: Amin(Piecewise((s[i, j], pos[i, j]), (oo, True)), j)
      high[i]: Amax(Piecewise((s[i, j], neg[i, j]), (-oo, True)), j)
      a[i]: log(1 + Sum(Piecewise((exp(-alpha*(s[i, j] - base)), pos[i, j] & (s[i, j] - margin < high[i])), (0, True)), j))/alpha
      b[i]: log(1 + Sum(Piecewise((exp(beta*(s[i, j] - base)), neg[i, j] & (s[i, j] + margin > low[i])), (0, True)), j))/beta
    outputs:
      loss: Mean(a[i] + b[i], i)
    """,
    {"N": 5, "D": 3},
    t=these([0, 1, 0, 1, 1]),
)
def multi_similarity(x, t, alpha=2.0, beta=5.0, base=0.5, margin=0.1):
    s = x @ x.T / x.shape[1]
    pos = (t[:, None] == t) & ~torch.eye(len(t), dtype=torch.bool)
    neg = t[:, None] != t
    low, high = torch.where(pos, s, torch.inf).amin(1), torch.where(neg, s, -torch.inf).amax(1)
    keep_p, keep_n = pos & (s - margin < high[:, None]), neg & (s + margin > low[:, None])
    a = torch.log1p(torch.where(keep_p, torch.exp(-alpha * (s - base)), 0).sum(1)) / alpha
    return (a + torch.log1p(torch.where(keep_n, torch.exp(beta * (s - base)), 0).sum(1)) / beta).mean()


@layer(
    """
    layer: smooth_precision
    doc: Average precision with sigmoids for comparisons (Smooth-AP, Brown et al. 2020).
    inputs: {s: [Q, N], rel: {shape: [Q, N], dtype: bool}}
    hyperparameters: {tau: 0.1}
    where:
      g[q, i, j]: Piecewise((sigmoid((s[q, j] - s[q, i])/tau), Ne(i, j)), (0, True))
      above[q, i]: 1 + Sum(g[q, i, j], j)
      good[q, i]: 1 + Sum(g[q, i, j]*rel[q, j], j)
      ap[q]: Sum(rel[q, i]*good[q, i]/above[q, i], i)/Max(Sum(rel[q, i], i), 1)
    outputs:
      loss: 1 - Mean(ap[q], q)
    """,
    {"Q": 2, "N": 4},
    {"Q": 1, "N": 1},
)
def smooth_precision(s, rel, tau=0.1):
    r = rel.to(s.dtype)
    g = torch.sigmoid((s[:, None] - s[:, :, None]) / tau) * (1 - torch.eye(s.shape[1], dtype=s.dtype))
    ap = (r * (1 + (g * r[:, None]).sum(2)) / (1 + g.sum(2))).sum(1) / r.sum(1).clamp(min=1)
    return 1 - ap.mean()


@layer(
    """
    layer: lambda_loss
    doc: RankNet's pairs weighted by what swapping them changes in NDCG (LambdaLoss).
    inputs: {s: [N], rel: {shape: [N], values: 5}}
    where:
      rank[i]: 1 + Sum(s[j] > s[i], j)
      gain[i]: 2**rel[i] - 1
      disc[i]: 1/log(1 + rank[i])
      ideal: Sum(gain[i]/log(2 + Sum((rel[j] > rel[i]) | (Eq(rel[j], rel[i]) & (j < i)), j)), i)
      delta[i, j]: Abs((gain[i] - gain[j])*(disc[i] - disc[j]))/Max(ideal, 1e-9)
    outputs:
      loss: Sum(Piecewise((stop_gradient(delta[i, j])*softplus(s[j] - s[i]), rel[i] > rel[j]), (0, True)), i, j)
    """,
    {"N": 5},
    rel=these([0, 3, 1, 3, 2]),
)
def lambda_loss(s, rel):
    rank = 1 + (s > s[:, None]).sum(1)
    gain, disc = 2.0**rel - 1, 1 / torch.log(1.0 + rank.double())
    ideal = (gain.sort(descending=True).values / torch.log(2.0 + torch.arange(len(s), dtype=torch.float64))).sum()
    delta = ((gain[:, None] - gain) * (disc[:, None] - disc)).abs() / ideal
    return torch.where(rel[:, None] > rel, delta * F.softplus(s - s[:, None]), 0).sum()


@layer(
    """
    layer: complete_iou
    doc: Overlap less distances of centres and of aspect ratios (CIoU, Zheng et al. 2020), boxes given by their corners.
    inputs: {p: [N, 4], g: [N, 4]}
    hyperparameters: {eps: 1e-7}
    where:
      iw[n]: Max(Min(p[n, 2], g[n, 2]) - Max(p[n, 0], g[n, 0]), 0)
      ih[n]: Max(Min(p[n, 3], g[n, 3]) - Max(p[n, 1], g[n, 1]), 0)
      wp[n]: p[n, 2] - p[n, 0]
      hp[n]: p[n, 3] - p[n, 1]
      wg[n]: g[n, 2] - g[n, 0]
      hg[n]: g[n, 3] - g[n, 1]
      inter[n]: iw[n]*ih[n]
      iou[n]: inter[n]/(wp[n]*hp[n] + wg[n]*hg[n] - inter[n] + eps)
      diag[n]: (Max(p[n, 2], g[n, 2]) - Min(p[n, 0], g[n, 0]))**2 + (Max(p[n, 3], g[n, 3]) - Min(p[n, 1], g[n, 1]))**2 + eps
      off[n]: Sum((p[n, k] + p[n, k + 2] - g[n, k] - g[n, k + 2])**2, (k, 0, 1))/4
      v[n]: 4/pi**2*(atan(wg[n]/(hg[n] + eps)) - atan(wp[n]/(hp[n] + eps)))**2
      a[n]: stop_gradient(v[n]/(1 - iou[n] + v[n] + eps))
    outputs:
      loss: Mean(1 - iou[n] + off[n]/diag[n] + a[n]*v[n], n)
    """,
    {"N": 3},
    p=these([[0.0, 0, 2, 1], [1, 1, 2, 3], [0.2, 0.1, 0.7, 1.3]]),
    g=these([[0.5, -0.2, 2.5, 1.1], [3, 3, 4, 5], [0.1, 0.3, 1.7, 0.9]]),
)
def complete_iou(p, g, eps=1e-7):
    low, high = torch.maximum(p[:, :2], g[:, :2]), torch.minimum(p[:, 2:], g[:, 2:])
    inter = (high - low).relu().prod(1)
    (wp, hp), (wg, hg) = (p[:, 2:] - p[:, :2]).T, (g[:, 2:] - g[:, :2]).T
    iou = inter / (wp * hp + wg * hg - inter + eps)
    diag = ((torch.maximum(p[:, 2:], g[:, 2:]) - torch.minimum(p[:, :2], g[:, :2])) ** 2).sum(1) + eps
    off = ((p[:, :2] + p[:, 2:] - g[:, :2] - g[:, 2:]) ** 2).sum(1) / 4
    v = 4 / math.pi**2 * (torch.atan(wg / (hg + eps)) - torch.atan(wp / (hp + eps))) ** 2
    a = (v / (1 - iou + v + eps)).detach()
    return (1 - iou + off / diag + a * v).mean()


@layer(
    """
    layer: quality_focal
    doc: Focal loss for soft targets, and a distribution over box edges (generalised focal loss, Li et al. 2020).
    inputs: {z: [N], q: {shape: [N], grad: false}, e: [N, K], y: {shape: [N], grad: false}}
    hyperparameters: {beta: 2}
    where:
      p[n]: sigmoid(z[n])
      bce[n]: softplus(z[n]) - q[n]*z[n]
      lo[n]: Min(floor(y[n]), K - 2)
      l[n, k]: LogSoftmax(e[n, k], k)
    outputs:
      qfl: Sum(Abs(q[n] - p[n])**beta*bce[n], n)
      dfl: -Sum((lo[n] + 1 - y[n])*l[n, lo[n]] + (y[n] - lo[n])*l[n, lo[n] + 1], n)
    """,
    {"N": 4, "K": 5},
    q=unit,
    y=lambda rng, shape: rng.uniform(0, 4, shape),
)
def quality_focal(z, q, e, y, beta=2):
    bce = F.binary_cross_entropy_with_logits(z, q, reduction="none")
    lo = y.floor().clamp(max=e.shape[1] - 2).long()
    left = F.cross_entropy(e, lo, reduction="none") * (lo + 1 - y)
    return ((q - torch.sigmoid(z)).abs() ** beta * bce).sum(), (left + F.cross_entropy(e, lo + 1, reduction="none") * (y - lo)).sum()


@layer(
    """
    layer: hard_examples
    doc: The mean loss of the K hardest pixels, by rank (OHEM).
    inputs: {z: [N, C], t: {shape: [N], values: C, also: [255]}}
    hyperparameters: {K: 3}
    where:
      l[n]: Piecewise((LogSumExp(z[n, c], c) - z[n, t[n]], Ne(t[n], 255)), (0, True))
      rank[n]: Sum((l[m] > l[n]) | (Eq(l[m], l[n]) & (m < n)), m)
    outputs:
      loss: Sum(Piecewise((l[n], rank[n] < K), (0, True)), n)/K
    """,
    {"N": 6, "C": 3},
    t=these([0, 255, 2, 1, 255, 1]),
)
def hard_examples(z, t, K=3):
    losses = F.cross_entropy(z, t, ignore_index=255, reduction="none")
    return losses.topk(K).values.sum() / K


@layer(
    """
    layer: structural_similarity
    doc: Means, variances and covariance in every 3x3 window of two images (SSIM).
    inputs: {x: [H, W], y: [H, W]}
    hyperparameters: {c1: 0.01, c2: 0.03}
    indices: {h: H - 2, w: W - 2, a: 3, b: 3}
    where:
      mx[h, w]: Mean(x[h + a, w + b], a, b)
      my[h, w]: Mean(y[h + a, w + b], a, b)
      vx[h, w]: Mean(x[h + a, w + b]**2, a, b) - mx[h, w]**2
      vy[h, w]: Mean(y[h + a, w + b]**2, a, b) - my[h, w]**2
      cov[h, w]: Mean(x[h + a, w + b]*y[h + a, w + b], a, b) - mx[h, w]*my[h, w]
    outputs:
      loss: 1 - Mean((2*mx[h, w]*my[h, w] + c1)*(2*cov[h, w] + c2)/((mx[h, w]**2 + my[h, w]**2 + c1)*(vx[h, w] + vy[h, w] + c2)), h, w)
    """,
    {"H": 5, "W": 4},
    {"H": 3, "W": 3},
    x=unit,
    y=unit,
)
def structural_similarity(x, y, c1=0.01, c2=0.03):
    def mean(v):
        return F.avg_pool2d(v[None], 3, 1)[0]

    mx, my = mean(x), mean(y)
    vx, vy, cov = mean(x * x) - mx**2, mean(y * y) - my**2, mean(x * y) - mx * my
    return 1 - ((2 * mx * my + c1) * (2 * cov + c2) / ((mx**2 + my**2 + c1) * (vx + vy + c2))).mean()


@layer(
    """
    layer: adaptive_robust
    doc: One family from squares to Welsch, its shape a parameter (Barron 2019), away from the limits.
    inputs: {x: [N]}
    params: {alpha: [N], c: [N]}
    where:
      b[n]: Abs(alpha[n] - 2)
    outputs:
      y[n]: b[n]/alpha[n]*(((x[n]/c[n])**2/b[n] + 1)**(alpha[n]/2) - 1)
    """,
    {"N": 5},
    alpha=lambda rng, shape: rng.uniform(-3, 1.5, shape),
    c=positive,
)
def adaptive_robust(x, alpha, c):
    b = (alpha - 2).abs()
    return b / alpha * (((x / c) ** 2 / b + 1) ** (alpha / 2) - 1)


@layer(
    """
    layer: wing_loss
    doc: Logarithmic near 0, linear beyond a width (Feng et al. 2018), and concordance of the two sequences.
    inputs: {x: [N], y: [N]}
    hyperparameters: {w: 1.0, e: 0.5}
    where:
      d[n]: Abs(x[n] - y[n])
      C: w - w*log(1 + w/e)
      mx: Mean(x[n], n)
      my: Mean(y[n], n)
    outputs:
      loss: Mean(Piecewise((w*log(1 + d[n]/e), d[n] < w), (d[n] - C, True)), n)
      ccc: 2*Mean((x[n] - mx)*(y[n] - my), n)/(Var(x[n], n) + Var(y[n], n) + (mx - my)**2)
    """,
    {"N": 6},
)
def wing_loss(x, y, w=1.0, e=0.5):
    d = (x - y).abs()
    C = w - w * math.log(1 + w / e)
    cov = ((x - x.mean()) * (y - y.mean())).mean()
    ccc = 2 * cov / (x.var(unbiased=False) + y.var(unbiased=False) + (x.mean() - y.mean()) ** 2)
    return torch.where(d < w, w * torch.log(1 + d / e), d - C).mean(), ccc


@layer(
    """
    layer: inflated_counts
    doc: Log-likelihood of counts under a zero-inflated negative binomial with mean, dispersion and dropout logit.
    inputs: {x: {shape: [N], grad: false}, mu: [N], theta: [N], pi0: [N]}
    assume: ["mu[n] > 0", "theta[n] > 0"]
    where:
      lt[n]: log(theta[n] + mu[n])
      nb[n]: theta[n]*(log(theta[n]) - lt[n]) + x[n]*(log(mu[n]) - lt[n]) + loggamma(x[n] + theta[n]) - loggamma(theta[n]) - loggamma(x[n] + 1)
      zero[n]: log(exp(-pi0[n]) + exp(theta[n]*(log(theta[n]) - lt[n]))) - softplus(-pi0[n])
    outputs:
      nll: -Sum(Piecewise((zero[n], x[n] < 1e-8), (nb[n] - pi0[n] - softplus(-pi0[n]), True)), n)
    """,
    {"N": 5},
    x=these([0.0, 3, 0, 1, 12]),
    mu=positive,
    theta=positive,
)
def inflated_counts(x, mu, theta, pi0):
    lt = torch.log(theta + mu)
    nb = theta * (theta.log() - lt) + x * (mu.log() - lt) + torch.lgamma(x + theta) - torch.lgamma(theta) - torch.lgamma(x + 1)
    zero = torch.logaddexp(-pi0, theta * (theta.log() - lt)) - F.softplus(-pi0)
    return -torch.where(x < 1e-8, zero, nb - pi0 - F.softplus(-pi0)).sum()


@layer(
    """
    layer: discrete_hazards
    doc: Survival by a hazard at each interval, censored cases included, and a ranking term over pairs (DeepHit's second).
    inputs: {z: [N, T], t: {shape: [N], values: T}, e: {shape: [N], dtype: bool}}
    hyperparameters: {sigma: 0.5}
    where:
      h[n, k]: sigmoid(z[n, k])
      logS[n]: Sum(-softplus(z[n, k]), (k, 0, t[n] - 1))
      F[n, k]: 1 - exp(Sum(-softplus(z[n, j]), (j, 0, k)))
      late[n, m]: (t[n] < t[m]) & e[n]
    outputs:
      nll: -Mean(logS[n] + Piecewise((log(h[n, t[n]]), e[n]), (-softplus(z[n, t[n]]), True)), n)
      rank: Sum(Piecewise((exp(-(F[n, t[n]] - F[m, t[n]])/sigma), late[n, m]), (0, True)), n, m)
    """,
    {"N": 4, "T": 5},
    {"N": 1, "T": 1},
)
def discrete_hazards(z, t, e, sigma=0.5):
    below = torch.arange(z.shape[1]) < t[:, None]
    logS = torch.where(below, -F.softplus(z), 0).sum(1)
    own = z.gather(1, t[:, None])[:, 0]
    nll = -(logS + torch.where(e, F.logsigmoid(own), -F.softplus(own))).mean()
    cdf = 1 - torch.exp(-F.softplus(z).cumsum(1))
    gap = cdf.gather(1, t[:, None]) - cdf[:, t].T
    return nll, torch.where((t[:, None] < t) & e[:, None], torch.exp(-gap / sigma), 0).sum()


@layer(
    """
    layer: noise_robust
    doc: Generalised and truncated cross-entropy, and bootstrapped targets, mixed.
    inputs: {z: [N, C], t: {shape: [N], values: C}}
    hyperparameters: {q: 0.7, k: 0.3, beta: 0.8}
    where:
      p[n, c]: Softmax(z[n, c], c)
      own[n]: p[n, t[n]]
      g[n]: Piecewise(((1 - own[n]**q)/q, own[n] > k), ((1 - k**q)/q, True))
      soft[n, c]: beta*Eq(c, t[n]) + (1 - beta)*p[n, c]
    outputs:
      gce: Mean(g[n], n)
      boot: -Mean(Sum(soft[n, c]*log(p[n, c]), c), n)
    """,
    {"N": 5, "C": 3},
)
def noise_robust(z, t, q=0.7, k=0.3, beta=0.8):
    p = torch.softmax(z, 1)
    own = p.gather(1, t[:, None])[:, 0]
    g = torch.where(own > k, (1 - own**q) / q, (1 - k**q) / q)
    soft = beta * F.one_hot(t, z.shape[1]).to(z.dtype) + (1 - beta) * p
    return g.mean(), -(soft * p.log()).sum(1).mean()
