"""Formulas in forms that no rule was made for keep their digits: the truth is the formula itself, read by the oracle with many digits."""

import itertools
import re
import warnings
from functools import cache

import numpy as np
import pytest

import symback
from tests import oracle
from tests.accuracy.forms import ASSUMED, FIXED, SCALARS, VECTORS
from tests.oracle import arithmetic

MOST = 30
"""Points a formula."""
LEAST = 1e-60
"""A slope below it is what is left of the complex step's own error."""
UPSTREAM = (1.0, -0.5, 0.25, 2.0)
NAMES = re.compile(r"[A-Za-z_]\w*")


def is_row(values):
    return isinstance(values[0], tuple)


def text(form):
    """The layer file: `[n]` is put behind the arguments of a formula over numbers."""
    index = {a: "[n, i]" if is_row(v) else "[n]" for a, v in form.arguments.items()}
    rows = any(is_row(v) for v in form.arguments.values())
    formula = form.formula.removeprefix("row ")
    if not rows:
        formula = NAMES.sub(lambda m: m[0] + index.get(m[0], ""), formula)
    shapes = {a: f"{{shape: {'[N, C]' if is_row(v) else '[N]'}{', grad: false' if v in FIXED else ''}}}" for a, v in form.arguments.items()}
    inputs = "".join(f"  {a}: {s}\n" for a, s in shapes.items())
    known = [k.format(a + index[a]) for a, v in form.arguments.items() for k in ASSUMED.get(v, ())] + list(form.assume)
    assume = "assume:\n" + "".join(f"  - {k}\n" for k in known) if known else ""
    return f"layer: case\ninputs:\n{inputs}{assume}outputs:\n  {form.output}: '{formula}'\n"


@cache
def module(source):
    return symback.compile(symback.loads(source)).load()


def points(form, dtype):
    """Arrays by name: all combinations of numbers, or some of them; rows beside each other."""
    if any(is_row(v) for v in form.arguments.values()):
        length = max(len(v) for v in form.arguments.values())
        return {a: np.array(list(itertools.islice(itertools.cycle(v), length)), dtype) for a, v in form.arguments.items()}
    grid = np.array(list(itertools.product(*form.arguments.values())), dtype)
    return dict(zip(form.arguments, grid[:: -(-len(grid) // MOST)].T, strict=True))


def exact(form, source, arrays):
    """The output, and the gradient of its sum with UPSTREAM by each argument: high-precision numbers in the arguments' shapes."""
    layer = oracle.read_text(source)
    high = oracle.HIGH_PRECISION

    def values(moved=None, column=None):
        made = {}
        for a, array in arrays.items():
            there = np.empty(array.shape, object)
            for place in np.ndindex(array.shape):
                x = float(array[place])
                turned = a == moved and (column is None or place[1] == column)
                there[place] = high.infinitesimal(x, 1.0) if turned else high.number(x)
            made[a] = there
        return oracle.evaluate(layer, made, {}, high).outputs["out"]

    slopes = {}
    for a, array in arrays.items():
        if form.arguments[a] in FIXED:
            continue
        slopes[a] = np.empty(array.shape, object)
        for column in range(array.shape[1]) if array.ndim == 2 else [None]:
            y = values(a, column)
            for n in range(len(y)):
                row = np.ravel(y[n])
                slopes[a][n if column is None else (n, column)] = sum(v.imag * g for v, g in zip(row, UPSTREAM, strict=False)) / high.step
    return values(), slopes


def ulps(got, true, dtype):
    """Errors in units of the last place; a true value below the normal range, or below LEAST, asks only for a small one."""
    info, out = np.finfo(dtype), []
    for a, t in zip(np.ravel(got), np.ravel(true), strict=True):
        t = t.real
        if abs(t) < max(float(info.tiny) * 4, LEAST):
            out.append(0.0 if abs(float(a)) <= max(8 * float(info.tiny), LEAST) else float("inf"))
        elif abs(t) < float(info.max) / 4:
            out.append(abs(float((high_number(a) - t) / t)) / float(info.eps))
    return out


def high_number(a):
    return oracle.HIGH_PRECISION.number(float(a))


def keeps_its_digits(form, dtype):
    """Asserts that value and gradient are finite, without a warning, none lost and 9 in 10 within 16 ULP."""
    source = text(form)
    arrays = points(form, dtype)
    with arithmetic._mp.workdps(160 if dtype is np.float32 else 420):
        true, slopes = exact(form, source, arrays)
        with np.errstate(all="warn", under="ignore"), warnings.catch_warnings():
            warnings.simplefilter("error")
            y, kept = module(source).forward(*arrays.values())
            upstream = np.broadcast_to(np.asarray(UPSTREAM, dtype), y.shape) if y.ndim == 2 else np.ones_like(y)
            found = module(source).backward(kept, upstream)
        errors = np.array(ulps(y, true, dtype) + [e for a in slopes for e in ulps(getattr(found, a), slopes[a], dtype)])
    assert np.isfinite(y).all() and all(np.isfinite(getattr(found, a)).all() for a in slopes)
    assert errors.max() < 2.0 ** (np.finfo(dtype).nmant - 6)
    assert np.mean(errors <= 16) > 0.9


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("form", (*SCALARS, *VECTORS), ids=lambda f: f.name)
def test_a_formula_as_it_is_written_keeps_its_digits_without_a_warning(form, dtype):
    keeps_its_digits(form, dtype)
