"""A line in index notation to nodes: values, conditions and positions of one element.

Promises to the next stage are those of `core.program`: shorthand is written out, truths used as numbers
are indicators, every index has its size.
"""

from __future__ import annotations

from symback.core import expr
from symback.core.diagnostics import Span
from symback.core.expr import BEYOND_INTEGERS, INF, MINUS_ONE, PI, ZERO, Node, NumberTooLarge
from symback.frontend import reductions
from symback.frontend.faults import did_you_mean, stop
from symback.frontend.grades import grades
from symback.frontend.ranges import LEADING_NAME, Binding, Indices, check_rank
from symback.frontend.scope import Grade, Known, Scope
from symback.frontend.sizes import floor_divide
from symback.frontend.syntax import Form, Syntax
from symback.frontend.vocabulary import ELEMENTWISE, FUNCTIONS, MANY, MORE, REDUCTIONS, WHOLE_REDUCTIONS

Env = dict[str, tuple[Node, ...]]


class Elements:
    """Builds the nodes of one line. `env` maps an index to its node (`...` to several)."""

    def __init__(self, syntax: Syntax, scope: Scope, known: Known, indices: Indices):
        self.scope, self.known, self.indices = scope, known, indices
        self.grades = grades(syntax, scope, known)
        self.doublings = 0

    def node(self, binding: Binding, env: Env) -> tuple[Node, ...]:
        """The index nodes of a binding; named apart from those that it hides."""
        if binding.name == LEADING_NAME:
            return leading_indices(self.scope, self.indices.names)
        name, taken = binding.name, {str(n.data) for nodes in env.values() for n in nodes if n.op is expr.Op.INDEX}
        while name in taken:
            name += "_"
        return (expr.index(name, binding.size),)

    # ------------------------------------------------------------------------------------------ values

    def value(self, s: Syntax, env: Env) -> Node:
        """The number that `s` is; a truth counts as 0 or 1."""
        if self.grades[id(s)] is Grade.BOOL and s.form not in (Form.PRODUCT, Form.SUM):
            return expr.indicator(self.condition(s, env))
        try:
            return self.number(s, env)
        except NumberTooLarge as error:
            stop("E306", f"{error}", s.span, "no dtype can hold it")

    def number(self, s: Syntax, env: Env) -> Node:
        form = s.form
        if form in (Form.INTEGER, Form.DECIMAL):
            return expr.number(s.value)
        if form is Form.NAME:
            return self.name(s, env)
        if form is Form.SUBSCRIPT:
            return self.read(s, env)
        if form is Form.SUM:
            return expr.add(*(self.signed(sign, a, env) for sign, a in zip(s.value, s.args, strict=True)))
        if form is Form.PRODUCT:
            return self.product(s, env)
        if form is Form.NEGATIVE:
            return expr.neg(self.value(s.args[0], env))
        if form is Form.BINARY:
            return self.binary(s, env)
        if form is Form.CALL:
            return self.call(s, env)
        self.misplaced(s)

    def signed(self, sign: str, s: Syntax, env: Env) -> Node:
        node = self.value(s, env)
        return expr.neg(node) if sign == "-" else node

    def product(self, s: Syntax, env: Env) -> Node:
        factors = []
        for sign, a in zip(s.value, s.args, strict=True):
            node = self.value(a, env)
            if sign == "/":
                if node == ZERO:
                    stop("E311", "a division by zero", a.span, "")
                node = expr.power(node, MINUS_ONE)
            factors.append(node)
        return expr.mul(*factors)

    def misplaced(self, s: Syntax) -> None:
        if s.form is Form.ELLIPSIS:
            stop("E303", "`...` stands only in brackets and as what a reduction runs over", s.span, "")
        if s.form is Form.TRANSPOSE or (s.form is Form.CALL and s.value in WHOLE_REDUCTIONS):
            stop("E420", "whole tensors and indexed ones do not mix in one right-hand side", s.span, "index every tensor, or none")
        stop("E303", "a list in parentheses stands only in `Piecewise` and in limits", s.span, "")

    def name(self, s: Syntax, env: Env) -> Node:
        name = s.value
        if name in self.scope.names:
            return self.read(s, env)
        if name in env:
            return env[name][0]
        if name in self.scope.dims:
            return self.scope.dims[name]
        if name in self.scope.hypers:
            return self.scope.hypers[name]
        if name == "pi":
            return PI
        if name == "oo":
            return INF
        stop(
            "E402",
            f"`{name}` is not declared",
            s.span,
            did_you_mean(name, [*self.scope.names, *self.scope.dims, *self.scope.hypers])
            or "declare it, or put it on the left if it is an index",
        )

    def read(self, s: Syntax, env: Env) -> Node:
        name = self.scope.names.get(s.value)
        if name is None:
            stop("E402", f"`{s.value}` is not declared", s.span, did_you_mean(s.value, self.scope.names))
        check_rank(s, self.scope, self.known)
        where: list[Node] = []
        for a in s.args:
            if a.form is Form.ELLIPSIS:
                where.extend(env[LEADING_NAME])
            else:
                where.append(self.integer(a, env))
        return expr.read(name, *where)

    def binary(self, s: Syntax, env: Env) -> Node:
        if s.value == "**":
            base, exponent = self.value(s.args[0], env), self.value(s.args[1], env)
            if base == ZERO and exponent.op is expr.Op.NUM and exponent.data < 0:
                stop("E311", "a division by zero", s.span, "")
            return expr.power(base, exponent)
        if s.value == "@":
            stop(
                "E420", "`@` multiplies whole tensors", s.span, "write `Sum(x[n, i]*W[i, o], i)`, or index no tensor of the right-hand side"
            )
        return self.whole_division(s, env)

    def whole_division(self, s: Syntax, env: Env) -> Node:
        left, right = self.integer(s.args[0], env), self.integer(s.args[1], env)
        if right == ZERO:
            stop("E311", "a division by zero", s.args[1].span, "")
        return floor_divide(left, right) if s.value == "//" else expr.call("mod", left, right)

    def call(self, s: Syntax, env: Env) -> Node:
        name = s.value
        check_call(s, self.scope)
        if name in REDUCTIONS:
            return reductions.build(self, s, env)
        if name == "Piecewise":
            return expr.piecewise(*self.branches(s, env, self.value))
        if name == "KroneckerDelta":
            return expr.indicator(expr.compare("==", self.value(s.args[0], env), self.value(s.args[1], env)))
        arguments = [self.value(a, env) for a in s.args]
        return function(name, arguments, s.span)

    def branches(self, s: Syntax, env: Env, build) -> list[tuple[Node, Node]]:
        """The (value, condition) pairs of a Piecewise, each value by `build`."""
        for a in s.args:
            if a.form is not Form.TUPLE or len(a.args) != 2:
                stop("E312", "a branch is a value and a condition in parentheses", a.span, "write `Piecewise((a, condition), (b, True))`")
        pairs = [(build(a.args[0], env), self.condition(a.args[1], env)) for a in s.args]
        if pairs[-1][1] != expr.TRUE:
            stop("E312", "the last branch of a `Piecewise` has a condition that may fail", s.args[-1].span, "add a branch `(0, True)`")
        return pairs

    # -------------------------------------------------------------------------------------- conditions

    def condition(self, s: Syntax, env: Env) -> Node:
        """The condition that `s` is. Raises: LayerError where it is a number."""
        form = s.form
        if form is Form.TRUTH:
            return expr.TRUE if s.value else expr.FALSE
        if form is Form.NOT:
            return expr.negation(self.condition(s.args[0], env))
        if form in (Form.AND, Form.OR):
            number = next((a for a in s.args if self.grades[id(a)] is not Grade.BOOL), None)
            if number is not None:
                stop(
                    "E407",
                    "a condition was expected, this is a number",
                    number.span,
                    "put each comparison in parentheses: `&` and `|` bind more tightly than `<` and `==`",
                )
            return (expr.both if form is Form.AND else expr.either)(*(self.condition(a, env) for a in s.args))
        if form is Form.COMPARE:
            sides = [self.value(a, env) for a in s.args]
            return expr.both(*(expr.compare(r, a, b) for r, a, b in zip(s.value, sides, sides[1:], strict=False)))
        if self.grades[id(s)] is not Grade.BOOL:
            stop("E407", "a condition was expected, this is a number", s.span, "compare it with something: `x > 0`")
        if form is Form.CALL and s.value in ("Eq", "Ne"):
            check_call(s, self.scope)
            return expr.compare("==" if s.value == "Eq" else "!=", self.value(s.args[0], env), self.value(s.args[1], env))
        if form is Form.CALL and s.value == "Piecewise":
            check_call(s, self.scope)
            return _chosen(self.branches(s, env, self.condition))
        if form is Form.CALL and s.value == "stop_gradient":
            check_call(s, self.scope)
            return self.condition(s.args[0], env)
        if form is Form.CALL:
            return self.call(s, env)
        return self.number(s, env)

    # --------------------------------------------------------------------------------------- positions

    def integer(self, s: Syntax, env: Env) -> Node:
        """The whole number that `s` is. Raises: LayerError where it need not be whole, or no integer type holds it."""
        try:
            node = self.whole(s, env)
        except NumberTooLarge as error:
            stop("E306", f"{error}", s.span, "no dtype can hold it")
        if node.op is expr.Op.NUM and abs(node.data) >= BEYOND_INTEGERS:
            stop("E306", "a whole number of more than 63 bits", s.span, "no integer dtype can hold it")
        return node

    def whole(self, s: Syntax, env: Env) -> Node:
        form = s.form
        if form is Form.SUM:
            parts = [self.integer(a, env) for a in s.args]
            return expr.add(*(expr.neg(p) if sign == "-" else p for sign, p in zip(s.value, parts, strict=True)))
        if form is Form.PRODUCT:
            return self.whole_product(s, env)
        if form is Form.NEGATIVE:
            return expr.neg(self.integer(s.args[0], env))
        if form is Form.BINARY and s.value == "**":
            return expr.power(self.integer(s.args[0], env), self.integer(s.args[1], env))
        if form is Form.CALL and s.value == "ceiling":
            check_call(s, self.scope)
            return expr.neg(expr.call("floor", expr.neg(self.value(s.args[0], env))))
        if form is Form.CALL and s.value in ("Min", "Max", "Abs"):
            check_call(s, self.scope)
            return expr.call(s.value, *(self.integer(a, env) for a in s.args))
        if form is Form.CALL and s.value == "stop_gradient":
            check_call(s, self.scope)
            return self.integer(s.args[0], env)
        if form is Form.CALL and s.value == "Piecewise":
            check_call(s, self.scope)
            return expr.piecewise(*self.branches(s, env, self.integer))
        if self.grades[id(s)] is Grade.FLOAT:
            stop(
                "E408",
                "a whole number must stand here, this is a float",
                s.span,
                "round it down with `floor(…)`, or declare an integer tensor with `values:`",
            )
        return self.value(s, env)

    def whole_product(self, s: Syntax, env: Env) -> Node:
        if "/" not in s.value:
            return expr.mul(*(self.integer(a, env) for a in s.args))
        node = self.product(s, env)
        if node.op is expr.Op.NUM and node.data.denominator == 1:
            return node
        stop("E408", "a whole number must stand here, `/` gives a fraction", s.span, "divide with `//`")


