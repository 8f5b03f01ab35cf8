"""Random scalar expressions in index notation, safe in their domains.

A `Draft` holds the layer being written: dimensions, tensors, definitions so far. Expressions are text. Each generator takes the indices in
scope (name -> dimension) and a depth; `positive` gives values above 0.1 or so, `bounded` within (-1, 1).
"""

from __future__ import annotations

from dataclasses import dataclass, field

from tests.properties.choices import Choices

ANY, POSITIVE, UNIT = "any", "positive", "unit"
SMOOTH = ("tanh", "sin", "cos", "sigmoid", "atan", "softplus", "erf", "asinh")


@dataclass
class Tensor:
    """A tensor that may be read. `shape` holds dimension names or integers; kind is how its values are drawn."""

    name: str
    shape: tuple[str, ...]
    kind: str = ANY
    role: str = "inputs"
    outside: str | None = None
    values: str | None = None
    also: int | None = None
    bool_: bool = False
    grad: bool = True


@dataclass
class Draft:
    """The layer so far."""

    choices: Choices
    sizes: dict[str, int]
    tensors: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)  # definitions, readable like tensors
    labels: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)  # integer definitions: name, shape, range
    hyperparameters: dict[str, str] = field(default_factory=dict)
    derived: dict[str, str] = field(default_factory=dict)
    indices: dict[str, str] = field(default_factory=dict)
    where: list[tuple[str, str]] = field(default_factory=list)
    outputs: list[tuple[str, str]] = field(default_factory=list)
    update: list[tuple[str, str]] = field(default_factory=list)
    assume: list[str] = field(default_factory=list)
    counter: dict[str, int] = field(default_factory=dict)
    leading: tuple[int, ...] | None = None
    passed: dict[str, object] = field(default_factory=dict)  # hyperparameters that are given when called
    modes: list[tuple[str, str]] = field(default_factory=list)  # lines that mode `eval` replaces

    def fresh(self, stem: str) -> str:
        """A name that nothing has."""
        self.counter[stem] = self.counter.get(stem, -1) + 1
        n = self.counter[stem]
        return f"{stem}{n}"

    def size(self, dim: str) -> int:
        """The size of a dimension."""
        return int(dim) if dim.isdigit() else self.sizes[dim]

    def new_tensor(self, shape: tuple[str, ...], **options: object) -> Tensor:
        """A declared tensor of that shape."""
        c = self.choices
        role = (
            "params"
            if options.pop("may_train", True) and c.chance(30) and not options.get("values") and not options.get("bool_")
            else "inputs"
        )
        stem = "t" if options.get("values") else "m" if options.get("bool_") else "w" if role == "params" else "x"
        tensor = Tensor(self.fresh(stem), shape, role=role, **options)
        if role == "inputs" and not tensor.values and not tensor.bool_ and c.chance(8):
            tensor.grad = False
        self.tensors.append(tensor)
        return tensor


Indices = dict[str, str]


def index_for(draft: Draft, dim: str, taken: Indices) -> str:
    """A name for an index over `dim`, not among those taken; reused from line to line, as people do."""
    stem = dim.lower() if dim.isalpha() else "k"
    for name in (f"{stem}_", f"{stem}a", f"{stem}b", f"{stem}c", f"{stem}d", f"{stem}e", f"{stem}f", f"{stem}g", f"{stem}h"):
        if name not in taken:
            return name
    return draft.fresh(f"{stem}z")


def integer_hyperparameter(draft: Draft) -> str:
    """`shift` or `step`, an integer that indices may use; sometimes given when called."""
    c = draft.choices
    name = c.of(["shift", "step"])
    if name not in draft.hyperparameters:
        draft.hyperparameters[name] = "2"
        if c.chance(50):
            draft.passed[name] = c.integer(1, 3)
    return name


def random_tensor(draft: Draft, shape: tuple[str, ...]) -> Tensor:
    """A tensor that forward draws."""
    dist = draft.choices.of(["bernoulli(0.7)", "bernoulli(1/3)", "uniform(-1, 2)", "normal(0, 1)", "normal(0.5, 2)"])
    tensor = Tensor(draft.fresh("noise"), shape, role="random", kind=dist)
    draft.tensors.append(tensor)
    return tensor


