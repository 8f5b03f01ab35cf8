"""The functions of a generated module: arguments checked, forward, backward, init."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from symback.calculus.affine import affine
from symback.core.expr import ONE, Node, Op, add, neg, number, walk
from symback.core.program import LEADING, Distribution, Kind, Program, Role, Tensor
from symback.emit.numpy_text import Speller, scalar_text, shape_text
from symback.emit.schedule import FREE, Schedule, define, fitted, returns_several, statements
from symback.lower.arrays import Array
from symback.lower.arrays import Kind as ArrayKind
from symback.lower.module import LoweredBody

BUILTINS = frozenset({"range", "reversed", "slice", "max", "min", "abs", "len", "map", "zip", "round", "None", "float", "int", "tuple", "isinstance", "type"})
MODULE_NAMES = frozenset({"np", "math", "sliding_window_view", "NamedTuple", "cache", "mode", "rng", "dtype", "forward", "backward", "init_params", "init_state",
                          "LATEX", "Cache", "Gradients", "Outputs", "State", "rows", "lead", "annotations", "special"})  # fmt: skip


@dataclass(slots=True)
class Prologue:
    """Checks and bindings before any work; `bound`: dimension -> where its size comes from."""

    lines: list[str] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, None] = field(default_factory=dict)


def taken_names(program: Program) -> set[str]:
    """Names that no local variable may take."""
    return (
        set(BUILTINS) | set(MODULE_NAMES) | {t.name for t in program.tensors} | set(program.dims) | {n for n, _ in program.derived} | {h.name for h in program.hyperparameters}
    )


def declared_shape(tensor: Tensor) -> str:
    """`[N, C]` as declared."""
    return "[" + ", ".join("..." if s.data == LEADING else scalar_text(s) for s in tensor.shape) + "]"


def arguments_checked(program: Program, tensors: Iterable[Tensor]) -> Prologue:
    """Each argument's kind, rank and sizes, and each dimension from the first argument that has it."""
    out = Prologue()
    tensors = list(tensors)
    pending: list[tuple[Tensor, int, Node]] = []
    word = {Kind.FLOAT: "float", Kind.INT: "integer", Kind.BOOL: "bool"}
    leading_from = ""
    for t in tensors:
        out.helpers.setdefault("_tensor")
        out.lines.append(f'{t.name} = _tensor("{t.name}", {t.name}, "{word[t.kind]}", "{declared_shape(t)}")')
    for t in tensors:
        names = []
        for k, size in enumerate(t.shape):
            at = k - len(t.shape) if t.leading else k
            if size.data == LEADING:
                continue
            if size.op is Op.DIM and size.data not in out.bound and not any(n == size.data for n, _ in program.derived):
                out.bound[str(size.data)] = f"{size.data} of {t.name}"
                names.append((at, str(size.data)))
            else:
                pending.append((t, at, size))
        if t.leading:
            count = len(t.shape) - 1
            tail = f"[:-{count}]" if count else ""
            if not leading_from:
                out.lines.append(f"lead = {t.name}.shape{tail}")
                leading_from = t.name
            else:
                out.helpers.setdefault("_leading")
                out.lines.append(f'_leading("{t.name}", {t.name}.shape{tail}, lead, "{leading_from}")')
        if names:
            _bind(out, t, names)
    for t, at, size in pending:
        _solve(out, t, at, size, program)
    _derived(out, program)
    for t, at, size in pending:
        if scalar_names(size) <= set(out.bound) | {h.name for h in program.hyperparameters}:
            out.helpers.setdefault("_axis")
            source = _source(size, out)
            out.lines.append(f'_axis("{t.name}", {t.name}, {at}, {scalar_text(size)}, "{source}")')
    if leading_from:
        out.lines.append("rows = math.prod(lead)")
        for t in tensors:
            if t.leading:
                shape = ", ".join(["rows", *(scalar_text(s) for s in t.shape[1:])])
                out.lines.append(f"{t.name} = {t.name}.reshape({shape})")
    for t in tensors:
        if t.kind is Kind.INT and t.values is not None:
            out.helpers.setdefault("_labels")
            also = f", {t.also if len(t.also) > 1 else f'({t.also[0]},)'}" if t.also else ""
            out.lines.append(f'_labels("{t.name}", {t.name}, {scalar_text(t.values)}, "{scalar_text(t.values)}"{also})')
    return out


def scalar_names(node: Node) -> set[str]:
    return {str(n.data) for n in walk(node) if n.op in (Op.DIM, Op.HYPER)}


def _source(size: Node, out: Prologue) -> str:
    if size.op is Op.DIM:
        return out.bound.get(str(size.data), str(size.data))
    return scalar_text(size)


