"""Differences of log-sum-exps, and the Kullback-Leibler divergence of two softmaxes."""

from __future__ import annotations

from symback.calculus.entries import match
from symback.core.expr import Node, Op, Reduction, add, call, is_whole, mul, neg, number, opened, split_coefficient, substitute
from symback.lower import softmax
from symback.lower.arithmetic import operate
from symback.lower.arrays import Array, Kind
from symback.lower.lowering import Lowered, Lowering
from symback.lower.probabilities import softmax_parts

Signed = tuple[int, Lowered]


def balanced(low: Lowering, node: Node) -> Lowered | None:
    """A sum with log-sum-exps of both signs: each entry less its largest, what is left of the largest, then the logarithms.

    None for another sum.
    """
    terms = [split_coefficient(t) for t in node.args]
    sums = [(k, int(c)) for k, (c, t) in enumerate(terms) if abs(c) == 1 and t.op is Op.REDUCE and t.data is Reduction.LOGSUMEXP]
    if {c for _, c in sums} != {1, -1}:
        return None
    rest = [t for k, t in enumerate(node.args) if k not in {k for k, _ in sums}]
    entries: list[Signed] = []
    tops: list[Signed] = []
    logs: list[Signed] = []
    for k, c in sums:
        body, binders = opened(terms[k][1])
        bound = tuple(b[0] for b in binders)
        if not all(is_whole(b) for b in binders):
            return None
        _, others, top, peak = softmax.exponentials(low, body, bound)
        logs.append((c, softmax.logarithm(low, others, peak)))
        at = next((j for j, t in enumerate(rest) if match(body, neg(t) if c > 0 else t, bound) is not None), None)
        if at is None:
            tops.append((c, top))
        else:
            entry = low.as_float(low.value(neg(rest[at]) if c > 0 else rest[at]))
            entries.append((-c, operate(low, "-", entry, top)))
            del rest[at]
    left = [(1, low.as_float(low.value(add(*rest))))] if rest else []
    small = [t for t in (_sum(low, tops), _sum(low, logs)) if t is not None]
    large = _sum(low, [*entries, *left])
    return _sum(low, [*([] if large is None else [(1, large)]), (1, _sum(low, [(1, t) for t in small]))])


def _sum(low: Lowering, terms: list[Signed]) -> Lowered | None:
    """The signed terms added up, a positive one first."""
    if not terms:
        return None
    (sign, total), *others = sorted(terms, key=lambda t: -t[0])
    if sign < 0:
        total = low.elementwise(Kind.OPERATOR, "neg", [total], "f")
    for s, v in others:
        total = operate(low, "+" if s > 0 else "-", total, v)
    return total


def divergence(low: Lowering, factors: list[Node], bound: tuple[Node, ...], plain: Lowered) -> Lowered | None:
    """Σ p (log p - log q) over the last of the bound axes, p and q softmaxes along it: small ones are summed as Σ p (e^u - 1 - u).

    `plain` is the same sum, term by term. None for another sum.
    """
    for p, u in (factors, factors[::-1]):
        for sign in (1, -1):
            found = _two_logits(low, p, u, sign)
            if found is None:
                continue
            x, y, idx = found
            if (idx,) != bound or set(x.axes) != set(y.axes):
                continue
            axes = (*plain.axes, idx)
            if set(axes) != set(x.axes):
                continue
            rows = [low.transposed(v, axes).array for v in (x, y)]
            value = plain if sign > 0 else low.elementwise(Kind.OPERATOR, "neg", [plain], "f")
            made = Lowered(Array(Kind.KERNEL, ("_small_divergence", ""), (value.array, *rows), plain.array.shape, "f"), plain.axes)
            return made if sign > 0 else low.elementwise(Kind.OPERATOR, "neg", [made], "f")
    return None


def _two_logits(low: Lowering, p: Node, u: Node, sign: int) -> tuple[Lowered, Lowered, Node] | None:
    """(x, y, index) with p = softmax(x) and sign·u = log softmax(x) - log softmax(y) along the index."""
    parts = softmax_parts(low, p) if u.op is Op.ADD else None
    if parts is None:
        return None
    _, _, _, idx, x = parts
    if p.op is Op.READ:
        d = low.definitions[str(p.data)]
        p = substitute(d.value, dict(zip(d.axes, p.args, strict=True)))
    other = softmax_parts(low, call("exp", add(p.args[0], *(mul(number(-sign), t) for t in u.args))))
    return None if other is None or other[3] != idx else (x, other[4], idx)