def dims_of(draft: Draft, indices: Indices) -> list[str]:
    return list(dict.fromkeys(d for d in indices.values() if d != "..."))


# ------------------------------------------------------------------------------------------------ leaves


def leaf(draft: Draft, indices: Indices, kind: str = ANY) -> str:
    """A read of a tensor or of an earlier definition at the indices in scope."""
    c = draft.choices
    if kind == ANY and draft.values and c.chance(35):
        text = read_value(draft, indices)
        if text is not None:
            return text
    names = [i for i in indices if c.chance(65)][:3]
    if not names and indices and c.chance(80):
        names = [c.of(list(indices))]
    if kind == ANY and c.chance(2) and "..." not in names:
        noise = random_tensor(draft, tuple(indices[i] for i in names))
        return f"{noise.name}[{', '.join(names)}]" if names else noise.name
    if "..." in names:
        names.remove("...")
        names.insert(0, "...")
    positions, shape = [], []
    special: dict[str, object] = {}
    for i in names:
        position, dim = axis(draft, i, indices, special)
        positions.append(position)
        shape.append(dim)
    tensor = find_tensor(draft, tuple(shape), kind, special)
    return f"{tensor.name}[{', '.join(positions)}]" if positions else tensor.name


def find_tensor(draft: Draft, shape: tuple[str, ...], kind: str, special: dict[str, object]) -> Tensor:
    """An existing tensor that fits, or a new one."""
    fits = [
        t
        for t in draft.tensors
        if t.shape == shape
        and t.kind == kind
        and not t.values
        and not t.bool_
        and t.role in ("inputs", "params")
        and t.outside == special.get("outside")
    ]
    if fits and draft.choices.chance(55):
        return draft.choices.of(fits)
    return draft.new_tensor(shape, kind=kind, **special)


def axis(draft: Draft, i: str, indices: Indices, special: dict[str, object]) -> tuple[str, str]:
    """(position, dimension of the axis) for one axis, mostly the index alone."""
    c, d = draft.choices, indices[i]
    if i == "..." or c.chance(70):
        return i, d
    others = [j for j in indices if j not in (i, "...")]
    options = [
        (3, "reversed"), (3, "label"), (2, "constant"), (2, "clamped"), (2, "rolled"), (2, "halved"), (3, "strided"), (2, "offset"),
        (2 if others else 0, "window"), (2, "outside"), (1, "resampled"), (2 if draft.labels else 0, "found"), (2, "hyper"),
    ]  # fmt: skip
    match c.weighted([o for o in options if o[0]]):
        case "reversed":
            return f"{d} - 1 - {i}", d
        case "label":
            other = c.of(list(draft.sizes))
            return label(draft, (i,), (d,), other), other
        case "constant":
            other = c.of(list(draft.sizes))
            return c.of(["0", f"{other} - 1"]), other
        case "clamped":
            return c.of([f"Max({i} - 1, 0)", f"Min({i} + 1, {d} - 1)", f"Min({i}, {d} - 1 - {i})"]), d
        case "rolled":
            return c.of([f"({i} + 1) % {d}", f"({i} + {d}//2) % {d}", f"({i} + {d} - 1) % {d}"]), d
        case "halved":
            return f"{i}//2", d
        case "strided":
            k = c.integer(2, 3)
            return f"{k}*{i} + {c.integer(0, k - 1)}", f"{k}*{d}"
        case "offset":
            k = c.integer(1, 2)
            return c.of([f"{i} + {k}", f"{k} + {i}", f"{d} + {k} - 1 - {i}", f"{i}"]), f"{d} + {k}"
        case "window":
            j = c.of(others)
            if "outside" in special:
                return i, d
            return window(draft, i, j, d, indices[j])
        case "outside":
            special["outside"] = "0"
            offset = c.of([f"{i} - 1", f"{i} + 1", f"2*{i} - 1", f"{d} - {i}", f"{i} - {d}//2"])
            if others and c.chance(40):
                offset += f" + {c.of(others)}"
            return offset, d
        case "resampled":
            other = c.of(list(draft.sizes))
            return c.of([f"floor({i}*{other}/{d})", f"{i}*{other}//{d}"]), other
        case "found":
            name, shape, values = c.of(draft.labels)
            where = [c.of([j for j in indices if indices[j] == s] or ["0"]) for s in shape]
            return (f"{name}[{', '.join(where)}]" if where else name), values
        case _:
            h = integer_hyperparameter(draft)
            return c.of(
                [(f"({i} + {h}) % {d}", d), (f"{h}*{i}", f"{h}*{d}"), (f"{i} + {h}", f"{d} + {h}"), (f"{h}*{i} + {h} - 1", f"{h}*{d}")]
            )


