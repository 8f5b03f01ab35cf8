"""The one expression node, its constructors, and capture-free substitution.

A `Node` is an immutable scalar expression in index notation: what a layer says about one element of
a tensor. Two nodes are equal when they mean the same up to the order of sums and products and the
names of bound indices; equality is decided by a digest that does not depend on the hash seed, so
nothing that is made from nodes changes from run to run.

Bound indices are locally nameless: `reduction` renames each binder after its height, so that equal
reductions meet in a dictionary whatever their author called the index. Free indices never have such a
name, which makes substitution capture-free (`opened` gives a body with fresh free indices).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from hashlib import blake2b
from math import isqrt

MAX_NUMBER_BITS = 8192
"""Longest exact number that constant folding makes; longer ones raise `NumberTooLarge`."""


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
_EMPTY: frozenset = frozenset()
_HEAD = {op: op.value.encode() for op in Op}
BIT = {op: 1 << k for k, op in enumerate(Op)}


class Node:
    """An immutable expression. Build one with the constructors below, never directly.

    op, data, args   what it is
    digest           identity up to order of sums and products and names of bound indices
    free             its free INDEX nodes
    height           how deep reductions nest in it
    outer            the kinds of node in it, as bits, that stand outside functions, powers, conditions, limits and indices
    hint             for REDUCE: the author's names of the bound indices (not part of the identity)
    """

    __slots__ = ("op", "data", "args", "digest", "free", "height", "hint", "outer", "_key", "_hash", "_rest", "_skeleton")

    def __init__(self, op: Op, data: object, args: tuple[Node, ...], hint: tuple[str, ...] = ()):
        self.op, self.data, self.args, self.hint = op, data, args, hint
        keys = [a._key for a in args]
        if op in COMMUTATIVE:
            keys.sort()
        shown = "" if data is None else data._value_ if op is Op.REDUCE else str(data)
        self._key = key = blake2b(b"%b|%b|%b" % (_HEAD[op], shown.encode(), b"".join(keys)), digest_size=15).digest()
        self.digest = digest = int.from_bytes(key, "big")
        self._hash = hash(digest)
        free, height = _EMPTY, 0
        for a in args:
            if a.free is not free and a.free:
                free = a.free if not free else free | a.free
            if a.height > height:
                height = a.height
        if op is Op.INDEX:
            free, height = frozenset((self,)), 0
        elif op is Op.REDUCE:
            free = free - frozenset(args[1::3])
            height += 1
        self.free, self.height = free, height
        outer = BIT[op]
        for a in args if op is Op.ADD or op is Op.MUL else args[:1] if op is Op.REDUCE else args[::2] if op is Op.PIECEWISE else ():
            outer |= a.outer
        self.outer = outer

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Node) and self.digest == other.digest)

    def __hash__(self) -> int:
        return self._hash

    def __repr__(self) -> str:
        return text(self)


# ------------------------------------------------------------------------------------------- leaves


def number(value: int | Fraction | str) -> Node:
    """The exact number; a string is read as a decimal or fraction."""
    if type(value) is not Fraction:
        value = Fraction(value)
    return _number(value.numerator, value.denominator)


@lru_cache(maxsize=4096)
def _number(numerator: int, denominator: int) -> Node:
    if numerator.bit_length() > MAX_NUMBER_BITS or denominator.bit_length() > MAX_NUMBER_BITS:
        raise NumberTooLarge("an exact number of more than 2400 digits")
    return Node(Op.NUM, Fraction(numerator, denominator), ())


_ZERO, _ONE = Fraction(0), Fraction(1)
ZERO, ONE, TWO, HALF, MINUS_ONE = number(0), number(1), number(2), number("1/2"), number(-1)
PI, INF, NEG_INF = Node(Op.CONST, "pi", ()), Node(Op.CONST, "oo", ()), Node(Op.CONST, "-oo", ())
TRUE, FALSE = Node(Op.BOOL, True, ()), Node(Op.BOOL, False, ())


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


# --------------------------------------------------------------------------------------- arithmetic


def is_number(node: Node) -> bool:
    return node.op is Op.NUM


def split_coefficient(node: Node) -> tuple[Fraction, Node]:
    """(c, rest) with node = c·rest and no number left in `rest`."""
    if node.op is Op.NUM:
        return node.data, ONE
    if node.op is Op.MUL and node.args[0].op is Op.NUM:
        try:
            return node.args[0].data, node._rest
        except AttributeError:
            rest = node.args[1:]
            node._rest = rest[0] if len(rest) == 1 else Node(Op.MUL, None, rest)
            return node.args[0].data, node._rest
    return _ONE, node


def split_power(node: Node) -> tuple[Node, Node]:
    """(base, exponent)."""
    return (node.args[0], node.args[1]) if node.op is Op.POW else (node, ONE)


def add(*terms: Node) -> Node:
    """The sum, flattened, like terms collected, in the order of first appearance."""
    collected: dict[Node, Fraction] = {}
    whole_terms: dict[Node, Node] = {}  # what stands in the sum once only, as it is
    constant = _ZERO
    infinite: Node | None = None
    stack = list(reversed(terms))
    while stack:
        term = stack.pop()
        op = term.op
        if op is Op.ADD:
            stack.extend(reversed(term.args))
        elif op is Op.NUM:
            constant += term.data
        elif op is Op.CONST and term.data != "pi":
            infinite = term
        else:
            c, rest = split_coefficient(term)
            if rest in collected:
                collected[rest] += c
                whole_terms.pop(rest, None)
            else:
                collected[rest] = c
                whole_terms[rest] = term
    out = [whole_terms[rest] if rest in whole_terms else _scaled(c, rest) for rest, c in collected.items() if c]
    if constant:
        out.append(number(constant))
    if infinite is not None:
        out.append(infinite)
    if not out:
        return ZERO
    return out[0] if len(out) == 1 else Node(Op.ADD, None, tuple(out))


def _scaled(c: Fraction, rest: Node) -> Node:
    if c == 1:
        return rest
    if rest.op is Op.MUL:
        return Node(Op.MUL, None, (number(c), *rest.args))
    return Node(Op.MUL, None, (number(c), rest))


def neg(node: Node) -> Node:
    return mul(MINUS_ONE, node)


def sub(left: Node, right: Node) -> Node:
    return add(left, neg(right))


def mul(*factors: Node) -> Node:
    """The product, flattened, numbers folded, powers of one base with numeric exponents collected. 0·x is 0."""
    coefficient = _ONE
    powers: dict[tuple[Node, Node | None], Fraction] = {}
    single: dict[tuple[Node, Node | None], Node] = {}  # what stands in the product once only, as it is
    sign, infinite = 1, False
    stack = list(reversed(factors))
    while stack:
        factor = stack.pop()
        op = factor.op
        if op is Op.MUL:
            stack.extend(reversed(factor.args))
        elif op is Op.NUM:
            coefficient *= factor.data
        elif op is Op.CONST and factor.data != "pi":
            infinite, sign = True, -sign if factor.data == "-oo" else sign
        else:
            base, exponent = factor.args if op is Op.POW else (factor, ONE)
            key, more = ((base, None), exponent.data) if exponent.op is Op.NUM else ((base, exponent), _ONE)
            if key in powers:
                powers[key] += more
                single.pop(key, None)
            else:
                powers[key] = more
                single[key] = factor
    if not coefficient:
        return ZERO
    out: list[Node] = []
    for key, total in powers.items():
        factor = single.get(key)
        if factor is None:
            base, symbolic = key
            factor = power(base, number(total)) if symbolic is None else power(base, mul(number(total), symbolic))
            c, factor = split_coefficient(factor)
            coefficient *= c
        if factor.op is Op.MUL:
            out.extend(factor.args)
        elif factor != ONE:
            out.append(factor)
    if infinite:
        if not out:
            return INF if (coefficient > 0) == (sign > 0) else NEG_INF
        out.append(INF if sign > 0 else NEG_INF)
    if not out:
        return number(coefficient)
    if coefficient != 1:
        out.insert(0, number(coefficient))
    return out[0] if len(out) == 1 else Node(Op.MUL, None, tuple(out))


def power(base: Node, exponent: Node) -> Node:
    """base**exponent; folded where exact and safe: (x**a)**n and (x·y)**n only for integer n."""
    if exponent.op is Op.NUM:
        e = exponent.data
        if e == 0:
            return ONE
        if e == 1:
            return base
        if base.op is Op.NUM:
            if base.data == 1:
                return ONE
            if e.denominator == 1 and (base.data or e > 0):
                longest = max(base.data.numerator.bit_length(), base.data.denominator.bit_length())
                if longest * abs(e) > MAX_NUMBER_BITS:
                    raise NumberTooLarge("a power with more than 2400 digits")
                return number(base.data ** int(e))
            root = _exact_root(base.data, e)
            if root is not None:
                return number(root)
        if e.denominator == 1:
            if base.op is Op.POW and base.args[1].op is Op.NUM:
                inner = base.args[1].data
                if not (inner.denominator == 1 and inner % 2 == 0 and (inner * e).denominator != 1):
                    return power(base.args[0], number(inner * e))
            if base.op is Op.MUL:
                return mul(*(power(f, exponent) for f in base.args))
    return Node(Op.POW, None, (base, exponent))


def _exact_root(value: Fraction, e: Fraction) -> Fraction | None:
    """value**e where that is rational and small; None otherwise."""
    if value <= 0 or e.denominator != 2 or abs(e.numerator) > 8:
        return None
    n, d = isqrt(value.numerator), isqrt(value.denominator)
    if n * n != value.numerator or d * d != value.denominator or max(n, d).bit_length() > 256:
        return None
    return Fraction(n, d) ** e.numerator


def div(left: Node, right: Node) -> Node:
    return mul(left, power(right, MINUS_ONE))


def sqrt(node: Node) -> Node:
    return power(node, HALF)


def call(name: str, *args: Node) -> Node:
    """A function of the language by its name there. `Max` and `Min` are flattened."""
    if name in ("Max", "Min"):
        flat: list[Node] = []
        for a in args:
            for b in a.args if a.op is Op.CALL and a.data == name and len(a.args) > 2 else (a,):
                if b not in flat:
                    flat.append(b)
        if all(a.op is Op.NUM for a in flat):
            return number((max if name == "Max" else min)(a.data for a in flat))
        if len(flat) == 1:
            return flat[0]
        return Node(Op.CALL, name, tuple(flat))
    if name == "floordiv" and args[1].op is Op.NUM:
        if args[1].data == 1:
            return args[0]
        if args[0].op is Op.NUM and args[1].data:
            return number(args[0].data // args[1].data)
    if name == "mod" and args[1].op is Op.NUM and args[1].data:
        if args[1].data == 1:
            return ZERO
        if args[0].op is Op.NUM:
            return number(args[0].data % args[1].data)
    if name == "Abs" and args[0].op is Op.NUM:
        return number(abs(args[0].data))
    if name == "floor" and args[0].op is Op.NUM:
        return number(args[0].data.numerator // args[0].data.denominator)
    if name == "exp" and args[0] == ZERO:
        return ONE
    if name == "log" and args[0] == ONE:
        return ZERO
    return Node(Op.CALL, name, args)


# --------------------------------------------------------------------------------------- conditions

_EXACT = {"<": Fraction.__lt__, "<=": Fraction.__le__, "==": Fraction.__eq__, "!=": Fraction.__ne__}


def compare(relation: str, left: Node, right: Node) -> Node:
    """A comparison; `>` and `>=` are turned round. Decided where both sides are numbers or the same."""
    if relation in (">", ">="):
        return compare({">": "<", ">=": "<="}[relation], right, left)
    if left.op is Op.NUM and right.op is Op.NUM:
        return TRUE if _EXACT[relation](left.data, right.data) else FALSE
    if left == right and left.op in (Op.INDEX, Op.DIM):
        return TRUE if relation in ("<=", "==") else FALSE
    return Node(Op.COMPARE, relation, (left, right))


def both(*conditions: Node) -> Node:
    """Logical and."""
    flat: list[Node] = []
    for c in conditions:
        for d in c.args if c.op is Op.AND else (c,):
            if d == FALSE:
                return FALSE
            if d != TRUE and d not in flat:
                flat.append(d)
    if not flat:
        return TRUE
    return flat[0] if len(flat) == 1 else Node(Op.AND, None, tuple(flat))


def either(*conditions: Node) -> Node:
    """Logical or."""
    flat: list[Node] = []
    for c in conditions:
        for d in c.args if c.op is Op.OR else (c,):
            if d == TRUE:
                return TRUE
            if d != FALSE and d not in flat:
                flat.append(d)
    if not flat:
        return FALSE
    return flat[0] if len(flat) == 1 else Node(Op.OR, None, tuple(flat))


_OPPOSITE = {"==": "!=", "!=": "=="}


def negation(condition: Node) -> Node:
    """Logical not. Orders are not turned round: a NaN is in neither."""
    if condition.op is Op.BOOL:
        return FALSE if condition.data else TRUE
    if condition.op is Op.NOT:
        return condition.args[0]
    if condition.op is Op.COMPARE and condition.data in _OPPOSITE:
        return Node(Op.COMPARE, _OPPOSITE[condition.data], condition.args)
    return Node(Op.NOT, None, (condition,))


def piecewise(*branches: tuple[Node, Node]) -> Node:
    """The first branch whose condition holds. The last condition must be TRUE."""
    kept: list[tuple[Node, Node]] = []
    for value, condition in branches:
        if condition == FALSE:
            continue
        kept.append((value, condition))
        if condition == TRUE:
            break
    if kept[-1][1] != TRUE:
        raise ValueError("the last branch of a Piecewise must be (…, True)")
    while len(kept) > 1 and kept[-2][0] == kept[-1][0]:
        kept[-2:] = [(kept[-1][0], TRUE)]
    if len(kept) == 1:
        return kept[0][0]
    return Node(Op.PIECEWISE, None, tuple(n for pair in kept for n in pair))


def branches(node: Node) -> list[tuple[Node, Node]]:
    """The (value, condition) pairs of a PIECEWISE."""
    return list(zip(node.args[::2], node.args[1::2], strict=True))


def indicator(condition: Node) -> Node:
    """1 where the condition holds, else 0 (an Iverson bracket)."""
    return piecewise((ONE, condition), (ZERO, TRUE))


def is_indicator(node: Node) -> bool:
    return node.op is Op.PIECEWISE and len(node.args) == 4 and node.args[0] == ONE and node.args[2] == ZERO


# --------------------------------------------------------------------------------------- reductions

Binder = tuple[Node, Node, Node]
"""(index, low, high), limits inclusive; low = 0 and high = size-1 for the whole range."""


def whole(idx: Node) -> Binder:
    """The binder over an index's whole range."""
    return (idx, ZERO, _last(idx.args[0]))


