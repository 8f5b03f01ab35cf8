"""Elementwise work in tiles: the same bits as on whole arrays, at every size."""

import numpy as np
import pytest

import symback
from symback import frontend
from symback.emit import schedule

LAYERS = ("sigmoid", "silu", "swiglu", "mish", "gelu", "softplus", "selu", "tanhshrink", "softcap", "bce_with_logits", "smooth_l1", "sgd", "momentum",
          "adam")  # fmt: skip
SIZES = ((), (0,), (5,), (3, 4), (2, 32768), (70001,))


def module(name: str, monkeypatch: pytest.MonkeyPatch, *, whole: bool):
    """A library layer, its work divided into tiles, or on whole arrays."""
    with monkeypatch.context() as patch:
        if whole:
            patch.setattr(schedule, "tilings", lambda roots, order, known: {})
        compiled = symback.compile(symback.loads(frontend.library_text(name)))
    assert ("_tiles(" in compiled.source) != whole
    return compiled.load()


def arguments(made, name: str, shape: tuple[int, ...], dtype: type) -> list[np.ndarray]:
    """Numbers of the wanted shape for each argument; the count of steps is one number."""
    rng = np.random.default_rng(len(shape))
    names = [n for n, kind in made.forward.__annotations__.items() if kind == "np.ndarray" and n != "return"]
    return [np.asarray(3.0 if n == "t" and name == "adam" else np.abs(rng.standard_normal(shape)), dtype) for n in names]


def results(made, passed: list[np.ndarray]) -> list[np.ndarray]:
    """Values, gradients (twice) and next states."""
    returned = made.forward(*passed)
    if not hasattr(made, "backward"):
        return [returned[0], *returned[1]] if isinstance(returned, tuple) else [returned]
    y, cache = returned
    upstream = np.linspace(-1, 1, y.size, dtype=y.dtype).reshape(y.shape)
    return [y, *made.backward(cache, upstream), *made.backward(cache, upstream)]


@pytest.mark.parametrize("name", LAYERS)
def test_tiles_give_the_same_bits_as_whole_arrays(name, monkeypatch):
    tiled, plain = (module(name, monkeypatch, whole=whole) for whole in (False, True))
    for shape in SIZES:
        for dtype in (np.float16, np.float32, np.float64):
            passed = arguments(tiled, name, shape, dtype)
            before = [a.copy() for a in passed]
            with np.errstate(divide="ignore", invalid="ignore"):  # the mean of nothing
                pairs = list(zip(results(tiled, passed), results(plain, passed), strict=True))
            for ours, theirs in pairs:
                assert ours.dtype == theirs.dtype and ours.shape == theirs.shape
                if ours.ndim or not shape:
                    assert ours.tobytes() == theirs.tobytes()
                else:  # the sums of several tiles are added up pairwise, but not in the order of the whole
                    np.testing.assert_allclose(ours, theirs, rtol=4 * np.finfo(ours.dtype).eps)
            assert all(np.array_equal(a, b) for a, b in zip(passed, before, strict=True))


def test_arguments_that_are_no_contiguous_arrays_are_read_in_tiles(monkeypatch):
    made = module("silu", monkeypatch, whole=False)
    x = np.linspace(-3, 3, 70000, dtype=np.float32).reshape(200, 350)
    plain, _ = made.forward(np.ascontiguousarray(x.T))
    turned, cache = made.forward(x.T)
    assert np.array_equal(plain, turned)
    assert made.backward(cache, np.broadcast_to(np.float32(1), turned.shape)).x.shape == (350, 200)


@pytest.mark.parametrize("name", ("sigmoid", "silu", "gelu", "mish", "softplus"))
def test_forward_keeps_the_slope_alone(name):
    made = symback.compile(symback.loads(frontend.library_text(name))).load()
    _, cache = made.forward(np.linspace(-2, 2, 9))
    assert [field for field in cache._fields if isinstance(getattr(cache, field), np.ndarray)] == ["slope"]


def test_what_a_number_asks_for_is_added_in_place(monkeypatch):
    made = module("momentum", monkeypatch, whole=False)
    w, g, v = (np.linspace(-1, 1, 40000) * k for k in (1, 2, 3))
    for decay in (0.0, 0.1):
        new, state = made.forward(w, g, v, weight_decay=decay)
        assert np.array_equal(state.v, v * 0.9 + g + w * decay if decay else v * 0.9 + g)
        np.testing.assert_allclose(new, w - 0.01 * state.v)


def test_only_the_value_that_a_number_chooses_is_worked_out(monkeypatch):
    x = np.array([-3, -0.5, -0.4, 0, 0.4, 0.5, 3, np.inf])
    with monkeypatch.context() as patch:
        made = module("softshrink", patch, whole=False)
    for lam in (0.5, 0.0, -0.5):
        y, cache = made.forward(x, lam=lam)
        assert np.array_equal(y, np.where(x > lam, x - lam, np.where(x < -lam, x + lam, 0)))
        assert np.array_equal(made.backward(cache, np.ones_like(x)).x, (x > lam) | (x < -lam))


def test_a_sum_over_all_elements_is_taken_tile_by_tile(monkeypatch):
    made = module("charbonnier", monkeypatch, whole=False)
    rng = np.random.default_rng(0)
    y, t = (rng.standard_normal(100_000).astype(np.float32) for _ in range(2))
    loss, cache = made.forward(y, t)
    exact = np.hypot(y.astype(float) - t, 1e-3).mean()
    assert loss.dtype == np.float32 and abs(loss - exact) < 1e-6 * exact
    assert [field for field in cache._fields if isinstance(getattr(cache, field), np.ndarray)] == ["slope"]
    for size in (0, 1, 32768, 32769):
        with np.errstate(invalid="ignore"):  # the mean of nothing
            loss, _ = made.forward(y[:size], t[:size])
        np.testing.assert_allclose(loss, np.hypot(y[:size] - t[:size], 1e-3).mean() if size else np.nan, rtol=1e-6)


def test_a_sum_of_products_over_all_elements_is_taken_tile_by_tile(monkeypatch):
    made = module("swish", monkeypatch, whole=False)
    rng = np.random.default_rng(0)
    x, dy = (rng.standard_normal(50_000) for _ in range(2))
    y, cache = made.forward(x, np.array(0.7))
    s = 1 / (1 + np.exp(-0.7 * x))
    np.testing.assert_allclose(made.backward(cache, dy).beta, np.sum(dy * x * x * s * (1 - s)), rtol=1e-10)


def test_a_helper_that_works_in_place_writes_where_its_result_is_kept():
    for name, line in (
        ("sigmoid", "_over_growth(y[part], x[part], divisor_x, out=slope[part])"),
        ("tanhshrink", "_tanhshrink(x[part], out=y[part])"),
    ):
        assert f"        {line}\n" in symback.compile(symback.loads(frontend.library_text(name))).source


def test_a_number_goes_to_the_slope_that_forward_keeps():
    assert "    dx = dy * slope\n" in symback.compile(symback.loads(frontend.library_text("snake"))).source
