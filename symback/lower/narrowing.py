"""Scatters that leave their buffer, over the positions that stay inside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from symback.calculus.affine import affine, linear, never_negative
from symback.calculus.cotangents import Scatter
from symback.core.expr import ONE, ZERO, Node, Op, add, call, index, neg, number, substitute


def narrowed(s: Scatter, sizes: tuple[Node, ...], leaving: Sequence[int]) -> Scatter:
    """The scatter without what goes beyond the axes `leaving`, where the position there is index + number.

    What goes beyond has no place in the buffer: forward reads it nowhere, or gives it a fixed value.
    """
    for axis in leaving:
        form = affine(s.targets[axis])
        if form is None or len(form.indices) != 1 or form.coefficients[form.indices[0]] != ONE or form.constant.op is not Op.NUM:
            continue
        (i,), offset = form.indices, int(form.constant.data)
        beyond = linear(add(i.args[0], number(offset), neg(sizes[axis])))
        if beyond.op is not Op.NUM:
            continue
        before, after = max(-offset, 0), max(int(beyond.data), 0)
        size = add(i.args[0], number(-before - after))
        kept = index(str(i.data), size if never_negative(size) else call("Max", size, ZERO))
        mapping = {i: add(kept, number(before))}
        targets = tuple(linear(substitute(t, mapping)) for t in s.targets)
        s = replace(s, targets=targets, scope=tuple(kept if a is i or a == i else a for a in s.scope), value=substitute(s.value, mapping))
    return s
