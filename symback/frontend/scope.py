"""What a name means where a line is read: in the file itself, or in a file that is called.

A called layer is not copied: its lines are read in a scope of their own, in which its tensors are the
caller's, its dimensions are the sizes found there, and its hyperparameters are what the call passes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from symback.core.diagnostics import Span
from symback.core.expr import Node
from symback.core.program import Kind, Role, Section, Tensor
from symback.frontend.layer import Layer, Line
from symback.frontend.syntax import Syntax


class Grade(IntEnum):
    """What an expression yields; a sum has the greatest grade of its terms."""

    BOOL = 0
    COUNT = 1  # whole, made of literals, indices, dimensions, hyperparameters: a float where it is a value
    INT = 2  # whole, made of integer tensors or positions of extrema
    FLOAT = 3


GRADE_OF_KIND = {Kind.BOOL: Grade.BOOL, Kind.INT: Grade.INT, Kind.FLOAT: Grade.FLOAT}


@dataclass(frozen=True, slots=True)
class Scope:
    """The meaning of names. `names` gives the program's name of a tensor or definition; `leading` the sizes that `...` stands for."""

    layer: Layer
    mode: str
    names: Mapping[str, str]
    dims: Mapping[str, Node]
    hypers: Mapping[str, Node]
    hyper_grades: Mapping[str, Grade]
    indices: Mapping[str, Node]
    leading: tuple[Node, ...] | None
    prefix: str = ""
    depth: int = 0
    called_from: Span | None = None

    def is_index(self, name: str) -> bool:
        return not (name in self.names or name in self.dims or name in self.hypers or name in ("pi", "oo"))


@dataclass(slots=True)
class Entry:
    """A line on its way to an equation: where it is read, and the program's name of what it defines."""

    scope: Scope
    line: Line
    target: str
    section: Section
    positions: tuple[Syntax, ...] | None
    value: Syntax
    span: Span | None
    update: str = ""


@dataclass(slots=True)
class Known:
    """What is known so far of the values of one mode, by the program's names."""

    shapes: dict[str, list[Node | None]] = field(default_factory=dict)
    places: dict[str, Span | None] = field(default_factory=dict)
    grades: dict[str, Grade] = field(default_factory=dict)
    tensors: dict[str, Tensor] = field(default_factory=dict)
    outside: dict[str, Node] = field(default_factory=dict)
    derived: dict[str, Node] = field(default_factory=dict)  # derived dimension -> in plain ones

    def role(self, name: str) -> Role | None:
        tensor = self.tensors.get(name)
        return tensor.role if tensor else None
