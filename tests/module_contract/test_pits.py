"""The mistakes that hand-written backward passes make, each with the layer that would show it."""

import numpy as np
import pytest

from tests.module_contract.layers import module_of
from tests.oracle import gradients, read_text


def layer(body: str) -> str:
    return f"layer: pit\n{body}"


def check(text: str, values: dict, upstream: list | None = None, rtol: float = 1e-9):
    """forward, backward, and the oracle's gradients beside them; returns what backward gave."""
    module, declared = module_of(text), read_text(text)
    got = module.forward(*values.values())
    outputs = got[0] if isinstance(got[0], tuple) else (got[0],)
    upstream = upstream if upstream is not None else [np.random.default_rng(3).standard_normal(np.shape(y)) for y in outputs]
    grads = module.backward(got[1], *upstream)
    for n, g in gradients(declared, values, dict(zip(declared.outputs, upstream, strict=True))).items():
        np.testing.assert_allclose(getattr(grads, n), g, rtol=rtol, atol=1e-11, err_msg=n)
    return grads


def normal(*shape, seed=0):
    return np.random.default_rng(seed).standard_normal(shape)


def test_where_paths_meet_the_gradient_is_their_sum_and_not_the_last():
    text = layer(
        "inputs:\n  x: [N]\nwhere:\n  a[n]: x[n]**2\n  b[n]: sin(x[n]) + a[n]\n  c[n]: a[n]*b[n] + x[n]\noutputs:\n  y[n]: c[n] + b[n] + a[n]\n  z: Sum(x[n], n)\n"
    )
    check(text, {"x": normal(4)})


def test_a_tensor_passed_twice_to_a_layer_gets_both_gradients():
    text = layer("inputs:\n  x: [N, N]\n  b: [N]\nwhere:\n  h: linear(x, x, b)\noutputs:\n  y: linear(h, x, b)\n")
    check(text, {"x": normal(3, 3), "b": normal(3)})


def test_gradients_do_not_accumulate_from_call_to_call():
    text = layer("inputs:\n  x: [N]\noutputs:\n  y: Sum(x[n]**3, n)\n")
    x = normal(4)
    first = check(text, {"x": x})
    module = module_of(text)
    for _ in range(3):
        y, cache = module.forward(x)
        np.testing.assert_allclose(module.backward(cache)[0], 3 * x**2, rtol=1e-12)
    assert first is not None


def test_a_broadcast_tensors_gradient_is_summed_over_exactly_the_axes_that_it_lacks():
    text = layer(
        "inputs:\n  x: [N, C]\n  r: [N]\n  c: [C]\n  s: []\n  k: [1]\noutputs:\n  y[n, c_]: x[n, c_]*r[n] + c[c_]*s + k[0]*r[n]*c[c_]\n"
    )
    grads = check(text, {"x": normal(3, 3), "r": normal(3), "c": normal(3, seed=1), "s": normal(), "k": normal(1)})
    assert grads.r.shape == (3,) and grads.s.shape == () and grads.k.shape == (1,)


def test_a_square_matrix_is_not_transposed_by_accident():
    text = layer("inputs:\n  A: [N, N]\n  B: [N, N]\noutputs:\n  y[i, j]: Sum(A[k, i]*B[j, k], k)\n")
    check(text, {"A": normal(3, 3), "B": normal(3, 3, seed=1)})


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("scale", [1.0, 1e2, 1e4, 1e8, 1e300])
def test_a_softmax_does_not_overflow(scale):
    text = layer("inputs:\n  x: [N, C]\noutputs:\n  p[n, c]: exp(x[n, c])/Sum(exp(x[n, k]), k)\n")
    x = np.array([[1.0, 2.0, 3.0], [-1.0, 0.0, 1.0]]) * scale
    p, cache = module_of(text).forward(x)
    dx = module_of(text).backward(cache, normal(2, 3))[0]
    assert np.all(np.isfinite(p)) and np.all(np.isfinite(dx))
    np.testing.assert_allclose(p.sum(1), 1, rtol=1e-14)
    np.testing.assert_allclose(dx.sum(1), 0, atol=1e-14)


