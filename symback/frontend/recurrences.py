"""Groups of definitions that refer to themselves at other steps: which axis steps, which way, and where it starts.

A group recurs along an axis where each reference within it lies, along that axis, at an earlier step (or,
all of them, at a later one). References at the same step are put in order, or recur along a further axis:
dynamic programming has its step axes nested, outermost first, each with a direction of its own (a span `c[i, j]`
of `c[i, k]` and `c[k + 1, j]` runs from late `i` and from early `j`).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from symback.core import expr
from symback.core.expr import ZERO, Node, Op
from symback.core.program import Definition, Group
from symback.frontend.faults import stop
from symback.frontend.idle import rested
from symback.frontend.masks import between_limits
from symback.frontend.order import components
from symback.frontend.sizes import difference, is_positive
from symback.frontend.starts import check_starts

MAX_STEP_AXES = 3


@dataclass(frozen=True, slots=True)
class Reference:
    """A read of `target` within the general line of `source`; `limits` of the bound indices around it."""

    source: str
    target: str
    where: tuple[Node, ...]
    limits: Mapping[Node, tuple[Node, Node]]


def group_of(members: list[Definition], recurrent: bool, asked: frozenset[str]) -> Group:
    """The group of a strongly connected component; `asked` are the names that are read from outside of it.

    Raises: LayerError where it is a circle and no recurrence.
    """
    if not recurrent:
        return Group(tuple(members))
    found, both_sides = _planned(members, asked)
    found = found or _planned([between_limits(d) for d in members], asked)[0]
    if found is None:
        _refuse(members, both_sides)
    return found


def _planned(members: list[Definition], asked: frozenset[str]) -> tuple[Group | None, Plan | None]:
    """(group, None), or (None, a plan whose references lie on both sides, where there is one)."""
    by_name = {d.name: d for d in members}
    references = [r for d in members for r in _references(d, by_name)]
    both_sides = None
    for count in range(1, MAX_STEP_AXES + 1):
        for plan in _plans(by_name, references, count):
            backward = _directions(plan, by_name, references, count)
            if backward is None:
                both_sides = plan
                continue
            ordered = _ordered(plan, by_name, references)
            if ordered is None:
                continue
            steps = tuple(plan[n] for n in ordered)
            started = rested(by_name, plan, references, asked)
            check_starts([started[n] for n in ordered], plan, references, backward)
            return Group(tuple(started[n] for n in ordered), True, backward, steps), None
    return None, both_sides


def _refuse(members: list[Definition], both_sides: object) -> None:
    first = members[0].equations[-1].span
    shown = ", ".join(f"`{d.name}`" for d in members[:6])
    others = tuple((d.equations[-1].span, f"`{d.name}` belongs to the circle") for d in members[1:4])
    if both_sides is not None:
        stop(
            "E601",
            f"{shown}: references to earlier and to later steps in one recurrence",
            first,
            "a recurrence runs one way; split it into two",
            *others,
        )
    stop(
        "E602",
        f"{shown}: defined by itself at the same step" if len(members) == 1 else f"{shown} are defined by each other in a circle",
        first,
        "refer to an earlier step, `h[t-1, …]`, and start it with a line such as `h[-1, …]: …`",
        *others,
    )


# ---------------------------------------------------------------------------------- the references


def _references(d: Definition, group: Mapping[str, Definition]) -> Iterator[Reference]:
    stack: list[tuple[Node, Mapping[Node, tuple[Node, Node]]]] = [(d.equations[-1].value, _behind_starts(d))]
    seen: set[tuple[int, tuple]] = set()
    while stack:
        node, limits = stack.pop()
        key = (node.digest, tuple(sorted((k.digest, a.digest, b.digest) for k, (a, b) in limits.items())) if node.free else ())
        if key in seen:
            continue
        seen.add(key)
        if node.op is Op.READ and node.data in group:
            yield Reference(d.name, node.data, node.args, limits)
        if node.op is Op.REDUCE:
            inner = dict(limits)
            for b, low, high in zip(node.args[1::3], node.args[2::3], node.args[3::3], strict=True):
                inner[b] = (low, high)
            stack.append((node.args[0], inner))
            stack.extend((a, limits) for a in node.args[2::3] + node.args[3::3])
        elif node.op is Op.PIECEWISE:
            otherwise = limits
            for value, condition in expr.branches(node):
                stack += [(value, _narrowed(otherwise, condition)), (condition, otherwise)]
                otherwise = _narrowed(otherwise, _opposite(condition))
        else:
            stack.extend((a, limits) for a in node.args)


def _behind_starts(d: Definition) -> dict[Node, tuple[Node, Node]]:
    """The limits of the axes of which lines give the first positions, whatever the other indices are."""
    out = {}
    for k, a in enumerate(d.axes):
        lines = (q.lhs for q in d.equations[:-1] if all((n.op is Op.INDEX) == (i != k) for i, n in enumerate(q.lhs)))
        given = {lhs[k].data for lhs in lines if lhs[k].op is Op.NUM}
        first = next(n for n in itertools.count() if n not in given)
        if first:
            out[a] = (expr.number(first), expr.add(a.args[0], expr.MINUS_ONE))
    return out


def _narrowed(limits: Mapping[Node, tuple[Node, Node]], condition: Node) -> Mapping[Node, tuple[Node, Node]]:
    """The limits with those that a condition sets to free indices: j < i leaves 0 … i - 1 to j, and j + 1 … to i,
    i == j one position to either."""
    out = dict(limits)
    for c in expr.conjuncts(condition):
        if c.op is Op.COMPARE and c.data in ("<", "<="):
            small, great = c.args
            gap = expr.ONE if c.data == "<" else ZERO
            if small.op is Op.INDEX and small not in limits and small not in great.free:
                out[small] = (ZERO, expr.add(great, expr.neg(gap)))
            if great.op is Op.INDEX and great not in limits and great not in small.free:
                out[great] = (expr.add(small, gap), expr.add(great.args[0], expr.MINUS_ONE))
        elif c.op is Op.COMPARE and c.data == "==" and all(i.op is Op.INDEX and i not in limits for i in c.args):
            one, other = c.args
            out[one], out[other] = (other, other), (one, one)
    return out


def _opposite(condition: Node) -> Node:
    """What holds of integers where a condition does not."""
    if condition.op is Op.COMPARE and condition.data in ("<", "<="):
        return expr.compare("<=" if condition.data == "<" else "<", *reversed(condition.args))
    return expr.negation(condition)


def offset(where: Node, step: Node, limits: Mapping[Node, tuple[Node, Node]]) -> tuple[int | None, int | None] | None:
    """(least, greatest) of `where - step`; None where `where` does not move with the step, None in a pair where unbounded."""
    begun = step in limits and is_positive(limits[step][0])
    limits = {i: pair for i, pair in limits.items() if i != step}
    if not _moves_with(where, step, limits):
        return None
    low, high = (_difference(_limit(where, limits, side), step, begun) for side in (0, 1))
    return None if low is None and high is None else (low, high)


def _moves_with(where: Node, step: Node, limits: Mapping[Node, tuple[Node, Node]]) -> bool:
    """Whether a position holds the step, or an index whose limits do, or their limits."""
    seen, reached = set(), set(where.free)
    while not reached <= seen:
        fresh, seen = reached - seen, seen | reached
        reached = {i for f in fresh if f in limits for limit in limits[f] for i in limit.free}
    return step in seen


def _difference(where: Node, step: Node, begun: bool = False) -> int | None:
    """`where` less the step; of one that no number tells -1 or 1 for its side, else None. `begun`: the step is at least 1, which n//2 lies below."""
    if where.op is Op.CALL and where.data in ("Min", "Max"):
        moving = [a for a in where.args if step in a.free]
        if len(moving) == 1 and all(not a.free for a in where.args if a is not moving[0]):
            return _difference(moving[0], step, begun)
        return None
    if where.op is Op.CALL and where.data == "floordiv" and where.args[1].op is Op.NUM and where.args[1].data >= 2:
        inner = _difference(where.args[0], step)
        return -1 if inner is not None and inner < int(begun) else None
    rest = difference(where, step)
    if rest.op is Op.NUM:
        return int(rest.data)
    return -1 if is_positive(expr.neg(rest)) else 1 if is_positive(rest) else None


