"""Dynamic programs in both directions, decoded paths, filters and smoothers, and transport between point sets."""

import torch

from tests.unseen.case import layer, positive, simplex, these


@layer(
    """
    layer: smith_waterman
    doc: The best local alignment, smoothly, with a linear gap.
    inputs: {s: [N, M]}
    hyperparameters: {gap: 0.7, temperature: 0.5}
    where:
      h[-1, j]: 0
      h[i, -1]: 0
      h[-1, -1]: 0
      h[i, j]: temperature*log(1 + exp((h[i - 1, j - 1] + s[i, j])/temperature) + exp((h[i - 1, j] - gap)/temperature) + exp((h[i, j - 1] - gap)/temperature))
    outputs:
      best: temperature*LogSumExp(h[i, j]/temperature, i, j)
    """,
    {"N": 3, "M": 4},
    {"N": 1, "M": 1},
)
def smith_waterman(s, gap=0.7, temperature=0.5):
    rows, columns = s.shape
    h = {(i, j): torch.zeros((), dtype=s.dtype) for i in range(-1, rows) for j in range(-1, columns)}
    for i in range(rows):
        for j in range(columns):
            ways = [0 * s[0, 0], h[i - 1, j - 1] + s[i, j], h[i - 1, j] - gap, h[i, j - 1] - gap]
            h[i, j] = temperature * torch.logsumexp(torch.stack(ways) / temperature, 0)
    every = torch.stack([h[i, j] for i in range(rows) for j in range(columns)])
    return temperature * torch.logsumexp(every / temperature, 0)


@layer(
    """
    layer: banded_warping
    doc: Dynamic time warping within a band around the diagonal (Sakoe & Chiba 1978).
    inputs: {x: [N, D], y: [M, D]}
    hyperparameters: {width: 1}
    where:
      d[i, j]: Sum((x[i, k] - y[j, k])**2, k)
      r[-1, -1]: 0
      r[-1, j]: oo
      r[i, -1]: oo
      r[i, j]: Piecewise((d[i, j] + Min(r[i - 1, j], r[i, j - 1], r[i - 1, j - 1]), Abs(i - j) <= width), (oo, True))
    outputs:
      cost: r[N - 1, M - 1]
    """,
    {"N": 4, "M": 4, "D": 2},
    {"N": 1, "M": 1, "D": 1},
)
def banded_warping(x, y, width=1):
    d = ((x[:, None] - y) ** 2).sum(-1)
    r = {(-1, -1): torch.zeros((), dtype=x.dtype)}
    far = torch.tensor(torch.inf, dtype=x.dtype)
    for i in range(len(x)):
        for j in range(len(y)):
            if abs(i - j) <= width:
                r[i, j] = d[i, j] + torch.stack([r.get(p, far) for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1))]).amin()
    return r[len(x) - 1, len(y) - 1]


@layer(
    """
    layer: posterior_decoding
    doc: State probabilities of a hidden Markov model by the forward and the backward recursion.
    inputs: {e: [T, S]}
    params: {A: [S, S], p: [S]}
    where:
      la[i, j]: LogSoftmax(A[i, j], j)
      f[0, s]: LogSoftmax(p[s], s) + e[0, s]
      f[t, s]: LogSumExp(f[t - 1, r] + la[r, s], r) + e[t, s]
      b[T - 1, s]: 0
      b[t, s]: LogSumExp(la[s, r] + e[t + 1, r] + b[t + 1, r], r)
    outputs:
      gamma[t, s]: exp(f[t, s] + b[t, s] - LogSumExp(f[T - 1, r], r))
      xi[i, j]: Sum(exp(f[t, i] + la[i, j] + e[t + 1, j] + b[t + 1, j] - LogSumExp(f[T - 1, r], r)), (t, 0, T - 2))
    """,
    {"T": 4, "S": 3},
    {"T": 1, "S": 2},
)
def posterior_decoding(e, A, p):
    la = torch.log_softmax(A, 1)
    f, b = [torch.log_softmax(p, 0) + e[0]], [torch.zeros_like(p)]
    for row in e[1:]:
        f.append(torch.logsumexp(f[-1][:, None] + la, 0) + row)
    for row in e[1:].flip(0):
        b.insert(0, torch.logsumexp(la + row + b[0], 1))
    z = torch.logsumexp(f[-1], 0)
    gamma = torch.exp(torch.stack(f) + torch.stack(b) - z)
    pairs = [torch.exp(f[t][:, None] + la + e[t + 1] + b[t + 1] - z) for t in range(len(e) - 1)]
    return gamma, sum(pairs, torch.zeros_like(A))


