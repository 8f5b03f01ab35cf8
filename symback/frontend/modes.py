"""The lines and the draws of one mode: the file's own, with what the mode empties, replaces and adds."""

from __future__ import annotations

from symback.core.program import Role
from symback.frontend.layer import DeclaredTensor, Layer, Line, Mode
from symback.frontend.syntax import Form, walk

TRAIN = "train"


def modes_of(layer: Layer) -> tuple[str, ...]:
    """`train`, the layer's own modes, then those of the layers that it calls, each once."""
    found: dict[str, None] = {TRAIN: None}
    for mode in layer.modes:
        found.setdefault(mode.name)
    for callee in layer.callees.values():
        for name in modes_of(callee):
            found.setdefault(name)
    return tuple(found)


def lines_of(layer: Layer, mode: str) -> tuple[Line, ...]:
    """The lines of `where`, `outputs` and `update` in a mode, in the file's order."""
    change = _change(layer, mode)
    if change is None:
        return layer.lines
    replaced = {_key(line): line for line in change.lines}
    kept: list[Line] = []
    placed: set[int] = set()
    for line in layer.lines:
        if line.section.value in change.emptied:
            continue
        new = replaced.get(_key(line))
        if new is not None:
            kept.append(new)
            placed.add(id(new))
        elif not any(_supersedes(n, line) for n in change.lines):
            kept.append(line)
    return (*kept, *(line for line in change.lines if id(line) not in placed))


def random_of(layer: Layer, mode: str) -> tuple[DeclaredTensor, ...]:
    """The tensors that a mode draws, in the file's order."""
    own = layer.of_role(Role.RANDOM)
    change = _change(layer, mode)
    if change is None:
        return own
    if "random" in change.emptied:
        return change.random
    new = {t.name: t for t in change.random}
    return (*(new.pop(t.name, t) for t in own), *new.values())


def _change(layer: Layer, mode: str) -> Mode | None:
    return next((m for m in layer.modes if m.name == mode), None)


def _key(line: Line) -> tuple:
    """Equal for two lines with the same left-hand side, whatever their indices are called."""
    return line.section, line.targets, None if line.positions is None else tuple(_place(p) for p in line.positions)


def _place(position) -> str:
    if position.form is Form.NAME or position.form is Form.ELLIPSIS:
        return "index"
    return " ".join(str(s.value) + s.form.value for s in walk(position))


def _supersedes(new: Line, old: Line) -> bool:
    """Whether a mode's line defines the same name by another form, so that nothing of the old one is left."""
    if new.section is not old.section or not set(new.targets) & set(old.targets):
        return False
    if new.positions is None or old.positions is None:
        return True
    return len(new.positions) != len(old.positions)
