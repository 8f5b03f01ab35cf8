"""Reductions written out: Mean, Var, Norm, LogSumExp, Softmax by sums; ranges with limits shifted to begin at 0."""

from __future__ import annotations

from typing import TYPE_CHECKING

from symback.core import expr
from symback.core.expr import MINUS_ONE, ONE, TWO, ZERO, Binder, Node, Op, Reduction
from symback.frontend.faults import stop
from symback.frontend.ranges import Binding
from symback.frontend.sizes import at_most, bounds, difference, floor_divide, least
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import PLAIN_REDUCTIONS, POSITIONWISE

if TYPE_CHECKING:
    from symback.frontend.elements import Elements, Env


MAX_DOUBLINGS = 6
"""How deep reductions whose expression is written out twice may nest."""


def build(line: Elements, s: Syntax, env: Env) -> Node:
    """The node of a reduction, or of what it is shorthand for."""
    name = s.value
    if name in POSITIONWISE or name == "Var":
        line.doublings += 1
        if line.doublings > MAX_DOUBLINGS:
            stop("E302", f"`{name}` nested more than {MAX_DOUBLINGS} deep", s.span, "name a part of it under `where`")
        node = _positionwise(line, s, env) if name in POSITIONWISE else _variance(line, s, env)
        line.doublings -= 1
        return node
    if name in ("Argmax", "Argmin"):
        return _position_of_extremum(line, s, env)
    ranges = _Ranges(line, s, env)
    body = line.value(s.args[0], ranges.env)
    if name in PLAIN_REDUCTIONS:
        return ranges.reduce(PLAIN_REDUCTIONS[name], body)
    if name == "Mean":
        return ranges.mean(body)
    if name == "Norm":
        return expr.sqrt(ranges.reduce(Reduction.SUM, expr.power(body, TWO)))
    return expr.call("log", ranges.reduce(Reduction.SUM, expr.call("exp", body)))


def _variance(line: Elements, s: Syntax, env: Env) -> Node:
    """Var(e, i) = Mean((e - Mean(e, i))**2, i)."""
    ranges = _Ranges(line, s, env)
    body = line.value(s.args[0], ranges.env)
    return ranges.mean(expr.power(expr.sub(body, ranges.again(s).mean_of(s)), TWO))


def _positionwise(line: Elements, s: Syntax, env: Env) -> Node:
    """Softmax(e, i) = exp(e)/Sum(exp(e), i), a value at each i."""
    above = expr.call("exp", line.value(s.args[0], env))
    ranges = _Ranges(line, s, env)
    below = ranges.reduce(Reduction.SUM, expr.call("exp", line.value(s.args[0], ranges.env)))
    share = expr.div(above, below)
    return share if s.value == "Softmax" else expr.call("log", share)


def _position_of_extremum(line: Elements, s: Syntax, env: Env) -> Node:
    """Argmax(e, i): the first position. Over several indices: the position in row-major order."""
    kind = PLAIN_REDUCTIONS[s.value]
    ranges = _Ranges(line, s, env)
    if ranges.nested:
        stop(
            "E314", f"`{s.value}` over several indices takes no limits that depend on each other", s.span, "name one of them under `where`"
        )
    if len(ranges.binders) == 1:
        body = line.value(s.args[0], ranges.env)
        return expr.add(expr.reduction(kind, body, ranges.binders), ranges.shift_of_first())
    if any(not expr.is_whole(b) for b in ranges.binders):
        stop("E314", f"`{s.value}` over several indices takes no partial ranges", s.span, "use one index")
    size = expr.mul(*(b[0].args[0] for b in ranges.binders))
    flat = expr.fresh_index(size)
    rest, where = flat, {}
    for b in reversed(ranges.binders):
        where[b[0]] = expr.call("mod", rest, b[0].args[0]) if b is not ranges.binders[0] else rest
        rest = floor_divide(rest, b[0].args[0])
    body = expr.substitute(line.value(s.args[0], ranges.env), where)
    return expr.reduction(kind, body, (expr.whole(flat),))


