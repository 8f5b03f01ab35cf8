"""Functions that are pasted into generated modules, read here as text.

The files beside this one are Python modules that symback itself never imports: a compile needs their
text alone, and scipy, which some of them use, is not loaded for it.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


@dataclass(frozen=True, slots=True)
class KernelSource:
    """A function's text; the other kernels that it calls; the import lines that it needs beside NumPy's; whether it writes
    into an array `out` where one is given."""

    name: str
    text: str
    requires: tuple[str, ...]
    imports: tuple[str, ...]
    takes_out: bool


def source(name: str) -> KernelSource:
    """The kernel of this name. Raises: KeyError."""
    return _all()[name]


def names() -> frozenset[str]:
    """The kernels that there are."""
    return frozenset(_all())


def needed(names: list[str]) -> list[KernelSource]:
    """These kernels and those that they call, each once, callees first."""
    ordered: dict[str, KernelSource] = {}

    def visit(name: str) -> None:
        if name not in ordered:
            kernel = source(name)
            for callee in kernel.requires:
                visit(callee)
            ordered.setdefault(name, kernel)

    for name in names:
        visit(name)
    return list(ordered.values())


@cache
def _all() -> Mapping[str, KernelSource]:
    modules = sorted(
        (f for f in files(__name__).iterdir() if f.name.endswith(".py") and f.name != "__init__.py"),
        key=lambda f: f.name,
    )
    texts = [f.read_text("utf-8") for f in modules]
    known = {n.name for text in texts for n in ast.parse(text).body if isinstance(n, ast.FunctionDef)}
    return {k.name: k for text in texts for k in _split(text, known)}


def _split(module: str, known: set[str]) -> list[KernelSource]:
    tree, lines = ast.parse(module), module.splitlines()
    imports = {a.asname or a.name: ast.unparse(n) for n in tree.body if isinstance(n, ast.Import | ast.ImportFrom) for a in n.names}
    kernels = [n for n in tree.body if isinstance(n, ast.FunctionDef)]
    out = []
    for k in kernels:
        used = dict.fromkeys(n.id for n in ast.walk(k) if isinstance(n, ast.Name))
        out.append(
            KernelSource(
                k.name,
                "\n".join(lines[k.lineno - 1 : k.end_lineno]),
                tuple(n for n in used if n in known and n != k.name),
                tuple(imports[n] for n in used if n in imports and n != "np" and n not in known),
                any(a.arg == "out" for a in k.args.args),
            )
        )
    return out
