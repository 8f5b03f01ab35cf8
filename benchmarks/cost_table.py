"""What each spelling of the closed forms costs: symback's backward, the closed form's, and the reverse sweep's before any rule.

usage: python -m benchmarks.cost_table [PATTERN ...]

Costs are counted, not timed, by `symback.report.cost`, in passes over an element of the first tensor. `forward` is the value
alone, `backward` what the gradient costs beyond it, `closed` the same for the closed form with the passes that a stability rule
asks for, `sweep` for the chain rule as it comes.
"""

from __future__ import annotations

import sys
from math import prod

import symback
from symback.core.sizes import size_of
from symback.lower.module import lower_body
from symback.report.cost import counted
from tests.calculus.forms import FORMS
from tests.calculus.spellings import CLOSED, SIZES, SPELLINGS

LIMIT = 1.05
"""Of the closed form's cost; the difference is work on whole rows."""


def costs(text: str) -> tuple[float, float, float]:
    """(forward, backward, backward of the sweep) in passes over an element of the first tensor."""
    built = symback.compile(symback.loads(text)).built
    program, derivation = built.program, built.derivations["train"]
    hyperparameters = {h.name: h.default for h in program.hyperparameters}
    sizes = {d: SIZES[d] for d in program.dims}
    elements = prod(size_of(s, sizes, hyperparameters) for s in program.tensors[0].shape)
    final, swept = (
        counted(lower_body(program, derivation.body, adjoint), sizes, hyperparameters) for adjoint in (derivation.adjoint, derivation.swept)
    )
    return final.forward / elements, final.backward / elements, swept.backward / elements


def rows() -> dict[str, tuple[str, float | None]]:
    """(text, backward of the closed form) by name: the spellings, then the forms, each catalogue row among them."""
    spelled = {name: (row[0], CLOSED.get(name, CLOSED.get(name.split()[0]))) for name, row in SPELLINGS.items()}
    return spelled | {name: (row[0], row[3]) for name, row in FORMS.items()}


def main(patterns: list[str]) -> None:
    print(f"{'row':42s} {'forward':>9s} {'backward':>9s} {'closed':>9s} {'sweep':>9s} {'ratio':>6s}")
    above = 0
    for name, (text, closed) in rows().items():
        if patterns and not any(p in name for p in patterns):
            continue
        forward, backward, sweep = costs(text)
        ratio = None if not closed else backward / closed
        above += ratio is not None and ratio > LIMIT
        known = f"{'-':>9s} {sweep:9.2f} {'-':>6s}" if ratio is None else f"{closed:9.2f} {sweep:9.2f} {ratio:6.2f}"
        print(f"{name:42s} {forward:9.2f} {backward:9.2f} {known}")
    print(f"above {LIMIT} of the closed form: {above}")


if __name__ == "__main__":
    main(sys.argv[1:])
