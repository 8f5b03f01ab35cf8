"""Functions of coordinates: splines and other bases as layers, hash grids, rays, rotations, neighbourhoods of points."""

import math

import torch

from tests.unseen.case import layer, positive, these, unit


@layer(
    """
    layer: spline_network
    doc: Cox and de Boor's recursion over the degree for B-splines on every edge (KAN), beside a SiLU.
    inputs: {x: [N, I]}
    params: {c: [I, O, B], w: [I, O]}
    hyperparameters: {degree: 3}
    dims: {G: B + degree + 1, D: degree + 1, J: B + degree}
    indices: {d: D, j: J, b: B}
    where:
      knot[j]: (j - degree)/(B - degree)*2 - 1
      s[0, n, i, j]: (knot[j] <= x[n, i]) & (x[n, i] < knot[Min(j + 1, J - 1)] + 2/(B - degree)*(j + 1 > J - 1))
      s[d, n, i, j]: Piecewise((
        (x[n, i] - knot[j])/(d*2/(B - degree))*s[d - 1, n, i, j]
        + (knot[j] + (d + 1)*2/(B - degree) - x[n, i])/(d*2/(B - degree))*s[d - 1, n, i, j + 1], j + d < J), (0, True))
    outputs:
      y[n, o]: Sum(c[i, o, b]*s[degree, n, i, b], i, b) + Sum(w[i, o]*x[n, i]*sigmoid(x[n, i]), i)
      check: G
    """,
    {"N": 3, "I": 2, "O": 2, "B": 5},
    x=lambda rng, shape: rng.uniform(-0.9, 0.9, shape),
)
def spline_network(x, c, w, degree=3):
    count = c.shape[2]
    h = 2 / (count - degree)
    knots = (torch.arange(count + degree + 1, dtype=x.dtype) - degree) * h - 1
    value = x[..., None]
    s = ((knots[:-1] <= value) & (value < knots[1:])).to(x.dtype)
    for d in range(1, degree + 1):
        left = (value - knots[: -d - 1]) / (knots[d:-1] - knots[: -d - 1]) * s[..., :-1]
        s = left + (knots[d + 1 :] - value) / (knots[d + 1 :] - knots[1:-d]) * s[..., 1:]
    return torch.einsum("iob,nib->no", c, s) + torch.einsum("io,ni->no", w, torch.nn.functional.silu(x)), count + degree + 1 + 0 * x.sum()


@layer(
    """
    layer: orthogonal_network
    doc: Chebyshev polynomials of squashed inputs on every edge, by their recurrence.
    inputs: {x: [N, I]}
    params: {c: [I, O, K]}
    indices: {k: K}
    where:
      u[n, i]: tanh(x[n, i])
      T[0, n, i]: 1
      T[1, n, i]: u[n, i]
      T[k, n, i]: 2*u[n, i]*T[k - 1, n, i] - T[k - 2, n, i]
    outputs:
      y[n, o]: Sum(c[i, o, k]*T[k, n, i], i, k)
    """,
    {"N": 3, "I": 2, "O": 2, "K": 5},
    {"N": 1, "I": 1, "O": 1, "K": 2},
)
def orthogonal_network(x, c):
    angle = torch.acos(torch.tanh(x))
    T = torch.cos(angle[..., None] * torch.arange(c.shape[2], dtype=x.dtype))
    return torch.einsum("iok,nik->no", c, T)


@layer(
    """
    layer: wavelet_network
    doc: A Mexican hat with a place and width of its own on every edge.
    inputs: {x: [N, I]}
    params: {w: [I, O], m: [I, O], s: [I, O]}
    where:
      z[n, i, o]: (x[n, i] - m[i, o])/s[i, o]
    outputs:
      y[n, o]: Sum(w[i, o]*2/(sqrt(3)*pi**(1/4))*(1 - z[n, i, o]**2)*exp(-z[n, i, o]**2/2), i)
    """,
    {"N": 3, "I": 2, "O": 2},
    s=positive,
)
def wavelet_network(x, w, m, s):
    z = (x[:, :, None] - m) / s
    return (w * 2 / (3**0.5 * math.pi**0.25) * (1 - z**2) * torch.exp(-(z**2) / 2)).sum(1)


