"""Forward mode: a program's directional derivative as a program of its own.

Each value that depends on a differentiated tensor gets a tangent, the sum of its local derivatives times the tangents of
what it reads; values that recur have tangents that recur with them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from symback.calculus.adjoint import Adjoint, active_names
from symback.calculus.cotangents import Cotangent
from symback.calculus.derive import Derivation, without_unused
from symback.calculus.locals import Scope, partials, reaches
from symback.calculus.simplify import simplified
from symback.core import expr
from symback.core.expr import ZERO, Node, Op, walk
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Role, Section, Tensor
from symback.rewrite import context_within, stabilise_gradient


@dataclass(frozen=True, slots=True)
class Tangents:
    """A program whose outputs are tangents. `names`: tensor or value -> the name of its tangent."""

    program: Program
    names: Mapping[str, str]


def tangents(program: Program, of: Mapping[str, tuple[str, ...]]) -> Tangents:
    """The tangents of the values `of` (by mode) along those of the program's differentiated tensors, which are passed last.

    The program's values are in their stable form already. State is passed as an input and not updated.
    """
    names = _names(program)
    passed = tuple(replace(t, role=Role.INPUT, init=None) if t.role is Role.STATE else t for t in program.tensors)
    directions = tuple(_direction(program.tensor(w), names[w]) for w in program.wrt)
    bodies = {mode: _body(body, program, names, of[mode]) for mode, body in program.bodies.items()}
    made = replace(program, tensors=(*passed, *directions), bodies=bodies, wrt=())
    return Tangents(made, names)


def active_outputs(derivations: Mapping[str, Derivation]) -> dict[str, tuple[str, ...]]:
    """By mode, the outputs that have tangents: those that are floats."""
    kinds = {mode: {d.name: d.kind for d in v.body.definitions} for mode, v in derivations.items()}
    return {mode: tuple(o for o in v.body.outputs if kinds[mode][o] is Kind.FLOAT) for mode, v in derivations.items()}


def _names(program: Program) -> dict[str, str]:
    """A free name for the tangent of each tensor and value."""
    values = [d.name for body in program.bodies.values() for d in body.definitions]
    taken = program.names | set(values)
    taken |= {
        str(n.data)
        for body in program.bodies.values()
        for d in body.definitions
        for e in d.equations
        for n in expr.walk(e.value)
        if n.op is Op.INDEX
    }
    names: dict[str, str] = {}
    for name in (*program.wrt, *dict.fromkeys(values)):
        new = f"{name}_dot"
        while new in taken:
            new += "_"
        taken.add(new)
        names[name] = new
    return names


def _direction(tensor: Tensor, name: str) -> Tensor:
    outside = None if tensor.outside is None else ZERO
    return Tensor(name, Role.INPUT, tensor.shape, outside=outside)


def _body(body: Body, program: Program, names: Mapping[str, str], of: tuple[str, ...]) -> Body:
    definitions = {d.name: d for d in body.definitions}
    scope = Scope(active_names(body, program.wrt), definitions)
    groups: list[Group] = []
    after: list[Definition] = []
    loops = any(g.recurrent and any(d.name in scope.active for d in g.definitions) for g in body.groups)
    for group in body.groups:
        plain = tuple(replace(d, section=Section.WHERE) for d in group.definitions if d.section is not Section.UPDATE)
        moving = [(d, k) for k, d in enumerate(plain) if d.name in scope.active]
        made = tuple(_tangent(d, scope, names, of) for d, _ in moving)
        if group.recurrent:
            steps = (*group.steps, *(group.steps[k] for _, k in moving))
            groups.append(replace(group, definitions=(*plain, *made), steps=steps))
        elif loops:
            groups += [Group((d,)) for d in (*plain, *made)]
        else:
            groups += [Group((d,)) for d in plain]
            after += made
    after += [_still(definitions[n], names[n]) for n in of if n not in scope.active]
    outputs = tuple(names[n] for n in of)
    whole = Body(tuple(groups), outputs, {}, body.random)
    return with_simplified(whole, after, program)


def with_simplified(body: Body, made: Sequence[Definition], program: Program) -> Body:
    """The body with further definitions after its own, simplified and made stable as cotangents are.

    Where a condition or padding keeps an index in range, what is made stays as it is: the rules of the reverse sweep may move a
    read out of its condition, and rely on cotangents being 0 beyond their range.
    """
    outputs = {n: n for n in body.outputs if any(d.name == n for d in made)}
    found = tidied(body, made, outputs, program)
    context = context_within(body, program)
    groups = list(body.groups)
    outside = {d.name: d.outside for d in made}
    for stage in found:
        value, _ = stabilise_gradient(stage.value, context, stage.name)
        section = Section.OUTPUT if stage.name in outputs else Section.WHERE
        low = (0,) * len(stage.axes)
        equations = (Equation(stage.axes, value),)
        groups.append(Group((Definition(stage.name, section, stage.axes, equations, Kind.FLOAT, low, outside=outside.get(stage.name)),)))
    return without_unused(replace(body, groups=tuple(groups)))


def tidied(body: Body, made: Sequence[Definition], returned: Mapping[str, str], program: Program) -> tuple[Cotangent, ...]:
    """What is `made` besides a body's own definitions, simplified where no condition or padding keeps an index in range."""
    found = Adjoint(tuple(Cotangent(d.name, d.name, d.axes, d.value) for d in made), {}, returned, {})
    padded = any(p.outside is not None for p in (*program.tensors, *body.definitions))
    integers = {p.name for p in (*program.tensors, *body.definitions) if p.kind is Kind.INT}
    if padded or any(_keeps_in_range(n, integers) for d in (*body.definitions, *made) for n in walk(d.value)):
        return found.stages
    return simplified(found, body, program)[0].stages


