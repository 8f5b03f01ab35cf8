"""One mode's statements: forward, what it keeps, backward."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from symback.core.expr import Node
from symback.core.program import LEADING, Program, Tensor
from symback.emit.identifiers import BUILTINS, Names, names_of, names_read, taken_names
from symback.emit.layout import tuple_text
from symback.emit.naming import FREE, Schedule, Taken, define, fitted, named
from symback.emit.numpy_text import ATOM, Speller, scalar_text, shape_text
from symback.emit.reuse import in_place
from symback.emit.saved import saved
from symback.emit.schedule import statements
from symback.lower.arrays import Array
from symback.lower.arrays import Kind as ArrayKind
from symback.lower.module import LoweredBody

_IMPORTED = ("np", "math", "sliding_window_view")
_SHOWN = (ArrayKind.ARGUMENT, ArrayKind.WINDOWS)
"""Kinds whose elements are memory of others, or lie upon each other."""


@dataclass(frozen=True, slots=True)
class BodyText:
    """One mode: forward's statements, their names and results, what it keeps, backward's statements and results."""

    forward: tuple[str, ...]
    names: Names
    outputs: tuple[str, ...]
    updates: Mapping[str, str]
    kept: tuple[str, ...]
    backward: tuple[str, ...]
    gradients: tuple[str, ...]
    helpers: tuple[str, ...]
    sizes: tuple[str, ...] = ()
    sealed: tuple[bool, ...] = ()  # by output: whether forward keeps the memory that it lies in


def body_text(program: Program, lowered: LoweredBody) -> BodyText:
    """Forward and backward of one mode, with what backward needs of forward kept by its variable's name."""
    taken = taken_names(program) | set(lowered.upstream.values()) | set(lowered.variables) | set(lowered.sizes)
    forward = Schedule({}, Taken(taken))
    roots = [*lowered.outputs.values(), *lowered.updates.values()]
    kept, slopes = saved(lowered)
    _range_checks(program, forward, lowered)
    hints = {a: name for a, name in lowered.hints.items() if not _is_rearranged(a)}
    statements(forward, [*roots, *kept], {**dict.fromkeys((a for a in slopes if a.element == "f"), "slope"), **hints})
    for a in kept:
        if a not in forward.names and a.kind is not ArrayKind.ARGUMENT:
            define(forward, a, lowered.hints.get(a))
    given: set[Array] = set()
    results = _results(forward, lowered.outputs.values(), given, lowered.hints)
    changes = _results(forward, lowered.updates.values(), given, lowered.hints)
    passed_on = Taken(taken | set(forward.names.values()), forward.taken.invented)
    backward, gradients = _backward(program, lowered, {a: forward.names[a] for a in kept if a in forward.names}, passed_on)
    free = _taken_over(program, backward, gradients, lowered, taken | set(forward.names.values()))
    held = {base for a, name in forward.names.items() if name in free for base in _held(a)}
    sealed = [not copied and _is_whole(a, held) for (_, copied), a in zip(results, lowered.outputs.values(), strict=True)]
    outputs = [_apart(r, a, held, yes) for r, a, yes in zip(results, lowered.outputs.values(), sealed, strict=True)]
    updates = {name: _apart(r, a, held, False) for r, (name, a) in zip(changes, lowered.updates.items(), strict=True)}
    lines = in_place(forward.lines, forward.made, names_read(f"_ = {t}" for t in (*outputs, *updates.values(), *free)))
    names = names_of(lines)
    used = {*names.then(names_of(f"_ = {t}" for t in (*outputs, *updates.values()))).free, *free}
    widths = [f"{name} = {scalar_text(node)}" for name, node in lowered.sizes.items() if name in used]
    helpers = dict.fromkeys([*forward.helpers, *backward.helpers])
    return BodyText(
        (*widths, *lines),
        names_of(widths).then(names),
        tuple(outputs),
        updates,
        tuple(free),
        tuple(in_place(backward.lines, backward.made, names_read(f"_ = {g}" for g in gradients))),
        tuple(gradients),
        tuple(helpers),
        tuple(lowered.sizes),
        tuple(sealed),
    )


def _range_checks(program: Program, forward: Schedule, lowered: LoweredBody) -> None:
    """What could not be proved to stay in range when compiled is checked before any work."""
    derived = dict(program.derived)
    for size, least in lowered.rooms:
        formula = f" = {scalar_text(derived[size.data])}" if size.data in derived else ""
        forward.lines.append(f'_room("{scalar_text(size)}{formula}", {scalar_text(size)}{f", {least}" if least else ""})')
        forward.helpers.setdefault("_room")
    for name, axis, array, size in lowered.array_checks:
        statements(forward, [array], {})
        text = fitted(forward, array, 40)
        if array not in forward.names and array.kind is not ArrayKind.ARGUMENT:
            text = define(forward, array, "position")
        forward.lines.append(f'_range("{name}", {axis}, {text}.min(initial=0), {text}.max(initial=0), {scalar_text(size)})')
    for check in lowered.checks:
        forward.lines.append(
            f'_range("{check.tensor}", {check.axis}, {scalar_text(check.low)}, {scalar_text(check.high)}, {scalar_text(check.size)})'
        )
    if lowered.array_checks or lowered.checks:
        forward.helpers.setdefault("_range")