@pytest.mark.filterwarnings("error")
def test_a_row_of_minus_infinity_is_zero_with_gradient_zero():
    text = layer("inputs:\n  x: [N, C]\noutputs:\n  p[n, c]: exp(x[n, c])/Sum(exp(x[n, k]), k)\n  l[n]: log(Sum(exp(x[n, c]), c))\n")
    x = np.array([[-np.inf, -np.inf], [0.0, -np.inf]])
    (p, total), cache = module_of(text).forward(x)
    assert p.tolist() == [[0.0, 0.0], [1.0, 0.0]] and total.tolist() == [-np.inf, 0.0]
    dx = module_of(text).backward(cache, np.ones((2, 2)), np.ones(2))[0]
    assert dx.tolist() == [[0.0, 0.0], [1.0, 0.0]]


def test_the_chain_rule_reaches_through_every_link():
    text = layer("inputs:\n  x: [N]\noutputs:\n  y[n]: exp(sin(tanh(x[n]**2)*x[n]))/(1 + sqrt(1 + x[n]**2))\n")
    check(text, {"x": normal(5)})


def test_labels_masks_states_and_frozen_inputs_get_no_gradient():
    text = layer(
        "inputs:\n  x: [N]\n  f: {shape: [N], grad: false}\n  t: {shape: [N], values: N}\n  m: {shape: [N], dtype: bool}\nparams:\n  w: [N]\nstate:\n  s: [N]\n"
        "outputs:\n  y[n]: x[n]*f[n]*w[t[n]]*m[n]*s[n]\n"
    )
    values = {"x": normal(3), "f": normal(3), "t": np.array([2, 0, 0]), "m": np.array([True, False, True]), "w": normal(3), "s": normal(3)}
    assert check(text, values)._fields == ("x", "w")


def test_wrt_chooses_what_is_differentiated():
    text = layer("inputs:\n  x: [N]\n  z: [N]\nparams:\n  w: [N]\noutputs:\n  y[n]: x[n]*z[n]*w[n]\nwrt: [z]\n")
    assert check(text, {"x": normal(3), "z": normal(3), "w": normal(3)})._fields == ("z",)


def test_a_value_that_the_backward_needs_survives_the_forward():
    text = layer(
        "inputs:\n  x: [N]\nwhere:\n  a[n]: exp(x[n])\n  b[n]: a[n]**2 + x[n]\n  c[n]: b[n]*a[n]\noutputs:\n  y[n]: c[n]**2\n  z[n]: sqrt(a[n])*c[n]\n"
    )
    check(text, {"x": normal(4)})


def test_a_long_recurrence_does_not_recurse():
    text = layer("inputs:\n  x: [T]\nwhere:\n  h[-1]: 0\n  h[t]: 0.5*h[t-1] + x[t]\noutputs:\n  y: h[T-1]\n")
    module = module_of(text)
    x = np.ones(100_000)
    y, cache = module.forward(x)
    assert float(y) == pytest.approx(2.0)
    dx = module.backward(cache)[0]
    np.testing.assert_allclose(dx[-5:], [0.0625, 0.125, 0.25, 0.5, 1.0])


