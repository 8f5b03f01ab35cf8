"""Further functions of a module, against differences of the ones that it has anyway."""

import textwrap

import numpy as np
import pytest

import symback
from symback.check import module as calls
from symback.check.points import accepted
from symback.core.diagnostics import LayerError

LAYERS = {
    "network": """
        inputs:
          x: [N, I]
          t: {shape: [N], values: C}
        params:
          W: [I, H]
          V: [H, C]
        where:
          a[n, k]: tanh(Sum(x[n, i]*W[i, k], i))
          z[n, c]: Sum(a[n, k]*V[k, c], k)
        outputs:
          loss: Mean(LogSumExp(z[n, c], c) - z[n, t[n]], n)
        """,
    "normalisation": """
        inputs:
          x: [..., D]
        params:
          g: [D]
        where:
          mu[...]: Mean(x[..., d], d)
          var[...]: Mean((x[..., d] - mu[...])**2, d)
        outputs:
          y[..., d]: g[d]*(x[..., d] - mu[...])/sqrt(var[...] + 0.1)
        """,
    "elementwise": """
        inputs:
          x: [N]
        hyperparameters:
          beta: 1.5
        outputs:
          y[n]: x[n]/(1 + exp(-beta*x[n]))
        """,
    "two outputs": """
        inputs:
          x: [N]
          z: [N]
        outputs:
          u[n]: sin(x[n])*z[n]
          v: Sum(x[n]**3*z[n], n)
        """,
    "convolution": """
        inputs:
          x: {shape: [L], outside: 0}
        params:
          w: [K]
        indices:
          i: L
        outputs:
          y[i]: Sum(x[i + k - 1]*w[k], k)**2
        """,
    "embedding": """
        inputs:
          ids: {shape: [N], values: V}
        params:
          E: [V, D]
        outputs:
          s: Sum(E[ids[n], d]**3, n, d)
        """,
    "ignored labels": """
        inputs:
          z: [N, C]
          t: {shape: [N], values: C, also: [-100]}
        outputs:
          loss: Sum(Piecewise((0, Eq(t[n], -100)), (LogSumExp(z[n, c], c) - z[n, t[n]], True)), n)
        """,
    "concatenation": """
        inputs:
          a: [N, A]
          b: [N, B]
        dims:
          C: A + B
        indices:
          k: C
        outputs:
          y[n, k]: Piecewise((a[n, k]**2, k < A), (sin(b[n, k - A]), True))
        """,
    "quadratic": """
        inputs:
          x: [D]
        params:
          A: [D, D]
        outputs:
          y: Sum(x[i]*A[i, j]*x[j], i, j)
        """,
    "linear": """
        inputs:
          x: [N]
        outputs:
          y[n]: 3*x[n]
        """,
    "recurrence": """
        inputs:
          x: [T, N]
          h0: [N]
        params:
          W: [N, N]
        where:
          h[-1, j]: h0[j]
          h[t, j]: tanh(x[t, j] + Sum(h[t-1, k]*W[k, j], k))
        outputs:
          last[j]: h[T-1, j]
          total: Sum(h[t, j]**2, t, j)
        """,
    "two recurrences": """
        inputs:
          x: [T]
          s: []
        where:
          a[-1]: s
          a[t]: sin(a[t-1])*x[t]
          b[T]: 1
          b[t]: b[t+1]*x[t] + a[t]
        outputs:
          y: Sum(b[t], t)
        """,
    "lags and partial sums": """
        inputs:
          x: [T]
        params:
          w: [T, T]
        where:
          z[i]: tanh(x[i] - Sum(w[i, j]*z[j], (j, 0, i - 1)))
          u[-2]: 1
          u[-1]: x[0]
          u[t]: u[t-1]*z[t] + exp(-u[t-2])
        outputs:
          y[t]: u[t]
        """,
    "modes": """
        inputs:
          x: [N]
        state:
          m: []
        where:
          mu: Mean(x[n], n)
        outputs:
          y[n]: exp(x[n] - mu)
        update:
          m: 0.9*m + 0.1*mu
        modes:
          eval:
            where:
              mu: m
            update: {}
        """,
}
STEP = 1e-5


class Case:
    """A compiled layer at a point with directions and upstream gradients."""

    def __init__(self, name, extras):
        text = "layer: a\n" + textwrap.dedent(LAYERS[name])
        compiled = symback.compile(symback.loads(text), with_=extras)
        self.program, self.module = compiled.program, compiled.load()
        self.point = accepted(self.program, self.module, 0)
        rng = np.random.default_rng(1)
        self.arguments = [calls.argument(self.program, t.name, self.point, np.float64) for t in self.program.tensors]
        self.at = {t.name: k for k, t in enumerate(self.program.tensors)}
        self.directions = {n: rng.normal(size=self.arguments[self.at[n]].shape) for n in self.program.wrt}
        outputs = self.forward(self.arguments)
        self.upstream = [rng.normal(size=v.shape) for v in outputs]
        if len(outputs) == 1 and outputs[0].ndim == 0:
            self.upstream = [np.ones(())]
        self.passed = [] if self.upstream[0].ndim == 0 and len(self.upstream) == 1 else self.upstream

    def called(self, arguments):
        return calls.forward(self.module, self.program, "train", self.point_of(arguments), np.float64)

    def point_of(self, arguments):
        tensors = {t.name: np.reshape(a, self.point.tensors[t.name].shape) for t, a in zip(self.program.tensors, arguments, strict=True)}
        return type(self.point)(self.point.sizes, tensors, self.point.hyperparameters)

    def forward(self, arguments):
        return list(self.called(arguments).outputs.values())

    def backward(self, arguments):
        return list(self.module.backward(self.called(arguments).cache, *self.upstream))

    def moved(self, directions, by):
        return [a + by * directions[n] if n in directions else a for n, a in zip(self.at, self.arguments, strict=True)]

    def difference(self, function, directions):
        high, low = function(self.moved(directions, STEP)), function(self.moved(directions, -STEP))
        return [(h - s) / (2 * STEP) for h, s in zip(high, low, strict=True)]