def window(draft: Draft, i: str, j: str, d: str, e: str) -> tuple[str, str]:
    """A sliding, strided, dilated or merged read by two indices."""
    match draft.choices.integer(0, 3):
        case 0:
            return f"{i} + {j}", f"{d} + {e} - 1"
        case 1:
            return f"2*{i} + {j}", f"2*{d} + {e} - 2"
        case 2:
            return f"{i}*{e} + {j}", f"{d}*{e}"
        case _:
            return f"{i} + {e} - 1 - {j}", f"{d} + {e} - 1"


def label(draft: Draft, names: tuple[str, ...], shape: tuple[str, ...], values: str) -> str:
    """An integer tensor's element, in 0 … values-1."""
    fits = [t for t in draft.tensors if t.values == values and t.shape == shape and t.also is None]
    tensor = draft.choices.of(fits) if fits and draft.choices.chance(60) else draft.new_tensor(shape, values=values)
    return f"{tensor.name}[{', '.join(names)}]"


def mask(draft: Draft, indices: Indices) -> str:
    """A bool tensor's element."""
    names = [i for i in indices if draft.choices.chance(60)][:2]
    if "..." in names:
        names.remove("...")
        names.insert(0, "...")
    shape = tuple(indices[i] for i in names)
    fits = [t for t in draft.tensors if t.bool_ and t.shape == shape]
    tensor = draft.choices.of(fits) if fits and draft.choices.chance(60) else draft.new_tensor(shape, bool_=True)
    return f"{tensor.name}[{', '.join(names)}]" if names else tensor.name


def read_value(draft: Draft, indices: Indices) -> str | None:
    """A read of an earlier definition, where the scope has the indices for it."""
    c = draft.choices
    value = c.of(draft.values)
    positions = []
    for d in value.shape:
        here = [i for i in indices if indices[i] == d]
        if not here:
            if d == "...":
                return None
            positions.append(c.of(["0", f"{d} - 1"]))
        elif d != "..." and c.chance(15):
            i = c.of(here)
            positions.append(c.of([f"{d} - 1 - {i}", f"Max({i} - 1, 0)", f"({i} + 1) % {d}"]))
        else:
            positions.append(c.of(here))
    return f"{value.name}[{', '.join(positions)}]" if positions else value.name


# ------------------------------------------------------------------------------------------------ numbers


def constant(draft: Draft) -> str:
    c = draft.choices
    if c.chance(15):
        name = c.of(["alpha", "eps", "scale"])
        if name not in draft.hyperparameters:
            draft.hyperparameters[name] = {"alpha": "0.3", "eps": "1e-3", "scale": "1.5"}[name]
            if c.chance(30):
                draft.passed[name] = c.of([0.25, 1.75])
        return name
    return c.of(["2", "3", "0.5", "1/3", "1.25", "0.1", "pi/4", "1e-2", "7/4", "-1"])


def position_number(draft: Draft, indices: Indices) -> str:
    """An index or a dimension as a number."""
    c = draft.choices
    names = [i for i in indices if i != "..."]
    if names and c.chance(60):
        i = c.of(names)
        d = indices[i]
        return c.of([f"({i} + 1)/{d}", f"{i}/{d}", f"10**(-{i}/{d})", f"({i} - {d}/2)/{d}"])
    d = c.of(list(draft.sizes))
    return c.of([f"1/{d}", f"{d}/({d} + 1)", f"sqrt({d})"])


