"""What library layers do at the points that the documentation promises something about."""

import numpy as np
import pytest

from tests.library.modules import module

pytestmark = pytest.mark.filterwarnings("error")


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


def test_a_place_that_may_look_nowhere_gets_zero_and_gives_no_gradient():
    Q, K, V, keep = normal(1, 2, 3), normal(1, 4, 3, seed=1), normal(1, 4, 2, seed=2), np.ones((1, 2, 4), bool)
    keep[0, 1] = False
    y, saved = module("masked_attention").forward(Q, K, V, keep)
    gradients = module("masked_attention").backward(saved, np.ones_like(y))
    assert not y[0, 1].any() and not gradients.Q[0, 1].any()
    alone, saved = module("masked_attention").forward(Q[:, :1], K, V, keep[:, :1])
    np.testing.assert_allclose(gradients.K, module("masked_attention").backward(saved, np.ones_like(alone)).K, rtol=1e-13)


def test_a_masked_row_of_a_softmax_is_zero_with_gradient_zero():
    p, saved = module("masked_softmax").forward(np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[False, False], [True, True]]))
    (dx,) = module("masked_softmax").backward(saved, np.array([[5.0, -7.0], [1.0, 0.0]]))
    assert p[0].tolist() == [0, 0] and dx[0].tolist() == [0, 0]
    assert dx[1, 0] == pytest.approx(-dx[1, 1]) and dx[1, 0] > 0


@pytest.mark.parametrize(("mode", "expected"), [("train", [[0.5, 0.5, 0, 1]]), ("first", [[1, 0, 0, 1]])])
def test_a_tie_in_a_pool_is_shared_or_in_mode_first_goes_to_the_first(mode, expected):
    _, saved = module("max_pool1d").forward(np.array([[[2.0, 2.0, 1.0, 3.0]]]), mode=mode)
    np.testing.assert_array_equal(module("max_pool1d").backward(saved, np.ones((1, 1, 2))).x[0], expected)


def test_a_distance_of_zero_has_gradient_zero():
    x = normal(2, 3)
    z = x + np.array([[0.0], [1.0]])
    y, saved = module("pairwise_distance").forward(x, z)
    gradients = module("pairwise_distance").backward(saved, np.ones(2))
    assert y[0] == 0 and not gradients.x[0].any() and not gradients.z[0].any()
    np.testing.assert_allclose(gradients.x[1], -np.ones(3) / np.sqrt(3), rtol=1e-14)


def test_a_column_of_zeros_in_a_group_lasso_has_gradient_zero():
    W = normal(4, 2)
    W[:, 0] = 0
    _, saved = module("group_lasso").forward(W, lam=2.0)
    (dW,) = module("group_lasso").backward(saved)
    assert not dW[:, 0].any()
    np.testing.assert_allclose(np.linalg.norm(dW[:, 1]), 2, rtol=1e-14)


def test_the_gradient_of_a_product_is_right_at_zeros():
    x = np.array([2.0, 0.0, 3.0, 0.0, 5.0])
    y, saved = module("cumprod").forward(x)
    (dx,) = module("cumprod").backward(saved, np.ones(5))
    assert y.tolist() == [2, 0, 0, 0, 0]
    np.testing.assert_allclose(dx, [1, 2 + 2 * 3, 0, 0, 0], rtol=1e-14)


def test_a_target_of_exactly_zero_or_one_leaves_the_other_term_out():
    loss, saved = module("bce").forward(np.array([0.25, 0.5]), np.array([1.0, 0.0]))
    (dp,) = module("bce").backward(saved)
    assert loss == pytest.approx((np.log(4) + np.log(2)) / 2)
    np.testing.assert_allclose(dp, [-2, 1], rtol=1e-14)


def test_a_target_of_zero_adds_nothing_to_a_divergence():
    logp = np.log(np.array([[0.5, 0.25, 0.25]]))
    loss, saved = module("kl_div").forward(logp, np.array([[0.5, 0.5, 0.0]]))
    assert loss == pytest.approx(0.5 * np.log(2))
    np.testing.assert_allclose(module("kl_div").backward(saved).logp, [[-0.5, -0.5, 0]], rtol=1e-14)


def test_rows_labelled_ignore_give_no_gradient():
    z, t = normal(3, 4), np.array([1, -100, 2])
    loss, saved = module("weighted_cross_entropy").forward(z, t, np.ones(4))
    (dz,) = module("weighted_cross_entropy").backward(saved)
    rest, saved = module("softmax_cross_entropy").forward(z[[0, 2]], t[[0, 2]])
    np.testing.assert_allclose(loss, rest, rtol=1e-14)
    np.testing.assert_allclose(dz[[0, 2]], module("softmax_cross_entropy").backward(saved).z, rtol=1e-13)
    assert not dz[1].any()


def test_the_running_variance_of_a_single_sample_is_finite():
    y, _, state = module("batchnorm").forward(normal(1, 3), np.ones(3), np.zeros(3), np.zeros(3), np.ones(3))
    assert not y.any()
    np.testing.assert_allclose(state.running_var, 0.9, rtol=1e-14)


def test_a_label_sequence_that_does_not_fit_has_infinite_loss_and_gradient_zero():
    lp = np.log(np.full((1, 2, 3), 1 / 3))
    loss, saved = module("ctc_loss").forward(lp, np.array([[1, 2], [1, 1]]))
    (dlp,) = module("ctc_loss").backward(saved, np.ones(2))
    assert loss.tolist() == [np.inf, np.inf] and not dlp.any()


def test_clipping_leaves_a_short_gradient_alone_and_a_zero_one_too():
    clip = module("clip_norm").forward
    assert np.array_equal(clip(np.array([0.3, 0.4])), [0.3, 0.4])
    np.testing.assert_allclose(clip(np.array([3.0, 4.0])), [0.6, 0.8], rtol=1e-14)
    assert not clip(np.zeros(3)).any()


def test_lamb_and_lars_take_a_plain_step_where_a_norm_is_zero():
    zero, g = np.zeros(3), normal(3)
    w, _ = module("lars").forward(zero, g, zero, lr=0.5)
    np.testing.assert_allclose(w, -0.5 * g, rtol=1e-14)
    w, _ = module("lamb").forward(zero, g, zero, zero, np.zeros(()), lr=0.5)
    np.testing.assert_allclose(w, -0.5 * np.sign(g), rtol=1e-4)


@pytest.mark.parametrize("steps", [0, 1, 10, 1000])
def test_the_bias_correction_of_adam_in_float32_keeps_its_digits(steps):
    one = {name: np.ones(1, np.float32) for name in ("w", "g", "m", "v")}
    single, _ = module("adam").forward(**one, t=np.float32(steps), lr=100.0)
    double, _ = module("adam").forward(**{name: value.astype(float) for name, value in one.items()}, t=np.float64(steps), lr=100.0)
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, double, rtol=4e-7)
