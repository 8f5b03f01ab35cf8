"""Convolutions whose weights, places or strides are not those of the textbook, and filters made of a few numbers."""

import math

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, these, unit


@layer(
    """
    layer: involution
    doc: A kernel for each pixel, made from the pixel, shared by the channels of a group (Li et al. 2021).
    inputs: {x: {shape: [N, G*C, H, W], outside: 0}}
    params: {down: [R, G*C], up: [G, 3, 3, R]}
    where:
      z[n, r, h, w]: relu(Sum(down[r, k]*x[n, k, h, w], k))
      kernel[n, g, a, b, h, w]: Sum(up[g, a, b, r]*z[n, r, h, w], r)
    indices: {c: C, g: G}
    outputs:
      y[n, c, g, h, w]: Sum(kernel[n, g, a, b, h, w]*x[n, g*C + c, h + a - 1, w + b - 1], a, b)
    """,
    {"N": 2, "G": 2, "C": 2, "H": 3, "W": 4, "R": 3},
)
def involution(x, down, up):
    groups, channels = len(up), x.shape[1] // len(up)
    z = torch.relu(torch.einsum("rk,nkhw->nrhw", down, x))
    kernel = torch.einsum("gabr,nrhw->ngabhw", up, z)
    patches = F.unfold(x, 3, padding=1).reshape(len(x), groups, channels, 3, 3, *x.shape[2:])
    return torch.einsum("ngabhw,ngcabhw->ncghw", kernel, patches)


@layer(
    """
    layer: conditional_conv
    doc: Kernels mixed for each sample by what a gate says of it (CondConv, Yang et al. 2019).
    inputs: {x: {shape: [N, C, L], outside: 0}}
    params: {route: [C, E], K: [E, O, C, 3]}
    where:
      r[n, e]: sigmoid(Sum(Mean(x[n, c, l], l)*route[c, e], c))
      k[n, o, c, t]: Sum(r[n, e]*K[e, o, c, t], e)
    outputs:
      y[n, o, l]: Sum(k[n, o, c, t]*x[n, c, l + t - 1], c, t)
    indices: {l: L}
    """,
    {"N": 2, "C": 3, "L": 5, "E": 2, "O": 2},
)
def conditional_conv(x, route, K):
    r = torch.sigmoid(x.mean(2) @ route)
    kernels = torch.einsum("ne,eoct->noct", r, K)
    return torch.stack([F.conv1d(x[n : n + 1], kernels[n], padding=1)[0] for n in range(len(x))])


@layer(
    """
    layer: modulated_deformable
    doc: A 3x3 convolution whose taps move and fade as the data say (DCNv2), read bilinearly with zeros around.
    inputs: {x: {shape: [C, H, W], outside: 0}, dy: [3, 3, H, W], dx: [3, 3, H, W], m: [3, 3, H, W]}
    params: {k: [O, C, 3, 3]}
    where:
      py[a, b, h, w]: h + a - 1 + dy[a, b, h, w]
      px[a, b, h, w]: w + b - 1 + dx[a, b, h, w]
      y0[a, b, h, w]: floor(py[a, b, h, w])
      x0[a, b, h, w]: floor(px[a, b, h, w])
      v[c, a, b, h, w]: Sum((1 - Abs(py[a, b, h, w] - y0[a, b, h, w] - i))*(1 - Abs(px[a, b, h, w] - x0[a, b, h, w] - j))*x[c, y0[a, b, h, w] + i, x0[a, b, h, w] + j], i, j)
    indices: {i: 2, j: 2, h: H, w: W}
    outputs:
      y[o, h, w]: Sum(k[o, c, a, b]*sigmoid(m[a, b, h, w])*v[c, a, b, h, w], c, a, b)
    """,
    {"C": 2, "H": 3, "W": 4, "O": 2},
)
def modulated_deformable(x, dy, dx, m, k):
    _, height, width = x.shape
    a = torch.arange(3, dtype=x.dtype)
    py = torch.arange(height, dtype=x.dtype)[:, None] + (a[:, None, None, None] - 1) + dy
    px = torch.arange(width, dtype=x.dtype) + (a[None, :, None, None] - 1) + dx
    y0, x0 = py.detach().floor().long(), px.detach().floor().long()
    total = 0
    for i in range(2):
        for j in range(2):
            inside = (y0 + i >= 0) & (y0 + i < height) & (x0 + j >= 0) & (x0 + j < width)
            value = x[:, (y0 + i).clamp(0, height - 1), (x0 + j).clamp(0, width - 1)] * inside
            total = total + value * (1 - (py - y0 - i).abs()) * (1 - (px - x0 - j).abs())
    return torch.einsum("ocab,abhw,cabhw->ohw", k, torch.sigmoid(m), total)


