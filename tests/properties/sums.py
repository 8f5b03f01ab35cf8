"""Reductions, whole and partial, contractions and softmaxes."""

from __future__ import annotations

from tests.properties.bounds import bounded
from tests.properties.draft import ANY, UNIT, Draft, Indices, atom, bind, index_for, plain, renamed
from tests.properties.reading import find_tensor, label, leaf


def reduction(draft: Draft, indices: Indices, depth: int) -> str:
    """A reduction over the whole ranges of one, two or three indices."""
    c = draft.choices
    kind = c.weighted([(6, "Sum"), (6, "Mean"), (2, "Prod"), (3, "Amax"), (2, "Amin"), (3, "Var"), (3, "LogSumExp"), (2, "Norm")])
    if "..." in indices and c.chance(10):
        return draft.expression(indices, depth - 1)
    names, inner = bind(draft, indices, c.weighted([(30, 1), (9, 2), (1, 3)]))
    body = bounded(draft, inner, depth - 1) if kind == "Prod" else draft.expression(inner, depth - 1)
    over = ", ".join(names)
    if kind == "Norm" and c.chance(50):
        return f"sqrt(Sum({atom(body)}**2, {over}) + 0.01)"
    if kind == "Var" and c.chance(25):
        mean = f"Mean({body}, {over})" if depth < 3 else "0.3"
        return f"Mean(({body} - {mean})**2, {over})"
    return f"{kind}({body}, {over})"


