"""Hostile layer files, each with what must become of it.

A file is bytes, or a function that puts something worse than a file at the path. REFUSED must end with a diagnostic (status 1),
LEGAL must compile (status 0), EITHER may do one or the other; none may do anything else.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path


class Fate(Enum):
    """What must become of a file."""

    REFUSED = "refused"
    LEGAL = "legal"
    EITHER = "either"


@dataclass(frozen=True)
class Hostile:
    """One file: its name, what it holds, its fate."""

    name: str
    content: bytes | Callable[[Path], None]
    fate: Fate

    def put(self, path: Path) -> None:
        """Makes the file."""
        if callable(self.content):
            self.content(path)
        else:
            path.write_bytes(self.content)


REFUSED, LEGAL, EITHER = Fate.REFUSED, Fate.LEGAL, Fate.EITHER


def layer(**sections: str) -> str:
    """A sound layer with some sections replaced or added; `None` drops one."""
    parts = {"layer": "victim", "inputs": "\n  x: [N, C]", "outputs": "\n  y[n, c]: exp(x[n, c])"}
    parts.update(sections)
    return "".join(f"{k}: {v}\n" for k, v in parts.items() if v is not None)


def line(expression: str, left: str = "y[n, c]") -> str:
    """A sound layer whose output is this expression, quoted so that YAML lets it through."""
    quoted = "'" + expression.replace("'", "''") + "'"
    return layer(outputs=f"\n  {left}: {quoted}")


def corpus() -> list[Hostile]:
    """All of them."""
    out: list[Hostile] = []
    seen: set[str] = set()
    for family in (
        _expressions,
        _numbers,
        _depth,
        _yaml,
        _names,
        _text,
        _encodings,
        _structure,
        _types,
        _files,
        _links,
        _semantics,
        _swelling,
    ):
        for name, content, fate in family():
            full = f"{family.__name__[1:]}-{name}"
            assert full not in seen, full
            seen.add(full)
            out.append(Hostile(full, content.encode() if isinstance(content, str) else content, fate))
    return out


Entry = tuple[str, "str | bytes | Callable[[Path], None]", Fate]

_CODE = {
    "import": "__import__('os').system('touch pwned')",
    "eval": "eval('1')",
    "exec": "exec('import os')",
    "open": "open('/etc/passwd')",
    "compile": "compile('1', '', 'eval')",
    "getattr": "getattr(x, 'T')",
    "globals": "globals()",
    "breakpoint": "breakpoint()",
    "input": "input()",
    "print": "print(x)",
    "dunder-class": "().__class__.__bases__[0].__subclasses__()",
    "attribute": "x.__class__",
    "attribute-of-read": "x[n, c].real",
    "method": "x[n, c].sum()",
    "tofile": "x.tofile('pwned')",
    "numpy": "np.load('a.npy')",
    "sympy": "sympify('1')",
    "lambda": "(lambda: 1)()",
    "lambda-argument": "Sum(lambda k: k, c)",
    "list-comprehension": "[k for k in x]",
    "generator": "sum(k for k in x)",
    "dict-comprehension": "{k: 1 for k in x}",
    "set": "{x[n, c]}",
    "dict": "{1: x[n, c]}",
    "list": "[x[n, c]]",
    "tuple": "(x[n, c], 1)",
    "walrus": "(k := x[n, c])",
    "ternary": "x[n, c] if x[n, c] > 0 else 0",
    "f-string": "f'{x}'",
    "string": "'a string'",
    "bytes": "b'bytes'",
    "string-function": "exp('1')",
    "await": "await x[n, c]",
    "yield": "(yield x[n, c])",
    "star": "exp(*x)",
    "double-star": "exp(**x)",
    "keyword": "exp(x=1)",
    "ellipsis-alone": "...",
    "none": "None",
    "not-implemented": "NotImplemented",
    "debug": "__debug__",
    "name-dunder": "__name__",
    "builtins": "__builtins__",
    "complex": "1j*x[n, c]",
    "slice": "x[:, c]",
    "slice-step": "x[::2, c]",
    "negative-slice": "x[n, -1:]",
    "is": "x[n, c] is 1",
    "in": "x[n, c] in x",
    "shift": "x[n, c] << 3",
    "xor": "x[n, c] ^ 3",
    "semicolon": "x[n, c]; import os",
    "assignment": "y = x[n, c]",
    "import-statement": "import os",
    "backslash": "x[n, c] + \\",
    "comment": "x[n, c] # and more",
    "unclosed": "exp(x[n, c]",
    "empty": "",
    "blank": "   ",
    "chained-call": "exp(x[n, c])(1)",
    "call-of-read": "x[n, c](1)",
    "call-of-number": "1(2)",
    "double-index": "x[n][c]",
    "index-of-call": "exp(x[n, c])[0]",
    "starred-index": "x[*n, c]",
    "decorator": "@exp",
    "question": "x[n, c] ?",
    "template": "{{ x[n, c] }}",
    "template-statement": "{% for k in x %}",
    "dollar": "${x}",
    "percent-format": "'%s' % x",
    "at-sign-alone": "@",
    "matmul-indexed": "x[n, c] @ x[n, c]",
    "type-comment": "x[n, c] # type: ignore",
    "reveal": "reveal_type(x)",
}


def _expressions() -> Iterator[Entry]:
    for name, text in _CODE.items():
        yield name, line(text), REFUSED
    yield "code-in-left", layer(outputs="\n  \"y[__import__('os').getpid()]\": 1"), REFUSED
    yield "code-in-dims", layer(dims="\n  P: __import__('os').getpid()"), REFUSED
    yield "code-in-indices", layer(indices="\n  n: exec('1')"), REFUSED
    yield "code-in-shape", layer(inputs="\n  x: [\"__import__('os').getpid()\", C]"), REFUSED
    yield "code-in-init", layer(params="\n  W: {shape: [C], init: \"__import__('os')\"}", outputs="\n  y[n, c]: x[n, c]*W[c]"), REFUSED
    yield "code-in-assume", layer(assume="\n  - __import__('os').getpid() > 0"), REFUSED
    yield "code-in-dist", layer(random="\n  r: {shape: [N], dist: \"bernoulli(open('a'))\"}", outputs="\n  y[n, c]: x[n, c]*r[n]"), REFUSED
    yield "code-in-hyperparameter", layer(hyperparameters="\n  a: __import__('os')", outputs="\n  y[n, c]: a*x[n, c]"), REFUSED
    yield "code-in-check", layer(check="\n  dims: {N: \"__import__('os').getpid()\"}"), REFUSED


def _numbers() -> Iterator[Entry]:
    yield "tower", line("9**9**9*x[n, c]"), REFUSED
    yield "tall-tower", line("9**9**9**9**9"), REFUSED
    yield "big-power", line("x[n, c]*10**100000000"), REFUSED
    yield "huge-negative-power", line("x[n, c]*10**-100000000"), REFUSED
    yield "power-of-power", line("((((10**99)**99)**99)**99)*x[n, c]"), REFUSED
    yield "million-digits", line("1" * 1_000_000 + "*x[n, c]"), REFUSED
    yield "hundred-thousand-digits", line("1" * 100_000 + "*x[n, c]"), REFUSED
    yield "five-thousand-digits", line("1" * 5_000 + "*x[n, c]"), REFUSED
    yield "long-decimal", line("0." + "3" * 100_000 + "*x[n, c]"), REFUSED
    yield "huge-exponent", line("1e999999999*x[n, c]"), REFUSED
    yield "tiny-exponent", line("1e-999999999*x[n, c]"), REFUSED
    yield "exponent-of-digits", line("1e" + "9" * 1000 + "*x[n, c]"), REFUSED
    yield "overflowing", line("1e400*x[n, c]"), EITHER
    yield "factorial", line("factorial(1000000)"), REFUSED
    yield "zero-division", line("x[n, c]*(1/0)"), EITHER
    yield "zero-floor-division", line("x[n//0, c]"), REFUSED
    yield "zero-modulo", line("x[n % 0, c]"), REFUSED
    yield "shape-huge", layer(inputs="\n  x: [99999999999999999999, C]", outputs="\n  y[c]: Sum(x[n, c], n)"), EITHER
    yield "shape-negative", layer(inputs="\n  x: [-3, C]", outputs="\n  y[c]: Sum(x[n, c], n)"), REFUSED
    yield "shape-float", layer(inputs="\n  x: [2.5, C]", outputs="\n  y[c]: Sum(x[n, c], n)"), REFUSED
    yield "shape-power", layer(inputs="\n  x: [9**9**9, C]", outputs="\n  y[c]: Sum(x[n, c], n)"), REFUSED
    yield "dims-power", layer(dims="\n  P: 9**9**9*N", indices="\n  p: P", outputs="\n  y[p]: x[0, 0]"), REFUSED
    yield "hyperparameter-digits", layer(hyperparameters=f"\n  a: {'7' * 200_000}", outputs="\n  y[n, c]: a*x[n, c]"), REFUSED
    yield "hyperparameter-exponent", layer(hyperparameters="\n  a: 1e99999999", outputs="\n  y[n, c]: a*x[n, c]"), REFUSED
    yield "hyperparameter-nan", layer(hyperparameters="\n  a: .nan", outputs="\n  y[n, c]: a*x[n, c]"), EITHER
    yield "sexagesimal", layer(hyperparameters="\n  a: 190:20:30", outputs="\n  y[n, c]: a*x[n, c]"), REFUSED
    yield "octal", line("0o17*x[n, c]"), EITHER
    yield "hexadecimal", line("0xff*x[n, c]"), EITHER
    yield "underscores", line("1_000*x[n, c]"), EITHER
    yield "leading-zero", line("007*x[n, c]"), REFUSED
    yield (
        "long-also",
        layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: C, also: [" + "9" * 5000 + "]}", outputs="\n  y[n]: x[n, t[n]]"),
        REFUSED,
    )
    yield "constant-index", line("x[99999999999999999999999, c]"), EITHER
    yield "range-huge", line("Sum(x[n, c]*k, (k, 0, 10**15))"), EITHER
    yield "fraction-blowup", line("*".join(f"({p}/{p + 2})" for p in range(3, 4001, 2)) + "*x[n, c]"), EITHER
    yield "sine-of-a-tower", line("x[n, c]*sin(exp(exp(20)))"), EITHER
    yield "cosine-of-a-tower-as-a-condition", line("Piecewise((x[n, c], cos(exp(exp(25))) > 0.3), (0, True))"), EITHER
    yield "exponential-tower", line("x[n, c] + " + "exp(" * 12 + "9" + ")" * 12), EITHER
    yield "digamma-far-below", line("digamma(x[n, c]*1e12)"), LEGAL
    yield "digamma-at-poles", line("x[n, c]*digamma(-3) + loggamma(-2)"), EITHER
    yield "complex-constants", line("x[n, c]*asin(2) + sqrt(-2) + log(-1)"), EITHER
    yield (
        "integer-beyond-64-bits",
        line("Piecewise((x[n, c], t[n] > 10**30), (0, True))").replace("x: [N, C]", "x: [N, C]\n  t: {shape: [N], values: C}"),
        EITHER,
    )
    yield "position-beyond-64-bits", layer(indices="\n  n: N", outputs="\n  y[n, c]: x[(n + 10**30) % N, c]"), REFUSED
    yield "remainder-of-a-product", line("x[n, c] + c % Prod(0, k)").replace("outputs", "indices:\n  k: C\noutputs"), EITHER
    yield (
        "range-that-ends-before-it-starts",
        line("Prod(x[c, k], (c, 3*c + 2, n))").replace("outputs", "indices:\n  k: C\noutputs").replace("y[n, c]", "y[n, c, k]"),
        EITHER,
    )
    yield "root-of-huge", line("x[n, c]*sqrt(" + "7" * 3000 + ")"), REFUSED


def _depth() -> Iterator[Entry]:
    for count in (100, 1_000, 100_000):
        yield f"parentheses-{count}", line("(" * count + "x[n, c]" + ")" * count), EITHER if count == 100 else REFUSED
        yield f"calls-{count}", line("exp(" * count + "x[n, c]" + ")" * count), EITHER if count == 100 else REFUSED
        yield f"minus-{count}", line("-" * count + "x[n, c]"), EITHER
        yield f"not-{count}", line("Piecewise((1, " + "not " * count + "x[n, c] > 0), (0, True))"), EITHER
        yield f"powers-{count}", line("x[n, c]" + "**2" * count), EITHER
        yield f"brackets-{count}", line("x[" * count + "n" + "]" * count), REFUSED
        yield f"additions-{count}", line("x[n, c]" + " + x[n, c]" * count), EITHER
        yield f"yaml-flow-{count}", "layer: a\ninputs: " + "[" * count + "]" * count + "\n", REFUSED
        yield f"yaml-flow-maps-{count}", "layer: a\ninputs: " + "{a: " * count + "}" * count + "\n", REFUSED
        yield f"yaml-block-{count}", "layer: a\ninputs:\n" + "".join(" " * (k % 2000 + 1) + f"a{k}:\n" for k in range(count)), REFUSED
    yield "sums-nested", line("".join(f"Sum(x[n, c{k}]*" for k in range(60)) + "1" + "".join(f", c{k})" for k in range(60))), EITHER
    yield "piecewise-nested", line("Piecewise((1, x[n, c] > 0), (" * 90 + "0" + ", True))" * 90), EITHER
    yield "unclosed-parentheses", line("(" * 100_000), REFUSED
    yield "closing-parentheses", line(")" * 100_000), REFUSED
    yield "unclosed-flow", "layer: a\ninputs: " + "[" * 100_000, REFUSED
    yield "dashes", "- " * 50_000 + "a\n", REFUSED
    yield "questions", "? " * 50_000 + "a\n", REFUSED
    yield "swelling-lines", layer(
        where="".join(f"\n  v{k}[n, c]: v{k - 1}[n, c]*v{k - 1}[n, c] + v{k - 1}[n, c]" if k else "\n  v0[n, c]: x[n, c]" for k in range(60)),
        outputs="\n  y[n, c]: v59[n, c]",
    ), EITHER  # fmt: skip


def _yaml() -> Iterator[Entry]:
    laughs = "a0: &a0 [lol, lol]\n" + "".join(f"a{k}: &a{k} [{', '.join([f'*a{k - 1}'] * 9)}]\n" for k in range(1, 12))
    yield "billion-laughs", laughs + layer(), REFUSED
    yield "laughs-in-doc", "doc: &d [a, a]\n" + layer(inputs="\n  x: *d"), REFUSED
    yield "merge-key", "base: &b {x: [N]}\n" + layer(inputs="\n  <<: *b\n  z: [C]"), REFUSED
    yield "recursive-alias", "layer: a\ninputs: &a\n  x: *a\n", REFUSED
    yield "recursive-list", "layer: a\ninputs:\n  x: &l [N, *l]\n", REFUSED
    for name, tag in {
        "object-apply": "!!python/object/apply:os.system ['touch pwned']",
        "object-new": "!!python/object/new:os.system ['touch pwned']",
        "name": "!!python/name:os.system",
        "module": "!!python/module:os",
        "tuple": "!!python/tuple [N, C]",
        "binary": "!!binary aGVsbG8=",
        "timestamp": "!!timestamp 2001-12-14",
        "set": "!!set {N, C}",
        "omap": "!!omap [N: 1]",
        "float": '!!float "1"',
        "own": "!own [N, C]",
        "verbatim": "!<tag:yaml.org,2002:python/object/apply:os.getcwd> []",
        "str": "!!str [N, C]",
    }.items():
        yield f"tag-{name}", layer(inputs=f"\n  x: {tag}"), REFUSED
    yield "tag-directive", "%TAG ! tag:yaml.org,2002:python/\n---\n" + layer(inputs="\n  x: !name:os.system"), REFUSED
    yield "version-directive", "%YAML 9.9\n---\n" + layer(), EITHER
    yield "two-documents", layer() + "---\n" + layer(), REFUSED
    yield "document-end", layer() + "...\n!!python/name:os.system\n", REFUSED
    yield "duplicate-key", layer() + "layer: again\n", REFUSED
    yield "duplicate-tensor", layer(inputs="\n  x: [N, C]\n  x: [C, N]"), REFUSED
    yield "duplicate-output", layer(outputs="\n  y[n, c]: 1*x[n, c]\n  y[n, c]: 2*x[n, c]"), REFUSED
    yield "key-list", layer(inputs="\n  ? [a, b]\n  : [N, C]"), REFUSED
    yield "key-map", layer(inputs="\n  ? {a: b}\n  : [N, C]"), REFUSED
    yield "key-null", layer() + "? \n: 1\n", REFUSED
    yield "key-long", layer() + "k" * 100_000 + ": 1\n", REFUSED
    yield "many-keys", layer() + "".join(f"k{k}: 1\n" for k in range(20_000)), REFUSED
    yield "many-inputs", layer(inputs="".join(f"\n  x{k}: [N]" for k in range(20_000))), REFUSED
    yield "many-anchors", "layer: a\ninputs:\n" + "".join(f"  x{k}: &a{k} [N]\n" for k in range(5_000)), REFUSED
    yield "tabs", "layer:\ta\ninputs:\n\tx: [N]\n", REFUSED
    yield "not-a-map", "- a\n- b\n", REFUSED
    yield "a-scalar", "just text\n", REFUSED
    yield "null", "~\n", REFUSED
    yield "empty", "", REFUSED
    yield "blank-lines", "\n" * 100_000, REFUSED
    yield "only-comment", "# nothing\n", REFUSED
    yield "unclosed-quote", 'layer: "abc\n', REFUSED
    yield "unclosed-flow", "layer: {a\n", REFUSED
    yield "block-bomb", "layer: a\ndoc: |\n" + "  x\n" * 300_000, EITHER
    yield "fold-indicators", "layer: a\ndoc: >99\n  text\n", REFUSED
    yield "escape", layer(doc='"\\x00\\u202e\\U0010ffff"'), EITHER
    yield "escape-beyond-unicode", layer(doc='"\\UFFFFFFFF"'), REFUSED
    yield "bad-escape", layer(doc='"\\q"'), REFUSED
    yield "surrogate-escape", layer(doc='"\\ud800"'), REFUSED
    yield "unknown-alias", layer(inputs="\n  x: *nowhere"), REFUSED


_KEYWORDS = ["class", "lambda", "def", "import", "None", "True", "yield", "global", "async", "del", "return", "with"]
_COLLIDING = [
    "np", "numpy", "forward", "backward", "cache", "grads", "Cache", "Gradients", "Outputs", "LATEX", "self", "rng", "mode", "dtype", "print",
    "exp_", "dy", "dx", "range", "len", "sum_", "out", "shape", "axis", "special", "math", "init_params", "NamedTuple", "annotations", "isinstance",
    "ValueError", "tuple", "float", "int", "_", "__all__", "__doc__", "__file__", "d_y", "state", "update", "match", "type", "case", "zip", "slice",
]  # fmt: skip


def _names() -> Iterator[Entry]:
    for word in _KEYWORDS:
        yield f"keyword-tensor-{word}", layer(inputs=f"\n  {word}: [N, C]", outputs=f"\n  y[n, c]: {word}[n, c]"), REFUSED
    for word in ("class", "None", "import"):
        yield f"keyword-layer-{word}", layer(layer=word), REFUSED
        yield f"keyword-dimension-{word}", layer(inputs=f"\n  x: [{word}, C]", outputs="\n  y[c]: Sum(x[n, c], n)"), EITHER
        yield f"keyword-index-{word}", layer(outputs=f"\n  y[{word}, c]: x[{word}, c]"), EITHER
    for word in _COLLIDING:
        yield f"colliding-tensor-{word}", layer(inputs=f"\n  {word}: [N, C]", outputs=f"\n  y[n, c]: exp({word}[n, c])"), EITHER
        yield f"colliding-output-{word}", layer(outputs=f"\n  {word}[n, c]: exp(x[n, c])\n  z: Sum({word}[n, c], n, c)"), EITHER
    for word in ("np", "rng", "cache", "forward"):
        yield f"colliding-dimension-{word}", layer(inputs=f"\n  x: [{word}, C]", outputs=f"\n  y[n, c]: x[n, c]/{word}"), EITHER
        yield f"colliding-layer-{word}", layer(layer=word), EITHER
        yield f"colliding-index-{word}", layer(outputs=f"\n  y[{word}, c]: {word}*x[{word}, c]"), EITHER
        yield (
            f"colliding-hyperparameter-{word}",
            layer(hyperparameters=f"\n  {word}: 0.5", outputs=f"\n  y[n, c]: {word}*x[n, c]"),
            EITHER,
        )
    yield "function-as-tensor", layer(inputs="\n  exp: [N, C]", outputs="\n  y[n, c]: exp[n, c]"), REFUSED
    yield "constant-as-tensor", layer(inputs="\n  pi: [N, C]", outputs="\n  y[n, c]: pi[n, c]"), REFUSED
    yield "layer-path", layer(layer="../../etc/passwd"), REFUSED
    yield "layer-dotted", layer(layer="a.b"), REFUSED
    yield "layer-dash", layer(layer="a-b"), REFUSED
    yield "layer-number", layer(layer="42"), REFUSED
    yield "layer-empty", layer(layer='""'), REFUSED
    yield "layer-newline", layer(layer='"a\\nimport os"'), REFUSED
    yield "layer-list", layer(layer="[a]"), REFUSED
    yield "long-name", layer(inputs=f"\n  {'x' * 100_000}: [N]", outputs=f"\n  y[n]: {'x' * 100_000}[n]"), REFUSED
    yield "dunder", layer(inputs="\n  __class__: [N, C]", outputs="\n  y[n, c]: __class__[n, c]"), EITHER
    yield "cyrillic-a", layer(inputs="\n  а: [N, C]\n  a: [N, C]", outputs="\n  y[n, c]: а[n, c] + a[n, c]"), REFUSED
    yield "greek-omicron", line("eхp(x[n, c])"), REFUSED
    yield "full-width", layer(inputs="\n  ｘ: [N, C]", outputs="\n  y[n, c]: ｘ[n, c]"), REFUSED
    yield "ligature", layer(inputs="\n  ﬁ: [N, C]\n  fi: [N, C]", outputs="\n  y[n, c]: ﬁ[n, c] + fi[n, c]"), REFUSED
    yield "mathematical-bold", line("𝐞𝐱𝐩(x[n, c])"), REFUSED
    yield "superscript", layer(inputs="\n  x²: [N, C]", outputs="\n  y[n, c]: x²[n, c]"), REFUSED
    yield "greek-letter", layer(inputs="\n  λ: [N, C]", outputs="\n  y[n, c]: λ[n, c]"), EITHER
    yield "zero-width-joiner", layer(inputs="\n  x\u200dy: [N, C]", outputs="\n  y[n, c]: x\u200dy[n, c]"), REFUSED
    yield "arabic-digits", line("x[n, c]*٣"), REFUSED
    yield "unicode-minus", line("x[n, c] − 1"), REFUSED
    yield "unicode-star", line("x[n, c] ∗ 2"), REFUSED
    yield "no-break-space", line("x[n,\u00a0c]"), EITHER
    yield "emoji", layer(inputs="\n  🙂: [N]", outputs="\n  y[n]: 🙂[n]"), REFUSED
    yield "clash-dim-tensor", layer(inputs="\n  N: [N, C]", outputs="\n  y[n, c]: N[n, c]"), REFUSED
    yield "clash-index-tensor", layer(inputs="\n  n: [N, C]", outputs="\n  y[n, c]: n[n, c]"), REFUSED


_TEXTS = {
    "triple-quotes": '"""\nimport os\nos.system("touch pwned")\n"""',
    "triple-single": "'''\nimport os\n'''",
    "escaped-quotes": '\\"""\nimport os',
    "backslash-end": "ends in a backslash \\",
    "backslash-quote": 'odd \\\\\\"""',
    "quote-end": 'ends in a quote"',
    "four-quotes": '""""',
    "newline-code": "first\nimport os\nraise SystemExit",
    "carriage-return": "first\rimport os",
    "form-feed": "first\x0cimport os",
    "line-separator": "first\u2028import os\u2029raise SystemExit",
    "next-line": "first\u0085import os",
    "vertical-tab": "first\x0bimport os",
    "template-expression": "{{ 7*7 }} {{ self.__init__.__globals__ }}",
    "template-statement": "{% raw %}{% for k in range(10**9) %}{% endfor %}",
    "template-comment": "{# #} #} {{",
    "percent": "%s %(a)s %d",
    "braces": "{0.__class__} {x}",
    "latex": "\\input{/etc/passwd} \\write18{touch pwned} $$ \\end{document}",
    "html": "<script>alert(1)</script> & <!-- -->",
    "terminal-escape": "\x1b[2J\x1b]0;title\x07",
    "direction-marks": "\u202e gnol \u2066 a \u2069",
    "unicode-escape": "\\N{BULLET} \\u0041 \\x41 \\777",
    "noqa": "# noqa\n# type: ignore\n# fmt: off",
    "coding": "# -*- coding: utf-7 -*-",
    "shebang": "#!/bin/sh\nrm -rf /",
    "nul": "a\0b",
    "long-line": "word " * 20_000,
    "one-word": "w" * 50_000,
    "tabs": "\t\t indented \t",
    "bell": "\a\b",
    "bom-inside": "a\ufeffb",
    "non-character": "\ufffe\uffff",
    "astral": "𝕏" * 100,
}


