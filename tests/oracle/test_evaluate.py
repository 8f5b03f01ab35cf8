"""The oracle against torch: values and gradients of layers that use each part of the language."""

import numpy as np
import pytest

from tests.oracle import HIGH_PRECISION, MACHINE, BadLayer, differentiated, directional_derivative, evaluate, floats, gradients, read_text
from tests.oracle.references import LAYERS, R, normal, torch


@pytest.mark.parametrize("arithmetic", [MACHINE, HIGH_PRECISION], ids=lambda a: a.name.replace(" ", "-"))
@pytest.mark.parametrize("name", LAYERS)
def test_the_oracle_gives_torchs_values_and_gradients(name, arithmetic):
    text, reference, values = LAYERS[name]
    declared = read_text(text)
    wrt = differentiated(declared)
    leaves = {n: torch.tensor(v).requires_grad_(n in wrt) for n, v in values.items()}
    default = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        ys = reference(**leaves)
        ys = ys if isinstance(ys, tuple) else (ys,)
        upstream = [torch.tensor(R(k).standard_normal(tuple(y.shape))) for k, y in enumerate(ys)]
        wanted = torch.autograd.grad([y for y in ys], [leaves[n] for n in wrt], upstream, allow_unused=True)
    finally:
        torch.set_default_dtype(default)
    result = evaluate(declared, values, None, arithmetic)
    assert list(result.outputs) == list(declared.outputs)
    for got, y in zip(result.outputs.values(), ys, strict=True):
        np.testing.assert_allclose(floats(got), y.detach().numpy(), rtol=1e-11, atol=1e-11)
    back = {n: g.numpy() for n, g in zip(result.outputs, upstream, strict=True)}
    found = gradients(declared, values, back, None, arithmetic)
    for n, g in zip(wrt, wanted, strict=True):
        np.testing.assert_allclose(found[n], g.numpy(), rtol=1e-10, atol=1e-10, err_msg=n)


def test_a_direction_gives_the_sum_of_gradient_times_direction():
    text, _, values = LAYERS["attention"]
    declared = read_text(text)
    upstream = {"y": normal(3, 5, seed=9)}
    along = {n: normal(*values[n].shape, seed=7) for n in differentiated(declared)}
    found = gradients(declared, values, upstream, None, MACHINE)
    slope = directional_derivative(declared, values, along, upstream, None, MACHINE)
    assert slope == pytest.approx(sum(float((along[n] * found[n]).sum()) for n in along), rel=1e-12)


def test_differences_of_real_values_agree_with_the_complex_step():
    text, _, values = LAYERS["functions"]
    declared = read_text(text)
    step = HIGH_PRECISION.number(10) ** -10
    moved = {n: np.array([HIGH_PRECISION.number(float(v)) for v in a], dtype=object) for n, a in values.items()}
    for k in range(5):
        sums = []
        for sign in (1, -1):
            x = moved["x"].copy()
            x[k] = x[k] + sign * step
            result = evaluate(declared, {**moved, "x": x})
            sums.append(sum(v for a in result.outputs.values() for v in np.ravel(a)))
        slope = float((sums[0] - sums[1]) / (2 * step))
        found = gradients(declared, values, dict.fromkeys("abc", 1.0), None, HIGH_PRECISION, ["x"])["x"][k]
        assert slope == pytest.approx(found, rel=1e-13)


def test_state_is_updated_from_its_old_value_and_not_differentiated():
    declared = read_text(
        "layer: average\ninputs: {x: [N, C]}\nstate: {m: [C]}\noutputs:\n  y[n, c]: x[n, c] - m[c]\nupdate:\n  m[c]: 0.9*m[c] + 0.1*Mean(x[n, c], n)\n"
        "modes:\n  eval: {update: {}}\n"
    )
    x, m = normal(3, 2), normal(2)
    result = evaluate(declared, {"x": x, "m": m})
    np.testing.assert_allclose(floats(result.state["m"]), 0.9 * m + 0.1 * x.mean(0), rtol=1e-14)
    assert differentiated(declared) == ["x"]


def test_a_mode_replaces_lines_and_empties_sections():
    text = (
        "layer: two\ninputs: {x: [N]}\nstate: {m: []}\noutputs:\n  y[ n ]: x[n]*2\n  z: m\nupdate:\n  m: m + 1\n"
        "modes:\n  eval:\n    outputs:\n      y[n]: x[n]*3\n    update: {}\n"
    )
    result = evaluate(read_text(text, "eval"), {"x": np.ones(2), "m": np.array(5.0)})
    assert floats(result.outputs["y"]).tolist() == [3.0, 3.0]
    assert float(result.state["m"]) == 5.0


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("y[n]: x[n] + x[n + 1]", "outside"),
        ("y[n]: x[n, n]", "axes"),
        ("y[n]: x[n] + z[n]", "nothing is called z"),
        ("y[q]: x[0]", "no range"),
        ("y[n]: x[n] + w[n]", "sizes"),
    ],
)
def test_a_broken_rule_is_refused(line, complaint):
    declared = read_text(f"layer: bad\ninputs: {{x: [N], w: [M]}}\noutputs:\n  {line}\n")
    with pytest.raises(BadLayer, match=complaint):
        evaluate(declared, {"x": np.ones(3), "w": np.ones(4)})


def test_a_gap_of_ties_is_shared_and_a_constant_takes_all():
    declared = read_text(
        "layer: ties\ninputs: {x: [N], z: [N]}\noutputs:\n  a: Amax(x[n], n)\n  b[n]: Max(x[n], z[n])\n  c[n]: Max(x[n], 1)\n"
    )
    values = {"x": np.ones(2), "z": np.ones(2)}
    assert gradients(declared, values, {"a": 1.0})["x"].tolist() == [0.5, 0.5]
    assert gradients(declared, values, {"b": 1.0})["z"].tolist() == [0.5, 0.5]
    assert gradients(declared, values, {"c": 1.0})["x"].tolist() == [0.0, 0.0]
