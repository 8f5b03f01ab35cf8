r"""The formulas of a compiled layer: named values, cotangents and gradients, each an equation in index notation.

A compiled layer is seen through what its stages promise: `program`, and for each mode a `Derivation`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from symback.calculus.affine import affine
from symback.calculus.cotangents import BackwardLoop, Cotangent, Scatter
from symback.calculus.derive import Derivation
from symback.calculus.radix import digit_of, digits
from symback.core import expr
from symback.core.expr import Node, Op
from symback.core.program import Definition, Program, Section
from symback.functions.ordinary import ordinary
from symback.report import latex as printer
from symback.report.digits import Unfolded, helpers
from symback.report.guards import readable_conditions, with_guards
from symback.report.letters import lettered, letters_of
from symback.report.names import Names, shown_definitions
from symback.report.symbols import barred

_NO_NAMES: Mapping[str, str] = {}


class Built(Protocol):
    """A compiled layer."""

    program: Program
    derivations: dict[str, Derivation]


@dataclass(frozen=True, slots=True)
class Formula:
    """`name[axes] = value`. `key` is what a caller asks for it by."""

    key: str
    name: str
    axes: tuple[Node, ...]
    value: Node


@dataclass(frozen=True, slots=True)
class Formulas:
    """Those of a mode, in the functions that a reader knows."""

    forward: tuple[Formula, ...]
    backward: tuple[Formula, ...]


def of_mode(derivation: Derivation) -> Formulas:
    """Every formula of a derived mode, in the names of the declaration."""
    made = helpers(derivation.forward, derivation.written)
    swept = tuple(backward_formulas(derivation))
    on_the_way = {c.name for c in derivation.cotangents if c.of in made}
    forward = Unfolded({name: (d.axes, ordinary(d.value)) for name, d in made.items()})
    both = Unfolded({**forward.values, **{f.name: (f.axes, f.value) for f in swept if f.name in on_the_way}})
    written = {d.name: d for d in derivation.written}
    names = Names.of(derivation.written, forward.within)
    letters = letters_of(derivation)
    backward = tuple(replace(f, value=lettered(names.spoken(both.within(f.value)), letters)) for f in swept if f.name not in on_the_way)

    def lines(d: Definition) -> Iterator[Formula]:
        own = written.get(d.name)
        for equation in d.equations:
            in_names = own is not None and own.equations == d.equations and d.name in names.values
            yield Formula(d.name, _left(d), equation.lhs, names.values[d.name] if in_names else forward.within(ordinary(equation.value)))

    computed = [d for d in derivation.forward if d.name not in made]
    kept = [f.value for d in computed for f in lines(d)]
    shown = shown_definitions(computed, derivation.written, names.reached([f.value for f in backward] + kept))
    return Formulas(tuple(f for d in shown for f in lines(d)), backward)


def _left(definition: Definition) -> str:
    """What stands on the left: the name, or the next value of a state."""
    return f"next_{definition.update}" if definition.section is Section.UPDATE and definition.update else definition.name


def backward_formulas(derivation: Derivation) -> Iterator[Formula]:
    """Named cotangents and the gradients that are returned, in order of evaluation."""
    if derivation.adjoint is None:
        return
    shapes = _cotangent_shapes(derivation)
    for stage in derivation.adjoint.stages:
        if isinstance(stage, Cotangent):
            value = readable_conditions(with_guards(ordinary(gradient_value(stage)), shapes), stage.axes)
            yield Formula(stage.name, stage.name, stage.axes, value)
            continue
        for step in stage.steps:
            value = with_guards(ordinary(_step_value(stage, step.start, step.local)), shapes)
            value = readable_conditions(value, step.start.axes)
            yield Formula(step.start.name, step.start.name, step.start.axes, value)


def _cotangent_shapes(derivation: Derivation) -> dict[str, tuple[Node, ...]]:
    """The sizes of the axes of each cotangent that is an array from 0 on."""
    sizes = {d.name: tuple(a.args[0] for a in d.axes) for d in derivation.forward if not any(d.low)}
    shapes = {name: sizes[output] for output, name in derivation.adjoint.upstream.items() if output in sizes}
    for stage in derivation.adjoint.stages:
        for c in (stage,) if isinstance(stage, Cotangent) else (step.start for step in stage.steps):
            if not any(c.low):
                shapes[c.name] = tuple(a.args[0] for a in c.axes)
    return shapes


def gradient_value(gradient: Cotangent) -> Node:
    """The whole value of a cotangent: what is gathered, and each scatter as a sum over the positions that reach an element."""
    if not gradient.scatters:
        return gradient.value
    return common_factors_first(expr.add(gradient.value, *(gathered(gradient.axes, s) for s in gradient.scatters)))


def common_factors_first(node: Node) -> Node:
    """A sum whose terms share factors, or a number but for the sign, with those taken out."""
    if node.op is not Op.ADD:
        return node
    factors = [[f for f in (t.args if t.op is Op.MUL else (t,)) if f.op is not Op.NUM] for t in node.args]
    sizes = {abs(expr.split_coefficient(t)[0]) for t in node.args}
    number = [expr.number(c) for c in sizes if len(sizes) == 1 and c != 1]
    common = [*number, *(f for f in factors[0] if all(f in others for others in factors[1:]))]
    inverse = expr.power(expr.mul(*common), expr.MINUS_ONE)
    return expr.mul(*common, expr.add(*(expr.mul(t, inverse) for t in node.args))) if common else node


def _step_value(loop: BackwardLoop, start: Cotangent, local: Node) -> Node:
    """A recurrent value's cotangent: from outside the loop, from the same step, and from later steps."""
    members = {d.name: steps for d, steps in zip(loop.group.definitions, loop.group.steps, strict=True)}
    later = []
    for step in loop.steps:
        over = tuple(step.definition.axes[k] for k in members[step.definition.name])
        for name, push in step.pushes:
            if name == start.name:
                later.append(gathered(start.axes, Scatter(push.targets, (*over, *push.scope), push.value)))
    return expr.add(gradient_value(start), local, *later)


