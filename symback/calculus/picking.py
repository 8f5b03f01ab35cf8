"""Elements that are picked by data: read where they stand, not looked for in a sum, and not worked out for every place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from symback.calculus.affine import inside
from symback.core.expr import (
    BIT,
    TRUE,
    ZERO,
    Node,
    Op,
    Reduction,
    both,
    compare,
    indicator,
    is_indicator,
    is_whole,
    mul,
    opened,
    substitute,
    total,
    transform,
)
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Section

MOST_LABELS = 3
"""Places at which a value is worked out by itself instead of as a whole."""


def picked(body: Body, program: Program) -> Body:
    """The body with Σ_c [c = t]·f(c) as f(t)."""
    whole = {t.name: t.values for t in program.tensors if t.kind is Kind.INT and not t.also}

    def step(n: Node) -> Node | None:
        return _from_sum(n, whole) if n.op is Op.REDUCE and n.data is Reduction.SUM else None

    return _changed(body, lambda value: transform(value, step, kinds=BIT[Op.REDUCE]))


def only_where_picked(body: Body) -> Body:
    """The body with values that are read at few labels, and nowhere else, put into these places."""
    kept = {*body.outputs, *body.updates.values()}
    reads: dict[str, list[Node]] = {}
    for n in (n for d in body.definitions for e in d.equations for n in _every_read(e.value)):
        reads.setdefault(str(n.data), []).append(n)
    chosen: dict[str, Definition] = {}
    for group in body.groups:
        d = group.definitions[0]
        mine = reads.get(d.name, [])
        simple = not group.recurrent and len(d.equations) == 1 and d.equations[0].lhs == d.axes and d.section is Section.WHERE
        if simple and d.outside is None and d.name not in kept and 0 < len(mine) <= MOST_LABELS and all(map(_picks, mine)):
            chosen[d.name] = d
    if not chosen:
        return body

    def step(n: Node) -> Node | None:
        d = chosen.get(str(n.data)) if n.op is Op.READ else None
        return None if d is None else substitute(d.value, dict(zip(d.axes, n.args, strict=True)))

    return _changed(body, lambda value: transform(value, step, kinds=BIT[Op.READ], top_down=True))


def _changed(body: Body, change) -> Body:
    groups: list[Group] = []
    for g in body.groups:
        definitions = tuple(
            replace(d, equations=tuple(Equation(e.lhs, change(e.value), e.span) for e in d.equations)) for d in g.definitions
        )
        groups.append(replace(g, definitions=definitions))
    return replace(body, groups=tuple(groups))


def _every_read(value: Node) -> Iterable[Node]:
    """The reads of an expression, one as often as it stands there."""
    stack = [value]
    while stack:
        n = stack.pop()
        if n.op is Op.READ:
            yield n
        stack.extend(n.args)


def _picks(read: Node) -> bool:
    """Whether some positions are data that the plain ones determine."""
    plain = {a for a in read.args if a.op is Op.INDEX}
    data = [a for a in read.args if a.op is not Op.INDEX]
    return bool(data) and len(plain) + len(data) == len(read.args) and all(a.op is Op.READ and a.free <= plain for a in data)


def _from_sum(node: Node, whole: dict[str, Node]) -> Node | None:
    body, binders = opened(node)
    factors = body.args if body.op is Op.MUL else (body,)
    by_index = {b[0]: b for b in binders}
    for f in factors:
        condition = f.args[1] if is_indicator(f) else None
        if condition is None or condition.op is not Op.COMPARE or condition.data != "==":
            continue
        for i, at in (condition.args, condition.args[::-1]):
            if i not in by_index or not is_whole(by_index[i]) or at.op is not Op.READ or at.data not in whole:
                continue
            if i in at.free:
                continue
            size = i.args[0]
            rest = mul(*(g for g in factors if g is not f))
            within = whole[at.data] == size or inside(at, size)
            guard = TRUE if within else both(compare("<=", ZERO, at), compare("<", at, size))
            others = [b for b in binders if b[0] != i]
            if any(i in n.free for b in others for n in b[1:]):
                continue
            return total(mul(substitute(rest, {i: at}), indicator(guard)), *others)
    return None
