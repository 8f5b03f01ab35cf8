"""Sums of products: pairwise, in the order of least cost, through BLAS where both operands have axes of their own."""

from __future__ import annotations

from dataclasses import replace
from math import prod

from symback.calculus.affine import scalar
from symback.calculus.entries import entry
from symback.calculus.patterns import pair_key, skeleton
from symback.core.expr import (
    ONE,
    ZERO,
    Node,
    Op,
    Reduction,
    branches,
    fresh_index,
    mul,
    number,
    piecewise,
    split_coefficient,
    substitute,
    total,
    walk,
    whole,
)
from symback.lower import divergences, softmax
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind
from symback.lower.choices import choose
from symback.lower.finiteness import finite_by_form
from symback.lower.lowering import Lowered, Lowering
from symback.lower.masks import conjunction, is_mask
from symback.lower.matrices import matrix_product, row_product
from symback.lower.products import (
    Factor,
    combine,
    factor,
    gathered,
    is_pole,
    may_be_garbage,
    most_shared,
    product_of,
)
from symback.lower.reads import reads_padding, reads_stay_inside
from symback.lower.scaling import times_scalar

DEEPEST_NAME = 3
"""Names that are seen through, one behind another, to find what a condition compares."""

_METHOD = {
    Reduction.SUM: "sum",
    Reduction.PROD: "prod",
    Reduction.MAX: "max",
    Reduction.MIN: "min",
    Reduction.ARGMAX: "argmax",
    Reduction.ARGMIN: "argmin",
}
_OF_NONE = {Reduction.MAX: "-np.inf", Reduction.MIN: "np.inf"}
"""What NumPy has to be told of an empty range."""


def over_axes(low: Lowering, kind: Reduction, v: Lowered, bound: tuple[Node, ...]) -> Lowered:
    if kind in (Reduction.SUM, Reduction.PROD):
        missing = [b for b in bound if b not in v.axes]
        if missing:
            size = mul(*(b.args[0] for b in missing))
            rest = tuple(b for b in bound if b in v.axes)
            inner = over_axes(low, kind, v, rest) if rest else v
            if kind is Reduction.SUM:
                return times_scalar(low, inner, size)
            return operate(low, "**", low.as_float(inner), low.scalar(size))
    bound = tuple(b for b in bound if b in v.axes)
    if not bound:
        return v if kind not in (Reduction.ARGMAX, Reduction.ARGMIN) else low.scalar(ZERO)
    if kind is Reduction.SUM and v.array.kind is Kind.CAST and v.array.args[0].element == "b":
        v = Lowered(v.array.args[0], v.axes)  # conditions are counted as they are
    if v.array.element == "b" and kind is not Reduction.SUM:
        v = low.as_float(v)
    if kind in (Reduction.ARGMAX, Reduction.ARGMIN) and len(bound) > 1:
        v = low.transposed(v, tuple(a for a in v.axes if a not in bound) + bound)
        size = mul(*(b.args[0] for b in bound))
        shape = tuple(a.args[0] for a in v.axes if a not in bound) + (size,)
        v = Lowered(
            Array(Kind.RESHAPE, shape, (v.array,), shape, v.array.element), tuple(a for a in v.axes if a not in bound) + (_flat(size),)
        )
        bound = (v.axes[-1],)
    axes = tuple(sorted(v.axes.index(b) for b in bound))
    kept = tuple(a for a in v.axes if a not in bound)
    counts = kind in (Reduction.ARGMAX, Reduction.ARGMIN) or v.array.element == "b"
    element = "i" if counts else v.array.element
    if kind in (Reduction.MAX, Reduction.MIN) and v.array.element == "s":
        return v
    if kind is Reduction.ARGMAX and axes[0] < len(v.axes) - 1 and v.array.element == "f":
        return Lowered(Array(Kind.KERNEL, ("_argmax", axes[0]), (v.array,), tuple(a.args[0] for a in kept), "i"), kept)
    none = (_OF_NONE[kind],) if kind in _OF_NONE and element == "f" and any(map(low.may_be_empty, bound)) else ()
    return Lowered(Array(Kind.REDUCE, (_METHOD[kind], axes, *none), (v.array,), tuple(a.args[0] for a in kept), element), kept)


def _flat(size: Node) -> Node:
    return fresh_index(size)


