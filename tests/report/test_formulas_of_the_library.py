"""Every formula of every library layer is LaTeX that TeX reads to its end."""

import pytest

from symback.report import formulas
from tests.library.modules import LAYERS, compiled
from tests.report.latex_syntax import Wrong, balanced


@pytest.mark.parametrize("layer", LAYERS)
def test_every_formula_is_sound_latex(layer):
    built = compiled(layer).built
    for derivation in built.derivations.values():
        for line in formulas.printed(built.program, derivation, formulas.of_mode(derivation)).values():
            assert balanced(line)


@pytest.mark.parametrize(
    "text", [r"x_{i}_{j}", r"\left(x", r"\frac{1}", r"x}", r"\begin{cases} x \end{array}", r"\nonsense", r"x^2'", "a & b"]
)
def test_what_tex_stops_at_is_found(text):
    with pytest.raises(Wrong):
        balanced(text)
