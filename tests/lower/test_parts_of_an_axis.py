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
