"""The declared layer: what a file says, section by section, before any name is looked up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from symback.core.diagnostics import Span
from symback.core.program import Kind, Role, Section
from symback.frontend.syntax import Syntax


@dataclass(frozen=True, slots=True)
class Draw:
    """A written distribution: `constant`, `normal`, `uniform` or `bernoulli`, and its arguments."""

    name: str
    arguments: tuple[Syntax, ...]
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class DeclaredTensor:
    """A line of `inputs`, `params`, `state` or `random`."""

    name: str
    role: Role
    shape: tuple[Syntax, ...]
    kind: Kind = Kind.FLOAT
    values: Syntax | None = None
    also: tuple[int, ...] = ()
    outside: Syntax | None = None
    grad: bool = True
    init: Draw | None = None
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class DeclaredHyperparameter:
    """A line of `hyperparameters`; the default's type is the hyperparameter's."""

    name: str
    default: bool | int | Fraction
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """A line of `dims` or `indices`: a name and an integer expression."""

    name: str
    value: Syntax
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """A line of `where`, `outputs` or `update`. `positions` is None where the left-hand side has no brackets."""

    section: Section
    targets: tuple[str, ...]
    positions: tuple[Syntax, ...] | None
    value: Syntax
    spans: tuple[Span | None, ...] = ()

    @property
    def span(self) -> Span | None:
        return self.spans[0] if self.spans else None


@dataclass(frozen=True, slots=True)
class Mode:
    """What a mode changes: sections that it empties, then lines that it adds or replaces."""

    name: str
    emptied: tuple[str, ...]
    lines: tuple[Line, ...]
    random: tuple[DeclaredTensor, ...] = ()
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """A line of `use`: the name under which another file's layer is called."""

    name: str
    path: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """A name that the file mentions, and where."""

    text: str
    span: Span | None = None


@dataclass(frozen=True, slots=True)
class Layer:
    """A declared layer. `callees` holds the layers that it calls, by the name in the call."""

    name: str
    doc: str = ""
    tensors: tuple[DeclaredTensor, ...] = ()
    hyperparameters: tuple[DeclaredHyperparameter, ...] = ()
    dims: tuple[Named, ...] = ()
    indices: tuple[Named, ...] = ()
    lines: tuple[Line, ...] = ()
    modes: tuple[Mode, ...] = ()
    assume: tuple[Syntax, ...] = ()
    wrt: tuple[Word, ...] | None = None
    uses: tuple[Use, ...] = ()
    check_dims: tuple[tuple[Word, int], ...] = ()
    check_values: tuple[tuple[Word, Draw], ...] = ()
    callees: Mapping[str, Layer] = field(default_factory=dict)
    functions: Mapping[str, object] = field(default_factory=dict)
    span: Span | None = None
    file: str = ""
    source: str = ""

    def to_yaml(self) -> str:
        """The layer file that says what this layer says."""
        return self.source

    def tensor(self, name: str) -> DeclaredTensor | None:
        return next((t for t in self.tensors if t.name == name), None)

    def of_role(self, *roles: Role) -> tuple[DeclaredTensor, ...]:
        return tuple(t for t in self.tensors if t.role in roles)
