"""What an array is called that the declaration does not name: after the operation that made it, and the tensor that it was made of.

`tanh(c[1:])` is `tanh_c`, a cotangent times something `dy_scaled`, a sigmoid a sigmoid; a name that was made so is no part of another one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from symback.core.expr import ONE, ZERO
from symback.lower.arrays import Array, Kind
from symback.lower.choices import MASKED, SELECT

LONGEST_ROOT, LONGEST = 8, 18
"""Letters of a tensor's name that others are made of, and of what is made."""

VIEWS = {Kind.VIEW, Kind.TRANSPOSE, Kind.RESHAPE}
_COMPARISONS = {"<", "<=", "==", "!=", "&", "|", "~"}
_FUNCTIONS = {"sqrt": "root", "absolute": "size", "abs": "size", "rint": "rounded", "vecdot": "dot", "maximum": "larger", "minimum": "smaller",
              "logaddexp": "log_sum", "max": "max", "min": "min", "exp": "exp", "power": "power"}  # fmt: skip
_HELPERS = {"asarray": "value", "broadcast_to": "spread", "clip": "clipped", "root_of_squares": "norm", "mean_of_squares": "mean_square",
            "geometric_mean": "mean", "either": "chosen", "decay_of_product": "exp", "decay_of_gap": "exp", "decay_of_polynomial": "exp", "growth": "exp", "growth_of_product": "exp", "growth_of_gap": "exp", "over": "ratio", "root_of_powers": "norm", "vdot": "dot",
            "stretch_sums": "total", "argmax": "top", "ascending": "order", "take": "ranked", "sums_of_larger": "total", "counts_of_larger": "rank", "read_along": "picked", "spread_over_stretches": "spread", "by_label": "product"}  # fmt: skip
_PARTICIPLES = {"+": "shifted", "-": "gap", "*": "scaled", "/": "ratio", "neg": "negated", "**": "power"}
_KINDS = {
    Kind.CAST: "real", Kind.GATHER: "picked", Kind.VIEW: "part", Kind.TRANSPOSE: "turned", Kind.PAD: "padded", Kind.WINDOWS: "windows",
    Kind.ACCUMULATE: "running", Kind.SCATTER: "spread", Kind.WHERE: "chosen", Kind.CONCATENATE: "joined",
}  # fmt: skip
_REDUCTIONS = {"sum": "total", "max": "peak", "min": "least", "argmax": "top", "argmin": "bottom", "prod": "product"}
_ALONE = {Kind.FULL: "blank", Kind.ARANGE: "position", Kind.MATMUL: "product", Kind.TENSORDOT: "product", Kind.EINSUM: "product"}


def word_for(a: Array, names: Mapping[Array, str], invented: Collection[str]) -> str:
    """The base of a name for an array; `names`: the variables so far, `invented`: those that were called so."""
    if a.element == "b" or a.data in _COMPARISONS:
        return "mask"
    if a.kind in _ALONE:
        return _ALONE[a.kind]
    if a.kind is Kind.WHERE or (a.kind is Kind.KERNEL and a.data[0] in (MASKED, SELECT)):
        return "chosen"
    known = _known_form(a)
    if known is not None:
        word, argument = known
        return _of(word, argument, names, invented)
    if a.kind is Kind.UFUNC and len(a.args) == 1:
        return _of(_FUNCTIONS.get(str(a.data), str(a.data)), a.args[0], names, invented)
    if a.kind is Kind.UFUNC:
        return _FUNCTIONS.get(str(a.data), str(a.data))
    if a.kind is Kind.KERNEL:
        word = str(a.data[0]).removeprefix("np.").strip("_").removesuffix("_at")
        return _of(_HELPERS.get(word, word), a.args[0], names, invented) if a.args else _HELPERS.get(word, word)
    if a.kind is Kind.REDUCE:
        return _after(a.args[:1], _REDUCTIONS.get(str(a.data[0]), "total"), names, invented)
    if a.kind is Kind.RESHAPE:
        return _flat(a)
    if a.kind is Kind.OPERATOR:
        return _after(a.args, _PARTICIPLES.get(str(a.data), "value"), names, invented)
    return _after(a.args[:1], _KINDS.get(a.kind, "value"), names, invented)


