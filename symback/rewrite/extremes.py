"""A rule on extrema: a factor that both arguments have leaves them, where what is left is a value and the same value clipped."""

from __future__ import annotations

from fractions import Fraction

from symback.core.expr import ONE, TRUE, ZERO, Node, Op, call, compare, factors_of, mul, neg, number, piecewise, split_coefficient, walk
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, is_call
from symback.rewrite.rule import Rule


def absorbed_clip(node: Node, ctx: Context) -> Node | None:
    """Min(s·x, s·clip(x, a, b)) → s·Min(x, b) where s ≥ 0, else s·Max(x, a)."""
    if not is_call(node, "Max", "Min") or len(node.args) != 2:
        return None
    (c, left), (d, right) = (_product(a, ctx) for a in node.args)
    if c != d:
        return None
    shared = [f for f in left if f in right and _fixed(f, ctx)]
    x, y = (mul(*(f for f in side if f not in shared)) for side in (left, right))
    if (node.data == "Min") != (c > 0):
        lower, upper = _absorbed("Max", x, y, ctx), _absorbed("Min", x, y, ctx)
    else:
        lower, upper = _absorbed("Min", x, y, ctx), _absorbed("Max", x, y, ctx)
    if lower is None or upper is None:
        return None
    scale = mul(*shared)
    return mul(number(c), scale, lower if scale == ONE else piecewise((lower, compare("<=", ZERO, scale)), (upper, TRUE)))


def _product(node: Node, ctx: Context) -> tuple[Fraction, list[Node]]:
    """(coefficient, factors) of an argument, seen through its name."""
    c, rest = split_coefficient(ctx.see(node))
    return c, list(factors_of(rest))


def _fixed(node: Node, ctx: Context) -> bool:
    """Whether no differentiated tensor moves it."""
    reads = [n for n in walk(node) if n.op is Op.READ]
    return all(n.data not in ctx.moving if (seen := ctx.unfold(n)) is None else _fixed(seen, ctx) for n in reads)


def _absorbed(kind: str, x: Node, y: Node, ctx: Context) -> Node | None:
    """Min(x, clip(x, a, b)) = Min(x, b) and Max(x, clip(x, a, b)) = Max(x, Min(a, b)), in either order of the arguments."""
    for value, clip in ((x, ctx.see(y)), (y, ctx.see(x))):
        outer = _bounded(clip)
        inner = _bounded(outer[1]) if outer is not None else None
        if inner is None or inner[1] != value or {outer[0], inner[0]} != {"Max", "Min"}:
            continue
        bound = outer[2] if outer[0] == kind else call(outer[0], inner[2], outer[2])
        return call(kind, value, bound)
    return None


def _bounded(node: Node) -> tuple[str, Node, Node] | None:
    """(kind, x, bound) of an extremum of a value and a number."""
    if not is_call(node, "Max", "Min") or len(node.args) != 2:
        return None
    for x, bound in (node.args, node.args[::-1]):
        if has_read(x) and not has_read(bound) and not bound.free:
            return node.data, x, bound
    return None


_CLIP = call("Min", call("Max", ex.X, neg(ONE)), ONE)

RULES = (
    Rule(
        "absorbed clip",
        r"\min(s x, s \operatorname{clip}(x, a, b)) = s \min(x, b) \text{ where } s \ge 0, \text{ else } s \max(x, a)",
        "nothing is differentiated by s; a and b are numbers",
        "where the clip does not act both arguments are the same function, and their tie is no choice",
        "kinks: the conventions of the language",
        "x between the bounds",
        (Op.CALL,),
        absorbed_clip,
        (
            call("Min", mul(ex.T, ex.X), mul(ex.T, _CLIP)),
            mul(ex.T, piecewise((call("Min", ex.X, ONE), compare("<=", ZERO, ex.T)), (call("Max", ex.X, neg(ONE)), TRUE))),
        ),
    ),
)