@pytest.mark.parametrize("name", LAYERS)
def test_a_jacobian_vector_product_is_the_slope_of_forward(name):
    case = Case(name, ["jvp"])
    found = case.module.jvp(*case.arguments, *case.directions.values())
    for value, expected in zip(found, case.difference(case.forward, case.directions), strict=True):
        np.testing.assert_allclose(value, expected, rtol=1e-7, atol=1e-8)


@pytest.mark.parametrize("name", LAYERS)
def test_a_hessian_vector_product_is_the_slope_of_backward(name):
    case = Case(name, ["hvp"])
    found = case.module.hvp(*case.arguments, *case.passed, *case.directions.values())
    assert found._fields == tuple(n for n in case.at if n in case.directions)
    for value, expected in zip(found, case.difference(case.backward, case.directions), strict=True):
        assert value.shape == expected.shape
        np.testing.assert_allclose(value, expected, rtol=1e-6, atol=1e-8)


RECURRENT = ("recurrence", "two recurrences", "lags and partial sums")


@pytest.mark.parametrize("name", [n for n in LAYERS if n not in RECURRENT])
def test_the_hessians_diagonal_is_what_unit_directions_give(name):
    case = Case(name, ["hvp", "hessian-diagonal"])
    diagonal = case.module.hessian_diagonal(*case.arguments, *case.passed)
    for tensor, found in zip(diagonal._fields, diagonal, strict=True):
        for place in np.ndindex(found.shape):
            unit = {n: np.zeros_like(d) for n, d in case.directions.items()}
            unit[tensor][place] = 1.0
            product = case.module.hvp(*case.arguments, *case.passed, *unit.values())
            np.testing.assert_allclose(found[place], getattr(product, tensor)[place], rtol=1e-9, atol=1e-10)


def test_a_tangent_keeps_the_dtype():
    case = Case("elementwise", ["jvp"])
    x = case.arguments[0].astype(np.float32)
    assert case.module.jvp(x, np.ones_like(x)).y.dtype == np.float32


@pytest.mark.parametrize("name", RECURRENT)
def test_a_diagonal_through_a_recurrence_is_refused_with_the_reason(name):
    with pytest.raises(LayerError, match="E908.*runs through a recurrence.*use hvp with unit directions"):
        Case(name, ["hessian-diagonal"])


def test_a_recurrence_that_is_linear_has_a_hessian_of_zeros():
    text = "layer: a\ninputs:\n  x: [T]\nwhere:\n  h[-1]: 0\n  h[t]: 0.5*h[t-1] + x[t]\noutputs:\n  y[t]: h[t]\n"
    module = symback.compile(symback.loads(text), with_=["hvp", "hessian-diagonal"]).load()
    x = np.linspace(0.1, 1, 5)
    assert module.hessian_diagonal(x, np.ones(5)).x.tolist() == [0.0] * 5
    assert module.hvp(x, np.ones(5), np.ones(5)).x.tolist() == [0.0] * 5


def test_a_layer_that_is_not_differentiated_has_none():
    with pytest.raises(LayerError, match="`wrt` is empty"):
        symback.compile(symback.loads("layer: a\ninputs:\n  x: [N]\nwrt: []\noutputs:\n  y: Sum(x[n], n)\n"), with_=["jvp"])


def test_the_module_itself_stays_as_it_is():
    text = "layer: a\n" + textwrap.dedent(LAYERS["network"])
    plain, more = symback.compile(symback.loads(text)).source, symback.compile(symback.loads(text), with_=["jvp", "hvp"]).source
    assert plain[plain.index("def forward") : plain.index("LATEX")].strip() in more


def test_softmax_has_the_tangent_of_the_textbook():
    text = "layer: a\ninputs:\n  x: [C]\noutputs:\n  p[i]: Softmax(x[i], i)\n"
    module = symback.compile(symback.loads(text), with_=["jvp"]).load()
    assert r"\dot{p}_{i} = " in module.LATEX["p_dot"]


def test_products_with_the_hessian_agree_with_torchs_double_backward():
    torch = pytest.importorskip("torch")
    case = Case("network", ["hvp"])
    x, t, w, v = (torch.from_numpy(np.asarray(a)) for a in case.arguments)
    directions = tuple(torch.from_numpy(d) for d in case.directions.values())

    def loss(x, w, v):
        return torch.nn.functional.cross_entropy(torch.tanh(x @ w) @ v, t)

    _, expected = torch.autograd.functional.hvp(loss, (x, w, v), directions)
    found = case.module.hvp(*case.arguments, *case.directions.values())
    for value, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(value, other.numpy(), rtol=1e-10, atol=1e-12)
