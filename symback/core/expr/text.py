"""Expressions in the language's own syntax, for terminals and messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction

from symback.core.expr.arithmetic import power, scaled, split_coefficient
from symback.core.expr.conditions import branches, is_indicator
from symback.core.expr.node import HALF, MINUS_ONE, NEG_INF, ONE, Node, Op, Reduction, number
from symback.core.expr.reductions import bound_letters, is_whole

_PRECEDENCE = {Op.OR: 1, Op.AND: 2, Op.NOT: 3, Op.COMPARE: 4, Op.ADD: 5, Op.MUL: 6, Op.POW: 8}


def text(node: Node, names: Mapping[Node, str] | None = None) -> str:
    """The expression in the language's own syntax (for terminals and messages)."""
    # leading axes are summed under their own name, as they are written
    return _Printer(node, dict(names or {}), {str(i.data) for i in node.free} - {"..."}).of(node)


@dataclass(slots=True)
class _Printer:
    """whole: all that is printed; names: what indices are called; outside: names of its free indices; averaged: sums said as means."""

    whole: Node
    names: dict[Node, str]
    outside: set[str]
    averaged: list[Node] = field(default_factory=list)

    def within(self, n: Node, level: int) -> str:
        """The text of an operand, in brackets where it binds less closely than `level`."""
        s = self.of(n)
        loose = _PRECEDENCE.get(n.op, 9)
        if n.op is Op.NUM and (n.data < 0 or n.data.denominator != 1):
            loose = 5 if n.data < 0 else 6
        if _is_quotient(n):
            loose = 6
        return f"({s})" if loose < level else s

    def of(self, n: Node) -> str:
        op = n.op
        if op is Op.NUM:
            return _number_text(n.data)
        if op is Op.INDEX:
            return self.names.get(n, str(n.data))
        if op in (Op.CONST, Op.DIM, Op.HYPER, Op.BOOL):
            return "size(...)" if n.data == "..." and n is not self.whole else str(n.data)
        if op is Op.READ:
            return f"{n.data}[{', '.join(map(self.of, n.args))}]" if n.args else str(n.data)
        if op is Op.ADD:
            return self.sum(n)
        if op is Op.MUL:
            factors, means = _averages(n.args)
            self.averaged.extend(means)
            out = _product_text(factors, self.within)
            del self.averaged[len(self.averaged) - len(means) :]
            return out
        if _is_quotient(n):
            return _product_text((n,), self.within)
        if op is Op.POW:
            return f"sqrt({self.of(n.args[0])})" if n.args[1] == HALF else f"{self.within(n.args[0], 9)}**{self.within(n.args[1], 8)}"
        if op is Op.CALL:
            sign = {"floordiv": " // ", "mod": " % "}.get(n.data)
            if sign:
                return f"({self.within(n.args[0], 6)}{sign}{self.within(n.args[1], 7)})"
            return f"{n.data}({', '.join(map(self.of, n.args))})"
        if op is Op.COMPARE:
            return f"{self.within(n.args[0], 5)} {n.data} {self.within(n.args[1], 5)}"
        if op in (Op.AND, Op.OR):
            return (" & " if op is Op.AND else " | ").join(self.within(a, 5) for a in n.args)
        if op is Op.NOT:
            return f"~({self.of(n.args[0])})"
        if is_indicator(n):
            return f"({self.of(n.args[1])})"
        if op is Op.PIECEWISE:
            return "Piecewise(" + ", ".join(f"({self.of(v)}, {self.of(c)})" for v, c in branches(n)) + ")"
        return self.reduction(n)

    def sum(self, n: Node) -> str:
        first = next((k for k, a in enumerate(n.args) if split_coefficient(a)[0] > 0 and a != NEG_INF), 0)
        out = self.within(n.args[first], 5)
        for a in (*n.args[:first], *n.args[first + 1 :]):
            c, rest = split_coefficient(a)
            out += f" - {self.within(scaled(-c, rest) if rest != ONE else number(-c), 6)}" if c < 0 else f" + {self.within(a, 6)}"
        return out

    def reduction(self, n: Node) -> str:
        taken = self.outside | set(self.names.values()) | {str(i.data) for i in n.free}
        parts = []
        for name, b, low, high in zip(bound_letters(n), n.args[1::3], n.args[2::3], n.args[3::3], strict=True):
            while name in taken:
                name += "_"
            taken.add(name)
            self.names[b] = name
            parts.append(name if is_whole((b, low, high)) else f"({name}, {self.of(low)}, {self.of(high)})")
        head = "Mean" if any(n is m for m in self.averaged) else n.data.value
        out = f"{head}({', '.join([self.of(n.args[0]), *parts])})"
        for b in n.args[1::3]:
            self.names.pop(b, None)
        return out


def _number_text(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    d = value.denominator
    for p in (2, 5):
        while d % p == 0:
            d //= p
    if d == 1 and value.denominator > 64:
        shown = repr(float(value))
        if Fraction(shown) == value:
            return shown
    return f"{value.numerator}/{value.denominator}"


def _averages(factors: Sequence[Node]) -> tuple[list[Node], list[Node]]:
    """(factors that are left, sums that are averages): a sum over whole axes beside a division by each of their sizes."""
    left = list(factors)
    means = []
    for f in factors:
        if f.op is Op.REDUCE and f.data is Reduction.SUM and all(map(is_whole, zip(f.args[1::3], f.args[2::3], f.args[3::3], strict=True))):
            sizes = [power(b.args[0], MINUS_ONE) for b in f.args[1::3]]
            if all(s.op is Op.POW and s in left for s in sizes) and len(set(sizes)) == len(sizes):
                left = [g for g in left if g not in sizes]
                means.append(f)
    return left, means


def _is_quotient(n: Node) -> bool:
    """Whether it is written as 1 over something."""
    return n.op is Op.POW and n.args[1].op is Op.NUM and n.args[1].data < 0


def _product_text(factors: Sequence[Node], wrap: Callable[[Node, int], str]) -> str:
    over: list[str] = []
    under: list[str] = []
    sign = ""
    for f in factors:
        if f.op is Op.NUM:
            if f.data < 0:
                sign = "-"
            if abs(f.data.numerator) != 1:
                over.append(_number_text(Fraction(abs(f.data.numerator))))
            if f.data.denominator != 1:
                under.append(str(f.data.denominator))
        elif _is_quotient(f):
            under.append(wrap(power(f.args[0], number(-f.args[1].data)), 7))
        else:
            over.append(wrap(f, 6))
    top = "*".join(over) or "1"
    if not under:
        return sign + top
    return f"{sign}{top}/{under[0]}" if len(under) == 1 else f"{sign}{top}/({'*'.join(under)})"


Node.__repr__ = lambda self: text(self)  # here, since a node does not know how it is written