def is_whole(binder: Binder) -> bool:
    return binder[1] == ZERO and binder[2] == _last(binder[0].args[0])


@lru_cache(maxsize=4096)
def _last(size: Node) -> Node:
    return add(size, MINUS_ONE)


def reduction(kind: Reduction, body: Node, binders: Iterable[Binder]) -> Node:
    """The reduction of `body` over indices, its binders renamed after their height."""
    binders = tuple(binders)
    if not binders:
        return body
    if kind is Reduction.SUM and body == ZERO:
        return ZERO
    height = 1 + max([body.height, *(limit.height for b in binders for limit in b[1:])])
    if len(binders) > 1:
        order = {n: k for k, n in enumerate(_indices_in_order(body))}
        binders = tuple(sorted(binders, key=lambda b: order.get(b[0], len(order))))
    renamed = {b[0]: Node(Op.INDEX, f"~{height}.{k}", b[0].args) for k, b in enumerate(binders)}
    args = [_rename(body, renamed)]
    for b in binders:
        args += [renamed[b[0]], _rename(b[1], renamed), _rename(b[2], renamed)]
    return Node(Op.REDUCE, kind, tuple(args), tuple(_hint(b[0]) for b in binders))


def _hint(idx: Node) -> str:
    return str(idx.data) if str(idx.data)[0] not in "#~" else "k"


