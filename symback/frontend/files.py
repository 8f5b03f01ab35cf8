"""Reading layer files, and the files that they call: nothing else is ever opened."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache, lru_cache
from pathlib import Path
from types import MappingProxyType

from symback.core.diagnostics import Diagnostic, LayerError, Span
from symback.frontend.declaration import declare
from symback.frontend.document import MAX_CHARACTERS, decode, read
from symback.frontend.faults import Faults, stop
from symback.frontend.layer import Layer, Use
from symback.frontend.render import remember
from symback.frontend.syntax import Form, walk
from symback.frontend.vocabulary import FUNCTIONS

LIBRARY = Path(__file__).parent / "library"
MAX_FILES = 200


def load(path: str | Path, *, library_paths: Sequence[str | Path] = ()) -> Layer:
    """The layer of a file, with the layers that it calls. Raises: LayerError with all faults of form.

    `library_paths` are folders beside the layer's own from which `use` may name files.
    """
    file = Path(path)
    loader = _Loader(tuple(Path(p) for p in library_paths))
    return loader.layer(_text(file, str(path)), str(path), file.parent, (_identity(file),))


def loads(
    text: str,
    file: str = "<text>",
    *,
    folder: str | Path | None = None,
    library_paths: Sequence[str | Path] = (),
    functions: Mapping[str, object] | None = None,
) -> Layer:
    """The layer of a text; `use` reads files from `folder`, and calls may name `functions` of the user's own. Raises: LayerError."""
    loader = _Loader(tuple(Path(p) for p in library_paths), functions or {})
    return loader.layer(text, file, None if folder is None else Path(folder), ())


@lru_cache(maxsize=1)
def library_names() -> tuple[str, ...]:
    """The layers of the standard library."""
    return tuple(sorted(p.stem for p in LIBRARY.glob("*.yaml")))


def library_text(name: str) -> str | None:
    """The file of a layer of the standard library; None where there is none of that name."""
    return (LIBRARY / f"{name}.yaml").read_text(encoding="utf-8") if name in library_names() else None


def library_layers() -> tuple[tuple[str, str], ...]:
    """(name, first sentence of what it computes) of each layer of the standard library."""
    return tuple((name, _first_sentence(standard_layer(name).doc)) for name in library_names())


def _first_sentence(doc: str) -> str:
    words = " ".join(doc.split())
    end = words.find(". ")
    return (words if end < 0 else words[:end]).rstrip(".")


class _Loader:
    """Loads one layer and what it calls, each file once."""

    def __init__(self, library_paths: tuple[Path, ...], functions: Mapping[str, object] = MappingProxyType({})):
        self.library_paths, self.functions = library_paths, functions
        self.loaded: dict[str, Layer] = {}

    def layer(self, text: str, file: str, folder: Path | None, chain: tuple[str, ...]) -> Layer:
        remember(file, text)
        layer = declare(read(text, file), file, text)
        faults = Faults()
        callees: dict[str, Layer] = {}
        uses = {u.name: u for u in layer.uses}
        for use in layer.uses:
            found = faults.attempt(self.used, use, folder, chain)
            if found is not None:
                callees[use.name] = found
        for name, span in _called(layer):
            if name in uses or name in callees or name in self.functions:
                continue
            if name in library_names():
                found = faults.attempt(self.standard, name, chain, span)
                if found is not None:
                    callees[name] = found
            elif folder is not None and (folder / f"{name}.yaml").is_file():
                faults.add("E509", f"the layer `{name}` is not named under `use`", span, f"add `use: {{{name}: {name}.yaml}}`")
                callees[name] = layer
        faults.settle()
        return replace(layer, callees=callees)

    def used(self, use: Use, folder: Path | None, chain: tuple[str, ...]) -> Layer:
        """The layer of a file that `use` names."""
        path = self.found(use, folder)
        identity = _identity(path)
        if identity in chain:
            stop("E511", f"the file `{use.path}` calls, directly or through others, itself", use.span, "break the circle of files")
        if identity in self.loaded:
            return self.loaded[identity]
        if len(self.loaded) >= MAX_FILES:
            stop("E510", f"more than {MAX_FILES} files", use.span, "")
        layer = self.layer(_text(path, str(path), use.span), str(path), path.parent, (*chain, identity))
        self.loaded[identity] = layer
        return layer

    def found(self, use: Use, folder: Path | None) -> Path:
        written = Path(use.path)
        if folder is None:
            stop(
                "E512",
                f"`{use.path}` has no folder to be found in: this layer is a text, not a file",
                use.span,
                "load the layer from a file",
            )
        if "\0" in use.path or len(use.path) > 255 or written.is_absolute() or ".." in written.parts:
            stop("E513", f"`{_short(use.path)}` lies outside the layer's folder", use.span, "name a file in the same folder or below it")
        if written.suffix not in (".yaml", ".yml"):
            stop("E512", f"`{use.path}` is not a layer file", use.span, "a layer file ends in `.yaml`")
        for root in (folder, *self.library_paths):
            path = root / written
            if path.exists() or path.is_symlink():
                if not Path(_identity(path)).is_relative_to(root.resolve()):
                    stop("E513", f"`{use.path}` is a link out of the layer's folder", use.span, "copy the file into the folder")
                return path
        stop("E512", f"there is no file `{use.path}` beside this one", use.span, "a path is relative to the layer's own folder")

    def standard(self, name: str, chain: tuple[str, ...], span: Span | None) -> Layer:
        """A layer of the standard library."""
        path = LIBRARY / f"{name}.yaml"
        if _identity(path) in chain:
            stop("E511", f"the library's layer `{name}` calls itself", span, "break the circle of files")
        return standard_layer(name)


@cache
def standard_layer(name: str) -> Layer:
    """A layer of the standard library, read once."""
    path = LIBRARY / f"{name}.yaml"
    text = path.read_text(encoding="utf-8")
    return _Loader(()).layer(text, f"{name}.yaml", LIBRARY, (_identity(path),))


def is_standard(layer: Layer) -> bool:
    """Whether a layer is the standard library's own."""
    return layer.name in library_names() and standard_layer(layer.name) is layer


def _called(layer: Layer) -> list[tuple[str, Span | None]]:
    found: dict[str, Span | None] = {}
    for line in (*layer.lines, *(e for m in layer.modes for e in m.lines)):
        for s in walk(line.value):
            if s.form is Form.CALL and s.value not in FUNCTIONS:
                found.setdefault(s.value, s.span)
    return list(found.items())


def _text(path: Path, shown: str, span: Span | None = None) -> str:
    """The text of a regular file of bounded size. Raises: LayerError."""
    place = span or Span(shown, 1, 1)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise LayerError(Diagnostic("E112", f"`{shown}` is not a regular file", place, "name a layer file"))
        if status.st_size > 4 * MAX_CHARACTERS:
            raise LayerError(
                Diagnostic(
                    "E101", f"the file has more than {MAX_CHARACTERS} characters", place, "split it into layers that call each other"
                )
            )
        with path.open("rb") as file:
            data = file.read(4 * MAX_CHARACTERS + 1)
    except OSError as error:
        reason = error.strerror or "it cannot be read"
        raise LayerError(Diagnostic("E112", f"cannot read `{shown}`: {reason}", place, "check the name and the permissions")) from None
    except ValueError:
        raise LayerError(Diagnostic("E112", f"cannot read `{_short(shown)}`: not a file's name", place, "check the name")) from None
    return decode(data, shown)


def _identity(path: Path) -> str:
    try:
        return str(path.resolve())
    except (OSError, RuntimeError, ValueError):
        return str(path)


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
