"""A layer's formulas and tables for a terminal: plain text, with bold headings where colours are wanted."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TextIO

from symback.calculus.derive import Derivation
from symback.core.expr import read, text
from symback.report import formulas
from symback.report.formulas import Built, Formula
from symback.report.steps import Chapter, chapters


def wants_colour(stream: TextIO, environment: Mapping[str, str] = os.environ) -> bool:
    """Whether escape sequences belong on a stream: a terminal, no NO_COLOR, not a dumb one."""
    return not environment.get("NO_COLOR") and environment.get("TERM") != "dumb" and stream.isatty()


def bold(words: str, colour: bool) -> str:
    """The words, emphasised where colours are wanted."""
    return f"\033[1m{words}\033[0m" if colour else words


def shown(built: Built, *, steps: bool = False, colour: bool = False) -> str:
    """Every formula of a layer in the language's own notation, with each step of the derivation if wanted."""
    program = built.program
    lines = [bold(program.name, colour)]
    if program.doc:
        lines += [f"  {' '.join(visible(program.doc).split())}"]
    for mode, derivation in built.derivations.items():
        found = formulas.of_mode(derivation)
        lines += ["", bold(formulas.heading(program, mode, "forward"), colour), *_rows(found.forward)]
        if program.wrt:
            lines += ["", bold(formulas.heading(program, mode, "backward"), colour), *_rows(found.backward)]
        if steps:
            lines += ["", bold(formulas.heading(program, mode, "derivation"), colour), *_steps(derivation)]
    return "\n".join(lines) + "\n"


def visible(words: str) -> str:
    """The text with control characters as spaces, so that it cannot drive the terminal."""
    return "".join(c if c.isprintable() else " " for c in words)


def _rows(rows: Iterable[Formula]) -> Iterator[str]:
    for f in rows:
        yield f"  {text(read(f.name, *f.axes))} = {text(f.value)}"


def _steps(derivation: Derivation) -> Iterator[str]:
    """Each value's way from what the sweep gave to its final form."""
    for chapter in chapters(derivation):
        yield f"  {chapter.name}"
        if chapter.first is not None:
            yield f"    from the sweep: {text(read(chapter.first.name, *chapter.first.axes))} = {text(chapter.first.value)}"
        for number, step in enumerate(chapter.steps, 1):
            repeated = f", {step.times} times" if step.times > 1 else ""
            yield f"    {number}. {step.rule}{repeated}: {step.reason}" if step.reason else f"    {number}. {step.rule}{repeated}"
            yield f"         {text(step.before)}"
            yield f"       = {text(step.after)}"
            for k, (left, right) in enumerate(step.proof):
                yield f"         {'because' if k == 0 else '    and'} {text(left)} = {text(right)}"
        if chapter.first is not None and chapter.steps:
            yield f"    finally: {_final(chapter)}"


def _final(chapter: Chapter) -> str:
    if chapter.last is None:
        return "put into its only use, or not needed"
    return f"{text(read(chapter.last.name, *chapter.last.axes))} = {text(chapter.last.value)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], colour: bool = False) -> str:
    """Columns under their heads, numbers to the right; no line ends in blanks."""
    widths = [max(len(r[k]) for r in (head, *rows)) for k in range(len(head))]
    numeric = [bool(rows) and all(_is_figure(r[k]) for r in rows) for k in range(len(head))]

    def line(cells: Sequence[str]) -> str:
        padded = (c.rjust(w) if right else c.ljust(w) for c, w, right in zip(cells, widths, numeric, strict=True))
        return "  ".join(padded).rstrip()

    return "\n".join([bold(line(head), colour), *(line(r) for r in rows)]) + "\n"


def _is_figure(cell: str) -> bool:
    return not cell or cell[0] in "0123456789-" or cell in ("inf", "nan")
