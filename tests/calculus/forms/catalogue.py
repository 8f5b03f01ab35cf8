"""Closed forms: functions, softmaxes and norms of the catalogue that have no other spelling. The fields of a row are told in the package's docstring."""

ROWS = {
    "s7 weighted, some ignored": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
  w: {shape: [C], grad: false}
  m: {shape: [N], dtype: bool}
where:
  v[n]: w[t[n]]*m[n]
outputs:
  loss: Sum(v[n]*(LogSumExp(x[n, c], c) - x[n, t[n]]), n)/Sum(v[n], n)
""",
        10.4,
        1.2,
        3.06,
    ),
    "s9 soft-capped logits": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
where:
  z[n, c]: 5*tanh(x[n, c]/5)
outputs:
  loss: Mean(LogSumExp(z[n, c], c) - z[n, t[n]], n)
""",
        21.3,
        6.2,
        7.05,
    ),
    "b2 tanh": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: tanh(x[n, c])
""",
        8.1,
        5.1,
        7.0,
    ),
    "b4 log-sigmoid": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: log(sigmoid(x[n, c]))
""",
        20.1,
        6.1,
        17.0,
    ),
    "b6 weighted positives": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: -Sum(2.5*t[n, c]*log(sigmoid(x[n, c])) + (1 - t[n, c])*log(1 - sigmoid(x[n, c])), n, c)
""",
        30.1,
        12.1,
        19.0,
    ),
    "b9 GLU": (
        """\
layer: row
inputs:
  a: [N, C]
  b: [N, C]
outputs:
  y[n, c]: a[n, c]*sigmoid(b[n, c])
""",
        13.1,
        7.1,
        6.0,
    ),
    "b11 gelu by erfc": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]*erfc(-x[n, c]/sqrt(2))/2
""",
        26.1,
        5.1,
        24.0,
    ),
    "b12 gelu by tanh": (
        """\
layer: row
inputs:
  x: [N, C]
where:
  u[n, c]: sqrt(2/pi)*(x[n, c] + 0.044715*x[n, c]**3)
outputs:
  y[n, c]: x[n, c]/2*(1 + tanh(u[n, c]))
""",
        19.1,
        11.1,
        17.0,
    ),
    "b14 softsign": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]/(Abs(x[n, c]) + 1)
""",
        6.1,
        2.1,
        4.0,
    ),
    "b16 leaky by Max and Min": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: Max(x[n, c], 0) + 0.1*Min(x[n, c], 0)
""",
        5.1,
        5.1,
        3.0,
    ),
    "b17 reciprocal root": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: 1/sqrt(x[n, c])
""",
        4.1,
        4.1,
        4.0,
    ),
    "b19 log of a tanh's slope": (
        """\
layer: row
inputs:
  u: [N, C]
outputs:
  y[n, c]: log(1 - tanh(u[n, c])**2)
""",
        21.1,
        10.1,
        14.0,
    ),
    "b20 focal": (
        """\
layer: row
inputs:
  x: [N, C]
where:
  p[n, c]: sigmoid(x[n, c])
outputs:
  y[n, c]: -(1 - p[n, c])**2*log(p[n, c])
""",
        28.1,
        8.1,
        14.0,
    ),
    "n1 mean": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  m[n]: Sum(x[n, c], c)/C
""",
        1.1,
        0.1,
        1.03,
    ),
    "n3 standard deviation": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n]: sqrt(Sum((x[n, c] - Mean(x[n, k], k))**2, c)/(C - 1))
""",
        5.1,
        1.2,
        2.09,
    ),
    "n7 normalised by running statistics": (
        """\
layer: row
inputs:
  x: [N, C]
  rm: {shape: [C], grad: false}
  rv: {shape: [C], grad: false}
params:
  gamma: [C]
  beta: [C]
outputs:
  y[n, c]: (x[n, c] - rm[c])*gamma[c]/sqrt(rv[c] + 1e-5) + beta[c]
""",
        3.2,
        3.1,
        4.02,
    ),
    "n13 squared distances": (
        """\
layer: row
inputs:
  x: [N, D]
  z: [M, D]
outputs:
  y[n, m]: Sum((x[n, d] - z[m, d])**2, d)
""",
        80.1,
        88.1,
        88.0,
    ),
}
