"""What the rules of the calculus are, and what they may use."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from symback.calculus.cotangents import Cotangent
from symback.calculus.patterns import Library
from symback.core.expr import Node, Op, substitute
from symback.core.program import Definition

Proof = tuple[tuple[Node, Node], ...]
"""Equations, left side and right side."""


@dataclass(frozen=True, slots=True)
class Row:
    """One rule of the calculus.

    name       unique
    statement  LaTeX
    reason     why it holds
    rewrite    the other form, None where it is not applicable
    heads      kinds of node that it looks at
    proof      for a node that it rewrites, the equations that prove the step where its reason alone does not
    condition  when it applies, in words
    reference  where it comes from
    """

    name: str
    statement: str
    reason: str
    rewrite: Callable[[Node, Facts], Node | None]
    heads: tuple[Op, ...] = tuple(Op)
    proof: Callable[[Node, Facts], Proof] = lambda node, facts: ()
    condition: str = "always"
    reference: str = "algebra"


@dataclass(frozen=True, slots=True)
class Applied:
    """One application of a row."""

    row: Row
    subject: str
    before: Node
    after: Node
    proof: Proof = ()


@dataclass(slots=True)
class Facts:
    """What may be used: definitions (of forward values and of cotangents so far) and where they can be folded in.

    definitions  values of forward that no recurrence holds, each after those that it reads
    order        their places among them
    padded       tensors that read 0 outside their range, with their shapes
    derived      derived dimensions by name, as the declaration defines them
    labels       integer tensors whose elements are all within an axis, with its size
    upstream     names of cotangents, the outputs' own among them
    conditions   those that forward asks
    symmetric    matrices by name, whether each is its own transpose, as far as was asked
    """

    definitions: Mapping[str, Definition]
    cotangents: dict[str, Cotangent] = field(default_factory=dict)
    known: Library = field(default_factory=Library)
    padded: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)
    derived: Mapping[str, Node] = field(default_factory=dict)
    labels: Mapping[str, Node] = field(default_factory=dict)
    upstream: set[str] = field(default_factory=set)
    conditions: frozenset[Node] = frozenset()
    symmetric: dict[str, bool] = field(default_factory=dict)
    order: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        self.order = {name: k for k, name in enumerate(self.definitions)}

    def defined(self, name: str) -> Definition | None:
        """The definition of a value of forward by one equation."""
        d = self.definitions.get(name)
        return d if d is not None and len(d.equations) == 1 else None

    def unfolded(self, node: Node) -> Node | None:
        """The definition of a READ with its indices put in; None for tensors, recurrences and scattered values."""
        d = self.defined(str(node.data))
        if d is not None:
            return substitute(d.value, dict(zip(d.axes, node.args, strict=True)))
        c = self.cotangents.get(str(node.data))
        if c is not None and not c.scatters:
            return substitute(c.value, dict(zip(c.axes, node.args, strict=True)))
        return None
