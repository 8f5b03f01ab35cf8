"""Elementwise work on large arrays, one tile after the other: what is made on the way is small, and stays in the processor's cache."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symback.core.expr import Node
from symback.emit.elementwise import is_elementwise, makes_several
from symback.emit.naming import DEEPEST, TRIVIAL, Schedule, define, fitted, named, note
from symback.emit.numpy_text import ATOM, CONDITIONAL, Speller, is_square, scalar_text
from symback.functions import kernels
from symback.lower.arrays import Array, Kind

FEWEST = 2
"""Intermediate arrays that a tiling must save."""

_UFUNCS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "neg": "negative", "~": "logical_not", "&": "logical_and", "|": "logical_or",
           "<": "less", "<=": "less_equal", "==": "equal", "!=": "not_equal"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tiling:
    """Arrays of one shape that are made element by element of each other, operands first, those of them that others read, what
    they are made of, each once, and sums over all of their elements."""

    members: tuple[Array, ...]
    results: Mapping[Array, None]
    sources: tuple[Array, ...]
    totals: tuple[Array, ...] = ()


def tilings(roots: Iterable[Array], order: list[Array], known: Mapping[Array, str]) -> dict[Array, Tiling]:
    """The tiling that each member of one belongs to; nothing on the way from one member to another is outside."""
    together: dict[tuple[tuple[Node, ...], int], list[Array]] = {}
    depth: dict[Array, int] = {}
    for a in order:
        inside = is_elementwise(a)
        operands = [x for x in a.args if x not in known]
        depth[a] = max((depth[x] + (inside != is_elementwise(x)) for x in operands), default=1 if inside else 0)
        if inside:
            together.setdefault((a.shape, depth[a]), []).append(a)
    readers: dict[Array, list[Array]] = {}
    for a in order:
        for x in a.args:
            readers.setdefault(x, []).append(a)
    needed = set(roots)
    out: dict[Array, Tiling] = {}
    for group in together.values():
        members = set(group)
        totals = dict.fromkeys(r for a in group for r in readers.get(a, ()) if _is_total(r, members, known))
        inside = {*members, *totals}
        results = dict.fromkeys(a for a in group if a in needed or any(r not in inside for r in readers.get(a, ())))
        if len(group) - len(results) + FEWEST * any(makes_several(a) for a in group) >= FEWEST:
            sources = dict.fromkeys(x for a in (*group, *totals) for x in a.args if x not in members)
            tiling = Tiling(tuple(group), results, tuple(sources), tuple(totals))
            out |= dict.fromkeys((*group, *totals), tiling)
    return out


def _is_total(a: Array, members: set[Array], known: Mapping[Array, str]) -> bool:
    """Whether it is a sum over all elements of a member, or of products of a member and another one, or what is there already."""
    if a.shape or a.loops or a.element != "f":
        return False
    if a.kind is Kind.REDUCE:
        return a.data[0] == "sum" and a.args[0].element == "f"
    ready = (x in members or x in known or x.kind is Kind.ARGUMENT for x in a.args)
    return a.kind is Kind.UFUNC and a.data == "vecdot" and all(ready)


def tiled(schedule: Schedule, tiling: Tiling, hints: Mapping[Array, str]) -> None:
    """The loop that fills the results; the sources have variables or short texts."""
    size = scalar_text(tiling.members[0].shape[0])
    for a in tiling.results:
        name = named(schedule, a, hints.get(a))
        schedule.lines.append(f"{name} = np.empty({size}, {'bool' if a.element == 'b' else 'dtype'})")
    sums = {a: schedule.taken.free("sums") for a in tiling.totals}
    schedule.lines += [f"{name} = []" for name in sums.values()]
    part = schedule.taken.free("part")
    inner = schedule.inner(1)
    for a in (*tiling.sources, *tiling.results):
        if a.shape and a.kind is not Kind.SCALAR:
            inner.names[a] = f"{Speller(schedule.names).text(a, ATOM)}[{part}]"
    uses: dict[Array, int] = {}
    for a in (*tiling.members, *tiling.totals):
        for x in a.args:
            uses[x] = uses.get(x, 0) + 1
    started = _started(tiling, uses)
    depth: dict[Array, int] = {}
    for a in tiling.members:
        depth[a] = 1 + max((depth.get(x, 0) for x in a.args), default=0)
        if a in started:
            depth[a] = 0
            inner.names[a] = inner.names[started[a]]
            _store(inner, a, inner.names[a], uses)
        elif a in tiling.results:
            depth[a] = 0
            _store(inner, a, inner.names[a], uses)
        elif a in hints or uses[a] > 1 or depth[a] > DEEPEST:
            depth[a] = 0
            define(inner, a, hints.get(a))
    for a, name in sums.items():
        inner.lines.append(f"{name}.append({fitted(inner, a, len(name) + 9)})")
    schedule.helpers.setdefault("_tiles")
    schedule.taken.release(part, "part")
    schedule.lines += [f"for {part} in _tiles({size}):", *(f"    {line}" for line in inner.lines)]
    for a, name in sums.items():
        schedule.helpers.setdefault("_total")
        schedule.lines.append(f"{named(schedule, a, hints.get(a))} = _total({name}, dtype)")


def _started(tiling: Tiling, uses: Mapping[Array, int]) -> dict[Array, Array]:
    """What a result is unless a number asks for more, to the result: it is stored in its place at once."""
    choices = [a for a in tiling.results if a.kind is Kind.WHERE and a.args[0].element == "s" and a.args[2] in a.args[1].args]
    return {a.args[2]: a for a in choices if uses[a.args[2]] == 2 and a.args[2] in tiling.members and a.args[2] not in tiling.results}


def _store(inner: Schedule, a: Array, target: str, uses: Mapping[Array, int]) -> None:
    """The last operation, written into its place; what no ufunc does is assigned."""
    del inner.names[a]
    function = _function(a)
    if function is not None:
        operands = a.args[:1] if is_square(a) else a.args
        inner.lines.append(_call(inner, function, operands, last=f"out={target}"))
        note(inner, a)
    elif a.kind is Kind.WHERE and a.args[0].shape and is_elementwise(a.args[2]) and uses[a.args[2]] == 1 and a.args[2] not in inner.names:
        condition, yes, no = a.args
        inner.names[no] = target
        _store(inner, no, target, uses)
        inner.lines.append(_call(inner, "np.putmask", (condition, yes), target))
    elif a.kind is Kind.WHERE and a.args[0].element == "s":
        _store_one(inner, a, target, uses)
    else:
        inner.lines.append(f"{target} = {fitted(inner, a, len(target) + 3)}")
    inner.names[a] = target


def _function(a: Array) -> str | None:
    """What computes the last operation and takes `out`; None where nothing does."""
    if a.kind is Kind.UFUNC:
        return f"np.{a.data}"
    if is_square(a):
        return "np.square"
    if a.kind is Kind.OPERATOR and str(a.data) in _UFUNCS:
        return f"np.{_UFUNCS[str(a.data)]}"
    if a.kind is Kind.KERNEL and a.data[1] == "" and a.data[0] in kernels.names() and kernels.source(a.data[0]).takes_out:
        return a.data[0]
    return None


def _store_one(inner: Schedule, a: Array, target: str, uses: Mapping[Array, int]) -> None:
    """One of two values that a number chooses between; the other is not worked out."""
    condition, yes, no = a.args
    truth = Speller(inner.names).truth(condition, CONDITIONAL)
    for head, value in ((f"if {truth}:", yes), ("else:", no)):
        if inner.names.get(value) == target:
            continue
        block = inner.inner(1)
        if value in block.names or value.kind in TRIVIAL:
            block.lines.append(f"{target} = {Speller(block.names).text(value)}")
        else:
            block.names[value] = target
            _store(block, value, target, uses)
        inner.lines += [head, *(f"    {line}" for line in block.lines)]


def _call(inner: Schedule, function: str, operands: tuple[Array, ...], *first: str, last: str = "") -> str:
    """`function(first, operands, last)`; operands that make it too long for a line get a variable."""
    while True:
        texts = [fitted(inner, x, 8) for x in operands]
        text = f"{function}({', '.join([*first, *texts, *([last] if last else [])])})"
        longest = max(operands, key=lambda x: len(Speller(inner.names).text(x)))
        if len(text) <= inner.width or longest in inner.names or longest.kind in TRIVIAL:
            for x in operands:
                note(inner, x)
            return text
        define(inner, longest)
