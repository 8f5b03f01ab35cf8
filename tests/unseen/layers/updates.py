"""Optimizers, schedules and metrics: layers without a backward."""

import math

import torch

from tests.unseen.case import layer, positive


@layer(
    """
    layer: adam_w
    doc: One step of Adam with decoupled weight decay.
    inputs: {w: [...], g: [...]}
    state: {m: [...], v: [...], t: []}
    hyperparameters: {lr: 1e-3, b1: 0.9, b2: 0.999, eps: 1e-8, wd: 0.01}
    where:
      m1[...]: b1*m[...] + (1 - b1)*g[...]
      v1[...]: b2*v[...] + (1 - b2)*g[...]**2
      mh[...]: m1[...]/(1 - b1**(t + 1))
      vh[...]: v1[...]/(1 - b2**(t + 1))
    outputs:
      w1[...]: w[...] - lr*(mh[...]/(sqrt(vh[...]) + eps) + wd*w[...])
    update:
      m[...]: m1[...]
      v[...]: v1[...]
      t: t + 1
    wrt: []
    """,
    {},
    v=positive,
    t=lambda rng, shape: rng.integers(0, 9, shape).astype(float),
)
def adam_w(w, g, m, v, t):
    m, v, t = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2, t + 1
    step = m / (1 - 0.9**t) / (torch.sqrt(v / (1 - 0.999**t)) + 1e-8)
    return (w - 1e-3 * (step + 0.01 * w),), (m, v, t)


@layer(
    """
    layer: rms_prop
    inputs: {w: [N], g: [N]}
    state: {s: {shape: [N], init: zeros}, mom: {shape: [N], init: zeros}}
    hyperparameters: {lr: 0.01, alpha: 0.99, eps: 1e-8, mu: 0.9}
    outputs:
      out: w - lr*buf
    where:
      sq: alpha*s + (1 - alpha)*g**2
      buf: mu*mom + g/(sqrt(sq) + eps)
    update: {s: sq, mom: buf}
    wrt: []
    """,
    {"N": 5},
    {"N": 1},
    s=positive,
)
def rms_prop(w, g, s, mom):
    s = 0.99 * s + 0.01 * g**2
    mom = 0.9 * mom + g / (s.sqrt() + 1e-8)
    return (w - 0.01 * mom,), (s, mom)


@layer(
    """
    layer: ada_grad
    inputs: {w: [N], g: [N]}
    state: {h: [N]}
    hyperparameters: {lr: 0.1, eps: 1e-10}
    outputs: {y: w - lr*g/(sqrt(h + g**2) + eps)}
    update: {h: h + g**2}
    wrt: []
    """,
    {"N": 5},
    {"N": 1},
    h=positive,
)
def ada_grad(w, g, h):
    h = h + g**2
    return (w - 0.1 * g / (h.sqrt() + 1e-10),), (h,)


@layer(
    """
    layer: lion_step
    inputs: {w: [N, M], g: [N, M]}
    state: {m: [N, M]}
    hyperparameters: {lr: 1e-4, b1: 0.9, b2: 0.99, wd: 0.1}
    outputs:
      w_new[i, j]: w[i, j] - lr*(sign(b1*m[i, j] + (1 - b1)*g[i, j]) + wd*w[i, j])
    update:
      m[i, j]: b2*m[i, j] + (1 - b2)*g[i, j]
    wrt: []
    """,
    {"N": 3, "M": 2},
    {"N": 1, "M": 1},
)
def lion_step(w, g, m):
    return (w - 1e-4 * (torch.sign(0.9 * m + 0.1 * g) + 0.1 * w),), (0.99 * m + 0.01 * g,)


