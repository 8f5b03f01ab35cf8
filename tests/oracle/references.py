"""Layers that use each part of the language, each with its value in torch."""

import numpy as np
import pytest

torch = pytest.importorskip("torch")
F = torch.nn.functional


def R(seed=0):
    return np.random.default_rng(seed)


def normal(*shape, seed=0):
    return R(seed + sum(shape)).standard_normal(shape)


LAYERS = {}


def layer(text, reference, **values):
    name = text.split("\n")[0].strip()
    LAYERS[name] = ("layer: " + text, reference, values)


layer(
    """linear
inputs: {x: [N, I]}
params: {W: [I, O], b: [O]}
outputs:
  y[n, o]: Sum(x[n, i]*W[i, o], i) + b[o]
""",
    lambda x, W, b: x @ W + b,
    x=normal(3, 4), W=normal(4, 2), b=normal(2),
)  # fmt: skip
layer(
    """whole_tensors
inputs: {x: [N, I]}
params: {W: [I, O], b: [O]}
where:
  h: relu(x @ W + b)
  c: h - mean(h, axis=1, keepdims=True)
outputs:
  y: c.T @ max(c, axis=-1) + sum(x)
""",
    lambda x, W, b: (lambda h: (lambda c: c.T @ c.amax(-1) + x.sum())(h - h.mean(1, keepdim=True)))(torch.relu(x @ W + b)),
    x=normal(3, 4), W=normal(4, 2), b=normal(2),
)  # fmt: skip
layer(
    """attention
inputs: {Q: [T, D], K: [S, D], V: [S, E], m: {shape: [T, S], dtype: bool}}
where:
  a[i, j]: Piecewise((Sum(Q[i, d]*K[j, d], d)/sqrt(D), m[i, j]), (-oo, True))
  P[i, j]: exp(a[i, j])/Sum(exp(a[i, k]), k)
outputs:
  y[i, e]: Sum(P[i, j]*V[j, e], j)
""",
    lambda Q, K, V, m: F.scaled_dot_product_attention(Q, K, V, m),
    Q=normal(3, 2), K=normal(4, 2), V=normal(4, 5), m=np.array([[1, 0, 1, 0], [1, 1, 1, 1], [0, 1, 0, 0]], bool),
)  # fmt: skip
layer(
    """convolution
inputs: {x: {shape: [N, C, L], outside: 0}}
params: {f: [O, C, K]}
hyperparameters: {stride: 2, dilation: 2, pad: 1}
dims:
  P: (L + 2*pad - dilation*(K - 1) - 1)//stride + 1
indices: {p: P}
outputs:
  y[n, o, p]: Sum(x[n, c, p*stride + k*dilation - pad]*f[o, c, k], c, k)
""",
    lambda x, f: F.conv1d(x, f, stride=2, dilation=2, padding=1),
    x=normal(2, 3, 8), f=normal(2, 3, 3),
)  # fmt: skip
layer(
    """max_pool
inputs: {x: {shape: [N, L], outside: -oo}}
dims: {P: (L - 1)//2 + 1}
indices: {p: P, k: 3}
outputs:
  y[n, p]: Amax(x[n, 2*p + k - 1], k)
""",
    lambda x: F.max_pool1d(x[None], 3, 2, 1)[0],
    x=normal(2, 7),
)  # fmt: skip
layer(
    """cross_entropy
inputs: {z: [N, C], t: {shape: [N], values: C, also: [-100]}}
where:
  l[n, c]: LogSoftmax(z[n, c], c)
  kept[n]: Ne(t[n], -100)
outputs:
  loss: -Sum(Piecewise((l[n, t[n]], t[n] != -100), (0, True)), n)/Sum(kept[n], n)
""",
    lambda z, t: F.cross_entropy(z, t),
    z=normal(4, 3), t=np.array([0, -100, 2, 1]),
)  # fmt: skip
layer(
    """embedding
inputs: {t: {shape: [N, S], values: V}, u: {shape: [N], values: D}}
params: {W: [V, D]}
outputs:
  y[n, s, d]: W[t[n, s], d]
  z[n]: W[t[n, 0], u[n]]
""",
    lambda t, u, W: (W[t], W[t[:, 0], u]),
    t=np.array([[0, 1, 1], [2, 0, 1]]), u=np.array([1, 0]), W=normal(3, 2),
)  # fmt: skip
layer(
    """layernorm_any_axes
inputs: {x: ["...", D]}
params: {g: [D]}
hyperparameters: {eps: 1e-5}
where:
  m[..., 0]: 0
  c[..., d]: (x[..., d] - Mean(x[..., k], k))/sqrt(Var(x[..., k], k) + eps)
outputs:
  y[..., d]: c[..., d]*g[d]
  total: Mean(Sum(x[..., d], d), ...)
""".replace("  m[..., 0]: 0\n", ""),
    lambda x, g: (F.layer_norm(x, x.shape[-1:], g, None, 1e-5), x.sum(-1).mean()),
    x=normal(2, 2, 3), g=normal(3),
)  # fmt: skip
layer(
    """partial_sums
inputs: {x: [N, T]}
indices: {i: T}
outputs:
  s[n, i]: Sum(x[n, j], (j, 0, i))
  p[n, i]: Prod(x[n, j], (j, 0, i - 1))
  l[n, i]: log(Sum(exp(x[n, j]), (j, i, T - 1)))
""",
    lambda x: (x.cumsum(1), torch.cat([torch.ones(len(x), 1), x.cumprod(1)[:, :-1]], 1), x.flip(1).logcumsumexp(1).flip(1)),
    x=normal(2, 4),
)  # fmt: skip
layer(
    """recurrent
inputs: {x: [T, N, I], h0: [N, D]}
params: {Wx: [I, D], Wh: [D, D], b: [D]}
where:
  h[-1, n, j]: h0[n, j]
  h[t, n, j]: tanh(Sum(x[t, n, i]*Wx[i, j], i) + Sum(h[t - 1, n, k]*Wh[k, j], k) + b[j])
outputs:
  last[n, j]: h[T - 1, n, j]
""",
    lambda x, h0, Wx, Wh, b: rnn(x, h0, Wx, Wh, b),
    x=normal(4, 2, 3), h0=normal(2, 2), Wx=normal(3, 2), Wh=normal(2, 2), b=normal(2),
)  # fmt: skip


