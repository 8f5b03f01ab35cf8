"""Closed forms: residuals and likelihoods. The fields of a row are told in the package's docstring."""

ROWS = {
    "l2 Huber": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
where:
  r[n, c]: x[n, c] - t[n, c]
outputs:
  loss: Mean(Piecewise((r[n, c]**2/2, Abs(r[n, c]) <= 1), (Abs(r[n, c]) - 1/2, True)), n, c)
""",
        8.1,
        2.1,
        2.0,
    ),
    "l2 absolute": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Mean(Abs(x[n, c] - t[n, c]), n, c)
""",
        3.1,
        2.1,
        2.0,
    ),
    "charbonnier": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum(sqrt((x[n, c] - t[n, c])**2 + 0.01), n, c)
""",
        7.1,
        6.1,
        7.0,
    ),
    "l2 pinball": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  q: 0.9
where:
  r[n, c]: t[n, c] - x[n, c]
outputs:
  loss: Mean(Max(q*r[n, c], (q - 1)*r[n, c]), n, c)
""",
        5.1,
        3.1,
        3.0,
    ),
    "b18 log cosh": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Mean(log(cosh(x[n, c] - t[n, c])), n, c)
""",
        22.1,
        9.1,
        17.0,
    ),
    "laplace nll": (
        """\
layer: row
inputs:
  m: [N, C]
  s: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum(s[n, c] + Abs(t[n, c] - m[n, c])*exp(-s[n, c]), n, c)
""",
        14.1,
        5.1,
        6.0,
    ),
    "l6 Gaussian with sigma": (
        """\
layer: row
inputs:
  m: [N, C]
  s: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum(log(s[n, c]) + ((t[n, c] - m[n, c])/s[n, c])**2/2, n, c)
""",
        16.1,
        8.1,
        10.0,
    ),
    "student": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  nu: 4.0
outputs:
  loss: Sum((nu + 1)/2*log(1 + (x[n, c] - t[n, c])**2/nu), n, c)
""",
        13.1,
        5.1,
        5.0,
    ),
    "cauchy": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum(log(1 + (x[n, c] - t[n, c])**2), n, c)
""",
        20.1,
        13.1,
        5.0,
    ),
    "l7 Poisson": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Mean(exp(x[n, c]) - t[n, c]*x[n, c], n, c)
""",
        11.1,
        2.1,
        2.0,
    ),
    "negbin": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  r: 3.0
outputs:
  loss: Sum((t[n, c] + r)*log(1 + exp(x[n, c])) - t[n, c]*x[n, c], n, c)
""",
        25.1,
        8.1,
        18.0,
    ),
    "l8 KL of an encoder": (
        """\
layer: row
inputs:
  m: [N, C]
  s: [N, C]
outputs:
  loss: Mean(Sum(m[n, c]**2 + s[n, c]**2 - 1 - 2*log(s[n, c]), c), n)/2
""",
        15.1,
        5.1,
        6.0,
    ),
    "reparam": (
        """\
layer: row
inputs:
  m: [N, C]
  s: [N, C]
  e: {shape: [N, C], grad: false}
outputs:
  z[n, c]: m[n, c] + exp(s[n, c]/2)*e[n, c]
""",
        11.1,
        2.1,
        2.0,
    ),
    "vae elbo": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
  m: [N, C]
  s: [N, C]
outputs:
  loss: (Sum(Max(x[n, c], 0) - x[n, c]*t[n, c] + log(1 + exp(-Abs(x[n, c]))), n, c) - Sum(1 + s[n, c] - m[n, c]**2 - exp(s[n, c]), n, c)/2)/N
""",
        35.1,
        9.1,
        20.0,
    ),
    "b5 probabilities of sigmoids": (
        """\
layer: row
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
where:
  p[n, c]: 1/(1 + exp(-x[n, c]))
outputs:
  loss: -Mean(t[n, c]*log(p[n, c]) + (1 - t[n, c])*log(1 - p[n, c]), n, c)
""",
        23.1,
        11.1,
        17.0,
    ),
}
