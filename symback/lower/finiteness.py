"""What can hold an infinity, a NaN or a negative number where its tensors hold none: masks are put on it before it is multiplied."""

from __future__ import annotations

from symback.calculus.affine import scalar
from symback.calculus.entries import entry
from symback.core.expr import NEG_INF, Node, Op, Reduction, walk
from symback.functions import TABLE
from symback.lower.lowering import Lowering

_EVERYWHERE = (Op.READ, Op.NUM, Op.DIM, Op.HYPER, Op.INDEX)


def finite_by_form(low: Lowering, node: Node) -> bool:
    """Whether it is finite wherever its tensors are: sums, products and whole powers of reads and sizes."""
    if node.op is Op.READ:
        return _finite_value(low, str(node.data))
    return node.op is not Op.CALL and _combination(low, node)


def _combination(low: Lowering, node: Node) -> bool:
    if node.op is Op.READ:
        return _finite_value(low, str(node.data))
    if node.op in _EVERYWHERE:
        return True
    if node.op is Op.POW:
        e = node.args[1]
        return scalar(node) or (e.op is Op.NUM and e.data > 0 and e.data.denominator == 1 and finite_by_form(low, node.args[0]))
    if node.op is Op.REDUCE:
        return node.data is Reduction.SUM and finite_by_form(low, node.args[0])
    return node.op in (Op.ADD, Op.MUL) and all(finite_by_form(low, a) for a in node.args)


def _finite_value(low: Lowering, name: str) -> bool:
    """Whether a tensor, a cotangent or a definition holds finite numbers for finite ones; a recurrence does if each of its steps does."""
    if low.outside_of(name) == NEG_INF:
        return False
    d = low.definitions.get(name)
    if d is None:
        return True
    known = low.finite.get(name)
    if known is None:
        low.finite[name] = True
        known = low.finite[name] = all(_tame(low, e.value) for e in d.equations)
    return known


def _tame(low: Lowering, node: Node) -> bool:
    """Whether the value of an expression is finite for finite tensors, but for an overflow: it divides by nothing, and no function in it has a pole."""
    if node.op is Op.READ:
        return _finite_value(low, str(node.data))
    if node.op is Op.POW:
        e = node.args[1]
        return scalar(node) or (e.op is Op.NUM and e.data > 0 and _tame(low, node.args[0]))
    if node.op is Op.CALL and node.data == "exp" and entry(node.args[0]) is not None:
        return True
    if node.op is Op.CALL:
        row = TABLE.get(node.data)
        entire = node.data in ("exp", "floordiv", "mod") or (row is not None and not row.partial)
        return entire and all(_tame(low, a) for a in node.args)
    if node.op is Op.CONST:
        return node.data == "pi"
    if node.op is Op.REDUCE:
        return _tame(low, node.args[0])
    return all(_tame(low, a) for a in node.args)


def may_be_minus_infinity(low: Lowering, node: Node) -> bool:
    """Whether the layer puts -oo among its entries, so that all that it is made of may be."""
    seen: set[str] = set()
    stack = [node]
    while stack:
        for n in walk(stack.pop()):
            if n == NEG_INF or (n.op is Op.READ and low.outside_of(str(n.data)) == NEG_INF):
                return True
            if n.op is Op.READ and n.data in low.definitions and n.data not in seen:
                seen.add(str(n.data))
                stack += [e.value for e in low.definitions[str(n.data)].equations]
    return False


def never_negative(node: Node) -> bool:
    """Whether the form shows that no value is below 0."""
    if node.op is Op.NUM:
        return node.data >= 0
    if node.op in (Op.ADD, Op.MUL):
        return all(never_negative(a) for a in node.args)
    if node.op is Op.POW:
        e = node.args[1]
        return never_negative(node.args[0]) or (e.op is Op.NUM and e.data.denominator == 1 and e.data % 2 == 0)
    if node.op is Op.REDUCE:
        return node.data in (Reduction.SUM, Reduction.PROD, Reduction.MAX, Reduction.MIN) and never_negative(node.args[0])
    return node.op in (Op.DIM, Op.HYPER) or (node.op is Op.CALL and node.data in ("exp", "Abs", "cosh", "sigmoid", "softplus"))
