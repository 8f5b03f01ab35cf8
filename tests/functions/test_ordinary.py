"""Functions of the machine, written out, are the same functions."""

import mpmath
import pytest

from symback.core.expr import Op, call, number, read, walk
from symback.functions import TABLE
from symback.functions.ordinary import WRITTEN_OUT, ordinary
from symback.report.sympy_export import to_sympy

POINTS = ["0.3", "0.7", "0.45", "0.55", "0.25"]
INTERNAL = {"log_cosh_at": mpmath.tanh, "tanh_slope_at": mpmath.tanh, "expm1_minus_at": mpmath.expm1}
"""Functions whose second argument is a function of the first."""


def arguments(row):
    """Numbers within the domain of each argument."""
    out = []
    for k in range(row.arity):
        low, high = row.domain[min(k, len(row.domain) - 1)]
        value = mpmath.mpf(POINTS[k])
        if not low < value < high:
            value = {(True, False): low + value, (False, True): high - value}.get((low > -mpmath.inf, high < mpmath.inf), (low + high) / 2)
        out.append(value)
    return out


@pytest.mark.parametrize("name", sorted(WRITTEN_OUT))
def test_a_function_written_out_has_its_values(name):
    row = TABLE[name]
    values = arguments(row)
    if name in INTERNAL:
        values[1] = INTERNAL[name](values[0])
    if name == "direction_at":
        values[2] = mpmath.hypot(values[0], values[1])
    if name == "pow_slope_at":
        values[2] = values[0] ** values[1]
    if name == "logsubexp":
        values[1] = values[0] - 1
    node = WRITTEN_OUT[name](*(read(f"v{k}") for k in range(row.arity)))
    assert not any(n.op is Op.CALL and n.data in WRITTEN_OUT for n in walk(node))
    exported = to_sympy(node).subs({f"v{k}": v for k, v in enumerate(values)})
    with mpmath.workdps(30):
        expected = row.reference(mpmath, *values)
        assert abs(mpmath.mpf(str(exported.evalf(25))) - expected) < 1e-12 * max(1, abs(expected))


def test_functions_inside_others_are_written_out_too():
    assert repr(ordinary(read("x"))) == "x"
    assert repr(ordinary(call("exp", call("tanh_slope", read("x"))))) == "exp(1 - tanh(x)**2)"
    assert ordinary(call("finite", number(3))) == number(3)
