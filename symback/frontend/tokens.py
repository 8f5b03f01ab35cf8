"""The tokens of an expression: names, numbers, operators, with offsets in characters."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

from symback.core.diagnostics import Diagnostic, LayerError
from symback.frontend.document import Scalar

MAX_DIGITS = 400
MAX_NAME = 64

_OPERATORS = (
    "...",
    "**",
    "//",
    "<=",
    ">=",
    "==",
    "!=",
    "&&",
    "||",
    "+",
    "-",
    "*",
    "/",
    "%",
    "@",
    "<",
    ">",
    "&",
    "|",
    "~",
    "(",
    ")",
    "[",
    "]",
    ",",
    ".",
    "=",
    "^",
    ":",
    "!",
)
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_")
_DIGITS = frozenset("0123456789")


class Kind(Enum):
    NAME = "name"
    NUMBER = "number"
    OPERATOR = "operator"
    END = "end"


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of an expression; `number` and `decimal` only for a NUMBER."""

    kind: Kind
    text: str
    start: int
    end: int
    number: Fraction | None = None
    decimal: bool = False


def tokens(scalar: Scalar) -> Iterator[Token]:
    """The tokens of a text one by one, an END last. Raises: LayerError."""
    text, at = scalar.text, 0
    while at < len(text):
        c = text[at]
        if c in " \t\r\n":
            at += 1
            continue
        if c in _LETTERS:
            token = _name(scalar, at)
        elif c in _DIGITS or (c == "." and text[at + 1 : at + 2] in _DIGITS and text[at + 1 : at + 2]):
            token = _number(scalar, at)
        else:
            operator = next((o for o in _OPERATORS if text.startswith(o, at)), None)
            if operator is None:
                raise LayerError(_strange(scalar, at))
            token = Token(Kind.OPERATOR, operator, at, at + len(operator))
        yield token
        at = token.end
    yield Token(Kind.END, "", len(text), len(text) + 1)


def is_name(text: str) -> bool:
    """Whether a text is an identifier of the language: ASCII letters, digits and underscores."""
    return bool(text) and text[0] in _LETTERS and all(c in _LETTERS or c in _DIGITS for c in text)


def _name(scalar: Scalar, at: int) -> Token:
    text, end = scalar.text, at
    while end < len(text) and (text[end] in _LETTERS or text[end] in _DIGITS):
        end += 1
    if end - at > MAX_NAME:
        raise LayerError(Diagnostic("E306", f"a name of more than {MAX_NAME} characters", scalar.at(at, end), "shorten it"))
    if end < len(text) and text[end] in "'\"":
        raise LayerError(
            Diagnostic("E305", "a string is not part of the language", scalar.at(at, end + 1), "write the expression without quotes")
        )
    return Token(Kind.NAME, text[at:end], at, end)


def _number(scalar: Scalar, at: int) -> Token:
    text, end, decimal = scalar.text, at, False

    def digits(end: int) -> int:
        while end < len(text) and text[end] in _DIGITS:
            end += 1
        return end

    end = digits(end)
    whole = text[at:end]
    if text[end : end + 1] == "." and text[end : end + 3] != "...":
        decimal, end = True, digits(end + 1)
    mantissa, exponent = text[at:end], ""
    if text[end : end + 1] in ("e", "E"):
        sign = end + 1 + (text[end + 1 : end + 2] in ("+", "-") and text[end + 1 : end + 2] != "")
        last = digits(sign)
        if last > sign:
            decimal, exponent, end = True, text[end + 1 : last], last
    if end < len(text) and (text[end] in _LETTERS):
        while end < len(text) and (text[end] in _LETTERS or text[end] in _DIGITS):
            end += 1
        shown = text[at:end] if end - at < 40 else text[at : at + 37] + "…"
        raise LayerError(
            Diagnostic(
                "E307",
                f"`{shown}` is not a number",
                scalar.at(at, end),
                "a product is written with `*`; numbers are decimal, as 12, 0.5, 1e-5",
            )
        )
    if not decimal and len(whole) > 1 and whole[0] == "0":
        raise LayerError(Diagnostic("E307", f"`{whole[:40]}` is not a number", scalar.at(at, end), "remove the leading zeros"))
    if len(mantissa) > MAX_DIGITS or len(exponent) > 5 or abs(int(exponent or "0")) > MAX_DIGITS:
        raise LayerError(Diagnostic("E306", f"a number of more than {MAX_DIGITS} digits", scalar.at(at, end), "no dtype can hold it"))
    return Token(
        Kind.NUMBER,
        text[at:end],
        at,
        end,
        Fraction(text[at:end] if mantissa[-1] != "." else mantissa + "0" + (f"e{exponent}" if exponent else "")),
        decimal,
    )


def _strange(scalar: Scalar, at: int) -> Diagnostic:
    c, place = scalar.text[at], scalar.at(at, at + 1)
    if c in "'\"":
        return Diagnostic("E305", "a string is not part of the language", place, "write the expression without quotes")
    title = unicodedata.name(c, "an unnamed character")
    if c.isalpha():
        spelled = title.split()[-1].lower() if title.startswith("GREEK") else ""
        return Diagnostic(
            "E305",
            f"`{c}` ({title}) cannot stand in a name",
            place,
            f"write `{spelled}`" if is_name(spelled) else "names are of ASCII letters, digits and `_`",
        )
    alike = {
        "−": "-",
        "–": "-",
        "×": "*",
        "·": "*",
        "÷": "/",
        "≤": "<=",
        "≥": ">=",
        "≠": "!=",
        "∞": "oo",
        "…": "...",
        "√": "sqrt",
        "²": "**2",
    }.get(c)
    shown = f"`{c}` ({title})" if ord(c) > 126 else f"`{c}`"
    return Diagnostic("E305", f"{shown} is not part of the language", place, f"write `{alike}`" if alike else "")
