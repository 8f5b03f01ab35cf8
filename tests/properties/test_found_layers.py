"""Layers that random search found to be wrong once, each made as small as its fault allowed, against the oracle."""

from __future__ import annotations

import numpy as np
import pytest

import symback
from tests.oracle import read_text
from tests.oracle.arithmetic import MACHINE
from tests.oracle.document import parse_expression
from tests.oracle.elements import Scope, element
from tests.properties.case import Case
from tests.properties.judge import judge

FOUND: dict[str, tuple[dict[str, int], str]] = {}


def found(name: str, text: str, **sizes: int) -> None:
    FOUND[name] = (sizes, f"layer: found\n{text}")


def case_of(text: str, sizes: dict[str, int]) -> Case:
    """The layer with arrays of these sizes; positive ones, so that functions are defined."""
    rng = np.random.default_rng(0)
    arrays = {}
    for d in read_text(text).tensors.values():
        shape = [_size(s, sizes) for s in d.shape]
        if d.kind == "int":
            arrays[d.name] = rng.integers(0, _size(d.values, sizes), shape)
        elif d.kind == "bool":
            arrays[d.name] = rng.random(shape) < 0.6
        else:
            arrays[d.name] = rng.uniform(0.5, 2.0, shape)
    return Case(text, {n: np.asarray(a) for n, a in arrays.items()})


def _size(text: str, sizes: dict[str, int]) -> int:
    f, _ = element(parse_expression(text), Scope(MACHINE, sizes, lambda n: None, lambda n: 0, frozenset()))
    return f({})


for axis in ("i_", "floor(i_)"):
    found(
        f"a root of padding at {axis}",
        "inputs:\n  x: {shape: [I, I], outside: 0}\nindices: {i: I, i_: I}\noutputs:\n  y[i, i_]: x[2*i, " + axis + "]**(1/3)\n",
        I=3,
    )
