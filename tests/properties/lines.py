"""Random definitions: indexed lines, whole-tensor lines, recurrences, calls of library layers."""

from __future__ import annotations

from tests.properties.choices import Choices
from tests.properties.grammar import (
    ANY,
    POSITIVE,
    UNIT,
    Draft,
    Indices,
    Tensor,
    _atom,
    bounded,
    expression,
    find_tensor,
    index_for,
    leaf,
    positive,
)


def random_shape(draft: Draft, most: int = 3) -> tuple[str, ...]:
    """A few of the dimensions, repeats allowed."""
    c = draft.choices
    rank = c.weighted([(3, 0), (6, 1), (6, 2), (2, 3)])
    return tuple(c.of(list(draft.sizes)) for _ in range(min(rank, most)))


def left_indices(draft: Draft, shape: tuple[str, ...]) -> Indices:
    """Names for the axes of a left-hand side."""
    out: Indices = {}
    for d in shape:
        if d == "...":
            out["..."] = "..."
        else:
            stem = d.lower()
            out[stem if stem not in out else index_for(draft, d, out)] = d
    return out


def left(name: str, indices: Indices) -> str:
    return f"{name}[{', '.join(indices)}]" if indices else name


def indexed_line(draft: Draft, depth: int) -> None:
    """`v[n, c]: expression`."""
    shape = random_shape(draft)
    if draft.leading is not None and draft.choices.chance(70):
        shape = ("...", *shape[:2])
    indices = left_indices(draft, shape)
    name = draft.fresh("v")
    text = expression(draft, indices, depth)
    draft.where.append((left(name, indices), text))
    draft.values.append(Tensor(name, shape))


def derived_line(draft: Draft, depth: int) -> None:
    """A value along a derived dimension: every other entry, a convolution, a difference."""
    c = draft.choices
    d = c.of(list(draft.sizes))
    kinds = ["half", "less"] + (["window"] if len(draft.sizes) > 1 else [])
    kind = c.of(kinds)
    name, dim, index = draft.fresh("v"), draft.fresh("P"), draft.fresh("p")
    others = left_indices(draft, tuple(e for e in random_shape(draft, 1) if e != d))
    rest = "".join(f", {i}" for i in others)
    shape = (d, *others.values())
    x = find_tensor(draft, shape, ANY, {})
    factor = expression(draft, others, depth - 1)
    if kind == "half":
        draft.derived[dim] = f"({d} + 1)//2"
        body = f"{x.name}[2*{index}{rest}]*{_atom(factor)}"
    elif kind == "less":
        if draft.size(d) < 2:
            return
        draft.derived[dim] = f"{d} - 1"
        body = f"({x.name}[{index} + 1{rest}] - {x.name}[{index}{rest}])*{_atom(factor)}"
    else:
        e = c.of([k for k in draft.sizes if k != d])
        k = index_for(draft, e, {**others, index: dim})
        wide = find_tensor(draft, shape, ANY, {"outside": "0"})
        w = find_tensor(draft, (e,), ANY, {})
        draft.derived[dim] = f"({d} + 2 - {e} + {e})//2"
        body = f"Sum({wide.name}[2*{index} + {k} - 1{rest}]*{w.name}[{k}], {k})"
    draft.indices[index] = dim
    draft.where.append((f"{name}[{index}{rest}]", body))


def label_line(draft: Draft, depth: int) -> None:
    """`k[n]: Argmax(expression, c)`, an index for later lines."""
    c = draft.choices
    shape = random_shape(draft, 1)
    indices = left_indices(draft, shape)
    dim = c.of(list(draft.sizes))
    bound = index_for(draft, dim, indices)
    name = draft.fresh("a")
    body = expression(draft, {**indices, bound: dim}, depth)
    draft.where.append((left(name, indices), f"{c.of(['Argmax', 'Argmin'])}({body}, {bound})"))
    draft.labels.append((name, shape, dim))


# ------------------------------------------------------------------------------------------------ whole tensors


def whole_line(draft: Draft, depth: int) -> None:
    """`v: x @ W + b`."""
    shape = random_shape(draft)
    if not shape:
        shape = (draft.choices.of(list(draft.sizes)),)
    name = draft.fresh("v")
    text = whole(draft, shape, depth)
    if draft.choices.chance(40):
        text = f"tanh({text})"
    draft.where.append((name, _with_a_tensor(draft, text, shape)))
    draft.values.append(Tensor(name, shape))


def _with_a_tensor(draft: Draft, text: str, shape: tuple[str, ...]) -> str:
    return f"{text} + {find_tensor(draft, shape, ANY, {}).name}"


