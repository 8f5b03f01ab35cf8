"""Names in generated modules: those that Python or the module itself takes, and those that statements read."""

from __future__ import annotations

import ast
import keyword
from collections.abc import Iterable
from dataclasses import dataclass

from symback.core.program import Program

BUILTINS = frozenset(
    {"range", "reversed", "slice", "max", "min", "abs", "len", "map", "zip", "round", "None", "float", "int", "tuple", "isinstance", "type"}
)
MODULE_NAMES = frozenset({"np", "math", "sliding_window_view", "NamedTuple", "cache", "mode", "rng", "dtype", "forward", "backward", "init_params", "init_state",
                          "LATEX", "result_dtype", "grad_dtypes", "state_dtypes", "outputs", "output", "state", "gradients", "Cache", "Gradients", "Outputs", "State", "lead_size", "lead_shape", "annotations"})  # fmt: skip


def local(name: str) -> str:
    """The variable that holds a dimension: its name, unless that means something else in the module."""
    return f"{name}_" if keyword.iskeyword(name) or name in BUILTINS or name in MODULE_NAMES else name


def taken_names(program: Program) -> set[str]:
    """Names that no local variable may take."""
    return (
        set(BUILTINS)
        | set(MODULE_NAMES)
        | {t.name for t in program.tensors}
        | {local(d) for d in program.dims}
        | {local(n) for n, _ in program.derived}
        | {h.name for h in program.hyperparameters}
    )


@dataclass(frozen=True, slots=True)
class Names:
    """What statements read before they assign it, in order of appearance, and what they assign."""

    free: tuple[str, ...] = ()
    assigned: frozenset[str] = frozenset()

    def then(self, later: Names) -> Names:
        """The names of these statements with others after them."""
        known = self.assigned.union(self.free)
        return Names((*self.free, *(n for n in later.free if n not in known)), self.assigned | later.assigned)


def names_of(lines: Iterable[str]) -> Names:
    """The names of statements."""
    names = [n for n in ast.walk(ast.parse("\n".join(lines))) if isinstance(n, ast.Name)]
    places: dict[str, bool] = {}
    for n in sorted(names, key=lambda n: (n.lineno, isinstance(n.ctx, ast.Store), n.col_offset)):
        places.setdefault(n.id, isinstance(n.ctx, ast.Store))
    return Names(tuple(n for n, stored in places.items() if not stored), frozenset(n.id for n in names if isinstance(n.ctx, ast.Store)))


def names_read(lines: Iterable[str]) -> set[str]:
    """Names that the statements read."""
    tree = ast.parse("\n".join(lines))
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)}
