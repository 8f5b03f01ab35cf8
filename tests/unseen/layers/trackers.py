"""Layers that carry something along: normalisers with modes, quantisers that watch ranges, codebooks, queues."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive


@layer(
    """
    layer: evo_norm
    doc: Batch and instance statistics in one divisor (EvoNorm-B0, Liu et al. 2020).
    inputs: {x: [N, C, L]}
    params: {v: [C], g: [C], b: [C]}
    state: {running: [C]}
    hyperparameters: {momentum: 0.1, eps: 1e-5}
    where:
      bv[c]: Var(x[n, c, l], n, l)
      iv[n, c]: Var(x[n, c, l], l)
      inst[n, c, l]: v[c]*x[n, c, l] + sqrt(iv[n, c] + eps)
    outputs:
      y[n, c, l]: x[n, c, l]/Max(sqrt(bv[c] + eps), inst[n, c, l])*g[c] + b[c]
    update:
      running[c]: (1 - momentum)*running[c] + momentum*bv[c]*N*L/(N*L - 1)
    modes:
      eval:
        outputs: {"y[n, c, l]": "x[n, c, l]/Max(sqrt(running[c] + eps), inst[n, c, l])*g[c] + b[c]"}
        update: {}
    """,
    {"N": 3, "C": 2, "L": 4},
    running=positive,
)
def evo_norm(x, v, g, b, running, momentum=0.1, eps=1e-5):
    bv = x.var((0, 2), unbiased=False)
    inst = v[:, None] * x + (x.var(2, unbiased=False, keepdim=True) + eps).sqrt()
    y = x / torch.maximum((bv + eps).sqrt()[:, None], inst) * g[:, None] + b[:, None]
    return (y,), ((1 - momentum) * running + momentum * x.detach().var((0, 2)),)


@layer(
    """
    layer: filter_response
    doc: No mean is taken off, and a learned threshold follows (FRN with TLU, Singh & Krishnan 2020).
    inputs: {x: [N, C, H, W]}
    params: {g: [C], b: [C], t: [C], e: [C]}
    outputs:
      y[n, c, h, w]: Max(g[c]*x[n, c, h, w]/sqrt(Mean(x[n, c, i, j]**2, i, j) + Abs(e[c])) + b[c], t[c])
    """,
    {"N": 2, "C": 2, "H": 2, "W": 3},
)
def filter_response(x, g, b, t, e):
    g, b, t, e = (v[:, None, None] for v in (g, b, t, e))
    return torch.maximum(g * x / (x.square().mean((2, 3), keepdim=True) + e.abs()).sqrt() + b, t)


@layer(
    """
    layer: switched_norm
    doc: Statistics of instance, layer and batch under learned weights (Luo et al. 2019).
    inputs: {x: [N, C, L]}
    params: {wm: [3], wv: [3], g: [C], b: [C]}
    hyperparameters: {eps: 1e-5}
    where:
      mi[n, c]: Mean(x[n, c, l], l)
      ml[n]: Mean(x[n, c, l], c, l)
      mb[c]: Mean(x[n, c, l], n, l)
      pm[k]: Softmax(wm[k], k)
      pv[k]: Softmax(wv[k], k)
      m[n, c]: pm[0]*mi[n, c] + pm[1]*ml[n] + pm[2]*mb[c]
      s[n, c]: pv[0]*Var(x[n, c, l], l) + pv[1]*Var(x[n, d, l], d, l) + pv[2]*Var(x[r, c, l], r, l)
    outputs:
      y[n, c, l]: g[c]*(x[n, c, l] - m[n, c])/sqrt(s[n, c] + eps) + b[c]
    """,
    {"N": 2, "C": 3, "L": 2},
)
def switched_norm(x, wm, wv, g, b, eps=1e-5):
    pm, pv = torch.softmax(wm, 0), torch.softmax(wv, 0)
    over = ((2,), (1, 2), (0, 2))
    m = sum(p * x.mean(a, keepdim=True) for p, a in zip(pm, over, strict=True))
    s = sum(p * x.var(a, unbiased=False, keepdim=True) for p, a in zip(pv, over, strict=True))
    return g[:, None] * (x - m) / (s + eps).sqrt() + b[:, None]


@layer(
    """
    layer: standardised_conv
    doc: A convolution whose kernels are standardised before use (Qiao et al. 2019).
    inputs: {x: [N, C, L]}
    params: {k: [O, C, K], g: [O]}
    hyperparameters: {eps: 1e-5}
    indices: {l: L - K + 1}
    where:
      m[o]: Mean(k[o, c, t], c, t)
      s[o]: Var(k[o, c, t], c, t)
      w[o, c, t]: g[o]*(k[o, c, t] - m[o])/sqrt(s[o]*C*K + eps)
    outputs:
      y[n, o, l]: Sum(w[o, c, t]*x[n, c, l + t], c, t)
    """,
    {"N": 2, "C": 2, "L": 5, "O": 2, "K": 3},
)
def standardised_conv(x, k, g, eps=1e-5):
    m, s = k.mean((1, 2), keepdim=True), k.var((1, 2), unbiased=False, keepdim=True)
    return F.conv1d(x, g[:, None, None] * (k - m) / (s * k[0].numel() + eps).sqrt())


@layer(
    """
    layer: observed_quantiser
    doc: Fake quantization to 8 bits of a range that is watched, its gradient passed inside the range (straight through).
    inputs: {x: [N]}
    state: {low: [], high: []}
    hyperparameters: {bits: 8, rate: 0.1}
    where:
      lo: (1 - rate)*low + rate*Min(Amin(x[n], n), 0)
      hi: (1 - rate)*high + rate*Max(Amax(x[n], n), 0)
      step: stop_gradient((hi - lo)/(2**bits - 1))
      zero: stop_gradient(round(-lo/step))
      q[n]: round(x[n]/step) + zero
      inside[n]: 0 <= q[n] <= 2**bits - 1
      c[n]: (Min(Max(q[n], 0), 2**bits - 1) - zero)*step
    outputs:
      y[n]: Piecewise((x[n], inside[n]), (0, True)) + stop_gradient(c[n] - Piecewise((x[n], inside[n]), (0, True)))
    update: {low: lo, high: hi}
    """,
    {"N": 6},
    low=lambda rng, shape: -0.5,
    high=lambda rng, shape: 0.7,
)
def observed_quantiser(x, low, high, bits=8, rate=0.1):
    lo = (1 - rate) * low + rate * x.detach().amin().clamp(max=0)
    hi = (1 - rate) * high + rate * x.detach().amax().clamp(min=0)
    step = (hi - lo) / (2**bits - 1)
    zero = torch.round(-lo / step)
    q = torch.round(x.detach() / step) + zero
    inside = (q >= 0) & (q <= 2**bits - 1)
    kept = torch.where(inside, x, 0)
    return (kept + ((q.clamp(0, 2**bits - 1) - zero) * step - kept).detach(),), (lo, hi)


@layer(
    """
    layer: learned_step
    doc: Quantization whose step size is trained, by the gradient of Esser et al. (2020).
    inputs: {x: [N]}
    params: {s: []}
    hyperparameters: {low: -4, high: 3}
    where:
      g: 1/sqrt(N*high)
      scale: stop_gradient(s - s*g) + s*g
      v[n]: Min(Max(x[n]/scale, low), high)
    outputs:
      y[n]: (stop_gradient(round(v[n]) - v[n]) + v[n])*scale
    """,
    {"N": 6},
    s=lambda rng, shape: 0.3,
)
def learned_step(x, s, low=-4, high=3):
    g = (len(x) * high) ** -0.5
    scale = (s - s * g).detach() + s * g
    v = (x / scale).clamp(low, high)
    return ((v.round() - v).detach() + v) * scale


@layer(
    """
    layer: moving_codebook
    doc: A code for each vector; the codebook follows by exponential averages of counts and sums, with Laplace smoothing.
    inputs: {z: [N, D]}
    state: {E: [K, D], count: [K], total: [K, D]}
    hyperparameters: {decay: 0.9, eps: 1e-2, beta: 0.25}
    where:
      t[n]: Argmin(Sum((z[n, d] - E[k, d])**2, d), k)
      hit[n, k]: Eq(t[n], k)
      c[k]: decay*count[k] + (1 - decay)*Sum(hit[n, k], n)
      s[k, d]: decay*total[k, d] + (1 - decay)*Sum(hit[n, k]*z[n, d], n)
      all: Sum(c[k], k)
    indices: {k: K}
    outputs:
      y[n, d]: z[n, d] + stop_gradient(E[t[n], d] - z[n, d])
      loss: beta*Mean((z[n, d] - E[t[n], d])**2, n, d)
      used: exp(-Sum(Piecewise((Mean(hit[n, k], n)*log(Mean(hit[n, k], n)), Mean(hit[n, k], n) > 0), (0, True)), k))
    update:
      count[k]: c[k]
      total[k, d]: s[k, d]
      E[k, d]: s[k, d]/((c[k] + eps)/(all + K*eps)*all)
    """,
    {"N": 5, "D": 2, "K": 3},
    count=positive,
)
def moving_codebook(z, E, count, total, decay=0.9, eps=1e-2, beta=0.25):
    t = ((z.detach()[:, None] - E) ** 2).sum(-1).argmin(1)
    hit = F.one_hot(t, len(E)).to(z.dtype)
    c = decay * count + (1 - decay) * hit.sum(0)
    s = decay * total + (1 - decay) * hit.T @ z.detach()
    smooth = (c + eps) / (c.sum() + len(E) * eps) * c.sum()
    p = hit.mean(0)
    used = torch.exp(-torch.special.xlogy(p, p).sum())
    return (z + (E[t] - z).detach(), beta * ((z - E[t]) ** 2).mean(), used), (s / smooth[:, None], c, s)


@layer(
    """
    layer: key_queue
    doc: Contrast with a queue of old keys, written round and round (MoCo, He et al. 2020).
    inputs: {q: [N, D], k: {shape: [N, D], grad: false}}
    state: {queue: [Q, D], at: []}
    hyperparameters: {tau: 0.2}
    where:
      pos[n]: Sum(q[n, d]*k[n, d], d)/tau
      neg[n, j]: Sum(q[n, d]*queue[j, d], d)/tau
      age[j]: (j - floor(at)) % Q
    indices: {j: Q}
    outputs:
      loss: Mean(log(exp(pos[n]) + Sum(exp(neg[n, j]), j)) - pos[n], n)
    update:
      queue[j, d]: Piecewise((k[Min((j - floor(at) + Q) % Q, N - 1), d], age[j] < N), (queue[j, d], True))
      at: at + N - Q*floor((at + N)/Q)
    """,
    {"N": 2, "D": 3, "Q": 4},
    at=lambda rng, shape: 3.0,
)
def key_queue(q, k, queue, at, tau=0.2):
    logits = torch.cat([(q * k).sum(1, keepdim=True), q @ queue.T], 1) / tau
    loss = F.cross_entropy(logits, torch.zeros(len(q), dtype=torch.long))
    rows = (int(at) + torch.arange(len(k))) % len(queue)
    return (loss,), (queue.index_put((rows,), k), (at + len(k)) % len(queue))


@layer(
    """
    layer: self_distillation
    doc: Cross-entropy to a centred, sharpened teacher; the centre is an exponential average (DINO, Caron et al. 2021).
    inputs: {s: [V, N, K], t: {shape: [2, N, K], grad: false}}
    state: {center: [K]}
    hyperparameters: {ts: 0.1, tt: 0.04, momentum: 0.9}
    where:
      p[u, n, k]: Softmax((t[u, n, k] - center[k])/tt, k)
      l[v, n, k]: LogSoftmax(s[v, n, k]/ts, k)
      pair[u, v]: -Mean(Sum(p[u, n, k]*l[v, n, k], k), n)
    outputs:
      loss: Sum(pair[u, v]*Ne(u, v), u, v)/(2*(V - 1))
    update:
      center[k]: momentum*center[k] + (1 - momentum)*Mean(t[u, n, k], u, n)
    """,
    {"V": 3, "N": 2, "K": 4},
)
def self_distillation(s, t, center, ts=0.1, tt=0.04, momentum=0.9):
    p, lp = torch.softmax((t - center) / tt, -1), torch.log_softmax(s / ts, -1)
    pairs = [-(p[u] * lp[v]).sum(-1).mean() for u in range(2) for v in range(len(s)) if u != v]
    return (sum(pairs) / len(pairs),), (momentum * center + (1 - momentum) * t.mean((0, 1)),)


@layer(
    """
    layer: balanced_routing
    doc: Experts chosen by scores and a bias that no gradient touches; the bias moves against the load (Wang et al. 2024).
    inputs: {x: [N, D]}
    params: {W: [D, E], A: [E, D, D]}
    state: {bias: [E]}
    hyperparameters: {rate: 0.001}
    where:
      s[n, e]: sigmoid(Sum(x[n, d]*W[d, e], d))
      one[n]: Argmax(s[n, e] + bias[e], e)
      two[n]: Argmax(Piecewise((s[n, e] + bias[e], Ne(e, one[n])), (-oo, True)), e)
      total[n]: s[n, one[n]] + s[n, two[n]]
      load[e]: Sum(Eq(one[n], e) + Eq(two[n], e), n)
    indices: {e: E}
    outputs:
      y[n, c]: (s[n, one[n]]*Sum(x[n, d]*A[one[n], d, c], d) + s[n, two[n]]*Sum(x[n, d]*A[two[n], d, c], d))/total[n]
    update:
      bias[e]: bias[e] + rate*sign(2*N/E - load[e])
    """,
    {"N": 5, "D": 3, "E": 4},
)
def balanced_routing(x, W, A, bias, rate=0.001):
    s = torch.sigmoid(x @ W)
    top = (s + bias).topk(2, 1).indices
    weight = s.gather(1, top)
    every = torch.einsum("nd,edc->nec", x, A)
    y = (weight[..., None] * every.gather(1, top[..., None].expand(-1, -1, x.shape[1]))).sum(1) / weight.sum(1, keepdim=True)
    load = F.one_hot(top, len(bias)).sum((0, 1))
    return (y,), (bias + rate * torch.sign(2 * len(x) / len(bias) - load),)
