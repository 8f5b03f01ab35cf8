"""Optimizers that keep what they have seen: averages of gradients, of their squares, signs and curvature."""

import torch

from tests.unseen.case import layer, positive, unit


@layer(
    """
    layer: belief_step
    doc: Steps scaled by how far the gradient is from what was believed (AdaBelief).
    inputs: {w: [N], g: [N]}
    state: {m: [N], s: [N], t: []}
    hyperparameters: {lr: 0.01, b1: 0.9, b2: 0.99, eps: 1e-8}
    where:
      k: t + 1
      m1[n]: b1*m[n] + (1 - b1)*g[n]
      s1[n]: b2*s[n] + (1 - b2)*(g[n] - m1[n])**2 + eps
    outputs:
      next[n]: w[n] - lr*m1[n]/(1 - b1**k)/(sqrt(s1[n]/(1 - b2**k)) + eps)
    update: {"m[n]": "m1[n]", "s[n]": "s1[n]", t: k}
    wrt: []
    """,
    {"N": 4},
    s=positive,
    t=lambda rng, shape: 2.0,
)
def belief_step(w, g, m, s, t, lr=0.01, b1=0.9, b2=0.99, eps=1e-8):
    m, t = b1 * m + (1 - b1) * g, t + 1
    s = b2 * s + (1 - b2) * (g - m) ** 2 + eps
    return (w - lr * m / (1 - b1**t) / ((s / (1 - b2**t)).sqrt() + eps),), (m, s, t)


@layer(
    """
    layer: nesterov_estimates
    doc: Adaptive steps of three averages, one of the differences of gradients (Adan, Xie et al. 2022).
    inputs: {w: [N], g: [N]}
    state: {m: [N], v: [N], n: [N], old: [N]}
    hyperparameters: {lr: 0.01, b1: 0.02, b2: 0.08, b3: 0.01, decay: 0.1, eps: 1e-8}
    where:
      d: g - old
      m1: (1 - b1)*m + b1*g
      v1: (1 - b2)*v + b2*d
      n1: (1 - b3)*n + b3*(g + (1 - b2)*d)**2
    outputs:
      next: (w - lr/(sqrt(n1) + eps)*(m1 + (1 - b2)*v1))/(1 + lr*decay)
    update: {m: m1, v: v1, n: n1, old: g}
    wrt: []
    """,
    {"N": 4},
    n=positive,
)
def nesterov_estimates(w, g, m, v, n, old, lr=0.01, b1=0.02, b2=0.08, b3=0.01, decay=0.1, eps=1e-8):
    d = g - old
    m, v, n = (1 - b1) * m + b1 * g, (1 - b2) * v + b2 * d, (1 - b3) * n + b3 * (g + (1 - b2) * d) ** 2
    return ((w - lr / (n.sqrt() + eps) * (m + (1 - b2) * v)) / (1 + lr * decay),), (m, v, n, g)


@layer(
    """
    layer: row_column_steps
    doc: A matrix's second moments covered by one number a row and one a column (SM3, Anil et al. 2019).
    inputs: {w: [N, M], g: [N, M]}
    state: {r: [N], c: [M]}
    hyperparameters: {lr: 0.1, eps: 1e-30}
    where:
      v[i, j]: Min(r[i], c[j]) + g[i, j]**2
    outputs:
      next[i, j]: w[i, j] - lr*g[i, j]/sqrt(v[i, j] + eps)
    update: {"r[i]": "Amax(v[i, j], j)", "c[j]": "Amax(v[i, j], i)"}
    wrt: []
    """,
    {"N": 3, "M": 2},
    r=positive,
    c=positive,
)
def row_column_steps(w, g, r, c, lr=0.1, eps=1e-30):
    v = torch.minimum(r[:, None], c) + g**2
    return (w - lr * g / (v + eps).sqrt(),), (v.amax(1), v.amax(0))


@layer(
    """
    layer: follow_the_leader
    doc: FTRL-proximal with an l1 threshold (McMahan et al. 2013).
    inputs: {w: [N], g: [N]}
    state: {z: [N], n: [N]}
    hyperparameters: {alpha: 0.5, beta: 1.0, l1: 0.3, l2: 0.1}
    where:
      n1[i]: n[i] + g[i]**2
      z1[i]: z[i] + g[i] - (sqrt(n1[i]) - sqrt(n[i]))/alpha*w[i]
    outputs:
      next[i]: Piecewise((0, Abs(z1[i]) <= l1), (-(z1[i] - sign(z1[i])*l1)/((beta + sqrt(n1[i]))/alpha + l2), True))
    update: {"z[i]": "z1[i]", "n[i]": "n1[i]"}
    wrt: []
    """,
    {"N": 6},
    n=positive,
)
def follow_the_leader(w, g, z, n, alpha=0.5, beta=1.0, l1=0.3, l2=0.1):
    n1 = n + g**2
    z = z + g - (n1.sqrt() - n.sqrt()) / alpha * w
    step = -(z - torch.sign(z) * l1) / ((beta + n1.sqrt()) / alpha + l2)
    return (torch.where(z.abs() <= l1, 0, step),), (z, n1)


@layer(
    """
    layer: sign_backtracking
    doc: Steps that grow while a gradient keeps its sign and shrink where it turns (Rprop without weight backtracking).
    inputs: {w: [N], g: [N]}
    state: {step: [N], old: [N]}
    hyperparameters: {up: 1.2, down: 0.5, least: 1e-6, most: 50.0}
    where:
      turn[n]: g[n]*old[n]
      s[n]: Piecewise((Min(step[n]*up, most), turn[n] > 0), (Max(step[n]*down, least), turn[n] < 0), (step[n], True))
      g1[n]: Piecewise((0, turn[n] < 0), (g[n], True))
    outputs:
      next[n]: w[n] - sign(g1[n])*s[n]
    update: {"step[n]": "s[n]", "old[n]": "g1[n]"}
    wrt: []
    """,
    {"N": 5},
    step=unit,
)
def sign_backtracking(w, g, step, old, up=1.2, down=0.5, least=1e-6, most=50.0):
    turn = g * old
    s = torch.where(turn > 0, (step * up).clamp(max=most), torch.where(turn < 0, (step * down).clamp(min=least), step))
    g = torch.where(turn < 0, 0, g)
    return (w - torch.sign(g) * s,), (s, g)


@layer(
    """
    layer: clipped_curvature
    doc: Momentum over a diagonal of the Hessian, clipped (Sophia, Liu et al. 2023); mode `estimate` renews the diagonal.
    inputs: {w: [N], g: [N]}
    state: {m: [N], h: [N]}
    hyperparameters: {lr: 0.01, b1: 0.96, b2: 0.99, rho: 0.04, batch: 8}
    where:
      m1: b1*m + (1 - b1)*g
    outputs:
      next: w - lr*Min(Max(m1/Max(rho*h, 1e-12), -1), 1)
    update: {m: m1}
    modes:
      estimate: {update: {h: b2*h + (1 - b2)*batch*g**2}}
    wrt: []
    """,
    {"N": 5},
    mode="estimate",
    h=positive,
)
def clipped_curvature(w, g, m, h, lr=0.01, b1=0.96, b2=0.99, rho=0.04, batch=8):
    m1 = b1 * m + (1 - b1) * g
    y = w - lr * (m1 / (rho * h).clamp(min=1e-12)).clamp(-1, 1)
    return (y,), (m1, b2 * h + (1 - b2) * batch * g**2)
