"""Ranges to suggest for an index that has none, from the axes in which it stands beside other things."""

from __future__ import annotations

from dataclasses import replace

from symback.core.diagnostics import LayerError
from symback.core.expr import MINUS_ONE, ZERO, Node, Op, add, dim, neg, substitute, text
from symback.core.sizes import slope_of
from symback.frontend.ranges import Binding, Moved
from symback.frontend.roots import whole_number
from symback.frontend.scope import Known, Scope
from symback.frontend.sizes import at_most, difference, floor_divide, polynomial


def how_to_give_a_range(binding: Binding, scope: Scope, known: Known) -> str:
    """What would mend an index without a range; with the range, where its places in an axis tell it."""
    counts = [_count(binding, place, scope, known) for place in binding.moved]
    narrowest = next((c for c in counts if c is not None and all(d is not None and at_most(c, d) for d in counts)), None)
    if narrowest is None:
        return "let it stand alone in an axis, or give its range under `indices`"
    written = text(narrowest)
    if narrowest.op is Op.CALL and written.startswith("("):
        written = written[1:-1]
    return f"let it stand alone in an axis, or give its range: `indices: {{{binding.name}: {written}}}`"


def _count(binding: Binding, place: Moved, scope: Scope, known: Known) -> Node | None:
    """How many steps from 0 on stay inside the axis; None where that is not seen."""
    shape = known.shapes.get(place.tensor)
    size = shape[place.axis] if shape is not None and place.axis < len(shape) else None
    if size is None or any(b.size is None for b in place.others):
        return None
    names = {b.name: dim(f"{b.name}'") for b in (binding, *place.others)}
    try:
        position = whole_number(place.position, replace(scope, dims={**scope.dims, **names}))
    except LayerError:
        return None
    least = greatest = position
    for b in place.others:
        slope = slope_of(position, names[b.name])
        if slope is None or slope.op is not Op.NUM:
            return None
        ends = (ZERO, add(b.size, MINUS_ONE)) if slope.data > 0 else (add(b.size, MINUS_ONE), ZERO)
        least, greatest = (substitute(p, {names[b.name]: end}) for p, end in zip((least, greatest), ends, strict=True))
    slope = slope_of(position, names[binding.name])
    if slope is None or slope.op is not Op.NUM or slope == ZERO:
        return None
    least, greatest = (substitute(p, {names[binding.name]: ZERO}) for p in (least, greatest))
    above = difference(add(size, MINUS_ONE), greatest)
    if not at_most(ZERO, least) or slope.data < 0 and not at_most(ZERO, above):
        return None
    room, step = (above, slope) if slope.data > 0 else (polynomial(least), neg(slope))
    return floor_divide(add(room, step), step)
