"""The text of a module: the same bytes whenever it is made, laid out as ruff would, nothing dead in it."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import symback
from tests.module_contract.layers import LAYERS, compiled

ROOT = Path(__file__).parents[2]
NAMES = sorted(LAYERS)


@pytest.mark.parametrize("name", NAMES)
def test_made_again_it_is_the_same(name):
    assert symback.compile(symback.loads(LAYERS[name])).source == compiled(LAYERS[name]).source


def test_the_hash_seed_changes_nothing():
    program = "import sys, symback\nfrom tests.module_contract.layers import LAYERS\nfor n in sorted(LAYERS): sys.stdout.write(symback.compile(symback.loads(LAYERS[n])).source)\n"
    made = set()
    for seed in ("0", "1", "31337"):
        done = subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        made.add(done.stdout)
    assert len(made) == 1
    assert made.pop() == "".join(compiled(LAYERS[n]).source for n in NAMES)


def test_ruff_finds_nothing_to_change(tmp_path):
    pytest.importorskip("ruff")
    for name in NAMES:
        (tmp_path / f"{name}.py").write_text(compiled(LAYERS[name]).source, encoding="utf-8")
    for command in (["format", "--check", "--diff"], ["check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", NAMES)
def test_it_imports_the_standard_library_and_numpy_only(name):
    for node in ast.walk(ast.parse(compiled(LAYERS[name]).source)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else [node.module]
            assert {m.partition(".")[0] for m in modules} <= {
                "numpy",
                "typing",
                "__future__",
                "math",
                "collections",
                "dataclasses",
                "functools",
                "itertools",
                "scipy",
            }


@pytest.mark.parametrize("name", NAMES)
def test_every_name_that_is_given_a_value_is_used(name):
    tree = ast.parse(compiled(LAYERS[name]).source)
    for function in [n for n in tree.body if isinstance(n, ast.FunctionDef)]:
        given = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        used = {n.id for n in ast.walk(function) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
        assert {g for g in given if not g.startswith("_")} <= used, function.name


@pytest.mark.parametrize("name", NAMES)
def test_the_header_has_a_hash_and_the_version_but_no_date_or_path(name):
    source = compiled(LAYERS[name]).source
    assert symback.__version__ in source
    assert any(len(w.strip(".,()")) >= 12 and set(w.strip(".,()")) <= set("0123456789abcdef") for w in source.split())
    assert str(ROOT) not in source and "/tmp" not in source


@pytest.mark.parametrize("name", NAMES)
def test_the_docstrings_hold_formulas_and_shapes(name):
    tree = ast.parse(compiled(LAYERS[name]).source)
    assert ast.get_docstring(tree)
    functions = {n.name: ast.get_docstring(n) for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert functions["forward"] and functions["backward"]


def test_the_conventions_that_a_layer_can_meet_are_stated():
    assert (
        "relu" in ast.get_docstring(ast.parse(compiled(LAYERS["branches"]).source)).lower() or "tie" in compiled(LAYERS["branches"]).source
    )


def test_no_statement_of_a_generated_module_keeps_state_between_calls():
    for name in NAMES:
        for node in ast.walk(ast.parse(compiled(LAYERS[name]).source)):
            assert not isinstance(node, ast.Global | ast.Nonlocal), name


def test_sums_that_a_label_decides_add_and_read_there_and_compare_nothing():
    text = "layer: a\ninputs: {x: [N, D], t: {shape: [N], values: S}, like: {shape: [S], grad: false}}\noutputs:\n"
    source = symback.compile(symback.loads(text + "  y[s, d]: Sum(x[n, d]*Eq(t[n], s), n)*like[s]\n")).source
    code = [line for line in source[: source.index("LATEX")].splitlines() if line.startswith("    ")]
    assert "    _add_rows(total, t, x)" in code and not any(" == " in line for line in code if "[n, d]" not in line)
    assert any("[t]" in line and line.startswith("    dx = ") for line in code)
