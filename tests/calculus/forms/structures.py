"""Closed forms: products, reads, recurrences and losses of the catalogue that have no other spelling. The fields of a row are told in the package's docstring."""

ROWS = {
    "a1 linear": (
        """\
layer: row
inputs:
  x: [N, I]
params:
  W: [I, O]
  b: [O]
outputs:
  y: x @ W + b
""",
        29.0,
        57.0,
        56.93,
    ),
    "a2 bilinear": (
        """\
layer: row
inputs:
  x: [N, I]
  z: [N, J]
params:
  W: [K, I, J]
outputs:
  y[n, k]: Sum(x[n, i]*W[k, i, j]*z[n, j], i, j)
""",
        215.0,
        476.1,
        441.13,
    ),
    "a3 embedding": (
        """\
layer: row
inputs:
  t: {shape: [N, T], values: V}
params:
  W: [V, D]
outputs:
  y[n, i, d]: W[t[n, i], d]
""",
        32.1,
        32.1,
        32.0,
    ),
    "a7 cumulative log-sum-exp": (
        """\
layer: row
inputs:
  x: [N, T]
outputs:
  y[n, t]: log(Sum(exp(x[n, s]), (s, 0, t)))
""",
        26.1,
        30.1,
        32.0,
    ),
    "a9 strided in groups": (
        """\
layer: row
inputs:
  x: {shape: [N, 2*G, H, W], outside: 0}
params:
  f: [O, G, 3, 2]
indices:
  h: (H - 1)//2 + 1
  w: (W + 2 - 2)//2 + 1
outputs:
  y[n, o, h, w]: Sum(x[n, c + G*(o//(O//2)), 2*h + i - 1, 2*w + j - 1]*f[o, c, i, j], c, i, j)
""",
        26.8,
        54.4,
        52.2,
    ),
    "c1 LSTM": (
        """\
layer: row
inputs:
  x: [N, I]
  h: [N, D]
  c: [N, D]
params:
  Wx: [I, 4, D]
  Wh: [D, 4, D]
  b: [4, D]
where:
  z[n, g, d]: Sum(x[n, i]*Wx[i, g, d], i) + Sum(h[n, k]*Wh[k, g, d], k) + b[g, d]
outputs:
  h1[n, d]: sigmoid(z[n, 2, d])*tanh(c1[n, d])
  c1[n, d]: sigmoid(z[n, 1, d])*c[n, d] + sigmoid(z[n, 0, d])*tanh(z[n, 3, d])
""",
        332.9,
        571.8,
        561.07,
    ),
    "c2 GRU": (
        """\
layer: row
inputs:
  x: [N, I]
  h: [N, D]
params:
  Ux: [I, 3, D]
  Uh: [D, 3, D]
where:
  a[n, g, d]: Sum(x[n, i]*Ux[i, g, d], i)
  b[n, g, d]: Sum(h[n, k]*Uh[k, g, d], k)
  r[n, d]: sigmoid(a[n, 0, d] + b[n, 0, d])
  z[n, d]: sigmoid(a[n, 1, d] + b[n, 1, d])
  q[n, d]: tanh(a[n, 2, d] + r[n, d]*b[n, 2, d])
outputs:
  y[n, d]: (1 - z[n, d])*q[n, d] + z[n, d]*h[n, d]
""",
        250.8,
        424.6,
        419.2,
    ),
    "l4 KL of log-probabilities": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum(t[n, c]*(log(t[n, c]) - x[n, c]), n, c)
""",
        10.1,
        1.1,
        1.0,
    ),
    "l5 Jensen-Shannon": (
        """\
layer: row
inputs:
  x: [N, C]
  w: {shape: [N, C], grad: false}
where:
  m[n, c]: log(0.3*exp(w[n, c]) + 0.7*exp(x[n, c]))
outputs:
  loss: 0.3*Sum(exp(w[n, c])*(w[n, c] - m[n, c]), n, c) + 0.7*Sum(exp(x[n, c])*(x[n, c] - m[n, c]), n, c)
""",
        23.1,
        28.1,
        3.0,
    ),
    "l9 preferences": (
        """\
layer: row
inputs:
  a: [N]
  b: [N]
outputs:
  loss: -Sum(log(sigmoid((a[n] - b[n])/2)), n)
""",
        23.1,
        7.1,
        18.02,
    ),
    "l11 k3 estimator": (
        """\
layer: row
inputs:
  x: [N, C]
  x0: {shape: [N, C], grad: false}
outputs:
  loss: Sum(exp(x0[n, c] - x[n, c]) - (x0[n, c] - x[n, c]) - 1, n, c)
""",
        11.1,
        1.1,
        2.0,
    ),
    "l14 squares": (
        """\
layer: row
params:
  w: [N, C]
outputs:
  loss: 0.05*Sum(w[n, c]**2, n, c)
""",
        1.1,
        1.1,
        1.0,
    ),
    "l16 sparsemax": (
        """\
layer: row
inputs:
  x: [N, C]
where:
  k[n, c]: Sum(x[n, j] >= x[n, c], j)
  s[n, c]: Sum(Piecewise((x[n, j], x[n, j] >= x[n, c]), (0, True)), j)
  on[n, c]: Piecewise((1, 1 + k[n, c]*x[n, c] > s[n, c]), (0, True))
  tau[n]: (Sum(on[n, c]*x[n, c], c) - 1)/Sum(on[n, c], c)
outputs:
  y[n, c]: Max(x[n, c] - tau[n], 0)
""",
        265.2,
        5.1,
        4.03,
    ),
    "l17 scaled tanh": (
        """\
layer: row
inputs:
  x: [N, C]
params:
  a: []
  g: [C]
outputs:
  y[n, c]: g[c]*tanh(a*x[n, c])
""",
        10.1,
        11.1,
        13.0,
    ),
    "l18 soft cap": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: 5*tanh(x[n, c]/5)
""",
        11.1,
        5.1,
        8.0,
    ),
}
