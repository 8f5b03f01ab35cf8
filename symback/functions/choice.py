"""Functions that choose or step: Abs, sign, Min, Max, rounding; their kinks follow the language's conventions."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Node,
    Op,
    add,
    both,
    call,
    compare,
    indicator,
    piecewise,
    power,
    walk,
)
from symback.functions.function import Derivative, Expansion, Function, Identity, Ufunc

INTEGERS = ()


def _no_slope(args: tuple[Node, ...], value: Node) -> Node:
    return ZERO


def is_constant(node: Node) -> bool:
    """Whether it has the same value for every input: no tensor is read in it."""
    return not any(n.op is Op.READ for n in walk(node))


def _extremum_slope(relation: str) -> Derivative:
    """Slope of Max (`<`) or Min (`>`) by its first argument: an equal share of a tie, nothing of a tie with a constant."""

    def slope(args: tuple[Node, ...], value: Node) -> Node:
        mine, *others = args
        if is_constant(mine):
            return ZERO
        rivals = [o for o in others if not is_constant(o)]
        wins = both(*(compare(relation, o, mine) for o in others if is_constant(o)))
        if not rivals:
            return indicator(wins)
        if len(rivals) == 1:
            (rival,) = rivals
            share = piecewise((ZERO, compare(relation, mine, rival)), (ONE, compare(relation, rival, mine)), (HALF, TRUE))
            return share if wins == TRUE else piecewise((share, wins), (ZERO, TRUE))
        ties = add(ONE, *(indicator(compare("==", mine, rival)) for rival in rivals))
        reached = both(wins, *(compare(f"{relation}=", rival, mine) for rival in rivals))
        return piecewise((power(ties, MINUS_ONE), reached), (ZERO, TRUE))

    return slope


ROWS = (
    Function(
        "Abs",
        1,
        (lambda a, v: call("sign", a[0]),),
        Ufunc("np.abs"),
        1,
        lambda mp, x: abs(x),
        r"\left|{0}\right|",
        range=(0.0, float("inf")),
        convention="Abs'(0) = 0",
    ),
    Function(
        "sign",
        1,
        (_no_slope,),
        Ufunc("np.sign"),
        1,
        lambda mp, x: mp.sign(x),
        r"\operatorname{{sign}}\left({0}\right)",
        range=(-1.0, 1.0),
        convention="sign' = 0",
    ),
    Function(
        "side",
        1,
        (_no_slope,),
        Expansion(lambda x: call("copysign", ONE, x)),
        1,
        lambda mp, x: mp.mpf(-1 if x < 0 else 1),
        r"\operatorname{{sign}}\left({0}\right)",
        range=(-1.0, 1.0),
        notes="the sign, without a 0 between; for values that are 0 there",
    ),
    Function(
        "copysign",
        2,
        (lambda a, v: call("side", a[1]), _no_slope),
        Ufunc("np.copysign"),
        1,
        lambda mp, x, y: abs(x) * (-1 if y < 0 else 1),
        r"\operatorname{{copysign}}\left({0}, {1}\right)",
        domain=((0.0, float("inf")), (-float("inf"), float("inf"))),
    ),
    Function(
        "size",
        1,
        (lambda a, v: call("side", a[0]),),
        Expansion(lambda x: call("Abs", x)),
        1,
        lambda mp, x: abs(x),
        r"\left|{0}\right|",
        range=(0.0, float("inf")),
        notes="the absolute value in an odd function, whose slope at 0 is not 0",
    ),
    Function(
        "step",
        1,
        (_no_slope,),
        Expansion(lambda x: call("heaviside", x, HALF)),
        1,
        lambda mp, x: (1 + mp.sign(x)) / 2,
        r"\operatorname{{step}}\left({0}\right)",
        range=(0.0, 1.0),
        notes="1 above 0, 1/2 at 0, 0 below",
    ),
    Function(
        "heaviside",
        2,
        (_no_slope, lambda a, v: indicator(compare("==", a[0], ZERO))),
        Ufunc("np.heaviside"),
        1,
        lambda mp, x, level: level if x == 0 else (1 + mp.sign(x)) / 2,
        r"\operatorname{{heaviside}}\left({0}, {1}\right)",
        domain=((-float("inf"), float("inf")), (0.0, 1.0)),
        range=(0.0, 1.0),
    ),
    Function(
        "floor", 1, (_no_slope,), Ufunc("np.floor"), 1, lambda mp, x: mp.floor(x), r"\left\lfloor{0}\right\rfloor", convention="floor' = 0"
    ),
    Function(
        "ceiling", 1, (_no_slope,), Ufunc("np.ceil"), 1, lambda mp, x: mp.ceil(x), r"\left\lceil{0}\right\rceil", convention="ceiling' = 0"
    ),
    Function(
        "round",
        1,
        (_no_slope,),
        Ufunc("np.rint"),
        1,
        lambda mp, x: mp.nint(x),
        r"\operatorname{{round}}\left({0}\right)",
        convention="round goes to the even neighbour of a half, round' = 0",
    ),
    Function(
        "Max",
        -1,
        (_extremum_slope("<"),),
        Ufunc("np.maximum"),
        1,
        lambda mp, *x: max(x),
        r"\max\left({0}\right)",
        convention="Max shares its gradient equally among ties, and a tie with a constant goes to the constant",
    ),
    Function(
        "Min",
        -1,
        (_extremum_slope(">"),),
        Ufunc("np.minimum"),
        1,
        lambda mp, *x: min(x),
        r"\min\left({0}\right)",
        convention="Min shares its gradient equally among ties, and a tie with a constant goes to the constant",
    ),
    Function(
        "stop_gradient",
        1,
        (_no_slope,),
        Identity(),
        0,
        lambda mp, x: x,
        r"\operatorname{{stop}}\left({0}\right)",
        notes="the reference checks the value; its slope is 0 by definition",
    ),
    Function(
        "floordiv",
        2,
        INTEGERS,
        Ufunc("np.floor_divide"),
        2,
        lambda mp, a, b: mp.floor(a / b),
        r"\left\lfloor {0}/{1}\right\rfloor",
        domain=((-9.0, 9.0), (1.0, 9.0)),
    ),
    Function(
        "mod",
        2,
        INTEGERS,
        Ufunc("np.remainder"),
        2,
        lambda mp, a, b: a - b * mp.floor(a / b),
        r"{0} \bmod {1}",
        domain=((-9.0, 9.0), (1.0, 9.0)),
    ),
)
