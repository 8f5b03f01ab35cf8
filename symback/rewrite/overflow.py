"""Rules for quotients and squares that leave the range of the dtype where the result does not."""

from __future__ import annotations

from symback.core.expr import MINUS_ONE, ONE, TWO, Node, Op, add, call, mul, number, power, reads, split_coefficient, walk
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, holds_reduction, is_call, without
from symback.rewrite.rule import Rule


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
    """x²/v → x·(x/v) for a v that is not made of x."""
    if ctx.summed:
        return None
    for k, f in enumerate(node.args):
        if f.op is not Op.POW or f.args[1] != TWO or not has_read(f) or holds_reduction(f.args[0]):
            continue
        for j, g in enumerate(node.args):
            if g.op is Op.POW and g.args[1] == MINUS_ONE and _divides(g.args[0], f.args[0]):
                return mul(*without(node.args, j, k), call("square_over", f.args[0], g.args[0]))
    return None


def _divides(v: Node, x: Node) -> bool:
    """Whether v is an element of a tensor, or made of such elements, but of none that x is made of."""
    return v.op is Op.READ or has_read(v) and not holds_reduction(v) and {*reads(v)}.isdisjoint(reads(x))


def scaled_exponential(node: Node, ctx: Context) -> Node | None:
    """(a·exp(u))² with a and u of different tensors → the square of a·exp(u)."""
    if ctx.summed:
        return None
    for k, f in enumerate(node.args):
        if f.op is not Op.POW or f.args[1] != TWO or not has_read(f) or holds_reduction(f.args[0]):
            continue
        for j, g in enumerate(node.args):
            if is_call(g, "exp") and _separate(f.args[0], g.args[0]):
                return mul(*without(node.args, j, k), call("square", call("scaled_exp", f.args[0], mul(number("1/2"), g.args[0]))))
    return None


def _separate(a: Node, u: Node) -> bool:
    names = {n.data for n in walk(u) if n.op is Op.READ}
    return bool(names) and any(n.op is Op.READ and n.data not in names for n in walk(a)) and not holds_reduction(u)


RULES = (
    Rule(
        "softsign",
        r"\frac{x}{1 + |x|}",
        "the constant is a positive number",
        "a quotient of infinities, and a slope whose two terms cancel",
        "division by the larger term",
        "|x| > 1e7 (float32)",
        (Op.MUL,),
        soft_sign,
        (mul(ex.X, power(add(ONE, call("Abs", ex.X)), MINUS_ONE)), call("softsign", ex.X)),
    ),
    Rule(
        "square over",
        r"\frac{x^2}{v} = x \cdot \frac xv",
        "not under a sum; v is not made of x",
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
