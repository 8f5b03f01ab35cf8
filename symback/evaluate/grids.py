"""The value of an expression on a grid: one axis an index in scope."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from math import prod

import numpy as np

from symback.core.expr import (
    BEYOND_INTEGERS,
    HALF,
    NEG_INF,
    ONE,
    Node,
    Op,
    Reduction,
    branches,
    is_indicator,
    is_whole,
    opened,
    reduction,
    split_coefficient,
)
from symback.core.program import Kind, Program
from symback.core.sizes import size_of
from symback.evaluate.arithmetic import Arithmetic
from symback.evaluate.comparisons import compared, compared_exactly
from symback.evaluate.reductions import neutral, reduced
from symback.functions.ordinary import WRITTEN_OUT

LARGE = 1 << 16
"""Elements of a product beyond which a sum of it is worked out as a contraction."""


class UnknownFunction(Exception):
    """A function that an arithmetic does not have."""


@dataclass
class Values:
    """What a program is evaluated at, and what has been worked out so far.

    arrays    tensors and definitions by name; a definition's first element stands at position `origin`
    frozen    values of `stop_gradient` at the point where derivatives are taken; filled by the first evaluation
    strayed   whether an element was read that does not exist, where no condition excludes it
    """

    program: Program
    arithmetic: Arithmetic
    sizes: Mapping[str, int]
    hyperparameters: Mapping[str, object]
    arrays: dict[str, np.ndarray]
    origin: dict[str, tuple[int, ...]] = field(default_factory=dict)
    kinds: dict[str, Kind] = field(default_factory=dict)
    outside: dict[str, Node] = field(default_factory=dict)
    frozen: dict[tuple, np.ndarray] = field(default_factory=dict)
    hold: bool = False
    strayed: bool = False


class Grid:
    """Indices in scope, each an axis or fixed at a step. Every array has as many axes as there are indices."""

    def __init__(self, state: Values, place: tuple, axes: dict[Node, int], steps: dict[Node, int]):
        self.state, self.place, self.axes, self.steps = state, place, axes, steps
        self.extents: list[int] = []
        self.reals: dict[int, np.ndarray] = {}
        self.integers: dict[int, np.ndarray] = {}
        self.reached: np.ndarray | None = None  # where the value that is being worked out is used; None is everywhere

    def size(self, node: Node) -> int:
        return size_of(node, self.state.sizes, self.state.hyperparameters)

    def extent(self, idx: Node) -> int:
        """How many values an index has; a range whose end lies before its start has none."""
        return max(0, self.size(idx.args[0]))

    def of_kind(self, node: Node, kind: Kind) -> np.ndarray:
        return {Kind.FLOAT: self.real, Kind.INT: self.integer, Kind.BOOL: self.condition}[kind](node)

    def scalar(self, value: object, dtype: object) -> np.ndarray:
        out = np.empty((1,) * len(self.extents), dtype)
        out[...] = value
        return out

    def line(self, idx: Node) -> np.ndarray:
        """The positions of an index, along its axis."""
        if idx in self.steps:
            return self.scalar(self.steps[idx], np.int64)
        axis = self.axes[idx]
        return np.arange(self.extents[axis]).reshape([-1 if k == axis else 1 for k in range(len(self.extents))])

    def held(self, node: Node) -> tuple:
        """What tells a `stop_gradient` from every other one."""
        return (*self.place, node.digest, len(self.extents), tuple(sorted((i.digest, self.axes.get(i, -1)) for i in node.free)))

    # ---------------------------------------------------------------------------------- three sorts of value

    def real(self, node: Node) -> np.ndarray:
        """The value as a number of the arithmetic."""
        known = self.reals.get(node.digest)
        if known is None:
            known = self.reals[node.digest] = np.asarray(self._real(node), self.state.arithmetic.dtype)
        return known

    def _real(self, node: Node) -> np.ndarray:
        arithmetic, op = self.state.arithmetic, node.op
        if op is Op.NUM:
            return self.scalar(arithmetic.number(node.data), arithmetic.dtype)
        if op is Op.CONST:
            constants = {"pi": arithmetic.pi, "oo": arithmetic.infinity, "-oo": -arithmetic.infinity}
            return self.scalar(constants[node.data], arithmetic.dtype)
        if op is Op.HYPER:
            value = self.state.hyperparameters[node.data]
            return self.scalar(arithmetic.number(Fraction(value)), arithmetic.dtype)
        if op in (Op.INDEX, Op.DIM) or (op is Op.CALL and node.data in _DIVISIONS):
            return arithmetic.array(self.integer(node))
        if op is Op.READ:
            values = self.read(node)
            return values if self.state.kinds[node.data] is Kind.FLOAT else arithmetic.array(values)
        if op in (Op.COMPARE, Op.AND, Op.OR, Op.NOT, Op.BOOL):
            return arithmetic.array(self.condition(node))
        return {
            Op.ADD: self.sum,
            Op.MUL: self.product,
            Op.POW: self.power,
            Op.CALL: self.call,
            Op.PIECEWISE: self.piecewise,
            Op.REDUCE: self.reduce,
        }[op](node)

    def integer(self, node: Node) -> np.ndarray:
        """The value as an integer."""
        known = self.integers.get(node.digest)
        if known is None:
            known = self.integers[node.digest] = self._integer(node)
        return known

    def _integer(self, node: Node) -> np.ndarray:
        op = node.op
        if op is Op.INDEX:
            return self.line(node)
        if op in (Op.DIM, Op.HYPER):
            return self.scalar(self.size(node), np.int64)
        if op is Op.NUM and node.data.denominator == 1:
            return self.scalar(int(node.data), np.int64)
        if op is Op.READ and self.state.kinds[node.data] is not Kind.FLOAT:
            return self.read(node).astype(np.int64)
        if op in (Op.ADD, Op.MUL) and all(self.is_integer(a) for a in node.args):
            parts = [self.integer(a) for a in node.args]
            out = parts[0]
            for p in parts[1:]:
                out = out + p if op is Op.ADD else out * p
            return out
        if op is Op.POW and all(self.is_integer(a) for a in node.args):
            return self.integer(node.args[0]) ** np.maximum(self.integer(node.args[1]), 0)
        if op is Op.CALL and node.data in _INTEGER_CALLS and (node.data in _DIVISIONS or all(self.is_integer(a) for a in node.args)):
            parts = [self.integer(a) for a in node.args]
            return np.abs(parts[0]) if node.data == "Abs" else _folded(_INTEGER_CALLS[node.data], parts)
        if op is Op.PIECEWISE:
            out = self.integer(node.args[-2])
            for value, condition in reversed(branches(node)[:-1]):
                out = np.where(self.condition(condition), self.integer(value), out)
            return out
        value = np.asarray(self.state.arithmetic.real(self.real(node)))
        return np.rint(np.nan_to_num(value.astype(np.float64))).astype(np.int64)

    def condition(self, node: Node) -> np.ndarray:
        """The value as true or false."""
        op = node.op
        if op is Op.BOOL:
            return self.scalar(node.data, bool)
        if op is Op.READ:
            return self.read(node).astype(bool)
        if op is Op.NOT:
            return ~self.condition(node.args[0])
        if op in (Op.AND, Op.OR):
            return _folded(np.logical_and if op is Op.AND else np.logical_or, [self.condition(a) for a in node.args])
        if op is Op.HYPER:
            return self.scalar(bool(self.state.hyperparameters[node.data]), bool)
        if op is Op.PIECEWISE:
            out = self.condition(node.args[-2])
            for value, when in reversed(branches(node)[:-1]):
                out = np.where(self.condition(when), self.condition(value), out)
            return out
        if op is not Op.COMPARE:
            return self.real(node) != 0
        if all(self.is_integer(a) for a in node.args):
            left, right = (self.integer(a) for a in node.args)
            return compared_exactly(node.data, left, right)
        return compared(node.data, *(self.state.arithmetic.real(self.real(a)) for a in node.args))

    def is_integer(self, node: Node) -> bool:
        """Whether the value is an integer for every input."""
        op = node.op
        if op in (Op.INDEX, Op.DIM):
            return True
        if op is Op.NUM:
            return node.data.denominator == 1 and abs(node.data) < BEYOND_INTEGERS
        if op is Op.HYPER:
            return isinstance(self.state.hyperparameters[node.data], int)
        if op is Op.READ:
            return self.state.kinds[node.data] is not Kind.FLOAT
        if op is Op.REDUCE:
            return node.data in (Reduction.ARGMAX, Reduction.ARGMIN)
        if op is Op.CALL:
            return node.data in ("floor", "ceiling", "round") or (node.data in _INTEGER_CALLS and all(map(self.is_integer, node.args)))
        if op is Op.PIECEWISE:
            return all(self.is_integer(v) for v, _ in branches(node))
        if op is Op.POW:
            return all(map(self.is_integer, node.args)) and not (node.args[1].op is Op.NUM and node.args[1].data < 0)
        return op in (Op.ADD, Op.MUL) and all(map(self.is_integer, node.args))

    # ---------------------------------------------------------------------------------------- kinds of node

    def read(self, node: Node) -> np.ndarray:
        """Elements of a tensor; beyond its range what it declares, or the nearest element."""
        array = self.state.arrays[node.data]
        origin = self.state.origin.get(node.data, (0,) * array.ndim)
        part = self.part(node, array, origin)
        if part is not None:
            return part
        where = [self.integer(a) - o for a, o in zip(node.args, origin, strict=True)]
        if not where:
            return self.scalar(array[()], array.dtype)
        beyond = np.zeros((1,) * len(self.extents), bool)
        for position, size in zip(where, array.shape, strict=True):
            beyond = beyond | (position < 0) | (position >= size)
        shape = np.broadcast_shapes(*(w.shape for w in where))
        if 0 in array.shape:
            out = self.padding(node.data, shape, array.dtype)
        else:
            out = array[tuple(np.clip(w, 0, s - 1) for w, s in zip(where, array.shape, strict=True))]
        if node.data in self.state.outside:
            if beyond.any():
                out = np.where(beyond, self.real(self.state.outside[node.data]), out)
        elif (beyond if self.reached is None else beyond & self.reached).any():
            self.state.strayed = True
        return out

    def part(self, node: Node, array: np.ndarray, origin: tuple[int, ...]) -> np.ndarray | None:
        """The elements as a part of the tensor, its axes where the grid has them; None unless each position is an index over a
        whole axis, each another, or fixed at a step."""
        cut: list[int | slice] = []
        places: list[int] = []
        for position, start, size in zip(node.args, origin, array.shape, strict=True):
            if position in self.steps and 0 <= self.steps[position] - start < size:
                cut.append(self.steps[position] - start)
                continue
            axis = self.axes.get(position)
            if axis is None or start or self.extents[axis] != size or axis in places or position in self.steps:
                return None
            cut.append(slice(None))
            places.append(axis)
        shape = [1] * len(self.extents)
        for axis in places:
            shape[axis] = self.extents[axis]
        return array[(*cut, ...)].transpose(sorted(range(len(places)), key=places.__getitem__)).reshape(shape)

    def padding(self, name: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
        """What reading an empty tensor gives."""
        fill = self.real(self.state.outside[name]).reshape(())[()] if name in self.state.outside else 0
        return np.full(shape, fill, dtype)

    def sum(self, node: Node) -> np.ndarray:
        """The sum; u - LogSumExp u is -oo where all entries of the row are."""
        out = _folded(np.add, [self.real(a) for a in node.args])
        for term in node.args:
            c, row = split_coefficient(term)
            if c == -1 and row.op is Op.REDUCE and row.data is Reduction.LOGSUMEXP:
                out = np.where(self.state.arithmetic.real(self.real(row)) == -np.inf, self.real(NEG_INF), out)
        return out

    def product(self, node: Node) -> np.ndarray:
        """A condition as 1 or 0 decides: where it does not hold the product is 0, whatever the other factors are."""
        masks = [a for a in node.args if is_indicator(a)]
        out = _folded(np.multiply, [self.real(a) for a in node.args if a not in masks] or [self.real(ONE)])
        for mask in masks:
            out = np.where(self.condition(mask.args[1]), out, np.zeros((), out.dtype))
        for total in (f.args[0] for f in node.args if f.op is Op.POW and _is_sum_of_exponentials(f.args[0])):
            if (self.state.arithmetic.real(self.real(total)) == 0).any():
                largest = self.state.arithmetic.real(self.real(_largest_exponent(total)))
                out = np.where(largest == -np.inf, np.zeros((), out.dtype), out)  # a softmax row all of -oo
        return out

    def power(self, node: Node) -> np.ndarray:
        base, exponent = node.args
        x, arithmetic = self.real(base), self.state.arithmetic
        if exponent == HALF:
            return arithmetic.sqrt(x)
        if exponent.op is Op.NUM and exponent.data.denominator == 1 and 0 < exponent.data <= 4:
            return _folded(np.multiply, [x] * int(exponent.data))
        if exponent.op is Op.NUM and exponent.data == -1 and arithmetic.dtype != np.dtype(object):
            return 1 / x
        return arithmetic.power(x, self.real(exponent))

    def call(self, node: Node) -> np.ndarray:
        name, arithmetic = node.data, self.state.arithmetic
        if name == "stop_gradient":
            key = self.held(node)
            if self.state.hold:
                return arithmetic.array(self.state.frozen[key])
            out = self.real(node.args[0])
            self.state.frozen[key] = np.asarray(arithmetic.real(out))
            return out
        if name in WRITTEN_OUT and name not in arithmetic.functions:
            return self.real(WRITTEN_OUT[name](*node.args))
        parts = [self.real(a) for a in node.args]
        if name in ("Max", "Min"):
            better = np.greater if name == "Max" else np.less
            return _folded(lambda a, b: np.where(better(arithmetic.real(a), arithmetic.real(b)) | _is_nan(a), a, b), parts)
        if name in arithmetic.functions:
            return arithmetic.functions[name](*parts)
        if name not in self.state.program.functions:
            raise UnknownFunction(name)
        return self.state.program.functions[name](*parts)

    def piecewise(self, node: Node) -> np.ndarray:
        before, left, chosen = self.reached, self.reached, []
        for value, condition in branches(node):
            here = self.condition(condition)
            self.reached = here if left is None else here & left
            chosen.append((here, self.real(value)))
            left = ~here if left is None else ~here & left
            self.reached = left
        self.reached = before
        out = chosen[-1][1]
        for here, value in reversed(chosen[:-1]):
            out = np.where(here, value, out)
        return out

    def reduce(self, node: Node) -> np.ndarray:
        """A reduction: new axes for its indices, positions beyond the limits neutral, then the axes taken away."""
        bound = node.args[1::3]
        binders = list(zip(bound, node.args[2::3], node.args[3::3], strict=True))
        inner, rank = self.inside(bound), len(self.extents)
        factors = node.args[0].args if node.args[0].op is Op.MUL else (node.args[0],)
        if node.data is Reduction.SUM and len(factors) > 1 and prod(inner.extents) > LARGE and all(map(is_whole, binders)):
            return inner.contracted([inner.real(f) for f in factors], rank)
        allowed = np.ones((1,) * len(inner.extents), bool)
        for index, low, high in binders:
            if not is_whole((index, low, high)):
                line = inner.line(index)
                allowed = allowed & (inner.integer(low) <= line) & (line <= inner.integer(high))
        inner.reached = allowed if self.reached is None else self.reached.reshape(*self.reached.shape, *(1,) * len(bound)) & allowed
        body = inner.real(node.args[0])
        body = np.broadcast_to(body, [e if k >= rank else n for k, (e, n) in enumerate(zip(inner.extents, body.shape, strict=True))])
        if not allowed.all():
            body = np.where(allowed, body, neutral(node.data, self.state.arithmetic))
        shape = body.shape[:rank]
        return reduced(self.state.arithmetic, node.data, body.reshape(*shape, int(np.prod(body.shape[rank:]))))

    def contracted(self, factors: list[np.ndarray], rank: int) -> np.ndarray:
        """The sum over all axes from `rank` on of a product, without making the product."""
        seen = [[k for k, size in enumerate(f.shape) if size > 1] for f in factors]
        repeats = prod(e for k, e in enumerate(self.extents) if k >= rank and not any(k in axes for axes in seen))
        kept = sorted({k for axes in seen for k in axes if k < rank})
        operands = [part for f, axes in zip(factors, seen, strict=True) for part in (f.reshape([f.shape[k] for k in axes]), axes)]
        out = np.einsum(*operands, kept) * repeats
        return out.reshape([self.extents[k] if k in kept else 1 for k in range(rank)])

    def inside(self, bound: tuple[Node, ...]) -> Grid:
        scope = Grid(self.state, self.place, dict(self.axes), self.steps)
        scope.extents = [*self.extents, *(self.extent(b) for b in bound)]
        scope.axes |= {b: len(self.extents) + k for k, b in enumerate(bound)}
        return scope


_DIVISIONS = ("floordiv", "mod")
_INTEGER_CALLS = {"floordiv": np.floor_divide, "mod": np.mod, "Min": np.minimum, "Max": np.maximum, "Abs": np.abs}


def _folded(operation: Callable, parts: list[np.ndarray]) -> np.ndarray:
    out = parts[0]
    for p in parts[1:]:
        out = operation(out, p)
    return out


def _is_nan(values: np.ndarray) -> np.ndarray:
    return np.asarray(values != values, bool)


def _is_sum_of_exponentials(node: Node) -> bool:
    body = node.args[0] if node.op is Op.REDUCE and node.data is Reduction.SUM else None
    return body is not None and body.op is Op.CALL and body.data == "exp"


def _largest_exponent(total: Node) -> Node:
    body, binders = opened(total)
    return reduction(Reduction.MAX, body.args[0], binders)
