"""Values and gradients, dtypes and shapes, for every kind of argument."""

import numpy as np
import pytest

import symback
from tests.module_contract.layers import LAYERS, arrays, module_of, ones_for, outputs_of, run
from tests.oracle import differentiated, evaluate, floats, gradients, read_text

NAMES = sorted(LAYERS)


@pytest.mark.parametrize("name", NAMES)
def test_outputs_and_gradients_are_the_oracles(name):
    values = arrays(name)
    layer = read_text(LAYERS[name])
    got, grads = run(name, values)
    expected = evaluate(layer, values)
    for y, n in zip(outputs_of(name, got), layer.outputs, strict=True):
        np.testing.assert_allclose(y, floats(expected.outputs[n]), rtol=1e-12, atol=1e-12)
    upstream = dict(zip(layer.outputs, ones_for(name, got), strict=True))
    for n, g in gradients(layer, values, upstream).items():
        np.testing.assert_allclose(getattr(grads, n), g, rtol=1e-9, atol=1e-10, err_msg=n)


@pytest.mark.parametrize("name", NAMES)
def test_gradients_are_a_named_tuple_of_what_is_differentiated(name):
    _, grads = run(name, arrays(name))
    assert isinstance(grads, tuple)
    assert list(grads._fields) == differentiated(read_text(LAYERS[name]))


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_each_float_type_stays_what_it_is(name, dtype):
    values = arrays(name, dtype)
    got, grads = run(name, values, dtype)
    for y in outputs_of(name, got):
        assert np.asarray(y).dtype == dtype
    for n in grads._fields:
        g = getattr(grads, n)
        assert isinstance(g, np.ndarray) or np.ndim(values[n]) == 0
        assert np.asarray(g).dtype == dtype and np.shape(g) == values[n].shape, n
    for s in got[2] if len(got) > 2 else ():
        assert np.asarray(s).dtype == dtype
    exact, exact_grads = run(name, {n: a.astype(np.float64) if a.dtype == dtype else a for n, a in values.items()}, np.float64)
    loose = {np.float16: 0.05, np.float32: 1e-4, np.float64: 1e-12}[dtype]
    for y, e in zip(outputs_of(name, got), outputs_of(name, exact), strict=True):
        np.testing.assert_allclose(np.asarray(y, float), e, rtol=loose, atol=loose)


@pytest.mark.parametrize("name", NAMES)
def test_mixed_float_types_promote_before_any_work(name):
    single = arrays(name, np.float32)
    of_floats = [n for n, a in single.items() if a.dtype == np.float32]
    exact, exact_grads = run(name, {n: a.astype(np.float64) if n in of_floats else a for n, a in single.items()})
    for wide in of_floats if len(of_floats) > 1 else ():
        got, grads = run(name, single | {wide: single[wide].astype(np.float64)})
        for y, e in zip(outputs_of(name, got), outputs_of(name, exact), strict=True):
            assert np.asarray(y).dtype == np.float64
            np.testing.assert_array_equal(y, e)
        for n in grads._fields:
            kind = np.float64 if n == wide else np.float32
            assert np.asarray(getattr(grads, n)).dtype == kind, n
            np.testing.assert_array_equal(getattr(grads, n), np.asarray(getattr(exact_grads, n), kind), n)


@pytest.mark.parametrize("name", NAMES)
def test_nothing_that_is_passed_in_is_changed(name):
    values = arrays(name)
    before = {n: a.copy() for n, a in values.items()}
    module = module_of(LAYERS[name])
    got = module.forward(*values.values())
    upstream = ones_for(name, got)
    copies = [g.copy() for g in upstream]
    module.backward(got[1], *upstream)
    for n in values:
        assert np.array_equal(values[n], before[n]), n
    assert all(np.array_equal(a, b) for a, b in zip(upstream, copies, strict=True))


@pytest.mark.parametrize("name", NAMES)
def test_backward_twice_with_one_cache_gives_the_same_and_new_arrays(name):
    module = module_of(LAYERS[name])
    got = module.forward(*arrays(name).values())
    upstream = ones_for(name, got)
    first = module.backward(got[1], *upstream)
    kept = [np.array(g) for g in first]
    for g in first:
        if isinstance(g, np.ndarray) and g.flags.writeable:
            g[...] = 7.0
    second = module.backward(got[1], *upstream)
    for n, a, b in zip(first._fields, kept, second, strict=True):
        assert np.array_equal(a, b), n


@pytest.mark.parametrize("name", NAMES)
def test_changing_a_gradient_does_not_change_an_argument(name):
    values = arrays(name)
    module = module_of(LAYERS[name])
    got = module.forward(*values.values())
    upstream = ones_for(name, got)
    grads = module.backward(got[1], *upstream)
    before = {n: a.copy() for n, a in values.items()} | {f"d{k}": g.copy() for k, g in enumerate(upstream)}
    for g in grads:
        if isinstance(g, np.ndarray) and g.ndim:
            assert g.flags.writeable, "a gradient can be changed in place by an optimizer"
            g[...] = 3.0
    after = {**values, **{f"d{k}": g for k, g in enumerate(upstream)}}
    assert all(np.array_equal(before[n], after[n]) for n in before)


def layouts(a: np.ndarray) -> dict[str, np.ndarray]:
    """The same array in other memory."""
    out = {"fortran": np.array(a, order="F"), "non-contiguous": np.repeat(a, 2, axis=-1)[..., ::2] if a.ndim else a}
    frozen = a.copy()
    frozen.flags.writeable = False
    out["read-only"] = frozen
    out["negative strides"] = np.flip(np.flip(a).copy())
    out["subclass"] = a.view(Own)
    out["unaligned"] = np.frombuffer(b"x" + a.tobytes(), a.dtype, offset=1).reshape(a.shape) if a.dtype.kind == "f" else a
    out["big-endian"] = a.astype(a.dtype.newbyteorder(">")) if a.dtype.kind == "f" else a
    return out


