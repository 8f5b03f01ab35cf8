"""Reductions of the last axis of an array, in any arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from symback.core.expr import Reduction
from symback.evaluate.arithmetic import Arithmetic


def reduced(arithmetic: Arithmetic, kind: Reduction, body: np.ndarray) -> np.ndarray:
    """The reduction of the last axis."""
    empty = neutral(kind, arithmetic)
    if body.shape[-1] == 0:
        return np.full(body.shape[:-1], empty, arithmetic.dtype)
    if kind is Reduction.SUM:
        return body.sum(axis=-1)
    if kind is Reduction.PROD:
        return body.prod(axis=-1)
    best = _extreme(arithmetic.real(body), largest=kind in (Reduction.MAX, Reduction.ARGMAX, Reduction.LOGSUMEXP))
    if kind in (Reduction.ARGMAX, Reduction.ARGMIN):
        return arithmetic.array(best)
    top = np.take_along_axis(body, best[..., None], axis=-1)
    if kind is not Reduction.LOGSUMEXP:
        return top[..., 0]
    infinite = np.abs(arithmetic.real(top)) == arithmetic.real(arithmetic.infinity)
    shifted = arithmetic.functions["exp"](np.where(infinite, body, body - top)).sum(axis=-1)
    return np.where(infinite[..., 0], top[..., 0], arithmetic.functions["log"](shifted) + top[..., 0])


def _extreme(values: np.ndarray, largest: bool) -> np.ndarray:
    """The first position of the largest (or smallest) entry along the last axis."""
    if values.dtype != np.dtype(object):
        return values.argmax(axis=-1) if largest else values.argmin(axis=-1)
    best = np.zeros(values.shape[:-1], np.int64)
    for k in range(1, values.shape[-1]):
        now = np.take_along_axis(values, best[..., None], axis=-1)[..., 0]
        better = values[..., k] > now if largest else values[..., k] < now
        best = np.where(better.astype(bool), k, best)
    return best


def neutral(kind: Reduction, arithmetic: Arithmetic) -> object:
    """What an empty reduction gives."""
    if kind is Reduction.SUM:
        return arithmetic.number(Fraction(0))
    if kind is Reduction.PROD:
        return arithmetic.number(Fraction(1))
    return arithmetic.infinity if kind in (Reduction.MIN, Reduction.ARGMIN) else -arithmetic.infinity
