"""Time series, filters and steps of differential equations."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from tests.unseen.case import layer, positive, unit


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


@layer(
    """
    layer: kalman1d
    doc: A scalar Kalman filter's means, variances and log-likelihood.
    inputs: {y: [T]}
    params: {a: [], q: [], r: [], m0: [], P0: []}
    where:
      m[-1]: m0
      P[-1]: P0
      mp[t]: a*m[t-1]
      Pp[t]: a**2*P[t-1] + q
      S[t]: Pp[t] + r
      K[t]: Pp[t]/S[t]
      v[t]: y[t] - mp[t]
      m[t]: mp[t] + K[t]*v[t]
      P[t]: (1 - K[t])*Pp[t]
    outputs:
      mean_[t]: m[t]
      ll: -Sum(log(2*pi*S[t]) + v[t]**2/S[t], t)/2
    """,
    {"T": 7},
    {"T": 1},
    q=positive,
    r=positive,
    P0=positive,
)
def kalman1d(y, a, q, r, m0, P0):
    m, p, means, ll = m0, P0, [], 0
    for value in y:
        mp, pp = a * m, a**2 * p + q
        s = pp + r
        v = value - mp
        m, p = mp + pp / s * v, (1 - pp / s) * pp
        means.append(m)
        ll = ll - (torch.log(2 * math.pi * s) + v**2 / s) / 2
    return torch.stack(means), ll


@layer(
    """
    layer: kalman_step
    doc: One update of a state by a scalar measurement.
    inputs: {m: [D], P: [D, D], h: [D], y: []}
    params: {r: []}
    where:
      Ph[i]: Sum(P[i, j]*h[j], j)
      s: Sum(h[i]*Ph[i], i) + r**2 + 1
      k[i]: Ph[i]/s
      e: y - Sum(h[i]*m[i], i)
    outputs:
      m1[i]: m[i] + k[i]*e
      P1[i, j]: P[i, j] - k[i]*Sum(h[l]*P[l, j], l)
    """,
    {"D": 3},
    {"D": 1},
    P=lambda rng, shape: np.eye(shape[0]) + 0.1 * rng.standard_normal(shape),
)
def kalman_step(m, P, h, y, r):
    s = h @ P @ h + r**2 + 1
    k = P @ h / s
    return m + k * (y - h @ m), P - torch.outer(k, h @ P)


@layer(
    """
    layer: lennard_jones
    doc: The energy of pairs i < j and its force on one more particle.
    inputs: {q: [P, 3]}
    params: {eps_: [], sig: []}
    where:
      d2[i, j]: Sum((q[i, c] - q[j, c])**2, c)
      u[i, j]: Piecewise((4*eps_*((sig**2/d2[i, j])**6 - (sig**2/d2[i, j])**3), i < j), (0, True))
    outputs:
      E: Sum(u[i, j], i, j)
    """,
    {"P": 4},
    {"P": 1},
    q=lambda rng, shape: rng.standard_normal(shape) + 2 * np.arange(shape[0])[:, None],
)
def lennard_jones(q, eps_, sig):
    d2 = ((q[:, None] - q) ** 2).sum(-1)
    upper = torch.triu(torch.ones_like(d2, dtype=torch.bool), 1)
    s = sig**2 / torch.where(upper, d2, 1)
    return torch.where(upper, 4 * eps_ * (s**6 - s**3), 0).sum()


@layer(
    """
    layer: heat_step
    doc: An explicit step of the heat equation, held at the ends, and its residual's energy.
    inputs: {u: [X, Y]}
    params: {kappa: []}
    indices: {i: X, j: Y, k: X - 1}
    where:
      lap[i, j]: Piecewise((u[i+1, j] + u[i-1, j] + u[i, j+1] + u[i, j-1] - 4*u[i, j], (0 < i < X - 1) & (0 < j) & (j < Y - 1)), (0, True))
      next[i, j]: u[i, j] + kappa*lap[i, j]
    outputs:
      v[i, j]: next[i, j]
      energy: Sum((u[k + 1, j] - u[k, j])**2, k, j)/2
    """,
    {"X": 5, "Y": 4},
    {"X": 1, "Y": 1},
    {"X": 3, "Y": 3},
)
def heat_step(u, kappa):
    lap = torch.zeros_like(u)
    if min(u.shape) > 2:
        inner = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2] - 4 * u[1:-1, 1:-1]
        lap = F.pad(inner, (1, 1, 1, 1))
    return u + kappa * lap, ((u[1:] - u[:-1]) ** 2).sum() / 2


@layer(
    """
    layer: policy
    doc: Advantage actor-critic with an entropy bonus; returns are discounted backward in time.
    inputs:
      logits: [T, A]
      v: [T]
      act: {shape: [T], values: A}
      rew: {shape: [T], grad: false}
    hyperparameters: {gamma: 0.9, ce: 0.01, cv: 0.5}
    where:
      R[T]: 0
      R[t]: rew[t] + gamma*R[t+1]
      lp[t, a]: LogSoftmax(logits[t, a], a)
      adv[t]: stop_gradient(R[t] - v[t])
    outputs:
      loss: Mean(-lp[t, act[t]]*adv[t] + cv*(R[t] - v[t])**2 + ce*Sum(exp(lp[t, a])*lp[t, a], a), t)
    """,
    {"T": 5, "A": 3},
    {"T": 1, "A": 1},
)
def policy(logits, v, act, rew):
    back, returns = torch.zeros((), dtype=v.dtype), []
    for r in rew.flip(0):
        back = r + 0.9 * back
        returns.insert(0, back)
    gap = torch.stack(returns) - v
    lp = torch.log_softmax(logits, 1)
    chosen = lp.gather(1, act[:, None])[:, 0]
    return (-chosen * gap.detach() + 0.5 * gap**2 + 0.01 * (lp.exp() * lp).sum(1)).mean()


@layer(
    """
    layer: leapfrog
    doc: Positions at T + 1 times and momenta between them, both returned.
    inputs: {q0: [N], p0: [N], f: [T, N]}
    params: {W: [N, N]}
    hyperparameters: {dt: 0.1}
    indices: {t: T + 1, s: T}
    outputs:
      q[0, n]: q0[n]
      q[t, n]: q[t - 1, n] + dt*p[t - 1, n]
      p[s, n]: Piecewise((p0[n] + f[0, n], Eq(s, 0)), (p[s - 1, n] - dt*tanh(Sum(W[n, k]*q[s, k], k)) + f[s, n], True))
    """,
    {"T": 4, "N": 3},
    {"T": 1, "N": 1},
)
def leapfrog(q0, p0, f, W, dt=0.1):
    q, p = [q0], []
    for s in range(len(f)):
        p.append((p0 if s == 0 else p[-1] - dt * torch.tanh(W @ q[s])) + f[s])
        q.append(q[s] + dt * p[s])
    return torch.stack(q), torch.stack(p)
