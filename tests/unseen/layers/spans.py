"""Recurrences over spans, which begin late and end early, and ranges within a recurrence that may hold nothing."""

import torch

from tests.unseen.case import layer, positive, these


@layer(
    """
    layer: inside_scores
    doc: Log of the sum over all binary trees above a sentence, each span and label of it scored (the inside algorithm).
    inputs: {s: [N, N, L], rule: [L, L, L]}
    where:
      c[i, j, a]: Piecewise(
        (s[i, i, a], Eq(i, j)),
        (s[i, j, a] + LogSumExp(rule[a, b, d] + c[i, k, b] + c[k + 1, j, d], (k, i, j - 1), b, d), i < j),
        (0, True))
    outputs:
      z: LogSumExp(c[0, N - 1, a], a)
    """,
    {"N": 4, "L": 2},
    {"N": 1, "L": 1},
    {"N": 2, "L": 3},
)
def inside_scores(s, rule):
    size = len(s)
    chart = {(i, i): s[i, i] for i in range(size)}
    for width in range(1, size):
        for i in range(size - width):
            j = i + width
            pairs = [chart[i, k][None, :, None] + chart[k + 1, j][None, None] + rule for k in range(i, j)]
            chart[i, j] = s[i, j] + torch.logsumexp(torch.stack(pairs), (0, 2, 3))
    return torch.logsumexp(chart[0, size - 1], 0)


@layer(
    """
    layer: matrix_chain
    doc: The least work of a product of N matrices, p their heights and the last one's width.
    inputs: {p: ["N + 1"]}
    indices: {i: N, j: N}
    where:
      m[i, j]: Piecewise((0, j <= i), (Amin(m[i, k] + m[k + 1, j] + p[i]*p[k + 1]*p[j + 1], (k, i, j - 1)), True))
    outputs:
      least: m[0, N - 1]
      all[i, j]: m[i, j]
    """,
    {"N": 5},
    {"N": 1},
    {"N": 2},
    p=positive,
)
def matrix_chain(p):
    size = len(p) - 1
    m = {(i, j): 0 * p[0] for i in range(size) for j in range(i + 1)}
    for width in range(1, size):
        for i in range(size - width):
            j = i + width
            m[i, j] = torch.stack([m[i, k] + m[k + 1, j] + p[i] * p[k + 1] * p[j + 1] for k in range(i, j)]).amin()
    return m[0, size - 1], torch.stack([torch.stack([m[i, j] for j in range(size)]) for i in range(size)])


@layer(
    """
    layer: nested_pairs
    doc: The best score of pairs that do not cross, softly; j runs outside and i inside, with starts on both edges.
    inputs: {s: [N, N]}
    hyperparameters: {softness: 0.5}
    where:
      m[N, j]: 0
      m[i, -1]: 0
      m[N, -1]: 0
      m[i, j]: Piecewise((0, j <= i), (softness*LogSumExp(Piecewise(
        (m[i + 1, j], Eq(o, 0)), (m[i, j - 1], Eq(o, 1)), (m[i + 1, j - 1] + s[i, j], True))/softness, (o, 0, 2)), True))
    outputs:
      best: m[0, N - 1]
    """,
    {"N": 5},
    {"N": 1},
    {"N": 2},
)
def nested_pairs(s, softness=0.5):
    size = len(s)
    zero = 0 * s.sum()
    m = {(i, j): zero for i in range(size + 1) for j in range(-1, size) if j <= i}
    for width in range(1, size):
        for i in range(size - width):
            j = i + width
            ways = torch.stack([m[i + 1, j], m[i, j - 1], m[i + 1, j - 1] + s[i, j]])
            m[i, j] = softness * torch.logsumexp(ways / softness, 0)
    return m[0, size - 1]


@layer(
    """
    layer: earlier_than_the_first
    doc: Extrema and sums of exponentials over all earlier steps, of which the first step has none, and over what follows a fixed place.
    inputs: {x: [N], w: [N]}
    where:
      g[i]: x[i] + Max(Amax(g[k]*w[k] - x[i], (k, 0, i - 1)), -1)
      h[i]: x[i] + tanh(LogSumExp(h[k] - x[k]*w[i], (k, 0, i - 1)))
      e[i]: x[i] + Sum(Softmax(e[k]*w[i], (k, 0, i - 1))*e[k], (k, 0, i - 1))/2
      low[i]: 1/(2 + Amin(x[j]**2*w[i]**2, (j, 1, N - 1)))
    outputs:
      y[i]: g[i]*h[i] + e[i] + low[i]
    """,
    {"N": 5},
    {"N": 1},
    {"N": 2},
)
def earlier_than_the_first(x, w):
    g, h, e = [], [], []
    for i in range(len(x)):
        before = torch.stack(g) * w[:i] - x[i] if i else x[:0]
        g.append(x[i] + torch.cat([before, x.new_tensor([-1.0])]).amax())
        h.append(x[i] + (torch.tanh(torch.logsumexp(torch.stack(h) - x[:i] * w[i], 0)) if i else -1))
        past = torch.stack(e) if i else None
        e.append(x[i] + ((torch.softmax(past * w[i], 0) * past).sum() / 2 if i else 0))
    low = 1 / (2 + (x[1:, None] ** 2 * w**2).amin(0)) if len(x) > 1 else 0 * x
    return torch.stack(g) * torch.stack(h) + torch.stack(e) + low


