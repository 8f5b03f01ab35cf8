"""The forms of expression and how often each is written."""

from __future__ import annotations

from tests.properties import conditions, elementwise, sums, windows
from tests.properties.conditions import position_number
from tests.properties.reading import leaf

FORMS = {
    "leaf": (10, lambda draft, indices, depth: leaf(draft, indices)),
    "sum": (12, elementwise.addition),
    "product": (14, elementwise.product),
    "quotient": (5, elementwise.quotient),
    "smooth": (14, elementwise.smooth),
    "corner": (4, elementwise.corner),
    "root": (3, elementwise.root),
    "power": (3, elementwise.power),
    "log": (3, elementwise.log),
    "extremum": (3, elementwise.extremum),
    "stopped": (1, elementwise.stopped),
    "special": (7, elementwise.special),
    "number": (3, lambda draft, indices, depth: position_number(draft, indices)),
    "reduction": (12, sums.reduction),
    "contraction": (8, sums.contraction),
    "pairwise": (5, sums.pairwise),
    "softmax": (5, sums.softmax),
    "partial": (5, sums.partial),
    "convolution": (3, windows.convolution),
    "transposed": (1, windows.transposed),
    "pool": (2, windows.pool),
    "piecewise": (6, conditions.piecewise),
    "masked": (2, conditions.masked),
    "delta": (1, conditions.delta),
    "guarded": (2, conditions.guarded),
    "ignored": (2, conditions.ignored),
}
"""Weight and writer of each."""
