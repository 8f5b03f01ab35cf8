"""Reads of tensors and definitions, at every kind of position."""

from __future__ import annotations

from tests.properties.draft import ANY, UNIT, Draft, Indices, Tensor, index_for, integer_hyperparameter, plain, random_tensor


def leaf(draft: Draft, indices: Indices, kind: str = ANY) -> str:
    """A read of a tensor or of an earlier definition at the indices in scope."""
    c = draft.choices
    if kind == ANY and draft.values and c.chance(35):
        text = read_value(draft, indices)
        if text is not None:
            return text
    names = [i for i in indices if c.chance(65)][:3]
    if not names and indices and c.chance(80):
        names = [c.of(list(indices))]
    if kind == ANY and c.chance(2) and "..." not in names:
        noise = random_tensor(draft, tuple(indices[i] for i in names))
        return f"{noise.name}[{', '.join(names)}]" if names else noise.name
    if "..." in names:
        names.remove("...")
        names.insert(0, "...")
    positions, shape = [], []
    special: dict[str, object] = {}
    for i in names:
        position, dim = axis(draft, i, indices, special)
        positions.append(position)
        shape.append(dim)
    tensor = find_tensor(draft, tuple(shape), kind, special)
    return f"{tensor.name}[{', '.join(positions)}]" if positions else tensor.name


def find_tensor(draft: Draft, shape: tuple[str, ...], kind: str, special: dict[str, object]) -> Tensor:
    """An existing tensor that fits, or a new one."""
    fits = [
        t
        for t in draft.tensors
        if t.shape == shape
        and t.kind == kind
        and not t.values
        and not t.bool_
        and t.role in ("inputs", "params")
        and t.outside == special.get("outside")
    ]
    if fits and draft.choices.chance(55):
        return draft.choices.of(fits)
    return draft.new_tensor(shape, kind=kind, **special)


def axis(draft: Draft, i: str, indices: Indices, special: dict[str, object]) -> tuple[str, str]:
    """(position, dimension of the axis) for one axis, mostly the index alone."""
    c, d = draft.choices, indices[i]
    if i == "..." or c.chance(70):
        return i, d
    others = [j for j in plain(indices) if j != i]
    alike = [j for j in others if indices[j] == d]
    options = [
        (3, "reversed"), (3, "label"), (2, "constant"), (2, "clamped"), (2, "rolled"), (2, "halved"), (3, "strided"), (2, "offset"),
        (2 if others else 0, "window"), (2, "outside"), (1, "resampled"), (2 if draft.labels else 0, "found"), (2, "hyper"), (2 if alike else 0, "distance"), (2, "of a label"), (1, "of a value"), (1, "power"),
        (1, "extremum"),
    ]  # fmt: skip
    match c.weighted([o for o in options if o[0]]):
        case "reversed":
            return f"{d} - 1 - {i}", d
        case "label":
            other = c.of(list(draft.sizes))
            return label(draft, (i,), (d,), other), other
        case "constant":
            other = c.of(list(draft.sizes))
            return c.of(["0", f"{other} - 1"]), other
        case "clamped":
            return c.of([f"Max({i} - 1, 0)", f"Min({i} + 1, {d} - 1)", f"Min({i}, {d} - 1 - {i})"]), d
        case "rolled":
            return c.of([f"({i} + 1) % {d}", f"({i} + {d}//2) % {d}", f"({i} + {d} - 1) % {d}"]), d
        case "halved":
            return f"{i}//2", d
        case "strided":
            k = c.integer(2, 3)
            return f"{k}*{i} + {c.integer(0, k - 1)}", f"{k}*{d}"
        case "offset":
            k = c.integer(1, 2)
            return c.of([f"{i} + {k}", f"{k} + {i}", f"{d} + {k} - 1 - {i}", f"{i}"]), f"{d} + {k}"
        case "window":
            j = c.of(others)
            if "outside" in special:
                return i, d
            return window(draft, i, j, d, indices[j])
        case "outside":
            special["outside"] = "0"
            offset = c.of([f"{i} - 1", f"{i} + 1", f"2*{i} - 1", f"{d} - {i}", f"{i} - {d}//2"])
            if others and c.chance(40):
                offset += f" + {c.of(others)}"
            return offset, d
        case "resampled":
            other = c.of(list(draft.sizes))
            return c.of([f"floor({i}*{other}/{d})", f"{i}*{other}//{d}"]), other
        case "found":
            name, shape, values = c.of(draft.labels)
            where = [c.of([j for j in indices if indices[j] == s] or ["0"]) for s in shape]
            return (f"{name}[{', '.join(where)}]" if where else name), values
        case "distance":
            j = c.of(alike)
            return c.of([(f"Abs({i} - {j})", d), (f"{i} - {j} + {d} - 1", f"2*{d} - 1"), (f"({i} - {j}) % {d}", d), (f"Max({i}, {j})", d)])
        case "of a label":
            return of_label(draft, i, d)
        case "of a value":
            other = c.of(list(draft.sizes))
            value = leaf(draft, {i: d}, UNIT)
            return f"Min(Max(floor({value}*{other}), 0), {other} - 1)", other
        case "power":
            return (f"2**{i} - 1", f"2**{d}") if draft.size(d) < 5 else (i, d)
        case "extremum":
            other = c.of(list(draft.sizes))
            k = index_for(draft, other, indices)
            return (
                f"{c.of(['Argmax', 'Argmin'])}({leaf(draft, {i: d, k: other})} + {find_tensor(draft, (other,), ANY, {}).name}[{k}], {k})",
                other,
            )
        case _:
            h = integer_hyperparameter(draft)
            return c.of(
                [(f"({i} + {h}) % {d}", d), (f"{h}*{i}", f"{h}*{d}"), (f"{i} + {h}", f"{d} + {h}"), (f"{h}*{i} + {h} - 1", f"{h}*{d}")]
            )


