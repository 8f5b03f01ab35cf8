"""Recurrent cells."""

import torch

from tests.unseen.case import layer


@layer(
    """
    layer: peephole
    doc: A sequence of LSTM steps whose gates see the cell (Gers & Schmidhuber 2000).
    inputs: {x: [T, N, I], h0: [N, H], c0: [N, H]}
    params:
      Wi: [I, H]
      Wf: [I, H]
      Wo: [I, H]
      Wg: [I, H]
      Ui: [H, H]
      Uf: [H, H]
      Uo: [H, H]
      Ug: [H, H]
      pi_: [H]
      pf: [H]
      po: [H]
    where:
      h[-1, n, k]: h0[n, k]
      c[-1, n, k]: c0[n, k]
      i[t, n, k]: sigmoid(Sum(x[t, n, a]*Wi[a, k], a) + Sum(h[t-1, n, a]*Ui[a, k], a) + pi_[k]*c[t-1, n, k])
      f[t, n, k]: sigmoid(Sum(x[t, n, a]*Wf[a, k], a) + Sum(h[t-1, n, a]*Uf[a, k], a) + pf[k]*c[t-1, n, k])
      g[t, n, k]: tanh(Sum(x[t, n, a]*Wg[a, k], a) + Sum(h[t-1, n, a]*Ug[a, k], a))
      c[t, n, k]: f[t, n, k]*c[t-1, n, k] + i[t, n, k]*g[t, n, k]
      o[t, n, k]: sigmoid(Sum(x[t, n, a]*Wo[a, k], a) + Sum(h[t-1, n, a]*Uo[a, k], a) + po[k]*c[t, n, k])
      h[t, n, k]: o[t, n, k]*tanh(c[t, n, k])
    outputs:
      hs[t, n, k]: h[t, n, k]
      last[n, k]: c[T-1, n, k]
    """,
    {"T": 5, "N": 2, "I": 3, "H": 2},
    {"T": 1, "N": 1, "I": 1, "H": 1},
)
def peephole(x, h0, c0, Wi, Wf, Wo, Wg, Ui, Uf, Uo, Ug, pi_, pf, po):
    h, c, hs = h0, c0, []
    for step in x:
        i = torch.sigmoid(step @ Wi + h @ Ui + pi_ * c)
        f = torch.sigmoid(step @ Wf + h @ Uf + pf * c)
        c = f * c + i * torch.tanh(step @ Wg + h @ Ug)
        h = torch.sigmoid(step @ Wo + h @ Uo + po * c) * torch.tanh(c)
        hs.append(h)
    return torch.stack(hs), c


@layer(
    """
    layer: coupled_gates
    doc: An LSTM cell with input gate 1 - f, one stacked weight.
    inputs:
      x: [N, I]
      h: [N, K]
      c: [N, K]
    params:
      W: [I + K, 3*K]
      b: [3*K]
    indices: {k: K, i: I, q: K}
    where:
      z[n, j]: Sum(x[n, i]*W[i, j], i) + Sum(h[n, q]*W[I + q, j], q) + b[j]
      f[n, k]: sigmoid(z[n, k])
      c_new[n, k]: f[n, k]*c[n, k] + (1 - f[n, k])*tanh(z[n, K + k])
    outputs:
      h_out[n, k]: sigmoid(z[n, 2*K + k])*tanh(c_new[n, k])
      c_out[n, k]: c_new[n, k]
    """,
    {"N": 3, "I": 2, "K": 5},
    {"N": 1, "I": 1, "K": 1},
)
def coupled_gates(x, h, c, W, b):
    f, g, o = (torch.cat([x, h], 1) @ W + b).chunk(3, 1)
    f = torch.sigmoid(f)
    c = f * c + (1 - f) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c


@layer(
    """
    layer: min_gru
    doc: A gate without the state, so that the scan is linear (Feng et al. 2024).
    inputs: {x: [B, T, I], h0: [B, H]}
    params: {Wz: [I, H], bz: [H], Wh: [I, H], bh: [H]}
    where:
      z[b, t, k]: sigmoid(Sum(x[b, t, i]*Wz[i, k], i) + bz[k])
      cand[b, t, k]: Sum(x[b, t, i]*Wh[i, k], i) + bh[k]
      h[b, t, k]: (1 - z[b, t, k])*h[b, t - 1, k] + z[b, t, k]*cand[b, t, k]
      h[b, -1, k]: h0[b, k]
    outputs:
      y[b, t, k]: h[b, t, k]
    """,
    {"B": 2, "T": 7, "I": 3, "H": 2},
    {"B": 1, "T": 1, "I": 1, "H": 1},
)
def min_gru(x, h0, Wz, bz, Wh, bh):
    z, cand = torch.sigmoid(x @ Wz + bz), x @ Wh + bh
    h, hs = h0, []
    for t in range(x.shape[1]):
        h = (1 - z[:, t]) * h + z[:, t] * cand[:, t]
        hs.append(h)
    return torch.stack(hs, 1)


