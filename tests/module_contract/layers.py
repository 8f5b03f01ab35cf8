"""Layers of many shapes, each with arrays, on which the promises are tried."""

from __future__ import annotations

import functools
from types import ModuleType

import numpy as np

import symback

LINEAR = """
layer: linear
inputs:
  x: [N, I]
params:
  W: [I, O]
  b: [O]
outputs:
  y[n, o]: Sum(x[n, i]*W[i, o], i) + b[o]
"""
CROSS_ENTROPY = """
layer: cross_entropy
inputs:
  z: [N, C]
  t: {shape: [N], values: C}
where:
  p[n, c]: exp(z[n, c])/Sum(exp(z[n, k]), k)
outputs:
  loss: -Mean(log(p[n, t[n]]), n)
"""
BATCHNORM = """
layer: batchnorm
inputs:
  x: [N, C]
params:
  gamma: {shape: [C], init: ones}
  beta: {shape: [C], init: zeros}
state:
  running_mean: {shape: [C], init: zeros}
  running_var: {shape: [C], init: ones}
hyperparameters:
  eps: 1e-5
  momentum: 0.1
where:
  m[c]: Mean(x[n, c], n)
  v[c]: Mean((x[n, c] - m[c])**2, n)
outputs:
  y[n, c]: gamma[c]*(x[n, c] - m[c])/sqrt(v[c] + eps) + beta[c]
update:
  running_mean[c]: (1 - momentum)*running_mean[c] + momentum*m[c]
  running_var[c]: (1 - momentum)*running_var[c] + momentum*v[c]
modes:
  eval:
    outputs:
      y[n, c]: gamma[c]*(x[n, c] - running_mean[c])/sqrt(running_var[c] + eps) + beta[c]
    update: {}
"""
ATTENTION = """
layer: attention
inputs:
  Q: [T, D]
  K: [S, D]
  V: [S, E]
  mask: {shape: [T, S], dtype: bool}
where:
  s[t, j]: Piecewise((Sum(Q[t, d]*K[j, d], d)/sqrt(D), mask[t, j]), (-oo, True))
  P[t, j]: Softmax(s[t, j], j)
outputs:
  y[t, e]: Sum(P[t, j]*V[j, e], j)
"""
CONVOLUTION = """
layer: convolution
inputs:
  x: {shape: [N, C, L], outside: 0}
params:
  f: [O, C, K]
hyperparameters:
  stride: 2
  pad: 1
dims:
  P: (L + 2*pad - K)//stride + 1
indices:
  p: P
outputs:
  y[n, o, p]: Sum(x[n, c, p*stride + k - pad]*f[o, c, k], c, k)
"""
RECURRENT = """
layer: recurrent
inputs:
  x: [T, N, I]
  h0: [N, D]
params:
  Wx: [I, D]
  Wh: [D, D]
where:
  h[-1, n, j]: h0[n, j]
  h[t, n, j]: tanh(Sum(x[t, n, i]*Wx[i, j], i) + Sum(h[t-1, n, k]*Wh[k, j], k))
outputs:
  last[n, j]: h[T-1, n, j]
  every[t, n, j]: h[t, n, j]
"""
EMBEDDING = """
layer: embedding
inputs:
  t: {shape: [N, S], values: V}
params:
  W: [V, D]
outputs:
  y[n, s, d]: W[t[n, s], d]
"""
BRANCHES = """
layer: branches
inputs:
  x: [N, C]
  w: [C]
hyperparameters:
  alpha: 0.3
where:
  r[n, c]: relu(x[n, c]*w[c])
  m[n]: Amax(x[n, c], c)
outputs:
  a[n, c]: Piecewise((sqrt(x[n, c]), x[n, c] > 0), (alpha*x[n, c], True)) + r[n, c]*m[n]
  s: Sum(r[n, c]**2 + Abs(x[n, c]), n, c)
"""
ANY_AXES = """
layer: rms
inputs:
  x: ["...", D]
params:
  w: [D]
hyperparameters:
  eps: 1e-5
outputs:
  y[..., d]: w[d]*x[..., d]/sqrt(Mean(x[..., k]**2, k) + eps)
"""
RUNNING = """
layer: running
inputs:
  x: [N, T]
indices:
  i: T
outputs:
  s[n, i]: Sum(x[n, j], (j, 0, i))
  l[n, i]: log(Sum(exp(x[n, j]), (j, 0, i)))
"""
SCALARS = """
layer: scalars
inputs:
  a: []
  x: [N]
params:
  g: []
outputs:
  y[n]: g*tanh(a*x[n])
  q: a**2*g
"""