@layer(
    """
    layer: radial_basis
    doc: Normalised radial functions with full precision matrices, given by a triangle each.
    inputs: {x: [N, D]}
    params: {c: [K, D], L: [K, D, D], w: [K, O]}
    where:
      z[n, k, i]: Sum(L[k, i, j]*(x[n, j] - c[k, j]), (j, 0, i))
      p[n, k]: Softmax(-Sum(z[n, k, i]**2, i)/2 + Sum(log(Abs(L[k, i, i])), i), k)
    outputs:
      y: p @ w
    """,
    {"N": 3, "D": 2, "K": 3, "O": 2},
)
def radial_basis(x, c, L, w):
    tri = torch.tril(L)
    z = torch.einsum("kij,nkj->nki", tri, x[:, None] - c)
    return torch.softmax(-(z**2).sum(-1) / 2 + tri.diagonal(dim1=1, dim2=2).abs().log().sum(-1), 1) @ w


@layer(
    """
    layer: hash_grid
    doc: Two levels of a grid whose corners share a small table by a hash, read bilinearly (instant NGP, Mueller et al. 2022).
    inputs: {x: [N, 2]}
    params: {table: [L, T, F]}
    hyperparameters: {base: 3}
    indices: {l: L, a: 2, b: 2}
    where:
      p[n, l, k]: x[n, k]*base*2**l
      i[n, l, k]: floor(p[n, l, k])
      f[n, l, k]: p[n, l, k] - i[n, l, k]
      wa[n, l, a]: Piecewise((1 - f[n, l, 0], Eq(a, 0)), (f[n, l, 0], True))
      wb[n, l, b]: Piecewise((1 - f[n, l, 1], Eq(b, 0)), (f[n, l, 1], True))
    outputs:
      y[n, l, c]: Sum(wa[n, l, a]*wb[n, l, b]*table[l, (floor(p[n, l, 0]) + a + 7*(floor(p[n, l, 1]) + b)) % T, c], a, b)
    """,
    {"N": 3, "L": 2, "T": 5, "F": 2},
    x=unit,
)
def hash_grid(x, table, base=3):
    out = []
    for level, rows in enumerate(table):
        p = x * base * 2**level
        i = p.detach().floor()
        f, i = p - i, i.long()
        total = 0
        for a in range(2):
            for b in range(2):
                weight = (f[:, 0] if a else 1 - f[:, 0]) * (f[:, 1] if b else 1 - f[:, 1])
                total = total + weight[:, None] * rows[(i[:, 0] + a + 7 * (i[:, 1] + b)) % len(rows)]
        out.append(total)
    return torch.stack(out, 1)


@layer(
    """
    layer: six_numbers
    doc: Two vectors made a rotation by Gram and Schmidt (Zhou et al. 2019), applied to points, and its angle to a target.
    inputs: {a: [N, 2, 3], p: [N, M, 3], R: {shape: [N, 3, 3], grad: false}}
    where:
      b1[n, i]: a[n, 0, i]/Norm(a[n, 0, k], k)
      d[n]: Sum(b1[n, k]*a[n, 1, k], k)
      u[n, i]: a[n, 1, i] - d[n]*b1[n, i]
      b2[n, i]: u[n, i]/Norm(u[n, k], k)
      b3[n, i]: b1[n, (i + 1) % 3]*b2[n, (i + 2) % 3] - b1[n, (i + 2) % 3]*b2[n, (i + 1) % 3]
      Q[n, r, i]: Piecewise((b1[n, i], Eq(r, 0)), (b2[n, i], Eq(r, 1)), (b3[n, i], True))
    indices: {i: 3, r: 3}
    outputs:
      y[n, m, r]: Sum(Q[n, r, k]*p[n, m, k], k)
      angle: Mean(acos(Min(Max((Sum(Q[n, r, k]*R[n, r, k], r, k) - 1)/2, -1 + 1e-7), 1 - 1e-7)), n)
    """,
    {"N": 2, "M": 3},
    R=lambda rng, shape: rng.standard_normal(shape) * 0.4,
)
def six_numbers(a, p, R):
    b1 = torch.nn.functional.normalize(a[:, 0], dim=1)
    b2 = torch.nn.functional.normalize(a[:, 1] - (b1 * a[:, 1]).sum(1, keepdim=True) * b1, dim=1)
    Q = torch.stack([b1, b2, torch.linalg.cross(b1, b2)], 1)
    cosine = (((Q * R).sum((1, 2)) - 1) / 2).clamp(-1 + 1e-7, 1 - 1e-7)
    return torch.einsum("nrk,nmk->nmr", Q, p), torch.acos(cosine).mean()


