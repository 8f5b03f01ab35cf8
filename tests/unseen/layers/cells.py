"""Recurrent cells of the last ten years: gates that need no past, clocks, oscillators, liquid constants, memories of polynomials."""

import torch
import torch.nn.functional as F

from tests.unseen.case import layer, unit


@layer(
    """
    layer: min_lstm
    doc: Gates of the input alone, normalised to sum to 1 (Feng et al. 2024).
    inputs: {x: [T, N, I], h0: [N, J]}
    params: {Wf: [I, J], Wi: [I, J], Wh: [I, J]}
    where:
      f[t, n, j]: sigmoid(Sum(x[t, n, i]*Wf[i, j], i))
      g[t, n, j]: sigmoid(Sum(x[t, n, i]*Wi[i, j], i))
      h[-1, n, j]: h0[n, j]
      h[t, n, j]: (f[t, n, j]*h[t - 1, n, j] + g[t, n, j]*Sum(x[t, n, i]*Wh[i, j], i))/(f[t, n, j] + g[t, n, j])
    outputs:
      y[t, n, j]: h[t, n, j]
    """,
    {"T": 4, "N": 2, "I": 3, "J": 2},
    {"T": 1, "N": 1, "I": 1, "J": 1},
)
def min_lstm(x, h0, Wf, Wi, Wh):
    h, out = h0, []
    for row in x:
        f, i = torch.sigmoid(row @ Wf), torch.sigmoid(row @ Wi)
        h = (f * h + i * (row @ Wh)) / (f + i)
        out.append(h)
    return torch.stack(out)


@layer(
    """
    layer: simple_recurrent_unit
    doc: A light recurrence with a highway, its gates reading the cell elementwise (SRU, Lei et al. 2018).
    inputs: {x: [T, D], c0: [D]}
    params: {W: [D, 3, D], v: [2, D], b: [2, D]}
    where:
      u[t, g, d]: Sum(x[t, e]*W[e, g, d], e)
      c[-1, d]: c0[d]
      f[t, d]: sigmoid(u[t, 1, d] + v[0, d]*c[t - 1, d] + b[0, d])
      r[t, d]: sigmoid(u[t, 2, d] + v[1, d]*c[t - 1, d] + b[1, d])
      c[t, d]: f[t, d]*c[t - 1, d] + (1 - f[t, d])*u[t, 0, d]
    outputs:
      h[t, d]: r[t, d]*c[t, d] + (1 - r[t, d])*x[t, d]*sqrt(3)
      last[d]: c[T - 1, d]
    """,
    {"T": 4, "D": 3},
    {"T": 1, "D": 1},
)
def simple_recurrent_unit(x, c0, W, v, b):
    c, out = c0, []
    for row in x:
        u = torch.einsum("e,egd->gd", row, W)
        f, r = torch.sigmoid(u[1] + v[0] * c + b[0]), torch.sigmoid(u[2] + v[1] * c + b[1])
        c = f * c + (1 - f) * u[0]
        out.append(r * c + (1 - r) * row * 3**0.5)
    return torch.stack(out), c


@layer(
    """
    layer: clockwork
    doc: Groups of units that move only at their own period (Koutnik et al. 2014).
    inputs: {x: [T, I]}
    params: {Wx: [I, G, J], Wh: [G, J, G, J]}
    where:
      h[-1, g, j]: 0
      h[t, g, j]: Piecewise(
        (tanh(Sum(x[t, i]*Wx[i, g, j], i) + Sum(Wh[g, j, a, b]*h[t - 1, a, b], a, b)), Eq(t % 2**g, 0)), (h[t - 1, g, j], True))
    outputs:
      y[g, j]: h[T - 1, g, j]
    """,
    {"T": 6, "I": 2, "G": 3, "J": 2},
)
def clockwork(x, Wx, Wh):
    h = torch.zeros(Wx.shape[1:], dtype=x.dtype)
    for t, row in enumerate(x):
        new = torch.tanh(torch.einsum("i,igj->gj", row, Wx) + torch.einsum("gjab,ab->gj", Wh, h))
        turn = torch.tensor([[t % 2**g == 0] for g in range(len(h))])
        h = torch.where(turn, new, h)
    return h


