"""Pools, resampling, transforms of images and signals."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive


@layer(
    """
    layer: shuffle_up
    doc: Pixel shuffle by r.
    inputs: {x: [N, C*r*r, H, W]}
    hyperparameters: {r: 2}
    indices: {c: C, a: H*r, b: W*r}
    outputs:
      y[n, c, a, b]: x[n, c*r*r + (a % r)*r + b % r, a//r, b//r]
    """,
    {"N": 2, "C": 3, "r": 2, "H": 3, "W": 2},
    {"N": 1, "C": 1, "r": 2, "H": 1, "W": 1},
)
def shuffle_up(x):
    return F.pixel_shuffle(x, 2)


@layer(
    """
    layer: space_to_depth
    inputs: {x: [N, C, H*b, W*b]}
    hyperparameters: {b: 3}
    indices: {d: C*b*b, h: H, w: W}
    outputs:
      y[n, d, h, w]: x[n, d//(b*b), h*b + d//b % b, w*b + d % b]
    """,
    {"N": 1, "C": 2, "H": 2, "W": 1, "b": 3},
    {"N": 2, "C": 1, "H": 1, "W": 1, "b": 3},
)
def space_to_depth(x):
    return F.pixel_unshuffle(x, 3)


@layer(
    """
    layer: nearest
    doc: Nearest-neighbour resampling to OH by OW.
    inputs: {x: [N, C, H, W]}
    hyperparameters: {OH: 5, OW: 4}
    indices: {i: OH, j: OW}
    outputs:
      y[n, c, i, j]: x[n, c, (i*H)//OH, (j*W)//OW]
    """,
    {"N": 2, "C": 2, "H": 3, "W": 7},
    {"N": 1, "C": 1, "H": 1, "W": 1},
    {"N": 1, "C": 3, "H": 11, "W": 2},
)
def nearest(x):
    return F.interpolate(x, (5, 4), mode="nearest")


@layer(
    """
    layer: bilinear_up
    doc: Bilinear resampling by a factor, corners not aligned.
    inputs: {x: [N, C, H, W]}
    hyperparameters: {f: 2}
    indices: {i: H*f, j: W*f}
    where:
      si[i]: Max((i + 1/2)/f - 1/2, 0)
      sj[j]: Max((j + 1/2)/f - 1/2, 0)
      a[i]: si[i] - floor(si[i])
      b[j]: sj[j] - floor(sj[j])
      rows[n, c, i, w]: (1 - a[i])*x[n, c, floor(si[i]), w] + a[i]*x[n, c, Min(floor(si[i]) + 1, H - 1), w]
    outputs:
      y[n, c, i, j]: (1 - b[j])*rows[n, c, i, floor(sj[j])] + b[j]*rows[n, c, i, Min(floor(sj[j]) + 1, W - 1)]
    """,
    {"N": 2, "C": 2, "H": 3, "W": 5},
    {"N": 1, "C": 1, "H": 1, "W": 1},
)
def bilinear_up(x):
    return F.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)


@layer(
    """
    layer: spatial_transformer
    doc: An affine grid in [-1, 1], corners aligned, read bilinearly with zeros outside.
    inputs:
      U: {shape: [N, C, H, W], outside: 0}
      theta: [N, 2, 3]
    indices: {i: H, j: W}
    where:
      gy[i]: 2*i/Max(H - 1, 1) - 1
      gx[j]: 2*j/Max(W - 1, 1) - 1
      sx[n, i, j]: (theta[n, 0, 0]*gx[j] + theta[n, 0, 1]*gy[i] + theta[n, 0, 2] + 1)*(W - 1)/2
      sy[n, i, j]: (theta[n, 1, 0]*gx[j] + theta[n, 1, 1]*gy[i] + theta[n, 1, 2] + 1)*(H - 1)/2
      x0[n, i, j]: floor(sx[n, i, j])
      y0[n, i, j]: floor(sy[n, i, j])
      fx[n, i, j]: sx[n, i, j] - x0[n, i, j]
      fy[n, i, j]: sy[n, i, j] - y0[n, i, j]
    outputs:
      V[n, c, i, j]: (1 - fy[n, i, j])*((1 - fx[n, i, j])*U[n, c, y0[n, i, j], x0[n, i, j]] + fx[n, i, j]*U[n, c, y0[n, i, j], x0[n, i, j] + 1])
        + fy[n, i, j]*((1 - fx[n, i, j])*U[n, c, y0[n, i, j] + 1, x0[n, i, j]] + fx[n, i, j]*U[n, c, y0[n, i, j] + 1, x0[n, i, j] + 1])
    """,
    {"N": 2, "C": 2, "H": 3, "W": 5},
    {"N": 1, "C": 1, "H": 2, "W": 2},
)
def spatial_transformer(U, theta):
    grid = F.affine_grid(theta, U.shape, align_corners=True)
    return F.grid_sample(U, grid, mode="bilinear", padding_mode="zeros", align_corners=True)


@layer(
    """
    layer: maxpool_pad
    inputs: {x: {shape: [N, C, H, W], outside: -oo}}
    hyperparameters: {k: 3, s: 2, p: 1}
    indices: {i: (H + 2*p - k)//s + 1, j: (W + 2*p - k)//s + 1, a: k, b: k}
    outputs:
      y[n, c, i, j]: Amax(x[n, c, i*s + a - p, j*s + b - p], a, b)
    """,
    {"N": 2, "C": 2, "H": 7, "W": 5},
    {"N": 1, "C": 1, "H": 1, "W": 1},
)
def maxpool_pad(x):
    return F.max_pool2d(x, 3, 2, 1)


@layer(
    """
    layer: avgpool_true
    doc: Average pooling that does not count the padding.
    inputs: {x: {shape: [N, H, W], outside: 0}}
    hyperparameters: {k: 3, p: 1}
    indices: {i: H + 2*p - k + 1, j: W + 2*p - k + 1, a: k, b: k}
    where:
      area[i, j]: Sum((0 <= i + a - p) & (i + a - p < H) & (0 <= j + b - p) & (j + b - p < W), a, b)
    outputs:
      y[n, i, j]: Sum(x[n, i + a - p, j + b - p], a, b)/area[i, j]
    """,
    {"N": 2, "H": 5, "W": 4},
    {"N": 1, "H": 1, "W": 1},
)
def avgpool_true(x):
    return F.avg_pool2d(x, 3, 1, 1, count_include_pad=False)


@layer(
    """
    layer: lp_pool
    inputs: {x: [N, C, L]}
    hyperparameters: {p: 3, k: 2, stride: 2}
    indices: {t: (L - k)//stride + 1, r: k}
    outputs:
      y[n, c, t]: Sum(Abs(x[n, c, t*stride + r])**p, r)**(1/p)
    """,
    {"N": 2, "C": 3, "L": 7},
    {"N": 1, "C": 1, "L": 2},
)
def lp_pool(x):
    return (x.abs().unfold(2, 2, 2) ** 3).sum(-1) ** (1 / 3)


@layer(
    """
    layer: adaptive_pool
    doc: Means over M bins of nearly equal length.
    inputs: {x: [N, L]}
    hyperparameters: {M: 3}
    indices: {m: M}
    outputs:
      y[n, m]: Mean(x[n, l], (l, (m*L)//M, -(-((m + 1)*L)//M) - 1))
    """,
    {"N": 2, "L": 7},
    {"N": 1, "L": 1},
    {"N": 3, "L": 3},
)
def adaptive_pool(x):
    return F.adaptive_avg_pool1d(x, 3)


@layer(
    """
    layer: global_pools
    inputs: {x: [N, C, H, W]}
    outputs:
      avg[n, c]: Mean(x[n, c, h, w], h, w)
      top[n, c]: Amax(x[n, c, h, w], h, w)
      gem[n, c]: Mean(Max(x[n, c, h, w], 1e-6)**g, h, w)**(1/g)
    params: {g: []}
    """,
    {"N": 2, "C": 3, "H": 3, "W": 2},
    {"N": 1, "C": 1, "H": 1, "W": 1},
    g=lambda rng, shape: rng.uniform(2, 4, shape),
    x=positive,
)
def global_pools(x, g):
    return x.mean((2, 3)), x.amax((2, 3)), (x.clamp(min=1e-6) ** g).mean((2, 3)) ** (1 / g)


@layer(
    """
    layer: sobel
    doc: The size of the image's gradient by central differences inside the border.
    inputs: {x: [N, H, W]}
    indices: {i: H - 2, j: W - 2}
    where:
      gx[n, i, j]: (x[n, i + 1, j + 2] - x[n, i + 1, j])/2
      gy[n, i, j]: (x[n, i + 2, j + 1] - x[n, i, j + 1])/2
    outputs:
      g[n, i, j]: sqrt(gx[n, i, j]**2 + gy[n, i, j]**2 + 1e-8)
    """,
    {"N": 2, "H": 5, "W": 7},
    {"N": 1, "H": 3, "W": 3},
)
def sobel(x):
    gx = (x[:, 1:-1, 2:] - x[:, 1:-1, :-2]) / 2
    gy = (x[:, 2:, 1:-1] - x[:, :-2, 1:-1]) / 2
    return torch.sqrt(gx**2 + gy**2 + 1e-8)


@layer(
    """
    layer: reflect_blur
    doc: A blur of width 3 with reflection at both ends.
    inputs: {x: [N, L]}
    params: {k: [3]}
    indices: {t: L}
    outputs:
      y[n, t]: Sum(k[r]*x[n, L - 1 - Abs(L - 1 - Abs(t + r - 1))], r)
    """,
    {"N": 2, "L": 5},
    {"N": 1, "L": 2},
)
def reflect_blur(x, k):
    return F.conv1d(F.pad(x[:, None], (1, 1), mode="reflect"), k[None, None])[:, 0]


@layer(
    """
    layer: haar
    doc: One level of the Haar wavelet and back.
    inputs: {x: [N, 2*M]}
    params: {gain: [M]}
    indices: {m: M, t: 2*M}
    where:
      lo[n, m]: (x[n, 2*m] + x[n, 2*m + 1])/sqrt(2)
      hi[n, m]: gain[m]*(x[n, 2*m] - x[n, 2*m + 1])/sqrt(2)
    outputs:
      y[n, t]: (lo[n, t//2] + (-1)**(t % 2)*hi[n, t//2])/sqrt(2)
    """,
    {"N": 2, "M": 3},
    {"N": 1, "M": 1},
)
def haar(x, gain):
    a, b = x[:, ::2], x[:, 1::2]
    lo, hi = (a + b) / 2**0.5, gain * (a - b) / 2**0.5
    return torch.stack([(lo + hi) / 2**0.5, (lo - hi) / 2**0.5], 2).flatten(1)


@layer(
    """
    layer: stft_power
    doc: Windowed frames and their power at F frequencies.
    inputs: {x: [L]}
    params: {win: [K]}
    hyperparameters: {hop: 2, F: 3}
    indices: {t: (L - K)//hop + 1, f: F}
    where:
      re[t, f]: Sum(win[k]*x[t*hop + k]*cos(2*pi*f*k/K), k)
      im[t, f]: Sum(win[k]*x[t*hop + k]*sin(2*pi*f*k/K), k)
    outputs:
      power[t, f]: log1p(re[t, f]**2 + im[t, f]**2)
    """,
    {"L": 11, "K": 4},
    {"L": 1, "K": 1},
)
def stft_power(x, win):
    frames = x.unfold(0, len(win), 2) * win
    angle = 2 * torch.pi * torch.arange(3, dtype=x.dtype)[:, None] * torch.arange(len(win)) / len(win)
    return torch.log1p((frames @ angle.cos().T) ** 2 + (frames @ angle.sin().T) ** 2)


@layer(
    """
    layer: bitwise_tree
    doc: Probabilities of the leaves of a soft binary tree of depth 3.
    inputs: {x: [N, D]}
    params: {w: [7, D], leaf: [8, O]}
    indices: {l: 8}
    where:
      g[n, j]: sigmoid(Sum(w[j, d]*x[n, d], d))
      p[n, l]: Prod(Piecewise((g[n, 2**d - 1 + l//2**(3 - d)], Eq(l//2**(2 - d) % 2, 0)), (1 - g[n, 2**d - 1 + l//2**(3 - d)], True)), (d, 0, 2))
    outputs:
      y[n, o]: Sum(p[n, l]*leaf[l, o], l)
    """,
    {"N": 3, "D": 2, "O": 2},
    {"N": 1, "D": 1, "O": 1},
)
def bitwise_tree(x, w, leaf):
    g = torch.sigmoid(x @ w.T)
    columns = []
    for place in range(8):
        p = torch.ones(len(x), dtype=x.dtype)
        for d in range(3):
            gate = g[:, 2**d - 1 + place // 2 ** (3 - d)]
            p = p * (gate if (place >> (2 - d)) % 2 == 0 else 1 - gate)
        columns.append(p)
    return torch.stack(columns, 1) @ leaf
