"""Spellings of the closed forms, and the passes over an element of the first tensor that each may cost: forward, and backward beyond it.

`CLOSED` says what the backward of a row costs as one writes its closed form by hand, with the passes that a stability rule asks for.
"""

CLOSED = {
    "s1": 6, "s2": 11, "s3": 10, "s4": 4, "s5": 6, "s10": 7, "s11": 5, "b1": 5, "b13": 4, "b15": 8, "n2": 2, "n4": 11, "n5": 8,
    "n8": 9, "n9": 10, "n10": 3, "n11": 14, "n12": 5, "l1": 2, "l2": 2, "l3": 3, "l10": 5, "l12": 6, "l13": 2, "a6": 1, "bce": 18,
    "silu": 9, "swiglu": 12, "mish": 25, "gauss": 5, "amax": 3, "s1 tempered": 7, "a6 prefix mean": 3,
}  # fmt: skip

SIZES = {
    "N": 48,
    "C": 64,
    "G": 4,
    "H": 6,
    "W": 5,
    "M": 40,
    "D": 32,
    "B": 3,
    "T": 24,
    "S": 20,
    "E": 16,
    "I": 30,
    "K": 8,
    "O": 28,
    "L": 36,
    "V": 60,
    "P": 50,
    "J": 26,
}

SPELLINGS = {
    "s1 max-shifted": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  m[n]: Amax(x[n, k], k)
  e[n, c]: exp(x[n, c] - m[n])
outputs:
  p[n, c]: e[n, c]/Sum(e[n, k], k)
""",
        12.1,
        5.1,
    ),
    "s1 Softmax axis 0": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  p[n, c]: Softmax(x[n, c], n)
""",
        12.1,
        5.1,
    ),
    "s1 exp of log_softmax": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  p[n, c]: exp(x[n, c] - LogSumExp(x[n, k], k))
""",
        12.1,
        5.1,
    ),
    "s1 whole": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  e: exp(x)
outputs:
  p: e/sum(e, axis=1, keepdims=True)
""",
        12.1,
        5.1,
    ),
    "s1 tempered": (
        """\
layer: spelling
inputs:
  x: [N, C]
hyperparameters:
  tau: 2.0
outputs:
  p[n, c]: exp(x[n, c]/tau)/Sum(exp(x[n, k]/tau), k)
""",
        14.1,
        7.1,
    ),
    "s1 permuted": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  p[c, n]: exp(x[n, c])/Sum(exp(x[n, j]), j)
""",
        12.1,
        5.1,
    ),
    "s1 call": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  z: softmax(x)
outputs:
  p: 2*z
""",
        13.1,
        6.1,
    ),
    "s2 log of Softmax": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: log(Softmax(x[n, c], c))
""",
        12.3,
        3.1,
    ),
    "s2 LogSoftmax": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: LogSoftmax(x[n, c], c)
""",
        12.3,
        3.1,
    ),
    "s2 named p": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  p[n, c]: exp(x[n, c])/Sum(exp(x[n, k]), k)
outputs:
  y[n, c]: log(p[n, c])
""",
        12.3,
        3.1,
    ),
    "s3 logsumexp shifted": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  m[n]: Amax(x[n, k], k)
outputs:
  y[n]: m[n] + log(Sum(exp(x[n, k] - m[n]), k))
""",
        10.3,
        1.1,
    ),
    "s3 LSE scaled": (
        """\
layer: spelling
inputs:
  x: [N, C]
hyperparameters:
  beta: 3.0
outputs:
  y[n]: LogSumExp(beta*x[n, k], k)/beta
""",
        11.3,
        1.1,
    ),
    "s4 lse minus picked": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
outputs:
  loss: Mean(LogSumExp(x[n, k], k) - x[n, t[n]], n)
""",
        10.3,
        1.2,
    ),
    "s4 onehot": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
outputs:
  loss: -Sum(KroneckerDelta(c, t[n])*log(Softmax(x[n, c], c)), n, c)/N
""",
        10.3,
        1.2,
    ),
    "s4 calls": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
where:
  y: log_softmax(x)
outputs:
  loss: -Mean(y[n, t[n]], n)
