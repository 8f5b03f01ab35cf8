"""Values through which no gradient flows: what is added for the gradient alone, and cancels in the value, is not worked out."""

from __future__ import annotations

from symback.calculus.affine import multiplied_out
from symback.core.expr import Node, Op, add, mul, number, split_coefficient, terms_of


def without_stops(node: Node) -> Node | None:
    """The value of a sum in which stopped terms cancel others, as in x + stop_gradient(q - x); None for another sum."""
    terms = [split_coefficient(t) for t in node.args]
    stopped = [(c, t.args[0] if t.op is Op.CALL and t.data == "stop_gradient" else t) for c, t in terms]
    if stopped == terms:
        return None
    plain = multiplied_out(add(*(mul(number(c), t) for c, t in stopped)))
    return plain if len(terms_of(plain)) < len(terms) else None
