"""Rules for means weighted by two softmaxes."""

from __future__ import annotations

from collections.abc import Iterator

from symback.core.expr import (
    MINUS_ONE,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    call,
    factors_of,
    is_whole,
    mul,
    neg,
    opened,
    read,
    reduction,
    split_coefficient,
    sub,
    substitute,
    terms_of,
    total,
    with_hint,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.normalised import softmax_of
from symback.rewrite.patterns import is_sum, without
from symback.rewrite.rule import Rule


def difference_of_means(node: Node, ctx: Context) -> Node | None:
    """C·Sum(p·w) - C·Sum(q·w) → C·Sum((p - q)·(w - w_a)) for softmaxes p and q, a the largest entry of p."""
    parts = terms_of(node)
    means = [(k, *m) for k, t in enumerate(parts) for m in _means(t, ctx)]
    for k, c, s, binder, p, w in means:
        for j, d, _, other, q, v in means:
            renamed = {other[0]: binder[0]}
            if split_coefficient(c)[0] < 0 or c != neg(d) or other[1:] != binder[1:] or substitute(v, renamed) != w:
                continue
            body, (bound,), _ = softmax_of(p, ctx)
            at_top = substitute(w, {binder[0]: reduction(Reduction.ARGMAX, body, (bound,))})
            made = total(mul(sub(p, substitute(q, renamed)), call("minus", w, at_top)), binder)
            return add(*without(parts, k, j), mul(c, with_hint(made, s)))
    return None


def _means(t: Node, ctx: Context) -> Iterator[tuple[Node, Node, Binder, Node, Node]]:
    """(C, sum, binder, p, w) for each reading of a term as C·Sum(p·w) with p a softmax over the bound index."""
    outside = factors_of(t)
    for k, s in enumerate(outside):
        if not is_sum(s):
            continue
        body, binders = opened(s)
        if len(binders) != 1 or not is_whole(binders[0]):
            continue
        inside = factors_of(body)
        for m, f in enumerate(inside):
            found = softmax_of(f, ctx) if binders[0][0] in f.free else None
            if found is not None and found[2] == (binders[0][0],):
                yield mul(*without(outside, k)), s, binders[0], f, mul(*without(inside, m))


_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_P, _Q = (call("exp", sub(x, reduction(Reduction.LOGSUMEXP, x, (_WHOLE,)))) for x in (ex.XK, ex.YK))
_W = read("t", ex.K)
_W_AT_TOP = substitute(_W, {ex.K: reduction(Reduction.ARGMAX, ex.XK, (_WHOLE,))})

RULES = (
    Rule(
        "difference of means",
        r"\sum_k p_k w_k - \sum_k q_k w_k = \sum_k (p_k - q_k) (w_k - w_a)",
        "p and q are softmaxes, a is the largest entry of p",
        "nothing is left of the difference where both are at the same entry",
        "the entries of a softmax add up to 1",
        "one dominant entry",
        (Op.ADD,),
        difference_of_means,
        (sub(total(mul(_P, _W), _WHOLE), total(mul(_Q, _W), _WHOLE)), total(mul(sub(_P, _Q), call("minus", _W, _W_AT_TOP)), _WHOLE)),
    ),
)
