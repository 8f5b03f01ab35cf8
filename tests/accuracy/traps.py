"""Where naive formulas lose their digits: each trap with a formula that falls into it, the arguments that show it, and the rules that mend it."""

from __future__ import annotations

from dataclasses import dataclass

from tests.accuracy.cases import ANGLE, POSITIVE, REAL, TARGET, UNIT
from tests.accuracy.forms import COUNT, LARGE, NEAR, ONE_HOT, ROWS, SCALE, Form

SHORT = REAL[:15]
MEANS = ((1e3, 1e3 + 0.5, 1e3 - 0.25, 1e3 + 1), (1e6, 1e6 + 1, 1e6 - 1, 1e6 + 2), (1e7, 1e7 + 1, 1e7 - 1, 1e7 + 2))
ABOVE, BELOW = (4.5, 6.0, 12.0, 30.0), (-3.0, -1.0, 0.25, 4.0)
R, SUMS_TO_ONE = ROWS[:9], ("Eq(Sum(t[n, i], i), 1)",)
SOFTMAX = "exp(x[n, i])/Sum(exp(x[n, j]), j)"
Q = "exp(z[n, i])/Sum(exp(z[n, j]), j)"


@dataclass(frozen=True, slots=True)
class Trap:
    """A trap: its name, a formula that falls into it, and the rows of the rule tables that mend it; none where the array code does (scaled squares, centred sums)."""

    name: str
    form: Form
    rules: tuple[str, ...] = ()


def _trap(name: str, formula: str, arguments: dict, *rules: str, assume: tuple[str, ...] = ()) -> Trap:
    return Trap(name, Form(f"{name}: {formula.removeprefix('row ')}", formula, arguments, assume), rules)


