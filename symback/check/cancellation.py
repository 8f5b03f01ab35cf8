"""Where digits are lost in a layer: the sum whose terms cancel most, at one point."""

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
    """A sentence that names the sum of the layer that loses most digits at a point, or says that none does."""
    reference = Reference(program, mode, point, np.dtype(dtype))
    lost, where = 1.0, None
    for definition in program.bodies[mode].definitions:
        for equation in definition.equations:
            for node in walk(equation.value):
                if node.op is Op.ADD and definition.kind is Kind.FLOAT and not _binds(node):
                    digits = _cancelled(program, point, reference, node)
                    if digits > lost:
                        lost, where = digits, (definition.name, node)
    if where is None:
        return "no sum of the layer as it is written cancels there: the loss is in the compiled formula, which is worth a report"
    found = f"{lost:.0f} digits cancel in {text(where[1])} of {where[0]}"
    rule = helpful_rule(program, mode, point)
    return f"{found}: {rule}" if rule else f"{found}: a form of it without the cancellation would help"


def helpful_rule(program: Program, mode: str, point: Point) -> str:
    """A stability rule that would apply if the layer assumed the sign that a tensor has at a point; nothing where there is none."""
    body = program.bodies[mode]
    applied = {s.rule for s in stabilise(body, program)[1]}
    for assumption in _signs(program, point):
        assuming = replace(program, assumptions=(*program.assumptions, assumption))
        more = [s.rule for s in stabilise(body, assuming)[1] if s.rule not in applied]
        if more:
            return f"the rule `{more[0]}` would help, and applies where the layer says so under assume: {text(assumption)}"
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
    """Decimal digits that the sum loses at worst: log10 of the largest term over the sum."""
    kinds = {t.name: t.kind for t in program.tensors} | {d.name: d.kind for d in program.bodies[reference.mode].definitions}
    arithmetic = reference.arithmetic
    arrays = {n: arithmetic.array(v) if v.dtype == object else v for n, v in {**reference.tensors, **reference.values}.items()}
    state = Values(program, arithmetic, point.sizes, point.hyperparameters, arrays, kinds=kinds)
    free = sorted(node.free, key=lambda i: str(i.data))
    grid = Grid(state, (), {i: k for k, i in enumerate(free)}, {})
    grid.extents = [grid.extent(i) for i in free]
    if 0 in grid.extents:
        return 0.0
    total = np.abs(np.broadcast_to(grid.real(node), grid.extents).reshape(-1))
    terms = [np.abs(np.broadcast_to(grid.real(t), grid.extents).reshape(-1)) for t in node.args]
    worst = 0.0
    for k, whole in enumerate(total):
        largest = max(t[k] for t in terms)
        if whole == whole and whole > 0 and largest < float("inf"):
            worst = max(worst, float(arithmetic.functions["log"](largest / whole)) / 2.302585 if largest > 0 else 0.0)
    return worst
