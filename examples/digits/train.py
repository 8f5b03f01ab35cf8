"""Train a two-layer perceptron on handwritten digits with modules that symback compiled from network.yaml, loss.yaml and optimizer.yaml."""

import time
from pathlib import Path

import loss
import network
import numpy as np
import optimizer
from sklearn.datasets import load_digits

EPOCHS, BATCH, HIDDEN = 60, 64, 128

images, digits = load_digits(return_X_y=True)
rng = np.random.default_rng(0)
order = rng.permutation(len(images))
x, t = (images[order] / 16).astype(np.float32), digits[order]
(x, held_x), (t, held_t) = (x[:1437], x[1437:]), (t[:1437], t[1437:])

params = network.init_params(rng, dtype=np.float32, I=64, H=HIDDEN, C=10)
moments = {name: (np.zeros_like(w), np.zeros_like(w), np.zeros((), w.dtype)) for name, w in params.items()}
losses, norms = [], {name: [] for name in params}

start = time.perf_counter()
for epoch in range(1, EPOCHS + 1):
    rows = rng.permutation(len(x))
    for batch in np.array_split(rows, len(rows) // BATCH):
        z, network_cache = network.forward(x[batch], **params)
        value, loss_cache = loss.forward(z, t[batch])
        gradients = network.backward(network_cache, loss.backward(loss_cache).z)
        losses.append(float(value))
        for name, g in gradients._asdict().items():
            norms[name].append(float(np.linalg.norm(g)))
            params[name], moments[name] = optimizer.forward(params[name], g, *moments[name], lr=3e-3 * (1 - (epoch - 1) / EPOCHS))
    if epoch % 5 == 0:
        z, _ = network.forward(held_x, **params)
        accuracy = (z.argmax(1) == held_t).mean()
        print(f"epoch {epoch:3}   loss {np.mean(losses[-22:]):.4f}   held-back right {accuracy:.2%}   {time.perf_counter() - start:.1f} s")

try:
    import matplotlib.pyplot as plt
except ModuleNotFoundError:
    print("matplotlib is not installed: no picture")
else:
    figure, (left, right) = plt.subplots(1, 2, figsize=(11, 4))
    for axes, name, values in [(left, "loss", losses), *((right, f"|d{name}|", values) for name, values in norms.items())]:
        (line,) = axes.plot(values, linewidth=0.4, alpha=0.4)
        axes.plot(np.convolve(values, np.ones(22) / 22, "valid"), label=f"{name}, mean of 22 steps", color=line.get_color())
        axes.legend()
    for axes, title in ((left, "loss"), (right, "norm of each parameter's gradient")):
        axes.set(title=title, xlabel="step", yscale="log")
    figure.savefig(picture := Path(__file__).with_name("training.png"), dpi=120, bbox_inches="tight")
    print(f"picture: {picture.name}")
