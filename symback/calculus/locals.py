"""Local derivatives: the slope of an expression by each of its parts, and so of a right-hand side by each element that it reads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from symback.calculus.affine import bounds, never_negative, scalar, sign_of
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
    call,
    compare,
    div,
    indicator,
    mul,
    neg,
    number,
    opened_anew,
    piecewise,
    power,
    reduction,
    total,
    walk,
)
from symback.core.program import Definition
from symback.functions import TABLE


@dataclass(frozen=True, slots=True)
class Local:
    """∂(right-hand side)/∂(read) = slope, for every value of the binders that the read stands under."""

    read: Node
    slope: Node
    binders: tuple[Binder, ...] = ()


@dataclass(frozen=True, slots=True)
class Partial:
    """∂(an expression)/∂(one of its parts) = slope, for every value of the binders that the part stands under."""

    part: Node
    slope: Node
    binders: tuple[Binder, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """What a local derivative depends on: the tensors and values that are differentiated, and the definitions by name."""

    active: Collection[str]
    definitions: Mapping[str, Definition] = field(default_factory=dict)
    functions: Mapping[str, object] = field(default_factory=dict)  # the user's own, as rows of the table


def local_derivatives(value: Node, scope: Scope) -> list[Local]:
    """One entry per read of an active tensor."""
    if value.op is Op.READ:
        return [Local(value, ONE)] if value.data in scope.active else []
    if not reaches(value, scope.active):
        return []
    if value.op is Op.PIECEWISE:
        return _by_branches(value, scope)
    out = []
    for p in partials(value, scope):
        out += [Local(inner.read, mul(p.slope, inner.slope), (*p.binders, *inner.binders)) for inner in local_derivatives(p.part, scope)]
    return out


def _by_branches(node: Node, scope: Scope) -> list[Local]:
    pairs = branches(node)
    out = []
    for k, (value, condition) in enumerate(pairs):
        for local in local_derivatives(value, scope):
            before = [(ZERO, c) for _, c in pairs[:k]]
            after = [] if condition == TRUE else [(ZERO, TRUE)]
            out.append(Local(local.read, piecewise(*before, (local.slope, condition), *after), local.binders))
    return out


def partials(node: Node, scope: Scope) -> list[Partial]:
    """One entry per part of a sum, product, power, function or reduction that depends on an active tensor."""
    return _RULES[node.op](node, scope)


def vanishes_flatly(node: Node, scope: Scope, within: tuple[str, ...] = ()) -> bool:
    """Whether the value is never negative and has gradient 0 wherever it is 0: a sum of squares, whatever they are of.

    `within`: the definitions that are being looked into; nothing is said of one that refers to itself.

    The root of such a value has gradient 0 at 0, where the chain rule says 0·∞.
    """
    if node.op is Op.POW and node.args[1].op is Op.NUM and node.args[1].data > 1:
        return node.args[1].data % 2 == 0 or (node.args[0].op is Op.CALL and node.args[0].data == "Abs")
    if node.op is Op.ADD:
        return all(vanishes_flatly(a, scope, within) for a in node.args)
    if node.op is Op.MUL:
        moving = [a for a in node.args if not scalar(a)]
        positive = sign_of(mul(*(a for a in node.args if scalar(a)))) > 0
        return bool(moving) and positive and all(vanishes_flatly(a, scope, within) for a in moving)
    if node.op is Op.REDUCE:
        return node.data is Reduction.SUM and vanishes_flatly(node.args[0], scope, within)
    if node.op is Op.PIECEWISE:
        return all(v == ZERO or vanishes_flatly(v, scope, within) for v, _ in branches(node))
    if node.op is Op.READ and node.data in scope.definitions and node.data not in within:
        name = str(node.data)
        return all(vanishes_flatly(e.value, scope, (*within, name)) for e in scope.definitions[name].equations)
    return False


def may_be_infinite(slope: Node) -> bool:
    """Whether a slope holds a quotient, a root or a function with a pole."""
    for n in walk(slope):
        if n.op is Op.POW and not scalar(n) and not (n.args[1].op is Op.NUM and n.args[1].data > 0):
            return True
        if n.op is Op.CALL and n.data in TABLE and TABLE[n.data].partial:
            return True
    return False


def reaches(node: Node, active: Collection[str]) -> bool:
    """Whether it reads an active tensor."""
    return any(n.op is Op.READ and n.data in active for n in walk(node))


def _sum_rule(node: Node, scope: Scope) -> list[Partial]:
    return [Partial(a, ONE) for a in node.args if reaches(a, scope.active)]


def _product_rule(node: Node, scope: Scope) -> list[Partial]:
    args = node.args
    return [Partial(a, mul(*args[:k], *args[k + 1 :])) for k, a in enumerate(args) if reaches(a, scope.active)]


def _power_rule(node: Node, scope: Scope) -> list[Partial]:
    base, exponent = node.args
    out = []
    if reaches(base, scope.active):
        slope = mul(exponent, power(base, add(exponent, MINUS_ONE)))
        if exponent.op is not Op.NUM and not scalar(exponent):
            slope = TABLE["pow"].derivative(0, (base, exponent), node)
        elif exponent.op is Op.NUM and exponent.data < 1 and vanishes_flatly(base, scope):
            root = power(base, number(abs(exponent.data)))
            slope = piecewise((ZERO, compare("==", root, ZERO)), (slope, TRUE))
        out.append(Partial(base, slope))
    if not scalar(exponent) and reaches(exponent, scope.active):
        out.append(Partial(exponent, TABLE["pow"].derivative(1, (base, exponent), node)))
    return out


def _call_rule(node: Node, scope: Scope) -> list[Partial]:
    if node.data == "stop_gradient":
        return []
    row = TABLE.get(node.data) or scope.functions[node.data]
    return [Partial(a, row.derivative(k, node.args, node)) for k, a in enumerate(node.args) if reaches(a, scope.active)]


def _reduction_rule(node: Node, scope: Scope) -> list[Partial]:
    kind = node.data
    if kind in (Reduction.ARGMAX, Reduction.ARGMIN):
        return []
    body, binders = opened_anew(node)
    if kind is Reduction.SUM:
        weight = ONE
    elif kind is Reduction.LOGSUMEXP:
        weight = call("exp", add(body, neg(node)))
    elif kind is Reduction.PROD:
        weight = _others_product(node, body)
    else:
        reached = indicator(compare("==", body, node))
        again, again_binders = opened_anew(node)
        ties = total(indicator(compare("==", again, node)), *again_binders)
        weight = div(reached, call("Max", ties, ONE) if any(_may_be_empty(b) for b in binders) else ties)
    return [Partial(body, weight, binders)]


def _may_be_empty(binder: Binder) -> bool:
    """Whether a range is not seen to hold something, although no dimension is 0."""
    _, low, high = binder
    least = bounds(add(high, neg(low)))
    return least is None or not never_negative(least[0])


def _others_product(node: Node, body: Node) -> Node:
    """Π of the other factors: the product over this one, and right where one factor (or more) is 0."""
    again, again_binders = opened_anew(node)
    zeros = total(indicator(compare("==", again, ZERO)), *again_binders)
    is_zero = compare("==", body, ZERO)
    return piecewise(
        (div(node, piecewise((ONE, is_zero), (body, TRUE))), compare("==", zeros, ZERO)),
        (_rest_product(node), both(compare("==", zeros, ONE), is_zero)),
        (ZERO, TRUE),
    )


def _rest_product(node: Node) -> Node:
    """Π of the factors that are not 0."""
    body, binders = opened_anew(node)
    return reduction(Reduction.PROD, piecewise((ONE, compare("==", body, ZERO)), (body, TRUE)), binders)


_RULES = {
    Op.ADD: _sum_rule,
    Op.MUL: _product_rule,
    Op.POW: _power_rule,
    Op.CALL: _call_rule,
    Op.REDUCE: _reduction_rule,
}
