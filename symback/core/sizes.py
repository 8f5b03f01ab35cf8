"""Integer expressions of dimensions and hyperparameters, worked out."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from symback.core.expr import Node, Op

_FUNCTIONS = {"floordiv": int.__floordiv__, "mod": int.__mod__, "Min": min, "Max": max, "Abs": abs}


def size_of(node: Node, sizes: Mapping[str, int], hyperparameters: Mapping[str, object]) -> int:
    """The integer that an expression has, given its dimensions and integer hyperparameters.

    Raises:
        ZeroDivisionError: a division by a size of 0.
    """
    if node.op is Op.NUM:
        return int(node.data)
    if node.op is Op.DIM:
        return int(sizes[node.data])
    if node.op is Op.HYPER:
        return int(hyperparameters[node.data])
    parts = [size_of(a, sizes, hyperparameters) for a in node.args]
    if node.op is Op.ADD:
        return sum(parts)
    if node.op is Op.MUL:
        return prod(parts)
    if node.op is Op.POW:
        return parts[0] ** parts[1]
    return _FUNCTIONS[node.data](*parts)
