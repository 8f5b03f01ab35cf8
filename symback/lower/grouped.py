"""Products with the matrix that each row's label picks: a product for all rows with a label, no matrix for every row."""

from __future__ import annotations

from symback.core.expr import ONE, Node
from symback.lower.arrays import FULL_SLICE, Array, Kind
from symback.lower.lowering import Lowered, Lowering

BY_LABEL = "_by_label"


def product_by_label(low: Lowering, a: Lowered, b: Lowered, batch: list[Node], own: list[Node], contracted: list[Node]) -> Lowered | None:
    """Σ_i x_ni·W_{t_n, i, o}; None where neither operand is a matrix picked for each n."""
    if len(batch) != 1 or len(own) != 1 or len(contracted) != 1:
        return None
    for picked, x in ((a, b), (b, a)):
        if own[0] in picked.axes and picked.axes[0] == batch[0] and _matrices_by_label(picked.array):
            matrices, labels = picked.array.args
            if picked.axes[1] != contracted[0]:
                first, second, third = matrices.shape
                matrices = Array(Kind.TRANSPOSE, (0, 2, 1), (matrices,), (first, third, second), matrices.element)
            rows = low.transposed(x, (*batch, *contracted)).array
            shape = (batch[0].args[0], own[0].args[0])
            return Lowered(Array(Kind.KERNEL, (BY_LABEL, ""), (rows, matrices, labels), shape, "f"), (*batch, *own))
    return None


def _matrices_by_label(array: Array) -> bool:
    """Whether it is W[t] for labels t and an array W of matrices."""
    return array.kind is Kind.GATHER and array.data == (1, FULL_SLICE, FULL_SLICE) and len(array.args[1].shape) == 1


def outer_factors(value: Array) -> tuple[Array, Array] | None:
    """(x, y) of a value that is x_ni·y_no at n, i, o; None for another."""
    if value.kind is not Kind.OPERATOR or value.data != "*" or len(value.shape) != 3:
        return None
    for x, y in (value.args, value.args[::-1]):
        if x.shape == (*value.shape[:2], ONE) and y.shape == (value.shape[0], ONE, value.shape[2]):
            pair = _without_axis(x, 2), _without_axis(y, 1)
            return None if None in pair else pair
    return None


def _without_axis(array: Array, axis: int) -> Array | None:
    """The array without an axis of length 1 that a view gave it; None where it has it of its own."""
    if array.kind is not Kind.VIEW or any(isinstance(item, Node) for item in array.data):
        return None
    items = (*array.data, *[FULL_SLICE] * (len(array.shape) - len(array.data)))
    if items[axis] is not None:
        return None
    items = (*items[:axis], *items[axis + 1 :])
    (base,) = array.args
    shape = (*array.shape[:axis], *array.shape[axis + 1 :])
    return base if all(item == FULL_SLICE for item in items) else Array(Kind.VIEW, items, (base,), shape, array.element, loops=array.loops)
