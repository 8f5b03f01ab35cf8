"""A layer in the language beside the same layer in torch, and the data to compare them on."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from textwrap import dedent

import numpy as np

from tests.oracle.document import Declared, read_text

Draw = Callable[[np.random.Generator, tuple[int, ...]], np.ndarray]
Sizes = Mapping[str, int]

_ARITHMETIC = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.FloorDiv: operator.floordiv}


@dataclass(frozen=True, slots=True)
class Unseen:
    """One layer.

    `reference(**tensors, **options)` gives torch's outputs, one tensor or a tuple in declared order; for a layer with state, a pair
    (outputs, next states). What is drawn by chance is read off: `reveals` names, for a keyword of the reference, the output that holds it.
    """

    text: str
    reference: Callable
    sizes: tuple[Sizes, ...]
    draws: Mapping[str, Draw]
    options: Mapping[str, object]
    mode: str | None
    reveals: Mapping[str, str]

    @property
    def label(self) -> str:
        return self.reference.__name__


def layer(
    text: str,
    *sizes: Sizes,
    options: Mapping[str, object] | None = None,
    mode: str | None = None,
    reveals: Mapping[str, str] | None = None,
    **draws: Draw,
) -> Callable[[Callable], Unseen]:
    """A decorator that puts a layer's text and sizes beside its reference."""
    return lambda reference: Unseen(dedent(text).lstrip(), reference, sizes, draws, options or {}, mode, reveals or {})


def arrays(case: Unseen, sizes: Sizes, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """By name, in float64, integers or bools, every tensor that the caller passes."""
    declared = read_text(case.text).tensors.values()
    passed = [t for role in ("input", "param", "state") for t in declared if t.role == role]
    return {tensor.name: _drawn(tensor, case, sizes, rng) for tensor in passed}


def differentiated(case: Unseen) -> tuple[str, ...]:
    """The tensors that have a gradient, as the file declares them."""
    read = read_text(case.text)
    floats = [t for role in ("input", "param") for t in read.tensors.values() if t.role == role]
    return tuple(t.name for t in floats if (t.grad if read.wrt is None else t.name in read.wrt))


def _drawn(tensor: Declared, case: Unseen, sizes: Sizes, rng: np.random.Generator) -> np.ndarray:
    known = {**{k: v for k, v in case.options.items() if isinstance(v, int)}, **sizes}
    shape = _shape(tensor.shape, known)
    if tensor.name in case.draws:
        return np.asarray(case.draws[tensor.name](rng, shape))
    if tensor.kind == "bool":
        return rng.random(shape) < 0.6
    if tensor.kind == "int":
        return rng.choice([*range(_size(tensor.values, known)), *tensor.also], shape)
    return np.asarray(rng.standard_normal(shape))


def _shape(written: Sequence[str], known: Sizes) -> tuple[int, ...]:
    """The sizes of a shape; `...` is two leading axes of 2 and 3."""
    return tuple(size for text in written for size in ((2, 3) if text == "..." else (_size(text, known),)))


def _size(text: str, known: Sizes) -> int:
    return _integer(ast.parse(text, mode="eval").body, known)


def _integer(tree: ast.expr, known: Sizes) -> int:
    match tree:
        case ast.Constant(value=int(value)):
            return value
        case ast.Name(id=name):
            return known[name]
        case ast.BinOp(left=left, op=op, right=right):
            return _ARITHMETIC[type(op)](_integer(left, known), _integer(right, known))
    raise ValueError(ast.unparse(tree))


def positive(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers between 0.2 and 3."""
    return rng.uniform(0.2, 3, shape)


def unit(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Numbers between 0.05 and 0.95."""
    return rng.uniform(0.05, 0.95, shape)


def signs(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """-1.0 or 1.0."""
    return rng.choice([-1.0, 1.0], shape)


def simplex(rng: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Positive numbers that sum to 1 over the last axis."""
    weights = rng.uniform(0.2, 3, shape)
    return weights / weights.sum(-1, keepdims=True)


def these(values: object) -> Draw:
    """The given array."""
    return lambda rng, shape: np.array(values)
