"""Further functions of a module: directional derivatives of the outputs and of the gradients, and the Hessian's diagonal.

Each is the forward of a program that is derived from the layer's own and goes through the same stages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symback.calculus.cotangents import Cotangent
from symback.calculus.derive import Derivation
from symback.calculus.tangent import tangents, with_simplified
from symback.core import expr
from symback.core.diagnostics import Diagnostic, LayerError
from symback.core.expr import Node, Op
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Role, Section, Tensor
from symback.emit.layout import signature as signature_lines
from symback.emit.module import module_view
from symback.emit.view import FunctionView, ModuleView, TupleView
from symback.report.formulas import gradient_value, straightened
from symback.report.jacobian import opened_jacobian

MAX_NODES = 3000
"""A second derivative whose formula is longer than this is not cheap."""


@dataclass(frozen=True, slots=True)
class Extra:
    """A function to add: the program whose forward it is, what it returns, and its docstring's first line."""

    name: str
    program: Program
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
        view = _added(view, MAKERS[name](program, derivations))
    return view


def _added(view: ModuleView, extra: Extra) -> ModuleView:
    made = module_view(extra.program, {mode: Derivation(body, None) for mode, body in extra.program.bodies.items()})
    forward = made.functions[0]
    signature = signature_lines(extra.name, _arguments(forward.signature), extra.result)
    body = [line.replace("outputs = Outputs(", f"outputs = {extra.result}(", 1) for line in forward.body]
    if len(extra.fields) == 1:
        body = [_wrapped(line, extra.result) for line in body]
    function = FunctionView(tuple(signature), (extra.doc, *forward.doc[1:]), tuple(body))
    result = TupleView(extra.result, f"What {extra.name} returns.", tuple((f, "np.ndarray") for f in extra.fields))
    known = {key for key, _ in view.formulas}
    return replace(
        view,
        imports=_merged(view.imports, made.imports),
        tuples=(*view.tuples, result),
        functions=(*view.functions, function),
        formulas=(*view.formulas, *(f for f in made.formulas if f[0] not in known)),
        helpers=tuple(dict.fromkeys((*view.helpers, *made.helpers))),
    )


def _arguments(signature: tuple[str, ...]) -> list[str]:
    """The arguments of a function as its signature lists them."""
    inside = signature[0].partition("(")[2].rpartition(") -> ")[0] if len(signature) == 1 else " ".join(signature[1:-1])
    return [a.strip() for a in inside.split(",") if a.strip()]


def _wrapped(line: str, result: str) -> str:
    """A return of one array as a return of a NamedTuple."""
    head, word, value = line.partition("return ")
    return f"{head}return {result}({value})" if word and not head.strip() else line


def _merged(blocks: tuple[tuple[str, ...], ...], more: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], ...]:
    """The import blocks of two modules: the standard library's, then the others."""
    lines = dict.fromkeys(line for block in (*blocks, *more) for line in block)
    standard = [x for x in lines if x.startswith(("import math", "from typing"))]
    if not any(x.startswith("from typing") for x in standard):
        standard.append("from typing import NamedTuple")
    others = [x for x in lines if x not in standard]
    return tuple(tuple(b) for b in (standard, others) if b)


# --------------------------------------------------------------------------------------------------- the programs


def _jvp(program: Program, derivations: Mapping[str, Derivation]) -> Extra:
    of = {}
    for mode, body in program.bodies.items():
        floats = {d.name for d in body.definitions if d.kind is Kind.FLOAT}
        of[mode] = tuple(o for o in body.outputs if o in floats)
    stable = replace(program, bodies={mode: d.body for mode, d in derivations.items()})
    made = tangents(stable, of)
    fields = next(iter(of.values()))
    along = ", ".join(made.names[w] for w in program.wrt)
    return Extra("jvp", made.program, "Tangents", fields, f"The derivatives of the outputs along {along}.")


def _hvp(program: Program, derivations: Mapping[str, Derivation]) -> Extra:
    whole, gradients = gradient_program(program, derivations)
    made = tangents(whole, gradients)
    along = ", ".join(made.names[w] for w in program.wrt)
    return Extra("hvp", made.program, "HessianProduct", _ordered(program), f"The derivatives of the gradients along {along}.")


def _hessian_diagonal(program: Program, derivations: Mapping[str, Derivation]) -> Extra:
    whole, gradients = gradient_program(program, derivations)
    bodies = {}
    for mode, body in whole.bodies.items():
        extra = []
        for tensor, gradient in zip(_ordered(program), gradients[mode], strict=True):
            extra.append(_diagonal(whole, body, tensor, gradient))
        outputs = tuple(d.name for d in extra)
        bodies[mode] = with_simplified(replace(body, outputs=outputs), extra, whole)
    made = replace(whole, bodies=bodies, wrt=())
    return Extra("hessian_diagonal", made, "HessianDiagonal", _ordered(program), "The second derivatives by each element, twice the same.")


