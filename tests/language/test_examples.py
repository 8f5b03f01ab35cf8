"""The statements of the language hold on numbers that were worked out by hand."""

import warnings

import numpy as np
import pytest

import symback
from tests.language.examples import EXAMPLES
from tests.oracle import read_text


def arrays(example):
    """What is passed: floats in float64, integers and bools as they are."""
    kinds = {tensor.name: tensor.kind for tensor in read_text(example.text).tensors.values()}
    return {name: np.array(value, np.float64 if kinds[name] == "float" else None) for name, value in example.given.items()}


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_outputs_and_gradients_are_those_worked_out_by_hand(example):
    module = symback.compile(symback.loads(example.text)).load()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        result = module.forward(**arrays(example), **example.options)
        outputs, *more = result if hasattr(module, "backward") or example.states else (result,)
        outputs = outputs if len(example.outputs) > 1 else (outputs,)
        for (name, wanted), got in zip(example.outputs.items(), outputs, strict=True):
            np.testing.assert_allclose(got, wanted, rtol=1e-14, atol=1e-14, err_msg=name)
        for name, wanted in example.states.items():
            np.testing.assert_allclose(getattr(more[-1], name), wanted, rtol=1e-14)
        if example.gradients:
            upstream = [np.ones(np.shape(y)) if np.asarray(y).dtype.kind == "f" else None for y in outputs]
            gradients = module.backward(more[0], *upstream)
            assert gradients._fields == tuple(n for n in example.given if n in example.gradients)
            for name, wanted in example.gradients.items():
                np.testing.assert_allclose(getattr(gradients, name), wanted, rtol=1e-14, atol=1e-14, err_msg=name)


def test_no_two_examples_share_a_name():
    assert len({example.name for example in EXAMPLES}) == len(EXAMPLES)
