"""The optimizers of the library beside torch's: options, and the parameter after each of a list of gradients."""

import torch


def _steps(build):
    """The parameter after each step of a torch optimizer."""

    def run(w, gradients):
        parameter = torch.nn.Parameter(w.clone())
        optimizer = build([parameter])
        values = []
        for g in gradients:
            parameter.grad = g.clone()
            optimizer.step()
            values.append(parameter.detach().clone())
        return values

    return run


def _lamb(w, gradients, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-6, decay=0.1):
    m, v, values = torch.zeros_like(w), torch.zeros_like(w), []
    for t, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        direction = m / (1 - beta1**t) / ((v / (1 - beta2**t)).sqrt() + eps) + decay * w
        w = w - lr * w.norm() / direction.norm() * direction
        values.append(w)
    return values


def _lars(w, gradients, lr=0.1, mu=0.8, decay=0.1, trust=0.01):
    velocity, values = torch.zeros_like(w), []
    for g in gradients:
        rate = trust * w.norm() / (g.norm() + decay * w.norm())
        velocity = mu * velocity + lr * rate * (g + decay * w)
        w = w - velocity
        values.append(w)
    return values


def _nadam(w, gradients, lr=0.01, beta1=0.9, beta2=0.999, eps=1e-8):
    m, v, values = torch.zeros_like(w), torch.zeros_like(w), []
    for t, g in enumerate(gradients, 1):
        m, v = beta1 * m + (1 - beta1) * g, beta2 * v + (1 - beta2) * g * g
        ahead = beta1 * m / (1 - beta1 ** (t + 1)) + (1 - beta1) * g / (1 - beta1**t)
        w = w - lr * ahead / ((v / (1 - beta2**t)).sqrt() + eps)
        values.append(w)
    return values


def _lion(w, gradients, lr=0.01, beta1=0.9, beta2=0.99, decay=0.1):
    m, values = torch.zeros_like(w), []
    for g in gradients:
        w = w - lr * (torch.sign(beta1 * m + (1 - beta1) * g) + decay * w)
        m = beta2 * m + (1 - beta2) * g
        values.append(w)
    return values


def _muon(w, gradients, lr=0.02, mu=0.9):
    velocity, values = torch.zeros_like(w), []
    for g in gradients:
        velocity = mu * velocity + g
        x = g + mu * velocity
        x = x / (x.norm() + 1e-7)
        for _ in range(5):
            a = x @ x.T
            x = 3.4445 * x + (-4.775 * a + 2.0315 * a @ a) @ x
        w = w - lr * x
        values.append(w)
    return values


OPTIM = torch.optim
OPTIMIZERS = {
    "sgd": ({"lr": 0.1, "weight_decay": 0.2}, _steps(lambda p: OPTIM.SGD(p, lr=0.1, weight_decay=0.2))),
    "momentum": ({"lr": 0.1, "mu": 0.8, "weight_decay": 0.2}, _steps(lambda p: OPTIM.SGD(p, lr=0.1, momentum=0.8, weight_decay=0.2))),
    "nesterov": ({"lr": 0.1, "mu": 0.8}, _steps(lambda p: OPTIM.SGD(p, lr=0.1, momentum=0.8, nesterov=True))),
    "adam": ({"lr": 0.01, "weight_decay": 0.2}, _steps(lambda p: OPTIM.Adam(p, lr=0.01, weight_decay=0.2))),
    "adamw": ({"lr": 0.01, "weight_decay": 0.2}, _steps(lambda p: OPTIM.AdamW(p, lr=0.01, weight_decay=0.2))),
    "rmsprop": ({"lr": 0.01, "alpha": 0.9}, _steps(lambda p: OPTIM.RMSprop(p, lr=0.01, alpha=0.9))),
    "adagrad": ({"lr": 0.1}, _steps(lambda p: OPTIM.Adagrad(p, lr=0.1))),
    "adadelta": ({"lr": 0.5, "rho": 0.8}, _steps(lambda p: OPTIM.Adadelta(p, lr=0.5, rho=0.8))),
    "adamax": ({"lr": 0.01}, _steps(lambda p: OPTIM.Adamax(p, lr=0.01))),
    "rmsprop_centered": (
        {"lr": 0.01, "alpha": 0.9, "mu": 0.8},
        _steps(lambda p: OPTIM.RMSprop(p, lr=0.01, alpha=0.9, momentum=0.8, centered=True)),
    ),
    "amsgrad": ({"lr": 0.01}, _steps(lambda p: OPTIM.Adam(p, lr=0.01, amsgrad=True))),
    "muon": ({"mu": 0.9}, _muon),
    "radam": ({"lr": 0.01}, _steps(lambda p: OPTIM.RAdam(p, lr=0.01))),
    "nadam": ({"lr": 0.01}, _nadam),
    "lion": ({"lr": 0.01, "weight_decay": 0.1}, _lion),
    "lamb": ({"lr": 0.01, "weight_decay": 0.1}, _lamb),
    "lars": ({"mu": 0.8, "weight_decay": 0.1, "trust": 0.01}, _lars),
}
