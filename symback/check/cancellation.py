"""Where digits are lost in a layer at one point: the sum whose terms cancel most, or what leaves the range of the dtype."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from symback.check.reference import Reference
from symback.core.expr import ZERO, Node, Op, compare, index, read, text, walk
from symback.core.program import Kind, Program
from symback.evaluate.grids import Grid, Values
from symback.evaluate.inputs import Point
from symback.rewrite import stabilise


def explanation(program: Program, mode: str, point: Point, dtype: type) -> str:
    """A sentence that names what of the layer loses most digits at a point, or leaves the range of the dtype, and what would help."""
    reference = Reference(program, mode, point, np.dtype(dtype))
    lost, where = 1.0, None
    beyond = None
    for definition in program.bodies[mode].definitions:
        for equation in definition.equations:
            for node in walk(equation.value) if definition.kind is Kind.FLOAT else ():
                if _binds(node) or node.op not in (Op.ADD, Op.MUL, Op.POW, Op.CALL, Op.REDUCE):
                    continue
                digits = _cancelled(program, point, reference, node)
                if digits > lost:
                    lost, where = digits, (definition.name, node)
                if _largest(program, point, reference, node) > float(np.finfo(dtype).max) and _is_closer(node, beyond):
                    beyond = definition.name, node
    if where is not None:
        found = f"{lost:.0f} digits cancel in {text(where[1])} of {where[0]}"
        if where[1].op is Op.CALL:
            found = (
                f"{lost:.0f} digits are lost where {text(where[1].args[0])} of {where[0]} is rounded near 1 before its logarithm is taken"
            )
    elif beyond is not None:
        found = f"{text(beyond[1])} of {beyond[0]} leaves the range of {np.dtype(dtype).name}"
    else:
        found = "nothing of the layer as it is written cancels or leaves the range there"
    rule = helpful_rule(program, mode, point)
    if rule:
        return f"{found}: {rule}"
    if where is not None:
        return f"{found}: a form of it without the cancellation would help"
    if beyond is not None:
        return f"{found}: inputs or a form of it within the range would help"
    return f"{found}: the loss is in the compiled formula, which is worth a report"


def _is_closer(node: Node, found: tuple[str, Node] | None) -> bool:
    """Whether it names the trouble better: a part of what was found, or anything without an exponential, which rules mostly keep from being formed."""
    if found is None:
        return True
    if _holds_exp(found[1]) != _holds_exp(node):
        return _holds_exp(found[1])
    return any(n == node for n in walk(found[1]))


def _holds_exp(node: Node) -> bool:
    return any(n.op is Op.CALL and n.data == "exp" for n in walk(node))


def helpful_rule(program: Program, mode: str, point: Point) -> str:
    """A stability rule that would apply if the layer assumed the signs that tensors have at a point; nothing where there is none."""
    body = program.bodies[mode]
    applied = {s.rule for s in stabilise(body, program)[1]}
    signs = _signs(program, point)
    for assumed in (*((s,) for s in signs), tuple(signs)):
        assuming = replace(program, assumptions=(*program.assumptions, *assumed))
        more = [s.rule for s in stabilise(body, assuming)[1] if s.rule not in applied]
        if more:
            said = ", ".join(map(text, assumed))
            return f"the rule `{more[0]}` would help, and applies where the layer says so under assume: {said}"
    return ""


def _signs(program: Program, point: Point) -> list[Node]:
    """For each float tensor whose elements at a point have one sign, the relation that says so."""
    out = []
    for t in program.tensors:
        values = point.tensors[t.name]
        if t.kind is Kind.FLOAT and values.size:
            element = read(t.name, *(index(letter, size) for letter, size in zip("ijklmpqr", t.shape, strict=False)))
            if (values > 0).all():
                out.append(compare(">", element, ZERO))
            elif (values < 0).all():
                out.append(compare("<", element, ZERO))
    return out


def _binds(node: Node) -> bool:
    """Whether it lies inside a reduction, whose index has no position of its own here."""
    return any(str(i.data).startswith("~") for i in node.free)


def _cancelled(program: Program, point: Point, reference: Reference, node: Node) -> float:
    """Decimal digits that a sum loses at worst, log10 of its largest term over it, or that a logarithm loses whose argument is near 1."""
    if node.op is Op.CALL and node.data == "log":
        near = _flat(program, point, reference, node.args[0])
        return max((_digits(reference, v, abs(v - 1)) for v in near or () if v == v and 0 < abs(v - 1) < 0.1), default=0.0)
    if node.op is not Op.ADD:
        return 0.0
    sums = _flat(program, point, reference, node)
    if sums is None:
        return 0.0
    terms = [_flat(program, point, reference, t, node) for t in node.args]
    worst = 0.0
    for k, whole in enumerate(map(abs, sums)):
        largest = max(abs(t[k]) for t in terms)
        if whole == whole and whole > 0 and largest < float("inf"):
            worst = max(worst, _digits(reference, largest, whole) if largest > 0 else 0.0)
    return worst


def _digits(reference: Reference, large: object, small: object) -> float:
    return float(reference.arithmetic.functions["log"](large / small)) / 2.302585


def _largest(program: Program, point: Point, reference: Reference, node: Node) -> object:
    """The largest finite size of an expression's values."""
    values = _flat(program, point, reference, node)
    return max((abs(v) for v in values or () if v == v and abs(v) < float("inf")), default=0)


def _flat(program: Program, point: Point, reference: Reference, node: Node, like: Node | None = None) -> list | None:
    """The values of an expression, one after the other, over the free indices of another (of itself where None); None where there are none."""
    kinds = {t.name: t.kind for t in program.tensors} | {d.name: d.kind for d in program.bodies[reference.mode].definitions}
    arithmetic = reference.arithmetic
    arrays = {n: arithmetic.array(v) if v.dtype == object else v for n, v in {**reference.tensors, **reference.values}.items()}
    state = Values(program, arithmetic, point.sizes, point.hyperparameters, arrays, kinds=kinds)
    free = sorted((like or node).free, key=lambda i: str(i.data))
    grid = Grid(state, (), {i: k for k, i in enumerate(free)}, {})
    grid.extents = [grid.extent(i) for i in free]
    if 0 in grid.extents:
        return None
    return list(np.broadcast_to(grid.real(node), grid.extents).reshape(-1))
