"""Tensor decompositions, filters over matrices, hidden Markov models, sums of many kinds."""

import torch

from tests.unseen.case import layer, positive


@layer(
    """
    layer: parafac
    doc: A CP model of a three-way array where it is observed, with ridge terms.
    inputs: {X: {shape: [I, J, K], grad: false}, seen: {shape: [I, J, K], dtype: bool}}
    params: {A: [I, R], B: [J, R], C: [K, R], lam: [R]}
    hyperparameters: {ridge: 0.01}
    where:
      hat[i, j, k]: Sum(lam[r]*A[i, r]*B[j, r]*C[k, r], r)
    outputs:
      loss: Sum(seen[i, j, k]*(X[i, j, k] - hat[i, j, k])**2, i, j, k)/2 + ridge*(Sum(A[i, r]**2, i, r) + Sum(B[j, r]**2, j, r) + Sum(C[k, r]**2, k, r))
      fit[r]: Sum(X[i, j, k]*A[i, r]*B[j, r]*C[k, r], i, j, k)
    """,
    {"I": 3, "J": 4, "K": 2, "R": 2},
    {"I": 1, "J": 1, "K": 1, "R": 1},
)
def parafac(X, seen, A, B, C, lam):
    hat = torch.einsum("r,ir,jr,kr->ijk", lam, A, B, C)
    ridge = (A**2).sum() + (B**2).sum() + (C**2).sum()
    return (seen * (X - hat) ** 2).sum() / 2 + 0.01 * ridge, torch.einsum("ijk,ir,jr,kr->r", X, A, B, C)


@layer(
    """
    layer: tucker_layer
    doc: A linear map whose weight is a Tucker core between three factors.
    inputs: {x: [N, I, J]}
    params: {G: [P, Q, R], U: [I, P], V: [J, Q], W: [O, R]}
    outputs: {"y[n, o]": "Sum(x[n, i, j]*U[i, p]*V[j, q]*G[p, q, r]*W[o, r], i, j, p, q, r)"}
    """,
    {"N": 2, "I": 3, "J": 2, "P": 2, "Q": 3, "R": 2, "O": 4},
    {"N": 1, "I": 1, "J": 1, "P": 1, "Q": 1, "R": 1, "O": 1},
)
def tucker_layer(x, G, U, V, W):
    return torch.einsum("nij,ip,jq,pqr,or->no", x, U, V, G, W)


@layer(
    """
    layer: tensor_train
    doc: A chain of cores, one of each site, read at the states of a sample; the chain is a recurrence with matrices.
    inputs: {s: {shape: [N, L], values: S}}
    params: {core: [L, S, R, R], first: [R], last: [R]}
    where:
      v[-1, n, r]: first[r]
      v[l, n, r]: Sum(v[l - 1, n, q]*core[l, s[n, l], q, r], q)
    outputs:
      amplitude[n]: Sum(v[L - 1, n, r]*last[r], r)
    """,
    {"N": 3, "L": 4, "S": 2, "R": 2},
    {"N": 1, "L": 1, "S": 1, "R": 1},
)
def tensor_train(s, core, first, last):
    rows = []
    for sample in s:
        v = first
        for site, state in enumerate(sample):
            v = v @ core[site, state]
        rows.append(v @ last)
    return torch.stack(rows)


@layer(
    """
    layer: nonnegative_update
    doc: One multiplicative update of both factors of a non-negative factorisation (Lee & Seung 2001), and the divergence after it.
    inputs: {V: [F, T], W: [F, K], H: [K, T]}
    wrt: [W, H]
    hyperparameters: {tiny: 1e-9}
    assume: ["V[f, t] > 0", "W[f, k] > 0", "H[k, t] > 0"]
    where:
      H1[k, t]: H[k, t]*Sum(W[f, k]*V[f, t], f)/(Sum(W[f, k]*Sum(W[f, l]*H[l, t], l), f) + tiny)
      W1[f, k]: W[f, k]*Sum(V[f, t]*H1[k, t], t)/(Sum(Sum(W[f, l]*H1[l, t], l)*H1[k, t], t) + tiny)
      R[f, t]: Sum(W1[f, k]*H1[k, t], k)
    outputs:
      kl: Sum(V[f, t]*log(V[f, t]/R[f, t]) - V[f, t] + R[f, t], f, t)
      is_: Sum(V[f, t]/R[f, t] - log(V[f, t]/R[f, t]) - 1, f, t)
    """,
    {"F": 4, "T": 3, "K": 2},
    {"F": 1, "T": 1, "K": 1},
    V=positive,
    W=positive,
    H=positive,
)
def nonnegative_update(V, W, H):
    H = H * (W.T @ V) / (W.T @ W @ H + 1e-9)
    W = W * (V @ H.T) / (W @ H @ H.T + 1e-9)
    R = W @ H
    return (V * (V / R).log() - V + R).sum(), (V / R - (V / R).log() - 1).sum()


