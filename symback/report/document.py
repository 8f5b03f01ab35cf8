r"""A layer's formulas as LaTeX: a fragment to `\input`, or a document of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symback.calculus.derive import Derivation
from symback.report import formulas
from symback.report.formulas import Built, Formula
from symback.report.latex import latex, left_side
from symback.report.steps import Shown, chapters

_TEXT_ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "`": r"\textasciigrave{}",
}

_BEFORE = r"""\documentclass{article}
\usepackage[T1]{fontenc}
\usepackage{amsmath,amssymb,textcomp}
\allowdisplaybreaks
\begin{document}
"""


def escaped_text(text: str) -> str:
    """Running text in which nothing is a command; line breaks and control characters are spaces."""
    return "".join(_TEXT_ESCAPES.get(c, c) if c.isprintable() else " " for c in text)


def document(built: Built, *, steps: bool = False, standalone: bool = False) -> str:
    """The LaTeX of every formula of a layer, with each step of the derivation if wanted."""
    lines = [rf"\section*{{{escaped_text(built.program.name)}}}"]
    if built.program.doc:
        lines.append(escaped_text(" ".join(built.program.doc.split())))
    for mode, derivation in built.derivations.items():
        symbols = formulas.symbols(built.program, derivation)
        found = formulas.of_mode(derivation)
        lines += _part(formulas.heading(built.program, mode, "Forward"), found.forward, symbols)
        if built.program.wrt:
            lines += _part(formulas.heading(built.program, mode, "Backward"), found.backward, symbols)
        if steps:
            lines += _derivation(formulas.heading(built.program, mode, "Derivation"), derivation, symbols)
    body = "\n".join(lines) + "\n"
    return _BEFORE + body + "\\end{document}\n" if standalone else body


def _part(title: str, rows: Iterable[Formula], symbols: dict[str, str]) -> Iterator[str]:
    printed = [f"{left_side(f.name, f.axes, symbols)} &= {latex(f.value, symbols)}" for f in rows]
    if not printed:
        return
    yield rf"\paragraph{{{escaped_text(title)}}}"
    yield r"\begin{align*}"
    yield " \\\\\n".join(printed)
    yield r"\end{align*}"


def _derivation(title: str, derivation: Derivation, symbols: dict[str, str]) -> Iterator[str]:
    """Each value's way from what the sweep gave to its final form."""
    yield rf"\paragraph{{{escaped_text(title)}}}"
    for chapter in chapters(derivation):
        yield rf"\subparagraph{{${left_side(chapter.name, (), symbols)}$}}"
        if chapter.first is not None:
            yield rf"From the sweep: \[ {_equation(chapter.first, symbols)} \]"
        if chapter.steps:
            yield r"\begin{enumerate}"
            for step in chapter.steps:
                yield from _step(step, symbols)
            yield r"\end{enumerate}"
        if not chapter.steps:
            continue
        if chapter.last is not None:
            yield rf"Finally: \[ {_equation(chapter.last, symbols)} \]"
        elif chapter.first is not None:
            yield "It is put into its only use, or not needed."


def _step(step: Shown, symbols: dict[str, str]) -> Iterator[str]:
    repeated = f" ({step.times} times)" if step.times > 1 else ""
    yield rf"\item \textbf{{{escaped_text(step.rule)}}}{repeated}: {escaped_text(step.reason)}"
    if step.statement:
        yield rf"\[ {step.statement} \]"
    yield r"\begin{align*}"
    yield rf"& {latex(step.before, symbols)} \\ &\quad = {latex(step.after, symbols)}"
    yield r"\end{align*}"
    if step.proof:
        equations = r" \\ ".join(rf"{latex(left, symbols)} &= {latex(right, symbols)}" for left, right in step.proof)
        yield rf"because \begin{{align*}} {equations} \end{{align*}}"


def _equation(formula: Formula, symbols: dict[str, str]) -> str:
    return f"{left_side(formula.name, formula.axes, symbols)} = {latex(formula.value, symbols)}"
