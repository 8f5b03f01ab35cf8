"""Layers built from SymPy objects say what the same layer files say."""

import numpy as np
import pytest

import symback
from symback.core.diagnostics import LayerError
from symback.core.expr import read, text
from symback.frontend import loads, resolve
from tests.frontend.text import program_text

sympy = pytest.importorskip("sympy")

N, C, D, T = sympy.symbols("N C D T", integer=True)
n, c, k, t = sympy.symbols("n c k t", integer=True)
x, W, b, z, p, y, h, labels = (sympy.IndexedBase(s) for s in "x W b z p y h labels".split())


class LogCosh(sympy.Function):
    def fdiff(self, argindex=1):
        return sympy.tanh(self.args[0])


class Hypotenuse(sympy.Function):
    nargs = 2

    def fdiff(self, argindex=1):
        return self.args[argindex - 1] / Hypotenuse(*self.args)


def classifier() -> symback.Layer:
    return symback.Layer(
        "classifier",
        doc='Cross-entropy of a linear layer: "logits" z.',
        inputs={x: [N, D], labels: {"shape": [N], "values": C, "also": [-1]}},
        params={W: {"shape": [D, C], "init": "normal(0, sqrt(2/D))"}, b: [C]},
        hyperparameters={"eps": 1e-5, "use_mean": True},
        where={
            z[n, c]: sympy.Sum(x[n, k] * W[k, c], (k, 0, D - 1)) + b[c],
            p[n, c]: sympy.exp(z[n, c]) / sympy.Sum(sympy.exp(z[n, k]), (k, 0, C - 1)),
        },
        outputs={
            "loss": -sympy.Sum(
                sympy.Piecewise((sympy.log(p[n, labels[n]] + sympy.Symbol("eps")), sympy.Ne(labels[n], -1)), (0, True)), (n, 0, N - 1)
            )
            / N,
            y[n, c]: sympy.Piecewise((p[n, c] ** sympy.Rational(1, 2), sympy.Symbol("use_mean")), (sympy.Max(p[n, c], 0), True)),
        },
        assume=["eps > 0"],
        wrt=[x, "W"],
        check={"dims": {N: 3}},
    )


FILE = """
layer: classifier
doc: 'Cross-entropy of a linear layer: "logits" z.'
inputs:
  x: [N, D]
  labels: {shape: [N], values: C, also: [-1]}
params:
  W: {shape: [D, C], init: "normal(0, sqrt(2/D))"}
  b: [C]
hyperparameters:
  eps: 1e-5
  use_mean: true
where:
  z[n, c]: Sum(x[n, k]*W[k, c], k) + b[c]
  p[n, c]: exp(z[n, c])/Sum(exp(z[n, k]), k)
outputs:
  loss: -Sum(Piecewise((log(p[n, labels[n]] + eps), labels[n] != -1), (0, True)), n)/N
  y[n, c]: Piecewise((sqrt(p[n, c]), use_mean), (Max(p[n, c], 0), True))
assume:
  - eps > 0
wrt: [x, W]
check:
  dims: {N: 3}
"""


def values(program) -> list:
    return [(d.name, d.value) for d in program.bodies["train"].definitions]


def test_a_built_layer_is_the_layer_of_the_file():
    built, read_ = resolve(classifier()), resolve(loads(FILE))
    assert values(built) == values(read_)
    assert built.tensors[0].shape == read_.tensors[0].shape
    assert (built.wrt, built.check_dims, built.doc) == (read_.wrt, read_.check_dims, read_.doc)


def test_a_built_layer_goes_through_yaml_and_back():
    layer = classifier()
    again = loads(layer.to_yaml())
    assert program_text(resolve(again)) == program_text(resolve(layer))
    assert again.to_yaml() == layer.to_yaml()
    assert symback.compile(again).source == symback.compile(layer).source


def test_recurrences_modes_and_states_can_be_built():
    m = sympy.IndexedBase("m")
    layer = symback.Layer(
        "scan",
        inputs={x: [T, N]},
        state={m: {"shape": [N], "init": "zeros"}},
        random={"u": {"shape": [T, N], "dist": "bernoulli(1/2)"}},
        where={h[-1, n]: m[n], h[t, n]: h[t - 1, n] / 2 + x[t, n] * sympy.IndexedBase("u")[t, n]},
        outputs={y[t, n]: h[t, n]},
        update={m[n]: h[T - 1, n]},
        modes={"eval": {"random": {}, "where": {h[t, n]: h[t - 1, n] / 2 + x[t, n]}}},
    )
    program = resolve(layer)
    assert list(program.bodies) == ["train", "eval"]
    assert program.bodies["train"].groups[0].recurrent and program.bodies["train"].random == ("u",)
    assert not program.bodies["eval"].random


