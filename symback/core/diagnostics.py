"""Errors that a user can act on: a stable code, the place in the file, what is wrong, what would mend it."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Span:
    """A place in a source file: 1-based line and column in characters, and a length in characters."""

    file: str
    line: int
    column: int
    length: int = 1


@dataclass(frozen=True, slots=True)
class Diagnostic:
    """One error. `code` is stable (`E101`); `related` names a second place (span, what is there)."""

    code: str
    message: str
    span: Span | None = None
    mend: str = ""
    related: tuple[tuple[Span, str], ...] = field(default=())


class LayerError(Exception):
    """A layer that cannot be compiled; holds every diagnostic that was found."""

    def __init__(self, *diagnostics: Diagnostic):
        self.diagnostics = diagnostics
        super().__init__("\n".join(_line(d) for d in diagnostics))


class InternalFault(Exception):
    """symback itself is wrong: a rewrite failed its check, a pass broke the program. To be reported."""


def _line(d: Diagnostic) -> str:
    place = f"{d.span.file}:{d.span.line}:{d.span.column}: " if d.span else ""
    return f"{place}{d.code}: {d.message}" + (f" ({d.mend})" if d.mend else "")
