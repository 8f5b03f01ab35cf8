"""Calls of layers: the callee's lines are read in a scope in which its tensors are the caller's.

The callee's named values are prefixed with the name of what the call defines (`z: linear(…)` makes
`z_…`), its outputs are what the call defines, its dimensions are found by matching its declared shapes
with the shapes passed, and its next states become the caller's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from symback.core.program import Role, Section
from symback.frontend.arguments import Argument, bind, drawn, unify
from symback.frontend.faults import stop
from symback.frontend.layer import Layer, Line
from symback.frontend.modes import TRAIN, lines_of, modes_of
from symback.frontend.scope import Entry, Known, Scope
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import FUNCTIONS

if TYPE_CHECKING:
    from symback.frontend.shapes import Shapes

MAX_CALL_DEPTH = 40


def calls_layer(s: Syntax, scope: Scope) -> bool:
    return s.form is Form.CALL and s.value in scope.layer.callees and s.value not in FUNCTIONS and s.value not in scope.layer.functions


def is_call(entry: Entry) -> bool:
    """Whether a line is a call of a layer."""
    return entry.positions is None and calls_layer(entry.value, entry.scope)


def is_ready(entry: Entry, known: Known) -> bool:
    """Whether the shapes of all arguments of a call are known."""
    for s in walk(entry.value):
        name = entry.scope.names.get(s.value) if s.form is Form.NAME else None
        if name is not None and (known.shapes.get(name) is None or None in known.shapes[name]):
            return False
    return True


def unique(name: str, taken: set[str]) -> str:
    """The name, with a number where it is taken; takes it."""
    out, k = name, 1
    while out in taken:
        k += 1
        out = f"{name}_{k}"
    taken.add(out)
    return out


# ------------------------------------------------------------------------------- lines to entries


def entries_of(scope: Scope, lines: Sequence[Line], taken: set[str], sections: dict[str, tuple[Section, str]] | None = None) -> list[Entry]:
    """The lines as entries of a scope; arguments and calls within expressions get lines of their own.

    `sections` says, for the outputs of a called layer, in which section the call stands.
    """
    found: list[Entry] = []
    for line in lines:
        section, update = line.section, ""
        if section is Section.UPDATE:
            update = scope.names[line.targets[0]]
            target = unique(f"{update}_next", taken)
        else:
            target = scope.names[line.targets[0]]
            if sections is not None:
                section, update = sections.get(line.targets[0], (Section.WHERE, ""))
        value = line.value
        nested = any(calls_layer(s, scope) for s in walk(value))
        if nested:
            if line.positions is not None:
                place = next(s for s in walk(value) if calls_layer(s, scope))
                stop(
                    "E501",
                    f"the layer `{place.value}` is called on whole tensors",
                    place.span,
                    "give the call a line of its own, without indices: `z: linear(x, W, b)`",
                )
            value = _Hoist(scope, target, taken, found).top(value)
        if len(line.targets) > 1 and not calls_layer(value, scope):
            stop(
                "E502",
                "several names on the left need a layer of several outputs on the right",
                line.span,
                "give each name a line of its own",
            )
        found.append(Entry(scope, line, target, section, line.positions, value, line.span, update))
    return found


class _Hoist:
    """Gives nested calls, and arguments that are not bare names, definitions of their own."""

    def __init__(self, scope: Scope, target: str, taken: set[str], found: list[Entry]):
        self.scope, self.target, self.taken, self.found = scope, target, taken, found

    def top(self, s: Syntax) -> Syntax:
        if calls_layer(s, self.scope):
            return self.call(s)
        return self.inner(s)

    def inner(self, s: Syntax) -> Syntax:
        if calls_layer(s, self.scope):
            return self.named(self.call(s), f"{self.target}_{s.value}")
        if not s.args:
            return s
        return Syntax(s.form, s.value, tuple(self.inner(a) for a in s.args), s.span)

    def call(self, s: Syntax) -> Syntax:
        callee = self.scope.layer.callees[s.value]
        hypers = {h.name for h in callee.hyperparameters}
        order = [t.name for t in callee.of_role(Role.INPUT, Role.PARAM, Role.STATE)]
        arguments = []
        for k, a in enumerate(s.args):
            if a.form is Form.KEYWORD:
                if a.value not in hypers:
                    a = Syntax(a.form, a.value, (self.argument(a.args[0], a.value),), a.span)
            else:
                a = self.argument(a, order[k] if k < len(order) else f"argument{k}")
            arguments.append(a)
        return Syntax(s.form, s.value, tuple(arguments), s.span)

    def argument(self, s: Syntax, parameter: str) -> Syntax:
        if s.form is Form.NAME:
            return s
        if calls_layer(s, self.scope):
            return self.named(self.call(s), f"{self.target}_{s.value}")
        return self.named(self.inner(s), f"{self.target}_{parameter}")

    def named(self, value: Syntax, name: str) -> Syntax:
        target = unique(name, self.taken)
        local = f"{target} within"  # holds a space, so no written name is it
        self.scope.names[local] = target
        line = Line(Section.WHERE, (local,), None, value, (value.span,))
        self.found.append(Entry(self.scope, line, target, Section.WHERE, None, value, value.span))
        return Syntax(Form.NAME, local, (), value.span)


# ----------------------------------------------------------------------------------- instantiation


def instantiate(entry: Entry, shapes: Shapes) -> None:
    """Add the callee's lines for one call. Raises: LayerError where the arguments do not fit."""
    scope, call = entry.scope, entry.value
    callee = scope.layer.callees[call.value]
    if scope.depth >= MAX_CALL_DEPTH:
        stop("E510", f"calls are nested more than {MAX_CALL_DEPTH} deep", call.span, "")
    base, derived = shapes.base(callee)
    arguments, hypers = bind(call, callee, scope, base)
    mode = scope.mode if scope.mode in modes_of(callee) else TRAIN
    dims, indices, leading = unify(call, base, derived, arguments, hypers, shapes.known)
    inner = Scope(
        layer=callee,
        mode=mode,
        names={},
        dims=dims,
        hypers={name: node for name, (node, _) in hypers.items()},
        hyper_grades={name: grade for name, (_, grade) in hypers.items()},
        indices=indices,
        leading=leading,
        prefix=entry.target,
        depth=scope.depth + 1,
        called_from=call.span,
    )
    lines = lines_of(callee, mode)
    outputs = [t for line in lines if line.section is Section.OUTPUT for t in line.targets]
    outputs = list(dict.fromkeys(outputs))
    targets = [entry.target, *(scope.names[t] for t in entry.line.targets[1:])]
    if len(outputs) != len(targets):
        stop(
            "E503",
            f"`{call.value}` has {len(outputs)} output{'s' if len(outputs) > 1 else ''} (`{'`, `'.join(outputs)}`), {len(targets)} name{'s' if len(targets) > 1 else ''} stand{'s' if len(targets) == 1 else ''} on the left",
            entry.span or call.span,
            f"write `{', '.join(outputs)}: {call.value}(…)`",
        )
    names: dict[str, str] = dict(inner.names)
    names.update(zip(outputs, targets, strict=True))
    for argument in arguments:
        names[argument.tensor.name] = _padded(argument, entry, shapes)
        shapes.passed.append((argument, argument.written.span or call.span))
    _check_updates(call, callee, lines, names, shapes.known)
    for line in lines:
        for t in line.targets:
            if line.section is Section.WHERE and t not in names:
                names[t] = unique(f"{entry.target}_{t}", shapes.taken)
    inner.names.update(names)
    _draws(inner, callee, mode, entry, shapes)
    sections = dict.fromkeys(outputs, (entry.section, entry.update))
    for new in entries_of(inner, lines, shapes.taken, sections):
        shapes.introduce(new)


