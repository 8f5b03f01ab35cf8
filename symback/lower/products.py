"""Products and quotients: small operands first, divisions where they touch fewest elements, shared pairs once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from symback.calculus.affine import scalar
from symback.calculus.patterns import pair_key
from symback.core.expr import HALF, MINUS_ONE, ONE, ZERO, Node, Op, mul, number, power
from symback.lower import brackets, logistic, norms, softmax
from symback.lower.arithmetic import operate, whole_power
from symback.lower.arrays import Array, Kind
from symback.lower.choices import choose, cleared
from symback.lower.finiteness import finite_by_form, may_be_minus_infinity, never_negative
from symback.lower.lowering import Lowered, Lowering
from symback.lower.masks import conjunction, is_mask, safe_argument
from symback.lower.ratios import by_ratios
from symback.lower.reads import reads_padding, reads_stay_inside
from symback.lower.scaling import times_scalar
from symback.lower.ties import rest_of_share
from symback.rewrite.power_sums import power_sum

MOST_PAIRED = 12
"""Factors of a product in which pairs are looked for; `popularity` counts no more either."""


def lower_product(low: Lowering, node: Node) -> Lowered:
    """Factors of few axes are multiplied (and divided) among themselves before they meet a large one."""
    mean = norms.mean_of_squares(low, node)
    if mean is not None:
        return mean
    masks = [f for f in node.args if is_mask(f)]
    scalars = [f for f in node.args if scalar(f) and not is_mask(f)]
    others = [f for f in node.args if not scalar(f) and not is_mask(f)]
    if masks and not others and len(masks) == 1:
        return times_scalar(low, low.value(masks[0]), mul(*scalars))
    if masks and others:
        return _masked_product(low, masks, mul(*scalars, *others))
    rest = rest_of_share(low, others) if not masks else None
    if rest is not None:
        return times_scalar(low, rest, mul(*scalars))
    others = logistic.slope_of_product(low, others)
    others, scalars = brackets.into_branches(others, scalars)
    spread = brackets.spread(low, others, scalars) if not masks else None
    if spread is not None:
        return low.value(spread)
    others, scalars = brackets.unit_brackets(low, others, scalars)
    others = by_ratios(low, others)
    parts = [part for f in [*others, *masks] for part in factors_of(low, f)]
    parts = [_without_infinity(low, p) for p in parts] if len(parts) > 1 else parts
    k = _slope_to_scale(low, parts) if mul(*scalars) not in (ONE, MINUS_ONE) else None
    if k is not None:
        parts[k] = replace(parts[k], value=times_scalar(low, parts[k].value, mul(*scalars)))
        return combine(low, parts)
    return times_scalar(low, combine(low, parts), mul(*scalars))


def _slope_to_scale(low: Lowering, factors: list[Factor]) -> int | None:
    """The factor to which a number goes: a slope that only backward needs, so that forward can keep it scaled; None where the product is
    smaller, or shared, or such a slope is not among the factors."""
    axes = factors[0].value.axes
    late = [f for f in factors if f.value.array.late]
    if len(late) != 1 or any(f.inverse or f.value.axes != axes for f in factors):
        return None
    if any(low.plan.pairs.get(pair_key(late[0].node, f.node), 0) > 1 for f in factors if f is not late[0]):
        return None
    own = (k for k, f in enumerate(factors) if f not in late and f.value.array.kind in _MADE and f.value.array not in low.made)
    return next(own, None)


_MADE = (Kind.OPERATOR, Kind.UFUNC, Kind.KERNEL)


def _without_infinity(low: Lowering, f: Factor) -> Factor:
    """The factor with 0 for the -oo that it may be where the present expression is not used, and where another factor may be 0."""
    if not low.guards or f.inverse or finite_by_form(low, f.node) or not may_be_minus_infinity(low, f.node):
        return f
    return replace(f, value=safe_argument(low, f.value, ZERO))


def factors_of(low: Lowering, node: Node) -> list[Factor]:
    """The factor lowered; a softmax that no value holds is its exponential over its sum, so that the division meets small factors first."""
    if node.op is Op.CALL and node.data == "exp":
        fraction = softmax.fraction(low, node)
        if fraction is not None:
            over, under = fraction
            return [Factor(node, over), Factor(Node(Op.CALL, "softmax sum", node.args), under, True)]
    return [factor(low, node)]


@dataclass(frozen=True, slots=True)
class Factor:
    """A factor of a product, or (`inverse`) what the product is divided by."""

    node: Node
    value: Lowered
    inverse: bool = False


def factor(low: Lowering, node: Node) -> Factor:
    """The factor lowered; a negative power of a value is a division by it."""
    if node.op is Op.POW and node.args[1].op is Op.NUM and node.args[1].data < 0:
        e = node.args[1].data
        if e.denominator == 2 and -4 < e < -1 and not low.guards:  # by the reciprocal root, which other powers share
            return Factor(node, whole_power(low, low.value(power(node.args[0], number("-1/2"))), int(-2 * e)))
        if e == -1 and not low.guards and (square := _squared_root(low, node.args[0])) is not None:
            return Factor(node, square, True)
        divisor = _divisor(low, node)
        reciprocal = operate(low, "/", low.scalar(ONE), divisor)
        known = reciprocal.array in low.computed and not reads_padding(low, node)
        return Factor(node, reciprocal) if known else Factor(node, divisor, True)
    return Factor(node, low.value(node))


def _squared_root(low: Lowering, base: Node) -> Lowered | None:
    """A scaled sum of squares by its root, where forward has that; None for another base."""
    if power_sum(base) is None:
        return None
    root = low.value(power(base, HALF))
    return operate(low, "*", root, root) if root.array in low.made else None


def _divisor(low: Lowering, node: Node) -> Lowered:
    """The value whose reciprocal the factor b**(-e) is; under a guard it is 1 where it is not used."""
    base, exponent = node.args
    return safe_argument(low, low.value(power(base, number(-exponent.data))), ONE)


def combine(low: Lowering, factors: list[Factor]) -> Lowered:
    """Their product; a cotangent over a root that may be 0, or over padding that is, where the slope is ∞, is 0 where the cotangent is."""
    poles = [f for f in factors if f.inverse and is_pole(low, f.node)]
    rest = [f for f in factors if f not in poles]
    if poles and any(f.value.array.late for f in rest):
        return _over_poles(low, rest, poles)
    (last,) = gathered(low, share_pairs(low, factors))
    return operate(low, "/", low.scalar(ONE), last.value) if last.inverse else last.value


def _over_poles(low: Lowering, factors: list[Factor], poles: list[Factor]) -> Lowered:
    """The product over the poles; those factors that have no other axes are divided first, where the cotangent is among them."""
    axes = {a for p in poles for a in p.value.axes}
    small = [f for f in factors if set(f.value.axes) <= axes]
    if not any(f.value.array.late for f in small):
        small = factors
    divided = [combine(low, small), _fold(low, "*", [f.value for f in poles])]
    over = low.elementwise(Kind.KERNEL, ("_over", ""), divided, "f")
    large = [f for f in factors if f not in small]
    return combine(low, [Factor(mul(*(f.node for f in (*small, *poles))), over), *large]) if large else over


def share_pairs(low: Lowering, factors: list[Factor]) -> list[Factor]:
    """Pairs that other products hold too are multiplied first, so that they are one value."""
    factors = list(factors)
    while (best := most_shared(low, factors)) is not None:
        i, j = best
        factors[i] = product_of(low, [factors[i], factors[j]])
        del factors[j]
    return factors


def most_shared(low: Lowering, factors: list[Factor]) -> tuple[int, int] | None:
    """The pair, one within the axes of the other, that most other products hold too; None where none is shared or one pair is all."""
    best, most = None, 1
    for i, a in enumerate(factors) if 2 < len(factors) <= MOST_PAIRED else ():
        for j in range(i + 1, len(factors)):
            b = factors[j]
            if a.inverse and b.inverse or not (set(a.value.axes) <= set(b.value.axes) or set(b.value.axes) <= set(a.value.axes)):
                continue
            count = low.plan.pairs.get(pair_key(a.node, b.node), 0)
            if count > most:
                best, most = (i, j), count
    return best


def gathered(low: Lowering, factors: list[Factor], keep: int = 1) -> list[Factor]:
    """At most `keep` factors, merged so that no step is larger than it must be: equal axes first, then small into large."""
    levels: dict[frozenset, list[Factor]] = {}
    for f in factors:
        levels.setdefault(frozenset(f.value.axes), []).append(f)
    waiting: list[Factor] = []
    for key in sorted(levels, key=len):
        inside = [w for w in waiting if set(w.value.axes) <= key]
        waiting = [w for w in waiting if not set(w.value.axes) <= key]
        waiting.append(product_of(low, [*levels[key], *inside]))
    while len(waiting) > keep:
        waiting[-2:] = [product_of(low, waiting[-2:])]
    return waiting


def product_of(low: Lowering, factors: list[Factor]) -> Factor:
    """One factor of several: the division is done where it touches fewest elements."""
    if len(factors) == 1:
        return factors[0]
    up = [f for f in factors if not f.inverse]
    down = [f for f in factors if f.inverse]
    node = mul(*(f.node for f in factors))
    if not up:
        return Factor(node, _fold(low, "*", [f.value for f in down]), True)
    width = max(len(f.value.axes) for f in factors)
    small_up = [f for f in up if len(f.value.axes) < width]
    small_down = [f for f in down if len(f.value.axes) < width]
    wide = _fold(low, "*", [f.value for f in up if len(f.value.axes) == width])
    wide_down = _fold(low, "*", [f.value for f in down if len(f.value.axes) == width])
    small = _fold(low, "*", [f.value for f in small_up])
    divisor = _fold(low, "*", [f.value for f in small_down])
    if divisor is not None:
        small = operate(low, "/", small if small is not None else low.scalar(ONE), divisor)
    value = wide if wide is not None else small
    if wide is not None and small is not None:
        value = operate(low, "*", wide, small)
    if wide_down is not None:
        value = operate(low, "/", value, wide_down)
    return Factor(node, value)


def root_may_vanish(node: Node) -> bool:
    """Whether it is a root below a fraction bar whose base may be 0: neither lifted by a number, nor a length (which forward divides by)."""
    if node.op is not Op.POW or node.args[1].op is not Op.NUM or node.args[1].data.denominator == 1:
        return False
    base = node.args[0]
    if base.op is Op.ADD and any(scalar(t) and never_negative(t) for t in base.args):
        return False
    if any(f.op is Op.REDUCE for f in (base.args if base.op is Op.MUL else (base,))):
        return False
    return not (scalar(base) or (base.op is Op.CALL and base.data in ("exp", "cosh", "sigmoid", "softplus")))


def is_pole(low: Lowering, node: Node) -> bool:
    """Whether a cotangent over this may be 0 over 0."""
    return reads_padding(low, node) or (not low.guards and root_may_vanish(node))


def _fold(low: Lowering, symbol: str, values: list[Lowered]) -> Lowered | None:
    acc = None
    for v in values:
        acc = v if acc is None else operate(low, symbol, acc, v)
    return acc


def _masked_product(low: Lowering, masks: list[Node], rest: Node) -> Lowered:
    """rest where every condition holds, else exactly 0; the choice is made on the smallest factor that allows it, or on what may be infinite."""
    condition = conjunction(low, masks)
    factors = list(rest.args) if rest.op is Op.MUL else [rest]
    if all(finite_by_form(low, f) and reads_stay_inside(low, f) for f in factors):
        small = [f for f in factors if low.value(f).axes and set(low.value(f).axes) <= set(condition.axes)]
        numbers = [f for f in factors if not low.value(f).axes]
        narrow = any(len(low.value(f).axes) < len(condition.axes) for f in small)  # a number costs nothing there
        scalars = [f for f in numbers if small and not narrow and scalar(f)]
        small = small + numbers if narrow or not small else small
        large = [f for f in factors if f not in small and f not in scalars]
        if large and (small or condition.axes) and not any(may_be_garbage(low, f, condition) for f in large):
            inner = choose(low, condition, low.value(mul(*small)), low.scalar(ZERO)) if small else low.as_float(condition)
            product = combine(low, [Factor(mul(*masks, *small), low.as_float(inner)), *(factor(low, f) for f in large)])
            return times_scalar(low, product, mul(*scalars))
    within = low.guarded(condition)
    infinite = [f for f in factors if not finite_by_form(low, f) and (f.op is Op.READ or may_be_minus_infinity(low, f))]
    others = [f for f in factors if f not in infinite]
    tame = all(finite_by_form(low, f) and reads_stay_inside(low, f) and not may_be_garbage(low, f, condition) for f in others)
    if infinite and others and tame:
        inner = choose(low, condition, within.value(mul(*infinite)), low.scalar(ZERO))
        return combine(low, [Factor(mul(*masks, *infinite), inner), *(factor(low, f) for f in others)])
    kept = within.value(rest)
    return _product_where(low, condition, kept) or cleared(low, condition, kept) or choose(low, condition, kept, low.scalar(ZERO))


def _product_where(low: Lowering, condition: Lowered, v: Lowered) -> Lowered | None:
    """A product where a condition of fewer axes holds, else 0, in one pass; None for another value."""
    a = v.array
    if a.kind is not Kind.OPERATOR or a.data != "*" or a.element != "f" or not set(condition.axes) < set(v.axes):
        return None
    if condition.array.element == "s" or any(x.element != "f" for x in a.args if x.kind is not Kind.SCALAR):
        return None
    args = (low.aligned(condition, v.axes), *a.args)
    return Lowered(Array(Kind.KERNEL, ("_product_where", ""), args, a.shape, "f"), v.axes)


def may_be_garbage(low: Lowering, node: Node, condition: Lowered) -> bool:
    """Whether a factor of forward changes with a condition: where that does not hold, the caller may have put anything, a NaN even."""
    v = low.value(node)
    return not v.array.late and not set(v.axes).isdisjoint(condition.axes)
