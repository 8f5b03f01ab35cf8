"""The one expression node, its kinds, leaves, and the walk over its parts."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b

MAX_NUMBER_BITS = 8192
"""Longest exact number that constant folding makes; longer ones raise `NumberTooLarge`."""
BEYOND_INTEGERS = 1 << 63
"""Whole numbers from here on fit no integer type."""
BEYOND_FLOATS = 1 << 1024
"""Numbers from here on fit no float type."""


class NumberTooLarge(ValueError):
    """An exact constant has more digits than any layer needs (`9**9**9`)."""


class Op(Enum):
    """The kinds of node; `data` and `args` of each."""

    __hash__ = object.__hash__  # members are looked up at every step, and Enum's own hash is slow
    NUM = "num"  # data: Fraction
    CONST = "const"  # data: "pi", "oo", "-oo"
    BOOL = "bool"  # data: True or False
    DIM = "dim"  # data: name; an integer known when called
    HYPER = "hyper"  # data: name; a keyword argument of forward
    INDEX = "index"  # data: name; args: (size,); runs over 0 … size-1
    READ = "read"  # data: tensor name; args: an integer expression per axis
    ADD = "add"  # args: terms
    MUL = "mul"  # args: factors
    POW = "pow"  # args: (base, exponent)
    CALL = "call"  # data: function name; args
    COMPARE = "compare"  # data: "<", "<=", "==" or "!="; args: (left, right)
    AND = "and"
    OR = "or"
    NOT = "not"
    PIECEWISE = "piecewise"  # args: (value, condition, value, condition, …), the last condition BOOL True
    REDUCE = "reduce"  # data: Reduction; args: (body, index, low, high, index, low, high, …), limits inclusive


class Reduction(Enum):
    """Reductions that the calculus knows; the language's others are written out by these."""

    SUM = "Sum"
    PROD = "Prod"
    MAX = "Amax"
    MIN = "Amin"
    ARGMAX = "Argmax"
    ARGMIN = "Argmin"
    LOGSUMEXP = "LogSumExp"  # made by the stability rules from log(Sum(exp(·)))


COMMUTATIVE = frozenset({Op.ADD, Op.MUL, Op.AND, Op.OR})

EMPTY: frozenset = frozenset()

_HEAD = {op: op.value.encode() + b"|" for op in Op}

BIT = {op: 1 << k for k, op in enumerate(Op)}


class Node:
    """An immutable expression. Build one with the constructors below, never directly.

    op, data, args   what it is
    digest           identity up to order of sums and products and names of bound indices
    free             its free INDEX nodes
    height           how deep reductions nest in it
    kinds            the kinds of node in it, as bits
    outer            those that stand outside functions, powers, conditions, limits and indices
    hint             for REDUCE: the author's names of the bound indices (not part of the identity)
    """

    __slots__ = (
        "op",
        "data",
        "args",
        "digest",
        "free",
        "height",
        "hint",
        "kinds",
        "outer",
        "_key",
        "_hash",
        "_opened",
        "_rest",
        "_skeleton",
    )

    def __init__(self, op: Op, data: object, args: tuple[Node, ...], hint: tuple[str, ...] = ()):
        self.op, self.data, self.args, self.hint = op, data, args, hint
        keys = [a._key for a in args]
        if op in COMMUTATIVE:
            keys.sort()
        said = _HEAD[op]
        if data is not None:
            said += (data._value_ if op is Op.REDUCE else str(data)).encode()
        self._key = key = blake2b(said + b"|" + b"".join(keys), digest_size=15).digest()
        self.digest = digest = int.from_bytes(key, "big")
        self._hash = hash(digest)
        free, height = EMPTY, 0
        kinds = outer = BIT[op]
        for a in args:
            kinds |= a.kinds
            more = a.free
            if more is not free and more:
                free = free | more if free else more
            if a.height > height:
                height = a.height
        if op is Op.ADD or op is Op.MUL:
            for a in args:
                outer |= a.outer
        elif op is Op.INDEX:
            free, height = frozenset((self,)), 0
        elif op is Op.REDUCE:
            free = free.difference(args[1::3])
            height += 1
            outer |= args[0].outer
        elif op is Op.PIECEWISE:
            for a in args[::2]:
                outer |= a.outer
        self.free, self.height, self.kinds, self.outer = free, height, kinds, outer

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Node) and self.digest == other.digest)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return f"{self.op.value} {self.data}({', '.join(map(repr, self.args))})"


def number(value: int | Fraction | str) -> Node:
    """The exact number; a string is read as a decimal or fraction."""
    if type(value) is not Fraction:
        value = Fraction(value)
    return exact_number(value.numerator, value.denominator)


@lru_cache(maxsize=4096)
def exact_number(numerator: int, denominator: int) -> Node:
    if numerator.bit_length() > MAX_NUMBER_BITS or denominator.bit_length() > MAX_NUMBER_BITS:
        raise NumberTooLarge("an exact number of more than 2400 digits")
    return Node(Op.NUM, Fraction(numerator, denominator), ())


ZERO_FRACTION, ONE_FRACTION = Fraction(0), Fraction(1)

ZERO, ONE, TWO, HALF, MINUS_ONE = number(0), number(1), number(2), number("1/2"), number(-1)

PI, INF, NEG_INF = Node(Op.CONST, "pi", ()), Node(Op.CONST, "oo", ()), Node(Op.CONST, "-oo", ())

TRUE, FALSE = Node(Op.BOOL, True, ()), Node(Op.BOOL, False, ())


@lru_cache(maxsize=4096)
def dim(name: str) -> Node:
    return Node(Op.DIM, name, ())


def hyper(name: str) -> Node:
    return Node(Op.HYPER, name, ())


def index(name: str, size: Node) -> Node:
    """An index over 0 … size-1."""
    return Node(Op.INDEX, name, (size,))


_fresh = itertools.count()


def fresh_index(size: Node) -> Node:
    """An index that occurs nowhere else. Its name must not reach any output."""
    return Node(Op.INDEX, f"#{next(_fresh)}", (size,))


def read(name: str, *where: Node) -> Node:
    """The element of a tensor at integer expressions, one an axis."""
    return Node(Op.READ, name, where)


def walk(node: Node) -> Iterator[Node]:
    """Every node once, parents before children, left to right."""
    seen: set[int] = set()
    stack = [node]
    while stack:
        n = stack.pop()
        if n.digest in seen:
            continue
        seen.add(n.digest)
        yield n
        stack.extend(reversed(n.args))
