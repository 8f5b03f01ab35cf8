"""Diagnostics of what a file means: E4 names, ranges and shapes, E5 calls, E6 recurrences."""

from __future__ import annotations

from symback.frontend.code import Code, layer, matrix, vector

MEANING = (
    Code(
        "E401",
        "an index that nothing binds",
        "Each index of the right-hand side stands on the left or is bound by a reduction.",
        matrix("  y[n]: x[n, c]"),
    ),
    Code("E402", "an unknown name", "The name is neither declared nor defined (in this mode).", vector("  y[n]: xx[n]")),
    Code(
        "E403",
        "a name used as what it is not",
        "A tensor or number is called like a function, a function or layer does not exist, or a number is indexed.",
        vector("  y[n]: gelu2(x[n])"),
    ),
    Code(
        "E404",
        "a reduction over what is no index",
        "A reduction runs over indices; this name is declared as something else.",
        vector("  y: Sum(x[n], pi)"),
    ),
    Code(
        "E405",
        "an index with two ranges",
        "An index stands alone in two axes of different sizes. Either the axes should have one dimension, or these are two indices, or `indices` says its range.",
        layer("inputs:\n  x: [N, I]\n  W: [J, O]", "  y[n, o]: Sum(x[n, i]*W[i, o], i)"),
    ),
    Code("E406", "the wrong number of indices", "A tensor is indexed by all its axes.", matrix("  y[n]: x[n]")),
    Code(
        "E407",
        "a number where a condition must stand",
        "Conditions are comparisons, masks and truths. `&` and `|` bind more tightly than comparisons, so these need parentheses.",
        vector("  y[n]: Piecewise((1, x[n] > 0 & x[n] < 1), (0, True))"),
    ),
    Code(
        "E408",
        "a float where a whole number must stand",
        "Positions, sizes and limits are whole: indices, dimensions, integer tensors, `//`, `%`, `floor(…)`.",
        layer("inputs:\n  x: [N]\nindices:\n  n: N", "  y[n]: x[n/2]"),
    ),
    Code(
        "E409",
        "limits whose reach is not seen",
        "How far an index runs must be seen from its limits, from an axis that it stands in alone, or from `indices`.",
        layer("inputs:\n  x: [N]\n  k: {shape: [N], values: N, also: [-1]}", "  y[n]: Sum(x[j//2], (j, 0, k[n]))"),
    ),
    Code(
        "E410",
        "arithmetic on the left",
        "On the left stand indices, and positions without indices such as `-1` or `T`.",
        vector("  y[n + 1]: x[n]"),
    ),
    Code("E411", "an index twice on the left", "Each axis of what is defined has an index of its own.", vector("  y[n, n]: x[n]")),
    Code(
        "E412",
        "leading axes that no tensor has",
        "`...` stands for the leading axes of tensors declared as `[...]` or `[..., D]`; this layer has none.",
        vector("  y[..., n]: x[n]"),
    ),
    Code(
        "E413",
        "a softmax whose index is bound nowhere",
        "`Softmax(e, i)` is a value at each `i`, which stands on the left or is reduced over.",
        matrix("  y[n]: Softmax(x[n, c], c)"),
    ),
    Code(
        "E414",
        "an index without a range",
        "The index stands alone in no axis. Say its range under `indices`.",
        layer("inputs:\n  x: [N]", "  y[i]: x[2*i]"),
    ),
    Code(
        "E415",
        "a dimension that depends on itself",
        "Derived dimensions are computed one after the other, so they cannot depend on each other in a circle.",
        layer("inputs:\n  x: [N]\ndims:\n  A: B + N\n  B: A\nindices:\n  n: A"),
    ),
    Code("E416", "a negative size", "An axis has zero or more elements.", layer("inputs:\n  x: [N, -1]", "  y[n]: x[n, 0]")),
    Code(
        "E417",
        "a dimension that no argument tells",
        "Sizes are read from the arguments' shapes. A dimension that stands only in `values`, or in products with others, cannot be found.",
        layer("inputs:\n  t: {shape: [N], values: C}\nindices:\n  c: C", "  y[n, c]: KroneckerDelta(c, t[n])"),
    ),
    Code(
        "E418",
        "one name with two shapes",
        "All lines that define a value, and the state that it becomes, have one shape.",
        layer("inputs:\n  x: [N, C]\nstate:\n  m: [N]\nupdate:\n  m: sum(x, axis=0)", "  y[n]: x[n, 0] + m[n]"),
    ),
    Code(
        "E419",
        "a shape that depends on itself",
        "In the whole-tensor form the shape of a value comes from what stands on the right, which cannot be the value itself.",
        layer("inputs:\n  x: [N]\nwhere:\n  a: b + x\n  b: a*2", "  y: a"),
    ),
    Code(
        "E420",
        "whole tensors among indexed ones",
        "In one right-hand side either every tensor with axes is indexed, or none is.",
        layer("inputs:\n  x: [N]\n  z: [N]", "  y[n]: x[n] + z"),
    ),
    Code(
        "E421",
        "a whole-tensor operation on unfit axes",
        "`@`, `.T` and `axis` follow NumPy's rules; what depends on how many leading axes there are is written in index notation.",
        layer("inputs:\n  x: [N, I]\n  W: [O, I]", "  y: x @ W"),
    ),
    Code(
        "E422",
        "shapes that do not broadcast",
        "Axes are aligned from the right; two sizes match where they are the same dimension or one of them is 1.",
        layer("inputs:\n  x: [N, C]\n  b: [N]", "  y: x + b"),
    ),
    Code(
        "E423",
        "a read that leaves its tensor",
        "Over its whole range the position runs outside of the axis, whatever the sizes are. What only may leave the range is checked when the module is called.",
        vector("  y[n]: x[n + 1] - x[n]"),
    ),
    Code(
        "E501",
        "a call of a layer amid indices",
        "Layers are called on whole tensors, in lines without indices.",
        layer("inputs:\n  x: [N, D]\nparams:\n  W: [D, E]\n  b: [E]", "  y[n, e]: linear(x, W, b) + x[n, e]"),
    ),
    Code("E502", "several names for one value", "`a, b: …` needs a call of a layer with as many outputs.", vector("  a, b: x + 1")),
    Code(
        "E503",
        "another number of outputs",
        "A call names all outputs of the layer, in declared order.",
        layer("inputs:\n  x: [N, D]\nparams:\n  W: [D, E]\n  b: [E]", "  y, z: linear(x, W, b)"),
    ),
    Code(
        "E504",
        "a state passed that is none",
        "A layer that updates its state is passed a state of the caller's, by its bare name.",
        layer("inputs:\n  x: [N, C]\n  m: [C]\n  v: [C]\nparams:\n  g: [C]\n  b: [C]", "  y: batchnorm(x, g, b, m, v)"),
    ),
    Code(
        "E505",
        "a call's arguments",
        "Tensors are passed in declared order or by name, each once; hyperparameters by keyword.",
        layer("inputs:\n  x: [N, D]\nparams:\n  W: [D, E]", "  y: linear(x, W)"),
    ),
    Code(
        "E506",
        "a shape that does not fit the call",
        "The shapes passed must fit those that the called layer declares, with one size for each of its dimensions.",
        layer("inputs:\n  x: [N, D]\nparams:\n  W: [C, E]\n  b: [E]", "  y: linear(x, W, b)"),
    ),
    Code(
        "E507",
        "values that do not fit the call",
        "Integers and masks are passed as the called layer declares them, with the same range.",
        layer("inputs:\n  z: [N, C]\n  t: {shape: [N], values: D}\n  d: [D]", "  loss: softmax_cross_entropy(z, t)\n  y: d"),
    ),
    Code(
        "E508",
        "two next values of a state",
        "A state is updated once, by a line of `update` or by one call.",
        layer(
            "inputs:\n  x: [N, C]\nparams:\n  g: [C]\n  b: [C]\nstate:\n  m: [C]\n  v: [C]\nupdate:\n  m: 0*m",
            "  y: batchnorm(x, g, b, m, v)",
        ),
    ),
    Code(
        "E509",
        "a layer beside the file that use does not name",
        "Only files named under `use` are read. The standard library needs no entry.",
    ),
    Code(
        "E510",
        "too many definitions or files",
        "A layer with all that it calls has at most 6000 definitions, from 200 files, nested 40 deep.",
    ),
    Code("E511", "a circle of files", "A layer cannot call itself, directly or through others."),
    Code(
        "E512",
        "a file that use names and nobody finds",
        "Paths under `use` are relative to the layer's own folder and end in `.yaml`.",
        layer("inputs:\n  x: [N]\nuse:\n  f: f.yaml", "  y: f(x)"),
    ),
    Code(
        "E513",
        "a file outside the folder",
        "`use` names files in the layer's own folder or below it: no absolute path, no `..`, no link that leads out.",
    ),
    Code(
        "E601",
        "a recurrence to both sides",
        "Along each index that a recurrence steps over, its references lie at earlier steps, or all at later ones.",
        layer("inputs:\n  x: [N]\nwhere:\n  h[-1]: 0\n  h[n]: h[n-1] + h[n+1] + x[n]", "  y[n]: h[n]"),
    ),
    Code(
        "E602",
        "a circle of definitions",
        "Values that are defined by each other need a step: each reference at an earlier step than the value.",
        layer("inputs:\n  x: [N]\nwhere:\n  a[n]: b[n] + x[n]\n  b[n]: a[n]", "  y[n]: a[n]"),
    ),
    Code(
        "E603",
        "a recurrence without a start",
        "Every step before the first one that is read needs a line that starts it, `h[-1, …]: …`, or a `Piecewise` that does not read it.",
        layer("inputs:\n  x: [N]\nwhere:\n  h[n]: h[n-1] + x[n]", "  y[n]: h[n]"),
    ),
    Code(
        "E604",
        "a start without a recurrence",
        "A line with a number on the left starts a recurrence, whose general line is missing.",
        layer("inputs:\n  x: [N]\nwhere:\n  h[0]: x[0]", "  y[n]: h[n]"),
    ),
)
