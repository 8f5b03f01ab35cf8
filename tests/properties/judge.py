"""What the compiled module gives for a case, held against the oracle."""

from __future__ import annotations

import signal
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np

from tests.oracle import (
    HIGH_PRECISION,
    MACHINE,
    Layer,
    differentiated,
    directional_derivative,
    drawn,
    evaluate,
    floats,
    gradients,
    read_text,
    watched,
)
from tests.properties.case import Case

SECONDS_TO_COMPILE = 20
FORWARD_TOLERANCE = 1e-9
GRADIENT_TOLERANCE = 1e-7
NEAREST_DECISION = 1e-9


@dataclass(frozen=True)
class Failure:
    """What went wrong: a kind that stays the same while a layer shrinks, and what to read."""

    kind: str
    detail: str


class Undecided(Exception):
    """The case stands on a kink or overflows: nothing can be said about it."""


class _TooSlow(BaseException):
    pass


@contextmanager
def _limited(seconds: int):
    def stop(signum, frame):
        raise _TooSlow

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def judge(case: Case, seed: int = 0) -> Failure | None:
    """The first failure, or None where compiled module and oracle agree.

    Raises: Undecided; BadLayer where the case breaks a rule of the language.
    """
    layer = read_text(case.text, case.mode)
    noise = drawn(layer, case.values, case.hyper, np.random.default_rng(seed))
    case = replace(case, values=case.values | noise)
    expected = _expected(layer, case)
    made = _compiled(case)
    if isinstance(made, Failure):
        return made
    return _agreement(made, layer, case, expected, seed)


def _expected(layer: Layer, case: Case):
    margins: list[float] = []
    result = evaluate(layer, case.values, case.hyper, watched(HIGH_PRECISION, lambda m: margins.append(abs(float(m)))))
    if any(m < NEAREST_DECISION for m in margins):
        raise Undecided("a decision hangs by a thread")
    for array in (*result.outputs.values(), *result.state.values(), *result.definitions.values()):
        values = floats(array)
        if not np.all(np.isfinite(values)) or np.any(np.abs(values) > 1e8):
            raise Undecided("a value beyond reason")
    return result


def _compiled(case: Case):
    import symback
    from symback.core.diagnostics import InternalFault, LayerError

    try:
        with _limited(SECONDS_TO_COMPILE):
            compiled = symback.compile(symback.loads(case.text))
    except LayerError as e:
        return Failure(f"diagnostic {e.diagnostics[0].code if e.diagnostics else ''}", str(e))
    except InternalFault as e:
        return Failure("internal fault", f"{e}\n{traceback.format_exc(limit=-4)}")
    except _TooSlow:
        return Failure("slow to compile", f"over {SECONDS_TO_COMPILE} s")
    except RecursionError:
        return Failure("crash RecursionError", traceback.format_exc(limit=-3))
    except Exception as e:  # any other exception is what this looks for
        return Failure(f"crash {type(e).__name__} {_place(e)}", traceback.format_exc(limit=-6))
    try:
        return compiled.load()
    except Exception as e:
        return Failure(f"the module does not load: {type(e).__name__}", f"{e}\n{compiled.source}")


def _place(e: BaseException) -> str:
    frame = traceback.extract_tb(e.__traceback__)[-1]
    return f"{frame.filename.rpartition('/')[2]}:{frame.name}"


def _agreement(module, layer: Layer, case: Case, expected, seed: int) -> Failure | None:
    rng = np.random.default_rng(seed)
    roles = [d.name for role in ("input", "param", "state") for d in layer.tensors.values() if d.role == role]
    args = [case.values[n] for n in roles]
    before = [a.copy() for a in args]
    extra = {} if case.mode == "train" else {"mode": case.mode}
    if any(d.role == "random" for d in layer.tensors.values()):
        extra["rng"] = np.random.default_rng(seed)
    with warnings.catch_warnings(record=True) as heard, np.errstate(divide="warn", over="warn", invalid="warn", under="ignore"):
        warnings.simplefilter("always")
        try:
            with _limited(SECONDS_TO_COMPILE):
                got = module.forward(*args, **case.hyper, **extra)
        except _TooSlow:
            return Failure("slow forward", "")
        except Exception as e:
            return Failure(f"forward raises {type(e).__name__}", traceback.format_exc(limit=-3))
        wrong = _forward(got, layer, expected)
        if wrong is not None:
            return wrong
        if any(not np.array_equal(a, b) for a, b in zip(args, before, strict=True)):
            return Failure("forward changes its arguments", "")
        wrong = _backward(module, got, layer, case, expected, rng)
        if wrong is not None:
            return wrong
    if heard:
        return Failure("warning", "; ".join(sorted({str(w.message) for w in heard})))
    return None