def test_an_idx_brings_its_range_and_floor_becomes_whole_division():
    i = sympy.Idx("i", N)
    layer = symback.Layer("halves", inputs=[sympy.IndexedBase("x", shape=(N, D))], outputs={y[i]: x[i // 2, i % 3] + i})
    assert "i: N" in layer.to_yaml() and "x[i//2, i % 3]" in layer.to_yaml()
    assert resolve(layer).bodies["train"].definitions[0].value == resolve(loads(layer.to_yaml())).bodies["train"].definitions[0].value


def test_whole_tensors_and_calls_are_texts():
    layer = symback.Layer(
        "net", inputs={"x": ["...", "I"]}, params={"W": ["I", "O"], "b": ["O"]}, where={"a": "linear(x, W, b)"}, outputs={"y": "tanh(a)"}
    )
    assert [d.name for d in resolve(layer).bodies["train"].definitions] == ["a", "y"]


def test_a_function_of_the_users_own_is_differentiated_by_its_fdiff():
    layer = symback.Layer(
        "own", inputs={x: [N]}, outputs={y[n]: LogCosh(x[n] ** 2)}, functions={LogCosh: "np.logaddexp(x, -x) - np.log(2)"}
    )
    module = symback.compile(layer).load()
    at = np.linspace(-1.5, 1.5, 7)
    value, cache = module.forward(at)
    (dx,) = module.backward(cache, np.ones(7))
    np.testing.assert_allclose(value, np.log(np.cosh(at**2)), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(dx, 2 * at * np.tanh(at**2), rtol=1e-12)


def test_a_function_of_two_arguments_may_stand_in_its_own_derivative():
    layer = symback.Layer("own", inputs={x: [N], z: [N]}, outputs={y[n]: Hypotenuse(x[n], z[n])}, functions={Hypotenuse: "np.hypot"})
    row = resolve(layer).functions["Hypotenuse"]
    assert text(row.derivatives[1]((read("u"), read("v")), read("w"))) == "v/Hypotenuse(u, v)"
    np.testing.assert_allclose(row(np.array([3.0]), np.array([4.0])), [5.0])


@pytest.mark.parametrize(
    "spelling",
    ["__import__('os')", "np.load('x')", "x.__class__", "np.array([x])", "(lambda: x)()", "open", "x if x else 0", "np.exp(x", "y"],
)
def test_a_spelling_that_is_more_than_arithmetic_is_refused(spelling):
    with pytest.raises(LayerError):
        symback.Layer("own", inputs={x: [N]}, outputs={y[n]: LogCosh(x[n])}, functions={LogCosh: spelling})


def test_functions_that_sympy_writes_otherwise_are_those_of_the_language():
    v = x[n]
    cases = {
        sympy.digamma(v) + sympy.polygamma(0, 2 * v): "digamma(x[n]) + digamma(2*x[n])",
        sympy.Piecewise(
            (v, sympy.Xor(v > 0, n > 1)), (0, True)
        ): "Piecewise((x[n], ~(((x[n] > 0) & (n > 1)) | (~(x[n] > 0) & ~(n > 1)))), (0, True))",
        sympy.Piecewise(
            (v, sympy.ITE(v > 0, v < 2, v < -3)), (0, True)
        ): "Piecewise((x[n], ((x[n] > 0) & (x[n] < 2)) | (~(x[n] > 0) & (x[n] < -3))), (0, True))",
        sympy.E ** (-v) * sympy.log(v, 2): "exp(-x[n])*log(x[n])/log(2)",
        sympy.cbrt(v) + sympy.sqrt(v): "x[n]**(1/3) + sqrt(x[n])",
    }
    given = np.array([0.3, 1.2, 2.5])
    for built, written in cases.items():
        one, two = (
            symback.compile(layer).load()
            for layer in (
                symback.Layer("a", inputs={x: [N]}, outputs={y[n]: built}),
                loads(f"layer: a\ninputs: {{x: [N]}}\noutputs:\n  y[n]: {written}\n"),
            )
        )
        (y1, c1), (y2, c2) = one.forward(given), two.forward(given)
        np.testing.assert_allclose(y1, y2, rtol=1e-14)
        np.testing.assert_allclose(one.backward(c1, given).x, two.backward(c2, given).x, rtol=1e-13)


def test_a_float_of_python_keeps_all_its_digits():
    third = 1 / 3
    assert str(third) in symback.Layer("a", inputs={x: [N]}, outputs={y[n]: third * x[n]}).to_yaml()
    assert "0.1*x[n]" in symback.Layer("a", inputs={x: [N]}, outputs={y[n]: 0.1 * x[n]}).to_yaml()
    long = sympy.Float("0.1234567890123456789012345", 25)
    assert "0.1234567890123456789012345" in symback.Layer("a", inputs={x: [N]}, outputs={y[n]: long * x[n]}).to_yaml()


def test_a_function_without_a_derivative_is_refused_by_name():
    class Bare(sympy.Function):
        pass

    with pytest.raises(LayerError, match="the class `Bare` has no `fdiff`"):
        symback.Layer("a", inputs={x: [N]}, outputs={y[n]: Bare(x[n])}, functions={Bare: "np.exp"})


class Spike(sympy.Function):
    """A step whose slope is a surrogate's."""

    def fdiff(self, argindex=1):
        return 1 / (1 + 10 * sympy.Abs(self.args[0])) ** 2


def test_a_function_of_the_users_own_recurs():
    s, beta = sympy.IndexedBase("s"), sympy.Symbol("beta")
    layer = symback.Layer(
        "spiking",
        inputs={x: [T, N]},
        hyperparameters={beta: 0.9},
        outputs={h[-1, n]: 0, h[t, n]: beta * h[t - 1, n] * (1 - Spike(h[t - 1, n] - 1)) + x[t, n], s[t, n]: Spike(h[t, n] - 1)},
        functions={Spike: "np.where(x > 0, 1.0, 0.0)"},
    )
    module = symback.compile(layer).load()
    rng = np.random.default_rng(0)
    given, dh, ds = (rng.normal(0.5, 0.6, (6, 3)) for _ in range(3))
    out, cache = module.forward(given)
    slope = 1 / (1 + 10 * np.abs(out.h - 1)) ** 2
    carried, expected = np.zeros(3), np.zeros_like(given)
    for step in reversed(range(6)):
        expected[step] = dh[step] + ds[step] * slope[step] + carried * 0.9 * (1 - out.s[step] - out.h[step] * slope[step])
        carried = expected[step]
    np.testing.assert_allclose(module.backward(cache, dh, ds).x, expected, rtol=1e-12)
    assert module.forward(given.astype(np.float32))[0].s.dtype == np.float32


def test_what_the_language_lacks_is_named():
    with pytest.raises(LayerError, match="zeta"):
        symback.Layer("lacks", inputs={x: [N]}, outputs={y[n]: sympy.zeta(x[n])})
    with pytest.raises(LayerError, match="Integral"):
        symback.Layer("lacks", inputs={x: [N]}, outputs={y[n]: sympy.Integral(x[n] ** t, t)})


def test_errors_of_a_built_layer_show_the_line_of_its_file():
    from symback.frontend import render

    with pytest.raises(LayerError) as caught:
        resolve(symback.Layer("wrong", inputs={x: [N, C]}, outputs={y[n]: x[n]}))
    assert "y[n]: x[n]" in render(caught.value.diagnostics)


def test_text_in_doc_cannot_leave_it():
    doc = 'a\n"""\nb: !!python/object {}\n# c \\ "quoted" \t\u00e9'
    layer = symback.Layer("docs", doc=doc, inputs={x: [N]}, outputs={y[n]: x[n]})
    assert loads(layer.to_yaml()).doc == doc


class tensor(sympy.Function):  # noqa: N801
    def fdiff(self, argindex=1):
        return 3 * self.args[0] ** 2


def test_a_function_of_the_users_own_does_not_replace_a_helper_of_the_module():
    layer = symback.Layer("own", inputs={x: [N]}, outputs={y[n]: tensor(x[n])}, functions={tensor: "x**3"})
    module = symback.compile(layer).load()
    value, cache = module.forward(np.array([2.0]))
    assert value.tolist() == [8.0] and module.backward(cache, np.ones(1)).x.tolist() == [12.0]
    with pytest.raises(TypeError, match="x holds int64"):
        module.forward(np.array([2]))