@layer(
    """
    layer: wave_block
    doc: A dilated causal convolution with a gate, residual and skip (WaveNet).
    inputs: {x: {shape: [N, C, T], outside: 0}}
    params: {Wf: [D, C, 2], Wg: [D, C, 2], Wr: [C, D], Ws: [S, D]}
    hyperparameters: {dilation: 2}
    where:
      f[n, d, t]: Sum(Wf[d, c, k]*x[n, c, t - dilation*(1 - k)], c, k)
      g[n, d, t]: Sum(Wg[d, c, k]*x[n, c, t - dilation*(1 - k)], c, k)
      z[n, d, t]: tanh(f[n, d, t])*sigmoid(g[n, d, t])
    indices: {t: T}
    outputs:
      y[n, c, t]: x[n, c, t] + Sum(Wr[c, d]*z[n, d, t], d)
      skip[n, s, t]: Sum(Ws[s, d]*z[n, d, t], d)
    """,
    {"N": 2, "C": 2, "T": 6, "D": 3, "S": 2},
    {"N": 1, "C": 1, "T": 1, "D": 1, "S": 1},
)
def wave_block(x, Wf, Wg, Wr, Ws):
    padded = F.pad(x, (2, 0))
    z = torch.tanh(F.conv1d(padded, Wf, dilation=2)) * torch.sigmoid(F.conv1d(padded, Wg, dilation=2))
    return x + torch.einsum("cd,ndt->nct", Wr, z), torch.einsum("sd,ndt->nst", Ws, z)


@layer(
    """
    layer: sinc_filters
    doc: Band-pass filters of two learned frequencies each, under a Hamming window (SincNet, Ravanelli & Bengio 2018).
    inputs: {x: [N, L]}
    params: {low: [F], band: [F]}
    hyperparameters: {R: 3}
    dims: {P: L - 2*R, K: 2*R + 1}
    indices: {k: K, p: P}
    where:
      f1[f]: Abs(low[f])
      f2[f]: f1[f] + Abs(band[f])
      g[f, k]: Piecewise((2*(f2[f] - f1[f]), Eq(k, R)), ((sin(2*pi*f2[f]*(k - R)) - sin(2*pi*f1[f]*(k - R)))/(pi*(k - R)), True))
      h[k]: 0.54 - 0.46*cos(2*pi*k/(K - 1))
    outputs:
      y[n, f, p]: Sum(g[f, k]*h[k]*x[n, p + k], k)
    """,
    {"N": 2, "L": 9, "F": 2},
    low=unit,
    band=unit,
)
def sinc_filters(x, low, band, R=3):
    k = torch.arange(-R, R + 1, dtype=x.dtype)
    f1, f2 = low.abs()[:, None], (low.abs() + band.abs())[:, None]
    g = 2 * f2 * torch.sinc(2 * f2 * k) - 2 * f1 * torch.sinc(2 * f1 * k)
    g = g * (0.54 - 0.46 * torch.cos(2 * math.pi * (k + R) / (2 * R)))
    return F.conv1d(x[:, None], g[:, None])


