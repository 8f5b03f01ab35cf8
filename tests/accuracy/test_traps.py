"""Each trap of the field is mended by rules of the tables, and the digits are there: forward and backward, in both precisions."""

import numpy as np
import pytest

from symback import frontend
from symback.rewrite import GRADIENT_RULES, RULES, stabilise
from tests.accuracy.test_forms import keeps_its_digits, module, text
from tests.accuracy.traps import TRAPS

ANGLE = text(next(t.form for t in TRAPS if t.name == "angle"))


@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name)
def test_the_rules_that_a_trap_names_are_those_that_mend_it(trap):
    program = frontend.resolve(frontend.loads(text(trap.form)))
    applied = {s.rule for s in stabilise(program.bodies["train"], program)[1]}
    assert set(trap.rules) == applied


def test_every_trap_has_a_name_of_its_own_and_rules_that_there_are():
    assert len({t.name for t in TRAPS}) == len(TRAPS)
    assert {r for t in TRAPS for r in t.rules} <= {r.name for r in (*RULES, *GRADIENT_RULES)}


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("trap", TRAPS, ids=lambda t: t.name)
def test_nothing_is_lost_in_a_trap(trap, dtype):
    keeps_its_digits(trap.form, dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.filterwarnings("error")
def test_parallel_vectors_have_a_small_angle_and_a_finite_gradient(dtype):
    x = np.array([[-2.0, 0.1, 0.4, 1.1], [0.3, -0.7, 1.5, -0.2], [1.0, 2.0, -0.5, 0.25]], dtype)
    angle, kept = module(ANGLE).forward(x, x * dtype(2.5))
    assert (angle <= 8 * np.finfo(dtype).eps).all()
    assert all(np.isfinite(g).all() for g in module(ANGLE).backward(kept, np.ones_like(angle)))
