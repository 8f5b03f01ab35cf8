"""Sums and maxima over the paths of a chain."""

import torch

from tests.unseen.case import layer, positive, simplex, these


@layer(
    """
    layer: crf
    doc: Negative log-likelihood of tag paths t in a linear chain.
    inputs:
      e: [N, T, C]
      t: {shape: [N, T], values: C}
    params:
      A: [C, C]
      start: [C]
      stop: [C]
    where:
      alpha[0, n, c]: start[c] + e[n, 0, c]
      alpha[s, n, c]: LogSumExp(alpha[s - 1, n, p] + A[p, c], p) + e[n, s, c]
      logZ[n]: LogSumExp(alpha[T - 1, n, c] + stop[c], c)
      gold[n]: start[t[n, 0]] + Sum(e[n, s, t[n, s]], s) + Sum(A[t[n, s - 1], t[n, s]], (s, 1, T - 1)) + stop[t[n, T - 1]]
    outputs:
      nll: Mean(logZ[n] - gold[n], n)
    """,
    {"N": 3, "T": 5, "C": 4},
    {"N": 1, "T": 1, "C": 1},
    {"N": 2, "T": 2, "C": 3},
)
def crf(e, t, A, start, stop):
    alpha = start + e[:, 0]
    gold = start[t[:, 0]] + e[:, 0].gather(1, t[:, :1])[:, 0]
    for s in range(1, e.shape[1]):
        alpha = torch.logsumexp(alpha[:, :, None] + A, 1) + e[:, s]
        gold = gold + A[t[:, s - 1], t[:, s]] + e[:, s].gather(1, t[:, s : s + 1])[:, 0]
    return (torch.logsumexp(alpha + stop, 1) - gold - stop[t[:, -1]]).mean()


@layer(
    """
    layer: viterbi_score
    doc: The best path's score; its gradient marks the path.
    inputs: {e: [T, C]}
    params: {A: [C, C]}
    where:
      v[0, c]: e[0, c]
      v[s, c]: Amax(v[s-1, p] + A[p, c], p) + e[s, c]
    outputs:
      best: Amax(v[T-1, c], c)
    """,
    {"T": 5, "C": 3},
    {"T": 1, "C": 1},
)
def viterbi_score(e, A):
    v = e[0]
    for row in e[1:]:
        v = (v[:, None] + A).amax(0) + row
    return v.amax()


@layer(
    """
    layer: hmm
    doc: Log-likelihood of observations of a hidden Markov model, softmax-parametrised.
    inputs: {o: {shape: [N, T], values: V}}
    params: {pi0: [S], trans: [S, S], emit: [S, V]}
    where:
      a[i, j]: LogSoftmax(trans[i, j], j)
      b[i, w]: LogSoftmax(emit[i, w], w)
      p[i]: LogSoftmax(pi0[i], i)
      f[0, n, i]: p[i] + b[i, o[n, 0]]
      f[s, n, j]: LogSumExp(f[s-1, n, i] + a[i, j], i) + b[j, o[n, s]]
    outputs:
      ll[n]: LogSumExp(f[T-1, n, i], i)
    """,
    {"N": 2, "T": 5, "S": 3, "V": 4},
    {"N": 1, "T": 1, "S": 1, "V": 1},
    {"N": 3, "T": 2, "S": 2, "V": 5},
)
def hmm(o, pi0, trans, emit):
    a, b, f = torch.log_softmax(trans, 1), torch.log_softmax(emit, 1), torch.log_softmax(pi0, 0)
    f = f + b[:, o[:, 0]].T
    for s in range(1, o.shape[1]):
        f = torch.logsumexp(f[:, :, None] + a, 1) + b[:, o[:, s]].T
    return torch.logsumexp(f, 1)