@layer(
    """
    layer: gabor_bank
    doc: Windows of a cosine at learned angles, wavelengths and widths.
    inputs: {x: [H, W]}
    params: {theta: [F], lam: [F], sigma: [F], psi: [F]}
    indices: {a: 5, b: 5, h: H - 4, w: W - 4}
    where:
      u[f, a, b]: (a - 2)*cos(theta[f]) + (b - 2)*sin(theta[f])
      v[f, a, b]: -(a - 2)*sin(theta[f]) + (b - 2)*cos(theta[f])
      g[f, a, b]: exp(-(u[f, a, b]**2 + v[f, a, b]**2/4)/(2*sigma[f]**2))*cos(2*pi*u[f, a, b]/lam[f] + psi[f])
    outputs:
      y[f, h, w]: Sum(g[f, a, b]*x[h + a, w + b], a, b)
    """,
    {"H": 6, "W": 5, "F": 2},
    lam=positive,
    sigma=positive,
)
def gabor_bank(x, theta, lam, sigma, psi):
    grid = torch.arange(-2.0, 3.0, dtype=x.dtype)
    theta, lam, sigma, psi = (v[:, None, None] for v in (theta, lam, sigma, psi))
    u = grid[:, None] * torch.cos(theta) + grid * torch.sin(theta)
    v = -grid[:, None] * torch.sin(theta) + grid * torch.cos(theta)
    g = torch.exp(-(u**2 + v**2 / 4) / (2 * sigma**2)) * torch.cos(2 * math.pi * u / lam + psi)
    return F.conv2d(x[None, None], g[:, None])[0]


@layer(
    """
    layer: partial_conv
    doc: A convolution over what is known of an image, scaled by how much that is, with the mask that follows (Liu et al. 2018).
    inputs: {x: {shape: [C, H, W], outside: 0}, m: {shape: [H, W], grad: false, outside: 0}}
    params: {k: [O, C, 3, 3], b: [O]}
    indices: {h: H, w: W, i: 3, j: 3}
    where:
      known[h, w]: Sum(m[h + i - 1, w + j - 1], i, j)
      s[o, h, w]: Sum(k[o, c, i, j]*x[c, h + i - 1, w + j - 1]*m[h + i - 1, w + j - 1], c, i, j)
    outputs:
      y[o, h, w]: Piecewise((s[o, h, w]*9/known[h, w] + b[o], known[h, w] > 0), (0, True))
      next[h, w]: known[h, w] > 0
    """,
    {"C": 2, "H": 4, "W": 3, "O": 2},
    m=these([[0.0, 0, 0], [0, 0, 0], [0, 0, 0], [1, 0, 1]]),
)
def partial_conv(x, m, k, b):
    known = F.conv2d(m[None, None], torch.ones(1, 1, 3, 3, dtype=x.dtype), padding=1)[0, 0]
    s = F.conv2d((x * m)[None], k, padding=1)[0]
    y = torch.where(known > 0, s * 9 / known.clamp(min=1) + b[:, None, None], 0)
    return y, known > 0


@layer(
    """
    layer: rotated_lifting
    doc: One kernel in its four rotations (the lifting convolution of a p4 group network), then the largest response.
    inputs: {x: [C, H, W]}
    params: {k: [O, C, 3, 3]}
    indices: {h: H - 2, w: W - 2, a: 3, b: 3, r: 4}
    where:
      turned[r, o, c, a, b]: Piecewise((k[o, c, a, b], Eq(r, 0)), (k[o, c, b, 2 - a], Eq(r, 1)), (k[o, c, 2 - a, 2 - b], Eq(r, 2)), (k[o, c, 2 - b, a], True))
      y4[r, o, h, w]: Sum(turned[r, o, c, a, b]*x[c, h + a, w + b], c, a, b)
    outputs:
      lifted[r, o, h, w]: y4[r, o, h, w]
      pooled[o, h, w]: Amax(y4[r, o, h, w], r)
    """,
    {"C": 2, "H": 4, "W": 5, "O": 2},
)
def rotated_lifting(x, k):
    y = torch.stack([F.conv2d(x[None], torch.rot90(k, r, (2, 3)))[0] for r in range(4)])
    return y, y.amax(0)


