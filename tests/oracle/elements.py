"""From the tree of an expression to a closure that gives one element.

A closure takes the positions of the indices (a dict) and returns a number. Each comes with a flag: exact values (integers, decimals, dimensions,
indices, labels and what is made of them by arithmetic) stay integers and fractions until they meet a float.
"""

from __future__ import annotations

import ast
import itertools
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from tests.oracle.arithmetic import Arithmetic
from tests.oracle.document import BadLayer, subscripts

Closure = Callable[[dict], object]
REDUCTIONS = frozenset("Sum Mean Prod Amax Amin Var LogSumExp Softmax LogSoftmax Norm Argmax Argmin".split())
_EXACT_CALLS = frozenset("floor ceiling round Min Max Abs sign KroneckerDelta Eq Ne".split())
_COMPARISONS = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}


@dataclass(frozen=True)
class Source:
    """A tensor as the expression sees it: `at(position)` gives an element; exact where it holds integers or truth values."""

    rank: int
    at: Callable[[tuple[int, ...]], object]
    exact: bool


@dataclass(frozen=True)
class Scope:
    """What names mean: numbers known when called, tensors, the ranges of indices."""

    arithmetic: Arithmetic
    numbers: Mapping[str, object]
    tensor: Callable[[str], Source]
    size: Callable[[str], int]
    indices: frozenset[str]


def element(tree: ast.expr, scope: Scope) -> tuple[Closure, bool]:
    """The closure of an expression and whether its values are exact."""
    if isinstance(tree, ast.Constant):
        return _constant(tree, scope)
    if isinstance(tree, ast.Name):
        return _name(tree.id, scope)
    if isinstance(tree, ast.BinOp):
        return _binary(tree, scope)
    if isinstance(tree, ast.UnaryOp):
        return _unary(tree, scope)
    if isinstance(tree, ast.BoolOp):
        return _logical([element(v, scope)[0] for v in tree.values], isinstance(tree.op, ast.And)), True
    if isinstance(tree, ast.Compare):
        return _comparison(tree, scope), True
    if isinstance(tree, ast.Subscript):
        return _read(tree.value.id, subscripts(tree), scope)
    if isinstance(tree, ast.Call) and isinstance(tree.func, ast.Name):
        return _call(tree, scope)
    raise BadLayer(f"no such expression: {ast.dump(tree)[:80]}")


def inexact(tree: ast.expr, scope: Scope) -> Closure:
    """The closure of an expression as a float; integers may stay integers."""
    return _converted(*element(tree, scope), scope)


def _converted(f: Closure, exact: bool, scope: Scope) -> Closure:
    if not exact:
        return f
    number = scope.arithmetic.number

    def convert(env: dict) -> object:
        v = f(env)
        return number(v) if isinstance(v, Fraction) else v

    return convert


def _constant(tree: ast.Constant, scope: Scope) -> tuple[Closure, bool]:
    v = tree.value
    if isinstance(v, bool | int):
        return (lambda env: v), True
    if isinstance(v, float):
        exact = Fraction(tree.kind or repr(v))
        return (lambda env: exact), True
    raise BadLayer(f"a constant that is no number: {v!r}")


def _name(name: str, scope: Scope) -> tuple[Closure, bool]:
    if name in scope.indices:
        return (lambda env: env[name]), True
    if name in scope.numbers:
        v = scope.numbers[name]
        return (lambda env: v), isinstance(v, int | Fraction)
    if name == "pi":
        return (lambda env: scope.arithmetic.pi), False
    if name == "oo":
        return (lambda env: scope.arithmetic.infinity), False
    return _read(name, (), scope)


def _read(name: str, where: tuple[ast.expr, ...], scope: Scope) -> tuple[Closure, bool]:
    source = scope.tensor(name)
    if source.rank != len(where):
        raise BadLayer(f"{name} has {source.rank} axes, indexed by {len(where)}")
    parts = [element(w, scope) for w in where]
    if not all(exact for _, exact in parts):
        raise BadLayer(f"a position of {name} is no integer expression")
    positions, at = [f for f, _ in parts], source.at
    if len(positions) == 1:
        (one,) = positions
        return (lambda env: at((one(env),))), source.exact
    if len(positions) == 2:
        one, two = positions
        return (lambda env: at((one(env), two(env)))), source.exact
    return (lambda env: at(tuple([p(env) for p in positions]))), source.exact


_OPERATORS = {ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul}


