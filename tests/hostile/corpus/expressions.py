"""What an expression may try: code, numbers that eat the machine, depth."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.corpus.entries import EITHER, LEGAL, REFUSED, Entry, layer, line

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


def expressions() -> Iterator[Entry]:
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


def numbers() -> Iterator[Entry]:
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


def depth() -> Iterator[Entry]:
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