def _indices_in_order(node: Node) -> list[Node]:
    seen: dict[Node, None] = {}
    for n in walk(node):
        if n.op is Op.INDEX:
            seen.setdefault(n, None)
    return list(seen)


def _rename(node: Node, renamed: Mapping[Node, Node]) -> Node:
    """Replace free indices by others whose names no inner binder has."""
    memo: dict[int, Node] = {}

    def go(n: Node) -> Node:
        if n.free.isdisjoint(renamed):
            return n
        if n.op is Op.INDEX:
            return renamed[n]
        done = memo.get(id(n))
        if done is None:
            done = memo[id(n)] = Node(n.op, n.data, tuple(go(a) for a in n.args), n.hint)
        return done

    return go(node)


def opened(node: Node) -> tuple[Node, tuple[Binder, ...]]:
    """(body, binders) of a REDUCE with fresh free indices in the binders' place."""
    bound = node.args[1::3]
    fresh = {b: fresh_index(b.args[0]) for b in bound}
    body = _rename(node.args[0], fresh)
    binders = tuple(
        (fresh[b], _rename(low, fresh), _rename(high, fresh)) for b, low, high in zip(bound, node.args[2::3], node.args[3::3], strict=True)
    )
    return body, binders


def total(body: Node, *binders: Binder) -> Node:
    return reduction(Reduction.SUM, body, binders)