def _text() -> Iterator[Entry]:
    harmless = {
        "latex",
        "html",
        "percent",
        "braces",
        "template-expression",
        "template-statement",
        "template-comment",
        "unicode-escape",
        "four-quotes",
    }
    harmless |= {
        "triple-quotes",
        "triple-single",
        "escaped-quotes",
        "backslash-end",
        "backslash-quote",
        "quote-end",
        "newline-code",
        "noqa",
        "coding",
    }
    for name, text in _TEXTS.items():
        quoted = '"' + "".join(_yaml_escaped(ch) for ch in text) + '"'
        yield f"doc-{name}", layer(doc=quoted), LEGAL if name in harmless else EITHER
        yield f"layer-{name}", layer(layer=quoted), REFUSED
    for name in ("triple-quotes", "template-expression", "newline-code", "terminal-escape"):
        quoted = '"' + "".join(_yaml_escaped(ch) for ch in _TEXTS[name]) + '"'
        yield f"expression-{name}", layer(outputs=f"\n  y[n, c]: {quoted}"), REFUSED
        yield f"left-{name}", layer(outputs=f"\n  {quoted}: x[n, c]"), REFUSED
        yield f"tensor-{name}", layer(inputs=f"\n  {quoted}: [N, C]"), REFUSED
        yield f"dimension-{name}", layer(inputs=f"\n  x: [{quoted}, C]"), REFUSED
        yield f"mode-{name}", layer(modes=f"\n  {quoted}: {{outputs: {{'y[n, c]': 'x[n, c]'}}}}"), REFUSED
        yield f"unknown-key-{name}", layer() + f"{quoted}: 1\n", REFUSED


