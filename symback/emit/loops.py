"""Recurrences spelled out as loops."""

from __future__ import annotations

from collections.abc import Mapping

from symback.core.expr import ZERO
from symback.emit.accumulations import accumulate, define_outside, is_fresh
from symback.emit.identifiers import local
from symback.emit.naming import FREE, TRIVIAL, Schedule, Statements, define, fitted, post_order
from symback.emit.numpy_text import ATOM, Speller, items_text, scalar_text, shape_text
from symback.lower.arrays import Array, Kind, parts
from symback.lower.loops import Buffer, LoopBody, Store


def loop(schedule: Schedule, a: Array, hints: Mapping[Array, str], counts: Mapping[Array, int], statements: Statements) -> None:
    """The buffers, their starts, and the loop that fills them; what no step changes is defined before it."""
    body: LoopBody = a.data
    starts = {b.start for b in body.buffers if b.start is not None}
    define_outside(schedule, [x for x in a.args if x not in starts])
    buffers = {b.name: _buffer(schedule, b, body, counts) for b in body.buffers}
    variables = frozenset(v[0] for v in body.variables)
    for b in body.buffers:
        schedule.names[Array(Kind.ARGUMENT, b.name, (), b.shape, b.element, loops=variables)] = buffers[b.name]
    for k, store in enumerate(body.before):
        if _is_zero(store.value) and not any(s.buffer == store.buffer for s in body.before[:k]):
            continue  # the buffer begins as zeros
        statements(schedule, [store.value], {})
        target = _target(buffers[store.buffer], store)
        schedule.lines.append(f"{target} = {fitted(schedule, store.value, len(target) + 3)}")
    inner = schedule.inner(len(body.variables))
    step = "_".join(local(v[0]) for v in body.variables)
    for k, store in enumerate(body.stores):
        later = [x for s in body.stores[k + 1 :] for x in s.needs]
        _step(inner, buffers, store, step, later, statements)
    if inner.lines:
        _write(schedule, body, inner)
    for b in body.buffers:
        schedule.names[Array(Kind.BUFFER, b.name, (a,), b.shape, b.element)] = buffers[b.name]
    schedule.names[a] = "loop"


def _is_zero(a: Array) -> bool:
    return (a.kind is Kind.SCALAR and a.data == ZERO) or (a.kind is Kind.FULL and a.data == "0")


def _write(schedule: Schedule, body: LoopBody, inner: Schedule) -> None:
    indent = ""
    for variable, first, stop, backward in body.variables:
        inside = scalar_text(stop) if first.data == 0 else f"{scalar_text(first)}, {scalar_text(stop)}"
        steps = f"reversed(range({inside}))" if backward else f"range({inside})"
        schedule.lines.append(f"{indent}for {local(variable)} in {steps}:")
        indent += "    "
    schedule.lines += [indent + line for line in inner.lines]


def _buffer(schedule: Schedule, b: Buffer, body: LoopBody, counts: Mapping[Array, int]) -> str:
    """The variable of a buffer: what it starts from where nothing else needs that but buffers after it, else a copy, else zeros."""
    start = b.start
    alike = [other for other in body.buffers if other.start == start]
    if (
        start is not None
        and start.kind is Kind.SCATTER
        and start in schedule.names
        and alike[0] is b
        and counts.get(start, 0) <= 1 + len(alike)
        and not _reached(start, body)
    ):
        return schedule.names[start]  # counted as operand of the loop for each buffer, and as one that the loop needs beforehand
    name = schedule.taken.free(b.name)
    if start is None:
        text = f"np.zeros({shape_text(b.shape)}, {_DTYPE[b.element]})"
    else:
        text = fitted(schedule, start, len(name) + 10)
        if not is_fresh(start) or start in schedule.names:
            text = f"{Speller(schedule.names).text(start, ATOM)}.copy()"
    schedule.lines.append(f"{name} = {text}")
    return name


_DTYPE = {"f": "dtype", "i": "np.intp", "b": "bool"}


def _reached(start: Array, body: LoopBody) -> bool:
    """Whether the loop reads the array besides its being the start of a buffer."""
    stack = [x for s in (*body.before, *body.stores) for x in s.needs]
    seen: set[Array] = set()
    while stack:
        x = stack.pop()
        if x == start:
            return True
        if x not in seen:
            seen.add(x)
            stack.extend(x.args)
    return False


def _target(buffer: str, store: Store) -> str:
    return f"{buffer}{items_text(store.items) if store.items else '[...]'}"


def _step(schedule: Schedule, buffers: Mapping[str, str], store: Store, step: str, later: list[Array], statements: Statements) -> None:
    """One store of a loop's body, after what it needs; a value that later stores read gets a name first, `h_t` where it is h at step t."""
    roots = list(store.needs)
    own = {} if store.accumulate is not None else {store.value: f"{buffers[store.buffer]}_{step}"}
    statements(schedule, _results_used_again(roots, later), {})
    for x in _used_again(roots, later, schedule.names):
        hints = {x: own[x]} if x in own else {}
        statements(schedule, [x], hints)
        if x not in schedule.names and x.kind not in TRIVIAL and x.kind not in FREE:
            define(schedule, x, hints.get(x))
    statements(schedule, roots, {})
    if store.accumulate is not None:
        accumulate(schedule, buffers[store.buffer], store.accumulate, store.operands, statements)
        return
    target = _target(buffers[store.buffer], store)
    schedule.lines.append(f"{target} = {fitted(schedule, store.value, len(target) + 3)}")


def _used_again(roots: list[Array], later: list[Array], names: Mapping[Array, str]) -> list[Array]:
    """What both the roots and later stores read and each step changes, parts before wholes, but for what has a name."""
    reached = parts(later)
    shared: set[Array] = set()
    stack = list(roots)
    seen: set[Array] = set()
    while stack:
        x = stack.pop()
        if x not in seen and x not in names:
            seen.add(x)
            if x in reached:
                shared.add(x)
            else:
                stack.extend(x.args)
    return [x for x in post_order(roots, {}) if x in shared and x.loops]


def _results_used_again(roots: list[Array], later: list[Array]) -> list[Array]:
    """All results of helpers that return several, of which the roots read some and later stores others."""
    now, then = ([x for x in post_order(some, {}) if x.kind is Kind.PART and x.loops] for some in (roots, later))
    calls = {x.args[0] for x in now} & {x.args[0] for x in then}
    return list(dict.fromkeys(x for x in (*now, *then) if x.args[0] in calls))
