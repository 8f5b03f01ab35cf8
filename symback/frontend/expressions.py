"""Text to syntax: a parser of its own for the arithmetic part of Python's grammar. Nothing is evaluated.

It is an operator-precedence parser rather than `ast.parse`: Python's parser gives up on sums of a few
thousand terms and on deep nesting in ways that differ by version, and gives columns in bytes. Here a
chain of one precedence is one flat node however long it is, depth is bounded by `MAX_DEPTH`, and every
node knows its characters. Precedences are Python's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from symback.core.diagnostics import Diagnostic, LayerError, Span
from symback.frontend.document import Scalar
from symback.frontend.syntax import Form, Syntax
from symback.frontend.tokens import Kind, Token, tokens
from symback.frontend.vocabulary import FUNCTIONS

MAX_DEPTH = 100
MAX_TOKENS = 20_000

_OR, _AND, _NOT, _COMPARE, _BITOR, _BITAND, _SUM, _PRODUCT, _UNARY, _POWER = range(1, 11)
_LEVEL = {
    "or": _OR, "and": _AND, "|": _BITOR, "&": _BITAND, "+": _SUM, "-": _SUM, "*": _PRODUCT, "/": _PRODUCT,
    "//": _PRODUCT, "%": _PRODUCT, "@": _PRODUCT, "**": _POWER,
    "<": _COMPARE, "<=": _COMPARE, ">": _COMPARE, ">=": _COMPARE, "==": _COMPARE, "!=": _COMPARE,
}  # fmt: skip
_CHAINED = {
    "or": Form.OR, "|": Form.OR, "and": Form.AND, "&": Form.AND, "+": Form.SUM, "-": Form.SUM, "*": Form.PRODUCT, "/": Form.PRODUCT,
    "<": Form.COMPARE, "<=": Form.COMPARE, ">": Form.COMPARE, ">=": Form.COMPARE, "==": Form.COMPARE, "!=": Form.COMPARE,
}  # fmt: skip
_REFUSED_WORDS = {
    "if": "write `Piecewise((a, condition), (b, True))`",
    "else": "write `Piecewise((a, condition), (b, True))`",
    "for": "write a reduction: `Sum(x[i], i)`",
    "in": "write a reduction: `Sum(x[i], i)`",
    "lambda": "define a value under `where`",
    "is": "compare with `==`",
    "await": "",
    "yield": "",
    "None": "",
}
_HINTS = {
    "^": "a power is `**`",
    "&&": "write `&`",
    "||": "write `|`",
    "!": "write `~`",
    "=": "compare with `==`",
    ":": "slices are not indices: name an index, `x[n, c]`",
}


def parse(scalar: Scalar) -> Syntax:
    """The syntax of a right-hand side. Raises: LayerError."""
    parser = _Parser(scalar)
    syntax = parser.expression(0)
    parser.expect_end()
    return syntax


@dataclass(frozen=True, slots=True)
class Target:
    """A left-hand side: `name`, `name[positions]` or `first, second`."""

    names: tuple[str, ...]
    spans: tuple[Span, ...]
    positions: tuple[Syntax, ...] | None


def parse_target(scalar: Scalar) -> Target:
    """A left-hand side. Raises: LayerError."""
    parser = _Parser(scalar)
    names, spans, positions = [], [], None
    while True:
        token = parser.take()
        if token.kind is not Kind.NAME:
            parser.fail("E301", "a name was expected on the left", token, "write `name: …`, `name[n, c]: …` or `a, b: layer(…)`")
        names.append(token.text)
        spans.append(parser.span(token.start, token.end))
        if parser.accept("["):
            positions = parser.items("]")
        if not parser.accept(","):
            break
        if positions is not None:
            break
    if positions is not None and len(names) > 1:
        parser.fail(
            "E301",
            "several names on the left take no indices",
            parser.peek(),
            "several outputs come from calling a layer: `h, c: lstm_cell(…)`",
        )
    parser.expect_end()
    return Target(tuple(names), tuple(spans), positions)


class _Parser:
    def __init__(self, scalar: Scalar):
        self.scalar = scalar
        if not scalar.text.strip():
            raise LayerError(Diagnostic("E301", "an expression was expected", scalar.span, "write a value, or remove the line"))
        self.rest = tokens(scalar)
        self.tokens = [next(self.rest)]
        self.at = 0
        self.depth = 0

    # -------------------------------------------------------------------------------- tokens

    def peek(self) -> Token:
        return self.tokens[self.at]

    def take(self) -> Token:
        token = self.tokens[self.at]
        if token.kind is not Kind.END:
            self.advance()
        if self.at > MAX_TOKENS:
            self.fail("E302", f"more than {MAX_TOKENS} names, numbers and signs", token, "name parts of it under `where`")
        return token

    def advance(self) -> None:
        self.at += 1
        if self.at == len(self.tokens):
            self.tokens.append(next(self.rest))

    def following(self) -> Token:
        """The token after the next."""
        if self.at + 1 == len(self.tokens):
            self.tokens.append(next(self.rest))
        return self.tokens[self.at + 1]

    def accept(self, text: str) -> bool:
        token = self.tokens[self.at]
        if token.text == text and token.kind is not Kind.NUMBER and token.kind is not Kind.END:
            self.advance()
            return True
        return False

    def span(self, start: int, end: int) -> Span:
        return self.scalar.at(start, end)

    def fail(self, code: str, message: str, token: Token, mend: str = "") -> None:
        raise LayerError(Diagnostic(code, message, self.span(token.start, token.end), mend))

    def expect_end(self) -> None:
        token = self.peek()
        if token.kind is not Kind.END:
            self.unexpected(token)

    def unexpected(self, token: Token) -> None:
        if token.kind is Kind.END:
            self.fail("E301", "the expression ends too early", token, "something is missing here")
        if token.text in _REFUSED_WORDS:
            self.fail("E304", f"`{token.text}` is not part of the language", token, _REFUSED_WORDS[token.text])
        self.fail("E301", f"`{token.text}` was not expected here", token, _HINTS.get(token.text, ""))

    # --------------------------------------------------------------------------- expressions

    def expression(self, least: int) -> Syntax:
        """An expression of operators that bind at least as tightly as `least`."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            self.fail("E302", f"nested more than {MAX_DEPTH} deep", self.peek(), "name a part of it under `where`")
        first = self.peek().start
        chain = _Chain(self.operand(least), first, self)
        folds = 0
        while True:
            token = self.peek()
            level = _LEVEL.get(token.text, 0) if token.kind is not Kind.NUMBER else 0
            if not level or level < least:
                break
            self.take()
            right = self.expression(_UNARY if level == _POWER else level + 1)
            if chain.add(token.text, right, level):
                folds += 1
                if folds + self.depth > MAX_DEPTH:
                    self.fail("E302", f"nested more than {MAX_DEPTH} deep", token, "name a part of it under `where`")
        self.depth -= 1
        return chain.closed()

    def operand(self, least: int) -> Syntax:
        """Prefix operators and what they stand before."""
        prefixes: list[Token] = []
        while self.peek().text in ("-", "+", "~", "not") and self.peek().kind is not Kind.END:
            token = self.take()
            if token.text == "not" and (least > _NOT or any(p.text != "not" for p in prefixes)):
                self.unexpected(token)
            prefixes.append(token)
            if len(prefixes) + self.depth > MAX_DEPTH:
                self.fail("E302", f"nested more than {MAX_DEPTH} deep", prefixes[0], "name a part of it under `where`")
        if not prefixes:
            return self.postfix()
        inner = self.expression(_COMPARE if prefixes[-1].text == "not" else _UNARY)
        end = self.tokens[self.at - 1].end
        for token in reversed(prefixes):
            if token.text != "+":
                form = Form.NEGATIVE if token.text == "-" else Form.NOT
                inner = Syntax(form, None, (inner,), self.span(token.start, end))
        return inner

    def postfix(self) -> Syntax:
        token = self.take()
        start = token.start
        if token.kind is Kind.NUMBER:
            return Syntax(Form.DECIMAL if token.decimal else Form.INTEGER, token.number, (), self.span(start, token.end))
        if token.text == "...":
            return Syntax(Form.ELLIPSIS, None, (), self.span(start, token.end))
        if token.text == "(":
            inner = self.parenthesised(start)
        elif token.kind is Kind.NAME:
            inner = self.named(token)
        else:
            self.unexpected(token)
        turns = 0
        while True:
            following = self.peek()
            if self.accept("."):
                attribute = self.take()
                if attribute.text != "T":
                    plain = attribute.text in FUNCTIONS
                    mend = f"write `{attribute.text}(…)`" if plain else "only `.T`, the transpose, may stand here"
                    self.fail("E304", "attributes are not part of the language", following, mend)
                inner = Syntax(Form.TRANSPOSE, None, (inner,), self.span(start, attribute.end))
                turns += 1
                if turns + self.depth > MAX_DEPTH:
                    self.fail("E302", f"nested more than {MAX_DEPTH} deep", following, "name a part of it under `where`")
            elif following.text == "[":
                self.fail(
                    "E303",
                    "only a tensor's name may be indexed, and only once",
                    following,
                    "write all indices in one pair of brackets: `x[i, j]`",
                )
            elif following.text == "(":
                self.fail("E303", "only a function's name may be called", following, "a product is written with `*`")
            else:
                return inner

    def parenthesised(self, start: int) -> Syntax:
        items = self.items(")")
        end = self.tokens[self.at - 1].end
        if len(items) == 1 and self.tokens[self.at - 2].text != ",":
            return items[0]
        return Syntax(Form.TUPLE, None, items, self.span(start, end))

    def named(self, token: Token) -> Syntax:
        if token.text in _REFUSED_WORDS:
            self.unexpected(token)
        if token.text in ("True", "False"):
            return Syntax(Form.TRUTH, token.text == "True", (), self.span(token.start, token.end))
        if self.accept("["):
            items = self.items("]")
            return Syntax(Form.SUBSCRIPT, token.text, items, self.span(token.start, self.tokens[self.at - 1].end))
        if self.accept("("):
            items = self.items(")", self.argument)
            return Syntax(Form.CALL, token.text, items, self.span(token.start, self.tokens[self.at - 1].end))
        return Syntax(Form.NAME, token.text, (), self.span(token.start, token.end))

    def argument(self) -> Syntax:
        token = self.peek()
        if token.kind is Kind.NAME and self.following().text == "=":
            self.advance()
            self.advance()
            value = self.expression(0)
            return Syntax(Form.KEYWORD, token.text, (value,), self.span(token.start, self.tokens[self.at - 1].end))
        return self.expression(0)

    def items(self, closing: str, item: Callable[[], Syntax] | None = None) -> tuple[Syntax, ...]:
        opening = self.tokens[self.at - 1]
        found: list[Syntax] = []
        while not self.accept(closing):
            found.append(item() if item else self.expression(0))
            if not self.accept(",") and self.peek().text != closing:
                if self.peek().kind is Kind.END:
                    self.fail("E301", f"this `{opening.text}` is never closed", opening, f"add `{closing}`")
                self.unexpected(self.peek())
        return tuple(found)


