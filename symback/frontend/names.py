"""One namespace: clashes, names that nothing declares, names that nothing uses."""

from __future__ import annotations

from symback.core.diagnostics import Span
from symback.core.program import Kind, Role, Section
from symback.frontend.faults import Faults, did_you_mean
from symback.frontend.layer import Layer, Line
from symback.frontend.modes import lines_of, modes_of
from symback.frontend.roots import plain_dims
from symback.frontend.syntax import Form, Syntax, walk
from symback.frontend.vocabulary import CONSTANTS, ELSEWHERE, FUNCTIONS, REDUCTIONS, RESERVED


def check(layer: Layer, faults: Faults) -> None:
    """Add a fault for each name that clashes, is unknown where a declaration must stand, or is never used."""
    declared = _declared(layer, faults)
    _lines(layer, declared, faults)
    _mentions(layer, declared, faults)
    meant = {
        near for d in faults.found if d.code in ("E402", "E403") and d.mend.startswith("did you mean") for near in d.mend.split("`")[1:2]
    }
    _unused(layer, declared, meant, faults)


def _declared(layer: Layer, faults: Faults) -> dict[str, tuple[str, Span | None]]:
    """name -> (what it is, where)."""
    found: dict[str, tuple[str, Span | None]] = {}

    def declare(name: str, what: str, span: Span | None) -> None:
        first = found.get(name)
        if first is None:
            found[name] = (what, span)
        elif first[1] != span:
            faults.add(
                "E213",
                f"the name `{name}` is {first[0]} and {what}",
                span,
                "all names of a layer share one namespace: rename one",
                (first[1], f"{first[0]} here"),
            )

    for t in layer.tensors:
        declare(t.name, {Role.INPUT: "an input", Role.PARAM: "a parameter", Role.STATE: "a state", Role.RANDOM: "drawn"}[t.role], t.span)
    for h in layer.hyperparameters:
        declare(h.name, "a hyperparameter", h.span)
    for d in layer.dims:
        declare(d.name, "a derived dimension", d.span)
    for i in layer.indices:
        declare(i.name, "an index", i.span)
    places = _dim_places(layer)
    for name in plain_dims(layer):
        if name != "...":
            declare(name, "a dimension", places.get(name))
    for m in layer.modes:
        for t in m.random:
            if t.name not in found or found[t.name][0] != "drawn":
                declare(t.name, "drawn", t.span)
    for name in plain_dims(layer):
        if name != "...":
            _check_word(name, "dimension", places.get(name), faults)
    every = [(None, layer.lines), *((m, m.lines) for m in layer.modes)]
    defined: dict[str, None] = {}
    for _, lines in every:
        for line in lines:
            for name, span in zip(line.targets, line.spans, strict=True):
                if line.section is Section.UPDATE:
                    continue
                if name not in defined:
                    declare(name, "defined", span)
                    defined[name] = None
    for _, lines in every:
        for line in lines:
            for name, span in _index_names(line, found):
                _check_word(name, "index", span, faults)
                if found.get(name, ("an index",))[0] != "an index":
                    faults.add(
                        "E213",
                        f"the name `{name}` is an index here and {found[name][0]}",
                        span,
                        "all names of a layer share one namespace: rename one",
                        (found[name][1], f"{found[name][0]} here"),
                    )
    return found


def _check_word(name: str, what: str, span: Span | None, faults: Faults) -> None:
    """The rules for names that no section declares."""
    if name in RESERVED and name not in CONSTANTS:
        faults.add("E210", f"the name `{name}` is taken by the language or Python", span, f"call the {what} `{name}_`")
    elif name.startswith("_"):
        faults.add("E204", f"`{name}` cannot be a name here", span, "names begin with a letter")


def _dim_places(layer: Layer) -> dict[str, Span | None]:
    places: dict[str, Span | None] = {}
    for t in layer.tensors:
        for axis in (*t.shape, *((t.values,) if t.values is not None else ())):
            for s in walk(axis):
                if s.form is Form.NAME:
                    places.setdefault(s.value, s.span)
    return places


def _index_names(line: Line, found: dict) -> list[tuple[str, Span | None]]:
    """What a line binds: on its left, and by reductions. A dimension or hyperparameter on the left is a position."""
    out = []
    for p in line.positions or ():
        if p.form is Form.NAME and found.get(p.value, ("",))[0] not in ("a dimension", "a derived dimension", "a hyperparameter"):
            out.append((p.value, p.span))
    for s in walk(line.value):
        if s.form is Form.CALL and s.value in REDUCTIONS:
            for a in s.args[1:]:
                who = a.args[0] if a.form is Form.TUPLE and a.args else a
                if who.form is Form.NAME:
                    out.append((who.value, who.span))
    return out