def _padded(argument: Argument, entry: Entry, shapes: Shapes) -> str:
    """The program's name of what is passed; a copy that reads its padding outside, where the callee declares that."""
    outside = argument.tensor.outside
    name = argument.name
    if outside is None or shapes.known.outside.get(name) == outside:
        return name
    alias = unique(f"{entry.target}_{argument.tensor.name}", shapes.taken)
    local = f"{alias} within"
    entry.scope.names[local] = alias
    shapes.known.outside[alias] = outside
    line = Line(Section.WHERE, (local,), None, argument.written, (argument.written.span,))
    shapes.introduce(Entry(entry.scope, line, alias, Section.WHERE, None, argument.written, argument.written.span))
    return alias


def _check_updates(call: Syntax, callee: Layer, lines: Sequence[Line], names: dict[str, str], known: Known) -> None:
    for line in lines:
        if line.section is Section.UPDATE and known.role(names[line.targets[0]]) is not Role.STATE:
            stop(
                "E504",
                f"`{call.value}` updates its state `{line.targets[0]}`, but what is passed for it is no state of this layer",
                call.span,
                "declare it under `state` and pass it by name",
            )


def _draws(inner: Scope, callee: Layer, mode: str, entry: Entry, shapes: Shapes) -> None:
    """What the callee draws is drawn by the caller, under a prefixed name."""
    for tensor in drawn(callee, mode, inner):
        name = unique(f"{entry.target}_{tensor.name}", shapes.taken)
        inner.names[tensor.name] = name
        shapes.draw(name, tensor)
