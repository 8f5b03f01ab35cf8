"""Functions of the user's own: a SymPy Function class with `fdiff`, and how NumPy spells it."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from symback.core.diagnostics import Span
from symback.core.expr import Node
from symback.frontend import expressions
from symback.frontend.document import Scalar
from symback.frontend.elements import Elements
from symback.frontend.faults import stop
from symback.frontend.layer import Layer
from symback.frontend.ranges import Indices
from symback.frontend.scope import Known, Scope
from symback.frontend.spelling import Speller
from symback.frontend.tokens import is_name
from symback.frontend.vocabulary import RESERVED
from symback.functions import kernels
from symback.functions.function import Function, Kernel, Ufunc

LETTERS = ("x", "y", "z")
_BINARY = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.Pow: operator.pow,
    ast.Mod: operator.mod,
}
_UNARY = {ast.USub: operator.neg, ast.UAdd: operator.pos}
_COMPARED = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True, slots=True)
class UserFunction(Function):
    """A row for a function of the user's own. `source` is the text of a function to paste, empty where NumPy has it."""

    source: str = ""
    text: str = ""

    def __call__(self, *arguments: object) -> object:
        """The values at arrays, worked out from the spelling's syntax tree."""
        letters = dict(zip(LETTERS, arguments, strict=False))
        return _evaluated(ast.parse(self.text or f"{self.spelling.name}({', '.join(LETTERS[: self.arity])})", mode="eval").body, letters)


def user_functions(functions: Mapping[type, str]) -> dict[str, UserFunction]:
    """The rows by name.

    The spelling is the name of a NumPy function (`np.i0`), or an expression in NumPy of the arguments `x`
    (`x, y, z` for more than one): `np.log(np.cosh(x))`.
    Raises: LayerError for a name that is taken, a class without `fdiff`, a spelling that is not an expression.
    """
    rows: dict[str, UserFunction] = {}
    names = frozenset(c.__name__ for c in functions)
    for cls, spelling in functions.items():
        rows[cls.__name__] = _row(cls, spelling, names, rows)
    return rows


def _row(cls: type, spelling: str, names: frozenset[str], rows: dict[str, UserFunction]) -> UserFunction:
    name = cls.__name__
    if not is_name(name) or name in RESERVED or name.startswith("_"):
        stop("E210", f"the name `{name}` cannot be given to a function", None, "choose another name for the class")
    arity = _arity(cls)
    letters = LETTERS[:arity]
    if spelling.startswith("np.") and all(is_name(part) for part in spelling.split(".")):
        how, source = Ufunc(spelling), ""
    else:
        _check_spelling(name, spelling, letters)
        function = f"_{name}_" if f"_{name}" in kernels.names() else f"_{name}"
        how, source = Kernel(function), f"def {function}({', '.join(letters)}):\n    return {spelling}"
    derivatives = tuple(_derivative(cls, k, arity, names, rows) for k in range(arity))
    latex = rf"\operatorname{{{name.replace('_', ' ')}}}\left(" + ", ".join(f"{{{k}}}" for k in range(arity)) + r"\right)"
    return UserFunction(
        name,
        arity,
        derivatives,
        how,
        4.0,
        _no_reference,
        latex,
        domain=((float("-inf"), float("inf")),) * arity,
        source=source,
        text="" if isinstance(how, Ufunc) else spelling,
    )


def _arity(cls: type) -> int:
    allowed = getattr(cls, "nargs", None)
    count = max((int(n) for n in allowed), default=1) if type(allowed).__name__ == "FiniteSet" else 1
    if not 1 <= count <= 3:
        stop("E313", f"`{cls.__name__}` takes {count} arguments; one to three are possible", None, "set `nargs` of the class")
    return count


def _no_reference(context: object, *arguments: object) -> object:
    raise NotImplementedError("a function of the user's own has no reference in high precision")


_PARTS = (
    ast.Expression,
    ast.BinOp,
    ast.UnaryOp,
    ast.Compare,
    ast.Call,
    ast.Attribute,
    ast.Name,
    ast.Constant,
    ast.Load,
    *_BINARY,
    *_UNARY,
    *_COMPARED,
)


def _evaluated(node: ast.expr, letters: Mapping[str, object]) -> object:
    """The value of a spelling; its parts are those that `_check_spelling` lets through."""
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return letters[node.id]
    if isinstance(node, ast.BinOp):
        return _BINARY[type(node.op)](_evaluated(node.left, letters), _evaluated(node.right, letters))
    if isinstance(node, ast.UnaryOp):
        return _UNARY[type(node.op)](_evaluated(node.operand, letters))
    if isinstance(node, ast.Compare):
        return _COMPARED[type(node.ops[0])](_evaluated(node.left, letters), _evaluated(node.comparators[0], letters))
    if isinstance(node, ast.Attribute):
        return getattr(np, node.attr)
    return _evaluated(node.func, letters)(*(_evaluated(a, letters) for a in node.args))


def _check_spelling(name: str, spelling: str, letters: tuple[str, ...]) -> None:
    """Refuse a spelling that is more than arithmetic and calls of NumPy on the arguments."""
    try:
        tree = ast.parse(spelling, mode="eval")
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        stop("E301", f"the spelling of `{name}` is not an expression", None, "write it in NumPy: `np.log(np.cosh(x))`")
    for node in ast.walk(tree):
        inside = isinstance(node, _PARTS)
        if isinstance(node, ast.Name):
            inside = node.id in (*letters, "np")
        if isinstance(node, ast.Constant):
            inside = isinstance(node.value, int | float) and not isinstance(node.value, bool)
        if isinstance(node, ast.Attribute):
            inside = isinstance(node.value, ast.Name) and node.value.id == "np" and not node.attr.startswith("_")
        if isinstance(node, ast.Call):
            inside = isinstance(node.func, ast.Attribute) and not node.keywords
        if isinstance(node, ast.Compare):
            inside = len(node.ops) == 1 and type(node.ops[0]) in _COMPARED
        if not inside:
            stop(
                "E304",
                f"the spelling of `{name}` is more than arithmetic and NumPy's functions of `{'`, `'.join(letters)}`",
                None,
                "write it in NumPy: `np.log(np.cosh(x))`",
            )


def _derivative(
    cls: type, k: int, arity: int, names: frozenset[str], rows: dict[str, UserFunction]
) -> Callable[[tuple[Node, ...], Node], Node]:
    """(arguments, value) -> the derivative by argument k, from the class's own `fdiff`."""
    import sympy

    if cls.fdiff is sympy.Function.fdiff:
        stop(
            "E303", f"the class `{cls.__name__}` has no `fdiff`", None, "give it `fdiff(self, argindex=1)`: the derivative by that argument"
        )
    symbols = [sympy.Symbol(f"argument{i}", real=True) for i in range(arity)]
    slope = cls(*symbols).fdiff(k + 1)
    text = Speller(names, frozenset()).text(slope)
    syntax = expressions.parse(Scalar(text, Span("<fdiff>", 1, 1), True))
    layer = Layer("functions", functions=rows)
    scope = Scope(layer, "", {}, {}, {}, {}, {f"argument{i}": None for i in range(arity)}, None)

    def derivative(args: tuple[Node, ...], value: Node) -> Node:
        env = {f"argument{i}": (a,) for i, a in enumerate(args)}
        return Elements(syntax, scope, Known(), Indices()).value(syntax, env)

    return derivative
