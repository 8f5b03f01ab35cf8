"""Entries of a softmax: expressions that are one of those summed, less their log-sum-exp."""

from __future__ import annotations

from collections.abc import Iterator

from symback.core.expr import NEG_INF, TRUE, Node, Op, Reduction, add, branches, is_whole, opened, split_coefficient, substitute, walk


def less_log_sums(node: Node) -> Iterator[tuple[Node, Node, tuple[Node, ...]]]:
    """(rest, body, bound) for each term of a sum that is minus a LogSumExp of `body` over whole axes."""
    for k, term in enumerate(node.args if node.op is Op.ADD else ()):
        c, lse = split_coefficient(term)
        if c == -1 and lse.op is Op.REDUCE and lse.data is Reduction.LOGSUMEXP:
            body, binders = opened(lse)
            if all(is_whole(b) for b in binders):
                yield add(*node.args[:k], *node.args[k + 1 :]), body, tuple(b[0] for b in binders)


def entry(node: Node) -> tuple[Node, tuple[Node, ...], tuple[Node, ...]] | None:
    """(body, bound, at) with node = body[bound := at] - LogSumExp(body over bound)."""
    for rest, body, bound in less_log_sums(node):
        at = match(body, rest, bound)
        if at is not None:
            return body, bound, at
    return None


def entries_of(node: Node) -> Iterator[Node]:
    """The entries over `bound` of each log-sum-exp that a sum takes off one of them; of entries that are -oo unless they bear a
    label, those that bear that of the one in question."""
    for rest, body, bound in less_log_sums(node):
        pairs = branches(body) if body.op is Op.PIECEWISE else [(body, TRUE)]
        if len(pairs) == 1 or (len(pairs) == 2 and pairs[1][0] == NEG_INF):
            at = match(pairs[0][0], rest, bound)
            if at is not None and _holds(substitute(pairs[0][1], dict(zip(bound, at, strict=True)))):
                yield pairs[0][0]


def _holds(condition: Node) -> bool:
    return condition == TRUE or (condition.op is Op.COMPARE and condition.data == "==" and condition.args[0] == condition.args[1])


def match(pattern: Node, target: Node, variables: tuple[Node, ...]) -> tuple[Node, ...] | None:
    """Expressions for the index variables that make `pattern` equal to `target`, or None."""
    new = sorted((i for i in target.free if i not in pattern.free), key=lambda i: str(i.data))
    candidates = [[i for i in new if i.args == v.args] for v in variables]
    by_name: dict[object, list[Node]] = {}
    for n in walk(target):
        if n.op is Op.READ:
            by_name.setdefault(n.data, []).append(n)
    for n in walk(pattern):
        if n.op is Op.READ:
            for other in by_name.get(n.data, []):
                for a, b in zip(n.args, other.args, strict=True):
                    for k, v in enumerate(variables):
                        if a == v and b not in candidates[k]:
                            candidates[k].append(b)
    return _try(pattern, target, variables, candidates, ())


def _try(
    pattern: Node, target: Node, variables: tuple[Node, ...], candidates: list[list[Node]], chosen: tuple[Node, ...]
) -> tuple[Node, ...] | None:
    if len(chosen) == len(variables):
        return chosen if substitute(pattern, dict(zip(variables, chosen, strict=True))) == target else None
    for c in candidates[len(chosen)]:
        got = _try(pattern, target, variables, candidates, (*chosen, c))
        if got is not None:
            return got
    return None