KINKS = {
    "relu(x[n])": 0.0, "Abs(x[n])": 0.0, "sign(x[n])": 0.0, "floor(x[n])": 0.0, "ceiling(x[n])": 0.0, "Max(x[n], 0)": 0.0, "Min(x[n], 0)": 0.0,
    "Min(Max(x[n], 0), 1)": 0.0, "sqrt(x[n]**2)": 0.0, "Norm(x[n]*w[k], k)": 0.0, "sqrt(Sum((x[n]*w[k])**2, k))": 0.0,
    "Piecewise((x[n], x[n] > 0), (3*x[n], True))": 3.0, "Piecewise((sqrt(x[n]), x[n] > 0), (2*x[n], True))": 2.0, "sqrt(Var(x[n]*w[0]*1 + 0*w[k], k))": 0.0,
    "x[n]*log(x[n])": None, "sqrt(x[n])": np.inf, "x[n]**(1/2)": np.inf, "atan2(x[n], x[n])": 0.0, "Max(x[n], -x[n])": 0.0, "Max(x[n], 2*x[n])": 1.5,
}  # fmt: skip


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("expression", [k for k, v in KINKS.items() if v is not None])
def test_the_slope_at_a_kink_is_the_documented_one(expression):
    uses = "w[k]" in expression or "w[0]" in expression
    text = layer("inputs:\n  x: [N]\n" + ("  w: {shape: [K], grad: false}\n" if uses else "") + f"outputs:\n  y[n]: {expression}\n")
    y, cache = module_of(text).forward(np.zeros(2), *([np.ones(3)] if uses else []))
    assert np.all(y == 0)
    assert module_of(text).backward(cache, np.ones(2))[0].tolist() == [KINKS[expression]] * 2


def test_ties_share_the_gradient():
    text = layer("inputs:\n  x: [N]\n  z: [N]\noutputs:\n  a: Amax(x[n], n)\n  b: Amin(x[n], n)\n  c[n]: Max(x[n], z[n])\n")
    module = module_of(text)
    x = np.array([1.0, 1.0, 0.0, 0.0])
    _, cache = module.forward(x, x)
    grads = module.backward(cache, 1.0, None, None)
    assert grads.x.tolist() == [0.5, 0.5, 0.0, 0.0]
    assert module.backward(cache, None, 1.0, None).x.tolist() == [0.0, 0.0, 0.5, 0.5]
    both = module.backward(cache, None, None, np.ones(4))
    assert both.x.tolist() == [0.5] * 4 and both.z.tolist() == [0.5] * 4


@pytest.mark.filterwarnings("error")
def test_a_branch_not_taken_contributes_exactly_nothing():
    text = layer(
        "inputs:\n  x: [N]\noutputs:\n  y[n]: Piecewise((sqrt(x[n]), x[n] > 0), (log(1 - x[n]), x[n] > -5), (1/(x[n] + 6), True))\n"
    )
    x = np.array([4.0, -1.0, -7.0, 1.0, -6.5])
    y, cache = module_of(text).forward(x)
    np.testing.assert_allclose(y, [2, np.log(2), -1, 1, -2], rtol=1e-15)
    np.testing.assert_allclose(module_of(text).backward(cache, np.ones(5))[0], [0.25, -0.5, -1, 0.5, -4], rtol=1e-14)


def test_batch_statistics_are_not_constants():
    text = layer(
        "inputs:\n  x: [N, C]\nwhere:\n  m[c]: Mean(x[n, c], n)\n  v[c]: Var(x[n, c], n)\noutputs:\n  y[n, c]: (x[n, c] - m[c])/sqrt(v[c] + 1e-5)\n"
    )
    x, dy = normal(5, 2), normal(5, 2, seed=1)
    grads = check(text, {"x": x}, [dy])
    assert not np.allclose(grads.x, dy / np.sqrt(x.var(0) + 1e-5))
    np.testing.assert_allclose(grads.x.sum(0), 0, atol=1e-12)


