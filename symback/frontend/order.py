"""Definitions in an order of evaluation: what recurs together in one group, what nothing reads left out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from symback.core.expr import Op, walk
from symback.core.program import Definition
from symback.frontend import syntax
from symback.frontend.scope import Entry
from symback.frontend.syntax import Form


def reads_of(definition: Definition) -> list[str]:
    """The names that a definition reads, in order, each once."""
    found: dict[str, None] = {}
    for equation in definition.equations:
        for node in (*equation.lhs, equation.value):
            for n in walk(node):
                if n.op is Op.READ:
                    found.setdefault(n.data)
    return list(found)


def written_reads(entries: Iterable[Entry]) -> dict[str, list[str]]:
    """The names that stand in the lines of each definition, also where the terms that hold them cancel."""
    found: dict[str, list[str]] = {}
    for entry in entries:
        names = (entry.scope.names.get(s.value) for s in syntax.walk(entry.value) if s.form in (Form.NAME, Form.SUBSCRIPT))
        found.setdefault(entry.target, []).extend(n for n in names if n is not None)
    return found


def live(reads: Mapping[str, list[str]], roots: Iterable[str]) -> set[str]:
    """The names that the roots need, of definitions that read these."""
    found: set[str] = set()
    stack = [r for r in roots if r in reads]
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack.extend(n for n in reads[name] if n in reads and n not in found)
    return found


def components(names: list[str], needs: Mapping[str, list[str]]) -> list[list[str]]:
    """The strongly connected components, each after those that it needs, in the order of `names` where free to choose.

    Tarjan's algorithm (SIAM J. Comput. 1, 1972) without recursion.
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    on_stack: set[str] = set()
    stack: list[str] = []
    out: list[list[str]] = []
    position = {n: k for k, n in enumerate(names)}
    for root in names:
        if root in index:
            continue
        work = [(root, iter(needs[root]))]
        index[root] = low[root] = len(index)
        stack.append(root)
        on_stack.add(root)
        while work:
            name, rest = work[-1]
            for following in rest:
                if following not in index:
                    index[following] = low[following] = len(index)
                    stack.append(following)
                    on_stack.add(following)
                    work.append((following, iter(needs[following])))
                    break
                if following in on_stack:
                    low[name] = min(low[name], index[following])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[name])
                if low[name] == index[name]:
                    component = []
                    while True:
                        member = stack.pop()
                        on_stack.discard(member)
                        component.append(member)
                        if member == name:
                            break
                    out.append(sorted(component, key=position.__getitem__))
    return out
