"""The values of a layer: dimensions from the arrays, definitions in the order of their needs, one element at a time."""

from __future__ import annotations

import ast
import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import numpy as np

from tests.oracle.arithmetic import HIGH_PRECISION, MACHINE, Arithmetic
from tests.oracle.document import BadLayer, Layer, Line, parse_expression, read_file
from tests.oracle.elements import Scope, Source, element
from tests.oracle.ranges import LEADING, find_ranges, renamed_apart, without_ellipsis
from tests.oracle.whole import WHOLE_FUNCTIONS, WholeTensors

LIBRARY = Path(__file__).parents[2] / "symback" / "frontend" / "library"
NEXT = "next:"


@dataclass(frozen=True)
class Result:
    """Outputs and next states as arrays of numbers (dtype object), by name; `dims` by name."""

    outputs: dict[str, np.ndarray]
    state: dict[str, np.ndarray]
    dims: dict[str, int]
    definitions: dict[str, np.ndarray]


def evaluate(
    layer: Layer, values: Mapping[str, object], hyper: Mapping[str, object] | None = None, arithmetic: Arithmetic = HIGH_PRECISION
) -> Result:
    """What the layer computes from arrays by name (random tensors among them).

    Raises: BadLayer where the layer or the arrays break a rule of the language.
    """
    return _Evaluation(layer, values, hyper or {}, arithmetic).run()


def floats(array: np.ndarray) -> np.ndarray:
    """The real parts as float64."""
    return np.array([float(v.real) for v in np.ravel(array)], dtype=np.float64).reshape(np.shape(array))


def drawn(
    layer: Layer, values: Mapping[str, object], hyper: Mapping[str, object] | None, rng: np.random.Generator
) -> dict[str, np.ndarray]:
    """The random tensors as `forward` draws them: what the mode needs, in declared order, by `random` (below p is 1), `uniform` and `normal`."""
    needed = _needed(layer)
    here = _Evaluation(layer, values, hyper or {}, MACHINE)
    here._hyperparameters()
    here._dimensions()
    out = {}
    for d in layer.tensors.values():
        if d.role != "random":
            continue
        if d.name not in needed:
            out[d.name] = np.zeros(tuple(here._integer(s) for s in d.shape))
            continue
        shape = tuple(here._integer(s) for s in d.shape)
        call = parse_expression(d.distribution)
        arguments = [float(element(a, here._scope({}, ()))[0]({})) for a in call.args]
        if call.func.id == "bernoulli":
            out[d.name] = (rng.random(shape) < arguments[0]).astype(np.float64)
        else:
            out[d.name] = np.asarray({"uniform": rng.uniform, "normal": rng.normal}[call.func.id](*arguments, shape))
    return out


def _needed(layer: Layer) -> set[str]:
    """Names that outputs and updates read, directly or through definitions."""
    reads: dict[str, set[str]] = {}
    for line in layer.lines:
        for name in line.names:
            reads.setdefault(name, set()).update(_names(line.right))
    stack = [*layer.outputs, *(n for line in layer.lines if line.section == "update" for n in line.names)]
    seen: set[str] = set()
    while stack:
        name = stack.pop()
        if name not in seen:
            seen.add(name)
            stack.extend(reads.get(name, ()))
    return seen


