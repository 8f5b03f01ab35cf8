"""Whether each definition holds truths, integers or floats, by a fixed point over the lines; numbers that its kind cannot hold."""

from __future__ import annotations

from collections import deque

from symback.core.diagnostics import Span
from symback.core.expr import BEYOND_FLOATS, BEYOND_INTEGERS, Node, Op
from symback.core.expr import walk as nodes
from symback.core.program import Kind
from symback.frontend.faults import stop
from symback.frontend.grades import grades
from symback.frontend.scope import Entry, Grade, Known
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import REDUCTIONS


def settle_grades(entries: list[Entry], known: Known) -> None:
    """Record the grade of every definition in `known`.

    A count (made of indices and dimensions only) is an integer where it stands in brackets or limits,
    directly or through other counts, and a float elsewhere.
    """
    readers: dict[str, list[Entry]] = {}
    for e in entries:
        for name in names_read(e):
            readers.setdefault(name, []).append(e)
    queue = deque(entries)
    while queue:
        e = queue.popleft()
        grade = grades(e.value, e.scope, known)[id(e.value)]
        before = known.grades.get(e.target)
        if before is None or grade > before:
            known.grades[e.target] = grade
            queue.extend(readers.get(e.target, ()))
    _settle_counts(entries, known)


def names_read(e: Entry) -> list[str]:
    """The tensors and definitions that a line reads, each once."""
    return list(
        dict.fromkeys(e.scope.names[s.value] for s in walk(e.value) if s.form in (Form.NAME, Form.SUBSCRIPT) and s.value in e.scope.names)
    )


def _settle_counts(entries: list[Entry], known: Known) -> None:
    counts = {e.target for e in entries if known.grades[e.target] is Grade.COUNT}
    if not counts:
        return
    by_target: dict[str, list[Entry]] = {}
    for e in entries:
        by_target.setdefault(e.target, []).append(e)
    stack = [name for e in entries for name in _positions(e) if name in counts]
    whole: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in whole:
            whole.add(name)
            stack.extend(n for e in by_target[name] for n in names_read(e) if n in counts)
    for name in counts:
        known.grades[name] = Grade.INT if name in whole else Grade.FLOAT
    floats = deque(e for e in entries if known.grades[e.target] is not Grade.FLOAT)
    while floats:
        e = floats.popleft()
        if (
            e.target not in whole
            and grades(e.value, e.scope, known)[id(e.value)] is Grade.FLOAT
            and known.grades[e.target] is not Grade.FLOAT
        ):
            known.grades[e.target] = Grade.FLOAT
            floats.extend(r for r in entries if e.target in names_read(r) and known.grades[r.target] is not Grade.FLOAT)


def _positions(e: Entry) -> list[str]:
    """The names that a line reads where a whole number must stand."""
    found: list[str] = []
    for s in walk(e.value):
        places: tuple[Syntax, ...] = ()
        if s.form is Form.SUBSCRIPT:
            places = s.args
        elif s.form is Form.BINARY and s.value in ("//", "%"):
            places = s.args
        elif s.form is Form.CALL and s.value in REDUCTIONS:
            places = tuple(limit for a in s.args[1:] if a.form is Form.TUPLE for limit in a.args[1:])
        for place in places:
            found.extend(e.scope.names[p.value] for p in walk(place) if p.form in (Form.NAME, Form.SUBSCRIPT) and p.value in e.scope.names)
    return found


def check_numbers(value: Node, kind: Kind, span: Span | None) -> None:
    """Raise LayerError where a number in the value of a definition is beyond every type of its kind."""
    limit, held = (BEYOND_INTEGERS, "integer") if kind is Kind.INT else (BEYOND_FLOATS, "float")
    if any(n.op is Op.NUM and abs(n.data) >= limit for n in nodes(value)):
        stop("E306", f"a number in this line is beyond every {held} type", span, "no dtype can hold it")
