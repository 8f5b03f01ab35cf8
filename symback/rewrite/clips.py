"""Rules for values kept within bounds: clips, and powers of what is bounded by a condition or by a function's limits."""

from __future__ import annotations

from fractions import Fraction

from symback.core.expr import (
    ONE,
    TRUE,
    TWO,
    ZERO,
    Node,
    Op,
    add,
    branches,
    call,
    compare,
    mul,
    number,
    piecewise,
    power,
    split_coefficient,
    substitute,
    walk,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import constant, has_read, is_call, without
from symback.rewrite.rule import Rule

BEYOND = 1500.0
"""σ, tanh and Φ are at their limits in every dtype where their argument is larger."""


def clip_in_place(node: Node, ctx: Context) -> Node | None:
    """Max(x + c, d) → Max(x, d - c) + c for numbers c and d: x is compared with the bound, not with the bound shifted and rounded."""
    if not is_call(node, "Max", "Min") or len(node.args) != 2:
        return None
    for u, d in (node.args, node.args[::-1]):
        scaled = _scaled_clip(node, u, d)
        if scaled is not None:
            return scaled
        if d.op is Op.NUM and u.op is Op.ADD and len(u.args) == 2:
            for x, c in (u.args, u.args[::-1]):
                if c.op is Op.NUM and (x.op is Op.READ or is_call(x, "Max", "Min")):
                    return add(call(node.data, x, number(d.data - c.data)), c)
    return None


def _scaled_clip(node: Node, u: Node, d: Node) -> Node | None:
    """Max(a·x + c, d) → a·Max(x + c/a, d/a) for numbers a > 0, c and d, where c/a and d/a are exact."""
    if d.op is not Op.NUM:
        return None
    scale, inner = split_coefficient(u)
    if scale == 1 and u.op is Op.ADD and len(u.args) == 2 and any(c.op is Op.NUM for c in u.args):
        scale = next((split_coefficient(x)[0] for x in u.args if x.op is not Op.NUM), Fraction(1))
        inner = add(*(mul(number(1 / scale), t) for t in u.args))
    if scale <= 0 or scale == 1 or inner.op is not Op.ADD or len(inner.args) != 2:
        return None
    numbers = [d.data / scale, *(c.data for c in inner.args if c.op is Op.NUM)]
    if len(numbers) != 2 or any(n.denominator & (n.denominator - 1) for n in numbers):
        return None
    return mul(number(scale), call(node.data, inner, number(numbers[0])))


def zero_below(node: Node, ctx: Context) -> Node | None:
    """x·(clip(x, a, b) - a) → with x kept finite below, where the other factor is 0."""
    for k, g in enumerate(node.args):
        if g.op is not Op.ADD or len(g.args) != 2:
            continue
        for c, clip in (g.args, g.args[::-1]):
            kept = _kept_above(clip)
            if c.op is Op.NUM and number(-c.data) in kept:
                for j, x in enumerate(node.args):
                    if j != k and x.op is Op.READ and x in kept:
                        return mul(*without(node.args, j), call("finite_below", x))
    return None


def _kept_above(clip: Node) -> tuple[Node, ...]:
    """(x, a) of Max(x, a) and of Min(Max(x, a), b)."""
    if is_call(clip, "Min"):
        clip = next((m for m in clip.args if is_call(m, "Max")), clip)
    return clip.args if is_call(clip, "Max") else ()


def bounded_branch(node: Node, ctx: Context) -> Node | None:
    """A power of x in a branch that is taken where |x| < c: x is kept within c, so that nothing overflows where the branch is not taken."""
    if ctx.summed:
        return None
    pairs, changed = [], False
    for value, condition in branches(node):
        bound = _bound(condition)
        if bound is not None:
            x, c = bound
            mapping = {n: power(call("within", x, c), n.args[1]) for n in walk(value) if _is_square(n) and n.args[0] == x}
            changed |= bool(mapping)
            value = substitute(value, mapping)
        pairs.append((value, condition))
    return piecewise(*pairs) if changed else None


def _is_square(n: Node) -> bool:
    return n.op is Op.POW and n.args[1].op is Op.NUM and n.args[1].data >= 2


def _bound(condition: Node) -> tuple[Node, Node] | None:
    """(x, c) of a condition |x| < c or |x| <= c."""
    if condition.op is Op.COMPARE and condition.data in ("<", "<=") and is_call(condition.args[0], "Abs"):
        x, c = condition.args[0].args[0], condition.args[1]
        return (x, c) if not has_read(c) else None
    return None


def logistic_tail(node: Node, ctx: Context) -> Node | None:
    """σ(p(x)) for a polynomial p whose terms grow together: the powers are taken of x within the range that matters."""
    if not is_call(node, "tanh", "sigmoid", "erf", "ndtr", "erfc"):
        return None
    u = node.args[0]
    powers = [n for n in walk(u) if n.op is Op.POW and n.args[0].op is Op.READ]
    polynomial = _polynomial(u, powers[0].args[0]) if powers else None
    if polynomial is None or any(d % 2 == 0 for d, _ in polynomial) or len({c > 0 for _, c in polynomial}) != 1:
        return None
    edge = 8
    while sum(abs(c) * float(edge) ** d for d, c in polynomial) < BEYOND:
        edge *= 2
    x = powers[0].args[0]
    return call(node.data, substitute(u, {x: call("within", x, number(edge))}))


def _polynomial(u: Node, x: Node) -> list[tuple[int, float]] | None:
    """(degree, coefficient) of each term of a polynomial in x with coefficients that are numbers."""
    if u.op is Op.ADD:
        parts = [_polynomial(t, x) for t in u.args]
        return None if any(p is None for p in parts) else [t for p in parts for t in p]
    if u.op is Op.MUL:
        out = [(0, 1.0)]
        for f in u.args:
            part = _polynomial(f, x)
            if part is None:
                return None
            out = [(d + e, a * b) for d, a in out for e, b in part]
        return out
    if u == x:
        return [(1, 1.0)]
    if u.op is Op.POW and u.args[0] == x and u.args[1].op is Op.NUM and u.args[1].data.denominator == 1 and u.args[1].data > 0:
        return [(int(u.args[1].data), 1.0)]
    c = constant(u)
    return None if c is None else [(0, c)]


RULES = (
    Rule(
        "clip in place",
        r"\max(x + c, d) = \max(x, d - c) + c",
        "c and d are numbers",
        "x + c may round to the bound, where the slope is another",
        "kinks: the conventions of the language",
        "x within a rounding of the bound",
        (Op.CALL,),
        clip_in_place,
        (call("Max", add(ex.X, number(3)), ZERO), add(call("Max", ex.X, number(-3)), number(3))),
    ),
    Rule(
        "zero below",
        r"x\,(\operatorname{clip}(x, a, b) - a)",
        "the second factor is 0 below a",
        "the product of minus infinity and 0 is NaN",
        "limits at infinity",
        "x = -oo",
        (Op.MUL,),
        zero_below,
        (
            mul(ex.X, add(call("Max", ex.X, number(-3)), number(3))),
            mul(call("finite_below", ex.X), add(call("Max", ex.X, number(-3)), number(3))),
        ),
    ),
    Rule(
        "bounded branch",
        r"x^2 \text{ where } |x| < c",
        "not under a sum",
        "the square overflows where the branch is not taken",
        "language: a branch not taken contributes nothing",
        "|x| > 1e19 (float32)",
        (Op.PIECEWISE,),
        bounded_branch,
        (
            piecewise((power(ex.X, TWO), compare("<", call("Abs", ex.X), ONE)), (ZERO, TRUE)),
            piecewise((power(call("within", ex.X, ONE), TWO), compare("<", call("Abs", ex.X), ONE)), (ZERO, TRUE)),
        ),
    ),
    Rule(
        "saturation",
        r"\sigma(p(x)) = \sigma(p(\operatorname{clip}(x, -b, b)))",
        "p is a sum of odd powers with numbers of one sign, |p(b)| > 1500",
        "the power overflows where the function has long reached its limit",
        "division by the larger exponential",
        "|x| > 1e12 (float32)",
        (Op.CALL,),
        logistic_tail,
        (
            call("sigmoid", add(ex.X, power(ex.X, number(3)))),
            call("sigmoid", add(call("within", ex.X, number(16)), power(call("within", ex.X, number(16)), number(3)))),
        ),
    ),
)