def gathered(axes: tuple[Node, ...], scatter: Scatter) -> Node:
    """What a scatter adds to the element at `axes`: an affine target is solved for one of the scatter's own indices, with the
    conditions that keep it in range; every other target becomes a condition under the sum."""
    apart = {i: expr.index(f"{i.data}'", i.args[0]) for i in scatter.scope if i in axes}
    scope = dict.fromkeys(apart.get(i, i) for i in scatter.scope)
    solved: dict[Node, Node] = {}
    conditions: list[Node] = []
    for axis, target in zip(axes, (expr.substitute(t, apart) for t in scatter.targets), strict=True):
        parts = _digits(axis, target, [i for i in scope if i not in solved])
        if parts is not None:
            solved |= parts
            continue
        found = _solved(axis, straight(expr.substitute(target, solved)), [i for i in scope if i not in solved])
        if found is None:
            conditions.append(expr.compare("==", axis, target))
            continue
        unknown, value, within = found
        solved = {i: straight(expr.substitute(v, {unknown: value})) for i, v in solved.items()} | {unknown: value}
        conditions += within
    body = expr.mul(*(expr.indicator(c) for c in conditions), expr.substitute(scatter.value, apart))
    return straightened(expr.total(expr.substitute(body, solved), *(expr.whole(i) for i in scope if i not in solved)))


def _digits(axis: Node, target: Node, unknowns: list[Node]) -> dict[Node, Node] | None:
    """The scatter's indices as the digits of an axis of which the target is the position."""
    found = digits(affine(target))
    if found is None or found[1] != axis.args[0] or any(i not in unknowns for i in found[0]):
        return None
    sizes = tuple(i.args[0] for i in found[0])
    return {i: digit_of(axis, sizes, k) for k, i in enumerate(found[0])}


def straightened(node: Node) -> Node:
    """The expression with each position that is affine in the indices written as a plain sum: i - (i - k) is k."""

    def step(n: Node) -> Node | None:
        if n.op is Op.READ or n.op is Op.COMPARE:
            return expr.rebuilt(n, tuple(straight(a) for a in n.args))
        return None

    return expr.transform(node, step)


