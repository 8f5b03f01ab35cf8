"""What the compiled module gives for a case, held against the oracle."""

from __future__ import annotations

import signal
import time
import traceback
import warnings
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from tests.oracle import (
    HIGH_PRECISION,
    MACHINE,
    Layer,
    Result,
    differentiated,
    directional_derivative,
    drawn,
    evaluate,
    floats,
    gradients,
    read_text,
    watched,
)
from tests.properties.case import Case, folder_of

SECONDS_TO_COMPILE = 20
FORWARD_TOLERANCE = 1e-9
GRADIENT_TOLERANCE = 1e-7
NEAREST_DECISION = 1e-9
_TURNED_BY_ROUNDING = ("forward value", "next state", "gradient value", "warning")


@dataclass(frozen=True)
class Failure:
    """What went wrong: a kind that stays the same while a layer shrinks, and what to read."""

    kind: str
    detail: str


class Undecided(Exception):
    """The case stands on a kink or overflows: nothing can be said about it."""


@dataclass(frozen=True)
class Expected:
    """What the oracle gives. `tied`: a decision hangs by a thread, so that rounding may turn it; `pole`: a value on the way is infinite."""

    result: Result
    tied: bool
    pole: bool


class _TooSlow(BaseException):
    pass


@contextmanager
def _limited(seconds: int):
    """Raises _TooSlow after so many seconds of this process's own work, however busy the machine is."""

    def stop(signum, frame):
        raise _TooSlow

    before = signal.signal(signal.SIGPROF, stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _listening(heard: list[str]):
    """Puts what the module warns of into `heard`; the oracle's own warnings are not the module's."""
    with warnings.catch_warnings(record=True) as caught, np.errstate(divide="warn", over="warn", invalid="warn", under="ignore"):
        warnings.simplefilter("always")
        yield
    heard.extend(str(w.message) for w in caught)


def judge(case: Case, seed: int = 0, times: list[float] | None = None) -> Failure | None:
    """The first failure, or None where compiled module and oracle agree; the seconds that compiling took are put into `times`.

    Raises: Undecided; BadLayer where the case breaks a rule of the language.
    """
    with folder_of(case.files) as folder:
        return _judged(case, folder, seed, times)


def _judged(case: Case, folder: Path, seed: int, times: list[float] | None) -> Failure | None:
    layer = read_text(case.text, case.mode, folder)
    noise = drawn(layer, case.values, case.hyper, np.random.default_rng(seed))
    case = replace(case, values=case.values | noise)
    start = time.process_time()
    made = _compiled(case, folder)
    if times is not None:
        times.append(time.process_time() - start)
    if isinstance(made, Failure):
        return made
    expected = _expected(layer, case)
    failure = _agreement(made, layer, case, expected, seed)
    if failure is not None and failure.kind in _TURNED_BY_ROUNDING and expected.tied:
        raise Undecided("a decision hangs by a thread")
    return failure


def _expected(layer: Layer, case: Case) -> Expected:
    margins: list[float] = []
    poles: list[object] = []
    arithmetic = watched(HIGH_PRECISION, lambda m: margins.append(abs(float(m))), poles.append)
    result = evaluate(layer, case.values, case.hyper, arithmetic)
    for array in (*result.outputs.values(), *result.state.values()):
        values = floats(array)
        if not np.all(np.isfinite(values)) or np.any(np.abs(values) > 1e8):
            raise Undecided("a value beyond reason")
    return Expected(result, any(m < NEAREST_DECISION for m in margins), bool(poles))


def _compiled(case: Case, folder: Path):
    import symback
    from symback.core.diagnostics import InternalFault, LayerError

    try:
        with _limited(SECONDS_TO_COMPILE):
            compiled = symback.compile(_loaded(case, folder))
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


def _loaded(case: Case, folder: Path):
    import symback

    if not case.files:
        return symback.loads(case.text)
    path = folder / "random_layer.yaml"
    path.write_text(case.text, encoding="utf-8")
    return symback.load(path)


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
    heard: list[str] = []
    try:
        with _limited(SECONDS_TO_COMPILE), _listening(heard):
            got = module.forward(*args, **case.hyper, **extra)
    except _TooSlow:
        return Failure("slow forward", "")
    except Exception as e:
        if "expected at least 1" in str(e) and any(0 in np.shape(v) for v in expected.result.definitions.values()):
            raise Undecided("no room for a window") from e
        return Failure(f"forward raises {type(e).__name__}", traceback.format_exc(limit=-3))
    wrong = _forward(got, layer, expected.result)
    if wrong is not None:
        return wrong
    if any(not np.array_equal(a, b) for a, b in zip(args, before, strict=True)):
        return Failure("forward changes its arguments", "")
    wrong = _backward(module, got, layer, case, expected.result, rng, heard)
    if wrong is not None:
        return wrong
    wrong = _single(module, layer, case, args, extra, got)
    if wrong is not None:
        return wrong
    if heard and not expected.pole:
        return Failure("warning", "; ".join(sorted(set(heard))))
    return None


def _forward(got, layer: Layer, expected) -> Failure | None:
    has_state = any(d.role == "state" for d in layer.tensors.values())
    differentiates = bool(differentiated(layer))
    parts = list(got) if differentiates or has_state else [got]
    outputs = _as_tuple(parts[0], layer.outputs)
    for name, y in zip(layer.outputs, outputs, strict=True):
        if _integral(expected.outputs[name]) and np.asarray(y).dtype.kind in "iub":
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


def _backward(module, got, layer: Layer, case: Case, expected, rng: np.random.Generator, heard: list[str]) -> Failure | None:
    wrt = differentiated(layer)
    if not wrt:
        return Failure("a backward without need", "") if hasattr(module, "backward") else None
    cache = got[1]
    integral = {n for n in layer.outputs if _integral(expected.outputs[n])}
    if len(integral) == len(layer.outputs):
        return None
    upstream = {n: None if n in integral else rng.standard_normal(np.shape(expected.outputs[n])) for n in layer.outputs}
    try:
        with _limited(SECONDS_TO_COMPILE), _listening(heard):
            grads = module.backward(cache, *upstream.values())
            again = module.backward(cache, *upstream.values())
    except _TooSlow:
        return Failure("slow backward", "")
    except Exception as e:
        return Failure(f"backward raises {type(e).__name__}", traceback.format_exc(limit=-3))
    if len(upstream) > 1:
        wrong = _without_one(module, cache, upstream, wrt, rng, heard)
        if wrong is not None:
            return wrong
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


def _without_one(module, cache, upstream: dict, wrt: list[str], rng: np.random.Generator, heard: list[str]) -> Failure | None:
    """None for an upstream gradient means zero."""
    left_out = list(upstream)[int(rng.integers(len(upstream)))]
    if upstream[left_out] is None:
        return None
    with _listening(heard):
        none = module.backward(cache, *[None if n == left_out else g for n, g in upstream.items()])
        zero = module.backward(cache, *[np.zeros_like(g) if n == left_out else g for n, g in upstream.items()])
    for name in wrt:
        if not np.array_equal(getattr(none, name), getattr(zero, name), equal_nan=True):
            return Failure("None is not zero", f"d{name} without d{left_out}")
    return None


def _single(module, layer: Layer, case: Case, args: list[np.ndarray], extra: dict, got) -> Failure | None:
    """In single precision every result is single, of the same shape."""
    if not any(a.dtype == np.float64 for a in args):
        return None
    singles = [a.astype(np.float32) if a.dtype == np.float64 else a for a in args]
    if "rng" in extra:
        extra = extra | {"rng": np.random.default_rng(0)}
    differentiates = bool(differentiated(layer))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            found = module.forward(*singles, **case.hyper, **extra)
            parts = list(found) if isinstance(found, tuple) and isinstance(got, tuple) else [found]
            double = list(got) if isinstance(got, tuple) else [got]
            has_state = any(d.role == "state" for d in layer.tensors.values())
            ys, zs = (_as_tuple(p[0] if differentiates or has_state else (q), layer.outputs) for p, q in ((parts, found), (double, got)))
            results = {f"output {n}": (y, z) for n, y, z in zip(layer.outputs, ys, zs, strict=True)}
            if has_state:
                results |= {f"state {n}": (getattr(parts[-1], n), getattr(double[-1], n)) for n in parts[-1]._fields}
            if differentiates:
                ups = [None if np.asarray(y).dtype.kind in "iub" else np.ones(np.shape(y), np.float32) for y in ys]
                if any(u is not None for u in ups):
                    grads, doubles = module.backward(parts[1], *ups), module.backward(double[1], *ups)
                    results |= {f"d{n}": (getattr(grads, n), getattr(doubles, n)) for n in differentiated(layer)}
        except Exception:
            return Failure("single precision raises", traceback.format_exc(limit=-3))
    for what, (one, two) in results.items():
        one, two = np.asarray(one), np.asarray(two)
        if two.dtype == np.float64 and one.dtype != np.float32:
            return Failure("single precision becomes another", f"{what}: {one.dtype}")
        if one.shape != two.shape:
            return Failure("single precision has another shape", f"{what}: {one.shape}, {two.shape}")
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
