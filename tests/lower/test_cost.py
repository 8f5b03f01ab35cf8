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
    assert "exp(" not in body and "tanh(" not in body and "/" not in body


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


def test_the_weights_of_a_transposed_convolution_are_gathered_from_windows():
    backward = source("conv_transpose2d").split("def backward")[1]
    assert "dw = (x_flat @ columns.T)" in backward and "for " not in backward.split("LATEX")[0]


def test_groups_of_channels_are_a_reshape_in_both_directions():
    text = source("groupnorm")
    assert "x.reshape(N, groups, Q, H, W)" in text and "_padded" not in text and "np.add.at" not in text


def test_digits_of_two_axes_are_one_transpose():
    text = source("pixel_shuffle")
    assert ".transpose(0, 1, 4, 2, 5, 3)" in text and "arange" not in text


def test_a_stack_of_products_over_several_axes_is_one_matmul():
    text = source("grouped_conv2d")
    assert "einsum" not in text and text.count("columns = ") == 1


def test_parts_of_an_axis_are_slices_one_behind_the_other():
    text = source("concat")
    assert "y = np.concatenate((a, b), axis=1)" in text and "da = dy[:, :A]" in text and "_padded" not in text
    assert "np.where" not in source("rope") and "np.clip" not in source("rope")


@pytest.mark.parametrize("condition", ["i < A", "i <= A - 1"])
def test_a_threshold_on_an_axis_means_the_same_however_it_is_written(condition):
    text = f"""
layer: a
inputs:
  x: [A]
  z: [B]
indices:
  i: A + B
outputs:
  y[i]: Piecewise((x[i]**2, {condition}), (sin(z[i - A]), True))
"""
    module = symback.compile(symback.loads(text)).load()
    x, z, dy = np.arange(1.0, 4), np.array([0.3, -0.2]), np.arange(5.0) - 1
    y, cache = module.forward(x, z)
    np.testing.assert_allclose(y, [*(x**2), *np.sin(z)])
    gradients = module.backward(cache, dy)
    np.testing.assert_allclose(gradients.x, 2 * x * dy[:3])
    np.testing.assert_allclose(gradients.z, np.cos(z) * dy[3:])


@pytest.mark.parametrize("condition", ["A <= i", "i > A - 1"])
def test_the_branch_behind_a_threshold_may_come_first(condition):
    text = f"""
layer: a
inputs:
  x: [A]
  z: [B]
indices:
  i: A + B
outputs:
  y[i]: Piecewise((z[i - A], {condition}), (3*x[i], True))
"""
    module = symback.compile(symback.loads(text)).load()
    x, z, dy = np.arange(1.0, 4), np.array([0.3, -0.2]), np.arange(5.0) - 1
    y, cache = module.forward(x, z)
    np.testing.assert_allclose(y, [*(3 * x), *z])
    np.testing.assert_allclose(module.backward(cache, dy).x, 3 * dy[:3])


def test_a_vanishing_root_divides_the_cotangent_before_the_sum():
    backward = source("graph_convolution").split("def backward")[1]
    assert "a.T @ _over(dy, root_degree[:, None])" in backward


def test_a_sum_against_one_hot_rows_is_a_scatter_and_its_gradient_a_gather():
    text = source("segment_sum")
    assert "_add_rows(y, ids, x)" in text and "dx = dy[ids]" in text


def test_a_sum_over_classes_against_a_one_hot_row_picks_the_label():
    text = """
layer: a
inputs:
  x: [N, C]
  t: {shape: [N], values: C}
outputs:
  y[n]: Sum(KroneckerDelta(c, t[n])*x[n, c]**2, c)
"""
    module = symback.compile(symback.loads(text)).load()
    x, t, dy = np.arange(6.0).reshape(3, 2), np.array([1, 0, 1]), np.array([1.0, -1.0, 2.0])
    y, cache = module.forward(x, t)
    np.testing.assert_allclose(y, [1, 4, 25])
    np.testing.assert_allclose(module.backward(cache, dy).x, [[0, 2], [-4, 0], [0, 20]])


