"""Rows that labels send to one place, and matrices that labels pick: in bulk, in the order in which they stand."""

import numpy as np
import pytest

import symback
from symback.functions.kernels.scatters import _add_at, _add_rows
from tests.library.modules import compiled, module

EXPERTS = """layer: experts
inputs:
  x: [N, I]
  t: {shape: [N], values: E}
params:
  W: [E, I, O]
outputs:
  y[n, o]: Sum(x[n, i]*W[t[n], i, o], i)
"""


@pytest.mark.parametrize("width", [1, 3, 20, 2000])
@pytest.mark.parametrize("labels", [np.zeros(60, int), np.arange(60) % 7, np.r_[np.zeros(30, int), np.arange(30)], np.zeros(0, int)])
def test_rows_are_added_where_their_labels_say_however_often_one_comes(width, labels):
    rows = np.random.default_rng(0).integers(-9, 9, (len(labels), width)).astype(float)
    total, expected = np.ones((64, width)), np.ones((64, width))
    _add_rows(total, labels, rows)
    np.add.at(expected, labels, rows)
    assert np.array_equal(total, expected)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", [(4, 5), (4, 5, 3), (4, 5, 2, 3)])
def test_places_that_come_again_are_added_to_once_for_each_time(shape, order):
    rng = np.random.default_rng(0)
    places = rng.integers(0, 4, (6, 1)).astype(np.int8), rng.integers(0, 5, (6, 50))
    values = rng.integers(-9, 9, (6, 50, *shape[2:])).astype(float)
    total, expected = np.ones(shape, order=order), np.ones(shape)
    _add_at(total, places, values)
    np.add.at(expected, places, values)
    assert np.array_equal(total, expected)
    _add_at(total, (2, places[1]), values[:, :1])
    np.add.at(expected, (2, places[1]), np.broadcast_to(values[:, :1], values.shape))
    assert np.array_equal(total, expected)


def test_entries_that_labels_pick_are_added_up_as_in_a_flat_array():
    text = compiled("take_along").source
    assert "_add_at(dx, (np.arange(N)[:, None], ids), dy)" in text
    text = compiled("grid_sample").source.split("def backward")[1]
    assert text.count("    _add_at(") == 4 and "    np.add.at(dx" not in text


def test_rows_of_labels_with_several_axes_are_broadcast():
    labels, rows = np.array([[0, 2, 2], [1, 2, 0]], np.uint8), np.arange(40000.0).reshape(2, 1, 20000)
    total, expected = np.zeros((4, 20000)), np.zeros((4, 20000))
    _add_rows(total, labels, rows)
    np.add.at(expected, labels, rows)
    assert np.array_equal(total, expected)


@pytest.mark.parametrize("width", [2, 9])
@pytest.mark.parametrize("count", [0, 1, 20])
def test_no_matrix_is_copied_for_a_row_that_a_label_gives_one(count, width):
    layer = symback.compile(symback.loads(EXPERTS))
    assert "W[t]" not in layer.source.split("def _")[0]
    rng = np.random.default_rng(0)
    x, t, W = rng.standard_normal((count, width)), rng.integers(0, 5, count), rng.standard_normal((5, width, width + 1))
    made = layer.load()
    y, cache = made.forward(x, t, W)
    dy = rng.standard_normal(y.shape)
    dx, dW = made.backward(cache, dy)
    expected = np.zeros_like(W)
    for n in range(count):
        assert np.allclose(y[n], x[n] @ W[t[n]]) and np.allclose(dx[n], W[t[n]] @ dy[n])
        expected[t[n]] += np.outer(x[n], dy[n])
    assert np.allclose(dW, expected) and np.array_equal(dW[np.setdiff1d(np.arange(5), t)], np.zeros((5 - len(set(t)), width, width + 1)))


def test_the_experts_of_a_mixture_work_on_all_their_rows_at_once():
    text = compiled("switch_moe").source
    assert "_by_label(x, W, best)" in text and "_add_products(dW, " in text and "W[best]" not in text


def test_an_embedding_adds_up_the_rows_of_a_word_in_float32_as_they_stand():
    rng = np.random.default_rng(0)
    ids, W, dy = rng.integers(0, 3, (2, 50)), np.zeros((3, 16), np.float32), rng.standard_normal((2, 50, 16)).astype(np.float32)
    _, cache = module("embedding").forward(ids.reshape(-1), W)
    dW = module("embedding").backward(cache, dy.reshape(-1, 16)).W
    exact = np.zeros((3, 16))
    np.add.at(exact, ids, dy.astype(float))
    assert dW.dtype == np.float32 and np.allclose(dW, exact, rtol=0, atol=1e-5)


@pytest.mark.parametrize("line", ["y[n, m, c]: KroneckerDelta(c, t[n, m])", "y[c, m, n]: Piecewise((1, Eq(t[n, m], c)), (0, True))"])
def test_ones_at_labels_are_written_there(line):
    text = f"layer: a\ninputs:\n  t: {{shape: [N, M], values: C}}\n  like: {{shape: [C], grad: false}}\nindices:\n  c: C\noutputs:\n  {line}\n  z[c]: like[c]\nwrt: []\n"
    layer = symback.compile(symback.loads(text))
    assert "] = 1\n" in layer.source
    t = np.array([[0, 2, 2], [1, 0, 2]])
    y = layer.load().forward(t, np.zeros(4)).y
    y = y if y.shape[0] == 2 else y.transpose(2, 1, 0)
    assert np.array_equal(y, np.eye(4)[t])


def test_the_one_of_a_hard_maximum_is_at_the_first_of_a_tie():
    assert np.array_equal(module("hardmax").forward(np.array([[1.0, 3.0, 3.0], [2.0, 2.0, 0.0]])), [[0, 1, 0], [1, 0, 0]])
