"""A derived layer as a module: docstrings, checks, forward, backward, and the helpers that they use."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from symback import __version__
from symback.calculus.derive import Derivation
from symback.core.expr import Op, walk
from symback.core.expr import text as written
from symback.core.program import LEADING, Distribution, Kind, Program, Role, Tensor
from symback.emit.functions import BodyText, arguments_checked, body_text, declared_shape, default_text, distribution_text, free_names, with_leading
from symback.emit.numpy_text import scalar_text
from symback.emit.view import FunctionView, ModuleView, TupleView
from symback.functions import TABLE
from symback.functions.kernels import KernelSource, needed
from symback.lower.module import lower_body
from symback.report import formulas

WIDTH = 88


@dataclass(frozen=True, slots=True)
class _Mode:
    name: str
    derivation: Derivation
    text: BodyText
    cache: str


def module_view(program: Program, derivations: Mapping[str, Derivation]) -> ModuleView:
    """Every string of the module."""
    modes = []
    for name, derivation in derivations.items():
        text = body_text(program, lower_body(program, derivation.body, derivation.adjoint))
        modes.append(_Mode(name, derivation, text, "Cache" if len(derivations) == 1 else f"{name.title().replace('_', '')}Cache"))
    functions, tuples, helpers = [], [], {}
    forward, forward_helpers = _forward(program, modes)
    functions.append(forward)
    helpers |= forward_helpers
    if len(_outputs(modes)) > 1:
        tuples.append(TupleView("Outputs", "What forward returns.", tuple((o, "np.ndarray") for o in _outputs(modes))))
    if _states(program):
        tuples.append(TupleView("State", "The next states.", tuple((t.name, "np.ndarray") for t in _states(program))))
    if program.wrt:
        backward, caches, backward_helpers = _backward(program, modes)
        functions.append(backward)
        helpers |= backward_helpers
        tuples.append(TupleView("Gradients", "What backward returns.", tuple((n, "np.ndarray") for n in _wrt(program))))
        tuples += caches
    functions += _initialisers(program)
    own = {f.spelling.name: KernelSource(f.spelling.name, f.source, (), ()) for f in program.functions.values() if f.source}
    kernels = [*(own[h] for h in helpers if h in own), *needed([h for h in helpers if h.startswith("_") and h not in own])]
    body = "\n".join([*(line for f in functions for line in f.body), *(k.text for k in kernels)])
    return ModuleView(
        _header(program),
        _docstring(program, derivations),
        _imports(body, kernels, bool(tuples), "sliding_window_view" in helpers),
        tuple(tuples),
        tuple(functions),
        tuple(_latex(program, derivations)),
        tuple(k.text for k in kernels),
    )


def _outputs(modes: Sequence[_Mode]) -> tuple[str, ...]:
    return modes[0].derivation.body.outputs


def _states(program: Program) -> list[Tensor]:
    return [t for t in program.tensors if t.role is Role.STATE]


def _wrt(program: Program) -> list[str]:
    return [t.name for t in program.tensors if t.name in program.wrt]


def _header(program: Program) -> tuple[str, ...]:
    source = f"sha256 {program.digest[:16]}" if program.digest else "Python objects"
    return (f"# Made by symback {__version__} from the layer {program.name} ({source}).", "# Change the layer and compile it again, rather than this file.")


def _docstring(program: Program, derivations: Mapping[str, Derivation]) -> tuple[str, ...]:
    doc = _harmless(program.doc).strip()
    lines = textwrap.wrap(f"{program.name}: {' '.join(doc.split())}" if doc else f"{program.name}.", WIDTH - 4) or [program.name]
    lines = [line.rstrip() for line in lines]
    conventions = _conventions(derivations)
    if conventions:
        lines += ["", "Conventions:"]
        for c in conventions:
            lines += textwrap.wrap(c, WIDTH - 4, initial_indent="* ", subsequent_indent="  ")
    if len(lines) > 1 or lines[-1].endswith('"'):
        lines.append("")
    return tuple(lines)


def _harmless(text: str) -> str:
    """Text that cannot end a docstring or a comment, nor escape from it."""
    return "".join(c if c.isprintable() or c in "\n" else " " for c in text).replace("\\", "\\\\").replace('"""', "'''")


