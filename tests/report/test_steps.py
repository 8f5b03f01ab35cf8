"""The derivation as a reader follows it."""

import pytest

from symback.report.steps import chapters
from tests.library.modules import compiled


def steps_of(layer, name):
    found = {c.name: c for c in chapters(compiled(layer).built.derivations["train"])}
    return [step.rule for step in found[name].steps]


def test_attention_has_the_steps_of_the_paper_and_no_way_back():
    assert steps_of("attention", "da") == ["pull-out", "fold-value", "common-factor", "fold-contraction"]


@pytest.mark.parametrize("layer", ["batchnorm", "layernorm", "rmsnorm", "softmax", "lstm", "crf_nll", "cosine_similarity"])
def test_no_step_leads_from_a_form_to_itself(layer):
    for chapter in chapters(compiled(layer).built.derivations["train"]):
        assert all(step.before != step.after for step in chapter.steps)
