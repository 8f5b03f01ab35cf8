"""Values that stand on two sides of a threshold: the sum of two of which one at most is not 0 is a choice between them."""

from __future__ import annotations

from symback.core.expr import ONE, Node, Op, factors_of, is_indicator, mul
from symback.lower.arithmetic import as_numbers
from symback.lower.arrays import Kind
from symback.lower.choices import choose
from symback.lower.lowering import Lowered, Lowering


def excluding(low: Lowering, node: Node) -> Lowered | None:
    """u·[a < b] + v·[b < a] as u where a < b, else v·[b < a]; None for another sum."""
    if len(node.args) != 2:
        return None
    sides = [_one_sided(t) for t in node.args]
    if None in sides or not _exclude(sides[0][0], sides[1][0]):
        return None
    (condition, value), rest = max(zip(sides, node.args[::-1], strict=True), key=lambda side: (side[0][1] != ONE, side[0][1].height))
    here = low.value(condition)
    yes, no = low.guarded(here).value(value), low.value(rest)
    if yes.array.element == "f" and no.array.element == "f" and is_indicator(rest):
        return low.elementwise(Kind.WHERE, None, [here, yes, *as_numbers(low, yes, no)[1:]], "f")
    return choose(low, here, yes, low.as_float(no))


def _one_sided(term: Node) -> tuple[Node, Node] | None:
    """(condition, value) of a value times one indicator."""
    masks = [f for f in factors_of(term) if is_indicator(f)]
    return (masks[0].args[1], mul(*(f for f in factors_of(term) if f is not masks[0]))) if len(masks) == 1 else None


def _exclude(one: Node, other: Node) -> bool:
    """Whether two comparisons of the same pair cannot both hold."""
    ordered = one.op is Op.COMPARE and other.op is Op.COMPARE and {one.data, other.data} <= {"<", "<="} and "<" in (one.data, other.data)
    return ordered and one.args == other.args[::-1]