def _forward(got, layer: Layer, expected) -> Failure | None:
    has_state = any(d.role == "state" for d in layer.tensors.values())
    differentiates = bool(differentiated(layer))
    parts = list(got) if differentiates or has_state else [got]
    outputs = _as_tuple(parts[0], layer.outputs)
    for name, y in zip(layer.outputs, outputs, strict=True):
        if _integral(expected.outputs[name]) and np.asarray(y).dtype.kind in "iu":
            y = np.asarray(y, dtype=np.float64)
        wrong = _compare(f"output {name}", y, floats(expected.outputs[name]), FORWARD_TOLERANCE)
        if wrong:
            return Failure("forward value", wrong)
    if has_state:
        for name, s in expected.state.items():
            wrong = _compare(f"state {name}", getattr(parts[-1], name), floats(s), FORWARD_TOLERANCE)
            if wrong:
                return Failure("next state", wrong)
    return None


def _integral(array: np.ndarray) -> bool:
    """Whether the oracle holds integers there, as an Argmax gives them."""
    return all(isinstance(v, int) for v in np.ravel(array))


def _as_tuple(value, names):
    return (value,) if len(names) == 1 else tuple(value)


def _compare(what: str, got, expected: np.ndarray, tolerance: float) -> str | None:
    got = np.asarray(got)
    if got.shape != expected.shape:
        return f"{what}: shape {got.shape}, expected {expected.shape}"
    if got.dtype != np.float64:
        return f"{what}: dtype {got.dtype}, expected float64"
    scale = max(1.0, float(np.max(np.abs(expected), initial=0.0)))
    error = np.abs(got - expected)
    if not np.all(error <= tolerance * scale):
        return f"{what}: got {got.tolist()}, expected {expected.tolist()}"
    return None


def _backward(module, got, layer: Layer, case: Case, expected, rng: np.random.Generator) -> Failure | None:
    wrt = differentiated(layer)
    if not wrt:
        return Failure("a backward without need", "") if hasattr(module, "backward") else None
    cache = got[1]
    integral = {n for n in layer.outputs if _integral(expected.outputs[n])}
    if len(integral) == len(layer.outputs):
        return None
    upstream = {n: None if n in integral else rng.standard_normal(np.shape(expected.outputs[n])) for n in layer.outputs}
    try:
        with _limited(SECONDS_TO_COMPILE):
            grads = module.backward(cache, *upstream.values())
            again = module.backward(cache, *upstream.values())
    except _TooSlow:
        return Failure("slow backward", "")
    except Exception as e:
        return Failure(f"backward raises {type(e).__name__}", traceback.format_exc(limit=-3))
    for name in wrt:
        g = np.asarray(getattr(grads, name))
        if g.shape != case.values[name].shape or g.dtype != np.float64:
            return Failure("gradient shape", f"d{name}: {g.shape} {g.dtype} for {case.values[name].shape}")
        if not np.array_equal(g, np.asarray(getattr(again, name)), equal_nan=True):
            return Failure("backward twice differs", name)
    upstream = {n: g for n, g in upstream.items() if g is not None}
    for name in wrt:
        wrong = _gradient(name, np.asarray(getattr(grads, name)), layer, case, upstream, rng)
        if wrong:
            return Failure("gradient value", wrong)
    return None


def _gradient(name: str, g: np.ndarray, layer: Layer, case: Case, upstream: dict, rng: np.random.Generator) -> str | None:
    """A quick look along a random direction; where that is off, the whole gradient at high precision decides."""
    if not g.size:
        return None
    along = rng.standard_normal(g.shape)
    slope = directional_derivative(layer, case.values, {name: along}, upstream, case.hyper, MACHINE)
    scale = float(np.sum(np.abs(g * along))) + abs(slope) + 1e-3
    if abs(float(np.sum(g * along)) - slope) <= 1e-9 * scale:
        return None
    true = gradients(layer, case.values, upstream, case.hyper, HIGH_PRECISION, [name])[name]
    if not np.all(np.isfinite(true)) or np.max(np.abs(true)) > 1e10:
        return None
    size = max(1e-3, float(np.max(np.abs(true))))
    if np.all(np.abs(g - true) <= GRADIENT_TOLERANCE * size):
        return None
    return f"d{name}: got {g.tolist()}, expected {true.tolist()}"