# ------------------------------------------------------------------------------- walks and rebuilding


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


def rebuilt(node: Node, args: tuple[Node, ...]) -> Node:
    """The node with other arguments, through its constructor. Not for REDUCE, whose binders must be opened."""
    op = node.op
    if op is Op.ADD:
        return add(*args)
    if op is Op.MUL:
        return mul(*args)
    if op is Op.POW:
        return power(*args)
    if op is Op.CALL:
        return call(node.data, *args)
    if op is Op.COMPARE:
        return compare(node.data, *args)
    if op is Op.AND:
        return both(*args)
    if op is Op.OR:
        return either(*args)
    if op is Op.NOT:
        return negation(*args)
    if op is Op.PIECEWISE:
        return piecewise(*zip(args[::2], args[1::2], strict=True))
    return Node(op, node.data, args, node.hint)


def substitute(node: Node, mapping: Mapping[Node, Node]) -> Node:
    """Replace free leaves (indices, dimensions, reads …) by expressions, without capture."""
    if not mapping:
        return node
    only_indices = all(k.op is Op.INDEX for k in mapping)
    arriving = _EMPTY.union(*(v.free for v in mapping.values()), (k for k in mapping if k.op is Op.INDEX))
    memo: dict[Node, Node] = {}

    def go(n: Node) -> Node:
        if only_indices and n.free.isdisjoint(mapping):
            return n
        done = memo.get(n)
        if done is None:
            done = mapping.get(n)
            if done is None:
                done = n
                if n.op is Op.REDUCE:
                    done = _with_parts(n, go(n.args[0]), go, arriving)
                    if done is None:
                        done = transform(n, mapping.get, top_down=True)
                elif n.args and n.op is not Op.INDEX:
                    args = tuple([go(a) for a in n.args])
                    if any(a is not b for a, b in zip(args, n.args, strict=True)):
                        done = rebuilt(n, args)
            memo[n] = done
        return done

    return go(node)


