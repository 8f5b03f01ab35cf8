"""Numbers that all uses of a cotangent multiply it by: taken into the cotangent, where a smaller factor bears them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial

from symback.calculus.affine import scalar
from symback.calculus.cotangents import BackwardLoop, Cotangent, Stage, map_values
from symback.calculus.facts import Proof, Row
from symback.calculus.rows import SCALED
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, Reduction, add, factors_of, mul, read, terms_of, transform, walk


def with_common_numbers(
    stages: Iterable[Stage], returned: set[str], taken: set[str], log: Callable[[Row, str, Node, Node, Proof], None]
) -> tuple[Stage, ...]:
    """The stages with c·Σ x̄·w and c·Σ x̄·v as sums of one value c·x̄; `log` is told (row, name, before, after, proof) of each change.

    A value that is returned, or read in a loop, keeps its scale, and so does one that would be multiplied element by element.
    """
    out = list(stages)
    for k, c in enumerate(out):
        if not isinstance(c, Cotangent) or c.name in returned or any(c.low) or not _bears(c):
            continue
        factor = _common_number(out[k + 1 :], c.name)
        if factor in (None, ONE, MINUS_ONE):
            continue
        name = f"{c.name}_scaled"
        while name in taken:
            name += "_"
        taken.add(name)
        scatters = tuple(replace(s, value=mul(factor, s.value)) for s in c.scatters)
        out[k] = replace(c, name=name, value=mul(factor, c.value), scatters=scatters)
        proof = ((read(name, *c.axes), mul(factor, read(c.name, *c.axes))),)
        out[k + 1 :] = [map_values(s, _reading(c.name, name, partial(log, SCALED), proof)) for s in out[k + 1 :]]
    return tuple(out)


def _bears(c: Cotangent) -> bool:
    """Whether a number may go to factors that have fewer indices than the cotangent, and than what is added to it."""
    parts = [(c.value, c.axes), *((s.value, s.scope) for s in c.scatters)]
    return all(value == ZERO or any(not scalar(f) and len(f.free) < len(axes) for f in factors_of(value)) for value, axes in parts)


def _common_number(stages: Iterable[Stage], name: str) -> Node | None:
    """The number that multiplies the cotangent wherever it is read; None where these differ, or a loop reads it."""
    found: set[Node | None] = set()
    for stage in stages:
        values: list[Node] = []
        map_values(stage, lambda value, _, values=values: values.append(value) or value)
        reading = [v for v in values if _reads(v, name)]
        if reading and isinstance(stage, BackwardLoop):
            return None
        found |= {_number_of(term, name) for v in reading for term in terms_of(v) if _reads(term, name)}
    return found.pop() if len(found) == 1 else None


def _number_of(term: Node, name: str) -> Node | None:
    """The numbers among the factors of a term that has the cotangent in one other factor, in each of its terms if it is a sum."""
    holding = [f for f in factors_of(term) if _reads(f, name)]
    if len(holding) != 1 or not _is_linear(holding[0]) or not all(_reads(t, name) for t in terms_of(holding[0])):
        return None
    return mul(*(f for f in factors_of(term) if scalar(f)))


def _is_linear(node: Node) -> bool:
    return node.op in (Op.READ, Op.ADD) or (node.op is Op.REDUCE and node.data is Reduction.SUM)


def _reads(node: Node, name: str) -> bool:
    return any(n.op is Op.READ and n.data == name for n in walk(node))


def _renamed(term: Node, step: Callable[[Node], Node | None]) -> Node:
    """A term without its numbers, with the cotangent called otherwise."""
    return transform(mul(*(f for f in factors_of(term) if not scalar(f))), step)


def _reading(name: str, scaled: str, log: Callable[[str, Node, Node, Proof], None], proof: Proof) -> Callable[[Node, str], Node]:
    """What reads the scaled cotangent in place of its multiple."""

    def renamed(n: Node) -> Node | None:
        return read(scaled, *n.args) if n.op is Op.READ and n.data == name else None

    def change(value: Node, subject: str) -> Node:
        if not _reads(value, name):
            return value
        new = add(*(_renamed(t, renamed) if _reads(t, name) else t for t in terms_of(value)))
        log(subject, value, new, proof)
        return new

    return change
