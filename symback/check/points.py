"""Finding a point where a layer can be judged: one that its module takes, its assumptions allow, and its formulas are defined at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import ModuleType

import numpy as np

from symback.check import module as calls
from symback.core.program import Program
from symback.evaluate.arithmetic import double
from symback.evaluate.assumptions import failing, mentioned, projected, satisfies
from symback.evaluate.definitions import evaluated
from symback.evaluate.inputs import SHAPES, Point, drawn, sizes_to_try


class CannotSample(Exception):
    """No point was found; the text says what stood in the way."""


def accepted(program: Program, module: ModuleType, seed: int) -> Point:
    """The first point of those proposed that `forward` takes without an error, and where every output is a number.

    Raises:
        CannotSample: there is none that `forward` takes.
    """
    complaint: Exception | None = None
    for sizes in sizes_to_try(program):
        undefined = None
        try:
            for point in allowed(program, sizes, seed):
                for mode in program.bodies:
                    with np.errstate(all="ignore"):
                        calls.forward(module, program, mode, point, np.float64, calls.draws(program, mode, point))
                if is_defined(program, point):
                    return point
                undefined = undefined or point
        except (ValueError, IndexError, CannotSample) as error:
            complaint = complaint or error
        if undefined is not None:
            return undefined
    reason = f" ({complaint})" if complaint else ""
    raise CannotSample(f"no sizes were found that the layer accepts; give some under check: dims{reason}") from complaint


def allowed(program: Program, sizes: Mapping[str, int], seed: int) -> Iterator[Point]:
    """Random points at these sizes within the assumptions: first those that are so by themselves, then points moved there.

    Raises:
        CannotSample: there is none; only after the last point.
    """
    points = [drawn(program, sizes, np.random.default_rng(seed), shape) for shape in SHAPES]
    found = False
    for point in (p for p in points if satisfies(program, p)):
        found = True
        yield point
    for point in (projected(program, p) for p in points if program.assumptions):
        if satisfies(program, point):
            found = True
            yield point
    if not found:
        names = ", ".join(mentioned(program)) or "its tensors"
        raise CannotSample(f"no inputs were found for which {failing(program, points[0])!r} holds; give values for {names} under check:")


def is_defined(program: Program, point: Point) -> bool:
    """Whether no output of any mode is NaN."""
    for mode, body in program.bodies.items():
        values = evaluated(program, mode, point.tensors, point.sizes, point.hyperparameters, double())
        if any(np.isnan(values[o]).any() for o in body.outputs):
            return False
    return True
