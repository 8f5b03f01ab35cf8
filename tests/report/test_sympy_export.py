"""SymPy objects made from expressions."""

import sympy

from symback.core import expr
from symback.core.expr import Reduction, call, compare, dim, index, indicator, number, read, reduction, total, whole
from symback.report.sympy_export import to_sympy

N, C = dim("N"), dim("C")
n, c, k = index("n", N), index("c", C), index("k", C)


def test_a_contraction_is_a_sum_of_indexed_elements():
    node = total(expr.mul(read("x", n, k), read("W", k, c)), whole(k))
    i_n, i_c, i_k = (sympy.Symbol(s, integer=True) for s in "nck")
    size = sympy.Symbol("C", integer=True, nonnegative=True)
    expected = sympy.Sum(sympy.IndexedBase("x")[i_n, i_k] * sympy.IndexedBase("W")[i_k, i_c], (i_k, 0, size - 1))
    assert to_sympy(node) == expected


def test_an_equality_of_indices_is_a_kronecker_delta():
    assert str(to_sympy(indicator(compare("==", c, read("t", n))))) == "KroneckerDelta(c, t[n])"


def test_a_logsumexp_is_written_out():
    node = reduction(Reduction.LOGSUMEXP, read("z", n, k), [whole(k)])
    assert str(to_sympy(node)) == "log(Sum(exp(z[n, k]), (k, 0, C - 1)))"


def test_nested_sums_over_one_name_stay_apart():
    node = total(expr.mul(read("a", k), total(read("b", k), whole(k))), whole(k))
    exported = to_sympy(node)
    sizes = {sympy.Symbol("C", integer=True, nonnegative=True): 2}
    a, b = sympy.IndexedBase("a"), sympy.IndexedBase("b")
    assert sympy.expand(exported.subs(sizes).doit()) == sympy.expand((a[0] + a[1]) * (b[0] + b[1]))


def test_numbers_stay_exact():
    assert to_sympy(number("0.1")) == sympy.Rational(1, 10)


def test_names_that_sympy_uses_itself_are_plain_symbols():
    assert to_sympy(read("I")) == sympy.Symbol("I")
    assert to_sympy(read("pi", n)) == sympy.IndexedBase("pi")[sympy.Symbol("n", integer=True)]


def test_functions_that_sympy_lacks_are_written_out():
    assert str(to_sympy(call("sigmoid", read("x")))) == "1/(1 + exp(-x))"
    assert str(to_sympy(call("expm1", read("x")))) == "exp(x) - 1"
