"""A layer to try: its text, the arrays that it is called with, hyperparameters that differ from the defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Case:
    """`values` holds inputs, params, state, in declared order; `mode` as for forward."""

    text: str
    values: dict[str, np.ndarray]
    hyper: dict[str, object] = field(default_factory=dict)
    mode: str = "train"
