"""Constants are spelled so that Python reads the float nearest to them."""

import math

import pytest

from symback.core.expr import INF, MINUS_ONE, NEG_INF, ONE, PI, TRUE, ZERO, Node, add, call, compare, div, number, piecewise, sqrt
from symback.emit.constants import exact_float

TOWER = call("exp", call("exp", number(20)))


def read(node: Node) -> float:
    text = exact_float(node)
    return {"np.inf": math.inf, "-np.inf": -math.inf, "np.nan": math.nan}.get(text) if text[-1] in "nf" else float(text)


def test_a_constant_is_rounded_once():
    assert read(sqrt(number(2))) == math.sqrt(2)
    assert read(div(ONE, number(3))) == 1 / 3
    assert read(call("exp", number(1))) == math.e


@pytest.mark.parametrize(
    "node", [call("asin", number(2)), sqrt(number(-2)), call("log", MINUS_ONE), call("digamma", number(-3)), add(INF, NEG_INF)], ids=str
)
def test_a_constant_outside_of_a_domain_is_nan(node):
    assert math.isnan(read(node))


@pytest.mark.parametrize(
    "node", [INF, call("exp", number(1000)), call("loggamma", ZERO), TOWER, call("exp", TOWER), number(10**400)], ids=str
)
def test_a_constant_beyond_the_range_is_infinite(node):
    assert read(node) == math.inf


def test_the_sine_of_a_tower_of_powers_ends():
    assert math.isnan(read(call("sin", TOWER)))


def test_a_branch_whose_condition_is_nan_is_not_taken():
    assert read(piecewise((ONE, compare("<", ZERO, call("log", MINUS_ONE))), (PI, TRUE))) == math.pi