found(
    "a cotangent of 0 over padding",
    "inputs: {x: [N], w: {shape: [N], outside: 0}}\nindices: {n: N}\noutputs:\n  y[n]: sigmoid(x[n]/w[n - 1])\n",
    N=3,
)
found(
    "a function of a reciprocal of padding",
    "inputs: {x: [N], w: {shape: [N], outside: 0}}\nindices: {n: N}\noutputs:\n  y[n]: tanh(1/w[n - 1]**2)*x[n]\n",
    N=3,
)
found("a logarithm of padding", "inputs: {x: {shape: [N], outside: 0}}\nindices: {n: N}\noutputs:\n  y[n]: tanh(log(x[n - 1]))\n", N=3)
found("a running log-sum-exp of one axis", "inputs: {w: [S]}\nindices: {s: S}\noutputs:\n  y[s]: LogSumExp(w[s] + w[k], (k, 0, s))\n", S=3)
found("a log-sum-exp that counts an idle index", "params: {w: [N]}\nindices: {m: N}\noutputs:\n  y: LogSumExp(w[n], n, m)\n", N=3)
found(
    "a softmax over two indices of which one is idle",
    "params: {w: [N]}\nindices: {n: N, m: N}\noutputs:\n  y[n, m]: Softmax(w[n], n, m)\n",
    N=3,
)
found(
    "a log-sum-exp up to a label within a recurrence",
    "inputs: {t: {shape: [I], values: I}, x: [I]}\noutputs:\n  h[I - 1]: 0\n  h[i]: h[i + 1] + LogSumExp(x[1], (j, 0, t[i]))\n",
    I=3,
)
found(
    "a recurrence whose first step is its last",
    "inputs: {x: [N], w: [N]}\nindices: {n: N}\noutputs:\n  h[0]: 0\n  h[n]: h[n - 1]*w[n] + x[n]\n",
    N=1,
)
found(
    "windows of no step of a recurrence",
    "inputs:\n  x: {shape: [C], outside: 0}\nparams: {w: [H], v: [C]}\noutputs:\n  h[0, i]: w[i]\n  h[c, i]: Sum(h[c - 1, j], j)*x[c - 1 + i]*v[c]\n",
    C=1,
    H=3,
)
found(
    "guarded padding within a recurrence",
    "inputs:\n  x: {shape: [Q], outside: 0}\n  m: {shape: [Q, C], dtype: bool}\noutputs:\n  h[-1, c]: 1\n  h[q, c]: h[q - 1, c] + Piecewise((x[q + 1], m[q, c]), (0, True))\n",
    Q=3,
    C=4,
)
found(
    "a case that is the same along a range as long as the step",
    "inputs: {x: [I], m: {shape: [D, D], dtype: bool}}\noutputs:\n  h[D]: 1\n  h[d]: h[d + 1] + Sum(Piecewise((x[0], Eq(d, 0)), (1, m[d, e]), (0, True)), (e, 0, d))\n",
    I=2,
    D=3,
)
found(
    "a switch with axes",
    "inputs: {x: [D]}\nparams: {w: [S]}\nhyperparameters: {strict: false}\nindices: {s: S, d: D}\nwhere:\n  on[s, d]: strict\noutputs:\n  y[s, d]: Piecewise((x[d], on[s, d]), (w[s], True))\n",
    S=2,
    D=3,
)
found(
    "a value normalised by its own earlier steps",
    "inputs: {x: [N, N], w: [S]}\noutputs:\n  h[-1, n]: 1\n  h[s, n]: Sum(h[s - 1, m], m)/Sum(h[s - 1, m]*x[m, k], m, k)*w[s]\n",
    N=2,
    S=3,
)
found(
    "a recurrence along an axis of a given number",
    "inputs: {x: [3], w: [N]}\nindices: {n: N}\noutputs:\n  h[n, -1]: 1\n  h[n, k]: x[k]*h[n, k - 1] + w[n]\n",
    N=2,
)
found(
    "a step that is kept above 0",
    "inputs: {x: [H], v: [H]}\noutputs:\n  r[-1, i]: v[i]\n  r[h, i]: r[h - 1, i]*x[h] + tanh(v[Max(h - 1, 0)])\n",
    H=3,
)
found(
    "a switch that may give a number for a value without axes",
    "inputs: {x: []}\nhyperparameters: {gentle: false}\noutputs:\n  y: gentle*x\n",
)
found(
    "a kernel of which each tap adds to all",
    "inputs: {x: [H, H, Q, Q], b: [H]}\nparams: {w: [H, H, H]}\noutputs:\n  y: depthwise_conv2d(x, w, b)\n",
    H=2,
    Q=3,
)
found(
    "an accumulation of a given length", "inputs:\n  x: [3, 3]\nindices: {k: 3, i: 3}\noutputs:\n  y[k]: Sum(x[k, j], (j, 0, i - 1), i)\n"
)
found(
    "a masked whole sum over earlier steps",
    "inputs: {x: [N, N], b: [N]}\noutputs:\n  z[i]: b[i] - Sum(Piecewise((x[i, j]*z[j], j < i), (0, True)), j)\n",
    N=3,
)
found(
    "a masked whole sum over later steps",
    "inputs: {x: [N, N], b: [N]}\noutputs:\n  z[i]: b[i] - Sum(Piecewise((x[i, j]*z[j], j > i), (0, True)), j)\n",
    N=3,
)
found("back substitution", "inputs: {x: [N, N], b: [N]}\noutputs:\n  z[i]: b[i] - Sum(x[i, j]*z[j], (j, i + 1, N - 1))\n", N=3)
found(
    "a value of which a logarithm of a negative number stays unread",
    "inputs: {x: [D, D], w: [D], v: [Q]}\nindices: {q: Q}\nwhere:\n  z[d]: log(w[d] - 1) - Sum(x[d, e]*z[e], (e, 0, d - 1))\noutputs:\n  y[d, q]: Piecewise((v[q], q <= d), (z[d], True))\n",
    D=3,
    Q=1,
)
found(
    "a walk of integers",
    "inputs: {x: [N, C], t: {shape: [N], values: C}, w: [C]}\nwhere:\n  b[-1]: 0\n  b[n]: (b[n - 1] + t[n]) % C\noutputs:\n  y[n]: w[b[n]]*x[n, 0]\n",
    N=3,
    C=4,
)
found(
    "part of a softmax is not a total probability",
    "inputs: {x: [I], g: [I]}\nindices: {i: I}\nwhere:\n  p[k]: Softmax(x[k], k)\n  q[k]: Softmax(g[k], k)\noutputs:\n"
    "  a[i]: Sum(exp(x[k])/Sum(exp(x[j]), j), (k, i, I - 1))\n  b[i]: g[i] - Sum(p[k]*g[k], (k, 0, i))\n"
    "  c: Sum(p[k]*g[k], (k, 1, I - 1)) - Sum(q[k]*g[k], (k, 1, I - 1))\n",
    I=4,
)
found(
    "reductions between two indices",
    "inputs: {a: [T], x: [T, D], b: [T, T]}\nindices: {s: T, t: T}\noutputs:\n  y[t, s]: Sum(a[r], (r, s + 1, t))\n"
    "  z[t, s, d]: Prod(x[r, d], (r, t, s))\n  m[t, s]: Piecewise((Amax(a[r], (r, s, t)), s <= t), (0, True))\n"
    "  l[t, s]: Piecewise((LogSumExp(a[r], (r, s, t)), s <= t), (0, True))\n  v[t]: Sum(a[r]*b[r, t], (r, 1, t))\n"
    "  u[t, s]: Sum(b[r, p]*x[r, d]*x[p, d], (r, t, T - 1), (p, 0, s - 1), d)\n  e: Sum(a[r]*a[p], (r, p + 1, T - 1), p)\n",
    T=4,
    D=2,
)
found(
    "log-sum-exps over labels",
    "inputs: {s: [E, H], t: {shape: [E], values: N}, b: [N, H], m: {shape: [E], dtype: bool}}\nindices: {n: N}\nwhere:\n"
    "  u[e, h]: Piecewise((s[e, h], m[e]), (-oo, True))\n  L[n, h]: LogSumExp(Piecewise((u[e, h], Eq(t[e], n)), (-oo, True)), e)\n"
    "  k[n, h]: LogSumExp(Piecewise((s[e, h], Eq(t[e], n)), (-oo, True)), e)\noutputs:\n"
    "  p[e, h]: Piecewise((exp(u[e, h] - L[t[e], h]), m[e]), (0, True))\n  q[e, h]: (s[e, h] - k[t[e], h])*b[t[e], h]\n"
    "  z[n]: Sum(b[n, h]*Piecewise((L[n, h], L[n, h] > -oo), (0, True)), h)\n",
    E=7,
    H=2,
    N=4,
)
found(
    "sums over what bears the same label",
    "inputs: {s: [E, K], t: {shape: [E], values: N}, b: [N]}\noutputs:\n  c[e]: Sum(Eq(t[f], t[e]), f)*s[e, 0]\n"
    "  y[e, k]: Sum(Piecewise((s[f, k]*s[f, 0], Eq(t[f], t[e])), (0, True)), f)*b[t[e]]\n",
    E=6,
    K=2,
    N=3,
)
found(
    "an extremum of a constant picks for every index",
    "inputs: {x: [3]}\noutputs:\n  y[k]: x[Argmax(x[k], (j, 0, 3))]\n",
)

