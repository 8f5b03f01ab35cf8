"""Graphs, tables and interactions: what is read at integers."""

import torch

from tests.unseen.case import layer, positive, signs


def _scattered(values, places, size):
    return torch.zeros((size, *values.shape[1:]), dtype=values.dtype).index_add(0, places, values)


@layer(
    """
    layer: message_passing
    doc: Messages along edges, summed where they arrive, then a gated update.
    inputs:
      x: [V, D]
      e: [M, K]
      src: {shape: [M], values: V}
      dst: {shape: [M], values: V}
    params:
      W: [D, H]
      U: [K, H]
      S: [D, H]
    where:
      msg[m, h]: relu(Sum(x[src[m], d]*W[d, h], d) + Sum(e[m, k]*U[k, h], k))
      agg[v, h]: Sum(msg[m, h]*KroneckerDelta(dst[m], v), m)
    outputs:
      y[v, h]: tanh(Sum(x[v, d]*S[d, h], d) + agg[v, h])
    """,
    {"V": 5, "D": 3, "M": 7, "K": 2, "H": 3},
    {"V": 1, "D": 1, "M": 1, "K": 1, "H": 1},
    {"V": 3, "D": 2, "M": 11, "K": 1, "H": 5},
)
def message_passing(x, e, src, dst, W, U, S):
    return torch.tanh(x @ S + _scattered(torch.relu(x[src] @ W + e @ U), dst, len(x)))


@layer(
    """
    layer: gcn
    doc: A graph convolution with the symmetric normalisation, self-loops added.
    inputs: {A: {shape: [V, V], grad: false}, x: [V, I]}
    params: {W: [I, O]}
    where:
      hat[u, v]: A[u, v] + KroneckerDelta(u, v)
      deg[u]: Sum(hat[u, v], v)
      norm[u, v]: hat[u, v]/sqrt(deg[u]*deg[v])
    outputs:
      y[u, o]: relu(Sum(norm[u, v]*Sum(x[v, i]*W[i, o], i), v))
    """,
    {"V": 5, "I": 3, "O": 2},
    {"V": 1, "I": 1, "O": 1},
    A=positive,
)
def gcn(A, x, W):
    hat = A + torch.eye(len(A), dtype=A.dtype)
    root = hat.sum(1).rsqrt()
    return torch.relu((root[:, None] * hat * root) @ (x @ W))


@layer(
    """
    layer: gat_edges
    doc: Graph attention over an edge list, softmax over the edges that arrive at a node.
    inputs:
      x: [V, I]
      s: {shape: [E], values: V}
      t: {shape: [E], values: V}
    params: {W: [I, O], a: [O], b: [O]}
    hyperparameters: {slope: 0.2}
    indices: {v: V}
    where:
      z: x @ W
      raw[e]: Sum(z[s[e], o]*a[o], o) + Sum(z[t[e], o]*b[o], o)
      score[e]: Piecewise((raw[e], raw[e] > 0), (slope*raw[e], True))
      w[e]: exp(score[e])
      total[v]: Sum(Piecewise((w[e], Eq(t[e], v)), (0, True)), e)
      alpha[e]: w[e]/total[t[e]]
    outputs:
      y[v, o]: Sum(Piecewise((alpha[e]*z[s[e], o], Eq(t[e], v)), (0, True)), e)
    """,
    {"V": 5, "E": 7, "I": 3, "O": 2},
    {"V": 1, "E": 1, "I": 1, "O": 1},
)
def gat_edges(x, s, t, W, a, b, slope=0.2):
    z = x @ W
    w = torch.nn.functional.leaky_relu(z[s] @ a + z[t] @ b, slope).exp()
    alpha = w / _scattered(w, t, len(x))[t]
    return _scattered(alpha[:, None] * z[s], t, len(x))


@layer(
    """
    layer: segment_mean
    inputs:
      x: [N, D]
      seg: {shape: [N], values: S}
      like: {shape: [S], grad: false}
    where:
      count[s]: Sum(Eq(seg[n], s), n)
    outputs:
      mean[s, d]: Sum(x[n, d]*Eq(seg[n], s), n)/Max(count[s], 1) + 0*like[s]
    """,
    {"N": 7, "D": 2, "S": 3},
    {"N": 1, "D": 1, "S": 5},
)
def segment_mean(x, seg, like):
    count = torch.zeros(len(like), dtype=x.dtype).index_add(0, seg, torch.ones(len(seg), dtype=x.dtype))
    return _scattered(x, seg, len(like)) / count.clamp(min=1)[:, None]


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


