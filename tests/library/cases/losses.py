"""Losses, distances, penalties."""

import torch
import torch.nn.functional as F

from tests.library.cases.case import Case, given, labels, normal, signs, these, uniform


def _pair(layer: str, reference, **options) -> Case:
    return Case(layer, reference, {"y": normal(3, 4), "t": given(normal(3, 4))}, options)


def _jsd(logq, logp, b):
    logm = torch.log(b * logp.exp() + (1 - b) * logq.exp())
    p_to_m = F.kl_div(logm, logp, reduction="batchmean", log_target=True)
    return b * p_to_m + (1 - b) * F.kl_div(logm, logq, reduction="batchmean", log_target=True)


def _distillation(x, u, tau):
    return tau**2 * F.kl_div(F.log_softmax(x / tau, -1), F.softmax(u / tau, -1), reduction="batchmean")


def _focal(x, t, alpha, gamma):
    p = torch.sigmoid(x)
    pos = alpha * t * (1 - p) ** gamma * F.logsigmoid(x)
    return -(pos + (1 - alpha) * (1 - t) * p**gamma * F.logsigmoid(-x)).mean()


def _softmax_focal(z, t, gamma):
    logp = F.log_softmax(z, -1).gather(1, t[:, None])
    return -((1 - logp.exp()) ** gamma * logp).mean()


def _cross(a, b, tau):
    s = a @ b.T / tau
    t = torch.arange(len(a))
    return (F.cross_entropy(s, t) + F.cross_entropy(s.T, t)) / 2


def _z_loss(x, t, lam):
    return F.cross_entropy(x, t) + lam * (torch.logsumexp(x, -1) ** 2).mean()


def _contrastive(x, z, s, margin):
    d = (x - z).norm(dim=-1)
    return (s * d**2 + (1 - s) * F.relu(margin - d) ** 2).mean() / 2


def _triplet(a, p, q, margin):
    return F.relu((a - p).norm(dim=-1) - (a - q).norm(dim=-1) + margin).mean()


def _tversky(p, t, alpha, beta):
    tp = (p * t).sum()
    return 1 - tp / (tp + alpha * (p * (1 - t)).sum() + beta * ((1 - p) * t).sum())


def _ppo(logp, logp_old, A, eps):
    r = torch.exp(logp - logp_old)
    return -torch.minimum(r * A, r.clamp(1 - eps, 1 + eps) * A).mean()


def _dpo(chosen, rejected, chosen_ref, rejected_ref, beta):
    return -F.logsigmoid(beta * ((chosen - chosen_ref) - (rejected - rejected_ref))).mean()


_LOGITS = {"z": normal(5, 4), "t": labels(4, 5)}
_SHARES = given(uniform(0.1, 0.9, 5, 4))
_FOUR = {"chosen": normal(5), "rejected": normal(5), "chosen_ref": given(normal(5)), "rejected_ref": given(normal(5))}
_PROBABILITIES = {"p": uniform(0.1, 0.9, 6), "t": given(uniform(0, 1, 6))}

