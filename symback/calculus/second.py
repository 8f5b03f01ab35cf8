r"""Second derivatives along a direction, through recurrences too: the adjoint of the tangent program.

The slope of a layer along a direction, φ = Σ dy·ẏ, is a scalar of its tangent program. The gradient of φ by x, the direction
held fixed, is the derivative of the layer's gradient along the direction (Pearlmutter 1994, read backwards). In that sweep
the cotangent of ẏ is what the layer calls the cotangent of y, and the cotangent of y is the tangent of that: ẋ̄.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from symback.calculus.cotangents import Stage, map_values
from symback.calculus.derive import Derivation, derive
from symback.calculus.tangent import Tangents, active_outputs, tangents
from symback.core.expr import ONE, ZERO, add, mul, read, substitute, total, whole
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Role, Section, Tensor

_SLOPE = "slope"


@dataclass(frozen=True, slots=True)
class Second:
    """A program with the upstream gradients and directions among its inputs, and the derivation of its slope's gradients.

    `names`: tensor or value -> the name of its tangent.
    """

    program: Program
    derivations: Mapping[str, Derivation]
    names: Mapping[str, str]


def second_derivative(program: Program, derivations: Mapping[str, Derivation], wrt: tuple[str, ...] = ()) -> Second:
    """The derivatives of the gradients along a direction, that of the tensors `wrt` (all that are differentiated unless told) by them.

    Raises:
        InternalFault: a rule changed a value.
    """
    layer = replace(program, wrt=wrt or program.wrt)
    made = tangents(with_bodies(layer, derivations), active_outputs(derivations))
    slopes, passed = {}, {}
    for mode, derivation in derivations.items():
        slopes[mode] = _with_slope(made, mode, derivation, passed)
    directions = {made.names[w] for w in layer.wrt}
    plain = tuple(t for t in made.program.tensors if t.name not in directions)
    along = tuple(t for t in made.program.tensors if t.name in directions)
    whole_program = replace(made.program, tensors=(*plain, *passed.values(), *along), bodies=slopes, wrt=layer.wrt)
    called = _cotangents_called(made, derivations)
    return Second(whole_program, {m: _with_unit_seed(d) for m, d in derive(whole_program, called).items()}, made.names)


def with_bodies(program: Program, derivations: Mapping[str, Derivation]) -> Program:
    """The program with its values in their stable form."""
    return replace(program, bodies={mode: d.body for mode, d in derivations.items()})


def upstream_tensors(derivation: Derivation, outside: object = None) -> dict[str, Tensor]:
    """What is passed as upstream gradient of each output, by its name; nothing where one scalar output is all there is."""
    axes = {d.name: d.axes for d in derivation.body.definitions}
    outputs = derivation.body.outputs
    if len(outputs) == 1 and not axes[outputs[0]]:
        return {}
    return {
        name: Tensor(name, Role.INPUT, tuple(a.args[0] for a in axes[output]), outside=outside, grad=False)
        for output, name in derivation.adjoint.upstream.items()
    }


def _with_slope(made: Tangents, mode: str, derivation: Derivation, passed: dict[str, Tensor]) -> Body:
    """A mode's tangents with the slope along the direction as the only output; what must be passed is noted in `passed`."""
    body = made.program.bodies[mode]
    given = upstream_tensors(derivation)
    passed |= given
    definitions = {d.name: d for d in body.definitions}
    parts = []
    for output, name in derivation.adjoint.upstream.items():
        d = definitions[made.names[output]]
        weight = read(name, *d.axes) if name in given else ONE
        parts.append(total(mul(weight, read(d.name, *d.axes)), *(whole(a) for a in d.axes)))
    groups = tuple(replace(g, definitions=tuple(replace(d, section=Section.WHERE) for d in g.definitions)) for g in body.groups)
    slope = Definition(_free(_SLOPE, made.program, definitions), Section.OUTPUT, (), (Equation((), add(*parts)),), Kind.FLOAT)
    return Body((*groups, Group((slope,))), (slope.name,), {}, body.random)


def _free(name: str, program: Program, definitions: Mapping[str, Definition]) -> str:
    taken = program.names | set(definitions)
    while name in taken:
        name += "_"
    return name


def _cotangents_called(made: Tangents, derivations: Mapping[str, Derivation]) -> dict[str, str]:
    """By value of the tangent program, what its cotangent is in the layer's own terms."""
    called: dict[str, str] = {}
    for derivation in derivations.values():
        for value, name in derivation.adjoint.cotangent_of.items():
            if value in made.names:
                called.setdefault(value, f"{name}_dot")
                called.setdefault(made.names[value], name)
    return called


def _with_unit_seed(derivation: Derivation) -> Derivation:
    """The derivation with 1 for the gradient that its one scalar output is passed."""
    (seed,) = derivation.adjoint.upstream.values()
    found = derivation.adjoint

    def seeded(stage: Stage) -> Stage:
        return map_values(stage, lambda value, _: substitute(value, {read(seed): ONE}))

    return replace(derivation, adjoint=replace(found, stages=tuple(map(seeded, found.stages)), upstream={}))


def vanishes(second: Second) -> bool:
    """Whether every gradient of the slope is 0, whatever the arguments: the layer is linear in what is differentiated."""
    return all(c.value == ZERO and not c.scatters for d in second.derivations.values() for c in d.gradients.values())