class _Chain:
    """Collects operands of one precedence into one flat node."""

    __slots__ = ("parser", "first", "parts", "signs", "form", "end")

    def __init__(self, operand: Syntax, first: int, parser: _Parser):
        self.parser, self.first = parser, first
        self.parts, self.signs, self.form = [operand], [], None

    def add(self, sign: str, right: Syntax, level: int) -> bool:
        """Take in an operator and its right operand; True where the tree grew deeper."""
        form = _CHAINED.get(sign)
        deeper = False
        if self.signs and (form is None or form is not self.form):
            self.parts, self.signs = [self.closed(before=right)], []
            deeper = True
        self.form = form
        self.parts.append(right)
        self.signs.append(sign)
        return deeper

    def closed(self, before: Syntax | None = None) -> Syntax:
        if not self.signs:
            return self.parts[0]
        end = self.parser.tokens[self.parser.at - 1].end
        span = self.parser.span(self.first, end) if before is None else self.parts[0].span
        if self.form is None:
            return Syntax(Form.BINARY, self.signs[0], tuple(self.parts), span)
        if self.form in (Form.AND, Form.OR):
            return Syntax(self.form, None, tuple(self.parts), span)
        if self.form is Form.COMPARE:
            return Syntax(self.form, tuple(self.signs), tuple(self.parts), span)
        leading = "+" if self.form is Form.SUM else "*"
        return Syntax(self.form, (leading, *self.signs), tuple(self.parts), span)


def integer(value: int, span: Span | None = None) -> Syntax:
    """The syntax of a whole number."""
    return Syntax(Form.INTEGER, Fraction(value), (), span)


def name(text: str, span: Span | None = None) -> Syntax:
    """The syntax of a bare name."""
    return Syntax(Form.NAME, text, (), span)
