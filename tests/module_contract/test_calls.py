"""How forward and backward are called: results, upstream gradients, states, modes, refusals before any work."""

import inspect
import threading

import numpy as np
import pytest

from tests.module_contract.layers import ATTENTION, BATCHNORM, LAYERS, LINEAR, arrays, module_of, ones_for, outputs_of

NAMES = sorted(LAYERS)


def forward(name, **changes):
    values = arrays(name) | changes
    return module_of(LAYERS[name]).forward(*values.values())


def test_one_output_is_the_array_itself():
    y, cache = forward("linear")
    assert type(y) is np.ndarray and y.shape == (3, 2)


def test_several_outputs_are_a_named_tuple_in_declared_order():
    out, cache = forward("branches")
    assert out._fields == ("a", "s")
    assert out.a.shape == (3, 4) and np.shape(out.s) == ()


def test_states_are_a_named_tuple_and_third():
    y, cache, state = forward("batchnorm")
    values = arrays("batchnorm")
    assert state._fields == ("running_mean", "running_var")
    np.testing.assert_allclose(state.running_mean, 0.9 * values["running_mean"] + 0.1 * values["x"].mean(0), rtol=1e-12)
    np.testing.assert_allclose(state.running_var, 0.9 * values["running_var"] + 0.1 * values["x"].var(0), rtol=1e-12)


def test_a_mode_that_updates_nothing_returns_the_states_unchanged():
    values = arrays("batchnorm")
    y, cache, state = module_of(BATCHNORM).forward(*values.values(), mode="eval")
    assert np.array_equal(state.running_mean, values["running_mean"]) and np.array_equal(state.running_var, values["running_var"])
    expected = values["gamma"] * (values["x"] - values["running_mean"]) / np.sqrt(values["running_var"] + 1e-5) + values["beta"]
    np.testing.assert_allclose(y, expected, rtol=1e-12)


def test_backward_follows_the_mode_of_its_cache():
    values = arrays("batchnorm")
    module = module_of(BATCHNORM)
    y, cache, _ = module.forward(*values.values(), mode="eval")
    dy = np.ones_like(y)
    dx, dgamma, dbeta = module.backward(cache, dy)
    np.testing.assert_allclose(dx, np.broadcast_to(values["gamma"] / np.sqrt(values["running_var"] + 1e-5), y.shape), rtol=1e-12)
    y, cache, _ = module.forward(*values.values())
    np.testing.assert_allclose(module.backward(cache, dy)[0], 0, atol=1e-12)


def test_an_unknown_mode_is_refused_with_the_known_ones():
    with pytest.raises(ValueError, match="(?s)eval.*|train.*") as caught:
        module_of(BATCHNORM).forward(*arrays("batchnorm").values(), mode="test")
    assert "test" in str(caught.value) and "train" in str(caught.value) and "eval" in str(caught.value)


def test_mode_is_an_argument_only_of_layers_with_modes():
    assert "mode" not in inspect.signature(module_of(LINEAR).forward).parameters
    assert "rng" not in inspect.signature(module_of(LINEAR).forward).parameters
    assert inspect.signature(module_of(BATCHNORM).forward).parameters["mode"].default == "train"


def test_arguments_stand_in_declared_order_and_hyperparameters_are_keywords():
    parameters = inspect.signature(module_of(BATCHNORM).forward).parameters
    assert list(parameters)[:5] == ["x", "gamma", "beta", "running_mean", "running_var"]
    for name, default in {"eps": 1e-5, "momentum": 0.1}.items():
        assert parameters[name].kind is inspect.Parameter.KEYWORD_ONLY and parameters[name].default == default


def test_a_scalar_output_needs_no_upstream_gradient():
    loss, cache = forward("cross_entropy")
    module = module_of(LAYERS["cross_entropy"])
    (dz,) = module.backward(cache)
    assert np.array_equal(dz, module.backward(cache, 1.0)[0])
    np.testing.assert_allclose(module.backward(cache, np.float64(2.5))[0], 2.5 * dz, rtol=1e-14)