@layer(
    """
    layer: scaled_forward
    doc: The forward recursion with probabilities normalised at each step.
    inputs: {b: [T, S]}
    params: {A: [S, S], p0: [S]}
    where:
      raw[0, j]: p0[j]*b[0, j]
      raw[t, j]: Sum(f[t-1, i]*A[i, j], i)*b[t, j]
      c[t]: Sum(raw[t, j], j)
      f[t, j]: raw[t, j]/c[t]
    outputs:
      loglik: Sum(log(c[t]), t)
      filtered[t, j]: f[t, j]
    """,
    {"T": 5, "S": 3},
    {"T": 1, "S": 1},
    b=positive,
    A=simplex,
    p0=simplex,
)
def scaled_forward(b, A, p0):
    f, total, fs = None, 0, []
    for t, row in enumerate(b):
        raw = (p0 if t == 0 else f @ A) * row
        total = total + raw.sum().log()
        f = raw / raw.sum()
        fs.append(f)
    return total, torch.stack(fs)


@layer(
    """
    layer: ctc
    doc: Connectionist temporal classification for one sequence, blank 0, over the extended labels.
    inputs:
      x: [T, V]
      ext: {shape: [2*U + 1], values: V}
    indices: {s: 2*U + 1}
    where:
      y[t, v]: LogSoftmax(x[t, v], v)
      a[0, s]: Piecewise((y[0, ext[s]], s <= 1), (-oo, True))
      from1[t, s]: Piecewise((a[t-1, s-1], s >= 1), (-oo, True))
      from2[t, s]: Piecewise((a[t-1, s-2], (s >= 2) & Ne(ext[s], 0) & Ne(ext[s], ext[Max(s-2, 0)])), (-oo, True))
      a[t, s]: y[t, ext[s]] + log(exp(a[t-1, s]) + exp(from1[t, s]) + exp(from2[t, s]))
    outputs:
      loss: -log(exp(a[T-1, 2*U]) + exp(a[T-1, 2*U - 1]))
    """,
    {"T": 7, "U": 3, "V": 4},
    {"T": 5, "U": 3, "V": 4},
    ext=these([0, 2, 0, 2, 0, 3, 0]),
)
def ctc(x, ext):
    labels = ext[1::2][None]
    logp = torch.log_softmax(x, 1)[:, None]
    return torch.nn.functional.ctc_loss(logp, labels, [len(x)], [labels.shape[1]], reduction="none")[0]


@layer(
    """
    layer: transducer
    doc: RNN-T's forward variables over time and output positions; blank is label 0.
    inputs:
      logp: [T, U + 1, V]
      y: {shape: [U], values: V}
    where:
      a[t, u]: Piecewise((0, Eq(t, 0) & Eq(u, 0)),
        (a[t, u - 1] + logp[t, u - 1, y[u - 1]], Eq(t, 0)),
        (a[t - 1, u] + logp[t - 1, u, 0], Eq(u, 0)),
        (LogSumExp(Piecewise((a[t - 1, u] + logp[t - 1, u, 0], Eq(k, 0)), (a[t, u - 1] + logp[t, u - 1, y[u - 1]], True)), (k, 0, 1)), True))
    indices: {t: T, u: U + 1}
    outputs:
      nll: -(a[T - 1, U] + logp[T - 1, U, 0])
    """,
    {"T": 5, "U": 3, "V": 4},
    {"T": 1, "U": 1, "V": 2},
    {"T": 2, "U": 5, "V": 3},
)
def transducer(logp, y):
    steps, places, _ = logp.shape
    a = {}
    for t in range(steps):
        for u in range(places):
            options = []
            if t:
                options.append(a[t - 1, u] + logp[t - 1, u, 0])
            if u:
                options.append(a[t, u - 1] + logp[t, u - 1, y[u - 1]])
            a[t, u] = torch.logsumexp(torch.stack(options), 0) if options else torch.zeros((), dtype=logp.dtype)
    return -(a[steps - 1, places - 1] + logp[-1, -1, 0])
