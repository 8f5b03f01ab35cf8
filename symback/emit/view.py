"""What a template lays out: a module as plain strings."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TupleView:
    """A NamedTuple class."""

    name: str
    doc: str
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class FunctionView:
    """A function: its signature as lines, its docstring as lines, its body."""

    signature: tuple[str, ...]
    doc: tuple[str, ...]
    body: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModuleView:
    """A generated module, part by part; `called`: the names of its helpers."""

    header: tuple[str, ...]
    docstring: tuple[str, ...]
    imports: tuple[tuple[str, ...], ...]
    tuples: tuple[TupleView, ...]
    functions: tuple[FunctionView, ...]
    formulas: tuple[tuple[str, str], ...]
    helpers: tuple[str, ...]
    called: tuple[str, ...] = ()
