"""Every diagnostic's code: what it means, how it is mended, an example that provokes it (`symback explain CODE`)."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from symback.frontend.code import Code
from symback.frontend.codes_form import FORM
from symback.frontend.codes_meaning import MEANING
from symback.frontend.codes_other import OTHER

CODES: Mapping[str, Code] = MappingProxyType({row.code: row for row in (*FORM, *MEANING, *OTHER)})


def explanation(code: str) -> str | None:
    """What `symback explain` prints; None for an unknown code."""
    row = CODES.get(code)
    if row is None:
        return None
    out = f"{row.code}: {row.title}\n\n{row.text}\n"
    if row.example:
        out += "\nFor example:\n\n" + "".join(f"    {line}\n" for line in row.example.rstrip("\n").split("\n"))
    return out
