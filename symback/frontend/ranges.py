"""The indices of a line: what binds each, where it stands alone, and from that its size.

An index's range is what `indices` says, else the size of the axes it stands in alone, else (for an index
bound with limits) what the limits reach. Two different sizes are an error that names both places.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from symback.core.diagnostics import Span
from symback.core.expr import Node, text
from symback.frontend.faults import did_you_mean, stop
from symback.frontend.scope import Entry, Known, Scope
from symback.frontend.sizes import at_most, expanded, same_size
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import FUNCTIONS, POSITIONWISE, REDUCTIONS

LEADING_NAME = "..."


@dataclass(frozen=True, slots=True)
class Moved:
    """A place where an index stands beside other things in an axis, the other indices among them."""

    tensor: str
    axis: int
    position: Syntax
    others: tuple[Binding, ...]


@dataclass(slots=True, eq=False)
class Binding:
    """One binding of an index name: by the left-hand side, or by a reduction."""

    name: str
    span: Span | None
    limited: bool = False
    normalised: bool = False  # a softmax runs over all its positions, whatever limits it has elsewhere
    uses: list[tuple[str, int, Span | None]] = field(default_factory=list)  # (tensor, axis, place) where it stands alone
    moved: list[Moved] = field(default_factory=list)
    size: Node | None = None
    why: Span | None = None  # the place that settled the size
    limits: list[Binding] = field(default_factory=list)  # indices that are a limit of this one, but for a number


@dataclass(slots=True)
class Indices:
    """The bindings of a line. `left` by name; `bound` by the `id` of the reduction that binds them."""

    left: dict[str, Binding] = field(default_factory=dict)
    bound: dict[int, tuple[Binding, ...]] = field(default_factory=dict)
    every: list[Binding] = field(default_factory=list)
    names: set[str] = field(default_factory=set)


def indices_of(entry: Entry, known: Known, for_all: bool = False) -> Indices:
    """The bindings of a line and where each index stands alone. With `for_all`, a free index binds itself.

    Raises: LayerError for a free index that nothing binds, or an index twice on the left.
    """
    return _Collector(entry, known, for_all).collect()


class _Collector:
    def __init__(self, entry: Entry, known: Known, for_all: bool):
        self.entry, self.scope, self.known, self.for_all = entry, entry.scope, known, for_all
        self.found = Indices()

    def collect(self) -> Indices:
        for axis, position in enumerate(self.entry.positions or ()):
            self.left(axis, position)
        for s in walk(self.entry.value):
            if isinstance(s.value, str):
                self.found.names.add(s.value)
        self.visit(self.entry.value, dict(self.found.left))
        return self.found

    def left(self, axis: int, position: Syntax) -> None:
        if position.form is Form.ELLIPSIS:
            self.require_leading(position)
            self.bind_left(LEADING_NAME, position)
        elif position.form is Form.NAME and self.scope.is_index(position.value):
            binding = self.bind_left(position.value, position)
            binding.uses.append((self.entry.target, self.axis_of(self.entry.positions, axis), position.span))
        else:
            for s in walk(position):
                if s.form is Form.NAME and self.scope.is_index(s.value):
                    stop(
                        "E410",
                        "on the left stands an index, or a position without indices",
                        position.span,
                        f"write `{s.value}` alone and move the arithmetic to the right",
                    )

    def bind_left(self, name: str, position: Syntax) -> Binding:
        if name in self.found.left:
            stop(
                "E411",
                f"the index `{name}` stands twice on the left",
                position.span,
                "use two indices and compare them: `Piecewise((…, i == j), (0, True))`",
            )
        binding = self.found.left[name] = Binding(name, position.span)
        self.found.every.append(binding)
        self.found.names.add(name)
        return binding

    def axis_of(self, arguments: tuple[Syntax, ...], k: int) -> int:
        """The axis at which argument k stands, `...` standing for as many axes as the leading ones."""
        spread = any(a.form is Form.ELLIPSIS for a in arguments[:k])
        return k + len(self.scope.leading or ()) - 1 if spread else k

    def require_leading(self, s: Syntax) -> None:
        if self.scope.leading is None:
            stop(
                "E412",
                "`...` stands here, but no tensor of the layer has leading axes",
                s.span,
                "declare a tensor as `[..., D]`, or name the axes",
            )

    def visit(self, s: Syntax, env: dict[str, Binding]) -> None:
        if s.form is Form.NAME:
            self.bare(s, env)
        elif s.form is Form.SUBSCRIPT:
            self.subscript(s, env)
        elif s.form is Form.CALL and s.value in REDUCTIONS:
            self.reduction(s, env)
        else:
            for a in s.args:
                self.visit(a, env)

    def bare(self, s: Syntax, env: dict[str, Binding]) -> None:
        if self.scope.is_index(s.value) and s.value not in env:
            if self.for_all:
                env[s.value] = self.free(s.value, s.span)
            else:
                self.unbound(s)

    def free(self, name: str, span: Span | None) -> Binding:
        binding = self.found.left.get(name)
        if binding is None:
            binding = self.found.left[name] = Binding(name, span)
            self.found.every.append(binding)
        return binding

    def unbound(self, s: Syntax) -> None:
        names = [*self.scope.names, *self.scope.dims, *self.scope.hypers, *self.found.left]
        if s.value in self.scope.indices or len(s.value) <= 2:
            stop(
                "E401",
                f"the index `{s.value}` is neither on the left nor bound by a reduction",
                s.span,
                "put it on the left, or reduce over it: `Sum(…, " + s.value + ")`",
            )
        stop(
            "E402",
            f"`{s.value}` is not declared",
            s.span,
            did_you_mean(s.value, names) or "declare it, or put it on the left if it is an index",
        )

    def subscript(self, s: Syntax, env: dict[str, Binding]) -> None:
        if s.value not in self.scope.names:
            self.not_a_tensor(s)
        for k, a in enumerate(s.args):
            if a.form is Form.ELLIPSIS:
                self.require_leading(a)
                if LEADING_NAME not in env:
                    if not self.for_all:
                        stop(
                            "E401",
                            "`...` is neither on the left nor reduced over",
                            a.span,
                            "put `...` on the left, or reduce over it: `Mean(…, ...)`",
                        )
                    env[LEADING_NAME] = self.free(LEADING_NAME, a.span)
                continue
            self.visit(a, env)
            axis = self.axis_of(s.args, k)
            if a.form is Form.NAME and a.value in env:
                env[a.value].uses.append((self.scope.names[s.value], axis, a.span))
            else:
                self.moved(self.scope.names[s.value], axis, a, env)

    def moved(self, tensor: str, axis: int, position: Syntax, env: dict[str, Binding]) -> None:
        """Note for each index of a position that it stands there beside other things."""
        names = dict.fromkeys(p.value for p in _outside_brackets(position) if p.form is Form.NAME and p.value in env)
        for name in names:
            env[name].moved.append(Moved(tensor, axis, position, tuple(env[n] for n in names if n != name)))

    def not_a_tensor(self, s: Syntax) -> None:
        if s.value in FUNCTIONS:
            stop("E402", f"`{s.value}` is a function", s.span, f"call it: `{s.value}(…)`")
        if s.value in self.scope.dims or s.value in self.scope.hypers or s.value in self.scope.indices:
            stop("E403", f"`{s.value}` is a number, not a tensor", s.span, "write it without brackets")
        stop(
            "E402",
            f"`{s.value}` is not declared",
            s.span,
            did_you_mean(s.value, self.scope.names) or "declare it under `inputs`, or define it under `where`",
        )

    def reduction(self, s: Syntax, env: dict[str, Binding]) -> None:
        check_reduction(s, self.scope)
        inner, mine = dict(env), []
        for a in s.args[1:]:
            who = a.args[0] if a.form is Form.TUPLE else a
            name = LEADING_NAME if who.form is Form.ELLIPSIS else who.value
            if who.form is Form.ELLIPSIS:
                self.require_leading(who)
            if s.value in POSITIONWISE:
                if name not in env:
                    if not self.for_all:
                        stop(
                            "E413",
                            f"`{s.value}` is a value at each `{name}`, which is neither on the left nor reduced over",
                            who.span,
                            f"put `{name}` on the left",
                        )
                    env[name] = self.free(name, who.span)
                if a.form is not Form.TUPLE:
                    env[name].normalised = True
                    mine.append(env[name])
                    inner[name] = env[name]
                    continue
            binding = Binding(name, who.span, a.form is Form.TUPLE)
            self.found.every.append(binding)
            mine.append(binding)
            inner[name] = binding
        for k, a in enumerate(s.args[1:]):
            if a.form is Form.TUPLE:
                around = dict(inner)
                around.pop(mine[k].name, None)
                if mine[k].name in env:
                    around[mine[k].name] = env[mine[k].name]
                for limit in a.args[1:]:
                    self.visit(limit, around)
                    who = _moved_index(limit)
                    if who in around:
                        mine[k].limits.append(around[who])
        self.found.bound[id(s)] = tuple(mine)
        self.visit(s.args[0], inner)
        if s.value in POSITIONWISE:
            for binding in (b for b in mine if b is not env[b.name]):
                env[binding.name].uses += binding.uses  # the value stands at one of the positions that are summed


def _outside_brackets(s: Syntax) -> Iterator[Syntax]:
    """The parts of an expression that do not stand inside the brackets of a tensor."""
    if s.form is not Form.SUBSCRIPT:
        yield s
        for a in s.args:
            yield from _outside_brackets(a)


def check_rank(s: Syntax, scope: Scope, known: Known) -> None:
    """Raise LayerError where a tensor of known shape has not one index an axis."""
    name = scope.names[s.value]
    shape = known.shapes.get(name)
    count = sum(len(scope.leading or ()) if a.form is Form.ELLIPSIS else 1 for a in s.args)
    if shape is None or len(shape) == count:
        return
    place = (known.places.get(name), f"`{s.value}` is defined here")
    axes = f"{len(shape)} {'axis' if len(shape) == 1 else 'axes'}"
    if s.form is Form.NAME:
        stop(
            "E420",
            f"`{s.value}` has {axes} and stands here without indices",
            s.span,
            "index every tensor of the right-hand side, or none",
            place,
        )
    stop("E406", f"`{s.value}` has {axes} but {count} {'index' if count == 1 else 'indices'}", s.span, "one index an axis", place)


def _moved_index(limit: Syntax) -> str:
    """The index in a limit such as `i`, `i - 1` or `i + 2`; empty where it is another expression."""
    if limit.form is Form.NAME:
        return limit.value
    if limit.form is Form.SUM and limit.args[0].form is Form.NAME and all(a.form is Form.INTEGER for a in limit.args[1:]):
        return limit.args[0].value
    return ""


def check_reduction(s: Syntax, scope: Scope) -> None:
    """Raise LayerError where a reduction is not `Sum(e, i)`, `Sum(e, (i, low, high))` or `Sum(e, ...)`."""
    if not s.args or s.args[0].form in (Form.KEYWORD, Form.TUPLE, Form.ELLIPSIS):
        stop("E310", f"`{s.value}` needs an expression and an index", s.span, f"write `{s.value}(x[i], i)`")
    if len(s.args) == 1:
        stop(
            "E310",
            f"`{s.value}` names no index to reduce over",
            s.span,
            f"write `{s.value}(x[i], i)`; whole tensors reduce with `sum`, `mean` and `max`",
        )
    for a in s.args[1:]:
        who = a
        if a.form is Form.TUPLE:
            if len(a.args) != 3:
                stop("E310", "limits are an index, its least and its greatest value", a.span, "write `(j, 0, i)`")
            who = a.args[0]
            if who.form is Form.ELLIPSIS:
                stop("E310", "`...` takes no limits", a.span, "")
        if who.form is Form.ELLIPSIS:
            continue
        if who.form is not Form.NAME:
            stop("E310", "an index was expected here", who.span, f"write `{s.value}(x[i], i)` or `{s.value}(x[i], (i, 0, n))`")
        if not scope.is_index(who.value):
            stop("E404", f"`{who.value}` is not an index: it is declared as something else", who.span, "choose another name for the index")


# ---------------------------------------------------------------------------------------------- sizes


def settle(indices: Indices, scope: Scope, known: Known) -> list[Binding]:
    """Give every binding its size as far as the known shapes allow; those without one are returned.

    Raises: LayerError where an index stands alone in axes of two sizes.
    """
    for binding in indices.every:
        if binding.name in scope.indices:
            binding.size, binding.why = scope.indices[binding.name], None
            continue
        for tensor, axis, span in binding.uses:
            shape = known.shapes.get(tensor)
            size = shape[axis] if shape is not None and 0 <= axis < len(shape) else None
            if size is None:
                continue
            if binding.size is None:
                binding.size, binding.why = size, span
            elif not binding.limited and not same_size(binding.size, size, known.derived):
                stop(
                    "E405",
                    f"the index `{binding.name}` runs over `{text(binding.size)}` in one place and over `{text(size)}` here",
                    span,
                    _how_to_agree(binding.name, binding.size, size, known),
                    (binding.why, f"here it runs over `{text(binding.size)}`"),
                )
    return [b for b in indices.every if b.size is None and (b.normalised or not b.limited) and b.name != LEADING_NAME]


def _how_to_agree(name: str, one: Node, other: Node, known: Known) -> str:
    """What mends an index of two sizes: the smaller of them as its range, where it is seen to be smaller."""
    first, second = expanded(one, known.derived), expanded(other, known.derived)
    smaller = one if at_most(first, second) else other if at_most(second, first) else None
    if smaller is None:
        return "use two indices, or one dimension for both axes"
    return f"use two indices, or give its range under `indices`: `{name}: {text(smaller)}`"


def borrow(indices: Indices) -> bool:
    """Give an index that stands nowhere alone a range all the same; True where one got it.

    It takes the range of another index of its name in the line (of one bound with limits that of the axes where this stands, where
    there is no other), or, where it is a limit (`(j, 0, i)`), that of the index it limits.
    """
    progress = False
    for b in indices.every:
        if b.size is None and not b.limited and b.name != LEADING_NAME:
            known = [o for o in indices.every if o.size is not None]
            lenders = [o for o in known if b in o.limits or (o.name == b.name and not o.limited)]
            lenders += [o for o in known if o.name == b.name and o.limited]
            if lenders:
                b.size, b.why, progress = lenders[0].size, lenders[0].why, True
    return progress
