"""Whole generated modules, as they were last read by a person: a change to one is to be read again."""

from pathlib import Path

import pytest

import symback
from symback import frontend

GOLDEN = Path(__file__).parent / "golden"
LIBRARY = (
    "linear",
    "softmax",
    "softmax_cross_entropy",
    "layernorm",
    "batchnorm",
    "attention",
    "conv1d",
    "embedding",
    "lstm",
    "dropout",
    "sgd",
)
TWO_LAYERS = """
layer: two_layers
doc: The worked example of a network with one hidden layer and a squared error.
inputs:
  x: [N, I]
  t: {shape: [N, O], grad: false}
params:
  W1: [I, H]
  b1: [H]
  W2: [H, O]
  b2: [O]
where:
  h: x @ W1 + b1
  a: tanh(h)
  y: a @ W2 + b2
outputs:
  L: sum(0.5*(y - t)**2)
"""


def source(name: str) -> str:
    text = TWO_LAYERS if name == "two_layers" else frontend.library_text(name)
    return symback.compile(symback.loads(text)).source


@pytest.mark.parametrize("name", (*LIBRARY, "two_layers"))
def test_a_module_is_the_one_that_was_read(name, update_golden):
    path = GOLDEN / f"{name}.py.txt"
    if update_golden:
        path.write_text(source(name), encoding="utf-8")
    assert source(name) == path.read_text(encoding="utf-8"), "read the difference, then run pytest with --update-golden"


def test_the_two_layer_network_comes_out_as_the_field_writes_it():
    """dW2 = aᵀ(y - t), db2 = Σ(y - t), dh = (y - t)W2ᵀ∘(1 - a²), dW1 = xᵀdh, db1 = Σ dh."""
    text = source("two_layers")
    for statement in (
        "y_gap = y - t",
        "dy = y_gap * dL",
        "dW2 = a.T @ dy",
        "db2 = dy.sum(axis=0)",
        "dW1 = x.T @ dh",
        "db1 = dh.sum(axis=0)",
        "dx = dh @ W1.T",
    ):
        assert f"\n    {statement}\n" in text, statement


def test_cross_entropy_is_probabilities_less_one_hot_without_the_matrix():
    compiled = symback.compile(symback.loads(frontend.library_text("softmax_cross_entropy")))
    assert "np.eye" not in compiled.source and "one_hot" not in compiled.source
    assert compiled.latex("z").endswith(r"\left(p_{n,c} - \left[c = t_{n}\right]\right)}{N}")
