"""Scatters spelled out: what is added where, in place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from symback.calculus.affine import multiplied_out
from symback.core.expr import ONE, Node, mul
from symback.emit.identifiers import local
from symback.emit.naming import FREE, TRIVIAL, Schedule, Statements, define, fitted
from symback.emit.numpy_text import CONDITIONAL, Speller, items_text, scalar_text, shape_text, view_first
from symback.lower.accumulations import ScatterItem, ScatterPlan, rest_of, unchanged
from symback.lower.arrays import FULL_SLICE, Array, Kind, Slice, parts
from symback.lower.choices import MASKED, SELECT
from symback.lower.grouped import outer_factors

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
    Kind.CONCATENATE,
}
"""Kinds whose result nobody else holds, so that it may be written into."""


def is_fresh(a: Array) -> bool:
    """Whether nobody else can hold the result; a Python conditional gives one of its operands."""
    if a.kind is Kind.KERNEL and a.data[0] in (MASKED, SELECT, "np.broadcast_to"):
        return True
    return a.kind in FRESH and not (a.kind is Kind.WHERE and a.args[0].element == "s")


def scatter(schedule: Schedule, a: Array, hints: Mapping[Array, str], counts: Mapping[Array, int], statements: Statements) -> None:
    plan: ScatterPlan = a.data
    hint = hints.get(a)
    rest = rest_of(plan)
    if plan.base:
        base = a.args[0]
        fresh = is_fresh(base) and base not in schedule.names and counts.get(base, 1) <= 1
        text = fitted(schedule, base, 24, CONDITIONAL)
        text = text if fresh else f"{Speller(schedule.names).text(base, 8)}.copy()"
    else:
        text = f"np.{'zeros' if rest is None else 'empty'}({shape_text(plan.shape)}, dtype)"
    name = schedule.taken.free(hint or plan.name)
    schedule.lines.append(f"{name} = {text}")
    schedule.lines += [f"{name}{items_text(items)} = 0" for items in rest or ()]
    for it in plan.items:
        if it.assigned and not plan.base and rest is None and isinstance(it.value, int) and _is_negated(a.args[it.value], schedule):
            it = replace(it, assigned=False)  # what stands there is 0
        accumulate(schedule, name, it, a.args, statements)
    schedule.names[a] = name


def define_outside(schedule: Schedule, arrays: Iterable[Array]) -> None:
    """Variables for what a loop reads and no step of it changes."""
    for x in arrays:
        if x not in schedule.names and x.kind not in TRIVIAL and x.kind is not Kind.FULL and not _cheap_view(x, schedule):
            define(schedule, x)


def _cheap_view(x: Array, schedule: Schedule) -> bool:
    while x.kind in FREE:
        x = x.args[0]
    return x in schedule.names or x.kind in TRIVIAL


def accumulate(schedule: Schedule, name: str, it: ScatterItem, operands: tuple[Array, ...], statements: Statements) -> None:
    """`name[items] += value`, in a loop over the taps where there are any."""
    fancy = {k: fitted(schedule, operands[k], 40) for k in it.items if isinstance(k, int)}
    view, items = view_first(it.items)
    name = name + items_text(view) if view else name
    if isinstance(it.value, Array):
        _by_taps(schedule, name, items, it, fancy, statements)
        return
    value = operands[it.value]
    target = items_text(items, fancy) if items else "[...]"
    sign = "=" if it.assigned else "+="
    if not it.assigned and not it.repeats and _is_negated(value, schedule):
        sign, value = "-=", value.args[0]
    if it.repeats:
        axis = _single_axis(items, operands, value)
        place = _index_tuple(items, fancy) if axis is None else fancy[items[axis]]
        text = fitted(schedule, value, len(name) + len(place) + 22)
        if axis is not None:
            schedule.helpers.setdefault("_add_along")
            schedule.lines.append(f"_add_along({name}, {place}, {text}, axis={axis})")
        elif _whole_rows(items) and (pair := _outer_product(schedule, operands[items[0]], value)) is not None:
            schedule.helpers.setdefault("_add_products")
            texts = [fitted(schedule, x, 40) for x in pair]
            schedule.lines.append(f"_add_products({name}, {place}, {', '.join(texts)})")
        else:
            schedule.lines.append(_added_at(schedule, name, items, fancy, text))
        return
    if it.assigned and not fancy and _joins_axes(value) and value not in schedule.names:
        part = schedule.taken.free("part")
        schedule.lines.append(f"{part} = {name}{target}")
        name, target = part, f".reshape({', '.join(scalar_text(s) for s in value.args[0].shape)})[...]"
        value = value.args[0]  # the axes of the part are split, which is a view, instead of those of the value joined, which is a copy
    text = fitted(schedule, value, len(name) + len(target) + 4)
    if len(text) + len(name) + len(target) + 4 > schedule.width and value not in schedule.names and value.kind not in TRIVIAL:
        text = define(schedule, value)
    schedule.lines.append(f"{name}{target} {sign} {text}")


def _joins_axes(value: Array) -> bool:
    """Whether it is a transposed array with some neighbouring axes as one: the other way round, each axis is split by itself."""
    if value.kind is not Kind.RESHAPE or value.args[0].kind is not Kind.TRANSPOSE or len(value.args[0].shape) <= len(value.shape):
        return False
    left = list(value.args[0].shape)
    for size in map(multiplied_out, value.shape):
        joined = left.pop(0) if left else ONE
        while left and multiplied_out(joined) != size:
            joined = mul(joined, left.pop(0))
        if multiplied_out(joined) != size:
            return False
    return not left


def _is_negated(value: Array, schedule: Schedule) -> bool:
    return value.kind is Kind.OPERATOR and value.data == "neg" and value not in schedule.names


def _outer_product(schedule: Schedule, labels: Array, value: Array) -> tuple[Array, Array] | None:
    """What a matrix for each label is the outer product of, row by row; None for another value, and for one that stands there."""
    return outer_factors(value) if len(labels.shape) == 1 and value not in schedule.names else None


def _whole_rows(items: tuple[object, ...]) -> bool:
    """Whether a list of places along the first axis is added to, with the others whole."""
    return len(items) > 1 and isinstance(items[0], int) and all(item == FULL_SLICE for item in items[1:])


def _single_axis(items: tuple[object, ...], operands: tuple[Array, ...], value: Array) -> int | None:
    """The axis along which one list of places that sizes alone decide is added to, with the others whole; None for other places."""
    listed = [k for k, item in enumerate(items) if isinstance(item, int)]
    if len(listed) != 1 or len(value.shape) != len(items) or any(item != FULL_SLICE for k, item in enumerate(items) if k not in listed):
        return None
    (axis,) = listed
    index = operands[items[axis]]
    decided = not any(a.kind in (Kind.ARGUMENT, Kind.BUFFER) for a in parts([index]))
    return axis if decided and index.shape == (value.shape[axis],) and not index.loops else None


def _by_taps(
    schedule: Schedule, name: str, items: tuple[object, ...], it: ScatterItem, fancy: Mapping[int, str], statements: Statements
) -> None:
    """The same in a loop for each tap."""
    define_outside(schedule, unchanged([it.value], frozenset(v for v, _ in it.taps)))
    inner = schedule.inner(len(it.taps))
    inner.lines += [f"{start} = {scalar_text(node)}" for start, node in it.starts]
    statements(inner, [it.value], {})
    everything = all(item == FULL_SLICE for item in items)
    target = items_text(items, fancy) if not everything else "[...]" if it.assigned else ""
    text = fitted(inner, it.value, len(name) + len(target) + 4)
    if it.repeats:
        inner.lines.append(_added_at(inner, name, items, fancy, text))
    elif it.ufunc != "add":
        inner.lines.append(f"np.{it.ufunc}({name}, {text}, out={name})")
    else:
        if len(name) + len(target) + len(text) + 4 > inner.width and not everything:
            target = items_text(tuple(_named_slice(inner, item) for item in items), fancy)
        inner.lines.append(f"{name}{target} {'=' if it.assigned else '+='} {text}")
    indent = ""
    for variable, extent in it.taps:
        schedule.lines.append(f"{indent}for {local(variable)} in range({scalar_text(extent)}):")
        indent += "    "
    schedule.lines += [indent + line for line in inner.lines]


def _named_slice(schedule: Schedule, item: object) -> object:
    """A long slice as a variable."""
    if not isinstance(item, Slice) or len(items_text((item,))) < 14 or _runs_backward(item):
        return item
    bounds = ["None" if b is None else scalar_text(b) for b in (item.start, item.stop, *([item.step] if item.step else []))]
    name = schedule.taken.free("span")
    schedule.lines.append(f"{name} = slice({', '.join(bounds)})")
    return name


def _runs_backward(item: Slice) -> bool:
    return view_first((item, 0))[0] != ()


def _added_at(schedule: Schedule, name: str, items: tuple[object, ...], fancy: Mapping[int, str], text: str) -> str:
    """`name[items] += value` where places come again; at numbers alone, which stand in front of whole axes, by a helper."""
    listed = [k for k, item in enumerate(items) if isinstance(item, int)]
    first, last = listed[0], listed[-1]
    if any(isinstance(i, Slice) for i in items[:last]) or any(i != FULL_SLICE for i in items[last + 1 :]):
        return f"np.add.at({name}, {_index_tuple(items, fancy)}, {text})"
    total = f"{name}{items_text(items[:first])}" if first else name
    place = _index_tuple(items[first:], fancy)
    if first == last == len(items) - 1:
        return f"np.add.at({total}, {place}, {text})"
    helper = "_add_rows" if first == last else "_add_at"
    schedule.helpers.setdefault(helper)
    return f"{helper}({total}, {place}, {text})"


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
