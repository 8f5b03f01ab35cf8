"""Elementwise layers as a textbook writes them in NumPy: activations, losses, steps of optimizers.

`ELEMENTWISE` has the form of `textbook.LAYERS`: a library layer's name to (function, arrays). An array that is not drawn from a
shape is made by a function of a generator.
"""

from __future__ import annotations

import numpy as np
from scipy.special import erf
from textbook import _sigmoid

f32 = np.float32

# ------------------------------------------------------------------------------------------- activations


def selu(x, g):
    scale, alpha = f32(1.0507009873554805), f32(1.6732632423543772)
    y = scale * np.where(x > 0, x, alpha * (np.exp(np.minimum(x, 0)) - 1))
    return (y,), (g * np.where(x > 0, scale, y + scale * alpha),)


def celu(x, g):
    e = np.exp(np.minimum(x, 0))
    return (np.where(x > 0, x, e - 1),), (g * np.where(x > 0, f32(1), e),)


def relu6(x, g):
    return (np.minimum(np.maximum(x, 0), 6),), (np.where((x > 0) & (x < 6), g, 0),)


def relu_squared(x, g):
    r = np.maximum(x, 0)
    return (r**2,), (2 * g * r,)


def hardtanh(x, g):
    return (np.clip(x, -1, 1),), (np.where((x > -1) & (x < 1), g, 0),)


def hardsigmoid(x, g):
    return (np.clip(x / 6 + f32(0.5), 0, 1),), (np.where((x > -3) & (x < 3), g / 6, 0),)


def hardswish(x, g):
    gate = np.clip(x + 3, 0, 6) / 6
    return (x * gate,), (g * (gate + np.where((x > -3) & (x < 3), x / 6, 0)),)


def hardshrink(x, g):
    kept = np.abs(x) > 0.5
    return (np.where(kept, x, 0),), (np.where(kept, g, 0),)


def softshrink(x, g):
    y = np.sign(x) * np.maximum(np.abs(x) - f32(0.5), 0)
    return (y,), (np.where(np.abs(x) > 0.5, g, 0),)


def threshold(x, g):
    return (np.where(x > f32(0.1), x, 0),), (np.where(x > f32(0.1), g, 0),)


def softsign(x, g):
    d = 1 + np.abs(x)
    return (x / d,), (g / d**2,)


def softcap(x, g):
    u = np.tanh(x / 30)
    return (30 * u,), (g * (1 - u**2),)


def tanhshrink(x, g):
    u = np.tanh(x)
    return (x - u,), (g * u**2,)


def logsigmoid(x, g):
    return (np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x))),), (g * _sigmoid(-x),)


def quick_gelu(x, g):
    k = f32(1.702)
    s = _sigmoid(k * x)
    return (x * s,), (g * (s + k * x * s * (1 - s)),)


def swish(x, beta, g):
    s = _sigmoid(beta * x)
    slope = s * (1 - s)
    return (x * s,), (g * (s + beta * x * slope), (g * x**2 * slope).sum())


def squareplus(x, g):
    root = np.sqrt(x**2 + 4)
    return ((x + root) / 2,), (g * (1 + x / root) / 2,)


def snake(x, g):
    s = np.sin(x)
    return (x + s**2,), (g * (1 + 2 * s * np.cos(x)),)


def glu(a, b, g):
    s = _sigmoid(b)
    return (a * s,), (g * s, g * a * s * (1 - s))


def geglu(a, b, g):
    cdf = (1 + erf(a * f32(0.5**0.5))) / 2
    slope = cdf + a * np.exp(-(a**2) / 2) * f32((2 * np.pi) ** -0.5)
    return (a * cdf * b,), (g * b * slope, g * a * cdf)


def reglu(a, b, g):
    r = np.maximum(a, 0)
    return (r * b,), (np.where(a > 0, g * b, 0), g * r)


# ------------------------------------------------------------------------------------------------ losses


def l1_loss(y, t, g):
    r = y - t
    return (np.abs(r).mean(),), (g * np.sign(r) / r.size,)


def smooth_l1(y, t, g):
    r = y - t
    inside = np.abs(r) < 1
    return (np.where(inside, r**2 / 2, np.abs(r) - f32(0.5)).mean(),), (g * np.where(inside, r, np.sign(r)) / r.size,)


def charbonnier(y, t, g):
    r = y - t
    root = np.sqrt(r**2 + f32(1e-6))
    return (root.mean(),), (g * r / root / r.size,)