def rnn(x, h, Wx, Wh, b):
    for step in x:
        h = torch.tanh(step @ Wx + h @ Wh + b)
    return h


layer(
    """backward_in_time
inputs: {r: [T], v: [T]}
hyperparameters: {gamma: 0.9}
where:
  g[T]: 0
  g[t]: r[t] + gamma*g[t + 1]*v[t]
outputs:
  y[t]: g[t]
""",
    lambda r, v: discounted(r, v),
    r=normal(5), v=normal(5, seed=3),
)  # fmt: skip


def discounted(r, v):
    out, g = [], torch.zeros(())
    for t in reversed(range(len(r))):
        g = r[t] + 0.9 * g * v[t]
        out.append(g)
    return torch.stack(out[::-1])


layer(
    """second_order
inputs: {x: [T]}
params: {a: [], b: []}
where:
  h[-2]: 0
  h[-1]: 1
  h[t]: a*h[t - 1] + b*h[t - 2] + x[t]
outputs:
  y[t]: h[t]
""",
    lambda x, a, b: lagged(x, a, b),
    x=normal(5), a=np.array(0.7), b=np.array(-0.4),
)  # fmt: skip


def lagged(x, a, b):
    h = [torch.zeros(()), torch.ones(())]
    for v in x:
        h.append(a * h[-1] + b * h[-2] + v)
    return torch.stack(h[2:])


