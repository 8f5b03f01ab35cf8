"""What a stability rule costs in time: the compiled forward over the naive formula written in NumPy.

usage: python benchmarks/stability_cost.py [--size N] [--rounds K]

Both are timed in turn, and the ratio of their least times is shown. Inputs are drawn from a normal distribution, where
the naive formula is right as well: what is shown is the price of the common path.
"""

from __future__ import annotations

import argparse
import time

import numpy as np
from scipy import special

import symback


def _softmax(x):
    e = np.exp(x)
    return e / e.sum(axis=1, keepdims=True)


def _kl(x, y):
    p, q = _softmax(x), _softmax(y)
    return (p * (np.log(p) - np.log(q))).sum(axis=1)


WIDE, FLAT = "[N, C]", "[N]"
ROWS = (
    ("logistic", "1/(1 + exp(-x[n]))", FLAT, lambda x: 1 / (1 + np.exp(-x))),
    ("logistic slope", "exp(-x[n])/(1 + exp(-x[n]))**2", FLAT, lambda x: np.exp(-x) / (1 + np.exp(-x)) ** 2),
    ("silu", "x[n]/(1 + exp(-x[n]))", FLAT, lambda x: x / (1 + np.exp(-x))),
    ("softplus", "log(1 + exp(x[n]))", FLAT, lambda x: np.log(1 + np.exp(x))),
    ("exponent that is a product", "1/(1 + exp(-1.5*x[n]))", FLAT, lambda x: 1 / (1 + np.exp(-1.5 * x))),
    ("tanh slope", "1 - tanh(x[n])**2", FLAT, lambda x: 1 - np.tanh(x) ** 2),
    ("normal distribution", "(1 + erf(x[n]/sqrt(2)))/2", FLAT, lambda x: (1 + special.erf(x * np.sqrt(0.5).astype(x.dtype))) / 2),
    ("gelu", "x[n]*(1 + tanh(0.8*(x[n] + 0.044715*x[n]**3)))/2", FLAT, lambda x: x * (1 + np.tanh(0.8 * (x + 0.044715 * x**3))) / 2),
    ("expm1", "exp(x[n]) - 1", FLAT, lambda x: np.exp(x) - 1),
    ("log cosh", "log(cosh(x[n]))", FLAT, lambda x: np.log(np.cosh(x))),
    ("gaussian", "exp(-x[n]**2/2)", FLAT, lambda x: np.exp(-x * x / 2)),
    ("length", "sqrt(x[n]**2 + 1)", FLAT, lambda x: np.sqrt(x * x + 1)),
    ("squared direction", "x[n]**2/(x[n]**2 + 4)", FLAT, lambda x: x * x / (x * x + 4)),
    ("softmax", "exp(x[n, c])/Sum(exp(x[n, k]), k)", WIDE, _softmax),
    ("log-sum-exp", "log(Sum(exp(x[n, k]), k))", WIDE, lambda x: np.log(np.exp(x).sum(axis=1))),
    ("divergence", "Sum(Softmax(x[n, k], k)*(LogSoftmax(x[n, k], k) - LogSoftmax(y[n, k], k)), k)", WIDE, _kl),
    ("variance", "Mean(x[n, k]**2, k) - Mean(x[n, k], k)**2", WIDE, lambda x: (x * x).mean(axis=1) - x.mean(axis=1) ** 2),
    ("norm", "sqrt(Sum(x[n, k]**2, k))", WIDE, lambda x: np.sqrt((x * x).sum(axis=1))),
    ("cubic norm", "Sum(Abs(x[n, k])**3, k)**(1/3)", WIDE, lambda x: (np.abs(x) ** 3).sum(axis=1) ** (1 / 3)),
    (
        "difference of norms",
        "sqrt(Sum(x[n, k]**2, k)) - sqrt(Sum(y[n, k]**2, k))",
        WIDE,
        lambda x, y: np.sqrt((x * x).sum(axis=1)) - np.sqrt((y * y).sum(axis=1)),
    ),
)


def layer(expression: str, shape: str) -> str:
    inputs = [name for name in "xy" if f"{name}[" in expression]
    left = "out[n, c]" if "[n, c]" in expression else "out[n]"
    return "layer: case\ninputs:\n" + "".join(f"  {i}: {shape}\n" for i in inputs) + f"outputs:\n  {left}: '{expression}'\n"


def seconds(call) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def ratio(ours, naive, rounds: int) -> float:
    """The quotient of the least times, taken in turn."""
    ours(), naive()
    times = [(seconds(ours), seconds(naive)) for _ in range(rounds)]
    return min(a for a, _ in times) / min(b for _, b in times)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=1 << 18, help="elements of an input")
    parser.add_argument("--rounds", type=int, default=31)
    options = parser.parse_args()
    draw = np.random.default_rng(0)
    print(f"{'rule':28} {'float32':>8} {'float64':>8}   forward over the naive formula")
    for name, expression, shape, naive in ROWS:
        forward = symback.compile(symback.loads(layer(expression, shape))).load().forward
        count, size = naive.__code__.co_argcount, (options.size,) if shape is FLAT else (options.size // 256, 256)
        found = []
        for dtype in (np.float32, np.float64):
            values = [draw.standard_normal(size).astype(dtype) for _ in range(count)]
            found.append(ratio(lambda f=forward, v=values: f(*v), lambda f=naive, v=values: f(*v), options.rounds))
        print(f"{name:28} {found[0]:8.2f} {found[1]:8.2f}")


if __name__ == "__main__":
    main()
