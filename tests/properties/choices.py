"""Where a generator's decisions come from: a seed, or hypothesis."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Choices:
    """Decisions from a seeded generator; subclasses draw them elsewhere."""

    def __init__(self, seed: int):
        self._random = random.Random(seed)

    def integer(self, low: int, high: int) -> int:
        """An integer of low … high."""
        return self._random.randint(low, high)

    def of(self, options: Sequence[T]) -> T:
        """One of them."""
        return options[self.integer(0, len(options) - 1)]

    def chance(self, percent: int) -> bool:
        """True that often."""
        return self.integer(1, 100) > 100 - percent

    def weighted(self, options: Sequence[tuple[int, T]]) -> T:
        """One of them by weight."""
        at = self.integer(1, sum(w for w, _ in options))
        for weight, option in options:
            at -= weight
            if at <= 0:
                return option
        raise AssertionError("weights are positive")


class DrawnChoices(Choices):
    """Decisions drawn by hypothesis, so that it shrinks them."""

    def __init__(self, draw, integers):
        self._draw, self._integers = draw, integers

    def integer(self, low: int, high: int) -> int:
        return self._draw(self._integers(low, high))