def _binary(tree: ast.BinOp, scope: Scope) -> tuple[Closure, bool]:
    (f, exact_f), (g, exact_g) = element(tree.left, scope), element(tree.right, scope)
    kind = type(tree.op)
    if kind in (ast.BitAnd, ast.BitOr):
        return _logical([f, g], kind is ast.BitAnd), True
    exact = exact_f and exact_g
    if kind is ast.Pow and not (exact and _whole_exponent(tree.right)):
        f, g, power = _converted(f, exact_f, scope), _converted(g, exact_g, scope), scope.arithmetic.power
        return (lambda env: power(f(env), g(env))), False
    if kind is ast.Pow:
        return (lambda env: _exact_power(f(env), g(env))), True
    if kind in (ast.FloorDiv, ast.Mod):
        if not exact:
            raise BadLayer("// and % are for integers")
        return _whole_quotient(f, g, kind is ast.FloorDiv), True
    if kind is ast.Div:
        divide = scope.arithmetic.divide
        if exact:
            return (lambda env: _exact_quotient(f(env), g(env), divide)), True
        f, g = _converted(f, exact_f, scope), _converted(g, exact_g, scope)
        return (lambda env: divide(f(env), g(env))), False
    if kind not in _OPERATORS:
        raise BadLayer(f"no such operator: {kind.__name__}")
    if not exact:
        f, g = _converted(f, exact_f, scope), _converted(g, exact_g, scope)
    if kind is ast.Add:
        return (lambda env: f(env) + g(env)), exact
    if kind is ast.Sub:
        return (lambda env: f(env) - g(env)), exact
    return (lambda env: f(env) * g(env)), exact


def _whole_quotient(f: Closure, g: Closure, quotient: bool) -> Closure:
    def value(env: dict) -> object:
        divisor = g(env)
        if divisor == 0:
            raise BadLayer("// or % by 0")
        return f(env) // divisor if quotient else f(env) % divisor

    return value


def _whole_exponent(tree: ast.expr) -> bool:
    return not any(
        isinstance(n, ast.Div | ast.Call) or (isinstance(n, ast.Constant) and isinstance(n.value, float)) for n in ast.walk(tree)
    )


def _exact_power(a: object, b: int) -> object:
    if abs(b) > 10000:
        raise BadLayer("an exponent beyond reason")
    return a**b if b >= 0 else Fraction(a) ** b


def _exact_quotient(a: object, b: object, divide: Callable) -> object:
    if b == 0:
        return divide(a, b)
    q = Fraction(a) / Fraction(b)
    return q.numerator if q.denominator == 1 else q


def _unary(tree: ast.UnaryOp, scope: Scope) -> tuple[Closure, bool]:
    f, exact = element(tree.operand, scope)
    if isinstance(tree.op, ast.USub):
        return (lambda env: -f(env)), exact
    if isinstance(tree.op, ast.UAdd):
        return f, exact
    return (lambda env: not f(env)), True


def _logical(parts: list[Closure], every: bool) -> Closure:
    if every:
        return lambda env: all(p(env) for p in parts)
    return lambda env: any(p(env) for p in parts)


def _real(v: object) -> object:
    return v.real


def _comparison(tree: ast.Compare, scope: Scope) -> Closure:
    sides = [element(t, scope) for t in (tree.left, *tree.comparators)]
    if not all(exact for _, exact in sides):
        sides = [(_converted(f, exact, scope), False) for f, exact in sides]
    closures = [f for f, _ in sides]
    relations = [_COMPARISONS[type(op)] for op in tree.ops]
    watch = None if all(exact for _, exact in sides) else scope.arithmetic.watch

    def holds(env: dict) -> bool:
        values = [f(env).real for f in closures]
        if watch is not None:
            for a, b in zip(values, values[1:], strict=False):
                watch(a - b)
        return all(r(a, b) for r, a, b in zip(relations, values, values[1:], strict=False))

    return holds