@layer(
    """
    layer: phased_gate
    doc: A cell that is open in a part of its own oscillation, and leaks a little otherwise (Phased LSTM, Neil et al. 2016).
    inputs: {x: [T, J], times: {shape: [T], grad: false}}
    params: {tau: [J], shift: [J], open: [J]}
    hyperparameters: {leak: 0.001}
    where:
      turn[t, j]: (times[t] - shift[j])/tau[j]
      phase[t, j]: turn[t, j] - floor(turn[t, j])
      k[t, j]: Piecewise((2*phase[t, j]/open[j], phase[t, j] < open[j]/2), (2 - 2*phase[t, j]/open[j], phase[t, j] < open[j]), (leak*phase[t, j], True))
      c[-1, j]: 0
      c[t, j]: k[t, j]*tanh(x[t, j] + c[t - 1, j]) + (1 - k[t, j])*c[t - 1, j]
    outputs:
      y[t, j]: c[t, j]
    """,
    {"T": 5, "J": 3},
    times=lambda rng, shape: rng.uniform(0, 9, shape),
    tau=lambda rng, shape: rng.uniform(1, 3, shape),
    open=unit,
)
def phased_gate(x, times, tau, shift, open, leak=0.001):  # noqa: A002
    turn = (times[:, None] - shift) / tau
    phase = turn - turn.detach().floor()
    k = torch.where(phase < open / 2, 2 * phase / open, torch.where(phase < open, 2 - 2 * phase / open, leak * phase))
    c, out = torch.zeros_like(x[0]), []
    for row, gate in zip(x, k, strict=True):
        c = gate * torch.tanh(row + c) + (1 - gate) * c
        out.append(c)
    return torch.stack(out)


@layer(
    """
    layer: liquid_time_constant
    doc: A cell whose time constant the input changes, each step a few fused Euler steps (Hasani et al. 2021).
    inputs: {x: [T, I], h0: [J]}
    params: {W: [I, J], U: [J, J], b: [J], A: [J], tau: [J]}
    hyperparameters: {unfold: 2, dt: 0.1}
    dims: {S: T*unfold}
    indices: {t: T, s: S}
    where:
      h[-1, j]: h0[j]
      f[s, j]: sigmoid(Sum(x[s//unfold, i]*W[i, j], i) + Sum(h[s - 1, k]*U[k, j], k) + b[j])
      h[s, j]: (h[s - 1, j] + dt*f[s, j]*A[j])/(1 + dt*(1/softplus(tau[j]) + f[s, j]))
    outputs:
      y[t, j]: h[t*unfold + unfold - 1, j]
    """,
    {"T": 3, "I": 2, "J": 2},
)
def liquid_time_constant(x, h0, W, U, b, A, tau, unfold=2, dt=0.1):
    h, out = h0, []
    for row in x:
        for _ in range(unfold):
            f = torch.sigmoid(row @ W + h @ U + b)
            h = (h + dt * f * A) / (1 + dt * (1 / F.softplus(tau) + f))
        out.append(h)
    return torch.stack(out)


@layer(
    """
    layer: coupled_oscillators
    doc: Positions and velocities under a forcing that reads both (coRNN, Rusch & Mishra 2021).
    inputs: {x: [T, I]}
    params: {W: [J, J], Z: [J, J], V: [I, J], b: [J]}
    hyperparameters: {dt: 0.2, gamma: 1.5, eps: 0.7}
    where:
      y[-1, j]: 0
      z[-1, j]: 0
      z[t, j]: z[t - 1, j] + dt*(tanh(Sum(y[t - 1, k]*W[k, j], k) + Sum(z[t - 1, k]*Z[k, j], k) + Sum(x[t, i]*V[i, j], i) + b[j]) - gamma*y[t - 1, j] - eps*z[t - 1, j])
      y[t, j]: y[t - 1, j] + dt*z[t, j]
    outputs:
      path[t, j]: y[t, j]
    """,
    {"T": 4, "I": 2, "J": 3},
)
def coupled_oscillators(x, W, Z, V, b, dt=0.2, gamma=1.5, eps=0.7):
    y = z = torch.zeros(len(W), dtype=x.dtype)
    out = []
    for row in x:
        z = z + dt * (torch.tanh(y @ W + z @ Z + row @ V + b) - gamma * y - eps * z)
        y = y + dt * z
        out.append(y)
    return torch.stack(out)


@layer(
    """
    layer: legendre_memory
    doc: A linear memory of Legendre polynomials over a sliding window, its matrices written out (LMU, Voelker et al. 2019).
    inputs: {u: [T], x: [T, J]}
    params: {Wm: [J, K]}
    hyperparameters: {theta: 8.0}
    indices: {i: K, j: K, k: K}
    where:
      A[i, j]: (2*i + 1)/theta*Piecewise((-1, i < j), ((-1)**(i - j + 1), True))
      B[i]: (2*i + 1)*(-1)**i/theta
      m[-1, i]: 0
      m[t, i]: m[t - 1, i] + Sum(A[i, j]*m[t - 1, j], j) + B[i]*u[t]
    outputs:
      y[t, h]: tanh(x[t, h] + Sum(Wm[h, k]*m[t, k], k))
    """,
    {"T": 5, "J": 2, "K": 3},
    {"T": 1, "J": 1, "K": 1},
)
def legendre_memory(u, x, Wm, theta=8.0):
    order = Wm.shape[1]
    B = torch.tensor([(2 * i + 1) * (-1.0) ** i / theta for i in range(order)], dtype=u.dtype)
    A = torch.tensor(
        [[(2 * i + 1) / theta * (-1.0 if i < j else (-1.0) ** (i - j + 1)) for j in range(order)] for i in range(order)], dtype=u.dtype
    )
    m, out = torch.zeros(order, dtype=u.dtype), []
    for value, row in zip(u, x, strict=True):
        m = m + A @ m + B * value
        out.append(torch.tanh(row + Wm @ m))
    return torch.stack(out)


