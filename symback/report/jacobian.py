"""The local Jacobian of one value by one tensor: an element by an element, in named values."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from symback.calculus.adjoint import active_names
from symback.calculus.cotangents import Scatter
from symback.calculus.derive import Derivation
from symback.calculus.locals import Local, Scope, local_derivatives
from symback.calculus.tangent import tidied
from symback.core import expr
from symback.core.diagnostics import Diagnostic, LayerError
from symback.core.expr import Binder, Node, Op
from symback.core.program import Body, Definition, Equation, Program, Section
from symback.functions.ordinary import ordinary
from symback.report.formulas import common_factors_first, gathered, straightened
from symback.report.names import Names

_OWN = "the Jacobian"
_LETTERS = "jklmipqrstuv"
MAX_PARTS = 500
"""A derivative with more different parts is none that anybody would read, or work out element by element."""


def jacobian(program: Program, derivation: Derivation, output: str, tensor: str) -> Node:
    """∂output[axes]/∂tensor[indices]. The output's indices are its author's, the tensor's are letters that nothing else has.

    Softmax, p[i] of x, gives p[i]*((i == j) - p[j]).

    Raises:
        KeyError: the layer has no such value or tensor.
        LayerError: the value is part of a recurrence, whose Jacobian is a product over its steps, or the formula is too long.
    """
    body = derivation.body
    value, indices = opened_jacobian(program, body, output, tensor)
    definition = next(d for d in body.definitions if d.name == output)
    value = _folded(value, definition, indices)
    axes = (*definition.axes, *indices)
    made = Definition(_OWN, Section.OUTPUT, axes, (Equation(axes, value),))
    (*named, tidy) = tidied(body, [made], {_OWN: _OWN}, program)
    return Names.of(derivation.written).spoken(ordinary(tidy.value)) if not named else ordinary(value)


def opened_jacobian(program: Program, body: Body, output: str, tensor: str) -> tuple[Node, tuple[Node, ...]]:
    """The Jacobian over the definition's own indices, and the tensor's indices in it.

    Raises:
        KeyError, LayerError: as for `jacobian`.
    """
    definitions = {d.name: d for d in body.definitions}
    declared = program.tensor(tensor)
    if output not in definitions or declared is None:
        raise KeyError(f"the layer {program.name} has no value {output!r} or no tensor {tensor!r}")
    recurrent = {d.name for g in body.groups if g.recurrent for d in g.definitions}
    scope = Scope(active_names(body, [tensor]), definitions)
    indices = _indices(definitions[output], declared.shape, body)
    memo: dict[str, Node] = {}

    def of(name: str) -> Node:
        """∂name[its axes]/∂tensor[indices]."""
        if name in recurrent:
            raise LayerError(Diagnostic("E906", f"`{name}` recurs: its Jacobian is no single formula", mend="use the gradients"))
        if name not in memo:
            parts = [part(local, definitions[name]) for local in local_derivatives(definitions[name].value, scope)]
            memo[name] = common_factors_first(expr.add(*parts))
            if sum(1 for _ in islice(expr.walk(memo[name]), MAX_PARTS + 1)) > MAX_PARTS:
                problem = f"the derivative of `{output}` by `{tensor}` has more than {MAX_PARTS} parts, element by element"
                raise LayerError(Diagnostic("E908", problem, mend="use backward, or hvp with unit directions"))
        return memo[name]

    def part(local: Local, definition: Definition) -> Node:
        slope = expr.mul(local.slope, *(_range(b) for b in local.binders if not expr.is_whole(b)))
        over = tuple(b[0] for b in local.binders)
        if local.read.data == tensor:
            return gathered(indices, Scatter(local.read.args, over, slope))
        inner = definitions[local.read.data]
        chained = straightened(expr.substitute(of(inner.name), dict(zip(inner.axes, local.read.args, strict=True))))
        return expr.total(expr.mul(slope, chained), *(expr.whole(i) for i in over))

    return of(output), indices


def _range(binder: Binder) -> Node:
    index, low, high = binder
    return expr.indicator(expr.both(expr.compare("<=", low, index), expr.compare("<=", index, high)))


def _indices(output: Definition, shape: tuple[Node, ...], body: Body) -> tuple[Node, ...]:
    """One new index an axis of the tensor."""
    taken = {str(n.data) for d in body.definitions for e in d.equations for n in (*expr.walk(e.value), *e.lhs)}
    taken |= {h for d in body.definitions for n in expr.walk(d.value) for h in n.hint} | {str(a.data) for a in output.axes}
    names = (letter + "'" * k for k in range(len(shape) + 1) for letter in _LETTERS)
    free = (n for n in names if n not in taken)
    return tuple(expr.index(next(free), size) for size in shape)


def _folded(node: Node, output: Definition, indices: tuple[Node, ...]) -> Node:
    """The expression with the output's own value, at its indices or the tensor's, by its name."""
    known: Mapping[Node, Node] = {}
    places = [output.axes]
    for k, axis in enumerate(output.axes):
        same = [i for i in indices if i.args[0] == axis.args[0]]
        places += [tuple(i if m == k else a for m, a in enumerate(output.axes)) for i in same]
    if len(indices) == len(output.axes):
        places.append(indices)
    for place in places:
        value = expr.substitute(output.value, dict(zip(output.axes, place, strict=True)))
        if value.op not in (Op.READ, Op.NUM):
            known = {**known, value: expr.read(output.name, *place)}
    return common_factors_first(expr.transform(node, known.get))
