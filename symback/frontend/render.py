"""Diagnostics as text: where, what, the line with a caret under the place, what would mend it."""

from __future__ import annotations

import linecache
import unicodedata
from collections.abc import Iterable, Sequence

from symback.core.diagnostics import Diagnostic, Span

WIDTH = 110
_BOLD, _RED, _BLUE, _PLAIN = "\x1b[1m", "\x1b[31m", "\x1b[34m", "\x1b[0m"


def remember(file: str, text: str) -> None:
    """Keep a source's lines where `linecache` finds them, so that diagnostics of texts can show them too."""
    lines = [line + "\n" for line in text.split("\n")]
    linecache.cache[file] = (len(text), None, lines, file)


def render(diagnostics: Iterable[Diagnostic], *, colour: bool = False) -> str:
    """All diagnostics, a blank line between them."""
    return "\n".join(rendered(d, _lines(d.span), colour=colour) for d in diagnostics)


def rendered(diagnostic: Diagnostic, source: Sequence[str], *, colour: bool = False) -> str:
    """One diagnostic; `source` is the lines of its file, empty where they are not known."""
    paint = _painted if colour else _bare
    place = f"{printable(diagnostic.span.file)}:{diagnostic.span.line}:{diagnostic.span.column}: " if diagnostic.span else ""
    out = [paint(place, _BOLD) + paint(diagnostic.code, _BOLD + _RED) + ": " + paint(printable(diagnostic.message), _BOLD)]
    if diagnostic.span:
        out += _excerpt(diagnostic.span, source, paint)
    for span, words in diagnostic.related:
        out.append(paint(f"{printable(span.file)}:{span.line}:{span.column}: ", _BOLD) + printable(words))
        out += _excerpt(span, source if diagnostic.span and span.file == diagnostic.span.file else _lines(span), paint)
    if diagnostic.mend:
        out.append(paint("      = ", _BLUE) + printable(diagnostic.mend))
    return "\n".join(out) + "\n"


def _excerpt(span: Span, source: Sequence[str], paint) -> list[str]:
    """The line, and a caret under the place; a part of the line where it is long."""
    if not 1 <= span.line <= len(source):
        return []
    line = source[span.line - 1].rstrip("\r\n").replace("\t", " ")
    start, end = min(span.column - 1, len(line)), min(span.column - 1 + span.length, max(len(line), span.column))
    left = max(0, min(start - WIDTH // 2, len(line) - WIDTH))
    shown, cut = line[left : left + WIDTH], left + WIDTH < len(line)
    before = ("…" if left else "") + printable(line[left:start])
    marked = printable(line[start : min(end, left + WIDTH)]) or " "
    text = ("…" if left else "") + printable(shown) + ("…" if cut else "")
    number = f"{span.line:5d}"
    return [
        paint(f"{number} | ", _BLUE) + text,
        paint("      | ", _BLUE) + " " * _width(before) + paint("^" * max(1, min(_width(marked), WIDTH)), _RED),
    ]


def _lines(span: Span | None) -> list[str]:
    return (
        []
        if span is None
        else list(linecache.cache[span.file][2])
        if span.file in linecache.cache and len(linecache.cache[span.file]) > 2
        else []
    )


def printable(text: str) -> str:
    """The text with everything that a terminal would obey, or hide, spelled out."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" if ord(c) < 256 else f"\\u{ord(c):04x}" for c in text)


def _width(text: str) -> int:
    """The columns that a text takes in a terminal."""
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _painted(text: str, style: str) -> str:
    return f"{style}{text}{_PLAIN}" if text else ""


def _bare(text: str, style: str) -> str:
    return text
