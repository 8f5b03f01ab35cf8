"""Each row's value and each of its derivatives against mpmath, over the row's domain, without a warning."""

from itertools import product

import mpmath
import numpy as np
import pytest

from symback.core.expr import ONE, ZERO, Op, call, dim, index, number, read, walk
from symback.functions import TABLE, Expansion, Kernel
from symback.functions.gaps import LIMITS
from symback.functions.kernels import names, source
from tests.functions.evaluation import PARAMETERS, in_numpy, ulps

N = index("n", dim("N"))
READS = tuple(read(name, N) for name in "xyzvw")
INTERNAL = {
    "pow1pm1_at",
    "over_argument",
    "tanh_slope_at",
    "expm1_minus_at",
    "log_ndtr_at",
    "mills",
    "hazard_at",
    "log_cosh_at",
    "ndtr_at",
    "direction_at",
    "pow_slope_at",
    "expm1_slope_at",
    "over_growth",
    "mish_slope_at",
}
MAGNITUDES = [
    1e-30,
    1e-10,
    1e-6,
    1e-3,
    0.01,
    0.1,
    0.3,
    0.45,
    0.5,
    0.55,
    0.69,
    0.75,
    0.9,
    0.999,
    1.0,
    1.03,
    1.3,
    1.5,
    2.0,
    2.5,
    3.0,
    4.5,
    6.0,
    9.5,
    12.0,
    17.0,
    30.0,
    60.0,
    90.0,
    200.0,
    1e4,
    1e10,
    1e30,
]
SECOND_ORDER = {
    "erfcx_slope",
    "hazard_slope",
    *(f"{name}_over_slope" for name in LIMITS),
    "bose_slope",
    "pow_slope",
    "hazard",
    "over_squares",
    "squareplus_slope",
    "direction",
    "gelu_slope",
    "tanh_softplus_slope",
    "sigmoid_slope",
}
"""Rows that are made by differentiation only: their own slopes are checked where |x| <= 3."""


