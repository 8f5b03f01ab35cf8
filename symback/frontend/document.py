"""YAML text to a tree of scalars, tables and lists that know their places.

Promises to the next stage: every value is text (nothing is constructed or converted), every key is
a scalar and stands once in its table, and any offset in a scalar's text can be shown in the file.
YAML is read as a stream of events, so that no tag, anchor or depth of nesting can do anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from string import hexdigits

import yaml

from symback.core.diagnostics import Diagnostic, LayerError, Span

MAX_CHARACTERS = 1 << 20
MAX_VALUES = 30_000
MAX_SIGNS = 100_000
MAX_DEPTH = 12
MAX_DIAGNOSTICS = 50

_FORBIDDEN_MARKS = frozenset("\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c")


@dataclass(frozen=True, slots=True)
class Scalar:
    """A text. `plain` where it was written without quotes; `places` gives (line, column) by character where it is not one run."""

    text: str
    span: Span
    plain: bool
    places: tuple[tuple[int, int], ...] | None = None

    def at(self, start: int, end: int) -> Span:
        """The place of text[start:end]."""
        if self.places is None:
            return Span(self.span.file, self.span.line, self.span.column + start, max(1, end - start))
        if not self.places:
            return self.span
        line, column = self.places[min(start, len(self.places) - 1)]
        last_line, last = self.places[min(max(end - 1, start), len(self.places) - 1)]
        return Span(self.span.file, line, column, max(1, last - column + 1) if last_line == line else 1)


@dataclass(frozen=True, slots=True)
class Table:
    """A YAML mapping in written order."""

    entries: tuple[tuple[Scalar, Value], ...]
    span: Span


@dataclass(frozen=True, slots=True)
class Items:
    """A YAML sequence."""

    items: tuple[Value, ...]
    span: Span


Value = Scalar | Table | Items


def decode(data: bytes, file: str) -> str:
    """The text of a file's bytes, without a byte-order mark.

    Raises: LayerError for another encoding than UTF-8, a binary, empty or too large file.
    """
    if len(data) > 4 * MAX_CHARACTERS:
        raise LayerError(
            Diagnostic(
                "E101", f"the file has more than {MAX_CHARACTERS} characters", Span(file, 1, 1), "split it into layers that call each other"
            )
        )
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise LayerError(
            Diagnostic("E102", "the file is not UTF-8: it begins with a UTF-16 or UTF-32 mark", Span(file, 1, 1), "save it as UTF-8")
        )
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        column = len(data[data.rfind(b"\n", 0, error.start) + 1 : error.start].decode("utf-8", "replace")) + 1
        raise LayerError(
            Diagnostic("E102", f"the file is not UTF-8: byte 0x{data[error.start]:02x} here", Span(file, line, column), "save it as UTF-8")
        ) from None
    return text.removeprefix("\ufeff")


def read(text: str, file: str) -> Table:
    """The document's top-level table.

    Raises: LayerError for anything that is not one YAML mapping of plain data.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > MAX_CHARACTERS:
        raise LayerError(
            Diagnostic(
                "E101", f"the file has more than {MAX_CHARACTERS} characters", Span(file, 1, 1), "split it into layers that call each other"
            )
        )
    _check_characters(text, file)
    if sum(text.count(sign) for sign in "+-*/%@<>&|~([,") > MAX_SIGNS:
        raise LayerError(
            Diagnostic(
                "E101",
                f"the file has more than {MAX_SIGNS} operators and brackets",
                Span(file, 1, 1),
                "split it into layers that call each other",
            )
        )
    reader = _Reader(text, file)
    root = reader.document()
    if root is None:
        raise LayerError(
            Diagnostic(
                "E106",
                "the file holds no layer",
                Span(file, 1, 1),
                "begin with `layer: name`, `inputs:` and `outputs:`; `symback new NAME` writes a start",
            )
        )
    if reader.problems:
        raise LayerError(*reader.problems[:MAX_DIAGNOSTICS])
    if not isinstance(root, Table):
        raise LayerError(
            Diagnostic(
                "E107", "a layer file is a mapping of keys at its top level", root.span, "write `layer: name` and so on, one key a line"
            )
        )
    return root