def leading_indices(scope: Scope, taken: set[str]) -> tuple[Node, ...]:
    """The index nodes that `...` stands for, named after their dimensions and apart from `taken`."""
    sizes = scope.leading or ()
    names: list[str] = []
    for k, size in enumerate(sizes):
        if size.op is expr.Op.DIM and size.data == LEADING_NAME:
            names.append(LEADING_NAME)
            continue
        name = size.data.lower() if size.op is expr.Op.DIM else f"l{k}"
        while name in taken or name in names or not scope.is_index(name):
            name += "_"
        names.append(name)
    return tuple(expr.index(name, size) for name, size in zip(names, sizes, strict=True))


def _chosen(pairs: list[tuple[Node, Node]]) -> Node:
    """The truth of the first branch whose condition holds."""
    out = pairs[-1][0]
    for value, condition in reversed(pairs[:-1]):
        out = expr.either(expr.both(condition, value), expr.both(expr.negation(condition), out))
    return out


def function(name: str, arguments: list[Node], span: Span | None = None) -> Node:
    """A scalar function of the language, shorthand written out."""
    if name == "sqrt":
        return expr.sqrt(arguments[0])
    if name == "relu":
        return expr.call("Max", arguments[0], ZERO)
    if name in ("Eq", "Ne"):
        return expr.indicator(expr.compare("==" if name == "Eq" else "!=", *arguments))
    return expr.call(name, *arguments)