def _bind(out: Prologue, t: Tensor, names: list[tuple[int, str]]) -> None:
    axes = len(t.shape)
    if len(names) == axes and axes > 1 and not t.leading:
        out.lines.append(f"{', '.join(n for _, n in names)} = {t.name}.shape")
        return
    for at, name in names:
        out.lines.append(f"{name} = {t.name}.shape[{at}]")


def _solve(out: Prologue, t: Tensor, at: int, size: Node, program: Program) -> None:
    """A dimension that occurs only in a compound size, c·D + k, is solved for; the size itself is checked after."""
    derived = {n for n, _ in program.derived}
    unknown = [n for n in dict.fromkeys(str(m.data) for m in walk(size) if m.op is Op.DIM) if n not in out.bound and n not in derived]
    if len(unknown) != 1:
        return
    name = unknown[0]
    rest = number(0)
    factor = None
    for term in size.args if size.op is Op.ADD else (size,):
        if name in scalar_names(term):
            parts = [f for f in (term.args if term.op is Op.MUL else (term,)) if not (f.op is Op.DIM and f.data == name)]
            if any(name in scalar_names(p) for p in parts):
                return
            factor = parts
        else:
            rest = add(rest, term)
    from symback.core.expr import mul

    divisor = mul(*factor) if factor else ONE
    numerator = f"{t.name}.shape[{at}]"
    if rest != number(0):
        shown = scalar_text(neg(rest), 5)
        numerator = f"({numerator} + {shown})" if not shown.startswith("-") else f"({numerator} - {shown[1:]})"
    out.lines.append(f"{name} = {numerator} // {scalar_text(divisor, 6)}" if divisor != ONE else f"{name} = {numerator.strip('()') if rest == number(0) else numerator[1:-1]}")
    out.bound[name] = f"{name} of {t.name}"


def _derived(out: Prologue, program: Program) -> None:
    for name, value in program.derived:
        if name not in out.bound:
            out.lines.append(f"{name} = {scalar_text(value)}")
            out.bound[name] = name


# ------------------------------------------------------------------------------------------- body of a mode


@dataclass(frozen=True, slots=True)
class BodyText:
    """One mode: forward's statements and results, what it keeps, backward's statements and results."""

    forward: tuple[str, ...]
    outputs: tuple[str, ...]
    updates: Mapping[str, str]
    kept: tuple[str, ...]
    backward: tuple[str, ...]
    gradients: tuple[str, ...]
    helpers: tuple[str, ...]


def body_text(program: Program, lowered: LoweredBody) -> BodyText:
    """Forward and backward of one mode, with what backward needs of forward kept by its variable's name."""
    taken = taken_names(program) | set(lowered.upstream.values()) | set(lowered.variables) | set(lowered.sizes)
    forward = Schedule({}, set(taken))
    for t in program.tensors:
        forward.taken.add(t.name)
    roots = [*lowered.outputs.values(), *lowered.updates.values()]
    reached = _reachable(roots)
    kept = [a for a in _frontier(list(lowered.gradients.values()), reached)]
    for name, axis, array, size in lowered.array_checks:
        statements(forward, [array], {})
        forward.helpers.setdefault("_range")
        text = fitted(forward, array, 40)
        if array not in forward.names and array.kind is not ArrayKind.ARGUMENT:
            text = define(forward, array, "position")
        forward.lines.append(f'_range("{name}", {axis}, {text}.min(initial=0), {text}.max(initial=0), {scalar_text(size)})')
    for check in lowered.checks:
        forward.helpers.setdefault("_range")
        forward.lines.append(f'_range("{check.tensor}", {check.axis}, {scalar_text(check.low)}, {scalar_text(check.high)}, {scalar_text(check.size)})')
    statements(forward, [*roots, *kept], lowered.hints)
    for a in kept:
        if a not in forward.names and a.kind is not ArrayKind.ARGUMENT:
            define(forward, a, lowered.hints.get(a))
    outputs = [_result(forward, a, 20) for a in lowered.outputs.values()]
    updates = {state: _result(forward, a, 20) for state, a in lowered.updates.items()}

    backward = Schedule({a: forward.names[a] for a in kept if a in forward.names}, set(taken) | set(forward.names.values()))
    for output, name in lowered.upstream.items():
        backward.helpers.setdefault("_upstream")
        backward.lines += _upstream_lines(name, lowered.outputs[output].shape)
    statements(backward, list(lowered.gradients.values()), lowered.hints)
    gradients = []
    for name, a in lowered.gradients.items():
        gradients.append(_unflattened(_owned(backward, a, gradients), program.tensor(name)))
    names = _free_names(backward.lines + [f"_ = {g}" for g in gradients])
    known = set(taken) | set(forward.names.values())
    upstream = set(lowered.upstream.values())
    free = [n for n in names if n in known and n not in upstream and n not in BUILTINS and n not in ("np", "math", "sliding_window_view", "special")]
    helpers = dict.fromkeys([*forward.helpers, *backward.helpers])
    used = set(_free_names(forward.lines + [f"_ = {t}" for t in (*outputs, *updates.values())])) | set(free)
    widths = [f"{name} = {scalar_text(node)}" for name, node in lowered.sizes.items() if name in used]
    return BodyText((*widths, *forward.lines), tuple(outputs), updates, tuple(free), tuple(backward.lines), tuple(gradients), tuple(helpers))


