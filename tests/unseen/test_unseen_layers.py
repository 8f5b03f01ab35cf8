"""Layers written to the language alone agree with torch in float64, stay float32, and change nothing that they are given."""

import os
import pickle
import warnings
from functools import cache

import numpy as np
import pytest

import symback

try:
    import torch
except ModuleNotFoundError:
    if os.environ.get("SYMBACK_REQUIRE_TORCH"):
        raise
    pytest.skip("torch is not installed, so the unseen layers are not compared with it", allow_module_level=True)

from tests.unseen.case import Unseen, arrays, differentiated
from tests.unseen.layers import CASES

WITH_SIZES = [
    pytest.param(case, sizes, id="-".join([case.label, *(f"{k}{v}" for k, v in sizes.items())])) for case in CASES for sizes in case.sizes
]


@cache
def module(text: str):
    """The compiled module of a layer's text."""
    return symback.compile(symback.loads(text)).load()


def as_tuple(value) -> tuple:
    return tuple(value) if isinstance(value, tuple) else (value,)


def forward(case: Unseen, given: dict[str, np.ndarray]):
    """Outputs by name or place, next states, and the cache, None where the layer has no backward."""
    compiled = module(case.text)
    keywords = dict(case.options)
    if case.mode:
        keywords["mode"] = case.mode
    if case.reveals:
        keywords["rng"] = np.random.default_rng(11)
    result = compiled.forward(**given, **keywords)
    saved, carried = hasattr(compiled, "backward"), hasattr(compiled, "State")
    if not saved and not carried:
        return result, (), None
    outputs, *more = result
    return outputs, tuple(more[-1]) if carried else (), more[0] if saved else None


def reference(case: Unseen, given: dict[str, np.ndarray], outputs):
    """Torch's outputs and next states, and the tensors that are differentiated."""
    tensors = {k: torch.from_numpy(v.copy()) for k, v in given.items()}
    leaves = {name: tensors[name].requires_grad_() for name in differentiated(case)}
    shown = {k: torch.from_numpy(np.array(getattr(outputs, name))) for k, name in case.reveals.items()}
    result = case.reference(**tensors, **case.options, **shown)
    has_states = isinstance(result, tuple) and len(result) == 2 and isinstance(result[0], tuple) and isinstance(result[1], tuple)
    expected, states = result if has_states else (as_tuple(result), ())
    return expected, states, leaves


def wanted(expected, leaves, upstream):
    """Torch's gradients, zero where an output does not depend on a tensor."""
    pairs = [(y, torch.from_numpy(np.asarray(g, np.float64))) for y, g in zip(expected, upstream, strict=True) if y.requires_grad]
    if not pairs:
        return [torch.zeros_like(leaf) for leaf in leaves.values()]
    found = torch.autograd.grad([y for y, _ in pairs], list(leaves.values()), [g for _, g in pairs], allow_unused=True)
    return [torch.zeros_like(leaf) if g is None else g for g, leaf in zip(found, leaves.values(), strict=True)]


def agree(ours, theirs, what: str, tolerance: float) -> None:
    theirs = theirs.detach().numpy()
    assert np.shape(ours) == theirs.shape, what
    scale = float(np.abs(theirs[np.isfinite(theirs)]).max(initial=1)) if theirs.dtype.kind == "f" else 1
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=tolerance * scale, err_msg=what)


def compared(case: Unseen, sizes, dtype, tolerance: float) -> None:
    """Fails unless outputs, states and gradients in `dtype` are the reference's in float64."""
    given = arrays(case, sizes, np.random.default_rng(5))
    passed = {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in given.items()}
    exact = {k: v.astype(np.float64) if v.dtype.kind == "f" else v for k, v in passed.items()}
    outputs, states, kept = forward(case, passed)
    expected, expected_states, leaves = reference(case, exact, outputs)
    outputs = as_tuple(outputs)
    assert len(outputs) == len(expected) and len(states) == len(expected_states)
    for k, (ours, theirs) in enumerate(zip((*outputs, *states), (*expected, *expected_states), strict=True)):
        assert np.asarray(ours).dtype.kind != "f" or np.asarray(ours).dtype == dtype
        agree(ours, theirs, f"output {k}", tolerance)
    if kept is None:
        return
    rng = np.random.default_rng(7)
    upstream = [np.asarray(rng.standard_normal(tuple(y.shape))).astype(dtype) for y in expected]
    upstream = [g if y.dtype.is_floating_point else None for g, y in zip(upstream, expected, strict=True)]
    before = pickle.dumps((passed, tuple(kept), upstream))
    gradients = module(case.text).backward(kept, *upstream)
    again = module(case.text).backward(kept, *upstream)
    assert pickle.dumps((passed, tuple(kept), upstream)) == before, "something passed in was changed"
    assert gradients._fields == tuple(leaves)
    for name, ours, repeated, theirs in zip(leaves, gradients, again, wanted(expected, leaves, upstream), strict=True):
        assert ours.dtype == dtype
        np.testing.assert_array_equal(ours, repeated, err_msg=f"gradient of {name}, called again")
        agree(ours, theirs, f"gradient of {name}", tolerance)


@pytest.mark.parametrize(("case", "sizes"), WITH_SIZES)
def test_a_layer_agrees_with_torch_in_float64(case, sizes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compared(case, sizes, np.dtype(np.float64), 1e-9)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.label)
def test_a_layer_in_float32_stays_float32_and_close(case):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        compared(case, case.sizes[0], np.dtype(np.float32), 2e-4)


def test_no_two_layers_share_a_label():
    assert len({case.label for case in CASES}) == len(CASES)
