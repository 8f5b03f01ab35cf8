"""A body and its adjoint as arrays: what forward returns, what backward returns, and what must be checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from symback.calculus.adjoint import Adjoint
from symback.calculus.affine import affine, linear, never_negative
from symback.calculus.cotangents import BackwardLoop, Cotangent, Scatter, Stage
from symback.calculus.patterns import pair_key
from symback.calculus.radix import digits
from symback.core.expr import (
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    Reduction,
    add,
    both,
    compare,
    dim,
    fresh_index,
    is_whole,
    mul,
    neg,
    number,
    opened_anew,
    piecewise,
    substitute,
    total,
    walk,
)
from symback.core.program import Body, Definition, Program, Section, Tensor
from symback.core.program import Kind as TensorKind
from symback.lower import elements, logistic, loops, reads, reductions
from symback.lower.arrays import Array, Kind, parts
from symback.lower.lowering import Lowering, Plan, RangeCheck
from symback.lower.nested import shared_sums
from symback.lower.picks import label_of, one_hot
from symback.lower.scatters import cotangent_array, scattered

RULES = {**elements.RULES, Op.READ: reads.read_tensor, Op.REDUCE: reductions.reduce}


@dataclass(frozen=True, slots=True)
class LoweredBody:
    """One mode as arrays. `hints`: the names that arrays bear in the declaration; `variables`: those of loops; `sizes`: widths by name;
    `rooms`: sizes that may be below the least that they must be for some arguments, with that least."""

    outputs: Mapping[str, Array]
    updates: Mapping[str, Array]
    gradients: Mapping[str, Array]
    upstream: Mapping[str, str]
    hints: Mapping[Array, str]
    variables: tuple[str, ...]
    sizes: Mapping[str, Node]
    checks: tuple[RangeCheck, ...]
    array_checks: tuple[tuple[str, int, Array, Node], ...]
    rooms: tuple[tuple[Node, int], ...] = ()


def lower_body(program: Program, body: Body, adjoint: Adjoint | None) -> LoweredBody:
    """The arrays of a stabilised body and its simplified adjoint; what several matrix products copy is one value of the second
    lowering, which also keeps the softmaxes of a loop's steps that are wanted after it."""
    values = _values(body, adjoint)
    plan = Plan(popularity(values), logistic.decays(values), shared_sums(values))
    low, lowered = _lowered(program, body, adjoint, plan)
    copies = frozenset(copy for copy, products_ in low.copies.items() if len(products_) > 1)
    kept = frozenset(low.wanted)
    return _lowered(program, body, adjoint, replace(plan, copies=copies, kept=kept))[1] if copies or kept else lowered


def _lowered(program: Program, body: Body, adjoint: Adjoint | None, plan: Plan) -> tuple[Lowering, LoweredBody]:
    tensors = {t.name: tensor_array(t) for t in program.tensors}
    low = Lowering(program, RULES, tensors, {d.name: d for d in body.definitions}, plan=plan)
    low.returned = frozenset((*body.outputs, *body.updates.values()))
    hints: dict[Array, str] = {}
    for group in body.groups:
        if group.recurrent:
            loops.forward_loop(low, group)
            continue
        for d in group.definitions:
            low.arrays[d.name] = _definition_array(low, d)
            low.computed.add(low.arrays[d.name])
            _hint(hints, low.arrays[d.name], d.name)
    outputs = {o: loops.without_starts(low, o) for o in body.outputs}
    updates = {state: low.arrays[name] for state, name in body.updates.items()}
    checks, array_checks = tuple(low.checks), tuple(low.array_checks)  # backward reads where forward has read
    low.checked = frozenset(checks)
    checks = tuple(c for c in checks if c not in low.certain)
    low.made = frozenset(parts([*outputs.values(), *updates.values()]))
    gradients: dict[str, Array] = {}
    upstream: Mapping[str, str] = {}
    if adjoint is not None:
        upstream = adjoint.upstream
        for output, name in upstream.items():
            array = outputs[output]
            low.arrays[name] = Array(Kind.ARGUMENT, name, (), array.shape, "f", late=True)
        low.cotangents |= {*upstream.values(), *(s.name for s in adjoint.stages if isinstance(s, Cotangent))}
        needed = _read_outside_loops(adjoint.stages)
        for stage in adjoint.stages:
            if isinstance(stage, BackwardLoop):
                loops.backward_loop(low, stage, needed)
            else:
                low.arrays[stage.name] = cotangent_array(low, stage)
                _hint(hints, low.arrays[stage.name], stage.name)
        gradients = {tensor: low.arrays[name] for tensor, name in adjoint.gradients.items()}
    return low, LoweredBody(
        outputs,
        updates,
        gradients,
        upstream,
        hints,
        tuple(low.variables),
        low.sizes,
        checks,
        array_checks,
        _rooms(program, body, low.counted),
    )