@layer(
    """
    layer: decoded_path
    doc: The best path itself, back pointers followed from the end, and its score.
    inputs: {e: [T, C]}
    params: {A: [C, C]}
    where:
      v[0, c]: e[0, c]
      v[t, c]: Amax(v[t - 1, p] + A[p, c], p) + e[t, c]
      back[t, c]: Argmax(v[Max(t - 1, 0), p] + A[p, c], p)
      path[T - 1]: Argmax(v[T - 1, c], c)
      path[t]: back[t + 1, path[t + 1]]
    indices: {t: T}
    outputs:
      tags[t]: path[t]
      score: Sum(e[t, path[t]], t) + Sum(A[path[t], path[t + 1]], (t, 0, T - 2))
    """,
    {"T": 5, "C": 3},
    {"T": 1, "C": 2},
)
def decoded_path(e, A):
    v, back = e[0], []
    for row in e[1:]:
        scores = v[:, None] + A
        back.append(scores.argmax(0))
        v = scores.amax(0) + row
    path = [int(v.argmax())]
    for pointers in reversed(back):
        path.insert(0, int(pointers[path[0]]))
    score = sum(e[t, c] for t, c in enumerate(path)) + sum((A[a, b] for a, b in zip(path, path[1:], strict=False)), 0 * A[0, 0])
    return torch.tensor(path), score


@layer(
    """
    layer: smoother
    doc: A scalar Kalman filter and the Rauch-Tung-Striebel smoother that runs back over it.
    inputs: {z: [T]}
    params: {a: [], q: [], r: []}
    where:
      m[-1]: 0
      P[-1]: 1
      mp[t]: a*m[t - 1]
      Pp[t]: a**2*P[t - 1] + exp(q)
      K[t]: Pp[t]/(Pp[t] + exp(r))
      m[t]: mp[t] + K[t]*(z[t] - mp[t])
      P[t]: (1 - K[t])*Pp[t]
      ms[T - 1]: m[T - 1]
      ms[t]: m[t] + P[t]*a/Pp[t + 1]*(ms[t + 1] - mp[t + 1])
    outputs:
      y[t]: ms[t]
      nll: Sum((z[t] - mp[t])**2/(Pp[t] + exp(r)) + log(Pp[t] + exp(r)), t)/2
    """,
    {"T": 5},
    {"T": 1},
)
def smoother(z, a, q, r):
    m, P, out, nll = torch.zeros((), dtype=z.dtype), torch.ones((), dtype=z.dtype), [], 0
    for value in z:
        mp, Pp = a * m, a**2 * P + torch.exp(q)
        s = Pp + torch.exp(r)
        nll = nll + ((value - mp) ** 2 / s + torch.log(s)) / 2
        m, P = mp + Pp / s * (value - mp), (1 - Pp / s) * Pp
        out.append((m, P, mp, Pp))
    smooth = [out[-1][0]]
    for (m, P, _, _), (_, _, mp, Pp) in zip(reversed(out[:-1]), reversed(out[1:]), strict=True):
        smooth.insert(0, m + P * a / Pp * (smooth[0] - mp))
    return torch.stack(smooth), nll