def _yaml_escaped(ch: str) -> str:
    if ch in '"\\':
        return "\\" + ch
    if ch.isprintable() and ord(ch) < 127:
        return ch
    return f"\\U{ord(ch):08x}"


def _encodings() -> Iterator[Entry]:
    text = layer()
    yield "utf-16", text.encode("utf-16"), REFUSED
    yield "utf-16-be", text.encode("utf-16-be"), REFUSED
    yield "utf-32", text.encode("utf-32"), REFUSED
    yield "utf-7", b"layer: +AGEAYgBj-\n", REFUSED
    yield "bom", b"\xef\xbb\xbf" + text.encode(), EITHER
    yield "two-boms", b"\xef\xbb\xbf\xef\xbb\xbf" + text.encode(), EITHER
    yield "latin-1", layer(doc="caf\xe9").encode("latin-1"), REFUSED
    yield "shift-jis", layer(doc="\u65e5\u672c").encode("shift-jis"), REFUSED
    yield "overlong", text.encode().replace(b"victim", b"v\xc0\xafctim"), REFUSED
    yield "surrogates", text.encode().replace(b"victim", b"v\xed\xa0\x80m"), REFUSED
    yield "beyond-unicode", text.encode().replace(b"victim", b"v\xf4\x90\x80\x80"), REFUSED
    yield "truncated", text.encode() + b"\xe2\x82", REFUSED
    yield "nul-byte", text.encode().replace(b"victim", b"vic\0tim"), REFUSED
    yield "all-nul", b"\0" * 100_000, REFUSED
    yield "random-bytes", bytes((k * 7919 + k // 251) % 256 for k in range(5_000)), REFUSED
    yield "control-characters", bytes(range(32)) + text.encode(), REFUSED
    yield "delete", text.encode().replace(b"victim", b"vic\x7ftim"), REFUSED
    yield "windows-lines", text.replace("\n", "\r\n").encode(), EITHER
    yield "old-mac-lines", text.replace("\n", "\r").encode(), EITHER
    yield "gzip", b"\x1f\x8b\x08\x00" + b"\x00" * 100, REFUSED
    yield "elf", b"\x7fELF" + b"\x00" * 100, REFUSED
    yield "pickle", b"\x80\x04cos\nsystem\n(S'touch pwned'\ntR.", REFUSED
    yield "python", b"import os\nos.system('touch pwned')\n", REFUSED
    yield "json", b'{"layer": "victim", "inputs": {"x": ["N", "C"]}, "outputs": {"y[n, c]": "exp(x[n, c])"}}', LEGAL


def _structure() -> Iterator[Entry]:
    for key in ("layer", "inputs", "outputs"):
        yield f"missing-{key}", layer(**{key: None}), REFUSED if key != "inputs" else EITHER
    for key in (
        "inputs",
        "params",
        "state",
        "where",
        "outputs",
        "update",
        "dims",
        "indices",
        "hyperparameters",
        "random",
        "modes",
        "use",
        "check",
    ):
        yield f"list-{key}", layer(**{key: "[a, b]"}), REFUSED
        yield f"text-{key}", layer(**{key: "text"}), REFUSED
        yield f"number-{key}", layer(**{key: "42"}), REFUSED
    for key in ("assume", "wrt"):
        yield f"map-{key}", layer(**{key: "{a: b}"}), REFUSED
        yield f"text-{key}", layer(**{key: "text"}), REFUSED
    yield "doc-map", layer(doc="{a: b}"), REFUSED
    yield "doc-list", layer(doc="[a]"), REFUSED
    yield "unknown-key", layer(system="rm"), REFUSED
    yield "unknown-tensor-key", layer(inputs="\n  x: {shape: [N, C], exec: 1}"), REFUSED
    yield "shape-map", layer(inputs="\n  x: {shape: {N: 1}}"), REFUSED
    yield "shape-nested", layer(inputs="\n  x: [[N], C]"), REFUSED
    yield "shape-null", layer(inputs="\n  x: [~, C]"), REFUSED
    yield "shape-long", layer(inputs="\n  x: [" + ", ".join(f"D{k}" for k in range(500)) + "]"), REFUSED
    yield "axes-beyond-numpy", layer(
        inputs="\n  x: [" + ", ".join(f"D{k}" for k in range(70)) + "]", outputs="\n  y: Sum(x[" + ", ".join(f"d{k}" for k in range(70)) + "], " + ", ".join(f"d{k}" for k in range(70)) + ")"
    ), EITHER  # fmt: skip
    yield "expression-list", layer(outputs="\n  y[n, c]: [x]"), REFUSED
    yield "expression-map", layer(outputs="\n  y[n, c]: {x: 1}"), REFUSED
    yield "expression-null", layer(outputs="\n  y[n, c]:"), REFUSED
    yield "left-code", layer(outputs="\n  y[n, c] = 3: x[n, c]"), REFUSED
    yield "left-call", layer(outputs="\n  f(n): x[n, 0]"), REFUSED
    yield "left-number", layer(outputs="\n  3: 4"), REFUSED
    yield "left-attribute", layer(outputs="\n  y.z[n, c]: x[n, c]"), REFUSED
    yield "left-starred", layer(outputs="\n  '*y': x[0, 0]"), REFUSED
    yield "wrt-unknown", layer(wrt="[nothing]"), REFUSED
    yield "wrt-code", layer(wrt="\n  - __import__('os')"), REFUSED
    yield "also-code", layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: C, also: [exec]}"), REFUSED
    yield "outside-code", layer(inputs="\n  x: {shape: [N, C], outside: \"open('a')\"}"), REFUSED
    yield "dtype-code", layer(inputs="\n  x: {shape: [N, C], dtype: 'object'}"), REFUSED
    yield "grad-code", layer(inputs="\n  x: {shape: [N, C], grad: 'os'}"), REFUSED
    yield "modes-code", layer(modes="\n  eval: {exec: {a: b}}"), REFUSED
    yield "mode-train", layer(modes="\n  train: {outputs: {'y[n, c]': 'x[n, c]'}}"), REFUSED


def _types() -> Iterator[Entry]:
    yield "bool-layer", layer(layer="true"), EITHER
    yield "date", layer(layer="2001-01-01"), REFUSED
    yield "norway", layer(inputs="\n  no: [N]\n  yes: [N]", outputs="\n  y[n]: no[n]*yes[n]"), LEGAL
    yield "y-n-on-off", layer(inputs="\n  on: [N]\n  off: [N]", outputs="\n  y[n]: on[n]*off[n]"), LEGAL
    yield "equals", layer(inputs="\n  =: [N]"), REFUSED
    yield "merge-as-name", layer(inputs="\n  <<: [N]"), REFUSED
    yield "boolean-size", layer(inputs="\n  x: [true, C]", outputs="\n  y[c]: Sum(x[k, c], k)"), EITHER
    yield "float-label", layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: 1.5}", outputs="\n  y[n]: x[n, t[n]]"), REFUSED
    yield "values-code", layer(inputs="\n  x: [N, C]\n  t: {shape: [N], values: \"exec('1')\"}", outputs="\n  y[n]: x[n, t[n]]"), REFUSED


