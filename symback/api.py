"""From Python: load a layer, compile it, look at its formulas, write or run its module."""

from __future__ import annotations

import builtins
import linecache
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from symback import emit, frontend
from symback.core.expr import Node
from symback.core.program import Program
from symback.files import write_atomically
from symback.frontend import Layer
from symback.report import formulas, sympy_export
from symback.report.jacobian import jacobian

if TYPE_CHECKING:
    import sympy

TRAIN = "train"
"""The mode that a layer file itself describes."""


def load(path: str | os.PathLike[str]) -> Layer:
    """The layer of a file.

    Raises:
        LayerError: the file cannot be read, or does not describe a layer; with every fault that was found.
    """
    return frontend.load(path)


def loads(text: str) -> Layer:
    """The layer of a text, which may call layers of the standard library but no other file.

    Raises:
        LayerError: as for `load`.
    """
    return frontend.loads(text)


def compile(layer: Layer | Program, target: str = "numpy", with_: Sequence[str] = ()) -> Compiled:  # noqa: A001
    """A layer compiled for a target; `with_` names further functions: `jvp`, `hvp`, `hessian-diagonal`.

    `layer` is what `load` or `loads` gave, or a layer built from SymPy objects.

    Raises:
        LayerError: the layer is wrong, or cannot be compiled for this target.
    """
    program = layer if isinstance(layer, Program) else frontend.resolve(layer)
    return Compiled(emit.build(program, target=target, extras=tuple(with_)))


@dataclass(frozen=True, slots=True)
class Compiled:
    """A compiled layer."""

    built: emit.Built

    @property
    def program(self) -> Program:
        return self.built.program

    @property
    def source(self) -> str:
        """The text of the generated module."""
        return self.built.source

    def write(self, path: str | os.PathLike[str], *, force: bool = False) -> None:
        """Write the module to a file, whole or not at all.

        Raises:
            LayerError: a file that symback did not write is there and `force` is not given, or writing fails.
        """
        write_atomically(path, self.source, force=force)

    def load(self) -> ModuleType:
        """The module, in memory; its source shows in tracebacks."""
        return loaded(self.source, self.program.name)

    @property
    def gradients(self) -> Mapping[str, sympy.Basic]:
        """By tensor name, the gradient as a SymPy expression over named values; `dy` is the gradient by an output `y`."""
        return _Gradients(self)

    def latex(self, name: str) -> str:
        """The LaTeX of the gradient by a tensor, or of an output or intermediate value.

        Raises:
            KeyError: the layer has no such tensor or value.
        """
        return formulas.formula(self.built, TRAIN, name)

    def jacobian(self, output: str, wrt: str) -> sympy.Basic:
        """The local Jacobian of an output by a tensor, one element by one element, as a SymPy expression.

        Raises:
            KeyError: no such value or tensor.
            LayerError: the value is part of a recurrence.
        """
        return sympy_export.to_sympy(jacobian(self.program, self.built.derivations[TRAIN], output, wrt))


@dataclass(frozen=True, slots=True)
class _Gradients(Mapping):
    """Gradients by tensor name, each converted when asked for."""

    compiled: Compiled

    def __getitem__(self, name: str) -> sympy.Basic:
        return sympy_export.to_sympy(self.node(name))

    def node(self, name: str) -> Node:
        return formulas.gradient_value(self.compiled.built.derivations[TRAIN].gradients[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self.compiled.built.derivations[TRAIN].gradients)

    def __len__(self) -> int:
        return len(self.compiled.built.derivations[TRAIN].gradients)


def loaded(source: str, name: str) -> ModuleType:
    """The module that a generated text is. Its lines stay known to tracebacks and debuggers."""
    filename = f"<symback {name}>"
    known = 2
    while filename in linecache.cache and linecache.cache[filename][2] != source.splitlines(keepends=True):
        filename = f"<symback {name} {known}>"
        known += 1
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    module = ModuleType(name)
    module.__file__ = filename
    code = builtins.compile(source, filename, "exec")
    exec(code, module.__dict__)  # the text is symback's own: the one place where one is run
    return module


def default_output(path: str) -> Path:
    """Where the module of a layer file goes: beside it, with the stem's name."""
    return Path(path).with_suffix(".py")
