"""Convolutions, their transposes, and pools: strided, dilated and padded windows of one and two axes."""

from __future__ import annotations

from tests.properties.draft import ANY, Draft, Indices, index_for, plain
from tests.properties.reading import find_tensor, leaf


def convolution(draft: Draft, indices: Indices, depth: int) -> str:
    """A sum over taps of one axis or two, perhaps with channels."""
    c = draft.choices
    names = plain(indices)
    if not names:
        return leaf(draft, indices)
    moving = names[-2:] if len(names) > 1 and c.chance(40) else [c.of(names)]
    inner = dict(indices)
    taps, positions, shape, padded = [], [], [], c.chance(60)
    for i in moving:
        k = index_for(draft, c.of(list(draft.sizes)), inner)
        inner[k] = draft.dim_of(k)
        taps.append(k)
        position, dim = _window(draft, i, k, inner[i], inner[k], padded)
        positions.append(position)
        shape.append(dim)
    channel, weights = [], [*taps]
    if c.chance(50):
        d = c.of(list(draft.sizes))
        i = index_for(draft, d, inner)
        inner[i] = d
        channel = [i]
        weights = [i, *taps]
    rest = [n for n in names if n not in moving]
    if rest and c.chance(50):
        weights.insert(0, rest[0])
    x = find_tensor(draft, (*(inner[i] for i in channel), *shape), ANY, {"outside": "0"} if padded else {})
    w = find_tensor(draft, tuple(inner[i] for i in weights), ANY, {})
    kind = c.weighted([(8, "Sum"), (1, "Mean")])
    return f"{kind}({x.name}[{', '.join([*channel, *positions])}]*{w.name}[{', '.join(weights)}], {', '.join([*channel, *taps])})"


def _window(draft: Draft, i: str, k: str, d: str, e: str, padded: bool) -> tuple[str, str]:
    """(position, dimension) of one axis of a convolution."""
    c = draft.choices
    stride, dilation = c.weighted([(4, 1), (3, 2), (1, 3)]), c.weighted([(4, 1), (2, 2)])
    at = (i if stride == 1 else f"{stride}*{i}") + " + " + (k if dilation == 1 else f"{dilation}*{k}")
    if padded:
        return f"{at} - {c.of(['1', '2', f'{e}//2', f'({e} - 1)'])}", d
    return at, f"{stride}*{d} + {dilation}*{e} - {stride + dilation - 1}"


def transposed(draft: Draft, indices: Indices, depth: int) -> str:
    """A transposed convolution: each entry spread over taps, the kernel 0 outside."""
    c = draft.choices
    names = plain(indices)
    if not names:
        return leaf(draft, indices)
    u = c.of(names)
    l = index_for(draft, c.of(list(draft.sizes)), indices)  # noqa: E741 (the position within the input)
    inner = {**indices, l: draft.dim_of(l)}
    x = find_tensor(draft, (inner[l],), ANY, {})
    w = find_tensor(draft, (c.of(list(draft.sizes)),), ANY, {"outside": "0"})
    return f"Sum({x.name}[{l}]*{w.name}[{u} - {c.of([l, f'2*{l}', f'2*{l} + 1', f'{l} - 1'])}], {l})"


def pool(draft: Draft, indices: Indices, depth: int) -> str:
    """The largest of a window, -oo beyond the edge, and what else can read -oo."""
    c = draft.choices
    names = plain(indices)
    if not names:
        return leaf(draft, indices)
    i = c.of(names)
    d = indices[i]
    k = index_for(draft, c.of(list(draft.sizes)), indices)
    x = find_tensor(draft, (d,), ANY, {"outside": "-oo"}).name
    near = c.of([f"{i} + {k} - 1", f"{i} - {k}", f"2*{i} + {k} - 1"])
    safe = c.of([f"{i} + {k} - {draft.dim_of(k)} + 1", f"{i} - {k}"])  # the window always holds an element
    return c.of(
        [
            f"Amax({x}[{safe}], {k})",
            f"LogSumExp({x}[{safe}], {k})",
            f"Amax(exp({x}[{near}]), {k})",
            f"Sum(exp({x}[{near}]), {k})",
            f"sigmoid({x}[{c.of([f'{i} - 1', f'{i} + 1', f'2*{i}'])}])",
            f"Max({x}[{i} - 1], 0.1)",
            f"relu({x}[{i} + 1])",
            f"Sum(tanh({x}[{near}]), {k})",
        ]
    )
