"""What is returned lies in memory of its own, so that writing to it changes nothing else, or cannot be written to."""

import numpy as np
import pytest

from symback.frontend import library_names, library_text
from tests.module_contract.layers import LAYERS, arrays, module_of, ones_for, outputs_of

NAMES = sorted(LAYERS)


def held(cache) -> list[np.ndarray]:
    return [v for v in cache if isinstance(v, np.ndarray)]


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("name", NAMES)
def test_results_share_memory_with_nothing_that_can_be_written_to(name, dtype):
    values = {k: v.astype(dtype) if v.dtype.kind == "f" else v for k, v in arrays(name).items()}
    module = module_of(LAYERS[name])
    got = module.forward(*values.values())
    results = [np.asarray(v) for v in outputs_of(name, got)]
    if len(got) == 3:
        results += list(got[2])
    upstream = [np.asarray(u) for u in ones_for(name, got)]
    gradients = list(module.backward(got[1], *upstream))
    for k, a in enumerate([*results, *gradients]):
        others = [*values.values(), *upstream, *[*results, *gradients][:k]]
        assert not any(np.shares_memory(a, b) for b in others), "with an argument or another result"
        if any(np.shares_memory(a, b) for b in held(got[1])):
            assert not a.flags.writeable, "with the cache"


@pytest.mark.parametrize("name", NAMES)
def test_writing_to_what_was_returned_changes_no_gradient(name):
    module, values = module_of(LAYERS[name]), arrays(name)
    got = module.forward(*values.values())
    upstream = ones_for(name, got)
    expected = [g.copy() for g in module.backward(got[1], *upstream)]
    first = module.backward(got[1], *upstream)
    for a in [*map(np.asarray, outputs_of(name, got)), *(got[2] if len(got) == 3 else ())]:
        if a.flags.writeable:
            a[...] = np.nan
        else:
            with pytest.raises(ValueError, match="read-only"):
                a[...] = np.nan
    for g in first:
        g[...] = 7
    assert all(np.array_equal(a, b) for a, b in zip(module.backward(got[1], *upstream), expected, strict=True))


@pytest.mark.parametrize(
    "text",
    [
        "layer: add\ninputs:\n  x: [..., D]\n  r: [..., D]\noutputs:\n  y[..., d]: x[..., d] + r[..., d]\n",
        "layer: add\ninputs:\n  x: [N]\n  r: [N]\noutputs:\n  y[n]: x[n] + r[n]\n  z[n]: x[n]\n",
        "layer: transposed\ninputs:\n  x: [N, M]\n  r: [M, N]\noutputs:\n  y[n, m]: exp(x[n, m] + r[m, n])\n",
        "layer: part\ninputs:\n  x: [N]\nwhere:\n  s[n]: exp(x[n])\noutputs:\n  y[n]: s[n]\n  last: s[N - 1]\n  also[n]: s[n]\n",
    ],
    ids=["leading axes", "identity", "transposed", "part"],
)
def test_gradients_that_are_alike_are_two_arrays(text):
    module = module_of(text)
    sizes = {"x": (2, 3), "r": (2, 3)} if "..." in text else {"x": (2, 3), "r": (3, 2)} if "M" in text else {"x": (3,), "r": (3,)}
    values = [np.random.default_rng(k).standard_normal(shape) for k, (n, shape) in enumerate(sizes.items()) if f"  {n}: [" in text]
    got = module.forward(*values)
    outputs = list(got[0]) if isinstance(got[0], tuple) else [got[0]]
    gradients = module.backward(got[1], *(np.ones(np.shape(o)) for o in outputs))
    for k, a in enumerate([*outputs, *gradients]):
        assert not any(np.shares_memory(a, b) for b in [*values, *[*outputs, *gradients][:k]])


def test_what_backward_reads_again_is_said_where_it_cannot_be_written_to():
    doc = module_of(library_text("softmax")).forward.__doc__
    assert "p is read-only: backward reads it too." in doc
    assert "read-only" not in module_of(library_text("linear")).forward.__doc__
    assert "softmax" in library_names()
