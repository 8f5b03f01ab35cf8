"""Many random layers, compiled and compared: `python -m tests.properties.sweep --seed 0 --count 10000`.

Prints each kind of failure once, shrunk to the smallest layer that shows it, with the seed; then a tally. Exit status 1 where anything failed. Stopped by Ctrl-C, it prints the tally so far.
"""

from __future__ import annotations

import argparse
import collections
import sys
import time

from tests.oracle import BadLayer
from tests.properties.case import Case
from tests.properties.choices import Choices
from tests.properties.judge import Failure, Undecided, judge
from tests.properties.layers import random_case
from tests.properties.shrink import shrunk


def verdict(case: Case, seed: int = 0) -> Failure | None:
    """The failure of a case, None where there is none or none can be told."""
    try:
        return judge(case, seed)
    except (Undecided, BadLayer, KeyError, AttributeError, TypeError, ValueError, SyntaxError):
        return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--count", type=int, default=1000)
    parser.add_argument("--per-kind", type=int, default=2, help="how many of each kind to shrink and print")
    parser.add_argument("--only", default="", help="shrink and print only kinds with this text in them")
    parser.add_argument("--seconds", type=float, default=1e9, help="stop after so long")
    options = parser.parse_args()
    tally: collections.Counter[str] = collections.Counter()
    slowest: list[tuple[float, int]] = []
    try:
        _swept(options, tally, slowest)
    except KeyboardInterrupt:
        print("stopped")
    for kind, count in tally.most_common():
        print(f"{count:7d}  {kind}")
    print("slowest to compile:", ", ".join(f"{t:.1f} s (seed {seed})" for t, seed in reversed(slowest)))
    return 1 if any(kind not in ("agree", "no layer") and not kind.startswith("undecided") for kind in tally) else 0


def _swept(options: argparse.Namespace, tally: collections.Counter[str], slowest: list[tuple[float, int]]) -> None:
    """Judges one layer after another; what was found is counted in `tally`, the seconds of the slowest five in `slowest`."""
    start = time.monotonic()
    for seed in range(options.seed, options.seed + options.count):
        if time.monotonic() - start > options.seconds:
            break
        try:
            case = random_case(Choices(seed))
        except Exception as e:  # a fault of the generator, not of the compiler
            tally[f"generator: {type(e).__name__}"] += 1
            print(f"==== seed {seed}: the generator raises {type(e).__name__}: {e}", flush=True)
            continue
        if case is None:
            tally["no layer"] += 1
            continue
        times: list[float] = []
        try:
            failure = judge(case, seed, times)
        except Undecided as reason:
            tally[f"undecided: {reason}"] += 1
            continue
        except Exception as e:  # a fault of the oracle, not of the compiler
            tally[f"oracle: {type(e).__name__}"] += 1
            print(f"==== seed {seed}: the oracle raises {type(e).__name__}: {e}", flush=True)
            continue
        finally:
            slowest[:] = sorted([*slowest, *((t, seed) for t in times)])[-5:]
        tally["agree" if failure is None else failure.kind] += 1
        if failure is not None and options.only in failure.kind and tally[failure.kind] <= options.per_kind:
            report(seed, case, failure)


def report(seed: int, case: Case, failure: Failure) -> None:
    """Prints the failure with its smallest layer."""

    def same(candidate: Case) -> bool:
        found = verdict(candidate, seed)
        return found is not None and found.kind == failure.kind

    small = shrunk(case, same)
    found = verdict(small, seed) or failure
    print(f"==== seed {seed}: {failure.kind}\n{small.text}{''.join(small.files.values())}{found.detail}\n", flush=True)


if __name__ == "__main__":
    sys.exit(main())
