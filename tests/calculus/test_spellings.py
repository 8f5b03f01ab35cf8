"""However a layer is spelled, it costs no more than it did when its gradient was compared with the closed form."""

import pytest

from benchmarks.cost_table import costs
from tests.calculus.forms import FORMS
from tests.calculus.spellings import SPELLINGS

CATALOGUE = (
    *(f"s{k}" for k in range(1, 13)),
    *(f"b{k}" for k in range(1, 21)),
    *(f"n{k}" for k in range(1, 14)),
    *(f"a{k}" for k in range(1, 12)),
    *("c1", "c2"),
    *(f"l{k}" for k in range(1, 19)),
)
"""The closed forms by kind: softmaxes, sigmoids and activations, norms, products and structure, cells, losses."""

LAYERS = {**{name: row[:3] for name, row in SPELLINGS.items()}, **{name: row[:3] for name, row in FORMS.items()}}


@pytest.mark.parametrize("name", LAYERS)
def test_a_spelling_costs_no_more_than_it_may(name):
    text, forward, backward = LAYERS[name]
    got = costs(text)
    assert got[0] <= forward and got[1] <= backward, got


def test_every_closed_form_of_the_catalogue_has_a_row():
    other = {"s12": "linear ce call", "b8": "swiglu", "b10": "mish named"}
    rows = {name.split()[0] for name in LAYERS}
    assert [k for k in CATALOGUE if k not in rows and other.get(k) not in LAYERS] == []
    assert len(LAYERS) == len(SPELLINGS) + len(FORMS)
