"""What is taken over a whole axis, beside entries at a part of it: a mean of the whole is not that of the part, nor do its shares add up to 1."""

import numpy as np
import pytest

import symback

LINES = [
    "y[n]: exp(x[n] - LogSumExp(x[k], k))",
    "y[n]: exp(x[n])*x[n]/Sum(exp(x[k]), k)",
    "y[n]: log(1 - exp(x[n] - LogSumExp(x[k], k)))",
    "y[n]: (x[n] - Mean(x[k], k))/sqrt(Var(x[k], k) + 1e-5)",
    "y[n]: x[n]/Norm(x[k], k)",
    "y[n]: exp(x[n] - Amax(x[k], k))/Sum(exp(x[k] - Amax(x[j], j)), k)",
    "y: Sum(exp(x[n] - LogSumExp(x[k], k))*(x[n] - LogSumExp(x[k], k)), n)",
    "y: Sum((x[n] - Mean(x[k], k))**2, n)",
    "y: Mean((Piecewise((x[k + 1], k + 1 <= N - 1), (x[k], True)) - Mean(Piecewise((x[j + 1], j + 1 <= N - 1), (x[j], True)), j))**2, k)",
]


@pytest.mark.parametrize("line", LINES)
def test_entries_at_a_part_of_an_axis_have_the_slopes_of_the_whole(line):
    indices = "indices: {n: N - 1}" if "[n]" in line else "indices: {k: N}"
    made = symback.compile(symback.loads(f"layer: part\ninputs:\n  x: [N]\n{indices}\noutputs:\n  {line}\n")).load()
    x = np.array([1.0, 2.0, 4.0, 0.5])
    y, cache = made.forward(x)
    upstream = np.array([0.3, -0.7, 0.2])[: y.size].reshape(y.shape)
    slopes = [((made.forward(x + h)[0] - made.forward(x - h)[0]) * upstream).sum() / 2e-5 for h in 1e-5 * np.eye(4)]
    np.testing.assert_allclose(made.backward(cache, upstream).x, slopes, rtol=1e-6, atol=1e-8)


def test_a_running_mean_of_nothing_but_zeros_has_gradient_zero():
    text = "layer: a\nparams:\n  r: [Q]\n  w: [Q]\noutputs:\n  v[q]: Sum(exp(w[k])*relu(r[k]), (k, 0, q))/Sum(exp(w[k]), (k, 0, q))\n"
    made = symback.compile(symback.loads(text)).load()
    w = np.array([0.3, -1.0, 2.0])
    with np.errstate(all="raise"):
        v, cache = made.forward(np.array([-1.0, -2.0, -3.0]), w)
        slopes = made.backward(cache, np.ones(3))
    assert not v.any() and not slopes.r.any() and not slopes.w.any()
    r = np.array([-1.0, 2.0, 3.0])
    _, cache = made.forward(r, w)
    slopes = made.backward(cache, np.ones(3))
    numerical = [(made.forward(r, w + h)[0] - made.forward(r, w - h)[0]).sum() / 2e-5 for h in 1e-5 * np.eye(3)]
    np.testing.assert_allclose(slopes.w, numerical, rtol=1e-8, atol=1e-9)


def test_what_is_divided_by_padding_in_one_tap_of_a_window_gets_no_gradient_where_nothing_reads_it():
    text = (
        "layer: a\ninputs:\n  x: {shape: [N], outside: 0}\nparams:\n  w: []\n  u: [N, E]\n"
        "where:\n  s[-1, e]: 0\n  s[n, e]: h[n, e] + w/x[n + e]\noutputs:\n  h[n, e]: u[n, e]*tanh(s[n - 1, e])\n"
    )
    made = symback.compile(symback.loads(text)).load()
    x, u = np.array([0.5, -1.5, 2.0]), np.linspace(-1, 1, 6).reshape(3, 2)
    with np.errstate(divide="ignore", invalid="ignore"):  # it divides by the padding
        _, cache = made.forward(x, np.array(0.7), u)
        slopes = made.backward(cache, np.ones((3, 2)))
        numerical = (made.forward(x, np.array(0.7 + 1e-6), u)[0] - made.forward(x, np.array(0.7 - 1e-6), u)[0]).sum() / 2e-6
    np.testing.assert_allclose(slopes.w, numerical, rtol=1e-8)
