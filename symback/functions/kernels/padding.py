"""A kernel that puts places around an array: `numpy.pad` for one value, without what its other modes cost."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _padded(x, widths, value=0):
    """x between so many places before and behind it along each axis, which hold a value."""
    sizes = list(zip(widths, x.shape, strict=True))
    y = np.empty([before + size + after for (before, after), size in sizes], x.dtype)
    y[tuple(slice(before, before + size) for (before, _), size in sizes)] = x
    for axis, ((before, after), size) in enumerate(sizes):
        whole = (slice(None),) * axis
        if before:
            y[(*whole, slice(before))] = value
        if after:
            y[(*whole, slice(before + size, None))] = value
    return y