@layer(
    """
    layer: steps_that_nothing_reads
    doc: A recurrence of which early steps are read; what it divides by is 0 at a later one, which gets and gives no gradient.
    inputs: {x: [N], t: {shape: [M], values: N}}
    where:
      h[-1]: 1
      h[n]: x[n]*(1 + sqrt(Abs(h[n - 1])))
    outputs:
      first: h[1]
      picked[m]: h[t[m]]**2
    """,
    {"N": 6, "M": 3},
    x=these([0.5, -1.5, 0.7, 0.0, 0.3, 2.0]),
    t=these([2, 1, 2]),
)
def steps_that_nothing_reads(x, t):
    h = [torch.ones((), dtype=x.dtype)]
    for n in range(3):
        h.append(x[n] * (1 + h[-1].abs().sqrt()))
    return h[2], torch.stack(h[1:])[t] ** 2


@layer(
    """
    layer: both_edges
    doc: A table filled from its last row and first column, with starts on both edges that depend on the place, and a third axis between.
    inputs: {s: [N, M, B], w: [M]}
    where:
      a[b, N, j]: w[j]
      a[b, i, -1]: i + b
      a[b, N, -1]: 2
      a[b, i, j]: tanh(s[i, j, b]*a[b, i + 1, j] + Sum(a[c, i + 1, j - 1]*s[i, j, c], c) + a[b, i, j - 1])
    outputs:
      corner[b]: a[b, 0, M - 1]
      all[i, j, b]: a[b, i, j]
    """,
    {"N": 3, "M": 2, "B": 2},
    {"N": 1, "M": 1, "B": 1},
)
def both_edges(s, w):
    rows, columns, width = s.shape
    place = torch.arange(width, dtype=s.dtype)
    a = {(rows, j): w[j] + 0 * place for j in range(columns)} | {(i, -1): i + place for i in range(rows)} | {(rows, -1): 2 + 0 * place}
    for i in reversed(range(rows)):
        for j in range(columns):
            a[i, j] = torch.tanh(s[i, j] * a[i + 1, j] + (a[i + 1, j - 1] * s[i, j]).sum() + a[i, j - 1])
    return a[0, columns - 1], torch.stack([torch.stack([a[i, j] for j in range(columns)]) for i in range(rows)])


@layer(
    """
    layer: factor_and_solve
    doc: Cholesky's factor with its diagonal as the case of equal indices, then a system solved forward and backward.
    inputs: {A: [N, N], b: [N]}
    where:
      L[i, j]: Piecewise(
        (sqrt(A[i, i]**2 + N - Sum(L[i, k]**2, (k, 0, i - 1))), Eq(i, j)),
        ((A[i, j]/9 - Sum(L[i, k]*L[j, k], (k, 0, j - 1)))/L[j, j], j < i), (0, True))
      u[i]: (b[i] - Sum(L[i, j]*u[j], (j, 0, i - 1)))/L[i, i]
      v[i]: (u[i] - Sum(L[j, i]*v[j], (j, i + 1, N - 1)))/L[i, i]
    outputs:
      x[i]: v[i]
      logdet: 2*Sum(log(L[i, i]), i)
    """,
    {"N": 4},
    {"N": 1},
)
def factor_and_solve(A, b):
    low = torch.tril(A / 9, -1)
    M = low + low.T + torch.diag(A.diagonal() ** 2 + len(A))
    return torch.linalg.solve(M, b), torch.logdet(M)


@layer(
    """
    layer: lag_of_a_number
    doc: A start that holds for as many steps as a number says, before references at that lag and at the step before.
    inputs: {x: [T]}
    hyperparameters: {K: 2}
    where:
      h[t]: Piecewise((x[t], t < K), (h[t - K]*x[t - K] + h[t - 1], True))
    outputs:
      y[t]: h[t]
    """,
    {"T": 6},
    {"T": 1},
    options={"K": 3},
)
def lag_of_a_number(x, K):
    h = []
    for t in range(len(x)):
        h.append(x[t] if t < K else h[t - K] * x[t - K] + h[t - 1])
    return torch.stack(h)


@layer(
    """
    layer: halves
    doc: Values made of those at half and at a third of their place, after a start; and a sum over all ways to split.
    inputs: {x: [N]}
    where:
      f[0]: x[0]
      f[n]: tanh(f[n//2])*f[n//3] + x[n]
      g[n]: Piecewise((x[n], n < 1), (Sum(g[k]*g[n - 1 - k], (k, 0, n - 1))/2 + g[n//2], True))
    outputs:
      y[n]: f[n]
      z[n]: g[n]
    """,
    {"N": 7},
    {"N": 1},
)
def halves(x):
    f, g = [x[0]], [x[0]]
    for n in range(1, len(x)):
        f.append(torch.tanh(f[n // 2]) * f[n // 3] + x[n])
        g.append(sum(g[k] * g[n - 1 - k] for k in range(n)) / 2 + g[n // 2])
    return torch.stack(f), torch.stack(g)