class _Ranges:
    """The binders of one reduction, and the environment in which its body is read."""

    def __init__(self, line: Elements, s: Syntax, env: Env):
        self.line, self.outer = line, env
        self.env: Env = dict(env)
        self.binders: list[Binder] = []
        self.counts: list[Node] = []
        self.shift: list[Node] = []
        self.nested = False
        self.syntax = s
        bindings = line.indices.bound[id(s)]
        names = {b.name for b in bindings}
        pending = list(zip(bindings, s.args[1:], strict=True))
        mine: set[Node] = set()
        while pending:
            waiting = {b.name for b, _ in pending}
            ready = next((p for p in pending if not (_mentioned(p[1]) & (waiting - {p[0].name}))), None)
            if ready is None:
                stop("E314", "the limits of these indices depend on each other in a circle", s.span, "")
            pending.remove(ready)
            self.bind(*ready, names)
            mine.update(b[0] for b in self.binders)
        self.nested = any(not mine.isdisjoint(limit.free) for b in self.binders for limit in b[1:])

    def bind(self, binding: Binding, written: Syntax, names: set[str]) -> None:
        around = {k: v for k, v in self.env.items() if k != binding.name}
        if binding.name in self.outer:
            around[binding.name] = self.outer[binding.name]
        if written.form is not Form.TUPLE:
            nodes = self.line.node(binding, self.env)
            self.env[binding.name] = nodes
            for node in nodes:
                self.binders.append(expr.whole(node))
                self.counts.append(node.args[0])
                self.shift.append(ZERO)
            return
        low, high = (self.line.integer(a, around) for a in written.args[1:])
        self.limited(binding, low, high)

    def limited(self, binding: Binding, low: Node, high: Node) -> None:
        width = difference(high, low)
        fixed = not width.free and not any(n.op is Op.READ for n in expr.walk(width))
        if fixed:
            size = expr.add(width, ONE)
            if (bottom := least(size)) is None or bottom < 0:
                size = expr.call("Max", size, ZERO)
            node = self.index(binding, size)
            self.env[binding.name] = (expr.add(low, node),)
            self.binders.append(expr.whole(node))
            self.counts.append(size if size.op is Op.DIM or ((b := least(size)) is not None and b >= 1) else expr.call("Max", size, ONE))
            self.shift.append(low)
            return
        self.partial(binding, low, high)

    def partial(self, binding: Binding, low: Node, high: Node) -> None:
        """A range whose length depends on an index or on data."""
        values = {name: t.values for name, t in self.line.known.tensors.items() if t.values is not None and not t.also}
        lowest, _ = bounds(low, values)
        shift, trusted = ZERO, lowest is None and binding.size is not None and not self.is_padded(binding)
        if not trusted and (lowest is None or not at_most(ZERO, lowest)):
            shift, low, high = low, ZERO, difference(high, low)
        _, highest = bounds(high, values)
        size = binding.size if shift == ZERO else None
        if size is None or (self.is_padded(binding) and (highest is None or not at_most(highest, expr.add(size, MINUS_ONE)))):
            if highest is None:
                stop(
                    "E409",
                    f"the greatest value of `{binding.name}` is not seen from its limits",
                    binding.span,
                    f"give its range under `indices`: `{binding.name}: N`",
                )
            size = expr.add(highest, ONE)
        node = self.index(binding, size)
        self.env[binding.name] = (expr.add(shift, node),)
        self.binders.append((node, low, high))
        count = expr.add(difference(high, low), ONE)
        fewest, _ = bounds(count, values)
        self.counts.append(count if fewest is not None and at_most(ONE, fewest) else expr.call("Max", count, ONE))
        self.shift.append(shift)

    def is_padded(self, binding: Binding) -> bool:
        return any(tensor in self.line.known.outside for tensor, _, _ in binding.uses)

    def index(self, binding: Binding, size: Node) -> Node:
        taken = {str(n.data) for nodes in self.env.values() for m in nodes for n in m.free}
        name = binding.name
        while name in taken:
            name += "_"
        return expr.index(name, size)

    def reduce(self, kind: Reduction, body: Node) -> Node:
        """The reduction of `body` over these ranges; limits that depend on each other nest."""
        if not self.nested:
            return expr.reduction(kind, body, self.binders)
        for binder in reversed(self.binders):
            body = expr.reduction(kind, body, (binder,))
        return body

    def mean(self, body: Node) -> Node:
        """The sum over the count; 0 over an empty range."""
        if not self.nested:
            count = expr.mul(*self.counts)
        else:
            count = expr.call("Max", self.reduce(Reduction.SUM, ONE), ONE)
        return expr.div(self.reduce(Reduction.SUM, body), count)

    def again(self, s: Syntax) -> _Ranges:
        """The same ranges over indices of their own, within these."""
        return _Ranges(self.line, s, self.outer)

    def mean_of(self, s: Syntax) -> Node:
        return self.mean(self.line.value(s.args[0], self.env))

    def shift_of_first(self) -> Node:
        return self.shift[0]


def _mentioned(written: Syntax) -> set[str]:
    if written.form is not Form.TUPLE:
        return set()
    return {n.value for limit in written.args[1:] for n in walk(limit) if n.form is Form.NAME}