@layer(
    """
    layer: blur_pool
    doc: Max-pooling densely, then a fixed binomial blur with reflected borders, then every second place (Zhang 2019).
    inputs: {x: {shape: [N, C, L], outside: -oo}}
    dims: {P: (L + 1)//2}
    indices: {p: P, k: 3, l: L}
    where:
      d[n, c, l]: Max(x[n, c, l], x[n, c, Min(l + 1, L - 1)])
      w[k]: Piecewise((1/2, Eq(k, 1)), (1/4, True))
    outputs:
      y[n, c, p]: Sum(w[k]*d[n, c, Min(Abs(2*p + k - 1), 2*(L - 1) - (2*p + k - 1))], k)
    """,
    {"N": 2, "C": 2, "L": 6},
    {"N": 1, "C": 1, "L": 5},
)
def blur_pool(x):
    d = torch.maximum(x, torch.cat([x[..., 1:], x[..., -1:]], -1))
    padded = F.pad(d, (1, 1), mode="reflect")
    return (padded[..., :-2:2] + 2 * padded[..., 1:-1:2] + padded[..., 2::2]) / 4


@layer(
    """
    layer: transposed_grouped
    doc: A transposed convolution in 1d with stride, padding, output padding, dilation and groups.
    inputs: {x: [N, G, C, L]}
    params: {k: [G, C, O, K], b: [G, O]}
    hyperparameters: {stride: 2, padding: 1, extra: 1, dilation: 2}
    dims: {P: (L - 1)*stride - 2*padding + dilation*(K - 1) + extra + 1}
    indices: {p: P, t: K}
    where:
      start[p, t]: p + padding - t*dilation
    outputs:
      y[n, g, o, p]: b[g, o] + Sum(Piecewise((x[n, g, c, (p + padding - t*dilation)//stride]*k[g, c, o, t],
        Eq((p + padding - t*dilation) % stride, 0) & (0 <= p + padding - t*dilation <= (L - 1)*stride)), (0, True)), c, t)
      first[p, t]: start[p, t]
    """,
    {"N": 2, "G": 2, "C": 2, "L": 4, "O": 3, "K": 3},
)
def transposed_grouped(x, k, b):
    n, groups, channels, length = x.shape
    y = F.conv_transpose1d(
        x.reshape(n, groups * channels, length), k.reshape(groups * channels, *k.shape[2:]), b.reshape(-1),
        stride=2, padding=1, output_padding=1, dilation=2, groups=groups,
    )  # fmt: skip
    y = y.reshape(n, groups, -1, y.shape[-1])
    return y, torch.arange(y.shape[-1])[:, None] + 1 - 2 * torch.arange(k.shape[-1])


@layer(
    """
    layer: switchable_atrous
    doc: Two dilations of one kernel, mixed by a switch that an average around each place decides (DetectoRS).
    inputs: {x: {shape: [C, L], outside: 0}}
    params: {k: [O, C, 3], dk: [O, C, 3], s: [C], s0: []}
    indices: {l: L, t: 3, u: 5}
    where:
      around[c, l]: Mean(x[c, l + u - 2], u)
      switch[l]: sigmoid(Sum(s[c]*around[c, l], c) + s0)
    outputs:
      y[o, l]: switch[l]*Sum(k[o, c, t]*x[c, l + t - 1], c, t) + (1 - switch[l])*Sum((k[o, c, t] + dk[o, c, t])*x[c, l + 3*(t - 1)], c, t)
    """,
    {"C": 2, "L": 7, "O": 2},
    {"C": 1, "L": 2, "O": 1},
)
def switchable_atrous(x, k, dk, s, s0):
    around = F.avg_pool1d(x[None], 5, stride=1, padding=2)[0]
    switch = torch.sigmoid(s @ around + s0)
    return switch * F.conv1d(x[None], k, padding=1)[0] + (1 - switch) * F.conv1d(x[None], k + dk, padding=3, dilation=3)[0]


