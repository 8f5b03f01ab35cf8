"""What the text of a file may try: YAML that swells or builds objects, names, prose that breaks out, encodings."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.corpus.entries import EITHER, LEGAL, REFUSED, Entry, layer, line


def yaml() -> Iterator[Entry]:
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


def names() -> Iterator[Entry]:
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


def text() -> Iterator[Entry]:
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


def encodings() -> Iterator[Entry]:
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
