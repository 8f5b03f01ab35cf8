"""The letters of a gradient's axes: those that its author gave the tensor's axes."""

from __future__ import annotations

from collections.abc import Mapping, Set

from symback.core.expr import Node, Op, index, is_letter, walk
from symback.core.program import LEADING, Program, Tensor


def letters(program: Program) -> dict[str, list[str]]:
    """For each tensor the index that its author gives each axis where it is first read, a free one before a bound one; else an
    empty name."""
    found: dict[str, list[str]] = {t.name: [""] * len(t.shape) for t in program.tensors}
    values = [e.value for body in program.bodies.values() for d in body.definitions for e in d.equations]
    for value in values:
        _read_at(value, {i: str(i.data) for i in value.free}, found)
    for value in values:
        for r in (r for r in walk(value) if r.op is Op.REDUCE):
            _read_at(r.args[0], dict(zip(r.args[1::3], r.hint, strict=True)), found)
    return found


def _read_at(value: Node, scope: Mapping[Node, str], found: dict[str, list[str]]) -> None:
    """Enters the letters at which tensors are read where an axis has none yet."""
    for r in (r for r in walk(value) if r.op is Op.READ and r.data in found):
        names = found[r.data]
        for k, a in enumerate(r.args):
            letter = scope.get(a, "") if a.op is Op.INDEX else ""
            if letter and is_letter(letter) and not names[k] and letter not in names:
                names[k] = letter


def tensor_axes(tensor: Tensor, names: list[str], taken: Set[str]) -> tuple[Node, ...]:
    """Indices for a tensor's axes, of these names where they are free; all leading axes together are `...`."""
    for k in range(len(names)):
        spare = iter("ijklabcdefgh")
        while not names[k] or (names[k] in taken and names[k] != LEADING) or names[k] in names[:k]:
            names[k] = next(spare, f"i{k}_")
    return tuple(index(n, size) for n, size in zip(names, tensor.shape, strict=True))
