"""Axes made of digits: position g·Q + q for q < Q on one axis, and its inverse i // Q, i % Q.

A read at such a position is a reshape, not a gather; so is its adjoint. `split_axes` rewrites a body whose values use
`i // Q` of an axis so that they are computed over the digits.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from symback.calculus.affine import Affine, multiplied_out, scalar
from symback.core.expr import MINUS_ONE, ONE, ZERO, Node, Op, Reduction, add, call, index, mul, number, power, read, transform, walk
from symback.core.program import Body, Definition, Equation, Group, Program, Section

WIDEST_PADDING = 256


def digits(form: Affine | None) -> tuple[tuple[Node, ...], Node] | None:
    """(indices, outermost first, and the number of positions) of Σ coefficient·index where each coefficient is the product
    of the sizes further in; None for another form."""
    if form is None or len(form.indices) < 2 or form.constant != ZERO:
        return None
    rest = dict(form.coefficients)
    order: list[Node] = []
    step = ONE
    while rest:
        found = next((i for i, c in rest.items() if multiplied_out(c) == step), None)
        if found is None:
            return None
        del rest[found]
        order.insert(0, found)
        step = multiplied_out(mul(step, found.args[0]))
    return tuple(order), step


def digit_of(i: Node, sizes: tuple[Node, ...], k: int) -> Node:
    """Digit k of a position, for digits of these sizes, outermost first."""
    inner = multiplied_out(mul(*sizes[k + 1 :])) if k + 1 < len(sizes) else ONE
    shifted = i if inner == ONE else call("floordiv", i, inner)
    return shifted if k == 0 else call("mod", shifted, sizes[k])


def merged(where: tuple[Node, ...], sizes: tuple[Node, ...], at: int) -> tuple[Node, int] | None:
    """(i, count): entries at … at+count-1 are all digits of the position i."""
    first = where[at]
    if first.op is not Op.CALL or first.data != "floordiv" or first.args[0].op is not Op.INDEX:
        return None
    i = first.args[0]
    for count in range(len(where) - at, 1, -1):
        part = sizes[at : at + count]
        if all(where[at + k] == digit_of(i, part, k) for k in range(count)):
            return i, count
    return None


def position(indices: tuple[Node, ...]) -> Node:
    """Σ of digits, outermost first."""
    total, step = ZERO, ONE
    for i in reversed(indices):
        total = add(mul(step, i), total)
        step = multiplied_out(mul(step, i.args[0]))
    return total


# ------------------------------------------------------------------------------------------------- the pass


def split_axes(body: Body, program: Program) -> Body:
    """The body with each value that uses `i // Q` of one of its axes computed over the digits of i."""
    taken = (
        {t.name for t in program.tensors}
        | {d.name for d in body.definitions}
        | set(program.dims)
        | {h.name for h in program.hyperparameters}
    )
    taken |= {n for n, _ in program.derived}
    groups: list[Group] = []
    aliases: dict[str, str] = {}
    definitions = {d.name: d for d in body.definitions}
    waiting = [(group, True) for group in body.groups]
    while waiting:
        group, open_ = waiting.pop(0)
        simple = open_ and not group.recurrent and len(group.definitions) == 1 and len(group.definitions[0].equations) == 1
        plan = _plan(group.definitions[0]) if simple else None
        if plan is None:
            groups.append(group)
            continue
        *wide, split, again = _split(group.definitions[0], *plan, program, definitions, taken, aliases)
        groups += wide
        waiting[:0] = [(split, True), (again, False)]  # another axis may be made of digits too
    return replace(body, groups=tuple(groups))


def _plan(d: Definition) -> tuple[Node, Node] | None:
    """(axis, Q) for an axis of which the value uses i // Q, for one Q and multiples of it, and nothing else that is not affine or i % Q."""
    for axis in d.axes:
        base = _base(d.value, axis)
        if base is None:
            continue
        exact = multiplied_out(mul(_quotient(axis.args[0], base), base)) == axis.args[0]
        if (
            (exact or (_multilinear(d.value) and not _is_wide(base)))
            and not _stands_elsewhere(d.value, axis, base)
            and any(n.op is Op.CALL and n.data == "floordiv" and n.args[0] == axis for n in walk(d.value))
        ):
            return axis, base
    return None


def _base(value: Node, axis: Node) -> Node | None:
    """The Q of i // Q and i % Q, where each other quotient is i // (m Q): a digit of i // Q; None where there is no such Q."""
    divisors: dict[Node, None] = {}
    multiples: dict[Node, None] = {}
    for n in walk(value):
        if n.op is Op.CALL and n.data in ("floordiv", "mod") and axis in n.free:
            if not scalar(n.args[1]):
                return None
            if n.args[0] == axis:
                (divisors if n.data == "mod" else multiples)[n.args[1]] = None
            elif n.args[0].op is not Op.CALL or n.args[0].data != "floordiv" or n.args[0].args[0] != axis:
                return None
    for base in multiples:
        if all(b == base for b in divisors) and all(_times(b, base) is not None for b in multiples):
            return base
    return None


