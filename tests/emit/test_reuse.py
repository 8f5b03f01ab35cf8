"""Work in place: the same bits as in fresh arrays, and nothing is written over that is still read."""

import re

import numpy as np
import pytest

import symback
from symback import frontend
from symback.check import module as calls
from symback.check.points import accepted
from symback.emit import bodies
from symback.emit.reuse import Made, Step, Way, in_place
from tests.library.modules import LAYERS, compiled, module

OVER = re.compile(r"out=(\w+)\)$|^    (\w+) [-+*/]= ", re.MULTILINE)
MEETS = [layer for layer in LAYERS if OVER.search(compiled(layer).source.split("\ndef _")[0])]


def scaled(name: str, text: str = "y", *, own: bool = True) -> Made:
    """A statement that multiplies a variable by a text."""
    return Made((Way(name, (Step("np.multiply", (None, text), "*"),)),), own)


FRESH = Made((), True)
VIEW = Made((), False)


def test_what_nothing_reads_any_more_is_written_over():
    lines = in_place(["a = x - y", "b = a * y"], {0: FRESH, 1: scaled("a")}, ["b"])
    assert lines == ["a = x - y", "b = np.multiply(a, y, out=a)"]


@pytest.mark.parametrize(
    ("lines", "known", "needed"),
    [
        (["a = x - y", "b = a * y"], {0: FRESH, 1: scaled("a")}, ["a", "b"]),  # returned, or kept for backward
        (["b = a * y"], {0: scaled("a")}, ["b"]),  # an argument, or of the cache
        (["a = x - y", "b = a * y", "c = a + b"], {0: FRESH, 1: scaled("a"), 2: FRESH}, ["c"]),  # read later
        (["a = x - y", "v = a[0]", "b = a * y"], {0: FRESH, 1: VIEW, 2: scaled("a")}, ["b", "v"]),  # a view is returned
        (["a = x - y", "v = a.T", "w = v[0]", "b = a * y", "c = w + b"], {0: FRESH, 1: VIEW, 2: VIEW, 3: scaled("a"), 4: FRESH}, ["c"]),
        (["v = x[0]", "b = v * y"], {0: VIEW, 1: scaled("v")}, ["b"]),  # a view of an argument
        (["v = _helper(x)", "b = v * y"], {1: scaled("v")}, ["b"]),  # what may be its argument
        (["a = x - y", "b = a * y", "for t in range(T):", "    h[t] = a[t]"], {0: FRESH, 1: scaled("a")}, ["b", "h"]),
    ],
)
def test_what_is_still_read_is_not_written_over(lines, known, needed):
    assert in_place(lines, known, needed) == lines


def test_a_view_that_nothing_reads_keeps_no_array():
    lines = in_place(["a = x - y", "v = a[0]", "c = v + y", "b = a * c"], {0: FRESH, 1: VIEW, 2: FRESH, 3: scaled("a", "c")}, ["b"])
    assert lines[-1] == "b = np.multiply(a, c, out=a)"


def test_operations_one_within_the_other_are_written_over_one_array():
    steps = Step("np.subtract", (None, "m"), "-"), Step("np.multiply", ("p", None), "*")
    lines = in_place(["a = x - y", "b = p * (a - m)"], {0: FRESH, 1: Made((Way("a", steps),), True)}, ["b"])
    assert lines == ["a = x - y", "a -= m", "b = np.multiply(p, a, out=a)"]


@pytest.mark.parametrize("other", ["a", "a[0]", "v"])
def test_what_a_later_operation_reads_is_not_written_over_by_an_earlier_one(other):
    steps = Step("np.subtract", (None, "m"), "-"), Step("np.multiply", (other, None), "*")
    lines = ["a = x - y", "v = a.T", f"b = {other} * (a - m)"]
    assert in_place(lines, {0: FRESH, 1: VIEW, 2: Made((Way("a", steps),), True)}, ["b"]) == lines


def results(layer: str, made, dtype: type) -> list[np.ndarray]:
    """Outputs, gradients, gradients again, next states at one point."""
    program = compiled(layer).program
    point = accepted(program, module(layer), 0)
    call = calls.forward(made, program, "train", point, dtype, np.random.default_rng(0))
    found = [*call.outputs.values(), *call.states.values()]
    if program.wrt:
        rng = np.random.default_rng(1)
        upstream = {name: np.asarray(rng.standard_normal(y.shape), dtype) for name, y in call.outputs.items()}
        for _ in range(2):
            found += calls.backward(made, program, call, upstream, "train").values()
    return found


@pytest.mark.parametrize("layer", MEETS)
def test_the_library_gives_the_same_bits_in_place_and_in_fresh_arrays(layer, monkeypatch):
    monkeypatch.setattr(bodies, "in_place", lambda lines, made, needed: list(lines))
    fresh = symback.compile(symback.loads(frontend.library_text(layer))).load()
    for dtype in (np.float32, np.float64):
        pairs = zip(results(layer, module(layer), dtype), results(layer, fresh, dtype), strict=True)
        assert all(np.array_equal(a, b, equal_nan=True) and a.dtype == b.dtype for a, b in pairs)
