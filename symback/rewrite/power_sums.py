"""scale·Σ|u|^p + shift: the base of norms, root mean squares and standard deviations."""

from __future__ import annotations

from dataclasses import dataclass

from symback.core.expr import ZERO, Binder, Node, Op, Reduction, add, factors_of, is_whole, mul, number, opened, terms_of
from symback.rewrite.patterns import has_read


@dataclass(frozen=True, slots=True)
class PowerSum:
    """scale·Σ|body|^exponent + shift over whole ranges; scale and shift are numbers when called."""

    scale: Node
    body: Node
    exponent: Node
    binders: tuple[Binder, ...]
    shift: Node


def power_sum(base: Node) -> PowerSum | None:
    """The base of a root as a sum of powers of sizes, or None."""
    moving = [t for t in terms_of(base) if not fixed(t)]
    if len(moving) != 1:
        return None
    sums = [f for f in factors_of(moving[0]) if not fixed(f)]
    if len(sums) != 1 or sums[0].op is not Op.REDUCE or sums[0].data is not Reduction.SUM:
        return None
    body, binders = opened(sums[0])
    found = _size(body)
    if found is None or not all(is_whole(b) for b in binders):
        return None
    u, p = found
    scale = mul(*(f for f in factors_of(moving[0]) if fixed(f)))
    return PowerSum(scale, u, p, binders, add(ZERO, *(t for t in terms_of(base) if fixed(t))))


def fixed(node: Node) -> bool:
    """Whether it is a number when called: no tensor, no index in it."""
    return not node.free and not has_read(node)


def _size(body: Node) -> tuple[Node, Node] | None:
    """(u, p) with body = |u|**p."""
    if body.op is Op.MUL and all(f.op is Op.POW and f.args[1] == number(2) for f in body.args):
        return mul(*(f.args[0] for f in body.args)), number(2)
    if body.op is not Op.POW or body.args[1].op is not Op.NUM or body.args[1].data < 2:
        return None
    u, p = body.args
    if u.op is Op.CALL and u.data == "Abs":
        return u.args[0], p
    return (u, p) if p.data.denominator == 1 and p.data % 2 == 0 else None
