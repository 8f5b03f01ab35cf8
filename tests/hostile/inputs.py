"""Kinds of random input for the fuzzer: each turns a generator into bytes, so that a seed names an input for ever."""

from __future__ import annotations

import functools
import random
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from symback import frontend
from tests.hostile.corpus import corpus

LIBRARY = Path(frontend.__file__).parent / "library"
ERRORS = Path(__file__).parents[1] / "frontend" / "errors"
LARGEST_SEED = 20_000

TOKENS = (
    "x y n c N C 0 1 -1 2 1e-5 9**9 oo pi ... [ ] ( ) { } , : ; . + - * / // % ** @ & | ~ < <= == != > >= = := not and or in is if else lambda "
    "for yield await exp log Sum Mean Prod Amax Argmax Softmax Norm Var Piecewise Max Min Eq Ne KroneckerDelta stop_gradient floor True False None "
    "x[n,c] x[n] x[N-1,c] x[n,c+1] h[-1] h[t-1] (j,0,i) 'a' \"a\" # - ? ! !!python/name:os.system &a *a << | > %TAG --- ... layer inputs params state "
    "hyperparameters dims indices random where outputs update modes assume wrt use check doc shape values also dtype bool outside grad init dist "
    "bernoulli(p) normal(0,1) uniform(0,1) zeros ones true false null ~ é λ \u202e \u200b \0 \t \r \n \\ {{ }} {% %} ''' \"\"\""
).split(" ")


@functools.cache
def sound() -> tuple[str, ...]:
    """Layers that compile."""
    return tuple(p.read_text(encoding="utf-8") for p in sorted(LIBRARY.glob("*.yaml")))


@functools.cache
def faulty() -> tuple[str, ...]:
    """The files of the diagnostics and the hostile ones that are texts of moderate size."""
    out = [p.read_text(encoding="utf-8") for p in sorted(ERRORS.glob("*.yaml"))]
    for h in corpus():
        if isinstance(h.content, bytes) and len(h.content) < LARGEST_SEED:
            out.append(h.content.decode("utf-8", "replace"))
    return tuple(out)


# ------------------------------------------------------------------------------------------- damage


def spoiled(text: str, rng: random.Random) -> str:
    """The text with a few small damages."""
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        to = min(to, at + rng.choice((1, 1, 3, 10, 40)))
        match rng.randint(0, 7):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:at] + rng.choice(TOKENS) + text[at:]
            case 2:
                text = text[:at] + rng.choice(TOKENS) + text[to:]
            case 3:
                text = text[:at] + text[at:to] * rng.randint(2, 5) + text[to:]
            case 4:
                text = text[:at] + chr(rng.choice((rng.randint(0, 127), rng.randint(0, 0x2FF), rng.randint(0, 0xD7FF)))) + text[at:]
            case 5:
                lines = text.split("\n")
                rng.shuffle(lines) if rng.random() < 0.2 else lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                text = "\n".join(lines)
            case 6:
                words = text.split(" ")
                i, j = rng.randrange(len(words)), rng.randrange(len(words))
                words[i], words[j] = words[j], words[i]
                text = " ".join(words)
            case _:
                text = _digits(text, rng)
    return text


def _digits(text: str, rng: random.Random) -> str:
    places = [k for k, ch in enumerate(text) if ch.isdigit()]
    if not places:
        return text
    k = rng.choice(places)
    return text[:k] + rng.choice(("0", "7", "-3", "99999999999999999999", "1e400", "0.5")) + text[k + 1 :]


def crossed(first: str, second: str, rng: random.Random) -> str:
    """Lines of one text among those of another."""
    a, b = first.split("\n"), second.split("\n")
    at, low = rng.randint(0, len(a)), rng.randint(0, len(b))
    return "\n".join([*a[:at], *b[low : low + rng.randint(1, 6)], *a[at + rng.randint(0, 3) :]])


# ------------------------------------------------------------------------------------------ grammar

_DECLARED = {"x": 2, "z": 2, "v": 1, "s": 0, "t": 1, "m": 2, "W": 2, "p": 1}
_DEFINED = {"a": 2, "b": 1, "h": 2, "e": 1}
_INDICES = ("n", "c", "k", "j", "i")
_ONE = (
    "exp log log1p expm1 sqrt Abs sign sin tanh sigmoid softplus relu erf loggamma digamma floor ceiling round asin stop_gradient".split()
)
_MANY = ("Min", "Max", "atan2", "Eq", "Ne", "KroneckerDelta")
_REDUCED = "Sum Mean Prod Amax Amin Argmax Argmin Var LogSumExp Norm Softmax LogSoftmax".split()
_WHOLE = (
    "x @ W",
    "W.T",
    "sum(x, axis=0)",
    "mean(x)",
    "x + v",
    "max(x, axis=1, keepdims=True)",
    "linear(x, W, p)",
    "relu(x)",
    "x",
    "x*s",
    "m",
)