def _call(tree: ast.Call, scope: Scope) -> tuple[Closure, bool]:
    name = tree.func.id
    if name == "Piecewise":
        return _piecewise(tree, scope)
    if name in REDUCTIONS:
        return _reduction(name, tree, scope)
    parts = [element(a, scope) for a in tree.args]
    exact = all(e for _, e in parts) and name in _EXACT_CALLS
    args = [f if exact else _converted(f, e, scope) for f, e in parts]
    if name in ("Min", "Max"):
        return _extremum(args, [_constant_part(a, scope) for a in tree.args], name == "Max", scope.arithmetic.watch), exact
    if name in ("KroneckerDelta", "Eq", "Ne"):
        f, g = args
        if name == "Ne":
            return (lambda env: f(env).real != g(env).real), True
        return (lambda env: int(f(env).real == g(env).real)), True
    function = scope.arithmetic.functions.get(name)
    if function is None:
        raise BadLayer(f"no function {name}")
    if name in ("floor", "ceiling", "round"):
        whole = {"floor": math.floor, "ceiling": math.ceil, "round": round}[name]
        (f,) = args
        return ((lambda env: whole(f(env))) if exact else (lambda env: function(f(env)))), True
    number = scope.arithmetic.number
    if exact:
        (f,) = args
        return ((lambda env: abs(f(env))) if name == "Abs" else (lambda env: (f(env) > 0) - (f(env) < 0))), True
    if len(args) == 1:
        (f,) = args
        return (lambda env: function(number(f(env)))), False
    return (lambda env: function(*[number(a(env)) for a in args])), False


def _constant_part(tree: ast.expr, scope: Scope) -> bool:
    """Whether an expression reads no tensor, so that a tie goes to it."""
    names = {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}
    functions = {n.func.id for n in ast.walk(tree) if isinstance(n, ast.Call)}
    return all(n in scope.numbers or n in scope.indices or n in ("pi", "oo") or n in functions for n in names)


def _extremum(args: list[Closure], constant: list[bool], greatest: bool, watch: Callable | None) -> Closure:
    def value(env: dict) -> object:
        return tied([a(env) for a in args], greatest, constant, watch)

    return value


def tied(values: list, greatest: bool, constant: list[bool] | None = None, watch: Callable | None = None) -> object:
    """The extremum; among equals a constant, else their mean, so that they share the slope."""
    best = (max if greatest else min)(v.real for v in values)
    if best != best or any(v.real != v.real for v in values):
        return next(v for v in values if v.real != v.real)
    if watch is not None and len(values) > 1:
        two = sorted((v.real for v in values), reverse=greatest)[:2]
        watch(two[0] - two[1] if two[0] != two[1] else 0)
    winners = [k for k, v in enumerate(values) if v.real == best]
    if constant is not None:
        winners = [k for k in winners if constant[k]] or winners
    if len(winners) == 1 or best in (math.inf, -math.inf):
        return values[winners[0]]
    return values[winners[0]].real if constant and constant[winners[0]] else _mean([values[k] for k in winners])


def _mean(values: list) -> object:
    if all(isinstance(v, int | Fraction) for v in values):
        return values[0]
    return sum(values) / len(values)


def _piecewise(tree: ast.Call, scope: Scope) -> tuple[Closure, bool]:
    pairs = []
    for pair in tree.args:
        if not isinstance(pair, ast.Tuple) or len(pair.elts) != 2:
            raise BadLayer("Piecewise takes pairs")
        pairs.append((element(pair.elts[0], scope), element(pair.elts[1], scope)[0]))
    exact = all(e for (_, e), _ in pairs)
    branches = [(f if exact else _converted(f, e, scope), c) for (f, e), c in pairs]

    def value(env: dict) -> object:
        for f, c in branches:
            if c(env):
                return f(env)
        raise BadLayer("no branch of a Piecewise holds")

    return value, exact


def binders(tree: ast.Call) -> list[tuple[str, ast.expr | None, ast.expr | None]]:
    """What a reduction binds: (name, low, high), the limits None where the whole range is meant."""
    out = []
    for a in tree.args[1:]:
        if isinstance(a, ast.Tuple):
            out.append((a.elts[0].id, a.elts[1], a.elts[2]))
        else:
            out.append((a.id, None, None))
    return out


