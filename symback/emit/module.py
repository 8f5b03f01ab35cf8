"""A derived layer as a module: imports, classes, functions, formulas, helpers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symback import __version__
from symback.calculus.derive import Derivation
from symback.core.program import Program
from symback.emit.backward import backward_function
from symback.emit.bodies import body_text
from symback.emit.docstrings import module_docstring
from symback.emit.forward import forward_function, states
from symback.emit.identifiers import taken_names
from symback.emit.initialisers import initialisers
from symback.emit.modes import Mode
from symback.emit.naming import Taken
from symback.emit.view import ModuleView, TupleView
from symback.functions.kernels import KernelSource, needed
from symback.lower.module import lower_body
from symback.report import formulas


def module_view(program: Program, derivations: Mapping[str, Derivation]) -> ModuleView:
    """Every string of the module."""
    taken = Taken(taken_names(program) | {d.name for v in derivations.values() for d in v.body.definitions})
    modes = [_mode(program, name, derivations, taken) for name in derivations]
    forward, helpers = forward_function(program, modes)
    functions, tuples = [forward], []
    for name, outputs in {m.returned: m.outputs for m in modes if len(m.outputs) > 1}.items():
        tuples.append(_arrays(name, "What forward returns.", outputs))
    if states(program):
        tuples.append(_arrays("State", "The next states.", [t.name for t in states(program)]))
    if program.wrt:
        backward, caches, more = backward_function(program, modes)
        functions.append(backward)
        helpers = helpers | more
        tuples += [_arrays("Gradients", "What backward returns.", [t.name for t in program.tensors if t.name in program.wrt]), *caches]
    functions += initialisers(program)
    own = {f.spelling.name: KernelSource(f.spelling.name, f.source, (), ()) for f in program.functions.values() if f.source}
    kernels = [*(own[h] for h in helpers if h in own), *needed([h for h in helpers if h.startswith("_") and h not in own])]
    body = "\n".join([*(line for f in functions for line in f.body), *(k.text for k in kernels)])
    return ModuleView(
        _header(program),
        module_docstring(program, derivations),
        _imports(body, kernels, bool(tuples), "sliding_window_view" in helpers),
        tuple(tuples),
        tuple(functions),
        tuple(_latex(program, modes)),
        tuple(k.text for k in kernels),
    )


def _mode(program: Program, name: str, derivations: Mapping[str, Derivation], taken: Taken) -> Mode:
    derivation = derivations[name]
    text = body_text(program, lower_body(program, derivation.body, derivation.adjoint))
    own = name.title().replace("_", "")
    alike = all(d.body.outputs == derivation.body.outputs for d in derivations.values())
    cache = "Cache" if len(derivations) == 1 else taken.free(f"{own}Cache")
    returned = "Outputs" if alike else taken.free(f"{own}Outputs")
    return Mode(name, derivation, text, formulas.of_mode(derivation), cache, returned)


def _arrays(name: str, doc: str, fields: Sequence[str]) -> TupleView:
    return TupleView(name, doc, tuple((f, "np.ndarray") for f in fields))


def _header(program: Program) -> tuple[str, ...]:
    source = f"sha256 {program.digest[:16]}" if program.digest else "Python objects"
    return (
        f"# Made by symback {__version__} from the layer {program.name} ({source}).",
        "# Change the layer and compile it again, rather than this file.",
    )


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


def _latex(program: Program, modes: Sequence[Mode]) -> list[tuple[str, str]]:
    out: dict[str, str] = {}
    for m in modes:
        for key, line in formulas.printed(program, m.derivation, m.formulas).items():
            out.setdefault(key, line)
    return [(_quoted(k), _quoted(v)) for k, v in out.items()]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