def condition(draft: Draft, indices: Indices, depth: int) -> str:
    """A truth value."""
    c = draft.choices
    names = [i for i in indices if i != "..."]
    options = [
        (3, "values"),
        (2, "mask"),
        (4 if names else 0, "index"),
        (2 if len(names) > 1 else 0, "pair"),
        (1, "label"),
        (2 if depth > 0 else 0, "both"),
    ]
    match c.weighted([o for o in options if o[0]]):
        case "values":
            return f"{expression(draft, indices, 0)} {c.of(['>', '<', '>=', '<='])} {c.of(['0', '0.3', leaf(draft, indices)])}"
        case "mask":
            return c.of(["", "", "~"]) + mask(draft, indices)
        case "index":
            i = c.of(names)
            d = indices[i]
            return c.of(
                [
                    f"{i} > 0",
                    f"{i} < {d} - 1",
                    f"Eq({i}, 0)",
                    f"Ne({i}, {d} - 1)",
                    f"Eq({i} % 2, 0)",
                    f"1 <= {i} <= {d} - 2",
                    f"not {i} == 1",
                ]
            )
        case "pair":
            i, j = c.of(names), c.of(names)
            return f"{i} {c.of(['<=', '<', '>='])} {j}" if i != j else f"{i} >= 1"
        case "label":
            if names:
                i = c.of(names)
                return f"{label(draft, (i,), (indices[i],), c.of(list(draft.sizes)))} {c.of(['>', '<='])} 0"
            return "pi > 3"
        case _:
            a, b = condition(draft, indices, depth - 1), condition(draft, indices, depth - 1)
            return c.of([f"({a}) & ({b})", f"({a}) | ({b})", f"({a}) and not ({b})"])


# ------------------------------------------------------------------------------------------------ expressions


def expression(draft: Draft, indices: Indices, depth: int) -> str:
    """Any expression; values of moderate size."""
    if depth <= 0:
        return leaf(draft, indices)
    c = draft.choices
    kind = c.weighted(
        [
            (10, "leaf"), (12, "sum"), (14, "product"), (5, "quotient"), (14, "smooth"), (4, "corner"), (3, "root"), (3, "power"), (3, "log"),
            (12, "reduction"), (8, "contraction"), (5, "pairwise"), (5, "softmax"), (4, "partial"), (6, "piecewise"), (3, "extremum"), (3, "number"), (2, "masked"),
            (1, "delta"), (1, "stopped"), (5, "special"), (2, "guarded"), (2, "ignored"),
        ]
    )  # fmt: skip
    return _FORMS[kind](draft, indices, depth)