def log_cosh(y, t, g):
    r = y - t
    size = np.abs(r)
    return ((size + np.log1p(np.exp(-2 * size)) - f32(np.log(2))).mean(),), (g * np.tanh(r) / r.size,)


def quantile_loss(y, t, g):
    r = t - y
    return (np.maximum(r / 2, -r / 2).mean(),), (g * np.where(r > 0, f32(-0.5), f32(0.5)) / r.size,)


def hinge(x, s, g):
    m = 1 - s * x
    return (np.maximum(m, 0).mean(),), (np.where(m > 0, -g * s, 0) / x.size,)


def squared_hinge(x, s, g):
    m = np.maximum(1 - s * x, 0)
    return ((m**2).mean(),), (-2 * g * s * m / x.size,)


def soft_margin(x, s, g):
    m = s * x
    value = np.maximum(-m, 0) + np.log1p(np.exp(-np.abs(m)))
    return (value.mean(),), (-g * s * _sigmoid(-m) / x.size,)


def hinge_embedding(x, s, g):
    near = s > 0
    value = np.where(near, x, np.maximum(1 - x, 0))
    return (value.mean(),), (g * np.where(near, f32(1), np.where(x < 1, f32(-1), f32(0))) / x.size,)


def margin_ranking(a, b, s, g):
    m = -s * (a - b)
    da = np.where(m > 0, -g * s, 0) / m.size
    return (np.maximum(m, 0).mean(),), (da, -da)


def bce(p, t, g):
    value = -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean()
    return (value,), (g * (p - t) / (p * (1 - p)) / p.size,)


def focal(x, t, g):
    alpha = f32(0.25)
    p, logp = _sigmoid(x), np.minimum(x, 0) - np.log1p(np.exp(-np.abs(x)))
    q, logq = 1 - p, logp - x
    a, b = alpha * t, (1 - alpha) * (1 - t)
    slope = a * q**2 * (2 * p * logp - q) - b * p**2 * (2 * q * logq - p)
    return (-(a * q**2 * logp + b * p**2 * logq).mean(),), (g * slope / x.size,)


def gaussian_nll(x, s, t, g):
    r, w = x - t, np.exp(-s)
    return ((s + r**2 * w).mean() / 2,), (g * r * w / x.size, g * (1 - r**2 * w) / (2 * x.size))


def poisson_nll(x, t, g):
    e = np.exp(x)
    return ((e - t * x).mean(),), (g * (e - t) / x.size,)


def kl_div(logp, t, g):
    n = len(t)
    return ((t * (np.log(t) - logp)).sum() / n,), (-g * t / n,)


# -------------------------------------------------------------------------------------------- optimizers


def sgd(w, grad):
    return (w - f32(0.01) * grad,), ()


def momentum(w, grad, v):
    v = f32(0.9) * v + grad
    return (w - f32(0.01) * v,), ()


def adam(w, grad, m, v, t):
    t = t + 1
    m = f32(0.9) * m + f32(0.1) * grad
    v = f32(0.999) * v + f32(0.001) * grad**2
    mhat = m / (1 - f32(0.9) ** t)
    vhat = v / (1 - f32(0.999) ** t)
    return (w - f32(0.001) * mhat / (np.sqrt(vhat) + f32(1e-8)),), ()


def nesterov(w, grad, v):
    v = f32(0.9) * v + grad
    return (w - f32(0.01) * (grad + f32(0.9) * v),), ()


def rmsprop(w, grad, v):
    v = f32(0.99) * v + f32(0.01) * grad**2
    return (w - f32(0.01) * grad / (np.sqrt(v) + f32(1e-8)),), ()


def adagrad(w, grad, s):
    s = s + grad**2
    return (w - f32(0.01) * grad / (np.sqrt(s) + f32(1e-10)),), ()


def adadelta(w, grad, v, u):
    v = f32(0.9) * v + f32(0.1) * grad**2
    delta = np.sqrt(u + f32(1e-6)) / np.sqrt(v + f32(1e-6)) * grad
    u = f32(0.9) * u + f32(0.1) * delta**2
    return (w - delta,), ()


def _moments(grad, m, v, t):
    m = f32(0.9) * m + f32(0.1) * grad
    v = f32(0.999) * v + f32(0.001) * grad**2
    return m, v, m / (1 - f32(0.9) ** t), v / (1 - f32(0.999) ** t)


