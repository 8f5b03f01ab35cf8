"""Tangents, products with the Hessian and its diagonal for every layer of the library, against torch's double backward."""

import os
from dataclasses import dataclass
from functools import cache
from types import ModuleType

import numpy as np
import pytest

try:
    import torch
    from torch.nn.attention import SDPBackend, sdpa_kernel
except ModuleNotFoundError:
    if os.environ.get("SYMBACK_REQUIRE_TORCH"):
        raise
    pytest.skip("torch is not installed, so second derivatives are not compared with it", allow_module_level=True)

import symback
from symback.core.diagnostics import LayerError
from symback.core.program import Program, Role
from tests.library.cases import CASES
from tests.library.modules import LIBRARY
from tests.library.test_library_against_torch import as_tuple, drawn


def resolved(layer: str) -> Program:
    return symback.frontend.resolve(symback.load(LIBRARY / f"{layer}.yaml"))


DIFFERENTIATED = {case.layer: case for case in CASES if resolved(case.layer).wrt}
"""One case of each layer that has gradients."""

THROUGH_A_RECURRENCE = "runs through a recurrence"
NO_DIAGONAL = {
    **dict.fromkeys(
        "ar2 bidirectional_rnn crf_nll ctc_loss forward_substitution gru hmm_forward linear_scan lstm neural_ode rnn sinkhorn soft_dtw "
        "ssm_scan truncated_rnn".split(),
        THROUGH_A_RECURRENCE,
    ),
    "transformer_block": "more than 500 parts",
}
"""Layers whose diagonal is refused, and why."""
WITHOUT_A_SECOND_BACKWARD = ("embedding_bag", "embedding_bag_mean", "ctc_loss", "multi_margin", "logcumsumexp")
"""Layers for which torch has no double backward, or one that is NaN."""
LOOSE = {"gamma_nll": 1e-8}
"""Where torch's own is less accurate: its trigamma."""
REFERENCES = {"weight_norm": lambda v, g: g * v / v.norm(dim=0)}
"""Where torch's own function has a wrong one."""


@cache
def compiled(layer: str) -> ModuleType:
    extras = ("jvp", "hvp") if layer in NO_DIAGONAL else ("jvp", "hvp", "hessian-diagonal")
    return symback.compile(symback.load(LIBRARY / f"{layer}.yaml"), with_=extras).load()


@dataclass
class Point:
    """A case with its arrays, directions and upstream gradients, and what calls of its functions take."""

    case: object
    arrays: dict
    directions: dict
    upstream: list
    outputs: tuple

    @property
    def options(self):
        return {**self.case.options, **({"mode": self.case.mode} if self.case.mode else {})}

    @property
    def passed(self):
        """The upstream gradients as arguments: none for a loss alone."""
        return [] if len(self.outputs) == 1 and self.outputs[0].ndim == 0 else self.upstream

    def jvp(self):
        return compiled(self.case.layer).jvp(*self.arrays.values(), *self.directions.values(), **self.options)

    def hvp(self, directions):
        found = compiled(self.case.layer).hvp(*self.arrays.values(), *self.passed, *directions.values(), **self.options)
        return found._asdict()


def at_a_point(case) -> tuple[Point, dict]:
    """The point, and torch's leaves there."""
    program = resolved(case.layer)
    arrays = drawn(case)
    arrays = {t.name: arrays[t.name] for t in program.tensors if t.role is not Role.RANDOM}
    rng = np.random.default_rng(3)
    tensors = {k: torch.from_numpy(np.array(v)) for k, v in arrays.items()}
    leaves = {k: tensors[k].requires_grad_() for k in program.wrt}
    with sdpa_kernel(SDPBackend.MATH):
        result = REFERENCES.get(case.layer, case.reference)(**tensors, **case.options)
    outputs = tuple(o for o in as_tuple(result[0] if case.states else result) if o.dtype.is_floating_point)
    directions = {k: rng.standard_normal(arrays[k].shape) for k in program.wrt}
    upstream = [rng.standard_normal(tuple(o.shape)) for o in outputs]
    if len(outputs) == 1 and outputs[0].ndim == 0:
        upstream = [np.ones(())]
    return Point(case, arrays, directions, upstream, outputs), leaves


