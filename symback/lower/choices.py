"""Choices between two values by a condition on elements.

`np.where` guesses which side is next: where the condition is as good as random, a guess that fails costs more than twenty
multiplications. So a choice is arithmetic wherever that gives the same numbers at no more passes; what is left is made on the
bits of the numbers, unless sizes alone decide the condition.
"""

from __future__ import annotations

from symback.core.expr import FALSE, MINUS_ONE, ONE, TRUE, ZERO, Node, both, compare, dim, mul, power
from symback.core.program import LEADING
from symback.lower import conditions
from symback.lower.accumulations import ScatterItem, ScatterPlan
from symback.lower.arithmetic import operate, result_element
from symback.lower.arrays import Array, Kind, parts
from symback.lower.lowering import Lowered, Lowering

MASKED, SELECT = "_masked", "_select"
"""Kernels of choices on bits: x where a mask holds, else 0; one of two."""


def choose(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered:
    """yes where the condition holds, else no, in the float type of the two; a Python conditional where the condition is a number's."""
    if condition.array.kind is Kind.SCALAR:
        if condition.array.data == TRUE:
            return yes
        if condition.array.data == FALSE:
            return no
    if yes.array == no.array and yes.axes == no.axes:
        return yes
    elements = {yes.array.element, no.array.element}
    if "f" in elements:
        yes, no = low.as_float(yes), low.as_float(no)
    element = result_element(*elements) if elements != {"b"} else "b"
    if condition.array.element == "s" and yes.axes != no.axes:
        axes = low.union([yes, no])
        yes, no = (Lowered(low.broadcast(v, axes, element), axes) for v in (yes, no))
    if condition.array.element == "b" and condition.axes and element in ("f", "s"):
        found = _as_arithmetic(low, condition, yes, no)
        if found is not None:
            return found
    if element == "f" and condition.array.element == "b":
        found = _of_bits(low, condition, yes, no)
        if found is not None:
            return found
    chosen = low.elementwise(Kind.WHERE, None, [condition, yes, no], element)
    if element == "f" and not chosen.axes and condition.array.element == "s" and "s" in elements:  # a number of Python's own is no array
        return low.elementwise(Kind.KERNEL, ("np.asarray", "dtype"), [chosen], "f")
    return chosen


def _of_bits(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered | None:
    """The choice made on the bits of the numbers; None where a pattern of the condition can be counted on, or where the sides are numbers."""
    if no.array.data == ZERO and yes.array.element == "f" and _is_unforeseen(condition.array):
        return low.elementwise(Kind.KERNEL, (MASKED, ""), [condition, yes], "f")
    axes = low.union([condition, yes, no])
    if condition.axes[-1:] != axes[-1:] or not (yes.axes or no.axes) or not _is_ordering(condition.array):
        return None
    chosen = low.elementwise(Kind.KERNEL, (SELECT, ""), [condition, yes, no], "f")
    return chosen if _is_elementwise(chosen.array) else None


def _is_elementwise(a: Array) -> bool:
    """Whether it is made element by element, on any axes or of vectors alone: there choices are what takes the time, and three passes
    are less than one of guesses; in tables of rows and columns passes are counted."""
    return a.shape[0] == dim(LEADING) or all(len(x.shape) < 2 for x in parts([a]))


def _is_unforeseen(condition: Array) -> bool:
    """Whether floats or masks that the caller passes decide the condition; which of them are a certain number is seldom a surprise."""
    if condition.data in ("==", "!=") and any(x.kind is Kind.SCALAR for x in condition.args):
        return False
    return any(a.element in ("f", "b") and a.kind in (Kind.ARGUMENT, Kind.BUFFER) for a in parts([condition]))


def _is_ordering(condition: Array) -> bool:
    """Whether it asks which of two floats is larger, at every element anew."""
    if condition.data in ("~", "&", "|"):
        return any(map(_is_ordering, condition.args))
    return condition.data in ("<", "<=") and any(x.element == "f" for x in condition.args)


def cleared(low: Lowering, condition: Lowered, v: Lowered) -> Lowered | None:
    """The value with 0 written into the rows where a condition on its leading axes does not hold; None for another condition."""
    leading = len(condition.axes)
    if v.array.kind is not Kind.OPERATOR or not 0 < leading < len(v.axes) or v.axes[:leading] != condition.axes or low.loop_vars:
        return None
    dropped = low.elementwise(Kind.OPERATOR, "~", [condition], "b")
    plan = ScatterPlan((ScatterItem((1,), 2, assigned=True),), True, v.array.shape, "kept")
    return Lowered(Array(Kind.SCATTER, plan, (v.array, dropped.array, low.scalar(ZERO).array), v.array.shape, "f"), v.axes)


def _as_arithmetic(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered | None:
    """The choice without a choice, with the same numbers; None where that would take more passes, or meet 0·∞."""
    if yes.array.kind is Kind.SCALAR and no.array.kind is Kind.SCALAR:
        return _of_numbers(low, condition, yes, no)
    masks = _of_masks(low, condition, yes, no)
    if masks is not None:
        return masks
    if not (same_elements(yes, condition) and same_elements(no, condition)):
        return None
    here, there = (conditions.where(condition.array, holds=holds) for holds in (True, False))
    for known, number, other in ((here, yes, no), (there, no, yes)):
        if number.array.kind is Kind.SCALAR and known.number(other.array) == number.array.data:
            return other  # it is that number there by itself
    if no.array.data == ZERO and not set(yes.axes) - set(condition.axes):
        kept = there.sides(yes.array) == conditions.BOTH and conditions.made_of_the_same(yes.array, condition.array)
        return operate(low, "*", yes, low.as_float(condition)) if kept else None
    return _scaled(low, condition, yes, no) or _two_halves(low, condition, yes, no) or _larger(low, condition, yes, no)


def same_elements(v: Lowered, condition: Lowered) -> bool:
    """Whether an array that both are made of stands for the same elements in both: x[i] and x[j] are one array."""
    shared = min(len(v.axes), len(condition.axes))
    return not shared or v.axes[-shared:] == condition.axes[-shared:]


def _of_numbers(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered:
    """One of two numbers: read from a table of the two, or a multiple of the condition."""
    if no.array.data != ZERO:
        return low.elementwise(Kind.KERNEL, ("_either", "dtype"), [condition, yes, no], "f")
    mask = low.as_float(condition)
    return mask if yes.array.data == ONE else operate(low, "*", mask, yes)


def _of_masks(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered | None:
    """0 or 1 where another condition holds, as one condition; None where a side is more than a mask or its opposite."""
    for taken, other, here in ((yes, no, condition), (no, yes, None)):
        if taken.array.kind is not Kind.SCALAR or taken.array.data not in (ZERO, ONE):
            continue
        if other.array.kind is not Kind.CAST or other.array.args[0].element != "b":
            return None
        here = here or low.elementwise(Kind.OPERATOR, "~", [condition], "b")
        if taken.array.data == ZERO:
            here = low.elementwise(Kind.OPERATOR, "~", [here], "b") if here is condition else condition
        both = [here, Lowered(other.array.args[0], other.axes)]
        return low.as_float(low.elementwise(Kind.OPERATOR, "|" if taken.array.data == ONE else "&", both, "b"))
    return None


def _two_halves(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered | None:
    """f(max(x, c)) + g for a choice between f(x) + m above c and g below, where f(c) = 0, and g is the number m above c."""
    if any(multiple_of(v.array).data == "expm1" for v in (yes, no)) and _slope_at_0(yes.array) != _slope_at_0(no.array):
        return None  # likewise
    for holds, taken, other in ((True, yes, no), (False, no, yes)):
        here, there = (conditions.where(condition.array, holds=h) for h in (holds, not holds))
        for ordered, name in ((here.at_least, "maximum"), (here.at_most, "minimum")):
            for x, bounds in ordered.items():
                if x.kind is Kind.SCALAR or bounds[0].kind is not Kind.SCALAR:
                    continue
                half = low.elementwise(Kind.UFUNC, name, [Lowered(x, condition.axes), Lowered(bounds[0], ())], "f")
                varying, number = _apart(taken.array)
                moved = replaced(varying, x, half.array)
                if moved is not None and there.number(moved) == ZERO and here.number(other.array) == number:
                    return operate(low, "+", Lowered(moved, taken.axes), other)
    return None


def _larger(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered | None:
    """max(x, c·(exp(min(x, 0)) - 1)) for a choice of x above 0 and the other below, if the hyperparameter c is 0 to 1 when called;
    a choice all the same where the slope asks for the condition again, and passes count for more than what is guessed wrong."""
    zero = low.scalar(ZERO).array
    for holds, x, other in ((True, yes, no), (False, no, yes)):
        below, number = _multiple(other.array)
        known = conditions.where(condition.array, holds=holds)
        if below.data != "expm1" or number.kind is not Kind.SCALAR or number.data == ONE or not _reaches(known, x.array, zero):
            continue
        if below.args[0].data != "minimum" or below.args[0].args != (x.array, zero):
            continue
        if not _is_elementwise(x.array):
            return low.elementwise(Kind.WHERE, None, [condition, yes, no], "f")
        larger = low.elementwise(Kind.UFUNC, "maximum", [x, other], "f")
        fits = low.value(both(compare("<=", ZERO, number.data), compare("<=", number.data, ONE)))
        return choose(low, fits, larger, low.elementwise(Kind.KERNEL, (SELECT, ""), [condition, yes, no], "f"))
    return None


def _slope_at_0(a: Array) -> Node | None:
    """c for c·x, and for c·(exp(x) - 1)."""
    c = ONE
    while a.kind in (Kind.OPERATOR, Kind.UFUNC):
        if a.data in ("*", "/") and a.args[1].kind is Kind.SCALAR:
            number = a.args[1].data
            c = mul(c, number if a.data == "*" else power(number, MINUS_ONE))
        elif a.data not in ("expm1", "minimum", "maximum"):
            return None
        a = a.args[0]
    return c


def _apart(a: Array) -> tuple[Array, object]:
    """(f, m) with a = f + m for a number m."""
    if a.kind is Kind.OPERATOR and a.data == "+" and a.args[1].kind is Kind.SCALAR:
        return a.args[0], a.args[1].data
    return a, ZERO


def replaced(a: Array, x: Array, instead: Array) -> Array | None:
    """The array with another operand, where it is x by sums and products with numbers; None where it is more than that."""
    if a == x:
        return instead
    if a.kind is not Kind.OPERATOR or a.data not in ("+", "-", "*", "/", "neg"):
        return None
    args = [b if b.kind is Kind.SCALAR else replaced(b, x, instead) for b in a.args]
    return None if None in args else Array(a.kind, a.data, args, a.shape, a.element)


def multiple_of(a: Array) -> Array:
    """b with a = b·c or b/c for numbers c."""
    while a.kind is Kind.OPERATOR and a.data in ("*", "/") and a.args[1].kind is Kind.SCALAR:
        a = a.args[0]
    return a


def _scaled(low: Lowering, condition: Lowered, yes: Lowered, no: Lowered) -> Lowered | None:
    """A value times one of two numbers, for a choice between multiples of one value, or of two of which it is the larger; a number
    is a multiple of what is 1 where it is chosen."""
    here, there = (conditions.where(condition.array, holds=holds) for holds in (True, False))
    (a, p), (b, q) = _multiple(yes.array), _multiple(no.array)
    if a != b and yes.array.kind is Kind.SCALAR and here.number(b) == ONE:
        a, p = b, yes.array
    if a != b and no.array.kind is Kind.SCALAR and there.number(a) == ONE:
        b, q = a, no.array
    axes = yes.axes if yes.axes else no.axes
    if a.kind is Kind.SCALAR or b.kind is Kind.SCALAR or axes != condition.axes or q.data == ZERO:
        return None
    value = Lowered(a, axes)
    if a != b:
        if p != q or not (_reaches(here, a, b) and _reaches(there, b, a)):
            return None  # of two multiples the slope asks for the condition again
        value = low.elementwise(Kind.UFUNC, "maximum", [value, Lowered(b, axes)], "f")
    return value if p == q else operate(low, "*", value, _of_numbers(low, condition, Lowered(p, ()), Lowered(q, ())))


def _reaches(known: conditions.Known, a: Array, b: Array) -> bool:
    """Whether b ≤ a by what is known: b is a number that a exceeds, or a is exp(b) - 1 ≥ b."""
    number = known.number(b)
    if number is not None and any(k.kind is Kind.SCALAR and k.data == number for k in known.at_least.get(a, ())):
        return True
    if a.kind is not Kind.UFUNC or a.data != "expm1":
        return False
    (u,) = a.args
    return u == b or (u.kind is Kind.UFUNC and u.data == "minimum" and u.args[0] == b and u.args[1] in known.at_most.get(b, ()))


def _multiple(a: Array) -> tuple[Array, Array]:
    """(b, c) with a = b·c for a number c."""
    if a.kind is Kind.OPERATOR and a.data == "*" and a.args[1].kind is Kind.SCALAR:
        return a.args[0], a.args[1]
    return a, Array(Kind.SCALAR, ONE, (), (), "s")
