"""The logistic function, its slope and softplus by G = exp(x): fewer passes than by exp(-|x|), which is used where it is made anyway."""

from __future__ import annotations

from collections.abc import Iterable

from symback.calculus.patterns import skeleton
from symback.core.expr import ONE, Node, Op, add, call, div, mul, neg, split_coefficient, walk
from symback.functions.logistic import shrunk
from symback.lower import exponents
from symback.lower.arithmetic import operate
from symback.lower.lowering import Lowered, Lowering


def lowered(low: Lowering, node: Node) -> Lowered | None:
    """A function of this family by what forward has of it, or by G; None for another function, and where exp(-|x|) is made anyway."""
    return (_slope_of_gate(low, node) if node.data == "sigmoid_slope" else None) or _by_growth(low, node)


def _by_growth(low: Lowering, node: Node) -> Lowered | None:
    """σ(x) = G/(1 + G), σ(-x) = 1/(1 + G), σ'(x) = σ(x)/(1 + G) or log(1 + exp(x)) = max(log1p(G), x); None for other functions."""
    x = node.args[0] if len(node.args) == 1 else None
    if x is None or node.data not in _FORMS or skeleton(shrunk(x))[0] in low.plan.decays or exponents.is_polynomial(low, x):
        return None
    return low.value(_FORMS[node.data](low, x))


def _slope_of_gate(low: Lowering, node: Node) -> Lowered | None:
    """σ'(x) = σ(x)·σ(-x) where forward has both, as a gate that lets one share through and keeps the other's; None elsewhere."""
    sides = [low.standing(call("sigmoid", side)) for side in (node.args[0], neg(node.args[0]))]
    if any(v is None or v.array not in low.made for v in sides):
        return None
    return operate(low, "*", *sides)


def decays(values: Iterable[Node]) -> frozenset[int]:
    """The forms of exp(-|x|) for the x of functions that are made of nothing else."""
    return frozenset(skeleton(shrunk(n.args[0]))[0] for v in values for n in walk(v) if n.op is Op.CALL and n.data in _BY_DECAY)


def _sigmoid(low: Lowering, x: Node) -> Node:
    if _turned(low, x):
        return call("over_growth", ONE, neg(x), _divisor(neg(x)))
    return div(call("growth", x), _divisor(x))


def _sigmoid_slope(low: Lowering, x: Node) -> Node:
    x = neg(x) if _turned(low, x) else x
    return call("over_growth", div(call("growth", x), _divisor(x)), x, _divisor(x))


def _softplus(low: Lowering, x: Node) -> Node:
    return call("Max", call("log1p", call("growth", x)), x)


def slope_of_product(low: Lowering, factors: list[Node]) -> list[Node]:
    """The factors, z·σ'(x) among them as zσ(x)/(1 + G) where zσ(x) stands there."""
    for slope in factors:
        if slope.op is not Op.CALL or slope.data != "sigmoid_slope" or not _has_growth(low, slope.args[0]):
            continue
        x = slope.args[0]
        for z in factors:
            value = mul(call("finite_below", z.args[0]), call("sigmoid", x)) if z.op is Op.CALL and z.data == "finite" else None
            if value is not None and low.standing(value) is not None:
                rest = [f for f in factors if f is not slope and f is not z]
                return [*rest, call("over_growth", value, x, _divisor(x))]
    return factors


_BY_DECAY = ("log_sigmoid", "logistic_entropy", "two_sided_softplus", "two_sided_slope", "tanh_softplus", "tanh_softplus_slope")
_FORMS = {"sigmoid": _sigmoid, "sigmoid_slope": _sigmoid_slope, "softplus": _softplus}


def _divisor(x: Node) -> Node:
    return add(ONE, call("growth", x))


def _turned(low: Lowering, x: Node) -> bool:
    """Whether exp(-x) is the one to use: it stands there and exp(x) does not, or x has a minus sign."""
    there = [_has_growth(low, u) for u in (x, neg(x))]
    return there[1] if there[0] != there[1] else split_coefficient(x)[0] < 0


def _has_growth(low: Lowering, x: Node) -> bool:
    """Whether exp(x) stands there."""
    return low.standing(call("growth", x)) is not None
