"""What the language says of the form of a module, not of its numbers: what a line costs, and that two ways to write it are one."""

import pytest

import symback


def compiled(inputs: str, lines: str, more: str = ""):
    """A layer of these inputs and outputs, one output a line; `more`: further sections."""
    outputs = "\n".join(f"  {line.strip()}" for line in lines.strip().splitlines())
    return symback.compile(symback.loads(f"layer: example\n{more}inputs: {{{inputs}}}\noutputs:\n{outputs}\n"))


def statements(source: str, function: str) -> list[str]:
    """The lines of a generated function below its docstring."""
    text = source[source.index(f"def {function}") :]
    body = text[text.index("    _kept(") if function == "backward" else text.index("    result_dtype") :]
    return body[: body.index("\n\n\n")].splitlines()


def both(layer) -> str:
    return "\n".join([*statements(layer.source, "forward"), *statements(layer.source, "backward")])


def test_the_doc_of_a_layer_stands_in_its_module():
    layer = compiled("x: [N]", "y[n]: x[n]", "doc: One thing is the other.\n")
    assert "One thing is the other." in layer.load().__doc__


@pytest.mark.parametrize(
    ("line", "sections"),
    [
        ("y[i]: x[i + 3]", "indices: {i: N - 3}\n"),
        ("y[i]: x[N - 1 - i]", "indices: {i: N}\n"),
        ("y[i]: x[2*i + k]", "hyperparameters: {k: 1}\nindices: {i: N//4}\n"),
        ("y[h, r]: x[h*stride + r*dilation]", "hyperparameters: {stride: 2, dilation: 3}\nindices: {h: 2, r: 2}\n"),
    ],
    ids=["shifted", "from-the-end", "strided", "windows"],
)
def test_an_affine_position_costs_a_slice_and_no_list_of_places(line, sections):
    text = both(compiled("x: [N]", line, sections))
    assert not any(word in text for word in ("np.arange", "np.add.at", ".take", "np.where"))


def test_a_prefix_sum_costs_one_pass_in_both_directions():
    layer = compiled("x: [N]", "y[i]: Sum(x[j], (j, 0, i))")
    assert "y = np.cumsum(x, axis=0)" in "\n".join(statements(layer.source, "forward"))
    assert "np.cumsum(dy[::-1], axis=0)[::-1]" in "\n".join(statements(layer.source, "backward"))


@pytest.mark.parametrize(
    ("short", "written_out"),
    [
        ("y[n, i]: Softmax(x[n, i], i)", "y[n, i]: exp(x[n, i])/Sum(exp(x[n, k]), k)"),
        ("y[n]: LogSumExp(x[n, i], i)", "y[n]: log(Sum(exp(x[n, i]), i))"),
        ("y[n, i]: LogSoftmax(x[n, i], i)", "y[n, i]: x[n, i] - log(Sum(exp(x[n, k]), k))"),
        ("y[n]: Var(x[n, i], i)", "y[n]: Mean((x[n, i] - Mean(x[n, k], k))**2, i)"),
        ("y[n]: Norm(x[n, i], i)", "y[n]: sqrt(Sum(x[n, i]**2, i))"),
        ("y[n]: Mean(x[n, i], i)", "y[n]: Sum(x[n, i], i)/I"),
    ],
    ids=["Softmax", "LogSumExp", "LogSoftmax", "Var", "Norm", "Mean"],
)
def test_a_shorthand_and_what_it_stands_for_are_the_same_statements(short, written_out):
    assert both(compiled("x: [N, I]", short)) == both(compiled("x: [N, I]", written_out))


def test_whole_tensors_and_indices_are_the_same_statements():
    tensors = "x: [N, I], W: [I, O], b: [O]"
    whole = compiled(tensors, "y: tanh(x @ W + b)")
    assert both(whole) == both(compiled(tensors, "y[n, o]: tanh(Sum(x[n, i]*W[i, o], i) + b[o])"))


def test_a_soft_target_that_is_known_to_sum_to_one_leaves_probabilities_less_targets():
    loss, tensors = "loss: -Sum(t[n, c]*LogSoftmax(z[n, c], c), n, c)", "z: [N, C], t: {shape: [N, C], grad: false}"
    known = statements(compiled(tensors, loss, "assume: ['Eq(Sum(t[n, c], c), 1)']\n").source, "backward")
    unknown = statements(compiled(tensors, loss).source, "backward")
    assert not any("sum(" in line for line in known)
    assert any("sum(" in line for line in unknown)


def test_what_no_step_changes_stands_before_the_loop_and_sums_over_steps_behind_it():
    layer = compiled("x: [T, I], W: [I, J], U: [J, J]", "h[-1, j]: 0\nh[t, j]: tanh(Sum(x[t, i]*W[i, j], i) + Sum(h[t - 1, k]*U[k, j], k))")
    forward, backward = (statements(layer.source, f) for f in ("forward", "backward"))
    assert any("x @ W" in line and not line.startswith("        ") for line in forward)
    assert any(line.startswith("    dW = ") for line in backward) and any(line.startswith("    dU = ") for line in backward)
