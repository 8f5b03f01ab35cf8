"""Every layer of the standard library agrees with torch in float64: outputs, states and all gradients."""

import os
from inspect import signature

import numpy as np
import pytest

try:
    import torch
except ModuleNotFoundError:
    if os.environ.get("SYMBACK_REQUIRE_TORCH"):
        raise
    pytest.skip("torch is not installed, so the library is not compared with it", allow_module_level=True)

from tests.library.cases import CASES
from tests.library.modules import LIBRARY, module
from tests.library.optimizers import OPTIMIZERS


def as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, tuple) else (value,)


def forward(case, arrays):
    """Outputs, next states and cache (None where the layer has no backward)."""
    layer = module(case.layer)
    mode = {"mode": case.mode} if case.mode else {}
    result = layer.forward(**arrays, **case.options, **mode)
    if not hasattr(layer, "backward"):
        return (as_tuple(result[0]), tuple(result[1]), None) if case.states else (as_tuple(result), (), None)
    return as_tuple(result[0]), tuple(result[2]) if case.states else (), result[1]


def reference(case, arrays):
    """Torch's outputs, next states, and the leaves that are differentiated."""
    tensors = {k: torch.from_numpy(np.array(v)) for k, v in arrays.items()}
    leaves = {k: tensors[k].requires_grad_() for k, draw in case.data.items() if draw.differentiated}
    result = case.reference(**tensors, **case.options)
    outputs, states = result if case.states else (result, ())
    return as_tuple(outputs), tuple(states), leaves


def drawn(case, dtype=np.float64):
    rng = np.random.default_rng(20240229)
    arrays = {name: draw.make(rng) for name, draw in case.data.items()}
    return {k: v.astype(dtype) if np.asarray(v).dtype.kind == "f" else v for k, v in arrays.items()}


def zero_state(optimizer, w):
    """The state before the first step: every positional argument after w and g, the count of steps t a scalar."""
    positional = [n for n, p in signature(optimizer.forward).parameters.items() if p.kind is p.POSITIONAL_OR_KEYWORD]
    return {name: np.zeros(()) if name == "t" else np.zeros_like(w) for name in positional[2:]}


def agree(ours, theirs, what: str) -> None:
    theirs = theirs.detach().numpy()
    assert ours.shape == theirs.shape, what
    np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10, err_msg=what)


def test_every_layer_of_the_library_is_in_the_table():
    names = {path.stem for path in LIBRARY.glob("*.yaml")}
    assert names == {case.layer for case in CASES} | set(OPTIMIZERS)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_outputs_states_and_gradients_equal_those_of_torch(case):
    arrays = drawn(case)
    outputs, states, cache = forward(case, arrays)
    expected, expected_states, leaves = reference(case, arrays)
    assert len(outputs) == len(expected) and len(states) == len(expected_states)
    for k, (ours, theirs) in enumerate(zip((*outputs, *states), (*expected, *expected_states), strict=True)):
        agree(np.asarray(ours), theirs, f"output {k}")
    if cache is None:
        return
    rng = np.random.default_rng(7)
    upstream = [rng.standard_normal(tuple(y.shape)) for y in expected]
    gradients = module(case.layer).backward(cache, *upstream)._asdict()
    assert set(gradients) == set(leaves)
    wanted = torch.autograd.grad(expected, list(leaves.values()), [torch.from_numpy(np.array(g)) for g in upstream])
    for name, theirs in zip(leaves, wanted, strict=True):
        agree(np.asarray(gradients[name]), theirs, f"gradient of {name}")


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_float32_stays_float32(case):
    outputs, states, cache = forward(case, drawn(case, np.float32))
    floats = [np.asarray(v) for v in (*outputs, *states) if np.asarray(v).dtype.kind == "f"]
    if any(draw.make(np.random.default_rng(0)).dtype.kind == "f" for draw in case.data.values()):
        assert {v.dtype for v in floats} == {np.dtype(np.float32)}
    if cache is not None:
        gradients = module(case.layer).backward(cache, *(np.ones_like(v) for v in outputs))
        assert {np.asarray(g).dtype for g in gradients} == {np.dtype(np.float32)}


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_five_steps_of_an_optimizer_equal_those_of_torch(name):
    options, reference_steps = OPTIMIZERS[name]
    layer = module(name)
    rng = np.random.default_rng(3)
    w = rng.standard_normal((3, 4))
    gradients = rng.standard_normal((5, 3, 4))
    expected = reference_steps(torch.from_numpy(w.copy()), torch.from_numpy(gradients))
    carried = zero_state(layer, w)
    for g, theirs in zip(gradients, expected, strict=True):
        result = layer.forward(w, g, **carried, **options)
        w, carried = (result[0], result[1]._asdict()) if carried else (result, {})
        agree(w, theirs, name)
