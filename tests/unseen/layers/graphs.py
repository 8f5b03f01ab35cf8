"""Graphs, segments, experts: what is sent along integers."""

import torch

from tests.unseen.case import layer, positive


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
