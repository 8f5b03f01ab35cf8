"""What a layer costs: passes over elements and multiply-adds of its array program, and the bytes kept for backward.

One unit is one pass over one element: an elementwise operation counts its result, a reduction its operand, a contraction
its multiply-adds; `exp` and its like count 8, a division or a square root 2. Views are free, and a value that is used
twice is counted once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from math import prod

from symback.core.expr import Node, Op
from symback.core.program import LEADING, Program
from symback.core.sizes import size_of
from symback.functions import TABLE
from symback.functions.function import Kernel
from symback.lower.accumulations import ScatterItem
from symback.lower.arrays import Array, Kind
from symback.lower.choices import MASKED, SELECT
from symback.lower.grouped import BY_LABEL
from symback.lower.loops import LoopBody, Store
from symback.lower.module import LoweredBody, lower_body
from symback.lower.nearest import NEAREST
from symback.lower.ranks import COUNTS, SUMS
from symback.report.formulas import Built, heading
from symback.report.terminal import table

USUAL_SIZE = 64
BYTES = {"f": 8, "d": 8, "i": 8, "b": 1, "s": 0}
"""Of an element, in a float64 layer."""

_TRANSCENDENTAL = "exp log log1p expm1 tanh sinh cosh sin cos tan arcsin arccos arctan arctan2 arcsinh arccosh arctanh power"
WEIGHTS = {
    **dict.fromkeys(_TRANSCENDENTAL.split(), 8),
    **dict.fromkeys(("sqrt", "/", "//", "%", "reciprocal", "fmod", "mod"), 2),
    "**": 8,
    "hypot": 5,
}
_FREE = frozenset(
    {Kind.ARGUMENT, Kind.SCALAR, Kind.VIEW, Kind.TRANSPOSE, Kind.RESHAPE, Kind.ARANGE, Kind.FULL, Kind.WINDOWS, Kind.PART, Kind.BUFFER}
)
_KERNELS = {
    **{row.spelling.name: row.cost for row in TABLE.values() if isinstance(row.spelling, Kernel)},
    **dict.fromkeys(("np.asarray", "np.broadcast_to", "_read_along", "_small_divergence"), 0),
    **dict.fromkeys(
        (
            "np.clip",
            "np.take",
            "_either",
            "np.vdot",
            "_root_of_squares",
            "_mean_of_squares",
            "_probability_gap",
            "_product_where",
            "_argmax",
            MASKED,
        ),
        1,
    ),
    **dict.fromkeys(("_tangent", "_log_mean_exp", "_scaled_expm1_slope_at", "_slope_beside"), 2),
    **dict.fromkeys(("_centred", "_over", "_share", SELECT), 3),
    "_difference_of_roots": 3,
    "_probability_difference": 4,
    "_exponentials": 10,
    "_exponentials_if_any": 10,
    "_label_exponentials": 14,
    "_root_of_powers": 10,
    "_geometric_mean": 13,
    "_scaled_tail_sums": 21,
    "_running_softmax_tail": 30,
    "_running_log_sum": 26,
    "_product_tail": 4,
    SUMS: 6,
    COUNTS: 5,
    "_running_extremum_tail": 9,
}
"""Passes over an element of the largest operand, on the path that usual values take."""
_POWERS = {0.0: 1, 1.0: 1, 2.0: 1, 0.5: 2, -1.0: 2}
"""Powers that NumPy has a short way for."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of one mode at given sizes."""

    forward: int
    backward: int
    saved_bytes: int


