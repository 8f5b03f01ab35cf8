"""LaTeX of names: tensors, dimensions, indices, hyperparameters and upstream gradients."""

from __future__ import annotations

from functools import lru_cache

from symback.core.expr import Op, walk
from symback.core.program import LEADING, Program

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon phi chi psi omega pi "
    "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega varepsilon vartheta varphi varrho ell".split()
)

_ALIASES = {"eps": r"\epsilon", "lam": r"\lambda", "lambda_": r"\lambda", LEADING: r"\ldots"}

_ESCAPES = {
    "_": r"\_",
    "#": r"\#",
    "%": r"\%",
    "&": r"\&",
    "$": r"\$",
    "{": r"\{",
    "}": r"\}",
    "\\": r"\backslash ",
    "~": r"\sim ",
    "^": r"\hat{\ }",
}


def escaped(name: str) -> str:
    """The characters of a name, none of which LaTeX can take for a command."""
    return "".join(_ESCAPES.get(c, c) for c in name)


def upright(name: str) -> str:
    """A word in roman letters."""
    return rf"\mathrm{{{escaped(name)}}}"


@lru_cache(maxsize=4096)
def symbol(name: str) -> str:
    r"""The LaTeX of one name: `gamma` is `\gamma`, `W1` is `W_{1}`, `xhat` is `\hat{x}`, `h_prev` is `h_{\mathrm{prev}}`."""
    if name in _ALIASES:
        return _ALIASES[name]
    if name in GREEK:
        return "\\" + name
    if len(name) == 1:
        return escaped(name)
    for ending, accent in (("hat", r"\hat"), ("tilde", r"\tilde")):
        stem = name.removesuffix(ending).rstrip("_")
        if stem != name and (len(stem) == 1 or stem in GREEK):
            return f"{accent}{{{symbol(stem)}}}"
    if name.endswith("_dot") and name != "_dot":
        return rf"\dot{{{symbol(name.removesuffix('_dot'))}}}"
    head, _, tail = name.partition("_")
    if head and tail and _short(head):
        return f"{symbol(head)}_{{{tail if len(tail) == 1 or tail.isdigit() else symbol(tail)}}}" if _flat(tail) else upright(name)
    stem = name.rstrip("0123456789")
    if stem != name and _short(stem):
        return f"{symbol(stem)}_{{{name[len(stem) :]}}}"
    return upright(name)


def _short(name: str) -> bool:
    return len(name) == 1 or name in GREEK or name in _ALIASES


def _flat(tail: str) -> bool:
    """Whether a name can stand as a subscript without one of its own."""
    return tail.isdigit() or "_" not in symbol(tail) or symbol(tail).startswith(r"\mathrm")


def barred(name: str) -> str:
    r"""The LaTeX of the gradient of the loss by `name`: `\bar{y}`."""
    return rf"\bar{{{symbol(name)}}}"


def gradient_symbols(program: Program) -> dict[str, str]:
    r"""For each tensor and value of a program, the LaTeX of its gradient's name: `dy` is `\bar{y}`.

    A name that the layer itself declares (a tensor called `dt`) keeps its own meaning.
    """
    own = [t.name for t in program.tensors]
    for body in program.bodies.values():
        own += [d.name for d in body.definitions]
    declared = {*own, *(h.name for h in program.hyperparameters), *program.dims, *(n for n, _ in program.derived)}
    for body in program.bodies.values():
        for definition in body.definitions:
            for equation in definition.equations:
                declared.update(str(n.data) for n in walk(equation.value) if n.op is Op.INDEX)
    return {"d" + name: barred(name) for name in own if "d" + name not in declared}


def default_symbol(name: str) -> str:
    r"""The LaTeX of a name of which nothing is known: `dy`, `dW1` and `dxhat` are taken for gradients, `decay` is not."""
    rest = name[1:]
    if name[0] == "d" and rest and name not in GREEK:
        stem = rest.rstrip("0123456789")
        if _short(stem) or rest[0].isupper() or symbol(rest).startswith((r"\hat", r"\tilde")):
            return barred(rest)
    return symbol(name)
