"""Small layers, one for a statement of the language, with outputs and gradients that were worked out by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import e, inf, log, pi, sqrt
from textwrap import dedent, indent


@dataclass(frozen=True, slots=True)
class Example:
    """A layer's text, what is passed, what comes back, and the gradients where each output's own gradient is 1."""

    name: str
    text: str
    given: Mapping[str, object]
    outputs: Mapping[str, object]
    gradients: Mapping[str, object] = field(default_factory=dict)
    options: Mapping[str, object] = field(default_factory=dict)
    states: Mapping[str, object] = field(default_factory=dict)


def _example(name: str, text: str, given: Mapping, outputs: Mapping, gradients: Mapping = {}, **more: Mapping) -> Example:
    return Example(name, f"layer: {name}\n{dedent(text).strip()}\n", given, outputs, gradients, **more)


def _of_x(name: str, lines: str, x: list, outputs: Mapping, dx: list | None = None) -> Example:
    """A layer of one vector `x`."""
    text = f"inputs: {{x: [N]}}\noutputs:\n{indent(dedent(lines).strip(), '  ')}"
    return _example(name, text, {"x": x}, outputs, {} if dx is None else {"x": dx})


FILES = (
    _example(
        "words_of_older_yaml",
        """
        inputs: {y: [N], on: []}
        hyperparameters: {no: 1e-1}
        outputs: {"off[n]": "y[n]*on + no"}
        """,
        {"y": [1, 2], "on": 3},
        {"off": [3.1, 6.1]},
        {"y": [3, 3], "on": 3},
    ),
    _example(
        "numbers_and_switches_everywhere",
        """
        inputs: {x: [N]}
        hyperparameters: {scale: 0.5, lag: 2, flip: true}
        indices: {i: N - lag}
        outputs:
          y[i]: Piecewise((scale*x[i + lag] + lag, flip), (x[i], True))
          z: Sum(x[j], (j, 0, lag - 1))
        """,
        {"x": [1, 2, 3, 4]},
        {"y": [3.5, 4], "z": 3},
        {"x": [1, 1, 0.5, 0.5]},
    ),
    _example(
        "numbers_and_switches_told",
        """
        inputs: {x: [N]}
        hyperparameters: {scale: 0.5, lag: 2, flip: true}
        indices: {i: N - lag}
        outputs: {"y[i]": "Piecewise((scale*x[i + lag], flip), (x[i], True))"}
        """,
        {"x": [1, 2, 3, 4]},
        {"y": [1, 2, 3]},
        {"x": [1, 1, 1, 0]},
        options={"lag": 1, "flip": False},
    ),
    _example(
        "a_derived_dimension",
        """
        inputs: {x: [N]}
        dims: {M: (N + 1)//2}
        outputs: {"y[m]": "x[2*m]", size: M}
        indices: {m: M}
        """,
        {"x": [1, 2, 3, 4, 5]},
        {"y": [1, 3, 5], "size": 3},
        {"x": [1, 0, 1, 0, 1]},
    ),
    _example(
        "fewer_positions_than_the_axis",
        """
        inputs: {x: [N]}
        indices: {i: N - 1}
        outputs: {"y[i]": "(x[i + 1] - x[i])**2"}
        """,
        {"x": [1, 2, 5]},
        {"y": [1, 9]},
        {"x": [-2, 2 - 6, 6]},
    ),
    _example(
        "fixed_and_derived_in_a_shape",
        """
        inputs: {x: [N, 3], g: [2*N]}
        outputs: {"y[n]": "x[n, 2]*g[N + n]"}
        """,
        {"x": [[1, 2, 3]], "g": [4, 5]},
        {"y": [15]},
        {"x": [[0, 0, 5]], "g": [0, 3]},
    ),
    _example(
        "a_next_value_takes_no_gradient",
        """
        inputs: {x: [N]}
        state: {m: []}
        where: {mean: "Mean(x[n], n)"}
        outputs: {"y[n]": "x[n]*m"}
        update: {m: m/2 + mean/2}
        """,
        {"x": [1, 3], "m": 4},
        {"y": [4, 12]},
        {"x": [4, 4]},
        states={"m": 3},
    ),
    _example(
        "a_mode_replaces_by_the_left_side",
        """
        inputs: {x: [N]}
        params: {w: []}
        where: {"s[n]": "w*x[n]"}
        outputs: {"y[n]": "s[n]**2", total: "Sum(s[n], n)"}
        modes: {eval: {outputs: {"y[k]": "x[k]"}}}
        """,
        {"x": [1, 2], "w": 3},
        {"y": [1, 2], "total": 9},
        {"x": [4, 4], "w": 3},
        options={"mode": "eval"},
    ),
    _example(
        "some_are_differentiated",
        """
        inputs: {x: [N], c: {shape: [N], grad: false}}
        params: {w: []}
        wrt: [w]
        outputs: {"y[n]": "w*x[n]*c[n]"}
        """,
        {"x": [1, 2], "c": [1, 2], "w": 3},
        {"y": [3, 12]},
        {"w": 5},
    ),
    _example(
        "a_definition_further_down",
        """
        outputs: {"z[n]": "exp(y[n])", "y[n]": "b[n] - x[n]"}
        where: {"b[n]": "2*a[n]", "a[n]": "x[n]"}
        inputs: {x: [N]}
        """,
        {"x": [0.0]},
        {"z": [1], "y": [0]},
        {"x": [2]},
    ),
)

TENSORS = (
    _example(
        "labels_and_one_value_more",
        """
        inputs: {z: [N, C], t: {shape: [N], values: C, also: [-100]}}
        outputs: {"y[n]": "Piecewise((z[n, t[n]], Ne(t[n], -100)), (0, True))", count: "Sum(Ne(t[n], -100), n)"}
        """,
        {"z": [[1, 2], [3, 4]], "t": [-100, 1]},
        {"y": [0, 4], "count": 1},
        {"z": [[0, 0], [0, 1]]},
    ),
    _example(
        "a_mask_is_a_condition_and_a_number",
        """
        inputs: {x: [N], m: {shape: [N], dtype: bool}}
        outputs: {"y[n]": "Piecewise((x[n], m[n]), (0, True)) + x[n]*m[n]", none: "Amin(~m[n], n)"}
        """,
        {"x": [1, 2], "m": [True, False]},
        {"y": [2, 0], "none": 0},
        {"x": [2, 0]},
    ),
    _example(
        "zero_outside",
        """
        inputs: {x: {shape: [N], outside: 0}}
        indices: {n: N}
        outputs: {"y[n]": "x[n - 1] + 2*x[n + 1]"}
        """,
        {"x": [1, 2, 3]},
        {"y": [4, 7, 2]},
        {"x": [1, 3, 2]},
    ),
    _example(
        "minus_infinity_outside",
        """
        inputs: {x: {shape: [N], outside: -oo}}
        indices: {k: 3, n: N}
        outputs: {"y[n]": "Amax(x[n + k - 1], k)"}
        """,
        {"x": [-5, -2, -3]},
        {"y": [-2, -2, -2]},
        {"x": [0, 3, 0]},
    ),
    _example(
        "a_condition_keeps_inside",
        """
        inputs: {x: [N]}
        outputs: {"y[n]": "Piecewise((x[n] - x[n - 1], n > 0), (x[n], True))"}
        """,
        {"x": [1, 2, 4]},
        {"y": [1, 1, 2]},
        {"x": [0, 0, 1]},
    ),
    _example(
        "leading_axes",
        """
        inputs: {x: ["...", D], s: ["..."]}
        params: {g: [D]}
        outputs: {"y[..., d]": "x[..., d]*g[d] + s[...]", "m[d]": "Mean(x[..., d], ...)"}
        """,
        {"x": [[[1, 2], [3, 4]]], "s": [[10, 20]], "g": [1, -1]},
        {"y": [[[11, 8], [23, 16]]], "m": [2, 3]},
        {"x": [[[1.5, -0.5], [1.5, -0.5]]], "s": [[2, 2]], "g": [4, 6]},
    ),
    _example(
        "no_leading_axes",
        """
        inputs: {x: ["...", D]}
        outputs: {"y[...]": "Sum(x[..., d]**2, d)"}
        """,
        {"x": [1, 2]},
        {"y": 5},
        {"x": [2, 4]},
    ),
)

EXPRESSIONS = (
    _example(
        "sizes_and_positions_are_numbers",
        """
        inputs: {x: [N]}
        hyperparameters: {k: 3}
        outputs: {"y[i]": "x[i]*N/(N - 1) + k*i", "z[i]": "4**(-2*i/N)"}
        """,
        {"x": [1, 2]},
        {"y": [2, 7], "z": [1, 0.25]},
        {"x": [2, 2]},
    ),
    _example(
        "absent_on_the_right",
        """
        inputs: {x: [N]}
        indices: {k: 2}
        outputs: {"y[k, n]": "x[n]", "z[k]": "Sum(x[n], n)"}
        """,
        {"x": [1, 2, 4]},
        {"y": [[1, 2, 4], [1, 2, 4]], "z": [7, 7]},
        {"x": [4, 4, 4]},
    ),
    _of_x("the_inner_binding_counts", "y[n]: x[n]*Sum(x[n]*Sum(x[n], n), n)", [1, 2], {"y": [9, 18]}, [9 + 3 * 6, 9 + 3 * 6]),
    _of_x("exact_numbers", "y[n]: (1/3 + 1/3 + 1/3 - 1)*x[n] + 0.1*3 - 0.3", [1, 2], {"y": [0, 0]}, [0, 0]),
    _of_x("a_bool_is_0_or_1", "y[n]: (x[n] > 1)*x[n] + (x[n] > 2) + Sum(x[n] > 0, n)", [1, 2, 3], {"y": [3, 5, 7]}, [0, 1, 1]),
    _of_x("limits_are_a_range", "y: Sum(x[0]*j**2, (j, 1, 3))", [2], {"y": 28}, [14]),
    _of_x(
        "removable_gaps",
        "a[n]: x[n]*log(x[n])\nb[n]: sin(x[n])/x[n]\nc[n]: (exp(x[n]) - 1)/x[n]",
        [0.0],
        {"a": [0], "b": [1], "c": [1]},
    ),
    _of_x("slopes_in_removable_gaps", "b[n]: sin(x[n])/x[n]\nc[n]: (exp(x[n]) - 1)/x[n]", [0.0], {"b": [1], "c": [1]}, [0.5]),
    _example(
        "positions_of_every_kind",
        """
        inputs: {x: [N], t: {shape: [N], values: N}}
        hyperparameters: {s: 2, p: 1}
        outputs:
          a[i]: x[(i + N//2) % N]
          b[i]: x[t[i]] + x[Max(i - 1, 0)]
          c[i]: x[Min(Abs(i*s - p), N - 1)]
          d[i]: x[2**i//4]
        """,
        {"x": [1, 10, 100, 1000], "t": [3, 3, 0, 1]},
        {"a": [100, 1000, 1, 10], "b": [1001, 1001, 11, 110], "c": [10, 10, 1000, 1000], "d": [1, 1, 10, 100]},
        {"x": [1 + 3 + 2, 1 + 2 + 2 + 1, 1 + 1 + 0 + 1, 1 + 2 + 2]},
    ),
    _example(
        "a_floor_is_a_position",
        """
        inputs: {x: [N], g: [M]}
        outputs: {"y[m]": "x[Min(floor(g[m]), N - 2)] + (g[m] - floor(g[m]))*(x[Min(floor(g[m]), N - 2) + 1] - x[Min(floor(g[m]), N - 2)])"}
        """,
        {"x": [1, 3, 7], "g": [0.5, 1.25]},
        {"y": [2, 4]},
        {"x": [0.5, 0.5 + 0.75, 0.25], "g": [2, 4]},
    ),
    _of_x(
        "chains_and_words",
        "a[n]: Piecewise((x[n], 0 <= n - 1 <= N - 3), (0, True))\nb[n]: Piecewise((1, not (x[n] > 1 and x[n] < 4) or n == 1), (0, True))",
        [1, 2, 3, 4],
        {"a": [0, 2, 3, 0], "b": [1, 1, 0, 1]},
        [0, 1, 1, 0],
    ),
)

FUNCTIONS = (
    _of_x(
        "elementary_functions",
        """
        a[n]: exp(x[n]) + log(x[n]) + log1p(x[n]) + expm1(x[n]) + sqrt(x[n])
        b[n]: sin(x[n]) + cos(x[n]) + tan(x[n]*0) + asin(x[n]*0) + acos(x[n]) + atan(x[n]) + atan2(x[n], 1)
        c[n]: sinh(x[n]) + cosh(x[n]) - exp(x[n]) + tanh(x[n]*0) + asinh(x[n]*0) + acosh(x[n]) + atanh(x[n]*0)
        """,
        [1.0],
        {"a": [e + log(2) + e - 1 + 1], "b": [0.8414709848078965 + 0.5403023058681398 + pi / 2], "c": [0]},
    ),
    _of_x(
        "slopes_of_elementary_functions",
        "y[n]: exp(x[n]) + log(x[n]) + log1p(x[n]) + expm1(x[n]) + sqrt(x[n]) + atan(x[n]) + asinh(x[n]) + tanh(x[n] - 1) + sinh(x[n] - 1)",
        [1.0],
        {"y": [e + log(2) + e - 1 + 1 + pi / 4 + log(1 + sqrt(2))]},
        [e + 1 + 0.5 + e + 0.5 + 0.5 + 1 / sqrt(2) + 1 + 1],
    ),
    _of_x(
        "functions_of_the_field",
        "a[n]: sigmoid(x[n]) + softplus(x[n]) + relu(x[n] - 1) + erf(x[n]) + erfc(x[n]) + loggamma(x[n] + 1) + digamma(x[n] + 2) - digamma(x[n] + 1)",
        [0.0],
        {"a": [0.5 + log(2) + 0 + 1 + 0 + 1]},
        [0.25 + 0.5 + 0 - 0.5772156649015329 + (pi**2 / 6 - 1) - pi**2 / 6],
    ),
    _of_x(
        "rounding_has_slope_0",
        "y[n]: floor(x[n]) + ceiling(x[n])*10 + round(x[n])*100 + sign(x[n])*1000",
        [1.5, 2.5, -0.4],
        {"y": [1 + 20 + 200 + 1000, 2 + 30 + 200 + 1000, -1 + 0 + 0 - 1000]},
        [0, 0, 0],
    ),
    _of_x("a_stopped_gradient", "y[n]: x[n]*stop_gradient(x[n])", [2, 3], {"y": [4, 9]}, [2, 3]),
    _example(
        "a_delta_and_equality",
        """
        inputs: {x: [N], t: {shape: [N], values: N}}
        indices: {j: N}
        outputs: {"y[i, j]": "x[i]*KroneckerDelta(i, j) + 10*Eq(t[i], j) + 100*Ne(i, j)"}
        """,
        {"x": [2, 3], "t": [1, 1]},
        {"y": [[2, 110], [100, 13]]},
        {"x": [1, 1]},
    ),
)

REDUCTIONS = (
    _of_x(
        "each_reduction",
        """
        s: Sum(x[i], i)
        m: Mean(x[i], i)
        p: Prod(x[i], i)
        hi: Amax(x[i], i)
        lo: Amin(x[i], i)
        v: Var(x[i], i)
        n: Norm(x[i], i)
        """,
        [1, 2, 2, 4],
        {"s": 9, "m": 2.25, "p": 16, "hi": 4, "lo": 1, "v": 25 / 4 - 81 / 16, "n": 5},
        [1 + 0.25 + 16 + 0 + 1 - 0.625 + 0.2, *2 * [1 + 0.25 + 8 + 0 + 0 - 0.125 + 0.4], 1 + 0.25 + 4 + 1 + 0 + 0.875 + 0.8],
    ),
    _of_x(
        "softmax_and_its_kin",
        "l: LogSumExp(x[i], i)\np[i]: Softmax(x[i], i)\nq[i]: LogSoftmax(x[i], i)",
        [0.0, log(3)],
        {"l": log(4), "p": [0.25, 0.75], "q": [log(0.25), log(0.75)]},
        [0.25 + 0 + 1 - 2 * 0.25, 0.75 + 0 + 1 - 2 * 0.75],
    ),
    _of_x(
        "the_first_of_a_tie",
        "a: Argmax(x[i], i)\nb: Argmin(x[i], i)\nc: x[Argmax(x[i], i)]*x[Argmin(x[i], i)]",
        [2, 5, 5, 2],
        {"a": 1, "b": 0, "c": 10},
    ),
    _of_x("over_several_indices", "y: Sum(x[i]*x[j], i, j)\nz: Amax(x[i] - x[j], i, j)", [1, 4], {"y": 25, "z": 3}, [9, 11]),
    _of_x(
        "partial_ranges",
        "a[i]: Sum(x[j], (j, 0, i))\nb[i]: Amax(x[j], (j, i, N - 1))\nc[i]: Mean(x[j], (j, 0, i))",
        [1, 2, 6],
        {"a": [1, 3, 9], "b": [6, 6, 6], "c": [1, 1.5, 3]},
        [3 + 1 + 1 / 2 + 1 / 3, 2 + 1 / 2 + 1 / 3, 1 + 3 + 1 / 3],
    ),
    _of_x(
        "empty_ranges",
        """
        s[i]: Sum(x[j], (j, 0, i - 1))
        p[i]: Prod(x[j], (j, 0, i - 1))
        m[i]: Mean(x[j], (j, 0, i - 1))
        """,
        [2, 3],
        {"s": [0, 2], "p": [1, 2], "m": [0, 2]},
        [3, 0],
    ),
    _of_x(
        "extrema_of_nothing",
        "hi[i]: Amax(x[j], (j, 0, i - 1))\nlo[i]: Amin(x[j], (j, 0, i - 1))\nl[i]: LogSumExp(x[j], (j, 0, i - 1))",
        [2, 3],
        {"hi": [-inf, 2], "lo": [inf, 2], "l": [-inf, 2]},
        [3, 0],
    ),
    _of_x(
        "limits_on_softmax_norm_and_var",
        "a[i]: Sum(Softmax(x[j], (j, 0, i))*x[j], (j, 0, i))\nb: Norm(x[j], (j, 1, 2))\nc: Var(x[j], (j, 0, 1))",
        [0.0, 0.0, 1.0],
        {"a": [0, 0, e / (2 + e)], "b": 1, "c": 0},
        [1 + 0.5 + (1 - e / (2 + e)) / (2 + e), 0.5 + (1 - e / (2 + e)) / (2 + e), 1 + e / (2 + e) * (1 + 1 - e / (2 + e))],
    ),
)

WHOLE = (
    _example(
        "whole_tensors",
        """
        inputs: {x: [N, I]}
        params: {W: [I, O], b: [O]}
        where:
          h: x @ W + b
          c: h - mean(h, axis=0, keepdims=True)
        outputs:
          y: c.T
          s: sum(h, axis=0) + max(h)
        """,
        {"x": [[1, 0], [0, 2]], "W": [[1, 2, 3], [4, 5, 6]], "b": [0, 0, 1]},
        {"y": [[-3.5, 3.5], [-4, 4], [-4.5, 4.5]], "s": [9 + 13, 12 + 13, 17 + 13]},
        {"x": [[6, 15], [1 + 2 + 4 * 3, 4 + 5 + 4 * 6]], "W": [[1, 1, 1], [2, 2, 8]], "b": [2, 2, 5]},
    ),
    _example(
        "broadcasting_from_the_right",
        """
        inputs: {x: [N, M], r: [M], k: []}
        outputs: {y: x*r + k}
        """,
        {"x": [[1, 2], [3, 4]], "r": [10, 100], "k": 1},
        {"y": [[11, 201], [31, 401]]},
        {"x": [[10, 100], [10, 100]], "r": [4, 6], "k": 4},
    ),
)

RECURRENCES = (
    _of_x("started_at_minus_1", "h[-1]: 1\nh[n]: 2*h[n - 1] + x[n]", [1, 1], {"h": [3, 7]}, [3, 1]),
    _of_x("started_at_0", "h[0]: x[0]\nh[n]: x[n]*h[n - 1]", [2, 3, 4], {"h": [2, 6, 24]}, [1 + 3 + 12, 2 + 8, 6]),
    _of_x("started_by_a_case", "h[n]: Piecewise((x[n], n == 0), (h[n - 1] + x[n], True))", [1, 2], {"h": [1, 3]}, [2, 1]),
    _of_x("two_lags", "h[-2]: 0\nh[-1]: 1\nh[n]: h[n - 1] + h[n - 2] + x[n]", [0, 0, 0], {"h": [1, 2, 3]}, [4, 2, 1]),
    _of_x("run_backward", "h[N]: 0\nh[n]: x[n] + h[n + 1]/2", [4, 2, 4], {"h": [6, 4, 4]}, [1, 1.5, 1.75]),
    _of_x(
        "values_that_recur_together",
        "a[-1]: 0\nb[-1]: 1\na[n]: a[n - 1] + x[n]*b[n - 1]\nb[n]: b[n - 1] + a[n]",
        [1, 1],
        {"a": [1, 3], "b": [2, 5]},
        [7, 4],
    ),
    _example(
        "a_sum_over_earlier_steps",
        """
        inputs: {L: [N, N], b: [N]}
        outputs: {"z[i]": "b[i] - Sum(L[i, j]*z[j], (j, 0, i - 1))"}
        """,
        {"L": [[9, 9, 9], [2, 9, 9], [3, 4, 9]], "b": [1, 3, 8]},
        {"z": [1, 1, 1]},
        {"L": [[0, 0, 0], [3, 0, 0], [-1, -1, 0]], "b": [-2 - 3 + 8 + 1, 1 - 4, 1]},
    ),
    _example(
        "two_indices",
        """
        inputs: {d: [N, M]}
        outputs:
          r[-1, j]: 0
          r[i, -1]: 0
          r[i, j]: d[i, j] + r[i - 1, j] + r[i, j - 1]
        """,
        {"d": [[1, 1], [1, 1]]},
        {"r": [[1, 2], [2, 5]]},
        {"d": [[1 + 1 + 1 + 2, 2], [2, 1]]},
    ),
    _example(
        "an_index_from_each_end",
        """
        inputs: {s: [N, N]}
        outputs: {"c[i, j]": "Piecewise((s[i, j], j <= i), (Sum(c[i, k]*c[k + 1, j], (k, i, j - 1)), True))"}
        """,
        {"s": [[1, 9, 9], [0, 2, 9], [0, 0, 3]]},
        {"c": [[1, 2, 12], [0, 2, 6], [0, 0, 3]]},
        {"s": [[1 + 2 + 12, 0, 0], [1, 1 + 1 + 3 + 6, 0], [1, 1, 1 + 2 + 4]]},
    ),
)

KINKS = (
    _of_x("flat_at_a_kink", "y[n]: relu(x[n]) + Abs(x[n]) + sign(x[n]) + floor(x[n])", [0.0], {"y": [0]}, [0]),
    _of_x("ties_share", "y: Amax(x[n], n) + 3*Amin(x[n], n)\nz: Max(x[0], x[1], x[2])", [1, 1, 1], {"y": 4, "z": 1}, [5 / 3, 5 / 3, 5 / 3]),
    _of_x("a_constant_wins_a_tie", "y[n]: Max(x[n], 0) + Min(Max(x[n], -1), 1)", [0.0, 1.0, -1.0], {"y": [0, 2, -1]}, [1, 1, 0]),
    _of_x(
        "zero_times_infinity",
        "a: Norm(x[n], n)\nb: sqrt(Sum(x[n]**2, n))\nc: sqrt(Var(x[n], n))\nd: Sum(Abs(x[n] - x[m]), n, m)",
        [0.0, 0.0],
        {"a": 0, "b": 0, "c": 0, "d": 0},
        [0, 0],
    ),
    _of_x("a_root_alone_is_steep", "y[n]: sqrt(x[n])", [0.0, 4.0], {"y": [0, 2]}, [inf, 0.25]),
    _of_x("a_half_power_alone_is_steep", "y[n]: x[n]**(1/2)", [0.0, 4.0], {"y": [0, 2]}, [inf, 0.25]),
    _of_x("no_angle", "y: atan2(x[0], x[1])", [0.0, 0.0], {"y": 0}, [0, 0]),
    _of_x("a_branch_not_taken", "y[n]: Piecewise((x[n], x[n] <= 0), (log(x[n]), True))", [-1, 0, 1], {"y": [-1, 0, 0]}, [1, 1, 1]),
    _example(
        "a_row_of_minus_infinities",
        """
        inputs: {x: [N, C], m: {shape: [N, C], dtype: bool}}
        where: {"s[n, c]": "Piecewise((x[n, c], m[n, c]), (-oo, True))"}
        outputs: {"p[n, c]": "Softmax(s[n, c], c)", "l[n]": "LogSumExp(s[n, c], c)"}
        """,
        {"x": [[1, 2], [0, 0]], "m": [[False, False], [True, True]]},
        {"p": [[0, 0], [0.5, 0.5]], "l": [-inf, log(2)]},
        {"x": [[0, 0], [0.5, 0.5]]},
    ),
)

CALLS = (
    _example(
        "positions_and_names_of_a_call",
        """
        inputs: {a: [N, I]}
        params: {W2: [I, O], b2: [O]}
        outputs: {z: "linear(a, b=b2, W=W2)", again: "linear(a, W2, b2)"}
        """,
        {"a": [[1, 2]], "W2": [[1], [10]], "b2": [100]},
        {"z": [[121]], "again": [[121]]},
        {"a": [[2, 20]], "W2": [[2], [4]], "b2": [2]},
    ),
    _example(
        "a_tensor_passed_twice",
        """
        inputs: {x: [N, N]}
        params: {b: [N]}
        outputs: {z: "linear(x, x, b)"}
        """,
        {"x": [[1, 2], [3, 4]], "b": [0, 0]},
        {"z": [[7, 10], [15, 22]]},
        {"x": [[3 + 4, 7 + 4], [3 + 6, 7 + 6]], "b": [2, 2]},
    ),
    _example(
        "hyperparameters_of_a_call",
        """
        inputs: {x: [N]}
        outputs: {y: "leaky_relu(x, slope=0.5)"}
        """,
        {"x": [-2, 2]},
        {"y": [-1, 2]},
        {"x": [0.5, 1]},
    ),
)

EXAMPLES = (*FILES, *TENSORS, *EXPRESSIONS, *FUNCTIONS, *REDUCTIONS, *WHOLE, *RECURRENCES, *KINKS, *CALLS)