@layer(
    """
    layer: nadam_step
    inputs: {w: [N], g: [N]}
    state: {m: [N], v: [N], t: []}
    hyperparameters: {lr: 2e-3, b1: 0.9, b2: 0.999, eps: 1e-8}
    where:
      k: t + 1
      m1[n]: b1*m[n] + (1 - b1)*g[n]
      v1[n]: b2*v[n] + (1 - b2)*g[n]**2
      mbar[n]: b1*m1[n]/(1 - b1**(k + 1)) + (1 - b1)*g[n]/(1 - b1**k)
    outputs:
      y[n]: w[n] - lr*mbar[n]/(sqrt(v1[n]/(1 - b2**k)) + eps)
    update:
      m[n]: m1[n]
      v[n]: v1[n]
      t: k
    wrt: []
    """,
    {"N": 5},
    {"N": 1},
    v=positive,
    t=lambda rng, shape: rng.integers(0, 9, shape).astype(float),
)
def nadam_step(w, g, m, v, t):
    k, m, v = t + 1, 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g**2
    bar = 0.9 * m / (1 - 0.9 ** (k + 1)) + 0.1 * g / (1 - 0.9**k)
    return (w - 2e-3 * bar / (torch.sqrt(v / (1 - 0.999**k)) + 1e-8),), (m, v, k)


@layer(
    """
    layer: adafactor
    doc: Factored second moments, the update clipped by its root mean square.
    inputs: {w: [N, M], g: [N, M]}
    state: {r: [N], c: [M]}
    hyperparameters: {lr: 0.01, beta: 0.9, eps1: 1e-30, clip: 1.0}
    where:
      r1[i]: beta*r[i] + (1 - beta)*Mean(g[i, j]**2 + eps1, j)
      c1[j]: beta*c[j] + (1 - beta)*Mean(g[i, j]**2 + eps1, i)
      v[i, j]: r1[i]*c1[j]/Mean(r1[k], k)
      u[i, j]: g[i, j]/sqrt(v[i, j])
      size: sqrt(Mean(u[i, j]**2, i, j))
    outputs:
      y[i, j]: w[i, j] - lr*u[i, j]/Max(1, size/clip)
    update:
      r[i]: r1[i]
      c[j]: c1[j]
    wrt: []
    """,
    {"N": 3, "M": 2},
    {"N": 1, "M": 1},
    r=positive,
    c=positive,
)
def adafactor(w, g, r, c):
    r, c = 0.9 * r + 0.1 * (g**2).mean(1), 0.9 * c + 0.1 * (g**2).mean(0)
    u = g / torch.sqrt(r[:, None] * c / r.mean())
    return (w - 0.01 * u / torch.clamp((u**2).mean().sqrt(), min=1),), (r, c)


@layer(
    """
    layer: sam_ascent
    inputs: {w: [N], g: [N]}
    hyperparameters: {rho: 0.05}
    outputs:
      w_adv[n]: w[n] + rho*g[n]/Norm(g[k], k)
    wrt: []
    """,
    {"N": 5},
    {"N": 1},
)
def sam_ascent(w, g):
    return w + 0.05 * g / g.norm()


@layer(
    """
    layer: lookahead
    inputs: {fast: [N]}
    state: {slow: [N], k: []}
    hyperparameters: {every: 5, alpha: 0.5}
    where:
      now: Eq((k + 1) - every*floor((k + 1)/every), 0)
      s[n]: Piecewise((slow[n] + alpha*(fast[n] - slow[n]), now), (slow[n], True))
    outputs:
      y[n]: Piecewise((s[n], now), (fast[n], True))
    update:
      slow[n]: s[n]
      k: k + 1
    wrt: []
    """,
    {"N": 3},
    {"N": 1},
    k=lambda rng, shape: torch.tensor(4.0).numpy(),
)
def lookahead(fast, slow, k):
    s = slow + 0.5 * (fast - slow)
    return (s,), (s, k + 1)


