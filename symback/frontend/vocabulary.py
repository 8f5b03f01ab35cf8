"""The words that the language gives a meaning: functions with their number of arguments, reductions, reserved names."""

from __future__ import annotations

import keyword

from symback.core.expr import Reduction

MANY = 1 << 20

ELEMENTWISE: dict[str, tuple[int, int]] = {
    **dict.fromkeys(
        "exp log log1p expm1 sqrt Abs sign sin cos tan asin acos atan sinh cosh tanh asinh acosh atanh sigmoid softplus relu "
        "erf erfc loggamma digamma floor ceiling round stop_gradient".split(),
        (1, 1),
    ),
    "atan2": (2, 2),
    "Min": (1, MANY),
    "Max": (1, MANY),
    "Piecewise": (1, MANY),
    "KroneckerDelta": (2, 2),
    "Eq": (2, 2),
    "Ne": (2, 2),
}
"""Name -> (fewest, most) arguments."""

PLAIN_REDUCTIONS = {
    "Sum": Reduction.SUM,
    "Prod": Reduction.PROD,
    "Amax": Reduction.MAX,
    "Amin": Reduction.MIN,
    "Argmax": Reduction.ARGMAX,
    "Argmin": Reduction.ARGMIN,
}
SHORTHAND_REDUCTIONS = ("Mean", "Var", "LogSumExp", "Norm")
POSITIONWISE = ("Softmax", "LogSoftmax")
REDUCTIONS = (*PLAIN_REDUCTIONS, *SHORTHAND_REDUCTIONS, *POSITIONWISE)
WHOLE_REDUCTIONS = ("sum", "mean", "max")
DISTRIBUTIONS = {"normal": 2, "uniform": 2, "bernoulli": 1}
CONSTANTS = ("pi", "oo")

FUNCTIONS = frozenset([*ELEMENTWISE, *REDUCTIONS, *WHOLE_REDUCTIONS])
"""Every name that a call means a function by."""

ELSEWHERE = {
    **dict.fromkeys(("clip", "clamp"), "`Min(Max(x, low), high)`"),
    **dict.fromkeys(("where", "If"), "`Piecewise((a, condition), (b, True))`"),
    **dict.fromkeys(("Heaviside", "step", "int", "float"), "the comparison itself, `x > 0`, which counts as 0 or 1"),
    **dict.fromkeys(("maximum", "amax"), "`Max(a, b)` of two values, `Amax(x[i], i)` over an index"),
    **dict.fromkeys(("minimum", "amin"), "`Min(a, b)` of two values, `Amin(x[i], i)` over an index"),
    **dict.fromkeys(("std", "Std"), "`sqrt(Var(x[i], i))`"),
    **dict.fromkeys(("einsum", "dot", "matmul"), "`Sum(x[i]*W[i, o], i)`, or `x @ W` of whole tensors"),
    **dict.fromkeys(("pow", "power", "square"), "`x**2`"),
    **dict.fromkeys(("Mod", "mod"), "`a % b`"),
    "cumsum": "`Sum(x[j], (j, 0, i))`",
    "ln": "`log(x)`",
    "log2": "`log(x)/log(2)`",
    "log10": "`log(x)/log(10)`",
    "rsqrt": "`1/sqrt(x)`",
    "detach": "`stop_gradient(x)`",
}
"""How the language writes what other languages have a function for."""

MORE = {"log": "to another base it is `log(x)/log(b)`", "round": "to a multiple of a step it is `round(x/step)*step`"}
"""How a function is written that has further arguments in other languages."""

RESERVED = frozenset([*(FUNCTIONS - {*WHOLE_REDUCTIONS}), *CONSTANTS, *keyword.kwlist])
"""Names that nothing declared in a layer may bear. `mean`, `sum` and `max` may be tensors: only a call of them is the function."""

MODULES_OWN = frozenset(
    "np math mode rng cache dtype result_dtype grad_dtypes state_dtypes lead_size lead_shape sliding_window_view Cache Gradients Outputs State "
    "range reversed slice min max abs isinstance ValueError".split()
)
"""Names that the generated module's functions use, which no argument of theirs may bear. Other names give way to them."""
