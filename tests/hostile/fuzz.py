"""Feeds the front end with random and half-sound files: `python -m tests.hostile.fuzz --seed 0 --count 1000000`.

Whatever goes in, a resolved program or a `LayerError` comes out, within a bound on processor time and memory. Anything else is
printed with the input, and the exit status is 1. Kinds of input are counted apart: `--kinds spoiled,bytes` chooses some;
`expressions` feeds the expression parser alone, `--compile` takes what is accepted through the whole compiler.
"""

from __future__ import annotations

import argparse
import ast
import collections
import contextlib
import random
import resource
import signal
import sys
import time
from collections.abc import Iterator

from symback import emit, frontend
from symback.core.diagnostics import LayerError, Span
from symback.frontend import expressions
from symback.frontend.document import Scalar, decode
from tests.hostile.inputs import EXPRESSIONS, FILES

SECONDS = 2.0
MEMORY = 500 << 20
FINE = ("accepted", "refused")


class TooSlow(BaseException):
    """The input took more processor time than SECONDS; no handler for errors may swallow it."""


@contextlib.contextmanager
def bounded(seconds: float) -> Iterator[None]:
    """Ends what takes more processor time."""

    def stop(*_: object) -> None:
        raise TooSlow

    before = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def resolved(data: bytes) -> object:
    """The program of a file's bytes."""
    found = frontend.loads(decode(data, "<fuzz>"))
    return found if hasattr(found, "bodies") else frontend.resolve(found)


def compiled(data: bytes) -> None:
    """The file's module, made and parsed."""
    ast.parse(emit.build(resolved(data)).source)


def parsed(data: bytes) -> None:
    """The text as a left-hand side and as an expression."""
    scalar = Scalar(data.decode("utf-8", "surrogatepass"), Span("<fuzz>", 1, 1), True)
    with contextlib.suppress(LayerError):
        expressions.parse_target(scalar)
    expressions.parse(scalar)


def outcome(data: bytes, feed=resolved) -> str:
    """`accepted`, `refused`, or what else came of it."""
    try:
        with bounded(SECONDS):
            feed(data)
        return "accepted"
    except LayerError as e:
        return "refused" if e.diagnostics and all(d.code and d.message for d in e.diagnostics) else "refused without a reason"
    except TooSlow:
        return "slow"
    except Exception as e:  # any other exception is what this looks for
        frame = e.__traceback__
        while frame.tb_next:
            frame = frame.tb_next
        return f"{type(e).__name__} in {frame.tb_frame.f_code.co_name}: {str(e)[:80]}"


def made(kind: str, seed: int) -> bytes:
    """The input of a kind that a seed names."""
    return (FILES | EXPRESSIONS)[kind](random.Random(f"{kind} {seed}"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1_000_000, help="inputs in all, shared among the kinds")
    parser.add_argument("--kinds", default=",".join(FILES))
    parser.add_argument("--compile", action="store_true")
    options = parser.parse_args()
    kinds = options.kinds.split(",")
    tally: collections.Counter[tuple[str, str]] = collections.Counter()
    start = time.process_time()
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, resource.RLIM_INFINITY))
    for k in range(options.seed, options.seed + options.count):
        kind = kinds[k % len(kinds)]
        data = made(kind, k)
        found = outcome(data, parsed if kind in EXPRESSIONS else compiled if options.compile else resolved)
        tally[kind, found] += 1
        if found not in FINE and tally[kind, found] == 1:
            print(f"==== {kind} {k}: {found}\n{data[:3000]!r}\n", flush=True)
    for (kind, found), count in sorted(tally.items()):
        print(f"{count:9d}  {kind:12s} {found}")
    print(f"{options.count:9d}  in all, {time.process_time() - start:.0f} s of processor time")
    return 1 if {found for _, found in tally} - set(FINE) else 0


if __name__ == "__main__":
    sys.exit(main())
