"""The table: every layer of the standard library beside torch's own."""

from tests.library.cases import activations, further, images, losses, sequences, structure

CASES = [*activations.CASES, *structure.CASES, *images.CASES, *sequences.CASES, *losses.CASES, *further.CASES]
