"""Rules for vectors divided by their own norm, and for gradients through a softmax: what is large is divided before it is multiplied."""

from __future__ import annotations

from symback.core.expr import (
    HALF,
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    branches,
    call,
    factors_of,
    is_whole,
    mul,
    number,
    opened,
    piecewise,
    power,
    read,
    reduction,
    split_coefficient,
    sqrt,
    sub,
    substitute,
    terms_of,
    total,
    with_hint,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.patterns import holds_reduction, is_call, is_sum, minus_terms, without
from symback.rewrite.power_sums import PowerSum, power_sum
from symback.rewrite.rule import Rule

MINUS_HALF = number("-1/2")


# ------------------------------------------------------------------------------------------ forward rules


def named_root(node: Node, ctx: Context) -> Node | None:
    """sqrt(v + eps) with v the name of a sum of squares → the sum itself, so that its root can be scaled."""
    base, e = node.args
    if e not in (HALF, MINUS_HALF):
        return None
    seen = add(*(_unfolded(t, ctx) for t in terms_of(base)))
    return power(seen, e) if seen != base and power_sum(seen) is not None else None


def _unfolded(t: Node, ctx: Context) -> Node:
    return mul(*(ctx.see(f) if f.op is Op.READ else f for f in factors_of(t)))


# ----------------------------------------------------------------------------------------- gradient rules


def projection(node: Node, ctx: Context) -> Node | None:
    """u_i·Sum(g·u)/B with B the sum of squares of u → by h = u/sqrt(B): h_i·Sum(g·h)."""
    for k, b in enumerate(node.args):
        divided = _over_squares(b)
        if divided is None:
            continue
        found, root, left = divided
        for j, f in enumerate(node.args):
            if j == k or not _is_entry(f, found):
                continue
            for s, g in enumerate(node.args):
                summed = _with_normalised(g, found, root) if s not in (j, k) else None
                if summed is not None:
                    return mul(*without(node.args, j, k, s), left, call("product", f, root), summed)
    return None


def _over_squares(b: Node) -> tuple[PowerSum, Node, Node] | None:
    """(B, B**(-1/2), b·B) for a factor b that is divided by a sum of squares B, perhaps only where B is not 0."""
    if b.op is Op.PIECEWISE and len(branches(b)) == 2 and branches(b)[0][0] == ZERO:
        (_, gone), (value, _) = branches(b)
        for k, f in enumerate(factors_of(value)):
            inner = _over_squares(f)
            if inner is not None:
                return *inner[:2], piecewise((ZERO, gone), (mul(*without(factors_of(value), k), inner[2]), TRUE))
        return None
    if is_call(b, "square") and b.args[0].op is Op.POW and b.args[0].args[1] == MINUS_HALF:
        base, left = b.args[0].args[0], ONE
    elif b.op is Op.POW and b.args[1].op is Op.NUM and b.args[1].data <= -1:
        base, left = b.args[0], power(b.args[0], add(b.args[1], ONE))
    else:
        return None
    found = power_sum(base)
    return (found, power(base, MINUS_HALF), left) if found is not None and found.exponent == number(2) else None


def _is_entry(f: Node, found: PowerSum) -> bool:
    """Whether f is the summed entry u at other indices."""
    return _entry_at(f, found) is not None


def _entry_at(f: Node, found: PowerSum) -> tuple[Node, ...] | None:
    """The indices at which f is the entry u; None where it is not."""
    bound = [b[0] for b in found.binders]
    indices = sorted((i for i in f.free if i not in found.body.free), key=lambda i: str(i.data))
    chosen = []
    for b in bound:
        same = [i for i in indices if i.args == b.args and i not in chosen]
        if not same:
            return None
        chosen.append(same[0])
    for candidate in _orders(bound, indices):
        if substitute(found.body, dict(zip(bound, candidate, strict=True))) == f:
            return candidate
    return None


def _orders(bound: list[Node], indices: list[Node]):
    if not bound:
        yield ()
        return
    for i in indices:
        if i.args == bound[0].args:
            for rest in _orders(bound[1:], [j for j in indices if j is not i]):
                yield (i, *rest)


def _with_normalised(g: Node, found: PowerSum, root: Node) -> Node | None:
    """The Sum g with its factor u divided by the root."""
    if not is_sum(g):
        return None
    body, binders = opened(g)
    inside = factors_of(body)
    for k, f in enumerate(inside):
        at = _entry_at(f, found)
        if at is not None and set(at) == {b[0] for b in binders}:
            return with_hint(total(mul(*without(inside, k), call("product", f, root)), *binders), g)
    return None


def unit_power(node: Node, ctx: Context) -> Node | None:
    """|x|**(p-1)·S**(1/p - 1) with S = Sum(|x|**p) → (|x|/S**(1/p))**(p-1)."""
    for k, f in enumerate(node.args):
        options = branches(f) if f.op is Op.PIECEWISE else [(f, TRUE)]
        made, p = [], None
        for value, condition in options:
            found = _norm_power(value)
            if found is not None:
                rest, base, p = found
                value = (rest, base)
            elif value != ZERO:
                break
            made.append((value, condition))
        if p is None or len(made) != len(options):
            continue
        for j, x in enumerate(node.args):
            if x.op is Op.POW and x.args[1] == add(p, MINUS_ONE):
                pairs = []
                for value, condition in made:
                    if isinstance(value, tuple):
                        rest, base = value
                        unit = call("ratio", x.args[0], power(base, power(p, MINUS_ONE)))
                        value = mul(rest, power(unit, add(p, MINUS_ONE)))
                    pairs.append((value, condition))
                return mul(*without(node.args, j, k), piecewise(*pairs))
    return None


def _norm_power(value: Node) -> tuple[Node, Node, Node] | None:
    """(rest, S, p) with value = rest·S**(1/p - 1) and S a sum of p-th powers, p > 2."""
    inside = factors_of(value)
    for k, f in enumerate(inside):
        if f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data < 0:
            found = power_sum(f.args[0])
            if found is not None and found.exponent != number(2) and add(f.args[1], ONE) == power(found.exponent, MINUS_ONE):
                return mul(*without(inside, k)), f.args[0], found.exponent
    return None


def softmax_of(node: Node, ctx: Context) -> tuple[Node, tuple[Binder, ...], tuple[Node, ...]] | None:
    """(body u, binders, at) where node is exp(u[at] - LogSumExp(u over the binders)), perhaps behind a name."""
    seen = ctx.see(node) if node.op is Op.READ else node
    if not is_call(seen, "exp"):
        return None
    parts = terms_of(seen.args[0])
    for k, t in enumerate(parts):
        c, lse = split_coefficient(t)
        if c == -1 and lse.op is Op.REDUCE and lse.data is Reduction.LOGSUMEXP:
            body, binders = opened(lse)
            entry = add(*without(parts, k))
            if not all(is_whole(b) for b in binders):
                continue
            at = _at(body, tuple(b[0] for b in binders), entry)
            if at is not None:
                return body, binders, at
    return None


def _at(body: Node, bound: tuple[Node, ...], entry: Node) -> tuple[Node, ...] | None:
    indices = sorted(entry.free, key=lambda i: str(i.data))
    for candidate in _orders(list(bound), indices):
        if substitute(body, dict(zip(bound, candidate, strict=True))) == entry:
            return candidate
    return None


def probability(node: Node, ctx: Context) -> Node | None:
    """Sum(p) → 1 for a softmax p."""
    if not is_sum(node):
        return None
    assumed = ctx.assumed_sum(node)
    if assumed is not None:
        return assumed
    body, binders = opened(node)
    if not all(is_whole(b) for b in binders):
        return None
    bound = {b[0] for b in binders}
    inside = factors_of(body)
    for k, f in enumerate(inside):
        if not bound <= f.free:
            continue
        found = softmax_of(f, ctx)
        whole = found is not None and set(found[2]) == bound and not total(found[0], *found[1]).free & bound
        if whole and not mul(*without(inside, k)).free & bound:
            return mul(*without(inside, k))
    return None


def dominant_shift(node: Node, ctx: Context) -> Node | None:
    """g_i - Sum(p·g) → (g_i - g_a) - Sum(p·(g - g_a)) with a the dominant entry of the softmax p."""
    parts = [_expanded_mean(t, ctx) for t in terms_of(node)]
    for k, t in enumerate(parts):
        c, s = split_coefficient(t)
        if not is_sum(s):
            continue
        body, binders = opened(s)
        if len(binders) != 1 or not is_whole(binders[0]):
            continue
        (idx, _, _) = binders[0]
        inside = factors_of(body)
        for m, f in enumerate(inside):
            found = softmax_of(f, ctx) if idx in f.free else None
            if found is None or found[2] != (idx,):
                continue
            g = mul(*without(inside, m))
            full = mul(*(ctx.unfold_derived(h) or h for h in factors_of(g)))
            if not _drops(full, idx) or holds_reduction(_without_fixed(full, idx)[1]):
                full = g
            if idx not in g.free or holds_reduction(_without_fixed(full, idx)[1]) or softmax_of(call("exp", ctx.see(g)), ctx) == found:
                continue
            made = _shifted(parts, k, c, s, (idx, binders, f, g, full), found)
            if made is not None:
                return made
    return None


def _expanded_mean(t: Node, ctx: Context) -> Node:
    """-y as -Sum(p·g) where y names such a sum."""
    c, y = split_coefficient(t)
    seen = ctx.unfold(y)
    if c < 0 and seen is not None and is_sum(seen):
        body, binders = opened(seen)
        if any(softmax_of(f, ctx) is not None for f in factors_of(body)):
            return mul(number(c), seen)
    return t


def _shifted(parts, k, c, s, sum_parts, found) -> Node | None:
    idx, binders, f, g, full = sum_parts
    body, (bound,), _ = found
    outer, inner = _without_fixed(full, idx)
    scale, inner = split_coefficient(inner)
    if inner == substitute(body, {bound[0]: idx}):
        at_top = reduction(Reduction.MAX, body, (bound,))
    else:
        at_top = substitute(inner, {idx: reduction(Reduction.ARGMAX, body, (bound,))})
    others = without(tuple(parts), k)
    indices = {i for t in others for i in t.free if i.args == idx.args}
    for i in sorted(indices, key=lambda n: str(n.data)):
        left = minus_terms(add(*others), mul(number(-c), substitute(g, {idx: i})))
        if left is not None:
            mean = with_hint(total(mul(f, call("minus", inner, at_top)), *binders), s)
            entry = call("minus", substitute(inner, {idx: i}), at_top)
            return add(left, mul(number(-c * scale), outer, sub(entry, mean)))
    return None


def _without_fixed(g: Node, idx: Node) -> tuple[Node, Node]:
    """(c, A) with g = c·(A + terms without the index): the terms cancel in a difference."""
    outer = [f for f in factors_of(g) if idx not in f.free]
    inner = [f for f in factors_of(g) if idx in f.free]
    if len(inner) == 1 and inner[0].op is Op.ADD:
        kept = [t for t in _spread(inner[0]) if idx in t.free]
        return mul(*outer), add(*kept)
    return mul(*outer), mul(*inner)


def _drops(g: Node, idx: Node) -> bool:
    """Whether a sum in g has terms without the index."""
    return any(t for f in factors_of(g) if idx in f.free and f.op is Op.ADD for t in _spread(f) if idx not in t.free)


def _spread(node: Node) -> list[Node]:
    """The terms of a sum, those of inner sums times a number among them."""
    out = []
    for t in terms_of(node):
        c, rest = split_coefficient(t)
        out += [mul(number(c), u) for u in _spread(rest)] if rest.op is Op.ADD else [t]
    return out


_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_SQUARES = total(power(ex.XK, number(2)), _WHOLE)
_CUBES = total(power(call("Abs", ex.XK), number(3)), _WHOLE)
_LSE = reduction(Reduction.LOGSUMEXP, ex.XK, (_WHOLE,))
_X_AT_J = read("x", ex.N, ex.J)
_SOFTMAX = call("exp", sub(ex.XK, _LSE))
_Y_AT_TOP = substitute(ex.YK, {ex.K: reduction(Reduction.ARGMAX, ex.XK, (_WHOLE,))})
_Y_AT_J = read("y", ex.N, ex.J)

GRADIENT = (
    Rule(
        "projection",
        r"\frac{u_i \sum_k g_k u_k}{B} = h_i \sum_k g_k h_k, \quad h = \frac{u}{\sqrt B}",
        "B is a scaled sum of the squares of u, perhaps with a constant added",
        "the squares overflow or underflow where h does not",
        "Blue 1978",
        "|u| > 1e19 or < 1e-19 (float32)",
        (Op.MUL,),
        projection,
        (
            mul(_X_AT_J, total(mul(ex.YK, ex.XK), _WHOLE), power(_SQUARES, MINUS_ONE)),
            mul(
                call("product", _X_AT_J, power(_SQUARES, MINUS_HALF)),
                total(mul(ex.YK, call("product", ex.XK, power(_SQUARES, MINUS_HALF))), _WHOLE),
            ),
        ),
    ),
    Rule(
        "unit power",
        r"|x_i|^{p-1} \left(\sum_k |x_k|^p\right)^{\frac1p - 1} = \left(\frac{|x_i|}{\|x\|_p}\right)^{p-1}",
        "p > 2",
        "the powers overflow or underflow where their quotient is at most 1",
        "Blue 1978",
        "|x| > 1e12 or < 1e-12 (float32, p = 3)",
        (Op.MUL,),
        unit_power,
        (
            mul(power(call("Abs", _X_AT_J), number(2)), power(_CUBES, number("-2/3"))),
            power(call("ratio", call("Abs", _X_AT_J), power(_CUBES, number("1/3"))), number(2)),
        ),
    ),
    Rule(
        "total probability",
        r"\sum_k p_k = 1",
        "p is a softmax over k",
        "computed, the sum is 1 up to rounding, and a difference of such sums is noise",
        "definition",
        "one dominant entry",
        (Op.REDUCE,),
        probability,
        (total(_SOFTMAX, _WHOLE), ONE),
    ),
    Rule(
        "shift by the dominant entry",
        r"g_i - \sum_k p_k g_k = (g_i - g_a) - \sum_k p_k (g_k - g_a)",
        "p is a softmax, a its largest entry, and g is no reduction",
        "at the dominant entry the difference has no digit left",
        "the entries of a softmax add up to 1",
        "one dominant entry",
        (Op.ADD,),
        dominant_shift,
        (
            sub(_Y_AT_J, total(mul(_SOFTMAX, ex.YK), _WHOLE)),
            sub(call("minus", _Y_AT_J, _Y_AT_TOP), total(mul(_SOFTMAX, call("minus", ex.YK, _Y_AT_TOP)), _WHOLE)),
        ),
    ),
)

NAMED = Rule(
    "root of a named sum",
    r"\sqrt{v + \epsilon}, \quad v = \tfrac1N \sum_k u_k^2",
    "v is the name of a scaled sum of squares",
    "the sum overflows or underflows where its root does not",
    "Blue 1978",
    "|u| > 1e19 or < 1e-19 (float32)",
    (Op.POW,),
    named_root,
    (sqrt(_SQUARES), sqrt(_SQUARES)),
)
