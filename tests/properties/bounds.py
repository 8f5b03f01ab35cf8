"""Expressions whose values lie where a function needs them: `positive` above 0.1 or so, `bounded` within (-1, 1)."""

from __future__ import annotations

from tests.properties.draft import POSITIVE, UNIT, Draft, Indices, atom, bind
from tests.properties.reading import leaf


def positive(draft: Draft, indices: Indices, depth: int) -> str:
    """An expression above zero."""
    c = draft.choices
    if depth <= 0:
        return leaf(draft, indices, POSITIVE) if c.chance(60) else f"({leaf(draft, indices)}**2 + 0.5)"
    kind = c.integer(0, 9)
    inside = lambda: draft.expression(indices, depth - 1)  # noqa: E731
    match kind:
        case 0:
            return f"exp({bounded(draft, indices, depth - 1)})"
        case 1:
            return f"(softplus({inside()}) + 0.1)"
        case 2:
            return f"({atom(inside())}**2 + 0.5)"
        case 3:
            return f"(1 + Abs({inside()}))"
        case 4:
            return f"sqrt({positive(draft, indices, depth - 1)})"
        case 5:
            return f"{atom(positive(draft, indices, depth - 1))}*{atom(positive(draft, indices, depth - 1))}"
        case 6:
            return f"({positive(draft, indices, depth - 1)} + {positive(draft, indices, depth - 1)})"
        case 7:
            names, inner = bind(draft, indices)
            return f"{c.of(['Mean', 'Amax', 'Sum'])}({positive(draft, inner, depth - 1)}, {names[0]})"
        case 8:
            names, inner = bind(draft, indices)
            return f"(Var({draft.expression(inner, depth - 1)}, {names[0]}) + 0.1)"
        case _:
            return leaf(draft, indices, POSITIVE)


def bounded(draft: Draft, indices: Indices, depth: int) -> str:
    """An expression within (-1, 1)."""
    c = draft.choices
    if depth <= 0:
        return leaf(draft, indices, UNIT) if c.chance(50) else f"tanh({leaf(draft, indices)})"
    inside = draft.expression(indices, depth - 1)
    return c.of(
        [
            f"tanh({inside})",
            f"(0.9*sin({inside}))",
            f"(sigmoid({inside}) - 0.5)",
            f"(0.9*erf({inside}))",
            f"({atom(inside)}/(1 + {atom(inside)}**2))",
        ]
    )
