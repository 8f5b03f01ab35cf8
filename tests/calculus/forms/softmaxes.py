"""Closed forms: softmaxes and cross-entropies of many kinds. The fields of a row are told in the package's docstring."""

ROWS = {
    "s1 tempered by name": (
        """\
layer: row
inputs:
  x: [N, C]
hyperparameters:
  tau: 2.0
outputs:
  y[n, c]: exp(x[n, c]/tau)/Sum(exp(x[n, k]/tau), k)
""",
        14.1,
        7.1,
        7.0,
    ),
    "softmax2axes": (
        """\
layer: row
inputs:
  x: [N, H, W]
outputs:
  y[n, h, w]: exp(x[n, h, w])/Sum(exp(x[n, i, j]), i, j)
""",
        12.1,
        3.1,
        6.0,
    ),
    "softargmax": (
        """\
layer: row
inputs:
  x: [N, C]
  v: {shape: [C], grad: false}
outputs:
  y[n]: Sum(v[c]*exp(x[n, c]), c)/Sum(exp(x[n, c]), c)
""",
        13.1,
        6.1,
        5.0,
    ),
    "s6 label smoothing against one-hot rows": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
hyperparameters:
  e: 0.1
where:
  q[n, c]: (1 - e)*KroneckerDelta(c, t[n]) + e/C
outputs:
  loss: -Mean(Sum(q[n, c]*log(Softmax(x[n, c], c)), c), n)
""",
        17.3,
        4.1,
        5.05,
    ),
    "s8 z-loss": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
where:
  l[n]: log(Sum(exp(x[n, c]), c))
outputs:
  loss: Sum(l[n] - x[n, t[n]] + 0.3*l[n]**2, n)/N
""",
        10.4,
        1.2,
        5.08,
    ),
    "focal softmax": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
where:
  q[n, c]: Softmax(x[n, c], c)
  p[n]: q[n, t[n]]
outputs:
  loss: -Mean((1 - p[n])**2*log(p[n]), n)
""",
        10.4,
        1.3,
        2.13,
    ),
    "s10 distilled by cross-entropy": (
        """\
layer: row
inputs:
  x: [N, C]
  u: {shape: [N, C], grad: false}
hyperparameters:
  T: 3.0
outputs:
  loss: -T**2*Mean(Sum(Softmax(u[n, c]/T, c)*LogSoftmax(x[n, c]/T, c), c), n)
""",
        29.3,
        7.1,
        7.0,
    ),
    "s11 entropy of a named softmax": (
        """\
layer: row
inputs:
  x: [N, C]
where:
  p[n, c]: Softmax(x[n, c], c)
outputs:
  h: -Mean(Sum(p[n, c]*log(p[n, c]), c), n)
""",
        15.3,
        4.1,
        5.02,
    ),
    "mse of softmax": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
where:
  p[n, c]: Softmax(x[n, c], c)
outputs:
  loss: Mean(Sum((p[n, c] - t[n, c])**2, c), n)
""",
        14.1,
        6.1,
        7.0,
    ),
    "taylor ranking": (
        """\
layer: row
inputs:
  s: [N]
  t: {shape: [N], grad: false}
outputs:
  loss: Sum(Piecewise((log(1 + exp(-(s[i] - s[j]))), t[i] > t[j]), (0, True)), i, j)
""",
        1104.1,
        771.1,
        867.0,
    ),
    "l3 of several classes": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
outputs:
  loss: Mean(Sum(Piecewise((0, Eq(c, t[n])), (Max(1 + x[n, c] - x[n, t[n]], 0), True)), c), n)
""",
        3.1,
        3.2,
        3.06,
    ),
    "l3 margin ranking": (
        """\
layer: row
inputs:
  a: [N]
  b: [N]
  s: {shape: [N], grad: false}
outputs:
  loss: Mean(Max(0, 0.5 - s[n]*(a[n] - b[n])), n)
""",
        5.1,
        4.2,
        4.06,
    ),
    "cox": (
        """\
layer: row
inputs:
  x: [N]
  d: {shape: [N], grad: false}
outputs:
  loss: -Sum(d[i]*(x[i] - log(Sum(exp(x[j]), (j, i, N - 1)))), i)
""",
        28.1,
        32.1,
        34.0,
    ),
}
