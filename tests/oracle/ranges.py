"""Index names renamed apart, and the range of each found from the axes that it stands in alone."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Callable, Iterable, Mapping

from tests.oracle.document import BadLayer, Line, subscripts
from tests.oracle.elements import REDUCTIONS, binders

LEADING = "lead"


def written(name: str) -> str:
    """The author's name of an index that was renamed apart."""
    return name.partition("@")[0]


def leading_names(count: int) -> list[ast.expr]:
    """One index a leading axis."""
    return [ast.Name(f"{LEADING}{k}") for k in range(count)]


def without_ellipsis(entries: Iterable[ast.expr], count: int) -> list[ast.expr]:
    """The entries with `...` replaced by the indices of the leading axes."""
    out: list[ast.expr] = []
    for e in entries:
        out.extend(leading_names(count) if isinstance(e, ast.Constant) and e.value is Ellipsis else [e])
    return out


def renamed_apart(tree: ast.expr, leading: int) -> ast.expr:
    """The expression with `...` written out and every bound index given a name of its own, `i@3`."""
    fresh = itertools.count(1)

    def go(node: ast.AST, names: Mapping[str, str]) -> ast.AST:
        if isinstance(node, ast.Name):
            return ast.Name(names.get(node.id, node.id))
        if isinstance(node, ast.Subscript):
            where = [go(e, names) for e in without_ellipsis(subscripts(node), leading)]
            return ast.Subscript(node.value, ast.Tuple(where)) if where else node.value
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REDUCTIONS:
            return reduction(node, names)
        if isinstance(node, ast.Call):
            args = [go(a, names) for a in node.args]
            return ast.Call(node.func, args, [ast.keyword(k.arg, go(k.value, names)) for k in node.keywords])
        copy = type(node)(**{f: field(getattr(node, f, None), names) for f in node._fields})
        return copy

    def field(value: object, names: Mapping[str, str]) -> object:
        if isinstance(value, list):
            return [field(v, names) for v in value]
        return go(value, names) if isinstance(value, ast.AST) else value

    def reduction(node: ast.Call, names: Mapping[str, str]) -> ast.Call:
        plain = ast.Call(node.func, [node.args[0], *without_ellipsis(node.args[1:], leading)], [])
        bound = binders(plain)
        outer = dict(names)
        own = [ast.keyword("own", ast.Name(names.get(b, b))) for b, _, _ in bound] if node.func.id in ("Softmax", "LogSoftmax") else []
        parts: list[ast.expr] = []
        for b, low, high in reversed(bound):
            new = f"{b}@{next(fresh)}"
            parts.append(ast.Name(new) if low is None else ast.Tuple([ast.Name(new), go(low, outer), go(high, outer)]))
            outer[b] = new
        return ast.Call(node.func, [go(node.args[0], outer), *reversed(parts)], own)

    return go(tree, {})


class _Classes:
    """Union-find over indices and axes; a class has at most one size."""

    def __init__(self) -> None:
        self.parent: dict = {}
        self.sizes: dict = {}

    def find(self, a: object) -> object:
        while self.parent.setdefault(a, a) != a:
            a = self.parent[a]
        return a

    def join(self, a: object, b: object) -> None:
        a, b = self.find(a), self.find(b)
        if a != b:
            self.parent[a] = b
            if a in self.sizes:
                self.settle(b, self.sizes.pop(a))

    def settle(self, a: object, size: int) -> None:
        a = self.find(a)
        if self.sizes.setdefault(a, size) != size:
            raise BadLayer(f"{a}: two sizes, {self.sizes[a]} and {size}")

    def size(self, a: object) -> int | None:
        return self.sizes.get(self.find(a))


def find_ranges(
    lines: list[tuple[Line, tuple[ast.expr, ...], ast.expr]],
    shape_of: Callable[[str], tuple[int, ...] | None],
    declared: Mapping[str, int],
    is_index: Callable[[str], bool],
) -> tuple[list[dict[str, int]], dict[tuple[str, int], int]]:
    """Per line the range of every index by its name, and the size of every axis of the lines' own tensors."""
    classes = _Classes()
    seen: list[list[str]] = []
    for number, (line, left, tree) in enumerate(lines):
        (name,) = line.names
        names: list[str] = []

        def note(n: str, axis: tuple[str, int], number: int = number, names: list[str] = names) -> None:
            shape = shape_of(axis[0])
            if shape is not None and axis[1] >= len(shape):
                raise BadLayer(f"{axis[0]} has {len(shape)} axes")
            if shape is not None:
                classes.settle(axis, shape[axis[1]])
            if written(n) in declared:
                return
            names.append(n)
            classes.join((number, n), axis)

        for k, entry in enumerate(left):
            if isinstance(entry, ast.Name) and is_index(entry.id):
                names.append(entry.id)
                if entry.id in declared:
                    classes.settle((name, k), declared[entry.id])
                else:
                    note(entry.id, (name, k))
        limited = {b for node in ast.walk(tree) if _is_reduction(node) for b, low, _ in binders(node) if low is not None}
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript):
                for k, entry in enumerate(subscripts(node)):
                    if isinstance(entry, ast.Name) and is_index(written(entry.id)) and entry.id not in limited:
                        note(entry.id, (node.value.id, k))
            elif _is_reduction(node):
                for (b, low, _), own in itertools.zip_longest(binders(node), node.keywords):
                    names.extend([b] if low is None else [])
                    if own is not None and low is None and written(b) not in declared:
                        classes.join((number, b), (number, own.value.id))
        seen.append(names)
    ranges = [_line_ranges(number, names, classes, declared) for number, names in enumerate(seen)]
    axes = {}
    for line, left, _ in lines:
        for k in range(len(left)):
            size = classes.size((line.names[0], k))
            if size is not None:
                axes[line.names[0], k] = size
    return ranges, axes


def _is_reduction(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in REDUCTIONS


def _line_ranges(number: int, names: list[str], classes: _Classes, declared: Mapping[str, int]) -> dict[str, int]:
    out = {}
    by_author: dict[str, int] = {}
    for n in names:
        size = declared.get(written(n), classes.size((number, n)))
        if size is not None:
            out[n] = size
            by_author.setdefault(written(n), size)
    for n in names:
        if n not in out and written(n) in by_author:
            out[n] = by_author[written(n)]
            classes.settle((number, n), out[n])
    return out
