r"""A layer's formulas as LaTeX: a fragment to `\input`, or a document of its own."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from symback.calculus.derive import DerivationStep
from symback.report import formulas
from symback.report.formulas import Built, Formula
from symback.report.latex import latex, left_side

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
        lines += _part(formulas.heading(built.program, mode, "Forward"), formulas.forward_formulas(derivation), symbols)
        if built.program.wrt:
            lines += _part(formulas.heading(built.program, mode, "Backward"), formulas.backward_formulas(derivation), symbols)
        if steps and derivation.steps:
            lines += _derivation(formulas.heading(built.program, mode, "Derivation"), derivation.steps, symbols)
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


def _derivation(title: str, steps: Iterable[DerivationStep], symbols: dict[str, str]) -> Iterator[str]:
    yield rf"\paragraph{{{escaped_text(title)}}}"
    yield r"\begin{enumerate}"
    for step in steps:
        subject = left_side(step.subject, (), symbols)
        yield rf"\item \textbf{{{escaped_text(step.rule)}}} in ${subject}$: {escaped_text(step.reason)}"
        if step.statement:
            yield rf"\[ {step.statement} \]"
        before, after = formulas.presentable(step.before, step.after)
        yield r"\begin{align*}"
        yield rf"& {latex(before, symbols)} \\ &\quad = {latex(after, symbols)}"
        yield r"\end{align*}"
    yield r"\end{enumerate}"