@layer(
    """
    layer: unbalanced_transport
    doc: Transport whose marginals may be missed at a price, in logarithms (Chizat et al. 2018).
    inputs: {x: [N, D], y: [M, D], a: [N], b: [M]}
    hyperparameters: {eps: 0.5, rho: 1.0, rounds: 4}
    indices: {it: rounds}
    where:
      C[i, j]: Sum((x[i, d] - y[j, d])**2, d)
      k: rho/(rho + eps)
      g[-1, j]: 0
      f[it, i]: -k*eps*LogSumExp((g[it - 1, j] - C[i, j])/eps + log(b[j]), j)
      g[it, j]: -k*eps*LogSumExp((f[it, i] - C[i, j])/eps + log(a[i]), i)
    outputs:
      plan[i, j]: a[i]*b[j]*exp((f[rounds - 1, i] + g[rounds - 1, j] - C[i, j])/eps)
    """,
    {"N": 3, "M": 2, "D": 2},
    a=simplex,
    b=simplex,
)
def unbalanced_transport(x, y, a, b, eps=0.5, rho=1.0, rounds=4):
    C = ((x[:, None] - y) ** 2).sum(-1)
    g = torch.zeros_like(b)
    for _ in range(rounds):
        f = -rho / (rho + eps) * eps * torch.logsumexp((g - C) / eps + torch.log(b), 1)
        g = -rho / (rho + eps) * eps * torch.logsumexp((f[:, None] - C) / eps + torch.log(a)[:, None], 0)
    return a[:, None] * b * torch.exp((f[:, None] + g - C) / eps)


@layer(
    """
    layer: gromov_step
    doc: The Gromov-Wasserstein cost of a plan, and the gradient matrix that the next plan is made of.
    inputs: {C: [N, N], D: [M, M], P: [N, M]}
    where:
      p[i]: Sum(P[i, j], j)
      q[j]: Sum(P[i, j], i)
      L[i, j]: Sum(C[i, k]**2*p[k], k) + Sum(D[j, l]**2*q[l], l) - 2*Sum(C[i, k]*Sum(P[k, l]*D[j, l], l), k)
    outputs:
      cost: Sum(L[i, j]*P[i, j], i, j)
      next[i, j]: Softmax(-L[i, j], j)
    """,
    {"N": 3, "M": 2},
    P=positive,
)
def gromov_step(C, D, P):
    L = (C**2 @ P.sum(1))[:, None] + D**2 @ P.sum(0) - 2 * C @ P @ D.T
    return (L * P).sum(), torch.softmax(-L, 1)


@layer(
    """
    layer: sliced_distance
    doc: Mean distance of two equally large sets sorted along directions; sorting by ranks.
    inputs: {x: [N, D], y: [N, D], w: [K, D]}
    where:
      px[k, n]: Sum(x[n, d]*w[k, d], d)/Norm(w[k, d], d)
      py[k, n]: Sum(y[n, d]*w[k, d], d)/Norm(w[k, d], d)
      rx[k, n]: Sum(px[k, m] < px[k, n], m)
      ry[k, n]: Sum(py[k, m] < py[k, n], m)
      sx[k, r]: Sum(px[k, n]*KroneckerDelta(rx[k, n], r), n)
      sy[k, r]: Sum(py[k, n]*KroneckerDelta(ry[k, n], r), n)
    indices: {r: N}
    outputs:
      w2: sqrt(Mean((sx[k, r] - sy[k, r])**2, k, r))
    """,
    {"N": 4, "D": 2, "K": 3},
    {"N": 1, "D": 1, "K": 1},
)
def sliced_distance(x, y, w):
    u = w / w.norm(dim=1, keepdim=True)
    sx, sy = (x @ u.T).sort(0).values, (y @ u.T).sort(0).values
    return ((sx - sy) ** 2).mean().sqrt()


@layer(
    """
    layer: relaxed_sort
    doc: A row-stochastic matrix that sorts in descending order (NeuralSort, Grover et al. 2019), and the sorted values.
    inputs: {s: [N]}
    hyperparameters: {tau: 0.7}
    where:
      b[j]: Sum(Abs(s[j] - s[k]), k)
      P[i, j]: Softmax(((N - 1 - 2*i)*s[j] - b[j])/tau, j)
    indices: {i: N}
    outputs:
      y[i]: Sum(P[i, j]*s[j], j)
      top[j]: P[0, j]
    """,
    {"N": 5},
    {"N": 1},
)
def relaxed_sort(s, tau=0.7):
    size = len(s)
    b = (s[:, None] - s).abs().sum(1)
    scale = (size - 1 - 2 * torch.arange(size)).to(s.dtype)
    P = torch.softmax((scale[:, None] * s - b) / tau, 1)
    return P @ s, P[0]


