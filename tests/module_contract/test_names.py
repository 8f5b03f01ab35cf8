"""Names that the generated module, NumPy or Python use themselves, in every role that a name can have.

Each is refused by its own diagnostic, or the module is right. The places where a name is free say so below.
"""

import ast
import builtins
import functools
import keyword

import numpy as np
import pytest

import symback
from symback.check.gradients import check_gradients
from symback.check.module import backward, draws, forward
from symback.core.diagnostics import LayerError
from symback.evaluate.inputs import drawn, sizes_to_try
from symback.frontend.vocabulary import CONSTANTS, FUNCTIONS, MODULES_OWN, WHOLE_REDUCTIONS

ARGUMENTS = {
    "input": "inputs:\n  {w}: [N_, C_]\n  x: [N_, C_]\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])*tanh({w}[n_, c_]) + Sum({w}[n_, k_], k_)\n",
    "input of a loop": "inputs:\n  {w}: [T_, C_]\nparams:\n  W_1: [C_, C_]\nwhere:\n  h[-1, c_]: 0\n  h[t_, c_]: tanh({w}[t_, c_] + Sum(W_1[c_, d_]*h[t_ - 1, d_], d_))\n"
    "outputs:\n  y[t_, c_]: h[t_, c_]*{w}[t_, c_]\n",
    "input with leading axes": "inputs:\n  {w}: [..., D_]\n  x: [..., D_]\noutputs:\n  y[..., d_]: {w}[..., d_]*exp(x[..., d_])\n",
    "padded input": "inputs:\n  {w}: {{shape: [N_], outside: 0}}\nhyperparameters:\n  s_1: 2\noutputs:\n  y[n_]: {w}[n_ - s_1] + {w}[n_ + s_1]**2 + Sum({w}[j_], (j_, 0, n_ - 2))\n",
    "labels": "inputs:\n  x: [N_, C_]\n  {w}: {{shape: [N_], values: C_, also: [-1]}}\noutputs:\n  y: Sum(Piecewise((x[n_, {w}[n_]]**2, {w}[n_] >= 0), (0, True)), n_)\n",
    "mask": "inputs:\n  x: [N_, C_]\n  {w}: {{shape: [N_], dtype: bool}}\noutputs:\n  y[n_, c_]: Piecewise((x[n_, c_]**3, {w}[n_]), (0, True))\n",
    "parameter": 'inputs:\n  x: [N_, C_]\nparams:\n  {w}: {{shape: [C_], init: "normal(0, 1/C_)"}}\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])*sigmoid({w}[c_]) + {w}[c_]**2\n',
    "state": "inputs:\n  x: [N_, C_]\nstate:\n  {w}: {{shape: [C_], init: zeros}}\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])*{w}[c_]\n"
    "update:\n  {w}[c_]: 0.9*{w}[c_] + 0.1*Mean(x[n_, c_], n_)\nmodes:\n  eval:\n    update: {{}}\n",
    "float hyperparameter": "inputs:\n  x: [N_, C_]\nhyperparameters:\n  {w}: 0.5\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])*{w} + {w}**2\n",
    "integer hyperparameter": "inputs:\n  x: {{shape: [N_, L_], outside: 0}}\nparams:\n  f_1: [K_]\nhyperparameters:\n  {w}: 2\ndims:\n  M_: (L_ - 1)//{w} + 1\nindices:\n  m_: M_\n"
    "outputs:\n  y[n_, m_]: Sum(x[n_, m_*{w} + k_ - 1]*f_1[k_], k_) + floor({w}/3) + Max({w}, 3) + Min({w}, N_) + Abs({w} - 4)\n",
    "bool hyperparameter": "inputs:\n  x: [N_, C_]\nhyperparameters:\n  {w}: true\noutputs:\n  y[n_, c_]: Piecewise((exp(0.1*x[n_, c_]), {w}), (x[n_, c_], True))\n",
    "what is drawn": 'inputs:\n  x: [N_, C_]\nrandom:\n  {w}: {{shape: [N_, C_], dist: "bernoulli(0.5)"}}\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])*{w}[n_, c_]\n',
}  # fmt: skip
"""Tensors and hyperparameters: arguments and variables of the generated functions, under the name that they have in the file."""