def window(draft: Draft, i: str, j: str, d: str, e: str) -> tuple[str, str]:
    """A sliding, strided, dilated or merged read by two indices."""
    return draft.choices.of(
        [
            (f"{i} + {j}", f"{d} + {e} - 1"),
            (f"2*{i} + {j}", f"2*{d} + {e} - 2"),
            (f"{i}*{e} + {j}", f"{d}*{e}"),
            (f"{i} + {e} - 1 - {j}", f"{d} + {e} - 1"),
            (f"{i} + 2*{j}", f"{d} + 2*{e} - 2"),
            (f"2*{i} + 3*{j}", f"2*{d} + 3*{e}"),
            (f"{i} + {d}*{j}", f"{d}*{e}"),
        ]
    )


def of_label(draft: Draft, i: str, d: str) -> tuple[str, str]:
    """A position made of a label: moved round, of a label's label, the distance of two."""
    c = draft.choices
    v, w = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    t = label(draft, (i,), (d,), v)
    return c.of(
        [
            (f"({t} + 1) % {v}", v),
            (f"{v} - 1 - {t}", v),
            (label(draft, (t,), (v,), w), w),
            (f"{t} - {label(draft, (i,), (d,), w)} + {w} - 1", f"{v} + {w} - 1"),
            (f"{t}*{w} + {label(draft, (i,), (d,), w)}", f"{v}*{w}"),
            (f"Min({t}, {i})", f"{v} + {d}"),
            (f"{t} + {i}", f"{v} + {d} - 1"),
            (f"{t}//2", v),
        ]
    )


def label(draft: Draft, names: tuple[str, ...], shape: tuple[str, ...], values: str) -> str:
    """An integer tensor's element, in 0 … values-1."""
    fits = [t for t in draft.tensors if t.values == values and t.shape == shape and t.also is None]
    tensor = draft.choices.of(fits) if fits and draft.choices.chance(60) else draft.new_tensor(shape, values=values)
    return f"{tensor.name}[{', '.join(names)}]"


def mask(draft: Draft, indices: Indices) -> str:
    """A bool tensor's element."""
    names = [i for i in indices if draft.choices.chance(60)][:2]
    if "..." in names:
        names.remove("...")
        names.insert(0, "...")
    shape = tuple(indices[i] for i in names)
    fits = [t for t in draft.tensors if t.bool_ and t.shape == shape]
    tensor = draft.choices.of(fits) if fits and draft.choices.chance(60) else draft.new_tensor(shape, bool_=True)
    return f"{tensor.name}[{', '.join(names)}]" if names else tensor.name


def read_value(draft: Draft, indices: Indices) -> str | None:
    """A read of an earlier definition, where the scope has the indices for it."""
    c = draft.choices
    value = c.of(draft.values)
    positions = []
    for d in value.shape:
        here = [i for i in indices if indices[i] == d]
        if not here:
            if d == "...":
                return None
            positions.append(c.of(["0", f"{d} - 1"]))
        elif d != "..." and c.chance(15):
            i = c.of(here)
            positions.append(c.of([f"{d} - 1 - {i}", f"Max({i} - 1, 0)", f"({i} + 1) % {d}"]))
        else:
            positions.append(c.of(here))
    return f"{value.name}[{', '.join(positions)}]" if positions else value.name
