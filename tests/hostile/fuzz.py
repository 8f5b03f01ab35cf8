"""Feeds the front end with random and half-sound files: `python -m tests.hostile.fuzz --seed 0 --count 1000000`.

Whatever goes in, a resolved program or a `LayerError` comes out, soon. Anything else is printed with the input, and the exit status is 1.
"""

from __future__ import annotations

import argparse
import collections
import random
import sys
import time
from pathlib import Path

from symback import frontend
from symback.core.diagnostics import LayerError
from symback.frontend.document import decode

LIBRARY = Path(frontend.__file__).parent / "library"
SLOWEST = 2.0

TOKENS = (
    "x y n c N C 0 1 -1 2 1e-5 9**9 oo pi ... [ ] ( ) { } , : ; . + - * / // % ** @ & | ~ < <= == != > >= = := not and or in is if else lambda "
    "for yield await exp log Sum Mean Prod Amax Argmax Softmax Norm Var Piecewise Max Min Eq Ne KroneckerDelta stop_gradient floor True False None "
    "x[n,c] x[n] x[N-1,c] x[n,c+1] h[-1] h[t-1] (j,0,i) 'a' \"a\" # - ? ! !!python/name:os.system &a *a << | > %TAG --- ... layer inputs params state "
    "hyperparameters dims indices random where outputs update modes assume wrt use check doc shape values also dtype bool outside grad init dist "
    "bernoulli(p) normal(0,1) uniform(0,1) zeros ones true false null ~ é λ \u202e \u200b \0 \t \r \n \\ {{ }} {% %} ''' \"\"\""
).split(" ")


def seeds() -> list[str]:
    """Sound layers to spoil."""
    return [p.read_text(encoding="utf-8") for p in sorted(LIBRARY.glob("*.yaml"))]


def spoiled(text: str, rng: random.Random) -> str:
    """The text with a few small damages."""
    for _ in range(rng.randint(1, 4)):
        at, to = sorted((rng.randint(0, len(text)), rng.randint(0, len(text))))
        to = min(to, at + rng.choice((1, 1, 3, 10, 40)))
        match rng.randint(0, 7):
            case 0:
                text = text[:at] + text[to:]
            case 1:
                text = text[:at] + rng.choice(TOKENS) + text[at:]
            case 2:
                text = text[:at] + rng.choice(TOKENS) + text[to:]
            case 3:
                text = text[:at] + text[at:to] * rng.randint(2, 5) + text[to:]
            case 4:
                text = text[:at] + chr(rng.choice((rng.randint(0, 127), rng.randint(0, 0x2FF), rng.randint(0, 0xD7FF)))) + text[at:]
            case 5:
                lines = text.split("\n")
                rng.shuffle(lines) if rng.random() < 0.2 else lines.insert(rng.randrange(len(lines)), rng.choice(lines))
                text = "\n".join(lines)
            case 6:
                words = text.split(" ")
                i, j = rng.randrange(len(words)), rng.randrange(len(words))
                words[i], words[j] = words[j], words[i]
                text = " ".join(words)
            case _:
                text = _digits(text, rng)
    return text


def _digits(text: str, rng: random.Random) -> str:
    places = [k for k, ch in enumerate(text) if ch.isdigit()]
    if not places:
        return text
    k = rng.choice(places)
    return text[:k] + rng.choice(("0", "7", "-3", "99999999999999999999", "1e400", "0.5")) + text[k + 1 :]


def expression(rng: random.Random) -> str:
    """Tokens in a row, inside a sound layer."""
    body = rng.choice(("", " ")).join(rng.choice(TOKENS) for _ in range(rng.randint(1, 12)))
    left = "y[n, c]" if rng.random() < 0.8 else rng.choice(TOKENS) + rng.choice(TOKENS)
    return f"layer: a\ninputs:\n  x: [N, C]\noutputs:\n  {left}: {body}\n"


def noise(rng: random.Random) -> bytes:
    """Bytes, or tokens, without any sense."""
    if rng.random() < 0.5:
        return rng.randbytes(rng.randint(0, 200))
    return "".join(rng.choice(TOKENS) + rng.choice(("", " ", "\n", "\n  ", ": ")) for _ in range(rng.randint(0, 60))).encode(
        "utf-8", "surrogatepass"
    )


def made(rng: random.Random, sound: list[str]) -> bytes:
    """One input."""
    kind = rng.random()
    if kind < 0.6:
        return spoiled(rng.choice(sound), rng).encode("utf-8", "surrogatepass")
    if kind < 0.9:
        return expression(rng).encode("utf-8", "surrogatepass")
    return noise(rng)


def outcome(data: bytes) -> str:
    """`accepted`, `refused`, or what else came of it."""
    start = time.process_time()
    try:
        program = frontend.loads(decode(data, "<fuzz>"))
        if not hasattr(program, "bodies"):
            frontend.resolve(program)
        found = "accepted"
    except LayerError as e:
        found = "refused" if e.diagnostics and all(d.code for d in e.diagnostics) else "refused without a reason"
    except Exception as e:  # any other exception is what this looks for
        frame = e.__traceback__
        while frame.tb_next:
            frame = frame.tb_next
        found = f"{type(e).__name__} in {frame.tb_frame.f_code.co_name}: {str(e)[:80]}"
    return "slow" if time.process_time() - start > SLOWEST else found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1_000_000)
    options = parser.parse_args()
    sound, tally = seeds(), collections.Counter()
    for k in range(options.seed, options.seed + options.count):
        data = made(random.Random(k), sound)
        found = outcome(data)
        tally[found] += 1
        if found not in ("accepted", "refused") and tally[found] == 1:
            print(f"==== seed {k}: {found}\n{data!r}\n", flush=True)
    for found, count in tally.most_common():
        print(f"{count:9d}  {found}")
    return 1 if set(tally) - {"accepted", "refused"} else 0


if __name__ == "__main__":
    sys.exit(main())
