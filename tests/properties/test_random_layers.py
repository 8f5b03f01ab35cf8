"""Random layers over the whole language agree with the oracle. The long run is `python -m tests.properties.sweep`."""

import pytest
from hypothesis import HealthCheck, Phase, assume, given, settings
from hypothesis import strategies as st

from tests.oracle import BadLayer, read_text
from tests.properties.choices import Choices, DrawnChoices
from tests.properties.judge import Undecided, judge
from tests.properties.layers import random_case

LAYERS = 300
BLOCKS = 30


@pytest.mark.parametrize("block", range(BLOCKS))
def test_a_random_layer_agrees_with_the_oracle(block):
    agreed = 0
    for seed in range(block * LAYERS // BLOCKS, (block + 1) * LAYERS // BLOCKS):
        case = random_case(Choices(seed))
        if case is None:
            continue
        try:
            failure = judge(case, seed)
        except Undecided:
            continue
        assert failure is None, f"seed {seed}: {failure.kind}\n{case.text}{failure.detail}"
        agreed += 1
    assert agreed >= LAYERS // BLOCKS // 2


@settings(max_examples=30, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), phases=[Phase.generate, Phase.shrink])
@given(st.data())
def test_a_drawn_layer_agrees_with_the_oracle(data):
    case = random_case(DrawnChoices(data.draw, st.integers))
    assume(case is not None)
    try:
        failure = judge(case)
    except (Undecided, BadLayer):
        assume(False)
    assert failure is None, f"{failure.kind}\n{case.text}{failure.detail}"


def test_the_generator_reaches_the_whole_language():
    texts = [case.text for case in (random_case(Choices(seed)) for seed in range(800)) if case]
    together = "\n".join(texts)
    for part in (
        "Sum Mean Prod Amax Amin Var LogSumExp Softmax LogSoftmax Norm Argmax Argmin Piecewise KroneckerDelta stop_gradient Max( Min( relu( Abs( sign( "
        "floor( exp( log( log1p( expm1( sqrt( sin( cos( tan( asin( acos( atan( atan2( sinh( cosh( tanh( acosh( atanh( sigmoid( softplus( erf( erfc( "
        "loggamma( digamma( Eq( Ne( @ .T axis= keepdims=True values: also: dtype: outside: grad: hyperparameters: indices: update: assume: [... [-1 "
        "ceiling( round( random: modes: wrt: dims: -oo true false Abs( stop_gradient( LogSoftmax( 2** [3] // % ~ >= <= not or"
    ).split():
        assert part in together, part
    for text in texts[:50]:
        assert read_text(text).outputs
