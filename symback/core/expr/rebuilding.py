"""Expressions rebuilt: through their constructors, by substitution without capture, by a step at each node."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from operator import is_

from symback.core.expr.arithmetic import add, call, mul, power
from symback.core.expr.conditions import both, compare, either, negation, piecewise
from symback.core.expr.node import BIT, EMPTY, ZERO, Node, Op, walk
from symback.core.expr.reductions import indices_in_order, opened, reduction, renamed_indices

ANY = sum(BIT.values())
"""Every kind of node, as bits."""


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
    arriving = EMPTY.union(*(v.free for v in mapping.values()), (k for k in mapping if k.op is Op.INDEX))
    leaving = frozenset(mapping) if all(k.op is Op.INDEX for k in mapping) else None
    return _Substitution(mapping, leaving, arriving).into(node)


# What walks over expressions holds its memo in an object, not in a function that calls itself: such a function is a circle of
# references, which keeps its memo until the garbage collector comes by.


@dataclass(slots=True)
class _Substitution:
    """leaving: the leaves to replace where they are indices only, else None; arriving: indices that no reduction may capture."""

    mapping: Mapping[Node, Node]
    leaving: frozenset[Node] | None
    arriving: frozenset[Node]
    memo: dict[int, Node] = field(default_factory=dict)

    def into(self, n: Node) -> Node:
        if self.leaving is not None and self.leaving.isdisjoint(n.free):
            return n
        done = self.memo.get(n.digest)
        if done is None:
            done = self.memo[n.digest] = self.mapping.get(n) or self.parts(n)
        return done

    def parts(self, n: Node) -> Node:
        if n.op is Op.REDUCE:
            done = _with_parts(n, self.into(n.args[0]), self.into, self.arriving)
            return transform(n, self.mapping.get, top_down=True) if done is None else done
        if n.args and n.op is not Op.INDEX:
            args = tuple([self.into(a) for a in n.args])
            if not same(args, n.args):
                return rebuilt(n, args)
        return n


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
    kinds: int = ANY,
    top_down: bool = False,
    quiet: set[int] | None = None,
    entered: Callable[[Node], bool] | None = None,
) -> Node:
    """Rebuild with `step` applied to each node; None keeps it.

    `kinds`: what `step` may change, as bits; a part without a node of these kinds stays as it is.
    Bottom-up, `step` sees a node whose parts are done. Top-down, what `step` returns is final and
    not entered. Bodies of reductions are seen with free indices of their own. Bottom-up, `quiet` holds digests of nodes that are
    known to stay as they are, and receives those of nodes that did; nodes that are not `entered` stay as they are too.
    """
    return _Transformation(step, kinds, top_down, set() if quiet is None else quiet, entered).of(node)


@dataclass(slots=True)
class _Transformation:
    step: Callable[[Node], Node | None]
    kinds: int
    top_down: bool
    quiet: set[int]
    entered: Callable[[Node], bool] | None
    memo: dict[int, Node] = field(default_factory=dict)

    def of(self, n: Node) -> Node:
        if not n.kinds & self.kinds:
            return n
        key = n.digest
        done = self.memo.get(key)
        if done is not None:
            return done
        if key in self.quiet or self.entered is not None and not self.entered(n):
            return n
        out = self.step(n) if self.top_down else None
        if out is None:
            out = self.parts(n)
            if not self.top_down:
                got = self.step(out)
                if got is not None:
                    out = got
                elif out is n:
                    self.quiet.add(key)
        self.memo[key] = out
        return out

    def parts(self, n: Node) -> Node:
        if n.op is Op.REDUCE:
            return _within_reduction(n, self.of)
        if n.args and n.op is not Op.INDEX:
            args = tuple([self.of(a) for a in n.args])
            if not same(args, n.args):
                return rebuilt(n, args)
        return n


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
