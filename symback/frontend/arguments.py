"""What a call passes: arguments to parameters, and from their shapes the callee's dimensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from symback.core import expr
from symback.core.diagnostics import Span
from symback.core.expr import Node, Op
from symback.core.program import LEADING, Kind, Role, Tensor
from symback.frontend.elements import Elements
from symback.frontend.faults import did_you_mean, stop
from symback.frontend.layer import DeclaredTensor, Layer
from symback.frontend.modes import random_of
from symback.frontend.ranges import Indices
from symback.frontend.roots import declared_tensor, distribution, hyper_grade, whole_number
from symback.frontend.scope import Grade, Known, Scope
from symback.frontend.sizes import floor_divide, same_size, solved
from symback.frontend.syntax import Form, Syntax


@dataclass(frozen=True, slots=True)
class Argument:
    """One tensor of the callee and what is passed for it: `name` in the program, `written` in the call."""

    tensor: Tensor
    name: str
    written: Syntax


def bind(call: Syntax, callee: Layer, scope: Scope, base: Scope) -> tuple[tuple[Argument, ...], dict[str, tuple[Node, Grade]]]:
    """(tensor arguments in declared order, hyperparameters with their grades). Raises: LayerError."""
    declared = callee.of_role(Role.INPUT, Role.PARAM, Role.STATE)
    hypers = {h.name: (_default(h.default), hyper_grade(h.default)) for h in callee.hyperparameters}
    passed: dict[str, Syntax] = {}
    for k, a in enumerate(call.args):
        if a.form is Form.KEYWORD:
            if a.value in hypers:
                hypers[a.value] = _hyper(a, hypers[a.value][1], scope)
                continue
            if all(t.name != a.value for t in declared):
                known = [*(t.name for t in declared), *hypers]
                stop("E505", f"`{call.value}` has no `{a.value}`", a.span, did_you_mean(a.value, known) or f"it has `{'`, `'.join(known)}`")
            name, value = a.value, a.args[0]
        elif k >= len(declared):
            stop("E505", f"`{call.value}` takes {len(declared)} tensors, this is one more", a.span, "hyperparameters are passed by keyword")
        else:
            name, value = declared[k].name, a
        if name in passed:
            stop("E505", f"`{name}` of `{call.value}` is passed twice", a.span, "", (passed[name].span, "the first time"))
        passed[name] = value
    missing = [t.name for t in declared if t.name not in passed]
    if missing:
        stop(
            "E505",
            f"`{call.value}` needs `{'`, `'.join(missing)}` as well",
            call.span,
            f"call it as `{call.value}({', '.join(t.name for t in declared)})`",
        )
    return tuple(_argument(t, passed[t.name], base, scope) for t in declared), hypers


def _argument(t: DeclaredTensor, written: Syntax, base: Scope, scope: Scope) -> Argument:
    if written.form is not Form.NAME or written.value not in scope.names:
        shown = written.value if written.form is Form.NAME else "this"
        stop("E402", f"`{shown}` is not a tensor here", written.span, did_you_mean(str(shown), [n for n in scope.names if " " not in n]))
    return Argument(declared_tensor(t, base), scope.names[written.value], written)


def _default(value: object) -> Node:
    if isinstance(value, bool):
        return expr.TRUE if value else expr.FALSE
    return expr.number(value)


def _hyper(a: Syntax, grade: Grade, scope: Scope) -> tuple[Node, Grade]:
    """What is passed for a hyperparameter: of the type of its default."""
    value = a.args[0]
    bare = replace(scope, names={})
    if grade is Grade.COUNT:
        return whole_number(value, bare), grade
    builder = Elements(value, bare, Known(), Indices())
    return (builder.condition(value, {}) if grade is Grade.BOOL else builder.value(value, {})), grade


# ------------------------------------------------------------------------------- the callee's sizes


def unify(
    call: Syntax,
    base: Scope,
    derived: tuple[tuple[str, Node], ...],
    arguments: tuple[Argument, ...],
    hypers: Mapping[str, tuple[Node, Grade]],
    known: Known,
) -> tuple[dict[str, Node], dict[str, Node], tuple[Node, ...] | None]:
    """(dimensions, ranges of indices, leading sizes) of the callee in the caller's terms. Raises: LayerError."""
    sizes = _Sizes(call, {expr.hyper(n): node for n, (node, g) in hypers.items() if g is not Grade.BOOL}, known)
    for argument in arguments:
        sizes.align(argument)
    sizes.match({name for name, _ in derived})
    dims = {name: sizes.values[name] for name in base.dims if name in sizes.values}
    for name, value in derived:
        dims[name] = sizes.values[name] = sizes.translated(value)
    sizes.verify()
    for argument in arguments:
        sizes.check_values(argument)
    return dims, {name: sizes.translated(size) for name, size in base.indices.items()}, sizes.leading


