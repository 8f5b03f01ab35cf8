"""Elementwise functions, softmax and its relatives, gated units."""

import torch
import torch.nn.functional as F

from tests.library.cases.case import Case, Draw, mask, normal, uniform


def _elementwise(layer: str, reference, **options) -> Case:
    return Case(layer, reference, {"x": Draw(lambda rng: 2 * rng.standard_normal((3, 4)))}, options)


def _sparsemax(x):
    z = x.sort(-1, descending=True).values
    total = z.cumsum(-1)
    rank = torch.arange(1, x.shape[-1] + 1, dtype=x.dtype)
    count = (1 + rank * z > total).sum(-1, keepdim=True)
    tau = (total.gather(-1, count - 1) - 1) / count
    return torch.clamp(x - tau, min=0)


# torch rounds a constant of celu and of hardsigmoid to float32 in their backward, so these two are written out.
CASES = [
    _elementwise("relu", lambda x: F.relu(x)),
    _elementwise("leaky_relu", lambda x, slope: F.leaky_relu(x, slope), slope=0.1),
    Case("prelu", lambda x, a: F.prelu(x, a), {"x": normal(3, 4), "a": normal(4)}),
    Case("relu6", lambda x: F.relu6(x), {"x": uniform(-3, 9, 3, 4)}),
    _elementwise("hardtanh", lambda x, low, high: F.hardtanh(x, low, high), low=-0.5, high=1.5),
    _elementwise("relu_squared", lambda x: F.relu(x) ** 2),
    _elementwise("elu", lambda x, alpha: F.elu(x, alpha), alpha=0.7),
    _elementwise("celu", lambda x, alpha: torch.where(x > 0, x, alpha * torch.expm1(x / alpha)), alpha=0.7),
    _elementwise("selu", lambda x: F.selu(x)),
    _elementwise("sigmoid", lambda x: torch.sigmoid(x)),
    _elementwise("hardsigmoid", lambda x: torch.clamp(x / 6 + 0.5, 0, 1)),
    _elementwise("tanh", lambda x: torch.tanh(x)),
    _elementwise("softplus", lambda x, beta: F.softplus(x, beta, threshold=200), beta=1.5),
    _elementwise("logsigmoid", lambda x: F.logsigmoid(x)),
    _elementwise("softsign", lambda x: F.softsign(x)),
    _elementwise("silu", lambda x: F.silu(x)),
    Case("swish", lambda x, beta: x * torch.sigmoid(beta * x), {"x": normal(3, 4), "beta": normal()}),
    _elementwise("quick_gelu", lambda x: x * torch.sigmoid(1.702 * x)),
    _elementwise("gelu", lambda x: F.gelu(x)),
    _elementwise("gelu_tanh", lambda x: F.gelu(x, approximate="tanh")),
    _elementwise("hardswish", lambda x: F.hardswish(x)),
    _elementwise("mish", lambda x: F.mish(x)),
    _elementwise("squareplus", lambda x, b: (x + (x**2 + b).sqrt()) / 2, b=2.0),
    _elementwise("threshold", lambda x, theta, value: F.threshold(x, theta, value), theta=0.3, value=-1.0),
    _elementwise("hardshrink", lambda x, lam: F.hardshrink(x, lam), lam=0.7),
    _elementwise("softshrink", lambda x, lam: F.softshrink(x, lam), lam=0.7),
    _elementwise("tanhshrink", lambda x: F.tanhshrink(x)),
    _elementwise("softcap", lambda x, cap: cap * torch.tanh(x / cap), cap=2.0),
    _elementwise("snake", lambda x, alpha: x + torch.sin(alpha * x) ** 2 / alpha, alpha=1.5),
    _elementwise("gaussian", lambda x: torch.exp(-(x**2))),
    Case("tanh_correction", lambda u: torch.log1p(-(torch.tanh(u) ** 2)), {"u": normal(3, 4)}),
    Case("log1mexp", lambda x: torch.log(-torch.expm1(-x)), {"x": uniform(0.1, 3, 3, 4)}),
    Case("softmax", lambda x: F.softmax(x, -1), {"x": normal(2, 3, 5)}),
    Case("log_softmax", lambda x: F.log_softmax(x, -1), {"x": normal(2, 3, 5)}),
    Case("softmin", lambda x: F.softmin(x, -1), {"x": normal(2, 3, 5)}),
    Case("logsumexp", lambda x: torch.logsumexp(x, -1), {"x": normal(2, 3, 5)}),
    Case("masked_softmax", lambda x, keep: F.softmax(x.masked_fill(~keep, -torch.inf), -1), {"x": normal(2, 3, 5), "keep": mask(2, 3, 5)}),
    Case("softmax_temperature", lambda x, tau: F.softmax(x / tau, -1), {"x": normal(3, 5)}, {"tau": 0.7}),
    Case("softmax2d", lambda x: F.softmax(x, 1), {"x": normal(2, 3, 2, 4)}),
    Case("gumbel_softmax", lambda x, tau: F.softmax(x / tau, -1), {"x": normal(3, 5)}, {"tau": 0.7}, mode="eval"),
    Case("sparsemax", _sparsemax, {"x": normal(4, 6)}),
    Case("hardmax", lambda x: F.one_hot(x.argmax(-1), 6).to(x.dtype), {"x": normal(4, 6)}),
    Case("entropy", lambda x: -(F.softmax(x, -1) * F.log_softmax(x, -1)).sum(-1), {"x": normal(2, 3, 5)}),
    Case("glu", lambda a, b: F.glu(torch.cat([a, b], -1), -1), {"a": normal(3, 4), "b": normal(3, 4)}),
    Case("reglu", lambda a, b: F.relu(a) * b, {"a": normal(3, 4), "b": normal(3, 4)}),
    Case("geglu", lambda a, b: F.gelu(a) * b, {"a": normal(3, 4), "b": normal(3, 4)}),
    Case("swiglu", lambda a, b: F.silu(a) * b, {"a": normal(3, 4), "b": normal(3, 4)}),
    Case(
        "dyt",
        lambda x, alpha, gamma, beta: gamma * torch.tanh(alpha * x) + beta,
        {"x": normal(3, 4), "alpha": normal(), "gamma": normal(4), "beta": normal(4)},
    ),
]
