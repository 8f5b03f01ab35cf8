"""Arithmetic of lowered values: element types, operators, selection."""

from __future__ import annotations

from symback.core.expr import FALSE, TRUE, Node, Op
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering


def result_element(*elements: str) -> str:
    """Element type of an arithmetic operation on these."""
    if "f" in elements:
        return "f"
    if "d" in elements:
        return "d"
    return "i" if "i" in elements or "b" in elements else "s"


def operate(low: Lowering, symbol: str, left: Lowered, right: Lowered) -> Lowered:
    """left symbol right, both brought to the layer's float type where one has it."""
    elements = {left.array.element, right.array.element}
    if "f" in elements:
        left, right = as_numbers(low, left, right)
    element = result_element(left.array.element, right.array.element)
    if element == "i" and (symbol == "/" or _fractional(left) or _fractional(right)):
        element = "d"
    return low.elementwise(Kind.OPERATOR, symbol, [left, right], element)


def as_numbers(low: Lowering, *operands: Lowered) -> list[Lowered]:
    """Operands of one operation in the layer's float type; beside a float, NumPy takes a mask as 0 and 1 by itself."""
    values = [low.as_float(v) for v in operands]
    masks = [v.array.kind is Kind.CAST and v.array.args[0].element == "b" for v in values]
    if all(masks):
        masks[0] = False
    beside = any(v.array.element == "f" and not mask for v, mask in zip(values, masks, strict=True))
    return [Lowered(v.array.args[0], v.axes) if mask and beside else v for v, mask in zip(values, masks, strict=True)]


def _fractional(v: Lowered) -> bool:
    return v.array.kind is Kind.SCALAR and not integral(v.array.data)


def integral(node: Node) -> bool:
    if node.op is Op.NUM:
        return node.data.denominator == 1
    if node.op is Op.POW:
        return integral(node.args[0]) and node.args[1].op is Op.NUM and node.args[1].data >= 0 and integral(node.args[1])
    return (
        node.op is Op.DIM
        or (node.op in (Op.ADD, Op.MUL) or (node.op is Op.CALL and node.data in ("floordiv", "mod", "Max", "Min", "Abs")))
        and all(integral(a) for a in node.args)
    )


def negative(low: Lowering, v: Lowered) -> Lowered:
    return low.elementwise(Kind.OPERATOR, "neg", [v], "i" if v.array.element == "b" else v.array.element)


def choose(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered:
    """np.where, in the float type of its branches; a Python conditional where the condition is a number's."""
    if condition.array.kind is Kind.SCALAR:
        if condition.array.data == TRUE:
            return yes
        if condition.array.data == FALSE:
            return no
    if yes.array == no.array and yes.axes == no.axes:
        return yes
    elements = {yes.array.element, no.array.element}
    if "f" in elements:
        yes, no = low.as_float(yes), low.as_float(no)
    element = result_element(*elements) if elements != {"b"} else "b"
    if condition.array.element == "s" and yes.axes != no.axes:
        axes = low.union([yes, no])
        yes, no = (Lowered(low.broadcast(v, axes, element), axes) for v in (yes, no))
    if element == "s" and condition.array.element != "s":
        chosen = low.elementwise(Kind.WHERE, None, [condition, yes, no], "i")
        return Lowered(Array(Kind.CAST, "dtype", (chosen.array,), chosen.array.shape, "f"), chosen.axes)
    return low.elementwise(Kind.WHERE, None, [condition, yes, no], element)
