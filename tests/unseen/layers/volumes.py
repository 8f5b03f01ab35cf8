"""Rendering, physics and geometry: transmittance, splats, stencils, frames."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, simplex, unit


@layer(
    """
    layer: volume_rendering
    doc: Colours along rays by their transmittance, the expected depth, and the distortion of mip-NeRF 360 (eq. 3 of NeRF, eq. 15 there).
    inputs: {sigma: [R, S], c: [R, S, 3], delta: {shape: [R, S], grad: false}}
    hyperparameters: {near: 0.5}
    where:
      tau[r, s]: softplus(sigma[r, s])*delta[r, s]
      T[r, s]: exp(-Sum(tau[r, k], (k, 0, s - 1)))
      w[r, s]: T[r, s]*(1 - exp(-tau[r, s]))
      mid[r, s]: near + Sum(delta[r, k], (k, 0, s)) - delta[r, s]/2
    outputs:
      colour[r, ch]: Sum(w[r, s]*sigmoid(c[r, s, ch]), s) + 1 - Sum(w[r, s], s)
      depth[r]: Sum(w[r, s]*mid[r, s], s)
      distortion[r]: Sum(Sum(w[r, i]*w[r, j]*Abs(mid[r, i] - mid[r, j]), j), i) + Sum(w[r, i]**2*delta[r, i], i)/3
    """,
    {"R": 2, "S": 5},
    {"R": 1, "S": 1},
    delta=positive,
)
def volume_rendering(sigma, c, delta):
    tau = F.softplus(sigma) * delta
    before = torch.cumsum(tau, 1) - tau
    w = torch.exp(-before) * (1 - torch.exp(-tau))
    mid = 0.5 + torch.cumsum(delta, 1) - delta / 2
    colour = (w[..., None] * torch.sigmoid(c)).sum(1) + 1 - w.sum(1, keepdim=True)
    pairs = (w[:, :, None] * w[:, None] * (mid[:, :, None] - mid[:, None]).abs()).sum((1, 2))
    return colour, (w * mid).sum(1), pairs + (w**2 * delta).sum(1) / 3


@layer(
    """
    layer: alpha_compositing
    doc: Front-to-back compositing with alphas, some of them 1, so that what is behind does not show.
    inputs: {a: [P, L], c: [P, L]}
    where:
      alpha[p, l]: Min(Max(a[p, l], 0), 1)
      seen[p, l]: Prod(1 - alpha[p, k], (k, 0, l - 1))
    outputs:
      y[p]: Sum(alpha[p, l]*seen[p, l]*c[p, l], l)
      left[p]: Prod(1 - alpha[p, l], l)
    """,
    {"P": 3, "L": 4},
    {"P": 1, "L": 1},
    a=lambda rng, shape: rng.choice([0.25, 0.5, 1.5, -0.5], shape),
)
def alpha_compositing(a, c):
    alpha = torch.where((a > 0) & (a < 1), a, (a >= 1).to(a.dtype))
    seen, total = torch.ones_like(a[:, 0]), 0
    for k in range(a.shape[1]):
        total = total + alpha[:, k] * seen * c[:, k]
        seen = seen * (1 - alpha[:, k])
    return total, seen


@layer(
    """
    layer: gaussian_splats
    doc: Gaussians in the plane by means, logarithms of their axes and an angle, blended in the order of depth at each pixel (Kerbl et al. 2023).
    inputs: {mu: [G, 2], s: [G, 2], phi: [G], o: [G], c: [G, 3], order: {shape: [G], values: G}}
    hyperparameters: {A: 4, B: 3}
    indices: {u: A, v: B, g: G, ch: 3}
    where:
      dx[u, v, g]: (u + 1/2)/A - mu[order[g], 0]
      dy[u, v, g]: (v + 1/2)/B - mu[order[g], 1]
      p[u, v, g]: cos(phi[order[g]])*dx[u, v, g] + sin(phi[order[g]])*dy[u, v, g]
      q[u, v, g]: cos(phi[order[g]])*dy[u, v, g] - sin(phi[order[g]])*dx[u, v, g]
      alpha[u, v, g]: 0.99*sigmoid(o[order[g]])*exp(-(p[u, v, g]**2*exp(-2*s[order[g], 0]) + q[u, v, g]**2*exp(-2*s[order[g], 1]))/2)
    outputs:
      image[u, v, ch]: Sum(c[order[g], ch]*alpha[u, v, g]*Prod(1 - alpha[u, v, h], (h, 0, g - 1)), g)
    """,
    {"G": 3},
    {"G": 1},
    order=lambda rng, shape: rng.permutation(shape[0]),
)
def gaussian_splats(mu, s, phi, o, c, order):
    mu, s, phi, o, c = (z[order] for z in (mu, s, phi, o, c))
    u = (torch.arange(4, dtype=mu.dtype) + 0.5) / 4
    v = (torch.arange(3, dtype=mu.dtype) + 0.5) / 3
    gap = torch.stack(torch.meshgrid(u, v, indexing="ij"), -1)[:, :, None] - mu
    turn = torch.stack([torch.stack([phi.cos(), phi.sin()], -1), torch.stack([-phi.sin(), phi.cos()], -1)], 1)
    along = (turn * gap[..., None, :]).sum(-1)
    alpha = 0.99 * torch.sigmoid(o) * torch.exp(-(along**2 * torch.exp(-2 * s)).sum(-1) / 2)
    clear = torch.cumprod(torch.cat([torch.ones_like(alpha[..., :1]), 1 - alpha[..., :-1]], -1), -1)
    return ((alpha * clear)[..., None] * c).sum(2)


@layer(
    """
    layer: fourier_features
    doc: Positional encoding of NeRF with frequencies 2**l, both phases side by side, beside random features.
    inputs: {x: [N, D]}
    params: {Bm: [D, M]}
    hyperparameters: {L: 3}
    dims: {K: 2*L}
    indices: {k: K}
    outputs:
      y[n, d, k]: sin(2**(k//2)*pi*x[n, d] + (k % 2)*pi/2)
      z[n, m]: cos(2*pi*Sum(x[n, d]*Bm[d, m], d))
    """,
    {"N": 3, "D": 2, "M": 2},
    {"N": 1, "D": 1, "M": 1},
)
def fourier_features(x, Bm):
    scaled = x[..., None] * 2.0 ** torch.arange(3, dtype=x.dtype) * torch.pi
    y = torch.stack([scaled.sin(), scaled.cos()], -1).flatten(-2)
    return y, torch.cos(2 * torch.pi * x @ Bm)


@layer(
    """
    layer: burgers_residual
    doc: The residual of Burgers' equation on a periodic grid by central differences, its energy, and a boundary term (a PINN's loss by stencils).
    inputs: {u: [T, X]}
    params: {log_nu: []}
    hyperparameters: {dt: 0.1, dx: 0.25}
    indices: {t: T - 1, i: X}
    where:
      mean_[t, i]: (u[t, i] + u[t + 1, i])/2
      ux[t, i]: (mean_[t, (i + 1) % X] - mean_[t, (i - 1) % X])/(2*dx)
      uxx[t, i]: (mean_[t, (i + 1) % X] - 2*mean_[t, i] + mean_[t, (i + X - 1) % X])/dx**2
      r[t, i]: (u[t + 1, i] - u[t, i])/dt + mean_[t, i]*ux[t, i] - exp(log_nu)*uxx[t, i]
    outputs:
      loss: Mean(r[t, i]**2, t, i)
      energy[t]: Sum(mean_[t, i]**2, i)*dx/2
      edge: (u[0, 0] - u[T - 1, X - 1])**2
    """,
    {"T": 3, "X": 5},
    {"T": 2, "X": 3},
)
def burgers_residual(u, log_nu):
    m = (u[:-1] + u[1:]) / 2
    ux = (m.roll(-1, 1) - m.roll(1, 1)) / 0.5
    uxx = (m.roll(-1, 1) - 2 * m + m.roll(1, 1)) / 0.0625
    r = (u[1:] - u[:-1]) / 0.1 + m * ux - torch.exp(log_nu) * uxx
    return (r**2).mean(), (m**2).sum(1) * 0.125, (u[0, 0] - u[-1, -1]) ** 2


@layer(
    """
    layer: wave_leapfrog
    doc: The wave equation, two steps back in time, with walls that hold the field at 0 and a source.
    inputs: {u0: {shape: [X], outside: 0}, f: [T, X]}
    params: {c2: [X]}
    where:
      u[-2, x]: u0[x]
      u[-1, x]: u0[x] + c2[x]/2*(u0[x - 1] - 2*u0[x] + u0[x + 1])
      lap[t, x]: Piecewise((u[t - 1, x - 1], x > 0), (0, True)) - 2*u[t - 1, x] + Piecewise((u[t - 1, x + 1], x < X - 1), (0, True))
      u[t, x]: 2*u[t - 1, x] - u[t - 2, x] + c2[x]*lap[t, x] + f[t, x]
    outputs:
      field[t, x]: u[t, x]
      last: Sum(u[T - 1, x]**2, x)
    """,
    {"T": 4, "X": 5},
    {"T": 1, "X": 1},
    c2=unit,
)
def wave_leapfrog(u0, f, c2):
    def laplacian(u):
        wide = F.pad(u, (1, 1))
        return wide[:-2] - 2 * u + wide[2:]

    before, now, rows = u0, u0 + c2 / 2 * laplacian(u0), []
    for t in range(len(f)):
        before, now = now, 2 * now - before + c2 * laplacian(now) + f[t]
        rows.append(now)
    return torch.stack(rows), (now**2).sum()


@layer(
    """
    layer: quaternion_rotation
    doc: Points turned by unnormalised quaternions, the matrix by its nine entries, and the angle.
    inputs: {q: [N, 4], x: [N, 3]}
    where:
      u[n, k]: q[n, k]/Norm(q[n, m], m)
      R0[n, j]: Piecewise((1 - 2*(u[n, 2]**2 + u[n, 3]**2), j == 0), (2*(u[n, 1]*u[n, 2] - u[n, 0]*u[n, 3]), j == 1), (2*(u[n, 1]*u[n, 3] + u[n, 0]*u[n, 2]), True))
      R1[n, j]: Piecewise((2*(u[n, 1]*u[n, 2] + u[n, 0]*u[n, 3]), j == 0), (1 - 2*(u[n, 1]**2 + u[n, 3]**2), j == 1), (2*(u[n, 2]*u[n, 3] - u[n, 0]*u[n, 1]), True))
      R2[n, j]: Piecewise((2*(u[n, 1]*u[n, 3] - u[n, 0]*u[n, 2]), j == 0), (2*(u[n, 2]*u[n, 3] + u[n, 0]*u[n, 1]), j == 1), (1 - 2*(u[n, 1]**2 + u[n, 2]**2), True))
    indices: {j: 3, i: 3}
    outputs:
      y[n, i]: Sum(Piecewise((R0[n, j], i == 0), (R1[n, j], i == 1), (R2[n, j], True))*x[n, j], j)
      angle[n]: 2*atan2(sqrt(u[n, 1]**2 + u[n, 2]**2 + u[n, 3]**2), u[n, 0])
    """,
    {"N": 3},
    {"N": 1},
)
def quaternion_rotation(q, x):
    u = F.normalize(q)
    w, v = u[:, :1], u[:, 1:]
    t = 2 * torch.linalg.cross(v, x)
    return x + w * t + torch.linalg.cross(v, t), 2 * torch.atan2(v.norm(dim=1), u[:, 0])


@layer(
    """
    layer: pinhole_reprojection
    doc: Points through a Rodrigues rotation and a camera with radial distortion, Huber's loss on visible ones.
    inputs: {X: [N, 3], uv: {shape: [N, 2], grad: false}, visible: {shape: [N], dtype: bool}}
    params: {r: [3], t: [3], f: [], k1: []}
    hyperparameters: {delta: 0.5, eps: 1e-12}
    where:
      theta: sqrt(Sum(r[a]**2, a) + eps)
      k[a]: r[a]/theta
      kx[n, a]: k[(a + 1) % 3]*X[n, (a + 2) % 3] - k[(a + 2) % 3]*X[n, (a + 1) % 3]
      P[n, a]: X[n, a]*cos(theta) + kx[n, a]*sin(theta) + k[a]*Sum(k[b]*X[n, b], b)*(1 - cos(theta)) + t[a]
      p[n, c]: P[n, c]/(Abs(P[n, 2]) + 1)
      rho[n]: Sum(p[n, c]**2, c)
      e[n, c]: f*(1 + k1*rho[n])*p[n, c] - uv[n, c]
      a_[n, c]: Abs(e[n, c])
    indices: {a: 3, b: 3, c: 2}
    outputs:
      loss: Sum(visible[n]*Piecewise((e[n, c]**2/2, a_[n, c] <= delta), (delta*(a_[n, c] - delta/2), True)), n, c)
    """,
    {"N": 4},
    {"N": 1},
)
def pinhole_reprojection(X, uv, visible, r, t, f, k1):
    theta = torch.sqrt((r**2).sum() + 1e-12)
    k = r / theta
    turned = X * theta.cos() + torch.linalg.cross(k.expand_as(X), X) * theta.sin() + torch.outer(X @ k, k) * (1 - theta.cos()) + t
    p = turned[:, :2] / (turned[:, 2:].abs() + 1)
    e = f * (1 + k1 * (p**2).sum(1, keepdim=True)) * p - uv
    return (visible[:, None] * F.huber_loss(e, torch.zeros_like(e), reduction="none", delta=0.5)).sum()


@layer(
    """
    layer: chamfer
    doc: "Both directions of the Chamfer distance, and the earth mover's distance of two histograms on a line."
    inputs: {x: [N, D], y: [M, D], p: [K], q: [K]}
    where:
      d[n, m]: Sum((x[n, k] - y[m, k])**2, k)
    outputs:
      chamfer: Mean(Amin(d[n, m], m), n) + Mean(Amin(d[n, m], n), m)
      emd: Sum(Abs(Sum(p[j] - q[j], (j, 0, k))), k)
      hausdorff: Max(Amax(Amin(d[n, m], m), n), Amax(Amin(d[n, m], n), m))
    """,
    {"N": 3, "M": 4, "D": 2, "K": 5},
    {"N": 1, "M": 1, "D": 1, "K": 1},
    p=simplex,
    q=simplex,
)
def chamfer(x, y, p, q):
    d = ((x[:, None] - y) ** 2).sum(-1)
    near = d.min(1).values, d.min(0).values
    return near[0].mean() + near[1].mean(), (p - q).cumsum(0).abs().sum(), torch.maximum(near[0].max(), near[1].max())


@layer(
    """
    layer: signed_distances
    doc: Smooth unions of spheres, the eikonal loss by differences along the axes, and a soft occupancy.
    inputs: {p: [N, 2], c: [S, 2], r: [S]}
    hyperparameters: {k: 4.0, h: 0.01}
    where:
      moved[n, a, s]: sqrt(Sum((p[n, b] + h*KroneckerDelta(a, b) - c[s, b])**2, b)) - r[s]
      here[n, s]: Norm(p[n, b] - c[s, b], b) - r[s]
      f[n]: -LogSumExp(-k*here[n, s], s)/k
      fa[n, a]: -log(Sum(exp(-k*moved[n, a, s]), s))/k
      g[n, a]: (fa[n, a] - f[n])/h
    indices: {a: 2, b: 2}
    outputs:
      sdf[n]: f[n]
      eikonal: Mean((Norm(g[n, a], a) - 1)**2, n)
      inside[n]: sigmoid(-20*f[n])
    """,
    {"N": 3, "S": 4},
    {"N": 1, "S": 1},
)
def signed_distances(p, c, r):
    def distance(points):
        return -torch.logsumexp(-4 * ((points[:, None] - c).norm(dim=-1) - r), 1) / 4

    f = distance(p)
    g = torch.stack([(distance(p + 0.01 * torch.eye(2, dtype=p.dtype)[a]) - f) / 0.01 for a in range(2)], 1)
    return f, ((g.norm(dim=1) - 1) ** 2).mean(), torch.sigmoid(-20 * f)


@layer(
    """
    layer: total_variation
    doc: Isotropic and anisotropic total variation, a bending energy, and the divergence of a flow.
    inputs: {x: [H, W], flow: [2, H, W]}
    hyperparameters: {eps: 1e-6}
    indices: {i: H - 1, j: W - 1}
    outputs:
      isotropic: Sum(sqrt((x[i + 1, j] - x[i, j])**2 + (x[i, j + 1] - x[i, j])**2 + eps), i, j)
      plain: Sum(Abs(x[i + 1, v] - x[i, v]), i, v) + Sum(Abs(x[u, j + 1] - x[u, j]), u, j)
      divergence[i, j]: flow[0, i + 1, j] - flow[0, i, j] + flow[1, i, j + 1] - flow[1, i, j]
      bending: Sum((x[m, v] - 2*x[m + 1, v] + x[m + 2, v])**2, (m, 0, H - 3), v)
    """,
    {"H": 4, "W": 3},
    {"H": 2, "W": 2},
)
def total_variation(x, flow):
    down, right = x[1:] - x[:-1], x[:, 1:] - x[:, :-1]
    isotropic = torch.sqrt(down[:, :-1] ** 2 + right[:-1] ** 2 + 1e-6).sum()
    divergence = (flow[0, 1:] - flow[0, :-1])[:, :-1] + (flow[1, :, 1:] - flow[1, :, :-1])[:-1]
    return isotropic, down.abs().sum() + right.abs().sum(), divergence, ((x[:-2] - 2 * x[1:-1] + x[2:]) ** 2).sum()


@layer(
    """
    layer: particle_filter
    doc: A differentiable particle filter, log weights normalised at each step, resampling mixed with the uniform and its weights corrected.
    inputs: {y: [T], noise: {shape: [T, P], grad: false}}
    params: {a: [], log_q: [], log_r: []}
    hyperparameters: {soft: 0.3}
    where:
      x[-1, p]: 0
      x[t, p]: a*x[t - 1, p] + exp(log_q)*noise[t, p]
      ll[t, p]: -((y[t] - x[t, p])*exp(-log_r))**2/2 - log_r
      lw[-1, p]: -log(P)
      raw[t, p]: lw[t - 1, p] + ll[t, p]
      lw[t, p]: log((1 - soft)*exp(raw[t, p] - LogSumExp(raw[t, k], k)) + soft/P)
    outputs:
      evidence: Sum(LogSumExp(raw[t, k], k), t)
      mean_[t]: Sum(exp(lw[t, p])*x[t, p], p)
    """,
    {"T": 3, "P": 4},
    {"T": 1, "P": 1},
)
def particle_filter(y, noise, a, log_q, log_r):
    count = noise.shape[1]
    x = torch.zeros(count, dtype=y.dtype)
    lw = torch.full_like(x, -(torch.tensor(float(count), dtype=y.dtype).log()))
    evidence, means = 0, []
    for t in range(len(y)):
        x = a * x + torch.exp(log_q) * noise[t]
        raw = lw - ((y[t] - x) * torch.exp(-log_r)) ** 2 / 2 - log_r
        evidence = evidence + torch.logsumexp(raw, 0)
        lw = torch.log(0.7 * torch.softmax(raw, 0) + 0.3 / count)
        means.append((lw.exp() * x).sum())
    return evidence, torch.stack(means)
