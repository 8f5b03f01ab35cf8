"""From a layer file to a resolved program: `load` or `loads`, then `resolve`."""

from symback.frontend.codes import CODES, explanation
from symback.frontend.files import library_layers, library_names, library_text, load, loads
from symback.frontend.layer import Layer
from symback.frontend.render import render, rendered
from symback.frontend.resolve import resolve
from symback.frontend.schema import schema, schema_text

__all__ = [
    "CODES",
    "Layer",
    "explanation",
    "library_layers",
    "library_names",
    "library_text",
    "load",
    "loads",
    "render",
    "rendered",
    "resolve",
    "schema",
    "schema_text",
]
