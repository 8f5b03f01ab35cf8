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


@pytest.mark.parametrize("dtype", (np.float32, np.float64))
@pytest.mark.parametrize("sign", (1, -1))
def test_a_rounded_product_keeps_its_digits_in_both_tails(sign, dtype):
    text = "layer: gate\ninputs:\n  a: [N]\n  b: [N]\noutputs:\n  y[n]: softplus({0}a[n]*b[n])\n  s[n]: sigmoid({0}a[n]*b[n])\n"
    made = symback.compile(symback.loads(text.format("" if sign == 1 else "-"))).load()
    a, b = np.array([0.1, 3.3, 7.7, -5.1, -8.9, 2.3e30], dtype), np.array([0.7, 6.1, 9.9, 8.3, 7.1, 1e-29], dtype)
    out, cache = made.forward(a, b)
    slope = made.backward(cache, np.zeros_like(a), np.ones_like(a)).a
    with mpmath.workdps(40):
        u = [sign * mpmath.mpf(float(x)) * mpmath.mpf(float(y)) for x, y in zip(a, b, strict=True)]
        expected = (
            [mpmath.log1p(mpmath.exp(v)) for v in u],
            [sigmoid(v) for v in u],
            [sigmoid(v) * sigmoid(-v) * sign * float(y) for v, y in zip(u, b, strict=True)],
        )
    for got, want in zip((out.y, out.s, slope), expected, strict=True):
        np.testing.assert_allclose(got, [float(w) for w in want], rtol=8 * np.finfo(dtype).eps)


def test_a_value_times_a_slope_is_the_value_that_forward_has_over_a_divisor():
    source, _ = module("x[n]*sigmoid(1.5*x[n])")
    assert "_over_growth(y, " in source