@layer(
    """
    layer: edge_conv
    doc: EdgeConv over K given neighbours, max over them.
    inputs:
      x: [V, D]
      nbr: {shape: [V, K], values: V}
    params: {Wa: [D, H], Wb: [D, H]}
    outputs:
      y[v, h]: Amax(relu(Sum(x[v, d]*Wa[d, h] + (x[nbr[v, k], d] - x[v, d])*Wb[d, h], d)), k)
    """,
    {"V": 5, "K": 3, "D": 2, "H": 4},
    {"V": 1, "K": 1, "D": 1, "H": 1},
)
def edge_conv(x, nbr, Wa, Wb):
    return torch.relu((x @ Wa)[:, None] + (x[nbr] - x[:, None]) @ Wb).amax(1)


@layer(
    """
    layer: top1_moe
    doc: Each row goes to the expert of its largest gate, weighted by the gate.
    inputs: {x: [N, D]}
    params: {G: [D, E], W: [E, D, O], b: [E, O]}
    where:
      p[n, e]: Softmax(Sum(x[n, d]*G[d, e], d), e)
      best[n]: Argmax(p[n, e], e)
      load[e]: Mean(Eq(best[n], e), n)
    outputs:
      y[n, o]: p[n, best[n]]*(Sum(x[n, d]*W[best[n], d, o], d) + b[best[n], o])
      aux: E*Sum(load[e]*Mean(p[n, e], n), e)
      chosen[n]: best[n]
    """,
    {"N": 7, "D": 3, "E": 4, "O": 2},
    {"N": 1, "D": 1, "E": 1, "O": 1},
)
def top1_moe(x, G, W, b):
    p = torch.softmax(x @ G, 1)
    best = p.argmax(1)
    y = p.gather(1, best[:, None]) * (torch.einsum("nd,ndo->no", x, W[best]) + b[best])
    load = torch.nn.functional.one_hot(best, p.shape[1]).to(x.dtype).mean(0)
    return y, p.shape[1] * (load * p.mean(0)).sum(), best


@layer(
    """
    layer: top2_gate
    doc: The two largest gates, renormalised; the second is found with the first left out.
    inputs: {z: [N, E], f: [N, E, D]}
    where:
      i1[n]: Argmax(z[n, e], e)
      i2[n]: Argmax(Piecewise((-oo, Eq(e, i1[n])), (z[n, e], True)), e)
      g1[n]: sigmoid(z[n, i1[n]] - z[n, i2[n]])
    outputs:
      y[n, d]: g1[n]*f[n, i1[n], d] + (1 - g1[n])*f[n, i2[n], d]
    """,
    {"N": 5, "E": 4, "D": 2},
    {"N": 1, "E": 2, "D": 1},
)
def top2_gate(z, f):
    values, places = z.topk(2, 1)
    gates = torch.softmax(values, 1)
    rows = torch.arange(len(z))[:, None]
    return (gates[:, :, None] * f[rows, places]).sum(1)


@layer(
    """
    layer: routing
    doc: Capsule routing by agreement, R rounds (Sabour et al. 2017).
    inputs: {u: [N, I, D]}
    params: {W: [I, J, D, E]}
    hyperparameters: {R: 3}
    indices: {r: R}
    where:
      uh[n, i, j, e]: Sum(u[n, i, d]*W[i, j, d, e], d)
      b[-1, n, i, j]: 0
      c[r, n, i, j]: Softmax(b[r - 1, n, i, j], j)
      s[r, n, j, e]: Sum(c[r, n, i, j]*uh[n, i, j, e], i)
      q[r, n, j]: Sum(s[r, n, j, e]**2, e)
      v[r, n, j, e]: q[r, n, j]/(1 + q[r, n, j])*s[r, n, j, e]/sqrt(q[r, n, j] + 1e-9)
      b[r, n, i, j]: b[r - 1, n, i, j] + Sum(uh[n, i, j, e]*v[r, n, j, e], e)
    outputs:
      out[n, j, e]: v[R - 1, n, j, e]
    """,
    {"N": 2, "I": 5, "J": 3, "D": 2, "E": 2},
    {"N": 1, "I": 1, "J": 1, "D": 1, "E": 1},
)
def routing(u, W):
    uh = torch.einsum("nid,ijde->nije", u, W)
    b = torch.zeros(uh.shape[:3], dtype=u.dtype)
    for _ in range(3):
        s = (torch.softmax(b, 2)[..., None] * uh).sum(1)
        q = (s**2).sum(-1, keepdim=True)
        v = q / (1 + q) * s / torch.sqrt(q + 1e-9)
        b = b + (uh * v[:, None]).sum(-1)
    return v
