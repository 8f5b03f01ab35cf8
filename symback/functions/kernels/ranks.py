"""Kernels of sums over the entries of a row that are at least as large as one of them."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _ascending(x):
    """Where the entries of each row stand in ascending order, counted through all rows."""
    places = np.argsort(x, -1)
    *rows, size = x.shape
    places += size * np.arange(np.prod(rows, dtype=int)).reshape(*rows, 1)
    return places


def _sums_of_larger(ranked, order, values):
    """For each entry of a row the sum of the values at entries that are at least as large, by running sums from the largest down.

    Entries and values are ranked, that is in ascending order of the entries; order: where each of them stands.
    """
    if np.isnan(ranked[..., -1:]).any():
        values = np.where(np.isnan(ranked), 0, values)
    wide = np.promote_types(values.dtype, np.float64)
    sums = np.cumsum(values[..., ::-1], -1, wide)[..., ::-1].astype(values.dtype)
    return _from_first_equal(ranked, order, sums)


def _counts_of_larger(ranked, order):
    """For each entry of a row how many entries are at least as large, of entries in ascending order and where each of them stands."""
    total = np.count_nonzero(~np.isnan(ranked), -1, keepdims=True)
    return _from_first_equal(ranked, order, total - np.arange(ranked.shape[-1]))


def _from_first_equal(ranked, order, sums):
    """What stands at the first of equal entries in ascending order, at the place of each; 0 for a NaN."""
    equal = ranked[..., 1:] == ranked[..., :-1]
    if equal.any():
        first = np.broadcast_to(np.arange(ranked.shape[-1]), ranked.shape).copy()
        first[..., 1:][equal] = 0
        sums = np.take_along_axis(sums, np.maximum.accumulate(first, -1), -1)
    if np.isnan(ranked[..., -1:]).any():
        sums = np.where(np.isnan(ranked), 0, sums)
    placed = np.empty(ranked.size, sums.dtype)
    placed[order] = sums
    return placed.reshape(ranked.shape)
