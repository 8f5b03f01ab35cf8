"""Rules for a log-sum-exp less what it holds: an entry, or a mean of its entries."""

from __future__ import annotations

from symback.core.expr import (
    MINUS_ONE,
    ONE,
    ZERO,
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
    power,
    reduction,
    sub,
    substitute,
    terms_of,
    total,
    with_hint,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.normalised import softmax_of
from symback.rewrite.patterns import is_call, is_log_sum, is_sum, minus_terms, scaled_pairs, without
from symback.rewrite.rule import Rule


def less_mean(node: Node, ctx: Context) -> Node | None:
    """C·LogSumExp(u) - C·Sum(w·u) with Sum(w) = 1 → -C·Sum(w·(u - LogSumExp(u)))."""
    parts = terms_of(node)
    for k, t in enumerate(parts):
        place = next((m for m, f in enumerate(factors_of(t)) if is_log_sum(f)), None)
        if place is None:
            continue
        lse, scale = factors_of(t)[place], mul(*without(factors_of(t), place))
        entries, bound = opened(lse)
        if len(bound) != 1 or not is_whole(bound[0]) or ctx.summed:
            continue
        for j, s in enumerate(parts):
            at = next((m for m, f in enumerate(factors_of(s)) if is_sum(f)), None) if j != k else None
            if at is None:
                continue
            mean, outer = factors_of(s)[at], mul(*without(factors_of(s), at))
            body, binders = opened(mean)
            if len(binders) != 1 or not is_whole(binders[0]) or binders[0][0].args != bound[0][0].args:
                continue
            u = substitute(entries, {bound[0][0]: binders[0][0]})
            w = mul(MINUS_ONE, body, outer, power(mul(scale, u), MINUS_ONE))
            if _is_distribution(w, binders, ctx):
                surprise = with_hint(total(mul(w, add(u, neg(lse))), *binders), mean)
                return add(*without(parts, k, j), mul(MINUS_ONE, scale, surprise))
    return None


def _is_distribution(w: Node, binders, ctx: Context) -> bool:
    """Whether the weights are known to add up to 1 along the binder."""
    idx = binders[0][0]
    if idx not in w.free:
        return False
    if any(f.op is Op.POW and f.args[1] == MINUS_ONE and idx in f.free for f in factors_of(w)):
        return False
    made = total(w, *binders)
    if is_sum(made) and ctx.assumed_sum(made) == ONE:
        return True
    found = softmax_of(w, ctx)
    return found is not None and found[2] == (idx,)


def less_entry(node: Node, ctx: Context) -> Node | None:
    """C·logaddexp(u, v, …) - C·u → C·softplus(logaddexp(v, …) - u)."""
    for _, c, tree, rest in scaled_pairs(node, ("logaddexp",)):
        leaves = _leaves(tree)
        for k, u in enumerate(leaves):
            left = minus_terms(rest, neg(mul(c, u)))
            if left is None:
                continue
            others = [*leaves[:k], *leaves[k + 1 :]]
            joined = others[0]
            for v in others[1:]:
                joined = call("logaddexp", joined, v)
            return add(left, mul(c, call("softplus", sub(joined, u))))
    return None


def _leaves(tree: Node) -> list[Node]:
    return [leaf for a in tree.args for leaf in _leaves(a)] if is_call(tree, "logaddexp") else [tree]


_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_LSE = reduction(Reduction.LOGSUMEXP, ex.XK, (_WHOLE,))
_P = call("exp", sub(ex.XK, _LSE))

RULES = (
    Rule(
        "log-sum-exp less a mean",
        r"\operatorname{LogSumExp}_k u_k - \sum_k w_k u_k = -\sum_k w_k (u_k - \operatorname{LogSumExp}_k u_k), \quad \sum_k w_k = 1",
        "the weights are a softmax, or are assumed to add up to 1; not under a sum",
        "both terms are as large as the entries while their difference is the cross-entropy",
        "Blanchard, Higham and Higham 2021",
        "|u| > 10, one dominant entry",
        (Op.ADD,),
        less_mean,
        (sub(_LSE, total(mul(_P, ex.XK), _WHOLE)), neg(total(mul(_P, sub(ex.XK, _LSE)), _WHOLE))),
    ),
    Rule(
        "log of a sum less an entry",
        r"\log(e^u + e^v) - u = \log(1 + e^{v - u})",
        "always",
        "both terms are as large as the entry while their difference vanishes",
        "Blanchard, Higham and Higham 2021",
        "u much larger than v",
        (Op.ADD,),
        less_entry,
        (sub(call("logaddexp", ex.X, ex.Y), ex.X), call("softplus", sub(ex.Y, ex.X))),
    ),
)