def test_none_means_zero_for_one_of_several_outputs():
    module = module_of(LAYERS["branches"])
    out, cache = module.forward(*arrays("branches").values())
    da, ds = ones_for("branches", (out, cache))
    zero_a, zero_s = np.zeros_like(out.a), np.zeros_like(out.s)
    for given, meant in {(False, True): (zero_a, ds), (True, False): (da, zero_s), (False, False): (zero_a, zero_s)}.items():
        got = module.backward(cache, da if given[0] else None, ds if given[1] else None)
        expected = module.backward(cache, *meant)
        for n in got._fields:
            assert getattr(got, n).shape == getattr(expected, n).shape
            np.testing.assert_allclose(getattr(got, n), getattr(expected, n), rtol=1e-12, atol=1e-14)


def test_none_is_no_gradient_of_a_single_output():
    y, cache = forward("linear")
    for wrong in (None, "text", cache, [[1.0], [1.0, 2.0]], np.ones((3, 2), object)):
        with pytest.raises((TypeError, ValueError), match="dy"):
            module_of(LINEAR).backward(cache, wrong)


def test_an_array_with_masked_elements_is_refused_by_name():
    values = arrays("linear")
    hidden = np.ma.masked_array(values["x"], mask=values["x"] > 0)
    with pytest.raises(TypeError, match="x is masked"):
        forward("linear", x=hidden)
    whole = np.ma.masked_array(values["x"], mask=False)
    y, cache = forward("linear", x=whole)
    assert type(y) is np.ndarray and np.array_equal(y, forward("linear")[0])
    with pytest.raises(TypeError, match="dy is masked"):
        module_of(LINEAR).backward(cache, np.ma.masked_array(np.ones((3, 2)), mask=np.eye(3, 2)))


@pytest.mark.filterwarnings("ignore:the matrix subclass")
def test_a_matrix_counts_as_the_array_that_it_is():
    x = np.asmatrix(arrays("linear")["x"])
    y, cache = forward("linear", x=x)
    grads = module_of(LINEAR).backward(cache, np.ones((3, 2)))
    assert type(y) is np.ndarray and type(grads.x) is np.ndarray
    assert np.array_equal(y, forward("linear")[0])


def test_gradients_add_over_the_outputs():
    module = module_of(LAYERS["branches"])
    got = module.forward(*arrays("branches").values())
    da, ds = ones_for("branches", got)
    both = module.backward(got[1], da, ds)
    apart = [module.backward(got[1], da, None), module.backward(got[1], None, ds)]
    for n in both._fields:
        np.testing.assert_allclose(getattr(both, n), getattr(apart[0], n) + getattr(apart[1], n), rtol=1e-12, atol=1e-13)


# ----------------------------------------------------------------------------------------- refusals


