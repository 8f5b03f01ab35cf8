"""A body and its adjoint as arrays: what forward returns, what backward returns, and what must be checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from symback.calculus.adjoint import Adjoint
from symback.calculus.cotangents import BackwardLoop, Cotangent, Stage
from symback.core.expr import TRUE, Node, Op, add, both, compare, number, piecewise, walk
from symback.core.program import Body, Definition, Program, Tensor
from symback.core.program import Kind as TensorKind
from symback.lower import elements, loops, reads, reductions
from symback.lower.arrays import Array, Kind, Slice
from symback.lower.lowering import Lowering, RangeCheck
from symback.lower.scatters import cotangent_array

RULES = {**elements.RULES, Op.READ: reads.read_tensor, Op.REDUCE: reductions.reduce}


@dataclass(frozen=True, slots=True)
class LoweredBody:
    """One mode as arrays. `hints`: the names that arrays bear in the declaration; `variables`: those of loops."""

    outputs: Mapping[str, Array]
    updates: Mapping[str, Array]
    gradients: Mapping[str, Array]
    upstream: Mapping[str, str]
    hints: Mapping[Array, str]
    variables: tuple[str, ...]
    checks: tuple[RangeCheck, ...]
    array_checks: tuple[tuple[str, int, Array, Node], ...]


def lower_body(program: Program, body: Body, adjoint: Adjoint | None) -> LoweredBody:
    """The arrays of a stabilised body and its simplified adjoint."""
    low = Lowering(program, RULES, {t.name: tensor_array(t) for t in program.tensors}, {d.name: d for d in body.definitions})
    low.popularity = popularity(body, adjoint)
    hints: dict[Array, str] = {}
    for group in body.groups:
        if group.recurrent:
            loops.forward_loop(low, group)
            continue
        for d in group.definitions:
            low.arrays[d.name] = _definition_array(low, d)
            low.computed.add(low.arrays[d.name])
            _hint(hints, low.arrays[d.name], d.name)
    outputs = {o: _without_starts(low, o) for o in body.outputs}
    updates = {state: low.arrays[name] for state, name in body.updates.items()}
    gradients: dict[str, Array] = {}
    upstream: Mapping[str, str] = {}
    if adjoint is not None:
        upstream = adjoint.upstream
        for output, name in upstream.items():
            array = outputs[output]
            low.arrays[name] = Array(Kind.ARGUMENT, name, (), array.shape, "f", late=True)
        needed = _read_outside_loops(adjoint.stages)
        for stage in adjoint.stages:
            if isinstance(stage, BackwardLoop):
                loops.backward_loop(low, stage, needed)
            else:
                low.arrays[stage.name] = cotangent_array(low, stage)
                _hint(hints, low.arrays[stage.name], stage.name)
        gradients = {tensor: low.arrays[name] for tensor, name in adjoint.gradients.items()}
    return LoweredBody(outputs, updates, gradients, upstream, hints, tuple(low.variables), tuple(low.checks), tuple(low.array_checks))


def _without_starts(low: Lowering, name: str) -> Array:
    """A recurrence's positions 0 … size-1, without the room of its starts."""
    array, d = low.arrays[name], low.definitions[name]
    sizes = tuple(a.args[0] for a in d.axes)
    if array.shape == sizes:
        return array
    items = tuple(Slice(number(-k) if k else None, add(number(-k), size)) if s != size else Slice() for s, size, k in zip(array.shape, sizes, d.low or (0,) * len(sizes), strict=True))
    return Array(Kind.VIEW, items, (array,), sizes, array.element)


def tensor_array(tensor: Tensor) -> Array:
    element = {TensorKind.FLOAT: "f", TensorKind.INT: "i", TensorKind.BOOL: "b"}[tensor.kind]
    return Array(Kind.ARGUMENT, tensor.name, (), tensor.shape, element)


def _definition_array(low: Lowering, d: Definition) -> Array:
    here = low.ranked(d.axes)
    value = d.value
    for e in reversed(d.equations[:-1]):
        at = both(*(compare("==", axis, f) for axis, f in zip(d.axes, e.lhs, strict=True) if f != axis))
        value = piecewise((e.value, at), (value, TRUE))
    v = here.value(value)
    if d.kind is TensorKind.FLOAT:
        v = here.as_float(v)
        if v.array.element == "s":
            v = type(v)(Array(Kind.KERNEL, ("np.asarray", "dtype"), (v.array,), (), "f"), ())
    return here.broadcast(v, d.axes)


def _hint(hints: dict[Array, str], array: Array, name: str) -> None:
    if array.kind not in (Kind.ARGUMENT, Kind.BUFFER, Kind.SCALAR) and array not in hints:
        hints[array] = name


def popularity(body: Body, adjoint: Adjoint | None) -> dict[tuple[int, int], int]:
    """How often each pair of factors occurs in the products of the program."""
    values = [e.value for d in body.definitions for e in d.equations]
    for stage in adjoint.stages if adjoint is not None else ():
        values += _stage_values(stage)
    counts: dict[tuple[int, int], int] = {}
    for value in values:
        for n in walk(value):
            if n.op is Op.MUL:
                factors = [f for f in n.args if f.op is not Op.NUM]
                for i, a in enumerate(factors[:12]):
                    for b in factors[i + 1 : 12]:
                        key = elements.pair_key(a, b)
                        counts[key] = counts.get(key, 0) + 1
    return counts


def _stage_values(stage: Stage) -> list[Node]:
    if isinstance(stage, Cotangent):
        return [stage.value, *(s.value for s in stage.scatters)]
    return [v for s in stage.steps for v in (*_stage_values(s.start), s.local, *(p.value for _, p in s.pushes))]


def _read_outside_loops(stages: tuple[Stage, ...]) -> dict[str, bool]:
    """Names of cotangents that a stage outside their loop, or another step of it, reads."""
    out: dict[str, bool] = {}
    for stage in stages:
        members = {s.start.name for s in stage.steps} if isinstance(stage, BackwardLoop) else set()
        for value in _stage_values(stage):
            for n in walk(value):
                if n.op is Op.READ and n.data not in members:
                    out[n.data] = True
    return out
