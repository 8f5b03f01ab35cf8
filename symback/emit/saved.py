"""What forward keeps for backward: values that it has computed, or what backward makes of them where that is less to keep."""

from __future__ import annotations

from symback.emit.elementwise import is_elementwise
from symback.emit.naming import FREE, post_order
from symback.emit.schedule import returns_several
from symback.lower.arrays import Array, Kind, parts
from symback.lower.module import LoweredBody

_NEVER_KEPT = (*FREE, Kind.SCALAR, Kind.FULL, Kind.ARANGE, Kind.LOOP)
_BYTES = {"b": 1}


def saved(lowered: LoweredBody) -> tuple[list[Array], list[Array]]:
    """(what backward starts from, in the order of first use; what of it only backward needed, which forward makes all the same)."""
    roots = list(lowered.gradients.values())
    results = [*lowered.outputs.values(), *lowered.updates.values()]
    computed = parts(results)
    start, price = _start(roots, computed, results)
    moved: list[Array] = []
    for a in _factors(roots, computed):
        more = computed | parts([a])
        other, lower = _start(roots, more, results)
        if lower < price:
            computed, start, price = more, other, lower
            moved.append(a)
    return [a for a in start if a.kind is not Kind.ARGUMENT], [a for a in moved if a in start]


def _factors(roots: list[Array], computed: set[Array]) -> list[Array]:
    """What backward makes, element by element, without an upstream gradient: slopes, which it combines with one, then what they are made of."""
    order = post_order(roots, {})
    local = {}
    for a in order:
        local[a] = a in computed or a.kind is Kind.ARGUMENT or not a.shape or (is_elementwise(a) and all(map(local.get, a.args)))
        local[a] = local[a] and not a.late and not a.loops
    met = dict.fromkeys(x for a in order if a.late for x in a.args)
    inner = dict.fromkeys(x for a in reversed(order) if local[a] for x in a.args)
    return [x for x in {**met, **inner} if local[x] and x not in computed and is_elementwise(x)]


def _start(roots: list[Array], computed: set[Array], results: list[Array]) -> tuple[list[Array], tuple[int, int, int]]:
    """What backward starts from, arguments and what forward has computed, in the order of first use; and its price: bytes an element that
    the cache holds alive beyond the caller's arrays and the results, how many arrays those are with these, and how much is left to do."""
    out: dict[Array, None] = {}
    seen: set[Array] = set()
    stack = list(reversed(roots))
    while stack:
        a = stack.pop()
        if a in seen:
            continue
        seen.add(a)
        known = a in computed or (a.kind in (Kind.PART, Kind.BUFFER) and a.args[0] in computed)
        if a.kind is Kind.ARGUMENT or not a.late and not a.loops and known and not returns_several(a) and a.kind not in _NEVER_KEPT:
            out[a] = None
            continue
        stack.extend(reversed(a.args))
    arrays = [a for a in out if a.shape]
    held = sum(_BYTES.get(a.element, 4) for a in arrays if a.kind is not Kind.ARGUMENT and a not in results)
    return list(out), (held, len(arrays), len(seen))
