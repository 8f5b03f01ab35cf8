r"""LaTeX of an expression in index notation, as a paper would set it.

Sums carry their limits, tensors their indices (`x_{n,c}`), `dy` is `\bar{y}`, an indicator is an Iverson
bracket, and `exp(u - LogSumExp(u))` is a softmax where it is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from symback.core import expr
from symback.core.expr import Node, Op, Reduction
from symback.functions import TABLE
from symback.report.symbols import default_symbol, escaped, symbol

# How tightly what has been printed binds.
OR, AND, NOT, RELATION, SUM, PRODUCT, POWER, ATOM = range(8)

_FUNCTIONS = {
    "exp": r"\exp",
    "log": r"\log",
    "sign": r"\operatorname{sign}",
    "sin": r"\sin",
    "cos": r"\cos",
    "tan": r"\tan",
    "asin": r"\arcsin",
    "acos": r"\arccos",
    "atan": r"\arctan",
    "atan2": r"\operatorname{atan2}",
    "sinh": r"\sinh",
    "cosh": r"\cosh",
    "tanh": r"\tanh",
    "asinh": r"\operatorname{arsinh}",
    "acosh": r"\operatorname{arcosh}",
    "atanh": r"\operatorname{artanh}",
    "sigmoid": r"\sigma",
    "loggamma": r"\log\Gamma",
    "digamma": r"\psi",
    "Min": r"\min",
    "Max": r"\max",
    "stop_gradient": r"\operatorname{sg}",
}
_FENCES = {"Abs": (r"\left|", r"\right|"), "floor": (r"\left\lfloor", r"\right\rfloor"), "ceiling": (r"\left\lceil", r"\right\rceil")}
_RELATIONS = {"<": "<", "<=": r"\le", "==": "=", "!=": r"\ne"}
_BIG = {
    Reduction.SUM: r"\sum",
    Reduction.PROD: r"\prod",
    Reduction.MAX: r"\max",
    Reduction.MIN: r"\min",
    Reduction.ARGMAX: r"\operatorname*{arg\,max}",
    Reduction.ARGMIN: r"\operatorname*{arg\,min}",
    Reduction.LOGSUMEXP: r"\operatorname{logsumexp}",
}
_WITH_LIMITS = (Reduction.SUM, Reduction.PROD)


def latex(node: Node, names: Mapping[str, str] | None = None) -> str:
    r"""The LaTeX of an expression. `names` gives the LaTeX of particular names (`symbols.gradient_symbols`)."""
    return _Printer(names, {str(i.data) for i in node.free}).at(node, 0)


def left_side(name: str, axes: tuple[Node, ...], names: Mapping[str, str] | None = None) -> str:
    r"""The LaTeX of a definition's left side: `\bar{x}_{n,i}`. An axis is an INDEX or an integer expression."""
    return latex(expr.read(name, *axes), names)


def equation(name: str, axes: tuple[Node, ...], value: Node, names: Mapping[str, str] | None = None) -> str:
    """The LaTeX of `name[axes] = value`."""
    return f"{left_side(name, axes, names)} = {latex(value, names)}"


