"""Python conditionals in modules: what a hyperparameter chooses."""

import numpy as np

import symback

CHOSEN = """
layer: chosen
inputs:
  x: [N]
  w: [N]
hyperparameters:
  which: 0
  decay: 0.0
outputs:
  y[n]: Piecewise((x[n], Eq(which, 0)), (2*x[n], True))
  z[n]: w[n] + decay*x[n]
"""


def test_a_chosen_result_is_never_the_array_of_the_caller():
    module = symback.compile(symback.loads(CHOSEN)).load()
    x, w, dy, dz = np.arange(12.0).reshape(4, 3)
    out, cache = module.forward(x, w)
    grads = module.backward(cache, dy, dz)
    for made in (out.y, out.z, grads.x, grads.w):
        assert not any(np.shares_memory(made, given) for given in (x, w, dy, dz))


def test_a_multiple_of_a_number_that_is_0_unless_told_is_left_out():
    compiled = symback.compile(symback.loads(CHOSEN))
    assert "w + x * decay if decay else w" in compiled.source
    module = compiled.load()
    out, cache = module.forward(np.array([np.inf, 1.0]), np.ones(2))
    assert np.array_equal(out.z, [1, 1])
    out, cache = module.forward(np.array([3.0, 1.0]), np.ones(2), decay=0.5)
    assert np.array_equal(out.z, [2.5, 1.5])
    assert np.array_equal(module.backward(cache, None, np.ones(2)).x, [0.5, 0.5])