""",
        10.3,
        1.2,
    ),
    "s4 sum": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
outputs:
  loss: -Sum(log(Softmax(x[n, c], c))*Piecewise((1, Eq(c, t[n])), (0, True)), n, c)
""",
        10.3,
        1.2,
    ),
    "s5 soft targets softmax": (
        """\
layer: spelling
inputs:
  x: [N, C]
  q: {shape: [N, C], grad: false}
outputs:
  loss: -Mean(Sum(q[n, c]*LogSoftmax(x[n, c], c), c), n)
""",
        13.3,
        4.1,
    ),
    "s10 kl log diff": (
        """\
layer: spelling
inputs:
  x: [N, C]
  u: {shape: [N, C], grad: false}
where:
  q[n, c]: Softmax(u[n, c], c)
outputs:
  loss: Mean(Sum(q[n, c]*(log(q[n, c]) - LogSoftmax(x[n, c], c)), c), n)
""",
        27.5,
        7.1,
    ),
    "s10 ce of teacher": (
        """\
layer: spelling
inputs:
  x: [N, C]
  u: {shape: [N, C], grad: false}
where:
  q[n, c]: Softmax(u[n, c], c)
outputs:
  loss: -Mean(Sum(q[n, c]*LogSoftmax(x[n, c], c), c), n)
""",
        25.3,
        7.1,
    ),
    "s11 entropy p*y": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  y[n, c]: LogSoftmax(x[n, c], c)
outputs:
  H[n]: -Sum(exp(y[n, c])*y[n, c], c)
""",
        15.3,
        3.1,
    ),
    "s11 mean entropy": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  p[n, c]: Softmax(x[n, c], c)
outputs:
  H: -Mean(Sum(p[n, c]*log(p[n, c]), c), n)
""",
        15.3,
        4.1,
    ),
    "b1 written tanh": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: (1 + tanh(x[n, c]/2))/2
""",
        12.1,
        5.1,
    ),
    "b1 scaled": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: 3/(1 + exp(-x[n, c]))
""",
        13.1,
        6.1,
    ),
    "b13 elu Max Min": (
        """\
layer: spelling
inputs:
  x: [N, C]
hyperparameters:
  a: 0.7
outputs:
  y[n, c]: Max(x[n, c], 0) + a*Min(exp(x[n, c]) - 1, 0)
""",
        12.1,
        7.1,
    ),
    "b13 celu 1": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: Max(x[n, c], 0) + Min(0, exp(x[n, c]) - 1)
""",
        11.1,
        6.1,
    ),
    "b13 elu expm1": (
        """\
layer: spelling
inputs:
  x: [N, C]
hyperparameters:
  a: 0.7
outputs:
  y[n, c]: Piecewise((a*expm1(x[n, c]), x[n, c] <= 0), (x[n, c], True))
""",
        13.1,
        4.1,
    ),
    "b15 hardswish relu6": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]*Min(relu(x[n, c] + 3), 6)/6
""",
        6.1,
        7.1,
    ),
    "b15 hardsigmoid": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: Max(0, Min(1, x[n, c]/6 + 1/2))
""",
        5.1,
        5.1,
    ),
    "b15 hardswish hs": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  h[n, c]: Min(Max(x[n, c]/6 + 1/2, 0), 1)
outputs:
  y[n, c]: x[n, c]*h[n, c]
""",
        5.1,
        7.1,
    ),
    "b15 hardswish piecewise": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: Piecewise((0, x[n, c] <= -3), (x[n, c], x[n, c] >= 3), (x[n, c]*(x[n, c] + 3)/6, True))
""",
        8.1,
        6.1,
    ),
    "clip": (
        """\
layer: spelling
inputs:
  x: [N, C]
hyperparameters:
  lo: -1.0
  hi: 2.0
outputs:
  y[n, c]: Min(Max(x[n, c], lo), hi)
""",
        1.1,
        4.1,
    ),
    "n2 Var": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  v[n]: Var(x[n, c], c)
""",
        5.1,
        1.1,
    ),
    "n2 mean sq minus sq mean centred": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  mu[n]: Mean(x[n, c], c)
outputs:
  v[n]: Mean((x[n, c] - mu[n])**2, c)
