"""Positions that are mirrored, continued or held at an edge: read and added to by slices, whatever their stretches are."""

from pathlib import Path

import numpy as np
import pytest

import symback
from symback.functions.kernels import scatters

LIBRARY = Path(symback.__file__).parent / "frontend" / "library"

LISTS = {
    "mirrored": np.abs(np.arange(9) - 2),
    "continued": (np.arange(12) - 2) % 7,
    "held": np.clip(np.arange(11) - 2, 0, 6),
    "one place": np.full(5, 3),
    "backward": np.arange(7)[::-1],
    "by twos": np.abs(6 - 2 * np.arange(7)),
    "without order": np.array([3, 1, 4, 1, 5, 2, 6, 5, 3, 5, 0, 1, 3, 2, 3, 0, 4, 6, 2, 6, 4, 3, 3, 0, 3, 2, 5]),
    "none": np.arange(0),
}


@pytest.mark.parametrize("second", LISTS)
@pytest.mark.parametrize("first", LISTS)
@pytest.mark.parametrize("rows", [2, 4000])
def test_lists_along_two_axes_are_read_and_added_to_as_by_index_arrays(first, second, rows):
    i, j = LISTS[first], LISTS[second]
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 7, 7))
    np.testing.assert_array_equal(scatters._read_along(x, i, j, axes=(1, 2)), x[:, i[:, None], j])
    values = rng.integers(-9, 9, (rows, len(i), len(j))).astype(float)
    expected = np.zeros((rows, 7, 7))
    np.add.at(expected, (slice(None), i[:, None], j), values)
    np.testing.assert_array_equal(scatters._sums_along(values, i, 7, j, 7, axes=(1, 2)), expected)


@pytest.mark.parametrize("name", LISTS)
def test_values_are_added_to_what_stands_there(name):
    index = LISTS[name]
    values = np.random.default_rng(0).integers(-9, 9, (3, len(index), 2)).astype(float)
    total, expected = np.ones((3, 7, 2)), np.ones((3, 7, 2))
    np.add.at(expected, (slice(None), index), values)
    scatters._add_along(total, index, values, axis=1)
    np.testing.assert_array_equal(total, expected)


@pytest.mark.parametrize("name", ["reflect_pad1d", "reflect_pad2d", "replicate_pad1d", "circular_pad1d"])
def test_a_border_is_read_and_added_to_by_one_call(name):
    text = symback.compile(symback.load(LIBRARY / f"{name}.yaml")).source
    assert "y = _read_along(x, " in text and "dx = _sums_along(dy, " in text and "np.zeros((N" not in text
