"""Layers built in Python from SymPy objects: `symback.Layer(…)` says what a layer file says.

What is passed is written as a layer file and read like one, so that a layer has one meaning and one set
of diagnostics however it was made: `layer.to_yaml()` gives the file. SymPy is not imported here; its
objects arrive from a caller who has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from symback.frontend import layer as declared
from symback.frontend.files import loads
from symback.frontend.spelling import Speller
from symback.frontend.user_functions import user_functions

FILE = "<Layer>"
Entries = Mapping | Iterable


class Layer(declared.Layer):
    """A declared layer from Python objects; the keywords are the keys of a layer file.

    name             the layer's name
    inputs, params, state   {name: shape} or {name: {"shape": …, "values": …, …}}, or IndexedBase objects that have shapes;
                     a shape holds symbols, integers, expressions, and `...` first for leading axes
    where, outputs, update  {left: right}: left an Indexed, a Symbol or a text, right a SymPy expression or a text of the language
    indices, dims    {name: integer expression}; an Idx with a range needs no entry
    functions        {a SymPy Function class with `fdiff`: its spelling in NumPy}

    Raises: LayerError, whose places are in the file that `to_yaml` would give.
    """

    def __new__(
        cls,
        name: str,
        *,
        doc: str = "",
        inputs: Entries = (),
        params: Entries = (),
        state: Entries = (),
        hyperparameters: Mapping | None = None,
        dims: Mapping | None = None,
        indices: Mapping | None = None,
        random: Mapping | None = None,
        where: Mapping | None = None,
        outputs: Mapping | None = None,
        update: Mapping | None = None,
        modes: Mapping | None = None,
        assume: Iterable = (),
        wrt: Iterable | None = None,
        use: Mapping | None = None,
        check: Mapping | None = None,
        functions: Mapping | None = None,
        folder: str | None = None,
    ) -> declared.Layer:
        own = user_functions(functions or {})
        speller = Speller(frozenset(own), _floats(hyperparameters or {}))
        sections: list[tuple[str, object]] = [
            ("inputs", _tensors(inputs, speller)),
            ("params", _tensors(params, speller)),
            ("state", _tensors(state, speller)),
            ("hyperparameters", {_name(k): _number(v) for k, v in (hyperparameters or {}).items()}),
            ("dims", {_name(k): speller.text(v) for k, v in (dims or {}).items()}),
            ("random", _tensors(random or {}, speller)),
            ("where", _lines(where or {}, speller)),
            ("outputs", _lines(outputs or {}, speller)),
            ("update", _lines(update or {}, speller)),
            ("modes", {str(m): _mode(change, speller) for m, change in (modes or {}).items()}),
            ("assume", [speller.text(a) for a in assume]),
            ("wrt", None if wrt is None else [_name(w) for w in wrt]),
            ("use", {str(k): str(v) for k, v in (use or {}).items()}),
            ("check", {k: {_name(n): v if k == "dims" else str(v) for n, v in part.items()} for k, part in (check or {}).items()}),
        ]
        ranges = {**speller.ranges, **{_name(k): speller.text(v) for k, v in (indices or {}).items()}}
        sections.insert(5, ("indices", ranges))
        text = written(name, doc, sections)
        made = loads(text, FILE, folder=folder, functions=own)
        return replace(made, functions=own)


# -------------------------------------------------------------------------------------- the parts


def _name(value: object) -> str:
    """The name of a text, a Symbol, an Idx or an IndexedBase."""
    return value if isinstance(value, str) else str(getattr(value, "label", value))


def _floats(hyperparameters: Mapping) -> frozenset[str]:
    return frozenset(
        _name(k) for k, v in hyperparameters.items() if isinstance(v, float) or (isinstance(v, str) and not v.lstrip("-").isdigit())
    )


def _number(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float | int) else str(value)


def _tensors(entries: Entries, speller: Speller) -> dict[str, object]:
    """name -> a shape, or a mapping that holds one."""
    pairs = entries.items() if isinstance(entries, Mapping) else [(e, e.shape) for e in entries]
    out: dict[str, object] = {}
    for name, value in pairs:
        if isinstance(value, Mapping):
            fields = {str(k): _field(k, v, speller) for k, v in value.items()}
            if "shape" not in fields and getattr(name, "shape", None) is not None:
                fields["shape"] = _shape(name.shape, speller)
            out[_name(name)] = fields
        else:
            out[_name(name)] = _shape(value, speller)
    return out


def _field(key: str, value: object, speller: Speller) -> object:
    if key == "shape":
        return _shape(value, speller)
    if key == "also":
        return [str(v) for v in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return speller.text(value)


def _shape(shape: Sequence | None, speller: Speller) -> list[str]:
    return ["..." if axis is ... else speller.text(axis) for axis in (() if shape is None else shape)]


def _lines(entries: Mapping, speller: Speller) -> dict[str, str]:
    return {_left(left, speller): speller.text(right) for left, right in entries.items()}


def _left(left: object, speller: Speller) -> str:
    if isinstance(left, tuple):
        return ", ".join(_name(part) for part in left)
    return left if isinstance(left, str) else speller.text(left)


def _mode(change: Mapping, speller: Speller) -> dict[str, object]:
    return {str(k): _tensors(v, speller) if k == "random" else _lines(v, speller) for k, v in change.items()}


# --------------------------------------------------------------------------------------- the file


def written(name: str, doc: str, sections: list[tuple[str, object]]) -> str:
    """A layer file; sections without entries are left out."""
    out = [f"layer: {_scalar(name)}"]
    if doc:
        out.append(f"doc: {json.dumps(doc, ensure_ascii=False)}")
    for key, value in sections:
        if value is None or (not value and key != "wrt"):
            continue
        if isinstance(value, Mapping):
            out.append(f"{key}:")
            out += _block(value, "  ")
        elif key == "wrt":
            out.append(f"wrt: [{', '.join(_flow(v) for v in value)}]")
        else:
            out.append(f"{key}:")
            out += [f"  - {_scalar(v)}" for v in value]
    return "\n".join(out) + "\n"


def _block(value: Mapping, indent: str) -> list[str]:
    out = []
    for k, v in value.items():
        if isinstance(v, Mapping) and "shape" in v:
            out.append(f"{indent}{_scalar(k)}: {_flow(v)}")
        elif isinstance(v, Mapping) and v:
            out.append(f"{indent}{_scalar(k)}:")
            out += _block(v, indent + "  ")
        elif isinstance(v, Mapping | list):
            out.append(f"{indent}{_scalar(k)}: {_flow(v)}")
        else:
            out.append(f"{indent}{_scalar(k)}: {_scalar(str(v))}")
    return out


def _flow(value: object) -> str:
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{k}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(v) for v in value) + "]"
    text = str(value)
    return _quoted(text) if not text or any(c in text for c in ",[]{}:#&*!|>'\"%@`?") or text[0] in "- " else text


def _scalar(text: str) -> str:
    """A text in block context, quoted where YAML would read something else."""
    if not text or text != text.strip() or text[0] in "!&*|>'\"%@`?[]{},#~" or (text[0] in "-:?" and text[1:2] in ("", " ")):
        return _quoted(text)
    return _quoted(text) if ": " in text or " #" in text or text.endswith(":") or "\n" in text else text


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
