"""Closed forms: linear algebra, attention and small networks. The fields of a row are told in the package's docstring."""

ROWS = {
    "lora": (
        """\
layer: row
inputs:
  x: [N, I]
  W: {shape: [I, O], grad: false}
params:
  A: [I, K]
  B: [K, O]
outputs:
  y[n, o]: Sum(x[n, i]*W[i, o], i) + 2*Sum(x[n, i]*A[i, k]*B[k, o], i, k)
""",
        45.4,
        61.4,
        60.47,
    ),
    "low rank bilinear": (
        """\
layer: row
inputs:
  x: [N, I]
  z: [N, J]
params:
  U: [I, K]
  V: [J, K]
outputs:
  y[n, k]: Sum(x[n, i]*U[i, k], i)*Sum(z[n, j]*V[j, k], j)
""",
        15.3,
        30.5,
        30.4,
    ),
    "factorisation machine": (
        """\
layer: row
inputs:
  x: [N, D]
params:
  V: [D, K]
where:
  s[n, f]: Sum(V[d, f]*x[n, d], d)
outputs:
  y[n]: (Sum(s[n, f]**2, f) - Sum(V[d, f]**2*x[n, d]**2, d, f))/2
""",
        10.6,
        20.7,
        21.58,
    ),
    "mahalanobis": (
        """\
layer: row
inputs:
  x: [N, D]
params:
  m: [D]
  L: [D, D]
where:
  z[n, i]: Sum(L[i, j]*(x[n, j] - m[j]), j)
outputs:
  y[n]: Sum(z[n, i]**2, i)
""",
        34.1,
        68.5,
        66.05,
    ),
    "rbf": (
        """\
layer: row
inputs:
  x: [N, D]
params:
  c: [M, D]
  w: [M]
where:
  phi[n, m]: exp(-Sum((x[n, d] - c[m, d])**2, d)/2)
outputs:
  y[n]: Sum(w[m]*phi[n, m], m)
""",
        91.3,
        91.0,
        89.92,
    ),
    "gmm": (
        """\
layer: row
inputs:
  x: {shape: [N, D], grad: false}
params:
  m: [K, D]
  s: [K, D]
  p: [K]
where:
  z[n, j, d]: (x[n, d] - m[j, d])*exp(-s[j, d])
  l[n, j]: p[j] - Sum(z[n, j, d]**2/2 + s[j, d], d)
outputs:
  loss: -Mean(LogSumExp(l[n, j], j), n)
""",
        52.9,
        25.6,
        33.54,
    ),
    "poincare": (
        """\
layer: row
inputs:
  x: [N, C]
  z: [N, C]
where:
  d[n]: Sum((x[n, c] - z[n, c])**2, c)
  a[n]: 1 - Sum(x[n, c]**2, c)
  b[n]: 1 - Sum(z[n, c]**2, c)
outputs:
  y[n]: acosh(1 + 2*d[n]/(a[n]*b[n]))
""",
        4.3,
        5.6,
        5.23,
    ),
    "quaternion": (
        """\
layer: row
inputs:
  q: [N, 4]
  p: [N, 4]
outputs:
  a[n]: q[n, 0]*p[n, 0] - q[n, 1]*p[n, 1] - q[n, 2]*p[n, 2] - q[n, 3]*p[n, 3]
  b[n]: q[n, 0]*p[n, 1] + q[n, 1]*p[n, 0] + q[n, 2]*p[n, 3] - q[n, 3]*p[n, 2]
""",
        3.6,
        8.1,
        8.25,
    ),
    "a4 attention": (
        """\
layer: row
inputs:
  Q: [B, T, D]
  K: [B, S, D]
  V: [B, S, D]
where:
  s[b, t, j]: Sum(Q[b, t, d]*K[b, j, d], d)/sqrt(D)
  P[b, t, j]: Softmax(s[b, t, j], j)
outputs:
  O[b, t, e]: Sum(P[b, t, j]*V[b, j, e], j)
""",
        48.9,
        86.0,
        88.25,
    ),
    "a4 causal": (
        """\
layer: row
inputs:
  Q: [B, T, D]
  K: [B, T, D]
  V: [B, T, D]
where:
  s[b, t, j]: Piecewise((Sum(Q[b, t, d]*K[b, j, d], d)/sqrt(D), j <= t), (-oo, True))
outputs:
  O[b, t, e]: Sum(Softmax(s[b, t, j], j)*V[b, j, e], j)
""",
        59.6,
        103.4,
        104.5,
    ),
    "a4 with a bias": (
        """\
layer: row
inputs:
  Q: [B, T, D]
  K: [B, S, D]
  V: [B, S, D]
params:
  bias: [T, S]
where:
  s[b, t, j]: Sum(Q[b, t, d]*K[b, j, d], d)/sqrt(D) + bias[t, j]
  e[b, t, j]: exp(s[b, t, j])
outputs:
  O[b, t, f]: Sum(e[b, t, j]*V[b, j, f], j)/Sum(e[b, t, j], j)
""",
        49.5,
        87.3,
        88.88,
    ),
    "a4 one head of keys": (
        """\
layer: row
inputs:
  Q: [B, H, T, D]
  K: [B, S, D]
  V: [B, S, D]
where:
  P[b, h, t, j]: Softmax(Sum(Q[b, h, t, d]*K[b, j, d], d)/sqrt(D), j)
outputs:
  O[b, h, t, e]: Sum(P[b, h, t, j]*V[b, j, e], j)
""",
        48.9,
        84.6,
        88.25,
    ),
    "a4 cosine": (
        """\
layer: row
inputs:
  Q: [B, T, D]
  K: [B, S, D]
  V: [B, S, D]
where:
  q[b, t, d]: Q[b, t, d]/sqrt(Sum(Q[b, t, i]**2, i))
  k[b, j, d]: K[b, j, d]/sqrt(Sum(K[b, j, i]**2, i))
  P[b, t, j]: Softmax(10*Sum(q[b, t, d]*k[b, j, d], d), j)
outputs:
  O[b, t, e]: Sum(P[b, t, j]*V[b, j, e], j)
""",
        52.0,
        92.1,
        105.34,
    ),
    "a4 linear, normalised": (
        """\
layer: row
inputs:
  Q: [B, T, D]
  K: [B, T, D]
  V: [B, T, E]
where:
  M[b, d, e]: Sum(K[b, t, d]*V[b, t, e], t)
  z[b, d]: Sum(K[b, t, d], t)
outputs:
  O[b, t, e]: Sum(Q[b, t, d]*M[b, d, e], d)/Sum(Q[b, t, d]*z[b, d], d)
""",
        34.7,
        70.3,
        70.03,
    ),
    "a4 pooling": (
        """\
layer: row
inputs:
  x: [B, T, D]
params:
  w: [D]
where:
  a[b, t]: Softmax(Sum(x[b, t, d]*w[d], d), t)
outputs:
  y[b, d]: Sum(a[b, t]*x[b, t, d], t)
""",
        2.5,
        5.2,
        5.25,
    ),
    "a5 rotary by halves": (
        """\
layer: row
inputs:
  x: [B, T, 2*D]
  c: {shape: [T, D], grad: false}
  s: {shape: [T, D], grad: false}
outputs:
  y[b, t, j]: x[b, t, j]*c[t, j % D] + Piecewise((-x[b, t, j + D], j < D), (x[b, t, j - D], True))*s[t, j % D]
""",
        5.3,
        3.6,
        4.0,
    ),
    "mlp relu ce": (
        """\
layer: row
inputs:
  x: {shape: [N, I], grad: false}
  t: {shape: [N], values: C}
params:
  W1: [I, H]
  b1: [H]
  W2: [H, C]
where:
  h[n, j]: Max(Sum(x[n, i]*W1[i, j], i) + b1[j], 0)
  z[n, c]: Sum(h[n, j]*W2[j, c], j)
outputs:
  loss: Mean(LogSumExp(z[n, c], c) - z[n, t[n]], n)
""",
        41.1,
        34.7,
        39.0,
    ),
    "swiglu mlp": (
        """\
layer: row
inputs:
  x: [N, I]
params:
  A: [I, H]
  B: [I, H]
  C: [H, I]
where:
  a[n, h]: Sum(x[n, i]*A[i, h], i)
  u[n, h]: a[n, h]*sigmoid(a[n, h])*Sum(x[n, i]*B[i, h], i)
outputs:
  y[n, o]: Sum(u[n, h]*C[h, o], h)
""",
        21.1,
        39.1,
        46.2,
    ),
    "film": (
        """\
layer: row
inputs:
  x: [N, C, L]
  g: [N, C]
  b: [N, C]
outputs:
  y[n, c, l]: (1 + g[n, c])*x[n, c, l] + b[n, c]
""",
        2.1,
        3.1,
        4.0,
    ),
    "cka": (
        """\
layer: row
inputs:
  x: [N, D]
  y: {shape: [N, E], grad: false}
where:
  u[n, d]: x[n, d] - Mean(x[m, d], m)
  v[n, e]: y[n, e] - Mean(y[m, e], m)
  c: Sum(Sum(u[n, d]*v[n, e], n)**2, d, e)
  a: Sum(Sum(u[n, d]*u[n, f], n)**2, d, f)
  b: Sum(Sum(v[n, e]*v[n, f], n)**2, e, f)
outputs:
  s: c/sqrt(a*b)
""",
        63.3,
        53.2,
        50.0,
    ),
    "sobel": (
        """\
layer: row
inputs:
  x: [H, W]
indices:
  i: H - 2
  j: W - 2
outputs:
  g[i, j]: x[i, j + 2] - x[i, j] + 2*(x[i + 1, j + 2] - x[i + 1, j]) + x[i + 2, j + 2] - x[i + 2, j]
""",
        2.5,
        2.9,
        5.6,
    ),
    "n13 distances": (
        """\
layer: row
inputs:
  x: [N, D]
  z: [M, D]
outputs:
  y[n, m]: sqrt(Sum((x[n, d] - z[m, d])**2, d))
""",
        80.1,
        98.1,
        168.67,
    ),
}
