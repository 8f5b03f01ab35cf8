"""The logarithm of the gamma function and its derivatives."""

from __future__ import annotations

from math import inf

from symback.core.expr import ONE, ZERO, add, call
from symback.functions.function import ONE_ARGUMENT, Function, Kernel

ROWS = (
    Function(
        "loggamma",
        1,
        (lambda a, v: call("digamma", a[0]),),
        Kernel("_loggamma"),
        8,
        lambda mp, x: mp.loggamma(x).real,
        r"\log\left|\Gamma\left({0}\right)\right|",
        domain=((0.0, inf),),
        safe=(ONE_ARGUMENT,),
    ),
    Function(
        "digamma",
        1,
        (lambda a, v: call("polygamma", ONE, a[0]),),
        Kernel("_digamma"),
        8,
        lambda mp, x: mp.digamma(x),
        r"\psi\left({0}\right)",
        domain=((0.0, inf),),
        safe=(ONE_ARGUMENT,),
    ),
    Function(
        "polygamma",
        2,
        (lambda a, v: ZERO, lambda a, v: call("polygamma", add(a[0], ONE), a[1])),
        Kernel("_polygamma"),
        16,
        lambda mp, n, x: mp.polygamma(int(n), x),
        r"\psi^{{({0})}}\left({1}\right)",
        domain=((1.0, 1.0), (0.0, inf)),
        safe=(None, ONE_ARGUMENT),
    ),
)
