"""Affine reads, diagonals and nested sums: the gradient against the oracle's, and SymPy's known slips against what is right."""

import numpy as np
import pytest

import symback
from tests.oracle.document import read_text
from tests.oracle.gradients import gradients

READS = {
    "stride": ("{x: [8]}", "{n: 4}", "y[n]: x[2*n]"),
    "odd places": ("{x: [8]}", "{n: 4}", "y[n]: x[2*n + 1]**2"),
    "reversal": ("{x: [N]}", "{n: N}", "y[n]: x[N - 1 - n]*x[n]"),
    "difference": ("{x: [N]}", "{n: N - 1}", "y[n]: (x[n + 1] - x[n])**2"),
    "diagonal": ("{x: [N, N]}", "{n: N}", "y[n]: x[n, n]**3"),
    "shifted diagonal": ("{x: [N, N + 1]}", "{n: N}", "y[n]: x[n, n + 1]*x[n, n]"),
    "trace": ("{x: [N, N]}", "{n: N}", "y: Sum(x[n, n], n)**2"),
    "roll": ("{x: [N]}", "{n: N}", "y[n]: x[(n + N//2) % N]*n"),
    "blocks": ("{x: [6]}", "{n: 2, k: 3}", "y[n]: Sum(x[3*n + k]**2, k)"),
    "repeats": ("{x: [3]}", "{n: 6}", "y[n]: x[n//2]*n"),
    "interleaved": ("{x: [6]}", "{n: 6}", "y[n]: x[n % 2]*x[n//2]"),
    "windows": ("{x: [N, N]}", "{i: N - 1, j: N - 1, a: 2, b: 2}", "y[i, j]: Sum(x[i + a, j + b]*(a + 2*b + 1), a, b)"),
    "dilation": ("{x: [8], w: [3]}", "{n: 4, k: 3}", "y[n]: Sum(x[n + 2*k]*w[k], k)"),
    "padding": ("{x: {shape: [N], outside: 0}, w: [3]}", "{n: N, k: 3}", "y[n]: Sum(x[n + k - 1]*w[k], k)"),
    "transposed": ("{x: [N], w: {shape: [3], outside: 0}}", "{u: 2*N + 1, n: N}", "y[u]: Sum(x[n]*w[u - 2*n], n)"),
    "prefix": ("{x: [N]}", "{n: N}", "y[n]: Sum(x[k], (k, 0, n))**2"),
    "suffix": ("{x: [N]}", "{n: N}", "y[n]: Sum(x[k]*x[n], (k, n, N - 1))"),
    "band": ("{x: [N]}", "{n: N}", "y[n]: Sum(x[k]*k, (k, Max(n - 1, 0), n))"),
    "several deltas": ("{x: [N, N]}", "{n: N}", "y[n]: Sum(KroneckerDelta(i, j)*KroneckerDelta(j, n)*x[i, j]**2, i, j)"),
    "an index used twice": ("{x: [N, N]}", "{n: N}", "y[n]: Sum(x[n, k]*Sum(x[k, n], k), k)"),
    "a name bound again inside": ("{x: [N, N]}", "{n: N}", "y: Sum(x[k, k]*Sum(x[k, n], k), k, n)"),
}


@pytest.mark.parametrize("name", READS)
def test_the_gradient_of_a_read_is_that_of_the_written_formula(name):
    inputs, indices, output = READS[name]
    text = f"layer: sample\ninputs: {inputs}\nindices: {indices}\noutputs:\n  {output}\n"
    module = symback.compile(symback.loads(text)).load()
    layer = read_text(text)
    rng = np.random.default_rng(3)
    known = {"[8]": (8,), "[N]": (4,), "[N, N]": (4, 4), "[N, N + 1]": (4, 5), "[6]": (6,), "[3]": (3,)}
    values = {n: rng.standard_normal(known["[" + ", ".join(map(str, t.shape)) + "]"]) for n, t in layer.tensors.items()}
    y, cache = module.forward(*values.values())
    upstream = rng.standard_normal(y.shape)
    got = module.backward(cache, upstream)._asdict()
    for n, expected in gradients(layer, values, {"y": upstream}).items():
        np.testing.assert_allclose(got[n], np.asarray(expected, float), rtol=1e-10, atol=1e-12, err_msg=n)


def compiled(text: str):
    return symback.compile(symback.loads(text)).load()


def test_a_free_index_is_not_captured_by_a_sum_over_the_same_name():
    """SymPy differentiates Sum(x[n,i]*W[i,o], i) by W[i,q] with the free i bound (sympy #21891)."""
    module = compiled("layer: a\ninputs: {x: [N, I], W: [I, O]}\noutputs:\n  y[n, o]: Sum(x[n, i]*W[i, o], i)\n")
    x, W = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    g = np.ones((2, 4))
    got = module.backward(module.forward(x, W)[1], g)
    assert (got.x == g @ W.T).all() and (got.W == x.T @ g).all()


