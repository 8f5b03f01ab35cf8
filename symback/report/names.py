"""Formulas in the names of their declaration: an expression that defines a value is written as that value.

The program that is computed may have unfolded a value, to make it stable or cheaper: `exp(z - LogSumExp(z))` where the author says
`p`. A reader knows the value by its name, so the printed formula has the name, and the value's own formula stands beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field

from symback.calculus.patterns import Library, match_all, skeleton
from symback.core.expr import Node, Op, mul, read, reads, substitute, transform
from symback.core.program import Definition
from symback.functions.ordinary import ordinary


@dataclass(frozen=True, slots=True)
class _Product:
    """`name[axes]` is the product of `factors`."""

    name: str
    axes: tuple[Node, ...]
    factors: tuple[Node, ...]


@dataclass(slots=True)
class Names:
    """Values by the names that their author gave them."""

    values: dict[str, Node] = field(default_factory=dict)
    known: Library = field(default_factory=Library)
    products: dict[int, list[_Product]] = field(default_factory=dict)  # by the key of their highest factor

    @classmethod
    def of(cls, definitions: Iterable[Definition], within: Callable[[Node], Node] = lambda value: value) -> Names:
        """Those of definitions in order, each one's value, as `within` writes it, in the names before it."""
        names = cls()
        for d in definitions:
            if len(d.equations) == 1 and d.equations[0].lhs == d.axes:
                names.add(d.name, d.axes, names.spoken(within(ordinary(d.value))))
        return names

    def add(self, name: str, axes: tuple[Node, ...], value: Node) -> None:
        """Make a value known by its name."""
        self.values[name] = value
        self.known.add(name, axes, value)
        factors = value.args if value.op is Op.MUL else ()
        if len(factors) > 1 and not any(f.op is Op.NUM for f in factors) and all(any(a in f.free for f in factors) for a in axes):
            self.products.setdefault(_key(max(factors, key=lambda f: f.height)), []).append(_Product(name, axes, factors))

    def spoken(self, node: Node) -> Node:
        """The expression with each part that is a value as a read of it, from the inside out."""
        return transform(node, self._named) if self.values else node

    def reached(self, expressions: Iterable[Node]) -> set[str]:
        """The values that expressions read, and those that these read."""
        found: set[str] = set()
        ahead = list(expressions)
        while ahead:
            new = {str(r.data) for r in reads(ahead.pop())} - found & self.values.keys()
            found |= new
            ahead += [self.values[name] for name in new]
        return found

    def _named(self, node: Node) -> Node | None:
        found = self.known.signed(node)
        return self._factor(node) if found is None and node.op is Op.MUL else found

    def _factor(self, node: Node) -> Node | None:
        """A product some of whose factors are together a value."""
        for key in map(_key, node.args):
            for product in self.products.get(key, ()):
                binding = match_all(product.factors, node.args)
                if binding is not None:
                    taken = [substitute(f, binding) for f in product.factors]
                    others = [f for f in node.args if f not in taken]
                    return mul(read(product.name, *(binding[a] for a in product.axes)), *others)
        return None


def _key(factor: Node) -> int:
    return skeleton(factor)[0]


def shown_definitions(kept: Sequence[Definition], written: Sequence[Definition], wanted: Set[str]) -> Iterator[Definition]:
    """The definitions that are computed, and those of `wanted` that are not, each of these before the next one of its author's."""
    computed = {d.name for d in kept}
    places = {d.name: k for k, d in enumerate(written)}
    extra = [d for d in written if d.name not in computed and d.name in wanted]
    for d in kept:
        while extra and places[extra[0].name] < places.get(d.name, -1):
            yield extra.pop(0)
        yield d
    yield from extra
