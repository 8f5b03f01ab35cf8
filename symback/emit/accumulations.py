"""Scatters spelled out: what is added where, in place."""

from __future__ import annotations

from collections.abc import Mapping

from symback.core.expr import Node
from symback.emit.identifiers import local
from symback.emit.naming import TRIVIAL, Schedule, define, fitted, free_name
from symback.emit.numpy_text import ATOM, CONDITIONAL, Speller, items_text, scalar_text, shape_text, view_first
from symback.lower.arrays import FULL_SLICE, Array, Kind, Slice
from symback.lower.scatters import ScatterItem, ScatterPlan

FRESH = {
    Kind.OPERATOR,
    Kind.UFUNC,
    Kind.WHERE,
    Kind.MATMUL,
    Kind.TENSORDOT,
    Kind.EINSUM,
    Kind.REDUCE,
    Kind.FULL,
    Kind.PAD,
    Kind.GATHER,
    Kind.CAST,
}
"""Kinds whose result nobody else holds, so that it may be written into."""


def is_fresh(a: Array) -> bool:
    """Whether nobody else can hold the result; a Python conditional gives one of its operands."""
    return a.kind in FRESH and not (a.kind is Kind.WHERE and a.args[0].element == "s")


def scatter(schedule: Schedule, a: Array, hints: Mapping[Array, str], counts: Mapping[Array, int]) -> None:
    plan: ScatterPlan = a.data
    hint = hints.get(a)
    if plan.base:
        base = a.args[0]
        fresh = is_fresh(base) and base not in schedule.names and counts.get(base, 1) <= 1
        text = fitted(schedule, base, 24, CONDITIONAL)
        text = text if fresh else f"{Speller(schedule.names).text(base, 8)}.copy()"
    else:
        text = f"np.zeros({shape_text(plan.shape)}, dtype)"
    name = free_name(hint or "spread", schedule.taken)
    schedule.lines.append(f"{name} = {text}")
    for it in plan.items:
        accumulate(schedule, name, it, a.args)
    schedule.names[a] = name


def accumulate(schedule: Schedule, name: str, it: ScatterItem, operands: tuple[Array, ...]) -> None:
    """`name[items] += value`, in a loop over the taps where there are any."""
    value = operands[it.value]
    fancy = {k: fitted(schedule, operands[k], 40) for k in it.items if isinstance(k, int)}
    view, items = view_first(it.items)
    name = name + items_text(view) if view else name
    if it.taps:
        _by_taps(schedule, name, items, it, value, fancy)
        return
    target = items_text(items, fancy) if items else "[...]"
    sign = "=" if it.assigned else "+="
    if not it.assigned and value.kind is Kind.OPERATOR and value.data == "neg" and value not in schedule.names and not it.repeats:
        sign, value = "-=", value.args[0]
    if it.repeats:
        place = _index_tuple(items, fancy)
        text = fitted(schedule, value, len(name) + len(place) + 13)
        schedule.lines.append(f"np.add.at({name}, {place}, {text})")
        return
    text = fitted(schedule, value, len(name) + len(target) + 4)
    if len(text) + len(name) + len(target) + 4 > schedule.width and value not in schedule.names and value.kind not in TRIVIAL:
        text = define(schedule, value)
    schedule.lines.append(f"{name}{target} {sign} {text}")


def _by_taps(schedule: Schedule, name: str, items: tuple[object, ...], it: ScatterItem, value: Array, fancy: Mapping[int, str]) -> None:
    """One slice for each tap."""
    if value not in schedule.names and value.kind not in TRIVIAL:
        define(schedule, value)
    text = Speller(schedule.names).text(value, ATOM) + (items_text(it.cut) if it.cut else "")
    indent = ""
    for variable, extent in it.taps:
        schedule.lines.append(f"{indent}for {local(variable)} in range({scalar_text(extent)}):")
        indent += "    "
    schedule.lines += [f"{indent}{start} = {scalar_text(node)}" for start, node in it.starts]
    if it.repeats:
        schedule.lines.append(f"{indent}np.add.at({name}, {_index_tuple(items, fancy)}, {text})")
        return
    target = items_text(items, fancy)
    if len(indent) + len(name) + len(target) + len(text) + 4 > schedule.width:
        items = tuple(_named_slice(schedule, item, indent) for item in items)
        target = items_text(items, fancy)
    schedule.lines.append(f"{indent}{name}{target} += {text}")


def _named_slice(schedule: Schedule, item: object, indent: str) -> object:
    """A long slice as a variable."""
    if not isinstance(item, Slice) or len(items_text((item,))) < 14 or _runs_backward(item):
        return item
    bounds = ["None" if b is None else scalar_text(b) for b in (item.start, item.stop, *([item.step] if item.step else []))]
    name = free_name("span", schedule.taken)
    schedule.lines.append(f"{indent}{name} = slice({', '.join(bounds)})")
    return name


def _runs_backward(item: Slice) -> bool:
    return view_first((item, 0))[0] != ()


def _index_tuple(items: tuple[object, ...], fancy: Mapping[int, str]) -> str:
    if len(items) == 1 and isinstance(items[0], int):
        return fancy[items[0]]
    items = list(items)
    while len(items) > 1 and items[-1] == FULL_SLICE:
        items.pop()
    if len(items) == 1 and isinstance(items[0], int):
        return fancy[items[0]]
    parts = []
    for item in items:
        if isinstance(item, int):
            parts.append(fancy[item])
        elif isinstance(item, Node):
            parts.append(scalar_text(item))
        else:
            b = [("None" if x is None else scalar_text(x)) for x in (item.start, item.stop, item.step)]
            parts.append(f"slice({', '.join(b)})" if b != ["None"] * 3 else "slice(None)")
    return f"({', '.join(parts)})" if len(parts) > 1 else f"({parts[0]},)"
