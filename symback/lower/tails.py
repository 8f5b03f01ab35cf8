"""Sums over all that comes from an index on, of what also depends on the index: a scan each way instead of a triangle."""

from __future__ import annotations

from symback.core.expr import (
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    both,
    branches,
    compare,
    fresh_index,
    indicator,
    is_indicator,
    mul,
    opened,
    piecewise,
    power,
    reduction,
    split_coefficient,
    substitute,
    total,
)
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind, Slice
from symback.lower.lowering import Lowered, Lowering
from symback.lower.products import Factor, combine, factor


def softmax_tail(low: Lowering, body: Node, binder: Binder) -> Lowered | None:
    """Σ_{i ≥ j} c_i·exp(u_j + v_i), by a scan whose scale moves along: exp(u_j + m_j)·Σ_{i ≥ j} c_i·exp(v_i - m_j);
    Σ_{i ≤ j}, of what is summed up to the other end, by the same scan of the arrays turned round."""
    i, j, hi = binder
    backward = j == ZERO and hi.op is Op.INDEX
    if backward:
        j, hi = hi, add(i.args[0], MINUS_ONE)
    if j.op is not Op.INDEX or j.args != i.args or hi != add(i.args[0], MINUS_ONE) or body.op is not Op.MUL and body.op is not Op.CALL:
        return None
    factors = body.args if body.op is Op.MUL else (body,)
    both_ = [f for f in factors if i in f.free and j in f.free]
    if len(both_) != 1 or both_[0].op is not Op.CALL or both_[0].data != "exp" or both_[0].args[0].op is not Op.ADD:
        return None
    terms = both_[0].args[0].args
    if any(i in t.free and j in t.free for t in terms):
        return None
    moving = add(*(t for t in terms if i in t.free))
    entry = add(*(t for t in terms if i not in t.free))
    running = _is_running(entry, moving, i, j, backward)
    if backward and not running:
        return None
    v = low.as_float(low.value(substitute(entry, {j: i}) if running else moving))
    c = low.as_float(low.value(mul(*(f for f in factors if i in f.free and j not in f.free))))
    if i not in v.axes or v.array.element != "f":
        return None
    axes = low.union([v, c])
    if c.array.element != "f" or set(axes) != set(v.axes):
        return None
    v = low.transposed(v, axes)
    weights = low.aligned(c, axes)
    if len(weights.shape) != len(axes):
        return None
    shape = v.array.shape
    if running:
        at = tuple(j if a == i else a for a in axes)
        operands = [turned(a, axes.index(i)) if backward else a for a in (weights, v.array)]
        array = Array(Kind.KERNEL, ("_running_softmax_tail", axes.index(i)), operands, shape, "f")
        value = Lowered(turned(array, axes.index(i)) if backward else array, at)
        outer = [factor(low, f) for f in factors if i not in f.free]
        return combine(low, [Factor(body, value), *outer]) if outer else value
    call = Array(Kind.KERNEL, ("_scaled_tail_sums", axes.index(i)), (weights, v.array), shape, "f")
    at = tuple(j if a == i else a for a in axes)
    tail, scale = (Lowered(Array(Kind.PART, k, (call,), shape, "f"), at) for k in (0, 1))
    exponent = low.elementwise(Kind.OPERATOR, "+", [low.as_float(low.value(entry)), scale], "f")
    outer = [factor(low, f) for f in factors if i not in f.free]
    product_ = operate(low, "*", tail, low.elementwise(Kind.UFUNC, "exp", [exponent], "f"))
    return combine(low, [Factor(body, product_), *outer]) if outer else product_


def turned(array: Array, axis: int) -> Array:
    """The array from the end of an axis to its start."""
    items = (*(Slice() for _ in array.shape[:axis]), Slice(None, None, MINUS_ONE))
    return Array(Kind.VIEW, items, (array,), array.shape, array.element)


def _is_running(entry: Node, moving: Node, i: Node, j: Node, backward: bool) -> bool:
    """Whether `moving` is minus the log-sum-exp of the same entries up to i, or (`backward`) from i on."""
    c, lse = split_coefficient(moving)
    if c != -1 or lse.op is not Op.REDUCE or lse.data is not Reduction.LOGSUMEXP:
        return False
    inner, binders = opened(lse)
    limits = (i, add(i.args[0], MINUS_ONE)) if backward else (ZERO, i)
    return len(binders) == 1 and binders[0][1:] == limits and substitute(inner, {binders[0][0]: j}) == entry


