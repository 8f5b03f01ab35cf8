"""Members of a recurrence that end before the others: they rest at the steps that only the others have."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symback.core import expr
from symback.core.expr import ZERO, Node, Op
from symback.core.program import Definition, Equation, Group
from symback.frontend.calls import unique
from symback.frontend.faults import stop
from symback.frontend.reach import unguarded
from symback.frontend.sizes import at_most, difference


def evened(group: Group, asked: frozenset[str], taken: set[str]) -> tuple[Group, ...]:
    """The group with all members over the steps of the longest, then the parts of the longer ones that are `asked` for elsewhere.

    A position leapfrogs over T + 1 steps and its momentum over T: at the last step the momentum is 0, and nothing reads it. New
    names are put into `taken`.
    """
    if not group.recurrent:
        return (group,)
    steps = dict(zip((d.name for d in group.definitions), group.steps, strict=True))
    longest = tuple(_longest([d.axes[p[level]].args[0] for d, p in _members(group)]) for level in range(len(group.steps[0])))
    uneven = [d for d, p in _members(group) if any(d.axes[a].args[0] != size for a, size in zip(p, longest, strict=True))]
    if not uneven:
        return (group,)
    for d in uneven:
        _refuse_beyond(d, group, steps)
    names = {d.name: unique(f"{d.name}_steps", taken) if d.name in asked else d.name for d in uneven}
    inner = []
    for d in group.definitions:
        d = _lengthened(d, dict(zip(steps[d.name], longest, strict=True))) if d.name in names else d
        equations = tuple(replace(q, value=_renamed(q.value, names)) for q in d.equations)
        inner.append(replace(d, name=names.get(d.name, d.name), equations=equations))
    parts = [
        Group((replace(d, equations=(Equation(d.axes, expr.read(names[d.name], *d.axes), d.equations[-1].span),), low=(), high=()),))
        for d in uneven
        if d.name in asked
    ]
    return (replace(group, definitions=tuple(inner)), *parts)


def _members(group: Group) -> list[tuple[Definition, tuple[int, ...]]]:
    return list(zip(group.definitions, group.steps, strict=True))


def _refuse_beyond(d: Definition, group: Group, steps: Mapping[str, tuple[int, ...]]) -> None:
    """Raise LayerError where a longer member always reads `d` beyond its last step: after lengthening it would read 0 there."""
    for source, positions in _members(group):
        for read in (n for n in unguarded(source.value) if n.data == d.name):
            for own, axis in zip(positions, steps[d.name], strict=True):
                step, size = source.axes[own], d.axes[axis].args[0]
                lag = difference(read.args[axis], step)
                last = expr.add(step.args[0], expr.MINUS_ONE, lag)
                held = expr.add(size, expr.number(d.high[axis] if d.high else 0))
                if lag.op is Op.NUM and at_most(held, last):
                    stop(
                        "E423",
                        f"axis {axis} of `{d.name}` has the positions 0 … {expr.text(difference(size, expr.ONE))}, and `{expr.text(read)}` "
                        f"reaches {expr.text(difference(last, ZERO))}",
                        source.equations[-1].span,
                        "give the steps of both the same range, or guard the read with a `Piecewise`",
                        (d.equations[-1].span, f"`{d.name}` is defined here"),
                    )


def _longest(sizes: list[Node]) -> Node:
    """The greatest of the sizes; the greatest of two of which neither is known to be greater is that, written out."""
    out = sizes[0]
    for size in sizes[1:]:
        if not at_most(size, out):
            out = size if at_most(out, size) else expr.call("Max", out, size)
    return out


def _lengthened(d: Definition, sizes: Mapping[int, Node]) -> Definition:
    """The definition with more steps along these axes, 0 beyond its own; a start at its own end becomes a case."""
    longer = {d.axes[a]: expr.index(str(d.axes[a].data), size) for a, size in sizes.items()}
    inside = expr.both(*(expr.compare("<", i, own.args[0]) for own, i in longer.items() if i != own))
    starts, pairs = [], []
    for q in d.equations[:-1]:
        at = [(k, n) for k, n in enumerate(q.lhs) if n.op is not Op.INDEX]
        if all(n.op is Op.NUM or difference(n, d.axes[k].args[0]).op is not Op.NUM for k, n in at):
            starts.append(_over(q, longer))
        else:
            pairs.append(
                (expr.substitute(q.value, longer), expr.both(*(expr.compare("==", longer.get(d.axes[k], d.axes[k]), n) for k, n in at)))
            )
    general = d.equations[-1]
    value = expr.piecewise(*pairs, (expr.substitute(general.value, longer), inside), (ZERO, expr.TRUE))
    axes = tuple(longer.get(a, a) for a in d.axes)
    kept = tuple(0 if k in sizes else h for k, h in enumerate(d.high))
    return replace(d, axes=axes, equations=(*starts, Equation(axes, value, general.span)), high=kept, values=None)


def _over(q: Equation, longer: Mapping[Node, Node]) -> Equation:
    return replace(q, lhs=tuple(longer.get(n, n) for n in q.lhs), value=expr.substitute(q.value, longer))


def _renamed(value: Node, names: Mapping[str, str]) -> Node:
    def step(n: Node) -> Node | None:
        return expr.read(names[n.data], *n.args) if n.op is Op.READ and names.get(n.data, n.data) != n.data else None

    return expr.transform(value, step)
