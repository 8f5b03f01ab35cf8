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
    assert "np.where" in source
    y, dx = slopes(made, X)
    assert np.array_equal(y, np.where(X > 0.3, X, 0)) and np.array_equal(dx, X > 0.3)


def test_what_a_mask_keeps_out_may_be_no_number():
    source, made = module("Piecewise((tanh(x[n]), keep[n]), (0, True))", "x: [N]", "keep: {shape: [N], dtype: bool}")
    assert "np.where" in source
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
