"""What users add to the basics: further structure, losses of special fields, schedules."""

import math

import torch
import torch.nn.functional as F
from torch.distributions import Categorical, Gamma, MixtureSameFamily, NegativeBinomial, Normal, StudentT

from tests.library.cases.case import Case, Draw, given, labels, mask, normal, these, uniform
from tests.library.cases.structure import NORM, batchnorm, batchnorm_eval


def _graph_attention(x, edges, W, u, v):
    z = x @ W
    s = F.leaky_relu((z @ u)[:, None] + (z @ v)[None], 0.2)
    return F.softmax(s.masked_fill(~edges, -torch.inf), -1) @ z


class _Straight(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0).to(x.dtype)

    @staticmethod
    def backward(ctx, g):
        return g * (ctx.saved_tensors[0].abs() <= 1)


class _Reversed(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, lam):
        ctx.lam = lam
        return x.clone()

    @staticmethod
    def backward(ctx, g):
        return -ctx.lam * g, None


def _quantize(x, E, beta):
    q = E[((x[:, None] - E) ** 2).sum(-1).argmin(1)]
    return x + (q - x).detach(), F.mse_loss(q, x.detach()) + beta * F.mse_loss(x, q.detach())


def _squash(x):
    s = (x**2).sum(-1, keepdim=True)
    return s / (1 + s) * x / s.sqrt()


def _grid(x, grid):
    return F.grid_sample(x, grid[:, :, None], align_corners=True)[..., 0]


def _cross(x, z, Wq, Wk, Wv, Wo):
    q, k, v = (torch.einsum("ntd,dhe->nhte", a, W) for a, W in ((x, Wq), (z, Wk), (z, Wv)))
    return torch.einsum("nhte,hed->ntd", F.scaled_dot_product_attention(q, k, v), Wo)


def _pooled(x, q):
    return torch.einsum("nt,ntd->nd", F.softmax(x @ q / len(q) ** 0.5, -1), x)


def _truncated(x, h0, Wx, Wh, b, K):
    hs, h = [], h0
    for t in range(len(x)):
        h = torch.tanh(x[t] @ Wx + (h.detach() if t and t % K == 0 else h) @ Wh + b)
        hs.append(h)
    return torch.stack(hs)


def _backwards(step, start, count):
    values = []
    for t in reversed(range(count)):
        start = step(t, start)
        values.insert(0, start)
    return torch.stack(values)


def _returns(r, gamma):
    return _backwards(lambda t, s: r[t] + gamma * s, torch.zeros_like(r[0]), len(r))


def _gae(r, v, gamma, lam):
    return _backwards(lambda t, a: r[t] + gamma * v[t + 1] - v[t] + gamma * lam * a, torch.zeros_like(r[0]), len(r))


def _second_order(x, a, b):
    s = [torch.zeros_like(x[0]), torch.zeros_like(x[0])]
    for t in range(len(x)):
        s.append(a * s[-1] + b * s[-2] + x[t])
    return torch.stack(s[2:])


def _multilabel(x, holds):
    total = 0
    for n in range(len(x)):
        for j in range(x.shape[1]):
            for i in range(x.shape[1]):
                if holds[n, j] and not holds[n, i]:
                    total = total + F.relu(1 - x[n, j] + x[n, i])
    return total / x.numel()


def _nt_xent(a, b, tau):
    z = F.normalize(torch.cat([a, b]), dim=-1)
    n = len(a)
    s = (z @ z.T / tau).masked_fill(torch.eye(2 * n, dtype=torch.bool), -torch.inf)
    return F.cross_entropy(s, torch.arange(2 * n).roll(n))


def _barlow(a, b, lam, eps=1e-5):
    u, v = ((x - x.mean(0)) / (x.var(0, unbiased=False) + eps).sqrt() for x in (a, b))
    c = u.T @ v / len(a)
    diagonal = torch.eye(len(c), dtype=torch.bool)
    return ((c - 1) ** 2)[diagonal].sum() + lam * (c**2)[~diagonal].sum()


def _arcface(x, t, W, scale, margin):
    c = F.normalize(x, dim=-1) @ F.normalize(W, dim=-1).T
    turned = torch.cos(torch.acos(c) + margin)
    return F.cross_entropy(scale * torch.where(F.one_hot(t, len(W)).bool(), turned, c), t)


def _mixture(a, m, s, t):
    return -MixtureSameFamily(Categorical(logits=a), Normal(m, s.exp())).log_prob(t).mean()


def _quantiles(x, t, delta):
    levels = (torch.arange(x.shape[1], dtype=x.dtype) + 0.5) / x.shape[1]
    u = t[:, None, :] - x[:, :, None]
    h = F.huber_loss(x[:, :, None].expand_as(u), t[:, None, :].expand_as(u), delta=delta, reduction="none")
    return ((levels[:, None] - (u < 0).to(x.dtype)).abs() * h).sum((1, 2)).mean() / t.shape[1]