@layer(
    """
    layer: farthest_points
    doc: A sample of points each farthest from those before it, and the distance of every point to the sample.
    inputs: {x: [N, D]}
    hyperparameters: {K: 3}
    indices: {k: K}
    where:
      d[-1, n]: oo
      at[0]: 0
      at[k]: Argmax(d[k - 1, n], n)
      d[k, n]: Min(d[k - 1, n], Sum((x[n, c] - x[at[k], c])**2, c))
    outputs:
      chosen[k]: at[k]
      y[n]: d[K - 1, n]
    """,
    {"N": 6, "D": 2},
    {"N": 3, "D": 1},
)
def farthest_points(x, K=3):
    chosen, d = [], torch.full((len(x),), torch.inf, dtype=x.dtype)
    for k in range(K):
        chosen.append(int(d.argmax()) if k else 0)
        d = torch.minimum(d, ((x - x[chosen[-1]]) ** 2).sum(1))
    return torch.tensor(chosen), d


@layer(
    """
    layer: tree_likelihood
    doc: Felsenstein's pruning on a complete tree stored as a heap, leaves last, each node from its two children.
    inputs: {leaf: {shape: [L], values: S}}
    params: {Q: [S, S], root: [S]}
    dims: {M: L - 1, A: 2*L - 1}
    indices: {v: A, s: S}
    where:
      P[a, b]: Softmax(Q[a, b], b)
      like[v, s]: Piecewise((Eq(leaf[v - M], s), v >= M), (Sum(P[s, a]*like[2*v + 1, a], a)*Sum(P[s, a]*like[2*v + 2, a], a), True))
    outputs:
      loglik: log(Sum(Softmax(root[s], s)*like[0, s], s))
    """,
    {"L": 4, "S": 3},
    {"L": 2, "S": 2},
    leaf=lambda rng, shape: these([0, 1, 1, 2])(rng, shape)[: shape[0]],
)
def tree_likelihood(leaf, Q, root):
    P = torch.softmax(Q, 1)
    level = list(torch.eye(len(root), dtype=Q.dtype)[leaf])
    while len(level) > 1:
        level = [(P @ a) * (P @ b) for a, b in zip(level[::2], level[1::2], strict=True)]
    return torch.log(torch.softmax(root, 0) @ level[0])


@layer(
    """
    layer: lattice_second_order
    doc: A chain whose scores look at three neighbouring tags.
    inputs: {e: [T, C]}
    params: {W: [C, C, C]}
    where:
      f[1, a, b]: e[0, a] + e[1, b]
      f[t, b, c]: LogSumExp(f[t - 1, a, b] + W[a, b, c], a) + e[t, c]
      f[0, a, b]: -oo
    outputs:
      z: LogSumExp(f[T - 1, a, b], a, b)
    """,
    {"T": 4, "C": 3},
    {"T": 2, "C": 2},
)
def lattice_second_order(e, W):
    f = e[0][:, None] + e[1]
    for row in e[2:]:
        f = torch.logsumexp(f[:, :, None] + W, 0) + row
    return torch.logsumexp(f, (0, 1))


@layer(
    """
    layer: noisy_or_chain
    doc: The distribution of a count of independent events, by convolution one after another (Poisson-binomial).
    inputs: {z: [N]}
    dims: {K: N + 1}
    indices: {k: K}
    where:
      c[-1, k]: Eq(k, 0)
      c[n, k]: (1 - sigmoid(z[n]))*c[n - 1, k] + sigmoid(z[n])*Piecewise((c[n - 1, k - 1], k > 0), (0, True))
    outputs:
      p[k]: c[N - 1, k]
    """,
    {"N": 4},
    {"N": 1},
)
def noisy_or_chain(z):
    c = torch.cat([torch.ones(1, dtype=z.dtype), torch.zeros(len(z), dtype=z.dtype)])
    for p in torch.sigmoid(z):
        c = (1 - p) * c + p * torch.cat([torch.zeros(1, dtype=z.dtype), c[:-1]])
    return c
