"""Embeddings, factorisations and their interactions."""

import torch

from tests.unseen.case import layer, positive, signs


@layer(
    """
    layer: bag_of_words
    doc: Embeddings of a bag, weighted; padding is -1.
    inputs:
      ids: {shape: [N, L], values: V, also: [-1]}
      w: [N, L]
    params: {E: {shape: [V, D], init: "normal(0, 1/sqrt(D))"}}
    outputs:
      y[n, d]: Sum(Piecewise((w[n, l]*E[ids[n, l], d], ids[n, l] >= 0), (0, True)), l)
    """,
    {"N": 3, "L": 5, "V": 7, "D": 2},
    {"N": 1, "L": 1, "V": 1, "D": 1},
)
def bag_of_words(ids, w, E):
    return torch.einsum("nl,nld->nd", w * (ids >= 0), E[ids.clamp(min=0)])


@layer(
    """
    layer: hash_embedding
    doc: Two rows of a small table for each id, picked by remainders, weighted by importances (Svenstrup et al. 2017).
    inputs: {ids: {shape: [N], values: V}}
    params:
      table: [B, D]
      p: [V, 2]
    outputs:
      y[n, d]: p[ids[n], 0]*table[ids[n] % B, d] + p[ids[n], 1]*table[(7*ids[n] + 3) % B, d]
    """,
    {"N": 5, "V": 13, "B": 3, "D": 2},
    {"N": 1, "V": 1, "B": 1, "D": 1},
)
def hash_embedding(ids, table, p):
    rows = len(table)
    return p[ids, :1] * table[ids % rows] + p[ids, 1:] * table[(7 * ids + 3) % rows]


@layer(
    """
    layer: fm
    doc: A factorisation machine's second-order term, as the difference of squares.
    inputs: {x: [N, F]}
    params: {w0: [], w: [F], V: [F, K]}
    outputs:
      y[n]: w0 + Sum(w[f]*x[n, f], f) + 1/2*Sum(Sum(V[f, k]*x[n, f], f)**2 - Sum(V[f, k]**2*x[n, f]**2, f), k)
    """,
    {"N": 3, "F": 5, "K": 2},
    {"N": 1, "F": 1, "K": 1},
)
def fm(x, w0, w, V):
    return w0 + x @ w + 0.5 * ((x @ V) ** 2 - (x**2) @ (V**2)).sum(1)


@layer(
    """
    layer: ffm_pairs
    doc: Field-aware factorisation over all pairs i < j of fields.
    inputs: {id: {shape: [N, F], values: V}}
    params: {E: [V, F, K]}
    outputs:
      y[n]: Sum(E[id[n, i], j, k]*E[id[n, j], i, k]*(i < j), i, j, k)
    indices: {i: F, j: F}
    """,
    {"N": 3, "F": 3, "V": 5, "K": 2},
    {"N": 2, "F": 1, "V": 2, "K": 1},
)
def ffm_pairs(id, E):
    rows = E[id]
    fields = id.shape[1]
    pairs = [(rows[:, i, j] * rows[:, j, i]).sum(1) for i in range(fields) for j in range(i + 1, fields)]
    return sum(pairs, torch.zeros(len(id), dtype=E.dtype))


@layer(
    """
    layer: deep_and_cross
    doc: Two cross layers x0 (xᵀw) + b + x beside a hidden layer, joined by one output.
    inputs: {x0: [N, D]}
    params: {w1: [D], b1: [D], w2: [D], b2: [D], W: [D, H], c: [H], u: [D], v: [H]}
    where:
      x1[n, d]: x0[n, d]*Sum(x0[n, j]*w1[j], j) + b1[d] + x0[n, d]
      x2[n, d]: x0[n, d]*Sum(x1[n, j]*w2[j], j) + b2[d] + x1[n, d]
      deep: relu(x0 @ W + c)
    outputs:
      p[n]: sigmoid(Sum(x2[n, d]*u[d], d) + Sum(deep[n, h]*v[h], h))
    """,
    {"N": 3, "D": 5, "H": 2},
    {"N": 1, "D": 1, "H": 1},
)
def deep_and_cross(x0, w1, b1, w2, b2, W, c, u, v):
    x1 = x0 * (x0 @ w1)[:, None] + b1 + x0
    x2 = x0 * (x1 @ w2)[:, None] + b2 + x1
    return torch.sigmoid(x2 @ u + torch.relu(x0 @ W + c) @ v)


@layer(
    """
    layer: ntn
    doc: A neural tensor network (Socher et al. 2013).
    inputs: {e1: [N, D], e2: [N, D]}
    params: {W: [K, D, D], V: [K, 2*D], b: [K], u: [K]}
    indices: {d: D}
    outputs:
      score[n]: Sum(u[k]*tanh(Sum(e1[n, i]*W[k, i, j]*e2[n, j], i, j) + Sum(V[k, d]*e1[n, d] + V[k, D + d]*e2[n, d], d) + b[k]), k)
    """,
    {"N": 3, "D": 2, "K": 5},
    {"N": 1, "D": 1, "K": 1},
)
def ntn(e1, e2, W, V, b, u):
    return torch.tanh(torch.einsum("ni,kij,nj->nk", e1, W, e2) + torch.cat([e1, e2], 1) @ V.T + b) @ u


