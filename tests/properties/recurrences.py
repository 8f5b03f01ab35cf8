"""Definitions that refer to themselves at other steps."""

from __future__ import annotations

from tests.properties.bounds import bounded, positive
from tests.properties.choices import Choices
from tests.properties.draft import ANY, UNIT, Draft, Indices, Tensor, atom, index_for, left, left_indices, stem_of
from tests.properties.reading import find_tensor, leaf


def recurrence(draft: Draft, depth: int) -> None:
    """One of the ways in which a value may refer to itself at another step."""
    _RECURRENCES[draft.choices.integer(0, len(_RECURRENCES) - 1)](draft, depth)


def _state(draft: Draft, time: str) -> tuple[str, Indices, Indices]:
    """(step index, other axes, all axes)."""
    c = draft.choices
    step = stem_of(time)
    others = [d for d in draft.sizes if d != time]
    rest = left_indices(draft, tuple(c.of(others) for _ in range(c.integer(0, 2)))) if others else {}
    return step, rest, {step: time, **rest}


def _later_axis(draft: Draft, depth: int) -> None:
    """A recurrence whose step is not the first axis, perhaps over leading axes."""
    c = draft.choices
    time = c.of(list(draft.sizes))
    others = [d for d in draft.sizes if d != time]
    front: tuple[str, ...] = ("...",) if draft.leading is not None and c.chance(60) else (c.of(others),) if others else ()
    rest = left_indices(draft, front)
    t = stem_of(time)
    name = draft.fresh("h")
    scope = {**rest, t: time}
    drive = draft.expression(scope, depth - 1)
    gate = bounded(draft, scope, 0)
    outer = "".join(f"{i}, " for i in rest)
    draft.where.append((f"{name}[{outer}-1]", c.of(["0", "1"])))
    draft.where.append((f"{name}[{outer}{t}]", f"{gate}*{name}[{outer}{t} - 1] + {atom(drive)}"))
    draft.values.append(Tensor(name, tuple(scope.values())))


def _at(name: str, step: str, rest: Indices, instead: dict[str, str] | None = None) -> str:
    return f"{name}[{', '.join([step, *[(instead or {}).get(i, i) for i in rest]])}]"


def _coupled(draft: Draft, name: str, step: str, rest: Indices) -> str:
    """The earlier state, as it is or mixed over one of its axes."""
    c = draft.choices
    if rest and c.chance(60):
        i = c.of(list(rest))
        k = index_for(draft, rest[i], rest)
        w = find_tensor(draft, (rest[i], rest[i]), UNIT, {})
        return f"Sum({_at(name, step, rest, {i: k})}*{w.name}[{k}, {i}], {k})"
    return f"{constant_below_one(draft.choices)}*{_at(name, step, rest)}"


def constant_below_one(c: Choices) -> str:
    return c.of(["0.5", "0.9", "1/3", "-0.7"])


def _first_order(draft: Draft, depth: int) -> None:
    c = draft.choices
    time = c.of(list(draft.sizes))
    t, rest, whole_scope = _state(draft, time)
    name = draft.fresh("h")
    backward = c.chance(25)
    before = f"{t} + 1" if backward else f"{t} - 1"
    drive = draft.expression(whole_scope, depth)
    start = draft.expression(rest, depth - 1) if c.chance(70) else "0"
    step = f"{_coupled(draft, name, before, rest)} + {atom(drive)}"
    form = c.integer(0, 2)
    general = (
        f"tanh({step})"
        if form == 0
        else step
        if form == 1
        else f"{bounded(draft, whole_scope, 0)}*{_at(name, before, rest)} + {atom(drive)}"
    )
    if c.chance(20):
        first = f"Eq({t}, {time} - 1)" if backward else f"Eq({t}, 0)"
        draft.where.append((left(name, whole_scope), f"Piecewise(({start}, {first}), ({general}, True))"))
    else:
        begin = (c.of([time, f"{time} - 1"]) if backward else c.of(["-1", "-1", "0"])) + "".join(f", {i}" for i in rest)
        draft.where.append((f"{name}[{begin}]", start))
        draft.where.append((left(name, whole_scope), general))
    draft.values.append(Tensor(name, tuple(whole_scope.values())))


def _second_order(draft: Draft, depth: int) -> None:
    c = draft.choices
    time = c.of(list(draft.sizes))
    t, rest, scope = _state(draft, time)
    name = draft.fresh("h")
    tail = "".join(f", {i}" for i in rest)
    for k in ("-2", "-1"):
        draft.where.append((f"{name}[{k}{tail}]", draft.expression(rest, 0) if c.chance(50) else c.of(["0", "1"])))
    drive = draft.expression(scope, depth - 1)
    draft.where.append(
        (left(name, scope), f"0.5*{_at(name, f'{t} - 1', rest)} - {_coupled(draft, name, f'{t} - 2', rest)} + {atom(drive)}")
    )
    draft.values.append(Tensor(name, tuple(scope.values())))