def arguments(row, dtype):
    """Points of the domain, one array an argument: all pairs for two arguments."""
    axes = []
    domain = row.domain if row.arity != -1 else row.domain * 2
    for low, high in domain:
        if low == high:
            continue
        line = [v for m in MAGNITUDES for v in (-m, m)] + [0.0]
        if np.isfinite(low):
            line += [low + d for d in MAGNITUDES]
        if np.isfinite(high):
            line += [high - d for d in MAGNITUDES]
        line = np.unique(np.array(line, dtype))
        axes.append(line[(line > low) & (line < high) & (np.abs(line) <= np.finfo(dtype).max)])
    if len(axes) == 5:
        chosen = [a[:: max(1, len(a) // 5)] for a in axes]
        points = np.array(list(product(*chosen)), dtype)[::7]
        return [points[:, k].copy() for k in range(5)]
    if len(axes) == 3:
        step = max(1, len(axes[0]) // 12)
        points = np.array([(a, b, c) for a in axes[0][::step] for b in (0.25, 1.0) for c in (0.75, 3.0)], dtype)
        return [points[:, 0].copy(), points[:, 1].copy(), points[:, 2].copy()]
    if len(axes) == 2:
        step = max(1, len(axes[0]) // 24)
        pairs = np.array([(a, b) for a in axes[0][::step] for b in axes[1][::step]], dtype)
        return [pairs[:, 0].copy(), pairs[:, 1].copy()]
    return axes


def case(row, order=ONE):
    """(argument nodes, node of the value)."""
    count = 2 if row.arity == -1 else row.arity
    nodes = (order, READS[0]) if row.name in PARAMETERS else READS[:count]
    return nodes, call(row.name, *nodes)


def node_overflows(node):
    """Whether it is a slope of x**p, whose value may overflow where the slope does not."""
    return (
        node.op is Op.CALL
        and node.data in ("pow", "pow_slope", "pow1pm1", "xlogy")
        or any(n.op is Op.CALL and n.data == "pow_slope" for n in walk(node))
    )


def worst(node, exact, arrays, dtype):
    """(largest error in ULP, where) of a node over the points."""
    values = {"dtype": dtype, **{n: a for n, a in zip("xyzvw", arrays, strict=False)}}
    with np.errstate(all="raise", under="ignore", over="ignore" if node_overflows(node) else "raise"):
        got = np.broadcast_to(in_numpy(node, values), arrays[0].shape)
    errors = [ulps(g, exact(*map(float, p)), dtype) for g, p in zip(got, zip(*arrays, strict=True), strict=True)]
    k = int(np.argmax(errors))
    return errors[k], tuple(float(a[k]) for a in arrays)


def roots(name, where):
    """ULP allowed besides, near a root inside the domain, where no formula of fixed precision has a bound."""
    x = where[0]
    if name.endswith(("_over_slope", "bose_slope", "erfcx_slope", "hazard_slope")) or name == "tan_over" and abs(x) > 1:
        return float("inf")
    near = {
        "logexpm1": abs(x - 0.693) < 0.1,
        "logaddexp": abs(x - where[-1]) > 16 or abs(x) < 2 and abs(where[-1]) < 2,
        "logsubexp": abs(x - where[-1]) > 16,
        "digamma": abs(x - 1.46) < 0.2,
        "gelu_slope": abs(x + 0.75) < 0.1 or abs(abs(x) - 1.41) < 0.1,
        "gelu": abs(x + 0.75) < 0.1,
        "loggamma": abs(x - 1.46) < 0.2,
        "over_squares": abs(x) == abs(where[-1]),
        "spherical_bessel": abs(x) > 2,
        "mish_slope": abs(x - 1.49) < 0.1 or abs(x + 2.26) < 0.1,
        "tanh_softplus_slope": abs(x) < 1,
        "hazard": x < -1,
        "unit_difference": True,
        "two_sided_slope": abs(x) < 3,
        "two_sided_softplus": abs(x) < 3,
        "pow_slope": x < 1e-6,
        "pow": x != 1,
        "pow1pm1": x != 0,
    }
    return float("inf") if near.get(name) else 0


def fits(values, dtype):
    return np.array([bool(mpmath.isfinite(v)) and (abs(v) > 1e-200 or v == 0) and abs(v) < float(np.finfo(dtype).max) / 4 for v in values])


def finite_points(exact, arrays, dtype):
    """The points at which the exact value fits the dtype."""
    kept = fits([exact(*map(float, p)) for p in zip(*arrays, strict=True)], dtype)
    return [a[kept] for a in arrays]


def orders(row):
    if row.name not in PARAMETERS:
        return [ONE]
    return [number(n) for n in ((1, 2) if row.name == "polygamma" else (0, 1, 2))]


CASES = [(row.name, k) for row in TABLE.values() if row.name not in INTERNAL for k in range(len(orders(row)))]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name,order", CASES)
def test_a_value_agrees_with_mpmath_over_the_domain(name, order, dtype):
    row = TABLE[name]
    mpmath.mp.dps = 120
    order = orders(row)[order]
    nodes, value = case(row, order)
    first = () if row.name not in PARAMETERS else (int(order.data),)
    exact = lambda *p: row.reference(mpmath.mp, *first, *map(mpmath.mpf, p))  # noqa: E731
    arrays = finite_points(exact, arguments(row, dtype), dtype)
    error, where = worst(value, exact, arrays, dtype)
    assert error <= 8 + roots(name, where), (error, where)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("name,order", CASES)
def test_a_derivative_agrees_with_the_difference_quotient_of_mpmath(name, order, dtype):
    row = TABLE[name]
    mpmath.mp.dps = 120
    order = orders(row)[order]
    nodes, value = case(row, order)
    for which in range(len(row.derivatives) if row.arity != -1 else 1):
        if nodes[which].op.value == "num" or name == "stop_gradient":
            continue
        first = () if row.name not in PARAMETERS else (int(order.data),)
        place = which - len(first)

        def exact(*p, place=place, first=first):
            mpmath.mp.dps = 120
            point = [mpmath.mpf(v) for v in p]
            if name in KINKED and (0 in point or len(set(point)) < len(point)):
                return mpmath.nan
            if name in ("floor", "ceiling", "round") and 2 * point[0] == mpmath.nint(2 * point[0]):
                return mpmath.nan
            if name in SECOND_ORDER and max(map(abs, point)) > 3:
                return mpmath.nan
            with mpmath.workdps(400):
                h = max(abs(point[place]), mpmath.mpf("1e-60")) * mpmath.mpf(10) ** -110
                ends = []
                for s in (h, -h):
                    moved = list(point)
                    moved[place] += s
                    ends.append(row.reference(mpmath.mp, *first, *moved))
                return (ends[0] - ends[1]) / (2 * h)

        arrays = finite_points(exact, thinned(arguments(row, dtype)), dtype)
        if not len(arrays[0]):
            continue
        error, where = worst(row.derivative(which, nodes, value), exact, arrays, dtype)
        assert error <= 16 + roots(name, where), (which, error, where)


KINKED = {"Abs", "sign", "side", "copysign", "size", "step", "heaviside", "floor", "ceiling", "round", "Max", "Min"}


def thinned(arrays):
    step = max(1, len(arrays[0]) // 120)
    return [a[::step] for a in arrays]


@pytest.mark.parametrize("name", [r.name for r in TABLE.values() if isinstance(r.spelling, Kernel)])
def test_a_kernel_keeps_shape_and_dtype(name):
    row = TABLE[name]
    kernel_name = row.spelling.name
    assert source(kernel_name).text.startswith(f"def {kernel_name}(")
    inside = [0.5 if low < 0.5 < high else 2.0 for low, high in row.domain]
    for dtype in (np.float16, np.float32, np.float64):
        for shape in ((), (3,), (2, 3)):
            nodes, value = case(row)
            values = {
                "dtype": dtype,
                **{
                    n: np.full(shape, v, dtype)
                    for n, v in zip("xyzvw", inside[len(nodes) - sum(n.op.value == "read" for n in nodes) :], strict=False)
                },
            }
            got = in_numpy(value, values)
            assert np.shape(got) == shape and got.dtype == dtype, (dtype, shape, got)


def test_every_expansion_ends_in_functions_that_are_not_expanded():
    for row in TABLE.values():
        if isinstance(row.spelling, Expansion):
            node, seen = row.spelling.build(*READS[: row.arity]), 0
            pending = [n for n in _calls(node)]
            while pending:
                inner = TABLE[pending.pop().data]
                seen += 1
                assert inner.name != row.name and seen < 100
                if isinstance(inner.spelling, Expansion):
                    pending += _calls(inner.spelling.build(*READS[: inner.arity]))


def _calls(node):
    return [n for n in walk(node) if n.op is Op.CALL]


def test_ties_of_max_are_shared_and_go_to_constants():
    x, y, *_ = READS
    slope = TABLE["Max"].derivative(0, (x, y), call("Max", x, y))
    values = {"dtype": np.float64, "x": np.array([1.0, 2.0, 2.0]), "y": np.array([2.0, 2.0, 1.0])}
    assert in_numpy(slope, values).tolist() == [0.0, 0.5, 1.0]
    relu = TABLE["Max"].derivative(0, (x, ZERO), call("Max", x, ZERO))
    assert in_numpy(relu, values | {"x": np.array([-1.0, 0.0, 1.0])}).tolist() == [0.0, 0.0, 1.0]


AT_KINKS = {
    "Abs": ((0.0,), (0.0,)),
    "sign": ((0.0,), (0.0,)),
    "floor": ((2.0,), (0.0,)),
    "ceiling": ((2.0,), (0.0,)),
    "round": ((2.5,), (0.0,)),
    "Max": ((2.0, 2.0, 2.0), (1 / 3, 1 / 3, 1 / 3)),
    "Min": ((2.0, 2.0, 3.0), (1 / 2, 1 / 2, 0.0)),
    "atan2": ((0.0, 0.0), (0.0, 0.0)),
    "hypot": ((0.0, 0.0), (0.0, 0.0)),
    "pow": ((0.0, 2.5), (0.0, 0.0)),
}
"""Where a function has a kink or a gap, and its slope there by each argument."""
AT_GAPS = {"xlogy": ((0.0, 0.0), 0.0), "xlog1py": ((0.0, -1.0), 0.0)}
"""Where a value is a convention."""


def test_every_convention_of_the_table_has_its_point():
    assert AT_KINKS.keys() | AT_GAPS.keys() == {row.name for row in TABLE.values() if row.convention}


@pytest.mark.parametrize("name", AT_GAPS)
def test_the_value_at_a_gap_is_the_one_of_the_convention(name):
    point, value = AT_GAPS[name]
    nodes = READS[: len(point)]
    values = {"dtype": np.float64} | {str(n.data): np.array([v]) for n, v in zip(nodes, point, strict=True)}
    assert in_numpy(call(name, *nodes), values).tolist() == [value]


@pytest.mark.parametrize("name", AT_KINKS)
def test_the_slope_at_a_kink_is_the_one_of_the_convention(name):
    point, slopes = AT_KINKS[name]
    nodes = READS[: len(point)]
    values = {"dtype": np.float64} | {str(n.data): np.array([v]) for n, v in zip(nodes, point, strict=True)}
    for which, slope in enumerate(slopes):
        found = in_numpy(TABLE[name].derivative(which, nodes, call(name, *nodes)), values)
        np.testing.assert_allclose(np.broadcast_to(found, (1,)), [slope], rtol=1e-15, err_msg=f"by argument {which}")


def test_no_kernel_needs_more_than_numpy_scipy_and_the_standard_library():
    for name in names():
        assert not [line for line in source(name).imports if "symback" in line], name
