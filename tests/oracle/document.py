"""The layer file as data: sections read by PyYAML without any type guessing, lines parsed by `ast`, nothing run."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

import yaml

SECTIONS = ("where", "outputs", "update")


class BadLayer(Exception):
    """The file does not say what the language needs."""


@dataclass(frozen=True)
class Declared:
    """A tensor's declaration; sizes stay text until they are known."""

    name: str
    role: str
    shape: tuple[str, ...]
    kind: str = "float"
    values: str | None = None
    also: tuple[int, ...] = ()
    outside: str | None = None
    grad: bool = True
    distribution: str | None = None


@dataclass(frozen=True)
class Line:
    """One equation. `left` holds an expression an axis, or is None in the whole-tensor form; several names stand before a call."""

    names: tuple[str, ...]
    left: tuple[ast.expr, ...] | None
    right: ast.expr
    section: str
    text: str


@dataclass(frozen=True)
class Layer:
    """A layer in one mode."""

    name: str
    tensors: dict[str, Declared]
    hyperparameters: dict[str, str]
    dims: dict[str, str]
    indices: dict[str, str]
    lines: tuple[Line, ...]
    outputs: tuple[str, ...]
    wrt: tuple[str, ...] | None
    use: dict[str, str]
    assume: tuple[str, ...]
    folder: Path | None


def read_file(path: Path | str, mode: str = "train") -> Layer:
    """The layer of a file."""
    path = Path(path)
    return read_text(path.read_text(encoding="utf-8"), mode, path.parent)


def read_text(text: str, mode: str = "train", folder: Path | None = None) -> Layer:
    """The layer that the text declares, with the changes of `mode` made."""
    raw = yaml.load(text, Loader=yaml.BaseLoader)  # noqa: S506 (BaseLoader makes strings only)
    if mode != "train":
        for section, changes in raw["modes"][mode].items():
            raw[section] = {**_section(raw, section), **_keyed(changes)} if changes else {}
    tensors: dict[str, Declared] = {}
    for section, role in (("inputs", "input"), ("params", "param"), ("state", "state"), ("random", "random")):
        for name, entry in (raw.get(section) or {}).items():
            tensors[name] = _declared(name, role, entry)
    lines = tuple(_line(left, str(right), section) for section in SECTIONS for left, right in _section(raw, section).items())
    wrt = raw.get("wrt")
    return Layer(
        raw["layer"],
        tensors,
        dict(raw.get("hyperparameters") or {}),
        dict(raw.get("dims") or {}),
        dict(raw.get("indices") or {}),
        lines,
        tuple(dict.fromkeys(n for line in lines if line.section == "outputs" for n in line.names)),
        None if wrt is None else tuple(wrt),
        dict(raw.get("use") or {}),
        tuple(raw.get("assume") or ()),
        folder,
    )


def _keyed(section: dict | str | None) -> dict[str, str]:
    """The entries by left-hand side with its blanks evened out."""
    return {_squeezed(k): v for k, v in (section or {}).items()}


def _squeezed(left: str) -> str:
    return "".join(left.split())


def _section(raw: dict, name: str) -> dict[str, str]:
    return _keyed(raw.get(name)) if name in SECTIONS else dict(raw.get(name) or {})


def _declared(name: str, role: str, entry: object) -> Declared:
    if isinstance(entry, list):
        return Declared(name, role, tuple(entry))
    kind = "int" if "values" in entry else entry.get("dtype", "float")
    return Declared(
        name,
        role,
        tuple(entry.get("shape", ())),
        kind,
        entry.get("values"),
        tuple(int(v) for v in entry.get("also", ())),
        entry.get("outside"),
        entry.get("grad", "true") != "false" and kind == "float" and role in ("input", "param"),
        entry.get("dist"),
    )


def _line(left: str, right: str, section: str) -> Line:
    targets = ast.parse(left.strip(), mode="eval").body
    tree = parse_expression(right)
    if isinstance(targets, ast.Tuple):
        return Line(tuple(t.id for t in targets.elts), None, tree, section, f"{left}: {right}")
    if isinstance(targets, ast.Name):
        return Line((targets.id,), None, tree, section, f"{left}: {right}")
    return Line((targets.value.id,), subscripts(targets), tree, section, f"{left}: {right}")


def parse_expression(text: str) -> ast.expr:
    """The tree of an expression; number literals keep their spelling, so that a decimal is exact."""
    source = " ".join(text.split())
    tree = ast.parse(source, mode="eval").body
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, float):
            node.kind = ast.get_source_segment(source, node)
    return tree


def subscripts(node: ast.Subscript) -> tuple[ast.expr, ...]:
    """What stands in the brackets, one expression an axis."""
    return tuple(node.slice.elts) if isinstance(node.slice, ast.Tuple) else (node.slice,)
