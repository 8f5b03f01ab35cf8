"""SymPy objects of an expression in index notation.

Tensors become `IndexedBase`, their elements `Indexed`, a scalar tensor and a hyperparameter a `Symbol`; indices and
dimensions are integer symbols, sums `Sum` with limits 0 … size - 1. What SymPy lacks (a maximum over an index, an
argmax) is an undefined function of the body and the index's range: `Amax(x[n, k], (k, 0, C - 1))`.

SymPy is imported when the first expression is converted.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from symback.core import expr
from symback.core.expr import Node, Op, Reduction
from symback.functions.ordinary import ordinary

if TYPE_CHECKING:
    import sympy

_SYMPY_NAMES = {
    "exp": "exp",
    "log": "log",
    "Abs": "Abs",
    "sign": "sign",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "asin": "asin",
    "acos": "acos",
    "atan": "atan",
    "atan2": "atan2",
    "sinh": "sinh",
    "cosh": "cosh",
    "tanh": "tanh",
    "asinh": "asinh",
    "acosh": "acosh",
    "atanh": "atanh",
    "erf": "erf",
    "erfc": "erfc",
    "loggamma": "loggamma",
    "digamma": "digamma",
    "floor": "floor",
    "ceiling": "ceiling",
    "Min": "Min",
    "Max": "Max",
    "polygamma": "polygamma",
    "spherical_bessel": "jn",
}


def to_sympy(node: Node) -> sympy.Basic:
    """The SymPy expression of a node. Bound indices keep their author's names, with a prime where two would clash."""
    import sympy

    return _Exporter(sympy, {str(i.data) for i in node.free}).at(ordinary(node))


class _Exporter:
    """Converts nodes; `bound` holds the symbol of each bound index in scope."""

    def __init__(self, sympy: object, taken: set[str]):
        self.sympy = sympy
        self.taken = taken
        self.bound: dict[Node, object] = {}

    def at(self, node: Node) -> object:
        sympy, op = self.sympy, node.op
        if op is Op.NUM:
            return sympy.Rational(node.data.numerator, node.data.denominator)
        if op is Op.CONST:
            return {"pi": sympy.pi, "oo": sympy.oo, "-oo": -sympy.oo}[node.data]
        if op is Op.BOOL:
            return sympy.true if node.data else sympy.false
        if op is Op.DIM:
            return sympy.Symbol(node.data, integer=True, nonnegative=True)
        if op is Op.HYPER:
            return sympy.Symbol(node.data)
        if op is Op.INDEX:
            return self.bound.get(node) or sympy.Symbol(str(node.data), integer=True)
        if op is Op.READ:
            if not node.args:
                return sympy.Symbol(node.data)
            return sympy.IndexedBase(node.data)[tuple(self.at(a) for a in node.args)]
        return _EXPORTS[op](self, node)

    def arithmetic(self, node: Node) -> object:
        make = {Op.ADD: self.sympy.Add, Op.MUL: self.sympy.Mul, Op.POW: self.sympy.Pow, Op.AND: self.sympy.And}
        make |= {Op.OR: self.sympy.Or, Op.NOT: self.sympy.Not}
        return make[node.op](*(self.at(a) for a in node.args))

    def call(self, node: Node) -> object:
        sympy, args = self.sympy, [self.at(a) for a in node.args]
        if node.data in _SYMPY_NAMES:
            return getattr(sympy, _SYMPY_NAMES[node.data])(*args)
        special: dict[str, Callable] = {
            "log1p": lambda u: sympy.log(1 + u),
            "expm1": lambda u: sympy.exp(u) - 1,
            "sigmoid": lambda u: 1 / (1 + sympy.exp(-u)),
            "softplus": lambda u: sympy.log(1 + sympy.exp(u)),
            "floordiv": lambda u, v: sympy.floor(u / v),
            "mod": lambda u, v: sympy.Mod(u, v),
        }
        return special[node.data](*args) if node.data in special else sympy.Function(node.data)(*args)

    def compare(self, node: Node) -> object:
        make = {"<": self.sympy.StrictLessThan, "<=": self.sympy.LessThan, "==": self.sympy.Eq, "!=": self.sympy.Ne}
        return make[node.data](*(self.at(a) for a in node.args))

    def piecewise(self, node: Node) -> object:
        if expr.is_indicator(node) and node.args[1].op is Op.COMPARE and node.args[1].data == "==":
            left, right = node.args[1].args
            if Op.INDEX in (left.op, right.op):
                return self.sympy.KroneckerDelta(self.at(left), self.at(right))
        return self.sympy.Piecewise(*((self.at(v), self.at(c)) for v, c in expr.branches(node)))

    def reduce(self, node: Node) -> object:
        sympy = self.sympy
        symbols = self.enter(node)
        limits = [(s, self.at(low), self.at(high)) for s, low, high in zip(symbols, node.args[2::3], node.args[3::3], strict=True)]
        body = self.at(node.args[0])
        for b in node.args[1::3]:
            self.taken.discard(self.bound.pop(b).name)
        if node.data is Reduction.SUM:
            return sympy.Sum(body, *limits)
        if node.data is Reduction.PROD:
            return sympy.Product(body, *limits)
        if node.data is Reduction.LOGSUMEXP:
            return sympy.log(sympy.Sum(sympy.exp(body), *limits))
        return sympy.Function(node.data.value)(body, *(sympy.Tuple(*limit) for limit in limits))

    def enter(self, node: Node) -> list:
        """Name the bound indices: one symbol each, that no index in scope has."""
        symbols = []
        for name, b in zip(expr.bound_letters(node), node.args[1::3], strict=True):
            while name in self.taken:
                name += "'"
            self.taken.add(name)
            self.bound[b] = self.sympy.Symbol(name, integer=True)
            symbols.append(self.bound[b])
        return symbols


_EXPORTS = {
    Op.ADD: _Exporter.arithmetic,
    Op.MUL: _Exporter.arithmetic,
    Op.POW: _Exporter.arithmetic,
    Op.AND: _Exporter.arithmetic,
    Op.OR: _Exporter.arithmetic,
    Op.NOT: _Exporter.arithmetic,
    Op.CALL: _Exporter.call,
    Op.COMPARE: _Exporter.compare,
    Op.PIECEWISE: _Exporter.piecewise,
    Op.REDUCE: _Exporter.reduce,
}
