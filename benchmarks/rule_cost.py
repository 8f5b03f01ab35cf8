"""What each stability rule costs in time: the right-hand side of its example over the left-hand side, both written as NumPy modules.

usage: python -m benchmarks.rule_cost [RULE ...] [--size N] [--rounds K]

Both are timed in turn, without any other rule, and the ratio of their least times is shown. Inputs lie between 0.1 and 0.9, where the
left-hand side is right as well: what is shown is the price of the common path. A ratio below 1 is a gain.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from unittest import mock

import numpy as np

from benchmarks.stability_cost import ratio
from symback import emit
from symback.api import Compiled
from symback.core.expr import Node, Op, reads, walk
from symback.core.program import Body, Definition, Equation, Group, Program, Role, Section, Tensor
from symback.rewrite.stability import GRADIENT_RULES, RULES


def program_of(value: Node) -> Program:
    """A layer that computes the expression, an input for each tensor that it reads."""
    indices = dict.fromkeys(n for n in walk(value) if n.op is Op.INDEX)
    axes = tuple(i for i in indices if i in value.free)
    whole = [r for r in reads(value) if all(i.op is Op.INDEX for i in r.args)]
    found = {str(r.data): Tensor(str(r.data), Role.INPUT, tuple(i.args[0] for i in r.args), grad=False) for r in whole}
    tensors = tuple(found[name] for name in sorted(found))
    line = Definition("out", Section.OUTPUT, axes, (Equation(axes, value),), low=(0,) * len(axes), high=(0,) * len(axes))
    dims = tuple(dict.fromkeys(str(s.data) for t in tensors for s in t.shape))
    return Program("rule", "", tensors, (), dims, (), {"train": Body((Group((line,)),), ("out",), {}, ())}, ())


def forward_of(value: Node) -> Callable:
    """The expression as a function of arrays, as it stands: no rule is applied to it."""
    with mock.patch("symback.calculus.derive.stabilise", lambda body, program: (body, ())):
        return Compiled(emit.build(program_of(value))).load().forward


def arrays_of(value: Node, size: int, dtype: type) -> list[np.ndarray]:
    """An array for each tensor of the expression, of `size` elements where it has all axes."""
    program, draw = program_of(value), np.random.default_rng(0)
    sizes = dict.fromkeys(program.dims, 64)
    if program.dims:
        sizes[program.dims[0]] = max(1, size // 64 ** (len(sizes) - 1))
    return [draw.uniform(0.1, 0.9, [sizes[str(s.data)] for s in t.shape]).astype(dtype) for t in program.tensors]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("rules", nargs="*", help="names of rules; all of them without it")
    parser.add_argument("--size", type=int, default=1 << 18, help="elements of an input")
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    rules = {r.name: r for r in (*RULES, *GRADIENT_RULES)}
    print(f"{'rule':40} {'float32':>8} {'float64':>8}   its form over the one that was written")
    for name in options.rules or rules:
        sides, found = rules[name].example, []
        modules = [forward_of(side) for side in sides]
        for dtype in (np.float32, np.float64):
            calls = [partial(f, *arrays_of(side, options.size, dtype)) for f, side in zip(modules, sides, strict=True)]
            with np.errstate(all="ignore"):  # the form that was written may leave the range
                found.append(ratio(calls[1], calls[0], options.rounds))
        print(f"{name:40} {found[0]:8.2f} {found[1]:8.2f}", flush=True)


if __name__ == "__main__":
    main()