@layer(
    """
    layer: forward_backward
    doc: Posteriors of a hidden Markov model by the two recursions in logarithms, forward in time and backward, and the expected transitions.
    inputs: {logB: [T, S]}
    params: {logA: [S, S], logpi: [S]}
    where:
      P[i, j]: LogSoftmax(logA[i, j], j)
      p0[i]: LogSoftmax(logpi[i], i)
      a[0, j]: p0[j] + logB[0, j]
      a[t, j]: logB[t, j] + LogSumExp(a[t - 1, i] + P[i, j], i)
      b[T - 1, i]: 0
      b[t, i]: LogSumExp(P[i, j] + logB[t + 1, j] + b[t + 1, j], j)
      L: LogSumExp(a[T - 1, j], j)
    outputs:
      likelihood: L
      gamma[t, j]: exp(a[t, j] + b[t, j] - L)
      changes: Sum(Sum(exp(a[t, i] + P[i, j] + logB[t + 1, j] + b[t + 1, j] - L)*(i != j), i, j), (t, 0, T - 2))
    """,
    {"T": 4, "S": 3},
    {"T": 2, "S": 1},
)
def forward_backward(logB, logA, logpi):
    P, p0 = logA.log_softmax(1), logpi.log_softmax(0)
    a, b = [p0 + logB[0]], [torch.zeros_like(p0)]
    for row in logB[1:]:
        a.append(row + torch.logsumexp(a[-1][:, None] + P, 0))
    for row in logB[1:].flip(0):
        b.insert(0, torch.logsumexp(P + row + b[0], 1))
    a, b = torch.stack(a), torch.stack(b)
    L = torch.logsumexp(a[-1], 0)
    xi = torch.exp(a[:-1, :, None] + P + (logB + b)[1:, None] - L)
    return L, torch.exp(a + b - L), (xi * (1 - torch.eye(len(p0), dtype=P.dtype))).sum()


@layer(
    """
    layer: kalman_information
    doc: A two-state Kalman filter written out, the covariance inverted by its determinant; log-likelihood of scalar observations.
    inputs: {y: [T]}
    params: {F: [2, 2], h: [2], log_q: [2], log_r: []}
    indices: {i: 2, j: 2}
    where:
      m[-1, i]: 0
      P[-1, i, j]: KroneckerDelta(i, j)
      mp[t, i]: Sum(F[i, k]*m[t - 1, k], k)
      Pp[t, i, j]: Sum(F[i, k]*P[t - 1, k, l]*F[j, l], k, l) + KroneckerDelta(i, j)*exp(log_q[i])
      s[t]: Sum(h[k]*Pp[t, k, l]*h[l], k, l) + exp(log_r)
      e[t]: y[t] - Sum(h[k]*mp[t, k], k)
      K[t, i]: Sum(Pp[t, i, k]*h[k], k)/s[t]
      m[t, i]: mp[t, i] + K[t, i]*e[t]
      P[t, i, j]: Pp[t, i, j] - K[t, i]*s[t]*K[t, j]
    outputs:
      nll: Sum(log(2*pi*s[t]) + e[t]**2/s[t], t)/2
      last[i]: m[T - 1, i]
      volume: P[T - 1, 0, 0]*P[T - 1, 1, 1] - P[T - 1, 0, 1]*P[T - 1, 1, 0]
    """,
    {"T": 3},
    {"T": 1},
)
def kalman_information(y, F, h, log_q, log_r):
    m, P = torch.zeros_like(h), torch.eye(2, dtype=h.dtype)
    nll = 0
    for value in y:
        m, P = F @ m, F @ P @ F.T + torch.diag(log_q.exp())
        s, e = h @ P @ h + log_r.exp(), value - h @ m
        nll = nll + (torch.log(2 * torch.pi * s) + e**2 / s) / 2
        K = P @ h / s
        m, P = m + K * e, P - torch.outer(K, K) * s
    return nll, m, torch.linalg.det(P)


