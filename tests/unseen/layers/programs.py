"""Dynamic programs over grids, fixed-point rounds, polynomials."""

import torch

from tests.unseen.case import layer, positive, simplex, unit


@layer(
    """
    layer: soft_dtw_pairs
    doc: Soft dynamic time warping between two sequences (Cuturi & Blondel 2017).
    inputs: {x: [I, D], y: [J, D]}
    hyperparameters: {gamma: 0.5}
    where:
      cost[i, j]: Sum((x[i, d] - y[j, d])**2, d)
      r[-1, -1]: 0
      r[-1, j]: oo
      r[i, -1]: oo
      r[i, j]: cost[i, j] - gamma*log(exp(-r[i-1, j]/gamma) + exp(-r[i, j-1]/gamma) + exp(-r[i-1, j-1]/gamma))
    outputs:
      distance: r[I - 1, J - 1]
    """,
    {"I": 5, "J": 3, "D": 2},
    {"I": 1, "J": 1, "D": 1},
    {"I": 2, "J": 7, "D": 1},
)
def soft_dtw_pairs(x, y, gamma=0.5):
    cost = ((x[:, None] - y) ** 2).sum(-1)
    rows, columns = cost.shape
    r = {(-1, -1): torch.zeros((), dtype=x.dtype)}
    for i in range(rows):
        for j in range(columns):
            before = [r[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in r]
            r[i, j] = cost[i, j] - gamma * torch.logsumexp(-torch.stack(before) / gamma, 0)
    return r[rows - 1, columns - 1]


@layer(
    """
    layer: soft_edit
    doc: Edit distance with soft minima; insertion and deletion cost 1, substitution the mismatch s.
    inputs: {s: [B, I, J]}
    where:
      d[-1, j, b]: j + 1
      d[i, -1, b]: i + 1
      d[i, j, b]: -log(exp(-d[i-1, j, b] - 1) + exp(-d[i, j-1, b] - 1) + exp(-d[i-1, j-1, b] - s[b, i, j]))
      d[-1, -1, b]: 0
    outputs:
      dist[b]: d[I-1, J-1, b]
    """,
    {"B": 2, "I": 3, "J": 5},
    {"B": 1, "I": 1, "J": 1},
    s=positive,
)
def soft_edit(s):
    batch, rows, columns = s.shape
    d = {(i, -1): torch.full((batch,), i + 1.0, dtype=s.dtype) for i in range(-1, rows)}
    d |= {(-1, j): torch.full((batch,), j + 1.0, dtype=s.dtype) for j in range(-1, columns)}
    for i in range(rows):
        for j in range(columns):
            options = [d[i - 1, j] + 1, d[i, j - 1] + 1, d[i - 1, j - 1] + s[:, i, j]]
            d[i, j] = -torch.logsumexp(-torch.stack(options), 0)
    return d[rows - 1, columns - 1]


@layer(
    """
    layer: needleman
    doc: Global alignment with a smoothed maximum and a learned gap penalty.
    inputs: {S: [I, J]}
    params: {gap: []}
    where:
      v[-1, -1]: 0
      v[-1, j]: -gap*(j + 1)
      v[i, -1]: -gap*(i + 1)
      v[i, j]: Max(v[i-1, j-1] + S[i, j], v[i-1, j] - gap, v[i, j-1] - gap)
    outputs:
      score: v[I-1, J-1]
    """,
    {"I": 5, "J": 3},
    {"I": 1, "J": 1},
    {"I": 1, "J": 7},
    gap=positive,
)
def needleman(S, gap):
    rows, columns = S.shape
    v = {(i, -1): -gap * (i + 1) for i in range(-1, rows)} | {(-1, j): -gap * (j + 1) for j in range(-1, columns)}
    for i in range(rows):
        for j in range(columns):
            v[i, j] = torch.stack([v[i - 1, j - 1] + S[i, j], v[i - 1, j] - gap, v[i, j - 1] - gap]).amax()
    return v[rows - 1, columns - 1]


@layer(
    """
    layer: log_sinkhorn
    doc: K rounds of Sinkhorn's scaling in logarithms, and the transport cost.
    inputs:
      C: [N, M]
      la: [N]
      lb: [M]
    hyperparameters: {eps: 0.3, K: 5}
    indices: {k: K}
    where:
      g[-1, m]: 0
      f[k, n]: eps*la[n] - eps*LogSumExp((g[k-1, m] - C[n, m])/eps, m)
      g[k, m]: eps*lb[m] - eps*LogSumExp((f[k, n] - C[n, m])/eps, n)
      P[n, m]: exp((f[K-1, n] + g[K-1, m] - C[n, m])/eps)
    outputs:
      plan[n, m]: P[n, m]
      cost: Sum(P[n, m]*C[n, m], n, m)
    """,
    {"N": 3, "M": 5},
    {"N": 1, "M": 1},
    C=positive,
)
def log_sinkhorn(C, la, lb, eps=0.3):
    g = torch.zeros_like(lb)
    for _ in range(5):
        f = eps * la - eps * torch.logsumexp((g - C) / eps, 1)
        g = eps * lb - eps * torch.logsumexp((f[:, None] - C) / eps, 0)
    plan = torch.exp((f[:, None] + g - C) / eps)
    return plan, (plan * C).sum()


@layer(
    """
    layer: sinkhorn_scaling
    doc: The same in scalings u and v of a kernel.
    inputs: {K: [N, M], a: [N], b: [M]}
    hyperparameters: {rounds: 3}
    indices: {r: rounds}
    where:
      v[-1, m]: 1
      u[r, n]: a[n]/Sum(K[n, m]*v[r - 1, m], m)
      v[r, m]: b[m]/Sum(K[n, m]*u[r, n], n)
    outputs:
      P[n, m]: u[rounds - 1, n]*K[n, m]*v[rounds - 1, m]
    """,
    {"N": 3, "M": 5},
    {"N": 1, "M": 2},
    K=positive,
    a=simplex,
    b=simplex,
)
def sinkhorn_scaling(K, a, b):
    v = torch.ones_like(b)
    for _ in range(3):
        u = a / (K @ v)
        v = b / (K.T @ u)
    return u[:, None] * K * v


@layer(
    """
    layer: cumulative_softmax_stick
    doc: Stick-breaking weights by a product over the earlier positions.
    inputs: {x: [N, K]}
    where:
      v[n, k]: sigmoid(x[n, k])
    outputs:
      w[n, k]: v[n, k]*Prod(1 - v[n, j], (j, 0, k - 1))
      rest[n]: Prod(1 - v[n, j], j)
    """,
    {"N": 3, "K": 5},
    {"N": 1, "K": 1},
)
def stick_breaking(x):
    v = torch.sigmoid(x)
    left = torch.cumprod(1 - v, 1)
    return v * torch.cat([torch.ones_like(left[:, :1]), left[:, :-1]], 1), left[:, -1]


@layer(
    """
    layer: cholesky_solve
    doc: Solves L Lᵀ z = b for a lower triangular L, by substitution forth and back.
    inputs: {L: [N, N], b: [N]}
    where:
      f[i]: (b[i] - Sum(L[i, j]*f[j], (j, 0, i - 1)))/L[i, i]
      z[i]: (f[i] - Sum(L[j, i]*z[j], (j, i + 1, N - 1)))/L[i, i]
    outputs:
      x[i]: z[i]
    """,
    {"N": 5},
    {"N": 1},
    {"N": 2},
    L=lambda rng, shape: rng.standard_normal(shape) * 0.3 + 2 * torch.eye(shape[0]).numpy(),
)
def cholesky_solve(L, b):
    low = torch.tril(L)
    return torch.linalg.solve(low @ low.T, b)


@layer(
    """
    layer: horner
    doc: A polynomial by Horner's rule, coefficients from the highest power.
    inputs: {x: [N]}
    params: {a: [K]}
    where:
      p[0, n]: a[0]
      p[k, n]: p[k - 1, n]*x[n] + a[k]
    outputs:
      y[n]: p[K - 1, n]
    """,
    {"N": 3, "K": 5},
    {"N": 2, "K": 1},
)
def horner(x, a):
    y = torch.zeros_like(x) + a[0]
    for value in a[1:]:
        y = y * x + value
    return y


@layer(
    """
    layer: chebyshev
    doc: A series of Chebyshev polynomials, their recurrence at lag two.
    inputs: {x: [N]}
    params: {c: [K]}
    where:
      t[0, n]: 1
      t[1, n]: x[n]
      t[k, n]: 2*x[n]*t[k-1, n] - t[k-2, n]
    indices: {k: K}
    outputs:
      y[n]: Sum(c[k]*t[k, n], k)
    """,
    {"N": 3, "K": 5},
    {"N": 2, "K": 2},
    {"N": 1, "K": 3},
    {"N": 1, "K": 1},
    x=unit,
)
def chebyshev(x, c):
    k = torch.arange(len(c), dtype=x.dtype)
    return torch.cos(k[:, None] * torch.acos(x)).T @ c


@layer(
    """
    layer: pagerank
    doc: Damped power iteration on a column-stochastic matrix.
    inputs: {M: [V, V]}
    hyperparameters: {d: 0.85, rounds: 5}
    indices: {k: rounds}
    where:
      r[-1, v]: 1/V
      r[k, v]: (1 - d)/V + d*Sum(M[v, u]*r[k-1, u], u)
    outputs:
      rank[v]: r[rounds-1, v]
    """,
    {"V": 5},
    {"V": 1},
    M=positive,
)
def pagerank(M, d=0.85):
    r = torch.ones(len(M), dtype=M.dtype) / len(M)
    for _ in range(5):
        r = (1 - d) / len(M) + d * (M @ r)
    return r


@layer(
    """
    layer: cholesky
    doc: The factor of A A' + 1, row by row; a row reads those above it where its column is smaller.
    inputs: {A: [N, N], b: [N]}
    where:
      s[i, j]: Sum(A[i, k]*A[j, k], k) + KroneckerDelta(i, j)
      z[i]: (b[i] - Sum(L[i, k]*z[k], (k, 0, i - 1)))/L[i, i]
    outputs:
      L[i, j]: >-
        Piecewise((sqrt(s[i, j] - Sum(L[i, k]**2, (k, 0, j - 1))), Eq(i, j)),
                  ((s[i, j] - Sum(L[i, k]*L[j, k], (k, 0, j - 1)))/L[j, j], i > j), (0, True))
      nll: Sum(z[i]**2/2 + log(L[i, i]), i)
    """,
    {"N": 5},
    {"N": 1},
    {"N": 2},
)
def cholesky(A, b):
    low = torch.linalg.cholesky(A @ A.T + torch.eye(len(A)))
    z = torch.linalg.solve_triangular(low, b[:, None], upper=False)[:, 0]
    return low, (z**2).sum() / 2 + torch.log(torch.diagonal(low)).sum()


@layer(
    """
    layer: lu
    doc: Both factors in one matrix, as elimination without pivots leaves them.
    inputs: {B: [N, N]}
    where:
      a[i, j]: B[i, j] + 8*KroneckerDelta(i, j)
    outputs:
      F[i, j]: >-
        Piecewise((a[i, j] - Sum(F[i, k]*F[k, j], (k, 0, i - 1)), i <= j),
                  ((a[i, j] - Sum(F[i, k]*F[k, j], (k, 0, j - 1)))/F[j, j], True))
      logdet: Sum(log(Abs(F[i, i])), i)
    """,
    {"N": 4},
    {"N": 1},
)
def lu(B):
    a = B + 8 * torch.eye(len(B))
    rows = list(a)
    for i in range(len(a)):
        for j in range(i):
            factor = rows[i][j] / rows[j][j]
            rows[i] = torch.cat([rows[i][:j], factor[None], rows[i][j + 1 :] - factor * rows[j][j + 1 :]])
    return torch.stack(rows), torch.linalg.slogdet(a)[1]
