"""The stability rules applied to a program before it is differentiated, and to what the derivation makes."""

from __future__ import annotations

from dataclasses import replace

from symback.core.expr import Node
from symback.core.program import Body, Definition, Equation, Group, Program
from symback.rewrite import (
    cancellation,
    clips,
    cosine,
    exponentials,
    extremes,
    gaussian,
    gradients,
    limits,
    log_sums,
    logarithms,
    logistic,
    means,
    normalised,
    norms,
    overflow,
    rests,
    roots,
    signs,
    vectors,
)
from symback.rewrite.engine import Engine
from symback.rewrite.facts import Context, context_of
from symback.rewrite.rule import Rule, Step

RULES: tuple[Rule, ...] = (
    *vectors.RULES,
    gradients.BEHIND_A_NAME,
    normalised.NAMED,
    *cosine.FORWARD,
    *norms.RULES,
    *roots.RULES,
    *logistic.RULES,
    *gaussian.RULES,
    *exponentials.RULES,
    *cancellation.RULES,
    *logarithms.RULES,
    *rests.RULES,
    *log_sums.RULES,
    *extremes.RULES,
    *clips.RULES,
    *limits.RULES,
    *signs.RULES,
    *overflow.RULES,
)
"""Rules on the natural form, the more special first."""

GRADIENT_RULES: tuple[Rule, ...] = (
    *cosine.GRADIENT,
    *means.RULES,
    *log_sums.RULES,
    *normalised.GRADIENT,
    *rests.GRADIENT,
    *signs.GRADIENT,
    *gradients.RULES,
)
"""Rules on derived expressions."""

_FORWARD, _BACKWARD = Engine(RULES), Engine(GRADIENT_RULES)


def stabilise(body: Body, program: Program) -> tuple[Body, tuple[Step, ...]]:
    """The body with each definition's values in their stable form, and the steps taken.

    Named values are seen through, so that a definition may no longer read what it read; none is dropped.
    """
    ctx = context_of(program)
    groups, log = [], []
    for group in body.groups:
        definitions = []
        for d in group.definitions:
            equations = []
            for e in d.equations:
                value, steps = _FORWARD.rewrite(e.value, ctx, d.name)
                equations.append(Equation(e.lhs, value, e.span))
                log += steps
            definitions.append(replace(d, equations=tuple(equations)))
        groups.append(Group(tuple(definitions), group.recurrent, group.backward, group.steps))
        for d in definitions:
            if _transparent(d, group):
                ctx.values.add(d)
    return replace(body, groups=tuple(groups)), tuple(log)


def _transparent(d: Definition, group: Group) -> bool:
    """Whether a read of the value may be replaced by what it stands for."""
    return not group.recurrent and len(group.definitions) == 1 and len(d.equations) == 1 and d.equations[0].lhs == d.axes


def context_within(body: Body, program: Program) -> Context:
    """What the rules may know of a body whose values are stable already."""
    context = context_of(program)
    for group in body.groups:
        d = group.definitions[0]
        if not group.recurrent and len(d.equations) == 1:
            context.values.add(d)
    return context


def stabilise_gradient(node: Node, context: Context, where: str = "") -> tuple[Node, list[Step]]:
    """A derived expression in its stable form, and the steps taken."""
    return _BACKWARD.rewrite(node, context, where)


__all__ = ["GRADIENT_RULES", "RULES", "Context", "context_within", "stabilise", "stabilise_gradient"]
