"""Rules for sums over an index: exponentials by their log-sum-exp, variances by centring."""

from __future__ import annotations

from symback.core.expr import (
    MINUS_ONE,
    NEG_INF,
    ONE,
    TRUE,
    TWO,
    ZERO,
    Binder,
    Node,
    Op,
    Reduction,
    add,
    both,
    branches,
    call,
    compare,
    factors_of,
    is_indicator,
    is_whole,
    mul,
    neg,
    number,
    opened,
    piecewise,
    power,
    reduction,
    split_coefficient,
    sub,
    terms_of,
    total,
    with_hint,
)
from symback.rewrite import examples as ex
from symback.rewrite.facts import Context
from symback.rewrite.logarithms import log_of_sums
from symback.rewrite.patterns import exponent_of, exponential, is_call, root, without
from symback.rewrite.rule import Rule


def _is(node: Node, kind: Reduction) -> bool:
    return node.op is Op.REDUCE and node.data is kind


def _depends(node: Node, binders: tuple[Binder, ...]) -> bool:
    return any(b[0] in node.free for b in binders)


def exponent(node: Node, ctx: Context, binders: tuple[Binder, ...]) -> tuple[Node, Node] | None:
    """(c, u) with node = c·exp(u), where c does not depend on the binders; weights and conditions that do are taken into u."""
    outer, u, conditions, found = [], [], [], False
    for f in factors_of(node):
        if is_indicator(f) and _depends(f, binders):
            conditions.append(f.args[1])
            continue
        part = _factor_exponent(f, ctx, binders)
        if part is None:
            return None
        c, v, is_exponential = part
        outer.append(c)
        u.append(v)
        found |= is_exponential
    if not found:
        return None
    weights = [v for v in u if isinstance(v, tuple)]
    plain = add(*(v for v in u if not isinstance(v, tuple)))
    for (w,) in weights:
        plain = piecewise((add(plain, call("log", w)), compare("<", ZERO, w)), (NEG_INF, TRUE))
    if conditions:
        plain = piecewise((plain, both(*conditions)), (NEG_INF, TRUE))
    return mul(*outer), plain


def _factor_exponent(f: Node, ctx: Context, binders: tuple[Binder, ...]):
    """(outer factor, exponent or (weight,), whether it is an exponential) of one factor."""
    base, e = (f.args[0], f.args[1]) if f.op is Op.POW else (f, ONE)
    if not _depends(f, binders):
        return f, ZERO, False
    seen = ctx.see(base) if base.op is Op.READ else base
    if exponent_of(seen) is not None:
        return ONE, mul(e, exponent_of(seen)), True
    if e == ONE and seen.op is Op.MUL and any(exponent_of(g) is not None for g in seen.args):
        inner = exponent(seen, ctx, binders)
        return None if inner is None else (inner[0], inner[1], True)
    if e == ONE and seen.op is Op.ADD:
        several = [exponential(t, ctx) for t in seen.args]
        return (ONE, log_of_sums(several), True) if all(g is not None and g[0] > 0 for g in several) else None
    if e == ONE and f.op is Op.PIECEWISE:
        masked = _masked(f, ctx, binders)
        if masked is not None:
            return ONE, masked, True
    if ctx.positive(f):
        return ONE, call("log", f), False
    if ctx.nonnegative(f) and f.op is not Op.PIECEWISE:
        return ONE, (f,), False
    return None


def _masked(f: Node, ctx: Context, binders: tuple[Binder, ...]) -> Node | None:
    """The exponent of a Piecewise whose values are exponentials or 0."""
    out, found = [], False
    for value, condition in branches(f):
        if value == ZERO:
            out.append((NEG_INF, condition))
            continue
        inner = exponent(value, ctx, binders)
        if inner is None:
            return None
        c, u = inner
        if c != ONE:
            u = add(u, call("log", c)) if ctx.positive(c) else None
        if u is None:
            return None
        out.append((u, condition))
        found = True
    return piecewise(*out) if found else None


