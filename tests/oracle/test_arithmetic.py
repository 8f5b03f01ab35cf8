"""The oracle's numbers, checked by plain differences of real mpmath values: slopes without any complex step."""

import math

import mpmath
import pytest

from tests.oracle import HIGH_PRECISION, MACHINE

POINTS = {
    "exp": (-3.0, 0.7), "log": (0.2, 5.0), "log1p": (-0.9, 3.0), "expm1": (-2.0, 1e-3, 1.5), "sqrt": (0.3, 7.0), "sin": (-2.0, 0.4),
    "cos": (-2.0, 0.4), "tan": (-1.0, 0.5), "asin": (-0.9, 0.3), "acos": (-0.9, 0.3), "atan": (-4.0, 0.3), "sinh": (-2.0, 0.5),
    "cosh": (-2.0, 0.5), "tanh": (-3.0, 0.5), "asinh": (-3.0, 0.5), "acosh": (1.2, 4.0), "atanh": (-0.8, 0.3), "sigmoid": (-4.0, 3.0),
    "softplus": (-4.0, 3.0, 40.0), "erf": (-1.5, 0.4), "erfc": (-1.5, 0.4, 3.0), "loggamma": (-1.5, 0.4, 6.0), "digamma": (-1.5, 0.4, 6.0),
    "Abs": (-1.5, 0.4), "relu": (-1.5, 0.4),
}  # fmt: skip


def slope(function, x):
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        return (function(mpmath.mpf(x) + h) - function(mpmath.mpf(x) - h)) / (2 * h)


REFERENCE = {
    "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "softplus": lambda x: mpmath.log(1 + mpmath.exp(x)),
    "loggamma": lambda x: mpmath.log(abs(mpmath.gamma(x))),
    "Abs": abs,
    "relu": lambda x: max(x, mpmath.mpf(0)),
}


@pytest.mark.parametrize("arithmetic", [MACHINE, HIGH_PRECISION], ids=lambda a: a.name)
@pytest.mark.parametrize(("name", "x"), [(n, x) for n, xs in POINTS.items() for x in xs])
def test_the_complex_step_gives_value_and_slope_of_each_function(arithmetic, name, x):
    function = REFERENCE.get(name, getattr(mpmath, name, None))
    f = arithmetic.functions[name]
    tolerance = 2e-14 if arithmetic is MACHINE else 1e-25
    with mpmath.workdps(60):
        value, expected = function(mpmath.mpf(x)), slope(function, x)
        real, moved = f(arithmetic.number(x)), f(arithmetic.infinitesimal(arithmetic.number(x), 1.0))
        assert abs(mpmath.mpf(real) - value) <= tolerance * (1 + abs(value))
        assert abs(mpmath.mpf(moved.real) - value) <= tolerance * (1 + abs(value))
        assert abs(mpmath.mpf(moved.imag) / mpmath.mpf(arithmetic.step) - expected) <= tolerance * (1 + abs(expected))


@pytest.mark.parametrize("arithmetic", [MACHINE, HIGH_PRECISION], ids=lambda a: a.name)
@pytest.mark.parametrize(("y", "x"), [(1.0, 2.0), (2.0, 1.0), (2.0, -1.0), (-2.0, -1.0), (-0.5, -1.0), (0.5, -1.0), (-3.0, 0.5)])
def test_atan2_is_the_angle_in_every_octant(arithmetic, y, x):
    f, number = arithmetic.functions["atan2"], arithmetic.number
    assert float(f(number(y), number(x))) == pytest.approx(math.atan2(y, x), rel=1e-15)
    along_y = f(arithmetic.infinitesimal(number(y), 1.0), number(x)).imag / arithmetic.step
    along_x = f(number(y), arithmetic.infinitesimal(number(x), 1.0)).imag / arithmetic.step
    assert float(along_y) == pytest.approx(x / (x * x + y * y), rel=1e-14)
    assert float(along_x) == pytest.approx(-y / (x * x + y * y), rel=1e-14)


@pytest.mark.parametrize("arithmetic", [MACHINE, HIGH_PRECISION], ids=lambda a: a.name)
@pytest.mark.parametrize(("name", "x"), [("log", -1.0), ("sqrt", -1.0), ("asin", 2.0), ("acosh", 0.5), ("atanh", 2.0), ("log1p", -2.0)])
def test_outside_its_domain_a_function_is_nan(arithmetic, name, x):
    v = arithmetic.functions[name](arithmetic.number(x))
    assert v != v
