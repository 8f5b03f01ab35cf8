"""The whole-tensor form, turned into index notation under NumPy's rules.

A whole tensor is its shape and a function from one index an axis to the element there; building it at
the indices of the left-hand side gives the same node that index notation would have given.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from symback.core import expr
from symback.core.diagnostics import Span
from symback.core.expr import ONE, ZERO, Node, Op, Reduction, text
from symback.core.program import LEADING
from symback.frontend.elements import Elements, check_call, function
from symback.frontend.faults import stop
from symback.frontend.ranges import Indices
from symback.frontend.scope import Entry, Grade, Known
from symback.frontend.sizes import same_size
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import WHOLE_REDUCTIONS

_LETTERS = "ijklmpqrstuvw"


@dataclass(frozen=True, slots=True)
class Array:
    """A tensor by its shape and its element at given indices; `truth` where the element is a condition."""

    shape: tuple[Node, ...]
    element: Callable[[tuple[Node, ...]], Node]
    truth: bool = False

    def number(self, where: tuple[Node, ...]) -> Node:
        return expr.indicator(self.element(where)) if self.truth else self.element(where)


def names_in(entry: Entry) -> list[str]:
    """The tensors and definitions that a line reads, by the program's names."""
    return [entry.scope.names[s.value] for s in walk(entry.value) if s.form is Form.NAME and s.value in entry.scope.names]


def shape_of(entry: Entry, known: Known) -> tuple[Node, ...] | None:
    """The shape of a whole-tensor right-hand side; None while a shape that it needs is unknown."""
    for name in names_in(entry):
        shape = known.shapes.get(name)
        if shape is None or None in shape:
            return None
    return _ShapeOnly(entry, known).array(entry.value).shape


def build(entry: Entry, known: Known) -> tuple[tuple[Node, ...], Node]:
    """(axes, element at them) of a whole-tensor line. Raises: LayerError."""
    builder = Whole(entry, known)
    array = builder.array(entry.value)
    axes = tuple(builder.index(size) for size in array.shape)
    wants_truth = known.grades.get(entry.target) is Grade.BOOL
    return axes, array.element(axes) if wants_truth or not array.truth else array.number(axes)


