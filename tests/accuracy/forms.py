"""Formulas as a paper writes them, for the test of their digits: numbers a point, or rows of four; their truth is what they say, read with many digits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.accuracy.cases import ANGLE, POSITIVE, REAL, TARGET, UNIT

SMALL = (0.0, 1e-3, -0.02, 0.3, -0.7, 1.0, -1.5, 2.5, -4.0, 9.0)
SCALE = (0.1, 0.5, 1.0, 2.5, 5.0)
SIGN = (1.0, -1.0)
COUNT = (0.0, 1.0, 3.0, 12.0)
MILD = REAL[:19]
WIDE = (*REAL, 1e8, -1e8, 1e12, -1e15)
SINKS = (0.0, 1.0, -30.0, 50.0)
FAR, BROAD = (0.3, -2.5, 40.0, 1e12, -1e19), (50.0, 1e5, 3e12, 3e20)
ROWS = (
    (0.3, -0.7, 1.5, -0.2), (1e-4, -3e-4, 2e-4, 5e-5), (4.0, -6.0, 9.0, 2.0), (30.0, 1.0, -0.5, 0.25), (-0.5, 1.0, 2.0, 95.0),
    (-40.0, 0.5, 1.5, -0.5), (120.0, 118.0, 119.0, 117.5), (-300.0, -301.0, -299.5, -305.0), (2.0, 2.0, 0.5, -1.0),
    (1000.5, 1000.25, 999.0, 1001.0), (1e5, -2e5, 3e4, 1e5), (-1e4, 3.0, 1e4, 0.1), (1e10, -2e10, 3e9, 5e9),
)  # fmt: skip
LARGE = (*ROWS, (1e22, -2e22, 3e21, 1e20), (1e-22, 2e-22, -3e-23, 1e-22))
NEAR = ((0.3, -0.7, 1.5, -0.2), (1.0, 2.0, -0.5, 0.25), (-2.0, 0.1, 0.4, 1.1), (3.0, -3.0, 2.0, 0.0), (0.01, 0.02, -0.03, 0.04))
SHARES = ((0.25, 0.25, 0.25, 0.25), (0.125, 0.375, 0.4375, 0.0625), (0.96875, 0.015625, 0.0078125, 0.0078125))
ONE_HOT = ((1.0, 0.0, 0.0, 0.0), (0.0, 1.0, 0.0, 0.0), (0.0, 0.0, 0.0, 1.0), (0.0, 0.0, 1.0, 0.0))
ASSUMED = {
    POSITIVE: ("{0} > 0",),
    UNIT: ("{0} > 0", "{0} < 1"),
    TARGET: ("{0} >= 0", "{0} <= 1"),
    SCALE: ("{0} > 0",),
    BROAD: ("{0} > 0",),
    COUNT: ("{0} >= 0",),
}
ASSUMED |= {SHARES: ("{0} > 0",), ONE_HOT: ("{0} >= 0",)}
FIXED = (TARGET, SIGN, COUNT, ONE_HOT)


@dataclass(frozen=True, slots=True)
class Form:
    """A formula: the right-hand side of its output, `[n]` or `[n, i]`, and the values of its arguments."""

    name: str
    formula: str
    arguments: Mapping[str, tuple] = field(default_factory=dict)
    assume: tuple[str, ...] = ()

    @property
    def output(self) -> str:
        return "out[n, i]" if self.formula.startswith("row ") else "out[n]"


X, W, P, U, A = ({"x": v} for v in (MILD, WIDE, POSITIVE, UNIT, ANGLE))
XY, XT = {"x": MILD, "y": MILD}, {"x": MILD, "t": TARGET}
R, L, RT = {"x": ROWS[:9]}, {"x": LARGE}, {"x": ROWS[:9], "t": ONE_HOT}
RZ, NZ = {"x": ROWS[:9], "z": ROWS[8::-1]}, {"x": NEAR, "z": NEAR[::-1]}
SUMS_TO_ONE = ("Eq(Sum(t[n, i], i), 1)",)

SCALARS = (
    Form("hard sigmoid", "Max(0, Min(1, x/6 + 0.5))", W),
    Form("parametric elu", "Piecewise((x, x > 0), (a*(exp(x) - 1), True))", X | {"a": SCALE}),
    Form("silu by tanh", "x*(1 + tanh(x/2))/2", {"x": REAL[:15]}),
    Form("tanh by exponentials", "(exp(x) - exp(-x))/(exp(x) + exp(-x))", X),
    Form("tanh by one exponential", "(exp(2*x) - 1)/(exp(2*x) + 1)", X),
    Form("sigmoid from above", "exp(x)/(1 + exp(x))", X),
    Form("tanh of exponential", "x*tanh(exp(x))", {"x": SMALL}),
    Form("soft shrink", "Piecewise((x - 0.5, x > 0.5), (x + 0.5, x < -0.5), (0, True))", W),
    Form("gaussian", "exp(-x**2)", W),
    Form("snake", "x + sin(a*x)**2/a", {"x": SMALL, "a": SCALE}),
    Form("inverse root unit", "x/sqrt(1 + a*x**2)", {"x": SMALL, "a": SCALE}),
    Form("logish", "x*log(1 + 1/(1 + exp(-x)))", X),
    Form("smish", "x*tanh(log(1 + 1/(1 + exp(-x))))", X),
    Form("witch", "x/(1 + x**2)", {"x": ANGLE[:5]}),
    Form("soft rectifier", "log(1 + exp(b*x))/b", X | {"b": SCALE}),
    Form("gated linear unit", "a/(1 + exp(-b))", {"a": MILD, "b": MILD}),
    Form("swish gate", "a*b/(1 + exp(-b))", {"a": SMALL, "b": MILD}),
    Form("one less sigmoid", "1 - 1/(1 + exp(-x))", X),
    Form("one less sigmoid and a little", "log(1 - 1/(1 + exp(-x)) + 1e-8)", {"x": REAL[:17]}),
    Form("one less tanh squared and a little", "log(1 - tanh(x)**2 + 1e-6)", {"x": (*REAL[:4], *REAL[5:17])}),
    Form("slope of mish", "x*tanh(log(1 + exp(x)))", {"x": (-1.1924312, -1.1924, -1.192, -1.19, -1.18, -1.15, -1.3)}),
    Form("x less its sigmoid", "x*(1 - sigmoid(x))", X),
    Form("centred sigmoid", "2*sigmoid(x) - 1", X),
    Form("sigmoid less a half", "sigmoid(x) - 0.5", X),
    Form("shifted softplus", "log(0.5 + 0.5*exp(x))", X),
    Form("softplus less log 2", "log(1 + exp(x)) - log(2)", X),
    Form("odd softplus", "log(1 + exp(x)) - log(1 + exp(-x))", X),
    Form("complementary log-log", "1 - exp(-exp(x))", {"x": SMALL}),
    Form("hermite function", "x*exp(-x**2/2)", W),
    Form("squareplus of b", "(x + sqrt(x**2 + b))/2", X | {"b": POSITIVE}),
    Form("one less exponential", "1 - exp(-x)", {"x": REAL[:15]}),
    Form("root less one", "sqrt(1 + x**2) - 1", W),
    Form("x less its sine", "x - sin(x)", A),
    Form("tanh over x", "sinh(x)/cosh(x)", X),
    Form("log less x", "log(1 + x) - x", P),
    Form("x log x", "x*log(x) - x + 1", P),
    Form("logarithm of odds", "log(x) - log(1 - x)", U),
    Form("one less cosine squared", "1 - cos(x)**2", A),
    Form("one less x squared", "sqrt(1 - x**2)", U),
    Form("hyperbolic secant", "2/(exp(x) + exp(-x))", X),
    Form("cosh less one", "cosh(x) - 1", {"x": REAL[:15]}),
    Form("difference of reciprocals", "1/x - 1/(x + 1)", P),
    Form("lorentzian", "1/(1 + x**2)", W),
    Form("odds", "x/(1 - x)", U),
    Form("angle of a quotient", "atan2(y, x)", XY),
    Form("length of three", "sqrt(x**2 + y**2 + 4)", {"x": MILD, "y": MILD}),
    Form("hinge", "Max(0, 1 - t*x)", W | {"t": SIGN}),
    Form("squared hinge", "Max(0, 1 - t*x)**2", X | {"t": SIGN}),
    Form("signed logistic loss", "log(1 + exp(-t*x))", X | {"t": SIGN}),
    Form("pinball loss", "Max(0.25*(y - x), -0.75*(y - x))", XY),
    Form("weighted cross-entropy", "-(w*t*log(sigmoid(x)) + (1 - t)*log(1 - sigmoid(x)))", XT | {"w": SCALE}),
    Form("focal loss of a probability", "-(1 - p)**2*log(p)", {"p": UNIT}),
    Form("huber loss", "Piecewise(((x - y)**2/2, Abs(x - y) <= 1), (Abs(x - y) - 1/2, True))", XY),
    Form("charbonnier", "sqrt((x - y)**2 + 1e-6)", XY),
    Form("cauchy of scale", "log(1 + (x/c)**2/2)", X | {"c": SCALE}),
    Form("welsch of scale", "1 - exp(-(x/c)**2/2)", {"x": SMALL, "c": SCALE}),
    Form("log cosh of a difference", "log(cosh(x - y))", XY),
    Form("laplace", "-Abs(x - m)/b - log(2*b)", {"x": MILD, "m": SMALL, "b": POSITIVE}),
    Form("poisson of a rate", "t*log(r) - r", {"r": POSITIVE, "t": COUNT}),
    Form("exponential density", "log(r) - r*x", {"r": POSITIVE, "x": POSITIVE}),
    Form("normal of a logarithm", "-l - ((x - m)*exp(-l))**2/2", {"x": SMALL, "m": SMALL, "l": SMALL[1:]}),
    Form("normal of a deviation", "-((x - m)/s)**2/2 - log(s)", {"x": FAR, "m": SMALL, "s": BROAD}),
    Form("normal of a variance that is kept up", "log(Max(v, 1e-6)) + (x - m)**2/Max(v, 1e-6)", {"x": FAR, "m": SMALL, "v": BROAD}),
    Form("relative error", "((x - y)/y)**2", {"x": FAR, "y": BROAD}),
    Form("cauchy density", "s/(s**2 + (x - m)**2)", {"x": FAR, "m": SMALL, "s": BROAD}),
    Form("variational divergence", "-(1 + l - m**2 - exp(l))/2", {"m": SMALL, "l": SMALL}),
    Form("hellinger term", "(sqrt(p) - 1/2)**2", {"p": UNIT}),
    Form("binary ranking", "-log(sigmoid(x - y))", XY),
    Form("soft minimum of two", "-log(exp(-x) + exp(-y))", XY),
    Form("softmax of two", "exp(x)/(exp(x) + exp(y))", XY),
    Form("mean weighted by exponentials", "(x*exp(x) + y*exp(y))/(exp(x) + exp(y))", {"x": REAL[9:17], "y": REAL[10:17]}),
    Form("sum of three exponentials", "log(exp(x) + exp(y) + 1)", XY),
    Form("probit", "-log((1 + erf(t*x/sqrt(2)))/2)", {"x": REAL[:12]} | {"t": SIGN}),
    Form("logistic survival", "log(1 - 1/(1 + exp(x)))", X),
    Form("gaussian survival", "log((1 - erf(x/sqrt(2)))/2)", {"x": REAL[:12]}),
    Form("uniform to gumbel", "-log(-log(u))", {"u": UNIT}),
    Form("exponential quantile", "-log(1 - u)/r", {"u": UNIT, "r": POSITIVE}),
    Form("clipped ratio", "Min(r*a, Min(Max(r, 0.8), 1.2)*a)", {"r": SCALE, "a": MILD}),
    Form("decay of x", "x*exp(-x)", {"x": REAL[:15]}),
    Form("screening", "(1 - exp(-x))/x", {"x": REAL[:13]}),
)

VECTORS = (
    Form("softmin", "row exp(-x[n, i])/Sum(exp(-x[n, j]), j)", R),
    Form("softmax with one", "row exp(x[n, i])/(1 + Sum(exp(x[n, j]), j))", R),
    Form("softmax with a sink", "row exp(x[n, i])/(exp(s[n]) + Sum(exp(x[n, j]), j))", {"x": ROWS[:9], "s": SINKS}),
    Form(
        "softmax with a sink, the largest off",
        "row exp(x[n, i] - Max(Amax(x[n, k], k), s[n]))"
        "/(exp(s[n] - Max(Amax(x[n, k], k), s[n])) + Sum(exp(x[n, j] - Max(Amax(x[n, k], k), s[n])), j))",
        {"x": ROWS[:9], "s": SINKS},
    ),
    Form("softmax of twice", "row exp(x[n, i]/0.5)/Sum(exp(x[n, j]/0.5), j)", R),
    Form("softmax with the largest off", "row exp(x[n, i] - Amax(x[n, k], k))/Sum(exp(x[n, j] - Amax(x[n, k], k)), j)", R),
    Form("logarithm of softmax", "row log(exp(x[n, i])/Sum(exp(x[n, j]), j))", R),
    Form("log-sum-exp of minus", "-log(Sum(exp(-x[n, j]), j))", R),
    Form("log of one and a sum", "log(1 + Sum(exp(x[n, j]), j))", R),
    Form("log-sum-exp of a temperature", "T[n]*log(Sum(exp(x[n, j]/T[n]), j))", {"x": NEAR, "T": SCALE}),
    Form("log-mean-exp of twice", "log(Mean(exp(2*x[n, j]), j))/2", R),
    Form("cross-entropy by log-sum-exp", "LogSumExp(x[n, i], i) - Sum(t[n, i]*x[n, i], i)", RT, SUMS_TO_ONE),
    Form("cross-entropy by log-softmax", "-Sum(t[n, i]*LogSoftmax(x[n, i], i), i)", RT, SUMS_TO_ONE),
    Form("smoothed cross-entropy", "-Sum((0.75*t[n, i] + 0.0625)*LogSoftmax(x[n, i], i), i)", RT, SUMS_TO_ONE),
    Form("contrast with the first", "log(Sum(exp(x[n, j]/0.25), j)) - x[n, 0]/0.25", {"x": ROWS[:5]}),
    Form("pairs of similarities", "log(1 + Sum(exp(-2*(x[n, i] - 0.5)), i))/2", R),
    Form("mean under a softmax", "Sum(x[n, i]*exp(x[n, i]), i)/Sum(exp(x[n, j]), j)", R),
    Form("entropy of shares", "-Sum(p[n, i]*log(p[n, i]), i)", {"p": SHARES}),
    Form("cross-entropy of shares", "-Sum(t[n, i]*log(p[n, i]), i)", {"p": SHARES, "t": ONE_HOT}),
    Form("unit sum", "row x[n, i]/Sum(x[n, j], j)", {"x": SHARES}),
    Form("unit length with an eps", "row x[n, i]/sqrt(Sum(x[n, j]**2, j) + 1e-12)", L),
    Form("root mean square", "row x[n, i]/sqrt(Mean(x[n, j]**2, j) + 1e-6)", L),
    Form("t distribution's kernel", "1/(1 + Sum((x[n, i] - z[n, i])**2, i))", {"x": LARGE, "z": LARGE[::-1]}),
    Form("inverse multiquadric", "1/sqrt(1 + Sum((x[n, i] - z[n, i])**2, i))", {"x": LARGE, "z": LARGE[::-1]}),
    Form("divisive normalisation", "row x[n, i]**2/(1 + Sum(x[n, j]**2, j))", {"x": ROWS[:9]}),
    Form("length of fourth powers", "Sum(x[n, i]**4, i)**(1/4)", L),
    Form("largest size", "Amax(Abs(x[n, i]), i)", {"x": NEAR}),
    Form("cosine by one root", "Sum(x[n, i]*z[n, i], i)/sqrt(Sum(x[n, i]**2, i)*Sum(z[n, i]**2, i))", NZ),
    Form("variance by sums", "(Sum(x[n, i]**2, i) - Sum(x[n, j], j)**2/C)/C", {"x": ROWS}),
    Form("deviation with an eps", "sqrt(Mean((x[n, i] - Mean(x[n, j], j))**2, i) + 1e-8)", R),
    Form("geometric mean", "exp(Mean(log(p[n, i]), i))", {"p": SHARES}),
    Form("harmonic mean", "C/Sum(1/p[n, i], i)", {"p": SHARES}),
    Form("unit length", "row x[n, i]/Norm(x[n, j], j)", {"x": (*NEAR, *LARGE[-2:])}),
    Form("unit length by a gain", "row g[n]*x[n, i]/sqrt(Sum(x[n, j]**2, j))", {"x": NEAR, "g": SCALE}),
    Form("unit deviation", "row (x[n, i] - Mean(x[n, j], j))/sqrt(Var(x[n, j], j))", {"x": NEAR[:4]}),
    Form("product of two sums", "log(1 + Sum(exp(9*x[n, i]), i)*Sum(exp(9*z[n, j]), j))", RZ),
    Form(
        "mixture of gaussians",
        "-log(Sum(p[n, i]*exp(-(y[n] - x[n, i])**2/(2*s[n]**2))/(s[n]*sqrt(2*pi)), i))",
        {"y": (0.5, -3.0, 2.0, 100.0, 4.0), "x": NEAR, "s": (2.0, 2.5, 1.0, 5.0, 3.0), "p": SHARES},
        ("p[n, i] > 0", "s[n] > 0"),
    ),
    Form(
        "distance in the ball of Poincare",
        "acosh(1 + 2*Sum((x[n, i] - z[n, i])**2, i)/((1 - Sum(x[n, i]**2, i))*(1 - Sum(z[n, i]**2, i))))",
        {"x": ((0.1, 0.2, -0.3, 0.1), (0.5, 0.5, 0.4, 0.3)), "z": ((0.5, 0.1, 0.1, -0.2), (0.2, -0.4, 0.1, 0.3))},
    ),
    Form("angle", "acos(Sum(x[n, i]*z[n, i], i)/(Norm(x[n, i], i)*Norm(z[n, i], i)))", {"x": NEAR, "z": (*NEAR[1:], NEAR[0])}),
    Form("manhattan distance", "Sum(Abs(x[n, i] - z[n, i]), i)", {"x": NEAR, "z": ROWS[:5]}),
    Form("distance of cubes", "Sum(Abs(x[n, i] - z[n, i])**3, i)**(1/3)", {"x": NEAR, "z": ROWS[:5]}),
)