def _check_characters(text: str, file: str) -> None:
    if not any(_is_forbidden(c) for c in set(text)):
        return
    problems = []
    line, begin = 1, 0
    for offset, c in enumerate(text):
        if c == "\n":
            line, begin = line + 1, offset + 1
        elif _is_forbidden(c):
            what = "an invisible or direction-changing character" if c in _FORBIDDEN_MARKS else "a control character"
            problems.append(Diagnostic("E103", f"{what}, U+{ord(c):04X}", Span(file, line, offset - begin + 1), "remove it"))
            if len(problems) == 5:
                break
    if problems:
        raise LayerError(*problems)


def _is_forbidden(c: str) -> bool:
    if c < "\x7f":
        return c < " " and c not in "\t\r\n"
    return c <= "\x9f" or "\ud800" <= c <= "\udfff" or c in "\u2028\u2029\ufffe\uffff" or c in _FORBIDDEN_MARKS


class _Open:
    """A table or list under construction."""

    __slots__ = ("is_table", "span", "values", "key", "seen")

    def __init__(self, is_table: bool, span: Span):
        self.is_table, self.span = is_table, span
        self.values: list = []
        self.key: Scalar | None = None
        self.seen: dict[str, Scalar] = {}


class _Reader:
    """Builds the tree from PyYAML's events, without recursion."""

    def __init__(self, text: str, file: str):
        self.text, self.file = text, file
        self.problems: list[Diagnostic] = []
        self.count = 0

    def document(self) -> Value | None:
        root: Value | None = None
        stack: list[_Open] = []
        documents = 0
        for event in self._events():
            span = self._span(event)
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._stop("E108", "a second YAML document begins here", span, "one layer a file")
            if isinstance(event, yaml.AliasEvent):
                self._stop("E104", "a YAML alias (`*name`)", span, "write the value out; quote an expression that begins with `*` or `&`")
            if isinstance(event, yaml.NodeEvent):
                self._check_node(event, span)
            done: Value | None = None
            if isinstance(event, yaml.ScalarEvent):
                done = self._scalar(event)
            elif isinstance(event, yaml.CollectionStartEvent):
                stack.append(_Open(isinstance(event, yaml.MappingStartEvent), span))
                if len(stack) > MAX_DEPTH:
                    self._stop("E109", f"values are nested more than {MAX_DEPTH} deep", span, "a layer file needs three levels")
            elif isinstance(event, yaml.CollectionEndEvent):
                top = stack.pop()
                done = Table(tuple(top.values), top.span) if top.is_table else Items(tuple(top.values), top.span)
            if done is None:
                continue
            if stack:
                self._place(stack[-1], done)
            else:
                root = done
        return None if isinstance(root, Scalar) and not root.text and root.plain else root

    def _place(self, parent: _Open, value: Value) -> None:
        if not parent.is_table:
            parent.values.append(value)
        elif parent.key is None:
            if not isinstance(value, Scalar):
                self._stop("E107", "a key must be a text, not a list or a mapping", value.span, "quote the key")
            parent.key = value
            if len(self.problems) >= MAX_DIAGNOSTICS:
                raise LayerError(*self.problems)
            first = parent.seen.setdefault(value.text, value)
            if first is not value:
                self.problems.append(
                    Diagnostic(
                        "E110",
                        f"the key `{_shown(value.text)}` stands twice",
                        value.span,
                        "remove or rename one of them",
                        ((first.span, "the first one"),),
                    )
                )
        else:
            parent.values.append((parent.key, value))
            parent.key = None

    def _check_node(self, event: yaml.NodeEvent, span: Span) -> None:
        self.count += 1
        if self.count > MAX_VALUES:
            self._stop("E101", f"the file has more than {MAX_VALUES} values", span, "split it into layers that call each other")
        if event.anchor is not None and not isinstance(event, yaml.AliasEvent):
            self._stop("E104", "a YAML anchor (`&name`)", span, "write the value out; quote an expression that begins with `*` or `&`")
        if getattr(event, "tag", None) is not None:
            self._stop("E105", "a YAML tag (`!…`)", span, "a layer file is plain data; remove the tag")

    def _events(self) -> Iterator[yaml.Event]:
        try:
            yield from yaml.parse(self.text, Loader=yaml.SafeLoader)
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            span = Span(self.file, mark.line + 1, mark.column + 1) if mark else Span(self.file, 1, 1)
            self._stop("E111", f"not YAML: {error.problem or error.context}", span, _yaml_mend(error.problem or ""))
        except yaml.YAMLError as error:
            self._stop("E111", f"not YAML: {' '.join(str(error).split())}", Span(self.file, 1, 1), "")
        except (ValueError, OverflowError):  # PyYAML hands the eight digits of `\U` to chr() as they are
            self._stop("E111", "not YAML: a `\\U` escape beyond U+10FFFF", self._far_escape(), "write the character itself")

    def _far_escape(self) -> Span:
        """The place of the first escape of a character that Unicode does not have."""
        at = self.text.find("\\U")
        while at >= 0:
            digits = self.text[at + 2 : at + 10]
            if len(digits) == 8 and all(c in hexdigits for c in digits) and int(digits, 16) > 0x10FFFF:
                line = self.text.count("\n", 0, at) + 1
                return Span(self.file, line, at - self.text.rfind("\n", 0, at), 10)
            at = self.text.find("\\U", at + 2)
        return Span(self.file, 1, 1)

    def _scalar(self, event: yaml.ScalarEvent) -> Scalar:
        span = self._span(event)
        start, end = event.start_mark.index, event.end_mark.index
        if event.style is not None and any("\ud800" <= c <= "\udfff" for c in set(event.value)):
            self._stop("E103", "half of a character, from a `\\u` escape", span, "write the character itself")
        if event.style is None:
            if "\n" not in self.text[start:end]:
                return Scalar(event.value, span, True)
            return Scalar(event.value, span, True, self._aligned(event.value, start, end, event.start_mark))
        return Scalar(event.value, span, False, self._aligned(event.value, start, end, event.start_mark))

    def _aligned(self, value: str, start: int, end: int, mark: yaml.Mark) -> tuple[tuple[int, int], ...]:
        """(line, column) of each character of a quoted or folded text; empty where escapes hide them."""
        places: list[tuple[int, int]] = []
        line, column, at = mark.line + 1, mark.column + 1, start
        if self.text[start : start + 1] in ("'", '"', "|", ">"):
            at, column = at + 1, column + 1
        for c in value:
            if c.isspace():
                places.append((line, column))
                continue
            while at < end and self.text[at] != c:
                if not (self.text[at].isspace() or self.text[at] in "+-123456789"):
                    return ()
                line, column = (line + 1, 1) if self.text[at] == "\n" else (line, column + 1)
                at += 1
            if at >= end:
                return ()
            places.append((line, column))
            at, column = at + 1, column + 1
        return tuple(places)

    def _span(self, event: yaml.Event) -> Span:
        start, end = event.start_mark, event.end_mark
        length = end.index - start.index if end.line == start.line else 1
        return Span(self.file, start.line + 1, start.column + 1, max(1, length))

    def _stop(self, code: str, message: str, span: Span, mend: str) -> None:
        raise LayerError(*self.problems, Diagnostic(code, message, span, mend))


def _yaml_mend(problem: str) -> str:
    if "mapping values are not allowed" in problem:
        return "quote a value that holds `: `"
    if "\\t" in problem or "tab" in problem:
        return "indent with spaces"
    if "expected ',' or" in problem or "flow" in problem:
        return "inside `{}` and `[]` quote a value that holds a comma or a bracket"
    if "cannot start any token" in problem:
        return "quote the value"
    return "check indentation, colons and quotes"


def _shown(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