class Whole:
    def __init__(self, entry: Entry, known: Known):
        self.scope, self.known = entry.scope, known
        self.elements = Elements(entry.value, entry.scope, known, Indices())
        self.taken: set[str] = set()

    def index(self, size: Node) -> Node:
        """A new index named after its dimension."""
        if size.op is Op.DIM and size.data == LEADING:
            stem = LEADING
        elif size.op is Op.DIM:
            stem = size.data.lower()
        else:
            stem = next((c for c in _LETTERS if c not in self.taken and self.scope.is_index(c)), "i")
        name, k = stem, 1
        while name in self.taken or (name != LEADING and not self.scope.is_index(name)):
            k += 1
            name = f"{stem}{k}"
        self.taken.add(name)
        return expr.index(name, size)

    # -------------------------------------------------------------------------------------- arrays

    def array(self, s: Syntax) -> Array:
        form = s.form
        if form is Form.NAME and s.value in self.scope.names:
            name = self.scope.names[s.value]
            truth = self.known.grades.get(name) is Grade.BOOL
            return Array(tuple(self.known.shapes[name]), lambda where: expr.read(name, *where), truth)
        if form is Form.TRANSPOSE:
            return self.transposed(s)
        if form is Form.BINARY and s.value == "@":
            return self.product(s)
        if form is Form.CALL and s.value in WHOLE_REDUCTIONS:
            return self.reduction(s)
        if not s.args:
            truth = self.elements.grades[id(s)] is Grade.BOOL
            node = self.elements.condition(s, {}) if truth else self.elements.value(s, {})
            return Array((), lambda where: node, truth)
        return self.elementwise(s)

    def elementwise(self, s: Syntax) -> Array:
        """An operator or function of elements, its operands broadcast from the right."""
        form = s.form
        if form is Form.CALL:
            check_call(s, self.scope)
            if s.value == "Piecewise":
                return self.piecewise(s)
        parts = [self.array(a) for a in s.args]
        shape = self.broadcast([p.shape for p in parts], [a.span for a in s.args], s.span)
        if form in (Form.AND, Form.OR, Form.NOT):
            self.require_truths(parts, s)
            combine = {Form.AND: expr.both, Form.OR: expr.either, Form.NOT: expr.negation}[form]
            return Array(shape, lambda where: combine(*(p.element(_seen(p, where)) for p in parts)), True)
        if form is Form.COMPARE:
            return Array(shape, lambda where: _compared(s.value, [p.number(_seen(p, where)) for p in parts]), True)
        if form is Form.CALL and s.value in ("Eq", "Ne"):
            relation = "==" if s.value == "Eq" else "!="
            return Array(shape, lambda where: _compared((relation,), [p.number(_seen(p, where)) for p in parts]), True)
        if form is Form.CALL and s.value == "stop_gradient" and parts[0].truth:
            return parts[0]
        return Array(shape, lambda where: self.combined(s, [p.number(_seen(p, where)) for p in parts]))

    def combined(self, s: Syntax, nodes: list[Node]) -> Node:
        form = s.form
        if form is Form.SUM:
            return expr.add(*(expr.neg(n) if sign == "-" else n for sign, n in zip(s.value, nodes, strict=True)))
        if form is Form.PRODUCT:
            return expr.mul(*(expr.power(n, expr.MINUS_ONE) if sign == "/" else n for sign, n in zip(s.value, nodes, strict=True)))
        if form is Form.NEGATIVE:
            return expr.neg(nodes[0])
        if form is Form.BINARY and s.value == "**":
            return expr.power(*nodes)
        if form is Form.BINARY:
            if any(self.elements.grades[id(a)] is Grade.FLOAT for a in s.args):
                stop("E408", f"`{s.value}` divides whole numbers, this is a float", s.span, "write `floor(a/b)`")
            return expr.call("floordiv" if s.value == "//" else "mod", *nodes)
        if form is Form.CALL and s.value == "KroneckerDelta":
            return expr.indicator(expr.compare("==", *nodes))
        if form is Form.CALL:
            return function(s.value, nodes, s.span)
        self.elements.misplaced(s)

    def piecewise(self, s: Syntax) -> Array:
        for a in s.args:
            if a.form is not Form.TUPLE or len(a.args) != 2:
                stop("E312", "a branch is a value and a condition in parentheses", a.span, "write `Piecewise((a, condition), (b, True))`")
        values = [self.array(a.args[0]) for a in s.args]
        conditions = [self.array(a.args[1]) for a in s.args]
        self.require_truths(conditions, s)
        every = [p for pair in zip(values, conditions, strict=True) for p in pair]
        shape = self.broadcast([p.shape for p in every], [b.span for a in s.args for b in a.args], s.span)
        last = conditions[-1]
        if last.shape or last.element(()) != expr.TRUE:
            stop("E312", "the last branch of a `Piecewise` has a condition that may fail", s.args[-1].span, "add a branch `(0, True)`")
        return Array(
            shape,
            lambda where: expr.piecewise(
                *((v.number(_seen(v, where)), c.element(_seen(c, where))) for v, c in zip(values, conditions, strict=True))
            ),
        )

    def require_truths(self, parts: list[Array], s: Syntax) -> None:
        if not all(p.truth for p in parts):
            stop(
                "E407",
                "a condition was expected, this is a number",
                s.span,
                "compare it with something: `x > 0`, each comparison in parentheses",
            )

    # ------------------------------------------------------------------------------- linear algebra

    def transposed(self, s: Syntax) -> Array:
        inner = self.array(s.args[0])
        if any(_is_leading(a) for a in inner.shape):
            stop("E421", "the transpose of a tensor with leading axes", s.span, "write the line in index notation")
        return Array(inner.shape[::-1], lambda where: inner.element(where[::-1]), inner.truth)

    def product(self, s: Syntax) -> Array:
        """a @ b: over the last axis of a and the last but one of b, the axes before them broadcast."""
        a, b = (self.array(x) for x in s.args)
        if not a.shape or not b.shape:
            stop("E421", "`@` needs tensors with axes", s.span, "multiply scalars with `*`")
        inner = a.shape[-1]
        other = b.shape[-2] if len(b.shape) > 1 else b.shape[-1]
        if _is_leading(inner) or _is_leading(other) or not same_size(inner, other, self.known.derived):
            stop(
                "E421",
                f"`@` of `{_shape_text(a.shape)}` and `{_shape_text(b.shape)}`: `{text(inner)}` and `{text(other)}` differ",
                s.span,
                "transpose one with `.T`, or write the line in index notation",
            )
        rows, columns = a.shape[-2:-1], b.shape[-1:] if len(b.shape) > 1 else ()
        lead = self.broadcast([a.shape[:-2], b.shape[:-2]], [s.args[0].span, s.args[1].span], s.span)

        def element(where: tuple[Node, ...]) -> Node:
            k = self.index(inner)
            front, row, column = (
                where[: len(lead)],
                where[len(lead) : len(lead) + len(rows)],
                where[len(where) - len(columns) :] if columns else (),
            )
            left = a.number((*_fitted(a.shape[:-2], front), *row, k))
            right = b.number((*_fitted(b.shape[:-2], front), k, *column))
            return expr.total(expr.mul(left, right), expr.whole(k))

        return Array((*lead, *rows, *columns), element)

    def reduction(self, s: Syntax) -> Array:
        """sum, mean and max with NumPy's `axis` and `keepdims`."""
        inner, axes, keep = self.reduction_arguments(s)
        shape = tuple(ONE if k in axes else size for k, size in enumerate(inner.shape) if keep or k not in axes)

        def element(where: tuple[Node, ...]) -> Node:
            rest = iter(w for k, w in enumerate(where) if not keep or k not in axes)
            bound = {k: self.index(inner.shape[k]) for k in axes}
            body = inner.number(tuple(bound[k] if k in bound else next(rest) for k in range(len(inner.shape))))
            binders = [expr.whole(i) for i in bound.values()]
            if s.value == "max":
                return expr.reduction(Reduction.MAX, body, binders)
            total = expr.reduction(Reduction.SUM, body, binders)
            return total if s.value == "sum" else expr.div(total, expr.mul(*(inner.shape[k] for k in axes)))

        return Array(shape, element)

    def reduction_arguments(self, s: Syntax) -> tuple[Array, tuple[int, ...], bool]:
        plain = [a for a in s.args if a.form is not Form.KEYWORD]
        named = {a.value: a.args[0] for a in s.args if a.form is Form.KEYWORD}
        if len(plain) not in (1, 2) or set(named) - {"axis", "keepdims"} or (len(plain) == 2 and "axis" in named):
            stop("E313", f"`{s.value}` takes a tensor, `axis` and `keepdims`", s.span, f"write `{s.value}(x, axis=0, keepdims=True)`")
        inner = self.array(plain[0])
        written = plain[1] if len(plain) == 2 else named.get("axis")
        keep = named.get("keepdims")
        if keep is not None and keep.form is not Form.TRUTH:
            stop("E313", "`keepdims` is True or False", keep.span, "")
        if written is None:
            return inner, tuple(range(len(inner.shape))), bool(keep and keep.value)
        items = written.args if written.form is Form.TUPLE else (written,)
        axes = tuple(sorted({self.axis(a, inner, s) for a in items}))
        return inner, axes, bool(keep and keep.value)

    def axis(self, s: Syntax, inner: Array, whole: Syntax) -> int:
        sign, number = (-1, s.args[0]) if s.form is Form.NEGATIVE else (1, s)
        if number.form is not Form.INTEGER:
            stop("E313", "`axis` is an integer, or several in parentheses", s.span, f"write `{whole.value}(x, axis=-1)`")
        axis, rank = sign * int(number.value), len(inner.shape)
        if not -rank <= axis < rank:
            stop("E421", f"there is no axis {axis} in `{_shape_text(inner.shape)}`", s.span, "")
        has_leading = any(_is_leading(a) for a in inner.shape)
        if has_leading and (axis >= 0 or _is_leading(inner.shape[axis])):
            stop(
                "E421",
                f"axis {axis} of `{_shape_text(inner.shape)}` depends on how many leading axes there are",
                s.span,
                "count from the end, `axis=-1`, or use index notation",
            )
        return axis % rank

    def broadcast(self, shapes: list[tuple[Node, ...]], places: list[Span | None], span: Span | None) -> tuple[Node, ...]:
        """The common shape under NumPy's rules. Raises: LayerError, naming both places."""
        out: list[tuple[Node, Span | None, tuple[Node, ...]]] = []
        for shape, place in zip(shapes, places, strict=True):
            for k, size in enumerate(reversed(shape)):
                if k == len(out):
                    out.append((size, place, shape))
                elif out[k][0] == ONE:
                    out[k] = (size, place, shape)
                elif size != ONE and not same_size(out[k][0], size, self.known.derived):
                    stop(
                        "E422",
                        f"shapes `{_shape_text(out[k][2])}` and `{_shape_text(shape)}` do not broadcast: `{text(out[k][0])}` against `{text(size)}`",
                        place or span,
                        "axes are aligned from the right; write the line in index notation to say which belongs to which",
                        (out[k][1], f"this is `{_shape_text(out[k][2])}`"),
                    )
        return tuple(size for size, _, _ in reversed(out))


class _ShapeOnly(Whole):
    """Finds shapes while it is not known yet what holds truths."""

    def require_truths(self, parts: list[Array], s: Syntax) -> None:
        return None


def _seen(part: Array, where: tuple[Node, ...]) -> tuple[Node, ...]:
    return _fitted(part.shape, where)


def _fitted(shape: tuple[Node, ...], where: tuple[Node, ...]) -> tuple[Node, ...]:
    """The indices of a broadcast operand: the last ones, 0 along an axis of size 1."""
    if not shape:
        return ()
    return tuple(ZERO if size == ONE else w for size, w in zip(shape, where[-len(shape) :], strict=True))


def _compared(relations: tuple[str, ...], sides: list[Node]) -> Node:
    return expr.both(*(expr.compare(r, a, b) for r, a, b in zip(relations, sides, sides[1:], strict=False)))


def _is_leading(size: Node) -> bool:
    return size.op is Op.DIM and size.data == LEADING


def _shape_text(shape: tuple[Node, ...]) -> str:
    return "[" + ", ".join(text(a) for a in shape) + "]"
