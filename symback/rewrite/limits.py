"""Rules for removable gaps and for products of an infinity and 0."""

from __future__ import annotations

from symback.core.expr import (
    MINUS_ONE,
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
    div,
    mul,
    neg,
    number,
    piecewise,
    power,
    split_coefficient,
    sub,
    substitute,
    walk,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import constant, factors, has_read, is_call, without
from symback.rewrite.rule import Rule

BEYOND = 1500.0
"""σ, tanh and Φ are at their limits in every dtype where their argument is larger."""


def removable(node: Node, ctx: Context) -> Node | None:
    """sin(w·f)/f → w·j₀(w·f), (exp(w·f) - 1)/f → w·∫exp(s·w·f) ds."""
    for k, g in enumerate(node.args):
        base, e = (g.args[0], g.args[1]) if g.op is Op.POW else (g, ONE)
        if not is_call(base, "sin", "expm1") or e.op is not Op.NUM or e.data.denominator != 1 or e.data < 1:
            continue
        u = base.args[0]
        for f in factors(u):
            if f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data < 0 or not has_read(f):
                continue
            below = power(f, neg(e))
            rest = without(node.args, k)
            if below in rest:
                name = "spherical_bessel" if base.data == "sin" else "exp_moment"
                w = power(div(u, f), e)
                return mul(*without(rest, rest.index(below)), w, power(call(name, ZERO, u), e))
    return None


def vanishing_product(node: Node, ctx: Context) -> Node | None:
    """x·log x → 0 at 0; t·log p → 0 at t = 0 where both may be 0."""
    if ctx.summed and not _assumed(node, ctx):
        return None
    for k, g in enumerate(node.args):
        if not is_call(g, "log", "log1p"):
            continue
        inner = g.args[0]
        argument = inner if g.data == "log" else add(ONE, inner)
        if ctx.positive(argument) and not _may_be_infinite(argument):
            continue
        for j, t in enumerate(node.args):
            if j == k or t.op is Op.NUM:
                continue
            if t == argument or ctx.nonnegative(t) and not ctx.positive(t) and ctx.nonnegative(argument):
                return mul(*without(node.args, j, k), call("xlogy" if g.data == "log" else "xlog1py", t, inner))
    return None


def vanishing_bracket(node: Node, ctx: Context) -> Node | None:
    """x·(log x + b) → x·log x + x·b, whose first part is 0 at 0."""
    for k, g in enumerate(node.args):
        if g.op is not Op.ADD:
            continue
        rest = without(node.args, k)
        for j, term in enumerate(g.args):
            part = mul(*rest, term)
            logs = [f for f in (part.args if part.op is Op.MUL else ()) if is_call(f, "log", "log1p")]
            if not logs or any(ctx.positive(f.args[0]) for f in logs):
                continue
            found = vanishing_product(part, ctx)
            if found is not None:
                return add(found, mul(*rest, add(*without(g.args, j))))
    return None


def _assumed(node: Node, ctx: Context) -> bool:
    return any(n.op is Op.READ and n.data in ctx.signs for n in walk(node))


def _may_be_infinite(argument: Node) -> bool:
    return argument.op is Op.READ


_VANISHING = frozenset({"exp", "sigmoid", "tanh_softplus", "gauss", "half_gauss", "ndtr", "sech", "erfc"})


def infinite_times_zero(node: Node, ctx: Context) -> Node | None:
    """x·f(u) with f vanishing at an infinity of x: x is kept finite, so that the product is 0 there."""
    for k, g in enumerate(node.args):
        if not is_call(g, *_VANISHING):
            continue
        inside = {n for n in walk(g) if n.op is Op.READ}
        for j, x in enumerate(node.args):
            if j != k and x.op is Op.READ and x in inside and _follows(g.args[0], x):
                kept = "finite_below" if g.data in ("sigmoid", "tanh_softplus", "ndtr") else "finite"
                return mul(*without(node.args, j), call(kept, x))
    return None


def _follows(u: Node, x: Node) -> bool:
    return not any(n.op is Op.REDUCE for n in walk(u))


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


def clip_in_place(node: Node, ctx: Context) -> Node | None:
    """Max(x + c, d) → Max(x, d - c) + c for numbers c and d: x is compared with the bound, not with the bound shifted and rounded."""
    if not is_call(node, "Max", "Min") or len(node.args) != 2:
        return None
    for u, d in (node.args, node.args[::-1]):
        if d.op is Op.NUM and u.op is Op.ADD and len(u.args) == 2:
            for x, c in (u.args, u.args[::-1]):
                if c.op is Op.NUM and (x.op is Op.READ or is_call(x, "Max", "Min")):
                    return add(call(node.data, x, number(d.data - c.data)), c)
    return None


def zero_below(node: Node, ctx: Context) -> Node | None:
    """x·(clip(x, a, b) - a) → with x kept finite below, where the other factor is 0."""
    for k, g in enumerate(node.args):
        if g.op is not Op.ADD:
            continue
        for c in g.args:
            clip = next((t for t in g.args if t is not c), None)
            if c.op is not Op.NUM or len(g.args) != 2:
                continue
            floor_ = (
                clip.args
                if is_call(clip, "Max")
                else next((m.args for m in clip.args if is_call(m, "Max")), ())
                if is_call(clip, "Min")
                else ()
            )
            if number(-c.data) in floor_:
                for j, x in enumerate(node.args):
                    if j != k and x.op is Op.READ and x in floor_:
                        return mul(*without(node.args, j), call("finite_below", x))
    return None


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


def soft_sign(node: Node, ctx: Context) -> Node | None:
    """x/(c + |x|) → softsign(x/c)."""
    for k, f in enumerate(node.args):
        if f.op is not Op.POW or f.args[1] != MINUS_ONE or f.args[0].op is not Op.ADD or len(f.args[0].args) != 2:
            continue
        for a, c in (f.args[0].args, f.args[0].args[::-1]):
            d, size = split_coefficient(a)
            if c.op is not Op.NUM or c.data <= 0 or not is_call(size, "Abs") or d <= 0:
                continue
            d0, x = split_coefficient(size.args[0])
            rest = list(without(node.args, k))
            if x in rest:
                rest.remove(x)
                scale = d * abs(d0)
                return mul(*rest, number(1 / scale), call("softsign", mul(number(scale / c.data), x)))
    return None


def square_over(node: Node, ctx: Context) -> Node | None:
    """x²/v → x·(x/v)."""
    if ctx.summed:
        return None
    for k, f in enumerate(node.args):
        if f.op is not Op.POW or f.args[1] != TWO or not has_read(f) or _heavy(f.args[0]):
            continue
        for j, g in enumerate(node.args):
            if g.op is Op.POW and g.args[1] == MINUS_ONE and g.args[0].op is Op.READ:
                return mul(*without(node.args, j, k), call("square_over", f.args[0], g.args[0]))
    return None


def scaled_exponential(node: Node, ctx: Context) -> Node | None:
    """(a·exp(u))² with a and u of different tensors → the square of a·exp(u)."""
    if ctx.summed:
        return None
    for k, f in enumerate(node.args):
        if f.op is not Op.POW or f.args[1] != TWO or not has_read(f) or _heavy(f.args[0]):
            continue
        for j, g in enumerate(node.args):
            if is_call(g, "exp") and _separate(f.args[0], g.args[0]):
                return mul(*without(node.args, j, k), call("square", call("scaled_exp", f.args[0], mul(number("1/2"), g.args[0]))))
    return None


def _separate(a: Node, u: Node) -> bool:
    names = {n.data for n in walk(u) if n.op is Op.READ}
    return bool(names) and any(n.op is Op.READ and n.data not in names for n in walk(a)) and not _heavy(u)


def _heavy(node: Node) -> bool:
    return any(n.op is Op.REDUCE for n in walk(node))


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
        "rule 5",
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
        "removable gap",
        r"\frac{\sin u}{u} = j_0(u), \quad \frac{e^u - 1}{u} = \int_0^1 e^{s u}\,ds",
        "always",
        "0/0 at u = 0, and a slope that cancels near it",
        "rule 15",
        "u = 0, |u| < 1, infinities",
        (Op.MUL,),
        removable,
        (div(call("sin", ex.X), ex.X), call("spherical_bessel", ZERO, ex.X)),
    ),
    Rule(
        "x log x",
        r"x \log x = 0 \text{ at } x = 0",
        "x is not known to be positive; for t log p: both are assumed not negative",
        "0 times minus infinity",
        "rule 18",
        "x = 0",
        (Op.MUL,),
        vanishing_product,
        (mul(ex.X, call("log", ex.X)), call("xlogy", ex.X, ex.X)),
    ),
    Rule(
        "x (log x + b)",
        r"x (\log x + b) = x \log x + x b",
        "as for x log x",
        "0 times minus infinity",
        "rule 18",
        "x = 0",
        (Op.MUL,),
        vanishing_bracket,
        (mul(ex.X, sub(call("log", ex.X), ex.Y)), sub(call("xlogy", ex.X, ex.X), mul(ex.X, ex.Y))),
    ),
    Rule(
        "infinity times zero",
        r"x f(u) \to 0",
        "f vanishes at an infinity of x",
        "the product of an infinity and 0 is NaN",
        "rule 5",
        "x = -oo",
        (Op.MUL,),
        infinite_times_zero,
        (mul(ex.X, call("sigmoid", ex.X)), mul(call("finite_below", ex.X), call("sigmoid", ex.X))),
    ),
    Rule(
        "saturation",
        r"\sigma(p(x)) = \sigma(p(\operatorname{clip}(x, -b, b)))",
        "p is a sum of odd powers with numbers of one sign, |p(b)| > 1500",
        "the power overflows where the function has long reached its limit",
        "rule 7",
        "|x| > 1e12 (float32)",
        (Op.CALL,),
        logistic_tail,
        (
            call("sigmoid", add(ex.X, power(ex.X, number(3)))),
            call("sigmoid", add(call("within", ex.X, number(16)), power(call("within", ex.X, number(16)), number(3)))),
        ),
    ),
    Rule(
        "softsign",
        r"\frac{x}{1 + |x|}",
        "the constant is a positive number",
        "a quotient of infinities, and a slope whose two terms cancel",
        "rule 22",
        "|x| > 1e7 (float32)",
        (Op.MUL,),
        soft_sign,
        (mul(ex.X, power(add(ONE, call("Abs", ex.X)), MINUS_ONE)), call("softsign", ex.X)),
    ),
    Rule(
        "square over",
        r"\frac{x^2}{v} = x \cdot \frac xv",
        "not under a sum",
        "the square overflows or underflows where the quotient does not",
        "IEEE range",
        "|x| > 1e19 or < 1e-19 (float32)",
        (Op.MUL,),
        square_over,
        (mul(power(ex.X, TWO), power(ex.Y, MINUS_ONE)), call("square_over", ex.X, ex.Y)),
    ),
    Rule(
        "scaled exponential",
        r"(a e^{u})^2",
        "not under a sum",
        "the square overflows or exp underflows where the product does not",
        "IEEE range",
        "|u| > 40 (float32)",
        (Op.MUL,),
        scaled_exponential,
        (
            mul(power(ex.X, TWO), call("exp", ex.Y)),
            call("square", call("scaled_exp", ex.X, mul(number("1/2"), ex.Y))),
        ),
    ),
)
