"""Rules for square roots of sums of squares and what cancels beside them."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TWO,
    Node,
    Op,
    add,
    call,
    factors_of,
    mul,
    neg,
    number,
    power,
    split_coefficient,
    sqrt,
    sub,
    terms_of,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, is_call, minus_term, minus_terms, root, scaled_pairs, without
from symback.rewrite.rule import Rule

MINUS_HALF = number("-1/2")


def length(node: Node, ctx: Context) -> Node | None:
    """sqrt(x² + y² + …) → hypot; sqrt(x²) → |x|; sqrt(1 - x²) → sqrt((1 - x)(1 + x))."""
    base, e = node.args
    if e not in (HALF, MINUS_HALF):
        return None
    if base.op is not Op.ADD:
        w = root(base)
        return power(call("Abs", w), mul(TWO, e)) if w is not None and has_read(w) else None
    sides = [_side(t, ctx) for t in base.args]
    if all(s is not None for s in sides) and any(_holds_square(t) for t in base.args) and not any(_is_reduction(s) for s in sides):
        out = sides[-1]
        for s in reversed(sides[:-1]):
            out = call("hypot", s, out)
        return power(out, mul(TWO, e))
    if len(base.args) == 2 and ONE in base.args:
        w = root(neg(sub(base, ONE)))
        if w is not None and has_read(w):
            return power(mul(sub(ONE, w), add(ONE, w)), e)
    return None


def _holds_square(t: Node) -> bool:
    return any(has_read(f) and root(f) is not None for f in factors_of(t))


def _is_reduction(s: Node) -> bool:
    return any(f.op is Op.REDUCE for f in factors_of(s))


def _side(t: Node, ctx: Context) -> Node | None:
    """w with t = w²; for what is positive its root."""
    if t.op is Op.NUM:
        return sqrt(t) if t.data > 0 else None
    c, rest = split_coefficient(t)
    if c <= 0:
        return None
    squares = [f for f in factors_of(rest) if root(f) is not None]
    others = [f for f in factors_of(rest) if root(f) is None]
    if not all(f.op is Op.READ and ctx.positive(f) for f in others):
        return None
    return mul(sqrt(number(c)), *(root(f) for f in squares), *(sqrt(f) for f in others))


def root_minus(node: Node, ctx: Context) -> Node | None:
    """C·hypot(c, x) - C·c → C·c·hypot1m1(x/c); C·sqrt(1 + u) - C → C·sqrt1pm1(u); sqrt(u + c) - sqrt(u) → c/(sum of the roots)."""
    for _, c, h, rest in scaled_pairs(node, ("hypot",)):
        for x, side in (h.args, h.args[::-1]):
            if ctx.positive(side) and not has_read(side):
                left = minus_term(rest, neg(mul(c, side)))
                if left is not None:
                    return add(left, mul(c, side, call("hypot1m1", mul(x, power(side, MINUS_ONE)))))
    found = [(k, *_rooted(t)) for k, t in enumerate(terms_of(node)) if _rooted(t) is not None]
    for k, c, base in found:
        rest = add(*without(terms_of(node), k))
        if base.op is Op.ADD and ONE in base.args:
            left = minus_term(rest, neg(c))
            if left is not None:
                return add(left, mul(c, call("sqrt1pm1", sub(base, ONE))))
        for j, d, other in found:
            if j > k and add(c, d) == number(0) and not has_read(sub(base, other)):
                left = add(*without(terms_of(node), k, j))
                return add(left, mul(c, sub(base, other), power(add(sqrt(base), sqrt(other)), MINUS_ONE)))
    return None


def _rooted(t: Node) -> tuple[Node, Node] | None:
    """(C, u) with t = C·sqrt(u)."""
    inside = factors_of(t)
    for k, f in enumerate(inside):
        if f.op is Op.POW and f.args[1] == HALF and has_read(f):
            return mul(*without(inside, k)), f.args[0]
    return None


def squareplus(node: Node, ctx: Context) -> Node | None:
    """C·x + C·hypot(x, c) → 2C·squareplus(x, c²)."""
    for _, c, h, rest in scaled_pairs(node, ("hypot",)):
        for x, side in (h.args, h.args[::-1]):
            if not has_read(x) or has_read(side) and not ctx.positive(side):
                continue
            for sign in (ONE, MINUS_ONE):
                left = minus_terms(rest, mul(sign, c, x))
                if left is not None:
                    return add(left, mul(TWO, c, call("squareplus", mul(sign, x), power(side, TWO))))
    return None


def inverse_hyperbolic(node: Node, ctx: Context) -> Node | None:
    """log(x + sqrt(x² + c²)) → asinh(x/c) + log c; log(x + sqrt(x² - 1)) → acosh x."""
    if not is_call(node, "log"):
        return None
    u = ctx.see(node.args[0])
    c, rest = split_coefficient(u)
    if c == TWO.data and is_call(rest, "squareplus"):
        x, b = rest.args
        if b == ONE:
            return call("asinh", x)
        if ctx.positive(b):
            return add(call("asinh", mul(x, power(b, MINUS_HALF))), mul(HALF, call("log", b)))
    if u.op is Op.ADD and len(u.args) == 2:
        for x, r in (u.args, u.args[::-1]):
            if r.op is Op.POW and r.args[1] == HALF and add(r.args[0], ONE) == power(x, TWO):
                return call("acosh", x)
            if r.op is Op.MUL and len(r.args) == 2 and {f.args[1] if f.op is Op.POW else None for f in r.args} == {HALF}:
                a, b = (f.args[0] for f in r.args)
                if {add(a, ONE), sub(b, ONE)} == {x} or {add(b, ONE), sub(a, ONE)} == {x}:
                    return call("acosh", x)
    return None


def angle_near_zero(node: Node, ctx: Context) -> Node | None:
    """acosh(1 + u) → 2·asinh(sqrt(u/2)); acos(1 - u) → 2·asin(sqrt(u/2))."""
    if not is_call(node, "acosh", "acos") or ONE not in terms_of(node.args[0]):
        return None
    u = sub(node.args[0], ONE)
    inner, name = (u, "asinh") if node.data == "acosh" else (neg(u), "asin")
    return mul(TWO, call(name, sqrt(mul(HALF, inner)))) if has_read(inner) else None


def direction(node: Node, ctx: Context) -> Node | None:
    """x/hypot(x, y) → one function that does not overflow."""
    for k, f in enumerate(node.args):
        if f.op is Op.POW and is_call(f.args[0], "hypot") and f.args[1].op is Op.NUM and f.args[1].data < 0:
            a, b = f.args[0].args
            for x, y in ((a, b), (b, a)):
                if not has_read(x):
                    continue
                left = _divided(without(node.args, k), x)
                if left is not None:
                    return mul(left, power(f.args[0], add(f.args[1], ONE)), call("direction", x, y))
    return None


def _divided(product: tuple[Node, ...], wanted: Node) -> Node | None:
    """The product over `wanted` where every factor of `wanted` is one of it, or a number."""
    left, found = list(product), False
    for w in factors_of(wanted):
        if w in left and has_read(w):
            left.remove(w)
            found = True
        elif not has_read(w):
            left.append(power(w, MINUS_ONE))
        else:
            return None
    return mul(*left) if found else None


def lorentzian(node: Node, ctx: Context) -> Node | None:
    """1/(c + x²) → by hypot, whose square root does not overflow."""
    base, e = node.args
    if e != MINUS_ONE or base.op is not Op.ADD or ctx.summed:
        return None
    sides = [_side(t, ctx) for t in base.args]
    if (
        len(sides) == 2
        and all(s is not None for s in sides)
        and all(not has_read(t) or root(split_coefficient(t)[1]) is not None for t in base.args)
        and any(has_read(s) for s in sides)
        and not any(_is_reduction(s) for s in sides)
    ):
        return call("square", call("reciprocal", call("hypot", *sides)))
    return None


def squared_direction(node: Node, ctx: Context) -> Node | None:
    """x²/(x² + y²) → the square of x/hypot(x, y); x/(x² + y²) → x/hypot(x, y) by hypot(x, y)."""
    for k, f in enumerate(node.args):
        if not is_call(f, "square") or not is_call(f.args[0], "reciprocal") or not is_call(f.args[0].args[0], "hypot"):
            continue
        a, b = f.args[0].args[0].args
        for x, y in ((a, b), (b, a)):
            if not has_read(x):
                continue
            left = _divided(without(node.args, k), power(x, TWO))
            if left is not None:
                return mul(left, call("square", call("direction", x, y)))
            left = _divided(without(node.args, k), x)
            if left is not None:
                return mul(left, call("product", call("direction", x, y), f.args[0]))
    return None


def difference_of_squares(node: Node, ctx: Context) -> Node | None:
    """C·x² - C·y² → C·(x - y)·(x + y) for what the caller passed."""
    if ctx.summed or len(node.args) != 2:
        return None
    (c, x), (d, y) = (split_coefficient(t) for t in node.args)
    if c != -d or not all(t.op is Op.POW and t.args[1] == TWO and t.args[0].op is Op.READ for t in (x, y)):
        return None
    if c < 0:
        c, x, y = d, y, x
    return mul(number(c), sub(x.args[0], y.args[0]), add(x.args[0], y.args[0]))


def versine(node: Node, ctx: Context) -> Node | None:
    """C - C·cos u → 2C·sin²(u/2); C + C·cos u → 2C·cos²(u/2); C - C·cos²u → C·sin²u; C·cosh u - C → 2C·sinh²(u/2)."""
    for _, c, f, rest in scaled_pairs(node, ("cos",)):
        half = mul(HALF, f.args[0])
        left = minus_term(rest, neg(c))
        if left is not None:
            return sub(left, mul(TWO, c, power(call("sin", half), TWO)))
        left = minus_term(rest, c)
        if left is not None:
            return add(left, mul(TWO, c, power(call("cos", half), TWO)))
    return _squared_versine(node)


_OTHER_LEG = {"cos": ("sin", ONE), "sin": ("cos", ONE), "cosh": ("sinh", MINUS_ONE)}


def _squared_versine(node: Node) -> Node | None:
    """C - C·cos²u → C·sin²u and its kin; cosh u - 1 → 2 sinh²(u/2)."""
    for _, c, f, rest in scaled_pairs(node, tuple(_OTHER_LEG), 2):
        left = minus_term(rest, neg(c))
        if left is not None:
            name, sign = _OTHER_LEG[f.data]
            return add(left, mul(MINUS_ONE, sign, c, power(call(name, f.args[0]), TWO)))
    for _, c, f, rest in scaled_pairs(node, ("cosh",)):
        left = minus_term(rest, neg(c))
        if left is not None:
            return add(left, mul(TWO, c, power(call("sinh", mul(HALF, f.args[0])), TWO)))
    return None


RULES = (
    Rule(
        "length",
        r"\sqrt{x^2 + y^2} = \operatorname{hypot}(x, y)",
        "every term is a square",
        "squares overflow and underflow where the length does not",
        "IEEE 754-2019, hypot",
        "|x| > 1e19 or < 1e-19 (float32)",
        (Op.POW,),
        length,
        (sqrt(add(power(ex.X, TWO), power(ex.Y, TWO))), call("hypot", ex.X, ex.Y)),
    ),
    Rule(
        "root minus root",
        r"\sqrt{1 + u} - 1 = \frac{u}{1 + \sqrt{1 + u}}",
        "always",
        "the difference of two close roots has no digit left",
        "multiplication by the conjugate",
        "|u| < 1, or u much larger than what is added",
        (Op.ADD,),
        root_minus,
        (sub(call("hypot", ONE, ex.X), ONE), call("hypot1m1", ex.X)),
    ),
    Rule(
        "squareplus",
        r"x + \sqrt{x^2 + b} = \frac{b}{\sqrt{x^2 + b} - x}",
        "b is constant",
        "cancels for negative x",
        "multiplication by the conjugate",
        "x < -1",
        (Op.ADD,),
        squareplus,
        (add(ex.X, call("hypot", ex.X, TWO)), mul(TWO, call("squareplus", ex.X, number(4)))),
    ),
    Rule(
        "inverse hyperbolic",
        r"\log(x + \sqrt{x^2 + 1}) = \operatorname{arsinh} x",
        "always",
        "cancels for negative x, rounds to log 1 near 0, and squares overflow",
        "DLMF 4.37",
        "x < 0, |x| < 1",
        (Op.CALL,),
        inverse_hyperbolic,
        (call("log", mul(TWO, call("squareplus", ex.X, ONE))), call("asinh", ex.X)),
    ),
    Rule(
        "angle near 0",
        r"\operatorname{arcosh}(1 + u) = 2\operatorname{arsinh}\sqrt{u/2}, \quad \arccos(1 - u) = 2\arcsin\sqrt{u/2}",
        "always",
        "1 + u rounds to 1, where the function has its steepest slope",
        "half-angle formula",
        "|u| < 1e-3",
        (Op.CALL,),
        angle_near_zero,
        (call("acosh", add(ONE, ex.X)), mul(TWO, call("asinh", sqrt(mul(HALF, ex.X))))),
    ),
    Rule(
        "direction",
        r"\frac{x}{\sqrt{x^2 + y^2}}",
        "always",
        "the length overflows where the quotient is at most 1",
        "IEEE 754-2019, hypot",
        "|x| > 1e38 (float32), infinities",
        (Op.MUL,),
        direction,
        (mul(ex.X, power(call("hypot", ex.X, ex.Y), MINUS_ONE)), call("direction", ex.X, ex.Y)),
    ),
    Rule(
        "reciprocal of squares",
        r"\frac{1}{c + x^2} = \operatorname{hypot}(\sqrt c, x)^{-2}",
        "not under a sum",
        "the square overflows",
        "IEEE 754-2019, hypot",
        "|x| > 1e19 (float32)",
        (Op.POW,),
        lorentzian,
        (power(add(power(ex.X, TWO), ONE), MINUS_ONE), call("square", call("reciprocal", call("hypot", ex.X, ONE)))),
    ),
    Rule(
        "squared direction",
        r"\frac{x^2}{x^2 + y^2}",
        "not under a sum",
        "a quotient of infinities, and a slope whose two terms cancel",
        "IEEE 754-2019, hypot",
        "|x| > 1e19 (float32)",
        (Op.MUL,),
        squared_direction,
        (
            mul(power(ex.X, TWO), call("square", call("reciprocal", call("hypot", ex.X, ONE)))),
            call("square", call("direction", ex.X, ONE)),
        ),
    ),
    Rule(
        "difference of squares",
        r"x^2 - y^2 = (x - y)(x + y)",
        "x and y are what the caller passes; not under a sum",
        "the squares are rounded before they cancel",
        "Goldberg 1991",
        "x near y or -y",
        (Op.ADD,),
        difference_of_squares,
        (sub(power(ex.X, TWO), power(ex.Y, TWO)), mul(sub(ex.X, ex.Y), add(ex.X, ex.Y))),
    ),
    Rule(
        "half-angle",
        r"1 - \cos u = 2\sin^2\tfrac u2, \quad 1 - \cos^2 u = \sin^2 u, \quad \cosh u - 1 = 2\sinh^2\tfrac u2",
        "always",
        "cos rounds to 1 for small u",
        "half-angle formula",
        "|u| < 1",
        (Op.ADD,),
        versine,
        (sub(ONE, call("cos", ex.X)), mul(TWO, power(call("sin", mul(HALF, ex.X)), TWO))),
    ),
)
