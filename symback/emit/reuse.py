"""Work in place: what is worked out last from an array that nothing needs any more is written over it.

A fresh array of some size costs the pages that it lies in, which takes as long as the arithmetic. What is written over is a variable
that this function made itself, in memory of its own, and that no later statement reads, neither itself nor a view of it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from symback.core.expr import ONE
from symback.core.program import LEADING
from symback.emit.identifiers import names_read
from symback.emit.numpy_text import Speller, is_square
from symback.lower.arrays import Array, Kind

MOST = 3
"""Operations of one right-hand side that are written over an array one after the other."""

UFUNCS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "neg": "negative"}
"""Operators on floats as functions that take `out`."""

_SIGNS = ("+", "-", "*", "/")
_OVER_ROWS = ("vecdot", "vecmat", "matvec")
_OWN = (Kind.OPERATOR, Kind.UFUNC, Kind.MATMUL, Kind.TENSORDOT, Kind.REDUCE, Kind.CONCATENATE)
"""Kinds that are memory of their own, wherever their operands lie."""

_OWN_KERNELS = ("_exponentials", "_centred", "_growth", "_over_growth", "_tanh_slope_at", "_difference", "_either", "_read_along")
"""Helpers whose results are."""


@dataclass(frozen=True, slots=True)
class Step:
    """One operation on what stands in an array: `function(operands, out=…)`, where None is that array."""

    function: str
    operands: tuple[str | None, ...]
    sign: str = ""  # of the operator that does the same in place

    def text(self, target: str, result: str = "") -> str:
        """The statement that writes the operation over `target`, which is `result` from now on."""
        if self.sign and not result and (self.operands[0] is None or self.sign in ("+", "*")):
            return f"{target} {self.sign}= {self.operands[self.operands[0] is None]}"
        call = f"{self.function}({', '.join([*(target if x is None else x for x in self.operands), f'out={target}'])})"
        return f"{result} = {call}" if result else call


@dataclass(frozen=True, slots=True)
class Way:
    """Operations, innermost first, that make an array in the place of the variable `over`; of what `fresh` works out where that is set."""

    over: str
    steps: tuple[Step, ...]
    fresh: str = ""


@dataclass(frozen=True, slots=True)
class Made:
    """How a statement `name = …` could write over what it reads; whether its value lies in memory of its own, and may be written over."""

    ways: tuple[Way, ...]
    own: bool
    spent: bool = True


def made(a: Array, names: dict[Array, str], hint: str | None = None) -> Made:
    """What is known of the statement that gives an array its variable; what its author has named stays as it is."""
    ways = tuple(_ways(a, Speller(names), ())) if _is_large(a) else ()
    return Made(ways, _is_own(a), hint is None or a.late)


def _ways(a: Array, speller: Speller, outer: tuple[Step, ...]) -> Iterable[Way]:
    function = function_of(a)
    if function is None or len(outer) == MOST:
        return
    operands = a.args[:1] if is_square(a) else a.args
    for k, x in enumerate(operands):
        if x.shape != a.shape or x.element != "f" or operands.count(x) > 1:
            continue
        steps = (_step(a, function, operands, k, speller), *outer)
        if x in speller.names:
            yield Way(speller.names[x], steps)
        elif function_of(x) is not None:
            yield from _ways(x, speller, steps)
            if a.kind is Kind.UFUNC and not outer:
                yield Way("", steps, speller.text(x))


def _step(a: Array, function: str, operands: tuple[Array, ...], place: int, speller: Speller) -> Step:
    """The operation with the operand at a place as what stands there."""
    sign = str(a.data) if a.kind is Kind.OPERATOR and a.data in _SIGNS and len(operands) == 2 else ""
    return Step(function, tuple(None if k == place else speller.text(x) for k, x in enumerate(operands)), sign)


def function_of(a: Array) -> str | None:
    """The function of arrays with `out` that an operation element by element on floats is; None for others."""
    if a.element != "f" or not a.shape:
        return None
    if is_square(a):
        return "np.square"
    if a.kind is Kind.OPERATOR and a.data in UFUNCS:
        return f"np.{UFUNCS[str(a.data)]}"
    return f"np.{a.data}" if a.kind is Kind.UFUNC and a.data not in _OVER_ROWS else None


def _is_large(a: Array) -> bool:
    """Whether it has two axes or more, or all leading ones."""
    return sum(s != ONE for s in a.shape) > 1 or (len(a.shape) == 1 and a.shape[0].data == LEADING)


def _is_own(a: Array) -> bool:
    """Whether nobody else can hold the memory of the result."""
    if a.kind is Kind.WHERE:
        return a.args[0].element != "s"
    if a.kind is Kind.EINSUM:
        return len(a.args) > 1
    if a.kind is Kind.GATHER:
        return any(isinstance(item, int) for item in a.data)
    if a.kind in (Kind.PART, Kind.KERNEL):
        call = a.args[0] if a.kind is Kind.PART else a
        return call.data[0] in _OWN_KERNELS
    return a.kind in _OWN


def in_place(lines: Sequence[str], statements: Mapping[int, Made], needed: Iterable[str]) -> list[str]:
    """The statements, those of them in place that can be; `statements` by line, `needed`: names that are read afterwards."""
    if not any(m.ways for m in statements.values()):
        return list(lines)
    parts = _parts(lines)
    known = {name: statements[part.line] for part in parts if part.line in statements for name in part.assigned}
    views = _views(parts, known)
    out = list(lines)
    live = set(needed)
    for part in reversed(parts):
        ways = statements[part.line].ways if part.line in statements else ()
        free = [w for w in ways if not w.over or _is_free(w, known, live, views)]
        if free:
            (name,) = part.assigned
            out[part.line] = _over(max(free, key=lambda w: (bool(w.over), len(w.steps))), name)
        live -= part.assigned
        live |= part.read
    return [line for text in out for line in text.split("\n")]


def _is_free(way: Way, known: Mapping[str, Made], live: set[str], views: Mapping[str, set[str]]) -> bool:
    """Whether the variable of a way may be written over: what is read after it, and after its first operation, lies in other memory."""
    made = known.get(way.over)
    if made is None or not (made.own and made.spent):
        return False
    later = names_read(t for step in way.steps[1:] for t in step.operands if t is not None)
    on_it = views.get(way.over, set()) | {way.over}
    return on_it.isdisjoint(live) and on_it.isdisjoint(later)


def _over(way: Way, name: str) -> str:
    """The statements of a way."""
    if way.fresh:
        return "\n".join([f"{name} = {way.fresh}", *(step.text(name) for step in way.steps)])
    *first, last = way.steps
    return "\n".join([*(step.text(way.over) for step in first), last.text(way.over, name)])


@dataclass(frozen=True, slots=True)
class _Part:
    """A statement with all that stands in it: its first line, and the names that it assigns and reads."""

    line: int
    assigned: frozenset[str]
    read: frozenset[str]


def _parts(lines: Sequence[str]) -> list[_Part]:
    out = []
    for statement in ast.parse("\n".join(lines)).body:
        names = [n for n in ast.walk(statement) if isinstance(n, ast.Name)]
        stored = frozenset(n.id for n in names if isinstance(n.ctx, ast.Store))
        out.append(_Part(statement.lineno - 1, stored, frozenset(n.id for n in names if isinstance(n.ctx, ast.Load))))
    return out


def _views(parts: Sequence[_Part], known: Mapping[str, Made]) -> dict[str, set[str]]:
    """By variable: those that may lie in its memory."""
    held: dict[str, set[str]] = {}
    views: dict[str, set[str]] = {}
    for part in parts:
        for name in part.assigned:
            if name not in known or not known[name].own:
                held[name] = held.get(name, set()).union(part.read, *(held.get(n, ()) for n in part.read))
                for base in held[name]:
                    views.setdefault(base, set()).add(name)
    return views
