"""Rules for odd functions that are written by the sign and the size of their argument."""

from __future__ import annotations

from symback.core.expr import ONE, TWO, Node, Op, call, mul, power, reads, substitute
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import is_call, without
from symback.rewrite.rule import Rule

_ZERO_AT_ZERO = frozenset(
    {"log1p", "expm1", "sqrt1pm1", "hypot1m1", "sinh", "tanh", "asinh", "atanh", "atan", "tan", "sin", "erf", "softsign"}
)


def signed_size(node: Node, ctx: Context) -> Node | None:
    """sign(u)·F(|u|) with F(0) = 0 → the same by the side on which u lies, so that the slope at 0 is F'(0)."""
    for k, s in enumerate(node.args):
        if not is_call(s, "sign"):
            continue
        u, rest = s.args[0], without(node.args, k)
        size = call("Abs", u)
        for j, f in enumerate(rest):
            if f != size and _vanishes(f, size) and not _mentions(substitute(f, {size: ONE}), u):
                odd = mul(call("side", u), substitute(f, {size: call("size", u)}))
                return mul(*without(rest, j), odd)
    return None


def _mentions(node: Node, u: Node) -> bool:
    return not {*reads(u)}.isdisjoint(reads(node))


def _vanishes(f: Node, size: Node) -> bool:
    """Whether f is 0, and has a slope, where the size is 0."""
    if f == size:
        return True
    if f.op is Op.CALL:
        return f.data in _ZERO_AT_ZERO and _vanishes(f.args[0], size)
    if f.op is Op.MUL:
        return any(_vanishes(a, size) for a in f.args)
    if f.op is Op.ADD:
        return all(_vanishes(a, size) for a in f.args)
    if f.op is Op.POW:
        return f.args[1].op is Op.NUM and f.args[1].data >= 1 and _vanishes(f.args[0], size)
    return False


def squared_side(node: Node, ctx: Context) -> Node | None:
    """The square of a sign that is never 0 → 1."""
    base, e = node.args
    return ONE if is_call(base, "side") and e == TWO else None


GRADIENT = (
    Rule(
        "square of a side",
        r"\operatorname{sign}(u)^2 = 1",
        "the sign is one that is never 0",
        "the slope of an odd function at 0 is that of its right half",
        "the limit of the slope",
        "u = 0",
        (Op.POW,),
        squared_side,
        (power(call("side", ex.X), TWO), ONE),
    ),
)

RULES = (
    Rule(
        "odd function by its sign",
        r"\operatorname{sign}(u)\,F(|u|), \quad F(0) = 0",
        "u stands in F as |u| alone",
        "sign and |u| have slope 0 at 0, where the product has the slope F'(0)",
        "the limit of the slope",
        "u = 0",
        (Op.MUL,),
        signed_size,
        (
            mul(call("sign", ex.X), call("log1p", call("Abs", ex.X))),
            mul(call("side", ex.X), call("log1p", call("size", ex.X))),
        ),
    ),
)