""",
        5.1,
        1.1,
    ),
    "n2 E2": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  v[n]: Mean(x[n, c]**2, c) - Mean(x[n, c], c)**2
""",
        5.1,
        1.1,
    ),
    "n4 layernorm Var": (
        """\
layer: spelling
inputs:
  x: [N, C]
params:
  g: [C]
  b: [C]
outputs:
  y[n, c]: g[c]*(x[n, c] - Mean(x[n, k], k))/sqrt(Var(x[n, k], k) + 1e-5) + b[c]
""",
        8.2,
        9.2,
    ),
    "n4 groups": (
        """\
layer: spelling
inputs:
  x: [N, G, C]
params:
  g: [G, C]
  b: [G, C]
where:
  mu[n, q]: Mean(x[n, q, c], c)
  d[n, q, c]: x[n, q, c] - mu[n, q]
  r[n, q]: 1/sqrt(Mean(d[n, q, c]**2, c) + 1e-5)
outputs:
  y[n, q, c]: g[q, c]*d[n, q, c]*r[n, q] + b[q, c]
""",
        8.2,
        10.2,
    ),
    "n5 batchnorm Var": (
        """\
layer: spelling
inputs:
  x: [N, C]
params:
  g: [C]
  b: [C]
outputs:
  y[n, c]: g[c]*(x[n, c] - Mean(x[m, c], m))*(Var(x[m, c], m) + 1e-5)**(-1/2) + b[c]
""",
        8.2,
        6.2,
    ),
    "n5 spatial": (
        """\
layer: spelling
inputs:
  x: [N, C, H, W]
params:
  g: [C]
  b: [C]
where:
  mu[c]: Mean(x[n, c, h, w], n, h, w)
  v[c]: Mean((x[n, c, h, w] - mu[c])**2, n, h, w)
outputs:
  y[n, c, h, w]: g[c]*(x[n, c, h, w] - mu[c])/sqrt(v[c] + 1e-5) + b[c]
""",
        8.1,
        6.1,
    ),
    "n5 call": (
        """\
layer: spelling
inputs:
  x: [N, C]
params:
  g: [C]
  b: [C]
where:
  mu: mean(x, axis=0)
  v: mean((x - mu)**2, axis=0)
outputs:
  y: g*(x - mu)/sqrt(v + 1e-5) + b
""",
        8.2,
        6.2,
    ),
    "n8 rms call": (
        """\
layer: spelling
inputs:
  x: [N, C]
params:
  w: [C]
outputs:
  y[n, c]: x[n, c]/sqrt(Sum(x[n, k]**2, k)/C + 1e-6)*w[c]
""",
        3.1,
        6.1,
    ),
    "n8 gemma": (
        """\
layer: spelling
inputs:
  x: [N, C]
params:
  w: [C]
where:
  r[n]: 1/sqrt(Mean(x[n, k]**2, k) + 1e-6)
outputs:
  y[n, c]: x[n, c]*r[n]*(1 + w[c])
""",
        3.1,
        7.2,
    ),
    "n9 Norm": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]/Norm(x[n, k], k)
""",
        2.1,
        4.3,
    ),
    "n9 eps": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]/sqrt(Sum(x[n, k]**2, k) + 1e-12)
""",
        2.1,
        4.1,
    ),
    "n9 columns": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]/sqrt(Sum(x[m, c]**2, m))
""",
        2.1,
        4.3,
    ),
    "n10 Norm": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n]: Norm(x[n, c], c)
""",
        1.1,
        1.2,
    ),
    "n11 normalised dots": (
        """\
layer: spelling
inputs:
  x: [N, C]
  z: [N, C]
where:
  a[n, c]: x[n, c]/Norm(x[n, k], k)
  b[n, c]: z[n, c]/Norm(z[n, k], k)
outputs:
  s[n]: Sum(a[n, c]*b[n, c], c)
""",
        5.2,
        8.5,
    ),
    "n11 eps max": (
        """\
layer: spelling
inputs:
  x: [N, C]
  z: [N, C]
where:
  a[n]: Max(Norm(x[n, c], c), 1e-8)
  b[n]: Max(Norm(z[n, c], c), 1e-8)
outputs:
  s[n]: Sum(x[n, c]*z[n, c], c)/(a[n]*b[n])
""",
        5.2,
        8.2,
    ),
    "n11 loss": (
        """\
layer: spelling
inputs:
  x: [N, C]
  z: [N, C]
outputs:
  s: Mean(1 - Sum(x[n, c]*z[n, c], c)/(Norm(x[n, c], c)*Norm(z[n, c], c)), n)
""",
        5.2,
        6.4,
    ),
    "n12 weightnorm Norm": (
        """\
layer: spelling
params:
  v: [N, C]
  g: [N]
outputs:
  w[n, c]: g[n]*v[n, c]/Norm(v[n, k], k)
""",
        3.1,
        4.3,
    ),
    "n13 expanded": (
        """\
layer: spelling
inputs:
  x: [N, D]
  z: [M, D]
outputs:
  d[n, m]: Sum(x[n, k]**2, k) + Sum(z[m, k]**2, k) - 2*Sum(x[n, k]*z[m, k], k)
""",
        45.7,
        88.2,
    ),
    "n13 gaussian kernel": (
        """\
layer: spelling
inputs:
  x: [N, D]
  z: [M, D]
outputs:
  d[n, m]: exp(-Sum((x[n, k] - z[m, k])**2, k)/2)
""",
        90.1,
        88.5,
    ),
    "l1 half sum": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum((x[n, c] - t[n, c])**2, n, c)/(2*N)
