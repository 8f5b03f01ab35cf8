"""Sums in a cotangent that are a gradient which is returned anyway, once the stability rules have given them their form."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from symback.calculus.cotangents import Cotangent, Stage, map_values
from symback.calculus.facts import Facts, Row
from symback.calculus.patterns import skeleton
from symback.calculus.rows import FOLD, REFORMED
from symback.calculus.sums import all_pulled_out
from symback.core.expr import Node, Op, Reduction, mul, read, substitute, transform, walk


def reading_returned(stages: Sequence[Stage], returned: set[str], log: Callable[[Row, str, Node, Node], None]) -> list[Stage]:
    """The stages with Σ_n ȳ_n·(u_n·r) read as the gradient r·Σ_n ȳ_n·u_n, which takes the form that the sum has; `log` is told
    (row, name, before, after) of each change."""
    out = list(stages)
    facts = Facts({})
    for k, c in enumerate(out):
        if not isinstance(c, Cotangent) or c.name not in returned or c.scatters or any(c.low) or not _holds_sum(c.value):
            continue
        key, indices = skeleton(c.value)
        for j in range(k + 1, len(out)):
            found = _the_same(out[j], key, facts)
            if found is None:
                continue
            at = dict(zip(found[1], indices, strict=True))
            form = substitute(found[0], at)
            if form.free != set(c.axes):
                continue
            log(REFORMED, c.name, c.value, form)
            out[k] = replace(c, value=form)
            out[j:] = [_with_read(s, form, out[k], log) for s in out[j:]]
            break
    return out


def _holds_sum(value: Node) -> bool:
    return value.op is Op.MUL and any(f.op is Op.REDUCE and f.data is Reduction.SUM for f in value.args)


def _the_same(stage: Stage, key: int, facts: Facts) -> tuple[Node, tuple[Node, ...]] | None:
    """(sum, indices) of a sum in a stage that comes to the value with this key when what it multiplies first is pulled out."""
    if isinstance(stage, Cotangent):
        for n in walk(stage.value):
            if n.op is Op.REDUCE and n.data is Reduction.SUM and any(_is_product(m) for m in walk(n.args[0])):
                plain = all_pulled_out(transform(n, lambda m: mul(*m.args) if _is_product(m) else None), facts)
                found, indices = skeleton(plain)
                if found == key:
                    return n, indices
    return None


def _is_product(node: Node) -> bool:
    return node.op is Op.CALL and node.data == "product"


def _with_read(stage: Stage, form: Node, c: Cotangent, log: Callable[[Row, str, Node, Node], None]) -> Stage:
    key, own = skeleton(form)

    def step(n: Node) -> Node | None:
        if n.op is form.op and n.height == form.height:
            found, indices = skeleton(n)
            if found == key:
                at = dict(zip(own, indices, strict=True))
                return read(c.name, *(at[a] for a in c.axes))
        return None

    def change(value: Node, name: str) -> Node:
        new = transform(value, step, top_down=True)
        if new != value:
            log(FOLD, name, value, new)
        return new

    return map_values(stage, change)
