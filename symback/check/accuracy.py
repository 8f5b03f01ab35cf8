"""How many digits of a generated module are right: every output and gradient against high precision.

An error is counted in ULP, the spacing of the dtype at the true value; a component far below the largest one of its tensor is
judged also by the spacing there (`normwise`). Where a result is bad, the report says why: either the inputs' own rounding
moves the true result as much (ill-conditioned: no formula helps), or digits cancel in an expression that it names.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from types import ModuleType

import numpy as np

from symback.check import module as calls
from symback.check.cancellation import explanation
from symback.check.points import accepted
from symback.check.reference import Reference, Slope
from symback.check.scenarios import Scenario, scenarios
from symback.core.program import Program
from symback.evaluate.inputs import Point

GOOD_ULP = 16
MAX_SLOPES = 8
"""Elements of one tensor whose gradient is judged at one point; which ones changes from point to point."""


class State(Enum):
    """What a result is worth."""

    FINE = "fine"
    ILL_CONDITIONED = "ill-conditioned"  # no digit, but rounding the inputs moves the true result as much
    LOST = "lost"  # no digit
    NONFINITE = "nonfinite"  # NaN or infinite where the truth is finite


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
    state: State


@dataclass
class AccuracyRow:
    """All results of one output or gradient in one mode and dtype."""

    mode: str
    dtype: str
    what: str
    samples: list[Sample] = field(default_factory=list)
    unjudged: int = 0
    why: str = ""

    def count(self, state: State) -> int:
        return sum(s.state is state for s in self.samples)

    @property
    def worst(self) -> Sample | None:
        """The worst result: non-finite ones before lost ones before the largest error."""
        rank = list(State).index
        return max(self.samples, key=lambda s: (rank(s.state), s.ulp), default=None)

    @property
    def within(self) -> float:
        """The share of results within 16 ULP."""
        return sum(s.ulp <= GOOD_ULP and s.state is State.FINE for s in self.samples) / max(len(self.samples), 1)

    @property
    def clean(self) -> bool:
        return not self.count(State.LOST) and not self.count(State.NONFINITE)


@dataclass(frozen=True, slots=True)
class AccuracyReport:
    """The rows of one layer."""

    rows: tuple[AccuracyRow, ...]
    points: int
    warned: int = 0  # points at which NumPy warned though every true result is a number

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
    points = warned = 0
    for mode, dtype in itertools.product(program.bodies, dtypes):
        for scenario in scenarios(program, base, dtype, np.random.default_rng(seed)):
            points += 1
            with warnings.catch_warnings(record=True) as caught, np.errstate(divide="warn", over="warn", invalid="warn"):
                warnings.simplefilter("always")
                results = list(_judged(program, module, mode, scenario, dtype))
            everywhere = not any(unjudged for _, _, unjudged in results)
            warned += everywhere and any(issubclass(w.category, RuntimeWarning) for w in caught)
            for what, samples, unjudged in results:
                row = rows.setdefault((mode, np.dtype(dtype).name, what), AccuracyRow(mode, np.dtype(dtype).name, what))
                _added(row, samples, unjudged, _Blame(program, mode, scenario.point, dtype, what))
    return AccuracyReport(tuple(rows.values()), points, warned)


def _added(row: AccuracyRow, samples: list[Sample], unjudged: int, blame: _Blame) -> None:
    """Put the results of one point into a row; where the worst is among them, say why it is bad."""
    samples = [blame.excused(s) for s in samples]
    row.samples += samples
    row.unjudged += unjudged
    worst = row.worst
    if worst in samples and (worst.state is not State.FINE or worst.ulp > GOOD_ULP):
        row.why = blame.reason(worst)


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
    chosen = np.random.default_rng([len(scenario.label), *map(ord, scenario.label)])
    for name in program.wrt:
        tensor = point.tensors[name]
        flat = np.sort(chosen.choice(tensor.size, min(tensor.size, MAX_SLOPES), replace=False))
        true = reference.slopes(name, flat, weights)
        computed = calls.merged(program, grads[name], tensor.shape)
        yield f"gradient d{name}", *_compared(computed, true, dtype, scenario, point, flat)


def _upstream(shape: tuple[int, ...]) -> np.ndarray:
    return np.resize(np.array([1, -0.5, 0.25, 2, -1.5, 0.75]), shape)


def _compared(
    computed: np.ndarray, true: list[Slope], dtype: type, scenario: Scenario, point: Point, flat: np.ndarray | None = None
) -> tuple[list[Sample], int]:
    """The samples at flat positions (all where None), and how many results have no true value to be judged by."""
    largest = max((abs(t.middle) for t in true if _finite(t)), default=0)
    samples, unjudged = [], 0
    for position, t in zip(range(len(true)) if flat is None else flat, true, strict=True):
        if not _finite(t):
            unjudged += 1
            continue
        place = tuple(int(p) for p in np.unravel_index(position, computed.shape)) if computed.shape else ()
        samples.append(_sample(computed[place], t, largest, dtype, scenario.label, place, _near(point, place)))
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
    """One result judged. At a kink every value between the two slopes is exact; below the normal range only the size counts."""
    info = np.finfo(dtype)
    value, top = float(got), float(info.max)
    nearest = (
        min(true.left, true.right)
        if value != value
        else min(max(_exactly(value, true), min(true.left, true.right)), max(true.left, true.right))
    )
    magnitude = abs(nearest)
    if magnitude > top * (1 + float(info.eps) / 4):
        fine = value == value and abs(value) >= top / 2 and (value > 0) == (nearest > 0)
        return Sample(where, place, size, value, float(nearest), 0.0 if fine else np.inf, 0.0, State.FINE if fine else State.NONFINITE)
    if not np.isfinite(value):
        return Sample(where, place, size, value, float(nearest), np.inf, np.inf, State.NONFINITE)
    error = abs(_exactly(value, true) - nearest)
    normwise = float(error / spacing(largest, info))
    lost = error > magnitude / 10
    if magnitude < float(info.tiny):
        state = State.LOST if lost and error > float(info.tiny) and normwise > GOOD_ULP else State.FINE
        return Sample(where, place, size, value, float(nearest), 0.0, normwise, state)
    return Sample(
        where, place, size, value, float(nearest), float(error / spacing(magnitude, info)), normwise, State.LOST if lost else State.FINE
    )


def _exactly(value: float, like: Slope) -> object:
    return type(like.left)(value)


def spacing(value: object, info: np.finfo) -> float:
    """The distance between neighbouring floats at a value, that of the smallest normal one below it."""
    clipped = min(max(float(value), float(info.tiny)), float(info.max))
    return abs(float(np.spacing(info.dtype.type(clipped))))


# ----------------------------------------------------------------------------------------------------- why


@dataclass(frozen=True, slots=True)
class _Blame:
    """Finds out why a result at one point is bad."""

    program: Program
    mode: str
    point: Point
    dtype: type
    what: str

    def excused(self, sample: Sample) -> Sample:
        """The sample, as ill-conditioned where no formula could have done better."""
        if sample.state is State.LOST and self.moved_by_rounding(sample) * 4 >= sample.ulp:
            return replace(sample, state=State.ILL_CONDITIONED)
        return sample

    def reason(self, worst: Sample) -> str:
        """Conditioning, measured by nudging the inputs within their rounding, or cancellation."""
        moved = self.moved_by_rounding(worst) if worst.ulp < np.inf else 0.0
        if moved * 4 >= worst.ulp:
            return f"ill-conditioned there: half an ulp in the inputs moves the true result by {moved:.3g} ulp"
        return explanation(self.program, self.mode, self.point, self.dtype)

    def moved_by_rounding(self, sample: Sample) -> float:
        """How many ulp the true result moves where each input moves by half of one."""
        rng = np.random.default_rng(1)
        here = self.true_result(self.point.tensors, sample.place)
        unit = spacing(abs(here), np.finfo(self.dtype))
        moved = [abs(self.true_result(self.nudged(rng), sample.place) - here) / unit for _ in range(2)]
        return float(max((m for m in moved if m == m), default=0.0))

    def nudged(self, rng: np.random.Generator) -> dict[str, np.ndarray]:
        tensors = dict(self.point.tensors)
        for name, values in tensors.items():
            if values.dtype.kind == "f":
                half = np.spacing(np.abs(values).astype(self.dtype)).astype(np.float64) / 2
                tensors[name] = values + half * rng.choice([-1.0, 1.0], values.shape)
        return tensors

    def true_result(self, tensors: Mapping[str, np.ndarray], place: tuple[int, ...]) -> object:
        reference = Reference(self.program, self.mode, replace(self.point, tensors=tensors), np.dtype(self.dtype))
        kind, _, name = self.what.partition(" ")
        if kind == "output":
            return reference.values[name][place] if place else reference.values[name].reshape(-1)[0]
        outputs = self.program.bodies[self.mode].outputs
        weights = {n: reference.exact(_upstream(reference.values[n].shape)) for n in outputs}
        tensor = reference.tensors[name.removeprefix("d")]
        flat = int(np.ravel_multi_index(place, tensor.shape)) if place else 0
        return reference.slope(name.removeprefix("d"), flat, weights).middle