def _keeps_in_range(node: Node, integers: Collection[str]) -> bool:
    """Whether it is a Piecewise whose conditions are of positions and integers, not of floats that are computed; no δ keeps anything."""
    if node.op is not Op.PIECEWISE:
        return False
    conditions = [c for c in node.args[1::2] if c.op is not Op.BOOL]
    positions = [n for c in conditions for n in walk(c) if n.op is Op.COMPARE and all(_integral(a, integers) for a in n.args)]
    return any(n.data != "==" for n in positions) if expr.is_indicator(node) else bool(positions)


def _integral(node: Node, integers: Collection[str]) -> bool:
    """Whether it is made of indices, sizes, whole numbers and elements of integer tensors at such positions."""
    if node.op is Op.NUM:
        return node.data.denominator == 1
    if node.op is Op.READ:
        return node.data in integers and all(_integral(a, integers) for a in node.args)
    if node.op is Op.CALL and node.data not in ("floordiv", "mod", "Min", "Max", "Abs"):
        return False
    if node.op not in (Op.INDEX, Op.DIM, Op.HYPER, Op.ADD, Op.MUL, Op.CALL):
        return False
    return node.op is Op.INDEX or all(_integral(a, integers) for a in node.args)


def _tangent(definition: Definition, scope: Scope, names: Mapping[str, str], of: tuple[str, ...]) -> Definition:
    equations = tuple(Equation(e.lhs, _derivative(e.value, scope, names), e.span) for e in definition.equations)
    section = Section.OUTPUT if definition.name in of else Section.WHERE
    outside = None if definition.outside is None else ZERO
    return replace(definition, name=names[definition.name], section=section, equations=equations, outside=outside)


def _derivative(value: Node, scope: Scope, names: Mapping[str, str]) -> Node:
    """The tangent of an expression: that of each part times the slope by it; of a Piecewise, branch by branch."""
    return expr.add(*_terms(value, scope, names))


def _terms(value: Node, scope: Scope, names: Mapping[str, str]) -> list[Node]:
    """The terms of a tangent: one a factor of a product, which are contracted apart where they are summed."""
    if value.op is Op.READ:
        return [expr.read(names[value.data], *value.args)] if value.data in scope.active else []
    if not reaches(value, scope.active):
        return []
    if value.op is Op.PIECEWISE:
        return [expr.piecewise(*((_derivative(v, scope, names), condition) for v, condition in expr.branches(value)))]
    found = [(p, _terms(p.part, scope, names)) for p in partials(value, scope)]
    terms = [[expr.total(expr.mul(p.slope, t), *p.binders) for t in inner] for p, inner in found]
    if value.op is not Op.ADD:
        return [t for inner in terms for t in inner]
    together = expr.add(*(t for inner in terms if len(inner) == 1 for t in inner))
    return [together, *(t for inner in terms if len(inner) > 1 for t in inner)]


def _still(definition: Definition, name: str) -> Definition:
    """The tangent of a value that nothing moves."""
    return Definition(name, Section.OUTPUT, definition.axes, (Equation(definition.axes, ZERO),), Kind.FLOAT, (0,) * len(definition.axes))
