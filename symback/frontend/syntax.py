"""The tree of a written expression: what stands there, and where. Names are not looked up yet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum

from symback.core.diagnostics import Span


class Form(Enum):
    """The kinds of syntax; `value` and `args` of each."""

    INTEGER = "integer"  # value: Fraction
    DECIMAL = "decimal"  # value: Fraction
    TRUTH = "truth"  # value: True or False
    NAME = "name"  # value: the name
    ELLIPSIS = "..."
    SUBSCRIPT = "subscript"  # value: the tensor's name; args: what stands in the brackets
    CALL = "call"  # value: the function's or layer's name; args
    KEYWORD = "keyword"  # value: the name; args: (value,); only as an argument of a call
    TUPLE = "tuple"  # only as an argument of a call
    TRANSPOSE = "transpose"  # args: (operand,)
    NEGATIVE = "negative"  # args: (operand,)
    NOT = "not"  # args: (operand,)
    SUM = "sum"  # value: "+" or "-" a term; args: terms
    PRODUCT = "product"  # value: "*" or "/" a factor; args: factors
    BINARY = "binary"  # value: "//", "%", "@" or "**"; args: (left, right)
    COMPARE = "compare"  # value: a relation between each two neighbours; args
    AND = "and"  # args
    OR = "or"  # args


@dataclass(frozen=True, slots=True, eq=False)
class Syntax:
    """A node of a written expression."""

    form: Form
    value: object
    args: tuple[Syntax, ...]
    span: Span | None


def walk(syntax: Syntax) -> Iterator[Syntax]:
    """Every node, parents before children, left to right."""
    stack = [syntax]
    while stack:
        s = stack.pop()
        yield s
        stack.extend(reversed(s.args))
