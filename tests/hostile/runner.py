"""Runs the command line on one file in a child of its own, with bounds on time and memory, and says what came of it."""

from __future__ import annotations

import os
import resource
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

MEGABYTE = 1 << 20
MEMORY = 500 * MEGABYTE
PROCESSOR_SECONDS = 2
PATIENCE = 20


@dataclass(frozen=True)
class Answer:
    """`status` is the exit status, negative the signal that ended it; `hung` where it had to be stopped though it did not compute."""

    status: int
    out: str
    err: str
    hung: bool
    seconds: float
    megabytes: float


def answer(arguments: list[str], folder: Path) -> Answer:
    """What `symback ARGUMENTS` does, run in `folder`.

    The child is forked, so that imports are not counted; it may compute for PROCESSOR_SECONDS and take MEMORY more than it has.
    """
    from symback import cli

    out, err = folder / ".stdout", folder / ".stderr"
    child = os.fork()
    if child == 0:
        _be_the_command(cli.main, arguments, folder, out, err)
    hung = False
    deadline = time.monotonic() + PATIENCE
    while True:
        pid, status, usage = os.wait4(child, os.WNOHANG)
        if pid:
            break
        if time.monotonic() > deadline:
            hung = True
            os.kill(child, signal.SIGKILL)
            _, status, usage = os.wait4(child, 0)
            break
        time.sleep(0.002)
    texts = [p.read_text(encoding="utf-8", errors="replace") if p.exists() else "" for p in (out, err)]
    for p in (out, err):
        p.unlink(missing_ok=True)
    return Answer(os.waitstatus_to_exitcode(status), *texts, hung, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024)


def _be_the_command(main, arguments: list[str], folder: Path, out: Path, err: Path) -> None:
    status = 99
    try:
        os.chdir(folder)
        size = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (size + MEMORY, size + MEMORY))
        resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS + 1))
        for descriptor, path in ((1, out), (2, err)):
            os.dup2(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC), descriptor)
        sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
        sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
        try:
            status = main(arguments)
        except SystemExit as stop:
            status = stop.code if isinstance(stop.code, int) else 1
        except BaseException:
            import traceback

            traceback.print_exc()
            status = 98
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(status)