@dataclass
class _Evaluation:
    layer: Layer
    values: Mapping[str, object]
    hyper: Mapping[str, object]
    arithmetic: Arithmetic
    numbers: dict[str, object] = field(default_factory=dict)
    shapes: dict[str, tuple[int, ...]] = field(default_factory=dict)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)
    leading: tuple[int, ...] | None = None
    passed_on: dict[str, np.ndarray] = field(default_factory=dict)

    def run(self) -> Result:
        self._hyperparameters()
        self._dimensions()
        for d in self.layer.tensors.values():
            self._input(d.name)
        self.declared = {n: self._integer(text) for n, text in self.layer.indices.items()}
        self.declared.update({f"{LEADING}{k}": n for k, n in enumerate(self.leading or ())})
        for lines in _in_order(self.layer.lines):
            self._define(lines)
        state = {n: self.passed_on.get(n, self.arrays[n]) for n, d in self.layer.tensors.items() if d.role == "state"}
        state.update({n: self.arrays[NEXT + n] for n in state if NEXT + n in self.arrays})
        outputs = {n: self.arrays[n] for n in self.layer.outputs}
        dims = {n: v for n, v in self.numbers.items() if n not in self.layer.hyperparameters}
        return Result(outputs, state, dims, {n: a for n, a in self.arrays.items() if n not in self.layer.tensors})

    # ------------------------------------------------------------------------------------ numbers by name

    def _hyperparameters(self) -> None:
        for name, text in self.layer.hyperparameters.items():
            v = self.hyper.get(name, _hyper_value(text))
            self.numbers[name] = v if isinstance(v, bool | int | Fraction) else self.arithmetic.number(float(v))

    def _integer(self, text: str) -> int:
        f, exact = element(parse_expression(str(text)), self._scope({}, ()))
        if not exact:
            raise BadLayer(f"no integer expression: {text}")
        return int(f({}))

    def _dimensions(self) -> None:
        checks = []
        for d in self.layer.tensors.values():
            if d.role == "random" and d.name not in self.values:
                continue
            shape, entries = np.shape(self.values[d.name]), list(d.shape)
            if "..." in entries:
                rest = len(entries) - 1
                here = shape[: len(shape) - rest]
                if self.leading is not None and here != self.leading:
                    raise BadLayer(f"{d.name}: leading axes {here}, elsewhere {self.leading}")
                self.leading, shape, entries = here, shape[len(shape) - rest :], entries[1:]
            if len(shape) != len(entries):
                raise BadLayer(f"{d.name} has {len(shape)} axes, declared {d.shape}")
            for entry, size in zip(entries, shape, strict=True):
                if entry.isidentifier() and entry not in self.layer.dims and entry not in self.layer.hyperparameters:
                    if self.numbers.setdefault(entry, size) != size:
                        raise BadLayer(f"{d.name}: {entry} is {size}, elsewhere {self.numbers[entry]}")
                else:
                    checks.append((d.name, entry, size))
        waiting = dict(self.layer.dims)
        while waiting:
            ready = [n for n, text in waiting.items() if not _names(parse_expression(text)) & set(waiting)]
            if not ready:
                raise BadLayer(f"dimensions that need each other: {sorted(waiting)}")
            for n in ready:
                self.numbers[n] = self._integer(waiting.pop(n))
        for name, entry, size in checks:
            if self._integer(entry) != size:
                raise BadLayer(f"{name}: an axis of {size} where {entry} = {self._integer(entry)}")

    # ------------------------------------------------------------------------------------ tensors

    def _input(self, name: str) -> None:
        d, raw = self.layer.tensors[name], np.asarray(self.values[name])
        array = np.empty(raw.shape, dtype=object)
        convert = {"int": int, "bool": bool, "float": lambda v: self.arithmetic.number(float(v) if isinstance(v, np.floating) else v)}[
            d.kind
        ]
        array.reshape(-1)[:] = [convert(v) for v in raw.reshape(-1)]
        if d.kind == "int":
            most = self._integer(d.values)
            if not all(0 <= v < most or v in d.also for v in array.reshape(-1)):
                raise BadLayer(f"{name}: a label beyond {most}")
        outside = None
        if d.outside is not None:
            outside = -self.arithmetic.infinity if "oo" in d.outside else self.arithmetic.number(float(d.outside))
        self._store(name, array, d.kind != "float", outside)

    def _store(self, name: str, array: np.ndarray, exact: bool, outside: object = None) -> None:
        self.arrays[name], self.shapes[name] = array, array.shape
        self.sources[name] = Source(array.ndim, _reader(name, array, outside), exact)

    def _source(self, name: str) -> Source:
        if name not in self.sources:
            raise BadLayer(f"nothing is called {name}")
        return self.sources[name]

    def _scope(self, ranges: Mapping[str, int], indices: tuple[str, ...]) -> Scope:
        def size(name: str) -> int:
            if name not in ranges:
                raise BadLayer(f"no range for {name}")
            return ranges[name]

        return Scope(self.arithmetic, self.numbers, self._source, size, frozenset(indices))

    # ------------------------------------------------------------------------------------ definitions

    def _define(self, lines: list[Line]) -> None:
        if any(self._is_whole(line) for line in lines):
            for line in lines:
                self._define_whole(line)
            return
        count = len(self.leading or ())
        prepared = []
        for line in lines:
            left = tuple(without_ellipsis(line.left or (), count))
            prepared.append((_target(line), left, renamed_apart(line.right, count)))
        own = {line.names[0] for line, _, _ in prepared}

        def shape_of(name: str) -> tuple[int, ...] | None:
            if name.startswith(NEXT):
                return self.shapes[name.removeprefix(NEXT)]
            return None if name in own else self._shape(name)

        ranges, axes = find_ranges(prepared, shape_of, self.declared, lambda n: n not in self.numbers)
        recurrent = any(_names(tree) & own for _, _, tree in prepared)
        self._define_elements(prepared, ranges, axes, own, recurrent)

    def _shape(self, name: str) -> tuple[int, ...]:
        if name not in self.shapes:
            raise BadLayer(f"nothing is called {name}")
        return self.shapes[name]

    def _define_elements(self, prepared: list, ranges: list, axes: dict, own: set[str], recurrent: bool) -> None:
        memo: dict[tuple, object] = {}
        equations: dict[str, list] = {n: [] for n in sorted(own)}
        shapes = {}
        for line, left, _ in prepared:
            sizes = [axes.get((line.names[0], k)) for k in range(len(left))]
            if None in sizes:
                raise BadLayer(f"no range for an axis of {line.names[0]}")
            if min(sizes, default=0) < 0:
                raise BadLayer(f"an axis of {line.names[0]} has fewer than no positions")
            shapes[line.names[0]] = tuple(sizes)

        def at(name: str, position: tuple) -> object:
            key = (name, position)
            if key not in memo:
                memo[key] = _PENDING
                value = _covering(name, position, equations[name])
                memo[key] = value if exact[name] or not isinstance(value, Fraction) else self.arithmetic.number(value)
            if memo[key] is _PENDING:
                raise BadLayer(f"{name}{list(position)} needs itself")
            return memo[key]

        for n in own if recurrent else ():
            self.sources[n] = Source(len(shapes[n]), lambda position: 0, True)
        exact = _exact_group(prepared, self)
        if recurrent and not all(exact.values()):
            exact = dict.fromkeys(own, False)
        for n in own:
            self.sources[n] = Source(len(shapes[n]), lambda position, n=n: at(n, tuple(_whole_number(p) for p in position)), exact[n])
        for (line, left, tree), sizes in zip(prepared, ranges, strict=True):
            indices = tuple(e.id for e in left if isinstance(e, ast.Name) and e.id not in self.numbers)
            scope = self._scope(sizes, indices)
            body, _ = element(tree, scope)
            fixed = [None if isinstance(e, ast.Name) and e.id in indices else element(e, scope)[0]({}) for e in left]
            bounds = [sizes.get(e.id) if isinstance(e, ast.Name) else None for e in left]
            names = [e.id if isinstance(e, ast.Name) else "" for e in left]
            equations[line.names[0]].append((fixed, bounds, names, body))
        for lines in equations.values():
            lines.sort(key=lambda e: -sum(f is not None for f in e[0]))
        order = _directions(prepared, own)
        for position in itertools.product(*[_steps(order, k, shapes) for k in range(max((len(s) for s in shapes.values()), default=0))]):
            for n in equations:
                if len(position) == len(shapes[n]) and all(p < s for p, s in zip(position, shapes[n], strict=True)):
                    at(n, position)
        for n, shape in shapes.items():
            array = np.empty(shape, dtype=object)
            for position in itertools.product(*map(range, shape)):
                v = at(n, position)
                array[position] = v if exact[n] or not isinstance(v, Fraction) else self.arithmetic.number(v)
            starts = {p: v for (m, p), v in memo.items() if m == n and not all(0 <= q < s for q, s in zip(p, shape, strict=True))}
            self._store(n, array, exact[n])
            if starts:
                self.sources[n] = Source(len(shape), _reader(n, array, None, starts), exact[n])

    # ------------------------------------------------------------------------------------ whole tensors

    def _is_whole(self, line: Line) -> bool:
        if line.left is not None:
            return False
        indexed = {id(n.value) for n in ast.walk(line.right) if isinstance(n, ast.Subscript)}
        for n in ast.walk(line.right):
            if isinstance(n, ast.Attribute) or (isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult)):
                return True
            if (
                isinstance(n, ast.Call)
                and isinstance(n.func, ast.Name)
                and (n.func.id in WHOLE_FUNCTIONS or self._callee(n.func.id) is not None)
            ):
                return True
            if isinstance(n, ast.Name) and id(n) not in indexed and self.shapes.get(n.id):
                return True
        return len(line.names) > 1

    def _callee(self, name: str) -> Path | None:
        if name in self.layer.use:
            return (self.layer.folder or Path()) / self.layer.use[name]
        if name in self.arithmetic.functions or name in ("Piecewise", "Min", "Max"):
            return None
        path = LIBRARY / f"{name}.yaml"
        return path if path.is_file() else None

    def _define_whole(self, line: Line) -> None:
        tensors = WholeTensors(self.arithmetic, self.numbers, self.arrays, self._call_layer)
        value = tensors.value(line.right)
        values = value if isinstance(value, tuple) else (value,)
        if len(values) != len(line.names):
            raise BadLayer(f"{line.text}: {len(values)} values for {len(line.names)} names")
        for name, v in zip(_target(line).names, values, strict=True):
            array = np.empty(np.shape(v), dtype=object)
            array[...] = v
            self._store(name, array, False)

    def _call_layer(self, name: str, tree: ast.Call, args: list[np.ndarray], named: dict[str, object]) -> object:
        path = self._callee(name)
        if path is None:
            raise BadLayer(f"no layer {name}")
        layer = read_file(path)
        order = [d.name for role in ("input", "param", "state") for d in layer.tensors.values() if d.role == role]
        values = dict(zip(order, args, strict=False))
        values.update({k: v for k, v in named.items() if k in layer.tensors})
        hyper = {k: v for k, v in named.items() if k in layer.hyperparameters}
        result = evaluate(layer, values, hyper, self.arithmetic)
        return tuple(result.outputs.values()) if len(result.outputs) > 1 else next(iter(result.outputs.values()))