def log_sum(node: Node, ctx: Context) -> tuple[Node, Node] | None:
    """(c, L) with node = c·exp(L) for a Sum of exponentials, or several such sums, perhaps behind a name; c is constant over the sum."""
    seen = ctx.see(node) if node.op is Op.READ else node
    if seen.op is Op.ADD:
        found = _log_of_several(seen, ctx)
        return None if found is None else (ONE, found)
    if seen.op is Op.MUL:
        places = [k for k, f in enumerate(seen.args) if _is(ctx.see(f), Reduction.SUM)]
        found = [log_sum(seen.args[k], ctx) for k in places]
        if not found or any(f is None for f in found):
            return None
        return mul(*(c for c, _ in found), *without(seen.args, *places)), add(*(u for _, u in found))
    if is_call(seen, "exp") and any(_is(t, Reduction.LOGSUMEXP) for t in terms_of(seen.args[0])):
        return ONE, seen.args[0]
    if not _is(seen, Reduction.SUM):
        return None
    body, binders = opened(seen)
    found = exponent(body, ctx, binders)
    if found is None:
        return None
    c, u = found
    idle = [b for b in binders if is_whole(b) and b[0] not in u.free and not any(b[0] in limit.free for o in binders for limit in o[1:])]
    made = reduction(Reduction.LOGSUMEXP, u, [b for b in binders if b not in idle])
    if made.op is Op.REDUCE and not idle:
        made.hint = seen.hint
    return mul(c, *(b[0].args[0] for b in idle)), made


def _log_of_several(node: Node, ctx: Context) -> Node | None:
    """log(Sum(exp(u)) + Sum(exp(v)) + exp(w) + 1) by logaddexp; None where a term may be negative, or none is a sum over an index."""
    found, summed = [], False
    for t in terms_of(node):
        alone = exponential(t, ctx)
        if alone is None:
            c, rest = split_coefficient(t)
            part = log_sum(rest, ctx)
            if part is None or not ctx.positive(part[0]):
                return None
            alone = c, part[1] if part[0] == ONE else add(part[1], _log(part[0]))
            summed = True
        if alone[0] <= 0:
            return None
        found.append(alone)
    return log_of_sums(sorted(found, key=lambda f: f[1] != ZERO)) if summed else None


def logarithm_of_sum(node: Node, ctx: Context) -> Node | None:
    """log(c·Sum(exp(u))) → log c + LogSumExp(u); quotients and powers of such sums, and sums of several, likewise."""
    if not is_call(node, "log", "log1p"):
        return None
    u = ctx.see(node.args[0])
    if node.data == "log1p":
        return _log_of_several(add(ONE, u), ctx)
    out, found = [], False
    for f in factors_of(u):
        base, e = (f.args[0], f.args[1]) if f.op is Op.POW else (f, ONE)
        part = log_sum(base, ctx)
        if part is not None and (part[0] == ONE or ctx.positive(part[0])):
            c, inner = part
            out.append(mul(e, add(inner, ZERO if c == ONE else _log(c))))
            found = True
        elif is_call(ctx.see(base), "exp"):
            out.append(mul(e, ctx.see(base).args[0]))
        elif ctx.positive(f):
            out.append(_log(f))
        else:
            return None
    return add(*out) if found else None


def _log(c: Node) -> Node:
    """log c, over factors and whole powers."""
    if c.op is Op.MUL:
        return add(*(_log(f) for f in c.args))
    if c.op is Op.POW and c.args[1].op is Op.NUM:
        return mul(c.args[1], _log(c.args[0]))
    return call("log", c)