class _Printer:
    """Prints nodes. `taken` holds the index names in scope, `bound` the name given to each bound index."""

    def __init__(self, names: Mapping[str, str] | None, taken: set[str]):
        self.symbols = names
        self.taken = taken
        self.bound: dict[Node, str] = {}

    def name(self, name: str) -> str:
        if self.symbols is None:
            return default_symbol(name)
        return self.symbols.get(name) or symbol(name)

    def at(self, node: Node, level: int) -> str:
        """The node, in parentheses where it binds less tightly than `level`."""
        printed, binds = self.printed(node)
        return rf"\left({printed}\right)" if binds < level else printed

    def printed(self, node: Node) -> tuple[str, int]:
        op = node.op
        if op in _PRINTERS:
            return _PRINTERS[op](self, node)
        if op is Op.NUM:
            return _number(node.data)
        if op is Op.CONST:
            return {"pi": r"\pi", "oo": r"\infty", "-oo": r"-\infty"}[node.data], SUM if node.data == "-oo" else ATOM
        if op is Op.BOOL:
            return (r"\text{true}" if node.data else r"\text{false}"), ATOM
        if op is Op.INDEX:
            return self.index_name(self.bound.get(node, str(node.data))), ATOM
        return (r"N_{\ldots}" if node.data == "..." else symbol(node.data)), ATOM  # a dimension or hyperparameter

    def index_name(self, name: str) -> str:
        stem = name.rstrip("'")
        return symbol(stem) + "'" * (len(name) - len(stem))

    # ------------------------------------------------------------------------------------- leaves

    def read(self, node: Node) -> tuple[str, int]:
        base = self.name(node.data)
        if not node.args:
            return base, ATOM
        where = ",".join(self.at(a, 0) for a in node.args)
        scripted = any(mark in base.replace(r"\_", "") for mark in "_^")
        return (f"{{{base}}}_{{{where}}}" if scripted else f"{base}_{{{where}}}"), ATOM

    # --------------------------------------------------------------------------------- arithmetic

    def add(self, node: Node) -> tuple[str, int]:
        terms = list(node.args)
        first = next((k for k, t in enumerate(terms) if expr.split_coefficient(t)[0].numerator > 0 and t != expr.NEG_INF), 0)
        terms.insert(0, terms.pop(first))
        out = self.at(terms[0], SUM)
        for term in terms[1:]:
            c, rest = expr.split_coefficient(term)
            if c.numerator < 0:
                out += " - " + self.at(expr.mul(expr.number(-c), rest), PRODUCT)
            elif term == expr.NEG_INF:
                out += r" - \infty"
            else:
                out += " + " + self.at(term, PRODUCT)
        return out, SUM

    def mul(self, node: Node) -> tuple[str, int]:
        over: list[Node] = []
        under: list[Node] = []
        big: list[Node] = []
        c = Fraction(1)
        for factor in node.args:
            if factor.op is Op.NUM:
                c *= factor.data
            elif factor.op is Op.POW and factor.args[1].op is Op.NUM and factor.args[1].data < 0:
                under.append(expr.power(factor.args[0], expr.number(-factor.args[1].data)))
            elif factor.op is Op.REDUCE and factor.data in _WITH_LIMITS:
                big.append(factor)
            else:
                over.append(factor)
        sign, c = ("-", -c) if c < 0 else ("", c)
        if c.denominator != 1:
            under.insert(0, expr.number(c.denominator))
        if c.numerator != 1 or not (over or big or under):
            over.insert(0, expr.number(c.numerator))
        out = self.row(over)
        if under:
            bottom = self.row(under, alone=True)
            top = self.row(over, alone=True) or "1"
            out = rf"\frac{{{top}}}{{{bottom}}}"
        parts = [out] if out else []
        parts += [self.at(f, POWER) for f in big[:-1]] + [self.at(f, PRODUCT) for f in big[-1:]]
        return sign + r" \, ".join(parts), SUM if sign else PRODUCT

    def row(self, factors: list[Node], alone: bool = False) -> str:
        """Factors side by side; `alone` in a part of a fraction, where a single one needs no parentheses."""
        if alone and len(factors) == 1:
            return self.at(factors[0], 0)
        out = [self.at(f, POWER) for f in factors]
        return r" \, ".join(out)

    def pow(self, node: Node) -> tuple[str, int]:
        base, exponent = node.args
        if exponent == expr.HALF:
            return rf"\sqrt{{{self.at(base, 0)}}}", ATOM
        if exponent.op is Op.NUM and exponent.data < 0:
            return rf"\frac{{1}}{{{self.at(expr.power(base, expr.number(-exponent.data)), 0)}}}", POWER
        up = f"{exponent.data.numerator}/{exponent.data.denominator}" if _is_ratio(exponent) else self.at(exponent, 0)
        head = _FUNCTIONS.get(base.data) if base.op is Op.CALL else None
        if head and base.data != "exp" and self.softmax(base) is None and len(base.args) == 1 and exponent.op is Op.NUM:
            return rf"{head}^{{{up}}}\left({self.at(base.args[0], 0)}\right)", POWER
        return f"{self.at(base, ATOM)}^{{{up}}}", POWER

    # ---------------------------------------------------------------------------------- functions

    def call(self, node: Node) -> tuple[str, int]:
        name, args = node.data, node.args
        if name == "exp":
            found = self.softmax(node)
            if found is not None:
                return found, ATOM
        if name in _FENCES:
            left, right = _FENCES[name]
            return f"{left} {self.at(args[0], 0)} {right}", ATOM
        if name == "floordiv":
            return rf"\left\lfloor \frac{{{self.at(args[0], 0)}}}{{{self.at(args[1], 0)}}} \right\rfloor", ATOM
        if name == "mod":
            return rf"{self.at(args[0], POWER)} \bmod {self.at(args[1], POWER)}", PRODUCT
        if name == "log1p":
            return rf"\log\left(1 + {self.at(args[0], PRODUCT)}\right)", POWER
        if name == "expm1":
            return rf"\exp\left({self.at(args[0], 0)}\right) - 1", SUM
        if name in TABLE and name not in _FUNCTIONS:
            return TABLE[name].latex.format(*(self.at(a, 0) for a in args)), ATOM
        head = _FUNCTIONS.get(name) or rf"\operatorname{{{escaped(name)}}}"
        return rf"{head}\left({', '.join(self.at(a, 0) for a in args)}\right)", POWER if name in _FUNCTIONS else ATOM

    def softmax(self, node: Node) -> str | None:
        """The softmax that exp(u - LogSumExp(u)) is, or None."""
        if node.op is not Op.CALL or node.data != "exp" or node.args[0].op is not Op.ADD:
            return None
        for term in node.args[0].args:
            c, normaliser = expr.split_coefficient(term)
            if c == -1 and normaliser.op is Op.REDUCE and normaliser.data is Reduction.LOGSUMEXP:
                rest = expr.add(node.args[0], normaliser)
                where = _instance(normaliser, rest)
                if where is not None:
                    printed, names = self.opened(normaliser)
                    entry = ",".join(self.at(w, 0) for w in where)
                    return rf"\operatorname{{softmax}}_{{{','.join(names)}}}\left({printed}\right)_{{{entry}}}"
        return None

    # --------------------------------------------------------------------------------- conditions

    def compare(self, node: Node) -> tuple[str, int]:
        return f"{self.at(node.args[0], SUM)} {_RELATIONS[node.data]} {self.at(node.args[1], SUM)}", RELATION

    def both(self, node: Node) -> tuple[str, int]:
        return r" \wedge ".join(self.at(a, NOT) for a in node.args), AND

    def either(self, node: Node) -> tuple[str, int]:
        return r" \vee ".join(self.at(a, AND) for a in node.args), OR

    def negation(self, node: Node) -> tuple[str, int]:
        return rf"\neg {self.at(node.args[0], ATOM)}", NOT

    def piecewise(self, node: Node) -> tuple[str, int]:
        if expr.is_indicator(node):
            return rf"\left[{self.at(node.args[1], 0)}\right]", ATOM
        rows = []
        for value, condition in expr.branches(node):
            when = r"\text{otherwise}" if condition == expr.TRUE else rf"\text{{if }} {self.at(condition, 0)}"
            rows.append(f"{self.at(value, 0)} & {when}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}", ATOM

    # --------------------------------------------------------------------------------- reductions

    def reduce(self, node: Node) -> tuple[str, int]:
        if node.data in _WITH_LIMITS:
            return self.big(node), PRODUCT
        body, names = self.opened(node, ranges=True)
        head = rf"{_BIG[node.data]}_{{{', '.join(names)}}}"
        return rf"{head}\left({body}\right)", POWER

    def big(self, node: Node) -> str:
        names = self.enter(node)
        signs = ""
        for name, low, high in zip(names, node.args[2::3], node.args[3::3], strict=True):
            signs += rf"{_BIG[node.data]}_{{{name}={self.at(low, 0)}}}^{{{self.at(high, 0)}}} "
        body = self.at(node.args[0], PRODUCT)
        self.leave(node)
        return signs + body

    def opened(self, node: Node, *, ranges: bool = False) -> tuple[str, list[str]]:
        """The printed body of a reduction and the names of its indices; with a partial range beside them."""
        names = self.enter(node)
        body = self.at(node.args[0], 0)
        shown = list(names)
        for k, binder in enumerate(zip(node.args[1::3], node.args[2::3], node.args[3::3], strict=True)):
            if ranges and not expr.is_whole(binder):
                shown[k] = rf"{self.at(binder[1], 0)} \le {names[k]} \le {self.at(binder[2], 0)}"
        self.leave(node)
        return body, shown

    def enter(self, node: Node) -> list[str]:
        """Name the bound indices as their author did, with primes where the name is taken."""
        names = []
        for name, b in zip(expr.bound_letters(node), node.args[1::3], strict=True):
            while name in self.taken:
                name += "'"
            self.taken.add(name)
            self.bound[b] = name
            names.append(self.index_name(name))
        return names

    def leave(self, node: Node) -> None:
        """Forget the names that `enter` gave."""
        for b in node.args[1::3]:
            self.taken.discard(self.bound.pop(b))


def _instance(normaliser: Node, rest: Node) -> list[Node] | None:
    """The positions at which `rest` is the body of `normaliser`, one for each bound index."""
    body, binders = expr.opened(normaliser)
    if not all(expr.is_whole(b) for b in binders):
        return None
    where: dict[Node, Node] = {}
    targets = expr.reads(rest)
    for pattern in expr.reads(body):
        for target in targets:
            if target.data != pattern.data:
                continue
            found = {p: t for p, t in zip(pattern.args, target.args, strict=True) if any(p == b[0] for b in binders)}
            trial = {**where, **found}
            if len(trial) == len(binders) and expr.substitute(body, trial) == rest:
                return [trial[b[0]] for b in binders]
    return None


def _number(value: Fraction) -> tuple[str, int]:
    if value.denominator == 1:
        return str(value.numerator), SUM if value < 0 else ATOM
    shown = expr.text(expr.number(abs(value)))
    sign = "-" if value < 0 else ""
    if "/" not in shown:
        mantissa, _, exponent = shown.partition("e")
        power = rf" \cdot 10^{{{int(exponent)}}}" if exponent else ""
        head = "" if power and mantissa == "1" else mantissa
        return sign + (head + power if head else power.removeprefix(r" \cdot ")), SUM if sign else (PRODUCT if power else ATOM)
    return rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}", SUM if sign else PRODUCT


def _is_ratio(node: Node) -> bool:
    return node.op is Op.NUM and node.data.denominator != 1


_PRINTERS = {
    Op.READ: _Printer.read,
    Op.ADD: _Printer.add,
    Op.MUL: _Printer.mul,
    Op.POW: _Printer.pow,
    Op.CALL: _Printer.call,
    Op.COMPARE: _Printer.compare,
    Op.AND: _Printer.both,
    Op.OR: _Printer.either,
    Op.NOT: _Printer.negation,
    Op.PIECEWISE: _Printer.piecewise,
    Op.REDUCE: _Printer.reduce,
}
