"""What the generated modules spend: one copy, one pass, nothing in a loop that could stand before it."""

from pathlib import Path

import numpy as np
import pytest

import symback

LIBRARY = Path(symback.__file__).parent / "frontend" / "library"


def source(name: str) -> str:
    return symback.compile(symback.load(LIBRARY / f"{name}.yaml")).source


def backward_loop(text: str) -> str:
    """The body of the first loop of backward."""
    lines = text[text.index("def backward") :].splitlines()
    start = next(k for k, line in enumerate(lines) if line.startswith("    for "))
    stop = next(k for k in range(start + 1, len(lines)) if not lines[k].startswith("        "))
    return "\n".join(lines[start:stop])


def test_windows_are_copied_once_for_forward_and_backward():
    text = source("conv2d")
    assert text.count("columns = ") == 1
    assert "w_flat @ columns" in text and "@ columns.T" in text
    assert "einsum" not in text


def test_a_copy_that_one_product_needs_is_left_to_tensordot():
    text = """
layer: a
inputs:
  x: [N, C, L]
  w: {shape: [C, O], grad: false}
outputs:
  y[n, o, l]: Sum(x[n, c, l]*w[c, o], c)
"""
    assert "np.tensordot(w, x" in symback.compile(symback.loads(text)).source


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d", "depthwise_conv2d"])
def test_windows_are_reduced_tap_by_tap(name):
    text = source(name)
    forward = text[text.index("def forward") : text.index("def backward")]
    assert "axis=(4, 5)" not in text and "einsum" not in forward
    assert "windows[:, :, :, :, tap, tap_]" in forward


def test_a_sum_over_rows_goes_past_blas():
    assert 'np.einsum("ab,ab->b", dy, xhat)' in source("layernorm")


@pytest.mark.parametrize("name", ["rnn", "lstm", "gru"])
def test_functions_of_saved_values_stand_before_the_backward_loop(name):
    body = backward_loop(source(name))
    assert "exp" not in body and "tanh" not in body and "/" not in body


def test_what_a_recurrence_has_stored_is_not_computed_again():
    assert source("gru").count("np.tanh") == 1


def test_gates_of_one_step_are_written_not_added():
    body = backward_loop(source("lstm"))
    assert body.count("dz[t, :, ") == body.count("dz[t, :, 0] = ") + body.count("dz[t, :, 1] = ") + body.count(
        "dz[t, :, 2] = "
    ) + body.count("dz[t, :, 3] = ")


def test_two_parts_of_one_place_are_added():
    text = """
layer: a
inputs:
  x: [N, 3]
outputs:
  y[n]: sin(x[n, 0])*x[n, 1]*x[n, 2] + x[n, 0]**2
"""
    module = symback.compile(symback.loads(text)).load()
    x = np.array([[0.5, 2.0, -3.0]])
    _, cache = module.forward(x)
    expected = [np.cos(0.5) * -6 + 1.0, np.sin(0.5) * -3, np.sin(0.5) * 2]
    np.testing.assert_allclose(module.backward(cache, np.ones(1)).x[0], expected, rtol=1e-14)


def test_a_window_that_runs_backward_in_a_loop_over_taps_is_turned_on_its_own_axis():
    text = """
layer: a
inputs:
  x: {shape: [H, S, H], outside: 0}
params:
  w: [H, S, S]
indices:
  k: H
outputs:
  y[h, s]: Sum(w[h, s, q]*x[h, s//2, H - k + q], q, k)
"""
    module = symback.compile(symback.loads(text)).load()
    rng = np.random.default_rng(0)
    x, w, dy = rng.normal(size=(3, 4, 3)), rng.normal(size=(3, 4, 4)), rng.normal(size=(3, 4))
    _, cache = module.forward(x, w)
    dx = np.zeros_like(x)
    for h, s, q, k in np.ndindex(3, 4, 4, 3):
        if 3 - k + q < 3:
            dx[h, s // 2, 3 - k + q] += dy[h, s] * w[h, s, q]
    np.testing.assert_allclose(module.backward(cache, dy).x, dx, atol=1e-14)
