"""The logistic function and its kin by exp(x): right to the ends of the range, from one exponential."""

import warnings

import mpmath
import numpy as np
import pytest

import symback

TEXT = """layer: logistic
inputs:
  x: [N]
outputs:
  y[n]: {}
"""


def module(value: str) -> tuple[str, object]:
    compiled = symback.compile(symback.loads(TEXT.format(value)))
    return compiled.source, compiled.load()


def sigmoid(u):
    return 1 / (1 + mpmath.exp(-u))


CASES = {
    "1/(1 + exp(-x[n]))": (sigmoid, lambda u: sigmoid(u) * sigmoid(-u)),
    "1/(1 + exp(x[n]))": (lambda u: sigmoid(-u), lambda u: -sigmoid(u) * sigmoid(-u)),
    "1 - sigmoid(x[n])": (lambda u: sigmoid(-u), lambda u: -sigmoid(u) * sigmoid(-u)),
    "log(1 + exp(x[n]))": (lambda u: mpmath.log1p(mpmath.exp(u)), sigmoid),
    "x[n]*sigmoid(x[n])": (lambda u: u * sigmoid(u), lambda u: sigmoid(u) * (1 + u * sigmoid(-u))),
}


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("value", CASES)
def test_tails_are_right_down_to_the_least_number(value, dtype):
    _, made = module(value)
    edge = 87 if dtype is np.float32 else 708
    x = np.array([s * v for s in (-1, 1) for v in (0, 0.5, 3, 30, edge - 1, edge, edge + 2, edge + 12, 1e4, 3e38)], dtype)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for part in (x, x[x < edge - 2], x[:0]):  # with exponentials beyond the range, without, with none
            y, cache = made.forward(part)
            found = y, made.backward(cache, np.ones_like(y)).x
            for function, got in zip(CASES[value], found, strict=True):
                expected = np.array([float(function(mpmath.mpf(float(u)))) for u in part])
                least = float(np.finfo(dtype).smallest_subnormal) * np.maximum(1, np.minimum(np.abs(part), 1e3))
                assert (np.abs(got - expected) <= 2 * least + 5 * float(np.finfo(dtype).eps) * np.abs(expected)).all()


@pytest.mark.parametrize("value", CASES)
def test_infinities_are_limits(value):
    _, made = module(value)
    x = np.array([-np.inf, np.inf])
    y, cache = made.forward(x)
    found = [*y, *made.backward(cache, np.ones_like(y)).x]
    assert found == [float(f(mpmath.mpf(u))) for f in CASES[value] for u in (-1e6, 1e6)] or y[1] == np.inf
    assert np.isfinite(found[2:]).all()


def test_what_needs_the_decaying_exponential_shares_it_with_every_sigmoid():
    source, _ = module("log(sigmoid(x[n])) + sigmoid(x[n]) + sigmoid(-x[n])")
    assert source.count("np.exp(") == 1 and "_growth" not in source


def test_a_sigmoid_and_its_complement_share_the_growing_exponential():
    source, _ = module("sigmoid(x[n])**2 + exp(sigmoid(-x[n])) + softplus(x[n])")
    assert source.count("= _growth(") == 1