class _Sizes:
    """Equations between the callee's declared axes and the sizes passed, solved one unknown at a time."""

    def __init__(self, call: Syntax, hypers: dict[Node, Node], known: Known):
        self.call, self.hypers, self.known = call, hypers, known
        self.values: dict[str, Node] = {}
        self.why: dict[str, Argument] = {}
        self.leading: tuple[Node, ...] | None = None
        self.pairs: list[tuple[Node, Node, Argument, int]] = []

    def align(self, argument: Argument) -> None:
        """Pair each declared axis with the size passed; the axes left over are the leading ones."""
        declared, passed = argument.tensor.shape, tuple(self.known.shapes[argument.name])
        if argument.tensor.leading:
            extra = len(passed) - (len(declared) - 1)
            if extra < 0:
                self.wrong_rank(argument, f"at least {len(declared) - 1}")
            lead = passed[:extra]
            if self.leading is None:
                self.leading, self.why[LEADING] = lead, argument
            elif len(lead) != len(self.leading) or any(
                not same_size(a, b, self.known.derived) for a, b in zip(lead, self.leading, strict=True)
            ):
                first = self.why[LEADING]
                stop(
                    "E506",
                    f"the leading axes of `{argument.tensor.name}` and of `{first.tensor.name}` differ: `{_axes(lead)}` and `{_axes(self.leading)}`",
                    argument.written.span or self.call.span,
                    "",
                    (first.written.span, f"passed for `{first.tensor.name}`"),
                )
            declared, passed = declared[1:], passed[extra:]
        elif len(declared) != len(passed):
            self.wrong_rank(argument, str(len(declared)))
        for axis, (want, got) in enumerate(zip(declared, passed, strict=True)):
            self.pairs.append((want, got, argument, axis))

    def wrong_rank(self, argument: Argument, wanted: str) -> None:
        passed = self.known.shapes[argument.name]
        stop(
            "E506",
            f"`{argument.tensor.name}` of `{self.call.value}` has {wanted} axes, `{_axes(passed)}` is passed",
            argument.written.span or self.call.span,
            f"it is declared as `{_axes(argument.tensor.shape)}`",
            (argument.tensor.span, "declared here"),
        )

    def match(self, derived: set[str]) -> None:
        for want, got, argument, _ in self.pairs:
            if want.op is Op.DIM and want.data not in derived and want.data not in self.values:
                self.values[want.data], self.why[want.data] = got, argument
        for argument in (p[2] for p in self.pairs):
            values, passed = argument.tensor.values, self.known.tensors.get(argument.name)
            if (
                values is not None
                and values.op is Op.DIM
                and values.data not in self.values
                and passed is not None
                and passed.values is not None
            ):
                self.values[values.data] = passed.values
        progress = True
        while progress:
            progress = False
            for want, got, argument, _ in self.pairs:
                unknown = [n for n in expr.walk(want) if n.op is Op.DIM and n.data not in self.values and n.data not in derived]
                if len(unknown) == 1:
                    marked = expr.dim("#unknown")
                    value = solved(self.translated(expr.substitute(want, {unknown[0]: marked})), got, marked)
                    if value is not None:
                        self.values[unknown[0].data], self.why[unknown[0].data] = value, argument
                        progress = True

    def translated(self, node: Node) -> Node:
        """A callee's integer expression in the caller's terms."""
        mapping = {expr.dim(name): value for name, value in self.values.items()}
        if self.leading is not None:
            mapping[expr.dim(LEADING)] = expr.mul(*self.leading)
        return refolded(expr.substitute(node, {**mapping, **self.hypers}))

    def verify(self) -> None:
        for want, got, argument, axis in self.pairs:
            size = self.translated(want)
            if same_size(size, got, self.known.derived) or (
                want.op is not Op.DIM and want.op is not Op.NUM and self.is_solved(want, argument)
            ):
                continue
            first = self.why.get(want.data) if want.op is Op.DIM else None
            stop(
                "E506",
                f"axis {axis} of `{argument.tensor.name}` of `{self.call.value}` is `{expr.text(want)}`, here `{expr.text(size)}`; `{expr.text(got)}` is passed",
                argument.written.span or self.call.span,
                f"it is declared as `{_axes(argument.tensor.shape)}`",
                (first.written.span, f"`{expr.text(want)}` is `{expr.text(size)}` because of this")
                if first is not None
                else (argument.tensor.span, "declared here"),
            )

    def is_solved(self, want: Node, argument: Argument) -> bool:
        return any(n.op is Op.DIM and self.why.get(str(n.data)) is argument for n in expr.walk(want))

    def check_values(self, argument: Argument) -> None:
        tensor, passed = argument.tensor, self.known.tensors.get(argument.name)
        if passed is None:
            return
        span = argument.written.span or self.call.span
        if tensor.kind is not Kind.FLOAT and passed.kind is not tensor.kind:
            want = {Kind.INT: "integers", Kind.BOOL: "truths"}[tensor.kind]
            stop(
                "E507",
                f"`{tensor.name}` of `{self.call.value}` holds {want}, `{argument.written.value}` does not",
                span,
                "",
                (passed.span, "declared here"),
            )
        if tensor.values is None or passed.values is None:
            return
        size = self.translated(tensor.values)
        if not same_size(size, passed.values, self.known.derived) or set(passed.also) - set(tensor.also):
            stop(
                "E507",
                f"`{tensor.name}` of `{self.call.value}` holds integers below `{expr.text(size)}`, `{argument.written.value}` those below `{expr.text(passed.values)}`"
                + (f" and {list(passed.also)}" if passed.also else ""),
                span,
                "declare both with the same `values` and `also`",
                (passed.span, "declared here"),
            )


