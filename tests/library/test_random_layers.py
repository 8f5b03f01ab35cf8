"""Layers that draw: what they draw, that a seed repeats it, and that the backward uses the same draw."""

import numpy as np
import pytest

from tests.library.modules import module


@pytest.mark.parametrize(
    ("layer", "shape", "shared"),
    [("dropout", (40, 50), ()), ("dropout2d", (20, 30, 2, 3), (2, 3)), ("drop_path", (900, 2), (1,))],
)
def test_dropout_keeps_the_right_share_scales_it_and_passes_the_gradient_of_what_it_kept(layer, shape, shared):
    x = np.random.default_rng(1).standard_normal(shape)
    y, cache = module(layer).forward(x, p=0.25, rng=np.random.default_rng(2))
    kept = y != 0
    np.testing.assert_allclose(y[kept], x[kept] / 0.75, rtol=1e-14)
    assert 0.70 < kept.mean() < 0.80
    assert all(np.array_equal(kept, np.broadcast_to(kept.take([0], axis), shape)) for axis in shared)
    g = np.random.default_rng(3).standard_normal(shape)
    np.testing.assert_allclose(module(layer).backward(cache, g).x, np.where(kept, g / 0.75, 0), rtol=1e-14)


@pytest.mark.parametrize("layer", ["alpha_dropout", "gaussian_dropout"])
def test_noise_keeps_the_mean_and_the_variance_that_the_paper_says(layer):
    x = np.random.default_rng(1).standard_normal((400, 500))
    y, cache = module(layer).forward(x, p=0.2, rng=np.random.default_rng(2))
    expected = 1.0 if layer == "alpha_dropout" else 1 + 0.2 / 0.8
    assert abs(y.mean()) < 0.02
    assert abs(y.var() - expected) < 0.03
    slope = module(layer).backward(cache, np.ones_like(x)).x
    offset = y - slope * x
    assert np.unique(np.round(offset, 9)).size <= 2


def test_gumbel_softmax_picks_each_class_as_often_as_its_probability():
    logits = np.log(np.array([0.5, 0.3, 0.2]))
    p, _ = module("gumbel_softmax").forward(np.broadcast_to(logits, (20000, 3)), tau=0.1, rng=np.random.default_rng(5))
    np.testing.assert_allclose(p.sum(-1), 1, rtol=1e-12)
    np.testing.assert_allclose(np.bincount(p.argmax(-1)) / 20000, [0.5, 0.3, 0.2], atol=0.02)


@pytest.mark.parametrize("layer", ["dropout", "dropout2d", "alpha_dropout", "gaussian_dropout", "drop_path", "gumbel_softmax"])
def test_the_same_seed_draws_the_same_bits(layer):
    x = np.ones((3, 4, 2, 2) if layer == "dropout2d" else (3, 4), dtype=np.float32)
    first, second, third = (module(layer).forward(x, rng=np.random.default_rng(seed))[0] for seed in (8, 8, 9))
    assert first.tobytes() == second.tobytes() != third.tobytes()
    assert first.dtype == np.float32