def product_tail(low: Lowering, body: Node, binder: Binder) -> Lowered | None:
    """Σ_{i ≥ j} c_i·(Π_{k ≤ i} x_k without x_j), the gradient of a running product; None for another sum."""
    i, j, hi = binder
    if j.op is not Op.INDEX or j.args != i.args or hi != add(i.args[0], MINUS_ONE):
        return None
    factors = body.args if body.op is Op.MUL else (body,)
    both_ = [f for f in factors if i in f.free and j in f.free]
    found = _left_out(low, both_[0], i, j) if len(both_) == 1 else None
    if found is None:
        return None
    x, y = found
    v = low.as_float(low.value(substitute(x, {j: i})))
    c = low.as_float(low.value(mul(*(f for f in factors if i in f.free and f is not both_[0]))))
    axes = low.union([v, c])
    if i not in v.axes or {v.array.element, c.array.element} != {"f"} or set(axes) != set(v.axes):
        return None
    v = low.transposed(v, axes)
    operands = (low.broadcast(c, axes), v.array, low.broadcast(y, axes))
    value = Array(Kind.KERNEL, ("_product_tail", axes.index(i)), operands, v.array.shape, "f")
    outer = [factor(low, f) for f in factors if i not in f.free]
    return combine(low, [Factor(body, Lowered(value, tuple(j if a == i else a for a in axes))), *outer])


def _left_out(low: Lowering, node: Node, i: Node, j: Node) -> tuple[Node, Lowered] | None:
    """(x_j, the product of x up to i) of that product without x_j, as it is differentiated: a quotient, and a case for each count of zeros."""
    if node.op is not Op.PIECEWISE or len(branches(node)) != 3:
        return None
    (quotient, _), (_, alone), _ = branches(node)
    tests = [n for n in (alone.args if alone.op is Op.AND else ()) if j in n.free and n.op is Op.COMPARE and n.data == "=="]
    if len(tests) != 1 or tests[0].args[1] != ZERO:
        return None
    x = tests[0].args[0]
    k = fresh_index(j.args[0])
    entry = substitute(x, {j: k})
    upto = (k, ZERO, i)
    zeros = total(indicator(compare("==", entry, ZERO)), upto)
    rest = reduction(Reduction.PROD, piecewise((ONE, compare("==", entry, ZERO)), (entry, TRUE)), (upto,))
    over = mul(quotient, piecewise((ONE, tests[0]), (x, TRUE)))
    same = piecewise((quotient, compare("==", zeros, ZERO)), (rest, both(compare("==", zeros, ONE), tests[0])), (ZERO, TRUE)) == node
    running = low.value(reduction(Reduction.PROD, entry, (upto,)))
    return (x, running) if same and j not in over.free and low.value(over) == running else None


def extremum_tail(low: Lowering, body: Node, binder: Binder) -> Lowered | None:
    """Σ_{i ≥ j} c_i·[x_j = y_i] over how many of x up to i are y_i, the gradient of a running maximum or minimum y; None for another sum."""
    i, j, hi = binder
    factors = body.args if body.op is Op.MUL else (body,)
    tests = [f for f in factors if i in f.free and j in f.free]
    if j.op is not Op.INDEX or j.args != i.args or hi != add(i.args[0], MINUS_ONE) or len(tests) != 1 or not is_indicator(tests[0]):
        return None
    found = next((found for x in tests[0].args[1].args if (found := _running_extremum(low, tests[0], x, i, j, factors))), None)
    if found is None:
        return None
    v, y, count = found
    c = low.as_float(low.value(mul(*(f for f in factors if i in f.free and f not in (tests[0], count)))))
    if {v.array.element, y.array.element, c.array.element} != {"f"} or set(y.axes) != set(v.axes) or not set(c.axes) <= set(v.axes):
        return None
    operands = (low.broadcast(c, v.axes), v.array, low.transposed(y, v.axes).array)
    value = Array(Kind.KERNEL, ("_running_extremum_tail", v.axes.index(i)), operands, v.array.shape, "f")
    outer = [factor(low, f) for f in factors if i not in f.free]
    return combine(low, [Factor(body, Lowered(value, tuple(j if a == i else a for a in v.axes))), *outer])


def _running_extremum(
    low: Lowering, test: Node, x: Node, i: Node, j: Node, factors: tuple[Node, ...]
) -> tuple[Lowered, Lowered, Node] | None:
    """(x and its extremum so far, over i, the factor that divides by the number of ties) of the condition that x_j is that extremum."""
    if test.args[1].op is not Op.COMPARE or test.args[1].data != "==" or j not in x.free or i in x.free:
        return None
    (y,) = (side for side in test.args[1].args if side is not x)
    k = fresh_index(j.args[0])
    entry, upto = substitute(x, {j: k}), (k, ZERO, i)
    count = power(total(substitute(test, {j: k}), upto), MINUS_ONE)
    if j in y.free or count not in factors:
        return None
    here = low.value(y)
    if here.array not in (low.value(reduction(kind, entry, (upto,))).array for kind in (Reduction.MAX, Reduction.MIN)):
        return None
    return low.as_float(low.value(substitute(x, {j: i}))), here, count


TAILS = (softmax_tail, product_tail, extremum_tail)
"""What is summed from an index on by a scan each way, each None for a sum that is none of its kind."""
