"""A layer to try: its text, the arrays that it is called with, hyperparameters that differ from the defaults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np


@dataclass(frozen=True)
class Case:
    """`values` holds inputs, params, state, in declared order; `mode` as for forward; `files`: layers that it uses, by name."""

    text: str
    values: dict[str, np.ndarray]
    hyper: dict[str, object] = field(default_factory=dict)
    mode: str = "train"
    files: Mapping[str, str] = field(default_factory=dict)


@contextmanager
def folder_of(files: Mapping[str, str]) -> Iterator[Path]:
    """A folder with the files, `NAME.yaml` each, while it is needed."""
    with TemporaryDirectory() as folder:
        for name, text in files.items():
            (Path(folder) / f"{name}.yaml").write_text(text, encoding="utf-8")
        yield Path(folder)
