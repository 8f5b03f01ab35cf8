"""Comparisons of evaluated numbers: what is equal but for rounding counts as equal."""

from __future__ import annotations

import numpy as np

NEAR = 2.0**-34
"""How far apart, relative to the larger, two numbers may be that are the same but for the order in which they were added up."""

_EXACT = {"<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal}


def compared_exactly(relation: str, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of integers."""
    return _EXACT[relation](left, right).astype(bool)


def compared(relation: str, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """Of floats: an extremum and the entry that it is are equal, in whatever order each was worked out."""
    exact = compared_exactly(relation, left, right)
    with np.errstate(all="ignore"):
        near = (np.abs(left - right) <= NEAR * np.maximum(np.abs(left), np.abs(right))).astype(bool)
    return exact | near if relation in ("==", "<=") else exact & ~near