def _backward(program: Program, lowered: LoweredBody, known: dict[Array, str], taken: Taken) -> tuple[Schedule, list[str]]:
    """Backward's statements and the texts of the gradients."""
    backward = Schedule(known, taken)
    check = "_upstream" if len(lowered.outputs) == 1 else "_upstream_or_zero"
    for output, name in lowered.upstream.items():
        backward.helpers.setdefault(check)
        backward.lines += _upstream_lines(check, name, lowered.outputs[output].shape)
    statements(backward, list(lowered.gradients.values()), {a: name for a, name in lowered.hints.items() if not _is_rearranged(a)})
    given: set[Array] = set()
    gradients = [_unflattened(_owned(backward, a, given, lowered.hints), program.tensor(name)) for name, a in lowered.gradients.items()]
    return backward, gradients


def _taken_over(program: Program, backward: Schedule, gradients: list[str], lowered: LoweredBody, known: set[str]) -> list[str]:
    """The variables of forward that backward reads."""
    upstream = set(lowered.upstream.values())
    declared = {t.name for t in program.tensors} | {h.name for h in program.hyperparameters}
    names = names_of([*backward.lines, *(f"_ = {g}" for g in gradients)])
    return [n for n in names.free if n in known and n not in upstream and (n in declared or n not in BUILTINS) and n not in _IMPORTED]


def _unflattened(text: str, tensor: Tensor) -> str:
    """The text of a gradient with its leading axes apart again."""
    return with_leading(text, tensor.shape[1:]) if tensor.leading else text


def with_leading(text: str, rest: tuple[Node, ...]) -> str:
    """The text of an array whose first axis stands for all leading axes, with these apart again."""
    sizes = ", ".join(["*lead_shape", *(scalar_text(s) for s in rest)]) if rest else "lead_shape"
    return f"{text}.reshape({sizes})" if text.isidentifier() or text.endswith(")") else f"({text}).reshape({sizes})"


def _upstream_lines(check: str, name: str, shape: tuple[Node, ...]) -> list[str]:
    if shape and shape[0].data == LEADING:
        sizes = [scalar_text(s) for s in shape[1:]]
        return [
            f'{name} = {check}("{name}", {name}, {tuple_text(["*lead_shape", *sizes])}, dtype)',
            f"{name} = {name}.reshape({', '.join(['lead_size', *sizes])})",
        ]
    return [f'{name} = {check}("{name}", {name}, {shape_text(shape)}, dtype)']


def _is_rearranged(a: Array) -> bool:
    """Whether it is the transposed elements of an argument in another shape, which reshaping copies nearly always."""
    return a.kind is ArrayKind.RESHAPE and a.args[0].kind is ArrayKind.TRANSPOSE and all(b.kind is ArrayKind.ARGUMENT for b in _held(a))


def _rearranged(schedule: Schedule, a: Array, hints: Mapping[Array, str]) -> str:
    """The name of a rearranged array in memory of its own, copied once."""
    text = f".copy().reshape({', '.join(scalar_text(s) for s in a.data)})"
    text = fitted(schedule, a.args[0], len(text) + 8, ATOM) + text
    name = named(schedule, a, hints.get(a))
    schedule.lines.append(f"{name} = {text}")
    return name


def _results(schedule: Schedule, arrays: Iterable[Array], given: set[Array], hints: Mapping[Array, str]) -> list[tuple[str, bool]]:
    """Returned values, and whether each is a copy: never an argument itself, nor a view of one, nor of what was returned before, `given`."""
    out: list[tuple[str, bool]] = []
    for a in arrays:
        if _is_rearranged(a) and a not in schedule.names:
            out.append((_rearranged(schedule, a, hints), True))
            continue
        shared = any(base.kind in _SHOWN for base in _held(a)) or not given.isdisjoint(_held(a))
        text = fitted(schedule, a, 40, ATOM if shared else 0)
        out.append((_copied(a, text) if shared else text, shared))
        given.update(base for base in _held(a) if base in schedule.names)
    return out


def _is_whole(a: Array, held: set[Array]) -> bool:
    """Whether an array is one of those that forward keeps, not a part of one with fewer axes."""
    return bool(a.shape) and any(base in held and len(a.shape) >= len(base.shape) for base in _held(a))


def _apart(result: tuple[str, bool], a: Array, held: set[Array], sealed: bool) -> str:
    """A returned value in memory that forward does not keep, unless it is `sealed`."""
    text, copied = result
    return text if copied or sealed or held.isdisjoint(_held(a)) else _copied(a, text)


def _owned(schedule: Schedule, a: Array, given: set[Array], hints: Mapping[Array, str]) -> str:
    """A returned gradient that shares memory with nothing; `given` is what was returned before."""
    if _is_rearranged(a) and a not in schedule.names:
        return _rearranged(schedule, a, hints)
    shared = any(base.kind in _SHOWN or not base.late for base in _held(a)) or not given.isdisjoint(_held(a))
    text = Speller(schedule.names).text(a, ATOM if shared else 0)
    if len(text) > 24 and a not in schedule.names:
        text = define(schedule, a)
    given.update(base for base in _held(a) if base in schedule.names)
    return _copied(a, text) if shared else text


def _copied(a: Array, text: str) -> str:
    """A copy; of what may be a Python number, an array."""
    return f"np.array({text})" if any(base.kind is ArrayKind.SCALAR for base in _held(a)) else f"{text}.copy()"


def _held(a: Array) -> list[Array]:
    """The arrays of which one owns the memory of the result: a view has its base's, a Python conditional that of a branch."""
    while a.kind in FREE or a.kind is ArrayKind.RESHAPE:
        a = a.args[0]
    if a.kind is ArrayKind.WHERE and a.args[0].element == "s":
        return [base for branch in a.args[1:] for base in _held(branch)]
    return [a]
