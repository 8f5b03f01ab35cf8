"""The rules of the calculus and of stability and the derivatives of the functions, as their tables' rows say them.

The project's page of rules is made from here, and so is what `symback rules` prints.
"""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from math import inf

from symback.calculus.rows import FOLD, INLINE, LAST_ROWS, REFORMED, ROWS, SCALED
from symback.core.expr import Node, call, read
from symback.functions import TABLE
from symback.functions.function import Function
from symback.functions.ordinary import ordinary
from symback.report.latex import latex
from symback.rewrite import GRADIENT_RULES, RULES

CALCULUS, FORWARD, DERIVED, DERIVATIVES = "calculus", "stability of the formula", "stability of the derivative", "derivative"
INTRODUCTION = {
    CALCULUS: "How the reverse sweep's sums become the form that an expert writes. They are tried in this order, part by part, until none applies.",
    FORWARD: "Applied to the layer's own formulas before they are differentiated: the value stays, the way to it is one that does not overflow, underflow or cancel.",
    DERIVED: "Applied to the derived gradients, for patterns that only differentiation makes.",
    DERIVATIVES: "By their arguments, in order; at kinks the convention that is stated. Each is compared with mpmath over the function's domain.",
}
_ARGUMENTS = ("x", "y", "z", "u", "v")


@dataclass(frozen=True, slots=True)
class Entry:
    """A rule as it is printed. `saves`: the arguments that would be lost without it; `convention`: what holds at a kink."""

    kind: str
    name: str
    statement: str
    condition: str
    reason: str
    source: str
    saves: str = ""
    convention: str = ""


def entries() -> tuple[Entry, ...]:
    """Every rule once, where it is first used."""
    found: dict[tuple[str, str], Entry] = {}
    for row in dict.fromkeys((FOLD, *ROWS, *LAST_ROWS, REFORMED, SCALED, INLINE)):
        found[row.name, ""] = Entry(CALCULUS, row.name, row.statement, row.condition, row.reason, row.reference)
    for kind, table in ((FORWARD, RULES), (DERIVED, GRADIENT_RULES)):
        for rule in table:
            entry = Entry(kind, rule.name, rule.statement, rule.condition, rule.reason, rule.reference, rule.saves)
            found.setdefault((rule.name, rule.statement), entry)
    out = list(found.values())
    return (*out, *(_derivative(row) for row in TABLE.values() if row.derivatives and _is_on_paper(row)))


def _is_on_paper(row: Function) -> bool:
    """Whether formulas show the function by its name; the others are written out in these."""
    value = call(row.name, *_arguments(row))
    return ordinary(value) == value


def _arguments(row: Function) -> tuple[Node, ...]:
    return tuple(read(name) for name in _ARGUMENTS[: row.arity if row.arity > 0 else 2])


def _derivative(row: Function) -> Entry:
    args = _arguments(row)
    value = call(row.name, *args)
    whole = [low == high for low, high in row.domain]  # an order, a whole number that nothing is differentiated by
    places = [0] if row.arity < 0 else [k for k in range(len(args)) if not (k < len(whole) and whole[k])]
    statement = r", \quad ".join(_slope(value, args, k, ordinary(row.derivative(k, args, value))) for k in places)
    return Entry(
        DERIVATIVES, row.name, statement, _domain(row), "the chain rule multiplies by it", "the function's definition", "", row.convention
    )


def _slope(value: Node, args: tuple[Node, ...], which: int, slope: Node) -> str:
    bar = rf"\frac{{\partial}}{{\partial {latex(args[which])}}}" if len(args) > 1 else r"\frac{d}{dx}"
    return rf"{bar}\, {latex(value)} = {latex(slope)}"


def _domain(row: Function) -> str:
    limits = [
        f"{low:g} < {name} < {high:g}"
        for name, (low, high) in zip(_ARGUMENTS, row.domain, strict=False)
        if (low, high) != (-inf, inf) and low != high
    ]
    return ", ".join(limits).replace("-inf < ", "").replace(" < inf", "") or "everywhere"


def named(name: str) -> tuple[Entry, ...]:
    """The rules of a name, hyphens and capitals aside."""
    return tuple(e for e in entries() if _plain(e.name) == _plain(name))


