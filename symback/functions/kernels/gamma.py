"""Kernels of the gamma function's logarithm and its derivatives."""

# 88 columns: the length of the modules that these functions are pasted into
# fmt: off
import numpy as np
from scipy import special


def _loggamma(x):
    """The logarithm of the gamma function, near its roots 1 and 2 by a series where it is not worked out with more digits anyway."""
    x = np.asarray(x)
    y = np.asarray(special.gammaln(x).astype(x.dtype, copy=False))
    if x.dtype != np.float64:
        return y
    near = np.abs(x - 1.5) < 1
    u = x[near]
    if u.size:
        y[near] = special.loggamma(u + 0j).real
    return y


def _digamma(x):
    """The derivative of the logarithm of the gamma function."""
    return special.psi(x).astype(np.result_type(x), copy=False)


def _polygamma(n, x):
    """The n-th derivative of digamma, n > 0."""
    return special.polygamma(n, x).astype(np.result_type(x), copy=False)
