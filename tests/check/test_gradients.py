"""The gradient check: right modules pass, a module wrong in one term does not."""

import numpy as np
import pytest

from symback.check.gradients import Method, check_gradients, is_analytic
from symback.check.points import CannotSample, allowed
from symback.check.tables import gradient_json, gradient_table
from symback.core import expr
from symback.core.expr import compare, read, total, whole
from symback.core.program import Distribution, Kind, Role, Tensor
from symback.evaluate.assumptions import satisfies
from symback.evaluate.inputs import drawn, sizes_to_try
from tests.check import layers
from tests.check.layers import C, N, c, definition, k, n


def row(report, what):
    return next(r for r in report.rows if r.what == what)


def test_a_right_gradient_passes_by_complex_steps():
    report = check_gradients(layers.cross_entropy(), layers.module(layers.CROSS_ENTROPY))
    assert report.right
    assert row(report, "gradient dz").method is Method.COMPLEX_STEP
    assert row(report, "adjoint").right


def test_a_layer_with_a_kink_is_checked_by_central_differences():
    report = check_gradients(layers.rectified(), layers.module(layers.RECTIFIED))
    assert report.right
    assert row(report, "gradient dx").method is Method.CENTRAL


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("dz[np.arange(len(t)), t] -= 1", "dz[np.arange(len(t)), t] -= 0.999"),
        ("dz *= dloss / len(t)", "dz *= dloss"),
        ("dz = p.copy()", "dz = p.copy() * (1 + 1e-6)"),
        ("dz *= dloss / len(t)", "dz *= 1 / len(t)"),
    ],
)
def test_a_gradient_that_is_wrong_in_one_term_is_caught(right, wrong):
    assert right in layers.CROSS_ENTROPY
    report = check_gradients(layers.cross_entropy(), layers.module(layers.CROSS_ENTROPY.replace(right, wrong)))
    assert not row(report, "gradient dz").right
    assert not row(report, "adjoint").right
    assert row(report, "output loss").right


def test_the_worst_element_is_named_with_its_place():
    source = layers.CROSS_ENTROPY.replace("return Gradients(dz", "dz[1, 2] += 0.5\n    return Gradients(dz")
    report = check_gradients(layers.cross_entropy(), layers.module(source))
    worst = row(report, "gradient dz")
    assert worst.place == (1, 2)
    assert worst.computed - worst.expected == pytest.approx(0.5)
    assert "[1, 2]" in gradient_table(report) and "WRONG" in gradient_table(report)
    assert '"right": false' in gradient_json(report)


def test_a_wrong_output_is_caught():
    report = check_gradients(layers.cross_entropy(), layers.module(layers.CROSS_ENTROPY.replace("/ len(t)\n    return", "\n    return")))
    assert not row(report, "output loss").right


def test_a_gradient_of_another_dtype_is_caught():
    source = layers.CROSS_ENTROPY.replace("dz.astype(p.dtype)", "dz.astype(np.float64)")
    report = check_gradients(layers.cross_entropy(), layers.module(source))
    assert [r.note for r in report.rows if r.method is Method.CONTRACT] == ["float64[3, 4] for a tensor float32[3, 4]"]
    assert not report.right


def test_a_gradient_of_another_shape_is_caught():
    source = layers.RECTIFIED.replace("Gradients(dy * (cache > 0))", "Gradients((dy * (cache > 0))[:, None])")
    assert not check_gradients(layers.rectified(), layers.module(source)).right


def test_programs_are_told_apart_by_whether_complex_steps_are_exact():
    assert is_analytic(layers.cross_entropy(), "train")
    assert is_analytic(layers.running_sum(), "train")
    assert not is_analytic(layers.rectified(), "train")
    assert not is_analytic(layers.largest(), "train")


def assumed(*relations, **more):
    tensors = (Tensor("x", Role.INPUT, (N, C)),)
    value = definition("y", (n, c), read("x", n, c))
    return layers.program("assumed", tensors, (value,), ("x",), assumptions=relations, **more)


@pytest.mark.parametrize(
    "relation",
    [
        compare(">", read("x", n, c), expr.ZERO),
        compare("==", total(read("x", n, k), whole(k)), expr.ONE),
        expr.both(compare("<", expr.ZERO, read("x", n, c)), compare("<", read("x", n, c), expr.ONE)),
        compare("==", total(expr.power(read("x", n, k), expr.TWO), whole(k)), expr.ONE),
        compare("<=", read("x", n, c), expr.number(-3)),
        compare("!=", read("x", n, c), expr.ZERO),
    ],
    ids=repr,
)
def test_inputs_are_drawn_that_satisfy_an_assumption(relation):
    program = assumed(relation)
    sizes = next(iter(sizes_to_try(program)))
    point = next(allowed(program, sizes, 0))
    assert satisfies(program, point)
    assert np.ptp(point.tensors["x"]) > 0


def test_probabilities_that_sum_to_one_are_positive_where_that_is_assumed():
    program = assumed(compare(">", read("x", n, c), expr.ZERO), compare("==", total(read("x", n, k), whole(k)), expr.ONE))
    x = next(allowed(program, {"N": 3, "C": 4}, 0)).tensors["x"]
    assert (x > 0).all()
    np.testing.assert_allclose(x.sum(axis=1), 1, rtol=1e-9)


def test_assumptions_that_contradict_each_other_are_reported():
    program = assumed(compare("<", read("x", n, c), expr.ZERO), compare(">", read("x", n, c), expr.ZERO))
    with pytest.raises(CannotSample, match="under check:"):
        next(allowed(program, {"N": 2, "C": 2}, 0))


def test_values_given_by_the_layer_are_used():
    program = assumed(check_values={"x": Distribution("constant", (expr.number("2.5"),))}, check_dims={"N": 7})
    sizes = next(iter(sizes_to_try(program)))
    assert sizes["N"] == 7
    assert (drawn(program, sizes, np.random.default_rng(0)).tensors["x"] == 2.5).all()


def test_labels_lie_in_their_range_and_the_extra_values_occur():
    tensors = (Tensor("z", Role.INPUT, (N, C)), Tensor("t", Role.INPUT, (N,), Kind.INT, values=C, also=(-100,)))
    program = layers.program("labels", tensors, (definition("y", (n,), read("z", n, expr.ZERO)),), ("z",))
    labels = drawn(program, {"N": 500, "C": 3}, np.random.default_rng(0)).tensors["t"]
    assert set(labels.tolist()) == {-100, 0, 1, 2}
