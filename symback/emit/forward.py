"""`forward`: checks, one block of statements for each mode, what is returned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from symback.core.expr import Node
from symback.core.program import LEADING, Kind, Program, Role, Tensor
from symback.emit.bodies import with_leading
from symback.emit.docstrings import forward_docstring, indented
from symback.emit.identifiers import Names, names_of
from symback.emit.initialisers import default_text, distribution_text, numbers_text, type_hint
from symback.emit.layout import laid_out, signature, tuple_text
from symback.emit.modes import Mode, Result
from symback.emit.numpy_text import shape_text
from symback.emit.prologue import arguments_checked
from symback.emit.view import FunctionView


def forward_function(
    program: Program, modes: Sequence[Mode], called: str = "forward", doc: str = ""
) -> tuple[FunctionView, dict[str, None]]:
    """The function, and the helpers that it calls; `doc`: what it returns, where that is not the layer's value."""
    passed = [t for t in program.tensors if t.role is not Role.RANDOM]
    prologue = arguments_checked(program, passed)
    helpers = dict(prologue.helpers)
    blocks = {m.name: _block(program, m, helpers) for m in modes}
    inner, names = [], Names(("mode",) if len(modes) > 1 else ())
    for m in modes[:-1]:
        inner += [f'if mode == "{m.name}":', *(f"    {line}" for line in blocks[m.name].lines)]
        names = names.then(blocks[m.name].names)
    inner += blocks[modes[-1].name].lines
    names = names.then(blocks[modes[-1].name].names)
    types = _element_types(program, [t for t in passed if t.kind is Kind.FLOAT], names.free, helpers)
    body = [*_refusals(program, modes), *prologue.needed(names_of(types).then(names).free), *types, *inner]
    keywords = [f"{h.name}: {type_hint(h.default)} = {default_text(h.default)}" for h in program.hyperparameters]
    if len(modes) > 1:
        keywords.append(f'mode: str = "{modes[0].name}"')
    if any(t.role is Role.RANDOM for t in program.tensors):  # drawn or not: what cancels is a matter of the formula
        keywords.append("rng: np.random.Generator | None = None")
    arguments = [*(f"{t.name}: np.ndarray" for t in passed), *(["*"] if keywords else []), *keywords]
    sealed = list(dict.fromkeys(name for m in modes for name, yes in zip(m.outputs, m.text.sealed, strict=True) if yes))
    listed = {m.name: (*m.formulas.forward, *m.formulas.backward) if doc else m.formulas.forward for m in modes}
    words = indented(forward_docstring(program, listed, sealed, doc))
    return FunctionView(tuple(signature(called, arguments, _returns(program, modes))), words, tuple(laid_out(body))), helpers


def states(program: Program) -> list[Tensor]:
    """The tensors that are carried from call to call."""
    return [t for t in program.tensors if t.role is Role.STATE]


def _returns(program: Program, modes: Sequence[Mode]) -> str:
    parts = [" | ".join(dict.fromkeys(m.returned or "np.ndarray" for m in modes))]
    if modes[0].cache:
        parts.append(" | ".join(m.cache for m in modes))
    if states(program):
        parts.append("State")
    return parts[0] if len(parts) == 1 else f"tuple[{', '.join(parts)}]"


def _refusals(program: Program, modes: Sequence[Mode]) -> list[str]:
    """A mode that does not exist, a generator that is missing."""
    out = []
    if len(modes) > 1:
        names = ", ".join(f'"{m.name}"' for m in modes)
        known = ", ".join(m.name for m in modes)
        out += [f"if mode not in ({names}):", f'    raise ValueError(f"mode is {{mode!r}}, expected one of {known}")']
    drawing = [m.name for m in modes if m.derivation.body.random]
    if drawing:
        test = ""
        if len(drawing) < len(modes):
            test = " and " + (
                f'mode == "{drawing[0]}"' if len(drawing) == 1 else f"mode in {tuple_text([repr(n) for n in drawing])}".replace("'", '"')
            )
        message = f"{program.name} draws random numbers: pass rng=np.random.default_rng(seed)"
        out = [f"if rng is None{test}:", f'    raise ValueError("{message}")', *out]
    return out


