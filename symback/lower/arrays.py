"""The array program: immutable whole-array operations, equal ones being one.

An `Array` knows its kind, operands, symbolic shape and element type. Two with the same key are the same value and
are computed once, wherever in forward or backward they stand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from hashlib import blake2b

from symback.core.expr import Node


class Kind(Enum):
    """What an array operation is; `data` of each."""

    ARGUMENT = "argument"  # name
    SCALAR = "scalar"  # Node without index or tensor: a Python number
    UFUNC = "ufunc"  # numpy name
    OPERATOR = "operator"  # + - * / ** < <= == != & | ~ neg
    WHERE = "where"
    VIEW = "view"  # basic indexing: a tuple of Slice, Node, None
    TRANSPOSE = "transpose"  # permutation
    RESHAPE = "reshape"  # the shape
    REDUCE = "reduce"  # (method, axes, keepdims)
    ACCUMULATE = "accumulate"  # (ufunc, axis, reversed)
    MATMUL = "matmul"
    TENSORDOT = "tensordot"  # (axes of the left, axes of the right)
    EINSUM = "einsum"  # subscripts
    GATHER = "gather"  # a tuple of Slice, Node, or the operand's number (int) for an index array
    ARANGE = "arange"  # size
    CAST = "cast"  # "dtype" or a numpy dtype name
    FULL = "full"  # value text, none where all is written later; the shape says the rest
    PAD = "pad"  # ((before, after) an axis, value text)
    WINDOWS = "windows"  # (axes, window widths, what is kept of the result)
    KERNEL = "kernel"  # (function name, extra keyword text); a helper of the module
    PART = "part"  # k-th result of a KERNEL that returns several
    CONCATENATE = "concatenate"  # axis
    SCATTER = "scatter"  # list of scatter items, see scatters.py
    LOOP = "loop"  # LoopBody
    BUFFER = "buffer"  # (loop, name): an array that a loop fills


@dataclass(frozen=True, slots=True)
class Slice:
    """start:stop:step with integer expressions; None where left out."""

    start: Node | None = None
    stop: Node | None = None
    step: Node | None = None


FULL_SLICE = Slice()


class Array:
    """One whole-array value. `element` is "f" (the layer's dtype), "d" (float64 made from indices), "i", "b" or "s" (Python number)."""

    __slots__ = ("kind", "data", "args", "shape", "element", "key", "late", "loops", "_hash")

    def __init__(
        self,
        kind: Kind,
        data: object,
        args: Iterable[Array],
        shape: tuple[Node, ...],
        element: str,
        *,
        late: bool = False,
        loops: frozenset[str] = frozenset(),
    ):
        self.kind, self.data, self.args = kind, data, tuple(args)
        self.shape, self.element = shape, element
        self.late = late or any(a.late for a in self.args)  # depends on an upstream gradient
        self.loops = loops.union(*(a.loops for a in self.args)) if self.args else loops
        operands, sizes = ",".join([f"{a.key:x}" for a in self.args]), ",".join([f"{s.digest:x}" for s in shape])
        text = f"{kind.value}|{signature(data)}|{operands}|{sizes}|{element}"
        self.key = int.from_bytes(blake2b(text.encode(), digest_size=15).digest(), "big")
        self._hash = hash(self.key)

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Array) and self.key == other.key)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{self.kind.value}[{self.data}]{self.args}"


def with_new_axes(array: Array, items: tuple[object, ...], shape: tuple[Node, ...]) -> Array:
    """The array with the axes of length 1 that None stands for among `items`, as one view where it is a view already."""
    if array.kind is not Kind.VIEW:
        return Array(Kind.VIEW, items, (array,), shape, array.element)
    (base,) = array.args
    axes = sum(item is not None for item in array.data)
    joined: list[object] = []
    outer = list(items)
    for item in (*array.data, *[FULL_SLICE] * (len(base.shape) - axes)):
        while not isinstance(item, Node) and outer and outer[0] is None:
            joined.append(outer.pop(0))
        joined.append(item)
        if not isinstance(item, Node) and outer:
            outer.pop(0)
    return Array(Kind.VIEW, (*joined, *outer), (base,), shape, array.element, loops=array.loops)


def reshaped(array: Array, shape: tuple[Node, ...]) -> Array:
    """The array in another shape, by one reshape."""
    if array.kind is Kind.RESHAPE:
        (array,) = array.args
    return array if array.shape == shape else Array(Kind.RESHAPE, shape, (array,), shape, array.element)


def parts(roots: Iterable[Array]) -> set[Array]:
    """Every array that some arrays are made of, themselves among them."""
    seen: set[Array] = set()
    stack = list(roots)
    while stack:
        a = stack.pop()
        if a not in seen:
            seen.add(a)
            stack.extend(a.args)
    return seen


def signature(data: object) -> str:
    if isinstance(data, Node):
        return str(data.digest)
    if isinstance(data, Slice):
        return f"{signature(data.start)}:{signature(data.stop)}:{signature(data.step)}"
    if isinstance(data, tuple):
        return "(" + ",".join(signature(d) for d in data) + ")"
    key = getattr(data, "key", None)
    return str(key) if key is not None else repr(data)
