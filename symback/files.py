"""Writing a file so that a reader sees the old text or the new, never a mixture."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path

from symback.core.diagnostics import Diagnostic, LayerError

FIRST_WORDS = b"# Made by symback "
"""How the text of every generated module begins."""


def written_by_symback(path: Path) -> bool:
    """Whether a file is a module that symback generated. An empty file belongs to nobody."""
    with open(path, "rb") as file:
        head = file.read(256)
    return not head.strip() or head.startswith(FIRST_WORDS)


def write_atomically(path: str | os.PathLike[str], text: str, *, force: bool = False) -> None:
    """Replace a file by `text`: a temporary file in the same folder, synced, then renamed over it.

    A link is followed, permissions are kept, and a device or a pipe is written to as it is.

    Raises:
        LayerError: the file was not written by symback and `force` is not given, or it cannot be written.
    """
    try:
        target = Path(os.path.realpath(path))
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            if stat.S_ISDIR(mode):
                raise LayerError(Diagnostic("E902", f"{path} is a folder", mend="name a file with -o"))
            target.write_text(text, encoding="utf-8")
            return
        if mode is not None and not force and not written_by_symback(target):
            raise LayerError(
                Diagnostic(
                    "E901",
                    f"{path} exists and was not written by symback",
                    mend="use another name with -o, or --force to replace it",
                )
            )
        _replace(target, text.encode("utf-8"), mode)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise LayerError(Diagnostic("E902", f"{path} cannot be written: {reason}", mend="the file is as it was")) from error


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    beside = target.parent / f".{target.name[:100]}.{secrets.token_hex(6)}.tmp"
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
    try:
        with open(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        if mode is not None:
            os.chmod(beside, stat.S_IMODE(mode))
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(OSError):
            beside.unlink()
        raise
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Make the rename last through a power cut, on systems where a folder can be synced."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        with contextlib.suppress(OSError):
            os.fsync(descriptor)
    finally:
        os.close(descriptor)