def _element_types(program: Program, floats: Sequence[Tensor], read: Sequence[str], helpers: dict[str, None]) -> list[str]:
    """What is returned in which type, and the type of the work, which all is brought to first: what the arguments promote to, half
    precision in single."""
    out = []
    worked = [t.name for t in floats if t.name in read]
    if worked or "result_dtype" in read or "dtype" in read:
        out.append(f"result_dtype = np.result_type({', '.join(t.name for t in floats)})" if floats else "result_dtype = np.dtype(float)")
    if "grad_dtypes" in read:
        out.append(f"grad_dtypes = {tuple_text([f'{t.name}.dtype' for t in program.tensors if t.name in program.wrt])}")
    if "state_dtypes" in read:
        out.append(f"state_dtypes = {tuple_text([f'{t.name}.dtype' for t in states(program)])}")
    if worked or "dtype" in read:
        out.append("dtype = np.promote_types(result_dtype, np.float32)")
    if len(worked) == 1:
        out.append(f"{worked[0]} = {worked[0]}.astype(dtype, copy=False)")
    elif worked:
        helpers.setdefault("_worked")
        names = ", ".join(worked)
        out.append(f"{names} = _worked(dtype, {names})")
    return out


@dataclass(frozen=True, slots=True)
class _Block:
    """Statements and their names."""

    lines: list[str]
    names: Names


def _block(program: Program, m: Mode, helpers: dict[str, None]) -> _Block:
    """The statements of one mode, with its return."""
    helpers |= dict.fromkeys(m.text.helpers)
    tensors = {t.name: t for t in program.tensors}
    lines: list[str] = []
    results = [_returned(text, r) for r, text in zip(m.results, m.text.outputs, strict=True)]
    for k, sealed in enumerate(m.text.sealed):
        if sealed:
            helpers.setdefault("_sealed")
            results[k] = f"_sealed({results[k]})"
    returned = f"{m.returned}({', '.join(results)})"
    alone = not m.cache and not states(program)
    if m.cache:
        lines.append(f"cache = {m.cache}({', '.join([*m.text.kept, 'grad_dtypes'])})")
    if m.returned and not alone:
        lines.append(f"outputs = {returned}")
    parts = results if not m.returned else [returned] if alone else ["outputs"]
    if m.cache:
        parts = [*parts, "cache"]
    if states(program):
        lines.append(f"state = State({', '.join(_next_state(t, k, m) for k, t in enumerate(states(program)))})")
        parts = [*parts, "state"]
    value = f"return {', '.join(parts)}"
    if len(value) + 8 > 88 and not m.returned:
        lines.append(f"output = {results[0]}")
        value = f"return {', '.join(['output', *parts[1:]])}"
    lines.append(value)
    names = m.text.names.then(names_of(lines))
    draws = [_draw(tensors[name], name in names.free) for name in m.derivation.body.random]
    return _Block([*draws, *m.text.forward, *lines], names_of(draws).then(names))


def _draw(t: Tensor, read: bool) -> str:
    """A draw. One that nothing is left to read is made all the same: the draws after it get the numbers that they had."""
    shape = shape_text(t.shape)
    return f"{t.name} = np.asarray({distribution_text(t.init, shape)}, dtype)" if read else numbers_text(t.init, shape)


def _returned(text: str, r: Result) -> str:
    """An output in its shape and element type."""
    leading: tuple[Node, ...] | None = tuple(a.args[0] for a in r.axes[1:]) if r.axes and r.axes[0].args[0].data == LEADING else None
    if leading is not None:
        text = with_leading(text, leading)
    if r.kind is Kind.FLOAT:
        return f"np.asarray({text}, result_dtype)"
    return text if r.axes else f"np.asarray({text})"


def _next_state(t: Tensor, which: int, m: Mode) -> str:
    """A state's next value in the shape and type of the state."""
    function, text = ("np.asarray", m.text.updates[t.name]) if t.name in m.text.updates else ("np.array", t.name)
    return f"{function}({with_leading(text, t.shape[1:]) if t.leading else text}, state_dtypes[{which}])"
