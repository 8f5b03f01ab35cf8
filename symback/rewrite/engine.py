"""Applies rules bottom-up, at each node until none applies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from symback.core.diagnostics import InternalFault
from symback.core.expr import Node, Op, Reduction, opened, rebuilt, reduction, same, with_hint
from symback.rewrite.facts import Context
from symback.rewrite.rule import Rule, Step

MOST_STEPS = 60
"""Rules that may apply to one node in turn; more is a cycle of rules."""


class Engine:
    """A table of rules, by the kind of node that each looks at."""

    def __init__(self, rules: Sequence[Rule]):
        self.by_head: Mapping[Op, tuple[Rule, ...]] = {op: tuple(r for r in rules if op in r.heads) for op in Op}

    def rewrite(self, node: Node, ctx: Context, where: str = "") -> tuple[Node, list[Step]]:
        """The node rewritten, and the steps in order."""
        steps: list[Step] = []
        memo: dict[tuple[int, bool], Node] = {}
        return self._go(node, ctx, where, steps, memo), steps

    def _go(self, node: Node, ctx: Context, where: str, steps: list[Step], memo: dict) -> Node:
        key = (node.digest, ctx.summed)
        if key not in memo:
            memo[key] = self._at(self._parts(node, ctx, where, steps, memo), ctx, where, steps, memo)
        return memo[key]

    def _parts(self, node: Node, ctx: Context, where: str, steps: list[Step], memo: dict) -> Node:
        if node.op is Op.REDUCE:
            body, binders = opened(node)
            inner = ctx.within_sum() if node.data is Reduction.SUM else ctx
            new = self._go(body, inner, where, steps, memo)
            if new is body:
                return node
            return with_hint(reduction(node.data, new, binders), node)
        if not node.args or node.op in (Op.INDEX, Op.READ):
            return node
        args = tuple([self._go(a, ctx, where, steps, memo) for a in node.args])
        if same(args, node.args):
            return node
        made = rebuilt(node, args)
        return self._parts(made, ctx, where, steps, memo) if made.op is not node.op else made

    def _at(self, node: Node, ctx: Context, where: str, steps: list[Step], memo: dict) -> Node:
        for _ in range(MOST_STEPS):
            step = self._first(node, ctx, where)
            if step is None:
                return node
            steps.append(step)
            node = self._parts(step.after, ctx, where, steps, memo)
        raise InternalFault(f"stability rules do not end at {node}")

    def _first(self, node: Node, ctx: Context, where: str) -> Step | None:
        for rule in self.by_head[node.op]:
            after = rule.rewrite(node, ctx)
            if after is not None and after != node:
                return Step(rule.name, node, after, where)
        return None