def _unflattened(text: str, tensor: Tensor) -> str:
    """The text of a gradient with its leading axes apart again."""
    return with_leading(text, tensor.shape[1:]) if tensor.leading else text


def with_leading(text: str, rest: tuple[Node, ...]) -> str:
    """The text of an array whose first axis stands for all leading axes, with these apart again."""
    sizes = ", ".join(["*lead", *(scalar_text(s) for s in rest)]) if rest else "lead"
    return f"{text}.reshape({sizes})" if text.isidentifier() or text.endswith(")") else f"({text}).reshape({sizes})"


def _upstream_lines(name: str, shape: tuple[Node, ...]) -> list[str]:
    if shape and shape[0].data == LEADING:
        sizes = [scalar_text(s) for s in shape[1:]]
        return [
            f'{name} = _upstream("{name}", {name}, ({", ".join(["*lead", *sizes])}{"" if sizes else ","}), dtype)',
            f"{name} = {name}.reshape({', '.join(['rows', *sizes])})",
        ]
    return [f'{name} = _upstream("{name}", {name}, {shape_text(shape)}, dtype)']


def _result(schedule: Schedule, a: Array, margin: int) -> str:
    """A returned value: never an argument itself, nor a view of one."""
    base = a
    while base.kind in FREE:
        base = base.args[0]
    text = fitted(schedule, a, margin, 8 if base.kind is ArrayKind.ARGUMENT else 0)
    if base.kind is ArrayKind.ARGUMENT:
        return f"{text}.copy()"
    return text


def _owned(schedule: Schedule, a: Array, before: list[str]) -> str:
    """A returned gradient that shares memory with nothing."""
    base = a
    while base.kind in FREE or base.kind is ArrayKind.RESHAPE:
        base = base.args[0]
    shared = base.kind is ArrayKind.ARGUMENT or not base.late
    text = Speller(schedule.names).text(a, 8 if shared else 0)
    if len(text) > 24 and a not in schedule.names:
        text = define(schedule, a)
    if shared or text in before:
        return f"{text}.copy()"
    return text


def _reachable(roots: list[Array]) -> set[Array]:
    seen: set[Array] = set()
    stack = list(roots)
    while stack:
        a = stack.pop()
        if a not in seen:
            seen.add(a)
            stack.extend(a.args)
    return seen


def _frontier(roots: list[Array], computed: set[Array]) -> list[Array]:
    """What forward has computed and backward starts from, in the order of first use."""
    out: dict[Array, None] = {}
    seen: set[Array] = set()
    stack = list(reversed(roots))
    while stack:
        a = stack.pop()
        if a in seen:
            continue
        seen.add(a)
        known = a in computed or (a.kind is ArrayKind.PART and a.args[0] in computed)
        if not a.late and not a.loops and known and not returns_several(a) and a.kind not in (*FREE, ArrayKind.SCALAR, ArrayKind.FULL, ArrayKind.ARANGE, ArrayKind.ARGUMENT, ArrayKind.LOOP):
            out[a] = None
            continue
        stack.extend(reversed(a.args))
    return list(out)


def _free_names(lines: list[str]) -> list[str]:
    """Names that are read before they are assigned, in order of appearance."""
    if not lines:
        return []
    tree = ast.parse("\n".join(lines))
    names = [n for n in ast.walk(tree) if isinstance(n, ast.Name)]
    places: dict[str, tuple[int, bool]] = {}
    for n in sorted(names, key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store), n.col_offset)):
        places.setdefault(n.id, (n.lineno, isinstance(n.ctx, ast.Store)))
    return [n for n, (_, stored) in places.items() if not stored]


free_names = _free_names


def distribution_text(d: Distribution, shape: str) -> str:
    """A draw from a numpy Generator, in float64."""
    if d.name == "constant":
        return f"np.full({shape}, {scalar_text(d.arguments[0])})"
    a = [scalar_text(x) for x in d.arguments]
    if d.name == "bernoulli":
        return f"(rng.random({shape}) < {a[0]})"
    return f"rng.{d.name}({a[0]}, {a[1]}, {shape})"


def default_text(value: bool | int | Fraction) -> str:
    """A hyperparameter's default as Python."""
    return repr(float(value)) if isinstance(value, Fraction) else repr(value)


__all__ = ["body_text", "arguments_checked", "distribution_text", "default_text", "free_names", "shape_text", "Role", "affine", "Speller"]
