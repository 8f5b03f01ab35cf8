"""The Jacobian of every output of every library layer by every tensor, evaluated, has the rows that backward gives."""

from dataclasses import replace

import numpy as np
import pytest

from symback.check import module as calls
from symback.check.points import accepted
from symback.core.diagnostics import LayerError
from symback.core.expr import text
from symback.core.program import Definition, Equation, Group, Kind, Section
from symback.evaluate.arithmetic import double
from symback.evaluate.definitions import from_zero, values
from symback.report.jacobian import jacobian, opened_jacobian
from tests.library.modules import LAYERS, compiled, module

RANDOM = ("alpha_dropout", "drop_path", "dropout", "dropout2d", "gaussian_dropout", "gumbel_softmax")
DIFFERENTIATED = [layer for layer in LAYERS if compiled(layer).program.wrt and layer not in RANDOM]


def pairs(layer):
    """(output, tensor) of those that have a Jacobian in one formula."""
    body = compiled(layer).program.bodies["train"]
    floats = [d.name for d in body.definitions if d.kind is Kind.FLOAT and d.name in body.outputs]
    return [(output, tensor) for output in floats for tensor in compiled(layer).program.wrt]


def formula(layer, output, tensor):
    """The Jacobian as a definition over the output's indices and then the tensor's; None where a recurrence has none."""
    derivation = compiled(layer).built.derivations["train"]
    try:
        value = jacobian(compiled(layer).program, derivation, output, tensor)
    except LayerError as error:
        assert error.diagnostics[0].code in ("E906", "E908")
        return None
    _, indices = opened_jacobian(compiled(layer).program, derivation.body, output, tensor)
    axes = (*next(d for d in derivation.body.definitions if d.name == output).axes, *indices)
    return Definition("jacobian of it", Section.OUTPUT, axes, (Equation(axes, value),), Kind.FLOAT, (0,) * len(axes))


def evaluated(layer, made, output, point):
    """The Jacobian as a matrix: a row an element of the output."""
    body = compiled(layer).program.bodies["train"]
    whole = replace(body, groups=(*body.groups, Group((made,))), outputs=(*body.outputs, made.name))
    state = values(compiled(layer).program, whole, point.tensors, point.sizes, point.hyperparameters, double())
    rows = from_zero(state, next(d for d in body.definitions if d.name == output)).size
    return from_zero(state, made).reshape(rows, -1)


def unit(outputs, output, row):
    """Upstream gradients that are 1 at one element of one output."""
    upstream = {name: np.zeros(value.shape, value.dtype) for name, value in outputs.items()}
    upstream[output].reshape(-1)[row] = 1.0
    return [g if g.dtype.kind == "f" else None for g in upstream.values()]


@pytest.mark.parametrize("layer", DIFFERENTIATED)
def test_a_row_of_the_jacobian_is_what_backward_gives_for_a_unit_gradient(layer):
    point = accepted(compiled(layer).program, module(layer), 0)
    call = calls.forward(module(layer), compiled(layer).program, "train", point, np.float64)
    for output, tensor in pairs(layer):
        made = formula(layer, output, tensor)
        if made is None:
            continue
        matrix = evaluated(layer, made, output, point)
        for row in np.random.default_rng(0).permutation(len(matrix))[:3]:
            gradient = getattr(module(layer).backward(call.cache, *unit(call.outputs, output, row)), tensor)
            np.testing.assert_allclose(matrix[row], np.reshape(gradient, -1), rtol=1e-8, atol=1e-8, err_msg=f"{output} by {tensor}")


@pytest.mark.parametrize(
    ("layer", "output", "tensor", "expected"),
    [
        ("softmax", "p", "x", "(j == ...)*p[..., c]*((l == c) - p[..., l])"),
        ("log_softmax", "y", "x", "(j == ...)*((l == c) - exp(y[..., l]))"),
        ("softmax_cross_entropy", "loss", "z", "(p[j, l] - (l == t[j]))/N"),
        ("bce_with_logits", "loss", "x", "(s[j] - t[j])/size(...)"),
        ("sigmoid", "y", "x", "(j == ...)*y[...]*(1 - y[...])"),
        ("entropy", "H", "x", "-(j == ...)*p[..., l]*(x[..., l] - LogSumExp(x[..., k], k) + H[...])"),
        (
            "layernorm",
            "y",
            "x",
            "gamma[d]*(j == ...)*((k == d) - 1/D - (x[..., d] - mu[...])*(x[..., k] - mu[...])/((var[...] + eps)*D))/sqrt(var[...] + eps)",
        ),
    ],
)
def test_a_jacobian_reads_as_in_the_textbook(layer, output, tensor, expected):
    built = compiled(layer).built
    assert text(jacobian(built.program, built.derivations["train"], output, tensor)) == expected
