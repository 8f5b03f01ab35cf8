"""Closed forms: overlaps, similarities, penalties. The fields of a row are told in the package's docstring."""

ROWS = {
    "l13 Dice of sigmoids": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
where:
  p[n, c]: sigmoid(x[n, c])
outputs:
  loss: 1 - Mean((2*Sum(p[n, c]*t[n, c], c) + 1)/(Sum(p[n, c], c) + Sum(t[n, c], c) + 1), n)
""",
        15.2,
        7.2,
        7.1,
    ),
    "l13 Jaccard": (
        """\
layer: row
inputs:
  p: [N]
  t: {shape: [N], grad: false}
where:
  i: Sum(p[n]*t[n], n)
outputs:
  loss: 1 - i/(Sum(p[n], n) + Sum(t[n], n) - i)
""",
        3.2,
        2.3,
        2.17,
    ),
    "l13 Tversky": (
        """\
layer: row
inputs:
  p: [N]
  t: {shape: [N], grad: false}
where:
  tp: Sum(p[n]*t[n], n)
  fp: Sum(p[n]*(1 - t[n]), n)
  fn: Sum((1 - p[n])*t[n], n)
outputs:
  loss: 1 - tp/(tp + 0.3*fp + 0.7*fn)
""",
        5.3,
        2.2,
        2.17,
    ),
    "l12 contrastive": (
        """\
layer: row
inputs:
  a: [N, D]
  b: [N, D]
  y: {shape: [N], grad: false}
where:
  d[n]: sqrt(Sum((a[n, i] - b[n, i])**2, i))
outputs:
  loss: Mean(y[n]*d[n]**2 + (1 - y[n])*Max(20 - d[n], 0)**2, n)
""",
        2.4,
        3.5,
        4.16,
    ),
    "l12 triplet of distances": (
        """\
layer: row
inputs:
  a: [N, D]
  p: [N, D]
  q: [N, D]
outputs:
  loss: Mean(Max(Norm(a[n, d] - p[n, d], d) - Norm(a[n, d] - q[n, d], d) + 1, 0), n)
""",
        7.2,
        6.6,
        8.19,
    ),
    "n11 one less the cosine": (
        """\
layer: row
inputs:
  a: [N, C]
  b: [N, C]
outputs:
  loss: Mean(1 - Sum(a[n, c]*b[n, c], c)/(Norm(a[n, c], c)*Norm(b[n, c], c)), n)
""",
        5.2,
        6.4,
        14.14,
    ),
    "pearson": (
        """\
layer: row
inputs:
  x: [N]
  t: {shape: [N], grad: false}
where:
  u[n]: x[n] - Mean(x[m], m)
  v[n]: t[n] - Mean(t[m], m)
outputs:
  r: Sum(u[n]*v[n], n)/sqrt(Sum(u[n]**2, n)*Sum(v[n]**2, n))
""",
        11.3,
        3.4,
        3.1,
    ),
    "r2": (
        """\
layer: row
inputs:
  x: [N]
  t: {shape: [N], grad: false}
outputs:
  r: 1 - Sum((t[n] - x[n])**2, n)/Sum((t[n] - Mean(t[m], m))**2, n)
""",
        7.2,
        1.2,
        1.06,
    ),
    "concordance": (
        """\
layer: row
inputs:
  x: [N]
  t: {shape: [N], grad: false}
where:
  mx: Mean(x[n], n)
  mt: Mean(t[n], n)
outputs:
  r: 2*Mean((x[n] - mx)*(t[n] - mt), n)/(Var(x[n], n) + Var(t[n], n) + (mx - mt)**2)
""",
        11.4,
        7.4,
        4.27,
    ),
    "l15 InfoNCE": (
        """\
layer: row
inputs:
  a: [B, D]
  b: [B, D]
where:
  s[i, j]: 10*Sum(a[i, d]*b[j, d], d)
outputs:
  loss: -Mean(s[i, i] - LogSumExp(s[i, j], j), i)
""",
        4.6,
        8.4,
        7.41,
    ),
    "spectral pen": (
        """\
layer: row
params:
  W: [I, O]
where:
  G[a, b]: Sum(W[i, a]*W[i, b], i)
outputs:
  loss: Sum((G[a, b] - KroneckerDelta(a, b))**2, a, b)
""",
        30.9,
        29.1,
        28.93,
    ),
    "gram style": (
        """\
layer: row
inputs:
  x: [C, P]
  t: {shape: [C, C], grad: false}
where:
  G[a, b]: Sum(x[a, p]*x[b, p], p)/P
outputs:
  loss: Sum((G[a, b] - t[a, b])**2, a, b)
""",
        69.2,
        68.7,
        66.56,
    ),
    "elastic": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  loss: 0.1*Sum(Abs(x[n, c]), n, c) + 0.05*Sum(x[n, c]**2, n, c)
""",
        3.1,
        3.1,
        5.0,
    ),
    "group lasso": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  loss: Sum(sqrt(Sum(x[n, c]**2, c)), n)
""",
        1.1,
        1.2,
        3.03,
    ),
    "tv1d": (
        """\
layer: row
inputs:
  x: [N, T]
indices:
  i: T - 1
outputs:
  loss: Sum((x[n, i + 1] - x[n, i])**2, n, i)
""",
        2.0,
        3.0,
        2.92,
    ),
    "tv2d abs": (
        """\
layer: row
inputs:
  x: [H, W]
indices:
  i: H - 1
  j: W - 1
outputs:
  loss: Sum(Abs(x[i + 1, w] - x[i, w]), i, w) + Sum(Abs(x[h, j + 1] - x[h, j]), h, j)
""",
        5.0,
        6.6,
        7.27,
    ),
    "l10 advantage of each element": (
        """\
layer: row
inputs:
  x: [N, C]
  x0: {shape: [N, C], grad: false}
  A: {shape: [N, C], grad: false}
where:
  r[n, c]: exp(x[n, c] - x0[n, c])
outputs:
  loss: -Mean(Min(r[n, c]*A[n, c], Min(Max(r[n, c], 0.8), 1.2)*A[n, c]), n, c)
""",
        14.1,
        6.1,
        3.0,
    ),
}
