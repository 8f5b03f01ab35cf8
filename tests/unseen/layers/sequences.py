"""Recurrent cells and scans."""

import math

import torch

from tests.unseen.case import layer, positive, unit


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
    layer: mamba_scan
    doc: The selective state space scan (Gu & Dao 2023), A stored as its logarithm.
    inputs:
      u: [B, L, D]
      delta: [B, L, D]
      Bm: [B, L, N]
      Cm: [B, L, N]
    params:
      A_log: [D, N]
      skip: [D]
    where:
      dt[b, l, d]: softplus(delta[b, l, d])
      h[b, -1, d, n]: 0
      h[b, l, d, n]: exp(-exp(A_log[d, n])*dt[b, l, d])*h[b, l - 1, d, n] + dt[b, l, d]*Bm[b, l, n]*u[b, l, d]
    outputs:
      y[b, l, d]: Sum(h[b, l, d, n]*Cm[b, l, n], n) + skip[d]*u[b, l, d]
    """,
    {"B": 2, "L": 5, "D": 3, "N": 2},
    {"B": 1, "L": 1, "D": 1, "N": 1},
)
def mamba_scan(u, delta, Bm, Cm, A_log, skip):
    dt = torch.nn.functional.softplus(delta)
    h = torch.zeros(u.shape[0], u.shape[2], A_log.shape[1], dtype=u.dtype)
    ys = []
    for t in range(u.shape[1]):
        h = torch.exp(-A_log.exp() * dt[:, t, :, None]) * h + (dt[:, t] * u[:, t])[:, :, None] * Bm[:, t, None]
        ys.append((h * Cm[:, t, None]).sum(-1) + skip * u[:, t])
    return torch.stack(ys, 1)


@layer(
    """
    layer: s4d
    doc: A diagonal state space as the convolution with its kernel; real and imaginary parts.
    inputs: {x: [B, L]}
    params: {alpha: [N], omega: [N], c: [N]}
    where:
      K[j]: Sum(c[n]*exp(-exp(alpha[n])*j)*cos(omega[n]*j), n)
    indices: {j: L}
    outputs:
      y[b, l]: Sum(K[l - j]*x[b, j], (j, 0, l))
    """,
    {"B": 2, "L": 7, "N": 3},
    {"B": 1, "L": 1, "N": 1},
)
def s4d(x, alpha, omega, c):
    size = x.shape[1]
    j = torch.arange(size, dtype=x.dtype)
    kernel = (c[:, None] * torch.exp(-alpha.exp()[:, None] * j) * torch.cos(omega[:, None] * j)).sum(0)
    i = torch.arange(size)
    return x @ torch.where(i[:, None] <= i, kernel[(i - i[:, None]).clamp(min=0)], 0)


@layer(
    """
    layer: diagonal_ssm
    inputs: {u: [T]}
    params: {a: [S], b: [S], c: [S], d: []}
    where:
      s[-1, k]: 0
      s[t, k]: a[k]*s[t-1, k] + b[k]*u[t]
    outputs:
      y[t]: Sum(c[k]*s[t, k], k) + d*u[t]
    """,
    {"T": 7, "S": 3},
    {"T": 1, "S": 1},
    {"T": 2, "S": 5},
)
def diagonal_ssm(u, a, b, c, d):
    s, ys = torch.zeros_like(a), []
    for value in u:
        s = a * s + b * value
        ys.append((c * s).sum() + d * value)
    return torch.stack(ys)


@layer(
    """
    layer: retention
    doc: RetNet's recurrent form, a matrix state decayed at each step.
    inputs: {q: [T, D], k: [T, D], v: [T, E]}
    hyperparameters: {gamma: 0.9}
    where:
      S[-1, d, e]: 0
      S[t, d, e]: gamma*S[t - 1, d, e] + k[t, d]*v[t, e]
    outputs:
      y[t, e]: Sum(q[t, d]*S[t, d, e], d)
    """,
    {"T": 5, "D": 3, "E": 2},
    {"T": 1, "D": 1, "E": 1},
)
def retention(q, k, v, gamma=0.9):
    i = torch.arange(len(q), dtype=q.dtype)
    decay = torch.where(i[:, None] >= i, gamma ** (i[:, None] - i).clamp(min=0), 0)
    return (q @ k.T * decay) @ v


@layer(
    """
    layer: delta_rule
    doc: Fast weights with the delta rule.
    inputs: {q: [T, D], k: [T, D], v: [T, E], beta: [T]}
    where:
      W[-1, d, e]: 0
      W[t, d, e]: W[t-1, d, e] + beta[t]*k[t, d]*(v[t, e] - Sum(W[t-1, j, e]*k[t, j], j))
    outputs:
      y[t, e]: Sum(q[t, d]*W[t, d, e], d)
    """,
    {"T": 5, "D": 3, "E": 2},
    {"T": 1, "D": 2, "E": 1},
    beta=unit,
)
def delta_rule(q, k, v, beta):
    w, ys = torch.zeros(q.shape[1], v.shape[1], dtype=q.dtype), []
    for t in range(len(q)):
        w = w + beta[t] * torch.outer(k[t], v[t] - k[t] @ w)
        ys.append(q[t] @ w)
    return torch.stack(ys)


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


@layer(
    """
    layer: arma
    doc: An autoregressive moving average of orders 2 and 1, zero before the start.
    inputs: {e: [N, T]}
    params: {phi: [2], theta: [], mu: []}
    where:
      y[n, -2]: 0
      y[n, -1]: 0
      y[n, t]: mu + phi[0]*y[n, t - 1] + phi[1]*y[n, t - 2] + e[n, t] + Piecewise((theta*e[n, t - 1], t >= 1), (0, True))
    outputs:
      series[n, t]: y[n, t]
    """,
    {"N": 2, "T": 7},
    {"N": 1, "T": 1},
    {"N": 3, "T": 2},
)
def arma(e, phi, theta, mu):
    ys = [torch.zeros_like(e[:, 0])] * 2
    for t in range(e.shape[1]):
        before = theta * e[:, t - 1] if t else 0
        ys.append(mu + phi[0] * ys[-1] + phi[1] * ys[-2] + e[:, t] + before)
    return torch.stack(ys[2:], 1)


@layer(
    """
    layer: garch
    doc: Gaussian log-likelihood of returns under GARCH(1, 1), the variance started at the sample's.
    inputs: {r: [T]}
    params: {omega: [], alpha: [], beta: []}
    where:
      v[0]: Mean(r[t]**2, t)
      v[t]: omega + alpha*r[t - 1]**2 + beta*v[t - 1]
    outputs:
      nll: Sum(log(2*pi) + log(v[t]) + r[t]**2/v[t], t)/2
    """,
    {"T": 7},
    {"T": 1},
    {"T": 2},
    omega=unit,
    alpha=unit,
    beta=unit,
)
def garch(r, omega, alpha, beta):
    v = [(r**2).mean()]
    for value in r[:-1]:
        v.append(omega + alpha * value**2 + beta * v[-1])
    v = torch.stack(v)
    return (math.log(2 * math.pi) + v.log() + r**2 / v).sum() / 2


@layer(
    """
    layer: holt_winters
    doc: Double exponential smoothing; level and trend recur together.
    inputs: {x: [T]}
    params: {a: [], b: []}
    where:
      level[0]: x[0]
      trend[0]: x[1] - x[0]
      level[t]: a*x[t] + (1 - a)*(level[t-1] + trend[t-1])
      trend[t]: b*(level[t] - level[t-1]) + (1 - b)*trend[t-1]
    outputs:
      forecast[t]: level[t] + trend[t]
    """,
    {"T": 7},
    {"T": 2},
    {"T": 3},
    a=unit,
    b=unit,
)
def holt_winters(x, a, b):
    level, trend = x[0], x[1] - x[0]
    out = [level + trend]
    for value in x[1:]:
        before = level
        level = a * value + (1 - a) * (level + trend)
        trend = b * (level - before) + (1 - b) * trend
        out.append(level + trend)
    return torch.stack(out)


@layer(
    """
    layer: rk4
    doc: Steps of the classical Runge-Kutta method through dy/dt = tanh(y W) - y.
    inputs: {y0: [N, D]}
    params: {W: [D, D]}
    hyperparameters: {h: 0.1, steps: 4}
    indices: {s: steps}
    where:
      y[-1, n, d]: y0[n, d]
      k1[s, n, d]: tanh(Sum(y[s-1, n, j]*W[j, d], j)) - y[s-1, n, d]
      k2[s, n, d]: tanh(Sum((y[s-1, n, j] + h*k1[s, n, j]/2)*W[j, d], j)) - y[s-1, n, d] - h*k1[s, n, d]/2
      k3[s, n, d]: tanh(Sum((y[s-1, n, j] + h*k2[s, n, j]/2)*W[j, d], j)) - y[s-1, n, d] - h*k2[s, n, d]/2
      k4[s, n, d]: tanh(Sum((y[s-1, n, j] + h*k3[s, n, j])*W[j, d], j)) - y[s-1, n, d] - h*k3[s, n, d]
      y[s, n, d]: y[s-1, n, d] + h/6*(k1[s, n, d] + 2*k2[s, n, d] + 2*k3[s, n, d] + k4[s, n, d])
    outputs:
      out[n, d]: y[steps - 1, n, d]
    """,
    {"N": 3, "D": 2},
    {"N": 1, "D": 1},
)
def rk4(y0, W):
    def slope(y):
        return torch.tanh(y @ W) - y

    y, h = y0, 0.1
    for _ in range(4):
        k1 = slope(y)
        k2 = slope(y + h * k1 / 2)
        k3 = slope(y + h * k2 / 2)
        k4 = slope(y + h * k3)
        y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


@layer(
    """
    layer: verlet
    doc: Leapfrog through a quartic potential with forces in pairs of a chain.
    inputs: {q0: [P], p0: [P]}
    params: {kappa: []}
    hyperparameters: {dt: 0.05, steps: 3}
    indices: {s: steps}
    where:
      q[-1, i]: q0[i]
      p[-1, i]: p0[i]
      half[s, i]: p[s-1, i] - dt/2*(kappa*q[s-1, i]**3 + q[s-1, i])
      q[s, i]: q[s-1, i] + dt*half[s, i]
      p[s, i]: half[s, i] - dt/2*(kappa*q[s, i]**3 + q[s, i])
    outputs:
      q_end[i]: q[steps - 1, i]
      p_end[i]: p[steps - 1, i]
      energy: Sum(p_end[i]**2/2 + q_end[i]**2/2 + kappa*q_end[i]**4/4, i)
    """,
    {"P": 5},
    {"P": 1},
)
def verlet(q0, p0, kappa):
    q, p, dt = q0, p0, 0.05
    for _ in range(3):
        half = p - dt / 2 * (kappa * q**3 + q)
        q = q + dt * half
        p = half - dt / 2 * (kappa * q**3 + q)
    return q, p, (p**2 / 2 + q**2 / 2 + kappa * q**4 / 4).sum()


@layer(
    """
    layer: lottka
    doc: Lotka-Volterra by Euler steps with rates that are learned.
    inputs: {u0: [], w0: []}
    params: {rate: [4]}
    hyperparameters: {dt: 1e-2, n_steps: 5}
    indices: {t: n_steps}
    where:
      u[t]: Piecewise((u0, t <= 0), (u[t-1] + dt*(rate[0]*u[t-1] - rate[1]*u[t-1]*w[t-1]), True))
      w[t]: Piecewise((w0, t <= 0), (w[t-1] + dt*(rate[2]*u[t-1]*w[t-1] - rate[3]*w[t-1]), True))
    outputs:
      prey[t]: u[t]
      predators[t]: w[t]
    """,
    {},
    rate=positive,
    u0=positive,
    w0=positive,
)
def lotka_volterra(u0, w0, rate):
    u, w = [u0], [w0]
    for _ in range(4):
        a, b = u[-1], w[-1]
        u.append(a + 0.01 * (rate[0] * a - rate[1] * a * b))
        w.append(b + 0.01 * (rate[2] * a * b - rate[3] * b))
    return torch.stack(u), torch.stack(w)
