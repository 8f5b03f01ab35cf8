"""A row of the table of diagnostics."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """One diagnostic. `example` is a layer file that provokes it and nothing else; empty where no text can."""

    code: str
    title: str
    text: str
    example: str = ""


def layer(sections: str, outputs: str = "  y[n]: x[n]") -> str:
    """A small layer with these sections and outputs."""
    return f"layer: example\n{sections.rstrip()}\noutputs:\n{outputs.rstrip()}\n"


def vector(outputs: str) -> str:
    """A layer of one input x: [N] with these outputs."""
    return layer("inputs:\n  x: [N]", outputs)


def matrix(outputs: str) -> str:
    """A layer of one input x: [N, C] with these outputs."""
    return layer("inputs:\n  x: [N, C]", outputs)
