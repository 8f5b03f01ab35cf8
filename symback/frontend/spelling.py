"""SymPy expressions in the language's words. SymPy itself is not imported: objects are known by their classes' names."""

from __future__ import annotations

from fractions import Fraction

from symback.frontend.faults import stop
from symback.frontend.vocabulary import FUNCTIONS

_SAME = frozenset(
    "exp log sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh erf erfc loggamma digamma floor ceiling sign Abs Min Max KroneckerDelta".split()
)
_RELATIONS = {
    "StrictLessThan": "<",
    "LessThan": "<=",
    "StrictGreaterThan": ">",
    "GreaterThan": ">=",
}
_SUM, _PRODUCT, _UNARY, _POWER, _ATOM = range(1, 6)
MAX_DEPTH = 90


class Speller:
    """Writes expressions. `ranges` collects the ranges of the Idx objects that it meets."""

    def __init__(self, functions: frozenset[str], floats: frozenset[str]):
        self.functions, self.floats = functions, floats
        self.ranges: dict[str, str] = {}

    def text(self, value: object) -> str:
        """The expression as text; a text stays as it is. Raises: LayerError for what the language lacks."""
        return value if isinstance(value, str) else self.at(value, 0, 0)

    def at(self, e: object, level: int, depth: int) -> str:
        if depth > MAX_DEPTH:
            stop("E302", f"an expression nested more than {MAX_DEPTH} deep", None, "name a part of it under `where`")
        text, strength = self.spelled(e, depth + 1)
        return f"({text})" if strength < level else text

    def spelled(self, e: object, depth: int) -> tuple[str, int]:
        """(text, how tightly it binds)."""
        if isinstance(e, bool):
            return str(e), _ATOM
        if isinstance(e, int | float | Fraction):
            return _number(e)
        kind = type(e).__name__
        method = getattr(self, f"spelled_{kind}", None)
        if method is not None:
            return method(e, depth)
        if getattr(e, "is_Rational", False):
            return _number(Fraction(int(e.p), int(e.q)))
        if getattr(e, "is_Float", False):
            return _decimal(e)
        if kind in _RELATIONS:
            return f"{self.at(e.args[0], _SUM, depth)} {_RELATIONS[kind]} {self.at(e.args[1], _SUM, depth)}", 0
        if getattr(e, "is_Function", False):
            return self.function(e, kind, depth)
        if getattr(e, "is_Symbol", False):
            return str(e.name), _ATOM
        stop("E303", f"`{kind}` of SymPy is not part of the language", None, f"it stands in `{str(e)[:80]}`")

    # --------------------------------------------------------------------------------------- leaves

    def spelled_Idx(self, e, depth: int) -> tuple[str, int]:
        name = str(e.label)
        if e.lower is not None and e.upper is not None and e.lower == 0:
            self.ranges.setdefault(name, self.at(e.upper + 1, 0, depth))
        return name, _ATOM

    def spelled_IndexedBase(self, e, depth: int) -> tuple[str, int]:
        return str(e.label), _ATOM

    def spelled_Indexed(self, e, depth: int) -> tuple[str, int]:
        return f"{e.base.label}[{', '.join(self.at(i, 0, depth) for i in e.indices)}]", _ATOM

    def spelled_Infinity(self, e, depth: int) -> tuple[str, int]:
        return "oo", _ATOM

    def spelled_NegativeInfinity(self, e, depth: int) -> tuple[str, int]:
        return "-oo", _UNARY

    def spelled_Pi(self, e, depth: int) -> tuple[str, int]:
        return "pi", _ATOM

    def spelled_Exp1(self, e, depth: int) -> tuple[str, int]:
        return "exp(1)", _ATOM

    def spelled_BooleanTrue(self, e, depth: int) -> tuple[str, int]:
        return "True", _ATOM

    def spelled_BooleanFalse(self, e, depth: int) -> tuple[str, int]:
        return "False", _ATOM

    def spelled_Tuple(self, e, depth: int) -> tuple[str, int]:
        return "(" + ", ".join(self.at(a, 0, depth) for a in e.args) + ("," if len(e.args) == 1 else "") + ")", _ATOM

    # ----------------------------------------------------------------------------------- arithmetic

    def spelled_Add(self, e, depth: int) -> tuple[str, int]:
        out = ""
        for k, term in enumerate(e.args):
            text = self.at(term, _SUM if k == 0 else _PRODUCT, depth)
            if k and text.startswith("-"):
                out += f" - {text[1:]}"
            else:
                out += f" + {text}" if k else text
        return out, _SUM

    def spelled_Mul(self, e, depth: int) -> tuple[str, int]:
        over, under, sign = [], [], ""
        for factor in e.args:
            if getattr(factor, "is_Rational", False):
                if factor.p < 0:
                    sign = "-"
                if abs(int(factor.p)) != 1:
                    over.insert(0, str(abs(int(factor.p))))
                if int(factor.q) != 1:
                    under.append(str(int(factor.q)))
            elif getattr(factor, "is_Pow", False) and factor.args[1] == -1:
                under.append(self.at(factor.args[0], _UNARY, depth))
            else:
                over.append(self.at(factor, _PRODUCT if not over else _UNARY, depth))
        text = "*".join(over) or "1"
        for u in under:
            text += f"/{u}"
        if text.startswith("-"):
            text = f"({text})" if sign else text
        return sign + text, _UNARY if sign and not under and len(over) == 1 else _PRODUCT

    def spelled_Pow(self, e, depth: int) -> tuple[str, int]:
        base, exponent = e.args
        if exponent == -1:
            return f"1/{self.at(base, _UNARY, depth)}", _PRODUCT
        if getattr(exponent, "is_Rational", False) and exponent.q == 2 and abs(int(exponent.p)) == 1:
            root = f"sqrt({self.at(base, 0, depth)})"
            return (root, _ATOM) if exponent.p > 0 else (f"1/{root}", _PRODUCT)
        return f"{self.at(base, _ATOM, depth)}**{self.at(exponent, _POWER, depth)}", _POWER

    def spelled_Mod(self, e, depth: int) -> tuple[str, int]:
        return f"{self.at(e.args[0], _PRODUCT, depth)} % {self.at(e.args[1], _UNARY, depth)}", _PRODUCT

    def spelled_floor(self, e, depth: int) -> tuple[str, int]:
        over, under = e.args[0].as_numer_denom()
        if under != 1 and self.is_whole(over) and self.is_whole(under):
            return f"{self.at(over, _UNARY, depth)}//{self.at(under, _UNARY, depth)}", _PRODUCT
        return f"floor({self.at(e.args[0], 0, depth)})", _ATOM

    def is_whole(self, e) -> bool:
        """Whether an expression is made of whole numbers only, so far as its names tell."""
        if getattr(e, "is_Float", False) or (getattr(e, "is_Rational", False) and not e.is_Integer):
            return False
        if getattr(e, "is_Indexed", False):
            return False
        if getattr(e, "is_Symbol", False):
            return e.name not in self.floats
        return bool(e.is_Integer or e.is_Add or e.is_Mul or type(e).__name__ == "Idx") and (
            type(e).__name__ == "Idx" or all(self.is_whole(a) for a in e.args)
        )

    # ----------------------------------------------------------------------- functions and conditions

    def function(self, e, kind: str, depth: int) -> tuple[str, int]:
        name = str(e.func.__name__) if hasattr(e.func, "__name__") else kind
        if name not in _SAME and name not in FUNCTIONS and name not in self.functions:
            stop(
                "E403",
                f"the function `{name}` is not part of the language",
                None,
                "give its spelling under `functions`, with a class that has `fdiff`",
            )
        return f"{name}({', '.join(self.at(a, 0, depth) for a in e.args)})", _ATOM

    def spelled_polygamma(self, e, depth: int) -> tuple[str, int]:
        """SymPy's own form of `digamma`."""
        if e.args[0] == 0:
            return f"digamma({self.at(e.args[1], 0, depth)})", _ATOM
        return self.function(e, "polygamma", depth)

    def spelled_Max(self, e, depth: int) -> tuple[str, int]:
        parts = sorted(e.args, key=lambda a: bool(getattr(a, "is_number", False)))
        return f"{type(e).__name__}({', '.join(self.at(a, 0, depth) for a in parts)})", _ATOM

    spelled_Min = spelled_Max

    def spelled_Sum(self, e, depth: int) -> tuple[str, int]:
        return self.reduction("Sum", e, depth)

    def spelled_Product(self, e, depth: int) -> tuple[str, int]:
        return self.reduction("Prod", e, depth)

    def reduction(self, name: str, e, depth: int) -> tuple[str, int]:
        ranges = [self.limits(limit, depth) for limit in e.limits]
        return f"{name}({self.at(e.function, 0, depth)}, {', '.join(ranges)})", _ATOM

    def limits(self, limit, depth: int) -> str:
        index = self.at(limit[0], 0, depth)
        if len(limit) != 3:
            return index
        return f"({index}, {self.at(limit[1], 0, depth)}, {self.at(limit[2], 0, depth)})"

    def spelled_Piecewise(self, e, depth: int) -> tuple[str, int]:
        pairs = [f"({self.at(value, 0, depth)}, {self.at(condition, 0, depth)})" for value, condition in e.args]
        return f"Piecewise({', '.join(pairs)})", _ATOM

    def spelled_Equality(self, e, depth: int) -> tuple[str, int]:
        return f"Eq({self.at(e.args[0], 0, depth)}, {self.at(e.args[1], 0, depth)})", _ATOM

    def spelled_Unequality(self, e, depth: int) -> tuple[str, int]:
        return f"Ne({self.at(e.args[0], 0, depth)}, {self.at(e.args[1], 0, depth)})", _ATOM

    def spelled_And(self, e, depth: int) -> tuple[str, int]:
        return " & ".join(self.at(a, _ATOM, depth) for a in _in_order(e)), 0

    def spelled_Or(self, e, depth: int) -> tuple[str, int]:
        return " | ".join(self.at(a, _ATOM, depth) for a in _in_order(e)), 0

    def spelled_ITE(self, e, depth: int) -> tuple[str, int]:
        """A condition by `and`, `or` and `not` alone."""
        return self.spelled(e.to_nnf(simplify=False), depth)

    spelled_Xor = spelled_Implies = spelled_Equivalent = spelled_ITE

    def spelled_Not(self, e, depth: int) -> tuple[str, int]:
        return f"~{self.at(e.args[0], _ATOM, depth)}", 0


def _in_order(e) -> list:
    """The parts of a condition in an order that does not change from run to run."""
    return sorted(e.args, key=lambda a: (a.count_ops(), str(a)))


def _decimal(e) -> tuple[str, int]:
    """A SymPy Float: the shortest decimal that a float of Python is read from, all its digits where it has more."""
    text = repr(float(e)) if e == float(e) else str(e)
    return text, _UNARY if text.startswith("-") else _ATOM


def _number(value: int | float | Fraction) -> tuple[str, int]:
    if isinstance(value, float):
        if value != value:
            stop("E307", "`nan` is not a number", None, "")
        if value in (float("inf"), float("-inf")):
            return ("oo", _ATOM) if value > 0 else ("-oo", _UNARY)
        text = repr(value)
    else:
        value = Fraction(value)
        if value.denominator != 1:
            return f"{value.numerator}/{value.denominator}", _PRODUCT if value > 0 else _UNARY - 1
        text = str(value.numerator)
    return text, _ATOM if not text.startswith("-") else _UNARY
