"""Running the command in this process, and layers to run it on."""

from __future__ import annotations

import io
import sys
from dataclasses import dataclass

import pytest

from symback.cli import main

LINEAR = """\
layer: affine
doc: An affine map.
inputs:
  x: [N, I]
params:
  W: [I, O]
  b: [O]
outputs:
  y[n, o]: Sum(x[n, i]*W[i, o], i) + b[o]
"""

WRONG = """\
layer: affine
inputs:
  x: [N, I]
outputs:
  y[n]: Sum(x[n, i]*W[i], i)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    status: int
    out: str
    err: str


@pytest.fixture
def symback(capfd, monkeypatch):
    """A function that runs the command with arguments and standard input."""

    def run(*arguments: object, stdin: str | bytes = "") -> Outcome:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        try:
            status = main([str(a) for a in arguments])
        except SystemExit as stopped:
            status = stopped.code
        out, err = capfd.readouterr()
        return Outcome(status, out, err)

    return run


@pytest.fixture
def affine(tmp_path):
    path = tmp_path / "affine.yaml"
    path.write_text(LINEAR)
    return path


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.yaml"
    path.write_text(WRONG)
    return path
