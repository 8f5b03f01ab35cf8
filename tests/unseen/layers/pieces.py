"""Small layers, each about one construct: sequences, tables, geometry, signals."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive


@layer(
    """
    layer: exponential_average
    doc: Bias-corrected averages with a learnt rate, forward and backward in time.
    inputs: {x: [T, N]}
    params: {r: []}
    where:
      up[-1, n]: 0
      up[t, n]: sigmoid(r)*up[t - 1, n] + (1 - sigmoid(r))*x[t, n]
      down[T, n]: 0
      down[t, n]: sigmoid(r)*down[t + 1, n] + (1 - sigmoid(r))*x[t, n]
    outputs:
      y[t, n]: (up[t, n]/(1 - sigmoid(r)**(t + 1)) + down[t, n]/(1 - sigmoid(r)**(T - t)))/2
    """,
    {"T": 4, "N": 2},
    {"T": 1, "N": 1},
)
def exponential_average(x, r):
    a, steps = torch.sigmoid(r), len(x)
    up, down = [torch.zeros_like(x[0])], [torch.zeros_like(x[0])]
    for t in range(steps):
        up.append(a * up[-1] + (1 - a) * x[t])
        down.insert(0, a * down[0] + (1 - a) * x[steps - 1 - t])
    k = torch.arange(steps)[:, None]
    return (torch.stack(up[1:]) / (1 - a ** (k + 1)) + torch.stack(down[:-1]) / (1 - a ** (steps - k))) / 2


@layer(
    """
    layer: discrete_cosine
    doc: The DCT-II and its inverse by cosines of indices, what is kept decided by a hyperparameter.
    inputs: {x: [N, L]}
    hyperparameters: {keep: 2}
    indices: {k: L, n: L}
    where:
      c[b, k]: Sum(x[b, n]*cos(pi/L*(n + 1/2)*k), n)*sqrt(2/L)*Piecewise((1/sqrt(2), Eq(k, 0)), (1, True))
    outputs:
      y[b, k]: c[b, k]
      low[b, n]: Sum(Piecewise((c[b, k], k < keep), (0, True))*cos(pi/L*(n + 1/2)*k)*sqrt(2/L)*Piecewise((sqrt(1/2), k == 0), (1, True)), k)
    """,
    {"N": 2, "L": 4},
    {"N": 1, "L": 1},
)
def discrete_cosine(x):
    size = x.shape[1]
    n, k = torch.arange(size, dtype=x.dtype)[:, None] + 0.5, torch.arange(size, dtype=x.dtype)
    basis = torch.cos(torch.pi / size * n * k) * (2 / size) ** 0.5 * torch.where(k == 0, torch.tensor(0.5, dtype=x.dtype).sqrt(), 1)
    c = x @ basis
    return c, torch.where(k < 2, c, 0) @ basis.T


@layer(
    """
    layer: mel_bank
    doc: Power spectrum by sums over sines and cosines, triangular filters from comparisons of places, logarithms with a floor.
    inputs: {x: [T, L], edges: {shape: [M + 2], grad: false}}
    dims: {K: L//2 + 1}
    indices: {k: K, m: M}
    where:
      re[t, k]: Sum(x[t, n]*cos(2*pi*k*n/L), n)
      im[t, k]: -Sum(x[t, n]*sin(2*pi*k*n/L), n)
      w[m, k]: Max(0, Min((k - edges[m])/(edges[m + 1] - edges[m]), (edges[m + 2] - k)/(edges[m + 2] - edges[m + 1])))
    outputs: {"y[t, m]": "log(Max(Sum(w[m, k]*(re[t, k]**2 + im[t, k]**2), k), 1e-4))"}
    """,
    {"T": 2, "L": 6, "M": 2},
    {"T": 1, "L": 2, "M": 1},
    edges=lambda rng, shape: torch.linspace(-0.5, 3.7, shape[0], dtype=torch.float64).numpy(),
)
def mel_bank(x, edges):
    power = torch.fft.rfft(x).abs() ** 2
    k = torch.arange(power.shape[1], dtype=x.dtype)
    a, b, c = edges[:-2, None], edges[1:-1, None], edges[2:, None]
    w = torch.minimum((k - a) / (b - a), (c - k) / (c - b)).clamp(min=0)
    return torch.log((power @ w.T).clamp(min=1e-4))


@layer(
    """
    layer: run_lengths
    doc: An integer recurrence, how long the label has stayed the same, used as a number, as a position and in a comparison.
    inputs: {t: {shape: [T], values: 2}, x: [T], w: [T]}
    where:
      n[-1]: 0
      n[i]: Piecewise((n[i - 1] + 1, (i > 0) & Eq(t[i], t[Max(i - 1, 0)])), (0, True))
    outputs:
      y[i]: x[i]*n[i] + w[n[i]]
      z: Sum(x[i]*(n[i] >= 1), i)
    """,
    {"T": 6},
    {"T": 1},
)
def run_lengths(t, x, w):
    n = []
    for i, value in enumerate(t.tolist()):
        n.append(n[-1] + 1 if i and value == t[i - 1] else 0)
    n = torch.tensor(n)
    return x * n + w[n], (x * (n >= 1)).sum()


@layer(
    """
    layer: prefix_statistics
    doc: Running means, variances, norms, extrema and their places along an axis, in both directions.
    inputs: {x: [N, T]}
    indices: {t: T}
    outputs:
      mean_[n, t]: Mean(x[n, s], (s, 0, t))
      var_[n, t]: Var(x[n, s], (s, 0, t))
      norm_[n, t]: Norm(x[n, s], (s, t, T - 1))
      top[n, t]: Amax(x[n, s], (s, t, T - 1)) - Amin(x[n, s], (s, 0, t))
      at[n, t]: x[n, Argmax(x[n, s], (s, 0, t))]
      soft[n, t]: Sum(x[n, s]*exp(x[n, s]), (s, 0, t))/Sum(exp(x[n, s]), (s, 0, t))
    """,
    {"N": 2, "T": 4},
    {"N": 1, "T": 1},
)
def prefix_statistics(x):
    steps = x.shape[1]
    parts = [x[:, : t + 1] for t in range(steps)]
    tails = [x[:, t:] for t in range(steps)]

    def stacked(values):
        return torch.stack(list(values), 1)

    var = stacked(((p - p.mean(1, keepdim=True)) ** 2).mean(1) for p in parts)
    top = stacked(a.amax(1) - p.amin(1) for a, p in zip(tails, parts, strict=True))
    soft = stacked((p * p.softmax(1)).sum(1) for p in parts)
    return stacked(p.mean(1) for p in parts), var, stacked(a.norm(dim=1) for a in tails), top, stacked(p.amax(1) for p in parts), soft


@layer(
    """
    layer: two_dimensional_prefix
    doc: An integral image by a sum with two limits, box means from four of its corners.
    inputs: {x: {shape: [H, W], outside: 0}}
    hyperparameters: {r: 1}
    indices: {i: H, j: W}
    where:
      S[i, j]: Sum(x[a, b], (a, 0, i), (b, 0, j))
      hi[i]: Min(i + r, H - 1)
      hj[j]: Min(j + r, W - 1)
      box[i, j]: Sum(x[i + u - r, j + v - r], (u, 0, 2*r), (v, 0, 2*r))
    outputs:
      integral[i, j]: S[i, j]
      mean_[i, j]: box[i, j]/((hi[i] - Max(i - r, 0) + 1)*(hj[j] - Max(j - r, 0) + 1))
    """,
    {"H": 3, "W": 4},
    {"H": 1, "W": 1},
)
def two_dimensional_prefix(x):
    box = F.avg_pool2d(x[None], 3, 1, 1, count_include_pad=False)[0]
    return x.cumsum(0).cumsum(1), box


@layer(
    """
    layer: rotation_products
    doc: Givens rotations of neighbouring pairs, in place one after the other along a recurrence, on a vector.
    inputs: {x: [D]}
    params: {a: [D - 1]}
    indices: {k: D - 1}
    where:
      v[-1, d]: x[d]
      v[k, d]: Piecewise(
        (cos(a[k])*v[k - 1, k] - sin(a[k])*v[k - 1, k + 1], Eq(d, k)),
        (sin(a[k])*v[k - 1, k] + cos(a[k])*v[k - 1, k + 1], Eq(d, k + 1)),
        (v[k - 1, d], True))
    outputs:
      y[d]: v[D - 2, d]
    """,
    {"D": 4},
    {"D": 2},
)
def rotation_products(x, a):
    for k in range(len(a)):
        turn = torch.eye(len(x), dtype=x.dtype).clone()
        turn[k, k] = turn[k + 1, k + 1] = a[k].cos()
        turn[k, k + 1], turn[k + 1, k] = -a[k].sin(), a[k].sin()
        x = turn @ x
    return x


@layer(
    """
    layer: householder
    doc: A product of reflections, and the logarithm of the volume of a triangular map with positive diagonal.
    inputs: {x: [N, D]}
    params: {v: [K, D], L: [D, D], s: [D]}
    where:
      h[-1, n, d]: x[n, d]
      h[k, n, d]: h[k - 1, n, d] - 2*v[k, d]*Sum(v[k, e]*h[k - 1, n, e], e)/(Sum(v[k, e]**2, e) + 1e-12)
      z[n, d]: exp(s[d])*h[K - 1, n, d] + Sum(L[d, e]*h[K - 1, n, e], (e, 0, d - 1))
    outputs:
      y[n, d]: z[n, d]
      logdet: Sum(s[d], d)
      nll: Mean(Sum(z[n, d]**2/2 + log(2*pi)/2 - s[d], d), n)
    """,
    {"N": 2, "D": 3, "K": 2},
    {"N": 1, "D": 1, "K": 1},
)
def householder(x, v, L, s):
    for w in v:
        x = x - 2 * torch.outer(x @ w, w) / ((w**2).sum() + 1e-12)
    z = x @ (L.tril(-1) + torch.diag(s.exp())).T
    return z, s.sum(), (z**2 / 2 + torch.log(torch.tensor(2 * torch.pi, dtype=x.dtype)) / 2 - s).sum(1).mean()


@layer(
    """
    layer: bucketed
    doc: Floats put into buckets by counting the borders below them; an embedding and a histogram with soft borders.
    inputs: {x: [N], borders: {shape: [K], grad: false}}
    params: {E: [K + 1, D], width: []}
    where:
      b[n]: Sum(x[n] >= borders[k], k)
    indices: {j: K}
    outputs:
      y[n, d]: E[Argmax(Eq(q, b[n]), (q, 0, K)), d]
      soft[j]: Mean(sigmoid((x[n] - borders[j])/softplus(width)), n)
    """,
    {"N": 5, "K": 3, "D": 2},
    {"N": 1, "K": 1, "D": 1},
    borders=lambda rng, shape: torch.linspace(-1, 1, shape[0], dtype=torch.float64).numpy(),
)
def bucketed(x, borders, E, width):
    b = (x[:, None] >= borders).sum(1)
    return E[b], torch.sigmoid((x[:, None] - borders) / F.softplus(width)).mean(0)


@layer(
    """
    layer: variable_lengths
    doc: Sequences of their own lengths, the last valid step, the mean of the valid ones, a reversed copy of each.
    inputs: {x: [B, T, D], n: {shape: [B], values: T}}
    where:
      len_[b]: n[b] + 1
      on[b, t]: t < len_[b]
    outputs:
      last[b, d]: x[b, n[b], d]
      mean_[b, d]: Sum(x[b, t, d], (t, 0, n[b]))/len_[b]
      turned[b, t, d]: Piecewise((x[b, Max(n[b] - t, 0), d], on[b, t]), (0, True))
      most[b, d]: Amax(Piecewise((x[b, t, d], on[b, t]), (-oo, True)), t)
    """,
    {"B": 3, "T": 4, "D": 2},
    {"B": 1, "T": 1, "D": 1},
)
def variable_lengths(x, n):
    rows, steps = torch.arange(len(x)), torch.arange(x.shape[1])
    on = (steps <= n[:, None])[..., None]
    turned = torch.where(on, x[rows[:, None], (n[:, None] - steps).clamp(min=0)], 0)
    return x[rows, n], (x * on).sum(1) / (n + 1)[:, None], turned, x.masked_fill(~on, -torch.inf).amax(1)


@layer(
    """
    layer: generalised_means
    doc: Power means with a learnt exponent, the geometric and harmonic mean, a log-mean-exp, under assumptions of positivity.
    inputs: {x: [N, M]}
    params: {p: []}
    assume: ["x[n, m] > 0"]
    outputs:
      power[n]: Mean(x[n, m]**(1 + softplus(p)), m)**(1/(1 + softplus(p)))
      geometric[n]: exp(Mean(log(x[n, m]), m))
      harmonic[n]: 1/Mean(1/x[n, m], m)
      lme[n]: log(Mean(exp(x[n, m]), m))
      product[n]: Prod(x[n, m], m)**(1/M)
    """,
    {"N": 2, "M": 3},
    {"N": 1, "M": 1},
    x=positive,
)
def generalised_means(x, p):
    e = 1 + F.softplus(p)
    geometric = x.log().mean(1).exp()
    return (x**e).mean(1) ** (1 / e), geometric, 1 / (1 / x).mean(1), x.exp().mean(1).log(), geometric


@layer(
    """
    layer: pairwise_ranks
    doc: Soft ranks by sigmoids of differences, Spearman's loss, concordant pairs counted, the median by its rank.
    inputs: {x: [N], y: {shape: [N], grad: false}}
    hyperparameters: {tau: 0.3}
    where:
      r[i]: 1/2 + Sum(sigmoid((x[i] - x[j])/tau), j)
      s[i]: 1 + Sum(y[j] < y[i], j)
      place[i]: Sum((x[j] < x[i]) | (Eq(x[j], x[i]) & (j < i)), j)
    outputs:
      loss: Sum((r[i] - s[i])**2, i)*6/(N*(N**2 - 1) + 1)
      concordant: Sum(((x[i] - x[j])*(y[i] - y[j]) > 0)*tanh(x[i] - x[j])**2, i, j)/2
      middle: Sum(Piecewise((x[i], Eq(place[i], (N - 1)//2)), (0, True)), i)
    """,
    {"N": 5},
    {"N": 1},
)
def pairwise_ranks(x, y):
    size, gap = len(x), x[:, None] - x
    r = 0.5 + torch.sigmoid(gap / 0.3).sum(1)
    s = 1 + (y < y[:, None]).sum(1)
    agree = (gap * (y[:, None] - y) > 0).to(x.dtype)
    return ((r - s) ** 2).sum() * 6 / (size * (size**2 - 1) + 1), (agree * torch.tanh(gap) ** 2).sum() / 2, x.sort().values[(size - 1) // 2]


@layer(
    """
    layer: grouped_means
    doc: Means and variances by label, a centre loss, rows normalised within their group, counts as numbers.
    inputs: {x: [N, D], g: {shape: [N], values: G}}
    params: {c: [G, D]}
    hyperparameters: {eps: 1e-5}
    where:
      n_[k]: Max(Sum(Eq(g[i], k), i), 1)
      mu[k, d]: Sum(Piecewise((x[i, d], Eq(g[i], k)), (0, True)), i)/n_[k]
      v[k, d]: Sum(Eq(g[i], k)*(x[i, d] - mu[g[i], d])**2, i)/n_[k]
    indices: {k: G}
    outputs:
      y[i, d]: (x[i, d] - mu[g[i], d])/sqrt(v[g[i], d] + eps)
      centre: Sum((mu[k, d] - c[k, d])**2*n_[k], k, d)/N
    """,
    {"N": 6, "D": 2, "G": 3},
    {"N": 1, "D": 1, "G": 1},
)
def grouped_means(x, g, c):
    hot = F.one_hot(g, len(c)).to(x.dtype)
    count = hot.sum(0).clamp(min=1)[:, None]
    mu = hot.T @ x / count
    v = hot.T @ (x - mu[g]) ** 2 / count
    return (x - mu[g]) / torch.sqrt(v[g] + 1e-5), ((mu - c) ** 2 * count).sum() / len(x)


@layer(
    """
    layer: stochastic_depth
    doc: A residual branch kept for whole samples by chance, gates by uniform noise made logistic, both drawn from one generator.
    inputs: {x: [B, D]}
    params: {W: [D, D], a: [D]}
    hyperparameters: {p: 0.3, tau: 0.7}
    random: {keep: {shape: [B], dist: "bernoulli(1 - p)"}, u: {shape: [B, D], dist: "uniform(0.05, 0.95)"}}
    outputs:
      y[b, d]: x[b, d] + keep[b]/(1 - p)*tanh(Sum(x[b, k]*W[k, d], k))*sigmoid((a[d] + log(u[b, d]) - log(1 - u[b, d]))/tau)
      kept[b]: keep[b]
      drawn[b, d]: u[b, d]
    """,
    {"B": 4, "D": 2},
    {"B": 1, "D": 1},
    reveals={"keep": "kept", "u": "drawn"},
)
def stochastic_depth(x, W, a, keep, u):
    gate = torch.sigmoid((a + torch.logit(u)) / 0.7)
    return x + keep[:, None] / 0.7 * torch.tanh(x @ W) * gate, keep, u
