"""Layers that call layers, shared weights, whole-tensor lines."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer


@layer(
    """
    layer: siamese
    doc: One embedding for two inputs, and the cosine of what comes out.
    inputs: {a: [N, I], b: [N, I]}
    params: {W: [I, H], c: [H]}
    where:
      u: tanh(linear(a, W, c))
      v: tanh(linear(b, W, c))
    outputs:
      sim[n]: Sum(u[n, h]*v[n, h], h)/(Norm(u[n, h], h)*Norm(v[n, h], h))
    """,
    {"N": 3, "I": 4, "H": 2},
    {"N": 1, "I": 1, "H": 1},
)
def siamese(a, b, W, c):
    return F.cosine_similarity(torch.tanh(a @ W + c), torch.tanh(b @ W + c), eps=0)


@layer(
    """
    layer: tied_autoencoder
    inputs: {x: [N, I]}
    params: {W: [I, H], b: [H], c: [I]}
    hyperparameters: {lam: 1e-2}
    where:
      h: sigmoid(x @ W + b)
      r: h @ W.T + c
    outputs:
      loss: mean((x - r)**2) + lam*mean(sum(h, axis=1))
      code: h
    """,
    {"N": 3, "I": 5, "H": 2},
    {"N": 1, "I": 1, "H": 1},
)
def tied_autoencoder(x, W, b, c):
    h = torch.sigmoid(x @ W + b)
    return ((x - h @ W.T - c) ** 2).mean() + 0.01 * h.sum(1).mean(), h


@layer(
    """
    layer: mlp3
    inputs: {x: [B, D0], t: {shape: [B], values: K}}
    params: {W1: [D0, D1], b1: [D1], W2: [D1, D2], b2: [D2], W3: [D2, K], b3: [K]}
    where:
      h1: relu(linear(x, W1, b1))
      h2: gelu(linear(h1, W2, b2))
      z: linear(h2, W3, b3)
    outputs:
      loss: softmax_cross_entropy(z, t)
    """,
    {"B": 5, "D0": 3, "D1": 4, "D2": 2, "K": 3},
    {"B": 1, "D0": 1, "D1": 1, "D2": 1, "K": 1},
)
def mlp3(x, t, W1, b1, W2, b2, W3, b3):
    return F.cross_entropy(F.gelu(F.relu(x @ W1 + b1) @ W2 + b2) @ W3 + b3, t)


@layer(
    """
    layer: standardised
    doc: Whole-tensor batch normalisation and a softmax with its maximum taken off.
    inputs: {x: [N, D]}
    params: {g: [D], s: []}
    where:
      mu: mean(x, axis=0, keepdims=True)
      z: (x - mu)/sqrt(mean((x - mu)**2, axis=0) + 1e-5)*g
      e: exp(s*z - max(s*z, axis=1, keepdims=True))
    outputs:
      p: e/sum(e, axis=1, keepdims=True)
      total: sum(z*x)
      gram: z.T @ x
    """,
    {"N": 5, "D": 3},
    {"N": 1, "D": 1},
)
def standardised(x, g, s):
    z = (x - x.mean(0)) / torch.sqrt(x.var(0, unbiased=False) + 1e-5) * g
    return torch.softmax(s * z, 1), (z * x).sum(), z.T @ x


@layer(
    """
    layer: residual_pair
    inputs: {x: [N, D]}
    params: {g1: [D], be1: [D], W1: [D, H], c1: [H], W2: [H, D], c2: [D]}
    outputs:
      y: x + linear(silu(linear(layernorm(x, g1, be1), W1, c1)), W2, c2)
    """,
    {"N": 3, "D": 4, "H": 5},
    {"N": 1, "D": 1, "H": 1},
)
def residual_pair(x, g1, be1, W1, c1, W2, c2):
    return x + F.silu(F.layer_norm(x, x.shape[-1:], g1, be1) @ W1 + c1) @ W2 + c2


@layer(
    """
    layer: two_steps
    doc: The same cell twice, its weights shared, by names.
    inputs: {x: [2, N, I], h: [N, H], c: [N, H]}
    params: {Wx: [I, 4, H], Wh: [H, 4, H], b: [4, H]}
    where:
      x0[n, i]: x[0, n, i]
      x1[n, i]: x[1, n, i]
      h1, c1: lstm_cell(x0, h, c, Wx, Wh, b)
      h2, c2: lstm_cell(x1, h1, c1, Wx, Wh, b)
    outputs:
      last: h2
      cell: c2
    """,
    {"N": 3, "I": 2, "H": 2},
    {"N": 1, "I": 1, "H": 1},
)
def two_steps(x, h, c, Wx, Wh, b):
    for step in x:
        z = torch.einsum("ni,igh->gnh", step, Wx) + torch.einsum("ni,igh->gnh", h, Wh) + b[:, None]
        i, f, g, o = z
        c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
        h = torch.sigmoid(o) * torch.tanh(c)
    return h, c
