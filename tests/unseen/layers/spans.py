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
