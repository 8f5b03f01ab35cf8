"""One reverse sweep over named values, jointly for all gradients.

Each value has one cotangent, the sum over all its uses, complete before it is passed on; so every path
counts once and nothing is overwritten. A use `u[f(i)]` of slope s contributes Σ_i v̄[i]·s·[f(i) = j] to ū[j]: where f is a
renaming the equation is solved by substitution (gather form), otherwise it stays as a scatter.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from symback.calculus.affine import affine, linear
from symback.calculus.axes import letters, tensor_axes
from symback.calculus.cotangents import BackwardLoop, Cotangent, Scatter, Stage, Step
from symback.calculus.locals import Local, Scope, local_derivatives, may_be_infinite
from symback.calculus.radix import merged, position
from symback.core.diagnostics import Diagnostic, LayerError
from symback.core.expr import (
    MINUS_ONE,
    ONE,
    TRUE,
    ZERO,
    Binder,
    Node,
    Op,
    add,
    both,
    compare,
    fresh_index,
    index,
    is_whole,
    mul,
    neg,
    number,
    piecewise,
    read,
    substitute,
    total,
    walk,
    whole,
)
from symback.core.program import Body, Definition, Equation, Group, Kind, Program

_PLAIN: Mapping[str, str] = {}


@dataclass(slots=True)
class _Pending:
    """Contributions to one cotangent, collected until the sweep reaches its value."""

    axes: tuple[Node, ...]
    low: tuple[int, ...]
    terms: list[Node] = field(default_factory=list)
    scatters: list[Scatter] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Adjoint:
    """Stages in order of evaluation; `upstream`: output -> name of its argument; `gradients`: tensor -> cotangent name."""

    stages: tuple[Stage, ...]
    upstream: Mapping[str, str]
    gradients: Mapping[str, str]
    cotangent_of: Mapping[str, str]


def adjoint(body: Body, program: Program, called: Mapping[str, str] = _PLAIN) -> Adjoint:
    """The cotangents of everything between the outputs and `program.wrt`; that of `y` is called `dy` where `called` has no name for it."""
    return _Sweep(body, program, called).run()


def active_names(body: Body, wrt: Iterable[str]) -> set[str]:
    """The differentiated tensors and the float values that depend on them."""
    active = set(wrt)
    for group in body.groups:
        grew = True
        while grew:
            grew = False
            for d in group.definitions:
                if d.name not in active and d.kind is Kind.FLOAT and not d.update:
                    if any(n.op is Op.READ and n.data in active for e in d.equations for n in walk(e.value)):
                        active.add(d.name)
                        grew = group.recurrent
    return active


class _Sweep:
    def __init__(self, body: Body, program: Program, called: Mapping[str, str]):
        self.body, self.program, self.called = body, program, called
        self.definitions = {d.name: d for d in body.definitions}
        self.scope = Scope(active_names(body, program.wrt), self.definitions, program.functions)
        self.pending: dict[str, _Pending] = {}
        self.names: dict[str, str] = {}
        self.taken = (
            {t.name for t in program.tensors} | set(self.definitions) | set(program.dims) | {h.name for h in program.hyperparameters}
        )
        self.declared = frozenset(self.taken)
        self.axis_names = letters(program)
        self.taken |= {name for name, _ in program.derived}
        self.taken.add("dtype")  # of an output called `type`; generated modules use the word
        self.stages: list[Stage] = []

    def run(self) -> Adjoint:
        outputs = [o for o in self.body.outputs]
        upstream = {o: self._fresh_name(f"d{o}") for o in outputs if self.definitions[o].kind is Kind.FLOAT}
        for o in outputs:
            d = self.definitions[o]
            if o in self.scope.active:
                self._slot(o).terms.append(read(upstream[o], *d.axes))
        for group in reversed(self.body.groups):
            if group.recurrent:
                self._through_loop(group)
            else:
                for d in reversed(group.definitions):
                    self._through(d, upstream)
        gradients = {}
        for t in self.program.tensors:
            if t.name in self.program.wrt:
                gradients[t.name] = self._close(t.name)
        return Adjoint(tuple(self.stages), upstream, gradients, dict(self.names))

    # ---------------------------------------------------------------------------------------- names and slots

    def _fresh_name(self, name: str) -> str:
        while name in self.taken:
            name += "_"
        self.taken.add(name)
        return name

    def _slot(self, name: str) -> _Pending:
        slot = self.pending.get(name)
        if slot is None:
            d = self.definitions.get(name)
            if d is not None:
                slot = _Pending(d.axes, d.low)
            else:
                slot = _Pending(tensor_axes(self.program.tensor(name), self.axis_names[name], self.declared), ())
            self.pending[name] = slot
        return slot

    def _close(self, name: str) -> str:
        """Emit the cotangent of a value whose uses have all contributed; its name."""
        slot = self._slot(name)
        cotangent = self._fresh_name(self.called.get(name, f"d{name}"))
        self.names[name] = cotangent
        self.stages.append(Cotangent(cotangent, name, slot.axes, add(*slot.terms), tuple(slot.scatters), slot.low))
        return cotangent

    # --------------------------------------------------------------------------------------------- the sweep

    def _through(self, d: Definition, upstream: Mapping[str, str]) -> None:
        slot = self.pending.get(d.name)
        if slot is None:
            return
        if not slot.scatters and len(slot.terms) == 1 and slot.terms[0] == read(upstream.get(d.name, ""), *d.axes):
            cotangent = upstream[d.name]
            self.names[d.name] = cotangent
        else:
            cotangent = self._close(d.name)
        for equation in d.equations:
            self._contribute(cotangent, equation, d)

    def _contribute(self, cotangent: str, equation: Equation, d: Definition) -> None:
        bar = read(cotangent, *equation.lhs)
        scope = [whole(i) for i in equation.lhs if i.op is Op.INDEX]
        for local in local_derivatives(equation.value, self.scope):
            self._place(local, mul(bar, local.slope), scope)

    def _place(self, local: Local, value: Node, scope: list[Binder]) -> None:
        slot = self._slot(local.read.data)
        placed = place(local.read.args, value, [*scope, *local.binders], slot.axes, slot.low)
        if isinstance(placed, Scatter):
            slot.scatters.append(placed)
        else:
            slot.terms.append(placed)

    # --------------------------------------------------------------------------------------------- recurrences

    def _through_loop(self, group: Group) -> None:
        members = {d.name: k for k, d in enumerate(group.definitions)}
        if not any(name in self.pending for name in members):
            return
        order = [d for d in reversed(group.definitions) if d.name in self.scope.active]
        for d in order:
            self._slot(d.name)
            name = self._fresh_name(self.called.get(d.name, f"d{d.name}"))
            self.names[d.name] = name
        starts = {
            d.name: Cotangent(
                self.names[d.name], d.name, d.axes, add(*self.pending[d.name].terms), tuple(self.pending[d.name].scatters), d.low
            )
            for d in order
        }
        local_terms: dict[str, list[Node]] = {d.name: [] for d in order}
        pushes: dict[str, list[tuple[str, Scatter]]] = {d.name: [] for d in order}
        outside: list[tuple[Local, Node, list[Binder]]] = []
        everywhere = self._reach_every_step(group, order)
        for d in order:
            steps = {d.axes[k] for k in group.steps[members[d.name]]}
            bar = read(self.names[d.name], *d.axes)
            for local in local_derivatives(d.value, self.scope):
                target = local.read.data
                value = mul(bar, local.slope)
                if not everywhere and may_be_infinite(local.slope):
                    value = piecewise((value, compare("!=", bar, ZERO)), (ZERO, TRUE))
                if target not in members:
                    outside.append(
                        (local, value, *self._general_scope(d, dict(zip(group.steps[members[d.name]], group.backward, strict=True))))
                    )
                    continue
                self._within(d, local, value, steps, group, members, local_terms, pushes)
        loop = BackwardLoop(group, tuple(Step(starts[d.name], add(*local_terms[d.name]), tuple(pushes[d.name]), d) for d in order))
        self.stages.append(loop)
        for local, value, scope, shift in outside:
            local = Local(
                substitute(local.read, shift),
                local.slope,
                tuple((i, substitute(a, shift), substitute(b, shift)) for i, a, b in local.binders),
            )
            self._place(local, substitute(value, shift), scope)
        for d in order:
            for equation in d.equations[:-1]:
                if any(n.op is Op.READ and n.data in members for n in walk(equation.value)):
                    raise LayerError(
                        Diagnostic(
                            "E690",
                            f"a start of `{d.name}` reads a value of its own recurrence",
                            equation.span,
                            "start it from values outside the recurrence",
                        )
                    )
                self._contribute(self.names[d.name], equation, d)

    def _reach_every_step(self, group: Group, order: list[Definition]) -> bool:
        """Whether cotangents come to every step: from a use of all steps, or of the last one, to which the others lead."""
        slots = {d.name: self.pending[d.name] for d in order}
        if any(slot.terms for slot in slots.values()):
            return True
        ends = [
            (s.targets[k], ZERO if backward else add(d.axes[k].args[0], MINUS_ONE))
            for d, steps in zip(group.definitions, group.steps, strict=True)
            for s in (slots[d.name].scatters if d.name in slots else ())
            for k, backward in zip(steps, group.backward, strict=True)
        ]
        return all(at == end or at.op is Op.INDEX for at, end in ends)

    def _general_scope(self, d: Definition, steps: dict[int, bool]) -> tuple[list[Binder], dict[Node, Node]]:
        """(scope, shift): the indices at which the general equation holds; those that starts take away at either end are shifted off.
        `steps` says of each step axis whether it runs backward."""
        shift: dict[Node, Node] = {}
        scope = []
        for k, axis in enumerate(d.axes):
            first, last = start_room(d, k, steps[k]) if k in steps else (0, 0)
            if first or last:
                moved = index(str(axis.data), add(axis.args[0], number(-first - last)))
                shift[axis] = add(moved, number(first)) if first else moved
                scope.append(whole(moved))
            else:
                scope.append(whole(axis))
        return scope, shift

    def _within(self, d, local, value, steps, group, members, local_terms, pushes) -> None:
        """A contribution that stays in the loop: to a value of the same step, or pushed to an earlier one."""
        target = local.read.data
        t = self.definitions[target]
        target_steps = group.steps[members[target]]
        here = [d.axes[k] for k in group.steps[members[d.name]]]
        same = [local.read.args[k] for k in target_steps] == here
        free_scope = [whole(i) for i in d.axes if i not in steps]
        loose = {b[0] for b in local.binders}
        rest = [k for k in range(len(t.axes)) if k not in target_steps or local.read.args[k].free & loose]
        rename = {t.axes[k]: h for k, h in zip(target_steps, here, strict=True)}
        axes = tuple(fresh_index(t.axes[k].args[0]) if t.axes[k] in steps else t.axes[k] for k in rest)
        placed = place(
            tuple(local.read.args[k] for k in rest),
            value,
            [*free_scope, *local.binders],
            axes,
            tuple(t.low[k] for k in rest) if t.low else (),
        )
        if same and not isinstance(placed, Scatter):
            local_terms[target].append(substitute(placed, {h: a for a, h in rename.items()}))
            return
        if isinstance(placed, Scatter):
            inner, scope, placed = placed.targets, placed.scope, placed.value
        else:
            inner, scope = axes, axes
        targets = list(local.read.args)
        for k, f in zip(rest, inner, strict=True):
            targets[k] = f
        pushes[d.name].append((self.names[target], Scatter(tuple(targets), scope, placed)))


def start_room(d: Definition, k: int, backward: bool) -> tuple[int, int]:
    """How many positions at the low and at the high end of axis k (0 … size-1) starts occupy; a numbered one of a numbered size
    counts from the end that the recurrence begins at."""
    low, high = 0, 0
    size = d.axes[k].args[0]
    for equation in d.equations[:-1]:
        at = equation.lhs[k]
        if at.op is Op.NUM and not (backward and size.op is Op.NUM):
            low = max(low, int(at.data) + 1)
        elif at.op is not Op.INDEX:
            from_end = linear(add(size, neg(at)))
            if from_end.op is Op.NUM and from_end.data > 0:
                high = max(high, int(from_end.data))
    return low, high


def place(f: tuple[Node, ...], value: Node, scope: list[Binder], axes: tuple[Node, ...], low: tuple[int, ...]) -> Node | Scatter:
    """Σ over the scope of value·[f = axes]: a Node over the axes where f renames indices, else a Scatter."""
    f, value, scope = _digits_joined(f, value, scope, axes)
    binders = {b[0]: b for b in scope}
    simple = len(set(f)) == len(f) and all(
        a.op is Op.INDEX and a in binders and a.args[0] == axis.args[0] and not (low and low[k])
        for k, (a, axis) in enumerate(zip(f, axes, strict=True))
    )
    if not simple:
        return _scattered(f, value, scope)
    mapping = dict(zip(f, axes, strict=True))
    rest = {b[0]: b for b in scope if b[0] not in mapping}
    guards: list[Node] = []
    for i in f:
        if not is_whole(binders[i]):
            _turn_limits(binders[i], rest, guards)
    if guards:
        value = piecewise((value, both(*guards)), (ZERO, TRUE))
    return substitute(total(value, *rest.values()), mapping)


def _digits_joined(
    f: tuple[Node, ...], value: Node, scope: list[Binder], axes: tuple[Node, ...]
) -> tuple[tuple[Node, ...], Node, list[Binder]]:
    """A use at the digits of an index, `u[i // Q, i % Q]`, as a use at plain digits whose index is g·Q + q: cotangents are 0 beyond."""
    sizes = tuple(a.args[0] for a in axes)
    for at in range(len(f) - 1):
        found = merged(f, sizes, at)
        if found is None:
            continue
        i, count = found
        others = (*f[:at], *f[at + count :])
        if (
            value.op is not Op.READ
            or value.args.count(i) != 1
            or any(i in o.free for o in others)
            or not any(b[0] == i and is_whole(b) for b in scope)
        ):
            continue
        parts = tuple(fresh_index(size) for size in sizes[at : at + count])
        moved = substitute(value, {i: position(parts)})
        return (*f[:at], *parts, *f[at + count :]), moved, [*(b for b in scope if b[0] != i), *(whole(p) for p in parts)]
    return f, value, scope


def _turn_limits(binder: Binder, rest: dict[Node, Binder], guards: list[Node]) -> None:
    """low ≤ j ≤ high, with j now free, as limits of a bound index where one stands in them with coefficient ±1."""
    j, low, high = binder
    for gap in (linear(add(j, neg(low))), linear(add(high, neg(j)))):  # each ≥ 0
        form = affine(gap)
        done = False
        if form is not None:
            for i, c in form.coefficients.items():
                if i in rest and c in (ONE, MINUS_ONE):
                    bound = linear(add(i, neg(gap)) if c == ONE else add(i, gap))  # i ≥ i - gap, or i ≤ i + gap
                    k, lo, hi = rest[i]
                    if c == ONE and lo == ZERO:
                        rest[i], done = (k, bound, hi), True
                    elif c == MINUS_ONE and hi == add(i.args[0], MINUS_ONE):
                        rest[i], done = (k, lo, bound), True
                    if done:
                        break
        if not done and gap != j:
            guards.append(compare("<=", ZERO, gap))


def _scattered(f: tuple[Node, ...], value: Node, scope: list[Binder]) -> Scatter:
    used = {i for a in f for i in a.free}
    summed = [b for b in scope if b[0] not in used]
    guards = [c for i, lo, hi in scope if i in used and not is_whole((i, lo, hi)) for c in (compare("<=", lo, i), compare("<=", i, hi))]
    if guards:
        value = piecewise((value, both(*guards)), (ZERO, TRUE))
    kept = tuple(b[0] for b in scope if b[0] in used)
    return Scatter(f, kept, total(value, *summed))
