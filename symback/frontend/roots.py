"""The scope of a file itself: its dimensions, hyperparameters, ranges and declared tensors."""

from __future__ import annotations

from symback.core import expr
from symback.core.expr import Node, Op
from symback.core.program import LEADING, Distribution, Tensor
from symback.frontend.elements import Elements
from symback.frontend.faults import Faults, stop
from symback.frontend.layer import DeclaredTensor, Draw, Layer
from symback.frontend.ranges import Indices
from symback.frontend.scope import Grade, Known, Scope
from symback.frontend.sizes import solved
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import REDUCTIONS


def hyper_grade(default: object) -> Grade:
    """A hyperparameter's default decides what it is."""
    if isinstance(default, bool):
        return Grade.BOOL
    return Grade.COUNT if isinstance(default, int) else Grade.FLOAT


def plain_dims(layer: Layer) -> tuple[str, ...]:
    """The dimensions that stand in a shape and are not derived, in order of first appearance."""
    others = {d.name for d in layer.dims} | {h.name for h in layer.hyperparameters}
    found: dict[str, None] = {}
    for tensor in layer.tensors:
        for axis in (*tensor.shape, *((tensor.values,) if tensor.values is not None else ())):
            for s in walk(axis):
                if s.form is Form.ELLIPSIS:
                    found.setdefault(LEADING)
                elif s.form is Form.NAME and s.value not in others:
                    found.setdefault(s.value)
    return tuple(found)


def base_scope(layer: Layer, faults: Faults) -> tuple[Scope, tuple[tuple[str, Node], ...]]:
    """(scope without tensors, derived dimensions in an order of evaluation)."""
    plain = plain_dims(layer)
    dims: dict[str, Node] = {d: expr.dim(d) for d in plain}
    scope = Scope(
        layer=layer,
        mode="",
        names={},
        dims=dims,
        hypers={h.name: expr.hyper(h.name) for h in layer.hyperparameters},
        hyper_grades={h.name: hyper_grade(h.default) for h in layer.hyperparameters},
        indices={},
        leading=(expr.dim(LEADING),) if LEADING in plain else None,
    )
    derived = _derived(layer, scope, dims, faults)
    indices = {i.name: size for i in layer.indices if (size := faults.attempt(whole_number, i.value, scope)) is not None}
    for i in layer.indices:
        indices.setdefault(i.name, expr.ONE)
    scope.indices.update(indices)
    return scope, derived


def _derived(layer: Layer, scope: Scope, dims: dict[str, Node], faults: Faults) -> tuple[tuple[str, Node], ...]:
    """Each derived dimension with its value, those it needs first. `dims` learns of them."""
    written = {d.name: d for d in layer.dims}
    needs = {d.name: [s.value for s in walk(d.value) if s.form is Form.NAME and s.value in written] for d in layer.dims}
    for name in written:
        dims[name] = expr.dim(name)
    out: list[tuple[str, Node]] = []
    done: set[str] = set()
    pending = list(written)
    while pending:
        ready = next((n for n in pending if all(m in done for m in needs[n])), None)
        if ready is None:
            faults.add("E415", f"the derived dimension `{pending[0]}` depends on itself", written[pending[0]].span, "break the circle")
            break
        pending.remove(ready)
        done.add(ready)
        value = faults.attempt(whole_number, written[ready].value, scope)
        if value is not None:
            out.append((ready, value))
    return tuple(out)


def whole_number(s: Syntax, scope: Scope) -> Node:
    """An integer expression of dimensions and integer hyperparameters. Raises: LayerError."""
    _refuse_reductions(s)
    for part in walk(s):
        if part.form is Form.SUBSCRIPT or (part.form is Form.NAME and part.value not in scope.dims and part.value not in scope.hypers):
            if any(t.name == part.value for t in scope.layer.tensors):
                stop("E408", f"`{part.value}` is a tensor; here stand dimensions and integer hyperparameters", part.span, "")
            if part.form is Form.NAME and part.value in ("pi", "oo"):
                stop("E408", "a whole number must stand here", part.span, "")
    return Elements(s, scope, Known(), Indices()).integer(s, {})


def number_of(s: Syntax, scope: Scope) -> Node:
    """A number of dimensions and hyperparameters. Raises: LayerError."""
    _refuse_reductions(s)
    return Elements(s, scope, Known(), Indices()).value(s, {})


def _refuse_reductions(s: Syntax) -> None:
    """Raise LayerError where something is reduced: no index runs over anything here."""
    for part in walk(s):
        if part.form is Form.CALL and part.value in REDUCTIONS:
            stop(
                "E408",
                f"`{part.value}` runs over an index; here stand dimensions and hyperparameters",
                part.span,
                "write it by the dimensions alone",
            )


def distribution(draw: Draw, scope: Scope) -> Distribution:
    """What is drawn, with its arguments resolved."""
    return Distribution(draw.name, tuple(number_of(a, scope) for a in draw.arguments))


def declared_tensor(t: DeclaredTensor, scope: Scope) -> Tensor:
    """The tensor with its shape, range and start resolved. Raises: LayerError."""
    shape = tuple(expr.dim(LEADING) if a.form is Form.ELLIPSIS else _axis(a, scope) for a in t.shape)
    return Tensor(
        name=t.name,
        role=t.role,
        shape=shape,
        kind=t.kind,
        values=None if t.values is None else whole_number(t.values, scope),
        also=t.also,
        outside=None if t.outside is None else number_of(t.outside, scope),
        grad=t.grad,
        init=None if t.init is None else distribution(t.init, scope),
        span=t.span,
    )


def _axis(s: Syntax, scope: Scope) -> Node:
    size = whole_number(s, scope)
    if size.op is Op.NUM and size.data < 0:
        stop("E416", "a size cannot be negative", s.span, "")
    return size


def check_solvable(layer: Layer, tensors: list[Tensor], scope: Scope, faults: Faults) -> None:
    """Add a fault for each plain dimension that no shape of an argument tells."""
    derived = {d.name for d in layer.dims}
    plain = [d for d in plain_dims(layer) if d != LEADING]
    shapes = [a for t in tensors if t.role.value != "random" for a in t.shape]
    found = {a.data for a in shapes if a.op is Op.DIM}
    progress = True
    while progress:
        progress = False
        for a in shapes:
            unknown = [n for n in expr.walk(a) if n.op is Op.DIM and n.data not in found and n.data not in derived]
            if len(unknown) == 1 and solved(a, expr.dim("#"), unknown[0]) is not None:
                found.add(unknown[0].data)
                progress = True
    for d in plain:
        if d not in found:
            faults.add(
                "E417",
                f"no argument's shape tells the dimension `{d}`",
                _first_place(layer, d),
                _KINDS.get(d, "declare it as an integer hyperparameter, or as an axis of an input"),
            )


_KINDS = {
    "bool": "a mask is declared as `{shape: [N], dtype: bool}`",
    "int": "labels are declared by how many there are, `{shape: [N], values: C}`",
    "float": "floats are declared by their shape alone, `[N, C]`",
}
"""The mend where a kind of number stands in a dimension's place."""


def _first_place(layer: Layer, name: str):
    for t in layer.tensors:
        for axis in (*t.shape, *((t.values,) if t.values is not None else ())):
            for s in walk(axis):
                if s.form is Form.NAME and s.value == name:
                    return s.span
    return None
