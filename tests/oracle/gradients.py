"""Gradients of Σ g·y by the complex step: one evaluation a direction, no derivative of any function anywhere."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tests.oracle.arithmetic import HIGH_PRECISION, Arithmetic
from tests.oracle.document import Layer
from tests.oracle.evaluate import evaluate


def differentiated(layer: Layer) -> list[str]:
    """Names that the layer is differentiated by, in declared order."""
    if layer.wrt is not None:
        return list(layer.wrt)
    return [d.name for role in ("input", "param") for d in layer.tensors.values() if d.role == role and d.grad]


def directional_derivative(
    layer: Layer,
    values: Mapping[str, np.ndarray],
    directions: Mapping[str, np.ndarray],
    upstream: Mapping[str, object],
    hyper: Mapping[str, object] | None = None,
    arithmetic: Arithmetic = HIGH_PRECISION,
) -> object:
    """d/dε Σ upstream·outputs at values + ε·directions, as a number of the arithmetic."""
    moved = dict(values)
    for name, direction in directions.items():
        base, along = np.asarray(values[name]), np.asarray(direction)
        array = np.empty(base.shape, dtype=object)
        array.reshape(-1)[:] = [_moved(arithmetic, x, v) for x, v in zip(base.reshape(-1), along.reshape(-1), strict=True)]
        moved[name] = array
    result = evaluate(layer, moved, hyper, arithmetic)
    total = 0
    for name, g in upstream.items():
        y = result.outputs[name]
        for v, w in zip(np.ravel(y), np.ravel(np.broadcast_to(np.asarray(g), y.shape)), strict=True):
            if w != 0:
                total = total + v.imag * arithmetic.number(float(w))
    return total / arithmetic.step


def _moved(arithmetic: Arithmetic, x: object, v: object) -> object:
    x, v = float(x), float(v)
    return arithmetic.infinitesimal(x, v) if v else arithmetic.number(x)


def gradients(
    layer: Layer,
    values: Mapping[str, np.ndarray],
    upstream: Mapping[str, object],
    hyper: Mapping[str, object] | None = None,
    arithmetic: Arithmetic = HIGH_PRECISION,
    wrt: list[str] | None = None,
) -> dict[str, np.ndarray]:
    """The whole gradient by name, element by element."""
    out = {}
    for name in wrt if wrt is not None else differentiated(layer):
        base = np.asarray(values[name])
        grad = np.zeros(base.shape)
        for position in np.ndindex(*base.shape):
            direction = np.zeros(base.shape)
            direction[position] = 1.0
            grad[position] = float(directional_derivative(layer, values, {name: direction}, upstream, hyper, arithmetic))
        out[name] = grad
    return out
