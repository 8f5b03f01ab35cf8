"""The rows of the stability rules test themselves."""

import random

import mpmath
import numpy as np
import pytest

from benchmarks import rule_cost
from symback.core.expr import ONE, Op, add, call, dim, index, mul, neg, power, read, reduction, sqrt, total, whole
from symback.core.expr import Reduction as Kind
from symback.core.program import Definition, Equation, Section
from symback.rewrite import GRADIENT_RULES, RULES, Context
from symback.rewrite import examples as ex
from tests.rewrite.values import value

ROWS = {r.name: r for r in (*RULES, *GRADIENT_RULES)}
NAMED = {"root of a named sum", "softmax behind a name"}
"""Rules that need a definition behind a name: they are tested by themselves below."""


def test_names_are_unique():
    assert len({r.name for r in RULES}) == len(RULES)
    assert len({r.name for r in GRADIENT_RULES}) == len(GRADIENT_RULES)


@pytest.mark.parametrize("name", [n for n in ROWS if n not in NAMED])
def test_an_example_rewrites_to_exactly_its_result(name):
    before, after = ROWS[name].example
    assert ROWS[name].rewrite(before, Context()) == after


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("name", [n for n in ROWS if n not in NAMED])
def test_both_sides_of_an_example_agree(name, size):
    mpmath.mp.dps = 40
    draw = random.Random(size)
    table = {}

    def tensor(key):
        return lambda *at: table.setdefault((key, at), mpmath.mpf(draw.uniform(0.1, 0.9)))

    tensors, sizes = {key: tensor(key) for key in "xytp"}, {"N": 1, "K": size}
    at = {ex.N: 0, ex.J: size - 1, ex.K: 0}
    before, after = (value(side, tensors, sizes, at) for side in ROWS[name].example)
    assert abs(before - after) < mpmath.mpf(10) ** -25 * (1 + abs(before))


@pytest.mark.parametrize("name", ROWS)
def test_both_sides_of_an_example_agree_as_modules(name):
    forms = [rule_cost.forward_of(side) for side in ROWS[name].example]
    with np.errstate(all="ignore"):  # the form that was written may leave the range
        before, after = (f(*rule_cost.arrays_of(side, 4096, np.float64)) for f, side in zip(forms, ROWS[name].example, strict=True))
    np.testing.assert_allclose(after, before, rtol=1e-6, atol=1e-9)


def test_every_row_says_why_and_where_it_comes_from():
    for rule in ROWS.values():
        assert rule.statement and rule.condition and rule.reason and rule.reference and rule.saves and rule.heads


def _context(name, value_, *axes):
    context = Context()
    context.values.add(Definition(name, Section.WHERE, axes, (Equation(axes, value_),)))
    return context


def test_the_root_of_a_named_sum_of_squares_is_the_root_of_the_sum():
    squares = total(power(ex.XK, add(ONE, ONE)), whole(ex.K))
    ctx = _context("v", squares, ex.N)
    assert ROWS["root of a named sum"].rewrite(sqrt(read("v", ex.N)), ctx) == sqrt(squares)


def test_an_exponential_sees_the_log_sum_exp_behind_a_name():
    lse = reduction(Kind.LOGSUMEXP, ex.XK, (whole(ex.K),))
    entry = call("exp", add(read("x", ex.N, ex.J), neg(read("s", ex.N))))
    seen = ROWS["softmax behind a name"].rewrite(entry, _context("s", lse, ex.N))
    assert seen == call("exp", add(read("x", ex.N, ex.J), neg(lse)))


def test_a_rule_does_not_fire_on_a_look_alike():
    n = index("n", dim("N"))
    x, y = read("x", n), read("y", n)
    alone = [
        add(call("exp", x), neg(call("log", y))),
        mul(call("sin", x), power(y, neg(ONE))),
        add(call("exp", y), neg(call("sigmoid", x))),
        sqrt(add(x, ONE)),
        call("log", add(x, y)),
    ]
    for node in alone:
        assert all(r.rewrite(node, Context()) is None for r in RULES if node.op in r.heads), node
    assert all(isinstance(op, Op) for r in RULES for op in r.heads)
