"""The document's tree to the declared layer: keys, tensor types, left-hand sides, literals.

Promises to the next stage: every section has its form, every expression is parsed, every name has the
form of a name and is not reserved, and nothing is declared twice within a section. All faults of the
file are found before any is raised.
"""

from __future__ import annotations

import keyword
from fractions import Fraction

from symback.core.diagnostics import LayerError, Span
from symback.core.expr import BEYOND_FLOATS, BEYOND_INTEGERS
from symback.core.program import Kind, Role, Section
from symback.frontend import expressions
from symback.frontend.document import Items, Scalar, Table, Value
from symback.frontend.faults import Faults, did_you_mean, listed, stop
from symback.frontend.layer import DeclaredHyperparameter, DeclaredTensor, Draw, Layer, Line, Mode, Named, Use, Word
from symback.frontend.syntax import Form, Syntax
from symback.frontend.tokens import MAX_NAME, is_name
from symback.frontend.vocabulary import DISTRIBUTIONS, MODULES_OWN, RESERVED

KEYS = (
    "layer", "doc", "inputs", "params", "state", "hyperparameters", "dims", "indices", "random", "where", "outputs",
    "update", "modes", "assume", "wrt", "use", "check",
)  # fmt: skip
ROLES = {"inputs": Role.INPUT, "params": Role.PARAM, "state": Role.STATE, "random": Role.RANDOM}
SECTIONS = {"where": Section.WHERE, "outputs": Section.OUTPUT, "update": Section.UPDATE}
TENSOR_KEYS = ("shape", "values", "also", "dtype", "grad", "outside", "init")
MOST_ENTRIES = {"outputs": 500, "hyperparameters": 500, "modes": 50}
MODE_KEYS = ("where", "outputs", "update", "random")


def declare(root: Table, file: str, source: str) -> Layer:
    """The layer that a document declares. Raises: LayerError with every fault of form."""
    reader = _Declaration(root)
    layer = reader.layer(file, source)
    reader.faults.settle()
    return layer


