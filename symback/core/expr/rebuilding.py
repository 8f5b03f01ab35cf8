"""Expressions rebuilt: through their constructors, by substitution without capture, by a step at each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from operator import is_

from symback.core.expr.arithmetic import add, call, mul, power
from symback.core.expr.conditions import both, compare, either, negation, piecewise
from symback.core.expr.node import EMPTY, ZERO, Node, Op, walk
from symback.core.expr.reductions import indices_in_order, opened, reduction, renamed_indices


def rebuilt(node: Node, args: tuple[Node, ...]) -> Node:
    """The node with other arguments, through its constructor. Not for REDUCE, whose binders must be opened."""
    op = node.op
    if op is Op.ADD:
        return add(*args)
    if op is Op.MUL:
        return mul(*args)
    if op is Op.POW:
        return power(*args)
    if op is Op.CALL:
        return call(node.data, *args)
    if op is Op.COMPARE:
        return compare(node.data, *args)
    if op is Op.AND:
        return both(*args)
    if op is Op.OR:
        return either(*args)
    if op is Op.NOT:
        return negation(*args)
    if op is Op.PIECEWISE:
        return piecewise(*zip(args[::2], args[1::2], strict=True))
    return Node(op, node.data, args, node.hint)


def same(parts: Iterable[Node], others: Iterable[Node]) -> bool:
    """Whether these are the very same nodes, not only equal ones."""
    return all(map(is_, parts, others))


def substitute(node: Node, mapping: Mapping[Node, Node]) -> Node:
    """Replace free leaves (indices, dimensions, reads …) by expressions, without capture."""
    mapping = {k: v for k, v in mapping.items() if k != v}
    if not mapping:
        return node
    if _renames(node, mapping):
        return renamed_indices(node, mapping)
    leaving = frozenset(mapping)
    only_indices = all(k.op is Op.INDEX for k in mapping)
    arriving = EMPTY.union(*(v.free for v in mapping.values()), (k for k in mapping if k.op is Op.INDEX))
    memo: dict[int, Node] = {}

    def go(n: Node) -> Node:
        if only_indices and leaving.isdisjoint(n.free):
            return n
        done = memo.get(n.digest)
        if done is None:
            done = mapping.get(n)
            if done is None:
                done = n
                if n.op is Op.REDUCE:
                    done = _with_parts(n, go(n.args[0]), go, arriving)
                    if done is None:
                        done = transform(n, mapping.get, top_down=True)
                elif n.args and n.op is not Op.INDEX:
                    args = tuple([go(a) for a in n.args])
                    if not same(args, n.args):
                        done = rebuilt(n, args)
            memo[n.digest] = done
        return done

    return go(node)


def _renames(node: Node, mapping: Mapping[Node, Node]) -> bool:
    """Whether a substitution only gives free indices other names, two of them never the same: then no two terms can meet."""
    if not all(k.op is v.op is Op.INDEX and k.data[0] != "~" != v.data[0] for k, v in mapping.items()):
        return False
    arriving = set(mapping.values())
    return len(arriving) == len(mapping) and (node.free - mapping.keys()).isdisjoint(arriving)


def _with_parts(node: Node, body: Node, go: Callable[[Node], Node], arriving: frozenset) -> Node | None:
    """The reduction over a body that was changed in place; None where its binders would need other names, or capture an index
    that arrives."""
    bound = node.args[1::3]
    if not arriving.isdisjoint(bound) or any(go(b.args[0]) is not b.args[0] for b in bound) or body.height != node.args[0].height:
        return None
    args = [body]
    for b, low, high in zip(bound, node.args[2::3], node.args[3::3], strict=True):
        args += [b, go(low), go(high)]
    if same(args, node.args):
        return node
    if any(a.height != b.height for a, b in zip(args, node.args, strict=True)) or body == ZERO:
        return None
    if len(bound) > 1:
        order = {n: k for k, n in enumerate(indices_in_order(body))}
        places = [order.get(b, len(order)) for b in bound]
        if places != sorted(places):
            return None
    return Node(Op.REDUCE, node.data, tuple(args), node.hint)


def transform(
    node: Node,
    step: Callable[[Node], Node | None],
    *,
    top_down: bool = False,
    quiet: set[int] | None = None,
    entered: Callable[[Node], bool] | None = None,
) -> Node:
    """Rebuild with `step` applied to each node; None keeps it.

    Bottom-up, `step` sees a node whose parts are done. Top-down, what `step` returns is final and
    not entered. Bodies of reductions are seen with free indices of their own. Bottom-up, `quiet` holds digests of nodes that are
    known to stay as they are, and receives those of nodes that did; nodes that are not `entered` stay as they are too.
    """
    memo: dict[int, Node] = {}
    quiet = set() if quiet is None else quiet

    def go(n: Node) -> Node:
        key = n.digest
        done = memo.get(key)
        if done is not None:
            return done
        if key in quiet or entered is not None and not entered(n):
            return n
        if top_down:
            got = step(n)
            if got is not None:
                memo[key] = got
                return got
        out = n
        if n.op is Op.REDUCE:
            out = _within_reduction(n, go)
        elif n.args and n.op is not Op.INDEX:
            args = tuple([go(a) for a in n.args])
            if not same(args, n.args):
                out = rebuilt(n, args)
        if not top_down:
            got = step(out)
            if got is not None:
                out = got
            elif out is n:
                quiet.add(key)
        memo[key] = out
        return out

    return go(node)


def _within_reduction(node: Node, go: Callable[[Node], Node]) -> Node:
    """The reduction with its body, its limits and the sizes of its indices rebuilt."""
    body, binders = opened(node)
    new_body = go(body)
    new_binders = tuple(
        [(Node(Op.INDEX, i.data, (size,)) if (size := go(i.args[0])) is not i.args[0] else i, go(lo), go(hi)) for i, lo, hi in binders]
    )
    if new_body is body and all(same(x[1:], y[1:]) for x, y in zip(binders, new_binders, strict=True)):
        return node
    moved = {x[0]: y[0] for x, y in zip(binders, new_binders, strict=True) if x[0] != y[0]}
    if moved:
        new_body = renamed_indices(new_body, moved)
    return with_hint(reduction(node.data, new_body, new_binders), node)


def with_hint(new: Node, old: Node) -> Node:
    """A reduction over the same indices as another, with the letters that these have there."""
    if new.op is Op.REDUCE and len(new.args) == len(old.args):
        new.hint = old.hint
    return new


def reads(node: Node) -> list[Node]:
    """The READ nodes in it, in order, each once."""
    return [n for n in walk(node) if n.op is Op.READ]
