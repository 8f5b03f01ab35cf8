"""Sections of the wrong kind, types that YAML guesses, programs without a meaning."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.corpus.entries import EITHER, LEGAL, REFUSED, Entry, layer, line


def structure() -> Iterator[Entry]:
    for key in ("layer", "inputs", "outputs"):
        yield f"missing-{key}", layer(**{key: None}), REFUSED if key != "inputs" else EITHER
    for key in (
        "inputs",
        "params",
        "state",
        "where",
        "outputs",
        "update",
        "dims",
        "indices",
        "hyperparameters",
        "random",
        "modes",
        "use",
        "check",
    ):
        yield f"list-{key}", layer(**{key: "[a, b]"}), REFUSED
        yield f"text-{key}", layer(**{key: "text"}), REFUSED
        yield f"number-{key}", layer(**{key: "42"}), REFUSED
    for key in ("assume", "wrt"):
        yield f"map-{key}", layer(**{key: "{a: b}"}), REFUSED
        yield f"text-{key}", layer(**{key: "text"}), REFUSED
    yield "doc-map", layer(doc="{a: b}"), REFUSED
    yield "doc-list", layer(doc="[a]"), REFUSED
    yield "unknown-key", layer(system="rm"), REFUSED
    yield "unknown-tensor-key", layer(inputs="\n  x: {shape: [N, C], exec: 1}"), REFUSED
    yield "shape-map", layer(inputs="\n  x: {shape: {N: 1}}"), REFUSED
    yield "shape-nested", layer(inputs="\n  x: [[N], C]"), REFUSED
    yield "shape-null", layer(inputs="\n  x: [~, C]"), REFUSED
    yield "shape-long", layer(inputs="\n  x: [" + ", ".join(f"D{k}" for k in range(500)) + "]"), REFUSED
    yield "axes-beyond-numpy", layer(
        inputs="\n  x: [" + ", ".join(f"D{k}" for k in range(70)) + "]", outputs="\n  y: Sum(x[" + ", ".join(f"d{k}" for k in range(70)) + "], " + ", ".join(f"d{k}" for k in range(70)) + ")"
    ), EITHER  # fmt: skip
    yield "expression-list", layer(outputs="\n  y[n, c]: [x]"), REFUSED
    yield "expression-map", layer(outputs="\n  y[n, c]: {x: 1}"), REFUSED
    yield "expression-null", layer(outputs="\n  y[n, c]:"), REFUSED
    yield "left-code", layer(outputs="\n  y[n, c] = 3: x[n, c]"), REFUSED
    yield "left-call", layer(outputs="\n  f(n): x[n, 0]"), REFUSED
    yield "left-number", layer(outputs="\n  3: 4"), REFUSED
    yield "left-attribute", layer(outputs="\n  y.z[n, c]: x[n, c]"), REFUSED
    yield "left-starred", layer(outputs="\n  '*y': x[0, 0]"), REFUSED
    yield "wrt-unknown", layer(wrt="[nothing]"), REFUSED
    yield "wrt-code", layer(wrt="\n  - __import__('os')"), REFUSED
    yield "also-code", layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: C, also: [exec]}"), REFUSED
    yield "outside-code", layer(inputs="\n  x: {shape: [N, C], outside: \"open('a')\"}"), REFUSED
    yield "dtype-code", layer(inputs="\n  x: {shape: [N, C], dtype: 'object'}"), REFUSED
    yield "grad-code", layer(inputs="\n  x: {shape: [N, C], grad: 'os'}"), REFUSED
    yield "modes-code", layer(modes="\n  eval: {exec: {a: b}}"), REFUSED
    yield "mode-train", layer(modes="\n  train: {outputs: {'y[n, c]': 'x[n, c]'}}"), REFUSED


def types() -> Iterator[Entry]:
    yield "bool-layer", layer(layer="true"), EITHER
    yield "date", layer(layer="2001-01-01"), REFUSED
    yield "norway", layer(inputs="\n  no: [N]\n  yes: [N]", outputs="\n  y[n]: no[n]*yes[n]"), LEGAL
    yield "y-n-on-off", layer(inputs="\n  on: [N]\n  off: [N]", outputs="\n  y[n]: on[n]*off[n]"), LEGAL
    yield "equals", layer(inputs="\n  =: [N]"), REFUSED
    yield "merge-as-name", layer(inputs="\n  <<: [N]"), REFUSED
    yield "boolean-size", layer(inputs="\n  x: [true, C]", outputs="\n  y[c]: Sum(x[k, c], k)"), EITHER
    yield "float-label", layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: 1.5}", outputs="\n  y[n]: x[n, t[n]]"), REFUSED
    yield "values-code", layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: \"exec('1')\"}", outputs="\n  y[n]: x[n, t[n]]"), REFUSED


def semantics() -> Iterator[Entry]:
    yield "self-reference", layer(outputs="\n  y[n, c]: y[n, c] + x[n, c]"), REFUSED
    yield "cycle", layer(where="\n  a[n]: b[n] + x[n, 0]\n  b[n]: a[n]", outputs="\n  y[n]: a[n]"), REFUSED
    yield "no-start", layer(outputs="\n  h[n, c]: h[n - 1, c] + x[n, c]"), REFUSED
    yield "both-sides", layer(outputs="\n  h[-1, c]: 0\n  h[n, c]: h[n - 1, c] + h[n + 1, c] + x[n, c]"), REFUSED
    yield "dims-cycle", layer(dims="\n  P: Q + 1\n  Q: P + 1", inputs="\n  x: [N, P, Q]", outputs="\n  y[n]: x[n, 0, 0]"), REFUSED
    yield "dims-itself", layer(dims="\n  P: P + 1", inputs="\n  x: [N, P]", outputs="\n  y[n]: x[n, 0]"), REFUSED
    yield "stacked-dims", layer(
        dims="\n  P0: N*N" + "".join(f"\n  P{k}: P{k - 1}*P{k - 1}" for k in range(1, 200)), indices="\n  p: P199", outputs="\n  y[p]: x[0, 0]"
    ), EITHER  # fmt: skip
    yield "many-lines", layer(where="".join(f"\n  v{k}[n]: x[n, {k}]" for k in range(30_000)), outputs="\n  y: 1"), REFUSED
    yield "many-arguments", line("Max(" + ", ".join(["x[n, c]"] * 50_000) + ")"), EITHER
    yield "many-branches", line("Piecewise(" + ", ".join(f"({k}, x[n, c] > {k})" for k in range(20_000)) + ", (0, True))"), EITHER
    yield "many-binders", line("Sum(x[n, c], " + ", ".join(f"k{k}" for k in range(5_000)) + ")"), REFUSED
    yield "wide-sum", line(" + ".join(f"{k}*x[n, c]**{k}" for k in range(2, 3000))), EITHER
    yield "expanding-power", line("(x[n, c] + 1)**100000"), EITHER
    yield "expanding-product", line("*".join(f"(x[n, c] + {k})" for k in range(300))), EITHER
    yield "exponential-min-max", line("Max(Min(" * 40 + "x[n, c]" + f", {1}), 0)" * 40), EITHER
    yield "division-of-sums", line("/".join(f"(Sum(x[n, k], k) + {k})" for k in range(1, 60))), EITHER