class _Declaration:
    def __init__(self, root: Table):
        self.root = root
        self.faults = Faults()
        self.sections: dict[str, tuple[Scalar, Value]] = {}
        for key, value in root.entries:
            if key.text in KEYS:
                self.sections[key.text] = (key, value)
            else:
                self.faults.add(
                    "E201",
                    f"`{_short(key.text)}` is not a key of a layer file",
                    key.span,
                    did_you_mean(key.text, KEYS) or f"the keys are {listed(KEYS)}",
                )

    def layer(self, file: str, source: str) -> Layer:
        attempt = self.faults.attempt
        self.bounded()
        name = attempt(self.name) or "layer"
        tensors = [t for key, role in ROLES.items() for k, v in self.table(key) if (t := attempt(self.tensor, k, v, role))]
        hypers = [h for k, v in self.table("hyperparameters") if (h := attempt(self.hyperparameter, k, v))]
        lines = [e for key, section in SECTIONS.items() for k, v in self.table(key) if (e := attempt(self.line, k, v, section))]
        if "outputs" not in self.sections:
            self.faults.add("E202", "the key `outputs` is missing", self.root.span, "a layer has at least one output")
        elif isinstance(self.sections["outputs"][1], Table) and not self.sections["outputs"][1].entries:
            self.faults.add("E202", "`outputs` is empty", self.sections["outputs"][0].span, "a layer has at least one output")
        return Layer(
            name=name,
            doc=attempt(self.doc) or "",
            tensors=tuple(tensors),
            hyperparameters=tuple(hypers),
            dims=tuple(n for k, v in self.table("dims") if (n := attempt(self.named, k, v))),
            indices=tuple(n for k, v in self.table("indices") if (n := attempt(self.named, k, v))),
            lines=tuple(lines),
            modes=tuple(m for k, v in self.table("modes") if (m := attempt(self.mode, k, v))),
            assume=tuple(s for v in self.items("assume") if (s := attempt(_expression, v))),
            wrt=tuple(w for v in self.items("wrt") if (w := attempt(_word, v))) if "wrt" in self.sections else None,
            uses=tuple(u for k, v in self.table("use") if (u := attempt(self.use, k, v))),
            check_dims=tuple(d for k, v in self.check("dims") if (d := attempt(_check_dim, k, v))),
            check_values=tuple(d for k, v in self.check("values") if (d := attempt(_check_value, k, v))),
            span=self.sections["layer"][1].span if "layer" in self.sections else self.root.span,
            file=file,
            source=source,
        )

    # ---------------------------------------------------------------------------- the form of sections

    def bounded(self) -> None:
        """Raise LayerError where a section has more entries than a generated module can have in a sensible time."""
        for key, most in MOST_ENTRIES.items():
            section = self.sections.get(key)
            if section is not None and isinstance(section[1], Table) and len(section[1].entries) > most:
                stop("E101", f"`{key}` has more than {most} entries", section[0].span, "split it into layers that call each other")

    def table(self, key: str) -> tuple[tuple[Scalar, Value], ...]:
        if key not in self.sections:
            return ()
        return self.faults.attempt(_table, self.sections[key][1], f"`{key}`") or ()

    def items(self, key: str) -> tuple[Value, ...]:
        if key not in self.sections:
            return ()
        value = self.sections[key][1]
        if isinstance(value, Items):
            return value.items
        if isinstance(value, Scalar) and not value.text and value.plain:
            return ()
        self.faults.add("E203", f"`{key}` is a list", value.span, "write one entry a line, each after `- `")
        return ()

    def check(self, key: str) -> tuple[tuple[Scalar, Value], ...]:
        for k, value in self.table("check"):
            if k.text == key:
                return self.faults.attempt(_table, value, f"`check: {key}`") or ()
            if k.text not in ("dims", "values"):
                self.faults.add("E201", f"`{_short(k.text)}` is not a key of `check`", k.span, "the keys are `dims` and `values`")
        return ()

    # --------------------------------------------------------------------------------------- entries

    def name(self) -> str:
        if "layer" not in self.sections:
            stop("E202", "the key `layer` is missing", self.root.span, "begin with `layer: name`")
        value = self.sections["layer"][1]
        if not isinstance(value, Scalar) or not is_name(value.text):
            stop("E204", "a layer's name is a Python identifier", value.span, "use ASCII letters, digits and `_`")
        if keyword.iskeyword(value.text) or len(value.text) > MAX_NAME or value.text.startswith("__"):
            stop("E204", f"`{_short(value.text)}` cannot name a module", value.span, "choose another name")
        return value.text

    def doc(self) -> str:
        if "doc" not in self.sections:
            return ""
        value = self.sections["doc"][1]
        if not isinstance(value, Scalar):
            stop("E203", "`doc` is a text", value.span, "quote it, or write it after `|`")
        return value.text

    def tensor(self, key: Scalar, value: Value, role: Role) -> DeclaredTensor:
        name = _argument_name(key)
        if isinstance(value, Items):
            return DeclaredTensor(name, role, self.shape(value), grad=role in (Role.INPUT, Role.PARAM), span=key.span)
        if not isinstance(value, Table):
            mend = "write `[N, C]`, `[]` for a scalar, `{shape: [N], values: C}` for labels, or `{shape: [N], dtype: bool}` for a mask"
            stop("E205", f"`{name}` needs a shape", value.span, mend)
        known = ("shape", "dist") if role is Role.RANDOM else TENSOR_KEYS
        fields: dict[str, Value] = {}
        for k, v in value.entries:
            if k.text not in known:
                self.faults.add(
                    "E201",
                    f"`{_short(k.text)}` is not a key of a tensor",
                    k.span,
                    did_you_mean(k.text, known) or f"the keys are {listed(known)}",
                )
            fields[k.text] = v
        if not isinstance(fields.get("shape"), Items):
            stop("E205", f"`{name}` needs a shape", value.span, "write `shape: [N, C]`, or `shape: []` for a scalar")
        shape = self.shape(fields["shape"])
        if role is Role.RANDOM:
            if "dist" not in fields:
                stop(
                    "E202",
                    f"the key `dist` of `{name}` is missing",
                    value.span,
                    "write `dist: bernoulli(p)`, `uniform(a, b)` or `normal(mean, sd)`",
                )
            return DeclaredTensor(name, role, shape, grad=False, init=_draw(fields["dist"], drawn=True), span=key.span)
        return self.typed(name, role, shape, fields, key.span)

    def typed(self, name: str, role: Role, shape: tuple[Syntax, ...], fields: dict[str, Value], span: Span) -> DeclaredTensor:
        kind, values, outside = Kind.FLOAT, None, None
        also: tuple[int, ...] = ()
        if "values" in fields:
            kind, values = Kind.INT, _expression(fields["values"])
        if "dtype" in fields:
            dtype = fields["dtype"]
            if not isinstance(dtype, Scalar) or dtype.text not in ("bool", "float"):
                stop(
                    "E206",
                    "the dtype of a tensor is `bool` or left out",
                    dtype.span,
                    "integers are declared by their range, `values: C`; floats need no dtype",
                )
            if kind is Kind.INT:
                stop("E206", f"`{name}` has both `values` and `dtype`", dtype.span, "integers need only `values`")
            kind = Kind.BOOL if dtype.text == "bool" else Kind.FLOAT
        if "also" in fields:
            if kind is not Kind.INT:
                stop("E206", "`also` belongs to a tensor of integers", fields["also"].span, "add `values: C`")
            also = _integers(fields["also"])
        if "outside" in fields:
            if kind is not Kind.FLOAT:
                stop(
                    "E206",
                    "`outside` belongs to a tensor of floats",
                    fields["outside"].span,
                    "keep the reads inside with a `Piecewise`, or pass floats with `grad: false`",
                )
            outside = _outside(fields["outside"])
        grad = _truth(fields["grad"]) if "grad" in fields else role in (Role.INPUT, Role.PARAM) and kind is Kind.FLOAT
        if "grad" in fields and grad and (kind is not Kind.FLOAT or role is Role.STATE):
            stop("E206", f"`{name}` cannot be differentiated", fields["grad"].span, "only float inputs and params are")
        if role is Role.PARAM and (kind is not Kind.FLOAT or not grad):
            where = next(fields[k].span for k in ("grad", "values", "dtype") if k in fields)
            stop("E206", f"the parameter `{name}` is trained, so it is a float and differentiated", where, "declare it under `inputs`")
        if "init" in fields and role is Role.INPUT:
            stop("E206", "`init` belongs to `params` and `state`", fields["init"].span, "remove it")
        init = _draw(fields["init"]) if "init" in fields else None
        return DeclaredTensor(name, role, shape, kind, values, also, outside, grad, init, span)

    def shape(self, value: Items) -> tuple[Syntax, ...]:
        axes = []
        for k, item in enumerate(value.items):
            axis = _expression(item)
            if axis.form is Form.ELLIPSIS and k:
                stop("E207", "`...` stands first in a shape", axis.span, "leading axes come first: `[..., D]`")
            axes.append(axis)
        return tuple(axes)

    def hyperparameter(self, key: Scalar, value: Value) -> DeclaredHyperparameter:
        name = _argument_name(key)
        if isinstance(value, Scalar) and value.plain and value.text in ("true", "false", "True", "False", "TRUE", "FALSE"):
            return DeclaredHyperparameter(name, value.text.lower() == "true", key.span)
        number = _constant(_expression(value))
        if number is not None and abs(number) >= (BEYOND_INTEGERS if isinstance(number, int) else BEYOND_FLOATS):
            stop("E306", f"the default of `{name}` is too large", value.span, "no dtype can hold it")
        if number is None:
            stop(
                "E208", f"the default of `{name}` must be a number, true or false", value.span, "write a value such as 1e-5, 2, 1/3 or true"
            )
        return DeclaredHyperparameter(name, number, key.span)

    def named(self, key: Scalar, value: Value) -> Named:
        return Named(_declared_name(key), _expression(value), key.span)

    def line(self, key: Scalar, value: Value, section: Section) -> Line:
        target = self.faults.attempt(expressions.parse_target, key)
        syntax = _expression(value)
        if target is None:
            raise LayerError()
        for name, span in zip(target.names, target.spans, strict=True):
            _check_name(name, span)
        return Line(section, target.names, target.positions, syntax, target.spans)

    def mode(self, key: Scalar, value: Value) -> Mode:
        name = _mode_name(key)
        emptied, lines, random = [], [], []
        for k, v in _table(value, f"the mode `{name}`"):
            if k.text not in MODE_KEYS:
                self.faults.add(
                    "E201",
                    f"a mode cannot change `{_short(k.text)}`",
                    k.span,
                    did_you_mean(k.text, MODE_KEYS) or f"it changes {listed(MODE_KEYS)}",
                )
                continue
            entries = self.faults.attempt(_table, v, f"`{k.text}`") or ()
            if not entries:
                emptied.append(k.text)
            if k.text == "random":
                random += [t for a, b in entries if (t := self.faults.attempt(self.tensor, a, b, Role.RANDOM))]
            else:
                lines += [e for a, b in entries if (e := self.faults.attempt(self.line, a, b, SECTIONS[k.text]))]
        return Mode(name, tuple(emptied), tuple(lines), tuple(random), key.span)

    def use(self, key: Scalar, value: Value) -> Use:
        if not is_name(key.text):
            stop("E204", f"`{_short(key.text)}` is not a name", key.span, "use ASCII letters, digits and `_`")
        if not isinstance(value, Scalar) or not value.text:
            stop("E203", f"`{key.text}` needs the name of a file", value.span, f"write `{key.text}: {key.text}.yaml`")
        return Use(key.text, value.text, value.span)