TRAPS = (
    _trap("logistic function", "1/(1 + exp(-x))", {"x": REAL}, "logistic"),
    _trap("its complement", "1 - 1/(1 + exp(-x))", {"x": REAL}, "logistic", "complement"),
    _trap("log of the logistic function", "log(1/(1 + exp(-x)))", {"x": REAL}, "logistic", "logarithm of exponentials"),
    _trap("softplus", "log(1 + exp(x))", {"x": REAL}, "logarithm of exponentials"),
    _trap("softplus with a slope", "log(1 + exp(b*x))/b", {"x": REAL[:19], "b": SCALE}, "logarithm of exponentials"),
    _trap("complement of tanh squared", "1 - tanh(x)**2", {"x": REAL[:13]}, "complement"),
    _trap("x less tanh", "x - tanh(x)", {"x": REAL}, "tanh shrink"),
    _trap("silu", "x/(1 + exp(-x))", {"x": REAL}, "logistic", "infinity times zero"),
    _trap("complement of erf", "1 + erf(x)", {"x": REAL[:15]}, "complementary error function"),
    _trap("gelu", "x*(1 + erf(x/sqrt(2)))/2", {"x": REAL}, "complementary error function", "normal distribution", "gaussian gate"),
    _trap(
        "log of the normal distribution",
        "log((1 + erf(x/sqrt(2)))/2)",
        {"x": REAL[:13]},
        "complementary error function",
        "normal distribution",
        "logarithm of exponentials",
    ),
    _trap(
        "gelu by tanh",
        "0.5*x*(1 + tanh(sqrt(2/pi)*(x + 0.044715*x**3)))",
        {"x": (*REAL[:9], 4.0, -2.5)},
        "saturation",
        "complement",
        "infinity times zero",
    ),
    _trap("mish", "x*tanh(log(1 + exp(x)))", {"x": REAL}, "logarithm of exponentials", "tanh of softplus", "infinity times zero"),
    _trap("exponential less one", "exp(x) - 1", {"x": SHORT}, "expm1"),
    _trap("elu", "Piecewise((x, x > 0), (exp(x) - 1, True))", {"x": REAL}, "expm1"),
    _trap("log of one less an exponential", "log(1 - exp(-x))", {"x": POSITIVE}, "expm1", "logarithm of exponentials"),
    _trap("log of an exponential less one", "log(exp(x) - 1)", {"x": POSITIVE}, "expm1", "logarithm of exponentials"),
    _trap("log of two exponentials", "log(exp(x) + exp(y))", {"x": REAL, "y": REAL}, "logarithm of exponentials"),
    _trap(
        "log of a difference of exponentials",
        "log(exp(x) - exp(y))",
        {"x": ABOVE, "y": BELOW[:3]},
        "expm1",
        "logarithm of exponentials",
        assume=("x[n] > y[n]",),
    ),
    _trap("log cosh", "log(cosh(x))", {"x": REAL}, "logarithm of exponentials"),
    _trap("root less one", "sqrt(1 + x**2) - 1", {"x": REAL}, "length", "root minus root"),
    _trap("squareplus", "(x + sqrt(x**2 + 4))/2", {"x": REAL}, "length", "squareplus"),
    _trap("versine", "1 - cos(x)", {"x": ANGLE}, "half-angle"),
    _trap("artanh", "log((1 + x)/(1 - x))/2", {"x": UNIT}, "logarithm of exponentials", "difference of logarithms"),
    _trap("arsinh", "log(x + sqrt(x**2 + 1))", {"x": REAL}, "length", "squareplus", "inverse hyperbolic"),
    _trap("sinc", "sin(x)/x", {"x": ANGLE[1:]}, "removable gap"),
    _trap("mean exponential", "(exp(x) - 1)/x", {"x": REAL[1:13]}, "expm1", "removable gap"),
    _trap("length", "sqrt(x**2 + y**2)", {"x": REAL[1:], "y": REAL[1:]}, "length"),
    _trap("log of a quotient", "log(x/y)", {"x": POSITIVE, "y": POSITIVE}, "logarithm of a quotient"),
    _trap("logit", "log(x/(1 - x))", {"x": UNIT}, "logarithm of exponentials", "difference of logarithms"),
    _trap("x log y", "x*log(y)", {"x": COUNT, "y": POSITIVE}, "x log x"),
    _trap("power", "x**p", {"x": POSITIVE[1:10], "p": (0.5, 1.5, 3.0, -0.5)}),
    _trap(
        "cross-entropy of a logit",
        "-t*log(1/(1 + exp(-x))) - (1 - t)*log(1 - 1/(1 + exp(-x)))",
        {"x": REAL[:19], "t": TARGET},
        "logistic",
        "logarithm of exponentials",
        "complement",
        "two-sided softplus",
    ),
    _trap(
        "focal loss",
        "-(1 - 1/(1 + exp(-x)))**2*log(1/(1 + exp(-x)))",
        {"x": REAL[:19]},
        "logistic",
        "complement",
        "logarithm of exponentials",
    ),
    _trap("softsign", "x/(1 + Abs(x))", {"x": REAL}, "softsign"),
    _trap("softmax", f"row {SOFTMAX}", {"x": R}, "quotient by a sum of exponentials"),
    _trap("slope of a softmax", f"Sum(i*i*{SOFTMAX}, i)", {"x": R}, "quotient by a sum of exponentials"),
    _trap("log-softmax", f"row log({SOFTMAX})", {"x": R}, "quotient by a sum of exponentials", "logarithm of exponentials"),
    _trap("log-sum-exp", "log(Sum(exp(x[n, i]), i))", {"x": R}, "logarithm of a sum of exponentials"),
    _trap(
        "cross-entropy",
        f"-Sum(t[n, i]*log({SOFTMAX}), i)",
        {"x": R, "t": ONE_HOT},
        "quotient by a sum of exponentials",
        "logarithm of exponentials",
        assume=SUMS_TO_ONE,
    ),
    _trap(
        "divergence of two softmaxes",
        f"Sum({SOFTMAX}*(log({SOFTMAX}) - log({Q})), i)",
        {"x": NEAR, "z": NEAR[::-1]},
        "quotient by a sum of exponentials",
        "logarithm of exponentials",
        "terms of a log-sum-exp",
    ),
    _trap("variance by squares", "Mean(x[n, i]**2, i) - Mean(x[n, i], i)**2", {"x": (*MEANS, *NEAR[:4])}, "variance"),
    _trap("norm", "sqrt(Sum(x[n, i]**2, i))", {"x": LARGE}),
    _trap("root mean square", "row x[n, i]/sqrt(Mean(x[n, j]**2, j) + 1e-6)", {"x": LARGE}),
    _trap("deviation", "sqrt(Var(x[n, i], i))", {"x": (*MEANS, *NEAR[:4])}),
    _trap("layer norm", "row (x[n, i] - Mean(x[n, j], j))/sqrt(Var(x[n, j], j) + 1e-5)", {"x": NEAR[:4]}),
    _trap("unit vector", "row x[n, i]/Norm(x[n, j], j)", {"x": NEAR}),
    _trap("cosine", "Sum(x[n, i]*z[n, i], i)/(Norm(x[n, i], i)*Norm(z[n, i], i))", {"x": NEAR, "z": (*NEAR[1:], NEAR[0])}, "cosine"),
    _trap("difference of lengths", "Norm(x[n, i], i) - Norm(z[n, i], i)", {"x": NEAR, "z": ROWS[2:7]}),
    _trap("log of a mean of exponentials", "log(Mean(exp(x[n, i]), i))", {"x": R}, "logarithm of a sum of exponentials"),
    _trap("log-sum-exps that add up", "row log(Sum(exp(x[n, j]), (j, 0, i))) + x[n, i]", {"x": R}, "logarithm of a sum of exponentials"),
    _trap(
        "angle",
        "acos(Sum(x[n, i]*z[n, i], i)/(Norm(x[n, i], i)*Norm(z[n, i], i)))",
        {"x": NEAR, "z": (*NEAR[1:], NEAR[0])},
        "cosine",
        "angle between vectors",
    ),
)