def _rooms(program: Program, body: Body, counted: Iterable[Node]) -> tuple[tuple[Node, int], ...]:
    """The sizes of values that may come out negative, and the counts of windows that may be none, derived dimensions by name."""
    derived = {dim(n): value for n, value in program.derived}

    def declared(size: Node) -> Node:
        for _ in derived:
            size = substitute(size, derived)
        return size

    least = dict.fromkeys((a.args[0] for d in body.definitions for a in d.axes), 0) | dict.fromkeys(counted, 1)
    open_ = {s: n for s, n in least.items() if s.op is not Op.NUM and not never_negative(add(declared(s), number(-n)))}
    known = _sizes_of_indices(body) if open_ else set()  # others were found on the way, where what reads 0 was left out
    return tuple((s, n) for s, n in open_.items() if s in known)


def _sizes_of_indices(body: Body) -> set[Node]:
    """The sizes over which the body has indices."""
    values = [e.value for d in body.definitions for e in d.equations]
    indices = [a for d in body.definitions for a in d.axes] + [n for value in values for n in walk(value) if n.op is Op.INDEX]
    return {i.args[0] for i in indices}


def tensor_array(tensor: Tensor) -> Array:
    element = {TensorKind.FLOAT: "f", TensorKind.INT: "i", TensorKind.BOOL: "b"}[tensor.kind]
    return Array(Kind.ARGUMENT, tensor.name, (), tensor.shape, element)


def _definition_array(low: Lowering, d: Definition) -> Array:
    here = low.ranked(d.axes)
    value = d.value
    for e in reversed(d.equations[:-1]):
        at = both(*(compare("==", axis, f) for axis, f in zip(d.axes, e.lhs, strict=True) if f != axis))
        value = piecewise((e.value, at), (value, TRUE))
    value, spread = spread_reads(low, d, value)
    if spread:
        rest = here.broadcast(here.as_float(here.value(value)), d.axes) if value != ZERO else None
        return scattered(here, rest, tuple(a.args[0] for a in d.axes), spread, d.name)
    v = here.value(value)
    if d.kind is TensorKind.FLOAT:
        v = here.as_float(v)
        if v.array.element == "s":
            v = type(v)(Array(Kind.KERNEL, ("np.asarray", "dtype"), (v.array,), (), "f"), ())
    if v.array.element == "s":
        return here.broadcast(v, d.axes, {TensorKind.INT: "i", TensorKind.BOOL: "b"}[d.kind])
    return here.broadcast(v, d.axes)


