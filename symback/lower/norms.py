"""sqrt(c·Σ u² + shift) and Σ|u|^p to the power 1/p without overflow or underflow (rule 29 of the numerics)."""

from __future__ import annotations

from dataclasses import dataclass

from symback.calculus.affine import scalar
from symback.core.expr import ONE, ZERO, Binder, Node, Op, Reduction, add, is_whole, mul, number, opened
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering


@dataclass(frozen=True, slots=True)
class PowerSum:
    """scale·Σ|u|^p + shift over whole ranges; scale and shift are numbers when called."""

    scale: Node
    body: Node
    exponent: Node
    binders: tuple[Binder, ...]
    shift: Node


def power_sum(base: Node) -> PowerSum | None:
    """The base of a root as a sum of powers of sizes, or None."""
    terms = base.args if base.op is Op.ADD else (base,)
    moving = [t for t in terms if not scalar(t)]
    if len(moving) != 1:
        return None
    factors = moving[0].args if moving[0].op is Op.MUL else (moving[0],)
    sums = [f for f in factors if not scalar(f)]
    if len(sums) != 1 or sums[0].op is not Op.REDUCE or sums[0].data is not Reduction.SUM:
        return None
    body, binders = opened(sums[0])
    found = _size(body)
    if found is None or not all(is_whole(b) for b in binders):
        return None
    u, p = found
    return PowerSum(mul(*(f for f in factors if scalar(f))), u, p, binders, add(*(t for t in terms if scalar(t))))


def _size(body: Node) -> tuple[Node, Node] | None:
    """(u, p) with body = |u|**p."""
    if body.op is not Op.POW or body.args[1].op is not Op.NUM or body.args[1].data < 2:
        if body.op is Op.MUL and all(f.op is Op.POW and f.args[1] == number(2) for f in body.args):
            return mul(*(f.args[0] for f in body.args)), number(2)
        return None
    u, p = body.args
    if u.op is Op.CALL and u.data == "Abs":
        return u.args[0], p
    return (u, p) if p == number(2) else None


def root(low: Lowering, node: Node) -> Lowered | None:
    """base**(1/p) where base is a sum of p-th powers; None for another power."""
    base, exponent = node.args
    found = power_sum(base)
    if found is None or mul(exponent, found.exponent) != ONE or found.exponent != number(2) and (found.shift != ZERO or found.scale != ONE):
        return None
    bound = tuple(b[0] for b in found.binders)
    v = low.as_float(low.value(found.body))
    if any(b not in v.axes for b in bound) or v.array.element != "f":
        return None
    outer = tuple(a for a in v.axes if a not in bound)
    shape = tuple(a.args[0] for a in outer)
    if len(bound) == 1:
        axis, rows = v.axes.index(bound[0]), v.array
    else:
        v = low.transposed(v, (*outer, *bound))
        flat = (*shape, mul(*(b.args[0] for b in bound)))
        axis, rows = len(outer), Array(Kind.RESHAPE, flat, (v.array,), flat, "f")
    if found.exponent == number(2):
        name, numbers = "_root_of_squares", (found.scale, found.shift)
    else:
        name, numbers = "_root_of_powers", (found.exponent,)
    args = (rows, *(low.scalar(n).array for n in numbers))
    return Lowered(Array(Kind.KERNEL, (name, axis), args, shape, "f"), outer)