@layer(
    """
    layer: em_step
    doc: A step of expectation maximisation for a mixture with tied spherical variance.
    inputs: {x: [N, D]}
    params: {mu: [K, D], logit: [K], log_var: []}
    where:
      lw[k]: LogSoftmax(logit[k], k)
      ll[n, k]: lw[k] - Sum((x[n, d] - mu[k, d])**2, d)/(2*exp(log_var)) - D/2*log(2*pi*exp(log_var))
      r[n, k]: Softmax(ll[n, k], k)
      Nk[k]: Sum(r[n, k], n)
    outputs:
      new_mu[k, d]: Sum(r[n, k]*x[n, d], n)/Nk[k]
      new_weight[k]: Nk[k]/N
      new_var: Sum(r[n, k]*Sum((x[n, d] - mu[k, d])**2, d), n, k)/(N*D)
      bound: Mean(LogSumExp(ll[n, k], k), n)
    """,
    {"N": 5, "D": 2, "K": 3},
    {"N": 1, "D": 1, "K": 1},
)
def em_step(x, mu, logit, log_var):
    d2 = ((x[:, None] - mu) ** 2).sum(-1)
    ll = logit.log_softmax(0) - d2 / (2 * log_var.exp()) - x.shape[1] / 2 * torch.log(2 * torch.pi * log_var.exp())
    r = ll.softmax(1)
    count = r.sum(0)
    return r.T @ x / count[:, None], count / len(x), (r * d2).sum() / x.numel(), torch.logsumexp(ll, 1).mean()


@layer(
    """
    layer: variational_topics
    doc: "A logistic-normal topic model: words by softmaxes over the vocabulary, the divergence to a Dirichlet's Laplace approximation (Srivastava & Sutton 2017)."
    inputs: {w: {shape: [D, V], grad: false}, mu: [D, K], log_var: [D, K], eps: {shape: [D, K], grad: false}}
    params: {beta: [K, V], alpha: [K]}
    where:
      a[k]: exp(alpha[k])
      m0[k]: log(a[k]) - Mean(log(a[j]), j)
      v0[k]: (1 - 2/K)/a[k] + Sum(1/a[j], j)/K**2
      theta[d, k]: Softmax(mu[d, k] + exp(log_var[d, k]/2)*eps[d, k], k)
      p[d, v]: Sum(theta[d, k]*Softmax(beta[k, v], v), k)
      kl[d]: Sum(exp(log_var[d, k])/v0[k] + (m0[k] - mu[d, k])**2/v0[k] - 1 + log(v0[k]) - log_var[d, k], k)/2
    outputs: {loss: "Mean(kl[d] - Sum(w[d, v]*log(p[d, v]), v), d)"}
    """,
    {"D": 2, "V": 4, "K": 3},
    {"D": 1, "V": 1, "K": 2},
    w=positive,
)
def variational_topics(w, mu, log_var, eps, beta, alpha):
    topics = mu.shape[1]
    m0 = alpha - alpha.mean()
    v0 = (1 - 2 / topics) / alpha.exp() + (-alpha).exp().sum() / topics**2
    theta = (mu + (log_var / 2).exp() * eps).softmax(1)
    p = theta @ beta.softmax(1)
    kl = (log_var.exp() / v0 + (m0 - mu) ** 2 / v0 - 1 + v0.log() - log_var).sum(1) / 2
    return (kl - (w * p.log()).sum(1)).mean()