OTHERS = {
    "dimension": "inputs:\n  x: [{w}, C_]\nparams:\n  b: {{shape: [{w}], init: zeros}}\nindices:\n  n_: {w}\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])*b[n_]/{w} + Mean(x[j_, c_], j_)\n",
    "derived dimension": "inputs:\n  x: [N_, C_]\nparams:\n  b: [{w}]\ndims:\n  {w}: C_ + 1\noutputs:\n  y[n_, d_]: Sum(exp(0.1*x[n_, c_]), c_)*b[d_]*{w}\n",
    "index": "inputs:\n  x: [N_, C_]\noutputs:\n  y[{w}, c_]: x[{w}, c_]**2*({w} + 1)\n  z[c_]: Sum({w}*exp(x[{w}, c_]), {w})\n",
    "declared index": "inputs:\n  x: [N_, C_]\nindices:\n  {w}: N_ - 1\noutputs:\n  y[{w}, c_]: x[{w} + 1, c_] - x[{w}, c_]\n",
    "definition": "inputs:\n  x: [N_, C_]\nwhere:\n  {w}[n_, c_]: exp(0.1*x[n_, c_])\noutputs:\n  y[n_, c_]: {w}[n_, c_]*tanh({w}[n_, c_]) + Sum({w}[n_, k_], k_)\n",
    "recurrence": "inputs:\n  x: [N_, C_]\nwhere:\n  {w}[-1, c_]: 0\n  {w}[n_, c_]: tanh(x[n_, c_] + {w}[n_ - 1, c_])\noutputs:\n  y[n_, c_]: {w}[n_, c_]*2\n",
    "output": "inputs:\n  x: [N_, C_]\noutputs:\n  {w}[n_, c_]: exp(0.1*x[n_, c_])\n",
    "one of two outputs": "inputs:\n  x: [N_, C_]\noutputs:\n  {w}[n_, c_]: exp(0.1*x[n_, c_])\n  z[n_]: Sum({w}[n_, c_], c_)**2\n",
    "mode": "inputs:\n  x: [N_, C_]\noutputs:\n  y[n_, c_]: exp(0.1*x[n_, c_])\nmodes:\n  {w}:\n    outputs:\n      y[n_, c_]: x[n_, c_]**2\n",
}  # fmt: skip

TAKEN = [*(FUNCTIONS - {*WHOLE_REDUCTIONS}), *CONSTANTS, *keyword.kwlist]
HIDDEN = ["_", "_tensor", "_fields", "_replace", "_asdict", "__class__", "__init__", "__doc__", "__name__", "__builtins__"]
OWN = sorted(MODULES_OWN)
GIVING_WAY = [
    "forward", "backward", "init_params", "LATEX", "NamedTuple", "special", "state", "output", "outputs", "gradients", "TrainCache", "count", "index", "self", "dx", "dy",
    "flat", "power", "span", "k", "match", "eval", "len", "float", "type", "print", "sum", "mean",
]  # fmt: skip


def answers(text: str, name: str = "victim") -> list[bytes]:
    """The bits of what a layer's module gives in every mode, outputs, next states and gradients. Raises: LayerError."""
    compiled = symback.compile(symback.loads(f"layer: {name}\n{text}"))
    program, module, found = compiled.program, compiled.load(), []
    for mode in program.bodies:
        sizes = next(s for s in sizes_to_try(program) if s.get("M_") != 0)
        point = drawn(program, sizes, np.random.default_rng(0))
        call = forward(module, program, mode, point, np.float64, draws(program, mode, point))
        upstream = {n: np.cos(np.arange(v.size, dtype=float)).reshape(v.shape) for n, v in call.outputs.items()}
        gradients = backward(module, program, call, upstream, mode)
        found += [v.tobytes() for part in (call.outputs, call.states, gradients) for v in part.values()]
    return found


