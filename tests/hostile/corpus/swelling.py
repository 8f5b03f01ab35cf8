"""Small texts whose meaning, derivative or module could be large."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.corpus.entries import EITHER, LEGAL, REFUSED, Entry, layer, line


def swelling() -> Iterator[Entry]:
    """Small texts whose meaning, derivative or module could be large."""
    two = layer(inputs="\n  x: [N, C]\n  z: [N, C]")
    yield "product-of-sums", line("*".join(f"(x[n, c] + {k}*Sum(x[n, k{k}], k{k}) + {k})" for k in range(40))), EITHER
    yield "quotient-tower", line("1/(1 + " * 60 + "x[n, c]" + ")" * 60), EITHER
    yield "power-tower-of-reads", line("**".join(["x[n, c]"] * 40)), EITHER
    yield "nested-maxima", line("Max(x[n, c], " * 30 + "0" + ")" * 30), EITHER
    yield "both-branches-nested", _doubling_branches(12), EITHER
    yield "branches-of-branches", layer(
        where="".join(f"\n  b{k}[n, c]: Piecewise((b{k - 1}[n, c], b{k - 1}[n, c] > {k}), (b{k - 1}[n, c]**2, True))" if k else "\n  b0[n, c]: x[n, c]" for k in range(30)),
        outputs="\n  y[n, c]: b29[n, c]",
    ), EITHER  # fmt: skip
    yield (
        "sums-within-sums",
        line("".join(f"Sum(x[k{k}, c]*" for k in range(12)) + "1" + "".join(f", k{k})" for k in reversed(range(12)))),
        EITHER,
    )
    yield "softmax-of-softmax", line("Softmax(" * 30 + "x[n, c]" + ", c)" * 30), EITHER
    yield "high-power", line("(x[n, c] + Sum(x[n, k], k))**999"), EITHER
    yield "polynomial-of-sums", line(" + ".join(f"(Sum(x[n, k{k}], k{k}) + x[n, c])**{k + 2}" for k in range(60))), EITHER
    yield "many-lags", layer(
        where="".join(f"\n  h[{-k}, c]: 0" for k in range(1, 61)) + "\n  h[n, c]: x[n, c] + " + " + ".join(f"{k}*h[n - {k}, c]" for k in range(1, 61)),
        outputs="\n  y[n, c]: h[n, c]",
    ), EITHER  # fmt: skip
    yield (
        "far-lag",
        layer(where="\n  h[-1000000000, c]: 0\n  h[n, c]: x[n, c] + h[n - 1000000000, c]", outputs="\n  y[n, c]: h[n, c]"),
        EITHER,
    )
    yield "many-recurring-values", layer(
        where="".join(f"\n  h{k}[-1, c]: 0\n  h{k}[n, c]: tanh(x[n, c] + h{(k + 1) % 40}[n - 1, c])" for k in range(40)),
        outputs="\n  y[n, c]: h0[n, c]",
    ), EITHER  # fmt: skip
    yield "huge-stride", layer(indices="\n  i: N//1000000000000", outputs="\n  y[i, c]: x[1000000000000*i, c]"), EITHER
    yield (
        "huge-offset",
        layer(indices="\n  i: N", inputs="\n  x: {shape: [N, C], outside: 0}", outputs="\n  y[i, c]: x[i + 4000000000000000000, c]"),
        EITHER,
    )
    yield "huge-window", layer(
        inputs="\n  x: {shape: [N, C], outside: 0}", indices="\n  k: 1000000000000", outputs="\n  y[n, c]: Sum(x[n + k, c], k)"
    ), EITHER  # fmt: skip
    yield "huge-divisor", layer(indices="\n  i: N", outputs="\n  y[i, c]: x[i//999999999999999999, c]"), EITHER
    yield "radix-digits", line("x[(" * 20 + "n" + ")//3 % 7" * 20 + ", c]"), EITHER
    yield "huge-range", line("Sum(x[n, c]*k, (k, 0, 9*10**18))"), EITHER
    yield "nested-ranges", line("Sum(Sum(Sum(x[n, i], (i, 0, j)), (j, 0, k)), (k, 0, c))"), EITHER
    yield "thousands-of-outputs", layer(outputs="".join(f"\n  y{k}[n]: x[n, {k % 3}]*{k + 1}" for k in range(2_000))), REFUSED
    yield (
        "thousands-of-dimensions",
        layer(
            inputs="".join(f"\n  x{k}: [D{k}]" for k in range(3_000)),
            outputs="\n  y: " + " + ".join(f"Sum(x{k}[i{k}], i{k})" for k in range(3_000)),
        ),
        EITHER,
    )
    yield "thousands-of-indices", layer(indices="".join(f"\n  i{k}: N" for k in range(5_000))), REFUSED
    yield "thousands-of-modes", layer(modes="".join(f"\n  m{k}:\n    outputs:\n      y[n, c]: {k}*x[n, c]" for k in range(1_000))), REFUSED
    yield "thousands-of-branches-on-labels", layer(
        inputs="\n  x: [N, C]\n  t: {shape: [N], values: C, also: [" + ", ".join(str(-k) for k in range(1, 5_000)) + "]}",
        outputs="\n  y: Sum(Piecewise((x[n, t[n]], t[n] >= 0), (0, True)), n)",
    ), EITHER  # fmt: skip
    yield "thousands-of-hyperparameters", layer(
        hyperparameters="".join(f"\n  a{k}: {k}.5" for k in range(3_000)), outputs="\n  y[n, c]: x[n, c]*(" + " + ".join(f"a{k}" for k in range(3_000)) + ")"
    ), REFUSED  # fmt: skip
    yield "deep-conditions", line("Piecewise((1, " + "(" * 80 + "x[n, c] > 0" + ") & (x[n, c] < 9)" * 80 + "), (0, True))"), EITHER
    yield "deep-index", line("x[" + "Min(" * 80 + "n" + ", N - 1)" * 80 + ", c]"), EITHER
    yield "deep-range", line("Sum(x[n, c], (c, 0, " + "Max(" * 80 + "n" + ", 1)" * 80 + "))").replace("y[n, c]", "y[n]"), EITHER
    yield "indices-through-indices", layer(
        inputs="\n  x: [N, C]\n  t: {shape: [N], values: N}", outputs="\n  y[n, c]: x[" + "t[" * 80 + "n" + "]" * 80 + ", c]"
    ), EITHER  # fmt: skip
    yield "check-of-gigabytes", layer(
        inputs="\n  x: [A, B, C, D]", outputs="\n  y: Sum(exp(x[a, b, c, d]), a, b, c, d)", check="\n  dims: {A: 10000, B: 10000, C: 10000, D: 10000}"
    ), EITHER  # fmt: skip
    yield "check-beyond-bounds", two + "check:\n  dims: {N: 10000000000}\n", REFUSED
    yield "cumulative-products", line("Prod(Prod(Prod(x[n, i], (i, 0, j)), (j, 0, k)), (k, 0, c))"), EITHER
    yield (
        "latex-in-names",
        layer(
            inputs="\n  input_etc_passwd: [N, C]\n  write18: [N, C]", outputs="\n  end_document[n, c]: input_etc_passwd[n, c]*write18[n, c]"
        ),
        LEGAL,
    )
    yield (
        "comment-in-an-initialiser",
        layer(params='\n  W: {shape: [C], init: "zeros # import os"}', outputs="\n  y[n, c]: x[n, c]*W[c]"),
        REFUSED,
    )
    yield (
        "docstring-in-a-distribution",
        layer(random='\n  r: {shape: [N], dist: \'bernoulli(0.5) """ import os\'}', outputs="\n  y[n, c]: x[n, c]*r[n]"),
        REFUSED,
    )
    yield "constants-of-many-digits", line(" + ".join(f"x[n, c]*0.{'123456789' * 40}{k}" for k in range(100))), EITHER
    yield "fraction-powers", line(" + ".join(f"x[n, c]**({2 * k + 1}/{k + 97})" for k in range(50))), EITHER
    yield "whole-tensor-chain", layer(inputs="\n  x: [N, N]", outputs="\n  y: " + " @ ".join(["x"] * 300)), EITHER
    yield "transposes", layer(inputs="\n  x: [N, N]", outputs="\n  y: x" + ".T" * 5_000 + " + 0"), REFUSED
    yield "call-within-call", layer(outputs="\n  y: " + "tanh(" * 90 + "x" + ")" * 90), EITHER
    yield "library-within-library", layer(outputs="\n  y: " + "softmax(" * 60 + "x" + ")" * 60), EITHER


def _doubling_branches(depth: int) -> str:
    """A Piecewise whose both branches and condition are such again: 3ⁿ parts."""
    text = "x[n, c]"
    for k in range(depth):
        text = f"Piecewise(({text}, {text} > {k}), (0, True))" if len(text) < 50_000 else text
    return line(text)