@layer(
    """
    layer: matching_pursuit
    doc: Sparse coding by T steps of iterative soft thresholding with learnt step and threshold (Gregor & LeCun 2010).
    inputs: {x: [N, D]}
    params: {W: [D, K], S: [K, K], theta: [K]}
    hyperparameters: {T: 3}
    indices: {t: T}
    where:
      b[n, k]: Sum(x[n, d]*W[d, k], d)
      c[-1, n, k]: 0
      u[t, n, k]: b[n, k] + Sum(c[t - 1, n, j]*S[j, k], j)
      c[t, n, k]: sign(u[t, n, k])*Max(Abs(u[t, n, k]) - softplus(theta[k]), 0)
    outputs:
      code[n, k]: c[T - 1, n, k]
      l1: Sum(Abs(c[T - 1, n, k]), n, k)
    """,
    {"N": 3, "D": 4, "K": 3},
    {"N": 1, "D": 1, "K": 1},
)
def matching_pursuit(x, W, S, theta):
    b, c = x @ W, torch.zeros(len(x), W.shape[1], dtype=x.dtype)
    for _ in range(3):
        u = b + c @ S
        c = u.sign() * torch.relu(u.abs() - torch.nn.functional.softplus(theta))
    return c, c.abs().sum()


@layer(
    """
    layer: conjugate_gradients
    doc: K steps of conjugate gradients for a positive definite matrix made of the inputs; four values recur together.
    inputs: {B: [N, N], b: [N]}
    hyperparameters: {K: 2, ridge: 1.0}
    indices: {k: K}
    where:
      A[i, j]: Sum(B[i, m]*B[j, m], m) + ridge*KroneckerDelta(i, j)
      x[-1, i]: 0
      r[-1, i]: b[i]
      p[-1, i]: b[i]
      q[k, i]: Sum(A[i, j]*p[k - 1, j], j)
      rr[k]: Sum(r[k - 1, i]**2, i)
      step[k]: rr[k]/Sum(p[k - 1, i]*q[k, i], i)
      x[k, i]: x[k - 1, i] + step[k]*p[k - 1, i]
      r[k, i]: r[k - 1, i] - step[k]*q[k, i]
      p[k, i]: r[k, i] + Sum(r[k, j]**2, j)/rr[k]*p[k - 1, i]
    outputs: {"y[i]": "x[K - 1, i]", residual: "Sum(r[K - 1, i]**2, i)"}
    """,
    {"N": 4},
    {"N": 3},
)
def conjugate_gradients(B, b):
    A = B @ B.T + torch.eye(len(b), dtype=b.dtype)
    x, r, p = torch.zeros_like(b), b, b
    for _ in range(2):
        q, rr = A @ p, r @ r
        step = rr / (p @ q)
        x, r = x + step * p, r - step * q
        p = r + (r @ r) / rr * p
    return x, r @ r


@layer(
    """
    layer: attention_pooling_mil
    doc: Gated attention over the instances of bags of different lengths, the instance loss of the top and bottom (Ilse et al. 2018).
    inputs: {h: [B, N, D], length: {shape: [B], values: N + 1}}
    params: {V: [D, L], U: [D, L], w: [L]}
    where:
      inside[b, n]: n < length[b]
      z[b, n]: Sum(w[l]*tanh(Sum(h[b, n, d]*V[d, l], d))*sigmoid(Sum(h[b, n, d]*U[d, l], d)), l)
      a[b, n]: Softmax(Piecewise((z[b, n], inside[b, n]), (-oo, True)), n)
      best[b]: Argmax(Piecewise((z[b, n], inside[b, n]), (-oo, True)), n)
    outputs:
      bag[b, d]: Sum(a[b, n]*h[b, n, d], n)
      top[b, d]: h[b, best[b], d]
      sparsity: -Sum(Piecewise((a[b, n]*log(a[b, n]), inside[b, n]), (0, True)), b, n)
    """,
    {"B": 3, "N": 4, "D": 2, "L": 3},
    {"B": 1, "N": 1, "D": 1, "L": 1},
    length=lambda rng, shape: rng.integers(1, 2 if shape == (1,) else 5, shape),
)
def attention_pooling_mil(h, length, V, U, w):
    inside = torch.arange(h.shape[1]) < length[:, None]
    z = (torch.tanh(h @ V) * torch.sigmoid(h @ U)) @ w
    masked = z.masked_fill(~inside, -torch.inf)
    a = masked.softmax(1)
    safe = torch.where(inside, a, 1)
    return (a[..., None] * h).sum(1), h[torch.arange(len(h)), masked.argmax(1)], -(safe * safe.log()).sum()