# ------------------------------------------------------------------------------------------- values


def _table(value: Value, what: str) -> tuple[tuple[Scalar, Value], ...]:
    if isinstance(value, Table):
        return value.entries
    if isinstance(value, Scalar) and not value.text and value.plain:
        return ()
    stop("E203", f"{what} is a mapping", value.span, "write one `name: value` a line")


def _expression(value: Value) -> Syntax:
    if not isinstance(value, Scalar):
        stop("E203", "an expression was expected, not a list or a mapping", value.span, "quote an expression that begins with `[` or `{`")
    return expressions.parse(value)


def _word(value: Value) -> Word:
    if not isinstance(value, Scalar) or not is_name(value.text):
        stop("E203", "a name was expected", value.span, "")
    return Word(value.text, value.span)


def _truth(value: Value) -> bool:
    if isinstance(value, Scalar) and value.text in ("true", "false", "True", "False"):
        return value.text.lower() == "true"
    stop("E203", "true or false was expected", value.span, "")


def _integers(value: Value) -> tuple[int, ...]:
    if not isinstance(value, Items):
        stop("E203", "a list of integers was expected", value.span, "write `also: [-100]`")
    found = []
    for item in value.items:
        number = _constant(_expression(item))
        if not isinstance(number, int) or isinstance(number, bool) or abs(number) >= 1 << 63:
            stop("E203", "an integer was expected", item.span, "write `also: [-100]`")
        found.append(number)
    return tuple(found)