class _Sentence:
    """Writes expressions that parse and whose names mostly mean something; whether the whole does is left to chance."""

    def __init__(self, rng: random.Random, names: Mapping[str, int], bound: Sequence[str]):
        self.rng, self.names, self.bound = rng, names, list(bound)

    def index(self) -> str:
        return self.rng.choice(self.bound) if self.bound and self.rng.random() < 0.97 else self.rng.choice(_INDICES)

    def position(self, depth: int) -> str:
        rng = self.rng
        match rng.randint(0, 24):
            case 0:
                return str(rng.randint(-2, 3))
            case 1:
                return f"{self.index()} {rng.choice('+-')} {rng.randint(0, 3)}"
            case 2:
                return f"{rng.randint(-2, 3)}*{self.index()} + {rng.choice('012rNC')}"
            case 3:
                return f"({self.index()} + {rng.choice('NCr1')}) % {rng.choice('NC20')}"
            case 4:
                return f"{self.index()}//{rng.choice('20rN')}"
            case 5:
                return f"{rng.choice(('Min', 'Max'))}({self.index()} - 1, {rng.choice('0NC')})"
            case 6:
                return f"t[{self.index()}]"
            case 7 if depth < 3:
                return f"floor({self.expression(depth + 2)})"
            case 8:
                return rng.choice(("...", "N", "N - 1", "r", "f", "-1", "2**k", "C - 1"))
            case _:
                return self.index()

    def read(self, depth: int) -> str:
        name = self.rng.choice(list(self.names))
        rank = self.names[name] if self.rng.random() < 0.98 else self.rng.randint(0, 4)
        return f"{name}[{', '.join(self.position(depth) for _ in range(rank))}]" if rank else name

    def reduction(self, depth: int) -> str:
        rng, outer = self.rng, list(self.bound)
        name, over = rng.choice(_REDUCED), rng.choice(_INDICES)
        if name in ("Softmax", "LogSoftmax"):
            over = self.index()
        written = f"({over}, {self.position(3)}, {self.position(3)})" if rng.random() < 0.15 else over
        if rng.random() < 0.05:
            written = rng.choice(("...", f"{over}, {self.index()}"))
        self.bound = [*outer, over, over]
        inner = self.expression(depth + 1)
        self.bound = outer
        return f"{name}({inner}, {written})"

    def condition(self, depth: int) -> str:
        rng = self.rng
        match rng.randint(0, 6):
            case 0:
                return f"m[{self.index()}, {self.index()}]"
            case 1:
                return rng.choice(("True", "False", "flag"))
            case 2 if depth < 4:
                return f"({self.condition(depth + 1)}) {rng.choice(('&', '|', 'and', 'or'))} ({self.condition(depth + 1)})"
            case 3 if depth < 4:
                return f"{rng.choice(('~', 'not '))}({self.condition(depth + 1)})"
            case 4:
                return f"0 <= {self.position(3)} < {rng.choice('NC9')}"
            case _:
                return f"{self.expression(depth + 2)} {rng.choice(('<', '<=', '==', '!=', '>', '>='))} {self.expression(depth + 2)}"

    def expression(self, depth: int = 0) -> str:
        rng = self.rng
        match rng.randint(0, 13) if depth < 4 else rng.randint(0, 4):
            case 0:
                return rng.choice(("0", "1", "2", "-1", "0.5", "1e-5", "1/3", "pi", "oo", "10**30", "N", "C", "r", "f", "flag"))
            case 1:
                return self.index()
            case 2 | 3 | 4:
                return self.read(depth)
            case 5:
                return f"{rng.choice(_ONE)}({self.expression(depth + 1)})"
            case 6:
                return f"{rng.choice(_MANY)}({self.expression(depth + 1)}, {self.expression(depth + 1)})"
            case 7 | 8:
                return self.reduction(depth)
            case 9:
                return f"Piecewise(({self.expression(depth + 1)}, {self.condition(depth + 1)}), ({self.expression(depth + 1)}, True))"
            case 10:
                return f"({self.expression(depth + 1)})**{rng.choice(('2', '(1/2)', '-1', '3', 'r', 'f', '(-1/3)', '0', '50'))}"
            case 11:
                return f"-({self.expression(depth + 1)})"
            case _:
                sign = rng.choice("+-*/+-*/+-*/+-*/+-*/%") if rng.random() < 0.98 else "//"
                return f"({self.expression(depth + 1)}) {sign} ({self.expression(depth + 1)})"


