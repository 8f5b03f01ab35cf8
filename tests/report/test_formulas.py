"""The formulas that are shown are the gradients: evaluated as they stand, they give what the module gives."""

import textwrap

import numpy as np
import pytest

import symback
from symback.check import module as calls
from symback.check.points import accepted
from symback.core import expr
from symback.core.expr import compare, fresh_index, read
from symback.core.program import Body, Definition, Equation, Group, Program, Role, Section, Tensor
from symback.evaluate.arithmetic import double
from symback.evaluate.definitions import evaluated
from symback.report import formulas
from tests.library import modules

LAYERS = {
    "network": """
        inputs:
          x: [N, I]
          t: {shape: [N], values: O}
        params:
          W: [I, H]
          V: [H, O]
        where:
          a[n, k]: tanh(Sum(x[n, i]*W[i, k], i))
          z[n, o]: Sum(a[n, k]*V[k, o], k)
        outputs:
          loss: Mean(LogSumExp(z[n, o], o) - z[n, t[n]], n)
        """,
    "convolution": """
        inputs:
          x: {shape: [N, L], outside: 0}
        params:
          w: [K]
        indices:
          i: (L + 1)//2
        outputs:
          y[n, i]: Sum(x[n, 2*i + k - 1]*w[k], k)
        """,
    "embedding": """
        inputs:
          ids: {shape: [N], values: V}
        params:
          W: [V, D]
        outputs:
          y[n, d]: W[ids[n], d]**2
        """,
    "normalisation": """
        inputs:
          x: [N, D]
        params:
          g: [D]
        where:
          mu[n]: Mean(x[n, d], d)
          var[n]: Mean((x[n, d] - mu[n])**2, d)
        outputs:
          y[n, d]: g[d]*(x[n, d] - mu[n])/sqrt(var[n] + 1e-5)
        """,
    "prefix": """
        inputs:
          x: [N]
        outputs:
          y[i]: Sum(x[j]*x[i], (j, 0, i))
        """,
    "diagonal": """
        inputs:
          x: [N, N]
        outputs:
          y[i]: x[i, i]*x[N - 1 - i, i]
        """,
    "activations": """
        inputs:
          x: [N]
        outputs:
          y[n]: x[n]/(1 + exp(-x[n])) + log(1 + exp(x[n])) + x[n]*(1 + erf(x[n]/sqrt(2)))/2 + Max(x[n], 0)
        """,
    "output used again": """
        inputs:
          x: [N]
        outputs:
          y[n]: sin(x[n])
          z: Sum(y[n]**2, n)
        """,
}


@pytest.mark.parametrize("name", LAYERS)
def test_the_formulas_of_the_backward_give_its_gradients(name):
    gradients_are_shown(symback.compile(symback.loads("layer: a\n" + textwrap.dedent(LAYERS[name]))))


@pytest.mark.parametrize("name", modules.LAYERS)
def test_the_formulas_of_a_library_layer_give_its_gradients(name):
    compiled = modules.compiled(name)
    program = compiled.program
    looped = any(group.recurrent for group in program.bodies["train"].groups)  # a loop's lines are not in order one by one
    drawn = any(t.role is Role.RANDOM for t in program.tensors)
    if program.wrt and not looped and not drawn:
        gradients_are_shown(compiled)


def gradients_are_shown(compiled):
    """The formulas of the training mode, evaluated one after the other, are what the compiled module gives."""
    program, derivation, module = compiled.program, compiled.built.derivations["train"], compiled.load()
    point = accepted(program, module, 0)
    call = calls.forward(module, program, "train", point, np.float64)
    rng = np.random.default_rng(1)
    upstream = {o: rng.normal(size=np.shape(v)) for o, v in call.outputs.items()}
    grads = calls.backward(module, program, call, upstream, "train")
    found = formula_values(program, derivation, point, upstream)
    for tensor, gradient in derivation.gradients.items():
        np.testing.assert_allclose(
            found[gradient.name], flat(grads[tensor], len(gradient.axes)), rtol=1e-9, atol=1e-12, err_msg=gradient.name
        )


def flat(array, rank):
    """The array with its leading axes as one."""
    shape = np.shape(array)
    return np.reshape(array, (-1, *shape[len(shape) - rank + 1 :])) if len(shape) > rank else array


def formula_values(program, derivation, point, upstream):
    """The values of all formulas that are shown, forward ones and then backward ones, as a program of their own."""
    found = formulas.of_mode(derivation)
    lines = [
        Definition(f.name, Section.WHERE, f.axes, (Equation(f.axes, f.value),), low=(0,) * len(f.axes))
        for f in (*found.forward, *found.backward)
    ]
    axes = {d.name: d.axes for d in derivation.forward}
    passed = [Tensor(name, Role.INPUT, tuple(a.args[0] for a in axes[o])) for o, name in derivation.adjoint.upstream.items()]
    body = Body(tuple(Group((d,)) for d in lines), (), {}, ())
    whole = Program("shown", "", (*program.tensors, *passed), (), program.dims, program.derived, {"train": body}, ())
    given = {**point.tensors, **{name: upstream[o] for o, name in derivation.adjoint.upstream.items()}}
    ranks = {t.name: len(t.shape) for t in (*program.tensors, *passed)}
    tensors = {name: flat(value, ranks[name]) for name, value in given.items()}
    return evaluated(whole, "train", tensors, point.sizes, point.hyperparameters, double())


def test_indices_made_on_the_way_get_letters_that_nothing_else_has():
    n = expr.dim("N")
    i, j = fresh_index(n), fresh_index(n)
    before, after = formulas.presentable(expr.mul(read("x", i), read("y", j)), read("z", j, expr.index("i", n)))
    assert repr(before) == "x[j]*y[k]"
    assert repr(after) == "z[k, i]"


def test_an_outputs_own_and_its_whole_gradient_look_different():
    compiled = symback.compile(symback.loads("layer: a\n" + textwrap.dedent(LAYERS["output used again"])))
    names = formulas.symbols(compiled.program, compiled.built.derivations["train"])
    assert len(set(names.values())) == len(names)
    assert names["dy"] == r"\bar{y}"


def test_a_later_step_stands_in_the_gradient_of_a_recurrence():
    text = "layer: a\ninputs:\n  x: [T]\nwhere:\n  h[-1]: 0\n  h[t]: sin(h[t-1])*x[t]\noutputs:\n  y: h[T-1]\n"
    derivation = symback.compile(symback.loads(text)).built.derivations["train"]
    line = next(f for f in formulas.backward_formulas(derivation) if f.name == "dh")
    t = line.axes[0]
    later = read("dh", expr.add(t, expr.ONE))
    assert later in expr.reads(line.value)
    assert compare("<", expr.add(t, expr.ONE), expr.dim("T")) in set(expr.walk(line.value))


@pytest.mark.parametrize(
    ("layer", "key", "expected"),
    [
        ("concat", "db", r"\bar{b}_{n,i} = \bar{y}_{n,i + A}"),
        ("flip", "dx", r"\bar{x}_{\ldots,i} = \bar{y}_{\ldots,L - i - 1}"),
        (
            "ctc_loss",
            "de",
            r"\bar{e}_{t,n,s} = \left[1 \le t\right] \, \bar{a}_{t,n,s} + \left[t = 0\right] \, \bar{a}_{0,n,s} \, \left[s < 2\right]",
        ),
    ],
)
def test_a_condition_that_always_holds_is_not_printed(layer, key, expected):
    assert modules.compiled(layer).latex(key) == expected