found(
    "exponentials that truth values leave out of a sum",
    "inputs: {z: [N, N], w: [N], m: {shape: [N, N], dtype: bool}}\nindices: {i: N}\nwhere:\n  e[i, j]: (j <= i)*exp(z[i, j])\n"
    "  p[i, j]: m[i, j]*exp(z[i, j])/Sum(m[i, k]*exp(z[i, k]), k)\noutputs:\n  y[i]: Sum(e[i, j]*w[j], j)/Sum(e[i, j], j)\n"
    "  l[i]: log(Sum((j <= i)*exp(z[i, j]), j))\n  s[i]: Sum((j != i)*exp(z[i, j]), j)\n  q[i, j]: Piecewise((p[i, j]*w[j], m[i, j]), (0, True))\n",
    N=4,
)


def test_a_softmax_written_with_truth_values_as_factors_does_not_overflow():
    text = "layer: a\ninputs: {z: [K], m: {shape: [K], dtype: bool}}\noutputs:\n  y[k]: m[k]*exp(z[k])/Sum(m[j]*exp(z[j]), j)\n"
    module = symback.compile(symback.loads(text)).load()
    z, m = np.array([1000.0, 999.0, 5000.0]), np.array([True, True, False])
    y, cache = module.forward(z, m)
    np.testing.assert_allclose(y, [1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 0])
    np.testing.assert_allclose(module.backward(cache, np.array([1.0, 0, 0])).z, y[0] * y[1] * np.array([1, -1, 0]), rtol=1e-12)