layer(
    """forward_substitution
inputs: {L: [N, N], b: [N]}
where:
  z[i]: (b[i] - Sum(L[i, j]*z[j], (j, 0, i - 1)))/L[i, i]
outputs:
  y[i]: z[i]
""",
    lambda L, b: torch.linalg.solve_triangular(L.tril(), b[:, None], upper=False)[:, 0],
    L=normal(4, 4) + 3*np.eye(4), b=normal(4),
)  # fmt: skip
layer(
    """soft_dynamic_time_warping
inputs: {D: [N, M]}
where:
  r[-1, -1]: 0
  r[-1, j]: 1000
  r[i, -1]: 1000
  r[i, j]: D[i, j] - log(exp(-r[i - 1, j]) + exp(-r[i, j - 1]) + exp(-r[i - 1, j - 1]))
outputs:
  loss: r[N - 1, M - 1]
""",
    lambda D: soft_dtw(D),
    D=np.abs(normal(3, 4)),
)  # fmt: skip


def soft_dtw(D):
    n, m = D.shape
    r = {(-1, -1): torch.zeros(())}
    r |= {(-1, j): torch.tensor(1000.0) for j in range(m)} | {(i, -1): torch.tensor(1000.0) for i in range(n)}
    for i in range(n):
        for j in range(m):
            r[i, j] = D[i, j] - torch.logsumexp(-torch.stack([r[i - 1, j], r[i, j - 1], r[i - 1, j - 1]]), 0)
    return r[n - 1, m - 1]


layer(
    """two_together
inputs: {x: [T], c0: []}
params: {w: [4]}
where:
  h[-1]: 0
  c[-1]: c0
  c[t]: sigmoid(w[0]*h[t - 1] + x[t])*c[t - 1] + tanh(w[1]*h[t - 1])
  h[t]: sigmoid(w[2] + x[t])*tanh(w[3]*c[t])
outputs:
  y[t]: h[t]
""",
    lambda x, c0, w: coupled(x, c0, w),
    x=normal(4), c0=np.array(0.3), w=normal(4, seed=1),
)  # fmt: skip


def coupled(x, c, w):
    h, out = torch.zeros(()), []
    for v in x:
        c = torch.sigmoid(w[0] * h + v) * c + torch.tanh(w[1] * h)
        h = torch.sigmoid(w[2] + v) * torch.tanh(w[3] * c)
        out.append(h)
    return torch.stack(out)