def _known_form(a: Array) -> tuple[str, Array] | None:
    """(word, argument) of an operation that spells out a function of the table."""
    if a.kind is Kind.KERNEL and a.data[0] == "_over_growth":
        return "sigmoid_slope" if a.args[0].shape else "sigmoid", a.args[1]
    if a.kind is not Kind.OPERATOR:
        return None
    if a.data == "/" and a.args[0].kind is Kind.UFUNC and a.args[0].data == "maximum":
        side = a.args[0].args[1]
        if side.data == "<=" and _is_number(side.args[0], ZERO):
            return "sigmoid", side.args[1]
    if a.data == "/" and _is_exponential(a.args[0]) and a.args[1].data == "+" and a.args[0] in a.args[1].args:
        return "sigmoid", a.args[0].args[0]
    if a.data == "/" and _is_exponential(a.args[0]):
        divisor = a.args[1]
        if divisor.data == "*" and divisor.args[0] == divisor.args[1] and divisor.args[0].data == "+":
            return "sigmoid_slope", a.args[0].args[0]
    if a.data == "*" and a.args[0] == a.args[1]:
        return "square", a.args[0]
    if a.data == "+" and any(_is_exponential(x) for x in a.args) and any(_is_number(x, ONE) for x in a.args):
        return "divisor", next(x for x in a.args if _is_exponential(x)).args[0]
    if a.data == "+" and all(x.kind is Kind.PART for x in a.args):
        return "total", a.args[0]
    return None


def _is_number(a: Array, value: object) -> bool:
    return a.kind is Kind.SCALAR and a.data == value


def _is_exponential(a: Array) -> bool:
    return (a.kind is Kind.UFUNC and a.data == "exp") or (a.kind is Kind.KERNEL and _HELPERS.get(str(a.data[0]).strip("_")) == "exp")


def _of(word: str, argument: Array, names: Mapping[Array, str], invented: Collection[str]) -> str:
    """`tanh_c`: the function, then what it is of, signs aside."""
    while argument.kind in VIEWS or argument.data in ("neg", "abs", "absolute"):
        if argument in names:
            break
        argument = argument.args[0]
    root = _root(argument, names, invented)
    return _joined(word, root) if root else word


def _after(operands: tuple[Array, ...], word: str, names: Mapping[Array, str], invented: Collection[str]) -> str:
    """`dy_scaled`: the first operand with a name of its author's, then what was done to it."""
    roots = (_root(x, names, invented) for x in operands if x.kind is not Kind.SCALAR)
    root = next((r for r in roots if r), "")
    return _joined(root, word) if root else word


def _joined(first: str, second: str) -> str:
    made = f"{first}_{second}"
    return made if len(made) <= LONGEST else (first if len(second) <= LONGEST_ROOT and len(first) > LONGEST_ROOT else second)


def _root(a: Array, names: Mapping[Array, str], invented: Collection[str]) -> str:
    """The name of the tensor or named value that an array shows a part of; none of one without a short name of its author's."""
    while a not in names and a.kind in VIEWS:
        a = a.args[0]
    name = names.get(a) or (str(a.data) if a.kind is Kind.ARGUMENT else "")
    name = name.partition("[")[0].rstrip("_")
    return name if name.isidentifier() and name not in invented and len(name) <= LONGEST_ROOT else ""


def _flat(a: Array) -> str:
    """What an array in another shape is called: after the tensor that it shows, or as the columns that windows are copied into."""
    base = a.args[0]
    while base.kind in VIEWS:
        base = base.args[0]
    if base.kind is Kind.WINDOWS:
        return "columns"
    return f"{base.data}_flat" if base.kind in (Kind.ARGUMENT, Kind.BUFFER) else "flat"
