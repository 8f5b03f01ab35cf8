"""From what the sweep gives to what an expert would have found: rows of rules, applied to a fixed point and logged."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import islice

from symback.calculus.adjoint import Adjoint
from symback.calculus.affine import inside, scalar
from symback.calculus.cotangents import BackwardLoop, Cotangent, Scatter, Stage, map_values
from symback.calculus.facts import Applied, Facts, Row
from symback.calculus.folding import as_multiple
from symback.calculus.rows import FOLD, INLINE, LAST_ROWS, ROWS
from symback.core.expr import (
    BIT,
    ZERO,
    Node,
    Op,
    Reduction,
    add,
    branches,
    mul,
    opened,
    piecewise,
    same,
    split_coefficient,
    substitute,
    total,
    transform,
    walk,
)
from symback.core.program import Body, Program

LARGEST_INLINED = 400
"""Parts of the largest cotangent that is put into its only use instead of being named."""


def simplified(adjoint: Adjoint, body: Body, program: Program) -> tuple[Adjoint, tuple[Applied, ...]]:
    """The adjoint with each cotangent in its final form, single-use cotangents put into their use, unused ones dropped."""
    facts = Facts({d.name: d for g in body.groups if not g.recurrent for d in g.definitions})
    facts.padded = {t.name: t.shape for t in program.tensors if t.outside == ZERO}
    facts.derived = dict(program.derived)
    facts.labels = {t.name: t.values for t in program.tensors if t.values is not None and not t.also}
    facts.upstream = {*adjoint.upstream.values(), *(s.name for s in adjoint.stages if isinstance(s, Cotangent))}
    for g in body.groups:
        if not g.recurrent:
            for d in g.definitions:
                if len(d.equations) == 1:
                    facts.known.add(d.name, d.axes, d.value)
    facts.conditions = frozenset(n for d in body.definitions for e in d.equations for n in walk(e.value) if n.op is Op.COMPARE)
    log: list[Applied] = []
    stages = _small_gradients_first(list(adjoint.stages), adjoint)
    uses = _uses(stages)
    readers = _readers(stages)
    beyond = _read_beyond(stages)
    returned = set(adjoint.gradients.values())
    out: list[Stage] = []
    inlined: dict[str, Cotangent] = {}
    for stage in stages:
        if isinstance(stage, BackwardLoop):
            out.append(_loop(stage, facts, inlined, log))
            continue
        stage = _tidy(_inline(stage, inlined, log), facts, log)
        last = _read_once_here(stage, facts, readers, {*returned, *beyond})
        stage = _tidy(_inline(stage, last, log), facts, log) if last else stage
        small = uses.get(stage.name, 0) == 1 or stage.value == ZERO or _trivial(stage.value) or _rescaled(stage)
        small = small and (stage.value == ZERO or stage.name not in beyond)
        if small and not stage.scatters and stage.name not in returned and not any(stage.low) and not _large(stage.value):
            inlined[stage.name] = stage
            continue
        facts.cotangents[stage.name] = stage
        if not stage.scatters and not any(stage.low):
            facts.known.add(stage.name, stage.axes, stage.value)
            multiple = as_multiple(stage.value, facts)
            if multiple is not None:
                facts.known.add_multiple(stage.name, stage.axes, *multiple)
        out.append(stage)
    gradients = dict(adjoint.gradients)
    return replace(adjoint, stages=tuple(_live(out, set(gradients.values()))), gradients=gradients), tuple(log)


def _large(value: Node) -> bool:
    """Whether it is too much to put into another expression: a chain of values that are used once would become one expression."""
    return sum(1 for _ in islice(walk(value), LARGEST_INLINED)) == LARGEST_INLINED


def _trivial(value: Node) -> bool:
    """A read, perhaps scaled, or the same for all indices: naming it would only give a second name."""
    _, rest = split_coefficient(value)
    return rest.op is Op.READ or not value.free


def _rescaled(c: Cotangent) -> bool:
    """A read times reads of fewer indices, dy[n, c]·γ[c]: in a sum over the others these are a common factor."""
    factors = c.value.args if c.value.op is Op.MUL else ()
    reads = [f for f in factors if f.op is Op.READ]
    wide = [f for f in reads if set(f.args) == set(c.axes)]
    return len(reads) == len([f for f in factors if not scalar(f)]) and len(wide) == 1 and len(reads) > 1


def _small_gradients_first(stages: list[Stage], adjoint: Adjoint) -> list[Stage]:
    """The gradients that are returned, of fewest indices first: sums that others hold too are found in them."""
    returned = set(adjoint.gradients.values())
    last = [s for s in stages if isinstance(s, Cotangent) and s.name in returned]
    if stages[len(stages) - len(last) :] != last:
        return stages
    return [*stages[: len(stages) - len(last)], *sorted(last, key=lambda s: len(s.axes))]


def _stage_nodes(stage: Stage) -> list[Node]:
    if isinstance(stage, Cotangent):
        return [stage.value, *(n for s in stage.scatters for n in (s.value, *s.targets))]
    return [n for s in stage.steps for n in (*_stage_nodes(s.start), s.local, *(m for _, p in s.pushes for m in (p.value, *p.targets)))]


def _uses(stages: list[Stage]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for stage in stages:
        for value in _stage_nodes(stage):
            for name in _read_names(value):
                counts[name] = counts.get(name, 0) + 1
    return counts


def _readers(stages: list[Stage]) -> dict[str, int]:
    """How many stages read each cotangent."""
    counts: dict[str, int] = {}
    for stage in stages:
        for name in {n: None for value in _stage_nodes(stage) for n in _read_names(value)}:
            counts[name] = counts.get(name, 0) + 1
    return counts


def _read_once_here(stage: Cotangent, facts: Facts, readers: Mapping[str, int], kept: set[str]) -> dict[str, Cotangent]:
    """Named cotangents that only this one reads, and of which its final form reads one element."""
    names = [n for value in _stage_nodes(stage) for n in _read_names(value)]
    found = {}
    for name in names:
        c = facts.cotangents.get(name) if name not in kept else None
        if (
            c is not None
            and names.count(name) == 1
            and readers.get(name) == 1
            and not c.scatters
            and not any(c.low)
            and not _large(c.value)
        ):
            found[name] = c
    return found


def _read_beyond(stages: list[Stage]) -> set[str]:
    """Cotangents that are read at positions not proved to be within their axes: there they are 0, and their expressions are not."""
    axes = {s.name: s.axes for s in stages if isinstance(s, Cotangent)}
    out: set[str] = set()
    for stage in stages:
        for value in _stage_nodes(stage):
            for n in walk(value):
                if n.op is Op.READ and n.data in axes and not all(inside(a, i.args[0]) for a, i in zip(n.args, axes[n.data], strict=True)):
                    out.add(str(n.data))
    return out


def _read_names(value: Node) -> list[str]:
    """Names of the distinct reads in an expression, one for each."""
    return [str(n.data) for n in walk(value) if n.op is Op.READ]


def _inline(c: Cotangent, inlined: Mapping[str, Cotangent], log: list[Applied]) -> Cotangent:
    return map_values(c, lambda value, name: _put_in(value, inlined, name, log)) if inlined else c


def _put_in(value: Node, inlined: Mapping[str, Cotangent], subject: str, log: list[Applied]) -> Node:
    """The value with cotangents of one use put in; each is a step."""
    if not any(name in inlined for name in _read_names(value)):
        return value

    def step(n: Node) -> Node | None:
        if n.op is Op.READ and str(n.data) in inlined:
            c = inlined[str(n.data)]
            return substitute(c.value, dict(zip(c.axes, n.args, strict=True)))
        return None

    new = transform(value, step, top_down=True)
    log.append(Applied(INLINE, subject, value, new))
    return new


def _tidy(c: Cotangent, facts: Facts, log: list[Applied]) -> Cotangent:
    value = tidy(c.value, facts, c.name, log)
    scatters = tuple(replace(s, value=tidy(s.value, facts, c.name, log)) for s in c.scatters)
    return replace(c, value=value, scatters=_met(tuple(s for s in scatters if s.value != ZERO)))


def _met(scatters: tuple[Scatter, ...]) -> tuple[Scatter, ...]:
    """The scatters, those to the same places as one."""
    out: list[Scatter] = []
    for s in scatters:
        for k, known in enumerate(out):
            called = dict(zip(s.scope, known.scope, strict=False))
            alike = [i.args for i in s.scope] == [i.args for i in known.scope]
            if alike and tuple(substitute(t, called) for t in s.targets) == known.targets:
                out[k] = replace(known, value=add(known.value, substitute(s.value, called)))
                break
        else:
            out.append(s)
    return tuple(out)


def tidy(value: Node, facts: Facts, subject: str, log: list[Applied]) -> Node:
    """The expression rewritten by the rows until none applies."""
    quiet: dict[str, set[int]] = {row.name: set() for row in (*ROWS, *LAST_ROWS)}
    for _ in range(12):
        before = value
        for row in ROWS:
            value = _rewritten(value, row, facts, subject, log, quiet[row.name])
        if value == before:
            break
    for row in LAST_ROWS:
        value = _rewritten(value, row, facts, subject, log, quiet[row.name])
    return value


def _rewritten(value: Node, row: Row, facts: Facts, subject: str, log: list[Applied], quiet: set[int]) -> Node:
    """The value with a row applied to its parts; `quiet`: digests of parts to which the row is known not to apply."""

    def step(n: Node) -> Node | None:
        got = row.rewrite(n, facts)
        if got is None or got == n:
            return None
        log.append(Applied(row, subject, n, got, row.proof(n, facts)))
        return got

    if row is FOLD:
        return transform(value, step, quiet=quiet, entered=facts.known.occurs_in)
    return _outside_functions(value, step, quiet, sum(BIT[op] for op in row.heads))


def _outside_functions(value: Node, step: Callable[[Node], Node | None], quiet: set[int], heads: int) -> Node:
    """Rewrite nodes of the kinds `heads` bottom-up, but not what stands inside a function, a power or a condition: forward has
    that in the same form, and shares it."""
    if not value.outer & heads or value.digest in quiet:
        return value
    out = value
    if value.op is Op.REDUCE:
        if value.data is Reduction.SUM and value.args[0].outer & heads:
            body, binders = opened(value)
            changed = _outside_functions(body, step, quiet, heads)
            if changed is not body:
                out = total(changed, *binders)
    elif value.op is Op.PIECEWISE:
        pairs = [(_outside_functions(v, step, quiet, heads), c) for v, c in branches(value)]
        if any(a is not b for (a, _), (b, _) in zip(pairs, branches(value), strict=True)):
            out = piecewise(*pairs)
    elif value.op is Op.ADD or value.op is Op.MUL:
        args = [_outside_functions(a, step, quiet, heads) for a in value.args]
        if not same(args, value.args):
            out = add(*args) if value.op is Op.ADD else mul(*args)
    got = step(out) if BIT[out.op] & heads else None
    if got is None and out is value:
        quiet.add(value.digest)
    return out if got is None else got


def _loop(loop: BackwardLoop, facts: Facts, inlined: Mapping[str, Cotangent], log: list[Applied]) -> BackwardLoop:
    return map_values(loop, lambda value, name: tidy(_put_in(value, inlined, name, log), facts, name, log))


def _live(stages: list[Stage], wanted: set[str]) -> list[Stage]:
    kept: list[Stage] = []
    wanted = set(wanted)
    for stage in reversed(stages):
        names = {s.start.name for s in stage.steps} if isinstance(stage, BackwardLoop) else {stage.name}
        if names & wanted:
            kept.append(stage)
            for value in _stage_nodes(stage):
                wanted.update(_read_names(value))
    return list(reversed(kept))
