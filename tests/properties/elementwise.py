"""Arithmetic and functions, safe in their domains."""

from __future__ import annotations

from tests.properties.bounds import bounded, positive
from tests.properties.conditions import constant
from tests.properties.draft import Draft, Indices, atom, number_hyperparameter
from tests.properties.reading import leaf

SMOOTH = ("tanh", "sin", "cos", "sigmoid", "atan", "softplus", "erf", "erfc", "asinh")


def addition(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    a, b = draft.expression(indices, depth - 1), draft.expression(indices, depth - 1)
    return f"({a} {c.of('+-')} {b})"


def product(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    a = bounded(draft, indices, depth - 1) if depth > 1 else leaf(draft, indices)
    b = constant(draft) if c.chance(25) else draft.expression(indices, depth - 1)
    return f"{atom(a)}*{atom(b)}"


def quotient(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{atom(draft.expression(indices, depth - 1))}/{atom(positive(draft, indices, depth - 1))}"


def smooth(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{draft.choices.of(SMOOTH)}({draft.expression(indices, depth - 1)})"


def corner(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{draft.choices.of(['relu', 'Abs', 'relu'])}({draft.expression(indices, depth - 1)})"


def root(draft: Draft, indices: Indices, depth: int) -> str:
    c, p = draft.choices, positive(draft, indices, depth - 1)
    return c.of([f"sqrt({p})", f"1/sqrt({p})", f"{atom(p)}**(1/3)", f"{atom(p)}**-0.5", f"{atom(p)}**1.5"])


def power(draft: Draft, indices: Indices, depth: int) -> str:
    return f"{atom(bounded(draft, indices, depth - 1))}**{draft.choices.of(['2', '3', '4'])}"


def log(draft: Draft, indices: Indices, depth: int) -> str:
    c, p = draft.choices, positive(draft, indices, depth - 1)
    return c.of([f"log({p})", f"log({p})", f"log1p({p})", f"log(1 + exp({draft.expression(indices, depth - 1)}))"])


def extremum(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    a = draft.expression(indices, depth - 1)
    return c.of(
        [
            f"Max({a}, 0.2)",
            f"Min({a}, 0.7)",
            f"Min(Max({a}, -0.6), 0.9)",
            f"Max({a}, {leaf(draft, indices)})",
            f"Min({a}, {leaf(draft, indices)}, 1)",
        ]
    )


def stopped(draft: Draft, indices: Indices, depth: int) -> str:
    return f"stop_gradient({draft.expression(indices, depth - 1)})"


def special(draft: Draft, indices: Indices, depth: int) -> str:
    c = draft.choices
    p, b = positive(draft, indices, depth - 1), bounded(draft, indices, depth - 1)
    return c.of(
        [
            f"loggamma({p})", f"digamma({p})", f"erfc({b})", f"atan2({b}, {p})", f"asin({b})", f"acos({b})", f"atanh({b})", f"sinh({b})", f"tan({b})",
            f"ceiling({b})", f"round(2*{atom(b)})", f"log1p(-{atom(b)}**2)", f"exp(-{atom(b)}**2)", f"{atom(p)}**{number_hyperparameter(draft)}", f"log({p})**2",
            f"sqrt({atom(b)}**2 + {atom(p)}**2)", f"log(1 - {atom(b)}**2)", f"Max({b}, -{atom(b)}, {leaf(draft, indices)})", f"2**{atom(b)}", f"exp({b}) - 1",
            f"cosh({b})", f"expm1({b})", f"acosh(1 + {atom(p)})", f"log(cosh({b}))", f"{atom(p)}**{atom(b)}", f"floor({b})", f"sign({b})", f"{atom(p)}*log({p})",
        ]
    )  # fmt: skip