def slopes(values, leaves, weights, directions) -> tuple[torch.Tensor, ...]:
    """The gradients of Σ weights·values by the leaves, times directions: a number that depends on leaves and weights."""
    gradients = torch.autograd.grad(values, leaves.values(), weights, create_graph=True, allow_unused=True)
    return sum((g * torch.from_numpy(directions[k])).sum() for k, g in zip(leaves, gradients, strict=True) if g is not None)


def by(total, leaves) -> list[np.ndarray]:
    """The gradients of a number, 0 where it does not depend on a leaf."""
    if not (isinstance(total, torch.Tensor) and total.requires_grad):
        return [np.zeros(tuple(x.shape)) for x in leaves]
    found = torch.autograd.grad(total, leaves, allow_unused=True, retain_graph=True)
    return [np.zeros(tuple(x.shape)) if g is None else g.numpy(force=True) for x, g in zip(leaves, found, strict=True)]


def differences(point: Point, step: float = 1e-6) -> list[np.ndarray]:
    """How the module's own gradients change along the directions."""
    module = compiled(point.case.layer)

    def gradients(by: float):
        moved = {k: a + by * point.directions[k] if k in point.directions else a for k, a in point.arrays.items()}
        return module.backward(module.forward(**moved, **point.options)[1], *point.upstream)

    return [(a - b) / (2 * step) for a, b in zip(gradients(step), gradients(-step), strict=True)]


@pytest.mark.parametrize("layer", DIFFERENTIATED)
def test_tangents_and_products_with_the_hessian_equal_torchs(layer):
    point, leaves = at_a_point(DIFFERENTIATED[layer])
    found = point.hvp(point.directions)
    assert list(found) == list(leaves)
    if layer in WITHOUT_A_SECOND_BACKWARD:
        for ours, expected in zip(found.values(), differences(point), strict=True):
            np.testing.assert_allclose(ours, expected, rtol=1e-6, atol=1e-7)
        return
    weights = [torch.zeros_like(o, requires_grad=True) for o in point.outputs]
    for ours, theirs in zip(point.jvp(), by(slopes(point.outputs, leaves, weights, point.directions), weights), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-10, atol=1e-10)
    upstream = [torch.from_numpy(u) for u in point.upstream]
    expected = by(slopes(point.outputs, leaves, upstream, point.directions), list(leaves.values()))
    for name, theirs in zip(leaves, expected, strict=True):
        bound = LOOSE.get(layer, 1e-10)
        np.testing.assert_allclose(found[name], theirs, rtol=bound, atol=bound, err_msg=name)


@pytest.mark.parametrize("layer", DIFFERENTIATED)
def test_the_diagonal_is_that_of_the_products_with_unit_directions_or_is_refused_with_the_reason(layer):
    if layer in NO_DIAGONAL:
        with pytest.raises(LayerError, match=f"E908.*{NO_DIAGONAL[layer]}.*use"):
            symback.compile(symback.load(LIBRARY / f"{layer}.yaml"), with_=["hessian-diagonal"])
        return
    point, _ = at_a_point(DIFFERENTIATED[layer])
    diagonal = compiled(layer).hessian_diagonal(*point.arrays.values(), *point.passed, **point.options)
    rng = np.random.default_rng(5)
    for name, found in diagonal._asdict().items():
        places = list(np.ndindex(found.shape))
        for k in rng.permutation(len(places))[:4]:
            unit = {n: np.zeros_like(d) for n, d in point.directions.items()}
            unit[name][places[k]] = 1.0
            np.testing.assert_allclose(found[places[k]], point.hvp(unit)[name][places[k]], rtol=1e-9, atol=1e-9, err_msg=name)
