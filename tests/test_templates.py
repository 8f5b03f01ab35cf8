"""Templates lay out; Python decides."""

from pathlib import Path

import jinja2
import pytest
from jinja2 import nodes

TEMPLATES = sorted((Path(__file__).parents[1] / "templates").rglob("*.j2"))
REFUSED = (
    nodes.Assign,
    nodes.AssignBlock,
    nodes.Compare,
    nodes.BinExpr,
    nodes.UnaryExpr,
    nodes.Concat,
    nodes.CondExpr,
    nodes.Call,
    nodes.CallBlock,
    nodes.FilterBlock,
    nodes.Macro,
    nodes.Test,
)
FILTERS = {"indent", "join"}


def decisions(text: str) -> list[str]:
    """The parts of a template that compute something: the names of their syntax nodes, and of filters beyond layout."""
    tree = jinja2.Environment().parse(text)
    refused = [type(node).__name__ for node in tree.find_all(REFUSED)]
    conditions = [type(node.test).__name__ for node in tree.find_all(nodes.If) if not isinstance(node.test, nodes.Name | nodes.Getattr)]
    return refused + conditions + [node.name for node in tree.find_all(nodes.Filter) if node.name not in FILTERS]


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_a_template_only_lays_out(path):
    assert decisions(path.read_text()) == []


def test_there_are_templates():
    assert TEMPLATES


@pytest.mark.parametrize(
    "text",
    [
        "{% set x = 1 %}",
        "{{ a + b }}",
        "{{ a ~ b }}",
        "{% if a == b %}{% endif %}",
        "{% if not a %}{% endif %}",
        "{% if a is defined %}{% endif %}",
        "{{ f(a) }}",
        "{% macro m() %}{% endmacro %}",
        "{{ a|upper }}",
        "{{ 1 if a else 2 }}",
        "{% set x %}y{% endset %}",
    ],
)
def test_a_template_that_computes_is_refused(text):
    assert decisions(text)


def test_a_value_a_loop_a_named_boolean_and_indentation_are_layout():
    assert decisions("{% for s in lines %}{{ s.text | indent(4) }}{% endfor %}{% if layer.has_modes %}x{% endif %}") == []
