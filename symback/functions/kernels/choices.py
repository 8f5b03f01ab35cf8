"""Kernels of choices."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np


def _either(mask, yes, no, dtype):
    """One of two numbers: yes where the mask holds, else no."""
    return np.array([no, yes], dtype).take(mask)


def _masked(mask, x, out=None):
    """x where the mask holds, else 0: the bits of x times the mask, which needs no branch and which an infinity does not upset."""
    bits = {4: np.int32, 8: np.int64}.get(x.itemsize)
    if bits is None:
        return np.positive(np.where(mask, x, 0), out=out)
    if mask.size < x.size:
        mask = mask.astype(bits)
    y = np.multiply(x.view(bits), mask, out=None if out is None else out.view(bits))
    return y.view(x.dtype)


def _select(mask, yes, no, out=None):
    """yes where the mask holds, else no: by their bits, since a branch that is guessed wrong takes longer than three passes."""
    dtype = np.result_type(yes, no)
    bits = {4: np.int32, 8: np.int64}.get(dtype.itemsize)
    if bits is None:
        return np.positive(np.where(mask, yes, no), out=out)
    yes, no = (np.asarray(v, dtype).view(bits) for v in (yes, no))
    y = np.multiply(yes - no, mask, out=None if out is None else out.view(bits))
    y += no
    return y.view(dtype)
