"""NumPy spelling of arrays and of integer expressions, in the layout that ruff's formatter leaves alone."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from symback.core.expr import BEYOND_INTEGERS, MINUS_ONE, ONE, ZERO, Node, Op, add, branches, number, power, split_coefficient
from symback.core.program import LEADING
from symback.emit.constants import exact_float
from symback.emit.identifiers import local
from symback.lower.arrays import FULL_SLICE, Array, Kind, Slice
from symback.lower.lists import Limits

CONDITIONAL, COMPARISON, BIT_OR, BIT_AND, SUM, PRODUCT, UNARY, POWER, ATOM = range(9)
_LEVEL = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT, "//": PRODUCT, "%": PRODUCT, "&": BIT_AND, "|": BIT_OR, "**": POWER}
_LEVEL |= {c: COMPARISON for c in ("<", "<=", "==", "!=")}


def scalar_text(node: Node, level: int = CONDITIONAL, names: Mapping[str, str] = {}) -> str:
    """A Python expression for a node of dimensions, hyperparameters and numbers."""
    s, own = _scalar(node, names)
    return f"({s})" if own < level else s


def _scalar(node: Node, names: Mapping[str, str]) -> tuple[str, int]:
    op = node.op
    if op in (Op.DIM, Op.HYPER):
        return names.get(
            str(node.data), "lead_size" if node.data == LEADING else local(str(node.data)) if op is Op.DIM else str(node.data)
        ), ATOM
    if op is Op.BOOL:
        return str(node.data), ATOM
    if op is Op.NUM and node.data.denominator == 1 and abs(node.data) < BEYOND_INTEGERS:
        return str(node.data.numerator), UNARY if node.data < 0 else ATOM
    if not _named(node):
        value = exact_float(node)
        return value, UNARY if value.startswith("-") else ATOM
    if op is Op.ADD:
        return _scalar_sum(node, names), SUM
    if op is Op.MUL:
        return _scalar_product(node, names)
    if op is Op.POW:
        if node.args[1] == MINUS_ONE:
            return f"1 / {scalar_text(node.args[0], UNARY, names)}", PRODUCT
        if node.args[1].op is Op.NUM and node.args[1].data == Fraction(1, 2):
            return f"math.sqrt({scalar_text(node.args[0], CONDITIONAL, names)})", ATOM
        base, exponent = scalar_text(node.args[0], ATOM, names), scalar_text(node.args[1], UNARY, names)
        return _power(base, exponent), POWER
    if op is Op.COMPARE:
        return f"{scalar_text(node.args[0], BIT_OR, names)} {node.data} {scalar_text(node.args[1], BIT_OR, names)}", COMPARISON
    if op in (Op.AND, Op.OR):
        parts = _chained(node.args, names) if op is Op.AND else [scalar_text(a, COMPARISON, names) for a in node.args]
        return (" and " if op is Op.AND else " or ").join(parts), CONDITIONAL if len(parts) > 1 else COMPARISON
    if op is Op.NOT:
        return f"(not {scalar_text(node.args[0], COMPARISON, names)})", ATOM
    if op is Op.PIECEWISE:
        text = scalar_text(node.args[-2], CONDITIONAL, names)
        for value, condition in reversed(branches(node)[:-1]):
            text = f"({scalar_text(value, CONDITIONAL, names)} if {scalar_text(condition, COMPARISON, names)} else {text})"
        return text, ATOM
    return _scalar_call(node, names)


def _chained(conditions: tuple[Node, ...], names: Mapping[str, str]) -> list[str]:
    """Texts of conditions that all hold; what one ends with and the next begins with is written once, `a <= b <= c`."""
    out: list[str] = []
    last = None
    for c in conditions:
        ordered = c.op is Op.COMPARE and c.data in ("<", "<=")
        if ordered and last == c.args[0]:
            out[-1] += f" {c.data} {scalar_text(c.args[1], BIT_OR, names)}"
        else:
            out.append(scalar_text(c, COMPARISON, names))
        last = c.args[1] if ordered else None
    return out


def _named(node: Node) -> bool:
    return node.op in (Op.DIM, Op.HYPER) or any(_named(a) for a in node.args)


def _scalar_sum(node: Node, names: Mapping[str, str]) -> str:
    terms = sorted(node.args, key=lambda a: split_coefficient(a)[0] < 0)
    out = scalar_text(terms[0], SUM, names)
    for a in terms[1:]:
        c, rest = split_coefficient(a)
        if c < 0:
            positive = (
                number(-c)
                if rest == ONE
                else (rest if c == -1 else Node(Op.MUL, None, (number(-c), *(rest.args if rest.op is Op.MUL else (rest,)))))
            )
            out += f" - {scalar_text(positive, PRODUCT, names)}"
        else:
            out += f" + {scalar_text(a, PRODUCT, names)}"
    return out


def _scalar_product(node: Node, names: Mapping[str, str]) -> tuple[str, int]:
    c, rest = split_coefficient(node)
    over, under = [], []
    if abs(c.numerator) >= BEYOND_INTEGERS or c.denominator >= BEYOND_INTEGERS:
        over.append(exact_float(number(abs(c))))
    else:
        if abs(c.numerator) != 1:
            over.append(str(abs(c.numerator)) if c.denominator == 1 or _is_small(c) else exact_float(number(abs(c))))
        if c.denominator != 1 and (abs(c.numerator) == 1 or _is_small(c)):
            under.append(str(c.denominator))
    for f in rest.args if rest.op is Op.MUL else (rest,):
        if f.op is Op.POW and f.args[1].op is Op.NUM and f.args[1].data < 0:
            under.append(scalar_text(power(f.args[0], number(-f.args[1].data)), UNARY, names))
        else:
            over.append(scalar_text(f, UNARY if over or c < 0 else PRODUCT, names))
    text = " * ".join(over) or "1"
    for u in under:
        text += f" / {u}"
    return (f"-{text}" if len(over) + len(under) == 1 else f"-{text}") if c < 0 else text, PRODUCT


def _is_small(c: Fraction) -> bool:
    return c.denominator <= 1000 and abs(c.numerator) <= 1000


_SCALAR_CALL = {"Max": "max", "Min": "min", "Abs": "abs", "floor": "math.floor", "ceiling": "math.ceil", "asin": "math.asin", "acos": "math.acos", "atan": "math.atan",
                "loggamma": "math.lgamma", "round": "round"}  # fmt: skip


def _scalar_call(node: Node, names: Mapping[str, str]) -> tuple[str, int]:
    if node.data == "stop_gradient":
        return _scalar(node.args[0], names)
    if node.data in ("floordiv", "mod"):
        symbol = "//" if node.data == "floordiv" else "%"
        return f"{scalar_text(node.args[0], PRODUCT, names)} {symbol} {scalar_text(node.args[1], UNARY, names)}", PRODUCT
    arguments = ", ".join(scalar_text(a, CONDITIONAL, names) for a in node.args)
    if node.data in ("sigmoid", "softplus"):
        x = scalar_text(node.args[0], UNARY, names)
        return (f"1 / (1 + math.exp(-{x}))", PRODUCT) if node.data == "sigmoid" else (f"math.log1p(math.exp({x}))", ATOM)
    return f"{_SCALAR_CALL.get(node.data, 'math.' + str(node.data))}({arguments})", ATOM


def _power(base: str, exponent: str) -> str:
    """base**exponent; with spaces unless both are names or numbers."""
    digits = exponent.removeprefix("-")
    plain = _simple(base) and _simple(exponent) or (_simple(base) and digits.replace(".", "").isdigit())
    return f"{base}**{exponent}" if plain else f"{base} ** {exponent}"


def _simple(text: str) -> bool:
    return text.replace(".", "").replace("_", "").isalnum()


# ------------------------------------------------------------------------------------------------ items


def items_text(items: tuple[object, ...], operands: Mapping[int, str] = {}) -> str:
    """`[…]` for basic or advanced indexing; a second `[…]` turns reversed axes round."""
    view, items = view_first(items)
    if view:
        return items_text(view) + items_text(items, operands)
    parts, flips = [], []
    for item in items:
        if item is None:
            parts.append("None")
            flips.append(":")
        elif isinstance(item, Slice):
            parts.append(_slice_text(item))
            flips.append("::-1" if _turned(item) else ":")
        elif isinstance(item, int):
            parts.append(operands[item])
        elif isinstance(item, str):  # the variable of a slice
            parts.append(item)
            flips.append(":")
        else:
            parts.append(scalar_text(item))
    while len(parts) > 1 and parts[-1] == ":":
        parts.pop()
    text = f"[{', '.join(parts)}]"
    if "::-1" in flips:
        while flips[-1] == ":":
            flips.pop()
        text = (text if text not in ("[:]",) and set(parts) != {":"} else "") + f"[{', '.join(flips)}]"
    return text


def view_first(items: tuple[object, ...]) -> tuple[tuple[object, ...], tuple[object, ...]]:
    """(view, rest): slices that run backward are taken before index arrays are applied; `view` is empty where there is no need."""
    if not (any(_turned(i) for i in items) and any(isinstance(i, int) for i in items)):
        return (), items
    view = tuple(i if isinstance(i, Slice) else FULL_SLICE for i in items)
    return view, tuple(FULL_SLICE if isinstance(i, Slice) else i for i in items)


def _turned(item: object) -> bool:
    """Whether it is a slice that runs backward."""
    return isinstance(item, Slice) and item.step is not None and item.step.op is Op.NUM and item.step.data < 0


def _slice_text(s: Slice) -> str:
    step = s.step
    if step is not None and step.op is Op.NUM and step.data < 0:
        step = number(-step.data)
    if step == ONE:
        step = None
    bounds = ["" if b is None else scalar_text(b, SUM) for b in (s.start, s.stop)]
    if step is not None:
        bounds.append(scalar_text(step, SUM))
    if bounds == ["", ""]:
        return ":"
    if all(not b or _simple(b) or (b.startswith("-") and _simple(b[1:])) for b in bounds):
        return ":".join(bounds)
    text = bounds[0]
    for b in bounds[1:]:
        text += (" :" if text and not text.endswith(":") else ":") + (f" {b}" if b else "")
    return text


# ----------------------------------------------------------------------------------------------- arrays


class Speller:
    """Texts of arrays; `names` holds those that have a variable."""

    def __init__(self, names: dict[Array, str]):
        self.names = names

    def text(self, a: Array, level: int = CONDITIONAL) -> str:
        name = self.names.get(a)
        if name is not None:
            return name
        s, own = self._spell(a)
        return f"({s})" if own < level else s

    def _spell(self, a: Array) -> tuple[str, int]:
        return getattr(self, f"_{a.kind.value}")(a)

    def _argument(self, a: Array) -> tuple[str, int]:
        return str(a.data), ATOM

    _buffer = _argument

    def _scalar(self, a: Array) -> tuple[str, int]:
        return _scalar(a.data, {})

    def _operator(self, a: Array) -> tuple[str, int]:
        if a.data == "neg":
            return f"-{self.text(a.args[0], UNARY)}", UNARY
        if a.data == "~":
            return f"~{self.text(a.args[0], UNARY)}", UNARY
        if a.data == "not":
            return f"(not {self.text(a.args[0], COMPARISON)})", ATOM
        level = _LEVEL[a.data]
        left, right = a.args
        if is_square(a):
            return f"np.square({self.text(left)})", ATOM
        if level == COMPARISON:
            return f"{self.text(left, BIT_OR)} {a.data} {self.text(right, BIT_OR)}", level
        if a.data == "**":
            base, exponent = self.text(left, ATOM), self.text(right, UNARY)
            return _power(base, exponent), level
        return f"{self.text(left, level)} {a.data} {self.text(right, level + 1)}", level

    def _ufunc(self, a: Array) -> tuple[str, int]:
        return f"np.{a.data}({', '.join(self.text(x) for x in a.args)})", ATOM

    def _where(self, a: Array) -> tuple[str, int]:
        condition, yes, no = a.args
        if _is_decided_by_python(a):
            return f"{self.text(yes, COMPARISON)} if {self.truth(condition)} else {self.text(no, COMPARISON)}", CONDITIONAL
        return f"np.where({self.text(condition)}, {self.text(yes)}, {self.text(no)})", ATOM

    def truth(self, condition: Array, level: int = COMPARISON) -> str:
        """The condition of a Python conditional; a number that is not 0 is true."""
        node = condition.data
        plain = condition.kind is Kind.SCALAR and node.op is Op.COMPARE and node.data == "!=" and node.args[1] == ZERO
        return scalar_text(node.args[0], level) if plain else self.text(condition, level)

    def _view(self, a: Array) -> tuple[str, int]:
        return self.text(a.args[0], ATOM) + items_text(a.data), ATOM

    def _gather(self, a: Array) -> tuple[str, int]:
        return self.text(a.args[0], ATOM) + items_text(a.data, {k: self.text(x) for k, x in enumerate(a.args)}), ATOM

    def _transpose(self, a: Array) -> tuple[str, int]:
        base = self.text(a.args[0], ATOM)
        if a.data == tuple(reversed(range(len(a.data)))):
            return f"{base}.T", ATOM
        return f"{base}.transpose({', '.join(map(str, a.data))})", ATOM

    def _reshape(self, a: Array) -> tuple[str, int]:
        return f"{self.text(a.args[0], ATOM)}.reshape({', '.join(scalar_text(s) for s in a.data)})", ATOM

    def _reduce(self, a: Array) -> tuple[str, int]:
        method, axes, *none = a.data
        base = self.text(a.args[0], ATOM)
        over = [] if len(axes) == len(a.args[0].shape) else [f"axis={axes[0] if len(axes) == 1 else axes}"]
        return f"{base}.{method}({', '.join([*over, *(f'initial={n}' for n in none)])})", ATOM

    def _accumulate(self, a: Array) -> tuple[str, int]:
        ufunc, axis, backward = a.data
        base = a.args[0]
        flip = "[" + ":, " * axis + "::-1]"
        inner = self.text(base, ATOM) + flip if backward else self.text(base)
        text = f"np.cumsum({inner}, axis={axis})" if ufunc == "add" else f"np.{ufunc}.accumulate({inner}, axis={axis})"
        return text + (flip if backward else ""), ATOM

    def _matmul(self, a: Array) -> tuple[str, int]:
        return f"{self.text(a.args[0], PRODUCT)} @ {self.text(a.args[1], UNARY)}", PRODUCT

    def _tensordot(self, a: Array) -> tuple[str, int]:
        left, right = a.data
        one = len(left) == 1
        axes = f"({left[0]}, {right[0]})" if one else f"({list(left)}, {list(right)})"
        return f"np.tensordot({self.text(a.args[0])}, {self.text(a.args[1])}, axes={axes})", ATOM

    def _einsum(self, a: Array) -> tuple[str, int]:
        return f'np.einsum("{a.data}", {", ".join(self.text(x) for x in a.args)})', ATOM

    def _concatenate(self, a: Array) -> tuple[str, int]:
        return f"np.concatenate(({', '.join(self.text(x) for x in a.args)}), axis={a.data})", ATOM

    def _arange(self, a: Array) -> tuple[str, int]:
        return f"np.arange({scalar_text(a.data)})", ATOM

    def _cast(self, a: Array) -> tuple[str, int]:
        if _may_be_python(a.args[0]):
            return f"np.asarray({self.text(a.args[0])}, {a.data})", ATOM
        return f"{self.text(a.args[0], ATOM)}.astype({a.data})", ATOM

    def _full(self, a: Array) -> tuple[str, int]:
        shape = shape_text(a.shape)
        if a.data == "0":
            return f"np.zeros({shape}, dtype)", ATOM
        if not a.data:
            return f"np.empty({shape}, dtype)", ATOM
        return f"np.full({shape}, {a.data}, dtype)", ATOM

    def _pad(self, a: Array) -> tuple[str, int]:
        pads, fill = a.data
        widths = ", ".join(f"({scalar_text(b)}, {scalar_text(c)})" for b, c in pads)
        widths = f"({widths},)" if len(pads) == 1 else f"({widths})"
        extra = "" if fill == "0" else f", {fill}"
        return f"_padded({self.text(a.args[0])}, {widths}{extra})", ATOM

    def _windows(self, a: Array) -> tuple[str, int]:
        axes, widths, items = a.data
        if len(axes) == 1:
            shape = f"{scalar_text(widths[0])}, axis={axes[0]}"
        else:
            shape = f"({', '.join(map(scalar_text, widths))}), axis={axes}"
        cut = items_text(items) if any(i != FULL_SLICE for i in items) else ""
        return f"sliding_window_view({self.text(a.args[0])}, {shape}){cut}", ATOM

    def _kernel(self, a: Array) -> tuple[str, int]:
        name, extra = a.data
        arguments = [self.text(x) for x in a.args]
        if isinstance(extra, Limits):
            arguments += ["0", scalar_text(number_minus_one(extra.size))]
        elif isinstance(extra, int):
            arguments.append(f"axis={extra}")
        elif isinstance(extra, str) and extra:
            arguments.append(extra)
        elif name == "np.broadcast_to":
            kind = ", dtype" if a.element == "f" and _may_be_python(a.args[0]) else ""
            return f"np.full({shape_text(a.shape)}, {arguments[0]}{kind})", ATOM
        return f"{name}({', '.join(arguments)})", ATOM


def is_square(a: Array) -> bool:
    """Whether it is a float array times itself, which NumPy has a faster loop for than for products."""
    return a.kind is Kind.OPERATOR and a.data == "*" and a.args[0] == a.args[1] and bool(a.shape) and a.element == "f"


def number_minus_one(size: Node) -> Node:
    return add(size, MINUS_ONE)


def shape_text(shape: tuple[Node, ...]) -> str:
    """`(N, C)`, `(N,)`, `()`."""
    if len(shape) == 1:
        return f"({scalar_text(shape[0])},)"
    return f"({', '.join(scalar_text(s) for s in shape)})"


def _may_be_python(a: Array) -> bool:
    """Whether the text may give a Python number, which has no methods of an array."""
    if a.kind is Kind.WHERE:
        return _is_decided_by_python(a) and any(map(_may_be_python, a.args[1:]))
    return a.kind is Kind.SCALAR or (a.kind is Kind.OPERATOR and all(map(_may_be_python, a.args)))


def _is_decided_by_python(a: Array) -> bool:
    """Whether a case distinction is one for all elements."""
    return a.args[0].kind is Kind.SCALAR or a.args[0].element == "s"
