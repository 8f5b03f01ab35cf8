"""The text of the library's modules."""

import subprocess
import sys

import pytest

from tests.library.modules import LAYERS, compiled


def test_ruff_finds_nothing_to_change_in_a_module_of_the_library(tmp_path):
    pytest.importorskip("ruff")
    for layer in LAYERS:
        (tmp_path / f"{layer}.py").write_text(compiled(layer).source, encoding="utf-8")
    for command in (["format", "--check", "--diff"], ["check"]):
        done = subprocess.run([sys.executable, "-m", "ruff", *command, "--isolated", str(tmp_path)], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
