"""How many digits of a generated module are right: every output and gradient against high precision.

An error is counted in ULP, the spacing of the dtype at the true value; a component far below the largest one of its tensor is
judged also by the spacing there (`normwise`). Where a result is bad, the report says why: either the inputs' own rounding
moves the true result as much (ill-conditioned: no formula helps), or digits cancel in an expression that it names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType

import numpy as np

from symback.check import module as calls
from symback.check.cancellation import explanation
from symback.check.gradients import accepted
from symback.check.inputs import Point
from symback.check.reference import Reference, Slope
from symback.check.scenarios import Scenario, scenarios
from symback.core.program import Program

GOOD_ULP = 16
MAX_ELEMENTS = 64


@dataclass(frozen=True, slots=True)
class Sample:
    """One result: the largest input near it, and its error."""

    where: str
    place: tuple[int, ...]
    size: float
    computed: float
    true: float
    ulp: float
    normwise: float
    state: str  # "fine", "lost", "nonfinite"


@dataclass
class AccuracyRow:
    """All results of one output or gradient in one mode and dtype."""

    mode: str
    dtype: str
    what: str
    samples: list[Sample] = field(default_factory=list)
    unjudged: int = 0
    why: str = ""

    def count(self, state: str) -> int:
        return sum(s.state == state for s in self.samples)

    @property
    def worst(self) -> Sample | None:
        """The worst result: non-finite ones before lost ones before the largest error."""
        rank = {"nonfinite": 2, "lost": 1, "fine": 0}
        return max(self.samples, key=lambda s: (rank[s.state], s.ulp), default=None)

    @property
    def within(self) -> float:
        """The share of results within 16 ULP."""
        return sum(s.ulp <= GOOD_ULP and s.state == "fine" for s in self.samples) / max(len(self.samples), 1)

    @property
    def clean(self) -> bool:
        return not self.count("lost") and not self.count("nonfinite")


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """The rows of one layer."""

    rows: tuple[AccuracyRow, ...]
    points: int

    @property
    def clean(self) -> bool:
        return all(r.clean for r in self.rows)


def check_accuracy(
    program: Program, module: ModuleType, seed: int = 0, dtypes: tuple[type, ...] = (np.float32, np.float64)
) -> AccuracyReport:
    """The report on a layer's module: each mode, in each of the dtypes.

    Raises:
        CannotSample: no inputs satisfy the layer's assumptions.
        ImportError: mpmath is not installed.
    """
    base = accepted(program, module, seed)
    rows: dict[tuple[str, str, str], AccuracyRow] = {}
    points = 0
    for mode in program.bodies:
        for dtype in dtypes:
            name = np.dtype(dtype).name
            for scenario in scenarios(program, base, dtype, np.random.default_rng(seed)):
                points += 1
                for what, samples, unjudged in _judged(program, module, mode, scenario, dtype):
                    row = rows.setdefault((mode, name, what), AccuracyRow(mode, name, what))
                    row.samples += samples
                    row.unjudged += unjudged
                    if row.worst in samples and (row.worst.state != "fine" or row.worst.ulp > GOOD_ULP):
                        row.why = _reason(program, mode, scenario.point, dtype, what, row.worst)
    return AccuracyReport(tuple(rows.values()), points)


def _judged(program: Program, module: ModuleType, mode: str, scenario: Scenario, dtype: type) -> Iterator[tuple[str, list[Sample], int]]:
    point = scenario.point
    reference = Reference(program, mode, point, np.dtype(dtype))
    body = program.bodies[mode]
    call = calls.forward(module, program, mode, point, dtype, calls.draws(program, mode, point))
    for name in body.outputs:
        true = [Slope(v, v) for v in reference.values[name].reshape(-1)]
        computed = calls.merged(program, call.outputs[name], reference.values[name].shape)
        yield f"output {name}", *_compared(computed, true, dtype, scenario, point)
    if not program.wrt:
        return
    upstream = {n: _upstream(v.shape).astype(dtype) for n, v in call.outputs.items()}
    weights = {n: reference.exact(calls.merged(program, u, reference.values[n].shape).astype(np.float64)) for n, u in upstream.items()}
    grads = calls.backward(module, program, call, upstream, mode)
    for name in program.wrt:
        if point.tensors[name].size <= MAX_ELEMENTS:
            computed = calls.merged(program, grads[name], point.tensors[name].shape)
            yield f"gradient d{name}", *_compared(computed, reference.slopes(name, weights), dtype, scenario, point)


def _upstream(shape: tuple[int, ...]) -> np.ndarray:
    return np.resize(np.array([1, -0.5, 0.25, 2, -1.5, 0.75]), shape)


def _compared(computed: np.ndarray, true: list[Slope], dtype: type, scenario: Scenario, point: Point) -> tuple[list[Sample], int]:
    """The samples, and how many results have no true value to be judged by."""
    flat = computed.reshape(-1)
    finite = [abs(t.middle) for t in true if _finite(t)]
    largest = max(finite, default=0)
    samples, unjudged = [], 0
    for k, t in enumerate(true):
        if not _finite(t):
            unjudged += 1
            continue
        place = tuple(int(p) for p in np.unravel_index(k, computed.shape)) if computed.shape else ()
        samples.append(_sample(flat[k], t, largest, dtype, scenario.label, place, _near(point, place)))
    return samples, unjudged


def _finite(slope: Slope) -> bool:
    return all(v == v and abs(v) != float("inf") for v in (slope.left, slope.right))


def _near(point: Point, place: tuple[int, ...]) -> float:
    """The first input's element at this place, for the plot; its largest one where the shapes differ."""
    values = next((v for v in point.tensors.values() if v.dtype.kind == "f"), np.zeros(1))
    if values.ndim == len(place) and all(p < s for p, s in zip(place, values.shape, strict=True)):
        return float(values[place])
    return float(np.abs(values).max(initial=0.0))


