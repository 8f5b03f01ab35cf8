"""Inputs to judge a layer at: sizes, tensors and hyperparameters that satisfy what the layer assumes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from symback.check.arithmetic import double
from symback.check.grids import Grid, Values
from symback.core.expr import Node, Op, reads
from symback.core.program import LEADING, Distribution, Kind, Program, Role, Tensor
from symback.core.sizes import size_of

LEADING_SHAPE = (2, 2)
"""The leading axes that a module is called with where a layer has them."""


class CannotSample(Exception):
    """No inputs were found that satisfy the layer's assumptions; the text says which one failed."""


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

    Several proposals, since a derived dimension may need larger or even ones; none in which a dimension would be below 1.
    """
    hyper = hyperparameter_values(program)
    plain = [d for d in program.dims if d not in program.check_dims]
    seen = []
    for cycle in (
        (3, 4, 5, 2, 6),
        (4, 6, 5, 3, 7),
        (7, 8, 6, 5, 9),
        (8, 8, 8, 8, 8),
        (12, 10, 16, 9, 11),
        (1, 1, 1, 1, 1),
        (16, 16, 16, 16, 16),
    ):
        sizes = {d: cycle[k % len(cycle)] for k, d in enumerate(plain)} | dict(program.check_dims)
        if LEADING in program.dims:
            sizes[LEADING] = int(np.prod(LEADING_SHAPE))
        try:
            for name, value in program.derived:
                sizes[name] = size_of(value, sizes, hyper)
            shapes = [size_of(s, sizes, hyper) for t in program.tensors for s in t.shape]
        except (ZeroDivisionError, OverflowError):
            continue
        if sizes not in seen and min([1, *shapes, *(sizes[n] for n, _ in program.derived)]) >= 1:
            seen.append(sizes)
            yield sizes


def drawn(program: Program, sizes: Mapping[str, int], rng: np.random.Generator) -> Point:
    """A random point at these sizes.

    Raises:
        CannotSample: no inputs satisfying the assumptions were found.
    """
    hyper = hyperparameter_values(program)
    tensors = {t.name: _tensor(program, t, sizes, hyper, rng) for t in program.tensors}
    point = Point(sizes, tensors, hyper)
    return _assumed(program, point, rng) if program.assumptions else point


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


# ---------------------------------------------------------------------------------------------- assumptions


def _assumed(program: Program, point: Point, rng: np.random.Generator) -> Point:
    """The point moved until every assumption holds: proposals of several shapes, each projected by Gauss-Newton steps."""
    mentioned = [n for n in dict.fromkeys(r.data for a in program.assumptions for r in reads(a)) if program.tensor(n).kind is Kind.FLOAT]
    proposals = (
        lambda v: v,
        np.abs,
        lambda v: 0.05 + 0.9 * rng.random(v.shape),
        lambda v: 1 + np.abs(v),
        lambda v: -np.abs(v),
        lambda v: 10 + np.abs(v),
    )
    for shaped in proposals:
        for _ in range(3):
            trial = {n: shaped(rng.normal(0, 1, point.tensors[n].shape)) for n in mentioned if n not in program.check_values}
            moved = replace(point, tensors={**point.tensors, **trial})
            moved = _projected(program, moved, [n for n in mentioned if moved.tensors[n].size], rng)
            if satisfies(program, moved):
                return moved
    failing = next((a for a in program.assumptions if not _holds(program, moved, a)), program.assumptions[0])
    raise CannotSample(
        f"no inputs were found for which {failing!r} holds; give values for {', '.join(mentioned) or 'its tensors'} under check:"
    )


def _projected(program: Program, point: Point, names: list[str], rng: np.random.Generator) -> Point:
    """A few Gauss-Newton steps toward the set where the relations hold, derivatives by differences."""
    for _ in range(12):
        residual = _violations(program, point)
        if not np.isfinite(residual).all() or not names or np.abs(residual).max(initial=0) < 1e-14:
            return point
        columns, places = [], []
        for name in names:
            for flat in range(point.tensors[name].size):
                nudged = point.tensors[name].copy()
                nudged.reshape(-1)[flat] += 1e-6
                columns.append((_violations(program, replace(point, tensors={**point.tensors, name: nudged})) - residual) / 1e-6)
                places.append((name, flat))
        if len(places) > 400:
            return point
        step = np.linalg.lstsq(np.nan_to_num(np.stack(columns, axis=1)), -residual, rcond=1e-8)[0]
        moved = {name: point.tensors[name].copy() for name in names}
        for (name, flat), change in zip(places, step, strict=True):
            moved[name].reshape(-1)[flat] += change
        point = replace(point, tensors={**point.tensors, **moved})
    return point


def _relations(node: Node) -> Iterator[Node]:
    if node.op is Op.AND:
        for a in node.args:
            yield from _relations(a)
    else:
        yield node


def _grid(program: Program, point: Point, relation: Node) -> Grid:
    state = Values(
        program, double(), point.sizes, point.hyperparameters, dict(point.tensors), kinds={t.name: t.kind for t in program.tensors}
    )
    free = sorted(relation.free, key=lambda i: str(i.data))
    grid = Grid(state, (), {i: k for k, i in enumerate(free)}, {})
    grid.extents = [size_of(i.args[0], point.sizes, point.hyperparameters) for i in free]
    return grid


def _violations(program: Program, point: Point) -> np.ndarray:
    """How far each relation is from holding, element by element; an inequality is to hold with some room."""
    out = [np.zeros(0)]
    with np.errstate(all="ignore"):
        for relation in (r for a in program.assumptions for r in _relations(a)):
            if relation.op is not Op.COMPARE or relation.data == "!=":
                continue
            grid = _grid(program, point, relation)
            gap = grid.real(relation.args[0]) - grid.real(relation.args[1])
            room = 0.01 if relation.data == "<" else 0.0
            out.append(np.asarray(gap if relation.data == "==" else np.maximum(gap + room, 0)).reshape(-1))
    return np.concatenate(out)


def _holds(program: Program, point: Point, assumption: Node) -> bool:
    with np.errstate(all="ignore"):
        for relation in _relations(assumption):
            grid = _grid(program, point, relation)
            if relation.op is Op.COMPARE and relation.data == "==":
                left, right = grid.real(relation.args[0]), grid.real(relation.args[1])
                if not (np.abs(left - right) <= 1e-10 * np.maximum(1, np.abs(right))).all():
                    return False
            elif not grid.condition(relation).all():
                return False
    return True


def satisfies(program: Program, point: Point) -> bool:
    """Whether every assumption of the layer holds at a point."""
    return all(_holds(program, point, a) for a in program.assumptions)


def default_as_float(value: object) -> object:
    """A hyperparameter as a module takes it: Fractions are floats."""
    return float(value) if isinstance(value, Fraction) else value
