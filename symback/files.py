"""Writing a file so that a reader sees the old text or the new, never a mixture."""

from __future__ import annotations

import contextlib
import os
import secrets
import stat
from pathlib import Path
from string import hexdigits

from symback.core.diagnostics import Diagnostic, LayerError

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None

FIRST_WORDS = b"# Made by symback "
"""How the text of every generated module begins."""
TOKEN_BYTES = 6
SUFFIX = ".tmp"


def written_by_symback(path: Path) -> bool:
    """Whether a file is a module that symback generated. An empty file belongs to nobody."""
    with open(path, "rb") as file:
        head = file.read(256)
    return not head.strip() or head.startswith(FIRST_WORDS)


def write_atomically(path: str | os.PathLike[str], content: str | bytes, *, force: bool = False) -> None:
    """Replace a file by `content`: a temporary file in the same folder, synced, then renamed over it.

    A link is followed, permissions are kept, and a device or a pipe is written to as it is.

    Raises:
        LayerError: the file was not written by symback and `force` is not given, or it cannot be written.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        target = Path(os.path.realpath(path))
        mode = target.stat().st_mode if target.exists() else None
        if mode is not None and not stat.S_ISREG(mode):
            if stat.S_ISDIR(mode):
                raise LayerError(Diagnostic("E902", f"{path} is a folder", mend="name a file with -o"))
            target.write_bytes(data)
            return
        if mode is not None and not force and not written_by_symback(target):
            raise LayerError(
                Diagnostic(
                    "E901",
                    f"{path} exists and was not written by symback",
                    mend="use another name with -o, or --force to replace it",
                )
            )
        _replace(target, data, mode)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        reason = getattr(error, "strerror", None) or str(error)
        raise LayerError(Diagnostic("E902", f"{path} cannot be written: {reason}", mend="the file is as it was")) from error


def _replace(target: Path, data: bytes, mode: int | None) -> None:
    """Write beside the target and rename over it. What writers that were killed left beside it is removed first."""
    for stray in _strays(target):
        _remove_unless_written(stray)
    with contextlib.ExitStack() as held:
        descriptor, beside = _temporary(target, held)
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


# A writer keeps a lock on its temporary file until the rename, and the system drops the lock when the writer dies: a temporary
# file without a lock is nobody's. Where files cannot be locked nothing is removed.


def _temporary(target: Path, held: contextlib.ExitStack) -> tuple[int, Path]:
    """A new file beside the target, open for writing, locked until `held` closes."""
    while True:
        beside = target.parent / f"{_prefix(target)}{secrets.token_hex(TOKEN_BYTES)}{SUFFIX}"
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_CLOEXEC", 0), 0o666)
        if fcntl is None:
            return descriptor, beside
        with contextlib.suppress(OSError):
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        if beside.exists():  # another writer may have taken it for a stray before it was locked
            held.callback(os.close, os.dup(descriptor))
            return descriptor, beside
        os.close(descriptor)


def _strays(target: Path) -> list[Path]:
    """The files beside the target that are named as its temporary files are."""
    prefix, found = _prefix(target), []
    with contextlib.suppress(OSError), os.scandir(target.parent) as entries:
        for entry in entries:
            token = entry.name.removeprefix(prefix).removesuffix(SUFFIX)
            if entry.name == f"{prefix}{token}{SUFFIX}" and len(token) == 2 * TOKEN_BYTES and set(token) <= set(hexdigits):
                found.append(Path(entry.path))
    return found


def _remove_unless_written(stray: Path) -> None:
    if fcntl is None:
        return
    with contextlib.suppress(OSError):
        descriptor = os.open(stray, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if stat.S_ISREG(os.fstat(descriptor).st_mode):
                stray.unlink()
        finally:
            os.close(descriptor)


def _prefix(target: Path) -> str:
    return f".{target.name[:40]}."


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