def straight(node: Node) -> Node:
    """An affine expression as a sum of multiples of its indices and a constant; any other as it is."""
    form = affine(node) if node.op in (Op.ADD, Op.MUL) else None
    return node if form is None else expr.add(*(expr.mul(c, i) for i, c in form.coefficients.items()), form.constant)


def _solved(axis: Node, target: Node, unknowns: list[Node]) -> tuple[Node, Node, list[Node]] | None:
    """(index, its value, conditions on the value) from axis = target, for an index of coefficient 1 or -1; None where there is none."""
    form = affine(target)
    if form is None:
        return None
    for unknown in unknowns:
        c = form.coefficients.get(unknown)
        if c in (expr.ONE, expr.MINUS_ONE):
            others = (expr.mul(d, i) for i, d in form.coefficients.items() if i != unknown)
            value = straight(expr.add(expr.mul(c, axis), *(expr.mul(expr.MINUS_ONE, c, o) for o in (*others, form.constant))))
            size = unknown.args[0]
            if value == axis and axis.args[0] == size:
                return unknown, value, []
            offset = expr.sub(value, axis)
            low = [expr.compare("<=", expr.ZERO, value)] if not (expr.is_number(offset) and offset.data >= 0) else []
            high = [expr.compare("<", value, size)] if not (expr.is_number(offset) and offset.data <= 0 and axis.args[0] == size) else []
            return unknown, value, low + high
    return None


def presentable(*nodes: Node) -> tuple[Node, ...]:
    """The expressions with a letter for each index that was only made on the way, the same one in all of them."""
    free = dict.fromkeys(i for n in nodes for i in sorted(n.free, key=lambda i: _order(str(i.data))))
    taken = {str(n.data) for node in nodes for n in expr.walk(node)} | {h for node in nodes for n in expr.walk(node) for h in n.hint}
    letters = (c + "'" * k for k in range(len(free) + 1) for c in "ijklmnpqrs")
    unused = (c for c in letters if c not in taken)
    named = {i: expr.index(next(unused), i.args[0]) for i in free if str(i.data).startswith("#")}
    return tuple(expr.substitute(n, named) for n in nodes)


def _order(name: str) -> tuple[int, str]:
    """Indices made on the way in the order in which they were made."""
    return (int(name[1:]), "") if name[:1] == "#" and name[1:].isdigit() else (-1, name)


def symbols(program: Program, derivation: Derivation) -> dict[str, str]:
    r"""The LaTeX of each gradient's name: `dy` is `\bar{y}`; the sum of an output's own and the passed gradient `\bar{y}^{\ast}`."""
    if derivation.adjoint is None:
        return {}
    passed = {name: barred(output) for output, name in derivation.adjoint.upstream.items()}
    names = {name: barred(value) for value, name in derivation.adjoint.cotangent_of.items() if name not in passed}
    both = set(passed.values())
    return {**passed, **{name: rf"{{{bar}}}^{{\ast}}" if bar in both else bar for name, bar in names.items()}}


def printed(program: Program, derivation: Derivation, formulas: Formulas, more: Mapping[str, str] = _NO_NAMES) -> dict[str, str]:
    """The LaTeX of every formula of a mode by its key: `y`, `dW`. Several lines of one value are joined. `more`: further names' LaTeX."""
    names = {**symbols(program, derivation), **more}
    out: dict[str, str] = {}
    for f in (*formulas.forward, *formulas.backward):
        line = printer.equation(f.name, f.axes, f.value, names)
        out[f.key] = rf"{out[f.key]} \\ {line}" if f.key in out else line
    return out


def formula(built: Built, mode: str, name: str) -> str:
    """The LaTeX of one formula: the gradient by a tensor (`W` or `dW`), an output, or a named value.

    Raises:
        KeyError: there is none of that name.
    """
    derivation = built.derivations[mode]
    if name in derivation.gradients:
        name = derivation.gradients[name].name
    lines = printed(built.program, derivation, of_mode(derivation))
    if name not in lines:
        raise KeyError(f"the layer {built.program.name} has no value or gradient {name!r}")
    return lines[name]


def heading(program: Program, mode: str, part: str) -> str:
    """What a list of formulas is headed by: the mode too, where there are several."""
    return f"{part} ({mode})" if len(program.bodies) > 1 else part
