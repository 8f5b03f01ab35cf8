"""Unusual but legal spellings, ranges, conditions, positions."""

import math

import torch
import torch.nn.functional as F

from tests.unseen.case import layer


@layer(
    """
    layer: lambda_names
    doc: Names of one letter, Greek ones, trailing underscores, and indices that are reused inside.
    inputs:
      Q: [N, S]
      E: [S, N]
    params:
      lambda_: []
      alpha: [S]
      beta: []
      I: [N]
      O: []
    hyperparameters:
      eps: 1.e-3
      gamma_: 2
    where:
      zeta[n]: Sum(alpha[s]*Q[n, s], s) + Sum(Sum(Q[n, s], n)*E[s, n], s)
      pi2: 2*pi
    outputs:
      S_[n]: lambda_*zeta[n] + beta*Sum(zeta[n]**gamma_, n) + I[n]*O + eps*pi2
    """,
    {"N": 3, "S": 2},
    {"N": 1, "S": 1},
)
def lambda_names(Q, E, lambda_, alpha, beta, **named):
    zeta = Q @ alpha + (Q.sum(0)[:, None] * E).sum(0)
    return lambda_ * zeta + beta * (zeta**2).sum() + named["I"] * named["O"] + 1e-3 * 2 * math.pi


@layer(
    """
    layer : spaced_out
    doc   : >
      Folded text over
      several lines.
    inputs :
      x : [ N , C ]
      y : { shape : [ N ] , values : C }
    where :
      " a [ n , c ] " : x [ n , c ] ** 2   -  1 / 3 * x [n,c]
    outputs :
      z [n]    :  >-
        Sum( a[n, c] * ( c != y[n] ) ,
             c )
    """,
    {"N": 3, "C": 2},
    {"N": 1, "C": 1},
)
def spaced_out(x, y):
    a = x**2 - x / 3
    return (a * (1 - F.one_hot(y, x.shape[1]))).sum(1)


@layer(
    """
    layer: conditions_many
    doc: Chained comparisons, and, or, not, bool inputs as numbers, tests of integers.
    inputs:
      x: [T]
      m: {shape: [T], dtype: bool}
      k: {shape: [T], values: 4}
    hyperparameters: {flip: false, low: -1/2, n: 3}
    where:
      inside[t]: (low <= x[t] < 1/2) & m[t]
      far[t]: not inside[t] and (x[t] > 1 or x[t] < -1)
    outputs:
      a[t]: Piecewise((x[t]**2, inside[t]), (-x[t], far[t] | Eq(k[t], 2)), (0, True))
      b[t]: m[t]*x[t] + 2*(k[t] >= 2)*x[t]**n + (~m[t])*Max(x[t], -x[t])
      c: Sum(inside[t], t) + Sum(x[t], (t, 1, T - 2))
      d[t]: Piecewise((x[T - 1 - t], flip), (x[(t + n) % T], True))
      e[t]: Piecewise((sin(x[t])/x[t], Ne(x[t], 0)), (1, True))
    """,
    {"T": 7},
    {"T": 1},
    {"T": 2},
)
def conditions_many(x, m, k):
    size = len(x)
    inside = (x >= -0.5) & (x < 0.5) & m
    far = ~inside & (x.abs() > 1)
    a = torch.where(inside, x**2, torch.where(far | (k == 2), -x, 0))
    b = m * x + 2 * (k >= 2) * x**3 + (~m) * x.abs()
    return a, b, inside.sum() + x[1 : size - 1].sum(), x[(torch.arange(size) + 3) % size], torch.sin(x) / x


@layer(
    """
    layer: partial_ranges
    inputs: {x: [N, T], w: [T]}
    outputs:
      prefix[n, t]: Sum(x[n, s], (s, 0, t))
      suffix[n, t]: Sum(w[s]*x[n, s], (s, t, T - 1))
      before[n, t]: Sum(x[n, s]**2, (s, 0, t - 1))
      top[n, t]: Amax(x[n, s], (s, 0, t))
      mean_[n, t]: Mean(x[n, s], (s, 0, t))
      lse[n, t]: LogSumExp(x[n, s], (s, 0, t))
      prod[n, t]: Prod(w[s], (s, 0, t))
      band[n, t]: Sum(x[n, s], (s, Max(t - 1, 0), Min(t + 1, T - 1)))
      pairs[n]: Sum(x[n, s]*x[n, t], (s, 0, t - 1), t)
    """,
    {"N": 2, "T": 5},
    {"N": 1, "T": 1},
    {"N": 3, "T": 2},
)
def partial_ranges(x, w):
    size = x.shape[1]
    i = torch.arange(size)
    near = ((i[:, None] - i).abs() <= 1).to(x.dtype)
    squares = (x**2).cumsum(1) - x**2
    prefix = x.cumsum(1)
    return (
        prefix,
        (w * x).flip(1).cumsum(1).flip(1),
        squares,
        torch.stack([x[:, : t + 1].amax(1) for t in range(size)], 1),
        prefix / (i + 1),
        torch.logcumsumexp(x, 1),
        torch.cumprod(w, 0).expand(len(x), -1),
        x @ near,
        ((prefix - x) * x).sum(1),
    )


