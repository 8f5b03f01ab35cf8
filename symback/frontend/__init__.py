"""From a layer file to a resolved program: `load` or `loads`, then `resolve`."""

from symback.frontend.files import library_names, load, loads
from symback.frontend.layer import Layer
from symback.frontend.resolve import resolve

__all__ = ["Layer", "library_names", "load", "loads", "resolve"]
