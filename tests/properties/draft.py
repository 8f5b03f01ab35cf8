"""The layer being written: its dimensions, tensors and definitions so far, and what a form of expression may ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tests.properties.choices import Choices

ANY, POSITIVE, UNIT, SIMPLEX = "any", "positive", "unit", "simplex"
"""How a tensor's values are drawn: normal; in 0.5 … 2; within (-0.9, 0.9); positive with sum 1 along the last axis."""

Indices = dict[str, str]
"""The indices in scope, each with its dimension."""


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
    """The layer so far. `forms`: weight and writer of each kind of expression."""

    choices: Choices
    sizes: dict[str, int]
    forms: Mapping[str, tuple[int, Callable[[Draft, Indices, int], str]]] = field(default_factory=dict)
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
    wrt: list[str] | None = None
    files: dict[str, str] = field(default_factory=dict)  # layers that this one uses, by name

    def expression(self, indices: Indices, depth: int) -> str:
        """Any expression over the indices; values of moderate size."""
        if depth <= 0:
            return self.forms["leaf"][1](self, indices, 0)
        kind = self.choices.weighted([(weight, kind) for kind, (weight, _) in self.forms.items()])
        return self.forms[kind][1](self, indices, depth)

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

    def dim_of(self, index: str) -> str | None:
        """The dimension that an index of this name runs over."""
        for d in self.sizes:
            rest = index.removeprefix(stem_of(d))
            if rest != index and (rest == "" or rest in SUFFIXES or (rest[0] == "z" and rest[1:].isdigit())):
                return d
        return None


SUFFIXES = ("_", "a", "b", "c", "d", "e", "f", "g", "h")


def stem_of(dim: str) -> str:
    """The first letters of the indices over a dimension."""
    return "k" if dim.isdigit() else dim.lower()


def index_for(draft: Draft, dim: str, taken: Indices) -> str:
    """A name for an index over `dim`, not among those taken; reused from line to line, as people do."""
    stem = stem_of(dim)
    for suffix in SUFFIXES:
        if stem + suffix not in taken:
            return stem + suffix
    return draft.fresh(f"{stem}z")


def left_indices(draft: Draft, shape: tuple[str, ...]) -> Indices:
    """Names for the axes of a left-hand side."""
    out: Indices = {}
    for d in shape:
        if d == "...":
            out["..."] = "..."
        else:
            stem = stem_of(d)
            out[stem if stem not in out else index_for(draft, d, out)] = d
    return out


def left(name: str, indices: Indices) -> str:
    """The left-hand side of a definition."""
    return f"{name}[{', '.join(indices)}]" if indices else name


def random_shape(draft: Draft, most: int = 3) -> tuple[str, ...]:
    """A few of the dimensions, repeats allowed."""
    c = draft.choices
    rank = c.weighted([(3, 0), (6, 1), (6, 2), (2, 3)])
    return tuple(c.of(list(draft.sizes)) for _ in range(min(rank, most)))


def atom(text: str) -> str:
    """In parentheses unless it is one name, number, call or read."""
    depth = 0
    for k, ch in enumerate(text):
        depth += ch in "([" and 1 or 0
        depth -= ch in ")]" and 1 or 0
        if depth == 0 and (ch in " +-*/<>=&|~%" or (ch in ")]" and k < len(text) - 1)):
            return f"({text})"
    return text


def plain(indices: Indices) -> list[str]:
    """The names of the indices, without the leading axes."""
    return [i for i in indices if i != "..."]


def number_hyperparameter(draft: Draft) -> str:
    """`alpha`, `eps` or `scale`, a float; sometimes given when called."""
    c = draft.choices
    name = c.of(["alpha", "eps", "scale"])
    if name not in draft.hyperparameters:
        draft.hyperparameters[name] = {"alpha": "0.3", "eps": "1e-3", "scale": "1.5"}[name]
        if c.chance(30):
            draft.passed[name] = c.of([0.25, 1.75])
    return name


def integer_hyperparameter(draft: Draft) -> str:
    """`shift` or `step`, an integer that indices may use; sometimes given when called."""
    c = draft.choices
    name = c.of(["shift", "step"])
    if name not in draft.hyperparameters:
        draft.hyperparameters[name] = "2"
        if c.chance(50):
            draft.passed[name] = c.integer(1, 3)
    return name


def switch(draft: Draft) -> str:
    """`gentle` or `strict`, a truth value that conditions may use; sometimes given when called."""
    c = draft.choices
    name = c.of(["gentle", "strict"])
    if name not in draft.hyperparameters:
        draft.hyperparameters[name] = c.of(["true", "false"])
        if c.chance(50):
            draft.passed[name] = c.chance(50)
    return name


def random_tensor(draft: Draft, shape: tuple[str, ...]) -> Tensor:
    """A tensor that forward draws."""
    dist = draft.choices.of(["bernoulli(0.7)", "bernoulli(1/3)", "uniform(-1, 2)", "normal(0, 1)", "normal(0.5, 2)"])
    tensor = Tensor(draft.fresh("noise"), shape, role="random", kind=dist)
    draft.tensors.append(tensor)
    return tensor


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
