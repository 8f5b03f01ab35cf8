"""A bounded run of the fuzzer; the long one is `python -m tests.hostile.fuzz`."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.fuzz import FINE, compiled, made, outcome, parsed
from tests.hostile.inputs import FILES


@pytest.mark.parametrize("kind", FILES)
def test_files_of_every_kind_are_accepted_or_refused(kind):
    for seed in range(300):
        data = made(kind, seed)
        assert outcome(data) in FINE, (seed, data)


def test_expressions_are_parsed_or_refused():
    for seed in range(2000):
        data = made("expressions", seed)
        assert outcome(data, parsed) in FINE, (seed, data)


def test_layers_of_random_meaning_are_compiled_or_refused():
    for seed in range(150):
        data = made("grammatical", seed)
        assert outcome(data, compiled) in FINE, (seed, data)


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_any_bytes_are_accepted_or_refused(data):
    assert outcome(data) in FINE


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_as_an_expression_is_accepted_or_refused(body, left):
    data = f"layer: a\ninputs:\n  x: [N, C]\noutputs:\n  {left}: {body}\n".encode("utf-8", "replace")
    assert outcome(data) in FINE