def _line(rng: random.Random, name: str, rank: int, names: Mapping[str, int]) -> list[str]:
    """The definition of a name, now and then with a start before it."""
    bound = rng.sample(_INDICES, rank)
    left = list(bound)
    if rng.random() < 0.04 and left:
        left[rng.randrange(rank)] = rng.choice(("-1", "0", "N", "N - 1", "...", "n + 1", "n"))
    out = [f'  "{_subscripted(name, left)}": "{_Sentence(rng, names, bound).expression()}"']
    if rng.random() < 0.15 and left:
        start = [rng.choice(("-1", "0", "N")), *bound[1:]]
        out.insert(0, f'  "{_subscripted(name, start)}": "{_Sentence(rng, names, bound[1:]).expression(3)}"')
        step = [f"{bound[0]} {rng.choice('+---')} {rng.randint(1, 2)}", *bound[1:]]
        out[1] = out[1][:-1] + f' + {_subscripted(name, step)}"'
    return out


def _subscripted(name: str, positions: Sequence[str]) -> str:
    return f"{name}[{', '.join(positions)}]" if positions else name


def grammatical(rng: random.Random) -> str:
    """A layer of many sections whose lines parse and whose meaning is random."""
    z = rng.choice(("[N, C]", "[N, C]", "[..., C]", "{shape: [N, C], outside: 0}", "{shape: [C, N], grad: false}"))
    out = ["layer: made", "inputs:", "  x: [N, C]", f"  z: {z}", "  v: [N]", "  s: []"]
    out += [f"  t: {{shape: [N], values: {rng.choice(('C', 'N', 'C, also: [-1]'))}}}", "  m: {shape: [N, C], dtype: bool}"]
    out += ["params:", f"  W: [C, {rng.choice(('O', 'C', '2*C', 'N//2', '3'))}]"]
    if rng.random() < 0.1:
        size, start = (_Sentence(rng, {"s": 0}, ()).expression(2) for _ in range(2))
        out += [f'  p: {{shape: [D], init: "normal(0, {start})"}}', "dims:", f'  D: "{size}"']
    else:
        out.append(f"  p: [{rng.choice(('O', 'C', 'N + 1'))}]")
    out += ["hyperparameters:", "  r: 2", "  f: 0.5", "  flag: true", "indices:", "  o: C"]
    sizes = ("N", "C", "N - 1", "2*C", "N//r", "7", "0", "r")
    out += [f"  {i}: {rng.choice('NNC') if rng.random() < 0.8 else rng.choice(sizes)}" for i in _INDICES if rng.random() < 0.95]
    names, lines, uses = dict(_DECLARED), [], ["Sum(o, o)", *(f"0*Sum({i}, {i})" for i in _INDICES)]
    for name in rng.sample(list(_DEFINED), rng.choice((0, 0, 1, 2))):
        rank = _DEFINED[name]
        lines += _line(rng, name, rank, names | {name: rank} if rng.random() < 0.1 else names)
        names[name] = rank
        uses.append(f"{name}[{', '.join('00'[:rank])}]")
    out += ["where:", *lines] if lines else []
    # what nothing uses is a fault that would end the matter early: one more output uses everything
    uses += ["Sum(x[n, c] + z[n, c] + m[n, c], n, c)", "Sum(v[n] + t[n], n)", "Sum(W[c, o], c, o)", "Sum(p[o], o)", "s + r + f + flag"]
    out += ["outputs:", f'  u: "{" + ".join(uses)}"']
    if rng.random() < 0.15:
        out.append(f'  y: "{rng.choice(_WHOLE)} {rng.choice(("+", "*", "@", "-"))} {rng.choice(_WHOLE)}"')
    else:
        out += _line(rng, "y", rng.randint(0, 2), names)
    if rng.random() < 0.2:
        out += ["assume:", f'  - "{_Sentence(rng, _DECLARED, ()).condition(0)}"']
    return "\n".join(out) + "\n"


# ---------------------------------------------------------------------------------------- structure

