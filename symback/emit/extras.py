"""Further functions of a module: directional derivatives of the outputs and of the gradients, and the Hessian's diagonal.

Each is a function of its own, straight through what `emit.derivatives` derives, and goes through the same stages as forward.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symback.calculus.derive import Derivation
from symback.core.diagnostics import Diagnostic, LayerError
from symback.core.program import Program
from symback.emit.bodies import body_text
from symback.emit.derivatives import Derivatives, hessian_diagonal, hessian_product, ordered, slopes
from symback.emit.forward import forward_function
from symback.emit.modes import Mode
from symback.emit.module import with_functions
from symback.emit.view import ModuleView, TupleView
from symback.report import formulas


@dataclass(frozen=True, slots=True)
class Extra:
    """A function to add: its name, the class that it returns, the fields of that, its docstring's first line."""

    name: str
    result: str
    fields: tuple[str, ...]
    doc: str


def with_extras(view: ModuleView, program: Program, derivations: Mapping[str, Derivation], names: tuple[str, ...]) -> ModuleView:
    """The module with the functions that `names` asks for: `jvp`, `hvp`, `hessian-diagonal`.

    Raises:
        LayerError: the layer has no derivative of that kind that can be written down.
    """
    if names and not program.wrt:
        raise LayerError(Diagnostic("E907", f"`{program.name}` is not differentiated: `wrt` is empty", mend="leave --with away"))
    for name in names:
        view = _MAKERS[name](view, program, derivations)
    return view


def _with_jvp(view: ModuleView, program: Program, derivations: Mapping[str, Derivation]) -> ModuleView:
    made = slopes(program, derivations)
    fields = next(iter(made.of.values()))
    return _added(view, made, Extra("jvp", "Tangents", fields, f"The derivatives of the outputs along {_along(program, made)}."))


def _with_hvp(view: ModuleView, program: Program, derivations: Mapping[str, Derivation]) -> ModuleView:
    made = hessian_product(program, derivations)
    words = f"The derivatives of the gradients along {_along(program, made)}."
    return _added(view, made, Extra("hvp", "HessianProduct", ordered(program), words))


def _with_diagonal(view: ModuleView, program: Program, derivations: Mapping[str, Derivation]) -> ModuleView:
    made = hessian_diagonal(program, derivations)
    words = "The second derivatives by each element, twice the same."
    return _added(view, made, Extra("hessian_diagonal", "HessianDiagonal", ordered(program), words))


_MAKERS = {"jvp": _with_jvp, "hvp": _with_hvp, "hessian-diagonal": _with_diagonal}


def _along(program: Program, made: Derivatives) -> str:
    return ", ".join(made.names[w] for w in program.wrt)


def _added(view: ModuleView, made: Derivatives, extra: Extra) -> ModuleView:
    modes = []
    for name, lowered in made.lowered.items():
        text = body_text(made.program, lowered)
        modes.append(
            Mode(name, made.derivations[name], text, formulas.of_mode(made.derivations[name]), "", extra.result, made.results(name))
        )
    function, helpers = forward_function(made.program, modes, extra.name, extra.doc)
    result = TupleView(extra.result, f"What {extra.name} returns.", tuple((f, "np.ndarray") for f in extra.fields))
    latex = [pair for m in modes for pair in formulas.printed(made.program, m.derivation, m.formulas, made.symbols).items()]
    return with_functions(view, made.program, [function], [result], latex, helpers)