def spread_reads(low: Lowering, d: Definition, value: Node) -> tuple[Node, list[Scatter]]:
    """(other terms, scatters): y_u = Σ_l x_l·w_{u - s·l}, with w 0 outside its range, is each x_l·w_k added at u = k + s·l;
    y_u = Σ_n [u = t_n]·x_n is each x_n added at t_n, and what is returned as [u = t] is 1 written there."""
    hot = one_hot(low, value, d.axes) if d.section is Section.OUTPUT and d.kind is TensorKind.FLOAT else None
    if hot is not None:
        u, label = hot
        return ZERO, [Scatter(tuple(label if a == u else a for a in d.axes), tuple(a for a in d.axes if a != u), ONE)]
    rest, scatters = [], []
    for term in value.args if value.op is Op.ADD else (value,):
        found = _spread_read(low, d, term)
        if found is None:
            rest.append(term)
        else:
            scatters.append(found)
    return (add(*rest), scatters) if scatters else (value, [])


def _spread_read(low: Lowering, d: Definition, term: Node) -> Scatter | None:
    sums = [f for f in (term.args if term.op is Op.MUL else (term,)) if f.op is Op.REDUCE and f.data is Reduction.SUM]
    if len(sums) != 1:
        return None
    body, binders = opened_anew(sums[0])
    outer = [f for f in (term.args if term.op is Op.MUL else ()) if f is not sums[0]]
    factors = body.args if body.op is Op.MUL else (body,)
    if not all(is_whole(b) for b in binders):
        return None
    for u in d.axes:
        at_label = label_of(low, body, u)
        if at_label is not None and not any(u in g.free for g in (*outer, at_label[1])):
            label, rest = at_label
            scope = (*(a for a in d.axes if a != u), *(b[0] for b in binders if b[0] in label.free))
            value = total(mul(*outer, rest), *(b for b in binders if b[0] not in label.free))
            return Scatter(tuple(label if a == u else a for a in d.axes), scope, value)
    for f in factors:
        if f.op is not Op.READ or low.outside_of(str(f.data)) != ZERO:
            continue
        others = [*outer, *(g for g in factors if g is not f)]
        targets: dict[Node, Node] = {}
        where = list(f.args)
        for axis, at in enumerate(f.args):
            form = affine(at)
            if form is None or len(form.indices) < 2 or digits(form) is not None or all(i in d.axes for i in form.indices):
                continue
            beside = [*others, *(a for k, a in enumerate(f.args) if k != axis)]
            u = next((i for i in d.axes if form.coefficients.get(i) in (ONE, MINUS_ONE) and not any(i in g.free for g in beside)), None)
            if u is not None:
                k = where[axis] = fresh_index(low.arrays[str(f.data)].shape[axis])
                targets[u] = linear(mul(form.coefficients[u], add(neg(substitute(at, {u: ZERO})), k)))
        if targets:
            placed = {i for t in targets.values() for i in t.free}
            product = total(mul(*others, Node(Op.READ, f.data, tuple(where))), *(b for b in binders if b[0] not in placed))
            moved = tuple(targets.get(a, a) for a in d.axes)
            inner = (i for t in targets.values() for i in affine(t).indices)
            return Scatter(moved, (*(a for a in d.axes if a not in targets), *dict.fromkeys(i for i in inner if i not in d.axes)), product)
    return None


def _hint(hints: dict[Array, str], array: Array, name: str) -> None:
    if array.kind not in (Kind.ARGUMENT, Kind.BUFFER, Kind.SCALAR) and array not in hints:
        hints[array] = name


def _values(body: Body, adjoint: Adjoint | None) -> list[Node]:
    """All expressions of the program."""
    values = [e.value for d in body.definitions for e in d.equations]
    for stage in adjoint.stages if adjoint is not None else ():
        values += _stage_values(stage)
    return values


def popularity(values: Iterable[Node]) -> dict[tuple[int, int], int]:
    """How often each pair of factors occurs in the products of the program."""
    counts: dict[tuple[int, int], int] = {}
    for value in values:
        for n in walk(value):
            if n.op is Op.MUL or n.op is Op.CALL and n.data == "product":
                factors = [f for f in n.args if f.op is not Op.NUM]
                for i, a in enumerate(factors[:12]):
                    for b in factors[i + 1 : 12]:
                        key = pair_key(a, b)
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