@layer(
    """
    layer: conv_lstm
    doc: An LSTM whose products are convolutions along a line, with peepholes (Shi et al. 2015).
    inputs: {x: {shape: [T, C, L], outside: 0}}
    params: {Wx: [4, J, C, 3], Wh: [4, J, J, 3], P: [3, J, L]}
    indices: {l: L, k: 3, g: 4}
    where:
      a[t, g, j, l]: Sum(Wx[g, j, q, k]*x[t, q, l + k - 1], q, k) + Sum(Piecewise((Wh[g, j, m, k]*h[t - 1, m, l + k - 1], 0 <= l + k - 1 < L), (0, True)), m, k)
      c[-1, j, l]: 0
      h[-1, j, l]: 0
      i[t, j, l]: sigmoid(a[t, 0, j, l] + P[0, j, l]*c[t - 1, j, l])
      f[t, j, l]: sigmoid(a[t, 1, j, l] + P[1, j, l]*c[t - 1, j, l])
      c[t, j, l]: f[t, j, l]*c[t - 1, j, l] + i[t, j, l]*tanh(a[t, 2, j, l])
      h[t, j, l]: sigmoid(a[t, 3, j, l] + P[2, j, l]*c[t, j, l])*tanh(c[t, j, l])
    outputs:
      y[j, l]: h[T - 1, j, l]
    """,
    {"T": 3, "C": 2, "L": 4, "J": 2},
)
def conv_lstm(x, Wx, Wh, P):
    gates, hidden, _, _ = Wx.shape
    c = h = torch.zeros(hidden, x.shape[2], dtype=x.dtype)
    for frame in x:
        a = F.conv1d(frame[None], Wx.flatten(0, 1), padding=1)[0] + F.conv1d(h[None], Wh.flatten(0, 1), padding=1)[0]
        a = a.reshape(gates, hidden, -1)
        i, f = torch.sigmoid(a[0] + P[0] * c), torch.sigmoid(a[1] + P[1] * c)
        c = f * c + i * torch.tanh(a[2])
        h = torch.sigmoid(a[3] + P[2] * c) * torch.tanh(c)
    return h


@layer(
    """
    layer: antisymmetric_cell
    doc: A stable cell whose matrix is antisymmetric but for a little friction (Chang et al. 2019).
    inputs: {x: [T, I]}
    params: {W: [J, J], V: [I, J], Vz: [I, J], b: [J]}
    hyperparameters: {gamma: 0.1, eps: 0.2}
    where:
      M[j, k]: W[j, k] - W[k, j] - gamma*KroneckerDelta(j, k)
      h[-1, j]: 0
      r[t, j]: Sum(M[j, k]*h[t - 1, k], k)
      h[t, j]: h[t - 1, j] + eps*sigmoid(r[t, j] + Sum(x[t, i]*Vz[i, j], i))*tanh(r[t, j] + Sum(x[t, i]*V[i, j], i) + b[j])
    outputs:
      y[j]: h[T - 1, j]
    """,
    {"T": 4, "I": 2, "J": 3},
)
def antisymmetric_cell(x, W, V, Vz, b, gamma=0.1, eps=0.2):
    M = W - W.T - gamma * torch.eye(len(W), dtype=x.dtype)
    h = torch.zeros(len(W), dtype=x.dtype)
    for row in x:
        r = M @ h
        h = h + eps * torch.sigmoid(r + row @ Vz) * torch.tanh(r + row @ V + b)
    return h


