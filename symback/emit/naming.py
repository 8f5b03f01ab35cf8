"""Variables of a generated function: what they are called, and when a right-hand side is split over several."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from symback.emit.layout import INDENT, WIDTH, fits_opened
from symback.emit.numpy_text import COMPARISON, CONDITIONAL, Speller
from symback.emit.reuse import Made, made
from symback.emit.words import word_for
from symback.lower.arrays import Array, Kind

DEEPEST = 40
"""How deep a right-hand side may nest; what is deeper would not fit a line anyway."""
TRIVIAL = {Kind.ARGUMENT, Kind.SCALAR, Kind.BUFFER, Kind.PART}
FREE = {Kind.VIEW, Kind.TRANSPOSE}
POSTFIX = {Kind.VIEW, Kind.TRANSPOSE, Kind.RESHAPE, Kind.REDUCE, Kind.CAST, Kind.GATHER, Kind.WINDOWS}
"""Kinds that are written behind their operand."""


_PLAIN = ("slope", "position")
"""Names that are asked for, and that no declaration has."""


class Taken:
    """Names that are taken, and the number that each base has come to, so that no number is asked for twice."""

    def __init__(self, names: Iterable[str], invented: Iterable[str] = ()):
        self.names = set(names)
        self.numbers: dict[str, int] = {}
        self.invented = set(invented)  # those that no declaration has

    def free(self, base: str) -> str:
        """The name, with a number where it is taken; it is taken from now on."""
        name, k = base, self.numbers.get(base, 2)
        while name in self.names:
            name, k = (f"{base}{k}" if base[-1].isalpha() else f"{base}_{k}"), k + 1
            self.numbers[base] = k
        self.names.add(name)
        return name

    def release(self, name: str, base: str) -> None:
        """Make a name that `base` was given free again."""
        self.names.discard(name)
        self.numbers.pop(base, None)


@dataclass(slots=True)
class Schedule:
    """Statements of one function (or loop body) and the variables that they define; `indent`: how far they stand in."""

    names: dict[Array, str]
    taken: Taken
    lines: list[str] = field(default_factory=list)
    helpers: dict[str, None] = field(default_factory=dict)
    indent: int = INDENT
    made: dict[int, Made] = field(default_factory=dict)  # by line, what `define` knows of it

    def inner(self, levels: int) -> Schedule:
        """The schedule of a loop's body."""
        return Schedule(dict(self.names), self.taken, [], self.helpers, self.indent + 4 * levels)

    @property
    def width(self) -> int:
        return WIDTH - self.indent


Statements = Callable[[Schedule, Iterable[Array], Mapping[Array, str]], None]
"""Defines everything that some arrays need: `schedule.statements`."""


def define(schedule: Schedule, a: Array, hint: str | None = None) -> str:
    """`name = …`, long right-hand sides split."""
    word = hint or word_for(a, schedule.names, schedule.taken.invented)
    text = fitted(schedule, a, len(word) + (3 if hint else 5))  # " = ", and a number
    known = made(a, schedule.names, None if hint in _PLAIN else hint)
    name = named(schedule, a, hint, word)
    note(schedule, a)
    schedule.made[len(schedule.lines)] = known
    schedule.lines.append(f"{name} = {text}")
    return name


def named(schedule: Schedule, a: Array, hint: str | None = None, word: str = "") -> str:
    """The variable of an array from now on: `hint`, the name that its author gave it, or a `word` for what it is."""
    base = hint or word or word_for(a, schedule.names, schedule.taken.invented)
    name = schedule.taken.free(base)
    if hint is None or hint in _PLAIN:
        schedule.taken.invented.add(name)
    schedule.names[a] = name
    return name


def fitted(schedule: Schedule, a: Array, margin: int = 0, level: int = CONDITIONAL) -> str:
    """The text of an array; what makes it too long for a line is defined first, until it fits or one bracket is all that is left to open."""
    while True:
        text = Speller(schedule.names).text(a, level)
        victim = None
        if len(text) + margin > schedule.width:
            text = Speller(schedule.names).text(a, max(level, COMPARISON))
            victim = _longest_part(schedule, a, 12, schedule.width - 16)
            if victim is None and not fits_opened(text, schedule.width):
                victim = _operand_behind(schedule, a) or _longest_part(schedule, a, 0, len(text))
        if victim is None:
            note(schedule, a)
            return text
        define(schedule, victim)


def _operand_behind(schedule: Schedule, a: Array) -> Array | None:
    base = a.args[0] if a.kind in POSTFIX and a.args else None
    return base if base is not None and base not in schedule.names and base.kind not in TRIVIAL else None


def _longest_part(schedule: Schedule, a: Array, least: int, most: int) -> Array | None:
    """The part with the longest text between two lengths; a view counts with what it is taken from."""
    best, longest = None, least
    speller = Speller(schedule.names)
    stack = list(a.args)
    while stack:
        x = stack.pop()
        if x in schedule.names or x.kind in TRIVIAL:
            continue
        length = len(speller.text(x))
        if (x.kind not in FREE or not least) and longest < length < most:
            best, longest = x, length
        if not (x.kind is Kind.WHERE and x.args[0].element == "s"):  # one branch of a Python conditional is not worked out
            stack.extend(x.args)
    return best


def note(schedule: Schedule, a: Array) -> None:
    """Helpers and variables that the text of an array (not defined before) uses."""
    stack, seen = [a], set()
    while stack:
        x = stack.pop()
        if x in seen:
            continue
        seen.add(x)
        if x.kind is Kind.KERNEL and not x.data[0].startswith("np."):
            schedule.helpers.setdefault(x.data[0])
        if x.kind is Kind.PAD:
            schedule.helpers.setdefault("_padded")
        if x.kind is Kind.WINDOWS:
            schedule.helpers.setdefault("sliding_window_view")
        stack.extend(y for y in x.args if y not in schedule.names)


def post_order(roots: list[Array], known: Mapping[Array, str]) -> list[Array]:
    """Everything that the roots need and that is not known, operands first."""
    out: list[Array] = []
    seen: set[Array] = set()
    stack: list[tuple[Array, bool]] = [(r, False) for r in reversed(roots)]
    while stack:
        a, ready = stack.pop()
        if ready:
            out.append(a)
            continue
        if a in seen or a in known:
            continue
        seen.add(a)
        stack.append((a, True))
        stack.extend((x, False) for x in reversed(a.args))
    return out
