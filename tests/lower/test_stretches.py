"""Sums over stretches that sizes alone decide: each a slice, whatever the stretches are."""

import numpy as np
import pytest

import symback

POOLED = """
layer: a
inputs:
  x: [N, H, W]
  w: [W]
hyperparameters:
  p: 3
  q: 2
indices:
  i: p
  j: q
outputs:
  y[n, i, j]: Sum(x[n, h, v]**2*w[v], (h, i*H//p, ((i + 1)*H + p - 1)//p - 1), (v, j*W//q, ((j + 1)*W + q - 1)//q - 1))
"""

BETWEEN = """
layer: a
inputs:
  x: [N, L]
outputs:
  y[n, i]: Sum(x[n, l], (l, {first}, {last}))
indices:
  i: L
"""


def test_a_window_in_each_of_two_axes_is_two_sums_over_slices():
    layer = symback.compile(symback.loads(POOLED))
    assert layer.source.count(" = _stretch_sums(") == 2 and "np.where" not in layer.source
    module = layer.load()
    rng = np.random.default_rng(0)
    x, w, dy = rng.normal(size=(2, 7, 5)), rng.normal(size=5), rng.normal(size=(2, 3, 2))
    y, cache = module.forward(x, w)
    gradients = module.backward(cache, dy)
    expected, dx, dw = np.zeros_like(dy), np.zeros_like(x), np.zeros_like(w)
    for i, j in np.ndindex(3, 2):
        rows, columns = slice(i * 7 // 3, -(-(i + 1) * 7 // 3)), slice(j * 5 // 2, -(-(j + 1) * 5 // 2))
        part = x[:, rows, columns]
        expected[:, i, j] = (part**2 * w[columns]).sum(axis=(1, 2))
        dx[:, rows, columns] += 2 * part * w[columns] * dy[:, i, j, None, None]
        dw[columns] += (part**2 * dy[:, i, j, None, None]).sum(axis=(0, 1))
    for got, right in ((y, expected), (gradients.x, dx), (gradients.w, dw)):
        np.testing.assert_allclose(got, right, rtol=1e-13)


@pytest.mark.parametrize(
    ("first", "last", "ends"),
    [
        ("i*i//3 - 2", "i*i//2 - 1", lambda i, size: (i * i // 3 - 2, i * i // 2 - 1)),  # from before the start to beyond the end
        ("3*i//4 + 3", "i*i//4", lambda i, size: (3 * i // 4 + 3, i * i // 4)),  # the first ones empty
        ("3*(L - i)//4", "3*(L - i)//4 + i", lambda i, size: (3 * (size - i) // 4, 3 * (size - i) // 4 + i)),  # they meet
        ("0", "3*i//4", lambda i, size: (0, 3 * i // 4)),
        ("(2*i) % L", "L - 1", lambda i, size: (2 * i % size, size - 1)),
    ],
)
def test_stretches_in_any_order_may_meet_be_empty_and_leave_the_axis(first, last, ends):
    layer = symback.compile(symback.loads(BETWEEN.format(first=first, last=last)))
    assert "_stretch_sums" in layer.source
    module = layer.load()
    rng = np.random.default_rng(0)
    for size in (0, 1, 2, 9):
        x, dy = rng.normal(size=(2, size)), rng.normal(size=(2, size))
        y, cache = module.forward(x)
        mask = np.zeros((size, size))
        for i in range(size):
            a, b = ends(i, size)
            mask[i, max(a, 0) : max(b + 1, 0)] = 1
        np.testing.assert_allclose(y, x @ mask.T, atol=1e-14)
        np.testing.assert_allclose(module.backward(cache, dy).x, dy @ mask, atol=1e-14)


def test_what_lies_outside_a_stretch_does_not_reach_its_sum():
    module = symback.compile(symback.loads(BETWEEN.format(first="0", last="(i*i + 1)//4"))).load()
    y, cache = module.forward(np.array([[1.0, 2.0, np.inf, np.nan]]))
    np.testing.assert_array_equal(y, [[1, 1, 3, np.inf]])
    np.testing.assert_array_equal(module.backward(cache, np.array([[1.0, 1.0, 2.0, np.inf]])).x, [[np.inf, np.inf, np.inf, 0]])
