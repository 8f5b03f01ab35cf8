"""The docstrings of a generated module: formulas, shapes, conventions."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence

from symback.calculus.derive import Derivation
from symback.core.expr import Op, walk
from symback.core.expr import text as written
from symback.core.program import Kind, Program, Role
from symback.emit.initialisers import default_text, type_hint
from symback.emit.layout import WIDTH
from symback.emit.numpy_text import scalar_text
from symback.emit.prologue import declared_shape
from symback.functions import TABLE
from symback.report.formulas import Formula


def module_docstring(program: Program, derivations: Mapping[str, Derivation]) -> tuple[str, ...]:
    doc = _harmless(program.doc).strip()
    lines = textwrap.wrap(f"{program.name}: {' '.join(doc.split())}" if doc else f"{program.name}.", WIDTH - 4) or [program.name]
    lines = [line.rstrip() for line in lines]
    conventions = _conventions(derivations)
    if conventions:
        lines += ["", "Conventions:"]
        for c in conventions:
            lines += textwrap.wrap(c, WIDTH - 4, initial_indent="* ", subsequent_indent="  ")
    if len(lines) > 1 or lines[-1].endswith('"'):
        lines.append("")
    return tuple(lines)


def _harmless(text: str) -> str:
    """Text that cannot end a docstring or a comment, nor escape from it."""
    return "".join(c if c.isprintable() or c in "\n" else " " for c in text).replace("\\", "\\\\").replace('"""', "'''")


def _conventions(derivations: Mapping[str, Derivation]) -> list[str]:
    found: dict[str, None] = {}
    for derivation in derivations.values():
        for d in derivation.body.definitions:
            for equation in d.equations:
                for n in walk(equation.value):
                    if n.op is Op.CALL and n.data in TABLE and TABLE[n.data].convention:
                        found.setdefault(TABLE[n.data].convention)
    for derivation in derivations.values():
        for c in derivation.conventions:
            found.setdefault(c)
    return list(found)


def indented(doc: Sequence[str]) -> tuple[str, ...]:
    """Docstring lines as they stand in a function: all but the first indented, empty ones empty."""
    return tuple(f"    {line}" if k and (line or k == len(doc) - 1) else line for k, line in enumerate(doc))


LONGEST_FORMULA = 8000


def forward_docstring(program: Program, formulas: Mapping[str, Sequence[Formula]], sealed: Sequence[str], first: str) -> tuple[str, ...]:
    """Arguments, errors and the formulas of each mode; `sealed`: the outputs that are returned read-only; `first`: the first line."""
    lines = [first or "The layer's value" + (" and what backward needs." if program.wrt else "."), ""]
    if sealed:
        verb, what = ("is", "it") if len(sealed) == 1 else ("are", "them")
        lines += [*textwrap.wrap(f"{', '.join(sealed)} {verb} read-only: backward reads {what} too.", WIDTH - 4), ""]
    lines.append("Args:")
    for t in program.tensors:
        if t.role is not Role.RANDOM:
            kind = (
                "" if t.kind is Kind.FLOAT else f" of {'labels below ' + scalar_text(t.values) if t.values is not None else t.kind.value}"
            )
            lines.append(f"    {t.name}: {t.role.value} {declared_shape(t)}{kind}.")
    for h in program.hyperparameters:
        lines.append(f"    {h.name}: {type_hint(h.default)}, {default_text(h.default)} by default.")
    lines += ["", "Raises:", "    TypeError, ValueError: an argument does not fit; the message names it.", ""]
    return (*lines, *_formula_lists(formulas), "")


def backward_docstring(program: Program, formulas: Mapping[str, Sequence[Formula]]) -> tuple[str, ...]:
    """What is returned, and the formulas of each mode."""
    names = ", ".join(t.name for t in program.tensors if t.name in program.wrt)
    return (f"The gradients by {names}.", "", *_formula_lists(formulas), "")


def _formula_lists(formulas: Mapping[str, Sequence[Formula]]) -> list[str]:
    lines = []
    for mode, listed in formulas.items():
        lines.append("Formulas:" if len(formulas) == 1 else f"Formulas ({mode}):")
        for formula in listed:
            lines += _formula_lines(formula)
    return lines


def _formula_lines(f: Formula) -> list[str]:
    left = f"{f.name}[{', '.join(written(a) for a in f.axes)}]" if f.axes else f.name
    value = written(f.value)
    if len(value) > LONGEST_FORMULA:
        value = f"{value[:LONGEST_FORMULA]} …"
    whole = f"{left} = {value}".replace("\\", "\\\\")
    return textwrap.wrap(
        whole, WIDTH - 8, initial_indent="    ", subsequent_indent="        ", break_long_words=False, break_on_hyphens=False
    ) or [whole]
