"""Sums that share what they sum over some of their indices: that is summed once, and each goes on from there.

Σ_{n,l} ȳ·x̂ and Σ_{k,l} ȳ·γ·x̂ are Σ_n s and Σ_k γ·s with s = Σ_l ȳ·x̂, where the one pass over ȳ and x̂ stands for two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from symback.calculus.affine import scalar
from symback.calculus.patterns import skeleton
from symback.core.expr import Node, Op, Reduction, factors_of, is_indicator, is_whole, mul, opened, total, walk, whole
from symback.lower.lowering import Lowered, Lowering

MOST_INDICES, MOST_FACTORS = 4, 6
"""Of a sum that is looked at."""


def shared_sums(values: Iterable[Node]) -> frozenset[int]:
    """The forms of inner sums that at least two sums have in common, one of which goes on over other indices."""
    sums: dict[int, set[int]] = {}
    going_on: set[int] = set()
    for value in values:
        for n in walk(value):
            if n.op is Op.REDUCE and n.data is Reduction.SUM:
                for inner, _, left in _inner_sums(n):
                    form, _ = skeleton(inner)
                    sums.setdefault(form, set()).add(skeleton(n)[0])
                    if left:
                        going_on.add(form)
    largest: dict[frozenset[int], int] = {}  # of those that the same sums have in common; larger ones come first
    for form, outer in sums.items():
        if len(outer) > 1 and form in going_on:
            largest.setdefault(frozenset(outer), form)
    return frozenset(largest.values())


def by_inner_sum(low: Lowering, node: Node) -> Lowered | None:
    """The sum by the largest inner one that it has in common with another; None where it has none."""
    if not low.plan.sums or low.loop_vars or low.guards:
        return None
    for inner, rest, left in _inner_sums(node):
        if inner != node and skeleton(inner)[0] in low.plan.sums:
            v = low.as_float(low.value(inner))
            return low.value(total(mul(*rest, low.named(v.array, v.axes)), *map(whole, left)))
    return None


def _inner_sums(node: Node) -> Iterator[tuple[Node, tuple[Node, ...], tuple[Node, ...]]]:
    """(inner sum, factors beside it, indices left) of a sum of products of arrays over the same indices, the largest inner sums first."""
    body, binders = opened(node)
    factors = [g for f in factors_of(body) for g in (f.args if f.op is Op.CALL and f.data == "product" else (f,))]
    if not all(is_whole(b) for b in binders) or len(binders) > MOST_INDICES or len(factors) > MOST_FACTORS:
        return
    if any(f.op is Op.REDUCE or is_indicator(f) for f in factors):
        return
    bound = [b[0] for b in binders]
    for size in range(len(bound), 0, -1):
        for summed in combinations(bound, size):
            wide = [f for f in factors if not f.free.isdisjoint(summed)]
            if not wide or any(f.free != wide[0].free for f in wide):
                continue
            left = tuple(i for i in bound if i not in summed)
            beside = [f for f in factors if f not in wide and not scalar(f) and f.free <= wide[0].free]
            for k in range(len(beside), -1, -1):
                for more in combinations(beside, k):
                    inner = total(mul(*wide, *more), *map(whole, summed))
                    yield inner, tuple(f for f in factors if f not in wide and f not in more), left
