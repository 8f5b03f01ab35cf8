"""The derivation as a reader follows it: for each gradient what the reverse sweep gave, the steps, and the final form."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from symback.calculus.derive import Derivation, DerivationStep
from symback.calculus.rows import INLINE
from symback.core.expr import Node
from symback.functions.ordinary import ordinary
from symback.report.formulas import Formula, backward_formulas, of_mode, presentable


@dataclass(frozen=True, slots=True)
class Shown:
    """A step with letters for the indices that were made on the way. `times`: how often it was taken in the same form."""

    rule: str
    statement: str
    reason: str
    before: Node
    after: Node
    proof: tuple[tuple[Node, Node], ...]
    times: int = 1


@dataclass(frozen=True, slots=True)
class Chapter:
    """How one value came to its form. `first`: what the sweep gave, None for a value of forward; `last`: None where nothing of it is
    left, since it was put into its only use or is 0."""

    name: str
    first: Formula | None
    steps: tuple[Shown, ...]
    last: Formula | None


def chapters(derivation: Derivation) -> Iterator[Chapter]:
    """The values that steps changed and the gradients that are returned: those of forward first, then in the order of the sweep."""
    steps: dict[str, list[DerivationStep]] = {}
    for step in derivation.steps:
        steps.setdefault(step.subject, []).append(step)
    swept = {f.key: f for f in backward_formulas(replace(derivation, adjoint=derivation.swept))}
    final = {f.key: f for f in of_mode(derivation).backward}
    reached = {f.key: f.value for f in backward_formulas(derivation)}
    returned = set(derivation.adjoint.gradients.values()) if derivation.adjoint is not None else set()
    for name in (n for n in steps if n not in swept):
        yield Chapter(name, None, tuple(_shown(steps[name])), None)
    for name, first in swept.items():
        if name in steps or name in returned:
            taken = _without_detour(steps.get(name, []), reached.get(name))
            yield Chapter(name, first, tuple(_shown(taken)), final.get(name))


def _without_detour(steps: list[DerivationStep], last: Node | None) -> list[DerivationStep]:
    """The steps up to the first put-in that only leads back to the form it starts from: what it puts in is folded into its name again."""
    back = (k for k, step in enumerate(steps) if step.rule == INLINE.name and ordinary(step.before) == last)
    return steps[: next(back, len(steps))]


def _shown(steps: list[DerivationStep]) -> Iterator[Shown]:
    """The steps in order, each form once, at its first place."""
    found: dict[tuple[str, Node, Node], Shown] = {}
    for step in steps:
        written = [ordinary(step.before), ordinary(step.after)]
        if written[0] == written[1]:
            written = [step.before, step.after]  # a step from one of the machine's functions to another
        before, after, *sides = presentable(*written, *(side for pair in step.proof for side in pair))
        proof = tuple(zip(sides[::2], sides[1::2], strict=True))
        known = found.get((step.rule, before, after))
        again = (
            Shown(step.rule, step.statement, step.reason, before, after, proof) if known is None else replace(known, times=known.times + 1)
        )
        found[step.rule, before, after] = again
    yield from found.values()
