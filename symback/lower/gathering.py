"""Scatters turned round: what arrives at one place is a sum over where it comes from, which reads windows and adds nothing in place."""

from __future__ import annotations

from symback.calculus.affine import affine, linear
from symback.calculus.cotangents import Scatter
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, Reduction, add, fresh_index, mul, neg, opened, reads, substitute, total, whole
from symback.lower.lowering import Lowering
from symback.lower.views import tap_likeness


def gathered(low: Lowering, s: Scatter, sizes: tuple[Node, ...]) -> Scatter:
    """The scatter with positions ±u + s·i, where the value is read at u and is 0 beyond, as Σ_i value[±(k - s·i)] at each k.

    Positions whose other indices run over the taps of a window stay: a loop over taps adds to whole images.
    """
    for axis, t in enumerate(s.targets):
        found = _turned(low, s, axis, t)
        if found is None:
            continue
        u, rest = found
        c = affine(t).coefficients[u]
        k = fresh_index(sizes[axis])
        place = linear(mul(c, add(k, neg(substitute(t, {u: ZERO})))))
        s = Scatter(
            (*s.targets[:axis], k, *s.targets[axis + 1 :]),
            (*(i for i in s.scope if i != u and i not in rest), k),
            _summed(substitute(s.value, {u: place}), rest),
        )
    return s


def _summed(value: Node, indices: tuple[Node, ...]) -> Node:
    """The sum over whole ranges of these indices, as one with the sum that the value is."""
    body, binders = opened(value) if value.op is Op.REDUCE and value.data is Reduction.SUM else (value, ())
    return total(body, *binders, *(whole(i) for i in indices))


def _turned(low: Lowering, s: Scatter, axis: int, t: Node) -> tuple[Node, tuple[Node, ...]] | None:
    """(u, the other indices) of a position that can be solved for u; None where it cannot, or a loop over taps is better."""
    form = affine(t)
    if form is None or len(form.indices) < 2:
        return None
    elsewhere = {i for k, other in enumerate(s.targets) if k != axis for i in other.free}
    own = tuple(i for i in form.indices if i not in elsewhere)
    if len(own) > 1 and (len(own) < len(form.indices) or any(tap_likeness(low, i) > 1 for i in own)):
        return None
    for u in own:
        rest = tuple(i for i in own if i != u)
        if form.coefficients[u] not in (ONE, MINUS_ONE):
            continue
        if _vanishes_beyond(low, s.value, u) and all(_read_at(low, r, u) for r in reads(s.value)):
            return u, rest
    return None


def _read_at(low: Lowering, r: Node, u: Node) -> bool:
    """Whether a read does not hold u, or is 0 where u leaves its range."""
    return all(u not in a.free or a == u for a in r.args) and (u not in r.free or low.outside_of(str(r.data)) == ZERO)


def _vanishes_beyond(low: Lowering, value: Node, u: Node) -> bool:
    """Whether sums and products of reads are 0 wherever u leaves its range."""
    if value.op is Op.READ:
        return u in value.free and _read_at(low, value, u)
    if value.op is Op.MUL:
        return all(f.op in (Op.READ, Op.NUM, Op.DIM, Op.HYPER, Op.REDUCE) for f in value.args) and any(
            _vanishes_beyond(low, f, u) for f in value.args
        )
    return value.op is Op.REDUCE and value.data is Reduction.SUM and _vanishes_beyond(low, value.args[0], u)
