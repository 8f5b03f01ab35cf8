"""The JSON Schema of a layer file, for editors. It describes the file's form; what names mean only `symback` tells."""

from __future__ import annotations

import json

from symback.frontend.declaration import KEYS, MODE_KEYS

_NAME = "^[A-Za-z][A-Za-z0-9_]{0,63}$"
_LEFT = r"^\s*[A-Za-z][A-Za-z0-9_]*\s*(\[[^\[\]]*\]\s*|(,\s*[A-Za-z][A-Za-z0-9_]*\s*)*)$"

_DOCS = {
    "layer": "The layer's name, a Python identifier; the generated module bears it.",
    "doc": "What the layer computes; carried into the generated module.",
    "inputs": "Tensors that the caller passes. Floats are differentiated.",
    "params": "Trainable tensors, always differentiated.",
    "state": "Tensors carried from call to call, never differentiated.",
    "hyperparameters": "Name: default. The default's form decides the type: 2 is an integer, 2.0 a float, true a truth.",
    "dims": "Derived dimensions: integer expressions of other dimensions and integer hyperparameters.",
    "indices": "Ranges of indices that no axis tells.",
    "random": "Tensors drawn in forward from the caller's generator.",
    "where": "Named intermediates: name[indices]: expression, in any order.",
    "outputs": "What forward returns; at least one.",
    "update": "Next values of state tensors.",
    "modes": "Mode: the sections that it changes; {} empties one.",
    "assume": "Relations that hold of the inputs.",
    "wrt": "Names to differentiate by, instead of all float inputs and all params; [] for none.",
    "use": "Name: file, layers of other files that this one calls.",
    "check": "Sizes and distributions for the gradient check.",
}


def schema() -> dict:
    """The schema, a JSON object (draft 2020-12)."""
    properties = {
        "layer": {"type": "string", "pattern": "^[A-Za-z_][A-Za-z0-9_]*$", "maxLength": 64},
        "doc": {"type": "string"},
        "inputs": _tensors("input"),
        "params": _tensors("param"),
        "state": _tensors("state"),
        "hyperparameters": _named({"type": ["number", "boolean", "string"]}),
        "dims": _named({"$ref": "#/$defs/expression"}),
        "indices": _named({"$ref": "#/$defs/expression"}),
        "random": _random(),
        "where": {"$ref": "#/$defs/lines"},
        "outputs": {"$ref": "#/$defs/lines", "minProperties": 1},
        "update": {"$ref": "#/$defs/lines"},
        "modes": _named({"$ref": "#/$defs/mode"}),
        "assume": {"type": ["array", "null"], "items": {"type": "string"}},
        "wrt": {"type": ["array", "null"], "items": {"type": "string", "pattern": _NAME}, "uniqueItems": True},
        "use": _named({"type": "string", "pattern": r"\.ya?ml$"}),
        "check": {"$ref": "#/$defs/check"},
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A symback layer",
        "type": "object",
        "required": ["layer", "outputs"],
        "additionalProperties": False,
        "properties": {key: {"description": _DOCS[key], **properties[key]} for key in KEYS},
        "$defs": {
            "expression": {"type": ["string", "number"], "description": "An expression of the layer language."},
            "lines": {
                "type": ["object", "null"],
                "propertyNames": {"pattern": _LEFT},
                "additionalProperties": {"type": ["string", "number", "boolean"]},
            },
            "shape": {
                "type": "array",
                "items": {"type": ["string", "integer"]},
                "description": "Dimensions; `...` first for leading axes.",
            },
            "input": _tensor(("values", "also", "dtype", "grad", "outside")),
            "param": _tensor(("dtype", "grad", "outside", "init")),
            "state": _tensor(("values", "also", "dtype", "grad", "outside", "init")),
            "random": {
                "type": "object",
                "required": ["shape", "dist"],
                "additionalProperties": False,
                "properties": {
                    "shape": {"$ref": "#/$defs/shape"},
                    "dist": {"type": "string", "pattern": r"^\s*(bernoulli|uniform|normal)\s*\("},
                },
            },
            "mode": {
                "type": ["object", "null"],
                "additionalProperties": False,
                "properties": {key: _random() if key == "random" else {"$ref": "#/$defs/lines"} for key in MODE_KEYS},
            },
            "check": {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "dims": _named({"type": "integer", "minimum": 0}),
                    "values": _named({"type": ["string", "number"]}),
                },
            },
        },
    }


def schema_text() -> str:
    """The schema as indented JSON."""
    return json.dumps(schema(), indent=2, ensure_ascii=False) + "\n"


def _named(value: dict) -> dict:
    return {"type": ["object", "null"], "propertyNames": {"pattern": _NAME}, "additionalProperties": value}


def _tensors(kind: str) -> dict:
    return _named({"oneOf": [{"$ref": "#/$defs/shape"}, {"$ref": f"#/$defs/{kind}"}]})


def _random() -> dict:
    return _named({"$ref": "#/$defs/random"})


def _tensor(keys: tuple[str, ...]) -> dict:
    fields = {
        "values": {"type": ["string", "integer"], "description": "Integers from 0 to one less than this."},
        "also": {"type": "array", "items": {"type": "integer"}, "description": "Further integers that may be held."},
        "dtype": {"enum": ["bool", "float"]},
        "grad": {"type": "boolean"},
        "outside": {"type": ["string", "number"], "description": "What an index outside the range reads."},
        "init": {"type": ["string", "number"], "description": "zeros, ones, a number, normal(mean, sd) or uniform(a, b)."},
    }
    return {
        "type": "object",
        "required": ["shape"],
        "additionalProperties": False,
        "properties": {"shape": {"$ref": "#/$defs/shape"}, **{key: fields[key] for key in keys}},
    }
