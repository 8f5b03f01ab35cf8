"""Numbers, truth values, and what they guard."""

from __future__ import annotations

from tests.properties.draft import ANY, Draft, Indices, atom, integer_hyperparameter, number_hyperparameter, plain, switch
from tests.properties.reading import find_tensor, label, leaf, mask


def constant(draft: Draft) -> str:
    c = draft.choices
    if c.chance(15):
        return number_hyperparameter(draft)
    return c.of(["2", "3", "0.5", "1/3", "1.25", "0.1", "pi/4", "1e-2", "7/4", "-1"])


def position_number(draft: Draft, indices: Indices) -> str:
    """An index or a dimension as a number."""
    c = draft.choices
    names = plain(indices)
    if names and c.chance(60):
        i = c.of(names)
        d = indices[i]
        return c.of([f"({i} + 1)/{d}", f"{i}/{d}", f"10**(-{i}/{d})", f"({i} - {d}/2)/{d}"])
    d = c.of(list(draft.sizes))
    return c.of([f"1/{d}", f"{d}/({d} + 1)", f"sqrt({d})"])


def condition(draft: Draft, indices: Indices, depth: int) -> str:
    """A truth value."""
    c = draft.choices
    names = plain(indices)
    options = [
        (3, "values"),
        (2, "mask"),
        (4 if names else 0, "index"),
        (2 if len(names) > 1 else 0, "pair"),
        (1, "label"),
        (1, "switch"),
        (1 if names else 0, "labels"),
        (1 if names else 0, "hyper"),
        (2 if depth > 0 else 0, "both"),
    ]
    match c.weighted([o for o in options if o[0]]):
        case "values":
            return f"{draft.expression(indices, 0)} {c.of(['>', '<', '>=', '<='])} {c.of(['0', '0.3', leaf(draft, indices)])}"
        case "mask":
            return c.of(["", "", "~"]) + mask(draft, indices)
        case "index":
            i = c.of(names)
            d = indices[i]
            return c.of(
                [
                    f"{i} > 0",
                    f"{i} < {d} - 1",
                    f"Eq({i}, 0)",
                    f"Ne({i}, {d} - 1)",
                    f"Eq({i} % 2, 0)",
                    f"1 <= {i} <= {d} - 2",
                    f"not {i} == 1",
                ]
            )
        case "pair":
            i, j = c.of(names), c.of(names)
            pairs = [
                f"{i} {c.of(['<=', '<', '>='])} {j}",
                f"Abs({i} - {j}) <= 1",
                f"Eq({i}, {j})",
                f"Ne({i} + 1, {j})",
                f"0 <= {i} - {j} < 2",
            ]
            return c.of(pairs) if i != j else f"{i} >= 1"
        case "switch":
            return c.of(["", "~", "not "]) + switch(draft)
        case "labels":
            i, v = c.of(names), c.of(list(draft.sizes))
            one = label(draft, (i,), (indices[i],), v)
            j = c.of(names)
            return c.of([f"Eq({one}, {label(draft, (j,), (indices[j],), v)})", f"Ne({one}, {j})", f"{one} <= {j}", f"Eq({one} % 2, 0)"])
        case "hyper":
            i = c.of(names)
            return c.of([f"{i} < {integer_hyperparameter(draft)}", f"Eq({i} % {integer_hyperparameter(draft)}, 0)"])
        case "label":
            if names:
                i = c.of(names)
                return f"{label(draft, (i,), (indices[i],), c.of(list(draft.sizes)))} {c.of(['>', '<='])} 0"
            return "pi > 3"
        case _:
            a, b = condition(draft, indices, depth - 1), condition(draft, indices, depth - 1)
            return c.of([f"({a}) & ({b})", f"({a}) | ({b})", f"({a}) and not ({b})", f"({a}) or ({b})"])


def piecewise(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    pairs = [f"({draft.expression(indices, depth - 1)}, {condition(draft, indices, 1)})" for _ in range(c.integer(1, 2))]
    last = c.of(["0", draft.expression(indices, depth - 1)])
    return f"Piecewise({', '.join(pairs)}, ({last}, True))"


def masked(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{mask(draft, indices)}*{atom(draft.expression(indices, depth - 1))}"


def delta(draft: Draft, indices: Indices, depth: int) -> str:
    names = plain(indices)
    if not names:
        return constant(draft)
    c, i = draft.choices, draft.choices.of(names)
    d = indices[i]
    same = [j for j in names if indices[j] == d and j != i]
    other = c.of([*same, f"{d} - 1", label(draft, (i,), (d,), d), *(f"{j} + 1" for j in same)])
    return f"KroneckerDelta({i}, {other})*{atom(draft.expression(indices, depth - 1))}"


def guarded(draft: Draft, indices: Indices, depth: int) -> str:
    """A read beyond the range that a condition keeps inside."""
    c = draft.choices
    names = plain(indices)
    if not names:
        return leaf(draft, indices)
    i = c.of(names)
    d = indices[i]
    tensor = find_tensor(draft, (d,), ANY, {})
    other = c.of(["0", leaf(draft, indices)])
    j = c.of([*(j for j in names if indices[j] == d and j != i), i])
    apart = f"({tensor.name}[{i} - {j}], {j} <= {i})"
    back, ahead = f"({tensor.name}[{i} - 1], {i} > 0)", f"({tensor.name}[{i} + 1], {i} + 1 <= {d} - 1)"
    chained = f"({tensor.name}[{i} - 2], 0 <= {i} - 2 <= {d} - 1)"
    return f"Piecewise({c.of([back, ahead, chained, apart])}, ({other}, True))"


def ignored(draft: Draft, indices: Indices, depth: int) -> str:
    """Labels with a value besides, excluded by a condition (`ignore_index`)."""
    names = plain(indices)
    if not names:
        return leaf(draft, indices)
    i = draft.choices.of(names)
    d, v = indices[i], draft.choices.of(list(draft.sizes))
    t = draft.new_tensor((d,), values=v, also=-100)
    w = find_tensor(draft, (v,), ANY, {})
    return f"Piecewise(({w.name}[{t.name}[{i}]], Ne({t.name}[{i}], -100)), (0, True))"
