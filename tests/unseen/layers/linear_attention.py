"""Attention by feature maps, without a matrix of scores."""

import torch

from tests.unseen.case import layer


@layer(
    """
    layer: linear_attn
    doc: Attention by a feature map, elu(x) + 1, summed over all positions (Katharopoulos et al. 2020).
    inputs: {q: [B, T, D], k: [B, T, D], v: [B, T, M]}
    where:
      fq[b, t, d]: Piecewise((q[b, t, d] + 1, q[b, t, d] > 0), (exp(q[b, t, d]), True))
      fk[b, t, d]: Piecewise((k[b, t, d] + 1, k[b, t, d] > 0), (exp(k[b, t, d]), True))
      kv[b, d, m]: Sum(fk[b, t, d]*v[b, t, m], t)
      z[b, d]: Sum(fk[b, t, d], t)
    outputs:
      y[b, t, m]: Sum(fq[b, t, d]*kv[b, d, m], d)/Sum(fq[b, t, d]*z[b, d], d)
    """,
    {"B": 2, "T": 5, "D": 3, "M": 2},
    {"B": 1, "T": 1, "D": 1, "M": 1},
)
def linear_attn(q, k, v):
    fq, fk = torch.nn.functional.elu(q) + 1, torch.nn.functional.elu(k) + 1
    return fq @ (fk.mT @ v) / (fq @ fk.sum(1)[:, :, None])


@layer(
    """
    layer: causal_linear_attn
    inputs: {q: [T, D], k: [T, D], v: [T, M]}
    hyperparameters: {eps: 1e-6}
    where:
      S[t, d, m]: Sum(relu(k[u, d])*v[u, m], (u, 0, t))
      Z[t, d]: Sum(relu(k[u, d]), (u, 0, t))
    outputs:
      y[t, m]: Sum(relu(q[t, d])*S[t, d, m], d)/(Sum(relu(q[t, d])*Z[t, d], d) + eps)
    """,
    {"T": 7, "D": 3, "M": 2},
    {"T": 1, "D": 2, "M": 1},
)
def causal_linear_attn(q, k, v, eps=1e-6):
    q, k = torch.relu(q), torch.relu(k)
    s = (k[:, :, None] * v[:, None, :]).cumsum(0)
    return torch.einsum("td,tdm->tm", q, s) / ((q * k.cumsum(0)).sum(-1, keepdim=True) + eps)


@layer(
    """
    layer: performer
    doc: Positive random features, exp(w·x − |x|²/2)/√R (Choromanski et al. 2021).
    inputs:
      q: [N, T, D]
      k: [N, T, D]
      v: [N, T, E]
      omega: {shape: [R, D], grad: false}
    where:
      fq[n, t, r]: exp(Sum(omega[r, d]*q[n, t, d], d)*D**(-1/4) - Sum(q[n, t, d]**2, d)/(2*sqrt(D)))/sqrt(R)
      fk[n, t, r]: exp(Sum(omega[r, d]*k[n, t, d], d)*D**(-1/4) - Sum(k[n, t, d]**2, d)/(2*sqrt(D)))/sqrt(R)
      num[n, t, e]: Sum(fq[n, t, r]*Sum(fk[n, s, r]*v[n, s, e], s), r)
      den[n, t]: Sum(fq[n, t, r]*Sum(fk[n, s, r], s), r)
    outputs:
      y[n, t, e]: num[n, t, e]/den[n, t]
    """,
    {"N": 2, "T": 5, "D": 3, "E": 2, "R": 7},
    {"N": 1, "T": 1, "D": 1, "E": 1, "R": 1},
)
def performer(q, k, v, omega):
    d, r = q.shape[-1], len(omega)

    def feature(x):
        return torch.exp(x @ omega.T * d**-0.25 - (x**2).sum(-1, keepdim=True) / (2 * d**0.5)) / r**0.5

    fq, fk = feature(q), feature(k)
    return fq @ (fk.mT @ v) / (fq @ fk.sum(1)[:, :, None])
