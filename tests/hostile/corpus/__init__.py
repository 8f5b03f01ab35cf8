"""Hostile layer files, each with what must become of it.

A file is bytes, or a function that puts something worse than a file at the path. REFUSED must end with a diagnostic (status 1),
LEGAL must compile (status 0), EITHER may do one or the other; none may do anything else.
"""

from __future__ import annotations

from tests.hostile.corpus.declarations import semantics, structure, types
from tests.hostile.corpus.documents import encodings, names, text, yaml
from tests.hostile.corpus.entries import Fate, Hostile
from tests.hostile.corpus.expressions import depth, expressions, numbers
from tests.hostile.corpus.files import files, links
from tests.hostile.corpus.swelling import swelling

__all__ = ["Fate", "Hostile", "corpus"]

FAMILIES = (expressions, numbers, depth, yaml, names, text, encodings, structure, types, files, links, semantics, swelling)


def corpus() -> list[Hostile]:
    """All of them."""
    out: list[Hostile] = []
    seen: set[str] = set()
    for family in FAMILIES:
        for name, content, fate in family():
            full = f"{family.__name__}-{name}"
            assert full not in seen, full
            seen.add(full)
            out.append(Hostile(full, content.encode() if isinstance(content, str) else content, fate))
    return out
