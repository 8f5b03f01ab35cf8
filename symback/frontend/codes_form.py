"""Diagnostics of the file's form: E1 the document, E2 declarations, E3 expressions."""

from __future__ import annotations

from symback.frontend.code import Code, layer, matrix, vector

FORM = (
    Code(
        "E101",
        "the file is too large",
        "A layer file has at most 2²⁰ characters, 30000 values, 100000 operators and brackets, 500 outputs, 500 hyperparameters and 50 modes, so that reading it takes no more than a moment. Split it into layers that call each other.",
    ),
    Code("E102", "the file is not UTF-8", "Layer files are UTF-8, with or without a byte-order mark. Save it so."),
    Code(
        "E103",
        "a character that cannot be seen",
        "Control characters, and characters that hide or turn the text around them, have no place in a layer file: what is read must be what is shown.",
        layer("doc: a tab is fine, a bell is not \x07\ninputs:\n  x: [N]"),
    ),
    Code(
        "E104",
        "a YAML anchor or alias",
        "`&name` and `*name` are not used in layer files. Write the value out. An expression that begins with `*` or `&` needs quotes.",
        layer("inputs: &tensors\n  x: [N]"),
    ),
    Code(
        "E105",
        "a YAML tag",
        "A layer file is plain data, so a `!tag` is refused. Text that begins with `!` needs quotes.",
        layer("doc: !shout a layer\ninputs:\n  x: [N]"),
    ),
    Code(
        "E106",
        "nothing in the file",
        "The file is empty or holds comments only. `symback new NAME` writes a file to start from.",
        "# nothing yet\n",
    ),
    Code(
        "E107",
        "not a mapping",
        "A layer file is a mapping of the keys `layer`, `inputs`, `outputs` and so on, and keys are plain texts.",
        "- layer\n- inputs\n",
    ),
    Code(
        "E108",
        "a second document",
        "A file holds one layer. Put the second one, after `---`, into a file of its own.",
        vector("  y[n]: x[n]") + "---\nlayer: other\n",
    ),
    Code(
        "E109",
        "values nested too deep",
        "A layer file needs no more than a few levels.",
        "layer: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: {a: 1}}}}}}}}}}}}}\n",
    ),
    Code(
        "E110",
        "a key that stands twice",
        "Each key stands once in its mapping; a second one would silently replace the first.",
        layer("inputs:\n  x: [N]\n  x: [M]"),
    ),
    Code(
        "E111",
        "not YAML",
        "The text does not follow YAML's rules. Often a value holds `: ` or begins with a sign that YAML uses, and needs quotes.",
        "layer: example\ninputs: {x: [N}\n",
    ),
    Code(
        "E112",
        "a file that cannot be read",
        "The file does not exist, is a folder, a pipe or a device, or its permissions forbid reading it.",
    ),
    Code(
        "E201",
        "an unknown key",
        "The keys of a layer file, of a tensor, of `check` and of a mode are fixed; this is none of them.",
        layer("input:\n  x: [N]\ninputs:\n  x: [N]"),
    ),
    Code(
        "E202",
        "a missing key",
        "`layer` and at least one output are required, in every mode; what is drawn needs `dist`.",
        "layer: example\ninputs:\n  x: [N]\n",
    ),
    Code(
        "E203",
        "a value of the wrong form",
        "Where a list, a mapping, a text or a number is wanted, another form stands.",
        layer("inputs:\n  - x"),
    ),
    Code(
        "E204",
        "not a name",
        "Names are of ASCII letters, digits and underscores, begin with a letter, and have at most 64 characters.",
        layer("inputs:\n  x: [N]\n  2y: [N]", "  y[n]: x[n]"),
    ),
    Code(
        "E205",
        "a tensor without a shape",
        "A tensor is declared by its shape, `x: [N, C]`, or by a mapping that holds one, `{shape: [N], values: C}`.",
        layer("inputs:\n  x: float"),
    ),
    Code(
        "E206",
        "a tensor's keys contradict each other",
        "Integers have `values` (and `also`); masks have `dtype: bool`; only floats are differentiated or padded with `outside`; only `params` and `state` have `init`; parameters are always differentiated.",
        layer("inputs:\n  x: {shape: [N], dtype: bool, outside: 0}"),
    ),
    Code(
        "E207",
        "leading axes that do not lead",
        "`...` stands for the leading axes and comes first in a shape.",
        layer("inputs:\n  x: [N, ...]", "  y: x"),
    ),
    Code(
        "E208",
        "a hyperparameter's default",
        "The default is a number, true or false, and its form decides the type: `2` is an integer, `2.0` a float.",
        layer("inputs:\n  x: [N]\nhyperparameters:\n  a: large", "  y[n]: a*x[n]"),
    ),
    Code(
        "E209",
        "not a distribution",
        "A start is `zeros`, `ones`, a number, `normal(mean, sd)` or `uniform(a, b)`; a draw is `bernoulli(p)`, `uniform(a, b)` or `normal(mean, sd)`.",
        layer("inputs:\n  x: [N]\nrandom:\n  u: {shape: [N], dist: gaussian(1)}", "  y[n]: x[n]*u[n]"),
    ),
    Code(
        "E210",
        "a name that is taken",
        "Functions, constants and Python's keywords name nothing else. Tensors and hyperparameters are arguments of the generated module's functions, so they cannot bear the names that these use themselves: `np`, `math`, `mode`, `rng`, `cache`, `dtype`, `Cache`, `Gradients`, `Outputs`, `State`, `range`, `slice`, `min`, `abs` and a few more.",
        layer("inputs:\n  exp: [N]", "  y[n]: exp(1)"),
    ),
    Code(
        "E211",
        "a mode called train",
        "The file itself is mode `train`; `modes` holds the others.",
        layer("inputs:\n  x: [N]\nmodes:\n  train:\n    where: {}"),
    ),
    Code(
        "E212",
        "two definitions of one name",
        "A name has one line, besides the lines that start a recurrence at a number.",
        layer("inputs:\n  x: [N]\nwhere:\n  a[n]: x[n]\n  a[k]: 2*x[k]", "  y[n]: a[n]"),
    ),
    Code(
        "E213",
        "one name for two things",
        "Tensors, dimensions, indices, hyperparameters and definitions share one namespace.",
        layer("inputs:\n  x: [N]\n  N: []", "  y[n]: x[n]*N"),
    ),
    Code(
        "E214",
        "an update of what is no state",
        "`update` gives the next value of a tensor that is declared under `state`.",
        layer("inputs:\n  x: [N]\nupdate:\n  x[n]: 2*x[n]"),
    ),
    Code(
        "E215",
        "wrt names something that cannot be differentiated",
        "`wrt` lists float inputs and parameters, each once.",
        layer("inputs:\n  x: [N]\nwrt: [z]"),
    ),
    Code(
        "E216",
        "check names something unknown",
        "`check: dims` gives sizes of plain dimensions, `check: values` distributions of declared tensors.",
        layer("inputs:\n  x: [N]\ncheck:\n  dims: {M: 3}"),
    ),
    Code(
        "E217",
        "declared and never used",
        "What nothing uses is most often a slip of the pen, so it is an error.",
        layer("inputs:\n  x: [N]\n  z: [N]"),
    ),
    Code(
        "E301",
        "an expression that does not parse",
        "The text is not an expression in Python's syntax: something is missing, or stands where it cannot.",
        vector("  y[n]: x[n] + * 2"),
    ),
    Code(
        "E302",
        "nested too deep",
        "Expressions may be nested 100 deep, and be 20,000 names, numbers and signs long. Give an inner part a name under `where`.",
        vector("  y[n]: " + "(" * 120 + "x[n]" + ")" * 120),
    ),
    Code(
        "E303",
        "brackets where none can be",
        "Only a name is indexed or called, once; lists in parentheses stand only in `Piecewise` and in limits; `...` only in brackets and as what a reduction runs over.",
        matrix("  y[n, c]: x[n][c]"),
    ),
    Code(
        "E304",
        "Python that is not part of the language",
        "Of Python's syntax only arithmetic, comparisons, calls and indexing are read; no attributes but `.T`, no keywords.",
        vector("  y[n]: x[n] if x[n] > 0 else 0"),
    ),
    Code(
        "E305",
        "a character that is not part of the language",
        "Expressions are of ASCII letters, digits, operators and brackets. There are no strings.",
        vector("  y[n]: x[n] × 2"),
    ),
    Code(
        "E306",
        "too long a number or name",
        "Numbers have at most 400 digits as written, exact results at most 2400; names have at most 64 characters.",
        vector("  y[n]: x[n]*9**9**9"),
    ),
    Code("E307", "not a number", "Numbers are decimal: 12, 0.5, 1e-5. A product needs `*`.", vector("  y[n]: 2x[n]")),
    Code(
        "E310",
        "a reduction's arguments",
        "A reduction takes an expression and what it runs over: `Sum(x[i], i)`, `Sum(x[j], (j, 0, i))`, `Mean(x[..., d], ...)`.",
        vector("  y: Sum(x[n])"),
    ),
    Code("E311", "a division by zero", "The divisor is exactly zero, whatever the inputs are.", vector("  y[n]: x[n]/(2 - 2)")),
    Code(
        "E312",
        "a Piecewise's branches",
        "A branch is `(value, condition)`, and the last condition is `True`, so that some branch always holds.",
        vector("  y[n]: Piecewise((x[n], x[n] > 0))"),
    ),
    Code(
        "E313", "a function's arguments", "The function takes another number of arguments, or none by name.", vector("  y[n]: exp(x[n], 2)")
    ),
    Code(
        "E314",
        "limits that depend on each other",
        "The limits of one reduction's indices run in a circle, or an `Argmax` over several indices has limits.",
        matrix("  y: Sum(x[i, j], (i, 0, j), (j, 0, i))"),
    ),
)
