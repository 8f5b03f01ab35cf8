"""Diagnostics of later stages and of the command line: E7 targets, E9 files and options."""

from __future__ import annotations

from symback.frontend.code import Code

OTHER = (
    Code(
        "E690",
        "a step that cannot be ordered",
        "The steps of this recurrence cannot be put in an order in which each is known before it is read.",
    ),
    Code("E701", "a missing template", "The files that lay out generated modules were not found. The installation is incomplete."),
    Code("E702", "an unknown target", "Modules are generated for the targets that `symback compile --help` lists."),
    Code(
        "E703",
        "a line that is too large",
        "The derivative of a line with very many different parts is larger still. Name parts of it under `where`.",
    ),
    Code(
        "E901",
        "a file that symback did not write",
        "symback replaces only files that it wrote. `--force` replaces others; `-o` names another file.",
    ),
    Code(
        "E902",
        "nowhere to write",
        "The output cannot be written: a folder, a full disk, a read-only place or a closed stream. What was there is as it was.",
    ),
    Code("E903", "the output is the layer file", "The module would replace the layer that it is made from. Name another file with `-o`."),
    Code(
        "E904",
        "no inputs to check with",
        "No inputs were found that satisfy the layer's assumptions. Give sizes or distributions under `check`.",
    ),
    Code("E905", "a picture without matplotlib", "`--plot` draws with matplotlib, which is not installed."),
    Code(
        "E906",
        "no single Jacobian",
        "A value that recurs depends on earlier steps through a product over them, which is no single formula. Ask for gradients instead.",
    ),
    Code(
        "E907",
        "no further function to write",
        "`--with` adds functions of derivatives, and this layer is not differentiated (`wrt: []`). Leave the option away.",
    ),
    Code(
        "E908",
        "a derivative that is not cheap",
        "Element by element this derivative costs as much as the whole Jacobian or Hessian: its formula is very long, or it runs through "
        "a recurrence, where each element reaches all later steps. `backward` and `hvp` along unit directions give it row by row.",
    ),
)
