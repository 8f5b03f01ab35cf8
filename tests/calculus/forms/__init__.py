"""Layers whose closed forms are known: (text, forward, backward, closed).

`forward` and `backward` are the passes over an element of the first tensor that the row may cost, as `symback.report.cost` counts
them; `closed` are those of the gradient in its closed form, written by hand, with the passes that a stability rule asks for. The
rows are spelled as one would write them; no rule of the compiler was made for one of them alone.
"""

from tests.calculus.forms import catalogue, elementwise, losses, norms, pairs, products, similarities, softmaxes, structure, structures

FORMS = {
    name: row
    for rows in (catalogue, structures, elementwise, softmaxes, losses, similarities, norms, products, pairs, structure)
    for name, row in rows.ROWS.items()
}
