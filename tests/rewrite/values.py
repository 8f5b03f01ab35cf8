"""Exact values of expressions in index notation, in mpmath, for small tensors."""

from __future__ import annotations

from functools import reduce
from itertools import product

import mpmath

from symback.core.expr import Node, Op, Reduction, branches, opened
from symback.functions import TABLE


def value(node: Node, tensors, sizes, at=None):
    """The value of a node; tensors[name] is a function of the indices, `at` maps free indices to integers."""
    at = at or {}
    op, mp = node.op, mpmath.mp

    def of(n):
        return value(n, tensors, sizes, at)

    if op is Op.NUM:
        return mp.mpf(node.data.numerator) / node.data.denominator
    if op is Op.CONST:
        return {"pi": +mp.pi, "oo": mp.inf, "-oo": -mp.inf}[node.data]
    if op is Op.BOOL:
        return node.data
    if op is Op.DIM:
        return mp.mpf(sizes[node.data])
    if op is Op.INDEX:
        return mp.mpf(at[node])
    if op is Op.READ:
        return tensors[node.data](*(int(of(a)) for a in node.args))
    if op is Op.ADD:
        return reduce(lambda a, b: a + b, map(of, node.args))
    if op is Op.MUL:
        return reduce(lambda a, b: a * b, map(of, node.args))
    if op is Op.POW:
        return mp.power(of(node.args[0]), of(node.args[1]))
    if op is Op.COMPARE:
        a, b = map(of, node.args)
        return {"<": a < b, "<=": a <= b, "==": a == b, "!=": a != b}[node.data]
    if op in (Op.AND, Op.OR):
        return (all if op is Op.AND else any)(map(of, node.args))
    if op is Op.NOT:
        return not of(node.args[0])
    if op is Op.PIECEWISE:
        return next(of(v) for v, c in branches(node) if of(c))
    if op is Op.REDUCE:
        return _reduced(node, tensors, sizes, at)
    return TABLE[node.data].reference(mp, *map(of, node.args))


def _reduced(node, tensors, sizes, at):
    body, binders = opened(node)
    ranges = [range(int(value(b[0].args[0], tensors, sizes, at))) for b in binders]
    values = [value(body, tensors, sizes, at | dict(zip((b[0] for b in binders), p, strict=True))) for p in product(*ranges)]
    if node.data is Reduction.ARGMAX:
        return mpmath.mpf(values.index(max(values)))
    if node.data is Reduction.LOGSUMEXP:
        return mpmath.log(sum(map(mpmath.exp, values)))
    return sum(values)
