"""Windows as views: of no tap, and as many as are left where what reads 0 is left out."""

import numpy as np
import pytest

import symback


@pytest.mark.parametrize("step", [1, 3])
@pytest.mark.parametrize("taps", [0, 1, 2])
def test_windows_may_have_no_tap(step, taps):
    text = (
        f"layer: dilated\ninputs:\n  x: {{shape: [L], outside: 0}}\nparams:\n  w: [K]\nindices:\n  i: L\n"
        f"outputs:\n  y[i]: Sum(w[k]*x[i + {step}*k], k)\n"
    )
    made = symback.compile(symback.loads(text)).load()
    x, w = np.arange(1.0, 6), np.arange(2.0, 2 + taps)
    padded = np.append(x, np.zeros(step * taps))
    y, cache = made.forward(x, w)
    np.testing.assert_array_equal(y, sum((w[k] * padded[step * k : step * k + 5] for k in range(taps)), np.zeros(5)))
    slopes = made.backward(cache, np.ones(5))
    np.testing.assert_array_equal(slopes.w, [padded[step * k : step * k + 5].sum() for k in range(taps)])
    np.testing.assert_array_equal(slopes.x, [sum(w[k] for k in range(taps) if i >= step * k) for i in range(5)])


def test_an_axis_of_one_leaves_no_window_where_what_reads_0_is_left_out():
    text = (
        "layer: cropped\ninputs:\n  x: [I, H*H]\n  u: [I, H, H]\n  v: {shape: [I, H], outside: 0}\n"
        "outputs:\n  y[i]: Sum(x[i, h + k]*u[i, h, k]*v[i, h + 1], h, k)\n"
    )
    made = symback.compile(symback.loads(text)).load()
    y, cache = made.forward(np.ones((2, 1)), np.ones((2, 1, 1)), np.ones((2, 1)))
    assert y.tolist() == [0, 0] and not any(g.any() for g in made.backward(cache, np.ones(2)))
    x, u, v = np.arange(8.0).reshape(2, 4), np.arange(8.0).reshape(2, 2, 2) + 1, np.array([[2.0, 3.0], [5.0, 7.0]])
    y, cache = made.forward(x, u, v)
    np.testing.assert_array_equal(y, [sum(x[i, k] * u[i, 0, k] for k in range(2)) * v[i, 1] for i in range(2)])
    np.testing.assert_array_equal(made.backward(cache, np.ones(2)).v[:, 1], y / v[:, 1])