@layer(
    """
    layer: highway_stack
    doc: K highway layers, the depth a recurrence over stacked weights.
    inputs: {x: [N, D]}
    params: {W: [K, D, D], b: [K, D], U: [K, D, D], g: [K, D]}
    where:
      y[-1, n, d]: x[n, d]
      gate[k, n, d]: sigmoid(Sum(y[k-1, n, j]*U[k, j, d], j) + g[k, d])
      y[k, n, d]: gate[k, n, d]*tanh(Sum(y[k-1, n, j]*W[k, j, d], j) + b[k, d]) + (1 - gate[k, n, d])*y[k-1, n, d]
    outputs:
      out[n, d]: y[K-1, n, d]
    """,
    {"N": 3, "D": 2, "K": 5},
    {"N": 1, "D": 1, "K": 1},
)
def highway_stack(x, W, b, U, g):
    for k in range(len(W)):
        t = torch.sigmoid(x @ U[k] + g[k])
        x = t * torch.tanh(x @ W[k] + b[k]) + (1 - t) * x
    return x


@layer(
    """
    layer: qrnn_fo
    doc: Quasi-recurrent f/o pooling over causal width-2 convolutions, zero before the start.
    inputs:
      x: {shape: [N, T, I], outside: 0}
    params: {Wz: [2, I, H], Wf: [2, I, H], Wo: [2, I, H]}
    where:
      z[n, t, j]: tanh(Sum(x[n, t - r, i]*Wz[r, i, j], r, i))
      f[n, t, j]: sigmoid(Sum(x[n, t - r, i]*Wf[r, i, j], r, i))
      o[n, t, j]: sigmoid(Sum(x[n, t - r, i]*Wo[r, i, j], r, i))
      c[n, t, j]: Piecewise(((1 - f[n, t, j])*z[n, t, j], Eq(t, 0)), (f[n, t, j]*c[n, t - 1, j] + (1 - f[n, t, j])*z[n, t, j], True))
    indices: {t: T}
    outputs:
      h[n, t, j]: o[n, t, j]*c[n, t, j]
    """,
    {"N": 2, "T": 5, "I": 3, "H": 2},
    {"N": 1, "T": 1, "I": 1, "H": 1},
)
def qrnn_fo(x, Wz, Wf, Wo):
    late = torch.cat([torch.zeros_like(x[:, :1]), x[:, :-1]], 1)
    z = torch.tanh(x @ Wz[0] + late @ Wz[1])
    f, o = torch.sigmoid(x @ Wf[0] + late @ Wf[1]), torch.sigmoid(x @ Wo[0] + late @ Wo[1])
    c, cs = torch.zeros_like(z[:, 0]), []
    for t in range(x.shape[1]):
        c = f[:, t] * c + (1 - f[:, t]) * z[:, t]
        cs.append(c)
    return o * torch.stack(cs, 1)


@layer(
    """
    layer: backward_rnn
    doc: A recurrence from the last step to the first, with a mask that holds the state over padding.
    inputs:
      x: [T, N, I]
      m: {shape: [T, N], dtype: bool}
    params: {W: [I, H], U: [H, H]}
    where:
      cand[t, n, k]: tanh(Sum(x[t, n, i]*W[i, k], i) + Sum(h[t + 1, n, j]*U[j, k], j))
      h[T, n, k]: 0
      h[t, n, k]: Piecewise((cand[t, n, k], m[t, n]), (h[t+1, n, k], True))
    outputs:
      first[n, k]: h[0, n, k]
      all_steps[t, n, k]: h[t, n, k]
    """,
    {"T": 5, "N": 3, "I": 2, "H": 2},
    {"T": 1, "N": 1, "I": 1, "H": 1},
)
def backward_rnn(x, m, W, U):
    h, hs = torch.zeros(x.shape[1], W.shape[1], dtype=x.dtype), []
    for t in reversed(range(len(x))):
        h = torch.where(m[t][:, None], torch.tanh(x[t] @ W + h @ U), h)
        hs.insert(0, h)
    return hs[0], torch.stack(hs)