def whole(draft: Draft, shape: tuple[str, ...], depth: int) -> str:
    """A whole-tensor expression of that shape."""
    c = draft.choices
    if depth <= 0:
        return _whole_leaf(draft, shape)
    kinds = [(4, "sum"), (3, "product"), (4, "function"), (2, "positive"), (2, "leaf"), (2, "scaled"), (1, "piecewise"), (2, "mean")]
    if len(shape) == 2:
        kinds += [(5, "matmul"), (2, "transpose")]
    elif len(shape) > 1:
        kinds += [(3, "matmul")]
    elif len(shape) == 1:
        kinds += [(3, "reduced"), (2, "vector")]
    match c.weighted(kinds):
        case "sum":
            return f"({whole(draft, shape, depth - 1)} {c.of('+-')} {whole(draft, shape[c.integer(0, len(shape) - 1) :], depth - 1)})"
        case "product":
            return f"tanh({whole(draft, shape, depth - 1)})*{_atom(whole(draft, shape, depth - 1))}"
        case "function":
            return f"{c.of(['tanh', 'sin', 'sigmoid', 'relu', 'softplus', 'cos'])}({whole(draft, shape, depth - 1)})"
        case "positive":
            return f"{c.of(['log', 'sqrt'])}({_atom(whole(draft, shape, depth - 1))}**2 + 0.5)"
        case "scaled":
            return f"{_atom(whole(draft, shape, depth - 1))}/{c.of(['2', '1.5', shape[0]])}"
        case "piecewise":
            return f"Piecewise(({whole(draft, shape, depth - 1)}, {_whole_leaf(draft, shape)} > 0.1), (0, True))"
        case "matmul":
            dim = c.of(list(draft.sizes))
            a = whole(draft, (*shape[:-1], dim), depth - 1)
            b = whole(draft, (dim, shape[-1]), depth - 1)
            return f"({_atom(a)} @ {_atom(b)})"
        case "transpose":
            return f"{_atom(whole(draft, shape[::-1], depth - 1))}.T"
        case "reduced":
            dim = c.of(list(draft.sizes))
            axis = c.integer(0, 1)
            inner = (dim, *shape) if axis == 0 else (*shape, dim)
            return f"{c.of(['sum', 'mean', 'max'])}({whole(draft, inner, depth - 1)}, axis={c.of([axis, axis - 2])})"
        case "vector":
            dim = c.of(list(draft.sizes))
            return f"({_atom(whole(draft, (*shape, dim), depth - 1))} @ {_atom(whole(draft, (dim,), depth - 1))})"
        case "mean":
            axis = c.integer(0, len(shape) - 1)
            inner = whole(draft, shape, depth - 1)
            return f"({_whole_leaf(draft, shape)} - {c.of(['sum', 'mean', 'max'])}({inner}, axis={axis}, keepdims=True))"
        case _:
            return _whole_leaf(draft, shape)


def _whole_leaf(draft: Draft, shape: tuple[str, ...]) -> str:
    fits = [v.name for v in draft.values if v.shape == shape]
    if fits and draft.choices.chance(40):
        return draft.choices.of(fits)
    return find_tensor(draft, shape, ANY, {}).name


# ------------------------------------------------------------------------------------------------ recurrences


def recurrence(draft: Draft, depth: int) -> None:
    """One of the ways in which a value may refer to itself at another step."""
    _RECURRENCES[draft.choices.integer(0, len(_RECURRENCES) - 1)](draft, depth)


