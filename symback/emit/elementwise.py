"""Which arrays are made element by element of arrays of their own shape."""

from __future__ import annotations

from symback.core.program import LEADING
from symback.functions import TABLE
from symback.functions.function import Kernel
from symback.lower import exponents
from symback.lower.arrays import Array, Kind
from symback.lower.choices import MASKED, SELECT

_KERNELS = {
    *(row.spelling.name for row in TABLE.values() if isinstance(row.spelling, Kernel)),
    *exponents.KERNELS,
    "_either",
    MASKED,
    SELECT,
    "_over",
    "np.clip",
}

_IN_ONE_PASS = ("np.clip", "_either", MASKED, SELECT, "_finite", "_finite_below", "_within")


def is_elementwise(a: Array) -> bool:
    """Whether it is one operation applied to each element of the flattened leading axes, in the layer's type or as a mask."""
    if len(a.shape) != 1 or a.shape[0].data != LEADING or a.loops or a.element not in ("f", "b"):
        return False
    if a.kind is Kind.KERNEL:
        return a.data[0] in _KERNELS and a.data[1] in ("", "dtype")
    return a.kind in (Kind.OPERATOR, Kind.UFUNC, Kind.WHERE) or (a.kind is Kind.CAST and a.data == "dtype")


def makes_several(a: Array) -> bool:
    """Whether it is a helper of the module, which makes several arrays on the way."""
    return a.kind is Kind.KERNEL and a.data[0] not in _IN_ONE_PASS
