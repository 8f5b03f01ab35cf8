"""The table of scalar functions: derivative, spelling, cost, domain and conventions of each, by its name in CALL nodes."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from symback.functions import choice, exponential, gamma, gaps, gaussian, logistic, powers, rational, trigonometric
from symback.functions.function import Expansion, Function, Identity, Kernel, Ufunc

TABLE: Mapping[str, Function] = MappingProxyType(
    {
        row.name: row
        for rows in (
            exponential.ROWS,
            logistic.ROWS,
            trigonometric.ROWS,
            gaussian.ROWS,
            gamma.ROWS,
            gaps.ROWS,
            powers.ROWS,
            rational.ROWS,
            choice.ROWS,
        )
        for row in rows
    }
)

__all__ = ["TABLE", "Expansion", "Function", "Identity", "Kernel", "Ufunc"]