class _Counter:
    """Counts arrays at sizes, each once."""

    def __init__(self, sizes: Mapping[str, int], hyperparameters: Mapping[str, object]):
        self.sizes, self.hyperparameters = dict(sizes), hyperparameters

    def elements(self, a: Array) -> int:
        return prod(size_of(s, self.sizes, self.hyperparameters) for s in a.shape)

    def bytes(self, a: Array) -> int:
        return self.elements(a) * BYTES[a.element]

    def total(self, arrays: Iterable[Array]) -> int:
        return sum(self.one(a) for a in arrays)

    def one(self, a: Array) -> int:
        """The cost of one operation, its operands given."""
        if a.kind in _FREE:
            return 0
        if a.kind is Kind.LOOP:
            return self.loop(a.data)
        if a.kind is Kind.REDUCE:
            return self.elements(a.args[0])
        if a.kind is Kind.ACCUMULATE:
            return self.elements(a.args[0])
        if a.kind in (Kind.MATMUL, Kind.TENSORDOT, Kind.EINSUM):
            return self.contraction(a)
        if a.kind is Kind.SCATTER:
            return sum(self.item(it, a.args) for it in a.data.items)
        if a.kind is Kind.UFUNC and a.data == "vecdot":
            return self.elements(a) * size_of(a.args[0].shape[-1], self.sizes, self.hyperparameters)
        if a.kind is Kind.WHERE and a.args[0].element == "s":
            return 0
        if a.kind is Kind.UFUNC and a.data == "power" and a.args[1].kind is Kind.SCALAR:
            return self.elements(a) * _POWERS.get(self.number(a.args[1].data), WEIGHTS["power"])
        if a.kind is Kind.KERNEL and a.data[0] == NEAREST:
            return self.elements(a.args[0]) * size_of(a.args[1].shape[0], self.sizes, self.hyperparameters)
        if a.kind is Kind.KERNEL and a.data[0] == BY_LABEL:
            return self.elements(a.args[0]) * size_of(a.shape[-1], self.sizes, self.hyperparameters)
        if a.kind is Kind.KERNEL:
            return int(max(self.elements(x) for x in (a, *a.args)) * _KERNELS.get(a.data[0], 8))
        return self.elements(a) * (WEIGHTS.get(str(a.data), 1) if a.kind in (Kind.UFUNC, Kind.OPERATOR) else 1)

    def number(self, node: Node) -> float | None:
        """A number of hyperparameters and numbers alone, at the values that they have unless told."""
        if node.op is Op.HYPER:
            return float(self.hyperparameters[node.data])
        if node.op is Op.NUM:
            return float(node.data)
        parts = [self.number(a) for a in node.args]
        if None in parts or node.op not in (Op.ADD, Op.MUL):
            return None
        return sum(parts) if node.op is Op.ADD else prod(parts)

    def operands(self, a: Array) -> tuple[Array, ...]:
        """What an array is made of: of two that a number chooses between, the one that it chooses; what is taken off, not its negative."""
        if a.kind is Kind.SCATTER:
            return tuple(x.args[0] if x.kind is Kind.OPERATOR and x.data == "neg" else x for x in a.args)
        if a.kind is not Kind.WHERE or a.args[0].kind is not Kind.SCALAR or a.args[0].data.op is not Op.COMPARE:
            return a.args
        condition, yes, no = a.args
        left, right = (self.number(n) for n in condition.data.args)
        if left is None or right is None:
            return a.args
        holds = {"<": left < right, "<=": left <= right, "==": left == right, "!=": left != right}[condition.data.data]
        return (yes if holds else no,)

    def contraction(self, a: Array) -> int:
        left, right = a.args[0], a.args[-1]
        if a.kind is Kind.MATMUL:
            return self.elements(a) * size_of(left.shape[-1], self.sizes, self.hyperparameters)
        if a.kind is Kind.TENSORDOT:
            return self.elements(a) * prod(size_of(left.shape[k], self.sizes, self.hyperparameters) for k in a.data[0])
        terms = str(a.data).split("->")[0].split(",")
        letters = {c: s for term, x in zip(terms, (left, right), strict=False) for c, s in zip(term, x.shape, strict=False)}
        return prod(size_of(s, self.sizes, self.hyperparameters) for s in letters.values())

    def item(self, it: ScatterItem, operands: tuple[Array, ...]) -> int:
        """What is added or written into a buffer: once for each tap, with what is worked out for the tap."""
        taps = {name for name, _ in it.taps}
        steps = prod(size_of(extent, self.sizes, self.hyperparameters) for _, extent in it.taps)
        self.sizes |= dict.fromkeys(taps, 0)
        value = it.value if isinstance(it.value, Array) else operands[it.value]
        inner = [x for x in reachable([value]) if x.loops & taps]
        fancy = any(isinstance(k, int) for k in it.items)
        return steps * (self.total(inner) + self.elements(value) * (3 if fancy and not it.assigned and not it.repeats else 1))

    def loop(self, body: LoopBody) -> int:
        """A step's cost times the number of steps; what a step reads from outside the loop is not counted again."""
        steps = prod(
            max(size_of(stop, self.sizes, self.hyperparameters) - size_of(first, self.sizes, self.hyperparameters), 0)
            for _, first, stop, _ in body.variables
        )
        variables = {v[0] for v in body.variables}
        self.sizes |= dict.fromkeys(variables, 0)
        inner = [a for a in reachable(_roots(body.stores)) if a.loops & variables]
        stored = sum(self.elements(s.value) if s.accumulate is None else self.item(s.accumulate, s.operands) for s in body.stores)
        return steps * (self.total(inner) + stored) + self.total(reachable(_roots(body.before)))


