"""Programs of derivatives: tangents of the outputs, of the gradients, and the diagonal of the Hessian.

The derivative of the gradients along a direction can be worked out from either end: as the tangent of the backward, or as the
adjoint of the tangent. Both are derived where there is no loop, and the one that counts less is taken.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from symback.calculus.cotangents import Cotangent
from symback.calculus.derive import Derivation
from symback.calculus.second import Second, second_derivative, upstream_tensors, vanishes, with_bodies
from symback.calculus.tangent import active_outputs, tangents, with_simplified
from symback.core import expr
from symback.core.diagnostics import Diagnostic, LayerError
from symback.core.expr import Node, Op
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Role, Section, Tensor
from symback.emit.modes import Result, outputs_of
from symback.lower.module import LoweredBody, lower_body
from symback.report.cost import counted, representative_sizes
from symback.report.formulas import gradient_value, straightened, symbols
from symback.report.jacobian import opened_jacobian


@dataclass(frozen=True, slots=True)
class Derivatives:
    """A program, by mode how what it returns comes about, that as arrays, and the names of what is returned.

    `names`: tensor or value -> the name of its tangent; `symbols`: the LaTeX of cotangents and of their tangents.
    """

    program: Program
    derivations: Mapping[str, Derivation]
    lowered: Mapping[str, LoweredBody]
    of: Mapping[str, tuple[str, ...]]
    names: Mapping[str, str] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)

    def results(self, mode: str) -> tuple[Result, ...]:
        """What is returned in a mode: the gradients where there are some, else the outputs."""
        derivation = self.derivations[mode]
        if derivation.adjoint is None:
            return outputs_of(derivation)
        return tuple(Result(c.name, c.axes) for c in derivation.gradients.values())


def ordered(program: Program) -> tuple[str, ...]:
    """What is differentiated, in declared order."""
    return tuple(t.name for t in program.tensors if t.name in program.wrt)


def slopes(program: Program, derivations: Mapping[str, Derivation]) -> Derivatives:
    """The derivatives of the outputs along a direction."""
    of = active_outputs(derivations)
    made = tangents(with_bodies(program, derivations), of)
    return _straight(made.program, of, made.names, {})


def hessian_product(program: Program, derivations: Mapping[str, Derivation]) -> Derivatives:
    """The derivatives of the gradients along a direction."""
    backwards = _of_second(program, derivations, second_derivative(program, derivations))
    if _loops(derivations):
        return backwards
    whole, gradients = gradient_program(program, derivations)
    made = tangents(whole, gradients)
    forwards = _straight(made.program, gradients, made.names, _symbols(program, derivations))
    return min(forwards, backwards, key=_count)


def hessian_diagonal(program: Program, derivations: Mapping[str, Derivation]) -> Derivatives:
    """The second derivatives by each element.

    Raises:
        LayerError: they cost as much as the whole Hessian.
    """
    if _loops(derivations):
        _refuse_curved(program, derivations)
        given = {name: t for d in derivations.values() for name, t in upstream_tensors(d).items()}
        whole, gradients = _passing(with_bodies(program, derivations), given), {}
    else:
        whole, gradients = gradient_program(program, derivations)
    bodies, of = {}, {}
    for mode, body in whole.bodies.items():
        extra = [_diagonal(whole, body, t, gradients[mode][k] if gradients else None) for k, t in enumerate(ordered(program))]
        of[mode] = tuple(d.name for d in extra)
        bodies[mode] = with_simplified(replace(body, outputs=of[mode], updates={}), extra, whole)
    made = replace(whole, bodies=bodies, wrt=())
    return _straight(made, of, {}, _symbols(program, derivations))


def gradient_program(program: Program, derivations: Mapping[str, Derivation]) -> tuple[Program, dict[str, tuple[str, ...]]]:
    """The program that works out the gradients: forward and the cotangents as definitions, and the gradients' names by mode.

    One scalar output has the upstream gradient 1; else upstream gradients are passed after the layer's own tensors. No mode may
    have a recurrence.
    """
    bodies: dict[str, Body] = {}
    gradients: dict[str, tuple[str, ...]] = {}
    passed: dict[str, Tensor] = {}
    for mode, derivation in derivations.items():
        body = derivation.body
        padded = any(p.outside is not None for p in (*program.tensors, *body.definitions))
        beyond = expr.ZERO if padded else None  # a padded layer's cotangents may be read beyond their range, where they are 0
        given = upstream_tensors(derivation, beyond)
        passed |= given
        alone = {} if given else {expr.read(name): expr.ONE for name in derivation.adjoint.upstream.values()}
        groups = tuple(g for g in body.groups if not all(d.section is Section.UPDATE for d in g.definitions))
        backward = tuple(Group((_cotangent(stage, alone, beyond),)) for stage in derivation.adjoint.stages)
        gradients[mode] = tuple(derivation.gradients[t].name for t in ordered(program))
        bodies[mode] = Body((*groups, *backward), gradients[mode], {}, body.random)
    return replace(_passing(program, passed), bodies=bodies), gradients


def _passing(program: Program, upstream: Mapping[str, Tensor]) -> Program:
    """The program with upstream gradients among its inputs, and states as inputs."""
    tensors = (replace(t, role=Role.INPUT, init=None) if t.role is Role.STATE else t for t in program.tensors)
    return replace(program, tensors=(*tensors, *upstream.values()))


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
    return all(p.op is Op.COMPARE and p.data in ("<", "<=") for p in expr.conjuncts(condition))


def _cotangent(stage: Cotangent, alone: Mapping[Node, Node], beyond: Node | None) -> Definition:
    value = guarded(expr.substitute(gradient_value(stage), alone))
    return Definition(stage.name, Section.WHERE, stage.axes, (Equation(stage.axes, value),), Kind.FLOAT, _zeros(stage.axes), outside=beyond)


def _diagonal(program: Program, body: Body, tensor: str, gradient: str | None) -> Definition:
    """The second derivative by each element of a tensor; 0 where there is no gradient to differentiate."""
    if gradient is None:
        axes = tuple(expr.fresh_index(size) for size in program.tensor(tensor).shape)
        value = expr.ZERO
    else:
        axes = next(d.axes for d in body.definitions if d.name == gradient)
        value, indices = opened_jacobian(program, body, gradient, tensor)
        value = guarded(straightened(expr.substitute(value, dict(zip(indices, axes, strict=True)))))
    return Definition(f"{tensor}_diagonal", Section.OUTPUT, axes, (Equation(axes, value),), Kind.FLOAT, _zeros(axes))


def _refuse_curved(program: Program, derivations: Mapping[str, Derivation]) -> None:
    """Through a recurrence the diagonal is cheap only where it is 0: each element reaches all later steps, along with all others."""
    for tensor in ordered(program):
        if not vanishes(second_derivative(program, derivations, (tensor,))):
            problem = f"the diagonal of the Hessian by `{tensor}` runs through a recurrence, and costs as much as all of the Hessian"
            raise LayerError(Diagnostic("E908", problem, mend="use hvp with unit directions"))


def _zeros(axes: tuple[Node, ...]) -> tuple[int, ...]:
    return (0,) * len(axes)


def _loops(derivations: Mapping[str, Derivation]) -> bool:
    return any(not isinstance(stage, Cotangent) for d in derivations.values() for stage in d.adjoint.stages)


def _straight(program: Program, of: Mapping[str, tuple[str, ...]], names: Mapping[str, str], shown: Mapping[str, str]) -> Derivatives:
    """A program that returns its outputs."""
    derivations = {mode: Derivation(body, None) for mode, body in program.bodies.items()}
    lowered = {mode: lower_body(program, body, None) for mode, body in program.bodies.items()}
    return Derivatives(program, derivations, lowered, of, names, shown)


def _of_second(program: Program, derivations: Mapping[str, Derivation], second: Second) -> Derivatives:
    """The gradients of a slope, worked out in one go."""
    lowered = {}
    for mode, d in second.derivations.items():
        arrays = lower_body(second.program, d.body, d.adjoint)
        lowered[mode] = replace(arrays, outputs={d.gradients[t].name: a for t, a in arrays.gradients.items()}, gradients={}, upstream={})
    of = {mode: tuple(c.name for c in d.gradients.values()) for mode, d in second.derivations.items()}
    made = replace(second.program, wrt=())
    return Derivatives(made, second.derivations, lowered, of, second.names, _symbols(program, derivations))


def _symbols(program: Program, derivations: Mapping[str, Derivation]) -> dict[str, str]:
    r"""The LaTeX of the layer's cotangents and of their tangents: `dh_dot` is `\dot{\bar{h}}`."""
    found: dict[str, str] = {}
    for derivation in derivations.values():
        found |= symbols(program, derivation)
    return found | {f"{name}_dot": rf"\dot{{{latex}}}" for name, latex in found.items()}


def _count(made: Derivatives) -> int:
    """What its modes cost at sizes that are usual."""
    sizes = representative_sizes(made.program)
    hyper = {h.name: h.default for h in made.program.hyperparameters}
    return sum(counted(lowered, sizes, hyper).forward for lowered in made.lowered.values())
