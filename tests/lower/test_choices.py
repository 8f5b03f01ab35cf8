"""Choices between two values by a condition on elements: arithmetic where the numbers are the same, else np.where."""

import numpy as np
import pytest

import symback

X = np.array([-np.inf, -3e38, -50.0, -2.0, -0.5, -1e-40, 0.0, 1e-40, 0.5, 2.0, 50.0, 3e38, np.inf])


def module(value: str, *inputs: str):
    """y[n] = value, of tensors of one axis and a hyperparameter k."""
    tensors = "".join(f"  {i}\n" for i in inputs or ("x: [N]",))
    numbers = "hyperparameters:\n  k: 0.3\n" if "k" in value.replace("keep", "") else ""
    text = f"layer: choice\ninputs:\n{tensors}{numbers}outputs:\n  y[n]: {value}\n"
    compiled = symback.compile(symback.loads(text))
    return compiled.source, compiled.load()


def slopes(made, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    y, cache = made.forward(x)
    return y, made.backward(cache, np.ones_like(y)).x


CASES = {
    "Piecewise((x[n], x[n] > 0), (k*x[n], True))": (lambda x: np.where(x > 0, x, 0.3 * x), lambda x: np.where(x > 0, 1, 0.3)),
    "Piecewise((k*x[n], x[n] > 0), (exp(x[n]) - 1, True))": (
        lambda x: np.where(x > 0, 0.3 * x, np.expm1(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 0.3, np.exp(np.minimum(x, 0))),
    ),
    "Piecewise((x[n] + 1, x[n] > 0), (exp(x[n]), True))": (
        lambda x: np.where(x > 0, x + 1, np.exp(np.minimum(x, 0))),
        lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0))),
    ),
    "Piecewise((k*(exp(x[n]/k) - 1), x[n] <= 0), (x[n], True))": (
        lambda x: np.where(x > 0, x, 0.3 * np.expm1(np.minimum(x, 0) / 0.3)),
        lambda x: np.where(x > 0, 1, np.exp(np.minimum(x, 0) / 0.3)),
    ),
    "Piecewise((x[n], Abs(x[n]) > k), (0, True))": (
        lambda x: np.where(np.abs(x) > 0.3, x, 0),
        lambda x: np.where(np.abs(x) > 0.3, 1, 0),
    ),
    "Piecewise((tanh(x[n]), x[n] < k), (0, True))": (
        lambda x: np.where(x < 0.3, np.tanh(x), 0),
        lambda x: np.where(x < 0.3, 1 / np.cosh(np.clip(x, -700, 700)) ** 2, 0),
    ),
    "Max(x[n], 0)": (lambda x: np.maximum(x, 0), lambda x: np.where(x > 0, 1, 0)),
}


TOLD_BY_THE_CONDITION = ("Piecewise((k*x[n], x[n] > 0), (exp(x[n]) - 1, True))",)
"""Cases whose slope asks for the condition again, so that a choice takes fewer passes in all."""


@pytest.mark.parametrize("value", CASES)
def test_a_choice_that_arithmetic_makes_has_the_same_numbers(value):
    source, made = module(value)
    assert "putmask" not in source
    assert ("np.where" in source) == (value in TOLD_BY_THE_CONDITION)
    with np.errstate(all="ignore"):
        for x in (X, X.astype(np.float32)):
            for ours, plain in zip(slopes(made, x), CASES[value], strict=True):
                assert ours.dtype == x.dtype
                np.testing.assert_allclose(ours, plain(x), rtol=8 * np.finfo(x.dtype).eps, atol=np.finfo(x.dtype).tiny)


def test_what_is_infinite_where_it_is_not_chosen_is_not_multiplied_by_0():
    source, made = module("Piecewise((x[n], x[n] > k), (0, True))")
    assert "y = _masked(" in source
    y, dx = slopes(made, X)
    assert np.array_equal(y, np.where(X > 0.3, X, 0)) and np.array_equal(dx, X > 0.3)


def test_what_a_mask_keeps_out_may_be_no_number():
    source, made = module("Piecewise((tanh(x[n]), keep[n]), (0, True))", "x: [N]", "keep: {shape: [N], dtype: bool}")
    assert "y = _masked(" in source
    y, cache = made.forward(np.array([np.nan, 0.5]), np.array([False, True]))
    assert np.array_equal(y, [0, np.tanh(0.5)])
    assert np.array_equal(made.backward(cache, np.ones(2)).x[:1], [0])


def test_one_of_two_numbers_is_read_from_a_table():
    source, made = module("Piecewise((2*x[n], x[n] < k), (3*x[n], True))")
    assert "_either(" in source and "np.where" not in source
    x = X[1:-1].astype(np.float32) / 4
    y, dx = slopes(made, x)
    chosen = np.where(x < 0.3, np.float32(2), np.float32(3))
    assert np.array_equal(y, chosen * x) and np.array_equal(dx, chosen)


