"""Sums, products, powers and functions, flattened and folded as they are made."""

from __future__ import annotations

from fractions import Fraction
from math import isqrt

from symback.core.expr.node import (
    HALF,
    INF,
    MAX_NUMBER_BITS,
    MINUS_ONE,
    NEG_INF,
    ONE,
    ONE_FRACTION,
    TRUE,
    ZERO,
    ZERO_FRACTION,
    Node,
    NumberTooLarge,
    Op,
    number,
)


def is_number(node: Node) -> bool:
    return node.op is Op.NUM


def factors_of(node: Node) -> tuple[Node, ...]:
    """What a product is made of; another expression is its own factor."""
    return node.args if node.op is Op.MUL else (node,)


def terms_of(node: Node) -> tuple[Node, ...]:
    """What a sum is made of; another expression is its own term."""
    return node.args if node.op is Op.ADD else (node,)


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
    return ONE_FRACTION, node


def split_power(node: Node) -> tuple[Node, Node]:
    """(base, exponent)."""
    return (node.args[0], node.args[1]) if node.op is Op.POW else (node, ONE)


def add(*terms: Node) -> Node:
    """The sum, flattened, like terms collected, in the order of first appearance."""
    found: dict[int, tuple[Node, Node]] = {}  # term and its part without number
    coefficients: dict[int, Fraction] = {}  # of what stands in the sum more than once
    constant = ZERO_FRACTION
    infinite: dict[Node, None] = {}  # both signs stay, and give nan
    stack = list(reversed(terms))
    while stack:
        term = stack.pop()
        op = term.op
        if op is Op.ADD:
            stack.extend(reversed(term.args))
        elif op is Op.NUM:
            constant += term.data
        elif op is Op.CONST and term.data != "pi":
            infinite[term] = None
        else:
            c, rest = split_coefficient(term) if op is Op.MUL else (ONE_FRACTION, term)
            key = rest.digest
            if key not in found:
                found[key] = term, rest
            else:
                coefficients[key] = (coefficients[key] if key in coefficients else split_coefficient(found[key][0])[0]) + c
    if not coefficients:
        out = [term for term, _ in found.values()]
    else:
        out = [
            term if k not in coefficients else scaled(coefficients[k], rest) for k, (term, rest) in found.items() if coefficients.get(k, 1)
        ]
    if constant is not ZERO_FRACTION and constant:
        out.append(number(constant))
    out.extend(infinite)
    if not out:
        return ZERO
    return out[0] if len(out) == 1 else Node(Op.ADD, None, tuple(out))


def scaled(c: Fraction, rest: Node) -> Node:
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
    coefficient = ONE_FRACTION
    found: dict[object, tuple[Node, Node, Node | None, Fraction]] = {}  # factor, base, exponent unless a number, number
    exponents: dict[object, Fraction] = {}  # of what stands in the product more than once
    sign, infinite = 1, False
    stack = list(reversed(factors))
    while stack:
        factor = stack.pop()
        op = factor.op
        if op is Op.MUL:
            stack.extend(reversed(factor.args))
        elif op is Op.NUM:
            coefficient = factor.data if coefficient is ONE_FRACTION else coefficient * factor.data
        elif op is Op.CONST and factor.data != "pi":
            infinite, sign = True, -sign if factor.data == "-oo" else sign
        else:
            key, part = factor.digest, (factor, factor, None, ONE_FRACTION)
            if op is Op.POW:
                base, exponent = factor.args
                if exponent.op is not Op.NUM:
                    key, part = (base.digest, exponent.digest), (factor, base, exponent, ONE_FRACTION)
                elif base.op is Op.POW and base.args[1].op is not Op.NUM and exponent.data.denominator == 1:  # (x**p)**n is x**(n·p)
                    key, part = (base.args[0].digest, base.args[1].digest), (factor, *base.args, exponent.data)
                else:
                    key, part = base.digest, (factor, base, None, exponent.data)
            if key not in found:
                found[key] = part
            else:
                exponents[key] = (exponents[key] if key in exponents else found[key][3]) + part[3]
    if coefficient is not ONE_FRACTION and not coefficient:
        return ZERO
    out: list[Node] = []
    for key, (factor, base, symbolic, _) in found.items():
        if key in exponents:
            total = number(exponents[key])
            c, factor = split_coefficient(power(base, total if symbolic is None else mul(total, symbolic)))
            coefficient *= c
            if factor.op is Op.MUL:
                out.extend(factor.args)
                continue
            if factor == ONE:
                continue
        out.append(factor)
    if infinite:
        if not out:
            return INF if (coefficient > 0) == (sign > 0) else NEG_INF
        out.append(INF if sign > 0 else NEG_INF)
    if not out:
        return number(coefficient)
    if coefficient is not ONE_FRACTION and coefficient != 1:
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
        if e > 0 and base.op is Op.PIECEWISE and base.args[0] == ONE and base.args[2:] == (ZERO, TRUE):
            return base  # a condition as 1 or 0
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
