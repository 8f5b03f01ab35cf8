"""What is added into an array, or written into it, part by part: in place, and in a loop over taps where there are any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symback.calculus.affine import linear
from symback.core.expr import ONE, ZERO, Node, Op, add, neg
from symback.lower.arrays import FULL_SLICE, Array, Slice, signature


@dataclass(frozen=True, slots=True)
class ScatterItem:
    """`buffer[items] += value`, once for each value of the taps (loop variable, extent).

    items      Slice, Node, or the number of an index operand; none for the whole buffer
    value      an operand's number; with taps an array that depends on their variables
    repeats    whether two elements may go to one place (then np.add.at)
    starts     names for where slices begin in one tap
    assigned   whether the value replaces what stands there
    ufunc      what combines the value with what stands there
    """

    items: tuple[object, ...]
    value: int | Array
    repeats: bool = False
    taps: tuple[tuple[str, Node], ...] = ()
    starts: tuple[tuple[str, Node], ...] = ()
    assigned: bool = False
    ufunc: str = "add"

    @property
    def key(self) -> str:
        value = self.value.key if isinstance(self.value, Array) else self.value
        return (
            f"{signature(self.items)};{value};{self.repeats};{self.assigned};{self.ufunc};{signature(self.taps)};{signature(self.starts)}"
        )


@dataclass(frozen=True, slots=True)
class ScatterPlan:
    """A buffer: its items in order; `name`: what it is called where the declaration has no name for it."""

    items: tuple[ScatterItem, ...]
    base: bool  # operand 0 is the base; else the buffer starts at zero
    shape: tuple[Node, ...]
    name: str = "spread"

    @property
    def key(self) -> str:
        return f"{[i.key for i in self.items]};{self.base};{signature(self.shape)}"


def are_apart(items: Iterable[ScatterItem]) -> bool:
    """Whether no two parts meet, nor two elements of one: what stood there before is 0, so that they may be assigned."""
    items = list(items)
    if any(item.repeats or item.taps or item.ufunc != "add" for item in items):
        return False
    return all(_apart(a.items, b.items) for k, a in enumerate(items) for b in items[:k])


def _apart(a: tuple[object, ...], b: tuple[object, ...]) -> bool:
    """Whether two places differ in a number, or one ends along an axis where the other begins or before."""
    pairs = list(zip(a, b, strict=False))
    numbers = [(x, y) for x, y in pairs if isinstance(x, Node) and isinstance(y, Node)]
    if any(x.op is Op.NUM and y.op is Op.NUM and x.data != y.data for x, y in numbers):
        return True
    slices = [(x, y) for x, y in pairs if isinstance(x, Slice) and isinstance(y, Slice)]
    return any(_before(x, y) or _before(y, x) for x, y in slices)


def _before(x: Slice, y: Slice) -> bool:
    """Whether a slice ends where another one begins, or before; both run forward."""
    if x.stop is None or y.start is None or any(s.step is not None and s.step != ONE for s in (x, y)):
        return False
    room = linear(add(y.start, neg(x.stop)))
    return room.op is Op.NUM and room.data >= 0


def rest_of(plan: ScatterPlan) -> list[tuple[object, ...]] | None:
    """The places that no part of a plan writes to, where all parts are written and lie one behind the other along an axis from its start
    on, or there is one part; None where that is not known."""
    if plan.base or not plan.items or any(not i.assigned or i.taps or i.repeats or len(i.items) != len(plan.shape) for i in plan.items):
        return None
    places = [i.items for i in plan.items]
    if len(places) == 1:
        (items,) = places
        ends = [item.stop for item in items if isinstance(item, Slice) and item == Slice(None, item.stop)]
        return [(*[FULL_SLICE] * k, Slice(end, None)) for k, end in enumerate(ends) if end is not None] if len(ends) == len(items) else None
    axis = next((k for k, item in enumerate(places[0]) if item != FULL_SLICE), 0)
    if any(item != FULL_SLICE for items in places for k, item in enumerate(items) if k != axis):
        return None
    end = _end_of([items[axis] for items in places], plan.shape[axis])
    if end is None:
        return None
    return [] if end == plan.shape[axis] else [(*[FULL_SLICE] * axis, Slice(end, None))]


def _end_of(places: list[object], size: Node) -> Node | None:
    """Where places along an axis end that lie one behind the other from its start on; None for others."""
    end: Node = ZERO
    while places:
        here = [p for p in places if _start(p) == end]
        if len(here) != 1:
            return None
        places = [p for p in places if p is not here[0]]
        end = linear(add(end, ONE)) if isinstance(here[0], Node) else size if here[0].stop is None else here[0].stop
    return end


def _start(place: object) -> Node | None:
    """Where a place along an axis begins; None for a list, and for a slice with steps."""
    if isinstance(place, Node):
        return place
    if not isinstance(place, Slice) or place.step is not None and place.step != ONE:
        return None
    return ZERO if place.start is None else place.start


def unchanged(roots: Iterable[Array], variables: frozenset[str]) -> tuple[Array, ...]:
    """The arrays that the roots are made of and that no step of a loop over the variables changes, outermost only."""
    out: dict[Array, None] = {}
    seen: set[Array] = set()
    stack = list(roots)
    while stack:
        a = stack.pop()
        if a in seen:
            continue
        seen.add(a)
        if a.loops & variables:
            stack.extend(a.args)
        else:
            out[a] = None
    return tuple(out)
