"""Graph networks over lists of edges: gathers at the ends, softmaxes and extrema over what arrives."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive


def _summed(values, where, count):
    return torch.zeros((count, *values.shape[1:]), dtype=values.dtype).index_add(0, where, values)


def _arriving(scores, where, count):
    """A softmax over the edges that arrive at each node."""
    rows = [torch.softmax(scores[where == n], 0) for n in range(count)]
    out = torch.zeros_like(scores)
    for n, row in enumerate(rows):
        out = out.index_put((torch.nonzero(where == n)[:, 0],), row)
    return out


@layer(
    """
    layer: gatv2
    doc: Several heads of GATv2 with edge features, a softmax over the edges that arrive (Brody et al. 2022).
    inputs: {x: [V, I], e: [E, K], s: {shape: [E], values: V}, t: {shape: [E], values: V}}
    params: {Wl: [I, H, O], Wr: [I, H, O], We: [K, H, O], a: [H, O], b: [O]}
    hyperparameters: {slope: 0.2}
    indices: {v: V}
    where:
      l[v, h, o]: Sum(x[v, i]*Wl[i, h, o], i)
      r[v, h, o]: Sum(x[v, i]*Wr[i, h, o], i)
      m[k, h, o]: l[s[k], h, o] + r[t[k], h, o] + Sum(e[k, j]*We[j, h, o], j)
      z[k, h]: Sum(Piecewise((m[k, h, o], m[k, h, o] >= 0), (slope*m[k, h, o], True))*a[h, o], o)
      total[v, h]: Sum(Eq(t[k], v)*exp(z[k, h]), k)
      alpha[k, h]: exp(z[k, h])/total[t[k], h]
    outputs:
      y[v, o]: Mean(Sum(Piecewise((alpha[k, h]*l[s[k], h, o], t[k] == v), (0, True)), k), h) + b[o]
      weights[k, h]: alpha[k, h]
    """,
    {"V": 4, "I": 2, "E": 7, "K": 2, "H": 2, "O": 3},
    {"V": 1, "I": 1, "E": 1, "K": 1, "H": 1, "O": 1},
    {"V": 5, "I": 2, "E": 3, "K": 1, "H": 3, "O": 2},
)
def gatv2(x, e, s, t, Wl, Wr, We, a, b):
    left, right = torch.einsum("vi,iho->vho", x, Wl), torch.einsum("vi,iho->vho", x, Wr)
    m = left[s] + right[t] + torch.einsum("kj,jho->kho", e, We)
    alpha = _arriving((F.leaky_relu(m, 0.2) * a).sum(-1), t, len(x))
    return _summed(alpha[..., None] * left[s], t, len(x)).mean(1) + b, alpha


@layer(
    """
    layer: edge_log_softmax
    doc: The logarithm of a softmax over the edges of each node, its entropy by node, and a node's log-sum-exp where it has edges.
    inputs: {s: [E], t: {shape: [E], values: V}, w: [V]}
    indices: {v: V}
    where:
      peak[v]: Amax(Piecewise((s[e], Eq(t[e], v)), (-oo, True)), e)
      L[v]: LogSumExp(Piecewise((s[e], Eq(t[e], v)), (-oo, True)), e)
      lp[e]: s[e] - L[t[e]]
      degree[v]: Sum(Eq(t[e], v), e)
    outputs:
      logp[e]: lp[e]
      entropy[v]: -Sum(Eq(t[e], v)*exp(lp[e])*lp[e], e)*w[v]
      energy: Sum(Piecewise((w[v]*L[v], degree[v] > 0), (0, True)), v)
      top[v]: Piecewise((peak[v], degree[v] > 0), (0, True))
    """,
    {"E": 6, "V": 4},
    {"E": 1, "V": 1},
    {"E": 2, "V": 5},
)
def edge_log_softmax(s, t, w):
    hot = F.one_hot(t, len(w)).bool()
    masked = torch.where(hot, s[:, None], -torch.inf)
    has = hot.any(0)
    L = torch.logsumexp(torch.where(has, masked, 0), 0)
    lp = s - L[t]
    top = torch.where(has, torch.where(has, masked, 0).amax(0), 0)
    return lp, -_summed(lp.exp() * lp, t, len(w)) * w, torch.where(has, w * L, 0).sum(), top


@layer(
    """
    layer: gin
    doc: "A graph isomorphism network: (1 + ε) of itself and the sum of its neighbours through two layers, summed over each graph (Xu et al. 2019)."
    inputs: {x: [V, I], s: {shape: [E], values: V}, t: {shape: [E], values: V}, g: {shape: [V], values: G}, y0: {shape: [G], grad: false}}
    params: {eps: [], W1: [I, H], b1: [H], W2: [H, O]}
    indices: {v: V, q: G}
    where:
      agg[v, i]: (1 + eps)*x[v, i] + Sum(Piecewise((x[s[e], i], Eq(t[e], v)), (0, True)), e)
      h: relu(agg @ W1 + b1) @ W2
    outputs:
      pooled[q, o]: Sum(KroneckerDelta(g[v], q)*h[v, o], v)
      loss: Sum((Sum(pooled[q, o], o) - y0[q])**2, q)/G
    """,
    {"V": 5, "I": 2, "E": 6, "G": 2, "H": 4, "O": 3},
    {"V": 1, "I": 1, "E": 1, "G": 1, "H": 1, "O": 1},
)
def gin(x, s, t, g, y0, eps, W1, b1, W2):
    h = torch.relu(((1 + eps) * x + _summed(x[s], t, len(x))) @ W1 + b1) @ W2
    pooled = _summed(h, g, len(y0))
    return pooled, ((pooled.sum(1) - y0) ** 2).mean()


@layer(
    """
    layer: egnn
    doc: "An E(n)-equivariant step: messages from distances, coordinates moved along differences (Satorras et al. 2021, eq. 3-6)."
    inputs: {h: [V, F], x: [V, D], s: {shape: [E], values: V}, t: {shape: [E], values: V}}
    params: {We: [2*F + 1, M], wx: [M], Wh: [F + M, F]}
    indices: {v: V, f: F, m: M}
    where:
      d2[e]: Sum((x[t[e], k] - x[s[e], k])**2, k)
      a[e, m]: Sum(h[t[e], f]*We[f, m] + h[s[e], f]*We[F + f, m], f) + d2[e]*We[2*F, m]
      msg[e, m]: a[e, m]*sigmoid(a[e, m])
      w[e]: tanh(Sum(msg[e, m]*wx[m], m))
      into[v, m]: Sum(Piecewise((msg[e, m], Eq(t[e], v)), (0, True)), e)
    outputs:
      x2[v, k]: x[v, k] + Sum(Piecewise(((x[t[e], k] - x[s[e], k])*w[e]/(sqrt(d2[e] + 1e-8) + 1), Eq(t[e], v)), (0, True)), e)
      h2[v, f]: h[v, f] + Sum(h[v, j]*Wh[j, f], (j, 0, F - 1)) + Sum(into[v, m]*Wh[F + m, f], m)
    """,
    {"V": 4, "F": 2, "D": 3, "E": 6, "M": 3},
    {"V": 1, "F": 1, "D": 1, "E": 1, "M": 1},
)
def egnn(h, x, s, t, We, wx, Wh):
    gap = x[t] - x[s]
    d2 = (gap**2).sum(1)
    msg = F.silu(torch.cat([h[t], h[s], d2[:, None]], 1) @ We)
    w = torch.tanh(msg @ wx) / (torch.sqrt(d2 + 1e-8) + 1)
    return x + _summed(gap * w[:, None], t, len(x)), h + torch.cat([h, _summed(msg, t, len(x))], 1) @ Wh


@layer(
    """
    layer: sage_max
    doc: "GraphSAGE with the maximum of the neighbours, 0 without any, and rows of unit length (Hamilton et al. 2017)."
    inputs: {x: [V, I], A: {shape: [V, V], dtype: bool}}
    params: {Wp: [I, H], Ws: [I, O], Wn: [H, O]}
    where:
      p: relu(x @ Wp)
      near[u, h]: Amax(Piecewise((p[v, h], A[u, v]), (-oo, True)), v)
      some[u]: Sum(A[u, v], v) > 0
      z[u, o]: Sum(x[u, i]*Ws[i, o], i) + Sum(Piecewise((near[u, h], some[u]), (0, True))*Wn[h, o], h)
    outputs: {"y[u, o]": "z[u, o]/(Norm(z[u, k], k) + 1e-6)"}
    """,
    {"V": 5, "I": 2, "H": 3, "O": 2},
    {"V": 1, "I": 1, "H": 1, "O": 1},
)
def sage_max(x, A, Wp, Ws, Wn):
    p = torch.relu(x @ Wp)
    some = A.any(1)
    rows = []
    for u in range(len(x)):
        mine = p[A[u]]
        rows.append(mine.max(0).values if some[u] else torch.zeros_like(p[0]))
    pooled = torch.stack(rows)
    ties = (p[None] == pooled[:, None]) & A[..., None]
    shared = (p[None] * ties).sum(1) / ties.sum(1).clamp(min=1)
    z = x @ Ws + shared @ Wn
    return z / (z.norm(dim=1, keepdim=True) + 1e-6)


@layer(
    """
    layer: principal_aggregation
    doc: "Mean, maximum, minimum and deviation of the neighbours, each scaled by the degree in three ways (Corso et al. 2020)."
    inputs: {x: [V, C], A: {shape: [V, V], dtype: bool}}
    params: {W: [12*C, O]}
    hyperparameters: {avg: 1.5, eps: 1e-5}
    dims: {K: 12*C}
    where:
      B[u, v]: A[u, v] | Eq(u, v)
      deg[u]: Sum(B[u, v], v)
      mu[u, c]: Sum(B[u, v]*x[v, c], v)/deg[u]
      hi[u, c]: Amax(Piecewise((x[v, c], B[u, v]), (-oo, True)), v)
      lo[u, c]: Amin(Piecewise((x[v, c], B[u, v]), (oo, True)), v)
      sd[u, c]: sqrt(Sum(B[u, v]*(x[v, c] - mu[u, c])**2, v)/deg[u] + eps)
      g[u]: log(deg[u] + 1)/avg
      all_[u, k]: Piecewise((mu[u, k % C], k % (4*C) < C), (hi[u, k % C], k % (4*C) < 2*C), (lo[u, k % C], k % (4*C) < 3*C), (sd[u, k % C], True))
      scaled[u, k]: all_[u, k]*Piecewise((1, k < 4*C), (g[u], k < 8*C), (1/g[u], True))
    indices: {u: V, v: V, k: K}
    outputs: {"y[u, o]": "Sum(scaled[u, k]*W[k, o], k)"}
    """,
    {"V": 4, "C": 2, "O": 3},
    {"V": 1, "C": 1, "O": 1},
)
def principal_aggregation(x, A, W):
    B = A | torch.eye(len(x), dtype=torch.bool)
    deg = B.sum(1, keepdim=True).to(x.dtype)
    mu = B.to(x.dtype) @ x / deg
    wide = x[None].expand(len(x), -1, -1)
    hi = torch.where(B[..., None], wide, -torch.inf).amax(1)
    lo = torch.where(B[..., None], wide, torch.inf).amin(1)
    sd = torch.sqrt((B[..., None] * (wide - mu[:, None]) ** 2).sum(1) / deg + 1e-5)
    four, g = torch.cat([mu, hi, lo, sd], 1), torch.log(deg + 1) / 1.5
    return torch.cat([four, four * g, four / g], 1) @ W


@layer(
    """
    layer: chebyshev_filter
    doc: Polynomials of a scaled Laplacian by the recursion of Chebyshev, all orders kept (Defferrard et al. 2016).
    inputs: {L: {shape: [V, V], grad: false}, x: [V, I]}
    params: {theta: [K, I, O]}
    where:
      T[0, v, i]: x[v, i]
      T[k, v, i]: Piecewise((Sum(L[v, u]*x[u, i], u), Eq(k, 1)), (2*Sum(L[v, u]*T[k - 1, u, i], u) - T[Max(k - 2, 0), v, i], True))
    outputs:
      y[v, o]: Sum(T[k, v, i]*theta[k, i, o], k, i)
    """,
    {"V": 3, "I": 2, "O": 2, "K": 4},
    {"V": 1, "I": 1, "O": 1, "K": 1},
)
def chebyshev_filter(L, x, theta):
    rows = [x, L @ x]
    while len(rows) < len(theta):
        rows.append(2 * L @ rows[-1] - rows[-2])
    return torch.einsum("kvi,kio->vo", torch.stack(rows[: len(theta)]), theta)


@layer(
    """
    layer: spectral_cut
    doc: Mincut pooling with its orthogonality loss (Bianchi et al. 2020), and modularity.
    inputs: {A: {shape: [V, V], grad: false}, z: [V, K]}
    where:
      S: softmax(z)
      d: sum(A, axis=1)
      AS: A @ S
      cut[v]: Sum(AS[v, k]*S[v, k], k)
      size[k, l]: Sum(S[v, k]*S[v, l], v)
      F_: Norm(size[k, l], k, l)
      m2: sum(d)
    outputs:
      mincut: -Sum(cut[v], v)/Sum(d[v]*S[v, k]**2, v, k)
      ortho: Norm(size[k, l]/F_ - KroneckerDelta(k, l)/sqrt(K), k, l)
      modularity: -Sum((A[u, v] - d[u]*d[v]/m2)*Sum(S[u, k]*S[v, k], k), u, v)/m2
    """,
    {"V": 4, "K": 3},
    {"V": 2, "K": 1},
    A=positive,
)
def spectral_cut(A, z):
    S, d = z.softmax(1), A.sum(1)
    size = S.T @ S
    gap = size / size.norm() - torch.eye(z.shape[1], dtype=z.dtype) / z.shape[1] ** 0.5
    ortho = gap.norm() if z.shape[1] > 1 else (gap * 0).sum()
    modularity = -((A - torch.outer(d, d) / d.sum()) * (S @ S.T)).sum() / d.sum()
    return -(S * (A @ S)).sum() / (d[:, None] * S**2).sum(), ortho, modularity