LAYERS = {
    "linear": LINEAR, "cross_entropy": CROSS_ENTROPY, "batchnorm": BATCHNORM, "attention": ATTENTION, "convolution": CONVOLUTION, "recurrent": RECURRENT,
    "embedding": EMBEDDING, "branches": BRANCHES, "any_axes": ANY_AXES, "running": RUNNING, "scalars": SCALARS,
}  # fmt: skip


@functools.cache
def compiled(text: str) -> symback.Compiled:
    """The layer compiled, once a session."""
    return symback.compile(symback.loads(text))


@functools.cache
def module_of(text: str) -> ModuleType:
    """Its module, loaded."""
    return compiled(text).load()


def arrays(name: str, dtype=np.float64, seed: int = 0) -> dict[str, np.ndarray]:
    """Arguments for a layer of LAYERS, by name in the order of forward."""
    rng = np.random.default_rng(seed)

    def normal(*shape: int) -> np.ndarray:
        return np.asarray(rng.standard_normal(shape), dtype=dtype)

    def positive(*shape: int) -> np.ndarray:
        return np.asarray(rng.uniform(0.5, 1.5, shape), dtype=dtype)

    made = {
        "linear": lambda: {"x": normal(3, 4), "W": normal(4, 2), "b": normal(2)},
        "cross_entropy": lambda: {"z": normal(4, 3), "t": rng.integers(0, 3, 4)},
        "batchnorm": lambda: {
            "x": normal(5, 3),
            "gamma": positive(3),
            "beta": normal(3),
            "running_mean": normal(3),
            "running_var": positive(3),
        },
        "attention": lambda: {"Q": normal(3, 2), "K": normal(4, 2), "V": normal(4, 5), "mask": np.tile([True, True, False, True], (3, 1))},
        "convolution": lambda: {"x": normal(2, 3, 7), "f": normal(2, 3, 3)},
        "recurrent": lambda: {"x": normal(4, 2, 3), "h0": normal(2, 2), "Wx": normal(3, 2), "Wh": normal(2, 2)},
        "embedding": lambda: {"t": rng.integers(0, 3, (2, 5)), "W": normal(3, 4)},
        "branches": lambda: {"x": normal(3, 4), "w": normal(4)},
        "any_axes": lambda: {"x": normal(2, 3, 4), "w": normal(4)},
        "running": lambda: {"x": normal(2, 5)},
        "scalars": lambda: {"a": normal(), "x": normal(4), "g": normal()},
    }
    return made[name]()


def outputs_of(name: str, got: object) -> tuple[np.ndarray, ...]:
    """The outputs of what forward returned, always as a tuple."""
    first = got[0]
    return tuple(first) if isinstance(first, tuple) else (first,)


def ones_for(name: str, got: object, dtype=np.float64, seed: int = 5) -> list[np.ndarray]:
    """An upstream gradient for each output."""
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(np.shape(y)), dtype=dtype) for y in outputs_of(name, got)]


def run(name: str, values: dict[str, np.ndarray], dtype=np.float64):
    """(what forward returned, the gradients)."""
    module = module_of(LAYERS[name])
    got = module.forward(*values.values())
    return got, module.backward(got[1], *ones_for(name, got, dtype))