found(
    "values of one axis added at places of two",
    "inputs: {x: [S, Q], w: [Q], v: [H]}\nindices: {h: H, q: Q}\noutputs:\n  y[h]: Sum(x[1, a]*w[Abs(q - a)], q, a)\n  z: Sum(v[h], h)\n",
    S=2,
    Q=5,
    H=3,
)
found(
    "a limit that a sum over a window has from outside",
    "inputs: {x: {shape: [N], outside: 0}, w: [E]}\nindices: {n: N}\noutputs:\n  y[n]: Sum(Sum(x[n + e]*w[e], e), (m, n, N))\n",
    N=4,
    E=2,
)
found(
    "extrema over ranges of which some hold nothing",
    "inputs: {x: [D, D], w: [D, 2*D]}\nindices: {c: D}\noutputs:\n  y[d, e]: Sum(Amax(Sum(x[e, b]*w[d, a], c), (b, a, D - 1)), (a, 0, d))\n",
    D=3,
)
found(
    "a mask that is read where another condition holds",
    "inputs: {t: {shape: [S], values: S}}\nparams: {w: [S]}\nindices: {j: S}\n"
    "outputs:\n  on[s, j]: Ne(t[s], s)\n  y[s, j]: on[s, j]*(KroneckerDelta(j, s + 1)*w[s])\n",
    S=3,
)
found(
    "a minus before a condition on two axes",
    "params: {w: [N, I, I]}\noutputs:\n  y[n, i, j]: 1 - Piecewise((1, Eq(i, 0)), (w[n, i, j], Ne(i, j)), (1, True))\n",
    N=2,
    I=3,
)
found(
    "x log x at the first step of a loop only",
    "inputs: {x: [], w: [C]}\noutputs:\n  h[c]: Piecewise((x*log(x), Eq(c, C - 1)), (h[c + 1] + w[c], True))\n",
    C=3,
)

found(
    "a softmax over part of a range gives its index the range of what it reads",
    "inputs: {x: [N, S, S]}\noutputs:\n  y[n, s]: Sum(Softmax(Softmax(x[n, s, k], k), (k, 0, s))*k, k)\n",
    N=2,
    S=3,
)

