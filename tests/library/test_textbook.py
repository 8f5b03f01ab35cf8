"""The benchmark of the library against textbook NumPy leaves no layer out."""

import importlib
from pathlib import Path

import pytest

from tests.library.modules import LAYERS

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    return importlib.import_module("library_vs_textbook")


def test_every_layer_has_a_textbook_form_or_a_reason_to_have_none(benchmark):
    assert sorted([*benchmark.LAYERS, *benchmark.WITHOUT]) == sorted(LAYERS)


def test_no_layer_has_two_textbook_forms(benchmark):
    names = [name for subject in benchmark.SUBJECTS for name in subject]
    assert len(names) == len(set(names))
