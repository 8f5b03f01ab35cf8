"""Kernels that read at lists of places, that add up what goes to one place, and products with what stands there."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import itertools
import math

import numpy as np


def _stretches(index):
    """Slices (at, places) where a list of places goes on by equal steps: index[at] are the places; one without a step comes again and again."""
    steps = np.diff(index)
    same = steps[1:] == steps[:-1]
    cut = np.ones(len(steps), bool)
    cut[1:] &= ~same
    cut[:-1] &= ~same
    cut[1:] |= ~(same | cut[1:] | cut[:-1])
    ends = [0, *(np.flatnonzero(cut) + 1).tolist(), len(index)]
    found = []
    for start, stop in itertools.pairwise(ends[: len(index) + 1]):
        first, last = int(index[start]), int(index[stop - 1])
        step = (last - first) // max(1, stop - start - 1)
        end = last + step if step else first + 1
        places = slice(first, end if end >= 0 else None, step or None)
        found.append((slice(start, stop), places))
    return found


def _blocks(shape, lists, axes):
    """Blocks (at, places) of lists of places along some axes, the longest first; none where they hold little."""
    parts = [[(slice(None), slice(None))]] * len(shape)
    for axis, index in zip(axes, lists, strict=True):
        parts[axis] = sorted(_stretches(index), key=lambda s: s[0].start - s[0].stop)
    if 1024 * math.prod(map(len, parts)) > math.prod(shape):
        return []
    return [tuple(zip(*block, strict=True)) for block in itertools.product(*parts)]


def _read_along(x, *lists, axes):
    """x[..., places, ...] for lists of places along axes that stand together: block by block where these are large."""
    shape = list(x.shape)
    for axis, index in zip(axes, lists, strict=True):
        shape[axis] = len(index)
    blocks = _blocks(shape, lists, axes)
    if not blocks:
        return x[(..., *np.ix_(*lists), *[slice(None)] * (x.ndim - 1 - axes[-1]))]
    y = np.empty(shape, x.dtype)
    for at, places in blocks:
        y[at] = x[places]
    return y


def _sums_along(values, *pairs, axes):
    """values added up at lists of places, each followed by the size of its axis: the largest block is written, as all are
    where each place comes once, the others are added to it."""
    lists, sizes = pairs[::2], pairs[1::2]
    shape = list(values.shape)
    for axis, size in zip(axes, sizes, strict=True):
        shape[axis] = size
    blocks = _blocks(shape, lists, axes)
    if not blocks:
        for axis, index, size in zip(axes, lists, sizes, strict=True):
            part, shape = values, list(values.shape)
            shape[axis] = size
            values = np.zeros(shape, part.dtype)
            _add_along(values, index, part, axis)
        return values
    total = np.empty(shape, values.dtype)
    pairs = zip(lists, sizes, strict=True)
    once = all(len(index) == size == len(np.unique(index)) for index, size in pairs)
    if not once and total[blocks[0][1]].size < total.size:
        total[...] = 0
    for k, (at, places) in enumerate(blocks):
        part, target = values[at], total[places]
        again = tuple(a for a, n in enumerate(target.shape) if n < part.shape[a])
        if again:
            part = part.sum(axis=again, keepdims=True)
        if k and not once:
            target += part
        else:
            target[...] = part
    return total


def _add_along(total, index, values, axis):
    """total[..., index, ...] += values in place, where a place may come again: stretch by stretch, or place by place."""
    parts = _stretches(index)
    if len(parts) <= 16:
        total, values = np.moveaxis(total, axis, 0), np.moveaxis(values, axis, 0)
        for at, places in parts:
            part, target = values[at], total[places]
            target += part if len(part) == len(target) else part.sum(axis=0)
    elif axis == 0:
        _add_rows(total, index, values)
    else:
        lead = np.indices(total.shape[:axis], sparse=True)
        _add_at(total, (*(place[..., None] for place in lead), index), values)


def _add_at(total, places, values):
    """total[places] += values in place for places along the first axes, which may come again: in the flat array NumPy adds fastest."""
    if not total.flags.c_contiguous:
        np.add.at(total, places, values)
        return
    rows = total.shape[len(places) :]
    steps = (stride // total.itemsize for stride in total.strides)
    pairs = zip(places, steps, strict=False)
    parts = [np.asarray(place, np.intp) * step for place, step in pairs]
    at, *others = sorted(parts, key=np.size, reverse=True)
    for part in others:
        at = at + part
    values = np.broadcast_to(values, (*at.shape, *rows))
    if rows:
        at = at[..., None] + np.arange(math.prod(rows))
    np.add.at(total.reshape(-1), at.reshape(-1), values.reshape(-1))


def _add_rows(total, index, values):
    """total[index] += values in place, where a row may come again.

    Many narrow rows are added number by number, wide ones round by round, those that are often met summed one by one.
    """
    rows = total.shape[1:]
    values = np.broadcast_to(values, (*index.shape, *rows)).reshape(index.size, *rows)
    index = index.reshape(-1).astype(np.intp, copy=False)
    if values.size < 100_000:
        np.add.at(total, index, values)
        return
    if values[:1].size < 128:
        _add_at(total, (index,), values)
        return
    order, first, count = _by_place(index)
    place = index[order]
    often = count > 16
    for start, stop in zip(first[often], (first + count)[often], strict=True):
        total[place[start]] += values[order[start:stop]].sum(axis=0)
    turn = np.arange(len(index)) - np.repeat(first, count)
    turn[np.repeat(often, count)] = -1
    for k in range(turn.max(initial=-1) + 1):
        now = order[turn == k]
        total[index[now]] += values[now]


def _by_place(index):
    """The order that brings equal numbers together, where each of them begins in it, how often it stands there."""
    order = np.argsort(index, kind="stable")
    first = np.flatnonzero(np.diff(index[order], prepend=-1))
    return order, first, np.diff(first, append=len(index))


def _by_label(x, matrices, labels):
    """x[n] @ matrices[labels[n]] for each n: one product for all rows with a label; small matrices row by row."""
    if matrices[:1].size < 64:
        return np.einsum("ab,abc->ac", x, matrices[labels])
    y = np.empty((len(x), matrices.shape[2]), np.result_type(x, matrices))
    order, first, _ = _by_place(labels)
    for rows in np.split(order, first[1:]):
        if len(rows):
            y[rows] = x[rows] @ matrices[labels[rows[0]]]
    return y


def _add_products(total, labels, x, y):
    """Adds the outer product of x[n] and y[n] to total[labels[n]] for each n, in place: one product for all rows with a label."""
    order, first, _ = _by_place(labels)
    for rows in np.split(order, first[1:]):
        if len(rows):
            total[labels[rows[0]]] += x[rows].T @ y[rows]
