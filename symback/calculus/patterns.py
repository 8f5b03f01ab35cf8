"""Values as patterns: which expression, or which part of a sum of products, is a value that exists already."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from hashlib import blake2b
from types import MappingProxyType

from symback.core.expr import COMMUTATIVE, MINUS_ONE, Node, Op, Reduction, add, div, is_whole, mul, opened_anew, read, substitute


@dataclass(frozen=True, slots=True)
class _Contraction:
    """`name[axes] = Σ over `bound` of the product of `factors`."""

    name: str
    axes: tuple[Node, ...]
    bound: tuple[Node, ...]
    factors: tuple[Node, ...]


@dataclass(slots=True)
class Library:
    """Values by their definitions."""

    by_skeleton: dict[int, tuple[str, tuple[int, ...]]] = field(default_factory=dict)
    forms: set[tuple] = field(default_factory=set)  # of the values in `by_skeleton`: most other expressions have another one
    contractions: dict[tuple, list[_Contraction]] = field(default_factory=dict)  # by what their factors are read from
    multiples: dict[int, tuple[str, tuple[Node, ...], Node, tuple[int, ...]]] = field(default_factory=dict)
    searched: dict[int, bool] = field(default_factory=dict)  # what `occurs_in` found since the last value was added

    def add(self, name: str, axes: tuple[Node, ...], value: Node) -> None:
        """Make `value` known as `name[axes]`."""
        if value.op in (Op.READ, Op.NUM, Op.INDEX, Op.DIM, Op.HYPER):
            return
        key, indices = skeleton(value)
        if all(a in indices for a in axes):
            self.by_skeleton.setdefault(key, (name, tuple(indices.index(a) for a in axes)))
            self.forms.add(_form(value))
            self.searched.clear()
        if value.op is Op.REDUCE and value.data is Reduction.SUM and value.args[0].op is Op.MUL:
            body, binders = opened_anew(value)
            if all(is_whole(b) for b in binders):
                found = _Contraction(name, axes, tuple(b[0] for b in binders), body.args)
                self.contractions.setdefault(_origins(found.factors), []).append(found)

    def occurs_in(self, node: Node) -> bool:
        """Whether some part of an expression may be a known value."""
        found = self.searched.get(node.digest)
        if found is None:
            found = _form(node) in self.forms or any(map(self.occurs_in, node.args))
            self.searched[node.digest] = found
        return found

    def add_multiple(self, name: str, axes: tuple[Node, ...], factor: Node, sum_: Node) -> None:
        """Make the sum in `name[axes] = factor·sum` known as name/factor."""
        key, indices = skeleton(sum_)
        if all(a in indices for a in axes) and factor.free <= set(axes):
            self.multiples.setdefault(key, (name, axes, factor, tuple(indices.index(a) for a in axes)))
            self.forms.add(_form(sum_))
            self.searched.clear()

    def from_multiple(self, node: Node) -> Node | None:
        """A sum by a value that is a multiple of it."""
        if node.op is not Op.REDUCE or not self.multiples or _form(node) not in self.forms:
            return None
        key, indices = skeleton(node)
        found = self.multiples.get(key)
        if found is None:
            return None
        name, axes, factor, order = found
        at = tuple(indices[k] for k in order)
        return div(read(name, *at), substitute(factor, dict(zip(axes, at, strict=True))))

    def value(self, node: Node) -> Node | None:
        """The read that stands for an expression, where one is known."""
        if node.op not in (Op.CALL, Op.POW, Op.REDUCE, Op.ADD, Op.MUL, Op.PIECEWISE) or _form(node) not in self.forms:
            return None
        key, indices = skeleton(node)
        found = self.by_skeleton.get(key)
        if found is None:
            return None
        name, order = found
        return read(name, *(indices[k] for k in order))

    def signed(self, node: Node) -> Node | None:
        """The read that stands for an expression, or minus the one that stands for its opposite."""
        found = self.value(node)
        if found is not None or node.op is not Op.ADD:
            return found
        opposite = self.value(add(*(mul(MINUS_ONE, t) for t in node.args)))
        return None if opposite is None else mul(MINUS_ONE, opposite)


def _form(node: Node) -> tuple:
    """What equal expressions have in common whatever their indices are called."""
    return node.op, len(node.args), node.height, len(node.free)


def skeleton(node: Node) -> tuple[int, tuple[Node, ...]]:
    """(key, indices): equal keys for expressions that are equal up to the names of their free indices, and those indices by
    first appearance."""
    try:
        return node._skeleton
    except AttributeError:
        node._skeleton = _skeleton(node)
        return node._skeleton


def skeleton_key(node: Node, names: dict[Node, int]) -> int:
    """The key of an expression among others with the same indices; `names` receives (and continues) the indices' numbers."""
    key, indices = skeleton(node)
    return hash((key, *(names.setdefault(i, len(names)) for i in indices)))


def pair_key(a: Node, b: Node) -> tuple[int, int]:
    """What two factors are, whatever their indices are called."""
    first, second = sorted((a, b), key=lambda n: skeleton_key(n, {}))
    names: dict[Node, int] = {}
    return skeleton_key(first, names), skeleton_key(second, names)


def _skeleton(node: Node) -> tuple[int, tuple[Node, ...]]:
    if not node.free:
        return node.digest, ()
    if node.op is Op.INDEX:
        return hash((_OP_NUMBER[Op.INDEX], node.args[0].digest)), (node,)
    bound = node.args[1::3] if node.op is Op.REDUCE else ()
    numbers = {b: k for k, b in enumerate(bound)}
    keys = []
    for a in node.args:
        key, indices = skeleton(a)
        keys.append((key, *[numbers.setdefault(i, len(numbers)) for i in indices]) if indices else (key,))
    if node.op in COMMUTATIVE:
        keys.sort()
    return hash((_OP_NUMBER[node.op], _data_key(node.data), *keys)), tuple(numbers)[len(bound) :]


_OP_NUMBER = {op: k for k, op in enumerate(Op)}


@lru_cache(maxsize=4096)
def _data_key(data: object) -> int:
    return 0 if data is None else int.from_bytes(blake2b(str(data).encode(), digest_size=7).digest(), "big")


def unify_product(library: Library, factors: list[Node], bound: set[Node]) -> tuple[Node, list[Node]] | None:
    """(value, remaining factors), where a known contraction is the sum over exactly `bound` of some of the factors,
    and the remaining ones do not depend on `bound`."""
    needed = [f for f in factors if f.free & bound]
    for c in library.contractions.get(_origins(needed), ()):
        if len(c.bound) != len(bound):
            continue
        binding = match_all(c.factors, needed)
        if binding is None or {binding.get(b) for b in c.bound} != bound:
            continue
        if any(binding[a] in bound for a in c.axes if a in binding) or any(a not in binding for a in c.axes):
            continue
        return read(c.name, *(binding[a] for a in c.axes)), [f for f in factors if f not in needed]
    return None


def _origins(factors: Sequence[Node]) -> tuple:
    """What factors that match others have in common with these: which tensors and functions they are, in an order of their own."""
    return tuple(sorted((_OP_NUMBER[f.op], "" if f.op is Op.INDEX else str(f.data)) for f in factors))


def match_all(
    patterns: Sequence[Node], targets: Sequence[Node], binding: Mapping[Node, Node] = MappingProxyType({})
) -> dict[Node, Node] | None:
    """What the patterns' free indices stand for where each pattern equals a target of its own; None where some have no target."""
    if not patterns:
        return dict(binding)
    for k, target in enumerate(targets):
        trial = _match(patterns[0], target, dict(binding))
        if trial is not None:
            done = match_all(patterns[1:], [*targets[:k], *targets[k + 1 :]], trial)
            if done is not None:
                return done
    return None


def _match(pattern: Node, target: Node, binding: dict[Node, Node]) -> dict[Node, Node] | None:
    """Bind the pattern's free indices so that it equals the target."""
    if pattern.op is Op.INDEX:
        known = binding.get(pattern)
        if known is not None:
            return binding if known == target else None
        if target.op is not Op.INDEX or target.args != pattern.args:
            return None
        binding[pattern] = target
        return binding
    if not pattern.free:
        return binding if pattern == target else None
    if pattern.op is Op.REDUCE:
        return _match_whole(pattern, target, binding)
    if pattern.op is not target.op or pattern.data != target.data or len(pattern.args) != len(target.args):
        return None
    for p, t in zip(pattern.args, target.args, strict=True):
        got = _match(p, t, binding)
        if got is None:
            return None
        binding = got
    return binding


def _match_whole(pattern: Node, target: Node, binding: dict[Node, Node]) -> dict[Node, Node] | None:
    """Bind the indices of two expressions that are equal but for the names of these."""
    (key, own), (found, others) = skeleton(pattern), skeleton(target)
    if key != found or any(binding.get(i, j) != j for i, j in zip(own, others, strict=True)):
        return None
    return {**binding, **dict(zip(own, others, strict=True))}