def _reduction(name: str, tree: ast.Call, scope: Scope) -> tuple[Closure, bool]:
    bound = binders(tree)
    inner = Scope(scope.arithmetic, scope.numbers, scope.tensor, scope.size, scope.indices | {b for b, _, _ in bound})
    body, exact = element(tree.args[0], inner)
    ranges = []
    for k, (b, low, high) in enumerate(bound):
        if low is None:
            size = scope.size(b)
            ranges.append((b, None, range(size), None))
        else:
            outer = Scope(scope.arithmetic, scope.numbers, scope.tensor, scope.size, scope.indices | {o for o, _, _ in bound[k + 1 :]})
            ranges.append((b, element(low, outer)[0], None, element(high, outer)[0]))
    integer = name in ("Argmax", "Argmin")
    keeps = exact and name in ("Sum", "Prod", "Amax", "Amin", "Mean")
    if not keeps and not integer:
        body = _converted(body, exact, scope)
    finish = _FINISH[name]
    if name in ("Softmax", "LogSoftmax"):
        own = [k.value.id for k in tree.keywords]

        def row(env: dict) -> object:
            return finish(
                _values(body, ranges, env), scope.arithmetic, body({**env, **{b: env[o] for (b, *_), o in zip(ranges, own, strict=True)}})
            )

        return row, False
    if integer:
        (b, low, whole, high) = ranges[0]
        start = low or (lambda env: 0)

        def first(env: dict) -> int:
            values = [v.real for v in _values(body, ranges, env)]
            tied(values, name == "Argmax", None, scope.arithmetic.watch)
            return start(env) + values.index((max if name == "Argmax" else min)(values))

        return first, True
    if keeps:
        return (lambda env: finish(_values(body, ranges, env), scope.arithmetic)), True
    return (lambda env: _inexact(finish(_values(body, ranges, env), scope.arithmetic), scope.arithmetic)), False


def _inexact(v: object, a: Arithmetic) -> object:
    """The value as a number of the arithmetic; the mean of zeros is a fraction."""
    return a.number(v) if isinstance(v, Fraction) else v


def _values(body: Closure, ranges: list, env: dict) -> list:
    """The body at every position; the last index runs outermost, as SymPy's limits do."""
    env = dict(env)
    if len(ranges) == 1:
        b, low, whole, high = ranges[0]
        out = []
        for v in whole if whole is not None else range(low(env), high(env) + 1):
            env[b] = v
            out.append(body(env))
        return out
    if all(r[2] is not None for r in ranges):
        out = []
        names = [r[0] for r in ranges]
        for values in itertools.product(*[r[2] for r in ranges]):
            env.update(zip(names, values, strict=True))
            out.append(body(env))
        return out
    out = []
    b, low, whole, high = ranges[-1]
    for v in whole if whole is not None else range(low(env), high(env) + 1):
        env[b] = v
        out.extend(_values(body, ranges[:-1], env))
    return out


def _sum(values: list, a: Arithmetic) -> object:
    return sum(values)


def _product(values: list, a: Arithmetic) -> object:
    return math.prod(values)


def _average(values: list, a: Arithmetic) -> object:
    total = sum(values)
    if isinstance(total, int | Fraction) and values:
        return Fraction(total, len(values))
    return a.divide(total, len(values))


def _greatest(values: list, a: Arithmetic) -> object:
    return tied(values, True, None, a.watch) if values else -a.infinity


def _least(values: list, a: Arithmetic) -> object:
    return tied(values, False, None, a.watch) if values else a.infinity


def _variance(values: list, a: Arithmetic) -> object:
    mean = _average(values, a)
    return a.divide(sum([(v - mean) ** 2 for v in values]), len(values))


def _norm(values: list, a: Arithmetic) -> object:
    total = a.number(sum([v * v for v in values]))
    if a.watch is not None:
        a.watch(total.real)
    return a.functions["sqrt"](total)


def _shifted(values: list, a: Arithmetic) -> tuple[object, list]:
    top = max(v.real for v in values)
    if top == -a.infinity:
        return top, [0 * a.pi for _ in values]
    return top, [a.functions["exp"](a.number(v - top)) for v in values]


def _logsumexp(values: list, a: Arithmetic) -> object:
    if not values:
        return -a.infinity
    top, weights = _shifted(values, a)
    return top if top == -a.infinity else top + a.functions["log"](sum(weights))


def _softmax(values: list, a: Arithmetic, own: object) -> object:
    top, weights = _shifted(values, a)
    return 0 * a.pi if top == -a.infinity else a.functions["exp"](a.number(own - top)) / sum(weights)


def _log_softmax(values: list, a: Arithmetic, own: object) -> object:
    return own - _logsumexp(values, a)


_FINISH = {
    "Sum": _sum,
    "Mean": _average,
    "Prod": _product,
    "Amax": _greatest,
    "Amin": _least,
    "Var": _variance,
    "LogSumExp": _logsumexp,
    "Norm": _norm,
    "Softmax": _softmax,
    "LogSoftmax": _log_softmax,
    "Argmax": None,
    "Argmin": None,
}