def _two_together(draft: Draft, depth: int) -> None:
    c = draft.choices
    time = c.of(list(draft.sizes))
    t, rest, scope = _state(draft, time)
    h, s = draft.fresh("h"), draft.fresh("s")
    tail = "".join(f", {i}" for i in rest)
    draft.where.append((f"{h}[-1{tail}]", draft.expression(rest, 0)))
    draft.where.append((f"{s}[-1{tail}]", "0"))
    gate = f"sigmoid({draft.expression(scope, depth - 1)} + {_coupled(draft, h, f'{t} - 1', rest)})"
    draft.where.append((left(s, scope), f"{gate}*{_at(s, f'{t} - 1', rest)} + tanh({draft.expression(scope, depth - 1)})"))
    draft.where.append((left(h, scope), f"{bounded(draft, scope, 0)}*tanh({_at(s, t if c.chance(70) else f'{t} - 1', rest)})"))
    draft.values.extend([Tensor(h, tuple(scope.values())), Tensor(s, tuple(scope.values()))])


def _substitution(draft: Draft, depth: int) -> None:
    """Forward substitution: a partial sum over earlier steps."""
    c = draft.choices
    d = c.of(list(draft.sizes))
    i, j = stem_of(d), index_for(draft, d, {stem_of(d): d})
    name = draft.fresh("z")
    matrix = find_tensor(draft, (d, d), UNIT, {})
    drive = draft.expression({i: d}, depth - 1)
    draft.where.append((f"{name}[{i}]", f"{atom(drive)} - Sum({matrix.name}[{i}, {j}]*{name}[{j}], ({j}, 0, {i} - 1))"))
    draft.values.append(Tensor(name, (d,)))


def _grid(draft: Draft, depth: int) -> None:
    """Dynamic programming over two indices."""
    c = draft.choices
    dims = list(draft.sizes)
    a, b = c.of(dims), c.of(dims)
    i = stem_of(a)
    j = stem_of(b) if b != a else index_for(draft, b, {i: a})
    name = draft.fresh("r")
    cost = draft.expression({i: a, j: b}, depth - 1)
    soft = c.chance(50)
    up, across = f"{name}[{i} - 1, {j}]", f"{name}[{i}, {j} - 1]"
    merge = f"log(exp({up}) + exp({across}))" if soft else f"(0.5*{up} + 0.3*{across})"
    draft.where.append((f"{name}[-1, {j}]", c.of(["0", leaf(draft, {j: b}, ANY)])))
    draft.where.append((f"{name}[{i}, -1]", "0"))
    draft.where.append((f"{name}[{i}, {j}]", f"{merge} + tanh({cost})"))
    draft.values.append(Tensor(name, (a, b)))


def _running_extremum(draft: Draft, depth: int) -> None:
    """A Viterbi-like step: the best of the earlier states plus a score."""
    c = draft.choices
    dims = list(draft.sizes)
    time = c.of(dims)
    others = [d for d in dims if d != time]
    if not others:
        return
    d = c.of(others)
    t, j = stem_of(time), stem_of(d)
    k = index_for(draft, d, {t: time, j: d})
    name = draft.fresh("h")
    w = find_tensor(draft, (d, d), ANY, {})
    kind = c.of(["Amax", "LogSumExp"])
    draft.where.append((f"{name}[0, {j}]", draft.expression({j: d}, depth - 1)))
    draft.where.append(
        (f"{name}[{t}, {j}]", f"{kind}({name}[{t} - 1, {k}] + {w.name}[{k}, {j}], {k}) + {leaf(draft, {t: time, j: d}, ANY)}")
    )
    draft.values.append(Tensor(name, (time, d)))


def _history(draft: Draft, depth: int) -> None:
    """A value from all earlier ones of its own: attention over the past, the best predecessor, a mean of what was."""
    c = draft.choices
    dims = list(draft.sizes)
    time = c.of(dims)
    t, s = stem_of(time), index_for(draft, time, {stem_of(time): time})
    name = draft.fresh("z")
    score = find_tensor(draft, (time, time), UNIT, {}).name
    rest = left_indices(draft, (c.of([d for d in dims if d != time]),)) if len(dims) > 1 and c.chance(50) else {}
    here, then = _at(name, t, rest), _at(name, s, rest)
    scope = {t: time, **rest}
    drive = draft.expression(scope, depth - 1)
    past = f"({s}, 0, {t} - 1)"
    step = c.of(
        [
            f"{atom(drive)} + Sum(exp({score}[{t}, {s}])*{then}, {past})/(1 + Sum(exp({score}[{t}, {s}]), {past}))",
            f"{atom(drive)} - 0.5*Sum({score}[{t}, {s}]*tanh({then}), {past})",
            f"tanh({drive}) + 0.3*Sum({then}, {past})",
            f"({drive} + Sum({score}[{t}, {s}]*{then}, {past}))/(2 + {score}[{t}, {t}])",
            f"{atom(drive)} + Sum(Piecewise(({score}[{t}, {s}]*{then}, {s} < {t}), (0, True)), {s})",
            f"{atom(drive)} - 0.5*Sum(Piecewise(({score}[{t}, {s}]*{then}, {s} > {t}), (0, True)), {s})",
            f"{atom(drive)} - 0.5*Sum({score}[{t}, {s}]*{then}, ({s}, {t} + 1, {time} - 1))",
        ]
    )
    draft.where.append((here, step))
    draft.values.append(Tensor(name, tuple(scope.values())))


