"""Runs are killed at random moments and resumed until they are whole; their rows are those of an undisturbed run.

SIGKILL to the whole group, as a power cut.
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


def attack(tries: int, chance: random.Random, home: Path) -> Iterator[str]:
    """See the docstring of `run.py`."""
    names = stacks.make(home, IMAGES)
    whole = stacks.undisturbed(home, names)
    for _ in range(tries):
        for path in home.glob(f"{stacks.OUT}*"):
            path.unlink()
        for _ in range(KILLS):
            kill(home, names, chance)
        running = stacks.begin(home, stacks.command(names, "--resume"))
        said = running.communicate()[1]
        yield broken(home, whole, running.returncode, said)


def kill(home: Path, names: list[str], chance: random.Random) -> None:
    """Begin or resume the run, and end it by force some rows later."""
    running = stacks.begin(home, stacks.command(names, "--resume", "--jobs", str(chance.choice([1, 2]))))
    goal = stacks.rows_there(home) + chance.choice([0, 1, 20])
    while running.poll() is None and stacks.rows_there(home) < goal:
        time.sleep(0.002)
    time.sleep(chance.uniform(0, 0.02))
    with suppress(ProcessLookupError):
        os.killpg(running.pid, signal.SIGKILL)
    running.communicate()


def broken(home: Path, whole: list[dict[str, object]], status: int, said: str) -> str:
    """What is wrong with the rows of the last run; "" where nothing is."""
    try:
        found = stacks.by_source(stacks.rows(home / stacks.OUT))
    except ValueError as error:
        return f"rows that are not whole: {error}"
    if status != 1:  # one image is damaged
        return f"the last run ended with {status}: {said.strip()[-300:]}"
    return "" if found == whole else f"{len(found)} rows, not the {len(whole)} of the run that nothing happened to"
