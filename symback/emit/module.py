"""A derived layer as a module: imports, classes, functions, formulas, helpers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from symback import __version__
from symback.calculus.derive import Derivation
from symback.core.program import Program
from symback.emit.backward import backward_function
from symback.emit.bodies import body_text
from symback.emit.docstrings import module_docstring
from symback.emit.forward import forward_function, states
from symback.emit.identifiers import taken_names
from symback.emit.initialisers import initialisers
from symback.emit.modes import Mode, outputs_of
from symback.emit.naming import Taken
from symback.emit.view import FunctionView, ModuleView, TupleView
from symback.functions.kernels import KernelSource, needed
from symback.lower.module import lower_body
from symback.report import formulas

_STANDARD = {"import itertools", "import math"}
"""Import lines of the standard library that helpers need."""


def module_view(program: Program, derivations: Mapping[str, Derivation]) -> ModuleView:
    """Every string of the module."""
    taken = Taken(taken_names(program) | {d.name for v in derivations.values() for d in v.body.definitions})
    modes = [_mode(program, name, derivations, taken) for name in derivations]
    forward, helpers = forward_function(program, modes)
    functions, tuples = [forward], []
    for name, outputs in {m.returned: m.outputs for m in modes if m.returned}.items():
        tuples.append(_arrays(name, "What forward returns.", outputs))
    if states(program):
        tuples.append(_arrays("State", "The next states.", [t.name for t in states(program)]))
    if program.wrt:
        backward, caches, more = backward_function(program, modes)
        functions.append(backward)
        helpers = helpers | more
        tuples += [_arrays("Gradients", "What backward returns.", [t.name for t in program.tensors if t.name in program.wrt]), *caches]
    functions += initialisers(program)
    return with_functions(
        ModuleView(_header(program), module_docstring(program, derivations), (), (), (), (), ()),
        program,
        functions,
        tuples,
        [pair for m in modes for pair in formulas.printed(program, m.derivation, m.formulas).items()],
        helpers,
    )


def with_functions(
    view: ModuleView,
    program: Program,
    functions: Sequence[FunctionView],
    tuples: Sequence[TupleView],
    latex: Iterable[tuple[str, str]],
    helpers: Iterable[str],
) -> ModuleView:
    """The module with further functions, the classes that they return, the LaTeX of their formulas and the helpers that they call."""
    functions, tuples = (*view.functions, *functions), (*view.tuples, *tuples)
    own = {
        f.spelling.name: KernelSource(f.spelling.name, f.source, (), (), takes_out=False) for f in program.functions.values() if f.source
    }
    names = tuple(dict.fromkeys((*view.called, *helpers)))
    kernels = [*(own[h] for h in names if h in own), *needed([h for h in names if h.startswith("_") and h not in own])]
    body = "\n".join([*(line for f in functions for line in f.body), *(k.text for k in kernels)])
    known = dict(view.formulas)
    for key, line in latex:
        known.setdefault(_quoted(key), _quoted(line))
    return replace(
        view,
        imports=_imports(body, kernels, bool(tuples), "sliding_window_view" in names),
        tuples=tuples,
        functions=functions,
        formulas=tuple(known.items()),
        helpers=tuple(k.text for k in kernels),
        called=names,
    )


def _mode(program: Program, name: str, derivations: Mapping[str, Derivation], taken: Taken) -> Mode:
    derivation = derivations[name]
    text = body_text(program, lower_body(program, derivation.body, derivation.adjoint))
    own = name.title().replace("_", "")
    alike = all(d.body.outputs == derivation.body.outputs for d in derivations.values())
    cache = "" if not program.wrt else "Cache" if len(derivations) == 1 else taken.free(f"{own}Cache")
    returned = "Outputs" if alike else taken.free(f"{own}Outputs")
    results = outputs_of(derivation)
    return Mode(name, derivation, text, formulas.of_mode(derivation), cache, returned if len(results) > 1 else "", results)


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
    needed = {i for k in kernels for i in k.imports}
    third += sorted(needed - {*standard, *_STANDARD})
    standard = sorted({*standard, *(needed & _STANDARD)}, key=lambda line: (not line.startswith("import "), line))
    return tuple(tuple(b) for b in (standard, third) if b)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
