"""Elementwise arithmetic: small operands first, divisions by small arrays as multiplications by their reciprocals."""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations

from symback.calculus.affine import scalar
from symback.core.expr import (
    FALSE,
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    add,
    branches,
    call,
    compare,
    is_indicator,
    mul,
    neg,
    negation,
    number,
    piecewise,
    split_coefficient,
)
from symback.functions import TABLE
from symback.functions.function import Expansion, Identity, Ufunc
from symback.lower import cosines, divergences, exponents, logistic, norms, probabilities, rests, softmax
from symback.lower.arithmetic import as_numbers, negative, operate
from symback.lower.arrays import Array, Kind
from symback.lower.assignments import over_labels
from symback.lower.centred import centred
from symback.lower.choices import choose
from symback.lower.finiteness import never_negative
from symback.lower.halves import halves
from symback.lower.lowering import Lowered, Lowering
from symback.lower.masks import is_mask, mask, safe_argument
from symback.lower.powers import lower_power
from symback.lower.products import combine, factor, lower_product
from symback.lower.sides import excluding
from symback.lower.slopes import slope_beside
from symback.lower.stops import without_stops
from symback.lower.tangents import square_and_tangent
from symback.lower.ties import share

MOST_TERMS = 5
"""Terms of a sum in which sums that are there already are looked for."""


def lower_sum(low: Lowering, node: Node) -> Lowered:
    """Terms of equal axes first, small ones before large ones."""
    plain = without_stops(node)
    if plain is not None:
        return low.value(plain)
    found = softmax.log_softmax(low, node)
    if found is not None:
        return found
    found = softmax.log_softmax(low, add(*(neg(t) for t in node.args)))
    if found is not None:
        return negative(low, found)
    found = (
        centred(low, node)
        or probabilities.difference(low, node)
        or probabilities.complement(low, node)
        or probabilities.log_mean(low, node)
        or probabilities.below_log_sum(low, node)
        or divergences.balanced(low, node)
        or norms.difference(low, node)
        or excluding(low, node)
    )
    if found is not None:
        return found
    optional = {t: switch for t in node.args if (switch := _switch(low, t)) is not None}
    sign, v = _total(low, [t for t in node.args if t not in optional] or list(node.args))
    v = v if sign > 0 else negative(low, v)
    for term, switch in optional.items() if len(optional) < len(node.args) else ():
        _, more = _plus(low, (1, v), _signed(low, term))
        v = choose(low, low.value(compare("!=", switch, ZERO)), more, v)
    return v


def _total(low: Lowering, summands: list[Node]) -> tuple[int, Lowered]:
    """The sign of a sum and what it applies to."""
    buckets: dict[frozenset, list[tuple[int, Lowered]]] = {}
    for term in _with_known_sums(low, tuple(summands)):
        sign, v = _signed(low, term)
        buckets.setdefault(frozenset(v.axes), []).append((sign, v))
    total: tuple[int, Lowered] | None = None
    for key in sorted(buckets, key=len):
        terms = buckets[key]
        terms.sort(key=lambda t: -t[0])  # a positive one leads
        acc = terms[0]
        for t in terms[1:]:
            acc = _plus(low, acc, t)
        total = acc if total is None else _plus(low, acc, total)
    return total


def _switch(low: Lowering, term: Node) -> Node | None:
    """The hyperparameter that a term is a multiple of and that is 0 unless told: without it the term is left out."""
    if scalar(term):
        return None
    unused = {h.name for h in low.program.hyperparameters if h.default == 0 and not isinstance(h.default, bool)}
    return next((f for f in (term.args if term.op is Op.MUL else ()) if f.op is Op.HYPER and f.data in unused), None)


def _with_known_sums(low: Lowering, terms: tuple[Node, ...]) -> tuple[Node, ...]:
    """The terms, those whose sum is there already in one."""
    for size in range(len(terms) - 1, 1, -1) if len(terms) <= MOST_TERMS else ():
        for part in combinations(terms, size):
            together = add(*part)
            if low.has(together):
                return (*(t for t in terms if t not in part), together)
    return terms


def _signed(low: Lowering, term: Node) -> tuple[int, Lowered]:
    c, rest = split_coefficient(term)
    if c < 0 and not scalar(term):
        return -1, low.value(mul(number(-c), rest))
    return 1, low.value(term)


