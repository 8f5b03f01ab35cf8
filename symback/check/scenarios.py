"""Where the accuracy of a layer is measured: magnitudes, signs, ties, offsets, and the neighbours of critical points."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from symback.core.expr import Node, Op, walk
from symback.core.program import Kind, Program, Role
from symback.evaluate.assumptions import satisfies
from symback.evaluate.inputs import Point

SCALES = (1e-30, 1e-20, 1e-12, 1e-8, 1e-6, 1e-4, 1e-3, 1e-2, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 1e2, 1e3, 1e4, 1e6, 1e10, 1e18, 1e30)
CRITICAL = (0.0, 0.5, 1.0, 2.0, 5.5, 9.5, 17.0, 37.0, 88.5, 89.0, 103.5, 709.5, 745.0)
"""Where functions that layers are made of change their regime, exp's thresholds in float32 and float64 among them."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """A point and what is special about it."""

    label: str
    point: Point


def scenarios(program: Program, base: Point, dtype: type, rng: np.random.Generator) -> Iterator[Scenario]:
    """The points of a measurement, each exactly representable in `dtype` and within the layer's assumptions.

    A proposal that breaks an assumption is mapped to positive numbers, then into (0, 1); it is left out where that does not help.
    """
    for label, values in _proposals(program, base, rng):
        for shape in (lambda v: v, np.abs, _into_unit):
            with np.errstate(all="ignore"):
                tensors = {n: _rounded(shape(v), dtype) for n, v in values.items()}
            point = replace(base, tensors={**base.tensors, **tensors})
            if all(np.isfinite(t).all() for t in tensors.values()) and satisfies(program, point):
                yield Scenario(label, point)
                break


def _into_unit(values: np.ndarray) -> np.ndarray:
    size = np.abs(values)
    return size / (1 + size)


def _rounded(values: np.ndarray, dtype: type) -> np.ndarray:
    return values.astype(dtype).astype(np.float64)


def _proposals(program: Program, base: Point, rng: np.random.Generator) -> Iterator[tuple[str, Mapping[str, np.ndarray]]]:
    moving = [t.name for t in program.tensors if t.kind is Kind.FLOAT and t.role is Role.INPUT and t.name not in program.check_values]
    still = {t.name: base.tensors[t.name] for t in program.tensors if t.kind is Kind.FLOAT and t.name not in moving}

    def each(make: Callable[[np.ndarray], np.ndarray]) -> Mapping[str, np.ndarray]:
        return {**still, **{n: make(base.tensors[n]) for n in moving}}

    yield "as for the gradient check", each(lambda v: v)
    if not moving:
        return
    yield "all zero", each(np.zeros_like)
    for scale in SCALES:
        yield f"scale {scale:g}", each(lambda v, s=scale: s * rng.normal(0, 1, v.shape))
        if scale > 1e-4:
            yield f"all {scale:g}", each(lambda v, s=scale: np.full(v.shape, s))
            yield f"one dominant entry of {scale:g}", each(lambda v, s=scale: _dominant(v.shape, s, rng))
    for mean in (1e2, 1e4, 1e6):
        for sign in (1, -1):
            yield f"mean {sign * mean:g}, spread 1", each(lambda v, m=sign * mean: m + rng.normal(0, 1, v.shape))
    for critical in critical_points(program):
        yield f"around {critical:g}", each(lambda v, c=critical: _neighbours(v.shape, c))


def _dominant(shape: tuple[int, ...], scale: float, rng: np.random.Generator) -> np.ndarray:
    values = rng.normal(0, 1, shape)
    if values.size:
        values.reshape(-1)[:: max(shape[-1], 1) if shape else 1] = scale
    return values


def _neighbours(shape: tuple[int, ...], critical: float) -> np.ndarray:
    """The critical value, its float32 neighbours, and both signs, in turn."""
    c = np.float32(critical)
    near = [c, -c, np.nextafter(c, np.float32(np.inf)), np.nextafter(c, np.float32(-np.inf)), c * np.float32(1.001), c * np.float32(-0.999)]
    return np.resize(np.array(near, np.float64), shape)


def critical_points(program: Program) -> tuple[float, ...]:
    """The general ones, and every number that the layer itself compares with."""
    found = dict.fromkeys(CRITICAL)
    for body in program.bodies.values():
        for definition in body.definitions:
            for equation in definition.equations:
                for node in walk(equation.value):
                    found |= dict.fromkeys(abs(float(v)) for v in _thresholds(node, program))
    return tuple(sorted(found))


def _thresholds(node: Node, program: Program) -> list[Fraction]:
    if not (node.op is Op.COMPARE or (node.op is Op.CALL and node.data in ("Min", "Max"))):
        return []
    defaults = {h.name: h.default for h in program.hyperparameters}
    values = [a.data if a.op is Op.NUM else defaults[a.data] for a in node.args if a.op in (Op.NUM, Op.HYPER)]
    return [Fraction(v) for v in values if abs(v) < 10**6]
