"""Runs are ended at random moments and resumed until they are whole; their rows are those of an undisturbed run.

SIGKILL and SIGTERM, to the whole group as by a power cut or a scheduler, or to the first process alone: then its workers must go too.
"""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import stacks

TRIES = 10
IMAGES = 400
KILLS = 6
"""Of each try; then the run is left alone until it is over."""
PATIENCE = 20.0
"""Seconds that workers have to notice that they work for nobody."""


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    names = stacks.make(home, IMAGES)
    whole = stacks.undisturbed(home, names)
    for _ in range(tries):
        stacks.clear(home)
        wrong = [kill(home, names, chance) for _ in range(KILLS)]
        yield next(filter(None, wrong), "") or stacks.broken_after_resuming(home, names, whole)


def kill(home: Path, names: list[str], chance: random.Random) -> str:
    """Begin or resume the run, and end it some rows later: what is wrong with how it ended; "" where nothing is."""
    running = stacks.begin(home, stacks.command(names, "--resume", "--jobs", str(chance.choice([1, 2]))))
    goal = stacks.rows_there(home) + chance.choice([0, 1, 20])
    while running.poll() is None and stacks.rows_there(home) < goal:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.02))
    how, whom = chance.choice([signal.SIGKILL, signal.SIGTERM]), chance.choice([os.killpg, os.kill])
    workers = stacks.workers(running.pid)
    with suppress(ProcessLookupError):
        whom(running.pid, how)
    said = [line for line in running.communicate()[1].splitlines() if not line.startswith("inkdigits: 7.png")]
    status = running.returncode
    deadline = time.monotonic() + PATIENCE
    while left := [pid for pid in workers if not stacks.gone(pid)]:
        if time.monotonic() > deadline:
            return f"{how.name}, and {len(left)} of its processes go on without it"
        time.sleep(0.05)
    if how == signal.SIGKILL:
        return f"SIGKILL, and its workers said {said[-1]!r}" if said else ""
    if (status, said) in ((128 + how, ["interrupted"]), (-how, []), (1, [])):
        return ""
    return f"{how.name}, ended with {status} and said {said[-3:]}"