def _plus(low: Lowering, a: tuple[int, Lowered], b: tuple[int, Lowered]) -> tuple[int, Lowered]:
    (p, x), (q, y) = a, b
    if p > 0 and q > 0:
        for u, v in ((x, y), (y, x)):
            if v.array.kind is Kind.SCALAR and u.array.kind is not Kind.SCALAR and split_coefficient(v.array.data)[0] < 0:
                return 1, operate(low, "-", u, low.scalar(neg(v.array.data)))
    if p > 0:
        return 1, operate(low, "+" if q > 0 else "-", x, y)
    if q > 0:
        return 1, operate(low, "-", y, x)
    return -1, operate(low, "+", x, y)


_EXPONENTIALS = {"decay": exponents.decay, "growth": exponents.growth, "expm1_slope_at": exponents.slope}
_MATH = {"floordiv": "//", "mod": "%", "product": "*", "minus": "-"}


def lower_call(low: Lowering, node: Node) -> Lowered:
    name = node.data
    if name == "minus":
        found = softmax.shifted(low, *node.args)
        if found is not None:
            return found
    if name == "product":
        (first, *others) = logistic.slope_of_product(low, list(node.args))
        if not others:
            return low.value(first)
    if name in _MATH:
        return operate(low, _MATH[name], low.value(node.args[0]), low.value(node.args[1]))
    if name == "ratio":
        return combine(low, [factor(low, node.args[0]), factor(low, Node(Op.POW, None, (node.args[1], MINUS_ONE)))])
    if name == "exp":
        found = softmax.softmax(low, node) or softmax.share_of_several(low, node) or norms.geometric_mean(low, node)
        if found is not None:
            return found
    if name == "unit_difference":
        return cosines.tangent(low, node)
    if name in _EXPONENTIALS:
        found = _EXPONENTIALS[name](low, node)
        if found is not None:
            return found
    found = rests.share_beside(low, node) or logistic.lowered(low, node)
    if found is not None:
        return found
    if name == "Min":
        found = _clipped(low, node)
        if found is not None:
            return found
    row = TABLE.get(name) or low.program.functions.get(name)
    if isinstance(row.spelling, Identity):
        return low.value(node.args[0])
    if isinstance(row.spelling, Expansion):
        return low.value(row.spelling.build(*node.args))
    values = [low.value(a) for a in node.args]
    if name in ("Max", "Min", "Abs", "sign") and all(v.array.element in "is" for v in values):
        return _folded_ufunc(low, {"Max": "maximum", "Min": "minimum", "Abs": "abs", "sign": "sign"}[name], values, "i")
    if name in ("floor", "ceiling", "round") and all(v.array.element == "i" for v in values):
        return values[0]
    if any(v.array.element == "f" for v in values):
        values = as_numbers(low, *values) if name in ("Max", "Min") else [low.as_float(v) for v in values]
    safe = list(row.safe) + [None] * (len(values) - len(row.safe))
    if name == "exp" and never_negative(mul(MINUS_ONE, node.args[0])):
        safe = [None]
    values = [v if s is None else safe_argument(low, v, s) for v, s in zip(values, safe, strict=True)]
    if isinstance(row.spelling, Ufunc):
        return _folded_ufunc(
            low, row.spelling.name.removeprefix("np."), values, "d" if all(v.array.element in "ids" for v in values) else "f"
        )
    if all(v.array.element in "ids" for v in values):
        values = [
            Lowered(Array(Kind.CAST, "np.float64", (v.array,), v.array.shape, "d"), v.axes) if v.array.element == "i" else v for v in values
        ]
    element = "d" if all(v.array.element in "ds" for v in values) else "f"
    return low.elementwise(Kind.KERNEL, (row.spelling.name, ""), values, element)


def _clipped(low: Lowering, node: Node) -> Lowered | None:
    """Min(Max(x, a), b) with numbers a and b in one pass; None for another minimum."""
    bounded = [a for a in node.args if not scalar(a)]
    if len(node.args) != 2 or len(bounded) != 1 or bounded[0].op is not Op.CALL or bounded[0].data != "Max" or len(bounded[0].args) != 2:
        return None
    inner = [a for a in bounded[0].args if not scalar(a)]
    if len(inner) != 1:
        return None
    x = low.value(inner[0])
    if x.array.element != "f":
        return None
    ends = [low.value(a) for a in (*bounded[0].args, *node.args) if scalar(a)]
    return low.elementwise(Kind.KERNEL, ("np.clip", ""), [x, *ends], "f")