MAKERS = {"jvp": _jvp, "hvp": _hvp, "hessian-diagonal": _hessian_diagonal}


def _ordered(program: Program) -> tuple[str, ...]:
    return tuple(t.name for t in program.tensors if t.name in program.wrt)


def _diagonal(program: Program, body: Body, tensor: str, gradient: str) -> Definition:
    definition = next(d for d in body.definitions if d.name == gradient)
    value, indices = opened_jacobian(program, body, gradient, tensor)
    value = guarded(straightened(expr.substitute(value, dict(zip(indices, definition.axes, strict=True)))))
    if sum(1 for _ in expr.walk(value)) > MAX_NODES:
        raise LayerError(Diagnostic("E908", f"the diagonal of the Hessian by `{tensor}` is not cheap", mend="use hvp with unit directions"))
    axes = definition.axes
    return Definition(f"{tensor}_diagonal", Section.OUTPUT, axes, (Equation(axes, value),), Kind.FLOAT, (0,) * len(axes))


def gradient_program(program: Program, derivations: Mapping[str, Derivation]) -> tuple[Program, dict[str, tuple[str, ...]]]:
    """The program that works out the gradients: forward and the cotangents as definitions, and the gradients' names by mode.

    One scalar output has the upstream gradient 1; else upstream gradients are passed after the layer's own tensors.

    Raises:
        LayerError: the layer has a recurrence, whose backward is a loop.
    """
    bodies: dict[str, Body] = {}
    gradients: dict[str, tuple[str, ...]] = {}
    passed: dict[str, Tensor] = {}
    for mode, derivation in derivations.items():
        body = derivation.body
        axes = {d.name: d.axes for d in body.definitions}
        alone = {}
        padded = any(p.outside is not None for p in (*program.tensors, *body.definitions))
        beyond = expr.ZERO if padded else None  # a padded layer's cotangents may be read beyond their range, where they are 0
        if len(body.outputs) == 1 and not axes[body.outputs[0]]:
            alone = {expr.read(name): expr.ONE for name in derivation.adjoint.upstream.values()}
        for output, name in derivation.adjoint.upstream.items():
            if not alone:
                passed[name] = Tensor(name, Role.INPUT, tuple(a.args[0] for a in axes[output]), outside=beyond, grad=False)
        groups = tuple(g for g in body.groups if not all(d.section is Section.UPDATE for d in g.definitions))
        backward = tuple(Group((_cotangent(stage, program, alone, beyond),)) for stage in derivation.adjoint.stages)
        gradients[mode] = tuple(derivation.gradients[t].name for t in _ordered(program))
        bodies[mode] = Body((*groups, *backward), gradients[mode], {}, body.random)
    tensors = tuple(replace(t, role=Role.INPUT, init=None) if t.role is Role.STATE else t for t in program.tensors)
    return replace(program, tensors=(*tensors, *passed.values()), bodies=bodies), gradients


def _cotangent(stage: object, program: Program, alone: Mapping[Node, Node], beyond: Node | None) -> Definition:
    if not isinstance(stage, Cotangent):
        problem = f"the backward of `{program.name}` is a loop, whose own derivative is not made yet"
        raise LayerError(Diagnostic("E907", problem, mend="leave hvp and hessian-diagonal away"))
    value = guarded(expr.substitute(gradient_value(stage), alone))
    low = (0,) * len(stage.axes)
    return Definition(stage.name, Section.WHERE, stage.axes, (Equation(stage.axes, value),), Kind.FLOAT, low, outside=beyond)


def guarded(node: Node) -> Node:
    """The expression with a product by an indicator of a range as a Piecewise, whose other branch reads nothing.

    Conditions that an index meets by its own range are dropped.
    """

    def step(n: Node) -> Node | None:
        if n.op is Op.COMPARE and _always(n):
            return expr.TRUE
        if n.op is not Op.MUL:
            return None
        ranges = [f for f in n.args if expr.is_indicator(f) and _is_range(f.args[1])]
        if not ranges:
            return None
        rest = expr.mul(*(f for f in n.args if f not in ranges))
        return expr.piecewise((rest, expr.both(*(f.args[1] for f in ranges))), (expr.ZERO, expr.TRUE))

    return expr.transform(node, step)


def _always(condition: Node) -> bool:
    left, right = condition.args
    if condition.data == "<=":
        return left == expr.ZERO and right.op is Op.INDEX
    return condition.data == "<" and left.op is Op.INDEX and left.args[0] == right


def _is_range(condition: Node) -> bool:
    parts = condition.args if condition.op is Op.AND else (condition,)
    return all(p.op is Op.COMPARE and p.data in ("<", "<=") for p in parts)