def _conventions(derivations: Mapping[str, Derivation]) -> list[str]:
    found: dict[str, None] = {}
    for derivation in derivations.values():
        for d in derivation.body.definitions:
            for equation in d.equations:
                for n in walk(equation.value):
                    if n.op is Op.CALL and n.data in TABLE and TABLE[n.data].convention:
                        found.setdefault(TABLE[n.data].convention)
    for derivation in derivations.values():
        for c in derivation.conventions:
            found.setdefault(c)
    return list(found)


def _imports(body: str, kernels: Sequence, tuples: bool, windows: bool) -> tuple[tuple[str, ...], ...]:
    standard = []
    if "math." in body:
        standard.append("import math")
    if tuples:
        standard.append("from typing import NamedTuple")
    third = ["import numpy as np"]
    if windows:
        third.append("from numpy.lib.stride_tricks import sliding_window_view")
    third += sorted({i for k in kernels for i in k.imports if i not in standard and not i.startswith("import math")})
    standard += sorted({i for k in kernels for i in k.imports if i.startswith("import math")} - set(standard))
    return tuple(tuple(b) for b in (standard, third) if b)


def _call(prefix: str, arguments: Sequence[str], suffix: str = ")") -> list[str]:
    """`prefix(a, b)` on one line where it fits, else an argument a line."""
    line = f"{prefix}{', '.join(arguments)}{suffix}"
    if len(line) + 4 <= WIDTH:
        return [line]
    return [prefix, *(f"    {a}," for a in arguments), suffix]


# ---------------------------------------------------------------------------------------------- forward


def _forward(program: Program, modes: Sequence[_Mode]) -> tuple[FunctionView, dict[str, None]]:
    passed = [t for t in program.tensors if t.role is not Role.RANDOM]
    prologue = arguments_checked(program, passed)
    draws = any(m.derivation.body.random for m in modes)
    arguments = [f"{t.name}: np.ndarray" for t in passed]
    keywords = [f"{h.name}: {_hint(h.default)} = {default_text(h.default)}" for h in program.hyperparameters]
    if len(modes) > 1:
        keywords.append(f'mode: str = "{modes[0].name}"')
    if draws:
        keywords.append("rng: np.random.Generator | None = None")
    returns = _return_type(program, modes)
    signature = _signature("forward", [*arguments, *(["*"] if keywords else []), *keywords], returns)
    body: list[str] = list(prologue.lines)
    helpers = dict(prologue.helpers)
    floats = [t.name for t in passed if t.kind is Kind.FLOAT]
    inner: list[str] = []
    dtype = [f"dtype = np.result_type({', '.join(floats)})" if floats else "dtype = np.dtype(float)"]
    ranges = {}
    for m in modes:
        lines, used = _mode_forward(program, m)
        helpers |= used
        ranges[m.name] = lines
        if len(modes) == 1:
            inner = lines
        else:
            inner += [f'if mode == "{m.name}":', *(f"    {line}" for line in lines)]
    if len(modes) > 1:
        names = ", ".join(f'"{m.name}"' for m in modes)
        body = [f"if mode not in ({names}):", f"    raise ValueError(f\"mode is {{mode!r}}, expected one of {', '.join(m.name for m in modes)}\")", *body]
        inner = inner[: -len(ranges[modes[-1].name]) - 1] + ranges[modes[-1].name]
    if draws:
        message = f"{program.name} draws random numbers: pass rng=np.random.default_rng(seed)"
        needs = [m.name for m in modes if m.derivation.body.random]
        if len(needs) == len(modes):
            body = ["if rng is None:", f'    raise ValueError("{message}")', *body]
        else:
            test = " or ".join(f'mode == "{n}"' for n in needs)
            body = [f"if rng is None and {test}:" if len(needs) == 1 else f"if rng is None and ({test}):", f'    raise ValueError("{message}")', *body]
    rest = set(free_names(inner))
    if "dtype" in rest:
        body += dtype
    body = _needed_bindings(body, inner)
    doc = _forward_doc(program, modes)
    return FunctionView(tuple(signature), _indented(doc), tuple([*body, *inner])), helpers


