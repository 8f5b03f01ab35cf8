"""Inputs to judge a layer at: sizes, tensors and hyperparameters."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from symback.core.expr import Node
from symback.core.program import LEADING, Distribution, Kind, Program, Role, Tensor
from symback.core.sizes import size_of
from symback.evaluate.arithmetic import double
from symback.evaluate.grids import Grid, Values

MAX_SIZES = 300
LEADING_SHAPE = (2, 2)
"""The leading axes that a module is called with where a layer has them."""


@dataclass(frozen=True, slots=True)
class Point:
    """Where a layer is checked. Tensors have the program's shapes: leading axes are one axis."""

    sizes: Mapping[str, int]
    tensors: Mapping[str, np.ndarray]
    hyperparameters: Mapping[str, object]


def hyperparameter_values(program: Program) -> dict[str, object]:
    """The defaults: bool, int, or Fraction."""
    return {h.name: h.default for h in program.hyperparameters}


def sizes_to_try(program: Program) -> Iterator[dict[str, int]]:
    """Sizes for the plain dimensions, the derived ones worked out; those of `check: dims` where given, small distinct ones else.

    Many proposals, since a derived dimension may need larger or even ones; none in which a size would be below 1.
    """
    hyper = hyperparameter_values(program)
    seen: list[dict[str, int]] = []
    for sizes in itertools.islice(_proposed_sizes(program), 2000):
        try:
            for name, value in program.derived:
                sizes[name] = size_of(value, sizes, hyper)
            shapes = [size_of(s, sizes, hyper) for t in program.tensors for s in t.shape]
        except (ZeroDivisionError, OverflowError):
            continue
        if sizes not in seen and min([1, *shapes, *(sizes[n] for n, _ in program.derived)]) >= 1:
            seen.append(sizes)
            yield sizes
        if len(seen) >= MAX_SIZES:
            return


def _proposed_sizes(program: Program) -> Iterator[dict[str, int]]:
    plain = [d for d in program.dims if d not in program.check_dims]
    fixed = dict(program.check_dims)
    if LEADING in program.dims:
        fixed[LEADING] = int(np.prod(LEADING_SHAPE))
    for cycle in ((3, 4, 5, 2, 6), (4, 6, 5, 3, 7), (7, 8, 6, 5, 9), (8,), (12, 10, 16, 9, 11), (1,), (16,)):
        yield {d: cycle[k % len(cycle)] for k, d in enumerate(plain)} | fixed
    rng = np.random.default_rng(0)
    while True:
        yield {d: int(v) for d, v in zip(plain, rng.choice((1, 2, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12), len(plain)), strict=True)} | fixed


Shape = Callable[[np.ndarray, np.random.Generator], np.ndarray]

SHAPES: tuple[Shape, ...] = (
    lambda v, rng: v,
    lambda v, rng: np.abs(v),
    lambda v, rng: 0.05 + 0.9 * rng.random(v.shape),
    lambda v, rng: 1 + np.abs(v),
    lambda v, rng: -np.abs(v),
    lambda v, rng: 10 + np.abs(v),
)
"""What becomes of normal numbers where a layer says nothing of its inputs: tried in turn until the layer is defined there."""


def drawn(program: Program, sizes: Mapping[str, int], rng: np.random.Generator, shape: Shape = SHAPES[0]) -> Point:
    """A random point at these sizes, whatever the layer assumes; `shape` maps the floats that the layer does not describe."""
    hyper = hyperparameter_values(program)
    tensors = {}
    for t in program.tensors:
        values = _tensor(program, t, sizes, hyper, rng)
        free = t.kind is Kind.FLOAT and t.role is not Role.RANDOM and t.name not in program.check_values
        tensors[t.name] = np.asarray(shape(values, rng)) if free else values
    return Point(sizes, tensors, hyper)


def _tensor(
    program: Program, tensor: Tensor, sizes: Mapping[str, int], hyper: Mapping[str, object], rng: np.random.Generator
) -> np.ndarray:
    shape = tuple(size_of(s, sizes, hyper) for s in tensor.shape)
    given = program.check_values.get(tensor.name)
    if tensor.kind is Kind.BOOL:
        return rng.random(shape) < 0.7
    if tensor.kind is Kind.INT and given is None:
        high = 8 if tensor.values is None else size_of(tensor.values, sizes, hyper)
        labels = rng.integers(0, max(high, 1), shape)
        if tensor.also:
            labels = np.where(rng.random(shape) < 0.2, rng.choice(np.array(tensor.also), shape), labels)
        return np.asarray(labels, np.int64)
    chosen = given or (tensor.init if tensor.role is Role.RANDOM else None) or Distribution("normal", ())
    values = _sampled(chosen, shape, sizes, hyper, rng)
    return values.astype(np.int64) if tensor.kind is Kind.INT else values


def _sampled(
    chosen: Distribution, shape: tuple, sizes: Mapping[str, int], hyper: Mapping[str, object], rng: np.random.Generator
) -> np.ndarray:
    a = [scalar(n, sizes, hyper) for n in chosen.arguments]
    if chosen.name == "constant":
        return np.full(shape, a[0])
    if chosen.name == "normal":
        mean, sd = a or (0.0, 1.0)
        return np.asarray(rng.normal(mean, sd, shape))
    if chosen.name == "uniform":
        low, high = a or (0.0, 1.0)
        return np.asarray(rng.uniform(low, high, shape))
    return (rng.random(shape) < a[0]).astype(np.float64)


def scalar(node: Node, sizes: Mapping[str, int], hyper: Mapping[str, object]) -> float:
    """The float that an expression of dimensions and hyperparameters has."""
    empty = Program("", "", (), (), (), (), {}, ())
    grid = Grid(Values(empty, double(), sizes, hyper, {}), (), {}, {})
    return float(grid.real(node).reshape(()))


def default_as_float(value: object) -> object:
    """A hyperparameter as a module takes it: Fractions are floats."""
    return float(value) if isinstance(value, Fraction) else value
