"""Calls of other layers on whole tensors: any that has neither state nor draws."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from functools import cache

from tests.oracle import Layer, read_file
from tests.oracle.evaluate import LIBRARY
from tests.properties.draft import ANY, POSITIVE, UNIT, Draft
from tests.properties.reading import find_tensor


@cache
def callable_layers() -> tuple[Layer, ...]:
    """The layers that a random layer may call, in order of name."""
    out = []
    for path in sorted(LIBRARY.glob("*.yaml")):
        layer = read_file(path)
        if layer.wrt == () or any(d.role in ("state", "random") for d in layer.tensors.values()):
            continue
        out.append(layer)
    return tuple(out)


def call_line(draft: Draft, depth: int) -> None:
    """`v: layer(x, W)` for a layer of the standard library."""
    c = draft.choices
    layer = c.of(callable_layers())
    kind = c.weighted([(6, ANY), (3, POSITIVE), (2, UNIT)])
    call(draft, layer, layer.name, dict.fromkeys(layer.tensors, kind))


def call(draft: Draft, layer: Layer, name: str, kinds: Mapping[str, str]) -> None:
    """A call with arguments in order or by name, several targets where the layer has several outputs; `kinds`: how its tensors are drawn."""
    c = draft.choices
    sizes: dict[str, str] = {}
    leading = (c.of(list(draft.sizes)),) if c.chance(60) else ()
    parts = []
    declared = sorted(layer.tensors.values(), key=lambda d: ("input", "param").index(d.role))
    for d in declared:
        shape = [part for entry in d.shape for part in (leading if entry == "..." else (_size(draft, layer, entry, sizes),))]
        parts.append(_argument(draft, d, tuple(shape), kinds[d.name], layer, sizes))
    if c.chance(25) and len(parts) > 1:
        parts[1:] = [f"{d.name}={p}" for d, p in zip(declared[1:], parts[1:], strict=True)][:: c.of([1, -1])]
    targets = [draft.fresh("v") for _ in layer.outputs]
    draft.where.append((", ".join(targets), f"{name}({', '.join(parts)})"))


def _size(draft: Draft, layer: Layer, entry: str, sizes: dict[str, str]) -> str:
    """An axis of the callee in the caller's dimensions."""
    if entry.isdigit():
        return entry
    for name in sorted({n.id for n in ast.walk(ast.parse(entry, mode="eval")) if isinstance(n, ast.Name)}):
        if name in layer.hyperparameters:
            sizes.setdefault(name, layer.hyperparameters[name])
        elif name in layer.dims:
            sizes.setdefault(name, f"({_size(draft, layer, layer.dims[name], sizes)})")
        else:
            sizes.setdefault(name, draft.choices.of(list(draft.sizes)))
    return _replaced(entry, sizes)


def _replaced(text: str, by: Mapping[str, str]) -> str:
    """The text with all of these names replaced at once."""
    out, word = [], ""
    for ch in text + " ":
        if ch.isalnum() or ch == "_":
            word += ch
        else:
            out.append(by.get(word, word) + ch)
            word = ""
    return "".join(out)[:-1]


def _argument(draft: Draft, declared, shape: tuple[str, ...], kind: str, layer: Layer, sizes: dict[str, str]) -> str:
    if declared.kind == "int":
        return draft.new_tensor(shape, values=_size(draft, layer, declared.values, sizes)).name
    if declared.kind == "bool":
        return draft.new_tensor(shape, bool_=True).name
    fits = [v.name for v in draft.values if v.shape == shape]
    if kind == ANY and fits and draft.choices.chance(50):
        return draft.choices.of(fits)
    return find_tensor(draft, shape, kind, {}).name