""",
        2.1,
        1.1,
    ),
    "l2 smooth l1": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  beta: 1.0
where:
  a[n, c]: Abs(x[n, c] - t[n, c])
outputs:
  loss: Mean(Piecewise((a[n, c]**2/(2*beta), a[n, c] < beta), (a[n, c] - beta/2, True)), n, c)
""",
        9.1,
        2.1,
    ),
    "l2 min form": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  delta: 1.0
where:
  a[n, c]: Abs(x[n, c] - t[n, c])
  m[n, c]: Min(a[n, c], delta)
outputs:
  loss: Sum(m[n, c]*(a[n, c] - m[n, c]/2), n, c)
""",
        6.1,
        2.1,
    ),
    "l2 three": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  delta: 1.0
where:
  r[n, c]: x[n, c] - t[n, c]
outputs:
  loss: Sum(Piecewise((delta*(r[n, c] - delta/2), r[n, c] > delta), (-delta*(r[n, c] + delta/2), r[n, c] < -delta), (r[n, c]**2/2, True)), n, c)
""",
        12.1,
        2.1,
    ),
    "l2 other order": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
hyperparameters:
  delta: 1.0
where:
  r[n, c]: x[n, c] - t[n, c]
outputs:
  loss: Sum(Piecewise((delta*(Abs(r[n, c]) - delta/2), Abs(r[n, c]) > delta), (r[n, c]**2/2, True)), n, c)
""",
        9.1,
        2.1,
    ),
    "l3 squared hinge": (
        """\
layer: spelling
inputs:
  x: [N, C]
  s: {shape: [N, C], grad: false}
outputs:
  loss: Sum(relu(1 - s[n, c]*x[n, c]), n, c)
""",
        4.1,
        3.1,
    ),
    "l10 piecewise clip": (
        """\
layer: spelling
inputs:
  x: [N, C]
  x0: {shape: [N, C], grad: false}
  A: {shape: [N, C], grad: false}
hyperparameters:
  eps: 0.2
where:
  r[n, c]: exp(x[n, c] - x0[n, c])
  s1[n, c]: r[n, c]*A[n, c]
  s2[n, c]: Max(Min(r[n, c], 1 + eps), 1 - eps)*A[n, c]
outputs:
  loss: -Mean(Min(s1[n, c], s2[n, c]), n, c)
""",
        14.1,
        6.1,
    ),
    "l10 max of losses": (
        """\
layer: spelling
inputs:
  x: [N, C]
  x0: {shape: [N, C], grad: false}
  A: {shape: [N], grad: false}
hyperparameters:
  eps: 0.2
where:
  r[n, c]: exp(x[n, c] - x0[n, c])
outputs:
  loss: Mean(Max(-A[n]*r[n, c], -A[n]*Min(Max(r[n, c], 1 - eps), 1 + eps)), n, c)
""",
        13.1,
        5.2,
    ),
    "l13 dice smooth": (
        """\
layer: spelling
inputs:
  p: [N]
  t: {shape: [N], grad: false}
outputs:
  loss: 1 - (2*Sum(p[n]*t[n], n) + 1)/(Sum(p[n], n) + Sum(t[n], n) + 1)
""",
        3.2,
        2.2,
    ),
    "l12 margin": (
        """\
layer: spelling
inputs:
  a: [N, D]
  p: [N, D]
  q: [N, D]
outputs:
  loss: Mean(Max(Sum((a[n, d] - p[n, d])**2, d) - Sum((a[n, d] - q[n, d])**2, d) + 1, 0), n)
""",
        4.2,
        4.1,
    ),
    "a4 no mask": (
        """\
layer: spelling
inputs:
  Q: [B, T, D]
  K: [B, S, D]
  V: [B, S, E]
where:
  s[b, t, u]: Sum(Q[b, t, d]*K[b, u, d], d)/sqrt(D)
  P[b, t, u]: exp(s[b, t, u])/Sum(exp(s[b, t, w]), w)
outputs:
  O[b, t, e]: Sum(P[b, t, u]*V[b, u, e], u)