def _lines(layer: Layer, declared: dict, faults: Faults) -> None:
    """Sections that refer to declared tensors by name."""
    states = {t.name for t in layer.of_role(Role.STATE)}
    for line in (*layer.lines, *(e for m in layer.modes for e in m.lines)):
        if line.section is Section.UPDATE:
            for name, span in zip(line.targets, line.spans, strict=True):
                if name not in states:
                    faults.add(
                        "E214",
                        f"`{name}` is updated but is no state",
                        span,
                        did_you_mean(name, states) or f"declare it: `state: {{{name}: […]}}`",
                    )
    for mode in modes_of(layer):
        lines = lines_of(layer, mode)
        if not any(e.section is Section.OUTPUT for e in lines):
            place = next((m.span for m in layer.modes if m.name == mode), layer.span)
            faults.add("E202", f"mode `{mode}` has no output", place, "a layer has at least one output")
    floats = {t.name for t in layer.of_role(Role.INPUT, Role.PARAM) if t.kind is Kind.FLOAT}
    seen: set[str] = set()
    for word in layer.wrt or ():
        if word.text not in floats:
            tensor = layer.tensor(word.text)
            what = "is not a float input or parameter" if tensor is not None else "is not declared"
            faults.add("E215", f"`{word.text}` {what}, so nothing can be differentiated by it", word.span, did_you_mean(word.text, floats))
        elif word.text in seen:
            faults.add("E215", f"`{word.text}` stands twice in `wrt`", word.span, "remove one")
        seen.add(word.text)
    dims = set(plain_dims(layer))
    for word, _ in layer.check_dims:
        if word.text not in dims:
            faults.add(
                "E216",
                f"`{word.text}` is not a dimension of the layer",
                word.span,
                did_you_mean(word.text, dims) or "derived dimensions follow from plain ones",
            )
    tensors = {t.name for t in layer.tensors}
    for word, _ in layer.check_values:
        if word.text not in tensors:
            faults.add("E216", f"`{word.text}` is not a tensor of the layer", word.span, did_you_mean(word.text, tensors))


def _mentions(layer: Layer, declared: dict, faults: Faults) -> None:
    """Unknown names in lines, all of them at once."""
    for mode in modes_of(layer):
        lines = lines_of(layer, mode)
        visible = {t for line in lines if line.section is not Section.UPDATE for t in line.targets}
        for line in lines:
            bound = {n for n, _ in _index_names(line, declared)}
            for s in walk(line.value):
                _mention(s, layer, declared, visible, bound, faults)
        if mode == "train":
            for relation in layer.assume:
                for s in walk(relation):
                    if s.form is Form.SUBSCRIPT:
                        _mention(s, layer, declared, visible, set(), faults)


def _mention(s: Syntax, layer: Layer, declared: dict, visible: set[str], bound: set[str], faults: Faults) -> None:
    if s.form is Form.SUBSCRIPT and s.value not in declared:
        if s.value in FUNCTIONS:
            faults.add("E402", f"`{s.value}` is a function", s.span, f"call it with parentheses: `{s.value}(…)`")
        else:
            tensors = [n for n, (what, _) in declared.items() if what not in ("an index", "a dimension")]
            faults.add(
                "E402",
                f"`{s.value}` is not declared",
                s.span,
                did_you_mean(s.value, tensors) or "declare it under `inputs`, or define it under `where`",
            )
    elif s.form is Form.CALL and s.value not in FUNCTIONS and s.value not in layer.callees and s.value not in layer.functions:
        if s.value in declared:
            faults.add(
                "E403",
                f"`{s.value}` is {declared[s.value][0]}, not a function",
                s.span,
                "a product is written with `*`, an element with `[ ]`",
            )
        else:
            faults.add(
                "E403",
                f"`{s.value}` is neither a function nor a layer",
                s.span,
                _written_otherwise(s.value)
                or did_you_mean(s.value, [*FUNCTIONS, *layer.callees])
                or "another file's layer is named under `use`",
            )
    elif s.form is Form.NAME and s.value in FUNCTIONS and s.value not in declared and s.value not in bound:
        faults.add("E402", f"`{s.value}` is a function and stands here without arguments", s.span, f"write `{s.value}(…)`")
    elif s.form in (Form.NAME, Form.SUBSCRIPT) and declared.get(s.value, ("",))[0] == "defined" and s.value not in visible:
        faults.add(
            "E402",
            f"`{s.value}` is not defined in this mode",
            s.span,
            "define it in the mode, or do not empty its section",
            (declared[s.value][1], "defined here"),
        )


def _unused(layer: Layer, declared: dict, meant: set[str], faults: Faults) -> None:
    """Names that no line of any mode, no shape and no other declaration mentions."""
    used: set[str] = set()
    for line in (*layer.lines, *(e for m in layer.modes for e in m.lines)):
        used.update(_words(line.value))
        for p in line.positions or ():
            used.update(_words(p))
        if line.section is Section.UPDATE:
            used.update(line.targets)
        if line.section is Section.OUTPUT:
            used.update(line.targets)
    for syntax in (*layer.assume, *(d.value for d in layer.dims), *(i.value for i in layer.indices)):
        used.update(_words(syntax))
    drawn = [t for m in layer.modes for t in m.random]
    for t in (*layer.tensors, *drawn):
        for syntax in (*t.shape, *((t.values,) if t.values is not None else ()), *(t.init.arguments if t.init else ())):
            used.update(_words(syntax))
    for line in (*layer.lines, *(e for m in layer.modes for e in m.lines)):
        if used.intersection(line.targets):  # of a call's outputs, one that is used will do
            used.update(line.targets)
    for name, (what, span) in declared.items():
        if name not in used and name not in meant and what not in ("a dimension", "a state"):
            shown = {"defined": "defined", "drawn": "drawn"}.get(what, "declared")
            faults.add("E217", f"`{name}` is {shown} and never used", span, "use it or remove it")
    called = {
        s.value for line in (*layer.lines, *(e for m in layer.modes for e in m.lines)) for s in walk(line.value) if s.form is Form.CALL
    }
    for use in layer.uses:
        if use.name not in called:
            faults.add("E217", f"the layer `{use.name}` is named under `use` and never called", use.span, "call it or remove it")


def _words(syntax: Syntax) -> set[str]:
    return {s.value for s in walk(syntax) if s.form in (Form.NAME, Form.SUBSCRIPT, Form.CALL)}


def _written_otherwise(name: str) -> str:
    """What to write for a function of another language; empty for others."""
    return f"write {ELSEWHERE[name]}" if name in ELSEWHERE else ""
