"""Constants folded at high precision and rounded once."""

from __future__ import annotations

import math
from fractions import Fraction

from symback.core.expr import Node, Op
from symback.functions import TABLE

LARGEST = 1 << 4096


def exact_float(node: Node) -> str:
    """The shortest literal of the float64 nearest to a constant expression (numbers, pi, powers and functions of them)."""
    if node.op is Op.CONST and node.data in ("oo", "-oo"):
        return "np.inf" if node.data == "oo" else "-np.inf"
    if node.op is Op.NUM:
        return _literal(_rounded(node.data))
    if node.op is Op.CONST and node.data == "pi":
        return "math.pi"
    import mpmath

    with mpmath.workdps(40):
        value = _value(node, mpmath)
        if isinstance(value, bool):
            return repr(value)
        return _literal(float(value))


def _rounded(value: Fraction) -> float:
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _literal(value: float) -> str:
    """The text of a float; a constant outside of a function's domain is nan."""
    if math.isnan(value):
        return "np.nan"
    if math.isinf(value):
        return "np.inf" if value > 0 else "-np.inf"
    return repr(value)


def _value(node: Node, mp):
    """The value; infinite beyond LARGEST, so that no later function needs that many digits; nan outside of a domain."""
    try:
        value = _exactly(node, mp)
    except OverflowError:
        return mp.inf
    except (ValueError, ZeroDivisionError):  # mpmath's answer at a pole
        return mp.inf if node.data == "loggamma" else mp.nan
    if isinstance(value, mp.mpc):
        return value.real if not value.imag else mp.nan
    if isinstance(value, bool) or abs(value) < LARGEST or not mp.isfinite(value):
        return value
    return mp.inf if value > 0 else -mp.inf


def _exactly(node: Node, mp):
    if node.op is Op.NUM:
        return mp.mpf(node.data.numerator) / node.data.denominator
    if node.op is Op.CONST:
        return {"pi": mp.pi, "oo": mp.inf, "-oo": -mp.inf}[node.data]
    args = [_value(a, mp) for a in node.args]
    if node.op is Op.ADD:
        return mp.fsum(args)
    if node.op is Op.MUL:
        return mp.fprod(args)
    if node.op is Op.POW:
        return mp.power(*args)
    if node.op is Op.CALL:
        return TABLE[node.data].reference(mp, *args)
    if node.op is Op.PIECEWISE:
        return next(value for value, condition in zip(args[::2], args[1::2], strict=True) if condition)
    return _truth(node, args)


_RELATIONS = {"<": lambda a, b: a < b, "<=": lambda a, b: a <= b, "==": lambda a, b: a == b, "!=": lambda a, b: a != b}


def _truth(node: Node, args: list) -> bool:
    if node.op is Op.BOOL:
        return node.data
    if node.op is Op.COMPARE:
        return _RELATIONS[node.data](*args)
    if node.op is Op.NOT:
        return not args[0]
    if node.op in (Op.AND, Op.OR):
        return (all if node.op is Op.AND else any)(args)
    raise ValueError(f"not a constant: {node}")
