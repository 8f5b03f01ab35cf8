"""Collecting diagnostics: a stage goes on after an error, and raises all of them together at its end."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import NoReturn, TypeVar

from symback.core.diagnostics import Diagnostic, LayerError, Span
from symback.core.expr import NumberTooLarge

Result = TypeVar("Result")
MAX_DIAGNOSTICS = 50


def stop(code: str, message: str, span: Span | None, mend: str = "", *related: tuple[Span | None, str]) -> NoReturn:
    """Raise one diagnostic. Related places without a span are left out."""
    raise LayerError(Diagnostic(code, message, span, mend, tuple((s, t) for s, t in related if s is not None)))


class Faults:
    """The diagnostics of a stage."""

    __slots__ = ("found",)

    def __init__(self) -> None:
        self.found: dict[Diagnostic, None] = {}

    def add(self, code: str, message: str, span: Span | None, mend: str = "", *related: tuple[Span | None, str]) -> None:
        self.found.setdefault(Diagnostic(code, message, span, mend, tuple((s, t) for s, t in related if s is not None)))

    def attempt(self, action: Callable[..., Result], *arguments: object) -> Result | None:
        """The action's result, or None with its diagnostics kept."""
        try:
            return action(*arguments)
        except LayerError as error:
            for diagnostic in error.diagnostics:
                self.found.setdefault(diagnostic)
        except NumberTooLarge as error:
            self.add("E306", f"{error}", None, "no dtype can hold it")
        return None

    def attempt_within(self, call: Span | None, action: Callable[..., Result], *arguments: object) -> Result | None:
        """As `attempt`, for a line of a called layer: its diagnostics also name the place of the call."""
        mark = len(self.found)
        result = self.attempt(action, *arguments)
        if call is not None and len(self.found) > mark:
            every = list(self.found)
            self.found = dict.fromkeys(
                [*every[:mark], *(replace(d, related=(*d.related, (call, "in what is called here"))) for d in every[mark:])]
            )
        return result

    def settle(self) -> None:
        """Raise what was found, in the order of the file."""
        if self.found:
            raise LayerError(*sorted(self.found, key=_place)[:MAX_DIAGNOSTICS])


def _place(diagnostic: Diagnostic) -> tuple[str, int, int, str, str]:
    span = diagnostic.span
    return (
        (span.file, span.line, span.column, diagnostic.code, diagnostic.message)
        if span
        else ("", 0, 0, diagnostic.code, diagnostic.message)
    )


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """`did you mean …?`, or nothing where no known word is near."""
    words = sorted(set(known))
    near = [w for w in words if w.lower() == word.lower()] or difflib.get_close_matches(word[:64], words, 1, 0.6)
    return f"did you mean `{near[0]}`?" if near else ""


def listed(words: Iterable[str]) -> str:
    """`a`, `b` or `c`."""
    quoted = [f"`{w}`" for w in words]
    return quoted[0] if len(quoted) == 1 else ", ".join(quoted[:-1]) + " or " + quoted[-1]