def test_a_strided_delta_needs_divisibility():
    """SymPy sums g[i]·δ(j, 2i) to g[j/2], also for odd j."""
    module = compiled("layer: a\ninputs: {g: [N]}\nindices: {j: 2*N}\noutputs:\n  y[j]: Sum(g[i]*KroneckerDelta(j, 2*i), i)\n")
    y, cache = module.forward(np.array([3.0, 5.0]))
    assert y.tolist() == [3, 0, 5, 0]
    assert module.backward(cache, np.arange(4.0)).g.tolist() == [0, 2]


def test_a_row_sum_does_not_become_the_trace():
    """SymPy takes the inner k of Sum(δ(j,k)·Sum(A[j,k], k), j) for the outer one."""
    module = compiled("layer: a\ninputs: {A: [N, N]}\noutputs:\n  y[k]: Sum(KroneckerDelta(j, k)*Sum(A[j, k], k), j)\n")
    A = np.arange(9.0).reshape(3, 3)
    y, cache = module.forward(A)
    assert y.tolist() == A.sum(axis=1).tolist()
    assert module.backward(cache, np.array([1.0, 2.0, 3.0])).A.tolist() == [[1, 1, 1], [2, 2, 2], [3, 3, 3]]


def test_names_that_sympy_owns_are_only_names():
    """`gamma`, `beta`, `N` and `S` are functions and singletons when SymPy reads text."""
    module = compiled("layer: a\ninputs: {S: [N], gamma: [N], beta: []}\noutputs:\n  E[n]: S[n]*gamma[n] + beta\n")
    y, _ = module.forward(np.array([2.0]), np.array([3.0]), np.array(1.0))
    assert y.tolist() == [7]


def test_a_variance_is_not_expanded():
    """`simplify` turns Mean((x - m)**2) into E[x²] - E[x]², which float32 loses at a mean of 10⁴."""
    module = compiled("layer: a\ninputs: {x: [N]}\noutputs:\n  v: Var(x[n], n)\n")
    x = (1e4 + np.random.default_rng(0).standard_normal(1000)).astype(np.float32)
    assert abs(float(module.forward(x)[0]) / x.astype(float).var() - 1) < 1e-5


def test_the_order_of_definitions_does_not_depend_on_the_order_of_sets():
    text = "layer: a\ninputs: {b: [N], a: [N], d: [N], c: [N]}\noutputs:\n  y[n]: a[n]*b[n]*c[n]*d[n] + sin(a[n] + b[n] + c[n] + d[n])\n"
    assert len({symback.compile(symback.loads(text)).source for _ in range(3)}) == 1


def test_a_term_that_two_sums_share_stays_within_them():
    """`cse` takes what two sums over i have in common out of both, where its index is bound by neither (sympy #27971)."""
    module = compiled("layer: a\ninputs: {x: [N], w: [N]}\noutputs:\n  y: Sum(exp(x[i])*w[i], i)*Sum(exp(x[i])*x[i], i)\n")
    x, w = np.array([0.5, -1.0, 2.0]), np.array([1.0, 3.0, -2.0])
    e = np.exp(x)
    y, cache = module.forward(x, w)
    got = module.backward(cache)
    a, b = e @ w, e @ x
    assert np.allclose(y, a * b)
    assert np.allclose(got.w, e * b) and np.allclose(got.x, e * w * b + (e * x + e) * a)


def test_a_branch_that_is_not_taken_is_not_evaluated():
    """A Piecewise printed as `numpy.select` works out both branches: the root of a negative number, and its slope, are NaN."""
    module = compiled("layer: a\ninputs: {x: [N]}\noutputs:\n  y[n]: Piecewise((sqrt(x[n]), x[n] > 0), (2*x[n], True))\n")
    with np.errstate(all="raise"):
        y, cache = module.forward(np.array([4.0, -1.0, 0.0]))
        assert y.tolist() == [2, -2, 0]
        assert module.backward(cache, np.ones(3)).x.tolist() == [0.25, 2, 2]


def test_slopes_at_kinks_are_those_of_the_field():
    """`Heaviside(0)` is 1/2, and the derivative of `Abs` is made for complex arguments."""
    module = compiled("layer: a\ninputs: {x: [N]}\noutputs:\n  y[n]: Max(x[n], 0) + 2*Abs(x[n]) + 4*sign(x[n])\n")
    assert module.backward(module.forward(np.array([-1.0, 0.0, 1.0]))[1], np.ones(3)).x.tolist() == [-2, 0, 3]


def test_a_tower_of_powers_is_no_number():
    """`sympify` works 9**9**9 out, and runs what it reads."""
    for value in ("9**9**9*x[n]", "__import__('os').getcwd()", "x[n].__class__"):
        with pytest.raises(symback.LayerError):
            compiled(f'layer: a\ninputs: {{x: [N]}}\noutputs:\n  y[n]: "{value}"\n')
