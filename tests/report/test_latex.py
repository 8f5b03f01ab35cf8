"""LaTeX of expressions: what a reader of a paper expects to see."""

import pytest

from symback.core import expr
from symback.core.expr import (
    Reduction,
    call,
    compare,
    dim,
    hyper,
    index,
    indicator,
    number,
    piecewise,
    power,
    read,
    reduction,
    total,
    whole,
)
from symback.report.latex import equation, latex

N, C, width = dim("N"), dim("C"), dim("I")
n, c, k, i = index("n", N), index("c", C), index("k", C), index("i", width)
z, x = read("z", n, c), read("x", n, i)
normaliser = reduction(Reduction.LOGSUMEXP, read("z", n, k), [whole(k)])


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (total(expr.mul(x, read("W1", i, c)), whole(i)), r"\sum_{i=0}^{I - 1} x_{n,i} \, {W_{1}}_{i,c}"),
        (expr.div(total(x, whole(i)), N), r"\frac{1}{N} \, \sum_{i=0}^{I - 1} x_{n,i}"),
        (expr.mul(total(x, whole(i)), read("gamma", c)), r"\gamma_{c} \, \sum_{i=0}^{I - 1} x_{n,i}"),
        (power(expr.add(read("var", c), hyper("eps")), number("-1/2")), r"\frac{1}{\sqrt{\mathrm{var}_{c} + \epsilon}}"),
        (expr.sub(expr.ONE, power(call("tanh", x), number(2))), r"1 - \tanh^{2}\left(x_{n,i}\right)"),
        (normaliser, r"\operatorname{logsumexp}_{k}\left(z_{n,k}\right)"),
        (indicator(compare("==", c, read("t", n))), r"\left[c = t_{n}\right]"),
        (read("dy", n, c), r"\bar{y}_{n,c}"),
        (read("decay"), r"\mathrm{decay}"),
        (number("1e-5"), "10^{-5}"),
        (number("-2/3"), r"-\frac{2}{3}"),
        (call("floordiv", i, expr.TWO), r"\left\lfloor \frac{i}{2} \right\rfloor"),
        (call("log1p", expr.neg(x)), r"\log\left(1 + \left(-x_{n,i}\right)\right)"),
        (reduction(Reduction.MAX, z, [whole(c)]), r"\max_{c}\left(z_{n,c}\right)"),
        (total(read("L", n, k), (k, expr.ZERO, expr.sub(n, expr.ONE))), r"\sum_{k=0}^{n - 1} L_{n,k}"),
    ],
)
def test_an_expression_is_set_as_in_a_paper(node, expected):
    assert latex(node) == expected


def test_the_exponential_of_a_difference_from_its_logsumexp_is_a_softmax():
    assert latex(call("exp", expr.sub(z, normaliser))) == r"\operatorname{softmax}_{k}\left(z_{n,k}\right)_{c}"


def test_a_softmax_read_at_a_label_shows_the_label():
    picked = call("exp", expr.sub(read("z", n, read("t", n)), normaliser))
    assert latex(picked) == r"\operatorname{softmax}_{k}\left(z_{n,k}\right)_{t_{n}}"


def test_the_exponential_of_a_difference_from_another_logsumexp_is_no_softmax():
    other = call("exp", expr.sub(read("q", n, c), normaliser))
    assert r"\operatorname{softmax}" not in latex(other)


def test_a_bound_index_whose_name_is_taken_gets_a_prime():
    inner = total(read("a", n, k), whole(k))
    nested = total(expr.mul(read("a", n, k), inner), whole(k))
    assert latex(nested) == r"\sum_{k=0}^{C - 1} a_{n,k} \, \sum_{k'=0}^{C - 1} a_{n,k'}"
    free = expr.add(read("a", n, k), inner)
    assert latex(free) == r"a_{n,k} + \sum_{k'=0}^{C - 1} a_{n,k'}"


def test_a_sum_inside_a_product_that_goes_on_is_in_parentheses():
    both = expr.mul(total(x, whole(i)), total(power(x, number(2)), whole(i)))
    assert latex(both) == r"\left(\sum_{i=0}^{I - 1} x_{n,i}\right) \, \sum_{i=0}^{I - 1} x_{n,i}^{2}"


def test_a_piecewise_is_a_case_distinction():
    leaky = piecewise((x, compare("<", expr.ZERO, x)), (expr.mul(number("0.01"), x), expr.TRUE))
    expected = r"\begin{cases} x_{n,i} & \text{if } 0 < x_{n,i} \\ \frac{x_{n,i}}{100} & \text{otherwise} \end{cases}"
    assert latex(leaky) == expected


def test_names_given_by_the_caller_win():
    assert latex(read("dt", n), {"dloss": r"\bar{\mathrm{loss}}"}) == r"\mathrm{dt}_{n}"
    assert latex(read("dloss"), {"dloss": r"\bar{\mathrm{loss}}"}) == r"\bar{\mathrm{loss}}"


def test_no_character_of_a_name_is_a_command():
    assert latex(read("running_mean", c)) == r"\mathrm{running\_mean}_{c}"
    assert latex(call("my_own", x)) == r"\operatorname{my\_own}\left(x_{n,i}\right)"


def test_an_equation_has_both_sides():
    assert equation("dx", (n, i), read("dy", n, i)) == r"\bar{x}_{n,i} = \bar{y}_{n,i}"
