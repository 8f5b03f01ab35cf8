"""A rewriting rule is a row: what it states, when it holds, why it is wanted, and an example that tests it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symback.core.expr import Node, Op
from symback.rewrite.facts import Context

Rewrite = Callable[[Node, Context], Node | None]
"""The better form of a node whose parts are done, or None."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of a table.

    name       unique
    statement  LaTeX
    condition  when it applies, in words
    reason     what goes wrong without it
    reference  where it comes from
    saves      the range that it saves
    heads      kinds of node that it looks at
    example    (before, after)
    """

    name: str
    statement: str
    condition: str
    reason: str
    reference: str
    saves: str
    heads: tuple[Op, ...]
    rewrite: Rewrite
    example: tuple[Node, Node]


@dataclass(frozen=True, slots=True)
class Step:
    """One application of a rule: in the definition `where`, `before` became `after`."""

    rule: str
    before: Node
    after: Node
    where: str