@layer(
    """
    layer: ball_query
    doc: The largest feature of the neighbours within a radius, with their relative places (PointNet++ grouping).
    inputs: {x: [N, 3], f: [N, C], q: [M, 3]}
    params: {W: [C + 3, O]}
    hyperparameters: {radius: 1.5}
    where:
      near[m, n]: Sum((x[n, k] - q[m, k])**2, k) <= radius**2
      h[m, n, o]: relu(Sum(f[n, c]*W[c, o], c) + Sum((x[n, k] - q[m, k])/radius*W[C + k, o], k))
      best[m, o]: Amax(Piecewise((h[m, n, o], near[m, n]), (-oo, True)), n)
    indices: {k: 3, c: C}
    outputs:
      y[m, o]: Piecewise((best[m, o], Sum(near[m, n], n) > 0), (0, True))
    """,
    {"N": 5, "C": 2, "M": 3, "O": 2},
    q=these([[0.0, 0, 0], [1, 0.5, 0], [9, 9, 9]]),
)
def ball_query(x, f, q, W, radius=1.5):
    gap = x - q[:, None]
    near = (gap**2).sum(-1) <= radius**2
    h = torch.relu(f @ W[: f.shape[1]] + gap / radius @ W[f.shape[1] :])
    best = torch.where(near[..., None], h, -torch.inf).amax(1)
    return torch.where(near.any(1)[:, None], best, 0)


@layer(
    """
    layer: three_nearest
    doc: Features carried to new points by the inverse distances of the three nearest known ones (PointNet++).
    inputs: {x: [N, 3], f: [N, C], q: {shape: [M, 3], grad: false}}
    where:
      d[m, n]: Sum((x[n, k] - q[m, k])**2, k)
      rank[m, n]: Sum(d[m, r] < d[m, n], r)
      w[m, n]: Piecewise((1/(d[m, n] + 1e-8), rank[m, n] < 3), (0, True))
    outputs:
      y[m, c]: Sum(w[m, n]*f[n, c], n)/Sum(w[m, n], n)
    """,
    {"N": 5, "C": 2, "M": 2},
)
def three_nearest(x, f, q):
    d, at = ((x - q[:, None]) ** 2).sum(-1).topk(3, 1, largest=False)
    w = 1 / (d + 1e-8)
    return (w[..., None] * f[at]).sum(1) / w.sum(1, keepdim=True)


@layer(
    """
    layer: voxel_means
    doc: Points averaged in the cells that they fall into, each point then told its offset from the mean of its cell.
    inputs: {x: [N, 2], f: [N, C]}
    hyperparameters: {G: 3}
    dims: {V: G*G}
    indices: {v: V}
    where:
      cell[n]: floor(x[n, 0]*G)*G + floor(x[n, 1]*G)
      count[v]: Sum(Eq(cell[n], v), n)
      mean[v, k]: Sum(x[n, k]*Eq(cell[n], v), n)/Max(count[v], 1)
      best[v, c]: Amax(Piecewise((f[n, c], Eq(cell[n], v)), (-oo, True)), n)
    outputs:
      off[n, k]: x[n, k] - mean[floor(x[n, 0]*G)*G + floor(x[n, 1]*G), k]
      y[v, c]: Piecewise((best[v, c], count[v] > 0), (0, True))
    """,
    {"N": 5, "C": 2},
    x=unit,
)
def voxel_means(x, f, G=3):
    cell = (x.detach() * G).floor().long() @ torch.tensor([G, 1])
    one = torch.nn.functional.one_hot(cell, G * G).to(x.dtype)
    mean = one.T @ x / one.sum(0).clamp(min=1)[:, None]
    best = torch.where(one.T[..., None] > 0, f, -torch.inf).amax(1)
    return x - mean[cell], torch.where(one.sum(0)[:, None] > 0, best, 0)


