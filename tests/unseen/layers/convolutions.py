"""Convolutions and blocks of them."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, signs, unit


@layer(
    """
    layer: conv_same
    doc: A convolution with stride, dilation and padding, zero outside.
    inputs:
      x: {shape: [N, C, H, W], outside: 0}
    params:
      k: [O, C, R, S]
      b: [O]
    hyperparameters: {stride: 2, dil: 2, pad: 1}
    dims:
      P: (H + 2*pad - dil*(R - 1) - 1)//stride + 1
      Q: (W + 2*pad - dil*(S - 1) - 1)//stride + 1
    indices: {p: P, q: Q}
    outputs:
      y[n, o, p, q]: b[o] + Sum(x[n, c, p*stride + r*dil - pad, q*stride + s*dil - pad]*k[o, c, r, s], c, r, s)
    """,
    {"N": 2, "C": 3, "H": 7, "W": 5, "O": 2, "R": 3, "S": 2},
    {"N": 1, "C": 1, "H": 1, "W": 1, "O": 1, "R": 1, "S": 1},
    {"N": 1, "C": 2, "H": 11, "W": 3, "O": 3, "R": 2, "S": 1},
)
def conv_same(x, k, b):
    return F.conv2d(x, k, b, stride=2, dilation=2, padding=1)


@layer(
    """
    layer: depthwise_separable
    doc: A depthwise convolution, then a pointwise one, padded to the same size.
    inputs: {x: {shape: [N, C, H, W], outside: 0}}
    params: {d: [C, 3, 3], p: [C, O]}
    indices: {h: H, w: W}
    where:
      z[n, c, h, w]: Sum(x[n, c, h + r - 1, w + s - 1]*d[c, r, s], r, s)
    outputs:
      y[n, o, h, w]: Sum(relu(z[n, c, h, w])*p[c, o], c)
    """,
    {"N": 2, "C": 3, "H": 5, "W": 4, "O": 2},
    {"N": 1, "C": 1, "H": 1, "W": 1, "O": 1},
)
def depthwise_separable(x, d, p):
    z = F.conv2d(x, d[:, None], padding=1, groups=x.shape[1])
    return torch.einsum("nchw,co->nohw", torch.relu(z), p)


@layer(
    """
    layer: grouped_conv1d
    inputs: {x: [N, G*C, L]}
    params: {w: [G*O, C, K]}
    hyperparameters: {G: 2}
    dims: {T: L - K + 1}
    indices: {o: G*O, t: T}
    outputs:
      y[n, o, t]: Sum(x[n, (o//O)*C + c, t + k]*w[o, c, k], c, k)
    """,
    {"N": 2, "G": 2, "C": 2, "L": 7, "O": 3, "K": 3},
    {"N": 1, "G": 2, "C": 1, "L": 2, "O": 1, "K": 1},
)
def grouped_conv1d(x, w):
    return F.conv1d(x, w, groups=2)


@layer(
    """
    layer: conv3d_valid
    inputs: {v: [N, C, A, B, D]}
    params: {w: [O, C, 2, 2, 3]}
    indices: {a: A - 1, b: B - 1, d: D - 2}
    outputs:
      y[n, o, a, b, d]: tanh(Sum(v[n, c, a + i, b + j, d + k]*w[o, c, i, j, k], c, i, j, k))
    """,
    {"N": 1, "C": 2, "A": 3, "B": 2, "D": 5, "O": 2},
    {"N": 1, "C": 1, "A": 2, "B": 2, "D": 3, "O": 1},
)
def conv3d_valid(v, w):
    return torch.tanh(F.conv3d(v, w))


@layer(
    """
    layer: deconv1d
    doc: A transposed convolution, each output gathers what can reach it.
    inputs: {x: [N, C, L]}
    params: {w: {shape: [C, O, K], outside: 0}}
    hyperparameters: {s: 2}
    dims: {T: (L - 1)*s + K}
    indices: {t: T}
    outputs:
      y[n, o, t]: Sum(x[n, c, l]*w[c, o, t - s*l], c, l)
    """,
    {"N": 2, "C": 3, "L": 5, "O": 2, "K": 3},
    {"N": 1, "C": 1, "L": 1, "O": 1, "K": 1},
    {"N": 1, "C": 2, "L": 3, "O": 1, "K": 5},
)
def deconv1d(x, w):
    return F.conv_transpose1d(x, w, stride=2)


@layer(
    """
    layer: deformable1d
    doc: Each tap is read at a learned offset, linearly between neighbours, zero outside.
    inputs:
      x: {shape: [N, C, L], outside: 0}
      off: [N, K, L]
    params: {w: [O, C, K]}
    where:
      pos[n, k, t]: t + k - 1 + off[n, k, t]
      frac[n, k, t]: pos[n, k, t] - floor(pos[n, k, t])
      v[n, c, k, t]: (1 - frac[n, k, t])*x[n, c, floor(pos[n, k, t])] + frac[n, k, t]*x[n, c, floor(pos[n, k, t]) + 1]
    outputs:
      y[n, o, t]: Sum(v[n, c, k, t]*w[o, c, k], c, k)
    """,
    {"N": 2, "C": 2, "L": 5, "K": 3, "O": 2},
    {"N": 1, "C": 1, "L": 1, "K": 1, "O": 1},
)
def deformable1d(x, off, w):
    size, taps = x.shape[2], w.shape[2]
    pos = torch.arange(size) + torch.arange(taps)[:, None] - 1 + off
    low = torch.floor(pos).long()
    frac = pos - low

    def read(place):
        inside = (place >= 0) & (place < size)
        index = place.clamp(0, size - 1)[:, None].expand(-1, x.shape[1], -1, -1)
        return x[:, :, None].expand(-1, -1, taps, -1).gather(3, index) * inside[:, None]

    value = (1 - frac)[:, None] * read(low) + frac[:, None] * read(low + 1)
    return torch.einsum("nckt,ock->not", value, w)


@layer(
    """
    layer: locally_connected
    inputs: {x: [N, C, L]}
    params: {w: [T, O, C, K], b: [T, O]}
    hyperparameters: {stride: 1}
    outputs:
      y[n, o, t]: Sum(x[n, c, stride*t + k]*w[t, o, c, k], c, k) + b[t, o]
    """,
    {"N": 2, "C": 2, "L": 7, "T": 5, "O": 2, "K": 3},
    {"N": 1, "C": 1, "L": 1, "T": 1, "O": 1, "K": 1},
)
def locally_connected(x, w, b):
    return torch.einsum("nctk,tock->not", x.unfold(2, w.shape[3], 1), w) + b.T


@layer(
    """
    layer: binary_conv
    doc: A straight-through binarised convolution with a scale.
    inputs: {x: [N, C, L]}
    params: {w: [O, C, K]}
    indices: {t: L - K + 1}
    where:
      alpha[o]: Mean(Abs(w[o, c, k]), c, k)
      wb[o, c, k]: w[o, c, k] + stop_gradient(sign(w[o, c, k]) - w[o, c, k])
    outputs:
      y[n, o, t]: alpha[o]*Sum(x[n, c, t + k]*wb[o, c, k], c, k)
    """,
    {"N": 2, "C": 2, "L": 5, "O": 3, "K": 2},
    {"N": 1, "C": 1, "L": 1, "O": 1, "K": 1},
    x=signs,
    w=lambda rng, shape: signs(rng, shape) * unit(rng, shape),
)
def binary_conv(x, w):
    wb = w + (w.sign() - w).detach()
    return F.conv1d(x, wb) * w.abs().mean((1, 2))[:, None]


@layer(
    """
    layer: squeeze_excite_block
    inputs: {x: [N, C, H, W]}
    params: {W1: [C, M], b1: [M], W2: [M, C], b2: [C]}
    where:
      s[n, c]: Mean(x[n, c, h, w], h, w)
      e[n, c]: sigmoid(Sum(relu(Sum(s[n, k]*W1[k, m], k) + b1[m])*W2[m, c], m) + b2[c])
    outputs:
      y[n, c, h, w]: x[n, c, h, w]*e[n, c]
    """,
    {"N": 2, "C": 3, "H": 2, "W": 5, "M": 2},
    {"N": 1, "C": 1, "H": 1, "W": 1, "M": 1},
)
def squeeze_excite_block(x, W1, b1, W2, b2):
    return x * torch.sigmoid(torch.relu(x.mean((2, 3)) @ W1 + b1) @ W2 + b2)[:, :, None, None]


@layer(
    """
    layer: coord_attention
    doc: Gates by the mean over rows and over columns.
    inputs: {x: [N, C, H, W]}
    params: {Wh: [C, C], Ww: [C, C]}
    where:
      zh[n, c, h]: Mean(x[n, c, h, w], w)
      zw[n, c, w]: Mean(x[n, c, h, w], h)
    outputs:
      y[n, c, h, w]: x[n, c, h, w]*sigmoid(Sum(zh[n, k, h]*Wh[k, c], k))*sigmoid(Sum(zw[n, k, w]*Ww[k, c], k))
    """,
    {"N": 2, "C": 3, "H": 2, "W": 5},
    {"N": 1, "C": 1, "H": 1, "W": 1},
)
def coord_attention(x, Wh, Ww):
    gate_h = torch.sigmoid(torch.einsum("nkh,kc->nch", x.mean(3), Wh))
    gate_w = torch.sigmoid(torch.einsum("nkw,kc->ncw", x.mean(2), Ww))
    return x * gate_h[..., None] * gate_w[:, :, None]