found(
    "a coefficient of a recurrence that a case distinction starts",
    "inputs: {x: [2*N + 1], w: [H], z: [N]}\nindices: {n: N}\noutputs:\n"
    "  h[n, k]: Piecewise((w[k], Eq(n, 0)), (x[n]*h[n - 1, k] + w[k], True))\n  q: Sum(z[n], n)\n",
    N=3,
    H=2,
)
found(
    "a read that one loop moves up and another down",
    "inputs:\n  x: {shape: [H, S], outside: 0}\nindices: {s: S, h: H}\noutputs:\n  r[-1, s]: 0\n  r[h, -1]: 0\n"
    "  r[h, s]: r[h - 1, s] + r[h, s - 1] + x[h, S - s + h]\n",
    H=3,
    S=2,
)
found(
    "a draw of which nothing is left, before another one",
    'inputs: {x: [N]}\nrandom:\n  a: {shape: [N], dist: "bernoulli(0.3)"}\n  b: {shape: [N], dist: "uniform(-1, 2)"}\n'
    "outputs:\n  y[n]: x[n] + (x[n] - x[n])*a[n]\n  z[n]: x[n]*b[n]\n",
    N=3,
)
found(
    "a function that overflows where the oracle reads the whole tensor",
    "inputs: {x: [N]}\nhyperparameters: {eps: 1e-3}\noutputs:\n  y: mish(x/eps)\n",
    N=3,
)
found(
    "padding that is read at given places",
    "inputs: {x: {shape: [N, C], outside: 0}, w: [N], v: [C]}\noutputs:\n  p[n]: Sum(x[2, c]*v[c], c)*w[n]\n  q[c]: x[-1, c]*v[c]\n"
    "  r[n]: LogSumExp(x[N, c]*v[c], c)*w[n]\n  s: LogSumExp(x[N, c], c)\n  y[n]: (x[n, N - 3] + x[n, C])*w[n]\n  z: x[N - 1, 0] + x[0, 4]*x[0, 0]\n",
    N=2,
    C=4,
)
found(
    "which taps have the least of sums that other factors leave otherwise",
    "inputs: {u: [H, E], t: {shape: [C], values: H}, x: [C, C], a: [C], b: {shape: [C], values: C}, z: [5*C, H]}\nparams: {w: [C, C, C]}\n"
    "outputs:\n  y[c]: Amin(Sum(x[d, Argmin(u[h, t[e]//2], e)]*a[d]*w[b[c], d, 1]*z[d + c, h], h), d)\n",
    H=5,
    E=3,
    C=6,
)
found(
    "a stretch of a start of a recurrence",
    "inputs: {x: [3, Q], w: [3], v: [S]}\noutputs:\n  h[-1, k, q]: Piecewise((w[k - 2], 0 <= k - 2 <= 3), (x[k, q], True))\n"
    "  h[s, k, q]: Sum(h[s - 1, k, p], p) + v[s]\n",
    Q=2,
    S=2,
)
found(
    "a count of a range from a label on, in the steps after the first",
    "inputs: {x: [H, H], t: {shape: [H], values: 2}}\noutputs:\n"
    "  y[h]: Piecewise((1, Eq(h, 0)), (y[h - 1] + Mean(x[h, k], (k, t[h], 1)), True))\n",
    H=3,
)
found(
    "positions over one more step than momenta",
    "inputs: {q0: [N], p0: [N], f: [T, N]}\nparams: {W: [N, N]}\nindices: {t: T + 1, s: T}\noutputs:\n  q[0, n]: q0[n]\n"
    "  q[t, n]: q[t - 1, n] + 0.1*p[t - 1, n]\n"
    "  p[s, n]: Piecewise((p0[n], Eq(s, 0)), (p[s - 1, n] - 0.1*tanh(Sum(W[n, k]*q[s, k], k)) + f[s, n], True))\n",
    T=4,
    N=3,
)
found(
    "a recurrence from the end of which one value has a step more",
    "inputs: {x: [T, D], z: [T + 1, D]}\nindices: {t: T, u: T + 1}\noutputs:\n  a[T, d]: 0\n  a[t, d]: 0.5*b[t + 1, d] + x[t, d]\n"
    "  b[T + 1, d]: 1\n  b[u, d]: tanh(z[u, d])*Piecewise((a[u + 1, d], u < T), (1, True))\n",
    T=3,
    D=2,
)
found(
    "two tables of dynamic programming of which one has a row more",
    "inputs: {e: [N, M], g: [N + 1, M]}\nindices: {i: N, k: N + 1}\nwhere:\n  r[-1, j]: 0\n  r[i, -1]: 0\n"
    "  r[i, j]: log(exp(r[i - 1, j]) + exp(q[i, j - 1]) + exp(r[i, j - 1])) + e[i, j]\n  q[-1, j]: 0\n  q[k, -1]: 1\n"
    "  q[k, j]: 0.3*q[k - 1, j] + 0.2*r[k - 1, j] + g[k, j]\noutputs:\n  y: r[N - 1, M - 1] + q[N, M - 1]\n",
    N=3,
    M=4,
)
found(
    "sums over stretches of one axis, by a mean",
    "inputs: {x: {shape: [C], outside: 0}, w: [C]}\noutputs:\n  y[c]: w[c]*Mean(x[d], (d, c // 2, c))\n",
    C=4,
)
found(
    "an idle index of the name of one with limits",
    "inputs: {x: [Q, Q], t: {shape: [Q], values: Q}}\noutputs:\n  y[q]: Sum(x[Argmin(LogSoftmax(x[q, p], p), (p, t[q], Q - 1)), q], p)\n",
    Q=3,
)
found(
    "a mean of zeros in a recurrence",
    "inputs: {x: [N, N], t: {shape: [S], values: 1, also: [-100]}, w: [1]}\nindices: {i: N}\noutputs:\n"
    "  z[i]: Mean(Piecewise((w[t[s]], Ne(t[s], -100) & (i < 0)), (0, True)), s) - 0.5*Sum(Piecewise((x[i, j]*z[j], j > i), (0, True)), j)\n",
    N=3,
    S=2,
)
found(
    "a value that may be no number where nothing reads it",
    "inputs: {t: {shape: [E], values: 3}, x: [I, 3 + E]}\nindices: {j: I, e: E}\nwhere:\n"
    "  v[i, e, f]: Amax(x[i, t[f]]/Sum(log(x[i, t[g]]), g), j)\n  on[e]: 1 >= v[0, e, e]\n"
    "outputs:\n  y[e]: Piecewise((0.9, ~on[e]), (v[I - 1, e, E - 1 - e], True))\n",
    I=2,
    E=3,
)
found(
    "a condition on the entry and on the sum of a softmax",
    "inputs: {x: [S]}\noutputs:\n  y[s]: Piecewise((1, Eq(s, 0)), (Softmax(sin(x[s]), s), True))\n",
    S=3,
)
found(
    "a condition on another element of what it lets through",
    "inputs: {x: [C], z: [C, C], w: [N, C]}\nwhere:\n  u[c]: x[c] - 1\n  v[c, d]: z[c, d] - 1\noutputs:\n"
    "  p[c]: Sum(Piecewise((u[d], u[c] > 0), (0, True)), d)\n  q[c, d]: Piecewise((v[c, d], v[d, c] > 0), (0, True))\n"
    "  r[c, d]: Piecewise((u[d], u[c] < 1/2), (u[c], True))\n  s[n, c]: Piecewise((x[c], w[n, c] < x[c]), (w[n, c], True))\n"
    "  y[c, d]: Piecewise((x[c], x[d] > z[c, d]), (0, True))\n",
    N=2,
    C=4,
)
found(
    "a cotangent that a switch makes 0 for all, and added to",
    "params: {w: [D]}\nhyperparameters: {gentle: true}\ndims: {P: D - 1}\nindices: {p: P}\n"
    "outputs:\n  y[p]: w[p]*Piecewise((Mean(w[d], d), not gentle), (0, True))\n",
    D=3,
)
found(
    "labels at which a loop reads, over a range that each step shortens",
    "inputs: {t: {shape: [D], values: N}, x: [D, N, N + D - 1]}\noutputs:\n  s[-1, n]: 1\n"
    "  s[d, n]: s[d - 1, n] + Sum(x[d, n, t[k] + D - 1], (k, d, 1))\n",
    D=4,
    N=3,
)


