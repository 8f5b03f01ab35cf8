"""Work in the order in which it costs least: scans instead of triangles, slices instead of masks and lists of places."""

from pathlib import Path

import numpy as np
import pytest

import symback

LIBRARY = Path(symback.__file__).parent / "frontend" / "library"


def compiled(name: str):
    return symback.compile(symback.load(LIBRARY / f"{name}.yaml"))


def backward(text: str) -> str:
    return text[text.index("def backward") : text.index("LATEX = ")]


def test_the_gradient_of_a_running_product_divides_by_no_zero():
    layer = compiled("cumprod")
    assert "_product_tail(dy, x, y, axis=1)" in layer.source and "[:, :, None]" not in backward(layer.source)
    module = layer.load()
    x, dy = np.array([[2.0, 0.0, 3.0, 0.0], [0.0, 5.0, 7.0, 2.0]]), np.array([[1.0, 2.0, -1.0, 0.5], [0.25, 1.0, 2.0, -3.0]])
    _, cache = module.forward(x)
    expected = np.zeros_like(x)
    for j in range(4):
        for i in range(j, 4):
            expected[:, j] += dy[:, i] * np.prod(np.delete(x[:, : i + 1], j, axis=1), axis=1)
    assert np.array_equal(module.backward(cache, dy).x, expected)


@pytest.mark.parametrize("size", [1.0, 1e-3, 1e-8, 1e3])
def test_the_gradient_of_a_running_product_is_as_accurate_by_division_as_by_the_scan(size):
    module, rng = compiled("cumprod").load(), np.random.default_rng(0)
    x, dy = (size * rng.uniform(0.5, 2, (3, 9))).astype(np.float32), rng.uniform(0.5, 2, (3, 9)).astype(np.float32)
    got, right = (module.backward(module.forward(x.astype(t))[1], dy.astype(t)).x for t in (np.float32, np.float64))
    seen = np.abs(right) > 1e-30
    np.testing.assert_allclose(got[seen], right[seen], rtol=2e-6)
    assert module.backward(module.forward(x[:, :0])[1], dy[:, :0]).x.shape == (3, 0)


@pytest.mark.parametrize("limits", ["(j, 0, i)", "(j, i, T - 1)"])
def test_a_running_log_of_a_sum_keeps_what_is_small_beside_the_largest_in_any_number_of_rows(limits):
    text = f"layer: a\ninputs:\n  x: [N, T]\nindices:\n  i: T\noutputs:\n  y[n, i]: log(Sum(exp(x[n, j]), {limits}))\n"
    module, rng = symback.compile(symback.loads(text)).load(), np.random.default_rng(0)
    x = rng.normal(size=(64, 7)) * 20
    x[0] = [0, -30, -31, -np.inf, -29, -40, -50]
    x[1] = [-np.inf, -np.inf, 1, 2, 3, 4, 5]
    with np.errstate(invalid="ignore"):
        turned = x if "0, i" in limits else x[:, ::-1]
        expected = np.logaddexp.accumulate(turned, axis=1)
    expected = expected if "0, i" in limits else expected[:, ::-1]
    for rows in (slice(0, 1), slice(2, None), slice(None), slice(0, 0)):
        y, cache = module.forward(x[rows])
        np.testing.assert_allclose(y, expected[rows], rtol=1e-14)
        p = np.exp(x[rows, None] - np.where(np.isinf(expected[rows]), 0, expected[rows])[:, :, None])
        inside = np.tri(7) if "0, i" in limits else np.tri(7).T
        dx = module.backward(cache, np.ones_like(y)).x
        np.testing.assert_allclose(dx, (p * inside).sum(axis=1) if p.size else np.zeros_like(dx), rtol=1e-12, atol=1e-300)
    y, _ = module.forward(np.tile(x[2:], (310, 1)))  # so many that all rows move on together
    np.testing.assert_allclose(y, np.tile(expected[2:], (310, 1)), rtol=1e-14)