def test_training_and_inference_do_not_mix():
    text = layer(
        "inputs:\n  x: [N, C]\nstate:\n  m: [C]\nwhere:\n  c_[c]: Mean(x[n, c], n)\noutputs:\n  y[n, c]: x[n, c] - c_[c]\nupdate:\n  m[c]: c_[c]\n"
        "modes:\n  eval:\n    outputs:\n      y[n, c]: x[n, c] - m[c]\n    update: {}\n"
    )
    module = module_of(text)
    x, m = normal(4, 2), normal(2)
    y, cache, state = module.forward(x, m, mode="eval")
    np.testing.assert_allclose(y, x - m)
    assert np.array_equal(state.m, m)
    np.testing.assert_allclose(module.backward(cache, np.ones((4, 2)))[0], 1.0)
    y, cache, state = module.forward(x, m)
    np.testing.assert_allclose(state.m, x.mean(0), rtol=1e-14)
    np.testing.assert_allclose(module.backward(cache, np.ones((4, 2)))[0], 0.0, atol=1e-14)


def test_the_order_of_declarations_does_not_change_the_gradients():
    lines = ["  a[n]: x[n]**2", "  b[n]: a[n]*x[n]", "  c[n]: tanh(b[n]) + a[n]"]
    found = []
    for order in ([0, 1, 2], [2, 1, 0], [1, 2, 0]):
        text = layer("inputs:\n  x: [N]\nwhere:\n" + "\n".join(lines[k] for k in order) + "\noutputs:\n  y[n]: c[n]*b[n]\n")
        y, cache = module_of(text).forward(normal(4))
        found.append((y, module_of(text).backward(cache, np.ones(4))[0]))
    for y, g in found[1:]:
        np.testing.assert_allclose(y, found[0][0], rtol=1e-14)
        np.testing.assert_allclose(g, found[0][1], rtol=1e-13)


@pytest.mark.filterwarnings("error")
def test_a_product_with_zeros_has_its_true_gradient():
    text = layer("inputs:\n  x: [N, C]\noutputs:\n  y[n]: Prod(x[n, c], c)\n")
    x = np.array([[2.0, 3.0, 4.0], [0.0, 3.0, 4.0], [0.0, 0.0, 4.0], [-1.0, 0.0, 2.0]])
    y, cache = module_of(text).forward(x)
    np.testing.assert_allclose(y, [24, 0, 0, 0])
    np.testing.assert_allclose(module_of(text).backward(cache, np.ones(4))[0], [[12, 8, 6], [12, 0, 0], [0, 0, 0], [0, -2, 0]])


@pytest.mark.filterwarnings("error")
def test_a_masked_out_infinity_or_nan_never_reaches_the_gradient():
    text = layer("inputs:\n  x: [N]\n  m: {shape: [N], dtype: bool}\noutputs:\n  y[n]: Piecewise((x[n]**2, m[n]), (0, True))\n")
    x = np.array([1.0, np.inf, np.nan])
    y, cache = module_of(text).forward(x, np.array([True, False, False]))
    assert y.tolist() == [1.0, 0.0, 0.0]
    assert module_of(text).backward(cache, np.ones(3))[0].tolist() == [2.0, 0.0, 0.0]


def test_the_same_element_gathered_twice_gets_both_gradients():
    text = layer("inputs:\n  t: {shape: [N], values: V}\nparams:\n  W: [V, D]\noutputs:\n  y[n, d]: W[t[n], d]\n")
    grads = check(text, {"t": np.array([1, 1, 0, 1]), "W": normal(3, 2)}, [np.ones((4, 2))])
    np.testing.assert_allclose(grads.W, [[1, 1], [3, 3], [0, 0]])


def test_the_variance_at_a_large_mean_keeps_its_digits():
    text = layer("inputs:\n  x: [N, C]\noutputs:\n  v[n]: Mean((x[n, c] - Mean(x[n, k], k))**2, c)\n")
    x = (1e4 + normal(2, 64)).astype(np.float32)
    v, cache = module_of(text).forward(x)
    exact = x.astype(np.float64)
    np.testing.assert_allclose(v, exact.var(1), rtol=1e-4)
    dx = module_of(text).backward(cache, np.ones(2, np.float32))[0]
    np.testing.assert_allclose(dx, 2 * (exact - exact.mean(1, keepdims=True)) / 64, rtol=1e-2, atol=1e-4)
