"""Integer expressions of dimensions and hyperparameters, worked out."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from symback.core.expr import Node, Op

_FUNCTIONS = {"floordiv": int.__floordiv__, "mod": int.__mod__, "Min": min, "Max": max, "Abs": abs}
_RELATIONS = {"<": int.__lt__, "<=": int.__le__, "==": int.__eq__, "!=": int.__ne__}


def size_of(node: Node, sizes: Mapping[str, int], hyperparameters: Mapping[str, object]) -> int:
    """The integer that an expression has, given its dimensions and hyperparameters; a truth is 0 or 1.

    Raises:
        ZeroDivisionError: a division by a size of 0.
    """
    if node.op in (Op.NUM, Op.BOOL):
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
    if node.op is Op.PIECEWISE:
        return next(value for value, condition in zip(parts[::2], parts[1::2], strict=True) if condition)
    if node.op is Op.NOT:
        return 1 - parts[0]
    if node.op in (Op.AND, Op.OR):
        return int(all(parts) if node.op is Op.AND else any(parts))
    if node.op is Op.COMPARE:
        return int(_RELATIONS[node.data](*parts))
    return _FUNCTIONS[node.data](*parts)
