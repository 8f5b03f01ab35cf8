"""The examples: the digits train as the README says, and each network's gradients are those of its closed form."""

import re
import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import symback

EXAMPLES = Path(__file__).parents[2] / "examples"
FILES = sorted(EXAMPLES.rglob("*.yaml"))


@cache
def module(path: Path):
    return symback.compile(symback.load(path)).load()


def example(name: str):
    return module(EXAMPLES / name)


def normal(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal(shape)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_example_compiles_to_a_module_with_its_own_name(path):
    compiled = symback.compile(symback.load(path))
    assert compiled.program.name == path.stem
    assert hasattr(compiled.load(), "forward")


def test_the_compiled_digits_network_reaches_97_percent_on_held_back_digits(tmp_path):
    pytest.importorskip("sklearn", reason="scikit-learn is not installed, so the digits are not trained")
    folder = shutil.copytree(EXAMPLES / "digits", tmp_path / "digits", ignore=shutil.ignore_patterns("__pycache__", "*.png"))
    for path in sorted(folder.glob("*.yaml")):
        subprocess.run([sys.executable, "-m", "symback", "compile", str(path), "--force"], check=True)
    done = subprocess.run([sys.executable, str(folder / "train.py")], check=True, capture_output=True, text=True)
    shares = [float(share) for share in re.findall(r"right (\d+\.\d+)%", done.stdout)]
    assert len(shares) >= 10
    assert shares[-1] >= 97


def test_the_digits_script_is_under_60_lines_and_imports_only_numpy_the_data_and_generated_modules():
    text = (EXAMPLES / "digits" / "train.py").read_text()
    assert len(text.splitlines()) < 60
    imported = set(re.findall(r"^(?:from|import) ([a-z_]+)", text, re.MULTILINE))
    assert imported == {"time", "pathlib", "numpy", "sklearn", "network", "loss", "optimizer"}


def test_the_two_layer_network_has_the_gradients_of_every_first_lecture():
    x, t = normal(5, 3), normal(5, 2, seed=1)
    W1, b1, W2, b2 = normal(3, 4, seed=2), normal(4, seed=3), normal(4, 2, seed=4), normal(2, seed=5)
    loss, saved = example("two_layer/two_layer.yaml").forward(x, t, W1, b1, W2, b2)
    a = np.tanh(x @ W1 + b1)
    y = a @ W2 + b2
    dh = (y - t) @ W2.T * (1 - a**2)
    np.testing.assert_allclose(loss, 0.5 * ((y - t) ** 2).sum(), rtol=1e-13)
    gradients = example("two_layer/two_layer.yaml").backward(saved)
    expected = {"x": dh @ W1.T, "W1": x.T @ dh, "b1": dh.sum(0), "W2": a.T @ (y - t), "b2": (y - t).sum(0)}
    assert set(gradients._fields) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(getattr(gradients, name), value, rtol=1e-12, err_msg=name)


def test_the_character_model_has_the_hand_derived_batchnorm_gradient():
    rng = np.random.default_rng(8)
    n, block, vocabulary, width, hidden = 8, 3, 6, 2, 5
    ids, t = rng.integers(0, vocabulary, (n, block)), rng.integers(0, vocabulary, n)
    emb, W1 = normal(vocabulary, width, seed=1), normal(block, width, hidden, seed=2)
    gain, bias, W2, b2 = normal(hidden, seed=3), normal(hidden, seed=4), normal(hidden, vocabulary, seed=5), normal(vocabulary, seed=6)
    loss, saved = example("makemore/batchnorm_mlp.yaml").forward(ids, t, emb, W1, gain, bias, W2, b2)
    gradients = example("makemore/batchnorm_mlp.yaml").backward(saved)

    flat = emb[ids].reshape(n, -1)
    pre = flat @ W1.reshape(-1, hidden)
    r = (pre.var(0, ddof=1) + 1e-5) ** -0.5
    raw = (pre - pre.mean(0)) * r
    act = np.tanh(gain * raw + bias)
    logits = act @ W2 + b2
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(loss, -np.log(p[np.arange(n), t]).mean(), rtol=1e-12)
    dlogits = (p - np.eye(vocabulary)[t]) / n
    dact = dlogits @ W2.T * (1 - act**2)
    dpre = gain * r / n * (n * dact - dact.sum(0) - n / (n - 1) * raw * (dact * raw).sum(0))
    demb = np.zeros_like(emb)
    np.add.at(demb, ids, (dpre @ W1.reshape(-1, hidden).T).reshape(n, block, width))
    expected = {"emb": demb, "W1": (flat.T @ dpre).reshape(W1.shape), "gain": (dact * raw).sum(0), "bias": dact.sum(0)}
    for name, value in {**expected, "W2": act.T @ dlogits, "b2": dlogits.sum(0)}.items():
        np.testing.assert_allclose(getattr(gradients, name), value, rtol=1e-9, atol=1e-12, err_msg=name)


def directional(forward, arguments: dict, name: str) -> tuple[float, np.ndarray]:
    """The slope of the loss along a random direction of one argument, by a central difference, and that direction."""
    direction = normal(*arguments[name].shape, seed=99)
    moved = [forward(**{**arguments, name: arguments[name] + h * direction})[0] for h in (1e-5, -1e-5)]
    return (moved[0] - moved[1]) / 2e-5, direction


NETWORKS = {
    "attention/language_model.yaml": {
        "ids": np.random.default_rng(1).integers(0, 5, (2, 3)),
        "t": np.random.default_rng(2).integers(0, 5, (2, 3)),
        **{name: normal(*shape, seed=k) for k, (name, shape) in enumerate({
            "Wt": (5, 4), "Wp": (4, 4), "gamma1": (4,), "beta1": (4,), "Wq": (4, 2, 2), "Wk": (4, 2, 2), "Wv": (4, 2, 2), "Wo": (2, 2, 4),
            "gamma2": (4,), "beta2": (4,), "W1": (4, 6), "b1": (6,), "W2": (6, 4), "b2": (4,),
        }.items())},
    },
    "lstm/sequence_classifier.yaml": {
        "x": normal(6, 3, 2), "h0": normal(3, 4), "c0": normal(3, 4), "t": np.array([0, 2, 1]),
        "Wx": normal(2, 4, 4, seed=1), "Wh": normal(4, 4, 4, seed=2), "b": normal(4, 4, seed=3),
        "W": normal(4, 3, seed=4), "bo": normal(3, seed=5),
    },
    "convnet/convnet.yaml": {
        "x": normal(2, 1, 6, 6), "t": np.array([0, 3]), "w1": normal(2, 1, 3, 3, seed=1), "b1": normal(2, seed=2),
        "w2": normal(3, 2, 3, 3, seed=3), "b2": normal(3, seed=4), "Wo": normal(3, 4, seed=5), "bo": normal(4, seed=6),
    },
}  # fmt: skip


@pytest.mark.parametrize("name", NETWORKS)
def test_each_gradient_of_a_network_is_the_slope_of_its_loss(name):
    network, arguments = example(name), NETWORKS[name]
    _, saved = network.forward(**arguments)
    gradients = network.backward(saved)._asdict()

    assert len(gradients) >= 5
    for parameter, gradient in gradients.items():
        slope, direction = directional(network.forward, arguments, parameter)
        np.testing.assert_allclose(np.sum(gradient * direction), slope, rtol=1e-6, atol=1e-9, err_msg=parameter)
