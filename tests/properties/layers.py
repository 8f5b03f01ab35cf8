"""A whole random layer: definitions, what they need declared, arrays to call it with."""

from __future__ import annotations

import numpy as np

from tests.oracle import MACHINE, BadLayer, drawn, evaluate, read_text
from tests.properties.calls import call, call_line
from tests.properties.case import Case, folder_of
from tests.properties.choices import Choices
from tests.properties.draft import ANY, POSITIVE, SIMPLEX, UNIT, Draft, Tensor, stem_of
from tests.properties.grammar import FORMS
from tests.properties.lines import (
    derived_line,
    dropout_line,
    indexed_line,
    integer_line,
    label_line,
    optimizer_lines,
    soft_target_line,
    state_lines,
    truth_line,
)
from tests.properties.recurrences import recurrence
from tests.properties.whole import whole_line

DIMENSIONS = ("N", "C", "D", "H", "S", "E", "I", "Q")
LARGEST_WORK = 4000


def random_case(choices: Choices) -> Case | None:
    """A layer with arrays, or None where the draft breaks a rule after all (a range that nothing settles)."""
    c = choices
    names = list(DIMENSIONS)
    sizes = {}
    for _ in range(c.integer(2, 4)):
        name = names.pop(c.integer(0, len(names) - 1))
        sizes[name] = c.weighted([(1, 1), (5, 2), (6, 3), (3, 4)])
    if c.chance(15):
        sizes["3"] = 3  # a dimension that is a number
    draft = Draft(c, sizes, FORMS)
    if c.chance(12):
        draft.leading = c.of([(), (2,), (2, 3), (1, 2)])
    depth = c.weighted([(3, 1), (5, 2), (3, 3)])
    for _ in range(c.weighted([(4, 1), (5, 2), (4, 3), (2, 4)])):
        c.weighted(_LINES)(draft, depth)
    if c.chance(6):
        _call_of_its_own(draft)
    return finished(draft)


def _call_of_its_own(draft: Draft) -> None:
    """A call of a layer from another file, as random as this one."""
    case = random_case(draft.choices)
    if case is None or case.mode != "train":
        return
    name = f"inner{len(case.files)}"
    text = case.text.replace("layer: random_layer", f"layer: {name}", 1)
    with folder_of(case.files) as folder:
        layer = read_text(text, "train", folder)
    if layer.wrt is not None or case.hyper or any(d.role in ("state", "random") for d in layer.tensors.values()) or "modes:" in text:
        return
    kinds = {n: _kind_of(v) for n, v in case.values.items()}
    draft.files |= {**case.files, name: text}
    call(draft, layer, name, kinds)


def _kind_of(values: np.ndarray) -> str:
    """How values like these are drawn."""
    if values.dtype.kind != "f" or not values.size:
        return ANY
    return POSITIVE if values.min() >= 0.5 and values.max() <= 2 else UNIT if abs(values).max() <= 0.9 else ANY


_LINES = (
    (12, indexed_line),
    (2, label_line),
    (1, integer_line),
    (1, truth_line),
    (4, whole_line),
    (5, recurrence),
    (3, call_line),
    (1, state_lines),
    (1, optimizer_lines),
    (1, dropout_line),
    (1, soft_target_line),
    (3, derived_line),
)


def words(text: str) -> set[str]:
    """The names in a text, without those of keywords."""
    out, word = set(), ""
    for ch, after in zip(text + " ", (text + "  ")[1:], strict=True):
        if ch.isalnum() or ch == "_":
            word += ch
        elif word:
            if ch != "=" or after == "=":
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
    _choose_wrt(draft)
    declared = [t for t in draft.tensors if t.name in _used(draft)]
    if any(_size(draft, s) < 0 for t in declared for s in t.shape if s != "..."):
        return None
    if any(t.values and _size(draft, t.values) < 1 for t in declared):  # no label fits
        return None
    values = _values(draft)
    for _ in range(12):
        text = written(draft)
        try:
            with folder_of(draft.files) as folder:
                for mode in ("train", "eval")[: 2 if draft.modes else 1]:
                    layer = read_text(text, mode, folder)
                    evaluate(layer, values | drawn(layer, values, draft.passed, np.random.default_rng(0)), draft.passed, MACHINE)
        except BadLayer as problem:
            if not _settled(draft, str(problem)):
                return None
        else:
            used = _used(draft)
            passed = {n: v for n, v in draft.passed.items() if n in used}
            mode = "eval" if draft.modes and draft.choices.chance(50) else "train"
            return Case(text, values, passed, mode, dict(draft.files))
    return None


def _targets(left: str) -> list[str]:
    """The names that a line defines; a call may define several."""
    return left.split(", ") if "[" not in left else [left.partition("[")[0]]


def _choose_wrt(draft: Draft) -> None:
    """Now and then only some of the tensors are differentiated, or none."""
    c = draft.choices
    used = _used(draft)
    names = [t.name for t in draft.tensors if t.name in used and t.role in ("inputs", "params") and t.grad and not t.values and not t.bool_]
    if c.chance(10) and names:
        draft.wrt = [n for n in names if c.chance(50)] if c.chance(60) else []