def _filter(draft: Draft, depth: int) -> None:
    """A filter of its own past: as many lags as there are taps, fewer at the first steps."""
    c = draft.choices
    time, taps = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    t = stem_of(time)
    k = index_for(draft, taps, {t: time})
    name = draft.fresh("h")
    w = find_tensor(draft, (taps,), UNIT, {}).name
    past = c.of(
        [
            f"Sum({w}[{k}]*{name}[{t} - 1 - {k}], ({k}, 0, Min({taps}, {t}) - 1))",
            f"Sum(Piecewise(({w}[{k}]*{name}[{t} - 1 - {k}], {k} < {t}), (0, True)), {k})",
        ]
    )
    draft.where.append((f"{name}[{t}]", f"{atom(draft.expression({t: time}, depth - 1))} + 0.5*{past}"))
    draft.values.append(Tensor(name, (time,)))


def _alignment(draft: Draft, depth: int) -> None:
    """Dynamic programming with a diagonal move, over two indices: an edit distance, soft-DTW."""
    c = draft.choices
    dims = list(draft.sizes)
    a, b = c.of(dims), c.of(dims)
    i = stem_of(a)
    j = stem_of(b) if b != a else index_for(draft, b, {i: a})
    name = draft.fresh("r")
    cost = draft.expression({i: a, j: b}, depth - 1)
    moves = [f"{name}[{i} - 1, {j} - 1]", f"{name}[{i} - 1, {j}]", f"{name}[{i}, {j} - 1]"]
    merge = c.of(
        [
            f"Min({', '.join(moves)})",
            f"-log({' + '.join(f'exp(-{m})' for m in moves)})",
            f"({moves[0]} + 0.5*{moves[1]} - 0.25*{moves[2]})/2",
        ]
    )
    draft.where.append((f"{name}[-1, {j}]", f"1 + {j}/4"))
    draft.where.append((f"{name}[{i}, -1]", f"1 + {i}/3"))
    draft.where.append((f"{name}[-1, -1]", "0"))
    draft.where.append((f"{name}[{i}, {j}]", f"{merge} + sigmoid({cost})"))
    draft.values.append(Tensor(name, (a, b)))


def _last_step(draft: Draft, depth: int) -> None:
    """A recurrence of which only the last step is read."""
    _first_order(draft, depth)
    h = draft.values[-1]
    if any(n == "..." for n in h.shape):
        return
    rest = left_indices(draft, h.shape[1:])
    name = draft.fresh("v")
    at = ", ".join([draft.choices.of([f"{h.shape[0]} - 1", "0"]), *rest])
    draft.where.append((left(name, rest), f"{h.name}[{at}]*{atom(draft.expression(rest, 0))}"))
    draft.values.append(Tensor(name, h.shape[1:]))


def _mixture(draft: Draft, depth: int) -> None:
    """A filter that is normalised at each step: a hidden Markov model's forward pass, power iteration."""
    c = draft.choices
    dims = list(draft.sizes)
    time = c.of(dims)
    others = [d for d in dims if d != time]
    if not others:
        return
    d = c.of(others)
    t, j = stem_of(time), stem_of(d)
    k = index_for(draft, d, {t: time, j: d})
    l = index_for(draft, d, {t: time, j: d, k: d})  # noqa: E741 (a third index over the states)
    name = draft.fresh("h")
    w = find_tensor(draft, (d, d), UNIT, {}).name
    likely = positive(draft, {t: time, j: d}, depth - 1)
    draft.where.append((f"{name}[-1, {j}]", f"1/{d}"))
    mixed = f"Sum({name}[{t} - 1, {k}]*exp({w}[{k}, {j}]), {k})"
    again = f"Sum({name}[{t} - 1, {k}]*exp({w}[{k}, {l}]), {k}, {l})"
    draft.where.append((f"{name}[{t}, {j}]", f"{mixed}/{again}*{atom(likely)}"))
    draft.values.append(Tensor(name, (time, d)))


_RECURRENCES = (
    _first_order,
    _first_order,
    _second_order,
    _two_together,
    _substitution,
    _grid,
    _running_extremum,
    _later_axis,
    _history,
    _filter,
    _alignment,
    _last_step,
    _mixture,
)
