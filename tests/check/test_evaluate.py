"""The plain evaluation of programs, against NumPy by hand."""

import numpy as np
import pytest

from symback.check.precise import high_precision
from symback.core import expr
from symback.core.expr import Reduction, call, compare, dim, index, piecewise, read, reduction, total, whole
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Role, Section, Tensor
from symback.evaluate.arithmetic import complex_numbers, double, extended
from symback.evaluate.definitions import evaluated
from tests.check import layers
from tests.check.layers import C, N, c, definition, k, n

RNG = np.random.default_rng(0)


def run(program, tensors, sizes, arithmetic=None):
    return evaluated(program, "train", tensors, sizes, {}, arithmetic or double())


def test_a_softmax_is_picked_at_its_labels():
    z, t = RNG.normal(size=(4, 3)), np.array([2, 0, 1, 2])
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    loss = run(layers.cross_entropy(), {"z": z, "t": t}, {"N": 4, "C": 3})["loss"]
    np.testing.assert_allclose(loss, -np.log(p[np.arange(4), t]).mean(), rtol=1e-14)


@pytest.mark.parametrize("arithmetic", [double(), extended(), complex_numbers(), high_precision(40)], ids=lambda a: a.name)
def test_every_arithmetic_gives_the_same_values(arithmetic):
    z, t = RNG.normal(size=(4, 3)), np.array([2, 0, 1, 2])
    values = run(layers.cross_entropy(), {"z": z, "t": t}, {"N": 4, "C": 3}, arithmetic)
    plain = run(layers.cross_entropy(), {"z": z, "t": t}, {"N": 4, "C": 3})
    np.testing.assert_allclose(np.array(arithmetic.real(values["p"]), float), plain["p"], rtol=1e-14)


def test_a_recurrence_is_walked_from_its_start():
    x, h = RNG.normal(size=5), 0.3
    values = run(layers.running_sum(), {"x": x, "h0": np.array(h)}, {"N": 5})
    for value in x:
        h = np.tanh(value + h)
    np.testing.assert_allclose(values["y"], h, rtol=1e-15)
    assert values["h"].shape == (5,)


def test_a_partial_range_sums_what_lies_within_it():
    prefix = total(read("z", n, k), (k, expr.ZERO, c))
    program = layers.program("prefix", (Tensor("z", Role.INPUT, (N, C)),), (definition("y", (n, c), prefix),), ())
    z = RNG.normal(size=(2, 4))
    np.testing.assert_allclose(run(program, {"z": z}, {"N": 2, "C": 4})["y"], np.cumsum(z, axis=1), rtol=1e-14)


def test_a_read_beyond_the_range_gives_what_the_tensor_declares():
    shifted = read("z", n, expr.sub(c, expr.ONE))
    tensor = Tensor("z", Role.INPUT, (N, C), outside=expr.number(7))
    program = layers.program("shift", (tensor,), (definition("y", (n, c), shifted),), ())
    z = RNG.normal(size=(2, 3))
    expected = np.concatenate([np.full((2, 1), 7.0), z[:, :-1]], axis=1)
    np.testing.assert_array_equal(run(program, {"z": z}, {"N": 2, "C": 3})["y"], expected)


def test_the_branch_not_taken_does_not_count():
    root = piecewise((expr.sqrt(read("x", n)), compare("<", expr.ZERO, read("x", n))), (expr.ZERO, expr.TRUE))
    program = layers.program("root", (Tensor("x", Role.INPUT, (N,)),), (definition("y", (n,), root),), ())
    np.testing.assert_array_equal(run(program, {"x": np.array([-1.0, 4.0])}, {"N": 2})["y"], [0.0, 2.0])


def test_a_dimension_is_a_number_too():
    mean = expr.div(total(read("z", n, k), whole(k)), C)
    program = layers.program("mean", (Tensor("z", Role.INPUT, (N, C)),), (definition("y", (n,), mean),), ())
    z = RNG.normal(size=(3, 7))
    np.testing.assert_allclose(run(program, {"z": z}, {"N": 3, "C": 7})["y"], z.mean(axis=1), rtol=1e-14)


def test_an_argmax_is_the_first_of_a_tie_and_can_be_an_index():
    first = reduction(Reduction.ARGMAX, read("z", n, k), [whole(k)])
    a = definition("a", (n,), first, kind=Kind.INT)
    y = definition("y", (n,), read("z", n, read("a", n)), section=Section.OUTPUT)
    program = layers.program("top", (Tensor("z", Role.INPUT, (N, C)),), (a, y), ())
    values = run(program, {"z": np.array([[1.0, 5.0, 5.0], [2.0, 1.0, 0.0]])}, {"N": 2, "C": 3})
    np.testing.assert_array_equal(values["a"], [1, 0])
    np.testing.assert_array_equal(values["y"], [5.0, 2.0])


