"""Whether a recurrence starts: at its first steps every reference must meet a start line, or be chosen away by a Piecewise."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace

from symback.core import expr
from symback.core.expr import ZERO, Node, Op, Reduction
from symback.core.program import Definition, Equation
from symback.frontend.faults import stop
from symback.frontend.sizes import at_most, bounds, difference, is_positive

MAX_LAG = 64


def check_starts(members: list[Definition], plan: Mapping[str, tuple[int, ...]], references: list, backward: tuple[bool, ...]) -> None:
    """Raise LayerError where a first step reads a step before the first one that no line starts; `backward`: which step axes run so."""
    group = {d.name: d for d in members}
    lag = _greatest_lag(group, plan, references)
    for d in members:
        axes = tuple(sorted({*plan[d.name], *_started_axes(d)}))
        for count in range(1, len(axes) + 1):
            for chosen in itertools.combinations(range(len(axes)), count):
                depth = lag if count == 1 else min(lag, 2)
                for distances in itertools.product(range(depth), repeat=count):
                    _check_step(d, {axes[c]: n for c, n in zip(chosen, distances, strict=True)}, group, plan, backward)


def _greatest_lag(group: Mapping[str, Definition], plan: Mapping[str, tuple[int, ...]], references: list) -> int:
    lag = 1
    for r in references:
        for p, q in zip(plan[r.source], plan[r.target], strict=True):
            rest = difference(r.where[q], group[r.source].axes[p])
            if rest.op is Op.NUM:
                lag = max(lag, abs(int(rest.data)))
    starts = max((len(d.equations) - 1 for d in group.values()), default=0)
    return min(lag + starts, MAX_LAG)


def _check_step(
    d: Definition,
    distances: Mapping[int, int],
    group: Mapping[str, Definition],
    plan: Mapping[str, tuple[int, ...]],
    backward: tuple[bool, ...],
) -> None:
    """Check the general line of `d` where the given axes are that many steps from the first."""
    late = dict(zip(plan[d.name], backward, strict=True))
    places = {
        a: difference(expr.add(d.axes[a].args[0], expr.MINUS_ONE), expr.number(n)) if late.get(a, backward[0]) else expr.number(n)
        for a, n in distances.items()
    }
    if any(_holds(q, places) for q in d.equations[:-1]):
        return
    value = decided(_at_places(d.equations[-1].value, {d.axes[a]: place for a, place in places.items()}))
    for read in _reads(value):
        if read.data not in group:
            continue
        target = group[read.data]
        outside = [q for q in sorted({*plan[target.name], *_started_axes(target)}) if _is_outside(read.args[q], target.axes[q].args[0])]
        itself = read.data == d.name and all(read.args[a] == place for a, place in places.items()) and set(plan[d.name]) <= set(places)
        if not outside and not itself:
            continue
        if any(_covers(q, read, target) for q in target.equations[:-1]):
            continue
        where = ", ".join(expr.text(a) for a in read.args)
        step = ", ".join(f"`{d.axes[a].data}` = {expr.text(p)}" for a, p in places.items())
        start = ", ".join(
            expr.text(a) if k in outside or (itself and k in places) else str(target.axes[k].data) for k, a in enumerate(read.args)
        )
        stop(
            "E603",
            f"at {step} this reads `{read.data}[{where}]`, which no line starts",
            d.equations[-1].span,
            f"add the line `{read.data}[{start}]: …` that starts it",
        )


def _started_axes(d: Definition) -> set[int]:
    """The axes along which a line has a number on the left."""
    return {k for q in d.equations[:-1] for k, n in enumerate(q.lhs) if n.op is not Op.INDEX}


def _is_outside(where: Node, size: Node) -> bool:
    if where.op is Op.NUM:
        return where.data < 0
    beyond = difference(where, size)
    return beyond.op is Op.NUM and beyond.data >= 0


def _holds(start: Equation, places: Mapping[int, Node]) -> bool:
    """Whether a start line wins at these places, whatever the other indices are."""
    return all(n.op is Op.INDEX or (k in places and difference(n, places[k]) == expr.ZERO) for k, n in enumerate(start.lhs))


def _covers(start: Equation, read: Node, target: Definition) -> bool:
    for k, (n, where) in enumerate(zip(start.lhs, read.args, strict=True)):
        if n.op is Op.INDEX:
            if _is_outside(where, target.axes[k].args[0]):
                return False
        elif difference(n, where) != expr.ZERO:
            return False
    return True


def _at_places(node: Node, places: Mapping[Node, Node]) -> Node:
    """The node at these steps, its comparisons of a step decided where sizes tell: the step 0 is below a lag K."""

    def step(n: Node) -> Node | None:
        if n.op is not Op.COMPARE or n.free.isdisjoint(places) or any(m.op is Op.READ for m in expr.walk(n)):
            return None
        rest = expr.substitute(difference(n.args[0], n.args[1]), places)
        sides = ((expr.MINUS_ONE, expr.neg(rest)), (expr.ONE, rest))
        return next((expr.compare(n.data, side, ZERO) for side, size in sides if is_positive(size)), None)

    return expr.substitute(expr.transform(node, step), places)


def decided(node: Node) -> Node:
    """The node with comparisons of integers that differ by a number decided, and empty sums left out."""

    def step(n: Node) -> Node | None:
        if n.op is Op.COMPARE:
            rest = difference(n.args[0], n.args[1])
            if rest.op is Op.NUM and not any(m.op is Op.READ for m in expr.walk(n)):
                return expr.compare(n.data, rest, expr.ZERO)
        if n.op is Op.PIECEWISE:
            return _without_repeats(n)
        if n.op is Op.REDUCE and n.data is Reduction.SUM:
            for low, high in zip(n.args[2::3], n.args[3::3], strict=True):
                width = difference(high, low)
                if width.op is Op.NUM and width.data < 0:
                    return expr.ZERO
        return None

    return expr.transform(node, step)


def _without_repeats(node: Node) -> Node:
    """A Piecewise without the branches whose condition holds only where an earlier one does."""
    kept: list[tuple[Node, Node]] = []
    earlier: list[Node] = []
    for value, condition in expr.branches(node):
        if not any(p in earlier for p in (condition, *expr.conjuncts(condition))):
            kept.append((value, condition))
            earlier.append(condition)
    return expr.piecewise(*kept)


def without_starts(d: Definition, definitions: dict[str, Definition]) -> None:
    """Replace, in place, a definition that has starts but does not recur.

    A start within the range becomes a branch of a Piecewise; one beyond it is put in where the others read it.
    """
    *starts, general = d.equations
    within, beyond = [], []
    for q in starts:
        (beyond if any(_is_outside(n, d.axes[k].args[0]) for k, n in enumerate(q.lhs) if n.op is not Op.INDEX) else within).append(q)
    pairs = [
        (q.value, expr.both(*(expr.compare("==", a, n) for a, n in zip(d.axes, q.lhs, strict=True) if n.op is not Op.INDEX)))
        for q in within
    ]
    flat = (0,) * len(d.axes)
    value = expr.piecewise(*pairs, (general.value, expr.TRUE))
    definitions[d.name] = replace(d, equations=(Equation(d.axes, value, general.span),), low=flat, high=flat)
    if not beyond:
        return

    def step(n: Node) -> Node | None:
        return _chosen_start(n, d, beyond) if n.op is Op.READ and n.data == d.name else None

    for name, other in list(definitions.items()):
        if name != d.name:
            equations = tuple(replace(q, value=expr.transform(q.value, step)) for q in other.equations)
            definitions[name] = replace(other, equations=equations)


def _chosen_start(read: Node, d: Definition, beyond: list[Equation]) -> Node | None:
    """The read with each start that it can meet as a branch before it."""
    pairs = []
    for q in beyond:
        conditions = []
        for axis, n, where in zip(d.axes, q.lhs, read.args, strict=True):
            if n.op is Op.INDEX:
                continue
            low, high = bounds(where, {})
            if n.op is Op.NUM and low is not None and at_most(ZERO, low):
                conditions.append(expr.FALSE)
            elif n.op is not Op.NUM and high is not None and at_most(high, expr.add(axis.args[0], expr.MINUS_ONE)):
                conditions.append(expr.FALSE)
            elif sum(o.lhs[d.axes.index(axis)].op is not Op.INDEX for o in beyond) > 1:
                conditions.append(expr.compare("==", where, n))
            else:
                conditions.append(expr.compare("<", where, ZERO) if n.op is Op.NUM else expr.compare("<=", axis.args[0], where))
        value = expr.substitute(q.value, {axis: w for axis, n, w in zip(d.axes, q.lhs, read.args, strict=True) if n.op is Op.INDEX})
        pairs.append((value, decided(expr.both(*conditions))))
    return expr.piecewise(*pairs, (read, expr.TRUE)) if any(c != expr.FALSE for _, c in pairs) else None


def _reads(node: Node) -> Iterator[Node]:
    """The reads that are evaluated: not those over an empty range."""
    stack = [node]
    while stack:
        n = stack.pop()
        if n.op is Op.READ:
            yield n
        if n.op is Op.REDUCE and any(
            (w := difference(h, lo)).op is Op.NUM and w.data < 0 for lo, h in zip(n.args[2::3], n.args[3::3], strict=True)
        ):
            continue
        stack.extend(n.args)
