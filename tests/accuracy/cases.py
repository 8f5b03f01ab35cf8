"""Functions in their natural form beside their exact values: losses, activations, likelihoods and quotients that cancel."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from mpmath import mp

REAL = (0.0, 1e-9, -1e-9, 1e-4, -1e-3, 0.3, -0.7, 1.0, -1.5, 4.0, -6.0, 16.6, -17.0, 40.0, -50.0, 86.0, -87.0, 120.0, -300.0, 1e4, -1e4)
POSITIVE = (1e-9, 1e-4, 0.03, 0.5, 0.75, 1.0, 1.5, 3.0, 9.0, 20.0, 60.0, 150.0, 1e4)
UNIT = (1e-9, 1e-4, 0.1, 0.3, 0.4, 0.6, 0.9, 0.999)
TARGET = (0.0, 1.0, 0.25, 0.875)
ANGLE = (0.0, 1e-9, -1e-4, 0.3, -0.7, 1.0, -2.5, 10.0, -30.0)
ABOVE = (4.5, 6.0, 12.0, 30.0)
BELOW = (-3.0, -1.0, 0.25, 4.0)
ASSUMED = {POSITIVE: "{0}[n] > 0", UNIT: "{0}[n] > 0", TARGET: "{0}[n] >= 0", ABOVE: "a[n] > b[n]"}


@dataclass(frozen=True, slots=True)
class Case:
    """One function: its expression over [n], the values of its arguments, and its exact value."""

    name: str
    expression: str
    arguments: dict[str, tuple[float, ...]]
    exact: Callable


def softplus(x):
    return mp.log1p(mp.exp(x)) if x < 50 else x + mp.log1p(mp.exp(-x))


def sigmoid(x):
    return 1 / (1 + mp.exp(-x))


def root(x):
    return mp.sqrt(1 + x * x)


X, XY, P = {"x": REAL}, {"x": REAL, "y": REAL}, {"x": POSITIVE}
LOGIT = {"x": REAL, "t": TARGET}

CASES = (
    Case("squareplus", "(x[n] + sqrt(x[n]**2 + 4))/2", X, lambda x: (x + mp.sqrt(x * x + 4)) / 2),
    Case("snake", "x[n] + sin(x[n])**2", {"x": ANGLE}, lambda x: x + mp.sin(x) ** 2),
    Case("log cosh", "log((exp(x[n]) + exp(-x[n]))/2)", X, lambda x: softplus(-2 * abs(x)) + abs(x) - mp.log(2)),
    Case("softsign", "x[n]/(2 + Abs(x[n]))", X, lambda x: x / (2 + abs(x))),
    Case("hard swish", "x[n]*Min(Max(x[n] + 3, 0), 6)/6", X, lambda x: x * min(max(x + 3, 0), 6) / 6),
    Case("hard sigmoid", "Max(0, Min(1, x[n]/6 + 1/2))", X, lambda x: max(mp.mpf(0), min(mp.mpf(1), x / 6 + mp.mpf("0.5")))),
    Case("quick gelu", "x[n]*sigmoid(1.702*x[n])", X, lambda x: x * sigmoid(mp.mpf("1.702") * x)),
    Case("quick gelu written out", "x[n]/(1 + exp(-1.702*x[n]))", X, lambda x: x * sigmoid(mp.mpf("1.702") * x)),
    Case("gelu", "0.5*x[n]*(1 + erf(x[n]/1.4142135623730951))", X, lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2),
    Case("mish", "x[n]*tanh(log(1 + exp(x[n])))", X, lambda x: x * mp.tanh(softplus(x))),
    Case("selu", "Piecewise((x[n], x[n] > 0), (1.67*(exp(x[n]) - 1), True))", X, lambda x: x if x > 0 else mp.mpf("1.67") * mp.expm1(x)),
    Case("log sigmoid", "-log(1 + exp(-x[n]))", X, lambda x: -softplus(-x)),
    Case("log of one less sigmoid", "log(1 - 1/(1 + exp(-x[n])))", X, lambda x: -softplus(x)),
    Case("log of exponentials", "log(exp(x[n]) + exp(y[n]))", XY, lambda x, y: y + softplus(x - y)),
    Case("softplus less its argument", "log(1 + exp(x[n])) - x[n]", X, lambda x: softplus(-x)),
    Case("x log y", "x[n]*log(y[n])", {"x": POSITIVE, "y": POSITIVE}, lambda x, y: x * mp.log(y)),
    Case("entropy", "-x[n]*log(x[n]) - (1 - x[n])*log(1 - x[n])", {"x": UNIT}, lambda x: -x * mp.log(x) - (1 - x) * mp.log1p(-x)),
    Case("exponential less one", "exp(x[n]) - 1", {"x": REAL[:13]}, mp.expm1),
    Case("log of one more", "log(1 + x[n])", P, mp.log1p),
    Case("log of one less", "log(1 - x[n])", {"x": UNIT}, lambda x: mp.log1p(-x)),
    Case("mean exponential", "(exp(x[n]) - 1)/x[n]", {"x": REAL[:13]}, lambda x: mp.expm1(x) / x if x else mp.mpf(1)),
    Case("versine over square", "(1 - cos(x[n]))/x[n]**2", {"x": ANGLE}, lambda x: 2 * (mp.sin(x / 2) / x) ** 2 if x else mp.mpf("0.5")),
    Case("versine over x", "(1 - cos(x[n]))/x[n]", {"x": ANGLE}, lambda x: 2 * mp.sin(x / 2) ** 2 / x if x else mp.mpf(0)),
    Case("sinc", "sin(x[n])/x[n]", {"x": ANGLE}, lambda x: mp.sin(x) / x if x else mp.mpf(1)),
    Case("difference of roots", "sqrt(x[n] + 1) - sqrt(x[n])", P, lambda x: 1 / (mp.sqrt(x + 1) + mp.sqrt(x))),
    Case("log of one less decay", "log(1 - exp(-x[n]))", P, lambda x: mp.log(-mp.expm1(-x))),
    Case("artanh", "log((1 + x[n])/(1 - x[n]))/2", {"x": UNIT}, mp.atanh),
    Case("arsinh", "log(x[n] + sqrt(1 + x[n]**2))", X, mp.asinh),
    Case("length", "sqrt(x[n]**2 + y[n]**2 + 1)", XY, lambda x, y: mp.sqrt(x * x + y * y + 1)),
    Case("direction", "x[n]/sqrt(1 + 2*x[n]**2)", X, lambda x: x / mp.sqrt(1 + 2 * x * x)),
    Case("cauchy loss", "log(1 + (x[n]/2)**2)", X, lambda x: mp.log1p((x / 2) ** 2)),
    Case("geman-mcclure loss", "x[n]**2/(x[n]**2 + 4)", X, lambda x: x * x / (x * x + 4)),
    Case("welsch loss", "1 - exp(-x[n]**2/2)", X, lambda x: -mp.expm1(-x * x / 2)),
    Case("charbonnier loss", "sqrt((x[n]/2)**2 + 1) - 1", X, lambda x: (x / 2) ** 2 / (root(x / 2) + 1)),
    Case(
        "wing loss",
        "Piecewise((10*log(1 + Abs(x[n])/2), Abs(x[n]) < 10), (Abs(x[n]) - 7, True))",
        {"x": REAL[1:]},
        lambda x: 10 * mp.log1p(abs(x) / 2) if abs(x) < 10 else abs(x) - 7,
    ),
    Case("focal loss", "-(1 - sigmoid(x[n]))**2*log(sigmoid(x[n]))", X, lambda x: sigmoid(-x) ** 2 * softplus(-x)),
    Case(
        "focal loss of both labels",
        "-t[n]*(1 - sigmoid(x[n]))**2*log(sigmoid(x[n])) - (1 - t[n])*sigmoid(x[n])**2*log(1 - sigmoid(x[n]))",
        LOGIT,
        lambda x, t: t * sigmoid(-x) ** 2 * softplus(-x) + (1 - t) * sigmoid(x) ** 2 * softplus(x),
    ),
    Case(
        "cross-entropy, the careful way",
        "Max(x[n], 0) - x[n]*t[n] + log(1 + exp(-Abs(x[n])))",
        LOGIT,
        lambda x, t: t * softplus(-x) + (1 - t) * softplus(x),
    ),
    Case("cross-entropy by softplus", "log(1 + exp(x[n])) - t[n]*x[n]", LOGIT, lambda x, t: t * softplus(-x) + (1 - t) * softplus(x)),
    Case(
        "smoothed labels",
        "-(0.5*t[n] + 0.25)*log(sigmoid(x[n])) - (0.75 - 0.5*t[n])*log(1 - sigmoid(x[n]))",
        LOGIT,
        lambda x, t: (t / 2 + mp.mpf("0.25")) * softplus(-x) + (mp.mpf("0.75") - t / 2) * softplus(x),
    ),
    Case("smooth hinge", "log(1 + exp(-x[n]*y[n]))", {"x": REAL[3:15], "y": (1.0, -1.0)}, lambda x, y: softplus(-x * y)),
    Case("preference", "-log(exp(x[n])/(exp(x[n]) + exp(y[n])))", XY, lambda x, y: softplus(y - x)),
    Case(
        "ordinal",
        "-log(sigmoid(a[n] - x[n]) - sigmoid(b[n] - x[n]))",
        {"x": REAL, "a": ABOVE, "b": BELOW},
        lambda x, a, b: softplus(x - a) + softplus(b - x) - mp.log(-mp.expm1(b - a)),
    ),
    Case("soft clip", "log((1 + exp(x[n]))/(1 + exp(x[n] - 1)))", {"x": REAL[:17]}, lambda x: softplus(x) - softplus(x - 1)),
    Case("log sinh", "log(sinh(x[n]))", P, lambda x: x + mp.log(-mp.expm1(-2 * x) / 2)),
    Case("log tanh", "log(tanh(x[n]))", P, lambda x: mp.log(-mp.expm1(-2 * x)) - mp.log1p(mp.exp(-2 * x))),
    Case(
        "gaussian likelihood",
        "(x[n] - y[n])**2*exp(-s[n])/2 + s[n]/2",
        {"x": REAL[:9], "y": REAL[:9], "s": (-40.0, -3.0, 0.5, 20.0)},
        lambda x, y, s: (x - y) ** 2 * mp.exp(-s) / 2 + s / 2,
    ),
    Case("poisson likelihood", "x[n] - t[n]*log(x[n])", {"x": POSITIVE, "t": POSITIVE}, lambda x, t: x - t * mp.log(x)),
    Case("student likelihood", "-(5 + 1)/2*log(1 + x[n]**2/5)", X, lambda x: -3 * mp.log1p(x * x / 5)),
    Case("student's with degrees", "log(1 + x[n]**2/a[n])", {"x": REAL, "a": POSITIVE[3:10]}, lambda x, a: mp.log1p(x * x / a)),
    Case("bent identity", "(sqrt(x[n]**2 + 1) - 1)/2 + x[n]", X, lambda x: x * x / (root(x) + 1) / 2 + x),
    Case(
        "elish",
        "Piecewise((x[n]/(1 + exp(-x[n])), x[n] >= 0), ((exp(x[n]) - 1)/(1 + exp(-x[n])), True))",
        {"x": REAL[1:]},
        lambda x: x * sigmoid(x) if x >= 0 else mp.expm1(x) * sigmoid(x),
    ),
    Case("serf", "x[n]*erf(log(1 + exp(x[n])))", X, lambda x: x * mp.erf(softplus(x))),
    Case("phish", "x[n]*tanh(x[n]*(1 + erf(x[n]/sqrt(2)))/2)", X, lambda x: x * mp.tanh(x * mp.erfc(-x / mp.sqrt(2)) / 2)),
    Case("softened tangent", "x[n]*tanh(x[n])", X, lambda x: x * mp.tanh(x)),
    Case("tanh by sigmoid", "2/(1 + exp(-2*x[n])) - 1", X, mp.tanh),
    Case("logistic density", "exp(-x[n])/(1 + exp(-x[n]))**2", X, lambda x: sigmoid(x) * sigmoid(-x)),
    Case("gaussian density", "exp(-x[n]**2/2)/sqrt(2*pi)", X, lambda x: mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)),
    Case("difference of squares", "x[n]**2 - y[n]**2", {"x": REAL[:15], "y": REAL[:15]}, lambda x, y: (x - y) * (x + y)),
    Case("logit", "log(x[n]/(1 - x[n]))", {"x": UNIT}, lambda x: mp.log(x) - mp.log1p(-x)),
    Case("elu", "Piecewise((x[n], x[n] > 0), (exp(x[n]) - 1, True))", X, lambda x: x if x > 0 else mp.expm1(x)),
    Case("tanh over its argument", "tanh(x[n])/x[n]", X, lambda x: mp.tanh(x) / x if x else mp.mpf(1)),
    Case("sinh over its argument", "sinh(x[n])/x[n]", {"x": REAL[:15]}, lambda x: mp.sinh(x) / x if x else mp.mpf(1)),
    Case("arctan over its argument", "atan(x[n])/x[n]", X, lambda x: mp.atan(x) / x if x else mp.mpf(1)),
    Case("arcsine over its argument", "asin(x[n])/x[n]", {"x": (0.0, *UNIT)}, lambda x: mp.asin(x) / x if x else mp.mpf(1)),
    Case("tan over its argument", "tan(x[n])/x[n]", {"x": ANGLE[:6]}, lambda x: mp.tan(x) / x if x else mp.mpf(1)),
    Case("logarithm over its argument", "log(1 + x[n])/x[n]", {"x": (0.0, *POSITIVE)}, lambda x: mp.log1p(x) / x if x else mp.mpf(1)),
    Case("erf over its argument", "erf(x[n])/x[n]", X, lambda x: mp.erf(x) / x if x else 2 / mp.sqrt(mp.pi)),
    Case("bernoulli's quotient", "x[n]/(exp(x[n]) - 1)", X, lambda x: x / mp.expm1(x) if x else mp.mpf(1)),
    Case("x over its tanh", "x[n]/tanh(x[n])", X, lambda x: x / mp.tanh(x) if x else mp.mpf(1)),
    Case(
        "input of a step held",
        "(exp(a[n]*x[n]) - 1)/a[n]",
        {"x": POSITIVE[:10], "a": (0.0, -1e-9, 1e-3, -0.7, 1.5, -20.0)},
        lambda x, a: mp.expm1(a * x) / a if a else x,
    ),
    Case(
        "box-cox",
        "(x[n]**a[n] - 1)/a[n]",
        {"x": POSITIVE[2:10], "a": (0.0, 1e-9, -1e-4, 0.3, -0.7, 2.0)},
        lambda x, a: mp.expm1(a * mp.log(x)) / a if a else mp.log(x),
    ),
    Case(
        "yeo-johnson, the upper half",
        "((1 + x[n])**a[n] - 1)/a[n]",
        {"x": POSITIVE[:10], "a": (0.0, 1e-9, -1e-4, 0.3, -0.7, 2.0)},
        lambda x, a: mp.expm1(a * mp.log1p(x)) / a if a else mp.log1p(x),
    ),
    Case(
        "box-cox, back",
        "(1 + a[n]*x[n])**(1/a[n])",
        {"x": POSITIVE[:9], "a": (0.0, 1e-9, 1e-4, 0.3, 0.7, 2.0)},
        lambda x, a: mp.exp(mp.log1p(a * x) / a) if a else mp.exp(x),
    ),
    Case(
        "biweight loss",
        "Piecewise((1 - (1 - (x[n]/4)**2)**3, Abs(x[n]) <= 4), (1, True))",
        X,
        lambda x: 1 - (1 - (x / 4) ** 2) ** 3 if abs(x) <= 4 else mp.mpf(1),
    ),
    Case("log cosh by softplus", "x[n] + log(1 + exp(-2*x[n])) - log(2)", X, lambda x: softplus(-2 * abs(x)) + abs(x) - mp.log(2)),
    Case(
        "entropy of a logit",
        "-sigmoid(x[n])*log(sigmoid(x[n])) - (1 - sigmoid(x[n]))*log(1 - sigmoid(x[n]))",
        {"x": REAL[:13]},
        lambda x: sigmoid(x) * softplus(-x) + sigmoid(-x) * softplus(x),
    ),
    Case("arcosh near 1", "acosh(1 + x[n])", P, lambda x: 2 * mp.asinh(mp.sqrt(x / 2))),
    Case("arccosine near 1", "acos(1 - x[n])", {"x": UNIT}, lambda x: 2 * mp.asin(mp.sqrt(x / 2))),
    Case(
        "mixture of exponentials",
        "log(w[n]*exp(x[n]) + (1 - w[n])*exp(y[n]))",
        {"w": (0.25, 0.5), "x": (86.0, -300.0, 100.0, 4.0), "y": (90.0, -296.0, 99.0, 1.5)},
        lambda w, x, y: max(x, y) + mp.log(w * mp.exp(x - max(x, y)) + (1 - w) * mp.exp(y - max(x, y))),
    ),
    Case("erfcx", "exp(x[n]**2)*erfc(x[n])", {"x": (0.0, 1e-4, -0.7, 1.5, 4.0, 16.6, 50.0, 1e4)}, lambda x: mp.exp(x * x) * mp.erfc(x)),
    Case(
        "mills ratio",
        "exp(-x[n]**2/2)/erfc(x[n]/sqrt(2))",
        {"x": (0.0, 1e-4, -0.7, 1.5, 4.0, 16.6, 50.0, 120.0)},
        lambda x: mp.exp(-x * x / 2) / mp.erfc(x / mp.sqrt(2)),
    ),
    Case("leaky rectifier by Max", "Max(x[n], 0.01*x[n])", X, lambda x: max(x, x / 100)),
    Case("symmetric logarithm", "sign(x[n])*log(1 + Abs(x[n]))", X, lambda x: mp.sign(x) * mp.log1p(abs(x))),
    Case("symmetric exponential", "sign(x[n])*(exp(Abs(x[n])) - 1)", {"x": REAL[:13]}, lambda x: mp.sign(x) * mp.expm1(abs(x))),
    Case("value rescaled", "sign(x[n])*(sqrt(Abs(x[n]) + 1) - 1)", X, lambda x: mp.sign(x) * (mp.sqrt(abs(x) + 1) - 1)),
)
