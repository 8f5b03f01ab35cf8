"""From arrays to statements: what gets a name, in which order, and loops and accumulations spelled out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from symback.core.expr import Node
from symback.emit.numpy_text import CONDITIONAL, PRODUCT, Speller, items_text, scalar_text, shape_text, view_first
from symback.lower.arrays import FULL_SLICE, Array, Kind
from symback.lower.loops import LoopBody, Store
from symback.lower.scatters import ScatterItem, ScatterPlan

WIDTH = 84
DEEPEST = 40
"""How deep a right-hand side may nest; what is deeper would not fit a line anyway."""
TRIVIAL = {Kind.ARGUMENT, Kind.SCALAR, Kind.BUFFER, Kind.PART}
FREE = {Kind.VIEW, Kind.TRANSPOSE}
FRESH = {Kind.OPERATOR, Kind.UFUNC, Kind.WHERE, Kind.MATMUL, Kind.TENSORDOT, Kind.EINSUM, Kind.REDUCE, Kind.FULL, Kind.PAD, Kind.GATHER, Kind.CAST}
"""Kinds whose result nobody else holds, so that it may be written into."""

_NAMES = {
    "sqrt": "root", "exp": "power", "log": "logarithm", "log1p": "logarithm", "sum": "total", "max": "peak", "min": "floor_", "argmax": "top", "where": "chosen",
    "+": "shifted", "-": "gap", "*": "scaled", "/": "ratio", "@": "product", "neg": "negated", "vecdot": "row_sum", "tanh": "tanh_", "cast": "real", "gather": "picked",
    "view": "part", "transpose": "turned", "reshape": "flat", "arange": "position", "pad": "padded", "windows": "windows", "accumulate": "running", "scatter": "spread",
    "tensordot": "product", "einsum": "product", "matmul": "product", "full": "blank", "maximum": "larger", "minimum": "smaller", "kernel": "result", "abs": "size",
}  # fmt: skip
SEVERAL = {"_exponentials": ("e", "rest", "top"), "_scaled_tail_sums": ("tail", "scale")}
"""Helpers that return several arrays, and what these are called."""
_COMPARISONS = {"<", "<=", "==", "!=", "&", "|", "~"}


@dataclass(slots=True)
class Schedule:
    """Statements of one function (or loop body) and the variables that they define."""

    names: dict[Array, str]
    taken: set[str]
    lines: list[str] = field(default_factory=list)
    helpers: dict[str, None] = field(default_factory=dict)
    uses: set[str] = field(default_factory=set)

    def inner(self) -> Schedule:
        return Schedule(dict(self.names), self.taken, [], self.helpers, self.uses)


def free_name(base: str, taken: set[str]) -> str:
    """The name, with a number where it is taken; it is taken from now on."""
    name, k = base, 2
    while name in taken:
        name = f"{base}{k}" if base[-1].isalpha() else f"{base}_{k}"
        k += 1
    taken.add(name)
    return name


def statements(schedule: Schedule, roots: Iterable[Array], hints: Mapping[Array, str], loops: frozenset[str] = frozenset()) -> None:
    """Define everything that the roots need; afterwards each root is in `names` or has a short text."""
    roots = [r for r in roots]
    order = _post_order(roots, schedule.names)
    counts = _use_counts(roots, order, schedule.names)
    depth: dict[Array, int] = {}
    for a in order:
        depth[a] = 1 + max((depth.get(x, 0) for x in a.args if x not in schedule.names), default=0)
        if a in schedule.names:
            continue
        if a.kind is Kind.LOOP:
            _loop(schedule, a, hints)
        elif a.kind is Kind.SCATTER:
            _scatter(schedule, a, hints, counts)
        elif a.kind is Kind.PART:
            _parts(schedule, a, order, hints)
        elif a.kind in TRIVIAL:
            continue
        elif returns_several(a):
            continue
        elif a in hints or _worth_a_name(a, counts) or (depth[a] > DEEPEST and a.kind not in FREE):
            define(schedule, a, hints.get(a))


def returns_several(a: Array) -> bool:
    """Whether it is a helper whose results are PARTs."""
    return a.kind is Kind.KERNEL and a.data[0] in SEVERAL


def _worth_a_name(a: Array, counts: Mapping[Array, int]) -> bool:
    if a.kind in FREE:
        return False
    return counts.get(a, 0) > 1


def _post_order(roots: list[Array], known: Mapping[Array, str]) -> list[Array]:
    out: list[Array] = []
    seen: set[Array] = set()
    stack: list[tuple[Array, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        a, ready = stack.pop()
        if ready:
            out.append(a)
            continue
        if a in seen or a in known:
            continue
        seen.add(a)
        stack.append((a, True))
        stack.extend((x, False) for x in reversed(a.args))
    return out


def _use_counts(roots: list[Array], order: list[Array], known: Mapping[Array, str]) -> dict[Array, int]:
    counts: dict[Array, int] = {}

    def use(a: Array) -> None:
        counts[a] = counts.get(a, 0) + 1

    for r in roots:
        use(r)
    for a in reversed(order):
        times = max(1, counts.get(a, 1)) if a.kind in FREE else 1
        for x in a.args:
            counts[x] = counts.get(x, 0) + times
    for a in order:
        if a.kind is Kind.LOOP:
            for x in a.args:
                counts[x] = counts.get(x, 0) + 1
    return counts


def define(schedule: Schedule, a: Array, hint: str | None = None) -> str:
    """`name = …`, long right-hand sides split."""
    text = fitted(schedule, a, len(hint or "scaled10") + 3)
    name = free_name(hint or _fresh_base(a), schedule.taken)
    _note(schedule, a)
    schedule.lines.append(f"{name} = {text}")
    schedule.names[a] = name
    return name


def fitted(schedule: Schedule, a: Array, margin: int = 0, level: int = CONDITIONAL) -> str:
    """The text of an array; what makes it too long for a line is defined first."""
    while True:
        text = Speller(schedule.names).text(a, level)
        if len(text) + margin <= WIDTH:
            _note(schedule, a)
            return text
        victim = _longest_part(schedule, a)
        if victim is None:
            _note(schedule, a)
            return text
        define(schedule, victim)


def _longest_part(schedule: Schedule, a: Array) -> Array | None:
    best, most = None, 12
    speller = Speller(schedule.names)
    stack = [x for x in a.args]
    while stack:
        x = stack.pop()
        if x in schedule.names or x.kind in TRIVIAL:
            continue
        length = len(speller.text(x))
        if x.kind not in FREE and length > most and length < WIDTH - 16:
            best, most = x, length
        stack.extend(x.args)
    return best


def _note(schedule: Schedule, a: Array) -> None:
    """Helpers and variables that the text of an array (not defined before) uses."""
    stack, seen = [a], set()
    while stack:
        x = stack.pop()
        if x in seen:
            continue
        seen.add(x)
        if x.kind is Kind.KERNEL and not x.data[0].startswith("np."):
            schedule.helpers.setdefault(x.data[0])
        if x.kind is Kind.WINDOWS:
            schedule.helpers.setdefault("sliding_window_view")
        stack.extend(y for y in x.args if y not in schedule.names)


def _fresh_base(a: Array) -> str:
    if a.element == "b" or a.data in _COMPARISONS:
        return "mask"
    if a.kind in (Kind.UFUNC, Kind.OPERATOR):
        return _NAMES.get(str(a.data), "value")
    if a.kind is Kind.REDUCE:
        return _NAMES.get(a.data[0], "total")
    return _NAMES.get(a.kind.value, "value")


def _parts(schedule: Schedule, part: Array, order: list[Array], hints: Mapping[Array, str]) -> None:
    """All results of a helper that returns several."""
    (call,) = part.args
    used = {p.data: p for p in order if p.kind is Kind.PART and p.args[0] == call}
    base = SEVERAL[call.data[0]]
    names = []
    text = fitted(schedule, call, 16)
    for k in range(len(base)):
        if k in used:
            names.append(free_name(hints.get(used[k], base[k]), schedule.taken))
            schedule.names[used[k]] = names[-1]
        else:
            names.append("_")
    schedule.lines.append(f"{', '.join(names)} = {text}")


def _scatter(schedule: Schedule, a: Array, hints: Mapping[Array, str], counts: Mapping[Array, int]) -> None:
    plan: ScatterPlan = a.data
    hint = hints.get(a)
    if plan.base:
        base = a.args[0]
        fresh = base.kind in FRESH and base not in schedule.names and counts.get(base, 1) <= 1
        text = fitted(schedule, base, 24, CONDITIONAL)
        text = text if fresh else f"{Speller(schedule.names).text(base, 8)}.copy()"
    else:
        text = f"np.zeros({shape_text(plan.shape)}, dtype)"
    name = free_name(hint or "spread", schedule.taken)
    schedule.lines.append(f"{name} = {text}")
    for it in plan.items:
        _accumulate(schedule, name, it, a.args)
    schedule.names[a] = name


def _accumulate(schedule: Schedule, name: str, it: ScatterItem, operands: tuple[Array, ...]) -> None:
    value = operands[it.value]
    fancy = {}
    for k in it.items:
        if isinstance(k, int):
            fancy[k] = fitted(schedule, operands[k], 40)
    view, items = view_first(it.items)
    name = name + items_text(view) if view else name
    target = items_text(items, fancy) if items else "[...]"
    if not it.taps:
        negative = value.kind is Kind.OPERATOR and value.data == "neg" and value not in schedule.names
        shown = value.args[0] if negative and not it.repeats else value
        text = fitted(schedule, shown, len(name) + len(target) + 4)
        if len(text) + len(name) + len(target) + 4 > WIDTH and shown not in schedule.names and shown.kind not in TRIVIAL:
            text = define(schedule, shown)
        if it.repeats:
            schedule.lines.append(f"np.add.at({name}, {_index_tuple(items, fancy)}, {text})")
        else:
            schedule.lines.append(f"{name}{target} {'-=' if negative else '+='} {text}")
        return
    if value not in schedule.names and value.kind not in TRIVIAL:
        define(schedule, value)
    text = Speller(schedule.names).text(value, 8)
    indent = ""
    for variable, extent in it.taps:
        schedule.lines.append(f"{indent}for {variable} in range({scalar_text(extent)}):")
        indent += "    "
    schedule.lines += [f"{indent}{start} = {scalar_text(node)}" for start, node in it.starts]
    cut = items_text(it.cut) if it.cut else ""
    if it.repeats:
        schedule.lines.append(f"{indent}np.add.at({name}, {_index_tuple(items, fancy)}, {text}{cut})")
    else:
        schedule.lines.append(f"{indent}{name}{target} += {text}{cut}")


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


# ------------------------------------------------------------------------------------------------ loops


def _loop(schedule: Schedule, a: Array, hints: Mapping[Array, str]) -> None:
    body: LoopBody = a.data
    for x in a.args:
        if x not in schedule.names and x.kind not in TRIVIAL and x.kind is not Kind.FULL and not _cheap_view(x, schedule):
            define(schedule, x)
    buffer_names = {}
    for b in body.buffers:
        name = free_name(b.name, schedule.taken)
        buffer_names[b.name] = name
        dtype = {"f": "dtype", "i": "np.intp", "b": "bool"}[b.element]
        if b.start is None:
            schedule.lines.append(f"{name} = np.zeros({shape_text(b.shape)}, {dtype})")
        else:
            source = Speller(schedule.names).text(b.start, 8)
            owned = b.start.kind is Kind.FULL
            schedule.lines.append(f"{name} = {source}" if owned else f"{name} = {source}.copy()")
    for b in body.buffers:
        names = [v[0] for v in body.variables]
        proxy = Array(Kind.ARGUMENT, b.name, (), b.shape, b.element, loops=frozenset(names))
        schedule.names[proxy] = buffer_names[b.name]
    for store in body.before:
        _store(schedule, buffer_names, store)
    indent = ""
    for variable, first, stop, backward in body.variables:
        inside = scalar_text(stop) if first.data == 0 else f"{scalar_text(first)}, {scalar_text(stop)}"
        schedule.lines.append(f"{indent}for {variable} in {f'reversed(range({inside}))' if backward else f'range({inside})'}:")
        indent += "    "
    inner = schedule.inner()
    order_hints = {s.value: f"{s.buffer}_now" for s in body.stores if s.accumulate is None}
    del order_hints
    for k, store in enumerate(body.stores):
        later = [x for s in body.stores[k + 1 :] for x in (s.value, *s.operands)]
        _step(inner, buffer_names, store, later)
    schedule.lines += [indent + line for line in inner.lines]
    for b in body.buffers:
        schedule.names[Array(Kind.BUFFER, b.name, (a,), b.shape, b.element)] = buffer_names[b.name]
    schedule.names[a] = "loop"


def _cheap_view(x: Array, schedule: Schedule) -> bool:
    while x.kind in FREE:
        x = x.args[0]
    return x in schedule.names or x.kind in TRIVIAL


def _store(schedule: Schedule, buffers: Mapping[str, str], store: Store) -> None:
    target = f"{buffers[store.buffer]}{items_text(store.items) if store.items else '[...]'}"
    statements(schedule, [store.value], {})
    schedule.lines.append(f"{target} = {fitted(schedule, store.value, len(target) + 3)}")


def _step(schedule: Schedule, buffers: Mapping[str, str], store: Store, later: list[Array]) -> None:
    """One store of a loop's body, after what it needs; a value that later stores read gets a name."""
    roots = [store.value, *store.operands]
    shared = _used_again(roots, later)
    statements(schedule, roots, {})
    for x in shared:
        if x not in schedule.names and x.kind not in TRIVIAL and x.kind not in FREE:
            define(schedule, x)
    name = buffers[store.buffer]
    if store.accumulate is not None:
        _accumulate(schedule, name, store.accumulate, store.operands)
        return
    target = f"{name}{items_text(store.items) if store.items else '[...]'}"
    schedule.lines.append(f"{target} = {fitted(schedule, store.value, len(target) + 3, CONDITIONAL)}")


def _used_again(roots: list[Array], later: list[Array]) -> list[Array]:
    reached: set[Array] = set()
    stack = list(later)
    while stack:
        x = stack.pop()
        if x not in reached:
            reached.add(x)
            stack.extend(x.args)
    out: list[Array] = []
    seen: set[Array] = set()
    stack = list(roots)
    while stack:
        x = stack.pop()
        if x in seen:
            continue
        seen.add(x)
        if x in reached:
            if x.loops:
                out.append(x)
            continue
        stack.extend(reversed(x.args))
    return list(reversed(out))


__all__ = ["Schedule", "statements", "define", "fitted", "free_name", "PRODUCT"]
