"""Layers that the compiler was not tuned for, written as a reader of the language would, each beside torch."""

from types import ModuleType

from tests.unseen.case import Unseen
from tests.unseen.layers import attention, graphs, images, losses, norms, programs, sequences


def _layers(subject: ModuleType) -> list[Unseen]:
    return [value for value in vars(subject).values() if isinstance(value, Unseen)]


CASES = [case for subject in (attention, sequences, programs, graphs, images, norms, losses) for case in _layers(subject)]