@layer(
    """
    layer: newton_schulz
    doc: Muon's orthogonalisation, five quintic steps from the normalised matrix.
    inputs: {G: [N, M]}
    hyperparameters: {a: 3.4445, b: -4.7750, c: 2.0315, steps: 5}
    indices: {s: steps}
    where:
      X[-1, i, j]: G[i, j]/(Norm(G[k, l], k, l) + 1e-7)
      A[s, i, k]: Sum(X[s - 1, i, j]*X[s - 1, k, j], j)
      B[s, i, k]: b*A[s, i, k] + c*Sum(A[s, i, l]*A[s, l, k], l)
      X[s, i, j]: a*X[s - 1, i, j] + Sum(B[s, i, k]*X[s - 1, k, j], k)
    outputs:
      O[i, j]: X[steps - 1, i, j]
    """,
    {"N": 3, "M": 5},
    {"N": 1, "M": 1},
)
def newton_schulz(G):
    x = G / (G.norm() + 1e-7)
    for _ in range(5):
        a = x @ x.T
        x = 3.4445 * x + (-4.7750 * a + 2.0315 * a @ a) @ x
    return x


@layer(
    """
    layer: schedules
    doc: Learning rates at a step t, warm-up with cosine, inverse root, one exponential, a triangle.
    inputs: {t: {shape: [N], grad: false}}
    hyperparameters: {peak: 0.1, warm: 4, total: 20, floor_: 0.001}
    outputs:
      cosine[n]: Piecewise((peak*t[n]/warm, t[n] < warm), (floor_ + (peak - floor_)*(1 + cos(pi*(t[n] - warm)/(total - warm)))/2, t[n] <= total), (floor_, True))
      inverse[n]: peak*Min((t[n] + 1)**(-1/2), (t[n] + 1)*warm**(-3/2))
      decay[n]: peak*0.95**t[n]
      triangle[n]: peak*Max(0, 1 - Abs(t[n]/warm - 2*floor(1 + t[n]/(2*warm)) + 1))
    wrt: []
    """,
    {"N": 11},
    {"N": 1},
    t=lambda rng, shape: torch.linspace(0, 25, shape[0], dtype=torch.float64).numpy(),
)
def schedules(t):
    cosine = 0.001 + 0.099 * (1 + torch.cos(math.pi * (t - 4) / 16)) / 2
    x = (t / 4 - 2 * torch.floor(1 + t / 8) + 1).abs()
    return (
        torch.where(t < 4, 0.1 * t / 4, torch.where(t <= 20, cosine, 0.001)),
        0.1 * torch.minimum((t + 1) ** -0.5, (t + 1) * 4**-1.5),
        0.1 * 0.95**t,
        0.1 * (1 - x).clamp(min=0),
    )


@layer(
    """
    layer: metrics
    doc: Accuracy, top-1 error by class and mean reciprocal rank of the label.
    inputs: {z: [N, C], t: {shape: [N], values: C}}
    where:
      guess[n]: Argmax(z[n, c], c)
      better[n]: Sum(z[n, c] > z[n, t[n]], c)
    outputs:
      acc: Mean(Eq(guess[n], t[n]), n)
      mrr: Mean(1/(1 + better[n]), n)
      confusion[a, b]: Sum(Eq(t[n], a) & Eq(guess[n], b), n)
    indices: {a: C, b: C}
    wrt: []
    """,
    {"N": 7, "C": 3},
    {"N": 1, "C": 1},
)
def metrics(z, t):
    guess = z.argmax(1)
    better = (z > z.gather(1, t[:, None])).sum(1)
    confusion = torch.zeros(z.shape[1], z.shape[1], dtype=z.dtype)
    for a, b in zip(t, guess, strict=True):
        confusion[a, b] += 1
    return (guess == t).to(z.dtype).mean(), (1 / (1 + better.to(z.dtype))).mean(), confusion


@layer(
    """
    layer: ema_teacher
    inputs: {w: [N], theta: [N]}
    hyperparameters: {tau: 0.99, lam: 1e-2}
    outputs:
      teacher[n]: tau*stop_gradient(theta[n]) + (1 - tau)*stop_gradient(w[n])
      pull: lam*Sum((w[n] - stop_gradient(theta[n]))**2, n)
    wrt: [w]
    """,
    {"N": 3},
    {"N": 1},
)
def ema_teacher(w, theta):
    return 0.99 * theta.detach() + 0.01 * w.detach(), 0.01 * ((w - theta.detach()) ** 2).sum()
