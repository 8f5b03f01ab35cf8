"""A bounded run of the fuzzer; the long one is `python -m tests.hostile.fuzz`."""

import random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.hostile.fuzz import made, outcome, seeds

SOUND = seeds()


@pytest.mark.parametrize("block", range(8))
def test_spoiled_layers_are_accepted_or_refused(block):
    for k in range(block * 250, block * 250 + 250):
        data = made(random.Random(k), SOUND)
        assert outcome(data) in ("accepted", "refused"), data


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.binary(max_size=400))
def test_any_bytes_are_accepted_or_refused(data):
    assert outcome(data) in ("accepted", "refused")


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(st.text(max_size=60), st.text(max_size=20))
def test_any_text_as_an_expression_is_accepted_or_refused(body, left):
    data = f"layer: a\ninputs:\n  x: [N, C]\noutputs:\n  {left}: {body}\n".encode("utf-8", "replace")
    assert outcome(data) in ("accepted", "refused")
