"""The accuracy check: a good formula passes, a cancelling one is found and named."""

import json

import numpy as np
import pytest

import symback
from symback.check.accuracy import State, check_accuracy
from symback.check.cancellation import explanation, helpful_rule
from symback.check.reference import Reference
from symback.check.scenarios import critical_points, scenarios
from symback.check.tables import accuracy_json, accuracy_table
from symback.core import expr
from symback.core.expr import call, compare, piecewise, read
from symback.core.program import Role, Section, Tensor
from symback.evaluate.inputs import SHAPES, Point, drawn, sizes_to_try
from tests.check import layers
from tests.check.layers import N, definition, n


@pytest.fixture(scope="module")
def good():
    return check_accuracy(layers.sigmoid_tail(), layers.module(layers.SIGMOID_TAIL), dtypes=(np.float32,))


@pytest.fixture(scope="module")
def naive():
    with np.errstate(all="ignore"):
        return check_accuracy(layers.sigmoid_tail(), layers.module(layers.NAIVE_TAIL), dtypes=(np.float32,))


def row(report, what):
    return next(r for r in report.rows if r.what == what)


def test_a_stable_formula_is_clean(good):
    assert good.clean
    assert row(good, "output y").worst.ulp < 16
    assert row(good, "gradient dx").worst.ulp < 16


def test_a_cancelling_formula_is_found_and_the_sum_is_named(naive):
    output = row(naive, "output y")
    assert not naive.clean
    assert output.count(State.LOST) > 0
    assert "digits cancel in" in output.why and "of y" in output.why


def test_the_table_and_the_json_say_the_same(naive):
    table, data = accuracy_table(naive), json.loads(accuracy_json(naive))
    assert data["clean"] is False
    assert [r["what"] for r in data["rows"]] == ["output y", "gradient dx"]
    assert data["rows"][0]["why"] in table


def test_a_picture_is_drawn(good):
    picture = pytest.importorskip("symback.check.picture")
    assert picture.drawn(good, "tail", "png").startswith(b"\x89PNG")
    with pytest.raises(ValueError, match="yaml"):
        picture.drawn(good, "tail", "yaml")


def reference_at(program, x):
    point = drawn(program, {"N": len(x)}, np.random.default_rng(0))
    point.tensors["x"][:] = x
    return Reference(program, "train", point, np.dtype(np.float32))


def test_a_layer_of_one_number_is_judged():
    compiled = symback.compile(symback.loads("layer: total\ninputs:\n  x: [N]\noutputs:\n  y: Sum(sigmoid(x[n]), n)\n"))
    report = check_accuracy(compiled.program, compiled.load(), dtypes=(np.float32,))
    assert {r.what for r in report.rows} == {"output y", "gradient dx"} and all(r.samples for r in report.rows)


def test_slopes_are_exact_far_out_in_a_tail():
    reference = reference_at(layers.sigmoid_tail(), [80.0])
    slope = reference.slope("x", 0, {"y": reference.exact(np.ones(1))})
    assert float(slope.middle) == pytest.approx(-np.exp(-80.0), rel=1e-13)


def test_at_a_kink_both_slopes_are_known():
    reference = reference_at(layers.rectified(), [0.0])
    slope = reference.slope("x", 0, {"y": reference.exact(np.ones(1))})
    assert (float(slope.left), float(slope.right)) == (0.0, 1.0)


def test_numbers_that_a_layer_compares_with_are_critical_points():
    clipped = piecewise(
        (read("x", n), compare("<", read("x", n), expr.number("2.75"))), (call("Min", read("x", n), expr.number(-6)), expr.TRUE)
    )
    tensors = (Tensor("x", Role.INPUT, (N,)),)
    program = layers.program("clip", tensors, (definition("y", (n,), clipped, section=Section.OUTPUT),), ("x",))
    assert {2.75, 6.0} <= set(critical_points(program))


def test_scenarios_stay_within_the_assumptions():
    tensors = (Tensor("x", Role.INPUT, (N,)),)
    logged = definition("y", (n,), call("log", read("x", n)), section=Section.OUTPUT)
    program = layers.program("log", tensors, (logged,), ("x",), assumptions=(compare(">", read("x", n), expr.ZERO),))
    base = drawn(program, next(iter(sizes_to_try(program))), np.random.default_rng(0), SHAPES[1])
    met = list(scenarios(program, base, np.float32, np.random.default_rng(0)))
    assert len(met) > 40
    assert all((s.point.tensors["x"] > 0).all() for s in met)
    assert all((s.point.tensors["x"].astype(np.float32) == s.point.tensors["x"]).all() for s in met)


def test_a_rule_that_needs_to_know_a_sign_is_named():
    natural = call("exp", call("log", read("x", n)))
    tensors = (Tensor("x", Role.INPUT, (N,)),)
    program = layers.program("rebuilt", tensors, (definition("y", (n,), natural, section=Section.OUTPUT),), ("x",))
    point = drawn(program, {"N": 3}, np.random.default_rng(0), SHAPES[1])
    assert helpful_rule(program, "train", point).endswith("applies where the layer says so under assume: 0 < x[i]")
    mixed = drawn(program, {"N": 9}, np.random.default_rng(0))
    assert helpful_rule(program, "train", mixed) == ""


def explained(expression, inputs, point, dtype=np.float32):
    """What is said of a layer over [N] at one point."""
    declared = "".join(f"  {a}: [N]\n" for a in inputs)
    program = symback.api.frontend.resolve(symback.loads(f"layer: case\ninputs:\n{declared}outputs:\n  y[n]: {expression}\n"))
    return explanation(program, "train", Point({"N": 1}, {a: np.array([v]) for a, v in zip(inputs, point, strict=True)}, {}), dtype)


def test_a_logarithm_of_what_is_near_1_is_named_with_the_rule_that_would_help():
    said = explained("log(p[n]/(p[n] + q[n]))", ("p", "q"), (100.0, 0.25))
    assert said.startswith("3 digits are lost where p[n]/(p[n] + q[n]) of y is rounded near 1")
    assert "the rule `logarithm of a quotient` would help" in said and "0 < p[i], 0 < q[i]" in said


def test_what_leaves_the_range_of_the_dtype_is_named():
    said = explained("sqrt(x[n]**3)", ("x",), (1e30,))
    assert said.startswith("x[n]**3 of y leaves the range of float32")