def _outside(value: Value) -> Syntax:
    syntax = _expression(value)
    inner = syntax.args[0] if syntax.form is Form.NEGATIVE else syntax
    if _constant(syntax) is None and not (inner.form is Form.NAME and inner.value == "oo"):
        stop("E206", "what is read outside is a number, `-oo` or `oo`", value.span, "write `outside: 0` or `outside: -oo`")
    return syntax


def _draw(value: Value, drawn: bool = False) -> Draw:
    syntax = _expression(value)
    if syntax.form is Form.CALL and syntax.value in DISTRIBUTIONS:
        if any(a.form is Form.KEYWORD for a in syntax.args) or len(syntax.args) != DISTRIBUTIONS[syntax.value]:
            stop(
                "E209",
                f"`{syntax.value}` takes {DISTRIBUTIONS[syntax.value]} argument(s)",
                syntax.span,
                "normal(mean, sd), uniform(a, b), bernoulli(p)",
            )
        return Draw(syntax.value, syntax.args, syntax.span)
    if drawn:
        stop("E209", "this is not a distribution", value.span, "write `bernoulli(p)`, `uniform(a, b)` or `normal(mean, sd)`")
    if syntax.form is Form.NAME and syntax.value in ("zeros", "ones"):
        return Draw("constant", (expressions.integer(syntax.value == "ones", syntax.span),), syntax.span)
    if syntax.form is Form.CALL and did_you_mean(syntax.value, DISTRIBUTIONS):
        stop("E209", f"`{syntax.value}` is not a distribution", syntax.span, did_you_mean(syntax.value, DISTRIBUTIONS))
    return Draw("constant", (syntax,), syntax.span)