def _roots(stores: Iterable[Store]) -> list[Array]:
    return [a for s in stores for a in s.needs]


def _operands(a: Array) -> tuple[Array, ...]:
    return a.args


def reachable(roots: Iterable[Array], known: Iterable[Array] = (), of: Callable[[Array], tuple[Array, ...]] = _operands) -> list[Array]:
    """Every array that the roots need and that is not known, each once."""
    seen = dict.fromkeys(known)
    before = len(seen)
    stack = list(roots)
    while stack:
        a = stack.pop()
        if a not in seen:
            seen[a] = None
            stack.extend(of(a))
    return list(seen)[before:]


def counted(lowered: LoweredBody, sizes: Mapping[str, int], hyperparameters: Mapping[str, object]) -> Cost:
    """The cost of one mode. What backward reads of forward's work is kept, not worked out again."""
    counter = _Counter(sizes, hyperparameters)
    counter.sizes |= {name: size_of(value, counter.sizes, hyperparameters) for name, value in lowered.sizes.items()}
    forward = reachable([*lowered.outputs.values(), *lowered.updates.values()], of=counter.operands)
    backward = reachable(lowered.gradients.values(), forward, counter.operands)
    done = set(forward)
    kept = dict.fromkeys(_storage(a) for b in (*backward, *lowered.gradients.values()) for a in (b, *b.args) if a in done or not a.late)
    saved = sum(counter.bytes(a) for a in kept if a.kind not in (Kind.SCALAR, Kind.FULL, Kind.ARANGE))
    return Cost(counter.total(forward), counter.total(backward), saved)


def _storage(a: Array) -> Array:
    """The array whose memory a view shows."""
    while a.kind in (Kind.VIEW, Kind.TRANSPOSE, Kind.RESHAPE) and a.args:
        a = a.args[0]
    return a


def representative_sizes(program: Program) -> dict[str, int]:
    """The layer's own sizes under `check: dims`, the usual size for other dimensions; derived ones worked out."""
    hyper = {h.name: h.default for h in program.hyperparameters}
    sizes = {d: program.check_dims.get(d, USUAL_SIZE) for d in program.dims}
    for name, value in program.derived:
        sizes[name] = size_of(value, sizes, hyper)
    return sizes


def cost_table(built: Built, colour: bool = False) -> str:
    """A row per mode: units of forward and of backward, and the bytes kept between them in a float64 layer."""
    program = built.program
    sizes = representative_sizes(program)
    hyper = {h.name: h.default for h in program.hyperparameters}
    rows = []
    for mode, derivation in built.derivations.items():
        cost = counted(lower_body(program, derivation.body, derivation.adjoint), sizes, hyper)
        rows.append([heading(program, mode, "cost"), f"{cost.forward}", f"{cost.backward}", f"{cost.saved_bytes}"])
    at = ", ".join(f"{'leading' if n == LEADING else n} = {s}" for n, s in sizes.items())
    return table(["", "forward", "backward", "bytes kept"], rows, colour) + (f"at {at}\n" if at else "")
