"""The library's layers, each compiled once for all tests."""

from functools import cache
from pathlib import Path
from types import ModuleType

import symback
from symback.api import Compiled

LIBRARY = Path(symback.__file__).parent / "frontend" / "library"
LAYERS = tuple(sorted(path.stem for path in LIBRARY.glob("*.yaml")))


@cache
def compiled(layer: str) -> Compiled:
    return symback.compile(symback.load(LIBRARY / f"{layer}.yaml"))


@cache
def module(layer: str) -> ModuleType:
    """The generated module of a library layer."""
    return compiled(layer).load()
