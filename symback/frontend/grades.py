"""Whether each part of an expression is a truth, a whole number or a float, before it is built."""

from __future__ import annotations

from symback.frontend.scope import Grade, Known, Scope
from symback.frontend.syntax import Form, Syntax
from symback.frontend.vocabulary import PLAIN_REDUCTIONS

_JOINING = frozenset(["Min", "Max", "Abs", "stop_gradient", "relu", "sign"])
_ROUNDING = frozenset(["floor", "ceiling", "round"])


def grade_of_name(name: str, scope: Scope, known: Known) -> Grade | None:
    """The grade of a bare or indexed name; None where it is not known yet."""
    if name in scope.names:
        return known.grades.get(scope.names[name])
    if name in scope.hypers:
        return scope.hyper_grades[name]
    return Grade.FLOAT if name in ("pi", "oo") else Grade.COUNT


def grades(syntax: Syntax, scope: Scope, known: Known) -> dict[int, Grade]:
    """The grade of each node by its `id`. An unknown name (of a recurrence) counts as the least."""
    found: dict[int, Grade] = {}
    stack: list[tuple[Syntax, bool]] = [(syntax, False)]
    while stack:
        s, ready = stack.pop()
        if not ready:
            stack.append((s, True))
            stack.extend((a, False) for a in s.args)
            continue
        found[id(s)] = _grade(s, [found[id(a)] for a in s.args], scope, known)
    return found


def _grade(s: Syntax, parts: list[Grade], scope: Scope, known: Known) -> Grade:
    form = s.form
    if form in (Form.NAME, Form.SUBSCRIPT):
        grade = grade_of_name(s.value, scope, known)
        return Grade.BOOL if grade is None else grade
    if form in (Form.TRUTH, Form.COMPARE, Form.AND, Form.OR, Form.NOT):
        return Grade.BOOL
    if form in (Form.INTEGER, Form.ELLIPSIS):
        return Grade.COUNT
    if form is Form.DECIMAL:
        return Grade.FLOAT
    if form in (Form.SUM, Form.NEGATIVE):
        return max(Grade.COUNT, *parts)
    if form is Form.PRODUCT:
        return Grade.FLOAT if "/" in s.value else max(Grade.COUNT, *parts)
    if form is Form.BINARY:
        return _binary(s, parts)
    if form is Form.TUPLE:
        return parts[0] if parts else Grade.COUNT
    if form is Form.CALL:
        return _call(s, parts)
    return parts[0]


def _binary(s: Syntax, parts: list[Grade]) -> Grade:
    if s.value in ("//", "%"):
        return Grade.INT if Grade.INT in parts else Grade.COUNT
    if s.value == "@":
        return max(Grade.COUNT, *parts)
    exponent = s.args[1]
    if exponent.form is Form.INTEGER or (exponent.form is Form.NAME and parts[1] is Grade.COUNT):
        return max(Grade.COUNT, parts[0])
    return Grade.FLOAT


def _call(s: Syntax, parts: list[Grade]) -> Grade:
    name = s.value
    if name in ("Eq", "Ne"):
        return Grade.BOOL
    if name == "KroneckerDelta":
        return Grade.COUNT
    if name in _ROUNDING:
        return max(Grade.COUNT, parts[0]) if parts and parts[0] is not Grade.FLOAT else Grade.COUNT
    if name in ("Argmax", "Argmin"):
        return Grade.INT
    if name == "Piecewise":
        return max(parts, default=Grade.BOOL)
    if name == "stop_gradient":
        return parts[0] if parts else Grade.FLOAT
    if name in _JOINING:
        return max([Grade.COUNT, *parts])
    if name in PLAIN_REDUCTIONS:
        return max(Grade.COUNT, parts[0]) if parts else Grade.FLOAT
    if name in ("sum", "max"):
        return max(Grade.COUNT, parts[0]) if parts else Grade.FLOAT
    return Grade.FLOAT
