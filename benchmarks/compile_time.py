"""How long compiling takes: every library layer in one process, and generated networks of growing length.

    python benchmarks/compile_time.py                    # the library, then networks of 100, 300 and 1,000 statements
    python benchmarks/compile_time.py --statements 5000  # networks of that length alone

Times are of the processor, of this process alone, so that other work on the machine hardly shows.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import symback
from symback import frontend


def main() -> None:
    """Print a table of the library's slowest layers and the curve of each kind of network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--statements", type=int, nargs="*", help="lengths of the networks; without it the library is measured too")
    parser.add_argument("--slowest", type=int, default=12, help="how many library layers to list (default: %(default)s)")
    options = parser.parse_args()
    if options.statements is None:
        _library(options.slowest)
    for label, text in NETWORKS.items():
        for count in options.statements or (100, 300, 1000):
            seconds = _seconds(text(count))
            print(f"{label:20} {count:6,} statements  {seconds:8.2f} s  {1000 * seconds / count:6.2f} ms a statement", flush=True)


def _seconds(text: str) -> float:
    start = time.process_time()
    symback.compile(symback.loads(text))
    return time.process_time() - start


def _library(slowest: int) -> None:
    _seconds(frontend.library_text("linear"))  # what is made once, when the first layer is compiled, is not a layer's time
    times = sorted(((_seconds(frontend.library_text(name)), name) for name, _ in frontend.library_layers()), reverse=True)
    print(f"{len(times)} library layers: median {times[len(times) // 2][0]:.3f} s, all {sum(t for t, _ in times):.1f} s; the slowest:")
    for seconds, name in times[:slowest]:
        print(f"    {seconds:6.3f} s  {name}")


def elementwise_chain(count: int) -> str:
    """`count` elementwise statements, each of the one before it and every third of an earlier one as well."""
    lines = ["layer: chain", "inputs:", "  x: [N, D]", "where:", "  h0[n, d]: tanh(x[n, d])"]
    steps = ("sigmoid(h{p}[n, d]) + x[n, d]", "h{p}[n, d]*h{q}[n, d]", "tanh(h{p}[n, d])")
    for k in range(1, count - 1):
        lines.append(f"  h{k}[n, d]: {steps[k % 3].format(p=k - 1, q=max(k - 5, 0))}")
    return "\n".join([*lines, "outputs:", f"  y[n, d]: h{count - 2}[n, d] + h0[n, d]"]) + "\n"


def perceptron(count: int) -> str:
    """An affine map and a tanh in turn, `count` statements in all, then the mean of squares."""
    layers = max((count - 1) // 2, 1)
    lines = ["layer: perceptron", "inputs:", "  x: [N, D]", "params:"]
    for k in range(layers):
        lines += [f"  W{k}: [D, D]", f"  b{k}: [D]"]
    lines.append("where:")
    for k in range(layers):
        before = "x" if k == 0 else f"a{k - 1}"
        lines += [f"  z{k}[n, o]: Sum({before}[n, i]*W{k}[i, o], i) + b{k}[o]", f"  a{k}[n, o]: tanh(z{k}[n, o])"]
    return "\n".join([*lines, "outputs:", f"  loss: Mean(a{layers - 1}[n, o]**2, n, o)"]) + "\n"


def normalised(count: int) -> str:
    """A residual chain of centred, scaled values: four statements a block."""
    blocks = max((count - 1) // 4, 1)
    lines = ["layer: normalised", "inputs:", "  x: [N, D]", "params:", *(f"  g{k}: [D]" for k in range(blocks)), "where:"]
    before = "x"
    for k in range(blocks):
        lines += [f"  m{k}[n]: Mean({before}[n, d], d)", f"  v{k}[n]: Mean(({before}[n, d] - m{k}[n])**2, d)",
                  f"  u{k}[n, d]: g{k}[d]*({before}[n, d] - m{k}[n])/sqrt(v{k}[n] + 1e-5)", f"  r{k}[n, d]: {before}[n, d] + tanh(u{k}[n, d])"]  # fmt: skip
        before = f"r{k}"
    return "\n".join([*lines, "outputs:", f"  y[n, d]: {before}[n, d]"]) + "\n"


def transformer(count: int) -> str:
    """The library's transformer block, called again and again: with what it calls it comes to about 20 statements."""
    shapes = {"gamma1": "D", "beta1": "D", "Wq": "D, H, E", "Wk": "D, H, E", "Wv": "D, H, E", "Wo": "H, E, D", "gamma2": "D", "beta2": "D",
              "W1": "D, F", "b1": "F", "W2": "F, D", "b2": "D"}  # fmt: skip
    blocks = max(count // 20, 1)
    lines = ["layer: transformer", "inputs:", "  x0: [N, T, D]", "params:"]
    lines += [f"  {name}_{k}: [{shape}]" for k in range(blocks) for name, shape in shapes.items()]
    lines += ["where:", *(f"  x{k + 1}: transformer_block(x{k}, {', '.join(f'{name}_{k}' for name in shapes)})" for k in range(blocks))]
    return "\n".join([*lines, "outputs:", f"  y[n, t, d]: x{blocks}[n, t, d]"]) + "\n"


NETWORKS: dict[str, Callable[[int], str]] = {
    "elementwise chain": elementwise_chain,
    "perceptron": perceptron,
    "normalised residual": normalised,
    "transformer": transformer,
}


if __name__ == "__main__":
    main()
