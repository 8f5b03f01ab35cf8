"""Reads that the examples of rules are made of."""

from __future__ import annotations

from symback.core.expr import dim, index, read

N, K, J = index("n", dim("N")), index("k", dim("K")), index("j", dim("K"))
X, Y, T, P = (read(name, N) for name in "xytp")
XK, YK = (read(name, N, K) for name in "xy")
