"""Rules for sums of squares beside each other: by their roots, which do not leave the range."""

from __future__ import annotations

from symback.core.expr import HALF, MINUS_ONE, ONE, TWO, ZERO, Node, Op, add, call, mul, power, sqrt, total
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, holds_reduction, is_call, without
from symback.rewrite.power_sums import power_sum
from symback.rewrite.rule import Rule


def is_square_sum(node: Node, ctx: Context) -> bool:
    """Whether it is a sum of squares, scaled by what is positive, of what the caller passed or with a positive constant added."""
    found = power_sum(node)
    if found is None or found.exponent != TWO:
        return False
    if found.shift == ZERO and (found.body.op is not Op.READ or ctx.unfold(found.body) is not None):
        return False
    return ctx.positive(found.scale) and (found.shift == ZERO or ctx.positive(found.shift))


def root_of_product(node: Node, ctx: Context) -> Node | None:
    """sqrt(A·B) → sqrt(A)·sqrt(B) for sums of squares."""
    base, e = node.args
    if e not in (HALF, mul(MINUS_ONE, HALF)) or base.op is not Op.MUL:
        return None
    sums = [f for f in base.args if is_square_sum(ctx.see(f), ctx)]
    others = [f for f in base.args if f not in sums]
    if len(sums) < 2 or any(has_read(f) for f in others) or not all(ctx.positive(f) for f in others):
        return None
    return mul(power(mul(*others), e), *(power(ctx.see(f), e) for f in sums))


def squared_share(node: Node, ctx: Context) -> Node | None:
    """A/B → (sqrt(A)/sqrt(B))² for sums of squares; u²/B → (u/sqrt(B))²."""
    if ctx.summed:
        return None
    for k, f in enumerate(node.args):
        below = _root_below(f, ctx)
        if below is None:
            continue
        for j, a in enumerate(node.args):
            if j == k:
                continue
            if is_square_sum(a, ctx):
                return mul(*without(node.args, j, k), call("square", call("ratio", sqrt(a), below)))
            if a.op is Op.POW and a.args[1] == TWO and has_read(a) and not holds_reduction(a):
                return mul(*without(node.args, j, k), call("square", call("ratio", a.args[0], below)))
    return None


def _root_below(f: Node, ctx: Context) -> Node | None:
    """sqrt(B) of a factor 1/B, as it is written or as the rule for a reciprocal leaves it."""
    if f.op is Op.POW and f.args[1] == MINUS_ONE and is_square_sum(f.args[0], ctx):
        return sqrt(f.args[0])
    if is_call(f, "square") and is_call(f.args[0], "reciprocal"):
        root = f.args[0].args[0]
        if root.op is Op.POW and root.args[1] == HALF and is_square_sum(root.args[0], ctx):
            return root
    return None


def reciprocal_of_squares(node: Node, ctx: Context) -> Node | None:
    """1/(c + S) → the square of 1/sqrt(c + S) for a sum of squares S and c > 0."""
    base, e = node.args
    if e != MINUS_ONE or ctx.summed or base.op is not Op.ADD or not is_square_sum(base, ctx):
        return None
    return call("square", call("reciprocal", sqrt(base)))


def logarithm_of_squares(node: Node, ctx: Context) -> Node | None:
    """log B → 2 log sqrt(B) for a sum of squares."""
    if not is_call(node, "log"):
        return None
    base = ctx.see(node.args[0])
    return mul(TWO, call("log", sqrt(base))) if is_square_sum(base, ctx) else None


_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_A, _B = (total(power(u, TWO), _WHOLE) for u in (ex.XK, ex.YK))
_SHIFTED = add(ONE, _A)

RULES = (
    Rule(
        "root of a product of sums",
        r"\sqrt{A B} = \sqrt A \sqrt B",
        "A and B are sums of squares",
        "the product overflows or underflows where the roots do not",
        "the root of a product",
        "|x| |y| > 1e19 or < 1e-19 (float32)",
        (Op.POW,),
        root_of_product,
        (sqrt(mul(_A, _B)), mul(sqrt(_A), sqrt(_B))),
    ),
    Rule(
        "share of a sum of squares",
        r"\frac{u^2}{B} = \left(\frac{u}{\sqrt B}\right)^2",
        "B is a sum of squares, perhaps with a constant added; not under a sum",
        "the squares overflow or underflow where their quotient is at most 1",
        "Blue 1978",
        "|u| > 1e19 or < 1e-19 (float32)",
        (Op.MUL,),
        squared_share,
        (mul(power(ex.Y, TWO), power(_SHIFTED, MINUS_ONE)), call("square", call("ratio", ex.Y, sqrt(_SHIFTED)))),
    ),
    Rule(
        "reciprocal of a sum of squares",
        r"\frac{1}{c + \sum_k u_k^2} = \left(\frac{1}{\sqrt{c + \sum_k u_k^2}}\right)^2",
        "c > 0; not under a sum",
        "the squares overflow",
        "Blue 1978",
        "|u| > 1e19 (float32)",
        (Op.POW,),
        reciprocal_of_squares,
        (power(_SHIFTED, MINUS_ONE), call("square", call("reciprocal", sqrt(_SHIFTED)))),
    ),
    Rule(
        "logarithm of a sum of squares",
        r"\log\sum_k u_k^2 = 2\log\sqrt{\sum_k u_k^2}",
        "always",
        "the squares overflow or underflow where their logarithm does not",
        "Blue 1978",
        "|u| > 1e19 or < 1e-19 (float32)",
        (Op.CALL,),
        logarithm_of_squares,
        (call("log", _A), mul(TWO, call("log", sqrt(_A)))),
    ),
)
