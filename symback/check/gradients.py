"""The gradients of a generated module against numerical derivatives of the declared program.

Three independent tests: each output against the evaluated program; each gradient, element by element, against complex
steps where the program is analytic (Squire & Trapp 1998) and against central differences at two step sizes elsewhere;
and the adjoint identity <v, J'g> = <Jv, g> along a random direction, which sees every element at once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from types import ModuleType

import numpy as np

from symback.check import module as calls
from symback.check.points import accepted
from symback.core.expr import Node, Op, Reduction, walk
from symback.core.program import Kind, Program
from symback.evaluate.arithmetic import ANALYTIC, Arithmetic, complex_numbers, double, extended
from symback.evaluate.definitions import evaluated
from symback.evaluate.inputs import Point

MAX_ELEMENTS = 200
"""Elements of one tensor that are nudged one by one; of a larger tensor, a random choice."""

SMALLEST_SCALE = 1e-6
"""Errors are relative to the largest entry of a tensor, or to this where all are smaller."""


class Method(Enum):
    """How the expected value was found."""

    EVALUATION = "evaluation"
    COMPLEX_STEP = "complex step"
    CENTRAL = "central differences"
    CONTRACT = "shape and dtype"


TOLERANCE = {Method.EVALUATION: 1e-9, Method.COMPLEX_STEP: 1e-8, Method.CENTRAL: 1e-6, Method.CONTRACT: 0.0}


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison. `error` is the worst one, relative to the tensor's largest entry, at `place`."""

    mode: str
    what: str  # "output y", "state m", "gradient dx", "adjoint"
    method: Method
    error: float
    place: tuple[int, ...] = ()
    computed: float = 0.0
    expected: float = 0.0
    compared: int = 1
    elements: int = 1
    kinks: int = 0
    note: str = ""

    @property
    def right(self) -> bool:
        return not self.note and self.error <= TOLERANCE[self.method]


@dataclass(frozen=True, slots=True)
class GradientReport:
    """All comparisons of one layer, and the sizes at which they were made."""

    rows: tuple[Row, ...]
    sizes: Mapping[str, int]

    @property
    def right(self) -> bool:
        return all(r.right for r in self.rows)


def check_gradients(program: Program, module: ModuleType, seed: int = 0) -> GradientReport:
    """The report on a layer's module, every mode.

    Raises:
        CannotSample: no inputs satisfy the layer's assumptions, or none that the module accepts were found.
    """
    point = accepted(program, module, seed)
    rows: list[Row] = []
    for mode in program.bodies:
        rows += _mode_rows(program, module, mode, point, np.random.default_rng(seed + 1))
    return GradientReport(tuple(rows), point.sizes)


# ---------------------------------------------------------------------------------------------------- one mode


def _mode_rows(program: Program, module: ModuleType, mode: str, point: Point, rng: np.random.Generator) -> Iterable[Row]:
    body = program.bodies[mode]
    call = calls.forward(module, program, mode, point, np.float64, calls.draws(program, mode, point))
    frozen: dict = {}
    arithmetic = double()
    true = evaluated(program, mode, point.tensors, point.sizes, point.hyperparameters, arithmetic, frozen)
    for name in body.outputs:
        yield _compared(mode, f"output {name}", Method.EVALUATION, calls.merged(program, call.outputs[name], true[name].shape), true[name])
    for name, value in call.states.items():
        expected = true[body.updates[name]] if name in body.updates else point.tensors[name]
        yield _compared(mode, f"state {name}", Method.EVALUATION, calls.merged(program, value, expected.shape), np.asarray(expected))
    if not program.wrt:
        return
    upstream = {n: rng.normal(0, 1, call.outputs[n].shape) for n in body.outputs}
    weights = {n: calls.merged(program, upstream[n], true[n].shape) for n in body.outputs}
    grads = calls.backward(module, program, call, upstream, mode)
    yield from _contract_rows(program, module, mode, point)
    slope = _slope(program, mode, point, weights, frozen)
    merged = {n: calls.merged(program, grads[n], point.tensors[n].shape) for n in program.wrt}
    for name in program.wrt:
        yield _gradient_row(mode, name, merged[name], point.tensors[name], slope, rng)
    yield _adjoint_row(mode, merged, {n: rng.normal(0, 1, point.tensors[n].shape) for n in program.wrt}, slope)


