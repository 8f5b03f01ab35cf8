"""Losses on masks, boxes, rankings and sequences; schedules and steps that recur."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer


@layer(
    """
    layer: tversky_many
    doc: "Tversky and Dice for classes that occur, log-cosh Dice, and the combo of cross-entropy and Dice (Salehi 2017, Jadon 2020)."
    inputs: {z: [B, C, P], t: {shape: [B, P], values: C, also: [255]}}
    hyperparameters: {a: 0.3, b: 0.7, eps: 1.0}
    where:
      p[n, c, i]: Softmax(z[n, c, i], c)
      valid[n, i]: Ne(t[n, i], 255)
      hot[n, c, i]: Eq(t[n, i], c)
      tp[n, c]: Sum(p[n, c, i]*hot[n, c, i], i)
      fp[n, c]: Sum(p[n, c, i]*valid[n, i]*(1 - hot[n, c, i]), i)
      fn[n, c]: Sum((1 - p[n, c, i])*hot[n, c, i], i)
      occurs[n, c]: Sum(hot[n, c, i], i) > 0
      index[n, c]: (tp[n, c] + eps)/(tp[n, c] + a*fp[n, c] + b*fn[n, c] + eps)
      dice: Mean(2*tp[n, c]/Max(2*tp[n, c] + fp[n, c] + fn[n, c], 1e-6), n, c)
    outputs:
      tversky: Sum(occurs[n, c]*(1 - index[n, c]), n, c)/Max(Sum(occurs[n, c], n, c), 1)
      focal: Mean((1 - index[n, c])**(3/4), n, c)
      log_cosh: log(cosh(1 - dice))
    """,
    {"B": 2, "C": 3, "P": 5},
    {"B": 1, "C": 2, "P": 1},
)
def tversky_many(z, t):
    p = z.softmax(1)
    valid = (t != 255).to(z.dtype)[:, None]
    hot = torch.stack([(t == c).to(z.dtype) for c in range(z.shape[1])], 1)
    tp, fp, fn = ((p * hot).sum(2), (p * valid * (1 - hot)).sum(2), ((1 - p) * hot).sum(2))
    index = (tp + 1) / (tp + 0.3 * fp + 0.7 * fn + 1)
    occurs = (hot.sum(2) > 0).to(z.dtype)
    dice = (2 * tp / (2 * tp + fp + fn).clamp(min=1e-6)).mean()
    lost = torch.where(index == 1, 1, 1 - index) ** 0.75 * (index != 1)
    return (occurs * (1 - index)).sum() / occurs.sum().clamp(min=1), lost.mean(), torch.log(torch.cosh(1 - dice))


@layer(
    """
    layer: lovasz_hinge
    doc: "The Lovász hinge by ranks: errors are weighed by the jump of the Jaccard index at their place in the order (Berman et al. 2018)."
    inputs: {z: [N], t: {shape: [N], dtype: bool}}
    where:
      e[i]: 1 - (2*t[i] - 1)*z[i]
      ahead[i, j]: (e[j] > e[i]) | (Eq(e[j], e[i]) & (j < i))
      gts: Sum(t[i], i)
      before_t[i]: Sum(t[j]*ahead[i, j], j)
      before_f[i]: Sum((1 - t[j])*ahead[i, j], j)
      jac1[i]: 1 - (gts - before_t[i] - t[i])/(gts + before_f[i] + 1 - t[i])
      jac0[i]: Piecewise((1 - (gts - before_t[i])/(gts + before_f[i]), gts + before_f[i] > 0), (0, True))
    outputs: {loss: "Sum(relu(e[i])*(jac1[i] - jac0[i]), i)"}
    """,
    {"N": 6},
    {"N": 1},
)
def lovasz_hinge(z, t):
    sign = 2.0 * t - 1
    e, order = torch.sort(1 - z * sign, descending=True, stable=True)
    hot = t[order].to(z.dtype)
    jaccard = 1 - (hot.sum() - hot.cumsum(0)) / (hot.sum() + (1 - hot).cumsum(0))
    jumps = torch.cat([jaccard[:1], jaccard[1:] - jaccard[:-1]])
    return torch.relu(e) @ jumps


@layer(
    """
    layer: box_losses
    doc: "Generalised, distance and complete intersection over union of boxes x0, y0, x1, y1 (Rezatofighi 2019, Zheng 2020)."
    inputs: {p: [N, 4], q: {shape: [N, 4], grad: false}}
    hyperparameters: {eps: 1e-7}
    where:
      px[n, k]: Min(p[n, k], p[n, k + 2])
      py[n, k]: Max(p[n, k], p[n, k + 2])
      qx[n, k]: Min(q[n, k], q[n, k + 2])
      qy[n, k]: Max(q[n, k], q[n, k + 2])
      inter[n]: Prod(relu(Min(py[n, k], qy[n, k]) - Max(px[n, k], qx[n, k])), k)
      union[n]: Prod(py[n, k] - px[n, k], k) + Prod(qy[n, k] - qx[n, k], k) - inter[n]
      hull[n, k]: Max(py[n, k], qy[n, k]) - Min(px[n, k], qx[n, k])
      iou[n]: inter[n]/(union[n] + eps)
      rho[n]: Sum((px[n, k] + py[n, k] - qx[n, k] - qy[n, k])**2, k)/4
      d[n]: rho[n]/(Sum(hull[n, k]**2, k) + eps)
      v[n]: 4/pi**2*(atan((qy[n, 0] - qx[n, 0])/(qy[n, 1] - qx[n, 1] + eps)) - atan((py[n, 0] - px[n, 0])/(py[n, 1] - px[n, 1] + eps)))**2
      al[n]: stop_gradient(v[n]/(1 - iou[n] + v[n] + eps))
    indices: {k: 2}
    outputs:
      giou: Mean(1 - iou[n] + (Prod(hull[n, k], k) - union[n])/(Prod(hull[n, k], k) + eps), n)
      diou: Mean(1 - iou[n] + d[n], n)
      ciou: Mean(1 - iou[n] + d[n] + al[n]*v[n], n)
    """,
    {"N": 5},
    {"N": 1},
)
def box_losses(p, q):
    (pl, ph), (ql, qh) = ((torch.minimum(b[:, :2], b[:, 2:]), torch.maximum(b[:, :2], b[:, 2:])) for b in (p, q))
    inter = torch.relu(torch.minimum(ph, qh) - torch.maximum(pl, ql)).prod(1)
    union = (ph - pl).prod(1) + (qh - ql).prod(1) - inter
    hull = torch.maximum(ph, qh) - torch.minimum(pl, ql)
    iou = inter / (union + 1e-7)
    d = ((pl + ph - ql - qh) ** 2).sum(1) / 4 / ((hull**2).sum(1) + 1e-7)
    angles = [torch.atan((h - l)[:, 0] / ((h - l)[:, 1] + 1e-7)) for l, h in ((ql, qh), (pl, ph))]  # noqa: E741
    v = 4 / torch.pi**2 * (angles[0] - angles[1]) ** 2
    alpha = (v / (1 - iou + v + 1e-7)).detach()
    giou = 1 - iou + (hull.prod(1) - union) / (hull.prod(1) + 1e-7)
    return giou.mean(), (1 - iou + d).mean(), (1 - iou + d + alpha * v).mean()


@layer(
    """
    layer: focal_heatmap
    doc: CenterNet's focal loss on heatmaps, the offsets at the peaks, and a soft argmax in the plane.
    inputs: {z: [H, W], y: {shape: [H, W], grad: false}, off: [2, H, W], at: {shape: [K], values: H}, left: {shape: [K], values: W}, target: {shape: [K, 2], grad: false}}
    where:
      p[i, j]: sigmoid(z[i, j])
      peak[i, j]: Eq(y[i, j], 1)
      n: Max(Sum(peak[i, j], i, j), 1)
      s[i, j]: exp(4*z[i, j])/Sum(exp(4*z[a, b]), a, b)
    outputs:
      loss: -Sum(Piecewise(((1 - p[i, j])**2*log(p[i, j]), peak[i, j]), ((1 - y[i, j])**4*p[i, j]**2*log(1 - p[i, j]), True)), i, j)/n
      l1: Mean(Abs(off[c, at[k], left[k]] - target[k, c]), c, k)
      row: Sum(s[i, j]*i, i, j)/H
      column: Sum(s[i, j]*j, i, j)/W
    """,
    {"H": 3, "W": 4, "K": 2},
    {"H": 1, "W": 1, "K": 1},
    y=lambda rng, shape: rng.choice([0.0, 0.5, 1.0], shape),
)
def focal_heatmap(z, y, off, at, left, target):
    p, peak = torch.sigmoid(z), y == 1
    parts = torch.where(peak, (1 - p) ** 2 * F.logsigmoid(z), (1 - y) ** 4 * p**2 * F.logsigmoid(-z))
    s = (4 * z).flatten().softmax(0).view_as(z)
    rows, columns = torch.arange(z.shape[0]), torch.arange(z.shape[1])
    l1 = (off[:, at, left].T - target).abs().mean()
    return -parts.sum() / peak.sum().clamp(min=1), l1, (s.sum(1) * rows).sum() / len(rows), (s.sum(0) * columns).sum() / len(columns)


@layer(
    """
    layer: plackett_luce
    doc: The likelihood of an order under Plackett and Luce, suffix sums of exponentials, ListNet, and a margin on neighbours.
    inputs: {s: [B, N], order: {shape: [B, N], values: N}, rel: {shape: [B, N], grad: false}}
    where:
      o[b, i]: s[b, order[b, i]]
    outputs:
      nll: -Mean(Sum(o[b, i] - log(Sum(exp(o[b, j]), (j, i, N - 1))), i), b)
      listnet: -Mean(Sum(Softmax(rel[b, i], i)*LogSoftmax(s[b, i], i), i), b)
      margin: Sum(Max(0, 1 - o[b, i] + o[b, i + 1]), b, (i, 0, N - 2))
    """,
    {"B": 2, "N": 5},
    {"B": 1, "N": 1},
    order=lambda rng, shape: rng.permuted(
        rng.permuted(rng.permuted(torch.arange(shape[1]).repeat(shape[0], 1).numpy(), axis=1), axis=1), axis=1
    ),
)
def plackett_luce(s, order, rel):
    o = s.gather(1, order)
    suffix = torch.logcumsumexp(o.flip(1), 1).flip(1)
    listnet = -(rel.softmax(1) * s.log_softmax(1)).sum(1).mean()
    return -(o - suffix).sum(1).mean(), listnet, torch.relu(1 - o[:, :-1] + o[:, 1:]).sum()


@layer(
    """
    layer: quantile_crps
    doc: Pinball losses at several levels, the energy form of the CRPS of an ensemble, and the interval score.
    inputs: {q: [N, K], y: {shape: [N], grad: false}, x: [N, M]}
    hyperparameters: {alpha: 0.2}
    where:
      tau[k]: (k + 1)/(K + 1)
      u[n, k]: y[n] - q[n, k]
    outputs:
      pinball: Mean(Max(tau[k]*u[n, k], (tau[k] - 1)*u[n, k]), n, k)
      crps[n]: Mean(Abs(x[n, i] - y[n]), i) - Sum(Abs(x[n, i] - x[n, j]), i, j)/(2*M**2)
      interval[n]: q[n, K - 1] - q[n, 0] + 2/alpha*(relu(q[n, 0] - y[n]) + relu(y[n] - q[n, K - 1]))
    indices: {k: K}
    """,
    {"N": 3, "K": 4, "M": 5},
    {"N": 1, "K": 1, "M": 1},
)
def quantile_crps(q, y, x):
    levels = q.shape[1]
    tau = (torch.arange(levels, dtype=q.dtype) + 1) / (levels + 1)
    u = y[:, None] - q
    crps = (x - y[:, None]).abs().mean(1) - (x[:, :, None] - x[:, None]).abs().sum((1, 2)) / (2 * x.shape[1] ** 2)
    interval = q[:, -1] - q[:, 0] + 10 * (torch.relu(q[:, 0] - y) + torch.relu(y - q[:, -1]))
    return torch.maximum(tau * u, (tau - 1) * u).mean(), crps, interval


@layer(
    """
    layer: connectionist_beam
    doc: The alignment of monotonic attention, expected by its recursion over two indices (Raffel et al. 2017), in probabilities.
    inputs: {e: [U, T], v: [T, D]}
    where:
      p[u, t]: sigmoid(e[u, t])
      a[-1, t]: KroneckerDelta(t, 0)
      q[u, -1]: 0
      q[u, t]: Piecewise(((1 - p[u, t - 1])*q[u, t - 1], t > 0), (0, True)) + a[u - 1, t]
      a[u, t]: p[u, t]*q[u, t]
    outputs:
      context[u, d]: Sum(a[u, t]*v[t, d], t)
      mass[u]: Sum(a[u, t], t)
    """,
    {"U": 3, "T": 4, "D": 2},
    {"U": 1, "T": 1, "D": 1},
)
def monotonic_attention(e, v):
    p = torch.sigmoid(e)
    before = F.one_hot(torch.tensor(0), e.shape[1]).to(e.dtype)
    rows = []
    for u in range(len(e)):
        q, row = 0, []
        for t in range(e.shape[1]):
            q = ((1 - p[u, t - 1]) * q if t else 0) + before[t]
            row.append(p[u, t] * q)
        before = torch.stack(row)
        rows.append(before)
    a = torch.stack(rows)
    return a @ v, a.sum(1)


@layer(
    """
    layer: segmental_scores
    doc: A semi-Markov recursion, segments of at most K steps with their scores by differences of prefix sums.
    inputs: {x: [T, Y], length: [K]}
    where:
      c[-1, y]: 0
      c[t, y]: c[t - 1, y] + x[t, y]
      a[t, y, k]: Piecewise((c[t, y] - c[t - k - 1, y] + length[k], k <= t), (-oo, True))
      f[t]: LogSumExp(Piecewise((g[t - 1 - k] + a[t, y, k], k <= t), (-oo, True)), k, y)
      g[-1]: 0
      g[t]: f[t]
    indices: {k: K}
    outputs: {Z: "g[T - 1]"}
    """,
    {"T": 5, "Y": 2, "K": 3},
    {"T": 3, "Y": 1, "K": 1},
)
def segmental_scores(x, length):
    c = torch.cat([torch.zeros_like(x[:1]), x.cumsum(0)])
    g = [torch.zeros((), dtype=x.dtype)]
    for t in range(len(x)):
        terms = [g[t - k] + c[t + 1] - c[t - k] + length[k] for k in range(min(len(length), t + 1))]
        g.append(torch.logsumexp(torch.cat(terms), 0))
    return g[-1]


@layer(
    """
    layer: neural_ode_midpoint
    doc: Midpoint steps of a small vector field with shared weights, the kinetic energy and the trace of its slope along the way (FFJORD).
    inputs: {z0: [B, D]}
    params: {W: [D, H], b: [H], u: [H], V: [H, D]}
    hyperparameters: {K: 3, h: 0.2}
    indices: {k: K}
    where:
      z[-1, n, d]: z0[n, d]
      l[-1, n]: 0
      e[-1, n]: 0
      k1[k, n, d]: Sum(tanh(Sum(z[k - 1, n, i]*W[i, m], i) + b[m] + k*h*u[m])*V[m, d], m)
      mid[k, n, d]: z[k - 1, n, d] + h/2*k1[k, n, d]
      act[k, n, m]: tanh(Sum(mid[k, n, i]*W[i, m], i) + b[m] + (k + 1/2)*h*u[m])
      k2[k, n, d]: Sum(act[k, n, m]*V[m, d], m)
      z[k, n, d]: z[k - 1, n, d] + h*k2[k, n, d]
      l[k, n]: l[k - 1, n] + h*Sum((1 - act[k, n, m]**2)*Sum(W[d, m]*V[m, d], d), m)
      e[k, n]: e[k - 1, n] + h*Sum(k2[k, n, d]**2, d)
    outputs:
      z1[n, d]: z[K - 1, n, d]
      trace[n]: l[K - 1, n]
      energy: Mean(e[K - 1, n], n)
    """,
    {"B": 2, "D": 2, "H": 3},
    {"B": 1, "D": 1, "H": 1},
)
def neural_ode_midpoint(z0, W, b, u, V):
    z, trace, energy = z0, 0, 0
    for k in range(3):
        k1 = torch.tanh(z @ W + b + k * 0.2 * u) @ V
        act = torch.tanh((z + 0.1 * k1) @ W + b + (k + 0.5) * 0.2 * u)
        k2 = act @ V
        z = z + 0.2 * k2
        trace = trace + 0.2 * ((1 - act**2) * (W.T * V).sum(1)).sum(1)
        energy = energy + 0.2 * (k2**2).sum(1)
    return z, trace, energy.mean()


@layer(
    """
    layer: word_alignment
    doc: IBM model 1 with a null word, label smoothing of the targets, and a copy gate that mixes two distributions.
    inputs: {z: [J, V], s: {shape: [I], values: V}, t: {shape: [J], values: V}, g: [J], a: [J, I]}
    hyperparameters: {smooth: 0.1}
    where:
      gen[j, v]: Softmax(z[j, v], v)
      copy[j, v]: Sum(KroneckerDelta(s[i], v)*Softmax(a[j, i], i), i)
      p[j, v]: sigmoid(g[j])*gen[j, v] + (1 - sigmoid(g[j]))*copy[j, v]
      target[j, v]: (1 - smooth)*Eq(t[j], v) + smooth/V
    outputs:
      nll: -Mean(log(p[j, t[j]] + 1e-9), j)
      smoothed: -Mean(Sum(target[j, v]*log(gen[j, v]), v), j)
      covered[i]: Min(Sum(Softmax(a[j, k], k)*KroneckerDelta(k, i), k, j), 1)
    indices: {v: V, i: I}
    """,
    {"J": 3, "V": 4, "I": 2},
    {"J": 1, "V": 1, "I": 1},
)
def word_alignment(z, s, t, g, a):
    gen, look, gate = z.softmax(1), a.softmax(1), torch.sigmoid(g)[:, None]
    copy = torch.zeros_like(z).index_add(1, s, look)
    p = gate * gen + (1 - gate) * copy
    nll = -(p.gather(1, t[:, None]) + 1e-9).log().mean()
    smoothed = F.cross_entropy(z, t, label_smoothing=0.1)
    return nll, smoothed, torch.where(look.sum(0) < 1, look.sum(0), 1)
