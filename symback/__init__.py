"""symback compiles neural-network layers in index notation to modules with `forward` and `backward`.

    layer = symback.load("linear.yaml")
    compiled = symback.compile(layer)
    compiled.write("linear.py")

Importing this package is cheap: NumPy, SymPy and the compiler are imported when first used.
"""

from __future__ import annotations

import importlib

__version__ = "0.1.0"

_PLACES = {
    "load": "symback.api",
    "loads": "symback.api",
    "compile": "symback.api",
    "Compiled": "symback.api",
    "LayerError": "symback.core.diagnostics",
    "Diagnostic": "symback.core.diagnostics",
    "InternalFault": "symback.core.diagnostics",
    "Layer": "symback.frontend.builder",
}

__all__ = ["__version__", *sorted(_PLACES)]


def __getattr__(name: str) -> object:
    place = _PLACES.get(name)
    if place is None:
        raise AttributeError(f"module 'symback' has no attribute {name!r}")
    value = getattr(importlib.import_module(place), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_PLACES})