def test_integer_arithmetic_in_brackets_is_exact():
    wrapped = read("z", n, call("mod", expr.add(c, call("floordiv", C, expr.TWO)), C))
    program = layers.program("roll", (Tensor("z", Role.INPUT, (N, C)),), (definition("y", (n, c), wrapped),), ())
    z = RNG.normal(size=(2, 5))
    np.testing.assert_array_equal(run(program, {"z": z}, {"N": 2, "C": 5})["y"], np.roll(z, -2, axis=1))


def test_sums_over_one_name_at_two_levels_do_not_mix():
    inner = total(read("z", n, k), whole(k))
    outer = total(expr.mul(read("z", n, k), inner), whole(k))
    program = layers.program("nested", (Tensor("z", Role.INPUT, (N, C)),), (definition("y", (n,), outer),), ())
    z = RNG.normal(size=(2, 5))
    np.testing.assert_allclose(run(program, {"z": z}, {"N": 2, "C": 5})["y"], z.sum(axis=1) ** 2, rtol=1e-13)


def test_an_empty_axis_gives_neutral_elements():
    program = layers.largest()
    assert np.isneginf(run(program, {"z": np.zeros((2, 0))}, {"N": 2, "C": 0})["y"]).all()


def test_what_stop_gradient_holds_does_not_move():
    held = expr.mul(call("stop_gradient", read("x", n)), read("x", n))
    program = layers.program("held", (Tensor("x", Role.INPUT, (N,)),), (definition("y", (n,), held),), ("x",))
    frozen: dict = {}
    x = np.array([2.0, 3.0])
    evaluated(program, "train", {"x": x}, {"N": 2}, {}, double(), frozen)
    moved = evaluated(program, "train", {"x": x + 1}, {"N": 2}, {}, double(), frozen)
    np.testing.assert_array_equal(moved["y"], x * (x + 1))


def test_two_index_recurrences_are_walked_in_order():
    rows, cols = index("i", dim("N")), index("j", dim("C"))
    one = expr.ONE
    lhs = [(expr.MINUS_ONE, cols), (rows, expr.MINUS_ONE), (rows, cols)]
    best = call("Max", read("r", expr.sub(rows, one), cols), read("r", rows, expr.sub(cols, one)))
    values = [expr.ZERO, expr.ZERO, expr.add(read("x", rows, cols), best)]
    r = Definition("r", Section.OUTPUT, (rows, cols), tuple(map(Equation, lhs, values)), Kind.FLOAT, (-1, -1))
    body = Body((Group((r,), recurrent=True, backward=(False, False), steps=((0, 1),)),), ("r",), {}, ())
    program = Program("paths", "", (Tensor("x", Role.INPUT, (N, C)),), (), ("N", "C"), (), {"train": body}, ())
    x = RNG.normal(size=(3, 4))
    expected = np.zeros((4, 5))
    for i in range(3):
        for j in range(4):
            expected[i + 1, j + 1] = x[i, j] + max(expected[i, j + 1], expected[i + 1, j])
    np.testing.assert_allclose(run(program, {"x": x}, {"N": 3, "C": 4})["r"], expected[1:, 1:])


@pytest.mark.parametrize("arithmetic", [double(), complex_numbers(), extended()], ids=lambda a: a.name)
def test_a_large_contraction_is_the_matrix_product(arithmetic):
    width = dim("K")
    j = index("j", width)
    product = total(expr.mul(expr.TWO, read("x", n, j), read("w", j, c), C), whole(j))
    tensors = (Tensor("x", Role.INPUT, (N, width)), Tensor("w", Role.INPUT, (width, C)))
    program = layers.program("product", tensors, (definition("y", (n, c), product),), ())
    x, w = RNG.normal(size=(50, 60)), RNG.normal(size=(60, 40))
    found = run(program, {"x": x, "w": w}, {"N": 50, "K": 60, "C": 40}, arithmetic)["y"]
    np.testing.assert_allclose(arithmetic.real(found).astype(float), 80 * x @ w, rtol=1e-11, atol=1e-11)


def test_a_sum_over_an_index_that_nothing_has_counts_its_range():
    j, i = index("j", C), index("i", N)
    counted = total(expr.mul(read("x", i), read("x", n)), whole(i), whole(j))
    program = layers.program("counted", (Tensor("x", Role.INPUT, (N,)),), (definition("y", (n,), counted),), ())
    x = RNG.normal(size=300)
    np.testing.assert_allclose(run(program, {"x": x}, {"N": 300, "C": 7})["y"], 7 * x.sum() * x, rtol=1e-10, atol=1e-10)