def quotient_of_sums(node: Node, ctx: Context) -> Node | None:
    """exp(u)/Sum(exp(v)) → exp(u - LogSumExp(v)); a sum of exponentials above is divided term by term."""
    divisors = []
    for k, f in enumerate(node.args):
        if f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data < 0 and f.args[1].data.denominator == 1:
            part = log_sum(f.args[0], ctx)
            if part is not None:
                divisors.append((k, f.args[1], *part))
    if not divisors:
        return None
    rest = without(node.args, *(k for k, *_ in divisors))
    shift = add(*(mul(e, inner) for _, e, _, inner in divisors))
    outer = mul(*(power(c, e) for _, e, c, _ in divisors))
    exponents, left = [], []
    masked = [f for f in rest if is_indicator(f)] if any(_is_masked(inner) for *_, inner in divisors) else []
    for f in (f for f in rest if f not in masked):
        seen = ctx.see(f) if f.op is Op.READ else f
        if exponent_of(seen) is not None:
            exponents.append(exponent_of(seen))
        elif seen.op is Op.PIECEWISE and not exponents and _masked(seen, ctx, ()) is not None:
            exponents.append(_masked(seen, ctx, ()))
        else:
            left.append(f)
    if masked and exponents:
        exponents = [piecewise((add(*exponents), both(*(f.args[1] for f in masked))), (NEG_INF, TRUE))]
    else:
        left += masked
    if not exponents:
        for k, f in enumerate(left):
            part = log_sum(f, ctx)
            if part is not None:
                return mul(*without(tuple(left), k), outer, part[0], call("exp", add(part[1], shift)))
            pushed = _divided_sum(f, shift, ctx)
            if pushed is not None:
                return mul(*without(tuple(left), k), outer, pushed)
    return mul(*left, outer, call("exp", add(*exponents, shift)))


def _is_masked(log_sum: Node) -> bool:
    """Whether it is the log-sum-exp of entries that a condition leaves out."""
    return _is(log_sum, Reduction.LOGSUMEXP) and opened(log_sum)[0].op is Op.PIECEWISE


def _divided_sum(f: Node, shift: Node, ctx: Context) -> Node | None:
    """Sum(exp(u)·w)·exp(shift) with the shift in the exponent."""
    if not _is(f, Reduction.SUM):
        return None
    body, binders = opened(f)
    for k, g in enumerate(factors_of(body)):
        seen = ctx.see(g) if g.op is Op.READ else g
        if is_call(seen, "exp") and _depends(g, binders):
            return with_hint(total(mul(*without(factors_of(body), k), call("exp", add(seen.args[0], shift))), *binders), f)
    return None


def free_shift(node: Node, ctx: Context) -> Node | None:
    """LogSumExp(u + c) → LogSumExp(u) + c where c does not depend on the index."""
    if not _is(node, Reduction.LOGSUMEXP):
        return None
    body, binders = opened(node)
    fixed = [t for t in terms_of(body) if not _depends(t, binders)]
    if not fixed or body.op is not Op.ADD:
        return None
    left = reduction(Reduction.LOGSUMEXP, add(*(t for t in terms_of(body) if _depends(t, binders))), binders)
    return add(with_hint(left, node), *fixed)


def spread(node: Node, ctx: Context) -> Node | None:
    """u - (LogSumExp + c) → u - LogSumExp - c, where equal terms cancel."""
    out, changed = [], False
    for t in node.args:
        c, rest = split_coefficient(t)
        held = [split_coefficient(r)[1] for r in rest.args] if c != 1 and rest.op is Op.ADD else []
        if any(_is(r, Reduction.LOGSUMEXP) or is_call(r, "logaddexp") for r in held):
            out += [mul(number(c), r) for r in rest.args]
            changed = True
        else:
            out.append(t)
    return add(*out) if changed else None


def variance(node: Node, ctx: Context) -> Node | None:
    """α·Sum(b²) - β·Sum(b)² with α = β·N → α·Sum((b - mean)²)."""
    parts = terms_of(node)
    for k, t in enumerate(parts):
        found = _square_sum(t, ctx)
        if found is None:
            continue
        alpha, b, binders, hint = found
        size = mul(*(i.args[0] for i, _, _ in binders))
        for j, s in enumerate(parts):
            if j == k:
                continue
            mean = _squared_mean(s, alpha, b, binders, size, ctx)
            if mean is None:
                continue
            made = total(power(sub(b, mean), TWO), *binders)
            made.hint = hint
            return add(*without(parts, j, k), mul(alpha, made))
    return None


def _square_sum(t: Node, ctx: Context):
    """(α, b, binders, hint) with t = α·Sum(b²), over whole ranges."""
    seen = ctx.see(t) if t.op is Op.READ else t
    inside = factors_of(seen)
    for k, f in enumerate(inside):
        f = ctx.see(f) if f.op is Op.READ else f
        if _is(f, Reduction.SUM):
            body, binders = opened(f)
            b = root(body)
            if b is not None and all(is_whole(i) for i in binders):
                return mul(*without(inside, k)), b, binders, f.hint
    return None


