"""Exponentials whose argument is a product, a difference or an odd polynomial of what the caller passed.

Rounding an argument u costs |u|/2 units in the last place of exp(u), so that where the exponential is small
its argument is formed again in the next wider precision.
"""

from __future__ import annotations

from fractions import Fraction

from symback.calculus.affine import scalar
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, mul, number, split_coefficient, sub
from symback.core.program import Kind as TensorKind
from symback.lower.arrays import Kind
from symback.lower.lowering import Lowered, Lowering
from symback.rewrite.patterns import constant

KERNELS = (
    "_scaled_expm1_slope_at",
    "_slope_beside",
    "_growth_of_product",
    "_growth_of_gap",
    *(f"{name}_{form}" for name in ("_decay_of", "_expm1_slope_of") for form in ("product", "gap", "polynomial")),
)
"""Names of what is made here, element by element."""


def decay(low: Lowering, node: Node) -> Lowered | None:
    """exp(-|u|); None where u is nothing of the kind."""
    c, size = split_coefficient(node.args[0])
    if c != -1 or size.op is not Op.CALL or size.data != "Abs":
        return None
    return _exponential(low, "_decay_of", size.args[0], size.args[0])


def growth(low: Lowering, node: Node) -> Lowered | None:
    """exp(u), kept finite; None where u is nothing of the kind."""
    return _exponential(low, "_growth_of", node.args[0], node.args[0])


def is_polynomial(low: Lowering, u: Node) -> bool:
    """Whether exp(-|u|) alone is worked out closely."""
    return _polynomial(low, u) is not None


def slope(low: Lowering, node: Node) -> Lowered | None:
    """t + 1 where t = exp(u) - 1 is known, u = Min(product, 0); None for another slope."""
    least, known = node.args
    if least.op is not Op.CALL or least.data != "Min" or len(least.args) != 2 or ZERO not in least.args:
        return None
    u = least.args[0] if least.args[1] == ZERO else least.args[1]
    return _exponential(low, "_expm1_slope_of", u, known) if _product(low, u) is not None else None


def _exponential(low: Lowering, name: str, u: Node, first: Node) -> Lowered | None:
    for form, found in (("product", _product(low, u)), ("gap", _gap(low, u)), ("polynomial", _polynomial(low, u))):
        if found is not None:
            return low.elementwise(Kind.KERNEL, (f"{name}_{form}", ""), [low.value(first), *map(low.value, found)], "f")
    return None


def _product(low: Lowering, u: Node) -> tuple[Node, ...] | None:
    """(a, b, divisor) with u = a·b/divisor, where one multiplication at least is rounded."""
    c, rest = split_coefficient(u)
    parts = [f for f in (rest.args if rest.op is Op.MUL else (rest,)) if f != ONE]
    arrays = [f for f in parts if not scalar(f)]
    fixed = mul(number(c.numerator), *(f for f in parts if scalar(f)))
    if not arrays or len(arrays) > 2 or not all(_exact(low, f) for f in arrays):
        return None
    divisor = number(c.denominator)
    if len(arrays) == 2 and fixed in (ONE, MINUS_ONE) and divisor == ONE:
        return (*arrays, fixed)
    if len(arrays) == 2 or fixed in (ONE, MINUS_ONE) and c.denominator & (c.denominator - 1) == 0:
        return None
    return arrays[0], fixed, divisor


def _gap(low: Lowering, u: Node) -> tuple[Node, ...] | None:
    """(x, y) with u = x - y."""
    c, rest = split_coefficient(u)
    if rest.op is Op.CALL and rest.data == "difference" and abs(c) == 1:
        x, y = rest.args[:: int(c)]
    elif u.op is Op.ADD and len(u.args) == 2:
        x, y = sorted(u.args, key=lambda t: -split_coefficient(t)[0])
        c, y = split_coefficient(y)
        if c != -1:
            return None
    else:
        return None
    return (x, y) if _exact(low, x) and _exact(low, y) else None


def _polynomial(low: Lowering, u: Node) -> tuple[Node, ...] | None:
    """(x, c1, what rounding c1 leaves out, c3, what rounding c3 leaves out) with u = c1·x + c3·x³."""
    c, rest = split_coefficient(u)
    outer = [f for f in (rest.args if rest.op is Op.MUL else (rest,)) if scalar(f)]
    inner = [f for f in (rest.args if rest.op is Op.MUL else (rest,)) if not scalar(f)]
    if len(inner) != 1 or inner[0].op is not Op.ADD or len(inner[0].args) != 2:
        return None
    terms = {}
    for t in inner[0].args:
        d, x = split_coefficient(t)
        base, e = (x.args[0], x.args[1]) if x.op is Op.POW else (x, ONE)
        terms[e] = (mul(number(c * d), *outer), base)
    if set(terms) != {ONE, number(3)} or terms[ONE][1] != terms[number(3)][1] or not _exact(low, terms[ONE][1]):
        return None
    return terms[ONE][1], *_in_two(terms[ONE][0]), *_in_two(terms[number(3)][0])


def _in_two(c: Node) -> tuple[Node, Node]:
    """A constant as a number of double precision and the rest; one that is known when called only is left whole."""
    value = constant(c)
    if value is None:
        return c, ZERO
    return number(Fraction(value)), sub(c, number(Fraction(value)))


def _exact(low: Lowering, node: Node) -> bool:
    """Whether it is what the caller passed, not a value that was rounded before."""
    if node.op is Op.CALL and node.data == "within":
        node = node.args[0]
    tensor = low.tensor(str(node.data)) if node.op is Op.READ else None
    return tensor is not None and tensor.kind is TensorKind.FLOAT
