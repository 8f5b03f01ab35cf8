"""Places around an array hold the value that is asked for."""

import numpy as np
import pytest

from symback.functions.kernels.padding import _padded


@pytest.mark.parametrize("value", [0, -np.inf])
@pytest.mark.parametrize(
    ("shape", "widths"),
    [
        ((4, 3), ((0, 0), (0, 2))),
        ((5,), ((2, 1),)),
        ((0, 3), ((1, 1), (0, 2))),
        ((2, 3, 4), ((1, 0), (0, 0), (3, 2))),
        ((2, 2), ((0, 0), (0, 0))),
    ],
)
def test_an_array_is_padded_as_numpy_pads_it_and_is_never_the_one_passed_in(shape, widths, value):
    x = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    padded = _padded(x, widths, value)
    np.testing.assert_array_equal(padded, np.pad(x, widths, constant_values=value))
    assert padded.dtype == x.dtype and not np.shares_memory(padded, x)