def _files() -> Iterator[Entry]:
    yield "missing", lambda path: None, REFUSED
    yield "directory", lambda path: path.mkdir(), REFUSED
    yield "fifo", lambda path: os.mkfifo(path), REFUSED
    yield "link-to-self", lambda path: path.symlink_to(path), REFUSED
    yield "link-to-nothing", lambda path: path.symlink_to("nowhere"), REFUSED
    yield "link-to-zero-device", lambda path: path.symlink_to("/dev/zero"), REFUSED
    yield "link-to-null-device", lambda path: path.symlink_to("/dev/null"), REFUSED
    yield "link-to-password-file", lambda path: path.symlink_to("/etc/passwd"), REFUSED
    yield "link-to-process-memory", lambda path: path.symlink_to("/proc/self/mem"), REFUSED
    yield "huge", _sparse, REFUSED
    yield "ten-megabytes", lambda path: path.write_text(layer(doc="a" * 10_000_000)), REFUSED
    yield "use-absolute", layer(use="\n  inner: /etc/passwd", outputs="\n  y: inner(x)"), REFUSED
    yield "use-parent", layer(use="\n  inner: ../../../../etc/passwd", outputs="\n  y: inner(x)"), REFUSED
    yield "use-home", layer(use="\n  inner: ~/secret.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-url", layer(use="\n  inner: http://localhost/a.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-nul", layer(use='\n  inner: "a\\0b.yaml"', outputs="\n  y: inner(x)"), REFUSED
    yield "use-device", layer(use="\n  inner: /dev/zero", outputs="\n  y: inner(x)"), REFUSED
    yield "use-folder", layer(use="\n  inner: .", outputs="\n  y: inner(x)"), REFUSED
    yield "use-missing", layer(use="\n  inner: missing.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-long", layer(use=f"\n  inner: {'a' * 5000}.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-itself", _calls_itself, REFUSED
    yield "use-each-other", _call_each_other, REFUSED
    yield "use-link-outside", _used_link_outside, REFUSED
    yield "use-fifo", _used_fifo, REFUSED
    yield "use-doubling", _doubling, EITHER


def _sparse(path: Path) -> None:
    with open(path, "wb") as f:
        f.truncate(1 << 40)


_CALLER = "layer: {name}\ninputs:\n  x: [N]\nuse:\n  inner: {file}\noutputs:\n  y: inner(x)\n"


def _calls_itself(path: Path) -> None:
    path.write_text(_CALLER.format(name="own", file=path.name))


def _call_each_other(path: Path) -> None:
    path.write_text(_CALLER.format(name="one", file="other.yaml"))
    path.with_name("other.yaml").write_text(_CALLER.format(name="other", file=path.name))


def _used_link_outside(path: Path) -> None:
    outside = path.parent.parent / "outside.yaml"
    outside.write_text("layer: outside\ninputs:\n  x: [N]\noutputs:\n  y[n]: exp(x[n])\n")
    path.with_name("link.yaml").symlink_to(outside)
    path.write_text(_CALLER.format(name="reader", file="link.yaml"))


def _used_fifo(path: Path) -> None:
    os.mkfifo(path.with_name("pipe.yaml"))
    path.write_text(_CALLER.format(name="reader", file="pipe.yaml"))


def _doubling(path: Path) -> None:
    """Thirty files, each calling the next twice: a thousand million lines if written out without a bound."""
    for k in range(30):
        inner = f"l{k + 1}.yaml"
        text = f"layer: l{k}\ninputs:\n  x: [N]\nuse:\n  inner: {inner}\nwhere:\n  a: inner(x)\noutputs:\n  y: inner(a)\n"
        (path if k == 0 else path.with_name(f"l{k}.yaml")).write_text(text)
    path.with_name("l30.yaml").write_text("layer: l30\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")


def _semantics() -> Iterator[Entry]:
    yield "self-reference", layer(outputs="\n  y[n, c]: y[n, c] + x[n, c]"), REFUSED
    yield "cycle", layer(where="\n  a[n]: b[n] + x[n, 0]\n  b[n]: a[n]", outputs="\n  y[n]: a[n]"), REFUSED
    yield "no-start", layer(outputs="\n  h[n, c]: h[n - 1, c] + x[n, c]"), REFUSED
    yield "both-sides", layer(outputs="\n  h[-1, c]: 0\n  h[n, c]: h[n - 1, c] + h[n + 1, c] + x[n, c]"), REFUSED
    yield "dims-cycle", layer(dims="\n  P: Q + 1\n  Q: P + 1", inputs="\n  x: [N, P, Q]", outputs="\n  y[n]: x[n, 0, 0]"), REFUSED
    yield "dims-itself", layer(dims="\n  P: P + 1", inputs="\n  x: [N, P]", outputs="\n  y[n]: x[n, 0]"), REFUSED
    yield "stacked-dims", layer(
        dims="\n  P0: N*N" + "".join(f"\n  P{k}: P{k - 1}*P{k - 1}" for k in range(1, 200)), indices="\n  p: P199", outputs="\n  y[p]: x[0, 0]"
    ), EITHER  # fmt: skip
    yield "many-lines", layer(where="".join(f"\n  v{k}[n]: x[n, {k}]" for k in range(30_000)), outputs="\n  y: 1"), REFUSED
    yield "many-arguments", line("Max(" + ", ".join(["x[n, c]"] * 50_000) + ")"), EITHER
    yield "many-branches", line("Piecewise(" + ", ".join(f"({k}, x[n, c] > {k})" for k in range(20_000)) + ", (0, True))"), EITHER
    yield "many-binders", line("Sum(x[n, c], " + ", ".join(f"k{k}" for k in range(5_000)) + ")"), REFUSED
    yield "wide-sum", line(" + ".join(f"{k}*x[n, c]**{k}" for k in range(2, 3000))), EITHER
    yield "expanding-power", line("(x[n, c] + 1)**100000"), EITHER
    yield "expanding-product", line("*".join(f"(x[n, c] + {k})" for k in range(300))), EITHER
    yield "exponential-min-max", line("Max(Min(" * 40 + "x[n, c]" + f", {1}), 0)" * 40), EITHER
    yield "division-of-sums", line("/".join(f"(Sum(x[n, k], k) + {k})" for k in range(1, 60))), EITHER


def _links() -> Iterator[Entry]:
    yield "use-itself-through-a-link", _used_itself_through_a_link, REFUSED
    yield "use-a-folder-called-yaml", _used_folder, REFUSED
    yield "use-a-link-to-zeros", _used_zeros, REFUSED
    yield "use-a-link-that-goes-round", _used_round_link, REFUSED
    yield "use-a-folder-that-is-a-link-outside", _used_through_linked_folder, REFUSED
    yield "use-a-sparse-file", _used_sparse, REFUSED
    yield "use-a-binary-file", _used_binary, REFUSED
    yield "use-a-faulty-file", _used_faulty, REFUSED
    yield "use-a-long-chain", _long_chain, REFUSED
    yield "use-laughs", _laughing_calls, REFUSED
    yield "use-backslashes", layer(use='\n  inner: "..\\\\outside.yaml"', outputs="\n  y: inner(x)"), REFUSED
    yield "use-dots-inside", layer(use="\n  inner: a/../../outside.yaml", outputs="\n  y: inner(x)"), REFUSED
    yield "use-many", layer(use="".join(f"\n  f{k}: f{k}.yaml" for k in range(2_000)), outputs="\n  y: f0(x)"), REFUSED
    yield "use-names-a-function", layer(use="\n  exp: exp.yaml", outputs="\n  y[n, c]: exp(x[n, c])"), REFUSED
    yield "socket", _socket, REFUSED
    yield "no-permission", _unreadable, EITHER


def _used_itself_through_a_link(path: Path) -> None:
    path.with_name("again.yaml").symlink_to(path.name)
    path.write_text(_CALLER.format(name="own", file="again.yaml"))


def _used_folder(path: Path) -> None:
    path.with_name("folder.yaml").mkdir()
    path.write_text(_CALLER.format(name="reader", file="folder.yaml"))


def _used_zeros(path: Path) -> None:
    path.with_name("zeros.yaml").symlink_to("/dev/zero")
    path.write_text(_CALLER.format(name="reader", file="zeros.yaml"))


def _used_round_link(path: Path) -> None:
    path.with_name("a.yaml").symlink_to("b.yaml")
    path.with_name("b.yaml").symlink_to("a.yaml")
    path.write_text(_CALLER.format(name="reader", file="a.yaml"))


def _used_through_linked_folder(path: Path) -> None:
    outside = path.parent.parent / "elsewhere"
    outside.mkdir()
    (outside / "inner.yaml").write_text("layer: inner\ninputs:\n  x: [N]\noutputs:\n  y[n]: exp(x[n])\n")
    path.with_name("sub").symlink_to(outside)
    path.write_text(_CALLER.format(name="reader", file="sub/inner.yaml"))


def _used_sparse(path: Path) -> None:
    _sparse(path.with_name("sparse.yaml"))
    path.write_text(_CALLER.format(name="reader", file="sparse.yaml"))


def _used_binary(path: Path) -> None:
    path.with_name("binary.yaml").write_bytes(bytes(range(256)) * 100)
    path.write_text(_CALLER.format(name="reader", file="binary.yaml"))


def _used_faulty(path: Path) -> None:
    path.with_name("faulty.yaml").write_text("layer: faulty\ninputs:\n  x: [N]\noutputs:\n  y[n]: __import__('os')\n")
    path.write_text(_CALLER.format(name="reader", file="faulty.yaml"))


def _long_chain(path: Path) -> None:
    """Three hundred files, each calling the next."""
    for k in range(300):
        text = _CALLER.format(name=f"l{k}", file=f"l{k + 1}.yaml")
        (path if k == 0 else path.with_name(f"l{k}.yaml")).write_text(text)
    path.with_name("l300.yaml").write_text("layer: l300\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")


def _laughing_calls(path: Path) -> None:
    """Nine calls in each of ten files: a thousand million lines if written out."""
    for k in range(10):
        where = "".join(f"  a{j}: inner({f'a{j - 1}' if j else 'x'})\n" for j in range(9))
        text = f"layer: l{k}\ninputs:\n  x: [N]\nuse:\n  inner: l{k + 1}.yaml\nwhere:\n{where}outputs:\n  y: a8 + 0\n"
        (path if k == 0 else path.with_name(f"l{k}.yaml")).write_text(text)
    path.with_name("l10.yaml").write_text("layer: l10\ninputs:\n  x: [N]\noutputs:\n  y[n]: tanh(x[n])\n")


def _socket(path: Path) -> None:
    import socket

    here = os.getcwd()
    os.chdir(path.parent)  # a socket's name is short
    try:
        with socket.socket(socket.AF_UNIX) as s:
            s.bind(path.name)
    finally:
        os.chdir(here)


def _unreadable(path: Path) -> None:
    path.write_text(layer())
    path.chmod(0)


def _swelling() -> Iterator[Entry]:
    """Small texts whose meaning, derivative or module could be large."""
    two = layer(inputs="\n  x: [N, C]\n  z: [N, C]")
    yield "product-of-sums", line("*".join(f"(x[n, c] + {k}*Sum(x[n, k{k}], k{k}) + {k})" for k in range(40))), EITHER
    yield "quotient-tower", line("1/(1 + " * 60 + "x[n, c]" + ")" * 60), EITHER
    yield "power-tower-of-reads", line("**".join(["x[n, c]"] * 40)), EITHER
    yield "nested-maxima", line("Max(x[n, c], " * 30 + "0" + ")" * 30), EITHER
    yield "both-branches-nested", _doubling_branches(12), EITHER
    yield "branches-of-branches", layer(
        where="".join(f"\n  b{k}[n, c]: Piecewise((b{k - 1}[n, c], b{k - 1}[n, c] > {k}), (b{k - 1}[n, c]**2, True))" if k else "\n  b0[n, c]: x[n, c]" for k in range(30)),
        outputs="\n  y[n, c]: b29[n, c]",
    ), EITHER  # fmt: skip
    yield (
        "sums-within-sums",
        line("".join(f"Sum(x[k{k}, c]*" for k in range(12)) + "1" + "".join(f", k{k})" for k in reversed(range(12)))),
        EITHER,
    )
    yield "softmax-of-softmax", line("Softmax(" * 30 + "x[n, c]" + ", c)" * 30), EITHER
    yield "high-power", line("(x[n, c] + Sum(x[n, k], k))**999"), EITHER
    yield "polynomial-of-sums", line(" + ".join(f"(Sum(x[n, k{k}], k{k}) + x[n, c])**{k + 2}" for k in range(60))), EITHER
    yield "many-lags", layer(
        where="".join(f"\n  h[{-k}, c]: 0" for k in range(1, 61)) + "\n  h[n, c]: x[n, c] + " + " + ".join(f"{k}*h[n - {k}, c]" for k in range(1, 61)),
        outputs="\n  y[n, c]: h[n, c]",
    ), EITHER  # fmt: skip
    yield (
        "far-lag",
        layer(where="\n  h[-1000000000, c]: 0\n  h[n, c]: x[n, c] + h[n - 1000000000, c]", outputs="\n  y[n, c]: h[n, c]"),
        EITHER,
    )
    yield "many-recurring-values", layer(
        where="".join(f"\n  h{k}[-1, c]: 0\n  h{k}[n, c]: tanh(x[n, c] + h{(k + 1) % 40}[n - 1, c])" for k in range(40)),
        outputs="\n  y[n, c]: h0[n, c]",
    ), EITHER  # fmt: skip
    yield "huge-stride", layer(indices="\n  i: N//1000000000000", outputs="\n  y[i, c]: x[1000000000000*i, c]"), EITHER
    yield (
        "huge-offset",
        layer(indices="\n  i: N", inputs="\n  x: {shape: [N, C], outside: 0}", outputs="\n  y[i, c]: x[i + 4000000000000000000, c]"),
        EITHER,
    )
    yield "huge-window", layer(
        inputs="\n  x: {shape: [N, C], outside: 0}", indices="\n  k: 1000000000000", outputs="\n  y[n, c]: Sum(x[n + k, c], k)"
    ), EITHER  # fmt: skip
    yield "huge-divisor", layer(indices="\n  i: N", outputs="\n  y[i, c]: x[i//999999999999999999, c]"), EITHER
    yield "radix-digits", line("x[(" * 20 + "n" + ")//3 % 7" * 20 + ", c]"), EITHER
    yield "huge-range", line("Sum(x[n, c]*k, (k, 0, 9*10**18))"), EITHER
    yield "nested-ranges", line("Sum(Sum(Sum(x[n, i], (i, 0, j)), (j, 0, k)), (k, 0, c))"), EITHER
    yield "thousands-of-outputs", layer(outputs="".join(f"\n  y{k}[n]: x[n, {k % 3}]*{k + 1}" for k in range(2_000))), REFUSED
    yield (
        "thousands-of-dimensions",
        layer(
            inputs="".join(f"\n  x{k}: [D{k}]" for k in range(3_000)),
            outputs="\n  y: " + " + ".join(f"Sum(x{k}[i{k}], i{k})" for k in range(3_000)),
        ),
        EITHER,
    )
    yield "thousands-of-indices", layer(indices="".join(f"\n  i{k}: N" for k in range(5_000))), REFUSED
    yield "thousands-of-modes", layer(modes="".join(f"\n  m{k}:\n    outputs:\n      y[n, c]: {k}*x[n, c]" for k in range(1_000))), REFUSED
    yield "thousands-of-branches-on-labels", layer(
        inputs="\n  x: [N, C]\n  t: {shape: [N], values: C, also: [" + ", ".join(str(-k) for k in range(1, 5_000)) + "]}",
        outputs="\n  y: Sum(Piecewise((x[n, t[n]], t[n] >= 0), (0, True)), n)",
    ), EITHER  # fmt: skip
    yield "thousands-of-hyperparameters", layer(
        hyperparameters="".join(f"\n  a{k}: {k}.5" for k in range(3_000)), outputs="\n  y[n, c]: x[n, c]*(" + " + ".join(f"a{k}" for k in range(3_000)) + ")"
    ), REFUSED  # fmt: skip
    yield "deep-conditions", line("Piecewise((1, " + "(" * 80 + "x[n, c] > 0" + ") & (x[n, c] < 9)" * 80 + "), (0, True))"), EITHER
    yield "deep-index", line("x[" + "Min(" * 80 + "n" + ", N - 1)" * 80 + ", c]"), EITHER
    yield "deep-range", line("Sum(x[n, c], (c, 0, " + "Max(" * 80 + "n" + ", 1)" * 80 + "))").replace("y[n, c]", "y[n]"), EITHER
    yield "indices-through-indices", layer(
        inputs="\n  x: [N, C]\n  t: {shape: [N], values: N}", outputs="\n  y[n, c]: x[" + "t[" * 80 + "n" + "]" * 80 + ", c]"
    ), EITHER  # fmt: skip
    yield "check-of-gigabytes", layer(
        inputs="\n  x: [A, B, C, D]", outputs="\n  y: Sum(exp(x[a, b, c, d]), a, b, c, d)", check="\n  dims: {A: 10000, B: 10000, C: 10000, D: 10000}"
    ), EITHER  # fmt: skip
    yield "check-beyond-bounds", two + "check:\n  dims: {N: 10000000000}\n", REFUSED
    yield "cumulative-products", line("Prod(Prod(Prod(x[n, i], (i, 0, j)), (j, 0, k)), (k, 0, c))"), EITHER
    yield (
        "latex-in-names",
        layer(
            inputs="\n  input_etc_passwd: [N, C]\n  write18: [N, C]", outputs="\n  end_document[n, c]: input_etc_passwd[n, c]*write18[n, c]"
        ),
        LEGAL,
    )
    yield (
        "comment-in-an-initialiser",
        layer(params='\n  W: {shape: [C], init: "zeros # import os"}', outputs="\n  y[n, c]: x[n, c]*W[c]"),
        REFUSED,
    )
    yield (
        "docstring-in-a-distribution",
        layer(random='\n  r: {shape: [N], dist: \'bernoulli(0.5) """ import os\'}', outputs="\n  y[n, c]: x[n, c]*r[n]"),
        REFUSED,
    )
    yield "constants-of-many-digits", line(" + ".join(f"x[n, c]*0.{'123456789' * 40}{k}" for k in range(100))), EITHER
    yield "fraction-powers", line(" + ".join(f"x[n, c]**({2 * k + 1}/{k + 97})" for k in range(50))), EITHER
    yield "whole-tensor-chain", layer(inputs="\n  x: [N, N]", outputs="\n  y: " + " @ ".join(["x"] * 300)), EITHER
    yield "transposes", layer(inputs="\n  x: [N, N]", outputs="\n  y: x" + ".T" * 5_000 + " + 0"), REFUSED
    yield "call-within-call", layer(outputs="\n  y: " + "tanh(" * 90 + "x" + ")" * 90), EITHER
    yield "library-within-library", layer(outputs="\n  y: " + "softmax(" * 60 + "x" + ")" * 60), EITHER


def _doubling_branches(depth: int) -> str:
    """A Piecewise whose both branches and condition are such again: 3ⁿ parts."""
    text = "x[n, c]"
    for k in range(depth):
        text = f"Piecewise(({text}, {text} > {k}), (0, True))" if len(text) < 50_000 else text
    return line(text)