def _limit(where: Node, limits: Mapping[Node, tuple[Node, Node]], side: int) -> Node:
    """`where` with its bound indices at the limit that makes it least (0) or greatest (1)."""
    for _ in range(len(limits) + 1):
        bound = [i for i in where.free if i in limits]
        if not bound:
            return where
        mapping = {}
        for i in bound:
            falling = _difference(expr.neg(where), i) is not None or _coefficient(where, i) < 0
            mapping[i] = limits[i][side ^ falling]
        where = expr.substitute(where, mapping)
    return where


def _coefficient(where: Node, i: Node) -> int:
    terms = where.args if where.op is Op.ADD else (where,)
    return next((int(c > 0) - int(c < 0) for t in terms for c, rest in (expr.split_coefficient(t),) if rest == i), 1)


# ---------------------------------------------------------------------------------- the step axes

Plan = dict[str, tuple[int, ...]]


def _plans(group: Mapping[str, Definition], references: list[Reference], count: int) -> Iterator[Plan]:
    """Each choice of `count` step axes by definition along which all references move together."""
    names = list(group)
    first = group[names[0]]
    for chosen in itertools.permutations(range(len(first.axes)), count):
        plan = _spread({names[0]: chosen}, group, references)
        if plan is not None:
            yield plan


def _spread(plan: Plan, group: Mapping[str, Definition], references: list[Reference]) -> Plan | None:
    """The plan for all definitions that follows from the first one's axes; None where it does not fit."""
    progress = True
    while progress:
        progress = False
        for r in references:
            if r.source in plan and r.target not in plan:
                axes = []
                for a in plan[r.source]:
                    step = group[r.source].axes[a]
                    axis = next((k for k, w in enumerate(r.where) if k not in axes and offset(w, step, r.limits) is not None), None)
                    if axis is None:
                        return None
                    axes.append(axis)
                plan[r.target] = tuple(axes)
                progress = True
    return plan if len(plan) == len(group) else None


