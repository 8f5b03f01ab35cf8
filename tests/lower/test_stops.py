"""What is added for the gradient alone leaves the value as it is."""

import numpy as np
import pytest

import symback

X = np.array([-3.7, -1e-9, 0.4, 1.0, 2.5e7], np.float32)
CASES = {
    "x[n] + stop_gradient(round(x[n]) - x[n])": (np.rint(X), 1.0),
    "stop_gradient(round(x[n])) + (x[n] - stop_gradient(x[n]))": (np.rint(X), 1.0),
    "stop_gradient((1 + k)*x[n]) - k*x[n]": (X, -0.3),
    "2*x[n] - stop_gradient(x[n])": (X, 2.0),
}


@pytest.mark.parametrize("value", CASES)
def test_terms_that_only_a_gradient_flows_through_cancel_exactly(value):
    numbers = "hyperparameters:\n  k: 0.3\n" if "k" in value else ""
    compiled = symback.compile(symback.loads(f"layer: through\ninputs:\n  x: [N]\n{numbers}outputs:\n  y[n]: {value}\n"))
    made, (exact, slope) = compiled.load(), CASES[value]
    y, cache = made.forward(X)
    assert np.array_equal(y, exact)
    np.testing.assert_allclose(made.backward(cache, np.ones_like(X)).x, np.full_like(X, slope), rtol=1e-7)


def test_a_stopped_term_that_cancels_nothing_stays_where_it_is():
    compiled = symback.compile(symback.loads("layer: shifted\ninputs:\n  x: [N]\noutputs:\n  y[n]: x[n] - stop_gradient(Amax(x[j], j))\n"))
    y, _ = compiled.load().forward(X)
    assert np.array_equal(y, X - X.max())
