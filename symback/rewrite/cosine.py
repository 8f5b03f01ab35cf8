"""Rules for the cosine of two vectors: each is normalised alone, and the gradient is what is left of a difference of unit vectors."""

from __future__ import annotations

from fractions import Fraction

from symback.core.expr import (
    HALF,
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
    factors_of,
    is_indicator,
    mul,
    number,
    opened,
    piecewise,
    power,
    read,
    split_coefficient,
    sqrt,
    sub,
    substitute,
    total,
    with_hint,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import has_read, is_call, is_sum, without
from symback.rewrite.power_sums import PowerSum, power_sum
from symback.rewrite.rule import Rule

MINUS_HALF = number("-1/2")


def norm_of(a: Node, ctx: Context) -> PowerSum | None:
    """The sum of squares whose root `a` is, perhaps kept above a constant."""
    seen = ctx.see(a)
    if is_call(seen, "Max") and len(seen.args) == 2:
        roots = [s for s in seen.args if has_read(s)]
        seen = ctx.see(roots[0]) if len(roots) == 1 else seen
    return power_sum(seen.args[0]) if seen.op is Op.POW and seen.args[1] == HALF else None


def cosine(node: Node, ctx: Context) -> Node | None:
    """Sum(x·y)/(|x|·|y|) → the sum of products of normalised entries."""
    for k, f in enumerate(node.args):
        if is_sum(f):
            made = _normalised_sum(f, without(node.args, k), ctx)
            if made is not None:
                return made
    return None


def cosine_inside(node: Node, ctx: Context) -> Node | None:
    """The same with the norms under the sum."""
    return _normalised_sum(node, (), ctx) if is_sum(node) else None


def _normalised_sum(node: Node, outer: tuple[Node, ...], ctx: Context) -> Node | None:
    body, binders = opened(node)
    inside, outside, count = list(factors_of(body)), list(outer), 0
    for place in (inside, outside):
        for a in [f for f in place if f.op is Op.POW and f.args[1] in (MINUS_ONE, MINUS_HALF)]:
            divisor = a.args[0] if a.args[1] == MINUS_ONE else sqrt(a.args[0])
            found = norm_of(divisor, ctx)
            if found is None or len(found.binders) != len(binders):
                continue
            u = substitute(found.body, {o[0]: b[0] for o, b in zip(found.binders, binders, strict=True)})
            hit = next((x for x in inside if x == u), None)
            if hit is not None:
                place.remove(a)
                inside[inside.index(hit)] = call("ratio", hit, divisor)
                count += 1
    if count < 2:
        return None
    return mul(*outside, with_hint(total(mul(*inside), *binders), node))


def angle(node: Node, ctx: Context) -> Node | None:
    """acos(x̂·ŷ) → 2·atan2(|x̂ - ŷ|, |x̂ + ŷ|)."""
    seen = ctx.see(node.args[0]) if is_call(node, "acos") else None
    pair = None if seen is None else _cosine_parts(seen)
    if pair is None:
        return None
    x, y = pair[1]
    binders = opened(seen)[1]
    sides = (sqrt(with_hint(total(power(v, TWO), *binders), seen)) for v in (sub(x, y), add(x, y)))
    return mul(TWO, call("atan2", *sides))


def bounded_cosine(node: Node, ctx: Context) -> Node | None:
    """acos(û·v̂) → acos(Max(Min(û·v̂, 1), -1)), where û and v̂ have the length 1."""
    if not is_call(node, "acos"):
        return None
    seen = ctx.see(node.args[0])
    if not is_sum(seen):
        return None
    body, binders = opened(seen)
    parts = factors_of(body)
    if len(parts) != 2 or len(binders) != 1 or not all(_is_of_length_1(p, binders[0][0], ctx) for p in parts):
        return None
    return call("acos", call("Max", call("Min", node.args[0], ONE), MINUS_ONE))


def _is_of_length_1(part: Node, index: Node, ctx: Context) -> bool:
    """Whether a value is an entry over the root of the sum of all their squares along an index."""
    seen = ctx.see(part)
    parts = list(seen.args) if is_call(seen, "ratio") else factors_of(seen)
    if is_call(seen, "ratio"):
        parts[1] = power(parts[1], MINUS_ONE)
    for f in parts:
        if f.op is not Op.POW or f.args[1] not in (MINUS_ONE, MINUS_HALF):
            continue
        found = norm_of(f.args[0] if f.args[1] == MINUS_ONE else sqrt(f.args[0]), ctx)
        if found is not None and len(found.binders) == 1:
            entry = mul(*(g for g in parts if g != f))
            return substitute(found.body, {found.binders[0][0]: index}) == entry
    return False


def tangent(node: Node, ctx: Context) -> Node | None:
    """y/|y| - z·x/|x| with z their cosine → one function, which keeps what is left where they are parallel."""
    for k, t in enumerate(node.args):
        for m, f in enumerate(factors_of(t)):
            seen = ctx.see(f) if f.op is Op.READ else f
            pair = _cosine_parts(seen)
            if pair is None:
                continue
            rest = without(factors_of(t), m)
            for own, other in (pair[1], pair[1][::-1]):
                made = _tangent(node, k, rest, f, pair[0], own, other, ctx)
                if made is not None:
                    return made
    return None


def _cosine_parts(node: Node) -> tuple[Node, tuple[Node, Node]] | None:
    """(index, (x̂, ŷ)) of a sum of products of two ratios."""
    if not is_sum(node):
        return None
    body, binders = opened(node)
    parts = factors_of(body)
    if len(parts) != 2 or len(binders) != 1 or not all(is_call(p, "ratio") for p in parts):
        return None
    return binders[0][0], (parts[0], parts[1])


def _tangent(node, k, rest, z, idx, own, other, ctx) -> Node | None:
    x, a = own.args
    for j, y_term in enumerate(node.args):
        if j == k:
            continue
        for i in sorted(y_term.free, key=lambda n: str(n.data)):
            if i.args != idx.args or i == idx:
                continue
            at = {idx: i}
            divided = (substitute(other, at), mul(substitute(other.args[0], at), power(other.args[1], MINUS_ONE)))
            entry = substitute(x, at)
            if y_term not in divided or entry not in rest:
                continue
            masks = _unit_length(tuple(f for f in rest if f != entry), a, ctx)
            if masks is None:
                continue
            projected = call("unit_difference", *(substitute(g, at) for g in (*own.args, *other.args)), z)
            chosen = projected if not masks else piecewise((projected, masks[0]), (substitute(other, at), TRUE))
            return add(*without(node.args, j, k), chosen)
    return None


def _unit_length(rest: tuple[Node, ...], a: Node, ctx: Context) -> list[Node] | None:
    """Conditions under which the product of `rest` is -1/a (else it is 0); None where it is not that."""
    found = norm_of(a, ctx)
    scale, inverse, masks = Fraction(1), None, []
    for f in rest:
        if f.op is Op.NUM:
            scale *= f.data
        elif is_indicator(f):
            masks.append(f.args[1])
        elif inverse is None:
            value = f
            if f.op is Op.PIECEWISE:
                pairs = branches(f)
                if len(pairs) != 2 or pairs[0][0] != ZERO or pairs[1][1] != TRUE:
                    return None
                value = pairs[1][0]
            c, inverse = split_coefficient(value)
            scale *= c
        else:
            return None
    if found is None or inverse is None or scale != -1 or len(masks) > 1:
        return None
    seen = ctx.see(a)
    bounded = is_call(seen, "Max")
    root = next((s for s in seen.args if has_read(s)), seen) if bounded else seen
    lengths = {power(ctx.see(root), MINUS_ONE), power(root, MINUS_ONE), power(a, MINUS_ONE)}
    if inverse not in lengths or bounded != bool(masks):
        return None
    return masks


_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_SQUARES, _OTHER = total(power(ex.XK, number(2)), _WHOLE), total(power(ex.YK, number(2)), _WHOLE)
_X, _Y = call("ratio", ex.XK, sqrt(_SQUARES)), call("ratio", ex.YK, sqrt(_OTHER))
_COSINE = total(mul(_X, _Y), _WHOLE)
_AT = {ex.K: ex.J}
FORWARD = (
    Rule(
        "cosine",
        r"\frac{\sum_k x_k y_k}{|x|\,|y|} = \sum_k \frac{x_k}{|x|} \frac{y_k}{|y|}",
        "both vectors are divided by their own norms",
        "the products overflow or underflow where the cosine is at most 1",
        "Blue 1978",
        "|x| |y| > 1e38 or < 1e-38 (float32)",
        (Op.MUL,),
        cosine,
        (mul(total(mul(ex.XK, ex.YK), _WHOLE), power(_SQUARES, MINUS_HALF), power(_OTHER, MINUS_HALF)), _COSINE),
    ),
    Rule(
        "cosine under the sum",
        r"\sum_k \frac{x_k y_k}{|x|\,|y|} = \sum_k \frac{x_k}{|x|} \frac{y_k}{|y|}",
        "both vectors are divided by their own norms",
        "the products overflow or underflow where the cosine is at most 1",
        "Blue 1978",
        "|x| |y| > 1e38 or < 1e-38 (float32)",
        (Op.REDUCE,),
        cosine_inside,
        (total(mul(ex.XK, ex.YK, power(_SQUARES, MINUS_HALF), power(_OTHER, MINUS_HALF)), _WHOLE), _COSINE),
    ),
    Rule(
        "angle between vectors",
        r"\arccos(\hat x \cdot \hat y) = 2\operatorname{atan2}(|\hat x - \hat y|, |\hat x + \hat y|)",
        "x and y are divided by their own norms",
        "a cosine near 1 has no digit of a small angle, and one above 1 by rounding has no angle",
        "Kahan 2006",
        "vectors nearly parallel",
        (Op.CALL,),
        angle,
        (
            call("acos", _COSINE),
            mul(
                TWO,
                call(
                    "atan2",
                    sqrt(total(power(sub(_X, _Y), TWO), _WHOLE)),
                    sqrt(total(power(add(_X, _Y), TWO), _WHOLE)),
                ),
            ),
        ),
    ),
    Rule(
        "cosine of unit vectors",
        r"\arccos(u \cdot v) = \arccos(\max(\min(u \cdot v, 1), -1))",
        "u and v are values of length 1",
        "a cosine that rounding puts above 1 has no angle",
        "Cauchy 1821",
        "vectors nearly parallel",
        (Op.CALL,),
        bounded_cosine,
        (call("acos", _COSINE), call("acos", call("Max", call("Min", _COSINE, ONE), MINUS_ONE))),
    ),
)

GRADIENT = (
    Rule(
        "tangent",
        r"\hat y - (\hat x \cdot \hat y)\,\hat x = d - (d \cdot \hat x)\,\hat x, \quad d = \hat y \mp \hat x",
        "x and y are divided by their own norms",
        "nothing is left of the difference where the vectors are parallel",
        "Blue 1978",
        "vectors nearly parallel",
        (Op.ADD,),
        tangent,
        (
            sub(substitute(_Y, _AT), mul(_COSINE, read("x", ex.N, ex.J), power(_SQUARES, MINUS_HALF))),
            call("unit_difference", *(substitute(g, _AT) for g in (*_X.args, *_Y.args)), _COSINE),
        ),
    ),
)
