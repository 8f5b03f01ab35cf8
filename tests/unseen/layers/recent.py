"""Short layers of recent papers: attentions, norms, activations, adapters, steps of optimisers."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, unit


@layer(
    """
    layer: differential_attention
    doc: The difference of two softmax maps with a learnt weight, normalised (Ye et al. 2024).
    inputs: {q: [2, T, D], k: [2, S, D], v: [S, E]}
    params: {l1: [D], l2: [D], g: [E]}
    hyperparameters: {start: 0.8, eps: 1e-5}
    where:
      p[h, t, s]: Softmax(Sum(q[h, t, d]*k[h, s, d], d)/sqrt(D), s)
      lam: exp(Sum(l1[d], d)) - exp(Sum(l2[d], d)) + start
      a[t, e]: Sum((p[0, t, s] - lam*p[1, t, s])*v[s, e], s)
    outputs: {"y[t, e]": "(1 - start)*g[e]*a[t, e]/sqrt(Mean(a[t, j]**2, j) + eps)"}
    """,
    {"T": 3, "S": 4, "D": 2, "E": 3},
    {"T": 1, "S": 1, "D": 1, "E": 1},
)
def differential_attention(q, k, v, l1, l2, g):
    p = (q @ k.transpose(1, 2) / q.shape[2] ** 0.5).softmax(-1)
    a = (p[0] - (l1.sum().exp() - l2.sum().exp() + 0.8) * p[1]) @ v
    return 0.2 * g * a / torch.sqrt((a**2).mean(1, keepdim=True) + 1e-5)


@layer(
    """
    layer: softcapped_attention
    doc: "Logits capped by tanh, a window, a sink without a value, keys of unit length (Gemma 2; Xiao et al. 2024)."
    inputs: {q: [T, D], k: [T, D], v: [T, E]}
    params: {sink: [], scale: []}
    hyperparameters: {cap: 5.0, w: 2}
    where:
      kn[s, d]: k[s, d]/(Norm(k[s, j], j) + 1e-6)
      z[t, s]: cap*tanh(exp(scale)*Sum(q[t, d]*kn[s, d], d)/cap)
      e[t, s]: Piecewise((exp(z[t, s]), (s <= t) & (t - s < w)), (0, True))
    outputs: {"y[t, d]": "Sum(e[t, s]*v[s, d], s)/(exp(sink) + Sum(e[t, s], s))"}
    """,
    {"T": 4, "D": 2, "E": 3},
    {"T": 1, "D": 1, "E": 1},
)
def softcapped_attention(q, k, v, sink, scale):
    kn = k / (k.norm(dim=1, keepdim=True) + 1e-6)
    z = 5 * torch.tanh(scale.exp() * q @ kn.T / 5)
    gap = torch.arange(len(q))[:, None] - torch.arange(len(q))
    e = torch.where((gap >= 0) & (gap < 2), z.exp(), 0)
    return e @ v / (sink.exp() + e.sum(1, keepdim=True))


@layer(
    """
    layer: latent_attention
    doc: Keys and values from one latent, a rotated part of the query of its own (DeepSeek-V2, eq. 9-19), heads kept as axes.
    inputs: {h: [T, D]}
    params: {Wc: [D, C], Wk: [C, H, K], Wv: [C, H, K], Wq: [D, H, K], Wr: [D, 2], Wqr: [D, H, 2]}
    hyperparameters: {theta: 0.7}
    indices: {j: 2}
    where:
      c[t, m]: Sum(h[t, d]*Wc[d, m], d)
      k[t, a, e]: Sum(c[t, m]*Wk[m, a, e], m)
      v[t, a, e]: Sum(c[t, m]*Wv[m, a, e], m)
      q[t, a, e]: Sum(h[t, d]*Wq[d, a, e], d)
      r[t, j]: Sum(h[t, d]*Wr[d, j], d)
      s[t, a, j]: Sum(h[t, d]*Wqr[d, a, j], d)
      kr[t, j]: r[t, j]*cos(t*theta) + (2*j - 1)*r[t, 1 - j]*sin(t*theta)
      qr[t, a, j]: s[t, a, j]*cos(t*theta) + (2*j - 1)*s[t, a, 1 - j]*sin(t*theta)
      z[a, t, u]: (Sum(q[t, a, e]*k[u, a, e], e) + Sum(qr[t, a, j]*kr[u, j], j))/sqrt(K + 2)
      p[a, t, u]: Softmax(Piecewise((z[a, t, u], u <= t), (-oo, True)), u)
    outputs: {"y[t, a, e]": "Sum(p[a, t, u]*v[u, a, e], u)"}
    """,
    {"T": 3, "D": 2, "C": 2, "H": 2, "K": 3},
    {"T": 1, "D": 1, "C": 1, "H": 1, "K": 1},
)
def latent_attention(h, Wc, Wk, Wv, Wq, Wr, Wqr):
    def turned(x, angle):
        return torch.stack([x[..., 0] * angle.cos() - x[..., 1] * angle.sin(), x[..., 1] * angle.cos() + x[..., 0] * angle.sin()], -1)

    c, angle = h @ Wc, torch.arange(len(h), dtype=h.dtype) * 0.7
    k, v, q = (torch.einsum("tm,mae->tae", x, W) for x, W in ((c, Wk), (c, Wv), (h, Wq)))
    kr, qr = turned(h @ Wr, angle), turned(torch.einsum("td,daj->taj", h, Wqr), angle[:, None])
    z = (torch.einsum("tae,uae->atu", q, k) + torch.einsum("taj,uj->atu", qr, kr)) / (k.shape[2] + 2) ** 0.5
    hidden = torch.ones(len(h), len(h), dtype=torch.bool).triu(1)
    return torch.einsum("atu,uae->tae", z.masked_fill(hidden, -torch.inf).softmax(-1), v)


@layer(
    """
    layer: low_rank_adapter
    doc: DoRA, a frozen weight and a low-rank update whose columns have learnt lengths (Liu et al. 2024).
    inputs: {x: [N, I], W0: {shape: [I, O], grad: false}}
    params: {A: [I, R], B: [R, O], m: [O]}
    hyperparameters: {alpha: 16}
    where:
      V[i, o]: W0[i, o] + alpha/R*Sum(A[i, r]*B[r, o], r)
    outputs: {"y[n, o]": "Sum(x[n, i]*V[i, o], i)*m[o]/Norm(V[j, o], j)"}
    """,
    {"N": 2, "I": 3, "O": 4, "R": 2},
    {"N": 1, "I": 2, "O": 1, "R": 1},
)
def low_rank_adapter(x, W0, A, B, m):
    V = W0 + 16 / A.shape[1] * A @ B
    return x @ V * m / V.norm(dim=0)


@layer(
    """
    layer: dynamic_tanh
    doc: Normalisation by tanh with a learnt steepness (Zhu et al. 2025), a star block, and a learnt mixture of relu, tanh and identity.
    inputs: {x: [..., D]}
    params: {a: [], g: [D], b: [D], w: [3]}
    where:
      p[k]: Softmax(w[k], k)
    outputs:
      y[..., d]: g[d]*tanh(a*x[..., d]) + b[d]
      star[..., d]: Min(relu(x[..., d]), 6)*x[..., d]
      mixed[..., d]: p[0]*relu(x[..., d]) + p[1]*tanh(x[..., d]) + p[2]*x[..., d]
    """,
    {"D": 3},
    {"D": 1},
)
def dynamic_tanh(x, a, g, b, w):
    p = w.softmax(0)
    return g * torch.tanh(a * x) + b, F.relu6(x) * x, p[0] * torch.relu(x) + p[1] * torch.tanh(x) + p[2] * x


@layer(
    """
    layer: snake_and_friends
    doc: Periodic, self-gated and smoothed activations with parameters of their own.
    inputs: {x: [N, C]}
    params: {a: [C], b: [C]}
    outputs:
      snake[n, c]: x[n, c] + sin(a[c]*x[n, c])**2/(a[c]**2 + 1e-9)*a[c]
      swish[n, c]: x[n, c]*sigmoid(b[c]*x[n, c])
      acon[n, c]: (a[c] - b[c])*x[n, c]*sigmoid((a[c] - b[c])*x[n, c]) + b[c]*x[n, c]
      squareplus[n, c]: (x[n, c] + sqrt(x[n, c]**2 + 4))/2
      smelu[n, c]: Piecewise((0, x[n, c] <= -1), (x[n, c], x[n, c] >= 1), ((x[n, c] + 1)**2/4, True))
    """,
    {"N": 4, "C": 2},
    {"N": 1, "C": 1},
)
def snake_and_friends(x, a, b):
    acon = (a - b) * x * torch.sigmoid((a - b) * x) + b * x
    smelu = torch.where(x <= -1, 0, torch.where(x >= 1, x, (x + 1) ** 2 / 4))
    snake = x + torch.sin(a * x) ** 2 / (a**2 + 1e-9) * a
    return snake, x * torch.sigmoid(b * x), acon, (x + torch.sqrt(x**2 + 4)) / 2, smelu


@layer(
    """
    layer: prodigal_step
    doc: Adam with decoupled decay, a clipped global norm over two tensors, a warm-up and a cosine, all in one forward-only layer.
    inputs: {gw: [I, O], gb: [O]}
    params: {w: [I, O], b: [O]}
    state: {mw: {shape: [I, O], init: zeros}, vw: {shape: [I, O], init: zeros}, t: {shape: [], init: zeros}}
    hyperparameters: {lr: 0.1, b1: 0.9, b2: 0.99, eps: 1e-8, decay: 0.01, clip: 1.0, warm: 2, total_: 10}
    wrt: []
    where:
      norm: sqrt(Sum(gw[i, o]**2, i, o) + Sum(gb[o]**2, o))
      s: Min(1, clip/(norm + 1e-6))
      n: t + 1
      rate: lr*Piecewise((n/warm, n < warm), ((1 + cos(pi*(n - warm)/(total_ - warm)))/2, True))
      m[i, o]: b1*mw[i, o] + (1 - b1)*s*gw[i, o]
      v[i, o]: b2*vw[i, o] + (1 - b2)*(s*gw[i, o])**2
    outputs:
      w1[i, o]: w[i, o]*(1 - rate*decay) - rate*m[i, o]/(1 - b1**n)/(sqrt(v[i, o]/(1 - b2**n)) + eps)
      b1_[o]: b[o] - rate*s*gb[o]
      norm_: norm
    update:
      mw[i, o]: m[i, o]
      vw[i, o]: v[i, o]
      t: n
    """,
    {"I": 2, "O": 3},
    {"I": 1, "O": 1},
    vw=positive,
    t=lambda rng, shape: 3.0,
)
def prodigal_step(gw, gb, w, b, mw, vw, t):
    norm = torch.sqrt((gw**2).sum() + (gb**2).sum())
    s = torch.clamp(1 / (norm + 1e-6), max=1)
    rate = 0.1 * (1 + torch.cos(torch.pi * (t + 1 - 2) / 8)) / 2
    m, v = 0.9 * mw + 0.1 * s * gw, 0.99 * vw + 0.01 * (s * gw) ** 2
    step = m / (1 - 0.9 ** (t + 1)) / (torch.sqrt(v / (1 - 0.99 ** (t + 1))) + 1e-8)
    return (w * (1 - rate * 0.01) - rate * step, b - rate * s * gb, norm), (m, v, t + 1)


@layer(
    """
    layer: batch_renorm_eval
    doc: Mode eval with outputs of its own, a state that nothing updates there, and a parameter that only it uses.
    inputs: {x: [N, D]}
    params: {g: [D], b: [D], temperature: []}
    state: {m: [D], v: [D]}
    hyperparameters: {rate: 0.1, eps: 1e-5}
    where:
      mu[d]: Mean(x[n, d], n)
      var[d]: Var(x[n, d], n)
      hat[n, d]: (x[n, d] - mu[d])/sqrt(var[d] + eps)
    outputs: {"y[n, d]": "g[d]*hat[n, d] + b[d] + 0*temperature"}
    update: {"m[d]": "(1 - rate)*m[d] + rate*mu[d]", "v[d]": "(1 - rate)*v[d] + rate*var[d]"}
    modes:
      eval:
        where: {"hat[n, d]": "(x[n, d] - m[d])/sqrt(Abs(v[d]) + eps)"}
        outputs: {"y[n, d]": "(g[d]*hat[n, d] + b[d])/softplus(temperature)"}
        update: {}
    """,
    {"N": 3, "D": 2},
    {"N": 1, "D": 1},
    mode="eval",
)
def batch_renorm_eval(x, g, b, temperature, m, v):
    hat = (x - m) / torch.sqrt(v.abs() + 1e-5)
    return ((g * hat + b) / F.softplus(temperature),), (m, v)


@layer(
    """
    layer: noisy_routing
    doc: "Gates with noise of learnt width, the load of each expert by the normal distribution, the coefficient of variation as a loss (Shazeer et al. 2017)."
    inputs: {x: [N, D]}
    params: {Wg: [D, E], Wn: [D, E]}
    random: {e: {shape: [N, E], dist: "normal(0, 1)"}}
    where:
      sd[n, k]: softplus(Sum(x[n, d]*Wn[d, k], d))
      clean[n, k]: Sum(x[n, d]*Wg[d, k], d)
      z[n, k]: clean[n, k] + e[n, k]*sd[n, k]
      others[n, k]: Amax(Piecewise((-oo, Eq(j, k)), (z[n, j], True)), j)
      load[k]: Sum((1 + erf((clean[n, k] - stop_gradient(others[n, k]))/(sd[n, k]*sqrt(2))))/2, n)
    outputs:
      gates[n, k]: Softmax(z[n, k], k)
      balance: Var(load[k], k)/(Mean(load[k], k)**2 + 1e-10)
      noise[n, k]: e[n, k]
    indices: {j: E}
    """,
    {"N": 3, "D": 2, "E": 3},
    {"N": 1, "D": 1, "E": 2},
    reveals={"e": "noise"},
)
def noisy_routing(x, Wg, Wn, e):
    sd, clean = F.softplus(x @ Wn), x @ Wg
    z = clean + e * sd
    masked = z[:, None].masked_fill(torch.eye(z.shape[1], dtype=torch.bool), -torch.inf)
    load = torch.distributions.Normal(0, 1).cdf((clean - masked.amax(2).detach()) / sd).sum(0)
    return z.softmax(1), load.var(correction=0) / (load.mean() ** 2 + 1e-10), e


@layer(
    """
    layer: masked_modelling
    doc: Cross-entropy at masked places by a tied embedding, Gumbel noise on the others, accuracy by Argmax, tokens dropped by a mask.
    inputs: {h: [B, T, D], t: {shape: [B, T], values: V, also: [-1]}, keep: {shape: [B, T], dtype: bool}}
    params: {Emb: [V, D], bias: [V]}
    hyperparameters: {smooth: 0.05}
    where:
      z[b, s, v]: Sum(h[b, s, d]*Emb[v, d], d)/sqrt(D) + bias[v]
      lp[b, s, v]: LogSoftmax(z[b, s, v], v)
      on[b, s]: (t[b, s] >= 0) & keep[b, s]
      count: Max(Sum(on[b, s], b, s), 1)
    outputs:
      loss: -Sum(Piecewise(((1 - smooth)*lp[b, s, t[b, s]] + smooth*Mean(lp[b, s, v], v), on[b, s]), (0, True)), b, s)/count
      accuracy: Sum(Eq(Argmax(z[b, s, v], v), t[b, s])*on[b, s], b, s)/count
      bits: Sum(Piecewise((-lp[b, s, t[b, s]]/log(2), on[b, s]), (0, True)), b, s)
    """,
    {"B": 2, "T": 3, "D": 2, "V": 4},
    {"B": 1, "T": 1, "D": 1, "V": 1},
)
def masked_modelling(h, t, keep, Emb, bias):
    z = h @ Emb.T / h.shape[2] ** 0.5 + bias
    on = (t >= 0) & keep
    target = torch.where(on, t, -100)
    total = F.cross_entropy(z.flatten(0, 1), target.flatten(), label_smoothing=0.05, reduction="sum")
    count = on.sum().clamp(min=1)
    plain = F.cross_entropy(z.flatten(0, 1), target.flatten(), reduction="sum")
    return total / count, ((z.argmax(2) == t) & on).sum() / count.to(h.dtype), plain / torch.log(torch.tensor(2.0, dtype=h.dtype))


@layer(
    """
    layer: mixup_and_crop
    doc: Batches mixed with their own reverse, a rectangle swapped in by a comparison of places, labels mixed by the area.
    inputs: {x: [B, C, H, W], y: [B, K], lam: {shape: [], grad: false}}
    hyperparameters: {top: 1, left: 0, size: 2}
    where:
      inside[i, j]: (top <= i < top + size) & (left <= j < left + size)
      area: Mean(inside[i, j], i, j)
    indices: {i: H, j: W}
    outputs:
      mixed[b, c, i, j]: lam*x[b, c, i, j] + (1 - lam)*x[B - 1 - b, c, i, j]
      cut[b, c, i, j]: Piecewise((x[B - 1 - b, c, i, j], inside[i, j]), (x[b, c, i, j], True))
      label[b, k]: (1 - area)*y[b, k] + area*y[B - 1 - b, k]
    """,
    {"B": 3, "C": 2, "H": 3, "W": 4, "K": 2},
    {"B": 1, "C": 1, "H": 1, "W": 1, "K": 1},
    lam=unit,
)
def mixup_and_crop(x, y, lam):
    rows, columns = torch.arange(x.shape[2])[:, None], torch.arange(x.shape[3])
    inside = (rows >= 1) & (rows < 3) & (columns < 2)
    area = inside.to(x.dtype).mean()
    return lam * x + (1 - lam) * x.flip(0), torch.where(inside, x.flip(0), x), (1 - area) * y + area * y.flip(0)


@layer(
    """
    layer: patch_mixer
    doc: Patches of a picture as tokens, one mixing over tokens and one over channels, both with the library's norm and gelu.
    inputs: {x: [B, C, 2*H, 2*W]}
    params: {E: [C, 2, 2, D], g: [D], b: [D], U: [H*W, H*W], V: [D, D]}
    dims: {N: H*W}
    indices: {p: 2, q: 2, i: H, j: W, m: N, k: N}
    where:
      tok[n, i, j, d]: Sum(x[n, c, 2*i + p, 2*j + q]*E[c, p, q, d], c, p, q)
      z[n, m, d]: tok[n, m//W, m % W, d]
      a: gelu(layernorm(z, g, b))
      u[n, m, d]: z[n, m, d] + Sum(a[n, k, d]*U[k, m], k)
      v: u + gelu(layernorm(u, g, b)) @ V
    outputs: {"y[n, d]": "Mean(v[n, m, d], m)"}
    """,
    {"B": 2, "C": 1, "H": 2, "W": 3, "D": 2},
    {"B": 1, "C": 1, "H": 1, "W": 1, "D": 2},
)
def patch_mixer(x, E, g, b, U, V):
    z = F.conv2d(x, E.permute(3, 0, 1, 2), stride=2).flatten(2).transpose(1, 2)
    a = F.gelu(F.layer_norm(z, (z.shape[2],), g, b))
    u = z + torch.einsum("nkd,km->nmd", a, U)
    return (u + F.gelu(F.layer_norm(u, (z.shape[2],), g, b)) @ V).mean(1)


@layer(
    """
    layer: jordan_elman
    doc: A recurrent network that sees its own output of the step before, teacher forcing decided by a mask, and scheduled readouts.
    inputs: {x: [T, I], target: {shape: [T, O], grad: false}, force: {shape: [T], dtype: bool}}
    params: {W: [I, H], U: [O, H], R: [H, H], V: [H, O]}
    where:
      h[-1, j]: 0
      y[-1, o]: 0
      fed[t, o]: Piecewise((target[Max(t - 1, 0), o], force[t] & (t > 0)), (y[t - 1, o], True))
      h[t, j]: tanh(Sum(x[t, i]*W[i, j], i) + Sum(fed[t, o]*U[o, j], o) + Sum(h[t - 1, k]*R[k, j], k))
      y[t, o]: Sum(h[t, j]*V[j, o], j)
    outputs:
      loss: Mean((y[t, o] - target[t, o])**2, t, o)
      last[j]: h[T - 1, j]
    """,
    {"T": 4, "I": 2, "O": 2, "H": 3},
    {"T": 1, "I": 1, "O": 1, "H": 1},
)
def jordan_elman(x, target, force, W, U, R, V):
    h, y, rows = torch.zeros(R.shape[0], dtype=x.dtype), torch.zeros(V.shape[1], dtype=x.dtype), []
    for t in range(len(x)):
        fed = target[t - 1] if force[t] and t else y
        h = torch.tanh(x[t] @ W + fed @ U + h @ R)
        y = h @ V
        rows.append(y)
    return ((torch.stack(rows) - target) ** 2).mean(), h
