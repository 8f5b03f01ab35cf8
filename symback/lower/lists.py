"""Positions that go on by equal steps but at a few places (mirrored, continued, held at an edge): slices, not a list of places."""

from __future__ import annotations

from dataclasses import dataclass

from symback.calculus.affine import affine, inside
from symback.calculus.cotangents import Scatter
from symback.core.expr import Node, Op
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.picks import is_label


@dataclass(frozen=True, slots=True)
class Limits:
    """Keyword text of np.clip to 0 … size-1."""

    size: Node

    @property
    def key(self) -> str:
        return str(self.size.digest)


def as_index(v: Lowered) -> Lowered:
    """An integer array; floats (from floor) are cast."""
    if v.array.element in ("i", "s"):
        return v
    return Lowered(Array(Kind.CAST, "np.intp", (v.array,), v.array.shape, "i"), v.axes)


def read_along(array: Array, where: tuple[Node, ...], advanced: list[bool], indices: list[Lowered]) -> Lowered | None:
    """array[where] with such a list at each `advanced` axis, which stand together, and the others whole; None for other reads."""
    listed = _listed(where, array.shape)
    if not listed or listed[-1] - listed[0] >= len(listed) or array.loops or array.element != "f":
        return None
    axes = tuple(i for f in where for i in f.free)
    operands, shape = (array, *(v.array for v in indices)), tuple(a.args[0] for a in axes)
    return Lowered(Array(Kind.KERNEL, ("_read_along", f"axes={listed}"), operands, shape, "f"), axes)


def sums_along(low: Lowering, s: Scatter, sizes: tuple[Node, ...]) -> Array | None:
    """What a scatter to such lists adds up to, the other positions being whole axes; None for another scatter."""
    listed = _listed(s.targets, sizes)
    axes = tuple(i for t in s.targets for i in t.free)
    if not listed or set(axes) != set(s.scope):
        return None
    operands = [low.ranked(axes).broadcast(low.as_float(low.ranked(axes).value(s.value)), axes)]
    for k in listed:
        place = as_index(low.value(s.targets[k])).array
        operands += [clipped(low, place, s.targets[k], sizes[k]), low.scalar(sizes[k]).array]
    return Array(Kind.KERNEL, ("_sums_along", f"axes={listed}"), operands, sizes, "f")


def _listed(where: tuple[Node, ...], sizes: tuple[Node, ...]) -> tuple[int, ...]:
    """The axes with a list of an index of its own, where the other positions are whole axes; none for other positions."""
    indices = [i for f in where for i in f.free]
    listed = tuple(k for k, (f, size) in enumerate(zip(where, sizes, strict=True)) if f.op is not Op.INDEX or f.args[0] != size)
    apart = len(where) > 1 and all(len(f.free) == 1 for f in where) and len(set(indices)) == len(indices)
    return listed if apart and all(affine(where[k]) is None and _goes_on(where[k]) for k in listed) else ()


def _goes_on(f: Node) -> bool:
    """Whether a position changes by equal steps but at some of them."""
    if f.op is Op.CALL:
        return f.data in ("Abs", "Min", "Max", "mod") and all(map(_goes_on, f.args))
    return f.op in (Op.INDEX, Op.NUM, Op.DIM, Op.HYPER) or f.op in (Op.ADD, Op.MUL) and all(map(_goes_on, f.args))


def clipped(low: Lowering, array: Array, target: Node, size: Node) -> Array:
    """The positions, kept within the axis where it is neither proved nor checked that they are."""
    if inside(target, size) or is_label(low, target, size):
        return array
    return Array(Kind.KERNEL, ("np.clip", Limits(size)), (array,), array.shape, "i")
