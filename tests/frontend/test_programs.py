"""Layers over the whole language resolve to exactly these programs, which a person has read."""

from pathlib import Path

import pytest

from symback.frontend import load, resolve
from tests.frontend.text import program_text

LAYERS = Path(__file__).parent / "layers"
FILES = sorted(LAYERS.glob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda p: p.stem)
def test_a_layer_resolves_to_the_program_that_was_read(path):
    assert program_text(resolve(load(path))) == path.with_suffix(".txt").read_text(encoding="utf-8")


if __name__ == "__main__":
    for path in FILES:
        path.with_suffix(".txt").write_text(program_text(resolve(load(path))), encoding="utf-8")
