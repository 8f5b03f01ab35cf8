"""A row of the table that compares a library layer with torch: its reference, its data, its options."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np


@dataclass(frozen=True, slots=True)
class Draw:
    """How an argument is made: `make(rng)` is a float64, integer or bool array; `differentiated` says whether a gradient is expected."""

    make: Callable[[np.random.Generator], np.ndarray]
    differentiated: bool = True


def normal(*shape: int) -> Draw:
    """Standard normal numbers."""
    return Draw(lambda rng: rng.standard_normal(shape))


def uniform(low: float, high: float, *shape: int) -> Draw:
    """Numbers between low and high."""
    return Draw(lambda rng: rng.uniform(low, high, shape))


def labels(classes: int, *shape: int) -> Draw:
    """Integers in 0 … classes - 1."""
    return Draw(lambda rng: rng.integers(0, classes, shape), differentiated=False)


def mask(*shape: int) -> Draw:
    """Booleans, with at least one true in each row."""

    def make(rng: np.random.Generator) -> np.ndarray:
        keep = rng.random(shape) < 0.6
        keep[..., 0] = True
        return keep

    return Draw(make, differentiated=False)


def signs(*shape: int) -> Draw:
    """-1.0 or 1.0."""
    return Draw(lambda rng: rng.choice([-1.0, 1.0], shape), differentiated=False)


def these(values: object) -> Draw:
    """The given array."""
    return Draw(lambda rng: np.array(values), differentiated=False)


def given(draw: Draw) -> Draw:
    """The same numbers, not differentiated."""
    return replace(draw, differentiated=False)


@dataclass(frozen=True, slots=True)
class Case:
    """One comparison.

    `reference(**tensors, **options)` gives the outputs, one tensor or a tuple; with `states`, a pair (outputs, next states).
    """

    layer: str
    reference: Callable
    data: Mapping[str, Draw]
    options: Mapping[str, object] = field(default_factory=dict)
    mode: str | None = None
    states: bool = False

    @property
    def label(self) -> str:
        parts = [self.layer, *(f"{k}={v}" for k, v in self.options.items()), *([self.mode] if self.mode else [])]
        return "-".join(parts)