@functools.cache
def under_a_plain_name(text: str) -> list[bytes]:
    return answers(text.format(w="A_plain"))


def result(text: str, word: str) -> set[str]:
    """The codes with which a layer with this name is refused; empty where its module gives what it gives under a plain name."""
    try:
        found = answers(text.format(w=word))
    except LayerError as error:
        return {d.code for d in error.diagnostics}
    assert found == under_a_plain_name(text), word
    return set()


@pytest.mark.parametrize("role", [*ARGUMENTS, *OTHERS])
def test_the_layers_of_this_file_are_right_under_a_plain_name(role):
    compiled = symback.compile(symback.loads("layer: victim\n" + (ARGUMENTS | OTHERS)[role].format(w="A_plain")))
    assert check_gradients(compiled.program, compiled.load(), 0).right


@pytest.mark.parametrize("role", [*ARGUMENTS, *(r for r in OTHERS if r != "mode")])
def test_names_of_the_language_and_hidden_names_are_refused(role):
    for word in TAKEN:
        if role == "dimension" and word == "True":
            continue  # an axis of one element
        codes = result((ARGUMENTS | OTHERS)[role], word)
        if role in ("dimension", "index") and word in (*keyword.kwlist, *CONSTANTS):
            assert codes, word  # there an expression may stand, which a keyword cannot be
        else:
            assert "E210" in codes, word
    for word in HIDDEN:
        assert "E204" in result((ARGUMENTS | OTHERS)[role], word), word


@pytest.mark.parametrize("role", ARGUMENTS)
def test_names_that_the_modules_functions_use_are_refused_as_arguments(role):
    for word in OWN:
        assert "E210" in result(ARGUMENTS[role], word), word


@pytest.mark.parametrize("role", OTHERS)
def test_the_modules_own_names_give_way_to_what_is_no_argument(role):
    for word in OWN:
        assert not result(OTHERS[role], word), word


@pytest.mark.parametrize("role", [*ARGUMENTS, *OTHERS])
def test_every_other_name_is_free(role):
    for word in GIVING_WAY:
        if role == "mode" and word == "train":
            continue
        assert not result((ARGUMENTS | OTHERS)[role], word), word


def test_a_layer_may_bear_any_name_that_a_module_can_have():
    text = "inputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n"
    for word in (*OWN, "tanh", "Sum", "pi", "oo", "NamedTuple", "LATEX", "match", "print", "count"):
        assert answers(text, word) == answers(text), word
    for word in (*keyword.kwlist, "__init__", "__main__"):
        with pytest.raises(LayerError, match="E204"):
            answers(text, word)


def test_modes_whose_names_differ_in_underscores_keep_their_caches_apart():
    text = "inputs:\n  x: [N]\noutputs:\n  y[n]: exp(x[n])\nmodes:\n  a1_b:\n    outputs:\n      y[n]: x[n]**2\n  a1b:\n    outputs:\n      y[n]: x[n]**3\n"
    x = np.array([0.5, 2.0])
    module = symback.compile(symback.loads("layer: three\n" + text)).load()
    slopes = {"train": np.exp(x), "a1_b": 2 * x, "a1b": 3 * x**2}
    for mode, expected in slopes.items():
        _, cache = module.forward(x, mode=mode)
        np.testing.assert_allclose(module.backward(cache, np.ones(2)).x, expected, rtol=1e-15)


def test_no_generated_function_uses_a_builtin_that_an_argument_may_hide():
    free = set(dir(builtins)) - MODULES_OWN - FUNCTIONS - {"None", "True", "False"}
    for text in (*ARGUMENTS.values(), *OTHERS.values()):
        source = symback.compile(symback.loads("layer: victim\n" + text.format(w="free_name"))).source
        for function in ast.parse(source).body:
            if isinstance(function, ast.FunctionDef) and function.name in ("forward", "backward"):
                read = {n.id for part in function.body for n in ast.walk(part) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
                assert not read & free, read & free
