"""Sums that the definitions prove to be 0, and those that they do not."""

import pytest

from symback import frontend
from symback.calculus.facts import Facts
from symback.calculus.vanishing import vanishing_terms

CHAIN = """
layer: chain
inputs:
  x: [N, D]
outputs:
  a[n, d]: x[n, d] + tanh(x[n, d])
  b[n, d]: a[n, d] + tanh(a[n, d])
  m[n]: Mean(b[n, d], d)
  e[n, d]: exp(b[n, d])
  s[n]: Sum(e[n, d], d)
  p[n, d]: e[n, d]/s[n]
  y[n]: {sum}
wrt: []
"""


def proof_of(sum_):
    body = frontend.resolve(frontend.loads(CHAIN.replace("{sum}", sum_))).bodies["train"]
    values = {d.name: d for d in body.definitions}
    return vanishing_terms(values["y"].value, Facts({name: d for name, d in values.items() if name != "y"}))


@pytest.mark.parametrize(
    "sum_",
    [
        "Sum(b[n, d] - m[n], d)",
        "Sum(p[n, d] - 1/D, d)",
        "Sum(b[n, d] - a[n, d] - tanh(a[n, d]), d)",
        "Sum(b[n, d] - m[n] + p[n, d] - 1/D, d)",
    ],
)
def test_the_value_that_is_defined_last_is_cancelled_by_its_definition(sum_):
    assert proof_of(sum_)


@pytest.mark.parametrize("sum_", ["Sum(b[n, d] - 2*m[n], d)", "Sum(tanh(b[n, d]) - tanh(m[n]), d)", "Sum(x[n, d] - m[n], d)"])
def test_a_sum_that_is_not_zero_has_no_proof(sum_):
    assert proof_of(sum_) is None