def _grpo(logp, logp_old, logp_ref, A, mask, eps, beta):
    r, d, A = torch.exp(logp - logp_old), logp_ref - logp, A[:, None]
    cost = beta * (torch.exp(d) - d - 1) - torch.minimum(r * A, r.clamp(1 - eps, 1 + eps) * A)
    return ((cost * mask).sum(1) / mask.sum(1)).mean()


def _orpo(chosen, rejected):
    return -F.logsigmoid(torch.logit(chosen.exp()) - torch.logit(rejected.exp())).mean()


def _variation(x):
    return (x.diff(dim=2).abs().sum() + x.diff(dim=3).abs().sum()) / len(x)


def _one_cycle(step, total, share, start, end):
    def ramp(low, high, way):
        return low + (high - low) * (1 - math.cos(math.pi * way)) / 2

    up, down = step.item() / (share * total), (step.item() - share * total) / ((1 - share) * total)
    return torch.tensor(ramp(1 / start, 1, up) if up < 1 else ramp(1, 1 / (start * end), min(down, 1)), dtype=step.dtype)


_TRANSPOSED = {"x": normal(1, 2, 2, 3, 2), "w": normal(2, 3, 2, 2, 3), "b": normal(3)}
_RNN = {"x": normal(5, 3, 2), "h0": normal(3, 4), "Wx": normal(2, 4), "Wh": normal(4, 4), "b": normal(4)}
_GRPO = {"logp": normal(4, 5), "logp_old": given(normal(4, 5)), "logp_ref": given(normal(4, 5)), "A": given(normal(4)), "mask": mask(4, 5)}

