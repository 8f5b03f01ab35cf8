"""What forward does before any work: each argument's kind, rank and sizes, and the dimensions that they give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from symback.core.expr import ONE, ZERO, Node, Op, dim, neg, substitute, walk
from symback.core.program import LEADING, Kind, Program, Tensor
from symback.core.sizes import slope_of
from symback.emit.identifiers import local, names_read
from symback.emit.layout import tuple_text
from symback.emit.numpy_text import scalar_text

_WORD = {Kind.FLOAT: "float", Kind.INT: "integer", Kind.BOOL: "bool"}


@dataclass(frozen=True, slots=True)
class Line:
    """A statement; `binds`: the variable that it gives, without which it is left out."""

    text: str
    binds: str = ""


@dataclass(frozen=True, slots=True)
class Unpacking:
    """Sizes of one argument: (axis, name)."""

    tensor: str
    rank: int
    names: tuple[tuple[int, str], ...]

    def lines(self, wanted: set[str]) -> list[str]:
        """The statements that give the wanted names: one that unpacks the shape where all are wanted."""
        kept = [(at, name) for at, name in self.names if name in wanted]
        if len(kept) == self.rank > 1:
            return [f"{', '.join(name for _, name in kept)} = {self.tensor}.shape"]
        return [f"{name} = {self.tensor}.shape[{at}]" for at, name in kept]


@dataclass(slots=True)
class Prologue:
    """Checks and bindings before any work; `bound`: dimension -> where its size comes from."""

    lines: list[Line | Unpacking] = field(default_factory=list)
    bound: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, None] = field(default_factory=dict)

    def check(self, helper: str, *arguments: str) -> None:
        """A call of a helper that raises."""
        self.helpers.setdefault(helper)
        self.lines.append(Line(f"{helper}({', '.join(arguments)})"))

    def needed(self, after: Iterable[str]) -> list[str]:
        """The statements, without those that give names which neither they nor what comes `after` them reads."""
        wanted = set(after)
        out: list[str] = []
        for line in reversed(self.lines):
            if isinstance(line, Unpacking):
                made = line.lines(wanted)
            elif line.binds and line.binds not in wanted:
                continue
            else:
                made = [line.text]
            wanted |= names_read(made)
            out += reversed(made)
        return out[::-1]


def declared_shape(tensor: Tensor) -> str:
    """`[N, C]` as declared."""
    return "[" + ", ".join("..." if s.data == LEADING else scalar_text(s) for s in tensor.shape) + "]"


def arguments_checked(program: Program, tensors: Iterable[Tensor]) -> Prologue:
    """Each argument's kind, rank and sizes, and each dimension from the first argument that has it."""
    out = Prologue()
    tensors = list(tensors)
    for t in tensors:
        out.helpers.setdefault("_tensor")
        out.lines.append(Line(f'{t.name} = _tensor("{t.name}", {t.name}, "{_WORD[t.kind]}", "{declared_shape(t)}")'))
    pending = [p for t in tensors for p in _plain_sizes(out, t, program)]
    leading = _leading_axes(out, tensors)
    for t, at, size in pending:
        _solve(out, t, at, size, program)
    for name, value in program.derived:
        if name not in out.bound:
            out.lines.append(Line(f"{local(name)} = {scalar_text(value)}", local(name)))
            out.bound[name] = name
    for t, at, size in pending:
        if scalar_names(size) <= set(out.bound) | {h.name for h in program.hyperparameters}:
            out.check("_axis", f'"{t.name}"', t.name, str(at), scalar_text(size), f'"{_source(size, out)}"')
    if leading:
        out.lines.append(Line("lead_size = math.prod(lead_shape)", "lead_size"))
    for t in tensors:
        if t.leading:
            shape = ", ".join(["lead_size", *(scalar_text(s) for s in t.shape[1:])])
            out.lines.append(Line(f"{t.name} = {t.name}.reshape({shape})"))
    for t in tensors:
        if t.kind is Kind.INT and t.values is not None:
            count = scalar_text(t.values)
            out.check("_labels", f'"{t.name}"', t.name, count, f'"{count}"', *([tuple_text([str(a) for a in t.also])] if t.also else []))
    return out


def _plain_sizes(out: Prologue, t: Tensor, program: Program) -> list[tuple[Tensor, int, Node]]:
    """Bind the dimensions that stand alone in a shape for the first time; the other sizes are left to be checked."""
    pending, names = [], []
    derived = {n for n, _ in program.derived}
    for k, size in enumerate(t.shape):
        at = k - len(t.shape) if t.leading else k
        if size.data == LEADING:
            continue
        if size.op is Op.DIM and size.data not in out.bound and size.data not in derived:
            out.bound[str(size.data)] = f"{size.data} of {t.name}"
            names.append((at, local(str(size.data))))
        else:
            pending.append((t, at, size))
    if names:
        out.lines.append(Unpacking(t.name, len(t.shape), tuple(names)))
    return pending


def _leading_axes(out: Prologue, tensors: list[Tensor]) -> str:
    """The leading axes from the first tensor that has some, and whether the others have the same; its name."""
    source = ""
    for t in tensors:
        if t.leading:
            count = len(t.shape) - 1
            found = f"{t.name}.shape[:-{count}]" if count else f"{t.name}.shape"
            if source:
                out.check("_leading", f'"{t.name}"', found, "lead_shape", f'"{source}"')
            else:
                source = t.name
                out.lines.append(Line(f"lead_shape = {found}", "lead_shape"))
    return source


def scalar_names(node: Node) -> set[str]:
    """Dimensions and hyperparameters in an expression."""
    return {str(n.data) for n in walk(node) if n.op in (Op.DIM, Op.HYPER)}


def _source(size: Node, out: Prologue) -> str:
    return out.bound.get(str(size.data), str(size.data)) if size.op is Op.DIM else scalar_text(size)


def _solve(out: Prologue, t: Tensor, at: int, size: Node, program: Program) -> None:
    """A dimension that occurs only in a compound size, c·D + k, is solved for; the size itself is checked after."""
    derived = {n for n, _ in program.derived}
    unknown = [n for n in dict.fromkeys(str(m.data) for m in walk(size) if m.op is Op.DIM) if n not in out.bound and n not in derived]
    if len(unknown) != 1:
        return
    name = unknown[0]
    divisor, rest = slope_of(size, dim(name)), substitute(size, {dim(name): ZERO})
    if divisor is None:
        return
    out.lines.append(Line(f"{local(name)} = {_quotient(f'{t.name}.shape[{at}]', neg(rest), divisor)}", local(name)))
    out.bound[name] = f"{name} of {t.name}"


def _quotient(size: str, shift: Node, divisor: Node) -> str:
    """`(size + shift) // divisor`."""
    if shift != ZERO:
        shown = scalar_text(shift, 5)
        size = f"{size} - {shown[1:]}" if shown.startswith("-") else f"{size} + {shown}"
    if divisor == ONE:
        return size
    return f"{f'({size})' if shift != ZERO else size} // {scalar_text(divisor, 6)}"
