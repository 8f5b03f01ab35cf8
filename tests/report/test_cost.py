"""The count of operations, at sizes where it can be worked out by hand."""

import pytest

import symback
from symback.lower.module import lower_body
from symback.report.cost import cost_table, counted, representative_sizes
from tests.library.modules import LAYERS, compiled

AFFINE = """\
layer: affine
inputs:
  x: [N, I]
params:
  W: [I, O]
  b: [O]
outputs:
  y[n, o]: Sum(x[n, i]*W[i, o], i) + b[o]
check:
  dims: {N: 7, I: 3, O: 5}
"""


def cost_of(text):
    built = symback.compile(symback.loads(text)).built
    derivation = built.derivations["train"]
    return counted(lower_body(built.program, derivation.body, derivation.adjoint), representative_sizes(built.program), {})


def test_an_affine_map_costs_its_multiply_adds_and_its_bias():
    cost = cost_of(AFFINE)
    assert cost.forward == 7 * 3 * 5 + 7 * 5
    assert cost.backward == 2 * 7 * 3 * 5 + 7 * 5
    assert cost.saved_bytes == 8 * (7 * 3 + 3 * 5)


def test_an_exponential_counts_eight():
    cost = cost_of("layer: e\ninputs:\n  x: [N]\noutputs:\n  y[n]: exp(x[n])\ncheck:\n  dims: {N: 10}\n")
    assert (cost.forward, cost.backward, cost.saved_bytes) == (80, 10, 80)


def test_the_table_says_at_which_sizes():
    table = cost_table(symback.compile(symback.loads(AFFINE)).built)
    assert "bytes kept" in table and "N = 7, I = 3, O = 5" in table


def recurrence(steps):
    return cost_of(
        "layer: r\ninputs:\n  x: [T, N]\nwhere:\n  h[-1, n]: 0\n  h[t, n]: tanh(h[t-1, n])*x[t, n]\noutputs:\n  y[n]: h[T-1, n]\n"
        f"check:\n  dims: {{T: {steps}, N: 3}}\n"
    )


def test_a_recurrence_costs_its_step_times_the_number_of_steps():
    five, ten, fifteen = recurrence(5), recurrence(10), recurrence(15)
    assert five.forward == 5 * 3 * (8 + 1 + 1)
    assert fifteen.backward - ten.backward == ten.backward - five.backward > 5 * 3


@pytest.mark.parametrize("layer", LAYERS)
def test_every_layer_of_the_library_has_a_cost(layer):
    assert "bytes kept" in cost_table(compiled(layer).built)
