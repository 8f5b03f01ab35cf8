"""A compiled layer from Python: formulas as LaTeX and SymPy, the module written and loaded."""

import numpy as np
import pytest
import sympy

import symback
from symback.core.diagnostics import LayerError

NETWORK = """\
layer: two_layers
inputs:
  x: [N, I]
  t: {shape: [N, O], grad: false}
params:
  W1: [I, H]
  b1: [H]
  W2: [H, O]
  b2: [O]
where:
  h[n, k]: Sum(x[n, i]*W1[i, k], i) + b1[k]
  a[n, k]: tanh(h[n, k])
  y[n, o]: Sum(a[n, k]*W2[k, o], k) + b2[o]
outputs:
  L: Sum((y[n, o] - t[n, o])**2, n, o)/2
"""

CROSS_ENTROPY = """\
layer: cross_entropy
inputs:
  z: [N, C]
  t: {shape: [N], values: C}
where:
  p[n, c]: exp(z[n, c])/Sum(exp(z[n, k]), k)
outputs:
  loss: -Mean(log(p[n, t[n]]), n)
"""


@pytest.fixture(scope="module")
def network():
    return symback.compile(symback.loads(NETWORK))


@pytest.fixture(scope="module")
def cross_entropy():
    return symback.compile(symback.loads(CROSS_ENTROPY))


def test_the_gradients_are_sympy_expressions_by_tensor_name(network):
    assert list(network.gradients) == ["x", "W1", "b1", "W2", "b2"]
    assert len(network.gradients) == 5
    assert all(isinstance(g, sympy.Basic) for g in network.gradients.values())


def test_a_gradient_is_the_contraction_of_the_textbook(network):
    n, k, o = (sympy.Symbol(s, integer=True) for s in "nko")
    found = network.gradients["W2"]
    assert isinstance(found, sympy.Sum)
    size = sympy.Symbol("N", integer=True, nonnegative=True)
    assert found.limits == ((n, 0, size - 1),)
    assert sympy.IndexedBase("a")[n, k] in found.atoms(sympy.Indexed)


def test_an_unknown_gradient_is_a_key_error(network):
    with pytest.raises(KeyError):
        network.gradients["V"]
    with pytest.raises(KeyError, match="no value or gradient 'V'"):
        network.latex("V")


def test_softmax_and_cross_entropy_give_probabilities_minus_labels_in_latex(cross_entropy):
    printed = cross_entropy.latex("z")
    assert printed == r"\bar{z}_{n,c} = \frac{\bar{\mathrm{loss}} \, \left(p_{n,c} - \left[c = t_{n}\right]\right)}{N}"
    assert cross_entropy.latex("p") == r"p_{n,c} = \operatorname{softmax}_{k}\left(z_{n,k}\right)_{c}"


def test_latex_takes_the_tensor_or_its_gradient_or_a_value(network):
    assert network.latex("W2") == network.latex("dW2")
    assert network.latex("L").startswith("L = ")
    assert network.latex("a") == r"a_{n,k} = \tanh\left(h_{n,k}\right)"


def test_the_module_in_memory_computes(network):
    module = network.load()
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(4, 3)), rng.normal(size=(4, 2))
    w1, b1, w2, b2 = rng.normal(size=(3, 5)), rng.normal(size=5), rng.normal(size=(5, 2)), rng.normal(size=2)
    loss, cache = module.forward(x, t, w1, b1, w2, b2)
    a = np.tanh(x @ w1 + b1)
    error = a @ w2 + b2 - t
    grads = module.backward(cache)
    np.testing.assert_allclose(loss, 0.5 * (error**2).sum(), rtol=1e-13)
    np.testing.assert_allclose(grads.W2, a.T @ error, rtol=1e-12)
    np.testing.assert_allclose(grads.b2, error.sum(axis=0), rtol=1e-12)
    dh = error @ w2.T * (1 - a**2)
    np.testing.assert_allclose(grads.W1, x.T @ dh, rtol=1e-12)
    np.testing.assert_allclose(grads.x, dh @ w1.T, rtol=1e-12)


def test_the_written_file_is_the_source(network, tmp_path):
    path = tmp_path / "two_layers.py"
    network.write(path)
    assert path.read_text() == network.source
    network.write(path)
    path.write_text("precious\n")
    with pytest.raises(LayerError):
        network.write(path)
    network.write(path, force=True)
    assert path.read_text() == network.source


def test_a_layer_from_a_file_compiles_as_its_text_does(network, tmp_path):
    path = tmp_path / "two_layers.yaml"
    path.write_text(NETWORK)
    assert symback.compile(symback.load(path)).source == network.source


def test_an_unknown_target_is_refused():
    with pytest.raises(LayerError, match="fortran"):
        symback.compile(symback.loads(NETWORK), target="fortran")


def test_a_wrong_layer_is_refused_with_all_diagnostics():
    with pytest.raises(LayerError) as caught:
        symback.compile(symback.loads(NETWORK.replace("b2[o]", "b3[o]").replace("tanh(h", "tanh(g")))
    assert len(caught.value.diagnostics) >= 2
