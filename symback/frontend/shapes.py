"""The shape of every value of one mode, found by passing sizes from line to line; calls add their lines on the way."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from symback.core.diagnostics import Span
from symback.core.expr import Node, text
from symback.core.program import Tensor
from symback.frontend import calls, whole
from symback.frontend.arguments import Argument
from symback.frontend.faults import Faults, stop
from symback.frontend.kinds import names_read
from symback.frontend.layer import Layer
from symback.frontend.order import components
from symback.frontend.ranges import LEADING_NAME, Indices, borrow, check_rank, indices_of, settle
from symback.frontend.roots import base_scope
from symback.frontend.scope import Entry, Grade, Known, Scope
from symback.frontend.sizes import same_size
from symback.frontend.suggestions import how_to_give_a_range
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import REDUCTIONS

MAX_ENTRIES = 6_000


def is_whole_form(entry: Entry) -> bool:
    """Whether a line is written on whole tensors: no brackets on the left, no index on the right."""
    if entry.positions is not None:
        return False
    return not any(s.form is Form.SUBSCRIPT or (s.form is Form.CALL and s.value in REDUCTIONS) for s in walk(entry.value))


class Shapes:
    """Finds all shapes. After `run`, `entries` holds every line, those of called layers among them."""

    def __init__(self, entries: list[Entry], known: Known, taken: set[str], faults: Faults):
        self.known, self.faults, self.taken = known, faults, taken
        self.entries: list[Entry] = []
        self.indices: dict[int, Indices] = {}
        self.readers: dict[str, list[Entry]] = {}
        self.queue: deque[Entry] = deque()
        self.queued: set[int] = set()
        self.open: dict[int, Entry] = {}
        self.broken: set[str] = set()
        self.random: list[Tensor] = []
        self.bases: dict[int, tuple[Scope, tuple[tuple[str, Node], ...]]] = {}
        self.passed: list[tuple[Argument, Span | None]] = []
        for entry in entries:
            self.introduce(entry)

    # ----------------------------------------------------------------------------------- the queue

    def introduce(self, entry: Entry) -> None:
        """Take in a line: the axes of what it defines are unknown but for their number."""
        if len(self.entries) >= MAX_ENTRIES:
            stop("E510", f"the layer and what it calls have more than {MAX_ENTRIES} definitions", entry.span, "call fewer layers")
        self.entries.append(entry)
        self.open[id(entry)] = entry
        if self.faults.attempt_within(entry.scope.called_from, self.declare_rank, entry) is None:
            self.fail(entry)
            return
        if not calls.is_call(entry) and not is_whole_form(entry):
            found = self.faults.attempt_within(entry.scope.called_from, indices_of, entry, self.known)
            if found is None:
                self.fail(entry)
                return
            self.indices[id(entry)] = found
        for name in dict.fromkeys(
            entry.scope.names[s.value] for s in walk(entry.value) if s.form in (Form.NAME, Form.SUBSCRIPT) and s.value in entry.scope.names
        ):
            self.readers.setdefault(name, []).append(entry)
        self.readers.setdefault(entry.target, []).append(entry)
        self.wake(entry)

    def declare_rank(self, entry: Entry) -> bool:
        """Record how many axes a definition has; True always (None is a fault)."""
        if entry.update and entry.target not in self.known.shapes:
            self.known.shapes[entry.target] = list(self.known.shapes[entry.update])
            self.known.places[entry.target] = self.known.places.get(entry.update)
        if entry.positions is None:
            if not is_whole_form(entry):
                self.known.shapes.setdefault(entry.target, [])
                self.known.places.setdefault(entry.target, entry.span)
            return True
        sizes: list[Node | None] = []
        for p in entry.positions:
            sizes.extend(entry.scope.leading or () if p.form is Form.ELLIPSIS else (None,))
        shape = self.known.shapes.setdefault(entry.target, sizes)
        self.known.places.setdefault(entry.target, entry.span)
        if len(shape) != len(sizes):
            stop(
                "E418",
                f"`{entry.line.targets[0]}` is defined with {len(shape)} axes and with {len(sizes)}",
                entry.span,
                "",
                (self.known.places[entry.target], "the other definition"),
            )
        return True

    def base(self, callee: Layer) -> tuple[Scope, tuple[tuple[str, Node], ...]]:
        """The scope of a called layer by itself, and its derived dimensions; found once."""
        if id(callee) not in self.bases:
            self.bases[id(callee)] = base_scope(callee, Faults())
        return self.bases[id(callee)]

    def draw(self, name: str, tensor: Tensor) -> None:
        """Take in a tensor that a called layer draws."""
        tensor = replace(tensor, name=name)
        self.random.append(tensor)
        self.known.tensors[name] = tensor
        self.known.shapes[name] = list(tensor.shape)
        self.known.grades[name] = Grade.FLOAT

    def wake(self, entry: Entry) -> None:
        if id(entry) not in self.queued and id(entry) in self.open:
            self.queued.add(id(entry))
            self.queue.append(entry)

    def fail(self, entry: Entry) -> None:
        self.open.pop(id(entry), None)
        self.broken.add(entry.target)
        self.broken.update(entry.scope.names.get(t, t) for t in entry.line.targets)

    def run(self) -> None:
        """Settle every line. Faults are collected."""
        self.require_general_lines()
        while True:
            while self.queue:
                entry = self.queue.popleft()
                self.queued.discard(id(entry))
                if self.faults.attempt_within(entry.scope.called_from, self.step, entry) is None:
                    self.fail(entry)
            if not self.borrowed():
                break
        self.complain()

    def require_general_lines(self) -> None:
        """A fault for each value that only has lines with a number on the left."""
        general = {
            e.target for e in self.entries if e.positions is None or id(e) not in self.indices or all(_is_free(p, e) for p in e.positions)
        }
        for entry in list(self.open.values()):
            if entry.target not in general and entry.target not in self.broken:
                self.faults.add(
                    "E604",
                    f"`{entry.line.targets[0]}` has starts but no line for its other steps",
                    entry.span,
                    "add the general line: `h[t, n]: …`",
                )
                self.fail(entry)

    def step(self, entry: Entry) -> bool:
        """Go as far with a line as the known shapes allow; True always (None is a fault)."""
        if calls.is_call(entry):
            if calls.is_ready(entry, self.known):
                self.open.pop(id(entry))
                calls.instantiate(entry, self)
        elif is_whole_form(entry):
            shape = whole.shape_of(entry, self.known)
            if shape is not None:
                self.open.pop(id(entry))
                self.publish(entry, list(shape))
        else:
            self.step_indexed(entry)
        return True

    def step_indexed(self, entry: Entry) -> None:
        for s in walk(entry.value):
            if s.form is Form.SUBSCRIPT and s.value in entry.scope.names and entry.scope.names[s.value] not in self.broken:
                check_rank(s, entry.scope, self.known)
        indices = self.indices[id(entry)]
        missing = settle(indices, entry.scope, self.known)
        sizes = []
        for p in entry.positions or ():
            if p.form is Form.ELLIPSIS:
                sizes.extend(entry.scope.leading or ())
            elif p.form is Form.NAME and p.value in indices.left:
                sizes.append(indices.left[p.value].size)
            else:
                sizes.append(None)
        self.publish(entry, sizes)
        if not missing and all(self.is_known(t) for b in indices.every for t, _, _ in b.uses):
            self.open.pop(id(entry), None)

    def is_known(self, name: str) -> bool:
        shape = self.known.shapes.get(name)
        return shape is not None and None not in shape

    def publish(self, entry: Entry, sizes: list[Node | None]) -> None:
        """Record the axes of what a line defines, and wake the lines that read it."""
        shape = self.known.shapes.get(entry.target)
        if shape is None:
            self.known.shapes[entry.target] = list(sizes)
            self.known.places.setdefault(entry.target, entry.span)
            changed = True
        elif len(shape) != len(sizes):
            stop(
                "E418",
                f"`{entry.line.targets[0]}` has {len(shape)} axes, this value has {len(sizes)}",
                entry.span,
                "",
                (self.known.places.get(entry.target), "its shape comes from here"),
            )
        else:
            changed = False
            for axis, size in enumerate(sizes):
                if size is not None and shape[axis] is None:
                    shape[axis], changed = size, True
                elif size is not None and not same_size(shape[axis], size, self.known.derived):
                    stop(
                        "E418",
                        f"axis {axis} of `{entry.line.targets[0]}` has the size `{text(shape[axis])}`, and `{text(size)}` here",
                        entry.span,
                        "",
                        (self.known.places.get(entry.target), "its shape comes from here"),
                    )
        if changed:
            for reader in self.readers.get(entry.target, ()):
                if reader is not entry:
                    self.wake(reader)

    # -------------------------------------------------------------------------------- what is left

    def borrowed(self) -> bool:
        """Give an index that stands nowhere alone the size of another of its name in the line; True where one was."""
        progress = False
        for entry in list(self.open.values()):
            indices = self.indices.get(id(entry))
            if indices is None:
                continue
            if borrow(indices):
                progress = True
                self.wake(entry)
        return progress or self.lent_axes() or self.lent_names()

    def lent_names(self) -> bool:
        """Give an index that no other rule gives a range the one that its name has wherever else it has one in the file."""
        ranges: dict[tuple[int, str], list[Node]] = {}
        for entry in self.entries:
            for b in self.indices[id(entry)].every if id(entry) in self.indices else ():
                if b.size is not None and not b.limited:
                    sizes = ranges.setdefault((id(entry.scope), b.name), [])
                    if not any(same_size(b.size, s, self.known.derived) for s in sizes):
                        sizes.append(b.size)
        progress = False
        for entry in list(self.open.values()):
            for b in self.indices[id(entry)].every if id(entry) in self.indices else ():
                sizes = ranges.get((id(entry.scope), b.name), ())
                if b.size is None and not b.limited and b.name != LEADING_NAME and len(sizes) == 1:
                    b.size, progress = sizes[0], True
                    self.wake(entry)
        return progress

    def lent_axes(self) -> bool:
        """Give an axis of a definition that its own line does not tell the size of an index that stands in it elsewhere."""
        progress = False
        for indices in list(self.indices.values()):
            for b in indices.every:
                if b.size is None or b.limited:
                    continue
                for name, axis, span in b.uses:
                    shape = self.known.shapes.get(name)
                    if shape is not None and axis < len(shape) and shape[axis] is None:
                        shape[axis], progress = b.size, True
                        self.known.places[name] = span
                        for reader in self.readers.get(name, ()):
                            self.wake(reader)
        return progress

    def complain(self) -> None:
        """A fault for each index that has no range, and each line that waits for nothing that comes."""
        blamed = False
        stuck = [e for e in self.open.values() if not self.waits_for_broken(e)]
        for entry in stuck:
            indices = self.indices.get(id(entry))
            if indices is None:
                continue
            for b in settle(indices, entry.scope, self.known):
                if all(t == entry.target or self.is_hopeless(t, axis) for t, axis, _ in b.uses):
                    blamed = True
                    self.faults.add(
                        "E414",
                        f"nothing tells the range of the index `{b.name}`",
                        b.span,
                        how_to_give_a_range(b, entry.scope, self.known),
                    )
        if stuck and not blamed and not self.faults.found:
            by_target = {e.target: e for e in stuck}
            needs = {n: [m for m in names_read(e) if m in by_target] for n, e in by_target.items()}
            for circle in components(list(by_target), needs):
                if len(circle) > 1 or circle[0] in needs[circle[0]]:
                    first, *others = (by_target[n] for n in circle)
                    related = tuple((e.span, "and through this line") for e in others[:3])
                    self.faults.add(
                        "E419",
                        f"the shape of `{first.line.targets[0]}` depends on itself",
                        first.span,
                        "index this line: `h[t, n]: …`, so that its axes are seen",
                        *related,
                    )

    def is_hopeless(self, name: str, axis: int) -> bool:
        shape = self.known.shapes.get(name)
        return shape is not None and axis < len(shape) and shape[axis] is None

    def waits_for_broken(self, entry: Entry) -> bool:
        """Whether what a line needs was lost to another fault, directly or through other lines."""
        seen: set[str] = set()
        stack = [entry]
        by_target: dict[str, list[Entry]] = {}
        for e in self.open.values():
            by_target.setdefault(e.target, []).append(e)
        while stack:
            e = stack.pop()
            for s in walk(e.value):
                name = e.scope.names.get(s.value) if s.form in (Form.NAME, Form.SUBSCRIPT) else None
                if name is None or name in seen:
                    continue
                seen.add(name)
                if name in self.broken:
                    return True
                stack.extend(by_target.get(name, ()))
        return entry.target in self.broken


def _is_free(position: Syntax, entry: Entry) -> bool:
    """Whether a position on the left is an index."""
    return position.form is Form.ELLIPSIS or (position.form is Form.NAME and entry.scope.is_index(position.value))
