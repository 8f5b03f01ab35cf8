"""Small programs built by hand, with modules as a compiler should make them, so that the checks are tested apart from it."""

from __future__ import annotations

from types import ModuleType

from symback.core import expr
from symback.core.expr import Node, Reduction, call, dim, index, read, reduction, total, whole
from symback.core.program import Body, Definition, Equation, Group, Kind, Program, Role, Section, Tensor

N, C, K = dim("N"), dim("C"), dim("K")
n, c, k = index("n", N), index("c", C), index("k", C)


def definition(name: str, axes: tuple[Node, ...], *values: Node, section: Section = Section.WHERE, kind: Kind = Kind.FLOAT) -> Definition:
    return Definition(name, section, axes, tuple(Equation(axes, v) for v in values), kind, (0,) * len(axes))


def program(name: str, tensors: tuple[Tensor, ...], definitions: tuple[Definition, ...], wrt: tuple[str, ...], **more: object) -> Program:
    """A program of one mode whose last definition is its output."""
    groups = tuple(Group((d,)) for d in definitions)
    body = Body(groups, (definitions[-1].name,), {}, ())
    dims = tuple(dict.fromkeys(str(s.data) for t in tensors for s in t.shape if s.op is expr.Op.DIM))
    return Program(name, "", tensors, (), dims, (), {"train": body}, wrt, **more)


def cross_entropy() -> Program:
    """Mean cross-entropy of softmax(z) with labels t, written naturally."""
    tensors = (Tensor("z", Role.INPUT, (N, C)), Tensor("t", Role.INPUT, (N,), Kind.INT, values=C))
    p = definition("p", (n, c), expr.div(call("exp", read("z", n, c)), total(call("exp", read("z", n, k)), whole(k))))
    picked = call("log", read("p", n, read("t", n)))
    loss = definition("loss", (), expr.div(expr.neg(total(picked, whole(n))), N), section=Section.OUTPUT)
    return program("cross_entropy", tensors, (p, loss), ("z",))


CROSS_ENTROPY = """
from typing import NamedTuple

import numpy as np


class Gradients(NamedTuple):
    z: np.ndarray


def forward(z, t):
    shifted = z - z.max(axis=1, keepdims=True)
    e = np.exp(shifted)
    s = e.sum(axis=1)
    p = e / s[:, None]
    rows = np.arange(len(t))
    loss = (np.log(s) - shifted[rows, t]).sum() / len(t)
    return np.asarray(loss, z.dtype), (p, t)


def backward(cache, dloss=1.0):
    p, t = cache
    dz = p.copy()
    dz[np.arange(len(t)), t] -= 1
    dz *= dloss / len(t)
    return Gradients(dz.astype(p.dtype))
"""


def rectified() -> Program:
    """Max(x, 0), which has a kink."""
    y = definition("y", (n,), call("Max", read("x", n), expr.ZERO), section=Section.OUTPUT)
    return program("rectified", (Tensor("x", Role.INPUT, (N,)),), (y,), ("x",))


RECTIFIED = """
from typing import NamedTuple

import numpy as np


class Gradients(NamedTuple):
    x: np.ndarray


def forward(x):
    y = np.maximum(x, 0)
    return y, y


def backward(cache, dy=1.0):
    return Gradients(dy * (cache > 0))
"""


def running_sum() -> Program:
    """h[i] = tanh(x[i] + h[i - 1]) from h[-1] = h0, the last of which is the output."""
    i = index("i", N)
    start = Equation((expr.MINUS_ONE,), read("h0"))
    general = Equation((i,), call("tanh", expr.add(read("x", i), read("h", expr.sub(i, expr.ONE)))))
    h = Definition("h", Section.WHERE, (i,), (start, general), Kind.FLOAT, (-1,))
    y = definition("y", (), read("h", expr.sub(N, expr.ONE)), section=Section.OUTPUT)
    groups = (Group((h,), recurrent=True, backward=(False,), steps=((0,),)), Group((y,)))
    tensors = (Tensor("x", Role.INPUT, (N,)), Tensor("h0", Role.INPUT, ()))
    return Program("running", "", tensors, (), ("N",), (), {"train": Body(groups, ("y",), {}, ())}, ("x", "h0"))


def sigmoid_tail() -> Program:
    """1 - 1/(1 + exp(-x)), which loses every digit for large x where it is computed as it is written."""
    natural = expr.sub(expr.ONE, expr.power(expr.add(expr.ONE, call("exp", expr.neg(read("x", n)))), expr.MINUS_ONE))
    return program("tail", (Tensor("x", Role.INPUT, (N,)),), (definition("y", (n,), natural, section=Section.OUTPUT),), ("x",))


SIGMOID_TAIL = """
from typing import NamedTuple

import numpy as np


class Gradients(NamedTuple):
    x: np.ndarray


def forward(x):
    e = np.exp(-np.abs(x))
    return np.where(x > 0, e, 1) / (1 + e), x


def backward(cache, dy=1.0):
    e = np.exp(-np.abs(cache))
    return Gradients(-dy * (e / ((1 + e) * (1 + e))))
"""

NAIVE_TAIL = SIGMOID_TAIL.replace("np.where(x > 0, e, 1) / (1 + e), x", "1 - 1 / (1 + np.exp(-x)), x")


def largest() -> Program:
    """The largest entry of a row."""
    y = definition("y", (n,), reduction(Reduction.MAX, read("z", n, k), [whole(k)]), section=Section.OUTPUT)
    return program("largest", (Tensor("z", Role.INPUT, (N, C)),), (y,), ("z",))


def module(source: str) -> ModuleType:
    """The module of a text that stands in this file."""
    made = ModuleType("made")
    exec(source, made.__dict__)
    return made
