"""Functions that the rules were not made for keep their digits over magnitudes and signs, forward and backward."""

import warnings
from functools import cache

import numpy as np
import pytest
from mpmath import mp

import symback
from tests.accuracy.cases import ASSUMED, CASES, TARGET, UNIT

MOST = 40
"""Points a case."""


def layer(case):
    inputs = "".join(f"  {a}: {{shape: [N]{', grad: false' if v is TARGET else ''}}}\n" for a, v in case.arguments.items())
    known = [ASSUMED[v].format(a) for a, v in case.arguments.items() if v in ASSUMED]
    known += [f"{a}[n] {'<' if v is UNIT else '<='} 1" for a, v in case.arguments.items() if v in (UNIT, TARGET)]
    assume = "assume:\n" + "".join(f"  - {k}\n" for k in known) if known else ""
    return f"layer: case\ninputs:\n{inputs}{assume}outputs:\n  out[n]: '{case.expression}'\n"


@cache
def module(name):
    return symback.compile(symback.loads(layer(next(c for c in CASES if c.name == name)))).load()


def points(case, dtype):
    """[points, arguments]: all combinations, or some of them."""
    grid = np.stack(np.meshgrid(*case.arguments.values(), indexing="ij"), axis=-1).reshape(-1, len(case.arguments)).astype(dtype)
    return grid[:: -(-len(grid) // MOST)]


def exact(case, point):
    """The value and the slopes by the arguments; a slope is None at a kink."""
    at = [mp.mpf(float(v)) for v in point]
    value, slopes = case.exact(*at), []
    for k, x in enumerate(at):
        step = (abs(x) or 1) * mp.mpf(10) ** -30
        right, left = ((case.exact(*at[:k], x + d, *at[k + 1 :]) - value) / d for d in (step, -step))
        slopes.append((left + right) / 2 if abs(right - left) <= mp.mpf(10) ** -12 * max(abs(left), abs(right)) else None)
    return [value, *slopes]


def fits(values, dtype):
    return all(v is None or abs(v) < float(np.finfo(dtype).max) / 4 for v in values)


def ulps(got, true, dtype):
    info = np.finfo(dtype)
    if true is None or abs(true) < float(info.tiny):
        return 0.0 if true is None or abs(got) <= 2 * float(info.tiny) else float("inf")
    return float(abs(mp.mpf(float(got)) - true) / mp.ldexp(1, mp.frexp(abs(true))[1] - 1 - info.nmant))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES, ids=lambda c: c.name)
def test_a_function_in_its_natural_form_keeps_its_digits_without_a_warning(case, dtype):
    mp.dps = 120 if dtype is np.float32 else 300
    chosen = [(p, e) for p in points(case, dtype) for e in [exact(case, p)] if fits(e, dtype)]
    arguments = [np.array(a) for a in zip(*(p for p, _ in chosen), strict=True)]
    with np.errstate(all="warn", under="ignore"), warnings.catch_warnings():
        warnings.simplefilter("error")
        y, kept = module(case.name).forward(*arguments)
        slopes = module(case.name).backward(kept, np.ones_like(y))
    found = [y, *(getattr(slopes, a, None) if v is not TARGET else None for a, v in case.arguments.items())]
    assert all(f is None or np.isfinite(f).all() for f in found)
    errors = np.array(
        [ulps(f[k], e, dtype) for k, (_, true) in enumerate(chosen) for f, e in zip(found, true, strict=True) if f is not None]
    )
    assert errors.max() < 2.0 ** (np.finfo(dtype).nmant - 6), chosen[int(errors.argmax()) // sum(f is not None for f in found)]
    assert np.mean(errors <= 16) > 0.9
