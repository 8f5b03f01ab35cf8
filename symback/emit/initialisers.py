"""`init_params` and `init_state`: fresh values by name."""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from symback.core.expr import Node, Op, walk
from symback.core.program import LEADING, Distribution, Program, Role, Tensor
from symback.emit.identifiers import local
from symback.emit.layout import laid_out, signature, tuple_text
from symback.emit.numpy_text import scalar_text
from symback.emit.view import FunctionView


def initialisers(program: Program) -> list[FunctionView]:
    """The functions for the parameters and the states that say how they start."""
    out = []
    for role, name, doc in ((Role.PARAM, "init_params", "Fresh parameters by name."), (Role.STATE, "init_state", "Fresh states by name.")):
        tensors = [t for t in program.tensors if t.role is role and t.init is not None]
        if tensors:
            out.append(_initialiser(program, role, name, doc, tensors))
    return out


def _initialiser(program: Program, role: Role, name: str, doc: str, tensors: list[Tensor]) -> FunctionView:
    parts = [part for t in tensors for part in (*t.shape, *t.init.arguments)]
    derived = dict(program.derived)
    dims = _dimensions(parts)
    lines = []
    for d in [d for d in dims if d in derived]:
        lines.append(f"{local(d)} = {scalar_text(derived[d])}")
        dims += [n for n in _dimensions([derived[d]]) if n not in dims]
    leading = LEADING in dims
    dims = [d for d in dims if d not in derived and d != LEADING]
    used = {str(n.data) for part in (*parts, *(derived[d] for d in derived)) for n in walk(part) if n.op is Op.HYPER}
    keywords = ["dtype: np.typing.DTypeLike = float", *(f"{local(d)}: int" for d in dims)]
    if leading:
        keywords.append("lead: tuple[int, ...] = ()")
    keywords += [f"{h.name}: {type_hint(h.default)} = {default_text(h.default)}" for h in program.hyperparameters if h.name in used]
    draws = role is Role.PARAM or any(t.init.name != "constant" for t in tensors)
    first = ["rng: np.random.Generator", "*"] if draws else ["*"]
    lines.append("return {")
    for t in tensors:
        shape = tuple_text(["*lead" if s.data == LEADING else scalar_text(s) for s in t.shape]) if t.shape else "()"
        lines += laid_out([f'    "{t.name}": {_initial(t.init, shape)}'])
        lines[-1] += ","
    lines.append("}")
    return FunctionView(tuple(signature(name, [*first, *keywords], "dict[str, np.ndarray]")), (doc,), tuple(lines))


def _dimensions(parts: Iterable[Node]) -> list[str]:
    return list(dict.fromkeys(str(n.data) for part in parts for n in walk(part) if n.op is Op.DIM))


def _initial(d: Distribution, shape: str) -> str:
    if d.name == "constant":
        value = scalar_text(d.arguments[0])
        return {"0": f"np.zeros({shape}, dtype)", "1": f"np.ones({shape}, dtype)"}.get(value, f"np.full({shape}, {value}, dtype)")
    return f"np.asarray({distribution_text(d, shape)}, dtype)"


def distribution_text(d: Distribution, shape: str) -> str:
    """A draw from a numpy Generator, in float64."""
    a = [scalar_text(x) for x in d.arguments]
    if d.name == "constant":
        return f"np.full({shape}, {a[0]})"
    return f"({numbers_text(d, shape)} < {a[0]})" if d.name == "bernoulli" else numbers_text(d, shape)


def numbers_text(d: Distribution, shape: str) -> str:
    """The numbers of the generator that a draw takes."""
    if d.name == "bernoulli":
        return f"rng.random({shape})"
    return f"rng.{d.name}({', '.join(scalar_text(x) for x in d.arguments)}, {shape})"


def default_text(value: bool | int | Fraction) -> str:
    """A hyperparameter's default as Python."""
    return repr(float(value)) if isinstance(value, Fraction) else repr(value)


def type_hint(value: bool | int | Fraction) -> str:
    """The type of a hyperparameter."""
    return "bool" if isinstance(value, bool) else "int" if isinstance(value, int) else "float"
