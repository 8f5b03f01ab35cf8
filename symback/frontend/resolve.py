"""The declared layer to the resolved program.

For each mode: its lines become entries, shapes and kinds are found, every entry is built into an
equation, equations into definitions, and these are put in an order of evaluation. All faults of all
modes are raised together.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from hashlib import sha256

from symback.core import expr
from symback.core.expr import Node, Op
from symback.core.program import Body, Definition, Equation, Group, Hyperparameter, Kind, Program, Role, Section, Tensor
from symback.frontend import names, whole
from symback.frontend.arguments import check_kinds, refolded
from symback.frontend.calls import entries_of, is_call
from symback.frontend.elements import Elements
from symback.frontend.faults import Faults, stop
from symback.frontend.files import is_standard
from symback.frontend.kinds import check_numbers, settle_grades
from symback.frontend.layer import Layer, Line
from symback.frontend.modes import lines_of, modes_of, random_of
from symback.frontend.order import components, live, reads_of, written_reads
from symback.frontend.ranges import LEADING_NAME, Indices, indices_of, settle
from symback.frontend.reach import check_reach
from symback.frontend.recurrences import group_of
from symback.frontend.roots import base_scope, check_solvable, declared_tensor, distribution, plain_dims, whole_number
from symback.frontend.scope import GRADE_OF_KIND, Entry, Grade, Known, Scope
from symback.frontend.shapes import Shapes, is_whole_form
from symback.frontend.sizes import difference, expanded
from symback.frontend.starts import without_starts
from symback.frontend.suggestions import how_to_give_a_range
from symback.frontend.syntax import Form, Syntax
from symback.frontend.uneven import evened


def resolve(layer: Layer) -> Program:
    """The program of a layer. Raises: LayerError with all that is wrong with it."""
    faults = Faults()
    names.check(layer, faults)
    for callee in layer.callees.values():
        if not is_standard(callee):
            faults.attempt(resolve, callee)
    faults.settle()
    base, derived = base_scope(layer, faults)
    tensors = {t.name: r for t in layer.tensors if (r := faults.attempt(declared_tensor, t, base)) is not None}
    faults.settle()
    check_solvable(layer, [t for t in tensors.values() if t.role is not Role.RANDOM], base, faults)
    faults.settle()
    known_derived: dict[str, Node] = {}
    for name, value in derived:
        known_derived[name] = faults.attempt(expanded, value, known_derived)
        faults.settle()
    bodies: dict[str, Body] = {}
    random: dict[str, Tensor] = {}
    assumptions: tuple[Node, ...] = ()
    for mode in modes_of(layer):
        work = _Mode(layer, mode, base, tensors, known_derived)
        body = faults.attempt(work.body)
        if body is None:
            continue
        bodies[mode] = body
        for t in work.random:
            random.setdefault(t.name, t)
        if mode == "train":
            assumptions = tuple(c for s in layer.assume if (c := faults.attempt(work.assumption, s)) is not None)
    faults.settle()
    kept = [t for t in tensors.values() if t.role is not Role.RANDOM]
    return Program(
        name=layer.name,
        doc=layer.doc,
        tensors=(*kept, *random.values()),
        hyperparameters=tuple(Hyperparameter(h.name, h.default) for h in layer.hyperparameters),
        dims=plain_dims(layer),
        derived=derived,
        bodies=bodies,
        wrt=_wrt(layer, kept),
        assumptions=assumptions,
        check_dims={word.text: size for word, size in layer.check_dims},
        check_values={word.text: distribution(draw, base) for word, draw in layer.check_values},
        functions=layer.functions,
        file=layer.file,
        digest=sha256(layer.source.encode()).hexdigest() if layer.source else "",
    )


def _wrt(layer: Layer, tensors: list[Tensor]) -> tuple[str, ...]:
    if layer.wrt is not None:
        return tuple(w.text for w in layer.wrt)
    return tuple(t.name for t in tensors if t.grad and t.kind is Kind.FLOAT and t.role in (Role.INPUT, Role.PARAM))


class _Mode:
    """Resolves one mode."""

    def __init__(self, layer: Layer, mode: str, base: Scope, tensors: dict[str, Tensor], derived: dict[str, Node]):
        self.layer, self.mode = layer, mode
        self.faults = Faults()
        self.known = Known(derived=derived)
        drawn = {t.name for t in random_of(layer, mode)}
        declared = {n: t for n, t in tensors.items() if t.role is not Role.RANDOM or n in drawn}
        for t in random_of(layer, mode):
            if t.name not in declared or declared[t.name].span != t.span:
                made = self.faults.attempt(declared_tensor, t, base)
                if made is not None:
                    declared[t.name] = made
        for t in declared.values():
            self.known.tensors[t.name] = t
            self.known.shapes[t.name] = list(t.shape)
            self.known.places[t.name] = t.span
            self.known.grades[t.name] = GRADE_OF_KIND[t.kind]
            if t.outside is not None:
                self.known.outside[t.name] = t.outside
        self.random = [t for t in declared.values() if t.role is Role.RANDOM]
        self.lines = lines_of(layer, mode)
        local = {n: n for n in declared}
        local.update({t: t for line in self.lines if line.section is not Section.UPDATE for t in line.targets})
        self.scope = replace(base, mode=mode, names=local)
        self.taken = {
            *local,
            *(d.name for d in layer.dims),
            *plain_dims(layer),
            *(h.name for h in layer.hyperparameters),
            *(i.name for i in layer.indices),
        }

    def body(self) -> Body:
        """The body. Raises: LayerError."""
        entries = []
        for line in self.lines:
            entries += self.faults.attempt(entries_of, self.scope, (line,), self.taken) or []
        shapes = Shapes(entries, self.known, self.taken, self.faults)
        shapes.run()
        self.faults.settle()
        self.random += shapes.random
        ready = [e for e in shapes.entries if not is_call(e)]
        settle_grades(ready, self.known)
        self.faults.attempt(check_kinds, shapes.passed, self.known)
        definitions = self.definitions(ready, shapes.indices)
        self.faults.settle()
        return self.ordered(definitions, ready)

    # ---------------------------------------------------------------------------------- definitions

    def definitions(self, entries: list[Entry], indices: dict[int, Indices]) -> dict[str, Definition]:
        by_target: dict[str, list[Entry]] = {}
        for e in entries:
            by_target.setdefault(e.target, []).append(e)
        found = {}
        for target, mine in by_target.items():
            made = self.faults.attempt_within(mine[0].scope.called_from, self.definition, target, mine, indices)
            if made is not None:
                found[target] = made
        return found

    def definition(self, target: str, entries: list[Entry], indices: dict[int, Indices]) -> Definition:
        if any(is_whole_form(e) for e in entries):
            if len(entries) > 1:
                stop(
                    "E212",
                    f"`{entries[1].line.targets[0]}` is defined twice",
                    entries[1].span,
                    "rename or remove one",
                    (entries[0].span, "the first definition"),
                )
            return self.whole(target, entries[0])
        built = [(e, self.equation(e, indices[id(e)])) for e in entries]
        general = [(e, q) for e, q in built if all(n.op is Op.INDEX for n in q.lhs)]
        if len(general) > 1:
            stop(
                "E212",
                f"`{general[1][0].line.targets[0]}` is defined twice",
                general[1][0].span,
                "rename or remove one",
                (general[0][0].span, "the first definition"),
            )
        if not general:
            stop(
                "E604",
                f"`{entries[0].line.targets[0]}` has starts but no line for its other steps",
                entries[0].span,
                "add the general line: `h[t, n]: …`",
            )
        entry, equation = general[0]
        starts = [_renamed(q, equation.lhs) for e, q in built if e is not entry]
        starts.sort(key=lambda q: sum(n.op is Op.INDEX for n in q.lhs))
        return self.made(target, entry, equation.lhs, (*starts, equation))

    def whole(self, target: str, entry: Entry) -> Definition:
        axes, value = whole.build(entry, self.known)
        return self.made(target, entry, axes, (Equation(axes, refolded(value), entry.span),))

    def equation(self, entry: Entry, indices: Indices) -> Equation:
        missing = settle(indices, entry.scope, self.known)
        if missing:
            hint = how_to_give_a_range(missing[0], entry.scope, self.known)
            stop("E414", f"nothing tells the range of the index `{missing[0].name}`", missing[0].span, hint)
        builder = Elements(entry.value, entry.scope, self.known, indices)
        env: dict[str, tuple[Node, ...]] = {}
        lhs: list[Node] = []
        for p in entry.positions or ():
            if p.form is Form.ELLIPSIS or (p.form is Form.NAME and p.value in indices.left):
                name = LEADING_NAME if p.form is Form.ELLIPSIS else p.value
                env[name] = builder.node(indices.left[name], {})
                lhs.extend(env[name])
            else:
                lhs.append(whole_number(p, entry.scope))
        kind = self.known.grades[entry.target]
        value = builder.condition(entry.value, env) if kind is Grade.BOOL else builder.value(entry.value, env)
        return Equation(tuple(lhs), value, entry.span)

    def made(self, target: str, entry: Entry, axes: tuple[Node, ...], equations: tuple[Equation, ...]) -> Definition:
        grade = self.known.grades[target]
        kind = {Grade.BOOL: Kind.BOOL, Grade.INT: Kind.INT}.get(grade, Kind.FLOAT)
        for q in equations:
            check_numbers(q.value, kind, q.span)
        low, high = _reach(axes, equations)
        return Definition(
            name=target,
            section=entry.section,
            axes=axes,
            equations=equations,
            kind=kind,
            low=low,
            high=high,
            values=_values(equations[-1].value, self.known) if kind is Kind.INT and len(equations) == 1 else None,
            update=entry.update,
            outside=self.known.outside.get(target),
        )

    # --------------------------------------------------------------------------------------- order

    def ordered(self, definitions: dict[str, Definition], entries: Iterable[Entry]) -> Body:
        """The definitions that outputs and next states need, in groups, each after those that it reads; they were made of the entries."""
        outputs = tuple(dict.fromkeys(self.scope.names[t] for line in self.lines if line.section is Section.OUTPUT for t in line.targets))
        updates = self.next_states(definitions)
        needs = {n: [m for m in reads_of(definitions[n]) if m in definitions] for n in definitions}
        for component in components(list(definitions), needs):
            if len(component) == 1 and component[0] not in needs[component[0]] and len(definitions[component[0]].equations) > 1:
                without_starts(definitions[component[0]], definitions)
        reads = {n: reads_of(d) for n, d in definitions.items()}
        needed = live(reads, [*outputs, *updates.values()])
        kept = [n for n in definitions if n in needed]
        groups = self.groups(
            {n: definitions[n] for n in kept}, {n: [m for m in reads[n] if m in needed] for n in kept}, [*outputs, *updates.values()]
        )
        recurrent = {d.name: frozenset(m.name for m in g.definitions) for g in groups if g.recurrent for d in g.definitions}
        started = frozenset(d.name for d in definitions.values() if any(d.low) or any(d.high))
        self.faults.settle()
        check_reach([definitions[n] for n in kept if len(definitions[n].equations) == 1], recurrent, started, self.known, self.faults)
        self.faults.settle()
        written = written_reads(entries)
        drawn = {m for n in live(written, [*outputs, *updates.values()]) for m in written[n]}
        return Body(tuple(groups), outputs, updates, tuple(t.name for t in self.random if t.name in drawn))

    def next_states(self, definitions: Mapping[str, Definition]) -> dict[str, str]:
        """For each state that has one, the definition of its next value."""
        updates: dict[str, str] = {}
        for d in definitions.values():
            if d.section is Section.UPDATE:
                if d.update in updates:
                    spans = sorted(
                        (e.equations[-1].span for e in (definitions[updates[d.update]], d)),
                        key=lambda s: s is None or s.file != self.layer.file,
                    )
                    stop("E508", f"the state `{d.update}` has two next values", spans[0], "keep one", (spans[1], "the other one"))
                updates[d.update] = d.name
        return updates

    def groups(self, definitions: Mapping[str, Definition], needs: Mapping[str, list[str]], returned: Iterable[str]) -> list[Group]:
        """The definitions with those that they recur with, in an order of evaluation."""
        parts = components(list(definitions), needs)
        part_of = {n: k for k, part in enumerate(parts) for n in part}
        asked = frozenset((*returned, *(m for n in definitions for m in needs[n] if part_of[m] != part_of[n])))
        found = []
        for part in parts:
            recurs = part[0] in needs[part[0]] or len(part) > 1
            group = self.faults.attempt(group_of, [definitions[n] for n in part], recurs, asked)
            if group is not None:
                found += evened(group, asked, self.taken)
        return found

    # --------------------------------------------------------------------------------- assumptions

    def assumption(self, s: Syntax) -> Node:
        """A relation; its free indices mean "for all". Raises: LayerError."""
        line = Line(Section.WHERE, ("assume",), None, s, (s.span,))
        entry = Entry(self.scope, line, "assume", Section.WHERE, None, s, s.span)
        if is_whole_form(entry) and any(self.known.shapes.get(n) for n in whole.names_in(entry)):
            self.known.grades["assume"] = Grade.BOOL
            axes, value = whole.build(entry, self.known)
            return value
        indices = indices_of(entry, self.known, for_all=True)
        missing = settle(indices, self.scope, self.known)
        if missing:
            stop(
                "E414",
                f"nothing tells the range of the index `{missing[0].name}`",
                missing[0].span,
                how_to_give_a_range(missing[0], self.scope, self.known),
            )
        builder = Elements(s, self.scope, self.known, indices)
        env = {}
        for name, binding in indices.left.items():
            env[name] = builder.node(binding, env)
        return builder.condition(s, env)


def _renamed(start: Equation, axes: tuple[Node, ...]) -> Equation:
    """A start whose indices are those of the general line."""
    mapping = {n: axis for n, axis in zip(start.lhs, axes, strict=True) if n.op is Op.INDEX and n != axis}
    lhs = tuple(axis if n.op is Op.INDEX else n for n, axis in zip(start.lhs, axes, strict=True))
    return Equation(lhs, expr.substitute(start.value, mapping), start.span)


def _reach(axes: tuple[Node, ...], equations: tuple[Equation, ...]) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """How far starts reach before 0 and beyond size-1, by axis."""
    low, high = [0] * len(axes), [0] * len(axes)
    for q in equations[:-1]:
        for k, n in enumerate(q.lhs):
            if n.op is Op.NUM:
                low[k] = min(low[k], int(n.data))
            beyond = difference(n, axes[k].args[0])
            if beyond.op is Op.NUM and beyond.data >= 0 and n.op is not Op.INDEX:
                high[k] = max(high[k], int(beyond.data) + 1)
    return tuple(low), tuple(high)


def _values(value: Node, known: Known) -> Node | None:
    """How many values an integer expression has, where it is seen."""
    if value.op is Op.REDUCE and value.data in (expr.Reduction.ARGMAX, expr.Reduction.ARGMIN):
        return value.args[1].args[0]
    if value.op is Op.READ and value.data in known.tensors and not known.tensors[value.data].also:
        return known.tensors[value.data].values
    return None
