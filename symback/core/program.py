"""A resolved layer: what the front end promises to everything after it.

Names are resolved, calls of other layers inlined, shorthand written out, every index has its size,
and each definition's right-hand side is a `Node` of scalars. Guarantees:

* `[...]` is one dimension, `LEADING`: the product of the leading axes; the generated module reshapes.
* Reductions are those of `expr.Reduction` (SUM PROD MAX MIN ARGMAX ARGMIN). Mean, Var, Norm, Softmax,
  LogSumExp, relu, KroneckerDelta … are written out. A limit of a reduction that does not depend on
  another index has been shifted away, so partial ranges (`low`/`high` other than 0 … size-1) are those
  that depend on an index.
* Booleans used as numbers are `expr.indicator(condition)`. A bool tensor read as a condition is the
  READ itself.
* CALL names: exp log log1p expm1 Abs sign sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh
  sigmoid softplus erf erfc loggamma digamma floor ceiling round Min Max stop_gradient, and for integers
  floordiv mod. Roots are powers. `>`/`>=` are turned round.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction

from symback.core.diagnostics import Span
from symback.core.expr import Node

LEADING = "..."
"""Name of the dimension that stands for all leading axes together."""


class Role(Enum):
    """Where a tensor comes from."""

    INPUT = "input"
    PARAM = "param"
    STATE = "state"
    RANDOM = "random"


class Kind(Enum):
    """What a tensor holds."""

    FLOAT = "float"
    INT = "int"
    BOOL = "bool"


@dataclass(frozen=True, slots=True)
class Distribution:
    """`zeros`, `ones`, a number, `normal(mean, sd)`, `uniform(a, b)`, `bernoulli(p)`; arguments of dims and hyperparameters."""

    name: str  # "constant", "normal", "uniform", "bernoulli"
    arguments: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Tensor:
    """A declared tensor. `shape` has an integer expression an axis; DIM(LEADING) stands first where it has leading axes."""

    name: str
    role: Role
    shape: tuple[Node, ...]
    kind: Kind = Kind.FLOAT
    values: Node | None = None  # INT: elements are 0 … values-1
    also: tuple[int, ...] = ()  # INT: and these
    outside: Node | None = None  # FLOAT: what an index beyond the range reads (ZERO or NEG_INF)
    grad: bool = True
    init: Distribution | None = None  # params and state; RANDOM: what is drawn
    span: Span | None = None

    @property
    def leading(self) -> bool:
        return bool(self.shape) and self.shape[0].data == LEADING


@dataclass(frozen=True, slots=True)
class Hyperparameter:
    """A keyword argument of forward. The default's type decides: bool, int, or Fraction (a float)."""

    name: str
    default: bool | int | Fraction


@dataclass(frozen=True, slots=True)
class Equation:
    """One line `name[lhs] : value`. Each `lhs` entry is an INDEX node, or an index-free integer expression
    (the start of a recurrence, `h[-1, n]`)."""

    lhs: tuple[Node, ...]
    value: Node
    span: Span | None = None


class Section(Enum):
    """Where a definition was written."""

    WHERE = "where"
    OUTPUT = "outputs"
    UPDATE = "update"


@dataclass(frozen=True, slots=True)
class Definition:
    """A named value. `axes` are INDEX nodes (sizes include no start); `equations[-1]` is the general one,
    those before it are starts, which win where they apply. Axis k holds positions `low[k]` … size-1, low ≤ 0."""

    name: str
    section: Section
    axes: tuple[Node, ...]
    equations: tuple[Equation, ...]
    kind: Kind = Kind.FLOAT
    low: tuple[int, ...] = ()
    values: Node | None = None  # INT: elements are 0 … values-1 where known (an Argmax)
    update: str = ""  # UPDATE: the state tensor that it becomes
    high: tuple[int, ...] = ()  # how many positions beyond size-1 starts hold, by axis (a backward recurrence from `h[T, n]`)
    outside: Node | None = None  # what an index beyond the range reads (a value passed to a layer that pads), as in Tensor

    @property
    def value(self) -> Node:
        """The general right-hand side."""
        return self.equations[-1].value


@dataclass(frozen=True, slots=True)
class Group:
    """Definitions in an order of evaluation. More than one, or `recurrent`: they recur together."""

    definitions: tuple[Definition, ...]
    recurrent: bool = False
    backward: tuple[bool, ...] = ()  # recurrent: for each step axis, outermost first, whether it runs from late steps to early ones
    steps: tuple[tuple[int, ...], ...] = ()  # recurrent: for each definition the positions of its step axes, outermost loop first


@dataclass(frozen=True, slots=True)
class Body:
    """What one mode computes. `groups` are in order: each reads only earlier ones (or itself, recurrent)."""

    groups: tuple[Group, ...]
    outputs: tuple[str, ...]
    updates: Mapping[str, str]  # state tensor -> definition that holds its next value
    random: tuple[str, ...]  # what this mode draws

    @property
    def definitions(self) -> tuple[Definition, ...]:
        return tuple(d for g in self.groups for d in g.definitions)


@dataclass(frozen=True, slots=True)
class Program:
    """A resolved layer. The file itself is mode `train`; `bodies` holds it first."""

    name: str
    doc: str
    tensors: tuple[Tensor, ...]  # inputs, params, state, random, each in declared order
    hyperparameters: tuple[Hyperparameter, ...]
    dims: tuple[str, ...]  # plain dimensions, in order of first appearance (LEADING among them)
    derived: tuple[tuple[str, Node], ...]  # derived dimensions, in an order of evaluation
    bodies: Mapping[str, Body]
    wrt: tuple[str, ...]
    assumptions: tuple[Node, ...] = ()  # conditions; free indices mean "for all"
    check_dims: Mapping[str, int] = field(default_factory=dict)
    check_values: Mapping[str, Distribution] = field(default_factory=dict)
    functions: Mapping[str, object] = field(default_factory=dict)  # builder: the user's own functions, by CALL name
    file: str = ""
    digest: str = ""  # sha256 of the source text, hexadecimal
    by_name: Mapping[str, Tensor] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "by_name", {t.name: t for t in self.tensors})

    def tensor(self, name: str) -> Tensor | None:
        return self.by_name.get(name)

    @property
    def names(self) -> set[str]:
        """What the declaration calls its tensors, dimensions and hyperparameters."""
        return {*self.by_name, *self.dims, *(n for n, _ in self.derived), *(h.name for h in self.hyperparameters)}
