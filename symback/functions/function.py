"""What symback knows about one scalar function: a row of the table.

A row promises that its derivatives and its spelling hold over its whole domain, in every float dtype;
`tests/functions` compares each with mpmath.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from math import inf

from symback.core.expr import Node, number

Derivative = Callable[[tuple[Node, ...], Node], Node]
"""(arguments, the function's own value) -> the derivative by one argument."""

ZERO_ARGUMENT, ONE_ARGUMENT, TWO_ARGUMENT = number(0), number(1), number(2)


@dataclass(frozen=True, slots=True)
class Ufunc:
    """Spelled as a call of NumPy: `np.exp`, or an operator's name there (`np.maximum`)."""

    name: str


@dataclass(frozen=True, slots=True)
class Expansion:
    """Spelled by simpler functions, whose common parts forward and backward share."""

    build: Callable[..., Node]


@dataclass(frozen=True, slots=True)
class Kernel:
    """Spelled as a call of a function that is pasted into the module: `symback.functions.kernels.source(name)`."""

    name: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Spelled as its argument."""


Spelling = Ufunc | Expansion | Kernel | Identity


@dataclass(frozen=True, slots=True)
class Function:
    """One scalar function.

    name         its name in CALL nodes
    arity        number of arguments; -1 for any number (Min, Max)
    derivatives  one for each argument; () where it has none (integers); for arity -1 one that is
                 given the argument first: see `choice`
    spelling     how it is computed
    cost         passes over one element
    reference    (mpmath, *arguments) -> the exact value
    domain       an open interval for each argument
    range        a closed interval that holds every value
    safe         for each argument what stands for it where the value is not used (a branch not taken); None: leave it
    convention   what is said in the docstring of a module that uses it, where the field does not agree
    latex        with {0}, {1} for the arguments
    """

    name: str
    arity: int
    derivatives: tuple[Derivative, ...]
    spelling: Spelling
    cost: float
    reference: Callable
    latex: str
    domain: tuple[tuple[float, float], ...] = ((-inf, inf),)
    range: tuple[float, float] = (-inf, inf)
    safe: tuple[Node | None, ...] = ()
    convention: str = ""
    notes: str = field(default="")

    @property
    def partial(self) -> bool:
        """Whether it may give NaN, an infinity or a warning for some argument."""
        return any(s is not None for s in self.safe)

    def derivative(self, which: int, args: tuple[Node, ...], value: Node) -> Node:
        """The derivative by argument `which`."""
        if self.arity == -1:
            return self.derivatives[0]((args[which], *args[:which], *args[which + 1 :]), value)
        return self.derivatives[which](args, value)
