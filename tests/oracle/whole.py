"""The whole-tensor form under NumPy's rules, on arrays of numbers (dtype object)."""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from tests.oracle.arithmetic import Arithmetic
from tests.oracle.document import BadLayer
from tests.oracle.elements import tied

WHOLE_FUNCTIONS = frozenset({"sum", "mean", "max", "min"})
_BINARY = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}
_RELATIONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


def _each(f: Callable, *arrays: object) -> np.ndarray:
    """`f` elementwise with broadcasting; infinities are as good as other numbers.

    Raises: BadLayer where the shapes do not fit.
    """
    try:
        np.broadcast_shapes(*map(np.shape, arrays))
    except ValueError as clash:
        raise BadLayer(str(clash)) from clash
    with np.errstate(all="ignore"):
        return np.asarray(np.frompyfunc(f, len(arrays), 1)(*arrays), dtype=object)


class WholeTensors:
    """Evaluates one right-hand side in the whole-tensor form."""

    def __init__(self, arithmetic: Arithmetic, numbers: Mapping[str, object], arrays: Mapping[str, np.ndarray], call_layer: Callable):
        self.arithmetic, self.numbers, self.arrays, self.call_layer = arithmetic, numbers, arrays, call_layer

    def value(self, tree: ast.expr) -> object:
        """The array (or a tuple of them, from a call with several outputs)."""
        if isinstance(tree, ast.Constant):
            return self.arithmetic.number(Fraction(tree.kind)) if isinstance(tree.value, float) and tree.kind else tree.value
        if isinstance(tree, ast.Name):
            return self._name(tree.id)
        if isinstance(tree, ast.BinOp):
            return self._binary(tree)
        if isinstance(tree, ast.UnaryOp):
            v = self.value(tree.operand)
            if isinstance(tree.op, ast.Invert | ast.Not):
                return _each(lambda a: not a, v)
            return _each(operator.neg, v) if isinstance(tree.op, ast.USub) else v
        if isinstance(tree, ast.BoolOp):
            parts = [self.value(v) for v in tree.values]
            return _each((lambda *a: all(a)) if isinstance(tree.op, ast.And) else (lambda *a: any(a)), *parts)
        if isinstance(tree, ast.Compare):
            sides = [self.value(t) for t in (tree.left, *tree.comparators)]
            relations = [_RELATIONS[type(op)] for op in tree.ops]
            return _each(lambda *v: all(r(a.real, b.real) for r, a, b in zip(relations, v, v[1:], strict=False)), *sides)
        if isinstance(tree, ast.Attribute) and tree.attr == "T":
            return np.asarray(self.value(tree.value), dtype=object).T
        if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
            return self._call(tree)
        raise BadLayer(f"no such whole-tensor expression: {ast.dump(tree)[:80]}")

    def _name(self, name: str) -> object:
        if name in self.numbers:
            v = self.numbers[name]
            return self.arithmetic.number(v) if isinstance(v, Fraction) else v
        if name in ("pi", "oo"):
            return self.arithmetic.pi if name == "pi" else self.arithmetic.infinity
        if name not in self.arrays:
            raise BadLayer(f"nothing is called {name}")
        number = self.arithmetic.number
        return _each(lambda v: number(v) if isinstance(v, Fraction) else v, self.arrays[name])

    def _binary(self, tree: ast.BinOp) -> object:
        a, b = self.value(tree.left), self.value(tree.right)
        kind = type(tree.op)
        if kind is ast.MatMult:
            return np.asarray(np.matmul(np.asarray(a, dtype=object), np.asarray(b, dtype=object)), dtype=object)
        if kind is ast.Div:
            return _each(self.arithmetic.divide, a, b)
        if kind is ast.Pow:
            return _each(self.arithmetic.power, a, b)
        if kind in (ast.BitAnd, ast.BitOr):
            return _each((lambda p, q: p and q) if kind is ast.BitAnd else (lambda p, q: p or q), a, b)
        return _each(_BINARY[kind], a, b)

    def _call(self, tree: ast.Call) -> object:
        name = tree.func.id
        if name in WHOLE_FUNCTIONS:
            return self._reduction(name, tree)
        if name == "Piecewise":
            parts = [self.value(e) for pair in tree.args for e in pair.elts]
            return _each(lambda *v: next(v[k] for k in range(0, len(v), 2) if v[k + 1]), *parts)
        args = [self.value(a) for a in tree.args]
        if name in ("Max", "Min"):
            constant = [not isinstance(a, np.ndarray) for a in args]
            return _each(lambda *v: tied(list(v), name == "Max", constant, self.arithmetic.watch), *args)
        if name in ("Eq", "Ne"):
            return _each((lambda p, q: p.real == q.real) if name == "Eq" else (lambda p, q: p.real != q.real), *args)
        if name in self.arithmetic.functions:
            f, number = self.arithmetic.functions[name], self.arithmetic.number
            return _each(lambda *v: f(*[number(x) for x in v]), *args)
        named = {k.arg: self.value(k.value) for k in tree.keywords}
        return self.call_layer(name, tree, args, named)

    def _reduction(self, name: str, tree: ast.Call) -> np.ndarray:
        options = {k.arg: ast.literal_eval(k.value) for k in tree.keywords}
        if len(tree.args) > 1:
            options["axis"] = ast.literal_eval(tree.args[1])
        array = np.asarray(self.value(tree.args[0]), dtype=object)
        axis = options.get("axis")
        axes = tuple(range(array.ndim)) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
        axes = tuple(a % array.ndim for a in axes) if array.ndim else ()
        kept = [k for k in range(array.ndim) if k not in axes]
        rows = array.transpose(*kept, *axes).reshape(*[array.shape[k] for k in kept], -1)
        out = np.empty(rows.shape[:-1], dtype=object)
        for position in np.ndindex(*out.shape):
            values = list(rows[position])
            if name == "sum":
                out[position] = sum(values)
            elif name == "mean":
                out[position] = self.arithmetic.divide(sum(values), len(values))
            else:
                out[position] = tied(values, name == "max", None, self.arithmetic.watch)
        if options.get("keepdims"):
            out = out.reshape([1 if k in axes else n for k, n in enumerate(array.shape)])
        return out
