"""The nearest row is the one that differences give, also where products of large numbers would round them away."""

import numpy as np
import pytest

import symback
from symback.functions.kernels.vectors import _nearest
from tests.library.modules import compiled

LAYER = """layer: a
inputs:
  x: [N, D]
  c: [K, D]
where:
  d[n, k]: Sum((c[k, j] - x[n, j])**2, j)
  best[n]: Argmin(d[n, k], k)
outputs:
  y[n, j]: c[best[n], j]
"""


def by_differences(x, c):
    gap = x[:, None] - c
    return np.vecdot(gap, gap).argmin(axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("offset", [0, 1e3, 1e6])
def test_the_nearest_row_is_that_of_the_differences(dtype, offset):
    rng = np.random.default_rng(0)
    x, c = (rng.standard_normal((n, 5)).astype(dtype) + dtype(offset) for n in (300, 40))
    assert np.array_equal(_nearest(x, c), by_differences(x, c))


def test_the_first_of_equally_near_rows_is_the_nearest():
    c = np.array([[9.0, 9.0], [1.0, 0.0], [1.0, 0.0], [-1.0, 0.0]])
    assert np.array_equal(_nearest(np.array([[1.0, 0.0], [0.0, 0.0]]), c), [1, 1])


def test_rows_that_are_not_finite_are_compared_as_they_are():
    x = np.array([[np.nan, 0.0], [1e200, 0.0], [1.0, 2.0]])
    c = np.array([[0.0, 0.0], [1e200, 1.0], [1.0, 2.0]])
    with np.errstate(all="ignore"):
        assert np.array_equal(_nearest(x, c), by_differences(x, c))


def test_no_difference_of_every_pair_is_made_for_the_nearest():
    assert "_nearest(x, E)" in compiled("vector_quantize").source and "x[:, None]" not in compiled("vector_quantize").source
    module = symback.compile(symback.loads(LAYER)).load()
    x, c = np.random.default_rng(0).standard_normal((2, 7, 3))
    assert np.array_equal(module.forward(x, c)[0], c[by_differences(x, c)])


def test_distances_that_are_returned_too_are_made_of_differences():
    assert "_nearest" not in symback.compile(symback.loads(LAYER + "  z[n, k]: d[n, k]\n")).source
