"""The page of rules, made from the tables."""

import json
from pathlib import Path

import pytest

from symback.cli import main
from symback.report import rules
from tests.report.latex_syntax import balanced

PAGE = Path(__file__).parents[2] / "docs" / "rules.md"


def test_the_page_is_what_the_tables_say_today():
    assert PAGE.read_text() == rules.as_markdown(), "make it anew: symback rules --markdown > docs/rules.md"


def test_every_rule_says_what_when_why_and_from_where():
    for entry in rules.entries():
        assert entry.name and entry.statement and entry.condition and entry.reason and entry.source


def test_no_two_rules_share_a_name_and_a_kind():
    keys = [(e.kind, e.name) for e in rules.entries()]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("entry", rules.entries(), ids=lambda e: f"{e.kind}: {e.name}")
def test_a_statement_is_balanced_latex(entry):
    assert balanced(entry.statement)


def test_a_cell_of_the_page_does_not_end_at_a_bar_of_the_formula():
    rows = [line for line in PAGE.read_text().splitlines() if line.startswith("| ") and "---" not in line]
    assert {line.count(" | ") for line in rows} <= {3, 4, 5}
    assert all("|" not in line.strip("|").replace(" | ", "") for line in rows)


@pytest.mark.parametrize("form", ["--json", "--latex", "--markdown", None])
def test_the_command_prints_every_rule(form, capsys):
    assert main(["rules", *([form] if form else [])]) == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("total-probability", "length", "sigmoid"))
    if form == "--json":
        assert {e["name"] for e in json.loads(printed)} == {e.name for e in rules.entries()}


def test_a_rule_is_explained_by_the_name_that_the_steps_give(capsys):
    assert main(["explain", "fold-contraction"]) == 0
    printed = capsys.readouterr().out
    assert "when:" in printed and "why:" in printed and "FlashAttention" in printed


def test_an_unknown_name_is_neither_diagnostic_nor_rule(capsys):
    assert main(["explain", "nonsense"]) == 2
    assert "no diagnostic or rule nonsense" in capsys.readouterr().err