def test_a_read_that_was_spread_is_not_gathered_again():
    text = """
layer: a
inputs:
  x: [N, C, L]
  w: {shape: [C, O, K], outside: 0, grad: false}
dims:
  U: 2*L + K - 2
indices:
  u: U
outputs:
  y[n, o, u]: Sum(x[n, c, l]*w[c, o, u - 2*l], c, l)
"""
    forward = symback.compile(symback.loads(text)).source.split("def backward")[0]
    assert "w_flat" in forward or "np.tensordot(w, x" in forward
    assert "arange" not in forward


def test_a_softmax_over_the_edges_of_a_node_takes_one_pass_over_the_edges():
    text = """
layer: a
inputs:
  s: [E]
  t: {shape: [E], values: N}
  x: [N]
indices: {n: N}
where:
  total[n]: Sum(Piecewise((exp(s[e]), Eq(t[e], n)), (0, True)), e)
outputs:
  y[e]: exp(s[e])/total[t[e]]*x[t[e]]
"""
    text = symback.compile(symback.loads(text)).source
    assert "_label_exponentials(s, t, N)" in text
    forward = text[text.index("def forward") : text.index("LATEX = ")]
    assert "[:, None]" not in forward and "t ==" not in forward and "np.add.at" in forward


def test_a_sum_between_two_indices_is_one_accumulation():
    text = """
layer: a
inputs: {x: [T]}
indices: {s: T, t: T}
outputs:
  y[s, t]: Sum(x[r], (r, s + 1, t))
"""
    text = symback.compile(symback.loads(text)).source
    assert "np.cumsum" in text and "[:, None, None]" not in text


@pytest.mark.parametrize(
    "lines",
    [
        "  y[e]: Piecewise((1, Eq(e, 0)), (Softmax(s[e], e), True))",
        "  y[e]: Piecewise((exp(s[e])/Sum(Eq(t[f], t[e])*exp(s[f]), f), s[e] > 0), (0, True))",
        "  y[e]: Piecewise((exp(u[e] - L[t[e]]), m[e]), (0, True))*x[t[e]]",
    ],
    ids=["a row but for its start", "a share that its entry decides", "a share of masked edges"],
)
def test_a_condition_round_a_whole_share_leaves_its_backward_linear(lines):
    text = f"""
layer: a
inputs:
  s: [E]
  t: {{shape: [E], values: N}}
  m: {{shape: [E], dtype: bool}}
  x: [N]
indices: {{n: N}}
where:
  u[e]: Piecewise((s[e], m[e]), (-oo, True))
  L[n]: LogSumExp(Piecewise((u[e], Eq(t[e], n)), (-oo, True)), e)
outputs:
{lines}
  z[n]: x[n] + L[n]
"""
    lines = symback.compile(symback.loads(text)).source
    backward = lines[lines.index("def backward") : lines.index("LATEX = ")]
    assert "einsum" not in backward and "[:, None]" not in backward and "t == " not in backward.partition("_kept(")[2]


@pytest.mark.parametrize("sign", ["", "-"])
def test_only_what_a_written_part_leaves_behind_it_is_zeroed(sign):
    text = f"""
layer: a
inputs:
  x: [N, M]
dims:
  K: N//2
  L: M//3
indices:
  n: K
  m: L
outputs:
  y[n, m]: {sign}x[n, m]
"""
    layer = symback.compile(symback.loads(text))
    assert "dx[K:] = 0" in layer.source and "np.zeros" not in layer.source
    module = layer.load()
    for shape in ((5, 7), (1, 2), (0, 4), (4, 3)):
        y, cache = module.forward(np.ones(shape))
        expected = np.zeros(shape)
        expected[: shape[0] // 2, : shape[1] // 3] = float(sign + "1")
        np.testing.assert_array_equal(module.backward(cache, np.ones_like(y)).x, expected)


@pytest.mark.parametrize("name", ["pixel_shuffle", "pixel_unshuffle"])
def test_what_is_written_with_its_axes_in_another_order_is_copied_once(name):
    backward = source(name).split("def backward")[1].split("LATEX")[0]
    assert "part.reshape(N, C" in backward and backward.count(".reshape(") == 2
