"""Sums of several sums of exponentials, as contrastive losses hold them: their logarithms and quotients neither overflow nor lose digits."""

import warnings

import numpy as np
import pytest

import symback

LSE = np.logaddexp.reduce

CASES = {
    "two sums": ("log(Sum(exp(x[i, j]), j) + Sum(exp(w[i, j]), j))", lambda x, w: np.logaddexp(LSE(x, 1), LSE(w, 1))),
    "rows and columns": ("log(Sum(exp(x[i, j]), j) + Sum(exp(w[j, i]), j))", lambda x, w: np.logaddexp(LSE(x, 1), LSE(w, 0))),
    "one and many": ("log(exp(x[i, 0]) + 3*Sum(exp(w[i, j]), j))", lambda x, w: np.logaddexp(x[:, 0], np.log(3) + LSE(w, 1))),
    "a number too": ("log(1 + Sum(exp(x[i, j]*w[i, j]/100), j))", lambda x, w: np.logaddexp(0, LSE(x * w / 100, 1))),
    "a positive among negatives": (
        "-log(exp(x[i, i])/(exp(x[i, i]) + Sum(exp(w[i, j]), j)))",
        lambda x, w: np.logaddexp(0, LSE(w, 1) - x.diagonal()),
    ),
    "a share of sums": (
        "Sum(exp(x[i, j]), j)/(Sum(exp(x[i, j]), j) + Sum(exp(w[i, j]), j))",
        lambda x, w: np.exp(-np.logaddexp(0, LSE(w, 1) - LSE(x, 1))),
    ),
    "a softmax with a way out": (
        "exp(x[i, 1])/(1 + Sum(exp(x[i, j]), j)) + w[i, 0]",
        lambda x, w: np.exp(x[:, 1] - np.logaddexp(0, LSE(x, 1))) + w[:, 0],
    ),
    "exponentials within the sum": ("log(Sum(exp(x[i, j]) + exp(w[i, j]), j))", lambda x, w: LSE(np.logaddexp(x, w), 1)),
}


@pytest.fixture(scope="module", params=CASES)
def case(request):
    expression, reference = CASES[request.param]
    text = f"layer: a\ninputs:\n  x: [N, N]\n  w: [N, N]\noutputs:\n  y[i]: {expression}\n"
    return symback.compile(symback.loads(text)).load(), reference


@pytest.mark.parametrize("scale", [1, 1000])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_neither_values_nor_gradients_overflow(case, scale, dtype):
    module, reference = case
    x, w = (np.random.default_rng(0).standard_normal((2, 5, 5)) * scale).astype(dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        y, cache = module.forward(x, w)
        gradients = module.backward(cache, np.ones(5, dtype))
    np.testing.assert_allclose(y, reference(x.astype(float), w.astype(float)), rtol=4e-6 if dtype == np.float32 else 1e-13, atol=1e-30)
    assert all(np.isfinite(g).all() and np.abs(g).max() <= 1.5 * scale for g in gradients)


def test_gradients_are_the_slopes_of_the_values(case):
    module, reference = case
    x, w, dx, dw = np.random.default_rng(1).standard_normal((4, 5, 5)) * 3
    _, cache = module.forward(x, w)
    gradients = module.backward(cache, np.ones(5))
    step = 1e-5
    moved = (reference(x + step * dx, w + step * dw) - reference(x - step * dx, w - step * dw)).sum() / (2 * step)
    np.testing.assert_allclose((gradients.x * dx + gradients.w * dw).sum(), moved, rtol=1e-7)
