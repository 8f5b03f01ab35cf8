"""Reductions and their binders: renamed after their height, opened with fresh indices."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache

from symback.core.expr.arithmetic import add
from symback.core.expr.node import MINUS_ONE, ZERO, Node, Op, Reduction, fresh_index, walk

Binder = tuple[Node, Node, Node]
"""(index, low, high), limits inclusive; low = 0 and high = size-1 for the whole range."""


def whole(idx: Node) -> Binder:
    """The binder over an index's whole range."""
    return (idx, ZERO, last_position(idx.args[0]))


def is_whole(binder: Binder) -> bool:
    return binder[1] == ZERO and binder[2] == last_position(binder[0].args[0])


@lru_cache(maxsize=4096)
def last_position(size: Node) -> Node:
    return add(size, MINUS_ONE)


def reduction(kind: Reduction, body: Node, binders: Iterable[Binder]) -> Node:
    """The reduction of `body` over indices, its binders renamed after their height."""
    binders = tuple(binders)
    if not binders:
        return body
    if kind is Reduction.SUM and body == ZERO:
        return ZERO
    height = 1 + max([body.height, *(limit.height for b in binders for limit in b[1:])])
    if len(binders) > 1:
        order = {n: k for k, n in enumerate(indices_in_order(body))}
        binders = tuple(sorted(binders, key=lambda b: order.get(b[0], len(order))))
    renamed = {b[0]: Node(Op.INDEX, f"~{height}.{k}", b[0].args) for k, b in enumerate(binders)}
    args = [renamed_indices(body, renamed)]
    for b in binders:
        args += [renamed[b[0]], renamed_indices(b[1], renamed), renamed_indices(b[2], renamed)]
    return Node(Op.REDUCE, kind, tuple(args), tuple(hint_of(b[0]) for b in binders))


def hint_of(idx: Node) -> str:
    """The author's name of an index; empty for one that was made on the way."""
    return str(idx.data) if is_letter(str(idx.data)) else ""


def is_letter(name: str) -> bool:
    """Whether an author may have given an index this name: those made on the way begin with a sign."""
    return name[:1] not in "#~@"


def bound_letters(node: Node) -> tuple[str, ...]:
    """The letters of a reduction's indices: their author's, k for one that was made on the way."""
    return tuple(hint or "k" for hint in node.hint or ("",) * (len(node.args) // 3))


def indices_in_order(node: Node) -> list[Node]:
    seen: dict[Node, None] = {}
    for n in walk(node):
        if n.op is Op.INDEX:
            seen.setdefault(n, None)
    return list(seen)


def renamed_indices(node: Node, renamed: Mapping[Node, Node]) -> Node:
    """Replace free indices by others whose names no inner binder has."""
    leaving = frozenset(renamed)
    return node if leaving.isdisjoint(node.free) else _renamed(node, renamed, leaving, {})


def _renamed(n: Node, renamed: Mapping[Node, Node], leaving: frozenset[Node], memo: dict[int, Node]) -> Node:
    if n.op is Op.INDEX:
        return renamed[n]
    done = memo.get(id(n))
    if done is None:
        args = tuple([a if leaving.isdisjoint(a.free) else _renamed(a, renamed, leaving, memo) for a in n.args])
        done = memo[id(n)] = Node(n.op, n.data, args, n.hint)
    return done


def opened(node: Node) -> tuple[Node, tuple[Binder, ...]]:
    """(body, binders) of a REDUCE with free indices in the binders' place that are its own: the same at each call, of no other node.

    They are to be bound again by what is made of the body. What they outlive, or what takes two copies of a body, opens it anew.
    """
    try:
        return node._opened
    except AttributeError:
        node._opened = opened_anew(node)
        return node._opened


def opened_anew(node: Node) -> tuple[Node, tuple[Binder, ...]]:
    """(body, binders) of a REDUCE with free indices in the binders' place that occur nowhere else."""
    bound = node.args[1::3]
    fresh = {b: fresh_index(b.args[0]) for b in bound}
    body = renamed_indices(node.args[0], fresh)
    binders = tuple(
        (fresh[b], renamed_indices(low, fresh), renamed_indices(high, fresh))
        for b, low, high in zip(bound, node.args[2::3], node.args[3::3], strict=True)
    )
    return body, binders


def total(body: Node, *binders: Binder) -> Node:
    return reduction(Reduction.SUM, body, binders)
