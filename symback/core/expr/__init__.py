"""The one expression node, its constructors, and capture-free substitution.

A `Node` is an immutable scalar expression in index notation: what a layer says about one element of
a tensor. Two nodes are equal when they mean the same up to the order of sums and products and the
names of bound indices; equality is decided by a digest that does not depend on the hash seed, so
nothing that is made from nodes changes from run to run.

Bound indices are locally nameless: `reduction` renames each binder after its height, so that equal
reductions meet in a dictionary whatever their author called the index. Free indices never have such a
name, which makes substitution capture-free (`opened` gives a body with fresh free indices).
"""

from symback.core.expr.arithmetic import add, call, div, is_number, mul, neg, power, split_coefficient, split_power, sqrt, sub
from symback.core.expr.conditions import both, branches, compare, conjuncts, either, indicator, is_indicator, negation, piecewise
from symback.core.expr.node import (
    BEYOND_FLOATS,
    BEYOND_INTEGERS,
    BIT,
    COMMUTATIVE,
    FALSE,
    HALF,
    INF,
    MAX_NUMBER_BITS,
    MINUS_ONE,
    NEG_INF,
    ONE,
    PI,
    TRUE,
    TWO,
    ZERO,
    Node,
    NumberTooLarge,
    Op,
    Reduction,
    dim,
    fresh_index,
    hyper,
    index,
    number,
    read,
    walk,
)
from symback.core.expr.rebuilding import reads, rebuilt, same, substitute, transform, with_hint
from symback.core.expr.reductions import Binder, bound_letters, is_letter, is_whole, opened, opened_anew, reduction, total, whole
from symback.core.expr.text import text

__all__ = [
    "BEYOND_FLOATS",
    "BEYOND_INTEGERS",
    "BIT",
    "Binder",
    "COMMUTATIVE",
    "FALSE",
    "HALF",
    "INF",
    "MAX_NUMBER_BITS",
    "MINUS_ONE",
    "NEG_INF",
    "Node",
    "NumberTooLarge",
    "ONE",
    "Op",
    "PI",
    "Reduction",
    "TRUE",
    "TWO",
    "ZERO",
    "add",
    "both",
    "bound_letters",
    "branches",
    "call",
    "compare",
    "conjuncts",
    "bound_letters",
    "is_letter",
    "dim",
    "div",
    "either",
    "fresh_index",
    "hyper",
    "index",
    "indicator",
    "is_indicator",
    "is_letter",
    "is_number",
    "is_whole",
    "mul",
    "neg",
    "negation",
    "number",
    "opened",
    "opened_anew",
    "piecewise",
    "power",
    "read",
    "reads",
    "rebuilt",
    "reduction",
    "same",
    "split_coefficient",
    "split_power",
    "sqrt",
    "sub",
    "substitute",
    "text",
    "total",
    "transform",
    "walk",
    "whole",
    "with_hint",
]
