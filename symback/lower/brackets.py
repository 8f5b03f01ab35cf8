"""Sums in products: multiplied out where that saves a pass, else with the number that their widest terms share taken out."""

from __future__ import annotations

from fractions import Fraction

from symback.calculus.affine import scalar
from symback.calculus.patterns import pair_key
from symback.core.expr import MINUS_ONE, ONE, Node, Op, add, branches, mul, number, piecewise, split_coefficient
from symback.lower import softmax
from symback.lower.lowering import Lowering


def spread(low: Lowering, factors: list[Node], scalars: list[Node]) -> Node | None:
    """s·(a·x + b·y + c) as (s·a)·x + (s·b)·y + s·c, where s, a, b, c have fewer axes than x and y: one pass less. None where a wide
    term of the bracket has no such factor, or the bracket is there already."""
    brackets = [f for f in factors if f.op is Op.ADD]
    if len(brackets) != 1 or low.has(brackets[0]) or len(factors) + len(scalars) < 2:
        return None
    (bracket,) = brackets
    wide = set(low.value(bracket).axes)
    narrow = [f for f in factors if f is not bracket]
    large = [t for t in bracket.args if not _narrow(low, t, wide)]
    if not all(_narrow(low, f, wide) for f in narrow) or not all(_scaled(low, t, wide) for t in large):
        return None
    if len(large) > 1 and len({_multiplier(low, t, wide) for t in large}) == 1:
        return None  # which is then a factor of the bracket
    return add(*(mul(t, *narrow, *scalars) for t in bracket.args))


def into_branches(factors: list[Node], scalars: list[Node]) -> tuple[list[Node], list[Node]]:
    """Numbers that multiply a case distinction are put into its branches, where all but one are numbers or are multiplied by one."""
    cases = [f for f in factors if f.op is Op.PIECEWISE]
    c = mul(*scalars)
    if len(cases) != 1 or c in (ONE, MINUS_ONE) or any(len(f.free) < len(cases[0].free) for f in factors):
        return factors, scalars
    pairs = branches(cases[0])
    bare = [v for v, _ in pairs if not scalar(v) and not any(scalar(f) for f in (v.args if v.op is Op.MUL else ()))]
    if len(bare) > 1 or len(bare) == len(pairs):
        return factors, scalars
    inside = piecewise(*((mul(c, v), condition) for v, condition in pairs))
    return [inside if f is cases[0] else f for f in factors], []


def _narrow(low: Lowering, node: Node, wide: set[Node]) -> bool:
    return scalar(node) or set(low.value(node).axes) < wide


def _scaled(low: Lowering, term: Node, wide: set[Node]) -> bool:
    """Whether one factor of a term has all its axes, and another fewer, which no other product multiplies it by; a softmax has its sum."""
    parts = [f for f in (term.args if term.op is Op.MUL else ()) if f.op is not Op.NUM]  # a product with a number may be exact
    large = [f for f in parts if not _narrow(low, f, wide)]
    if len(large) != 1 or large[0].op is Op.PIECEWISE:
        return False
    if _is_fraction(low, large[0]):
        return True
    return len(parts) > 1 and not any(low.plan.pairs.get(pair_key(large[0], f), 0) > 1 for f in parts if f is not large[0])


def _multiplier(low: Lowering, term: Node, wide: set[Node]) -> Node:
    """What a wide factor of a term is multiplied by, but for its sign."""
    c, rest = split_coefficient(term)
    factors = rest.args if rest.op is Op.MUL else (rest,)
    return mul(number(abs(c)), *(f for f in factors if _narrow(low, f, wide) or _is_fraction(low, f)))


def _is_fraction(low: Lowering, node: Node) -> bool:
    """Whether it is exponentials over their sum."""
    return node.op is Op.CALL and node.data == "exp" and softmax.fraction(low, node) is not None


def unit_brackets(low: Lowering, factors: list[Node], scalars: list[Node]) -> tuple[list[Node], list[Node]]:
    """A number that multiplies the widest term of a bracket is taken out of it, where the bracket is multiplied anyway."""
    if len(factors) < 2:
        return factors, scalars
    out = []
    for f in factors:
        if f.op is Op.ADD:
            widths = [len(t.free) for t in f.args]
            wide = {abs(split_coefficient(t)[0]) for t, w in zip(f.args, widths, strict=True) if w == max(widths)}
            if len(wide) == 1 and wide != {Fraction(1)} and max(widths):
                (c,) = wide
                f = add(*(mul(number(1 / c), t) for t in f.args))
                scalars = [*scalars, number(c)]
        out.append(f)
    return out, scalars