_PENDING = object()


def _hyper_value(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    try:
        return int(text)
    except ValueError:
        return float(text)


def _names(tree: ast.AST) -> set[str]:
    return {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


def _target(line: Line) -> Line:
    """The line with a state's next value under a name of its own."""
    if line.section != "update":
        return line
    return Line(tuple(NEXT + n for n in line.names), line.left, line.right, line.section, line.text)


def _in_order(lines: tuple[Line, ...]) -> list[list[Line]]:
    """Groups of lines, each after those that it reads; lines that recur together are one group."""
    units: dict[str, list[Line]] = {}
    owner: dict[str, str] = {}
    for line in lines:
        target = _target(line)
        units.setdefault(target.names[0], []).append(line)
        owner.update(dict.fromkeys(target.names, target.names[0]))
    needs = {u: {owner[n] for line in ls for n in _names(line.right) if n in owner} for u, ls in units.items()}
    reach = {u: set(n) for u, n in needs.items()}
    changed = True
    while changed:
        changed = False
        for u in reach:
            more = set().union(*[reach[v] for v in reach[u]]) - reach[u]
            if more:
                reach[u] |= more
                changed = True
    done: set[str] = set()
    out = []
    while len(done) < len(units):
        for u in units:
            if u in done:
                continue
            group = [v for v in units if v == u or (v in reach[u] and u in reach[v])]
            if all(n in done or n in group for v in group for n in needs[v]):
                out.append([line for v in group for line in units[v]])
                done.update(group)
                break
    return out


def _whole_number(p: object) -> int:
    if type(p) is int:
        return p
    if isinstance(p, bool) or p != int(p):
        raise BadLayer(f"a position that is no integer: {p}")
    return int(p)


def _reader(name: str, array: np.ndarray, outside: object, starts: Mapping[tuple, object] | None = None):
    data, shape = list(array.reshape(-1)), array.shape
    strides = [int(np.prod(shape[k + 1 :])) for k in range(len(shape))]

    def at(position: tuple) -> object:
        offset = 0
        for p, n, s in zip(position, shape, strides, strict=True):
            if type(p) is not int:
                p = _whole_number(p)
            if not 0 <= p < n:
                if outside is not None:
                    return outside
                if starts and position in starts:
                    return starts[position]
                raise BadLayer(f"{name}{list(position)} is outside {shape}")
            offset += p * s
        return data[offset]

    return at


def _covering(name: str, position: tuple, equations: list) -> object:
    """The value by the first equation that covers the position; starts come first."""
    for fixed, bounds, names, body in equations:
        env = {}
        for p, f, bound, index in zip(position, fixed, bounds, names, strict=True):
            if f is not None:
                if p != f:
                    break
            elif bound is not None and not 0 <= p < bound:
                break
            else:
                env[index] = p
        else:
            return body(env)
    raise BadLayer(f"{name}{list(position)}: no line covers it")


def _exact_group(prepared: list, evaluation: _Evaluation) -> dict[str, bool]:
    """Whether each (non-recurrent) definition holds exact values."""
    out: dict[str, bool] = {}
    for line, left, tree in prepared:
        indices = frozenset(e.id for e in left if isinstance(e, ast.Name))
        scope = Scope(evaluation.arithmetic, evaluation.numbers, evaluation._source, lambda name: 0, indices)
        out[line.names[0]] = out.get(line.names[0], True) and element(tree, scope)[1]
    return out


def _directions(prepared: list, own: set[str]) -> dict[int, int]:
    """For each axis -1 where the group reads itself at later positions, so that few calls nest."""
    out: dict[int, int] = {}
    for _, left, tree in prepared:
        for node in ast.walk(tree):
            if isinstance(node, ast.Subscript) and node.value.id in own:
                for k, e in enumerate(node.slice.elts):
                    ahead = isinstance(e, ast.BinOp) and isinstance(e.op, ast.Add) and isinstance(e.left, ast.Name)
                    if ahead and k < len(left) and isinstance(left[k], ast.Name) and left[k].id == e.left.id:
                        out[k] = -1
    return out


def _steps(order: dict[int, int], axis: int, shapes: dict[str, tuple[int, ...]]) -> range:
    most = max((s[axis] for s in shapes.values() if axis < len(s)), default=0)
    return range(most - 1, -1, -1) if order.get(axis) == -1 else range(most)