@layer(
    """
    layer: octave_conv
    doc: Two resolutions that exchange what they see (Chen et al. 2019), 1x1 kernels.
    inputs: {hi: [A, 2*L], lo: [B, L]}
    params: {hh: [A, A], hl: [B, A], lh: [A, B], ll: [B, B]}
    outputs:
      high[a, l]: Sum(hh[a, c]*hi[c, l], c) + Sum(lh[a, b]*lo[b, l//2], b)
      low[b, l]: Sum(ll[b, c]*lo[c, l], c) + Sum(hl[b, a]*(hi[a, 2*l] + hi[a, 2*l + 1])/2, a)
    """,
    {"A": 3, "B": 2, "L": 3},
)
def octave_conv(hi, lo, hh, hl, lh, ll):
    return hh @ hi + (lh @ lo).repeat_interleave(2, 1), ll @ lo + hl @ F.avg_pool1d(hi[None], 2)[0]


@layer(
    """
    layer: correlation_volume
    doc: Dot products of two feature maps at every small displacement (FlowNet), zeros around.
    inputs: {f: [C, H, W], g: {shape: [C, H, W], outside: 0}}
    hyperparameters: {R: 1}
    dims: {D: 2*R + 1}
    indices: {a: D, b: D}
    outputs:
      y[a, b, h, w]: Mean(f[c, h, w]*g[c, h + a - R, w + b - R], c)
    """,
    {"C": 2, "H": 3, "W": 4},
)
def correlation_volume(f, g, R=1):
    padded = F.pad(g, (R, R, R, R))
    _, h, w = f.shape
    return torch.stack([torch.stack([(f * padded[:, a : a + h, b : b + w]).mean(0) for b in range(3)]) for a in range(3)])


@layer(
    """
    layer: snake_conv
    doc: A kernel along a line that bends with the data, each offset added to the ones before it (dynamic snake convolution).
    inputs: {x: [H, W], d: [5, H, W]}
    params: {k: [5]}
    indices: {t: 5}
    where:
      bend[t, h, w]: Piecewise((Sum(tanh(d[s, h, w]), (s, 3, t)), t > 2), (Sum(tanh(d[s, h, w]), (s, t, 1)), t < 2), (0, True))
      at[t, h, w]: Min(Max(h + bend[t, h, w], 0), H - 1)
      low[t, h, w]: Min(floor(at[t, h, w]), H - 2)
      part[t, h, w]: at[t, h, w] - low[t, h, w]
      v[t, h, w]: (1 - part[t, h, w])*x[low[t, h, w], Min(Max(w + t - 2, 0), W - 1)] + part[t, h, w]*x[low[t, h, w] + 1, Min(Max(w + t - 2, 0), W - 1)]
    outputs:
      y[h, w]: Sum(k[t]*v[t, h, w], t)
    """,
    {"H": 4, "W": 6},
)
def snake_conv(x, d, k):
    height, width = x.shape
    s = torch.tanh(d)
    bend = torch.stack([s[0] + s[1], s[1], 0 * s[0], s[3], s[3] + s[4]])
    at = (torch.arange(height, dtype=x.dtype)[:, None] + bend).clamp(0, height - 1)
    low = at.detach().floor().clamp(max=height - 2).long()
    columns = (torch.arange(width) + torch.arange(-2, 3)[:, None]).clamp(0, width - 1)[:, None, :].expand_as(low)
    part = at - low
    v = (1 - part) * x[low, columns] + part * x[low + 1, columns]
    return (k[:, None, None] * v).sum(0)