def _squared_mean(s: Node, alpha: Node, b: Node, binders: tuple[Binder, ...], size: Node, ctx: Context) -> Node | None:
    """The mean M of b where s = -α·N·M², else None."""
    inside = factors_of(s)
    squares = [f.args[0] for f in inside if f.op is Op.POW and f.args[1] == TWO]
    for base in squares:
        seen = ctx.see(base) if base.op is Op.READ else base
        scale = mul(*(f for f in factors_of(seen) if not _is(ctx.see(f), Reduction.SUM)))
        sums = [ctx.see(f) for f in factors_of(seen) if _is(ctx.see(f), Reduction.SUM)]
        if len(sums) != 1 or sums[0] != total(b, *binders):
            continue
        outer = mul(*(f for f in inside if f != power(base, TWO)))
        if mul(outer, power(scale, TWO)) != neg(mul(alpha, power(size, MINUS_ONE))):
            continue
        return base if scale == power(size, MINUS_ONE) else mul(power(size, MINUS_ONE), sums[0])
    return None


_SUM = total(call("exp", ex.XK), (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE)))
_WHOLE = (ex.K, ZERO, add(ex.K.args[0], MINUS_ONE))
_LSE = reduction(Reduction.LOGSUMEXP, ex.XK, (_WHOLE,))
_SIZE = ex.K.args[0]
_MEAN = mul(power(_SIZE, MINUS_ONE), total(ex.XK, _WHOLE))

RULES = (
    Rule(
        "logarithm of a sum of exponentials",
        r"\log\sum_k e^{u_k} = \operatorname{LogSumExp}_k u_k",
        "weights are positive, or not negative",
        "exp overflows; by the largest term it cannot",
        "Blanchard, Higham and Higham 2021",
        "|u| > 88 (float32)",
        (Op.CALL,),
        logarithm_of_sum,
        (call("log", _SUM), _LSE),
    ),
    Rule(
        "quotient by a sum of exponentials",
        r"\frac{e^{u_i}}{\sum_k e^{u_k}} = e^{u_i - \operatorname{LogSumExp}_k u_k}",
        "always",
        "a quotient of infinities, or of zeros",
        "Blanchard, Higham and Higham 2021",
        "|u| > 88 (float32)",
        (Op.MUL,),
        quotient_of_sums,
        (mul(call("exp", ex.Y), power(_SUM, MINUS_ONE)), call("exp", sub(ex.Y, _LSE))),
    ),
    Rule(
        "shift of a log-sum-exp",
        r"\operatorname{LogSumExp}_k(u_k + c) = \operatorname{LogSumExp}_k u_k + c",
        "c does not depend on k",
        "a shift that the author wrote, such as by the largest entry, is taken back: the compiler has its own",
        "Blanchard, Higham and Higham 2021",
        "none by itself",
        (Op.REDUCE,),
        free_shift,
        (reduction(Reduction.LOGSUMEXP, add(ex.XK, ex.Y), (_WHOLE,)), add(_LSE, ex.Y)),
    ),
    Rule(
        "terms of a log-sum-exp",
        r"u - (\operatorname{LogSumExp} + c) = u - \operatorname{LogSumExp} - c",
        "always",
        "a shift that the author wrote cancels exactly",
        "Blanchard, Higham and Higham 2021",
        "none by itself",
        (Op.ADD,),
        spread,
        (sub(ex.Y, add(_LSE, ex.Y)), neg(_LSE)),
    ),
    Rule(
        "variance",
        r"\frac1N\sum_k x_k^2 - \mu^2 = \frac1N\sum_k (x_k - \mu)^2",
        "both sums run over the whole range",
        "both terms grow with the square of the mean while the difference does not",
        "Chan, Golub and LeVeque 1983",
        "mean larger than the spread",
        (Op.ADD,),
        variance,
        (
            sub(mul(power(_SIZE, MINUS_ONE), total(power(ex.XK, TWO), _WHOLE)), power(_MEAN, TWO)),
            mul(power(_SIZE, MINUS_ONE), total(power(sub(ex.XK, _MEAN), TWO), _WHOLE)),
        ),
    ),
)