def _offsets(plan: Plan, group: Mapping[str, Definition], r: Reference) -> list[tuple[int | None, int | None] | None]:
    return [offset(r.where[q], group[r.source].axes[p], r.limits) for p, q in zip(plan[r.source], plan[r.target], strict=True)]


def _directions(plan: Plan, group: Mapping[str, Definition], references: list[Reference], count: int) -> tuple[bool, ...] | None:
    """Whether each step axis runs backward, as the references ask that it decides; None where they lie on both sides of one."""
    asked: list[set[bool]] = [set() for _ in range(count)]
    for r in references:
        for pair, sides in zip(_offsets(plan, group, r), asked, strict=True):
            if pair is None:
                break
            low, high = pair
            if (low, high) == (0, 0):
                continue
            if high is not None and high <= 0:
                sides.add(False)
            elif low is not None and low >= 0:
                sides.add(True)
            else:
                return None
            if 0 not in pair:
                break
    if any(len(sides) > 1 for sides in asked):
        return None
    return tuple(True in sides for sides in asked)


def _ordered(plan: Plan, group: Mapping[str, Definition], references: list[Reference]) -> list[str] | None:
    """The definitions in order within a step; None where some refer to each other at the same step."""
    needs: dict[str, list[str]] = {n: [] for n in group}
    for r in references:
        settled = False
        for pair in _offsets(plan, group, r):
            if pair is None:
                return None
            low, high = pair
            if (high is not None and high < 0) or (low is not None and low > 0):
                settled = True
                break
        if not settled:
            needs[r.source].append(r.target)
    found = components(list(group), needs)
    if any(len(c) > 1 or c[0] in needs[c[0]] for c in found):
        return None
    return [c[0] for c in found]
