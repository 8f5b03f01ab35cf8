"""A whole random layer: definitions, what they need declared, arrays to call it with."""

from __future__ import annotations

import numpy as np

from tests.oracle import MACHINE, BadLayer, drawn, evaluate, read_text
from tests.properties.case import Case
from tests.properties.choices import Choices
from tests.properties.grammar import ANY, POSITIVE, UNIT, Draft, Tensor
from tests.properties.lines import call_line, derived_line, indexed_line, label_line, recurrence, state_lines, whole_line

DIMENSIONS = ("N", "C", "D", "H", "S", "E", "I", "Q")
LARGEST_WORK = 4000


def random_case(choices: Choices, features: frozenset[str] | None = None) -> Case | None:
    """A layer with arrays, or None where the draft breaks a rule after all (a range that nothing settles)."""
    c = choices
    names = list(DIMENSIONS)
    sizes = {}
    for _ in range(c.integer(2, 4)):
        name = names.pop(c.integer(0, len(names) - 1))
        sizes[name] = c.weighted([(1, 1), (5, 2), (6, 3), (3, 4)])
    draft = Draft(c, sizes)
    if c.chance(12):
        draft.leading = c.of([(), (2,), (2, 3), (1, 2)])
    depth = c.weighted([(3, 1), (5, 2), (3, 3)])
    for _ in range(c.weighted([(4, 1), (5, 2), (4, 3), (2, 4)])):
        kind = c.weighted([(12, "indexed"), (2, "label"), (4, "whole"), (4, "recurrence"), (2, "call"), (1, "state"), (2, "derived")])
        if features is not None and kind not in features:
            kind = "indexed"
        _LINES[kind](draft, depth)
    return finished(draft)


_LINES = {
    "indexed": indexed_line,
    "label": label_line,
    "whole": whole_line,
    "recurrence": recurrence,
    "call": call_line,
    "state": state_lines,
    "derived": derived_line,
}


def words(text: str) -> set[str]:
    """The names in a text."""
    out, word = set(), ""
    for ch in text + " ":
        if ch.isalnum() or ch == "_":
            word += ch
        elif word:
            out.add(word)
            word = ""
    return out


def finished(draft: Draft) -> Case | None:
    """The case: what nothing reads becomes an output, what is not used is dropped, ranges that nothing settles are declared."""
    _choose_outputs(draft)
    if not draft.outputs:
        return None
    written_lines = {k for k, _ in (*draft.where, *draft.outputs)}
    draft.modes = [(k, v) for k, v in draft.modes if k in written_lines]
    _ground_dimensions(draft)
    values = _values(draft)
    for _ in range(12):
        text = written(draft)
        try:
            for mode in ("train", "eval")[: 2 if draft.modes else 1]:
                layer = read_text(text, mode)
                evaluate(layer, values | drawn(layer, values, draft.passed, np.random.default_rng(0)), draft.passed, MACHINE)
        except BadLayer as problem:
            if not _settled(draft, str(problem)):
                return None
        else:
            used = _used(draft)
            passed = {n: v for n, v in draft.passed.items() if n in used}
            return Case(text, values, passed, "eval" if draft.modes and draft.choices.chance(50) else "train")
    return None


def _target(left: str) -> str:
    return left.partition("[")[0]


def _choose_outputs(draft: Draft) -> None:
    c = draft.choices
    targets = list(dict.fromkeys(_target(k) for k, _ in draft.where))
    read = set().union(*[words(v) - {_target(k)} for k, v in draft.where], *[words(v) for _, v in draft.update])
    together: dict[str, set[str]] = {t: set().union(*[words(v) for k, v in draft.where if _target(k) == t]) for t in targets}
    integer = {name for name, _, _ in draft.labels}
    out = [t for t in targets if t not in read or c.chance(10)]
    reached: set[str] = set()
    stack = [t for t in out if t not in integer] or [t for t in targets if t not in integer][-1:] or targets[-1:]
    out = list(stack)
    while stack:
        t = stack.pop()
        if t in reached or t not in together:
            continue
        reached.add(t)
        stack.extend(together[t])
    for _, v in draft.update:
        more = [w for w in words(v) if w in together]
        while more:
            t = more.pop()
            if t not in reached:
                reached.add(t)
                more.extend(w for w in together[t] if w in together)
    draft.outputs = [(k, v) for k, v in draft.where if _target(k) in out]
    draft.where = [(k, v) for k, v in draft.where if _target(k) in reached and _target(k) not in out]


def _lines(draft: Draft) -> list[tuple[str, str]]:
    return [*draft.where, *draft.outputs, *draft.update, *draft.modes]


def _used(draft: Draft) -> set[str]:
    used = set().union(*[words(k) | words(v) for k, v in _lines(draft)])
    shapes = set().union(*[words(s) for t in draft.tensors if t.name in used for s in (*t.shape, t.values or "")], set())
    return used | shapes | set().union(*[words(v) for v in draft.indices.values()], set())