def _indented(doc: Sequence[str]) -> tuple[str, ...]:
    """Docstring lines as they stand in a function: all but the first indented, empty ones empty."""
    return tuple(f"    {line}" if k and (line or k == len(doc) - 1) else line for k, line in enumerate(doc))


def _needed_bindings(body: list[str], inner: list[str]) -> list[str]:
    """The prologue without bindings of sizes that nothing reads."""
    kept = list(body)
    changed = True
    while changed:
        changed = False
        for k in range(len(kept) - 1, -1, -1):
            name, equals, value = kept[k].partition(" = ")
            single = equals and name.isidentifier() and (".shape[" in value or "//" in value or "_tensor(" not in value and value.replace(" ", "").replace("*", "").replace("+", "").replace("-", "").isalnum())
            several = equals and "," in name and value.endswith(".shape")
            if not (single or several) or kept[k].startswith(" "):
                continue
            after = set(free_names(_dedented(kept[k + 1 :] + inner)))
            names = [n.strip() for n in name.split(",")]
            if not any(n in after for n in names):
                del kept[k]
                changed = True
                break
    return kept


def _dedented(lines: list[str]) -> list[str]:
    return ["if True:", *(f"    {line}" for line in lines)] if lines and lines[0].startswith(" ") else lines


def _hint(value: object) -> str:
    return "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"


def _return_type(program: Program, modes: Sequence[_Mode]) -> str:
    first = "np.ndarray" if len(_outputs(modes)) == 1 else "Outputs"
    parts = [first]
    if program.wrt:
        parts.append(" | ".join(m.cache for m in modes))
    if _states(program):
        parts.append("State")
    return parts[0] if len(parts) == 1 else f"tuple[{', '.join(parts)}]"


def _signature(name: str, arguments: Sequence[str], returns: str) -> list[str]:
    line = f"def {name}({', '.join(arguments)}) -> {returns}:"
    if len(line) <= WIDTH:
        return [line]
    inner = f"    {', '.join(arguments)}"
    if len(inner) <= WIDTH:
        return [f"def {name}(", inner, f") -> {returns}:"]
    return [f"def {name}(", *(f"    {a}," for a in arguments), f") -> {returns}:"]


def _mode_forward(program: Program, m: _Mode) -> tuple[list[str], dict[str, None]]:
    helpers = dict.fromkeys(m.text.helpers)
    lines: list[str] = []
    by_name = {t.name: t for t in program.tensors}
    for name in m.derivation.body.random:
        t = by_name[name]
        shape = "(" + ", ".join(scalar_text(s) for s in t.shape) + ("," if len(t.shape) == 1 else "") + ")"
        lines.append(f"{name} = {distribution_text(t.init, shape)}.astype(dtype)")
    for check in m.derivation.range_checks:
        helpers.setdefault("_range")
        lines.append(check)
    lines += m.text.forward
    results = []
    definitions = {d.name: d for d in m.derivation.body.definitions}
    for name, text in zip(m.derivation.body.outputs, m.text.outputs, strict=True):
        d = definitions[name]
        if d.axes and d.axes[0].args[0].data == LEADING:
            text = with_leading(text, tuple(a.args[0] for a in d.axes[1:]))
        elif not d.axes:
            text = f"np.asarray({text})"
        results.append(text)
    parts: list[str] = []
    if len(results) == 1:
        parts.append(results[0])
    else:
        lines += _call("outputs = Outputs(", results)
        parts.append("outputs")
    if program.wrt:
        fields = [*m.text.kept, "dtypes"]
        lines += _call("dtypes = (", [f"{n}.dtype" for n in _wrt(program)], ",)" if len(_wrt(program)) == 1 else ")")
        lines += _call(f"cache = {m.cache}(", fields)
        parts.append("cache")
    if _states(program):
        updates = [_state_text(t, m.text.updates) for t in _states(program)]
        if any(u.startswith("_own") for u in updates):
            helpers.setdefault("_own")
        lines += _call("state = State(", updates)
        parts.append("state")
    lines.append(f"return {', '.join(parts)}")
    return lines, helpers


