"""Arithmetic of lowered values: element types, operators."""

from __future__ import annotations

from collections.abc import Callable

from symback.core.expr import Node, Op
from symback.lower.arrays import Kind
from symback.lower.lowering import Lowered, Lowering


def result_element(*elements: str) -> str:
    """Element type of an arithmetic operation on these."""
    if "f" in elements:
        return "f"
    if "d" in elements:
        return "d"
    return "i" if "i" in elements or "b" in elements else "s"


def operate(low: Lowering, symbol: str, left: Lowered, right: Lowered) -> Lowered:
    """left symbol right, both brought to the layer's float type where one has it; in backward as forward has it, be it the other way round."""
    elements = {left.array.element, right.array.element}
    if "f" in elements:
        left, right = as_numbers(low, left, right)
    element = result_element(left.array.element, right.array.element)
    if element == "i" and (symbol == "/" or _fractional(left) or _fractional(right)):
        element = "d"
    result = low.elementwise(Kind.OPERATOR, symbol, [left, right], element)
    if symbol in ("+", "*") and low.made and result.array not in low.made:
        turned = low.elementwise(Kind.OPERATOR, symbol, [right, left], element)
        return turned if turned.array in low.made else result
    return result


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


def integral(node: Node, known: Callable[[Node], bool] = lambda n: n.op is Op.DIM) -> bool:
    """Whether it is made of whole numbers, and of what is `known` to be one, by operations that give whole numbers."""
    if node.op is Op.NUM:
        return node.data.denominator == 1
    if node.op is Op.POW:
        return integral(node.args[0], known) and node.args[1].op is Op.NUM and node.args[1].data >= 0 and integral(node.args[1], known)
    return known(node) or (
        (node.op in (Op.ADD, Op.MUL) or (node.op is Op.CALL and node.data in ("floordiv", "mod", "Max", "Min", "Abs")))
        and all(integral(a, known) for a in node.args)
    )


def negative(low: Lowering, v: Lowered) -> Lowered:
    return low.elementwise(Kind.OPERATOR, "neg", [v], "i" if v.array.element == "b" else v.array.element)


def whole_power(low: Lowering, v: Lowered, e: int) -> Lowered:
    """v to a positive whole power, by squaring."""
    if e == 1:
        return v
    if e == 2:
        return operate(low, "*", v, v)
    half = whole_power(low, v, e // 2)
    square = operate(low, "*", half, half)
    return square if e % 2 == 0 else operate(low, "*", square, v)


def ufunc(low: Lowering, name: str, values: list[Lowered]) -> Lowered:
    """A NumPy function of arrays; in float64 where all of them hold whole numbers or doubles."""
    return low.elementwise(Kind.UFUNC, name, values, "d" if all(v.array.element in "ids" for v in values) else "f")