def sum_over(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered:
    """Σ body over whole ranges."""
    c, rest = split_coefficient(_with_number_outside(body))
    factors = list(rest.args) if rest.op is Op.MUL else [rest]
    scalars = [f for f in factors if scalar(f)]
    arrays = [f for f in factors if not scalar(f)]
    outside = [f for f in arrays if not (f.free & set(bound))]
    inside = [f for f in arrays if f.free & set(bound)]
    scale = mul(number(c), *scalars)
    unused = [b for b in bound if not any(b in f.free for f in inside)]
    scale = mul(scale, *(b.args[0] for b in unused))
    bound = tuple(b for b in bound if b not in unused)
    if not bound:
        return times_scalar(low, low.value(mul(*outside)), scale) if outside else low.scalar(scale)
    kept_in = any(is_mask(f) for f in scalars) and not all(reads_stay_inside(low, f) for f in inside)
    if kept_in or any(is_mask(f) for f in outside):  # what it guards may be read beyond its range
        return low.value(mul(scale, *outside, total(mul(*inside), *(whole(b) for b in bound))))
    inner = _contract(low, inside, bound)
    if len(inside) == 2:
        inner = divergences.divergence(low, inside, bound, inner) or inner
    if outside:
        inner = combine(low, [Factor(total(mul(*inside), *(whole(b) for b in bound)), inner), *(factor(low, f) for f in outside)])
    return times_scalar(low, inner, scale)


def _with_number_outside(body: Node) -> Node:
    """{0 if condition, else c·v} as c times {0 if condition, else v}."""
    pairs = branches(body) if body.op is Op.PIECEWISE else []
    numbers = {split_coefficient(v)[0] for v, _ in pairs if v != ZERO}
    if len(numbers) != 1 or numbers == {1}:
        return body
    (c,) = numbers
    return mul(number(c), piecewise(*((mul(number(1 / c), v), condition) for v, condition in pairs)))


def _contract(low: Lowering, factors: list[Node], bound: tuple[Node, ...]) -> Lowered:
    """Σ over `bound` of the product of `factors`."""
    masks = [f for f in factors if is_mask(f)]
    factors = [f for f in factors if not is_mask(f)]
    at_sight = low.tolerant() if masks and not all(reads_stay_inside(low, f) for f in factors) else low
    kinds = {at_sight.value(f).array.element for f in factors}
    if "f" not in kinds or not kinds <= {"f", "d"}:
        return over_axes(low, Reduction.SUM, low.value(mul(*factors, *masks)), bound)
    if masks:
        return _masked_contraction(low, factors, masks, bound)
    if len(factors) == 1 and factors[0].op is not Op.POW:
        found = _log_softmax_sum(low, factors[0], bound)
        return over_axes(low, Reduction.SUM, low.value(factors[0]), bound) if found is None else found
    operands = []
    for f in factors:
        if f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data == 2:
            operands += [Factor(f.args[0], low.value(f.args[0]))] * 2
        else:
            operands.append(_float_factor(low, f))
    operands = _shared(low, operands, bound)
    up, down = [o for o in operands if not o.inverse], [o for o in operands if o.inverse]
    poles = [o for o in down if is_pole(low, o.node)]
    if poles and any(o.value.array.late for o in up):
        divided = _over_poles(low, up, poles)
        if divided is None:
            return over_axes(low, Reduction.SUM, low.value(mul(*factors)), bound)
        up, down = divided, [o for o in down if o not in poles]
        operands = up
    if down:
        operands = _divided(low, up, down)
    return _contract_operands(low, operands, set(bound))


def _float_factor(low: Lowering, node: Node) -> Factor:
    """The factor in the layer's float type: a table of indices is cast before it is multiplied."""
    found = factor(low, node)
    return replace(found, value=low.as_float(found.value))


def _log_softmax_sum(low: Lowering, body: Node, bound: tuple[Node, ...]) -> Lowered | None:
    """Σ_k (u_k - LogSumExp u) as Σ_k (u_k - max) less as many log1p(rest): of equal signs, so that nothing cancels; None for another sum."""
    found = entry(body)
    if found is None or found[2] != bound or len(bound) != 1 or bound[0] in found[0].free:
        return None
    _, rest, top, peak = softmax.exponentials(low, *found[:2])
    here = low.as_float(low.value(substitute(found[0], dict(zip(found[1], bound, strict=True)))))
    short = over_axes(low, Reduction.SUM, low.elementwise(Kind.OPERATOR, "-", [here, top], "f"), bound)
    return operate(low, "-", short, times_scalar(low, softmax.logarithm(low, rest, peak), bound[0].args[0]))


def _over_poles(low: Lowering, up: list[Factor], poles: list[Factor]) -> list[Factor] | None:
    """The factors with each root that may be 0 below a cotangent that has its axes; None where one has no such cotangent, or is
    0 beyond its range, where another factor may be 0 instead of the cotangent."""
    out = list(up)
    for pole in poles:
        if reads_padding(low, pole.node):
            return None
        hosts = [k for k, f in enumerate(out) if f.value.array.late and set(pole.value.axes) <= set(f.value.axes)]
        if not hosts:
            return None
        host = out[hosts[0]]
        out[hosts[0]] = Factor(mul(host.node, pole.node), combine(low, [host, pole]))
    return out


def _masked_contraction(low: Lowering, factors: list[Node], masks: list[Node], bound: tuple[Node, ...]) -> Lowered:
    """Conditions are applied to one factor that has their indices; the contraction stays one."""
    condition = conjunction(low, masks)
    hosts = [f for f in factors if set(condition.axes) <= set(low.guarded(condition).value(f).axes)]
    hosts = [f for f in hosts if f.op is not Op.POW or may_be_garbage(low, f, condition)]
    if not all(reads_stay_inside(low, f) for f in factors):
        return over_axes(low, Reduction.SUM, low.value(mul(*factors, *masks)), bound)
    if not hosts and len(factors) > 1 and all(finite_by_form(low, f) or low.value(f).array.late for f in factors):
        return _contract_operands(
            low, _shared(low, [Factor(mul(*masks), low.as_float(condition)), *(_float_factor(low, f) for f in factors)], bound), set(bound)
        )
    if not hosts:
        return over_axes(low, Reduction.SUM, low.value(mul(*factors, *masks)), bound)
    masked = [f for f in hosts if may_be_garbage(low, f, condition)] or [min(hosts, key=lambda f: len(low.value(f).axes))]
    rest = [f for f in factors if f not in masked]
    if not all(finite_by_form(low, f) or low.value(f).array.late or _is_compared(low, f, masks) for f in rest):
        return over_axes(low, Reduction.SUM, low.value(mul(*factors, *masks)), bound)
    chosen = [Factor(mul(f, *masks), choose(low, condition, low.guarded(condition).value(f), low.scalar(ZERO))) for f in masked]
    operands = _shared(low, [*chosen, *(_float_factor(low, f) for f in rest)], bound)
    up, down = [o for o in operands if not o.inverse], [o for o in operands if o.inverse]
    return _contract_operands(low, _divided(low, up, down) if down else operands, set(bound))


def _is_compared(low: Lowering, factor: Node, masks: list[Node]) -> bool:
    """Whether what a condition compares holds the factor too: where that is infinite, the condition has nothing to say."""
    key = skeleton(factor)[0]
    level, seen = list(masks), set()
    for _ in range(DEEPEST_NAME):
        nodes = [n for m in level for n in walk(m)]
        if any(n.op is factor.op and skeleton(n)[0] == key for n in nodes):
            return True
        names = dict.fromkeys(str(n.data) for n in nodes if n.op is Op.READ and n.data in low.definitions and n.data not in seen)
        level = [e.value for name in names for e in low.definitions[name].equations]
        seen |= set(names)
    return False


def _divided(low: Lowering, up: list[Factor], down: list[Factor]) -> list[Factor]:
    """Divisions go to the smallest factor that has their axes, or become one."""
    out = list(up)
    for d in down:
        hosts = [k for k, f in enumerate(out) if set(d.value.axes) == set(f.value.axes)]
        if hosts:
            k = hosts[0]
            out[k] = Factor(mul(out[k].node, d.node), operate(low, "/", out[k].value, d.value))
        else:
            out.append(Factor(d.node, operate(low, "/", low.scalar(ONE), d.value)))
    return out


def _shared(low: Lowering, operands: list[Factor], bound: tuple[Node, ...]) -> list[Factor]:
    """Pairs that other products hold too are made first, and summed at once over the indices that they alone have."""
    operands = list(operands)
    while (best := _made_already(low, operands, bound) or most_shared(low, operands)) is not None:
        i, j = best
        own = _own_indices(operands, i, j, bound)
        operands[i] = _summed_pair(low, operands[i], operands[j], own) if own else product_of(low, [operands[i], operands[j]])
        del operands[j]
    return operands


def _own_indices(operands: list[Factor], i: int, j: int, bound: tuple[Node, ...]) -> set[Node]:
    """The summed indices that two of the operands have, and no other; none where one is divided by."""
    if operands[i].inverse or operands[j].inverse:
        return set()
    others = [o for k, o in enumerate(operands) if k not in (i, j)]
    joint = (*operands[i].value.axes, *operands[j].value.axes)
    return {x for x in bound if x in joint and not any(x in o.value.axes for o in others)}


def _summed_pair(low: Lowering, a: Factor, b: Factor, own: set[Node]) -> Factor:
    value = _pair(low, a.value, b.value, own)
    low.contracted.add(value.array)
    return Factor(total(mul(a.node, b.node), *(whole(x) for x in sorted(own, key=lambda n: str(n.data)))), value)


def _made_already(low: Lowering, operands: list[Factor], bound: tuple[Node, ...]) -> tuple[int, int] | None:
    """Two of three or more operands whose sum over the indices that they alone have has been made for another contraction."""
    for i, a in enumerate(operands) if len(operands) > 2 else ():
        for j in range(i + 1, len(operands)):
            own = _own_indices(operands, i, j, bound)
            if own and _pair(low, a.value, operands[j].value, own).array in low.contracted:
                return i, j
    return None


def _contract_operands(low: Lowering, operands: list[Factor], bound: set[Node]) -> Lowered:
    """Pairwise contractions in the order of least cost at representative sizes."""
    operands = _absorb(low, operands, bound)
    while len(operands) > 2:
        i, j, local = _cheapest_pair(low, operands, bound)
        others = [o for k, o in enumerate(operands) if k not in (i, j)]
        bound = bound - local
        operands = _absorb(low, [*others, _summed_pair(low, operands[i], operands[j], local)], bound)
    if len(operands) == 1:
        return over_axes(low, Reduction.SUM, operands[0].value, tuple(x for x in operands[0].value.axes if x in bound))
    last = _pair(low, operands[0].value, operands[1].value, bound)
    low.contracted.add(last.array)
    return last


def _absorb(low: Lowering, operands: list[Factor], bound: set[Node]) -> list[Factor]:
    """Three or more factors: those whose axes lie within another's are multiplied into it, while two are left."""
    operands = list(operands)
    changed = True
    while changed and len(operands) > 2:
        changed = False
        order = sorted(range(len(operands)), key=lambda k: len(operands[k].value.axes))
        for i in order:
            hosts = [j for j in order if j != i and set(operands[i].value.axes) <= set(operands[j].value.axes)]
            if hosts:
                j = hosts[0]
                (merged,) = gathered(low, [operands[j], operands[i]])
                operands = [o for k, o in enumerate(operands) if k not in (i, j)] + [merged]
                changed = True
                break
    return operands


def _cheapest_pair(low: Lowering, operands: list[Factor], bound: set[Node]) -> tuple[int, int, set[Node]]:
    """(i, j, indices summed with them): the pair after which all is done at least cost. What another
    contraction has made already is free; of equals, forward sums early, and backward takes a product that others hold too."""
    best = None
    for i in range(len(operands)):
        for j in range(i + 1, len(operands)):
            a, b = operands[i], operands[j]
            others = [o for k, o in enumerate(operands) if k not in (i, j)]
            joint = set(a.value.axes) | set(b.value.axes)
            local = {x for x in bound & joint if not any(x in o.value.axes for o in others)}
            value = _pair(low, a.value, b.value, local)
            rest = (joint - local).union(*(o.value.axes for o in others))
            cost = (0 if value.array in low.contracted else extent(joint)) + extent(rest)
            wanted = low.plan.pairs.get(pair_key(a.node, b.node), 0) if value.array.late else len(local)
            if best is None or (cost, -wanted) < best[0]:
                best = ((cost, -wanted), (i, j, local))
    return best[1]


def extent(axes) -> int:
    """Number of elements at representative sizes: 64 where a size is not a number."""
    return prod(size_of(a.args[0]) for a in axes)


def size_of(size: Node) -> int:
    if size.op is Op.NUM:
        return max(1, int(size.data))
    if size.op is Op.MUL:
        return prod(size_of(a) for a in size.args)
    return 64


def _pair(low: Lowering, a: Lowered, b: Lowered, bound: set[Node]) -> Lowered:
    """Σ over `bound` of a·b: a matrix product where both have axes of their own, else a row-wise product."""
    a = _presummed(low, a, [x for x in bound if x in a.axes and x not in b.axes])
    b = _presummed(low, b, [x for x in bound if x in b.axes and x not in a.axes])
    shared = [x for x in a.axes if x in b.axes]
    contracted = [x for x in shared if x in bound]
    batch = [x for x in shared if x not in bound]
    left = [x for x in a.axes if x not in b.axes]
    right = [x for x in b.axes if x not in a.axes]
    if not contracted:
        return operate(low, "*", a, b)
    if left and right and _innermost(low, left, right) in left:
        a, b, left, right = b, a, right, left
    if left and right:
        return matrix_product(low, a, b, batch, left, right, contracted)
    return row_product(low, a, b, batch, left or right, contracted)


def _presummed(low: Lowering, v: Lowered, own: list[Node]) -> Lowered:
    return over_axes(low, Reduction.SUM, v, tuple(own)) if own else v


def _innermost(low: Lowering, left: list[Node], right: list[Node]) -> Node:
    """The axis of a product that is to be its last: the operand that has it stands on the right."""
    place = {x: k for k, x in enumerate(low.rank)}
    ranked = [x for x in (*left, *right) if x in place]
    return max(ranked, key=lambda x: place[x]) if ranked else right[-1]
