"""How long elementwise work is divided."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _tiles(size):
    """Slices of 32,768 elements: what is made of one stays in the processor's cache."""
    return [slice(start, start + 32768) for start in range(0, size, 32768)]


def _total(sums, dtype):
    """The sum of the sums of tiles."""
    return sums[0] if len(sums) == 1 else np.sum(sums, dtype=dtype)
