"""Every statement of the language has a test, and the examples use every word that it has."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from symback.frontend.declaration import KEYS, TENSOR_KEYS
from symback.frontend.vocabulary import ELEMENTWISE, REDUCTIONS, WHOLE_REDUCTIONS
from tests.language.examples import EXAMPLES
from tests.language.statements import LAYER_FILE, SECTIONS, TENSOR_TYPES, named_tests

ROOT = Path(__file__).parents[2]


def collected(files: list[str]) -> list[str]:
    """The ids of the tests in these files, as pytest collects them."""
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-o", "addopts=", "-p", "no:cacheprovider", *files]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": str(ROOT)})
    assert ran.returncode == 0, ran.stdout[-2000:] + ran.stderr[-2000:]
    return [line for line in ran.stdout.splitlines() if "::" in line]


def without(ids: list[str], named: list[tuple[str, str]]) -> list[tuple[str, str]]:
    """The statements and tests of which none of the ids is one."""
    known = {part for i in ids for part in (i, i.split("[")[0], i[: i.find("-") + 1])}
    return [(statement, test) for statement, test in named if test not in known]


def test_the_tests_that_are_said_to_hold_a_statement_exist(request):
    pytest.importorskip("torch")
    missing = without([item.nodeid for item in request.session.items], list(named_tests()))
    assert not missing or without(collected(sorted({test.split("::")[0] for _, test in missing})), missing) == []


def test_every_statement_names_a_test():
    assert all(tests.split() for statements in SECTIONS.values() for tests in statements.values())


@pytest.mark.parametrize("key", [*KEYS, *TENSOR_KEYS, "..."])
def test_every_key_of_a_layer_file_and_of_a_tensor_has_a_statement(key):
    beginnings = {"shape": "a float tensor", "values": "`values: C`", "dtype": "`dtype: bool`", "grad": "`grad: false`"}
    assert any(s.startswith(beginnings.get(key, f"`{key}`")) for s in (*LAYER_FILE, *TENSOR_TYPES))


def test_every_function_of_the_language_stands_in_an_example():
    used = set()
    for example in EXAMPLES:
        used |= set("".join(c if c.isalnum() or c == "_" else " " for c in example.text).split())
    assert {*ELEMENTWISE, *REDUCTIONS, *WHOLE_REDUCTIONS} <= used