def _ground_dimensions(draft: Draft) -> None:
    """Every dimension that is used is an axis of some input, the leading axes among them."""
    used = _used(draft)
    if any("..." in k or "..." in v for k, v in _lines(draft)) and not any("..." in t.shape for t in draft.tensors if t.name in used):
        t = draft.new_tensor(("...",))
        draft.outputs.append((draft.fresh("g"), f"Mean({t.name}[...]**2, ...)"))
    index_dims = {d for d in draft.sizes for w in used if w[:1] == d.lower() and (len(w) == 1 or w[1:2] in ("_", "a", "b", "c", "d", "z"))}
    axes = {s for t in draft.tensors if t.name in used and t.role in ("inputs", "params") for s in t.shape}
    for d in draft.sizes:
        if (d in used or d in index_dims) and d not in axes:
            t = draft.new_tensor((d,))
            draft.outputs.append((draft.fresh("g"), f"Sum({t.name}[{d.lower()}]**2, {d.lower()})"))


def _settled(draft: Draft, problem: str) -> bool:
    """Declares the range that the problem asks for."""
    if "no range for an axis" in problem:
        name = problem.split()[-1].removeprefix("next:")
        before = len(draft.indices)
        for k, _ in _lines(draft):
            if _target(k) == name:
                for i in words(k.partition("[")[2]):
                    _declare(draft, i)
        return len(draft.indices) > before
    if problem.startswith("no range for "):
        return _declare(draft, problem.split()[-1].partition("@")[0])
    return False


def _declare(draft: Draft, index: str) -> bool:
    dims = [d for d in draft.sizes if d.lower() == index[:1]]
    if not dims or index in draft.indices or not index[:1].isalpha():
        return False
    draft.indices[index] = dims[0]
    return True


# ------------------------------------------------------------------------------------------------ text and arrays


def written(draft: Draft) -> str:
    """The YAML."""
    used = _used(draft)
    out = ["layer: random_layer"]

    def section(name: str, entries: list[tuple[str, str]]) -> None:
        if entries:
            out.append(f"{name}:")
            out.extend(f"  {k}: {v}" for k, v in entries)

    for role in ("inputs", "params", "state", "random"):
        section(role, [(t.name, _declaration(t)) for t in draft.tensors if t.role == role and t.name in used])
    section("hyperparameters", [(k, v) for k, v in draft.hyperparameters.items() if k in used])
    section("dims", [(k, v) for k, v in draft.derived.items() if k in used])
    named = set().union(*[words(k) | words(v) for k, v in _lines(draft)])
    section("indices", [(k, v) for k, v in draft.indices.items() if k in named])
    section("where", draft.where)
    section("outputs", draft.outputs)
    section("update", draft.update)
    if draft.modes:
        out.append("modes:\n  eval:\n    update: {}")
        for kind, lines in (("where", draft.where), ("outputs", draft.outputs)):
            changed = [(k, v) for k, v in draft.modes if k in dict(lines)]
            if changed:
                out.append(f"    {kind}:")
                out.extend(f"      {k}: {v}" for k, v in changed)
    positives = [
        t
        for t in draft.tensors
        if t.kind == POSITIVE and t.name in used and t.role in ("inputs", "params") and t.shape and t.shape[0] == "N"
    ]
    if positives and len(positives[0].shape) == 1:
        out += ["assume:", f"  - {positives[0].name}[n] > 0"]
    return "\n".join(out) + "\n"


def _declaration(t: Tensor) -> str:
    shape = f"[{', '.join(t.shape)}]"
    if t.role == "random":
        return f'{{shape: {shape}, dist: "{t.kind}"}}'
    if t.values:
        return f"{{shape: {shape}, values: {t.values}" + (f", also: [{t.also}]}}" if t.also is not None else "}")
    if t.bool_:
        return f"{{shape: {shape}, dtype: bool}}"
    extra = ", ".join(([f"outside: {t.outside}"] if t.outside else []) + ([] if t.grad else ["grad: false"]))
    return f"{{shape: {shape}, {extra}}}" if extra else shape


def _values(draft: Draft) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(draft.choices.integer(0, 2**30))
    used = _used(draft)
    out = {}
    for role in ("inputs", "params", "state"):
        for t in draft.tensors:
            if t.role == role and t.name in used:
                out[t.name] = _array(draft, t, rng)
    return out


def _array(draft: Draft, t: Tensor, rng: np.random.Generator) -> np.ndarray:
    shape: list[int] = []
    for s in t.shape:
        shape.extend(draft.leading or () if s == "..." else [_size(draft, s)])
    if t.values:
        labels = rng.integers(0, draft.size(t.values), shape)
        return np.where(rng.random(shape) < 0.3, t.also, labels) if t.also is not None else np.asarray(labels)
    if t.bool_:
        return np.asarray(rng.random(shape) < 0.6)
    if t.kind == POSITIVE:
        return np.asarray(rng.uniform(0.5, 2.0, shape))
    if t.kind == UNIT:
        return np.asarray(rng.uniform(-0.9, 0.9, shape))
    assert t.kind == ANY
    return np.asarray(rng.standard_normal(shape))


def _size(draft: Draft, text: str) -> int:
    """The size that a shape's entry means."""
    if text.isdigit():
        return int(text)
    if text in draft.sizes:
        return draft.sizes[text]
    from tests.oracle.arithmetic import MACHINE as arithmetic
    from tests.oracle.document import parse_expression
    from tests.oracle.elements import Scope, element

    f, _ = element(parse_expression(text), Scope(arithmetic, {**draft.sizes, **_integers(draft)}, lambda n: None, lambda n: 0, frozenset()))
    return f({})


def _integers(draft: Draft) -> dict[str, int]:
    """The integer hyperparameters as they are when called."""
    return {n: int(draft.passed.get(n, draft.hyperparameters[n])) for n in ("shift", "step") if n in draft.hyperparameters}
