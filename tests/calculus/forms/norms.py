"""Closed forms: normalisations and statistics. The fields of a row are told in the package's docstring."""

ROWS = {
    "n5 channels second": (
        """\
layer: row
inputs:
  x: [N, C, H, W]
params:
  gamma: [C]
  beta: [C]
where:
  mu[c]: Mean(x[n, c, h, w], n, h, w)
  v[c]: Mean((x[n, c, h, w] - mu[c])**2, n, h, w)
outputs:
  y[n, c, h, w]: gamma[c]*(x[n, c, h, w] - mu[c])/sqrt(v[c] + 1e-5) + beta[c]
""",
        8.1,
        6.1,
        7.0,
    ),
    "n5 channels last": (
        """\
layer: row
inputs:
  x: [N, L, C]
params:
  gamma: [C]
  beta: [C]
outputs:
  y[n, l, c]: (x[n, l, c] - Mean(x[i, j, c], i, j))*gamma[c]/sqrt(Var(x[i, j, c], i, j) + 1e-5) + beta[c]
""",
        8.1,
        6.1,
        7.0,
    ),
    "n4 instance norm": (
        """\
layer: row
inputs:
  x: [N, C, H, W]
params:
  gamma: [C]
  beta: [C]
where:
  mu[n, c]: Sum(x[n, c, h, w], h, w)/(H*W)
  s[n, c]: sqrt(Sum((x[n, c, h, w] - mu[n, c])**2, h, w)/(H*W) + 1e-5)
outputs:
  y[n, c, h, w]: gamma[c]*(x[n, c, h, w] - mu[n, c])/s[n, c] + beta[c]
""",
        7.2,
        6.6,
        7.17,
    ),
    "n4 group norm": (
        """\
layer: row
inputs:
  x: [N, G, K, L]
params:
  gamma: [G, K]
  beta: [G, K]
where:
  mu[n, g]: Mean(x[n, g, k, l], k, l)
  v[n, g]: Var(x[n, g, k, l], k, l)
outputs:
  y[n, g, k, l]: gamma[g, k]*(x[n, g, k, l] - mu[n, g])/sqrt(v[n, g] + 1e-5) + beta[g, k]
""",
        8.1,
        7.2,
        7.22,
    ),
    "n4 along the first axis": (
        """\
layer: row
inputs:
  x: [C, N]
params:
  gamma: [C]
where:
  u[c, n]: x[c, n] - Mean(x[k, n], k)
outputs:
  y[c, n]: gamma[c]*u[c, n]/sqrt(Mean(u[k, n]**2, k) + 1e-5)
""",
        7.2,
        8.2,
        10.06,
    ),
    "n4 without parameters": (
        """\
layer: row
inputs:
  x: [N, C]
where:
  u[n, c]: x[n, c] - Sum(x[n, k], k)/C
outputs:
  y[n, c]: u[n, c]*(Sum(u[n, k]**2, k)/C + 1e-5)**(-1/2)
""",
        6.2,
        6.2,
        7.06,
    ),
    "n8 with a residual": (
        """\
layer: row
inputs:
  x: [N, C]
  h: [N, C]
params:
  w: [C]
where:
  s[n, c]: x[n, c] + h[n, c]
outputs:
  z[n, c]: s[n, c]
  y[n, c]: w[c]*s[n, c]/sqrt(Mean(s[n, k]**2, k) + 1e-6)
""",
        4.1,
        7.1,
        9.03,
    ),
    "n9 scaled": (
        """\
layer: row
inputs:
  x: [N, C]
params:
  g: []
outputs:
  y[n, c]: g*x[n, c]/sqrt(Sum(x[n, k]**2, k))
""",
        3.1,
        5.3,
        7.05,
    ),
    "n4 modulated": (
        """\
layer: row
inputs:
  x: [B, T, D]
  s: [B, D]
  t: [B, D]
where:
  h[b, i, d]: (x[b, i, d] - Mean(x[b, i, k], k))/sqrt(Var(x[b, i, k], k) + 1e-5)
outputs:
  y[b, i, d]: h[b, i, d]*(1 + s[b, d]) + t[b, d]
""",
        8.3,
        9.2,
        11.12,
    ),
    "n12 standardised weights": (
        """\
layer: row
inputs:
  x: [N, I]
params:
  W: [O, I]
where:
  V[o, i]: (W[o, i] - Mean(W[o, j], j))/sqrt(Var(W[o, j], j) + 1e-5)
outputs:
  y[n, o]: Sum(x[n, i]*V[o, i], i)
""",
        31.7,
        59.7,
        60.16,
    ),
    "n6 whitened with Bessel's variance": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: (x[n, c] - Mean(x[i, c], i))/sqrt(Sum((x[i, c] - Mean(x[j, c], j))**2, i)/(N - 1) + 1e-5)
""",
        6.2,
        6.2,
        7.08,
    ),
    "lrn": (
        """\
layer: row
inputs:
  x: {shape: [N, C], outside: 0}
where:
  u[n, c]: 2 + 0.1*Sum(x[n, c + j]**2, (j, -2, 2))
outputs:
  y[n, c]: x[n, c]/sqrt(u[n, c])
""",
        8.2,
        16.1,
        12.06,
    ),
    "masked mean": (
        """\
layer: row
inputs:
  x: [B, T, D]
  m: {shape: [B, T], grad: false}
outputs:
  y[b, d]: Sum(m[b, t]*x[b, t, d], t)/Sum(m[b, t], t)
""",
        1.2,
        1.1,
        1.06,
    ),
    "weighted var": (
        """\
layer: row
inputs:
  x: [N, C]
  w: {shape: [C], grad: false}
where:
  mu[n]: Sum(w[c]*x[n, c], c)/Sum(w[c], c)
outputs:
  v[n]: Sum(w[c]*(x[n, c] - mu[n])**2, c)/Sum(w[c], c)
""",
        4.2,
        2.1,
        2.05,
    ),
    "segment mean": (
        """\
layer: row
inputs:
  x: [N, D]
  t: {shape: [N], values: S}
  c: {shape: [S], grad: false}
outputs:
  y[s, d]: Sum(Piecewise((x[n, d], Eq(t[n], s)), (0, True)), n)/c[s]
""",
        1.5,
        2.2,
        1.83,
    ),
}
