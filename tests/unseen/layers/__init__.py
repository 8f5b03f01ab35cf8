"""Layers that the compiler was not tuned for, written as a reader of the language would, each beside torch."""

from types import ModuleType

from tests.unseen.case import Unseen
from tests.unseen.layers import (
    activations,
    attention,
    convolutions,
    dynamics,
    edges,
    factorised,
    flows,
    graphs,
    images,
    linear_attention,
    losses,
    mixtures,
    networks,
    norms,
    paths,
    pieces,
    positions,
    preferences,
    programs,
    ranking,
    recent,
    scans,
    segments,
    sentences,
    sequences,
    spans,
    spellings,
    state_spaces,
    statistics,
    tables,
    updates,
    volumes,
)


def _layers(subject: ModuleType) -> list[Unseen]:
    return [value for value in vars(subject).values() if isinstance(value, Unseen)]


SUBJECTS = (
    activations,
    attention,
    convolutions,
    dynamics,
    edges,
    factorised,
    flows,
    graphs,
    images,
    linear_attention,
    losses,
    mixtures,
    networks,
    norms,
    paths,
    pieces,
    positions,
    preferences,
    programs,
    ranking,
    recent,
    scans,
    segments,
    sentences,
    sequences,
    spans,
    spellings,
    state_spaces,
    statistics,
    tables,
    updates,
    volumes,
)
CASES = [case for subject in SUBJECTS for case in _layers(subject)]
