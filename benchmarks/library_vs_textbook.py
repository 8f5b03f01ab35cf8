"""Forward and backward of library layers as symback compiles them, against the same layers in textbook NumPy.

    python benchmarks/library_vs_textbook.py [--small] [LAYER …]

With --small the elementwise layers alone, on arrays of 32 x 64, where what counts is the price of a call.
Float32; interleaved runs, the minimum of each side; outputs and gradients are compared first. A ratio below 1 means that the
compiled module is faster. Exit status 1 if a layer is slower than its textbook form by more than 5 %, or disagrees with it.
Set OMP_NUM_THREADS=1 for one thread.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from textbook import LAYERS as PLAIN
from textbook_attention import ATTENTION
from textbook_blocks import BLOCKS
from textbook_elementwise import ELEMENTWISE
from textbook_images import IMAGES
from textbook_losses import LOSSES
from textbook_places import PLACES
from textbook_probability import PROBABILITY
from textbook_sequences import SEQUENCES
from textbook_softmaxes import SOFTMAXES
from textbook_structured import STRUCTURED

import symback

LIBRARY = Path(symback.__file__).parent / "frontend" / "library"
SUBJECTS = (PLAIN, ELEMENTWISE, ATTENTION, STRUCTURED, IMAGES, SEQUENCES, BLOCKS, LOSSES, SOFTMAXES, PROBABILITY, PLACES)
LAYERS = {name: layer for subject in SUBJECTS for name, layer in subject.items()}
WITHOUT = dict.fromkeys(("noam", "one_cycle", "step_decay", "warmup_cosine"), "a number from a number: what would be measured is the call")
POSITIVE = {"running_var", "v", "A"}
SECONDS, TOLERANCE = 0.6, 2e-3
SMALL = slice(32), slice(64)


def drawn(arrays: dict, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Arguments by name: made by a function, labels where a size is given beside the shape, a seed, else float32 numbers."""
    made = {}
    for name, shape in arrays.items():
        if isinstance(shape, int):
            made[name] = shape
        elif callable(shape):
            made[name] = shape(rng)
        elif len(shape) == 2 and isinstance(shape[1], tuple):
            made[name] = rng.integers(0, shape[0], shape[1])
        elif shape == ():
            made[name] = np.array(3, np.float32)  # a count of steps
        else:
            scale = shape[0] ** -0.5 if name.startswith("W") else 1
            values = np.float32(scale) * rng.standard_normal(shape, dtype=np.float32)
            made[name] = np.abs(values) if name in POSITIVE else values
    return made


def seeded(arguments: dict) -> dict:
    """The arguments, with a generator of its own for each run where a layer draws."""
    return {k: np.random.default_rng(a) if k == "rng" else a for k, a in arguments.items()}


def compiled(name: str, arguments: dict, upstream: list | None):
    """A function of no arguments that runs the compiled layer once: (outputs, gradients)."""
    module = symback.compile(symback.load(LIBRARY / f"{name}.yaml")).load()

    def run() -> tuple[tuple, tuple]:
        result = module.forward(**seeded(arguments))
        if not hasattr(module, "backward"):
            return (result[0] if isinstance(result, tuple) else result,), ()
        outputs = result[0] if isinstance(result[0], tuple) else (result[0],)
        return outputs, module.backward(result[1], *(upstream or ones(outputs)))

    return run


def ones(outputs: tuple) -> list[np.ndarray]:
    return [np.ones_like(y) for y in outputs]


def agree(ours: tuple, theirs: tuple) -> bool:
    """Whether all outputs and gradients agree to float32 accuracy, relative to each array's largest element; one that is 0 but
    for rounding is compared with the largest of the others."""
    for a, b in zip(ours, theirs, strict=True):
        least = max([1e-3, *(1e-3 * np.abs(y).max() for y in b)])
        if any(np.abs(x - y).max() > TOLERANCE * max(least, np.abs(y).max()) for x, y in zip(a, b, strict=True)):
            return False
    return True


def minima(first, second) -> tuple[float, float]:
    """The least time of each in turns A B A B."""
    best = [float("inf"), float("inf")]
    end = time.perf_counter() + SECONDS
    while time.perf_counter() < end:
        for k, run in enumerate((first, second)):
            start = time.perf_counter()
            run()
            best[k] = min(best[k], time.perf_counter() - start)
    return best[0], best[1]


def main(words: list[str]) -> int:
    small, names = "--small" in words, [w for w in words if w != "--small"]
    rng = np.random.default_rng(0)
    ratios, failed = [], []
    print(f"{'layer':24}{'symback':>10}{'textbook':>10}{'ratio':>8}   {'microseconds' if small else 'milliseconds'}")
    for name in names or (ELEMENTWISE if small else LAYERS):
        textbook, arrays = LAYERS[name]
        arguments = drawn(arrays, rng)
        if small:
            arguments = {k: np.ascontiguousarray(a[SMALL]) if np.ndim(a) == 2 else a for k, a in arguments.items()}
        outputs = compiled(name, arguments, None)()[0]
        module_has_backward = textbook.__code__.co_argcount > len(arguments)
        upstream = [rng.standard_normal(np.shape(y)).astype(np.float32) for y in outputs] if module_has_backward else []
        ours, theirs = compiled(name, arguments, upstream), lambda: textbook(*seeded(arguments).values(), *upstream)  # noqa: B023
        if not agree(ours(), theirs()):
            failed.append(f"{name} disagrees with its textbook form")
            continue
        a, b = minima(ours, theirs)
        ratios.append(a / b)
        unit = 1e6 if small else 1e3
        print(f"{name:24}{a * unit:10.3f}{b * unit:10.3f}{a / b:8.2f}", flush=True)
        if a > 1.05 * b:
            failed.append(f"{name} is slower than its textbook form")
    if ratios:
        print(f"geometric mean of the ratios {np.exp(np.mean(np.log(ratios))):.2f}, worst {max(ratios):.2f}")
    for line in failed:
        print(line)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
