"""What a hostile file is, and the sound layer that most of them spoil."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Fate(Enum):
    """What must become of a file."""

    REFUSED = "refused"
    LEGAL = "legal"
    EITHER = "either"


@dataclass(frozen=True)
class Hostile:
    """One file: its name, what it holds, its fate."""

    name: str
    content: bytes | Callable[[Path], None]
    fate: Fate

    def put(self, path: Path) -> None:
        """Makes the file."""
        if callable(self.content):
            self.content(path)
        else:
            path.write_bytes(self.content)


REFUSED, LEGAL, EITHER = Fate.REFUSED, Fate.LEGAL, Fate.EITHER

Entry = tuple[str, "str | bytes | Callable[[Path], None]", Fate]


def layer(**sections: str) -> str:
    """A sound layer with some sections replaced or added; `None` drops one."""
    parts = {"layer": "victim", "inputs": "\n  x: [N, C]", "outputs": "\n  y[n, c]: exp(x[n, c])"}
    parts.update(sections)
    return "".join(f"{k}: {v}\n" for k, v in parts.items() if v is not None)


def line(expression: str, left: str = "y[n, c]") -> str:
    """A sound layer whose output is this expression, quoted so that YAML lets it through."""
    quoted = "'" + expression.replace("'", "''") + "'"
    return layer(outputs=f"\n  {left}: {quoted}")
