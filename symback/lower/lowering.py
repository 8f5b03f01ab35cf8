"""The lowering of one expression: a `Lowered` is an array together with the index that each of its axes runs over."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from symback.calculus.affine import linear, never_negative, scalar
from symback.calculus.patterns import skeleton
from symback.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
    Node,
    Op,
    add,
    call,
    dim,
    fresh_index,
    is_whole,
    neg,
    number,
    opened,
    read,
    reduction,
    substitute,
    walk,
)
from symback.core.program import Definition, Program, Tensor
from symback.core.program import Kind as TensorKind
from symback.lower.arrays import FULL_SLICE, Array, Kind, with_new_axes


@dataclass(frozen=True, slots=True)
class Lowered:
    """`array` with `axes[k]` the INDEX of its axis k."""

    array: Array
    axes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class RangeCheck:
    """To be done when called: the index expression stays in 0 … size-1 on axis `axis` of `tensor`."""

    tensor: str
    axis: int
    low: Node
    high: Node
    size: Node


@dataclass(frozen=True, slots=True)
class StepValue:
    """A value of the present step of a loop: `positions` are its step axes, at the loop variables `at`."""

    positions: tuple[int, ...]
    at: tuple[Node, ...]
    value: Lowered


@dataclass(frozen=True, slots=True)
class Plan:
    """What is known of the whole program before its expressions are lowered, these by their forms.

    pairs   how often two factors stand in one product
    decays  the exp(-|x|) that are made whatever sigmoids are made of
    sums    inner sums that several sums have in common
    copies  what several products copy, so that it is a value of its own
    kept    softmaxes that loops keep, as they are wanted after the loop
    """

    pairs: Mapping[tuple[int, int], int] = field(default_factory=dict)
    decays: frozenset[int] = frozenset()
    sums: frozenset[int] = frozenset()
    copies: frozenset[Array] = frozenset()
    kept: frozenset[int] = frozenset()


@dataclass(slots=True)
class Lowering:
    """What lowering an expression depends on, and what it collects on the way.

    rules      how each kind of node is lowered
    arrays     tensor or value name -> its array, axes in declared order
    computed   values of the declaration that forward has computed
    cotangents names of cotangents: they are 0 outside their range
    contracted what contractions of several factors have made on the way
    copies     what matrix products have to copy, and the operands of each that does
    exponentials what softmaxes have been made of
    returned   the values of the declaration that are returned
    watched    softmaxes that the present step of a loop has made
    softmaxes  forms that those of loops have over all steps
    wanted     those that were asked for after the loop
    kept       where they are, and what their indices are called there
    forms      what has been lowered, by its form whatever its indices are called, with those indices
    made       everything that forward's results are made of, while backward is lowered
    plan       what is known of the whole program beforehand
    ranges     first and last value of each variable of the loops around
    variables  names of the loops' variables
    checked    the checks that forward makes: what backward may rely on
    certain    those that cannot fail, and need not be made
    known      expressions that a recurrence has stored, with the reads that give them
    stored     the same for arrays over all steps
    sizes      widths of paddings by the name that they bear in the module
    lows       value name -> offset of each axis (a recurrence that starts at -1)
    rank       preferred order of axes, outermost first
    counted    how many windows there are, where windows are counted by more than a dimension
    padded     arrays without a name of their own in which stands what a tensor reads beyond its range, where that is 0
    finite     definition -> whether it holds finite numbers for finite tensors
    guards     conditions under which the present expression is used: partial functions get a safe argument elsewhere
    lenient    whether reads may leave their tensor where their value is not used, and are then kept inside
    """

    program: Program
    rules: Mapping[Op, Callable[[Lowering, Node], Lowered]]
    arrays: dict[str, Array]
    definitions: Mapping[str, Definition]
    lows: dict[str, tuple[int, ...]] = field(default_factory=dict)
    rank: tuple[Node, ...] = ()
    guards: tuple[Lowered, ...] = ()
    lenient: bool = False
    loop_vars: frozenset[str] = frozenset()
    ranges: Mapping[str, tuple[Node, Node]] = field(default_factory=dict)
    checks: dict[RangeCheck, None] = field(default_factory=dict)
    certain: set[RangeCheck] = field(default_factory=set)
    array_checks: dict[tuple[str, int, Array, Node], None] = field(default_factory=dict)
    memo: dict[tuple, Lowered] = field(default_factory=dict)
    steps: dict[str, StepValue] = field(default_factory=dict)
    computed: set[Array] = field(default_factory=set)
    cotangents: set[str] = field(default_factory=set)
    contracted: set[Array] = field(default_factory=set)
    copies: dict[Array, set[tuple[Array, Array]]] = field(default_factory=dict)
    exponentials: set[Array] = field(default_factory=set)
    variables: dict[str, None] = field(default_factory=dict)
    known: Mapping[Node, Node] = field(default_factory=dict)
    stored: dict[Array, Array] = field(default_factory=dict)
    sizes: dict[str, Node] = field(default_factory=dict)
    counted: dict[Node, None] = field(default_factory=dict)
    padded: set[str] = field(default_factory=set)
    finite: dict[str, bool] = field(default_factory=dict)
    checked: frozenset[RangeCheck] = frozenset()
    plan: Plan = field(default_factory=Plan)
    forms: dict[int, tuple[Lowered, tuple[Node, ...]]] = field(default_factory=dict)
    made: frozenset[Array] = frozenset()
    returned: frozenset[str] = frozenset()
    watched: list[tuple] = field(default_factory=list)
    softmaxes: set[int] = field(default_factory=set)
    wanted: set[int] = field(default_factory=set)
    kept: dict[int, tuple[tuple[Node, ...], Lowered]] = field(default_factory=dict)

    def value(self, node: Node) -> Lowered:
        """The expression as an array over its free indices."""
        known = self.known.get(node)
        if known is not None:
            return self.value(known)
        key = self._key(node)
        done = self.memo.get(key) or self._unguarded(node) or self._called_otherwise(node)
        if done is None:
            done = self._value(node)
            if done.array in self.stored:
                done = Lowered(self.stored[done.array], done.axes)
            self.memo[key] = done
            if not (self.guards or self.lenient or self.loop_vars):
                form, indices = skeleton(node)
                self.forms.setdefault(form, (done, indices))
        return done

    def _called_otherwise(self, node: Node) -> Lowered | None:
        """The value as it stands there with its indices called otherwise, in whatever order its axes are; of forward, what forward
        makes, where recurrences have stored values under names of their own."""
        if not self.made:
            return None
        form, indices = skeleton(node)
        known = self.forms.get(form)
        if known is None or (self.stored or self.variables) and not (known[0].array.late or known[0].array in self.made):
            return None
        v, own = known
        called = dict(zip(own, indices, strict=True))
        return Lowered(v.array, tuple(called[a] for a in v.axes)) if all(a in called for a in v.axes) else None

    def _unguarded(self, node: Node) -> Lowered | None:
        """The value as forward has it, whatever condition it is wanted under."""
        if not self.guards or not self.made:
            return None
        known = self.memo.get((node, self.rank, (), False, self.loop_vars))
        return known if known is not None and known.array in self.made else None

    def has(self, node: Node) -> bool:
        """Whether it is lowered already."""
        return self._key(node) in self.memo

    def standing(self, node: Node) -> Lowered | None:
        """The value where it is lowered already, perhaps with its indices called otherwise."""
        return self.memo.get(self._key(node)) or self._called_otherwise(node)

    def _key(self, node: Node) -> tuple:
        return node, self.rank, tuple((g.array, g.axes) for g in self.guards), self.lenient, self.loop_vars

    def _value(self, node: Node) -> Lowered:
        if scalar(node):
            return self.scalar(node)
        if node.op is Op.INDEX:
            return self.positions(node)
        return self.rules[node.op](self, node)

    def scalar(self, node: Node) -> Lowered:
        """A Python number."""
        loops = frozenset(str(n.data) for n in walk(node) if n.op is Op.DIM and n.data in self.loop_vars)
        return Lowered(Array(Kind.SCALAR, node, (), (), "s", loops=loops), ())

    def positions(self, idx: Node) -> Lowered:
        """0 … size-1 along the axis of an index."""
        size = idx.args[0]
        loops = frozenset(str(n.data) for n in walk(size) if n.op is Op.DIM and n.data in self.loop_vars)
        return Lowered(Array(Kind.ARANGE, size, (), (size,), "i", loops=loops), (idx,))

    def tensor(self, name: str) -> Tensor | None:
        return self.program.tensor(name)

    def size(self, node: Node, base: str) -> Node:
        """A size that is more than a name or a number, as a name of its own."""
        if node.op in (Op.NUM, Op.DIM, Op.HYPER):
            return node
        name = next((n for n, known in self.sizes.items() if known == node), None)
        if name is None:
            name, k = base, 2
            while name in self.reserved() or name in self.sizes:
                name, k = f"{base}{k}", k + 1
            self.sizes[name] = node
        return dim(name)

    def reserved(self) -> set[str]:
        """Names of the declaration, which nothing that is made on the way may take."""
        p = self.program
        return (
            {t.name for t in p.tensors}
            | set(self.definitions)
            | set(p.dims)
            | {n for n, _ in p.derived}
            | {h.name for h in p.hyperparameters}
        )

    def outside_of(self, name: str) -> Node | None:
        """What a read beyond the range gives; None where it may not happen."""
        if name in self.cotangents:
            return ZERO
        known = self.tensor(name) or self.definitions.get(name)
        return known.outside if known is not None else None

    def named(self, array: Array, at: Sequence[Node]) -> Node:
        """A read, at these positions, of an array that has no name of its own."""
        name = f"@{len(self.arrays)}"
        self.arrays[name] = array
        return read(name, *at)

    def kind_of(self, name: str) -> TensorKind:
        tensor = self.tensor(name)
        if tensor is not None:
            return tensor.kind
        d = self.definitions.get(name)
        return d.kind if d is not None else TensorKind.FLOAT

    # ------------------------------------------------------------------------------------------- alignment

    def union(self, operands: Sequence[Lowered]) -> tuple[Node, ...]:
        """The axes of a broadcast of the operands, in the order of the largest, the others by rank."""
        largest = max(operands, key=lambda v: len(v.axes))
        order = list(largest.axes)
        place = {a: k for k, a in enumerate(self.rank)}
        for v in operands:
            for a in v.axes:
                if a in order:
                    continue
                at = len(order)
                if a in place:
                    at = next((k for k, b in enumerate(order) if place.get(b, len(place)) > place[a]), len(order))
                order.insert(at, a)
        return tuple(order)

    def aligned(self, v: Lowered, axes: tuple[Node, ...]) -> Array:
        """The array transposed and with new axes of length 1, so that it broadcasts over `axes`; none are put in front."""
        kept = [a for a in axes if a in v.axes]
        array = self.transposed(v, tuple(kept)).array
        first = axes.index(kept[0]) if kept else len(axes)
        if len(kept) == len(axes) - first or not kept:
            return array
        items = tuple(FULL_SLICE if a in v.axes else None for a in axes[first:])
        shape = tuple(a.args[0] if a in v.axes else ONE for a in axes[first:])
        return with_new_axes(array, items, shape)

    def transposed(self, v: Lowered, axes: tuple[Node, ...]) -> Lowered:
        """The same value with its axes in another order."""
        if v.axes == axes:
            return v
        permutation = tuple(v.axes.index(a) for a in axes)
        base, source = v.array, permutation
        if base.kind is Kind.TRANSPOSE:
            source = tuple(base.data[p] for p in permutation)
            base = base.args[0]
            if source == tuple(range(len(source))):
                return Lowered(base, axes)
        return Lowered(Array(Kind.TRANSPOSE, source, (base,), tuple(a.args[0] for a in axes), base.element), axes)

    def elementwise(self, kind: Kind, data: object, operands: Sequence[Lowered], element: str) -> Lowered:
        """An operation applied element by element to the broadcast operands."""
        axes = self.union(operands)
        arrays = [self.aligned(v, axes) for v in operands]
        return Lowered(Array(kind, data, arrays, tuple(a.args[0] for a in axes), element), axes)

    def broadcast(self, v: Lowered, axes: tuple[Node, ...], element: str = "") -> Array:
        """The array with exactly these axes; missing ones are broadcast (a read-only view)."""
        if v.axes == axes:
            return v.array
        if set(v.axes) == set(axes):
            return self.transposed(v, axes).array
        shape = tuple(a.args[0] for a in axes)
        loops = frozenset(str(n.data) for size in shape for n in walk(size) if n.op is Op.DIM and n.data in self.loop_vars)
        if v.array.kind is Kind.SCALAR and v.array.data == ZERO and element == "f":
            return Array(Kind.FULL, "0", (), shape, "f", loops=loops)
        return Array(Kind.KERNEL, ("np.broadcast_to", ""), (self.aligned(v, axes),), shape, element or v.array.element, loops=loops)

    # ------------------------------------------------------------------------------------------- contexts

    def guarded(self, guard: Lowered) -> Lowering:
        return self._with(guards=(*self.guards, guard), lenient=True)

    def tolerant(self) -> Lowering:
        """For values of which some elements are not used, wherever these would be read."""
        return self._with(lenient=True)

    def ranked(self, rank: tuple[Node, ...]) -> Lowering:
        return self._with(rank=rank)

    def _with(self, **changes) -> Lowering:
        return replace(self, **changes)

    # ---------------------------------------------------------------------------------------------- types

    def as_float(self, v: Lowered) -> Lowered:
        """The value in the layer's float type: integers, booleans and float64 tables of indices are cast once."""
        if v.array.element in ("f", "s"):
            return v
        return Lowered(Array(Kind.CAST, "dtype", (v.array,), v.array.shape, "f"), v.axes)

    def index_free_limits(self, node: Node) -> Node:
        """A reduction whose limits hold no index any more (a loop fixed it), with the range shifted to start at 0."""
        body, binders = opened(node)
        mapping, out, changed = {}, [], False
        for binder in binders:
            i, low, high = binder
            if is_whole(binder) or not (scalar(low) and scalar(high)):
                out.append(binder)
                continue
            size = self.count(add(high, neg(low), ONE))
            j = fresh_index(size)
            mapping[i] = add(low, j)
            out.append((j, ZERO, add(size, number(-1))))
            changed = True
        return reduction(node.data, substitute(body, mapping), out) if changed else node

    def count(self, size: Node) -> Node:
        """How many positions there are, for a size that may come out negative."""
        known = (size.op is Op.NUM and size.data >= 0) or (self.ranges and self.nowhere_negative(size))
        return size if known else call("Max", size, ZERO)

    def may_be_empty(self, i: Node) -> bool:
        """Whether a range may have no position, although no dimension is 0: one between limits, or of a size that is worked out."""
        size = i.args[0]
        plain = size.op in (Op.DIM, Op.HYPER) and size.data not in self.ranges
        return not plain and not self.nowhere_negative(add(size, MINUS_ONE))

    def nowhere_negative(self, size: Node) -> bool:
        """Whether a size that is linear in the steps of the loops around is at least 0 at the first and the last of them."""
        ends = [size]
        for name, limits in self.ranges.items():
            ends = [substitute(e, {dim(name): limit}) for e in ends for limit in limits]
        return all(never_negative(linear(e)) for e in ends)
