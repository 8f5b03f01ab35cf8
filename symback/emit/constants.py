"""Constants folded at high precision and rounded once."""

from __future__ import annotations

from symback.core.expr import Node, Op


def exact_float(node: Node) -> str:
    """The shortest literal of the float64 nearest to a constant expression (numbers, pi, powers and functions of them)."""
    if node.op is Op.CONST and node.data in ("oo", "-oo"):
        return "np.inf" if node.data == "oo" else "-np.inf"
    if node.op is Op.NUM:
        return repr(float(node.data))
    if node.op is Op.CONST and node.data == "pi":
        return "math.pi"
    import mpmath

    with mpmath.workdps(40):
        value = _value(node, mpmath)
        return repr(float(value))


def _value(node: Node, mp):
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
        from symback.functions import TABLE

        return TABLE[node.data].reference(mp, *args)
    raise ValueError(f"not a constant: {node}")