def adamw(w, grad, m, v, t):
    t = t + 1
    m, v, mhat, vhat = _moments(grad, m, v, t)
    return (w - f32(0.001) * (mhat / (np.sqrt(vhat) + f32(1e-8)) + f32(0.01) * w),), ()


def adamax(w, grad, m, u, t):
    t = t + 1
    m = f32(0.9) * m + f32(0.1) * grad
    u = np.maximum(f32(0.999) * u, np.abs(grad) + f32(1e-8))
    return (w - f32(0.002) / (1 - f32(0.9) ** t) * m / u,), ()


def amsgrad(w, grad, m, v, u, t):
    t = t + 1
    m, v, mhat, _ = _moments(grad, m, v, t)
    u = np.maximum(u, v)
    return (w - f32(0.001) * mhat / (np.sqrt(u / (1 - f32(0.999) ** t)) + f32(1e-8)),), ()


def nadam(w, grad, m, v, t):
    t = t + 1
    m, v, _, vhat = _moments(grad, m, v, t)
    ahead = f32(0.9) * m / (1 - f32(0.9) ** (t + 1)) + f32(0.1) * grad / (1 - f32(0.9) ** t)
    return (w - f32(0.002) * ahead / (np.sqrt(vhat) + f32(1e-8)),), ()


def lion(w, grad, m):
    step = np.sign(f32(0.9) * m + f32(0.1) * grad)
    m = f32(0.99) * m + f32(0.01) * grad
    return (w - f32(1e-4) * step,), ()


_SHAPE = (1024, 512)


def _fractions(rng):
    return rng.uniform(0.05, 0.95, _SHAPE).astype(f32)


def _signs(rng):
    return rng.choice(np.array([-1, 1], f32), _SHAPE)


def _sizes(rng):
    return np.abs(rng.standard_normal(_SHAPE, dtype=f32))


_X, _AB, _YT, _XS = {"x": _SHAPE}, {"a": _SHAPE, "b": _SHAPE}, {"y": _SHAPE, "t": _SHAPE}, {"x": _SHAPE, "s": _signs}
_STEP = {"w": _SHAPE, "g": _SHAPE}
_ADAM = {**_STEP, "m": _SHAPE, "v": _sizes, "t": ()}

ELEMENTWISE = {
    **{
        f.__name__: (f, _X)
        for f in (selu, celu, relu6, relu_squared, hardtanh, hardsigmoid, hardswish, hardshrink, softshrink, threshold, softsign)
    },
    **{f.__name__: (f, _X) for f in (softcap, tanhshrink, logsigmoid, quick_gelu, squareplus, snake)},
    "swish": (swish, {**_X, "beta": ()}),
    **{f.__name__: (f, _AB) for f in (glu, geglu, reglu)},
    **{f.__name__: (f, _YT) for f in (l1_loss, smooth_l1, charbonnier, log_cosh, quantile_loss)},
    **{f.__name__: (f, _XS) for f in (hinge, squared_hinge, soft_margin, hinge_embedding)},
    "margin_ranking": (margin_ranking, {**_AB, "s": _signs}),
    "bce": (bce, {"p": _fractions, "t": _fractions}),
    "focal": (focal, {**_X, "t": _fractions}),
    "gaussian_nll": (gaussian_nll, {"x": _SHAPE, "s": _SHAPE, "t": _SHAPE}),
    "poisson_nll": (poisson_nll, {**_X, "t": _sizes}),
    "kl_div": (kl_div, {"logp": _SHAPE, "t": _fractions}),
    "sgd": (sgd, _STEP),
    "momentum": (momentum, {**_STEP, "v": _SHAPE}),
    "adam": (adam, _ADAM),
    "nesterov": (nesterov, {**_STEP, "v": _SHAPE}),
    "rmsprop": (rmsprop, {**_STEP, "v": _sizes}),
    "adagrad": (adagrad, {**_STEP, "s": _sizes}),
    "adadelta": (adadelta, {**_STEP, "v": _sizes, "u": _sizes}),
    "adamw": (adamw, _ADAM),
    "adamax": (adamax, {**_STEP, "m": _SHAPE, "u": _sizes, "t": ()}),
    "amsgrad": (amsgrad, {**_STEP, "m": _SHAPE, "v": _sizes, "u": _sizes, "t": ()}),
    "nadam": (nadam, _ADAM),
    "lion": (lion, {**_STEP, "m": _SHAPE}),
}
