"""However a layer is spelled, it costs no more than it did when its gradient was compared with the closed form."""

import pytest

from benchmarks.cost_table import costs
from tests.calculus.spellings import SPELLINGS


@pytest.mark.parametrize("name", SPELLINGS)
def test_a_spelling_costs_no_more_than_it_may(name):
    text, forward, backward = SPELLINGS[name]
    got = costs(text)
    assert got[0] <= forward and got[1] <= backward, got
