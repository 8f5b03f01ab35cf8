"""Kernels that add up what goes to one place."""

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
    order = np.argsort(index, kind="stable")
    place = index[order]
    first = np.flatnonzero(np.diff(place, prepend=-1))
    turn = np.arange(len(index)) - np.repeat(first, np.diff(first, append=len(index)))
    if turn.max() >= 16:
        total[place[first]] += np.add.reduceat(values[order], first)
        return
    for k in range(turn.max() + 1):
        now = order[turn == k]
        total[index[now]] += values[now]


def _add_stretch(total, places, values):
    """Adds to places that lie equally far apart."""
    first, step = places[0], places[1] - places[0] if len(places) > 1 else 1
    if step == 0:
        total[first] += values.sum(axis=0)
    elif step > 0:
        total[first : places[-1] + 1 : step] += values
    else:
        total[places[-1] : first + 1 : -step] += values[::-1]