def _with_parts(node: Node, body: Node, go: Callable[[Node], Node], arriving: frozenset) -> Node | None:
    """The reduction over a body that was changed in place; None where its binders would need other names, or capture an index
    that arrives."""
    bound = node.args[1::3]
    if not arriving.isdisjoint(bound) or any(go(b.args[0]) is not b.args[0] for b in bound) or body.height != node.args[0].height:
        return None
    args = [body]
    for b, low, high in zip(bound, node.args[2::3], node.args[3::3], strict=True):
        args += [b, go(low), go(high)]
    if all(a is b for a, b in zip(args, node.args, strict=True)):
        return node
    if any(a.height != b.height for a, b in zip(args, node.args, strict=True)) or body == ZERO:
        return None
    if len(bound) > 1:
        order = {n: k for k, n in enumerate(_indices_in_order(body))}
        places = [order.get(b, len(order)) for b in bound]
        if places != sorted(places):
            return None
    return Node(Op.REDUCE, node.data, tuple(args), node.hint)


def transform(node: Node, step: Callable[[Node], Node | None], *, top_down: bool = False, quiet: set[Node] | None = None) -> Node:
    """Rebuild with `step` applied to each node; None keeps it.

    Bottom-up, `step` sees a node whose parts are done. Top-down, what `step` returns is final and
    not entered. Bodies of reductions are seen with fresh free indices. Bottom-up, `quiet` holds nodes that are known to stay
    as they are, and receives those that did.
    """
    memo: dict[Node, Node] = {}
    quiet = set() if quiet is None else quiet

    def go(n: Node) -> Node:
        done = memo.get(n)
        if done is not None:
            return done
        if n in quiet:
            return n
        if top_down:
            got = step(n)
            if got is not None:
                memo[n] = got
                return got
        out = n
        if n.op is Op.REDUCE:
            body, binders = opened(n)
            new_body = go(body)
            new_binders = tuple((Node(Op.INDEX, i.data, (go(i.args[0]),)), go(lo), go(hi)) for i, lo, hi in binders)
            if new_body is not body or any(
                a is not b for x, y in zip(binders, new_binders, strict=True) for a, b in zip(x[1:], y[1:], strict=True)
            ):
                moved = {x[0]: y[0] for x, y in zip(binders, new_binders, strict=True) if x[0] != y[0]}
                if moved:
                    new_body = _rename(new_body, moved)
                out = _with_hint(reduction(n.data, new_body, new_binders), n)
        elif n.args and n.op is not Op.INDEX:
            args = tuple(go(a) for a in n.args)
            if any(a is not b for a, b in zip(args, n.args, strict=True)):
                out = rebuilt(n, args)
        if not top_down:
            got = step(out)
            if got is not None:
                out = got
            elif out is n:
                quiet.add(n)
        memo[n] = out
        return out

    return go(node)


