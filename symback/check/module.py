"""Calling a generated module as its contract says, whatever the layer has: modes, state, draws, leading axes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from symback.core.program import LEADING, Kind, Program, Role
from symback.evaluate.inputs import LEADING_SHAPE, Point, default_as_float, scalar


@dataclass(frozen=True, slots=True)
class Call:
    """What one call of `forward` gave: outputs by name, the cache for `backward`, the next states by name."""

    outputs: Mapping[str, np.ndarray]
    cache: object
    states: Mapping[str, np.ndarray]


class Replay(np.random.Generator):
    """A generator whose draws are fixed beforehand.

    Draws come in the order in which the layer declares what is random: `uniforms` are in [0, 1), `normals` standard normal.
    """

    def __init__(self, uniforms: Sequence[np.ndarray], normals: Sequence[np.ndarray]):
        super().__init__(np.random.PCG64(0))
        self._uniforms, self._normals = list(uniforms), list(normals)

    def random(self, size=None, dtype=np.float64, out=None):  # noqa: ANN001
        return self._next(self._uniforms, size, dtype, out)

    def standard_normal(self, size=None, dtype=np.float64, out=None):  # noqa: ANN001
        return self._next(self._normals, size, dtype, out)

    def uniform(self, low=0.0, high=1.0, size=None):  # noqa: ANN001
        return low + (high - low) * self._next(self._uniforms, size, np.float64, None)

    def normal(self, loc=0.0, scale=1.0, size=None):  # noqa: ANN001
        return loc + scale * self._next(self._normals, size, np.float64, None)

    @staticmethod
    def _next(queue: list[np.ndarray], size: object, dtype: object, out: np.ndarray | None) -> np.ndarray:
        values = queue.pop(0).astype(dtype)
        values = values if size is None else values.reshape(size)
        if out is None:
            return values
        out[...] = values
        return out


def argument(program: Program, name: str, point: Point, dtype: object) -> np.ndarray:
    """A tensor as the module takes it: in a dtype, its leading axes apart."""
    tensor, values = program.tensor(name), point.tensors[name]
    if tensor.leading:
        values = values.reshape(*LEADING_SHAPE, *values.shape[1:])
    return values.astype(dtype) if tensor.kind is Kind.FLOAT else values


def forward(module: ModuleType, program: Program, mode: str, point: Point, dtype: object, rng: np.random.Generator | None = None) -> Call:
    """Call `forward` at a point, in a mode."""
    arguments = [argument(program, t.name, point, dtype) for t in program.tensors if t.role is not Role.RANDOM]
    keywords = {h: default_as_float(v) for h, v in point.hyperparameters.items()}
    if len(program.bodies) > 1:
        keywords["mode"] = mode
    if any(b.random for b in program.bodies.values()):
        keywords["rng"] = rng
    result = module.forward(*arguments, **keywords)
    has_state = any(t.role is Role.STATE for t in program.tensors)
    has_cache = bool(program.wrt)
    parts = result if has_state or has_cache else (result,)
    names = program.bodies[mode].outputs
    outputs = dict(zip(names, (parts[0],) if len(names) == 1 else parts[0], strict=True))
    states = {n: np.asarray(v) for n, v in zip(parts[-1]._fields, parts[-1], strict=True)} if has_state else {}
    return Call({n: np.asarray(v) for n, v in outputs.items()}, parts[1] if has_cache else None, states)


def backward(module: ModuleType, program: Program, call: Call, upstream: Mapping[str, np.ndarray], mode: str) -> dict[str, np.ndarray]:
    """The gradients by tensor name. `upstream` has the shapes of the outputs that `forward` gave."""
    body = program.bodies[mode]
    floats = {d.name for d in body.definitions if d.kind is Kind.FLOAT}
    grads = module.backward(call.cache, *(upstream[n] if n in floats else None for n in body.outputs))
    return {name: np.asarray(grad) for name, grad in zip(grads._fields, grads, strict=True)}


def merged(program: Program, values: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """A result of the module in the program's shape, leading axes as one. The values unchanged where the sizes do not fit."""
    if LEADING in program.dims and values.shape[: len(LEADING_SHAPE)] == LEADING_SHAPE and values.size == int(np.prod(shape)):
        return values.reshape(shape)
    return values


def draws(program: Program, mode: str, point: Point) -> Replay:
    """A generator that makes `forward` draw exactly what the point holds for the layer's random tensors."""
    uniforms, normals = [], []
    for name in program.bodies[mode].random:
        tensor, values = program.tensor(name), point.tensors[name]
        a = [scalar(n, point.sizes, point.hyperparameters) for n in tensor.init.arguments]
        if tensor.init.name == "bernoulli":
            uniforms.append(np.where(values > 0.5, 0.0, np.nextafter(1.0, 0.0)))
        elif tensor.init.name == "uniform":
            uniforms.append((values - a[0]) / (a[1] - a[0]))
        else:
            normals.append((values - a[0]) / a[1])
    return Replay(uniforms, normals)