def check_call(s: Syntax, scope: Scope) -> None:
    """Raise LayerError where a name is no function, or its arguments are too few, too many or named."""
    if s.value in scope.layer.functions or s.value in REDUCTIONS:
        return
    if s.value in WHOLE_REDUCTIONS:
        mend = {"sum": "Sum", "mean": "Mean", "max": "Amax"}[s.value]
        stop("E420", f"`{s.value}` reduces whole tensors", s.span, f"write `{mend}(x[i], i)`, or index no tensor of the right-hand side")
    if s.value not in ELEMENTWISE:
        if s.value in scope.layer.callees:
            stop(
                "E501", f"the layer `{s.value}` is called on whole tensors", s.span, "give the call a line of its own: `z: linear(x, W, b)`"
            )
        stop(
            "E403",
            f"`{s.value}` is not a function",
            s.span,
            did_you_mean(s.value, FUNCTIONS) or "the functions are listed in the language's reference",
        )
    fewest, most = ELEMENTWISE[s.value]
    named = next((a for a in s.args if a.form is Form.KEYWORD), None)
    if named is not None:
        stop("E313", f"`{s.value}` takes no named arguments", named.span, "write the value alone")
    if not fewest <= len(s.args) <= most:
        wanted = f"at least {fewest}" if most == MANY else f"{fewest}"
        stop("E313", f"`{s.value}` takes {wanted} argument{'s' if fewest != 1 else ''}, not {len(s.args)}", s.span, MORE.get(s.value, ""))
