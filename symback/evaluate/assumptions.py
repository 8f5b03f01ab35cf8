"""What a layer assumes of its inputs: whether it holds at a point, and how a point is moved until it does."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from symback.core.expr import Node, Op, reads
from symback.core.program import Kind, Program
from symback.evaluate.arithmetic import double
from symback.evaluate.grids import Grid, Values
from symback.evaluate.inputs import Point

ROOM = 0.01
"""By how much a point is moved inside an inequality."""


def projected(program: Program, point: Point) -> Point:
    """A few Gauss-Newton steps from a point toward the set where the relations hold, derivatives by differences."""
    names = [n for n in mentioned(program) if point.tensors[n].size and n not in program.check_values]
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
    grid.extents = [grid.extent(i) for i in free]
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
            out.append(np.asarray(gap if relation.data == "==" else np.maximum(gap + ROOM, 0)).reshape(-1))
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
    return failing(program, point) is None


def failing(program: Program, point: Point) -> Node | None:
    """The first assumption that does not hold at a point."""
    return next((a for a in program.assumptions if not _holds(program, point, a)), None)


def mentioned(program: Program) -> list[str]:
    """The float tensors of which the layer assumes something."""
    found = dict.fromkeys(r.data for a in program.assumptions for r in reads(a))
    return [n for n in found if program.tensor(n).kind is Kind.FLOAT]