CASES = [
    Case("concat", lambda a, b: torch.cat([a, b], 1), {"a": normal(3, 2), "b": normal(3, 4)}),
    Case("split", lambda x: tuple(x.chunk(2, 1)), {"x": normal(3, 6)}),
    Case("transpose", lambda x: x.mT, {"x": normal(2, 3, 4)}),
    Case(
        "siren",
        lambda x, W, b, omega: torch.sin(omega * (x @ W + b)),
        {"x": normal(4, 3), "W": normal(3, 2), "b": normal(2)},
        {"omega": 3.0},
    ),
    Case(
        "fourier_features",
        lambda x, B: torch.cat([torch.cos(2 * torch.pi * x @ B), torch.sin(2 * torch.pi * x @ B)], 1),
        {"x": normal(4, 3), "B": given(normal(3, 5))},
    ),
    Case("graph_attention", _graph_attention, {"x": normal(4, 3), "edges": mask(4, 4), "W": normal(3, 2), "u": normal(2), "v": normal(2)}),
    Case(
        "deep_set",
        lambda x, A, B, b: F.relu(x @ A - x.mean(1, keepdim=True) @ B + b),
        {"x": normal(2, 4, 3), "A": normal(3, 2), "B": normal(3, 2), "b": normal(2)},
    ),
    Case("vector_quantize", _quantize, {"x": normal(5, 3), "E": normal(4, 3)}, {"beta": 0.25}),
    Case("binarize", _Straight.apply, {"x": normal(3, 4)}),
    Case("gradient_reversal", lambda x, lam: _Reversed.apply(x, lam), {"x": normal(3, 4)}, {"lam": 0.3}),
    Case("capsule_squash", _squash, {"x": normal(2, 3, 4)}),
    Case("grid_sample", _grid, {"x": normal(2, 3, 4, 5), "grid": uniform(-1.3, 1.3, 2, 6, 2)}),
    Case("batchnorm1d", batchnorm, {"x": normal(4, 3, 5), **NORM}, {"momentum": 0.3}, states=True),
    Case("batchnorm1d", batchnorm_eval, {"x": normal(4, 3, 5), **NORM}, mode="eval", states=True),
    Case(
        "layernorm2d",
        lambda x, gamma, beta: F.layer_norm(x, x.shape[1:], gamma, beta),
        {"x": normal(2, 3, 2, 4), "gamma": normal(3, 2, 4), "beta": normal(3, 2, 4)},
    ),
    Case(
        "cross_attention",
        _cross,
        {
            "x": normal(2, 3, 6),
            "z": normal(2, 4, 5),
            "Wq": normal(6, 2, 3),
            "Wk": normal(5, 2, 3),
            "Wv": normal(5, 2, 3),
            "Wo": normal(2, 3, 6),
        },
    ),
    Case("attention_pool", _pooled, {"x": normal(3, 4, 5), "q": normal(5)}),
    Case("mean_pool", lambda x, keep: (keep[..., None] * x).sum(1) / keep.sum(1, keepdim=True), {"x": normal(3, 4, 5), "keep": mask(3, 4)}),
    *(Case("truncated_rnn", _truncated, _RNN, {"K": k}) for k in (2, 3)),
    Case("discounted_return", _returns, {"r": normal(5, 3)}, {"gamma": 0.9}),
    Case("gae", _gae, {"r": normal(5, 3), "v": normal(6, 3)}, {"gamma": 0.9, "lam": 0.8}),
    Case("ar2", _second_order, {"x": normal(6, 3), "a": normal(), "b": normal()}),
    *(
        Case("conv_transpose3d", lambda x, w, b, **o: F.conv_transpose3d(x, w, b, **o), _TRANSPOSED, options)
        for options in ({"stride": 2}, {"stride": 1, "padding": 1})
    ),
    Case("max_pool3d", lambda x, kernel, stride: F.max_pool3d(x, kernel, stride), {"x": normal(1, 2, 4, 5, 4)}, {"kernel": 2, "stride": 2}),
    Case("reflect_pad2d", lambda x, padding: F.pad(x, (padding,) * 4, "reflect"), {"x": normal(1, 2, 4, 5)}, {"padding": 2}),
    Case("pixel_unshuffle", lambda x, r: F.pixel_unshuffle(x, r), {"x": normal(2, 3, 4, 6)}, {"r": 2}),
    Case("multilabel_margin", _multilabel, {"x": normal(3, 4), "holds": mask(3, 4)}),
    Case("nt_xent", _nt_xent, {"a": normal(4, 3), "b": normal(4, 3)}, {"tau": 0.5}),
    Case("barlow_twins", _barlow, {"a": normal(6, 3), "b": normal(6, 3)}, {"lam": 0.1}),
    Case("arcface", _arcface, {"x": normal(5, 3), "t": labels(4, 5), "W": normal(4, 3)}, {"scale": 4.0, "margin": 0.3}),
    Case("bpr", lambda a, b: -F.logsigmoid(a - b).mean(), {"a": normal(6), "b": normal(6)}),
    Case("listnet", lambda x, t: F.cross_entropy(x, F.softmax(t, -1)), {"x": normal(3, 5), "t": given(normal(3, 5))}),
    Case("mixture_density_nll", _mixture, {"a": normal(5, 3), "m": normal(5, 3), "s": normal(5, 3), "t": given(normal(5))}),
    Case(
        "student_t_nll",
        lambda x, s, u, t: -StudentT(u.exp(), x, s.exp()).log_prob(t).mean(),
        {"x": normal(3, 4), "s": normal(3, 4), "u": normal(3, 4), "t": given(normal(3, 4))},
    ),
    Case(
        "gamma_nll",
        lambda a, b, t: -Gamma(a.exp(), b.exp()).log_prob(t).mean(),
        {"a": normal(3, 4), "b": normal(3, 4), "t": given(uniform(0.5, 2, 3, 4))},
    ),
    Case(
        "negative_binomial_nll",
        lambda x, s, t: -NegativeBinomial(s.exp(), logits=x - s).log_prob(t).mean(),
        {"x": normal(3, 4), "s": normal(3, 4), "t": Draw(lambda rng: rng.integers(0, 6, (3, 4)).astype(float), differentiated=False)},
    ),
    Case("probit", lambda x: torch.special.ndtr(x), {"x": normal(3, 4)}),
    Case("log_probit", lambda x: torch.special.log_ndtr(x), {"x": normal(3, 4)}),
    Case("quantile_huber", _quantiles, {"x": normal(3, 4), "t": given(normal(3, 5))}, {"delta": 0.7}),
    Case("grpo", _grpo, _GRPO, {"eps": 0.2, "beta": 0.1}),
    Case("orpo", _orpo, {"chosen": uniform(-3, -0.1, 6), "rejected": uniform(-3, -0.1, 6)}),
    Case("group_lasso", lambda W, lam: lam * W.norm(dim=0).sum(), {"W": normal(4, 3)}, {"lam": 0.1}),
    Case("total_variation2d", _variation, {"x": normal(2, 3, 4, 5)}),
    Case(
        "weight_average",
        lambda w, a, decay: (decay * a + (1 - decay) * w, (decay * a + (1 - decay) * w,)),
        {"w": normal(3, 4), "a": normal(3, 4)},
        {"decay": 0.9},
        states=True,
    ),
    Case("step_decay", lambda step, decay, every: decay ** torch.floor(step / every), {"step": these(65.0)}, {"decay": 0.5, "every": 30.0}),
    *(
        Case("one_cycle", _one_cycle, {"step": these(step)}, {"total": 100.0, "share": 0.3, "start": 25.0, "end": 1e4})
        for step in (12.0, 77.0, 130.0)
    ),
]
