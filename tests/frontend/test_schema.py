"""The JSON Schema accepts every layer that symback accepts, and refuses what has the wrong form."""

import json
from pathlib import Path

import pytest
import yaml

from symback.frontend import schema, schema_text
from symback.frontend.files import LIBRARY

SCHEMA = schema()
TYPES = {"string": str, "number": (int, float), "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}
LAYERS = Path(__file__).parent / "layers"


def faults(value, rule, at="") -> list[str]:
    """What is wrong with a value, by the part of JSON Schema that the schema uses."""
    if "$ref" in rule:
        part = SCHEMA
        for name in rule["$ref"].removeprefix("#/").split("/"):
            part = part[name]
        return faults(value, {**part, **{k: v for k, v in rule.items() if k != "$ref"}}, at)
    unknown = set(rule) - {
        "$schema",
        "title",
        "description",
        "$defs",
        "type",
        "pattern",
        "maxLength",
        "required",
        "additionalProperties",
        "properties",
        "oneOf",
        "items",
        "enum",
        "propertyNames",
        "minProperties",
        "uniqueItems",
        "minimum",
    }
    assert not unknown, unknown
    if "type" in rule:
        names = rule["type"] if isinstance(rule["type"], list) else [rule["type"]]
        if not any(isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("number", "integer")) for name in names):
            return [f"{at}: {value!r} is no {names}"]
    out = [f"{at}: {value!r}"] if "enum" in rule and value not in rule["enum"] else []
    if "oneOf" in rule and sum(not faults(value, r) for r in rule["oneOf"]) != 1:
        out.append(f"{at}: {value!r} fits not one form")
    if isinstance(value, str):
        import re

        out += [f"{at}: {value!r} is not {rule['pattern']}"] if "pattern" in rule and not re.search(rule["pattern"], value) else []
        out += [f"{at}: too long"] if len(value) > rule.get("maxLength", 1 << 30) else []
    if isinstance(value, list):
        out += [f for k, v in enumerate(value) for f in faults(v, rule.get("items", {}), f"{at}/{k}")]
    if isinstance(value, dict):
        out += [f"{at}: {k} is missing" for k in rule.get("required", ()) if k not in value]
        out += [f"{at}: empty"] if len(value) < rule.get("minProperties", 0) else []
        for k, v in value.items():
            out += faults(k, rule.get("propertyNames", {}), f"{at}/{k}")
            part = rule.get("properties", {}).get(k, rule.get("additionalProperties", {}))
            out += [f"{at}: unknown key {k}"] if part is False else faults(v, part, f"{at}/{k}")
    return out


@pytest.mark.parametrize("path", [*sorted(LIBRARY.glob("*.yaml")), *sorted(LAYERS.glob("*.yaml"))], ids=lambda p: p.stem)
def test_a_layer_of_the_library_has_the_form_that_the_schema_describes(path):
    assert faults(yaml.safe_load(path.read_text(encoding="utf-8")), SCHEMA) == []


GOOD = {"layer": "a", "inputs": {"x": ["N"]}, "outputs": {"y[n]": "x[n]"}}


@pytest.mark.parametrize(
    "change",
    [
        {"layer": "my layer"},
        {"inputz": {}},
        {"inputs": ["x"]},
        {"inputs": {"x": {"values": 3}}},
        {"inputs": {"x": {"shape": ["N"], "dtype": "int"}}},
        {"inputs": {"x": {"shape": ["N"], "init": "zeros"}}},
        {"random": {"u": {"shape": ["N"]}}},
        {"random": {"u": {"shape": ["N"], "dist": "gamma(1)"}}},
        {"outputs": {}},
        {"outputs": {"2y": "x"}},
        {"modes": {"eval": {"inputs": {}}}},
        {"wrt": "x"},
        {"use": {"f": "f.txt"}},
        {"check": {"dims": {"N": "many"}}},
        {"hyperparameters": {"eps": [1]}},
    ],
    ids=str,
)
def test_the_schema_refuses_a_wrong_form(change):
    assert faults(GOOD, SCHEMA) == []
    assert faults({**GOOD, **change}, SCHEMA)


def test_the_schema_is_json_with_a_line_for_each_key():
    assert json.loads(schema_text()) == SCHEMA
    assert all(part["description"] for part in SCHEMA["properties"].values())