CASES = [
    Case("softmax_cross_entropy", lambda z, t: F.cross_entropy(z, t), _LOGITS),
    Case(
        "weighted_cross_entropy",
        lambda z, t, weight: F.cross_entropy(z, t, weight),
        {"z": normal(5, 4), "t": these([0, -100, 3, 1, -100]), "weight": given(uniform(0.5, 2, 4))},
    ),
    Case(
        "label_smoothing_cross_entropy",
        lambda z, t, smoothing: F.cross_entropy(z, t, label_smoothing=smoothing),
        _LOGITS,
        {"smoothing": 0.2},
    ),
    Case("soft_cross_entropy", lambda z, q: F.cross_entropy(z, q), {"z": normal(5, 4), "q": _SHARES}),
    Case("z_loss_cross_entropy", _z_loss, {"x": normal(5, 4), "t": labels(4, 5)}, {"lam": 0.3}),
    Case(
        "softcapped_cross_entropy",
        lambda x, t, cap: F.cross_entropy(cap * torch.tanh(x / cap), t),
        {"x": normal(5, 4), "t": labels(4, 5)},
        {"cap": 2.0},
    ),
    Case("linear_cross_entropy", lambda x, t, W: F.cross_entropy(x @ W, t), {"x": normal(5, 3), "t": labels(4, 5), "W": normal(3, 4)}),
    Case("image_cross_entropy", lambda z, t: F.cross_entropy(z, t), {"z": normal(2, 4, 3, 2), "t": labels(4, 2, 3, 2)}),
    Case("nll", lambda logp, t: F.nll_loss(logp, t), {"logp": normal(5, 4), "t": labels(4, 5)}),
    Case("bce", lambda p, t: F.binary_cross_entropy(p, t), {"p": uniform(0.1, 0.9, 5, 4), "t": _SHARES}),
    Case("bce_with_logits", lambda x, t: F.binary_cross_entropy_with_logits(x, t), {"x": normal(5, 4), "t": _SHARES}),
    Case(
        "bce_pos_weight",
        lambda x, t, weight: F.binary_cross_entropy_with_logits(x, t, pos_weight=weight),
        {"x": normal(5, 4), "t": _SHARES, "weight": given(uniform(0.5, 2, 4))},
    ),
    _pair("mse", lambda y, t: F.mse_loss(y, t)),
    _pair("l1_loss", lambda y, t: F.l1_loss(y, t)),
    _pair("huber", lambda y, t, delta: F.huber_loss(y, t, delta=delta), delta=0.7),
    _pair("smooth_l1", lambda y, t, beta: F.smooth_l1_loss(y, t, beta=beta), beta=0.7),
    _pair("log_cosh", lambda y, t: torch.log(torch.cosh(y - t)).mean()),
    _pair("charbonnier", lambda y, t, eps: ((y - t) ** 2 + eps**2).sqrt().mean(), eps=0.1),
    _pair("quantile_loss", lambda y, t, q: torch.maximum(q * (t - y), (q - 1) * (t - y)).mean(), q=0.3),
    Case("kl_div", lambda logp, t: F.kl_div(logp, t, reduction="batchmean"), {"logp": normal(5, 4), "t": _SHARES}),
    Case("jsd", _jsd, {"logq": uniform(-3, 0, 5, 4), "logp": given(uniform(-3, 0, 5, 4))}, {"b": 0.3}),
    Case("total_variation", lambda p, q: (p - q).abs().sum() / 2 / len(p), {"p": normal(5, 4), "q": normal(5, 4)}),
    Case("distillation", _distillation, {"x": normal(5, 4), "u": given(normal(5, 4))}, {"tau": 3.0}),
    Case("hinge", lambda x, s: F.relu(1 - s * x).mean(), {"x": normal(5, 4), "s": signs(5, 4)}),
    Case("squared_hinge", lambda x, s: (F.relu(1 - s * x) ** 2).mean(), {"x": normal(5, 4), "s": signs(5, 4)}),
    Case(
        "multi_margin",
        lambda x, t, margin: F.multi_margin_loss(x, t, margin=margin),
        {"x": normal(5, 4), "t": labels(4, 5)},
        {"margin": 0.8},
    ),
    Case(
        "margin_ranking",
        lambda a, b, s, margin: F.margin_ranking_loss(a, b, s, margin=margin),
        {"a": normal(6), "b": normal(6), "s": signs(6)},
        {"margin": 0.3},
    ),
    Case("soft_margin", lambda x, s: F.soft_margin_loss(x, s), {"x": normal(5, 4), "s": signs(5, 4)}),
    Case(
        "hinge_embedding",
        lambda x, s, margin: F.hinge_embedding_loss(x, s, margin=margin),
        {"x": normal(5, 4), "s": signs(5, 4)},
        {"margin": 0.8},
    ),
    Case("multilabel_soft_margin", lambda x, t: F.multilabel_soft_margin_loss(x, t), {"x": normal(5, 4), "t": _SHARES}),
    Case("focal", _focal, {"x": normal(5, 4), "t": _SHARES}, {"alpha": 0.3, "gamma": 2.0}),
    Case("focal", _focal, {"x": normal(5, 4), "t": _SHARES}, {"alpha": 0.3, "gamma": 1.5}),
    *(Case("softmax_focal", _softmax_focal, _LOGITS, {"gamma": gamma}) for gamma in (2.0, 0.5)),
    Case("cosine_similarity", lambda x, z: F.cosine_similarity(x, z, -1), {"x": normal(2, 3, 4), "z": normal(2, 3, 4)}),
    Case(
        "cosine_embedding",
        lambda x, z, s, margin: F.cosine_embedding_loss(x, z, s, margin),
        {"x": normal(6, 4), "z": normal(6, 4), "s": signs(6)},
        {"margin": 0.1},
    ),
    Case("triplet", _triplet, {"a": normal(6, 4), "p": normal(6, 4), "q": normal(6, 4)}, {"margin": 1.0}),
    Case("contrastive", _contrastive, {"x": normal(6, 4), "z": normal(6, 4), "s": these([0.0, 1, 1, 0, 0, 1])}, {"margin": 3.0}),
    Case("info_nce", _cross, {"a": normal(4, 3), "b": normal(4, 3)}, {"tau": 0.5}),
    Case("poisson_nll", lambda x, t: F.poisson_nll_loss(x, t), {"x": normal(5, 4), "t": given(uniform(0, 5, 5, 4))}),
    Case(
        "gaussian_nll",
        lambda x, s, t: F.gaussian_nll_loss(x, t, s.exp(), eps=1e-30),
        {"x": normal(5, 4), "s": normal(5, 4), "t": given(normal(5, 4))},
    ),
    Case("vae_kl", lambda mu, s: ((mu**2 + s.exp() - 1 - s).sum(-1) / 2).mean(), {"mu": normal(5, 4), "s": normal(5, 4)}),
    Case("dice", lambda p, t: 1 - 2 * (p * t).sum() / (p.sum() + t.sum()), _PROBABILITIES),
    Case("tversky", _tversky, _PROBABILITIES, {"alpha": 0.3, "beta": 0.7}),
    Case("iou_loss", lambda p, t: 1 - (p * t).sum() / (p.sum() + t.sum() - (p * t).sum()), _PROBABILITIES),
    Case("dpo", _dpo, _FOUR, {"beta": 0.4}),
    Case(
        "simpo",
        lambda chosen, rejected, beta, gamma: -F.logsigmoid(beta * (chosen - rejected) - gamma).mean(),
        {"chosen": normal(5), "rejected": normal(5)},
        {"beta": 1.5, "gamma": 0.5},
    ),
    Case("ppo_clip", _ppo, {"logp": normal(9), "logp_old": given(normal(9)), "A": given(normal(9))}, {"eps": 0.2}),
    Case(
        "kl_k3",
        lambda logp, logp_ref: torch.expm1(logp_ref - logp) - (logp_ref - logp),
        {"logp": normal(3, 4), "logp_ref": given(normal(3, 4))},
    ),
    Case("pairwise_distance", lambda x, z: F.pairwise_distance(x, z, eps=0), {"x": normal(5, 4), "z": normal(5, 4)}),
    Case("squared_distances", lambda x, z: ((x[:, None] - z) ** 2).sum(-1), {"x": normal(4, 3), "z": normal(5, 3)}),
    Case(
        "rbf_kernel",
        lambda x, z, gamma: torch.exp(-gamma * ((x[:, None] - z) ** 2).sum(-1)),
        {"x": normal(4, 3), "z": normal(5, 3)},
        {"gamma": 0.3},
    ),
    Case("l2_penalty", lambda w, lam: lam / 2 * (w**2).sum(), {"w": normal(4, 3)}, {"lam": 0.1}),
    Case("l1_penalty", lambda w, lam: lam * w.abs().sum(), {"w": normal(4, 3)}, {"lam": 0.1}),
    Case(
        "elastic_net",
        lambda w, lam, mix: lam * (mix * w.abs() + (1 - mix) / 2 * w**2).sum(),
        {"w": normal(4, 3)},
        {"lam": 0.1, "mix": 0.3},
    ),
    Case(
        "orthogonality_penalty",
        lambda W, lam: lam * ((W.T @ W - torch.eye(3, dtype=W.dtype)) ** 2).sum(),
        {"W": normal(4, 3)},
        {"lam": 0.1},
    ),
    Case("accuracy", lambda z, t: (z.argmax(-1) == t).double().mean(), _LOGITS),
    *(
        Case("clip_norm", lambda g, limit: g * min(1.0, limit / g.norm().item()), {"g": normal(4, 3)}, {"limit": limit})
        for limit in (1.0, 99.0)
    ),
    Case("clip_value", lambda g, limit: g.clamp(-limit, limit), {"g": normal(4, 3)}, {"limit": 0.5}),
    Case("warmup_cosine", lambda step, warmup, total: step / warmup, {"step": these(3.0)}, {"warmup": 10.0, "total": 50.0}),
    Case(
        "warmup_cosine",
        lambda step, warmup, total, lowest: lowest + (1 - lowest) * (1 + torch.cos(torch.pi * (step - warmup) / (total - warmup))) / 2,
        {"step": these(23.0)},
        {"warmup": 10.0, "total": 50.0, "lowest": 0.1},
    ),
    *(
        Case(
            "noam",
            lambda step, width, warmup: width**-0.5 * torch.minimum(step**-0.5, step * warmup**-1.5),
            {"step": these(step)},
            {"width": 64.0, "warmup": 10.0},
        )
        for step in (3.0, 30.0)
    ),
]