def _choose_outputs(draft: Draft) -> None:
    c = draft.choices
    targets = list(dict.fromkeys(t for k, _ in draft.where for t in _targets(k)))
    read = set().union(*[words(v) - set(_targets(k)) for k, v in draft.where], *[words(v) for _, v in draft.update])
    together: dict[str, set[str]] = {t: set().union(*[words(v) for k, v in draft.where if t in _targets(k)]) for t in targets}
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
    chosen = set(out)
    draft.outputs = [(k, v) for k, v in draft.where if chosen & set(_targets(k))]
    draft.where = [(k, v) for k, v in draft.where if reached & set(_targets(k)) and not chosen & set(_targets(k))]


def _lines(draft: Draft) -> list[tuple[str, str]]:
    return [*draft.where, *draft.outputs, *draft.update, *draft.modes]


def _used(draft: Draft) -> set[str]:
    used = set().union(*[words(k) | words(v) for k, v in _lines(draft)])
    shapes = set().union(*[words(s) for t in draft.tensors if t.name in used for s in (*t.shape, t.values or "")], set())
    used |= shapes | set().union(*[words(v) for i, v in draft.indices.items() if i in used], set())
    for dim in reversed(draft.derived):
        if dim in used:
            used |= words(draft.derived[dim])
    return used


def _ground_dimensions(draft: Draft) -> None:
    """Every dimension that is used is an axis of some input, the leading axes among them."""
    used = _used(draft)
    if any("..." in k or "..." in v for k, v in _lines(draft)) and not any("..." in t.shape for t in draft.tensors if t.name in used):
        t = draft.new_tensor(("...",))
        draft.outputs.append((draft.fresh("g"), f"Mean({t.name}[...]**2, ...)"))
    index_dims = {draft.dim_of(w) for w in used} - {None}
    axes = {s for t in draft.tensors if t.name in used and t.role in ("inputs", "params") for s in t.shape}
    for d in [d for d in draft.sizes if not d.isdigit() and d not in draft.derived]:
        if (d in used or d in index_dims) and d not in axes:
            t = draft.new_tensor((d,))
            draft.outputs.append((draft.fresh("g"), f"Sum({t.name}[{stem_of(d)}]**2, {stem_of(d)})"))


def _settled(draft: Draft, problem: str) -> bool:
    """Declares the range that the problem asks for."""
    if "no range for an axis" in problem:
        name = problem.split()[-1].removeprefix("next:")
        before = len(draft.indices)
        for k, _ in _lines(draft):
            if name in _targets(k):
                for i in words(k.partition("[")[2]):
                    _declare(draft, i)
        return len(draft.indices) > before
    if problem.startswith("no range for "):
        return _declare(draft, problem.split()[-1].partition("@")[0])
    return False


def _declare(draft: Draft, index: str) -> bool:
    dim = draft.dim_of(index)
    if dim is None or index in draft.indices:
        return False
    draft.indices[index] = dim
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
    section("use", [(n, f"{n}.yaml") for n in draft.files if n in named])
    if draft.modes:
        out.append("modes:\n  eval:" + ("\n    update: {}" if draft.update else ""))
        for kind, lines in (("where", draft.where), ("outputs", draft.outputs)):
            changed = [(k, v) for k, v in draft.modes if k in dict(lines)]
            if changed:
                out.append(f"    {kind}:")
                out.extend(f"      {k}: {v}" for k, v in changed)
    assumed = [a for a in draft.assume if words(a) & used_tensors(draft, used)]
    for t in draft.tensors:
        if t.kind in (POSITIVE, SIMPLEX) and t.name in used and t.role in ("inputs", "params") and t.shape and "..." not in t.shape:
            if len(t.name + t.shape[0]) % 2 and all(draft.dim_of(stem_of(d)) == d for d in t.shape) and len(set(t.shape)) == len(t.shape):
                assumed.append(f"{t.name}[{', '.join(stem_of(d) for d in t.shape)}] > 0")
    if assumed:
        out += ["assume:", *(f"  - {a}" for a in assumed)]
    if draft.wrt is not None:
        out.append(f"wrt: [{', '.join(draft.wrt)}]")
    return "\n".join(out) + "\n"


def used_tensors(draft: Draft, used: set[str]) -> set[str]:
    """The names of the tensors among the names used."""
    return {t.name for t in draft.tensors} & used


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
        labels = rng.integers(0, _size(draft, t.values), shape)
        return np.where(rng.random(shape) < 0.3, t.also, labels) if t.also is not None else np.asarray(labels)
    if t.bool_:
        return np.asarray(rng.random(shape) < 0.6)
    if t.kind == POSITIVE:
        return np.asarray(rng.uniform(0.5, 2.0, shape))
    if t.kind == UNIT:
        return np.asarray(rng.uniform(-0.9, 0.9, shape))
    if t.kind == SIMPLEX:
        weights = rng.uniform(0.2, 1.0, shape)
        return np.asarray(weights / weights.sum(-1, keepdims=True))
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