def _plain(name: str) -> str:
    return name.lower().replace("-", " ").strip()


def explained(entry: Entry) -> str:
    """One rule in full, for the terminal."""
    return "\n".join([f"{entry.name} ({entry.kind})", "", *_paragraphs(entry)]) + "\n"


def _paragraphs(entry: Entry) -> Iterator[str]:
    yield from _wrapped("", entry.statement)
    for label, words in _labelled(entry):
        yield from _wrapped(f"{label}: ", words)


def _labelled(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "when", entry.condition
    yield "why", entry.reason
    if entry.saves:
        yield "without it", entry.saves
    if entry.convention:
        yield "convention", entry.convention
    yield "source", entry.source


def _wrapped(label: str, words: str) -> list[str]:
    return textwrap.wrap(f"{label}{words}", 100, initial_indent="  ", subsequent_indent="      ", break_long_words=False)


def listed() -> str:
    """All rules, for the terminal."""
    out = []
    for kind, some in _by_kind():
        out += [f"{kind.upper()}", *textwrap.wrap(INTRODUCTION[kind], 100), ""]
        for entry in some:
            out += [entry.name, *_paragraphs(entry), ""]
    return "\n".join(out)


def as_json() -> str:
    """All rules as a JSON list of objects."""
    return json.dumps([asdict(e) for e in entries()], indent=1, ensure_ascii=False) + "\n"


def as_latex() -> str:
    """All rules as a LaTeX fragment: a description list for each kind."""
    out = []
    for kind, some in _by_kind():
        out += [rf"\section*{{{kind.capitalize()}}}", rf"{INTRODUCTION[kind]}", r"\begin{description}"]
        for e in some:
            words = "; ".join(f"{label}: {_text(w)}" for label, w in _labelled(e))
            out.append(rf"  \item[{_text(e.name)}] \( \displaystyle {e.statement} \) \\ {words}")
        out.append(r"\end{description}")
    return "\n".join(out) + "\n"


_IN_TEXT = {"_": r"\_", "|": r"\(|\)", "<": r"\(<\)", ">": r"\(>\)", "^": r"\^{}", "&": r"\&", "%": r"\%", "#": r"\#"}
_SYMBOLS = {"σ": r"\sigma", "√": r"\surd", "²": "^2", "Σ": r"\Sigma", "∞": r"\infty", "·": r"\cdot"}


def _text(words: str) -> str:
    return "".join(_IN_TEXT.get(c) or (rf"\({_SYMBOLS[c]}\)" if c in _SYMBOLS else c) for c in words)


def as_markdown() -> str:
    """The page of rules."""
    out = ["# The rules", "", "Made from the tables by `symback rules --markdown`; `symback explain RULE` prints one of them.", ""]
    for kind, some in _by_kind():
        out += [f"## {kind.capitalize()}", "", INTRODUCTION[kind], ""]
        heads = _columns(kind)
        out += [_cells(heads), _cells(["---"] * len(heads))]
        out += [_cells([_markdown(c) for c in _row(kind, e)]) for e in some]
        out.append("")
    return "\n".join(out).rstrip("\n") + "\n"


def _columns(kind: str) -> Sequence[str]:
    if kind == DERIVATIVES:
        return ("function", "derivative", "where", "convention")
    return (
        ("rule", "statement", "when", "why", "without it", "source") if kind != CALCULUS else ("rule", "statement", "when", "why", "source")
    )


def _row(kind: str, e: Entry) -> Sequence[str]:
    statement = f"${e.statement}$"
    if kind == DERIVATIVES:
        return (f"`{e.name}`", statement, e.condition, e.convention)
    saved = (e.saves,) if kind != CALCULUS else ()
    return (e.name, statement, e.condition, e.reason, *saved, e.source)


def _markdown(cell: str) -> str:
    r"""A cell of a table, in which `|` would end it: in mathematics it is `\vert`."""
    return (
        cell.replace(r"\|", r"\Vert ")
        .replace("|", r"\vert " if cell.startswith("$") else "&#124;")
        .replace("<", "&lt;" if not cell.startswith("$") else "<")
    )


def _cells(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _by_kind() -> Iterator[tuple[str, list[Entry]]]:
    known = entries()
    for kind in INTRODUCTION:
        yield kind, [e for e in known if e.kind == kind]