def _with_hint(new: Node, old: Node) -> Node:
    if new.op is Op.REDUCE and len(new.args) == len(old.args):
        new.hint = old.hint
    return new


def reads(node: Node) -> list[Node]:
    """The READ nodes in it, in order, each once."""
    return [n for n in walk(node) if n.op is Op.READ]


# ------------------------------------------------------------------------------------------ printing

_PRECEDENCE = {Op.OR: 1, Op.AND: 2, Op.NOT: 3, Op.COMPARE: 4, Op.ADD: 5, Op.MUL: 6, Op.POW: 8}


def text(node: Node, names: Mapping[Node, str] | None = None) -> str:
    """The expression in the language's own syntax (for terminals and messages)."""
    names = dict(names or {})

    def wrap(n: Node, level: int) -> str:
        s = go(n)
        loose = _PRECEDENCE.get(n.op, 9)
        if n.op is Op.NUM and (n.data < 0 or n.data.denominator != 1):
            loose = 5 if n.data < 0 else 6
        return f"({s})" if loose < level else s

    def go(n: Node) -> str:
        op = n.op
        if op is Op.NUM:
            return _number_text(n.data)
        if op is Op.INDEX:
            return names.get(n, str(n.data))
        if op in (Op.CONST, Op.DIM, Op.HYPER, Op.BOOL):
            return str(n.data)
        if op is Op.READ:
            return f"{n.data}[{', '.join(go(a) for a in n.args)}]" if n.args else str(n.data)
        if op is Op.ADD:
            first = next((k for k, a in enumerate(n.args) if split_coefficient(a)[0] > 0 and a != NEG_INF), 0)
            out = wrap(n.args[first], 5)
            for a in (*n.args[:first], *n.args[first + 1 :]):
                c, rest = split_coefficient(a)
                out += f" - {wrap(_scaled(-c, rest) if rest != ONE else number(-c), 6)}" if c < 0 else f" + {wrap(a, 6)}"
            return out
        if op is Op.MUL:
            return _product_text(n, wrap)
        if op is Op.POW:
            return "sqrt(" + go(n.args[0]) + ")" if n.args[1] == HALF else f"{wrap(n.args[0], 9)}**{wrap(n.args[1], 8)}"
        if op is Op.CALL:
            sign = {"floordiv": " // ", "mod": " % "}.get(n.data)
            if sign:
                return f"({wrap(n.args[0], 6)}{sign}{wrap(n.args[1], 7)})"
            return f"{n.data}({', '.join(go(a) for a in n.args)})"
        if op is Op.COMPARE:
            return f"{wrap(n.args[0], 5)} {n.data} {wrap(n.args[1], 5)}"
        if op in (Op.AND, Op.OR):
            return (" & " if op is Op.AND else " | ").join(wrap(a, 5) for a in n.args)
        if op is Op.NOT:
            return f"~({go(n.args[0])})"
        if is_indicator(n):
            return f"({go(n.args[1])})"
        if op is Op.PIECEWISE:
            return "Piecewise(" + ", ".join(f"({go(v)}, {go(c)})" for v, c in branches(n)) + ")"
        taken = set(names.values()) | {str(i.data) for i in n.free}
        parts = []
        for hint, b, low, high in zip(n.hint, n.args[1::3], n.args[2::3], n.args[3::3], strict=True):
            name = hint
            while name in taken:
                name += "_"
            taken.add(name)
            names[b] = name
            parts.append(name if is_whole((b, low, high)) else f"({name}, {go(low)}, {go(high)})")
        out = f"{n.data.value}({', '.join([go(n.args[0]), *parts])})"
        for b in n.args[1::3]:
            names.pop(b, None)
        return out

    return go(node)


def _number_text(value: Fraction) -> str:
    if value.denominator == 1:
        return str(value.numerator)
    d = value.denominator
    for p in (2, 5):
        while d % p == 0:
            d //= p
    if d == 1 and value.denominator > 64:
        shown = repr(float(value))
        if Fraction(shown) == value:
            return shown
    return f"{value.numerator}/{value.denominator}"


def _product_text(node: Node, wrap: Callable[[Node, int], str]) -> str:
    over: list[str] = []
    under: list[str] = []
    sign = ""
    for f in node.args:
        if f.op is Op.NUM:
            if f.data < 0:
                sign = "-"
            if abs(f.data.numerator) != 1:
                over.append(_number_text(Fraction(abs(f.data.numerator))))
            if f.data.denominator != 1:
                under.append(str(f.data.denominator))
        elif f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data < 0:
            under.append(wrap(power(f.args[0], number(-f.args[1].data)), 7))
        else:
            over.append(wrap(f, 6))
    top = "*".join(over) or "1"
    if not under:
        return sign + top
    return f"{sign}{top}/{under[0]}" if len(under) == 1 else f"{sign}{top}/({'*'.join(under)})"