@layer(
    """
    layer: ray_sampler
    doc: Places along a ray drawn by inverting the cumulated weights at given heights (NeRF's fine samples, without noise).
    inputs: {w: [B], edge: ["B + 1"], u: {shape: [S], grad: false}}
    where:
      p[b]: (Abs(w[b]) + 1e-3)/Sum(Abs(w[k]) + 1e-3, k)
      cdf[e]: Sum(p[k], (k, 0, e - 1))
      at[s]: Sum(cdf[e + 1] <= u[s], (e, 0, B - 2))
      lo[s]: cdf[at[s]]
    indices: {e: B + 1}
    outputs:
      t[s]: edge[at[s]] + (u[s] - lo[s])/(cdf[at[s] + 1] - lo[s])*(edge[at[s] + 1] - edge[at[s]])
    """,
    {"B": 4, "S": 5},
    {"B": 1, "S": 2},
    u=unit,
)
def ray_sampler(w, edge, u):
    p = (w.abs() + 1e-3) / (w.abs() + 1e-3).sum()
    cdf = torch.cat([torch.zeros(1, dtype=w.dtype), p.cumsum(0)])
    at = (cdf[1:-1] <= u[:, None]).sum(1)
    return edge[at] + (u - cdf[at]) / (cdf[at + 1] - cdf[at]) * (edge[at + 1] - edge[at])


@layer(
    """
    layer: generated_weights
    doc: A network of two layers whose weights another layer makes from a code, through an outer product (hypernetwork of rank R).
    inputs: {x: [N, I], z: [N, E]}
    params: {A: [E, I, R], B: [E, R, H], b: [E, H], w: [H, O]}
    where:
      a[n, i, r]: Sum(z[n, e]*A[e, i, r], e)/sqrt(E)
      c[n, r, h]: Sum(z[n, e]*B[e, r, h], e)/sqrt(E)
      s[n, h]: Sum(z[n, e]*b[e, h], e) + Sum(x[n, i]*a[n, i, r]*c[n, r, h], i, r)
      g[n, h]: s[n, h]*(1 + erf(s[n, h]/sqrt(2)))/2
    outputs:
      y: g @ w
    """,
    {"N": 2, "I": 3, "E": 2, "R": 2, "H": 3, "O": 2},
)
def generated_weights(x, z, A, B, b, w):
    a, c = (torch.einsum("ne,exy->nxy", z, v) / z.shape[1] ** 0.5 for v in (A, B))
    s = z @ b + torch.einsum("ni,nir,nrh->nh", x, a, c)
    return torch.nn.functional.gelu(s) @ w


@layer(
    """
    layer: mixture_of_softmaxes
    doc: Several softmaxes of different contexts, mixed (Yang et al. 2018), and the loss of a label.
    inputs: {h: [N, D], t: {shape: [N], values: V}}
    params: {P: [D, K], W: [K, D, D], E: [V, D]}
    where:
      m[n, k]: LogSoftmax(Sum(h[n, d]*P[d, k], d), k)
      c[n, k, e]: tanh(Sum(h[n, d]*W[k, d, e], d))
      l[n, k, v]: LogSoftmax(Sum(c[n, k, e]*E[v, e], e), v)
      lp[n, v]: LogSumExp(m[n, k] + l[n, k, v], k)
    outputs:
      loss: -Mean(lp[n, t[n]], n)
      logp[n, v]: lp[n, v]
    """,
    {"N": 3, "D": 2, "K": 2, "V": 4},
)
def mixture_of_softmaxes(h, t, P, W, E):
    m = torch.log_softmax(h @ P, 1)
    c = torch.tanh(torch.einsum("nd,kde->nke", h, W))
    lp = torch.logsumexp(m[..., None] + torch.log_softmax(c @ E.T, 2), 1)
    return -lp.gather(1, t[:, None]).mean(), lp


@layer(
    """
    layer: hyper_connections
    doc: Several residual streams that are mixed before and after a block (Zhu et al. 2024), dynamic part left out.
    inputs: {H: [S, T, D]}
    params: {Ar: [S, S], Am: [S], B: [S], W: [D, D]}
    where:
      x: sum(H*a3, axis=0)
      f: tanh(x @ W)
      a3[s, t, d]: Am[s]
    indices: {t: T, d: D}
    outputs:
      y[s, t, d]: B[s]*f[t, d] + Sum(Ar[r, s]*H[r, t, d], r)
    """,
    {"S": 2, "T": 3, "D": 2},
)
def hyper_connections(H, Ar, Am, B, W):
    f = torch.tanh(torch.einsum("s,std->td", Am, H) @ W)
    return B[:, None, None] * f + torch.einsum("rs,rtd->std", Ar, H)