def test_the_angle_of_parallel_unit_vectors_is_one_however_their_product_is_rounded():
    text = """
layer: a
inputs: {x: [N, D], w: [C, D]}
where:
  u[n, d]: x[n, d]/Norm(x[n, k], k)
  v[c, d]: w[c, d]/sqrt(Sum(w[c, k]**2, k))
  z[n, c]: Sum(u[n, d]*v[c, d], d)
outputs:
  y[n, c]: cos(acos(z[n, c]) + 0.3)
"""
    module = symback.compile(symback.loads(text)).load()
    w = np.random.default_rng(0).standard_normal((50, 5))
    for dtype, near in ((np.float32, 1e-3), (np.float64, 1e-7)):
        y, cache = module.forward(3 * w.astype(dtype), w.astype(dtype))
        np.testing.assert_allclose(np.diagonal(y), np.cos(0.3), atol=near)
        assert np.isfinite(module.backward(cache, np.ones_like(y)).x).all()


def test_a_factor_without_a_value_beside_a_mask_that_leaves_all_out_is_no_fault_of_a_rule():
    text = """
layer: a
inputs:
  t: {shape: [H], values: H, also: [-100]}
  a: [H]
  b: {shape: [I], outside: 0}
  c: [H]
  d: [H + step]
hyperparameters: {step: 2}
dims: {P: (I + 2 - H + H)//2}
indices: {p: P, h: H, i: I}
where:
  v[i, h]: Sum(a[t[k]], k)
  on[p, h]: v[1, h] < 0.3
outputs:
  y[p]: Sum(b[2]*c[k], k)
  z[p, h]: on[p, h]*asin(d[step])
"""
    assert "arcsin" in symback.compile(symback.loads(text)).source


found(
    "two values that recur together, whose cotangents begin alike",
    """
inputs: {x0: [D, D], x1: [D], z: [N]}
indices: {i: I, n: N}
dims: {I: D}
where:
  h0[-1, d, d_]: 1
  s0[-1, d, d_]: 0
  s0[i, d, d_]: h0[i - 1, d, d_] + x0[d, d_]
  h0[i, d, d_]: x1[d]*s0[i, d, d_]
outputs:
  v0[d, n]: z[n]*(h0[0, d, d] + s0[0, d, d])
""",
    D=2,
    N=3,
)


@pytest.mark.parametrize("name", FOUND)
def test_a_layer_that_was_wrong_once_agrees_with_the_oracle(name):
    sizes, text = FOUND[name]
    failure = judge(case_of(text, sizes))
    assert failure is None, f"{failure.kind}\n{failure.detail}"
