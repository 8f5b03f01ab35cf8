"""Integer expressions of dimensions and hyperparameters, worked out, and how they depend on one."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod

from symback.core.expr import ONE, ZERO, Node, Op, add, mul

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


def slope_of(shape: Node, unknown: Node) -> Node | None:
    """The factor of `unknown` in an expression that is linear in it."""
    if shape == unknown:
        return ONE
    if shape.op is Op.ADD:
        parts = [slope_of(t, unknown) for t in shape.args]
        return None if None in parts else add(*parts)
    if shape.op is Op.MUL:
        holding = [f for f in shape.args if not _is_free_of(f, unknown)]
        if len(holding) > 1:
            return None
        if holding:
            inner = slope_of(holding[0], unknown)
            return None if inner is None else mul(inner, *(f for f in shape.args if f is not holding[0]))
    return ZERO if _is_free_of(shape, unknown) else None


def _is_free_of(node: Node, leaf: Node) -> bool:
    stack = [node]
    while stack:
        n = stack.pop()
        if n == leaf:
            return False
        stack.extend(n.args)
    return True