_SECTIONS = (
    "layer doc inputs params state hyperparameters dims indices random where outputs update modes assume wrt use check"
).split()  # fmt: skip
_VALUES = (
    "[N, C]", "[N]", "[]", "[...]", "[..., D]", "[N, 2*D]", "[N, 3]", "{shape: [N], values: C}", "{shape: [N], values: C, also: [-1]}", "{shape: [N], dtype: bool}",
    "{shape: [N], grad: false}", "{shape: [N, C], outside: 0}", "{shape: [N], outside: -oo}", '{shape: [N], init: "normal(0, 1/N)"}', "{shape: [N], init: zeros}",
    "{shape: [N], dist: bernoulli(0.5)}", "{dims: {N: 3}}", "{values: {x: normal(0, 1)}}", "{eval: {where: {}}}", "{x: {}}", "{}", "[x]", "[x, W]", "x[n]", "x", "2*N", "N//2",
    "0", "1", "-1", "0.5", "1e-5", "true", "null", "~", "''", "abc", "x.yaml", "../x.yaml", "linear", "a, b", "[x > 0]", "[N > 2]", "normal(0, 1)", "x @ W", "Sum(x[n], n)", "exp(x[n])",
    "x[n - 1]", "[-1, 0]", "{a: {b: {c: d}}}", "[[N]]", "Eq(x[n], 1)", "'[N'", "[N, N]", "{shape: N}", "{shape: [N], values: [1]}", "{shape: [N], also: 3}", "{shape: [N], outside: 5}",
)  # fmt: skip
_KEYS = (
    "x",
    "y",
    "z",
    "W",
    "n",
    "N",
    "C",
    "y[n]",
    "y[n, c]",
    "h[-1]",
    "h[n]",
    "a, b",
    "y[...]",
    "e",
    "train",
    "eval",
    "linear",
    "shape",
    "where",
    "dims",
    "1",
    "x[n]",
    "exp",
    "np",
    "lambda",
    "true",
)


def structured(rng: random.Random) -> str:
    """Sections with entries, all in the right places or nearly so."""
    out = ["layer: made"] if rng.random() < 0.9 else []
    for section in rng.sample(_SECTIONS, rng.randint(2, 9)):
        if rng.random() < 0.15:
            out.append(f"{section}: {rng.choice(_VALUES)}")
            continue
        out.append(f"{section}:")
        dash = section in ("assume", "wrt") and rng.random() < 0.9
        out += [f"  - {rng.choice(_VALUES)}" if dash else f"  {rng.choice(_KEYS)}: {rng.choice(_VALUES)}" for _ in range(rng.randint(0, 4))]
    return "\n".join(out) + "\n"


def tokens(rng: random.Random, most: int = 12) -> str:
    """Tokens in a row."""
    return rng.choice(("", " ")).join(rng.choice(TOKENS) for _ in range(rng.randint(1, most)))


def row(rng: random.Random) -> str:
    """Tokens in a row, inside a sound layer."""
    left = "y[n, c]" if rng.random() < 0.8 else rng.choice(TOKENS) + rng.choice(TOKENS)
    return f"layer: a\ninputs:\n  x: [N, C]\noutputs:\n  {left}: {tokens(rng)}\n"


def scattered(rng: random.Random) -> str:
    """Tokens and line ends without any sense."""
    return "".join(rng.choice(TOKENS) + rng.choice(("", " ", "\n", "\n  ", ": ")) for _ in range(rng.randint(0, 60)))


def lone_expression(rng: random.Random) -> str:
    """The text of one right-hand side: sound, damaged or of tokens."""
    match rng.randint(0, 2):
        case 0:
            return tokens(rng, 30)
        case 1:
            return spoiled(_Sentence(rng, _DECLARED, "nc").expression(), rng)
        case _:
            return _Sentence(rng, _DECLARED, "nc").expression(rng.randint(0, 3))


def _encoded(make: Callable[[random.Random], str]) -> Callable[[random.Random], bytes]:
    return lambda rng: make(rng).encode("utf-8", "surrogatepass")


FILES: Mapping[str, Callable[[random.Random], bytes]] = MappingProxyType(
    {
        "spoiled": _encoded(lambda rng: spoiled(rng.choice(sound()), rng)),
        "hostile": _encoded(lambda rng: spoiled(rng.choice(faulty()), rng)),
        "crossed": _encoded(lambda rng: crossed(rng.choice(sound()), rng.choice(sound() if rng.random() < 0.7 else faulty()), rng)),
        "grammatical": _encoded(grammatical),
        "structured": _encoded(structured),
        "rows": _encoded(row),
        "scattered": _encoded(scattered),
        "bytes": lambda rng: rng.randbytes(rng.randint(0, 300)),
    }
)
"""Whole files, by kind."""

EXPRESSIONS: Mapping[str, Callable[[random.Random], bytes]] = MappingProxyType({"expressions": _encoded(lone_expression)})
"""Texts for the expression parser alone."""
