"""`backward`: one block of statements for each mode, and the classes of what forward keeps."""

from __future__ import annotations

from collections.abc import Sequence

from symback.core.program import Program
from symback.emit.docstrings import backward_docstring, indented
from symback.emit.identifiers import local
from symback.emit.initialisers import type_hint
from symback.emit.layout import INDENT, WIDTH, laid_out, signature
from symback.emit.modes import Mode, all_outputs
from symback.emit.view import FunctionView, TupleView


def backward_function(program: Program, modes: Sequence[Mode]) -> tuple[FunctionView, list[TupleView], dict[str, None]]:
    """The function, the cache classes, and the helpers that it calls."""
    helpers: dict[str, None] = {}
    for m in modes:
        helpers |= dict.fromkeys(m.text.helpers)
    helpers.setdefault("_kept")
    if len(program.wrt) > 1:
        helpers.setdefault("_typed")
    kinds = modes[0].cache if len(modes) == 1 else f"({', '.join(m.cache for m in modes)})"
    body = [f"_kept(cache, {kinds})"]
    for m in modes[:-1]:
        body += [f"if isinstance(cache, {m.cache}):", *(f"    {line}" for line in _block(m, 4))]
    body += _block(modes[-1])
    doc = indented(backward_docstring(program, {m.name: m.formulas.backward for m in modes}))
    function = FunctionView(tuple(signature("backward", _arguments(modes), "Gradients")), doc, tuple(laid_out(body)))
    return function, [_cache_class(program, m) for m in modes], helpers


def _arguments(modes: Sequence[Mode]) -> list[str]:
    """The cache, and one upstream gradient an output."""
    upstream = {o: name for m in reversed(modes) for o, name in m.derivation.adjoint.upstream.items()}
    definitions = {d.name: d for m in reversed(modes) for d in m.derivation.body.definitions}
    outputs = all_outputs(modes)
    default = " = 1.0" if all(not definitions[o].axes for o in upstream) else ""
    out = [f"cache: {' | '.join(m.cache for m in modes)}"]
    for o in outputs:
        if o not in upstream:
            out.append(f"d{o}: None = None" if default or all(p not in upstream for p in outputs[outputs.index(o) :]) else f"d{o}: None")
            continue
        kind = "np.ndarray" if definitions[o].axes else "np.ndarray | float"
        only_some = " = None" if not default and any(o not in m.outputs for m in modes) else default
        out.append(f"{upstream[o]}: {kind}{' | None' if len(outputs) > 1 else ''}{only_some}")
    return out


def _block(m: Mode, deeper: int = 0) -> list[str]:
    fields = [*m.text.kept, "grad_dtypes"]
    gradients = m.text.gradients
    unpack = [f"({fields[0]},) = cache" if len(fields) == 1 else f"{', '.join(fields)} = cache"]
    if len(unpack[0]) + deeper + INDENT > WIDTH:
        unpack = ["(", *(f"    {name}," for name in fields), ") = cache"]
    lines = [*unpack, *m.text.backward]
    if len(gradients) == 1:
        return [*lines, f"return Gradients(np.asarray({gradients[0]}, grad_dtypes[0]))"]
    return [*lines, f"gradients = ({', '.join(gradients)})", "return Gradients(*_typed(gradients, grad_dtypes))"]


def _cache_class(program: Program, m: Mode) -> TupleView:
    hints = {local(d): "int" for d in (*program.dims, *(n for n, _ in program.derived))}
    hints |= {"lead_size": "int", "grad_dtypes": "tuple", "dtype": "np.dtype", "lead_shape": "tuple"}
    hints |= {h.name: type_hint(h.default) for h in program.hyperparameters}
    hints |= dict.fromkeys(m.text.sizes, "int")
    fields = tuple((f, hints.get(f, "np.ndarray")) for f in (*m.text.kept, "grad_dtypes"))
    return TupleView(m.cache, "What forward keeps for backward.", fields)