def _times(size: Node, base: Node) -> Node | None:
    """size / base where the one is a multiple of the other by its form."""
    quotient = mul(size, power(base, MINUS_ONE))
    below = any(n.op is Op.POW and n.args[1].op is Op.NUM and n.args[1].data < 0 for n in walk(quotient))
    whole = all(n.data.denominator == 1 for n in walk(quotient) if n.op is Op.NUM)
    return quotient if whole and not below and all(n.op in (Op.NUM, Op.DIM, Op.HYPER, Op.MUL, Op.POW) for n in walk(quotient)) else None


def _is_wide(base: Node) -> bool:
    """Whether padding an axis to a multiple of a number could take far more room than the axis."""
    return base.op is Op.NUM and base.data > WIDEST_PADDING


def _multilinear(node: Node) -> bool:
    """Whether it is made of sums and products of reads alone: then the zeros of a last, short group stay zeros."""
    if node.op is Op.REDUCE:
        return node.data is Reduction.SUM and _multilinear(node.args[0])
    if node.op in (Op.ADD, Op.MUL):
        return all(_multilinear(a) for a in node.args)
    return node.op is Op.READ or scalar(node)


def _stands_elsewhere(value: Node, axis: Node, base: Node) -> bool:
    """Whether the axis stands in a position other than alone or as i // Q, i % Q, where the last, short group would read beyond."""
    if multiplied_out(mul(_quotient(axis.args[0], base), base)) == axis.args[0]:
        return False
    for n in walk(value):
        if n.op is Op.READ:
            for a in n.args:
                if a != axis and axis in a.free and not (a.op is Op.CALL and a.data in ("floordiv", "mod") and a.args == (axis, base)):
                    if axis in _outside_digits(a, axis, base).free:
                        return True
    return False


def _outside_digits(node: Node, axis: Node, base: Node) -> Node:
    """The expression with i // Q and i % Q taken for numbers."""
    return transform(
        node, lambda n: ZERO if n.op is Op.CALL and n.data in ("floordiv", "mod") and n.args == (axis, base) else None, top_down=True
    )


def _split(
    d: Definition, axis: Node, base: Node, program: Program, definitions: Mapping[str, Definition], taken: set[str], aliases: dict[str, str]
) -> list[Group]:
    size = axis.args[0]
    outer_size = _quotient(size, base)
    outer = index(_fresh(f"{axis.data}_outer", taken), outer_size)
    inner = index(_fresh(f"{axis.data}_inner", taken), base)
    whole = position((outer, inner))
    exact = multiplied_out(mul(outer_size, base)) == size
    extra: list[Group] = []

    def step(n: Node) -> Node | None:
        if n.op is Op.CALL and n.data in ("floordiv", "mod") and n.args == (axis, base):
            return outer if n.data == "floordiv" else inner
        if n.op is Op.CALL and n.data == "floordiv" and n.args[0] == axis:
            return call("floordiv", outer, _times(n.args[1], base))
        if n == axis:
            return whole
        if n.op is Op.READ and axis in n.args and not exact:
            return read(
                _wide(str(n.data), definitions, program, extra, taken, aliases), *(transform(a, step, top_down=True) for a in n.args)
            )
        return None

    value = transform(d.value, step, top_down=True)
    name = _fresh(f"{d.name}_split", taken)
    axes = tuple(j for i in d.axes for j in ((outer, inner) if i == axis else (i,)))
    split = Definition(name, Section.WHERE, axes, (Equation(axes, value),), d.kind, values=d.values)
    again = read(name, *(e for i in d.axes for e in ((call("floordiv", i, base), call("mod", i, base)) if i == axis else (i,))))
    return [*extra, Group((split,)), Group((replace(d, equations=(replace(d.equations[0], value=again),)),))]


def _quotient(size: Node, base: Node) -> Node:
    """⌈size / base⌉; exact where the base is a factor of the size."""
    exact = _times(size, base)
    return exact if exact is not None else call("floordiv", add(size, base, number(-1)), base)


def _wide(
    name: str, definitions: Mapping[str, Definition], program: Program, extra: list[Group], taken: set[str], aliases: dict[str, str]
) -> str:
    """A second name of a tensor that reads 0 beyond its range: the last group may be short."""
    tensor = program.tensor(name)
    if tensor is not None and tensor.outside == ZERO:
        return name
    if name not in aliases:
        aliases[name] = _fresh(f"{name}_wide", taken)
        known = definitions.get(name)
        sizes = tensor.shape if tensor is not None else tuple(a.args[0] for a in known.axes)
        axes = tuple(index(_fresh(f"{name}_axis{k}", taken), s) for k, s in enumerate(sizes))
        kind = (tensor or known).kind
        extra.append(Group((Definition(aliases[name], Section.WHERE, axes, (Equation(axes, read(name, *axes)),), kind, outside=ZERO),)))
    return aliases[name]


def _fresh(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    taken.add(name)
    return name
