"""Random definitions in index notation: values, derived dimensions, labels, state, soft targets."""

from __future__ import annotations

from tests.properties.bounds import positive
from tests.properties.conditions import condition
from tests.properties.draft import (
    ANY,
    POSITIVE,
    SIMPLEX,
    Draft,
    Tensor,
    atom,
    index_for,
    left,
    left_indices,
    random_shape,
    random_tensor,
    renamed,
    stem_of,
)
from tests.properties.reading import find_tensor, label, leaf


def indexed_line(draft: Draft, depth: int) -> None:
    """`v[n, c]: expression`."""
    shape = random_shape(draft)
    if draft.leading is not None and draft.choices.chance(70):
        shape = ("...", *shape[:2])
    indices = left_indices(draft, shape)
    name = draft.fresh("v")
    text = draft.expression(indices, depth)
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
    factor = draft.expression(others, depth - 1)
    if kind == "half":
        draft.derived[dim] = f"({d} + 1)//2"
        body = f"{x.name}[2*{index}{rest}]*{atom(factor)}"
    elif kind == "less":
        if draft.size(d) < 2:
            return
        draft.derived[dim] = f"{d} - 1"
        body = f"({x.name}[{index} + 1{rest}] - {x.name}[{index}{rest}])*{atom(factor)}"
    else:
        e = c.of([k for k in draft.sizes if k != d])
        k = index_for(draft, e, {**others, index: dim})
        wide = find_tensor(draft, shape, ANY, {"outside": "0"})
        w = find_tensor(draft, (e,), ANY, {})
        draft.derived[dim] = f"({d} + 2 - {e} + {e})//2"
        body = f"Sum({wide.name}[2*{index} + {k} - 1{rest}]*{w.name}[{k}], {k})"
    draft.indices[index] = dim
    draft.where.append((f"{name}[{index}{rest}]", body))
    size = {"half": (draft.size(d) + 1) // 2, "less": draft.size(d) - 1, "window": (draft.size(d) + 2) // 2}[kind]
    if c.chance(60):
        draft.sizes[dim] = size
        draft.values.append(Tensor(name, (dim, *others.values())))


def label_line(draft: Draft, depth: int) -> None:
    """`k[n]: Argmax(expression, c)`, an index for later lines."""
    c = draft.choices
    shape = random_shape(draft, 1)
    indices = left_indices(draft, shape)
    dim = c.of(list(draft.sizes))
    bound = index_for(draft, dim, indices)
    name = draft.fresh("a")
    body = draft.expression({**indices, bound: dim}, depth)
    kind = c.of(["Argmax", "Argmin"])
    if c.chance(20):  # the place among all pairs, and its row and column
        other = c.of(list(draft.sizes))
        second = index_for(draft, other, {**indices, bound: dim})
        draft.where.append(
            (left(name, indices), f"{kind}({body} + {find_tensor(draft, (other,), ANY, {}).name}[{second}], {bound}, {second})")
        )
        row = draft.fresh("a")
        draft.where.append((left(row, indices), c.of([f"{left(name, indices)}//{other}", f"{left(name, indices)} % {other}"])))
        draft.labels.append((row, shape, dim if "//" in draft.where[-1][1] else other))
        return
    draft.where.append((left(name, indices), f"{kind}({body}, {bound})"))
    draft.labels.append((name, shape, dim))


def integer_line(draft: Draft, depth: int) -> None:
    """`k[n]: (t[n] + 1) % C`, an index of integers, or a truth value, for later lines."""
    c = draft.choices
    d, v = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    i = stem_of(d)
    t = label(draft, (i,), (d,), v)
    name = draft.fresh("a")
    draft.where.append(
        (f"{name}[{i}]", c.of([f"({t} + {i}) % {v}", f"{v} - 1 - {t}", f"Min({t}, {i}, {v} - 1)", f"{t}//2", f"Max({t} - 1, 0)"]))
    )
    draft.labels.append((name, (d,), v))


def truth_line(draft: Draft, depth: int) -> None:
    """`on[n, c]: condition`, a truth value with a name, and a line that uses it."""
    c = draft.choices
    shape = random_shape(draft, 2)
    indices = left_indices(draft, shape)
    on, name = draft.fresh("on"), draft.fresh("v")
    draft.where.append((left(on, indices), condition(draft, indices, 1)))
    body = draft.expression(indices, depth - 1)
    here = left(on, indices)
    draft.where.append(
        (
            left(name, indices),
            c.of(
                [
                    f"Piecewise(({body}, {here}), (0, True))",
                    f"{here}*{atom(body)}",
                    f"Piecewise(({body}, ~{here}), ({leaf(draft, indices)}, True))",
                ]
            ),
        )
    )
    draft.values.append(Tensor(name, shape))


def soft_target_line(draft: Draft, depth: int) -> None:
    """A cross-entropy with targets that sum to 1, by assumption."""
    c = draft.choices
    a, b = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    n, k = left_indices(draft, (a, b))
    j = index_for(draft, b, {n: a, k: b})
    target = Tensor(draft.fresh("x"), (a, b), kind=SIMPLEX)
    draft.tensors.append(target)
    t = f"{target.name}[{n}, {k}]"
    score = draft.expression({n: a, k: b}, depth - 1)
    if c.chance(70):
        draft.assume.append(f"Eq(Sum({t}, {k}), 1)")
    name = draft.fresh("v")
    weights = c.of([f"LogSoftmax({score}, {k})", f"(log(exp({score})/Sum(exp({renamed(score, k, j)}), {j})))"])
    draft.where.append((f"{name}[{n}]", c.of([f"-Sum({t}*{weights}, {k})", f"Sum({t}*(log({t}) - {weights}), {k})"])))
    draft.values.append(Tensor(name, (a,)))


def dropout_line(draft: Draft, depth: int) -> None:
    """Noise in mode `train` and none in mode `eval`."""
    shape = random_shape(draft, 2)
    indices = left_indices(draft, shape)
    noise = random_tensor(draft, shape)
    name = draft.fresh("v")
    body = atom(draft.expression(indices, depth - 1))
    draft.where.append((left(name, indices), f"{body}*{left(noise.name, indices)}/0.7"))
    draft.modes.append((left(name, indices), body))
    draft.values.append(Tensor(name, shape))


def optimizer_lines(draft: Draft, depth: int) -> None:
    """Momentum with a step count: two states, each updated from the other's old value or from outputs."""
    c = draft.choices
    shape = random_shape(draft, 2)
    indices = left_indices(draft, shape)
    state = Tensor(draft.fresh("state"), shape, kind=ANY, role="state")
    count = Tensor(draft.fresh("state"), (), kind=POSITIVE, role="state")
    draft.tensors += [state, count]
    here, name = left(state.name, indices), draft.fresh("v")
    gradient = atom(draft.expression(indices, min(depth, 1)))
    draft.where.append((left(name, indices), f"0.9*{here} + {gradient}/(1 + {count.name})"))
    draft.update.append((here, c.of([left(name, indices), f"{left(name, indices)}*{count.name}"])))
    draft.update.append((count.name, f"{count.name} + 1"))
    draft.values.append(Tensor(name, shape))


def state_lines(draft: Draft, depth: int) -> None:
    """A running average: read by the outputs, updated outside the gradient, sometimes used otherwise in mode `eval`."""
    c = draft.choices
    shape = random_shape(draft, 2)
    indices = left_indices(draft, shape)
    tensor = Tensor(draft.fresh("state"), shape, kind=POSITIVE, role="state")
    draft.tensors.append(tensor)
    here = left(tensor.name, indices)
    draft.update.append((here, f"0.9*{here} + 0.1*{atom(positive(draft, indices, 1))}"))
    name = draft.fresh("v")
    draft.where.append((left(name, indices), f"{atom(draft.expression(indices, min(depth, 1)))}/{here}"))
    if c.chance(50):
        draft.modes.append((left(name, indices), f"{atom(draft.expression(indices, 1))}*{here}"))
    draft.values.append(Tensor(name, shape))