@pytest.mark.parametrize("name", ["Amax", "Amin"])
def test_the_gradient_of_a_running_extremum_is_shared_by_ties_in_one_pass(name):
    layer = symback.compile(
        symback.loads(f"layer: a\ninputs:\n  x: [T, N]\nindices:\n  i: T\noutputs:\n  y[i, n]: {name}(x[j, n], (j, 0, i))\n")
    )
    assert "_running_extremum_tail(dy, x, y, axis=0)" in layer.source and "[:, None]" not in backward(layer.source)
    module, rng = layer.load(), np.random.default_rng(0)
    for top in (1, 3, 100):
        x, dy = rng.integers(0, top, (9, 4)).astype(float), rng.standard_normal((9, 4))
        y, cache = module.forward(x)
        expected = np.zeros_like(x)
        for i in range(9):
            tied = x[: i + 1] == y[i]
            expected[: i + 1] += tied * dy[i] / tied.sum(axis=0)
        assert np.allclose(module.backward(cache, dy).x, expected, rtol=0, atol=1e-12)


def test_nothing_takes_part_in_the_gradient_of_a_running_maximum_after_a_nan():
    x = np.array([[1.0, 2.0, np.nan, 3.0, 3.0]])
    module = compiled("cummax").load()
    _, cache = module.forward(x)
    assert np.array_equal(module.backward(cache, np.ones((1, 5))).x, [[1, 1, 0, 0, 0]])


def test_scores_that_are_left_out_of_a_softmax_need_no_mask_in_its_gradient():
    text = backward(compiled("nt_xent").source)
    assert "np.where(mask" not in text and "[:, None] *" not in text.split("du =")[1].split("\n")[0]


def test_a_condition_on_the_step_of_a_loop_is_a_slice():
    text = compiled("forward_substitution").source
    assert "np.vecdot(L[i, :i], z[:i])" in text and "dz[:i] += L[i, :i]" in text


def test_terms_of_a_recurrence_that_wait_for_no_step_are_summed_before_it():
    loop = compiled("gae").source.split("for t in reversed(range(T)):")[1].splitlines()[1]
    assert "a_in[t]" in loop and "v[" not in loop


@pytest.mark.parametrize("name", ["crf_nll", "hmm_forward", "ctc_loss", "sinkhorn"])
def test_a_softmax_of_earlier_values_is_kept_by_the_steps_that_make_it(name):
    text = compiled(name).source
    assert "_exponentials(" not in backward(text) and "_weights" in backward(text)


def test_a_recurrence_of_no_more_than_its_start_keeps_no_softmax():
    lines = "a[0, n]: x[0, n]\n  a[t, n]: x[t, n] + LogSumExp(a[t-1, k] + W[k, n], k)\noutputs:\n  y[t, n]: a[t, n]\n"
    layer = symback.compile(symback.loads(f"layer: a\ninputs:\n  x: [T, N]\n  W: [N, N]\nwhere:\n  {lines}"))
    assert "a_weights" in backward(layer.source)
    module, x = layer.load(), np.array([[1.0, 2.0]])
    y, cache = module.forward(x, np.eye(2))
    dx, dW = module.backward(cache, 2 * x)
    assert np.array_equal(y, x) and np.array_equal(dx, 2 * x) and np.array_equal(dW, np.zeros((2, 2)))


def test_steps_that_nothing_is_derived_from_keep_no_softmax():
    lines = "a[0, n]: x[0, n]\n  a[t, n]: x[t, n] + LogSumExp(a[t-1, k] + x[t, n], k)\noutputs:\n  y[t, n]: a[t, n]\nwrt: []\n"
    assert "a_weights" not in symback.compile(symback.loads(f"layer: a\ninputs:\n  x: [T, N]\nwhere:\n  {lines}")).source


def test_what_a_fold_spreads_is_read_in_windows_that_are_copied_before_they_are_returned():
    layer = compiled("fold1d")
    assert "for tap in" not in backward(layer.source)
    module = layer.load()
    y, cache = module.forward(np.ones((2, 3, 4)))
    dx = module.backward(cache, np.arange(y.size, dtype=float).reshape(y.shape)).x
    before = dx.copy()
    dx[0, 0, 1] += 1
    assert (dx != before).sum() == 1


@pytest.mark.parametrize("name", ["pixel_shuffle", "pixel_unshuffle", "channel_shuffle"])
def test_rearranged_elements_are_copied_once_and_gathered_by_no_list(name):
    text = compiled(name).source
    forward = text[text.index("def forward") : text.index("def backward")]
    assert forward.count("copy()") == 1 and "y.copy()" not in forward and "np.arange" not in text


