"""The gradient check on modules that symback made, and on such modules with one term broken."""

import re
import textwrap

import pytest

import symback
from symback.api import loaded
from symback.check.gradients import check_gradients

NETWORK = """\
layer: two_layers
inputs:
  x: [N, I]
  t: {shape: [N], values: C}
params:
  W1: [I, H]
  b1: [H]
  W2: [H, C]
where:
  a[n, k]: tanh(Sum(x[n, i]*W1[i, k], i) + b1[k])
  z[n, c]: Sum(a[n, k]*W2[k, c], k)
outputs:
  loss: Mean(LogSumExp(z[n, c], c) - z[n, t[n]], n)
"""

LAYERS = {
    "leading axes": """
        inputs:
          x: [..., D]
        params:
          g: [D]
        outputs:
          y[..., d]: x[..., d]*g[d] - Mean(x[..., k], k)
        """,
    "several outputs": """
        inputs:
          x: [N]
        outputs:
          y[n]: x[n]**3
          z: Sum(sin(x[n]), n)
        """,
    "hyperparameter": """
        inputs:
          x: [N]
        hyperparameters:
          slope: 0.1
        outputs:
          y[n]: Piecewise((x[n], x[n] > 0), (slope*x[n], True))
        """,
    "state and modes": """
        inputs:
          x: [N]
        state:
          m: []
        where:
          mu: Mean(x[n], n)
        outputs:
          y[n]: x[n] - mu
        update:
          m: 0.9*m + 0.1*mu
        modes:
          eval:
            where:
              mu: m
            update: {}
        """,
    "random": """
        inputs:
          x: [N]
        hyperparameters:
          p: 0.5
        random:
          m: {shape: [N], dist: bernoulli(1 - p)}
        outputs:
          y[n]: x[n]*m[n]/(1 - p)
        """,
    "noise": """
        inputs:
          x: [N]
        random:
          e: {shape: [N], dist: "normal(1, 2)"}
          u: {shape: [N], dist: "uniform(-1, 3)"}
        outputs:
          y[n]: x[n]*e[n] + u[n]*x[n]**2
        """,
    "recurrence": """
        inputs:
          x: [T]
        where:
          h[-1]: 0
          h[t]: tanh(x[t] + h[t-1]/2)
        outputs:
          y: h[T-1]
        """,
    "held": """
        inputs:
          x: [N]
        outputs:
          y[n]: x[n]*stop_gradient(x[n]**2)
        """,
    "padding": """
        inputs:
          x: {shape: [L], outside: 0}
        params:
          w: [K]
        indices:
          i: L
        outputs:
          y[i]: Sum(x[i + k - 1]*w[k], k)
        """,
    "assumed": """
        inputs:
          x: [N]
        assume:
          - x[n] > 0
        outputs:
          y[n]: log(x[n])*sqrt(x[n])
        """,
    "metric": """
        inputs:
          x: [N]
        wrt: []
        outputs:
          y: Amax(x[n], n)
        """,
    "mask": """
        inputs:
          x: [N]
          keep: {shape: [N], dtype: bool}
        outputs:
          y: Sum(Piecewise((x[n]**2, keep[n]), (0, True)), n)
        """,
}


@pytest.mark.parametrize("name", LAYERS)
def test_a_generated_module_passes(name):
    compiled = symback.compile(symback.loads("layer: a\n" + textwrap.dedent(LAYERS[name])))
    report = check_gradients(compiled.program, compiled.load())
    assert report.right, [r for r in report.rows if not r.right]


@pytest.fixture(scope="module")
def network():
    return symback.compile(symback.loads(NETWORK))


def gradient_statements(source):
    """The arithmetic statements of backward."""
    body = source[source.index("def backward") :]
    body = body[body.index('"""', body.index('"""') + 3) :].split("\n\n\n")[0]
    return [
        line.strip()
        for line in body.splitlines()
        if re.match(r"\s+\w+(\[.*\])? [-+*/]?= .*[-+*/@]", line) and "dtypes" not in line and "_upstream" not in line
    ]


def test_every_statement_of_a_generated_backward_matters(network):
    statements = gradient_statements(network.source)
    assert len(statements) >= 4
    caught = []
    for statement in statements:
        target, operator, value = re.match(r"(.*?) ([-+*/]?=) (.*)", statement).groups()
        broken = network.source.replace(statement, f"{target} {operator} 1.001 * ({value})")
        assert broken != network.source
        caught.append(not check_gradients(network.program, loaded(broken, "broken")).right)
    assert caught == [True] * len(statements), list(zip(statements, caught, strict=True))


def test_a_generated_gradient_with_one_term_left_out_is_caught(network):
    report = check_gradients(network.program, network.load())
    assert report.right
    term = next(s for s in gradient_statements(network.source) if " - rest" in s)
    broken = network.source.replace(term, term.replace(" - rest", ""))
    found = check_gradients(network.program, loaded(broken, "broken"))
    assert {r.what for r in found.rows if not r.right} >= {"gradient dW1", "gradient dW2", "adjoint"}
    assert next(r for r in found.rows if r.what == "output loss").right