def _check_dim(key: Scalar, value: Value) -> tuple[Word, int]:
    number = _constant(_expression(value))
    if not isinstance(number, int) or isinstance(number, bool) or not 0 <= number <= 10_000:
        stop("E203", "a size from 0 to 10000 was expected", value.span, "write `check: {dims: {N: 3}}`")
    return Word(key.text, key.span), number


def _check_value(key: Scalar, value: Value) -> tuple[Word, Draw]:
    return Word(key.text, key.span), _draw(value)


def _constant(syntax: Syntax) -> int | Fraction | None:
    """The number that a literal is (a sign and one quotient allowed); int where written without a point."""
    if syntax.form is Form.NEGATIVE:
        inner = _constant(syntax.args[0])
        return None if inner is None else -inner
    if syntax.form is Form.INTEGER:
        return int(syntax.value)
    if syntax.form is Form.DECIMAL:
        return syntax.value
    if syntax.form is Form.PRODUCT and syntax.value == ("*", "/"):
        left, right = (_constant(a) for a in syntax.args)
        return None if left is None or not right else Fraction(left) / right
    return None


def _declared_name(key: Scalar) -> str:
    if not is_name(key.text):
        stop("E204", f"`{_short(key.text)}` is not a name", key.span, "names are of ASCII letters, digits and `_`, and begin with a letter")
    _check_name(key.text, key.span)
    return key.text


def _argument_name(key: Scalar) -> str:
    """The name of a tensor or hyperparameter, which is an argument or variable of the generated functions as it stands."""
    name = _declared_name(key)
    if name in MODULES_OWN:
        stop("E210", f"the name `{name}` is the generated module's own", key.span, f"call it `{name}_`")
    return name


def _check_name(name: str, span: Span | None) -> None:
    if name.startswith("_") or len(name) > MAX_NAME:
        stop("E204", f"`{_short(name)}` cannot be a name here", span, f"names begin with a letter and have at most {MAX_NAME} characters")
    if name in RESERVED:
        stop("E210", f"the name `{name}` is taken by the language or Python", span, f"call it `{name}_`")


def _mode_name(key: Scalar) -> str:
    if not is_name(key.text) or len(key.text) > MAX_NAME:
        stop("E204", f"`{_short(key.text)}` is not a name", key.span, "use ASCII letters, digits and `_`")
    if key.text == "train":
        stop("E211", "the file itself is mode `train`", key.span, "change the file's own sections")
    return key.text


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:57] + "…"