@layer(
    """
    layer: bilinear_pool
    doc: Bilinear pooling with the signed square root and the L2 norm.
    inputs: {x: [N, P, C], y: [N, P, D]}
    hyperparameters: {eps: 1e-5}
    where:
      b[n, c, d]: Mean(x[n, p, c]*y[n, p, d], p)
      r[n, c, d]: sign(b[n, c, d])*sqrt(Abs(b[n, c, d]) + eps)
    outputs:
      z[n, c, d]: r[n, c, d]/Norm(r[n, i, j], i, j)
    """,
    {"N": 2, "P": 5, "C": 3, "D": 2},
    {"N": 1, "P": 1, "C": 1, "D": 1},
)
def bilinear_pool(x, y, eps=1e-5):
    b = torch.einsum("npc,npd->ncd", x, y) / x.shape[1]
    r = b.sign() * torch.sqrt(b.abs() + eps)
    return r / torch.linalg.vector_norm(r, dim=(1, 2), keepdim=True)


@layer(
    """
    layer: distmult_rotate
    doc: Scores of triples by DistMult and by RotatE's rotation in the complex plane.
    inputs:
      h: {shape: [N], values: V}
      r: {shape: [N], values: R}
      t: {shape: [N], values: V}
    params: {E: [V, D], Rel: [R, D], Re: [V, D], Im: [V, D], phase: [R, D]}
    where:
      re[n, d]: Re[h[n], d]*cos(phase[r[n], d]) - Im[h[n], d]*sin(phase[r[n], d]) - Re[t[n], d]
      im[n, d]: Re[h[n], d]*sin(phase[r[n], d]) + Im[h[n], d]*cos(phase[r[n], d]) - Im[t[n], d]
    outputs:
      distmult[n]: Sum(E[h[n], d]*Rel[r[n], d]*E[t[n], d], d)
      rotate[n]: -Sum(sqrt(re[n, d]**2 + im[n, d]**2), d)
    """,
    {"N": 5, "V": 7, "R": 3, "D": 2},
    {"N": 1, "V": 2, "R": 1, "D": 1},
    h=lambda rng, shape: rng.integers(0, 1, shape),
    t=lambda rng, shape: rng.integers(1, 2, shape),
)
def distmult_rotate(h, r, t, E, Rel, Re, Im, phase):
    cos, sin = phase[r].cos(), phase[r].sin()
    re, im = Re[h] * cos - Im[h] * sin - Re[t], Re[h] * sin + Im[h] * cos - Im[t]
    return (E[h] * Rel[r] * E[t]).sum(1), -torch.sqrt(re**2 + im**2).sum(1)


@layer(
    """
    layer: transe
    inputs: {h: [N, D], t: [N, D]}
    params: {r: [D]}
    outputs:
      d1[n]: Sum(Abs(h[n, d] + r[d] - t[n, d]), d)
      d2[n]: Norm(h[n, d] + r[d] - t[n, d], d)
    """,
    {"N": 3, "D": 5},
    {"N": 1, "D": 1},
)
def transe(h, t, r):
    gap = h + r - t
    return gap.abs().sum(1), gap.norm(dim=1)


@layer(
    """
    layer: skip_gram
    doc: Skip-gram with K negative samples.
    inputs:
      c: {shape: [N], values: V}
      o: {shape: [N], values: V}
      neg: {shape: [N, K], values: V}
    params: {U: [V, D], W: [V, D]}
    outputs:
      loss: -Mean(log(sigmoid(Sum(U[c[n], d]*W[o[n], d], d))) + Sum(log(sigmoid(-Sum(U[c[n], d]*W[neg[n, k], d], d))), k), n)
    """,
    {"N": 5, "K": 3, "V": 7, "D": 2},
    {"N": 1, "K": 1, "V": 1, "D": 1},
)
def skip_gram(c, o, neg, U, W):
    log_sigmoid = torch.nn.functional.logsigmoid
    return -(log_sigmoid((U[c] * W[o]).sum(1)) + log_sigmoid(-torch.einsum("nd,nkd->nk", U[c], W[neg])).sum(1)).mean()


@layer(
    """
    layer: glove
    inputs: {X: {shape: [V, V], grad: false}}
    params: {w: [V, D], c: [V, D], b: [V], a: [V]}
    hyperparameters: {xmax: 2, alpha: 0.75}
    where:
      f[i, j]: Min((X[i, j]/xmax)**alpha, 1)
    outputs:
      loss: Sum(f[i, j]*(Sum(w[i, d]*c[j, d], d) + b[i] + a[j] - log(X[i, j]))**2, i, j)
    """,
    {"V": 5, "D": 3},
    {"V": 1, "D": 1},
    X=positive,
)
def glove(X, w, c, b, a):
    f = ((X / 2) ** 0.75).clamp(max=1)
    return (f * (w @ c.T + b[:, None] + a - X.log()) ** 2).sum()


@layer(
    """
    layer: compact_bilinear
    doc: Count sketches by a hash and a sign, multiplied with a wrap-around.
    inputs:
      x: [N, C]
      h: {shape: [C], values: D}
      s: {shape: [C], grad: false}
      like: {shape: [D], grad: false}
    where:
      psi[n, d]: Sum(s[c]*x[n, c]*Eq(h[c], d), c) + 0*like[d]
    outputs:
      y[n, d]: Sum(psi[n, k]*psi[n, (d - k) % D], k)
    """,
    {"N": 2, "C": 7, "D": 5},
    {"N": 1, "C": 1, "D": 1},
    s=signs,
)
def compact_bilinear(x, h, s, like):
    psi = torch.zeros(len(x), len(like), dtype=x.dtype).index_add(1, h, s * x)
    d = torch.arange(len(like))
    return torch.einsum("nk,nkd->nd", psi, psi[:, (d - d[:, None]) % len(like)])