class Own(np.ndarray):
    """A subclass that computes nothing."""


@pytest.mark.parametrize("layout", ["fortran", "non-contiguous", "read-only", "negative strides", "subclass", "unaligned"])
@pytest.mark.parametrize("name", NAMES)
def test_the_memory_of_an_argument_does_not_matter(name, layout):
    values = arrays(name)
    other = {n: layouts(a)[layout] for n, a in values.items()}
    got, grads = run(name, values)
    got_other, grads_other = run(name, other)
    for a, b in zip(outputs_of(name, got), outputs_of(name, got_other), strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-13)
    for n, a, b in zip(grads._fields, grads, grads_other, strict=True):
        np.testing.assert_allclose(b, a, rtol=1e-12, atol=1e-13, err_msg=n)


@pytest.mark.parametrize("name", NAMES)
def test_a_zero_strided_argument_or_upstream_is_as_good_as_its_copy(name):
    values = {n: np.broadcast_to(a.reshape(-1)[:1].reshape((1,) * a.ndim), a.shape) for n, a in arrays(name).items()}
    copies = {n: a.copy() for n, a in values.items()}
    module = module_of(LAYERS[name])
    got, same = module.forward(*values.values()), module.forward(*copies.values())
    upstream = [np.broadcast_to(np.float64(0.5), np.shape(y)) for y in outputs_of(name, got)]
    grads = module.backward(got[1], *upstream)
    grads_same = module.backward(same[1], *[g.copy() for g in upstream])
    for n, a, b in zip(grads._fields, grads, grads_same, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-13, err_msg=n)


SMALL = {
    "linear": {"N": {"x": 0}, "I": {"x": 1, "W": 0}, "O": {"W": 1, "b": 0}},
    "cross_entropy": {"C": {"z": 1}},
    "batchnorm": {"C": {"x": 1, "gamma": 0, "beta": 0, "running_mean": 0, "running_var": 0}, "N": {"x": 0}},
    "attention": {"T": {"Q": 0, "mask": 0}, "D": {"Q": 1, "K": 1}, "E": {"V": 1}, "S": {"K": 0, "V": 0, "mask": 1}},
    "convolution": {"N": {"x": 0}, "O": {"f": 0}, "C": {"x": 1, "f": 1}},
    "recurrent": {"N": {"x": 1, "h0": 0}, "I": {"x": 2, "Wx": 0}},
    "embedding": {"N": {"t": 0}, "S": {"t": 1}, "D": {"W": 1}},
    "branches": {"N": {"x": 0}},
    "any_axes": {"lead": {"x": 0}},
    "running": {"N": {"x": 0}, "T": {"x": 1}},
    "scalars": {"N": {"x": 0}},
}


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(("name", "dimension", "size"), [(n, d, s) for n in NAMES for d in SMALL[n] for s in (0, 1)])
def test_a_dimension_of_zero_or_one_gives_gradients_of_the_right_shape(name, dimension, size):
    if size == 0 and (name, dimension) in {("batchnorm", "N"), ("attention", "S"), ("cross_entropy", "C"), ("attention", "D")}:
        pytest.skip("a mean or softmax over nothing")
    values = arrays(name)
    for tensor, axis in SMALL[name][dimension].items():
        values[tensor] = np.take(values[tensor], range(size), axis=axis)
    if name == "cross_entropy":
        values["t"] = np.zeros_like(values["t"])
    got, grads = run(name, values)
    layer = read_text(LAYERS[name])
    upstream = dict(zip(layer.outputs, ones_for(name, got), strict=True))
    expected = evaluate(layer, values)
    for y, n in zip(outputs_of(name, got), layer.outputs, strict=True):
        assert np.shape(y) == expected.outputs[n].shape
        np.testing.assert_allclose(y, floats(expected.outputs[n]), rtol=1e-12, atol=1e-12)
    for n, g in gradients(layer, values, upstream).items():
        assert getattr(grads, n).shape == values[n].shape
        np.testing.assert_allclose(getattr(grads, n), g, rtol=1e-9, atol=1e-10, err_msg=n)


def test_powers_of_positions_are_neither_cut_off_nor_refused():
    text = "layer: a\ninputs: {x: [T]}\nhyperparameters: {p: 2}\noutputs:\n  a[t]: x[t]*2**(-t)\n  b[t]: x[t]*2**t\n  c[t]: x[t]*(t + 1)**(-p)\n"
    outputs, _ = module_of(text).forward(np.ones(101))
    assert outputs.a[100] == 2.0**-100 and outputs.b[100] == 2.0**100 and outputs.c[99] == 1e-4


def test_a_common_power_with_a_named_exponent_is_taken_out_once():
    text = (
        "layer: a\ninputs: {x: [N], y: [N]}\nhyperparameters: {g: 0.75}\noutputs:\n  z: Sum((1 - (x[n] + 1)/(x[n] + 3*y[n] + 5))**g, n)\n"
    )
    assert symback.compile(symback.loads(text)).source.count("np.power") == 2


def test_a_reduction_of_a_number_to_a_named_power_is_a_number():
    text = "layer: a\ninputs: {x: [N, C]}\nhyperparameters: {p: 2.0}\noutputs:\n  y[n, c]: x[n, c]*Amax(3, c)**p + (Argmax(oo, c) + 1)**p\n"
    x = np.ones((2, 3))
    y, cache = module_of(text).forward(x)
    np.testing.assert_array_equal(y, np.full((2, 3), 10.0))
    np.testing.assert_array_equal(module_of(text).backward(cache, x).x, np.full((2, 3), 9.0))