def _contract_rows(program: Program, module: ModuleType, mode: str, point: Point) -> Iterable[Row]:
    """A row for each gradient whose shape or dtype is not its tensor's, in float32 and float64."""
    for dtype in (np.float32, np.float64):
        call = calls.forward(module, program, mode, point, dtype, calls.draws(program, mode, point))
        grads = calls.backward(module, program, call, {n: np.ones_like(v) for n, v in call.outputs.items()}, mode)
        for name, grad in grads.items():
            tensor = calls.argument(program, name, point, dtype)
            if grad.shape != tensor.shape or grad.dtype != tensor.dtype:
                note = f"{grad.dtype}{list(grad.shape)} for a tensor {tensor.dtype}{list(tensor.shape)}"
                yield Row(mode, f"gradient d{name}", Method.CONTRACT, np.inf, note=note)


def _gradient_row(mode: str, name: str, grad: np.ndarray, tensor: np.ndarray, slope: _Slope, rng: np.random.Generator) -> Row:
    if grad.shape != tensor.shape:
        return Row(
            mode, f"gradient d{name}", Method.CONTRACT, np.inf, note=f"shape {list(grad.shape)} for a tensor of shape {list(tensor.shape)}"
        )
    flat = np.arange(tensor.size)
    if tensor.size > MAX_ELEMENTS:
        flat = np.sort(rng.choice(tensor.size, MAX_ELEMENTS, replace=False))
    expected, doubt = np.zeros(len(flat)), np.zeros(len(flat))
    for k, position in enumerate(flat):
        direction = np.zeros(tensor.size)
        direction[position] = 1.0
        expected[k], doubt[k] = slope({name: direction.reshape(tensor.shape)})
    computed = grad.reshape(-1)[flat]
    scale = max(np.abs(expected).max(initial=0.0), SMALLEST_SCALE)
    kinks = doubt > 1e-3 * scale
    row = _compared(mode, f"gradient d{name}", slope.method, computed[~kinks], expected[~kinks], scale)
    keep = flat[~kinks]
    place = tuple(int(p) for p in np.unravel_index(keep[row.place[0]], tensor.shape)) if row.place else ()
    return Row(mode, row.what, row.method, row.error, place, row.computed, row.expected, len(keep), tensor.size, int(kinks.sum()))


def _adjoint_row(mode: str, grads: Mapping[str, np.ndarray], direction: Mapping[str, np.ndarray], slope: _Slope) -> Row:
    right, doubt = slope(direction)
    terms = [np.abs(direction[n] * grads[n]).sum() for n in direction]
    left = float(sum((direction[n] * grads[n]).sum() for n in direction))
    scale = max(float(sum(terms)), SMALLEST_SCALE)
    if doubt > 1e-3 * scale:
        return Row(mode, "adjoint", slope.method, 0.0, (), left, right, 0, 1, 1)
    return Row(mode, "adjoint", slope.method, abs(left - right) / scale, (), left, right)


def _compared(mode: str, what: str, method: Method, computed: np.ndarray, expected: np.ndarray, scale: float | None = None) -> Row:
    """The row of two arrays of one shape; NaN where both have it is right."""
    if computed.shape != expected.shape:
        return Row(mode, what, method, np.inf, note=f"shape {list(computed.shape)}, expected {list(expected.shape)}")
    if not expected.size:
        return Row(mode, what, method, 0.0, compared=0, elements=0)
    computed, expected = computed.astype(np.float64), expected.astype(np.float64)
    finite = np.abs(expected[np.isfinite(expected)])
    scale = scale or max(finite.max(initial=0.0), SMALLEST_SCALE)
    with np.errstate(invalid="ignore"):
        errors = np.abs(computed - expected) / scale
    same = (computed == expected) | (np.isnan(computed) & np.isnan(expected))
    errors = np.where(same, 0.0, np.where(np.isnan(errors), np.inf, errors))
    place = np.unravel_index(int(errors.argmax()), errors.shape)
    values = (float(errors[place]), tuple(int(p) for p in place), float(computed[place]), float(expected[place]))
    return Row(mode, what, method, *values, expected.size, expected.size)