def _sample(got: object, true: Slope, largest: object, dtype: type, where: str, place: tuple[int, ...], size: float) -> Sample:
    info = np.finfo(dtype)
    low, high = min(true.left, true.right), max(true.left, true.right)
    value = float(got)
    if not np.isfinite(value):
        overflows = abs(true.middle) > float(info.max) * (1 - float(info.eps))
        fine = overflows and value == value and (value > 0) == (true.middle > 0)
        return Sample(where, place, size, value, float(true.middle), 0.0 if fine else np.inf, np.inf, "fine" if fine else "nonfinite")
    exact = type(true.middle)(value) if not isinstance(true.middle, float) else value
    nearest = min(max(exact, low), high)
    error, magnitude = abs(exact - nearest), abs(nearest)
    if magnitude > float(info.max):
        return Sample(where, place, size, value, float(nearest), np.inf, np.inf, "nonfinite")
    normwise = float(error / _spacing(largest, info))
    if magnitude < float(info.tiny):
        lost = error > float(info.tiny) and (magnitude == 0 or error > magnitude / 10) and normwise > 8
        return Sample(where, place, size, value, float(nearest), 0.0, normwise, "lost" if lost else "fine")
    ulp = float(error / _spacing(magnitude, info))
    return Sample(where, place, size, value, float(nearest), ulp, normwise, "lost" if error > magnitude / 10 else "fine")


def _spacing(value: object, info: np.finfo) -> object:
    """The distance between neighbouring floats at a value."""
    smallest = float(info.tiny)
    clipped = min(max(float(value) if value < float(info.max) else float(info.max), smallest), float(info.max))
    return abs(float(np.spacing(info.dtype.type(clipped))))


def _reason(program: Program, mode: str, point: Point, dtype: type, what: str, worst: Sample) -> str:
    """Why a result is bad: conditioning, measured by nudging the inputs within their rounding, or cancellation."""
    moved = _moved_by_rounding(program, mode, point, dtype, what, worst)
    if moved * 4 >= worst.ulp and worst.ulp < np.inf:
        return f"ill-conditioned there: half an ulp in the inputs moves the true result by {moved:.3g} ulp"
    return explanation(program, mode, point, dtype)


def _moved_by_rounding(program: Program, mode: str, point: Point, dtype: type, what: str, worst: Sample) -> float:
    kind, _, name = what.partition(" ")
    results = []
    rng = np.random.default_rng(1)
    for trial in range(3):
        tensors = dict(point.tensors)
        if trial:
            for n, v in tensors.items():
                if v.dtype.kind == "f":
                    half = np.spacing(np.abs(v).astype(dtype)).astype(np.float64) / 2
                    tensors[n] = v + half * rng.choice([-1.0, 1.0], v.shape)
        reference = Reference(program, mode, replace(point, tensors=tensors), np.dtype(dtype))
        results.append(_result(reference, program, kind, name, worst.place))
    spacing = _spacing(abs(results[0]), np.finfo(dtype)) if results[0] == results[0] else 1.0
    moved = [abs(r - results[0]) for r in results[1:]]
    return float(max(moved) / spacing) if all(m == m for m in moved) else 0.0


def _result(reference: Reference, program: Program, kind: str, name: str, place: tuple[int, ...]) -> object:
    values: Mapping[str, np.ndarray] = reference.values
    if kind == "output":
        return values[name][place] if place else values[name].reshape(-1)[0]
    weights = {n: reference.exact(_upstream(values[n].shape)) for n in program.bodies[reference.mode].outputs}
    tensor = reference.tensors[name[1:]]
    return reference.slope(name[1:], int(np.ravel_multi_index(place, tensor.shape)) if place else 0, weights).middle