def _sum(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    a, b = expression(draft, indices, depth - 1), expression(draft, indices, depth - 1)
    return f"({a} {c.of('+-')} {b})"


def _product(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    a = bounded(draft, indices, depth - 1) if depth > 1 else leaf(draft, indices)
    b = constant(draft) if c.chance(25) else expression(draft, indices, depth - 1)
    return f"{_atom(a)}*{_atom(b)}"


def _atom(text: str) -> str:
    """In parentheses unless it is one name, number, call or read."""
    depth = 0
    for k, ch in enumerate(text):
        depth += ch in "([" and 1 or 0
        depth -= ch in ")]" and 1 or 0
        if depth == 0 and (ch in " +-*/<>=&|~%" or (ch in ")]" and k < len(text) - 1)):
            return f"({text})"
    return text


def _quotient(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{_atom(expression(draft, indices, depth - 1))}/{_atom(positive(draft, indices, depth - 1))}"


def _smooth(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{draft.choices.of(SMOOTH)}({expression(draft, indices, depth - 1)})"


def _corner(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{draft.choices.of(['relu', 'Abs', 'relu'])}({expression(draft, indices, depth - 1)})"


def _root(draft: Draft, indices: Indices, depth: int) -> str:
    c, p = draft.choices, positive(draft, indices, depth - 1)
    return c.of([f"sqrt({p})", f"1/sqrt({p})", f"{_atom(p)}**(1/3)", f"{_atom(p)}**-0.5", f"{_atom(p)}**1.5"])


def _power(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{_atom(bounded(draft, indices, depth - 1))}**{draft.choices.of(['2', '3', '4'])}"


def _log(draft: Draft, indices: Indices, depth: int) -> str:
    c, p = draft.choices, positive(draft, indices, depth - 1)
    return c.of([f"log({p})", f"log({p})", f"log1p({p})", f"log(1 + exp({expression(draft, indices, depth - 1)}))"])


def bind(draft: Draft, indices: Indices, count: int = 1) -> tuple[list[str], Indices]:
    """New bound indices and the scope inside."""
    c = draft.choices
    inner, names = dict(indices), []
    alike = c.chance(40)
    for _ in range(count):
        dim = inner[names[0]] if alike and names else c.of(list(draft.sizes))
        i = index_for(draft, dim, inner)
        if c.chance(6) and any(indices.get(j) == dim for j in indices):  # a reused name: the inner binding counts
            i = c.of([j for j in indices if indices[j] == dim])
            if i in names:
                continue
        inner[i] = dim
        names.append(i)
    return names, inner


def _reduction(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    kind = c.weighted([(6, "Sum"), (6, "Mean"), (2, "Prod"), (3, "Amax"), (2, "Amin"), (3, "Var"), (3, "LogSumExp"), (2, "Norm")])
    if "..." in indices and c.chance(10):
        return expression(draft, indices, depth - 1)
    names, inner = bind(draft, indices, 2 if kind in ("Sum", "Mean", "Prod", "Amax", "Amin") and c.chance(25) else 1)
    body = bounded(draft, inner, depth - 1) if kind == "Prod" else expression(draft, inner, depth - 1)
    if kind == "Norm" and c.chance(50):
        return f"sqrt(Sum({_atom(body)}**2, {names[0]}) + 0.01)"
    return f"{kind}({body}, {', '.join(names)})"


def _contraction(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    names, inner = bind(draft, indices, 2 if c.chance(20) else 1)
    factors = [leaf(draft, inner) for _ in range(c.integer(2, 3))]
    if c.chance(25):
        factors.append(bounded(draft, inner, depth - 2))
    body = "*".join(_atom(f) for f in factors)
    return f"Sum({body}, {', '.join(names)})"


def _pairwise(draft: Draft, indices: Indices, depth: int) -> str:
    """Rows of one tensor against rows of another (or the same), over one dimension: distances, graph attention, bilinear forms."""
    c = draft.choices
    d, e = c.of(list(draft.sizes)), c.of(list(draft.sizes))
    free = [i for i in indices if indices[i] == d and i != "..."]
    inner = dict(indices)
    pair = free[:2]
    bound = []
    while len(pair) < 2:
        i = index_for(draft, d, inner)
        inner[i] = d
        bound.append(i)
        pair.append(i)
    i, j = pair if c.chance(70) else pair[::-1]
    k = index_for(draft, e, inner)
    a, w = find_tensor(draft, (d, e), ANY, {}), find_tensor(draft, (d, d), ANY, {})
    b = a if c.chance(50) else find_tensor(draft, (d, e), ANY, {})
    match c.integer(0, 4):
        case 0:
            score = f"Sum(({a.name}[{i}, {k}] - {b.name}[{j}, {k}])**2, {k})"
        case 1:
            score = f"Sum({a.name}[{i}, {k}]*{b.name}[{j}, {k}], {k})"
        case 2:
            u, v = find_tensor(draft, (e,), UNIT, {}), find_tensor(draft, (e,), UNIT, {})
            score = f"(Sum({a.name}[{i}, {k}]*{u.name}[{k}], {k}) + Sum({b.name}[{j}, {k}]*{v.name}[{k}], {k}))"
        case 3:
            score = f"({w.name}[{i}, {j}] + {w.name}[{j}, {i}])*{a.name}[{i}, 0]"
        case _:
            score = f"Sum({a.name}[{i}, {k}]*{w.name}[{i}, {j}]*{b.name}[{j}, {k}], {k})"
    score = c.of([score, f"tanh({score})", f"exp(-softplus({score}))", f"{w.name}[{j}, {i}]*{score}"])
    return f"Sum({score}, {', '.join(bound)})" if bound else score


def _softmax(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    names = [i for i in indices if i != "..."]
    if not names:
        return _reduction(draft, indices, depth)
    i = c.of(names)
    score = expression(draft, indices, depth - 1)
    form = c.integer(0, 3)
    if form == 0:
        return f"Softmax({score}, {i})"
    if form == 1:
        return f"LogSoftmax({score}, {i})"
    k = index_for(draft, indices[i], indices)
    inner = renamed(score, i, k)
    weights = f"exp({score})/Sum(exp({inner}), {k})"
    return weights if form == 2 else f"log({weights})"


def renamed(text: str, old: str, new: str) -> str:
    """The text with one index written otherwise (bound reuses of the name among them, which is harmless)."""
    out, word = [], ""
    for ch in text + " ":
        if ch.isalnum() or ch == "_":
            word += ch
        else:
            out.append((new if word == old else word) + ch)
            word = ""
    return "".join(out)[:-1]


def _partial(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    names = [i for i in indices if i != "..."]
    if not names:
        return _reduction(draft, indices, depth)
    i = c.of(names)
    d = indices[i]
    j = index_for(draft, d, indices)
    limits = c.of(
        [
            f"({j}, 0, {i})",
            f"({j}, 0, {i})",
            f"({j}, 0, {i} - 1)",
            f"({j}, {i}, {d} - 1)",
            f"({j}, {i} + 1, {d} - 1)",
            f"({j}, 0, {d} - 1)",
            f"({j}, Max({i} - 1, 0), {i})",
        ]
    )
    may_be_empty = " - 1)" in limits and "0, " in limits or "+ 1" in limits
    kinds = ["Sum", "Sum", "Prod"] if may_be_empty else ["Sum", "Sum", "Mean", "Prod", "Amax", "LogSumExp"]
    kind = c.of(kinds)
    inner = {**indices, j: d}
    body = bounded(draft, inner, depth - 1) if kind == "Prod" else expression(draft, inner, depth - 1)
    return f"{kind}({body}, {limits})"


def _piecewise(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    pairs = [f"({expression(draft, indices, depth - 1)}, {condition(draft, indices, 1)})" for _ in range(c.integer(1, 2))]
    last = c.of(["0", expression(draft, indices, depth - 1)])
    return f"Piecewise({', '.join(pairs)}, ({last}, True))"


def _extremum(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    a = expression(draft, indices, depth - 1)
    return c.of(
        [
            f"Max({a}, 0.2)",
            f"Min({a}, 0.7)",
            f"Min(Max({a}, -0.6), 0.9)",
            f"Max({a}, {leaf(draft, indices)})",
            f"Min({a}, {leaf(draft, indices)}, 1)",
        ]
    )


def _number(draft: Draft, indices: Indices, depth: int) -> str:
    return position_number(draft, indices)


def _masked(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{mask(draft, indices)}*{_atom(expression(draft, indices, depth - 1))}"


def _delta(draft: Draft, indices: Indices, depth: int) -> str:
    names = [i for i in indices if i != "..."]
    if not names:
        return constant(draft)
    i = draft.choices.of(names)
    same = [j for j in names if indices[j] == indices[i] and j != i]
    other = draft.choices.of(same) if same else f"{indices[i]} - 1"
    return f"KroneckerDelta({i}, {other})*{_atom(expression(draft, indices, depth - 1))}"


def _stopped(draft: Draft, indices: Indices, depth: int) -> str:
    return f"stop_gradient({expression(draft, indices, depth - 1)})"


def _special(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    p, b = positive(draft, indices, depth - 1), bounded(draft, indices, depth - 1)
    return c.of(
        [
            f"loggamma({p})", f"digamma({p})", f"erfc({b})", f"atan2({b}, {p})", f"asin({b})", f"acos({b})", f"atanh({b})", f"sinh({b})", f"tan({b})",
            f"cosh({b})", f"expm1({b})", f"acosh(1 + {_atom(p)})", f"log(cosh({b}))", f"{_atom(p)}**{_atom(b)}", f"floor({b})", f"sign({b})", f"{_atom(p)}*log({p})",
        ]
    )  # fmt: skip


def _guarded(draft: Draft, indices: Indices, depth: int) -> str:
    """A read beyond the range that a condition keeps inside."""
    c = draft.choices
    names = [i for i in indices if i != "..."]
    if not names:
        return leaf(draft, indices)
    i = c.of(names)
    d = indices[i]
    tensor = find_tensor(draft, (d,), ANY, {})
    other = c.of(["0", leaf(draft, indices)])
    back, ahead = f"({tensor.name}[{i} - 1], {i} > 0)", f"({tensor.name}[{i} + 1], {i} + 1 <= {d} - 1)"
    chained = f"({tensor.name}[{i} - 2], 0 <= {i} - 2 <= {d} - 1)"
    return f"Piecewise({c.of([back, ahead, chained])}, ({other}, True))"


def _ignored(draft: Draft, indices: Indices, depth: int) -> str:
    """Labels with a value besides, excluded by a condition (`ignore_index`)."""
    names = [i for i in indices if i != "..."]
    if not names:
        return leaf(draft, indices)
    i = draft.choices.of(names)
    d, v = indices[i], draft.choices.of(list(draft.sizes))
    t = draft.new_tensor((d,), values=v, also=-100)
    w = find_tensor(draft, (v,), ANY, {})
    return f"Piecewise(({w.name}[{t.name}[{i}]], Ne({t.name}[{i}], -100)), (0, True))"


def positive(draft: Draft, indices: Indices, depth: int) -> str:
    """An expression above zero."""
    c = draft.choices
    if depth <= 0:
        return leaf(draft, indices, POSITIVE) if c.chance(60) else f"({leaf(draft, indices)}**2 + 0.5)"
    kind = c.integer(0, 9)
    inside = lambda: expression(draft, indices, depth - 1)  # noqa: E731
    match kind:
        case 0:
            return f"exp({bounded(draft, indices, depth - 1)})"
        case 1:
            return f"(softplus({inside()}) + 0.1)"
        case 2:
            return f"({_atom(inside())}**2 + 0.5)"
        case 3:
            return f"(1 + Abs({inside()}))"
        case 4:
            return f"sqrt({positive(draft, indices, depth - 1)})"
        case 5:
            return f"{_atom(positive(draft, indices, depth - 1))}*{_atom(positive(draft, indices, depth - 1))}"
        case 6:
            return f"({positive(draft, indices, depth - 1)} + {positive(draft, indices, depth - 1)})"
        case 7:
            names, inner = bind(draft, indices)
            return f"{c.of(['Mean', 'Amax', 'Sum'])}({positive(draft, inner, depth - 1)}, {names[0]})"
        case 8:
            names, inner = bind(draft, indices)
            return f"(Var({expression(draft, inner, depth - 1)}, {names[0]}) + 0.1)"
        case _:
            return leaf(draft, indices, POSITIVE)


def bounded(draft: Draft, indices: Indices, depth: int) -> str:
    """An expression within (-1, 1)."""
    c = draft.choices
    if depth <= 0:
        return leaf(draft, indices, UNIT) if c.chance(50) else f"tanh({leaf(draft, indices)})"
    inside = expression(draft, indices, depth - 1)
    return c.of(
        [
            f"tanh({inside})",
            f"(0.9*sin({inside}))",
            f"(sigmoid({inside}) - 0.5)",
            f"(0.9*erf({inside}))",
            f"({_atom(inside)}/(1 + {_atom(inside)}**2))",
        ]
    )


_FORMS = {
    "leaf": lambda draft, indices, depth: leaf(draft, indices),
    "sum": _sum, "product": _product, "quotient": _quotient, "smooth": _smooth, "corner": _corner, "root": _root, "power": _power, "log": _log,
    "reduction": _reduction, "contraction": _contraction, "pairwise": _pairwise, "softmax": _softmax, "partial": _partial, "piecewise": _piecewise, "extremum": _extremum,
    "number": _number, "masked": _masked, "delta": _delta, "stopped": _stopped, "special": _special, "guarded": _guarded, "ignored": _ignored,
}  # fmt: skip
