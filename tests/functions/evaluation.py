"""Two evaluators of scalar expressions: in NumPy by the table's spellings, and in mpmath by its references."""

from __future__ import annotations

from functools import cache, reduce

import mpmath
import numpy as np

from symback.core.expr import Node, Op, branches
from symback.functions import TABLE, Expansion, Identity, Ufunc
from symback.functions.kernels import needed

PARAMETERS = {"exp_moment", "spherical_bessel", "polygamma"}
"""Functions whose first argument is an integer known when code is written."""


@cache
def kernel(name):
    """The pasted function, loaded from its text alone as a generated module would hold it."""
    space = {"np": np}
    for piece in needed([name]):
        for line in piece.imports:
            exec(line, space)
        exec(piece.text, space)
    return space[name]


def in_numpy(node: Node, values, memo=None):
    """The value of `node` where each READ's value is values[name]."""
    memo = {} if memo is None else memo

    def go(n: Node):
        if n not in memo:
            memo[n] = step(n)
        return memo[n]

    def step(n: Node):
        op, dtype = n.op, values["dtype"]
        if op is Op.NUM:
            return int(n.data) if n.data.denominator == 1 else float(n.data)
        if op is Op.CONST:
            return {"pi": float(np.pi), "oo": np.inf, "-oo": -np.inf}[n.data]
        if op is Op.BOOL:
            return np.bool_(n.data)
        if op in (Op.READ, Op.HYPER):
            return values[n.data]
        if op is Op.ADD:
            return reduce(np.add, map(go, n.args))
        if op is Op.MUL:
            return reduce(np.multiply, map(go, n.args))
        if op is Op.POW:
            return _power(go(n.args[0]), n.args[1], go)
        if op is Op.COMPARE:
            return {"<": np.less, "<=": np.less_equal, "==": np.equal, "!=": np.not_equal}[n.data](*map(go, n.args))
        if op is Op.AND:
            return reduce(np.logical_and, map(go, n.args))
        if op is Op.OR:
            return reduce(np.logical_or, map(go, n.args))
        if op is Op.NOT:
            return np.logical_not(go(n.args[0]))
        if op is Op.PIECEWISE:
            out = go(n.args[-2])
            for value, condition in branches(n)[-2::-1]:
                out = np.where(go(condition), go(value), out)
            return np.asarray(out, dtype) if np.ndim(out) else out
        return _call(n, go)

    return go(node)


def _power(base, exponent, go):
    if exponent.op is Op.NUM and exponent.data.denominator == 1 and abs(exponent.data) <= 4:
        product = reduce(np.multiply, [base] * int(abs(exponent.data)))
        return product if exponent.data > 0 else 1 / product
    if exponent.op is Op.NUM and abs(exponent.data) * 2 == 1:
        root = np.sqrt(base) if isinstance(base, np.ndarray) else base**0.5
        return root if exponent.data > 0 else 1 / root
    return np.power(base, go(exponent))


def _call(n, go):
    row = TABLE[n.data]
    if isinstance(row.spelling, Expansion):
        return go(row.spelling.build(*n.args))
    args = [go(a) for a in n.args]
    if isinstance(row.spelling, Identity):
        return args[0]
    if isinstance(row.spelling, Ufunc):
        ufunc = getattr(np, row.spelling.name.removeprefix("np."))
        return reduce(ufunc, args) if row.arity == -1 else ufunc(*args)
    return kernel(row.spelling.name)(*args)


def exactly(node: Node, values):
    """The value of `node` in mpmath at its present precision."""
    mp = mpmath.mp

    def go(n: Node):
        op = n.op
        if op is Op.NUM:
            return mp.mpf(n.data.numerator) / n.data.denominator
        if op is Op.CONST:
            return {"pi": mp.pi, "oo": mp.inf, "-oo": -mp.inf}[n.data]
        if op is Op.BOOL:
            return n.data
        if op in (Op.READ, Op.HYPER):
            return values[n.data]
        if op is Op.ADD:
            return reduce(lambda a, b: a + b, map(go, n.args))
        if op is Op.MUL:
            return reduce(lambda a, b: a * b, map(go, n.args))
        if op is Op.POW:
            return mp.power(go(n.args[0]), go(n.args[1]))
        if op is Op.COMPARE:
            a, b = map(go, n.args)
            return {"<": a < b, "<=": a <= b, "==": a == b, "!=": a != b}[n.data]
        if op is Op.AND:
            return all(map(go, n.args))
        if op is Op.OR:
            return any(map(go, n.args))
        if op is Op.NOT:
            return not go(n.args[0])
        if op is Op.PIECEWISE:
            return next(go(v) for v, c in branches(n) if go(c))
        return TABLE[n.data].reference(mp, *map(go, n.args))

    return go(node)


def ulps(got, true, dtype):
    """|got - true| in spacings of the dtype at the true value."""
    t = mpmath.mpf(true)
    info = np.finfo(dtype)
    if abs(t) > mpmath.mpf(float(info.max)):
        return 0.0 if abs(float(got)) >= float(info.max) * 0.999 else float("inf")
    if not np.isfinite(got):
        return float("inf")
    exponent = int(mpmath.frexp(abs(t))[1]) - 1 if t else -5000
    unit = mpmath.ldexp(1, max(exponent - info.nmant, int(info.minexp) - info.nmant))
    return float(abs(mpmath.mpf(float(got)) - t) / unit)
