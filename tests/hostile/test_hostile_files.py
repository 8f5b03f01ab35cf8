"""Every hostile file is answered: a diagnostic or a harmless module, soon, in little memory, and nothing in it has run."""

import ast
from pathlib import Path

import pytest

from tests.hostile.corpus import Fate, Hostile, corpus
from tests.hostile.runner import Answer, answer

pytest.importorskip("resource")

CORPUS = corpus()


def compiled(hostile: Hostile, folder: Path) -> tuple[Answer, Path]:
    inner = folder / "layers"
    inner.mkdir()
    path = inner / "victim.yaml"
    hostile.put(path)
    made = folder / "out.py"
    return answer(["compile", str(path), "-o", str(made)], folder), made


@pytest.mark.parametrize("hostile", CORPUS, ids=lambda h: h.name)
def test_a_hostile_file_is_answered(hostile, tmp_path):
    got, made = compiled(hostile, tmp_path)
    assert not got.hung, "it waits for ever"
    assert "Traceback" not in got.err and "Traceback" not in got.out, got.err[-2000:]
    allowed = {Fate.REFUSED: (1,), Fate.LEGAL: (0,), Fate.EITHER: (0, 1)}[hostile.fate]
    assert got.status in allowed, f"status {got.status} after {got.seconds:.1f} s: {got.err[:2000]}"
    assert not list(tmp_path.rglob("pwned*")), "code from the file has run"
    if got.status == 0:
        harmless(made.read_text(encoding="utf-8"))
    else:
        assert not made.exists(), "a refused layer leaves no module"
        assert got.err.strip(), "a refusal says why"
        assert len(got.err) < 50_000, "a refusal is short"
        assert all(ch.isprintable() or ch in "\n\t" for ch in got.err), f"a refusal holds no control characters: {ascii(got.err[:300])}"


def harmless(source: str) -> None:
    """The module imports numpy and friends only, and calls nothing when it is loaded but what makes classes."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert all(
                n.partition(".")[0]
                in {"__future__", "typing", "collections", "numpy", "scipy", "math", "dataclasses", "functools", "itertools"}
                for n in names
            ), names
        if isinstance(node, ast.Name):
            assert node.id not in {"eval", "exec", "open", "compile", "__import__", "globals", "breakpoint"}


def test_the_corpus_is_large_and_of_many_kinds():
    assert len(CORPUS) >= 150
    assert len({h.name.partition("-")[0] for h in CORPUS}) >= 10
    assert len({h.name for h in CORPUS}) == len(CORPUS)
