"""What is known while a program is rewritten: signs of expressions, and the definitions behind named values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from math import isfinite

from symback.core.expr import MINUS_ONE, ONE, Node, Op, Reduction, branches, is_whole, neg, opened, split_coefficient, sub, substitute, walk
from symback.core.program import Definition, Program
from symback.functions import TABLE

_POSITIVE_CALLS = frozenset(
    {
        "exp",
        "sigmoid",
        "softplus",
        "cosh",
        "ndtr",
        "erfc",
        "gauss",
        "half_gauss",
        "sech",
        "sigmoid_slope",
        "tanh_slope",
        "exp_moment",
        "squareplus",
    }
)


class Named:
    """Definitions that a READ of their name may be seen through; more are added as a program is gone through, none is changed."""

    def __init__(self) -> None:
        self.definitions: dict[str, Definition] = {}
        self.seen: dict[int, Node] = {}

    def add(self, definition: Definition) -> None:
        self.definitions[definition.name] = definition

    def behind(self, node: Node) -> Node | None:
        """The value of the definition that a READ names, at the READ's place; None where it is no such READ."""
        d = self.definitions.get(str(node.data)) if node.op is Op.READ else None
        if d is None:
            return None
        if node.digest not in self.seen:
            self.seen[node.digest] = substitute(d.value, dict(zip(d.equations[-1].lhs, node.args, strict=True)))
        return self.seen[node.digest]


@dataclass(frozen=True, slots=True)
class Context:
    """What a rule may ask.

    values   definitions, their values already rewritten
    derived  cotangents, for the rules that ask for them
    signs    tensor -> "+" (positive) or "0" (not negative), from the assumptions
    above    (greater, less) pairs of expressions, from the assumptions
    upper    tensors that are at most 1, from the assumptions
    under    those that are below 1
    sums     (sum, its value) from the assumptions
    moving   differentiated tensors, and the values by name that may depend on them
    summed   whether the node stands under a sum, where the digits of one small term do not show
    """

    values: Named = field(default_factory=Named)
    derived: Named = field(default_factory=Named)
    signs: Mapping[str, str] = field(default_factory=dict)
    above: tuple[tuple[Node, Node], ...] = ()
    upper: frozenset[str] = frozenset()
    under: frozenset[str] = frozenset()
    sums: tuple[tuple[Node, Node], ...] = ()
    moving: frozenset[str] = frozenset()
    summed: bool = False

    def unfold(self, node: Node) -> Node | None:
        """The value of the definition that a READ names, at the READ's place; None where it is no such READ."""
        return self.values.behind(node)

    def bounded(self, node: Node) -> bool:
        """Whether it is the value of a function with a finite range, a gate say."""
        seen = self.see(node)
        row = TABLE.get(seen.data) if seen.op is Op.CALL else None
        return row is not None and all(map(isfinite, row.range))

    def unfold_derived(self, node: Node) -> Node | None:
        """The same for the name of a cotangent."""
        return self.derived.behind(node)

    def see(self, node: Node) -> Node:
        """The node itself, or what stands behind it where it is a named value."""
        seen = self.unfold(node)
        return node if seen is None else self.see(seen)

    def within_sum(self) -> Context:
        return self if self.summed else replace(self, summed=True)

    def positive(self, node: Node) -> bool:
        """Whether it is proved to be above 0."""
        return _positive(node, self)

    def nonnegative(self, node: Node) -> bool:
        """Whether it is proved to be at least 0."""
        return _nonnegative(node, self)

    def assumed_sum(self, node: Node) -> Node | None:
        """The value that the assumptions give a Sum, whatever its free indices are."""
        for pattern, value in self.sums:
            if pattern.data is node.data and len(pattern.args) == len(node.args):
                (body, binders), (own, mine) = opened(pattern), opened(node)
                renamed = substitute(own, {m[0]: b[0] for m, b in zip(mine, binders, strict=True)})
                if is_whole(mine[0]) and is_whole(binders[0]) and _same_up_to_indices((renamed, renamed), (body, body)):
                    return value
        return None

    def exceeds(self, greater: Node, less: Node) -> bool:
        """Whether it is assumed, or seen, that greater > less."""
        if self.positive(sub(greater, less)):
            return True
        return any(_same_up_to_indices((greater, less), pair) for pair in self.above)


def context_of(program: Program) -> Context:
    """What the assumptions of a program say."""
    signs: dict[str, str] = {}
    above: list[tuple[Node, Node]] = []
    upper: set[str] = set()
    under: set[str] = set()
    sums: list[tuple[Node, Node]] = []
    for a in program.assumptions:
        if a.op is Op.COMPARE and a.data == "==" and a.args[0].op is Op.REDUCE and a.args[1].op is Op.NUM:
            sums.append((a.args[0], a.args[1]))
        if a.op is not Op.COMPARE or a.data not in ("<", "<="):
            continue
        left, right = a.args
        if left.op is Op.NUM and right.op is Op.READ and left.data >= 0:
            strict = a.data == "<" or left.data > 0
            signs[right.data] = "+" if strict or signs.get(right.data) == "+" else "0"
        elif right.op is Op.NUM and left.op is Op.READ and right.data <= 1:
            upper.add(left.data)
            if right.data < 1 or a.data == "<":
                under.add(left.data)
            if right.data < 0 or right.data == 0 and a.data == "<":
                signs[left.data] = "-"
        elif a.data == "<":
            above.append((right, left))
    moving = {*program.wrt, *(d.name for body in program.bodies.values() for d in body.definitions)}
    return Context(
        signs=signs, above=tuple(above), upper=frozenset(upper), under=frozenset(under), sums=tuple(sums), moving=frozenset(moving)
    )


