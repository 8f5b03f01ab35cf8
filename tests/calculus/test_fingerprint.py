"""A rule that changes a value is caught, named, and stops the compile."""

import inspect
import itertools
import sys

import mpmath
import numpy as np
import pytest

import symback
from symback import frontend
from symback.calculus import derive, fingerprint, simplify
from symback.calculus.facts import Row
from symback.core.diagnostics import InternalFault
from symback.core.expr import PI, Op, Reduction, add, call, is_whole, opened, total
from symback.evaluate.arithmetic import double
from symback.functions import TABLE
from symback.functions.ordinary import WRITTEN_OUT
from symback.rewrite import stability
from symback.rewrite.engine import Engine
from symback.rewrite.rule import Rule

LAYERS = (
    "softmax",
    "layernorm",
    "batchnorm",
    "attention",
    "conv2d",
    "max_pool2d",
    "lstm",
    "gru_cell",
    "cosine_similarity",
    "factorization_machine",
)
MASKED = """
layer: masked
inputs:
  x: [N, C]
  m: {shape: [N, C], dtype: bool}
outputs:
  p[n, i]: exp(x[n, i] - 1e9*(1 - m[n, i]))/Sum(exp(x[n, j] - 1e9*(1 - m[n, j])), j)
"""
LAYER = """
layer: shifted
inputs:
  x: [N, C]
params:
  b: [C]
outputs:
  y[n, c]: tanh(x[n, c])
  s: Sum(x[n, c] + b[c], n, c)
"""


def careless_pull_out(node, facts):
    """Σ_k a = a, which forgets the size."""
    if node.op is not Op.REDUCE or node.data is not Reduction.SUM:
        return None
    body, binders = opened(node)
    kept = [b for b in binders if b[0] in body.free or not is_whole(b)]
    return total(body, *kept) if len(kept) < len(binders) else None


def doubled_sum(node, facts):
    """a + b = a + b + b, for the first and last term."""
    return add(*node.args, node.args[-1]) if node.op is Op.ADD and len(node.args) == 2 else None


@pytest.mark.parametrize(("name", "rewrite"), [("careless-pull-out", careless_pull_out), ("doubled-sum", doubled_sum)])
def test_a_wrong_rule_is_caught_and_named_with_what_it_made(name, rewrite, monkeypatch):
    wrong = Row(name, "a = b", "it does not hold", rewrite)
    monkeypatch.setattr(simplify, "ROWS", (wrong, *simplify.ROWS))
    with pytest.raises(InternalFault, match=f"the rule {name} changed the value of d[xb] at .* became "):
        symback.compile(symback.loads(LAYER))


def test_a_wrong_stability_rule_is_caught_and_named(monkeypatch):
    example = (call("tanh", PI), PI)
    wrong = Rule(
        "forgetful",
        "tanh u = u",
        "always",
        "it does not",
        "none",
        "none",
        (Op.CALL,),
        lambda n, c: n.args[0] if n.data == "tanh" else None,
        example,
    )
    monkeypatch.setattr(stability, "_FORWARD", Engine((wrong,)))
    monkeypatch.setitem(derive._STABILITY, wrong.name, wrong)
    with pytest.raises(InternalFault, match="the rule forgetful changed the value of y at "):
        symback.compile(symback.loads(LAYER))


@pytest.mark.parametrize("layer", LAYERS)
def test_every_step_of_a_derivation_keeps_its_value(layer):
    program = frontend.resolve(frontend.loads(frontend.library_text(layer)))
    body = program.bodies["train"]
    made = derive.derive(program)["train"]
    claim = fingerprint.Claim(body, made.body, made.swept, made.adjoint, made.steps)
    points = list(itertools.islice(fingerprint.points(program, body), 2))
    assert points
    assert [fingerprint.wrong_step(program, claim, p) for p in points] == [None] * len(points)


def test_points_are_the_same_each_time_and_have_sizes_of_one_among_them():
    program = frontend.resolve(frontend.loads(LAYER))
    body = program.bodies["train"]
    first, second = (list(itertools.islice(fingerprint.points(program, body), 3)) for _ in range(2))
    assert [p.sizes for p in first] == [p.sizes for p in second]
    assert any(set(p.sizes.values()) == {1} for p in first)


def test_a_long_chain_needs_no_deep_recursion():
    lines = ["layer: chain", "inputs:", "  x: [N]", "where:", "  h0[n]: sigmoid(x[n]) + x[n]"]
    lines += [f"  h{k}[n]: sigmoid(h{k - 1}[n]) + x[n]" for k in range(1, 300)]
    text = "\n".join([*lines, "outputs:", "  y[n]: h299[n]"]) + "\n"
    limit = sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 450)
    try:
        module = symback.compile(symback.loads(text)).load()
    finally:
        sys.setrecursionlimit(limit)
    assert hasattr(module, "backward")


def test_every_function_of_the_table_has_a_value_where_derivations_are_checked():
    own = {"Max", "Min", "stop_gradient", "floordiv", "mod"}  # known to the grid itself
    assert [name for name in TABLE if name not in {*double().functions, *WRITTEN_OUT, *own}] == []


def test_polygamma_and_integrals_of_the_arithmetic_are_right():
    functions, at = double().functions, np.array([0.3, 2.5, 7.0])
    for name, orders in (("polygamma", (1, 2)), ("exp_moment", (0, 1, 3)), ("spherical_bessel", (0, 1, 2))):
        for n in orders:
            exact = [float(TABLE[name].reference(mpmath.mp, n, mpmath.mpf(float(x)))) for x in at]
            np.testing.assert_allclose(functions[name](np.full(3, float(n)), at).astype(float), exact, rtol=1e-10)


def test_a_row_that_underflows_under_its_mask_is_no_row_of_minus_infinity():
    symback.compile(symback.loads(MASKED))
