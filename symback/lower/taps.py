"""Loops over the taps of windows: which indices become loops, and what a value is in one tap."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symback.calculus.affine import affine, scalar
from symback.core.expr import MINUS_ONE, ZERO, Node, Op, add, branches, dim, is_letter, mul, piecewise, substitute, transform
from symback.lower.lowering import Lowered, Lowering
from symback.lower.reads import reads_padding, reads_stay_inside
from symback.lower.views import tap_likeness, taps_of


def tapped_indices(low: Lowering, targets: tuple[Node, ...]) -> dict[Node, Node]:
    """Indices that become loops, so that each position has one index left, with the loops' variables."""
    taken: set[str] = set()
    tapped: dict[Node, Node] = {}
    for t in targets:
        form = affine(t)
        if form is not None and len(form.indices) > 1:
            for i in _most_tap_like(low, form.indices):
                if i not in tapped:
                    tapped[i] = variable(low, i, taken)
    return tapped


def _most_tap_like(low: Lowering, indices: tuple[Node, ...]) -> list[Node]:
    """All but one of the indices of an affine target, the least like taps; of equals the first stays."""
    kept = min(indices, key=lambda i: tap_likeness(low, i))
    return [i for i in indices if i is not kept]


def variable(low: Lowering, i: Node, others: set[str]) -> Node:
    """The variable of the loop that an index becomes; its name joins `others`."""
    name = str(i.data) if is_letter(str(i.data)) else "tap"
    taken = (
        others
        | set(low.arrays)
        | set(low.program.dims)
        | set(low.loop_vars)
        | {t.name for t in low.program.tensors}
        | {n for n, _ in low.program.derived}
        | {h.name for h in low.program.hyperparameters}
    )
    while name in taken:
        name += "_"
    others.add(name)
    low.variables.setdefault(name)
    return dim(name)


def loop_of(tapped: Mapping[Node, Node]) -> tuple[tuple[str, Node], ...]:
    """(variable, extent) of each loop, outermost first."""
    return tuple((str(d.data), i.args[0]) for i, d in tapped.items())


def in_one_tap(low: Lowering, node: Node, tapped: Mapping[Node, Node]) -> Node:
    """The expression with the loops' variables for their indices; windows, sums of products, which values are equal, and work
    that is the same in every tap stay whole arrays that it reads."""

    def whole(n: Node) -> Node | None:
        if not n.free & tapped.keys():
            return n if n.op in (Op.READ, Op.INDEX, Op.COMPARE) or scalar(n) else _whole_value(low, n)
        if n.op is Op.REDUCE or _rounds(n):
            return _whole_value(low, n)
        if n.op is Op.PIECEWISE and not reads_stay_inside(low, n):
            return _of_equals(n)
        if n.op is Op.READ:
            found = windows_read(low, n)
            return _read_of(low, n, found) if found is not None else n
        if n.op is Op.MUL:
            same = [a for a in n.args if not a.free & tapped.keys() and not scalar(a)]
            if len(same) > 1:
                return mul(whole(mul(*same)), *(transform(a, whole, top_down=True) for a in n.args if a not in same))
        return None

    def _of_equals(n: Node) -> Node:
        """A case distinction as it is, since reads leave their tensors where a condition says that they are not used; what nothing
        guards is the first condition."""
        (v, first), *rest = branches(n)
        return piecewise((v, whole(first)), *rest) if _rounds(first) else n

    return substitute(transform(node, whole, top_down=True), dict(tapped))


def _rounds(node: Node) -> bool:
    """Whether a node asks if two values are equal of which one is worked out: in a tap this would round otherwise than in the whole."""
    return node.op is Op.COMPARE and node.data == "==" and any(n.op not in (Op.READ, Op.INDEX) and not scalar(n) for n in node.args)


def _whole_value(low: Lowering, node: Node) -> Node:
    """A read of the expression as an array of its own."""
    return _read_of(low, node, low.value(node))


def _read_of(low: Lowering, node: Node, v: Lowered) -> Node:
    """A read of the expression's value, which may hold a tensor's padding."""
    whole = low.named(v.array, v.axes)
    if reads_padding(low, node):
        low.padded.add(str(whole.data))
    return whole


def adds_indices(node: Node) -> bool:
    """Whether a position of a read is made of two indices, as those of a window are."""
    forms = (affine(f) for f in node.args if f.op is not Op.INDEX)
    return any(f is not None and len(f.indices) == 2 for f in forms)


def windows_read(low: Lowering, node: Node) -> Lowered | None:
    """A read as a view of sliding windows, where it is one."""
    if not adds_indices(node):
        return None
    v = low.value(node)
    return v if taps_of(v) else None


def inside_loop(low: Lowering, tapped: Mapping[Node, Node]) -> Lowering:
    """The lowering of what stands within the loops."""
    ranges = {str(d.data): (ZERO, add(i.args[0], MINUS_ONE)) for i, d in tapped.items()}
    return replace(low, loop_vars=low.loop_vars | frozenset(ranges), ranges={**low.ranges, **ranges}, memo={})