layer(
    """affine_reads
inputs: {x: [N, N], v: [2*N]}
indices: {k: N}
outputs:
  diagonal[i]: x[i, i]
  reversed[i]: x[N - 1 - i, i]*v[2*i + 1]
  rolled[k]: v[2*((k + N//2) % N)] + x[Max(k - 1, 0), k//2]
""",
    lambda x, v: (x.diagonal(), x.flip(0).diagonal()*v[1::2], v[::2].roll(-(len(x)//2)) + torch.stack([x[max(i - 1, 0), i//2] for i in range(len(x))])),
    x=normal(3, 3), v=normal(6),
)  # fmt: skip
layer(
    """linear_interpolation
inputs: {x: [L]}
dims: {P: 2*L}
indices: {p: P}
where:
  at[p]: Max((p + 0.5)*L/P - 0.5, 0)
  near[p]: at[p] - floor((Max((p + 0.5)*L/P - 0.5, 0)))
outputs:
  y[p]: (1 - near[p])*x[floor(Max((p + 0.5)*L/P - 0.5, 0))] + near[p]*x[Min(floor(Max((p + 0.5)*L/P - 0.5, 0)) + 1, L - 1)]
""",
    lambda x: F.interpolate(x[None, None], scale_factor=2, mode="linear", align_corners=False)[0, 0],
    x=normal(4),
)  # fmt: skip
layer(
    """reductions
inputs: {x: [N, C]}
outputs:
  a[n]: Amax(x[n, c], c)
  b[n]: Amin(x[n, c], c)
  v[n]: Var(x[n, c], c)
  l[n]: LogSumExp(x[n, c], c)
  q[n]: Norm(x[n, c], c)
  p: Prod(x[n, c], n, c)
  s[n, c]: Softmax(x[n, c], n)
  g[n]: x[n, Argmax(x[n, c]**2, c)]
""",
    lambda x: (x.amax(1), x.amin(1), x.var(1, correction=0), x.logsumexp(1), x.norm(dim=1), x.prod(), x.softmax(0), x.gather(1, (x*x).argmax(1, keepdim=True))[:, 0]),
    x=normal(3, 4),
)  # fmt: skip
layer(
    """functions
inputs: {x: [N], p: [N]}
outputs:
  a[n]: erf(x[n]) + erfc(x[n])**2 + loggamma(p[n]) + digamma(p[n]) + atan2(x[n], p[n])
  b[n]: log1p(p[n])*expm1(x[n]) + asinh(x[n]) + acosh(1 + p[n]) + atanh(tanh(x[n])/2) + softplus(x[n])*sigmoid(x[n])
  c[n]: p[n]**x[n] + Abs(x[n]) + sign(x[n])*x[n]**2 + relu(x[n])**2 + Min(x[n], p[n]) - Max(x[n], 0.1)
""",
    lambda x, p: (
        torch.erf(x) + torch.erfc(x)**2 + torch.lgamma(p) + torch.digamma(p) + torch.atan2(x, p),
        torch.log1p(p)*torch.expm1(x) + torch.asinh(x) + torch.acosh(1 + p) + torch.atanh(torch.tanh(x)/2) + F.softplus(x)*torch.sigmoid(x),
        p**x + x.abs() + x.sign()*x**2 + torch.relu(x)**2 + torch.minimum(x, p) - torch.clamp(x, min=0.1),
    ),
    x=normal(5), p=np.abs(normal(5, seed=4)) + 0.2,
)  # fmt: skip
layer(
    """scopes
inputs: {x: [N, C], w: [N]}
outputs:
  y[n]: w[n]*Sum(x[n, c]*Sum(w[n], n), c)
  z: Sum(x[n, c]*KroneckerDelta(n, c), n, c)
  k[n]: w[n]*n/N + Sum(c*x[n, c], c)*2**n
""",
    lambda x, w: (w*x.sum(1)*w.sum(), x.diagonal().sum(), w*torch.arange(len(w))/len(w) + (x*torch.arange(x.shape[1])).sum(1)*2.0**torch.arange(len(w))),
    x=normal(3, 4), w=normal(3),
)  # fmt: skip
layer(
    """piecewise
inputs: {x: [N]}
hyperparameters: {delta: 0.5, gentle: true}
outputs:
  y[n]: Piecewise((x[n]**2/2, Abs(x[n]) <= delta), (delta*(Abs(x[n]) - delta/2), gentle), (0, True))
  z[n]: Piecewise((sqrt(x[n]), x[n] > 0), (x[n], True))
  d[n]: Piecewise((x[n + 1] - x[n], n < N - 1), (0, True))
""",
    lambda x: (
        F.huber_loss(x, torch.zeros_like(x), delta=0.5, reduction="none"),
        torch.where(x > 0, x.clamp(min=1e-9).sqrt(), x),
        torch.cat([x.diff(), torch.zeros(1)]),
    ),
    x=normal(5),
)  # fmt: skip
layer(
    """stopped
inputs: {x: [N], c: {shape: [N], grad: false}}
outputs:
  y[n]: x[n]*stop_gradient(x[n])*c[n]
""",
    lambda x, c: x*x.detach()*c,
    x=normal(3), c=normal(3, seed=2),
)  # fmt: skip
layer(
    """transposed_convolution
inputs: {x: [L], w: {shape: [K], outside: 0}}
dims: {U: 2*(L - 1) + K}
indices: {u: U}
outputs:
  y[u]: Sum(x[l]*w[u - 2*l], l)
""",
    lambda x, w: F.conv_transpose1d(x[None, None], w[None, None], stride=2)[0, 0],
    x=normal(4), w=normal(3),
)  # fmt: skip
layer(
    """outputs_of_outputs
inputs: {x: [N]}
outputs:
  b: a + Sum(y[n], n)
  y[n]: x[n]**2
  a: Sum(y[n]*x[n], n)
""",
    lambda x: ((x**3).sum() + (x*x).sum(), x*x, (x**3).sum()),
    x=normal(3),
)  # fmt: skip
layer(
    """difference
inputs: {x: [N]}
indices: {i: N - 1}
outputs:
  y[i]: x[i + 1] - x[i]
""",
    lambda x: x.diff(),
    x=normal(4),
)  # fmt: skip
