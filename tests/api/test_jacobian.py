"""Local Jacobians as SymPy expressions."""

import numpy as np
import pytest
import sympy

import symback
from symback.core.diagnostics import LayerError


def layer(text):
    return symback.compile(symback.loads("layer: a\n" + text))


SOFTMAX = "inputs:\n  x: [C]\noutputs:\n  p[i]: exp(x[i])/Sum(exp(x[k]), k)\n"


def test_the_jacobian_of_softmax_is_the_one_of_the_textbook():
    i, j = sympy.symbols("i j", integer=True)
    p = sympy.IndexedBase("p")
    assert layer(SOFTMAX).jacobian("p", "x") == p[i] * (sympy.KroneckerDelta(i, j) - p[j])


def test_rows_do_not_depend_on_each_other():
    found = layer("inputs:\n  x: [N, C]\noutputs:\n  p[n, c]: Softmax(x[n, c], c)\n").jacobian("p", "x")
    n, c, j, k = sympy.symbols("n c j k", integer=True)
    p = sympy.IndexedBase("p")
    delta = sympy.KroneckerDelta
    assert sympy.expand(found - delta(n, j) * p[n, c] * (delta(c, k) - p[n, k])) == 0


def test_a_convolution_reads_its_kernel_at_the_difference():
    found = layer("inputs:\n  x: [L]\nparams:\n  w: [K]\nindices:\n  i: L - K + 1\noutputs:\n  y[i]: Sum(x[i + k]*w[k], k)\n")
    i, j = sympy.symbols("i j", integer=True)
    assert found.jacobian("y", "w") == sympy.IndexedBase("x")[i + j]
    kernel = found.jacobian("y", "x")
    assert kernel.atoms(sympy.Indexed) == {sympy.IndexedBase("w")[j - i]}


def test_a_chain_of_values_is_multiplied_out():
    text = "inputs:\n  x: [N, I]\nparams:\n  W: [I, O]\nwhere:\n  h[n, o]: Sum(x[n, i]*W[i, o], i)\noutputs:\n  y[n, o]: tanh(h[n, o])\n"
    found = layer(text).jacobian("y", "x")
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 3)), rng.normal(size=(3, 4))
    h = x @ w
    names = {str(s): s for s in found.free_symbols}
    new = [s for n, s in names.items() if n in ("j", "k")]
    assert len(new) == 2
    for n, o, m, q in np.ndindex(2, 4, 2, 3):
        at = {"n": n, "o": o, "j": m, "k": q}
        value = found.subs({names[s]: v for s, v in at.items() if s in names})
        value = value.replace(
            lambda e: isinstance(e, sympy.Indexed),
            lambda e: {"W": w, "h": h, "x": x, "y": np.tanh(h)}[str(e.base)][tuple(map(int, e.indices))],
        )
        expected = (n == m) * (1 - np.tanh(h[n, o]) ** 2) * w[q, o]
        assert float(value) == pytest.approx(expected, abs=1e-12)


def test_a_recurrence_has_no_single_formula():
    with pytest.raises(LayerError, match="recurs"):
        layer("inputs:\n  x: [T]\noutputs:\n  h[0]: x[0]\n  h[t]: sin(h[t-1]) + x[t]\n").jacobian("h", "x")


def test_an_unknown_name_is_a_key_error():
    with pytest.raises(KeyError, match="'q'"):
        layer(SOFTMAX).jacobian("q", "x")