def _state(draft: Draft, time: str) -> tuple[str, Indices, Indices]:
    """(step index, other axes, all axes)."""
    c = draft.choices
    step = time.lower()
    others = [d for d in draft.sizes if d != time]
    rest = left_indices(draft, tuple(c.of(others) for _ in range(c.integer(0, 2)))) if others else {}
    return step, rest, {step: time, **rest}


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
    drive = expression(draft, whole_scope, depth)
    start = expression(draft, rest, depth - 1) if c.chance(70) else "0"
    step = f"{_coupled(draft, name, before, rest)} + {_atom(drive)}"
    form = c.integer(0, 2)
    general = (
        f"tanh({step})"
        if form == 0
        else step
        if form == 1
        else f"{bounded(draft, whole_scope, 0)}*{_at(name, before, rest)} + {_atom(drive)}"
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
        draft.where.append((f"{name}[{k}{tail}]", expression(draft, rest, 0) if c.chance(50) else c.of(["0", "1"])))
    drive = expression(draft, scope, depth - 1)
    draft.where.append(
        (left(name, scope), f"0.5*{_at(name, f'{t} - 1', rest)} - {_coupled(draft, name, f'{t} - 2', rest)} + {_atom(drive)}")
    )
    draft.values.append(Tensor(name, tuple(scope.values())))


def _two_together(draft: Draft, depth: int) -> None:
    c = draft.choices
    time = c.of(list(draft.sizes))
    t, rest, scope = _state(draft, time)
    h, s = draft.fresh("h"), draft.fresh("s")
    tail = "".join(f", {i}" for i in rest)
    draft.where.append((f"{h}[-1{tail}]", expression(draft, rest, 0)))
    draft.where.append((f"{s}[-1{tail}]", "0"))
    gate = f"sigmoid({expression(draft, scope, depth - 1)} + {_coupled(draft, h, f'{t} - 1', rest)})"
    draft.where.append((left(s, scope), f"{gate}*{_at(s, f'{t} - 1', rest)} + tanh({expression(draft, scope, depth - 1)})"))
    draft.where.append((left(h, scope), f"{bounded(draft, scope, 0)}*tanh({_at(s, t if c.chance(70) else f'{t} - 1', rest)})"))
    draft.values.extend([Tensor(h, tuple(scope.values())), Tensor(s, tuple(scope.values()))])


def _substitution(draft: Draft, depth: int) -> None:
    """Forward substitution: a partial sum over earlier steps."""
    c = draft.choices
    d = c.of(list(draft.sizes))
    i, j = d.lower(), index_for(draft, d, {d.lower(): d})
    name = draft.fresh("z")
    matrix = find_tensor(draft, (d, d), UNIT, {})
    drive = expression(draft, {i: d}, depth - 1)
    draft.where.append((f"{name}[{i}]", f"{_atom(drive)} - Sum({matrix.name}[{i}, {j}]*{name}[{j}], ({j}, 0, {i} - 1))"))
    draft.values.append(Tensor(name, (d,)))


def _grid(draft: Draft, depth: int) -> None:
    """Dynamic programming over two indices."""
    c = draft.choices
    dims = list(draft.sizes)
    a, b = c.of(dims), c.of(dims)
    i = a.lower()
    j = b.lower() if b != a else index_for(draft, b, {i: a})
    name = draft.fresh("r")
    cost = expression(draft, {i: a, j: b}, depth - 1)
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
    t, j = time.lower(), d.lower()
    k = index_for(draft, d, {t: time, j: d})
    name = draft.fresh("h")
    w = find_tensor(draft, (d, d), ANY, {})
    kind = c.of(["Amax", "LogSumExp"])
    draft.where.append((f"{name}[0, {j}]", expression(draft, {j: d}, depth - 1)))
    draft.where.append(
        (f"{name}[{t}, {j}]", f"{kind}({name}[{t} - 1, {k}] + {w.name}[{k}, {j}], {k}) + {leaf(draft, {t: time, j: d}, ANY)}")
    )
    draft.values.append(Tensor(name, (time, d)))


_RECURRENCES = (_first_order, _first_order, _second_order, _two_together, _substitution, _grid, _running_extremum)


# ------------------------------------------------------------------------------------------------ calls


def call_line(draft: Draft, depth: int) -> None:
    """A library layer on whole tensors."""
    c = draft.choices
    a, b = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    d = c.of(list(draft.sizes))

    def of(*shape: str, kind: str = ANY) -> str:
        return _whole_leaf(draft, shape) if kind == ANY else find_tensor(draft, shape, kind, {}).name

    name = draft.fresh("v")
    match c.integer(0, 4):
        case 0:
            text, shape = f"linear({of(a, d)}, {of(d, b)}, {of(b)})", (a, b)
        case 1:
            text, shape = f"layernorm({of(a, b)}, {of(b)}, {of(b)})", (a, b)
        case 2:
            text, shape = f"softmax({of(a, b)})", (a, b)
        case 3:
            t = draft.new_tensor((a,), values=b)
            text, shape = f"softmax_cross_entropy({of(a, b)}, {t.name})", ()
        case _:
            text, shape = f"linear({of(a, d)}, b={of(b)}, W={of(d, b)})", (a, b)
    draft.where.append((name, text))
    draft.values.append(Tensor(name, shape))


def state_lines(draft: Draft, depth: int) -> None:
    """A running average: read by the outputs, updated outside the gradient, sometimes used otherwise in mode `eval`."""
    c = draft.choices
    shape = random_shape(draft, 2)
    indices = left_indices(draft, shape)
    tensor = Tensor(draft.fresh("state"), shape, kind=POSITIVE, role="state")
    draft.tensors.append(tensor)
    here = left(tensor.name, indices)
    draft.update.append((here, f"0.9*{here} + 0.1*{_atom(positive(draft, indices, 1))}"))
    name = draft.fresh("v")
    draft.where.append((left(name, indices), f"{_atom(expression(draft, indices, min(depth, 1)))}/{here}"))
    draft.values.append(Tensor(name, shape))
    if c.chance(50):
        draft.modes.append((left(name, indices), f"{_atom(expression(draft, indices, 1))}*{here}"))