# ------------------------------------------------------------------------------------------ numerical derivatives


@dataclass(frozen=True, slots=True)
class _Slope:
    """The derivative of the weighted outputs along a direction, and how far two estimates of it are apart."""

    method: Method
    along: Callable[[Mapping[str, np.ndarray]], tuple[float, float]]

    def __call__(self, direction: Mapping[str, np.ndarray]) -> tuple[float, float]:
        return self.along(direction)


def _slope(program: Program, mode: str, point: Point, weights: Mapping[str, np.ndarray], frozen: dict) -> _Slope:
    def total(arithmetic: Arithmetic, tensors: Mapping[str, np.ndarray]) -> object:
        values = evaluated(program, mode, tensors, point.sizes, point.hyperparameters, arithmetic, frozen or {})
        return sum((values[n] * w).sum() for n, w in weights.items())

    def moved(direction: Mapping[str, np.ndarray], step: object) -> dict[str, np.ndarray]:
        return {n: a + step * direction[n] if n in direction else a for n, a in point.tensors.items()}

    if is_analytic(program, mode):
        arithmetic = complex_numbers()
        step = 1e-30

        def complex_step(direction: Mapping[str, np.ndarray]) -> tuple[float, float]:
            return float(np.imag(total(arithmetic, moved(direction, 1j * step)))) / step, 0.0

        return _Slope(Method.COMPLEX_STEP, complex_step)

    wide = extended()

    def central(direction: Mapping[str, np.ndarray]) -> tuple[float, float]:
        wider = {n: d.astype(wide.dtype) for n, d in direction.items()}
        largest = max(float(np.abs(point.tensors[n] * d).max(initial=1.0)) for n, d in direction.items())
        slopes = []
        for step in (1e-5 * largest, 1e-6 * largest):
            high, low = (total(wide, moved(wider, wide.dtype.type(s))) for s in (step, -step))
            slopes.append((high - low) / (2 * wide.dtype.type(step)))
        coarse, fine = slopes
        return float(fine + (fine - coarse) / 99), float(abs(fine - coarse))

    return _Slope(Method.CENTRAL, central)


def is_analytic(program: Program, mode: str) -> bool:
    """Whether complex steps are exact: no kinks, no jumps, no function without a complex form on the way of a float."""
    floats = {t.name for t in program.tensors if t.kind is Kind.FLOAT}
    floats |= {d.name for d in program.bodies[mode].definitions if d.kind is Kind.FLOAT}

    def smooth(node: Node) -> bool:
        if node.op is Op.REDUCE:
            return node.data in (Reduction.SUM, Reduction.PROD, Reduction.LOGSUMEXP)
        if node.op is Op.CONST:
            return node.data == "pi"
        if node.op is Op.CALL:
            return node.data in ANALYTIC or _of_integers(node, floats)
        if node.op in (Op.COMPARE, Op.NOT, Op.AND, Op.OR):
            return _of_integers(node, floats)
        return not (node.op is Op.POW and node.args[1].op is not Op.NUM and not _of_integers(node, floats))

    if any(p.outside is not None and p.outside.op is Op.CONST for p in (*program.tensors, *program.bodies[mode].definitions)):
        return False
    values = (e.value for d in program.bodies[mode].definitions for e in d.equations)
    return all(smooth(n) for value in values for n in walk(value))


def _of_integers(node: Node, floats: set[str]) -> bool:
    return not any(n.op is Op.READ and n.data in floats for n in walk(node))