def _state_text(t: Tensor, updates: Mapping[str, str]) -> str:
    """A state's next value in the shape and dtype of the state."""
    text = f"_own({updates[t.name]}, {t.name}.dtype)" if t.name in updates else f"{t.name}.copy()"
    return with_leading(text, t.shape[1:]) if t.leading else text


def _forward_doc(program: Program, modes: Sequence[_Mode]) -> tuple[str, ...]:
    lines = ["The layer's value" + (" and what backward needs." if program.wrt else "."), ""]
    lines.append("Args:")
    for t in program.tensors:
        if t.role is not Role.RANDOM:
            kind = "" if t.kind is Kind.FLOAT else f" of {'labels below ' + scalar_text(t.values) if t.values is not None else t.kind.value}"
            lines.append(f"    {t.name}: {t.role.value} {declared_shape(t)}{kind}.")
    for h in program.hyperparameters:
        lines.append(f"    {h.name}: {_hint(h.default)}, {default_text(h.default)} by default.")
    lines += ["", "Raises:", "    TypeError, ValueError: an argument does not fit; the message names it.", ""]
    for m in modes:
        lines += ["Formulas:" if len(modes) == 1 else f"Formulas ({m.name}):"]
        for f in formulas.forward_formulas(m.derivation):
            lines += _formula_lines(f)
    lines.append("")
    return tuple(lines)


def _formula_lines(f) -> list[str]:
    left = f"{f.name}[{', '.join(written(a) for a in f.axes)}]" if f.axes else f.name
    whole = f"{left} = {written(f.value)}".replace("\\", "\\\\")
    return textwrap.wrap(whole, WIDTH - 8, initial_indent="    ", subsequent_indent="        ", break_long_words=False, break_on_hyphens=False) or [whole]


# --------------------------------------------------------------------------------------------- backward


def _backward(program: Program, modes: Sequence[_Mode]) -> tuple[FunctionView, list[TupleView], dict[str, None]]:
    helpers: dict[str, None] = {}
    caches, blocks = [], []
    outputs = _outputs(modes)
    for m in modes:
        helpers |= dict.fromkeys(m.text.helpers)
        lines = _mode_backward(program, m, helpers)
        fields = [*m.text.kept, "dtypes"]
        hints = {"dtypes": "tuple", "dtype": "np.dtype", "lead": "tuple"}
        sizes = set(program.dims) | {n for n, _ in program.derived}
        hyper = {h.name: _hint(h.default) for h in program.hyperparameters}
        caches.append(
            TupleView(m.cache, "What forward keeps for backward.", tuple((f, hints.get(f, hyper.get(f, "int" if f in sizes or f == "rows" else "np.ndarray"))) for f in fields))
        )
        unpack = _call("(", fields, ") = cache") if len(", ".join(fields)) + 12 > WIDTH else [f"{', '.join(fields)} = cache" if len(fields) > 1 else f"({fields[0]},) = cache"]
        blocks.append([*unpack, *lines])
    scalar = {o: not next(d for d in modes[0].derivation.body.definitions if d.name == o).axes for o in outputs}
    upstream = modes[0].derivation.adjoint.upstream
    arguments = [f"cache: {' | '.join(m.cache for m in modes)}"]
    for o in outputs:
        if o in upstream:
            default = " = 1.0" if all(scalar.values()) else ""
            kind = "np.ndarray | None" if len(upstream) > 1 else "np.ndarray"
            arguments.append(f"{upstream[o]}: {kind if not scalar[o] else kind + ' | float'}{default}")
    helpers.setdefault("_kept")
    body: list[str] = [] if len(modes) == 1 else [f"_kept(cache, ({', '.join(m.cache for m in modes)}))"]
    for m, block in zip(modes, blocks, strict=True):
        if len(modes) == 1:
            body += [f"_kept(cache, {m.cache})"]
            body += block
        else:
            last = m is modes[-1]
            body += block if last else [f"if isinstance(cache, {m.cache}):", *(f"    {line}" for line in block)]
    doc = _backward_doc(program, modes)
    return FunctionView(tuple(_signature("backward", arguments, "Gradients")), _indented(doc), tuple(body)), caches, helpers