@pytest.mark.parametrize("kind", [np.float32, np.float64, np.longdouble])
def test_a_choice_on_bits_is_the_choice_that_numpy_makes(kind):
    source, made = module("Piecewise((x[n], x[n]*x[n] > u[n]), (u[n], True))", "x: [N]", "u: [N]")
    assert "_select(" in source
    x = np.concatenate([X, X[::-1], [np.nan, 1.0, -0.0]]).astype(kind)
    u = np.concatenate([X[::-1], X, [0.5, np.nan, 0.0]]).astype(kind)
    with np.errstate(all="ignore"):
        y, cache = made.forward(x, u)
        chosen = x * x > u
        assert y.dtype == kind and np.array_equal(y, np.where(chosen, x, u), equal_nan=True)
        assert np.array_equal(np.signbit(y), np.signbit(np.where(chosen, x, u)))
        grads = made.backward(cache, np.full(len(x), 3, kind))
        assert np.array_equal(grads.x, np.where(chosen, 3, 0)) and np.array_equal(grads.u, np.where(chosen, 0, 3))


@pytest.mark.parametrize("kind", [np.float32, np.longdouble])
def test_a_mask_of_rows_keeps_out_what_the_other_rows_hold(kind):
    text = "layer: rows\ninputs:\n  x: [N, C]\n  keep: {shape: [N], dtype: bool}\noutputs:\n  y[n, c]: Piecewise((x[n, c]*x[n, c], keep[n]), (0, True))\n"
    made = symback.compile(symback.loads(text)).load()
    x = np.array([[np.nan, np.inf], [2, -3]], kind)
    y, cache = made.forward(x, np.array([False, True]))
    assert np.array_equal(y, [[0, 0], [4, 9]]) and y.dtype == kind
    assert np.array_equal(made.backward(cache, np.ones_like(y)).x, [[0, 0], [4, -6]])


@pytest.mark.parametrize("bound", ["k", "2"])
def test_a_square_that_goes_on_as_its_tangent_is_one_product(bound):
    source, made = module(f"Piecewise((x[n]**2/2, Abs(x[n]) <= {bound}), ({bound}*(Abs(x[n]) - {bound}/2), True))")
    assert "np.minimum(" in source and "np.where" not in source and "_select" not in source.split("LATEX")[0].split("def backward")[0]
    b = 0.3 if bound == "k" else 2
    x = np.array([-np.inf, -1e20, -2.5, -2, -0.3, -0.1, 0, 1e-30, 0.2, 0.3, 2, 3, np.inf])
    y, dx = slopes(made, x)
    with np.errstate(invalid="ignore"):
        np.testing.assert_allclose(y, np.where(np.abs(x) <= b, np.clip(x, -b, b) ** 2 / 2, b * (np.abs(x) - b / 2)), rtol=1e-15)
    np.testing.assert_allclose(dx, np.clip(x, -b, b), rtol=1e-15)


@pytest.mark.parametrize("k", [-0.5, 0, 0.3, 1, 1.5])
@pytest.mark.parametrize("axes", ["...", "n"])
def test_an_exponential_unit_is_right_for_every_number_that_its_caller_may_choose(axes, k):
    value = f"Piecewise((x[{axes}], x[{axes}] > 0), (k*(exp(x[{axes}]) - 1), True))"
    text = f"layer: unit\ninputs:\n  x: [{axes.upper()}]\nhyperparameters:\n  k: 0.3\noutputs:\n  y[{axes}]: {value}\n"
    compiled = symback.compile(symback.loads(text))
    made = compiled.load()
    assert ("    if 0 <= k <= 1:\n" in compiled.source) == (axes == "...")
    x = np.array([-800, -3, -1.5, -1e-9, -0.0, 0, 1e-9, 2, 800])
    y, cache = made.forward(x, k=k)
    np.testing.assert_allclose(y, np.where(x > 0, x, k * np.expm1(np.minimum(x, 0))), rtol=1e-15)
    np.testing.assert_allclose(made.backward(cache, np.ones_like(x)).x, np.where(x > 0, 1, k * np.exp(np.minimum(x, 0))), rtol=1e-14)


@pytest.mark.parametrize("strict", [True, False])
def test_a_number_of_pythons_own_may_be_chosen(strict):
    text = """
layer: chosen
inputs:
  x: []
params:
  w: []
hyperparameters:
  strict: true
outputs:
  y: Piecewise((Piecewise((w, not strict), (0, True)), x >= 0.3), (0, True))
"""
    made = symback.compile(symback.loads(text)).load()
    for x in (0.0, 1.0):
        y, cache = made.forward(np.float32(x), np.float32(2.5), strict=strict)
        open_ = not strict and x > 0.3
        assert y == (2.5 if open_ else 0) and np.asarray(y).dtype == np.float32
        assert made.backward(cache).w == (1 if open_ else 0)