@layer(
    """
    layer: generalised_delta
    doc: A state that forgets by channel and along a removal key, and learns the value (RWKV-7's time mixing).
    inputs: {r: [T, D], w: [T, D], k: [T, D], v: [T, V], a: [T, D]}
    where:
      kk[t, d]: k[t, d]/Max(Norm(k[t, e], e), 1e-12)
      decay[t, d]: exp(-exp(-1/2)*sigmoid(w[t, d]))
      rate[t, d]: sigmoid(a[t, d])
      S[-1, u, d]: 0
      hit[t, u]: Sum(S[t - 1, u, d]*kk[t, d], d)
      S[t, u, d]: S[t - 1, u, d]*decay[t, d] - hit[t, u]*rate[t, d]*kk[t, d] + v[t, u]*k[t, d]
    outputs:
      y[t, u]: Sum(S[t, u, d]*r[t, d], d)
    """,
    {"T": 4, "D": 3, "V": 2},
    {"T": 1, "D": 1, "V": 1},
)
def generalised_delta(r, w, k, v, a):
    S, out = torch.zeros(v.shape[1], k.shape[1], dtype=k.dtype), []
    kk = F.normalize(k, dim=1, eps=1e-12)
    decay = torch.exp(-torch.exp(torch.tensor(-0.5, dtype=k.dtype)) * torch.sigmoid(w))
    for t in range(len(r)):
        S = S * decay[t] - torch.outer(S @ kk[t], torch.sigmoid(a[t]) * kk[t]) + torch.outer(v[t], k[t])
        out.append(S @ r[t])
    return torch.stack(out)


@layer(
    """
    layer: momentum_memory
    doc: A linear memory that learns at test time with momentum and forgetting (Titans, Behrouz et al. 2025).
    inputs: {q: [T, D], k: [T, D], v: [T, D], theta: [T], eta: [T], alpha: [T]}
    where:
      M[-1, i, j]: 0
      S[-1, i, j]: 0
      miss[t, i]: Sum(M[t - 1, i, j]*k[t, j], j) - v[t, i]
      S[t, i, j]: sigmoid(eta[t])*S[t - 1, i, j] - softplus(theta[t])*miss[t, i]*k[t, j]
      M[t, i, j]: (1 - sigmoid(alpha[t]))*M[t - 1, i, j] + S[t, i, j]
    outputs:
      y[t, i]: Sum(M[t, i, j]*q[t, j], j)
    """,
    {"T": 4, "D": 2},
    {"T": 1, "D": 1},
)
def momentum_memory(q, k, v, theta, eta, alpha):
    M = S = torch.zeros(q.shape[1], q.shape[1], dtype=q.dtype)
    out = []
    for t in range(len(q)):
        S = torch.sigmoid(eta[t]) * S - F.softplus(theta[t]) * torch.outer(M @ k[t] - v[t], k[t])
        M = (1 - torch.sigmoid(alpha[t])) * M + S
        out.append(M @ q[t])
    return torch.stack(out)


@layer(
    """
    layer: complex_scan
    doc: A diagonal state space of complex poles, discretised exactly, in real and imaginary parts (S5, Smith et al. 2023).
    inputs: {u: [T, H]}
    params: {re: [P], im: [P], step: [P], Br: [P, H], Bi: [P, H], Cr: [H, P], Ci: [H, P], D: [H]}
    where:
      lr[p]: -exp(re[p])
      dt[p]: exp(step[p])
      size[p]: exp(lr[p]*dt[p])
      ar[p]: size[p]*cos(im[p]*dt[p])
      ai[p]: size[p]*sin(im[p]*dt[p])
      den[p]: lr[p]**2 + im[p]**2
      gr[p]: ((ar[p] - 1)*lr[p] + ai[p]*im[p])/den[p]
      gi[p]: (ai[p]*lr[p] - (ar[p] - 1)*im[p])/den[p]
      vr[t, p]: Sum(Br[p, h]*u[t, h], h)
      vi[t, p]: Sum(Bi[p, h]*u[t, h], h)
      xr[-1, p]: 0
      xi[-1, p]: 0
      xr[t, p]: ar[p]*xr[t - 1, p] - ai[p]*xi[t - 1, p] + gr[p]*vr[t, p] - gi[p]*vi[t, p]
      xi[t, p]: ar[p]*xi[t - 1, p] + ai[p]*xr[t - 1, p] + gr[p]*vi[t, p] + gi[p]*vr[t, p]
    outputs:
      y[t, h]: 2*Sum(Cr[h, p]*xr[t, p] - Ci[h, p]*xi[t, p], p) + D[h]*u[t, h]
    """,
    {"T": 4, "H": 2, "P": 2},
    {"T": 1, "H": 1, "P": 1},
)
def complex_scan(u, re, im, step, Br, Bi, Cr, Ci, D):
    pole = torch.complex(-torch.exp(re), im)
    a = torch.exp(pole * torch.exp(step))
    g = (a - 1) / pole
    x, out = torch.zeros_like(pole), []
    for row in u:
        x = a * x + g * (torch.complex(Br, Bi) @ row.to(pole.dtype))
        out.append(2 * (torch.complex(Cr, Ci) @ x).real + D * row)
    return torch.stack(out)
