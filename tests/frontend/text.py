"""A resolved program as text, for tests to compare."""

from __future__ import annotations

from symback.core.expr import Node, text
from symback.core.program import Body, Definition, Program


def program_text(program: Program) -> str:
    """Tensors, then each mode's definitions with their axes, starts and values."""
    out = [
        f"dims: {', '.join(program.dims)}",
        *(f"{name} = {text(value)}" for name, value in program.derived),
        f"wrt: {', '.join(program.wrt)}",
    ]
    out += [f"assume: {text(a)}" for a in program.assumptions]
    for t in program.tensors:
        extra = [t.kind.value] + ([f"values {text(t.values)}"] if t.values is not None else []) + ([f"also {t.also}"] if t.also else [])
        extra += [f"outside {text(t.outside)}"] if t.outside is not None else []
        extra += [f"{t.init.name}({_list(t.init.arguments)})"] if t.init is not None else []
        out.append(f"{t.role.value} {t.name}[{_list(t.shape)}] {' '.join(extra)}")
    for mode, body in program.bodies.items():
        out += _body(mode, body)
    return "\n".join(out) + "\n"


def _body(mode: str, body: Body) -> list[str]:
    out = [f"mode {mode}: {', '.join(body.outputs)}" + "".join(f"; {s} becomes {d}" for s, d in body.updates.items())]
    out += [f"  draws {', '.join(body.random)}"] if body.random else []
    for group in body.groups:
        if group.recurrent:
            out.append(f"  recurrent{_directions(group.backward)} {group.steps}")
        for d in group.definitions:
            out += _definition(d, "    " if group.recurrent else "  ")
    return out


def _definition(d: Definition, indent: str) -> list[str]:
    ranges = ", ".join(f"{text(a)} < {text(a.args[0])}" for a in d.axes)
    extra = f" values {text(d.values)}" if d.values is not None else ""
    extra += f" outside {text(d.outside)}" if d.outside is not None else ""
    extra += f" low {d.low}" if any(d.low) else ""
    extra += f" high {d.high}" if any(d.high) else ""
    out = [f"{indent}{d.name}[{ranges}] {d.kind.value} {d.section.value}{extra}"]
    return out + [f"{indent}  [{_list(q.lhs)}]: {text(q.value)}" for q in d.equations]


def _list(nodes: tuple[Node, ...]) -> str:
    return ", ".join(text(n) for n in nodes)


def _directions(backward: tuple[bool, ...]) -> str:
    """Which of the step axes, outermost first, run backward."""
    late = [str(k) for k, b in enumerate(backward) if b]
    return "" if not late else " backward" if len(late) == len(backward) else f" backward in {', '.join(late)}"
