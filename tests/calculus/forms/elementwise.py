"""Closed forms: activations and gates. The fields of a row are told in the package's docstring."""

ROWS = {
    "sqrelu": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: Max(x[n, c], 0)**2
""",
        2.1,
        2.1,
        2.0,
    ),
    "b13 celu": (
        """\
layer: row
inputs:
  x: [N, C]
hyperparameters:
  a: 1.3
outputs:
  y[n, c]: Max(0, x[n, c]) + Min(0, a*(exp(x[n, c]/a) - 1))
""",
        14.1,
        7.1,
        4.0,
    ),
    "b13 elu by Max and Min": (
        """\
layer: row
inputs:
  x: [N, C]
hyperparameters:
  a: 0.7
outputs:
  y[n, c]: Max(x[n, c], 0) + a*(exp(Min(x[n, c], 0)) - 1)
""",
        12.1,
        7.1,
        3.0,
    ),
    "b13 selu": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: 1.0507*Piecewise((x[n, c], x[n, c] > 0), (1.67326*(exp(x[n, c]) - 1), True))
""",
        13.1,
        3.1,
        3.0,
    ),
    "expm1": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: expm1(x[n, c])
""",
        8.1,
        3.1,
        3.0,
    ),
    "exp minus one": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: exp(x[n, c]) - 1
""",
        8.1,
        3.1,
        3.0,
    ),
    "softshrink": (
        """\
layer: row
inputs:
  x: [N, C]
hyperparameters:
  lam: 0.5
outputs:
  y[n, c]: sign(x[n, c])*Max(Abs(x[n, c]) - lam, 0)
""",
        5.1,
        4.1,
        3.0,
    ),
    "hardshrink": (
        """\
layer: row
inputs:
  x: [N, C]
hyperparameters:
  lam: 0.5
outputs:
  y[n, c]: Piecewise((x[n, c], Abs(x[n, c]) > lam), (0, True))
""",
        3.1,
        1.1,
        1.0,
    ),
    "tanhshrink": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c] - tanh(x[n, c])
""",
        14.1,
        10.1,
        4.0,
    ),
    "b15 hard sigmoid": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: Min(Max(x[n, c]/6 + 1/2, 0), 1)
""",
        4.1,
        5.1,
        4.0,
    ),
    "hardtanh": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: Min(Max(x[n, c], -1), 1)
""",
        1.1,
        3.1,
        3.0,
    ),
    "relu6": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: Min(Max(x[n, c], 0), 6)
""",
        1.1,
        4.1,
        4.0,
    ),
    "b7 quick gelu": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]/(1 + exp(-1.702*x[n, c]))
""",
        16.1,
        8.1,
        10.0,
    ),
    "b16 prelu": (
        """\
layer: row
inputs:
  x: [N, C]
params:
  w: [C]
outputs:
  y[n, c]: Piecewise((x[n, c], x[n, c] > 0), (w[c]*x[n, c], True))
""",
        3.1,
        5.1,
        5.0,
    ),
    "reglu": (
        """\
layer: row
inputs:
  a: [N, C]
  b: [N, C]
outputs:
  y[n, c]: Max(a[n, c], 0)*b[n, c]
""",
        2.1,
        4.1,
        4.0,
    ),
    "bilinear gate": (
        """\
layer: row
inputs:
  a: [N, C]
  b: [N, C]
outputs:
  y[n, c]: a[n, c]*b[n, c]
""",
        1.1,
        2.1,
        2.0,
    ),
    "tanh gate": (
        """\
layer: row
inputs:
  a: [N, C]
  b: [N, C]
outputs:
  y[n, c]: tanh(a[n, c])*sigmoid(b[n, c])
""",
        21.1,
        12.1,
        13.0,
    ),
    "highway": (
        """\
layer: row
inputs:
  h: [N, C]
  g: [N, C]
  x: [N, C]
where:
  T[n, c]: 1/(1 + exp(-g[n, c]))
outputs:
  y[n, c]: T[n, c]*h[n, c] + (1 - T[n, c])*x[n, c]
""",
        22.1,
        6.1,
        7.0,
    ),
    "b3 softplus with beta": (
        """\
layer: row
inputs:
  x: [N, C]
hyperparameters:
  beta: 2.0
outputs:
  y[n, c]: log(1 + exp(beta*x[n, c]))/beta
""",
        21.1,
        6.1,
        16.0,
    ),
    "logit loss": (
        """\
layer: row
inputs:
  x: [N, C]
  s: {shape: [N, C], grad: false}
outputs:
  loss: Mean(log(1 + exp(-s[n, c]*x[n, c])), n, c)
""",
        21.1,
        7.1,
        17.0,
    ),
    "squareplus": (
        """\
layer: row
inputs:
  x: [N, C]
outputs:
  y[n, c]: (x[n, c] + sqrt(x[n, c]**2 + 4))/2
""",
        14.1,
        15.1,
        9.0,
    ),
    "snake": (
        """\
layer: row
inputs:
  x: [N, C]
params:
  a: [C]
outputs:
  y[n, c]: x[n, c] + sin(a[c]*x[n, c])**2/a[c]
""",
        26.1,
        35.1,
        17.04,
    ),
    "dropout mask": (
        """\
layer: row
inputs:
  x: [N, C]
  m: {shape: [N, C], grad: false}
hyperparameters:
  p: 0.3
outputs:
  y[n, c]: x[n, c]*m[n, c]/(1 - p)
""",
        3.1,
        3.1,
        2.0,
    ),
}
