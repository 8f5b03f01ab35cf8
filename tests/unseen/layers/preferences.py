"""Losses of preferences, policies and representations, as their papers write them."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, unit


@layer(
    """
    layer: direct_preference
    doc: "DPO with smoothed labels, and its margin; tokens marked -100 do not count (Rafailov et al. 2023)."
    inputs:
      zw: [B, T, V]
      zl: [B, T, V]
      yw: {shape: [B, T], values: V, also: [-100]}
      yl: {shape: [B, T], values: V, also: [-100]}
      ref_w: {shape: [B], grad: false}
      ref_l: {shape: [B], grad: false}
    hyperparameters: {beta: 0.1, label_smoothing: 0.1}
    where:
      pw[b, t, v]: LogSoftmax(zw[b, t, v], v)
      pl[b, t, v]: LogSoftmax(zl[b, t, v], v)
      lw[b]: Sum(Piecewise((pw[b, t, yw[b, t]], yw[b, t] != -100), (0, True)), t)
      ll[b]: Sum(Piecewise((0, Eq(yl[b, t], -100)), (pl[b, t, yl[b, t]], True)), t)
      h[b]: beta*((lw[b] - ref_w[b]) - (ll[b] - ref_l[b]))
    outputs:
      loss: Mean(-(1 - label_smoothing)*log(sigmoid(h[b])) - label_smoothing*log(1 - sigmoid(h[b])), b)
      accuracy: Mean(h[b] > 0, b)
      reward[b]: stop_gradient(beta*(lw[b] - ref_w[b]))
    """,
    {"B": 2, "T": 3, "V": 4},
    {"B": 1, "T": 1, "V": 1},
)
def direct_preference(zw, zl, yw, yl, ref_w, ref_l):
    def total(z, y):
        return -F.cross_entropy(z.transpose(1, 2), y, reduction="none").sum(1)

    h = 0.1 * (total(zw, yw) - ref_w - total(zl, yl) + ref_l)
    loss = (-0.9 * F.logsigmoid(h) - 0.1 * F.logsigmoid(-h)).mean()
    return loss, (h > 0).double().mean(), (0.1 * (total(zw, yw) - ref_w)).detach()


@layer(
    """
    layer: identity_preference
    doc: IPO, (h - 1/(2τ))² (Azar et al. 2023), SimPO with lengths, and the hinge of SLiC beside it.
    inputs: {lw: [B], ll: [B], rw: {shape: [B], grad: false}, rl: {shape: [B], grad: false}, nw: {shape: [B], grad: false}, nl: {shape: [B], grad: false}}
    hyperparameters: {tau: 0.1, beta: 2, gamma: 0.5, delta: 1}
    outputs:
      ipo: Mean(((lw[b] - rw[b]) - (ll[b] - rl[b]) - 1/(2*tau))**2, b)
      simpo: Mean(softplus(-(beta*lw[b]/nw[b] - beta*ll[b]/nl[b] - gamma)), b)
      slic: Mean(Max(0, delta - lw[b] + ll[b]), b)
    """,
    {"B": 4},
    {"B": 1},
    nw=positive,
    nl=positive,
)
def identity_preference(lw, ll, rw, rl, nw, nl):
    ipo = ((lw - rw - ll + rl - 5) ** 2).mean()
    return ipo, -F.logsigmoid(2 * lw / nw - 2 * ll / nl - 0.5).mean(), torch.relu(1 - lw + ll).mean()


@layer(
    """
    layer: kahneman_tversky
    doc: KTO, whose reference point is the mean of the batch, above zero and without gradient (Ethayarajh et al. 2024).
    inputs: {r: [B], kl: [M], good: {shape: [B], dtype: bool}}
    hyperparameters: {beta: 0.1, desirable: 1.0, undesirable: 1.33}
    where:
      z0: stop_gradient(Max(Mean(kl[m], m), 0))
      value[b]: Piecewise((desirable*(1 - sigmoid(beta*(r[b] - z0))), good[b]), (undesirable*(1 - sigmoid(beta*(z0 - r[b]))), True))
    outputs: {loss: "Mean(value[b], b)"}
    """,
    {"B": 5, "M": 3},
    {"B": 1, "M": 1},
)
def kahneman_tversky(r, kl, good):
    z0 = kl.mean().clamp(min=0).detach()
    return torch.where(good, torch.sigmoid(0.1 * (z0 - r)), 1.33 * torch.sigmoid(0.1 * (r - z0))).mean()


@layer(
    """
    layer: group_relative_policy
    doc: "GRPO: advantages within each group of G answers, a clipped ratio and the k3 estimate of the divergence (Shao et al. 2024)."
    inputs:
      logp: [P, G, T]
      old: {shape: [P, G, T], grad: false}
      ref: {shape: [P, G, T], grad: false}
      reward: {shape: [P, G], grad: false}
      mask: {shape: [P, G, T], dtype: bool}
    hyperparameters: {eps: 0.2, beta: 0.04, tiny: 1e-4}
    where:
      A[p, g]: (reward[p, g] - Mean(reward[p, k], k))/(sqrt(Var(reward[p, k], k)) + tiny)
      ratio[p, g, t]: exp(logp[p, g, t] - old[p, g, t])
      gain[p, g, t]: Min(ratio[p, g, t]*A[p, g], Min(Max(ratio[p, g, t], 1 - eps), 1 + eps)*A[p, g])
      k3[p, g, t]: exp(ref[p, g, t] - logp[p, g, t]) - (ref[p, g, t] - logp[p, g, t]) - 1
      count[p, g]: Max(Sum(mask[p, g, t], t), 1)
    outputs:
      loss: -Mean(Sum(mask[p, g, t]*(gain[p, g, t] - beta*k3[p, g, t]), t)/count[p, g], p, g)
      kl: Sum(mask[p, g, t]*k3[p, g, t], p, g, t)/Sum(count[p, g], p, g)
    """,
    {"P": 2, "G": 3, "T": 4},
    {"P": 1, "G": 1, "T": 1},
)
def group_relative_policy(logp, old, ref, reward, mask):
    A = (reward - reward.mean(1, keepdim=True)) / (reward.std(1, keepdim=True, correction=0) + 1e-4)
    ratio, A = torch.exp(logp - old), A[..., None]
    gain = torch.minimum(ratio * A, ratio.clamp(0.8, 1.2) * A)
    k3 = torch.exp(ref - logp) - (ref - logp) - 1
    count = mask.sum(-1).clamp(min=1)
    loss = -((mask * (gain - 0.04 * k3)).sum(-1) / count).mean()
    return loss, (mask * k3).sum() / count.sum()


@layer(
    """
    layer: generalised_advantage
    doc: Advantages from the last step backwards with resets, PPO's clipped value loss, entropy (Schulman et al. 2016, 2017).
    inputs: {r: {shape: [T, E], grad: false}, done: {shape: [T, E], dtype: bool}, v: [T, E], last: {shape: [E], grad: false}, old: {shape: [T, E], grad: false}, z: [T, E, A]}
    hyperparameters: {gamma: 0.99, lam: 0.95, clip: 0.2}
    where:
      next[t, e]: Piecewise((stop_gradient(v[t + 1, e]), t < T - 1), (last[e], True))
      delta[t, e]: r[t, e] + gamma*next[t, e]*(1 - done[t, e]) - stop_gradient(v[t, e])
      adv[T, e]: 0
      adv[t, e]: delta[t, e] + gamma*lam*(1 - done[t, e])*adv[t + 1, e]
      ret[t, e]: adv[t, e] + stop_gradient(v[t, e])
      held[t, e]: old[t, e] + Min(Max(v[t, e] - old[t, e], -clip), clip)
      p[t, e, a]: Softmax(z[t, e, a], a)
    outputs:
      value_loss: Mean(Max((v[t, e] - ret[t, e])**2, (held[t, e] - ret[t, e])**2), t, e)/2
      entropy: -Mean(Sum(p[t, e, a]*log(p[t, e, a]), a), t, e)
      A_[t, e]: adv[t, e]
    """,
    {"T": 4, "E": 2, "A": 3},
    {"T": 1, "E": 1, "A": 1},
)
def generalised_advantage(r, done, v, last, old, z):
    after, rows = torch.zeros_like(last), []
    fixed = v.detach()
    for t in reversed(range(len(r))):
        coming = fixed[t + 1] if t + 1 < len(r) else last
        live = (~done[t]).to(r.dtype)
        after = r[t] + 0.99 * coming * live - fixed[t] + 0.99 * 0.95 * live * after
        rows.insert(0, after)
    adv = torch.stack(rows)
    target = adv + fixed
    held = old + (v - old).clamp(-0.2, 0.2)
    return (
        torch.maximum((v - target) ** 2, (held - target) ** 2).mean() / 2,
        torch.distributions.Categorical(logits=z).entropy().mean(),
        adv,
    )


@layer(
    """
    layer: nt_xent_pairs
    doc: SimCLR over 2N views, the partner of i is (i + N) % 2N, itself left out (Chen et al. 2020).
    inputs: {z: [2*N, D]}
    hyperparameters: {tau: 0.5}
    dims: {M: 2*N}
    indices: {i: M, j: M}
    where:
      u[i, d]: z[i, d]/Norm(z[i, k], k)
      s[i, j]: Sum(u[i, d]*u[j, d], d)/tau
    outputs:
      loss: -Mean(s[i, (i + N) % M] - log(Sum(Piecewise((exp(s[i, j]), Ne(i, j)), (0, True)), j)), i)
    """,
    {"N": 3, "D": 2},
    {"N": 1, "D": 3},
)
def nt_xent_pairs(z):
    u = F.normalize(z)
    count = len(z)
    s = (u @ u.T / 0.5).masked_fill(torch.eye(count, dtype=torch.bool), -torch.inf)
    return F.cross_entropy(s, (torch.arange(count) + count // 2) % count)


@layer(
    """
    layer: siglip
    doc: Sigmoid loss over all pairs with a learnt temperature and bias (Zhai et al. 2023).
    inputs: {x: [N, D], y: [N, D]}
    params: {t_prime: {shape: [], init: "2.3"}, b: {shape: [], init: "-10"}}
    where:
      xn: x/sum(x*x, axis=1, keepdims=True)**0.5
      yn: y/sqrt(sum(y**2, axis=1, keepdims=True))
      logits: exp(t_prime)*xn @ yn.T + b
      label[i, j]: 2*KroneckerDelta(i, j) - 1
    indices: {i: N, j: N}
    outputs:
      loss: -Sum(log(sigmoid(label[i, j]*logits[i, j])), i, j)/N
    """,
    {"N": 4, "D": 3},
    {"N": 1, "D": 1},
)
def siglip(x, y, t_prime, b):
    logits = torch.exp(t_prime) * F.normalize(x) @ F.normalize(y).T + b
    return -F.logsigmoid((2 * torch.eye(len(x), dtype=x.dtype) - 1) * logits).sum() / len(x)


@layer(
    """
    layer: byol
    doc: Two predictions against two frozen targets, 2 - 2 cos (Grill et al. 2020), and the target's moving average.
    inputs: {p1: [N, D], p2: [N, D], z1: [N, D], z2: [N, D]}
    params: {theta: [K]}
    state: {xi: [K]}
    hyperparameters: {tau: 0.99}
    where:
      c1[n]: Sum(p1[n, d]*stop_gradient(z2[n, d]), d)/(Norm(p1[n, d], d)*Norm(stop_gradient(z2[n, d]), d))
      c2[n]: Sum(p2[n, d]*stop_gradient(z1[n, d]), d)/(Norm(p2[n, d], d)*Norm(stop_gradient(z1[n, d]), d))
    outputs:
      loss: Mean(4 - 2*c1[n] - 2*c2[n], n) + 0*Sum(theta[k], k)
    update:
      xi[k]: tau*xi[k] + (1 - tau)*theta[k]
    """,
    {"N": 3, "D": 4, "K": 2},
    {"N": 1, "D": 2, "K": 1},
)
def byol(p1, p2, z1, z2, theta, xi):
    c1, c2 = F.cosine_similarity(p1, z2.detach()), F.cosine_similarity(p2, z1.detach())
    return ((4 - 2 * c1 - 2 * c2).mean(),), (0.99 * xi + 0.01 * theta.detach(),)


@layer(
    """
    layer: swav_targets
    doc: Codes from three rounds of Sinkhorn-Knopp without gradient, swapped cross-entropy (Caron et al. 2020).
    inputs: {a: [N, K], b: [N, K]}
    hyperparameters: {eps: 0.05, tau: 0.1}
    where:
      q0[n, k]: exp((b[n, k] - Amax(b[m, l], m, l))/eps)
      r1[n, k]: q0[n, k]/Sum(q0[m, k], m)/K
      c1[n, k]: r1[n, k]/Sum(r1[n, l], l)/N
      r2[n, k]: c1[n, k]/Sum(c1[m, k], m)/K
      c2[n, k]: r2[n, k]/Sum(r2[n, l], l)
      q[n, k]: stop_gradient(c2[n, k])
    outputs:
      loss: -Mean(Sum(q[n, k]*LogSoftmax(a[n, k]/tau, k), k), n)
    """,
    {"N": 3, "K": 4},
    {"N": 1, "K": 1},
    b=unit,
)
def swav_targets(a, b):
    q = torch.exp((b - b.max()) / 0.05)
    for _ in range(2):
        q = q / q.sum(0) / q.shape[1]
        q = q / q.sum(1, keepdim=True) / q.shape[0]
    q = (q * q.shape[0]).detach()
    return -(q * F.log_softmax(a / 0.1, 1)).sum(1).mean()


@layer(
    """
    layer: wasserstein_critic
    doc: The critic's loss with the penalty on the slope of a two-layer critic, written out (Gulrajani et al. 2017).
    inputs: {real: [N, D], fake: [N, D], mix: {shape: [N], grad: false}}
    params: {W: [D, H], b: [H], u: [H]}
    hyperparameters: {weight: 10}
    where:
      x[n, d]: mix[n]*real[n, d] + (1 - mix[n])*fake[n, d]
      a[n, h]: tanh(Sum(x[n, d]*W[d, h], d) + b[h])
      slope[n, d]: Sum(W[d, h]*(1 - a[n, h]**2)*u[h], h)
      critic_r[n]: Sum(tanh(Sum(real[n, d]*W[d, h], d) + b[h])*u[h], h)
      critic_f: tanh(fake @ W + b) @ u
    outputs:
      loss: Mean(critic_f[n] - critic_r[n] + weight*(Norm(slope[n, d], d) - 1)**2, n)
    """,
    {"N": 3, "D": 2, "H": 4},
    {"N": 1, "D": 1, "H": 1},
    mix=unit,
)
def wasserstein_critic(real, fake, mix, W, b, u):
    x = mix[:, None] * real + (1 - mix[:, None]) * fake
    slope = ((1 - torch.tanh(x @ W + b) ** 2) * u) @ W.T
    scores = [torch.tanh(z @ W + b) @ u for z in (fake, real)]
    return (scores[0] - scores[1] + 10 * (slope.norm(dim=1) - 1) ** 2).mean()


@layer(
    """
    layer: denoising_diffusion
    doc: "x_t from x_0 by the running product of 1 - β, the ε, x_0 and v losses with min-SNR weights (Ho 2020, Salimans 2022, Hang 2023)."
    inputs: {x0: [B, D], eps: {shape: [B, D], grad: false}, t: {shape: [B], values: T}, beta: {shape: [T], grad: false}, out: [B, D]}
    hyperparameters: {cap: 5}
    where:
      abar[t_]: Prod(1 - beta[s], (s, 0, t_))
      xt[b, d]: sqrt(abar[t[b]])*x0[b, d] + sqrt(1 - abar[t[b]])*eps[b, d]
      v[b, d]: sqrt(abar[t[b]])*eps[b, d] - sqrt(1 - abar[t[b]])*x0[b, d]
      snr[b]: abar[t[b]]/(1 - abar[t[b]])
    outputs:
      x_t[b, d]: xt[b, d]
      loss_eps: Mean(Min(snr[b], cap)/snr[b]*(out[b, d] - eps[b, d])**2, b, d)
      loss_v: Mean((out[b, d] - v[b, d])**2/(snr[b] + 1), b, d)
    indices: {t_: T}
    """,
    {"B": 3, "D": 2, "T": 6},
    {"B": 1, "D": 1, "T": 1},
    beta=unit,
)
def denoising_diffusion(x0, eps, t, beta, out):
    abar = torch.cumprod(1 - beta, 0)[t][:, None]
    v = abar.sqrt() * eps - (1 - abar).sqrt() * x0
    snr = abar / (1 - abar)
    xt = abar.sqrt() * x0 + (1 - abar).sqrt() * eps
    return xt, (snr.clamp(max=5) / snr * (out - eps) ** 2).mean(), ((out - v) ** 2 / (snr + 1)).mean()


@layer(
    """
    layer: score_matching_sliced
    doc: Denoising score matching over several noise levels, and the preconditioning of EDM (Karras et al. 2022, table 1).
    inputs: {y: [B, D], n: {shape: [B, D], grad: false}, sigma: {shape: [B], grad: false}, F_: [B, D]}
    hyperparameters: {sd: 0.5}
    where:
      skip[b]: sd**2/(sigma[b]**2 + sd**2)
      gain[b]: sigma[b]*sd/sqrt(sigma[b]**2 + sd**2)
      D_[b, d]: skip[b]*(y[b, d] + n[b, d]*sigma[b]) + gain[b]*F_[b, d]
      weight[b]: (sigma[b]**2 + sd**2)/(sigma[b]*sd)**2
    outputs:
      loss: Mean(weight[b]*Sum((D_[b, d] - y[b, d])**2, d), b)
      c_noise[b]: log(sigma[b])/4
    """,
    {"B": 3, "D": 2},
    {"B": 1, "D": 1},
    sigma=positive,
)
def preconditioned(y, n, sigma, F_):
    s = sigma[:, None]
    skip, gain = 0.25 / (s**2 + 0.25), s * 0.5 / (s**2 + 0.25).sqrt()
    denoised = skip * (y + n * s) + gain * F_
    return ((s**2 + 0.25) / (s * 0.5) ** 2 * (denoised - y) ** 2).sum(1).mean(), sigma.log() / 4


@layer(
    """
    layer: flow_matching
    doc: Conditional flow matching along straight lines with the logit-normal weight of time (Lipman 2023, Esser 2024).
    inputs: {x0: {shape: [B, D], grad: false}, x1: {shape: [B, D], grad: false}, t: {shape: [B], grad: false}, W: [D, D], c: [D]}
    where:
      xt[b, d]: (1 - t[b])*x0[b, d] + t[b]*x1[b, d]
      v[b, d]: Sum(xt[b, k]*W[k, d], k) + c[d]*t[b]
      pi_t[b]: exp(-log(t[b]/(1 - t[b]))**2/2)/(t[b]*(1 - t[b])*sqrt(2*pi))
    outputs: {loss: "Mean(pi_t[b]*Sum((v[b, d] - (x1[b, d] - x0[b, d]))**2, d), b)"}
    """,
    {"B": 3, "D": 2},
    {"B": 1, "D": 1},
    t=unit,
)
def flow_matching(x0, x1, t, W, c):
    s = t[:, None]
    v = ((1 - s) * x0 + s * x1) @ W + c * s
    weight = torch.exp(-(torch.logit(t) ** 2) / 2) / (t * (1 - t) * (2 * torch.pi) ** 0.5)
    return (weight * ((v - x1 + x0) ** 2).sum(1)).mean()