""",
        38.9,
        65.5,
    ),
    "a4 transposed": (
        """\
layer: spelling
inputs:
  Q: [B, D, T]
  K: [B, D, S]
  V: [B, E, S]
where:
  P[b, t, u]: Softmax(Sum(Q[b, d, t]*K[b, d, u], d)/sqrt(D), u)
outputs:
  O[b, e, t]: Sum(P[b, t, u]*V[b, e, u], u)
""",
        38.9,
        65.5,
    ),
    "a6 suffix": (
        """\
layer: spelling
inputs:
  x: [N, T]
indices:
  i: T
outputs:
  y[n, i]: Sum(x[n, j], (j, i, T - 1))
""",
        1.1,
        1.1,
    ),
    "a6 prefix mean": (
        """\
layer: spelling
inputs:
  x: [N, T]
indices:
  i: T
outputs:
  y[n, i]: Sum(x[n, j], (j, 0, i))/(i + 1)
""",
        2.2,
        2.1,
    ),
    "fm": (
        """\
layer: spelling
inputs:
  x: [N, I]
params:
  V: [I, K]
outputs:
  y[n]: (Sum(Sum(x[n, i]*V[i, k], i)**2, k) - Sum(x[n, i]**2*V[i, k]**2, i, k))/2
""",
        10.6,
        20.7,
    ),
    "bce prob": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
where:
  p[n, c]: 1/(1 + exp(-x[n, c]))
outputs:
  loss: -Sum(t[n, c]*log(p[n, c]) + (1 - t[n, c])*log(1 - p[n, c]), n, c)
""",
        23.1,
        11.1,
    ),
    "bce call": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
where:
  p[n, c]: sigmoid(x[n, c])
outputs:
  loss: Mean(-t[n, c]*log(p[n, c]) - (1 - t[n, c])*log(1 - p[n, c]), n, c)
""",
        23.1,
        11.1,
    ),
    "bce softplus": (
        """\
layer: spelling
inputs:
  x: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Mean(Max(x[n, c], 0) - x[n, c]*t[n, c] + log(1 + exp(-Abs(x[n, c]))), n, c)
""",
        23.1,
        7.1,
    ),
    "silu written": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: x[n, c]/(1 + exp(-x[n, c]))
""",
        17.1,
        7.1,
    ),
    "swiglu": (
        """\
layer: spelling
inputs:
  a: [N, C]
  b: [N, C]
outputs:
  y[n, c]: a[n, c]/(1 + exp(-a[n, c]))*b[n, c]
""",
        15.1,
        10.1,
    ),
    "mish named": (
        """\
layer: spelling
inputs:
  x: [N, C]
where:
  s[n, c]: log(1 + exp(x[n, c]))
outputs:
  y[n, c]: x[n, c]*tanh(s[n, c])
""",
        24.1,
        14.1,
    ),
    "gauss nll sigma": (
        """\
layer: spelling
inputs:
  m: [N, C]
  s: [N, C]
  t: {shape: [N, C], grad: false}
outputs:
  loss: Sum(s[n, c] + ((t[n, c] - m[n, c])*exp(-s[n, c]))**2/2, n, c)
""",
        15.1,
        4.1,
    ),
    "infonce": (
        """\
layer: spelling
inputs:
  a: [B, D]
  b: [B, D]
where:
  s[i, j]: Sum(a[i, d]*b[j, d], d)*10
outputs:
  loss: Mean(LogSumExp(s[i, j], j) - s[i, i], i)/2 + Mean(LogSumExp(s[k, i], k) - s[i, i], i)/2
""",
        6.0,
        8.8,
    ),
    "std Var": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n]: sqrt(Var(x[n, c], c) + 1e-6)
""",
        5.1,
        1.2,
    ),
    "zscore": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n, c]: (x[n, c] - Mean(x[n, k], k))/sqrt(Var(x[n, k], k) + 1e-5)
""",
        6.2,
        6.2,
    ),
    "amax": (
        """\
layer: spelling
inputs:
  x: [N, C]
outputs:
  y[n]: Amax(x[n, c], c)
""",
        1.1,
        3.1,
    ),
    "linear ce call": (
        """\
layer: spelling
inputs:
  x: [N, D]
  t: {shape: [N], values: C}
params:
  W: [D, C]
  b: [C]
where:
  z: linear(x, W, b)
outputs:
  loss: softmax_cross_entropy(z, t)
""",
        86.5,
        132.3,
    ),
}