def _same_up_to_indices(pair: tuple[Node, Node], pattern: tuple[Node, Node]) -> bool:
    mapping: dict[Node, Node] = {}
    for a, b in zip(pair, pattern, strict=True):
        if a.op is not Op.READ or b.op is not Op.READ or a.data != b.data or len(a.args) != len(b.args):
            return False
        for i, j in zip(a.args, b.args, strict=True):
            if mapping.setdefault(j, i) != i:
                return False
    return True


def _positive(node: Node, ctx: Context) -> bool:
    op = node.op
    if op is Op.NUM:
        return node.data > 0
    if op is Op.CONST:
        return node.data in ("pi", "oo")
    if op is Op.DIM:
        return True
    if op is Op.CALL:
        if node.data in ("Max",):
            return any(_positive(a, ctx) for a in node.args)
        if node.data in ("Min",):
            return all(_positive(a, ctx) for a in node.args)
        return node.data in _POSITIVE_CALLS or node.data == "hypot" and any(_positive(a, ctx) for a in node.args)
    if op is Op.READ:
        if ctx.signs.get(node.data) == "+":
            return True
        seen = ctx.unfold(node)
        return seen is not None and _positive(seen, ctx)
    if op is Op.MUL:
        negatives = [a for a in node.args if not _positive(a, ctx)]
        return len(negatives) % 2 == 0 and all(_positive(neg(a), ctx) if a.op is Op.NUM else _negative(a, ctx) for a in negatives)
    if op is Op.POW:
        return _positive(node.args[0], ctx)
    if op is Op.ADD:
        if any(_positive(a, ctx) for a in node.args) and all(_nonnegative(a, ctx) for a in node.args):
            return True
        return _one_minus(node, ctx, "-")
    if op is Op.PIECEWISE:
        return all(_positive(v, ctx) for v, _ in branches(node))
    if op is Op.REDUCE and node.data in (Reduction.SUM, Reduction.PROD, Reduction.MAX, Reduction.MIN):
        return _positive(node.args[0], ctx)
    return False


def _negative(node: Node, ctx: Context) -> bool:
    if node.op is Op.READ:
        return ctx.signs.get(node.data) == "-"
    return node.op is Op.CALL and node.data in ("log_sigmoid", "log1mexp", "log_ndtr")


def _nonnegative(node: Node, ctx: Context) -> bool:
    op = node.op
    if op is Op.NUM:
        return node.data >= 0
    if op is Op.INDEX or op is Op.BOOL:
        return True
    if op is Op.READ:
        if ctx.signs.get(node.data) in ("+", "0"):
            return True
        seen = ctx.unfold(node)
        return seen is not None and _nonnegative(seen, ctx)
    if op is Op.CALL and node.data in TABLE:
        if node.data == "Max":
            return any(_nonnegative(a, ctx) for a in node.args)
        if node.data == "Min":
            return all(_nonnegative(a, ctx) for a in node.args)
        return TABLE[node.data].range[0] >= 0
    if op is Op.POW:
        e = node.args[1]
        return e.op is Op.NUM and (e.data.denominator != 1 or e.data % 2 == 0) or _nonnegative(node.args[0], ctx)
    if op is Op.MUL:
        return all(_nonnegative(a, ctx) for a in node.args)
    if op is Op.ADD:
        return all(_nonnegative(a, ctx) for a in node.args) or _one_minus(node, ctx, "0")
    if op is Op.PIECEWISE:
        return all(_nonnegative(v, ctx) for v, _ in branches(node))
    if op is Op.REDUCE and node.data in (Reduction.SUM, Reduction.PROD, Reduction.MAX, Reduction.MIN):
        return _nonnegative(node.args[0], ctx)
    return _positive(node, ctx)


def _one_minus(node: Node, ctx: Context, kind: str) -> bool:
    """1 - t for a tensor t that is assumed to be at most 1 (kind "0"), or below 1, or 1 + positive number - negative tensor."""
    if len(node.args) != 2 or ONE not in node.args:
        return False
    other = node.args[0] if node.args[1] == ONE else node.args[1]
    c, rest = split_coefficient(other)
    if kind == "0":
        return c == MINUS_ONE.data and rest.op is Op.READ and rest.data in ctx.upper
    if c == MINUS_ONE.data and rest.op is Op.READ and rest.data in ctx.under:
        return True
    return c < 0 and rest.op is Op.READ and ctx.signs.get(rest.data) == "-"


def depends(node: Node, name: Node) -> bool:
    """Whether a node occurs in another."""
    return any(n == name for n in walk(node))