@layer(
    """
    layer: gathers
    inputs:
      x: [N, T]
      i: {shape: [N], values: T}
      j: {shape: [M], values: N}
      p: {shape: [N, T], values: T}
    outputs:
      a[n]: x[n, i[n]]
      b[m, t]: x[j[m], t]
      c[m]: x[j[m], i[j[m]]]
      d[n, t]: x[n, p[n, t]]
      e[n, t]: x[n, Max(t - i[n], 0)]
      f[n, t]: x[n, (t + i[n]) % T]
      g[n]: x[n, Argmax(x[n, t], t)]
      h[n, t]: x[n, Abs(t - 2) % T]
    """,
    {"N": 3, "T": 5, "M": 4},
    {"N": 1, "T": 1, "M": 1},
)
def gathers(x, i, j, p):
    n, t = torch.arange(len(x)), torch.arange(x.shape[1])
    rows = n[:, None]
    return (
        x[n, i],
        x[j],
        x[j, i[j]],
        x.gather(1, p),
        x[rows, (t - i[:, None]).clamp(min=0)],
        x[rows, (t + i[:, None]) % x.shape[1]],
        x.amax(1),
        x[:, (t - 2).abs() % x.shape[1]],
    )


@layer(
    """
    layer: outputs_of_outputs
    inputs: {x: [N, 3], y: [M, 3]}
    params: {s: {shape: [], init: 0.5}}
    outputs:
      cross[n, m, c]: x[n, (c + 1) % 3]*y[m, (c + 2) % 3] - x[n, (c + 2) % 3]*y[m, (c + 1) % 3]
      area[n, m]: Norm(cross[n, m, c], c)*s
      biggest: Amax(area[n, m], n, m)
      where_[n]: Argmax(area[n, m], m)
      chosen[n]: area[n, where_[n]] + biggest
    indices: {c: 3}
    """,
    {"N": 4, "M": 2},
    {"N": 1, "M": 1},
)
def outputs_of_outputs(x, y, s):
    cross = torch.linalg.cross(x[:, None].expand(-1, len(y), -1), y[None].expand(len(x), -1, -1))
    area = cross.norm(dim=-1) * s
    return cross, area, area.amax(), area.argmax(1), area.amax(1) + area.amax()


@layer(
    """
    layer: scalars_only
    inputs: {a: [], b: []}
    params: {c: []}
    where:
      d: a**2 + b**2
      e: atan2(a, b) + sqrt(d)
    outputs:
      f: e*c + log(1 + exp(a + b + c))
      g: Max(a, b, c) - Min(a, b, 0)
      h: Piecewise((a, a < b), (b, b < c), (c, True))
    """,
    {},
)
def scalars_only(a, b, c):
    e = torch.atan2(a, b) + torch.sqrt(a**2 + b**2)
    top = torch.stack([a, b, c]).amax()
    low = torch.stack([a, b, torch.zeros_like(a)]).amin()
    return e * c + F.softplus(a + b + c), top - low, torch.where(a < b, a, torch.where(b < c, b, c))


@layer(
    """
    layer: sizes_as_numbers
    inputs: {x: [N, D]}
    params: {pe: [D]}
    dims: {H: D//2}
    indices: {h: H}
    where:
      angle[n, h]: n/10000**(2*h/D)
      enc[n, d]: Piecewise((sin(n/10000**(d/D)), Eq(d % 2, 0)), (cos(n/10000**((d - 1)/D)), True))
    outputs:
      y[n, d]: x[n, d]*sqrt(D) + enc[n, d] + pe[d]*(n + 1)/N
      z[n, h]: x[n, 2*h]*cos(angle[n, h]) - x[n, 2*h + 1]*sin(angle[n, h])
      unbiased[d]: Var(x[n, d], n)*N/Max(N - 1, 1)
    """,
    {"N": 5, "D": 4},
    {"N": 1, "D": 2},
    {"N": 3, "D": 7},
)
def sizes_as_numbers(x, pe):
    rows, size = x.shape
    n = torch.arange(rows, dtype=x.dtype)[:, None]
    d = torch.arange(size)
    even = d % 2 == 0
    h = torch.arange(size // 2)
    angle = n / 10000 ** (2 * h.to(x.dtype) / size)
    enc = torch.where(even, torch.sin(n / 10000 ** (d.to(x.dtype) / size)), torch.cos(n / 10000 ** ((d.to(x.dtype) - 1) / size)))
    z = x[:, 0 : 2 * len(h) : 2] * torch.cos(angle) - x[:, 1 : 2 * len(h) : 2] * torch.sin(angle)
    return x * size**0.5 + enc + pe * (n + 1) / rows, z, x.var(0, unbiased=False) * rows / max(rows - 1, 1)
