"""What is added into an array, or written into it, part by part: in place, and in a loop over taps where there are any."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from symback.core.expr import Node, Op
from symback.lower.arrays import Array, signature


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
    """Whether two places differ in a number."""
    numbers = [(x, y) for x, y in zip(a, b, strict=False) if isinstance(x, Node) and isinstance(y, Node)]
    return any(x.op is Op.NUM and y.op is Op.NUM and x.data != y.data for x, y in numbers)


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