def _folded_ufunc(low: Lowering, name: str, values: list[Lowered], element: str) -> Lowered:
    if name in ("maximum", "minimum"):
        values = sorted(values, key=lambda v: v.array.kind is Kind.SCALAR)
    if len(values) <= 2:
        return low.elementwise(Kind.UFUNC, name, values, element)
    acc = values[0]
    for v in values[1:]:
        acc = low.elementwise(Kind.UFUNC, name, [acc, v], element)
    return acc


def lower_compare(low: Lowering, node: Node) -> Lowered:
    left, right = (low.value(a) for a in node.args)
    if "f" in (left.array.element, right.array.element):
        left, right = low.as_float(left), low.as_float(right)
    return low.elementwise(Kind.OPERATOR, node.data, [left, right], "b")


def lower_and(low: Lowering, node: Node) -> Lowered:
    return _logical(low, "&", node)


def lower_or(low: Lowering, node: Node) -> Lowered:
    return _logical(low, "|", node)


def _logical(low: Lowering, symbol: str, node: Node) -> Lowered:
    acc = None
    for a in sorted((low.value(a) for a in node.args), key=lambda v: len(v.axes)):
        acc = a if acc is None else low.elementwise(Kind.OPERATOR, symbol, [acc, a], "b")
    return acc


def lower_not(low: Lowering, node: Node) -> Lowered:
    v = low.value(node.args[0])
    return low.elementwise(Kind.OPERATOR, "not" if v.array.element == "s" else "~", [v], "b")


def lower_piecewise(low: Lowering, node: Node) -> Lowered:
    """The first branch whose condition holds; the others' partial functions get safe arguments."""
    if is_mask(node) and not is_indicator(node):
        return low.as_float(mask(low, node))
    return (
        share(low, node)
        or halves(low, node)
        or shrunk(low, node)
        or over_labels(low, node)
        or square_and_tangent(low, node)
        or _branches(low, branches(node))
    )


def shrunk(low: Lowering, node: Node) -> Lowered | None:
    """{x - c if x > c, x + c if x < -c, else 0} = x - clip(x, -c, c), or x - c or x + c where c < 0; None for other cases."""
    pairs = branches(node)
    if len(pairs) != 3 or pairs[2][0] != ZERO or any(k.op is not Op.COMPARE or k.data not in ("<", "<=") for _, k in pairs[:2]):
        return None
    for (above, over), (below, under) in (pairs[:2], pairs[1::-1]):
        c, x = over.args
        if scalar(c) and not scalar(x) and under.args == (x, neg(c)) and above == add(x, neg(c)) and below == add(x, c):
            kept = call("Min", call("Max", x, neg(c)), c)
            crossed = piecewise((c, over), (neg(c), TRUE))
            return choose(low, low.value(compare("<=", ZERO, c)), low.value(add(x, neg(kept))), low.value(add(x, neg(crossed))))
    return None


def _branches(low: Lowering, pairs: list[tuple[Node, Node]]) -> Lowered:
    (value, condition), rest = pairs[0], pairs[1:]
    if condition == TRUE:
        return low.value(value)
    here = low.value(condition)
    if is_indicator_pair(pairs):
        return (
            Lowered(Array(Kind.CAST, "dtype", (here.array,), here.array.shape, "f"), here.axes)
            if here.array.kind is not Kind.SCALAR
            else here
        )
    elsewhere = low.value(negation(condition)) if _comparison_safe(condition) else low.elementwise(Kind.OPERATOR, "~", [here], "b")
    if len(rest) == 1 and here.array.kind is not Kind.SCALAR:
        other = rest[0][0]
        found = slope_beside(low.guarded(elsewhere), value, other, here)
        if found is not None:
            return found
        found = slope_beside(low.guarded(here), other, value, low.scalar(FALSE))
        if found is not None:
            return choose(low, here, found, low.value(other))
    yes = low.guarded(here).value(value)
    no = _branches(low.guarded(elsewhere), rest)
    return choose(low, here, yes, no)


def _comparison_safe(condition: Node) -> bool:
    return condition.op is Op.COMPARE and condition.data in ("==", "!=")


def is_indicator_pair(pairs: list[tuple[Node, Node]]) -> bool:
    return len(pairs) == 2 and pairs[0][0] == ONE and pairs[1][0] == ZERO


RULES: dict[Op, Callable[[Lowering, Node], Lowered]] = {
    Op.ADD: lower_sum,
    Op.MUL: lower_product,
    Op.POW: lower_power,
    Op.CALL: lower_call,
    Op.COMPARE: lower_compare,
    Op.AND: lower_and,
    Op.OR: lower_or,
    Op.NOT: lower_not,
    Op.PIECEWISE: lower_piecewise,
}
