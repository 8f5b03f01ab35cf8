"""Kernels that add up what goes to one place, and products with what stands there."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _add_along(total, index, values, axis):
    """total[..., index, ...] += values in place, where a place may come again: stretch by stretch, round by round, or place by place."""
    total, values = np.moveaxis(total, axis, 0), np.moveaxis(values, axis, 0)
    index = np.asarray(index, np.intp)
    steps = np.diff(index)
    cuts = np.flatnonzero(steps[1:] != steps[:-1]) + 2
    if len(cuts) < 16:
        for part in np.split(np.arange(len(index)), cuts):
            if len(part):
                _add_stretch(total, index[part], values[part[0] : part[-1] + 1])
        return
    _add_rows(total, index, values)


def _add_rows(total, index, values):
    """total[index] += values in place, where a row may come again: round by round, but often met rows one by one, and narrow ones place by place."""
    rows = total.shape[1:]
    values = np.broadcast_to(values, (*index.shape, *rows)).reshape(index.size, *rows)
    index = index.reshape(-1).astype(np.intp, copy=False)
    if values[:1].size < 16:
        np.add.at(total, index, values)
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


def _add_stretch(total, places, values):
    """Adds to places that lie equally far apart."""
    first, step = places[0], places[1] - places[0] if len(places) > 1 else 1
    if step == 0:
        total[first] += values.sum(axis=0)
    elif step > 0:
        total[first : places[-1] + 1 : step] += values
    else:
        total[places[-1] : first + 1 : -step] += values[::-1]
