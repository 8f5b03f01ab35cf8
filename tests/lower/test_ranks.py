"""Sums over the entries of a row that are at least as large as one of them take one sort, not a comparison of all pairs."""

import numpy as np
import pytest

import symback

TEXT = """\
layer: ranked
inputs:
  x: [N, C]
  v: [N, C]
outputs:
  rank[n, c]: Sum(Piecewise((1, x[n, j] >= x[n, c]), (0, True)), j)
  above[n, c]: Sum(Piecewise((v[n, j], x[n, j] >= x[n, c]), (0, True)), j)
  below[n, c]: Sum(v[n, j]*Piecewise((1, x[n, j] <= x[n, c]), (0, True)), j)
wrt: [v]
"""
ROWS = {
    "apart": lambda rng: rng.standard_normal((5, 40)),
    "tied": lambda rng: rng.integers(0, 6, (5, 40)).astype(float),
    "signed zeros and infinities": lambda rng: rng.choice([0.0, -0.0, np.inf, -np.inf, 1.0], (5, 40)),
    "some no numbers": lambda rng: rng.choice([np.nan, 2.0, 1.0, -3.0], (5, 40)),
    "one": lambda rng: rng.standard_normal((5, 1)),
    "none": lambda rng: np.zeros((5, 0)),
}


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("rows", ROWS)
def test_ranks_and_sums_are_those_of_all_pairs(rows, kind):
    rng = np.random.default_rng(0)
    x, v = ROWS[rows](rng).astype(kind), rng.standard_normal((5, 40)).astype(kind)
    v = v[:, : x.shape[1]]
    made = symback.compile(symback.loads(TEXT)).load()
    out, cache = made.forward(x, v)
    larger = x[:, None, :] >= x[:, :, None]
    smaller = x[:, None, :] <= x[:, :, None]
    tolerance = 64 * np.finfo(kind).eps
    np.testing.assert_array_equal(out.rank, larger.sum(2))
    np.testing.assert_allclose(out.above, (larger * v[:, None]).sum(2), rtol=0, atol=tolerance)
    np.testing.assert_allclose(out.below, (smaller * v[:, None]).sum(2), rtol=0, atol=tolerance)
    da, db = rng.standard_normal((2, *x.shape)).astype(kind)
    (dv,) = made.backward(cache, None, da, db)
    exact = (larger * da[:, :, None]).sum(1) + (smaller * db[:, :, None]).sum(1)
    np.testing.assert_allclose(dv, exact, rtol=0, atol=2 * tolerance)
    assert dv.dtype == out.above.dtype == kind


def test_pairs_along_another_axis_are_sorted_along_it():
    text = "layer: columns\ninputs:\n  x: [C, N]\noutputs:\n  y[c, n]: Sum(Piecewise((x[j, n], x[c, n] <= x[j, n]), (0, True)), j)\n"
    compiled = symback.compile(symback.loads(text))
    assert "_ascending(" in compiled.source
    x = np.random.default_rng(1).integers(0, 9, (12, 3)).astype(float)
    y, _ = compiled.load().forward(x)
    np.testing.assert_array_equal(y, (x[None] * (x[:, None] <= x[None])).sum(1))


def test_what_depends_on_both_entries_is_summed_pair_by_pair():
    text = "layer: pairs\ninputs:\n  x: [C]\noutputs:\n  y[c]: Sum(Piecewise((x[j] - x[c], x[c] <= x[j]), (0, True)), j)\n"
    compiled = symback.compile(symback.loads(text))
    x = np.array([3.0, 1.0, 2.0])
    y, _ = compiled.load().forward(x)
    np.testing.assert_allclose(y, np.maximum(x[None] - x[:, None], 0).sum(1), rtol=1e-15)
