"""Random definitions in the whole-tensor form, calls of other layers among them."""

from __future__ import annotations

from tests.properties.draft import ANY, Draft, Tensor, atom, number_hyperparameter, random_shape
from tests.properties.reading import find_tensor


def whole_line(draft: Draft, depth: int) -> None:
    """`v: x @ W + b`."""
    shape = random_shape(draft)
    if not shape and draft.choices.chance(70):
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
    kinds = [
        (4, "sum"),
        (3, "product"),
        (4, "function"),
        (2, "positive"),
        (2, "leaf"),
        (2, "scaled"),
        (1, "piecewise"),
        (2, "called"),
        (1, "clipped"),
    ]
    if shape:
        kinds += [(2, "mean"), (1, "transpose")]
    if len(shape) == 2:
        kinds += [(5, "matmul"), (1, "transpose")]
    elif len(shape) > 1:
        kinds += [(3, "matmul"), (3, "batched")]
    elif len(shape) == 1:
        kinds += [(3, "reduced"), (2, "vector")]
    else:
        kinds += [(6, "total")]
    match c.weighted(kinds):
        case "sum":
            return f"({whole(draft, shape, depth - 1)} {c.of('+-')} {whole(draft, shape[c.integer(0, len(shape)) :], depth - 1)})"
        case "product":
            return f"tanh({whole(draft, shape, depth - 1)})*{atom(whole(draft, shape, depth - 1))}"
        case "function":
            return f"{c.of(['tanh', 'sin', 'sigmoid', 'relu', 'softplus', 'cos'])}({whole(draft, shape, depth - 1)})"
        case "positive":
            return f"{c.of(['log', 'sqrt'])}({atom(whole(draft, shape, depth - 1))}**2 + 0.5)"
        case "scaled":
            return f"{atom(whole(draft, shape, depth - 1))}/{c.of(['2', '1.5', *shape[:1], number_hyperparameter(draft)])}"
        case "piecewise":
            return f"Piecewise(({whole(draft, shape, depth - 1)}, {_whole_leaf(draft, shape)} > 0.1), (0, True))"
        case "clipped":
            inner = whole(draft, shape, depth - 1)
            return c.of(
                [
                    f"Max({inner}, 0.1)",
                    f"Min({inner}, Max({_whole_leaf(draft, shape)}, 0.2))",
                    f"-{atom(inner)}",
                    f"tanh({inner})**2",
                    f"({atom(inner)} > 0)*{_whole_leaf(draft, shape)}",
                ]
            )
        case "called":
            inner = whole(draft, shape, depth - 1)
            return f"{c.of(['gelu', 'silu', 'elu', 'mish', 'softplus', 'tanhshrink', 'hardswish', 'softsign'] if shape else ['tanh', 'exp'])}({'tanh(' + inner + ')' if not shape else inner})"
        case "batched":
            dim = c.of(list(draft.sizes))
            a = whole(draft, (*shape[:-1], dim), depth - 1)
            b = whole(draft, (*shape[:-2], dim, shape[-1]), depth - 1)
            return f"({atom(a)} @ {atom(b)})"
        case "total":
            inner = tuple(c.of(list(draft.sizes)) for _ in range(c.integer(1, 2)))
            axis = "" if c.chance(60) or len(inner) == 1 else c.of([", axis=(0, 1)", ", axis=(-1, 0)"])
            return f"{c.of(['sum', 'mean', 'max'])}({whole(draft, inner, depth - 1)}{axis})"
        case "matmul":
            dim = c.of(list(draft.sizes))
            a = whole(draft, (*shape[:-1], dim), depth - 1)
            b = whole(draft, (dim, shape[-1]), depth - 1)
            return f"({atom(a)} @ {atom(b)})"
        case "transpose":
            return f"{atom(whole(draft, shape[::-1], depth - 1))}.T"
        case "reduced":
            dim = c.of(list(draft.sizes))
            axis = c.integer(0, 1)
            inner = (dim, *shape) if axis == 0 else (*shape, dim)
            return f"{c.of(['sum', 'mean', 'max'])}({whole(draft, inner, depth - 1)}, axis={c.of([axis, axis - 2])})"
        case "vector":
            dim = c.of(list(draft.sizes))
            return f"({atom(whole(draft, (*shape, dim), depth - 1))} @ {atom(whole(draft, (dim,), depth - 1))})"
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
