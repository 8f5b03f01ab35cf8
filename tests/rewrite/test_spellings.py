"""One function, many spellings: each comes to the same stable form, through names as well."""

import pytest

import symback
from symback.frontend import resolve
from symback.rewrite import stabilise

SPELLINGS = {
    "sigmoid(x[n])": [
        "1/(1 + exp(-x[n]))",
        "exp(x[n])/(1 + exp(x[n]))",
        "exp(x[n])/(exp(x[n]) + 1)",
        "(1 + tanh(x[n]/2))/2",
        "1/2 + tanh(x[n]/2)/2",
        "1 - 1/(1 + exp(x[n]))",
        "exp(x[n]/2)/(exp(x[n]/2) + exp(-x[n]/2))",
        "1 - sigmoid(-x[n])",
    ],
    "softplus(x[n])": ["log(1 + exp(x[n]))", "log1p(exp(x[n]))", "x[n] + log(1 + exp(-x[n]))", "Max(x[n], 0) + log(1 + exp(-Abs(x[n])))"],
    "-log_sigmoid(-x[n])": ["-log(sigmoid(-x[n]))", "-log(1 - sigmoid(x[n]))"],
    "log_sigmoid(x[n])": ["log(1/(1 + exp(-x[n])))", "log(sigmoid(x[n]))"],
    "tanh(x[n])": [
        "(exp(x[n]) - exp(-x[n]))/(exp(x[n]) + exp(-x[n]))",
        "(1 - exp(-2*x[n]))/(1 + exp(-2*x[n]))",
        "(exp(2*x[n]) - 1)/(exp(2*x[n]) + 1)",
        "2/(1 + exp(-2*x[n])) - 1",
        "2*sigmoid(2*x[n]) - 1",
        "sinh(x[n])/cosh(x[n])",
    ],
    "tanh_slope(x[n])": ["1 - tanh(x[n])**2", "1/cosh(x[n])**2", "4/(exp(x[n]) + exp(-x[n]))**2"],
    "sigmoid_slope(x[n])": ["exp(-x[n])/(1 + exp(-x[n]))**2", "exp(x[n])/(1 + exp(x[n]))**2", "sigmoid(x[n])*(1 - sigmoid(x[n]))"],
    "log_cosh(x[n])": ["log(cosh(x[n]))", "log((exp(x[n]) + exp(-x[n]))/2)"],
    "expm1(x[n])": ["exp(x[n]) - 1", "-(1 - exp(x[n]))"],
    "log1mexp(-x[n])": ["log(1 - exp(-x[n]))", "log1p(-exp(-x[n]))", "log(-expm1(-x[n]))"],
    "logexpm1(x[n])": ["log(exp(x[n]) - 1)", "log(expm1(x[n]))"],
    "asinh(x[n])": ["log(x[n] + sqrt(x[n]**2 + 1))", "log(sqrt(1 + x[n]**2) + x[n])"],
    "atanh(x[n])": ["log((1 + x[n])/(1 - x[n]))/2", "(log(1 + x[n]) - log(1 - x[n]))/2"],
    "hypot1m1(x[n])": ["sqrt(1 + x[n]**2) - 1"],
    "ndtr(x[n])": [
        "(1 + erf(x[n]/sqrt(2)))/2",
        "erfc(-x[n]/sqrt(2))/2",
        "1/2 + erf(x[n]/sqrt(2))/2",
        "1/2*(1 + erf(sqrt(2)/2*x[n]))",
        "(1 + erf(x[n]*0.7071067811865476))/2",
    ],
    "gelu(x[n])": ["x[n]*(1 + erf(x[n]/sqrt(2)))/2", "x[n]/2*(1 + erf(x[n]/sqrt(2)))", "x[n]*(1 - erf(-x[n]/sqrt(2)))/2"],
    "erfc(x[n])": ["1 - erf(x[n])"],
    "logit(x[n])": ["log(x[n]/(1 - x[n]))", "log(x[n]) - log(1 - x[n])"],
    "spherical_bessel(0, x[n])": ["sin(x[n])/x[n]"],
    "exp_moment(0, x[n])": ["(exp(x[n]) - 1)/x[n]", "expm1(x[n])/x[n]"],
    "softsign(x[n])": ["x[n]/(1 + Abs(x[n]))"],
    "gauss(x[n])": ["exp(-x[n]**2)", "exp(-(x[n]**2))"],
    "half_gauss(x[n])": ["exp(-x[n]**2/2)"],
    "log1p_square(x[n])": ["log(1 + x[n]**2)"],
    "sqrt1pm1(x[n])": ["sqrt(1 + x[n]) - 1"],
    "expm1_minus(x[n])": ["exp(x[n]) - 1 - x[n]", "expm1(x[n]) - x[n]"],
    "tanhshrink(x[n])": ["x[n] - tanh(x[n])"],
    "Abs(x[n])": ["sqrt(x[n]**2)"],
    "direction(x[n], 1)": ["x[n]/sqrt(1 + x[n]**2)"],
}


def stable(expression, where=""):
    text = f"layer: case\ninputs:\n  x: [N]\n{where}outputs:\n  y[n]: '{expression}'\n"
    program = resolve(symback.loads(text))
    body, _ = stabilise(next(iter(program.bodies.values())), program)
    return str(next(d.value for d in body.definitions if d.name == "y"))


@pytest.mark.parametrize("form,spelling", [(form, s) for form, all_ in SPELLINGS.items() for s in all_])
def test_a_spelling_comes_to_the_stable_form(form, spelling):
    assert stable(spelling) == form


@pytest.mark.parametrize(
    "expression,form",
    [
        ("log(s[n])", "log_sigmoid(x[n])"),
        ("1 - s[n]", "sigmoid(-x[n])"),
        ("log(1 - s[n])", "log_sigmoid(-x[n])"),
        ("s[n]*(1 - s[n])", "sigmoid_slope(x[n])"),
    ],
)
def test_a_name_is_seen_through(expression, form):
    assert stable(expression, "where:\n  s[n]: 1/(1 + exp(-x[n]))\n") == form


def softmax_form(where, output):
    text = f"layer: case\ninputs:\n  x: [N, C]\nwhere:\n{where}outputs:\n  y{output}\n"
    program = resolve(symback.loads(text))
    body, _ = stabilise(next(iter(program.bodies.values())), program)
    return str(next(d.value for d in body.definitions if d.name == "y"))


@pytest.mark.parametrize(
    "where",
    [
        "  p[n, c]: exp(x[n, c])/Sum(exp(x[n, k]), k)\n",
        "  s[n]: Sum(exp(x[n, k]), k)\n  p[n, c]: exp(x[n, c])/s[n]\n",
        "  e[n, c]: exp(x[n, c])\n  p[n, c]: e[n, c]/Sum(e[n, k], k)\n",
        "  m[n]: Amax(x[n, k], k)\n  e[n, c]: exp(x[n, c] - m[n])\n  p[n, c]: e[n, c]/Sum(e[n, k], k)\n",
        "  p[n, c]: Softmax(x[n, c], c)\n",
    ],
)
def test_softmax_however_written_has_the_same_logarithm(where):
    form = softmax_form(where, "[n, c]: log(p[n, c])")
    assert form.startswith("x[n, c] - LogSumExp(x[n, ")


def test_mean_of_squares_less_squared_mean_is_centred():
    form = softmax_form("  m[n]: Mean(x[n, j], j)\n", "[n]: Mean(x[n, j]**2, j) - m[n]**2")
    assert form == "Mean((x[n, j] - m[n])**2, j)"