def _mode_backward(program: Program, m: _Mode, helpers: dict[str, None]) -> list[str]:
    results = list(m.text.gradients)
    lines = list(m.text.backward)
    line = _call("gradients = (", results, ",)" if len(results) == 1 else ")")
    if len(results) == 1:
        return [*lines, f"return Gradients(np.asarray({results[0]}, dtypes[0]))"] if len(results[0]) < 44 else [*lines, f"gradient = {results[0]}", "return Gradients(np.asarray(gradient, dtypes[0]))"]
    return [*lines, *line, "return Gradients(*map(np.asarray, gradients, dtypes))"]


def _backward_doc(program: Program, modes: Sequence[_Mode]) -> tuple[str, ...]:
    lines = ["The gradients by " + ", ".join(_wrt(program)) + ".", ""]
    for m in modes:
        lines += ["Formulas:" if len(modes) == 1 else f"Formulas ({m.name}):"]
        for f in formulas.backward_formulas(m.derivation):
            lines += _formula_lines(f)
    lines.append("")
    return tuple(lines)


def _latex(program: Program, derivations: Mapping[str, Derivation]) -> list[tuple[str, str]]:
    out: dict[str, str] = {}
    for derivation in derivations.values():
        for key, line in formulas.printed(program, derivation).items():
            out.setdefault(key, line)
    return [(_quoted(k), _quoted(v)) for k, v in out.items()]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


# ---------------------------------------------------------------------------------------------- init


def _initialisers(program: Program) -> list[FunctionView]:
    out = []
    for role, name, doc in ((Role.PARAM, "init_params", "Fresh parameters by name."), (Role.STATE, "init_state", "Fresh states by name.")):
        tensors = [t for t in program.tensors if t.role is role and t.init is not None]
        if not tensors:
            continue
        dims = list(dict.fromkeys(str(n.data) for t in tensors for part in (*t.shape, *t.init.arguments) for n in walk(part) if n.op is Op.DIM))
        derived = {n: v for n, v in program.derived}
        lines = []
        for d in [d for d in dims if d in derived]:
            lines.append(f"{d} = {scalar_text(derived[d])}")
            dims += [str(n.data) for n in walk(derived[d]) if n.op is Op.DIM and str(n.data) not in dims]
        dims = [d for d in dims if d not in derived]
        hypers = [h for h in program.hyperparameters if any(n.op is Op.HYPER and n.data == h.name for t in tensors for part in (*t.shape, *t.init.arguments) for n in walk(part))]
        lines.append("return {")
        leading = LEADING in dims
        dims = [d for d in dims if d != LEADING]
        for t in tensors:
            sizes = ["*lead" if s.data == LEADING else scalar_text(s) for s in t.shape]
            shape = "(" + ", ".join(sizes) + ("," if len(sizes) == 1 else "") + ")"
            lines.append(f'    "{t.name}": {_initial(t.init, shape)},')
        lines.append("}")
        first = ["rng: np.random.Generator", "*"] if role is Role.PARAM else ["*"]
        signature = _signature(name, [*first, "dtype: np.typing.DTypeLike = float", *(f"{d}: int" for d in dims), *(["lead: tuple[int, ...] = ()"] if leading else []), *(f"{h.name}: {_hint(h.default)} = {default_text(h.default)}" for h in hypers)], "dict[str, np.ndarray]")
        out.append(FunctionView(tuple(signature), (doc,), tuple(lines)))
    return out


def _initial(d: Distribution, shape: str) -> str:
    if d.name == "constant":
        value = scalar_text(d.arguments[0])
        return {"0": f"np.zeros({shape}, dtype)", "1": f"np.ones({shape}, dtype)"}.get(value, f"np.full({shape}, {value}, dtype)")
    return f"{distribution_text(d, shape)}.astype(dtype)"