def contraction(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    names, inner = bind(draft, indices, 2 if c.chance(20) else 1)
    factors = [leaf(draft, inner) for _ in range(c.integer(2, 3))]
    if c.chance(25):
        factors.append(bounded(draft, inner, depth - 2))
    body = "*".join(atom(f) for f in factors)
    return f"Sum({body}, {', '.join(names)})"


def pairwise(draft: Draft, indices: Indices, depth: int) -> str:
    """Rows of one tensor against rows of another (or the same), over one dimension: distances, graph attention, bilinear forms."""
    c = draft.choices
    d, e = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    free = [i for i in indices if indices[i] == d and i != "..."]
    inner = dict(indices)
    pair = free[:2]
    bound = []
    while len(pair) < 2:
        i = index_for(draft, d, inner)
        inner[i] = d
        bound.append(i)
        pair.append(i)
    i, j = pair if c.chance(70) else pair[::-1]
    k = index_for(draft, e, inner)
    a, w = find_tensor(draft, (d, e), ANY, {}), find_tensor(draft, (d, d), ANY, {})
    b = a if c.chance(50) else find_tensor(draft, (d, e), ANY, {})
    match c.integer(0, 4):
        case 0:
            score = f"Sum(({a.name}[{i}, {k}] - {b.name}[{j}, {k}])**2, {k})"
        case 1:
            score = f"Sum({a.name}[{i}, {k}]*{b.name}[{j}, {k}], {k})"
        case 2:
            u, v = find_tensor(draft, (e,), UNIT, {}), find_tensor(draft, (e,), UNIT, {})
            score = f"(Sum({a.name}[{i}, {k}]*{u.name}[{k}], {k}) + Sum({b.name}[{j}, {k}]*{v.name}[{k}], {k}))"
        case 3:
            score = f"({w.name}[{i}, {j}] + {w.name}[{j}, {i}])*{a.name}[{i}, 0]"
        case _:
            score = f"Sum({a.name}[{i}, {k}]*{w.name}[{i}, {j}]*{b.name}[{j}, {k}], {k})"
    score = c.of([score, f"tanh({score})", f"exp(-softplus({score}))", f"{w.name}[{j}, {i}]*{score}"])
    return f"Sum({score}, {', '.join(bound)})" if bound else score


def softmax(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    names = plain(indices)
    if not names:
        return reduction(draft, indices, depth)
    i = c.of(names)
    score = draft.expression(indices, depth - 1)
    form = c.integer(0, 4)
    others = [j for j in names if j != i]
    if form == 4 and others:
        return f"{c.of(['Softmax', 'LogSoftmax'])}({score}, {i}, {c.of(others)})"
    if form in (0, 4):
        return f"Softmax({score}, {i})"
    if form == 1:
        return f"LogSoftmax({score}, {i})"
    k = index_for(draft, indices[i], indices)
    inner = renamed(score, i, k)
    weights = f"exp({score})/Sum(exp({inner}), {k})"
    return weights if form == 2 else f"log({weights})"


def partial(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    names = plain(indices)
    if not names:
        return reduction(draft, indices, depth)
    i = c.of(names)
    d = indices[i]
    j = index_for(draft, d, indices)
    inner = {**indices, j: d}
    if c.chance(10):
        return nested(draft, inner, i, j, depth)
    never_empty = c.chance(60)
    limits = c.of(_NEVER_EMPTY if never_empty else _PERHAPS_EMPTY).format(i=i, j=j, d=d, t=_length(draft, i, d))
    kind = c.of(_ANYWHERE if never_empty else ("Sum", "Sum", "Prod"))
    body = bounded(draft, inner, depth - 1) if kind == "Prod" else draft.expression(inner, depth - 1)
    if kind in ("Softmax", "LogSoftmax"):
        return c.of([_attended, _causal])(draft, inner, i, j, body)
    if kind in ("Argmax", "Argmin"):
        return f"{find_tensor(draft, (d,), ANY, {}).name}[{kind}({body}, {limits})]"
    return f"{kind}({body}, {limits})"


_NEVER_EMPTY = (
    "({j}, 0, {i})", "({j}, 0, {i})", "({j}, {i}, {d} - 1)", "({j}, 0, {d} - 1)", "({j}, Max({i} - 1, 0), {i})", "({j}, Max({i} - 1, 0), Min({i} + 1, {d} - 1))",
    "({j}, 0, {t})", "({j}, {t}, {d} - 1)", "({j}, {i}//2, {i})", "({j}, 0, Max({d} - 2, 0))", "({j}, Min({i}, 1), {d} - 1)",
)  # fmt: skip
_PERHAPS_EMPTY = (
    "({j}, 0, {i} - 1)",
    "({j}, {i} + 1, {d} - 1)",
    "({j}, 1, {i})",
    "({j}, 0, {t} - 1)",
    "({j}, {i} + 1, {t})",
    "({j}, 1, {d} - 1)",
    "({j}, {i}, 1)",
)
_ANYWHERE = ("Sum", "Sum", "Mean", "Prod", "Amax", "Amin", "LogSumExp", "Var", "Norm", "Argmax", "Argmin", "Softmax", "LogSoftmax")


def _length(draft: Draft, i: str, d: str) -> str:
    """A label as a limit: how far a row goes."""
    return label(draft, (i,), (d,), d)


def _attended(draft: Draft, inner: Indices, i: str, j: str, body: str) -> str:
    """A weighted mean over earlier entries, the weights written out."""
    score = find_tensor(draft, (inner[i],), ANY, {}).name
    return f"Sum(exp({score}[{j}])*{atom(body)}, ({j}, 0, {i}))/Sum(exp({score}[{j}]), ({j}, 0, {i}))"


def _causal(draft: Draft, inner: Indices, i: str, j: str, body: str) -> str:
    """A weighted mean over earlier entries, by a softmax with limits or with a guard."""
    c = draft.choices
    weights = c.of([f"Softmax({body}, ({j}, 0, {i}))", f"Softmax(Piecewise(({body}, {j} <= {i}), (-oo, True)), {j})"])
    return f"Sum({weights}*{leaf(draft, inner)}, {j})"


def nested(draft: Draft, inner: Indices, i: str, j: str, depth: int) -> str:
    """Limits that depend on another index that is bound: all pairs, all ordered triples."""
    c = draft.choices
    d = inner[i]
    k = index_for(draft, d, inner)
    body = draft.expression({**inner, k: d}, depth - 1)
    return c.of(
        [
            f"Sum({body}, ({k}, 0, {j}), ({j}, 0, {i}))",
            f"Sum({body}, ({k}, 0, {j} - 1), {j})",
            f"Mean({body}, ({k}, 0, {j}), {j})",
            f"Sum(Amax({body}, ({k}, {j}, {d} - 1)), ({j}, 0, {i}))",
            f"LogSumExp(Sum({body}, ({k}, 0, {j})), {j})",
            f"Sum({body}, ({k}, {i}, {d} - 1), ({j}, 0, {i}))",
        ]
    )
