"""Closed forms: recurrences, windows, pools, reads of data. The fields of a row are told in the package's docstring."""

ROWS = {
    "ema": (
        """\
layer: row
inputs:
  x: [N, T]
hyperparameters:
  a: 0.9
where:
  h[-1, n]: 0
  h[t, n]: a*h[t - 1, n] + (1 - a)*x[n, t]
outputs:
  y[n, t]: h[t, n]
""",
        4.1,
        4.1,
        3.96,
    ),
    "rnn step": (
        """\
layer: row
inputs:
  x: [N, I]
  h: [N, D]
params:
  Wx: [I, D]
  Wh: [D, D]
  b: [D]
outputs:
  y[n, d]: tanh(Sum(x[n, i]*Wx[i, d], i) + Sum(h[n, k]*Wh[k, d], k) + b[d])
""",
        76.9,
        138.8,
        138.13,
    ),
    "mingru step": (
        """\
layer: row
inputs:
  z: [N, C]
  c: [N, C]
  h: [N, C]
where:
  g[n, k]: sigmoid(z[n, k])
outputs:
  y[n, k]: (1 - g[n, k])*h[n, k] + g[n, k]*c[n, k]
""",
        22.1,
        6.1,
        7.0,
    ),
    "a6 exclusive": (
        """\
layer: row
inputs:
  x: [N, T]
outputs:
  y[n, t]: Sum(x[n, s], (s, 0, t - 1))
""",
        2.1,
        2.1,
        2.0,
    ),
    "a6 mean of a prefix": (
        """\
layer: row
inputs:
  x: [N, T]
outputs:
  y[n, t]: Sum(x[n, s], (s, 0, t))/(t + 1)
""",
        2.2,
        2.1,
        3.0,
    ),
    "moving avg": (
        """\
layer: row
inputs:
  x: {shape: [N, T], outside: 0}
indices:
  t: T
outputs:
  y[n, t]: Sum(x[n, t - j], (j, 0, 3))/4
""",
        5.1,
        5.1,
        5.12,
    ),
    "crf step": (
        """\
layer: row
inputs:
  a: [N, C]
  e: [N, C]
params:
  A: [C, C]
outputs:
  b[n, j]: e[n, j] + log(Sum(exp(a[n, i] + A[i, j]), i))
""",
        716.1,
        257.1,
        320.0,
    ),
    "a9 causal and dilated": (
        """\
layer: row
inputs:
  x: {shape: [N, C, T], outside: 0}
params:
  w: [O, C, 3]
indices:
  t: T
outputs:
  y[n, o, t]: Sum(w[o, c, k]*x[n, c, t - 2*k], c, k)
""",
        85.4,
        171.6,
        171.0,
    ),
    "a9 depthwise": (
        """\
layer: row
inputs:
  x: {shape: [N, C, T], outside: 0}
params:
  w: [C, 3]
indices:
  t: T
outputs:
  y[n, c, t]: Sum(w[c, k]*x[n, c, t + k - 1], k)
""",
        6.1,
        10.2,
        9.0,
    ),
    "a9 convolution of the same size": (
        """\
layer: row
inputs:
  x: {shape: [N, C, H, W], outside: 0}
params:
  w: [O, C, 3, 3]
  b: [O]
indices:
  i: H
  j: W
outputs:
  y[n, o, i, j]: b[o] + Sum(w[o, c, p, q]*x[n, c, i + p - 1, j + q - 1], c, p, q)
""",
        256.5,
        518.3,
        513.44,
    ),
    "pointwise": (
        """\
layer: row
inputs:
  x: [N, C, L]
params:
  w: [O, C]
outputs:
  y[n, o, l]: Sum(w[o, c]*x[n, c, l], c)
""",
        28.1,
        56.1,
        57.44,
    ),
    "a10 transposed convolution": (
        """\
layer: row
inputs:
  x: [N, C, H, W]
params:
  w: [C, O, 2, 2]
outputs:
  y[n, o, i, j]: Sum(x[n, c, i//2, j//2]*w[c, o, i % 2, j % 2], c)
indices:
  i: 2*H
  j: 2*W
""",
        112.1,
        224.1,
        226.75,
    ),
    "a11 average pooling": (
        """\
layer: row
inputs:
  x: [N, C, L]
indices:
  l: L//4
outputs:
  y[n, c, l]: Mean(x[n, c, 4*l + k], (k, 0, 3))
""",
        1.3,
        1.3,
        1.25,
    ),
    "a8 pooled in pairs": (
        """\
layer: row
inputs:
  x: [N, C, L]
indices:
  l: L//2
outputs:
  y[n, c, l]: Max(x[n, c, 2*l], x[n, c, 2*l + 1])
""",
        0.6,
        3.6,
        3.0,
    ),
    "a8 windows": (
        """\
layer: row
inputs:
  x: [N, C, L]
indices:
  l: L//3
outputs:
  y[n, c, l]: Amax(x[n, c, 3*l + k], (k, 0, 2))
""",
        1.1,
        5.1,
        3.67,
    ),
    "global avg": (
        """\
layer: row
inputs:
  x: [N, C, H, W]
outputs:
  y[n, c]: Mean(x[n, c, h, w], h, w)
""",
        1.2,
        0.2,
        1.07,
    ),
    "squeeze excite": (
        """\
layer: row
inputs:
  x: [N, C, L]
params:
  W: [C, C]
where:
  s[n, c]: Mean(x[n, c, l], l)
  g[n, c]: sigmoid(Sum(s[n, k]*W[k, c], k))
outputs:
  y[n, c, l]: x[n, c, l]*g[n, c]
""",
        4.3,
        6.8,
        7.79,
    ),
    "unfold": (
        """\
layer: row
inputs:
  x: [N, T]
indices:
  t: T - 2
  k: 3
outputs:
  y[n, t, k]: x[n, t + k]
""",
        0.1,
        2.8,
        2.75,
    ),
    "laplacian": (
        """\
layer: row
inputs:
  x: {shape: [H, W], outside: 0}
outputs:
  y[i, j]: x[i + 1, j] + x[i - 1, j] + x[i, j + 1] + x[i, j - 1] - 4*x[i, j]
""",
        9.8,
        4.4,
        6.87,
    ),
    "pixel shuffle": (
        """\
layer: row
inputs:
  x: [N, C, 4, H, W]
indices:
  i: 2*H
  j: 2*W
outputs:
  y[n, c, i, j]: x[n, c, 2*(i % 2) + j % 2, i//2, j//2]
""",
        0.1,
        0.1,
        1.0,
    ),
    "a3 padding": (
        """\
layer: row
inputs:
  t: {shape: [N, T], values: V}
params:
  W: [V, D]
outputs:
  y[n, i, d]: Piecewise((0, Eq(t[n, i], 0)), (W[t[n, i], d], True))
""",
        65.1,
        65.1,
        64.0,
    ),
    "a3 bag": (
        """\
layer: row
inputs:
  t: {shape: [N, B], values: V}
params:
  W: [V, D]
outputs:
  y[n, d]: Mean(W[t[n, b], d], b)
""",
        85.4,
        32.1,
        85.33,
    ),
    "a3 tokens and positions": (
        """\
layer: row
inputs:
  t: {shape: [B, T], values: V}
params:
  W: [V, D]
  P: [T, D]
outputs:
  y[b, i, d]: W[t[b, i], d] + P[i, d]
""",
        64.1,
        64.1,
        64.0,
    ),
}
