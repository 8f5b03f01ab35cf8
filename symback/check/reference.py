"""Values and slopes of a program to many digits.

A slope is the mean of two one-sided differences whose steps are far below the working precision of any float, so it is
exact for what follows; where the two sides differ there is a kink, and every slope between them is right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from symback.check.precise import high_precision
from symback.core.program import Program
from symback.evaluate.arithmetic import Arithmetic
from symback.evaluate.definitions import evaluated
from symback.evaluate.inputs import Point

DIGITS = {np.dtype(np.float16): 120, np.dtype(np.float32): 150, np.dtype(np.float64): 540}


@dataclass(frozen=True, slots=True)
class Slope:
    """The two one-sided derivatives; equal but at a kink, NaN where there is none."""

    left: object
    right: object

    @property
    def middle(self) -> object:
        return (self.left + self.right) / 2


class Reference:
    """A program at one point, to the digits that judging `dtype` needs."""

    def __init__(self, program: Program, mode: str, point: Point, dtype: np.dtype):
        self.program, self.mode, self.point = program, mode, point
        self.digits = DIGITS[np.dtype(dtype)]
        self.arithmetic: Arithmetic = high_precision(self.digits)
        self.tensors = {n: self.exact(a) for n, a in point.tensors.items()}
        self.frozen: dict = {}
        self.values = self.evaluate(self.tensors)

    def exact(self, values: np.ndarray) -> np.ndarray:
        return self.arithmetic.array(values) if values.dtype.kind == "f" else values

    def evaluate(self, tensors: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        p = self.point
        return evaluated(self.program, self.mode, tensors, p.sizes, p.hyperparameters, self.arithmetic, self.frozen)

    def total(self, tensors: Mapping[str, np.ndarray], weights: Mapping[str, np.ndarray]) -> object:
        values = self.evaluate(tensors)
        return sum((np.sum(values[n] * w) for n, w in weights.items()), start=self.arithmetic.number(0))

    def slopes(self, name: str, flat: Iterable[int], weights: Mapping[str, np.ndarray]) -> list[Slope]:
        """The derivative of the weighted sum of outputs by the elements of a tensor at flat positions."""
        middle = self.total(self.tensors, weights)
        return [self.slope(name, k, weights, middle) for k in flat]

    def slope(self, name: str, flat: int, weights: Mapping[str, np.ndarray], middle: object = None) -> Slope:
        tensor = self.tensors[name]
        middle = self.total(self.tensors, weights) if middle is None else middle
        x = tensor.reshape(-1)[flat]
        size = abs(x) or min((abs(v) for v in tensor.reshape(-1) if v != 0), default=self.arithmetic.number(1))
        step = size * self.arithmetic.number(10) ** (-self.digits // 3)
        sides = []
        for signed in (-step, step):
            moved = tensor.copy()
            moved.reshape(-1)[flat] = x + signed
            sides.append((self.total({**self.tensors, name: moved}, weights) - middle) / signed)
        left, right = sides
        return self._joined(left, right)

    def _joined(self, left: object, right: object) -> Slope:
        """One slope where the sides agree to a few dozen digits."""
        nearly = self.arithmetic.number(10) ** (-self.digits // 5)
        if abs(left - right) <= nearly * max(abs(left), abs(right)):
            return Slope((left + right) / 2, (left + right) / 2)
        return Slope(left, right)