def check_kinds(passed: Sequence[tuple[Argument, Span | None]], known: Known) -> None:
    """Raise LayerError where a definition that is passed does not hold what the callee declares."""
    for argument, span in passed:
        grade, kind = known.grades.get(argument.name), argument.tensor.kind
        if (kind is Kind.INT and grade is Grade.FLOAT) or (kind is Kind.BOOL and grade is not Grade.BOOL):
            want = "integers" if kind is Kind.INT else "truths"
            stop(
                "E507",
                f"`{argument.tensor.name}` of the called layer holds {want}, this does not",
                span,
                "",
                (argument.tensor.span, "declared here"),
            )


def refolded(node: Node) -> Node:
    """An integer expression after substitution, exact floor divisions done."""

    def step(n: Node) -> Node | None:
        return floor_divide(*n.args) if n.op is Op.CALL and n.data == "floordiv" else None

    return expr.transform(node, step, kinds=expr.BIT[Op.CALL])


def drawn(callee: Layer, mode: str, inner: Scope) -> list[Tensor]:
    """What the callee draws in a mode, in the caller's terms."""
    out = []
    for t in random_of(callee, mode):
        shape: list[Node] = []
        for a in t.shape:
            shape.extend(inner.leading or ()) if a.form is Form.ELLIPSIS else shape.append(whole_number(a, inner))
        out.append(
            Tensor(
                t.name,
                Role.RANDOM,
                tuple(shape),
                Kind.FLOAT,
                grad=False,
                init=None if t.init is None else distribution(t.init, inner),
                span=t.span,
            )
        )
    return out


def _axes(shape) -> str:
    return "[" + ", ".join(expr.text(a) for a in shape) + "]"