@pytest.mark.parametrize("name", ["circular_pad1d", "reflect_pad1d", "replicate_pad1d", "roll"])
def test_places_that_sizes_decide_are_added_up_in_stretches(name):
    layer = compiled(name)
    assert "_sums_along(" in backward(layer.source) and "np.add.at" not in backward(layer.source)
    module, x = layer.load(), np.arange(24.0).reshape(2, 2, 6)
    x = x if "[N, C, L]" in layer.source else x[0]
    y, cache = module.forward(x)
    dy = np.cos(np.arange(y.size)).reshape(y.shape)
    dx = module.backward(cache, dy).x
    step = np.zeros_like(x)
    for place in np.ndindex(*x.shape):
        step[place] = 1
        assert np.isclose((module.forward(step)[0] * dy).sum(), dx[place])
        step[place] = 0


def test_an_index_list_without_stretches_is_added_up_too():
    text = "layer: a\ninputs: {x: [N, 7]}\nindices: {i: 40}\noutputs:\n  y[n, i]: x[n, (i*i + 3*i) % 7]\n"
    module = symback.compile(symback.loads(text)).load()
    dy = np.arange(80.0).reshape(2, 40)
    _, cache = module.forward(np.zeros((2, 7)))
    expected = np.zeros((2, 7))
    i = np.arange(40)
    np.add.at(expected, (slice(None), (i * i + 3 * i) % 7), dy)
    assert np.array_equal(module.backward(cache, dy).x, expected)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_softmax_over_an_inner_axis_is_that_of_its_rows_however_they_lie(dtype):
    module = compiled("softmax2d").load()
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4, 5, 30, 31)).astype(dtype)
    x[0, :, 0, 0] = -np.inf
    x[1, 2:4, 0, 0] = 3  # a tie of the largest
    x[2, :, 0] *= 200
    x[3, 1, 4, 4] = np.nan
    x[3, 1, 5, 5] = np.inf
    dp = rng.normal(size=x.shape).astype(dtype)
    p, cache = module.forward(x)
    dx = module.backward(cache, dp).x
    small, rows = module.forward(x[:1, :, :3, :3])[0], np.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(-1, 5)
    of_rows = compiled("softmax").load()
    q, kept = of_rows.forward(rows)
    dq = of_rows.backward(kept, np.ascontiguousarray(dp.transpose(0, 2, 3, 1)).reshape(-1, 5)).x
    for got, right in ((p, q), (dx, dq)):
        np.testing.assert_allclose(
            got.transpose(0, 2, 3, 1).reshape(-1, 5), right, rtol=20 * np.finfo(dtype).eps, atol=4 * np.finfo(dtype).eps
        )
    np.testing.assert_allclose(small, p[:1, :, :3, :3], rtol=4 * np.finfo(dtype).eps)


def test_the_place_of_the_largest_along_an_inner_axis_is_the_first_of_a_tie():
    text = """
layer: a
inputs:
  x: [N, C, L]
outputs:
  y[n, l]: 1.0*Argmax(x[n, c, l], c)
wrt: []
"""
    module = symback.compile(symback.loads(text)).load()
    x = np.random.default_rng(0).integers(0, 5, (40, 9, 60)).astype(float)
    x[3, 4, 5] = np.nan
    for many in (x, x[:2], x[:3]):
        np.testing.assert_array_equal(module.forward(many), many.argmax(axis=1))
    np.testing.assert_array_equal(module.forward(-np.zeros((2, 300, 60))), 0)


def test_what_a_recurrence_stores_from_its_start_on_is_not_worked_out_again():
    assert "np.tanh(" not in backward(compiled("rnn").source)
    lines = "h[0, n]: x[0, n]\n  h[t, n]: tanh(h[t-1, n] + x[t, n])\noutputs:\n  y[t, n]: h[t, n]\n"
    layer = symback.compile(symback.loads(f"layer: a\ninputs:\n  x: [T, N]\nwhere:\n  {lines}"))
    module, x = layer.load(), np.array([[3.0], [0.5], [-1.0]])
    y, cache = module.forward(x)
    first = 1 - y[1] ** 2
    second = 1 - y[2] ** 2
    assert np.allclose(module.backward(cache, np.ones_like(x)).x, [1 + first * (1 + second), first * (1 + second), second])
