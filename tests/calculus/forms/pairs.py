"""Closed forms: pairs of examples, graphs, labels. The fields of a row are told in the package's docstring."""

ROWS = {
    "a4 decayed and causal": (
        """\
layer: row
inputs: {Q: [B, T, D], K: [B, T, D], V: [B, T, D]}
hyperparameters: {g: 0.9}
where:
  s[b, i, j]: Piecewise((g**(i - j)*Sum(Q[b, i, d]*K[b, j, d], d), j <= i), (0, True))
outputs:
  y[b, i, d]: Sum(s[b, i, j]*V[b, j, d], j)
""",
        52.5,
        97.25,
        97.0,
    ),
    "graph convolution": (
        """\
layer: row
inputs: {x: [N, I], A: {shape: [N, N], grad: false}}
params: {W: [I, D]}
where:
  deg[i]: Sum(A[i, j], j)
  h[n, d]: Sum(x[n, i]*W[i, d], i)
outputs:
  y[i, d]: Max(Sum(A[i, j]*h[j, d]/sqrt(deg[i]*deg[j]), j), 0)
""",
        93.87,
        117.34,
        117.4,
    ),
    "mmd": (
        """\
layer: row
inputs: {x: [N, D], z: [M, D]}
where:
  kx[i, j]: exp(-Sum((x[i, d] - x[j, d])**2, d)/2)
  kz[i, j]: exp(-Sum((z[i, d] - z[j, d])**2, d)/2)
  kxz[i, j]: exp(-Sum((x[i, d] - z[j, d])**2, d)/2)
outputs:
  loss: Mean(kx[i, j], i, j) + Mean(kz[i, j], i, j) - 2*Mean(kxz[i, j], i, j)
""",
        276.89,
        172.28,
        175.7,
    ),
    "coral": (
        """\
layer: row
inputs: {x: [N, D], z: [M, D]}
where:
  cx[i, j]: Sum((x[n, i] - Mean(x[m, i], m))*(x[n, j] - Mean(x[m, j], m)), n)/(N - 1)
  cz[i, j]: Sum((z[n, i] - Mean(z[m, i], m))*(z[n, j] - Mean(z[m, j], m)), n)/(M - 1)
outputs:
  loss: Sum((cx[i, j] - cz[i, j])**2, i, j)/(4*D**2)
""",
        70.09,
        60.51,
        60.0,
    ),
    "vicreg": (
        """\
layer: row
inputs: {x: [N, D]}
where:
  m[d]: Mean(x[n, d], n)
  z[n, d]: x[n, d] - m[d]
  s[d]: sqrt(Sum(z[n, d]**2, n)/(N - 1) + 1e-4)
  c[i, j]: Sum(z[n, i]*z[n, j], n)/(N - 1)
outputs:
  loss: Mean(Max(0, 1 - s[d]), d) + 0.04*Sum(Piecewise((c[i, j]**2, Ne(i, j)), (0, True)), i, j)/D
""",
        41.11,
        36.76,
        35.5,
    ),
    "prototypes": (
        """\
layer: row
inputs: {x: [N, D], c: [K, D], t: {shape: [N], values: K}}
where:
  s[n, k]: -Sum((x[n, d] - c[k, d])**2, d)
  p[n, k]: Softmax(s[n, k], k)
outputs:
  loss: -Mean(log(p[n, t[n]]), n)
""",
        18.94,
        17.09,
        16.95,
    ),
    "l3 squared, of named margins": (
        """\
layer: row
inputs: {x: [N, C], t: {shape: [N], values: C}}
where:
  m[n, c]: Piecewise((0, Eq(c, t[n])), (Max(0, 1 + x[n, c] - x[n, t[n]]), True))
outputs:
  loss: Mean(Sum(m[n, c]**2, c), n)
""",
        3.05,
        2.07,
        2.06,
    ),
    "s4 of two labels": (
        """\
layer: row
inputs: {x: [N, C], t: {shape: [N], values: C}, u: {shape: [N], values: C}}
hyperparameters: {lam: 0.3}
where:
  l[n, c]: LogSoftmax(x[n, c], c)
outputs:
  loss: -Mean(lam*l[n, t[n]] + (1 - lam)*l[n, u[n]], n)
""",
        10.32,
        1.09,
        1.08,
    ),
    "s10 both ways": (
        """\
layer: row
inputs: {x: [N, C], z: [N, C]}
where:
  lp[n, c]: x[n, c] - LogSumExp(x[n, k], k)
  lq[n, c]: z[n, c] - LogSumExp(z[n, k], k)
outputs:
  loss: Sum((exp(lp[n, c]) - exp(lq[n, c]))*(lp[n, c] - lq[n, c]), n, c)
""",
        34.35,
        16.16,
        16.0,
    ),
}