WRONG = {
    "a size that disagrees names both arguments": ("linear", {"W": np.ones((5, 2))}, ["W", "5", "4", "x"]),
    "a rank too low": ("linear", {"x": np.ones(4)}, ["x"]),
    "a rank too high": ("linear", {"b": np.ones((1, 2))}, ["b"]),
    "an integer array for a float": ("linear", {"x": np.ones((3, 4), int)}, ["x", "int"]),
    "a complex array": ("linear", {"x": np.ones((3, 4), complex)}, ["x", "complex"]),
    "an object array": ("linear", {"x": np.ones((3, 4), object)}, ["x", "object"]),
    "a list": ("linear", {"x": [[1.0, 2.0], [3.0]]}, ["x"]),
    "a string": ("linear", {"x": "text"}, ["x"]),
    "None": ("linear", {"x": None}, ["x"]),
    "a label too great": ("cross_entropy", {"t": np.array([0, 1, 2, 3])}, ["t", "3"]),
    "a negative label": ("cross_entropy", {"t": np.array([0, -1, 2, 1])}, ["t", "-1"]),
    "float labels": ("cross_entropy", {"t": np.array([0.0, 1.0, 2.0, 1.0])}, ["t", "float"]),
    "bool labels": ("cross_entropy", {"t": np.array([True, False, True, True])}, ["t", "bool"]),
    "a float mask": ("attention", {"mask": np.ones((3, 4))}, ["mask", "float"]),
    "an integer mask": ("attention", {"mask": np.ones((3, 4), int)}, ["mask", "int"]),
    "a mask of another size": ("attention", {"mask": np.ones((3, 5), bool)}, ["mask", "5", "4"]),
    "too few rows for the kernel": ("convolution", {"f": np.ones((2, 4, 3))}, ["f", "4", "3"]),
    "a state of another size": ("batchnorm", {"running_mean": np.ones(4)}, ["running_mean", "4", "3"]),
    "an embedding label beyond": ("embedding", {"t": np.full((2, 5), 3)}, ["t", "3"]),
    "no last axis": ("any_axes", {"x": np.array(1.0)}, ["x"]),
    "another last axis": ("any_axes", {"w": np.ones(5)}, ["w", "5", "4"]),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_a_wrong_argument_is_refused_by_name(case):
    name, changes, told = WRONG[case]
    with pytest.raises((ValueError, TypeError, IndexError)) as caught:
        forward(name, **changes)
    message = str(caught.value)
    for word in told:
        assert word in message, message


def test_a_wrong_shape_tells_axis_expectation_and_where_it_comes_from():
    with pytest.raises(ValueError) as caught:
        forward("linear", W=np.ones((5, 2)))
    assert "axis 0" in str(caught.value) and "I" in str(caught.value)


@pytest.mark.parametrize("case", ["a size that disagrees names both arguments", "a label too great", "a mask of another size"])
def test_nothing_is_computed_before_the_refusal(case, monkeypatch):
    name, changes, _ = WRONG[case]
    module = module_of(LAYERS[name])
    for function in ("exp", "matmul", "tanh", "einsum", "tensordot"):
        monkeypatch.setattr(np, function, lambda *a, **k: pytest.fail("work was done"))
    with pytest.raises(ValueError):
        module.forward(*(arrays(name) | changes).values())


def test_a_dimension_read_beyond_its_range_is_refused():
    text = "layer: first\ninputs:\n  x: [N]\noutputs:\n  y: x[0]*x[1]\n"
    module = module_of(text)
    assert float(module.forward(np.array([2.0, 3.0]))[0]) == 6.0
    for size in (0, 1):
        with pytest.raises((ValueError, IndexError), match="x"):
            module.forward(np.ones(size))


def test_a_derived_dimension_is_checked():
    module = module_of("layer: pairs\ninputs:\n  x: [N, 2*D]\n  w: [D]\noutputs:\n  y[n, d]: x[n, 2*d]*w[d] + x[n, 2*d + 1]\n")
    module.forward(np.ones((2, 6)), np.ones(3))
    with pytest.raises(ValueError, match="x"):
        module.forward(np.ones((2, 7)), np.ones(3))
    with pytest.raises(ValueError):
        module.forward(np.ones((2, 6)), np.ones(2))


def test_a_fixed_dimension_is_checked():
    module = module_of("layer: fixed\ninputs:\n  x: [N, 3]\noutputs:\n  y[n]: x[n, 0]*x[n, 1]*x[n, 2]\n")
    with pytest.raises(ValueError, match="3"):
        module.forward(np.ones((2, 4)))


@pytest.mark.parametrize("name", NAMES)
def test_an_upstream_gradient_of_another_shape_is_refused(name):
    got = forward(name)
    upstream = ones_for(name, got)
    upstream[0] = np.ones((*np.shape(upstream[0]), 2))
    with pytest.raises(ValueError):
        module_of(LAYERS[name]).backward(got[1], *upstream)


def test_an_upstream_gradient_does_not_broadcast():
    y, cache = forward("linear")
    for wrong in (np.ones(2), np.ones((1, 2)), np.ones((3, 1)), 1.0):
        with pytest.raises((ValueError, TypeError)):
            module_of(LINEAR).backward(cache, wrong)


def test_an_upstream_gradient_must_be_float():
    y, cache = forward("linear")
    with pytest.raises((ValueError, TypeError)):
        module_of(LINEAR).backward(cache, np.ones((3, 2), complex))


@pytest.mark.parametrize("wrong", [None, (), 1, {}, [], "cache", np.ones(3)], ids=repr)
def test_what_is_no_cache_is_refused_by_name(wrong):
    with pytest.raises((TypeError, ValueError), match="cache"):
        module_of(LINEAR).backward(wrong, np.ones((3, 2)))


def test_the_cache_of_another_layer_is_refused_by_name():
    _, cache = forward("cross_entropy")
    with pytest.raises((TypeError, ValueError), match="cache"):
        module_of(LINEAR).backward(cache, np.ones((3, 2)))


def test_a_gradient_of_another_calls_shape_is_refused():
    _, cache = forward("linear", x=np.ones((7, 4)))
    with pytest.raises(ValueError):
        module_of(LINEAR).backward(cache, np.ones((3, 2)))


def test_too_many_or_too_few_arguments_are_pythons_own_error():
    with pytest.raises(TypeError):
        module_of(LINEAR).forward(np.ones((3, 4)))
    with pytest.raises(TypeError):
        module_of(LINEAR).forward(*arrays("linear").values(), 1.0)
    with pytest.raises(TypeError):
        module_of(LINEAR).forward(*arrays("linear").values(), eps=1.0)


# ----------------------------------------------------------------------------------------- threads


@pytest.mark.parametrize("name", ["linear", "attention", "batchnorm", "recurrent", "convolution"])
def test_eight_threads_get_the_bits_that_one_gets(name):
    module = module_of(LAYERS[name])
    inputs = [arrays(name, seed=k) for k in range(8)]

    def work(values):
        got = module.forward(*values.values())
        return [*outputs_of(name, got), *module.backward(got[1], *ones_for(name, got))]

    alone = [work(v) for v in inputs]
    together = [None] * 8
    gate = threading.Barrier(8)

    def thread(k):
        gate.wait()
        for _ in range(20):
            together[k] = work(inputs[k])

    threads = [threading.Thread(target=thread, args=(k,)) for k in range(8)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    for a, b in zip(alone, together, strict=True):
        assert all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


# ----------------------------------------------------------------------------------------- forward only, init


def test_a_layer_with_nothing_to_differentiate_has_no_backward_and_no_cache():
    text = "layer: sgd\ninputs:\n  w: [N]\n  g: [N]\nhyperparameters:\n  lr: 0.1\noutputs:\n  new[n]: w[n] - lr*g[n]\nwrt: []\n"
    module = module_of(text)
    assert not hasattr(module, "backward")
    new = module.forward(np.ones(3), np.ones(3), lr=0.5)
    assert type(new) is np.ndarray and new.tolist() == [0.5, 0.5, 0.5]


def test_an_optimizer_returns_its_state_without_a_cache():
    text = (
        "layer: momentum\ninputs:\n  w: [N]\n  g: [N]\nstate:\n  v: {shape: [N], init: zeros}\nwhere:\n  u[n]: 0.9*v[n] + g[n]\noutputs:\n"
        "  new[n]: w[n] - 0.1*u[n]\nupdate:\n  v[n]: u[n]\nwrt: []\n"
    )
    new, state = module_of(text).forward(np.ones(3), np.ones(3), np.ones(3))
    np.testing.assert_allclose(state.v, 1.9)
    np.testing.assert_allclose(new, 1 - 0.19)


def test_init_gives_dictionaries_by_name_in_the_asked_dtype():
    module = module_of(BATCHNORM)
    params = module.init_params(np.random.default_rng(0), dtype=np.float32, C=3)
    assert list(params) == ["gamma", "beta"]
    assert params["gamma"].dtype == np.float32 and params["gamma"].tolist() == [1, 1, 1] and params["beta"].tolist() == [0, 0, 0]
    state = module.init_state(dtype=np.float64, C=3)
    assert (
        list(state) == ["running_mean", "running_var"]
        and state["running_var"].tolist() == [1, 1, 1]
        and state["running_mean"].dtype == np.float64
    )


def test_init_draws_by_the_declared_distribution_and_the_callers_generator():
    text = (
        'layer: drawn\ninputs:\n  x: [N, I]\nparams:\n  W: {shape: [I, O], init: "normal(0, sqrt(2/I))"}\n  u: {shape: [O], init: "uniform(-1/O, 1/O)"}\n'
        "outputs:\n  y[n, o]: Sum(x[n, i]*W[i, o], i)*u[o]\n"
    )
    module = module_of(text)
    a, b = (module.init_params(np.random.default_rng(3), dtype=np.float64, I=200, O=300) for _ in range(2))
    assert np.array_equal(a["W"], b["W"]) and a["W"].shape == (200, 300)
    assert abs(a["W"].std() / np.sqrt(2 / 200) - 1) < 0.02
    assert np.abs(a["u"]).max() <= 1 / 300


def test_random_numbers_come_from_the_callers_generator():
    text = 'layer: dropout\ninputs:\n  x: [N]\nhyperparameters:\n  p: 0.5\nrandom:\n  keep: {shape: [N], dist: "bernoulli(1 - p)"}\noutputs:\n  y[n]: x[n]*keep[n]/(1 - p)\n'
    module = module_of(text)
    x = np.ones(1000)
    y, cache = module.forward(x, rng=np.random.default_rng(1))
    again, _ = module.forward(x, rng=np.random.default_rng(1))
    assert np.array_equal(y, again) and set(np.unique(y)) == {0.0, 2.0}
    assert np.array_equal(module.backward(cache, np.ones(1000))[0], y)
    state = np.random.get_state()[1].copy()
    with pytest.raises((TypeError, ValueError), match="rng"):
        module.forward(x)
    assert np.array_equal(state, np.random.get_state()[1])


def test_latex_is_a_dictionary_of_outputs_and_gradients():
    latex = module_of(ATTENTION).LATEX
    assert set(latex) >= {"y", "Q", "K", "V"} or set(latex) >= {"y", "dQ", "dK", "dV"}
    assert all(isinstance(v, str) and v for v in latex.values())


def test_a_mode_with_an_output_more_takes_and_gives_it():
    module = module_of("layer: a\ninputs: {x: [N]}\noutputs:\n  y[n]: x[n]**2\nmodes:\n  eval:\n    outputs:\n      z[n]: 3*x[n]\n")
    x = np.array([1.0, 2.0])
    y, cache = module.forward(x)
    assert module.backward(cache, np.ones(2)).x.tolist() == [2, 4]
    outputs, cache = module.forward(x, mode="eval")
    assert outputs._fields == ("y", "z") and outputs.z.tolist() == [3, 6]
    assert module.backward(cache, np.ones(2), np.ones(2)).x.tolist() == [5, 7]


@pytest.mark.parametrize("range_", ["dims: {T: L - K + 1}\nindices: {t: T}", "indices: {t: L - K + 1}"])
def test_arguments_that_leave_no_room_for_a_value_are_refused(range_):
    text = f"layer: a\ninputs: {{x: [L]}}\nparams: {{w: [K]}}\n{range_}\noutputs:\n  y[t]: Sum(x[t + k]*w[k], k)\n"
    module = module_of(text)
    assert module.forward(np.ones(5), np.ones(2))[0].tolist() == [2, 2, 2, 2]
    with pytest.raises(ValueError, match="size .* is -2, expected at least 1"):
        module.forward(np.ones(2), np.ones(5))


def test_values_may_be_called_mean_sum_and_max():
    text = "layer: a\ninputs: {x: [N, C]}\nwhere:\n  mean[c]: Mean(x[n, c], n)\n  max[c]: Amax(x[n, c], n)\n  sum: sum(x, axis=0)\n"
    module = module_of(text + "outputs:\n  y: (x - mean)*max + sum\n")
    x = np.array([[1.0, 2.0], [3.0, -1.0]])
    np.testing.assert_allclose(module.forward(x)[0], (x - x.mean(0)) * x.max(0) + x.sum(0))
