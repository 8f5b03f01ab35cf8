"""Each rule of the calculus does what its example says, and does not change a value."""

import itertools

import numpy as np
import pytest

from symback import frontend
from symback.calculus import fingerprint
from symback.calculus.facts import Facts
from symback.calculus.rows import LAST_ROWS, ROWS
from symback.core.expr import ZERO
from symback.evaluate.arithmetic import double
from symback.evaluate.definitions import evaluated
from tests.calculus.rows import EXAMPLES

TABLE = tuple(dict.fromkeys((*ROWS, *LAST_ROWS)))


def names(rows):
    return [row.name for row in rows]


def program_of(name):
    return frontend.resolve(frontend.loads(EXAMPLES[name].text))


def facts_of(program, upstream):
    body = program.bodies["train"]
    known = [d for d in body.definitions if d.name not in body.outputs]
    facts = Facts({d.name: d for d in known})
    facts.padded = {t.name: t.shape for t in program.tensors if t.outside == ZERO}
    facts.labels = {t.name: t.values for t in program.tensors if t.values is not None}
    facts.upstream = set(upstream)
    for d in known:
        facts.known.add(d.name, d.axes, d.value)
    return facts


def test_every_rule_has_a_name_of_its_own_and_an_example():
    assert len(set(names(TABLE))) == len(TABLE)
    assert set(EXAMPLES) == set(names(TABLE))


@pytest.mark.parametrize("row", TABLE, ids=names(TABLE))
def test_a_rule_rewrites_its_example_to_exactly_its_result(row):
    program = program_of(row.name)
    definitions = {d.name: d for d in program.bodies["train"].definitions}
    before, after = definitions["before"], definitions["after"]
    renamed = dict(zip(before.axes, after.axes, strict=True))
    assert all(a == b for a, b in renamed.items())
    assert before.value.op in row.heads
    assert row.rewrite(before.value, facts_of(program, EXAMPLES[row.name].upstream)) == after.value


@pytest.mark.parametrize("row", TABLE, ids=names(TABLE))
def test_both_sides_of_a_rule_agree_at_random_sizes(row):
    program = program_of(row.name)
    points = list(itertools.islice(fingerprint.points(program, program.bodies["train"]), 6))
    assert len(points) >= 3
    assert len(program.dims) == 0 or any(1 in p.sizes.values() for p in points)
    for point in points:
        values = evaluated(program, "train", point.tensors, point.sizes, point.hyperparameters, double())
        np.testing.assert_allclose(values["after"], values["before"], rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("row", TABLE, ids=names(TABLE))
def test_a_rule_says_what_it_states_and_why_it_holds(row):
    assert row.statement.count("{") == row.statement.count("}") and "=" in row.statement
    assert row.reason and row.reason[0].islower() and not row.reason.endswith(".")
