"""The gradient through a softmax with a rest, e^{u_i}/(e^s + Σ e^{u_k}): a sink that attention leaves to no entry, a 1 beside the sum."""

from __future__ import annotations

from symback.core.expr import (
    MINUS_ONE,
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
    read,
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
from symback.rewrite.patterns import has_read, holds_reduction, is_call, is_log_sum, is_sum, without
from symback.rewrite.rule import Rule


def dominant_shift(node: Node, ctx: Context) -> Node | None:
    """g_i·y_i - y_i·Sum(g·y) → y_i·((g_i - g_a) - Sum(y·(g - g_a)) + (1 - Sum(y))·g_a) with a the dominant entry, y = p·σ(L - s)."""
    parts = terms_of(node)
    for k, t in enumerate(parts):
        found = _scaled_share(t, ctx)
        if found is None:
            continue
        outer, share, rest, largest = found
        for m, f in enumerate(outer):
            mean = f if is_sum(f) else ctx.unfold(f)
            made = _shifted(parts, k, without(outer, m), mean, (share, rest, largest), ctx) if mean is not None and is_sum(mean) else None
            if made is not None:
                return made
    return None


def common_shift(node: Node, ctx: Context) -> Node | None:
    """log(e^(u + c) + e^(v + c)) → log(e^u + e^v) + c for a c that is no number."""
    if not is_call(node, "logaddexp"):
        return None
    u, v = (terms_of(a) for a in node.args)
    common = [t for t in u if t in v and has_read(t)]
    if not common:
        return None
    left = (add(*(t for t in side if t not in common)) for side in (u, v))
    return add(call("logaddexp", *left), *common)


def _scaled_share(t: Node, ctx: Context):
    """(the other factors, y_i, 1 - Sum(y), (entries, binder)) of a term with p_i·σ(L - s), p_i = exp(u_i - L), L = LogSumExp(u)."""
    inside = factors_of(t)
    for j, p in enumerate(inside):
        found = softmax_of(p, ctx) if is_call(p, "exp") else None
        if found is None or len(found[1]) != 1:
            continue
        lse = next(neg(s) for s in terms_of(p.args[0]) if is_log_sum(neg(s)))
        for m, gate in enumerate(inside):
            rest = _rest(gate, lse) if is_call(gate, "sigmoid") else None
            if rest is not None:
                whole, left = rest
                return without(inside, j, m), call("exp", add(p.args[0], lse, neg(whole))), left, (found[0], found[1][0])
    return None


def _rest(gate: Node, lse: Node) -> tuple[Node, Node] | None:
    """(log(e^s + e^L), σ(s - L)) of σ(L - s)."""
    w = gate.args[0]
    if w == lse:
        return call("softplus", lse), call("sigmoid", neg(lse))
    turned = neg(w)
    if is_call(turned, "difference") and turned.args[1] == lse:
        return call("logaddexp", *turned.args), call("sigmoid", turned)
    if is_call(w, "difference") and w.args[0] == lse:
        return call("logaddexp", *w.args), call("sigmoid", neg(w))
    return None


def _shifted(parts, k, outer, mean, softmax, ctx: Context) -> Node | None:
    """The sum with its term k, -outer·y_i·Sum(g·y), and the term outer·g_i·y_i in their stable form; None where there is no such term."""
    share, rest, (entries, bound) = softmax
    body, binders = opened(mean)
    if len(binders) != 1 or not is_whole(binders[0]):
        return None
    idx = binders[0][0]
    for place in (i for i in share.free if i.args == idx.args):
        there = substitute(share, {place: idx})
        inner = factors_of(body)
        y = next((f for f in inner if _is(f, there, ctx)), None)
        if y is None:
            continue
        g = mul(*(f for f in inner if f is not y))
        if idx not in g.free or holds_reduction(g):
            continue
        for m, s in enumerate(parts):
            here = next((f for f in factors_of(s) if _is(f, share, ctx)), None) if m != k else None
            if here is None:
                continue
            wanted = mul(MINUS_ONE, *outer, substitute(g, {idx: place}))
            if mul(*(f for f in factors_of(s) if f is not here)) != wanted:
                continue
            top = substitute(g, {idx: reduction(Reduction.ARGMAX, entries, (bound,))})
            weighted = with_hint(total(mul(y, call("minus", g, top)), *binders), mean)
            bracket = add(call("minus", substitute(g, {idx: place}), top), neg(weighted), mul(rest, top))
            return add(*without(parts, k, m), mul(MINUS_ONE, *outer, here, bracket))
    return None


def _is(f: Node, share: Node, ctx: Context) -> bool:
    """Whether the factor is the share, perhaps behind a name."""
    return f == share or f.op is Op.READ and ctx.see(f) == share


_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_LSE = reduction(Reduction.LOGSUMEXP, ex.XK, (_WHOLE,))
_X_AT_J, _Y_AT_J = read("x", ex.N, ex.J), read("y", ex.N, ex.J)
_SHARE = call("exp", sub(_X_AT_J, call("softplus", _LSE)))
_SHARE_AT_K = call("exp", sub(ex.XK, call("softplus", _LSE)))
_Y_AT_TOP = substitute(ex.YK, {ex.K: reduction(Reduction.ARGMAX, ex.XK, (_WHOLE,))})

RULES = (
    Rule(
        "shift of two exponentials",
        r"\log(e^{u + c} + e^{v + c}) = \log(e^u + e^v) + c",
        "c is no number",
        "a shift that the author wrote, such as by the largest exponent, is taken back: the compiler has its own",
        "Blanchard, Higham and Higham 2021",
        "none by itself",
        (Op.CALL,),
        common_shift,
        (call("logaddexp", add(ex.X, ex.T), add(ex.Y, ex.T)), add(call("logaddexp", ex.X, ex.Y), ex.T)),
    ),
)

GRADIENT = (
    Rule(
        "shift by the dominant entry, with a rest",
        r"y_i \left(g_i - \sum_k y_k g_k\right) = y_i \left((g_i - g_a) - \sum_k y_k (g_k - g_a) + y_0 g_a\right)",
        "y is a softmax with a rest y_0, a its largest entry, and g is no reduction",
        "at the dominant entry the difference has no digit left",
        "the entries and the rest add up to 1",
        "one dominant entry",
        (Op.ADD,),
        dominant_shift,
        (
            sub(
                mul(_Y_AT_J, _SHARE),
                mul(call("sigmoid", _LSE), call("exp", sub(_X_AT_J, _LSE)), total(mul(ex.YK, _SHARE_AT_K), _WHOLE)),
            ),
            mul(
                _SHARE,
                add(
                    call("minus", _Y_AT_J, _Y_AT_TOP),
                    neg(total(mul(_SHARE_AT_K, call("minus", ex.YK, _Y_AT_TOP)), _WHOLE)),
                    mul(call("sigmoid", neg(_LSE)), _Y_AT_TOP),
                ),
            ),
        ),
    ),
)
